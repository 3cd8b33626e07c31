"""Transactions: every use case runs inside one unit of work.

Entry points say ``Database(settings.database_url, settings.centre)`` once, then
``with database.unit_of_work() as uow: runtime.complete_task(uow, …)`` to change something, and
``with database.reading() as uow: queries.inbox(uow, by)`` to look. A use case finds the centre's time zone,
office hours and file store as ``uow.centre``. A test or journey may leave the centre out: the usual one is
taken.
Raised by either block: ``Conflict`` where PostgreSQL broke a deadlock (nothing was stored; try again), and
``Unavailable`` where the database is away, has no room left, or takes no more connections.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Hashable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy import Connection, CursorResult, Engine, Executable, StaticPool, Table, create_engine, event
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.pool import ConnectionPoolEntry

from engine import clock
from engine.errors import Conflict, Unavailable
from engine.settings import Centre
from engine.texts import Text

#: What PostgreSQL says when two transactions wait for each other, or cannot be put in order.
_DEADLOCK = {"40P01", "40001"}
#: What it says when it goes down or comes up; by the first two signs, when a connection broke, or there is no
#: room or connection left. Whoever says nothing could not be reached.
_AWAY = ("57P01", "57P02", "57P03", "08", "53", "58")
#: The same of SQLite: busy, no memory, read only, cannot read or write, no room, cannot be opened.
_SQLITE_AWAY = {
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN,
}  # fmt: skip
#: So long PostgreSQL may take to answer that somebody wants to speak to it.
_CONNECT_TIMEOUT = 10  # seconds
#: So long ago a connection may have been used and is still taken to be alive.
_SURELY_ALIVE = 5  # seconds


class UnitOfWork:
    """One transaction. ``now`` is read once as it opens; every row it writes carries that instant."""

    def __init__(
        self, connection: Connection, now: datetime, centre: Centre, cache: dict[Hashable, Any]
    ) -> None:
        self.connection = connection
        self.now = now
        self.centre = centre
        #: What was read before and cannot have changed; shared by all transactions of the process.
        self.cache = cache
        #: What was read once in this transaction.
        self.seen: dict[Hashable, Any] = {}

    def execute(self, statement: Executable, rows: Any = None) -> CursorResult[Any]:
        """Run one statement; ``rows`` is a dict, or a list of dicts for many rows."""
        if isinstance(rows, list) and len(rows) == 1:
            rows = rows[0]  # for many rows a driver takes a longer way
        return self.connection.execute(statement, rows)

    @contextmanager
    def together(self) -> Iterator[None]:
        """
        Send what the block changes without waiting for each answer, where the database can: PostgreSQL.

        The block must ask for nothing, not even how many rows were changed. Errors may come at its end only.
        """
        if self.is_sqlite:
            yield
            return
        connection: Any = self.connection.connection.driver_connection
        with connection.pipeline():
            yield

    def gather_statistics(self, *tables: Table) -> None:
        """
        Do at once what PostgreSQL does by itself within a minute of many new rows; unnamed, of all tables.

        Until then its plans fit the table as it was: a search by 500 numbers reads every row.
        """
        if not self.is_sqlite:
            names = ", ".join(table.name for table in tables)
            self.connection.exec_driver_sql(f"ANALYZE {names}")

    @property
    def dialect(self) -> str:
        """The kind of database: ``sqlite`` or ``postgresql``."""
        return self.connection.dialect.name

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is SQLite, which has one writer at a time and knows no row locks."""
        return self.dialect == "sqlite"

    def keep_cache_apart(self) -> None:
        """Share nothing read from now on: this transaction changes it, and may be rolled back."""
        self.cache = dict(self.cache)


