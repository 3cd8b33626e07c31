"""Process definitions: checking, deploying and finding versions."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TypeVar

from sqlalchemy import func, insert, select

from engine import figures, forms, history, papers, registers, sources, tables
from engine.bpmn import checks, decision_files, diagram
from engine.bpmn.decisions import DecisionTable
from engine.bpmn.diagram import Diagram, Program
from engine.bpmn.execution import DecisionOutcome
from engine.bpmn.service_checks import KnownNames, KnownRegister, Use, is_there
from engine.comparing import Difference, compare
from engine.database import UnitOfWork
from engine.editions import changed, editions
from engine.errors import Conflict, ExpressionFailed, Finding, InvalidDefinition, InvalidInput, NotFound
from engine.forms import Form
from engine.identity import Capability, User, groups, require
from engine.registers.shapes import Register
from engine.services import NEEDED
from engine.texts import Text

Kind = Literal["process", "decision", "form", "paper", "registers", "figures"]
KINDS: Mapping[str, Kind] = {".bpmn": "process", ".dmn": "decision", ".form": "form", ".html": "paper"}
#: Those of which there is one, by the name of its file.
SINGLE: Mapping[str, Kind] = {registers.FILE_NAME: "registers", figures.FILE_NAME: "figures"}

LARGEST_FILE = 5 * 1024 * 1024  # bytes, of one diagram, table or form
LARGEST_UPLOAD = 20 * 1024 * 1024  # bytes, unpacked
MOST_FILES = 200

_definition = tables.definition
_WITHOUT_SOURCE = [column for column in _definition.c if column.name != "source"]
_PROCESS_ID = re.compile(rb"<(?:[\w.-]+:)?process\b[^>]*?\bid\s*=\s*[\"']([^\"']+)[\"']")
_FILE_NAME = re.compile(r"[^/\\\0-\x1f<>:\"|?*]{1,200}\Z")

_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Version:
    """One deployed version of a diagram, table or form, without its source."""

    id: int
    kind: Kind
    key: str
    version: int
    name: Text
    file_name: str
    sha256: str


@dataclass(frozen=True)
class Deployed:
    """What became of one diagram, table or form of a deployment."""

    version: Version
    is_new: bool  # False: the latest version is the same already
    warnings: tuple[Finding, ...] = ()


# ---- finding versions ------------------------------------------------------------------------------------


def kind_of(name: str) -> Kind | None:
    """Return what a file of this name defines; None where it is no file of ours."""
    single = SINGLE.get(PurePosixPath(name).name)
    return single or KINDS.get(PurePosixPath(name).suffix.lower())


def latest(uow: UnitOfWork, kind: Kind, key: str) -> Version | None:
    """Return the version in force, or None where nothing of that name was deployed."""
    return _in_force(uow).get((kind, key))


def all_latest(uow: UnitOfWork, kind: Kind | None = None) -> list[Version]:
    """Return the version in force of everything (of one kind), by kind and key."""
    found = _in_force(uow).values()
    return sorted((v for v in found if kind in (None, v.kind)), key=lambda v: (v.kind, v.key))


def _in_force(uow: UnitOfWork) -> Mapping[tuple[str, str], Version]:
    edition = editions(uow).get("definitions", 0)
    kept = uow.cache.get("in force")
    if kept is None or kept[0] != edition:
        newest = select(func.max(_definition.c.id)).group_by(_definition.c.kind, _definition.c.key)
        rows = uow.execute(select(*_WITHOUT_SOURCE).where(_definition.c.id.in_(newest)))
        kept = uow.cache["in force"] = (edition, {(row.kind, row.key): _version(row) for row in rows})
    versions: Mapping[tuple[str, str], Version] = kept[1]
    return versions


def _version(row: Any) -> Version:
    return Version(
        row.id, row.kind, row.key, row.version, Text(row.name_zh, row.name_en), row.file_name, row.sha256
    )


def version(uow: UnitOfWork, definition_id: int) -> Version:
    """Return one version by its id. Raises NotFound."""
    return _kept(uow, "version", definition_id, _read_version)


def _read_version(uow: UnitOfWork, definition_id: int) -> Version:
    row = uow.execute(select(*_WITHOUT_SOURCE).where(_definition.c.id == definition_id)).first()
    if row is None:
        raise NotFound(Text("没有这个版本。", "There is no such version."))
    return _version(row)


def source(uow: UnitOfWork, definition_id: int) -> str:
    """Return a version's source as it was deployed. Raises NotFound."""
    found = uow.execute(select(_definition.c.source).where(_definition.c.id == definition_id)).scalar()
    if found is None:
        raise NotFound(Text("没有这个版本。", "There is no such version."))
    return str(found)


