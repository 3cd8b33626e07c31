"""The ledger: what customers owe and what is held for them; lines are only ever added."""

from __future__ import annotations

from engine.ledger.looking import balances, lines, may_see, require_settled, standing, verify
from engine.ledger.movements import (
    charge,
    correct,
    deduct,
    deposit,
    late_fee,
    posted,
    receive,
    refund,
    refund_credit,
)
from engine.ledger.shapes import (
    DEPOSIT,
    KIND_NAMES,
    RECEIVABLE,
    Author,
    Charge,
    Difference,
    Entry,
    EntryKind,
    Held,
    LateFee,
    Party,
    Receipt,
    Standing,
)

__all__ = [
    "DEPOSIT",
    "KIND_NAMES",
    "RECEIVABLE",
    "Author",
    "Charge",
    "Difference",
    "Entry",
    "EntryKind",
    "Held",
    "LateFee",
    "Party",
    "Receipt",
    "Standing",
    "balances",
    "charge",
    "correct",
    "deduct",
    "deposit",
    "late_fee",
    "lines",
    "may_see",
    "posted",
    "receive",
    "refund",
    "refund_credit",
    "require_settled",
    "standing",
    "verify",
]
