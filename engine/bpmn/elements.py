"""What every element of a process does when a token arrives, runs and leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.expressions import Expression
from engine.bpmn.tokens import CalledProcess, Token
from engine.errors import ExpressionFailed
from engine.texts import Text

if TYPE_CHECKING:
    from engine.bpmn.activities import EventSubProcess
    from engine.bpmn.events import BoundaryEvent, StartEvent


@dataclass(eq=False)
class Flow:
    """A sequence flow."""

    id: str
    source: FlowNode
    target: FlowNode
    condition: Expression | None = None


@dataclass
class Inside:
    """What a process or sub-process begins with."""

    starts: list[StartEvent] = field(default_factory=list)
    event_subprocesses: list[EventSubProcess] = field(default_factory=list)


class Process(BpmnProcessSpec):
    """One process of a diagram, ready to run: the library's process with elements of ours."""

    def __init__(self, process_id: str, file_name: str) -> None:
        super().__init__(name=process_id, filename=file_name)
        self.task_specs.clear()  # the library's own start and end, whose names an element may have
        self.inside = Inside()
        self.start = ProcessRoot(self)
        self.has_inclusive_joins = False


class FlowNode(BpmnSpecMixin):
    """
    An element that a token can stand at.

    Life of a token: it arrives (``_update``: attached events are armed), waits or is enqueued (``begin``), is
    carried out, and leaves along the flows taken. A condition on a flow that leaves a task counts, and
    several flows taken are several tokens.
    """

    joins_when_quiet = False  #: fires only when nothing else in the instance can move
    name: str
    bpmn_id: str

    def __init__(self, process: Process, element_id: str, name: str = "", *, inner: bool = False) -> None:
        super().__init__(process, f"{element_id} [child]" if inner else element_id, bpmn_name=name)
        self.bpmn_id = element_id
        self.outgoing: list[Flow] = []
        self.incoming: list[Flow] = []
        self.default: Flow | None = None
        self.boundaries: list[BoundaryEvent] = []

    # -- called by the library

    def _predict(self, my_task: Token, *_: Any, **__: Any) -> None:
        """Nothing lies ahead of a token: the library's prediction explodes on sequential parallel blocks."""

    def _update(self, my_task: Token) -> None:
        for boundary in self.boundaries:
            boundary.arm_at(my_task)
        self.begin(my_task)

    def _run_hook(self, my_task: Token) -> bool | None:
        self.carry_out(my_task)
        return True if my_task.is_alive else None

    def _on_complete(self, my_task: Token) -> None:
        if "index" in my_task.internal_data:
            body: Any = my_task.scope
            body.task_spec.round_done(body, my_task)
        else:
            self.move_on(my_task, self.flows_taken(my_task))

    # -- what elements differ in

    def begin(self, token: Token) -> None:
        """Wait for something, or ask to be carried out."""
        token.instance.enqueue(token)

    def carry_out(self, token: Token) -> None:
        """Do what the element is there for."""

    def flows_taken(self, token: Token) -> Sequence[Flow]:
        """Return the flows that get a token: all without condition, and all whose condition holds."""
        if self.default is None and all(flow.condition is None for flow in self.outgoing):
            return self.outgoing
        taken = [flow for flow in self.outgoing if flow is not self.default and self.holds(flow, token)]
        return taken or self.default_only()

    # -- moving on

    def holds(self, flow: Flow, token: Token) -> bool:
        """Say whether the flow has no condition, or a true one."""
        return flow.condition is None or token.instance.holds(flow.condition, token)

    def default_only(self) -> list[Flow]:
        """Return the default flow alone."""
        if self.default is None:
            raise ExpressionFailed(
                Text(
                    "没有一条流出的条件成立，也没有默认流。",
                    "No condition of an outgoing flow holds, and there is no default flow.",
                )
            )
        return [self.default]

    def move_on(self, token: Token, flows: Sequence[Flow]) -> None:
        """Take the token from here and put one on each flow; without a flow it ends here."""
        instance, scope = token.instance, token.scope
        assert scope is not None
        self.record(token)
        token.remove()
        for flow in flows:
            if flow.id:
                instance.advance.flows.append(flow.id)
                instance.advance.flow_processes.append(token.workflow.spec.name)
            if flow.target.is_join:
                instance.put(flow.target, scope, flow=flow.id)
            else:
                instance.put(flow.target, scope)
        if not flows:
            if token.workflow is instance and not isinstance(self, ScopeNode):
                instance.last_end = self.bpmn_id
            scope.task_spec.may_end(scope)

    def record(self, token: Token) -> None:
        """Note for the history that the element was completed."""
        advance = token.instance.advance
        advance.passed.append(self.bpmn_id)
        advance.processes.append(token.workflow.spec.name)

    @property
    def is_join(self) -> bool:
        """Whether tokens wait here for those of other flows."""
        return False

    @property
    def is_activity(self) -> bool:
        return True


class ScopeNode(FlowNode):
    """An element that holds tokens: the process itself, a sub-process, a multi-instance activity."""

    def open(self, token: Token, inside: Inside, start: StartEvent | None = None) -> None:
        """Arm the event sub-processes and put a token at the start event."""
        token._set_state(TaskState.STARTED)
        for event_subprocess in inside.event_subprocesses:
            if event_subprocess.start.waits:
                token.instance.put(event_subprocess.start, token, trigger=True)
        token.instance.put(start or inside.starts[0], token)

    def may_end(self, token: Token) -> None:
        """End the scope if no token is left in it."""
        children = token.inside
        if all(child.internal_data.get("trigger") for child in children):
            token.clear()
            self.end(token)

    def end(self, token: Token) -> None:
        """Go on behind the scope."""
        token.instance.enqueue(token)


class ProcessRoot(ScopeNode):
    """The process as a scope; its token is the root of the library's task tree."""

    def __init__(self, process: Process) -> None:
        super().__init__(process, "", process.name)
        self.bpmn_id = ""

    def handlers(self, token: Token) -> list[StartEvent]:
        """Return the start events of the process's event sub-processes."""
        return [each.start for each in token.workflow.spec.inside.event_subprocesses]

    def end(self, token: Token) -> None:
        """The instance has ended, or the call activity goes on."""
        running = token.workflow
        if isinstance(running, CalledProcess):
            running.top_workflow.enqueue(running.caller)
        else:
            running.ended_at = running.last_end
            token.remove()
