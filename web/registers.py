"""Registers: looking up units, customers, leases; a record with all its links; changing one by hand."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import IO, Any, BinaryIO, cast

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from engine import queries, registers
from engine.database import UnitOfWork
from engine.errors import BanjieError, Conflict, NotFound
from engine.queries import RecordLine, RecordPage, RegisterHead
from web.context import current_user, in_language, reading, unit_of_work
from web.errors import status_of
from web.presentation import local
from web.record_form import Typed, record_form

blueprint = Blueprint("registers", __name__, url_prefix="/registers")

Answer = AnyResponse | tuple[str, int]
FILTER = "by_"  # what an address puts before the field that a list is filtered by
SUGGESTIONS = 12
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.get("/")
def overview() -> str:
    """Show the registers, and what the search box finds in all of them."""
    text = _words("text")
    with reading() as uow:
        heads = queries.registers(uow, current_user())
        found = queries.search_records(uow, text, current_user()) if text else None
    return render_template("registers/overview.html", registers=heads, text=text, found=found)


@blueprint.get("/<register>")
def records(register: str) -> str:
    """Show the records that the address asks for, by number."""
    text, where = _words("text"), _filters()
    with reading() as uow:
        found = queries.records(
            uow, register, current_user(), text=text, where=where, after=request.args.get("after")
        )
    return render_template(
        "registers/records.html", found=found, text=text, where=where, address=_address(text, where)
    )


@blueprint.get("/<register>/records/<path:number>")
def record(register: str, number: str) -> str:
    """Show one record."""
    with reading() as uow:
        page = queries.record(uow, register, number, current_user())
    return render_template("registers/record.html", page=page)


# ---- adding and changing -----------------------------------------------------------------------------------


@blueprint.get("/<register>/new")
def new(register: str) -> str:
    """Show the form of a new record, with what the address says already filled in."""
    return _new_page(register, request.args.to_dict())


@blueprint.post("/<register>/new")
def add(register: str) -> Answer:
    """Add a record; a wrong form is shown again with all that was typed."""
    typed = _typed()
    try:
        with unit_of_work() as uow:
            number = registers.add_by_hand(uow, register, typed, current_user())
    except BanjieError as error:
        return _new_page(register, typed, error), status_of(error)
    flash(_("已登记。"))
    return redirect(url_for("registers.record", register=register, number=number), code=303)


@blueprint.get("/<register>/edit/<path:number>")
def edit(register: str, number: str) -> str:
    """Show a record's form."""
    return _edit_page(register, number)


@blueprint.post("/<register>/edit/<path:number>")
def change(register: str, number: str) -> Answer:
    """Change a record, unless somebody else has changed it since the form was opened."""
    typed, revision = _typed(), request.form.get("_revision", 0, type=int)
    try:
        with unit_of_work() as uow:
            registers.change_by_hand(uow, register, number, typed, revision, current_user())
    except BanjieError as error:
        return _edit_page(register, number, typed, error), status_of(error)
    flash(_("已保存。"))
    return redirect(url_for("registers.record", register=register, number=number), code=303)


@blueprint.get("/<register>/suggestions/<field>")
def suggestions(register: str, field: str) -> str:
    """Offer records of the register that a field refers to, for what is typed into it."""
    with reading() as uow:
        head = queries.register(uow, register, current_user())
    referred = next((one.reference for one in head.fields if one.key == field), None)
    return _offered(referred, _words(field))


@blueprint.get("/<register>/offers")
def offers(register: str) -> str:
    """Offer records of a register for what is typed into a field of a form, whatever that is called."""
    return _offered(register, next(iter(request.args.values()), "").strip()[:200])


def _offered(register: str | None, text: str) -> str:
    """Return the records that fit, as far as the user may see them."""
    lines: Sequence[RecordLine] = ()
    if register and text:
        with suppress(NotFound), reading() as uow:
            lines = queries.records(uow, register, current_user(), text=text, limit=SUGGESTIONS).items
    return render_template("registers/suggestions.html", lines=lines)


# ---- taking along ------------------------------------------------------------------------------------------


@blueprint.get("/<register>/export.csv")
def export_csv(register: str) -> Response:
    """Send the records that the address asks for as CSV."""

    def write(uow: UnitOfWork, target: IO[bytes]) -> None:
        asked: dict[str, Any] = {"text": _words("text"), "where": _filters()}
        target.writelines(registers.export_csv(uow, register, current_user(), **asked))

    return _export(register, "csv", "text/csv", write)


@blueprint.get("/<register>/export.xlsx")
def export_xlsx(register: str) -> Response:
    """Send the records that the address asks for as a workbook."""

    def write(uow: UnitOfWork, target: IO[bytes]) -> None:
        asked: dict[str, Any] = {"text": _words("text"), "where": _filters()}
        registers.export_xlsx(uow, register, current_user(), cast(BinaryIO, target), **asked)

    return _export(register, "xlsx", WORKBOOK, write)


def _export(
    register: str, ending: str, content_type: str, write: Callable[[UnitOfWork, IO[bytes]], None]
) -> Response:
    """Send what is written into a file, which may be larger than memory; it is closed once it was sent."""
    with ExitStack() as opened, reading() as uow:
        target = opened.enter_context(tempfile.TemporaryFile())
        write(uow, target)
        name = in_language(queries.register(uow, register, current_user()).name)
        file_name = f"{name}-{local(uow.now):%Y%m%d}.{ending}"
        opened.pop_all()
    target.seek(0)
    return send_file(target, mimetype=content_type, as_attachment=True, download_name=file_name)


# ---- what the address and the form say ---------------------------------------------------------------------


def _words(name: str) -> str:
    return request.args.get(name, "").strip()[:200]


def _filters() -> dict[str, str]:
    """Return what the address filters by: field -> value."""
    given = ((name.removeprefix(FILTER), _words(name)) for name in request.args if name.startswith(FILTER))
    return {name: value for name, value in given if value}


def _address(text: str, where: Mapping[str, str]) -> dict[str, str]:
    """Return the address's arguments for a list."""
    filters = {f"{FILTER}{name}": value for name, value in where.items()}
    return {"text": text, **filters} if text else filters


def _typed() -> dict[str, str]:
    """Return the values typed, by field; names that begin with _ are the page's own."""
    return {
        name: value
        for name, value in request.form.items()
        if not name.startswith("_") and name != "csrf_token"
    }


def _new_page(register: str, typed: Typed, error: BanjieError | None = None) -> str:
    with reading() as uow:
        head = queries.register(uow, register, current_user())
    return _form_page(head, None, typed, error)


def _edit_page(
    register: str, number: str, typed: Typed | None = None, error: BanjieError | None = None
) -> str:
    with reading() as uow:
        page = queries.record(uow, register, number, current_user())
    return _form_page(page.register, page, typed, error)


def _form_page(
    head: RegisterHead, page: RecordPage | None, typed: Typed | None, error: BanjieError | None
) -> str:
    if not head.may_change and error is None:  # before anything is typed; the use case refuses it in any case
        abort(403)
    form = record_form(head, page, typed, error, overtaken=isinstance(error, Conflict))
    return render_template("registers/form.html", register=head, page=page, form=form, error=error)
