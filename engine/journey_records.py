"""Records and sums of money that a journey finds when it begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine import identity, ledger, registers
from engine.database import UnitOfWork
from engine.errors import InvalidInput
from engine.journey_files import Journey
from engine.registers import records
from engine.texts import Text, same

_LEDGER_KEYS = frozenset({"unit", "customer", "item", "amount", "period", "paid", "corrected"})


def prepare(uow: UnitOfWork, journey: Journey) -> None:
    """
    Add the journey's records, in its order, and what its ledger says was charged and paid before.

    Raises:
        BanjieError: the registers do not take a record, or the ledger a charge.
    """
    for key, entries in journey.records.items():
        register = registers.register(uow, key)
        for values in entries:
            records.write_lines(uow, [records.add(uow, register, values, by=None)])
    for entry in journey.ledger:
        _charge(uow, entry)


def _charge(uow: UnitOfWork, entry: Mapping[str, Any]) -> None:
    unknown = sorted(set(entry) - _LEDGER_KEYS)
    if unknown:
        raise InvalidInput(Text("不认识“{key}”。", "“{key}” is not known here."), key=same(unknown[0]))
    party = ledger.Party(str(entry.get("unit", "")), str(entry.get("customer", "")))
    author = ledger.Author(None, None)
    item, amount = str(entry.get("item", "")), entry.get("amount")
    ledger.charge(uow, party, [ledger.Charge(item, amount, str(entry.get("period", "")))], author)
    if entry.get("paid", False):
        ledger.receive(uow, party, author, items={item: amount})
    if entry.get("corrected", False):
        _correct(uow, party, item)


def _correct(uow: UnitOfWork, party: ledger.Party, item: str) -> None:
    """Take the newest charge of an item back, as somebody who may."""
    charged = ledger.lines(uow, unit=party.unit, customer=party.customer)
    newest = next(line.id for line in charged if line.item == item and line.kind == ledger.EntryKind.CHARGE)
    names = identity.members(uow, registers.catalogue(uow).ledger.may_correct)
    by = identity.user(uow, next(iter(names), ""))
    if by is None:
        raise InvalidInput(Text("没有人可以冲正。", "There is nobody who may correct the ledger."))
    ledger.correct(uow, newest, "案例开始前的冲正", by)
