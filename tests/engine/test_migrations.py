"""Migrations lead to tables.py."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Boolean, Column, Connection, Integer, LargeBinary, MetaData, Numeric, Table, text

from engine import migrations, tables
from engine.database import Database
from engine.errors import SettingsError
from engine.migrations import migrate


def test_migrations_lead_to_the_tables(database: Database) -> None:
    with database.connections.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, tables.metadata)

    assert differences == []


def test_a_second_migration_changes_nothing(database: Database) -> None:
    migrate(database)


def _something(column: Column[Any]) -> Any:
    """Return what a column may hold, as SQLite takes it."""
    if isinstance(column.type, LargeBinary):
        return b"x"
    return 1 if isinstance(column.type, Integer | Boolean | Numeric) else "2026-03-02"


def _insertion(table: Table) -> tuple[str, tuple[Any, ...]]:
    """Return a statement that adds a row, and its values."""
    names = ", ".join(column.name for column in table.columns)
    places = ", ".join("?" for _ in table.columns)
    return f"INSERT INTO {table.name} ({names}) VALUES ({places})", tuple(map(_something, table.columns))


def _as_of(connection: Connection, revision: str) -> MetaData:
    """Make a database as a version had it, for rows that lack what they refer to; return its tables."""
    config = migrations._config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
    connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
    old = MetaData()
    old.reflect(connection)
    return old


@pytest.mark.slow
def test_a_database_of_the_first_version_keeps_what_it_holds(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/old.db")
    with database.connected() as connection:
        old = _as_of(connection, "0001")
        held = [table for name, table in old.tables.items() if name != "alembic_version"]
        for table in held:
            connection.exec_driver_sql(*_insertion(table))
        connection.commit()
    with pytest.raises(SettingsError, match="banjie migrate"):
        migrations.require_tables(database)

    migrate(database)

    migrations.require_tables(database)
    with database.connected() as connection:
        for table in held:
            names = ", ".join(column.name for column in table.columns)
            (row,) = connection.exec_driver_sql(f"SELECT {names} FROM {table.name}").all()
            assert tuple(row) == _insertion(table)[1], table.name
    database.close()


def test_older_cases_are_found_by_texts_without_spaces(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/old.db")
    with database.connected() as connection:
        old = _as_of(connection, "0007")
        connection.exec_driver_sql(*_insertion(old.tables["process_instance"]))
        connection.execute(
            text("UPDATE process_instance SET search_text = :it"), {"it": "ts-1\n３栋 501\n王 Ming"}
        )
        connection.commit()

    migrate(database)

    with database.connected() as connection:
        assert (
            connection.execute(text("SELECT search_text FROM process_instance")).scalar()
            == "ts-1\n3栋501\n王ming"
        )
    database.close()


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
