"""The demo's past can happen on any day, and leaves cases, registers and money that fit each other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from engine import clock, demo, demo_past, ledger, registers, tables
from engine.database import Database, UnitOfWork
from engine.registers import records
from engine.settings import Centre
from engine.stage import Stage, folder_files

PROCESSES = Path(__file__).parents[2] / "processes"
SHANGHAI = ZoneInfo("Asia/Shanghai")
DAYS = {
    "a working day": datetime(2026, 11, 24, 11, 30, tzinfo=SHANGHAI),
    "the night of a holiday": datetime(2026, 10, 4, 4, 15, tzinfo=SHANGHAI),
    "the first minutes of a year": datetime(2027, 1, 1, 0, 20, tzinfo=SHANGHAI),
    "the end of the spring festival": datetime(2027, 2, 12, 18, 0, tzinfo=SHANGHAI),
    "a leap day": datetime(2028, 2, 29, 23, 55, tzinfo=SHANGHAI),
    "the last day of a long month": datetime(2026, 3, 31, 8, 30, tzinfo=SHANGHAI),
}
#: The task that waits in each case of a stay which is not over.
WAITING = {
    ("A-0802", "CheckPapers"), ("A-1502", "ReceivePayment"), ("B-0902", "RepairDefect"), ("A-1202", "ConfirmMoving"),
    ("3 栋 2 单元 0501", "GreetCustomer"), ("B-0601", "ReviewDrawings"), ("A-0901", "CorrectBreach"),
    ("1 栋 1 单元 1203", "HandOut"), ("A-1201", "ReceivePayment"), ("B-1102", "PayArrears"), ("A-0803", "GateCheck"),
    ("B-0901", "ApproveRefund"),
}  # fmt: skip


@cache
def stage() -> Stage:
    return Stage(folder_files(PROCESSES))


@pytest.fixture(scope="module", params=DAYS.values(), ids=DAYS.keys())
def demo_on(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The whole demo, begun on that day."""
    database = stage().database.copy_in_memory(Centre(files=tmp_path_factory.mktemp("files")))
    with clock.moved(clock.MovedClock(request.param)):
        for _ in demo.load_registers(database, PROCESSES, demo.missing_registers(database, PROCESSES)):
            pass
        for _ in demo_past.happen(database, demo_past.events(database, PROCESSES)):
            pass
        yield database
    database.close()


def waiting(uow: UnitOfWork) -> list[tuple[str, str, str]]:
    """Return unit, element and case number of the open tasks of all stays."""
    task, case = tables.user_task, tables.process_instance
    rows = uow.execute(
        select(case.c.unit, task.c.element_id, case.c.case_number)
        .join(case, case.c.id == task.c.instance_id)
        .where(task.c.status == "open", case.c.case_number.not_like("TS-%"))
    ).all()
    return [(row.unit, row.element_id, row.case_number) for row in rows]


def values(uow: UnitOfWork, register: str, **where: str) -> list[dict[str, object]]:
    found = records.matching(uow, registers.register(uow, register), where, 100)
    return [dict(each.values) for each in found]


def test_every_stay_stands_where_it_should(demo_on: Database) -> None:
    with demo_on.reading() as uow:
        found = waiting(uow)
        stopped = uow.execute(select(tables.incident)).all()
        timers = list(uow.execute(select(tables.timer.c.element_id)).scalars())

    assert Counter((unit, element) for unit, element, _ in found) == Counter(WAITING)
    assert stopped == []
    assert timers.count("DepositWait") == 2  # of decorations whose deposit is still held


def test_missing_papers_and_a_breach_are_chased(demo_on: Database) -> None:
    task, case, note = tables.user_task, tables.process_instance, tables.notification
    with demo_on.reading() as uow:
        overdue = uow.execute(
            select(case.c.unit)
            .join(task, case.c.id == task.c.instance_id)
            .where(task.c.status == "open", task.c.due_at < uow.now, case.c.case_number.not_like("TS-%"))
        ).scalars()
        told = set(uow.execute(select(note.c.text_zh)).scalars())

        assert set(overdue) >= {"A-0802", "A-0901"}
    assert any("入驻资料未齐" in text and "委托书没有盖公章" in text for text in told)
    assert any("逾期未整改" in text for text in told)
    assert any("请通知续办或退证" in text for text in told)


