"""What is measured: the case of demo/bench.toml, in a database of its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Table, create_engine, insert, make_url, select, text

from engine import (
    definitions,
    identity,
    journey_checks,
    journey_files,
    journeys,
    migrations,
    runtime,
    stage,
    tables,
    visibility,
)
from engine.database import Database, UnitOfWork
from engine.errors import InvalidInput, NotPermitted
from engine.journey_files import Journey, Step
from engine.texts import Text

_OF_AN_INSTANCE = (
    tables.user_task, tables.inbox, tables.timer, tables.message_wait, tables.case_viewer, tables.case_value,
)  # fmt: skip


@dataclass(frozen=True)
class Workload:
    """The journeys of ``demo/bench.toml``: one case (path), up to its loop (loop), one round (round)."""

    folder: Path
    path: Journey
    to_the_loop: Journey
    round_: Sequence[Step]

    @property
    def steps(self) -> Sequence[Step]:
        """The completions of the path."""
        return [step for step in self.path.steps if step.action == "task"]


def read(folder: Path) -> Workload:
    """Return what ``demo/bench.toml`` of a folder says. Raises InvalidInput without that file."""
    path = folder / "demo" / "bench.toml"
    if not path.exists():
        raise InvalidInput(Text("缺少 {path}。", "{path} is missing."), path=path)
    found = {journey.name: journey for journey in journey_files.read(path)}
    return Workload(folder, found["path"], found["loop"], found["round"].steps)


@contextmanager
def sqlite_database(folder: Path) -> Iterator[Database]:
    """Make an SQLite file with its settings as in production."""
    database = Database(f"sqlite:///{folder / f'{uuid.uuid4().hex}.sqlite'}")
    try:
        yield database
    finally:
        database.close()


@contextmanager
def postgres_database(server: str) -> Iterator[Database]:
    """Make a database on a PostgreSQL server, and remove it in the end."""
    name = f"banjie_bench_{uuid.uuid4().hex[:12]}"
    connections = create_engine(server, isolation_level="AUTOCOMMIT")
    with connections.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    database = Database(make_url(server).set(database=name).render_as_string(hide_password=False))
    try:
        yield database
    finally:
        database.close()
        with connections.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        connections.dispose()


def prepare(database: Database, workload: Workload) -> None:
    """Bring tables, definitions and people into an empty database."""
    migrations.migrate(database)
    sources = stage.folder_files(workload.folder)
    with database.unit_of_work() as uow:
        stage.people_it(uow, sources)
        definitions.deploy_folder(uow, workload.folder, identity.SYSTEM)


@dataclass(frozen=True)
class Completion:
    """A task ready to be completed: by whom, with what."""

    task_id: UUID
    submitted: Mapping[str, Any]
    variables: Mapping[str, Any]
    by: identity.User

    def carry_out(self, uow: UnitOfWork) -> None:
        """Complete it."""
        runtime.complete_task(uow, self.task_id, self.submitted, self.by, variables=self.variables)


class Case:
    """One running case, which goes along the path."""

    def __init__(self, database: Database, journey: Journey) -> None:
        self._database = database
        start = journey.start
        if start is None:
            raise InvalidInput(Text("{name} 没有 start。", "{name} has no start."), name=journey.name)
        with database.unit_of_work() as uow:
            by = _anybody(uow, start.by)
            form = definitions.start_form(uow, journey.process)
            submitted, beside = journeys.submission(uow, start.values, form, by)
            started = runtime.start_process(uow, journey.process, submitted, by, variables=beside)
        self.instance_id = started.instance_id

    def completion(self, step: Step) -> Completion:
        """Return what a step of the path is for this case, without doing it. Raises InvalidInput."""
        element_id = step.keys["task"]
        with self._database.unit_of_work() as uow:
            found = [task for task in journey_checks.tasks(uow, self.instance_id) if task.status == "open"]
            task = next((each for each in found if each.element_id == element_id), None)
            if task is None:
                raise InvalidInput(
                    Text("任务“{id}”没有开着。", "The task “{id}” is not open."), id=element_id
                )
            by = _permitted(uow, step.keys["by"], task)
            form = definitions.form(uow, task.form_id) if task.form_id is not None else None
            submitted, beside = journeys.submission(uow, step.keys.get("values", {}), form, by)
        return Completion(task.id, submitted, beside, by)

    def go(self, steps: Sequence[Step]) -> None:
        """Do these steps."""
        for step in steps:
            completion = self.completion(step)
            with self._database.unit_of_work() as uow:
                completion.carry_out(uow)


def _anybody(uow: UnitOfWork, who: str) -> identity.User:
    """Return the first of those whom a journey means."""
    by = identity.user(uow, journeys.members(uow, who)[0])
    if by is None:
        raise InvalidInput(Text("没有“{who}”。", "There is no “{who}”."), who=who)
    return by


def _permitted(uow: UnitOfWork, who: str, task: Any) -> identity.User:
    for name in journeys.members(uow, who):
        by = identity.user(uow, name)
        if by is not None and identity.acts_for(by, visibility.offer_of(task)) is not None:
            return by
    raise NotPermitted(Text("“{who}”都不能做。", "None of “{who}” may do it."), who=who)


def clone(database: Database, instance_id: int, count: int) -> list[int]:
    """Copy a running case many times, its rows as they are but for their ids; return the copies' ids."""
    with database.unit_of_work() as uow:
        origin = (
            uow.execute(_all(tables.process_instance, tables.process_instance.c.id, instance_id))
            .one()
            ._asdict()
        )
        rows = {
            table.name: [row._asdict() for row in uow.execute(_all(table, table.c.instance_id, instance_id))]
            for table in _OF_AN_INSTANCE
        }
    open_ids = [row["id"] for row in rows["user_task"] if row["status"] == "open"]
    rows["user_task"] = [row for row in rows["user_task"] if row["id"] in open_ids]
    made: list[int] = []
    for first in range(0, count, 500):
        numbers = range(first, min(first + 500, count))
        with database.unit_of_work() as uow:
            made += _copy(uow, origin, rows, open_ids, numbers)
    with database.unit_of_work() as uow:
        uow.gather_statistics()  # all the tables
    return made


