"""What the checking steps of a journey look at, and what they find instead."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, func, literal_column, select

from engine import history, ledger, runtime, tables
from engine.database import UnitOfWork
from engine.journey_files import instant
from engine.texts import Text, same


@dataclass(frozen=True)
class Surprise:
    """Something came otherwise than a step says."""

    expected: Text
    found: Text


def written(value: Any, zone: ZoneInfo | None = None) -> str:
    """Return a value as a journey file would have it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {written(each, zone)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple | set | frozenset):
        return "[" + ", ".join(written(each, zone) for each in value) + "]"
    if isinstance(value, datetime):
        local = value.astimezone(zone) if zone and value.tzinfo else value
        return local.strftime("%Y-%m-%dT%H:%M")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return "–" if value is None else str(value)


def _differs(expected: Any, found: Any, zone: ZoneInfo | None = None) -> Surprise:
    return Surprise(same(written(expected, zone)), same(written(found, zone)))


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        return None


def tasks(uow: UnitOfWork, instance_id: int | None) -> Sequence[Row[Any]]:
    """Return all user tasks of an instance, oldest first; of those that opened at once, the first."""
    wanted = select(tables.user_task).where(tables.user_task.c.instance_id == instance_id)
    # Journeys run on SQLite, which numbers rows; elsewhere tasks that opened at once are in any order.
    in_order = [tables.user_task.c.created_at, *([literal_column("rowid")] if uow.is_sqlite else [])]
    return uow.execute(wanted.order_by(*in_order)).all()


