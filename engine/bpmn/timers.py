"""When a timer event is due, and when a repeating one is due again."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Protocol, runtime_checkable

from engine.bpmn.functions import LONGEST_SPAN
from engine.bpmn.variables import YEARS
from engine.errors import ExpressionFailed
from engine.texts import Text

Evaluate = Callable[[], Any]


@runtime_checkable
class Recurrence(Protocol):
    """What ``daily("17:00")`` gives: the instants at which a cycle fires."""

    def next(self, after: datetime) -> datetime | None: ...


@dataclass(frozen=True)
class Duration:
    """An ISO 8601 duration: months are calendar months, the rest is exact."""

    months: int
    span: timedelta

    def after(self, start: datetime) -> datetime:
        """Return the instant that lies this much after ``start``; the 31st becomes the month's last day."""
        if self.months:
            year, month = divmod(start.year * 12 + start.month - 1 + self.months, 12)
            day = min(start.day, monthrange(year, month + 1)[1])
            start = start.replace(year=year, month=month + 1, day=day)
        return start + self.span


_DURATION = re.compile(
    r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)
_CYCLE = re.compile(r"(?:R(\d{0,9})/)(?:([^P/][^/]*)/)?(P[^/]+)", re.ASCII)


def parse_duration(text: str) -> Duration | None:
    """Read ``P1M``, ``P2DT12H``, ``PT5M`` …; None where it is none, or over a hundred years."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        return None
    years, months, weeks, days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    try:
        span = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
        duration = Duration(int(years) * 12 + int(months), span)
        is_too_long = span + duration.months * timedelta(days=30) > LONGEST_SPAN
    except OverflowError:
        return None
    return None if is_too_long else duration


@dataclass(frozen=True)
class Cycle:
    """An ISO 8601 repetition: so many times (None: without end), every so often."""

    times: int | None
    start: datetime | None
    every: Duration


def parse_cycle(text: str, zone: tzinfo = UTC) -> Cycle | None:
    """Read ``R3/PT1H``, ``R/PT24H``, ``R5/2026-03-01T09:00Z/P1D``; None where the text is no repetition."""
    match = _CYCLE.fullmatch(text.strip())
    if match is None:
        return None
    times, start, every = match.groups()
    duration = parse_duration(every)
    if duration is None or duration == Duration(0, timedelta()):
        return None
    begin = None
    if start:
        begin = parse_instant(start, zone)
        if begin is None:
            return None
    return Cycle(int(times) if times else None, begin, duration)


def parse_instant(text: str, zone: tzinfo) -> datetime | None:
    """Read an ISO 8601 instant or day (its midnight); without an offset it is meant in ``zone``."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return _in_utc(found, zone) if found.year in YEARS else None


def _in_utc(found: datetime, zone: tzinfo) -> datetime:
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def is_iso(text: str) -> bool:
    """Say whether the text is itself a duration, a repetition or an instant, and so no expression."""
    return (parse_duration(text) or parse_cycle(text) or parse_instant(text, UTC)) is not None


def instant(value: Any, now: datetime, zone: tzinfo, *, end_of_day: bool = False) -> datetime | None:
    """
    Return the instant that a timer's or a due date's value means; None where there is none.

    A day means its beginning, with ``end_of_day`` its end (the next midnight): a task due on a day may be
    done all that day long.

    Raises:
        ExpressionFailed: the value is no instant, day or span; or its year is none of ``YEARS``.
    """
    if value is None or value == "":
        return None
    if isinstance(value, datetime) and value.year in YEARS:
        return _in_utc(value, zone)
    if isinstance(value, date) and not isinstance(value, datetime) and value.year in YEARS:
        day = value + timedelta(days=1) if end_of_day else value
        return datetime.combine(day, time(), zone).astimezone(UTC)
    if isinstance(value, timedelta) and abs(value) <= LONGEST_SPAN:
        return now + value
    if isinstance(value, str):
        if (duration := parse_duration(value)) is not None:
            return duration.after(now)
        if len(value.strip()) == 10 and (named := _day(value)) is not None:
            return instant(named, now, zone, end_of_day=end_of_day)
        if (found := parse_instant(value, zone)) is not None:
            return found
    raise ExpressionFailed(
        Text("“{value}”不是时间。", "“{value}” is neither an instant, a day nor a span."), value=value
    )


@dataclass(frozen=True)
class Due:
    """When a timer fires next, and how many firings are left after that (None: without end)."""

    at: datetime
    left: int | None = 0


def first_due(value: Any, now: datetime, zone: tzinfo) -> Due | None:
    """
    Return when a repeating timer fires first; None where it never does.

    Raises:
        ExpressionFailed: the value is no repetition.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        cycle = parse_cycle(value, zone)
        if cycle is not None:
            if cycle.times == 0:
                return None
            left = None if cycle.times is None else cycle.times - 1
            return Due(cycle.start or cycle.every.after(now), left)
    elif isinstance(value, Recurrence):
        at = value.next(now)
        return None if at is None else Due(at, None)
    raise ExpressionFailed(
        Text("“{value}”不是重复时间。", '“{value}” is no repetition such as R3/PT1H or daily("17:00").'),
        value=value,
    )


def next_due(value: Any, fired: datetime, left: int | None, now: datetime, zone: tzinfo) -> Due | None:
    """
    Return when a repeating timer fires again, counted from the instant at which it was due.

    Firings missed while nobody was looking are not made up for: the next one is the first that is not past.
    """
    if left == 0:
        return None
    left = None if left is None else left - 1
    if isinstance(value, str):
        cycle = parse_cycle(value, zone)
        if cycle is not None:
            return Due(_first_not_past(cycle.every, fired, now), left)
    elif isinstance(value, Recurrence):
        at = value.next(fired)
        if at is not None and at < now:
            at = value.next(now)
        return None if at is None else Due(at, left)
    return None


def _first_not_past(every: Duration, fired: datetime, now: datetime) -> datetime:
    if every.months == 0 and now > fired:
        return fired + every.span * max(1, -((fired - now) // every.span))
    at = every.after(fired)
    while at < now:
        at = every.after(at)
    return at
