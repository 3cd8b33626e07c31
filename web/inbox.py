"""The inbox: what waits for the user, soonest due first."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Literal, cast

from flask import Blueprint, Response, render_template, request
from flask_babel import get_locale

from engine import clock, queries
from engine.queries import Counts, DueFilter, InboxPage
from web.context import current_user, is_fragment, reading

blueprint = Blueprint("inbox", __name__)
DUE_FILTERS = ("overdue", "today", "week")


@dataclass(frozen=True)
class View:
    """What the address asks for."""

    which: Literal["mine", "groups"]
    group: str | None
    process: str | None
    due: DueFilter | None
    text: str
    after: str | None

    @property
    def is_filtered(self) -> bool:
        """Say whether something may be hidden by a filter."""
        return bool(self.group or self.process or self.due or self.text)

    def address(self, **changed: str | None) -> dict[str, str]:
        """Return the address's arguments; with some of them changed, for the first page."""
        wanted = {
            "which": self.which,
            "group": self.group,
            "process": self.process,
            "due": self.due,
            "text": self.text,
            **({"after": self.after} if not changed else {}),
            **changed,
        }
        return {name: value for name, value in wanted.items() if value and (name, value) != ("which", "mine")}


@blueprint.get("/inbox")
def show() -> Response | str:
    """Show the inbox, or its list where only that is asked for; nothing where the list is as it was."""
    view = _view()
    with reading() as uow:
        page = queries.inbox(uow, current_user(), **asdict(view))
        counts = queries.inbox_counts(uow, current_user())
    fingerprint = _fingerprint(page, counts)
    if is_fragment() and request.args.get("seen") == fingerprint:
        return Response(status=204)
    template = "inbox/list.html" if is_fragment() else "inbox/show.html"
    return render_template(template, view=view, page=page, counts=counts, fingerprint=fingerprint)


def _view() -> View:
    due = request.args.get("due")
    return View(
        which="groups" if request.args.get("which") == "groups" else "mine",
        group=request.args.get("group") or None,
        process=request.args.get("process") or None,
        due=cast(DueFilter, due) if due in DUE_FILTERS else None,
        text=request.args.get("text", "").strip()[:200],
        after=request.args.get("after") or None,
    )


def _fingerprint(page: InboxPage, counts: Counts) -> str:
    """Return a short text that changes whenever the list looks different; its times count minutes."""
    minute = clock.now().replace(second=0, microsecond=0)
    return hashlib.sha256(repr((page, counts, minute, get_locale())).encode()).hexdigest()[:16]
