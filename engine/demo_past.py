"""The past of the demo: its cases and payments, each step at its own time."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update

from engine import clock, journey_files, journeys, ledger, tables
from engine.database import Database, UnitOfWork
from engine.errors import InvalidInput
from engine.journey_files import Journey, Step
from engine.texts import Text, same


@dataclass(frozen=True)
class Event:
    """Something that happened in the demo, and when."""

    at: datetime
    happens: Callable[[], None]


def events(database: Database, folder: Path) -> list[Event]:
    """
    Return what happened until now, in the order of time: as if all cases had run side by side.

    ``demo/cases*.toml`` says what became of which case, ``demo/ledger.csv`` what was charged and paid before.
    Nothing happened where the database has cases already.

    Raises:
        InvalidJourney, InvalidInput: a file does not say what it should.
    """
    with database.reading() as uow:
        if uow.execute(select(func.count()).select_from(tables.process_instance)).scalar():
            return []
    now, zone = clock.now(), database.centre.zone
    books = folder / "demo" / "ledger.csv"
    found = list(_payments(database, books, now)) if books.exists() else []
    for path in sorted((folder / "demo").glob("cases*.toml")):
        for case in journey_files.read(path, zone=zone):
            found += of_case(database, case, now)
    return sorted(found, key=lambda event: event.at)


def happen(database: Database, past: Sequence[Event]) -> Iterator[None]:
    """
    Let all of it happen at its time, and then the time until now pass.

    Raises:
        InvalidInput: something does not go as its file says.
    """
    if not past:
        return
    now, moved_clock = clock.now(), clock.MovedClock(past[0].at)
    for event in past:
        with clock.moved(moved_clock):
            _pass_time(database, moved_clock, event.at)
            event.happens()
        yield
    with clock.moved(moved_clock):
        _pass_time(database, moved_clock, now)
    with database.unit_of_work() as uow:
        _look_at_messages(uow, now - _LOOKED_AT)


def _pass_time(database: Database, moved_clock: clock.MovedClock, until: datetime) -> None:
    surprise = journeys.pass_time(database, moved_clock, until)
    if surprise is not None:
        raise InvalidInput(same("{expected} / {found}"), **vars(surprise))


_LOOKED_AT = timedelta(hours=6)  # before the demo begins: the demo's people have seen what came until then


def _look_at_messages(uow: UnitOfWork, until: datetime) -> None:
    note = tables.notification
    newest_seen = select(func.coalesce(func.max(note.c.id), 0)).where(note.c.created_at <= until)
    uow.execute(update(tables.user_account).values(seen_notification=newest_seen.scalar_subquery()))


# ---- times, written from now -------------------------------------------------------------------------------


_TIME = re.compile(r"(?:month(?:-(\d+))? of )?(now|today)(?:([+-])(P\w+))?(?: ((?:[01]\d|2[0-3]):[0-5]\d))?")


def in_figures(value: Any, at: datetime, zone: ZoneInfo, year: int | None = None) -> Any:
    """
    Return a value with the times in it in figures, seen from ``at``.

    ``now``, ``now+P2D`` and ``today-P1D 19:30`` are instants, ``today-P1D`` is a day, ``month-1 of today``
    is the first day of the month before; ``{year}``, anywhere in a text, is that year.
    """
    if isinstance(value, Mapping):
        return {key: in_figures(each, at, zone, year) for key, each in value.items()}
    if isinstance(value, list):
        return [in_figures(each, at, zone, year) for each in value]
    if not isinstance(value, str):
        return value
    match = _TIME.fullmatch(value)
    if match is None:
        return value if year is None else value.replace("{year}", str(year))
    ago, word, sign, span, at_clock = match.groups()
    moment = _later(at.astimezone(zone), span or "PT0S", -1 if sign == "-" else 1)
    if value.startswith("month"):
        return journey_files.add_months(moment.replace(day=1), -int(ago or 0)).date().isoformat()
    if at_clock:
        return datetime.combine(moment, time.fromisoformat(at_clock), zone).isoformat(timespec="minutes")
    return moment.date().isoformat() if word == "today" else moment.isoformat(timespec="minutes")


def _later(at: datetime, text: str, sign: int = 1) -> datetime:
    months, span = journey_files.duration(text) or (0, timedelta())
    return journey_files.add_months(at, sign * months) + sign * span


# ---- cases -------------------------------------------------------------------------------------------------


def of_case(database: Database, case: Journey, now: datetime) -> list[Event]:
    """
    Return the events of one case: its start, and each step but the waiting.

    Raises:
        InvalidInput: a step of it would be in the future.
    """
    timed, times = timetable(case, now, database.centre.zone)
    if times[-1] > now:
        raise InvalidInput(
            Text(
                "{file} 第 {line} 行：“{name}”到现在还走不完，请让它早些开始。",
                "{file}, line {line}: “{name}” goes on after now; let it begin earlier.",
            ),
            file=case.file_name,
            line=case.line,
            name=case.name,
        )
    run = journeys.Run(database, clock.MovedClock(now), timed)
    found = [Event(times[0], partial(_succeed, case, run.begin))]
    for step, at in zip(timed.steps, times[1:], strict=True):
        if step.action != "wait":
            found.append(Event(at, partial(_succeed, case, partial(run.do, step))))
    return found


def _succeed(case: Journey, attempt: Callable[[], journeys.Failure | None]) -> None:
    failure = attempt()
    if failure is not None:
        raise InvalidInput(
            same("{file}:{line}: {what}: {expected} / {found}"), file=case.file_name, **vars(failure)
        )


def timetable(case: Journey, now: datetime, zone: ZoneInfo) -> tuple[Journey, list[datetime]]:
    """Return the case with its times in figures, and when it begins and each of its steps is done."""
    at = (now - case.ago).astimezone(zone)
    if case.ago_at is not None:
        at = datetime.combine(at, case.ago_at, zone)
    year = now.astimezone(zone).year
    start = case.start and replace(case.start, values=in_figures(case.start.values, at, zone, year))
    steps: list[Step] = []
    times = [at]
    for step in case.steps:
        at = _later(at, step.keys.get("wait", "PT0S"))
        values = in_figures(step.keys.get("values", {}), at, zone, year)
        steps.append(replace(step, keys={**step.keys, "values": values}) if values else step)
        times.append(at)
    return replace(case, start=start, steps=tuple(steps)), times


# ---- payments ----------------------------------------------------------------------------------------------


def _payments(database: Database, path: Path, now: datetime) -> Iterator[Event]:
    """
    Return the charges of a file, and what was paid for them; none of what is still to come.

    Its columns: charged, paid_after (days; empty: not yet), unit, customer, period (empty: the month in which
    it is charged), by, and one column for each charge item.
    """
    zone = database.centre.zone
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            cells = {key: in_figures(cell, now, zone, now.astimezone(zone).year) for key, cell in row.items()}
            for event in _payment(database, cells):
                if event.at < now:
                    yield event


_COLUMNS = ("charged", "paid_after", "unit", "customer", "period", "by")


def _payment(database: Database, row: Mapping[str, str]) -> Iterator[Event]:
    party = ledger.Party(row["unit"], row["customer"])
    author = ledger.Author(row["by"] or None, None)
    amounts = {item: amount for item, amount in row.items() if item not in _COLUMNS and amount}
    period = row["period"] or row["charged"][:7]

    def charge() -> None:
        charges = [ledger.Charge(item, amount, period) for item, amount in amounts.items()]
        with database.unit_of_work() as uow:
            ledger.charge(uow, party, charges, author)

    def receive() -> None:
        with database.unit_of_work() as uow:
            ledger.receive(uow, party, author, items=amounts)

    charged = datetime.combine(date.fromisoformat(row["charged"]), time(9), database.centre.zone)
    yield Event(charged, charge)
    if row["paid_after"]:
        yield Event(charged + timedelta(days=int(row["paid_after"]), hours=1), receive)
