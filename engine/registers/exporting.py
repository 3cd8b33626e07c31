"""Writing registers to CSV and XLSX."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, BinaryIO

import xlsxwriter

from engine import tables
from engine.database import UnitOfWork
from engine.forms.formatting import YES_NO
from engine.identity import User
from engine.registers import access, records
from engine.registers.shapes import Register
from engine.texts import Text
from engine.visibility import HIDDEN

BATCH = 1000
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = Text("编号", "Number")
_EXACT_AS_FLOAT = 15  # digits that a spreadsheet keeps


def export_csv(
    uow: UnitOfWork, key: str, by: User, *, text: str = "", where: Mapping[str, str] | None = None
) -> Iterator[bytes]:
    """
    Return the parts of a CSV file (UTF-8 with a mark) of the records that fit; fields one may not see as ***.

    Raises:
        NotFound: no such register, or not for this user.
    """
    register = access.visible(uow, key, by)
    return _csv(uow, register, by, text, where or {})


def _csv(
    uow: UnitOfWork, register: Register, by: User, text: str, where: Mapping[str, str]
) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf" + _line(headings(register, by.language))
    for row in _rows(uow, register, by, text, where):
        yield _line([_csv_cell(value) for value in row])


def template_csv(uow: UnitOfWork, key: str, by: User) -> bytes:
    """Return a CSV file with the headings only, to be filled in. Raises NotFound."""
    return b"\xef\xbb\xbf" + _line(headings(access.visible(uow, key, by), by.language))


def export_xlsx(
    uow: UnitOfWork,
    key: str,
    by: User,
    target: BinaryIO,
    *,
    text: str = "",
    where: Mapping[str, str] | None = None,
) -> None:
    """Write an XLSX file of the records that fit. Raises NotFound."""
    register = access.visible(uow, key, by)
    with tempfile.TemporaryDirectory(prefix="banjie-export-") as folder:
        options = {
            "constant_memory": True,
            "tmpdir": folder,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        with xlsxwriter.Workbook(target, options) as book:
            sheet = book.add_worksheet(register.name.in_language(by.language)[:31].translate(_NOT_IN_NAMES))
            day = book.add_format({"num_format": "yyyy-mm-dd"})
            sheet.write_row(0, 0, headings(register, by.language))
            for number, row in enumerate(_rows(uow, register, by, text, where or {}), 1):
                for column, value in enumerate(row):
                    _write(sheet, number, column, value, day)


_NOT_IN_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))


def headings(register: Register, language: str) -> list[str]:
    """Return the names of an export's columns; an import knows them again."""
    number = [] if register.number_field else [_NUMBER.in_language(language)]
    return number + [field.name.in_language(language) for field in register.fields.values()]


def _rows(
    uow: UnitOfWork, register: Register, by: User, text: str, where: Mapping[str, str]
) -> Iterator[list[Any]]:
    hidden, called = access.hidden_fields(by, register), _labels(register, by.language)
    wanted = records.select_records(register, where, text)
    after = ""
    while True:
        page = uow.execute(wanted.where(tables.record.c.number > after).limit(BATCH)).all()
        for record in map(records.read, page):
            number = [] if register.number_field else [record.number]
            yield number + [
                HIDDEN
                if key in hidden and record.values.get(key) is not None
                else called.get((key, record.values.get(key)), record.values.get(key))
                for key, field in register.fields.items()
            ]
        if len(page) < BATCH:
            return
        after = page[-1].number


def _labels(register: Register, language: str) -> dict[tuple[str, Any], str]:
    """Return how values are written that people read in words: an import knows them again."""
    called: dict[tuple[str, Any], str] = {}
    for field in register.fields.values():
        words = YES_NO if field.type == "boolean" else field.choices
        written = {value: text.in_language(language) for value, text in words.items()}
        if len(set(written.values())) == len(written):  # else nobody could tell which one is meant
            called |= {(field.key, value): text for value, text in written.items()}
    return called


def _csv_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_DANGEROUS) else value
    return str(value)


def _line(cells: Sequence[str]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue().encode()


def _write(sheet: Any, row: int, column: int, value: Any, day: Any) -> None:
    if value is None:
        return
    if isinstance(value, date):
        sheet.write_datetime(row, column, value, day)
    elif isinstance(value, int | Decimal) and len(Decimal(value).as_tuple().digits) <= _EXACT_AS_FLOAT:
        sheet.write_number(row, column, value)
    else:
        sheet.write_string(row, column, str(value))
