"""Tasks: of people, of rules, of scripts and of services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.bpmn import timers
from engine.bpmn.elements import FlowNode, Process
from engine.bpmn.events import raise_error
from engine.bpmn.expressions import Script, Template
from engine.bpmn.outcomes import Decided, ServiceCall
from engine.bpmn.tokens import Token
from engine.bpmn.variables import checked
from engine.errors import ExpressionFailed
from engine.texts import Text, same

#: The group of a task whose diagram names nobody: every employee may do it.
EVERYBODY = "*"


class BusinessError(Exception):
    """What a service raises to be caught by an error event of the diagram with this code."""

    def __init__(self, code: str, message: Text | None = None) -> None:
        self.code = code
        self.message = message or same(code)
        super().__init__(f"{code}: {self.message}")


class PassedTask(FlowNode):
    """A task without a type, or a manual task: nothing that the program could do or wait for."""


@dataclass(frozen=True)
class Assignment:
    """Who may do a user task, and until when: texts that may hold expressions."""

    candidate_groups: Template | None = None
    candidate_users: Template | None = None
    assignee: Template | None = None
    due: Template | None = None
    follow_up: Template | None = None
    priority: Template | None = None


class UserTask(FlowNode):
    """
    A task for a person.

    Who may do it and until when is computed once, as it opens, and kept with the token.
    """

    def __init__(
        self, process: Process, element_id: str, name: str, assignment: Assignment, *, inner: bool = False
    ) -> None:
        super().__init__(process, element_id, name, inner=inner)
        self.manual = True
        self.assignment = assignment

    def begin(self, token: Token) -> None:
        """Open the task; its token is ready, and waits for a person."""
        wanted = self.assignment
        opened: dict[str, Any] = {}
        opened["groups"] = _names(_value(wanted.candidate_groups, token), "candidateGroups")
        if wanted.candidate_groups is wanted.candidate_users is wanted.assignee is None:
            opened["groups"] = [EVERYBODY]
        opened["users"] = _names(_value(wanted.candidate_users, token), "candidateUsers")
        assignee = _names(_value(wanted.assignee, token), "assignee")
        opened["assignee"] = assignee[0] if assignee else None
        if not (opened["groups"] or opened["users"] or assignee):
            raise ExpressionFailed(
                Text(
                    "没有人可以做这项任务：写明谁来办理的表达式都是空值。",
                    "Nobody may do this task: the expressions that say who does it give nothing.",
                )
            )
        opened["due"] = _instant(wanted.due, token)
        opened["follow_up"] = _instant(wanted.follow_up, token)
        opened["priority"] = _priority(_value(wanted.priority, token))
        token.internal_data["task"] = {key: value for key, value in opened.items() if value not in (None, [])}


def _value(template: Template | None, token: Token) -> Any:
    if template is None:
        return None
    return template.evaluate(token.variables, token.instance.surroundings.functions)


def _names(value: Any, attribute: str) -> list[str]:
    if value is None:
        return []
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise ExpressionFailed(
            Text(
                "{attribute} 的值“{value}”不是名称。", "{attribute}: “{value}” is no name or list of names."
            ),
            attribute=attribute,
            value=value,
        )
    return [name.strip() for name in names if name.strip()]


def _instant(template: Template | None, token: Token) -> str | None:
    now, zone = token.instance.surroundings.now, token.instance.zone
    at: datetime | None = timers.instant(_value(template, token), now, zone, end_of_day=True)
    return None if at is None else at.isoformat()


def _priority(value: Any) -> int | None:
    if value is None or value == "":
        return None
    try:
        priority = int(value if not isinstance(value, str) else value.strip())
    except (TypeError, ValueError):
        priority = -1
    if not 0 <= priority <= 100 or isinstance(value, bool):
        raise ExpressionFailed(
            Text(
                "优先级“{value}”不是 0 到 100 的整数。",
                "The priority “{value}” is no whole number from 0 to 100.",
            ),
            value=value,
        )
    return priority


def _keep(token: Token, values: Mapping[str, Any]) -> None:
    """Give variables their values. Raises InvalidInput, ExpressionFailed: they cannot be kept."""
    kept = checked(values)
    token.instance.make_room(kept, token.variables)
    token.variables.update(kept)


class ScriptTask(FlowNode):
    """Lines ``name = expression``."""

    def __init__(
        self, process: Process, element_id: str, name: str, script: Script, *, inner: bool = False
    ) -> None:
        super().__init__(process, element_id, name, inner=inner)
        self.script = script

    def carry_out(self, token: Token) -> None:
        """Assign the variables."""
        assigned = self.script.run(token.variables, token.instance.surroundings.functions)
        _keep(token, assigned)


class BusinessRuleTask(FlowNode):
    """Asks a decision table, whose newest version counts."""

    def __init__(
        self,
        process: Process,
        element_id: str,
        name: str,
        decision: str,
        variable: str,
        mapping: str,
        *,
        inner: bool = False,
    ) -> None:
        super().__init__(process, element_id, name, inner=inner)
        self.decision = decision
        self.variable = variable
        self.mapping = mapping

    def carry_out(self, token: Token) -> None:
        """Ask, note the answer for the history, and take it over."""
        outcome = token.instance.surroundings.decide(self.decision, token.variables)
        token.instance.note_decision(
            Decided(self.bpmn_id, self.decision, outcome, token.workflow.spec.name, self.variable)
        )
        value = MAPPINGS[self.mapping](outcome.value) if outcome.value is not None else None
        if self.variable:
            _keep(token, {self.variable: value})
        elif isinstance(value, Mapping):
            _keep(token, value)
        elif value is None:
            raise ExpressionFailed(
                Text("决策表“{key}”没有适用的规则。", "No rule of the decision “{key}” applies."),
                key=self.decision,
            )
        else:
            raise ExpressionFailed(
                Text(
                    "决策表“{key}”的结果需要 resultVariable。",
                    "The answer of the decision “{key}” needs a resultVariable.",
                ),
                key=self.decision,
            )


def _single_entry(value: Any) -> Any:
    value = _single_result(value)
    if isinstance(value, Mapping):
        if len(value) != 1:
            raise ExpressionFailed(
                Text("singleEntry 只能用于一个输出。", "singleEntry needs exactly one output.")
            )
        return next(iter(value.values()))
    return value


def _single_result(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        if len(value) > 1:
            raise ExpressionFailed(Text("决策给出了多个结果。", "The decision gave more than one result."))
        return value[0] if value else None
    return value


def _result_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


MAPPINGS = {
    "": lambda value: value,
    "singleEntry": _single_entry,
    "singleResult": _single_result,
    "collectEntries": lambda value: [_single_entry(entry) for entry in _result_list(value)],
    "resultList": _result_list,
}


@dataclass(frozen=True)
class Parameters:
    """camunda:inputOutput: texts that may hold expressions; a list of them makes a list."""

    inputs: Mapping[str, Template | Sequence[Template]] = field(default_factory=dict)
    outputs: Mapping[str, Template | Sequence[Template]] = field(default_factory=dict)


class ServiceTask(FlowNode):
    """Calls a named service of the program."""

    def __init__(
        self,
        process: Process,
        element_id: str,
        name: str,
        topic: str,
        parameters: Parameters,
        *,
        inner: bool = False,
    ) -> None:
        super().__init__(process, element_id, name, inner=inner)
        self.topic = topic
        self.parameters = parameters

    def carry_out(self, token: Token) -> None:
        """Call the service and take over its results; a BusinessError goes to the diagram's error events."""
        surroundings, variables = token.instance.surroundings, token.variables
        service = surroundings.services.get(self.topic)
        if service is None:
            raise ExpressionFailed(
                Text("没有名为“{topic}”的服务。", "There is no service “{topic}”."), topic=self.topic
            )
        functions = surroundings.functions
        inputs = {name: _all(each, variables, functions) for name, each in self.parameters.inputs.items()}
        call = ServiceCall(self.topic, self.bpmn_id, inputs, dict(variables))
        try:
            results = dict(service(call) or {})
        except BusinessError as error:
            if not raise_error(token, "error", error.code, error.message):
                raise ExpressionFailed(
                    Text(
                        "没有任何事件处理错误“{code}”：{reason}",
                        "Nothing handles the error “{code}”: {reason}",
                    ),
                    code=error.code,
                    reason=error.message,
                ) from error
            return
        if self.parameters.outputs:
            seen = {**variables, **checked(results)}
            results = {name: _all(each, seen, functions) for name, each in self.parameters.outputs.items()}
        _keep(token, results)


def _all(wanted: Template | Sequence[Template], variables: Mapping[str, Any], functions: Any) -> Any:
    if isinstance(wanted, Template):
        return wanted.evaluate(variables, functions)
    return [each.evaluate(variables, functions) for each in wanted]
