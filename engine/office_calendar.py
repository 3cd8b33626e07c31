"""The centre's own calendar: which days are worked, as administrators entered it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select

from engine import history, tables
from engine.bpmn.functions import functions
from engine.business_calendar import BusinessCalendar
from engine.database import UnitOfWork
from engine.editions import changed, editions
from engine.errors import InvalidInput
from engine.identity import Capability, User, require
from engine.texts import Text

_day, _year = tables.calendar_day, tables.calendar_year


def business_calendar(uow: UnitOfWork) -> BusinessCalendar:
    """Return the calendar as it is now; read again only after it was changed."""
    edition = editions(uow).get("calendar", 0)
    kept = uow.cache.get("calendar")
    if kept is None or kept[0] != edition:
        days = {row.day: row.is_working for row in uow.execute(select(_day.c.day, _day.c.is_working))}
        years = frozenset(uow.execute(select(_year.c.year)).scalars())
        centre = uow.centre
        made = BusinessCalendar(centre.zone, centre.office_opens, centre.office_closes, days, years)
        kept = uow.cache["calendar"] = (edition, made)
    calendar: BusinessCalendar = kept[1]
    return calendar


def expression_functions(uow: UnitOfWork) -> Mapping[str, Callable[..., Any]]:
    """Return what expressions of diagrams and forms may call, as of this transaction's instant."""
    made = uow.seen.get("functions")
    if made is None:
        made = uow.seen["functions"] = functions(uow.now, uow.centre.zone, business_calendar(uow))
    known: Mapping[str, Callable[..., Any]] = made
    return known


def set_day(uow: UnitOfWork, day: date, is_working: bool | None, note: str = "", *, by: User) -> None:
    """Enter that a day is worked, or is not; None takes the exception away. Timers already armed stay."""
    require(by, Capability.ADMINISTER)
    changed(uow, "calendar")
    old = uow.execute(select(_day.c.is_working).where(_day.c.day == day)).scalar()
    uow.execute(delete(_day).where(_day.c.day == day))
    if is_working is not None:
        uow.execute(
            insert(_day).values(
                day=day, is_working=is_working, note=note[:200], entered_by=by.name, entered_at=uow.now
            )
        )
    _record(uow, by, day=day, changes={"is_working": [old, is_working]}, note=note)


def announce_year(uow: UnitOfWork, year: int, announced: bool = True, *, by: User) -> None:
    """Enter that a year's official notice is in the calendar, so that it is no longer provisional."""
    require(by, Capability.ADMINISTER)
    if not 2000 <= year <= 2100:
        raise InvalidInput(Text("年份 {year} 不对。", "{year} is not a year of this calendar."), year=year)
    changed(uow, "calendar")
    uow.execute(delete(_year).where(_year.c.year == year))
    if announced:
        uow.execute(insert(_year).values(year=year, entered_by=by.name, entered_at=uow.now))
    _record(uow, by, year=year, announced=announced)


def _record(uow: UnitOfWork, by: User, **detail: object) -> None:
    history.write(uow, [history.Line(history.Kind.CALENDAR_CHANGED, user_name=by.name, detail=detail)])
