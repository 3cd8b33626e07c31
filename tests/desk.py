"""The people of the tests, and a desk at which they work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, insert, select

from engine import definitions, history, identity, organisation, runtime, tables
from engine.database import Database, UnitOfWork
from engine.identity import User

#: A Monday, ten in the morning in Shanghai.
MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)

ORGANISATION = {
    "group": [
        {"key": "front_desk", "name_zh": "前台接待员", "name_en": "Front desk"},
        {"key": "area_manager", "name_zh": "片区管理员", "name_en": "Area managers"},
        {"key": "cs_supervisor", "name_zh": "客服主管", "name_en": "Supervisors", "capabilities": ["audit"]},
        {"key": "cs_manager", "name_zh": "客服经理", "name_en": "Managers", "capabilities": ["cancel", "retry"]},
        {"key": "process_owner", "name_zh": "流程负责人", "name_en": "Process owners", "capabilities": ["deploy"]},
        {"key": "administrator", "name_zh": "管理员", "name_en": "Administrators", "capabilities": ["administer"]},
        {"key": "advisor_police", "name_zh": "公安顾问", "name_en": "Police", "side": "external"},
    ]
}  # fmt: skip
#: Somebody per role, and a second receptionist and area manager.
PEOPLE = {
    "fang": ("方敏", ["front_desk"]),
    "feng": ("冯丽", ["front_desk"]),
    "qian": ("钱伟", ["area_manager"]),
    "qin": ("秦刚", ["area_manager", "front_desk"]),
    "zhu": ("朱红", ["cs_supervisor"]),
    "jing": ("景涛", ["cs_manager"]),
    "pan": ("潘亮", ["process_owner"]),
    "guan": ("管洁", ["administrator"]),
    "gong": ("龚警官", ["advisor_police"]),
}


def enrol(database: Database) -> Callable[[str], User]:
    """Add the organisation and its people; return how to find one of them."""
    with database.unit_of_work() as uow:
        organisation.load(uow, ORGANISATION)
        # Hashing a password takes a tenth of a second by design; who logs in is tested elsewhere.
        uow.execute(
            insert(tables.user_account),
            [
                {"name": name, "full_name": full_name, "password_hash": "-", "created_at": uow.now}
                for name, (full_name, _) in PEOPLE.items()
            ],
        )
        rows = [{"user_name": name, "group_key": key} for name, (_, keys) in PEOPLE.items() for key in keys]
        uow.execute(insert(tables.membership), rows)

    def person(name: str) -> User:
        with database.reading() as uow:
            found = identity.user(uow, name)
        assert found is not None
        return found

    return person


def deploy_texts(uow: UnitOfWork, files: Mapping[str, str], by: User) -> list[definitions.Deployed]:
    """Deploy files given as texts."""
    return definitions.deploy(
        uow, {name: source.encode() for name, source in files.items()}, by=by, reason="test"
    )


class Desk:
    """Does what people do, each in a transaction of its own; people are named, elements too."""

    def __init__(self, database: Database, people: Callable[[str], User]) -> None:
        self.database, self.people = database, people

    def start(self, process: str = "repair", by: str = "fang", **values: Any) -> int:
        """Begin a case; return its id."""
        starter = self.people(by)
        with self.database.unit_of_work() as uow:
            return runtime.start_process(uow, process, values, starter).instance_id

    def task(self, element: str, case: int | None = None, status: str = "open") -> UUID:
        """Return the newest task of this element."""
        task = tables.user_task
        wanted = select(task.c.id).where(task.c.element_id == element, task.c.status == status)
        if case is not None:
            wanted = wanted.where(task.c.instance_id == case)
        with self.database.reading() as uow:
            found = uow.execute(wanted.order_by(task.c.created_at.desc())).scalar()
        assert found is not None, f"no {status} task {element}"
        return cast(UUID, found)

    def do(self, use_case: Callable[..., Any], *arguments: Any, by: str, **more: Any) -> Any:
        """Call a use case as somebody."""
        user = self.people(by)
        with self.database.unit_of_work() as uow:
            return use_case(uow, *arguments, by=user, **more)

    def look(self, query: Callable[..., Any], *arguments: Any, by: str, **more: Any) -> Any:
        """Ask a query as somebody."""
        user = self.people(by)
        with self.database.reading() as uow:
            return query(uow, *arguments, by=user, **more)

    def complete(self, element: str, by: str, **values: Any) -> runtime.Completed:
        """Complete the newest open task of this element."""
        return cast(runtime.Completed, self.do(runtime.complete_task, self.task(element), values, by=by))

    def open(self) -> list[str]:
        """Return the elements of all open tasks."""
        task = tables.user_task
        with self.database.reading() as uow:
            return sorted(uow.execute(select(task.c.element_id).where(task.c.status == "open")).scalars())

    def row(self, table: Table, **where: Any) -> Any:
        """Return the newest row of a table with these values; None if there is none."""
        wanted = select(table).where(*(table.c[name] == value for name, value in where.items()))
        with self.database.reading() as uow:
            return uow.execute(wanted.order_by(*(column.desc() for column in table.primary_key))).first()

    def rows(self, table: Table, **where: Any) -> list[Any]:
        """Return the rows of a table with these values."""
        wanted = select(table).where(*(table.c[name] == value for name, value in where.items()))
        with self.database.reading() as uow:
            return list(uow.execute(wanted.order_by(*table.primary_key)).all())

    def history(self, case: int) -> list[str]:
        """Return the kinds of all that happened in a case, in order."""
        with self.database.reading() as uow:
            return [str(record.kind) for record in history.of_case(uow, case)]

    def variables(self, case: int) -> dict[str, Any]:
        """Return a case's variables."""
        with self.database.reading() as uow:
            return runtime.variables(uow, case)
