"""Starting a case."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from engine import queries, runtime
from engine.errors import InvalidForm
from engine.queries import StartPage
from web.context import current_user, is_fragment, language, next_page, reading, unit_of_work
from web.submission import Errors, Typed, drafted, retyped, submission

blueprint = Blueprint("start", __name__, url_prefix="/start")


@blueprint.get("/")
def choose() -> str:
    """Show which cases the user may start."""
    with reading() as uow:
        processes = queries.startable(uow, by=current_user())
    return render_template("start/choose.html", processes=processes)


@blueprint.get("/<process_key>")
def show(process_key: str) -> str:
    """Show the form that starts a case."""
    return _page(_start(process_key))


@blueprint.post("/<process_key>")
def start(process_key: str) -> Response | tuple[str, int]:
    """Start a case and go on to its first task; a wrong form is shown again with all that was typed."""
    sent = submission(lambda: _start(process_key).sheet)
    try:
        sent.require_files()
        with unit_of_work() as uow:
            started = runtime.start_process(uow, process_key, sent.typed, by=current_user())
    except InvalidForm as error:
        return _page(_start(process_key), sent.typed, error.errors), 422
    flash(_("已新建案件 %(number)s。", number=started.case_number))
    return redirect(next_page(started.next_task_id), code=303)


@blueprint.post("/<process_key>/draft")
def draft(process_key: str) -> Response:
    """Keep what was typed so far."""
    sent = submission(lambda: _start(process_key).sheet)
    with unit_of_work() as uow:
        runtime.save_start_draft(uow, process_key, sent.typed, by=current_user())
    return drafted(url_for("start.show", process_key=process_key))


@blueprint.post("/<process_key>/draft/discard")
def discard(process_key: str) -> Response:
    """Begin the form anew."""
    with unit_of_work() as uow:
        runtime.discard_start_draft(uow, process_key, by=current_user())
    flash(_("草稿已放弃。"))
    return redirect(url_for("start.show", process_key=process_key), code=303)


@blueprint.post("/<process_key>/form")
def refresh(process_key: str) -> str:
    """Draw the form for what is typed now: other fields may apply, or a row more."""
    page = _start(process_key)
    return _page(page, *retyped(page.sheet)) if page.sheet else _page(page)


def _start(process_key: str) -> StartPage:
    with reading() as uow:
        return queries.start_form(uow, process_key, by=current_user())


def _page(page: StartPage, typed: Typed | None = None, errors: Errors | None = None) -> str:
    """Draw the page, or only the form's fields where htmx asks for them."""
    view = page.sheet and page.sheet.view(language(), typed, errors)
    template = "start/fields.html" if is_fragment() else "start/show.html"
    return render_template(template, page=page, view=view, errors=errors)
