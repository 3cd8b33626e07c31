"""What other complaints of the same customer change: the sum of their grants, and the repeat mark."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from engine import clock, queries
from engine.journey_files import Journey
from tests.desk import MONDAY, Desk
from tests.processes.played import journey, play, until

#: A complaint from intake to closed, with 36,000 yuan paid.
PAID = journey("complaint_money.toml", "36,000 元的投诉")


def because_of(cause: str) -> Journey:
    """The same complaint of the same customer, for another cause."""
    steps = [
        replace(step, keys={**step.keys, "values": {**step.keys["values"], "cause": cause}})
        if step.keys.get("task") == "Investigate"
        else step
        for step in PAID.steps
    ]
    return replace(PAID, steps=tuple(steps))


def shown_to_approver(office: Desk, approver: str, element_id: str, at: datetime) -> object:
    """Return what the approver's form shows as granted in the last 12 months."""
    with clock.moved(clock.MovedClock(at)):
        page = office.look(queries.task, office.task(element_id), by=approver)
    return page.sheet.known["granted_12_months"] if page.sheet else None


def test_approvers_see_what_the_same_customer_was_granted_in_twelve_months(
    office: Desk,
) -> None:
    """GAP-34: small grants that follow each other are added up before the eyes of whoever approves."""
    play(office.database, PAID, MONDAY)

    play(office.database, until("ApproveManager", because_of("service")), MONDAY)

    assert shown_to_approver(office, "cs_manager", "ApproveManager", MONDAY) == Decimal("36000")


def test_two_grants_are_added_up(office: Desk) -> None:
    play(office.database, PAID, MONDAY)
    play(office.database, because_of("management"), MONDAY)

    play(office.database, until("ApproveDeputy", because_of("service")), MONDAY)

    assert shown_to_approver(office, "deputy_gm", "ApproveDeputy", MONDAY) == Decimal("72000")


def test_what_was_granted_for_the_same_cause_is_added_before_the_threshold_test(office: Desk) -> None:
    """GAP-34: 36,000 after 36,000 for the same cause is approved as 72,000 would be."""
    play(office.database, PAID, MONDAY)

    case = play(office.database, until("ApproveReport", PAID), MONDAY)

    known = office.variables(case)
    assert (known["granted_same_cause"], known["handling_cost"]) == (Decimal("36000"), Decimal("36000"))
    assert known["approval_tier"] == "major"


@pytest.mark.parametrize(
    ("customer", "later"),
    [({"customer_phone": "13912345678"}, timedelta(0)), ({}, timedelta(days=366))],
    ids=["another customer", "after more than a year"],
)
def test_other_grants_are_not_added(office: Desk, customer: dict[str, str], later: timedelta) -> None:
    play(office.database, PAID, MONDAY)

    case = play(office.database, until("RegisterOwner", PAID, **customer), MONDAY + later)

    assert office.variables(case)["granted_12_months"] == 0


@pytest.mark.parametrize(
    ("customer", "later", "repeated"),
    [
        ({}, timedelta(days=90), True),
        ({}, timedelta(days=91), False),
        ({"unit": "3 栋 2 单元 502"}, timedelta(days=1), False),
    ],
    ids=["on the 90th day", "later", "another unit"],
)
def test_a_second_complaint_of_the_unit_about_the_same_item_is_a_repeat(
    office: Desk,
    customer: dict[str, str],
    later: timedelta,
    repeated: bool,
) -> None:
    """CLS-10, GAP-10: the same unit and item within 90 days."""
    first = play(office.database, until("Investigate", PAID), MONDAY)

    second = play(office.database, until("Investigate", PAID, **customer), MONDAY + later)

    assert office.variables(first)["repeat_complaint"] is False
    assert office.variables(second)["repeat_complaint"] is repeated
