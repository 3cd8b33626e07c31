"""Firing timers that are due."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import pytest

from engine import clock, tables, timers
from engine.errors import Conflict
from tests.desk import MONDAY, Desk
from tests.engine.diagrams import boundary_timer, end, process, start, task

Deploy = Callable[[Mapping[str, str]], None]

LIMITED = process(
    "limited", start(), task("Dispatch", "front_desk"), boundary_timer("Late", "Dispatch", "PT5M", interrupting=False),
    task("Instruct", "cs_supervisor"), end(), end("Instructed"),
    flows=["Begin Dispatch", "Dispatch Done", "Late Instruct", "Instruct Instructed"],
)  # fmt: skip


def test_what_is_done_exactly_at_the_limit_is_in_time(
    desk: Desk, deploy: Deploy, moved_clock: clock.MovedClock
) -> None:
    deploy({"limited.bpmn": LIMITED})
    desk.start("limited")
    moved_clock.move_to(MONDAY + timedelta(minutes=5))

    assert timers.fire_due(desk.database) == 0
    moved_clock.move_to(MONDAY + timedelta(minutes=5, microseconds=1))
    assert timers.fire_due(desk.database) == 1

    assert desk.open() == ["Dispatch", "Instruct"]


def test_a_task_done_in_time_disarms_its_timer(desk: Desk, deploy: Deploy, wait: Callable[..., None]) -> None:
    deploy({"limited.bpmn": LIMITED})
    desk.start("limited")
    assert len(desk.rows(tables.timer)) == 1

    desk.complete("Dispatch", by="fang")
    wait(hours=1)

    assert desk.rows(tables.timer) == []
    assert desk.row(tables.process_instance).status == "completed"


def test_timers_fire_in_the_order_of_their_times(
    desk: Desk, deploy: Deploy, moved_clock: clock.MovedClock
) -> None:
    deploy({"limited.bpmn": LIMITED})
    later, sooner = desk.start("limited"), None
    moved_clock.move_to(MONDAY - timedelta(minutes=3))
    sooner = desk.start("limited")
    moved_clock.move_to(MONDAY + timedelta(hours=1))

    timers.fire_due(desk.database)

    fired = [row.instance_id for row in desk.rows(tables.history, kind="timer_fired")]
    assert fired == [sooner, later]


def test_the_next_alarm_is_the_earliest_timer(desk: Desk, deploy: Deploy) -> None:
    deploy({"limited.bpmn": LIMITED})
    with desk.database.reading() as uow:
        assert timers.next_due(uow) is None
    desk.start("limited")
    with desk.database.reading() as uow:
        assert timers.next_due(uow) == MONDAY + timedelta(minutes=5)


def test_what_is_late_stays_late_though_no_worker_came(
    desk: Desk, deploy: Deploy, moved_clock: clock.MovedClock
) -> None:
    deploy({"limited.bpmn": LIMITED})
    desk.start("limited")
    moved_clock.move_to(MONDAY + timedelta(hours=1))

    desk.complete("Dispatch", by="fang")

    assert desk.open() == ["Instruct"]
    kinds = [row.kind for row in desk.rows(tables.history)]
    assert kinds.index("timer_fired") < kinds.index("completed")


def test_what_a_late_timer_sends_may_come_back_to_its_case(
    desk: Desk, deploy: Deploy, moved_clock: clock.MovedClock
) -> None:
    deploy({"limited.bpmn": process(
        "limited", start(), task("Dispatch", "front_desk"),
        boundary_timer("Late", "Dispatch", "PT5M", interrupting=False),
        '<bpmn:intermediateThrowEvent id="Send" name="Send">'
        '<bpmn:messageEventDefinition id="SendMessage" messageRef="Key"/></bpmn:intermediateThrowEvent>',
        '<bpmn:intermediateCatchEvent id="Back" name="Back">'
        '<bpmn:messageEventDefinition id="BackMessage" messageRef="Key"/></bpmn:intermediateCatchEvent>',
        task("Instruct", "cs_supervisor"), end(), end("Instructed"),
        flows=["Begin Dispatch", "Dispatch Done", "Late Send", "Send Back", "Back Instruct", "Instruct Instructed"],
        more='<bpmn:message id="Key" name="key returned"/>',
    )})  # fmt: skip
    desk.start("limited")
    moved_clock.move_to(MONDAY + timedelta(hours=1))  # no worker has come

    desk.complete("Dispatch", by="fang")

    assert desk.open() == ["Instruct"]


def test_a_task_whose_limit_ends_it_cannot_be_completed_late(
    desk: Desk, deploy: Deploy, moved_clock: clock.MovedClock
) -> None:
    ended_by_limit = process(
        "ended", start(), task("Dispatch", "front_desk"), boundary_timer("Late", "Dispatch", "PT5M"),
        end(), end("Over"), flows=["Begin Dispatch", "Dispatch Done", "Late Over"],
    )  # fmt: skip
    deploy({"ended.bpmn": ended_by_limit})
    desk.start("ended")
    moved_clock.move_to(MONDAY + timedelta(hours=1))

    with pytest.raises(Conflict):
        desk.complete("Dispatch", by="fang")

    assert desk.row(tables.process_instance).status == "running"
    assert timers.fire_due(desk.database) == 1


def test_timers_that_go_round_without_a_wait_are_stopped(
    desk: Desk, deploy: Deploy, moved_clock: clock.MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timers, "MOST_OF_ONE_CASE", 5)
    circle = process(
        "circle", start(), task("Dispatch", "front_desk"),
        boundary_timer("Late", "Dispatch", "${now()}"), end(), flows=["Begin Dispatch", "Dispatch Done", "Late Dispatch"],
    )  # fmt: skip
    deploy({"circle.bpmn": circle})
    desk.start("circle")
    moved_clock.move_to(MONDAY + timedelta(minutes=1))
    with clock.moved(Ticking(MONDAY + timedelta(minutes=1))):
        assert timers.fire_due(desk.database, limit=50) == 6

    assert [row.element_id for row in desk.rows(tables.incident)] == ["Late"]


class Ticking:
    """A clock that goes on by a second whenever it is read."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def __call__(self) -> datetime:
        self._at += timedelta(seconds=1)
        return self._at
