"""What can happen to an instance: start, claim, complete, message, cancel."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, delete, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from engine import definitions, history, identity, instances, notifications, people, tables, visibility
from engine.bpmn import expressions
from engine.bpmn.diagram import Diagram
from engine.bpmn.execution import ArmedTimer, Incident, SentEvent
from engine.bpmn.variables import checked
from engine.database import UnitOfWork
from engine.errors import BanjieError, Conflict, InvalidForm, InvalidInput, NotFound, NotPermitted, SamePerson
from engine.forms import CONTROL_NAMES, Form
from engine.history import Kind, Line
from engine.identity import Capability, Offer, User
from engine.instances import Done, Held
from engine.notifications import Message
from engine.office_calendar import expression_functions
from engine.texts import Text

_instance, _task, _timer = tables.process_instance, tables.user_task, tables.timer
_wait, _incident, _attachment = tables.message_wait, tables.incident, tables.attachment
_start_draft = tables.start_draft

LONGEST_NOTE = 5000  # characters of a remark, reason or note
LARGEST_DRAFT = 500_000  # characters of JSON
#: One step may set off this many others through messages; more is a circle.
MOST_DELIVERIES = 100


@dataclass(frozen=True)
class Started:
    """What a start led to."""

    instance_id: int
    case_number: str
    open_task_ids: tuple[UUID, ...]  # of the instance
    next_task_id: UUID | None  # one of them that the starter may do


@dataclass(frozen=True)
class Completed:
    """What a completion led to."""

    instance_id: int
    next_task_id: UUID | None  # another task of the case that the same person may do


# ---- start -----------------------------------------------------------------------------------------------


def start_process(
    uow: UnitOfWork,
    process_key: str,
    submitted: Mapping[str, Any],
    by: User,
    *,
    variables: Mapping[str, Any] | None = None,
) -> Started:
    """
    Begin a case of the newest version of a process.

    ``submitted`` goes through the start form. ``variables`` do not: they come from a journey or program.

    Raises:
        NotFound: there is no such process.
        NotPermitted: the user may not start it.
        InvalidForm: something is wrong with the submission.
    """
    program = definitions.latest_program(uow, process_key)
    return _begin(uow, process_key, submitted, by, _starts_as(by, program.root), variables)


def start_as_called(
    uow: UnitOfWork,
    process_key: str,
    submitted: Mapping[str, Any],
    by: User,
    *,
    variables: Mapping[str, Any] | None = None,
) -> Started:
    """
    Begin a case as ``start_process`` does, for a journey, which also plays what only other processes call.

    Such a process has its variables from the one that calls it, so that no page starts it.
    """
    root = definitions.latest_program(uow, process_key).root
    is_only_called = not root.starter_groups
    on_behalf_of = None if is_only_called else _starts_as(by, root)
    return _begin(uow, process_key, submitted, by, on_behalf_of, variables)


def _begin(
    uow: UnitOfWork,
    process_key: str,
    submitted: Mapping[str, Any],
    by: User,
    on_behalf_of: str | None,
    variables: Mapping[str, Any] | None,
) -> Started:
    pinned = definitions.pinned_versions(uow, process_key)
    program = definitions.program(uow, [version.id for version in pinned])
    form = definitions.latest_form(uow, program.root.start_form_key)
    files = _Files(uow, by, None)
    values = _load(uow, form[1] if form else None, submitted, {}, files) | checked(variables or {})
    case_number = instances.next_case_number(uow, instances.prefix_of(program))
    held = instances.begin(
        uow,
        [version.id for version in pinned],
        program,
        {**_given(uow, case_number, by), **values},
        process_key=process_key,
        case_number=case_number,
        by=by,
        on_behalf_of=on_behalf_of,
    )
    files.attach(held.instance_id, values)
    cause = Line(
        Kind.STARTED,
        user_name=by.name,
        for_user=on_behalf_of,
        definition_id=pinned[0].id,
        detail={
            "changes": {name: [None, value] for name, value in values.items()},
            "version": pinned[0].version,
        },
    )
    instances.store(uow, held, cause, held.execution.latest)
    discard_start_draft(uow, process_key, by)
    _deliver(uow, held.instance_id, held.execution.latest.sent)
    return Started(held.instance_id, case_number, tuple(held.tasks), _next_for(held, by))


def _given(uow: UnitOfWork, case_number: str, by: User | None) -> dict[str, Any]:
    """Return the variables that every case has from its start."""
    return {"case_number": case_number, "started_by": by.name if by else None, "started_at": uow.now}


def may_start(by: User, root: Diagram) -> bool:
    """Whether the user may start a process."""
    return _starter_names(by, root) != []


def _starts_as(by: User, root: Diagram) -> str | None:
    names = _starter_names(by, root)
    if not names:
        raise NotPermitted(
            Text("您不能发起“{process}”。", "You may not start “{process}”."), process=root.name
        )
    return None if by.name in names else names[0]


def _starter_names(by: User, root: Diagram) -> list[str]:
    """
    Return as whom the user may start a process: the own name, those stood in for.

    One that names no starters is called by others only: nobody may.
    """
    wanted = frozenset(root.starter_groups)
    is_open = by.is_employee and "*" in wanted
    names = [by.name] if is_open or not by.groups.isdisjoint(wanted) else []
    return names + [other.name for other in by.standing_in_for if not other.groups.isdisjoint(wanted)]


# ---- tasks -----------------------------------------------------------------------------------------------


def claim_task(uow: UnitOfWork, task_id: UUID, by: User) -> None:
    """
    Make the task the user's own, so that nobody else works on it.

    A substitute claims it for whom they stand in for. Claiming one's own task again changes nothing.

    Raises:
        NotFound, NotPermitted: it is not for the user.
        Conflict: somebody else has it, or it has ended.
    """
    row = _open_task(uow, task_id, by)
    acts_for = _require_doer(uow, row, by)
    if row.task_assignee == acts_for:
        return
    _assign(uow, row, acts_for)
    _record(uow, row, Kind.CLAIMED, by, acts_for)


def give_back(uow: UnitOfWork, task_id: UUID, by: User) -> None:
    """
    Offer the task to its groups again.

    Raises:
        Conflict: nobody else could do it; it can be handed over only.
    """
    row = _open_task(uow, task_id, by)
    acts_for = _require_doer(uow, row, by)
    if row.task_assignee is None:
        return
    offer = _offer(row)
    if not offer.groups and not offer.users - {acts_for}:
        raise Conflict(
            Text(
                "没有别的人可以做这项任务，请转交。",
                "Nobody else is offered this task; hand it over instead.",
            )
        )
    _assign(uow, row, None)
    _record(uow, row, Kind.GIVEN_BACK, by, acts_for)


def deactivate(uow: UnitOfWork, name: str, by: User) -> int:
    """
    Let somebody no longer log in, and offer what they had claimed to its groups again.

    Returns how many tasks stay with them since nobody else is offered those: they can be handed over.

    Raises:
        NotPermitted, NotFound, InvalidInput: as ``people.set_active``.
    """
    people.set_active(uow, name, False, by=by)
    claimed = select(_task.c.id).where(_task.c.status == "open", _task.c.assignee == name)
    left = 0
    for task_id in uow.execute(claimed.order_by(_task.c.instance_id)).scalars().all():
        row = instances.lock_task(uow, task_id)
        if row is None or row.task_status != "open" or row.task_assignee != name:
            continue
        offer = _offer(row)
        if offer.groups or offer.users - {name}:
            _assign(uow, row, None)
            _record(uow, row, Kind.GIVEN_BACK, by, name)
        else:
            left += 1
    return left


def hand_over(uow: UnitOfWork, task_id: UUID, to: str, note: str, by: User) -> None:
    """
    Give the task to somebody else who may do it.

    Whoever may do it can; for a task that somebody else has, only those who may cancel cases.

    Raises:
        InvalidInput: there is nobody of that name, or they may not do this task.
    """
    row = _open_task(uow, task_id, by)
    acts_for = identity.acts_for(by, _offer(row))
    if acts_for is None and not by.may(Capability.CANCEL):
        _require_doer(uow, row, by)
    if to not in possible_doers(uow, _offer(row)):
        raise InvalidInput(Text("“{name}”不能做这项任务。", "“{name}” may not do this task."), name=to)
    if row.task_assignee == to:
        return
    _assign(uow, row, to)
    _record(uow, row, Kind.HANDED_OVER, by, acts_for, to=to, note=_note(note))
    told = Text("{who}转给您“{task}”：{case}", "{who} handed over to you “{task}”: {case}").format(
        who=by.full_name, task=Text(row.task_name_zh, row.task_name_en), case=row.case_number
    )
    notifications.queue(uow, row.id, [Message(f"u:{to}", told, task_id)])


def possible_doers(uow: UnitOfWork, offer: Offer) -> dict[str, str]:
    """
    Return who may do a task if it is handed to them: name and full name.

    A task that was given to one person, and is offered to nobody, may go to anybody who is not excluded.
    """
    account, membership = tables.user_account, tables.membership
    wanted = select(account.c.name, account.c.full_name).where(account.c.active).order_by(account.c.name)
    if (offer.groups or offer.users) and identity.EVERYBODY not in offer.groups:
        in_groups = select(membership.c.user_name).where(membership.c.group_key.in_(offer.groups))
        wanted = wanted.where(or_(account.c.name.in_(offer.users), account.c.name.in_(in_groups)))
    return {
        row.name: row.full_name
        for row in uow.execute(wanted)
        if row.name not in offer.excluded and row.name != offer.assignee
    }


def complete_task(
    uow: UnitOfWork,
    task_id: UUID,
    submitted: Mapping[str, Any],
    by: User,
    *,
    variables: Mapping[str, Any] | None = None,
) -> Completed:
    """
    Complete a task with what its form asks for; the instance advances to its next wait states.

    ``variables`` go past the form: they come from a journey or program. The same submission by the same
    person again (a double click) is answered like the first, and changes nothing.

    Raises:
        NotFound, NotPermitted: it is not for the user.
        Conflict: somebody was faster; the message says who and when. Nothing is stored.
        InvalidForm: something is wrong with the submission.
    """
    row = _visible_task(uow, task_id, by)
    form = _form_of(uow, row)
    fingerprint = _fingerprint(form, submitted, variables)
    if row.task_status != "open":
        if row.task_completed_by == by.name and row.task_submission == fingerprint:
            return Completed(row.id, _next_stored(uow, row.id, by))
        raise has_ended(uow, row.task_completed_by, row.task_completed_at, by)
    acts_for = _require_doer(uow, row, by)
    held = instances.take_up(uow, row, by.name)
    held = _catch_up(uow, held)
    if task_id not in held.tasks:
        raise Conflict(
            Text(
                "这项任务的时限已过，案件已继续往下走。",
                "The time limit of this task has passed, and the case has moved on.",
            )
        )
    known = held.execution.task_variables(task_id)
    files = _Files(uow, by, row.id)
    values = _load(uow, form, submitted, known, files) | checked(variables or {})
    before = {name: known[name] for name in values if name in known}
    advance = held.execution.complete_task(task_id, values)
    files.attach(row.id, values)
    on_behalf_of = acts_for if acts_for != by.name else None
    held.round_begins(held.tasks[task_id])
    held.performed(row.task_element_id, by.name, on_behalf_of)
    cause = Line(
        Kind.COMPLETED,
        row.task_element_id,
        task_id,
        by.name,
        on_behalf_of,
        row.task_definition_id,
        {"changes": {name: [before.get(name), value] for name, value in values.items()}},
    )
    done = Done(task_id, by.name, on_behalf_of, fingerprint)
    instances.store(uow, held, cause, advance, done=done)
    _deliver(uow, held.instance_id, advance.sent)
    return Completed(row.id, _next_for(held, by))


def save_draft(uow: UnitOfWork, task_id: UUID, submitted: Mapping[str, Any], by: User) -> None:
    """Keep a half-filled form for the user; right or wrong, as it was typed."""
    row = _open_task(uow, task_id, by)
    _require_doer(uow, row, by)
    drafts = json.loads(row.task_drafts) | {by.name: _typed(_form_of(uow, row), submitted)}
    kept = json.dumps(drafts, ensure_ascii=False)
    uow.execute(update(_task).where(_task.c.id == task_id).values(drafts=kept))


def discard_draft(uow: UnitOfWork, task_id: UUID, by: User) -> None:
    """Forget what the user typed into a task's form, so that it begins anew."""
    row = _open_task(uow, task_id, by)
    _require_doer(uow, row, by)
    others = {name: typed for name, typed in json.loads(row.task_drafts).items() if name != by.name}
    kept = json.dumps(others, ensure_ascii=False)
    uow.execute(update(_task).where(_task.c.id == task_id).values(drafts=kept))


