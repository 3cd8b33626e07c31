"""Journeys of the processes, played as far as a test needs them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from engine import clock, journey_files, journeys
from engine.database import Database
from engine.journey_files import Journey

JOURNEYS = Path(__file__).parents[2] / "processes" / "journeys"


def journey(file: str, beginning: str) -> Journey:
    """Return the first journey of a file whose name begins like this."""
    return next(each for each in journey_files.read(JOURNEYS / file) if each.name.startswith(beginning))


def until(element_id: str, journey: Journey, **started_with: Any) -> Journey:
    """Return the journey as far as this task is open, perhaps started with other values."""
    steps = tuple(each for each in journey.steps if "task" in each.keys)
    number = [each.keys["task"] for each in steps].index(element_id)
    assert journey.start is not None
    start = replace(journey.start, values={**journey.start.values, **started_with})
    return replace(journey, start=start, steps=steps[:number])


def values(element_id: str, journey: Journey) -> dict[str, Any]:
    """Return what the journey enters in this task."""
    step = next(each for each in journey.steps if each.keys.get("task") == element_id)
    return dict(step.keys["values"])


def play(database: Database, journey: Journey, at: datetime) -> int:
    """Play a journey beginning at this time; return its case."""
    moved = clock.MovedClock(at)
    with clock.moved(moved):
        run = journeys.Run(database, moved, journey)
        assert run.play() is None
    assert run.instance_id is not None
    return run.instance_id
