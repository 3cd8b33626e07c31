"""Forms as they are shown: labels, values as typed, messages, in one language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError

from engine.forms.components import (
    CheckboxField,
    ChoiceField,
    Component,
    DateField,
    ExpressionField,
    Field,
    FileField,
    FormDefinition,
    Group,
    NumberField,
    RowsField,
    Separator,
    Spacer,
    Table,
    TextBlock,
    TextField,
    everything,
)
from engine.forms.formatting import amount_text, in_both, number_text, value_text
from engine.forms.loading import Level, as_typed, options_of
from engine.forms.markdown import TEMPLATE, Block, Span
from engine.forms.values import file_entries, is_editable, moment, single, value_of
from engine.texts import Text, same

WORDS = {
    "mistakes": Text("请更正以下内容", "Please correct the following"),
    "required": Text("必填", "required"),
    "choose": Text("请选择", "Choose"),
    "add_row": Text("添加一行", "Add a row"),
    "remove_row": Text("删除这一行", "Remove this row"),
    "row": Text("第 {number} 行", "Row {number}"),
    "no_rows": Text("还没有内容。", "Nothing here yet."),
    "remove_file": Text("移除", "Remove"),
    "source": Text("来源", "Source"),
    "taken_on": Text("取得日期", "Date obtained"),
    "new_files": Text("新上传的文件", "Files uploaded now"),
    "restricted": Text("敏感信息", "Sensitive"),
    "signature": Text("签名（请输入姓名）", "Signature (type your name)"),
    "register": Text("输入几个字查找", "Type a few letters to find it"),
    "accepts": Text("可上传：", "Accepted: "),
    "images": Text("图片", "pictures"),
}


@dataclass(frozen=True)
class OptionView:
    """One option of a choice."""

    value: str
    label: str
    selected: bool
    id: str


@dataclass(frozen=True)
class FileView:
    """A file that was uploaded already. ``name`` is the prefix of its names in the page."""

    name: str
    file: str
    file_name: str
    size: int
    source: str
    taken_on: str


@dataclass(frozen=True)
class Node:
    """Anything shown. ``kind`` names the macro that draws it."""

    kind: str
    id: str
    columns: int | None


@dataclass(frozen=True)
class TextView(Node):
    """Guidance; its expressions are filled in."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class FieldView(Node):
    """One field with its value as typed and its messages."""

    key: str
    name: str  # in the page: the key, or defects.0.place in a row
    label: str
    description: str = ""
    placeholder: str = ""
    value: str = ""
    checked: bool = False
    options: tuple[OptionView, ...] = ()
    files: tuple[FileView, ...] = ()
    errors: tuple[str, ...] = ()
    required: bool = False
    restricted: bool = False
    refreshes: bool = False  # a condition looks at it: the page asks for the form again when it changes
    input_type: str = "text"
    input_mode: str = ""
    minimum: str = ""
    maximum: str = ""
    step: str = ""
    prefix: str = ""
    suffix: str = ""
    lines: int = 4
    accept: str = ""
    multiple: bool = False
    evidence: bool = False
    new_source: str = ""  # what was typed for files that are not uploaded yet
    new_taken_on: str = ""
    autocomplete: str = "off"
    register: str = ""  # whose numbers are offered while somebody types

    @property
    def described_by(self) -> str:
        """The ids that tell more about the input."""
        parts = [f"{self.id}-help"] if self.description else []
        return " ".join([*parts, f"{self.id}-error"] if self.errors else parts)


Line = tuple[Node, ...]  # cells that stand side by side


@dataclass(frozen=True)
class GroupView(Node):
    """Nodes under a heading."""

    label: str
    lines: tuple[Line, ...]
    collapsed: bool


@dataclass(frozen=True)
class RowView:
    """One row of a list. ``name`` (``defects.0``) is what removes it."""

    name: str
    title: str
    lines: tuple[Line, ...]
    kept: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class RowsView(Node):
    """Rows of the same fields."""

    name: str
    label: str
    description: str
    rows: tuple[RowView, ...]
    errors: tuple[str, ...]
    required: bool
    can_add: bool
    can_remove: bool