@dataclass(frozen=True)
class Standing:
    """A version in force with its source, to be taken to another database."""

    kind: Kind
    key: str
    version: int
    name_zh: str
    name_en: str
    file_name: str
    source: str
    sha256: str


def standing(uow: UnitOfWork) -> tuple[Standing, ...]:
    """Return every version in force with its source, by kind and key."""
    ids = [version.id for version in all_latest(uow)]
    columns = [_definition.c[field.name] for field in fields(Standing)]
    rows = uow.execute(
        select(*columns).where(_definition.c.id.in_(ids)).order_by(_definition.c.kind, _definition.c.key)
    )
    return tuple(Standing(**row._mapping) for row in rows)


def take_over(uow: UnitOfWork, versions: Sequence[Standing], by: User) -> None:
    """Put versions that are in force elsewhere into a database that has none; they are not checked again."""
    if not versions:
        return
    changed(uow, "definitions")
    beside = {"origin": "file", "deployed_by": by.name, "deployed_at": uow.now}
    uow.execute(insert(_definition), [{**asdict(version), **beside} for version in versions])
    _forget_latest(uow)


def _kept(uow: UnitOfWork, what: str, key: Any, make: Callable[[UnitOfWork, Any], _Made]) -> _Made:
    """Return what was made of a version before; versions never change, so it stays true."""
    made = uow.cache.get((what, key))
    if made is None:
        made = uow.cache[what, key] = make(uow, key)
    kept: _Made = made
    return kept


# ---- what versions are made of ---------------------------------------------------------------------------


def read_diagram(uow: UnitOfWork, definition_id: int) -> Diagram:
    """Return a process version's diagram."""
    return _kept(
        uow,
        "diagram",
        definition_id,
        lambda uow, id_: diagram.load(source(uow, id_), version(uow, id_).file_name),
    )


def form(uow: UnitOfWork, definition_id: int) -> Form:
    """Return a form version."""
    return _kept(
        uow, "form", definition_id, lambda uow, id_: forms.read(source(uow, id_), version(uow, id_).file_name)
    )


def table(uow: UnitOfWork, definition_id: int) -> DecisionTable:
    """Return a decision version."""
    return _kept(uow, "table", definition_id, _read_table)


def _read_table(uow: UnitOfWork, definition_id: int) -> DecisionTable:
    wanted = version(uow, definition_id)
    tables_of_file = decision_files.read(source(uow, definition_id), wanted.file_name)
    return next(found for found in tables_of_file if found.key == wanted.key)


def program(uow: UnitOfWork, definition_ids: Sequence[int]) -> Program:
    """Return a process with those it calls, in the versions that an instance keeps: the process first."""
    return _kept(uow, "program", tuple(definition_ids), _assemble)


def _assemble(uow: UnitOfWork, definition_ids: Sequence[int]) -> Program:
    root, *called = (read_diagram(uow, definition_id) for definition_id in definition_ids)
    return diagram.assemble(root, called)


def pinned_versions(uow: UnitOfWork, process_key: str) -> list[Version]:
    """
    Return the versions that a new instance keeps: the process, then all that it calls, directly or not.

    Raises:
        NotFound: there is no such process.
        Conflict: a process that it calls has not been deployed.
    """
    root = latest(uow, "process", process_key)
    if root is None:
        raise NotFound(Text("没有流程“{key}”。", "There is no process “{key}”."), key=process_key)
    return _kept(uow, "pinned", (editions(uow).get("definitions", 0), root.id), _pinned)


