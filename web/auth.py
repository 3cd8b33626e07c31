"""Logging in and out; the language of the pages."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from engine import identity, people, throttle
from web.context import current_user, is_logged_in, local_address, reading, settings, unit_of_work
from web.security import YEAR, begin_session, device_of, end_session, know_device

blueprint = Blueprint("auth", __name__)


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> Response | str | tuple[str, int]:
    """Ask for name and password."""
    wanted = local_address(request.args.get("next"))
    if is_logged_in():
        return redirect(wanted, code=303)
    if request.method == "GET":
        return render_template("auth/login.html")
    name = request.form.get("name", "").strip()
    limits = throttle.login(name, request.remote_addr, device_of(name))
    with unit_of_work() as uow:
        throttle.count(uow, limits)
    with reading() as uow:  # checking a password takes its time: nobody need wait for it
        user = identity.authenticate(uow, name, request.form.get("password", ""))
    if user is None:
        return render_template("auth/login.html", name=name, refused=True), 401
    chosen = session.get("language", user.language)  # switched on this very page
    with unit_of_work() as uow:
        throttle.take_back(uow, limits)
        if chosen != user.language:
            people.set_language(uow, chosen, by=user)
    begin_session(user)
    return know_device(user.name, _remember(chosen, redirect(wanted, code=303)))


@blueprint.post("/logout")
def logout() -> Response:
    """End the session."""
    end_session()
    flash(_("您已退出。"))
    return redirect(url_for("auth.login"), code=303)


@blueprint.post("/language")
def choose_language() -> Response:
    """Remember the language in the browser, and with the account of whoever is logged in."""
    chosen = "en" if request.form.get("language") == "en" else "zh"
    if is_logged_in():
        with unit_of_work() as uow:
            people.set_language(uow, chosen, by=current_user())
    else:
        session["language"] = chosen
    return _remember(chosen, redirect(local_address(request.form.get("back")), code=303))


def _remember(language: str, response: Response) -> Response:
    """Let the browser remember the language, for pages before the next login."""
    response.set_cookie(
        "language", language, max_age=YEAR, samesite="Lax", httponly=True, secure=settings().secure_cookies
    )
    return response
