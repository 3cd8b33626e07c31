"""Lines for operators: what happened, with its fields; never what somebody typed into a form."""

from __future__ import annotations

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

#: The number of the request that is being answered; every line that is written meanwhile bears it.
request_number: ContextVar[str] = ContextVar("request_number", default="")

_PLAIN = re.compile(r"[\w.:/@+%,\[\]-]+\Z", re.ASCII)
_NO_FIELDS = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "color_message"}


class Lines(logging.Formatter):
    """Writes an event as a line of fields; a traceback stands below it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the name is the library's)
        """Return the line of an event."""
        at = datetime.fromtimestamp(record.created, UTC)
        fields = {name: value for name, value in vars(record).items() if name not in _NO_FIELDS}
        if number := request_number.get():
            fields["request"] = number
        told = [f"{at:%Y-%m-%dT%H:%M:%SZ}", record.levelname.lower(), _visible(record.message)]
        return " ".join(told + [f"{name}={_quoted(_visible(str(value)))}" for name, value in fields.items()])


def to_stderr(level: int) -> None:
    """Write what this program tells from this level on, and its libraries' warnings, to the error stream."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in ("engine", "web", "gunicorn"):
        logging.getLogger(name).setLevel(level)


def _visible(text: str) -> str:
    """Return a text without what would break a line, or colour it."""
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def _quoted(text: str) -> str:
    return text if _PLAIN.match(text) else json.dumps(text, ensure_ascii=False)