def save_start_draft(uow: UnitOfWork, process_key: str, submitted: Mapping[str, Any], by: User) -> None:
    """Keep a half-filled start form for the user. Raises NotFound or NotPermitted."""
    root = definitions.latest_program(uow, process_key).root
    _starts_as(by, root)
    typed = json.dumps(_typed(definitions.start_form(uow, process_key), submitted), ensure_ascii=False)
    build = insert_sqlite if uow.is_sqlite else insert_postgresql
    values = {"submitted": typed, "saved_at": uow.now}
    uow.execute(
        build(_start_draft)
        .values(process_key=process_key, user_name=by.name, **values)
        .on_conflict_do_update(index_elements=["process_key", "user_name"], set_=values)
    )


def discard_start_draft(uow: UnitOfWork, process_key: str, by: User) -> None:
    """Forget what the user typed into a start form, so that it begins anew."""
    mine = and_(_start_draft.c.process_key == process_key, _start_draft.c.user_name == by.name)
    uow.execute(delete(_start_draft).where(mine))


def draft(uow: UnitOfWork, task_id: UUID, by: User) -> Mapping[str, Any] | None:
    """Return what the user typed into a task's form before."""
    kept = uow.execute(select(_task.c.drafts).where(_task.c.id == task_id)).scalar()
    typed: Mapping[str, Any] | None = json.loads(kept or "{}").get(by.name)
    return typed


