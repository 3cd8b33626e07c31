"""Cases: finding them, looking at one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, func, or_, select

from engine import definitions, history, identity, instances, tables, visibility
from engine.bpmn.outcomes import AwaitedEvent
from engine.bpmn.variables import GIVEN
from engine.database import UnitOfWork
from engine.errors import InvalidInput
from engine.history import Record
from engine.identity import Capability, User
from engine.instances import Held, folded
from engine.queries.reading import (
    COUNTED_UP_TO,
    Names,
    case_files,
    count,
    element_name,
    element_of,
    is_overdue,
    kinds_of_cases,
    labels,
    people_in,
    timeline,
)
from engine.queries.shapes import (
    CaseChoices,
    CaseFilter,
    CaseLine,
    CaseList,
    CasePage,
    CommentLine,
    IncidentLine,
    OpenStep,
    Person,
    Picture,
    Step,
    TaskLine,
    TimerLine,
)
from engine.texts import Text, same

_instance, _task, _incident = tables.process_instance, tables.user_task, tables.incident

MOST_PER_PAGE = 200
EVERYTHING = CaseFilter()


def cases(
    uow: UnitOfWork, by: User, which: CaseFilter = EVERYTHING, *, after: str | None = None, limit: int = 50
) -> CaseList:
    """Return the cases that the user may see and that fit the filter, newest first."""
    limit = max(1, min(limit, MOST_PER_PAGE))
    wanted = [visibility.visible_cases(by), *_conditions(uow, which)]
    number = uow.execute(
        select(func.count()).select_from(
            select(_instance.c.id).where(*wanted).limit(COUNTED_UP_TO + 1).subquery()
        )
    ).scalar_one()
    if after:
        if not after.isdecimal() or len(after) > 18:
            raise InvalidInput(Text("地址中的位置不对。", "The position in the address is wrong."))
        wanted.append(_instance.c.id < int(after))
    rows = uow.execute(
        select(*_face_columns()).where(*wanted).order_by(_instance.c.id.desc()).limit(limit + 1)
    ).all()
    shown = rows[:limit]
    return CaseList(
        items=case_lines(uow, shown),
        next_after=str(shown[-1].id) if len(rows) > limit else None,
        count=count(number),
    )


def _face_columns() -> list[Any]:
    return [column for column in _instance.c if column.name != "state"]


def _conditions(uow: UnitOfWork, which: CaseFilter) -> list[ColumnElement[bool]]:
    case = _instance.c
    wanted: list[ColumnElement[bool]] = []
    wanted += [case.search_text.contains(folded(word), autoescape=True) for word in which.text.split()]
    for column, text in (
        (case.case_number, which.number),
        (case.customer, which.customer),
        (case.unit, which.unit),
    ):
        if text.strip():
            wanted.append(func.replace(column, " ", "").icontains(folded(text), autoescape=True))
    if which.process:
        wanted.append(case.process_key == which.process)
    if which.status:
        wanted.append(case.status == which.status)
    if which.element:
        wanted.append(_has_task(_task.c.status == "open", _task.c.element_id == which.element))
    if which.person:
        took_part = or_(
            _task.c.completed_by == which.person,
            _task.c.completed_for == which.person,
            _task.c.assignee == which.person,
        )
        wanted.append(or_(case.started_by == which.person, _has_task(took_part)))
    if which.started_from:
        wanted.append(case.started_at >= _midnight(uow, which.started_from))
    if which.started_to:
        wanted.append(case.started_at < _midnight(uow, which.started_to + timedelta(days=1)))
    if which.overdue:
        wanted.append(_has_task(_task.c.status == "open", _task.c.due_at < uow.now))
    if which.incident:
        wanted.append(exists().where(_incident.c.instance_id == case.id, _incident.c.resolved_at.is_(None)))
    return wanted


def _has_task(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(_task.c.instance_id == _instance.c.id, *conditions)


def _midnight(uow: UnitOfWork, day: date) -> datetime:
    return datetime.combine(day, time(), uow.centre.zone)


def case_choices(uow: UnitOfWork, by: User) -> CaseChoices:
    """Return what the user may choose from to find cases."""
    processes = definitions.all_latest(uow, "process")
    people = uow.execute(
        select(tables.user_account.c.name, tables.user_account.c.full_name).order_by(
            tables.user_account.c.name
        )
    )
    return CaseChoices(
        processes=kinds_of_cases(uow),
        steps=tuple(
            Step(element.id, element.name if element.name.zh else same(element.id), version.name)
            for version in processes
            for element in definitions.read_diagram(uow, version.id).elements.values()
            if element.kind == "userTask"
        ),
        people=tuple(Person(row.name, row.full_name) for row in people) if by.is_employee else (),
    )


def case_line(uow: UnitOfWork, row: Any, names: Names) -> CaseLine:
    """Return one case, on one line."""
    return _lines_with(uow, [row], names)[0]


def case_lines(uow: UnitOfWork, rows: Sequence[Any]) -> tuple[CaseLine, ...]:
    """Return cases, each on one line."""
    return _lines_with(uow, rows, Names(uow, {row.started_by for row in rows}))


def _lines_with(uow: UnitOfWork, rows: Sequence[Any], names: Names) -> tuple[CaseLine, ...]:
    ids = [row.id for row in rows]
    open_tasks: dict[int, list[Any]] = {}
    for task in uow.execute(
        select(
            *(_task.c[name] for name in ("instance_id", "name_zh", "name_en", "assignee", "due_at", "status"))
        )
        .where(_task.c.instance_id.in_(ids), _task.c.status == "open")
        .order_by(_task.c.due_at.is_(None), _task.c.due_at, _task.c.created_at)
    ):
        open_tasks.setdefault(task.instance_id, []).append(task)
    holders = identity.names_of(uow, {task.assignee for tasks in open_tasks.values() for task in tasks})
    stopped = set(
        uow.execute(
            select(_incident.c.instance_id).where(
                _incident.c.instance_id.in_(ids), _incident.c.resolved_at.is_(None)
            )
        ).scalars()
    )
    return tuple(
        CaseLine(
            instance_id=row.id,
            case_number=row.case_number,
            process_key=row.process_key,
            process_name=names.process(row.process_key),
            title=Text(row.title, row.title_en or row.title),
            customer=row.customer,
            unit=row.unit,
            status=row.status,
            started_at=row.started_at,
            started_by=names.person(row.started_by),
            changed_at=row.changed_at,
            ended_at=row.ended_at,
            steps=tuple(dict.fromkeys(_open_step(task, holders) for task in open_tasks.get(row.id, ()))),
            next_due_at=next((t.due_at for t in open_tasks.get(row.id, ()) if t.due_at is not None), None),
            is_overdue=any(is_overdue(uow, t) for t in open_tasks.get(row.id, ())),
            has_incident=row.id in stopped,
        )
        for row in rows
    )


def _open_step(task: Any, holders: Mapping[str, str]) -> OpenStep:
    has_it = Person(task.assignee, holders[task.assignee]) if task.assignee else None
    return OpenStep(Text(task.name_zh, task.name_en), has_it)


def case_by_number(uow: UnitOfWork, case_number: str, by: User) -> int:
    """Return the id of the case with this number. Raises NotFound as ``case`` does."""
    found = uow.execute(select(_instance.c.id).where(_instance.c.case_number == case_number)).scalar()
    return int(visibility.require_case(uow, found or 0, by).id)


# ---- one case --------------------------------------------------------------------------------------------


def case(uow: UnitOfWork, instance_id: int, by: User) -> CasePage:
    """
    Return what the page of one case shows.

    Raises:
        NotFound: no such case, or one that the user may not see.
    """
    row = visibility.require_case(uow, instance_id, by)
    held = instances.take_up(uow, row)
    records = history.of_case(uow, instance_id)
    tasks = uow.execute(
        select(_task).where(_task.c.instance_id == instance_id).order_by(_task.c.created_at, _task.c.id)
    ).all()
    incidents = uow.execute(select(_incident).where(_incident.c.instance_id == instance_id)).all()
    involved = {
        getattr(task, name) for task in tasks for name in ("assignee", "completed_by", "completed_for")
    }
    involved |= people_in(records) | {one.resolved_by for one in incidents} | {row.started_by}
    names = Names(uow, involved)
    known = labels(uow, row, visibility.hidden_names(uow, row, by))
    keys = [holder[2:] for holder in json.loads(row.viewers) if holder.startswith("g:")]
    is_running = row.status in ("running", "stopped")
    may_look_inside = by.may(Capability.DEPLOY) or by.may(Capability.AUDIT)
    open_first = sorted(tasks, key=lambda task: task.status != "open")
    return CasePage(
        case=case_line(uow, row, names),
        end_element_id=row.end_element_id,
        end_element=element_name(held.program, row.end_element_id),
        pictures=tuple(picture_of(uow, held, id_, records) for id_ in held.definition_ids),
        history=timeline(uow, records, held.program, known, names),
        tasks=tuple(task_line(uow, task, by, names) for task in open_first),
        timers=_timers(uow, held),
        waiting_for=tuple(_awaited(held, event) for event in held.execution.awaited),
        variables=tuple(
            known.answer(name, value)
            for name, value in held.execution.variables.items()
            if name not in GIVEN and (known.is_named(name) or may_look_inside)
        ),
        files=case_files(uow, instance_id, known.fields, known.hidden),
        comments=comments_of(uow, instance_id),
        incidents=tuple(
            IncidentLine(
                id=one.id,
                element_id=one.element_id,
                element_name=element_name(held.program, one.element_id) or same(one.element_id),
                message=Text(one.message_zh, one.message_en),
                raised_at=one.raised_at,
                resolved_at=one.resolved_at,
                resolved_by=names.person(one.resolved_by),
            )
            for one in sorted(incidents, key=lambda one: (one.resolved_at is not None, -one.id))
        ),
        viewers=names.groups(keys),
        may_cancel=is_running and by.may(Capability.CANCEL),
        may_retry=is_running and by.may(Capability.RETRY),
    )


def _awaited(held: Held, event: AwaitedEvent) -> Text:
    """Return what is waited for, as its event is called; else the message's own name."""
    waits = element_of(held.program, event.element_id)
    return waits.name if waits is not None and waits.name.zh else same(event.name)


