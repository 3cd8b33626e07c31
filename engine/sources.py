"""Sources in force: what was deployed, for modules that definitions are checked with."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from engine import tables
from engine.database import UnitOfWork
from engine.editions import editions
from engine.texts import Text

_definition = tables.definition


@dataclass(frozen=True)
class Source:
    """The newest version of something that was deployed."""

    definition_id: int
    name: Text
    file_name: str
    content: str


def in_force(uow: UnitOfWork, kind: str, key: str) -> Source | None:
    """Return the newest version; None where nothing of that name was deployed. Kept until it changes."""
    edition = editions(uow).get("definitions", 0)
    kept: tuple[int, Source | None] | None = uow.cache.get(("source", kind, key))
    if kept is None or kept[0] != edition:
        row = uow.execute(
            select(_definition)
            .where(_definition.c.kind == kind, _definition.c.key == key)
            .order_by(_definition.c.version.desc())
            .limit(1)
        ).first()
        found = row and Source(row.id, Text(row.name_zh, row.name_en), row.file_name, row.source)
        kept = uow.cache["source", kind, key] = (edition, found or None)
    return kept[1]


def forget(uow: UnitOfWork) -> None:
    """Read everything anew from here on: this transaction has deployed something."""
    for key in [key for key in uow.cache if isinstance(key, tuple) and key[0] == "source"]:
        del uow.cache[key]
