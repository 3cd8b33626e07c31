"""Papers: filled from a case, printed, kept as they were issued."""

from __future__ import annotations

import hashlib
import re
import secrets
import time as stopwatch
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import segno
from jinja2 import StrictUndefined, TemplateSyntaxError, UndefinedError, meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup
from sqlalchemy import insert, select

from engine import identity, numbers, organisation, registers, sources, tables, visibility
from engine.bpmn import expressions
from engine.bpmn.expressions import InvalidExpression
from engine.bpmn.variables import from_json, to_json
from engine.database import UnitOfWork
from engine.errors import ExpressionFailed, Finding, InvalidDefinition, NotFound, NotPermitted
from engine.identity import User
from engine.money_words import in_words
from engine.registers import records
from engine.texts import Text, same

KIND = "paper"
LARGEST_PAPER = 1_000_000  # characters of HTML
LONGEST_TIME = 5.0  # seconds that filling one may take
LONGEST_LIST = 1000  # entries of a list that a paper goes through
DEEPEST_LOOP = 2

_paper = tables.paper

# ---- templates -------------------------------------------------------------------------------------------

_HEAD = re.compile(r"\s*\{#(.*?)#\}", re.DOTALL)
_ENTRIES = {"name_zh", "name_en", "series"}  # each is needed once
#: What the code of a paper tells to whoever scans it; “shows” and “void_if” may come several times.
_OPTIONS = {"shows", "valid_from", "valid_until", "latest_only", "void_if"}
_PATH = re.compile(r"[a-z]\w*(\.\w+)*\Z")
_MASKED = "masked"
_FILTERS = {
    "default",
    "d",
    "length",
    "count",
    "join",
    "upper",
    "lower",
    "trim",
    "sum",
    "first",
    "last",
    "replace",
}
_TESTS = {"defined", "undefined", "none", "equalto", "number", "string", "sameas", "in", "true", "false"}
#: What a template may be made of: values, conditions, loops over lists. No macros, imports or method calls.
_CONSTRUCTS = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign, nodes.Name,
    nodes.Const, nodes.Getattr, nodes.Getitem, nodes.Call, nodes.Filter, nodes.Test, nodes.Compare,
    nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.CondExpr, nodes.Concat, nodes.Add, nodes.Sub,
    nodes.Mul, nodes.Div, nodes.Neg, nodes.List, nodes.Tuple, nodes.Keyword,
)  # fmt: skip
#: What a page must not hold, since papers are shown to others as they are.
_ACTIVE = re.compile(
    r"<\s*/?\s*(script|iframe|object|embed|style|link|meta|base|form|input|button|html|head|body|svg|math)\b"
    r"|\bon\w+\s*=|javascript:|\bstyle\s*=|\b(src|href|action)\s*=\s*[\"']?\s*(https?:|//|data:)",
    re.IGNORECASE,
)


class _Environment(ImmutableSandboxedEnvironment):
    """Computes with numbers only, so that no text can be made to grow."""

    intercepted_binops = frozenset(["+", "-", "*", "/"])

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if not all(isinstance(side, int | Decimal) and not isinstance(side, bool) for side in (left, right)):
            raise SecurityError(f"{operator} needs numbers")
        left, right = Decimal(left), Decimal(right)
        return (
            {"+": left + right, "-": left - right, "*": left * right}.get(operator)
            if operator != "/"
            else left / right
        )


_ENVIRONMENT = _Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


@dataclass(frozen=True)
class Shown:
    """A value that whoever scans the code is shown, as it was when the paper was issued."""

    path: str  # a variable, or a key in one: customer.name
    label: Text
    is_masked: bool


@dataclass(frozen=True)
class Void:
    """When a paper holds no longer: a condition on its case’s variables and its record, as they are now."""

    condition: str
    words: Text
    advice: Text


@dataclass(frozen=True)
class Template:
    """The template of a paper."""

    key: str
    name: Text
    series: str
    source: str
    variables: frozenset[str]  # that it uses
    shown: tuple[Shown, ...] = ()
    valid_from: str = ""  # a path, as in Shown
    valid_until: str = ""
    latest_only: bool = False  # a later one of its case, or of its record, takes its place
    voids: tuple[Void, ...] = ()

    @property
    def may_end(self) -> bool:
        """Whether the paper holds for a time only."""
        return bool(self.valid_from or self.valid_until or self.voids)


