"""What a form consists of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from engine.forms.markdown import TEMPLATE, Block
from engine.texts import Text, same

NOTHING = same("")
LARGEST_NUMBER = Decimal(10) ** 15
LARGEST_AMOUNT = Decimal("999999999999.99")  # yuan


@dataclass(frozen=True, kw_only=True)
class Component:
    """Anything that stands in a form. Expressions are kept as text: the caller knows how to evaluate them."""

    id: str
    hide: str | None = None  # expression: true takes the component and all in it away
    row: str | None = None  # neighbours with the same row stand side by side
    columns: int | None = None  # width in sixteenths; None shares what is left
    rules: tuple[str, ...] = ()  # ids of the handbook


@dataclass(frozen=True, kw_only=True)
class TextBlock(Component):
    """Guidance to read."""

    zh: tuple[Block, ...]
    en: tuple[Block, ...]


@dataclass(frozen=True, kw_only=True)
class Separator(Component):
    """A line."""


@dataclass(frozen=True, kw_only=True)
class Spacer(Component):
    """Empty room."""


@dataclass(frozen=True, kw_only=True)
class Group(Component):
    """Components under a common heading."""

    label: Text
    components: tuple[Component, ...]
    collapsed: bool = False


@dataclass(frozen=True, kw_only=True)
class Table(Component):
    """A list in a variable, to read only."""

    label: Text
    source: str  # expression
    columns_of_table: tuple[tuple[str, Text], ...]
    labelled: Mapping[str, str]  # column → where its values' labels are kept
    amounts: frozenset[str]  # columns of yuan


@dataclass(frozen=True, kw_only=True)
class Field(Component):
    """A component that has a value; ``key`` is the variable."""

    key: str
    label: Text
    description: Text = NOTHING
    placeholder: Text = NOTHING
    required: bool = False
    required_if: str | None = None
    refused_if: str | None = None  # an expression that is true while the value cannot be accepted
    refusal: Text = NOTHING  # why
    read_only: bool = False
    restricted: bool = False  # only for those whose task needs it
    prefill: bool = True  # shows the variable's present value
    default: Any = None
    default_expression: str | None = None
    when_hidden: str | None = None  # the value to store while hidden; without it, none is stored


@dataclass(frozen=True, kw_only=True)
class TextField(Field):
    """One line, or several."""

    multiline: bool = False
    min_length: int = 0
    max_length: int = 200
    pattern: re.Pattern[str] | None = None
    check: Literal["", "phone", "email", "id_number"] = ""
    lines: int = 4
    signature: bool = False
    register: str = ""  # whose numbers are offered while somebody types


@dataclass(frozen=True, kw_only=True)
class NumberField(Field):
    """A number; as an amount, yuan with two decimals."""

    digits: int | None = None  # decimals; None: whole numbers become int, others Decimal
    minimum: Decimal | str | None = None
    maximum: Decimal | str | None = None  # text: an expression
    is_amount: bool = False
    prefix: Text = NOTHING
    suffix: Text = NOTHING


@dataclass(frozen=True, kw_only=True)
class CheckboxField(Field):
    """Ticked or not."""


@dataclass(frozen=True)
class Option:
    """One answer to choose."""

    value: str
    label: Text


@dataclass(frozen=True, kw_only=True)
class ChoiceField(Field):
    """One of several options, or any number of them."""

    widget: Literal["radio", "select", "checklist", "taglist"]
    options: tuple[Option, ...] = ()
    options_from: str | None = None  # expression: a list of texts or of {value, label, labelEn}
    boolean: bool = False  # the options true and false are stored as booleans

    @property
    def multiple(self) -> bool:
        return self.widget in ("checklist", "taglist")


@dataclass(frozen=True, kw_only=True)
class DateField(Field):
    """A day, a time of day, or an instant that is typed in the centre's time zone."""

    subtype: Literal["date", "time", "datetime"] = "date"
    minimum: str | None = None  # ISO, or an expression after "="
    maximum: str | None = None
    not_past: bool = False


@dataclass(frozen=True, kw_only=True)
class FileField(Field):
    """Photos and documents; as evidence, each with its source and date."""

    max_files: int = 1
    accept: tuple[str, ...] = ()
    evidence: bool = False


@dataclass(frozen=True, kw_only=True)
class RowsField(Field):
    """Rows of the same fields."""

    components: tuple[Component, ...]
    default_rows: int = 1
    min_rows: int = 0
    max_rows: int = 100
    fixed: bool = False  # rows can be neither added nor removed


