"""Imports into registers: previewed, checked row by row, then stored all at once or not at all."""

from __future__ import annotations

import fcntl
import json
import re
import shutil
import sqlite3
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID, uuid4

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from engine import history, numbers, tables
from engine.bpmn.variables import from_json, to_json
from engine.database import Database, UnitOfWork
from engine.errors import BanjieError, Conflict, InvalidInput, NotFound
from engine.history import Kind, Line
from engine.identity import User
from engine.registers import access, definition, records, tabular
from engine.registers import values as reading
from engine.registers.records import Record, Span, Written
from engine.registers.shapes import Register
from engine.texts import Text
from engine.visibility import HIDDEN

BATCH = 500
ERRORS_TOLD = 200
PREVIEWED = 10
HEADINGS_WITHIN = 5  # rows: a title may stand above the headings
KEPT = timedelta(days=1)
NUMBER = "number"  # the column of the numbers, where a register gives them itself

_record = tables.record

_NO_RECORD = Text(
    "没有这个编号的登记（编号由系统给出）。", "There is no record of this number; the program gives numbers."
)
_TAKEN = Text(
    "编号已有登记；要更新请选择“更新”。", "The number is taken; choose “update” to change its record."
)
_TWICE = Text("编号在第 {row} 行已经出现。", "The number is in row {row} already.")
_NO_SUCH = Text("“{register}”里没有这个编号。", "“{register}” has no such number.")
_SEVERAL = Text("有几个同名的登记，请写编号。", "Several records are called so; give the number.")
_NOT_TO_CHANGE = Text("您不能改这个字段。", "You may not change this field.")

Progress = Callable[[int, int | None], object]


@dataclass(frozen=True)
class ImportColumn:
    """One column of an uploaded file, and the field it seems to be."""

    index: int
    heading: str
    field: str | None


@dataclass(frozen=True)
class ImportPreview:
    """How an uploaded file begins."""

    upload_id: UUID
    register: str
    file_name: str
    columns: tuple[ImportColumn, ...]
    rows: tuple[tuple[str, ...], ...]
    missing: tuple[Text, ...]  # required fields that no column has


@dataclass(frozen=True)
class RowProblem:
    """One thing that is wrong with one row; the row is counted as the spreadsheet shows it."""

    row: int
    column: Text
    value: str
    message: Text


@dataclass(frozen=True)
class ImportReport:
    """What an import did, or would do; with errors it did nothing."""

    rows: int
    added: int
    changed: int
    unchanged: int
    errors: tuple[RowProblem, ...] = ()  # the first ones
    error_count: int = 0


@dataclass(frozen=True)
class CheckedImport:
    """A file whose rows have been read and checked."""

    upload_id: UUID
    register: str
    file_name: str
    path: Path  # of the rows, ready to be stored
    report: ImportReport


@dataclass(frozen=True)
class ImportProgress:
    """
    How far an import is. ``stage``: waiting, checking, checked, storing, done, failed, interrupted.

    It was interrupted where the program that did it has ended: it stored all or nothing, and can begin again.
    """

    register: str
    file_name: str
    stage: str
    done: int = 0
    total: int | None = None
    report: ImportReport | None = None
    message: Text | None = None


# ---- the uploaded file -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Upload:
    id: UUID
    folder: Path
    register: str
    file_name: str
    user_name: str

    @property
    def path(self) -> Path:
        return self.folder / "rows"

    @property
    def staged(self) -> Path:
        return self.folder / "staged.db"

    @property
    def progress(self) -> Path:
        return self.folder / "progress.json"


