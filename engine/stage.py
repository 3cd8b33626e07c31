"""A database in memory, made of files that are to be tried out before they are deployed."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from engine import clock, definitions, editions, identity, organisation, papers, registers, tables
from engine.database import Database, UnitOfWork
from engine.errors import Finding

#: How many members each group gets, so that nobody has to approve two steps of one case.
MEMBERS_PER_GROUP = 3
#: The group of people whom only a journey names: they are employees.
GUESTS = "guests_of_journeys"

_DEPLOYED_AT = datetime(2020, 1, 1, tzinfo=UTC)
_GROUPS_IN_XML = re.compile(rb"candidate(?:Starter)?Groups\s*=\s*[\"']([^\"'$]*)[\"']")


def folder_files(folder: Path) -> dict[str, bytes]:
    """Return a folder's diagrams, tables, forms (which may lie in ``forms/``), groups and people."""
    patterns = (
        "*.bpmn", "*.dmn", "*.form", "forms/*.form", "papers/*.html", "registers.toml", "figures.toml",
        "organisation.toml", "demo/people.toml",
    )  # fmt: skip
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for pattern in patterns
        for path in sorted(folder.glob(pattern))
        if path.is_file()
    }


def check(sources: Mapping[str, bytes], wanted: Collection[str] | None = None) -> list[Finding]:
    """Return all that is wrong with these diagrams, tables and forms together; as ``check_files`` says."""
    database = _empty()
    with database.unit_of_work() as uow:
        _load_organisation(uow, sources)
        return definitions.check_files(uow, _definitions_in(sources), wanted)


class Stage:
    """
    A database in memory with these files deployed, and with people in every group.

    ``standing``: what is in force already, before the files are deployed over it.
    """

    def __init__(self, sources: Mapping[str, bytes], standing: Sequence[definitions.Standing] = ()) -> None:
        self.database = _empty()
        with clock.moved(clock.MovedClock(_DEPLOYED_AT)), self.database.unit_of_work() as uow:
            people_it(uow, {each.key: each.source.encode() for each in standing} | dict(sources))
            definitions.take_over(uow, standing, by=identity.SYSTEM)
            found = _definitions_in(sources)
            definitions.deploy(uow, found, by=identity.SYSTEM, reason="", origin="file")
        self._read_everything()
        self._elements: dict[str, frozenset[str]] = {}

    def _read_everything(self) -> None:
        """Parse all files once, for every copy of the database."""
        with self.database.reading() as uow:
            for version in definitions.all_latest(uow):
                if version.kind == "process":
                    definitions.latest_program(uow, version.key)
                elif version.kind == "form":
                    definitions.form(uow, version.id)
                elif version.kind == "decision":
                    definitions.table(uow, version.id)
                elif version.kind == "paper":
                    papers.template_of(uow, version.id)
            registers.catalogue(uow)

    def elements(self, process_key: str) -> frozenset[str]:
        """Return the ids of all elements of a process and of those it calls. Raises NotFound."""
        known = self._elements.get(process_key)
        if known is None:
            with self.database.reading() as uow:
                diagrams = definitions.latest_program(uow, process_key).diagrams.values()
            known = frozenset(element_id for diagram in diagrams for element_id in diagram.elements)
            self._elements[process_key] = known
        return known

    @cached_property
    def messages(self) -> frozenset[str]:
        """The names of the messages that something in a diagram waits for."""
        with self.database.reading() as uow:
            processes = [one for one in definitions.all_latest(uow) if one.kind == "process"]
            return frozenset[str]().union(
                *(definitions.read_diagram(uow, one.id).messages for one in processes)
            )


def _empty() -> Database:
    database = Database("sqlite://")
    tables.metadata.create_all(database.connections)
    return database


def _definitions_in(sources: Mapping[str, bytes]) -> dict[str, bytes]:
    return {
        Path(name).name: source for name, source in sources.items() if definitions.kind_of(name) is not None
    }


def _load_organisation(uow: UnitOfWork, sources: Mapping[str, bytes]) -> None:
    if "organisation.toml" not in sources:
        return
    name = "organisation.toml"
    organisation.load(uow, organisation.read_toml(sources[name], name))


def people_it(uow: UnitOfWork, sources: Mapping[str, bytes]) -> None:
    """Add the organisation's groups and those that diagrams name, each with members, and people."""
    _load_organisation(uow, sources)
    enrol_groups(uow, groups_in_diagrams(sources) | {GUESTS})
    enrol_people(uow, organisation.read_toml(sources.get("demo/people.toml", b""), "demo/people.toml"))


def groups_in_diagrams(sources: Mapping[str, bytes]) -> set[str]:
    """Return the groups that diagrams name as candidates or starters."""
    found = (
        keys.decode().split(",") for source in sources.values() for keys in _GROUPS_IN_XML.findall(source)
    )
    return {key.strip() for keys in found for key in keys} - {"", "*"}


def enrol_groups(uow: UnitOfWork, keys: Iterable[str]) -> None:
    """Add the groups that are not there yet, and give each its members."""
    present = set(uow.execute(select(tables.user_group.c.key)).scalars())
    new = sorted(set(keys) - present)
    if new:
        uow.execute(
            insert(tables.user_group),
            [{"key": key, "name_zh": key, "name_en": key, "capabilities": "[]"} for key in new],
        )
        editions.changed(uow, "people")
    staffed = set(uow.execute(select(tables.membership.c.group_key)).scalars())
    for key in sorted((present | set(new)) - staffed):
        enrol_users(uow, [f"{key}.{number}" for number in range(1, MEMBERS_PER_GROUP + 1)], [key])


def enrol_people(uow: UnitOfWork, content: Mapping[str, Any]) -> None:
    """Add the people of the demo under their names and with their groups; nobody logs in here."""
    for person in content.get("person", []):
        enrol_users(uow, [person["name"]], person.get("groups", []))


def enrol_users(uow: UnitOfWork, names: Iterable[str], groups: Iterable[str] = ()) -> None:
    """Add users who are not there yet."""
    account = tables.user_account
    present = set(uow.execute(select(account.c.name)).scalars())
    for name in sorted(set(names) - present):
        values = {"name": name, "full_name": name, "password_hash": "-", "created_at": uow.now}
        uow.execute(insert(account).values(values))
        for key in groups:
            uow.execute(insert(tables.membership).values(user_name=name, group_key=key))
