"""Importing a register from a CSV or XLSX file: upload, columns, report, and all of it or nothing."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any, BinaryIO, cast
from uuid import UUID

from flask import Blueprint, Response, abort, redirect, render_template, request, send_file, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as AnyResponse

from engine import queries, registers
from engine.errors import BanjieError
from engine.queries import RegisterHead
from web import background
from web.context import banjie, current_user, in_language, is_fragment, reading, unit_of_work
from web.errors import status_of

blueprint = Blueprint("imports", __name__, url_prefix="/imports")

Answer = AnyResponse | tuple[str, int]
COLUMN = re.compile(r"column-(\d{1,4})\Z")


@blueprint.get("/into/<register>")
def begin(register: str) -> str:
    """Ask for the file, and say what it may hold."""
    return _begin_page(register)


@blueprint.post("/into/<register>")
def upload(register: str) -> Answer:
    """Keep the file and go on to its columns."""
    file = request.files.get("file") or FileStorage(io.BytesIO())
    try:
        with unit_of_work() as uow:
            stream = cast(BinaryIO, file.stream)
            kept = registers.keep_upload(uow, register, stream, file.filename or "", current_user())
    except BanjieError as error:
        return _begin_page(register, error), status_of(error)
    return redirect(url_for("imports.columns", upload_id=kept), code=303)


@blueprint.get("/into/<register>/template.csv")
def template(register: str) -> Response:
    """Send an empty file with the right headings."""
    with reading() as uow:
        content = registers.template_csv(uow, register, current_user())
        name = in_language(queries.register(uow, register, current_user()).name)
    return send_file(
        io.BytesIO(content), mimetype="text/csv", as_attachment=True, download_name=f"{name}.csv"
    )


@blueprint.get("/<uuid:upload_id>")
def columns(upload_id: UUID) -> str:
    """Show the first rows, and ask which column is which field."""
    with reading() as uow:
        preview = registers.preview(uow, upload_id, current_user())
        head = queries.register(uow, preview.register, current_user())
    chosen = mapping_of(request.args) if _is_mapped() else None
    return render_template(
        "imports/columns.html", preview=preview, register=head, chosen=chosen, update="update" in request.args
    )


@blueprint.post("/<uuid:upload_id>/check")
def check(upload_id: UUID) -> AnyResponse:
    """Begin to check every row; nothing is stored yet."""
    return _run(upload_id, store=False)


@blueprint.post("/<uuid:upload_id>/store")
def store(upload_id: UUID) -> AnyResponse:
    """Begin to store all rows."""
    return _run(upload_id, store=True)


@blueprint.get("/<uuid:upload_id>/progress")
def progress(upload_id: UUID) -> str:
    """Show how far it is, and in the end what came of it."""
    with reading() as uow:
        state = registers.import_progress(uow, upload_id, current_user())
        head = queries.register(uow, state.register, current_user())
    template = "imports/state.html" if is_fragment() else "imports/progress.html"
    return render_template(template, state=state, register=head, address=_address(), upload_id=upload_id)


# ---- what the address says ---------------------------------------------------------------------------------


def mapping_of(given: Mapping[str, str]) -> dict[int, str]:
    """Return which column is which field."""
    pairs = ((COLUMN.match(name), value) for name, value in given.items())
    return {int(match[1]): value for match, value in pairs if match and value}


def _is_mapped() -> bool:
    return any(COLUMN.match(name) for name in request.args)


def _address(given: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the choices made, for the next address."""
    given = request.args if given is None else given
    kept = {name: value for name, value in given.items() if COLUMN.match(name)}
    return {**kept, "update": "1"} if "update" in given else kept


def _run(upload_id: UUID, *, store: bool) -> AnyResponse:
    """Begin to check or to store in the background, and show how it goes."""
    by, database = current_user(), banjie().database
    mapping, update = mapping_of(request.form), "update" in request.form
    with reading() as uow:
        may_begin = registers.await_import(uow, upload_id, by)
    if may_begin:  # pressed twice, the page of the first run is shown
        background.run(
            lambda: registers.run_import(database, upload_id, mapping, by, update=update, store=store)
        )
    address = url_for("imports.progress", upload_id=upload_id, **_address(request.form))
    return redirect(address, code=303)


def _begin_page(register: str, error: BanjieError | None = None) -> str:
    with reading() as uow:
        head: RegisterHead = queries.register(uow, register, current_user())
    if not head.may_change and error is None:
        abort(403)
    return render_template("imports/begin.html", register=head, error=error)
