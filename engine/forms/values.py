"""Values of form fields: what a person typed or a program sent, turned into what a process carries."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields

from engine.forms.components import (
    LARGEST_NUMBER,
    CheckboxField,
    ChoiceField,
    Component,
    DateField,
    Field,
    FileField,
    NumberField,
    RowsField,
    TextField,
    fields_of,
)
from engine.texts import Text

UNKNOWN = Text("表单没有这个字段。", "The form has no such field.")
WRONG_TYPE = Text("值的类型不对。", "The value has the wrong type.")
NOT_ACCEPTED = Text("这个值不能接受。", "This value cannot be accepted.")
NOT_OFFERED = Text("请从选项中选择。", "Choose one of the options.")
CONTROL_CHARACTERS = Text("含有不可见的控制字符。", "It contains invisible control characters.")
TOO_LONG = Text("最多 {most} 个字，现在有 {count} 个。", "At most {most} characters; there are {count} now.")
TOO_SHORT = Text("至少 {least} 个字。", "At least {least} characters.")
NOT_A_NUMBER = Text("请填写数字，例如 36000 或 36,000.50。", "Enter a number such as 36000 or 36,000.50.")
NOT_WHOLE = Text("请填写整数。", "Enter a whole number.")
TOO_EXACT = Text("最多 {digits} 位小数。", "At most {digits} decimals.")
TOO_LARGE = Text("数字太大。", "The number is too large.")
TOO_MANY_ROWS = Text("最多 {most} 行。", "At most {most} rows.")
PATTERN = Text("格式不对。", "It does not have the required format.")
BAD_PHONE = Text(
    "请填写手机号、带区号的固定电话或 400/800 电话。",
    "Enter a mobile number, a landline with its area code, or a 400/800 number.",
)
BAD_EMAIL = Text(
    "请填写电子邮箱，例如 name@example.com。", "Enter an e-mail address such as name@example.com."
)
BAD_ID = Text(
    "请填写 18 位居民身份证号；校验码不符时请核对每一位。",
    "Enter the 18 characters of a resident identity number; if its check digit is refused, compare each.",
)
BAD_DATE = {
    "date": Text("请填写日期，例如 2026-03-02。", "Enter a date such as 2026-03-02."),
    "time": Text("请填写时间，例如 14:30。", "Enter a time such as 14:30."),
    "datetime": Text(
        "请填写日期和时间，例如 2026-03-02 14:30。", "Enter a date and time such as 2026-03-02 14:30."
    ),
}

EMPTY: tuple[Any, ...] = (None, "", [], {})


def refuse(message: Text, **values: object) -> ValidationError:
    """An error of one field, in both languages."""
    return ValidationError([message.format(**values)] if values else [message])


def single(value: Any) -> Any:
    """The one value of a field that was sent once; a list of several is no single value."""
    if isinstance(value, list | tuple):
        if not value:
            return None
        if len(value) > 1 or not isinstance(value[0], str):
            raise refuse(WRONG_TYPE)
        return value[0]
    return value


def clean(value: str, most: int, multiline: bool = False) -> str:
    """Strip a text; refuses one that is too long, or holds characters that nobody can see."""
    if len(value) > 4 * most + 100:
        raise refuse(TOO_LONG, most=most, count=len(value))
    text = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    allowed = "\n\t" if multiline else ""
    for character in "" if text.isprintable() else text:
        kind = unicodedata.category(character)
        is_override = "\u202a" <= character <= "\u202e" or "\u2066" <= character <= "\u2069"
        if (kind in ("Cc", "Cs", "Zl", "Zp") and character not in allowed) or is_override:
            raise refuse(CONTROL_CHARACTERS)
    if len(text) > most:
        raise refuse(TOO_LONG, most=most, count=len(text))
    return text


# texts ---------------------------------------------------------------------------------------------------

_SEPARATORS = re.compile(r"[\s().\-‐‑–—_·/]+")
_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_LANDLINE = re.compile(r"(0(?:10|2\d|[3-9]\d{2}))([2-9]\d{6,7})", re.ASCII)
_SERVICE = re.compile(r"(400|800)(\d{3})(\d{4})", re.ASCII)
_EXTENSION = re.compile(r"(?:转|分机|ext|x|#|,)+(\d{1,6})\Z", re.ASCII | re.IGNORECASE)
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}", re.ASCII)


def phone(text: str) -> str:
    """
    Return a Chinese telephone number in one spelling: 13800138000, 010-62345678-123, 400-810-1234.

    Accepts full-width digits, spaces, dashes, brackets, +86 and extensions.
    """
    number = unicodedata.normalize("NFKC", text).strip().lower()
    extension = ""
    # A dash before the last digits means an extension only behind a whole number.
    dashed = re.fullmatch(r"(.*\d)\s*-\s*(\d{1,6})", number, re.ASCII)
    marked = _EXTENSION.search(number.replace(" ", ""))
    if marked:
        extension, number = marked[1], number.replace(" ", "")[: marked.start()]
    elif dashed and (_LANDLINE.fullmatch(_digits(dashed[1])) or _SERVICE.fullmatch(_digits(dashed[1]))):
        number, extension = dashed[1], dashed[2]
    number = _digits(number)
    if _MOBILE.fullmatch(number) and not extension:
        return number
    landline, service = _LANDLINE.fullmatch(number), _SERVICE.fullmatch(number)
    if landline and (len(landline[2]) == 8 or len(landline[1]) == 4):
        parts = [landline[1], landline[2]]
    elif service:
        parts = [service[1], service[2], service[3]]
    else:
        raise refuse(BAD_PHONE)
    return "-".join([*parts, extension] if extension else parts)


def _digits(number: str) -> str:
    digits = _SEPARATORS.sub("", number)
    for country in ("+86", "0086"):
        if digits.startswith(country):
            digits = digits.removeprefix(country)
            is_whole = _MOBILE.fullmatch(digits) or _SERVICE.fullmatch(digits) or digits.startswith("0")
            return digits if is_whole else "0" + digits
    if len(digits) == 13 and digits.startswith("861"):
        return digits[2:]
    return digits


def id_number(text: str) -> str:
    """Return a resident identity number of 18 characters; its birthday and its check digit must be right."""
    number = unicodedata.normalize("NFKC", text).replace(" ", "").upper()
    if not re.fullmatch(r"[1-9]\d{16}[\dX]", number, re.ASCII):
        raise refuse(BAD_ID)
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise refuse(BAD_ID) from None
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], weights, strict=True))
    if born.year < 1850 or "10X98765432"[total % 11] != number[17]:
        raise refuse(BAD_ID)
    return number


def email(text: str) -> str:
    """Return an e-mail address as it is."""
    address = unicodedata.normalize("NFKC", text)
    if not _EMAIL.fullmatch(address):
        raise refuse(BAD_EMAIL)
    return address


_CHECKS = {"phone": phone, "email": email, "id_number": id_number}


class TextValue(fields.Field[str | None]):
    """A text; empty is None."""

    def __init__(self, spec: TextField) -> None:
        super().__init__(allow_none=True)
        self.spec = spec

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str | None:
        value = single(value)
        if value is None:
            return None
        if not isinstance(value, str):
            raise refuse(WRONG_TYPE)
        text = clean(value, self.spec.max_length, self.spec.multiline)
        if not text:
            return None
        if len(text) < self.spec.min_length:
            raise refuse(TOO_SHORT, least=self.spec.min_length)
        if self.spec.check:
            text = _CHECKS[self.spec.check](text)
        if self.spec.pattern and not self.spec.pattern.fullmatch(text):
            raise refuse(PATTERN)
        return text


# numbers -------------------------------------------------------------------------------------------------

_NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?", re.ASCII)


def number(value: Any) -> Decimal:
    """Return an exact number: full-width digits, thousands separators, ¥ and 元 may be typed."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise refuse(WRONG_TYPE)
    if isinstance(value, str):
        if len(value) > 60:
            raise refuse(TOO_LARGE)
        text = re.sub(r"[\s¥¥元]", "", unicodedata.normalize("NFKC", value)).replace("−", "-")
        text = text.removesuffix("。").replace("、", ",")
        if not _NUMBER.fullmatch(text):
            raise refuse(NOT_A_NUMBER)
        value = text.replace(",", "")
    if isinstance(value, int) and abs(value) >= LARGEST_NUMBER:
        raise refuse(TOO_LARGE)
    result = Decimal(str(value))
    if not result.is_finite():
        raise refuse(NOT_A_NUMBER)
    if result and not -20 <= result.adjusted() < 15:
        raise refuse(TOO_LARGE if result.adjusted() >= 15 else TOO_EXACT, digits=6)
    if abs(result) >= LARGEST_NUMBER:
        raise refuse(TOO_LARGE)
    return result


