"""Journey files: example runs of a process, written in TOML by process owners."""

from __future__ import annotations

import calendar
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from engine.bpmn import timers
from engine.errors import BanjieError
from engine.texts import Text

#: The clock of a journey that does not say when it begins: a Monday morning without holidays near.
DEFAULT_START = datetime(2026, 3, 2, 9, 0)  # noqa: DTZ001  (read in the centre's zone)

#: Keys of a step that does something, with the keys that may stand beside each.
ACTIONS: Mapping[str, frozenset[str]] = {
    "task": frozenset({"by", "values", "nth"}),
    "refuse": frozenset({"by", "values", "nth", "because"}),
    "wait": frozenset(),
    "until": frozenset(),
    "message": frozenset({"values", "key"}),
    "start": frozenset({"by", "values"}),
    "case": frozenset(),
}
#: Keys of a step that looks at the instance; several may stand in one step.
CHECKS = (
    "open",
    "group",
    "assignee",
    "due",
    "variables",
    "passed",
    "not_passed",
    "notified",
    "owed",
    "held",
    "ended",
    "incident",
)

_STRING, _LIST, _TABLE = (str,), (list,), (dict,)
_TYPES: Mapping[str, tuple[type, ...]] = {
    "task": _STRING,
    "refuse": _STRING,
    "by": _STRING,
    "because": _STRING,
    "wait": _STRING,
    "message": _STRING,
    "start": _STRING,
    "until": (str, datetime),
    "key": (str, int),
    "nth": (int,),
    "case": (int,),
    "values": _TABLE,
    "open": _LIST,
    "passed": _LIST,
    "not_passed": _LIST,
    "notified": _LIST,
    "group": _TABLE,
    "assignee": _TABLE,
    "due": _TABLE,
    "variables": _TABLE,
    "owed": _TABLE,
    "held": _TABLE,
    "ended": (str, bool),
    "incident": _STRING,
}
_TYPE_NAMES: Mapping[tuple[type, ...], Text] = {
    _STRING: Text("一段文字", "a text"),
    _LIST: Text("一个列表", "a list"),
    _TABLE: Text("一个表 {…}", "a table {…}"),
    (str, datetime): Text("一个时间", "an instant"),
    (str, int): Text("一段文字", "a text"),
    (int,): Text("一个整数", "a whole number"),
    (str, bool): Text("元素编号或 true", "an element id or true"),
}
_AGO = re.compile(r"(\S+)(?: ((?:[01]\d|2[0-3]):[0-5]\d))?", re.ASCII)


class InvalidJourney(BanjieError):
    """A journey file says something that cannot be played; the message names file and line."""

    def __init__(self, file_name: str, line: int, message: Text) -> None:
        self.file_name, self.line = file_name, line
        super().__init__(
            Text("{file} 第 {line} 行：{what}", "{file}, line {line}: {what}"),
            file=file_name,
            line=line,
            what=message,
        )


@dataclass(frozen=True)
class Step:
    """One step: an action or some checks, as they stand in the file."""

    number: int
    line: int
    keys: Mapping[str, Any]

    @property
    def action(self) -> str | None:
        """The key of what it does, or None where it only looks."""
        return next((key for key in self.keys if key in ACTIONS), None)

    @property
    def element_ids(self) -> list[str]:
        """Every element id that the step names."""
        named: list[str] = [self.keys[key] for key in ("task", "refuse", "incident") if key in self.keys]
        for key in ("open", "passed", "not_passed", "group", "assignee", "due"):
            named.extend(self.keys.get(key, ()))
        ended = self.keys.get("ended")
        return [*named, ended] if isinstance(ended, str) else named


@dataclass(frozen=True)
class Start:
    """How the instance of a journey begins."""

    by: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Journey:
    """One example run of one process."""

    name: str
    process: str
    at: datetime
    start: Start | None  # None: the first message starts it
    steps: tuple[Step, ...]
    file_name: str
    line: int
    ago: timedelta = timedelta()  # demo cases begin this long before now instead of ``at``
    ago_at: time | None = None  # and then at this time of that day
    records: Mapping[str, Sequence[Mapping[str, Any]]] = field(
        default_factory=dict
    )  # by register: there before
    ledger: Sequence[Mapping[str, Any]] = ()  # what was charged before, and perhaps paid

    @property
    def people(self) -> set[str]:
        """Everybody whom it names, as ``group:NAME`` or a user name."""
        named = {step.keys["by"] for step in self.steps if "by" in step.keys}
        for step in self.steps:
            named.update(step.keys.get("assignee", {}).values())
        return named | ({self.start.by} if self.start else set())


