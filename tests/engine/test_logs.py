"""Lines for operators."""

from __future__ import annotations

import io
import logging
import re

import pytest

from engine import logs


@pytest.fixture
def log() -> logging.Logger:
    """Somebody who tells what happens."""
    log = logging.Logger("engine.somewhere")
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(logs.Lines())
    log.addHandler(handler)
    return log


def written(log: logging.Logger) -> str:
    """Return what was written, without the time at its beginning."""
    told = log.handlers[0].stream.getvalue()
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ", told)
    return str(told).partition(" ")[2]


def test_an_event_is_a_line_with_its_fields(log: logging.Logger) -> None:
    log.info("timer fired", extra={"timer_id": 7, "element_id": "key overdue", "path": "/登记簿"})

    assert written(log) == 'info timer fired timer_id=7 element_id="key overdue" path="/登记簿"\n'


def test_nobody_can_write_a_line_of_their_own(log: logging.Logger) -> None:
    log.warning("refused: %s", "a\nb", extra={"path": '/a\n2026 info "x"', "agent": "\x9b31m\u2028"})

    told = written(log)
    assert told.count("\n") == 1 and told[:-1].isprintable()


def test_a_traceback_stands_below_its_line(log: logging.Logger) -> None:
    try:
        raise RuntimeError("unforeseen")
    except RuntimeError:
        log.exception("timer failed", extra={"timer_id": 7})

    first, second, *_, last = written(log).splitlines()
    assert first == "error timer failed timer_id=7"
    assert (second, last) == ("Traceback (most recent call last):", "RuntimeError: unforeseen")


def test_what_happens_during_a_request_bears_its_number(log: logging.Logger) -> None:
    token = logs.request_number.set("4f2a")
    log.info("case started", extra={"instance_id": 3})
    logs.request_number.reset(token)

    assert written(log) == "info case started instance_id=3 request=4f2a\n"
