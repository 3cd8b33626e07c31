"""Messages to people, by mail."""

from __future__ import annotations

import smtplib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from sqlalchemy import update

from engine import clock, mail, tables
from engine.database import Database
from engine.migrations import migrate
from engine.settings import Centre, MailServer
from tests import desk as desks
from tests.desk import MONDAY, Desk
from tests.engine.diagrams import REPAIR_FILES

SERVER = MailServer("mail.example", 25, "banjie@example.com")
TO_DO = ("fang@example.com", "待办“Receive”：BX-20260302-0001")
TO_DO_IN_ENGLISH = ("feng@example.com", "To do “Receive”: BX-20260302-0001")


class Postman:
    """Takes mail, but fails with these errors first; or always where somebody lives."""

    def __init__(self, *errors: Exception, never_to: dict[str, Exception] | None = None) -> None:
        self.errors, self.never_to = list(errors), never_to or {}
        self.mails: list[tuple[str, str]] = []

    def __call__(self, mail: EmailMessage) -> None:
        if self.errors:
            raise self.errors.pop(0)
        if mail["To"] in self.never_to:
            raise self.never_to[mail["To"]]
        self.mails.append((mail["To"], mail["Subject"]))


def refused(address: str, code: int) -> Exception:
    """Return what is raised where the mail server takes nothing for an address."""
    return smtplib.SMTPRecipientsRefused({address: (code, b"no")})


def with_mail(desk: Desk) -> Desk:
    """Give two people of the front desk an address, and tell them of a case."""
    with desk.database.unit_of_work() as uow:
        account = tables.user_account
        uow.execute(update(account).where(account.c.name == "fang").values(email="fang@example.com"))
        uow.execute(
            update(account).where(account.c.name == "feng").values(email="feng@example.com", language="en")
        )
    desk.start(what="灯坏了")
    return desk


@pytest.fixture
def told(repair: Desk) -> Desk:
    """A case whose first task was told to the front desk, where two people have mail."""
    return with_mail(repair)


def deliver(desk: Desk, postman: Postman, server: MailServer | None = SERVER) -> int:
    """Deliver as the worker does."""
    return mail.deliver(desk.database, server, send=postman)


def test_members_are_mailed_in_their_language_once(told: Desk) -> None:
    postman = Postman()

    assert (deliver(told, postman), deliver(told, postman)) == (1, 0)
    assert postman.mails == [TO_DO, TO_DO_IN_ENGLISH]


def test_a_failure_is_tried_again_later_each_time(told: Desk, moved_clock: clock.MovedClock) -> None:
    postman = Postman(smtplib.SMTPServerDisconnected("away"), ConnectionRefusedError("away"))

    assert deliver(told, postman) == deliver(told, postman) == 0
    moved_clock.move_to(MONDAY + timedelta(minutes=1))
    assert deliver(told, postman) == 0
    moved_clock.move_to(MONDAY + timedelta(minutes=2))
    assert deliver(told, postman) == 0
    moved_clock.move_to(MONDAY + timedelta(minutes=3))
    assert deliver(told, postman) == 1

    row = told.row(tables.notification)
    assert (row.attempts, row.sent_at, row.error) == (3, MONDAY + timedelta(minutes=3), None)


def test_those_who_were_reached_are_not_mailed_again(told: Desk, moved_clock: clock.MovedClock) -> None:
    greylisted = Postman(never_to={"feng@example.com": refused("feng@example.com", 451)})
    assert deliver(told, greylisted) == 0
    assert greylisted.mails == [TO_DO]

    moved_clock.move_to(MONDAY + timedelta(minutes=1))
    postman = Postman()
    assert deliver(told, postman) == 1
    assert postman.mails == [TO_DO_IN_ENGLISH]


def test_an_address_that_nobody_has_keeps_the_mail_from_nobody_else(
    told: Desk, moved_clock: clock.MovedClock
) -> None:
    postman = Postman(never_to={"fang@example.com": refused("fang@example.com", 550)})

    assert deliver(told, postman) == 1
    moved_clock.move_to(MONDAY + timedelta(days=1))
    assert deliver(told, postman) == 0
    assert postman.mails == [TO_DO_IN_ENGLISH]
    assert "550" in told.row(tables.notification).error


