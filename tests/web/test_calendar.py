from __future__ import annotations

import re
from datetime import date

import pytest

from engine.office_calendar import business_calendar


def _cell(page: str, month: int, day: int) -> str:
    """The cell of one day: its classes, then its text."""
    table = page.split("<table")[month]
    found = re.search(rf'<td class="([^"]*)"[^>]*>{day}(?:<b[^>]*>(.*?)</b>)?</td>', table)
    return f"{found[1]} {found[2] or ''}"


def test_a_year_shows_working_days_holidays_and_make_up_days(iris):
    page = iris.get("/calendar/2026").text
    assert page.count("<table") == 12
    assert "day-works" in _cell(page, 3, 2)
    assert "day-today" in _cell(page, 3, 2)
    assert "day-free" in _cell(page, 3, 1)
    assert _cell(page, 10, 1) == "day-free 休"
    assert "班" in _cell(page, 2, 14), "a Saturday that makes up for the Spring Festival"
    assert "暂定" not in page


def test_the_calendar_opens_with_this_year_in_the_readers_language(iris):
    assert "日历 2026" in iris.get("/calendar/").text
    iris.post("/language", {"language": "en", "back": "/"})
    page = iris.get("/calendar/").text
    assert "Calendar 2026" in page and "February" in page


def test_a_year_without_its_notice_is_provisional_until_it_was_entered(iris):
    page = iris.get("/calendar/2031").text
    assert "暂定" in page and "2031 年的放假通知还没有录入" in page
    assert iris.post("/calendar/2031/announced", {"announced": "1"}).status_code == 303
    page = iris.get("/calendar/2031").text
    assert "暂定" not in page and "官方通知由 依兰 录入" in page
    assert "2031 年的官方通知已录入" in page
    iris.post("/calendar/2031/announced", {"announced": "0"})
    assert "暂定" in iris.get("/calendar/2031").text


def test_exceptions_are_entered_and_taken_away(iris, database):
    days = {"first_day": "2026-03-05", "last_day": "2026-03-06", "means": "free", "note": "搬<家>"}
    assert iris.post("/calendar/2026/days", days).location == "/calendar/2026"
    page = iris.get("/calendar/2026").text
    assert "day-free day-entered" in _cell(page, 3, 5) and "day-free day-entered" in _cell(page, 3, 6)
    assert "搬&lt;家&gt;" in page and "2026-03-05 定为休息日" in page
    with database.reading() as uow:
        assert business_calendar(uow).add_working_days(date(2026, 3, 4), 1) == date(2026, 3, 9)

    iris.post("/calendar/2026/days", {"first_day": "2026-03-07", "means": "working"})
    assert "班" in _cell(iris.get("/calendar/2026").text, 3, 7)
    iris.post("/calendar/2026/days", {"first_day": "2026-03-05", "means": "usual"})
    page = iris.get("/calendar/2026").text
    assert _cell(page, 3, 5).strip() == "day-works"
    assert "取消 2026-03-05 的例外" in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"first_day": ""},
        {"first_day": "tomorrow"},
        {"last_day": "2026-03-01"},
        {"last_day": "2026-12-31"},
        {"first_day": "9999-12-31", "last_day": ""},
        {"means": "perhaps"},
        {"means": ""},
    ],
)
def test_impossible_days_are_told_and_what_was_typed_stays(iris, wrong):
    days = {"first_day": "2026-03-05", "last_day": "2026-03-06", "means": "free", "note": "搬家"}
    answer = iris.post("/calendar/2026/days", days | wrong)
    assert answer.status_code == 422
    assert "data-refused" in answer.text
    assert 'value="搬家"' in answer.text
    assert "没有例外" in iris.get("/calendar/2026").text


def test_everybody_may_look_and_administrators_alone_change(ada, iris):
    page = ada.get("/calendar/2026")
    assert page.status_code == 200
    assert "录入例外" not in page.text
    assert ada.post("/calendar/2026/days", {"first_day": "2026-03-05", "means": "free"}).status_code == 403
    assert ada.post("/calendar/2031/announced", {"announced": "1"}).status_code == 403
    assert "没有例外" in iris.get("/calendar/2026").text


def test_a_year_that_is_none(iris):
    assert iris.get("/calendar/1066").status_code == 422
    assert iris.get("/calendar/99999999999999999999").status_code == 404
    assert iris.post("/calendar/1066/announced", {"announced": "1"}).status_code == 422
