from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError

from engine import tables
from engine.database import Database
from engine.errors import Unavailable
from engine.migrations import migrate


def test_what_is_written_while_only_looking_is_not_kept(database: Database) -> None:
    series = insert(tables.case_number).values(series="LOOKING", last=1)

    if database.is_sqlite:
        with database.reading() as uow:
            uow.execute(series)
    else:
        with pytest.raises(DBAPIError, match="read-only"), database.reading() as uow:
            uow.execute(series)

    with database.unit_of_work() as uow:
        kept = select(func.count()).where(tables.case_number.c.series == "LOOKING")
        assert uow.execute(kept).scalar_one() == 0
        uow.execute(series)  # whoever has the connection next may write


@pytest.mark.postgres
def test_looking_leaves_prepared_statements_as_they_are(postgres_tables: str) -> None:
    database = Database(postgres_tables)
    asked = select(tables.case_number.c.last).where(tables.case_number.c.series == "TS-20261122")
    for _ in range(10):
        with database.reading() as uow:
            uow.execute(asked).all()

    with database.reading() as uow:
        prepared = uow.execute(text("SELECT count(*) FROM pg_prepared_statements")).scalar_one()
    database.close()

    assert prepared > 0


# ---- a database that is away ---------------------------------------------------------------------------------

SERIES = tables.case_number


def test_a_server_that_nobody_reaches_is_told_with_its_reason() -> None:
    database = Database("postgresql+psycopg://banjie@127.0.0.1:1/banjie")

    with pytest.raises(Unavailable) as told, database.reading():
        pass

    assert "refused" in told.value.reason
    database.close()


@pytest.mark.postgres
def test_after_the_server_has_ended_its_connections_the_next_transaction_goes_well(
    postgres_tables: str,
) -> None:
    database = Database(postgres_tables)
    with pytest.raises(Unavailable), database.unit_of_work() as uow:
        uow.execute(insert(SERIES).values(series="LOST", last=1))
        backend = uow.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with database.unit_of_work() as other:
            other.execute(text("SELECT pg_terminate_backend(:backend, 5000)"), {"backend": backend})

    with database.unit_of_work() as uow:
        assert uow.execute(select(SERIES).where(SERIES.c.series == "LOST")).all() == []
    database.close()


@pytest.mark.postgres
def test_a_connection_that_was_ended_while_it_rested_is_replaced_before_it_is_used(
    postgres_tables: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.database._SURELY_ALIVE", 0)
    database, other = Database(postgres_tables), Database(postgres_tables)
    with database.unit_of_work() as uow:
        backend = uow.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with other.unit_of_work() as uow:
        uow.execute(text("SELECT pg_terminate_backend(:backend, 5000)"), {"backend": backend})

    with database.unit_of_work() as uow:
        assert uow.execute(text("SELECT pg_backend_pid()")).scalar_one() != backend
    database.close()
    other.close()


@pytest.mark.postgres
def test_after_a_restart_of_the_server_all_connections_are_replaced(postgres_tables: str) -> None:
    database, other = Database(postgres_tables), Database(postgres_tables)
    ended = text("SELECT pg_terminate_backend(:backend, 5000)")
    with database.reading() as first, database.reading() as second:
        backends = [uow.execute(text("SELECT pg_backend_pid()")).scalar_one() for uow in (first, second)]
    with other.unit_of_work() as uow:
        for backend in backends:
            uow.execute(ended, {"backend": backend})

    with pytest.raises(Unavailable), database.reading() as uow:
        uow.execute(select(SERIES))
    with database.reading() as first, database.reading() as second:
        assert first.execute(select(SERIES)).all() == second.execute(select(SERIES)).all()

    database.close()
    other.close()


@pytest.mark.slow
def test_a_full_disk_is_told_and_nothing_is_stored(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/full.db")
    migrate(database)
    many = [{"series": f"S{number}", "last": 1} for number in range(10_000)]

    with pytest.raises(Unavailable, match="cannot be used") as told, database.unit_of_work() as uow:
        pages = uow.execute(text("PRAGMA page_count")).scalar_one()
        uow.execute(text(f"PRAGMA max_page_count = {pages}"))
        uow.execute(insert(SERIES), many)

    assert "full" in told.value.reason
    with database.reading() as uow:
        assert uow.execute(select(func.count()).select_from(SERIES)).scalar_one() == 0
    database.close()


@pytest.mark.slow
def test_what_somebody_typed_stands_in_no_error(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/new.db")

    with pytest.raises(DBAPIError) as told, database.unit_of_work() as uow:
        uow.execute(insert(SERIES).values(series="what was typed", last=1))

    assert "what was typed" not in str(told.value)
    database.close()