def test_where_the_server_is_away_the_other_messages_wait(told: Desk) -> None:
    told.start(what="水管坏了")
    away = Postman(*[smtplib.SMTPConnectError(421, "later")] * 9)

    assert deliver(told, away) == 0
    assert len(away.errors) == 8, "one message was tried"
    assert deliver(told, Postman()) == 1, "the other one is not late for that"


def test_a_message_that_another_worker_has_taken_is_left_to_it(
    told: Desk, moved_clock: clock.MovedClock
) -> None:
    other = Postman()

    class Slow(Postman):
        def __call__(self, mail: EmailMessage) -> None:
            assert deliver(told, other) == 0
            super().__call__(mail)

    assert deliver(told, Slow()) == 1
    assert other.mails == []


def test_a_message_whose_worker_was_killed_is_mailed_by_another(
    told: Desk, moved_clock: clock.MovedClock
) -> None:
    with pytest.raises(KeyboardInterrupt):
        deliver(told, Postman(KeyboardInterrupt()))  # type: ignore[arg-type]

    assert deliver(told, Postman()) == 0
    moved_clock.move_to(MONDAY + timedelta(minutes=16))
    assert deliver(told, Postman()) == 1


def test_without_a_mail_server_nothing_is_mailed_and_nothing_lost(told: Desk) -> None:
    assert deliver(told, Postman(), None) == 0
    assert told.row(tables.notification).sent_at is None


def test_old_messages_are_not_mailed_when_mail_is_set_up(told: Desk, moved_clock: clock.MovedClock) -> None:
    moved_clock.move_to(MONDAY + timedelta(days=3))

    assert deliver(told, Postman()) == 0


# ---- a real mail server --------------------------------------------------------------------------------------


@contextmanager
def mail_server(answer: Callable[[str], str]) -> Iterator[tuple[int, list[bytes]]]:
    """Run a mail server that answers each command; yield its port and the mails it takes."""
    taken: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    visitor, _ = listening.accept()
                except OSError:
                    return
                with visitor, visitor.makefile("rwb", buffering=0) as line:
                    _converse(line, answer, taken)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1], taken
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def _converse(line, answer: Callable[[str], str], taken: list[bytes]) -> None:  # type: ignore[no-untyped-def]
    line.write(b"220 ready\r\n")
    while command := line.readline().decode().strip().upper():
        reply = answer(command) or ("221 bye" if command == "QUIT" else "250 OK")
        line.write(reply.encode() + b"\r\n")
        if command == "DATA" and reply.startswith("354"):
            mail = b""
            while (part := line.readline()) != b".\r\n":
                mail += part
            taken.append(mail)
            line.write(b"250 OK\r\n")
        if command == "QUIT":
            return


@pytest.fixture
def linked(moved_clock: clock.MovedClock) -> Iterator[Desk]:
    """The desk of an installation that has an address of its own."""
    database = Database("sqlite://", Centre(address="https://banjie.example.cn"))
    migrate(database)
    people = desks.enrol(database)
    owner = people("pan")
    with database.unit_of_work() as uow:
        desks.deploy_texts(uow, REPAIR_FILES, owner)
    yield with_mail(Desk(database, people))
    database.close()


def test_a_mail_holds_the_text_as_it_is_and_leads_to_the_task(linked: Desk) -> None:
    with mail_server(lambda command: "354 go on" if command == "DATA" else "") as (port, taken):
        assert mail.deliver(linked.database, MailServer("127.0.0.1", port, "banjie@example.com")) == 1

    first = message_from_bytes(taken[0], policy=policy.default)
    assert (first["From"], first["To"], first["Subject"]) == ("banjie@example.com", *TO_DO)
    assert first["Date"].datetime == MONDAY
    task_id = linked.task("Receive")
    assert first.get_content() == f"{TO_DO[1]}\n\nhttps://banjie.example.cn/tasks/{task_id}\n"
    assert all(line.isascii() for line in taken[0].splitlines()), "every server takes it"
    assert len({mail["Message-ID"] for mail in map(message_from_bytes, taken)}) == 2


def test_no_password_is_told_to_a_server_that_does_not_speak_tls(linked: Desk) -> None:
    heard: list[str] = []

    with mail_server(lambda command: heard.append(command) or "") as (port, taken):  # type: ignore[func-returns-value]
        server = MailServer("127.0.0.1", port, "banjie@example.com", "starttls", "banjie", "secret")
        assert mail.deliver(linked.database, server) == 0

    assert taken == [] and not any("AUTH" in command for command in heard)
