"""The decision tables answer the handbook's boundary cases, and one changed cell changes the rule."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from lxml import etree

from engine.bpmn import decision_files, expressions
from engine.business_calendar import BusinessCalendar

PROCESSES = Path(__file__).parents[2] / "processes"
SHANGHAI = ZoneInfo("Asia/Shanghai")
CALENDAR = BusinessCalendar(SHANGHAI, time(8, 30), time(18), {}, frozenset())

CONSUMER, POLICE, LAWYER, BY_CONVENER = "consumer_association", "police", "lawyer", "by_convener"


def functions(day: str = "2026-03-02") -> dict[str, Callable[..., Any]]:
    now = datetime.combine(date.fromisoformat(day), time(10), SHANGHAI).astimezone(UTC)
    return expressions.functions(now, SHANGHAI, CALENDAR)


def decide(
    file_name: str,
    key: str,
    given: Mapping[str, Any],
    *,
    on: str = "2026-03-02",
    change: tuple[str, str] | None = None,
) -> Any:
    """Return what the decision answers; ``change`` is one cell's old and new text."""
    source = (PROCESSES / file_name).read_text(encoding="utf-8")
    if change:
        old, new = (f"<text>{cell}</text>" for cell in change)
        assert source.count(old) == 1, f"{change[0]} is not one cell"
        source = source.replace(old, new)
    table = next(each for each in decision_files.read(source, file_name) if each.key == key)
    return table.evaluate(given, functions(on)).value


def review(
    cost: str | None,
    claim: str | None,
    flags: Mapping[str, Any] = {},
    *,
    change: tuple[str, str] | None = None,
) -> Any:
    amounts = {"handling_cost": cost, "claim_amount": claim}
    given = {name: Decimal(value) for name, value in amounts.items() if value is not None}
    return decide("advisor_review.dmn", "advisor_review", {"valid": True, **given, **flags}, change=change)


def tier(cost: str, *, reviewed: bool | None = None, change: tuple[str, str] | None = None) -> Any:
    given: dict[str, Any] = {"handling_cost": Decimal(cost)}
    if reviewed is not None:
        given["advisor_review"] = reviewed
    return decide("approval_tier.dmn", "approval_tier", given, change=change)["approval_tier"]


@pytest.mark.parametrize(
    ("case", "cost", "claim", "flags", "advisors", "approval_tier"),
    [
        ("BND-01", "35000.00", "40000", {}, [], "general"),
        ("BND-02", "35000.01", "40000", {}, [CONSUMER], "general"),
        ("BND-03", "49999.99", "50000", {}, [CONSUMER], "general"),
        ("BND-04", "50000.00", "50000", {}, [CONSUMER], "major"),
        ("BND-05", "10000", "19999.99", {}, [], "general"),
        ("BND-06", "10000", "20000", {}, [CONSUMER], "general"),
        ("BND-07", "0", "1000", {}, [CONSUMER], "general"),
        ("BND-08", "5000", "5000", {"organised_crime": True}, [POLICE], "general"),
        ("BND-09", "5000", "5000", {"high_legal_risk": True}, [LAWYER], "general"),
        ("BND-09", "5000", "5000", {"legal_route": True}, [LAWYER], "general"),
        ("BND-10", "5000", "5000", {"no_room_for_talk": True}, [BY_CONVENER], "general"),
        ("BND-12", "80000", "200000", {"organised_crime": True}, [CONSUMER, POLICE], "major"),
        ("BND-25", "0", "0", {}, [], "none"),
    ],
)
def test_boundary_case(
    case: str, cost: str, claim: str, flags: dict[str, bool], advisors: list[str], approval_tier: str
) -> None:
    assert review(cost, claim, flags) == {"advisor_review": bool(advisors), "advisors": advisors}, case
    assert tier(cost, reviewed=bool(advisors)) == approval_tier, case


def test_an_invalid_complaint_goes_to_nobody() -> None:
    everything = dict.fromkeys(("organised_crime", "irrational", "high_legal_risk", "no_room_for_talk"), True)

    assert review("60000", "200000", {"valid": False, **everything}) == {
        "advisor_review": False,
        "advisors": [],
    }


def test_every_type_is_named_once_in_a_fixed_order() -> None:
    flags = ("organised_crime", "irrational", "high_legal_risk", "legal_route", "no_room_for_talk")

    answer = review("36000", "90000", dict.fromkeys(flags, True))

    assert answer["advisors"] == [CONSUMER, POLICE, LAWYER, BY_CONVENER]


def test_an_irrational_complaint_goes_to_the_police() -> None:
    assert review("100", "100", {"irrational": True})["advisors"] == [POLICE]


def test_what_is_not_given_counts_as_no() -> None:
    no = {"advisor_review": False, "advisors": []}

    assert review(None, None) == no
    assert review("100", None) == no
    assert review("100", "100", {"organised_crime": None, "legal_route": None}) == no
    assert decide("advisor_review.dmn", "advisor_review", {"handling_cost": Decimal("60000")}) == no


