"""Users, their groups, and what they may do."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.exc import IntegrityError

from engine import history, tables, throttle
from engine.database import UnitOfWork
from engine.errors import Conflict, InvalidInput, NotFound, NotPermitted
from engine.texts import Text


class Capability(StrEnum):
    """What a group's members may do beyond the tasks of their groups."""

    DEPLOY = "deploy"  #: process owners: diagrams, tables, forms
    AUDIT = "audit"  #: see every case
    ADMINISTER = "administer"  #: people, groups, the calendar
    CANCEL = "cancel"  #: end a case with a reason; hand over a task that nobody can do
    RETRY = "retry"  #: try a stopped element again


_CAPABILITY_NAMES = {
    Capability.DEPLOY: Text("部署流程", "deploy processes"),
    Capability.AUDIT: Text("查看全部事项", "see every case"),
    Capability.ADMINISTER: Text("管理人员和日历", "manage people and the calendar"),
    Capability.CANCEL: Text("终止事项", "cancel cases"),
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


@dataclass(frozen=True)
class Hashed:
    """A password as it is stored."""

    text: str = field(repr=False)


_hasher = PasswordHasher()
#: Checked where there is no such person, so that the answer takes as long.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$oRSIaGFwSxVyvwYJb+AC6g$HdL8HqrKOyo3N4uYojzyXesKasmneOKbAIMvm8Ch5aQ"

SHORTEST_PASSWORD = 8
_USER_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}\Z")
_KEY = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
_EMAIL = re.compile(r"(?=.{3,200}\Z)[^@\s,;<>\"\0-\x1f]+@[^@\s,;<>\"\0-\x1f]+\Z")
SIDES = ("property", "developer", "external")


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
    try:
        _hasher.verify(stored or _NOBODY, password[:1000])
    except (VerificationError, InvalidHashError):
        return None
    return user(uow, name) if stored else None


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


# ---- what is kept in memory, and whether it is still true ------------------------------------------------


def editions(uow: UnitOfWork) -> dict[str, int]:
    """Return how often definitions, calendar and people have changed; asked once per transaction."""
    seen = uow.seen.get("editions")
    if seen is None:
        seen = uow.seen["editions"] = {row.name: row.number for row in uow.execute(select(tables.edition))}
    known: dict[str, int] = seen
    return known


def changed(uow: UnitOfWork, name: str) -> None:
    """Say that this transaction, and no other now, changes something that programs keep in memory."""
    build = insert_sqlite if uow.is_sqlite else insert_postgresql
    number = uow.execute(
        build(tables.edition)
        .values(name=name, number=1)
        .on_conflict_do_update(index_elements=["name"], set_={"number": tables.edition.c.number + 1})
        .returning(tables.edition.c.number)
    ).scalar_one()
    uow.keep_cache_apart()
    editions(uow)[name] = number


# ---- what they may do ------------------------------------------------------------------------------------


