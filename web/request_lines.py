"""A line for operators about each request, under a number that its answer and its error page bear."""

from __future__ import annotations

import logging
import secrets
import time

from flask import Flask, Response, g, request

from engine import logs

log = logging.getLogger(__name__)


def write(app: Flask) -> None:
    """Number the requests, and tell of each once it is answered: neither what was searched for nor typed."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_forget)


def _begin() -> None:
    g.began = time.perf_counter()
    logs.request_number.set(secrets.token_hex(4))


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = logs.request_number.get()
    log.info(
        "request",
        extra={
            "method": request.method,
            "path": request.path[:200],
            "status": response.status_code,
            "milliseconds": round((time.perf_counter() - g.began) * 1000),
            "user": g.get("user_name", "-"),
            "address": request.remote_addr,
        },
    )
    return response


def _forget(_error: BaseException | None) -> None:
    logs.request_number.set("")