class Sight:
    """One look at an instance, for all checks of a step."""

    def __init__(self, uow: UnitOfWork, instance_id: int | None, seen_notification: int) -> None:
        self._uow, self._instance_id, self._seen_notification = uow, instance_id, seen_notification
        self._zone = uow.centre.zone

    def look(self, key: str, expected: Any) -> Surprise | None:
        """Check one key of a step."""
        return _CHECKS[key](self, expected)

    @property
    def newest_notification(self) -> int:
        """Return the number of the newest message; later checks count from it."""
        found = self._uow.execute(
            select(func.max(tables.notification.c.id)).where(
                tables.notification.c.instance_id == self._instance_id
            )
        ).scalar()
        return int(found or 0)

    @cached_property
    def _instance(self) -> Row[Any] | None:
        return self._uow.execute(
            select(tables.process_instance).where(tables.process_instance.c.id == self._instance_id)
        ).first()

    @cached_property
    def _open(self) -> list[Row[Any]]:
        return [task for task in tasks(self._uow, self._instance_id) if task.status == "open"]

    @cached_property
    def _passed(self) -> set[str]:
        if self._instance_id is None:
            return set()
        return set(history.passed(history.of_case(self._uow, self._instance_id)))

    # -- the checks

    def open(self, expected: list[str]) -> Surprise | None:
        """Exactly these tasks are open; an id twice: two of them."""
        found = [task.element_id for task in self._open]
        return _differs(sorted(expected), sorted(found)) if Counter(expected) != Counter(found) else None

    def group(self, expected: Mapping[str, str | list[str]]) -> Surprise | None:
        """Every open task of that id is offered to that group."""

        def groups(task: Row[Any]) -> list[str]:
            return sorted(json.loads(task.candidate_groups))

        return self._of_open_tasks(
            expected,
            lambda wanted, task: set([wanted] if isinstance(wanted, str) else wanted) <= set(groups(task)),
            groups,
        )

    def assignee(self, expected: Mapping[str, str]) -> Surprise | None:
        """Every open task of that id is assigned to that user."""
        return self._of_open_tasks(
            expected, lambda wanted, task: bool(wanted == task.assignee), lambda task: task.assignee
        )

    def due(self, expected: Mapping[str, Any]) -> Surprise | None:
        """Every open task of that id is due then, to the minute."""

        def minute(at: datetime | None) -> datetime | None:
            return at.astimezone(self._zone).replace(second=0, microsecond=0) if at else None

        return self._of_open_tasks(
            expected,
            lambda wanted, task: minute(instant(wanted, self._zone)) == minute(task.due_at),
            lambda task: minute(task.due_at),
        )

    def _of_open_tasks(
        self,
        expected: Mapping[str, Any],
        agrees: Callable[[Any, Row[Any]], bool],
        shown: Callable[[Row[Any]], Any],
    ) -> Surprise | None:
        for element_id, wanted in expected.items():
            those = [task for task in self._open if task.element_id == element_id]
            if not those:
                open_ids = sorted(task.element_id for task in self._open)
                found = Text("开着的任务：{open}", "open tasks: {open}").format(open=written(open_ids))
                return Surprise(same(written({element_id: wanted})), found)
            for task in those:
                if not agrees(wanted, task):
                    return _differs({element_id: wanted}, {element_id: shown(task)}, self._zone)
        return None

    def variables(self, expected: Mapping[str, Any]) -> Surprise | None:
        """The instance's variables have these values."""
        found = runtime.variables(self._uow, self._instance_id) if self._instance_id is not None else {}
        for name, value in expected.items():
            if name not in found or not self._equal(value, found[name]):
                if name not in found:
                    missing = Text("没有变量“{name}”", "there is no variable “{name}”").format(name=name)
                    return Surprise(same(written({name: value})), missing)
                return _differs({name: value}, {name: found[name]}, self._zone)
        return None

    def _equal(self, wanted: Any, found: Any) -> bool:
        """Compare as a reader would: 5 equals 5.00, a date its text, "" and a missing answer nothing."""
        if isinstance(wanted, bool) or isinstance(found, bool):
            return wanted is found or (wanted == "" and found is None)
        if isinstance(wanted, int | Decimal) and isinstance(found, int | Decimal):
            return wanted == found
        if isinstance(found, int | Decimal) and isinstance(wanted, str):
            return _number(wanted) == found
        if isinstance(found, datetime) and isinstance(wanted, str | date):
            return instant(wanted, self._zone) == found
        if isinstance(found, date | time) and isinstance(wanted, str):
            return wanted == found.isoformat() or wanted == found.isoformat()[:5]
        if isinstance(wanted, Mapping) and isinstance(found, Mapping):
            return wanted.keys() == found.keys() and all(
                self._equal(wanted[key], found[key]) for key in wanted
            )
        if isinstance(wanted, list) and isinstance(found, list | tuple):
            return len(wanted) == len(found) and all(map(self._equal, wanted, found))
        return bool(wanted == found) or (wanted == "" and found is None)

    def passed(self, expected: list[str]) -> Surprise | None:
        """These elements have been completed so far."""
        missing = [element_id for element_id in expected if element_id not in self._passed]
        found = Text("还没经过：{ids}", "not completed: {ids}").format(ids=written(missing))
        return Surprise(Text("已经过", "completed so far"), found) if missing else None

    def not_passed(self, expected: list[str]) -> Surprise | None:
        """These elements have not been completed so far."""
        passed = [element_id for element_id in expected if element_id in self._passed]
        found = Text("已经过：{ids}", "completed already: {ids}").format(ids=written(passed))
        return Surprise(Text("还没经过", "not completed"), found) if passed else None

    def notified(self, expected: list[str]) -> Surprise | None:
        """Since the last such step, those groups or users were sent a message; none named: nobody was."""
        rows = self._uow.execute(
            select(tables.notification.c.recipient).where(
                tables.notification.c.instance_id == self._instance_id,
                tables.notification.c.id > self._seen_notification,
            )
        )
        found = {recipient.replace("g:", "group:", 1).removeprefix("u:") for recipient in rows.scalars()}
        as_it_says = set(expected) <= found if expected else not found
        return None if as_it_says else _differs(expected, sorted(found))

    def owed(self, expected: Mapping[str, Any]) -> Surprise | None:
        """The case's customer owes exactly this for its unit, by charge item."""
        return self._money(expected, self._standing.owed)

    def held(self, expected: Mapping[str, Any]) -> Surprise | None:
        """Exactly these deposits are held for the case's customer and unit."""
        return self._money(expected, self._standing.deposits)

    @property
    def _standing(self) -> ledger.Standing:
        known = runtime.variables(self._uow, self._instance_id) if self._instance_id is not None else {}
        party = ledger.Party(str(known.get("unit") or ""), str(known.get("customer") or ""))
        return ledger.standing(self._uow, party)

    @staticmethod
    def _money(expected: Mapping[str, Any], found: Mapping[str, Decimal]) -> Surprise | None:
        wanted = {item: _number(str(amount)) for item, amount in expected.items()}
        return _differs(expected, dict(sorted(found.items()))) if wanted != dict(found) else None

    def ended(self, expected: str | bool) -> Surprise | None:
        """The instance has ended, its last token at that end event."""
        instance = self._instance
        if instance is None or instance.ended_at is None:
            open_ids = sorted(task.element_id for task in self._open)
            found = Text("还没结束，开着的任务：{open}", "it has not; open tasks: {open}").format(
                open=written(open_ids)
            )
            return Surprise(Text("已结束", "it has ended"), found)
        if expected is True or instance.end_element_id == expected:
            return None
        return _differs(expected, instance.end_element_id or instance.status)

    def incident(self, expected: str) -> Surprise | None:
        """The instance stopped at that element."""
        rows = self._uow.execute(
            select(tables.incident).where(
                tables.incident.c.instance_id == self._instance_id, tables.incident.c.resolved_at.is_(None)
            )
        ).all()
        if any(row.element_id == expected for row in rows):
            return None
        found = Text(
            "; ".join(f"{row.element_id}：{row.message_zh}" for row in rows) or "没有异常",
            "; ".join(f"{row.element_id}: {row.message_en}" for row in rows) or "no incident",
        )
        return Surprise(Text("停在 {id}", "stopped at {id}").format(id=expected), found)


_CHECKS: Mapping[str, Callable[[Sight, Any], Surprise | None]] = {
    "open": Sight.open,
    "group": Sight.group,
    "assignee": Sight.assignee,
    "due": Sight.due,
    "variables": Sight.variables,
    "passed": Sight.passed,
    "not_passed": Sight.not_passed,
    "notified": Sight.notified,
    "owed": Sight.owed,
    "held": Sight.held,
    "ended": Sight.ended,
    "incident": Sight.incident,
}
