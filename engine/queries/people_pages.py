"""Messages, people, the calendar."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select

from engine import tables
from engine.database import UnitOfWork
from engine.errors import InvalidInput
from engine.identity import CAPABILITY_NAMES, Capability, User, require
from engine.office_calendar import business_calendar
from engine.queries.reading import Names
from engine.queries.shapes import (
    CalendarDay,
    CalendarPage,
    Group,
    GroupLine,
    NotificationLine,
    PeoplePage,
    Person,
    PersonLine,
    ProfilePage,
    Substitution,
)
from engine.texts import Text

_note, _account, _named = tables.notification, tables.user_account, tables.substitution


def notifications(
    uow: UnitOfWork, by: User, *, before: int | None = None, limit: int = 50
) -> tuple[NotificationLine, ...]:
    """Return the messages to the user and the user's groups, newest first; ``before``: an id."""
    seen = uow.execute(select(_account.c.seen_notification).where(_account.c.name == by.name)).scalar() or 0
    task, case = tables.user_task, tables.process_instance
    wanted = (
        select(_note, case.c.case_number, task.c.id.label("open_task"))
        .join(case, case.c.id == _note.c.instance_id)
        .outerjoin(task, and_(task.c.id == _note.c.task_id, task.c.status == "open"))
        .where(_note.c.recipient.in_(sorted(by.holders)))
        .order_by(_note.c.id.desc())
        .limit(max(1, min(limit, 200)))
    )
    if before is not None:
        wanted = wanted.where(_note.c.id < before)
    return tuple(
        NotificationLine(
            id=row.id,
            text=Text(row.text_zh, row.text_en),
            created_at=row.created_at,
            instance_id=row.instance_id,
            case_number=row.case_number,
            task_id=row.open_task,
            is_new=row.id > seen,
        )
        for row in uow.execute(wanted)
    )


def people(uow: UnitOfWork, by: User) -> PeoplePage:
    """Return everybody, for administrators. Raises NotPermitted."""
    require(by, Capability.ADMINISTER)
    rows = uow.execute(select(_account).order_by(_account.c.name)).all()
    groups = uow.execute(select(tables.user_group).order_by(tables.user_group.c.key)).all()
    named = uow.execute(select(_named).order_by(_named.c.first_day.desc())).all()
    return PeoplePage(
        people=_person_lines(uow, rows),
        groups=tuple(Group(row.key, Text(row.name_zh, row.name_en)) for row in groups),
        substitutions=_substitutions(uow, named),
    )


def tasks_held(uow: UnitOfWork, name: str, by: User) -> int:
    """Return how many open tasks somebody has claimed or was given, for administrators."""
    require(by, Capability.ADMINISTER)
    task = tables.user_task
    held = select(func.count()).where(task.c.status == "open", task.c.assignee == name)
    return int(uow.execute(held).scalar_one())


def groups(uow: UnitOfWork, by: User) -> tuple[GroupLine, ...]:
    """Return every group, for administrators, by key. Raises NotPermitted."""
    require(by, Capability.ADMINISTER)
    group, member = tables.user_group, tables.membership
    number = (
        select(func.count())
        .select_from(member.join(_account, _account.c.name == member.c.user_name))
        .where(member.c.group_key == group.c.key, _account.c.active)
        .scalar_subquery()
    )
    return tuple(
        GroupLine(
            row.key,
            Text(row.name_zh, row.name_en),
            row.side,
            tuple(CAPABILITY_NAMES[Capability(name)] for name in json.loads(row.capabilities)),
            row.members,
        )
        for row in uow.execute(select(group, number.label("members")).order_by(group.c.key))
    )


def profile(uow: UnitOfWork, by: User) -> ProfilePage:
    """Return what the user sees about themselves."""
    rows = uow.execute(select(_account).where(_account.c.active).order_by(_account.c.name)).all()
    today = uow.now.astimezone(uow.centre.zone).date()
    named = uow.execute(
        select(_named)
        .where(or_(_named.c.user_name == by.name, _named.c.substitute_name == by.name))
        .where(_named.c.last_day >= today, _named.c.revoked_at.is_(None))
        .order_by(_named.c.first_day)
    ).all()
    return ProfilePage(
        person=_person_lines(uow, [row for row in rows if row.name == by.name])[0],
        substitutions=_substitutions(uow, named),
        colleagues=tuple(Person(row.name, row.full_name) for row in rows if row.name != by.name),
    )


def _person_lines(uow: UnitOfWork, rows: Any) -> tuple[PersonLine, ...]:
    names = Names(uow)
    groups: dict[str, list[str]] = {}
    for row in uow.execute(
        select(tables.membership)
        .where(tables.membership.c.user_name.in_([row.name for row in rows]))
        .order_by(tables.membership.c.group_key)
    ):
        groups.setdefault(row.user_name, []).append(row.group_key)
    return tuple(
        PersonLine(
            name=row.name,
            full_name=row.full_name,
            email=row.email,
            language=row.language,
            active=row.active,
            groups=names.groups(groups.get(row.name, ())),
        )
        for row in rows
    )


def _substitutions(uow: UnitOfWork, rows: Any) -> tuple[Substitution, ...]:
    names = Names(uow, {name for row in rows for name in (row.user_name, row.substitute_name, row.named_by)})
    return tuple(
        Substitution(
            id=row.id,
            user=names.somebody(row.user_name),
            substitute=names.somebody(row.substitute_name),
            first_day=row.first_day,
            last_day=row.last_day,
            named_by=names.somebody(row.named_by),
            is_revoked=row.revoked_at is not None,
        )
        for row in rows
    )


def calendar(uow: UnitOfWork, year: int, by: User) -> CalendarPage:
    """Return one year of the calendar; everybody may look."""
    if not 2000 <= year <= 2100:
        raise InvalidInput(Text("年份 {year} 不对。", "{year} is not a year of this calendar."), year=year)
    found = business_calendar(uow)
    entered = {
        row.day: row
        for row in uow.execute(
            select(tables.calendar_day).where(
                tables.calendar_day.c.day.between(date(year, 1, 1), date(year, 12, 31))
            )
        )
    }
    first = date(year, 1, 1)
    days = (first + timedelta(days=number) for number in range((date(year + 1, 1, 1) - first).days))
    announced = uow.execute(
        select(tables.calendar_year.c.entered_by).where(tables.calendar_year.c.year == year)
    ).scalar()
    return CalendarPage(
        year=year,
        days=tuple(
            CalendarDay(
                day, found.is_working(day), day in entered, entered[day].note if day in entered else ""
            )
            for day in days
        ),
        is_provisional=found.is_provisional(year),
        was_entered_by=Names(uow, [announced]).person(announced),
    )
