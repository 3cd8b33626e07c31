"""Users, their groups, and what they may do."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from sqlalchemy import select

from engine import passwords, tables
from engine.database import UnitOfWork
from engine.editions import editions
from engine.errors import NotPermitted
from engine.texts import Text


class Capability(StrEnum):
    """What a group's members may do beyond the tasks of their groups."""

    DEPLOY = "deploy"  #: process owners: diagrams, tables, forms
    AUDIT = "audit"  #: see every case
    ADMINISTER = "administer"  #: people, groups, the calendar
    CANCEL = "cancel"  #: end a case with a reason; hand over a task that nobody can do
    RETRY = "retry"  #: try a stopped element again


CAPABILITY_NAMES = {
    Capability.DEPLOY: Text("部署流程", "deploy processes"),
    Capability.AUDIT: Text("查看全部案件", "see every case"),
    Capability.ADMINISTER: Text("管理人员和日历", "manage people and the calendar"),
    Capability.CANCEL: Text("终止案件", "cancel cases"),
    Capability.RETRY: Text("重试异常", "retry incidents"),
}


#: The group that a diagram means by "*", and by naming nobody: every employee.
EVERYBODY = "*"


@dataclass(frozen=True)
class Principal:
    """Somebody whom a substitute stands in for today."""

    name: str
    full_name: str
    groups: frozenset[str]


@dataclass(frozen=True)
class User:
    """A person who uses the program, as of today."""

    name: str
    full_name: str
    groups: frozenset[str] = frozenset()
    capabilities: frozenset[str] = frozenset()
    language: str = "zh"
    standing_in_for: tuple[Principal, ...] = ()
    is_employee: bool = True  # False for those whose groups are all external, such as advisors
    session_number: int = 1

    def may(self, capability: Capability) -> bool:
        """Whether one of the user's own groups has this capability; a substitute does not inherit any."""
        return capability in self.capabilities

    @cached_property
    def all_groups(self) -> frozenset[str]:
        """The user's own groups, and those of everybody the user stands in for."""
        return self.groups.union(*(principal.groups for principal in self.standing_in_for))

    @cached_property
    def all_names(self) -> tuple[str, ...]:
        """The user's own name, and those of everybody the user stands in for."""
        return (self.name, *(principal.name for principal in self.standing_in_for))

    @cached_property
    def holders(self) -> frozenset[str]:
        """The user as the tables name those who may see or claim: ``u:NAME`` and ``g:GROUP``."""
        groups = self.all_groups | ({EVERYBODY} if self.is_employee else set())
        return frozenset([f"u:{name}" for name in self.all_names] + [f"g:{group}" for group in groups])


#: The program itself: what set-up deploys, and what a timer does.
SYSTEM = User("system", "Banjie", capabilities=frozenset(Capability), language="en")


# ---- who is there ----------------------------------------------------------------------------------------


def user(uow: UnitOfWork, name: str) -> User | None:
    """Return a person who may log in, with today's groups and substitutions; None if there is none."""
    account, group = tables.user_account, tables.user_group
    rows = uow.execute(
        select(
            account.c.name,
            account.c.full_name,
            account.c.language,
            account.c.session_number,
            group.c.key,
            group.c.side,
            group.c.capabilities,
        )
        .select_from(
            account.outerjoin(
                tables.membership.join(group, group.c.key == tables.membership.c.group_key),
                tables.membership.c.user_name == account.c.name,
            )
        )
        .where(account.c.name == name, account.c.active)
    ).all()
    if not rows:
        return None
    groups = [row for row in rows if row.key is not None]
    return User(
        name=rows[0].name,
        full_name=rows[0].full_name,
        groups=frozenset(row.key for row in groups),
        capabilities=frozenset(name for row in groups for name in json.loads(row.capabilities)),
        language=rows[0].language,
        standing_in_for=_principals(uow, name),
        is_employee=any(row.side != "external" for row in groups),
        session_number=rows[0].session_number,
    )


