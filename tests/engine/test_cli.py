"""The commands: what they print, and how they end."""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from engine.cli import commands
from tests.engine.test_journeys import BPMN, FILE

DMN = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="x">
  <decision id="tier" name="审批层级">
    <decisionTable id="t" hitPolicy="FIRST">
      <input id="i"><inputExpression id="ie" typeRef="number"><text>cost</text></inputExpression></input>
      <output id="o1" name="tier" typeRef="string" />
      <output id="o2" name="rest" typeRef="number" />
      <rule id="r1"><inputEntry id="a"><text>&lt; 50000</text></inputEntry>
        <outputEntry id="b"><text>"general"</text></outputEntry>
        <outputEntry id="c"><text>cost - 0.01</text></outputEntry></rule>
      <rule id="r2"><inputEntry id="e"><text>&gt;= 60000</text></inputEntry>
        <outputEntry id="f"><text>"major"</text></outputEntry>
        <outputEntry id="g"><text>0</text></outputEntry></rule>
    </decisionTable>
  </decision>
  <decision id="advisors" name="顾问">
    <decisionTable id="t2" hitPolicy="COLLECT">
      <input id="i2"><inputExpression id="ie2" typeRef="boolean"><text>crime</text></inputExpression></input>
      <output id="o" name="advisors" typeRef="string" />
      <rule id="r3"><inputEntry id="h"><text>true</text></inputEntry>
        <outputEntry id="j"><text>"police"</text></outputEntry></rule>
      <rule id="r4"><inputEntry id="k"><text>-</text></inputEntry>
        <outputEntry id="l"><text>"lawyer"</text></outputEntry></rule>
    </decisionTable>
  </decision>
</definitions>
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "loan.bpmn").write_text(BPMN, encoding="utf-8")
    (tmp_path / "tier.dmn").write_text(DMN, encoding="utf-8")
    (tmp_path / "loan.toml").write_text(FILE, encoding="utf-8")
    return tmp_path


def banjie(*arguments: object, **more: object) -> Result:
    return CliRunner().invoke(commands, ["--lang", "en", *map(str, arguments)], **more)


# ---- check


def test_a_sound_file_is_checked_with_what_lies_beside_it(folder):
    result = banjie("check", folder / "loan.bpmn")

    assert result.exit_code == 0
    assert "Errors: 0" in result.output


def test_an_older_copy_that_lies_beside_a_file_is_not_held_against_it(folder):
    (folder / "loan_2025.bpmn").write_text(BPMN.replace("${hours(12)}", "${hours(24)}"), encoding="utf-8")

    alone = banjie("check", folder / "loan.bpmn")
    both = banjie("check", folder / "loan.bpmn", folder / "loan_2025.bpmn")

    assert alone.exit_code == 0
    assert both.exit_code == 1 and "“loan” is defined in loan.bpmn already" in both.output


def test_what_is_wrong_is_said_with_file_line_and_element(folder):
    (folder / "loan.bpmn").write_text(BPMN.replace("${hours(12)}", "${hour(12)}"), encoding="utf-8")

    result = banjie("check", folder)

    line = BPMN[: BPMN.index("${hours(12)}")].count("\n") + 1
    assert result.exit_code == 1
    assert f"loan.bpmn:{line}: error" in result.output
    assert "(HandOut)" in result.output
    assert "hour" in result.output


def test_findings_come_as_json_for_machines(folder):
    (folder / "loan.bpmn").write_text(BPMN.replace("${hours(12)}", "${hour(12)}"), encoding="utf-8")

    result = banjie("check", "--json", folder / "loan.bpmn", folder / "tier.dmn")

    (finding,) = [each for each in json.loads(result.stdout) if each["severity"] == "error"]
    assert result.exit_code == 1
    assert finding["element_id"] == "HandOut"
    assert finding["file"].endswith("loan.bpmn")
    assert isinstance(finding["line"], int)


def test_of_very_many_findings_the_foremost_are_printed_and_the_others_counted(folder):
    lost = "".join(f'<userTask id="t{number}" camunda:formKey="gone" />' for number in range(150))
    wrong = BPMN.replace("</process>", f"{lost}</process>")
    (folder / "loan.bpmn").write_text(wrong, encoding="utf-8")

    told = banjie("check", folder / "loan.bpmn")
    complete = json.loads(banjie("check", "--json", folder / "loan.bpmn").stdout)

    errors = sum(each["severity"] == "error" for each in complete)
    assert errors >= 300 and len(complete) > errors
    assert told.exit_code == 1
    assert told.output.count(": error [") == 200 and ": warning [" not in told.output
    assert f"and {len(complete) - 200} more" in told.output
    assert f"Errors: {errors}," in told.output


def test_a_file_that_is_not_there_is_wrong_usage(folder):
    assert banjie("check", folder / "none.bpmn").exit_code == 2


# ---- play


def test_where_there_is_nothing_to_check_nothing_is_called_right(folder):
    (folder / "complaint.bpmn.xml").write_text("<definitions/>")
    (folder / "empty").mkdir()
    for name in ("complaint.bpmn.xml", "empty"):
        result = banjie("check", folder / name)
        assert (result.exit_code, result.stdout) == (2, "")
        assert name in result.stderr


