"""Messages to people: queued inside the transaction, sent after it."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from uuid import UUID

from sqlalchemy import func, insert, or_, select, update

from engine import tables
from engine.database import Database, UnitOfWork
from engine.identity import User
from engine.settings import Settings
from engine.texts import Text

log = logging.getLogger(__name__)

_note = tables.notification
_INSERT = insert(_note).inline()  # nobody asks for the new rows' ids

#: A message is mailed within this time or not at all: nobody wants last month's when mail is set up today.
MAILED_WITHIN = timedelta(days=2)
FIRST_RETRY_AFTER = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=4)
_TIMEOUT = 20  # seconds, for one mail server

Send = Callable[[EmailMessage], None]


@dataclass(frozen=True)
class Message:
    """A message to one group (``g:GROUP``) or person (``u:USER``)."""

    recipient: str
    text: Text
    task_id: UUID | None = None


def queue(uow: UnitOfWork, instance_id: int, messages: Sequence[Message]) -> None:
    """Add messages; the program shows them at once, and mails them after the transaction if it can."""
    if not messages:
        return
    uow.execute(
        _INSERT,
        [
            {
                "instance_id": instance_id,
                "task_id": message.task_id,
                "recipient": message.recipient[:70],
                "text_zh": message.text.zh,
                "text_en": message.text.en,
                "created_at": uow.now,
            }
            for message in messages
        ],
    )


def unseen(uow: UnitOfWork, by: User, most: int = 100) -> int:
    """Return how many messages the user has not looked at, counted up to ``most``."""
    newest = select(_note.c.id).where(
        _note.c.recipient.in_(sorted(by.holders)), _note.c.id > _seen_until(by).scalar_subquery()
    )
    return int(uow.execute(select(func.count()).select_from(newest.limit(most).subquery())).scalar_one())


def mark_seen(uow: UnitOfWork, by: User) -> None:
    """Remember that the user has looked at every message there is now."""
    newest = select(func.coalesce(func.max(_note.c.id), 0)).scalar_subquery()
    account = tables.user_account
    uow.execute(update(account).where(account.c.name == by.name).values(seen_notification=newest))


def _seen_until(by: User):  # type: ignore[no-untyped-def]
    return select(tables.user_account.c.seen_notification).where(tables.user_account.c.name == by.name)


# ---- mail ------------------------------------------------------------------------------------------------


def deliver(database: Database, settings: Settings, *, limit: int = 500, send: Send | None = None) -> int:
    """
    Mail the queued messages; return how many went out. Without a mail server nothing is mailed.

    Each message is a transaction of its own, so several workers may deliver at once and none is sent twice
    unless the machine stops between sending and storing. A failure is tried again, later each time.
    """
    if settings.mail_server is None:
        return 0
    send = send or _smtp(settings)
    sent = 0
    for _ in range(limit):
        with database.unit_of_work() as uow:
            outcome = _deliver_one(uow, settings, send)
        if outcome is None:
            break
        sent += outcome
    return sent


def _deliver_one(uow: UnitOfWork, settings: Settings, send: Send) -> bool | None:
    note = uow.execute(
        select(_note)
        .where(
            _note.c.sent_at.is_(None),
            _note.c.created_at > uow.now - MAILED_WITHIN,
            or_(_note.c.try_after.is_(None), _note.c.try_after <= uow.now),
        )
        .order_by(_note.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if note is None:
        return None
    try:
        for address, language in _addresses(uow, note.recipient):
            send(_mail(settings, address, Text(note.text_zh, note.text_en).in_language(language)))
    except (OSError, smtplib.SMTPException) as error:
        wait = min(FIRST_RETRY_AFTER * 2**note.attempts, LONGEST_RETRY)
        values = {"attempts": note.attempts + 1, "try_after": uow.now + wait, "error": str(error)[:500]}
        log.warning("message not mailed", extra={"notification_id": note.id, "attempts": note.attempts + 1})
    else:
        values = {"sent_at": uow.now, "attempts": note.attempts + 1, "error": None}
    uow.execute(update(_note).where(_note.c.id == note.id).values(**values))
    return "sent_at" in values


def _addresses(uow: UnitOfWork, recipient: str) -> list[tuple[str, str]]:
    account, kind, name = tables.user_account, recipient[:1], recipient[2:]
    members = select(tables.membership.c.user_name).where(tables.membership.c.group_key == name)
    who = account.c.name == name if kind == "u" else account.c.name.in_(members)
    rows = uow.execute(
        select(account.c.email, account.c.language)
        .where(who, account.c.active, account.c.email.is_not(None))
        .order_by(account.c.name)
    )
    return [(row.email, row.language) for row in rows]


def _mail(settings: Settings, address: str, text: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = settings.mail_from or "banjie@localhost"
    mail["To"] = address
    mail["Subject"] = " ".join(text.split())[:150]
    mail.set_content(text)
    return mail


def _smtp(settings: Settings) -> Send:
    host, _, port = (settings.mail_server or "").partition(":")

    def send(mail: EmailMessage) -> None:
        with smtplib.SMTP(host, int(port or 25), timeout=_TIMEOUT) as server:
            server.send_message(mail)

    return send