def start_draft(uow: UnitOfWork, process_key: str, by: User) -> Mapping[str, Any] | None:
    """Return what the user typed into a start form before."""
    kept = uow.execute(
        select(_start_draft.c.submitted).where(
            _start_draft.c.process_key == process_key, _start_draft.c.user_name == by.name
        )
    ).scalar()
    typed: Mapping[str, Any] | None = None if kept is None else json.loads(kept)
    return typed


def _typed(form: Form | None, submitted: Mapping[str, Any]) -> dict[str, Any]:
    typed = form.draft(submitted) if form else {}
    if len(json.dumps(typed, default=str)) > LARGEST_DRAFT:
        raise InvalidInput(Text("草稿太大。", "The draft is too large."))
    return typed


# -- who may do a task


def _visible_task(uow: UnitOfWork, task_id: UUID, by: User) -> Any:
    row = instances.lock_task(uow, task_id)
    if row is None or not identity.may_see_case(by, json.loads(row.viewers)):
        raise NotFound(Text("没有这项任务。", "There is no such task."))
    return row


def _open_task(uow: UnitOfWork, task_id: UUID, by: User) -> Any:
    row = _visible_task(uow, task_id, by)
    if row.task_status != "open":
        raise has_ended(uow, row.task_completed_by, row.task_completed_at, by)
    return row


