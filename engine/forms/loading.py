"""Submissions of a form: what was sent, turned into variables or into messages beside the fields."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import ValidationError

from engine import clock
from engine.errors import BanjieError
from engine.forms.components import (
    CheckboxField,
    ChoiceField,
    Component,
    DateField,
    ExpressionField,
    Field,
    FileField,
    NumberField,
    Option,
    RowsField,
    TextField,
    fields_of,
)
from engine.forms.formatting import as_entered, day_text, number_text, value_text
from engine.forms.values import (
    NOT_ACCEPTED,
    NOT_OFFERED,
    clean,
    file_entries,
    is_editable,
    moment,
    problems_of,
    raw_rows,
    schema_of,
    single,
    value_of,
)
from engine.texts import Text, same

REQUIRED = Text("请填写。", "This is required.")
CHOOSE = Text("请选择。", "Please choose.")
TICK = Text("请勾选确认。", "Please tick this to confirm.")
ADD_FILE = Text("请上传文件。", "Please add a file.")
ADD_ROWS = Text("至少填写 {least} 行。", "Fill in at least {least} rows.")
AT_LEAST = Text("不能小于 {limit}。", "It must not be less than {limit}.")
AT_MOST = Text("不能大于 {limit}。", "It must not be more than {limit}.")
NOT_BEFORE = Text("不能早于 {limit}。", "It must not be before {limit}.")
NOT_AFTER = Text("不能晚于 {limit}。", "It must not be after {limit}.")
NO_SUCH_FILE = Text("找不到上传的文件，请重新上传。", "The file cannot be found; please upload it again.")
TOO_MANY_FILES = Text("最多 {most} 个文件。", "At most {most} files.")
FILE_KIND = Text(
    "“{name}”不是允许的文件类型（{accept}）。", "“{name}” is not one of the allowed kinds ({accept})."
)
FILE_TWICE = Text("同一个文件选了两次。", "The same file is named twice.")
NO_SOURCE = Text("请写明“{name}”的来源。", "Say where “{name}” comes from.")
NO_TAKEN_ON = Text("请填写“{name}”的取得日期。", "Give the date of “{name}”.")
NOT_COMPUTED = Text(
    "无法计算，请检查填写的内容。", "It cannot be computed from these entries; please check them."
)

Evaluate = Callable[[str, Mapping[str, Any]], Any]
Attachment = Callable[[str], Mapping[str, Any] | None]


#: "key.kind" → the labels of that field's values
LabelsOf = Callable[[str], Mapping[str, Text]]


def no_labels(source: str) -> Mapping[str, Text]:
    """Know no labels."""
    return {}


def no_attachment(identity: str) -> None:
    """The look-up of files where there are none."""


@dataclass(frozen=True)
class Surroundings:
    """What a form may ask of the world: the zone of typed times, expressions, uploaded files."""

    zone: ZoneInfo
    evaluate: Evaluate
    attachment: Attachment = no_attachment
    labels: LabelsOf = no_labels

    def value(self, expression: str, variables: Mapping[str, Any]) -> Any:
        """Evaluate an expression; one that fails gives None."""
        try:
            return self.evaluate(expression, variables)
        except BanjieError:
            return None


class Layout:
    """What is known of a form, or of the rows of a list in it, before anything is sent: made once."""

    def __init__(self, components: Sequence[Component]) -> None:
        self.components = components
        hidden_by = [(spec, hides) for spec, hides in fields_of(components)]
        self.fields = [spec for spec, _ in hidden_by]
        self.editable = [spec for spec in self.fields if is_editable(spec)]
        self.read_only = [spec for spec in self.fields if spec.read_only]
        self.computed = [spec for spec in self.fields if isinstance(spec, ExpressionField)]
        self.hidden_by = [(spec.key, frozenset(hides)) for spec, hides in hidden_by if hides]
        self.hides = list(dict.fromkeys(hide for _, hides in hidden_by for hide in hides))
        #: Fields whose parts have names of their own in a page: ``items.0.price``.
        self.with_parts = {spec.key: spec for spec in self.fields if isinstance(spec, RowsField | FileField)}
        self.rows = {spec.key: Layout(spec.components) for spec in self.fields if isinstance(spec, RowsField)}
        self.schema = schema_of(components)


_EMPTY: tuple[Any, ...] = (None, False, "", [])


@dataclass
class Level:
    """A form, or one row of a list in it, with what was sent for it."""

    layout: Layout
    outer: Mapping[str, Any]  # variables of the case, and of the form around a row
    world: Surroundings
    raw: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, tuple[Text, ...]] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()  # keys
    rows: dict[str, list[Level]] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, Any]:
        """What expressions of this level see: a field that is empty, wrong or hidden is None."""
        return {**self.outer, **self.values, **dict.fromkeys(self.hidden)}

    def is_blank(self) -> bool:
        """Whether a row holds nothing but what it began with, and so does not count."""
        empty = {spec.key for spec in self.layout.editable if self.values.get(spec.key) in _EMPTY}
        filled = [spec for spec in self.layout.editable if spec.key not in empty]
        if self.errors or not filled:
            return not self.errors
        if not any(spec.required and spec.key in empty for spec in self.layout.editable):
            return False  # what it began with is all that it needs
        if any(spec.default is None and spec.default_expression is None for spec in filled):
            return False
        begun = read_level(self.layout, {}, self.outer, self.world).values
        return all(self.values.get(spec.key) == begun.get(spec.key) for spec in filled)


def read_level(
    layout: Layout,
    sent: Mapping[str, Any],
    outer: Mapping[str, Any],
    world: Surroundings,
    present: Mapping[str, Any] | None = None,
) -> Level:
    """
    Read what was sent into values, errors of form, and the fields that are hidden. Nothing is required yet.

    ``present`` holds the values that the fields have before anybody types.
    """
    level = Level(layout, outer, world)
    level.raw = nested(layout, sent)
    for spec in layout.editable:
        if spec.key not in level.raw:
            level.raw[spec.key] = initial(spec, present or {}, outer, world)
    try:
        level.values = dict(layout.schema.load(level.raw))
    except ValidationError as error:
        level.values = dict(error.valid_data) if isinstance(error.valid_data, dict) else {}
        level.errors = problems_of(error)
        level.values = {key: value for key, value in level.values.items() if key not in level.errors}
    for spec in layout.read_only:
        level.values[spec.key] = (present or {}).get(spec.key)
    for spec in layout.editable:
        _complete(level, spec)
    _hide(level)
    for row in (row for rows in level.rows.values() for row in rows):
        row.outer = level.variables  # rows may look at the whole form
        _hide(row)
    return level


def nested(layout: Layout, sent: Mapping[str, Any]) -> dict[str, Any]:
    """
    Gather the names of a page (``items.0.price``) under their fields.

    What a program sends is nested already and stays as it is.
    """
    result: dict[str, Any] = {}
    gathered: dict[str, dict[str, Any]] = {}
    for name, value in sent.items():
        parts = name.split(".", 2) if isinstance(name, str) else []
        if (
            len(parts) == 3
            and parts[0] in layout.with_parts
            and (parts[1].isdigit() or parts[1] == "new")
            and len(parts[1]) < 5
        ):
            gathered.setdefault(parts[0], {}).setdefault(parts[1], {})[parts[2]] = value
        else:
            result[str(name)[:100]] = value
    for key, entries in gathered.items():
        plain = result.get(key)
        if isinstance(layout.with_parts[key], FileField) and plain not in (None, "", [], [""]):
            entries[""] = plain
        result[key] = entries
    return result


def initial(spec: Field, present: Mapping[str, Any], outer: Mapping[str, Any], world: Surroundings) -> Any:
    """What the field holds before anybody types: the variable's value, else its default."""
    if spec.prefill and present.get(spec.key) is not None:
        value = present[spec.key]
        if isinstance(spec, TextField) and isinstance(value, int | Decimal | date | time):
            return as_entered(value, world.zone)
        return value
    if spec.default_expression is not None:
        return world.value(spec.default_expression, outer)
    if spec.default is None and isinstance(spec, RowsField):
        is_required = spec.required_if is not None and bool(world.value(spec.required_if, outer))
        return [{} for _ in range(max(spec.default_rows, spec.min_rows, int(is_required)))]
    return spec.default


