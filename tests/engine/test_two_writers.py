"""What happens when two people, or a person and a timer, do something at the same time."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from engine import clock, instances, runtime, tables, timers
from engine.database import Database
from engine.errors import BanjieError, Conflict
from engine.identity import User
from tests import desk as desks
from tests.desk import MONDAY, Desk
from tests.engine.diagrams import REPAIR_FILES, boundary_timer, end, gateway, process, start, task

pytestmark = pytest.mark.slow

LIMITED = process(
    "limited", start(), task("Handle", "front_desk"), boundary_timer("Late", "Handle", "PT1H"), end(), end("TooLate"),
    flows=["Begin Handle", "Handle Done", "Late TooLate"],
)  # fmt: skip


@pytest.fixture
def busy(shared_database: Database, moved_clock: clock.MovedClock) -> Desk:
    """A desk over a database that several connections use at once."""
    people = desks.enrol(shared_database)
    owner = people("pan")
    with shared_database.unit_of_work() as uow:
        desks.deploy_texts(uow, REPAIR_FILES | {"limited.bpmn": LIMITED}, owner)
    return Desk(shared_database, people)


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    """Do all of this in threads that begin together; return what each gave or raised."""
    ready = threading.Barrier(len(actions))
    results: list[Any] = [None] * len(actions)

    def run(number: int, action: Callable[[], Any]) -> None:
        # A thread does not inherit the moved clock.
        with clock.moved(clock.MovedClock(MONDAY)):
            ready.wait()
            try:
                results[number] = action()
            except BanjieError as error:
                results[number] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_of_four_people_who_complete_a_task_at_once_one_is_first(busy: Desk) -> None:
    busy.start(what="灯坏了")
    task_id = busy.task("Receive")
    racers = [busy.people("fang"), busy.people("feng"), busy.people("qin"), busy.people("fang")]

    def complete(by: User, number: int) -> Callable[[], Any]:
        def action() -> Any:
            with busy.database.unit_of_work() as uow:
                return runtime.complete_task(uow, task_id, {"urgency": f"as {number} says"}, by)

        return action

    results = at_once(*(complete(by, number) for number, by in enumerate(racers)))

    assert Counter(type(result) for result in results) == {runtime.Completed: 1, Conflict: 3}
    assert busy.history(busy.row(tables.process_instance).id) == ["started", "completed"]
    assert busy.open() == ["Handle"]


def test_of_two_people_who_claim_a_task_at_once_one_has_it(busy: Desk) -> None:
    busy.start(what="灯坏了")
    task_id = busy.task("Receive")
    fang, feng = busy.people("fang"), busy.people("feng")

    def claim(by: User) -> Callable[[], Any]:
        def action() -> str:
            with busy.database.unit_of_work() as uow:
                runtime.claim_task(uow, task_id, by)
            return by.name

        return action

    results = at_once(claim(fang), claim(feng))

    winner = [result for result in results if isinstance(result, str)]
    assert len(winner) == 1 and busy.row(tables.user_task).assignee == winner[0]
    assert [row.holder for row in busy.rows(tables.inbox)] == [f"a:{winner[0]}"]


def test_two_tasks_of_one_case_completed_at_once_both_count(busy: Desk) -> None:
    """Both lock the case first: no deadlock, and the join sees both."""
    owner = busy.people("pan")
    with busy.database.unit_of_work() as uow:
        source = process(
            "pair", start(), gateway("Split", "parallel"), task("One", "front_desk"), task("Two", "front_desk"),
            gateway("Join", "parallel"), task("After", "front_desk"), end(),
            flows=["Begin Split", "Split One", "Split Two", "One Join", "Two Join", "Join After", "After Done"],
        )  # fmt: skip
        desks.deploy_texts(uow, {"pair.bpmn": source}, owner)
    fang, feng = busy.people("fang"), busy.people("feng")
    for _ in range(5):
        busy.start("pair")
        one, two = busy.task("One"), busy.task("Two")

        def complete(task_id: Any, by: User) -> Callable[[], Any]:
            def action() -> Any:
                with busy.database.unit_of_work() as uow:
                    return runtime.complete_task(uow, task_id, {}, by)

            return action

        results = at_once(complete(one, fang), complete(two, feng))
        assert [type(result) for result in results] == [runtime.Completed] * 2

    assert busy.open() == ["After"] * 5


def test_a_task_and_its_time_limit_end_in_one_of_two_ways(busy: Desk) -> None:
    fang = busy.people("fang")
    for _ in range(5):
        busy.start("limited")
        task_id = busy.task("Handle")

        def complete(task_id: Any = task_id) -> Any:
            with busy.database.unit_of_work() as uow:
                return runtime.complete_task(uow, task_id, {}, fang)

        def sweep() -> int:
            with clock.moved(clock.MovedClock(MONDAY + timedelta(hours=2))):
                return timers.fire_due(busy.database)

        at_once(complete, sweep)
        with clock.moved(clock.MovedClock(MONDAY + timedelta(hours=2))):
            timers.fire_due(busy.database)
        case = busy.row(tables.process_instance)
        assert (case.status, case.end_element_id) in [("completed", "Done"), ("completed", "TooLate")]
        assert len(busy.history(case.id)) == 3  # started, completed or timer fired, ended


def test_each_due_timer_fires_once_however_many_workers_run(busy: Desk) -> None:
    cases = [busy.start("limited") for _ in range(20)]
    results = at_once(*[lambda: _sweep_later(busy.database)] * 3)

    assert sum(results) == 20
    assert all(busy.history(case) == ["started", "timer_fired", "ended"] for case in cases)
    assert busy.rows(tables.timer) == []


def _sweep_later(database: Database) -> int:
    with clock.moved(clock.MovedClock(MONDAY + timedelta(hours=2))):
        return timers.fire_due(database)


KILLED_IN_THE_MIDDLE = """
import os, sys
from datetime import datetime
from engine import clock, runtime, identity, history
from engine.database import Database
def end(*_): os._exit(9)
history.write = end
database = Database(sys.argv[1])
with clock.moved(clock.MovedClock(datetime.fromisoformat(sys.argv[3]))):
    with database.unit_of_work() as uow:
        runtime.complete_task(uow, __import__("uuid").UUID(sys.argv[2]), {"urgency": "lost"}, identity.user(uow, "fang"))
