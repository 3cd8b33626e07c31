"""Work that goes on after its page was answered, one thing at a time in each process."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from flask import Flask, current_app

from engine.errors import BanjieError

log = logging.getLogger(__name__)

EXTENSION = "banjie_background"


def prepare(app: Flask) -> None:
    """Give the application its worker; its thread begins with the first thing to do."""
    app.extensions[EXTENSION] = ThreadPoolExecutor(max_workers=1, thread_name_prefix="background")


def run(work: Callable[[], object]) -> Future[None]:
    """Begin the work as soon as the worker is free; what it refuses, it has noted where its page looks."""
    worker: ThreadPoolExecutor = current_app.extensions[EXTENSION]
    return worker.submit(_do, work)


def _do(work: Callable[[], object]) -> None:
    try:
        work()
    except BanjieError as error:
        log.info("background work refused", extra={"reason": type(error).__name__})
    except Exception:
        log.exception("background work failed")
