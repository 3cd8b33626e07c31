"""Slowing down whoever guesses: attempts counted in the database, for all web processes together."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from sqlalchemy import case, delete, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from engine import tables
from engine.database import UnitOfWork
from engine.errors import TooManyAttempts
from engine.texts import Text

#: From the first attempt that is counted on; then counting begins anew, whoever goes on in the meantime.
WINDOW = timedelta(minutes=10)
LOGINS_BY_NAME = 10  # from browsers in which this person has not logged in before
LOGINS_BY_ADDRESS = 30  # from such browsers, under any name
LOGINS_BY_DEVICE = 10  # from a browser in which this person has logged in before
PASSWORDS = 10  # of somebody who is logged in, and is asked for the present one
CODES_BY_ADDRESS = 30  # of papers, that no paper has

_CLEARED_AT_ONCE = 200
_attempts = tables.failed_attempts


@dataclass(frozen=True)
class Limit:
    """What is counted, and how often it may happen within the window."""

    key: str
    most: int


def login(name: str, address: str | None, device: str | None) -> tuple[Limit, ...]:
    """
    Return what holds for a login.

    ``device`` names a browser in which this person has logged in before. It has a limit of its own: who
    guesses elsewhere, or beside it at the same address, keeps nobody out who sits at the usual desk.
    """
    if device is not None:
        return (Limit(f"login device {_short(device, name)}", LOGINS_BY_DEVICE),)
    return (
        Limit(_login_name(name), LOGINS_BY_NAME),
        Limit(f"login address {_network(address)}", LOGINS_BY_ADDRESS),
    )


def password(name: str) -> tuple[Limit, ...]:
    """Return what holds for the present password of somebody who is logged in."""
    return (Limit(f"password {_short(name)}", PASSWORDS),)


def codes(address: str | None) -> tuple[Limit, ...]:
    """Return what holds for asking whether a paper is genuine."""
    return (Limit(f"code address {_network(address)}", CODES_BY_ADDRESS),)


def count(uow: UnitOfWork, limits: Sequence[Limit]) -> None:
    """
    Count an attempt before it is made, so that several at once are no more than one after the other.

    Raises:
        TooManyAttempts: a limit is used up; nothing is counted.
    """
    build = insert_sqlite if uow.is_sqlite else insert_postgresql
    is_over = _attempts.c.ends_at <= uow.now
    for limit in sorted(limits, key=lambda limit: limit.key):  # in one order everywhere: no deadlocks
        row = uow.execute(
            build(_attempts)
            .values(key=limit.key, number=1, ends_at=uow.now + WINDOW)
            .on_conflict_do_update(
                index_elements=["key"],
                set_={
                    "number": case((is_over, 1), else_=_attempts.c.number + 1),
                    "ends_at": case((is_over, uow.now + WINDOW), else_=_attempts.c.ends_at),
                },
            )
            .returning(_attempts.c.number, _attempts.c.ends_at)
        ).one()
        if row.number > limit.most:
            raise _too_many(row.ends_at - uow.now)
    over = select(_attempts.c.key).where(is_over).limit(_CLEARED_AT_ONCE).with_for_update(skip_locked=True)
    uow.execute(delete(_attempts).where(_attempts.c.key.in_(over)))


def require(uow: UnitOfWork, limits: Sequence[Limit]) -> None:
    """Raise TooManyAttempts where a limit is used up, without counting anything."""
    most = {limit.key: limit.most for limit in limits}
    for row in uow.execute(select(_attempts).where(_attempts.c.key.in_(most), _attempts.c.ends_at > uow.now)):
        if row.number >= most[row.key]:
            raise _too_many(row.ends_at - uow.now)


def take_back(uow: UnitOfWork, limits: Sequence[Limit]) -> None:
    """Take back what was counted: the attempt went well."""
    keys = sorted(limit.key for limit in limits)
    for key in keys:
        uow.execute(
            update(_attempts)
            .where(_attempts.c.key == key, _attempts.c.number > 0)
            .values(number=_attempts.c.number - 1)
        )


def forget_logins(uow: UnitOfWork, name: str) -> None:
    """Let somebody log in again at once: they have a new password."""
    uow.execute(delete(_attempts).where(_attempts.c.key == _login_name(name)))


def _too_many(left: timedelta) -> TooManyAttempts:
    return TooManyAttempts(
        Text("请 {minutes} 分钟后再试。", "Please try again in {minutes} minutes."),
        minutes=max(1, ceil(left / timedelta(minutes=1))),
    )


def _login_name(name: str) -> str:
    return f"login name {_short(name.strip().casefold())}"


def _short(*parts: str) -> str:
    """Return a name of fixed length, which no list of keys gives away."""
    return hashlib.sha256("\n".join(parts).encode(errors="replace")).hexdigest()[:40]


def _network(address: str | None) -> str:
    """Return an address as it is counted: of IPv6 the network, within which anybody has billions."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(getattr(found, "ipv4_mapped", None) or found)
