"""What somebody sees and sets about themselves: messages, substitutes, the password."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from engine import identity, notifications, passwords, people, queries, throttle
from engine.errors import BanjieError, InvalidInput
from engine.texts import Text
from web.context import current_user, reading, row_number, unit_of_work
from web.errors import status_of
from web.security import begin_session

blueprint = Blueprint("account", __name__, url_prefix="/account")
MESSAGES_AT_ONCE = 50


@blueprint.get("/messages")
def messages() -> str:
    """Show the messages to the user; from then on they are no longer new."""
    with unit_of_work() as uow:
        lines = queries.notifications(
            uow, current_user(), before=request.args.get("before", type=row_number), limit=MESSAGES_AT_ONCE
        )
        notifications.mark_seen(uow, current_user())
    more = lines[-1].id if len(lines) == MESSAGES_AT_ONCE else None
    return render_template("account/messages.html", lines=lines, more=more)


@blueprint.get("/substitutes")
def substitutes() -> str:
    """Show who stands in for the user and for whom the user stands in."""
    return _substitutes()


@blueprint.post("/substitutes")
def name_substitute() -> Response | tuple[str, int]:
    """Name somebody who stands in for the user for some days."""
    me = current_user()
    try:
        with unit_of_work() as uow:
            people.name_substitute(
                uow, me.name, request.form.get("substitute", ""), _day("first_day"), _day("last_day"), by=me
            )
    except BanjieError as error:
        return _substitutes(error), status_of(error)
    flash(_("已指定代理人。"))
    return redirect(url_for("account.substitutes"), code=303)


@blueprint.post("/substitutes/<int:substitution_id>/revoke")
def revoke_substitute(substitution_id: int) -> Response:
    """End a substitution at once."""
    with unit_of_work() as uow:
        people.revoke_substitute(uow, substitution_id, by=current_user())
    flash(_("已撤销代理。"))
    return redirect(url_for("account.substitutes"), code=303)


@blueprint.route("/password", methods=["GET", "POST"])
def password() -> Response | str | tuple[str, int]:
    """Change the password; every other session of the user ends."""
    if request.method == "GET":
        return render_template("account/password.html", shortest=passwords.SHORTEST_PASSWORD)
    me, old = current_user(), request.form.get("old", "")
    limits = throttle.password(me.name)
    try:
        with unit_of_work() as uow:
            throttle.count(uow, limits)
        with unit_of_work() as uow:
            people.set_password(uow, me.name, _new_password(), by=me, present_password=old)
            throttle.take_back(uow, limits)
            changed = identity.user(uow, me.name)
    except BanjieError as error:
        return render_template(
            "account/password.html", error=error, shortest=passwords.SHORTEST_PASSWORD
        ), status_of(error)
    if changed is not None:
        begin_session(changed)
    flash(_("密码已修改。"))
    return redirect(url_for("inbox.show"), code=303)


def _substitutes(error: BanjieError | None = None) -> str:
    with reading() as uow:
        page = queries.profile(uow, current_user())
    return render_template("account/substitutes.html", page=page, error=error, typed=request.form)


def _day(name: str) -> date:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError:
        raise InvalidInput(
            Text("请填写第一天和最后一天。", "Please give the first and the last day.")
        ) from None


def _new_password() -> str:
    if request.form.get("new") != request.form.get("again"):
        raise InvalidInput(Text("两次输入的新密码不一样。", "The two new passwords differ."))
    return request.form.get("new", "")
