"""Whether a case that goes round and round stays cheap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select

from engine import tables
from engine.bench.measuring import Times, ratio
from engine.bench.workload import Case, Workload
from engine.database import Database


def measure(
    database: Database, workload: Workload, cases: int, last: int, tick: Callable[[], object]
) -> dict[str, Any]:
    """Compare the fifth round with the last one, in time and in bytes of state; medians over some cases."""
    early, late, early_bytes, late_bytes = Times(), Times(), [0], [0]
    for _ in range(cases):
        case = Case(database, workload.to_the_loop)
        case.go(workload.to_the_loop.steps)
        for number in range(1, last + 1):
            times = Times()
            for step in workload.round_:
                completion = case.completion(step)
                with times.measured(), database.unit_of_work() as uow:
                    completion.carry_out(uow)
            if 4 <= number <= 6:
                early.each.append(sum(times.each))
            if number > last - 3:
                late.each.append(sum(times.each))
            if number == 5:
                early_bytes.append(_bytes(database, case.instance_id))
        late_bytes.append(_bytes(database, case.instance_id))
        tick()
    return {
        "fifth_round": early.summary(),
        "last_round": {"number": last, **late.summary()},
        "ratios": {
            f"round {last} / round 5, time": {"reached": ratio(late.median, early.median), "goal": "≤ 1.3"},
            f"round {last} / round 5, bytes": {
                "reached": ratio(max(late_bytes), max(early_bytes)),
                "goal": "≤ 1.3",
            },
        },
    }


def _bytes(database: Database, instance_id: int) -> int:
    row = tables.process_instance
    with database.reading() as uow:
        return int(uow.execute(select(func.length(row.c.state)).where(row.c.id == instance_id)).scalar_one())