def read(source: str | Path, file_name: str = "", zone: ZoneInfo | None = None) -> list[Journey]:
    """
    Read a journey file, or its text.

    Raises:
        InvalidJourney: it is not TOML, has an unknown key, a value of the wrong type, or a malformed time.
    """
    if isinstance(source, Path):
        file_name = file_name or source.name
        try:
            source = source.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise InvalidJourney(
                file_name, 1, Text("文件不是 UTF-8 文字。", "The file is not UTF-8 text.")
            ) from None
    return _Reader(source, file_name, zone or ZoneInfo("Asia/Shanghai")).journeys()


def duration(text: str) -> tuple[int, timedelta] | None:
    """Return an ISO 8601 duration, as timers have, as months and exact time; None where it is not one."""
    found = timers.parse_duration(text)
    return None if found is None else (found.months, found.span)


def instant(value: str | datetime | date, zone: ZoneInfo) -> datetime | None:
    """Return an ISO instant; without an offset it is meant in ``zone``. None where it is not one."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    elif not isinstance(value, datetime):
        value = datetime.combine(value, time(), zone)
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)


def add_months(at: datetime, months: int) -> datetime:
    """Return the same day and time some months later, or the last day of a shorter month."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    return at.replace(year=year, month=month + 1, day=min(at.day, calendar.monthrange(year, month + 1)[1]))


