"""The centre's own calendar: days that administrators entered, office hours in the centre's zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import clock, office_calendar, tables
from engine.business_calendar import BusinessCalendar, last_announced_year
from engine.database import Database
from engine.errors import InvalidInput, NotPermitted
from engine.identity import SYSTEM
from engine.settings import Centre
from tests.desk import Desk

SHANGHAI = ZoneInfo("Asia/Shanghai")
OPENS, CLOSES = time(8, 30), time(17, 30)
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

#: Days about a new year, the holidays with their make-up days, and the change to summer time elsewhere.
days = st.dates(date(2025, 12, 20), date(2026, 3, 31))
exceptions = st.dictionaries(days, st.booleans(), max_size=5)
zones = st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "UTC"])
hours = st.tuples(st.integers(0, 22), st.sampled_from([0, 30])).map(lambda at: time(*at))


def a_calendar(zone: str, opens: time, entered: dict[date, bool]) -> BusinessCalendar:
    """Return a calendar whose office is open for at most eight hours a day."""
    closes = time(min(opens.hour + 8, 23), 30)
    return BusinessCalendar(ZoneInfo(zone), opens, closes, entered, set())


def minutes_between(begins: datetime, ends: datetime) -> Iterator[datetime]:
    while begins < ends:
        yield begins
        begins += timedelta(minutes=15)


# ---- office hours, as expressions ask for them -----------------------------------------------------------


@MANY
@given(zone=zones, opens=hours, entered=exceptions, day=days, at=st.times(), span=st.integers(0, 4 * 24 * 4))
def test_a_span_has_office_hours_where_some_quarter_of_an_hour_in_it_has(
    zone: str, opens: time, entered: dict[date, bool], day: date, at: time, span: int
) -> None:
    calendar = a_calendar(zone, opens, entered)
    # Offices open and close on the quarter, as the spans here begin and end.
    begins = datetime.combine(day, at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0), UTC)
    ends = begins + timedelta(minutes=15) * span

    expected = any(calendar.is_office_hours(quarter) for quarter in minutes_between(begins, ends))

    assert calendar.has_office_hours(begins, ends) is expected


@MANY
@given(zone=zones, opens=hours, entered=exceptions, day=days)
def test_the_office_is_open_from_its_first_to_before_its_last_instant(
    zone: str, opens: time, entered: dict[date, bool], day: date
) -> None:
    calendar, tick = a_calendar(zone, opens, entered), timedelta(microseconds=1)
    first = datetime.combine(day, calendar.opens, calendar.zone).astimezone(UTC)
    last = datetime.combine(day, calendar.closes, calendar.zone).astimezone(UTC)
    works = calendar.is_working(day)

    assert [calendar.is_office_hours(at) for at in (first, last - tick)] == [works, works]
    assert not calendar.is_office_hours(first - tick) and not calendar.is_office_hours(last)
    assert calendar.has_office_hours(first - tick, first) is False
    assert calendar.has_office_hours(last, last + tick) is False
    assert calendar.has_office_hours(last - tick, last + tick) is works
    assert calendar.has_office_hours(first, first) is False, "no time at all"


@MANY
@given(entered=exceptions, day=days, steps=st.integers(0, 30))
def test_working_days_are_counted_one_by_one(entered: dict[date, bool], day: date, steps: int) -> None:
    calendar = a_calendar("Asia/Shanghai", OPENS, entered)

    found = calendar.add_working_days(day, steps)

    after = [day + timedelta(days=n) for n in range(1, (found - day).days + 1)]
    assert sum(map(calendar.is_working, after)) == steps
    assert not after or calendar.is_working(found)


@MANY
@given(zone=zones, day=days)
def test_a_day_ends_where_the_next_begins_and_has_23_to_25_hours(zone: str, day: date) -> None:
    calendar = a_calendar(zone, OPENS, {})
    begins, ends = calendar.end_of(day - timedelta(days=1)), calendar.end_of(day)

    assert ends.astimezone(calendar.zone).date() == day + timedelta(days=1)
    assert timedelta(hours=23) <= ends.astimezone(UTC) - begins.astimezone(UTC) <= timedelta(hours=25)


@pytest.mark.parametrize(("begins", "ends", "is_open"), [
    ("2025-12-31T17:30", "2026-01-04T08:30", False),  # over the new year, to the make-up Sunday
    ("2025-12-31T17:29", "2026-01-04T08:30", True),
    ("2025-12-31T17:30", "2026-01-04T08:31", True),
    ("2026-02-14T17:29", "2026-02-23T23:59", True),  # a Saturday that is worked, then Spring Festival
    ("2026-02-14T17:30", "2026-02-24T08:30", False),
    ("2026-02-13T18:00", "2026-02-14T08:31", True),
    ("2026-03-06T18:00", "2026-03-09T08:30", False),  # a weekend
])  # fmt: skip
def test_slots_at_the_edge_of_office_hours(desk: Desk, begins: str, ends: str, is_open: bool) -> None:
    with desk.database.reading() as uow:
        asked = office_calendar.expression_functions(uow)["office_hours"]
        at = [datetime.fromisoformat(text).replace(tzinfo=SHANGHAI) for text in (begins, ends)]
        assert asked(*at) is is_open
        with pytest.raises(ValueError, match="from its beginning"):
            asked(*reversed(at))


def test_functions_are_those_of_the_transactions_instant(desk: Desk, moved_clock: clock.MovedClock) -> None:
    def today() -> date:
        with desk.database.reading() as uow:
            found: date = office_calendar.expression_functions(uow)["today"]()
            return found

    moved_clock.move_to(datetime(2026, 12, 31, 15, 59, tzinfo=UTC))
    assert today() == date(2026, 12, 31)
    moved_clock.move_to(datetime(2026, 12, 31, 16, 0, tzinfo=UTC))
    assert today() == date(2027, 1, 1), "a year begins in the centre's zone"


def test_the_calendar_has_the_zone_and_the_hours_of_the_centre(centre: Centre) -> None:
    other = replace(centre, zone=ZoneInfo("Europe/Berlin"), office_opens=time(10), office_closes=time(11))
    database = Database("sqlite://", other)
    tables.metadata.create_all(database.connections)
    with database.reading() as uow:
        found = office_calendar.business_calendar(uow)
    database.close()

    assert found.is_office_hours(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    assert not found.is_office_hours(datetime(2026, 3, 2, 10, 0, tzinfo=UTC))


# ---- what administrators enter ---------------------------------------------------------------------------

SATURDAY, MONDAY = date(2026, 3, 7), date(2026, 3, 9)


def works(desk: Desk, day: date) -> bool:
    with desk.database.reading() as uow:
        return office_calendar.business_calendar(uow).is_working(day)


def test_a_day_that_is_entered_counts_until_it_is_taken_away(desk: Desk) -> None:
    desk.do(office_calendar.set_day, SATURDAY, True, "调休", by="guan")
    desk.do(office_calendar.set_day, MONDAY, False, by="guan")
    assert (works(desk, SATURDAY), works(desk, MONDAY)) == (True, False)

    desk.do(office_calendar.set_day, SATURDAY, False, by="guan")
    desk.do(office_calendar.set_day, MONDAY, None, by="guan")
    desk.do(office_calendar.set_day, MONDAY, None, by="guan")

    assert (works(desk, SATURDAY), works(desk, MONDAY)) == (False, True)
    assert [row.day for row in desk.rows(tables.calendar_day)] == [SATURDAY]


def test_who_entered_what_is_in_the_history(desk: Desk) -> None:
    desk.do(office_calendar.set_day, SATURDAY, True, "补" * 300, by="guan")
    desk.do(office_calendar.announce_year, 2031, by="guan")

    (row,) = desk.rows(tables.calendar_day)
    assert (row.entered_by, len(row.note)) == ("guan", 200)
    lines = [row for row in desk.rows(tables.history) if row.kind == "calendar_changed"]
    assert [line.user_name for line in lines] == ["guan", "guan"]
    assert "2026-03-07" in lines[0].detail and "2031" in lines[1].detail


@pytest.mark.parametrize("by", ["fang", "pan", "jing"])
def test_only_administrators_enter_days(desk: Desk, by: str) -> None:
    with pytest.raises(NotPermitted):
        desk.do(office_calendar.set_day, SATURDAY, True, by=by)
    with pytest.raises(NotPermitted):
        desk.do(office_calendar.announce_year, 2031, by=by)
    assert desk.rows(tables.calendar_day) == desk.rows(tables.calendar_year) == []


def test_an_announced_year_is_provisional_no_more_until_that_is_taken_back(desk: Desk) -> None:
    year = last_announced_year() + 1

    def is_provisional() -> bool:
        with desk.database.reading() as uow:
            return office_calendar.business_calendar(uow).is_provisional(year)

    assert is_provisional()
    desk.do(office_calendar.announce_year, year, by="guan")
    desk.do(office_calendar.announce_year, year, by="guan")
    assert not is_provisional()
    desk.do(office_calendar.announce_year, year, False, by="guan")
    assert is_provisional()


@pytest.mark.parametrize("year", [1999, 2101, -1, 0, 10**9])
def test_a_year_of_no_calendar_is_refused(desk: Desk, year: int) -> None:
    with pytest.raises(InvalidInput):
        desk.do(office_calendar.announce_year, year, by="guan")


def test_a_change_that_is_rolled_back_was_never_there(desk: Desk) -> None:
    admin = desk.people("guan")
    with pytest.raises(RuntimeError), desk.database.unit_of_work() as uow:
        office_calendar.set_day(uow, SATURDAY, True, by=admin)
        assert office_calendar.business_calendar(uow).is_working(SATURDAY)
        raise RuntimeError

    assert not works(desk, SATURDAY)


@pytest.mark.slow
def test_another_process_of_the_program_sees_a_change_at_once(shared_database: Database) -> None:
    other = Database(shared_database.url)

    def works_there() -> bool:
        with other.reading() as uow:
            return office_calendar.business_calendar(uow).is_working(SATURDAY)

    assert not works_there()
    with shared_database.unit_of_work() as uow:
        office_calendar.set_day(uow, SATURDAY, True, by=SYSTEM)
    assert works_there()
    other.close()


@MANY
@given(entered=exceptions)
def test_what_is_entered_is_what_is_read(desk: Desk, entered: dict[date, bool]) -> None:
    with pytest.raises(RuntimeError), desk.database.unit_of_work() as uow:
        for day, is_working in entered.items():
            office_calendar.set_day(uow, day, is_working, by=SYSTEM)
        assert office_calendar.business_calendar(uow).exceptions == entered
        raise RuntimeError
