"""Rules of a decision table that overlap: several of them fit the same input."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from engine.bpmn import grammar
from engine.bpmn.decision_cells import Cell
from engine.bpmn.decisions import DecisionTable, Rule
from engine.bpmn.expressions import Scope
from engine.bpmn.functions import (
    MISHAPS,
    PURE,
)
from engine.errors import ExpressionFailed


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
