"""Users, their groups, and what they may do."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from engine import clock, identity, organisation, people, tables
from engine.errors import Conflict, InvalidInput, NotFound, NotPermitted
from engine.identity import Capability, Offer, Principal, User, acts_for
from tests.desk import Desk


def offer(groups: str = "", users: str = "", assignee: str | None = None, excluded: str = "") -> Offer:
    """Return an offer from comma lists."""
    return Offer(*(frozenset(filter(None, t.split(","))) for t in (groups, users)), assignee,
                 frozenset(filter(None, excluded.split(","))))  # fmt: skip


ADA = User("ada", "Ada", groups=frozenset({"desk"}))
#: Ada, who stands in for Bob.
STAND_IN = User(
    "ada", "Ada", frozenset({"desk"}), standing_in_for=(Principal("bob", "Bob", frozenset({"area"})),)
)


@pytest.mark.parametrize(
    ("by", "offered", "as_whom"),
    [
        (ADA, offer("desk"), "ada"),
        (ADA, offer("area"), None),
        (ADA, offer("area", users="ada"), "ada"),
        (ADA, offer("desk", assignee="eve"), None),
        (ADA, offer("area", assignee="ada"), "ada"),
        (ADA, offer("desk", excluded="ada"), None),
        (STAND_IN, offer("area"), "bob"),
        (STAND_IN, offer("desk,area"), "ada"),
        (STAND_IN, offer("area", assignee="bob"), "bob"),
        (STAND_IN, offer("area", excluded="ada"), None),
        (STAND_IN, offer("area", excluded="bob"), None),
    ],
)
def test_a_task_is_done_in_somebodys_name_or_not_at_all(
    by: User, offered: Offer, as_whom: str | None
) -> None:
    assert acts_for(by, offered) == as_whom


def test_a_password_lets_in_and_a_wrong_one_does_not(desk: Desk) -> None:
    desk.do(people.create_user, "ada", "Ada Lovelace", "analytical engine", ["front_desk"], by="guan")

    def log_in(password: str, name: str = "ada") -> User | None:
        with desk.database.reading() as uow:
            return identity.authenticate(uow, name, password)

    found = log_in("analytical engine")
    assert found is not None and found.groups == {"front_desk"}
    assert log_in("analytical engines") is log_in("analytical engine", "nobody") is None
    desk.do(people.set_active, "ada", False, by="guan")
    assert log_in("analytical engine") is None
    assert "analytical" not in desk.row(tables.user_account, name="ada").password_hash


def test_a_new_password_ends_every_session(desk: Desk) -> None:
    desk.do(people.create_user, "ada", "Ada", "analytical engine", by="guan")

    with pytest.raises(InvalidInput):
        desk.do(people.set_password, "ada", "something new", by="ada", present_password="wrong one")
    desk.do(people.set_password, "ada", "something new", by="ada", present_password="analytical engine")

    assert desk.people("ada").session_number == 2


@pytest.mark.parametrize(
    ("name", "full_name", "password", "groups", "error"),
    [
        ("Ada", "Ada", "long enough", [], InvalidInput),
        ("system", "Ada", "long enough", [], InvalidInput),
        ("ada", " ", "long enough", [], InvalidInput),
        ("ada", "Ada", "short", [], InvalidInput),
        ("ada", "Ada", "long enough", ["nowhere"], InvalidInput),
        ("fang", "Ada", "long enough", [], Conflict),
    ],
)
def test_a_person_who_cannot_be_added_is_not(
    desk: Desk, name: str, full_name: str, password: str, groups: list[str], error: type[Exception]
) -> None:
    before = len(desk.rows(tables.user_account))
    with pytest.raises(error):
        desk.do(people.create_user, name, full_name, password, groups, by="guan")

    assert len(desk.rows(tables.user_account)) == before


def test_only_administrators_change_people_and_the_history_says_so(desk: Desk) -> None:
    with pytest.raises(NotPermitted):
        desk.do(people.set_groups, "fang", ["cs_manager"], by="pan")
    desk.do(people.set_groups, "fang", ["cs_manager"], by="guan")

    line = desk.row(tables.history, kind="person_changed")
    assert desk.people("fang").groups == {"cs_manager"}
    assert (line.user_name, line.instance_id) == ("guan", None)
    assert json.loads(line.detail) == {
        "person": "fang",
        "changes": {"groups": [["front_desk"], ["cs_manager"]]},
    }


def test_a_substitution_counts_from_its_first_to_its_last_day_in_shanghai(
    desk: Desk, moved_clock: clock.MovedClock
) -> None:
    desk.do(people.name_substitute, "qian", "fang", date(2026, 3, 3), date(2026, 3, 3), by="qian")

    def stands_in() -> bool:
        return bool(desk.people("fang").standing_in_for)

    midnight = moved_clock().replace(hour=16)  # of the third of March in Shanghai
    days = [
        (midnight - timedelta(seconds=1), False),
        (midnight, True),
        (midnight + timedelta(hours=24), False),
    ]
    for at, expected in days:
        moved_clock.move_to(at)
        assert stands_in() is expected


def test_a_substitute_gets_groups_but_no_capabilities(desk: Desk) -> None:
    desk.do(people.name_substitute, "jing", "fang", date(2026, 3, 2), date(2026, 3, 3), by="jing")

    fang = desk.people("fang")

    assert fang.all_groups == {"front_desk", "cs_manager"}
    assert not fang.may(Capability.CANCEL)


def test_substitutes_are_named_by_oneself_or_an_administrator_and_can_be_revoked(desk: Desk) -> None:
    days = (date(2026, 3, 2), date(2026, 3, 3))
    with pytest.raises(NotPermitted):
        desk.do(people.name_substitute, "qian", "fang", *days, by="fang")
    with pytest.raises(InvalidInput):
        desk.do(people.name_substitute, "qian", "qian", *days, by="qian")
    with pytest.raises(InvalidInput):
        desk.do(people.name_substitute, "qian", "fang", *reversed(days), by="qian")
    named = desk.do(people.name_substitute, "qian", "fang", *days, by="guan")
    with pytest.raises(NotFound):
        desk.do(people.revoke_substitute, named, by="fang")

    desk.do(people.revoke_substitute, named, by="qian")

    assert desk.people("fang").standing_in_for == ()
    assert [row.kind for row in desk.rows(tables.history)][-2:] == ["substitute_named", "substitute_revoked"]


@pytest.mark.parametrize(("first", "last", "is_right"), [
    ("2026-03-02", "2026-03-02", True), ("2026-02-20", "2026-03-02", True), ("2026-02-20", "2026-03-01", False),
    ("2026-03-02", "2028-03-02", True), ("2026-03-02", "2028-03-03", False), ("2028-03-01", "2028-03-02", True),
    ("2026-03-02", "9999-12-31", False), ("1526-03-02", "2026-03-03", False), ("2025-03-01", "2026-03-03", False),
    ("0001-01-01", "9999-12-31", False), ("9998-12-31", "9999-12-31", False), ("2025-03-02", "2026-03-03", True),
])  # fmt: skip
def test_somebody_stands_in_for_a_time_that_can_be_overlooked(
    desk: Desk, first: str, last: str, is_right: bool
) -> None:
    days = date.fromisoformat(first), date.fromisoformat(last)
    if is_right:
        assert desk.do(people.name_substitute, "qian", "fang", *days, by="qian")
        return

    with pytest.raises(InvalidInput) as refused:
        desk.do(people.name_substitute, "qian", "fang", *days, by="qian")

    assert refused.value.message.zh and desk.rows(tables.substitution) == []


def test_two_years_from_a_leap_day_are_a_day(desk: Desk, moved_clock: clock.MovedClock) -> None:
    moved_clock.move_to(datetime(2028, 2, 29, 4, tzinfo=UTC))

    for last, is_right in ((date(2030, 2, 28), True), (date(2030, 3, 1), False)):
        try:
            desk.do(people.name_substitute, "qian", "fang", date(2028, 2, 29), last, by="qian")
        except InvalidInput:
            assert not is_right
        else:
            assert is_right


def test_the_organisation_is_loaded_twice_and_changed_once(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "organisation.toml"
    file.write_text(
        '[[group]]\nkey = "front_desk"\nname_zh = "前台"\nname_en = "Desk"\n'
        '[[group]]\nkey = "butler"\nname_zh = "管家"\nname_en = "Butlers"\ncapabilities = ["retry"]\n'
    )
    with desk.database.unit_of_work() as uow:
        assert organisation.load(uow, file) == 2
    with desk.database.unit_of_work() as uow:
        assert organisation.load(uow, file) == 0
        assert identity.groups(uow)["front_desk"].zh == "前台"
        assert "cs_manager" in set(uow.execute(select(tables.user_group.c.key)).scalars())


@pytest.mark.parametrize(
    "text",
    ["[[group]]\nkey = 'Front Desk'\nname_zh='a'\nname_en='a'", "[[group]]\nkey='a'", "group = 3", "[[group",
     "[[group]]\nkey='a'\nname_zh='a'\nname_en='a'\ncapabilities=['fly']",
     "[[group]]\nkey='a'\nname_zh='a'\nname_en='a'\nside='dark'"],
)  # fmt: skip
def test_a_malformed_organisation_is_refused(desk: Desk, tmp_path: Path, text: str) -> None:
    file = tmp_path / "organisation.toml"
    file.write_text(text)

    with pytest.raises(InvalidInput), desk.database.unit_of_work() as uow:
        organisation.load(uow, file)
