"""What the pages of figures show: plain values that nothing can change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from engine.figures import Span
from engine.queries.shapes import Count, Person
from engine.texts import Text


@dataclass(frozen=True)
class RateFigure:
    """A rate as it was reached; ``percent`` is None where there is nothing to be a share of."""

    name: Text
    number: int
    of: int
    percent: Decimal | None
    floor: Decimal | None
    target: Decimal | None

    @property
    def standing(self) -> str:
        """``below_floor``, ``below_target``, ``reached``, or nothing where nothing was asked for."""
        if self.percent is None or (self.floor is None and self.target is None):
            return ""
        if self.floor is not None and self.percent < self.floor:
            return "below_floor"
        if self.target is not None and self.percent < self.target:
            return "below_target" if self.floor is not None else "below_floor"
        return "reached"


@dataclass(frozen=True)
class TallyLine:
    """How many cases have one value."""

    value: str | None  # as it is stored; None: it has none yet
    label: Text
    number: int
    percent: Decimal


@dataclass(frozen=True)
class Tally:
    """How many cases have each value of a variable, most frequent first."""

    variable: str
    label: Text
    lines: tuple[TallyLine, ...]


@dataclass(frozen=True)
class StepFigure:
    """How a user task went in the cases that are counted."""

    name: Text
    done: int
    timed: int  # of those, how many had a time limit
    late: int  # of those, how many were completed after it
    open: int
    overdue: int

    @property
    def in_time(self) -> int:
        """How many of those with a time limit were completed within it."""
        return self.timed - self.late


@dataclass(frozen=True)
class MonthFigure:
    """One month of those that lead up to the days that are counted."""

    year: int
    month: int
    span: Span
    begun: int
    ended: int
    rates: tuple[RateFigure, ...]


@dataclass(frozen=True)
class FigureHead:
    """A process whose figures somebody may see."""

    process_key: str
    name: Text
    has_sheet: bool  # the organisation said what is to be counted


@dataclass(frozen=True)
class FigurePage:
    """The figures of one process, of the cases that began within some days, as they stand now."""

    head: FigureHead
    span: Span
    this_month: tuple[int, int]  # that the last day is counted in
    last_day: int | None  # of the month that is counted
    begun: int
    running: int
    ended: int
    cancelled: int
    overdue: int  # of those that run, how many have a task that is overdue
    median: timedelta | None  # from begin to end; None where none has ended
    rates: tuple[RateFigure, ...]
    tallies: tuple[Tally, ...]
    steps: tuple[StepFigure, ...]
    months: tuple[MonthFigure, ...]  # oldest first


@dataclass(frozen=True)
class CountedCase:
    """One case of those that are counted."""

    instance_id: int
    case_number: str
    status: str
    started_at: datetime
    started_by: Person | None
    ended_at: datetime | None
    customer: str
    unit: str
    is_overdue: bool
    values: Mapping[str, Any]  # by variable, readable


@dataclass(frozen=True)
class CountedCases:
    """Part of the cases that are counted, oldest first."""

    head: FigureHead
    span: Span
    columns: Mapping[str, Text]  # variable → label
    value_label: Text | None  # of what the list is narrowed to
    items: tuple[CountedCase, ...]
    next_after: str | None
    count: Count
