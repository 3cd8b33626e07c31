"""Who gets in where: every address that there is, also those that will be added."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask, url_for
from sqlalchemy import select

from engine import people, tables
from engine.database import Database
from engine.identity import SYSTEM
from tests.web.conftest import DIAGRAM, PASSWORD, Browser
from web import OPEN_PAGES

#: What somebody of no group may look at: lists with nothing in them, and what is their own.
OWN_PAGES = {
    "home", "inbox.show", "cases.search", "start.choose", "registers.overview", "account.messages",
    "account.password", "account.substitutes", "calendar.year", "calendar.show", "registers.offers",
}  # fmt: skip
OWN_CHANGES = {
    "auth.logout", "auth.choose_language", "account.password", "account.name_substitute",
    "account.revoke_substitute", "start.discard", "definitions.forget",
}  # fmt: skip
REFUSED = {403, 404}

Addresses = Callable[[str], Iterator[tuple[str, str]]]


@pytest.fixture
def addresses(app: Flask, task: str) -> Addresses:
    """``addresses("POST")``: each address that takes it, with its endpoint; about things that there are."""
    there_is = {
        "task_id": task.rpartition("/")[2], "process_key": "lend_key", "process": "lend_key", "name": "ada",
        "kind": "process", "number": "2026", "key": "front_desk", "upload_id": uuid4(), "attachment_id": uuid4(),
    }  # fmt: skip

    def addresses(method: str) -> Iterator[tuple[str, str]]:
        for rule in app.url_map.iter_rules():
            if method in (rule.methods or ()):
                with app.test_request_context():
                    values = {name: there_is.get(name, 1) for name in rule.arguments}
                    yield url_for(rule.endpoint, **values), rule.endpoint

    return addresses


@pytest.fixture
def guest(database: Database, browser_of: Callable[[str], Browser]) -> Browser:
    """Somebody who is in no group."""
    with database.unit_of_work() as uow:
        people.create_user(uow, "guest", "客人", PASSWORD, [], by=SYSTEM)
    return browser_of("guest")


def contents(database: Database) -> dict[str, list[Any]]:
    """Return all that is stored."""
    with database.reading() as uow:
        return {table.name: list(uow.execute(select(table))) for table in tables.metadata.sorted_tables}


def test_nobody_sees_or_changes_anything_without_a_login(stranger: Browser, addresses: Addresses) -> None:
    stranger.get("/login")
    for method, ask in (("GET", stranger.get), ("POST", stranger.post)):
        for address, endpoint in addresses(method):
            if endpoint not in OPEN_PAGES:
                answer = ask(address)
                assert (answer.status_code, answer.location[:6]) == (303, "/login"), address


def test_somebody_of_no_group_sees_nothing_of_others(guest: Browser, addresses: Addresses) -> None:
    others = [address for address, endpoint in addresses("GET") if endpoint not in OWN_PAGES | OPEN_PAGES]

    assert len(others) > 20
    assert [address for address in others if guest.get(address).status_code not in REFUSED] == []


def test_somebody_of_no_group_changes_nothing_of_others(
    guest: Browser, addresses: Addresses, database: Database
) -> None:
    others = [address for address, endpoint in addresses("POST") if endpoint not in OWN_CHANGES | OPEN_PAGES]
    before = contents(database)

    def given() -> dict[str, Any]:
        return {"reason": "x", "text": "x", "to": "guest", "key_number": "x", "borrower": "x", "means": "free",
                "first_day": "2026-03-03", "announced": "1", "groups": "front_desk", "full_name": "x", "active": "0",
                "password": PASSWORD, "kind": "process", "key": "lend_key", "name": "x",
                "files": (BytesIO(DIAGRAM.encode()), "lend_key.bpmn")}  # fmt: skip

    assert len(others) > 20
    changed = [address for address in others if guest.post(address, given()).status_code not in REFUSED]
    assert not changed, "\n".join(changed)
    assert contents(database) == before
