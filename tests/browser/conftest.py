"""The centre as it is delivered, with the people and registers of its demo, for the browser tests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from argon2 import PasswordHasher
from flask import Flask
from playwright.sync_api import Browser

from engine import clock, demo, passwords
from engine.clock import MovedClock
from engine.database import Database
from engine.settings import Settings
from tests import chromium
from tests.browser.house import DESK, PHONE, House
from tests.desk import MONDAY
from web import create_app

PROCESSES = Path(__file__).parents[2] / "processes"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.started() as browser:
        yield browser


@pytest.fixture(scope="module")
def centre_at_ten() -> Iterator[Database]:
    """The centre as it is delivered: its diagrams, tables and forms, the people and the registers of the demo."""
    hasher = passwords._hasher
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # thirty people log in
    database = Database("sqlite://")
    with clock.moved(MovedClock(MONDAY)):
        demo.prepare(database, PROCESSES, lambda _: None)
        for _ in demo.add_people(database, demo.missing_people(database, PROCESSES)):
            pass
        for _ in demo.load_registers(database, PROCESSES, demo.missing_registers(database, PROCESSES)):
            pass
    yield database
    database.close()
    passwords._hasher = hasher


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def house(
    request: pytest.FixtureRequest, browser: Browser, centre_at_ten: Database, tmp_path: Path
) -> Iterator[House]:
    settings = Settings(
        database_url="sqlite://", secret_key="a secret of the tests", processes=PROCESSES, files=tmp_path,
        zone=ZoneInfo("Asia/Shanghai"), office_opens=time(8, 30), office_closes=time(17, 30),
        session_lifetime=timedelta(days=500), largest_file=100_000, secure_cookies=False, demo=True,
    )  # fmt: skip
    database = centre_at_ten.copy_in_memory(settings.centre)
    moved = MovedClock(MONDAY)
    app = create_app(settings, database)
    _keep_time(app, moved)
    with chromium.served(app) as address:
        house = House(browser, address, request.param, database, moved)
        yield house
        for context in house.contexts.values():
            context.close()
    database.close()


def _keep_time(app: Flask, moved: MovedClock) -> None:
    """Every request sees the time of the test; each is answered in a thread of its own."""
    answer = app.wsgi_app

    def answer_in_time(environ: Any, start_response: Any) -> Any:
        with clock.moved(moved):
            return answer(environ, start_response)

    app.wsgi_app = answer_in_time  # type: ignore[method-assign]
