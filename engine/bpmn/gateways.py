"""Gateways, whose tokens are those that wait before them, so that joins are right in loops too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from SpiffWorkflow.util.task import TaskState

from engine.bpmn.elements import Flow, FlowNode, Process
from engine.bpmn.tokens import Token


class ExclusiveGateway(FlowNode):
    """One flow: the first in the diagram's order whose condition holds, else the default."""

    def flows_taken(self, token: Token) -> Sequence[Flow]:
        """Return one flow."""
        if len(self.outgoing) == 1 and self.outgoing[0].condition is None:
            return self.outgoing
        for flow in self.outgoing:
            if flow is not self.default and self.holds(flow, token):
                return [flow]
        return self.default_only() if self.outgoing else []


class _Join(FlowNode):
    """
    A gateway that may have several incoming flows.

    A token that arrives waits. Firing consumes the oldest token of each incoming flow and leaves the others
    for the next time; finished rounds cannot matter, for nothing of them exists any more.
    """

    @property
    def is_join(self) -> bool:
        return len(self.incoming) > 1

    def waiting(self, token: Token) -> dict[str, Token]:
        """Return the oldest token of each incoming flow that has one."""
        scope: Any = token.scope
        first: dict[str, Token] = {}
        for other in scope.inside:
            if other.task_spec is self and other.state == TaskState.WAITING:
                first.setdefault(other.internal_data["flow"], other)
        return first

    def fire(self, waiting: dict[str, Token]) -> None:
        """Merge these tokens into one, which the engine then carries out."""
        kept, *merged = waiting.values()
        for token in merged:
            token.remove()
        del kept.internal_data["flow"]
        kept.instance.enqueue(kept)


class ParallelGateway(_Join):
    """Waits for a token on each incoming flow; puts one on each outgoing flow."""

    def begin(self, token: Token) -> None:
        """Wait, or fire with the tokens of the other flows."""
        if not self.is_join:
            token.instance.enqueue(token)
            return
        token._set_state(TaskState.WAITING)
        waiting = self.waiting(token)
        if len(waiting) == len(self.incoming):
            self.fire(waiting)

    def flows_taken(self, token: Token) -> Sequence[Flow]:
        """Return all flows: a parallel gateway has no conditions."""
        return self.outgoing


class InclusiveGateway(_Join):
    """Waits while a token elsewhere can still arrive on a flow that has none (BPMN 2.0, 13.4.3)."""

    joins_when_quiet = True

    def __init__(self, process: Process, element_id: str, name: str = "") -> None:
        super().__init__(process, element_id, name)
        self._reached: dict[str, frozenset[str]] = {}  # computed once per element, for all instances

    def begin(self, token: Token) -> None:
        """Wait until nothing else moves; a gateway that only splits goes on at once."""
        if self.is_join:
            token._set_state(TaskState.WAITING)
        else:
            token.instance.enqueue(token)

    def may_join(self, token: Token) -> bool:
        """Fire if no token elsewhere has to be waited for; say whether it did."""
        waiting = self.waiting(token)
        empty = frozenset(flow.id for flow in self.incoming if flow.id not in waiting)
        scope: Any = token.scope
        if empty:
            for other in scope.inside:
                internal = other.internal_data
                if other.task_spec is self or "host" in internal or "trigger" in internal:
                    continue
                reached = self._reached_from(other.task_spec)
                if reached & empty and not reached & waiting.keys():
                    return False
        self.fire(waiting)
        return True

    def _reached_from(self, origin: FlowNode) -> frozenset[str]:
        """Return those incoming flows of this gateway that a token at ``origin`` can come along."""
        if origin.name not in self._reached:
            self._reached[origin.name] = self._reach(origin)
        return self._reached[origin.name]

    def _reach(self, origin: FlowNode) -> frozenset[str]:
        seen: set[FlowNode] = set()
        ahead, arriving = [origin], set()
        while ahead:
            node = ahead.pop()
            if node in seen or node is self:
                continue
            seen.add(node)
            for leaving in (node, *node.boundaries):
                for flow in leaving.outgoing:
                    if flow.target is self:
                        arriving.add(flow.id)
                    else:
                        ahead.append(flow.target)
        return frozenset(arriving)


class EventGateway(FlowNode):
    """Lets the events behind it race: the first to happen takes the token, the others are gone."""

    def move_on(self, token: Token, flows: Sequence[Flow]) -> None:
        """Let a token wait at each event behind the gateway."""
        instance, scope = token.instance, token.scope
        assert scope is not None
        self.record(token)
        token.remove()
        for flow in flows:
            instance.put(flow.target, scope, race=str(token.id), via=flow.id)

    def flows_taken(self, token: Token) -> Sequence[Flow]:
        """Return all flows; none is recorded as taken before its event happens."""
        return self.outgoing