def _pinned(uow: UnitOfWork, edition_and_root: tuple[int, int]) -> list[Version]:
    pinned = {version(uow, edition_and_root[1]).key: version(uow, edition_and_root[1])}
    waiting = [*pinned.values()]
    while waiting:
        for key in read_diagram(uow, waiting.pop(0).id).called:
            if key in pinned:
                continue
            called = latest(uow, "process", key)
            if called is None:
                raise Conflict(
                    Text(
                        "被调用的流程“{key}”还没有部署。", "The called process “{key}” has not been deployed."
                    ),
                    key=key,
                )
            pinned[key] = called
            waiting.append(called)
    return [*pinned.values()]


def latest_program(uow: UnitOfWork, process_key: str) -> Program:
    """Return a process with those it calls, as a new instance would run it. Raises NotFound."""
    return program(uow, [pinned.id for pinned in pinned_versions(uow, process_key)])


def latest_form(uow: UnitOfWork, key: str | None) -> tuple[Version, Form] | None:
    """Return the form in force; None where no key is given, or nothing of that name was deployed."""
    found = latest(uow, "form", key) if key else None
    return None if found is None else (found, form(uow, found.id))


def start_form(uow: UnitOfWork, process_key: str) -> Form | None:
    """Return the form that a new case of the process begins with, if it has one. Raises NotFound."""
    found = latest_form(uow, latest_program(uow, process_key).root.start_form_key)
    return None if found is None else found[1]


def restricted_names(uow: UnitOfWork, definition_ids: Sequence[int]) -> frozenset[str]:
    """Return the variables that a process or a form of it, or of one it calls, says not everybody may see."""
    key = (editions(uow).get("definitions", 0), tuple(definition_ids))
    return _kept(uow, "restricted", key, _restricted)


def _restricted(uow: UnitOfWork, edition_and_ids: tuple[int, Sequence[int]]) -> frozenset[str]:
    found: set[str] = set()
    for definition_id in edition_and_ids[1]:
        one = read_diagram(uow, definition_id)
        found |= _restricted_in(one, forms_of(uow, one)).keys()
    return frozenset(found)


def _form_keys(diagram: Diagram) -> set[str]:
    keys = {element.form_key for element in diagram.elements.values()} | {diagram.start_form_key}
    return {key for key in keys if key}


def _restricted_in(diagram: Diagram, asked: Iterable[Form]) -> dict[str, frozenset[str]]:
    """
    Return what a process with these forms restricts, by name: of lists, the keys of their rows.

    None of these keys: all of the value is restricted.
    """
    found: dict[str, frozenset[str]] = {}
    for form in asked:
        for name, keys in form.restricted_keys.items():
            present = found.get(name, keys)
            found[name] = present | keys if present and keys else frozenset()
    return found | {name: frozenset[str]() for name in _listed(diagram, "restricted")}


def decide(
    uow: UnitOfWork, decision_key: str, variables: Mapping[str, Any], functions: Mapping[str, Any]
) -> DecisionOutcome:
    """
    Ask the decision in force; running cases too always ask the newest version.

    Raises:
        ExpressionFailed: there is no such decision, or it cannot be made with these values.
    """
    found = latest(uow, "decision", decision_key)
    if found is None:
        raise ExpressionFailed(
            Text("没有部署决策表“{key}”。", "The decision “{key}” has not been deployed."), key=decision_key
        )
    result = table(uow, found.id).evaluate(variables, functions)
    return DecisionOutcome(
        value=result.value,
        inputs=result.inputs,
        definition_id=found.id,
        version=found.version,
        rule_ids=result.rule_ids,
    )


# ---- checking --------------------------------------------------------------------------------------------


def check_files(
    uow: UnitOfWork, files: Mapping[str, bytes], wanted: Collection[str] | None = None
) -> list[Finding]:
    """
    Return all that is wrong with these files together, as they would stand beside what is deployed.

    Where some are ``wanted``, others that define the same, such as older copies, are left out.
    """
    read = [_Read(name, content) for name, content in sorted(files.items())]
    if wanted is not None:
        asked = {key for one in read if one.name in wanted for key in one.keys}
        read = [one for one in read if one.name in wanted or asked.isdisjoint(one.keys)]
    known = _known(uow, read)
    findings = [finding for one in read for finding in one.findings(known)]
    findings += _twice(read) + _still_used(uow, read, known) + _newly_wrong(uow, read, known)
    return findings + _miscounted(uow, read)


