"""What stands in the cells of a decision table: kinds of values, and FEEL unary tests as functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from engine.bpmn import expressions, grammar
from engine.bpmn.expressions import Run, Scope
from engine.bpmn.functions import (
    PURE,
    clock_time,
    duration,
    exact,
    failed,
    number,
    same,
    shown,
)

Functions = Mapping[str, Callable[..., Any]]
Cell = Callable[[Scope], bool]

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


def convert(value: Any, kind: str, functions: Functions) -> Any:
    """
    Return a value of a stated kind; null stays null, a list is converted item by item.

    Raises:
        ExpressionFailed: it is of another kind and has no exact counterpart.
    """
    value = exact(value)
    if value is None or not kind:
        return value
    if isinstance(value, list | tuple):
        return [convert(item, kind, functions) for item in value]
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
