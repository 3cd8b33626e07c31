"""Cases: finding them, looking at one, ending one, trying a stopped step again."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from engine import queries, runtime
from engine.errors import BanjieError
from engine.queries import CaseFilter, CasePage
from web.context import current_user, reading, unit_of_work
from web.errors import status_of

blueprint = Blueprint("cases", __name__, url_prefix="/cases")

STATES = ("running", "stopped", "completed", "cancelled")
YEARS = range(1970, 2100)
AT_ONCE = 50  # cases on a page


@blueprint.get("/")
def search() -> str:
    """Show the cases that the address asks for, newest first."""
    wanted = case_filter(request.args)
    with reading() as uow:
        found = queries.cases(uow, current_user(), wanted, after=request.args.get("after"), limit=AT_ONCE)
        choices = queries.case_choices(uow, current_user())
    return render_template(
        "cases/search.html", wanted=wanted, address=address_of(wanted), found=found, choices=choices
    )


@blueprint.get("/<int:instance_id>")
def show(instance_id: int) -> str:
    """Show one case."""
    return _page(instance_id)


@blueprint.get("/<int:instance_id>/diagrams/<int:definition_id>")
def diagram(instance_id: int, definition_id: int) -> Response:
    """Send the source of one of the case's diagrams to the viewer in the page."""
    pictures = (one for one in _case(instance_id).pictures if one.definition_id == definition_id)
    picture = next(pictures, None) or abort(404)
    return Response(picture.xml, mimetype="text/plain")


@blueprint.post("/<int:instance_id>/comments")
def comment(instance_id: int) -> AnyResponse | tuple[str, int]:
    """Leave a remark with the case."""
    with unit_of_work() as uow:
        runtime.comment(uow, instance_id, request.form.get("text", ""), by=current_user())
    flash(_("备注已留下。"))
    return redirect(url_for("cases.show", instance_id=instance_id, _anchor="comments"), code=303)


@blueprint.post("/<int:instance_id>/cancel")
def cancel(instance_id: int) -> AnyResponse | tuple[str, int]:
    """End the case for the reason given."""
    try:
        with unit_of_work() as uow:
            runtime.cancel_instance(uow, instance_id, request.form.get("reason", ""), by=current_user())
    except BanjieError as error:
        return _page(instance_id, error), status_of(error)
    flash(_("案件已终止。"))
    return redirect(url_for("cases.show", instance_id=instance_id), code=303)


@blueprint.post("/<int:instance_id>/incidents/<int:incident_id>/retry")
def retry(instance_id: int, incident_id: int) -> AnyResponse | tuple[str, int]:
    """Try a stopped step again, and say whether it went on."""
    stopped = {one.id: one for one in _case(instance_id).incidents}.get(incident_id) or abort(404)
    try:
        with unit_of_work() as uow:
            runtime.retry_incident(uow, incident_id, by=current_user())
    except BanjieError as error:
        return _page(instance_id, error), status_of(error)
    again = any(
        one.element_id == stopped.element_id and one.resolved_at is None
        for one in _case(instance_id).incidents
    )
    if again:
        flash(_("已重试，但又停在同一步。原因见下。"), "warning")
    else:
        flash(_("已重试，案件继续办理。"))
    return redirect(url_for("cases.show", instance_id=instance_id), code=303)


def _case(instance_id: int) -> CasePage:
    with reading() as uow:
        return queries.case(uow, instance_id, by=current_user())


def _page(instance_id: int, error: BanjieError | None = None) -> str:
    with reading() as uow:
        page = queries.case(uow, instance_id, by=current_user())
        issued = queries.papers_of_case(uow, instance_id, current_user())
    reason = request.form.get("reason", "")
    return render_template("cases/show.html", page=page, issued=issued, error=error, reason=reason)


# ---- the filter in the address -----------------------------------------------------------------------------


def case_filter(args: MultiDict[str, str]) -> CaseFilter:
    """Return what an address asks for; what it says wrongly does not matter."""

    def words(name: str) -> str:
        return args.get(name, "").strip()[:200]

    return CaseFilter(
        text=words("text"),
        number=words("number"),
        customer=words("customer"),
        unit=words("unit"),
        process=words("process"),
        status=words("status") if words("status") in STATES else "",
        element=words("element"),
        person=words("person"),
        started_from=_day(words("started_from")),
        started_to=_day(words("started_to")),
        overdue="overdue" in args,
        incident="incident" in args,
    )


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in YEARS else None


def address_of(wanted: CaseFilter) -> dict[str, Any]:
    """Return the address's arguments for a filter."""
    found = {field.name: getattr(wanted, field.name) for field in fields(wanted)}
    return {name: 1 if value is True else value for name, value in found.items() if value}
