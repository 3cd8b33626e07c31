"""An instance within one transaction: locked, taken up, stored with its tasks, timers and history."""

from __future__ import annotations

import functools
import json
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Select,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from engine import definitions, history, notifications, numbers, tables
from engine.bpmn import expressions
from engine.bpmn.diagram import Program
from engine.bpmn.execution import (
    Advance,
    ArmedTimer,
    AwaitedEvent,
    DecisionOutcome,
    Execution,
    Incident,
    OpenTask,
    Service,
)
from engine.database import UnitOfWork
from engine.errors import BanjieError, Conflict
from engine.history import Kind, Line
from engine.identity import EVERYBODY, Offer, User
from engine.notifications import Message
from engine.office_calendar import expression_functions
from engine.services import TOPICS, Requests, by_topic, searchable_text
from engine.tables import NEVER
from engine.texts import Text
from engine.visibility import HIDDEN, no_such_case

_instance, _task, _timer = tables.process_instance, tables.user_task, tables.timer
_inbox, _wait, _incident = tables.inbox, tables.message_wait, tables.incident
_value, _viewer = tables.case_value, tables.case_viewer

_EDITIONS = ("definitions", "calendar", "people")


@dataclass
class World:
    """What an instance may ask of the world while it advances."""

    uow: UnitOfWork
    now: datetime
    zone: tzinfo
    functions: Mapping[str, Any]
    services: Mapping[str, Service]

    def decide(self, decision_key: str, variables: Mapping[str, Any]) -> DecisionOutcome:
        """Ask the decision table in force."""
        return definitions.decide(self.uow, decision_key, variables, self.functions)


@dataclass
class Held:
    """An instance that only this transaction works on, and how it stood when it was taken up."""

    instance_id: int
    case_number: str
    process_key: str
    definition_ids: tuple[int, ...]
    status: str
    revision: int
    program: Program
    execution: Execution
    requests: Requests
    performers: dict[str, list[str]]  # element id -> who completed it; "start" -> who started the case
    viewers: frozenset[str]
    restricted: frozenset[str]
    tasks: dict[UUID, OpenTask] = field(default_factory=dict)
    timers: dict[tuple[str, datetime], ArmedTimer] = field(default_factory=dict)
    awaited: frozenset[AwaitedEvent] = frozenset()
    incidents: dict[str, Incident] = field(default_factory=dict)
    found_by: dict[str, Any] = field(default_factory=dict)  # as ``searchable`` was

    def remember(self) -> None:
        """Note how the instance stands, so that only what changes from here on is written."""
        standing = self.execution.standing
        self.tasks = {task.id: task for task in standing.tasks}
        self.timers = {(timer.token_id, timer.due_at): timer for timer in standing.timers}
        self.awaited = frozenset(standing.awaited)
        self.incidents = {incident.token_id: incident for incident in standing.incidents}
        self.found_by = self.searchable()

    def searchable(self) -> dict[str, Any]:
        """Return the variables that the diagram wants the case to be found by; restricted ones never."""
        variables = self.execution.seen_variables
        names = _names(self.program.root.properties.get("searchable", ""))
        return {name: variables.get(name) for name in names if name not in self.restricted}

    def excluded_from(self, task: OpenTask) -> frozenset[str]:
        """Return who may not do a task, because of what they did in this case."""
        return frozenset(name for element in task.not_by for name in self.performers.get(element, ()))

    def round_begins(self, task: OpenTask) -> None:
        """Forget who did what belonged to the round before, where completing the task begins another."""
        element = self.program.diagrams[task.process_id].elements[task.element_id]
        for name in _names(element.properties.get("newRound", "")):
            self.performers.pop(name, None)

    def performed(self, element_id: str, *names: str | None) -> None:
        """Note who completed an element, and for whom."""
        present = self.performers.setdefault(element_id, [])
        present.extend(name for name in dict.fromkeys(names) if name and name not in present)


@dataclass(frozen=True)
class Done:
    """A task that somebody completed in this transaction."""

    task_id: UUID
    by: str
    on_behalf_of: str | None
    submission: str


# ---- taking an instance up -------------------------------------------------------------------------------


