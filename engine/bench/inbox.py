"""What the first page of the inbox costs, with few open tasks and with very many."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import func, insert, select

from engine import identity, queries, tables
from engine.bench.measuring import median_of, ratio
from engine.bench.workload import Case, Workload
from engine.database import Database, UnitOfWork

_BATCH = 2_000
_LOOKS = 60


def measure(
    database: Database, workload: Workload, tasks: int, few: int, many: int, tick: Callable[[], object]
) -> dict[str, Any]:
    """Fill the tables with ended tasks, open few of all, then many; measure the first page for two people."""
    case = Case(database, workload.path)
    people = _people(database)
    with database.unit_of_work() as uow:
        instance = dict(_row(uow, tables.process_instance, tables.process_instance.c.id, case.instance_id))
        task = dict(_row(uow, tables.user_task, tables.user_task.c.instance_id, case.instance_id))
        groups = sorted(identity.groups(uow))
    instance_id = _add_instance(database, instance)
    _add_tasks(database, task, instance_id, tasks - many, [], tick)
    _add_tasks(database, task, instance_id, few, groups, tick)
    before = {who: _looked(database, by) for who, by in people.items()}
    _add_tasks(database, task, instance_id, many - few, groups, tick)
    after = {who: _looked(database, by) for who, by in people.items()}
    return {
        "tasks": tasks,
        "open": [few, many],
        "median_ms": {who: [round(before[who], 3), round(after[who], 3)] for who in people},
        "ratios": {
            f"first page with {many} open / with {few}, {who}": {
                "reached": ratio(after[who], before[who]),
                "goal": "≤ 2",
            }
            for who in people
        },
    }


def _people(database: Database) -> Mapping[str, identity.User]:
    with database.reading() as uow:
        groups = sorted(identity.groups(uow))
    return {
        "one group": identity.User("few", "few", frozenset(groups[:1])),
        "all groups": identity.User("many", "many", frozenset(groups)),
    }


def _looked(database: Database, by: identity.User) -> float:
    with database.unit_of_work() as uow:
        uow.gather_statistics(tables.inbox, tables.user_task)

    def look() -> None:
        with database.reading() as uow:
            queries.inbox(uow, by, which="groups")

    look()
    return median_of(look, _LOOKS)


def _row(uow: UnitOfWork, table: Any, column: Any, value: int) -> Mapping[str, Any]:
    return dict(uow.execute(select(table).where(column == value).limit(1)).mappings().one())


def _add_instance(database: Database, instance: Mapping[str, Any]) -> int:
    copied = {name: value for name, value in instance.items() if name != "id"} | {"case_number": "BENCH"}
    with database.unit_of_work() as uow:
        table = tables.process_instance
        return int(uow.execute(insert(table).values(**copied).returning(table.c.id)).scalar_one())


def _add_tasks(
    database: Database,
    task: Mapping[str, Any],
    instance_id: int,
    count: int,
    groups: list[str],
    tick: Callable[[], object],
) -> None:
    """
    Add tasks to the groups; without groups they have been completed.

    The first group gets every other one, so that its page is full already with few: pages of as many lines
    are compared. The rest go to all groups in turn.
    """
    with database.reading() as uow:
        present = uow.execute(select(func.count()).select_from(tables.user_task)).scalar_one()
    for first in range(0, count, _BATCH):
        numbers = range(present + first, present + min(first + _BATCH, count))
        with database.unit_of_work() as uow:
            rows = [_task(task, instance_id, number, uow, bool(groups)) for number in numbers]
            uow.execute(insert(tables.user_task), rows)
            if groups:
                offered = [
                    _offer(row, f"g:{groups[number // 2 % len(groups) if number % 2 else 0]}")
                    for number, row in zip(numbers, rows, strict=True)
                ]
                uow.execute(insert(tables.inbox), offered)
        tick()


def _task(
    task: Mapping[str, Any], instance_id: int, number: int, uow: UnitOfWork, is_open: bool
) -> dict[str, Any]:
    return {
        **task,
        "id": uuid.uuid4(),
        "instance_id": instance_id,
        "status": "open" if is_open else "completed",
        "due_at": uow.now + timedelta(minutes=number % 10_000),
    }


def _offer(task: Mapping[str, Any], holder: str) -> dict[str, Any]:
    kept = {name: task[name] for name in ("due_at", "instance_id", "process_key")}
    return {**kept, "task_id": task["id"], "holder": holder, "excluded": ""}