"""


def test_a_process_killed_in_the_middle_of_a_step_loses_nothing(busy: Desk) -> None:
    case = busy.start(what="灯坏了")
    task_id = busy.task("Receive")
    url = busy.database.connections.url.render_as_string(hide_password=False)

    killed = subprocess.run(
        [sys.executable, "-c", KILLED_IN_THE_MIDDLE, url, str(task_id), MONDAY.isoformat()],
        cwd=Path(__file__).parents[2], check=False, timeout=60,
    )  # fmt: skip

    assert killed.returncode == 9
    assert busy.open() == ["Receive"]
    assert "urgency" not in busy.variables(case)
    busy.complete("Receive", by="feng")
    assert busy.open() == ["Handle"]


KILLED_WHILE_IT_FIRES = """
import os, sys
from datetime import datetime
from engine import clock, timers, history
from engine.database import Database
def end(*_): os.kill(os.getpid(), 9)
history.write = end
with clock.moved(clock.MovedClock(datetime.fromisoformat(sys.argv[2]))):
    timers.fire_due(Database(sys.argv[1]))
"""


def test_a_timer_whose_worker_is_killed_is_fired_once_by_another(busy: Desk) -> None:
    cases = [busy.start("limited") for _ in range(2)]
    url = busy.database.connections.url.render_as_string(hide_password=False)
    later = (MONDAY + timedelta(hours=2)).isoformat()

    killed = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_IT_FIRES, url, later],
        cwd=Path(__file__).parents[2], check=False, timeout=60,
    )  # fmt: skip

    assert killed.returncode == -9
    assert [busy.history(case) for case in cases] == [["started"]] * 2
    assert _sweep_later(busy.database) == 2
    assert [busy.history(case) for case in cases] == [["started", "timer_fired", "ended"]] * 2


def test_what_was_read_before_somebody_else_stored_is_refused(busy: Desk) -> None:
    """The guard of last resort, should a lock ever be missing."""
    case = busy.start(what="灯坏了")
    with busy.database.reading() as uow:
        stale = uow.execute(select(tables.process_instance).where(tables.process_instance.c.id == case)).one()
    busy.complete("Receive", by="fang")

    with pytest.raises(Conflict), busy.database.unit_of_work() as uow:
        held = instances.take_up(uow, stale)
        instances.store(uow, held, runtime.Line(runtime.Kind.RETRIED))

    assert busy.open() == ["Handle"]


def test_case_numbers_are_given_once_each_without_gaps(busy: Desk) -> None:
    fang = busy.people("fang")

    def begin() -> str:
        with busy.database.unit_of_work() as uow:
            return runtime.start_process(uow, "repair", {"what": "a"}, fang).case_number

    numbers = at_once(*[begin] * 8)

    assert sorted(numbers) == [f"BX-20260302-{number:04}" for number in range(1, 9)]


@pytest.mark.parametrize(  # SQLite has one writer at a time: there is nobody to pass over
    "shared_database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
def test_a_timer_whose_case_is_being_worked_on_waits_for_the_next_sweep(busy: Desk) -> None:
    held, free = busy.start("limited"), busy.start("limited")
    with busy.database.unit_of_work() as uow:
        instances.lock_instance(uow, held)
        assert _sweep_later(busy.database) == 1

    assert busy.history(free)[-1] == "ended"
    assert _sweep_later(busy.database) == 1
    assert busy.history(held)[-1] == "ended"


def test_a_failing_timer_stops_its_own_case_only(busy: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = busy.start("limited"), busy.start("limited")
    fire = runtime.fire_locked_timer

    def fail_for_the_first(uow: Any, row: Any) -> None:
        if row.id == first:
            raise RuntimeError("unforeseen")
        fire(uow, row)

    monkeypatch.setattr(runtime, "fire_locked_timer", fail_for_the_first)
    assert _sweep_later(busy.database) == 2
    monkeypatch.undo()

    assert busy.history(second)[-1] == "ended"
    assert busy.history(first) == ["started", "incident"]
    assert _sweep_later(busy.database) == 0  # not tried again by itself
    with busy.database.unit_of_work() as uow:
        uow.execute(insert(tables.membership).values(user_name="jing", group_key="front_desk"))
    busy.do(runtime.retry_incident, busy.row(tables.incident).id, by="jing")
    assert _sweep_later(busy.database) == 1
    assert busy.history(first) == ["started", "incident", "retried", "timer_fired", "ended"]
