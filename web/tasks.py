"""One task: its form, what happened so far, and what can be done with it."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from engine import queries, runtime
from engine.errors import Conflict, InvalidForm, NotPermitted
from engine.queries import TaskPage
from web import errors as error_pages
from web.context import (
    current_user,
    in_language,
    is_fragment,
    language,
    next_page,
    reading,
    unit_of_work,
)
from web.submission import Errors, Typed, drafted, retyped, submission

blueprint = Blueprint("tasks", __name__, url_prefix="/tasks")


@blueprint.get("/<uuid:task_id>")
def show(task_id: UUID) -> str:
    """Show the task."""
    return _page(_task(task_id))


@blueprint.post("/<uuid:task_id>/claim")
def claim(task_id: UUID) -> AnyResponse:
    """Make the task the user's own."""
    with unit_of_work() as uow:
        runtime.claim_task(uow, task_id, by=current_user())
    flash(_("已认领，任务现在归您。"))
    return _tasks_changed() if is_fragment() else redirect(url_for("tasks.show", task_id=task_id), code=303)


@blueprint.post("/<uuid:task_id>/give-back")
def give_back(task_id: UUID) -> AnyResponse:
    """Give the task back to its groups."""
    with unit_of_work() as uow:
        runtime.give_back(uow, task_id, by=current_user())
    flash(_("已退回，本组的人可以认领。"))
    return redirect(url_for("inbox.show"), code=303)


@blueprint.post("/<uuid:task_id>/hand-over")
def hand_over(task_id: UUID) -> AnyResponse:
    """Hand the task over to somebody, with a note."""
    with unit_of_work() as uow:
        runtime.hand_over(
            uow, task_id, request.form.get("to", ""), request.form.get("note", ""), by=current_user()
        )
    flash(_("已转交。"))
    return redirect(url_for("inbox.show"), code=303)


@blueprint.post("/<uuid:task_id>/comment")
def comment(task_id: UUID) -> AnyResponse:
    """Leave a remark with the task's case."""
    with unit_of_work() as uow:
        instance_id = queries.task(uow, task_id, by=current_user()).case.instance_id
        runtime.comment(uow, instance_id, request.form.get("text", ""), by=current_user(), task_id=task_id)
    flash(_("备注已留下。"))
    return redirect(url_for("tasks.show", task_id=task_id, _anchor="comments"), code=303)


@blueprint.post("/<uuid:task_id>/draft")
def draft(task_id: UUID) -> AnyResponse:
    """Keep what was typed so far."""
    sent = submission(lambda: _task(task_id).sheet)
    with unit_of_work() as uow:
        runtime.save_draft(uow, task_id, sent.typed, by=current_user())
    return drafted(url_for("tasks.show", task_id=task_id))


@blueprint.post("/<uuid:task_id>/draft/discard")
def discard(task_id: UUID) -> AnyResponse:
    """Begin the form anew."""
    with unit_of_work() as uow:
        runtime.discard_draft(uow, task_id, by=current_user())
    flash(_("草稿已放弃。"))
    return redirect(url_for("tasks.show", task_id=task_id), code=303)


@blueprint.post("/<uuid:task_id>/form")
def refresh(task_id: UUID) -> str:
    """Draw the form for what is typed now: other fields may apply, or a row more."""
    page = _task(task_id)
    return _page(page, *retyped(page.sheet)) if page.sheet else _page(page)


@blueprint.post("/<uuid:task_id>/complete")
def complete(task_id: UUID) -> AnyResponse | tuple[str, int]:
    """Complete the task and go on to the next one; a wrong form is shown again with all that was typed."""
    sent = submission(lambda: _task(task_id).sheet)
    try:
        sent.require_files()
        with unit_of_work() as uow:
            completed = runtime.complete_task(uow, task_id, sent.typed, by=current_user())
            next_task = completed.next_task_id or queries.next_task(uow, current_user())
    except InvalidForm as error:
        return _page(_task(task_id), sent.typed, error.errors), 422
    flash(_("已完成，这是您的下一个任务。") if next_task else _("已完成。"))
    return redirect(next_page(next_task), code=303)


@blueprint.get("/<uuid:task_id>/diagram")
def diagram(task_id: UUID) -> Response:
    """Send the diagram's source to the viewer in the page."""
    return Response(_task(task_id).picture.xml, mimetype="application/xml")


@blueprint.errorhandler(Conflict)
def somebody_was_faster(error: Conflict) -> AnyResponse:
    """Say so, and lead to the case, where one sees what has become of it."""
    return error_pages.answer(409, in_language(error.message), case=_address_of_case())


@blueprint.errorhandler(NotPermitted)
def somebody_else_does_it(error: NotPermitted) -> AnyResponse:
    """Say so on the page of the case, for those who may see it; what was sent is refused."""
    case = _address_of_case()
    if case is None or request.method != "GET":
        return error_pages.answer(403, in_language(error.message), case=case)
    flash(in_language(error.message), "warning")
    return redirect(case, code=303)


def _address_of_case() -> str | None:
    with reading() as uow:
        instance_id = queries.case_of_task(uow, (request.view_args or {})["task_id"], by=current_user())
    return url_for("cases.show", instance_id=instance_id) if instance_id else None


def _task(task_id: UUID) -> TaskPage:
    with reading() as uow:
        return queries.task(uow, task_id, by=current_user())


def _page(page: TaskPage, typed: Typed | None = None, errors: Errors | None = None) -> str:
    """Draw the page, or only the form's fields where htmx asks for them."""
    view = page.sheet and page.sheet.view(language(), typed, errors)
    if is_fragment():
        return render_template("tasks/fields.html", page=page, view=view)
    with reading() as uow:
        issued = queries.papers_of_case(uow, page.case.instance_id, current_user())
    return render_template("tasks/show.html", page=page, view=view, issued=issued, errors=errors)


def _tasks_changed() -> Response:
    return Response(status=204, headers={"HX-Trigger": "tasks-changed"})