#: What is read of a locked instance, of its task and of its timer. Each column costs, so only what is used.
_OF_INSTANCE = (
    "id", "case_number", "process_key", "definition_ids", "status", "revision", "state", "performers",
    "viewers", "restricted",
)  # fmt: skip
_OF_TASK = (
    "id", "definition_id", "element_id", "form_id", "name_zh", "name_en", "status", "assignee", "due_at",
    "candidate_groups", "candidate_users", "excluded_users", "completed_at", "completed_by", "submission",
    "drafts",
)  # fmt: skip
_OF_TIMER = ("id", "token_id", "element_id", "due_at")


def _locking(join: Table | None = None, columns: Sequence[str] = ()) -> Select[Any]:
    """
    Select instances under a lock, with the editions of what is kept in memory.

    ``columns`` of the joined table are called ``task_…`` or ``timer_…``. The instance is locked before
    anything else that belongs to it, everywhere: that excludes deadlocks.
    """
    edition = tables.edition
    numbers = (
        select(edition.c.number).where(edition.c.name == name).scalar_subquery().label(f"edition_{name}")
        for name in _EDITIONS
    )
    statement = select(*(_instance.c[name] for name in _OF_INSTANCE), *numbers)
    if join is None:
        return statement.with_for_update(of=[_instance])
    prefix = join.name.removeprefix("user_")
    statement = statement.add_columns(*(join.c[name].label(f"{prefix}_{name}") for name in columns))
    joined = _instance.join(join, join.c.instance_id == _instance.c.id)
    return statement.select_from(joined).with_for_update(of=[_instance, join])


_LOCK_INSTANCE = _locking().where(_instance.c.id == bindparam("instance_id"))
_LOCK_TASK = _locking(_task, _OF_TASK).where(_task.c.id == bindparam("task_id"))
_LOCK_TIMER = _locking(_timer, _OF_TIMER).where(_timer.c.id == bindparam("timer_id"))
_LOCK_DUE_TIMER = (
    _locking(_timer, _OF_TIMER)
    .where(_timer.c.due_at < bindparam("before"), _timer.c.failed_at.is_(None))
    .order_by(_timer.c.due_at, _timer.c.id)
    .limit(1)
    .with_for_update(of=[_instance, _timer], skip_locked=True)
)


def _take(uow: UnitOfWork, statement: Select[Any], **values: Any) -> Any:
    row = uow.execute(statement, values).first()
    if row is not None and "editions" not in uow.seen:
        found = {name: getattr(row, f"edition_{name}") for name in _EDITIONS}
        uow.seen["editions"] = {name: number for name, number in found.items() if number is not None}
    return row


def lock_instance(uow: UnitOfWork, instance_id: int) -> Any:
    """Return an instance's row, locked. Raises NotFound."""
    row = _take(uow, _LOCK_INSTANCE, instance_id=instance_id)
    if row is None:
        raise no_such_case()
    return row


def lock_task(uow: UnitOfWork, task_id: UUID) -> Any:
    """Return a task's instance with ``task_…`` columns, both rows locked; None if there is none."""
    return _take(uow, _LOCK_TASK, task_id=task_id)


def lock_timer(uow: UnitOfWork, timer_id: int) -> Any:
    """Return a timer's instance with ``timer_…`` columns, both rows locked; None where it has gone."""
    return _take(uow, _LOCK_TIMER, timer_id=timer_id)


def lock_due_timer(uow: UnitOfWork, before: datetime) -> Any:
    """
    Return the earliest timer due before an instant as ``lock_timer`` does; None where there is none.

    Timers that another worker or person has locked are passed over.
    """
    return _take(uow, _LOCK_DUE_TIMER, before=before)


def take_up(uow: UnitOfWork, row: Any, by: str | None = None) -> Held:
    """Restore a locked instance where it was left. ``by``: who does something with it; None: a timer."""
    definition_ids = tuple(int(part) for part in row.definition_ids.split(","))
    program = definitions.program(uow, definition_ids)
    requests = Requests(uow, row.id, by)
    held = Held(
        instance_id=row.id,
        case_number=row.case_number,
        process_key=row.process_key,
        definition_ids=definition_ids,
        status=row.status,
        revision=row.revision,
        program=program,
        execution=Execution.restore(program, row.state, world(uow, requests)),
        requests=requests,
        performers=json.loads(row.performers),
        viewers=frozenset(json.loads(row.viewers)),
        restricted=frozenset(json.loads(row.restricted)),
    )
    held.remember()
    return held