def require(by: User, capability: Capability) -> None:
    """Raise NotPermitted unless the user has this capability."""
    if not by.may(capability):
        raise NotPermitted(
            Text("您没有“{what}”的权限。", "You are not allowed to {what}."),
            what=_CAPABILITY_NAMES[capability],
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


# ---- changing people -------------------------------------------------------------------------------------


def create_user(
    uow: UnitOfWork,
    name: str,
    full_name: str,
    password: str | Hashed,
    group_keys: Collection[str] = (),
    *,
    by: User,
    email: str | None = None,
    language: str = "zh",
) -> None:
    """
    Add a person who may log in.

    Raises:
        InvalidInput: a name that is not made of a-z, 0-9, dot, dash; a short password; an unknown group.
        Conflict: the name is taken.
    """
    require(by, Capability.ADMINISTER)
    if not _USER_NAME.match(name) or name == SYSTEM.name:
        raise InvalidInput(
            Text(
                "登录名“{name}”只能用小写字母、数字、点、下划线和横线。",
                "The login name “{name}” may only hold a-z, 0-9, dots, underscores and dashes.",
            ),
            name=name,
        )
    if not full_name.strip():
        raise InvalidInput(Text("请填写姓名。", "Please enter the person's name."))
    try:
        with uow.connection.begin_nested():
            uow.execute(
                insert(tables.user_account).values(
                    name=name,
                    full_name=full_name.strip()[:100],
                    password_hash=password.text if isinstance(password, Hashed) else hashed(password).text,
                    email=_email(email),
                    language=_language(language),
                    created_at=uow.now,
                )
            )
    except IntegrityError:
        raise Conflict(
            Text("登录名“{name}”已被使用。", "The login name “{name}” is taken."), name=name
        ) from None
    _replace_groups(uow, name, group_keys)
    _record(uow, history.Kind.PERSON_CREATED, by, name, full_name=full_name, groups=sorted(group_keys))


def set_groups(uow: UnitOfWork, name: str, group_keys: Collection[str], *, by: User) -> None:
    """Make somebody a member of exactly these groups."""
    require(by, Capability.ADMINISTER)
    _require_person(uow, name)
    before = uow.execute(
        select(tables.membership.c.group_key).where(tables.membership.c.user_name == name)
    ).scalars()
    old = sorted(before)
    _replace_groups(uow, name, group_keys)
    left = user(uow, name)
    if name == by.name and left is not None and not left.may(Capability.ADMINISTER):
        raise InvalidInput(
            Text(
                "不能取消自己的管理权限；请由另一位管理员来做。",
                "You cannot take your own administration away; another administrator can.",
            )
        )
    _record(uow, history.Kind.PERSON_CHANGED, by, name, changes={"groups": [old, sorted(group_keys)]})


def set_password(
    uow: UnitOfWork, name: str, password: str, *, by: User, present_password: str | None = None
) -> None:
    """
    Give somebody a new password and end all their sessions.

    People change their own by saying the present one; an administrator changes anybody's.

    Raises:
        InvalidInput: too short, or the present password is wrong.
    """
    if name == by.name and present_password is not None:
        if authenticate(uow, name, present_password) is None:
            raise InvalidInput(Text("当前密码不对。", "The present password is wrong."))
    else:
        require(by, Capability.ADMINISTER)
    _require_person(uow, name)
    uow.execute(
        update(tables.user_account)
        .where(tables.user_account.c.name == name)
        .values(password_hash=hashed(password).text, session_number=tables.user_account.c.session_number + 1)
    )
    throttle.forget_logins(uow, name)
    _record(uow, history.Kind.PERSON_CHANGED, by, name, password="changed")  # noqa: S106 (no password)


def set_active(uow: UnitOfWork, name: str, active: bool, *, by: User) -> None:
    """Let somebody log in, or no longer; their name stays in every history."""
    require(by, Capability.ADMINISTER)
    _require_person(uow, name)
    if name == by.name and not active:
        raise InvalidInput(Text("不能停用自己的账号。", "You cannot deactivate your own account."))
    uow.execute(
        update(tables.user_account)
        .where(tables.user_account.c.name == name)
        .values(active=active, session_number=tables.user_account.c.session_number + 1)
    )
    _record(uow, history.Kind.PERSON_CHANGED, by, name, changes={"active": [not active, active]})


def set_details(
    uow: UnitOfWork, name: str, *, full_name: str, email: str | None, language: str, by: User
) -> None:
    """Change somebody's name, mail address and language; administrators only."""
    require(by, Capability.ADMINISTER)
    old = _require_person(uow, name)
    if not full_name.strip():
        raise InvalidInput(Text("请填写姓名。", "Please enter the person's name."))
    new = {"full_name": full_name.strip()[:100], "email": _email(email), "language": _language(language)}
    uow.execute(update(tables.user_account).where(tables.user_account.c.name == name).values(**new))
    changes = {key: [getattr(old, key), value] for key, value in new.items() if getattr(old, key) != value}
    if changes:
        _record(uow, history.Kind.PERSON_CHANGED, by, name, changes=changes)


def set_language(uow: UnitOfWork, language: str, *, by: User) -> None:
    """Remember the language that somebody reads."""
    uow.execute(
        update(tables.user_account)
        .where(tables.user_account.c.name == by.name)
        .values(language=_language(language))
    )


def _language(language: str) -> str:
    return "en" if language.lower().startswith("en") else "zh"


def _email(address: str | None) -> str | None:
    address = (address or "").strip()
    if address and not _EMAIL.match(address):
        raise InvalidInput(
            Text("邮箱“{address}”不对。", "“{address}” is no mail address."), address=address[:200]
        )
    return address or None


def hashed(password: str) -> Hashed:
    """Return the hash of a password, which takes a while on purpose. Raises InvalidInput: it is too short."""
    if not SHORTEST_PASSWORD <= len(password) <= 1000:
        raise InvalidInput(
            Text("密码至少要 {count} 个字符。", "A password needs at least {count} characters."),
            count=SHORTEST_PASSWORD,
        )
    return Hashed(_hasher.hash(password))


def _require_person(uow: UnitOfWork, name: str) -> Any:
    row = uow.execute(select(tables.user_account).where(tables.user_account.c.name == name)).first()
    if row is None:
        raise NotFound(Text("没有“{name}”这个人。", "There is nobody called “{name}”."), name=name)
    return row


def _replace_groups(uow: UnitOfWork, name: str, group_keys: Collection[str]) -> None:
    known = set(uow.execute(select(tables.user_group.c.key)).scalars())
    unknown = sorted(set(group_keys) - known)
    if unknown:
        raise InvalidInput(
            Text("没有岗位组“{keys}”。", "There is no group “{keys}”."), keys=", ".join(unknown)
        )
    uow.execute(delete(tables.membership).where(tables.membership.c.user_name == name))
    if group_keys:
        uow.execute(
            insert(tables.membership),
            [{"user_name": name, "group_key": key} for key in sorted(set(group_keys))],
        )


def _record(uow: UnitOfWork, kind: history.Kind, by: User, person: str, **detail: object) -> None:
    history.write(uow, [history.Line(kind, user_name=by.name, detail={"person": person, **detail})])


# ---- substitutes -----------------------------------------------------------------------------------------


def name_substitute(
    uow: UnitOfWork, for_: str, substitute: str, first_day: date, last_day: date, *, by: User
) -> int:
    """
    Let somebody stand in for somebody from the first to the last day; return the substitution's id.

    People name their own substitute; administrators and process owners name anybody's.

    Raises:
        InvalidInput: the days are in the wrong order, over, or years away, or somebody would stand in for
            themselves.
    """
    if by.name != for_ and not (by.may(Capability.ADMINISTER) or by.may(Capability.DEPLOY)):
        raise NotPermitted(Text("只能为自己指定代理人。", "You may name a substitute for yourself only."))
    if for_ == substitute:
        raise InvalidInput(Text("代理人不能是本人。", "Nobody can stand in for themselves."))
    if last_day < first_day:
        raise InvalidInput(Text("结束日期早于开始日期。", "The last day is before the first."))
    today = uow.now.astimezone(uow.centre.zone).date()
    if last_day < today:
        raise InvalidInput(Text("这段时间已经过去。", "That time is over."))
    earliest, latest = _years_from(today, -1), _years_from(today, 2)
    if first_day < earliest or last_day > latest:
        raise InvalidInput(
            Text(
                "代理最早从 {earliest} 起，最晚到 {latest} 止；需要更久的，到时再指定。",
                "It may begin on {earliest} at the earliest and end on {latest} at the latest; name somebody"
                " again then.",
            ),
            earliest=earliest,
            latest=latest,
        )
    for name in (for_, substitute):
        if not _require_person(uow, name).active:
            raise InvalidInput(Text("“{name}”已停用。", "“{name}” is not active."), name=name)
    made = uow.execute(
        insert(tables.substitution)
        .values(
            user_name=for_,
            substitute_name=substitute,
            first_day=first_day,
            last_day=last_day,
            named_by=by.name,
            named_at=uow.now,
        )
        .returning(tables.substitution.c.id)
    ).scalar_one()
    _record(
        uow, history.Kind.SUBSTITUTE_NAMED, by, for_,
        substitute=substitute, first_day=first_day, last_day=last_day,
    )  # fmt: skip
    return int(made)


def _years_from(day: date, years: int) -> date:
    """Return the same day of another year; of a leap day the 28th of February."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def revoke_substitute(uow: UnitOfWork, substitution_id: int, *, by: User) -> None:
    """End a substitution at once."""
    named = tables.substitution
    row = uow.execute(
        select(named).where(named.c.id == substitution_id, named.c.revoked_at.is_(None))
    ).first()
    allowed = row is not None and (
        by.name == row.user_name or by.may(Capability.ADMINISTER) or by.may(Capability.DEPLOY)
    )
    if row is None or not allowed:
        raise NotFound(Text("没有这条代理记录。", "There is no such substitution."))
    uow.execute(update(named).where(named.c.id == substitution_id).values(revoked_at=uow.now))
    _record(uow, history.Kind.SUBSTITUTE_REVOKED, by, row.user_name, substitute=row.substitute_name)


# ---- the organisation ------------------------------------------------------------------------------------


def load_organisation(uow: UnitOfWork, source: Path | Mapping[str, Any]) -> int:
    """
    Take the groups from ``organisation.toml`` (or what it holds); return how many are new or changed.

    Each ``[[group]]`` has ``key``, ``name_zh``, ``name_en``, and may have ``side`` (property, developer,
    external) and ``capabilities``. ``[centre]`` has the name that stands on papers.

    Raises:
        InvalidInput: the file is malformed; the message says where.
    """
    wanted = _groups_in(source)
    _load_centre(uow, source)
    present = {row.key: dict(row._mapping) for row in uow.execute(select(tables.user_group))}
    new = [group for group in wanted if group["key"] not in present]
    different = [group for group in wanted if present.get(group["key"], group) != group]
    if new:
        uow.execute(insert(tables.user_group), new)
    for group in different:
        uow.execute(update(tables.user_group).where(tables.user_group.c.key == group["key"]).values(**group))
    if new or different:
        changed(uow, "people")
        keys = [group["key"] for group in new + different]
        history.write(uow, [history.Line(history.Kind.ORGANISATION_LOADED, detail={"groups": keys})])
    return len(new) + len(different)


def _load_centre(uow: UnitOfWork, source: Path | Mapping[str, Any]) -> None:
    centre = (_document(source) if isinstance(source, Path) else source).get("centre", {})
    if not isinstance(centre, dict) or not centre.get("name_zh"):
        return
    name = Text(str(centre["name_zh"])[:100], str(centre.get("name_en") or centre["name_zh"])[:100])
    present = centre_name(uow)
    if present is None:
        uow.execute(insert(tables.organisation).values(id=1, name_zh=name.zh, name_en=name.en))
    elif present != name:
        uow.execute(update(tables.organisation).values(name_zh=name.zh, name_en=name.en))


def centre_name(uow: UnitOfWork) -> Text | None:
    """Return what the centre is called on papers, None where ``organisation.toml`` does not say."""
    row = uow.execute(select(tables.organisation)).first()
    return None if row is None else Text(row.name_zh, row.name_en)


def _groups_in(source: Path | Mapping[str, Any]) -> list[dict[str, Any]]:
    path = source if isinstance(source, Path) else Path("organisation.toml")
    document = _document(source) if isinstance(source, Path) else source
    entries = document.get("group", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InvalidInput(
            Text("{path} 中的岗位组要写成 [[group]]。", "Groups in {path} are written as [[group]]."),
            path=path,
        )
    return [_group_from(entry, path) for entry in entries]


def _document(path: Path) -> dict[str, Any]:
    try:
        return read_toml(path.read_bytes(), str(path))
    except OSError as error:
        raise InvalidInput(_NOT_READ, path=path, error=error) from error


def read_toml(content: bytes, name: str) -> dict[str, Any]:
    """Return what a file of this name holds. Raises InvalidInput, which names it."""
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(_NOT_READ, path=name, error=error) from error


_NOT_READ = Text("{path} 无法读取：{error}", "{path} cannot be read: {error}")


def _group_from(entry: dict[str, Any], path: Path) -> dict[str, Any]:
    capabilities = entry.get("capabilities", [])
    group = {
        "key": entry.get("key", ""),
        "name_zh": entry.get("name_zh", ""),
        "name_en": entry.get("name_en", ""),
        "side": entry.get("side", "property"),
        "capabilities": json.dumps(capabilities, default=str),
    }
    sound = (
        all(isinstance(value, str) and value for value in group.values())
        and _KEY.match(group["key"])
        and group["side"] in SIDES
        and isinstance(capabilities, list)
        and all(name in set(Capability) for name in capabilities)
        and not entry.keys() - group.keys()
    )
    if not sound:
        raise InvalidInput(
            Text(
                "{path} 中的岗位组“{key}”不对：需要 key、name_zh、name_en,"
                "可有 side（{sides}）和 capabilities({names})。",
                "The group “{key}” in {path} is wrong: it needs key, name_zh, name_en,"
                " and may have side ({sides}) and capabilities ({names}).",
            ),
            path=path,
            key=group["key"],
            sides=", ".join(SIDES),
            names=", ".join(Capability),
        )
    return group
