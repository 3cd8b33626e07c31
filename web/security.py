"""Headers, CSRF, limits and sessions that hold for every page."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, abort, g, redirect, request, session, url_for
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, login_user, logout_user
from flask_wtf.csrf import CSRFProtect
from werkzeug.wrappers import Response as AnyResponse

from engine import clock, identity
from engine.identity import User
from web.context import is_fragment, reading, settings

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
LOGINS_BY_ADDRESS = "30 per 10 minutes"  # failed ones
LOGINS_BY_NAME = "10 per 10 minutes"
YEAR = 365 * 24 * 3600  # seconds
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


def limit_logins(app: Flask) -> None:
    """Slow down whoever guesses passwords: by address, by name."""
    limiter = Limiter(get_remote_address, app=app, storage_uri="memory://", headers_enabled=False)
    failed: dict[str, Any] = {
        "methods": ["POST"],
        "deduct_when": lambda response: response.status_code == HTTPStatus.UNAUTHORIZED,
    }
    view: Any = app.view_functions["auth.login"]
    view = limiter.limit(LOGINS_BY_ADDRESS, **failed)(view)
    view = limiter.limit(LOGINS_BY_NAME, key_func=_login_name, **failed)(view)
    app.view_functions["auth.login"] = view


def _login_name() -> str:
    name = request.form.get("name", "").strip().casefold()
    return "name:" + hashlib.sha256(name.encode()).hexdigest()


def _sessions(app: Flask) -> None:
    manager = LoginManager(app)
    manager.session_protection = None
    manager.user_loader(_load)
    manager.unauthorized_handler(_ask_to_log_in)


def _load(remembered: str) -> Session | None:
    """Return the session that the cookie names; None where it has expired or was ended."""
    number, _, name = remembered.partition(":")
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
    return Session(found)


def begin_session(user: User) -> None:
    """Log somebody in, with an empty cookie, so that nothing of an earlier session stays."""
    session.clear()
    session.permanent = True
    session["active_at"] = int(clock.now().timestamp())
    login_user(Session(user))


def end_session() -> None:
    """Log out."""
    logout_user()
    session.clear()


def _refuse_nul() -> None:
    """Refuse texts with a NUL: nobody types one, and a database may not store it."""
    told = [*request.args.items(multi=True), *request.form.items(multi=True)]
    if "\0" in request.path or any("\0" in text for pair in told for text in pair):
        abort(400)


def _ask_to_log_in() -> AnyResponse:
    if is_fragment():
        return Response(status=401, headers={"HX-Redirect": url_for("auth.login")})
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("auth.login", next=wanted), code=303)


def allow_style_attributes() -> None:
    """Let the viewer of decision tables on this page set widths and colours of its own."""
    g.content_policy = f"{CONTENT_POLICY}; style-src-attr 'unsafe-inline'"


def _headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", g.get("content_policy", CONTENT_POLICY))
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={YEAR}")
    if request.endpoint == "static":
        response.cache_control.no_cache = None
        response.cache_control.public = True
        response.cache_control.max_age = YEAR if "v" in request.args else 0
    elif "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response
