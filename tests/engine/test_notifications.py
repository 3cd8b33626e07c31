"""Messages to people, by mail."""

from __future__ import annotations

import smtplib
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import update

from engine import clock, notifications, settings, tables
from engine.settings import Settings
from tests.desk import MONDAY, Desk

WITH_MAIL = replace(
    settings.read({"BANJIE_DATABASE_URL": "sqlite://", "BANJIE_SECRET_KEY": "x" * 20}),
    mail_server="mail.example:25", mail_from="banjie@example.com",
)  # fmt: skip


class Postman:
    """Takes mail; fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.mails: list[tuple[str, str]] = []

    def __call__(self, mail: EmailMessage) -> None:
        if self.failures:
            self.failures -= 1
            raise smtplib.SMTPServerDisconnected("away")
        self.mails.append((mail["To"], mail["Subject"]))


@pytest.fixture
def told(repair: Desk) -> Desk:
    """A case whose first task was told to the front desk, where two people have mail."""
    with repair.database.unit_of_work() as uow:
        account = tables.user_account
        uow.execute(update(account).where(account.c.name == "fang").values(email="fang@example.com"))
        uow.execute(
            update(account).where(account.c.name == "feng").values(email="feng@example.com", language="en")
        )
    repair.start(what="灯坏了")
    return repair


def deliver(desk: Desk, postman: Postman, how: Settings = WITH_MAIL) -> int:
    """Deliver as the worker does."""
    return notifications.deliver(desk.database, how, send=postman)


def test_members_are_mailed_in_their_language_once(told: Desk) -> None:
    postman = Postman()

    assert (deliver(told, postman), deliver(told, postman)) == (1, 0)
    assert postman.mails == [
        ("fang@example.com", "待办“Receive”：BX-20260302-0001"), ("feng@example.com", "To do “Receive”: BX-20260302-0001"),
    ]  # fmt: skip


def test_a_failure_is_tried_again_later_each_time(told: Desk, moved_clock: clock.MovedClock) -> None:
    postman = Postman(failures=2)

    assert deliver(told, postman) == deliver(told, postman) == 0
    moved_clock.move_to(MONDAY + timedelta(minutes=1))
    assert deliver(told, postman) == 0
    moved_clock.move_to(MONDAY + timedelta(minutes=2))
    assert deliver(told, postman) == 0
    moved_clock.move_to(MONDAY + timedelta(minutes=3))
    assert deliver(told, postman) == 1

    row = told.row(tables.notification)
    assert (row.attempts, row.sent_at, row.error) == (3, MONDAY + timedelta(minutes=3), None)


def test_without_a_mail_server_nothing_is_mailed_and_nothing_lost(told: Desk) -> None:
    assert deliver(told, Postman(), replace(WITH_MAIL, mail_server=None)) == 0
    assert told.row(tables.notification).sent_at is None


def test_old_messages_are_not_mailed_when_mail_is_set_up(told: Desk, moved_clock: clock.MovedClock) -> None:
    moved_clock.move_to(MONDAY + timedelta(days=3))

    assert deliver(told, Postman()) == 0