def _offer(row: Any) -> Offer:
    return Offer(
        groups=frozenset(json.loads(row.task_candidate_groups)),
        users=frozenset(json.loads(row.task_candidate_users)),
        assignee=row.task_assignee,
        excluded=frozenset(json.loads(row.task_excluded_users)),
    )


def _require_doer(uow: UnitOfWork, row: Any, by: User) -> str:
    """Return as whom the user may do the task. Raises Conflict where somebody has it, else NotPermitted."""
    offer = _offer(row)
    acts_for = identity.acts_for(by, offer)
    if acts_for is not None:
        return acts_for
    if identity.acts_for(by, replace(offer, assignee=None)) is not None and offer.assignee is not None:
        raise Conflict(
            Text("{name}正在处理这项任务。", "{name} is working on this task."),
            name=identity.names_of(uow, [offer.assignee])[offer.assignee],
        )
    if identity.acts_for(by, replace(offer, assignee=None, excluded=frozenset())) is not None:
        raise SamePerson(
            Text(
                "您在这个案件中做过与此相冲突的步骤，不能再做这一步。",
                "You have done a step of this case that must not be done by the same person as this one.",
            )
        )
    raise NotPermitted(Text("这项任务不归您的岗位。", "This task is not for you."))


def has_ended(uow: UnitOfWork, completed_by: str | None, completed_at: datetime | None, by: User) -> Conflict:
    """Return what is said of a task that is no longer open: who completed it, and when."""
    if completed_by is None or completed_at is None:
        return Conflict(Text("这项任务已不需要做了。", "This task is no longer needed."))
    at = f"{completed_at.astimezone(uow.centre.zone):%Y-%m-%d %H:%M}"
    if completed_by == by.name:
        return Conflict(Text("您自己已于{at}完成这项任务。", "You completed it yourself at {at}."), at=at)
    name = identity.names_of(uow, [completed_by])[completed_by]
    said = Text("已由{name}于{at}完成。", "It was already completed by {name} at {at}.")
    return Conflict(said, name=name, at=at)


def _assign(uow: UnitOfWork, row: Any, assignee: str | None) -> None:
    """Give an open task to somebody, or to nobody; whoever has it may see the case from then on."""
    uow.execute(update(_task).where(_task.c.id == row.task_id).values(assignee=assignee))
    instances.move_in_inboxes(uow, row, replace(_offer(row), assignee=assignee))
    viewers = json.loads(row.viewers)
    holder = f"u:{assignee}"
    if assignee is not None and holder not in viewers:
        uow.execute(insert(tables.case_viewer).values(holder=holder, instance_id=row.id))
        uow.execute(
            update(_instance).where(_instance.c.id == row.id).values(viewers=json.dumps([*viewers, holder]))
        )


def _record(uow: UnitOfWork, row: Any, kind: Kind, by: User, acts_for: str | None, **detail: object) -> None:
    on_behalf_of = acts_for if acts_for != by.name else None
    line = Line(kind, row.task_element_id, row.task_id, by.name, on_behalf_of, detail=detail)
    history.write(uow, [line], row.id)


