"""Migrations lead to tables.py."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from engine import tables
from engine.database import Database
from engine.migrations import migrate


def test_migrations_lead_to_the_tables(database: Database) -> None:
    with database.connections.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, tables.metadata)

    assert differences == []


def test_a_second_migration_changes_nothing(database: Database) -> None:
    migrate(database)


@pytest.mark.slow
def test_several_processes_may_migrate_at_once(tmp_path: Path) -> None:
    databases = [Database(f"sqlite:///{tmp_path}/new.db") for _ in range(3)]
    failures: list[Exception] = []

    def run(database: Database) -> None:
        try:
            migrate(database)
        except Exception as error:  # noqa: BLE001 (shown by the assertion)
            failures.append(error)

    threads = [threading.Thread(target=run, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in databases:
        database.close()

    assert failures == []


@pytest.mark.parametrize("database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_the_state_is_compressed_quickly(database: Database) -> None:
    with database.connections.connect() as connection:
        method = connection.execute(
            text("SELECT attcompression FROM pg_attribute WHERE attrelid = 'process_instance'::regclass "
                 "AND attname = 'state'")
        ).scalar()  # fmt: skip

    assert method == "l"  # lz4
