"""Working days of China, with make-up days, exceptions, and years not announced yet."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from engine.business_calendar import BusinessCalendar, last_announced_year

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def calendar() -> BusinessCalendar:
    return BusinessCalendar(SHANGHAI, time(8, 30), time(17, 30), {}, set())


# The State Council's notices for 2024, 2025 and 2026: days off in the week, and weekends worked.
OFFICIAL = {
    2024: (
        "01-01 02-12 02-13 02-14 02-15 02-16 04-04 04-05 05-01 05-02 05-03 06-10 09-16 09-17"
        " 10-01 10-02 10-03 10-04 10-07",
        "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12",
    ),
    2025: (
        "01-01 01-28 01-29 01-30 01-31 02-03 02-04 04-04 05-01 05-02 05-05 06-02"
        " 10-01 10-02 10-03 10-06 10-07 10-08",
        "01-26 02-08 04-27 09-28 10-11",
    ),
    2026: (
        "01-01 01-02 02-16 02-17 02-18 02-19 02-20 02-23 04-06 05-01 05-04 05-05 06-19 09-25"
        " 10-01 10-02 10-05 10-06 10-07",
        "01-04 02-14 02-28 05-09 09-20 10-10",
    ),
}


@pytest.mark.parametrize("year", OFFICIAL)
def test_the_official_notice_is_known(calendar: BusinessCalendar, year: int) -> None:
    days = [
        date.fromordinal(n) for n in range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal())
    ]

    off_in_the_week = [f"{day:%m-%d}" for day in days if day.weekday() < 5 and not calendar.is_working(day)]
    worked_weekends = [f"{day:%m-%d}" for day in days if day.weekday() >= 5 and calendar.is_working(day)]

    assert off_in_the_week == OFFICIAL[year][0].split()
    assert worked_weekends == OFFICIAL[year][1].split()


def test_a_year_without_notice_is_provisional_until_it_is_entered(calendar: BusinessCalendar) -> None:
    next_year = last_announced_year() + 1
    announced = BusinessCalendar(SHANGHAI, time(8, 30), time(17, 30), {}, {next_year})

    assert not any(calendar.is_provisional(year) for year in (2024, 2025, 2026))
    assert calendar.is_provisional(next_year)
    assert calendar.is_provisional(next_year + 30)
    assert not announced.is_provisional(next_year)
    assert announced.is_provisional(next_year + 1)


def test_handled_on_friday_the_fifth_working_day_is_the_following_friday(calendar: BusinessCalendar) -> None:
    handled = date(2026, 3, 6)  # BND-18

    assert calendar.add_working_days(handled, 5) == date(2026, 3, 13)
    assert calendar.add_working_days(handled, 6) == date(2026, 3, 16)


def test_a_letter_of_friday_is_answered_on_wednesday(calendar: BusinessCalendar) -> None:
    assert calendar.add_working_days(date(2026, 3, 6), 3) == date(2026, 3, 11)  # BND-19


def test_holidays_and_make_up_days_count(calendar: BusinessCalendar) -> None:
    assert calendar.add_working_days(date(2026, 4, 30), 3) == date(2026, 5, 8)
    assert calendar.add_working_days(date(2026, 5, 8), 1) == date(2026, 5, 9)  # a Saturday that is worked


def test_a_day_off_may_be_the_start_and_is_day_zero(calendar: BusinessCalendar) -> None:
    assert calendar.add_working_days(date(2026, 3, 7), 1) == date(2026, 3, 9)
    assert calendar.add_working_days(date(2026, 3, 7), 0) == date(2026, 3, 7)


def test_an_instant_counts_as_its_day_in_the_centres_zone(calendar: BusinessCalendar) -> None:
    late_on_thursday_in_london = datetime(2026, 3, 5, 20, 0, tzinfo=UTC)  # Friday 04:00 in Shanghai

    assert calendar.add_working_days(late_on_thursday_in_london, 1) == date(2026, 3, 9)


def test_an_administrators_exception_prevails() -> None:
    exceptions = {date(2026, 3, 9): False, date(2026, 3, 8): True}
    calendar = BusinessCalendar(SHANGHAI, time(8, 30), time(17, 30), exceptions, set())

    assert calendar.add_working_days(date(2026, 3, 6), 1) == date(2026, 3, 8)
    assert calendar.add_working_days(date(2026, 3, 6), 2) == date(2026, 3, 10)


def test_a_day_ends_at_midnight_of_the_zone(calendar: BusinessCalendar) -> None:
    assert calendar.end_of(date(2026, 3, 6)) == datetime(2026, 3, 7, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("at", "is_open"),
    [("2026-03-06T08:29", False), ("2026-03-06T08:30", True), ("2026-03-06T17:29", True),
     ("2026-03-06T17:30", False), ("2026-03-07T10:00", False), ("2026-02-14T10:00", True)],
)  # fmt: skip
def test_office_hours(calendar: BusinessCalendar, at: str, is_open: bool) -> None:
    assert calendar.is_office_hours(datetime.fromisoformat(at).replace(tzinfo=SHANGHAI)) is is_open


def test_working_days_are_counted_forward_and_end_with_the_calendar(calendar: BusinessCalendar) -> None:
    with pytest.raises(ValueError, match="forward"):
        calendar.add_working_days(date(2026, 3, 6), -1)
    with pytest.raises(ValueError, match="beyond"):
        calendar.add_working_days(date(9998, 12, 30), 5)
