"""Inboxes: what waits for somebody, how much, what they may start."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    func,
    literal,
    or_,
    select,
    tuple_,
    union_all,
)

from engine import definitions, identity, notifications, runtime, tables, visibility
from engine.database import UnitOfWork
from engine.errors import InvalidInput, NotFound
from engine.identity import User
from engine.instances import folded
from engine.queries.reading import COUNTED_UP_TO, DUE_SOON, Names, count, is_overdue, kinds_of_cases, sheet
from engine.queries.shapes import Count, Counts, DueFilter, InboxItem, InboxPage, Startable, StartPage
from engine.tables import NEVER
from engine.texts import Text

_inbox, _task, _instance = tables.inbox, tables.user_task, tables.process_instance

MOST_PER_PAGE = 200
_ENOUGH = COUNTED_UP_TO + 1
_LOOKED_AT = 20  # tasks whose coming and going a waiting page notices


def inbox(
    uow: UnitOfWork,
    by: User,
    *,
    which: Literal["mine", "groups"] = "mine",
    group: str | None = None,
    process: str | None = None,
    due: DueFilter | None = None,
    text: str = "",
    after: str | None = None,
    limit: int = 50,
) -> InboxPage:
    """
    Return the user's own tasks, or those that somebody of the user's groups may claim; soonest due first.

    ``today`` and ``week`` mean due by the end of today, or of the seventh day from today, overdue ones
    included. Each word of ``text`` is looked for in case number, title, customer, unit, searchable values
    and task name.
    """
    limit = max(1, min(limit, MOST_PER_PAGE))
    holders = _holders(by, which, group)
    if not holders:
        return InboxPage((), None)
    wanted = [*_not_excluded(by), *_due_within(uow, due)]
    if process:
        wanted.append(_inbox.c.process_key == process)
    if after:
        wanted.append(tuple_(_inbox.c.due_at, _inbox.c.task_id) > tuple_(*_cursor(after)))
    first = _first(holders, wanted, text, limit + 1)
    rows = uow.execute(
        select(*_TASK_COLUMNS, *_case_columns())
        .select_from(first.join(_task, _task.c.id == first.c.task_id).join(
            _instance, _instance.c.id == _task.c.instance_id))
        .order_by(first.c.due_at, first.c.task_id)
    ).all()  # fmt: skip
    shown = rows[:limit]
    more = f"{(shown[-1].due_at or NEVER).isoformat()}~{shown[-1].id}" if len(rows) > limit else None
    return InboxPage(_items(uow, shown, by), more)


def _holders(by: User, which: str, group: str | None) -> list[str]:
    if which == "mine":
        return [f"a:{name}" for name in by.all_names]
    if group:
        return [f"g:{group}"] if group in by.all_groups else []
    return sorted(by.holders)


def _not_excluded(by: User) -> list[ColumnElement[bool]]:
    """
    Leave out what the user may not do for what they did before in the case.

    A task that only the one stood in for is excluded from may still be the user's own, so it stays.
    """
    return [or_(_inbox.c.excluded == "", ~_inbox.c.excluded.contains(f"|{by.name}|", autoescape=True))]


def _due_within(uow: UnitOfWork, due: DueFilter | None) -> list[ColumnElement[bool]]:
    if due is None:
        return []
    if due == "overdue":
        return [_inbox.c.due_at < uow.now]
    local = uow.now.astimezone(uow.centre.zone)
    days = 1 if due == "today" else 7
    midnight = datetime.combine(local.date() + timedelta(days=days), datetime.min.time(), uow.centre.zone)
    return [_inbox.c.due_at <= midnight]


def _cursor(after: str) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    due, _, task_id = after.partition("~")
    try:
        return (
            literal(datetime.fromisoformat(due).astimezone(UTC), _inbox.c.due_at.type),
            literal(UUID(task_id), _inbox.c.task_id.type),
        )
    except ValueError:
        raise InvalidInput(Text("地址中的位置不对。", "The position in the address is wrong.")) from None


def _first(holders: Sequence[str], wanted: Sequence[ColumnElement[bool]], text: str, limit: int) -> Any:
    """
    Return the first tasks of all these holders together.

    Each holder's first ones are read from the table's own order, however long the inbox is; a task that
    several of them hold counts once.
    """
    parts = [_of_holder(holder, wanted, text, limit) for holder in holders]
    several = union_all(*(select(part.subquery()) for part in parts)).subquery() if parts[1:] else None
    merged = parts[0].subquery() if several is None else several
    return (
        select(merged.c.due_at, merged.c.task_id)
        .distinct()
        .order_by(merged.c.due_at, merged.c.task_id)
        .limit(limit)
        .subquery()
    )


def _of_holder(holder: str, wanted: Sequence[ColumnElement[bool]], text: str, limit: int) -> Select[Any]:
    rows = select(_inbox.c.due_at, _inbox.c.task_id).where(_inbox.c.holder == holder, *wanted)
    if words := text.split():
        rows = (
            rows.join(_task, _task.c.id == _inbox.c.task_id)
            .join(_instance, _instance.c.id == _inbox.c.instance_id)
            .where(*(_is_about(word) for word in words))
        )
    return rows.order_by(_inbox.c.due_at, _inbox.c.task_id).limit(limit)


def _is_about(word: str) -> ColumnElement[bool]:
    return or_(
        _instance.c.search_text.contains(folded(word), autoescape=True),
        _task.c.name_zh.icontains(word, autoescape=True),
        _task.c.name_en.icontains(word, autoescape=True),
    )


#: What a line of the inbox shows: drafts, which may be long, stay where they are.
_TASK_COLUMNS = [
    _task.c[name]
    for name in (
        "id", "instance_id", "element_id", "name_zh", "name_en", "status", "assignee", "candidate_groups",
        "candidate_users", "excluded_users", "priority", "created_at", "due_at",
    )
]  # fmt: skip


def _case_columns() -> list[Any]:
    return [
        _instance.c.case_number,
        _instance.c.process_key.label("case_process"),
        _instance.c.title,
        _instance.c.title_en,
        _instance.c.customer,
        _instance.c.unit,
    ]


def _items(uow: UnitOfWork, rows: Sequence[Any], by: User) -> tuple[InboxItem, ...]:
    others = {principal.name for principal in by.standing_in_for}
    names = Names(uow, {row.assignee for row in rows} | others)
    return tuple(_item(uow, row, by, names) for row in rows)


def _item(uow: UnitOfWork, row: Any, by: User, names: Names) -> InboxItem:
    acts_for = identity.acts_for(by, visibility.offer_of(row))
    return InboxItem(
        task_id=row.id,
        instance_id=row.instance_id,
        case_number=row.case_number,
        process_key=row.case_process,
        process_name=names.process(row.case_process),
        element_id=row.element_id,
        name=Text(row.name_zh, row.name_en),
        title=Text(row.title, row.title_en or row.title),
        customer=row.customer,
        unit=row.unit,
        groups=names.groups(json.loads(row.candidate_groups)),
        assignee=names.person(row.assignee),
        on_behalf_of=names.person(acts_for) if acts_for not in (None, by.name) else None,
        created_at=row.created_at,
        due_at=row.due_at,
        is_overdue=is_overdue(uow, row),
        is_due_soon=row.due_at is not None and uow.now <= row.due_at <= uow.now + DUE_SOON,
        priority=row.priority,
    )


# ---- how much --------------------------------------------------------------------------------------------


def inbox_counts(uow: UnitOfWork, by: User) -> Counts:
    """Return what the badges beside the inbox show."""
    mine, offered = _holders(by, "mine", None), sorted(by.holders)
    numbers = _numbers(uow, [*mine, *offered], by)
    keys = sorted(by.all_groups)
    group_names = identity.groups(uow)
    return Counts(
        mine=count(sum(numbers[holder] for holder in mine)),
        all_groups=count(_distinct(uow, offered, by)),
        overdue=count(_distinct(uow, [*mine, *offered], by, _inbox.c.due_at < uow.now)),
        groups={key: count(numbers[f"g:{key}"]) for key in keys},
        group_names={key: group_names[key] for key in keys if key in group_names},
        processes=kinds_of_cases(uow),
        newest=_newest(uow, by, numbers),
        notifications=unseen_notifications(uow, by),
    )


def unseen_notifications(uow: UnitOfWork, by: User) -> Count:
    """Return how many messages the user has not looked at."""
    return count(notifications.unseen(uow, by, COUNTED_UP_TO + 1))


def _numbers(uow: UnitOfWork, holders: Sequence[str], by: User) -> dict[str, int]:
    """Return how many tasks each of these holds, counted a little beyond the limit."""
    parts = []
    for holder in holders:
        some = select(_inbox.c.task_id).where(_inbox.c.holder == holder, *_not_excluded(by)).limit(_ENOUGH)
        number = select(func.count()).select_from(some.subquery()).scalar_subquery()
        parts.append(select(literal(holder).label("holder"), number.label("number")))
    return {row.holder: row.number for row in uow.execute(union_all(*parts))}


def _distinct(uow: UnitOfWork, holders: Sequence[str], by: User, *more: ColumnElement[bool]) -> int:
    """Return how many tasks these hold together, counted a little beyond the limit."""
    some = select(_inbox.c.task_id).where(_inbox.c.holder.in_(holders), *_not_excluded(by), *more)
    number = select(func.count()).select_from(some.distinct().limit(_ENOUGH).subquery())
    return int(uow.execute(number).scalar_one())


def _newest(uow: UnitOfWork, by: User, numbers: Mapping[str, int]) -> str:
    """Return a mark that changes when a task comes or goes."""
    first = [
        list(uow.execute(select(_first(holders, _not_excluded(by), "", _LOOKED_AT).c.task_id)).scalars())
        for holders in (_holders(by, "mine", None), sorted(by.holders))
    ]
    told = repr((sorted(numbers.items()), sorted(map(str, first[0])), sorted(map(str, first[1]))))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def next_task(uow: UnitOfWork, by: User) -> UUID | None:
    """Return the most urgent of the user's own tasks, else of the user's groups'."""
    for which in ("mine", "groups"):
        holders = _holders(by, which, None)
        found: UUID | None = uow.execute(select(_first(holders, _not_excluded(by), "", 1).c.task_id)).scalar()
        if found is not None:
            return found
    return None


