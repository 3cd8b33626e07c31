"""Components of a form file, one reader per type."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from keyword import iskeyword
from typing import Any, Literal, Protocol, cast

from engine.forms import markdown
from engine.forms.components import (
    LARGEST_AMOUNT,
    LARGEST_NUMBER,
    NOTHING,
    CheckboxField,
    ChoiceField,
    Component,
    DateField,
    ExpressionField,
    FileField,
    Group,
    NumberField,
    Option,
    RowsField,
    Separator,
    Spacer,
    Table,
    TextBlock,
    TextField,
)
from engine.forms.patterns import PatternRefused, compile_pattern
from engine.forms.problems import Json, Problems, text_of
from engine.texts import Text


def names(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


class FileReader(Protocol):
    """The reader of the whole file, as its components see it."""

    problems: Problems
    reserved: frozenset[str]
    ids: set[str]
    count: int

    def components(self, items: list[Any], keys: dict[str, Json], depth: int) -> tuple[Component, ...]: ...


def properties_of(item: Json, problems: Problems) -> dict[str, str]:
    """The extension properties of a component or of the form: texts by name."""
    properties = item.get("properties") or {}
    if isinstance(properties, dict) and all(isinstance(value, str) for value in properties.values()):
        return properties
    problems.find("properties", item)
    return {}


def rules_of(properties: Mapping[str, str]) -> tuple[str, ...]:
    """The ids of the handbook that a component carries."""
    return tuple(rule.strip() for rule in properties.get("rules", "").split(",") if rule.strip())


class ComponentReader:
    """Reads the attributes of one component."""

    def __init__(self, item: Json, keys: dict[str, Json], depth: int, file: FileReader) -> None:
        self.item, self.keys, self.depth, self.file = item, keys, depth, file
        self.properties = properties_of(item, file.problems)
        validate = item.get("validate") or {}
        self.validate: Json = dict(validate) if isinstance(validate, dict) else {}
        if not isinstance(validate, dict):
            self.wrong("validate")

    def find(self, code: str, **values: Any) -> None:
        self.file.problems.find(code, self.item, **values)

    def wrong(self, name: str) -> None:
        self.find("wrong-value", name=name)

    # plain values --------------------------------------------------------------------------------------

    def flag(self, source: Mapping[str, Any], name: str, default: bool = False) -> bool:
        value = source.get(name, default)
        if value in ("true", "yes", True):
            return True
        if value not in ("false", "no", "", False, None):
            self.wrong(name)
        return False

    def whole(self, source: Mapping[str, Any], name: str, default: int, most: int = 1_000_000) -> int:
        value = source.get(name)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 9:
            value = int(value)
        if value is None or value == "":
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
            self.wrong(name)
            return default
        return value

    def one_of(self, name: str, value: str, allowed: tuple[str, ...]) -> str:
        if value in allowed:
            return value
        self.find("not-one-of", name=name, value=value, allowed=", ".join(filter(None, allowed)))
        return allowed[0]

    def text(
        self, attribute: str, english: str, source: Mapping[str, Any] | None = None, wanted: bool = True
    ) -> Text:
        """A Chinese text and its English property; warns where a wanted English one is missing."""
        value = (self.item if source is None else source).get(attribute)
        if value is None or value == "":
            return NOTHING
        if not isinstance(value, str):
            self.wrong(attribute)
            return NOTHING
        if english not in self.properties and wanted and not value.isascii():
            self.find("no-english", text=value[:30], english=english)
        return Text(value, self.properties.get(english) or value)

    def expression(self, source: Mapping[str, Any], name: str) -> str | None:
        value = source.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, str) and value.strip().removeprefix("=").strip():
            return value
        self.wrong(name)
        return None

    # what every component has --------------------------------------------------------------------------

    def common(self) -> dict[str, Any]:
        item_id = self.item.get("id")
        identity = item_id if isinstance(item_id, str) and item_id else f"component_{self.file.count}"
        if identity in self.file.ids:
            self.find("duplicate-id", identity=identity)
        self.file.ids.add(identity)
        layout = self.item.get("layout") or {}
        conditional = self.item.get("conditional") or {}
        if not isinstance(layout, dict) or not isinstance(conditional, dict):
            self.wrong("layout/conditional")
            layout, conditional = {}, {}
        columns = layout.get("columns")
        if columns is not None and (
            isinstance(columns, bool) or not isinstance(columns, int) or not 1 <= columns <= 16
        ):
            self.wrong("columns")
            columns = None
        row = layout.get("row")
        return {
            "id": identity,
            "hide": self.expression(conditional, "hide"),
            "columns": columns,
            "row": row if isinstance(row, str) else None,
            "rules": rules_of(self.properties),
        }

    def field(self, key_attribute: str = "key", label: Text | None = None) -> dict[str, Any]:
        key = self.key(key_attribute)
        for attribute in ("readonly", "disabled", "required"):
            source = self.validate if attribute == "required" else self.item
            if isinstance(source.get(attribute), str) and source[attribute].startswith("="):
                self.find("expression-here", attribute=attribute)
        if label is None:
            label = self.text("label", "labelEn")
        if not label.zh:
            self.find("no-label", key=key)
        return {
            **self.common(),
            "key": key,
            "label": label,
            "description": self.text("description", "descriptionEn"),
            "placeholder": self.text("placeholder", "placeholderEn", self.properties, wanted=False),
            "required": self.flag(self.validate, "required"),
            "required_if": self.expression(self.properties, "requiredIf"),
            "refused_if": self.expression(self.properties, "refusedIf"),
            "refusal": self.text(
                "refusal", "refusalEn", self.properties, wanted="refusedIf" in self.properties
            ),
            "read_only": self.flag(self.item, "readonly") or self.flag(self.item, "disabled"),
            "restricted": self.flag(self.properties, "restricted"),
            "prefill": self.flag(self.properties, "prefill", default=True),
            "default": self.item.get("defaultValue"),
            "default_expression": self.expression(self.properties, "default"),
            "when_hidden": self.properties.get("whenHidden"),
        }

    def key(self, attribute: str) -> str:
        key = self.item.get(attribute)
        if not isinstance(key, str) or not re.fullmatch(r"[A-Za-z]\w{0,62}", key, re.ASCII):
            self.find("key", attribute=attribute)
            return f"unnamed_{self.file.count}"
        if key in self.file.reserved or key.lower() in self.file.reserved or iskeyword(key):
            self.find("reserved-key", key=key)
        if key in self.keys:
            self.find("duplicate-key", key=key)
        self.keys[key] = self.item
        return key

    def limit(self, name: str, default: Decimal | None) -> Decimal | str | None:
        value = self.validate.get(name)
        if isinstance(value, str) and value.startswith("="):
            return value
        if value is None or value == "":
            return default
        try:
            number = None if isinstance(value, bool) else Decimal(str(value))
        except InvalidOperation:
            number = None
        if number is None or not number.is_finite() or abs(number) > LARGEST_NUMBER:
            self.wrong(name)
            return default
        return number


# one reader per type -------------------------------------------------------------------------------------


def _text_block(c: ComponentReader) -> Component:
    text = c.text("text", "textEn")
    if "<" in text.zh + text.en and re.search(r"<\s*/?\s*[a-zA-Z!]", text.zh + text.en):
        c.find("html")
    return TextBlock(**c.common(), zh=markdown.blocks(text.zh), en=markdown.blocks(text.en))


def _separator(c: ComponentReader) -> Component:
    return Separator(**c.common())


def _spacer(c: ComponentReader) -> Component:
    return Spacer(**c.common())


def _inner(c: ComponentReader, keys: dict[str, Json]) -> tuple[Component, ...]:
    components = c.item.get("components")
    if not isinstance(components, list):
        c.wrong("components")
        return ()
    return c.file.components(components, keys, c.depth + 1)


def _group(c: ComponentReader) -> Component:
    if c.item.get("path"):
        c.find("group-path")
    return Group(
        **c.common(),
        label=c.text("label", "labelEn"),
        components=_inner(c, c.keys),
        collapsed=c.flag(c.properties, "collapsed"),
    )


def _rows(c: ComponentReader) -> Component:
    base = c.field("path")
    most = c.whole(c.properties, "maxRows", 100, 500)
    return RowsField(
        **base,
        components=_inner(c, {}),
        default_rows=c.whole(c.item, "defaultRepetitions", 1, 50),
        min_rows=c.whole(c.properties, "minRows", 0, most),
        max_rows=most,
        fixed=not c.flag(c.item, "allowAddRemove", default=True),
    )


def _table(c: ComponentReader) -> Component:
    columns = c.item.get("columns")
    read: list[tuple[str, Text]] = []
    if not isinstance(columns, list) or not columns:
        c.find("table-columns")
        columns = []
    for column in columns:
        if not isinstance(column, dict) or not text_of(column, "key"):
            c.wrong("columns")
            continue
        key = text_of(column, "key")
        read.append(
            (key, c.text("label", f"column.{key}", column) if column.get("label") else Text(key, key))
        )
    source = c.expression(c.item, "dataSource")
    if source is None:
        c.find("table-source")
    labelled = {key: found for key, _ in read if (found := c.properties.get(f"labels.{key}"))}
    return Table(
        **c.common(),
        label=c.text("label", "labelEn"),
        source=source or "null",
        columns_of_table=tuple(read),
        labelled=labelled,
        amounts=frozenset(key for key, _ in read if c.properties.get(f"kind.{key}") == "amount"),
    )


def _text_field(c: ComponentReader) -> Component:
    multiline = c.item["type"] == "textarea"
    longest = c.whole(c.validate, "maxLength", 4000 if multiline else 200, 20_000)
    kind = text_of(c.validate, "validationType")
    check = c.properties.get("check") or (kind if kind in ("email", "phone") else "")
    if kind not in ("", "custom", "email", "phone"):
        c.wrong("validationType")
    pattern = None
    source = c.validate.get("pattern")
    if isinstance(source, str) and source:
        try:
            pattern = compile_pattern(source, longest)
        except PatternRefused as error:
            c.find("pattern", reason=error)
    elif source not in (None, ""):
        c.wrong("pattern")
    checked = c.one_of("check", check, ("", "phone", "email", "id_number"))
    return TextField(
        **c.field(),
        multiline=multiline,
        min_length=c.whole(c.validate, "minLength", 0, longest),
        max_length=longest,
        pattern=pattern,
        check=cast(Literal["", "phone", "email", "id_number"], checked),
        lines=c.whole(c.properties, "rows", 4, 40),
        signature=c.one_of("kind", c.properties.get("kind", ""), ("", "signature")) == "signature",
        register=c.properties.get("register", "").strip(),
    )


def _number(c: ComponentReader) -> Component:
    is_amount = c.one_of("kind", c.properties.get("kind", ""), ("", "amount")) == "amount"
    digits: int | None = None
    if is_amount:
        digits = 2
    elif c.item.get("decimalDigits") not in (None, ""):
        digits = c.whole(c.item, "decimalDigits", 0, 6)
    appearance = c.item.get("appearance")
    appearance = appearance if isinstance(appearance, dict) else {}
    prefix = c.text("prefixAdorner", "prefixEn", appearance)
    suffix = c.text("suffixAdorner", "suffixEn", appearance)
    return NumberField(
        **c.field(),
        digits=digits,
        is_amount=is_amount,
        minimum=c.limit("min", Decimal(0) if is_amount else None),
        maximum=c.limit("max", LARGEST_AMOUNT if is_amount else None),
        prefix=prefix,
        suffix=Text("元", "yuan") if is_amount and not (prefix.zh or suffix.zh) else suffix,
    )


def _checkbox(c: ComponentReader) -> Component:
    return CheckboxField(**c.field())


def _choice(c: ComponentReader) -> Component:
    values = c.item.get("values")
    source = c.expression(c.item, "valuesExpression") or c.expression(c.item, "valuesKey")
    boolean = c.one_of("kind", c.properties.get("kind", ""), ("", "boolean")) == "boolean"
    options: list[Option] = []
    for value in values if isinstance(values, list) else []:
        code = value.get("value") if isinstance(value, dict) else None
        if not isinstance(code, str) or not code.strip() or len(code) > 200:
            c.find("option")
            continue
        label = c.text("label", f"option.{code}", value)
        options.append(Option(code, label if label.zh else Text(code, code)))
    codes = [option.value for option in options]
    if len(set(codes)) < len(codes):
        c.find("duplicate-option")
    if not codes and source is None:
        c.find("no-options")
    widget = c.item["type"]
    if boolean and (set(codes) != {"true", "false"} or widget not in ("radio", "select")):
        c.find("boolean-options")
    return ChoiceField(
        **c.field(), widget=widget, options=tuple(options), options_from=source, boolean=boolean
    )


def _date(c: ComponentReader) -> Component:
    subtype = c.one_of("subtype", c.item.get("subtype") or "date", ("date", "time", "datetime"))
    attribute = next((name for name in ("label", "dateLabel", "timeLabel") if c.item.get(name)), "label")
    return DateField(
        **c.field(label=c.text(attribute, "labelEn")),
        subtype=cast(Literal["date", "time", "datetime"], subtype),
        minimum=c.properties.get("min") or None,
        maximum=c.properties.get("max") or None,
        not_past=c.flag(c.item, "disallowPassedDates"),
    )


def _files(c: ComponentReader) -> Component:
    accept = c.item.get("accept") or ""
    if not isinstance(accept, str) or not all(
        re.fullmatch(r"\.[\w.]+|\w+/(\*|[\w.+-]+)", part.strip(), re.ASCII)
        for part in accept.split(",")
        if part.strip()
    ):
        c.wrong("accept")
        accept = ""
    return FileField(
        **c.field(),
        max_files=c.whole(c.properties, "maxFiles", 20, 100) if c.flag(c.item, "multiple") else 1,
        accept=tuple(part.strip().lower() for part in accept.split(",") if part.strip()),
        evidence=c.flag(c.properties, "evidence"),
    )


def _expression(c: ComponentReader) -> Component:
    label = c.text("label", "labelEn")
    key = text_of(c.item, "key")
    expression = c.expression(c.item, "expression")
    if expression is None:
        c.find("no-expression")
    return ExpressionField(
        **c.field(label=label if label.zh else Text(key, key)), expression=expression or "null"
    )


READERS: dict[str, Callable[[ComponentReader], Component]] = {
    "textfield": _text_field,
    "textarea": _text_field,
    "number": _number,
    "checkbox": _checkbox,
    "radio": _choice,
    "select": _choice,
    "checklist": _choice,
    "taglist": _choice,
    "datetime": _date,
    "filepicker": _files,
    "dynamiclist": _rows,
    "expression": _expression,
    "text": _text_block,
    "separator": _separator,
    "spacer": _spacer,
    "group": _group,
    "table": _table,
}

COMMON_ATTRIBUTES = names(
    "type id key label description properties layout conditional validate readonly disabled "
    "defaultValue appearance"
)
_CHOICE = names("values valuesKey valuesExpression searchable")
ATTRIBUTES = {
    "number": names("decimalDigits increment serializeToString"),
    "radio": _CHOICE,
    "select": _CHOICE,
    "checklist": _CHOICE,
    "taglist": _CHOICE,
    "datetime": names(
        "subtype dateLabel timeLabel use24h timeInterval timeSerializingFormat disallowPassedDates"
    ),
    "filepicker": names("multiple accept"),
    "dynamiclist": names(
        "path components isRepeating defaultRepetitions allowAddRemove showOutline "
        "disableCollapse nonCollapsedItems"
    ),
    "group": names("path components showOutline verticalAlignment"),
    "expression": names("expression computeOn"),
    "text": names("text"),
    "spacer": names("height"),
    "table": names("columns dataSource rowCount"),
}
