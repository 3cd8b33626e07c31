"""What several pages need: names, labels, readable values, the timeline."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, or_, select

from engine import definitions, identity, registers, runtime, tables
from engine.bpmn.decisions import Naming, Rule
from engine.bpmn.diagram import Diagram, Element, Program
from engine.database import UnitOfWork
from engine.forms import Form
from engine.forms.components import (
    ChoiceField,
    ExpressionField,
    Field,
    FileField,
    NumberField,
    RowsField,
    Table,
    everything,
    fields_of,
)
from engine.forms.formatting import amount_text, in_both, number_text
from engine.history import Kind, Record
from engine.identity import User
from engine.queries.shapes import (
    Answer,
    Change,
    Count,
    DecisionShown,
    FileLine,
    FormSheet,
    Group,
    HistoryLine,
    Person,
    Quantity,
)
from engine.registers import records
from engine.texts import Text, same

COUNTED_UP_TO = 1000
DUE_SOON = timedelta(hours=2)
_UPLOADED_LATELY = timedelta(days=7)

_task, _attachment = tables.user_task, tables.attachment


def count(number: int) -> Count:
    """Return a number counted up to the limit."""
    return Count(min(number, COUNTED_UP_TO), number > COUNTED_UP_TO)


_EVERYBODY = Text("全体员工", "every employee")


class Names:
    """Names of people, groups and processes, each looked up once."""

    def __init__(self, uow: UnitOfWork, people: Iterable[str | None] = ()) -> None:
        self._uow = uow
        self._people = identity.names_of(uow, people)
        self._groups = {identity.EVERYBODY: _EVERYBODY, **identity.groups(uow)}
        self._customers: dict[str, str] = {}

    def person(self, name: str | None) -> Person | None:
        """Return a person; None for nobody."""
        if not name:
            return None
        return Person(name, self._people.get(name, name))

    def somebody(self, name: str) -> Person:
        """Return a person who is known to be there."""
        return Person(name, self._people.get(name, name))

    def groups(self, keys: Iterable[str]) -> tuple[Group, ...]:
        """Return groups; a key that is no group's is shown itself."""
        return tuple(Group(key, self._groups.get(key, same(key))) for key in keys)

    def customer(self, number: str) -> str:
        """Return a customer's name; the number where there is no such customer any more."""
        if number not in self._customers:
            register = registers.catalogue(self._uow).ledger.customer_register
            found = records.titles(self._uow, register, {number}) if register else {}
            self._customers[number] = found.get(number, number)
        return self._customers[number]

    def codes(self, naming: Naming) -> Mapping[str, Text]:
        """Return what a variable's codes mean, as its decision table says or knows who says."""
        if naming.source == "groups":
            return self._groups
        return {**registers.catalogue(self._uow).labels(naming.source), **naming.codes}

    def process(self, key: str) -> Text:
        """Return a process's name, as its newest version has it."""
        found = definitions.latest(self._uow, "process", key)
        return same(key) if found is None else found.name


# ---- values ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Words:
    """What diagrams and decision tables call a variable, and what its codes mean."""

    label: Text
    codes: Mapping[str, Text]
    is_amount: bool