def with_digits(value: Decimal, digits: int | None) -> int | Decimal:
    """Return the number with exactly so many decimals; it is never rounded."""
    whole = value == value.to_integral_value()
    if digits == 0 or (digits is None and whole):
        if not whole:
            raise refuse(NOT_WHOLE)
        return int(value)
    places = 6 if digits is None else digits
    try:
        exact = value.quantize(Decimal(1).scaleb(-places)) + 0  # + 0: no “-0.00”
    except InvalidOperation:
        raise refuse(TOO_LARGE) from None
    if exact != value:
        raise refuse(TOO_EXACT, digits=places)
    return exact.normalize() if digits is None else exact


class NumberValue(fields.Field[int | Decimal | None]):
    """A number; limits are looked at later, since they may be expressions."""

    def __init__(self, spec: NumberField) -> None:
        super().__init__(allow_none=True)
        self.spec = spec

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int | Decimal | None:
        value = single(value)
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        return with_digits(number(value), self.spec.digits)


# choices -------------------------------------------------------------------------------------------------


class CheckboxValue(fields.Field[bool]):
    """Ticked or not; a hidden “off” may come before the box's “on”."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if isinstance(value, list | tuple) and all(text in ("on", "off") for text in value):
            value = "on" if "on" in value else "off"
        value = single(value)
        if value is None or value in ("", "off", "false", "False") or value is False:
            return False
        if value is True or value in ("on", "true", "True"):
            return True
        raise refuse(WRONG_TYPE)


class ChoiceValue(fields.Field[str | bool | list[str] | None]):
    """One option or several; options that come from variables are looked at later."""

    def __init__(self, spec: ChoiceField) -> None:
        super().__init__(allow_none=True)
        self.spec = spec
        self.offered = frozenset(option.value for option in spec.options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> str | bool | list[str] | None:
        if self.spec.multiple:
            values = [value] if isinstance(value, str) else value
            if not isinstance(values, list | tuple) or not all(isinstance(item, str) for item in values):
                raise refuse(WRONG_TYPE)
            return [self._offered(item) for item in dict.fromkeys(values) if item]
        value = single(value)
        if self.spec.boolean and isinstance(value, bool):
            return value
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise refuse(WRONG_TYPE)
        chosen = self._offered(value)
        return chosen == "true" if self.spec.boolean else chosen

    def _offered(self, value: str) -> str:
        if self.spec.options_from is None and value not in self.offered:
            raise refuse(NOT_OFFERED)
        return value


# time ----------------------------------------------------------------------------------------------------

_DATE = r"(\d{4})(?:-|/|\.|年)(\d{1,2})(?:-|/|\.|月)(\d{1,2})日?"
_TIME = r"(\d{1,2})(?::|时|点)(\d{2})(?::(\d{2})(?:\.(\d{1,6})\d{0,3})?)?分?"
_ZONE = r"(?:\s*(Z|[+-]\d{2}:?\d{2}))?"
_DATE_ONLY = re.compile(_DATE, re.ASCII)
_TIME_ONLY = re.compile(_TIME, re.ASCII)
_BOTH = re.compile(_DATE + r"\s*[Tt]?\s*" + _TIME + _ZONE, re.ASCII)


def moment(value: Any, subtype: str) -> date | time | datetime:
    """Return the day, time of day or instant; a naive instant awaits its zone."""
    wrong = refuse(BAD_DATE[subtype])
    if isinstance(value, datetime):
        if subtype != "datetime" or not 1900 <= value.year <= 2100:
            raise wrong
        return value
    if isinstance(value, date) and subtype == "date" and 1900 <= value.year <= 2100:
        return value
    if isinstance(value, time) and subtype == "time" and value.tzinfo is None:
        return value
    if not isinstance(value, str):
        raise refuse(WRONG_TYPE) if not isinstance(value, date | time) else wrong
    text = unicodedata.normalize("NFKC", value[:60]).strip()
    try:
        if subtype == "date" and (found := _DATE_ONLY.fullmatch(text)):
            return _day(found.groups())
        if subtype == "time" and (found := _TIME_ONLY.fullmatch(text)):
            return _time(found.groups())
        if subtype == "datetime" and (found := _BOTH.fullmatch(text)):
            return datetime.combine(
                _day(found.groups()[:3]), _time(found.groups()[3:7]), _zone(found.groups()[7])
            )
    except ValueError:
        raise wrong from None
    raise wrong


def _day(parts: Sequence[str | None]) -> date:
    year, month, day = (int(part or 0) for part in parts)
    if not 1900 <= year <= 2100:
        raise ValueError(year)
    return date(year, month, day)


def _time(parts: Sequence[str | None]) -> time:
    hour, minute, second = (int(part or 0) for part in parts[:3])
    return time(hour, minute, second, int((parts[3] or "0").ljust(6, "0")))


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text == "Z":
        return timezone.utc  # noqa: UP017  (the same object, under its older name, fits the annotation)
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))


class DateValue(fields.Field[date | time | datetime | None]):
    """A day, a time of day or an instant."""

    def __init__(self, spec: DateField) -> None:
        super().__init__(allow_none=True)
        self.spec = spec

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> date | time | datetime | None:
        value = single(value)
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        return moment(value, self.spec.subtype)


# files and rows ------------------------------------------------------------------------------------------


class FilesValue(fields.Field[list[dict[str, Any]]]):
    """Entries {file, source, taken_on} with the id of each file; the files themselves are looked up later."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[dict[str, Any]]:
        return [entry for entry in file_entries(value) if entry.get("file")]


