"""The figures of complaints: the handbook's tallies, rates and targets."""

from __future__ import annotations

from datetime import date, timedelta

from engine import clock, queries
from tests.desk import MONDAY, Desk
from tests.processes.played import journey, play, until

SATISFIED = journey("complaint.toml", "从受理到满意办结")


def test_the_month_of_complaints_is_counted_as_the_handbook_asks(office: Desk) -> None:
    """REV-03, REV-05, REV-06, KPI-01, KPI-02, KPI-05, KPI-06: one satisfied, one not visited yet."""
    closed = play(office.database, SATISFIED, MONDAY)
    play(office.database, until("ReturnVisit", SATISFIED), MONDAY)

    with clock.moved(clock.MovedClock(MONDAY + timedelta(days=20))):
        page = office.look(queries.figures_of, "complaint", by="quality_manager")
        cases = office.look(queries.counted_cases, "complaint", by="cs_supervisor")

    assert (page.span.first, page.span.last) == (date(2026, 2, 28), date(2026, 3, 27))
    assert {rate.name.zh: (rate.number, rate.of, rate.standing) for rate in page.rates} == {
        "投诉有效率": (2, 2, ""),
        "投诉处理率": (2, 2, "reached"),
        "处理及时率": (2, 2, ""),
        "投诉处理回访率": (1, 2, "below_target"),
        "客户满意率": (1, 1, "reached"),
    }
    by = {tally.variable: {line.label.zh: line.number for line in tally.lines} for tally in page.tallies}
    assert sum(by["statistic_item"].values()) == 2
    assert set(by["statistic_item"]) == {"工程维修"}
    assert by["department"] == {"工程部": 2}
    assert by["severity"] == {"一般": 2}
    assert (by["repeat_complaint"], by["key_customer"]) == (
        {"否": 1, "是": 1},
        {"否": 2},
    )  # the second is a repeat
    shown = next(case for case in cases.items if case.instance_id == closed)
    assert shown.started_by is not None
    assert shown.customer
    values = {cases.columns[name].zh: value for name, value in shown.values.items()}
    assert {"统计项目", "责任部门", "处理人", "处理结果", "办结方式", "对处理结果满意"} <= set(values)
