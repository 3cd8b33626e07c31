"""Writing figures to a workbook: the month's report, with the list of its cases."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, BinaryIO

import xlsxwriter

from engine.database import UnitOfWork
from engine.identity import User
from engine.queries.figure_pages import counted_cases, figures_of
from engine.queries.figure_shapes import CountedCases, FigurePage, RateFigure
from engine.texts import Text

Row = Sequence[Any]

_OVERVIEW, _COUNTS = Text("概况", "Overview"), Text("分类", "Counts")
_STEPS, _MONTHS, _CASES = Text("各步骤", "Steps"), Text("各月", "Months"), Text("案件", "Cases")
_STATUS = {
    "running": Text("办理中", "in progress"),
    "stopped": Text("已停住", "stopped"),
    "completed": Text("已办结", "completed"),
    "cancelled": Text("已终止", "cancelled"),
}


def export_figures(
    uow: UnitOfWork,
    process_key: str,
    by: User,
    target: BinaryIO,
    *,
    first: date | None = None,
    last: date | None = None,
) -> FigurePage:
    """Write a workbook of the figures and the cases behind them. Raises as ``figures_of`` does."""
    page = figures_of(uow, process_key, by, first=first, last=last)
    cases = counted_cases(uow, process_key, by, first=page.span.first, last=page.span.last, limit=None)
    sheets: dict[Text, Iterator[Row]] = {
        _OVERVIEW: _overview(page),
        _COUNTS: _counts(page),
        _STEPS: _steps(page),
        _MONTHS: _months(page),
        _CASES: _cases(cases),
    }
    with tempfile.TemporaryDirectory(prefix="banjie-figures-") as folder:
        options = {"constant_memory": True, "tmpdir": folder, "strings_to_formulas": False,
                   "strings_to_urls": False, "strings_to_numbers": False}  # fmt: skip
        with xlsxwriter.Workbook(target, options) as book:
            writer = _Writer(book, uow, by.language)
            for name, rows in sheets.items():
                writer.write(name, rows)
    return page


class _Writer:
    """A workbook in one language, in the centre's time zone."""

    def __init__(self, book: Any, uow: UnitOfWork, language: str) -> None:
        self._book, self._language, self._zone = book, language, uow.centre.zone
        self._day = book.add_format({"num_format": "yyyy-mm-dd"})
        self._instant = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        self._head = book.add_format({"bold": True})

    def write(self, name: Text, rows: Iterator[Row]) -> None:
        sheet = self._book.add_worksheet(name.in_language(self._language))
        sheet.set_column(0, 12, 18)
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                self._cell(sheet, number, column, value)

    def _cell(self, sheet: Any, row: int, column: int, value: Any) -> None:
        match value:
            case None:
                return
            case datetime():
                local = value.astimezone(self._zone).replace(tzinfo=None)
                sheet.write_datetime(row, column, local, self._instant)
            case date():
                sheet.write_datetime(row, column, value, self._day)
            case bool():
                sheet.write_string(row, column, str(value))
            case int() | Decimal():
                sheet.write_number(row, column, value)
            case Text():
                shown = value.in_language(self._language)
                sheet.write_string(row, column, shown, self._head if row == 0 else None)
            case _:
                sheet.write_string(row, column, str(value))


def _overview(page: FigurePage) -> Iterator[Row]:
    yield [page.head.name]
    yield [Text("从", "From"), page.span.first]
    yield [Text("到", "To"), page.span.last]
    yield [Text("发起", "Begun"), page.begun]
    yield [Text("办结", "Completed"), page.ended]
    yield [Text("办理中", "In progress"), page.running]
    yield [Text("其中有逾期", "of these overdue"), page.overdue]
    yield [Text("取消", "Cancelled"), page.cancelled]
    if page.median is not None:
        hours = Decimal(page.median.total_seconds() / 3600).quantize(Decimal("0.1"))
        yield [Text("办结用时中位数（小时）", "Median time to completion (hours)"), hours]
    if page.rates:
        yield []
        yield [
            Text("比率", "Rate"), Text("件数", "Number"), Text("基数", "Of"), "%",
            Text("不低于 %", "Not below %"), Text("目标 %", "Target %"),
        ]  # fmt: skip
    for rate in page.rates:
        yield [rate.name, rate.number, rate.of, rate.percent, rate.floor, rate.target]


def _counts(page: FigurePage) -> Iterator[Row]:
    yield [Text("项目", "By"), Text("值", "Value"), Text("件数", "Number"), "%"]
    for tally in page.tallies:
        for line in tally.lines:
            yield [tally.label, line.label, line.number, line.percent]


def _steps(page: FigurePage) -> Iterator[Row]:
    yield [
        Text("步骤", "Step"), Text("已办", "Done"), Text("有时限", "With a limit"), Text("按时", "In time"),
        Text("超时", "Late"), Text("待办", "Open"), Text("逾期", "Overdue"),
    ]  # fmt: skip
    for step in page.steps:
        yield [step.name, step.done, step.timed, step.in_time, step.late, step.open, step.overdue]


def _months(page: FigurePage) -> Iterator[Row]:
    rates: Sequence[RateFigure] = page.rates
    heads = [Text(f"{rate.name.zh} %", f"{rate.name.en} %") for rate in rates]
    yield [Text("月份", "Month"), Text("从", "From"), Text("到", "To"), Text("发起", "Begun"),
           Text("办结", "Completed"), *heads]  # fmt: skip
    for month in page.months:
        named = f"{month.year}-{month.month:02}"
        shares = (rate.percent for rate in month.rates)
        yield [named, month.span.first, month.span.last, month.begun, month.ended, *shares]


def _cases(found: CountedCases) -> Iterator[Row]:
    yield [
        Text("案号", "Case"), Text("发起时间", "Begun"), Text("发起人", "Begun by"), Text("客户", "Customer"),
        Text("房号", "Unit"), Text("状态", "State"), Text("办结时间", "Ended"), *found.columns.values(),
    ]  # fmt: skip
    for case in found.items:
        who = case.started_by.full_name if case.started_by else None
        status = _STATUS.get(case.status, case.status)
        values = (case.values.get(name) for name in found.columns)
        yield [
            case.case_number, case.started_at, who, case.customer, case.unit, status, case.ended_at, *values
        ]  # fmt: skip
