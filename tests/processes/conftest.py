"""A centre with the real processes, and somebody of every group."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from engine import identity, journeys
from engine.settings import Centre
from engine.stage import Stage, folder_files
from tests.desk import Desk

PROCESSES = Path(__file__).parents[2] / "processes"


@cache
def stage() -> Stage:
    return Stage(folder_files(PROCESSES))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Desk]:
    """The desk of that centre; ``by="front_desk"`` is the first person of the group."""
    database = stage().database.copy_in_memory(Centre(files=tmp_path))

    def people(group: str) -> identity.User:
        with database.reading() as uow:
            found = identity.user(uow, journeys.members(uow, f"group:{group}")[0])
        assert found is not None
        return found

    yield Desk(database, people)
    database.close()
