"""Whether the program is well, for whoever watches it."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response

from engine import clock, timers
from web.context import reading

blueprint = Blueprint("health", __name__)

#: A timer that is due for longer says that no worker runs, or that it cannot keep up.
LATE = timedelta(minutes=5)


@blueprint.get("/health")
def show() -> Response:
    """Answer 200 where pages and database do, and tell if timers fire; 503 where the database is away."""
    with reading() as uow:
        due = timers.next_due(uow)
    late = due is not None and clock.now() - due > LATE
    told = f"timers late since {due:%Y-%m-%dT%H:%M:%SZ}" if late else "timers in time"
    return Response(f"database ok\n{told}\n", mimetype="text/plain")
