"""DMN decision tables: what they are, and what they answer."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from engine.bpmn import grammar
from engine.bpmn.decision_cells import Cell, Functions, convert
from engine.bpmn.expressions import Run, Scope
from engine.bpmn.functions import (
    MISHAPS,
    PURE,
    exact,
    failed,
    same,
    shown,
    total,
)
from engine.errors import ExpressionFailed
from engine.texts import Text

SINGLE_HIT = ("UNIQUE", "FIRST", "ANY", "PRIORITY")
SEVERAL_HITS = ("COLLECT", "RULE ORDER", "OUTPUT ORDER")
AGGREGATIONS = ("SUM", "MIN", "MAX", "COUNT")


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
class Naming:
    """How people call a variable and its codes; ``source``: who else knows these, such as ``groups``."""

    label: Text
    codes: Mapping[str, Text] = field(default_factory=dict)
    source: str = ""
    is_amount: bool = False  # yuan, shown to the fen


@dataclass(frozen=True)
class Column:
    """An input of a table."""

    label: Text
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
    documentation: Text = field(default=Text("", ""))


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
    namings: Mapping[str, Naming] = field(default_factory=dict)  # of the variables it looks at and answers

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
                    convert,
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
        return self._at(place, lambda: convert(run(scope), output.type, scope.functions))

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
            reason = Text("{place}：{reason}", "{place}: {reason}").format(place=place, reason=reason)
        return ExpressionFailed(
            Text("决策“{name}”（{key}）：{reason}", "Decision “{name}” ({key}): {reason}"),
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
    return convert(exact(column.run(scope)), column.type, scope.functions)


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
