"""Counting cases: periods, shares and tallies, computed from plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from engine.figures.definition import ANY, STATUS, Rate, Where


@dataclass(frozen=True)
class Counted:
    """One case, as far as it is counted."""

    status: str
    begun_on: date  # in the centre's zone
    ended_after: timedelta | None  # None: it has not ended
    values: Mapping[str, str]


@dataclass(frozen=True)
class Span:
    """Some days, from the first to the last, both included."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def span_of_month(year: int, month: int, last_day: int | None) -> Span:
    """Return the days that are counted as a month: up to its ``last_day``; None: the calendar month."""
    following = date(year + month // 12, month % 12 + 1, 1)
    if last_day is None:
        return Span(date(year, month, 1), following - timedelta(days=1))
    before = date(year, month, 1) - timedelta(days=1)
    return Span(before.replace(day=last_day) + timedelta(days=1), date(year, month, last_day))


def month_of(day: date, last_day: int | None) -> tuple[int, int]:
    """Return year and month that a day is counted in."""
    if last_day is None or day.day <= last_day:
        return day.year, day.month
    return day.year + day.month // 12, day.month % 12 + 1


def months_until(day: date, number: int, last_day: int | None) -> list[tuple[int, int]]:
    """Return so many months, oldest first; the last is the one that the day is counted in."""
    year, month = month_of(day, last_day)
    counted = year * 12 + month - 1
    return [(each // 12, each % 12 + 1) for each in range(counted - number + 1, counted + 1)]


def fits(case: Counted, where: Where) -> bool:
    """Say whether a case has, of each variable, one of the values."""
    for name, wanted in where.items():
        value = case.status if name == STATUS else case.values.get(name)
        if value is None or (ANY not in wanted and value not in wanted):
            return False
    return True


def rate_of(cases: Iterable[Counted], rate: Rate) -> tuple[int, int]:
    """Return how many cases fit the rate's share, and of how many."""
    whole = [case for case in cases if fits(case, rate.of)]
    return sum(fits(case, rate.share) for case in whole), len(whole)


def percent(number: int, of: int) -> Decimal | None:
    """Return a share in percent with one decimal; None where there is nothing to be a share of."""
    if not of:
        return None
    return (Decimal(number) * 100 / Decimal(of)).quantize(Decimal("0.1"))


def tally(cases: Iterable[Counted], name: str) -> list[tuple[str | None, int]]:
    """Return how many cases have each value of a variable, most frequent first; None: no value yet."""
    counted = Counter(case.values.get(name) for case in cases)
    return sorted(counted.items(), key=lambda pair: (pair[0] is None, -pair[1], pair[0] or ""))
