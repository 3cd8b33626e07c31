"""What programs keep in memory, and whether it is still true: how often it has been changed."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from engine import tables
from engine.database import UnitOfWork


def editions(uow: UnitOfWork) -> dict[str, int]:
    """Return how often definitions, calendar and people have changed; asked once per transaction."""
    seen = uow.seen.get("editions")
    if seen is None:
        seen = uow.seen["editions"] = {row.name: row.number for row in uow.execute(select(tables.edition))}
    known: dict[str, int] = seen
    return known


def changed(uow: UnitOfWork, name: str) -> None:
    """Say that this transaction, and no other now, changes something that programs keep in memory."""
    build = insert_sqlite if uow.is_sqlite else insert_postgresql
    number = uow.execute(
        build(tables.edition)
        .values(name=name, number=1)
        .on_conflict_do_update(index_elements=["name"], set_={"number": tables.edition.c.number + 1})
        .returning(tables.edition.c.number)
    ).scalar_one()
    uow.keep_cache_apart()
    editions(uow)[name] = number
