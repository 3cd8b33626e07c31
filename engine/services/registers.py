"""Services that read and write registers, issue papers and give numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine import numbers, papers, registers
from engine.bpmn.execution import ServiceCall, Variables
from engine.errors import InvalidForm, InvalidInput, NotFound
from engine.history import Kind, Line
from engine.registers import records
from engine.registers.records import Written
from engine.registers.shapes import Register
from engine.services.asking import (
    Requests,
    Topic,
    all_or_nothing,
    mapping_of,
    named,
    only,
    text_of,
    wrong,
)
from engine.texts import Text

MOST_RECORDS = 1000
_PREFIX = "v_"


def register_find(requests: Requests, call: ServiceCall) -> Variables:
    """
    Find one record, by its number or by indexed fields.

    ``register``; ``number`` or ``where`` (field → value). Gives ``record``: all fields, ``number`` and
    ``title``; null where there is none. Several that fit are wrong use.
    """
    only(call, "register", "number", "where")
    register, uow = _register(requests, call), requests.uow
    if "where" not in call.inputs:
        number = text_of(call, "number", "")
        found = records.find(uow, register, number) if number else None
        return {"record": found and found.as_variable()}
    several = _matching(requests, call, register, 2)
    if len(several) > 1:
        raise wrong(call, Text("有多条符合，请用 register_list", "several records fit; use register_list"))
    return {"record": several[0].as_variable() if several else None}


def register_list(requests: Requests, call: ServiceCall) -> Variables:
    """
    List the records whose indexed fields have these values.

    ``register``, ``where`` (field → value; all without it), ``limit`` (200). Gives ``records``, ``count``.
    """
    only(call, "register", "where", "limit")
    limit = text_of(call, "limit", "200")
    if not limit.isdecimal() or not 0 < int(limit) <= MOST_RECORDS:
        raise wrong(call, Text("limit 应为 1 到 1000", "“limit” should be from 1 to 1000"))
    found = _matching(requests, call, _register(requests, call), int(limit))
    return {"records": [each.as_variable() for each in found], "count": len(found)}


@all_or_nothing
def register_add(requests: Requests, call: ServiceCall) -> Variables:
    """
    Add a record for the case.

    ``register``; ``values`` (field → value), or one input ``v_FIELD`` each. Gives ``number``, ``record``.
    Refused: a wrong or missing value, a number that is taken, an unknown reference, days that overlap.
    """
    only(call, "register", "values", prefix=_PREFIX)
    register = _register(requests, call)
    try:
        written = records.add(requests.uow, register, _values(call, register), by=requests.user_name)
    except InvalidForm as error:
        raise named(register, error) from error
    return _written(requests, written)


@all_or_nothing
def register_change(requests: Requests, call: ServiceCall) -> Variables:
    """
    Change some fields of a record for the case; null empties one.

    ``register``, ``number``; ``values`` or ``v_FIELD``. Gives ``number``, ``record``. Refused: as for
    register_add, and where there is no such record.
    """
    only(call, "register", "number", "values", prefix=_PREFIX)
    register, number = _register(requests, call), text_of(call, "number")
    given = _values(call, register)
    try:
        written = records.change(requests.uow, register, number, given, by=requests.user_name)
    except InvalidForm as error:
        raise named(register, error) from error
    return _written(requests, written)


def _register(requests: Requests, call: ServiceCall) -> Register:
    try:
        return registers.register(requests.uow, text_of(call, "register"))
    except NotFound as error:
        raise wrong(call, error.message) from error


def _matching(requests: Requests, call: ServiceCall, register: Register, limit: int) -> list[records.Record]:
    try:
        return records.matching(requests.uow, register, mapping_of(call, "where"), limit)
    except InvalidInput as error:
        raise wrong(call, error.message) from error


def _values(call: ServiceCall, register: Register) -> dict[str, Any]:
    given = dict(mapping_of(call, "values"))
    given |= {
        name.removeprefix(_PREFIX): value for name, value in call.inputs.items() if name.startswith(_PREFIX)
    }
    for name in given:
        if name not in register.fields:
            message = Text("登记簿没有字段 {name}", "the register has no field “{name}”")
            raise wrong(call, message.format(name=name))
    return given


def _written(requests: Requests, written: Written) -> Variables:
    if written.line is not None:
        requests.lines.append(written.line)
    return {"number": written.record.number, "record": written.record.as_variable()}


@all_or_nothing
def issue_paper(requests: Requests, call: ServiceCall) -> Variables:
    """
    Issue a paper and keep it with the case.

    ``paper``: the template's file name. ``values``: dict, seen beside the case's variables. ``record``: such
    as "pass:ZHZ-2026-00001", what the paper's code tells of. Gives ``paper_number``, ``paper_id``.
    """
    only(call, "paper", "values", "record")
    values: Mapping[str, Any] = {**call.variables, **mapping_of(call, "values")}
    made = papers.issue(
        requests.uow,
        text_of(call, "paper"),
        values,
        requests.instance_id,
        requests.user_name,
        record=text_of(call, "record", ""),
    )
    detail = {
        "zh": f"{made.name.zh} {made.number}",
        "en": f"{made.name.en} {made.number}",
        "paper": made.id,
    }
    requests.lines.append(
        Line(Kind.PAPER_ISSUED, call.element_id, user_name=requests.user_name, detail=detail)
    )
    return {"paper_number": made.number, "paper_id": made.id}


@all_or_nothing
def next_number(requests: Requests, call: ServiceCall) -> Variables:
    """Give the next number of ``series``, a pattern such as ``ZHZ-{year}-{n:05}``: ``number``."""
    only(call, "series")
    try:
        return {"number": numbers.next_number(requests.uow, text_of(call, "series"))}
    except InvalidInput as error:
        raise wrong(call, error.message) from error


REGISTER_TOPICS: Mapping[str, Topic] = {
    "register_find": register_find,
    "register_list": register_list,
    "register_add": register_add,
    "register_change": register_change,
    "issue_paper": issue_paper,
    "next_number": next_number,
}
