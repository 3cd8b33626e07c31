"""Records of registers: finding, adding and changing them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, exists, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine import history, numbers, tables
from engine.bpmn.variables import from_json, to_json
from engine.database import UnitOfWork
from engine.errors import Conflict, InvalidForm, InvalidInput, NotFound
from engine.history import Kind, Line
from engine.registers import values as reading
from engine.registers.shapes import NoOverlap, Register
from engine.texts import Text

_record, _value = tables.record, tables.record_value

TAKEN = Text("编号“{number}”已有登记。", "The number “{number}” is taken.")
UNKNOWN = Text("“{register}”里没有“{number}”。", "There is no “{number}” in “{register}”.")
NUMBER_STAYS = Text("编号不能改。", "A number cannot be changed.")
BACKWARDS = Text("截止日早于起始日。", "The last day is before the first.")
OVERLAPS = Text(
    "与“{other}”的日期重叠（{first} 至 {last}）。", "The days overlap with “{other}” ({first} to {last})."
)
_OPEN_END = Text("长期", "open end")


@dataclass(frozen=True)
class Record:
    """One record as it is stored."""

    id: int
    register: str
    number: str
    title: str
    values: Mapping[str, Any]
    revision: int

    def as_variable(self) -> dict[str, Any]:
        """Return the record as diagrams see it."""
        return {**self.values, "number": self.number, "title": self.title}


@dataclass(frozen=True)
class Written:
    """A record that was added or changed, and the history line that tells of it (still to be written)."""

    record: Record
    line: Line | None  # None: nothing was different


# ---- finding ---------------------------------------------------------------------------------------------


def find(uow: UnitOfWork, register: Register, number: str, *, lock: bool = False) -> Record | None:
    """Return a record by its number; None if there is none. ``lock``: until the transaction ends."""
    wanted = select(_record).where(_record.c.register == register.key, _record.c.number == number)
    row = uow.execute(wanted.with_for_update() if lock else wanted).first()
    return None if row is None else read(row)


def read(row: Any) -> Record:
    """Return a row of the table as a record."""
    return Record(row.id, row.register, row.number, row.title, from_json(row.data), row.revision)


def select_records(register: Register, where: Mapping[str, Any], text: str = "") -> Select[Any]:
    """
    Select records whose indexed fields have these values, and that hold the text; by number.

    Raises:
        InvalidInput: a field that records are not found by.
    """
    wanted = select(_record).where(_record.c.register == register.key).order_by(_record.c.number)
    for key, value in where.items():
        wanted = wanted.where(_has(register, key, value))
    if text.strip():
        wanted = wanted.where(_record.c.search_text.contains(text.strip().lower(), autoescape=True))
    return wanted


def _has(register: Register, key: str, value: Any) -> ColumnElement[bool]:
    found = reading.found_by(value)
    if key in ("number", register.number_field):
        return _record.c.number == (found or "")
    field = register.fields.get(key)
    if field is None or not (field.indexed or field.reference):
        raise InvalidInput(
            Text(
                "登记簿“{register}”不能按“{field}”查找（应为 indexed 字段）。",
                "The register “{register}” cannot be searched by “{field}” (which is not indexed).",
            ),
            register=register.key,
            field=key,
        )
    of_record = and_(_value.c.record_id == _record.c.id, _value.c.field == key)
    if found is None:
        return ~exists().where(of_record)
    # By the index of the values, not record by record.
    return _record.c.id.in_(
        select(_value.c.record_id).where(
            _value.c.register == register.key, _value.c.field == key, _value.c.value == found
        )
    )


def matching(uow: UnitOfWork, register: Register, where: Mapping[str, Any], limit: int) -> list[Record]:
    """Return records whose indexed fields have these values, by number. Raises InvalidInput."""
    return [read(row) for row in uow.execute(select_records(register, where).limit(limit))]


def titles(uow: UnitOfWork, register: str, wanted: Iterable[str]) -> dict[str, str]:
    """Return the titles of these numbers; those that are not there are left out."""
    numbers_ = sorted(set(wanted))
    if not numbers_:
        return {}
    rows = uow.execute(
        select(_record.c.number, _record.c.title).where(
            _record.c.register == register, _record.c.number.in_(numbers_)
        )
    )
    return {row.number: row.title for row in rows}


def numbers_of(uow: UnitOfWork, register: Register, wanted: Collection[str]) -> dict[str, list[str]]:
    """Return the numbers of the records with these titles, in registers whose title is an indexed field."""
    if not wanted:
        return {}
    indexed = [key for key, field in register.fields.items() if field.indexed]
    rows = uow.execute(
        select(_record.c.title, _record.c.number)
        .join(_value, _value.c.record_id == _record.c.id)
        .where(
            _value.c.register == register.key,
            _value.c.field.in_(indexed),
            _value.c.value.in_(sorted(wanted)),
            _record.c.title == _value.c.value,
        )
        .distinct()
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.title, []).append(row.number)
    return found


# ---- adding and changing ---------------------------------------------------------------------------------


def add(uow: UnitOfWork, register: Register, given: Mapping[str, Any], *, by: str | None) -> Written:
    """
    Add a record. ``by``: a user's name.

    Raises:
        InvalidForm: by field: a wrong or missing value, a number that is taken, an unknown reference, days
            that overlap with another record's.
    """
    values, errors = reading.read_all(register, given)
    if not errors:
        errors = problems(uow, register, values, None)
    if errors:
        raise InvalidForm(errors)
    number = (
        str(values[register.number_field])
        if register.number_field
        else numbers.next_number(uow, register.number_series or "")
    )
    row = row_of(uow, register, number, values)
    try:
        with uow.connection.begin_nested():
            record_id = int(uow.execute(insert(_record).values(**row).returning(_record.c.id)).scalar_one())
    except IntegrityError:
        raise InvalidForm({register.number_field or "": (TAKEN.format(number=number),)}) from None
    write_index(uow, register, {record_id: values})
    made = Record(record_id, register.key, number, row["title"], values, 1)
    return Written(made, line_of(register, made, None, by))


def change(
    uow: UnitOfWork,
    register: Register,
    number: str,
    given: Mapping[str, Any],
    *,
    by: str | None,
    revision: int | None = None,
) -> Written:
    """
    Change what is given of a record. ``revision``: the one that a person looked at.

    Raises:
        NotFound: there is no such record.
        Conflict: it has been changed since that revision.
        InvalidForm: as in ``add``.
    """
    present = find(uow, register, number, lock=True)
    if present is None:
        raise NotFound(UNKNOWN, register=register.name, number=number)
    if revision is not None and revision != present.revision:
        raise Conflict(
            Text(
                "“{title}”刚被别人改过，请刷新后再改。",
                "Somebody has just changed “{title}”; reload the page, then change it.",
            ),
            title=present.title,
        )
    values, errors = reading.read_all(register, given, present.values)
    if register.number_field and values[register.number_field] != number:
        errors.setdefault(register.number_field, (NUMBER_STAYS,))
    if not errors:
        errors = problems(uow, register, values, number)
    if errors:
        raise InvalidForm(errors)
    made = changed(uow, register, present, values)
    return Written(made, line_of(register, made, present.values, by) if made is not present else None)


def changed(uow: UnitOfWork, register: Register, present: Record, values: Mapping[str, Any]) -> Record:
    """Store new values of a record that is locked; the same record where nothing is different."""
    if to_json(values) == to_json(dict(present.values)):
        return present
    row = row_of(uow, register, present.number, values)
    del row["created_at"]
    uow.execute(
        update(_record).where(_record.c.id == present.id).values(**row | {"revision": present.revision + 1})
    )
    uow.execute(delete(_value).where(_value.c.record_id == present.id))
    write_index(uow, register, {present.id: values})
    return Record(present.id, register.key, present.number, row["title"], values, present.revision + 1)


def row_of(uow: UnitOfWork, register: Register, number: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record's row without its id."""
    title = reading.title_of(register, number, values)
    return {
        "register": register.key,
        "number": number,
        "title": title,
        "data": to_json(dict(values)),
        "search_text": reading.search_text(register, number, title, values),
        "revision": 1,
        "created_at": uow.now,
        "changed_at": uow.now,
    }


