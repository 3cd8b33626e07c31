"""An independent token game on the graphs of random processes: what an instance should do."""

from __future__ import annotations

import random
from collections import ChainMap, Counter, deque
from collections.abc import Iterator, MutableMapping
from itertools import count
from typing import Any

from tests.engine.bpmn.random_processes import Attached, Graph, Node

WAITING = {
    "user",
    "message catch",
    "timer catch",
    "signal catch",
    "parallel users",
    "sequential users",
    "loop",
}
GATEWAYS = {"parallel", "inclusive"}


BIRTHS = count()


class Choices:
    """What every gateway chooses in a step, the same for both sides."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.step = 0
        self.branches: dict[str, tuple[str, int]] = {}

    def know(self, graph: Graph) -> None:
        for node in graph.nodes.values():
            self.branches[node.id] = (node.kind, len(graph.leaving(node.id)))
            if node.inner is not None:
                self.know(node.inner)
        for handler in graph.handlers:
            assert handler.graph is not None
            self.know(handler.graph)

    def picked(self, gateway: str) -> set[int]:
        kind, branches = self.branches[gateway]
        dice = random.Random(f"{self.seed}/{self.step}/{gateway}")
        if kind == "inclusive":
            return {place for place in range(branches) if dice.random() < 0.6} - {0} or {0}
        return {dice.randrange(branches)}

    def holds(self, gateway: str, place: int) -> bool:
        return place in self.picked(gateway)


class Act:
    """A token at an element."""

    def __init__(self, node: Node, scope: Scope, body: Act | None = None) -> None:
        self.node = node
        self.scope = scope
        self.body = body  # the multi-instance activity this is a child of
        self.left = 0
        self.children: list[Act] = []
        self.inner: Scope | None = None
        self.armed = {event.id: _firings(event) for event in node.boundaries}
        self.variables: MutableMapping[str, Any] = scope.variables
        self.incident = False
        self.events: list[str] = []  # of an event gateway
        self.born = next(BIRTHS)

    def age(self) -> tuple[int, int]:
        """Of several tasks with one name the oldest is meant; those of called processes come last."""
        scope = self.scope
        while scope.owner is not None and scope.owner.node.kind != "call":
            scope = scope.owner.scope
        return (-1 if scope.owner is None else scope.owner.born, self.born)

    @property
    def alive(self) -> bool:
        there = self in self.body.children if self.body else self in self.scope.acts
        return there and (self.body.alive if self.body else self.scope.alive)

    def inside(self) -> Iterator[Scope]:
        if self.inner is not None:
            yield self.inner
        for child in self.children:
            yield from child.inside()


class Scope:
    """A process or sub-process that runs."""

    def __init__(self, graph: Graph, owner: Act | None, variables: MutableMapping[str, Any]) -> None:
        self.graph = graph
        self.owner = owner
        self.variables = variables
        self.acts: list[Act] = []
        self.tokens: Counter[int] = Counter()
        self.armed = {handler.id: _firings(handler) for handler in graph.handlers}
        self.handled_by: Attached | None = None  # the event sub-process that this scope is the inside of

    @property
    def alive(self) -> bool:
        return self.owner is None or (self.owner.inner is self and self.owner.alive)

    def clear(self) -> None:
        self.acts.clear()
        self.tokens.clear()


def _firings(event: Attached) -> float:
    if event.interrupting:
        return 1
    return {"timer": 1, "cycle": 2}.get(event.kind, float("inf"))


class TokenGame:
    """Plays one process; ``offered`` says what could happen next."""

    def __init__(self, top: Graph, choices: Choices) -> None:
        self.choices = choices
        self.queue: deque[Act] = deque()
        self.variables: dict[str, Any] = {}
        self.root = Scope(top, None, self.variables)
        self.ended = False
        self._open(self.root)
        self._go()

    # -- what can be seen and done

    def offered(self) -> tuple[list[str], list[str], list[str], bool]:
        """Return open tasks, waiting events, incidents, and whether it has ended."""
        tasks: list[str] = []
        events: list[str] = []
        incidents: list[str] = []
        for scope in self._scopes():
            events += [name for name, left in scope.armed.items() if left and self._waits(scope, name)]
            for act in scope.acts:
                self._offer(act, tasks, events, incidents)
        return sorted(tasks), sorted(events), sorted(incidents), self.ended

    def _waits(self, scope: Scope, name: str) -> bool:
        kind = next(handler.kind for handler in scope.graph.handlers if handler.id == name)
        return kind not in ("error", "escalation")

    def _offer(self, act: Act, tasks: list[str], events: list[str], incidents: list[str]) -> None:
        kind = act.node.kind
        if act.incident:
            incidents.append(act.node.id)
        elif kind in ("user", "sequential users", "loop"):
            tasks.append(act.node.id)
        elif kind == "parallel users":
            tasks += [act.node.id] * act.left
        elif kind.endswith(" catch"):
            events.append(act.node.id)
        events += act.events
        waiting = {event.id for event in act.node.boundaries if event.kind not in ("error", "escalation")}
        events += [name for name, left in act.armed.items() if left and name in waiting]

    def complete(self, name: str, value: Any) -> None:
        """Complete one open task with a value named after it."""
        act = min((act for act in self._acts() if act.node.id == name), key=Act.age)
        if act.node.kind in ("parallel users", "sequential users"):
            act.left -= 1
        else:
            act.variables[f"d_{name}"] = value
            if act.node.kind == "loop":
                act.left -= 1
        if act.node.kind in ("sequential users", "loop"):
            act.born = next(BIRTHS)  # another round is another task
        if act.node.kind == "user" or act.left == 0:
            self.queue.append(act)
        self._go()

    def happen(self, name: str) -> None:
        """Let a message, signal or timer happen to all that wait under this name."""
        self._happen(lambda wanted: wanted == name)
        self._go()

    # -- inside

    def _scopes(self, scope: Scope | None = None) -> Iterator[Scope]:
        scope = scope or self.root
        yield scope
        for act in list(scope.acts):
            for inner in list(act.inside()):
                yield from self._scopes(inner)

    def _acts(self) -> Iterator[Act]:
        for scope in self._scopes():
            yield from list(scope.acts)

    def _open(self, scope: Scope) -> None:
        self._arrive(scope, scope.graph.start, None)

    def _arrive(self, scope: Scope, name: str, flow: int | None) -> None:
        node = scope.graph.nodes[name]
        if node.kind in GATEWAYS and len(scope.graph.arriving(name)) > 1:
            assert flow is not None
            scope.tokens[flow] += 1
            arriving = scope.graph.arriving(name)
            if node.kind == "parallel" and all(scope.tokens[number] for number in arriving):
                self._fire(scope, node, arriving)
            return
        act = Act(node, scope)
        scope.acts.append(act)
        self._begin(act)

    def _fire(self, scope: Scope, node: Node, flows: list[int]) -> None:
        for number in flows:
            scope.tokens[number] -= 1
        act = Act(node, scope)
        scope.acts.append(act)
        self.queue.append(act)

    def _begin(self, act: Act) -> None:
        kind = act.node.kind
        if kind in ("parallel users", "sequential users", "loop"):
            act.left = act.node.times
        elif kind == "parallel subs":
            act.left = act.node.times
            maps = act.variables.maps if isinstance(act.variables, ChainMap) else [act.variables]
            for index in range(act.node.times):
                child = Act(Node(act.node.id, "sub", inner=act.node.inner), act.scope, act)
                child.variables = ChainMap({"loopCounter": index}, *maps)
                act.children.append(child)
                self._begin(child)
        elif kind in ("sub", "call", "event sub"):
            assert act.node.inner is not None
            variables = dict(act.variables) if kind == "call" else act.variables
            act.inner = Scope(act.node.inner, act, variables)
            self._open(act.inner)
        elif kind not in WAITING:
            self.queue.append(act)

    def _go(self) -> None:
        while True:
            while self.queue:
                act = self.queue.popleft()
                if act.alive:
                    self._run(act)
            if not self._fire_inclusive():
                return

    def _run(self, act: Act) -> None:
        kind, scope = act.node.kind, act.scope
        if act.body is not None:
            act.body.children.remove(act)
            if not act.body.children:
                self.queue.append(act.body)
            return
        if kind == "call":
            assert act.inner is not None
            act.variables.update(act.inner.variables)
        if kind == "event gateway":
            act.events = [scope.graph.flows[number][1] for number in scope.graph.leaving(act.node.id)]
            return
        if kind.startswith("signal") and not kind.endswith("catch"):
            self._happen(lambda wanted: wanted is None)
        elif kind == "terminate end":
            scope.clear()
            scope.acts.append(act)
        elif kind == "error end" and not self._raise(act, "error"):
            act.incident = True
            return
        elif kind.startswith("escalation"):
            self._raise(act, "escalation")
        if act.alive:
            self._leave(act, self._flows(act))

    def _flows(self, act: Act) -> list[int]:
        leaving = act.scope.graph.leaving(act.node.id)
        if act.node.kind in ("exclusive", "inclusive"):
            return [leaving[place] for place in sorted(self.choices.picked(act.node.id))]
        return leaving

    def _leave(self, act: Act, flows: list[int]) -> None:
        scope = act.scope
        scope.acts.remove(act)
        for number in flows:
            self._arrive(scope, scope.graph.flows[number][1], number)
        if not flows:
            self._may_end(scope)

    def _may_end(self, scope: Scope) -> None:
        if scope.acts or any(scope.tokens.values()):
            return
        scope.armed = {}
        if scope.owner is None:
            self.ended = True
        else:
            self.queue.append(scope.owner)

    # -- events

    def _happen(self, wanted: Any) -> None:
        """``wanted`` gets the name of what waits, and None for what waits for the signal."""
        waiting: list[tuple[Scope, Act | None, str, str]] = []
        for scope in self._scopes():
            for handler in scope.graph.handlers:
                if scope.armed.get(handler.id) and self._waits(scope, handler.id):
                    waiting.append((scope, None, handler.id, handler.kind))
            for act in scope.acts:
                if act.node.kind.endswith(" catch"):
                    waiting.append((scope, act, act.node.id, act.node.kind.removesuffix(" catch")))
                waiting += [(scope, act, name, "message") for name in act.events]
                waiting += [
                    (scope, act, event.id, event.kind)
                    for event in act.node.boundaries
                    if act.armed[event.id] and event.kind not in ("error", "escalation")
                ]
        for scope, act, name, kind in waiting:
            if not (wanted(name) or (kind == "signal" and wanted(None))):
                continue
            if act is None and scope.alive and scope.armed.get(name):
                self._handle(scope, name)
            elif act is not None and act.alive:
                self._happen_at(act, name)

    def _happen_at(self, act: Act, name: str) -> None:
        if name == act.node.id:
            self.queue.append(act)
        elif name in act.events:
            act.scope.acts.remove(act)
            caught = Act(act.scope.graph.nodes[name], act.scope)
            act.scope.acts.append(caught)
            self.queue.append(caught)
        elif act.armed[name]:
            self._attached(act, next(event for event in act.node.boundaries if event.id == name))

    def _attached(self, host: Act, event: Attached) -> None:
        scope = host.scope
        host.armed[event.id] -= 1
        if event.interrupting:
            scope.acts.remove(host)
        passed = Act(Node(event.id, "passed"), scope)
        scope.acts.append(passed)
        self.queue.append(passed)

    def _handle(self, scope: Scope, name: str) -> None:
        handler = next(each for each in scope.graph.handlers if each.id == name)
        assert handler.graph is not None
        scope.armed[name] -= 1
        if handler.interrupting:
            scope.clear()
            scope.armed = {}
        act = Act(Node(handler.graph.id, "event sub", inner=handler.graph), scope)
        scope.acts.append(act)
        self._begin(act)
        assert act.inner is not None
        act.inner.handled_by = handler

    def _raise(self, act: Act, kind: str) -> bool:
        inner = act
        while True:
            host = inner.body or inner
            event = next((event for event in host.node.boundaries if event.kind == kind), None)
            if event is not None:
                self._attached(host, event)
                return True
            scope = host.scope
            came_from = host.inner.handled_by if host.inner is not None else None
            if came_from is None or not came_from.interrupting:
                handler = next(
                    (each for each in scope.graph.handlers if each.kind == kind and each is not came_from),
                    None,
                )
                if handler is not None:
                    scope.armed.setdefault(handler.id, 1)
                    self._handle(scope, handler.id)
                    return True
            if scope.owner is None:
                return False
            inner = scope.owner

    # -- inclusive joins

    def _fire_inclusive(self) -> bool:
        for scope in self._scopes():
            graph = scope.graph
            for node in graph.nodes.values():
                arriving = graph.arriving(node.id)
                if node.kind != "inclusive" or len(arriving) < 2:
                    continue
                full = {number for number in arriving if scope.tokens[number]}
                if full and not self._must_wait(scope, node.id, full, set(arriving) - full):
                    self._fire(scope, node, sorted(full))
                    return True
        return False

    def _must_wait(self, scope: Scope, gateway: str, full: set[int], empty: set[int]) -> bool:
        places = {place for act in scope.acts for place in act.events or [act.node.id]}
        flows = scope.graph.flows
        places |= {flows[number][1] for number, there in scope.tokens.items() if there}
        for place in places - {gateway}:
            reached = _reached(scope.graph, place, gateway)
            if reached & empty and not reached & full:
                return True
        return False


def _reached(graph: Graph, origin: str, gateway: str) -> set[int]:
    seen: set[str] = set()
    ahead, found = [origin], set()
    while ahead:
        name = ahead.pop()
        if name in seen or name == gateway:
            continue
        seen.add(name)
        node = graph.nodes.get(name)
        sources = {name, *(event.id for event in (node.boundaries if node else []))}
        for number, (source, target) in enumerate(graph.flows):
            if source in sources:
                found |= {number} if target == gateway else set()
                ahead.append(target)
    return found
