"""The README names the settings and the commands that there are."""

import re
from pathlib import Path

from web.cli import commands

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_setting_has_its_line():
    read = set(
        re.findall(r"BANJIE_[A-Z_]*[A-Z]", (ROOT / "engine" / "settings.py").read_text(encoding="utf-8"))
    )
    told = {
        name
        for line in README.splitlines()
        if line.startswith("| `BANJIE_")
        for name in re.findall(r"BANJIE_[A-Z_]+", line.split("|")[1])
    }

    assert told == read | {"BANJIE_LANG"}


def test_every_command_has_its_line():
    told = set(re.findall(r"^\| `([a-z-]+)", README, re.MULTILINE))

    assert told == set(commands.commands)
