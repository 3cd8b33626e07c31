"""Settings: what is missing or malformed stops the start, in one line that names it."""

from __future__ import annotations

import re

import pytest

from engine import settings
from engine.errors import SettingsError
from engine.settings import MailServer

LEAST = {"BANJIE_DATABASE_URL": "sqlite://", "BANJIE_SECRET_KEY": "a secret of the tests"}
MAIL = {"BANJIE_MAIL_SERVER": "mail.example.cn", "BANJIE_MAIL_FROM": "banjie@example.cn"}


def test_little_must_be_set() -> None:
    found = settings.read(LEAST)

    assert (found.secure_cookies, found.proxies, found.mail, str(found.zone)) == (
        True,
        0,
        None,
        "Asia/Shanghai",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BANJIE_SECRET_KEY", "short"),
        ("BANJIE_TIME_ZONE", "../etc/passwd"),
        ("BANJIE_TIME_ZONE", "Shanghai"),
        ("BANJIE_OFFICE_OPENS", "8.30"),
        ("BANJIE_OFFICE_OPENS", "25:00"),
        ("BANJIE_OFFICE_OPENS", "08:30+08:00"),
        ("BANJIE_OFFICE_CLOSES", "08:00"),
        ("BANJIE_SESSION_MINUTES", "0"),
        ("BANJIE_SESSION_MINUTES", "-5"),
        ("BANJIE_SESSION_MINUTES", "9" * 5000),
        ("BANJIE_SESSION_MINUTES", "٣"),
        ("BANJIE_LARGEST_FILE_MB", "20 MB"),
        ("BANJIE_PROXIES", "yes"),
        ("BANJIE_SECURE_COOKIES", "no"),
        ("BANJIE_DEMO", "true"),
        ("BANJIE_ADDRESS", "banjie.example.cn"),
        ("BANJIE_MAIL_SERVER", "smtp://mail.example.cn"),
        ("BANJIE_MAIL_FROM", "办结"),
        ("BANJIE_MAIL_SECURITY", "ssl"),
    ],
)
def test_a_malformed_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        settings.read({**LEAST, **MAIL, name: value})


@pytest.mark.parametrize("name", [*LEAST, *MAIL, "BANJIE_MAIL_PASSWORD"])
@pytest.mark.parametrize("value", [None, "", " "])
def test_a_setting_that_is_missing_is_named(name: str, value: str | None) -> None:
    given = {**LEAST, **MAIL, "BANJIE_MAIL_USER": "banjie", "BANJIE_MAIL_SECURITY": "tls",
             "BANJIE_MAIL_PASSWORD": "secret"} | ({} if value is None else {name: value})  # fmt: skip
    if value is None:
        del given[name]

    with pytest.raises(SettingsError, match=f"{name} is missing"):
        settings.read(given)


@pytest.mark.parametrize(
    ("more", "server"),
    [
        ({}, MailServer("mail.example.cn", 25, "banjie@example.cn")),
        ({"BANJIE_MAIL_SECURITY": "tls"}, MailServer("mail.example.cn", 465, "banjie@example.cn", "tls")),
        ({"BANJIE_MAIL_SERVER": "10.0.0.8:2525"}, MailServer("10.0.0.8", 2525, "banjie@example.cn")),
        (
            {"BANJIE_MAIL_SECURITY": "starttls", "BANJIE_MAIL_USER": "b", "BANJIE_MAIL_PASSWORD": "p"},
            MailServer("mail.example.cn", 587, "banjie@example.cn", "starttls", "b", "p"),
        ),
    ],
)
def test_a_mail_server_is_spoken_to_as_it_wants(more: dict[str, str], server: MailServer) -> None:
    assert settings.read({**LEAST, **MAIL, **more}).mail == server


def test_a_password_is_not_sent_for_all_to_read() -> None:
    login = {"BANJIE_MAIL_USER": "banjie", "BANJIE_MAIL_PASSWORD": "secret"}

    with pytest.raises(SettingsError, match="BANJIE_MAIL_SECURITY"):
        settings.read({**LEAST, **MAIL, **login})


def test_secrets_are_not_shown_where_settings_are() -> None:
    more = {"BANJIE_MAIL_SECURITY": "tls", "BANJIE_MAIL_USER": "b", "BANJIE_MAIL_PASSWORD": "hush"}
    given = {**LEAST, **MAIL, **more, "BANJIE_DATABASE_URL": "postgresql://banjie:hush@db/banjie"}

    assert not re.search("hush|a secret", repr(settings.read(given)))
