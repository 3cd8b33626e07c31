"""Every journey of processes/journeys/ is played."""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from engine import journey_files, journeys, printing, stage
from engine.journey_files import Journey, Step
from engine.journeys import Result

PROCESSES = Path(__file__).parent.parent / "processes"
#: A centre may want more of its registers than the delivered ones do; then a case goes back to who can mend it.
STRICTER = Path(__file__).parent / "processes" / "stricter_registers.toml"
JOURNEYS = [
    journey
    for path in [*sorted((PROCESSES / "journeys").glob("*.toml")), STRICTER]
    for journey in journey_files.read(path)
]
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
CAMUNDA = "{http://camunda.org/schema/1.0/bpmn}"


@pytest.fixture(scope="session")
def sources() -> dict[str, bytes]:
    return stage.folder_files(PROCESSES)


def stricter(sources: dict[str, bytes]) -> dict[str, bytes]:
    """The same, with a contact of every customer and a last day of every agent's authority required."""
    registers = sources["registers.toml"].decode()
    for field in ('key = "contact"\n', 'key = "valid_until"\n  type = "date"\n  name_zh = "委托有效期至"\n'):
        assert registers.count(field) == 1
        registers = registers.replace(field, f"{field}  required = true\n")
    return sources | {"registers.toml": registers.encode()}


class Played:
    """Plays journeys, and notes the flows they take where the other test processes of the run find them."""

    def __init__(self, notes: Path, sources: dict[str, bytes]) -> None:
        self._notes = notes
        self._sources, self._stricter = sources, stricter(sources)

    def play(self, journey: Journey) -> Result:
        files = self._stricter if journey.file_name == STRICTER.name else self._sources
        (result,) = journeys.play([journey], files)
        own = self._note(journey).with_suffix(f".{os.getpid()}")
        own.write_text(json.dumps(sorted(result.flows)), encoding="utf-8")
        own.rename(self._note(journey))  # whole, or not there
        return result

    def flows(self, journey: Journey) -> set[tuple[str, str]]:
        """Return the flows that it took: as noted, else by playing it now."""
        if not self._note(journey).exists():
            self.play(journey)
        return {(process, flow) for process, flow in json.loads(self._note(journey).read_text("utf-8"))}

    def _note(self, journey: Journey) -> Path:
        return self._notes / f"flows-{journey.file_name}-{journey.line}.json"


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory, sources: dict[str, bytes]) -> Played:
    notes = tmp_path_factory.getbasetemp()
    return Played(notes.parent if "PYTEST_XDIST_WORKER" in os.environ else notes, sources)


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda each: f"{each.file_name}:{each.line}")
def test_the_journey_goes_as_its_file_says(journey, played):
    result = played.play(journey)

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


def test_every_sequence_flow_is_taken_by_a_journey(sources, played):
    drawn = {
        (Path(name).stem, flow.get("id"))
        for name, source in sources.items()
        if name.endswith(".bpmn")
        for flow in etree.fromstring(source).iter(f"{BPMN}sequenceFlow")
    }

    taken = set().union(*(played.flows(journey) for journey in JOURNEYS))

    assert sorted(drawn - taken) == []


def with_process(journey: Journey) -> Iterator[tuple[str, Step]]:
    """Yield each step with the process of the case that it is about."""
    cases = [journey.process]
    process = journey.process
    for step in journey.steps:
        if step.action == "start":
            process = step.keys["start"]
            cases.append(process)
        elif step.action == "case":
            process = cases[step.keys["case"] - 1]
        yield process, step


def test_every_not_by_is_proved_by_a_refusal(sources):
    """A journey lets somebody who may do both try the second step."""
    drawn = {
        (Path(name).stem, task.get("id"))
        for name, source in sources.items()
        if name.endswith(".bpmn")
        for task in etree.fromstring(source).iter(f"{BPMN}userTask")
        if any(each.get("name") == "notBy" for each in task.iter(f"{CAMUNDA}property"))
    }
    refused = {
        (process, step.keys["refuse"])
        for journey in JOURNEYS
        for process, step in with_process(journey)
        if step.keys.get("because") == "same person"
    }
    # A task of a called process is refused in a journey of its caller, too.
    ids = Counter(element for _, element in drawn)
    proved = refused | {(None, element) for _, element in refused if ids[element] == 1}

    assert sorted(each for each in drawn if each not in proved and (None, each[1]) not in proved) == []