def world(uow: UnitOfWork, requests: Requests) -> World:
    """Return what an instance may ask in this transaction."""
    return World(uow, uow.now, uow.centre.zone, expression_functions(uow), by_topic(requests, TOPICS))


# ---- storing it ------------------------------------------------------------------------------------------

_UPDATE_INSTANCE = (
    update(_instance)
    .where(_instance.c.id == bindparam("of_id"), _instance.c.revision == bindparam("of_revision"))
    .values(
        {
            name: bindparam(name)
            for name in (
                "status", "revision", "state", "title", "title_en", "customer", "unit", "search_text",
                "performers", "viewers", "restricted", "changed_at", "ended_at", "end_element_id",
            )
        }
    )
)  # fmt: skip
#: What is written of a task that ends.
_END = ("status", "drafts", "completed_at", "completed_by", "completed_for", "submission")
#: What a row of a task that ends is filled up with; the row that is there keeps its own.
_IN_PLACE = {
    **{column.name: "" if not column.nullable else None for column in _task.c},
    "priority": 0,
    "drafts": "{}",
}


def _insert_or_update(table: Table, key: Sequence[str], renewed: Sequence[str]) -> Mapping[str, Any]:
    """Return, by database, a statement that inserts rows; of those that are there it renews some columns."""
    statements: dict[str, Any] = {"sqlite": insert_sqlite(table), "postgresql": insert_postgresql(table)}
    return {
        name: build.on_conflict_do_update(
            index_elements=key, set_={column: build.excluded[column] for column in renewed}
        )
        for name, build in statements.items()
    }


# Statements are built once: building one costs as much as executing it.
_STORE_TASKS = _insert_or_update(_task, ["id"], _END)
_STORE_VALUES = _insert_or_update(_value, ["instance_id", "name"], ["value", "changed_at"])
# Inline: nobody asks for the new rows' ids.
_ENTER_INBOX, _ARM, _AWAIT = insert(_inbox), insert(_timer).inline(), insert(_wait).inline()
_RAISE, _LET_SEE = insert(_incident).inline(), insert(_viewer)
_AWAIT_NOTHING = delete(_wait).where(_wait.c.instance_id == bindparam("of_id"))
_FORGET_VALUES = delete(_value).where(
    _value.c.instance_id == bindparam("of_id"), _value.c.name.in_(bindparam("names", expanding=True))
)
_LEAVE_INBOX = delete(_inbox).where(_inbox.c.task_id == bindparam("of_task"))
_DISARM = delete(_timer).where(
    _timer.c.instance_id == bindparam("of_id"), _timer.c.token_id == bindparam("of_token")
)
_RESOLVE = (
    update(_incident)
    .where(
        _incident.c.instance_id == bindparam("of_id"),
        _incident.c.token_id.in_(bindparam("tokens", expanding=True)),
        _incident.c.resolved_at.is_(None),
    )
    .values(resolved_at=bindparam("at"), resolved_by=bindparam("by", type_=_incident.c.resolved_by.type))
)


