"""Earlier answers: what a submitted form said, to be read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from engine.forms.components import (
    ChoiceField,
    ExpressionField,
    Field,
    FileField,
    FormDefinition,
    RowsField,
    fields_of,
)
from engine.forms.view import shown_value
from engine.texts import Text, same


@dataclass(frozen=True)
class Answer:
    """One answer; ``files`` holds {file, name, size, type, …}, ``rows`` the answers of each row of a list."""

    key: str
    label: Text
    value: Text
    restricted: bool
    files: tuple[Mapping[str, Any], ...] = ()
    rows: tuple[tuple[Answer, ...], ...] = ()


def answers_of(definition: FormDefinition, values: Mapping[str, Any], zone: ZoneInfo) -> tuple[Answer, ...]:
    """
    The answers among these values, in the order of the form.

    A field without a value is left out, and so is what was computed and has no label to be read by.
    """
    return tuple(
        _answer(spec, values[spec.key], zone)
        for spec, _ in fields_of(definition.components)
        if values.get(spec.key) not in (None, [], "") and not _is_unnamed(spec)
    )


def _is_unnamed(spec: Field) -> bool:
    return isinstance(spec, ExpressionField) and spec.label.zh == spec.key


def _answer(spec: Field, value: Any, zone: ZoneInfo) -> Answer:
    if isinstance(spec, FileField) and isinstance(value, list):
        files = tuple(file for file in value if isinstance(file, Mapping))
        names = same(", ".join(str(file.get("name")) for file in files))
        return Answer(spec.key, spec.label, names, spec.restricted, files=files)
    if isinstance(spec, RowsField) and isinstance(value, list):
        rows = tuple(
            tuple(
                _answer(inner, row[inner.key], zone)
                for inner, _ in fields_of(spec.components)
                if row.get(inner.key) not in (None, [], "")
            )
            for row in value
            if isinstance(row, Mapping)
        )
        count = Text(f"{len(rows)} 项", f"{len(rows)} entries")
        return Answer(spec.key, spec.label, count, spec.restricted, rows=rows)
    labels = {o.value: o.label for o in spec.options} if isinstance(spec, ChoiceField) else {}
    return Answer(spec.key, spec.label, shown_value(spec, value, labels, zone), spec.restricted)