@dataclass
class _Read:
    """One file of a deployment, read as far as it can be."""

    name: str
    content: bytes
    kind: Kind | None = field(init=False)
    form: Form | None = field(init=False, default=None)
    tables: Sequence[DecisionTable] = field(init=False, default=())
    process_ids: tuple[str, ...] = field(init=False, default=())
    diagram: Diagram | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.kind = kind_of(self.name)
        if len(self.content) > LARGEST_FILE:
            return
        if self.kind == "process":
            self.process_ids = tuple(
                found.decode("utf-8", "replace") for found in _PROCESS_ID.findall(self.content)
            )
        try:
            if self.kind == "form":
                self.form = forms.read(self.content, self.name)
            elif self.kind == "decision":
                self.tables = tuple(decision_files.read(self.content, self.name))
            elif self.kind == "process":
                self.diagram = diagram.read(self.content, self.name)
        except InvalidDefinition:
            return  # the checks say what is wrong with it

    def findings(self, known: checks.Known) -> list[Finding]:
        """Return all that is wrong with the file."""
        if self.kind is None:
            return [
                self._error(
                    "file-kind",
                    Text("这不是流程图、决策表或表单。", "This is no diagram, table or form."),
                    Text(
                        "只接受 .bpmn、.dmn、.form、.html（单据）、registers.toml 和 figures.toml。",
                        "Only .bpmn, .dmn, .form, .html (papers), registers.toml and figures.toml are taken.",
                    ),
                )
            ]
        if len(self.content) > LARGEST_FILE:
            return [
                self._error(
                    "file-size",
                    Text("文件太大。", "The file is too large."),
                    Text("每个文件最多 5 MB。", "A file may have 5 MB at most."),
                )
            ]
        try:
            self.content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return [
                self._error(
                    "encoding",
                    Text("文件不是 UTF-8 编码。", "The file is not encoded in UTF-8."),
                    Text("请用 UTF-8 保存。", "Save it as UTF-8."),
                )
            ]
        if self.kind == "paper":
            return papers.examine(self.content, self.name)[1]
        if self.kind == "registers":
            return registers.examine(self.content, self.name, known.groups)[1]
        if self.kind == "figures":
            return []  # what may be counted depends on the other files: see _miscounted
        return list(checks.check(self.content, self.name, known))

    def _error(self, code: str, message: Text, hint: Text) -> Finding:
        return Finding("error", code, message, hint, file=self.name)

    @property
    def keys(self) -> list[tuple[Kind, str]]:
        """What the file defines."""
        if self.form is not None:
            return [("form", self.form.key)]
        if self.kind == "process":
            return [("process", key) for key in self.process_ids]
        if self.kind == "paper":
            return [("paper", PurePosixPath(self.name).stem)]
        if self.kind in ("registers", "figures"):
            return [(self.kind, self.kind)]
        return [("decision", one.key) for one in self.tables]


def _known(uow: UnitOfWork, read: Sequence[_Read]) -> checks.Known:
    deployed = all_latest(uow)
    known_tables = {v.key: table(uow, v.id) for v in deployed if v.kind == "decision"}
    known_tables |= {one.key: one for file in read for one in file.tables}
    asked = {v.key: form(uow, v.id) for v in deployed if v.kind == "form"}
    asked |= {file.form.key: file.form for file in read if file.form is not None}
    known_forms = {key: frozenset(one.keys) for key, one in asked.items()}
    # A form that cannot be read is named like its file, as a rule: its own findings are enough.
    for file in read:
        if file.kind == "form" and file.form is None:
            known_forms.setdefault(PurePosixPath(file.name).stem, frozenset())
    diagrams = {v.key: read_diagram(uow, v.id) for v in deployed if v.kind == "process"}
    diagrams |= {file.diagram.process_id: file.diagram for file in read if file.diagram is not None}
    all_read = all(file.diagram is not None for file in read if file.kind == "process")
    return checks.Known(
        processes=frozenset(diagrams).union(*(file.process_ids for file in read)),
        decisions={key: (tuple(one.inputs), tuple(one.outputs)) for key, one in known_tables.items()},
        lists=frozenset(key for key, one in known_tables.items() if one.gives_list or one.aggregation),
        forms=known_forms,
        groups=frozenset(groups(uow)) or None,
        names=_names(uow, read),
        topics=NEEDED,
        elements=_user_tasks(diagrams.values()) if all_read else None,
        calls={key: one.called for key, one in diagrams.items()},
        restricted={
            key: _restricted_in(one, [asked[name] for name in sorted(_form_keys(one) & asked.keys())])
            for key, one in diagrams.items()
        },
    )


