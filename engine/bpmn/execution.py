"""One running instance: advance it, look at it, store it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, cast
from uuid import UUID

from SpiffWorkflow.util.task import TaskState

from engine.bpmn.activities import CallActivity
from engine.bpmn.diagram import Diagram, Program
from engine.bpmn.events import AttachedEvent, CatchingEvent, deliver
from engine.bpmn.outcomes import (
    Advance,
    ArmedTimer,
    AwaitedEvent,
    Decided,
    DecisionOutcome,
    Incident,
    OpenTask,
    SentEvent,
    Service,
    ServiceCall,
    Standing,
    Surroundings,
    Variables,
)
from engine.bpmn.tasks import BusinessError, UserTask
from engine.bpmn.tokens import CalledProcess, Instance, Token
from engine.bpmn.variables import checked, from_json, to_json
from engine.errors import Conflict, InvalidInput
from engine.texts import Text, same

__all__ = [
    "Advance",
    "ArmedTimer",
    "AwaitedEvent",
    "BusinessError",
    "Decided",
    "DecisionOutcome",
    "Execution",
    "Incident",
    "OpenTask",
    "SentEvent",
    "Service",
    "ServiceCall",
    "Standing",
    "Surroundings",
    "Variables",
]

STATE_VERSION = 1


class Execution:
    """A running instance of a program. Not thread-safe: one at a time, under its row's lock."""

    def __init__(self, program: Program, surroundings: Surroundings) -> None:
        self.program = program
        self.latest = Advance()  #: what happened during the latest call; after ``start``: the start
        self._instance = Instance(program.root.process, program.processes, surroundings, self.latest)

    @classmethod
    def start(
        cls,
        program: Program,
        variables: Variables,
        surroundings: Surroundings,
        start_element: str | None = None,
    ) -> Execution:
        """
        Begin at the plain start event (or the named one) and advance to the first wait states.

        What happened on the way is in ``latest``.
        """
        execution = cls(program, surroundings)
        instance = execution._instance
        starts = program.root.process.inside.starts
        chosen = next((start for start in starts if start_element in (None, start.bpmn_id)), None)
        if chosen is None or (start_element is None and chosen.event.kind != "none"):
            raise InvalidInput(Text("流程没有这个开始事件。", "The process has no such start event."))
        given = checked(variables)
        instance.make_room(given)
        instance.data = given
        root = instance.plant()
        instance.spec.start.open(root, instance.spec.inside, chosen)
        instance.do_engine_steps()
        return execution

    @classmethod
    def restore(cls, program: Program, state: str, surroundings: Surroundings) -> Execution:
        """Take up an instance where ``dump`` left it."""
        execution = cls(program, surroundings)
        instance = execution._instance
        stored = from_json(state)
        instance.size = len(state)
        instance.ended_at, instance.last_end = stored["ended"]
        top, *called = stored["processes"]
        _plant(instance, top)
        for each in called:
            process = CalledProcess(program.processes[each["process"]], UUID(each["caller"]), instance)
            instance.subprocesses[process.parent_task_id] = process
            _plant(process, each)
        return execution

    def dump(self) -> str:
        """Return the live part as JSON text; the order of its keys matters. Holds no copy of the diagram."""
        instance = self._instance
        return to_json(
            {
                "version": STATE_VERSION,
                "ended": [instance.ended_at, instance.last_end],
                "processes": [
                    {"data": instance.data, "tokens": _rows(instance)},
                    *(
                        {
                            "process": called.spec.name,
                            "caller": str(called.parent_task_id),
                            "data": called.data,
                            "tokens": _rows(called),
                        }
                        for called in instance.subprocesses.values()
                    ),
                ],
            }
        )

    # -- what can happen; each raises Conflict where the token is not (or no longer) there

    def complete_task(self, task_id: UUID, values: Variables) -> Advance:
        """Complete an open user task with these values and advance to the next wait states."""
        token = self._open(task_id)
        accepted = checked(values)
        self._instance.make_room(accepted, token.variables)
        token.variables.update(accepted)
        del token.internal_data["task"]
        return self._advance(token)

    def fire_timer(self, token_id: str) -> Advance:
        """Fire exactly this timer. A cycle arms itself again, counted from its due time."""
        token = self._token(token_id)
        if "due" not in token.internal_data or token.state != TaskState.WAITING:
            raise _gone()
        self._begin()
        cast(CatchingEvent, token.task_spec).happen(token, {})
        return self._end()

    def catch(self, kind: str, name: str, values: Variables, correlation_key: str = "") -> Advance:
        """Deliver a message or signal to whatever waits for it here."""
        accepted = checked(values)
        self._instance.make_room(accepted, self._instance.data)
        self._begin()
        if not deliver(self._instance, kind, name, accepted, correlation_key):
            raise Conflict(
                Text("没有任何步骤在等待“{name}”。", "Nothing here waits for “{name}”."), name=name
            )
        return self._end()

    def retry(self, token_id: str) -> Advance:
        """Try an element with an incident again."""
        token = self._token(token_id)
        if token.state != TaskState.ERROR:
            raise _gone()
        self._begin()
        self._instance.retry(token)
        return self._end()

    def cancel(self) -> None:
        """Take away every token."""
        if not self._instance.is_ended:
            self._instance.task_tree.remove()

    # -- what can be seen

    @property
    def variables(self) -> dict[str, Any]:
        """The instance's variables (a copy)."""
        return checked(self._instance.data)

    @property
    def seen_variables(self) -> Mapping[str, Any]:
        """The instance's variables, to be looked at: they change as the instance advances."""
        return MappingProxyType(self._instance.data)

    def task_variables(self, task_id: UUID) -> dict[str, Any]:
        """What an open task sees: the instance's variables and those of its own scope; to be looked at."""
        return dict(self._open(task_id).variables)

    @property
    def standing(self) -> Standing:
        """All that the instance waits for, found in one walk through its tokens."""
        found = Standing()
        for token in self._instance.tokens():
            spec = token.task_spec
            if token.state == TaskState.READY and isinstance(spec, UserTask):
                found.tasks.append(self._open_task(token))
            elif token.state == TaskState.WAITING and "due" in token.internal_data:
                found.timers.append(_armed_timer(token))
            elif token.state == TaskState.ERROR:
                found.incidents.append(_incident(token))
            elif (
                token.state == TaskState.WAITING
                and isinstance(spec, CatchingEvent)
                and spec.event.timer is None
            ):
                found.awaited.append(_awaited_event(token, spec))
        return found

    @property
    def open_tasks(self) -> Sequence[OpenTask]:
        """The user tasks that wait for a person, oldest first."""
        return self.standing.tasks

    @property
    def timers(self) -> Sequence[ArmedTimer]:
        """The timers that are armed."""
        return self.standing.timers

    @property
    def awaited(self) -> Sequence[AwaitedEvent]:
        """The messages and signals that something waits for."""
        return self.standing.awaited

    @property
    def incidents(self) -> Sequence[Incident]:
        """The elements that could not be carried out."""
        return self.standing.incidents

    @property
    def tokens(self) -> Sequence[str]:
        """Element ids where a token stands (open tasks, waiting events, incidents), for the picture."""
        return self.tokens_in(self.program.root.process_id)

    def tokens_in(self, process_id: str) -> Sequence[str]:
        """Return the element ids of one diagram where a token stands; a call activity holds one meanwhile."""
        return [
            token.task_spec.bpmn_id
            for token in self._instance.tokens()
            if token.workflow.spec.name == process_id and _stands(token)
        ]

    @property
    def ended_at(self) -> str | None:
        """The end event at which the whole instance ended, or None while it runs."""
        return self._instance.ended_at

    @property
    def is_ended(self) -> bool:
        """Whether nothing is left: every token has reached an end, or was taken away."""
        return self._instance.is_ended

    # -- inside

    def _token(self, token_id: str) -> Token:
        try:
            token = self._instance.token(UUID(token_id))
        except ValueError:
            token = None
        if token is None:
            raise _gone()
        return token

    def _open(self, task_id: UUID) -> Token:
        token = self._instance.token(task_id)
        if token is None or token.state != TaskState.READY or not isinstance(token.task_spec, UserTask):
            raise Conflict(Text("这个任务已经不在了。", "This task is not open any more."))
        return token

    def _begin(self) -> None:
        self.latest = self._instance.advance = Advance()
        self._instance.steps = 0

    def _end(self) -> Advance:
        self._instance.do_engine_steps()
        return self.latest

    def _advance(self, token: Token) -> Advance:
        self._begin()
        self._instance.enqueue(token)
        return self._end()

    def _open_task(self, token: Token) -> OpenTask:
        opened = token.internal_data["task"]
        diagram = self._diagram(token)
        element = diagram.elements[token.task_spec.bpmn_id]
        not_by = element.properties.get("notBy", "")
        return OpenTask(
            id=token.id,
            process_id=diagram.process_id,
            element_id=element.id,
            name=element.name if element.name.zh else same(element.id),
            form_key=element.form_key,
            candidate_groups=tuple(opened.get("groups", ())),
            candidate_users=tuple(opened.get("users", ())),
            assignee=opened.get("assignee"),
            due_at=_instant(opened.get("due")),
            follow_up_at=_instant(opened.get("follow_up")),
            priority=opened.get("priority", 50),
            not_by=tuple(part.strip() for part in not_by.split(",") if part.strip()),
        )

    def _diagram(self, token: Token) -> Diagram:
        return self.program.diagrams[token.workflow.spec.name]


