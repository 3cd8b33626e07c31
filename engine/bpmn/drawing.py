"""A diagram as a graph of shapes, for checks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.bpmn.safe_xml import Element, attribute, child, children, local_name, text_in

CAMUNDA = "{http://camunda.org/schema/1.0/bpmn}"
BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
GATEWAYS = frozenset(
    {"exclusiveGateway", "inclusiveGateway", "parallelGateway", "eventBasedGateway", "complexGateway"}
)
SUB_PROCESSES = frozenset({"subProcess", "transaction", "adHocSubProcess"})
ACTIVITIES = frozenset(
    {
        "task", "manualTask", "userTask", "scriptTask", "businessRuleTask", "serviceTask",
        "sendTask", "receiveTask", "callActivity", *SUB_PROCESSES,
    }
)  # fmt: skip
EVENTS = frozenset(
    {"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"}
)
# What stands in a process and is no step of it.
BESIDE = frozenset(
    {
        "extensionElements", "documentation", "laneSet", "sequenceFlow", "dataObject", "dataObjectReference",
        "dataStoreReference", "textAnnotation", "association", "group", "ioSpecification", "property",
        "multiInstanceLoopCharacteristics", "standardLoopCharacteristics", "incoming", "outgoing",
        "dataInputAssociation", "dataOutputAssociation", "auditing", "monitoring", "completionCondition",
        "correlationSubscription", "supports", "resourceRole", "performer", "humanPerformer",
        "potentialOwner",
    }
)  # fmt: skip


@dataclass(eq=False)
class Flow:
    """A sequence flow between two shapes of one scope."""

    element: Element
    id: str
    source: Shape
    target: Shape
    condition: Element | None


@dataclass(eq=False)
class Shape:
    """An activity, event or gateway."""

    element: Element
    id: str
    kind: str
    scope: str  # id of the process or sub-process around it
    outgoing: list[Flow] = field(default_factory=list)
    incoming: list[Flow] = field(default_factory=list)
    boundaries: list[Shape] = field(default_factory=list)
    after: list[Shape] = field(default_factory=list)  # by flows, attached events and links

    @property
    def name(self) -> str:
        """Its name in the diagram, or its id."""
        return attribute(self.element, "name") or self.id

    @property
    def definitions(self) -> list[Element]:
        """Its event definitions."""
        return event_definitions(self.element)

    @property
    def event(self) -> str:
        """``timer``, ``message`` …; "" for a plain event, or no event."""
        found = self.definitions
        return local_name(found[0]).removesuffix("EventDefinition") if found else ""

    @property
    def is_event_sub_process(self) -> bool:
        """Whether it is a sub-process that an event starts."""
        return self.kind in SUB_PROCESSES and attribute(self.element, "triggeredByEvent") == "true"

    @property
    def interrupts(self) -> bool:
        """Whether a boundary event ends its host."""
        return attribute(self.element, "cancelActivity") != "false" or self.event in ("error", "cancel")


def event_definitions(element: Element) -> list[Element]:
    """Return the event definitions of an event, those of ``eventDefinitionRef`` included."""
    own = [one for one in children(element) if local_name(one).endswith("EventDefinition")]
    if own or child(element, "eventDefinitionRef") is None:
        return own
    root = element.getroottree().getroot()
    wanted = {text_in(one).rpartition(":")[2] for one in children(element, "eventDefinitionRef")}
    return [one for one in children(root) if attribute(one, "id") in wanted]


def properties(element: Element) -> dict[str, str]:
    """Return the extension properties of an element."""
    found: dict[str, str] = {}
    for extensions in children(element, "extensionElements"):
        for group in children(extensions, "properties"):
            for one in children(group, "property"):
                found[attribute(one, "name")] = attribute(one, "value")
    return found


class Drawing:
    """The shapes and flows of one process, with its sub-processes."""

    def __init__(self, process: Element) -> None:
        self.process = process
        self.id = attribute(process, "id")
        self.shapes: dict[str, Shape] = {}
        self.scopes: dict[str, list[Shape]] = defaultdict(list)
        self.loose: list[tuple[Element, str, str]] = []  # flow, which end, the id that is not there
        self.across: list[Element] = []
        self.strange: list[Element] = []  # elements that are no shapes
        self._take(process, self.id)
        self._connect(process)

    def _take(self, holder: Element, scope: str) -> None:
        self.scopes[scope] = []
        for element in children(holder):
            kind = local_name(element)
            if kind in BESIDE or kind.endswith("EventDefinition"):
                continue
            if kind not in ACTIVITIES | EVENTS | GATEWAYS:
                self.strange.append(element)
                continue
            shape = Shape(element, attribute(element, "id"), kind, scope)
            self.scopes[scope].append(shape)
            self.shapes.setdefault(shape.id, shape)
            if kind in SUB_PROCESSES:
                self._take(element, shape.id)

    def _connect(self, process: Element) -> None:
        for element in process.iter(f"{{{BPMN}}}sequenceFlow"):
            ends = [self.shapes.get(attribute(element, end)) for end in ("sourceRef", "targetRef")]
            source, target = ends
            if source is None or target is None:
                missing = "sourceRef" if source is None else "targetRef"
                self.loose.append((element, missing, attribute(element, missing)))
            elif source.scope != target.scope:
                self.across.append(element)
            else:
                condition = child(element, "conditionExpression")
                flow = Flow(element, attribute(element, "id"), source, target, condition)
                source.outgoing.append(flow)
                target.incoming.append(flow)
                source.after.append(target)
        for shape in self.shapes.values():
            host = self.shapes.get(attribute(shape.element, "attachedToRef"))
            if shape.kind == "boundaryEvent" and host is not None:
                host.boundaries.append(shape)
                host.after.append(shape)
            if shape.kind == "intermediateThrowEvent" and shape.event == "link":
                shape.after += self.caught_links(shape)

    def caught_links(self, thrower: Shape) -> list[Shape]:
        """Return the catching links of the same name in the same scope."""
        name = link_name(thrower)
        return [
            shape
            for shape in self.scopes[thrower.scope]
            if shape.kind == "intermediateCatchEvent" and shape.event == "link" and link_name(shape) == name
        ]

    def enclosing(self, shape: Shape) -> Iterator[Shape]:
        """Give the sub-processes around a shape, the nearest first."""
        scope = shape.scope
        while scope in self.shapes:
            yield self.shapes[scope]
            scope = self.shapes[scope].scope

    def beginnings(self, scope: str) -> list[Shape]:
        """Return the shapes of a scope at which a token may appear by itself."""
        return [
            shape for shape in self.scopes[scope] if shape.kind == "startEvent" or shape.is_event_sub_process
        ]

    def reached(self, scope: str, without: Shape | None = None) -> set[Shape]:
        """Return all shapes that a token can come to from the beginnings, not passing through one of them."""
        found: set[Shape] = set()
        waiting = [shape for shape in self.beginnings(scope) if shape is not without]
        while waiting:
            shape = waiting.pop()
            if shape not in found:
                found.add(shape)
                waiting += [after for after in shape.after if after is not without]
        return found

    def last_before(self, shape: Shape) -> Shape | None:
        """Return the last shape that every path to this one passes; None where there is none."""
        reached = {
            other: self.reached(shape.scope, without=other)
            for other in self.scopes[shape.scope]
            if other is not shape
        }
        before = [other for other, rest in reached.items() if shape not in rest]
        # The last of them is the one that can only be reached through all others.
        return max(before, key=lambda one: sum(one not in reached[other] for other in before), default=None)


def link_name(shape: Shape) -> str:
    """Return the name of a link event's link."""
    return attribute(shape.definitions[0], "name") or attribute(shape.element, "name")