def _next_for(held: Held, by: User) -> UUID | None:
    """Return the first task of the case that the user may do without taking it from anybody."""
    for task in sorted(held.tasks.values(), key=lambda task: (task.due_at is None, task.due_at or 0)):
        offer = Offer(
            frozenset(task.candidate_groups),
            frozenset(task.candidate_users),
            task.assignee,
            held.excluded_from(task),
        )
        if identity.acts_for(by, offer) is not None:
            return task.id
    return None


def _next_stored(uow: UnitOfWork, instance_id: int, by: User) -> UUID | None:
    rows = uow.execute(
        select(_task)
        .where(_task.c.instance_id == instance_id, _task.c.status == "open")
        .order_by(_task.c.due_at.is_(None), _task.c.due_at, _task.c.created_at)
    )
    able = (row.id for row in rows if identity.acts_for(by, visibility.offer_of(row)) is not None)
    return next(able, None)


# -- what a form asks


def _form_of(uow: UnitOfWork, row: Any) -> Form | None:
    """Return the form as it was when the task opened."""
    if row.task_form_id is not None:
        return definitions.form(uow, row.task_form_id)
    element = definitions.read_diagram(uow, row.task_definition_id).elements.get(row.task_element_id)
    if element is None or element.form_key is None:
        return None
    found = definitions.latest_form(uow, element.form_key)
    if found is None:
        raise Conflict(
            Text("表单“{key}”还没有部署。", "The form “{key}” has not been deployed."), key=element.form_key
        )
    return found[1]


def evaluation(uow: UnitOfWork) -> Any:
    """Return how forms evaluate their expressions: ``evaluate(text, variables)``."""
    functions = expression_functions(uow)

    def evaluate(text: str, variables: Mapping[str, Any]) -> Any:
        return expressions.compile(text).evaluate(variables, functions)

    return evaluate


def _load(
    uow: UnitOfWork,
    form: Form | None,
    submitted: Mapping[str, Any],
    known: Mapping[str, Any],
    files: _Files,
) -> dict[str, Any]:
    if form is not None:
        return form.load(
            submitted, known, zone=uow.centre.zone, evaluate=evaluation(uow), attachment=files.find
        )
    unknown = [name for name in submitted if name not in CONTROL_NAMES]
    if unknown:
        told = Text("这一步没有表单字段“{name}”。", "This step has no form field “{name}”.")
        raise InvalidForm({name: (told.format(name=name),) for name in unknown})
    return {}


