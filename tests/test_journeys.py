"""Every journey of processes/journeys/ is played."""

import re
from pathlib import Path

import pytest

from engine import journey_files, journeys, printing, stage

PROCESSES = Path(__file__).parent.parent / "processes"
JOURNEYS = [
    journey
    for path in sorted((PROCESSES / "journeys").glob("*.toml"))
    for journey in journey_files.read(path)
]


@pytest.fixture(scope="session")
def sources() -> dict[str, bytes]:
    return stage.folder_files(PROCESSES)


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda each: f"{each.file_name}:{each.line}")
def test_the_journey_goes_as_its_file_says(journey, sources):
    (result,) = journeys.play([journey], sources)

    assert result.failure is None, printing.result(result, "en")


def test_every_diagram_table_and_form_is_free_of_findings(sources):
    definitions = {name: source for name, source in sources.items() if not name.endswith(".toml")}

    findings = stage.check(sources)

    assert len(definitions) > 0
    assert [printing.finding(finding, "en") for finding in findings] == []


def test_every_process_has_a_journey_or_is_called_by_one_that_has(sources):
    calls = {
        Path(name).stem: set(re.findall(r'calledElement="([^"]+)"', source.decode()))
        for name, source in sources.items()
        if name.endswith(".bpmn")
    }
    played = {journey.process for journey in JOURNEYS}
    while called := set().union(*(calls[key] for key in played)) - played:
        played |= called

    assert set(calls) <= played
