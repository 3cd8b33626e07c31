"""What an import costs, and the page of a unit with few lines in the ledger and with very many."""

from __future__ import annotations

import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import xlsxwriter
from sqlalchemy import insert

from engine import definitions, identity, ledger, migrations, queries, registers, tables
from engine.bench.measuring import Times, ratio
from engine.database import Database
from engine.ledger import Author, Charge, Party

_SOURCE = """
[[register]]
key = "bench_unit"
name_zh = "单元"
name_en = "Unit"
number = "code"
may_see = ["*"]
may_change = ["*"]
{fields}
[ledger]
unit_register = "bench_unit"
may_see = ["*"]
[[ledger.item]]
key = "rent"
name_zh = "租金"
name_en = "Rent"
"""
_FIELD = """
[[register.field]]
key = "{key}"
name_zh = "{key}"
name_en = "{key}"
type = "{type}"
{more}
"""
_FIELDS = {
    "code": ("text", "required = true"),
    "owner": ("text", "indexed = true"),
    "phone": ("phone", "indexed = true"),
    "area": ("decimal", ""),
    "fee": ("amount", ""),
    "since": ("date", ""),
}
_BY = identity.User("bench", "bench")
_BATCH = 5_000
_LOOKS = 60
FEW = 500


def measure(database: Database, rows: int, lines: int, tick: Callable[[], object]) -> dict[str, Any]:
    """
    Import so many rows from CSV and XLSX; fill a unit's ledger with few lines, then with many.

    The database is empty: it gets its tables, and registers of its own.
    """
    migrations.migrate(database)
    fields = "".join(_FIELD.format(key=key, type=type_, more=more) for key, (type_, more) in _FIELDS.items())
    with database.unit_of_work() as uow:
        source = {"registers.toml": _SOURCE.format(fields=fields).encode()}
        definitions.deploy(uow, source, by=identity.SYSTEM, reason="bench")
    with tempfile.TemporaryDirectory(prefix="banjie-bench-") as folder:
        own = replace(database.centre, files=Path(folder))
        former, database.centre = database.centre, own
        try:
            imports = {kind: _imported(database, kind, rows, tick) for kind in ("csv", "xlsx")}
        finally:
            database.centre = former
    few, many = _looked_at(database, lines, tick)
    return {
        "rows": rows,
        "imports": imports,
        "unit_page_ms": {str(FEW): round(few, 3), str(lines): round(many, 3)},
        "ratios": {
            **{
                f"seconds to import {rows} rows, {kind}": {"reached": one["seconds"], "goal": "≤ 60"}
                for kind, one in imports.items()
            },
            f"unit page with {lines} lines / with {FEW}": {"reached": ratio(many, few), "goal": "≤ 1.3"},
        },
    }


def _imported(database: Database, kind: str, rows: int, tick: Callable[[], object]) -> dict[str, float]:
    """Import a small file, then the large one; return its seconds, and how much more memory it took."""
    _import(database, kind, f"{kind}-small", max(rows // 10, 1))
    tick()
    return _import(database, kind, kind, rows)


def _import(database: Database, kind: str, prefix: str, rows: int) -> dict[str, float]:
    with tempfile.TemporaryFile() as content:
        (_write_csv if kind == "csv" else _write_xlsx)(content, prefix, rows)
        content.seek(0)
        with database.reading() as uow:
            upload = registers.keep_upload(uow, "bench_unit", content, f"units.{kind}", _BY)
    taken, before = Times(), _most_memory()
    with taken.measured():
        report = registers.run_import(database, upload, dict(enumerate(_FIELDS)), _BY)
    assert report.added == rows, report.errors
    return {
        "seconds": round(taken.median / 1000, 3),
        "more_memory_mb": round(_most_memory() - before, 1),
    }


def _values(prefix: str, rows: int) -> Iterator[list[str]]:
    yield list(_FIELDS)
    for number in range(rows):
        yield [
            f"{prefix}-{number:06}", f"业主{number}", f"138{number:08}", f"{50 + number % 100}.5",
            f"{number % 9000}.25", f"20{10 + number % 16}-0{1 + number % 9}-15",
        ]  # fmt: skip


def _write_csv(target: IO[bytes], prefix: str, rows: int) -> None:
    for values in _values(prefix, rows):
        target.write((",".join(values) + "\n").encode())


def _write_xlsx(target: IO[bytes], prefix: str, rows: int) -> None:
    with xlsxwriter.Workbook(target, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, values in enumerate(_values(prefix, rows)):
            sheet.write_row(number, 0, values)


def _most_memory() -> float:
    """Return the most memory that the process ever had, in MB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _looked_at(database: Database, lines: int, tick: Callable[[], object]) -> tuple[float, float]:
    """Return the medians of two units' pages, in turn: one with few lines in the ledger, one with many."""
    units = {"csv-000001": FEW, "csv-000002": lines}
    for unit, wanted in units.items():
        _fill(database, Party(unit, "bench"), wanted)
        tick()
    taken = {unit: Times() for unit in units}
    for _ in range(_LOOKS):
        for unit, times in taken.items():
            with times.measured(), database.reading() as uow:
                queries.record(uow, "bench_unit", unit, _BY)
    few, many = taken.values()
    return few.median, many.median


def _fill(database: Database, party: Party, wanted: int) -> None:
    with database.unit_of_work() as uow:
        ledger.charge(uow, party, [Charge("rent", 1, "first")], Author(None, None))
    for first in range(1, wanted, _BATCH):
        with database.unit_of_work() as uow:
            row = {
                "posting": uuid4(), "at": uow.now, "day": uow.now.date(), "unit": party.unit,
                "customer": party.customer, "account": ledger.RECEIVABLE, "item": "rent",
                "kind": str(ledger.EntryKind.PAYMENT), "amount": Decimal(0),
            }  # fmt: skip
            uow.execute(insert(tables.ledger_entry), [row] * min(_BATCH, wanted - first))