def _fingerprint(form: Form | None, submitted: Mapping[str, Any], variables: Mapping[str, Any] | None) -> str:
    """Return a digest of what was sent; files are left out, as every upload gets a new id."""
    left_out = CONTROL_NAMES | (form.file_keys if form is not None else frozenset())
    plain = {name: value for name, value in submitted.items() if name.partition(".")[0] not in left_out}
    sent = json.dumps([plain, dict(variables or {})], sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(sent.encode()).hexdigest()


class _Files:
    """The files that one submission names: looked up for the form, then made part of the case."""

    def __init__(self, uow: UnitOfWork, by: User, instance_id: int | None) -> None:
        self._uow, self._by, self._instance_id = uow, by, instance_id
        self._known: dict[str, Any] | None = None  # by id; read when the first file is named
        self._new: set[UUID] = set()

    def find(self, identifier: str) -> Mapping[str, Any] | None:
        """Return a file that the user uploaded just now, or that the case has; None for any other."""
        if self._known is None:
            self._known = {str(row.id): row for row in self._uow.execute(self._within_reach())}
        row = self._known.get(identifier.lower())
        if row is None:
            return None
        if row.instance_id is None:
            self._new.add(row.id)
        return {"id": row.id, "name": row.file_name, "size": row.size, "type": row.content_type}

    def _within_reach(self) -> Select[Any]:
        uploaded = and_(_attachment.c.instance_id.is_(None), _attachment.c.uploaded_by == self._by.name)
        of_case = _attachment.c.instance_id == self._instance_id
        return select(_attachment).where(uploaded if self._instance_id is None else or_(uploaded, of_case))

    def attach(self, instance_id: int, values: Mapping[str, Any]) -> None:
        """Make the new files part of the case, each under the variable that names it."""
        if not self._new:
            return
        named = {
            identifier: variable for variable, value in values.items() for identifier in _files_in(value)
        }
        rows = [
            {"file_id": file_id, "of_case": instance_id, "of_variable": named[str(file_id)]}
            for file_id in sorted(self._new)
            if str(file_id) in named
        ]
        if not rows:
            return
        attached = self._uow.execute(_ATTACH, rows)
        if attached.rowcount not in (-1, len(rows)):
            raise Conflict(Text("文件已用于另一个案件。", "A file was used for another case meanwhile."))


_ATTACH = (
    update(_attachment)
    .where(_attachment.c.id == bindparam("file_id"), _attachment.c.instance_id.is_(None))
    .values(instance_id=bindparam("of_case"), variable=bindparam("of_variable"))
)


def _files_in(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("file"), str):
            yield value["file"]
        for inner in value.values():
            yield from _files_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _files_in(inner)


# ---- cases -----------------------------------------------------------------------------------------------


def comment(uow: UnitOfWork, instance_id: int, text: str, by: User, task_id: UUID | None = None) -> None:
    """Leave a remark with a case that the user may see."""
    row = visibility.require_case(uow, instance_id, by)
    said = _note(text)
    if not said:
        raise InvalidInput(Text("请填写内容。", "Please write something."))
    element_id = None
    if task_id is not None:
        element_id = uow.execute(
            select(_task.c.element_id).where(_task.c.id == task_id, _task.c.instance_id == row.id)
        ).scalar()
        if element_id is None:
            raise NotFound(Text("没有这项任务。", "There is no such task."))
    uow.execute(
        insert(tables.comment).values(
            instance_id=row.id, task_id=task_id, user_name=by.name, at=uow.now, text=said
        )
    )
    history.write(
        uow, [Line(Kind.COMMENTED, element_id, task_id, by.name, detail={"note": said})], instance_id
    )


def cancel_instance(uow: UnitOfWork, instance_id: int, reason: str, by: User) -> None:
    """
    End a case for a reason; its tasks and timers go.

    Raises:
        NotFound, NotPermitted: it is not for the user.
        InvalidInput: no reason is given.
        Conflict: it has ended.
    """
    row = _locked_case(uow, instance_id, by)
    identity.require(by, Capability.CANCEL)
    why = _note(reason)
    if not why:
        raise InvalidInput(Text("请写明终止的原因。", "Please give the reason."))
    _require_running(row)
    held = instances.take_up(uow, row)
    held.execution.cancel()
    cause = Line(Kind.CANCELLED, user_name=by.name, detail={"note": why})
    instances.store(uow, held, cause, is_cancelled=True)
    _resolve_timers(uow, row.id, by)


def retry_incident(uow: UnitOfWork, incident_id: int, by: User) -> None:
    """
    Try an element again after the cause of its incident was mended.

    If it fails again, a new incident says why. A timer that failed is fired by the next sweep.

    Raises:
        NotFound, NotPermitted: it is not for the user.
        Conflict: the incident was resolved already.
    """
    found = uow.execute(select(_incident).where(_incident.c.id == incident_id)).first()
    if found is None:
        raise NotFound(Text("没有这个异常。", "There is no such incident."))
    row = _locked_case(uow, found.instance_id, by)
    identity.require(by, Capability.RETRY)
    _require_running(row)
    resolved = uow.execute(
        update(_incident)
        .where(_incident.c.id == incident_id, _incident.c.resolved_at.is_(None))
        .values(resolved_at=uow.now, resolved_by=by.name)
    )
    if resolved.rowcount != 1:
        raise Conflict(Text("这个异常已经解决。", "This incident has been resolved already."))
    cause = Line(Kind.RETRIED, found.element_id, user_name=by.name)
    held = instances.take_up(uow, row, by.name)
    if found.token_id not in held.incidents:
        _rearm_timer(uow, row.id, found.token_id)
        history.write(uow, [cause], row.id)
        return
    del held.incidents[found.token_id]  # resolved above: if it is still there, it is a new one
    advance = held.execution.retry(found.token_id)
    instances.store(uow, held, cause, advance)
    _deliver(uow, held.instance_id, advance.sent)


def variables(uow: UnitOfWork, instance_id: int) -> dict[str, Any]:
    """Return an instance's variables, for journeys and tests: nobody's permission is asked."""
    row = uow.execute(select(_instance).where(_instance.c.id == instance_id)).first()
    if row is None:
        raise visibility.no_such_case()
    return instances.take_up(uow, row).execution.variables


def seen_by_task(uow: UnitOfWork, task_id: UUID) -> Mapping[str, Any]:
    """Return the variables that an open task sees, for journeys: nobody's permission is asked."""
    row = uow.execute(
        select(_instance).join(_task, _task.c.instance_id == _instance.c.id).where(_task.c.id == task_id)
    ).first()
    if row is None:
        raise visibility.no_such_case()
    return instances.take_up(uow, row).execution.task_variables(task_id)


def _locked_case(uow: UnitOfWork, instance_id: int, by: User) -> Any:
    row = instances.lock_instance(uow, instance_id)
    if not identity.may_see_case(by, json.loads(row.viewers)):
        raise visibility.no_such_case()
    return row


def _require_running(row: Any) -> None:
    if row.status not in ("running", "stopped"):
        raise Conflict(Text("这个案件已经结束。", "The case has ended."))


def _note(text: str) -> str:
    said = text.strip()
    if len(said) > LONGEST_NOTE:
        raise InvalidInput(Text("最多 {count} 个字。", "At most {count} characters."), count=LONGEST_NOTE)
    return said


# ---- messages --------------------------------------------------------------------------------------------


def send_message(
    uow: UnitOfWork, name: str, values: Mapping[str, Any], key: str, by: User | None
) -> list[int]:
    """
    Deliver a message from outside; return the ids of the cases that it reached or began.

    It goes to the one case that waits for it under this correlation key (or under none); if no case waits, it
    begins one of each process that starts with it. With ``by``, only to cases that the user may see, and only
    processes that the user may start.

    Raises:
        NotFound: nobody waits for it.
        Conflict: several cases wait, so that it is not clear which is meant.
    """
    given = checked(values)
    waiting = _waiting(uow, "message", name, key, by)
    if len(waiting) > 1:
        raise Conflict(
            Text("有 {count} 个案件在等待“{name}”，请说明关联键。",
                 "{count} cases wait for “{name}”; say which, by its correlation key."),
            count=len(waiting), name=name,
        )  # fmt: skip
    user_name = by.name if by else None
    reached = [_catch(uow, instance_id, "message", name, given, key, user_name) for instance_id in waiting]
    if not reached:
        reached = _start_by(uow, "message", name, given, by)
    if not reached:
        raise NotFound(Text("没有案件在等待“{name}”。", "No case waits for “{name}”."), name=name)
    return reached


def _waiting(uow: UnitOfWork, kind: str, name: str, key: str, by: User | None) -> list[int]:
    wanted = (
        select(_wait.c.instance_id)
        .join(_instance, _instance.c.id == _wait.c.instance_id)
        .where(_wait.c.kind == kind, _wait.c.name == name)
        .distinct()
        .order_by(_wait.c.instance_id)
    )
    if kind == "message":
        wanted = wanted.where(_wait.c.correlation_key.in_({key, ""}))
    if by is not None:
        wanted = wanted.where(visibility.visible_cases(by))
    return list(uow.execute(wanted).scalars())


def _catch(
    uow: UnitOfWork,
    instance_id: int,
    kind: str,
    name: str,
    values: Mapping[str, Any],
    key: str,
    user_name: str | None,
) -> int:
    held = instances.take_up(uow, instances.lock_instance(uow, instance_id), user_name)
    advance = held.execution.catch(kind, name, values, key)
    changes = {variable: [None, value] for variable, value in values.items()}
    cause = Line(
        Kind.MESSAGE_CAUGHT,
        user_name=user_name,
        detail={"kind": kind, "name": name, "key": key, "changes": changes},
    )
    instances.store(uow, held, cause, advance)
    _deliver(uow, held.instance_id, advance.sent)
    return instance_id


def _start_by(uow: UnitOfWork, kind: str, name: str, values: Mapping[str, Any], by: User | None) -> list[int]:
    """Begin one instance of each process whose start event waits for this message."""
    begun = []
    for version in definitions.all_latest(uow, "process") if kind == "message" else ():
        root = definitions.read_diagram(uow, version.id)
        start_element = root.start_messages.get(name)
        if start_element is None or (by is not None and not may_start(by, root)):
            continue
        pinned = definitions.pinned_versions(uow, version.key)
        program = definitions.program(uow, [one.id for one in pinned])
        case_number = instances.next_case_number(uow, instances.prefix_of(program))
        held = instances.begin(
            uow,
            [one.id for one in pinned],
            program,
            {**_given(uow, case_number, by), **values},
            process_key=version.key,
            case_number=case_number,
            by=by,
            start_element=start_element,
        )
        changes = {variable: [None, value] for variable, value in values.items()}
        cause = Line(
            Kind.STARTED,
            start_element,
            user_name=by.name if by else None,
            definition_id=version.id,
            detail={"message": name, "version": version.version, "changes": changes},
        )
        instances.store(uow, held, cause, held.execution.latest)
        begun.append(held.instance_id)
        _deliver(uow, held.instance_id, held.execution.latest.sent)
    return begun


def _deliver(uow: UnitOfWork, sender_id: int, sent: Iterable[SentEvent]) -> None:
    """
    Pass on what an instance sent: a signal to all that wait, a message to the case that has waited longest.

    The sender's own events have heard a signal as it was thrown. A message that nobody waits for is lost, as
    BPMN has it; the sender's history says that it was sent.
    """
    for event in sent:
        uow.seen["deliveries"] = uow.seen.get("deliveries", 0) + 1
        if uow.seen["deliveries"] > MOST_DELIVERIES:
            raise Conflict(
                Text("消息“{name}”在案件之间循环。", "The message “{name}” goes round in circles."),
                name=event.name,
            )
        waiting = _waiting(uow, event.kind, event.name, event.correlation_key, None)
        others = [instance_id for instance_id in waiting if instance_id != sender_id]
        for instance_id in others if event.kind == "signal" else waiting[:1]:
            _catch(uow, instance_id, event.kind, event.name, event.values, event.correlation_key, None)
        if not waiting:
            _start_by(uow, event.kind, event.name, event.values, None)


# ---- timers ----------------------------------------------------------------------------------------------


def fire_timer(uow: UnitOfWork, timer_id: int) -> None:
    """
    Fire one timer that is due.

    Raises:
        Conflict: it has gone, or is not due.
    """
    row = instances.lock_timer(uow, timer_id)
    if row is None or row.timer_due_at > uow.now:
        raise Conflict(Text("定时器已不在。", "The timer has gone, or is not due."))
    fire_locked_timer(uow, row)


def fire_locked_timer(uow: UnitOfWork, row: Any) -> None:
    """Fire the timer of a row of ``instances.lock_timer`` or ``instances.lock_due_timer``."""
    held = instances.take_up(uow, row)
    advance = held.execution.fire_timer(row.timer_token_id)
    cause = Line(Kind.TIMER_FIRED, row.timer_element_id, detail={"due": row.timer_due_at})
    instances.store(uow, held, cause, advance)
    _deliver(uow, held.instance_id, advance.sent)


def _catch_up(uow: UnitOfWork, held: Held) -> Held:
    """
    Fire the timers that no worker has come to yet: what is late stays late, however late the worker is.

    Return the instance as it stands then: what a timer sent may have come back to it.
    """
    overdue = _overdue(held, frozenset())
    if overdue is None:
        return held
    failed = frozenset(
        uow.execute(
            select(_timer.c.token_id).where(
                _timer.c.instance_id == held.instance_id, _timer.c.failed_at.is_not(None)
            )
        ).scalars()
    )
    for _ in range(MOST_DELIVERIES):
        overdue = _overdue(held, failed)
        if overdue is None:
            break
        advance = held.execution.fire_timer(overdue.token_id)
        cause = Line(Kind.TIMER_FIRED, overdue.element_id, detail={"due": overdue.due_at})
        instances.store(uow, held, cause, advance)
        if advance.sent:
            _deliver(uow, held.instance_id, advance.sent)
            row = instances.lock_instance(uow, held.instance_id)
            held = instances.take_up(uow, row, held.requests.user_name)
    return held


def _overdue(held: Held, failed: frozenset[str]) -> ArmedTimer | None:
    """Return the earliest timer whose time has passed; one that failed waits for its retry."""
    now = held.requests.uow.now
    armed = [timer for timer in held.timers.values() if timer.due_at < now and timer.token_id not in failed]
    return min(armed, key=lambda timer: timer.due_at, default=None)


def stop_timer(uow: UnitOfWork, timer_id: int, error: Exception) -> None:
    """Note that a timer could not be fired: it is not tried again until somebody retries the incident."""
    row = instances.lock_timer(uow, timer_id)
    if row is None:
        return
    reason = error.message if isinstance(error, BanjieError) else Text("程序出错", "an error of the program")
    message = Text("定时器无法触发：{reason}", "The timer could not be fired: {reason}").format(reason=reason)
    incident = Incident(row.timer_token_id, row.timer_element_id, message)
    uow.execute(update(_timer).where(_timer.c.id == timer_id).values(failed_at=uow.now))
    uow.execute(insert(_incident).values(**instances.incident_row(uow, row.id, incident)))
    line = Line(Kind.INCIDENT, row.timer_element_id, detail={"zh": message.zh, "en": message.en})
    history.write(uow, [line], row.id)


def _rearm_timer(uow: UnitOfWork, instance_id: int, token_id: str) -> None:
    uow.execute(
        update(_timer)
        .where(_timer.c.instance_id == instance_id, _timer.c.token_id == token_id)
        .values(failed_at=None)
    )


def _resolve_timers(uow: UnitOfWork, instance_id: int, by: User) -> None:
    """Close the incidents of timers that could not be fired, with their case."""
    uow.execute(
        update(_incident)
        .where(_incident.c.instance_id == instance_id, _incident.c.resolved_at.is_(None))
        .values(resolved_at=uow.now, resolved_by=by.name)
    )