def _names(uow: UnitOfWork, read: Sequence[_Read]) -> KnownNames | None:
    """Return what service tasks may name, with what is in these files; None where that cannot be read."""
    catalogue = registers.catalogue(uow)
    for file in read:
        if file.kind == "registers":
            catalogue, wrong = registers.examine(file.content.decode("utf-8-sig", "replace"), file.name)
            if wrong:
                return None  # its own findings are enough
    papers_there = {version.key for version in all_latest(uow) if version.kind == "paper"}
    papers_there |= {PurePosixPath(file.name).stem for file in read if file.kind == "paper"}
    return KnownNames(
        registers={key: _known_register(one) for key, one in catalogue.registers.items()},
        items={key: item.deposit for key, item in catalogue.ledger.items.items()},
        methods=frozenset(catalogue.ledger.methods),
        papers=papers_there,
    )


def _known_register(register: Register) -> KnownRegister:
    fields = {
        key: frozenset(word for value, name in one.choices.items() for word in (value, name.zh, name.en))
        for key, one in register.fields.items()
    }
    searched = {key for key, one in register.fields.items() if one.indexed or one.reference}
    return KnownRegister(fields, searched | {register.number_field or "number"})


def _still_used(uow: UnitOfWork, read: Sequence[_Read], known: checks.Known) -> list[Finding]:
    """Return what processes in force name that a new registers.toml has no longer."""
    changed_file = next((file.name for file in read if file.kind == "registers"), None)
    before = _names(uow, ())
    if changed_file is None or known.names is None or before is None:
        return []
    uploaded = {key for file in read for key in file.process_ids}
    findings = []
    for version_ in all_latest(uow):
        if version_.kind != "process" or version_.key in uploaded:
            continue
        one = read_diagram(uow, version_.id)
        for element_id, named in one.uses.items():
            for use in named:
                if is_there(use, before) and not is_there(use, known.names):
                    element = one.elements.get(element_id)
                    findings.append(_missed(changed_file, one, element_id, element, use))
    return findings


def _newly_wrong(uow: UnitOfWork, read: Sequence[_Read], known: checks.Known) -> list[Finding]:
    """Return what would be wrong, and is not yet, with processes in force that use what these files hold."""
    before = _known(uow, ())
    given = {key for file in read for key in file.keys}
    found = []
    for each in all_latest(uow, "process"):
        if ("process", each.key) in given:
            continue
        if known.restricted != before.restricted or not given.isdisjoint(_uses(read_diagram(uow, each.id))):
            text = source(uow, each.id).encode()
            present = checks.check(text, each.file_name, before)
            found += [one for one in checks.check(text, each.file_name, known) if one not in present]
    return found


def _uses(diagram: Diagram) -> set[tuple[Kind, str]]:
    """Return the processes, tables and forms that a diagram names."""
    named: dict[Kind, Iterable[str]] = {
        "process": diagram.called,
        "decision": diagram.decisions,
        "form": _form_keys(diagram),
    }
    return {(kind, key) for kind, keys in named.items() for key in keys}


def _miscounted(uow: UnitOfWork, read: Sequence[_Read]) -> list[Finding]:
    """Return what is wrong with a figures.toml, and what the one in force can no longer count."""
    uploaded = next((file for file in read if file.kind == "figures"), None)
    if any(file.kind in ("process", "form") and not (file.diagram or file.form) for file in read):
        then = None  # what cannot be read may hold what is counted; its own findings are enough
    else:
        given = {file.diagram.process_id: file.diagram for file in read if file.diagram is not None}
        asked = {file.form.key: file.form for file in read if file.form is not None}
        then = _countable(uow, given, asked)
    if uploaded is not None:
        return figures.examine(uploaded.content.decode("utf-8-sig", "replace"), uploaded.name, then)[1]
    if then is None:
        return []
    lost = []
    for key, sheet in figures.sheets(uow).items():
        names = sheet.variables & (countable(uow).get(key, frozenset()) - then.get(key, frozenset()))
        lost += [_no_longer_counted(uow, key, name) for name in sorted(names)]
    return lost