def store(
    uow: UnitOfWork,
    held: Held,
    cause: Line,
    advance: Advance | None = None,
    *,
    done: Done | None = None,
    is_cancelled: bool = False,
) -> None:
    """
    Bring every row of an instance in line with its execution; the one place that does.

    ``cause`` is the history line of what happened; what it led to is added to it, and follows it.

    Raises:
        Conflict: the instance has been changed since it was read.
    """
    if held.requests.broken is not None:
        raise held.requests.broken
    execution = held.execution
    standing = execution.standing
    tasks = {task.id: task for task in standing.tasks}
    timers = {(timer.token_id, timer.due_at): timer for timer in standing.timers}
    awaited = frozenset(standing.awaited)
    incidents = {incident.token_id: incident for incident in standing.incidents}
    opened = [task for task_id, task in tasks.items() if task_id not in held.tasks]
    closed = [task_id for task_id in held.tasks if task_id not in tasks]
    ended_at = execution.ended_at
    _note_restricted(uow, held, opened)
    offers = {task.id: _offer(held, task) for task in opened}
    newcomers = _new_viewers(held, offers.values(), done)
    found_by = held.searchable()
    values = _searchable_texts(found_by)
    is_stuck = bool(incidents) and not (tasks or timers or awaited)
    held.status = _status(ended_at, is_cancelled=is_cancelled, is_stuck=is_stuck)
    _update_instance(uow, held, ended_at, _face(uow, held), values)
    kept = [task for task_id, task in tasks.items() if task_id in held.tasks]
    _exclude_further(uow, held, kept, done)
    task_rows = _task_rows(uow, held, closed, done, opened, offers)
    with uow.together():
        _store_tasks(uow, held, task_rows, closed, opened, offers)
        _store_timers(uow, held, timers)
        _store_awaited(uow, held, awaited)
        news = _store_incidents(uow, held, incidents, cause)
        _store_values(uow, held, found_by, values)
        if newcomers:
            rows = [{"holder": holder, "instance_id": held.instance_id} for holder in sorted(newcomers)]
            uow.execute(_LET_SEE, rows)
        history.write(uow, _lines(held, cause, advance, news, ended_at), held.instance_id)
        messages = [*_task_messages(held, opened, offers), *held.requests.messages]
        notifications.queue(uow, held.instance_id, messages)
    held.requests.messages.clear()
    held.requests.lines.clear()
    held.tasks, held.timers, held.awaited, held.incidents = tasks, timers, awaited, incidents
    held.found_by = found_by


def _note_restricted(uow: UnitOfWork, held: Held, opened: Sequence[OpenTask]) -> None:
    named = definitions.restricted_names(uow, held.definition_ids)
    held.restricted = held.restricted.union(named, *(_restricted_in(uow, task) for task in opened))


def _restricted_in(uow: UnitOfWork, task: OpenTask) -> frozenset[str]:
    found = definitions.latest_form(uow, task.form_key)
    return frozenset() if found is None else found[1].restricted


def _offer(held: Held, task: OpenTask) -> Offer:
    excluded = held.excluded_from(task)
    return Offer(
        groups=frozenset(task.candidate_groups),
        users=frozenset(task.candidate_users),
        assignee=None if task.assignee in excluded else task.assignee or None,
        excluded=excluded,
    )


def _new_viewers(held: Held, offers: Iterable[Offer], done: Done | None) -> set[str]:
    """Note who may see the case from now on; return those who could not before."""
    holders = {f"u:{done.by}"} if done is not None else set()
    for offer in offers:
        holders |= {f"g:{group}" for group in offer.groups} | {f"u:{user}" for user in offer.users}
        holders |= {f"u:{offer.assignee}"} if offer.assignee else set()
    new = {holder[:70] for holder in holders} - held.viewers
    held.viewers |= new
    return new


def _update_instance(
    uow: UnitOfWork, held: Held, ended_at: str | None, face: Mapping[str, str], values: Mapping[str, str]
) -> None:
    changed = uow.execute(
        _UPDATE_INSTANCE,
        {
            "of_id": held.instance_id,
            "of_revision": held.revision,
            "status": held.status,
            "revision": held.revision + 1,
            "state": held.execution.dump(),
            **face,
            "search_text": _search_text(held.case_number, *face.values(), *values.values()),
            "performers": json.dumps(held.performers),
            "viewers": json.dumps(sorted(held.viewers)),
            "restricted": json.dumps(sorted(held.restricted)),
            "changed_at": uow.now,
            "ended_at": uow.now if held.status in ("completed", "cancelled") else None,
            "end_element_id": ended_at,
        },
    )
    if changed.rowcount != 1:
        raise Conflict(Text("这个案件刚刚被改动，请重试。", "The case has just changed; please try again."))
    held.revision += 1


def _status(ended_at: str | None, *, is_cancelled: bool, is_stuck: bool) -> str:
    if is_cancelled:
        return "cancelled"
    if ended_at is not None:
        return "completed"
    return "stopped" if is_stuck else "running"


