"""Activities that hold others: sub-processes, called processes, multi-instance and loop activities."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections import ChainMap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.util.task import TaskState

from engine.bpmn.elements import FlowNode, Inside, Process, ScopeNode
from engine.bpmn.events import StartEvent
from engine.bpmn.expressions import Expression
from engine.bpmn.tokens import DEEPEST_CALL, CalledProcess, Token
from engine.bpmn.variables import GIVEN, checked
from engine.errors import ExpressionFailed
from engine.texts import Text


class SubProcess(ScopeNode):
    """An embedded sub-process; it shares the variables around it."""

    def __init__(self, process: Process, element_id: str, name: str = "", *, inner: bool = False) -> None:
        super().__init__(process, element_id, name, inner=inner)
        self.inside = Inside()

    def begin(self, token: Token) -> None:
        """Put a token at the start event."""
        self.open(token, self.inside)

    def handlers(self, token: Token) -> list[StartEvent]:
        """Return the start events of its event sub-processes."""
        return [each.start for each in self.inside.event_subprocesses]


class EventSubProcess(SubProcess):
    """A sub-process that an event starts, instead of or beside what goes on in its scope."""

    start: StartEvent


MOST_ROUNDS = 1000  #: instances of one multi-instance activity


@dataclass(frozen=True)
class Mapping:
    """One camunda:in or camunda:out: a variable or expression, and the name it gets on the other side."""

    target: str
    variable: str = ""
    source: Expression | None = None
    everything: bool = False  # all variables under their own names


class CallActivity(FlowNode):
    """Runs another process, which has variables of its own; without mappings all go in and all come back."""

    def __init__(
        self,
        process: Process,
        element_id: str,
        name: str,
        called: str,
        ins: Sequence[Mapping],
        outs: Sequence[Mapping],
        *,
        inner: bool = False,
    ) -> None:
        super().__init__(process, element_id, name, inner=inner)
        self.called = called
        self.ins = tuple(ins)
        self.outs = tuple(outs)

    def begin(self, token: Token) -> None:
        """Start the called process."""
        instance = token.instance
        if instance.call_depth(token) >= DEEPEST_CALL:
            raise ExpressionFailed(
                Text(
                    "流程互相调用的层数太多。",
                    "Processes call one another too deeply (more than {most} levels).",
                ),
                most=DEEPEST_CALL,
            )
        given = {name: token.variables[name] for name in GIVEN if name in token.variables}
        values = given | self._mapped(self.ins, token, token.variables)
        instance.make_room(values)
        instance.subprocesses.pop(token.id, None)
        called = CalledProcess(instance.subprocess_specs[self.called], token.id, instance)
        instance.subprocesses[token.id] = called
        called.data = values
        token._set_state(TaskState.STARTED)
        root = called.plant()
        called.spec.start.open(root, called.spec.inside)

    def carry_out(self, token: Token) -> None:
        """Take over what the called process leaves."""
        called = token.instance.subprocesses[token.id]
        values = self._mapped(self.outs, called.task_tree, called.data)
        token.instance.make_room(values, token.variables)
        token.variables.update(values)

    def _mapped(self, mappings: Sequence[Mapping], token: Token, variables: Any) -> dict[str, Any]:
        if not (self.ins or self.outs):
            return copy.deepcopy(dict(variables))
        mapped: dict[str, Any] = {}
        for mapping in mappings:
            if mapping.everything:
                mapped.update(variables)
            elif mapping.source is None:
                mapped[mapping.target] = variables.get(mapping.variable)
            else:
                mapped[mapping.target] = token.instance.evaluate(mapping.source, token)
        return checked(mapped)


@dataclass(frozen=True)
class Collected:
    """A value of each child that goes into a list of the instance."""

    item: str
    into: str


class Repeated(ScopeNode, ABC):
    """What multi-instance and loop activities have in common: the body around the rounds of an activity."""

    child: FlowNode
    sequential = True

    def begin_round(self, body: Token, index: int, local: dict[str, Any], *, sealed: bool) -> None:
        """Let a token arrive at the activity itself."""
        body.instance.put(self.child, body, index=index, local={**local, "loopCounter": index}, sealed=sealed)

    @abstractmethod
    def round_done(self, body: Token, child: Token) -> None:
        """Take away the finished child and see whether there are more to come."""

    def may_end(self, token: Token) -> None:
        """Nothing: the last round ends the body."""

    def finish(self, body: Token) -> None:
        """Leave what is still open and go on behind the activity."""
        body.clear()
        body.internal_data.pop("rounds", None)
        body.instance.enqueue(body)


class MultiInstance(Repeated):
    """
    One child for each item of a collection, or for each number, all at once or one after the other.

    All that is written inside a child (the values a person enters as well) stays in that child, with the item
    and ``loopCounter``. Out come only the values that the diagram collects (``collect="opinion -> opinions"``
    or loopDataOutputRef with outputDataItem): a list in the order of the collection, of those done so far.
    The completion condition is asked after each child and sees that child's values, the lists, and
    ``nrOfInstances``, ``nrOfCompletedInstances`` and ``nrOfActiveInstances``.
    """

    def __init__(
        self,
        process: Process,
        element_id: str,
        name: str,
        *,
        sequential: bool,
        cardinality: Expression | None,
        collection: Expression | None,
        item: str,
        collected: Sequence[Collected],
        condition: Expression | None,
    ) -> None:
        super().__init__(process, element_id, name)
        self.sequential = sequential
        self.cardinality = cardinality
        self.collection = collection
        self.item = item
        self.collected = tuple(collected)
        self.condition = condition

    def begin(self, token: Token) -> None:
        """Begin the first child, or all of them."""
        items = self._items(token)
        token.instance.make_room({self.item: items}, tokens=1 if self.sequential else len(items))
        rounds: dict[str, Any] = {"total": len(items), "done": 0, "results": []}
        if self.sequential:
            rounds["left"] = items[1:]
        token.internal_data["rounds"] = rounds
        token._set_state(TaskState.STARTED)
        for collected in self.collected:
            token.variables[collected.into] = []
        if not items:
            self.finish(token)
        for index, item in enumerate(items[:1] if self.sequential else items):
            self._begin_child(token, index, item)

    def _items(self, token: Token) -> list[Any]:
        if self.collection is not None:
            items = token.instance.evaluate(self.collection, token)
            if not isinstance(items, (list, tuple)):
                raise ExpressionFailed(
                    Text("多实例的集合不是列表。", "The collection of the multi-instance is no list.")
                )
            if len(items) > MOST_ROUNDS:
                raise ExpressionFailed(
                    Text(
                        "多实例的集合有 {count} 项，最多 {most} 项。",
                        "The collection of the multi-instance has {count} items; {most} are allowed.",
                    ),
                    count=len(items),
                    most=MOST_ROUNDS,
                )
            return list(items)
        assert self.cardinality is not None
        count = token.instance.evaluate(self.cardinality, token)
        if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MOST_ROUNDS:
            raise ExpressionFailed(
                Text(
                    "多实例的次数“{count}”不是 0 到 1000 的整数。",
                    "The number of instances “{count}” is no whole number from 0 to 1000.",
                ),
                count=count,
            )
        return list(range(count))

    def _begin_child(self, body: Token, index: int, item: Any) -> None:
        local = {self.item: copy.deepcopy(item)} if self.item else {}
        self.begin_round(body, index, local, sealed=True)

    def round_done(self, body: Token, child: Token) -> None:
        """Collect the child's values, then go on with the next, wait for the others, or finish."""
        rounds = body.internal_data["rounds"]
        index, seen = child.internal_data["index"], child.variables
        results = [*rounds["results"], [index, [seen.get(collected.item) for collected in self.collected]]]
        results.sort(key=lambda result: result[0])
        lists = {
            collected.into: [values[place] for _, values in results]
            for place, collected in enumerate(self.collected)
        }
        done = rounds["done"] + 1
        finished = done == rounds["total"]
        if self.condition is not None and not finished:
            counts = {
                "nrOfInstances": rounds["total"],
                "nrOfCompletedInstances": done,
                "nrOfActiveInstances": len(body.inside) - 1,
            }
            finished = body.instance.holds(self.condition, child, {**lists, **counts})
        present = ChainMap({"": rounds["results"]}, body.variables)
        body.instance.make_room({"": results, **lists} if lists else {}, present)
        child.remove()
        body.variables.update(copy.deepcopy(lists))
        rounds["done"] = done
        if self.collected:
            rounds["results"] = results
        if finished:
            self.finish(body)
        elif self.sequential:
            item, *rounds["left"] = rounds["left"]
            self._begin_child(body, index + 1, item)


class Loop(Repeated):
    """A standard loop: round after round while a condition holds; rounds share the variables around them."""

    def __init__(
        self,
        process: Process,
        element_id: str,
        name: str,
        *,
        most: int | None,
        condition: Expression | None,
        test_before: bool,
    ) -> None:
        super().__init__(process, element_id, name)
        self.most = most
        self.condition = condition
        self.test_before = test_before

    def begin(self, token: Token) -> None:
        """Begin the first round, unless the condition is tested before it and does not hold."""
        if self.test_before and not self._goes_on(token, 0):
            token.instance.enqueue(token)
            return
        token._set_state(TaskState.STARTED)
        self.begin_round(token, 0, {}, sealed=False)

    def _goes_on(self, token: Token, done: int) -> bool:
        if self.most is not None and done >= self.most:
            return False
        return self.condition is None or token.instance.holds(self.condition, token)

    def round_done(self, body: Token, child: Token) -> None:
        """Begin another round or go on."""
        done = child.internal_data["index"] + 1
        again = self._goes_on(child, done)
        child.remove()
        if again:
            self.begin_round(body, done, {}, sealed=False)
        else:
            self.finish(body)
