"""The demo: its settings, its people, its registers."""

from __future__ import annotations

import csv
import io
import secrets
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from engine import definitions, identity, migrations, organisation, passwords, people, registers, tables
from engine.database import Database, UnitOfWork
from engine.demo_past import in_figures
from engine.errors import InvalidInput
from engine.identity import User
from engine.settings import Settings
from engine.texts import Text, same


@dataclass(frozen=True)
class Person:
    """Somebody who can log in to the demo."""

    name: str
    full_name: str
    groups: tuple[str, ...]
    password: str


def settings(var: Path, processes: Path) -> Settings:
    """Return settings that need nothing prepared: all data in one folder, a secret key made once."""
    var.mkdir(parents=True, exist_ok=True)
    secret = var / "secret-key"
    if not secret.exists():
        secret.touch(mode=0o600)
        secret.write_text(secrets.token_urlsafe(48), encoding="ascii")
    return Settings(
        database_url=f"sqlite:///{(var / 'banjie.sqlite').resolve()}",
        secret_key=secret.read_text(encoding="ascii"),
        processes=processes,
        files=(var / "files").resolve(),
        zone=ZoneInfo("Asia/Shanghai"),
        office_opens=time(8, 30),
        office_closes=time(17, 30),
        session_lifetime=timedelta(hours=8),
        largest_file=20 * 1024 * 1024,
        secure_cookies=False,  # the demo is visited without TLS, on this machine only
        demo=True,
    )


def prepare(database: Database, folder: Path, say: Callable[[Text], None]) -> None:
    """Bring the demo's database up to date: tables, groups, definitions."""
    migrations.migrate(database)
    with database.unit_of_work() as uow:
        if (folder / "organisation.toml").exists():
            organisation.load(uow, folder / "organisation.toml")
        deployed = definitions.deploy_folder(uow, folder, identity.SYSTEM)
    new = sum(each.is_new for each in deployed)
    if new:
        say(
            Text("部署了 {n} 个流程图、决策表和表单。", "{n} diagrams, tables and forms deployed.").format(
                n=new
            )
        )


def demo_people(folder: Path) -> list[Person]:
    """Return the people of ``demo/people.toml``; they share its password."""
    content = _content(folder / "demo" / "people.toml")
    password = content.get("password", "banjie-demo")
    return [
        Person(each["name"], each["full_name"], tuple(each.get("groups", ())), each.get("password", password))
        for each in content.get("person", [])
    ]


def _content(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(same("{path}: {error}"), path=path, error=error) from error


def missing_people(database: Database, folder: Path) -> list[Person]:
    """Return the people of the demo who cannot log in yet."""
    with database.reading() as uow:
        present = set(uow.execute(select(tables.user_account.c.name)).scalars())
    return [person for person in demo_people(folder) if person.name not in present]


def add_people(database: Database, missing: list[Person]) -> Iterator[None]:
    """Let each of them log in. A password that several share is hashed once: that takes its time."""
    hashed = {password: passwords.hashed(password) for password in {person.password for person in missing}}
    for person in missing:
        with database.unit_of_work() as uow:
            people.create_user(
                uow, person.name, person.full_name, hashed[person.password], person.groups, by=identity.SYSTEM
            )
        yield


# ---- registers -----------------------------------------------------------------------------------------


def missing_registers(database: Database, folder: Path) -> list[Path]:
    """Return the files of ``demo/registers`` in order; none where a register has records already."""
    with database.reading() as uow:
        if uow.execute(select(tables.record.c.id).limit(1)).first():
            return []
    return sorted((folder / "demo" / "registers").glob("*.csv"))


def load_registers(database: Database, folder: Path, files: list[Path]) -> Iterator[None]:
    """
    Import each file, as somebody who may; ``05-lease.csv`` goes into the register "lease".

    In its cells, today, today+P10D and today-P1D mean days from now, and {year} is this year.

    Raises:
        InvalidInput: a file does not fit its register.
    """
    for path in files:
        register = path.stem.partition("-")[2]
        with database.unit_of_work() as uow:
            content = _rows_in_figures(path, uow.now, uow.centre.zone)
            by = _who_may_change(uow, register, folder)
            upload = registers.keep_upload(uow, register, io.BytesIO(content), path.name, by)
            columns = registers.preview(uow, upload, by).columns
        mapping = {column.index: column.field for column in columns if column.field is not None}
        unknown = [column.heading for column in columns if column.field is None]
        if unknown:
            told = Text("{path}：不认识“{heading}”这一列。", "{path}: there is no field “{heading}”.")
            raise InvalidInput(told, path=path, heading=unknown[0])
        report = registers.run_import(database, upload, mapping, by)
        if report.errors:
            wrong = report.errors[0]
            raise InvalidInput(
                same("{path}:{row}: {column} {value}: {problem}"), path=path,
                row=wrong.row, column=wrong.column, value=wrong.value, problem=wrong.message,
            )  # fmt: skip
        yield


def _rows_in_figures(path: Path, at: datetime, zone: ZoneInfo) -> bytes:
    text = io.StringIO(newline="")
    rows = csv.reader(path.read_text(encoding="utf-8").splitlines())
    year = at.astimezone(zone).year
    csv.writer(text).writerows([in_figures(cell, at, zone, year) for cell in row] for row in rows)
    return text.getvalue().encode()


def _who_may_change(uow: UnitOfWork, register: str, folder: Path) -> User:
    groups = registers.register(uow, register).may_change
    users = (identity.user(uow, person.name) for person in demo_people(folder))
    found = next((user for user in users if user and registers.is_one_of(user, groups)), None)
    if found is None:
        raise InvalidInput(same("demo/registers: nobody may change “{register}”"), register=register)
    return found