def test_amounts_may_come_as_text() -> None:
    given = {"valid": True, "handling_cost": "35000.01", "claim_amount": "1"}

    answer = decide("advisor_review.dmn", "advisor_review", given)

    assert answer == {"advisor_review": True, "advisors": [CONSUMER]}


@pytest.mark.parametrize(
    ("change", "cost", "claim", "before", "after"),
    [
        (("&gt; 35000", "&gt; 30000"), "30000.01", "30000.01", False, True),
        (("&gt; 35000", "&gt; 40000"), "36000", "36000", True, False),
        (("&gt;= 1", "&gt;= 0.5"), "10000", "15000", False, True),
        (("&gt;= 1", "&gt;= 2"), "10000", "29999.99", True, False),
    ],
)
def test_one_cell_moves_the_limit_of_the_review(
    change: tuple[str, str], cost: str, claim: str, before: bool, after: bool
) -> None:
    assert review(cost, claim)["advisor_review"] is before
    assert review(cost, claim, change=change)["advisor_review"] is after


def test_the_advisor_review_can_be_switched_off() -> None:
    source = (PROCESSES / "advisor_review.dmn").read_text(encoding="utf-8")
    switch = '<outputEntry id="advisor_parameters_1_out1">\n          <text>true</text>'
    assert source.count(switch) == 1
    tables = decision_files.read(
        source.replace(switch, switch.replace("true", "false")), "advisor_review.dmn"
    )
    table = next(each for each in tables if each.key == "advisor_review")

    answer = table.evaluate({"valid": True, "handling_cost": Decimal(90000)}, functions())

    assert answer.value == {"advisor_review": False, "advisors": []}


def test_one_cell_moves_the_limit_of_the_major_review() -> None:
    assert tier("49999.99") == "general"
    assert tier("49999.99", change=("&gt;= 50000", "&gt;= 40000")) == "major"


@pytest.mark.parametrize(
    ("granted", "cost", "advisors", "approval"),
    [
        ("30000", "5000", [], "general"),
        ("30000", "5000.01", [CONSUMER], "general"),
        ("30000", "19999.99", [CONSUMER], "general"),
        ("30000", "20000", [CONSUMER], "major"),
        ("60000", "0", [], "none"),
    ],
)
def test_what_was_granted_for_the_same_cause_counts_towards_the_limits(
    granted: str, cost: str, advisors: list[str], approval: str
) -> None:
    """GAP-34: the sum is tested, so that an amount is not split; a plan without cost adds nothing up."""
    given = {"valid": True, "handling_cost": Decimal(cost), "granted_same_cause": Decimal(granted)}

    assert decide("advisor_review.dmn", "advisor_review", given)["advisors"] == advisors
    assert decide("approval_tier.dmn", "approval_tier", given) == {"approval_tier": approval}


def test_no_cost_and_no_review_need_no_approval() -> None:
    assert tier("0", reviewed=False) == tier("0") == "none"
    assert tier("0", reviewed=True) == "general"
    assert tier("0.01", reviewed=False) == "general"


@pytest.mark.parametrize(
    ("approval_tier", "nature", "finance", "cost"),
    [
        ("general", "cash", True, False),
        ("general", "works", False, True),
        ("general", "mixed", True, True),
        ("general", None, True, True),
        ("major", "cash", False, False),
        ("major", "mixed", False, False),
    ],
)
def test_finance_checks_cash_and_cost_checks_works(
    approval_tier: str, nature: str | None, finance: bool, cost: bool
) -> None:
    given = {"approval_tier": approval_tier, "cost_nature": nature}

    answer = decide("approval_steps.dmn", "approval_steps", given)

    assert answer == {"finance_step": finance, "cost_step": cost}


def test_a_switch_adds_the_finance_step_to_the_major_review() -> None:
    source = (PROCESSES / "approval_steps.dmn").read_text(encoding="utf-8")
    switch = '<outputEntry id="approval_parameters_1_out1">\n          <text>false</text>'
    assert source.count(switch) == 1
    tables = decision_files.read(
        source.replace(switch, switch.replace("false", "true")), "approval_steps.dmn"
    )
    steps = next(each for each in tables if each.key == "approval_steps")

    answer = steps.evaluate({"approval_tier": "major", "cost_nature": "works"}, functions())

    assert answer.value == {"finance_step": False, "cost_step": True}


def test_the_tier_names_the_decision_level() -> None:
    def approver(report_tier: str) -> Any:
        return decide("approval_steps.dmn", "decision_level", {"report_tier": report_tier})["report_approver"]

    assert approver("general") == "deputy_gm"
    assert approver("major") == "board_leader"


def names(options: str, on: str) -> list[str]:
    answer = decide("advisor_appointments.dmn", "advisor_appointments", {}, on=on)
    return [option["value"] for option in answer[options]]


def test_an_appointment_counts_from_its_first_day_to_its_last() -> None:
    assert names("lawyer_options", "2026-02-28") == ["沈明哲"]
    assert names("lawyer_options", "2026-03-01") == ["沈明哲", "陆文静"]
    assert "马德胜" in names("consumer_options", "2025-12-31")
    assert "马德胜" not in names("consumer_options", "2026-01-01")


