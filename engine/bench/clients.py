"""How much more several clients complete than one."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from multiprocessing.synchronize import Barrier
from typing import Any

from sqlalchemy import select

from engine import clock, tables
from engine.bench.measuring import ratio, unless_broken
from engine.bench.workload import Case, Completion, Workload, clone
from engine.database import Database

_WARM_UP = 5


def measure(
    database: Database, workload: Workload, each: int, clients: int, tick: Callable[[], object]
) -> dict[str, Any]:
    """Let one client, then several at once, complete as many tasks each; return what they did a second."""
    case = Case(database, workload.path)
    step = workload.steps[0]
    pattern = case.completion(step)
    rates = {}
    for count in (1, clients):
        ids = clone(database, case.instance_id, count * (each + _WARM_UP))
        work = _tasks(database, ids, step.keys["task"], pattern)
        rates[count] = count * each / _seconds(database, [work[number::count] for number in range(count)])
        tick()
    return {
        "one_client_per_second": round(rates[1]),
        f"{clients}_clients_per_second": round(rates[clients]),
        "ratios": {f"{clients} clients / 1": {"reached": ratio(rates[clients], rates[1]), "goal": "≥ 2.5"}},
    }


def _tasks(database: Database, ids: Sequence[int], element_id: str, pattern: Completion) -> list[Completion]:
    task = tables.user_task
    wanted = select(task.c.id).where(
        task.c.instance_id.between(ids[0], ids[-1]), task.c.element_id == element_id, task.c.status == "open"
    )
    with database.reading() as uow:
        found = list(uow.execute(wanted).scalars())
    return [Completion(task_id, pattern.submitted, pattern.variables, pattern.by) for task_id in found]


def _seconds(database: Database, work: Sequence[Sequence[Completion]]) -> float:
    """Return how long the clients take for their work, from when all are ready."""
    spawn = multiprocessing.get_context("spawn")
    ready = spawn.Barrier(len(work) + 1)
    url = database.connections.url.render_as_string(hide_password=False)
    processes = [spawn.Process(target=_complete, args=(url, clock.now(), list(own), ready)) for own in work]
    for process in processes:
        process.start()
    ready.wait(60)
    began = time.perf_counter()
    ready.wait(3600)
    seconds = time.perf_counter() - began
    for process in processes:
        process.join()
    return seconds


def _complete(url: str, now: datetime, work: Sequence[Completion], ready: Barrier) -> None:
    database = Database(url)
    with unless_broken(ready), clock.moved(clock.MovedClock(now)):
        for number, completion in enumerate(work):
            if number == _WARM_UP:
                ready.wait(60)
            with database.unit_of_work() as uow:
                completion.carry_out(uow)
        ready.wait(3600)
    database.close()