def _no_longer_counted(uow: UnitOfWork, process_key: str, name: str) -> Finding:
    message = Text(
        "统计（figures.toml）用到变量“{name}”，部署后就统计不到了。",
        "The figures (figures.toml) count by “{name}”, and could not do so any more.",
    )
    hint = Text(
        "把它留在流程的 searchable 里且不受限，或同时改 figures.toml。",
        "Keep it in the process's property searchable, not restricted; or change figures.toml too.",
    )
    process = latest(uow, "process", process_key)
    file_name = process.file_name if process else figures.FILE_NAME
    return Finding("warning", "not-countable", message.format(name=name), hint, file_name, process_key)


def countable(uow: UnitOfWork) -> Mapping[str, frozenset[str]]:
    """Return what cases may be counted by, by process: the variables searched for and not restricted."""
    return _kept(
        uow, "countable", editions(uow).get("definitions", 0), lambda uow, _: _countable(uow, {}, {})
    )


def _countable(
    uow: UnitOfWork, given: Mapping[str, Diagram], asked: Mapping[str, Form]
) -> dict[str, frozenset[str]]:
    """Return what could be counted with these diagrams and forms over those in force."""
    diagrams = {each.key: read_diagram(uow, each.id) for each in all_latest(uow, "process")} | dict(given)
    return {
        key: _listed(one, "searchable") - _restricted_in(one, forms_of(uow, one, asked)).keys()
        for key, one in diagrams.items()
    }


def _listed(diagram: Diagram, property_name: str) -> frozenset[str]:
    names = diagram.properties.get(property_name, "").split(",")
    return frozenset(name.strip() for name in names if name.strip())


def forms_of(uow: UnitOfWork, diagram: Diagram, given: Mapping[str, Form] | None = None) -> list[Form]:
    """Return the forms in force that a diagram names, with those given in their place."""
    found = []
    for key in sorted(_form_keys(diagram)):
        known = latest_form(uow, key)
        form = (given or {}).get(key) or (known and known[1])
        if form:
            found.append(form)
    return found


def _missed(
    file_name: str, process: Diagram, element_id: str, element: diagram.Element | None, use: Use
) -> Finding:
    name = ".".join((*use.within, use.name))
    message = Text(
        "流程“{process}”的“{element}”还在用“{name}”。",
        "“{element}” of the process “{process}” still uses “{name}”.",
    )
    hint = Text(
        "保留它，或把改好的流程图一起上传。",
        "Keep it, or upload the changed diagram together with this file.",
    )
    told = message.format(process=process.name, element=element.name if element else element_id, name=name)
    return Finding("error", "still-used", told, hint, file=file_name, element_id=name)


def _user_tasks(diagrams: Iterable[Diagram]) -> frozenset[str]:
    return frozenset(
        element.id for one in diagrams for element in one.elements.values() if element.kind == "userTask"
    )


def _twice(read: Sequence[_Read]) -> list[Finding]:
    first: dict[tuple[Kind, str], str] = {}
    findings = []
    for file in read:
        for key in file.keys:
            if first.setdefault(key, file.name) != file.name:
                findings.append(
                    Finding(
                        "error",
                        "defined-twice",
                        Text(
                            "“{key}”在 {first} 中已经定义。", "“{key}” is defined in {first} already."
                        ).format(key=key[1], first=first[key]),
                        Text("改 id，或去掉其中一个文件。", "Change the id, or leave one of the files out."),
                        file=file.name,
                        element_id=key[1],
                    )
                )
    return findings


@dataclass(frozen=True)
class Candidate:
    """A diagram, table or form of files that may be deployed, beside what is in force."""

    file_name: str
    kind: Kind
    key: str
    in_force: Version | None
    is_same: bool  # as the version in force