def file_entries(value: Any) -> list[dict[str, Any]]:
    """
    Return the entries of a file field as they were sent, in order.

    They come as ids, as {file, source, taken_on}, or from a page as {"0": {…}, "": [new ids], "new": {…}},
    where ``new`` says the source and date of all that were just uploaded. ``remove`` leaves an entry out.
    """
    if value in EMPTY:
        return []
    if isinstance(value, str):
        value = [value]
    if isinstance(value, Mapping) and "file" not in value:
        return _entries_of_page(value)
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list | tuple) or len(value) > 500:
        raise refuse(WRONG_TYPE)
    return [_entry(item) for item in value if item != ""]


def _entries_of_page(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    common = value.get("new", {})
    uploaded = value.get("", [])
    uploaded = [uploaded] if isinstance(uploaded, str) else uploaded
    if not isinstance(common, Mapping) or not isinstance(uploaded, list | tuple):
        raise refuse(WRONG_TYPE)
    common = {name: single(common[name]) for name in ("source", "taken_on") if name in common}
    numbered = sorted((name for name in value if name not in ("new", "")), key=lambda name: (len(name), name))
    entries = [_entry(value[name]) for name in numbered]
    kept = [entry for entry in entries if not entry.pop("remove", None)]
    return kept + [{**_entry(item), **common} for item in uploaded if item != ""]


def _entry(item: Any) -> dict[str, Any]:
    if isinstance(item, str):
        item = {"file": item}
    if not isinstance(item, Mapping):
        raise refuse(WRONG_TYPE)
    if set(item) - {"file", "name", "size", "type", "source", "taken_on", "remove"}:
        raise refuse(UNKNOWN)
    entry = {name: single(item[name]) for name in ("file", "source", "taken_on", "remove") if name in item}
    file = entry.get("file")
    if not isinstance(file, str) or not 0 < len(file) <= 100:
        raise refuse(WRONG_TYPE)
    return entry


class RowsValue(fields.Field[list[Mapping[str, Any]]]):
    """Rows as they were sent; each is loaded by the schema of the row."""

    def __init__(self, spec: RowsField) -> None:
        super().__init__(allow_none=True)
        self.spec = spec

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Mapping[str, Any]]:
        rows = raw_rows(value)
        if len(rows) > self.spec.max_rows:
            raise refuse(TOO_MANY_ROWS, most=self.spec.max_rows)
        return rows


