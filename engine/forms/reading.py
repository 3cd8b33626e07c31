"""Form files (form-js JSON), read and checked."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError

from engine.errors import Finding, InvalidDefinition
from engine.forms.component_reading import (
    ATTRIBUTES,
    COMMON_ATTRIBUTES,
    READERS,
    ComponentReader,
    names,
    properties_of,
    rules_of,
)
from engine.forms.components import Component, ExpressionField, Field, FormDefinition, RowsField
from engine.forms.problems import Json, Problems, text_of
from engine.forms.values import UNKNOWN, value_of
from engine.texts import Text

LARGEST_FILE = 1_000_000  # bytes
MOST_COMPONENTS = 400
DEEPEST = 8

#: names that mean something in expressions, and so cannot be keys
RESERVED = names(
    "hours minutes days workdays at_time daily date instant now today months min max sum len round abs lower "
    "upper str number contains any all get defined list dict int decimal time datetime "
    "append average ceiling count day days_between duration end_of_day ends_with every_workday floor "
    "is_workday join money month office_hours pluck starts_with trim weekday year "
    "true false null none and or not if else then in is for typename"
)


#: Halves of characters, and NUL, which JSON can spell and no page or database takes.
_UNSTORABLE = re.compile(r"[\ud800-\udfff]|(?<!\\)(?:\\\\)*\\u0000")


def read_definition(
    source: bytes | str, file_name: str = "", reserved: frozenset[str] = RESERVED
) -> tuple[FormDefinition, tuple[Finding, ...]]:
    """
    Read a form file; the findings that come with it are warnings.

    Raises:
        InvalidDefinition: it has errors; its findings name all of them, and the warnings too.
    """
    problems = Problems("", file_name)
    try:
        problems.source = source.decode("utf-8-sig") if isinstance(source, bytes) else source
        if len(problems.source.encode()) > LARGEST_FILE:
            problems.find("too-large")
    except UnicodeError:
        problems.find("not-utf8")
    form = None if problems.has_errors else _json(problems)
    definition = _Reader(problems, reserved).form(form) if form is not None else None
    if definition is None or problems.has_errors:
        raise InvalidDefinition(problems.findings)
    return definition, tuple(problems.findings)


class _Malformed(ValueError):
    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code, self.values = code, values


def _json(problems: Problems) -> Json | None:
    decoder = json.JSONDecoder(
        object_pairs_hook=_without_duplicates, parse_constant=_no_constant, parse_float=Decimal
    )
    try:
        form = decoder.decode(problems.source)
    except json.JSONDecodeError as error:
        problems.find("not-json", line=error.lineno, reason=error.msg)
        return None
    except _Malformed as error:
        problems.find(error.code, **error.values)
        return None
    except (ValueError, RecursionError, ArithmeticError):
        problems.find("bad-json-value", reason=Text("过大的数", "a huge number"))
        return None
    if _UNSTORABLE.search(json.dumps(form, default=str, ensure_ascii=False)):
        problems.find("bad-json-value", reason=Text("不能保存的字符", "characters that cannot be stored"))
        return None
    if not isinstance(form, dict):
        problems.find("not-a-form")
        return None
    return form


def _without_duplicates(pairs: list[tuple[str, Any]]) -> Json:
    result = dict(pairs)
    if len(result) < len(pairs):
        all_names = [name for name, _ in pairs]
        raise _Malformed("twice-in-object", name=next(n for n in all_names if all_names.count(n) > 1)[:60])
    return result


def _no_constant(name: str) -> Any:
    raise _Malformed("bad-json-value", reason=name)


class _Reader:
    def __init__(self, problems: Problems, reserved: frozenset[str]) -> None:
        self.problems, self.reserved = problems, reserved
        self.ids: set[str] = set()
        self.count = 0

    def form(self, form: Json) -> FormDefinition:
        """Read the form as a whole; only without errors is it to be used."""
        find = self.problems.find
        properties = properties_of(form, self.problems)
        key = form.get("id")
        if not isinstance(key, str) or not re.fullmatch(r"[A-Za-z_][\w-]{0,99}", key, re.ASCII):
            find("form-id")
            key = ""
        base = self.problems.file_name.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".form")
        if key and base and base != key:
            find("file-name", base=base, key=key)
        if form.get("type", "default") != "default":
            find("form-type")
        version = form.get("schemaVersion", 4)
        if not isinstance(version, int) or isinstance(version, bool) or version < 4:
            find("schema-version")
        components = form.get("components")
        if not isinstance(components, list):
            find("no-components")
            components = []
        name = text_of(form, "name") or key
        if not name.isascii() and "nameEn" not in properties:
            find("no-english", text=name[:30], english="nameEn")
        return FormDefinition(
            key,
            Text(name, properties.get("nameEn") or name),
            self.components(components, {}, 0),
            rules_of(properties),
        )

    def components(self, items: list[Any], keys: dict[str, Json], depth: int) -> tuple[Component, ...]:
        """Read the components of one level; ``keys`` gathers the keys that are taken there."""
        if depth > DEEPEST:
            self.problems.find("too-deep")
            return ()
        return tuple(read for item in items if (read := self.component(item, keys, depth)) is not None)

    def component(self, item: Any, keys: dict[str, Json], depth: int) -> Component | None:
        """Read one component; None for one that cannot be used, which the problems then say."""
        find = self.problems.find
        self.count += 1
        if self.count > MOST_COMPONENTS:
            if self.count == MOST_COMPONENTS + 1:
                find("too-many", most=MOST_COMPONENTS)
            return None
        kind = item.get("type") if isinstance(item, dict) else None
        if not isinstance(kind, str):
            find("no-type", item if isinstance(item, dict) else None)
        elif kind == "button":
            find("button", item)
        elif kind not in READERS:
            find("unknown-type", item, kind=kind[:60], types=", ".join(sorted(READERS)))
        else:
            ignored = sorted(set(item) - COMMON_ATTRIBUTES - ATTRIBUTES.get(kind, frozenset()))
            if ignored:
                find("attribute-ignored", item, names=", ".join(ignored)[:200])
            component = READERS[kind](ComponentReader(item, keys, depth, self))
            self._check_values(component, item)
            return component
        return None

    def _check_values(self, component: Component, item: Json) -> None:
        """A default that the field itself would refuse is a mistake of the form."""
        if not isinstance(component, Field) or isinstance(component, RowsField | ExpressionField):
            return
        hidden = None if component.when_hidden == "null" else component.when_hidden
        for name, value in (("defaultValue", component.default), ("whenHidden", hidden)):
            if value is None or value == "":
                continue
            try:
                value_of(component).deserialize(value)
            except ValidationError as error:
                reason = next((text for text in error.messages if isinstance(text, Text)), UNKNOWN)
                self.problems.find("default", item, name=name, value=str(value)[:60], reason=reason)