def empty_value(spec: Field) -> Any:
    """What an empty field gives to the process."""
    match spec:
        case CheckboxField():
            return False
        case FileField() | RowsField():
            return []
        case ChoiceField() if spec.multiple:
            return []
    return None


def _complete(level: Level, spec: Field) -> None:
    """Finish what the schema cannot know: the zone, the files, the rows."""
    value = level.values.get(spec.key)
    if isinstance(spec, RowsField):
        level.rows[spec.key] = _rows(level, spec)
    if value is None:
        level.values[spec.key] = empty_value(spec)
    elif isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=level.world.zone)
        level.values[spec.key] = aware.astimezone(level.world.zone)
    elif isinstance(spec, FileField):
        level.values[spec.key], problems = _files(spec, value, level.world)
        if problems:
            level.errors[spec.key] = problems
    elif isinstance(spec, RowsField):
        level.values[spec.key] = [row.values for row in level.rows[spec.key] if not row.is_blank()]


def _rows(level: Level, spec: RowsField) -> list[Level]:
    try:
        rows = raw_rows(level.raw.get(spec.key))
    except ValidationError:
        return []
    layout = level.layout.rows[spec.key]
    return [read_level(layout, row, level.outer, level.world) for row in rows[:1000]]


def _files(
    spec: FileField, entries: Sequence[Mapping[str, Any]], world: Surroundings
) -> tuple[list[dict[str, Any]], tuple[Text, ...]]:
    files: list[dict[str, Any]] = []
    problems: list[Text] = []
    for entry in entries:
        found = world.attachment(entry["file"])
        if found is None:
            problems.append(NO_SUCH_FILE)
            continue
        file = {"file": str(found["id"]), "name": found["name"], "size": found["size"], "type": found["type"]}
        if file["file"] in (other["file"] for other in files):
            problems.append(FILE_TWICE)
        if spec.accept and not accepted(spec.accept, str(file["name"]), str(file["type"])):
            problems.append(FILE_KIND.format(name=file["name"], accept=", ".join(spec.accept)))
        if spec.evidence:
            problems += _source(entry, file, world)
        files.append(file)
    if len(files) > spec.max_files:
        problems.append(TOO_MANY_FILES.format(most=spec.max_files))
    return files, tuple(dict.fromkeys(problems))