def test_what_lies_beside_a_file_and_is_none_does_not_disturb(folder):
    (folder / "moved.bpmn").symlink_to(folder / "gone.bpmn")
    (folder / "folder.dmn").mkdir()
    assert banjie("check", folder).exit_code == 0


def test_journeys_that_go_as_written_end_well(folder):
    result = banjie("play", folder / "loan.toml", "--processes", folder)

    assert result.exit_code == 0
    assert result.output == "ok      loan.toml: chased after a day\n1 passed, 0 failed.\n"


def test_a_journey_that_fails_is_told_and_written_as_junit(folder):
    (folder / "loan.toml").write_text(FILE.replace('wait = "PT24H"', 'wait = "PT25H"'), encoding="utf-8")

    result = banjie("play", folder / "loan.toml", "--processes", folder, "--junit", folder / "out.xml")

    assert result.exit_code == 1
    assert "FAILED  loan.toml: chased after a day" in result.output
    assert 'line 15, step 9: open = ["Return"]' in result.output
    assert 'expected: ["Return"]' in result.output
    assert 'found:    ["Chase", "Return"]' in result.output
    suite = ElementTree.parse(folder / "out.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    assert suite.find(".//testcase/failure") is not None


def test_a_journey_file_that_cannot_be_read_is_wrong_usage(folder):
    (folder / "loan.toml").write_text(FILE.replace("open = []", "opened = []"), encoding="utf-8")

    result = banjie("play", folder / "loan.toml", "--processes", folder)

    assert result.exit_code == 2
    assert "loan.toml, line 20: “opened” is not known here." in result.output


def test_what_keeps_journeys_from_being_played_is_an_error_in_the_junit_file(folder):
    (folder / "loan.toml").write_text(FILE.replace("open = []", "opened = []"), encoding="utf-8")

    banjie("play", folder / "loan.toml", "--processes", folder, "--junit", folder / "made" / "out.xml")

    suites = ElementTree.parse(folder / "made" / "out.xml").getroot()
    assert (suites.get("tests"), suites.get("errors")) == ("1", "1")
    told = suites.find(".//testcase/error")
    assert told is not None and told.get("message") == "loan.toml, line 20: “opened” is not known here."


def test_a_junit_file_that_cannot_be_written_is_told_in_a_line(folder):
    result = banjie(
        "play", folder / "loan.toml", "--processes", folder, "--junit", folder / "loan.toml" / "out.xml"
    )

    assert result.exit_code == 2
    assert "ok      loan.toml" in result.output and "cannot be written" in result.output


def test_a_folder_without_journeys_is_not_taken_for_one_whose_journeys_went_well(folder):
    (folder / "empty").mkdir()

    result = banjie("play", folder / "empty", "--processes", folder)

    assert result.exit_code == 2
    assert "no journey file" in result.output


# ---- decide


@pytest.mark.parametrize("amount", ["35000.01", '"35000.01"'])
def test_a_decision_is_printed_with_every_digit(folder, amount):
    result = banjie("decide", folder / "tier.dmn", "--decision", "tier", "--input", f'{{"cost": {amount}}}')

    assert result.exit_code == 0
    assert result.stdout == '{"tier": "general", "rest": 35000.00}\n'
    assert json.loads(result.stdout, parse_float=Decimal)["rest"] == Decimal("35000")


def test_a_table_that_collects_gives_lists(folder):
    result = banjie("decide", folder / "tier.dmn", "--decision", "advisors", "--input", '{"crime": true}')

    assert result.stdout == '{"advisors": ["police", "lawyer"]}\n'


def test_where_no_rule_fits_the_outputs_are_null(folder):
    result = banjie("decide", folder / "tier.dmn", "--decision", "tier", "--input", '{"cost": 55000}')

    assert (result.exit_code, result.stdout) == (0, '{"tier": null, "rest": null}\n')


@pytest.mark.parametrize(
    ("decision", "given", "told"),
    [
        ("tier", '{"cost": NaN}', "NaN"),
        ("tier", '{"cost": "much"}', "much"),
        ("tier", '{"cost": 1', "JSON"),
        ("tier", "[1]", "object"),
        ("tier", "[" * 100_000, "JSON"),
        ("tiers", "{}", "tier, advisors"),
    ],
)
def test_a_decision_that_cannot_be_made_says_why(folder, decision, given, told):
    result = banjie("decide", folder / "tier.dmn", "--decision", decision, "--input", given)

    assert (result.exit_code, result.stdout) == (1, "")
    assert told in result.stderr


# ---- the installation


def settings(folder: Path) -> dict[str, str]:
    return {
        "BANJIE_DATABASE_URL": f"sqlite:///{folder / 'banjie.sqlite'}",
        "BANJIE_SECRET_KEY": "0123456789abcdef",
        "BANJIE_PROCESSES": str(folder),
        "BANJIE_FILES": str(folder / "files"),
    }


@pytest.mark.parametrize("missing", ["BANJIE_DATABASE_URL", "BANJIE_SECRET_KEY"])
def test_without_its_settings_the_program_does_not_start(folder, missing):
    environment = {**settings(folder), missing: ""}

    result = banjie("migrate", env=environment)

    assert result.exit_code == 2
    assert result.stderr == f"The setting {missing} is missing; the program does not start.\n"


def test_a_demo_that_cannot_keep_its_data_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "var").write_text("a file where the folder should be")

    result = banjie("--demo", "worker", "--once")

    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "var cannot be written" in result.stderr


