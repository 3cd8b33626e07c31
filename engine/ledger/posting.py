"""Writing to the ledger: lines and balances together, what may happen once only once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.exc import IntegrityError

from engine import registers, tables
from engine.database import UnitOfWork
from engine.errors import Conflict, ExpressionFailed, InvalidInput
from engine.forms import plain
from engine.ledger.shapes import (
    DEPOSIT,
    RECEIVABLE,
    Author,
    EntryKind,
    Movement,
    Party,
)
from engine.registers import records
from engine.registers.shapes import ChargeItem, LedgerRules
from engine.texts import Text

LONGEST_PERIOD, LONGEST_RECEIPT, LONGEST_NOTE = 40, 40, 1000
LONGEST_REFERENCE = 200
LONGEST_METHOD = 64

_entry, _once, _balance = tables.ledger_entry, tables.ledger_once, tables.ledger_balance


class HappenedBefore(Exception):
    """Something that may happen once only is in the ledger already."""

    def __init__(self, key: str = "") -> None:
        self.key = key
        super().__init__(key)


@dataclass(frozen=True)
class Asked:
    """Something that is asked for under a reference, and done once only."""

    kind: EntryKind
    party: Party
    item: str
    amount: Decimal
    reference: str
    once: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        content = "\n".join([self.kind, self.party.unit, self.party.customer, self.item, str(self.amount)])
        fingerprint = hashlib.sha256(content.encode()).hexdigest()
        object.__setattr__(self, "once", {f"reference\n{self.reference}": fingerprint})

    def posting(self, uow: UnitOfWork) -> UUID | None:
        """Return what was done under the reference. Raises Conflict where that was something else."""
        ((key, fingerprint),) = self.once.items()
        row = uow.execute(select(_once).where(_once.c.key == key)).first()
        if row is None:
            return None
        if row.fingerprint != fingerprint:
            raise Conflict(
                Text(
                    "凭据“{reference}”已经用于另一笔账，不能重复。",
                    "The reference “{reference}” stands for another posting already.",
                ),
                reference=self.reference,
            )
        posting: UUID = row.posting
        return posting

    def post(self, uow: UnitOfWork, made: list[Movement], author: Author) -> None:
        """Write the lines, unless that was done before. Raises Conflict."""
        if self.posting(uow) is not None:
            return
        try:
            post(uow, self.party, made, author, self.once)
        except HappenedBefore:
            self.posting(uow)  # somebody was faster with the same, or with something else


def post(
    uow: UnitOfWork,
    party: Party,
    made: Sequence[Movement],
    author: Author,
    once: Mapping[str, str],
    *,
    receipt_number: str = "",
    method: str = "",
    may_be_credit: bool = False,
) -> None:
    """
    Write lines and balances together, or nothing.

    The balances' rows stay locked until the transaction ends, so that of two who take out of one deposit the
    second sees what the first has left.

    Raises:
        Conflict: more is taken than is held, or paid than is owed.
        HappenedBefore: one of the keys is there already.
    """
    if not made:
        return
    _require_party(uow, party)
    with uow.connection.begin_nested():
        posting = uuid4()
        for key, fingerprint in once.items():
            _note_once(uow, key, fingerprint, posting)
        _move_balances(uow, party, made, may_be_credit)
        rows = [
            {
                "posting": posting,
                "at": uow.now,
                "day": today_of(uow),
                "unit": party.unit,
                "customer": party.customer,
                "receipt_number": receipt_number,
                "method": method or None,
                "instance_id": author.instance_id,
                "user_name": author.user_name,
                "account": line.account,
                "item": line.item,
                "kind": str(line.kind),
                "amount": line.amount,
                "period": line.period,
                "note": line.note,
                "corrects_id": line.corrects_id,
            }
            for line in made
        ]
        try:
            with uow.connection.begin_nested():
                uow.execute(insert(_entry), rows)
        except IntegrityError:
            raise HappenedBefore from None


def _note_once(uow: UnitOfWork, key: str, fingerprint: str, posting: UUID) -> None:
    try:
        with uow.connection.begin_nested():
            uow.execute(insert(_once).values(key=key, fingerprint=fingerprint, posting=posting))
    except IntegrityError:
        raise HappenedBefore(key) from None


def _move_balances(uow: UnitOfWork, party: Party, made: Sequence[Movement], may_be_credit: bool) -> None:
    moved: dict[tuple[str, str], Decimal] = {}
    for line in made:
        moved[line.account, line.item] = moved.get((line.account, line.item), Decimal()) + line.amount
    build = insert_sqlite if uow.is_sqlite else insert_postgresql
    for (account, item), amount in sorted(moved.items()):  # one order for all: no deadlocks
        statement = build(_balance).values(
            unit=party.unit, customer=party.customer, account=account, item=item, amount=amount
        )
        now: Decimal = uow.execute(
            statement.on_conflict_do_update(
                index_elements=["unit", "customer", "account", "item"],
                set_={"amount": _balance.c.amount + statement.excluded.amount},
            ).returning(_balance.c.amount)
        ).scalar_one()
        if now >= 0 or amount >= 0:
            continue
        if account == RECEIVABLE and not may_be_credit:
            raise more_than_owed(now - amount)
        if account == DEPOSIT:
            raise Conflict(
                Text(
                    "“{item}”只有押金 {held} 元，不够扣退 {amount} 元。",
                    "Only {held} yuan are held as “{item}”; {amount} yuan cannot be taken out of it.",
                ),
                item=item_of(uow, item).name,
                held=f"{max(now - amount, Decimal()):,.2f}",
                amount=f"{-amount:,.2f}",
            )


def _require_party(uow: UnitOfWork, party: Party) -> None:
    rules = rules_of(uow)
    for register, number in ((rules.unit_register, party.unit), (rules.customer_register, party.customer)):
        if register is not None and not records.titles(uow, register, [number]):
            name = registers.register(uow, register).name
            raise InvalidInput(records.UNKNOWN, register=name, number=number)


def rules_of(uow: UnitOfWork) -> LedgerRules:
    """Return what the ledger knows of the organisation."""
    return registers.catalogue(uow).ledger


def item_of(uow: UnitOfWork, key: str) -> ChargeItem:
    """Return a charge item. Raises ExpressionFailed: there is none."""
    found = rules_of(uow).items.get(key)
    if found is None:
        raise ExpressionFailed(
            Text(
                "收费项目“{key}”没有在 registers.toml 中登记。",
                "The charge item “{key}” is not declared in registers.toml.",
            ),
            key=key,
        )
    return found


def method_of(uow: UnitOfWork, key: str) -> str:
    """Return a way of paying. Raises ExpressionFailed: registers.toml declares others."""
    methods = rules_of(uow).methods
    if key and methods and key not in methods:
        raise ExpressionFailed(
            Text(
                "付款方式“{key}”没有在 registers.toml 中登记，有：{known}。",
                "The way of paying “{key}” is not declared in registers.toml; there are: {known}.",
            ),
            key=key,
            known=", ".join(methods),
        )
    return short(key, LONGEST_METHOD)


def amount_of(uow: UnitOfWork, value: Any) -> Decimal:
    """Return an amount above 0. Raises InvalidInput."""
    amount = plain.read("amount", value)
    largest = rules_of(uow).largest_amount
    if amount is None or not 0 < amount <= largest:
        raise InvalidInput(
            Text(
                "金额 {amount} 不对：应大于 0，不超过 {largest} 元。",
                "The amount {amount} is wrong: it should be above 0 and at most {largest} yuan.",
            ),
            amount="—" if amount is None else amount,
            largest=f"{largest:,}",
        )
    return Decimal(amount)


def short(text: str, most: int) -> str:
    """Return a text without spaces around it. Raises InvalidInput: it is too long."""
    text = str(text or "").strip()
    if len(text) > most:
        raise InvalidInput(
            Text("“{text}…”最多 {most} 个字。", "“{text}…” may have {most} characters at most."),
            text=text[:20],
            most=most,
        )
    return text


def reference_of(text: str) -> str:
    """Return a reference. Raises InvalidInput: it is missing or too long."""
    reference = short(text, LONGEST_REFERENCE)
    if not reference:
        raise InvalidInput(Text("缺少凭据（reference）。", "The reference is missing."))
    return reference


def today_of(uow: UnitOfWork) -> date:
    """Return today in the centre's zone."""
    return uow.now.astimezone(uow.centre.zone).date()


def more_than_owed(owed: Decimal) -> Conflict:
    """Return the error of paying more than is owed."""
    return Conflict(
        Text("超过应收：只欠 {amount} 元。", "That is more than the {amount} yuan that are owed."),
        amount=f"{max(owed, Decimal()):,.2f}",
    )