def _gone() -> Conflict:
    return Conflict(Text("这一步已经不在了。", "This step is not there any more."))


def _armed_timer(token: Token) -> ArmedTimer:
    due_at = datetime.fromisoformat(token.internal_data["due"])
    return ArmedTimer(str(token.id), token.task_spec.bpmn_id, due_at, token.workflow.spec.name)


def _awaited_event(token: Token, spec: CatchingEvent) -> AwaitedEvent:
    key, process_id = token.internal_data.get("key", ""), token.workflow.spec.name
    return AwaitedEvent(spec.event.kind, spec.event.name, spec.bpmn_id, key, process_id)


def _incident(token: Token) -> Incident:
    message = Text(*token.internal_data["failed"][1:])
    return Incident(str(token.id), token.task_spec.bpmn_id, message, token.workflow.spec.name)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _stands(token: Token) -> bool:
    spec = token.task_spec
    if token.state == TaskState.STARTED:
        return isinstance(spec, CallActivity)
    return token.state == TaskState.ERROR or not isinstance(spec, AttachedEvent)


def _rows(running: Instance | CalledProcess) -> list[list[Any]]:
    """One row a token: id, scope, element, state, and what it keeps; scopes before what they hold."""
    return [
        [
            str(token.id),
            None if token._parent is None else str(token._parent),
            token.task_spec.name,
            token.state,
            *([token.internal_data] if token.internal_data else []),
        ]
        for token in running.tasks.values()
    ]


def _plant(running: Instance | CalledProcess, stored: Mapping[str, Any]) -> None:
    running.data = stored["data"]
    specs = running.spec.task_specs
    scopes: dict[str, Token] = {}
    for token_id, scope, name, state, *kept in stored["tokens"]:
        token = Token(running, specs[name], scopes.get(scope), state, UUID(token_id))
        if kept:
            token.internal_data = kept[0]
        if scope is None:
            running.task_tree = token
        scopes[token_id] = token
