"""What differs between two versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.comparing import compare
from tests.engine.diagrams import amount, end, form, process, start, table, task, text

PROCESSES = Path(__file__).parents[2] / "processes"
BEFORE = process("lend", start("asked"), task("Hand", "front_desk", labelEn="Hand out"), end(),
                 flows=["Begin Hand", "Hand Done"])  # fmt: skip


def told(file_name: str, old: str, new: str, decision: str | None = None) -> list[tuple[str, ...]]:
    """Return the differences as short tuples."""
    return [
        (one.change, one.element_id, one.name, one.what, one.old, one.new)
        for one in compare(file_name, old, new, decision)
    ]


def test_of_a_diagram_names_groups_and_properties_are_told_with_their_element() -> None:
    after = BEFORE.replace('value="Hand out"', 'value="Give"').replace(
        'candidateGroups="front_desk"', 'candidateGroups="cs_manager"'
    )

    assert told("lend.bpmn", BEFORE, after) == [
        ("changed", "Hand", "Hand", "candidateGroups", "front_desk", "cs_manager"),
        ("changed", "Hand", "Hand", "labelEn", "Hand out", "Give"),
    ]


def test_of_a_diagram_new_and_removed_elements_and_conditions_are_told() -> None:
    after = process("lend", start("asked"), task("Give", "front_desk"), end(),
                    flows=["Begin Give ${amount > 5}", "Give Done"])  # fmt: skip

    differences = told("lend.bpmn", BEFORE, after)

    assert ("added", "Give", "Give", "", "", "") in differences
    assert ("removed", "Hand", "Hand", "", "", "") in differences
    assert ("changed", "Flow0", "", "conditionExpression", "", "${amount > 5}") in differences


def test_where_things_are_drawn_does_not_matter() -> None:
    source = (PROCESSES / "complaint.bpmn").read_text(encoding="utf-8")
    moved = source.replace('<dc:Bounds x="1', '<dc:Bounds x="2')

    assert moved != source
    assert told("complaint.bpmn", source, moved) == []


def test_of_a_table_the_cell_is_told_with_its_row_and_column() -> None:
    before = table("limit", "amount", [("> 35000", '"high"'), ("", '"low"')])
    after = table("limit", "amount", [("> 30000", '"high"'), ("", '"low"')])

    assert told("limit.dmn", before, after, "limit") == [
        ("changed", "Rule0", "#1", "Input", "> 35000", "> 30000")
    ]
    longer = table("limit", "amount", [("> 35000", '"high"'), ("", '"low"'), ("< 0", '"odd"')])
    assert told("limit.dmn", before, longer) == [
        ("added", "Rule2", "#3", "", "", 'Input: < 0; answer: "odd"')
    ]


def test_only_the_decision_that_was_changed_differs() -> None:
    source = (PROCESSES / "time_limits.dmn").read_text(encoding="utf-8")
    at = source.index("<text>12</text>", source.index('decision id="handling_limits"'))
    changed = source[:at] + source[at:].replace("<text>12</text>", "<text>8</text>", 1)

    assert [one[4:] for one in told("time_limits.dmn", source, changed, "handling_limits")] == [("12", "8")]
    assert told("time_limits.dmn", source, changed, "closure") == []


def test_of_a_form_fields_and_what_they_ask_are_told() -> None:
    before = form("told", text("customer"), amount("sum"))
    after = form("told", text("customer", required=True), text("note"))

    assert told("told.form", before, after) == [
        ("changed", "customer", "customer", "validate.required", "", "true"),
        ("added", "note", "note", "", "", ""),
        ("removed", "sum", "sum", "", "", ""),
    ]


@pytest.mark.parametrize("name", ["registers.toml", "receipt.html", "broken.bpmn", "broken.form"])
def test_anything_else_is_compared_by_its_lines(name: str) -> None:
    assert told(name, "a\nb\nc", "a\nB\nc\nd") == [
        ("changed", "2", "", "", "b", "B"),
        ("added", "4", "", "", "", "d"),
    ]


@pytest.mark.parametrize(
    "path",
    [*sorted(PROCESSES.glob("*.bpmn")), *sorted(PROCESSES.glob("*.dmn")), *sorted(PROCESSES.glob("forms/*.form"))],
    ids=lambda path: path.name,
)  # fmt: skip
def test_nothing_differs_from_itself(path: Path) -> None:
    source = path.read_text(encoding="utf-8")

    assert told(path.name, source, source) == []
