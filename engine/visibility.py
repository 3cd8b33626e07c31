"""Which cases, which of their values, somebody may see."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select, true

from engine import tables
from engine.database import UnitOfWork
from engine.errors import NotFound
from engine.identity import Capability, Offer, User, acts_for, may_see_case
from engine.texts import Text

#: What stands where a value may not be seen.
HIDDEN = "***"

_case, _task = tables.process_instance, tables.user_task


def no_such_case() -> NotFound:
    """The answer for a case that does not exist, and for one that the person may not know of."""
    return NotFound(Text("没有这个案件。", "There is no such case."))


def require_case(uow: UnitOfWork, instance_id: int, by: User) -> Any:
    """Return the case's row. Raises NotFound where there is none, or none that the user may see."""
    row = uow.execute(select(_case).where(_case.c.id == instance_id)).first()
    if row is None or not may_see_case(by, json.loads(row.viewers)):
        raise no_such_case()
    return row


def visible_cases(by: User) -> ColumnElement[bool]:
    """The condition that a row of process_instance is one that the user may see."""
    if by.may(Capability.AUDIT):
        return true()
    viewer = tables.case_viewer
    return exists().where(viewer.c.instance_id == _case.c.id, viewer.c.holder.in_(sorted(by.holders)))


def offer_of(row: Any) -> Offer:
    """Return to whom a row of user_task is offered."""
    return Offer(
        groups=frozenset(json.loads(row.candidate_groups)),
        users=frozenset(json.loads(row.candidate_users)),
        assignee=row.assignee,
        excluded=frozenset(json.loads(row.excluded_users)),
    )


def hidden_names(uow: UnitOfWork, case: Any, by: User) -> frozenset[str]:
    """
    Return the variables of a case that the user may not see.

    A restricted variable is seen by those who can do an open task whose form has it, or who completed one.
    """
    restricted = frozenset(json.loads(case.restricted))
    if not restricted:
        return restricted
    rows = uow.execute(
        select(_task).where(
            _task.c.instance_id == case.id,
            _task.c.restricted != "[]",
            or_(_task.c.status == "open", _task.c.completed_by == by.name),
        )
    )
    needed = {
        name
        for row in rows
        if row.status == "completed" or acts_for(by, offer_of(row)) is not None
        for name in json.loads(row.restricted)
    }
    return restricted - needed