def candidates(uow: UnitOfWork, files: Mapping[str, bytes]) -> list[Candidate]:
    """Return what these files would give a new version, as far as they can be read."""
    found = []
    for name, content in sorted(files.items()):
        sha256 = hashlib.sha256(content).hexdigest()
        for kind, key in dict.fromkeys(_Read(name, content).keys):
            present = latest(uow, kind, key)
            found.append(Candidate(name, kind, key, present, bool(present and present.sha256 == sha256)))
    return found


def differences(uow: UnitOfWork, before: Version, text: str) -> tuple[Difference, ...]:
    """Return what differs in a source from a version that was deployed."""
    decision = before.key if before.kind == "decision" else None
    return compare(before.file_name, source(uow, before.id), text, decision)


# ---- deploying -------------------------------------------------------------------------------------------


def deploy(
    uow: UnitOfWork,
    files: Mapping[str, bytes],
    *,
    by: User,
    reason: str,
    origin: Literal["page", "file"] = "page",
) -> list[Deployed]:
    """
    Give everything in these files a new version, or nothing.

    What is the same as its latest version gets none. Running instances keep their diagrams, open tasks their
    forms; decisions are made by the new tables from now on.

    Raises:
        InvalidDefinition: with all that is wrong with the files.
        InvalidInput: no reason is given, or there are no files.
    """
    require(by, Capability.DEPLOY)
    if origin == "page" and not reason.strip():
        raise InvalidInput(Text("请写明部署的原因。", "Please give the reason for the new version."))
    if not files:
        raise InvalidInput(Text("没有可部署的文件。", "There is nothing to deploy."))
    changed(uow, "definitions")  # from here on, nobody else deploys until this transaction ends
    findings = check_files(uow, files)
    if any(finding.severity == "error" for finding in findings):
        raise InvalidDefinition(findings)
    wanted = [item for name, content in sorted(files.items()) for item in _contents(name, content)]
    deployed = [_deploy_one(uow, item, by, reason, origin, findings) for item in wanted]
    _forget_latest(uow)
    news = [
        history.Line(
            history.Kind.DEPLOYED,
            user_name=by.name,
            definition_id=one.version.id,
            detail={
                "kind": one.version.kind,
                "key": one.version.key,
                "version": one.version.version,
                "note": reason,
                "origin": origin,
            },
        )
        for one in deployed
        if one.is_new
    ]
    history.write(uow, news)
    return deployed


@dataclass(frozen=True)
class _Item:
    """A diagram, table or form as it stands in a file."""

    kind: Kind
    key: str
    name: Text
    file_name: str
    content: bytes


def _contents(name: str, content: bytes) -> list[_Item]:
    file_name = PurePosixPath(name).name
    kind = kind_of(name)
    if kind == "paper":
        template = papers.read(content, file_name)
        return [_Item(kind, template.key, template.name, file_name, content)]
    if kind in ("registers", "figures"):
        return [_Item(kind, kind, _SINGLE_NAMES[kind], file_name, content)]
    if kind == "process":
        read = diagram.read(content, file_name)
        return [_Item(kind, read.process_id, read.name, file_name, content)]
    if kind == "decision":
        return [
            _Item(kind, one.key, one.name, file_name, content)
            for one in decision_files.read(content, file_name)
        ]
    asked = forms.read(content, file_name)
    return [_Item("form", asked.key, asked.name, file_name, content)]


_SINGLE_NAMES: Mapping[str, Text] = {
    registers.KEY: Text("登记簿", "Registers"),
    figures.KEY: Text("统计", "Figures"),
}


def _deploy_one(
    uow: UnitOfWork, item: _Item, by: User, reason: str, origin: str, findings: Sequence[Finding]
) -> Deployed:
    warnings = tuple(finding for finding in findings if PurePosixPath(finding.file).name == item.file_name)
    sha256 = hashlib.sha256(item.content).hexdigest()
    before = latest(uow, item.kind, item.key)
    if before is not None and before.sha256 == sha256:
        return Deployed(before, is_new=False, warnings=warnings)
    number = 1 if before is None else before.version + 1
    definition_id = uow.execute(
        insert(_definition)
        .values(
            kind=item.kind,
            key=item.key,
            version=number,
            name_zh=item.name.zh[:300],
            name_en=item.name.en[:300],
            file_name=item.file_name,
            source=item.content.decode("utf-8-sig"),
            sha256=sha256,
            origin=origin,
            reason=reason.strip(),
            deployed_by=by.name,
            deployed_at=uow.now,
        )
        .returning(_definition.c.id)
    ).scalar_one()
    made = Version(definition_id, item.kind, item.key, number, item.name, item.file_name, sha256)
    return Deployed(made, is_new=True, warnings=warnings)


