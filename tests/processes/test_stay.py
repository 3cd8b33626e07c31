"""The journey of a tenant's whole stay goes the same on the registers of the demo, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from engine import clock, demo, journey_files, journey_records, journeys, ledger, registers, tables
from engine.database import Database
from engine.registers import records
from tests.desk import Desk
from tests.processes.conftest import PROCESSES
from tests.processes.played import JOURNEYS

UNIT, TENANT = "A-1203", "KH-2026-00030"


@pytest.fixture
def after_the_stay(office: Desk) -> Database:
    """The demo's registers, with the tenant of the journey moved in and out again."""
    text = (JOURNEYS / "stay.toml").read_text(encoding="utf-8").replace("KH-2026-00001", TENANT)
    (stay,) = journey_files.read(text)
    moved = clock.MovedClock(stay.at)
    with clock.moved(moved):
        for _ in demo.load_registers(
            office.database, PROCESSES, demo.missing_registers(office.database, PROCESSES)
        ):
            pass
        with office.database.unit_of_work() as uow:
            journey_records.prepare(uow, replace(stay, records={}))
        assert journeys.Run(office.database, moved, stay).play() is None
    return office.database


def test_everything_is_as_it_was_before(after_the_stay: Database) -> None:
    def of(register: str, number: str) -> Mapping[str, Any]:
        found = records.find(uow, registers.register(uow, register), number)
        assert found is not None
        return found.values

    entry = tables.ledger_entry
    with after_the_stay.reading() as uow:
        unit, key, card = of("unit", UNIT), of("key", "YS-000008"), of("key", "YS-000021")
        plate = of("nameplate", "MP-2026-0001")
        books = ledger.standing(uow, ledger.Party(UNIT, TENANT))
        differences = ledger.verify(uow)
        refunded = uow.execute(
            select(func.sum(entry.c.amount)).where(entry.c.unit == UNIT, entry.c.kind == "deposit_refunded")
        ).scalar_one()
        stopped = uow.execute(select(tables.incident)).all()

    assert (unit["status"], unit["fire_acceptance"]) == ("vacant", "消验 2026-77")
    assert (key["status"], key["category"], key["customer"]) == ("in", "vacant", None)
    assert (card["status"], plate["status"]) == ("lost", "removed")
    assert (books.owed, books.deposits, differences, stopped) == ({}, {}, [], [])
    # The worker's pass, the decoration, and what moving out gave back.
    assert -refunded == Decimal("10.00") + Decimal("10000.00") + Decimal("65197.31")