@dataclass(frozen=True)
class Labels:
    """How a case's variables are called, by the forms that ask for them, else by the tables that decide."""

    fields: Mapping[str, Field]
    hidden: frozenset[str]
    files: Mapping[str, FileLine] = field(default_factory=dict)
    columns: Mapping[str, Table] = field(default_factory=dict)  # how forms show lists
    words: Mapping[str, Words] = field(default_factory=dict)

    def label(self, name: str) -> Text:
        """Return a variable's label, else its name."""
        if self._is_asked(name):
            return self.fields[name].label
        decided = self.words.get(name)
        return decided.label if decided is not None and decided.label.zh else same(name)

    def is_named(self, name: str) -> bool:
        """Whether a form asks for a variable or people have a word for it; else only owners do."""
        asked = self.fields.get(name)
        is_typed = asked is not None and not isinstance(asked, ExpressionField)
        return is_typed or self.label(name) != same(name)

    def is_hidden(self, name: str) -> bool:
        """Whether a variable, or an expression that uses one, may not be seen."""
        return bool(self.hidden) and not self.hidden.isdisjoint(re.findall(r"[^\W\d]\w*", name))

    def answer(self, name: str, value: Any) -> Answer:
        """Return one variable, readable."""
        told = Answer(name, self.label(name), self.readable(name, value), is_asked=self._is_asked(name))
        return replace(told, value=None, is_hidden=True) if self.is_hidden(name) else told

    def _is_asked(self, name: str) -> bool:
        asked = self.fields.get(name)
        return asked is not None and asked.label.zh not in ("", name)

    def change(self, name: str, old: Any, new: Any) -> Change:
        """Return one variable before and after."""
        if self.is_hidden(name):
            return Change(name, self.label(name), None, None, is_hidden=True)
        return Change(name, self.label(name), self.readable(name, old), self.readable(name, new))

    def readable(self, name: str, value: Any) -> Any:
        """Return a value as people read it: an option's text, a file's line."""
        asked = self.fields.get(name)
        options = {} if isinstance(value, Text) else self._options(name)
        if options and not isinstance(value, Mapping):
            if isinstance(value, list):
                return [options.get(str(item), item) for item in value]
            return options.get(_option(value), value)
        if _is_number(value) and (isinstance(asked, NumberField) or self._is_amount(name)):
            return Quantity(
                number_text(asked, value) if isinstance(asked, NumberField) else amount_text(value)
            )
        if isinstance(asked, FileField) and isinstance(value, list):
            ids = (str(item.get("file")) for item in value if isinstance(item, Mapping))
            return tuple(self.files[id_] for id_ in ids if id_ in self.files)
        if isinstance(value, Mapping):
            return self._in_rows_of(name)._row(value, self.columns.get(name))
        if isinstance(value, list):
            rows, shown = self._in_rows_of(name), self.columns.get(name)
            return [rows._row(item, shown) if isinstance(item, Mapping) else item for item in value]
        return value

    def _is_amount(self, name: str) -> bool:
        return name in self.words and self.words[name].is_amount

    def _options(self, name: str) -> Mapping[str, Text]:
        """Return what a variable's codes mean; nothing where it has none."""
        asked, decided = self.fields.get(name), self.words.get(name)
        offered = (
            {option.value: option.label for option in asked.options} if isinstance(asked, ChoiceField) else {}
        )
        return {**(decided.codes if decided else {}), **offered}

    def _in_rows_of(self, name: str) -> Labels:
        """Return how things are called within the rows of a list."""
        asked = self.fields.get(name)
        own = {one.key: one for one, _ in fields_of(asked.components)} if isinstance(asked, RowsField) else {}
        return replace(self, fields={**self.fields, **own})

    def _head(self, key: str, shown: Table | None) -> Text:
        """Return what a column of a list is called: by its own table, by a field, else by any table."""
        own = [dict(shown.columns_of_table)] if shown else []
        others = [dict(table.columns_of_table) for table in self.columns.values()]
        told = [heads[key] for heads in own if key in heads] or [self.label(key)]
        return (
            told[0]
            if told[0] != same(key)
            else next((heads[key] for heads in others if key in heads), told[0])
        )

    def _row(self, row: Mapping[str, Any], shown: Table | None) -> Mapping[Any, Any]:
        """Return a record with its labels; a file stays as it is."""
        if {"file", "name", "size"} <= set(row):
            return row
        read: dict[str | Text, Any] = {}
        for key in row:
            if not self.is_hidden(key) and key.removesuffix("En") not in row.keys() - {key}:
                value = in_both(row, key)
                label = self._head(key, shown)
                is_amount = shown is not None and key in shown.amounts and _is_number(value)
                told = Quantity(amount_text(value)) if is_amount else self.readable(key, value)
                read[key if label in read else label] = told  # labels may occur twice
        return read


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _option(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def kinds_of_cases(uow: UnitOfWork) -> dict[str, Text]:
    """Return the processes that have cases of their own, with their names; not those that are only called."""
    return {
        version.key: version.name
        for version in definitions.all_latest(uow, "process")
        if _begins_cases(definitions.read_diagram(uow, version.id))
    }


def _begins_cases(diagram: Diagram) -> bool:
    return bool(diagram.starter_groups or diagram.start_messages)


def labels(uow: UnitOfWork, case: Any, hidden: frozenset[str], names: Names | None = None) -> Labels:
    """Return how a case's variables are called, and which of them stay hidden."""
    forms = case_forms(uow, case)
    fields = {asked.key: asked for form in forms for asked in form.fields}
    found = {str(line.id): line for line in case_files(uow, case.id, fields, hidden, names)}
    columns = {
        name: shown
        for form in forms
        for shown in everything(form.definition.components)
        if isinstance(shown, Table)
        for name in re.findall(r"[^\W\d]\w*", shown.source)
    }
    diagrams = [definitions.read_diagram(uow, int(id_)) for id_ in case.definition_ids.split(",")]
    return Labels(fields, hidden, found, columns, words(uow, diagrams, names or Names(uow)))


def words(uow: UnitOfWork, diagrams: Iterable[Diagram], names: Names) -> dict[str, Words]:
    """Return what diagrams call their variables, and the decision tables that they ask, as these are now."""
    diagrams = tuple(diagrams)
    keys = dict.fromkeys(key for diagram in diagrams for key in diagram.decisions)
    found = (definitions.latest(uow, "decision", key) for key in keys)
    by_tables = {
        name: Words(naming.label, names.codes(naming), naming.is_amount)
        for version in found
        if version is not None
        for name, naming in definitions.table(uow, version.id).namings.items()
    }
    return by_tables | {name: one for diagram in diagrams for name, one in _own_words(diagram).items()}


def _own_words(diagram: Diagram) -> dict[str, Words]:
    """Return what a diagram calls variables: ``label.NAME``, and their codes: ``label.NAME.CODE``."""
    labels: dict[str, Text] = {}
    codes: dict[str, dict[str, Text]] = {}
    for key, label in diagram.properties.items():
        kind, name, code = (*key.split(".", 2), "", "")[:3]
        if kind != "label" or not name:
            continue
        text = Text(label, diagram.properties.get(f"labelEn.{key.partition('.')[2]}", label))
        if code:
            codes.setdefault(name, {})[code] = text
        else:
            labels[name] = text
    return {
        name: Words(label, codes.get(name, {}), diagram.properties.get(f"kind.{name}") == "amount")
        for name, label in labels.items()
    }


def case_forms(uow: UnitOfWork, case: Any) -> list[Form]:
    """Return the start form, then the forms of the case's tasks, in order of their first use."""
    root = definitions.read_diagram(uow, int(case.definition_ids.split(",")[0]))
    begun_with = definitions.latest_form(uow, root.start_form_key)
    rows = uow.execute(
        select(_task.c.form_id)
        .where(_task.c.instance_id == case.id, _task.c.form_id.is_not(None))
        .order_by(_task.c.created_at)
    ).scalars()
    later = [definitions.form(uow, form_id) for form_id in dict.fromkeys(rows)]
    return ([begun_with[1]] if begun_with else []) + later


def case_files(
    uow: UnitOfWork,
    instance_id: int,
    fields: Mapping[str, Field],
    hidden: frozenset[str],
    names: Names | None = None,
) -> tuple[FileLine, ...]:
    """Return the files of a case that may be seen, in order of their upload."""
    rows = uow.execute(
        select(_attachment)
        .where(_attachment.c.instance_id == instance_id)
        .order_by(_attachment.c.uploaded_at)
    ).all()
    names = names or Names(uow, (row.uploaded_by for row in rows))
    return tuple(
        FileLine(
            id=row.id,
            file_name=row.file_name,
            content_type=row.content_type,
            size=row.size,
            uploaded_by=names.somebody(row.uploaded_by),
            uploaded_at=row.uploaded_at,
            variable=row.variable,
            label=fields[row.variable].label if row.variable in fields else None,
        )
        for row in rows
        if row.variable not in hidden
    )


def sheet(
    uow: UnitOfWork,
    form: Form,
    known: Mapping[str, Any],
    by: User,
    *,
    draft: Mapping[str, Any] | None = None,
    instance_id: int | None = None,
) -> FormSheet:
    """Return a form ready to be drawn for somebody."""
    uploaded = and_(
        _attachment.c.instance_id.is_(None),
        _attachment.c.uploaded_by == by.name,
        _attachment.c.uploaded_at > uow.now - _UPLOADED_LATELY,
    )
    takes_files = bool(form.file_keys) or any(
        form.takes_file(f"{asked.key}.0.{inner}") for asked, inner in _inner(form)
    )
    rows = (
        uow.execute(
            select(_attachment)
            .where(or_(uploaded, _attachment.c.instance_id == instance_id) if instance_id else uploaded)
            .order_by(_attachment.c.uploaded_at.desc())
            .limit(500)
        ).all()
        if takes_files
        else ()
    )
    return FormSheet(
        form=form,
        known=known,
        draft=draft,
        zone=uow.centre.zone,
        evaluate=runtime.evaluation(uow),
        labels=registers.catalogue(uow).labels,
        files={
            str(row.id): {"id": row.id, "name": row.file_name, "size": row.size, "type": row.content_type}
            for row in rows
        },
    )


def _inner(form: Form) -> list[tuple[Field, str]]:
    return [
        (asked, inner.key)
        for asked in form.fields
        for inner in getattr(asked, "components", ())
        if isinstance(inner, Field)
    ]


# ---- the timeline ----------------------------------------------------------------------------------------

_SENTENCES: Mapping[Kind, Text] = {
    Kind.STARTED: Text("发起", "started the case"),
    Kind.CLAIMED: Text("认领“{element}”", "claimed “{element}”"),
    Kind.GIVEN_BACK: Text("退回“{element}”", "gave back “{element}”"),
    Kind.HANDED_OVER: Text("把“{element}”转交给{to}", "handed over “{element}” to {to}"),
    Kind.COMPLETED: Text("完成“{element}”", "completed “{element}”"),
    Kind.DECIDED: Text(
        "按决策表“{table}”第 {version} 版判定", "decided by table “{table}”, version {version}"
    ),
    Kind.TIMER_FIRED: Text("到时：“{element}”", "time was up: “{element}”"),
    Kind.MESSAGE_SENT: Text("发出消息“{name}”", "sent the message “{name}”"),
    Kind.MESSAGE_CAUGHT: Text("收到消息“{name}”", "received the message “{name}”"),
    Kind.NOTIFIED: Text("通知{to}：{said}", "told {to}: {said}"),
    Kind.INCIDENT: Text("“{element}”出现异常：{said}", "“{element}” could not go on: {said}"),
    Kind.RETRIED: Text("重试“{element}”", "tried “{element}” again"),
    Kind.ENDED: Text("结束于“{element}”", "ended at “{element}”"),
    Kind.CANCELLED: Text("终止", "cancelled the case"),
    Kind.COMMENTED: Text("备注", "left a comment"),
    Kind.RECORD_ADDED: Text("登记：{said}", "registered {said}"),
    Kind.RECORD_CHANGED: Text("更新登记：{said}", "changed the record of {said}"),
    Kind.POSTED: Text("记账：{said}", "posted: {said}"),
    Kind.PAPER_ISSUED: Text("出具单据：{said}", "issued {said}"),
}


def element_of(program: Program, element_id: str | None) -> Element | None:
    """Return an element of a process, or of one that it calls."""
    if element_id is None:
        return None
    here = program.root.elements.get(element_id)
    return here or next(
        (one.elements[element_id] for one in program.diagrams.values() if element_id in one.elements), None
    )


def element_name(program: Program, element_id: str | None) -> Text | None:
    """Return an element's name; its id where it has none."""
    found = element_of(program, element_id)
    if found is None:
        return None if element_id is None else same(element_id)
    return found.name if found.name.zh else same(found.id)


def people_in(history: Sequence[Record]) -> set[str | None]:
    """Return everybody whom a history names."""
    named = {record.user_name for record in history} | {record.for_user for record in history}
    told = {record.detail.get("to") for record in history}
    return named | {to.removeprefix("u:") for to in told if isinstance(to, str)}


def timeline(
    uow: UnitOfWork, history: Sequence[Record], program: Program, labels: Labels, names: Names
) -> tuple[HistoryLine, ...]:
    """Return a case's history as it is read, in its order."""
    return tuple(_line(uow, record, program, labels, names) for record in history)


def _line(uow: UnitOfWork, record: Record, program: Program, labels: Labels, names: Names) -> HistoryLine:
    detail, name = record.detail, element_name(program, record.element_id)
    decision = _decision(uow, record, labels) if record.kind == Kind.DECIDED else None
    sentence = _SENTENCES.get(record.kind, same(str(record.kind)))
    version = definitions.version(uow, record.definition_id).version if record.definition_id else None
    return HistoryLine(
        id=record.id,
        at=record.at,
        kind=str(record.kind),
        text=sentence.format(
            element=name or "",
            to=_recipient(detail.get("to"), names),
            said=_said(detail, names),
            name=_event_name(record, program),
            table=decision.name if decision else "",
            version=version or "",
        ),
        element_id=record.element_id,
        element_name=name,
        by=names.person(record.user_name),
        on_behalf_of=names.person(record.for_user),
        version=version,
        note=str(detail.get("note", "")),
        changes=tuple(
            labels.change(variable, old, new)
            for variable, (old, new) in detail.get("changes", {}).items()
            if labels.is_named(variable)
        ),
        decision=decision,
    )


def _event_name(record: Record, program: Program) -> Text:
    """Return a message as the event is called that sent or received it; else as the diagrams know it."""
    event = element_of(program, record.element_id or next(iter(record.detail.get("passed", ())), None))
    return event.name if event is not None and event.name.zh else same(str(record.detail.get("name", "")))


def _said(detail: Mapping[str, Any], names: Names) -> Text:
    told = Text(str(detail.get("zh", "")), str(detail.get("en", "")))
    if "customer" not in detail:
        return told
    party = f"{detail.get('unit', '')} {names.customer(detail['customer'])}".strip()
    return Text("{told}（{party}）", "{told} ({party})").format(told=told, party=party)


def _recipient(to: Any, names: Names) -> Text:
    if not isinstance(to, str):
        return same("")
    if to.startswith("g:"):
        return names.groups([to[2:]])[0].name
    return same(names.somebody(to.removeprefix("u:")).full_name)


def _decision(uow: UnitOfWork, record: Record, labels: Labels) -> DecisionShown:
    """Return a decision; what it said, and by which rules, tells of its inputs and becomes variables."""
    detail = record.detail
    result = detail.get("result")
    inputs = tuple(labels.answer(name, value) for name, value in detail.get("inputs", {}).items())
    becomes = [detail.get("variable", ""), *_outputs(result)]
    is_hidden = any(each.is_hidden for each in inputs) or any(labels.is_hidden(name) for name in becomes)
    made = definitions.version(uow, record.definition_id or 0)
    rules = definitions.table(uow, made.id).rules
    return DecisionShown(
        key=made.key,
        name=made.name,
        definition_id=made.id,
        version=made.version,
        inputs=inputs,
        result=None if is_hidden else _told(result, detail.get("variable", ""), labels),
        rules=() if is_hidden else tuple(_rule(one) for one in rules if one.id in detail.get("rules", ())),
        is_hidden=is_hidden,
    )


def _told(result: Any, variable: str, labels: Labels) -> Any:
    """Return what a decision said, as the forms and its table name it."""
    if isinstance(result, list):
        return [_told(one, variable, labels) for one in result]
    if not isinstance(result, Mapping):
        return labels.readable(variable, result)
    return {labels.label(name): labels.readable(name, value) for name, value in result.items()}


def _rule(rule: Rule) -> Text:
    """Return a rule as people find it in the table: its row and its annotation."""
    place = Text("第 {row} 行", "Row {row}").format(row=rule.row)
    if not rule.documentation.zh:
        return place
    return Text("{place}：{said}", "{place}: {said}").format(place=place, said=rule.documentation)


def _outputs(result: Any) -> set[str]:
    rows = result if isinstance(result, list) else [result]
    return {name for row in rows if isinstance(row, Mapping) for name in row}


def is_overdue(uow: UnitOfWork, row: Any) -> bool:
    """Whether an open task's time has passed."""
    return row.status == "open" and row.due_at is not None and row.due_at < uow.now
