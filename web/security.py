"""Headers, CSRF, limits and sessions that hold for every page."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, flash, g, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_login import LoginManager, login_user, logout_user
from flask_wtf.csrf import CSRFProtect
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.wrappers import Response as AnyResponse

from engine import clock, identity
from engine.identity import User
from web.context import is_fragment, local_address, reading, settings, this_page

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
YEAR = 365 * 24 * 3600  # seconds
DEVICE = "banjie_device"
PEOPLE_AT_A_DEVICE = 8  # at a desk that several share
ACTIVITY_STEP = 60  # seconds: the session's cookie is renewed at most this often


@dataclass(frozen=True)
class Session:
    """Somebody's login, as flask-login wants to see it."""

    user: User

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """Return what the cookie remembers."""
        return f"{self.user.session_number}:{self.user.name}"


def secure(app: Flask) -> None:
    """Give every page its protection."""
    app.before_request(_refuse_nul)
    CSRFProtect(app)
    _sessions(app)
    app.after_request(_headers)


def _sessions(app: Flask) -> None:
    manager = LoginManager(app)
    manager.session_protection = None
    manager.user_loader(_load)
    manager.unauthorized_handler(ask_to_log_in)


def _load(remembered: str) -> Session | None:
    """Return the session that the cookie names; None where it has expired or was ended."""
    if "failed" in g:
        return None  # a page about a failure asks the database nothing
    number, _colon, name = remembered.partition(":")
    now = int(clock.now().timestamp())
    if now - int(session.get("active_at", 0)) > settings().session_lifetime.total_seconds():
        return None
    with reading() as uow:
        found = identity.user(uow, name)
    if found is None or str(found.session_number) != number:
        return None
    # A page that only asks for news does not keep its session alive.
    if "X-Polls" not in request.headers and now - int(session["active_at"]) > ACTIVITY_STEP:
        session["active_at"] = now
    g.user_name = found.name
    return Session(found)


def begin_session(user: User) -> None:
    """Log somebody in, with an empty cookie, so that nothing of an earlier session stays."""
    session.clear()
    session.permanent = True
    session["active_at"] = int(clock.now().timestamp())
    login_user(Session(user))
    g.user_name = user.name


def end_session() -> None:
    """Log out."""
    logout_user()
    session.clear()


def device_of(name: str) -> str | None:
    """Return what names this browser, if this person has logged in with it before."""
    known = _device()
    return known["id"] if known and name in known["names"] else None


def know_device(name: str, response: AnyResponse) -> AnyResponse:
    """Let the browser remember who has logged in with it."""
    known = _device() or {"id": secrets.token_urlsafe(12), "names": []}
    names = [name, *(other for other in known["names"] if other != name)][:PEOPLE_AT_A_DEVICE]
    response.set_cookie(
        DEVICE, _devices().dumps({**known, "names": names}), max_age=YEAR, samesite="Lax", httponly=True,
        secure=settings().secure_cookies,
    )  # fmt: skip
    return response


def _device() -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = _devices().loads(request.cookies.get(DEVICE, ""))
    except BadSignature:
        return None
    return found


def _devices() -> URLSafeSerializer:
    return URLSafeSerializer(settings().secret_key, salt=DEVICE)


def _refuse_nul() -> None:
    """Refuse texts with a NUL: nobody types one, and a database may not store it."""
    told = [*request.args.items(multi=True), *request.form.items(multi=True)]
    if "\0" in request.path or any("\0" in text for pair in told for text in pair):
        abort(400)


def ask_to_log_in() -> AnyResponse:
    """Lead to the login page, and from there back to the page that was asked for or that a form stood on."""
    if request.headers.get("X-Requested-With") == "draft":
        return Response(status=401)  # the page says so, and keeps what was typed
    if request.method != "GET" or "active_at" in session:
        flash(_("登录已过期，请重新登录。"), "warning")
    if is_fragment():
        address = url_for("auth.login", next=_page_around() or None)
        return Response(status=401, headers={"HX-Redirect": address})
    leaving = request.endpoint == "auth.logout"
    return redirect(url_for("auth.login", next=None if leaving else this_page() or None), code=303)


def _page_around() -> str:
    """Return the address of the page that a piece is asked for; nothing where htmx does not say."""
    try:
        page = urlsplit(request.headers.get("HX-Current-URL", ""))
    except ValueError:
        return ""
    return local_address(f"{page.path}?{page.query}".rstrip("?"), lambda: "")


def allow_style_attributes() -> None:
    """Let the viewer of decision tables on this page set widths and colours of its own."""
    g.content_policy = f"{CONTENT_POLICY}; style-src-attr 'unsafe-inline'"


def _headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", g.get("content_policy", CONTENT_POLICY))
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if settings().secure_cookies:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={YEAR}")
    if request.endpoint == "static":
        response.cache_control.no_cache = None
        response.cache_control.public = True
        response.cache_control.max_age = YEAR if "v" in request.args else 0
    elif "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response
