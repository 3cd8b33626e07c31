"""Values of records: read, compared, shown."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from engine.errors import InvalidInput
from engine.forms import plain
from engine.registers.shapes import Field, Register
from engine.texts import Text, same

LONGEST_FOUND = 200  # characters of a value that records are found by
LONGEST_NUMBER = 100
LONGEST_TITLE = 300
#: Control and format characters, which may turn round what is beside them; odd spaces; no characters at all.
_UNSAFE_KINDS = frozenset({"Cc", "Cf", "Cs", "Cn", "Zs", "Zl", "Zp"})

_MISSING = Text("请填写。", "Please fill this in.")
_NOT_OFFERED = Text("没有这一项，可选：{offered}。", "There is no such choice; there are: {offered}.")
_TOO_SMALL = Text("不能小于 {least}。", "It cannot be less than {least}.")
_TOO_LARGE = Text("不能大于 {most}。", "It cannot be more than {most}.")
_UNKNOWN = Text("登记簿没有这个字段。", "The register has no such field.")
_NUMBER_TOO_LONG = Text("最多 {most} 个字。", "At most {most} characters.")
_NUMBER_UNSAFE = Text(
    "编号里不能有“/”“\\”和看不见的字符，空格只能是单个普通空格，也不能只有点。",
    "No “/”, “\\” or invisible character in a number, only single plain spaces, and not dots alone.",
)


def searchable_text(value: Any, longest: int = 500) -> str | None:
    """Return a value as cases and records are found by it; None where there is nothing to find."""
    if isinstance(value, str):
        return value.strip()[:longest] or None
    if value is None or isinstance(value, Mapping):
        return None
    if isinstance(value, list | tuple):
        parts = [text for text in (searchable_text(each) for each in value) if text is not None]
        return "、".join(parts)[:longest] or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value.normalize() if value else Decimal(), "f")
    if isinstance(value, date | time | datetime):
        return value.isoformat()
    return str(value)[:longest]


def found_by(value: Any) -> str | None:
    """Return a value of a record as it is found by; None where there is nothing to find."""
    return searchable_text(value, LONGEST_FOUND)


def read(field: Field, value: Any) -> Any:
    """
    Return the value of a field from what was typed, imported or computed; None where it is empty.

    Raises:
        InvalidInput: it is no such value.
    """
    if field.type == "choice":
        return _chosen(field, plain.read("text", value))
    if field.type == "reference":
        return plain.read("text", value)
    found = plain.read(field.type, value)
    if isinstance(found, int | Decimal) and not isinstance(found, bool):
        least = Decimal() if field.least is None and field.type == "amount" else field.least
        if least is not None and found < least:
            raise InvalidInput(_TOO_SMALL, least=least)
        if field.most is not None and found > field.most:
            raise InvalidInput(_TOO_LARGE, most=field.most)
    return found


def _chosen(field: Field, value: str | None) -> str | None:
    if value is None or value in field.choices:
        return value
    for key, name in field.choices.items():
        if value in (name.zh, name.en):
            return key
    offered = Text(
        "、".join(name.zh for name in field.choices.values()),
        ", ".join(name.en for name in field.choices.values()),
    )
    raise InvalidInput(_NOT_OFFERED, offered=offered)


def read_all(
    register: Register, given: Mapping[str, Any], present: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], dict[str, tuple[Text, ...]]]:
    """
    Return a record's values and what is wrong with them, by field.

    ``present``: the values that it has; those not given stay. Without it the record is new.
    """
    values = dict.fromkeys(register.fields) | dict(present or {})
    errors: dict[str, tuple[Text, ...]] = {}
    for key, value in given.items():
        field = register.fields.get(key)
        if field is None:
            errors[key] = (_UNKNOWN,)
            continue
        try:
            values[key] = read(field, value)
        except InvalidInput as error:
            errors[key] = (error.message,)
    for key, field in register.fields.items():
        if field.required and values.get(key) is None and key not in errors:
            errors[key] = (_MISSING,)
    number_field = register.number_field or ""
    number = values.get(number_field)
    if isinstance(number, str) and number != (present or {}).get(number_field):
        if len(number) > LONGEST_NUMBER:
            errors[number_field] = (_NUMBER_TOO_LONG.format(most=LONGEST_NUMBER),)
        elif not is_safe_number(number):
            errors[number_field] = (_NUMBER_UNSAFE,)
    return values, errors


def is_safe_number(number: str) -> bool:
    """Whether a number can stand in the address of a page, and looks like no other."""
    kinds = {unicodedata.category(each) for each in number if each != " "}
    has_odd_spaces = "  " in number or number != number.strip()
    return (
        kinds.isdisjoint(_UNSAFE_KINDS)
        and not set(number) & {"/", "\\"}
        and not has_odd_spaces
        and bool(number.strip("."))
    )


def title_of(register: Register, number: str, values: Mapping[str, Any]) -> str:
    """Return how a record is shown."""
    title = register.title
    for key in ("number", *register.fields):
        if f"{{{key}}}" in title:
            value = number if key == "number" else values.get(key)
            title = title.replace(f"{{{key}}}", searchable_text(value) or "")
    return title.strip()[:LONGEST_TITLE] or number


def search_text(register: Register, number: str, title: str, values: Mapping[str, Any]) -> str:
    """Return what a search looks in: nothing restricted."""
    indexed = (values.get(key) for key, field in register.fields.items() if field.indexed)
    parts = [number, title, *(text for value in indexed if (text := found_by(value)))]
    return "\n".join(dict.fromkeys(parts)).lower()


def index_of(register: Register, values: Mapping[str, Any]) -> dict[str, str]:
    """Return the values that a record is found by: references and indexed fields."""
    wanted = (field for field in register.fields.values() if field.indexed or field.reference)
    texts = {field.key: found_by(values.get(field.key)) for field in wanted}
    return {key: text for key, text in texts.items() if text is not None}


def readable(field: Field, value: Any) -> Any:
    """Return a value as people read it: a choice's Text."""
    if field.type == "choice" and isinstance(value, str):
        return field.choices.get(value, same(value))
    return value