#: What a case is recognised by in lists, and the property of the process that says it.
_FACE = {"title": "caseTitle", "title_en": "caseTitleEn", "customer": "caseCustomer", "unit": "caseUnit"}


def _face(uow: UnitOfWork, held: Held) -> dict[str, str]:
    """Return title, customer and unit as the diagram says; restricted values cannot get into them."""
    wanted = {column: held.program.root.properties.get(name) for column, name in _FACE.items()}
    if not any(wanted.values()):
        return dict.fromkeys(_FACE, "")
    seen = held.execution.seen_variables
    variables = {**seen, **dict.fromkeys(held.restricted & seen.keys(), HIDDEN)}
    functions = expression_functions(uow)
    return {
        column: _written(text, variables, functions)[: 300 if column.startswith("title") else 200]
        for column, text in wanted.items()
    }


def _written(text: str | None, variables: Mapping[str, Any], functions: Mapping[str, Any]) -> str:
    """Compute a property of the process; empty while its variables have no values yet."""
    if not text:
        return ""
    try:
        if "${" in text or "#{" in text or text.lstrip().startswith("="):
            value = expressions.compile_template(text).text(variables, functions)
        else:
            value = expressions.compile(text).evaluate(variables, functions)
    except BanjieError:
        return ""
    return " ".join((searchable_text(value) or "").split())


def _search_text(*parts: str) -> str:
    return "\n".join(folded(part) for part in parts if part)


def folded(text: str) -> str:
    """Return a text as searches compare it: whatever its case, its width and its spaces."""
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


# -- tasks


def _task_rows(
    uow: UnitOfWork,
    held: Held,
    closed: Sequence[UUID],
    done: Done | None,
    opened: Sequence[OpenTask],
    offers: Mapping[UUID, Offer],
) -> list[dict[str, Any]]:
    """Return the rows of the tasks that ended and of those that opened."""
    ended = [_ended_row(uow, held, task_id, done) for task_id in closed]
    if not opened:
        return ended
    pinned = {definitions.version(uow, id_).key: id_ for id_ in held.definition_ids}
    new = [_task_row(uow, held, task, offers[task.id], pinned) for task in opened]
    return ended + new


def _store_tasks(
    uow: UnitOfWork,
    held: Held,
    task_rows: Sequence[Mapping[str, Any]],
    closed: Sequence[UUID],
    opened: Sequence[OpenTask],
    offers: Mapping[UUID, Offer],
) -> None:
    """
    Write the tasks that ended and those that opened: in one statement, as every step has some of both.

    Of a task that ended, its row is there already, and only what ends it is taken from here.
    """
    if task_rows:
        uow.execute(_STORE_TASKS[uow.dialect], task_rows)
    if closed:
        uow.execute(_LEAVE_INBOX, [{"of_task": task_id} for task_id in closed])
    rows = [
        row
        for task in opened
        for row in inbox_rows(task.id, held.instance_id, held.process_key, task.due_at, offers[task.id])
    ]
    if rows:
        uow.execute(_ENTER_INBOX, rows)


def _ended_row(uow: UnitOfWork, held: Held, task_id: UUID, done: Done | None) -> dict[str, Any]:
    row = {
        **_IN_PLACE,
        "id": task_id,
        "instance_id": held.instance_id,
        "definition_id": held.definition_ids[0],
        "created_at": uow.now,
        "status": "cancelled",
        "completed_at": uow.now,
    }
    if done is None or done.task_id != task_id:
        return row
    return row | {
        "status": "completed",
        "completed_by": done.by,
        "completed_for": done.on_behalf_of,
        "submission": done.submission,
    }


