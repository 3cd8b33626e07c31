"""Who may see and change registers; what people add and change by hand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from engine.database import UnitOfWork
from engine.errors import InvalidForm, NotFound, NotPermitted
from engine.identity import Capability, User
from engine.registers import definition, records
from engine.registers.definition import EVERYBODY
from engine.registers.shapes import Register
from engine.texts import Text
from engine.visibility import HIDDEN


def is_one_of(by: User, groups: Collection[str]) -> bool:
    """Whether the user, or somebody stood in for, is in one of these groups."""
    return (EVERYBODY in groups and by.is_employee) or not by.all_groups.isdisjoint(groups)


def may_see(by: User, register: Register) -> bool:
    """Whether the user may see a register: who may change it sees it, too."""
    return (
        by.may(Capability.AUDIT)
        or is_one_of(by, register.may_see)
        or is_one_of(by, register.may_change)
        or is_one_of(by, register.may_see_restricted)
    )


def sees_any(uow: UnitOfWork, by: User) -> bool:
    """Whether there is a register that the user may see."""
    return any(may_see(by, each) for each in definition.catalogue(uow).registers.values())


def visible(uow: UnitOfWork, key: str, by: User) -> Register:
    """Return a register that the user may see. Raises NotFound."""
    found = definition.register(uow, key)
    if not may_see(by, found):
        raise NotFound(Text("没有登记簿“{key}”。", "There is no register “{key}”."), key=key)
    return found


def changeable(uow: UnitOfWork, key: str, by: User) -> Register:
    """
    Return a register that the user may change.

    Raises:
        NotFound: there is none, or none that the user may see.
        NotPermitted: the user may only see it.
    """
    found = visible(uow, key, by)
    if not is_one_of(by, found.may_change):
        raise NotPermitted(
            Text("您不能改动登记簿“{name}”。", "You may not change the register “{name}”."), name=found.name
        )
    return found


def hidden_fields(by: User, register: Register) -> frozenset[str]:
    """Return the fields that the user may not see."""
    return frozenset() if is_one_of(by, register.may_see_restricted) else register.restricted


def add_by_hand(uow: UnitOfWork, key: str, submitted: Mapping[str, Any], by: User) -> str:
    """
    Add a record that somebody filled in; return its number.

    Raises:
        NotFound, NotPermitted: as ``changeable``.
        InvalidForm: something is wrong with the values, by field.
    """
    register = changeable(uow, key, by)
    written = records.add(uow, register, submitted, by=by.name)
    records.write_lines(uow, [written])
    return written.record.number


def change_by_hand(
    uow: UnitOfWork, key: str, number: str, submitted: Mapping[str, Any], revision: int, by: User
) -> None:
    """
    Change a record that somebody looked at in this revision.

    A restricted field that the user may not see stays as it is.

    Raises:
        NotFound, NotPermitted: as ``changeable``; or there is no such record.
        Conflict: somebody has changed it since.
        InvalidForm: something is wrong with the values, by field.
    """
    register = changeable(uow, key, by)
    hidden = hidden_fields(by, register)
    if any(submitted[field] not in (None, "", HIDDEN) for field in hidden & submitted.keys()):
        message = Text("您不能改这个字段。", "You may not change this field.")
        raise InvalidForm(dict.fromkeys(sorted(hidden & submitted.keys()), (message,)))
    given = {field: value for field, value in submitted.items() if field not in hidden}
    records.write_lines(uow, [records.change(uow, register, number, given, by=by.name, revision=revision)])
