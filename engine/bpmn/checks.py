"""Reporting all that is wrong with a diagram, a table or a form."""

from __future__ import annotations

from collections.abc import Iterator

from engine import forms
from engine.bpmn import decision_files, decision_overlaps, grammar, safe_xml, service_checks
from engine.bpmn.content_checks import ContentCheck, Known
from engine.bpmn.copy_checks import CopyCheck
from engine.bpmn.decisions import DecisionTable, Rule
from engine.bpmn.drawing import BPMN, Drawing
from engine.bpmn.drawing_checks import REFUSED, DrawingCheck, check_ids
from engine.bpmn.expressions import InvalidExpression, compile_template, names_in
from engine.bpmn.expressions import compile as compile_expression
from engine.bpmn.extension_checks import check_extensions
from engine.bpmn.findings import Findings
from engine.bpmn.safe_xml import attribute, children, is_plain_id, local_name
from engine.bpmn.service_checks import KnownNames, Use
from engine.errors import Finding, InvalidDefinition
from engine.forms.components import Table, TextField, everything
from engine.texts import Text

__all__ = ["Known", "check", "copies"]


MOST_SHAPES = 1000


def check(source: bytes, file_name: str, known: Known) -> list[Finding]:
    """Return all findings about a file, by its ending: errors, which forbid its deployment, and warnings."""
    ending = file_name.lower().rpartition(".")[2]
    look = {"bpmn": _diagram, "dmn": _table, "form": _form}.get(ending)
    if look is None:
        findings = Findings(file_name)
        findings.add("wrong-ending", None)
        return findings.found
    try:
        found = look(source, file_name, known)
    except InvalidDefinition as error:
        found = list(error.findings)
    return sorted(found, key=lambda finding: (finding.severity != "error", finding.line or 0))


def _diagram(source: bytes, file_name: str, known: Known) -> list[Finding]:
    root = safe_xml.read(source, file_name)
    findings = Findings(file_name)
    if root.tag != f"{{{BPMN}}}definitions":
        findings.add("not-bpmn", root)
        return findings.found
    check_ids(root, findings)
    for element in children(root, *REFUSED):
        findings.add(
            "unsupported-element", element, kind=local_name(element), instead=REFUSED[local_name(element)]
        )
    for element in root.iter("{*}correlationKey", "{*}correlationSubscription"):
        findings.add("correlation-ignored", element, kind=local_name(element))
    processes = list(children(root, "process"))
    executable = [one for one in processes if attribute(one, "isExecutable") not in ("false", "0")]
    if not processes:
        findings.add("no-process", root)
    elif not executable:
        findings.add("not-executable", processes[0])
    elif len(executable) > 1:
        names = ", ".join(attribute(one, "name") or attribute(one, "id") for one in executable)
        findings.add("several-processes", executable[1], names=names)
    for process in executable[:1]:
        if not attribute(process, "id"):
            findings.add("missing-id", process, kind="process")
        drawing = Drawing(process)
        count = sum(map(len, drawing.scopes.values()))
        if count > MOST_SHAPES:
            findings.add("too-many-shapes", process, count=count, most=MOST_SHAPES)
            continue
        DrawingCheck(drawing, root, findings).run()
        ContentCheck(drawing, root, findings, known).run()
        check_extensions(drawing, root, findings)
        if known.restricted is not None:
            CopyCheck(drawing, findings, known.restricted, known.calls or {}).run()
    return findings.found


def copies(source: str, file_name: str, known: Known) -> list[Finding]:
    """Return what a diagram in force copies to where everybody sees it, as things are restricted now."""
    findings = Findings(file_name)
    for process in children(safe_xml.read(source, file_name), "process"):
        if attribute(process, "id") in (known.restricted or {}):
            CopyCheck(Drawing(process), findings, known.restricted or {}, known.calls or {}).run()
    return findings.found


def _table(source: bytes, file_name: str, known: Known) -> list[Finding]:
    tables, found = decision_files.examine(source, file_name)
    findings = Findings(file_name)
    for table in tables:
        named = [(rule.id, rule.line) for rule in table.rules if rule.id != f"#{rule.row}"]
        for one, line in [(table.key, table.line), *named]:
            if not is_plain_id(one):
                findings.note("bad-id", one[:80], table.name.zh, line, id=one[:80])
        for name, rule in _bare_words(table):
            findings.note("bare-word", table.key, table.name.zh, rule.line, name=name, row=rule.row)
        pairs: list[tuple[str, Rule, Rule]] = []
        if table.hit_policy == "UNIQUE":
            pairs = [("overlapping-rules", *pair) for pair in decision_overlaps.overlaps(table)[:20]]
        elif table.hit_policy == "FIRST":
            everything = next((rule for rule in table.rules[:-1] if not any(rule.cells)), None)
            if everything is not None:
                pairs = [("never-reached", everything, table.rules[everything.row])]
        for code, first, second in pairs:
            findings.note(code, table.key, table.name.zh, second.line, first=first.row, second=second.row)
    return [*found, *findings.found]


def _bare_words(table: DecisionTable) -> Iterator[tuple[str, Rule]]:
    """Give the cells that are one name, and no input of the table: as a rule texts that lack their quotes."""
    inputs = frozenset[str]().union(*(names_in(column.node)[0] for column in table.columns))
    given = {name for one in table.required for name in (one.key, one.variable, *one.outputs)}
    for rule in table.rules:
        for column, tests in zip(table.columns, rule.tests, strict=False):
            for name in (test.value.name for test in tests.tests if isinstance(test.value, grammar.Name)):
                if column.type in ("", "string") and name not in inputs | given | table.namings.keys():
                    yield name, rule


def _form(source: bytes, file_name: str, known: Known) -> list[Finding]:
    form = forms.read(source, file_name)
    findings = Findings(file_name)
    for each in form.expressions:
        try:
            compile_template(each.text) if "${" in each.text else compile_expression(each.text)
        except InvalidExpression as error:
            where = Text(f"{each.place} ", f"{each.place} ")
            findings.note(
                "bad-expression", each.component_id, each.key or "", None,
                where=where, text=each.text[:80], reason=error.message,
            )  # fmt: skip
    if known.names is not None:
        _check_registers(form, known.names, findings)
    return [*form.findings, *findings.found]


def _check_registers(form: forms.Form, known: KnownNames, findings: Findings) -> None:
    """Look for registers that a form names and that are not there."""
    for shown in everything(form.definition.components):
        for labels in shown.labelled.values() if isinstance(shown, Table) else ():
            if not service_checks.labels_are_there(labels, known):
                findings.note("unknown-labels", shown.id, "", None, name=labels)
        if isinstance(shown, TextField) and shown.register and shown.register not in known.registers:
            near = service_checks.near_to(Use("register", shown.register), known)
            code = service_checks.CODES["register"]
            findings.note(code, shown.id, shown.label.zh, None, name=shown.register, near=near)
