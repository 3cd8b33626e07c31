"""The form of a record, made from the fields of its register."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from engine.errors import BanjieError, InvalidForm
from engine.queries import FieldHead, RecordPage, RegisterHead
from engine.texts import Text

Typed = Mapping[str, str]

#: How a field is typed: the type of its <input>, and the keyboard that a phone shows for it.
INPUTS = {
    "decimal": ("text", "decimal"),
    "amount": ("text", "decimal"),
    "integer": ("text", "numeric"),
    "date": ("date", ""),
    "phone": ("tel", ""),
    "email": ("email", ""),
}


@dataclass(frozen=True)
class Entry:
    """One field of the form."""

    head: FieldHead
    value: str
    errors: tuple[Text, ...]
    is_fixed: bool  # shown, but not to be changed: a number that is given already
    is_hidden: bool  # the viewer may not see it
    now: str | None = None  # what somebody else has entered meanwhile
    title: str = ""  # of the record that a reference names

    @property
    def input_type(self) -> str:
        """The type of the <input>."""
        return INPUTS.get(self.head.type, ("text", ""))[0]

    @property
    def keyboard(self) -> str:
        """The keyboard that a phone shows."""
        return INPUTS.get(self.head.type, ("text", ""))[1]


@dataclass(frozen=True)
class RecordForm:
    """The form; ``others`` are mistakes that belong to no field shown."""

    entries: tuple[Entry, ...]
    others: tuple[Text, ...]


def record_form(
    head: RegisterHead,
    page: RecordPage | None,
    typed: Typed | None,
    error: BanjieError | None = None,
    overtaken: bool = False,
) -> RecordForm:
    """Return the form for a record (None: a new one), with what was typed and what is wrong with it."""
    errors = dict(error.errors) if isinstance(error, InvalidForm) else {}
    known = {key: as_typed(value) for key, value in page.values.items()} if page else {}
    shown = {field.key: field for field in page.fields} if page else {}
    entries = []
    for field in head.fields:
        now = known.get(field.key, "")
        value = now if typed is None else typed.get(field.key, now if page else "")
        link = shown[field.key].link if field.key in shown else None
        entries.append(
            Entry(
                head=field,
                value=value,
                errors=errors.pop(field.key, ()),
                is_fixed=field.is_number and page is not None,
                is_hidden=field.key in shown and shown[field.key].is_hidden,
                now=now if overtaken and value != now else None,
                title=link.title if link and value == now else "",
            )
        )
    return RecordForm(tuple(entries), tuple(message for each in errors.values() for message in each))


def as_typed(value: Any) -> str:
    """Return a stored value as it is typed into a form."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