def write_index(uow: UnitOfWork, register: Register, records: Mapping[int, Mapping[str, Any]]) -> None:
    """Add what records are found by: id → values."""
    rows = [
        {"record_id": record_id, "field": key, "register": register.key, "value": text}
        for record_id, values in records.items()
        for key, text in reading.index_of(register, values).items()
    ]
    if rows:
        uow.execute(insert(_value), rows)


def line_of(register: Register, record: Record, old: Mapping[str, Any] | None, by: str | None) -> Line:
    """Return the history line of a record that was added (``old`` is None) or changed."""
    before = dict(old or {})
    fields = {
        key: [before.get(key), value] for key, value in record.values.items() if before.get(key) != value
    }
    return Line(
        Kind.RECORD_ADDED if old is None else Kind.RECORD_CHANGED,
        user_name=by,
        record_id=record.id,
        detail={
            "register": register.key,
            "number": record.number,
            "zh": f"{register.name.zh} {record.title}",
            "en": f"{register.name.en} {record.title}",
            "fields": fields,  # not “changes”: who sees a case may not see every field
        },
    )


def write_lines(uow: UnitOfWork, written: Iterable[Written]) -> None:
    """Write the history lines of changes that belong to no case."""
    history.write(uow, [each.line for each in written if each.line is not None])