@dataclass(frozen=True, kw_only=True)
class ExpressionField(Field):
    """A value that is computed when the form is sent."""

    expression: str


@dataclass(frozen=True)
class FormExpression:
    """An expression of a form, for those who check or search them."""

    component_id: str
    key: str | None  # the field's, where the component is one
    place: str  # the attribute that holds it
    text: str
    row_keys: frozenset[str]  # keys of the rows that it stands in


def fields_of(
    components: Sequence[Component], hides: tuple[str, ...] = ()
) -> Iterator[tuple[Field, tuple[str, ...]]]:
    """Every field of these components and their groups, with all that hides it. Rows stay closed."""
    for component in components:
        inner = (*hides, component.hide) if component.hide else hides
        if isinstance(component, Field):
            yield component, inner
        elif isinstance(component, Group):
            yield from fields_of(component.components, inner)


def everything(components: Sequence[Component]) -> Iterator[Component]:
    """Every component, those in groups and rows included."""
    for component in components:
        yield component
        if isinstance(component, Group | RowsField):
            yield from everything(component.components)


def expressions_of(
    components: Sequence[Component], row_keys: frozenset[str] = frozenset()
) -> Iterator[FormExpression]:
    """Every expression and ``{{ … }}`` in these components."""
    for component in components:
        key = component.key if isinstance(component, Field) else None
        for place, text in _expression_texts(component):
            yield FormExpression(component.id, key, place, text, row_keys)
        if isinstance(component, Group):
            yield from expressions_of(component.components, row_keys)
        elif isinstance(component, RowsField):
            inner = row_keys | {field.key for field, _ in fields_of(component.components)}
            yield from expressions_of(component.components, inner)


def _expression_texts(component: Component) -> Iterator[tuple[str, str]]:
    for place, name in _PLACES.items():
        text = getattr(component, name, None)
        if isinstance(text, str) and (name not in ("minimum", "maximum") or text.startswith("=")):
            yield place, text
    for place, templated in (
        ("label", getattr(component, "label", None)),
        ("description", getattr(component, "description", None)),
    ):
        if isinstance(templated, Text):
            for text in dict.fromkeys(TEMPLATE.findall(templated.zh) + TEMPLATE.findall(templated.en)):
                yield place, text.strip()
    if isinstance(component, TextBlock):
        for block in (*component.zh, *component.en):
            for span in (span for item in block.items for span in item if span.kind == "value"):
                yield "text", span.text


_PLACES = {
    "conditional.hide": "hide",
    "requiredIf": "required_if",
    "refusedIf": "refused_if",
    "default": "default_expression",
    "min": "minimum",
    "max": "maximum",
    "values": "options_from",
    "expression": "expression",
    "dataSource": "source",
}


@dataclass(frozen=True)
class FormDefinition:
    """A form as its file describes it."""

    key: str
    name: Text
    components: tuple[Component, ...]
    rules: tuple[str, ...] = ()

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The fields whose keys are variables; those inside rows are in their ``RowsField``."""
        return tuple(field for field, _ in fields_of(self.components))

    @cached_property
    def keys(self) -> frozenset[str]:
        """The variables that a submission may set."""
        return frozenset(field.key for field in self.fields if not field.read_only)

    @cached_property
    def restricted(self) -> frozenset[str]:
        """The variables that only those may see whose task needs them."""
        return frozenset(self.restricted_keys)

    @cached_property
    def restricted_keys(self) -> Mapping[str, frozenset[str]]:
        """The same, with the restricted keys of a list of rows; none where all of a value is meant."""
        found: dict[str, frozenset[str]] = {}
        for field in self.fields:
            inside = everything(field.components) if isinstance(field, RowsField) else ()
            keys = frozenset(one.key for one in inside if isinstance(one, Field) and one.restricted)
            if field.restricted or keys:
                found[field.key] = frozenset() if field.restricted else keys
        return found

    @cached_property
    def file_keys(self) -> frozenset[str]:
        """The fields that take files, rows aside."""
        return frozenset(field.key for field in self.fields if isinstance(field, FileField))

    @cached_property
    def expressions(self) -> tuple[FormExpression, ...]:
        """Every expression in the form."""
        return tuple(expressions_of(self.components))

    @cached_property
    def refreshing(self) -> frozenset[str]:
        """Keys that some expression may look at: when such a field changes, the form is drawn again."""
        words = {
            word for expression in self.expressions for word in re.findall(r"[^\W\d]\w*", expression.text)
        }
        return frozenset(
            component.key
            for component in everything(self.components)
            if isinstance(component, Field) and component.key in words
        )
