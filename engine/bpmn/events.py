"""Events: messages, signals, timers, errors and escalations, thrown and caught."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from SpiffWorkflow.util.task import TaskState

from engine.bpmn import timers
from engine.bpmn.elements import FlowNode, Process
from engine.bpmn.expressions import Expression, Template
from engine.bpmn.tokens import CalledProcess, Token
from engine.bpmn.variables import checked
from engine.errors import ExpressionFailed
from engine.texts import Text, same

if TYPE_CHECKING:
    from engine.bpmn.activities import EventSubProcess

#: A caught error's message goes in Chinese to the variable that the diagram names, in English to this one.
IN_ENGLISH = "_en"
WAITED_FOR = frozenset({"message", "signal", "timer"})  #: kinds for which a token waits


@dataclass(frozen=True)
class EventDefinition:
    """What happens at an event; ``name`` is the message, signal, error code or escalation code."""

    kind: str = "none"
    name: str = ""  # "" of an error or escalation that is caught: any
    key: Template | None = None  # the correlation key of a message
    timer: Timer | None = None
    code_variable: str = ""  # caught errors: where their code and message go
    message_variable: str = ""
    values: Mapping[str, Template] = field(default_factory=dict)  # thrown: what the message carries


@dataclass(frozen=True)
class Timer:
    """A timer's definition: an ISO text or an expression that gives one, an instant or a span."""

    kind: str  # "timeDuration", "timeDate" or "timeCycle"
    text: str
    expression: Expression | None

    def value(self, token: Token) -> Any:
        """Return the text, or what the expression gives now."""
        return self.text if self.expression is None else token.instance.evaluate(self.expression, token)

    def arm(self, token: Token) -> None:
        """Compute when the timer is due and keep it with the token; without a value it never fires."""
        now, zone = token.instance.surroundings.now, token.instance.zone
        value = self.value(token)
        if self.kind == "timeCycle":
            _keep(token, timers.first_due(value, now, zone), value)
        else:
            at = timers.instant(value, now, zone)
            _keep(token, None if at is None else timers.Due(at), None)

    def rearm(self, token: Token) -> bool:
        """Let a repeating timer wait for its next turn; False where there is none."""
        due, left = token.internal_data.pop("due"), token.internal_data.pop("left", 0)
        if left == 0:
            return False
        now, zone = token.instance.surroundings.now, token.instance.zone
        value = token.internal_data.get("cycle") or self.value(token)
        following = timers.next_due(value, datetime.fromisoformat(due), left, now, zone)
        _keep(token, following, value)
        return following is not None


def _keep(token: Token, due: timers.Due | None, value: Any) -> None:
    if due is None:
        return
    token.internal_data["due"] = due.at.isoformat()
    if due.left != 0:
        token.internal_data["left"] = due.left
    if isinstance(value, str):
        token.internal_data["cycle"] = value


class Event(FlowNode):
    """An element with an event definition."""

    def __init__(
        self, process: Process, element_id: str, name: str, event: EventDefinition, *, inner: bool = False
    ) -> None:
        super().__init__(process, element_id, name, inner=inner)
        self.event = event

    @property
    def is_activity(self) -> bool:
        return False

    @property
    def waits(self) -> bool:
        """Whether a token waits for it; errors and escalations look for their catcher themselves."""
        return self.event.kind in WAITED_FOR


class CatchingEvent(Event):
    """An event that waits: in the flow, at an activity, or to start an event sub-process."""

    def begin(self, token: Token) -> None:
        """Wait for the event."""
        if self.event.timer is not None:
            self.event.timer.arm(token)
        elif self.event.key is not None:
            key = self.event.key.evaluate(token.variables, token.instance.surroundings.functions)
            token.internal_data["key"] = "" if key is None else str(key)
        token._set_state(TaskState.WAITING)

    def catches(self, token: Token, kind: str, name: str, key: str) -> bool:
        """Say whether the waiting token wants this message or signal."""
        event = self.event
        return (
            token.state == TaskState.WAITING
            and event.kind == kind
            and event.name == name
            and ("key" not in token.internal_data or token.internal_data["key"] == key)
        )

    def happen(self, token: Token, values: Mapping[str, Any]) -> None:
        """Take the event's values and go on from here."""
        token.variables.update(values)
        for name in ("due", "left", "cycle", "key"):
            token.internal_data.pop(name, None)
        race = token.internal_data.pop("race", None)
        if race is not None:
            scope: Any = token.scope
            for other in scope.inside:
                if other.internal_data.get("race") == race:
                    other.remove()
            token.instance.advance.flows.append(token.internal_data.pop("via"))
            token.instance.advance.flow_processes.append(token.workflow.spec.name)
        token.instance.enqueue(token)


