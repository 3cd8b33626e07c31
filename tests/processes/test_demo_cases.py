"""The demo's cases can be played until any moment, a holiday as well as a working day."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from engine import clock, demo, journey_files
from engine.settings import Centre
from engine.stage import Stage, folder_files

PROCESSES = Path(__file__).parents[2] / "processes"
CASES = journey_files.read(PROCESSES / "demo" / "cases.toml")
WORKING_DAY = datetime(2026, 11, 24, 3, 30, tzinfo=UTC)
HOLIDAY = datetime(2026, 10, 3, 20, 15, tzinfo=UTC)


@cache
def stage() -> Stage:
    return Stage(folder_files(PROCESSES))


@pytest.mark.parametrize("now", [WORKING_DAY, HOLIDAY], ids=["working day", "holiday"])
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_demo_case_goes_as_it_is_written(
    case: journey_files.Journey, now: datetime, tmp_path: Path
) -> None:
    database = stage().database.copy_in_memory(Centre(files=tmp_path))
    try:
        with clock.moved(clock.MovedClock(now)):
            for _ in demo.play_cases(database, [case]):
                pass
    finally:
        database.close()


def test_times_of_a_case_count_from_their_step() -> None:
    text = """
        process = "complaint"
        [[journey]]
        name = "a visit"
        start_ago = "P1D"
        start = { by = "liu_min", values = { at = "now", on = "today-P1D", said = "now and then" } }
        steps = [{ wait = "PT2H" }, { task = "Visit", by = "liu_min", values = { due = "now+P2D" } }]
    """
    began = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
    zone = Centre().zone

    case = demo.written_out(journey_files.read(text)[0], began, zone)

    assert case.start is not None
    assert case.start.values == {
        "at": "2026-03-02T10:00+08:00", "on": "2026-03-01", "said": "now and then"
    }  # fmt: skip
    due = (began + timedelta(days=2, hours=2)).astimezone(zone)
    assert case.steps[1].keys["values"] == {"due": due.isoformat(timespec="minutes")}
