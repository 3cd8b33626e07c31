"""The ledger of a unit or a customer: all its lines, and correcting one by a counter-entry."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from engine import ledger, queries
from engine.errors import BanjieError
from web.context import current_user, local_address, reading, row_number, unit_of_work
from web.errors import status_of

blueprint = Blueprint("ledger", __name__, url_prefix="/ledger")


@blueprint.get("/")
def lines() -> str:
    """Show the lines of the unit or the customer in the address, newest first."""
    return _page()


@blueprint.post("/<int:entry_id>/correct")
def correct(entry_id: int) -> Response | tuple[str, int]:
    """Take a line back by a counter-entry, for the reason given."""
    try:
        with unit_of_work() as uow:
            ledger.correct(uow, entry_id, request.form.get("reason", ""), by=current_user())
    except BanjieError as error:
        return _page(error, wrong=entry_id), status_of(error)
    flash(_("已冲正，原行保留。"))
    return redirect(local_address(request.form.get("back"), lambda: url_for("ledger.lines", **_whose())), 303)


def _whose() -> dict[str, Any]:
    """Return whose lines the address asks for."""
    given = {name: request.args.get(name, "").strip()[:200] for name in ("unit", "customer")}
    return {name: number for name, number in given.items() if number}


def _page(error: BanjieError | None = None, wrong: int | None = None) -> str:
    whose = _whose()
    with reading() as uow:
        found = queries.ledger_lines(
            uow, current_user(), after=request.args.get("after", type=row_number), **whose
        )  # fmt: skip
    return render_template("ledger/lines.html", found=found, whose=whose, error=error, wrong=wrong)
