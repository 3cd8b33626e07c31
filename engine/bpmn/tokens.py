"""Tokens of a running instance, as SpiffWorkflow tasks that exist only while something waits or runs."""

from __future__ import annotations

from collections import ChainMap, deque
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from datetime import tzinfo
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.functions import shown
from engine.bpmn.outcomes import Advance, Decided, SentEvent, Surroundings
from engine.bpmn.variables import LocalScope, size_of
from engine.errors import BanjieError, ExpressionFailed
from engine.texts import Text, same

if TYPE_CHECKING:
    from engine.bpmn.elements import FlowNode, Process
    from engine.bpmn.expressions import Expression

MOST_STEPS = 5_000  #: elements passed in one advance; more is a loop without a wait state
MOST_LOOPING = 100  #: tokens that may become incidents when that happens; more is a fork in such a loop
DEEPEST_CALL = 25  #: processes that call one another
LARGEST_STATE = 2_000_000  #: characters of all that an instance holds, with the processes that it calls
A_TOKEN = 150  #: characters of a token, without what it keeps


_TOO_LARGE = Text(
    "案件的内容会太多（最多 {most} 百万个字符），没有保存。请减少内容；如果一再出现，请流程负责人修改流程。",
    "The case would hold too much (over {most} million characters); this was not kept. Enter less; where it"
    " happens again, the process owner should change the process.",
)


class Token(Task):
    """
    One token.

    The library keeps finished tasks and predicts coming ones below them. Here a task lives under the *scope*
    it is in (the process, a sub-process, a multi-instance activity), is made when a token arrives and removed
    when it leaves. So the state never grows with the history, and joins see tokens and nothing else.

    READY: the engine's turn, or a person's; WAITING: for an event or for other tokens at a join; STARTED: a
    scope that holds others; ERROR: an incident.
    """

    workflow: Any
    task_spec: FlowNode
    internal_data: dict[str, Any]
    _children: list[UUID]

    def __init__(
        self,
        workflow: Any,
        spec: FlowNode,
        scope: Token | None,
        state: int = TaskState.READY,
        token_id: UUID | None = None,
    ) -> None:
        super().__init__(workflow, spec, scope, state=state, id=token_id)

    def _set_state(self, value: int) -> None:
        self._state = value  # the library's own also writes two log records

    @property
    def state(self) -> int:
        return self._state

    @property
    def scope(self) -> Token | None:
        """The process, sub-process or multi-instance activity it is in; None for the process itself."""
        return self.workflow.tasks.get(self._parent)  # type: ignore[no-any-return]

    @property
    def inside(self) -> list[Token]:
        """The tokens in this scope, oldest first."""
        tasks = self.workflow.tasks
        return [tasks[child] for child in self._children]

    @property
    def instance(self) -> Instance:
        return self.workflow.top_workflow  # type: ignore[no-any-return]

    @property
    def is_alive(self) -> bool:
        return self.workflow.tasks.get(self.id) is self and self.workflow.is_alive

    @property
    def variables(self) -> MutableMapping[str, Any]:
        """What an expression here reads, and what is written here."""
        token: Token | None = self
        while token is not None:
            local = token.internal_data.get("local")
            if local is not None:
                outer = token.scope
                around = outer.variables if outer is not None else token.workflow.data
                return LocalScope(local, around, sealed=token.internal_data.get("sealed", False))
            token = token.scope
        return self.workflow.data  # type: ignore[no-any-return]

    def clear(self, but: Token | None = None) -> None:
        """Take away everything inside, except one token."""
        for child in self.inside:
            if child is not but and child.is_alive:  # an activity takes its attached events along
                child.remove()

    def remove(self) -> None:
        """Take the token away with all that is inside it, and with the events attached to it."""
        self.clear()
        called = self.instance.subprocesses.pop(self.id, None)
        if called is not None:
            called.task_tree.remove()
        del self.workflow.tasks[self.id]
        scope = self.scope
        if scope is None:
            return
        scope._children.remove(self.id)
        if self.task_spec.boundaries:
            host = str(self.id)
            for other in scope.inside:
                if other.internal_data.get("host") == host:
                    other.remove()


