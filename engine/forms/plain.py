"""Single values outside a form, such as those of registers: read like the fields of forms."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError

from engine.errors import InvalidInput
from engine.forms import values
from engine.texts import Text

LONGEST_TEXT = 200  # characters
LONGEST_LONG_TEXT = 5000

_YES, _NO = {"true", "yes", "1", "是", "on", "y"}, {"false", "no", "0", "否", "off", "n"}
_WRONG = Text("值的类型不对。", "The value has the wrong type.")


def _text(value: Any, most: int = LONGEST_TEXT, multiline: bool = False) -> str | None:
    value = str(value) if isinstance(value, int | Decimal | date) and not isinstance(value, bool) else value
    if not isinstance(value, str):
        raise values.refuse(values.WRONG_TYPE)
    return values.clean(value, most, multiline) or None


def _long_text(value: Any) -> str | None:
    return _text(value, LONGEST_LONG_TEXT, multiline=True)


def _checked_text(check: Callable[[str], str]) -> Callable[[Any], str | None]:
    def read(value: Any) -> str | None:
        text = _text(value)
        return check(text) if text else None

    return read


def _number(digits: int | None) -> Callable[[Any], Decimal | int]:
    def read(value: Any) -> Decimal | int:
        return values.with_digits(values.number(value), digits)

    return read


def _date(value: Any) -> Any:
    return values.moment(value, "date")


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().casefold()
    if word in _YES or word in _NO:
        return word in _YES
    raise values.refuse(Text("请填写“是”或“否”。", "Enter yes or no."))


_READERS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "long_text": _long_text,
    "phone": _checked_text(values.phone),
    "email": _checked_text(values.email),
    "id_number": _checked_text(values.id_number),
    "integer": _number(0),
    "decimal": _number(None),
    "amount": _number(2),
    "date": _date,
    "boolean": _boolean,
}
TYPES = frozenset(_READERS)


def read(type_: str, value: Any) -> Any:
    """
    Return a value of one of ``TYPES``, from what was typed, imported or computed; None where it is empty.

    Raises:
        InvalidInput: it is no such value.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        return _READERS[type_](value)
    except ValidationError as error:
        message = error.messages[0] if isinstance(error.messages, list) and error.messages else None
        raise InvalidInput(message if isinstance(message, Text) else _WRONG) from None