class IntermediateCatch(CatchingEvent):
    """A catching event in the flow, or a receive task."""


class ReceiveTask(IntermediateCatch):
    """A receive task: a catching event that may have attached events and be repeated."""

    @property
    def is_activity(self) -> bool:
        return True


class AttachedEvent(CatchingEvent, ABC):
    """An event that interrupts something or happens beside it: on a boundary, or of an event sub-process."""

    interrupting: bool

    def happen(self, token: Token, values: Mapping[str, Any]) -> None:
        """Go on from here; an event that does not interrupt may wait for its next time."""
        scope: Any = token.scope
        if not self.interrupting:
            if self.event.timer is not None:
                self._rearm(token)
            self.follow(scope, values)
        else:
            self.interrupt(token)
            self.follow(scope, values)

    def _rearm(self, token: Token) -> None:
        timer = self.event.timer
        assert timer is not None
        if "left" not in token.internal_data:
            token.remove()
        else:
            token.instance.attempt(token, self._rearm_or_remove, "enter")

    def _rearm_or_remove(self, token: Token) -> None:
        timer = self.event.timer
        assert timer is not None
        if not timer.rearm(token):
            token.remove()

    @abstractmethod
    def interrupt(self, token: Token) -> None:
        """Take away what the event interrupts, with the waiting token itself."""

    @abstractmethod
    def follow(self, scope: Token, values: Mapping[str, Any]) -> None:
        """Put the token that the event makes."""


class BoundaryEvent(AttachedEvent):
    """An event attached to an activity."""

    def __init__(
        self, process: Process, element_id: str, name: str, event: EventDefinition, interrupting: bool
    ) -> None:
        super().__init__(process, element_id, name, event)
        self.interrupting = interrupting

    def arm_at(self, host: Token) -> None:
        """Wait for the event as long as the host is there."""
        if self.waits:
            scope: Any = host.scope
            host.instance.put(self, scope, host=str(host.id))

    def interrupt(self, token: Token) -> None:
        """Take away the activity."""
        token.workflow.tasks[UUID(token.internal_data["host"])].remove()

    def follow(self, scope: Token, values: Mapping[str, Any]) -> None:
        """Go on along the event's flows."""
        scope.variables.update(values)
        scope.instance.enqueue(Token(scope.workflow, self, scope))


class StartEvent(AttachedEvent):
    """A start event: plain, of a message that starts an instance, or of an event sub-process."""

    def __init__(
        self, process: Process, element_id: str, name: str, event: EventDefinition, interrupting: bool
    ) -> None:
        super().__init__(process, element_id, name, event)
        self.interrupting = interrupting
        self.owner: EventSubProcess | None = None
        self.initiator = ""  # the variable that gets the name of who started the case

    def begin(self, token: Token) -> None:
        """Wait as the trigger of an event sub-process, or go on at once."""
        if "trigger" in token.internal_data:
            super().begin(token)
        else:
            if self.initiator:
                token.variables[self.initiator] = token.variables.get("started_by")
            token.instance.enqueue(token)

    def interrupt(self, token: Token) -> None:
        """Take away everything in the scope of the event sub-process."""
        scope: Any = token.scope
        scope.clear()

    def follow(self, scope: Token, values: Mapping[str, Any]) -> None:
        """Start the event sub-process."""
        assert self.owner is not None
        scope.variables.update(values)
        scope.instance.put(self.owner, scope)


