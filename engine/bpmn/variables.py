"""Variables of an instance: their types, their scopes, their JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine.errors import InvalidInput
from engine.texts import Text

#: Variables that every case has, with the processes that it calls, without anybody setting them.
GIVEN = frozenset({"case_number", "started_by", "started_at"})
DEEPEST = 40  # lists and dicts inside one another
#: An instant beyond these is a slip of the pen; no page, clock or zone need know it.
YEARS = range(1900, 2201)
TYPE_MARK = "typename"  # the key that marks an encoded value; no dict of a diagram may have it


class LocalScope(MutableMapping[str, Any]):
    """
    The variables of a multi-instance child in front of those around it.

    Names that the child has not got are read from outside. A *sealed* scope (every multi-instance child)
    keeps all that is written in it: what a person enters in one child is seen neither by the others nor by
    the instance, unless the diagram collects it. An open one (a round of a standard loop) has only its own
    names.
    """

    __slots__ = ("_local", "_outer", "_sealed")

    def __init__(self, local: dict[str, Any], outer: MutableMapping[str, Any], *, sealed: bool) -> None:
        self._local = local
        self._outer = outer
        self._sealed = sealed

    def __getitem__(self, name: str) -> Any:
        return self._local[name] if name in self._local else self._outer[name]

    def __setitem__(self, name: str, value: Any) -> None:
        target = self._local if self._sealed or name in self._local else self._outer
        target[name] = value

    def __delitem__(self, name: str) -> None:
        del self._local[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._local
        yield from (name for name in self._outer if name not in self._local)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return name in self._local or name in self._outer


def checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return values as an instance may hold them: a deep copy, with floats as exact decimals.

    Raises:
        InvalidInput: a value of a type that cannot be stored, a dict with the key ``typename``, or lists and
            dicts nested too deeply.
    """
    return {_text(name, str(name)): _checked(value, str(name), 0) for name, value in values.items()}


def _checked(value: Any, name: str, depth: int) -> Any:
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return _text(value, name)
    if isinstance(value, (float, Decimal)):
        return _number(value, name)
    if isinstance(value, datetime) and value.tzinfo is None:
        raise InvalidInput(
            Text("“{name}”是没有时区的时间。", "“{name}” is an instant without a time zone."), name=name
        )
    if isinstance(value, datetime) and value.year not in YEARS:
        raise InvalidInput(
            Text("“{name}”不在 1900 年到 2200 年之间。", "“{name}” is not in the years from 1900 to 2200."),
            name=name,
        )
    if isinstance(value, (date, time, timedelta)):
        return value
    if depth == DEEPEST:
        raise InvalidInput(Text("“{name}”嵌套太深。", "“{name}” is nested too deeply."), name=name)
    if isinstance(value, Mapping):
        return _record(value, name, depth + 1)
    if isinstance(value, (list, tuple)):
        return [_checked(item, name, depth + 1) for item in value]
    if isinstance(value, (set, frozenset)):
        return [_checked(item, name, depth + 1) for item in sorted(value, key=str)]
    raise InvalidInput(
        Text("“{name}”的类型 {kind} 不能保存。", "“{name}” is a {kind}, which cannot be stored."),
        name=name,
        kind=type(value).__name__,
    )


def _text(value: Any, name: str) -> str:
    text = str(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidInput(
            Text("“{name}”含有无效的字符。", "“{name}” has characters that do not exist."),
            name=name.encode(errors="replace").decode(),
        ) from None
    return text


def _number(value: float | Decimal, name: str) -> Decimal:
    number = Decimal(str(value)) if isinstance(value, float) else value
    if not number.is_finite():
        raise InvalidInput(Text("“{name}”不是有效的数字。", "“{name}” is not a finite number."), name=name)
    return number


def _record(value: Mapping[Any, Any], name: str, depth: int) -> dict[str, Any]:
    if TYPE_MARK in value:
        raise InvalidInput(
            Text("“{name}”含有不允许的键 typename。", "“{name}” has the key typename, which is reserved."),
            name=name,
        )
    return {_text(key, name): _checked(item, name, depth) for key, item in value.items()}


def size_of(value: Any) -> int:
    """Return about how many characters a value has as JSON, with all that is in it."""
    size, waiting = 0, [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            size += len(part) + 3
        elif isinstance(part, Mapping):
            size += sum(len(str(key)) + 4 for key in part) + 2
            waiting.extend(part.values())
        elif isinstance(part, list | tuple):
            size += len(part) + 2
            waiting.extend(part)
        elif part is None or isinstance(part, bool | int):
            size += 6 if part is None or isinstance(part, bool) else part.bit_length() // 3 + 2
        else:
            size += 60  # with its type
    return size


def to_json(value: Any) -> str:
    """Return JSON text; decimals, dates, times, instants and spans keep their types."""
    return _JSON.encode(value)


def from_json(text: str) -> Any:
    """Return what ``to_json`` was given."""
    return _TYPED_JSON.decode(text) if f'"{TYPE_MARK}"' in text else json.loads(text)


def _encode(value: Any) -> dict[str, str]:
    if isinstance(value, Decimal):
        return {TYPE_MARK: "decimal", "value": str(value)}
    if isinstance(value, datetime):
        return {TYPE_MARK: "instant", "value": value.isoformat()}
    if isinstance(value, date):
        return {TYPE_MARK: "date", "value": value.isoformat()}
    if isinstance(value, time):
        return {TYPE_MARK: "time", "value": value.isoformat()}
    if isinstance(value, timedelta):
        return {TYPE_MARK: "span", "value": f"{value.days} {value.seconds} {value.microseconds}"}
    raise TypeError(f"a {type(value).__name__} cannot be stored")


def _span(text: str) -> timedelta:
    days, seconds, microseconds = map(int, text.split())
    return timedelta(days, seconds, microseconds)


_DECODERS: dict[str, Callable[[str], Any]] = {
    "decimal": Decimal,
    "instant": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "span": _span,
}


def _decode(found: dict[str, Any]) -> Any:
    kind = found.get(TYPE_MARK)
    return found if kind is None else _DECODERS[kind](found["value"])


# Made once: making one takes as long as encoding a small value.
_JSON = json.JSONEncoder(default=_encode, ensure_ascii=False, separators=(",", ":"))
_TYPED_JSON = json.JSONDecoder(object_hook=_decode)