# ---- what a record may not be ----------------------------------------------------------------------------


def problems(
    uow: UnitOfWork, register: Register, values: Mapping[str, Any], own_number: str | None
) -> dict[str, tuple[Text, ...]]:
    """Return what is wrong with a record among the others, by field."""
    errors: dict[str, tuple[Text, ...]] = {}
    for field in register.references:
        number = values.get(field.key)
        if number is not None and not titles(uow, field.reference or "", [number]):
            errors[field.key] = (_no_such(field.reference or "", number),)
    if register.no_overlap is not None and register.no_overlap.by not in errors:
        span = span_of(register.no_overlap, values)
        if span is not None:
            lock_records(uow, register.fields[register.no_overlap.by].reference or "", [span.by])
            others = spans(uow, register, [span.by])
            error = overlap(span, others.get(span.by, ()), own_number)
            if error is not None:
                errors[register.no_overlap.first] = (error,)
    return errors


def _no_such(register: str, number: str) -> Text:
    return Text("没有“{number}”这个登记。", "There is no record “{number}”.").format(number=number)


@dataclass(frozen=True)
class Span:
    """The days that a record takes up."""

    by: str  # of what
    first: date
    last: date | None  # None: for ever
    number: str = ""
    title: str | Text = ""


def span_of(rule: NoOverlap, values: Mapping[str, Any]) -> Span | None:
    """Return the days that a record takes up; None where it takes none."""
    by, first = values.get(rule.by), values.get(rule.first)
    left_out = bool(rule.unless) and all(
        reading.found_by(values.get(key)) == value for key, value in rule.unless.items()
    )
    if by is None or first is None or left_out:
        return None
    return Span(by, first, values.get(rule.last))


def spans(uow: UnitOfWork, register: Register, of: Collection[str]) -> dict[str, list[Span]]:
    """Return the days that records take up of each of these."""
    rule = register.no_overlap
    assert rule is not None
    rows = uow.execute(
        select(_record)
        .join(_value, _value.c.record_id == _record.c.id)
        .where(_value.c.register == register.key, _value.c.field == rule.by, _value.c.value.in_(sorted(of)))
    )
    found: dict[str, list[Span]] = {}
    for record in map(read, rows):
        span = span_of(rule, record.values)
        if span is not None:
            taken = Span(span.by, span.first, span.last, record.number, record.title)
            found.setdefault(span.by, []).append(taken)
    return found


def overlap(span: Span, others: Sequence[Span], own_number: str | None) -> Text | None:
    """Return what is wrong with the days of a record; None if nothing is."""
    if span.last is not None and span.last < span.first:
        return BACKWARDS
    for other in others:
        if other.number != own_number and _share_a_day(span, other):
            last = _OPEN_END if other.last is None else other.last
            return OVERLAPS.format(other=other.title, first=other.first, last=last)
    return None


def _share_a_day(one: Span, other: Span) -> bool:
    starts_before_end = other.last is None or one.first <= other.last
    return starts_before_end and (one.last is None or other.first <= one.last)


def lock_records(uow: UnitOfWork, register: str, numbers_: Iterable[str]) -> None:
    """Let nobody else do so with these records before the transaction ends."""
    if uow.is_sqlite:  # has one writer
        return
    uow.execute(
        select(_record.c.id)
        .where(_record.c.register == register, _record.c.number.in_(sorted(set(numbers_))))
        .order_by(_record.c.id)
        .with_for_update()
    )
