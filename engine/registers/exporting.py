"""Writing registers to CSV and XLSX."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, BinaryIO

import xlsxwriter

from engine import tables
from engine.database import UnitOfWork
from engine.forms.formatting import YES_NO
from engine.identity import User
from engine.registers import access, definition, records
from engine.registers.shapes import Register
from engine.texts import Text
from engine.visibility import HIDDEN

BATCH = 1000
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = Text("编号", "Number")
_NAME = Text("{field}（名称）", "{field} (name)")
_NARROWEST = 12  # characters of a column
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
    named = _named(uow, register, by)
    yield b"\xef\xbb\xbf" + _line(_headings(register, named, by.language))
    for row in _rows(uow, register, named, by, text, where):
        yield _line([_csv_cell(value) for value in row])


def template_csv(uow: UnitOfWork, key: str, by: User) -> bytes:
    """Return a CSV file with the headings only, to be filled in. Raises NotFound."""
    return b"\xef\xbb\xbf" + _line(_headings(access.visible(uow, key, by), {}, by.language))


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
            named = _named(uow, register, by)
            sheet.freeze_panes(1, 0)
            for column, heading in enumerate(_headings(register, named, by.language)):
                sheet.set_column(column, column, max(_NARROWEST, 2 * len(heading)))
                sheet.write_string(0, column, heading)
            for number, row in enumerate(_rows(uow, register, named, by, text, where or {}), 1):
                for column, value in enumerate(row):
                    _write(sheet, number, column, value, day)


_NOT_IN_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))


def _named(uow: UnitOfWork, register: Register, by: User) -> Mapping[str, Register]:
    """Return the references that are exported with a name beside the number, which alone tells nothing."""
    known = definition.catalogue(uow).registers
    referred = {field.key: known[field.reference or ""] for field in register.references}
    return {
        key: each
        for key, each in referred.items()
        if access.may_see(by, each) and each.title not in ("{number}", f"{{{each.number_field}}}")
    }


def _headings(register: Register, named: Collection[str], language: str) -> list[str]:
    """Return the names of the columns; an import knows the fields again, and leaves the names out."""
    found = [] if register.number_field else [_NUMBER]
    for key, field in register.fields.items():
        found += [field.name, _NAME.format(field=field.name)] if key in named else [field.name]
    return [each.in_language(language) for each in found]


def _rows(
    uow: UnitOfWork,
    register: Register,
    named: Mapping[str, Register],
    by: User,
    text: str,
    where: Mapping[str, str],
) -> Iterator[list[Any]]:
    hidden, called = access.hidden_fields(by, register), _labels(register, by.language)
    wanted = records.select_records(register, where, text)
    names: dict[str, Mapping[Any, str]] = {}
    after = ""
    while True:
        rows = uow.execute(wanted.where(tables.record.c.number > after).limit(BATCH)).all()
        page = [records.read(row) for row in rows]
        for key, referred in named.items():
            numbers = {number for each in page if (number := each.values.get(key)) is not None}
            names[key] = records.titles(uow, referred.key, numbers)
        for record in page:
            cells: list[Any] = [] if register.number_field else [record.number]
            for key in register.fields:
                value = record.values.get(key)
                is_hidden = key in hidden and value is not None
                cells.append(HIDDEN if is_hidden else called.get((key, value), value))
                if key in named:
                    cells.append(HIDDEN if is_hidden else names[key].get(value))
            yield cells
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
