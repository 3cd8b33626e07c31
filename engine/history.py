"""The audit trail: who did what, when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from engine import tables
from engine.bpmn.variables import from_json, to_json
from engine.database import UnitOfWork


class Kind(StrEnum):
    """What a line of the history tells; stored by value."""

    STARTED = "started"  #: a case began
    CLAIMED = "claimed"  #: somebody took a task on
    GIVEN_BACK = "given_back"  #: a task went back to its groups
    HANDED_OVER = "handed_over"  #: a task went to somebody else, with a note
    COMPLETED = "completed"  #: a task was completed; old and new values
    DECIDED = "decided"  #: a decision table was asked; inputs, result, version, rules
    TIMER_FIRED = "timer_fired"  #: a time limit was reached
    MESSAGE_SENT = "message_sent"  #: the case sent a message or signal
    MESSAGE_CAUGHT = "message_caught"  #: the case received a message or signal
    NOTIFIED = "notified"  #: people were sent a message by the diagram
    INCIDENT = "incident"  #: an element could not be carried out
    RETRIED = "retried"  #: an element was tried again
    ENDED = "ended"  #: every token reached its end
    CANCELLED = "cancelled"  #: somebody ended the case, with a reason
    COMMENTED = "commented"  #: somebody left a remark
    RECORD_ADDED = "record_added"  #: a register got a record; by hand, by an import, or by a case
    RECORD_CHANGED = "record_changed"  #: a record was changed
    POSTED = "posted"  #: the ledger got lines
    PAPER_ISSUED = "paper_issued"  #: a paper was issued
    #: The rest concerns no single case.
    DEPLOYED = "deployed"  #: a diagram, table or form got a new version
    PERSON_CREATED = "person_created"
    PERSON_CHANGED = "person_changed"
    SUBSTITUTE_NAMED = "substitute_named"
    SUBSTITUTE_REVOKED = "substitute_revoked"
    GROUP_ADDED = "group_added"
    GROUP_RENAMED = "group_renamed"
    CALENDAR_CHANGED = "calendar_changed"
    ORGANISATION_LOADED = "organisation_loaded"
    RECORDS_IMPORTED = (
        "records_imported"  #: a file was read into a register; the records have their own lines
    )


@dataclass(frozen=True)
class Line:
    """
    One thing that happened.

    ``detail`` may hold: ``passed`` and ``flows`` (elements completed and flows taken by it, in order),
    ``changes`` (field → [old, new]), ``note``, and what the kind asks for.
    """

    kind: Kind
    element_id: str | None = None
    task_id: UUID | None = None
    user_name: str | None = None
    for_user: str | None = None
    definition_id: int | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    record_id: int | None = None  # of a register


@dataclass(frozen=True)
class Record(Line):
    """A line as it was stored."""

    id: int = 0
    at: datetime = datetime.min  # noqa: DTZ901 (always given)
    instance_id: int | None = None


_INSERT = insert(tables.history).inline()  # nobody asks for the new rows' ids


def write(uow: UnitOfWork, lines: Sequence[Line], instance_id: int | None = None) -> None:
    """Add lines to the history, in this order; they are numbered, and nothing changes them any more."""
    if not lines:
        return
    uow.execute(
        _INSERT,
        [
            {
                "instance_id": instance_id,
                "at": uow.now,
                "kind": str(line.kind),
                "element_id": line.element_id,
                "task_id": line.task_id,
                "user_name": line.user_name,
                "for_user": line.for_user,
                "definition_id": line.definition_id,
                "record_id": line.record_id,
                "detail": to_json(line.detail),
            }
            for line in lines
        ],
    )


def of_case(uow: UnitOfWork, instance_id: int) -> list[Record]:
    """Return all that happened in a case, in order."""
    found = uow.execute(
        select(tables.history)
        .where(tables.history.c.instance_id == instance_id)
        .order_by(tables.history.c.id)
    )
    return [read(row) for row in found]


def of_record(uow: UnitOfWork, record_id: int, limit: int = 50) -> list[Record]:
    """Return the newest changes of a register's record, newest first."""
    found = uow.execute(
        select(tables.history)
        .where(tables.history.c.record_id == record_id)
        .order_by(tables.history.c.id.desc())
        .limit(limit)
    )
    return [read(row) for row in found]


def passed(records: Sequence[Record]) -> list[str]:
    """Return the elements completed so far, in order, with repeats."""
    return [element for record in records for element in record.detail.get("passed", ())]


def way_in(records: Sequence[Record], process_key: str, root: str) -> tuple[list[str], list[str]]:
    """Return the elements completed and the flows taken in one diagram of a case, each once, in order."""
    elements: dict[str, None] = {}
    flows: dict[str, None] = {}
    for record in records:
        for names, of, found in (("passed", "processes", elements), ("flows", "flow_processes", flows)):
            ids = record.detail.get(names, ())
            processes = record.detail.get(of) or [root] * len(ids)
            here = (id_ for id_, process in zip(ids, processes, strict=True) if process == process_key)
            found.update(dict.fromkeys(here))
    return list(elements), list(flows)


def flows_taken(uow: UnitOfWork) -> frozenset[tuple[str, str]]:
    """Return every sequence flow that any case took, each with the process of its diagram."""
    taken: set[tuple[str, str]] = set()
    case = tables.process_instance
    rows = uow.execute(
        select(tables.history.c.detail, case.c.process_key)
        .join(case, case.c.id == tables.history.c.instance_id)
        .where(tables.history.c.detail.contains('"flows"'))
    )
    for row in rows:
        way = from_json(row.detail)
        flows: Sequence[str] = way.get("flows", ())
        processes: Sequence[str] = way.get("flow_processes") or [row.process_key] * len(flows)
        taken.update(zip(processes, flows, strict=True))
    return frozenset(taken)


def read(row: Any) -> Record:
    """Return a row of the history as it was written."""
    return Record(
        kind=Kind(row.kind),
        element_id=row.element_id,
        task_id=row.task_id,
        user_name=row.user_name,
        for_user=row.for_user,
        definition_id=row.definition_id,
        record_id=row.record_id,
        detail=from_json(row.detail),
        id=row.id,
        at=row.at,
        instance_id=row.instance_id,
    )
