"""Tables of other programs: reading CSV and XLSX row by row."""

from __future__ import annotations

import codecs
import csv
import re
import warnings
import zipfile
from collections.abc import Generator
from contextlib import closing
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import IO, Any, BinaryIO

from openpyxl import load_workbook

from engine.errors import InvalidInput
from engine.texts import Text

MOST_COLUMNS = 200
MOST_ROWS = 500_000
LAST_ROW = 1 << 20  # of a sheet; no spreadsheet counts further
LONGEST_CELL = 5000  # characters
LARGEST_UNPACKED = 1 << 30  # bytes of an XLSX
LARGEST_IN_MEMORY = 1 << 25  # bytes of a row, and of each part that is no sheet

_NOT_READABLE = Text(
    "文件无法读取：应为 CSV（UTF-8 或 GB18030）或 XLSX。",
    "The file cannot be read: it should be CSV (UTF-8 or GB18030) or XLSX.",
)
_BAD_QUOTES = Text(
    "CSV 从第 {row} 行起读不下去：请看引号是否成对。",
    "From row {row} on the CSV cannot be read: look whether each quotation mark has its partner.",
)
_NOT_COMPUTED = Text("公式算不出结果。", "It is a formula without a result.")
_NOT_COMPUTED_YET = Text(
    "{cell} 等处的公式还没有结果；请用表格软件打开文件，再保存一次。",
    "The formula in {cell} (perhaps others, too) has no result yet; open and save the file in a spreadsheet.",
)
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


def day(cell: str) -> str:
    """Return the day for which a spreadsheet shows its number, where it was told that it is no date."""
    is_number = re.fullmatch(r"[2-7]\d{4}", cell, re.ASCII)
    return (date(1899, 12, 30) + timedelta(days=int(cell))).isoformat() if is_number else cell


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
    """Look through a workbook for what would take too much memory, or be read as nothing."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if sum(part.file_size for part in parts) > LARGEST_UNPACKED:
                raise _too_large_unpacked()
            for part in parts:
                with archive.open(part) as stream:
                    _look_through(stream, part)
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise InvalidInput(_NOT_READABLE) from error


def _look_through(stream: IO[bytes], part: zipfile.ZipInfo) -> None:
    is_sheet = part.filename.startswith("xl/worksheets/")
    if not is_sheet and part.file_size > LARGEST_IN_MEMORY:
        raise _too_large_unpacked()
    of_row, before = 0, b""
    while chunk := stream.read(_CHUNK):
        if not before and b"<!DOCTYPE" in chunk[:1000].upper():
            raise InvalidInput(_NOT_READABLE)
        seen, before = before + chunk, chunk[-_OVERLAP:]
        if is_sheet and (cell := _UNCOMPUTED.search(seen)):
            raise InvalidInput(_NOT_COMPUTED_YET, cell=cell[1].decode())
        of_row = 0 if _ROW.search(seen) else of_row + len(chunk)
        if of_row > LARGEST_IN_MEMORY:
            raise _too_large_unpacked()


_OVERLAP = 1000  # bytes: a cell may lie on both sides of a chunk's end
_ROW = re.compile(rb"<(?:\w+:)?row[\s>/]")
#: A formula that whoever saved the file has not computed; one whose result is an empty text is a “str”.
_UNCOMPUTED = re.compile(
    rb"<(?:\w+:)?c\s(?![^>]*\bt=\"str\")[^>]*?\br=\"([A-Z]{1,3}\d{1,7})\"[^>]*>"
    rb"<(?:\w+:)?f(?:\s[^>]*)?(?:/>|>[^<]*</(?:\w+:)?f>)(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>|</(?:\w+:)?c>)"
)


def _too_large_unpacked() -> InvalidInput:
    return InvalidInput(Text("文件解开后太大。", "The file is too large when unpacked."))


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
