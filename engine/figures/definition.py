"""Reading figures.toml: what is counted of a process's cases, which rates are wanted, and their targets."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine import sources
from engine.database import UnitOfWork
from engine.errors import Finding
from engine.texts import Text, same

FILE_NAME = "figures.toml"
KEY = "figures"  # of the definition; there is one
ANY = "*"  # among the values of a condition: any value at all
STATUS = "status"  # in a condition: where the case itself stands
STATUSES = frozenset({"running", "stopped", "completed", "cancelled"})
LATEST_LAST_DAY = 28  # every month has it

_KEY = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")

#: Of a case: by variable, the values that it may have; all of them have to fit.
Where = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Rate:
    """A share in percent: of the cases that fit ``of``, those that fit ``share`` too."""

    key: str
    name: Text
    of: Where
    share: Where
    floor: Decimal | None  # percent that it must not fall below
    target: Decimal | None  # percent that is aimed at


@dataclass(frozen=True)
class Sheet:
    """What is counted of one process's cases."""

    process: str
    last_day: int | None  # of the month that is counted, such as the 27th; None: calendar months
    count_by: tuple[str, ...] = ()  # variables
    columns: tuple[str, ...] = ()  # variables, of the list of cases
    rates: tuple[Rate, ...] = ()

    @property
    def variables(self) -> frozenset[str]:
        """All variables that it names."""
        conditions = (where for rate in self.rates for where in (rate.of, rate.share))
        return frozenset(self.count_by).union(self.columns, *conditions) - {STATUS}


def sheets(uow: UnitOfWork) -> Mapping[str, Sheet]:
    """Return the sheets in force, by process; none where no file was deployed."""
    source = sources.in_force(uow, "figures", KEY)
    if source is None:
        return {}
    kept = uow.cache.get(("figures", source.definition_id))
    if kept is None:
        kept = uow.cache["figures", source.definition_id] = examine(source.content, source.file_name)[0]
    found: Mapping[str, Sheet] = kept
    return found


def examine(
    source: bytes | str,
    file_name: str = FILE_NAME,
    countable: Mapping[str, Collection[str]] | None = None,
) -> tuple[Mapping[str, Sheet], list[Finding]]:
    """
    Return what can be read of a figures file, by process, and all that is wrong with it.

    ``countable`` gives the variables that may be counted, by process; None: do not look.
    """
    text = source.decode("utf-8-sig") if isinstance(source, bytes) else source
    reading = _Reading(text, file_name, countable)
    return reading.sheets(), reading.findings