class Database:
    """The database that all web and worker processes share; the only place that opens transactions."""

    def __init__(self, url: str, centre: Centre | None = None) -> None:
        self.url = url
        self.centre = centre or Centre()
        self._cache: dict[Hashable, Any] = {}
        self.connections = _connect(url)
        self.is_sqlite = self.connections.dialect.name == "sqlite"
        in_memory = self.is_sqlite and self.connections.url.database in (None, "", ":memory:")
        # SQLite has one writer at a time: a fair queue in the process, so that nobody starves.
        self._writers = threading.RLock() if self.is_sqlite else nullcontext()
        # An in-memory database has a single connection, so that its readers queue as well.
        self._readers = self._writers if in_memory else nullcontext()

    @contextmanager
    def unit_of_work(self) -> Iterator[UnitOfWork]:
        """Open a transaction that commits when the block ends and rolls back when it raises."""
        with self._writers, _errors_of_ours(), self.connections.begin() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            uow = UnitOfWork(connection, clock.now(), self.centre, self._cache)
            yield uow

    @contextmanager
    def reading(self) -> Iterator[UnitOfWork]:
        """Open a transaction that only looks: what it writes is refused by PostgreSQL, and lost on SQLite."""
        with self._readers, _errors_of_ours(), self.connections.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN")
            else:
                connection.execution_options(postgresql_readonly=True)
            yield UnitOfWork(connection, clock.now(), self.centre, self._cache)
            if self.is_sqlite:
                connection.rollback()
            else:
                connection.commit()  # a rollback makes the driver forget every statement it has prepared

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """Open a connection for what is no use case: bringing the tables up to date."""
        with _errors_of_ours(), self.connections.connect() as connection:
            yield connection

    def copy_in_memory(self, centre: Centre) -> Database:
        """Return a copy of an SQLite database in memory, for a centre of its own."""
        copy = Database("sqlite://", centre)
        copy._cache = dict(self._cache)
        with self._readers, self.connections.connect() as ours, copy.connections.connect() as theirs:
            source, target = ours.connection.driver_connection, theirs.connection.driver_connection
            assert isinstance(source, sqlite3.Connection) and isinstance(target, sqlite3.Connection)
            source.backup(target)
        return copy

    def close(self) -> None:
        """Give back every connection."""
        self.connections.dispose()


@contextmanager
def _errors_of_ours() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        # Of statements sent together, the driver's own error comes; else it is wrapped.
        told = getattr(error, "orig", error)
        if getattr(told, "sqlstate", None) in _DEADLOCK:
            raise Conflict(_BUSY) from error
        if _is_away(error, told):
            raise Unavailable(_UNAVAILABLE, str(told).strip().partition("\n")[0]) from error
        raise


def _is_away(error: Exception, told: Any) -> bool:
    if isinstance(error, NoConnectionFree):
        return True
    if isinstance(told, sqlite3.Error):
        return getattr(told, "sqlite_errorcode", 0) & 0xFF in _SQLITE_AWAY
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if not isinstance(told, psycopg.OperationalError):
        return False
    return told.sqlstate is None or told.sqlstate.startswith(_AWAY)


_BUSY = Text("同一时间有人在处理同一件事，请重试。", "Somebody worked on the same thing; please try again.")
_UNAVAILABLE = Text("数据库暂时无法使用。", "The database cannot be used at the moment.")


def _connect(url: str) -> Engine:
    if not url.startswith("sqlite"):
        server = create_engine(
            url, pool_size=10, max_overflow=30, hide_parameters=True,
            connect_args={"connect_timeout": _CONNECT_TIMEOUT},
        )  # fmt: skip
        _ask_after_a_rest(server)
        return server
    options: dict[str, Any] = {"connect_args": {"check_same_thread": False, "timeout": 30}}
    options["hide_parameters"] = True  # what people typed stands in no log
    if url in ("sqlite://", "sqlite:///:memory:"):
        options["poolclass"] = StaticPool
    engine = create_engine(url, **options)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in ("foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def _ask_after_a_rest(server: Engine) -> None:
    """
    Ask a connection that has rested whether it is still alive, and replace it if not.

    SQLAlchemy's ``pool_pre_ping`` asks before every transaction: a round trip more for each.
    """

    @event.listens_for(server, "checkin")
    def rest(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(server, "checkout")
    def ask(connection: Any, record: ConnectionPoolEntry, _: object) -> None:
        rests_since = record.info.get("rests_since")
        if rests_since is None or time.monotonic() - rests_since < _SURELY_ALIVE:
            return
        try:
            server.dialect.do_ping(connection)
        except psycopg.Error as error:
            raise InvalidatePoolError from error
