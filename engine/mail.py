"""Mailing messages to people, after the transaction that queued them."""

from __future__ import annotations

import json
import logging
import smtplib
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from functools import partial
from typing import Any

from sqlalchemy import Row, or_, select, update

from engine import clock, tables
from engine.database import Database, UnitOfWork
from engine.settings import MailServer
from engine.texts import Text

log = logging.getLogger(__name__)

#: A message is mailed within this time or not at all: nobody wants last month's when mail is set up today.
MAILED_WITHIN = timedelta(days=2)
FIRST_RETRY_AFTER = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=4)
#: So long a message is left to the worker that has taken it; then that worker must have ended.
_TAKEN_FOR = timedelta(minutes=15)
_TIMEOUT = 20  # seconds, for one answer of the mail server

Send = Callable[[EmailMessage], None]
Note = Row[Any]

_note = tables.notification


@dataclass
class _Delivery:
    """What became of a message: who need not be mailed any more, and what went wrong."""

    done: list[str]  # addresses
    error: str | None = None
    is_finished: bool = True
    server_is_away: bool = False  # it takes nothing at the moment


def deliver(
    database: Database,
    server: MailServer | None,
    *,
    send: Send | None = None,
    is_ending: Callable[[], bool] = lambda: False,
) -> int:
    """
    Mail the queued messages until the program is to end; return how many went out.

    Without a mail server nothing is mailed. No transaction is open while one is spoken to. Several workers
    may deliver at once. Nobody is mailed twice, unless the machine stops between sending and storing. A
    failure is tried again, later each time; those who were reached are not mailed again. Where the server is
    away, the other messages wait.
    """
    if server is None:
        return 0
    send = send or _smtp(server)
    sent = 0
    while not is_ending():
        with database.unit_of_work() as uow:
            note = _take(uow)
            readers = _readers(uow, note.recipient) if note else {}
        if note is None:
            break
        delivery = _deliver(note, readers, partial(_mail, server, database.centre.address, note), send)
        with database.unit_of_work() as uow:
            _store(uow, note, delivery)
        sent += delivery.is_finished
        if delivery.server_is_away:
            break
    return sent


def _take(uow: UnitOfWork) -> Note | None:
    """Return the next message to be mailed, which other workers then leave alone."""
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
    if note is not None:
        uow.execute(update(_note).where(_note.c.id == note.id).values(try_after=uow.now + _TAKEN_FOR))
    return note


def _readers(uow: UnitOfWork, recipient: str) -> dict[str, str]:
    """Return the addresses of those who have one, with their languages."""
    account, kind, name = tables.user_account, recipient[:1], recipient[2:]
    members = select(tables.membership.c.user_name).where(tables.membership.c.group_key == name)
    who = account.c.name == name if kind == "u" else account.c.name.in_(members)
    rows = uow.execute(
        select(account.c.email, account.c.language)
        .where(who, account.c.active, account.c.email.is_not(None))
        .order_by(account.c.name)
    )
    return {row.email: row.language for row in rows}


def _deliver(
    note: Note, readers: Mapping[str, str], mail: Callable[[str, str], EmailMessage], send: Send
) -> _Delivery:
    delivery = _Delivery(json.loads(note.mailed_to))
    for address, language in readers.items():
        if address in delivery.done:
            continue
        try:
            send(mail(address, language))
        except (OSError, smtplib.SMTPException) as error:
            delivery.error = str(error)[:500]
            log.warning("not mailed", extra={"notification_id": note.id, "reason": delivery.error})
            if _will_never_do(error):
                continue
            delivery.is_finished = False
            if not isinstance(error, _REFUSED):
                delivery.server_is_away = True
                break
        else:
            delivery.done.append(address)
    return delivery


#: What a server says of one mail; anything else concerns all mails.
_REFUSED = (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError, smtplib.SMTPNotSupportedError)


def _will_never_do(error: Exception) -> bool:
    """Whether the server refuses this mail for good: nobody has the address, or it takes no such text."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500


def _store(uow: UnitOfWork, note: Note, delivery: _Delivery) -> None:
    values = {"attempts": note.attempts + 1, "error": delivery.error, "mailed_to": json.dumps(delivery.done)}
    if delivery.is_finished:
        values["sent_at"] = uow.now
    else:
        values["try_after"] = uow.now + min(FIRST_RETRY_AFTER * 2**note.attempts, LONGEST_RETRY)
    uow.execute(update(_note).where(_note.c.id == note.id).values(**values))


def _mail(server: MailServer, program: str, note: Note, address: str, language: str) -> EmailMessage:
    text = Text(note.text_zh, note.text_en).in_language(language)
    link = f"{program}/tasks/{note.task_id}" if program and note.task_id else ""
    mail = EmailMessage()
    mail["From"] = server.sender
    mail["To"] = address
    mail["Subject"] = " ".join(text.split())[:150]
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = make_msgid(domain=server.sender.rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"  # nobody's holiday note answers it
    mail.set_content(f"{text}\n\n{link}".strip() + "\n", cte="base64")
    return mail


def _smtp(server: MailServer) -> Send:
    secure = ssl.create_default_context()

    def connection() -> smtplib.SMTP:
        if server.security == "tls":
            return smtplib.SMTP_SSL(server.host, server.port, timeout=_TIMEOUT, context=secure)
        return smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT)

    def send(mail: EmailMessage) -> None:
        with connection() as spoken_to:
            if server.security == "starttls":
                spoken_to.starttls(context=secure)
            if server.user is not None:
                spoken_to.login(server.user, server.password or "")
            spoken_to.send_message(mail)

    return send
