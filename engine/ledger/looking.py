"""Looking into the ledger: balances, lines, and whether the one is the sum of the other."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from engine import tables
from engine.database import UnitOfWork
from engine.errors import Conflict
from engine.identity import Capability, User
from engine.ledger.shapes import (
    RECEIVABLE,
    Difference,
    Entry,
    EntryKind,
    Held,
    Party,
    Standing,
)
from engine.registers import access
from engine.registers.shapes import LedgerRules
from engine.texts import Text

_entry, _once, _balance = tables.ledger_entry, tables.ledger_once, tables.ledger_balance


def standing(uow: UnitOfWork, party: Party) -> Standing:
    """Return where a party stands."""
    rows = uow.execute(
        select(_balance).where(_balance.c.unit == party.unit, _balance.c.customer == party.customer)
    )
    return standing_of(rows)


def standing_of(rows: Iterable[Any]) -> Standing:
    """Return where a party stands by its balances."""
    owed: dict[str, Decimal] = {}
    deposits: dict[str, Decimal] = {}
    for row in rows:
        if row.amount:
            (owed if row.account == RECEIVABLE else deposits)[row.item] = row.amount
    return Standing(owed, deposits)


def balances(uow: UnitOfWork, *, unit: str | None = None, customer: str | None = None) -> list[Held]:
    """Return what is not zero, of a unit or customer."""
    wanted = select(_balance).where(_balance.c.amount != Decimal()).order_by(*_balance.primary_key)
    if unit is not None:
        wanted = wanted.where(_balance.c.unit == unit)
    if customer is not None:
        wanted = wanted.where(_balance.c.customer == customer)
    return [Held(**row._mapping) for row in uow.execute(wanted)]


def require_settled(uow: UnitOfWork, party: Party) -> Decimal:
    """Return what is owed (a credit or nothing). Raises Conflict where something is."""
    receivable = standing(uow, party).receivable
    if receivable > 0:
        raise Conflict(
            Text("尚欠 {amount} 元，须先结清。", "{amount} yuan are still owed and have to be paid first."),
            amount=f"{receivable:,.2f}",
        )
    return receivable


def lines(
    uow: UnitOfWork,
    *,
    unit: str | None = None,
    customer: str | None = None,
    after: int | None = None,
    limit: int = 50,
) -> list[Entry]:
    """Return lines of a unit or customer before the one with the id ``after``, newest first."""
    correction = _entry.alias()
    wanted = (
        select(_entry, correction.c.id.label("correction_id"))
        .select_from(_entry.outerjoin(correction, correction.c.corrects_id == _entry.c.id))
        .order_by(_entry.c.id.desc())
        .limit(limit)
    )
    if unit is not None:
        wanted = wanted.where(_entry.c.unit == unit)
    if customer is not None:
        wanted = wanted.where(_entry.c.customer == customer)
    if after is not None:
        wanted = wanted.where(_entry.c.id < after)
    return [
        Entry(
            **{
                name: value
                for name, value in row._mapping.items()
                if name not in ("posting", "correction_id", "kind")
            },
            kind=EntryKind(row.kind),
            is_corrected=row.correction_id is not None,
        )
        for row in uow.execute(wanted)
    ]


def may_see(by: User, rules: LedgerRules) -> bool:
    """Whether the user may look into the ledger."""
    return (
        by.may(Capability.AUDIT)
        or access.is_one_of(by, rules.may_see)
        or access.is_one_of(by, rules.may_correct)
    )


def verify(uow: UnitOfWork) -> list[Difference]:
    """Return every balance that is not the sum of its lines: none, unless somebody wrote past the ledger."""
    key = [_entry.c.unit, _entry.c.customer, _entry.c.account, _entry.c.item]
    sums = uow.execute(select(*key, func.sum(_entry.c.amount).label("amount")).group_by(*key))
    summed, kept = (
        {(row.unit, row.customer, row.account, row.item): row.amount for row in rows}
        for rows in (sums, uow.execute(select(_balance)))
    )
    nothing = Decimal()
    return [
        Difference(unit, customer, account, item, kept.get(each, nothing), summed.get(each, nothing))
        for each in sorted(summed.keys() | kept.keys())
        for unit, customer, account, item in [each]
        if kept.get(each, nothing) != summed.get(each, nothing)
    ]
