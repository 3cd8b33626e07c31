"""Settings, read once from the environment at start-up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from engine.errors import SettingsError
from engine.texts import Text


@dataclass(frozen=True)
class Centre:
    """What use cases must know of the installation: the centre's clock on the wall, and where files lie."""

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    office_opens: time = time(8, 30)  # in the centre's zone
    office_closes: time = time(17, 30)
    files: Path = Path("var/files")
    largest_file: int = 20 * 1024 * 1024  # bytes
    address: str = ""  # where people reach the program, for codes on papers: "https://banjie.example.com"


@dataclass(frozen=True)
class MailServer:
    """Where mails are handed over, and who sends them."""

    host: str
    port: int
    sender: str
    security: str = "none"  # none, starttls, tls
    user: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Settings:
    """How this installation runs. Everything about the organisation itself stands in ``processes/``."""

    database_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    processes: Path  # the folder of diagrams, tables, forms
    files: Path  # where attachments are kept, by SHA-256
    zone: ZoneInfo
    office_opens: time  # in the centre's zone
    office_closes: time
    session_lifetime: timedelta
    largest_file: int  # bytes
    secure_cookies: bool
    demo: bool
    mail: MailServer | None = None  # without it, messages are shown in the program only
    address: str = ""  # "https://banjie.example.com"; without it, codes on papers hold the path only
    proxies: int = 0  # web servers in front of the program, each of which says for whom it asks

    @property
    def centre(self) -> Centre:
        """The part of the settings that use cases see, as ``uow.centre``."""
        return Centre(
            self.zone, self.office_opens, self.office_closes, self.files, self.largest_file, self.address
        )


def read(environment: Mapping[str, str]) -> Settings:
    """
    Read the settings from environment variables named ``BANJIE_…`` (the README lists them).

    Raises:
        SettingsError: one is missing or malformed; the message names it.
    """
    given = _Given(environment)
    opens, closes = (
        given.clock_time("BANJIE_OFFICE_OPENS", "08:30"),
        given.clock_time("BANJIE_OFFICE_CLOSES", "17:30"),
    )
    if opens >= closes:
        raise _malformed("BANJIE_OFFICE_CLOSES", f"{closes:%H:%M}", f"17:30 (> {opens:%H:%M})")
    secret = given.required("BANJIE_SECRET_KEY")
    if len(secret) < 16:
        raise SettingsError(
            Text(
                "设置 BANJIE_SECRET_KEY 至少要 16 个字符。",
                "The setting BANJIE_SECRET_KEY needs at least 16 characters.",
            )
        )
    return Settings(
        database_url=given.required("BANJIE_DATABASE_URL"),
        secret_key=secret,
        processes=Path(given.text("BANJIE_PROCESSES", "processes")),
        files=Path(given.text("BANJIE_FILES", "var/files")),
        zone=given.zone("BANJIE_TIME_ZONE", "Asia/Shanghai"),
        office_opens=opens,
        office_closes=closes,
        session_lifetime=timedelta(minutes=given.number("BANJIE_SESSION_MINUTES", 480, least=1)),
        largest_file=given.number("BANJIE_LARGEST_FILE_MB", 20, least=1) * 1024 * 1024,
        secure_cookies=given.is_set("BANJIE_SECURE_COOKIES", "1"),
        demo=given.is_set("BANJIE_DEMO", "0"),
        mail=_mail_server(given),
        address=given.matching("BANJIE_ADDRESS", _ADDRESS, "https://banjie.example.cn").rstrip("/"),
        proxies=given.number("BANJIE_PROXIES", 0),
    )


_ADDRESS = re.compile(r"https?://[^\s/?#]+(?:/[^\s?#]*)?")
_NUMBER = re.compile(r"[0-9]{1,6}")
_HOST_AND_PORT = re.compile(r"[^\s:/@]+(?::\d{1,5})?")
_MAILBOX = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")
_PORTS = {"none": "25", "starttls": "587", "tls": "465"}  # of mail servers, by how they are spoken to


def _mail_server(given: _Given) -> MailServer | None:
    """Return where mails go, None where neither server nor sender is named."""
    address = given.matching("BANJIE_MAIL_SERVER", _HOST_AND_PORT, "mail.example.cn:25")
    if not address and not given.text("BANJIE_MAIL_FROM"):
        return None
    given.required("BANJIE_MAIL_SERVER")
    given.required("BANJIE_MAIL_FROM")
    security = given.text("BANJIE_MAIL_SECURITY", "none")
    user = given.text("BANJIE_MAIL_USER")
    if security not in _PORTS or (user and security == "none"):  # a password is not sent for all to read
        raise _malformed("BANJIE_MAIL_SECURITY", security, "starttls / tls")
    host, _, port = address.partition(":")
    return MailServer(
        host=host,
        port=int(port or _PORTS[security]),
        sender=given.matching("BANJIE_MAIL_FROM", _MAILBOX, "banjie@example.cn"),
        security=security,
        user=user or None,
        password=given.required("BANJIE_MAIL_PASSWORD") if user else None,
    )


@dataclass(frozen=True)
class _Given:
    """What the environment says, each setting in the form that it must have."""

    environment: Mapping[str, str]

    def text(self, name: str, default: str = "") -> str:
        """Return the text of a setting; the default where there is none."""
        return self.environment.get(name, "").strip() or default

    def required(self, name: str) -> str:
        """Return the text of a setting that there must be."""
        value = self.text(name)
        if not value:
            raise SettingsError(
                Text(
                    "缺少设置 {name}，程序不能启动。",
                    "The setting {name} is missing; the program does not start.",
                ),
                name=name,
            )
        return value

    def matching(self, name: str, pattern: re.Pattern[str], example: str) -> str:
        """Return the text of a setting, which matches; nothing where there is none."""
        value = self.text(name)
        if value and not pattern.fullmatch(value):
            raise _malformed(name, value, example)
        return value

    def is_set(self, name: str, default: str) -> bool:
        """Return whether a setting is 1, and not 0."""
        value = self.text(name, default)
        if value not in ("0", "1"):
            raise _malformed(name, value, default)
        return value == "1"

    def number(self, name: str, default: int, least: int = 0) -> int:
        """Return a whole number."""
        value = self.text(name, str(default))
        if not _NUMBER.fullmatch(value) or int(value) < least:
            raise _malformed(name, value, str(default))
        return int(value)

    def clock_time(self, name: str, default: str) -> time:
        """Return a time of day."""
        value = self.text(name, default)
        try:
            return datetime.strptime(value, "%H:%M").time()  # noqa: DTZ007 (a time on the wall)
        except ValueError:
            raise _malformed(name, value, default) from None

    def zone(self, name: str, default: str) -> ZoneInfo:
        """Return a time zone."""
        value = self.text(name, default)
        try:
            return ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise _malformed(name, value, default) from None


def _malformed(name: str, value: str, example: str) -> SettingsError:
    return SettingsError(
        Text(
            "设置 {name} 的值“{value}”不对，应类似 {example}。",
            "The setting {name} is “{value}”; it should look like {example}.",
        ),
        name=name,
        value=value,
        example=example,
    )