class ThrowingEvent(Event):
    """An intermediate or end event that does something; a send task with a message."""

    def carry_out(self, token: Token) -> None:
        """Throw, send, cancel or terminate."""
        THROWERS[self.event.kind](self, token)

    def _nothing(self, token: Token) -> None:
        pass

    def _send(self, token: Token) -> None:
        instance, event = token.instance, self.event
        functions = instance.surroundings.functions
        values = {name: value.evaluate(token.variables, functions) for name, value in event.values.items()}
        key = "" if event.key is None else str(event.key.evaluate(token.variables, functions))
        values = checked(values)
        found = deliver(instance, event.kind, event.name, values, key)
        if event.kind == "signal" or not found:
            instance.send(event.kind, event.name, self.bpmn_id, values, key)

    def _raise(self, token: Token) -> None:
        if not raise_error(token, self.event.kind, self.event.name):
            raise ExpressionFailed(
                Text("没有任何事件处理“{code}”。", "Nothing handles the {kind} “{code}”."),
                kind=self.event.kind,
                code=self.event.name,
            )

    def _escalate(self, token: Token) -> None:
        raise_error(token, "escalation", self.event.name)

    def _terminate(self, token: Token) -> None:
        scope: Any = token.scope
        scope.clear(but=token)


class EndEvent(ThrowingEvent):
    """An end event."""


THROWERS = {
    "none": ThrowingEvent._nothing,
    "message": ThrowingEvent._send,
    "signal": ThrowingEvent._send,
    "error": ThrowingEvent._raise,
    "cancel": ThrowingEvent._raise,
    "escalation": ThrowingEvent._escalate,
    "terminate": ThrowingEvent._terminate,
}


def deliver(instance: Any, kind: str, name: str, values: Mapping[str, Any], key: str) -> int:
    """Give a message or signal to all in the instance that wait for it; return how many there were."""
    waiting = [
        token
        for token in instance.tokens()
        if isinstance(token.task_spec, CatchingEvent) and token.task_spec.catches(token, kind, name, key)
    ]
    found = 0
    for token in waiting:
        if token.is_alive:  # an earlier one may have interrupted it
            token.task_spec.happen(token, values)
            found += 1
    return found


def raise_error(token: Token, kind: str, code: str, message: Text | None = None) -> bool:
    """
    Look outwards from a token for what catches an error, escalation or cancellation, and let that go on.

    At each step: the events attached to the activity, then the event sub-processes of the scope around it,
    then out of that scope; out of a called process to its call activity. False where nothing catches it.
    """
    inner = token
    while True:
        boundary = _matching(inner.task_spec.boundaries, kind, code)
        if boundary is not None:
            _caught(boundary, inner, code, message)
            return True
        scope = inner.scope
        if scope is None:
            if not isinstance(inner.workflow, CalledProcess):
                return False
            inner = inner.workflow.caller
            continue
        handlers = getattr(scope.task_spec, "handlers", None)
        own = getattr(inner.task_spec, "start", None)
        if handlers is not None and not (own is not None and own.interrupting):
            start = _matching([each for each in handlers(scope) if each is not own], kind, code)
            if start is not None:
                values = _told(start.event, code, message)
                if start.interrupting:
                    scope.clear()
                start.follow(scope, values)
                return True
        inner = scope


def _caught(boundary: BoundaryEvent, host: Token, code: str, message: Text | None) -> None:
    scope: Any = host.scope
    if boundary.interrupting:
        host.remove()
    boundary.follow(scope, _told(boundary.event, code, message))


def _told(event: EventDefinition, code: str, message: Text | None) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if event.code_variable:
        told[event.code_variable] = code
    if event.message_variable:
        said = message or same(code)
        told |= {event.message_variable: said.zh, f"{event.message_variable}{IN_ENGLISH}": said.en}
    return told


def _matching(events: Any, kind: str, code: str) -> Any:
    """Return the event for exactly this code, else the one for any."""
    of_kind = [event for event in events if event.event.kind == kind]
    exact = next((event for event in of_kind if event.event.name == code), None)
    return exact or next((event for event in of_kind if event.event.name == ""), None)
