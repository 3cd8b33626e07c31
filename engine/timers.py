"""Firing timers that are due."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import func, select

from engine import instances, runtime, tables
from engine.database import Database, UnitOfWork
from engine.errors import Conflict, ExpressionFailed, Unavailable
from engine.texts import Text

log = logging.getLogger(__name__)

_timer = tables.timer

#: The smallest step of a stored instant.
_TICK = timedelta(microseconds=1)
#: So often in a row may somebody else be faster; then the timer itself must be at fault.
_MOST_CONFLICTS = 5
#: So many timers of one case in a row are a circle without a wait in it.
MOST_OF_ONE_CASE = 300

_CIRCLE = Text(
    "案件的定时器不停地触发，流程图里有一圈没有等待时间。",
    "the timers of the case fire without end: the diagram has a circle with no waiting time in it.",
)


def fire_due(database: Database, limit: int = 1000, *, is_ending: Callable[[], bool] = lambda: False) -> int:
    """
    Fire timers whose time has passed, the earliest first, until the program is to end; return how many.

    A timer fires strictly after its due instant, so that what is done exactly then is in time. Each is a
    transaction of its own. Several workers may do this at once: each timer fires once.
    """
    fired = conflicts = 0
    by_case: Counter[int] = Counter()
    while fired < limit and not is_ending():
        try:
            if not _fire_one(database, None, by_case):
                break
        except Conflict:
            conflicts += 1
            if conflicts >= _MOST_CONFLICTS:
                break  # the next sweep looks again
        else:
            fired, conflicts = fired + 1, 0
    return fired


def fire_next(database: Database) -> bool:
    """Fire the earliest timer that is due by now, this instant included; return whether there was one."""
    with database.reading() as uow:
        before = uow.now + _TICK
    return _fire_one(database, before)


def next_due(uow: UnitOfWork) -> datetime | None:
    """Return when the earliest timer is due, None where none is armed. Failed ones wait for their retry."""
    found: datetime | None = uow.execute(
        select(func.min(_timer.c.due_at)).where(_timer.c.failed_at.is_(None))
    ).scalar()
    return found


def _fire_one(database: Database, before: datetime | None, by_case: Counter[int] | None = None) -> bool:
    timer_id = None
    by_case = Counter() if by_case is None else by_case
    try:
        with database.unit_of_work() as uow:
            row = instances.lock_due_timer(uow, before or uow.now)
            if row is None:
                return False
            timer_id = row.timer_id
            by_case[row.id] += 1
            if by_case[row.id] > MOST_OF_ONE_CASE:
                runtime.stop_timer(uow, timer_id, ExpressionFailed(_CIRCLE))
            else:
                runtime.fire_locked_timer(uow, row)
    except (Conflict, Unavailable):
        raise  # not the timer's fault
    except Exception as error:
        if timer_id is None:
            raise  # the database cannot be asked: nothing is known about any timer
        log.exception("timer failed", extra={"timer_id": timer_id})
        with database.unit_of_work() as uow:
            runtime.stop_timer(uow, timer_id, error)
    else:
        log.info("timer fired", extra={"timer_id": timer_id, "instance_id": row.id})
    return True