def _principals(uow: UnitOfWork, name: str) -> tuple[Principal, ...]:
    today = uow.now.astimezone(uow.centre.zone).date()
    named, account = tables.substitution, tables.user_account
    rows = uow.execute(
        select(account.c.name, account.c.full_name, tables.membership.c.group_key)
        .select_from(
            named.join(account, account.c.name == named.c.user_name).outerjoin(
                tables.membership, tables.membership.c.user_name == account.c.name
            )
        )
        .where(
            named.c.substitute_name == name,
            named.c.first_day <= today,
            named.c.last_day >= today,
            named.c.revoked_at.is_(None),
            account.c.active,
        )
        .order_by(account.c.name)
    )
    groups: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        groups.setdefault((row.name, row.full_name), set()).update([row.group_key] if row.group_key else [])
    return tuple(Principal(*who, frozenset(keys)) for who, keys in groups.items())


def authenticate(uow: UnitOfWork, name: str, password: str) -> User | None:
    """Return the person with this name and password; None if there is none, after as long a time."""
    stored = uow.execute(
        select(tables.user_account.c.password_hash).where(
            tables.user_account.c.name == name, tables.user_account.c.active
        )
    ).scalar()
    return user(uow, name) if passwords.matches(stored, password) else None


def names_of(uow: UnitOfWork, names: Iterable[str | None]) -> dict[str, str]:
    """Return the full names of these people; a name that nobody has stands for itself."""
    wanted = {name for name in names if name}
    if not wanted:
        return {}
    found = uow.execute(
        select(tables.user_account.c.name, tables.user_account.c.full_name).where(
            tables.user_account.c.name.in_(wanted)
        )
    )
    return (
        {name: name for name in wanted}
        | {SYSTEM.name: SYSTEM.full_name}
        | {row.name: row.full_name for row in found}
    )


def groups(uow: UnitOfWork) -> Mapping[str, Text]:
    """Return every group's name by its key; read again only after they were changed."""
    edition = editions(uow).get("people", 0)
    kept = uow.cache.get("groups")
    if kept is None or kept[0] != edition:
        rows = uow.execute(select(tables.user_group).order_by(tables.user_group.c.key))
        kept = uow.cache["groups"] = (edition, {row.key: Text(row.name_zh, row.name_en) for row in rows})
    named: Mapping[str, Text] = kept[1]
    return named


def members(uow: UnitOfWork, group_keys: Collection[str]) -> dict[str, str]:
    """Return the active members of these groups: name and full name, in order of the name."""
    rows = uow.execute(
        select(tables.user_account.c.name, tables.user_account.c.full_name)
        .where(
            tables.user_account.c.active,
            tables.user_account.c.name.in_(
                select(tables.membership.c.user_name).where(tables.membership.c.group_key.in_(group_keys))
            ),
        )
        .order_by(tables.user_account.c.name)
    )
    return {row.name: row.full_name for row in rows}


# ---- what they may do ------------------------------------------------------------------------------------


def require(by: User, capability: Capability) -> None:
    """Raise NotPermitted unless the user has this capability."""
    if not by.may(capability):
        raise NotPermitted(
            Text("您没有“{what}”的权限。", "You are not allowed to {what}."),
            what=CAPABILITY_NAMES[capability],
        )


def may_see_case(by: User, viewers: Collection[str]) -> bool:
    """Whether the user may see a case that these holders (``u:NAME``, ``g:GROUP``) may see."""
    return by.may(Capability.AUDIT) or not by.holders.isdisjoint(viewers)


@dataclass(frozen=True)
class Offer:
    """To whom a user task is offered, and who has it."""

    groups: frozenset[str]
    users: frozenset[str]
    assignee: str | None
    excluded: frozenset[str]


def acts_for(by: User, offer: Offer) -> str | None:
    """
    Return as whom the user may do this task: under the own name, or for somebody; None if not at all.

    Never for a task that the user, or the one stood in for, is excluded from. A task that somebody has is for
    that person (and a substitute) only.
    """
    if by.name in offer.excluded:
        return None
    is_for_all = by.is_employee and EVERYBODY in offer.groups
    own = ((by.name, by.groups), *((principal.name, principal.groups) for principal in by.standing_in_for))
    for name, of_groups in own:
        if name in offer.excluded:
            continue
        if offer.assignee is not None:
            if offer.assignee == name:
                return name
        elif name in offer.users or not of_groups.isdisjoint(offer.groups) or is_for_all:
            return name
    return None
