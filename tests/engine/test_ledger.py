"""The ledger: charges, receipts, deposits, refunds, corrections; balances that are always the sum."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DatabaseError, OperationalError

from engine import ledger, queries, registers, runtime, tables
from engine.database import Database
from engine.errors import BanjieError, Conflict, ExpressionFailed, InvalidInput, NotFound, NotPermitted
from engine.ledger import Author, Charge, Party
from tests import desk as desks
from tests.engine import housing

HOME = Party("A-101", "KH-00001")
NOBODY = Author(None, None)


def furnish(database: Database, people) -> None:
    owner, receptionist = people("pan"), people("fang")
    with database.unit_of_work() as uow:
        desks.deploy_texts(uow, {"registers.toml": housing.REGISTERS}, owner)
        registers.add_by_hand(uow, "unit", {"code": "A-101"}, receptionist)
        registers.add_by_hand(uow, "unit", {"code": "A-102"}, receptionist)
        registers.add_by_hand(uow, "customer", {"name": "李雷"}, receptionist)


@pytest.fixture
def books(database, people, desk):
    """The desk, with a unit and a customer."""
    furnish(database, people)
    return desk


def do(desk, what, *arguments, **more):
    with desk.database.unit_of_work() as uow:
        return what(uow, *arguments, **more)


def stands(desk, party=HOME):
    with desk.database.reading() as uow:
        assert ledger.verify(uow) == []
        return ledger.standing(uow, party)


def charged(desk, *charges):
    return do(desk, ledger.charge, HOME, [Charge(*each) for each in charges], NOBODY)


@pytest.fixture
def deposit(books):
    """The desk, with 3,000 yuan held."""
    charged(books, ("rent_deposit", "3000", "ZL-1"))
    do(books, ledger.receive, HOME, NOBODY, amount="3000")
    return books


# ---- charges and receipts --------------------------------------------------------------------------------


def test_what_is_charged_is_owed_and_what_is_paid_for_a_deposit_is_held(books):
    total = charged(books, ("rent", "1000.10", "2026-03"), ("rent_deposit", "3000.30", "ZL-1"))
    receipt = do(books, ledger.receive, HOME, NOBODY, items={"rent_deposit": "3000.30", "rent": "1000"})

    assert total == Decimal("4000.40")
    assert (receipt.number, receipt.received) == ("SJ-2026-00001", Decimal("4000.30"))
    assert stands(books).owed == {"rent": Decimal("0.10")}
    assert stands(books).deposits == {"rent_deposit": Decimal("3000.30")}


def test_an_amount_pays_what_is_owed_in_the_order_of_the_items(books):
    charged(books, ("damage", "50", "1"), ("rent_deposit", "300", "1"), ("rent", "100", "1"))

    do(books, ledger.receive, HOME, NOBODY, amount="350")

    assert stands(books).owed == {"rent_deposit": Decimal("50.00"), "damage": Decimal("50.00")}
    assert stands(books).held == 250


def test_a_unit_is_charged_once_for_an_item_and_period(books):
    charged(books, ("rent", "1000", "2026-03"))

    with pytest.raises(Conflict) as refused:
        charged(books, ("damage", "5", "x"), ("rent", "999", "2026-03"))
    with pytest.raises(Conflict):
        charged(books, ("rent", "1", "2026-04"), ("rent", "1", "2026-04"))
    charged(books, ("rent", "1000", "2026-04"))

    assert "租金" in refused.value.message.zh and "2026-03" in refused.value.message.zh
    assert stands(books).owed == {"rent": Decimal(2000)}


@pytest.fixture
def neighbour(books):
    """The next customer of the unit."""
    number = books.do(registers.add_by_hand, "customer", {"name": "韩梅"}, by="fang")
    return Party(HOME.unit, number)


def test_a_month_is_charged_once_for_a_unit_whoever_pays_and_the_refusal_says_who_did(books, neighbour):
    charged(books, ("rent", "100", "2026-03"))

    with pytest.raises(Conflict) as refused:
        do(books, ledger.charge, neighbour, [Charge("rent", "100", "2026-03")], NOBODY)

    assert HOME.customer in refused.value.message.zh and HOME.customer in refused.value.message.en


@pytest.mark.parametrize(
    "period", ["2026-03-20/2026-03-31", "2026-03-20/31", "2026-03-20/2026-05-19", "2026-03-20/2026-04-01"]
)
def test_the_next_customer_of_a_month_is_charged_the_days_that_are_left(books, neighbour, period):
    charged(books, ("rent", "190", "2026-03-01/2026-03-19"))

    do(books, ledger.charge, neighbour, [Charge("rent", "120", period)], NOBODY)

    assert (stands(books).receivable, stands(books, neighbour).receivable) == (190, 120)


@pytest.mark.parametrize(
    "period",
    ["2026-03", "2026-03-19/2026-03-31", "2026-02/2026-04", "2026-01-01/2026-03-01", "2026-03-10/12"],
)
def test_no_day_of_a_unit_is_charged_twice(books, neighbour, period):
    charged(books, ("rent", "190", "2026-03-01/2026-03-19"))

    with pytest.raises(Conflict) as refused:
        do(books, ledger.charge, neighbour, [Charge("rent", "120", period)], NOBODY)
    do(books, ledger.charge, neighbour, [Charge("damage", "5", period)], NOBODY)

    assert "2026-03-01/2026-03-19" in refused.value.message.zh and HOME.customer in refused.value.message.zh


def test_days_of_one_request_do_not_meet_and_days_of_a_corrected_charge_are_free(books, neighbour):
    with pytest.raises(Conflict):
        charged(books, ("rent", "1", "2026-03"), ("rent", "1", "2026-03-31/2026-04-30"))
    charged(books, ("rent", "310", "2026-03"))
    with books.database.reading() as uow:
        line = ledger.lines(uow, unit=HOME.unit)[0]
    books.do(ledger.correct, line.id, "19 天", by="jing")

    charged(books, ("rent", "190", "2026-03-01/19"))
    do(books, ledger.charge, neighbour, [Charge("rent", "120", "2026-03-20/31")], NOBODY)

    assert stands(books).receivable == 190


@pytest.mark.parametrize(
    "period", ["2026-13", "2026-03-31/2026-03-01", "2026-02-30/31", "ZL-2026-00001", "2026-3"]
)
def test_what_names_no_days_is_a_period_of_its_own(books, period):
    charged(books, ("rent", "10", "2026-03"), ("rent", "20", period))

    assert stands(books).receivable == 30


def test_what_bears_no_period_is_charged_once_to_each_customer_of_a_unit(books, neighbour):
    charged(books, ("damage", "100"))
    do(books, ledger.charge, neighbour, [Charge("damage", "60")], NOBODY)

    for party in (HOME, neighbour):
        with pytest.raises(Conflict):
            do(books, ledger.charge, party, [Charge("damage", "5")], NOBODY)
    assert stands(books, neighbour).receivable == 60


def test_the_same_receipt_is_not_entered_twice(books):
    charged(books, ("rent", "1000", "2026-03"))
    do(books, ledger.receive, HOME, NOBODY, amount="10", receipt_number="A 7")

    with pytest.raises(Conflict):
        do(books, ledger.receive, HOME, NOBODY, amount="10", receipt_number="A 7")

    assert stands(books).receivable == 990


def test_nobody_pays_more_than_is_owed(books):
    charged(books, ("rent", "1000", "2026-03"))

    with pytest.raises(Conflict):
        do(books, ledger.receive, HOME, NOBODY, amount="1000.01")
    with pytest.raises(Conflict):
        do(books, ledger.receive, HOME, NOBODY, items={"damage": "1"})

    assert len(books.rows(tables.ledger_entry)) == 1


@pytest.mark.parametrize("amount", ["0", "-5", "0.001", "1e30", "NaN", "100000001", "", None, "abc", True])
def test_an_absurd_amount_is_refused(books, amount):
    with pytest.raises(InvalidInput):
        charged(books, ("rent", amount, "2026-03"))

    assert books.rows(tables.ledger_entry) == []


def test_units_customers_and_items_have_to_be_known(books):
    with pytest.raises(InvalidInput):
        do(books, ledger.charge, Party("Z-9", "KH-00001"), [Charge("rent", "1")], NOBODY)
    with pytest.raises(InvalidInput):
        do(books, ledger.charge, Party("A-101", "KH-9"), [Charge("rent", "1")], NOBODY)
    with pytest.raises(ExpressionFailed):
        charged(books, ("parking", "1"))


def test_nothing_in_the_ledger_is_ever_changed(books):
    charged(books, ("rent", "1000", "2026-03"))

    for statement in (
        update(tables.ledger_entry).values(note="x"),
        delete(tables.ledger_entry),
        delete(tables.ledger_once),
    ):
        with pytest.raises(DatabaseError):
            do(books, lambda uow, statement=statement: uow.execute(statement))


# ---- deposits --------------------------------------------------------------------------------------------


def test_a_refund_never_exceeds_what_is_held(deposit):
    with pytest.raises(Conflict) as refused:
        do(deposit, ledger.refund, HOME, "rent_deposit", "3000.01", "r1", NOBODY)

    assert "3,000.00" in refused.value.message.zh
    assert stands(deposit).held == 3000


def test_a_refund_is_not_paid_twice(deposit):
    first = do(deposit, ledger.refund, HOME, "rent_deposit", "2000", "r1", NOBODY)
    again = do(deposit, ledger.refund, HOME, "rent_deposit", "2000.00", "r1", NOBODY)

    assert (first, again, stands(deposit).held) == (1000, 1000, 1000)
    with pytest.raises(Conflict):
        do(deposit, ledger.refund, HOME, "rent_deposit", "500", "r1", NOBODY)


def test_a_deposit_of_its_own_is_taken_once(books):
    first = do(books, ledger.deposit, HOME, "rent_deposit", "50", "key 1", NOBODY)
    again = do(books, ledger.deposit, HOME, "rent_deposit", "50", "key 1", NOBODY)

    assert first == again == (50, "SJ-2026-00001")
    assert stands(books).receivable == 0


def test_a_deduction_pays_what_is_owed_out_of_the_deposit(deposit):
    charged(deposit, ("rent", "800", "2026-04"))

    do(deposit, ledger.deduct, HOME, "rent_deposit", "800", "d1", NOBODY)
    do(deposit, ledger.deduct, HOME, "rent_deposit", "200", "d2", NOBODY, charge_item="damage")
    do(deposit, ledger.deduct, HOME, "rent_deposit", "200", "d2", NOBODY, charge_item="damage")

    assert (stands(deposit).receivable, stands(deposit).held) == (0, 2000)
    with pytest.raises(Conflict):
        do(deposit, ledger.deduct, HOME, "rent_deposit", "1", "d3", NOBODY)  # nothing is owed
    with pytest.raises(Conflict):
        do(deposit, ledger.deduct, HOME, "rent_deposit", "2000.01", "d4", NOBODY, charge_item="damage")
    assert stands(deposit).receivable == 0


def test_one_unit_s_deposit_is_not_another_s(deposit):
    with pytest.raises(Conflict):
        do(deposit, ledger.refund, Party("A-102", "KH-00001"), "rent_deposit", "1", "r1", NOBODY)


@pytest.mark.slow
@pytest.mark.parametrize("references", [("r1", "r2"), ("r1", "r1")])
def test_two_who_refund_at_once_never_pay_more_than_is_held(
    shared_database: Database, moved_clock, references
):
    people = desks.enrol(shared_database)
    furnish(shared_database, people)
    with shared_database.unit_of_work() as uow:
        ledger.deposit(uow, HOME, "rent_deposit", "1000", "in", NOBODY)
    first_has_paid, told = threading.Event(), []

    def second() -> None:
        first_has_paid.wait(10)
        try:
            with shared_database.unit_of_work() as uow:
                told.append(ledger.refund(uow, HOME, "rent_deposit", "700", references[1], NOBODY))
        except Conflict:
            told.append("refused")

    thread = threading.Thread(target=second)
    thread.start()
    with shared_database.unit_of_work() as uow:
        ledger.refund(uow, HOME, "rent_deposit", "700", references[0], NOBODY)
        first_has_paid.set()
        thread.join(0.5)  # it has to wait for us
    thread.join(10)

    assert told == ([300] if references[0] == references[1] else ["refused"])
    with shared_database.reading() as uow:
        assert ledger.standing(uow, HOME).held == 300
        assert ledger.verify(uow) == []


# ---- late fees -------------------------------------------------------------------------------------------


def late(desk, **more):
    given = {"rate": Decimal("0.0005"), "from_day": date(2026, 3, 11), "period": "2026-03"} | more
    return do(desk, ledger.late_fee, HOME, NOBODY, **given)


def at(moved_clock, day):
    moved_clock.move_to(
        datetime(2026, 3, day, 15, 59, 59, tzinfo=UTC)
    )  # the last second of the day in Shanghai


def test_the_tenth_bears_no_late_fee_and_the_eleventh_one_day(books, moved_clock):
    charged(books, ("rent", "1000", "2026-03"))

    at(moved_clock, 10)
    assert late(books).total == 0
    at(moved_clock, 11)
    assert (late(books).charged, late(books).charged) == (Decimal("0.50"), 0)
    at(moved_clock, 13)
    fee = late(books)

    assert (fee.total, fee.charged, fee.days) == (Decimal("1.50"), Decimal("1.00"), 3)
    assert stands(books).owed["late_fee"] == Decimal("1.50")


def test_a_late_fee_is_capped_at_the_principal_and_rounded_to_the_fen(books, moved_clock):
    charged(books, ("rent", "33.33", "2026-03"))

    at(moved_clock, 11)
    assert late(books).total == Decimal("0.02")
    assert late(books, from_day=date(2000, 1, 1)).total == Decimal("33.33")
    assert late(books, from_day=date(2000, 1, 1), cap=Decimal("0.1")).charged == 0


# ---- corrections -----------------------------------------------------------------------------------------


def test_a_correction_takes_back_all_that_was_written_together(deposit):
    entry = next(row for row in deposit.rows(tables.ledger_entry) if row.kind == "payment")

    deposit.do(ledger.correct, entry.id, "收错了客户", by="jing")

    assert (stands(deposit).receivable, stands(deposit).held) == (3000, 0)
    with pytest.raises(Conflict):
        deposit.do(ledger.correct, entry.id, "再来一次", by="jing")
    lines = deposit.look(queries.ledger_lines, by="fang", unit="A-101").items
    assert [line.kind for line in lines[:2]] == ["correction", "correction"]
    assert {line.corrects_id for line in lines[:2]} >= {entry.id}
    assert not any(line.may_be_corrected for line in lines)


def test_a_corrected_charge_may_be_made_again(books):
    charged(books, ("rent", "999", "2026-03"))
    for _ in range(2):
        entry = books.row(tables.ledger_entry, kind="charge")
        books.do(ledger.correct, entry.id, "金额不对", by="jing")
        charged(books, ("rent", "1000", "2026-03"))

    assert stands(books).owed == {"rent": Decimal(1000)}


def test_a_correction_needs_the_right_a_reason_and_the_money(deposit):
    entry = next(row for row in deposit.rows(tables.ledger_entry) if row.kind == "payment")

    with pytest.raises(NotPermitted):
        deposit.do(ledger.correct, entry.id, "x", by="fang")
    with pytest.raises(InvalidInput):
        deposit.do(ledger.correct, entry.id, " ", by="jing")
    with pytest.raises(NotFound):
        deposit.do(ledger.correct, 999, "x", by="jing")
    do(deposit, ledger.refund, HOME, "rent_deposit", "1", "r1", NOBODY)
    with pytest.raises(Conflict):
        deposit.do(ledger.correct, entry.id, "x", by="jing")  # part of it was given back
    correction = deposit.row(tables.ledger_entry, kind="correction")
    assert correction is None


# ---- always the sum --------------------------------------------------------------------------------------

AMOUNTS = st.integers(1, 30_000).map(lambda fen: Decimal(fen) / 100)
ITEMS = st.sampled_from(["rent", "rent_deposit", "damage"])
KEYS = st.sampled_from(["1", "2", "3", "4"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("charge"), ITEMS, AMOUNTS, KEYS),
        st.tuples(st.just("receive"), ITEMS, AMOUNTS, KEYS),
        st.tuples(st.just("deposit"), st.just("rent_deposit"), AMOUNTS, KEYS),
        st.tuples(st.just("refund"), st.just("rent_deposit"), AMOUNTS, KEYS),
        st.tuples(st.just("deduct"), st.just("rent_deposit"), AMOUNTS, KEYS),
        st.tuples(st.just("correct"), ITEMS, AMOUNTS, st.integers(0, 30)),
    ),
    max_size=25,
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_balances_are_the_sum_of_the_lines_and_no_deposit_is_overdrawn(
    empty_database, centre, moved_clock, steps
):
    database = empty_database.copy_in_memory(centre)
    people = desks.enrol(database)
    furnish(database, people)
    jing = people("jing")
    for kind, item, amount, key in steps:
        try:
            with database.unit_of_work() as uow:
                if kind == "charge":
                    ledger.charge(uow, HOME, [Charge(item, amount, key)], NOBODY)
                elif kind == "receive":
                    ledger.receive(uow, HOME, NOBODY, items={item: amount}, receipt_number=key)
                elif kind == "correct":
                    ledger.correct(uow, key, "x", jing)
                elif kind == "deduct":
                    ledger.deduct(uow, HOME, item, amount, key, NOBODY)
                else:
                    (ledger.deposit if kind == "deposit" else ledger.refund)(
                        uow, HOME, item, amount, key, NOBODY
                    )
        except BanjieError:
            pass  # refused: it must have left nothing

        with database.reading() as uow:
            assert ledger.verify(uow) == []
            assert all(held > 0 for held in ledger.standing(uow, HOME).deposits.values())
    database.close()


def test_verify_finds_what_was_written_past_the_ledger(books):
    charged(books, ("rent", "1000", "2026-03"))
    do(books, lambda uow: uow.execute(text("UPDATE ledger_balance SET amount = 5")))

    with books.database.reading() as uow:
        (found,) = ledger.verify(uow)

    assert (found.item, found.kept, found.summed) == ("rent", Decimal("0.05"), Decimal(1000))


# ---- pages -----------------------------------------------------------------------------------------------


def test_a_unit_s_page_shows_its_money_to_those_who_may_see_it(deposit):
    charged(deposit, ("rent", "1000", "2026-03"))

    money = deposit.look(queries.record, "unit", "A-101", by="fang").money

    assert (money.receivable, money.held) == (1000, 3000)
    assert [(each.account, each.item_name.zh, each.amount) for each in money.balances] == [
        ("deposit", "房租押金", 3000),
        ("receivable", "租金", 1000),
    ]
    assert money.lines.items[0].kind_name.zh == "应收"
    assert deposit.look(queries.record, "unit", "A-101", by="qian").money is None
    with pytest.raises(NotPermitted):
        deposit.look(queries.ledger_lines, by="qian", unit="A-101")
    assert deposit.look(queries.record, "customer", "KH-00001", by="fang").money.held == 3000


def test_lines_go_on_behind_the_last(books):
    for month in range(1, 8):
        charged(books, ("rent", "1", f"2026-{month:02}"))

    first = books.look(queries.ledger_lines, by="fang", unit="A-101", limit=4)
    second = books.look(queries.ledger_lines, by="fang", unit="A-101", limit=4, after=first.next_after)

    assert [line.period[-1] for line in (*first.items, *second.items)] == list("7654321")
    assert second.next_after is None


# ---- services --------------------------------------------------------------------------------------------


def ask(desk, deploy, topic, inputs, **values):
    given = {"unit": "A-101", "customer": "KH-00001"} | inputs
    deploy(housing.service(topic, given))
    fang = desk.people("fang")
    with desk.database.unit_of_work() as uow:
        return runtime.start_process(uow, "ask", {}, fang, variables=values).instance_id


def test_a_case_charges_receives_refunds_and_its_lines_carry_case_and_person(books, deploy):
    charges = '${ [{item: "rent", amount: 1000, period: "2026-03"}, {item: "rent_deposit", amount: 3000, period: "L"}, {item: "damage", amount: 0}] }'
    case = ask(books, deploy, "ledger_charge", {"charges": charges})
    assert books.variables(case)["charged"] == books.variables(case)["receivable"] == 4000

    paid = ask(books, deploy, "ledger_receive", {"amount": "${4000}", "method": "微信"})
    seen = books.variables(paid)
    assert (seen["receipt_number"], seen["receivable"], seen["deposits"]) == (
        "SJ-2026-00001",
        0,
        {"rent_deposit": 3000},
    )

    back = ask(books, deploy, "ledger_refund", {"item": "rent_deposit", "amount": "3000"})
    assert (books.variables(back)["refunded"], books.variables(back)["held"]) == (3000, 0)
    line = books.look(queries.ledger_lines, by="fang", unit="A-101").items[0]
    assert (line.instance_id, line.by.name, line.case_number is not None) == (back, "fang", True)
    assert "posted" in books.history(back)


@pytest.fixture
def credit(books):
    """The books with 300 yuan too much for rent, and 100 owed for a damage."""
    charged(books, ("rent", "300", "2026-03"))
    do(books, ledger.receive, HOME, NOBODY, amount="300")
    line = next(row for row in books.rows(tables.ledger_entry) if row.kind == "charge")
    jing = books.people("jing")
    do(books, ledger.correct, line.id, "多收", jing)
    charged(books, ("damage", "100", "L"))
    assert stands(books).receivable == -200
    return books


def test_what_was_paid_too_much_is_given_back_once_and_debts_are_set_off(credit):
    for _ in range(2):
        assert do(credit, ledger.refund_credit, HOME, "200", "credit:1", NOBODY) == 0

    assert stands(credit).owed == {}
    lines = [(row.item, row.kind, row.amount) for row in credit.rows(tables.ledger_entry)][-3:]
    assert sorted(lines) == [
        ("damage", "offset", Decimal("-100.00")),
        ("rent", "credit_refunded", Decimal("200.00")),
        ("rent", "offset", Decimal("100.00")),
    ]


def test_a_part_of_what_was_paid_too_much_leaves_the_rest(credit):
    assert do(credit, ledger.refund_credit, HOME, "150.01", "credit:1", NOBODY) == Decimal("-49.99")
    assert stands(credit).owed == {"rent": Decimal("-49.99")}


@pytest.mark.parametrize(
    ("amount", "reference", "error"),
    [("200.01", "credit:2", Conflict), ("0", "credit:2", InvalidInput), ("-5", "credit:2", InvalidInput),
     ("5", "", InvalidInput), ("100", "credit:1", Conflict)],
)  # fmt: skip
def test_more_than_was_paid_too_much_or_another_sum_under_a_reference_is_refused(
    credit, amount, reference, error
):
    do(credit, ledger.refund_credit, HOME, "150", "credit:1", NOBODY)
    before = len(credit.rows(tables.ledger_entry))

    with pytest.raises(error):
        do(credit, ledger.refund_credit, HOME, amount, reference, NOBODY)

    assert len(credit.rows(tables.ledger_entry)) == before


def test_who_owes_is_given_nothing_back(books):
    charged(books, ("rent", "300", "2026-03"))

    with pytest.raises(Conflict) as refused:
        do(books, ledger.refund_credit, HOME, "1", "credit:1", NOBODY)

    assert "0.00" in refused.value.message.zh


def test_a_case_gives_back_what_was_paid_too_much(credit, deploy):
    case = ask(credit, deploy, "ledger_refund_credit", {"amount": "200"})
    assert (credit.variables(case)["refunded"], credit.variables(case)["receivable"]) == (200, 0)

    again = ask(credit, deploy, "ledger_refund_credit", {"amount": "200"})
    assert "只多收 0.00 元" in credit.variables(again)["refusal"]


METHODS = """
[[ledger.method]]
key = "wechat"
name_zh = "微信支付"
name_en = "WeChat Pay"
"""


def test_how_it_was_paid_is_read_in_words(books, deploy):
    deploy({"registers.toml": housing.REGISTERS + METHODS})
    charged(books, ("rent", "10", "2026-03"))
    ask(books, deploy, "ledger_receive", {"amount": "${10}", "method": "wechat", "note": "代付"})

    line = books.look(queries.ledger_lines, by="fang", unit="A-101").items[0]

    assert (line.method.zh, line.method.en, line.note) == ("微信支付", "WeChat Pay", "代付")


def test_a_way_of_paying_that_is_not_declared_is_an_incident(books, deploy):
    deploy({"registers.toml": housing.REGISTERS + METHODS})
    charged(books, ("rent", "10", "2026-03"))

    ask(books, deploy, "ledger_receive", {"amount": "${10}", "method": "${paid_by}"}, paid_by="cheque")

    assert "cheque" in books.row(tables.incident).message_en


def test_goods_are_not_released_with_arrears(books, deploy):
    charged(books, ("rent", "0.01", "2026-03"))

    case = ask(books, deploy, "ledger_require_settled", {})

    assert books.open() == ["Explain"]
    assert "0.01" in books.variables(case)["refusal"]


def test_a_refund_of_more_than_is_held_is_refused_to_the_diagram(deposit, deploy):
    case = ask(deposit, deploy, "ledger_refund", {"item": "rent_deposit", "amount": "5000"})

    assert deposit.open() == ["Explain"]
    assert "不够" in deposit.variables(case)["refusal"]
    assert stands(deposit).held == 3000


def test_a_failed_charge_of_several_leaves_none(books, deploy):
    charges = '${ [{item: "rent", amount: 1000, period: "2026-03"}, {item: "rent", amount: -1, period: "2026-04"}] }'

    ask(books, deploy, "ledger_charge", {"charges": charges})

    assert books.rows(tables.ledger_entry) == books.rows(tables.ledger_once) == []


@pytest.mark.parametrize(
    ("topic", "inputs"),
    [
        ("ledger_charge", {"item": "${parking}", "amount": "5"}),
        ("ledger_charge", {"amount": "5"}),
        ("ledger_charge", {"charges": "rent"}),
        ("ledger_receive", {"items": '${ [{item: "rent", amount: 1}, {item: "rent", amount: 1}] }'}),
        ("ledger_late_fee", {"rate": "much", "from_day": "2026-03-11"}),
        ("ledger_late_fee", {"rate": "0.0005", "from_day": "${null}"}),
        ("ledger_deposit", {"item": "rent_deposit", "amount": "5", "reference": "${null}"}),
        ("ledger_balance", {"units": "x"}),
    ],
)
def test_wrong_use_is_an_incident(books, deploy, topic, inputs):
    ask(books, deploy, topic, inputs, parking="parking")

    assert "Explain" not in books.open()
    assert books.row(tables.incident) is not None


def test_balance_late_fee_deposit_and_deduction_for_diagrams(deposit, deploy, moved_clock):
    charged(deposit, ("rent", "1000", "2026-03"))
    at(moved_clock, 11)

    fee = deposit.variables(
        ask(deposit, deploy, "ledger_late_fee", {"rate": "0.0005", "from_day": "2026-03-11"})
    )
    key = deposit.variables(
        ask(deposit, deploy, "ledger_deposit", {"item": "rent_deposit", "amount": "20", "reference": "key 7"})
    )
    taken = deposit.variables(
        ask(
            deposit,
            deploy,
            "ledger_deduct",
            {"item": "rent_deposit", "amount": "100", "charge_item": "damage"},
        )
    )
    now = deposit.variables(ask(deposit, deploy, "ledger_balance", {}))

    assert (fee["late_fee"], fee["days"], fee["receivable"]) == (Decimal("0.50"), 1, Decimal("1000.50"))
    assert (key["held"], key["receipt_number"]) == (3020, "SJ-2026-00002")
    assert (taken["deducted"], taken["held"], taken["receivable"]) == (100, 2920, Decimal("1000.50"))
    assert now["owed"] == {"rent": 1000, "late_fee": Decimal("0.50")}
    assert (now["receivable"], now["deposits_total"]) == (Decimal("1000.50"), 2920)


def test_a_deadlock_in_a_service_is_a_conflict_of_the_whole_step(books, deploy, monkeypatch):
    class Deadlock(Exception):
        sqlstate = "40P01"

    def broken(*_arguments: object, **_more: object) -> None:
        raise OperationalError("…", {}, Deadlock())

    monkeypatch.setattr(ledger, "charge", broken)

    with pytest.raises(Conflict):
        ask(books, deploy, "ledger_charge", {"item": "rent", "amount": "5"})

    assert books.rows(tables.process_instance) == []


def test_many_lines_do_not_slow_the_page(empty_database):
    """By the plan of SQLite: it goes along an index, and looks at no more lines than it shows."""
    with empty_database.reading() as uow:
        for column in ("unit", "customer"):
            wanted = f"SELECT * FROM ledger_entry WHERE {column} = 'A-101' ORDER BY id DESC LIMIT 20"
            plan = str(uow.execute(text(f"EXPLAIN QUERY PLAN {wanted}")).all())

            assert f"ix_ledger_entry_{column}_id" in plan and "TEMP B-TREE" not in plan
