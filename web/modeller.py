"""Modellers in the page: changing a diagram, a table or a form, checking it, leading on to its deployment."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, abort, render_template, request, url_for

from engine import definitions, modelling
from engine.errors import BanjieError, NotPermitted
from engine.modelling import ENDINGS, Sheet
from engine.texts import Text
from web.context import current_user, reading, unit_of_work
from web.errors import status_of
from web.navigation import reader_mark
from web.security import allow_style_attributes

blueprint = Blueprint("modeller", __name__, url_prefix="/definitions")


@blueprint.get("/<int:definition_id>/edit")
def edit(definition_id: int) -> str:
    """Open the newest version in its modeller."""
    with reading() as uow:
        sheet = modelling.begin(uow, definition_id, by=current_user())
    return _page(sheet)


@blueprint.get("/new/<kind>")
def new(kind: str) -> str | tuple[str, int]:
    """Ask what a new process, table or form is called; then open it in its modeller."""
    if kind not in ENDINGS:
        abort(404)
    key, zh, en = (request.args.get(name, "").strip() for name in ("key", "name", "name_en"))
    try:
        with reading() as uow:
            sheet = modelling.begin_new(uow, kind, key, Text(zh, en), by=current_user())
    except BanjieError as error:
        if isinstance(error, NotPermitted):
            raise
        asked = "key" in request.args
        page = render_template(
            "definitions/new.html", kind=kind, key=key, zh=zh, en=en, error=error if asked else None
        )
        return page, status_of(error) if asked else 200
    return _page(sheet)


def _page(sheet: Sheet) -> str:
    allow_style_attributes()
    name = reader_mark(current_user())
    return render_template(
        "definitions/edit.html", sheet=sheet, kept=f"banjie:{name}:{sheet.kind}:{sheet.key}"
    )


@blueprint.post("/check")
def check() -> tuple[str, int]:
    """Keep what stands in the modeller as an upload and tell all that is wrong with it."""
    file = request.files.get("files") or abort(400)
    kind, key = request.form.get("kind", ""), request.form.get("key", "")
    wanted = next((known for known in ENDINGS if known == kind), None) or abort(400)
    content = file.stream.read(definitions.LARGEST_UPLOAD + 1)
    try:
        with unit_of_work() as uow:
            report = modelling.check(
                uow,
                {file.filename or "": content},
                of=(wanted, key),
                base_id=request.form.get("base", type=int),
                replaces=request.form.get("upload", type=UUID),
                by=current_user(),
            )
    except BanjieError as error:
        if status_of(error) != 422:
            raise
        return render_template("definitions/checked.html", error=error, report=None), 422
    errors = [finding for finding in report.upload.findings if finding.severity == "error"]
    newer = report.newer if "newer_known" not in request.form else None
    goes_on = (
        url_for("definitions.review", upload_id=report.upload.id)
        if report.upload.may_be_deployed and newer is None
        else ""
    )
    page = render_template(
        "definitions/checked.html", report=report, errors=errors, newer=newer, goes_on=goes_on
    )
    return page, 422 if errors else 200