def _all(table: Table, column: Any, instance_id: int) -> Any:
    return select(table).where(column == instance_id)


def _copy(
    uow: UnitOfWork,
    origin: Mapping[str, Any],
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    task_ids: Sequence[UUID],
    numbers: Sequence[int],
) -> list[int]:
    fresh = [{task_id: uuid.uuid4() for task_id in task_ids} for _ in numbers]
    instances = []
    for number, ids in zip(numbers, fresh, strict=True):
        state = origin["state"]
        for old, new in ids.items():
            state = state.replace(str(old), str(new))
        copied = {name: value for name, value in origin.items() if name != "id"}
        instances.append({**copied, "state": state, "case_number": f"{number}/{uuid.uuid4().hex[:16]}"})
    table = tables.process_instance
    made = list(
        uow.execute(insert(table).returning(table.c.id, sort_by_parameter_order=True), instances).scalars()
    )
    for table in _OF_AN_INSTANCE:
        copies = [
            _changed(row, instance_id, ids)
            for instance_id, ids in zip(made, fresh, strict=True)
            for row in rows[table.name]
        ]
        if copies:
            uow.execute(insert(table), copies)
    return made


def _changed(row: Mapping[str, Any], instance_id: int, ids: Mapping[UUID, UUID]) -> dict[str, Any]:
    copied = {
        name: ids.get(value, value) if isinstance(value, UUID) else value for name, value in row.items()
    }
    if isinstance(copied.get("id"), int):
        del copied["id"]
    if "value" in copied:
        copied["value"] = f"{copied['value']} {instance_id}"  # every customer and unit is another one
    return {**copied, "instance_id": instance_id}