def test_an_appointment_that_is_switched_off_cannot_be_chosen() -> None:
    assert names("police_options", "2026-06-01") == ["韩卫东"]


@pytest.mark.parametrize(
    ("advisors", "present", "complete"),
    [
        ([CONSUMER], (1, 0, 0), True),
        ([CONSUMER], (0, 1, 1), False),
        ([CONSUMER, POLICE], (1, 0, 0), False),
        ([CONSUMER, POLICE], (1, 1, 0), True),
        ([LAWYER], (0, 0, 2), True),
        ([BY_CONVENER], (0, 0, 0), False),
        ([BY_CONVENER], (0, 1, 0), True),
        ([BY_CONVENER, LAWYER], (1, 0, 0), False),
        ([], (0, 0, 0), False),
    ],
)
def test_a_meeting_needs_each_type_that_was_triggered(
    advisors: list[str], present: tuple[int, int, int], complete: bool
) -> None:
    counts = dict(zip(("consumer_count", "police_count", "lawyer_count"), present, strict=True))

    missing = decide("advisor_appointments.dmn", "advisor_quorum", {"advisors": advisors, **counts})

    assert (missing == []) is complete


@pytest.mark.parametrize("kind", ["advisors_consumer", "advisors_police", "advisors_lawyer"])
def test_every_appointment_says_on_what_basis_a_fee_is_paid(kind: str) -> None:
    tree = etree.parse(PROCESSES / "advisor_appointments.dmn")
    table = next(each for each in tree.iter("{*}decision") if each.get("id") == kind)
    outputs = [each.get("name") for each in table.iter("{*}output")]

    for rule in table.iter("{*}rule"):
        said = dict(
            zip(outputs, (each.findtext("{*}text") for each in rule.iter("{*}outputEntry")), strict=True)
        )
        assert said["fee_basis"].strip('" '), rule.get("id")


def test_a_type_that_is_switched_off_is_not_missed() -> None:
    source = (PROCESSES / "advisor_appointments.dmn").read_text(encoding="utf-8")
    switch = '<inputEntry id="quorum_police_in1">\n          <text>true</text>'
    assert source.count(switch) == 1
    tables = decision_files.read(source.replace(switch, switch.replace("true", "false")))
    quorum = next(each for each in tables if each.key == "advisor_quorum")
    given = {"advisors": [CONSUMER, POLICE], "consumer_count": 1, "police_count": 0, "lawyer_count": 0}

    assert quorum.evaluate(given, functions()).value == []


def warranty(item: str, reported_on: str, **given: Any) -> Any:
    values = {
        "item": item,
        "warranty_start": date(2024, 3, 1),
        "reported_on": date.fromisoformat(reported_on),
        "owner_modified": False,
        **given,
    }
    return decide("warranty.dmn", "warranty", values)


@pytest.mark.parametrize(
    ("item", "last_day", "rule"),
    [
        ("waterproofing", "2029-03-01", "WAR-02"),
        ("pipes_conduits", "2026-03-01", "WAR-05"),
        ("plaster", "2025-03-01", "WAR-06"),
        ("floor", "2025-03-01", "WAR-07"),
        ("doors_windows", "2025-03-01", "WAR-08"),
        ("pipe_blockage", "2024-05-01", "WAR-09"),
        ("sanitary_ware", "2025-03-01", "WAR-10"),
        ("lamps_switches", "2024-09-01", "WAR-11"),
    ],
)
def test_repairs_are_free_up_to_the_last_day_of_the_warranty(item: str, last_day: str, rule: str) -> None:
    last = date.fromisoformat(last_day)
    day_after = date.fromordinal(last.toordinal() + 1).isoformat()

    inside, after = warranty(item, last_day), warranty(item, day_after)

    assert (inside["free"], inside["until"]) == (True, last)
    assert inside["basis"].startswith(rule)
    assert (after["free"], after["until"]) == (False, last)


def test_the_main_structure_is_covered_for_the_life_of_the_building() -> None:
    assert warranty("main_structure", "2060-01-01")["free"] is True


@pytest.mark.parametrize(("seasons", "free"), [(0, True), (1, True), (2, False)])
def test_heating_and_cooling_are_covered_for_two_seasons(seasons: int, free: bool) -> None:
    assert warranty("heating_cooling", "2026-01-01", seasons_elapsed=seasons)["free"] is free


def test_what_the_owner_changed_is_not_covered() -> None:
    answer = warranty("sanitary_ware", "2024-03-02", owner_modified=True)

    assert answer["free"] is False
    assert answer["basis"].startswith("WAR-12")


def test_the_contract_of_the_unit_prevails() -> None:
    longer = warranty("plaster", "2026-02-28", contract_months=24)
    shorter = warranty("plaster", "2024-10-01", contract_months=6)

    assert (longer["free"], longer["until"]) == (True, date(2026, 3, 1))
    assert (shorter["free"], shorter["until"]) == (False, date(2024, 9, 1))


def test_anything_else_is_not_repaired_free_of_charge() -> None:
    assert warranty("garden_furniture", "2024-03-02")["free"] is False
