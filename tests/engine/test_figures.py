"""Figures: what is counted, and for whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import openpyxl
import pytest

from engine import clock, definitions, figures, queries, runtime
from engine.errors import InvalidDefinition, InvalidInput, NotFound
from engine.figures import Span
from engine.texts import Text
from tests.desk import Desk
from tests.engine.diagrams import end, form, process, script, start, task, text

Deploy = Callable[[Mapping[str, str]], None]

COMPLAIN = process(
    "complain", start("told"),
    task("Answer", "front_desk", form="answered", attributes='camunda:dueDate="${hours(2)}"'), end(),
    flows=["Begin Answer", "Answer Done"], caseCustomer="${customer}",
    searchable="kind, happy, customer", visibleTo="cs_manager",
)  # fmt: skip
KINDS = {
    "type": "select", "id": "Field_kind", "key": "kind", "label": "类别", "properties": {"labelEn": "Kind", "option.noise": "Noise"},
    "values": [{"label": "噪音", "value": "noise"}, {"label": "漏水", "value": "leak"}],
}  # fmt: skip
HAPPY = {"type": "checkbox", "id": "Field_happy", "key": "happy", "label": "满意"}
SHEET = """
[[sheet]]
process = "complain"
last_day = 27
count_by = ["kind"]
columns = ["happy"]

  [[sheet.rate]]
  key = "happy"
  name_zh = "满意率"
  name_en = "Happy"
  of = { happy = "*" }
  share = { happy = true }
  floor = 50
  target = 90