def read(source: bytes | str, file_name: str) -> Template:
    """
    Read a template.

    Raises:
        InvalidDefinition: with all that is wrong with it.
    """
    made, findings = examine(source, file_name)
    if made is None or findings:
        raise InvalidDefinition(findings)
    return made


def examine(source: bytes | str, file_name: str) -> tuple[Template | None, list[Finding]]:
    """Return a template, as far as it can be read, and all that is wrong with it."""
    text = source.decode("utf-8-sig") if isinstance(source, bytes) else source
    text = text.replace("\r\n", "\n")
    check = _Check(file_name)
    key = file_name.rpartition("/")[2].rpartition(".")[0]
    entries = check.head(text)
    try:
        tree = _ENVIRONMENT.parse(text)
    except TemplateSyntaxError as error:
        check.wrong("template-syntax", same(error.message or "syntax"), error.lineno)
        return None, check.findings
    check.tree(tree)
    check.markup(text)
    if check.findings:
        return None, check.findings
    used = meta.find_undeclared_variables(tree) - FUNCTIONS
    name = Text(entries["name_zh"], entries["name_en"])
    return Template(key, name, entries["series"], text, frozenset(used), **check.options), check.findings


class _Check:
    """What is wrong with one template."""

    def __init__(self, file_name: str) -> None:
        self.file_name = file_name
        self.findings: list[Finding] = []
        self.options: dict[str, Any] = {}  # of the template

    def head(self, text: str) -> dict[str, str]:
        """Return the entries of the comment on top."""
        found = _HEAD.match(text)
        entries: dict[str, str] = {}
        for line in found[1].splitlines() if found else ():
            name, colon, value = line.partition(":")
            if colon and name.strip() in _ENTRIES:
                entries[name.strip()] = value.strip()
            elif colon and name.strip() in _OPTIONS:
                self.option(name.strip(), value.strip())
            elif line.strip():
                message = Text(
                    "开头的注释里有不认识的一行：{line}", "the comment on top has an unknown line: {line}"
                )
                self.wrong("paper-head", message.format(line=line.strip()[:60]), 1)
        for name in sorted(_ENTRIES - entries.keys()):
            message = Text("开头的注释里缺少 {name}。", "The comment on top lacks {name}.")
            self.wrong("paper-head", message.format(name=name), 1)
        if "series" in entries and not numbers.is_pattern(entries["series"]):
            message = Text("编号规则“{series}”不对。", "“{series}” is no pattern of numbers.")
            self.wrong("number-pattern", message.format(series=entries["series"]), 1)
        return entries

    def option(self, name: str, value: str) -> None:
        """Read one line of what the code of the paper tells."""
        parts = [part.strip() for part in value.split(" | ")]
        if name in ("valid_from", "valid_until") and _PATH.match(value):
            self.options[name] = value
        elif name == "latest_only" and value in ("yes", "no"):
            self.options[name] = value == "yes"
        elif name == "shows" and _PATH.match(parts[0]) and len(parts) in (3, 4) and all(parts):
            if parts[3:] in ([], [_MASKED]):
                made = Shown(parts[0], Text(parts[1], parts[2]), len(parts) == 4)
                self.options["shown"] = (*self.options.get("shown", ()), made)
            else:
                self._wrong_option(name, value)
        elif name == "void_if" and len(parts) == 5 and all(parts):
            self._condition(parts[0])
            made_void = Void(parts[0], Text(parts[1], parts[2]), Text(parts[3], parts[4]))
            self.options["voids"] = (*self.options.get("voids", ()), made_void)
        else:
            self._wrong_option(name, value)

    def _wrong_option(self, name: str, value: str) -> None:
        message = Text("{name} 不能是“{value}”。", "{name} cannot be “{value}”.")
        self.wrong("paper-head", message.format(name=name, value=value[:80]), 1)

    def _condition(self, text: str) -> None:
        try:
            expressions.compile(text)
        except InvalidExpression as error:
            message = Text(
                "void_if 的条件“{text}”不对：{reason}", "The condition “{text}” of void_if is wrong: {reason}"
            )
            self.wrong("bad-expression", message.format(text=text[:80], reason=error.message), 1)

    def tree(self, tree: nodes.Template) -> None:
        """Look at every construct."""
        for node in _all_nodes(tree):
            if not isinstance(node, _CONSTRUCTS):
                message = Text("不能使用“{what}”。", "“{what}” cannot be used.")
                self.wrong(
                    "template-construct", message.format(what=type(node).__name__.lower()), node.lineno
                )
            elif isinstance(node, nodes.Call):
                self._known(node, node.node.name if isinstance(node.node, nodes.Name) else "?", FUNCTIONS)
            elif isinstance(node, nodes.Filter):
                self._known(node, node.name, _FILTERS)
            elif isinstance(node, nodes.Test):
                self._known(node, node.name, _TESTS)
            elif isinstance(node, nodes.Assign):
                self._small(node.node)
            elif isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
                self._known(node, node.attr, ())
        if _loop_depth(tree) > DEEPEST_LOOP:
            message = Text("循环最多嵌套两层。", "Loops may be nested two deep at most.")
            self.wrong("template-construct", message, None)

    def _small(self, value: nodes.Node) -> None:
        """A name stands for a value, a number or a condition: what grows could grow again and again."""
        for node in _all_nodes(value):
            grows = isinstance(node, nodes.Concat | nodes.List | nodes.Tuple)
            if grows or (isinstance(node, nodes.Filter) and node.name in ("join", "replace")):
                message = Text(
                    "set 里不能拼接文字或列表。", "Texts and lists cannot be put together in a “set”."
                )
                self.wrong("template-construct", message, node.lineno)

    def _known(self, node: nodes.Node, name: str, known: Collection[str]) -> None:
        if name not in known:
            message = Text("不认识“{name}”，可用：{known}。", "“{name}” is unknown; there are: {known}.")
            self.wrong(
                "template-construct", message.format(name=name, known=", ".join(sorted(known))), node.lineno
            )

    def markup(self, text: str) -> None:
        """Look for what a page would carry out, or fetch from elsewhere."""
        for found in _ACTIVE.finditer(_HEAD.sub("", text, count=1)):
            at = text.count("\n", 0, text.index(found[0])) + 1
            message = Text("单据里不能有“{what}”。", "A paper cannot have “{what}”.")
            self.wrong("paper-active-content", message.format(what=found[0].strip()[:40]), at)

    def wrong(self, code: str, message: Text, line: int | None) -> None:
        """Note a mistake."""
        hint = Text("写法见 docs/papers.md。", "docs/papers.md describes what a paper may have.")
        self.findings.append(Finding("error", code, message, hint, file=self.file_name, line=line))


