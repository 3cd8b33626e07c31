"""What a view works with: the transaction, the person, the language."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from flask import current_app, request, url_for
from flask_babel import get_locale
from flask_login import current_user as logged_in
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from engine.database import Database, UnitOfWork
from engine.identity import User
from engine.settings import Settings
from engine.texts import Language, Text

LARGEST_NUMBER = 2**63 - 1  # of a row in a database


@dataclass(frozen=True)
class Banjie:
    """What one application runs on."""

    settings: Settings
    database: Database


def banjie() -> Banjie:
    """Return what this application runs on."""
    return cast(Banjie, current_app.extensions["banjie"])


def settings() -> Settings:
    """Return how this installation runs."""
    return banjie().settings


def unit_of_work() -> AbstractContextManager[UnitOfWork]:
    """Open a transaction that commits when the block ends and rolls back when it raises."""
    return banjie().database.unit_of_work()


def reading() -> AbstractContextManager[UnitOfWork]:
    """Open a transaction that only looks."""
    return banjie().database.reading()


def current_user() -> User:
    """Return who is logged in; every view but the login page has somebody."""
    return cast(User, logged_in.user)


def is_logged_in() -> bool:
    """Say whether somebody is logged in."""
    return bool(logged_in.is_authenticated)


def language() -> Language:
    """Return the language of the page."""
    locale = get_locale()
    return "en" if locale is not None and locale.language == "en" else "zh"


def in_language(text: Text | str | None) -> str:
    """Return a text of the engine in the language of the page."""
    if text is None:
        return ""
    return text if isinstance(text, str) else text.in_language(language())


def is_fragment() -> bool:
    """Say whether htmx asks for a piece of a page."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"


def next_page(task_id: UUID | None) -> str:
    """Return the address of the next task; of the inbox where there is none."""
    return url_for("tasks.show", task_id=task_id) if task_id else url_for("inbox.show")


def this_page() -> str:
    """Return the address of the page that is asked for, or whose form is sent; nothing where none is."""
    return request.full_path.rstrip("?") if request.method == "GET" else page_above()


def page_above() -> str:
    """Return the address of the page whose forms are sent to this address; nothing where there is none."""
    addresses = current_app.create_url_adapter(request)
    path = request.path.rstrip("/")
    while path and addresses is not None:
        try:
            addresses.match(path, method="GET")
        except RequestRedirect:  # it only wants its slash at the end
            path += "/"
            break
        except HTTPException:
            path = path.rpartition("/")[0]
        else:
            break
    query = request.query_string.decode("utf-8", "replace")
    return f"{path}?{query}" if path and query else path


def row_number(text: str) -> int:
    """Return the number of a row that an address names. Raises ValueError where no database counts so far."""
    number = int(text)
    if not 0 <= number <= LARGEST_NUMBER:
        raise ValueError(text)
    return number


def local_address(address: str | None, otherwise: Callable[[], str] | None = None) -> str:
    """Return an address only if it leads to a page of this program; else the inbox."""
    inside = (
        address is not None
        and address.startswith("/")
        and not address.startswith(("//", "/\\"))
        and address.isprintable()
        and "\\" not in address
    )
    if inside:
        return cast(str, address)
    return otherwise() if otherwise else url_for("inbox.show")
