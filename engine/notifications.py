"""Messages to people, queued inside the transaction that they tell of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, insert, select, update

from engine import tables
from engine.database import UnitOfWork
from engine.identity import User
from engine.texts import Text

_note = tables.notification
_INSERT = insert(_note).inline()  # nobody asks for the new rows' ids


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
