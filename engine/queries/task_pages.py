"""The page of one task."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from engine import definitions, history, identity, instances, runtime, tables, visibility
from engine.bpmn.diagram import Program
from engine.database import UnitOfWork
from engine.errors import NotFound, NotPermitted
from engine.forms.components import ExpressionField, Field
from engine.history import Kind, Record
from engine.identity import Capability, User
from engine.queries.case_pages import case_line, comments_of, picture_of, task_line
from engine.queries.reading import (
    Labels,
    Names,
    case_files,
    element_name,
    element_of,
    labels,
    people_in,
    sheet,
    timeline,
)
from engine.queries.shapes import Person, StepAnswers, TaskPage
from engine.texts import Text

_task = tables.user_task


def task(uow: UnitOfWork, task_id: UUID, by: User) -> TaskPage:
    """
    Return what the page of one task shows.

    Raises:
        NotFound: no such task, or one of a case that the user may not see.
        NotPermitted: the user may see the case, but this task is not for them.
        Conflict: the task has ended; the message says who did it and when.
    """
    row = uow.execute(select(_task).where(_task.c.id == task_id)).first()
    if row is None:
        raise NotFound(Text("没有这项任务。", "There is no such task."))
    try:
        case = visibility.require_case(uow, row.instance_id, by)
    except NotFound:
        raise NotFound(Text("没有这项任务。", "There is no such task.")) from None
    if row.status != "open":
        raise runtime.has_ended(uow, row.completed_by, row.completed_at, by)
    offer = visibility.offer_of(row)
    acts_for = identity.acts_for(by, offer)
    if acts_for is None and not by.may(Capability.CANCEL):
        _refuse(uow, by, offer)
    return _page(uow, row, case, by, offer, acts_for)


def case_of_task(uow: UnitOfWork, task_id: UUID, by: User) -> int | None:
    """Return the id of a task's case, also when the task has ended; None where the user may not see it."""
    instance_id = uow.execute(select(_task.c.instance_id).where(_task.c.id == task_id)).scalar()
    try:
        return int(visibility.require_case(uow, instance_id or 0, by).id)
    except NotFound:
        return None


def _refuse(uow: UnitOfWork, by: User, offer: identity.Offer) -> None:
    if offer.assignee and by.name not in offer.excluded and not by.all_groups.isdisjoint(offer.groups):
        name = identity.names_of(uow, [offer.assignee])[offer.assignee]
        raise NotPermitted(Text("{name}正在处理这项任务。", "{name} is working on this task."), name=name)
    raise NotPermitted(Text("这项任务不归您的岗位。", "This task is not for you."))


def _page(
    uow: UnitOfWork, row: Any, case: Any, by: User, offer: identity.Offer, acts_for: str | None
) -> TaskPage:
    held = instances.take_up(uow, case)
    records = history.of_case(uow, case.id)
    others = runtime.possible_doers(uow, offer)
    remarks = uow.execute(select(tables.comment).where(tables.comment.c.instance_id == case.id)).all()
    names = Names(
        uow,
        people_in(records)
        | {remark.user_name for remark in remarks}
        | {row.assignee, case.started_by, acts_for},
    )
    known = labels(uow, case, visibility.hidden_names(uow, case, by), names)
    variables = held.execution.task_variables(row.id)
    diagram = definitions.read_diagram(uow, row.definition_id)
    element = element_of(held.program, row.element_id) if row.element_id not in diagram.elements else (
        diagram.elements[row.element_id]
    )  # fmt: skip
    form = definitions.form(uow, row.form_id) if row.form_id is not None else None
    is_mine = acts_for is not None and row.assignee == acts_for
    return TaskPage(
        task=task_line(uow, row, by, names),
        case=case_line(uow, case, names),
        guidance=element.documentation if element else Text("", ""),
        rules=_listed(element.properties.get("rules")) if element else (),
        sheet=sheet(uow, form, variables, by, draft=json.loads(row.drafts).get(by.name), instance_id=case.id)
        if form and acts_for
        else None,
        is_mine=is_mine,
        may_claim=acts_for is not None and row.assignee is None,
        may_complete=acts_for is not None,
        may_give_back=is_mine and bool(offer.groups or offer.users - {str(acts_for)}),
        on_behalf_of=names.person(acts_for) if acts_for not in (None, by.name) else None,
        answers=_answers(
            known, variables, records, held.program, names, own=frozenset(form.keys if form else ())
        ),
        files=case_files(uow, case.id, known.fields, known.hidden),
        comments=comments_of(uow, case.id, names),
        history=tuple(reversed(timeline(uow, records, held.program, known, names))),
        picture=picture_of(uow, held, row.definition_id, records),
        hand_over_to=tuple(Person(name, full) for name, full in others.items() if name != by.name),
    )


def _answers(
    known: Labels,
    variables: Mapping[str, Any],
    records: Sequence[Record],
    program: Program,
    names: Names,
    *,
    own: frozenset[str],
) -> tuple[StepAnswers, ...]:
    """
    Return what forms asked earlier, newest step first; what this form itself asks is left to it.

    What a form only computes, without a label to be read by, is no answer.
    """
    asked = [
        name
        for name, field in known.fields.items()
        if name not in own and not _is_unnamed(field) and variables.get(name) not in (None, "", [])
    ]
    given: dict[int | None, list[str]] = {}
    for name in asked:
        given.setdefault(_given_by(records, name, variables[name]), []).append(name)
    told = [
        StepAnswers(
            step=element_name(program, record.element_id) or _BEGIN,
            by=names.person(record.user_name),
            on_behalf_of=names.person(record.for_user),
            at=record.at,
            answers=tuple(known.answer(name, variables[name]) for name in given[record.id]),
        )
        for record in reversed(records)
        if record.id in given
    ]
    rest = tuple(known.answer(name, variables[name]) for name in given.get(None, ()))
    return (*told, StepAnswers(None, None, None, None, rest)) if rest else tuple(told)


def _given_by(records: Sequence[Record], name: str, value: Any) -> int | None:
    """Return the newest record of somebody who gave this value; None where the process worked it out."""
    for record in reversed(records):
        if record.kind in _GIVE_VALUES and record.detail.get("changes", {}).get(name, _NOTHING)[1] == value:
            return record.id
    return None


_BEGIN = Text("发起", "Start")
_GIVE_VALUES = frozenset({Kind.STARTED, Kind.COMPLETED, Kind.MESSAGE_CAUGHT})
_NOTHING = (None, None)


def _is_unnamed(asked: Field) -> bool:
    return isinstance(asked, ExpressionField) and asked.label.zh == asked.key


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())
