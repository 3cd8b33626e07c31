"""An instance holds so much and no more."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bpmn.activities import MOST_ROUNDS
from engine.bpmn.tokens import LARGEST_STATE
from engine.bpmn.variables import size_of, to_json
from engine.errors import ExpressionFailed
from tests.engine.bpmn.bpmn_text import (
    Story,
    element,
    end,
    flows,
    gateway,
    many,
    process,
    script,
    start,
    sub,
    user,
)


def half_full() -> str:
    """Return a text of which an instance holds one, and not two."""
    return "x" * (LARGEST_STATE * 6 // 10)


def test_what_would_be_too_much_is_refused_and_nothing_of_it_is_kept() -> None:
    story = Story(process(start() + user("a", "b") + end("e"), "s > a > b > e"))
    story.do("a", first=half_full())
    before = story.now.dump()

    with pytest.raises(ExpressionFailed, match="would hold too much"):
        story.do("b", second=half_full())

    assert story.now.dump() == before
    assert len(story.do("b", first=half_full()).variables["first"]) == len(half_full())  # in its place


def test_a_start_with_too_much_is_refused() -> None:
    with pytest.raises(ExpressionFailed):
        Story(process(start() + user("a"), "s > a"), one=half_full(), other=half_full())


def test_a_script_that_goes_on_growing_ends_as_an_incident() -> None:
    elements = start() + script("grow", "n = n + 1\nheap = append(heap, text)") + end("e")
    elements += gateway("exclusive", "again", default="again_e")
    text = "y" * 40_000
    story = Story(process(elements, "s > grow > again > e; again > grow : n < 1000"), n=0, heap=[], text=text)

    assert story.incidents == ["grow"]
    assert LARGEST_STATE * 0.9 < len(story.now.dump()) < LARGEST_STATE * 1.1
    assert "2 million" in story.now.incidents[0].message.en


def test_a_value_that_is_only_replaced_takes_its_room_once() -> None:
    elements = start() + script("turn", "n = n + 1\nbig = upper(big)") + end("e")
    elements += gateway("exclusive", "again", default="again_e")
    story = Story(
        process(elements, "s > turn > again > e; again > turn : n < 300"), n=0, big="z" * 90_000
    )  # 27 million characters in all, one after the other

    assert story.now.is_ended


@pytest.mark.parametrize("sequential", [True, False])
def test_a_collection_of_very_many_items_is_an_incident(sequential: bool) -> None:
    each = many(collection="${items}", elementVariable="item", sequential=sequential)
    text = process(start() + user("a", inside=each) + end("e"), "s > a > e")

    assert Story(text, items=list(range(MOST_ROUNDS + 1))).incidents == ["a"]
    assert len(Story(text, items=list(range(MOST_ROUNDS))).tasks) == (1 if sequential else MOST_ROUNDS)


def test_items_that_are_too_large_together_begin_no_instance() -> None:
    each = many(collection="${[big, big, big, big, big]}", elementVariable="item")
    story = Story(process(start() + user("a", inside=each), "s > a"), big="x" * (LARGEST_STATE // 5))

    assert (story.incidents, story.tasks) == (["a"], [])


def test_instances_within_instances_are_counted() -> None:
    each = many(collection="${items}", elementVariable="item")
    inner = start("s2") + user("a", inside=each) + end("e2") + flows("s2 > a > e2")
    story = Story(process(start() + sub("x", each + inner), "s > x"), items=list(range(120)))

    assert set(story.incidents) == {"a"}
    assert len(story.now.dump()) < LARGEST_STATE * 1.5


def test_what_comes_back_from_a_called_process_is_counted() -> None:
    grow = process(start() + script("fill", "b = a\nc = a") + end("e"), "s > fill > e", id="Q")
    call = element(
        "callActivity", "call",
        '<bpmn:extensionElements><camunda:in source="a" target="a"/><camunda:out source="b" target="b"/>'
        "</bpmn:extensionElements>", calledElement="Q",
    )  # fmt: skip
    story = Story([process(start() + call + end("e"), "s > call > e"), grow], a="x" * (LARGEST_STATE // 3))

    assert story.incidents == ["fill"]


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=50) | st.decimals(allow_nan=False, allow_infinity=False)
    | st.dates() | st.datetimes(timezones=st.just(UTC)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=10), inner),
))  # fmt: skip
def test_the_size_of_a_value_is_about_that_of_its_json(value: Any) -> None:
    written = len(to_json(value))

    assert written / 10 - 10 <= size_of(value) <= written * 4 + 100