def _source(entry: Mapping[str, Any], file: dict[str, Any], world: Surroundings) -> list[Text]:
    """Add the source and date of a piece of evidence to its file; both are asked for."""
    problems: list[Text] = []
    source, taken_on = entry.get("source"), entry.get("taken_on")
    file["source"], file["taken_on"] = None, None
    try:
        file["source"] = clean(source, 200) if isinstance(source, str) else None
        if not file["source"]:
            problems.append(NO_SOURCE.format(name=file["name"]))
        file["taken_on"] = None if taken_on in (None, "") else moment(taken_on, "date")
        if file["taken_on"] is None:
            problems.append(NO_TAKEN_ON.format(name=file["name"]))
        elif file["taken_on"] > clock.now().astimezone(world.zone).date():
            problems.append(NOT_AFTER.format(limit=day_text(clock.now().astimezone(world.zone).date())))
    except ValidationError as error:
        problems += [message for message in error.messages if isinstance(message, Text)]
    return problems


def accepted(accept: Sequence[str], name: str, kind: str) -> bool:
    """Whether the file's ending or its kind (by content) is among those allowed."""
    return any(
        name.lower().endswith(rule) if rule.startswith(".") else fnmatch.fnmatchcase(kind, rule)
        for rule in accept
    )


def _hide(level: Level) -> None:
    """Find the hidden fields: one that is hidden is None for the conditions of others."""
    layout = level.layout
    before: dict[str, Any] | None = None
    for _ in range(len(layout.fields) + 1):
        _compute(level)
        variables = level.variables
        if variables == before:
            return  # what is hidden was empty: it would come out the same again
        before = variables
        true = {hide for hide in layout.hides if level.world.value(hide, variables)}
        hidden = frozenset(key for key, hides in layout.hidden_by if not true.isdisjoint(hides))
        if hidden == level.hidden:
            return
        level.hidden = hidden


def _compute(level: Level) -> None:
    for spec in level.layout.computed:
        level.values.pop(spec.key, None)  # its own name is what the case has: it may stay as it is
        level.values[spec.key] = level.world.value(spec.expression, level.variables)


# what a finished form must hold ------------------------------------------------------------------------


def finished(level: Level) -> tuple[dict[str, Any], dict[str, tuple[Text, ...]]]:
    """Return the variables that the level sets, and every error of the fields that are shown."""
    values: dict[str, Any] = {}
    errors = {key: problems for key, problems in level.errors.items() if key not in level.hidden}
    variables = level.variables
    for spec in level.layout.fields:
        if spec.read_only:
            continue
        if spec.key in level.hidden:
            if spec.when_hidden is not None:
                values[spec.key] = hidden_value(spec)
            continue
        if spec.key in errors:
            continue
        if isinstance(spec, ExpressionField):
            values[spec.key] = level.values.get(spec.key)
            continue
        problems = list(_problems(level, spec, variables))
        if problems:
            errors[spec.key] = tuple(problems)
        values[spec.key] = level.values.get(spec.key)
        if isinstance(spec, ChoiceField) and spec.multiple:
            order = [option.value for option in options_of(spec, level.world, variables)]
            values[spec.key] = [value for value in order if value in values[spec.key]]
        if isinstance(spec, RowsField):
            values[spec.key], inner = _finished_rows(level, spec)
            errors.update(inner)
    return values, errors or _not_computed(level, variables)