def _task_row(
    uow: UnitOfWork, held: Held, task: OpenTask, offer: Offer, pinned: Mapping[str, int]
) -> dict[str, Any]:
    form = definitions.latest_form(uow, task.form_key)
    return {
        "id": task.id,
        "instance_id": held.instance_id,
        "process_key": task.process_id,
        "definition_id": pinned.get(task.process_id, held.definition_ids[0]),
        "element_id": task.element_id,
        "name_zh": task.name.zh[:300],
        "name_en": task.name.en[:300],
        "form_id": form[0].id if form else None,
        "assignee": offer.assignee,
        "candidate_groups": json.dumps(sorted(offer.groups)),
        "candidate_users": json.dumps(sorted(offer.users)),
        "excluded_users": json.dumps(sorted(offer.excluded)),
        "restricted": json.dumps(sorted(form[1].restricted)) if form else "[]",
        "priority": task.priority,
        "created_at": uow.now,
        "due_at": task.due_at,
        "follow_up_at": task.follow_up_at,
        **dict.fromkeys(_END),
        "status": "open",
        "drafts": "{}",
    }


def inbox_rows(
    task_id: UUID, instance_id: int, process_key: str, due_at: datetime | None, offer: Offer
) -> list[dict[str, Any]]:
    """Return an open task's rows in the inbox: its assignee's alone, or one per holder who may claim it."""
    if offer.assignee:
        holders = [f"a:{offer.assignee}"]
    else:
        holders = [f"g:{group}" for group in offer.groups] + [f"u:{user}" for user in offer.users]
    excluded = "".join(f"|{name}" for name in sorted(offer.excluded))
    return [
        {
            "holder": holder[:70],
            "due_at": due_at or NEVER,
            "task_id": task_id,
            "instance_id": instance_id,
            "process_key": process_key,
            "excluded": f"{excluded}|" if excluded else "",
        }
        for holder in sorted(set(holders))
    ]


def move_in_inboxes(uow: UnitOfWork, row: Any, offer: Offer) -> None:
    """Show an open task (a row of ``lock_task``) to those whom the offer names, and to nobody else."""
    uow.execute(_LEAVE_INBOX, {"of_task": row.task_id})
    rows = inbox_rows(row.task_id, row.id, row.process_key, row.task_due_at, offer)
    if rows:
        uow.execute(_ENTER_INBOX, rows)


def _exclude_further(uow: UnitOfWork, held: Held, kept: Sequence[OpenTask], done: Done | None) -> None:
    """Exclude who has just completed a task from the open ones that they now may not do."""
    if done is None:
        return
    element_id = held.tasks[done.task_id].element_id
    concerned = {task.id: task for task in kept if element_id in task.not_by}
    if not concerned:
        return
    for row in uow.execute(select(_task).where(_task.c.id.in_(concerned))).all():
        offer = Offer(
            groups=frozenset(json.loads(row.candidate_groups)),
            users=frozenset(json.loads(row.candidate_users)),
            assignee=row.assignee,
            excluded=held.excluded_from(concerned[row.id]),
        )
        if offer.assignee in offer.excluded:
            offer = replace(offer, assignee=None)
        uow.execute(
            update(_task)
            .where(_task.c.id == row.id)
            .values(excluded_users=json.dumps(sorted(offer.excluded)), assignee=offer.assignee)
        )
        uow.execute(_LEAVE_INBOX, {"of_task": row.id})
        rows = inbox_rows(row.id, held.instance_id, held.process_key, row.due_at, offer)
        if rows:
            uow.execute(_ENTER_INBOX, rows)


def _task_messages(held: Held, opened: Sequence[OpenTask], offers: Mapping[UUID, Offer]) -> Iterable[Message]:
    for task in opened:
        element = held.program.diagrams[task.process_id].elements.get(task.element_id)
        if element is not None and element.properties.get("notify") == "no":
            continue
        offer = offers[task.id]
        groups = [f"g:{group}" for group in sorted(offer.groups - {EVERYBODY})]
        offered = [*groups, *(f"u:{user}" for user in sorted(offer.users))]
        recipients = [f"u:{offer.assignee}"] if offer.assignee else offered
        told = Text("待办“{task}”：{case}", "To do “{task}”: {case}").format(
            task=task.name, case=held.case_number
        )
        for recipient in recipients:
            yield Message(recipient, told, task.id)


# -- timers, messages, incidents, values