def test_the_ledger_is_exact(demo_on: Database) -> None:
    with demo_on.reading() as uow:
        books = {
            unit: ledger.standing(uow, ledger.Party(unit, customer))
            for unit, customer in {
                (each.unit, each.customer)
                for each in uow.execute(
                    select(tables.ledger_entry.c.unit, tables.ledger_entry.c.customer).distinct()
                )
            }
        }
        differences = ledger.verify(uow)

    assert differences == []
    assert (books["B-0501"].owed, books["B-0501"].deposits) == ({}, {})
    assert books["A-0803"].owed == {}  # or the slip could not have been issued
    assert books["B-0901"].owed == {"restoration": Decimal("1850.00")}
    assert books["B-1102"].owed["late_fee"] > 0
    assert books["B-1102"].owed["rent"] > Decimal("13447.00")  # last month’s, and this month’s up to the end
    assert books["A-1502"].receivable == 4 * (Decimal("17913.75") + Decimal("3793.50"))
    assert books["B-1101"].deposits["decoration_deposit"] == Decimal("10000.00")
    assert books["A-1201"].deposits["pass_deposit"] == Decimal(
        "10.00"
    )  # the lost pass’s went over to the new one


def test_who_moved_out_got_the_right_money_back(demo_on: Database) -> None:
    """Three months’ rent and fee and the pass’s deposit, less the burnt carpet."""
    entry = tables.ledger_entry
    with demo_on.reading() as uow:
        paid = uow.execute(
            select(entry.c.amount).where(entry.c.unit == "B-0501", entry.c.kind == "deposit_refunded")
        ).scalars()

        assert (
            -sum(paid) == 3 * Decimal("10752.50") + 3 * Decimal("2277.00") + 10 - 680 == Decimal("38418.50")
        )


def test_the_registers_tell_the_same(demo_on: Database) -> None:
    with demo_on.reading() as uow:
        units = {str(each["code"]): each["status"] for each in values(uow, "unit")}
        keys = {(each["label"], each["status"], each["category"]) for each in values(uow, "key")}
        passes = Counter((each["holder_name"], each["status"]) for each in values(uow, "pass"))
        leases = {
            each["unit"]: each["status"] for each in values(uow, "lease") if each["status"] != "cancelled"
        }

    assert units["B-0501"] == units["A-0802"] == "vacant"
    assert (units["A-0901"], units["A-1202"], units["B-0602"]) == ("decorating", "handed_over", "occupied")
    assert units["A-1501"] == "occupied"  # as before it was decorated, though the deposit is still held
    assert leases["B-0501"] == "ended"
    assert {("B-0501 户门", "in", "vacant"), ("B-0602 户门", "out", "customer")} <= keys
    assert passes == Counter(
        [("周明远", "lost"), ("江川", "returned"), ("郑大海", "returned"), ("许诺", "pending")]
        + [
            (name, "valid")
            for name in ("周明远", "陈志航", "常恒", "廖建军", "孙大勇", "周小军", "李秀珍", "石岩", "赵晓彤")
        ]
    )


def test_receipts_and_messages_are_in_the_order_of_time(demo_on: Database) -> None:
    entry, note = tables.ledger_entry, tables.notification
    with demo_on.reading() as uow:
        times = list(uow.execute(select(entry.c.at).order_by(entry.c.id)).scalars())
        said = list(uow.execute(select(note.c.created_at).order_by(note.c.id)).scalars())

    assert times == sorted(times)
    assert said == sorted(said)


def test_the_record_of_keys_says_what_was_given_and_how_many(demo_on: Database) -> None:
    paper, case = tables.paper, tables.process_instance
    with demo_on.reading() as uow:
        printed = uow.execute(
            select(paper.c.html)
            .join(case, case.c.id == paper.c.instance_id)
            .where(case.c.unit == "A-1202", paper.c.number.like("YSJF-%"))
        ).scalar_one()

    words = " ".join(re.sub(r"<[^>]*>", " ", printed).split())
    assert "YS-000007 A-1202 户门 户门钥匙 4" in words
    assert "A-1202 门禁卡 门禁卡 12" in words


def test_cases_of_a_stay_have_their_papers(demo_on: Database) -> None:
    paper, case, template = tables.paper, tables.process_instance, tables.definition
    with demo_on.reading() as uow:
        issued = uow.execute(
            select(case.c.unit, template.c.key)
            .join(paper, case.c.id == paper.c.instance_id)
            .join(template, template.c.id == paper.c.definition_id)
        ).all()

    by_unit = {
        unit: {row.key for row in issued if row.unit == unit} for unit in ("A-1502", "A-0803", "B-0501")
    }
    assert {"move_in_notice", "charge_notice"} <= by_unit["A-1502"]
    assert {"move_out_confirmation", "move_out_statement", "goods_release_slip"} <= by_unit["A-0803"]
    assert {"deposit_settlement", "arrears_receipt", "pass"} <= by_unit["B-0501"]
