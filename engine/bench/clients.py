"""How much more several clients complete than one."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from multiprocessing.sharedctypes import SynchronizedArray
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
    """
    Let one client, then several at once, complete as many tasks each; return what they did a second.

    Each client is a process of its own. Beside the rates stands the processor time that a client takes for
    one completion: with the server's own it says how many the processors allow at most.
    """
    case = Case(database, workload.path)
    step = workload.steps[0]
    pattern = case.completion(step)
    rates, busy = {}, {}
    for count in (1, clients):
        ids = clone(database, case.instance_id, count * (each + _WARM_UP))
        work = _tasks(database, ids, step.keys["task"], pattern)
        seconds, processor_seconds = _taken(database, [work[number::count] for number in range(count)])
        rates[count], busy[count] = count * each / seconds, processor_seconds / (count * each)
        tick()
    processors = os.cpu_count() or 1
    return {
        "one_client_per_second": round(rates[1]),
        f"{clients}_clients_per_second": round(rates[clients]),
        "processors": processors,
        "processor_ms_of_a_client": {str(count): round(taken * 1000, 3) for count, taken in busy.items()},
        # … if the database took no time of theirs
        "most_that_the_processors_allow": ratio(processors / busy[clients], rates[1]),
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


def _taken(database: Database, work: Sequence[Sequence[Completion]]) -> tuple[float, float]:
    """Return how long the clients take for their work from when all are ready, and their processor time."""
    spawn = multiprocessing.get_context("spawn")
    ready = spawn.Barrier(len(work) + 1)
    url = database.connections.url.render_as_string(hide_password=False)
    busy = spawn.Array("d", len(work))
    processes = [
        spawn.Process(target=_complete, args=(url, clock.now(), list(own), ready, busy, number))
        for number, own in enumerate(work)
    ]
    for process in processes:
        process.start()
    ready.wait(60)
    began = time.perf_counter()
    ready.wait(3600)
    seconds = time.perf_counter() - began
    for process in processes:
        process.join()
    return seconds, sum(busy[:])


def _complete(
    url: str,
    now: datetime,
    work: Sequence[Completion],
    ready: Barrier,
    busy: SynchronizedArray[float],
    client: int,
) -> None:
    database = Database(url)
    with unless_broken(ready), clock.moved(clock.MovedClock(now)):
        for number, completion in enumerate(work):
            if number == _WARM_UP:
                ready.wait(60)
                before = time.process_time()
            with database.unit_of_work() as uow:
                completion.carry_out(uow)
        busy[client] = time.process_time() - before
        ready.wait(3600)
    database.close()
