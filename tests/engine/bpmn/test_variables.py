"""What an instance may hold, and how it is stored."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.bpmn.variables import LocalScope, checked, from_json, to_json
from engine.errors import InvalidInput

PLAIN = (
    some.none()
    | some.booleans()
    | some.integers()
    | some.text(some.characters(exclude_categories=["Cs"]))
    | some.decimals(allow_nan=False, allow_infinity=False)
    | some.dates()
    | some.times()
    | some.datetimes(datetime(1900, 1, 1), datetime(2200, 12, 31), timezones=some.just(UTC))  # noqa: DTZ001
    | some.timedeltas()
)
NAMES = some.text(some.characters(exclude_categories=["Cs"])).filter(lambda name: name != "typename")
VALUES = some.recursive(
    PLAIN, lambda inner: some.lists(inner) | some.dictionaries(NAMES, inner), max_leaves=8
)


def kinds(value):
    if isinstance(value, dict):
        return {name: kinds(item) for name, item in value.items()}
    if isinstance(value, list):
        return [kinds(item) for item in value]
    return type(value), str(value)


@given(some.dictionaries(NAMES, VALUES))
def test_values_are_stored_with_their_types(values):
    assert kinds(from_json(to_json(checked(values)))) == kinds(values)


def test_what_is_accepted_is_a_copy():
    given_list = [1, [2]]

    held = checked({"list": given_list})
    given_list[1].append(3)

    assert held == {"list": [1, [2]]}


def test_floats_become_exact_and_sets_become_lists():
    assert checked({"a": 0.1, "b": {"y", "x"}, "c": (1, 2)}) == {
        "a": Decimal("0.1"),
        "b": ["x", "y"],
        "c": [1, 2],
    }


def nested(levels):
    value = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        float("inf"),
        Decimal("NaN"),
        {"typename": "decimal", "value": "1"},
        [{"typename": 1}],
        object(),
        b"raw",
        datetime(2026, 1, 1),  # noqa: DTZ001 -- without a zone on purpose
        datetime(9999, 12, 31, 23, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        nested(50),
        nested(500),
        "\ud800",
        {"\ud800": 1},
    ],
)
def test_what_cannot_be_stored_is_refused(value):
    with pytest.raises(InvalidInput):
        checked({"v": value})


def test_a_sealed_scope_keeps_what_is_written_and_an_open_one_passes_it_on():
    outer = {"a": 1, "b": 2}
    sealed = LocalScope({"item": "x"}, outer, sealed=True)
    open_ = LocalScope({"item": "y"}, outer, sealed=False)

    sealed["a"] = 10
    open_["b"] = 20
    open_["item"] = "z"

    assert outer == {"a": 1, "b": 20}
    assert dict(sealed) == {"item": "x", "a": 10, "b": 20}
    assert (open_["item"], "item" in outer, len(open_), sealed.get("none")) == ("z", False, 3, None)


def test_spans_days_and_times_come_back():
    values = {"span": timedelta(days=-1, microseconds=5), "day": date(2026, 1, 1), "at": time(9, 30)}

    assert from_json(to_json(values)) == values
