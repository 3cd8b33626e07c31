"""Changing people: who may log in, their groups, passwords and substitutes."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine import history, tables, throttle
from engine.database import UnitOfWork
from engine.errors import Conflict, InvalidInput, NotFound, NotPermitted
from engine.identity import SYSTEM, Capability, User, authenticate, require, user
from engine.passwords import Hashed, hashed
from engine.texts import Text

_USER_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}\Z")
_EMAIL = re.compile(r"(?=.{3,200}\Z)[^@\s,;<>\"\0-\x1f]+@[^@\s,;<>\"\0-\x1f]+\Z")


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
