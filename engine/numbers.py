"""Numbers that count up in series: of records, receipts and papers."""

from __future__ import annotations

import re

from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from engine import tables
from engine.database import UnitOfWork
from engine.errors import InvalidInput
from engine.texts import Text

LONGEST_PATTERN = 40  # characters

_PLACE = re.compile(r"\{(year|month|day|n)(?::0?(\d))?\}", re.ASCII)
_counter = tables.case_number


def count_up(uow: UnitOfWork, series: str) -> int:
    """
    Return the next number of a series, from 1.

    There are no gaps: a number that was not committed is given to the next one who asks.
    """
    build = insert_sqlite if uow.is_sqlite else insert_postgresql
    number = uow.execute(
        build(_counter)
        .values(series=series, last=1)
        .on_conflict_do_update(index_elements=["series"], set_={"last": _counter.c.last + 1})
        .returning(_counter.c.last)
    ).scalar_one()
    return int(number)


def is_pattern(pattern: str) -> bool:
    """Whether a text is a pattern such as ``ZHZ-{year}-{n:05}``: one {n}, perhaps year, month and day."""
    rest = _PLACE.sub("", pattern)
    counters = [place for place in _PLACE.finditer(pattern) if place[1] == "n"]
    return len(counters) == 1 and "{" not in rest and "}" not in rest and len(pattern) <= LONGEST_PATTERN


def next_number(uow: UnitOfWork, pattern: str) -> str:
    """
    Return the next number of a pattern; it counts anew when year, month or day before it change.

    Raises:
        InvalidInput: it is no pattern.
    """
    if not is_pattern(pattern):
        raise InvalidInput(
            Text(
                "编号规则“{pattern}”不对，应类似 ZHZ-{{year}}-{{n:05}}。",
                "“{pattern}” is no pattern of numbers; it should look like ZHZ-{{year}}-{{n:05}}.",
            ),
            pattern=pattern,
        )
    today = uow.now.astimezone(uow.centre.zone)
    dated = _PLACE.sub(
        lambda place: _filled(place, getattr(today, place[1])) if place[1] != "n" else place[0], pattern
    )
    # The place of the number stays in the name of its series: no case number looks like that.
    number = count_up(uow, dated[:LONGEST_PATTERN])
    return _PLACE.sub(lambda place: _filled(place, number), dated)


def _filled(place: re.Match[str], number: int) -> str:
    return f"{number:0{place[2] or 1}}"