def _store_timers(uow: UnitOfWork, held: Held, timers: Mapping[tuple[str, datetime], ArmedTimer]) -> None:
    gone = [token_id for token_id, due_at in held.timers if (token_id, due_at) not in timers]
    if gone:
        uow.execute(_DISARM, [{"of_id": held.instance_id, "of_token": token_id} for token_id in gone])
    rows = [
        {
            "instance_id": held.instance_id,
            "token_id": timer.token_id,
            "element_id": timer.element_id,
            "due_at": timer.due_at,
        }
        for key, timer in timers.items()
        if key not in held.timers
    ]
    if rows:
        uow.execute(_ARM, rows)


def _store_awaited(uow: UnitOfWork, held: Held, awaited: frozenset[AwaitedEvent]) -> None:
    if awaited == held.awaited:
        return
    if held.awaited:
        uow.execute(_AWAIT_NOTHING, {"of_id": held.instance_id})
    if awaited:
        rows = [
            {
                "instance_id": held.instance_id,
                "kind": event.kind,
                "name": event.name,
                "element_id": event.element_id,
                "correlation_key": event.correlation_key[:200],
            }
            for event in sorted(awaited, key=lambda event: (event.kind, event.name, event.element_id))
        ]
        uow.execute(_AWAIT, rows)


def _store_incidents(
    uow: UnitOfWork, held: Held, incidents: Mapping[str, Incident], cause: Line
) -> list[Incident]:
    """Write incidents that arose or went away; return those that are new, or say something new."""
    new = [incident for token_id, incident in incidents.items() if held.incidents.get(token_id) != incident]
    gone = [token_id for token_id, before in held.incidents.items() if incidents.get(token_id) != before]
    if gone:
        uow.execute(
            _RESOLVE, {"of_id": held.instance_id, "tokens": gone, "at": uow.now, "by": cause.user_name}
        )
    if new:
        uow.execute(_RAISE, [incident_row(uow, held.instance_id, incident) for incident in new])
    return new


def incident_row(uow: UnitOfWork, instance_id: int, incident: Incident) -> dict[str, Any]:
    """Return the row of an incident that arose now."""
    return {
        "instance_id": instance_id,
        "token_id": incident.token_id,
        "element_id": incident.element_id,
        "message_zh": incident.message.zh,
        "message_en": incident.message.en,
        "raised_at": uow.now,
    }


def _searchable_texts(variables: Mapping[str, Any]) -> dict[str, str]:
    texts = {name: searchable_text(value) for name, value in variables.items()}
    return {name: text for name, text in texts.items() if text is not None}


def _store_values(
    uow: UnitOfWork, held: Held, found_by: Mapping[str, Any], values: Mapping[str, str]
) -> None:
    """Write the texts that changed; a variable that is the same object has the same text."""
    same = {name for name, value in held.found_by.items() if name in found_by and found_by[name] is value}
    before = _searchable_texts({name: held.found_by[name] for name in held.found_by.keys() - same})
    changed = {name: values[name] for name in values.keys() - same if before.get(name) != values[name]}
    gone = sorted(before.keys() - values.keys())
    if gone:
        uow.execute(_FORGET_VALUES, {"of_id": held.instance_id, "names": gone})
    if not changed:
        return
    rows = [
        {"instance_id": held.instance_id, "name": name, "value": text, "changed_at": uow.now}
        for name, text in sorted(changed.items())
    ]
    uow.execute(_STORE_VALUES[uow.dialect], rows)


# -- history


def _lines(
    held: Held, cause: Line, advance: Advance | None, news: Collection[Incident], ended_at: str | None
) -> list[Line]:
    advance = advance or Advance()
    lines = [replace(cause, detail={**cause.detail, **_way(advance, held.program.root.process_id)})]
    lines += [
        Line(
            Kind.DECIDED,
            decided.element_id,
            definition_id=decided.outcome.definition_id,
            detail={
                "key": decided.decision_key,
                "version": decided.outcome.version,
                "inputs": dict(decided.outcome.inputs),
                "result": decided.outcome.value,
                "rules": list(decided.outcome.rule_ids),
                "variable": decided.variable,
            },
        )
        for decided in advance.decisions
    ]
    lines += held.requests.lines
    lines += [
        Line(Kind.NOTIFIED, detail={"to": message.recipient, "zh": message.text.zh, "en": message.text.en})
        for message in held.requests.messages
    ]
    lines += [
        Line(Kind.MESSAGE_SENT, sent.element_id, detail={"kind": sent.kind, "name": sent.name})
        for sent in advance.sent
    ]
    lines += [
        Line(Kind.INCIDENT, one.element_id, detail={"zh": one.message.zh, "en": one.message.en})
        for one in news
    ]
    if ended_at is not None:
        lines.append(Line(Kind.ENDED, ended_at))
    return lines