class _Reader:
    def __init__(self, source: str, file_name: str, zone: ZoneInfo) -> None:
        self._file_name, self._zone = file_name, zone
        try:
            self._content = tomllib.loads(source, parse_float=Decimal)
        except (
            ValueError,
            RecursionError,
        ) as error:  # also a number of 5000 digits, and brackets without end
            line = re.search(r"line (\d+)", str(error))
            last = source.count("\n") + 1
            raise self._wrong(
                int(line.group(1)) if line else last,
                Text("不是正确的 TOML：{error}", "This is not TOML: {error}"),
                error=str(error),
            ) from None
        self._places = list(_places(source))

    def _wrong(self, line: int, message: Text, **values: object) -> InvalidJourney:
        return InvalidJourney(self._file_name, line, message.format(**values) if values else message)

    def journeys(self) -> list[Journey]:
        for key in self._content:
            if key not in ("process", "journey"):
                raise self._wrong(self._line_of_top_key(key), _UNKNOWN_KEY, key=key)
        found = self._content.get("journey", [])
        if not isinstance(found, list) or not found or not all(isinstance(each, dict) for each in found):
            raise self._wrong(1, Text("文件里没有 [[journey]]。", "The file has no [[journey]]."))
        return [self._journey(number, each) for number, each in enumerate(found)]

    def _line_of_top_key(self, key: str) -> int:
        return next((place.line for place in self._places if place.journey < 0 and place.key == key), 1)

    def _journey(self, number: int, keys: dict[str, Any]) -> Journey:
        places = [place for place in self._places if place.journey == number]
        line = places[0].line if places else 1
        lines = {place.key: place.line for place in reversed(places) if place.key}
        for key in keys:
            if key not in ("name", "process", "at", "start", "steps", "start_ago", "records", "ledger"):
                raise self._wrong(lines.get(key, line), _UNKNOWN_KEY, key=key)
        process = keys.get("process", self._content.get("process"))
        if not isinstance(process, str):
            raise self._wrong(line, Text("没有写流程编号（process）。", "It names no process."))
        name = keys.get("name")
        if not isinstance(name, str) or not name.strip():
            raise self._wrong(line, Text("没有写名称（name）。", "The journey has no name."))
        at = instant(keys.get("at", DEFAULT_START), self._zone) if _is_time(keys.get("at", "")) else None
        if at is None:
            raise self._wrong(lines.get("at", line), _NOT_A_TIME, value=keys.get("at"))
        return Journey(
            name,
            process,
            at,
            self._start(keys, lines.get("start", line)),
            tuple(self._steps(keys, lines.get("steps", line), places)),
            self._file_name,
            line,
            *self._ago(keys, lines.get("start_ago", line)),
            self._records(keys, lines.get("records", line)),
            self._dicts(keys.get("ledger", []), "ledger", lines.get("ledger", line)),
        )

    def _records(self, keys: dict[str, Any], line: int) -> dict[str, Sequence[Mapping[str, Any]]]:
        found = keys.get("records", {})
        if not isinstance(found, dict):
            raise self._wrong(line, _WRONG_TYPE, key="records", expected=_TYPE_NAMES[_TABLE])
        return {key: self._dicts(entries, key, line) for key, entries in found.items()}

    def _dicts(self, found: Any, key: str, line: int) -> Sequence[Mapping[str, Any]]:
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise self._wrong(line, _WRONG_TYPE, key=key, expected=_TYPE_NAMES[_LIST])
        return found

    def _ago(self, keys: dict[str, Any], line: int) -> tuple[timedelta, time | None]:
        """Read how long ago it began: ``P2D``, or ``P2D 09:30``, which is a time of that day."""
        text = keys.get("start_ago", "PT0S")
        match = _AGO.fullmatch(text) if isinstance(text, str) else None
        span = duration(match[1]) if match else None
        if match is None or span is None:
            raise self._wrong(line, _NOT_A_DURATION, value=text)
        at_clock = time.fromisoformat(match[2]) if match[2] else None
        return span[1] + timedelta(days=30 * span[0]), at_clock

    def _start(self, keys: dict[str, Any], line: int) -> Start | None:
        start = keys.get("start")
        if start is None:
            return None
        if not isinstance(start, dict) or not isinstance(start.get("by"), str):
            raise self._wrong(line, Text("start 要写明由谁发起（by）。", "start must say by whom."))
        for key in start:
            if key not in ("by", "values"):
                raise self._wrong(line, _UNKNOWN_KEY, key=key)
        if not isinstance(start.get("values", {}), dict):
            raise self._wrong(line, _WRONG_TYPE, key="values", expected=_TYPE_NAMES[_TABLE])
        return Start(start["by"], start.get("values", {}))

    def _steps(self, keys: dict[str, Any], line: int, places: list[_Place]) -> Iterator[Step]:
        steps = keys.get("steps", [])
        if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
            raise self._wrong(line, _WRONG_TYPE, key="steps", expected=_TYPE_NAMES[_LIST])
        lines = [place.line for place in places if place.is_step]
        for number, step in enumerate(steps):
            yield self._step(Step(number + 1, lines[number] if number < len(lines) else line, step))

    def _step(self, step: Step) -> Step:
        actions = [key for key in step.keys if key in ACTIONS]
        if len(actions) > 1:
            raise self._wrong(
                step.line,
                Text("一步只能做一件事：{keys}", "A step does one thing only: {keys}"),
                keys=" + ".join(actions),
            )
        allowed = {*ACTIONS[actions[0]], actions[0]} if actions else set(CHECKS)
        for key, value in step.keys.items():
            if key in CHECKS and actions:
                raise self._wrong(step.line, _LOOKS_APART, key=key, action=actions[0])
            if key not in allowed:
                raise self._wrong(step.line, _UNKNOWN_KEY, key=key)
            is_right = isinstance(value, _TYPES[key]) and (bool in _TYPES[key] or not isinstance(value, bool))
            if not is_right:
                raise self._wrong(step.line, _WRONG_TYPE, key=key, expected=_TYPE_NAMES[_TYPES[key]])
            self._check_texts(step, key, value)
        if not step.keys:
            raise self._wrong(step.line, Text("这一步是空的。", "The step is empty."))
        self._check_action(step, actions[0] if actions else "")
        return step

    def _check_texts(self, step: Step, key: str, value: Any) -> None:
        """Lists hold ids or people; the tables group and assignee map ids to a name (or several)."""
        texts = value if isinstance(value, list) else value.values() if key in ("group", "assignee") else ()
        for text in texts:
            several = text if key == "group" and isinstance(text, list) else [text]
            if not all(isinstance(each, str) for each in several):
                raise self._wrong(step.line, _WRONG_TYPE, key=key, expected=_TYPE_NAMES[_STRING])

    def _check_action(self, step: Step, action: str) -> None:
        if action in ("task", "refuse", "start") and "by" not in step.keys:
            raise self._wrong(step.line, Text("没有写由谁来做（by）。", "It does not say by whom."))
        if action == "refuse" and not step.keys.get("because", "").strip():
            raise self._wrong(
                step.line,
                Text(
                    "because 应为字段的 key、not permitted、same person 或 conflict。",
                    "because must be a field's key, not permitted, same person or conflict.",
                ),
            )
        if step.keys.get("nth", 1) < 1:
            raise self._wrong(step.line, Text("nth 从 1 数起。", "nth counts from 1."))
        if step.keys.get("case", 1) < 1:
            raise self._wrong(step.line, Text("case 从 1 数起。", "case counts from 1."))
        if step.keys.get("ended", True) is False:
            raise self._wrong(step.line, _WRONG_TYPE, key="ended", expected=_TYPE_NAMES[(str, bool)])
        if action == "wait" and duration(step.keys["wait"]) is None:
            raise self._wrong(step.line, _NOT_A_DURATION, value=step.keys["wait"])
        for value in [step.keys["until"]] if action == "until" else step.keys.get("due", {}).values():
            if not _is_time(value) or instant(value, self._zone) is None:
                raise self._wrong(step.line, _NOT_A_TIME, value=value)