def _all_nodes(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _all_nodes(child)


def _loop_depth(node: nodes.Node) -> int:
    inside = max((_loop_depth(child) for child in node.iter_child_nodes()), default=0)
    return inside + isinstance(node, nodes.For)


# ---- functions of templates ------------------------------------------------------------------------------

FUNCTIONS = frozenset(
    {
        "money",
        "money_in_words",
        "date_zh",
        "qr",
        "check_qr",
        "photo",
        "name_of",
        "item_name",
        "method_name",
        "word",
    }
)


def money(value: Any) -> str:
    """Return an amount as ``1,234.50``."""
    return f"{_exact(value):,.2f}"


def _exact(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise SecurityError("money() needs an amount")
    return Decimal(value)


def date_zh(value: Any, zone: Any = None) -> str:
    """Return a day as ``2026年11月22日``; nothing where there is none."""
    if value is None or value == "":
        return ""
    if isinstance(value, datetime):
        value = value.astimezone(zone).date()
    elif isinstance(value, str):
        value = date.fromisoformat(value)
    return f"{value.year}年{value.month}月{value.day}日"


def qr(text: Any) -> Markup:
    """Return a QR code as an inline drawing."""
    made = segno.make(str(text)[:1000], error="m", micro=False)
    drawing = made.svg_inline(scale=1, omitsize=True, svgclass="qr", lineclass=None)
    return Markup(drawing)  # noqa: S704 (made of squares; the text is not in it)


def photo(files: Any) -> Markup:
    """Return the first file of a form's file field as a picture; nothing where there is none."""
    first = files[0] if isinstance(files, list | tuple) and files else files
    file_id = first.get("file") if isinstance(first, Mapping) else None
    if not file_id:
        return Markup("")
    return Markup('<img class="photo" src="/files/{}" alt="">').format(file_id)


# ---- issuing ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Issued:
    """A paper that was issued."""

    id: int
    number: str
    name: Text


def issue(
    uow: UnitOfWork,
    key: str,
    values: Mapping[str, Any],
    instance_id: int | None,
    by: str | None,
    *,
    record: str = "",
) -> Issued:
    """
    Fill a paper and keep it as it is now. ``record``: "pass:ZHZ-2026-00001", what its check page tells of.

    Raises:
        ExpressionFailed: there is no such paper or record, a value is missing, it grows too large.
    """
    definition_id, template = _template(uow, key)
    record_id = _record_id(uow, record) if record else None
    number, token = numbers.next_number(uow, template.series), secrets.token_urlsafe(16)
    issued_by = identity.names_of(uow, [by]).get(by or "", "")
    centre = organisation.centre_name(uow)
    given = {**values, "number": number, "issued_at": uow.now, "issued_by": issued_by}
    if centre is not None:
        given["centre"] = centre.zh
    html = _filled(uow, template, given, token)
    paper_id = uow.execute(
        insert(_paper)
        .values(
            number=number,
            definition_id=definition_id,
            instance_id=instance_id,
            token=token,
            record_id=record_id,
            html=html,
            facts=to_json(_facts(template, given)) if template.shown or template.may_end else None,
            sha256=hashlib.sha256(html.encode()).hexdigest(),
            issued_at=uow.now,
            issued_by=by,
        )
        .returning(_paper.c.id)
    ).scalar_one()
    return Issued(int(paper_id), number, template.name)


@dataclass(frozen=True)
class Fact:
    """A value that whoever scans the code is shown."""

    label: Text
    value: Any


@dataclass(frozen=True)
class Facts:
    """What the code of a paper tells, as it was when the paper was issued."""

    shown: tuple[Fact, ...] = ()
    first: date | datetime | None = None
    last: date | datetime | None = None


def facts_of(row: Any) -> Facts:
    """Return what the code of a stored paper tells; nothing of one whose template declared nothing."""
    if row.facts is None:
        return Facts()
    kept = from_json(row.facts)
    shown = tuple(Fact(Text(each["zh"], each["en"]), each["value"]) for each in kept["shown"])
    return Facts(shown, kept["first"], kept["last"])


def _facts(template: Template, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept for whoever scans the code. Raises ExpressionFailed: a value is missing."""
    shown = []
    for each in template.shown:
        value = _at(template, given, each.path)
        kept = masked(str(value or "")) if each.is_masked else value
        shown.append({"zh": each.label.zh, "en": each.label.en, "value": kept})
    first, last = (
        _moment(template, given, path) if path else None
        for path in (template.valid_from, template.valid_until)
    )
    return {"shown": shown, "first": first, "last": last}


def _at(template: Template, given: Mapping[str, Any], path: str) -> Any:
    value: Any = given
    for key in path.split("."):
        if not isinstance(value, Mapping) or key not in value:
            raise _failed(template, Text(f"缺少值：{path}", f"a value is missing: {path}"))
        value = value[key]
    return value


def _moment(template: Template, given: Mapping[str, Any], path: str) -> date | datetime | None:
    value = _at(template, given, path)
    if value is not None and not isinstance(value, date):
        reason = Text(f"{path} 应是日期或时刻", f"{path} should be a day or an instant")
        raise _failed(template, reason)
    return value


def _template(uow: UnitOfWork, key: str) -> tuple[int, Template]:
    source = sources.in_force(uow, KIND, key)
    if source is None:
        raise ExpressionFailed(Text("没有单据“{key}”。", "There is no paper “{key}”."), key=key)
    return source.definition_id, _of_version(uow, source.definition_id, source.content, source.file_name)


def _of_version(uow: UnitOfWork, definition_id: int, content: str, file_name: str) -> Template:
    kept = uow.cache.get(("template", definition_id))
    if kept is None:
        kept = uow.cache["template", definition_id] = read(content, file_name)
    made: Template = kept
    return made


def _record_id(uow: UnitOfWork, record: str) -> int:
    register, _, number = record.partition(":")
    found = None
    if register in registers.catalogue(uow).registers:
        found = records.find(uow, registers.register(uow, register), number)
    if found is None:
        raise ExpressionFailed(Text("没有登记“{record}”。", "There is no record “{record}”."), record=record)
    return found.id


def _filled(uow: UnitOfWork, template: Template, values: Mapping[str, Any], token: str) -> str:
    """Return the HTML of a paper; what is too much of anything ends it."""
    if any(_longest_list(value) > LONGEST_LIST for value in values.values()):
        raise _failed(template, Text("列表太长", "a list is too long"))
    functions: dict[str, Callable[..., Any]] = {
        "money": money,
        "money_in_words": lambda value: in_words(_exact(value)),
        "date_zh": lambda value: date_zh(value, uow.centre.zone),
        "qr": qr,
        "check_qr": lambda: qr(f"{uow.centre.address}/check/{token}"),
        "photo": photo,
        "name_of": lambda register, number: records.titles(uow, register, [number]).get(number, number),
        "item_name": lambda key: _label(uow, "ledger.item", key),
        "method_name": lambda key: _label(uow, "ledger.method", key),
        "word": lambda source, key: _label(uow, source, key),
    }
    parts, size, begun = [], 0, stopwatch.monotonic()
    try:
        for part in _ENVIRONMENT.from_string(template.source).generate({**values, **functions}):
            size += len(part)
            if size > LARGEST_PAPER or stopwatch.monotonic() - begun > LONGEST_TIME:
                raise _failed(template, Text("内容太多", "it grows too large"))
            parts.append(part)
    except UndefinedError as error:
        raise _failed(
            template, Text(f"缺少值：{error.message}", f"a value is missing: {error.message}")
        ) from error
    except (SecurityError, ArithmeticError, TypeError, ValueError, LookupError, AttributeError) as error:
        raise _failed(template, same(str(error))) from error
    return "".join(parts).strip()


def _label(uow: UnitOfWork, source: str, key: str) -> str:
    found = registers.catalogue(uow).labels(source).get(key)
    return key if found is None else found.zh


def _longest_list(value: Any) -> int:
    if isinstance(value, Mapping):
        return max((_longest_list(each) for each in value.values()), default=0)
    if isinstance(value, list | tuple):
        return max(len(value), *(_longest_list(each) for each in value)) if value else 0
    return 0


def _failed(template: Template, reason: Text) -> ExpressionFailed:
    return ExpressionFailed(
        Text("单据“{name}”无法生成：{reason}", "The paper “{name}” cannot be made: {reason}"),
        name=template.name,
        reason=reason,
    )


# ---- looking at it ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Paper:
    """A paper as it was issued; ``html`` is a safe part of a page."""

    id: int
    number: str
    name: Text
    html: str
    sha256: str
    issued_at: datetime
    issued_by: str  # full name; "" where the program did
    instance_id: int | None


def open_paper(uow: UnitOfWork, paper_id: int, by: User) -> Paper:
    """
    Return a paper of a case that the user may see.

    Raises:
        NotFound: there is none, or it belongs to a case that the user may not see.
        NotPermitted: it shows values of the case that the user may not see.
    """
    row = uow.execute(select(_paper).where(_paper.c.id == paper_id)).first()
    if row is None:
        raise NotFound(Text("没有这份单据。", "There is no such paper."))
    template = template_of(uow, row.definition_id)
    if row.instance_id is not None:
        case = visibility.require_case(uow, row.instance_id, by)
        if row.issued_by != by.name and not template.variables.isdisjoint(
            visibility.hidden_names(uow, case, by)
        ):
            raise NotPermitted(
                Text("这份单据含有您不能查看的内容。", "This paper shows something that you may not see.")
            )
    elif not by.is_employee:
        raise NotFound(Text("没有这份单据。", "There is no such paper."))
    issued_by = identity.names_of(uow, [row.issued_by]).get(row.issued_by or "", "")
    return Paper(
        row.id, row.number, template.name, row.html, row.sha256, row.issued_at, issued_by, row.instance_id
    )


def template_of(uow: UnitOfWork, definition_id: int) -> Template:
    """Return the version of a template that a paper was made with."""
    kept = uow.cache.get(("template", definition_id))
    if kept is not None:
        made: Template = kept
        return made
    definition = tables.definition
    row = uow.execute(select(definition).where(definition.c.id == definition_id)).one()
    return _of_version(uow, definition_id, row.source, row.file_name)


def masked(name: str) -> str:
    """Return a person's name with all but the first character hidden."""
    return name[:1] + "*" * min(len(name) - 1, 3) if name else ""