"""
FILES = {
    "complain.bpmn": COMPLAIN,
    "told.form": form("told", KINDS, text("customer")),
    "answered.form": form("answered", HAPPY),
    "figures.toml": SHEET,
}


@pytest.fixture
def complaints(deploy: Deploy, desk: Desk, moved_clock: clock.MovedClock) -> Desk:
    """Two answered complaints and one that waits, on 2 March; one more waits since 28 March."""
    deploy(FILES)
    for happy in (True, False):
        desk.start("complain", kind="noise", customer="王")
        moved_clock.move_to(clock.now() + timedelta(hours=1 if happy else 3))
        desk.complete("Answer", "fang", happy=happy)
    desk.start("complain", kind="leak", customer="李")
    moved_clock.move_to(clock.now() + timedelta(days=26))
    desk.start("complain", by="feng", customer="=1+1")
    return desk


MARCH = {"first": date(2026, 2, 28), "last": date(2026, 3, 27)}


def march(desk: Desk, by: str = "zhu") -> queries.FigurePage:
    """Return the figures of March."""
    page: queries.FigurePage = desk.look(queries.figures_of, "complain", by=by, **MARCH)
    return page


def test_a_month_counts_the_cases_that_began_in_it(complaints: Desk) -> None:
    page = march(complaints)

    assert (page.begun, page.ended, page.running, page.overdue, page.cancelled) == (3, 2, 1, 1, 0)
    assert page.median == timedelta(hours=2)
    assert [(line.value, line.label, line.number, line.percent) for line in page.tallies[0].lines] == [
        ("noise", Text("噪音", "Noise"), 2, Decimal("66.7")), ("leak", Text("漏水", "漏水"), 1, Decimal("33.3")),
    ]  # fmt: skip
    assert page.tallies[0].label == Text("类别", "Kind")


def test_without_days_the_present_month_is_counted_up_to_its_last_day(complaints: Desk) -> None:
    page = complaints.look(queries.figures_of, "complain", by="zhu")

    assert (page.span, page.this_month) == (Span(date(2026, 3, 28), date(2026, 4, 27)), (2026, 4))
    assert page.begun == 1
    assert [line.label.en for line in page.tallies[0].lines] == ["(not yet)"]
    assert [(month.month, month.begun, month.ended) for month in page.months[-2:]] == [(3, 3, 2), (4, 1, 0)]


def test_a_rate_says_how_it_stands_beside_what_is_wanted(complaints: Desk) -> None:
    rate = march(complaints).rates[0]

    assert (rate.number, rate.of, rate.percent, rate.standing) == (1, 2, Decimal("50.0"), "below_target")


def test_steps_tell_what_was_late_and_what_is(complaints: Desk) -> None:
    step = march(complaints).steps[0]

    assert (step.done, step.timed, step.in_time, step.late, step.open, step.overdue) == (2, 2, 1, 1, 1, 1)


def test_done_at_the_very_limit_is_in_time(deploy: Deploy, desk: Desk, moved_clock: clock.MovedClock) -> None:
    deploy(FILES)
    desk.start("complain", kind="noise", customer="王")
    moved_clock.move_to(clock.now() + timedelta(hours=2))
    desk.complete("Answer", "fang", happy=True)

    assert desk.look(queries.figures_of, "complain", by="zhu").steps[0].late == 0


def test_the_cases_behind_a_number(complaints: Desk) -> None:
    def numbers(**more: Any) -> list[str]:
        found = complaints.look(queries.counted_cases, "complain", by="zhu", **MARCH, **more)
        return [case.customer for case in found.items]

    assert numbers() == ["王", "王", "李"]
    assert numbers(where=("kind", "noise")) == ["王", "王"]
    assert numbers(where=("kind", "")) == []
    first = complaints.look(queries.counted_cases, "complain", by="zhu", **MARCH, limit=2)
    assert numbers(after=first.next_after) == ["李"]
    assert first.items[0].values == {"happy": Text("是", "yes")}
    with pytest.raises(NotFound):
        numbers(where=("customer", "王"))


def test_who_sees_every_case_sees_the_figures_and_nobody_else(complaints: Desk) -> None:
    def offered(by: str) -> list[str]:
        return [head.process_key for head in complaints.look(queries.figures_offered, by=by)]

    assert offered("zhu") == offered("jing") == ["complain"]
    assert march(complaints, by="jing").begun == 3
    assert offered("fang") == offered("gong") == offered("guan") == []
    for look in (queries.figures_of, queries.counted_cases):
        with pytest.raises(NotFound):
            complaints.look(look, "complain", by="fang")


@pytest.mark.parametrize(
    "days",
    [{"first": date(2026, 3, 2), "last": date(2026, 3, 1)}, {"first": date(2020, 1, 1), "last": date(2026, 1, 1)}],
)  # fmt: skip
def test_impossible_days_are_refused(complaints: Desk, days: dict[str, date]) -> None:
    with pytest.raises(InvalidInput):
        complaints.look(queries.figures_of, "complain", by="zhu", **days)


def test_the_workbook_holds_the_figures_and_the_cases(complaints: Desk) -> None:
    target = BytesIO()
    complaints.look(queries.export_figures, "complain", by="zhu", target=target)

    book = openpyxl.load_workbook(target)
    assert book.sheetnames == ["概况", "分类", "各步骤", "各月", "案件"]
    rows = [[cell.value for cell in row] for row in book["案件"].iter_rows()]
    assert rows[0] == ["案号", "发起时间", "发起人", "客户", "房号", "状态", "办结时间", "满意"]
    assert rows[1][2:6] == ["冯丽", "=1+1", "", "办理中"]
    assert book["案件"]["D2"].data_type == "s"  # a name that looks like a formula is none


def test_what_a_script_computes_is_called_as_its_diagram_says(deploy: Deploy, desk: Desk) -> None:
    words = {
        "label.result": "结果",
        "labelEn.result": "Result",
        "label.result.fine": "没问题",
        "labelEn.result.fine": "Fine",
        "label.fee": "费用",
        "kind.fee": "amount",
    }
    judged = process(
        "judged", start(), script("Judge", 'result = "fine"\nfee = 12.5'), task("Answer", "front_desk"), end(),
        flows=["Begin Judge", "Judge Answer", "Answer Done"], searchable="result", visibleTo="cs_manager", **words,
    )  # fmt: skip
    deploy({"judged.bpmn": judged, "figures.toml": '[[sheet]]\nprocess = "judged"\ncount_by = ["result"]\n'})
    case = desk.start("judged")

    (tally,) = desk.look(queries.figures_of, "judged", by="zhu").tallies
    shown = desk.look(queries.case, case, by="zhu").variables

    assert (tally.label, tally.lines[0].label) == (Text("结果", "Result"), Text("没问题", "Fine"))
    assert [(one.label, one.value) for one in shown if one.name == "fee"] == [
        (Text("费用", "费用"), queries.Quantity(Text("12.50", "12.50")))
    ]


def test_a_process_without_a_sheet_is_counted_all_the_same(repair: Desk) -> None:
    repair.start(what="灯坏了")

    page = repair.look(queries.figures_of, "repair", by="zhu")

    assert (page.begun, page.rates, page.tallies) == (1, (), ())


# ---- months ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("month", "last_day", "first", "last"),
    [
        ((2026, 3), 27, date(2026, 2, 28), date(2026, 3, 27)),
        ((2026, 1), 27, date(2025, 12, 28), date(2026, 1, 27)),
        ((2024, 3), 28, date(2024, 2, 29), date(2024, 3, 28)),
        ((2026, 3), 28, date(2026, 3, 1), date(2026, 3, 28)),
        ((2026, 12), None, date(2026, 12, 1), date(2026, 12, 31)),
        ((2026, 2), None, date(2026, 2, 1), date(2026, 2, 28)),
    ],
)
def test_the_days_of_a_month(month: tuple[int, int], last_day: int | None, first: date, last: date) -> None:
    assert figures.span_of_month(*month, last_day) == Span(first, last)


@pytest.mark.parametrize("last_day", [None, 1, 15, 27, 28])
def test_every_day_is_in_exactly_the_month_that_it_is_counted_in(last_day: int | None) -> None:
    for number in range(800):
        day = date(2024, 1, 1) + timedelta(days=number)
        months = figures.months_until(day, 3, last_day)
        assert [day in figures.span_of_month(*month, last_day) for month in months] == [False, False, True]


# ---- the file ----------------------------------------------------------------------------------------------


def refused(deploy: Deploy, sheet: str, **files: str) -> list[str]:
    """Return the codes of what is wrong with these files."""
    with pytest.raises(InvalidDefinition) as refusal:
        deploy({**FILES, **files, "figures.toml": sheet})
    errors = [finding for finding in refusal.value.findings if finding.severity == "error"]
    return [f"{error.code} {error.element_id} {error.line}" for error in errors]


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ('"complain"', '"nothing"', ["unknown-process nothing 3"]),
        ('["kind"]', '["kind", "mood"]', ["not-countable mood 5"]),
        ("happy = true", "mood = true", ["not-countable mood 13"]),
        ("last_day = 27", "last_day = 31", ["toml-shape complain 3"]),
        ("floor = 50", "floor = 500", ["toml-shape complain.happy 9"]),
        ("target = 90", "goal = 90", ["toml-shape goal 15"]),
        ('happy = "*"', 'status = "open"', ["toml-shape complain.happy 9"]),
        ("[[sheet]]", "[[sheet", ["toml-syntax None 2"]),
    ],
)
def test_what_is_wrong_with_a_sheet_is_told_with_its_line(
    deploy: Deploy, old: str, new: str, wrong: list[str]
) -> None:
    assert refused(deploy, SHEET.replace(old, new, 1)) == wrong


def test_what_not_everybody_may_see_is_not_counted(deploy: Deploy) -> None:
    hidden = process(
        "complain", start("told"), task("Answer", "front_desk", form="answered"), end(),
        flows=["Begin Answer", "Answer Done"], searchable="kind, happy", restricted="kind",
    )  # fmt: skip

    assert refused(deploy, SHEET, **{"complain.bpmn": hidden}) == ["not-countable kind 5"]


def test_a_diagram_that_takes_a_counted_variable_away_is_warned_of_and_the_page_goes_on(
    complaints: Desk, people: Callable[[str], Any]
) -> None:
    poorer, owner = COMPLAIN.replace("kind, happy, customer", "happy, customer"), people("pan")
    with complaints.database.unit_of_work() as uow:
        deployed = definitions.deploy(uow, {"complain.bpmn": poorer.encode()}, by=owner, reason="less")

    assert [finding.code for finding in deployed[0].warnings] == ["not-countable"]
    assert march(complaints).tallies == ()
    assert len(march(complaints).rates) == 1


def test_a_cancelled_case_is_counted_as_such(complaints: Desk) -> None:
    case = complaints.start("complain", customer="赵")
    complaints.do(runtime.cancel_instance, case, "登记错了", by="jing")

    page = complaints.look(queries.figures_of, "complain", by="zhu")

    assert (page.begun, page.running, page.cancelled) == (2, 1, 1)
