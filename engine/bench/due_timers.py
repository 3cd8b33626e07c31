"""How fast due timers are fired, and that each is fired once."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier
from typing import Any

from sqlalchemy import func, select, update

from engine import clock, history, tables, timers
from engine.bench.measuring import ratio, unless_broken
from engine.bench.workload import Case, Workload, clone
from engine.database import Database


def measure(
    database: Database, workload: Workload, count: int, workers: int, tick: Callable[[], object]
) -> dict[str, Any]:
    """Let workers fire many due timers, one of each case; return the rate of each worker."""
    case = Case(database, workload.path)
    ids = clone(database, case.instance_id, count)
    tick()
    with database.unit_of_work() as uow:
        timer = tables.timer
        # One due timer per case; what it leads to is armed in the future, and stays.
        first = (
            select(func.min(timer.c.id))
            .where(timer.c.instance_id.between(ids[0], ids[-1]))
            .group_by(timer.c.instance_id)
        )
        due = list(uow.execute(first).scalars())
        uow.execute(update(timer).values(due_at=datetime(9000, 1, 1, tzinfo=UTC)))
        past = uow.now - timedelta(hours=1)
        for begin in range(0, len(due), 500):
            uow.execute(update(timer).where(timer.c.id.in_(due[begin : begin + 500])).values(due_at=past))
    with database.unit_of_work() as uow:
        uow.gather_statistics(tables.timer)
    seconds = _drained(database, workers)
    tick()
    with database.reading() as uow:
        lines = tables.history
        fired = uow.execute(
            select(func.count(), func.count(lines.c.instance_id.distinct())).where(
                lines.c.kind == str(history.Kind.TIMER_FIRED), lines.c.instance_id.between(ids[0], ids[-1])
            )
        ).one()
    rate = len(due) / seconds
    goal = "≥ 400" if workers == 1 else f"≥ {400 * min(workers, os.cpu_count() or 1)} (by cores)"
    return {
        "timers": len(due),
        "workers": workers,
        "per_second": round(rate),
        "ratios": {
            f"timers per second, {workers} worker(s)": {"reached": round(rate), "goal": goal},
            f"timers fired of each due, {workers} worker(s)": {
                "reached": ratio(fired[0], len(due)),
                "goal": "= 1",
            },
        },
    }


def _drained(database: Database, workers: int) -> float:
    """Return how many seconds it takes until nothing is due."""
    if workers == 1:
        timers.fire_due(database, 1)  # parsed once
        began = time.perf_counter()
        while timers.fire_due(database, 1000):
            pass
        return time.perf_counter() - began
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(workers + 1)
    url = database.connections.url.render_as_string(hide_password=False)
    processes = [spawn.Process(target=_work, args=(url, clock.now(), barrier)) for _ in range(workers)]
    for process in processes:
        process.start()
    barrier.wait(60)
    began = time.perf_counter()
    barrier.wait(3600)
    seconds = time.perf_counter() - began
    for process in processes:
        process.join()
    return seconds


def _work(url: str, now: datetime, barrier: Barrier) -> None:
    database = Database(url)
    with unless_broken(barrier), clock.moved(clock.MovedClock(now)):
        timers.fire_due(database, 1)
        barrier.wait(60)
        while timers.fire_due(database, 1000):
            pass
        barrier.wait(3600)
    database.close()