def test_the_demo_says_that_it_does_not_use_the_database_of_the_settings(
    folder, tmp_path_factory, monkeypatch
):
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))

    told = banjie("--demo", "migrate", env=settings(folder))

    assert told.exit_code == 0
    assert "BANJIE_DATABASE_URL" in told.stderr
    assert Path("var/banjie.sqlite").exists() and not (folder / "banjie.sqlite").exists()


@pytest.mark.parametrize(
    "arguments", [["create-user", "ada", "--full-name", "\udcff", "--password", "correct horse"],
                  ["create-user", "ada", "--full-name", "Ada", "--password", "correct horse \udcff"], ["deploy", "."]]
)  # fmt: skip
def test_what_no_command_can_take_is_wrong_usage(folder, arguments):
    environment = settings(folder)
    banjie("migrate", env=environment)

    told = banjie(*arguments, env=environment)

    assert (told.exit_code, told.stdout) == (2, "")


def test_a_folder_of_processes_that_is_not_there_is_named(folder):
    environment = {**settings(folder), "BANJIE_PROCESSES": str(folder / "gone")}
    banjie("migrate", env=environment)

    told = banjie("deploy", env=environment)

    assert told.exit_code == 2
    assert f"{folder / 'gone'}" in told.stderr


def test_a_database_that_cannot_be_written_is_told_in_one_line(folder):
    environment = settings(folder)
    banjie("migrate", env=environment)
    read_only = {
        **environment,
        "BANJIE_DATABASE_URL": f"sqlite:///file:{folder}/banjie.sqlite?mode=ro&uri=true",
    }

    told = banjie("create-user", "ada", "--full-name", "Ada", "--password", "correct horse", env=read_only)

    assert told.exit_code == 1
    assert "readonly" in told.stderr and told.stderr.count("\n") == 1


def test_a_new_installation_gets_its_tables_definitions_and_people(folder):
    environment = settings(folder)
    (folder / "organisation.toml").write_text(
        '[[group]]\nkey = "front_desk"\nname_zh = "前台"\nname_en = "Front desk"\n'
        '[[group]]\nkey = "butler"\nname_zh = "管家"\nname_en = "Butlers"\n',
        encoding="utf-8",
    )

    assert banjie("migrate", env=environment).exit_code == 0
    deployed = banjie("deploy", env=environment)
    again = banjie("deploy", env=environment)
    added = banjie(
        "create-user",
        "ada",
        "--full-name",
        "Ada",
        "--group",
        "front_desk",
        "--password",
        "correct horse",
        env=environment,
    )
    taken = banjie("create-user", "ada", "--full-name", "Ada", "--password", "correct horse", env=environment)
    worked = banjie("worker", "--once", env=environment)

    assert "new: process loan, version 1" in deployed.output
    assert again.output == "Everything was deployed before.\n"
    assert added.exit_code == 0
    assert (taken.exit_code, taken.stderr) == (1, "The login name “ada” is taken.\n")
    assert "0 timers fired" in worked.output


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("nonsense", "should look like"),
        ("oracle+nothing://x", "should look like"),
        ("postgresql://u:p@127.0.0.1:port/x", "should look like"),
        ("postgresql://u:p@127.0.0.1:1/x", "refused"),
        ("sqlite:////no/such/folder/x.db", "unable to open"),
        ("sqlite:///{folder}/loan.bpmn", "not a database"),
        ("sqlite:///{folder}/new.db", "Run banjie migrate first"),
    ],
)
def test_a_database_that_cannot_be_used_is_told_in_one_line(folder, address, told):
    environment = {**settings(folder), "BANJIE_DATABASE_URL": address.format(folder=folder)}
    for command in (
        ["worker", "--once"],
        ["deploy"],
        ["create-user", "ada", "--full-name", "Ada", "--password", "p" * 9],
    ):
        result = banjie(*command, env=environment)

        assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
        assert told in result.stderr


def test_a_database_of_a_newer_program_is_worked_with_but_not_migrated(folder):
    environment = settings(folder)
    banjie("migrate", env=environment)
    with sqlite3.connect(folder / "banjie.sqlite") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()

    migrated = banjie("migrate", env=environment)

    assert (migrated.exit_code, migrated.stderr.count("\n")) == (2, 1)
    assert "newer version" in migrated.stderr
    assert banjie("worker", "--once", env=environment).exit_code == 0


def test_every_command_explains_itself():
    for name in commands.commands:
        result = banjie(name, "--help")

        assert result.exit_code == 0
        assert len(result.output.splitlines()) > 4