# ---- starting --------------------------------------------------------------------------------------------


def startable(uow: UnitOfWork, by: User) -> tuple[Startable, ...]:
    """Return the processes that the user may start, by name."""
    drafts = set(
        uow.execute(
            select(tables.start_draft.c.process_key).where(tables.start_draft.c.user_name == by.name)
        ).scalars()
    )
    found = [
        Startable(version.key, version.name, definitions.read_diagram(uow, version.id).documentation,
                  version.version, version.key in drafts)
        for version in definitions.all_latest(uow, "process")
        if runtime.may_start(by, definitions.read_diagram(uow, version.id))
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: one.name.zh))


def start_form(uow: UnitOfWork, process_key: str, by: User) -> StartPage:
    """
    Return what the page that starts a case of this process shows.

    Raises:
        NotFound: no such process, or the user may not start it.
    """
    version = definitions.latest(uow, "process", process_key)
    if version is None or not runtime.may_start(by, definitions.read_diagram(uow, version.id)):
        raise NotFound(Text("没有这个流程。", "There is no such process."))
    form = definitions.start_form(uow, process_key)
    return StartPage(
        process_key=process_key,
        name=version.name,
        guidance=_documentation(uow, version),
        sheet=sheet(uow, form, {}, by, draft=runtime.start_draft(uow, process_key, by)) if form else None,
    )


def _documentation(uow: UnitOfWork, version: definitions.Version) -> Text:
    """Return what the plain start event says, else what the process says."""
    diagram = definitions.read_diagram(uow, version.id)
    starts = (element for element in diagram.elements.values() if element.kind == "startEvent")
    told = next((element.documentation for element in starts if element.documentation.zh), None)
    return told or diagram.documentation
