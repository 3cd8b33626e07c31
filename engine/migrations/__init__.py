"""Alembic scripts, one per change of tables.py."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import ArgumentError, DBAPIError

from engine.database import Database
from engine.errors import SettingsError, Unavailable
from engine.settings import Centre
from engine.texts import Text

#: Any number will do, as long as all processes of the program ask for the same lock.
_ADVISORY_LOCK = 727_001


def reachable(address: str, centre: Centre) -> Database:
    """Return the database at this address. Raises SettingsError, in one line, where none answers."""
    try:
        database = Database(address, centre)
    except (ArgumentError, ImportError, ValueError) as error:
        raise SettingsError(
            Text(
                "BANJIE_DATABASE_URL 应像 sqlite:///var/banjie.sqlite 或 postgresql://user:password@host/name。",
                "BANJIE_DATABASE_URL should look like sqlite:///var/banjie.sqlite"
                " or postgresql://user:password@host/name.",
            )
        ) from error
    try:
        with database.connected():
            pass
    except (Unavailable, DBAPIError) as error:
        raise SettingsError(
            Text("无法使用数据库 {address}：{reason}", "The database {address} cannot be used: {reason}"),
            address=database.connections.url.render_as_string(hide_password=True),
            reason=error.reason
            if isinstance(error, Unavailable)
            else str(error.orig).strip().partition("\n")[0],
        ) from error
    return database


def require_tables(database: Database) -> None:
    """
    Raise SettingsError where the database waits for ``migrate``.

    A database that a newer program has migrated will do: it is changed so that this one still runs.
    """
    scripts = ScriptDirectory.from_config(_config())
    with database.connected() as connection:
        at = set(MigrationContext.configure(connection).get_current_heads())
    known = {script.revision for script in scripts.walk_revisions()}
    if not at or (at <= known and at != set(scripts.get_heads())):
        raise SettingsError(
            Text(
                "数据库还没有本版程序的表。请先运行 banjie migrate。",
                "The database has not the tables of this version yet. Run banjie migrate first.",
            )
        )


def migrate(database: Database) -> None:
    """
    Bring the database to the tables of this program; several processes may call it at once.

    Raises:
        SettingsError: a newer program has migrated it.
    """
    with database.connected() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})
            _upgrade(connection)
            connection.commit()
            return
        # Alembic rebuilds SQLite's tables to change them, which references to them would forbid.
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            _upgrade(connection)
            connection.commit()
        finally:
            connection.rollback()
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise SettingsError(
            Text(
                "数据库属于更新的程序版本，请升级程序。（{reason}）",
                "The database belongs to a newer version of the program; install that one. ({reason})",
            ),
            reason=error,
        ) from error


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
