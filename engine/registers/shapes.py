"""Registers, their fields and the charge items of the ledger, as registers.toml describes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from engine.texts import Text


@dataclass(frozen=True)
class Field:
    """One field of a register."""

    key: str
    name: Text
    type: str  # one of TYPES
    required: bool = False
    indexed: bool = False
    restricted: bool = False
    choices: Mapping[str, Text] = field(default_factory=dict)
    reference: str | None = None
    least: Decimal | None = None
    most: Decimal | None = None


@dataclass(frozen=True)
class NoOverlap:
    """Records with the same ``by`` never share a day; those with all values of ``unless`` do not count."""

    by: str
    first: str
    last: str
    unless: Mapping[str, str]


@dataclass(frozen=True)
class Verification:
    """What whoever scans a paper's code is told about a record."""

    holder: str | None
    first: str | None
    last: str | None
    status: str | None
    good: tuple[str, ...]


@dataclass(frozen=True)
class Register:
    """A list of records, and who may see and change it."""

    key: str
    name: Text
    fields: Mapping[str, Field]
    number_field: str | None  # or a series
    number_series: str | None
    title: str
    may_see: frozenset[str]
    may_change: frozenset[str]
    may_see_restricted: frozenset[str]
    no_overlap: NoOverlap | None = None
    verification: Verification | None = None

    @property
    def references(self) -> list[Field]:
        """The fields that name records of other registers."""
        return [each for each in self.fields.values() if each.reference]

    @property
    def restricted(self) -> frozenset[str]:
        """The fields that not everybody sees who sees the register."""
        return frozenset(key for key, each in self.fields.items() if each.restricted)


@dataclass(frozen=True)
class ChargeItem:
    """What may be charged; a deposit is held for the customer once it is paid."""

    key: str
    name: Text
    deposit: bool = False


@dataclass(frozen=True)
class LedgerRules:
    """What the ledger knows of the organisation."""

    items: Mapping[str, ChargeItem] = field(default_factory=dict)
    methods: Mapping[str, Text] = field(default_factory=dict)  # of payment; none: any text will do
    unit_register: str | None = None
    customer_register: str | None = None
    receipt_series: str = "SJ-{year}{month:02}-{n:05}"
    may_see: frozenset[str] = frozenset()
    may_correct: frozenset[str] = frozenset()
    largest_amount: Decimal = Decimal(100_000_000)


@dataclass(frozen=True)
class Catalogue:
    """All registers, in the order of the file, and the rules of the ledger."""

    registers: Mapping[str, Register] = field(default_factory=dict)
    ledger: LedgerRules = field(default_factory=LedgerRules)

    def labels(self, source: str) -> Mapping[str, Text]:
        """
        Return what the values of a field are called: ``key.kind``, ``ledger.item``, ``ledger.method``.

        Nothing for any other source.
        """
        register, _, key = source.partition(".")
        if register == "ledger":
            items = {each.key: each.name for each in self.ledger.items.values()}
            return {"item": items, "method": self.ledger.methods}.get(key, {})
        fields = self.registers[register].fields if register in self.registers else {}
        return fields[key].choices if key in fields else {}
