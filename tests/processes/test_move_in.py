"""The tables of move-in: amounts to the fen, slots outside office hours."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.bpmn import decision_files
from engine.bpmn.functions import functions
from engine.business_calendar import BusinessCalendar

PROCESSES = Path(__file__).parents[2] / "processes"
ZONE = ZoneInfo("Asia/Shanghai")
CALENDAR = BusinessCalendar(ZONE, time(8, 30), time(17, 30), {}, frozenset())
FRIDAY, SATURDAY = date(2026, 3, 6), date(2026, 3, 7)
CONTRACT = {
    "monthly_rent": Decimal("0.01"),
    "monthly_fee": Decimal("0.01"),
    "payment_months": 1,
    "area": Decimal("33.33"),
    "first_day": date(2026, 12, 31),
    "charged_until": date(2027, 1, 30),
    "lease_number": "ZL-2026-00001",
    "case_number": "RZ-20261231-0001",
}


def decide(file_name: str, key: str, **variables: Any) -> Any:
    tables = {
        table.key: table for table in decision_files.read((PROCESSES / file_name).read_bytes(), file_name)
    }
    now = datetime(2026, 3, 2, 10, tzinfo=ZONE)
    return tables[key].evaluate(variables, functions(now, ZONE, CALENDAR)).value


def charges(template: str, **changed: Any) -> dict[str, tuple[Decimal, str]]:
    lines = decide("move_in_fees.dmn", "move_in_fees", **{**CONTRACT, "template": template, **changed})
    return {line["item"]: (line["amount"], line["period"]) for line in lines}


def test_an_office_pays_three_months_of_each_and_its_first_period() -> None:
    assert charges("leased_office") == {
        "rent_deposit": (Decimal("0.03"), "ZL-2026-00001"),
        "property_fee_guarantee": (Decimal("0.03"), "ZL-2026-00001"),
        "rent": (Decimal("0.01"), "2026-12-31/2027-01-30"),
        "property_fee": (Decimal("0.01"), "2026-12-31/2027-01-30"),
    }


def test_a_flat_pays_by_its_area_and_no_rent() -> None:
    found = charges(
        "residential", lease_number=None, first_day=date(2026, 1, 31), charged_until=date(2026, 2, 27)
    )

    assert found == {
        "property_fee": (Decimal("0.01"), "2026-01-31/2026-02-27"),
        "air_conditioning": (Decimal("199.98"), "RZ-20261231-0001"),
        "prepaid_property_fee": (Decimal("0.03"), "RZ-20261231-0001"),
        "utility_deposit": (Decimal(500), "RZ-20261231-0001"),
        "maintenance_fund": (Decimal("666.60"), "RZ-20261231-0001"),
    }


@pytest.mark.parametrize(("key", "day"), [("workday_slots", FRIDAY), ("restday_slots", SATURDAY)])
def test_no_slot_of_the_tables_touches_office_hours(key: str, day: date) -> None:
    hours = int(decide("move_in_limits.dmn", "move_in_limits")["slot_hours"])
    slots = decide("move_in_limits.dmn", key)

    assert slots
    for slot in slots:
        begins = datetime.combine(day, time.fromisoformat(slot["value"]), ZONE)
        ends = begins + timedelta(hours=hours)
        assert not CALENDAR.has_office_hours(begins, ends)
        assert slot["label"] == slot["labelEn"] == f"{begins:%H:%M}–{ends:%H:%M}"


@pytest.mark.parametrize(
    ("template", "decorated", "needed"),
    [
        ("leased_office", False, True),
        ("leased_office", True, True),
        ("residential", True, True),
        ("residential", False, False),
    ],
)
def test_when_the_fire_acceptance_is_needed(template: str, decorated: bool, needed: bool) -> None:
    rule = decide("move_in_limits.dmn", "fire_acceptance_rule", template=template, decorated=decorated)

    assert rule == {"fire_needed": needed}
