"""DMN decision tables with FEEL unary tests."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from engine.bpmn import expressions, grammar, safe_xml
from engine.bpmn.drawing import properties
from engine.bpmn.expressions import Run, Scope
from engine.bpmn.functions import (
    MISHAPS,
    PURE,
    clock_time,
    duration,
    exact,
    failed,
    number,
    same,
    shown,
    total,
)
from engine.bpmn.grammar import InvalidExpression
from engine.bpmn.safe_xml import Element, attribute, child, children, line_of, local_name, text_in
from engine.errors import ExpressionFailed, Finding, InvalidDefinition
from engine.texts import Text

NAMESPACES = (
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
    "http://www.omg.org/spec/DMN/20180521/MODEL/",
    "https://www.omg.org/spec/DMN/20191111/MODEL/",
)
DEEPEST_REQUIREMENT = 30
MOST_RULES = 2000  # of one table
SINGLE_HIT = ("UNIQUE", "FIRST", "ANY", "PRIORITY")
SEVERAL_HITS = ("COLLECT", "RULE ORDER", "OUTPUT ORDER")
AGGREGATIONS = ("SUM", "MIN", "MAX", "COUNT")

Functions = Mapping[str, Callable[..., Any]]
Cell = Callable[[Scope], bool]


@dataclass(frozen=True)
class Result:
    """
    What a decision answered.

    ``value`` of a single-hit table is a dict of its outputs, or None where no rule fits; of COLLECT, RULE
    ORDER and OUTPUT ORDER a list of such dicts; of an aggregation a number (None where nothing was
    collected); of a literal expression a dict with one output. ``inputs`` are the variables looked at.
    ``rule_ids`` name the rules that fitted.
    """

    value: Any
    inputs: Mapping[str, Any]
    rule_ids: tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """An input of a table."""

    label: str
    text: str
    type: str
    run: Run
    node: grammar.Node


@dataclass(frozen=True)
class Output:
    """An output of a table; ``ranking`` are its allowed values, the most important first."""

    name: str
    type: str
    ranking: tuple[Any, ...] = ()
    otherwise: Run | None = None


@dataclass(frozen=True)
class Rule:
    """A row of a table; a cell that is None lets anything fit."""

    id: str
    row: int
    line: int | None
    tests: tuple[grammar.Tests, ...]
    cells: tuple[Cell | None, ...]
    outputs: tuple[Run | None, ...]


@dataclass(frozen=True)
class DecisionTable:
    """
    One decision of a DMN file with those it requires; shared, never changed.

    A variable that is missing counts as null; nothing is smaller or larger than null.
    """

    key: str
    name: Text
    line: int | None
    hit_policy: str
    aggregation: str | None
    columns: tuple[Column, ...]
    output_clauses: tuple[Output, ...]
    rules: tuple[Rule, ...]
    literal: Run | None
    variable: str  # the name under which other decisions of the file see its result
    required: tuple[DecisionTable, ...]
    types: Mapping[str, str]  # of the variables whose kind the file states
    used: frozenset[str]  # names in its own expressions
    documentation: Text = field(default=Text("", ""))

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of its outputs."""
        return tuple(output.name for output in self.output_clauses)

    @property
    def gives_list(self) -> bool:
        """Whether the value is a list."""
        return self.literal is None and self.hit_policy in SEVERAL_HITS and self.aggregation is None

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """The variables that it, or a decision it requires, looks at."""
        given = {name for other in self.required for name in (other.key, other.variable, *other.outputs)}
        return tuple(
            dict.fromkeys(
                itertools.chain.from_iterable(
                    [*(other.inputs for other in self.required), sorted(self.used - given)]
                )
            )
        )

    def evaluate(self, variables: Mapping[str, Any], functions: Functions) -> Result:
        """
        Decide.

        Raises:
            ExpressionFailed: an input is not of the kind that its column states, several rules fit where one
                may, or an expression cannot be computed; the message names the decision and the place.
        """
        known = _Known(variables)
        looked_at: dict[str, Any] = {}
        for name in self.inputs:
            if name in variables:
                known[name] = self._at(
                    Text(f"“{name}”", f"“{name}”"),
                    _convert,
                    variables[name],
                    self.types.get(name, ""),
                    functions,
                )
            looked_at[name] = known[name]
        value, rule_ids = self._answer(Scope(known, functions), {})
        return Result(value, looked_at, rule_ids)

    def _answer(self, scope: Scope, answered: dict[str, Any]) -> tuple[Any, tuple[str, ...]]:
        """Answer the required decisions first, each once; their results are variables of this one."""
        if self.required:
            scope = Scope(_Known(scope.variables), scope.functions)
            for other in self.required:
                if other.key not in answered:
                    answered[other.key] = other._answer(scope, answered)[0]
                value = answered[other.key]
                if isinstance(value, dict):
                    for name in other.outputs:
                        scope.variables.setdefault(name, value[name])  # type: ignore[attr-defined]
                scope.variables.update(  # type: ignore[attr-defined]
                    dict.fromkeys((other.key, other.variable), _bare(other, value))
                )
        if self.literal is not None:
            output = self.output_clauses[0]
            here = Text("表达式", "its expression")
            return {output.name: self._output(here, output, self.literal, scope)}, ()
        return self._decide(scope)

    def _decide(self, scope: Scope) -> tuple[Any, tuple[str, ...]]:
        values = [self._at(_column_place(column), _computed, column, scope) for column in self.columns]
        hits = [rule for rule in self.rules if self._fits(rule, values, scope)]
        if self.hit_policy == "FIRST":
            hits = hits[:1]
        if not hits:
            return self._without_hit(scope), ()
        if self.hit_policy == "UNIQUE" and len(hits) > 1:
            raise self._failed(
                failed(
                    "“唯一”命中策略下有多条规则同时符合：第 {rows} 行。",
                    "it is UNIQUE, but rules {rows} fit.",
                    rows=_rows(hits),
                )
            )
        ids = tuple(rule.id for rule in hits)
        if self.aggregation == "COUNT":
            return len(hits), ids
        found = [
            {
                output.name: self._output(_output_place(rule, output), output, run, scope)
                for output, run in zip(self.output_clauses, rule.outputs, strict=True)
            }
            for rule in hits
        ]
        if self.aggregation:
            return self._at(
                Text("汇总", "the total"), self._aggregate, [next(iter(one.values())) for one in found]
            ), ids
        if self.hit_policy == "ANY" and any(not _same_record(found[0], one) for one in found):
            raise self._failed(
                failed(
                    "“任意”命中策略下，第 {rows} 行都符合但结果不同。",
                    "it is ANY, but rules {rows} fit with different outputs.",
                    rows=_rows(hits),
                )
            )
        if self.hit_policy in ("PRIORITY", "OUTPUT ORDER"):
            order = sorted(range(len(found)), key=lambda place: self._rank(found[place], hits[place]))
            found, ids = [found[place] for place in order], tuple(ids[place] for place in order)
        if self.hit_policy in SINGLE_HIT:
            return found[0], ids[:1] if self.hit_policy == "PRIORITY" else ids
        return found, ids

    def _fits(self, rule: Rule, values: Sequence[Any], scope: Scope) -> bool:
        for place, cell in enumerate(rule.cells):
            if cell is None:
                continue
            scope.input = values[place]
            try:
                if not cell(scope):
                    return False
            except (ExpressionFailed, *MISHAPS) as error:
                place_of = Text("第 {row} 行“{label}”", "rule {row}, column “{label}”").format(
                    row=rule.row, label=self.columns[place].label
                )
                raise self._failed(error, place_of) from error
        return True

    def _output(self, place: Text, output: Output, run: Run | None, scope: Scope) -> Any:
        if run is None:
            return None
        return self._at(place, lambda: _convert(run(scope), output.type, scope.functions))

    def _without_hit(self, scope: Scope) -> Any:
        if self.aggregation:
            return 0 if self.aggregation == "COUNT" else None
        if any(output.otherwise for output in self.output_clauses):
            default = {
                output.name: self._output(
                    Text("默认输出", "the default output"), output, output.otherwise, scope
                )
                for output in self.output_clauses
            }
            return [default] if self.gives_list else default
        return [] if self.gives_list else None

    def _rank(self, outputs: Mapping[str, Any], rule: Rule) -> tuple[int, ...]:
        ranks = []
        for output in self.output_clauses:
            if output.ranking:
                place = next(
                    (at for at, value in enumerate(output.ranking) if same(value, outputs[output.name])), None
                )
                if place is None:
                    raise self._failed(
                        failed(
                            "输出“{value}”不在优先级列表中。",
                            "the output “{value}” has no priority.",
                            value=shown(outputs[output.name]),
                        ),
                        _output_place(rule, output),
                    )
                ranks.append(place)
        return tuple(ranks)

    def _aggregate(self, values: list[Any]) -> Any:
        values = [value for value in values if value is not None]
        if not values:
            return None
        if self.aggregation == "SUM":
            return total(values)
        return PURE["min" if self.aggregation == "MIN" else "max"](values)

    def _at(self, place: Text, compute: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return compute(*arguments)
        except (ExpressionFailed, *MISHAPS) as error:
            raise self._failed(error, place) from error

    def _failed(self, error: Exception, place: Text | None = None) -> ExpressionFailed:
        reason = (
            error.message
            if isinstance(error, ExpressionFailed)
            else Text("值的类型不合适", "the values do not fit")
        )
        if place is not None:
            reason = Text("{place}:{reason}", "{place}: {reason}").format(place=place, reason=reason)
        return ExpressionFailed(
            Text("决策“{name}”({key}):{reason}", "Decision “{name}” ({key}): {reason}"),
            name=self.name,
            key=self.key,
            reason=reason,
        )


class _Known(dict[str, Any]):
    """Variables; one that is missing is null."""

    def __missing__(self, name: str) -> None:
        return None


def _column_place(column: Column) -> Text:
    return Text("输入“{label}”", "input “{label}”").format(label=column.label)


def _output_place(rule: Rule, output: Output) -> Text:
    return Text("第 {row} 行输出“{name}”", "rule {row}, output “{name}”").format(
        row=rule.row, name=output.name
    )


def _rows(rules: Iterable[Rule]) -> str:
    return ", ".join(str(rule.row) for rule in rules)


def _computed(column: Column, scope: Scope) -> Any:
    return _convert(exact(column.run(scope)), column.type, scope.functions)


def _same_record(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    return all(same(left[name], right[name]) for name in left)


def _bare(decision: DecisionTable, value: Any) -> Any:
    """Return a result as another decision sees it: the value itself where there is only one output."""
    if len(decision.output_clauses) != 1:
        return value
    name = decision.output_clauses[0].name
    if isinstance(value, dict):
        return value[name]
    return [one[name] for one in value] if isinstance(value, list) else value


# -- kinds of values

_WHOLE = ("integer", "long", "short", "byte")
_KINDS = {
    "number": "number",
    "double": "number",
    "float": "number",
    "decimal": "number",
    "bigdecimal": "number",
    **dict.fromkeys(_WHOLE, "integer"),
    "string": "string",
    "boolean": "boolean",
    "date": "date",
    "time": "time",
    "datetime": "instant",
    "date and time": "instant",
    "dateandtime": "instant",
    "daytimeduration": "duration",
    "days and time duration": "duration",
    "dayTimeDuration": "duration",
}


def kind_of(type_ref: str | None) -> str:
    """Return ``number``, ``integer``, ``string`` …, or "" where the type is not one of DMN's simple ones."""
    plain = (type_ref or "").rpartition(":")[2].strip().lower()
    return _KINDS.get(plain, "")


def _convert(value: Any, kind: str, functions: Functions) -> Any:
    """
    Return a value of a stated kind; null stays null, a list is converted item by item.

    Raises:
        ExpressionFailed: it is of another kind and has no exact counterpart.
    """
    value = exact(value)
    if value is None or not kind:
        return value
    if isinstance(value, list | tuple):
        return [_convert(item, kind, functions) for item in value]
    return _CONVERSIONS[kind](value, functions)


def _number(value: Any, functions: Functions) -> Any:
    return number(value)


def _integer(value: Any, functions: Functions) -> int:
    found = number(value)
    if found != int(found):
        raise failed("“{value}”不是整数。", "“{value}” is not a whole number.", value=shown(value))
    return int(found)


def _string(value: Any, functions: Functions) -> str:
    if isinstance(value, str):
        return value
    raise failed("“{value}”不是文字。", "“{value}” is not a text.", value=shown(value))


def _boolean(value: Any, functions: Functions) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise failed("“{value}”不是 true 或 false。", "“{value}” is neither true nor false.", value=shown(value))


def _date(value: Any, functions: Functions) -> date:
    found: date = functions.get("date", PURE["date"])(value)
    return found


def _instant(value: Any, functions: Functions) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    if "instant" not in functions:
        raise failed(
            "“{value}”不是带时区的时刻。", "“{value}” is not an instant with a zone.", value=shown(value)
        )
    found: datetime = functions["instant"](value)
    return found


def _time(value: Any, functions: Functions) -> time:
    return clock_time(value)


def _duration(value: Any, functions: Functions) -> timedelta:
    return duration(value)


_CONVERSIONS: Mapping[str, Callable[[Any, Functions], Any]] = {
    "number": _number,
    "integer": _integer,
    "string": _string,
    "boolean": _boolean,
    "date": _date,
    "instant": _instant,
    "time": _time,
    "duration": _duration,
}


# -- cells


def compile_cell(tests: grammar.Tests, kind: str = "") -> Cell | None:
    """Turn a cell into a function of a scope whose ``input`` is the column's value; None: anything fits."""
    if not tests.tests:
        return None
    cells = [_compile_test(test, kind) for test in tests.tests]
    if not tests.negated:
        return cells[0] if len(cells) == 1 else lambda scope: any(cell(scope) for cell in cells)
    ordered = any(
        test.operator in ("<", "<=", ">", ">=") or isinstance(test.value, grammar.Range)
        for test in tests.tests
    )

    def none_fits(scope: Scope) -> bool:
        if ordered and scope.input is None:
            return False
        return not any(cell(scope) for cell in cells)

    return none_fits


def _compile_test(test: grammar.Test, kind: str) -> Cell:
    quiet = expressions.quiet_comparisons
    if test.operator == "true":
        return _condition(expressions.bind(test.value, quiet))
    if test.operator == "equals or in":
        value = expressions.bind(test.value, quiet)
        is_condition = kind != "boolean" and isinstance(
            test.value, grammar.Call | grammar.Comparison | grammar.Logic | grammar.Sign
        )
        return _equality(value, is_condition=is_condition)
    # The left side of a comparison is the column's value.
    node = grammar.Comparison(test.offset, grammar.Input(test.offset), ((test.operator, test.value),))
    run = expressions.bind(node, quiet)
    return lambda scope: bool(run(scope))


def _condition(run: Run) -> Cell:
    def holds(scope: Scope) -> bool:
        answer = run(scope)
        if answer is None or isinstance(answer, bool):
            return bool(answer)
        raise failed(
            "条件的结果是“{value}”，应为 true 或 false。",
            "the condition gives “{value}”, neither true nor false.",
            value=shown(answer),
        )

    return holds


def _equality(run: Run, *, is_condition: bool) -> Cell:
    def equal(scope: Scope) -> bool:
        value = run(scope)
        if is_condition and isinstance(value, bool) and not isinstance(scope.input, bool):
            return value
        if isinstance(value, list) and not isinstance(scope.input, list):
            return any(same(scope.input, item) for item in value)
        return same(scope.input, value)

    return equal


# -- reading


# What can be wrong with a file: the message, and what to do instead.
_WRONG: Mapping[str, tuple[Text, Text]] = {
    "bad-expression": (
        Text("{where}“{text}”写得不对。{reason}", "{where}“{text}” is not understood. {reason}"),
        Text("按表达式说明改写这一格。", "Rewrite it as the page on expressions says."),
    ),
    "not-dmn": (
        Text("这不是 DMN 1.1–1.3 决策文件。", "This is not a DMN 1.1 to 1.3 decision file."),
        Text(
            "请用 Camunda 7 类建模工具保存 .dmn 文件。",
            "Save a .dmn file with a modeller of the Camunda 7 kind.",
        ),
    ),
    "no-decision": (
        Text("文件里没有决策。", "The file holds no decision."),
        Text("至少画一个决策表。", "Draw at least one decision table."),
    ),
    "duplicate-id": (
        Text("标识“{id}”出现了多次。", "The id “{id}” occurs more than once."),
        Text("给每个元素不同的标识。", "Give every element an id of its own."),
    ),
    "unsupported-dmn": (
        Text(
            "不支持业务知识模型和决策服务。",
            "Business knowledge models and decision services are not supported.",
        ),
        Text("请把内容写成单独的决策。", "Write its content as a decision of its own."),
    ),
    "missing-id": (
        Text("决策没有标识。", "A decision has no id."),
        Text("在建模工具里填写标识。", "Enter its id in the modeller."),
    ),
    "no-output": (
        Text("决策表没有输出列。", "The table has no output."),
        Text("加一个输出列。", "Add an output column."),
    ),
    "too-many-rules": (
        Text("决策表有 {count} 条规则，最多 {most} 条。", "The table has {count} rules; {most} at most."),
        Text(
            "分成几个决策表，或改用台账。", "Divide it into several tables, or keep the data in a register."
        ),
    ),
    "empty-table": (
        Text("决策表没有规则。", "The table has no rules."),
        Text("至少写一行规则。", "Write at least one rule."),
    ),
    "duplicate-output": (
        Text("有两个输出都叫“{name}”。", "Two outputs are called “{name}”."),
        Text("给它们不同的名称。", "Give them different names."),
    ),
    "unsupported-hit-policy": (
        Text("不支持命中策略“{policy}”。", "The hit policy “{policy}” is not supported."),
        Text("可用：{all}。", "Use one of {all}."),
    ),
    "unsupported-aggregation": (
        Text("汇总方式“{how}”不能用于“{policy}”。", "The aggregation “{how}” does not go with {policy}."),
        Text("只有 COLLECT 可以用 SUM、MIN、MAX、COUNT 汇总。", "Only COLLECT takes SUM, MIN, MAX or COUNT."),
    ),
    "no-priorities": (
        Text(
            "“{policy}”需要输出列列出按优先级排列的值。",
            "{policy} needs an output column that lists its values by priority.",
        ),
        Text(
            "在输出列里填写允许的值，最重要的在前；或改用 FIRST。",
            "List the allowed values of the output, the most important first; or use FIRST.",
        ),
    ),
    "unsupported-language": (
        Text("不支持表达式语言“{language}”。", "The expression language “{language}” is not supported."),
        Text("请改成 FEEL。", "Choose FEEL."),
    ),
    "no-input-expression": (
        Text(
            "第 {place} 个输入列没有写看哪个变量。", "Input {place} does not say which variable it looks at."
        ),
        Text("在列头填写变量名或表达式。", "Enter a variable or an expression in its head."),
    ),
    "bad-output-name": (
        Text(
            "第 {place} 个输出列的名称“{name}”不能作变量名。",
            "Output {place} is named “{name}”, which cannot be a variable.",
        ),
        Text("只用字母、数字和下划线，以字母开头。", "Use letters, digits and underscores, a letter first."),
    ),
    "wrong-number-of-cells": (
        Text("第 {row} 行的格子数与列数不符。", "Rule {row} has another number of cells than the table."),
        Text("请在建模工具里重新保存这个表。", "Save the table in the modeller again."),
    ),
    "output-of-another-kind": (
        Text(
            "第 {row} 行的输出 {value} 与该列的类型({kind})不符。",
            "Rule {row}: the output {value} is not of the column's kind ({kind}).",
        ),
        Text(
            '文字要加双引号，数字不加，日期写 date("2026-03-01");或改列的类型。',
            'Texts stand in double quotes, numbers without, dates as date("2026-03-01"); '
            "or change the column's type.",
        ),
    ),
    "requirements-too-deep": (
        Text("决策之间的依赖超过 {most} 层。", "Decisions require each other over more than {most} levels."),
        Text("合并一些决策。", "Put some of them together."),
    ),
    "circular-decision": (
        Text("决策“{key}”绕一圈又需要它自己。", "The decision “{key}” requires itself in the end."),
        Text("删去其中一条连线。", "Remove one of the connections."),
    ),
    "no-decision-logic": (
        Text("决策里没有决策表，也没有表达式。", "The decision holds neither a table nor an expression."),
        Text("在建模工具里给它一个决策表。", "Give it a decision table in the modeller."),
    ),
    "aggregation-of-several": (
        Text("有多个输出时不能用 {how} 汇总。", "{how} cannot add up several outputs."),
        Text("拆成几个决策表，每个一个输出。", "Split the table: one output each."),
    ),
    "cell-of-another-kind": (
        Text(
            "第 {row} 行“{label}”：{value} 与该列的类型({kind})不符，永远不会命中。",
            "Rule {row}, column “{label}”: {value} is not of the column's kind ({kind}) and never fits.",
        ),
        Text(
            '文字要加双引号，数字不加，日期写 date("2026-03-01");或改列的类型。',
            'Texts stand in double quotes, numbers without, dates as date("2026-03-01"); '
            "or change the column's type.",
        ),
    ),
    "unknown-decision": (
        Text("所需的决策“{key}”不在本文件中。", "The required decision “{key}” is not in this file."),
        Text("把它画在同一个文件里。", "Draw it in the same file."),
    ),
}


class _Findings:
    def __init__(self, file_name: str) -> None:
        self.file_name = file_name
        self.found: list[Finding] = []

    def add(self, code: str, element: Element, **values: object) -> None:
        message, hint = _WRONG[code]
        self.found.append(
            Finding(
                "error",
                code,
                message.format(**values),
                hint.format(**values),
                file=self.file_name,
                element_id=element.get("id"),
                element_name=element.get("name") or element.get("label"),
                line=line_of(element),
            )
        )


def read(source: bytes | str, file_name: str = "") -> list[DecisionTable]:
    """
    Read every decision of a DMN 1.1–1.3 file.

    Raises:
        InvalidDefinition: with all that is wrong.
    """
    decisions, findings = examine(source, file_name)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise InvalidDefinition(findings)
    return decisions


def examine(source: bytes | str, file_name: str = "") -> tuple[list[DecisionTable], list[Finding]]:
    """Return the decisions that could be read, and all that is wrong or doubtful about the file."""
    try:
        root = safe_xml.read(source, file_name)
    except InvalidDefinition as error:
        return [], list(error.findings)
    return _File(root, file_name).read()


class _File:
    def __init__(self, root: Element, file_name: str) -> None:
        self.root = root
        self.findings = _Findings(file_name)
        self.nodes = {node.get("id", ""): node for node in children(root, "decision")}
        self.types = {
            name: kind
            for data in children(root, "inputData")
            if (variable := child(data, "variable")) is not None
            if (name := variable.get("name", "")) and (kind := kind_of(variable.get("typeRef")))
        }
        self.done: dict[str, DecisionTable | None] = {}

    def read(self) -> tuple[list[DecisionTable], list[Finding]]:
        namespace = str(self.root.tag).partition("}")[0].strip("{")
        if local_name(self.root) != "definitions" or namespace not in NAMESPACES:
            self.findings.add("not-dmn", self.root)
            return [], self.findings.found
        if not self.nodes:
            self.findings.add("no-decision", self.root)
        ids = [one for element in self.root.iter() if (one := element.get("id"))]
        for repeated in sorted({one for one, count in Counter(ids).items() if count > 1}):
            element = next(element for element in self.root.iter() if element.get("id") == repeated)
            self.findings.add("duplicate-id", element, id=repeated)
        for unsupported in children(self.root, "businessKnowledgeModel", "decisionService"):
            self.findings.add("unsupported-dmn", unsupported)
        read = [self.decision(node, ()) for node in self.nodes.values()]
        return [decision for decision in read if decision is not None], self.findings.found

    def decision(self, node: Element, path: tuple[str, ...]) -> DecisionTable | None:
        key = node.get("id", "")
        if key in self.done:
            return self.done[key]
        required = self.required(node, (*path, key))
        self.done[key] = found = _Reader(node, self.findings, self.types, required).read()
        return found

    def required(self, node: Element, path: tuple[str, ...]) -> tuple[DecisionTable, ...]:
        found: list[DecisionTable] = []
        for requirement in children(node, "informationRequirement"):
            reference = child(requirement, "requiredDecision")
            if reference is None:
                continue
            key = reference.get("href", "").removeprefix("#")
            if len(path) > DEEPEST_REQUIREMENT:
                self.findings.add("requirements-too-deep", node, most=DEEPEST_REQUIREMENT)
            elif key in path:
                self.findings.add("circular-decision", node, key=key)
            elif key not in self.nodes:
                self.findings.add("unknown-decision", node, key=key)
            elif other := self.decision(self.nodes[key], path):
                found.append(other)
        return tuple(found)


class _Reader:
    """Reads one decision."""

    def __init__(
        self,
        node: Element,
        findings: _Findings,
        types: Mapping[str, str],
        required: tuple[DecisionTable, ...],
    ) -> None:
        self.node = node
        self.findings = findings
        self.types = dict(types)
        self.required = required
        self.used: set[str] = set()
        self.failed = False

    def wrong(self, code: str, element: Element, **values: object) -> None:
        self.failed = True
        self.findings.add(code, element, **values)

    def read(self) -> DecisionTable | None:
        key = self.node.get("id") or ""
        if not key:
            self.wrong("missing-id", self.node)
        table, literal = child(self.node, "decisionTable"), child(self.node, "literalExpression")
        if table is not None:
            found = self.table(table)
        elif literal is not None:
            found = self.literal(literal)
        else:
            self.wrong("no-decision-logic", self.node)
            return None
        return None if self.failed else found

    def made(self, **parts: Any) -> DecisionTable:
        variable = child(self.node, "variable")
        types = {name: kind for other in self.required for name, kind in other.types.items()} | self.types
        own = properties(self.node)
        name = self.node.get("name") or attribute(self.node, "id")
        documentation = text_in(child(self.node, "description"))
        given: dict[str, Any] = {
            "hit_policy": "UNIQUE",
            "aggregation": None,
            "columns": (),
            "rules": (),
            "literal": None,
        }
        return DecisionTable(
            key=attribute(self.node, "id"),
            name=Text(name, own.get("labelEn") or name),
            line=line_of(self.node),
            variable=attribute(variable, "name") or attribute(self.node, "id"),
            required=self.required,
            types=types,
            used=frozenset(self.used),
            documentation=Text(documentation, own.get("documentationEn") or documentation),
            **{**given, **parts},
        )

    def literal(self, literal: Element) -> DecisionTable:
        self.language(literal)
        variable = child(self.node, "variable")
        name = attribute(variable, "name") or attribute(self.node, "id")
        kind = kind_of(attribute(variable, "typeRef") or attribute(literal, "typeRef"))
        run = self.expression(literal, text_in(child(literal, "text")))
        return self.made(literal=run, output_clauses=(Output(name, kind),))

    def table(self, table: Element) -> DecisionTable:
        policy = table.get("hitPolicy") or "UNIQUE"
        aggregation = table.get("aggregation") or None
        columns = tuple(
            self.column(place, clause) for place, clause in enumerate(children(table, "input"), 1)
        )
        clauses = list(children(table, "output"))
        outputs = tuple(self.output(place, clause, len(clauses)) for place, clause in enumerate(clauses, 1))
        rows = list(children(table, "rule"))
        if len(rows) > MOST_RULES:
            self.wrong("too-many-rules", table, count=len(rows), most=MOST_RULES)
            rows = rows[:1]
        rules = tuple(self.rule(number, row, columns, outputs) for number, row in enumerate(rows, 1))
        self.policy(table, policy, aggregation, outputs)
        if not clauses:
            self.wrong("no-output", table)
        if not rules:
            self.wrong("empty-table", table)
        names = [output.name for output in outputs]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.wrong("duplicate-output", table, name=name)
        return self.made(
            hit_policy=policy, aggregation=aggregation, columns=columns, output_clauses=outputs, rules=rules
        )

    def policy(self, table: Element, policy: str, aggregation: str | None, outputs: Sequence[Output]) -> None:
        if policy not in (*SINGLE_HIT, *SEVERAL_HITS):
            self.wrong(
                "unsupported-hit-policy", table, policy=policy, all=", ".join((*SINGLE_HIT, *SEVERAL_HITS))
            )
        if aggregation and (policy != "COLLECT" or aggregation not in AGGREGATIONS):
            self.wrong("unsupported-aggregation", table, how=aggregation, policy=policy)
        elif aggregation and aggregation != "COUNT" and len(outputs) > 1:
            self.wrong("aggregation-of-several", table, how=aggregation)
        if policy in ("PRIORITY", "OUTPUT ORDER") and not any(output.ranking for output in outputs):
            self.wrong("no-priorities", table, policy=policy)

    def language(self, element: Element) -> None:
        language = (element.get("expressionLanguage") or "").lower()
        if language and "feel" not in language and language != "juel":
            self.wrong("unsupported-language", element, language=language)

    def column(self, place: int, clause: Element) -> Column:
        inside = child(clause, "inputExpression")
        label = clause.get("label") or text_in(inside) or str(place)
        kind = ""
        node: grammar.Node = grammar.Constant(0, None)
        run: Run | None = None
        text = text_in(child(inside, "text")) if inside is not None else ""
        if inside is not None:
            self.language(inside)
            kind = kind_of(inside.get("typeRef"))
            run = self.expression(inside, text)
            if run is not None:
                node = expressions.compile(text).node
                if isinstance(node, grammar.Name) and kind:
                    self.types.setdefault(node.name, kind)
        else:
            self.wrong("no-input-expression", clause, place=place)
        return Column(label, text, kind, run or (lambda scope: None), node)

    def output(self, place: int, clause: Element, how_many: int) -> Output:
        name = clause.get("name") or ""
        if not name and how_many == 1:
            name = self.node.get("id") or ""
        if not name.isidentifier() or name.startswith("_") or name in (*grammar.WORDS, "typename"):
            self.wrong("bad-output-name", clause, place=place, name=name)
        kind = kind_of(clause.get("typeRef"))
        values = child(clause, "outputValues")
        ranking: list[Any] = []
        for test in self.tests(clause, text_in(child(values, "text"))).tests if values is not None else ():
            if test.operator == "equals or in" and isinstance(test.value, grammar.Constant):
                ranking.append(test.value.value)
        default = child(clause, "defaultOutputEntry")
        otherwise = self.entry(default, kind) if default is not None else None
        return Output(name, kind, tuple(ranking), otherwise)

    def rule(self, row: int, rule: Element, columns: Sequence[Column], outputs: Sequence[Output]) -> Rule:
        ins, outs = list(children(rule, "inputEntry")), list(children(rule, "outputEntry"))
        if len(ins) != len(columns) or len(outs) != len(outputs):
            self.wrong("wrong-number-of-cells", rule, row=row)
            return Rule(rule.get("id", f"#{row}"), row, line_of(rule), (), (), ())
        tests = tuple(self.cell(row, entry, column) for entry, column in zip(ins, columns, strict=True))
        return Rule(
            id=rule.get("id") or f"#{row}",
            row=row,
            line=line_of(rule),
            tests=tests,
            cells=tuple(compile_cell(each, column.type) for each, column in zip(tests, columns, strict=True)),
            outputs=tuple(
                self.entry(entry, output.type, row) for entry, output in zip(outs, outputs, strict=True)
            ),
        )

    def cell(self, row: int, entry: Element, column: Column) -> grammar.Tests:
        self.language(entry)
        tests = self.tests(entry, text_in(child(entry, "text")), row, column.label)
        for test in tests.tests:
            if isinstance(test.value, grammar.Constant) and not _goes_with(test.value.value, column.type):
                self.wrong(
                    "cell-of-another-kind",
                    entry,
                    row=row,
                    label=column.label,
                    value=shown(test.value.value),
                    kind=column.type,
                )
        return tests

    def tests(self, entry: Element, text: str, row: int | None = None, label: str = "") -> grammar.Tests:
        try:
            tests = grammar.parse_tests(text)
            for test in tests.tests:
                expressions.require_known_functions(test.value)
                self.note_names(test.value)
        except InvalidExpression as error:
            self.bad_expression(entry, text, error, row, label)
            return grammar.Tests(0, ())
        return tests

    def expression(self, element: Element, text: str, row: int | None = None) -> Run | None:
        try:
            node = expressions.compile(text).node
        except InvalidExpression as error:
            self.bad_expression(element, text, error, row)
            return None
        self.note_names(node)
        return expressions.bind(node, expressions.quiet_comparisons)

    def entry(self, entry: Element, kind: str, row: int | None = None) -> Run | None:
        self.language(entry)
        text = text_in(child(entry, "text"))
        if not text:
            return None
        run = self.expression(entry, text, row)
        node = expressions.compile(text).node if run is not None else None
        if isinstance(node, grammar.Constant) and not _goes_with(node.value, kind):
            self.wrong("output-of-another-kind", entry, row=row or "", value=shown(node.value), kind=kind)
        return run

    def note_names(self, node: grammar.Node) -> None:
        needed, asked = expressions.names_in(node)
        self.used |= needed | asked

    def bad_expression(
        self, element: Element, text: str, error: InvalidExpression, row: int | None = None, label: str = ""
    ) -> None:
        where = Text("", "")
        if row is not None:
            where = Text("第 {row} 行 {label}：", "Rule {row} {label}: ").format(row=row, label=label)
        self.wrong("bad-expression", element, where=where, text=text[:80], reason=error.message)


def _goes_with(value: Any, kind: str) -> bool:
    """Whether a written value can be of a column's kind."""
    if value is None or not kind:
        return True
    if kind in ("number", "integer"):
        return type(value) in (int, Decimal) and (kind == "number" or value == int(value))
    if kind in ("string", "boolean"):
        return isinstance(value, str if kind == "string" else bool)
    return False  # dates, times and spans are written as functions


# -- rules that overlap


def overlaps(decision: DecisionTable) -> list[tuple[Rule, Rule]]:
    """
    Return the pairs of rules that certainly fit together for some input.

    Cells with variables or functions are not judged: a pair with such a cell is left out.
    """
    return [
        (first, second)
        for first, second in itertools.islice(itertools.combinations(decision.rules, 2), 50_000)
        if first.cells
        and second.cells
        and all(map(_meet, first.tests, second.tests, first.cells, second.cells))
    ]


def _meet(first: grammar.Tests, second: grammar.Tests, one: Cell | None, other: Cell | None) -> bool:
    if one is None or other is None:
        return True
    written = [*_written(first), *_written(second)]
    if len(written) > 60 or any(value is _UNWRITTEN for value in written):
        return False
    scope = Scope({}, PURE)
    for value in _candidates(written):
        scope.input = value
        try:
            if one(scope) and other(scope):
                return True
        except (ExpressionFailed, *MISHAPS):
            return False
    return False


_UNWRITTEN = object()


def _written(tests: grammar.Tests) -> list[Any]:
    found: list[Any] = []
    for test in tests.tests:
        for node in grammar.walk(test.value):
            if isinstance(node, grammar.Constant):
                found.append(node.value)
            elif isinstance(node, grammar.Call) and node.function == "date" and len(node.arguments) == 1:
                text = node.arguments[0]
                usable = isinstance(text, grammar.Constant) and isinstance(text.value, str)
                found.append(PURE["date"](text.value) if usable else _UNWRITTEN)  # type: ignore[attr-defined]
            elif not isinstance(node, grammar.Range | grammar.ListOf):
                found.append(_UNWRITTEN)
    return found


def _candidates(written: list[Any]) -> list[Any]:
    """Return values that stand for all: those written, one between each two, one beyond either end."""
    dates = sorted({value for value in written if type(value) is date})
    if dates:
        one = timedelta(days=1)
        return [*dates, *(day + one for day in dates), *(day - one for day in dates)]
    numbers = sorted({Decimal(value) for value in written if type(value) in (int, Decimal)})
    between = [(low + high) / 2 for low, high in itertools.pairwise(numbers)]
    ends = [numbers[0] - 1, numbers[-1] + 1] if numbers else []
    texts = [value for value in written if isinstance(value, str)]
    if texts:
        texts.append("\0another")
    truths = [True, False] if any(isinstance(value, bool) for value in written) else []
    return [*numbers, *between, *ends, *texts, *truths]
