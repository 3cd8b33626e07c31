"""Settings, read once from the environment at start-up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
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
class Settings:
    """How this installation runs. Everything about the organisation itself stands in ``processes/``."""

    database_url: str
    secret_key: str
    processes: Path  # the folder of diagrams, tables, forms
    files: Path  # where attachments are kept, by SHA-256
    zone: ZoneInfo
    office_opens: time  # in the centre's zone
    office_closes: time
    session_lifetime: timedelta
    largest_file: int  # bytes
    secure_cookies: bool
    demo: bool
    mail_server: str | None = None  # "host:port"; without it, messages are shown in the program only
    mail_from: str | None = None
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

    def required(name: str) -> str:
        value = environment.get(name, "").strip()
        if not value:
            raise SettingsError(
                Text(
                    "缺少设置 {name}，程序不能启动。",
                    "The setting {name} is missing; the program does not start.",
                ),
                name=name,
            )
        return value

    def malformed(name: str, value: str, example: str) -> SettingsError:
        return SettingsError(
            Text(
                "设置 {name} 的值“{value}”不对，应类似 {example}。",
                "The setting {name} is “{value}”; it should look like {example}.",
            ),
            name=name,
            value=value,
            example=example,
        )

    def clock_time(name: str, default: str) -> time:
        value = environment.get(name, default)
        try:
            return time.fromisoformat(value)
        except ValueError:
            raise malformed(name, value, "08:30") from None

    def number(name: str, default: int) -> int:
        value = environment.get(name, str(default))
        if not (value.isascii() and value.isdecimal()) or (int(value) == 0 and default != 0):
            raise malformed(name, value, str(default))
        return int(value)

    zone_name = environment.get("BANJIE_TIME_ZONE", "Asia/Shanghai")
    try:
        zone = ZoneInfo(zone_name)
    except (KeyError, ValueError, OSError):
        raise malformed("BANJIE_TIME_ZONE", zone_name, "Asia/Shanghai") from None
    secret = required("BANJIE_SECRET_KEY")
    if len(secret) < 16:
        raise SettingsError(
            Text(
                "设置 BANJIE_SECRET_KEY 至少要 16 个字符。",
                "The setting BANJIE_SECRET_KEY needs at least 16 characters.",
            )
        )
    return Settings(
        database_url=required("BANJIE_DATABASE_URL"),
        secret_key=secret,
        processes=Path(environment.get("BANJIE_PROCESSES", "processes")),
        files=Path(environment.get("BANJIE_FILES", "var/files")),
        zone=zone,
        office_opens=clock_time("BANJIE_OFFICE_OPENS", "08:30"),
        office_closes=clock_time("BANJIE_OFFICE_CLOSES", "17:30"),
        session_lifetime=timedelta(minutes=number("BANJIE_SESSION_MINUTES", 480)),
        largest_file=number("BANJIE_LARGEST_FILE_MB", 20) * 1024 * 1024,
        secure_cookies=environment.get("BANJIE_SECURE_COOKIES", "1") != "0",
        demo=environment.get("BANJIE_DEMO", "0") == "1",
        mail_server=environment.get("BANJIE_MAIL_SERVER") or None,
        mail_from=environment.get("BANJIE_MAIL_FROM") or None,
        address=environment.get("BANJIE_ADDRESS", "").strip().rstrip("/"),
        proxies=number("BANJIE_PROXIES", 0),
    )
