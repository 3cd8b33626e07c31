"""The background clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine import scheduler, settings
from engine.database import Database
from tests import desk as desks
from tests.desk import Desk
from tests.engine.diagrams import boundary_timer, end, process, start, task

pytestmark = pytest.mark.slow

SETTINGS = settings.read({"BANJIE_DATABASE_URL": "sqlite://", "BANJIE_SECRET_KEY": "x" * 20})


def limited(span: str) -> str:
    """Return a process whose task is called off after a while."""
    return process("limited", start(), task("Do", "front_desk"), boundary_timer("Late", "Do", span), end(),
                   end("TooLate"), flows=["Begin Do", "Do Done", "Late TooLate"])  # fmt: skip


@pytest.fixture
def started(shared_database: Database) -> Callable[[str], Desk]:
    """``started("PT1S")``: a case whose task is called off after that time, by the real clock."""

    def started(span: str) -> Desk:
        desk = Desk(shared_database, desks.enrol(shared_database))
        owner = desk.people("pan")
        with shared_database.unit_of_work() as uow:
            desks.deploy_texts(uow, {"limited.bpmn": limited(span)}, owner)
        desk.start("limited")
        return desk

    return started


def eventually(happened: Callable[[], bool], within: timedelta = timedelta(seconds=15)) -> bool:
    """Wait until it has happened; False if it has not within the time."""
    until = datetime.now(UTC) + within
    while datetime.now(UTC) < until:
        if happened():
            return True
        time.sleep(0.05)
    return False


def test_the_clock_wakes_for_the_next_timer_without_waiting_for_a_sweep(
    started: Callable[[str], Desk],
) -> None:
    desk = started("PT1S")
    clock = scheduler.Clock(desk.database, SETTINGS, interval=timedelta(hours=1))
    clock.start()
    try:
        assert eventually(lambda: desk.open() == [])
    finally:
        clock.stop()


def test_a_timer_that_somebody_else_arms_is_found_by_a_sweep(started: Callable[[str], Desk]) -> None:
    desk = started("PT0.1S")
    time.sleep(0.2)
    scheduler.run_once(desk.database, SETTINGS)  # nothing is armed when the clock starts
    clock = scheduler.Clock(desk.database, SETTINGS, interval=timedelta(seconds=0.3))
    clock.start()
    try:
        desk.start("limited")
        assert eventually(lambda: desk.open() == [])
    finally:
        clock.stop()


def test_one_sweep_on_demand_fires_all_that_is_due(started: Callable[[str], Desk]) -> None:
    desk = started("PT0.01S")
    desk.start("limited")
    time.sleep(0.05)

    assert scheduler.run_once(desk.database, SETTINGS) == (2, 0)
    assert desk.open() == []


def test_a_stopped_clock_fires_nothing_more(started: Callable[[str], Desk]) -> None:
    desk = started("PT2S")  # a busy machine takes its time to start and stop
    clock = scheduler.Clock(desk.database, SETTINGS, interval=timedelta(hours=1))
    clock.start()
    clock.stop()
    time.sleep(2.1)

    assert desk.open() == ["Do"]
    assert scheduler.run_once(desk.database, SETTINGS) == (1, 0)


def test_a_clock_is_stopped_while_it_sets_an_alarm(
    started: Callable[[str], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = started("PT1H")
    desk.start("limited")
    clock = scheduler.Clock(desk.database, SETTINGS, interval=timedelta(hours=2))
    is_arming = threading.Event()
    add_job = clock._scheduler.add_job

    def slowly(*args: Any, **options: Any) -> Any:
        if options.get("id") == "alarm":
            is_arming.set()
            time.sleep(0.3)  # it is stopped now
        return add_job(*args, **options)

    monkeypatch.setattr(clock._scheduler, "add_job", slowly)
    clock.start()
    assert is_arming.wait(30)
    stopping = threading.Thread(target=clock.stop, daemon=True)
    stopping.start()
    stopping.join(30)

    assert not stopping.is_alive()