def _forget_latest(uow: UnitOfWork) -> None:
    uow.cache.pop("in force", None)
    sources.forget(uow)


def deploy_folder(uow: UnitOfWork, folder: Path, by: User) -> list[Deployed]:
    """
    Deploy what is new in a folder's .bpmn, .dmn, .form and .html files, its registers.toml and figures.toml.

    A file that was deployed from disk before is left alone, so that it never overwrites a newer version that
    was made in the page.

    Raises:
        InvalidDefinition: with all that is wrong with the new files.
    """
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if kind_of(path.name) is not None and path.is_file()
    }
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in found.items()}
    known = set(
        uow.execute(
            select(_definition.c.sha256).where(
                _definition.c.origin == "file", _definition.c.sha256.in_(digests.values())
            )
        ).scalars()
    )
    new = {name: content for name, content in found.items() if digests[name] not in known}
    return deploy(uow, new, by=by, reason="", origin="file") if new else []


# ---- what is uploaded ------------------------------------------------------------------------------------


def unpack(uploads: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    """
    Return the diagrams, tables and forms of an upload: single files, and zip archives of them.

    Folders inside an archive do not matter. Nothing is unpacked to disk.

    Raises:
        InvalidInput: a malformed or too large archive, another kind of file, a name twice.
    """
    files: dict[str, bytes] = {}
    room = LARGEST_UPLOAD
    for name, content in uploads:
        entries = _entries(name, content, room) if name.lower().endswith(".zip") else [(name, content)]
        for entry, data in entries:
            plain = PurePosixPath(entry.replace("\\", "/")).name
            _require_plain(plain)
            if plain in files:
                raise InvalidInput(
                    Text("文件“{name}”出现了两次。", "The file “{name}” comes twice."), name=plain
                )
            room -= len(data)
            if room < 0 or len(files) >= MOST_FILES:
                raise _too_large()
            files[plain] = data
    return files


def _require_plain(name: str) -> None:
    if not _FILE_NAME.match(name):
        raise InvalidInput(
            Text("文件名“{name}”不能使用。", "The file name “{name}” cannot be used."), name=name
        )
    if kind_of(name) is None:
        raise InvalidInput(
            Text(
                "“{name}”不能部署：只接受 .bpmn、.dmn、.form、.html（单据）、registers.toml、figures.toml"
                "和它们的 .zip。",
                "“{name}” cannot be deployed: only .bpmn, .dmn, .form, .html (papers), registers.toml, "
                "figures.toml, or a .zip of them.",
            ),
            name=name,
        )


def _entries(archive_name: str, content: bytes, room: int) -> list[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [info for info in archive.infolist() if not _is_left_out(info)]
            # What the archive says of its sizes may be a lie: each is read no further than there is room.
            if len(members) > MOST_FILES or sum(info.file_size for info in members) > room:
                raise _too_large()
            entries = []
            for info in members:
                with archive.open(info) as stream:
                    data = stream.read(room + 1)
                room -= len(data)
                if room < 0:
                    raise _too_large()
                entries.append((info.filename, data))
            return entries
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
    ) as error:
        raise InvalidInput(
            Text("压缩包“{name}”无法打开。", "The archive “{name}” cannot be opened."), name=archive_name
        ) from error


def _is_left_out(info: zipfile.ZipInfo) -> bool:
    """Folders, and what macOS adds to every archive."""
    name = PurePosixPath(info.filename).name
    return (
        info.is_dir() or info.filename.startswith("__MACOSX/") or name.startswith("._") or name == ".DS_Store"
    )


def _too_large() -> InvalidInput:
    return InvalidInput(
        Text(
            "解开后太大：最多 {most} MB、{files} 个文件。",
            "It is too large when unpacked: at most {most} MB and {files} files.",
        ),
        most=LARGEST_UPLOAD // (1024 * 1024),
        files=MOST_FILES,
    )
