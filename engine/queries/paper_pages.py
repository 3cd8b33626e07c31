"""Papers: those of a case, and what whoever scans one's code is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from engine import papers, registers, runtime, tables, visibility
from engine.bpmn import expressions
from engine.database import UnitOfWork
from engine.errors import BanjieError
from engine.identity import User
from engine.office_calendar import expression_functions
from engine.papers import Template, masked
from engine.queries.reading import Names
from engine.queries.register_shapes import PaperCheck, PaperFact, PaperLine
from engine.registers import records
from engine.registers.records import Record
from engine.registers.shapes import Verification
from engine.registers.values import readable
from engine.texts import Text

_paper, _definition = tables.paper, tables.definition


def papers_of_case(uow: UnitOfWork, instance_id: int, by: User) -> tuple[PaperLine, ...]:
    """Return the papers of a case in order. Raises NotFound where the user may not see the case."""
    visibility.require_case(uow, instance_id, by)
    rows = uow.execute(
        select(_paper.c.id, _paper.c.number, _paper.c.definition_id, _paper.c.issued_at, _paper.c.issued_by)
        .where(_paper.c.instance_id == instance_id)
        .order_by(_paper.c.id)
    ).all()
    names = Names(uow, {row.issued_by for row in rows})
    return tuple(
        PaperLine(
            id=row.id,
            number=row.number,
            name=papers.template_of(uow, row.definition_id).name,
            issued_at=row.issued_at,
            issued_by=names.person(row.issued_by),
        )
        for row in rows
    )


# ---- what a code tells -----------------------------------------------------------------------------------


def check_paper(uow: UnitOfWork, token: str) -> PaperCheck | None:
    """
    Return what may be told to anybody who has a paper's code; None where no paper has it.

    That is what the head of its template declares, as it was when the paper was issued, and whether the
    paper still holds; of a record (a pass) also what ``verification`` in registers.toml declares.
    """
    row = uow.execute(select(_paper).where(_paper.c.token == token[:100])).first()
    if row is None:
        return None
    template, facts = papers.template_of(uow, row.definition_id), papers.facts_of(row)
    record = _record(uow, row.record_id)
    found = PaperCheck(
        name=template.name,
        number=row.number,
        state="genuine",
        shown=tuple(PaperFact(fact.label, fact.value) for fact in facts.shown),
        first=facts.first,
        last=facts.last,
    )
    if template.latest_only and _has_successor(uow, row):
        return replace(found, state="superseded")
    rule = _rule(uow, record)
    if rule is not None and record is not None:
        found = _of_record(uow, found, rule, record)
    elif template.may_end:
        found = replace(found, state=_in_time(uow, found))
        if _is_cancelled(uow, row.instance_id):
            found = replace(found, state="withdrawn")
    return _declared_void(uow, template, row, record, found)


def _record(uow: UnitOfWork, record_id: int | None) -> Record | None:
    if record_id is None:
        return None
    row = uow.execute(select(tables.record).where(tables.record.c.id == record_id)).first()
    return None if row is None else records.read(row)


def _rule(uow: UnitOfWork, record: Record | None) -> Verification | None:
    register = registers.catalogue(uow).registers.get(record.register) if record is not None else None
    return None if register is None else register.verification


def _has_successor(uow: UnitOfWork, row: Any) -> bool:
    """Whether a later paper of this kind was issued for the same record, else in the same case."""
    if row.record_id is None and row.instance_id is None:
        return False
    same = _paper.c.record_id == row.record_id if row.record_id else _paper.c.instance_id == row.instance_id
    kind = select(_definition.c.key).where(_definition.c.id == row.definition_id).scalar_subquery()
    later = (
        select(_paper.c.id)
        .join(_definition, _definition.c.id == _paper.c.definition_id)
        .where(same, _paper.c.id > row.id, _definition.c.key == kind)
        .limit(1)
    )
    return uow.execute(later).first() is not None


def _of_record(uow: UnitOfWork, found: PaperCheck, rule: Verification, record: Record) -> PaperCheck:
    values = record.values
    first, last = (values.get(key or "") for key in (rule.first, rule.last))
    holder = masked(str(values.get(rule.holder or "") or ""))
    found = replace(found, holder=holder, first=first, last=last)
    if rule.status is not None and values.get(rule.status) not in rule.good:
        field = registers.register(uow, record.register).fields[rule.status]
        status = readable(field, values.get(rule.status))
        return replace(found, state="blocked", words=status if isinstance(status, Text) else None)
    return replace(found, state=_in_time(uow, found))


def _in_time(uow: UnitOfWork, found: PaperCheck) -> str:
    """Return where now lies; a day lasts until it is over in the centre, an instant is exact."""
    if _is_before(uow, found.first):
        return "not_yet"
    return "expired" if _is_past(uow, found.last) else "valid"


def _is_before(uow: UnitOfWork, first: date | datetime | None) -> bool:
    if isinstance(first, datetime):
        return uow.now < first
    return first is not None and uow.now.astimezone(uow.centre.zone).date() < first


def _is_past(uow: UnitOfWork, last: date | datetime | None) -> bool:
    if isinstance(last, datetime):
        return uow.now > last
    return last is not None and uow.now.astimezone(uow.centre.zone).date() > last


def _is_cancelled(uow: UnitOfWork, instance_id: int | None) -> bool:
    case = tables.process_instance
    status = uow.execute(select(case.c.status).where(case.c.id == instance_id)).scalar()
    return bool(status == "cancelled")


def _declared_void(
    uow: UnitOfWork, template: Template, row: Any, record: Record | None, found: PaperCheck
) -> PaperCheck:
    """Return the same, unless one of the conditions in the template's head says that it holds no longer."""
    if not template.voids:
        return found
    known: dict[str, Any] = _variables(uow, row.instance_id)
    if record is not None:
        known["record"] = record.as_variable()
    for void in template.voids:
        try:
            holds = expressions.compile(void.condition).evaluate(known, expression_functions(uow))
        except BanjieError:
            return replace(found, state="unclear")
        if holds:
            return replace(found, state="void", words=void.words, advice=void.advice)
    return found


def _variables(uow: UnitOfWork, instance_id: int | None) -> dict[str, Any]:
    return {} if instance_id is None else runtime.variables(uow, instance_id)
