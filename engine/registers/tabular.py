"""Tables of other programs: reading CSV and XLSX row by row."""

from __future__ import annotations

import codecs
import csv
import re
import warnings
import zipfile
from collections.abc import Generator
from contextlib import closing
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, BinaryIO

from openpyxl import load_workbook

from engine.errors import InvalidInput
from engine.texts import Text

MOST_COLUMNS = 200
MOST_ROWS = 500_000
LAST_ROW = 1 << 20  # of a sheet; no spreadsheet counts further
LONGEST_CELL = 5000  # characters
LARGEST_UNPACKED = 1 << 30  # bytes of an XLSX

_NOT_READABLE = Text(
    "文件无法读取：应为 CSV（UTF-8 或 GB18030）或 XLSX。",
    "The file cannot be read: it should be CSV (UTF-8 or GB18030) or XLSX.",
)
_BAD_QUOTES = Text(
    "CSV 从第 {row} 行起读不下去：请看引号是否成对。",
    "From row {row} on the CSV cannot be read: look whether each quotation mark has its partner.",
)
_NOT_COMPUTED = Text("公式没有算出结果。", "It is a formula without a result.")
_DIGITS_LOST = Text(
    "表格软件丢了长数字的后几位；请把这一列设为文本，再重填。",
    "The spreadsheet has lost the last digits of a long number; make the column text, and enter it again.",
)
_CHUNK = 1 << 20

Row = tuple[int, list[str]]  # the number of its line in the file, from 1; its cells


def kind_of(path: Path) -> str:
    """Return ``csv`` or ``xlsx``, by content. Raises InvalidInput."""
    with path.open("rb") as stream:
        head = stream.read(4096)
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    if not head or head.startswith((b"\xd0\xcf\x11\xe0", b"%PDF")) or b"\0" in head:
        raise InvalidInput(_NOT_READABLE)
    return "csv"


def rows(path: Path) -> Generator[Row, None, None]:
    """
    Go through the rows that are not empty, the headings first.

    Raises:
        InvalidInput: the file is malformed, or has too many rows or columns.
    """
    reader = _xlsx_rows if kind_of(path) == "xlsx" else _csv_rows
    count = 0
    for number, cells in reader(path):
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            continue
        count += 1
        if len(cells) > MOST_COLUMNS or count > MOST_ROWS + 1:
            raise _too_large()
        yield number, cells


def _too_large() -> InvalidInput:
    return InvalidInput(
        Text(
            "文件太大：最多 {rows} 行、{columns} 列。",
            "The file is too large: at most {rows} rows and {columns} columns.",
        ),
        rows=MOST_ROWS,
        columns=MOST_COLUMNS,
    )


# ---- CSV -------------------------------------------------------------------------------------------------


def _csv_rows(path: Path) -> Generator[Row, None, None]:
    row = 0  # as a spreadsheet counts them: a cell may hold several lines
    try:
        with path.open(encoding=_encoding(path), newline="") as stream:
            head = stream.readline(10_000)
            stream.seek(0)
            delimiter = max(",;\t", key=head.count)
            for row, cells in enumerate(csv.reader(stream, delimiter=delimiter, strict=True), 1):
                yield row, [_unguarded(cell[:LONGEST_CELL].strip()) for cell in cells]
    except UnicodeDecodeError as error:
        raise InvalidInput(_NOT_READABLE) from error
    except csv.Error as error:
        raise InvalidInput(_BAD_QUOTES, row=row + 1) from error


def _encoding(path: Path) -> str:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    with path.open("rb") as stream:
        try:
            while chunk := stream.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "gb18030"
    return "utf-8-sig"


def _unguarded(cell: str) -> str:
    """Take away the apostrophe that an export sets before what a spreadsheet would compute."""
    return cell[1:] if re.match(r"'[=+\-@\t\r]", cell) else cell


# ---- what spreadsheets spoil ------------------------------------------------------------------------------

_ERRORS = frozenset({"#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#DIV/0!", "#SPILL!", "#CALC!"})
_ROUNDED = re.compile(r"\d(\.\d+)?E\+\d{2}", re.IGNORECASE)


def spoiled(cell: str) -> Text | None:
    """Return what a spreadsheet has made of a cell whose content is lost; None where nothing is."""
    if cell in _ERRORS:
        return _NOT_COMPUTED
    return _DIGITS_LOST if _ROUNDED.fullmatch(cell) else None


# ---- XLSX ------------------------------------------------------------------------------------------------


def _xlsx_rows(path: Path) -> Generator[Row, None, None]:
    _require_harmless(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and extensions that do not matter here
        try:
            # As a stream: the name of a kept upload has no ending.
            with path.open("rb") as stream, closing(_book(stream)) as book:
                sheet = book.worksheets[0]
                sheet.reset_dimensions()  # what the file says of its size may be a lie
                for number, cells in enumerate(
                    sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS + 1), 1
                ):
                    if number > LAST_ROW:
                        raise _too_large()
                    # A stray cell in a sheet's last row brings a million empty rows before it.
                    if cells.count(None) < len(cells):
                        yield number, [_as_text(cell) for cell in cells]
        except InvalidInput:
            raise
        # openpyxl raises whatever comes up in a malformed file.
        except Exception as error:
            raise InvalidInput(_NOT_READABLE) from error


def _book(stream: BinaryIO) -> Any:
    return load_workbook(stream, read_only=True, data_only=True, keep_links=False)


def _require_harmless(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > LARGEST_UNPACKED:
                raise InvalidInput(Text("解开后太大。", "It is too large when unpacked."))
            for member in archive.infolist():
                with archive.open(member) as stream:
                    if b"<!DOCTYPE" in stream.read(1000).upper():
                        raise InvalidInput(_NOT_READABLE)
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise InvalidInput(_NOT_READABLE) from error


def _as_text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return f"{cell:.15G}"  # as the spreadsheet shows it: 0.3, not 0.30000000000000004
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return _unguarded(str(cell)[:LONGEST_CELL].strip())
