"""Process definitions: checking, deploying and finding versions."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from engine import definitions, runtime, tables
from engine.errors import InvalidDefinition, InvalidInput, NotFound, NotPermitted
from engine.identity import SYSTEM
from tests.desk import Desk
from tests.engine.diagrams import (
    REPAIR,
    REPAIR_FILES,
    amount,
    decision_task,
    end,
    form,
    process,
    start,
    table,
    task,
    text,
)

Deploy = Callable[[Mapping[str, str]], None]

PARENT = process(
    "parent", start(), '<bpmn:callActivity id="Call" name="Call" calledElement="child"/>', end(),
    flows=["Begin Call", "Call Done"],
)  # fmt: skip
CHILD = process("child", start(), task("Inner", "front_desk"), end(), flows=["Begin Inner", "Inner Done"])
CHILD_2 = process(
    "child", start(), task("Changed", "front_desk"), end(), flows=["Begin Changed", "Changed Done"]
)


def deployed(desk: Desk, files: Mapping[str, str], by: str = "pan", reason: str = "because") -> list[str]:
    """Deploy and return what got a new version."""
    contents = {name: source.encode() for name, source in files.items()}
    made = desk.do(definitions.deploy, contents, by=by, reason=reason)
    return [f"{one.version.key} {one.version.version}" for one in made if one.is_new]


def test_everything_in_an_upload_gets_a_version_with_its_reason(desk: Desk) -> None:
    assert deployed(desk, REPAIR_FILES, reason="first") == [
        "repair 1", "repair_handle 1", "repair_receive 1", "repair_start 1",
    ]  # fmt: skip

    row = desk.row(tables.definition, key="repair")
    assert (row.kind, row.origin, row.reason, row.deployed_by) == ("process", "page", "first", "pan")
    assert len(desk.rows(tables.history, kind="deployed")) == 4


def test_what_has_not_changed_gets_no_new_version(desk: Desk) -> None:
    deployed(desk, REPAIR_FILES)

    assert deployed(desk, {**REPAIR_FILES, "repair.bpmn": REPAIR + "\n"}) == ["repair 2"]


def test_only_process_owners_deploy_and_they_say_why(desk: Desk) -> None:
    with pytest.raises(NotPermitted):
        deployed(desk, REPAIR_FILES, by="guan")
    with pytest.raises(InvalidInput):
        deployed(desk, REPAIR_FILES, reason="  ")


def test_one_mistake_keeps_everything_out_and_all_are_told_at_once(desk: Desk) -> None:
    broken = process(
        "one", start(), task("A", "no_such_group", form="nowhere"), end(), flows=["Begin A", "A Done"]
    )
    with pytest.raises(InvalidDefinition) as refused:
        deployed(desk, {**REPAIR_FILES, "one.bpmn": broken, "two.form": "{"})

    assert {finding.file for finding in refused.value.findings} >= {"one.bpmn", "two.form"}
    assert desk.rows(tables.definition) == []


def test_a_called_process_may_come_in_the_same_upload_and_must_come_in_some(desk: Desk) -> None:
    with pytest.raises(InvalidDefinition):
        deployed(desk, {"parent.bpmn": PARENT})

    assert deployed(desk, {"parent.bpmn": PARENT, "child.bpmn": CHILD}) == ["child 1", "parent 1"]


def test_a_case_keeps_the_versions_it_started_with_of_called_processes_too(desk: Desk) -> None:
    owner_files = {"parent.bpmn": PARENT.replace("Begin Call", "Begin Call"), "child.bpmn": CHILD}
    first = process(
        "slow", start(), task("Wait", "front_desk"),
        '<bpmn:callActivity id="Call" name="Call" calledElement="child"/>', end(),
        flows=["Begin Wait", "Wait Call", "Call Done"],
    )  # fmt: skip
    deployed(desk, {**owner_files, "slow.bpmn": first})
    desk.start("slow")
    deployed(desk, {"child.bpmn": CHILD_2})

    desk.complete("Wait", by="fang")
    assert desk.open() == ["Inner"]
    desk.start("parent")
    assert desk.open() == ["Changed", "Inner"]


def test_a_table_alone_is_checked_with_the_processes_that_ask_it(desk: Desk) -> None:
    """A word without its quotes is a variable: nobody would tell the owner of the table that it has no value."""
    asking = process("asking", start("sum"), decision_task("Ask", "limit", "answer"), end(),
                     flows=["Begin Ask", "Ask Done"])  # fmt: skip
    files = {"asking.bpmn": asking, "sum.form": form("sum", amount("amount"))}
    deployed(desk, files | {"limit.dmn": table("limit", "amount", [("> 5", '"high"'), ("", '"low"')])})

    slip = table("limit", "amount", [("> 5", "high"), ("", '"low"')])
    with desk.database.reading() as uow:
        findings = definitions.check_files(uow, {"limit.dmn": slip.encode()})

    assert [(one.code, one.file, one.element_id) for one in findings] == [
        ("unknown-variable", "asking.bpmn", "Ask")
    ]
    assert "high" in findings[0].message.zh


def test_the_same_key_twice_in_an_upload_is_refused(desk: Desk) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        deployed(desk, {"a.form": form("f", text("x")), "b.form": form("f", text("y"))})

    assert "defined-twice" in {finding.code for finding in refused.value.findings}


def test_a_diagram_a_table_and_a_form_may_share_a_key(desk: Desk) -> None:
    files = {
        "child.bpmn": CHILD,
        "child.form": form("child", text("x")),
        "child.dmn": table("child", "x", [("-", '"a"')]),
    }

    assert deployed(desk, files) == ["child 1", "child 1", "child 1"]


def test_files_on_disk_are_deployed_once_and_never_over_a_version_from_the_page(
    desk: Desk, tmp_path: Path
) -> None:
    def set_up() -> list[str]:
        with desk.database.unit_of_work() as uow:
            made = definitions.deploy_folder(uow, tmp_path, SYSTEM)
        return [f"{one.version.key} {one.version.version}" for one in made if one.is_new]

    (tmp_path / "forms").mkdir()
    file = tmp_path / "forms" / "note.form"
    file.write_text(form("note", text("a")))
    assert set_up() == ["note 1"]
    assert deployed(desk, {"note.form": form("note", text("b"))}) == ["note 2"]
    assert set_up() == []  # the file was deployed before

    file.write_text(form("note", text("c")))  # a new release changes it
    assert set_up() == ["note 3"]
    assert desk.row(tables.definition).origin == "file"


def test_a_deployment_that_is_rolled_back_leaves_nothing_in_memory(desk: Desk) -> None:
    owner = desk.people("pan")
    with pytest.raises(RuntimeError), desk.database.unit_of_work() as uow:
        definitions.deploy(uow, {"n.form": form("n", text("a")).encode()}, by=owner, reason="x")
        assert definitions.latest(uow, "form", "n") is not None
        raise RuntimeError
    deployed(desk, {"n.form": form("n", text("other"))})

    with desk.database.reading() as uow:
        found = definitions.latest_form(uow, "n")
        assert found is not None and found[0].version == 1
        assert found[1].keys == {"other"}


def test_another_process_of_the_program_notices_a_new_version(desk: Desk) -> None:
    deployed(desk, {"n.form": form("n", text("a"))})
    with desk.database.reading() as uow:
        assert definitions.latest(uow, "form", "n") is not None
    deployed(desk, {"n.form": form("n", text("b"))})
    with desk.database.reading() as uow:
        found = definitions.latest(uow, "form", "n")
        assert found is not None and found.version == 2


def test_there_is_no_process_that_was_not_deployed(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.do(runtime.start_process, "nowhere", {}, by="fang")


# ---- uploads ---------------------------------------------------------------------------------------------


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return an archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def test_an_archive_is_unpacked_without_its_folders() -> None:
    content = zipped({"work/a.bpmn": b"1", "work/forms/b.form": b"2", "__MACOSX/work/._a.bpmn": b"x"})

    assert definitions.unpack([("all.zip", content), ("c.dmn", b"3")]) == {
        "a.bpmn": b"1", "b.form": b"2", "c.dmn": b"3",
    }  # fmt: skip


@pytest.mark.parametrize(
    "uploads",
    [
        [("a.exe", b"")],
        [("all.zip", b"no archive")],
        [("all.zip", zipped({"a.txt": b""}))],
        [("a.form", b"1"), ("all.zip", zipped({"x/a.form": b"2"}))],
        [("bomb.zip", zipped({f"{n}.form": b"\0" * 3_000_000 for n in range(8)}))],
        [("many.zip", zipped({f"{n}.form": b"" for n in range(201)}))],
        [("nested.zip", zipped({"inner.zip": zipped({"a.form": b"1"})}))],
    ],
    ids=["kind", "malformed", "kind inside", "twice", "bomb", "many", "nested"],
)
def test_an_upload_that_cannot_be_used_is_refused(uploads: list[tuple[str, bytes]]) -> None:
    with pytest.raises(InvalidInput):
        definitions.unpack(uploads)


def test_an_archive_that_lies_about_its_sizes_is_read_no_further_than_allowed() -> None:
    content = bytearray(zipped({"a.form": b"\0" * 30_000_000}))
    for at in (content.find(b"PK\x03\x04") + 22, content.find(b"PK\x01\x02") + 24):
        content[at : at + 4] = (100).to_bytes(4, "little")

    with pytest.raises(InvalidInput):
        definitions.unpack([("liar.zip", bytes(content))])
