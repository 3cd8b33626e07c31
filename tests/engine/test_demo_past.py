"""The demo's past: times are written from now, and everything happens at its own time."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from engine import demo_past, journey_files
from engine.clock import MovedClock
from engine.database import Database
from engine.errors import InvalidInput

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 30, 10, 0, tzinfo=SHANGHAI)
CASE = """
    process = "complaint"
    [[journey]]
    name = "a visit"
    start_ago = "P1D"
    start = { by = "liu_min", values = { at = "now", on = "today-P1D", said = "now and then in {year}" } }
    steps = [{ wait = "PT2H" }, { task = "Visit", by = "liu_min", values = { due = "now+P2D" } }]
"""


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("now", "2026-03-30T10:00+08:00"),
        ("now-PT30M", "2026-03-30T09:30+08:00"),
        ("today", "2026-03-30"),
        ("today+P3D", "2026-04-02"),
        ("today-P1M", "2026-02-28"),
        ("today-P1D 19:30", "2026-03-29T19:30+08:00"),
        ("month of today", "2026-03-01"),
        ("month-1 of today", "2026-02-01"),
        ("month-3 of today+P3D", "2026-01-01"),
        ("HT-{year}-7", "HT-2026-7"),
        ("today and tomorrow", "today and tomorrow"),
        (["today", {"on": "today-P1D"}], ["2026-03-30", {"on": "2026-03-29"}]),
        (True, True),
    ],
)
def test_times_are_written_from_now(written: object, meant: object) -> None:
    assert demo_past.in_figures(written, NOW, SHANGHAI, 2026) == meant


def test_times_of_a_case_count_from_their_step() -> None:
    case, times = demo_past.timetable(journey_files.read(CASE)[0], NOW, SHANGHAI)

    began = NOW - timedelta(days=1)
    assert times == [began, began + timedelta(hours=2), began + timedelta(hours=2)]
    assert case.start is not None
    assert case.start.values == {
        "at": "2026-03-29T10:00+08:00", "on": "2026-03-28", "said": "now and then in 2026"
    }  # fmt: skip
    assert case.steps[1].keys["values"] == {"due": "2026-03-31T12:00+08:00"}


def test_a_case_may_begin_at_a_time_of_its_day() -> None:
    (case,) = journey_files.read(CASE.replace("P1D", "P40D 09:30", 1))

    _, times = demo_past.timetable(case, NOW, SHANGHAI)

    assert times[0] == datetime(2026, 2, 18, 9, 30, tzinfo=SHANGHAI)


def test_a_step_in_the_future_is_refused_with_its_place(database: Database) -> None:
    (case,) = journey_files.read(CASE.replace("PT2H", "P3D"), "cases.toml")

    with pytest.raises(InvalidInput, match=r"cases.toml.*3.*a visit"):
        demo_past.of_case(database, case, NOW)


def test_what_is_still_to_come_is_not_paid_yet(
    database: Database, moved_clock: MovedClock, tmp_path: Path
) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "ledger.csv").write_text(
        "charged,paid_after,unit,customer,period,by,rent\n"
        "month-1 of today,5,A-1201,KH-2026-00001,,shi_lei,100.00\n"
        "today-P1D,5,A-1201,KH-2026-00001,,shi_lei,100.00\n"
        "today+P1D,5,A-1201,KH-2026-00001,,shi_lei,100.00\n",
        encoding="utf-8",
    )

    moved_clock.move_to(NOW)

    past = demo_past.events(database, tmp_path)

    assert [f"{event.at.astimezone(SHANGHAI):%m-%d %H}" for event in past] == [
        "02-01 09",
        "02-06 10",
        "03-29 09",
    ]
