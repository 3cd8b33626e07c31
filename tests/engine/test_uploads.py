from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from engine import definitions, history, queries, uploads
from engine.errors import Conflict, InvalidInput, NotFound, NotPermitted
from engine.people import set_active, set_groups
from tests.engine import housing

DIAGRAM = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="d" targetNamespace="weigh">
  <process id="weigh" name="称重" isExecutable="true" camunda:candidateStarterGroups="*">
    <startEvent id="begin"><outgoing>f1</outgoing></startEvent>
    <sequenceFlow id="f1" sourceRef="begin" targetRef="ask" />
    <businessRuleTask id="ask" name="查表" camunda:decisionRef="fee" camunda:resultVariable="fee"
        camunda:mapDecisionResult="singleEntry"><incoming>f1</incoming><outgoing>f2</outgoing></businessRuleTask>
    <sequenceFlow id="f2" sourceRef="ask" targetRef="pay" />
    <userTask id="pay" name="收费" camunda:candidateGroups="front_desk"><incoming>f2</incoming><outgoing>f3</outgoing></userTask>
    <sequenceFlow id="f3" sourceRef="pay" targetRef="end" />
    <endEvent id="end"><incoming>f3</incoming></endEvent>
  </process>
</definitions>
"""
JOURNEY = """
process = "weigh"
[[journey]]
name = "five yuan"
start = {by = "group:front_desk"}
steps = [{variables = {fee = 5}}]
"""


def _tables(**fees: int) -> bytes:
    """A file with one table for each name, which says the same of everything."""
    one = """<decision id="{key}" name="{key}"><decisionTable id="t_{key}" hitPolicy="FIRST">
      <output id="o_{key}" name="{key}" typeRef="number" />
      <rule id="r_{key}"><outputEntry id="e_{key}"><text>{fee}</text></outputEntry></rule></decisionTable></decision>"""
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="fees">'
        + "".join(one.format(key=key, fee=fee) for key, fee in fees.items())
        + "</definitions>"
    ).encode()


@pytest.fixture
def owner(people):
    return people("pan")


@pytest.fixture
def weighing(database, owner) -> None:
    """A process with a table that shares its file with another."""
    files = {"weigh.bpmn": DIAGRAM.encode(), "fees.dmn": _tables(fee=5, deposit=100)}
    with database.unit_of_work() as uow:
        definitions.deploy(uow, files, by=owner, reason="for the test")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "journeys").mkdir()
    (tmp_path / "journeys" / "weigh.toml").write_text(JOURNEY, encoding="utf-8")
    return tmp_path


def _keep(database, by, **files: bytes):
    with database.unit_of_work() as uow:
        return uploads.keep(uow, [(name.replace("_", "."), data) for name, data in files.items()], by=by)


def test_an_upload_is_kept_as_it_came_until_it_is_deployed(database, owner, weighing):
    kept = _keep(database, owner, fees_dmn=_tables(fee=6, deposit=100))
    with database.reading() as uow:
        found = uploads.look(uow, kept, by=owner)
        assert found.files == {"fees.dmn": _tables(fee=6, deposit=100)}
        assert [(one.key, one.in_force.version, one.is_same) for one in found.candidates] == [
            ("fee", 1, False),
            ("deposit", 1, False),
        ]
        assert found.may_be_deployed
    with database.unit_of_work() as uow:
        assert len(uploads.deploy(uow, kept, "six it is", by=owner)) == 2
    with database.reading() as uow, pytest.raises(NotFound):
        uploads.look(uow, kept, by=owner)


def test_what_somebody_else_deployed_meanwhile_is_told_before_it_is_replaced(database, owner, weighing):
    kept, other = (_keep(database, owner, fees_dmn=_tables(fee=fee, deposit=100)) for fee in (6, 7))
    with database.reading() as uow:
        seen = [one.in_force.id for one in uploads.look(uow, kept, by=owner).candidates]
    with database.unit_of_work() as uow:
        uploads.deploy(uow, other, "seven", by=owner, over=seen)
    with database.unit_of_work() as uow, pytest.raises(Conflict, match="version 2"):
        uploads.deploy(uow, kept, "six", by=owner, over=seen)
    with database.reading() as uow:
        seen = [one.in_force.id for one in uploads.look(uow, kept, by=owner).candidates]
    with database.unit_of_work() as uow:
        assert uploads.deploy(uow, kept, "six all the same", by=owner, over=seen)[0].version.version == 3


def test_only_a_process_owner_keeps_an_upload_and_only_his_own_is_seen(database, owner, people, weighing):
    with pytest.raises(NotPermitted):
        _keep(database, people("fang"), fees_dmn=_tables(fee=6))
    kept, guan = _keep(database, owner, fees_dmn=_tables(fee=6)), people("guan")
    with database.reading() as uow, pytest.raises(NotPermitted):
        uploads.look(uow, kept, by=guan)


def test_a_day_later_an_upload_is_gone(database, owner, weighing, moved_clock):
    kept = _keep(database, owner, fees_dmn=_tables(fee=6))
    moved_clock.move_to(moved_clock() + uploads.KEPT + timedelta(seconds=1))
    with database.unit_of_work() as uow, pytest.raises(NotFound):
        uploads.deploy(uow, kept, "too late", by=owner)


def test_nothing_to_keep(database, owner):
    with pytest.raises(InvalidInput):
        _keep(database, owner)


def test_a_rehearsal_runs_on_what_would_be_in_force(database, owner, weighing, folder):
    kept = _keep(database, owner, fees_dmn=_tables(fee=6, deposit=100))
    with database.reading() as uow:
        scene = uploads.scene(uow, kept, folder, by=owner)
    (failed,) = uploads.rehearse(scene, "weigh.toml").failed
    assert (failed.failure.expected.en, failed.failure.found.en) == ("{fee = 5}", "{fee = 6}")
    with database.reading() as uow:
        assert definitions.latest(uow, "decision", "fee").version == 1
        assert queries.cases(uow, owner).items == ()


def test_one_table_of_a_file_may_be_replaced_and_rehearsed_alone(database, owner, weighing, folder):
    """The other tables of the old file stay in force, here as in a rehearsal."""
    for fee, good in ((6, False), (5, True)):
        kept = _keep(database, owner, fee_dmn=_tables(fee=fee))
        with database.reading() as uow:
            scene = uploads.scene(uow, kept, folder, by=owner)
        assert bool(uploads.rehearse(scene, "weigh.toml").failed) != good
        with database.unit_of_work() as uow:
            uploads.deploy(uow, kept, "alone", by=owner)
    with database.reading() as uow:
        assert definitions.latest(uow, "decision", "fee").version == 3
        assert definitions.latest(uow, "decision", "deposit").version == 1


def test_a_table_that_no_process_asks_concerns_no_journey(database, owner, weighing, folder):
    kept = _keep(database, owner, deposit_dmn=_tables(deposit=200))
    with database.reading() as uow:
        scene = uploads.scene(uow, kept, folder, by=owner)
    assert scene.journeys == {}
    with pytest.raises(NotFound):
        uploads.rehearse(scene, "weigh.toml")


def test_a_journey_file_that_cannot_be_read_is_told(database, owner, weighing, folder):
    (folder / "journeys" / "torn.toml").write_text("process = [", encoding="utf-8")
    kept = _keep(database, owner, fees_dmn=_tables(fee=6, deposit=100))
    with database.reading() as uow:
        scene = uploads.scene(uow, kept, folder, by=owner)
    assert list(scene.unreadable) == ["torn.toml"]
    assert list(scene.journeys) == ["weigh.toml"]


def test_a_rehearsal_ends_in_time(database, owner, weighing, folder, monkeypatch):
    (folder / "journeys" / "weigh.toml").write_text(
        JOURNEY + JOURNEY.partition("\n[[")[1] + JOURNEY.partition("\n[[")[2], encoding="utf-8"
    )
    kept = _keep(database, owner, fees_dmn=_tables(fee=5, deposit=1))
    with database.reading() as uow:
        scene = uploads.scene(uow, kept, folder, by=owner)
    monkeypatch.setattr(uploads, "LONGEST_REHEARSAL", -1.0)
    played = uploads.rehearse(scene, "weigh.toml")
    assert (len(played.results), played.not_played) == (1, 1)


def test_changes_by_administrators_are_told_of_the_person_they_concern(database, people):
    guan, fang = people("guan"), people("fang")
    with database.unit_of_work() as uow:
        set_groups(uow, "fang", ["cs_manager"], by=guan)
        set_active(uow, "feng", False, by=guan)
    with database.reading() as uow:
        lines = queries.house_history(uow, guan, [history.Kind.PERSON_CHANGED], person="fang")
        assert [line.text.en for line in lines] == ["changed 方敏, groups: Front desk → Managers"]
        with pytest.raises(NotPermitted):
            queries.house_history(uow, fang, [history.Kind.PERSON_CHANGED])


# ---- registers and papers --------------------------------------------------------------------------------

LETTING = {
    **housing.service("register_find", {"register": "unit", "number": "${unit}"}),
    "registers.toml": housing.REGISTERS,
    "receipt.html": housing.RECEIPT,
    "pass.html": housing.PASS,
}
FOUND = """
process = "ask"
[[journey]]
name = "the unit is found"
records = { unit = [{ code = "A-101", use = "flat" }] }
start = { by = "group:front_desk", values = { unit = "A-101", customer_name = "李雷", amount = 5 } }
steps = [{ open = ["Look"] }]
"""


GROUPS = "".join(
    f'[[group]]\nkey = "{key}"\nname_zh = "{key}"\nname_en = "{key}"\n'
    for key in ("front_desk", "cs_manager")
)


@pytest.fixture
def letting(database, owner, tmp_path):
    """A process that looks up a unit, another that issues receipts, and their journeys."""
    issuing = housing.service("issue_paper", {"paper": "receipt"})["ask.bpmn"].replace(
        'process id="ask"', 'process id="issue"'
    )
    with database.unit_of_work() as uow:
        files = {name: text.encode() for name, text in {**LETTING, "issue.bpmn": issuing}.items()}
        definitions.deploy(uow, files, by=owner, reason="for the test")
    journeys = tmp_path / "letting" / "journeys"
    journeys.mkdir(parents=True)
    (journeys.parent / "organisation.toml").write_text(GROUPS, encoding="utf-8")
    (journeys / "ask.toml").write_text(FOUND, encoding="utf-8")
    (journeys / "issue.toml").write_text(FOUND.replace('"ask"', '"issue"'), encoding="utf-8")
    return journeys.parent


@pytest.mark.parametrize(
    ("name", "text", "concerned"),
    [
        ("registers.toml", housing.REGISTERS + "\n# changed", ["ask.toml", "issue.toml"]),
        ("receipt.html", housing.RECEIPT + "<p>neu</p>", ["issue.toml"]),
        ("pass.html", housing.PASS + "<p>neu</p>", []),
    ],
)
def test_registers_or_a_paper_alone_rehearse_the_journeys_whose_processes_use_them(
    database, owner, letting, name, text, concerned
):
    with database.unit_of_work() as uow:
        kept = uploads.keep(uow, [(name, text.encode())], by=owner)
    with database.reading() as uow:
        scene = uploads.scene(uow, kept, letting, by=owner)

    assert list(scene.journeys) == concerned
    assert all(not uploads.rehearse(scene, each).failed for each in concerned)


def test_a_paper_that_can_no_longer_be_filled_fails_its_rehearsal(database, owner, letting):
    with database.unit_of_work() as uow:
        kept = uploads.keep(uow, [("receipt.html", (housing.RECEIPT + "{{ nowhere }}").encode())], by=owner)
    with database.reading() as uow:
        scene = uploads.scene(uow, kept, letting, by=owner)

    (failed,) = uploads.rehearse(scene, "issue.toml").failed
    assert "Look" in failed.failure.expected.en


def test_a_rehearsal_has_the_registers_in_force_and_not_those_of_the_folder(database, owner, letting):
    (letting / "registers.toml").write_text(housing.REGISTERS.replace('"unit"', '"flat"'), encoding="utf-8")
    with database.unit_of_work() as uow:
        kept = uploads.keep(uow, [("receipt.html", (housing.RECEIPT + "<p>neu</p>").encode())], by=owner)
    with database.reading() as uow:
        scene = uploads.scene(uow, kept, letting, by=owner)

    assert not uploads.rehearse(scene, "issue.toml").failed