def raw_rows(value: Any) -> list[Mapping[str, Any]]:
    """Return the rows of a list field: from a page {"0": row, "3": row}, from a program [row, row]."""
    if value in EMPTY or value == [""]:
        return []
    if isinstance(value, Mapping):
        if not all(
            isinstance(name, str) and name.isascii() and name.isdigit() and len(name) < 6 for name in value
        ):
            raise refuse(WRONG_TYPE)
        value = [value[name] for name in sorted(value, key=int)]
    if not isinstance(value, list | tuple) or not all(isinstance(row, Mapping) for row in value):
        raise refuse(WRONG_TYPE)
    return list(value)


# schemas -------------------------------------------------------------------------------------------------


def value_of(spec: Field) -> fields.Field[Any]:
    """The marshmallow field that reads the values of a form's field."""
    match spec:
        case TextField():
            return TextValue(spec)
        case NumberField():
            return NumberValue(spec)
        case CheckboxField():
            return CheckboxValue(allow_none=True)
        case ChoiceField():
            return ChoiceValue(spec)
        case DateField():
            return DateValue(spec)
        case FileField():
            return FilesValue(allow_none=True)
        case RowsField():
            return RowsValue(spec)
    raise TypeError(f"{type(spec).__name__} takes no value")


def schema_of(components: Sequence[Component]) -> Schema:
    """The marshmallow schema of one level of a form; what it does not name is refused."""
    editable = [field for field, _ in fields_of(components) if is_editable(field)]
    members: dict[str, fields.Field[Any]] = {}
    for index, spec in enumerate(editable):
        member = value_of(spec)
        member.data_key = member.attribute = spec.key
        members[f"field_{index}"] = member  # a key may be called like a method of Schema
    return Schema.from_dict(members, name="Form")(unknown=RAISE)


def is_editable(field: Field) -> bool:
    """Whether a submission may carry the field."""
    return not field.read_only and type(field).__name__ != "ExpressionField"


def problems_of(error: ValidationError) -> dict[str, tuple[Text, ...]]:
    """The messages of a failed load by key; marshmallow's own become ours."""
    if not isinstance(error.messages, dict):
        return {"": (WRONG_TYPE,)}
    return {
        str(key): tuple(message if isinstance(message, Text) else UNKNOWN for message in messages)
        for key, messages in error.messages.items()
    }
