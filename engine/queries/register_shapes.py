"""What the pages of registers, money and papers show: plain values that nothing can change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from engine.queries.shapes import CaseLine, Change, Count, Person
from engine.texts import Text

# ---- registers -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """One value that a choice field may have."""

    value: str
    name: Text


@dataclass(frozen=True)
class FieldHead:
    """One field of a register: a column of its list, an entry of its form."""

    key: str
    name: Text
    #: text, long_text, decimal, amount, integer, date, boolean, choice, phone, id_number, email, reference
    type: str
    required: bool
    indexed: bool  # the list may be filtered by it
    restricted: bool
    choices: tuple[Choice, ...] = ()
    reference: str | None = None  # the register that it names a record of
    is_number: bool = False  # the natural key: entered once, never changed


@dataclass(frozen=True)
class RegisterHead:
    """A register, and what the viewer may do there."""

    key: str
    name: Text
    fields: tuple[FieldHead, ...]
    columns: tuple[FieldHead, ...]  # shown in lists: the number and the other indexed fields
    has_series: bool  # numbers are given by the program: the form for a new record has no field for it
    may_change: bool  # add, change, import by hand
    count: Count | None = None  # of records; given in the overview


@dataclass(frozen=True)
class RecordLink:
    """A record, to be linked: ``/registers/<register>/<number>``."""

    register: str
    number: str
    title: str


@dataclass(frozen=True)
class FieldShown:
    """
    One value of a record, readable.

    ``value``: str, int, Decimal, date, bool or None; for a choice its Text. ``link``: for a reference.
    ``is_hidden``: the viewer may not see it, and ``value`` is None.
    """

    key: str
    name: Text
    type: str
    value: Any
    is_hidden: bool = False
    link: RecordLink | None = None


@dataclass(frozen=True)
class RecordLine:
    """One record in a list; ``values`` stand in the order of the register's columns."""

    register: str
    number: str
    title: str
    values: tuple[FieldShown, ...]


@dataclass(frozen=True)
class RecordList:
    """Records in order of their numbers. ``next_after`` goes into the address of the next page."""

    register: RegisterHead
    items: tuple[RecordLine, ...]
    next_after: str | None
    count: Count


@dataclass(frozen=True)
class LinkedRecords:
    """Records of another register that name this one: leases, passes, keys of a unit."""

    register: RegisterHead
    field: FieldHead  # the field that names this record
    items: tuple[RecordLine, ...]  # the newest, at most 50
    has_more: bool  # the register's list, filtered by this field, has them all


@dataclass(frozen=True)
class Addition:
    """What the viewer may add that names a record, and that there is none of yet: a lease of a new unit."""

    register: RegisterHead
    field: FieldHead  # the field that will name the record


@dataclass(frozen=True)
class RecordHistoryLine:
    """One change of a record. ``case_number``: of the case that made it, where the viewer may see that."""

    id: int
    at: datetime
    kind: str  # record_added, record_changed
    text: Text
    by: Person | None  # None: the program itself
    instance_id: int | None
    case_number: str | None
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class RecordPage:
    """All that is known of one record, as far as the viewer may see it."""

    register: RegisterHead
    number: str
    title: str
    revision: int  # goes into the form that changes it
    fields: tuple[FieldShown, ...]
    values: Mapping[str, Any]  # raw, for the form; without hidden fields
    linked: tuple[LinkedRecords, ...]
    additions: tuple[Addition, ...]
    cases: tuple[CaseLine, ...]  # the newest 20 that name it
    has_more_cases: bool
    money: Money | None  # for units and customers, where the viewer may see the ledger
    history: tuple[RecordHistoryLine, ...]  # the newest 50 first


@dataclass(frozen=True)
class Found:
    """One hit of a search over all registers."""

    register: RegisterHead
    item: RecordLine


@dataclass(frozen=True)
class SearchPage:
    """What a search found, at most 20 of each register."""

    text: str
    items: tuple[Found, ...]


# ---- money -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Balance:
    """What is owed for an item, or held as a deposit."""

    unit: str
    customer: str
    customer_name: str  # the title of the record; the number where there is none
    account: str  # receivable, deposit
    item: str
    item_name: Text
    amount: Decimal


@dataclass(frozen=True)
class LedgerLine:
    """One line of the ledger; ``amount`` is signed: + raises what is owed, or what is held."""

    id: int
    at: datetime
    day: date
    unit: str
    customer: str
    customer_name: str
    account: str  # receivable, deposit
    item: str
    item_name: Text
    period: str
    #: charge, payment, deposit_received, deposit_refunded, deduction, late_fee, correction
    kind: str
    kind_name: Text
    amount: Decimal
    receipt_number: str
    method: Text | None  # how it was paid
    note: str
    by: Person | None
    instance_id: int | None
    case_number: str | None  # where the viewer may see the case
    corrects_id: int | None
    is_corrected: bool  # another line takes it back
    may_be_corrected: bool  # by the viewer, and it has not been yet


@dataclass(frozen=True)
class LedgerLines:
    """Lines, newest first. ``next_after`` is the id to go on behind."""

    items: tuple[LedgerLine, ...]
    next_after: int | None


@dataclass(frozen=True)
class Money:
    """Where a unit or a customer stands."""

    whose: Mapping[str, str]  # {"unit": number} or {"customer": number}: what ledger_lines is asked with
    receivable: Decimal  # what is owed in all; below zero: a credit
    held: Decimal  # deposits in all
    balances: tuple[Balance, ...]  # those that are not zero
    lines: LedgerLines
    may_correct: bool


# ---- papers ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PaperLine:
    """One paper of a case: ``/papers/<id>``."""

    id: int
    number: str
    name: Text
    issued_at: datetime
    issued_by: Person | None


@dataclass(frozen=True)
class PaperFact:
    """One thing that whoever scans a paper's code is shown."""

    label: Text
    value: Any


@dataclass(frozen=True)
class PaperCheck:
    """What whoever scans a paper's code is told: as little as security needs."""

    name: Text
    number: str
    #: genuine (it holds for good), valid, not_yet, expired, blocked (its record), void (its case says so),
    #: superseded, withdrawn (its case was ended), unclear
    state: str
    holder: str = ""  # masked: 王**
    shown: tuple[PaperFact, ...] = ()
    first: date | datetime | None = None
    last: date | datetime | None = None
    words: Text | None = None  # instead of those for the state
    advice: Text | None = None
