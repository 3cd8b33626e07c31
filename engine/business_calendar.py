"""Working days, for due dates that skip weekends and holidays."""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

_ONE_DAY = timedelta(days=1)


@lru_cache(maxsize=64)
def _official(year: int) -> tuple[frozenset[date], frozenset[date]]:
    """Return the public holidays and the make-up working days of a year, as far as the library knows them."""
    china = holidays.country_holidays("CN", years=year)
    free = frozenset(day for day in china if day.year == year)
    made_up = frozenset(day for day in china.weekend_workdays if day.year == year)
    return free, made_up


@lru_cache(maxsize=1)
def last_announced_year() -> int:
    """
    Return the last year whose official notice is built into the holidays library.

    The yearly notice of the State Council moves days between weekends and weeks, so a year that the library
    knows has make-up working days; a year that it only extrapolates has none.
    """
    year = 2024
    while _official(year + 1)[1]:
        year += 1
    return year


class BusinessCalendar:
    """
    Weekends, Chinese public holidays and make-up working days, with exceptions entered by an administrator.

    ``exceptions`` says for a day whether it is worked; ``announced_years`` are the years whose official
    notice has been entered by hand.
    """

    def __init__(
        self,
        zone: ZoneInfo,
        opens: time,
        closes: time,
        exceptions: Mapping[date, bool],
        announced_years: Set[int],
    ) -> None:
        self.zone = zone
        self.opens = opens
        self.closes = closes
        self.exceptions = dict(exceptions)
        self.announced_years = frozenset(announced_years)

    def is_working(self, day: date) -> bool:
        """Whether the centre works on this day (an instant is not a day)."""
        exception = self.exceptions.get(day)
        if exception is not None:
            return exception
        free, made_up = _official(day.year)
        return day in made_up or (day.weekday() < 5 and day not in free)

    def add_working_days(self, start: datetime | date, n: int) -> date:
        """
        Return the nth working day after the day of ``start``, which is day 0 whether it is worked or not.

        With 0 the day itself is returned. An instant counts as its day in the centre's zone.

        Raises:
            ValueError: n is negative, or the calendar ends before (with the year 9998).
        """
        if n < 0:
            raise ValueError("working days are counted forward")
        day = start.astimezone(self.zone).date() if isinstance(start, datetime) else start
        while n:
            day += _ONE_DAY
            if day.year > 9998:
                raise ValueError("beyond the calendar")
            n -= self.is_working(day)
        return day

    def end_of(self, day: date) -> datetime:
        """Return the midnight that ends the day, in the centre's zone."""
        return datetime.combine(day + _ONE_DAY, time(), self.zone)

    def is_office_hours(self, instant: datetime) -> bool:
        """Whether the office is open: a working day, from opening (included) to closing (left out)."""
        local = instant.astimezone(self.zone)
        return self.is_working(local.date()) and self.opens <= local.time() < self.closes

    def has_office_hours(self, begins: datetime, ends: datetime) -> bool:
        """
        Whether the office is open at any time from one instant up to another (left out); no time is none.

        Raises:
            ValueError: the end comes before the beginning, or more than a year after it.
        """
        if not begins <= ends <= begins + timedelta(days=366):
            raise ValueError("a span of at most a year, from its beginning to its end")
        day = begins.astimezone(self.zone).date()
        while (opens := datetime.combine(day, self.opens, self.zone)) < ends:
            closes = datetime.combine(day, self.closes, self.zone)
            if self.is_working(day) and max(begins, opens) < min(ends, closes):
                return True
            day += _ONE_DAY
        return False

    def is_provisional(self, year: int) -> bool:
        """Whether the year's official notice is not known yet, so that its working days may still change."""
        return year > last_announced_year() and year not in self.announced_years
