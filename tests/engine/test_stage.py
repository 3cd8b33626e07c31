"""Files that are tried out before they are deployed."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine import stage
from engine.cli import commands
from engine.errors import InvalidInput

MALFORMED = [b"[[group]", b"group = 3", b"[[group]]\nkey = 'a b'", b"\xff\xfe", b"a = " + b"[" * 5000,
             b"[[group]]\nkey='a'\nname_zh='a'\nname_en='a'\ncapabilities=[2026-01-01]"]  # fmt: skip


@pytest.mark.parametrize("content", MALFORMED, ids=range(len(MALFORMED)))
def test_what_is_wrong_with_the_organisation_is_told_of_the_users_own_file(content: bytes) -> None:
    for look in (stage.check, stage.Stage):
        with pytest.raises(InvalidInput) as refused:
            look({"organisation.toml": content})
        for told in (refused.value.message.zh, refused.value.message.en):
            assert "organisation.toml" in told
            assert tempfile.gettempdir() not in told


def test_what_is_wrong_with_the_people_of_the_demo_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as refused:
        stage.Stage({"demo/people.toml": b"[[person"})

    assert "demo/people.toml" in refused.value.message.en


def test_a_check_names_the_organisation_as_it_lies_beside_the_diagram(tmp_path: Path) -> None:
    (tmp_path / "organisation.toml").write_text("[[group")
    (tmp_path / "a.form").write_text("{}")

    result = CliRunner().invoke(commands, ["--lang", "en", "check", str(tmp_path)])

    assert result.exit_code == 1
    assert "organisation.toml cannot be read" in result.stderr
    assert result.stderr.count("\n") == 1 and "Traceback" not in result.output
