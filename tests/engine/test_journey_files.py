"""Journey files are read with their line numbers; what is wrong with one is said with its line."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from engine import journey_files
from engine.journey_files import InvalidJourney

FILE = """\
process = "complaint"  # [[journey]] in a comment is none

[[journey]]
name = "a { late [[journey]]"
at = "2026-03-02T10:00:00+08:00"
start = { by = "group:front_desk", values = { channel = "hot{line" } }
steps = [
  { task = "Dispatch", by = "wang", values = { cost = 35000.01 } }, { wait = "PT2M" },
  # { open = ["not a step"] },
  { open = [
      "Handle",
    ], ended = true },
]

[[journey]]
name = "b"
process = "other"

[[journey.steps]]
until = 2026-03-09T17:00:00
[[journey.steps]]
open = []
"""


def test_steps_know_their_lines_in_either_way_of_writing():
    first, second = journey_files.read(FILE, "late.toml")

    assert [step.line for step in first.steps] == [8, 8, 10]
    assert [step.line for step in second.steps] == [19, 21]


def test_amounts_stay_exact_and_times_are_meant_in_the_centres_zone():
    first, second = journey_files.read(FILE, "late.toml")

    assert first.steps[0].keys["values"]["cost"] == Decimal("35000.01")
    assert first.at == datetime(2026, 3, 2, 2, tzinfo=UTC)
    assert journey_files.instant(second.steps[0].keys["until"], ZoneInfo("Asia/Shanghai")) == datetime(
        2026, 3, 9, 9, tzinfo=UTC
    )


def test_the_process_may_stand_at_the_top_or_in_the_journey():
    assert [journey.process for journey in journey_files.read(FILE)] == ["complaint", "other"]


@pytest.mark.parametrize(
    ("right", "wrong", "line", "word"),
    [
        ('{ wait = "PT2M" }', '{ waits = "PT2M" }', 8, "waits"),
        ('{ wait = "PT2M" }', '{ wait = "2 min" }', 8, "2 min"),
        ('{ wait = "PT2M" }', '{ wait = "P" }', 8, "“P”"),
        ('{ wait = "PT2M" }', '{ wait = "P9999Y" }', 8, "P9999Y"),
        ('{ wait = "PT2M" }', "{ wait = 2 }", 8, "wait"),
        ('{ wait = "PT2M" }', '{ wait = "PT2M", until = "2026-03-03" }', 8, "one thing"),
        ('{ wait = "PT2M" }', '{ wait = "PT2M", open = [] }', 8, "next step"),
        ('{ wait = "PT2M" }', "{ }", 8, "empty"),
        ('{ wait = "PT2M" }', '{ task = "Dispatch" }', 8, "by"),
        ('{ wait = "PT2M" }', '{ start = "complaint" }', 8, "by whom"),
        ('{ wait = "PT2M" }', '{ task = "Dispatch", by = "a", because = "x" }', 8, "because"),
        ('{ wait = "PT2M" }', '{ refuse = "Dispatch", by = "a" }', 8, "because"),
        ('{ wait = "PT2M" }', '{ task = "Dispatch", by = "a", nth = 0 }', 8, "nth"),
        ('{ wait = "PT2M" }', '{ task = "Dispatch", by = "a", nth = true }', 8, "nth"),
        ('{ wait = "PT2M" }', "{ case = 0 }", 8, "case"),
        ('{ wait = "PT2M" }', '{ case = "first" }', 8, "case"),
        ("ended = true", "ended = false", 10, "ended"),
        ("ended = true", 'due = { Handle = "noon" }', 10, "noon"),
        ("ended = true", "notified = [1]", 10, "notified"),
        ('"2026-03-02T10:00:00+08:00"', '"monday"', 5, "monday"),
        ('process = "other"', 'proces = "other"', 17, "proces"),
        ('process = "complaint"', 'title = "complaint"', 1, "title"),
        ('name = "b"', "", 15, "name"),
        ('by = "group:front_desk", ', "", 6, "by whom"),
        ("until = 2026", "until 2026", 20, "TOML"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(right, wrong, line, word):
    assert right in FILE

    with pytest.raises(InvalidJourney) as error:
        journey_files.read(FILE.replace(right, wrong, 1), "late.toml")

    assert (error.value.file_name, error.value.line) == ("late.toml", line)
    assert word in error.value.message.en


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PT23H59M", (0, timedelta(hours=23, minutes=59))),
        ("P1DT2H", (0, timedelta(days=1, hours=2))),
        ("P2W", (0, timedelta(weeks=2))),
        ("PT0.5H", (0, timedelta(minutes=30))),
        ("PT１H", None),
        ("P1Y2M", (14, timedelta())),
        ("PT", None),
        ("P-1D", None),
        ("1 day", None),
        ("P99999999999D", None),
    ],
)
def test_durations_are_those_of_iso_8601(text, expected):
    assert journey_files.duration(text) == expected


def test_a_day_is_the_midnight_it_begins_with():
    assert journey_files.instant(date(2026, 3, 2), ZoneInfo("UTC")) == datetime(2026, 3, 2, tzinfo=UTC)


def test_records_and_ledger_are_lists_of_tables() -> None:
    text = (
        'process = "p"\n[[journey]]\nname = "n"\n'
        'records = { unit = [{ code = "A-1" }] }\nledger = [{ item = "rent" }]\n'
    )

    (journey,) = journey_files.read(text)

    assert journey.records == {"unit": [{"code": "A-1"}]}
    assert journey.ledger == [{"item": "rent"}]
    for wrong in ("records = []", 'records = { unit = "A-1" }', "ledger = {}", "ledger = [1]"):
        with pytest.raises(InvalidJourney):
            journey_files.read(f'process = "p"\n[[journey]]\nname = "n"\n{wrong}\n')


@pytest.mark.parametrize("hostile", ["a = " + "[" * 5000, "a = " + "9" * 5000])
def test_what_no_reader_of_toml_survives_is_refused(hostile):
    with pytest.raises(InvalidJourney, match="TOML"):
        journey_files.read(hostile)
