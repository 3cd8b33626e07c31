"""Random processes: as graphs, and as the BPMN text of the same."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field

HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="definitions">'
)
CHOICE = "months"  # a function with two arguments, for which the test puts one that chooses
ERROR, ESCALATION, SIGNAL = "E1", "C1", "S1"


@dataclass
class Attached:
    """A boundary event, or the event sub-process of a scope."""

    id: str
    kind: str  # timer, cycle, message, signal, error, escalation
    interrupting: bool
    graph: Graph | None = None  # of an event sub-process


@dataclass
class Node:
    """An element; ``kind`` is one of those in ``BODIES`` below."""

    id: str
    kind: str
    boundaries: list[Attached] = field(default_factory=list)
    inner: Graph | None = None
    times: int = 0


class Graph:
    """A process or sub-process; a flow's number in ``flows`` is its name."""

    def __init__(self, id: str) -> None:
        self.id = id
        self.nodes: dict[str, Node] = {}
        self.flows: list[tuple[str, str]] = []
        self.handlers: list[Attached] = []
        self.start = ""

    def add(self, id: str, kind: str, **more: object) -> str:
        self.nodes[id] = Node(id, kind, **more)  # type: ignore[arg-type]
        return id

    def link(self, source: str, target: str) -> None:
        self.flows.append((source, target))

    def leaving(self, id: str) -> list[int]:
        return [number for number, flow in enumerate(self.flows) if flow[0] == id]

    def arriving(self, id: str) -> list[int]:
        return [number for number, flow in enumerate(self.flows) if flow[1] == id]