def _finished_rows(level: Level, spec: RowsField) -> tuple[list[dict[str, Any]], dict[str, tuple[Text, ...]]]:
    rows: list[dict[str, Any]] = []
    errors: dict[str, tuple[Text, ...]] = {}
    for index, row in enumerate(level.rows.get(spec.key, [])):
        if row.is_blank() and not row.errors:
            continue
        values, problems = finished(row)
        rows.append(values)
        errors.update({f"{spec.key}.{index}.{key}": texts for key, texts in problems.items()})
    return rows, errors


def hidden_value(spec: Field) -> Any:
    """The value that the form's file gives to a field while it is hidden."""
    text = spec.when_hidden
    if text is None or text in ("", "null"):
        return empty_value(spec)
    return value_of(spec).deserialize(text)


def _problems(level: Level, spec: Field, variables: Mapping[str, Any]) -> list[Text]:
    value = level.values.get(spec.key)
    if value is None or value is False or value == []:
        asked = spec.required or (
            spec.required_if is not None and bool(level.world.value(spec.required_if, variables))
        )
        if isinstance(spec, RowsField) and spec.min_rows:
            return [ADD_ROWS.format(least=spec.min_rows)]
        is_missing = asked and (value is not False or isinstance(spec, CheckboxField))
        return [_missing(spec)] if is_missing else []
    problems = _value_problems(level, spec, value, variables)
    if not problems and spec.refused_if is not None and level.world.value(spec.refused_if, variables):
        return [spec.refusal if spec.refusal.zh else NOT_ACCEPTED]
    return problems


def _value_problems(level: Level, spec: Field, value: Any, variables: Mapping[str, Any]) -> list[Text]:
    match spec:
        case NumberField():
            return _number_problems(level, spec, value, variables)
        case DateField():
            return _date_problems(level, spec, value, variables)
        case ChoiceField() if spec.options_from is not None:
            offered = {option.value for option in options_of(spec, level.world, variables)}
            chosen = value if isinstance(value, list) else [value]
            return [] if offered.issuperset(chosen) else [NOT_OFFERED]
        case RowsField() if len(value) < spec.min_rows:
            return [ADD_ROWS.format(least=spec.min_rows)]
    return []


def _missing(spec: Field) -> Text:
    match spec:
        case CheckboxField():
            return TICK
        case ChoiceField():
            return CHOOSE
        case FileField():
            return ADD_FILE
        case RowsField():
            return ADD_ROWS.format(least=1)
    return REQUIRED


def _not_computed(level: Level, variables: Mapping[str, Any]) -> dict[str, tuple[Text, ...]]:
    """A computation may fail for want of an optional entry; otherwise somebody must know that it did."""
    errors: dict[str, tuple[Text, ...]] = {}
    for spec in level.layout.computed:
        if spec.key in level.hidden or level.values.get(spec.key) is not None:
            continue
        names = set(re.findall(r"[^\W\d]\w*", spec.expression))
        if any(variables.get(other.key) is None for other in level.layout.fields if other.key in names):
            continue
        try:
            level.world.evaluate(spec.expression, variables)
        except BanjieError:
            errors[spec.key] = (NOT_COMPUTED,)
    return errors


def _number_problems(
    level: Level, spec: NumberField, value: int | Decimal, variables: Mapping[str, Any]
) -> list[Text]:
    problems = []
    least, most = (_number_limit(level, limit, variables) for limit in (spec.minimum, spec.maximum))
    if least is not None and value < least:
        problems.append(AT_LEAST.format(limit=number_text(spec, least)))
    if most is not None and value > most:
        problems.append(AT_MOST.format(limit=number_text(spec, most)))
    return problems


def _number_limit(level: Level, limit: Decimal | str | None, variables: Mapping[str, Any]) -> Decimal | None:
    if not isinstance(limit, str):
        return limit
    value = level.world.value(limit, variables)
    return Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None


