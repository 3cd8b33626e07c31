"""What completing one task costs, beside what it cannot do without."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Integer, MetaData, Table, insert, select, update

from engine import definitions, instances, tables
from engine.bench.measuring import Statement, Times, counted, ratio, recorded
from engine.bench.workload import Case, Completion, Workload
from engine.bpmn.execution import Execution, Service, ServiceCall
from engine.database import Database, UnitOfWork
from engine.services import Requests

_scratch = Table(
    "bench_scratch", MetaData(), Column("id", Integer, primary_key=True), Column("number", Integer)
)


class _RolledBack(Exception):
    """The attempt was only to see what it does."""


@dataclass
class _Samples:
    alone: Times = field(default_factory=Times)  # (a) restore, complete, store: no database
    statements: Times = field(default_factory=Times)  # (b) the same statements, committed
    whole: Times = field(default_factory=Times)  # (c) the use case
    commit: Times = field(default_factory=Times)  # (d) a bare durable commit
    counts: list[int] = field(default_factory=list)


def measure(
    database: Database, workload: Workload, rounds: int, tick: Callable[[], object]
) -> dict[str, Any]:
    """Take cases along the path, each step measured in four ways in turn; return medians and ratios."""
    with database.connections.begin() as connection:
        _scratch.create(connection)
        connection.execute(insert(_scratch).values(id=1, number=0))
    samples = _Samples()
    # A connection that was rolled back has to prepare its statements again: rehearsals have their own.
    rehearsing = Database(database.url, database.centre)
    for each in (database, rehearsing):
        Case(each, workload.path).go(workload.steps)  # everything is parsed and cached once
    for _ in range(rounds):
        measured, replayed = Case(database, workload.path), Case(database, workload.path)
        for step in workload.steps:
            values, statements = _rehearse(rehearsing, replayed.completion(step), samples)
            completion = measured.completion(step)
            # Each right after another commit: the first one after a while also waits for what other
            # programs wrote meanwhile, and what was done just before is done faster again.
            _alone(database, measured.instance_id, completion.task_id, values, samples)
            _bare_commit(database, _Samples())
            _bare_commit(database, samples)
            _whole(database, completion, samples)
            _bare_commit(database, samples)
            _replay(database, statements, samples)
        tick()
    rehearsing.close()
    return _summary(samples, is_sqlite=database.is_sqlite)


def _bare_commit(database: Database, samples: _Samples) -> None:
    change = update(_scratch).where(_scratch.c.id == 1).values(number=_scratch.c.number + 1)
    with samples.commit.measured(), database.unit_of_work() as uow:
        uow.execute(change)


def _rehearse(
    database: Database, completion: Completion, samples: _Samples
) -> tuple[Mapping[str, Any], list[Statement]]:
    """Complete a task and roll it back; return what its form gave, and the statements that it took."""
    given: list[Mapping[str, Any]] = []
    complete = Execution.complete_task

    def noting(self: Execution, task_id: UUID, values: Mapping[str, Any]) -> Any:
        given.append(values)
        return complete(self, task_id, values)

    Execution.complete_task = noting  # type: ignore[method-assign]
    try:
        with recorded(database) as statements, counted(database) as sent, database.unit_of_work() as uow:
            completion.carry_out(uow)
            samples.counts.append(len(sent))
            raise _RolledBack
    except _RolledBack:
        return given[0], list(statements)
    finally:
        Execution.complete_task = complete  # type: ignore[method-assign]


def _alone(
    database: Database, instance_id: int, task_id: UUID, values: Mapping[str, Any], samples: _Samples
) -> None:
    """(a) Restore, complete and dump, with what a process keeps in memory; nothing is asked or stored."""
    with database.reading() as uow:
        row = uow.execute(
            select(tables.process_instance).where(tables.process_instance.c.id == instance_id)
        ).one()
        program = definitions.program(uow, [int(part) for part in row.definition_ids.split(",")])
        answers: list[Mapping[str, Any]] = []
        world = _warm_world(uow, instance_id)
        services = {topic: _noting(service, answers) for topic, service in world.services.items()}
        rehearsed = Execution.restore(program, row.state, replace(world, services=services))
        rehearsed.complete_task(task_id, values)
    world = replace(world, services=dict.fromkeys(services, lambda _: answers.pop(0)))
    _bare_commit(database, _Samples())
    with samples.alone.measured():
        execution = Execution.restore(program, row.state, world)
        execution.complete_task(task_id, values)
        execution.dump()


def _noting(service: Service, answers: list[Mapping[str, Any]]) -> Service:
    """Return a service that leaves its answers behind, so that nobody need ask the database again."""

    def noted(call: ServiceCall) -> Mapping[str, Any]:
        answers.append(service(call))
        return answers[-1]

    return noted


def _warm_world(uow: UnitOfWork, instance_id: int) -> instances.World:
    world = instances.world(uow, Requests(uow, instance_id))
    for version in definitions.all_latest(uow, "decision"):
        definitions.table(uow, version.id)
    return world


def _whole(database: Database, completion: Completion, samples: _Samples) -> None:
    with samples.whole.measured(), database.unit_of_work() as uow:
        completion.carry_out(uow)


def _replay(database: Database, statements: list[Statement], samples: _Samples) -> None:
    """(b) Execute the statements of a rehearsal for good; the case goes on as if somebody had done it."""
    with samples.statements.measured(), database.unit_of_work() as uow:
        for is_together, group in itertools.groupby(statements, lambda each: each.is_together):
            with uow.together() if is_together else nullcontext():
                for each in group:
                    result = uow.execute(each.statement, each.values)
                    if result.returns_rows:
                        result.fetchall()


def _summary(samples: _Samples, *, is_sqlite: bool) -> dict[str, Any]:
    four = (samples.alone, samples.statements, samples.whole, samples.commit)
    a, b, c, d = (each.median for each in four)
    of_a, of_b, of_c, _ = (each.processor_median for each in four)
    return {
        "a_engine_alone": samples.alone.summary(),
        "b_same_statements": samples.statements.summary(),
        "c_use_case": samples.whole.summary(),
        "d_bare_commit": samples.commit.summary(),
        "ratios": {
            "c / (a + b)": {"reached": ratio(c, a + b), "goal": "≤ 1.3"},
            "c / (a + b), processor time": {"reached": ratio(of_c, of_a + of_b), "goal": "≤ 1.3"},
            "c / (a + d)": {"reached": ratio(c, a + d), "goal": "≤ 3" if is_sqlite else "≤ 5"},
            "statements per completion": {"reached": max(samples.counts), "goal": "≤ 12"},
        },
    }