def _way(advance: Advance, root: str) -> dict[str, list[str]]:
    """Return what was passed, in order; beside it the process of each, where one is not the case's own."""
    way = {"passed": list(advance.passed), "flows": list(advance.flows)}
    if any(process != root for process in (*advance.processes, *advance.flow_processes)):
        way |= {"processes": list(advance.processes), "flow_processes": list(advance.flow_processes)}
    return {key: ids for key, ids in way.items() if ids}


@functools.lru_cache(maxsize=1000)
def _names(listed: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in listed.split(",") if name.strip())


# ---- a new instance --------------------------------------------------------------------------------------


def next_case_number(uow: UnitOfWork, prefix: str) -> str:
    """
    Return the next number of the day and prefix, such as TS-20261122-0007.

    There are no gaps: a number that was not committed is given to the next one who asks.
    """
    series = f"{prefix}-{uow.now.astimezone(uow.centre.zone):%Y%m%d}"
    return f"{series}-{numbers.count_up(uow, series):04}"


def prefix_of(program: Program) -> str:
    """Return the prefix of a process's case numbers: its property, else the initials of its id."""
    wanted = program.root.properties.get("caseNumberPrefix", "").strip()
    initials = "".join(part[0] for part in program.root.process_id.replace("-", "_").split("_") if part)
    return wanted[:20] or initials.upper()


def insert_instance(
    uow: UnitOfWork,
    process_key: str,
    definition_ids: Sequence[int],
    case_number: str,
    by: User | None,
    on_behalf_of: str | None,
) -> int:
    """Add an instance's row, still empty; return its id."""
    return int(
        uow.execute(
            insert(_instance)
            .values(
                case_number=case_number,
                process_key=process_key,
                definition_ids=",".join(map(str, definition_ids)),
                status="running",
                state="",
                started_by=by.name if by else None,
                started_for=on_behalf_of,
                started_at=uow.now,
                changed_at=uow.now,
            )
            .returning(_instance.c.id)
        ).scalar_one()
    )


def begin(
    uow: UnitOfWork,
    definition_ids: Sequence[int],
    program: Program,
    variables: Mapping[str, Any],
    *,
    process_key: str,
    case_number: str,
    by: User | None,
    on_behalf_of: str | None = None,
    start_element: str | None = None,
) -> Held:
    """Start an instance and let it advance; ``store`` must follow."""
    instance_id = insert_instance(uow, process_key, definition_ids, case_number, by, on_behalf_of)
    requests = Requests(uow, instance_id, by.name if by else None)
    execution = Execution.start(program, variables, world(uow, requests), start_element)
    held = Held(
        instance_id=instance_id,
        case_number=case_number,
        process_key=process_key,
        definition_ids=tuple(definition_ids),
        status="running",
        revision=0,
        program=program,
        execution=execution,
        requests=requests,
        performers={},
        viewers=frozenset(),
        restricted=frozenset(),
    )
    held.performed("start", by.name if by else None, on_behalf_of)
    holders = {f"u:{name}" for name in held.performers.get("start", ())}
    holders |= {f"g:{group}" for group in _names(program.root.properties.get("visibleTo", ""))}
    if holders:
        uow.execute(_LET_SEE, [{"holder": h, "instance_id": instance_id} for h in sorted(holders)])
    held.viewers = frozenset(holders)
    return held


def count_open(uow: UnitOfWork, definition_id: int) -> int:
    """Return how many instances run on a version of a process."""
    return int(
        uow.execute(
            select(func.count())
            .select_from(_instance)
            .where(
                _instance.c.status.in_(("running", "stopped")),
                (_instance.c.definition_ids == str(definition_id))
                | _instance.c.definition_ids.startswith(f"{definition_id},"),
            )
        ).scalar_one()
    )