_UNKNOWN_KEY = Text("不认识“{key}”。", "“{key}” is not known here.")
_LOOKS_APART = Text(
    "“{action}”做完之后再看“{key}”：请另写一步。",
    "“{key}” looks at what “{action}” did: make it the next step.",
)
_WRONG_TYPE = Text("“{key}”应为{expected}。", "“{key}” must be {expected}.")
_NOT_A_TIME = Text(
    "“{value}”不是时间，应类似 2026-03-09T17:00。", "“{value}” is not a time such as 2026-03-09T17:00."
)
_NOT_A_DURATION = Text("“{value}”不是时长，应类似 P1DT2H。", "“{value}” is not a duration such as P1DT2H.")


def _is_time(value: object) -> bool:
    return isinstance(value, str | date)


# ---- where things stand: tomllib does not say ---------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    """Where a key, a ``[[journey]]`` or a step begins."""

    line: int
    journey: int  # which one, from 0; -1 before the first
    key: str = ""
    is_step: bool = False


_TOKEN = re.compile(
    r'"""(?:[^\\]|\\.)*?"""|'
    r"'''.*?'''|"
    r'"(?:[^"\\\n]|\\.)*"|'
    r"'[^'\n]*'|#[^\n]*|[\[\]{}]|\n|=",
    re.DOTALL,
)


def _places(source: str) -> Iterator[_Place]:
    """Scan correct TOML for the lines on which keys and steps begin."""
    journey, line, depth, key, line_start = -1, 1, 0, "", 0
    for token in _TOKEN.finditer(source):
        text = token.group()
        at_line_start = not source[line_start : token.start()].strip()
        if text == "[" and depth == 0 and not key and at_line_start:
            header = source[token.start() :].split("\n", 1)[0].split("#", 1)[0].replace(" ", "").strip()
            if header == "[[journey]]":
                journey += 1
                yield _Place(line, journey)
            elif header == "[[journey.steps]]":
                yield _Place(line, journey, is_step=True)
        if text in "[{":
            if text == "{" and depth == 1 and key == "steps":
                yield _Place(line, journey, is_step=True)
            depth += 1
        elif text in "]}":
            depth -= 1
        elif text == "=" and depth == 0 and not key:
            key = source[line_start : token.start()].strip().strip("\"'")
            yield _Place(line, journey, key)
        elif "\n" in text:
            line += text.count("\n")
            line_start = token.end() if text == "\n" else line_start
            if depth == 0 and text == "\n":
                key = ""