def _date_problems(
    level: Level, spec: DateField, value: date | time, variables: Mapping[str, Any]
) -> list[Text]:
    zone, problems = level.world.zone, []
    least, most = (_date_limit(level, spec, limit, variables) for limit in (spec.minimum, spec.maximum))
    if least is not None and _before(value, least):
        problems.append(NOT_BEFORE.format(limit=value_text(least, zone)))
    if most is not None and _before(most, value):
        problems.append(NOT_AFTER.format(limit=value_text(most, zone)))
    today = clock.now().astimezone(zone).date()
    day = value.date() if isinstance(value, datetime) else value
    if spec.not_past and isinstance(day, date) and day < today:
        problems.append(NOT_BEFORE.format(limit=day_text(today)))
    return problems


def _before(first: Any, second: Any) -> bool:
    return bool(first < second)


def _date_limit(
    level: Level, spec: DateField, limit: str | None, variables: Mapping[str, Any]
) -> date | time | None:
    if limit is None:
        return None
    value = level.world.value(limit, variables) if limit.startswith("=") else limit
    if value is None:
        return None
    zone = level.world.zone
    if spec.subtype == "date" and isinstance(value, datetime):
        return value.astimezone(zone).date()
    if spec.subtype == "datetime" and isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time.min, zone)
    try:
        read = moment(value, spec.subtype)
    except ValidationError:
        return None
    return read.replace(tzinfo=zone) if isinstance(read, datetime) and read.tzinfo is None else read


def options_of(spec: ChoiceField, world: Surroundings, variables: Mapping[str, Any]) -> tuple[Option, ...]:
    """The options that are offered now."""
    if spec.options_from is None:
        return spec.options
    found = world.value(spec.options_from, variables)
    options: list[Option] = []
    for item in found if isinstance(found, list | tuple) else []:
        if isinstance(item, Mapping):
            value = item.get("value", item.get("number"))
            label = item.get("label", value) if "value" in item else _record_label(item)
            options.append(Option(str(value), Text(str(label), str(item.get("labelEn") or label))))
        elif item is not None:
            options.append(Option(str(item), same(str(item))))
    return tuple({option.value: option for option in (*options, *spec.options)}.values())


def _record_label(record: Mapping[str, Any]) -> str:
    """Return how a record of a register is offered: its title and number."""
    number, title = (str(record.get(key) or "") for key in ("number", "title"))
    return number if title in ("", number) else f"{title} ({number})"


# as typed ------------------------------------------------------------------------------------------------

LONGEST_TYPED = 25_000


def as_typed(layout: Layout, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was sent for these fields in plain JSON, mistakes included; other names are dropped."""
    raw = nested(layout, sent)
    result: dict[str, Any] = {}
    for spec in layout.editable:
        if spec.key not in raw:
            continue
        value = raw[spec.key]
        try:
            if isinstance(spec, RowsField):
                rows = raw_rows(value)[:500]
                result[spec.key] = [as_typed(layout.rows[spec.key], row) for row in rows]
            elif isinstance(spec, FileField):
                result[spec.key] = [
                    {name: _plain(part) for name, part in entry.items()} for entry in file_entries(value)
                ]
            elif isinstance(spec, ChoiceField) and spec.multiple:
                values = [value] if isinstance(value, str) else value
                result[spec.key] = [_plain(item) for item in values or [] if item != ""]
            elif isinstance(spec, CheckboxField):
                result[spec.key] = bool(value_of(spec).deserialize(value))
            else:
                result[spec.key] = _plain(single(value))
        except (ValidationError, TypeError):
            continue
    return result


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bool | int) or value is None:
        return value
    return str(value).replace("\x00", "")[:LONGEST_TYPED]


def change_rows(typed: dict[str, Any], form_components: Sequence[Component], name: str, add: bool) -> None:
    """Add an empty row to the list called ``name`` (``items``), or remove the row ``items.2``; in place."""
    parts = name.split(".")
    path, index = (parts, None) if add else (parts[:-1], parts[-1])
    rows = _rows_at(typed, form_components, path)
    if rows is None:
        return
    if add:
        rows.append({})
    elif index is not None and index.isascii() and index.isdigit() and int(index) < len(rows):
        del rows[int(index)]


def _rows_at(typed: dict[str, Any], components: Sequence[Component], path: Sequence[str]) -> list[Any] | None:
    spec = next(
        (
            spec
            for spec, _ in fields_of(components)
            if isinstance(spec, RowsField) and path and spec.key == path[0]
        ),
        None,
    )
    if spec is None or spec.fixed:
        return None
    rows = typed.setdefault(spec.key, [])
    if len(path) == 1:
        return rows if len(rows) <= spec.max_rows else None
    if len(path) < 3 or not path[1].isdigit() or int(path[1]) >= len(rows):
        return None
    return _rows_at(rows[int(path[1])], spec.components, path[2:])