class Drawing:
    """Draws one random process; the same seed draws the same."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.count = 0
        self.called: list[Graph] = []
        self.top = Graph("P")

    def blocks(self, depth: int = 3) -> Drawing:
        """Draw well-nested blocks, with loops, events and sub-processes."""
        self._whole(self.top, depth)
        return self

    def wild(self) -> Drawing:
        """Draw gateways and tasks joined at random; deadlocks and tokens too many are part of it."""
        self._wild(self.top)
        return self

    # -- names and choices

    def _name(self, letter: str) -> str:
        self.count += 1
        return f"{letter}{self.count}"

    def _pick(self, weights: dict[str, float]) -> str:
        return self.random.choices([*weights], [*weights.values()])[0]

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    # -- blocks

    def _whole(self, graph: Graph, depth: int, start: str | None = None) -> None:
        graph.start = graph.add(start or self._name("s"), "start")
        first, last = self._block(graph, depth)
        graph.link(graph.start, first)
        graph.link(last, graph.add(self._name("e"), "end"))
        if depth > 0 and self._chance(0.3):
            self._handler(graph)

    def _handler(self, graph: Graph) -> None:
        kind = self._pick({"message": 3, "timer": 2, "cycle": 1, "signal": 1, "error": 3, "escalation": 2})
        interrupting = kind == "error" or (kind != "cycle" and self._chance(0.5))
        inner = Graph(self._name("h"))
        handler = Attached(self._name("t"), kind, interrupting, inner)
        self._whole(inner, 0, start=handler.id)
        graph.handlers.append(handler)

    def _block(self, graph: Graph, depth: int) -> tuple[str, str]:
        kind = self._pick(
            {
                "task": 3,
                "sequence": 3,
                "exclusive": 2,
                "parallel": 2.4,
                "inclusive": 2,
                "loop": 1.6,
                "race": 0.7,
                "side end": 0.8,
            }
        )
        if depth <= 0:
            kind = "task"
        return getattr(self, "_" + kind.replace(" ", "_"))(graph, depth)  # type: ignore[no-any-return]

    def _task(self, graph: Graph, depth: int) -> tuple[str, str]:
        task = self._activity(graph, depth)
        if not graph.nodes[task].boundaries:
            return task, task
        merge = graph.add(self._name("x"), "exclusive")
        graph.link(task, merge)
        for event in graph.nodes[task].boundaries:
            self._behind(graph, event, merge)
        return task, merge

    def _behind(self, graph: Graph, event: Attached, merge: str) -> None:
        last = event.id
        if self._chance(0.7):
            last = graph.add(self._name("u"), "user")
            graph.link(event.id, last)
        if event.interrupting and self._chance(0.6):
            graph.link(last, merge)
        else:
            graph.link(last, graph.add(self._name("e"), "end"))

    def _sequence(self, graph: Graph, depth: int) -> tuple[str, str]:
        first, last = self._block(graph, depth - 1)
        for _ in range(self.random.randint(1, 2)):
            begin, end = self._block(graph, depth - 1)
            graph.link(last, begin)
            last = end
        return first, last

    def _branches(self, graph: Graph, depth: int, kind: str) -> tuple[str, str]:
        split, join = graph.add(self._name("g"), kind), graph.add(self._name("g"), kind)
        for number in range(self.random.randint(2, 3)):
            if number and kind != "inclusive" and self._chance(0.15) and (split, join) not in graph.flows:
                graph.link(split, join)
                continue
            first, last = self._block(graph, depth - 1)
            graph.link(split, first)
            graph.link(last, join)
        return split, join

    def _exclusive(self, graph: Graph, depth: int) -> tuple[str, str]:
        return self._branches(graph, depth, "exclusive")

    def _parallel(self, graph: Graph, depth: int) -> tuple[str, str]:
        return self._branches(graph, depth, "parallel")

    def _inclusive(self, graph: Graph, depth: int) -> tuple[str, str]:
        return self._branches(graph, depth, "inclusive")

    def _loop(self, graph: Graph, depth: int) -> tuple[str, str]:
        merge, again = graph.add(self._name("x"), "exclusive"), graph.add(self._name("x"), "exclusive")
        after = graph.add(self._name("x"), "exclusive")
        first, last = self._block(graph, depth - 1)
        user = graph.add(self._name("u"), "user")
        for source, target in ((merge, first), (last, user), (user, again), (again, merge), (again, after)):
            graph.link(source, target)
        return merge, after

    def _race(self, graph: Graph, depth: int) -> tuple[str, str]:
        gateway, merge = graph.add(self._name("v"), "event gateway"), graph.add(self._name("x"), "exclusive")
        for _ in range(2):
            event = graph.add(self._name("c"), self.random.choice(["message catch", "timer catch"]))
            first, last = self._block(graph, depth - 1)
            for source, target in ((gateway, event), (event, first), (last, merge)):
                graph.link(source, target)
        return gateway, merge

    def _side_end(self, graph: Graph, depth: int) -> tuple[str, str]:
        """Either go on, or end here in some special way, or throw something and go on."""
        kind = self._pick(
            {
                "error end": 2,
                "escalation end": 1,
                "terminate end": 1,
                "signal end": 1,
                "signal throw": 1.5,
                "escalation throw": 1.5,
            }
        )
        split, after = graph.add(self._name("x"), "exclusive"), graph.add(self._name("x"), "exclusive")
        first, last = self._block(graph, depth - 1)
        special = graph.add(self._name("k"), kind)
        for source, target in ((split, first), (last, after), (split, special)):
            graph.link(source, target)
        if kind.endswith("throw"):
            graph.link(special, after)
        return split, after

    def _activity(self, graph: Graph, depth: int) -> str:
        kind = self._pick(
            {
                "user": 10,
                "sub": 1.6,
                "call": 0.8,
                "parallel users": 1,
                "sequential users": 1,
                "loop": 0.7,
                "parallel subs": 0.7,
                "catch": 1,
            }
        )
        if depth <= 0 and kind in ("sub", "call", "parallel subs"):
            kind = "user"
        if kind == "catch":
            return graph.add(
                self._name("c"), self._pick({"timer catch": 2, "message catch": 2, "signal catch": 1})
            )
        inner = None
        if kind in ("sub", "call", "parallel subs"):
            inner = Graph(self._name("q"))
            self._whole(inner, depth - 1)
            if kind == "call":
                self.called.append(inner)
        task = graph.add(self._name("u"), kind, inner=inner, times=self.random.randint(1, 3))
        if kind != "loop" and self._chance(0.3 if inner is None else 0.6):
            graph.nodes[task].boundaries = self._attached(inner is not None)
        return task

    def _attached(self, holds_others: bool) -> list[Attached]:
        weights: dict[str, float] = {"timer": 2, "cycle": 0.7, "message": 1, "signal": 0.5}
        if holds_others:
            weights |= {"error": 3, "escalation": 2}
        kinds = {self._pick(weights) for _ in range(self.random.choice([1, 1, 2]))}
        return [
            Attached(self._name("b"), kind, kind == "error" or (kind != "cycle" and self._chance(0.5)))
            for kind in sorted(kinds)
        ]

    # -- wild graphs

    def _wild(self, graph: Graph) -> None:
        gateways = ("exclusive", "parallel", "inclusive")
        graph.start = graph.add(self._name("s"), "start")
        order = [graph.start]
        for _ in range(self.random.randint(4, 9)):
            kind = self.random.choice(["task", "task", "exclusive", "parallel", "inclusive"])
            order.append(self._activity(graph, 1) if kind == "task" else graph.add(self._name("g"), kind))
        end = graph.add(self._name("e"), "end")
        for place, name in enumerate(order):
            ahead = [*order[place + 1 :], end]
            many = graph.nodes[name].kind in gateways
            for _ in range(self.random.randint(2, 3) if many else 1):
                target = self.random.choice(ahead[:4])
                if (name, target) not in graph.flows:
                    graph.link(name, target)
            for event in graph.nodes[name].boundaries:
                target = self.random.choice(ahead)
                graph.link(event.id, target if graph.nodes[target].kind in gateways else end)
        self._back_edges(graph, order)
        self._reachable_only(graph)

    def _back_edges(self, graph: Graph, order: list[str]) -> None:
        choices = [name for name in order if graph.nodes[name].kind == "exclusive"]
        for _ in range(self.random.randint(0, 2)):
            if len(choices) > 1:
                early, late = sorted(self.random.sample(range(len(choices)), 2))
                user = graph.add(self._name("u"), "user")
                graph.link(choices[late], user)
                graph.link(user, choices[early])

    @staticmethod
    def _reachable_only(graph: Graph) -> None:
        seen, ahead = set(), [graph.start]
        while ahead:
            name = ahead.pop()
            if name in seen:
                continue
            seen.add(name)
            sources = {name, *(event.id for event in graph.nodes[name].boundaries)}
            ahead += [target for source, target in graph.flows if source in sources]
        sources = {*seen, *(event.id for name in seen for event in graph.nodes[name].boundaries)}
        graph.nodes = {name: node for name, node in graph.nodes.items() if name in seen}
        graph.flows = [flow for flow in graph.flows if flow[0] in sources]


# -- as BPMN


def texts(drawing: Drawing) -> list[str]:
    """Return one BPMN text per process, the top one first."""
    return [_definitions(graph) for graph in (drawing.top, *drawing.called)]


def _definitions(graph: Graph) -> str:
    messages: list[str] = []
    body = _body(graph, messages)
    declared = "".join(f'<bpmn:message id="M_{name}" name="{name}"/>' for name in messages)
    return (
        f'{HEAD}<bpmn:process id="{graph.id}" isExecutable="true">{body}</bpmn:process>{declared}'
        f'<bpmn:error id="Er" errorCode="{ERROR}"/><bpmn:escalation id="Es" escalationCode="{ESCALATION}"/>'
        f'<bpmn:signal id="Si" name="{SIGNAL}"/></bpmn:definitions>'
    )


def _event(kind: str, name: str, messages: list[str]) -> str:
    if kind == "message":
        messages.append(name)
        return f'<bpmn:messageEventDefinition messageRef="M_{name}"/>'
    return {
        "timer": _timer("<bpmn:timeDuration>P9D</bpmn:timeDuration>"),
        "cycle": _timer("<bpmn:timeCycle>R2/P9D</bpmn:timeCycle>"),
        "signal": '<bpmn:signalEventDefinition signalRef="Si"/>',
        "error": '<bpmn:errorEventDefinition errorRef="Er"/>',
        "escalation": '<bpmn:escalationEventDefinition escalationRef="Es"/>',
        "terminate": "<bpmn:terminateEventDefinition/>",
    }[kind]


def _timer(time: str) -> str:
    return f"<bpmn:timerEventDefinition>{time}</bpmn:timerEventDefinition>"


def _many(node: Node, sequential: bool) -> str:
    return (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}">'
        f"<bpmn:loopCardinality>{node.times}</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
    )


def _element(graph: Graph, node: Node, messages: list[str]) -> str:
    kind, name = node.kind, node.id
    if kind in ("exclusive", "inclusive"):
        return f'<bpmn:{kind}Gateway id="{name}" default="F_{graph.id}_{graph.leaving(name)[0]}"/>'
    if kind.endswith(" catch"):
        return _tag("intermediateCatchEvent", name, _event(kind.removesuffix(" catch"), name, messages))
    if kind.endswith(" throw"):
        return _tag("intermediateThrowEvent", name, _event(kind.removesuffix(" throw"), name, messages))
    if kind.endswith(" end"):
        return _tag("endEvent", name, _event(kind.removesuffix(" end"), name, messages))
    inner = "" if node.inner is None or kind == "call" else _body(node.inner, messages)
    loop = f'<bpmn:standardLoopCharacteristics loopMaximum="{node.times}"/>'
    called = "" if node.inner is None else node.inner.id
    return {
        "start": lambda: _tag("startEvent", name),
        "end": lambda: _tag("endEvent", name),
        "user": lambda: _tag("userTask", name),
        "parallel": lambda: _tag("parallelGateway", name),
        "event gateway": lambda: _tag("eventBasedGateway", name),
        "parallel users": lambda: _tag("userTask", name, _many(node, False)),
        "sequential users": lambda: _tag("userTask", name, _many(node, True)),
        "loop": lambda: _tag("userTask", name, loop),
        "sub": lambda: _tag("subProcess", name, inner),
        "parallel subs": lambda: _tag("subProcess", name, _many(node, False) + inner),
        "call": lambda: f'<bpmn:callActivity id="{name}" calledElement="{called}"/>',
    }[kind]()


def _tag(tag: str, name: str, inside: str = "") -> str:
    return f'<bpmn:{tag} id="{name}">{inside}</bpmn:{tag}>'


def _body(graph: Graph, messages: list[str], start: Attached | None = None) -> str:
    return "".join(_parts(graph, messages, start))


def _parts(graph: Graph, messages: list[str], start: Attached | None) -> Iterable[str]:
    for node in graph.nodes.values():
        if start is not None and node.kind == "start":
            yield (
                f'<bpmn:startEvent id="{start.id}" isInterrupting="{str(start.interrupting).lower()}">'
                f"{_event(start.kind, start.id, messages)}</bpmn:startEvent>"
            )
        else:
            yield _element(graph, node, messages)
        for event in node.boundaries:
            yield (
                f'<bpmn:boundaryEvent id="{event.id}" attachedToRef="{node.id}"'
                f' cancelActivity="{str(event.interrupting).lower()}">'
                f"{_event(event.kind, event.id, messages)}</bpmn:boundaryEvent>"
            )
    for number, (source, target) in enumerate(graph.flows):
        yield _flow(graph, number, source, target)
    for handler in graph.handlers:
        assert handler.graph is not None
        inside = _body(handler.graph, messages, handler)
        yield f'<bpmn:subProcess id="{handler.graph.id}" triggeredByEvent="true">{inside}</bpmn:subProcess>'


def _flow(graph: Graph, number: int, source: str, target: str) -> str:
    node, condition = graph.nodes.get(source), ""
    if node is not None and node.kind in ("exclusive", "inclusive"):
        places = graph.leaving(source)
        if places[0] != number:
            asked = f"{CHOICE}(&quot;{source}&quot;, {places.index(number)})"
            condition = f"<bpmn:conditionExpression>{asked}</bpmn:conditionExpression>"
    ends = f'sourceRef="{source}" targetRef="{target}"'
    return f'<bpmn:sequenceFlow id="F_{graph.id}_{number}" {ends}>{condition}</bpmn:sequenceFlow>'
