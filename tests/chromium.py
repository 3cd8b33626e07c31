"""Chromium for the browser tests: how it is started, what it visits, and what it must not find there."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import make_server
from werkzeug.wsgi import ClosingIterator

from tests import machine

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

WEB = Path(__file__).parents[1] / "web"
AXE = WEB / "frontend/node_modules/axe-core/axe.min.js"
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
QUIET = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")  # fmt: skip


@contextmanager
def started() -> Iterator[Browser]:
    """A Chromium that talks to nobody but the program."""
    assert (WEB / "static/build/app.js").exists(), "the front end is not built: make setup"
    expect.set_options(timeout=15_000)  # milliseconds: other work may keep the machine busy
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(machine.chromium()), args=list(QUIET))
        yield browser
        browser.close()


def _answered_whole(app: Flask) -> WSGIApplication:
    """Read and close each answer before it is sent: the server leaves it open where a page hangs up."""

    def answered(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with closing(ClosingIterator(app(environ, start_response))) as answer:
            return [b"".join(answer)]

    return answered


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The program at an address that a browser can visit."""
    server = make_server("127.0.0.1", 0, _answered_whole(app), threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    serving.join()
    server.server_close()


def serious(page: Page) -> list[Any]:
    """What axe finds; it is put in by the debugger, since the page's policy lets no other script in."""
    session = page.context.new_cdp_session(page)
    session.send("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
    run = "axe.run({resultTypes: ['violations']}).then(r => JSON.stringify(r.violations.map(v => [v.impact, v.id, v.nodes[0].html])))"
    found = session.send("Runtime.evaluate", {"expression": run, "awaitPromise": True})
    session.detach()
    return [line for line in json.loads(found["result"]["value"]) if line[0] in ("serious", "critical")]