def keep_upload(uow: UnitOfWork, key: str, stream: BinaryIO, file_name: str, by: User) -> UUID:
    """
    Keep a CSV or XLSX file for an import, for a day; only who uploaded it can use it.

    Raises:
        NotFound, NotPermitted: the user may not change the register.
        InvalidInput: too large, without rows, or another kind of file.
    """
    access.changeable(uow, key, by)
    _forget_old(uow)
    upload_id = uuid4()
    folder = _folder(uow, upload_id)
    folder.mkdir(parents=True)
    about = {"register": key, "file_name": file_name[:200], "user_name": by.name, "at": uow.now.isoformat()}
    (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")
    try:
        _copy(stream, folder / "rows", uow.centre.largest_file)
        preview(uow, upload_id, by)
    except InvalidInput:
        shutil.rmtree(folder)
        raise
    return upload_id


def _folder(uow: UnitOfWork, upload_id: UUID) -> Path:
    return uow.centre.files / "imports" / str(upload_id)


def _copy(stream: BinaryIO, target: Path, largest: int) -> None:
    size = 0
    with target.open("wb") as copy:
        while chunk := stream.read(1 << 20):
            size += len(chunk)
            if size > largest:
                raise InvalidInput(
                    Text("文件太大：最多 {most} MB。", "The file is too large: at most {most} MB."),
                    most=largest // (1 << 20),
                )
            copy.write(chunk)


def _forget_old(uow: UnitOfWork) -> None:
    for about in (uow.centre.files / "imports").glob("*/about.json"):
        at = datetime.fromisoformat(json.loads(about.read_text(encoding="utf-8"))["at"])
        if at < uow.now - KEPT:
            shutil.rmtree(about.parent, ignore_errors=True)


def _upload(uow: UnitOfWork, upload_id: UUID, by: User) -> _Upload:
    folder = _folder(uow, upload_id)
    try:
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    except OSError:
        about = {}
    if about.get("user_name") != by.name:
        raise NotFound(Text("没有这个上传的文件。", "There is no such upload."))
    return _Upload(upload_id, folder, about["register"], about["file_name"], by.name)


def preview(uow: UnitOfWork, upload_id: UUID, by: User) -> ImportPreview:
    """
    Return how the file begins, with the fields that its columns seem to be.

    Raises:
        NotFound: no such upload, or somebody else's.
        InvalidInput: it cannot be read, or has no rows.
    """
    upload = _upload(uow, upload_id, by)
    register = access.changeable(uow, upload.register, by)
    with closing(tabular.rows(upload.path)) as all_rows:
        headings, below = _below_headings(register, all_rows)
        first = [cells for _, cells in islice(below, PREVIEWED)]
    if not first:
        raise _no_rows()
    width = max(map(len, [headings, *first]))
    guessed = _guessed(register, headings)
    columns = tuple(
        ImportColumn(index, headings[index] if index < len(headings) else "", guessed.get(index))
        for index in range(width)
    )
    missing = tuple(
        each.name for key, each in register.fields.items() if each.required and key not in guessed.values()
    )
    shown = tuple(tuple(cells + [""] * (width - len(cells))) for cells in first)
    return ImportPreview(upload.id, register.key, upload.file_name, columns, shown, missing)


def _below_headings(
    register: Register, rows: Iterator[tabular.Row]
) -> tuple[list[str], Iterator[tabular.Row]]:
    """Return the headings, the one of the first rows that names most fields, and the rows below them."""
    first = list(islice(rows, HEADINGS_WITHIN))
    named = [len(_guessed(register, cells)) for _, cells in first]
    at = named.index(max(named)) if named else 0
    return (first[at][1] if first else []), chain(first[at + 1 :], rows)


def _no_rows() -> InvalidInput:
    return InvalidInput(
        Text(
            "没有数据行：第一张表里，列名下面至少要有一行。",
            "There are no rows of data: the first sheet needs at least one below its headings.",
        )
    )


def _guessed(register: Register, headings: Sequence[str]) -> dict[int, str]:
    names = {
        _plain(name): key
        for key, each in register.fields.items()
        for name in (each.name.zh, each.name.en, key)
    }
    if not register.number_field:
        names |= {"number": NUMBER, "编号": NUMBER}
    found: dict[int, str] = {}
    for index, heading in enumerate(headings):
        key = names.get(_plain(heading))
        if key is not None and key not in found.values():
            found[index] = key
    return found


def _plain(heading: str) -> str:
    """Return a heading without what people write in several ways: blanks, case, marks of either width."""
    return re.sub(r"[\s*_:()-]+", "", unicodedata.normalize("NFKC", heading)).casefold()


# ---- checking --------------------------------------------------------------------------------------------


def check_import(
    uow: UnitOfWork,
    upload_id: UUID,
    mapping: Mapping[int, str],
    by: User,
    *,
    update: bool = False,
    progress: Progress | None = None,
) -> CheckedImport:
    """
    Read and check every row; nothing is stored. ``mapping``: column → field; other columns are left out.

    ``update``: a number that is there already changes its record (its mapped columns); else it is an error.

    Raises:
        NotFound: no such upload, or somebody else's.
        InvalidInput: the file cannot be read; a field is unknown or mapped twice.
    """
    upload = _upload(uow, upload_id, by)
    register = access.changeable(uow, upload.register, by)
    _require_mapping(register, mapping, update)
    upload.staged.unlink(missing_ok=True)
    with closing(sqlite3.connect(upload.staged, isolation_level=None)) as staged:
        staged.executescript(_STAGED)
        check = _Check(uow, register, mapping, update, access.hidden_fields(by, register), staged)
        with closing(tabular.rows(upload.path)) as all_rows:
            _, below = _below_headings(register, all_rows)
            while batch := list(islice(below, BATCH)):
                staged.execute("BEGIN")
                check.batch(batch)
                staged.execute("COMMIT")
                if progress is not None:
                    progress(check.rows, None)
        if not check.rows:
            raise _no_rows()
    return CheckedImport(upload.id, register.key, upload.file_name, upload.staged, check.report())


_STAGED = """
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;
CREATE TABLE staged (line INTEGER PRIMARY KEY, number TEXT UNIQUE, record_id INTEGER, revision INTEGER,
                     data TEXT, of_what TEXT, first TEXT, last TEXT);
CREATE INDEX staged_of_what ON staged (of_what);
"""


def _require_mapping(register: Register, mapping: Mapping[int, str], update: bool) -> None:
    known = register.fields.keys() | (set() if register.number_field else {NUMBER})
    mapped = list(mapping.values())
    for key in mapped:
        if key not in known:
            raise InvalidInput(Text("没有字段“{key}”。", "There is no field “{key}”."), key=key)
        if mapped.count(key) > 1:
            raise InvalidInput(
                Text("“{name}”选了两次。", "“{name}” was chosen twice."), name=_column_name(register, key)
            )
    needed = [register.number_field or NUMBER] if update else []
    needed += [] if update else [key for key, each in register.fields.items() if each.required]
    for key in needed:
        if key not in mapped:
            raise InvalidInput(
                Text("缺少必填的列“{name}”。", "The required column “{name}” is missing."),
                name=_column_name(register, key),
            )


def _column_name(register: Register, key: str) -> Text:
    return register.fields[key].name if key in register.fields else Text("编号", "Number")


@dataclass
class _Row:
    """One row while it is checked, with the fields in which something is wrong."""

    line: int
    given: Mapping[str, str]
    record: Record | None = None  # that it changes
    values: dict[str, Any] = field(default_factory=dict)
    wrong: set[str] = field(default_factory=set)
    problems: list[RowProblem] = field(default_factory=list)


class _Check:
    """Checks a file batch by batch, and stages the rows that are right."""

    def __init__(
        self,
        uow: UnitOfWork,
        register: Register,
        mapping: Mapping[int, str],
        update: bool,
        hidden: frozenset[str],
        staged: sqlite3.Connection,
    ) -> None:
        self.uow, self.register, self.mapping, self.update = uow, register, mapping, update
        self.hidden, self.staged = hidden, staged
        self.number_key = register.number_field or NUMBER
        self.rows = self.added = self.changed = self.unchanged = self.error_count = 0
        self.errors: list[RowProblem] = []

    def report(self) -> ImportReport:
        return ImportReport(
            self.rows,
            self.added,
            self.changed,
            self.unchanged,
            tuple(self.errors),
            self.error_count,
        )

    def batch(self, batch: Sequence[tabular.Row]) -> None:
        rows = [_Row(line, self._given(cells)) for line, cells in batch]
        self.rows += len(rows)
        present = self._present({number for row in rows if (number := row.given.get(self.number_key))})
        for row in rows:
            self._read(row, present)
        self._check_references(rows)
        self._check_spans(rows)
        for row in rows:
            self._stage(row)
            self.error_count += len(row.problems)
            self.errors += row.problems[: ERRORS_TOLD - len(self.errors)]

    def _given(self, cells: Sequence[str]) -> dict[str, str]:
        given = {key: cells[index] if index < len(cells) else "" for index, key in self.mapping.items()}
        return {key: cell for key, cell in given.items() if key not in self.hidden or cell != HIDDEN}

    def _present(self, wanted: set[str]) -> dict[str, Record]:
        if not wanted:
            return {}
        rows = self.uow.execute(
            select(_record).where(
                _record.c.register == self.register.key, _record.c.number.in_(sorted(wanted))
            )
        )
        return {row.number: records.read(row) for row in rows}

    def _read(self, row: _Row, present: Mapping[str, Record]) -> None:
        number = row.given.get(self.number_key, "").strip()
        row.record = present.get(number)
        if row.record is not None and not self.update:
            self._wrong(row, self.number_key, number, _TAKEN)
            row.record = None
        is_unknown = row.record is None and bool(number) and self.number_key == NUMBER
        if is_unknown:
            self._wrong(row, NUMBER, number, _NO_RECORD)
        fields = self._readable(row)
        row.values, errors = reading.read_all(
            self.register, fields, row.record.values if row.record else None
        )
        for key, messages in errors.items():
            if key in row.wrong:
                continue
            if key in row.given or not is_unknown:  # of a record that is not there, nothing else is missing
                self._wrong(row, key, row.given.get(key, ""), *messages)

    def _readable(self, row: _Row) -> dict[str, str]:
        """Return the cells that can become values; what cannot is told."""
        types = {key: each.type for key, each in self.register.fields.items()}
        fields = {
            key: tabular.day(cell) if types[key] == "date" else cell
            for key, cell in row.given.items()
            if key != NUMBER
        }
        for key, cell in row.given.items():
            reason = tabular.spoiled(cell)
            if row.record is not None and key in self.hidden:
                reason = _NOT_TO_CHANGE if cell else None
                del fields[key]
            elif reason is not None:
                fields.pop(key, None)
            if reason is not None:
                self._wrong(row, key, cell, reason)
        return fields

    def _check_references(self, rows: Sequence[_Row]) -> None:
        for each in self.register.references:
            if each.key not in self.mapping.values():
                continue
            asked = [
                row for row in rows if each.key not in row.wrong and row.values.get(each.key) is not None
            ]
            wanted = {row.values[each.key] for row in asked}
            known = records.titles(self.uow, each.reference or "", wanted).keys()
            referred = definition.register(self.uow, each.reference or "")
            named = records.numbers_of(self.uow, referred, wanted - known)
            for row in asked:
                number = row.values[each.key]
                if number in known or self._is_above(each.reference, number, row, rows):
                    continue
                if len(named.get(number, ())) == 1:
                    row.values[each.key] = named[number][0]
                    continue
                message = _SEVERAL if number in named else _NO_SUCH.format(register=referred.name)
                self._wrong(row, each.key, row.given.get(each.key, ""), message)

    def _is_above(self, register: str | None, number: str, row: _Row, batch: Sequence[_Row]) -> bool:
        """Whether an earlier row of the file has this number, where a register names records of its own."""
        if register != self.register.key or not self.register.number_field:
            return False
        if any(
            each.line < row.line and each.values.get(self.register.number_field) == number for each in batch
        ):
            return True
        found = "SELECT 1 FROM staged WHERE number = ?"
        return self.staged.execute(found, (number,)).fetchone() is not None

    def _check_spans(self, rows: Sequence[_Row]) -> None:
        rule = self.register.no_overlap
        if rule is None:
            return
        asked = [row for row in rows if row.wrong.isdisjoint({rule.by, rule.first, rule.last})]
        wanted = [(row, span) for row in asked if (span := records.span_of(rule, row.values)) is not None]
        stored = records.spans(self.uow, self.register, {span.by for _, span in wanted})
        for row, span in wanted:
            others = [*stored.get(span.by, ()), *self._staged_spans(span.by)]
            error = records.overlap(span, others, row.record.number if row.record else None)
            if error is not None:
                self._wrong(row, rule.first, str(span.first), error)
                continue
            last = span.last.isoformat() if span.last else None
            self.staged.execute(
                "INSERT INTO staged (line, of_what, first, last) VALUES (?, ?, ?, ?)",
                (row.line, span.by, span.first.isoformat(), last),
            )

    def _staged_spans(self, by: str) -> Iterator[Span]:
        found = self.staged.execute(
            "SELECT line, first, last FROM staged WHERE of_what = ?", (by,)
        ).fetchall()
        for line, first, last in found:
            day, end = datetime.fromisoformat(first).date(), last and datetime.fromisoformat(last).date()
            told = Text(f"第 {line} 行", f"row {line}")
            yield Span(by, day, end or None, f"row {line}", told)

    def _stage(self, row: _Row) -> None:
        """Keep a row for those behind it, and to be stored; with a mistake anywhere nothing is stored."""
        given = row.values.get(self.register.number_field or "")
        number = row.record.number if row.record else (str(given) if given is not None else None)
        earlier = (
            number and self.staged.execute("SELECT line FROM staged WHERE number = ?", (number,)).fetchone()
        )
        if earlier:
            self._wrong(row, self.number_key, number or "", _TWICE.format(row=earlier[0]))
            return
        data = to_json(row.values)
        if row.wrong:
            data = ""
        elif row.record is None:
            self.added += 1
        elif data == to_json(dict(row.record.values)):
            self.unchanged += 1
            data = ""
        else:
            self.changed += 1
        record = row.record
        self.staged.execute(
            "INSERT INTO staged (line, number, record_id, revision, data) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (line) DO UPDATE SET number = excluded.number, record_id = excluded.record_id,"
            " revision = excluded.revision, data = excluded.data",
            (row.line, number, record and record.id, record and record.revision, data),
        )

    def _wrong(self, row: _Row, key: str, value: str, *messages: Text) -> None:
        row.wrong.add(key)
        asked = self.register.fields.get(key)
        shown = "" if asked is not None and asked.restricted else value[:100]
        column = _column_name(self.register, key)
        row.problems += [RowProblem(row.line, column, shown, message) for message in messages]


# ---- storing ---------------------------------------------------------------------------------------------


def store_import(
    uow: UnitOfWork, checked: CheckedImport, by: User, *, progress: Progress | None = None
) -> ImportReport:
    """
    Store the rows of a file that was checked without errors, all or none.

    Raises:
        InvalidInput: it has errors.
        Conflict: somebody changed the register meanwhile, so that the file has to be checked again.
    """
    if checked.report.error_count:
        raise InvalidInput(Text("文件里有错误，没有导入。", "The file has errors; nothing was imported."))
    register = access.changeable(uow, checked.register, by)
    done, total = 0, checked.report.rows
    with closing(sqlite3.connect(checked.path)) as staged:
        found = staged.execute("SELECT number, record_id, revision, data FROM staged ORDER BY line")
        while batch := found.fetchmany(BATCH):
            _store_batch(uow, register, batch, by)
            done += len(batch)
            if progress is not None:
                progress(done, total)
    told = {"register": register.key, "file": checked.file_name, "rows": total}
    counts = {"added": checked.report.added, "changed": checked.report.changed}
    history.write(uow, [Line(Kind.RECORDS_IMPORTED, user_name=by.name, detail=told | counts)])
    if total > BATCH:
        uow.gather_statistics(_record, tables.record_value)  # the next file is often right behind
    return checked.report


def _store_batch(uow: UnitOfWork, register: Register, batch: Sequence[Any], by: User) -> None:
    new = [(number, from_json(data)) for number, record_id, _, data in batch if data and record_id is None]
    changed = [
        (record_id, revision, from_json(data)) for _, record_id, revision, data in batch if data and record_id
    ]
    _require_free_spans(uow, register, [values for _, values in new])
    written = _add_all(uow, register, new, by) if new else []
    for record_id, revision, values in changed:
        present = records.read(
            uow.execute(select(_record).where(_record.c.id == record_id).with_for_update()).one()
        )
        if present.revision != revision:
            raise _changed_meanwhile()
        made = records.changed(uow, register, present, values)
        written.append(Written(made, records.line_of(register, made, present.values, by.name)))
    records.write_lines(uow, written)


def _add_all(
    uow: UnitOfWork, register: Register, new: Sequence[tuple[str | None, dict[str, Any]]], by: User
) -> list[Written]:
    rows = {}
    for number, values in new:
        given = number or numbers.next_number(uow, register.number_series or "")
        rows[given] = (records.row_of(uow, register, given, values), values)
    try:
        with uow.connection.begin_nested():
            stored = uow.execute(
                insert(_record).returning(_record.c.id, _record.c.number), [row for row, _ in rows.values()]
            ).all()
    except IntegrityError:
        raise _changed_meanwhile() from None
    records.write_index(uow, register, {row.id: rows[row.number][1] for row in stored})
    made = [
        Record(row.id, register.key, row.number, rows[row.number][0]["title"], rows[row.number][1], 1)
        for row in stored
    ]
    return [Written(record, records.line_of(register, record, None, by.name)) for record in made]


def _require_free_spans(uow: UnitOfWork, register: Register, new: Sequence[Mapping[str, Any]]) -> None:
    rule = register.no_overlap
    wanted = [span for values in new if rule and (span := records.span_of(rule, values)) is not None]
    if rule is None or not wanted:
        return
    of = {span.by for span in wanted}
    records.lock_records(uow, register.fields[rule.by].reference or "", of)
    stored = records.spans(uow, register, of)
    if any(records.overlap(span, stored.get(span.by, ()), None) is not None for span in wanted):
        raise _changed_meanwhile()


def _changed_meanwhile() -> Conflict:
    return Conflict(
        Text(
            "检查之后登记簿有了变动，没有导入；请重新检查。",
            "The register changed after the check; nothing was imported. Please check again.",
        )
    )


# ---- both, with progress that other requests can see -------------------------------------------------------


#: The runs of this process, each with a file that is locked as long as the process lives.
_going_on: dict[UUID, BinaryIO] = {}
_GOES_ON = frozenset({"waiting", "checking", "storing"})
_MOMENT = 0.01  # seconds


def await_import(uow: UnitOfWork, upload_id: UUID, by: User) -> bool:
    """
    Note that a run is about to begin; False where one goes on already.

    Raises:
        NotFound: no such upload, or somebody else's.
    """
    upload = _upload(uow, upload_id, by)
    while not _begin(upload):
        noted = _noted(upload)
        if noted is None or noted["stage"] in _GOES_ON:
            return False
        time.sleep(_MOMENT)  # the run has said how it ended, and is about to let go
    _Noted(upload.progress).write("waiting", 0, None)
    return True


def _begin(upload: _Upload) -> bool:
    """Lock an upload for a run, so that everybody sees that it goes on; False where somebody has."""
    held = (upload.folder / "going-on").open("ab")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        return False
    _going_on[upload.id] = held
    return True


def _end(upload: _Upload) -> None:
    held = _going_on.pop(upload.id, None)
    if held is not None:
        held.close()


def _goes_on(upload: _Upload) -> bool:
    """Whether the process that runs an import still lives."""
    try:
        with (upload.folder / "going-on").open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def run_import(
    database: Database,
    upload_id: UUID,
    mapping: Mapping[int, str],
    by: User,
    *,
    update: bool = False,
    store: bool = True,
) -> ImportReport:
    """
    Check and store an upload (or only check it), and note how far it is for ``import_progress``.

    Raises:
        BanjieError: as ``check_import`` and ``store_import``; it is noted, too.
    """
    with database.reading() as uow:
        upload = _upload(uow, upload_id, by)
    if upload.id not in _going_on and not _begin(upload):
        raise Conflict(Text("这个文件正在导入。", "This file is being imported already."))
    try:
        return _run(database, upload, mapping, by, update=update, store=store)
    finally:
        _end(upload)


def _run(
    database: Database, upload: _Upload, mapping: Mapping[int, str], by: User, *, update: bool, store: bool
) -> ImportReport:
    note, upload_id = _Noted(upload.progress), upload.id
    try:
        with database.reading() as uow:
            checked = check_import(uow, upload_id, mapping, by, update=update, progress=note.at("checking"))
        if checked.report.error_count:
            note.write("failed", checked.report.rows, checked.report.rows, report=checked.report)
            return checked.report
        if not store:
            note.write("checked", checked.report.rows, checked.report.rows, report=checked.report)
            return checked.report
        with database.unit_of_work() as uow:
            report = store_import(uow, checked, by, progress=note.at("storing"))
    except BanjieError as error:
        note.write("failed", 0, None, message=error.message)
        raise
    except Exception:
        message = Text("导入因程序错误而中断。", "A defect of the program ended the import.")
        note.write("failed", 0, None, message=message)
        raise
    note.write("done", report.rows, report.rows, report=report)
    upload.staged.unlink(missing_ok=True)
    return report


def _noted(upload: _Upload) -> dict[str, Any] | None:
    """Return what was noted last of a run; None where nothing was."""
    try:
        found: dict[str, Any] = json.loads(upload.progress.read_text(encoding="utf-8"))
    except OSError:
        return None
    return found


@dataclass
class _Noted:
    """A file that says how far an import is."""

    path: Path
    last: float = field(default=0.0)

    def at(self, stage: str) -> Progress:
        return lambda done, total: self.write(stage, done, total)

    def write(
        self,
        stage: str,
        done: int,
        total: int | None,
        *,
        report: ImportReport | None = None,
        message: Text | None = None,
    ) -> None:
        content = {
            "stage": stage,
            "done": done,
            "total": total,
            "report": asdict(report) if report else None,
            "message": asdict(message) if message else None,
        }
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps(content), encoding="utf-8")
        draft.replace(self.path)


def import_progress(uow: UnitOfWork, upload_id: UUID, by: User) -> ImportProgress:
    """Return how far an import is. Raises NotFound: no such upload, or somebody else's."""
    upload = _upload(uow, upload_id, by)
    found = _noted(upload)
    if found is not None and found["stage"] in _GOES_ON and not _goes_on(upload):
        found = _noted(upload)  # perhaps it has ended just now
        if found is not None and found["stage"] in _GOES_ON:
            found |= {"stage": "interrupted"}
    if found is None:
        return ImportProgress(upload.register, upload.file_name, "waiting")
    report, message = found["report"], found["message"]
    if report is not None:
        report["errors"] = tuple(
            RowProblem(each["row"], Text(**each["column"]), each["value"], Text(**each["message"]))
            for each in report["errors"]
        )
    return ImportProgress(
        upload.register,
        upload.file_name,
        found["stage"],
        found["done"],
        found["total"],
        ImportReport(**report) if report else None,
        Text(**message) if message else None,
    )