@dataclass(frozen=True)
class TableView(Node):
    """A list to read."""

    label: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]  # columns of numbers


@dataclass(frozen=True)
class Mistake:
    """One line of the summary on top; ``target`` is the id of the input, if it is shown."""

    target: str
    label: str
    message: str


@dataclass(frozen=True)
class FormView:
    """A whole form, ready for the macros of ``templates/forms/form.html``."""

    key: str
    name: str
    language: str
    lines: tuple[Line, ...]
    mistakes: tuple[Mistake, ...]
    kept: tuple[tuple[str, str], ...]  # typed into fields that are hidden now: names and values
    has_files: bool  # or will, once a condition shows a field that takes them
    file_names: str  # names of the file inputs that are shown, comma list
    words: Mapping[str, str]

    def nodes(self) -> Iterator[Node]:
        """Every node, inner ones included."""
        yield from _flat(self.lines)


def _flat(lines: Sequence[Line]) -> Iterator[Node]:
    for node in (node for line in lines for node in line):
        yield node
        if isinstance(node, GroupView):
            yield from _flat(node.lines)
        elif isinstance(node, RowsView):
            for row in node.rows:
                yield from _flat(row.lines)


def show(
    definition: FormDefinition,
    level: Level,
    typed: Mapping[str, Any],
    errors: Mapping[str, Sequence[Text]],
    language: str,
) -> FormView:
    """Return the form with these values and messages."""
    painter = _Painter(definition, errors, language)
    lines = painter.lines(level, level.layout.components, "")
    view = FormView(
        key=definition.key,
        name=definition.name.in_language(language),
        language="en" if language.lower().startswith("en") else "zh",
        lines=lines,
        mistakes=(),
        kept=painter.kept(level, typed, ""),
        has_files=any(
            isinstance(each, FileField) and is_editable(each) for each in everything(definition.components)
        ),
        file_names="",
        words={name: text.in_language(language) for name, text in WORDS.items()},
    )
    names = [node.name for node in view.nodes() if isinstance(node, FieldView) and node.kind == "files"]
    return FormView(
        **{
            **vars(view),
            "mistakes": painter.mistakes(view),
            "file_names": ",".join(names),
        }
    )


