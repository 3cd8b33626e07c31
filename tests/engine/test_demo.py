"""The demo: anybody can log in, cases stand in every stage, a second start adds nothing."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from engine import demo, demo_past, identity, notifications, passwords, stage, tables
from engine.database import Database
from engine.errors import InvalidInput

PROCESSES = Path(__file__).parent.parent.parent / "processes"


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    settings = demo.settings(tmp_path_factory.mktemp("var"), PROCESSES)
    database = Database(settings.database_url, settings.centre)
    hasher = passwords._hasher
    # fifty people, in less than seconds
    passwords._hasher = passwords.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    demo.prepare(database, PROCESSES, lambda told: None)
    for _ in demo.add_people(database, demo.missing_people(database, PROCESSES)):
        pass
    for _ in demo.load_registers(database, PROCESSES, demo.missing_registers(database, PROCESSES)):
        pass
    for _ in demo_past.happen(database, demo_past.events(database, PROCESSES)):
        pass
    yield database
    passwords._hasher = hasher
    database.close()


def test_everybody_of_the_list_can_log_in(database):
    with database.reading() as uow:
        for person in demo.demo_people(PROCESSES)[:3]:
            user = identity.authenticate(uow, person.name, person.password)

            assert user is not None
            assert user.groups == set(person.groups)


def test_the_password_that_they_share_is_hashed_once(database):
    with database.reading() as uow:
        assert len(set(uow.execute(select(tables.user_account.c.password_hash)).scalars())) == 1


def test_there_is_somebody_for_every_task_and_in_every_group_of_the_company(database):
    group = tables.user_group
    with database.reading() as uow:
        keys = set(uow.execute(select(group.c.key).where(group.c.side != "external")).scalars())
        keys |= stage.groups_in_diagrams(stage.folder_files(PROCESSES))
        empty = [key for key in sorted(keys) if not identity.members(uow, [key])]

    assert empty == []


def test_the_registers_hold_the_customers_and_units_of_the_cases(database):
    record, case = tables.record, tables.process_instance
    with database.reading() as uow:
        titles = set(uow.execute(select(record.c.title).where(record.c.register == "customer")).scalars())
        units = set(uow.execute(select(record.c.number).where(record.c.register == "unit")).scalars())
        complaints = uow.execute(select(case.c.customer, case.c.unit).where(case.c.customer != "")).all()
        named = {(row.customer, row.unit) for row in complaints}

    assert len(named) > 15
    assert {customer for customer, _ in named} <= titles
    assert {unit for _, unit in named} <= units
    assert demo.missing_registers(database, PROCESSES) == []


def test_a_register_file_with_a_column_that_is_no_field_is_refused(database, tmp_path):
    folder = tmp_path / "demo" / "registers"
    folder.mkdir(parents=True)
    shutil.copy(PROCESSES / "demo" / "people.toml", tmp_path / "demo")
    path = folder / "01-project.csv"
    path.write_text("项目编号,项目名称,月租\nX,测试,1\n", encoding="utf-8")

    with pytest.raises(InvalidInput, match="月租"):
        list(demo.load_registers(database, tmp_path, [path]))


def test_cases_stand_in_every_stage(database):
    task, case = tables.user_task, tables.process_instance
    with database.reading() as uow:
        states = {
            row[0]: row[1] for row in uow.execute(select(case.c.status, func.count()).group_by(case.c.status))
        }
        open_ids = set(uow.execute(select(task.c.element_id).where(task.c.status == "open")).scalars())
        late = uow.execute(
            select(func.count()).where(task.c.status == "open", task.c.due_at < uow.now)
        ).scalar_one()

    assert sum(states.values()) >= 20
    assert states["completed"] >= 1
    assert {"Dispatch", "Investigate", "Plan", "Handle", "Feedback", "ReturnVisit"} <= open_ids
    assert late >= 3


def test_people_have_seen_the_messages_of_long_ago_and_not_the_newest(database):
    note = tables.notification
    with database.reading() as uow:
        by = identity.user(uow, "liu_min")
        rows = uow.execute(
            select(note).where(note.c.recipient.in_(sorted(by.holders))).order_by(note.c.id)
        ).all()
        unseen = notifications.unseen(uow, by)

    times = [row.created_at for row in rows]
    assert times == sorted(times)
    assert 0 < unseen < 20
    assert times[-unseen - 1] < uow.now - timedelta(hours=6)


def test_a_second_start_adds_nothing(database):
    told: list[object] = []

    demo.prepare(database, PROCESSES, told.append)

    assert told == []
    assert demo.missing_people(database, PROCESSES) == []
    assert demo_past.events(database, PROCESSES) == []


def test_the_secret_key_is_made_once_and_kept_from_others(tmp_path):
    first = demo.settings(tmp_path, PROCESSES)
    second = demo.settings(tmp_path, PROCESSES)

    assert first.secret_key == second.secret_key
    assert len(first.secret_key) >= 32
    assert (tmp_path / "secret-key").stat().st_mode & 0o077 == 0
