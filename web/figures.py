"""Figures: how many cases, of which kinds, what is late, which rates are reached; the cases behind them."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from datetime import date
from typing import Any, BinaryIO, cast

from flask import Blueprint, Response, abort, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response as AnyResponse

from engine import queries
from engine.errors import InvalidInput
from engine.texts import Text
from web.context import current_user, in_language, language, reading
from web.errors import status_of
from web.presentation import ENGLISH_MONTHS

blueprint = Blueprint("figures", __name__, url_prefix="/figures")

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
YEARS = range(2000, 2101)
AT_ONCE = 50  # cases on a page


@blueprint.get("/")
def overview() -> AnyResponse:
    """Lead to the figures of the first process whose figures the user may see."""
    with reading() as uow:
        offered = queries.figures_offered(uow, current_user())
    if not offered:
        abort(404)
    first = next((head for head in offered if head.has_sheet), offered[0])
    return redirect(url_for("figures.show", process=first.process_key))


@blueprint.get("/<process>")
def show(process: str) -> str | tuple[str, int]:
    """Show the figures of one process for the days that the address asks for."""
    try:
        return _page(process, _days())
    except InvalidInput as error:
        return _page(process, {}, error), status_of(error)


def _page(process: str, days: dict[str, date | None], error: InvalidInput | None = None) -> str:
    me = current_user()
    with reading() as uow:
        page = queries.figures_of(uow, process, me, **days)
        offered = queries.figures_offered(uow, me)
    return render_template(
        "figures/show.html", page=page, offered=offered, error=error, month_name=_month_name
    )


def _month_name(year: int, month: int) -> str:
    return f"{ENGLISH_MONTHS[month - 1]} {year}" if language() == "en" else f"{year}年{month}月"


@blueprint.get("/<process>/cases")
def cases(process: str) -> str:
    """Show the cases behind a number."""
    by, value = request.args.get("by", ""), request.args.get("value", "")[:500]
    with reading() as uow:
        found = queries.counted_cases(
            uow,
            process,
            current_user(),
            **_days(),
            where=(by, value) if by else None,
            after=request.args.get("after"),
            limit=AT_ONCE,
        )
    narrowed = {"by": by, "value": value} if by else {}
    return render_template("figures/cases.html", found=found, narrowed=narrowed)


@blueprint.get("/<process>/figures.xlsx")
def export(process: str) -> Response:
    """Send the figures with their cases as a workbook."""
    with ExitStack() as opened, reading() as uow:
        target = opened.enter_context(tempfile.TemporaryFile())
        page = queries.export_figures(uow, process, current_user(), cast(BinaryIO, target), **_days())
        opened.pop_all()
    target.seek(0)
    file_name = f"{in_language(page.head.name)}-{page.span.first:%Y%m%d}-{page.span.last:%Y%m%d}.xlsx"
    return send_file(target, mimetype=WORKBOOK, as_attachment=True, download_name=file_name)


def _days() -> dict[str, Any]:
    """Return the first and the last day that the address asks for; None where it does not."""
    return {name: _day(request.args.get(name, "")) for name in ("first", "last")}


def _day(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        day = None
    if day is None or day.year not in YEARS:
        raise InvalidInput(Text("“{day}”不是日期。", "“{day}” is not a day."), day=text[:20])
    return day