class _Painter:
    def __init__(
        self, definition: FormDefinition, errors: Mapping[str, Sequence[Text]], language: str
    ) -> None:
        self.refreshing = definition.refreshing
        self.errors = errors
        self.language = language

    def say(self, text: Text) -> str:
        return text.in_language(self.language)

    def lines(self, level: Level, components: Sequence[Component], prefix: str) -> tuple[Line, ...]:
        """Place the components that are shown; neighbours with the same row share a line."""
        lines: list[list[Node]] = []
        last_row = None
        variables = level.variables
        for component in components:
            if component.hide and level.world.value(component.hide, variables):
                continue
            node = self.node(level, component, prefix)
            if node is None:
                continue
            if lines and component.row is not None and component.row == last_row:
                lines[-1].append(node)
            else:
                lines.append([node])
            last_row = component.row
        return tuple(tuple(line) for line in lines)

    def node(self, level: Level, component: Component, prefix: str) -> Node | None:
        columns = component.columns
        identity = f"f-{prefix}{component.id}".replace(".", "-")
        match component:
            case TextBlock():
                blocks = component.en if self.language.lower().startswith("en") else component.zh
                return TextView(
                    "text", identity, columns, tuple(self.filled_block(level, block) for block in blocks)
                )
            case Separator():
                return Node("separator", identity, columns)
            case Spacer():
                return Node("spacer", identity, columns)
            case Group():
                inner = self.lines(level, component.components, prefix)
                failed = any(isinstance(node, FieldView) and node.errors for node in _flat(inner))
                return GroupView(
                    "group",
                    identity,
                    columns,
                    self.filled(level, component.label),
                    inner,
                    component.collapsed and not failed,
                )
            case Table():
                return self.table(level, component, identity)
            case ExpressionField():
                return None
            case RowsField() if not component.read_only:
                return self.rows(level, component, prefix)
            case Field():
                return self.field(level, component, prefix)
        return None

    # texts with expressions ----------------------------------------------------------------------------

    def value(self, level: Level, expression: str) -> str:
        return self.say(value_text(level.world.value(expression, level.variables), level.world.zone))

    def filled(self, level: Level, text: Text) -> str:
        return TEMPLATE.sub(lambda match: self.value(level, match[1].strip()), self.say(text))

    def filled_block(self, level: Level, block: Block) -> Block:
        items = tuple(tuple(self.filled_span(level, span) for span in item) for item in block.items)
        return Block(block.kind, items, block.level)

    def filled_span(self, level: Level, span: Span) -> Span:
        if span.kind == "value":
            return Span("plain", self.value(level, span.text))
        return replace(span, text=self.filled(level, same(span.text)))

    def table(self, level: Level, table: Table, identity: str) -> TableView:
        found = level.world.value(table.source, level.variables)
        rows = [row for row in found if isinstance(row, Mapping)] if isinstance(found, list | tuple) else []
        cells = tuple(
            tuple(
                self.say(self.cell(level, table, key, in_both(row, key))) for key, _ in table.columns_of_table
            )
            for row in rows
        )
        heads = tuple(self.say(head) for _, head in table.columns_of_table)
        numeric = tuple(_are_numbers([row.get(key) for row in rows]) for key, _ in table.columns_of_table)
        label = self.filled(level, table.label)
        return TableView("table", identity, table.columns, label, heads, cells, numeric)

    def cell(self, level: Level, table: Table, key: str, value: Any) -> Text:
        if key in table.amounts and _are_numbers([value]):
            return amount_text(value)
        source = table.labelled.get(key)
        label = level.world.labels(source).get(value) if source and isinstance(value, str) else None
        return label or (value if isinstance(value, Text) else value_text(value, level.world.zone))

    # fields --------------------------------------------------------------------------------------------

    def field(self, level: Level, spec: Field, prefix: str) -> FieldView:
        name = prefix + spec.key
        raw = level.raw.get(spec.key)
        common: dict[str, Any] = {
            "id": widget_id(name),
            "columns": spec.columns,
            "key": spec.key,
            "name": name,
            "label": self.filled(level, spec.label),
            "description": self.filled(level, spec.description),
            "placeholder": self.say(spec.placeholder),
            "errors": tuple(self.say(message) for message in self.errors.get(name, ())),
            "required": self.is_required(level, spec),
            "restricted": spec.restricted,
            "refreshes": spec.key in self.refreshing,
        }
        if spec.read_only:
            return self.read_only(level, spec, common)
        match spec:
            case TextField():
                return self.text_field(spec, raw, common)
            case NumberField():
                return self.number_field(spec, raw, common)
            case CheckboxField():
                return FieldView("checkbox", checked=_is_checked(spec, raw), **common)
            case ChoiceField():
                return self.choice_field(level, spec, raw, common)
            case DateField():
                return self.date_field(level, spec, raw, common)
            case FileField():
                return self.file_field(level, spec, raw, common)
        raise TypeError(type(spec).__name__)

    def is_required(self, level: Level, spec: Field) -> bool:
        if spec.read_only:
            return False
        return spec.required or (
            spec.required_if is not None and bool(level.world.value(spec.required_if, level.variables))
        )

    def text_field(self, spec: TextField, raw: Any, common: dict[str, Any]) -> FieldView:
        asked = "signature" if spec.signature else "register" if spec.register else ""
        if asked and not common["placeholder"]:
            common["placeholder"] = self.say(WORDS[asked])
        kinds = {"phone": ("tel", "tel"), "email": ("email", "email")}
        input_type, mode = kinds.get(spec.check, ("text", ""))
        return FieldView(
            "textarea" if spec.multiline else "input",
            value=_as_text(raw),
            input_type=input_type,
            input_mode=mode,
            lines=spec.lines,
            register=spec.register,
            **common,
        )

    def number_field(self, spec: NumberField, raw: Any, common: dict[str, Any]) -> FieldView:
        return FieldView(
            "input",
            value=_as_text(raw),
            prefix=self.say(spec.prefix),
            suffix=self.say(spec.suffix),
            input_mode="numeric" if spec.digits == 0 else "decimal",
            **common,
        )

    def choice_field(self, level: Level, spec: ChoiceField, raw: Any, common: dict[str, Any]) -> FieldView:
        values = raw if isinstance(raw, list | tuple) else [raw]
        chosen = {str(value).lower() if isinstance(value, bool) else str(value) for value in values}
        options = tuple(
            OptionView(
                option.value, self.say(option.label), option.value in chosen, f"{common['id']}-{index}"
            )
            for index, option in enumerate(options_of(spec, level.world, level.variables))
        )
        return FieldView(spec.widget, options=options, multiple=spec.multiple, **common)

    def date_field(self, level: Level, spec: DateField, raw: Any, common: dict[str, Any]) -> FieldView:
        kind = {"date": "date", "time": "time", "datetime": "datetime-local"}[spec.subtype]
        try:
            value = single(raw)
            found = None if value in (None, "") else moment(value, spec.subtype)
        except ValidationError:
            # A date input shows nothing that is no date; what was typed must stay to be corrected.
            return FieldView("input", value=_as_text(raw), **common)
        text = ""
        if isinstance(found, datetime):
            local = found.astimezone(level.world.zone) if found.tzinfo else found
            text = local.strftime("%Y-%m-%dT%H:%M" + (":%S" if local.second else ""))
        elif isinstance(found, time):
            text = found.strftime("%H:%M" + (":%S" if found.second else ""))
        elif found is not None:
            text = found.isoformat()
        step = "1" if text.count(":") == 2 else ""
        return FieldView("input", value=text, input_type=kind, step=step, **common)

    def file_field(self, level: Level, spec: FileField, raw: Any, common: dict[str, Any]) -> FieldView:
        new = raw.get("new", {}) if isinstance(raw, Mapping) else {}
        new = new if isinstance(new, Mapping) else {}
        files = self.files(level, raw, common["name"])
        common["required"] = common["required"] and not files
        return FieldView(
            "files",
            files=files,
            accept=",".join(spec.accept),
            multiple=spec.max_files > 1,
            evidence=spec.evidence,
            new_source="" if files else _as_text(new.get("source")),
            new_taken_on="" if files else _as_text(new.get("taken_on")),
            **common,
        )

    def files(self, level: Level, raw: Any, name: str) -> tuple[FileView, ...]:
        try:
            entries = file_entries(raw)
        except ValidationError:
            return ()
        views = []
        for index, entry in enumerate(entries):
            found = level.world.attachment(str(entry.get("file")))
            if found is not None:
                views.append(
                    FileView(
                        f"{name}.{index}",
                        str(found["id"]),
                        str(found["name"]),
                        int(found["size"]),
                        _as_text(entry.get("source")),
                        _as_text(entry.get("taken_on")),
                    )
                )
        return tuple(views)

    def read_only(self, level: Level, spec: Field, common: dict[str, Any]) -> FieldView:
        value = level.values.get(spec.key)
        if isinstance(spec, FileField):
            return FieldView("readonly", files=self.files(level, value, common["name"]), **common)
        labels: Mapping[str, Text] = {}
        if isinstance(spec, ChoiceField):
            labels = {option.value: option.label for option in options_of(spec, level.world, level.variables)}
        return FieldView(
            "readonly", value=self.say(shown_value(spec, value, labels, level.world.zone)), **common
        )

    def rows(self, level: Level, spec: RowsField, prefix: str) -> RowsView:
        name = prefix + spec.key
        rows = []
        for index, row in enumerate(level.rows.get(spec.key, [])):
            row_name = f"{name}.{index}"
            title = self.say(WORDS["row"].format(number=index + 1))
            rows.append(
                RowView(
                    row_name,
                    title,
                    self.lines(row, spec.components, row_name + "."),
                    self.kept(row, as_typed(row.layout, row.raw), row_name + "."),
                )
            )
        return RowsView(
            "rows",
            widget_id(name),
            spec.columns,
            name,
            self.filled(level, spec.label),
            self.filled(level, spec.description),
            tuple(rows),
            tuple(self.say(message) for message in self.errors.get(name, ())),
            self.is_required(level, spec) or spec.min_rows > 0,
            can_add=not spec.fixed and len(rows) < spec.max_rows,
            can_remove=not spec.fixed and len(rows) > spec.min_rows,
        )

    # what is hidden, what is wrong ---------------------------------------------------------------------

    def kept(self, level: Level, typed: Mapping[str, Any], prefix: str) -> tuple[tuple[str, str], ...]:
        """What was typed into fields that are hidden now, so that it is there when they are shown again."""
        pairs: list[tuple[str, str]] = []
        for spec in level.layout.editable:
            if spec.key in level.hidden and spec.key in typed:
                pairs += _pairs(prefix + spec.key, typed[spec.key])
        return tuple(pairs)

    def mistakes(self, view: FormView) -> tuple[Mistake, ...]:
        shown: list[Mistake] = []
        named = set()
        for node in view.nodes():
            if isinstance(node, FieldView | RowsView):
                named.add(node.name)
                shown += [Mistake(_target(node), node.label, message) for message in node.errors]
        others = [
            Mistake("", name, self.say(message))
            for name, messages in self.errors.items()
            if name not in named
            for message in messages
        ]
        return tuple(others + shown)


