"""Moving out: the money to the fen, the registers afterwards, and what changes on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from engine import clock, journey_records, journeys, ledger, queries, registers, tables
from engine.errors import InvalidForm
from engine.journey_files import Journey
from engine.registers import records
from tests.desk import Desk
from tests.processes.played import journey

WHOLE = journey("move_out.toml", "从申请到归档")
MISSED = journey("move_out.toml", "错过时段")
RETURNED = journey("move_out.toml", "经理退回押金退还单")
TENANT = ledger.Party("A-1201", "KH-2027-00001")


def until(journey: Journey, element_id: str) -> Journey:
    """Return the journey up to this task, the passing of time included."""
    number = next(i for i, step in enumerate(journey.steps) if step.keys.get("task") == element_id)
    return replace(journey, steps=journey.steps[:number])


class Office:
    """A journey that can be left for other work, and taken up again."""

    def __init__(self, desk: Desk, journey: Journey) -> None:
        self.desk, self.journey = desk, journey
        self.clock = clock.MovedClock(journey.at)
        with clock.moved(self.clock), desk.database.unit_of_work() as uow:
            journey_records.prepare(uow, journey)
        self.run = journeys.Run(desk.database, self.clock, journey)

    def play(self) -> int:
        with clock.moved(self.clock):
            assert self.run.play() is None
        assert self.run.instance_id is not None
        return self.run.instance_id

    def charge(self, amount: str, item: str = "other_fee") -> None:
        """Charge the tenant from outside the case."""
        with clock.moved(self.clock), self.desk.database.unit_of_work() as uow:
            ledger.charge(uow, TENANT, [ledger.Charge(item, amount, "outside")], ledger.Author(None, None))

    def complete(self, element: str, by: str, **values: object) -> None:
        with clock.moved(self.clock):
            self.desk.complete(element, by, **values)

    def standing(self) -> ledger.Standing:
        with self.desk.database.reading() as uow:
            return ledger.standing(uow, TENANT)


def test_afterwards_nothing_is_held_and_nothing_is_owed(office: Desk) -> None:
    """What went out is what was held less what was owed, line by line."""
    moving = Office(office, WHOLE)

    moving.play()

    lines = office.rows(tables.ledger_entry, kind="deposit_refunded")
    assert {line.item: -line.amount for line in lines} == {
        "property_fee_guarantee": Decimal("6650.00"),  # 7,200 less 350 damage, 150 restoration, 50 for a card
        "rent_deposit": Decimal("36000.00"),
        "pass_deposit": Decimal("10.00"),
    }
    assert all(line.instance_id and line.user_name for line in lines)
    standing = moving.standing()
    assert standing.receivable == 0 and not standing.deposits


@pytest.mark.parametrize(
    ("register", "number", "status"),
    [
        ("key", "YS-000001", "in"),
        ("key", "YS-000002", "lost"),
        ("pass", "ZJZ-2027-00001", "returned"),
        ("parking", "B2-031", "free"),
        ("nameplate", "MP-2027-0001", "removed"),
        ("lease", "ZL-2027-00001", "ended"),
        ("unit", "A-1201", "vacant"),
    ],
)
def test_the_registers_say_so(office: Desk, register: str, number: str, status: str) -> None:
    Office(office, WHOLE).play()

    with office.database.reading() as uow:
        found = records.find(uow, registers.register(uow, register), number)
    assert found is not None and found.values["status"] == status


def test_a_key_that_came_back_is_a_key_of_an_empty_unit(office: Desk) -> None:
    Office(office, WHOLE).play()

    with office.database.reading() as uow:
        found = records.find(uow, registers.register(uow, "key"), "YS-000001")
    assert found is not None
    assert (found.values["category"], found.values["customer"], found.values["receiver"]) == (
        "vacant",
        None,
        None,
    )


def test_goods_stay_when_something_new_is_owed_after_the_slot_was_missed(office: Desk) -> None:
    moving = Office(office, until(MISSED, "Reschedule"))
    moving.play()
    moving.charge("80.00")

    moving.complete(
        "Reschedule", "front_desk", removal_begins="2027-02-28T10:00", removal_route="goods_lift_loading"
    )
    assert "PayArrears" in office.open() and "GateCheck" not in office.open()

    moving.complete("PayArrears", "finance", arrears_received="80.00", payment_method="cash")
    assert "GateCheck" in office.open()


def test_what_changes_before_the_payment_is_worked_out_anew(office: Desk) -> None:
    """A charge between preparing and approving: finance prepares again, nobody pays the old amount."""
    moving = Office(office, until(RETURNED, "ApproveRefund"))
    moving.play()
    moving.charge("100.00")

    moving.complete("ApproveRefund", "cs_manager", refund_approved=True, approver_signature="赵敏")

    assert office.open() == ["Prepare"]
    assert office.rows(tables.ledger_entry, kind="deposit_refunded") == []
    moving.complete(
        "Prepare", "finance", receipts_collected=True, payee="远航", payee_bank="工行", payee_account="6222"
    )
    moving.complete("ApproveRefund", "cs_manager", refund_approved=True, approver_signature="赵敏")
    with pytest.raises(InvalidForm) as old:
        moving.complete("PayRefund", "finance", refund_paid="43210.00")
    with pytest.raises(InvalidForm) as new:
        moving.complete("PayRefund", "finance", refund_paid="43110.00")
    assert (set(old.value.errors), set(new.value.errors)) == (
        {"refund_paid", "refund_proof"},
        {"refund_proof"},
    )


def state_of(moving: Office, number: int) -> tuple[str, str]:
    """Return what the code of the nth goods release slip says now, and how it is told."""
    slips = [row for row in moving.desk.rows(tables.paper) if row.number.startswith("FXT-")]
    with clock.moved(moving.clock), moving.desk.database.reading() as uow:
        found = queries.check_paper(uow, slips[number].token)
    assert found is not None
    return found.state, found.words.en if found.words else ""


def test_the_gate_sees_when_a_release_slip_is_good(office: Desk) -> None:
    moving = Office(office, until(WHOLE, "GateCheck"))
    moving.play()
    assert state_of(moving, 0) == ("valid", "")
    moving.clock.move_to(moving.clock() - timedelta(hours=3))
    assert state_of(moving, 0) == ("not_yet", "")
    moving.clock.move_to(moving.clock() + timedelta(hours=24))
    assert state_of(moving, 0) == ("expired", "")


def test_the_gate_sees_that_a_release_slip_was_used(office: Desk) -> None:
    moving = Office(office, WHOLE)

    moving.play()

    assert state_of(moving, 0) == ("void", "Used: the goods have left")


def test_a_slip_whose_slot_was_missed_is_void_and_the_new_one_is_not(office: Desk) -> None:
    moving = Office(office, until(MISSED, "Reschedule"))
    moving.play()
    assert state_of(moving, 0) == ("void", "Void: the slot was missed")

    moving.complete(
        "Reschedule", "front_desk", removal_begins="2027-02-28T10:00", removal_route="goods_lift_loading"
    )

    assert [state_of(moving, number)[0] for number in (0, 1)] == ["superseded", "not_yet"]


CREDIT = journey("move_out.toml", "多收的先抵损坏赔偿")


def test_what_was_paid_too_much_goes_back_once_and_no_item_is_left_open(office: Desk) -> None:
    moving = Office(office, CREDIT)

    moving.play()

    paid = office.rows(tables.ledger_entry, kind="credit_refunded")
    assert {line.item: line.amount for line in paid} == {"rent": Decimal("21311.78")}
    assert not moving.standing().owed and not moving.standing().deposits
    slip = next(row for row in office.rows(tables.paper) if row.number.startswith("YJJS-"))
    assert "21,311.78" in slip.html and "64,521.78" in slip.html
    statement = next(row for row in office.rows(tables.paper) if row.number.startswith("QCJS-"))
    assert "多收，随押金退还" in statement.html and "21,811.78" in statement.html


def test_a_charge_after_the_approval_lessens_what_goes_back_and_is_approved_anew(office: Desk) -> None:
    moving = Office(office, until(CREDIT, "ApproveRefund"))
    moving.play()
    moving.charge("100.00")

    moving.complete("ApproveRefund", "cs_manager", refund_approved=True, approver_signature="赵敏")

    assert office.open() == ["Prepare"]
    assert office.rows(tables.ledger_entry, kind="credit_refunded") == []