@dataclass
class _Reading:
    """One file while it is read."""

    text: str
    file_name: str
    countable: Mapping[str, Collection[str]] | None
    findings: list[Finding] = field(default_factory=list)

    def sheets(self) -> Mapping[str, Sheet]:
        try:
            content = tomllib.loads(self.text)
        except (ValueError, RecursionError) as error:
            place = re.search(r"at line (\d+)", str(error))
            self._wrong("toml-syntax", same(str(error)), line=int(place[1]) if place else None)
            return {}
        self._only(content, {"sheet"}, FILE_NAME)
        found: dict[str, Sheet] = {}
        for entry in self._tables(content, "sheet", FILE_NAME):
            made = self._sheet(entry)
            if made.process in found:
                self._wrong("defined-twice", _TWICE.format(key=made.process), made.process)
            found[made.process] = made
        return found

    def _sheet(self, entry: Mapping[str, Any]) -> Sheet:
        process = self._text(entry, "process", "sheet")
        self._only(entry, {"process", "last_day", "count_by", "columns", "rate"}, process)
        made = Sheet(
            process=process,
            last_day=self._last_day(entry, process),
            count_by=self._names(entry, "count_by", process),
            columns=self._names(entry, "columns", process),
            rates=tuple(self._rate(each, process) for each in self._tables(entry, "rate", process)),
        )
        keys = [rate.key for rate in made.rates]
        for key in sorted({key for key in keys if keys.count(key) > 1}):
            self._wrong("defined-twice", _TWICE.format(key=f"{process}.{key}"), key)
        if self.countable is not None:
            self._check_names(made, self.countable)
        return made

    def _check_names(self, sheet: Sheet, countable: Mapping[str, Collection[str]]) -> None:
        known = countable.get(sheet.process)
        if known is None:
            message = Text("没有流程“{key}”。", "There is no process “{key}”.")
            self._wrong("unknown-process", message.format(key=sheet.process), sheet.process)
            return
        for name in sorted(sheet.variables.difference(known)):
            message = Text(
                "流程“{process}”的案件不能按“{name}”统计。",
                "Cases of “{process}” cannot be counted by “{name}”.",
            )
            self._wrong(
                "not-countable", message.format(process=sheet.process, name=name), name, hint=_NOT_COUNTABLE
            )

    def _rate(self, entry: Mapping[str, Any], process: str) -> Rate:
        key = self._text(entry, "key", f"{process}.rate")
        where = f"{process}.{key}"
        if key and not _KEY.match(key):
            self._wrong("toml-shape", _SHAPE.format(name=where), key)
        self._only(entry, {"key", "name_zh", "name_en", "of", "share", "floor", "target"}, where)
        return Rate(
            key=key,
            name=Text(self._text(entry, "name_zh", where), self._text(entry, "name_en", where)),
            of=self._where(entry, "of", where),
            share=self._where(entry, "share", where),
            floor=self._percent(entry, "floor", where),
            target=self._percent(entry, "target", where),
        )

    def _where(self, entry: Mapping[str, Any], name: str, where: str) -> Where:
        found = entry.get(name, {} if name == "of" else None)
        if not isinstance(found, dict):
            self._wrong("toml-shape", _SHAPE.format(name=f"{where}.{name}"), where)
            return {}
        conditions = {}
        for variable, wanted in found.items():
            values = wanted if isinstance(wanted, list) else [wanted]
            if not values or not all(isinstance(value, str | bool | int) for value in values):
                self._wrong("toml-shape", _SHAPE.format(name=f"{where}.{name}.{variable}"), where)
                continue
            texts = {str(value).lower() if isinstance(value, bool) else str(value) for value in values}
            if variable == STATUS and not texts <= STATUSES:
                message = Text(
                    "“{where}”的 status 只有：{known}。", "The status in “{where}” is one of: {known}."
                )
                self._wrong(
                    "toml-shape", message.format(where=where, known=", ".join(sorted(STATUSES))), where
                )
            conditions[variable] = frozenset(texts)
        return conditions

    def _last_day(self, entry: Mapping[str, Any], process: str) -> int | None:
        day = entry.get("last_day")
        if day is None or (type(day) is int and 1 <= day <= LATEST_LAST_DAY):
            return day
        message = Text(
            "last_day 应是 1 到 {most} 的整数；按自然月统计就不写。",
            "last_day is a whole number from 1 to {most}; leave it out for calendar months.",
        )
        self._wrong("toml-shape", message.format(most=LATEST_LAST_DAY), process)
        return None

    def _percent(self, entry: Mapping[str, Any], name: str, where: str) -> Decimal | None:
        number = entry.get(name)
        if number is None or (type(number) in (int, float) and 0 <= number <= 100):
            return None if number is None else Decimal(str(number))
        message = Text("“{where}”应是 0 到 100 的百分数。", "“{where}” is a percentage from 0 to 100.")
        self._wrong("toml-shape", message.format(where=f"{where}.{name}"), where)
        return None

    def _names(self, entry: Mapping[str, Any], name: str, where: str) -> tuple[str, ...]:
        found = entry.get(name, [])
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            self._wrong("toml-shape", _SHAPE.format(name=f"{where}.{name}"), where)
            return ()
        return tuple(dict.fromkeys(found))

    def _text(self, entry: Mapping[str, Any], name: str, where: str) -> str:
        found = entry.get(name)
        if isinstance(found, str) and found.strip():
            return found.strip()
        message = Text("“{where}”缺少 {name}。", "“{where}” lacks {name}.")
        self._wrong("toml-shape", message.format(where=where, name=name), where)
        return ""

    def _tables(self, entry: Mapping[str, Any], name: str, where: str) -> Iterator[Mapping[str, Any]]:
        found = entry.get(name, [])
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            self._wrong("toml-shape", _SHAPE.format(name=f"{where}.{name}"), where)
            return
        yield from found

    def _only(self, entry: Mapping[str, Any], known: Collection[str], where: str) -> None:
        for name in sorted(entry.keys() - known):
            message = Text(
                "“{where}”里没有“{name}”这一项，可写：{known}。",
                "“{where}” has no entry “{name}”; there are: {known}.",
            )
            self._wrong(
                "toml-shape", message.format(where=where, name=name, known=", ".join(sorted(known))), name
            )

    def _wrong(
        self, code: str, message: Text, key: str = "", *, line: int | None = None, hint: Text | None = None
    ) -> None:
        self.findings.append(
            Finding(
                "error", code, message, hint or _HINT, file=self.file_name, element_id=key or None,
                line=line or self._line_of(key),
            )
        )  # fmt: skip

    def _line_of(self, key: str) -> int | None:
        """Return the first line that names this: a rate (process.rate) by its key, else an entry or value."""
        name = re.escape(key.rpartition(".")[2])
        place = rf"^\s*key\s*=\s*[\"']{name}[\"']" if "." in key else rf"(?<![\w]){name}(?![\w])"
        lines = enumerate(self.text.splitlines(), 1)
        return next((number for number, line in lines if key and re.search(place, line)), None)


_HINT = Text("格式见 docs/figures.md。", "docs/figures.md describes the format.")
_NOT_COUNTABLE = Text(
    "把这个变量写进流程的扩展属性 searchable；受限（restricted）的变量不能统计。",
    "List the variable in the process's property searchable; restricted variables cannot be counted.",
)
_TWICE = Text("“{key}”定义了两次。", "“{key}” is defined twice.")
_SHAPE = Text("“{name}”的写法不对。", "“{name}” has the wrong shape.")
