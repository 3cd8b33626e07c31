"""Checks of what is drawn: shapes, flows, gateways, events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from engine.bpmn.drawing import (
    ACTIVITIES,
    BPMN,
    EVENTS,
    GATEWAYS,
    SUB_PROCESSES,
    Drawing,
    Flow,
    Shape,
    link_name,
)
from engine.bpmn.findings import Findings
from engine.bpmn.safe_xml import Element, attribute, child, children, is_plain_id, local_name, text_in
from engine.texts import Text

#: What is refused, and what to draw instead.
REFUSED: Mapping[str, Text] = {
    "adHocSubProcess": Text("把顺序画出来，或用包容网关。", "Draw the order, or use an inclusive gateway."),
    "complexGateway": Text("改用包容或并行网关。", "Use an inclusive or parallel gateway."),
    "globalScriptTask": Text("改用脚本任务。", "Use a script task."),
    "globalUserTask": Text("改用用户任务。", "Use a user task."),
    "globalTask": Text("改用普通任务。", "Use an ordinary task."),
    "callChoreography": Text("改用调用活动。", "Use a call activity."),
    "subChoreography": Text("改用子流程。", "Use a sub-process."),
    "choreographyTask": Text("改用任务。", "Use a task."),
}  # fmt: skip
#: Kinds of events that each event may have.
POSSIBLE: Mapping[str, frozenset[str]] = {
    "startEvent": frozenset({"message", "signal", "timer", "error", "escalation"}),
    "endEvent": frozenset({"message", "signal", "error", "escalation", "terminate", "cancel"}),
    "intermediateCatchEvent": frozenset({"message", "signal", "timer", "link"}),
    "intermediateThrowEvent": frozenset({"message", "signal", "escalation", "link"}),
    "boundaryEvent": frozenset({"message", "signal", "timer", "error", "escalation", "cancel"}),
}
_INSTEAD_OF_EVENT = {
    "conditional": Text("改用消息，或在改变该值的任务之后画网关。",
                        "Use a message, or a gateway after the task that changes the value."),
    "timer": Text("改用普通开始事件，由人或消息开始。", "Let a person or a message start it."),
}  # fmt: skip
_INSTEAD = Text(
    "请换成消息、信号、定时等支持的事件。", "Use a message, signal, timer or another supported event."
)
#: What has an id that pages, journeys and the history name.
_NAMED = {f"{{{BPMN}}}{kind}" for kind in ACTIVITIES | EVENTS | GATEWAYS | {"process", "sequenceFlow"}}
MOST_NAMED = 5  # elements that one finding names
RESERVED_IDS = frozenset({"Start", "End", "Root", "start"})
REFERENCES = {
    "message": ("messageRef", Text("消息", "message")),
    "signal": ("signalRef", Text("信号", "signal")),
    "error": ("errorRef", Text("错误", "error")),
    "escalation": ("escalationRef", Text("升级", "escalation")),
}


def check_ids(root: Element, findings: Findings) -> None:
    """Every id is there once; those of elements are plain names."""
    seen: Counter[str] = Counter()
    for element in root.iter():
        name = attribute(element, "id")
        if name and element.tag in _NAMED and not is_plain_id(element.get("id", "")):
            findings.add("bad-id", element, id=name[:80])
        if name and isinstance(element.tag, str):
            seen[name] += 1
            if seen[name] == 2:
                findings.add("duplicate-id", element, id=name)


class DrawingCheck:
    """Looks at one drawing; the findings tell."""

    def __init__(self, drawing: Drawing, root: Element, findings: Findings) -> None:
        self.drawing = drawing
        self.root = root
        self.add = findings.add
        self.misled: set[Shape] = set()  # what an event-based gateway leads to, and should not
        self.definitions = {
            (local_name(one), attribute(one, "id"))
            for one in children(root, "message", "signal", "error", "escalation")
        }

    def run(self) -> None:
        """Look at everything."""
        drawing = self.drawing
        for element in drawing.strange:
            kind = local_name(element)
            if kind in REFUSED:
                self.add("unsupported-element", element, kind=kind, instead=REFUSED[kind])
            else:
                self.add("unknown-element", element, kind=kind)
        for element, end, missing in drawing.loose:
            self.add("loose-flow", element, what=end, id=missing)
        for element in drawing.across:
            self.add("flow-across", element)
        for scope, shapes in drawing.scopes.items():
            for shape in shapes:
                self.shape(shape)
            self.scope(scope, shapes)

    # -- one shape

    def shape(self, shape: Shape) -> None:
        element = shape.element
        if not shape.id:
            self.add("missing-id", element, kind=shape.kind)
        elif shape.id in RESERVED_IDS:
            self.add("reserved-id", element, id=shape.id)
        if shape.kind in REFUSED:
            self.add("unsupported-element", element, kind=shape.kind, instead=REFUSED[shape.kind])
        if attribute(element, "isForCompensation") == "true":
            self.add("compensation", element)
        if {attribute(element, "startQuantity"), attribute(element, "completionQuantity")} - {"", "1"}:
            self.add("quantity", element)
        if attribute(element, "instantiate") == "true":
            self.add("instantiating", element)
        if shape.kind in POSSIBLE:
            self.event(shape)
        if shape.kind == "boundaryEvent":
            self.boundary(shape)
        if shape.kind in SUB_PROCESSES and shape.kind not in REFUSED:
            self.sub_process(shape)
        self.repeated(shape)
        self.outgoing(shape)

    def repeated(self, shape: Shape) -> None:
        many = child(shape.element, "multiInstanceLoopCharacteristics")
        if many is not None:
            behavior = attribute(many, "behavior")
            if behavior not in ("", "All") or any(children(many, "complexBehaviorDefinition")):
                self.add("multi-instance-behavior", shape.element, value=behavior or "Complex")

    def event(self, shape: Shape) -> None:
        element, definitions = shape.element, shape.definitions
        if len(definitions) > 1:
            self.add("several-events", element)
        if not definitions:
            if shape.kind in ("boundaryEvent", "intermediateCatchEvent"):
                self.add("no-event", element)
            return
        kind = shape.event
        if kind == "compensate":
            self.add("compensation", element)
        elif kind not in POSSIBLE[shape.kind]:
            self.add("unsupported-event", element, kind=kind, instead=_INSTEAD_OF_EVENT.get(kind, _INSTEAD))
        elif kind in REFERENCES:
            self.reference(shape, definitions[0])
        if kind == "cancel":
            self.cancel(shape)
        if kind == "error" and shape.kind == "endEvent":
            self.error_end(shape)
        if kind in ("error", "cancel") and "false" in (
            attribute(element, "cancelActivity"),
            attribute(element, "isInterrupting"),
        ):
            self.add("boundary-always-interrupts", element)

    def reference(self, shape: Shape, definition: Element) -> None:
        kind = shape.event
        name, what = REFERENCES[kind]
        reference = attribute(definition, name).rpartition(":")[2]
        if not reference:
            catches_all = kind in ("error", "escalation") and shape.kind in ("boundaryEvent", "startEvent")
            if not catches_all:
                self.add("no-reference", shape.element, what=what)
        elif (kind, reference) not in self.definitions:
            self.add("unknown-reference", shape.element, what=what, id=reference)

    def cancel(self, shape: Shape) -> None:
        if shape.kind == "boundaryEvent":
            host = self.drawing.shapes.get(attribute(shape.element, "attachedToRef"))
            inside = host is not None and host.kind == "transaction"
        else:
            inside = any(holder.kind == "transaction" for holder in self.drawing.enclosing(shape))
        if not inside:
            self.add("cancel-outside-transaction", shape.element)

    def error_end(self, shape: Shape) -> None:
        code = self.code(shape)
        if not code:
            return
        catchers: list[Shape] = []
        scopes = [shape.scope]
        for holder in self.drawing.enclosing(shape):
            catchers += holder.boundaries
            scopes.append(holder.scope)
        for scope in scopes:
            for each in self.drawing.scopes[scope]:
                if each.is_event_sub_process:
                    catchers += self.drawing.beginnings(each.id)
        if not any(each.event == "error" and self.code(each) in ("", code) for each in catchers):
            self.add("uncaught-error", shape.element, code=code)

    def code(self, shape: Shape) -> str:
        """The code of an error event; "" where it catches all."""
        reference = attribute(shape.definitions[0], "errorRef").rpartition(":")[2]
        for error in children(self.root, "error"):
            if attribute(error, "id") == reference:
                return attribute(error, "errorCode") or attribute(error, "name") or reference
        return reference

    def boundary(self, shape: Shape) -> None:
        element = shape.element
        host = self.drawing.shapes.get(attribute(element, "attachedToRef"))
        if host is None or host.kind not in ACTIVITIES or host.scope != shape.scope:
            self.add("boundary-host", element)
        if not shape.outgoing and shape.event != "compensate":
            self.add("boundary-no-way-out", element)

    def sub_process(self, shape: Shape) -> None:
        starts = [one for one in self.drawing.scopes[shape.id] if one.kind == "startEvent"]
        if shape.is_event_sub_process:
            if len(starts) != 1 or not starts[0].definitions:
                self.add("event-sub-process-start", shape.element)
            if shape.incoming or shape.outgoing:
                self.add("event-sub-process-flow", shape.element)
        elif len(starts) != 1 or starts[0].definitions:
            self.add("sub-process-start", shape.element)

    # -- flows that leave a shape

    def outgoing(self, shape: Shape) -> None:
        default = attribute(shape.element, "default")
        conditional = [flow for flow in shape.outgoing if flow.condition is not None and flow.id != default]
        if default:
            flow = next((flow for flow in shape.outgoing if flow.id == default), None)
            if flow is None:
                self.add("bad-default", shape.element, id=default)
            elif flow.condition is not None and text_in(flow.condition):
                self.add("default-with-condition", flow.element)
        if shape.kind == "endEvent" and shape.outgoing:
            self.add("flow-out-of-end", shape.element)
        if shape.kind in ("parallelGateway", "eventBasedGateway"):
            ignored = [flow for flow in shape.outgoing if flow.condition is not None]
            if ignored:
                self.add("condition-ignored", shape.element, name=shape.name, targets=_targets(ignored))
        elif shape.kind in ("exclusiveGateway", "inclusiveGateway"):
            self.choice(shape, conditional, default)
        elif conditional and not default and len(conditional) == len(shape.outgoing):
            self.stuck(shape, conditional)
        if shape.kind == "eventBasedGateway":
            self.event_gateway(shape)
        if shape.kind.endswith("Gateway") and not shape.outgoing:
            self.add("dead-gateway", shape.element)

    def choice(self, shape: Shape, conditional: list[Flow], default: str) -> None:
        if len(shape.outgoing) > 1:
            bare = [
                flow
                for flow in shape.outgoing
                if flow.id != default and (flow.condition is None or not text_in(flow.condition))
            ]
            if len(bare) == 1:
                self.add("no-condition", bare[0].element, name=shape.name)
            elif bare:
                self.add(
                    "no-conditions", shape.element, name=shape.name, count=len(bare), targets=_targets(bare)
                )
        if conditional and not default and len(conditional) == len(shape.outgoing):
            self.stuck(shape, conditional)

    def stuck(self, shape: Shape, flows: list[Flow]) -> None:
        if not _exhaustive([text_in(flow.condition) for flow in flows]):
            self.add("no-default", shape.element, name=shape.name)

    def event_gateway(self, shape: Shape) -> None:
        for flow in shape.outgoing:
            target = flow.target
            is_awaited = target.kind in ("intermediateCatchEvent", "receiveTask") and target.event != "link"
            if not is_awaited and target not in self.misled:
                self.misled.add(target)
                self.add("event-gateway-target", target.element)
        if len(shape.outgoing) == 1:
            self.add("event-gateway-few", shape.element)

    # -- a process or sub-process as a whole

    def scope(self, scope: str, shapes: list[Shape]) -> None:
        holder = self.drawing.shapes.get(scope)
        if holder is not None and holder.kind in REFUSED:
            return
        starts = [shape for shape in shapes if shape.kind == "startEvent"]
        if holder is None:
            self.beginning(starts)
        for shape in shapes:
            if shape.incoming and shape.kind in ("startEvent", "boundaryEvent"):
                self.add("flow-into-start", shape.incoming[0].element)
        reached = self.drawing.reached(scope)
        if starts:
            lost = [one for one in shapes if one not in reached and one.kind != "boundaryEvent"]
            led_to = {after for one in lost for after in one.after if after is not one}
            # What follows an element that nothing leads to is not told again.
            for shape in [one for one in lost if one not in led_to] or lost[:1]:
                self.add("unreachable", shape.element, name=shape.name)
        self.ends(shapes, reached, holder)
        self.links(shapes)
        for shape in shapes:
            if shape.kind == "parallelGateway" and len(shape.incoming) > 1 and shape in reached:
                self.join(shape)

    def beginning(self, starts: list[Shape]) -> None:
        if not starts:
            self.add("no-start", self.drawing.process)
        plain = [start for start in starts if not start.definitions]
        for start in plain[1:]:
            self.add("several-starts", start.element)
        for start in starts:
            if start.definitions and start.event in ("timer", "signal", "error", "escalation"):
                self.add("bad-start", start.element)

    def ends(self, shapes: list[Shape], reached: set[Shape], holder: Shape | None) -> None:
        element = self.drawing.process if holder is None else holder.element
        finished = [
            shape for shape in reached if not shape.after and shape.kind not in ("parallelGateway",)
        ] + [shape for shape in reached if shape.kind == "endEvent"]
        if reached and not finished and any(not shape.is_event_sub_process for shape in reached):
            self.add("no-end", element)
        for shape in shapes:
            if shape in reached and not shape.outgoing and shape.kind not in ("endEvent", "boundaryEvent"):
                link = shape.event == "link" and shape.kind == "intermediateThrowEvent"
                if not link and not shape.kind.endswith("Gateway") and not shape.is_event_sub_process:
                    self.add("dangling", shape.element, name=shape.name)

    def links(self, shapes: list[Shape]) -> None:
        throwers = [one for one in shapes if one.kind == "intermediateThrowEvent" and one.event == "link"]
        catchers = [one for one in shapes if one.kind == "intermediateCatchEvent" and one.event == "link"]
        thrown = {link_name(one) for one in throwers}
        for one in throwers:
            if not self.drawing.caught_links(one):
                self.add("link-without-catch", one.element, name=link_name(one))
        seen: set[str] = set()
        for one in catchers:
            if link_name(one) not in thrown:
                self.add("link-without-throw", one.element, name=link_name(one))
            if link_name(one) in seen:
                self.add("link-twice", one.element, name=link_name(one))
            seen.add(link_name(one))

    def join(self, gateway: Shape) -> None:
        before_it = self.drawing.reached(gateway.scope, without=gateway)
        reachable = self.drawing.reached(gateway.scope)
        if any(flow.source in reachable and flow.source not in before_it for flow in gateway.incoming):
            self.add("parallel-loop", gateway.element, name=gateway.name)
            return
        # Finding the split takes long in a crowd; the check is a courtesy.
        split = self.drawing.last_before(gateway) if len(before_it) < 300 else None
        if split is None:
            return
        one_way = split.kind in ("exclusiveGateway", "eventBasedGateway") and len(split.outgoing) > 1
        interrupted = bool(split.boundaries) and len(split.outgoing) == 1
        if one_way or (interrupted and all(boundary.interrupts for boundary in split.boundaries)):
            self.add("join-after-choice", gateway.element, name=gateway.name, split=split.name)


def _targets(flows: list[Flow]) -> Text:
    """Return where flows lead to, the first few of them."""
    names = list(dict.fromkeys(flow.target.name for flow in flows))
    shown = names[:MOST_NAMED] + (["…"] if len(names) > MOST_NAMED else [])
    return Text("、".join(shown), ", ".join(shown))


def _exhaustive(conditions: list[str]) -> bool:
    """Whether one of the conditions obviously holds: one is ``true``, or one denies another."""
    plain = {_stripped(condition) for condition in conditions}
    if plain & {"true", "True"}:
        return True
    return any(f"not{one}" in plain or f"!{one}" in plain or f"not({one})" in plain for one in plain)


def _stripped(condition: str) -> str:
    text = "".join(condition.split())
    if text.startswith(("${", "#{")) and text.endswith("}"):
        text = text[2:-1]
    elif text.startswith("=") and not text.startswith("=="):
        text = text[1:]
    return text.replace("!(", "not(")