def task_line(uow: UnitOfWork, row: Any, by: User, names: Names) -> TaskLine:
    """Return one task of a case."""
    is_open = row.status == "open"
    return TaskLine(
        task_id=row.id,
        element_id=row.element_id,
        name=Text(row.name_zh, row.name_en),
        status=row.status,
        groups=names.groups(json.loads(row.candidate_groups)),
        assignee=names.person(row.assignee),
        created_at=row.created_at,
        due_at=row.due_at,
        is_overdue=is_overdue(uow, row),
        priority=row.priority,
        completed_at=row.completed_at,
        completed_by=names.person(row.completed_by),
        may_do=is_open and identity.acts_for(by, visibility.offer_of(row)) is not None,
        may_hand_over=is_open and by.may(Capability.CANCEL),
    )


def picture_of(uow: UnitOfWork, held: Held, definition_id: int, records: Sequence[Record]) -> Picture:
    """Return one of a case's diagrams with its tokens and the way taken."""
    version = definitions.version(uow, definition_id)
    diagram = definitions.read_diagram(uow, definition_id)
    elements, flows = history.way_in(records, version.key, held.process_key)
    stopped = (one for one in held.execution.incidents if one.process_id in ("", version.key))
    return Picture(
        definition_id=definition_id,
        process_key=version.key,
        name=version.name,
        version=version.version,
        xml=diagram.source,
        tokens=tuple(held.execution.tokens_in(version.key)),
        passed=tuple(elements),
        flows=tuple(flows),
        incidents=tuple(one.element_id for one in stopped if one.element_id in diagram.elements),
    )


def comments_of(uow: UnitOfWork, instance_id: int, names: Names | None = None) -> tuple[CommentLine, ...]:
    """Return what people remarked, oldest first."""
    remark = tables.comment
    rows = uow.execute(
        select(remark, _task.c.name_zh, _task.c.name_en)
        .outerjoin(_task, _task.c.id == remark.c.task_id)
        .where(remark.c.instance_id == instance_id)
        .order_by(remark.c.id)
    ).all()
    names = names or Names(uow, {row.user_name for row in rows})
    return tuple(
        CommentLine(
            id=row.id,
            by=names.somebody(row.user_name),
            at=row.at,
            text=row.text,
            task_name=Text(row.name_zh, row.name_en) if row.name_zh else None,
        )
        for row in rows
    )


def _timers(uow: UnitOfWork, held: Held) -> tuple[TimerLine, ...]:
    timer = tables.timer
    rows = uow.execute(select(timer).where(timer.c.instance_id == held.instance_id).order_by(timer.c.due_at))
    return tuple(
        TimerLine(
            element_id=row.element_id,
            name=element_name(held.program, row.element_id) or same(row.element_id),
            due_at=row.due_at,
            has_failed=row.failed_at is not None,
        )
        for row in rows
    )
