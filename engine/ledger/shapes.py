"""Lines of the ledger, and where a party stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from engine.texts import Text

RECEIVABLE, DEPOSIT = "receivable", "deposit"


class EntryKind(StrEnum):
    """What a line of the ledger is; stored by value."""

    CHARGE = "charge"  #: the customer owes more
    PAYMENT = "payment"  #: the customer paid
    DEPOSIT_RECEIVED = "deposit_received"  #: we hold more for the customer
    DEPOSIT_REFUNDED = "deposit_refunded"  #: we gave back what we held
    DEDUCTION = "deduction"  #: what we held paid what was owed
    LATE_FEE = "late_fee"  #: the customer owes more, for paying late
    OFFSET = "offset"  #: what was paid too much for one item paid another
    CREDIT_REFUNDED = "credit_refunded"  #: we gave back what was paid too much
    CORRECTION = "correction"  #: takes another line back


KIND_NAMES = {
    EntryKind.CHARGE: Text("应收", "charge"),
    EntryKind.PAYMENT: Text("收款", "payment"),
    EntryKind.DEPOSIT_RECEIVED: Text("收押金", "deposit received"),
    EntryKind.DEPOSIT_REFUNDED: Text("退押金", "deposit refunded"),
    EntryKind.DEDUCTION: Text("押金抵扣", "deducted from the deposit"),
    EntryKind.LATE_FEE: Text("滞纳金", "late fee"),
    EntryKind.OFFSET: Text("多收冲抵", "set off"),
    EntryKind.CREDIT_REFUNDED: Text("退还多收", "overpayment refunded"),
    EntryKind.CORRECTION: Text("冲正", "correction"),
}


@dataclass(frozen=True)
class Party:
    """Whose account it is: a customer's, for a unit."""

    unit: str
    customer: str


@dataclass(frozen=True)
class Author:
    """Who writes, and in which case."""

    user_name: str | None  # None: a timer
    instance_id: int | None


@dataclass(frozen=True)
class Charge:
    """Something that is charged. ``period``: "2026-11", or the number of the lease, pass or case."""

    item: str
    amount: Any
    period: str = ""
    note: str = ""


@dataclass(frozen=True)
class Standing:
    """Where a party stands: what is owed (below zero: a credit) and what is held, by item; no zeros."""

    owed: Mapping[str, Decimal]
    deposits: Mapping[str, Decimal]

    @property
    def receivable(self) -> Decimal:
        """What is owed in all."""
        return sum(self.owed.values(), Decimal("0.00"))

    @property
    def held(self) -> Decimal:
        """What is held in all."""
        return sum(self.deposits.values(), Decimal("0.00"))


@dataclass(frozen=True)
class Receipt:
    """What was received, under which number."""

    number: str
    received: Decimal
    standing: Standing


@dataclass(frozen=True)
class LateFee:
    """A late fee as of today."""

    total: Decimal
    charged: Decimal  # what is new
    days: int


@dataclass(frozen=True)
class Movement:
    """A line that is to be written."""

    account: str
    item: str
    kind: EntryKind
    amount: Decimal
    period: str = ""
    note: str = ""
    corrects_id: int | None = None


@dataclass(frozen=True)
class Held:
    """What one party owes for an item, or what is held for it."""

    unit: str
    customer: str
    account: str
    item: str
    amount: Decimal


@dataclass(frozen=True)
class Entry:
    """One line of the ledger as it was stored."""

    id: int
    at: datetime
    day: date
    unit: str
    customer: str
    account: str
    item: str
    period: str
    kind: EntryKind
    amount: Decimal
    receipt_number: str
    method: str | None
    instance_id: int | None
    user_name: str | None
    corrects_id: int | None
    note: str
    is_corrected: bool


@dataclass(frozen=True)
class Difference:
    """A balance that is not the sum of its lines."""

    unit: str
    customer: str
    account: str
    item: str
    kept: Decimal
    summed: Decimal