def _target(node: FieldView | RowsView) -> str:
    if isinstance(node, FieldView) and node.kind in ("radio", "checklist", "taglist") and node.options:
        return node.options[0].id
    return node.id


def widget_id(name: str) -> str:
    """The id of the input with this name."""
    return "f-" + name.replace(".", "-")


def shown_value(spec: Field, value: Any, labels: Mapping[str, Text], zone: Any) -> Text:
    """A field's value as people read it: options by their labels, amounts with their unit."""
    if isinstance(spec, ChoiceField):
        values = value if isinstance(value, list) else [] if value is None else [value]
        texts = [
            labels.get(str(item).lower() if isinstance(item, bool) else str(item)) or value_text(item, zone)
            for item in values
        ]
        if texts:
            return Text("、".join(text.zh for text in texts), ", ".join(text.en for text in texts))
        return value_text(None, zone)
    if isinstance(spec, NumberField) and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return number_text(spec, value)
    return value_text(value, zone)


def _are_numbers(values: Sequence[Any]) -> bool:
    given = [value for value in values if value is not None]
    return bool(given) and all(
        isinstance(value, int | Decimal) and not isinstance(value, bool) for value in given
    )


def _as_text(raw: Any) -> str:
    if isinstance(raw, list | tuple):
        raw = raw[0] if raw else ""
    if isinstance(raw, Decimal):
        return f"{raw:f}"
    if isinstance(raw, date | time):
        return raw.isoformat()
    return "" if raw is None else str(raw)


def _is_checked(spec: CheckboxField, raw: Any) -> bool:
    try:
        return bool(value_of(spec).deserialize(raw)) if raw is not None else False
    except ValidationError:
        return False


def _pairs(name: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [pair for part, inner in value.items() for pair in _pairs(f"{name}.{part}", inner)]
    if isinstance(value, list | tuple):
        if any(isinstance(item, Mapping) for item in value):
            return [pair for index, item in enumerate(value) for pair in _pairs(f"{name}.{index}", item)]
        return [(name, _as_text(item)) for item in value]
    if isinstance(value, bool):
        return [(name, "on" if value else "off")]
    return [] if value is None else [(name, _as_text(value))]
