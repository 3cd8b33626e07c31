"""When timers are due, and due again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.bpmn import timers
from engine.errors import ExpressionFailed

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 1, 31, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("PT5M", NOW + timedelta(minutes=5)),
        ("P2DT12H", NOW + timedelta(days=2, hours=12)),
        ("P1W", NOW + timedelta(days=7)),
        ("PT1.5S", NOW + timedelta(seconds=1.5)),
        ("P1M", datetime(2026, 2, 28, 4, tzinfo=UTC)),
        ("P1Y", datetime(2027, 1, 31, 4, tzinfo=UTC)),
        ("2026-03-01T09:00:00+08:00", datetime(2026, 3, 1, 1, tzinfo=UTC)),
        ("2026-03-01T09:00", datetime(2026, 3, 1, 1, tzinfo=UTC)),
        ("2026-03-01", datetime(2026, 2, 28, 16, tzinfo=UTC)),
    ],
)
def test_a_text_is_a_span_an_instant_or_a_day(text, due):
    assert timers.is_iso(text)
    assert timers.instant(text, NOW, ZONE) == due


def test_a_day_ends_at_the_next_midnight():
    assert timers.instant(date(2026, 3, 1), NOW, ZONE, end_of_day=True) == datetime(
        2026, 3, 1, 16, tzinfo=UTC
    )
    assert timers.instant("2026-03-01", NOW, ZONE, end_of_day=True) == datetime(2026, 3, 1, 16, tzinfo=UTC)


def test_no_value_is_no_instant():
    assert timers.instant(None, NOW, ZONE) is None
    assert timers.first_due(None, NOW, ZONE) is None


@pytest.mark.parametrize(
    "text",
    ["P", "PT", "5 days", "PT5X", "2026-13-01", "R3", "x > 1", "P9999Y", "PT99999999999999H", "P" + "9" * 400 + "D",
     "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", f"R{'9' * 5000}/PT1H"],
)  # fmt: skip
def test_other_texts_are_no_time(text):
    assert not timers.is_iso(text)
    with pytest.raises(ExpressionFailed):
        timers.instant(text, NOW, ZONE)


@pytest.mark.parametrize(
    "value",
    [
        datetime.max.replace(tzinfo=UTC),
        datetime.min.replace(tzinfo=UTC),
        date.max,
        timedelta.max,
        timedelta.min,
        timedelta(40_000),
    ],
)
def test_what_lies_beyond_any_calendar_is_no_time(value):
    with pytest.raises(ExpressionFailed):
        timers.instant(value, NOW, ZONE, end_of_day=True)


@pytest.mark.parametrize("value", ["PT1H", "R3/P", "R/PT0S", 5, True])
def test_other_values_are_no_repetition(value):
    with pytest.raises(ExpressionFailed):
        timers.first_due(value, NOW, ZONE)


def dues(cycle, count):
    due = timers.first_due(cycle, NOW, ZONE)
    found = []
    while due is not None and len(found) < count:
        found.append(due.at)
        due = timers.next_due(cycle, due.at, due.left, due.at, ZONE)
    return found


def test_a_cycle_fires_as_often_as_it_says():
    assert dues("R3/PT1H", 9) == [NOW + timedelta(hours=hour) for hour in (1, 2, 3)]
    assert len(dues("R/PT1H", 50)) == 50
    assert dues("R0/PT1H", 9) == []


def test_a_cycle_may_begin_at_an_instant():
    assert dues("R2/2026-03-01T09:00/P1D", 9) == [
        datetime(2026, 3, 1, 1, tzinfo=UTC),
        datetime(2026, 3, 2, 1, tzinfo=UTC),
    ]


@pytest.mark.parametrize("every", ["PT1S", "PT0.001S", "P1D", "P1M"])
def test_missed_firings_are_passed_over_at_once(every):
    later = NOW + timedelta(days=3650, milliseconds=3)

    due = timers.next_due(f"R/{every}", NOW, None, later, ZONE)

    assert due is not None
    assert later <= due.at <= later + timedelta(days=31)
