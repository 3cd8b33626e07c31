"""The process owners' page tells what the program does."""

from __future__ import annotations

import re
from pathlib import Path

from engine.bpmn import expressions
from engine.bpmn.content_checks import PROPERTIES
from engine.bpmn.decisions import AGGREGATIONS, SEVERAL_HITS, SINGLE_HIT

PAGE = (Path(__file__).parents[3] / "docs" / "process-owners.md").read_text(encoding="utf-8")


def test_the_page_lists_every_function_as_it_is() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \| `(.+)` \|$", PAGE, re.MULTILINE)

    listed = {name: (chinese, english, usage) for name, chinese, english, usage in rows}

    assert listed == {name: (one.zh, one.en, one.usage) for name, one in expressions.FUNCTIONS.items()}


def test_the_page_names_every_property_and_hit_policy() -> None:
    for name in (*PROPERTIES, *SINGLE_HIT, *SEVERAL_HITS, *AGGREGATIONS):
        assert name in PAGE


def test_every_expression_written_on_the_page_can_be_compiled() -> None:
    written = [text for text in re.findall(r"`([$]\{[^`]+\})`", PAGE) if "…" not in text]

    assert len(written) > 5
    for text in written:
        expressions.compile(text)
