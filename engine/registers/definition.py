"""Reading registers.toml: which registers, fields and charge items the organisation has."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine import sources
from engine.database import UnitOfWork
from engine.errors import Finding, InvalidDefinition, InvalidInput, NotFound
from engine.forms import plain
from engine.numbers import is_pattern
from engine.registers.shapes import (
    Catalogue,
    ChargeItem,
    Field,
    LedgerRules,
    NoOverlap,
    Register,
    Verification,
)
from engine.registers.values import is_safe_number
from engine.texts import Text, same

FILE_NAME = "registers.toml"
KEY = "registers"  # of the definition; there is one
TYPES = plain.TYPES | {"choice", "reference"}
EVERYBODY = "*"  # in a list of groups: every employee

_KEY = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
_PLACE = re.compile(r"\{([^{}]*)\}")
#: Keys that records have beside their fields, as diagrams see them.
_TAKEN = {"number", "title"}


def catalogue(uow: UnitOfWork) -> Catalogue:
    """Return the registers in force; none where no file was deployed."""
    source = sources.in_force(uow, "registers", KEY)
    if source is None:
        return Catalogue()
    kept = uow.cache.get(("catalogue", source.definition_id))
    if kept is None:
        kept = uow.cache["catalogue", source.definition_id] = read(source.content, source.file_name)
    made: Catalogue = kept
    return made


def register(uow: UnitOfWork, key: str) -> Register:
    """Return a register. Raises NotFound."""
    found = catalogue(uow).registers.get(key)
    if found is None:
        raise NotFound(Text("没有登记簿“{key}”。", "There is no register “{key}”."), key=key)
    return found


# ---- reading the file ------------------------------------------------------------------------------------


def read(source: bytes | str, file_name: str = FILE_NAME) -> Catalogue:
    """
    Read a registers file.

    Raises:
        InvalidDefinition: with all that is wrong with it.
    """
    made, findings = examine(source, file_name)
    if findings:
        raise InvalidDefinition(findings)
    return made


def examine(
    source: bytes | str, file_name: str = FILE_NAME, groups: Collection[str] | None = None
) -> tuple[Catalogue, list[Finding]]:
    """Return what can be read of a registers file, and all that is wrong; ``groups`` None: do not look."""
    text = source.decode("utf-8-sig") if isinstance(source, bytes) else source
    reading = _Reading(text, file_name, groups)
    return reading.catalogue(), reading.findings


@dataclass
class _Reading:
    """One file while it is read."""

    text: str
    file_name: str
    groups: Collection[str] | None
    findings: list[Finding] = field(default_factory=list)

    def catalogue(self) -> Catalogue:
        try:
            content = tomllib.loads(self.text)
        except (
            ValueError,
            RecursionError,
        ) as error:  # also a number of 5000 digits, and brackets without end
            place = re.search(r"at line (\d+)", str(error))
            self._wrong("toml-syntax", same(str(error)), line=int(place[1]) if place else None)
            return Catalogue()
        self._only(content, {"register", "ledger"}, "registers.toml")
        registers: dict[str, Register] = {}
        for entry in self._tables(content, "register", "registers.toml"):
            made = self._register(entry)
            if made.key in registers:
                self._wrong("defined-twice", _TWICE.format(key=made.key), made.key)
            registers[made.key] = made
        for each in registers.values():
            self._check_links(each, registers)
        return Catalogue(registers, self._ledger(content.get("ledger", {}), registers))

    # registers

    def _register(self, entry: Mapping[str, Any]) -> Register:
        key = self._key(entry)
        self._only(
            entry,
            {
                "key", "name_zh", "name_en", "number", "number_series", "title", "may_see", "may_change",
                "may_see_restricted", "field", "no_overlap", "verification",
            },
            key,
        )  # fmt: skip
        fields: dict[str, Field] = {}
        for each in self._tables(entry, "field", key):
            made = self._field(each, key)
            if made.key in fields:
                self._wrong("defined-twice", _TWICE.format(key=f"{key}.{made.key}"), made.key)
            fields[made.key] = made
        return Register(
            key=key,
            name=self._name(entry, key),
            fields=fields,
            number_field=self._number_field(entry, key, fields),
            number_series=self._series(entry, "number_series", key) or None,
            title=self._title(entry, key, fields),
            may_see=self._groups(entry, "may_see", key),
            may_change=self._groups(entry, "may_change", key),
            may_see_restricted=self._groups(entry, "may_see_restricted", key),
            no_overlap=self._no_overlap(entry, key, fields),
            verification=self._verification(entry, key, fields),
        )

    def _number_field(self, entry: Mapping[str, Any], key: str, fields: Mapping[str, Field]) -> str | None:
        number = self._text(entry, "number", key)
        if bool(number) == ("number_series" in entry):
            message = Text(
                "登记簿“{key}”要写 number（字段）或 number_series（编号规则）之一。",
                "The register “{key}” needs either number (a field) or number_series (a pattern).",
            )
            self._wrong("register-number", message.format(key=key), key)
        if not number:
            return None
        asked = fields.get(number)
        if asked is None or asked.type != "text" or not asked.required or asked.restricted:
            message = Text(
                "登记簿“{key}”的编号“{number}”应是必填的 text 字段，且不是 restricted。",
                "The number “{number}” of “{key}” should be a required text field that is not restricted.",
            )
            self._wrong("register-number", message.format(key=key, number=number), key)
        return number

    def _title(self, entry: Mapping[str, Any], key: str, fields: Mapping[str, Field]) -> str:
        title = self._text(entry, "title", key) or "{number}"
        for name in _PLACE.findall(title):
            if name != "number" and (name not in fields or fields[name].restricted):
                self._wrong("unknown-field", _UNKNOWN_FIELD.format(key=key, at="title", name=name), key)
        return title

    def _field(self, entry: Mapping[str, Any], register: str) -> Field:
        key = self._key(entry, register)
        self._only(
            entry,
            {
                "key", "name_zh", "name_en", "type", "required", "indexed", "restricted", "choices",
                "reference", "least", "most",
            },
            f"{register}.{key}",
        )  # fmt: skip
        if key in _TAKEN:
            message = Text("字段不能叫 number 或 title。", "A field cannot be called number or title.")
            self._wrong("reserved-key", message, key)
        type_ = self._text(entry, "type", f"{register}.{key}")
        if type_ not in TYPES:
            message = Text(
                "字段“{key}”的类型“{type}”不认识，可用：{types}。",
                "The field “{key}” has the unknown type “{type}”; there are: {types}.",
            )
            known = ", ".join(sorted(TYPES))
            self._wrong("unknown-type", message.format(key=f"{register}.{key}", type=type_, types=known), key)
            type_ = "text"
        made = Field(
            key=key,
            name=self._name(entry, f"{register}.{key}"),
            type=type_,
            required=self._flag(entry, "required", key),
            indexed=self._flag(entry, "indexed", key),
            restricted=self._flag(entry, "restricted", key),
            choices=self._choices(entry, f"{register}.{key}"),
            reference=self._text(entry, "reference", key) or None,
            least=self._number(entry, "least", key),
            most=self._number(entry, "most", key),
        )
        self._check_field(made, f"{register}.{key}")
        return made

    def _check_field(self, made: Field, where: str) -> None:
        if (made.type == "choice") != bool(made.choices):
            message = Text(
                "字段“{key}”：choice 类型要有 choices，其他类型不能有。",
                "The field “{key}”: a choice needs choices, other types have none.",
            )
            self._wrong("choices", message.format(key=where), made.key)
        if (made.type == "reference") != bool(made.reference):
            message = Text(
                "字段“{key}”：reference 类型要写明 reference（哪个登记簿）。",
                "The field “{key}”: a reference needs reference, the register it is in.",
            )
            self._wrong("reference", message.format(key=where), made.key)
        if made.restricted and (made.indexed or made.type == "reference"):
            message = Text(
                "字段“{key}”不能既 restricted 又可查找（indexed、reference）。",
                "The field “{key}” cannot be restricted and searched for (indexed, reference) at once.",
            )
            self._wrong("restricted-index", message.format(key=where), made.key)

    def _choices(self, entry: Mapping[str, Any], where: str) -> dict[str, Text]:
        choices: dict[str, Text] = {}
        for each in entry.get("choices", []):
            if isinstance(each, str) and each:
                choices[each] = same(each)
            elif isinstance(each, Mapping) and isinstance(each.get("value"), str) and each["value"]:
                choices[each["value"]] = self._name(each, f"{where}={each['value']}")
            else:
                message = Text(
                    "字段“{key}”的选项应是文字，或 {{value, name_zh, name_en}}。",
                    "A choice of “{key}” should be a text, or {{value, name_zh, name_en}}.",
                )
                self._wrong("choices", message.format(key=where), where.rpartition(".")[2])
        return choices

    def _no_overlap(
        self, entry: Mapping[str, Any], key: str, fields: Mapping[str, Field]
    ) -> NoOverlap | None:
        found = entry.get("no_overlap")
        if not isinstance(found, Mapping):
            return None
        self._only(found, {"by", "first", "last", "unless"}, f"{key}.no_overlap")
        unless = {str(name): str(value) for name, value in dict(found.get("unless", {})).items()}
        by, first, last = (self._text(found, name, key) for name in ("by", "first", "last"))
        made = NoOverlap(by, first, last, unless)
        wanted = {made.by: "reference", made.first: "date", made.last: "date"}
        for name, type_ in [*wanted.items(), *((name, "") for name in unless)]:
            if name not in fields or (type_ and fields[name].type != type_):
                at = f"no_overlap ({type_})" if type_ else "no_overlap.unless"
                self._wrong("unknown-field", _UNKNOWN_FIELD.format(key=key, at=at, name=name), key)
                return None
        return made

    def _verification(
        self, entry: Mapping[str, Any], key: str, fields: Mapping[str, Field]
    ) -> Verification | None:
        found = entry.get("verification")
        if not isinstance(found, Mapping):
            return None
        names = ("holder", "first", "last", "status")
        self._only(found, {*names, "good"}, f"{key}.verification")
        named = {name: self._text(found, name, key) or None for name in names}
        for at, name in named.items():
            is_day = at in ("first", "last")
            if name is not None and (name not in fields or (is_day and fields[name].type != "date")):
                at = f"verification.{at}"
                self._wrong("unknown-field", _UNKNOWN_FIELD.format(key=key, at=at, name=name), key)
                return None
        return Verification(**named, good=tuple(map(str, found.get("good", ()))))

    def _check_links(self, register: Register, registers: Mapping[str, Register]) -> None:
        for each in register.references:
            if each.reference not in registers:
                message = Text(
                    "字段“{key}”引用的登记簿“{name}”不存在。",
                    "The field “{key}” refers to the register “{name}”, which does not exist.",
                )
                at = f"{register.key}.{each.key}"
                self._wrong("unknown-register", message.format(key=at, name=each.reference), each.key)

    # the ledger

    def _ledger(self, found: Any, registers: Mapping[str, Register]) -> LedgerRules:
        if not isinstance(found, Mapping):
            return LedgerRules()
        self._only(
            found,
            {
                "item", "method", "unit_register", "customer_register", "receipt_series", "may_see",
                "may_correct", "largest_amount",
            },
            "ledger",
        )  # fmt: skip
        items: dict[str, ChargeItem] = {}
        for entry in self._tables(found, "item", "ledger"):
            key = self._key(entry, "ledger")
            self._only(entry, {"key", "name_zh", "name_en", "deposit"}, f"ledger.{key}")
            if key in items:
                self._wrong("defined-twice", _TWICE.format(key=f"ledger.{key}"), key)
            deposit = self._flag(entry, "deposit", key)
            items[key] = ChargeItem(key, self._name(entry, f"ledger.{key}"), deposit)
        methods: dict[str, Text] = {}
        for entry in self._tables(found, "method", "ledger"):
            key = self._key(entry, "ledger.method")
            self._only(entry, {"key", "name_zh", "name_en"}, f"ledger.method.{key}")
            if key in methods:
                self._wrong("defined-twice", _TWICE.format(key=f"ledger.method.{key}"), key)
            methods[key] = self._name(entry, f"ledger.method.{key}")
        linked = {name: self._text(found, name, "ledger") or None for name in _LEDGER_REGISTERS}
        for name, linked_key in linked.items():
            if linked_key is not None and linked_key not in registers:
                message = Text(
                    "[ledger] 的 {at}：没有登记簿“{name}”。", "[ledger] {at}: there is no register “{name}”."
                )
                self._wrong("unknown-register", message.format(at=name, name=linked_key), linked_key)
        largest = self._number(found, "largest_amount", "ledger")
        return LedgerRules(
            items=items,
            methods=methods,
            unit_register=linked["unit_register"],
            customer_register=linked["customer_register"],
            receipt_series=self._series(found, "receipt_series", "ledger") or LedgerRules.receipt_series,
            may_see=self._groups(found, "may_see", "ledger"),
            may_correct=self._groups(found, "may_correct", "ledger"),
            largest_amount=LedgerRules.largest_amount if largest is None else largest,
        )

    # single values

    def _tables(self, content: Mapping[str, Any], name: str, where: str) -> Iterator[Mapping[str, Any]]:
        entries = content.get(name, [])
        if not isinstance(entries, list) or not all(isinstance(each, Mapping) for each in entries):
            self._wrong("toml-shape", _SHAPE.format(name=f"{where}: [[{name}]]"))
            return
        yield from entries

    def _only(self, entry: Mapping[str, Any], known: Collection[str], where: str) -> None:
        for name in entry:
            if name not in known:
                message = Text("“{where}”里的“{name}”不认识。", "“{where}” has the unknown entry “{name}”.")
                self._wrong("unknown-entry", message.format(where=where, name=name), name, of=name)

    def _key(self, entry: Mapping[str, Any], where: str = "registers.toml") -> str:
        key = entry.get("key")
        if not isinstance(key, str) or not _KEY.match(key):
            message = Text(
                "“{where}”里的 key“{key}”应由小写字母、数字和下划线组成。",
                "The key “{key}” in “{where}” should be made of a-z, 0-9 and underscores.",
            )
            self._wrong("bad-key", message.format(where=where, key=key), str(key))
        return str(key)

    def _name(self, entry: Mapping[str, Any], where: str) -> Text:
        zh, en = (str(entry.get(name) or "").strip() for name in ("name_zh", "name_en"))
        if not zh or not en:
            message = Text("“{where}”缺少 name_zh 或 name_en。", "“{where}” lacks name_zh or name_en.")
            self._wrong("missing-name", message.format(where=where), where.rpartition(".")[2])
        return Text(zh or en or where, en or zh or where)

    def _text(self, entry: Mapping[str, Any], name: str, where: str) -> str:
        value = entry.get(name, "")
        if not isinstance(value, str):
            self._wrong("toml-shape", _SHAPE.format(name=f"{where}.{name}"), where, of=name)
            return ""
        return value

    def _flag(self, entry: Mapping[str, Any], name: str, where: str) -> bool:
        value = entry.get(name, False)
        if not isinstance(value, bool):
            self._wrong("toml-shape", _SHAPE.format(name=f"{where}.{name}"), where, of=name)
        return value is True

    def _number(self, entry: Mapping[str, Any], name: str, where: str) -> Decimal | None:
        if name not in entry:
            return None
        try:
            return Decimal(plain.read("decimal", entry[name]))
        except (InvalidInput, TypeError):
            self._wrong("toml-shape", _SHAPE.format(name=f"{where}.{name}"), where, of=name)
            return None

    def _series(self, entry: Mapping[str, Any], name: str, where: str) -> str:
        pattern = self._text(entry, name, where)
        if name in entry and not (is_pattern(pattern) and is_safe_number(pattern)):
            message = Text(
                "编号规则“{pattern}”不对，应类似 ZHZ-{{year}}-{{n:05}}，最多 40 个字符，不能有斜杠。",
                "“{pattern}” is no pattern such as ZHZ-{{year}}-{{n:05}}: 40 characters at most, no slashes.",
            )
            self._wrong("number-pattern", message.format(pattern=pattern), where, of=name)
        return pattern

    def _groups(self, entry: Mapping[str, Any], name: str, where: str) -> frozenset[str]:
        found = entry.get(name, [])
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            self._wrong("toml-shape", _SHAPE.format(name=f"{where}.{name}"), where, of=name)
            return frozenset()
        for each in found:
            if each != EVERYBODY and self.groups is not None and each not in self.groups:
                message = Text(
                    "“{where}”的 {name} 里的组“{group}”不存在。",
                    "“{where}”: the group “{group}” in {name} does not exist.",
                )
                self._wrong("unknown-group", message.format(where=where, name=name, group=each), where)
        return frozenset(found)

    def _wrong(
        self, code: str, message: Text, key: str = "", *, of: str = "", line: int | None = None
    ) -> None:
        self.findings.append(
            Finding(
                "error",
                code,
                message,
                _HINT,
                file=self.file_name,
                element_id=key or None,
                line=line or self._line_of(key, of),
            )
        )

    def _line_of(self, key: str, entry: str = "") -> int | None:
        """Return the first line that gives something this key, or has this entry."""
        for number, line in enumerate(self.text.splitlines(), 1):
            if entry and re.match(rf"\s*\[*(\w+\.)*{re.escape(entry)}\]*\s*(=|$)", line):
                return number
            if key and not entry and re.match(rf"\s*key\s*=\s*[\"']{re.escape(key)}[\"']", line):
                return number
        return None


_LEDGER_REGISTERS = ("unit_register", "customer_register")
_HINT = Text("格式见 docs/registers.md。", "docs/registers.md describes the format.")
_TWICE = Text("“{key}”定义了两次。", "“{key}” is defined twice.")
_SHAPE = Text("“{name}”的写法不对。", "“{name}” has the wrong shape.")
_UNKNOWN_FIELD = Text(
    "登记簿“{key}”的 {at}：没有（或不能用）字段“{name}”。",
    "The register “{key}”, {at}: there is no field “{name}” that could be used.",
)
