"""Figures: how many cases, of which kinds, how long they take, what is late, which rates are reached."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Integer, case, exists, func, select

from engine import definitions, figures, tables, visibility
from engine.database import UnitOfWork
from engine.errors import InvalidInput, NotFound
from engine.figures import Counted, Rate, Sheet, Span
from engine.figures.counting import month_of, percent
from engine.forms.components import CheckboxField, ChoiceField, Field
from engine.forms.formatting import YES_NO
from engine.identity import Capability, User
from engine.queries.figure_shapes import (
    CountedCase,
    CountedCases,
    FigureHead,
    FigurePage,
    MonthFigure,
    RateFigure,
    StepFigure,
    Tally,
    TallyLine,
)
from engine.queries.reading import Names, count, kinds_of_cases, words
from engine.texts import Text, same

_case, _task, _value = tables.process_instance, tables.user_task, tables.case_value

MONTHS_BACK = 12
MOST_DAYS = 366
MOST_PER_PAGE = 200
_NOT_YET = Text("（还没有）", "(not yet)")


def figures_offered(uow: UnitOfWork, by: User) -> tuple[FigureHead, ...]:
    """Return the processes whose figures the user may see: those of which they see every case."""
    sheets = figures.sheets(uow)
    return tuple(
        FigureHead(key, name, key in sheets)
        for key, name in kinds_of_cases(uow).items()
        if by.may(Capability.AUDIT) or _sees_all(uow, key, by)
    )


def _sees_all(uow: UnitOfWork, process_key: str, by: User) -> bool:
    version = definitions.latest(uow, "process", process_key)
    listed = definitions.read_diagram(uow, version.id).properties.get("visibleTo", "") if version else ""
    return not by.holders.isdisjoint(f"g:{group.strip()}" for group in listed.split(","))


def _require(uow: UnitOfWork, process_key: str, by: User) -> FigureHead:
    found = next((head for head in figures_offered(uow, by) if head.process_key == process_key), None)
    if found is None:
        raise NotFound(Text("没有这份统计。", "There are no such figures."))
    return found


# ---- one process -----------------------------------------------------------------------------------------


def figures_of(
    uow: UnitOfWork, process_key: str, by: User, *, first: date | None = None, last: date | None = None
) -> FigurePage:
    """
    Return the figures of the cases that began from the first to the last day; the present month if not given.

    Raises:
        NotFound: no such process, or the user may not see its figures.
        InvalidInput: the last day is before the first, or there are too many days.
    """
    head, sheet = _require(uow, process_key, by), _sheet(uow, process_key)
    span = _span(uow, sheet, first, last)
    months = figures.months_until(span.last, MONTHS_BACK, sheet.last_day)
    spans = {month: figures.span_of_month(*month, sheet.last_day) for month in months}
    all_days = Span(min(span.first, spans[months[0]].first), max(span.last, spans[months[-1]].last))
    cases = _cases(uow, _wanted(uow, process_key, all_days, by), sheet)
    chosen = [one for one in cases if one.begun_on in span]
    wanted = _wanted(uow, process_key, span, by)
    took = [one.ended_after for one in chosen if one.ended_after is not None and one.status == "completed"]
    labels = _Labels(uow, process_key)
    return FigurePage(
        head=head,
        span=span,
        this_month=month_of(span.last, sheet.last_day),
        last_day=sheet.last_day,
        begun=len(chosen),
        running=sum(one.status in ("running", "stopped") for one in chosen),
        ended=sum(one.status == "completed" for one in chosen),
        cancelled=sum(one.status == "cancelled" for one in chosen),
        overdue=_number_overdue(uow, wanted),
        median=_median(took),
        rates=_rates(chosen, sheet.rates),
        tallies=tuple(_tally(chosen, name, labels) for name in sheet.count_by),
        steps=_steps(uow, process_key, wanted),
        months=tuple(
            _month(month, spans[month], [one for one in cases if one.begun_on in spans[month]], sheet)
            for month in months
        ),
    )


def _median(took: Sequence[timedelta]) -> timedelta | None:
    return timedelta(seconds=median(one.total_seconds() for one in took)) if took else None


def _sheet(uow: UnitOfWork, process_key: str) -> Sheet:
    """Return the sheet in force, without what may not be counted; a process may have none."""
    found = figures.sheets(uow).get(process_key) or Sheet(process_key, last_day=None)
    known = definitions.countable(uow).get(process_key, frozenset())
    return Sheet(
        found.process,
        found.last_day,
        count_by=tuple(name for name in found.count_by if name in known),
        columns=tuple(name for name in found.columns if name in known),
        rates=tuple(rate for rate in found.rates if {*rate.of, *rate.share} - {figures.STATUS} <= known),
    )


def _span(uow: UnitOfWork, sheet: Sheet, first: date | None, last: date | None) -> Span:
    today = uow.now.astimezone(uow.centre.zone).date()
    if first is None and last is None:
        return figures.span_of_month(*month_of(today, sheet.last_day), sheet.last_day)
    span = Span(first or last or today, last or first or today)
    if span.last < span.first:
        raise InvalidInput(Text("结束日期早于开始日期。", "The last day is before the first."))
    if (span.last - span.first).days >= MOST_DAYS:
        raise InvalidInput(
            Text("一次最多统计 {most} 天。", "At most {most} days are counted at once."), most=MOST_DAYS
        )
    return span


def _wanted(uow: UnitOfWork, process_key: str, span: Span, by: User) -> list[ColumnElement[bool]]:
    begin = datetime.combine(span.first, time(), uow.centre.zone)
    end = datetime.combine(span.last + timedelta(days=1), time(), uow.centre.zone)
    return [
        visibility.visible_cases(by),
        _case.c.process_key == process_key,
        _case.c.started_at >= begin,
        _case.c.started_at < end,
    ]


def _cases(uow: UnitOfWork, wanted: Sequence[ColumnElement[bool]], sheet: Sheet) -> list[Counted]:
    values = _values(uow, wanted, sheet.variables)
    columns = (_case.c.id, _case.c.status, _case.c.started_at, _case.c.ended_at)
    return [
        Counted(
            status=row.status,
            begun_on=row.started_at.astimezone(uow.centre.zone).date(),
            ended_after=row.ended_at - row.started_at if row.ended_at else None,
            values=values.get(row.id, {}),
        )
        for row in uow.execute(select(*columns).where(*wanted))
    ]


def _values(
    uow: UnitOfWork, wanted: Sequence[ColumnElement[bool]], names: Collection[str]
) -> Mapping[int, Mapping[str, str]]:
    found: dict[int, dict[str, str]] = {}
    if names:
        rows = uow.execute(
            select(_value.c.instance_id, _value.c.name, _value.c.value)
            .join(_case, _case.c.id == _value.c.instance_id)
            .where(*wanted, _value.c.name.in_(sorted(names)))
        )
        for row in rows:
            found.setdefault(row.instance_id, {})[row.name] = row.value
    return found


def _is_overdue(uow: UnitOfWork) -> ColumnElement[bool]:
    return exists().where(
        _task.c.instance_id == _case.c.id, _task.c.status == "open", _task.c.due_at < uow.now
    )


def _number_overdue(uow: UnitOfWork, wanted: Sequence[ColumnElement[bool]]) -> int:
    overdue = select(func.count()).select_from(_case).where(*wanted, _is_overdue(uow))
    return int(uow.execute(overdue).scalar_one())


def _rates(cases: Sequence[Counted], rates: Sequence[Rate]) -> tuple[RateFigure, ...]:
    found = []
    for rate in rates:
        number, of = figures.rate_of(cases, rate)
        found.append(RateFigure(rate.name, number, of, percent(number, of), rate.floor, rate.target))
    return tuple(found)


def _tally(cases: Sequence[Counted], name: str, labels: _Labels) -> Tally:
    lines = tuple(
        TallyLine(value, labels.value(name, value), number, percent(number, len(cases)) or Decimal(0))
        for value, number in figures.tally(cases, name)
    )
    return Tally(name, labels.label(name), lines)


def _month(month: tuple[int, int], span: Span, cases: Sequence[Counted], sheet: Sheet) -> MonthFigure:
    ended = sum(one.status == "completed" for one in cases)
    return MonthFigure(*month, span, len(cases), ended, _rates(cases, sheet.rates))


def _steps(
    uow: UnitOfWork, process_key: str, wanted: Sequence[ColumnElement[bool]]
) -> tuple[StepFigure, ...]:
    done, timed = _task.c.status == "completed", _task.c.due_at.is_not(None)
    is_open = _task.c.status == "open"
    rows = uow.execute(
        select(
            _task.c.process_key,
            _task.c.element_id,
            func.max(_task.c.name_zh).label("name_zh"),
            func.max(_task.c.name_en).label("name_en"),
            func.min(_task.c.created_at).label("first"),
            _how_many(done).label("done"),
            _how_many(done & timed).label("timed"),
            _how_many(done & (_task.c.completed_at > _task.c.due_at)).label("late"),
            _how_many(is_open).label("open"),
            _how_many(is_open & (_task.c.due_at < uow.now)).label("overdue"),
        )
        .join(_case, _case.c.id == _task.c.instance_id)
        .where(*wanted)
        .group_by(_task.c.process_key, _task.c.element_id)
    ).all()
    known = definitions.latest_program(uow, process_key).diagrams
    found = []
    for row in rows:
        diagram = known.get(row.process_key)
        element = diagram.elements.get(row.element_id) if diagram else None
        name = element.name if element and element.name.zh else Text(row.name_zh, row.name_en)
        found.append(StepFigure(name, row.done, row.timed, row.late, row.open, row.overdue))
    return tuple(sorted(found, key=lambda step: (-(step.late + step.overdue), -(step.done + step.open))))


def _how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0), type_=Integer), 0)


# ---- the cases that are counted ----------------------------------------------------------------------------


def counted_cases(
    uow: UnitOfWork,
    process_key: str,
    by: User,
    *,
    first: date | None = None,
    last: date | None = None,
    where: tuple[str, str] | None = None,
    after: str | None = None,
    limit: int | None = 50,
) -> CountedCases:
    """
    Return the cases behind the figures, oldest first.

    ``where`` narrows them to those where a variable has a value; "": where it has none yet.

    Raises:
        NotFound, InvalidInput: as ``figures_of``; there is nothing counted by that variable.
    """
    head, sheet, labels = _require(uow, process_key, by), _sheet(uow, process_key), _Labels(uow, process_key)
    span = _span(uow, sheet, first, last)
    wanted = _wanted(uow, process_key, span, by)
    if where is not None:
        if where[0] not in sheet.count_by:
            raise NotFound(Text("没有这份统计。", "There are no such figures."))
        wanted.append(_has_value(*where))
    number = uow.execute(select(func.count()).select_from(_case).where(*wanted)).scalar_one()
    page = list(wanted)
    if after:
        if not after.isdecimal() or len(after) > 18:
            raise InvalidInput(Text("地址中的位置不对。", "The position in the address is wrong."))
        page.append(_case.c.id > int(after))
    columns = [column for column in _case.c if column.name not in ("state", "search_text")]
    asked = select(*columns, _is_overdue(uow).label("is_overdue")).where(*page).order_by(_case.c.id)
    most = limit and max(1, min(limit, MOST_PER_PAGE))
    rows = uow.execute(asked.limit(most + 1) if most else asked).all()
    shown = rows[:most] if most else rows
    values = _values(uow, page, sheet.columns)
    return CountedCases(
        head=head,
        span=span,
        columns={name: labels.label(name) for name in sheet.columns},
        value_label=None if where is None else labels.value(where[0], where[1] or None),
        items=tuple(_counted_cases(uow, shown, values, labels)),
        next_after=str(shown[-1].id) if most and len(rows) > most else None,
        count=count(number),
    )


def _has_value(name: str, value: str) -> ColumnElement[bool]:
    other = _value.alias()  # beside the values that are read
    of = exists().where(other.c.instance_id == _case.c.id, other.c.name == name)
    return of.where(other.c.value == value) if value else ~of


def _counted_cases(
    uow: UnitOfWork, rows: Sequence[Any], values: Mapping[int, Mapping[str, str]], labels: _Labels
) -> Iterator[CountedCase]:
    people = {row.started_by for row in rows}
    people |= {value for row in rows for value in values.get(row.id, {}).values() if len(value) <= 64}
    names = Names(uow, people)
    for row in rows:
        yield CountedCase(
            instance_id=row.id,
            case_number=row.case_number,
            status=row.status,
            started_at=row.started_at,
            started_by=names.person(row.started_by),
            ended_at=row.ended_at,
            customer=row.customer,
            unit=row.unit,
            is_overdue=row.is_overdue,
            values={
                name: labels.value(name, value)
                if labels.has_options(name)
                else names.somebody(value).full_name
                for name, value in values.get(row.id, {}).items()
            },
        )


class _Labels:
    """How variables and their values are called, by forms and tables of the process and of those it calls."""

    def __init__(self, uow: UnitOfWork, process_key: str) -> None:
        self._fields: dict[str, Field] = {}
        program = definitions.latest_program(uow, process_key)
        self._words = words(uow, program.diagrams.values(), Names(uow))
        for diagram in (program.root, *program.diagrams.values()):  # its own words come first
            for form in definitions.forms_of(uow, diagram):
                for field in form.fields:
                    if field.label.zh and not isinstance(self._fields.get(field.key), ChoiceField):
                        self._fields[field.key] = field

    def label(self, name: str) -> Text:
        """Return a variable's label, else its name."""
        found = self._fields.get(name) or self._words.get(name)
        return found.label if found and found.label.zh else same(name)

    def has_options(self, name: str) -> bool:
        """Whether a variable has values that are called something else."""
        is_asked = isinstance(self._fields.get(name), ChoiceField | CheckboxField)
        return is_asked or (name in self._words and bool(self._words[name].codes))

    def value(self, name: str, value: str | None) -> Text:
        """Return a value as people read it."""
        if value is None:
            return _NOT_YET
        field = self._fields.get(name)
        if isinstance(field, ChoiceField):
            options = {option.value: option.label for option in field.options}
            if value in options:
                return options[value]
        if name in self._words and value in self._words[name].codes:
            return self._words[name].codes[value]
        return YES_NO[value == "true"] if value in ("true", "false") else same(value)
