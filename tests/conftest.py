"""What all tests share: databases, people, deployed diagrams, a clock that is moved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from engine import clock, tables, timers
from engine.database import Database
from engine.identity import User
from engine.migrations import migrate
from engine.settings import Centre
from tests import desk as desks
from tests.desk import MONDAY, Desk
from tests.engine import diagrams

pytest_plugins = ["tests.machine"]

# ---- PostgreSQL, where one answers (tests.machine says so) ---------------------------------------------


@pytest.fixture(scope="session")
def postgres_address(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database of this test process alone, on the PostgreSQL that answers."""
    server = request.config.pluginmanager.get_plugin("tests.machine").postgres()
    assert server is not None, "tests marked postgres are skipped where none answers"
    name = f"banjie_test_{uuid4().hex[:12]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield str(engine.url.set(database=name).render_as_string(hide_password=False))
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_tables(postgres_address: str) -> str:
    """The same, with its tables."""
    database = Database(postgres_address)
    migrate(database)
    database.close()
    return postgres_address


# ---- databases -------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def empty_database() -> Iterator[Database]:
    """A migrated SQLite database in memory, to be copied."""
    database = Database("sqlite://")
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def centre(tmp_path: Path) -> Centre:
    """The centre's settings, with a file store of the test's own."""
    return Centre(files=tmp_path / "files")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, centre: Centre) -> Iterator[Database]:
    """An empty database: SQLite in memory, then PostgreSQL."""
    if request.param == "sqlite":
        made = request.getfixturevalue("empty_database").copy_in_memory(centre)
    else:
        made = Database(request.getfixturevalue("postgres_tables"), centre)
        _empty(made)
    yield made
    made.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def shared_database(request: pytest.FixtureRequest, centre: Centre, tmp_path: Path) -> Iterator[Database]:
    """An empty database for several connections at once: an SQLite file, then PostgreSQL."""
    if request.param == "sqlite":
        made = Database(f"sqlite:///{tmp_path}/test.db", centre)
        migrate(made)
    else:
        made = Database(request.getfixturevalue("postgres_tables"), centre)
        _empty(made)
    yield made
    made.close()


def _empty(database: Database) -> None:
    names = ", ".join(table.name for table in tables.metadata.sorted_tables)
    with database.connections.begin() as connection:
        # The history refuses to be emptied, unless the server is told that this is no ordinary session.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))


# ---- time ------------------------------------------------------------------------------------------------


@pytest.fixture
def moved_clock() -> Iterator[clock.MovedClock]:
    """The time of the test: Monday, 2 March 2026, ten o'clock in Shanghai, until it is moved."""
    moved = clock.MovedClock(MONDAY)
    with clock.moved(moved):
        yield moved


@pytest.fixture
def wait(database: Database, moved_clock: clock.MovedClock) -> Callable[..., None]:
    """``wait(days=15)``: every timer that falls due on the way fires, at its own time."""

    def wait(**span: float) -> None:
        until = moved_clock() + timedelta(**span)
        while True:
            with database.reading() as uow:
                due = timers.next_due(uow)
            if due is None or due >= until:
                moved_clock.move_to(until)
                return
            moved_clock.move_to(max(due, moved_clock()))
            assert timers.fire_next(database)

    return wait


# ---- people and diagrams ---------------------------------------------------------------------------------


@pytest.fixture
def people(database: Database, moved_clock: clock.MovedClock) -> Callable[[str], User]:
    """The organisation and its people; ``people("fang")`` is one of them, as of now."""
    return desks.enrol(database)


@pytest.fixture
def deploy(database: Database, people: Callable[[str], User]) -> Callable[[Mapping[str, str]], None]:
    """``deploy({"repair.bpmn": "…"})``: give these files a version, as the process owner."""

    def deploy(files: Mapping[str, str]) -> None:
        owner = people("pan")
        with database.unit_of_work() as uow:
            desks.deploy_texts(uow, files, owner)

    return deploy


@pytest.fixture
def desk(database: Database, people: Callable[[str], User]) -> Desk:
    """A desk at which everybody works."""
    return Desk(database, people)


@pytest.fixture
def repair(deploy: Callable[[Mapping[str, str]], None], desk: Desk) -> Desk:
    """The desk, with the small repair process deployed."""
    deploy(diagrams.REPAIR_FILES)
    return desk
