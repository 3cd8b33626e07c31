"""Whoever guesses is slowed down, by all web processes together; nobody is kept out for ever."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import insert

from engine import people, tables, throttle
from engine.clock import MovedClock
from engine.database import Database
from engine.errors import TooManyAttempts
from engine.identity import SYSTEM
from engine.throttle import Limit

LIMIT = (Limit("here", 3),)


def attempt(database: Database, *limits: Limit) -> bool:
    """Count an attempt as a web process does; whether it may be made."""
    try:
        with database.unit_of_work() as uow:
            throttle.count(uow, limits)
    except TooManyAttempts:
        return False
    return True


def keys(database: Database) -> list[str]:
    with database.reading() as uow:
        return sorted(row.key for row in uow.execute(tables.failed_attempts.select()))


def test_so_many_attempts_are_let_through_and_then_none_for_a_while(
    database: Database, moved_clock: MovedClock
) -> None:
    assert [attempt(database, *LIMIT) for _ in range(5)] == [True] * 3 + [False] * 2
    with pytest.raises(TooManyAttempts) as told, database.reading() as uow:
        throttle.require(uow, LIMIT)
    assert "10 minutes" in told.value.message.en and "10 分钟" in told.value.message.zh

    moved_clock.move_to(moved_clock() + timedelta(minutes=9, seconds=30))
    assert not attempt(database, *LIMIT)
    moved_clock.move_to(moved_clock() + timedelta(minutes=1))
    assert [attempt(database, *LIMIT) for _ in range(4)] == [True] * 3 + [False]


def test_whoever_goes_on_does_not_lengthen_the_wait(database: Database, moved_clock: MovedClock) -> None:
    for _ in range(30):
        attempt(database, *LIMIT)
        moved_clock.move_to(moved_clock() + timedelta(seconds=19))

    moved_clock.move_to(moved_clock() + timedelta(seconds=31))
    assert attempt(database, *LIMIT)


def test_what_went_well_does_not_count(database: Database, moved_clock: MovedClock) -> None:
    for _ in range(20):
        assert attempt(database, *LIMIT)
        with database.unit_of_work() as uow:
            throttle.take_back(uow, LIMIT)
    assert [attempt(database, *LIMIT) for _ in range(4)] == [True] * 3 + [False]


def test_a_refused_attempt_counts_nowhere(database: Database, moved_clock: MovedClock) -> None:
    other = Limit("elsewhere", 2)
    for _ in range(3):
        attempt(database, *LIMIT)
    for _ in range(5):
        assert not attempt(database, other, *LIMIT)

    assert [attempt(database, other) for _ in range(3)] == [True, True, False]


def test_old_rows_go_by_themselves(database: Database, moved_clock: MovedClock) -> None:
    rows = [{"key": f"k{n}", "number": 1, "ends_at": moved_clock() - timedelta(days=n)} for n in range(300)]
    with database.unit_of_work() as uow:
        uow.execute(insert(tables.failed_attempts), rows)

    attempt(database, *LIMIT)
    attempt(database, *LIMIT)

    assert keys(database) == ["here"]


@pytest.mark.slow
def test_several_web_processes_count_together(shared_database: Database) -> None:
    processes = [Database(shared_database.url) for _ in range(3)]
    may: list[bool] = []

    def guess(database: Database) -> None:
        may.extend(attempt(database, Limit("name", 10), Limit("address", 12)) for _ in range(6))

    threads = [threading.Thread(target=guess, args=(database,)) for database in processes * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in processes:
        database.close()

    assert len(may) == 36
    assert sum(may) == 10


# ---- what is counted -------------------------------------------------------------------------------------


def test_a_login_counts_for_its_name_and_its_address() -> None:
    one, other = throttle.login("ada", "10.1.1.1", None), throttle.login(" ADA", "10.1.1.2", None)

    assert one[0] == other[0]
    assert one[1] != other[1]
    assert "ada" not in repr(one)


def test_a_browser_that_the_person_has_used_before_counts_for_itself() -> None:
    known = throttle.login("ada", "10.1.1.1", "browser")

    assert not {limit.key for limit in known} & {
        limit.key for limit in throttle.login("ada", "10.1.1.1", None)
    }
    assert known == throttle.login("ada", "10.9.9.9", "browser")
    assert known != throttle.login("ben", "10.1.1.1", "browser")


@pytest.mark.parametrize(("one", "other", "are_same"), [
    ("10.0.0.1", "10.0.0.2", False), ("10.0.0.1", "::ffff:10.0.0.1", True),
    ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True), ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
    (None, "not an address", True), ("10.0.0.1\n", "10.0.0.1", False),
])  # fmt: skip
def test_a_network_counts_as_one_address(one: str | None, other: str | None, are_same: bool) -> None:
    assert (throttle.codes(one) == throttle.codes(other)) is are_same


def test_every_key_has_room_in_its_column() -> None:
    longest = "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"
    limits = [
        *throttle.login("ä" * 500, longest, None), *throttle.login("x" * 500, None, "y" * 500),
        *throttle.password("x" * 100), *throttle.codes(longest),
    ]  # fmt: skip

    assert max(len(limit.key) for limit in limits) <= tables.failed_attempts.c.key.type.length  # type: ignore[attr-defined]


def test_a_new_password_ends_the_wait(database: Database, moved_clock: MovedClock) -> None:
    with database.unit_of_work() as uow:
        people.create_user(uow, "ada", "安达", "a key in the drawer", by=SYSTEM)
    limits = throttle.login("ada", "10.1.1.1", None)
    while attempt(database, *limits):
        pass

    with database.unit_of_work() as uow:
        people.set_password(uow, "ada", "another key in it", by=SYSTEM)

    assert attempt(database, *limits)
