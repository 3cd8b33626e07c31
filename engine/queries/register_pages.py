"""Registers, their records with all that hangs on them, the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import func, or_, select

from engine import history, ledger, tables, visibility
from engine import registers as lists
from engine.database import UnitOfWork
from engine.errors import InvalidInput, NotFound, NotPermitted
from engine.history import Kind
from engine.identity import User
from engine.ledger import DEPOSIT, KIND_NAMES, RECEIVABLE, Entry
from engine.queries.case_pages import case_lines
from engine.queries.reading import COUNTED_UP_TO, Names, count
from engine.queries.register_shapes import (
    Addition,
    Balance,
    Choice,
    FieldHead,
    FieldShown,
    Found,
    LedgerLine,
    LedgerLines,
    LinkedRecords,
    Money,
    RecordHistoryLine,
    RecordLine,
    RecordLink,
    RecordList,
    RecordPage,
    RegisterHead,
    SearchPage,
)
from engine.queries.shapes import CaseLine, Change, Count
from engine.registers import records as stored
from engine.registers import values as reading
from engine.registers.records import Record
from engine.registers.shapes import Field, Register
from engine.texts import Text, same

MOST_PER_PAGE = 200
LINKED = 50
FOUND_IN_EACH = 20
CASES = 20
SHORTEST_SEARCH = 2  # characters

_case, _value = tables.process_instance, tables.case_value
_record, _record_value = tables.record, tables.record_value

# ---- registers -------------------------------------------------------------------------------------------


def registers(uow: UnitOfWork, by: User) -> tuple[RegisterHead, ...]:
    """Return the registers that the user may see, in the order of registers.toml."""
    return tuple(_head(each, by, _count(uow, each)) for each in _visible(uow, by))


def register(uow: UnitOfWork, key: str, by: User) -> RegisterHead:
    """Return one register. Raises NotFound: there is none, or not for this user."""
    return _head(lists.visible(uow, key, by), by)


def _visible(uow: UnitOfWork, by: User) -> list[Register]:
    return [each for each in lists.catalogue(uow).registers.values() if lists.may_see(by, each)]


def _count(uow: UnitOfWork, register: Register) -> Count:
    several = select(_record.c.id).where(_record.c.register == register.key).limit(COUNTED_UP_TO + 1)
    return count(uow.execute(select(func.count()).select_from(several.subquery())).scalar_one())


def _head(register: Register, by: User, number: Count | None = None) -> RegisterHead:
    fields = tuple(_field_head(register, each) for each in register.fields.values())
    columns = tuple(each for each in fields if each.indexed or each.reference or each.is_number)
    if register.number_field is None:
        columns = (_NUMBER, *columns)
    return RegisterHead(
        key=register.key,
        name=register.name,
        fields=fields,
        columns=columns,
        has_series=register.number_field is None,
        may_change=lists.is_one_of(by, register.may_change),
        count=number,
    )


_NUMBER = FieldHead("number", Text("编号", "Number"), "text", True, True, False, is_number=True)


def _field_head(register: Register, field: Field) -> FieldHead:
    return FieldHead(
        key=field.key,
        name=field.name,
        type=field.type,
        required=field.required,
        indexed=field.indexed,
        restricted=field.restricted,
        choices=tuple(Choice(value, name) for value, name in field.choices.items()),
        reference=field.reference,
        is_number=field.key == register.number_field,
    )


# ---- records ---------------------------------------------------------------------------------------------


def records(
    uow: UnitOfWork,
    register: str,
    by: User,
    *,
    text: str = "",
    where: Mapping[str, str] | None = None,
    after: str | None = None,
    limit: int = 50,
) -> RecordList:
    """
    Return records by number; ``text`` looks in numbers, titles and indexed fields, ``where`` compares these.

    Raises:
        NotFound: no such register, or not for this user.
        InvalidInput: ``where`` names a field that records are not found by.
    """
    found = lists.visible(uow, register, by)
    limit = max(1, min(limit, MOST_PER_PAGE))
    wanted = stored.select_records(found, {key: each for key, each in (where or {}).items() if each}, text)
    several = wanted.with_only_columns(_record.c.id).order_by(None).limit(COUNTED_UP_TO + 1)
    number = uow.execute(select(func.count()).select_from(several.subquery())).scalar_one()
    if after:
        wanted = wanted.where(_record.c.number > after)
    rows = uow.execute(wanted.limit(limit + 1)).all()
    head = _head(found, by)
    return RecordList(
        register=head,
        items=_lines(uow, found, head, by, [stored.read(row) for row in rows[:limit]]),
        next_after=rows[limit - 1].number if len(rows) > limit else None,
        count=count(number),
    )


def _lines(
    uow: UnitOfWork, register: Register, head: RegisterHead, by: User, found: Sequence[Record]
) -> tuple[RecordLine, ...]:
    links = _Links(uow, by, register, found)
    hidden = lists.hidden_fields(by, register)
    return tuple(
        RecordLine(
            register=register.key,
            number=each.number,
            title=each.title,
            values=tuple(_shown(register, column, each, hidden, links) for column in head.columns),
        )
        for each in found
    )


class _Links:
    """The records that some records name, each register asked once."""

    def __init__(self, uow: UnitOfWork, by: User, register: Register, found: Iterable[Record]) -> None:
        wanted: dict[str, set[str]] = {}
        for each in found:
            for field in register.references:
                number = each.values.get(field.key)
                if number is not None:
                    wanted.setdefault(field.reference or "", set()).add(number)
        seen = {each.key for each in _visible(uow, by)}
        self._titles = {key: stored.titles(uow, key, wanted[key]) for key in wanted.keys() & seen}

    def to(self, register: str | None, number: Any) -> RecordLink | None:
        """Return a link; None where there is nothing that the user may see."""
        titles = self._titles.get(register or "", {})
        return RecordLink(register or "", number, titles[number]) if number in titles else None


def _shown(
    register: Register, head: FieldHead, record: Record, hidden: frozenset[str], links: _Links
) -> FieldShown:
    field = register.fields.get(head.key)
    if field is None:
        return FieldShown(head.key, head.name, head.type, record.number)
    value = record.values.get(field.key)
    if field.key in hidden:
        return FieldShown(field.key, field.name, field.type, None, is_hidden=True)
    link = links.to(field.reference, value) if field.reference else None
    return FieldShown(field.key, field.name, field.type, reading.readable(field, value), link=link)


def record(uow: UnitOfWork, register: str, number: str, by: User) -> RecordPage:
    """
    Return one record with what names it, its cases, its money and its history.

    Raises:
        NotFound: no such record, or not for this user.
    """
    found = lists.visible(uow, register, by)
    wanted = stored.find(uow, found, number)
    if wanted is None:
        raise NotFound(stored.UNKNOWN, register=found.name, number=number)
    head, links = _head(found, by), _Links(uow, by, found, [wanted])
    linked = tuple(_linked(uow, found, number, by))
    hidden = lists.hidden_fields(by, found)
    cases, has_more_cases = _cases(uow, found, number, by)
    return RecordPage(
        register=head,
        number=number,
        title=wanted.title,
        revision=wanted.revision,
        fields=tuple(_shown(found, each, wanted, hidden, links) for each in head.fields),
        values={key: value for key, value in wanted.values.items() if key not in hidden},
        linked=tuple(each for each in linked if each.items),
        additions=tuple(
            Addition(each.register, each.field)
            for each in linked
            if not each.items and each.register.may_change
        ),
        cases=cases,
        has_more_cases=has_more_cases,
        money=_money(uow, found, number, by),
        history=_history(uow, found, wanted, hidden, by),
    )


def _linked(uow: UnitOfWork, register: Register, number: str, by: User) -> Iterable[LinkedRecords]:
    for other in _visible(uow, by):
        for field in other.references:
            if field.reference != register.key:
                continue
            newest = (
                select(_record)
                .join(_record_value, _record_value.c.record_id == _record.c.id)
                .where(
                    _record_value.c.register == other.key,
                    _record_value.c.field == field.key,
                    _record_value.c.value == reading.found_by(number),
                )
                .order_by(_record.c.id.desc())
                .limit(LINKED + 1)
            )
            rows = [stored.read(row) for row in uow.execute(newest)]
            head = _head(other, by)
            items = _lines(uow, other, head, by, rows[:LINKED])
            yield LinkedRecords(head, _field_head(other, field), items, len(rows) > LINKED)


def _cases(uow: UnitOfWork, register: Register, number: str, by: User) -> tuple[tuple[CaseLine, ...], bool]:
    """Return the newest cases that name a record: as unit or customer, or in a value they are found by."""
    names = (register.key, f"{register.key}_number", f"{register.key}_code", f"{register.key}_id")
    valued = select(_value.c.instance_id).where(_value.c.name.in_(names), _value.c.value == number)
    rules = lists.catalogue(uow).ledger
    columns = {rules.unit_register: _case.c.unit, rules.customer_register: _case.c.customer}
    named = [columns[register.key] == number] if register.key in columns else []
    rows = uow.execute(
        select(*(column for column in _case.c if column.name != "state"))
        .where(visibility.visible_cases(by), or_(_case.c.id.in_(valued), *named))
        .order_by(_case.c.id.desc())
        .limit(CASES + 1)
    ).all()
    return case_lines(uow, rows[:CASES]), len(rows) > CASES


def _history(
    uow: UnitOfWork, register: Register, record: Record, hidden: frozenset[str], by: User
) -> tuple[RecordHistoryLine, ...]:
    lines = history.of_record(uow, record.id)
    names = Names(uow, {line.user_name for line in lines})
    numbers = _case_numbers(uow, by, {line.instance_id for line in lines})
    return tuple(
        RecordHistoryLine(
            id=line.id,
            at=line.at,
            kind=str(line.kind),
            text=_ADDED if line.kind == Kind.RECORD_ADDED else _CHANGED,
            by=names.person(line.user_name),
            instance_id=line.instance_id if line.instance_id in numbers else None,
            case_number=numbers.get(line.instance_id),
            changes=tuple(
                _change(register, key, old, new, hidden)
                for key, (old, new) in line.detail.get("fields", {}).items()
            ),
        )
        for line in lines
    )


_ADDED, _CHANGED = Text("新增", "added"), Text("修改", "changed")


def _change(register: Register, key: str, old: Any, new: Any, hidden: frozenset[str]) -> Change:
    field = register.fields.get(key)
    name = same(key) if field is None else field.name
    if key in hidden:
        return Change(key, name, None, None, is_hidden=True)
    if field is None:
        return Change(key, name, old, new)
    return Change(key, name, reading.readable(field, old), reading.readable(field, new))


def _case_numbers(uow: UnitOfWork, by: User, ids: Iterable[int | None]) -> dict[int | None, str]:
    """Return the numbers of those cases that the user may see."""
    wanted = sorted({each for each in ids if each is not None})
    if not wanted:
        return {}
    rows = uow.execute(
        select(_case.c.id, _case.c.case_number).where(_case.c.id.in_(wanted), visibility.visible_cases(by))
    )
    return {row.id: row.case_number for row in rows}


def search_records(uow: UnitOfWork, text: str, by: User) -> SearchPage:
    """Return the records of all registers that hold the text; nothing for fewer than two characters."""
    words = text.strip()
    if len(words) < SHORTEST_SEARCH:
        return SearchPage(words, ())
    found = []
    for each in _visible(uow, by):
        head = _head(each, by)
        rows = uow.execute(stored.select_records(each, {}, words).limit(FOUND_IN_EACH)).all()
        items = _lines(uow, each, head, by, [stored.read(row) for row in rows])
        found += [Found(head, item) for item in items]
    return SearchPage(words, tuple(found))


# ---- money -----------------------------------------------------------------------------------------------


def _money(uow: UnitOfWork, register: Register, number: str, by: User) -> Money | None:
    rules = lists.catalogue(uow).ledger
    if not ledger.may_see(by, rules):
        return None
    if register.key == rules.unit_register:
        return money(uow, by, unit=number)
    if register.key == rules.customer_register:
        return money(uow, by, customer=number)
    return None


def money(uow: UnitOfWork, by: User, *, unit: str | None = None, customer: str | None = None) -> Money:
    """Return where a unit or a customer stands. Raises NotPermitted."""
    rules = lists.catalogue(uow).ledger
    first = ledger_lines(uow, by, unit=unit, customer=customer, limit=20)
    held = ledger.balances(uow, unit=unit, customer=customer)
    called = _customer_names(uow, {each.customer for each in held})
    balances = tuple(
        Balance(
            unit=each.unit,
            customer=each.customer,
            customer_name=called.get(each.customer, each.customer),
            account=each.account,
            item=each.item,
            item_name=_item_name(uow, each.item),
            amount=each.amount,
        )
        for each in held
    )
    whose = {"unit": unit, "customer": customer}
    return Money(
        whose={side: number for side, number in whose.items() if number is not None},
        receivable=_total(balances, RECEIVABLE),
        held=_total(balances, DEPOSIT),
        balances=balances,
        lines=first,
        may_correct=lists.is_one_of(by, rules.may_correct),
    )


def _customer_names(uow: UnitOfWork, numbers: set[str]) -> Mapping[str, str]:
    register = lists.catalogue(uow).ledger.customer_register
    return stored.titles(uow, register, numbers) if register else {}


def _total(balances: Iterable[Balance], account: str) -> Decimal:
    return sum((each.amount for each in balances if each.account == account), Decimal("0.00"))


def ledger_lines(
    uow: UnitOfWork,
    by: User,
    *,
    unit: str | None = None,
    customer: str | None = None,
    after: int | None = None,
    limit: int = 50,
) -> LedgerLines:
    """
    Return lines of a unit, or customer, or both, newest first.

    Raises:
        NotPermitted: the ledger is not for this user.
        InvalidInput: neither a unit nor a customer is named.
    """
    rules = lists.catalogue(uow).ledger
    if not ledger.may_see(by, rules):
        raise NotPermitted(Text("您不能查看账目。", "The ledger is not for you."))
    if unit is None and customer is None:
        raise InvalidInput(Text("请指明单元或客户。", "Name a unit or a customer."))
    limit = max(1, min(limit, MOST_PER_PAGE))
    entries = ledger.lines(uow, unit=unit, customer=customer, after=after, limit=limit + 1)
    names = Names(uow, {each.user_name for each in entries})
    numbers = _case_numbers(uow, by, {each.instance_id for each in entries})
    called = _customer_names(uow, {each.customer for each in entries})
    may_correct = lists.is_one_of(by, rules.may_correct)
    return LedgerLines(
        items=tuple(_ledger_line(uow, each, names, called, numbers, may_correct) for each in entries[:limit]),
        next_after=entries[limit - 1].id if len(entries) > limit else None,
    )


def _ledger_line(
    uow: UnitOfWork,
    entry: Entry,
    names: Names,
    called: Mapping[str, str],
    numbers: Mapping[int | None, str],
    may_correct: bool,
) -> LedgerLine:
    return LedgerLine(
        id=entry.id,
        at=entry.at,
        day=entry.day,
        unit=entry.unit,
        customer=entry.customer,
        customer_name=called.get(entry.customer, entry.customer),
        account=entry.account,
        item=entry.item,
        item_name=_item_name(uow, entry.item),
        period=entry.period,
        kind=str(entry.kind),
        kind_name=KIND_NAMES[entry.kind],
        amount=entry.amount,
        receipt_number=entry.receipt_number,
        method=_method_name(uow, entry.method),
        note=entry.note,
        by=names.person(entry.user_name),
        instance_id=entry.instance_id if entry.instance_id in numbers else None,
        case_number=numbers.get(entry.instance_id),
        corrects_id=entry.corrects_id,
        is_corrected=entry.is_corrected,
        may_be_corrected=may_correct and not entry.is_corrected and entry.corrects_id is None,
    )


def _method_name(uow: UnitOfWork, key: str | None) -> Text | None:
    return lists.catalogue(uow).ledger.methods.get(key, same(key)) if key else None


def _item_name(uow: UnitOfWork, key: str) -> Text:
    item = lists.catalogue(uow).ledger.items.get(key)
    return same(key) if item is None else item.name
