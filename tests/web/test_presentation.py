from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from flask import Flask

from engine.clock import MovedClock
from engine.texts import Text
from web import presentation


@pytest.fixture
def chinese(app: Flask, moment: MovedClock) -> Iterator[None]:
    with app.test_request_context():
        yield


@pytest.fixture
def english(app: Flask, moment: MovedClock) -> Iterator[None]:
    with app.test_request_context(headers={"Cookie": "language=en"}):
        yield


def test_instants_are_shown_in_the_centres_zone(chinese):
    assert presentation.instant(datetime(2026, 3, 5, 16, 30, tzinfo=UTC)) == "3月6日 00:30"
    assert presentation.instant(datetime(2025, 12, 31, 15, 59, tzinfo=UTC)) == "2025年12月31日 23:59"
    assert presentation.instant(None) == "—"


def test_a_limit_at_the_end_of_a_day_names_that_day(chinese):
    assert presentation.deadline(datetime(2026, 3, 4, 16, 0, tzinfo=UTC)) == "3月4日 24:00"
    assert presentation.deadline(datetime(2026, 3, 4, 15, 59, tzinfo=UTC)) == "3月4日 23:59"


def test_instants_are_shown_in_english(english):
    assert presentation.instant(datetime(2026, 3, 5, 16, 30, tzinfo=UTC)) == "6 Mar 00:30"
    assert presentation.day(date(2027, 1, 2)) == "2 Jan 2027"


def test_distances_are_told(chinese, moment):
    assert presentation.relative(moment() + timedelta(hours=3)) == "3小时后"
    assert presentation.relative(moment() - timedelta(minutes=12)) == "12分钟前"


def test_how_long_something_has_lasted_is_told(chinese, moment):
    assert presentation.lasting(moment() - timedelta(hours=3)) == "3小时"


def test_a_task_is_overdue_only_after_its_time(chinese, moment):
    assert presentation.urgency(moment() - timedelta(seconds=1)) == "overdue"
    assert presentation.urgency(moment()) == "soon"
    assert presentation.urgency(moment() + timedelta(hours=2)) == "soon"
    assert presentation.urgency(moment() + timedelta(hours=2, seconds=1)) == ""
    assert presentation.urgency(None) == ""


@pytest.mark.parametrize(
    ("value", "shown"),
    [(True, "是"), (False, "否"), (None, "—"), ("", "—"), ([], "—"), (Decimal("36000.50"), "36,000.50"), (7, "7"),
     (date(2026, 3, 5), "3月5日"), (time(9, 5), "09:05"), (["甲", "<i>"], "甲<br>&lt;i&gt;"), (Text("好", "good"), "好"),
     ({"a": 1}, "a：1"), ({"a": ["甲", "乙"], "b": 2}, "a：甲、乙；b：2"),
     ([{Text("类别", "Kind"): Text("长期", "lasting")}], "类别：长期")],
)  # fmt: skip
def test_values_are_shown_in_words(chinese, value, shown):
    assert presentation.value(value) == shown


def test_guidance_keeps_its_paragraphs_and_lists_and_nothing_else(chinese):
    text = "先问候。\n再问。\n\n- <script>alert(1)</script>\n- 记录\n  全部"
    assert presentation.prose(text) == (
        "<p>先问候。<br>再问。</p><ul><li>&lt;script&gt;alert(1)&lt;/script&gt;</li><li>记录 全部</li></ul>"
    )


def test_sizes_are_told_as_people_say_them(chinese):
    assert [presentation.file_size(size) for size in (12, 345_000, 2_345_000)] == ["12 B", "345 KB", "2.3 MB"]
