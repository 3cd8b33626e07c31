"""The calendar: which days are worked; administrators enter what the official notice says."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import format_date
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from engine import clock, office_calendar, queries
from engine.errors import BanjieError, InvalidInput
from engine.history import Kind
from engine.identity import Capability
from engine.texts import Text
from web.context import current_user, reading, unit_of_work
from web.errors import status_of
from web.presentation import local

blueprint = Blueprint("calendar", __name__, url_prefix="/calendar")

LONGEST_SPAN = 31  # days entered at once
YEARS = range(2000, 2101)
MEANING = {"working": True, "free": False, "usual": None}


@blueprint.get("/")
def year() -> str:
    """Show this year."""
    return _page(local(clock.now()).year)


@blueprint.get("/<int:number>")
def show(number: int) -> str:
    """Show one year."""
    return _page(number)


@blueprint.post("/<int:number>/days")
def set_days(number: int) -> Response | tuple[str, int]:
    """Enter that days are worked, or are not, or are as usual again."""
    try:
        days, means = _days(), MEANING.get(request.form.get("means", ""), ...)
        if means is ...:
            raise InvalidInput(Text("请选择这些天怎么算。", "Please choose what these days are."))
        with unit_of_work() as uow:
            for day in days:
                office_calendar.set_day(uow, day, means, request.form.get("note", ""), by=current_user())
    except BanjieError as error:
        return _page(number, error), status_of(error)
    flash(_("日历已更改。"))
    return redirect(url_for("calendar.show", number=days[0].year), code=303)


@blueprint.post("/<int:number>/announced")
def announce(number: int) -> Response:
    """Enter that the year's official notice is in the calendar, or that it is not."""
    announced = request.form.get("announced") == "1"
    with unit_of_work() as uow:
        office_calendar.announce_year(uow, number, announced, by=current_user())
    flash(_("日历已更改。"))
    return redirect(url_for("calendar.show", number=number), code=303)


def _days() -> list[date]:
    """Return the days from the first to the last, which may be left out."""
    try:
        first = date.fromisoformat(request.form.get("first_day", ""))
        last = date.fromisoformat(request.form.get("last_day") or first.isoformat())
    except ValueError:
        raise InvalidInput(Text("请填写日期。", "Please give the day.")) from None
    if last < first:
        raise InvalidInput(Text("结束日期早于开始日期。", "The last day is before the first."))
    if (last - first).days >= LONGEST_SPAN or first.year not in YEARS or last.year not in YEARS:
        raise InvalidInput(
            Text(
                "一次最多 {most} 天，年份在 2000 到 2100 之间。",
                "At most {most} days at once, in the years from 2000 to 2100.",
            ),
            most=LONGEST_SPAN,
        )
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _page(number: int, error: BanjieError | None = None) -> str:
    me = current_user()
    may_change = me.may(Capability.ADMINISTER)
    with reading() as uow:
        page = queries.calendar(uow, number, by=me)
        lines = queries.house_history(uow, me, [Kind.CALENDAR_CHANGED], limit=20) if may_change else ()
    return render_template(
        "calendar/show.html",
        page=page,
        months=[
            (format_date(date(2000, month, 1), "LLLL"), [day for day in page.days if day.day.month == month])
            for month in range(1, 13)
        ],
        today=local(clock.now()).date(),
        may_change=may_change,
        lines=lines,
        error=error,
        typed=request.form,
    )
