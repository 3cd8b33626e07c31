"""The user interface: create_app()."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from flask import Flask, g, redirect, request, url_for
from flask_babel import Babel
from flask_login import login_required
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map
from werkzeug.wrappers import Response

from engine.database import Database
from engine.settings import Settings
from web import background, errors, navigation, presentation, request_lines, security
from web.context import LARGEST_NUMBER, Banjie, current_user, is_logged_in

HERE = Path(__file__).parent
#: One module each with a ``blueprint``; the pages of ``OPEN_PAGES`` need no login.
BLUEPRINTS = (
    "auth", "inbox", "tasks", "start", "files", "account", "cases", "definitions", "modeller", "people",
    "calendar", "registers", "ledger", "imports", "papers", "figures", "health",
)  # fmt: skip
OPEN_PAGES = {"static", "auth.login", "auth.choose_language", "home", "papers.check", "health.show"}
FILES_AT_ONCE = 5  # a form may bring this many files of the largest size
FORM_MEMORY = 4 * 1024 * 1024  # bytes of typed text in one form


class Number(IntegerConverter):
    """A number in an address, as large as a database counts; beyond that there is no such page."""

    def __init__(self, map: Map, **limits: Any) -> None:
        super().__init__(map, **{"max": LARGEST_NUMBER, **limits})


def create_app(settings: Settings, database: Database) -> Flask:
    """Return the web application over this database; nothing is shared between two of them."""
    app = Flask(__name__)
    app.extensions["banjie"] = Banjie(settings, database)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=settings.largest_file * FILES_AT_ONCE,
        MAX_FORM_MEMORY_SIZE=FORM_MEMORY,
        MAX_FORM_PARTS=5000,
        SESSION_COOKIE_NAME="banjie_session",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=settings.session_lifetime,
        WTF_CSRF_TIME_LIMIT=None,  # a form may stay open as long as its session
        BABEL_DEFAULT_LOCALE="zh_Hans_CN",
        BABEL_TRANSLATION_DIRECTORIES=str(HERE / "translations"),
    )
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=0)  # type: ignore[method-assign]
    Babel(app, locale_selector=_locale)
    app.url_map.converters["int"] = Number
    request_lines.write(app)
    security.secure(app)
    errors.answer_errors(app)
    presentation.present(app)
    navigation.guide(app)
    background.prepare(app)
    for name in BLUEPRINTS:
        app.register_blueprint(import_module(f"web.{name}").blueprint)
    app.add_url_rule("/", "home", lambda: redirect(url_for("inbox.show")))
    app.before_request(_need_login)
    return app


def _need_login() -> Response | None:
    """Let nobody in without a login, but to the pages that need none."""
    if request.endpoint is None or request.endpoint in OPEN_PAGES:
        return None
    answer: Response | None = login_required(lambda: None)()
    return answer


def _locale() -> str:
    """Return the reader's language: their account's, before that the cookie's, else Chinese."""
    ask_account = "failed" not in g and is_logged_in()  # a page about a failure asks the database nothing
    chosen = current_user().language if ask_account else request.cookies.get("language")
    return "en" if chosen == "en" else "zh_Hans_CN"