class _Running:
    """What an instance and the processes it calls have in common."""

    tasks: dict[UUID, Token]
    task_tree: Token
    data: dict[str, Any]
    spec: Process

    @property
    def is_alive(self) -> bool:
        return self.task_tree.id in self.tasks

    def plant(self) -> Token:
        """Put the root token, which is the process itself as a scope."""
        self.task_tree = Token(self, self.spec.start, None, TaskState.STARTED)
        return self.task_tree


class CalledProcess(_Running, BpmnSubWorkflow):
    """A process that a call activity runs, with variables of its own."""

    def __init__(self, process: Process, caller: UUID, instance: Instance) -> None:
        super().__init__(process, caller, instance, deserializing=True)

    @property
    def caller(self) -> Token:
        """The token at the call activity."""
        return self.top_workflow.token(self.parent_task_id)  # type: ignore[no-any-return]

    def _calculate_depth(self) -> int:
        return 0  # the library's own walks up through all callers


class Instance(_Running, BpmnWorkflow):
    """The library's workflow, advanced by a queue of tokens instead of walks through a tree of tasks."""

    subprocesses: dict[UUID, CalledProcess]

    def __init__(
        self, process: Process, processes: Mapping[str, Process], surroundings: Surroundings, advance: Advance
    ) -> None:
        super().__init__(process, dict(processes), deserializing=True)
        self.surroundings = surroundings
        self.advance = advance
        self.queue: deque[Token] = deque()
        self.steps = 0
        self.size = 0  # of all that it holds, as it was last measured; what came since is added
        self.ended_at: str | None = None
        self.last_end: str | None = None

    @property
    def is_ended(self) -> bool:
        return not self.tasks

    def token(self, token_id: UUID) -> Token | None:
        """Return the token with this id, in whatever process it is."""
        for running in (self, *self.subprocesses.values()):
            found = running.tasks.get(token_id)
            if found is not None:
                return found
        return None

    def tokens(self) -> Iterator[Token]:
        """All tokens: those of the instance, then those of the processes it calls."""
        for running in (self, *list(self.subprocesses.values())):
            yield from list(running.tasks.values())

    def call_depth(self, token: Token) -> int:
        """How many calls lie above this token."""
        depth = 0
        running = token.workflow
        while isinstance(running, CalledProcess):
            depth += 1
            running = running.caller.workflow
        return depth

    def evaluate(self, expression: Expression, token: Token, more: Mapping[str, Any] | None = None) -> Any:
        """Return what an expression gives at this token; ``more`` are names beside its variables."""
        variables: Mapping[str, Any] = token.variables
        if more:
            variables = ChainMap(dict(more), cast(Any, variables))
        return expression.evaluate(variables, self.surroundings.functions)

    def holds(self, condition: Expression, token: Token, more: Mapping[str, Any] | None = None) -> bool:
        """
        Return whether a condition is true at this token; an empty value is not.

        Raises:
            ExpressionFailed: it gives something else, as a text “false”, which would count as true.
        """
        answer = self.evaluate(condition, token, more)
        if answer is None or isinstance(answer, bool):
            return bool(answer)
        raise ExpressionFailed(
            Text(
                "条件“{condition}”的结果是 {answer}，应为 true 或 false；请写成比较。",
                "The condition “{condition}” gives {answer}, neither true nor false; write a comparison.",
            ),
            condition=condition.text,
            answer=shown(answer),
        )

    @property
    def zone(self) -> tzinfo:
        """The zone in which days and times without an offset are meant."""
        return self.surroundings.zone

    def make_room(
        self, values: Mapping[str, Any], instead_of: Mapping[str, Any] | None = None, tokens: int = 0
    ) -> None:
        """
        Say what is about to be kept, before it is: values, perhaps in place of others of the same names.

        Raises:
            ExpressionFailed: the instance would hold too much.
        """
        wanted = size_of(values) + tokens * A_TOKEN
        if self.size + wanted > LARGEST_STATE:  # perhaps: what was replaced meanwhile was counted too
            replaced = {name: instead_of[name] for name in values if name in instead_of} if instead_of else {}
            self.size = self._measured()
            wanted -= size_of(replaced)
            if self.size + wanted > LARGEST_STATE:
                raise ExpressionFailed(_TOO_LARGE, most=LARGEST_STATE // 1_000_000)
        self.size += wanted

    def _measured(self) -> int:
        running = (self, *self.subprocesses.values())
        kept = (token.internal_data for token in self.tokens() if token.internal_data)
        count = sum(len(each.tasks) for each in running)
        return count * A_TOKEN + sum(size_of(each.data) for each in running) + sum(map(size_of, kept))

    def note_decision(self, decided: Decided) -> None:
        """Keep a decision for the history."""
        self.advance.decisions.append(decided)

    def send(self, kind: str, name: str, element_id: str, values: Mapping[str, Any], key: str) -> None:
        """Keep a message or signal for the other instances."""
        self.advance.sent.append(SentEvent(kind, name, element_id, values, key))

    # -- moving

    def put(self, spec: FlowNode, scope: Token, **internal: Any) -> Token:
        """Let a token arrive at an element."""
        token = Token(scope.workflow, spec, scope)
        if internal:
            token.internal_data = internal
        self.attempt(token, spec._update, "enter")
        return token

    def enqueue(self, token: Token) -> None:
        """Let the engine carry out the token's element, after those that came before."""
        token._set_state(TaskState.READY)
        self.queue.append(token)

    def do_engine_steps(self, will_complete_task: Any = None, did_complete_task: Any = None) -> None:
        """
        Carry out everything that needs neither a person nor an event.

        Raises:
            ExpressionFailed: the diagram forks without end.
        """
        while True:
            while self.queue:
                token = self.queue.popleft()
                if not token.is_alive or token.state != TaskState.READY:
                    continue
                self.steps += 1
                if self.steps > MOST_STEPS:
                    self._stop_looping(token)
                    return
                self.attempt(token, Task.run, "run")
            if not self._fire_inclusive_joins():
                return

    def _fire_inclusive_joins(self) -> bool:
        waiting = [
            token
            for running in (self, *self.subprocesses.values())
            if running.spec.has_inclusive_joins
            for token in running.tasks.values()
            if token.state == TaskState.WAITING and token.task_spec.joins_when_quiet
        ]
        return any(cast(Any, token.task_spec).may_join(token) for token in waiting)

    def _stop_looping(self, token: Token) -> None:
        looping = [token, *(other for other in self.queue if other.is_alive)]
        self.queue.clear()
        error = ExpressionFailed(
            Text(
                "流程在这里不停地循环，没有等待的任务或事件。",
                "The process goes round here without end or wait.",
            )
        )
        if len(looping) > MOST_LOOPING:
            raise error
        for each in looping:
            self.fail(each, error, "run")

    def attempt(self, token: Token, step: Callable[[Token], Any], phase: str) -> None:
        """Do one step of a token's life; what goes wrong becomes an incident there."""
        try:
            step(token)
        except Exception as error:  # noqa: BLE001 -- whatever a diagram does wrong, the case must not be lost
            self.fail(token, error, "leave" if token.state == TaskState.COMPLETED else phase)

    def fail(self, token: Token, error: Exception, phase: str) -> None:
        """
        Leave an incident at the token's element; ``phase`` says where a retry goes on.

        Where the token is gone already there is no place for it, so that the whole advance fails.
        """
        if not token.is_alive:
            raise error
        message = (
            error.message if isinstance(error, BanjieError) else same(f"{type(error).__name__}: {error}")
        )
        token._set_state(TaskState.ERROR)
        token.internal_data["failed"] = [phase, message.zh, message.en]

    def retry(self, token: Token) -> None:
        """Try again what failed."""
        phase = token.internal_data.pop("failed")[0]
        if phase == "enter":
            token._set_state(TaskState.READY)
            self.attempt(token, token.task_spec.begin, phase)
        elif phase == "leave":
            token._set_state(TaskState.COMPLETED)
            self.attempt(token, token.task_spec._on_complete, phase)
        else:
            self.enqueue(token)
