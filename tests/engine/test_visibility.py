"""Which cases, and which of their values, somebody may see."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from engine import queries, tables, visibility
from engine.database import UnitOfWork
from engine.errors import InvalidDefinition, NotFound
from engine.identity import Offer, User, acts_for, may_see_case
from tests.desk import PEOPLE, Desk
from tests.engine.diagrams import end, form, process, script, start, task, text

Deploy = Callable[[Mapping[str, str]], None]
CASE, TASK = tables.process_instance, tables.user_task
SECRETS = ("id_number", "contract", "flag")
GROUPS = ("front_desk", "area_manager", "cs_supervisor", "*")
MANY = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

names = st.sampled_from(sorted(PEOPLE))
secrets = st.sets(st.sampled_from(SECRETS))
offers = st.builds(
    Offer,
    groups=st.frozensets(st.sampled_from(GROUPS), max_size=2),
    users=st.frozensets(names, max_size=2),
    assignee=st.none() | names,
    excluded=st.frozensets(names, max_size=2),
)
#: Tasks of a case: what their forms restrict, to whom they are offered, who has completed them.
tasks = st.lists(st.tuples(secrets, offers, st.none() | names), max_size=4)


@pytest.fixture
def everybody(repair: Desk) -> Mapping[str, User]:
    """The people of the tests, by name."""
    return {name: repair.people(name) for name in PEOPLE}


@pytest.fixture
def case(repair: Desk) -> int:
    """A case, of which each example makes what it wants and rolls it back."""
    return repair.start(what="灯坏了")


class Undone(Exception):
    """Ends a transaction that is to leave nothing."""


def row_of(uow: UnitOfWork, case: int) -> Any:
    return uow.execute(select(CASE).where(CASE.c.id == case)).one()


def add_task(
    uow: UnitOfWork, case: int, restricted: set[str], offer: Offer, completed_by: str | None
) -> None:
    uow.execute(
        insert(TASK).values(
            id=uuid4(), instance_id=case, process_key="repair", element_id="X", name_zh="x", name_en="x",
            definition_id=int(row_of(uow, case).definition_ids.split(",")[0]), created_at=uow.now,
            status="open" if completed_by is None else "completed", completed_by=completed_by,
            restricted=json.dumps(sorted(restricted)), assignee=offer.assignee,
            candidate_groups=json.dumps(sorted(offer.groups)), candidate_users=json.dumps(sorted(offer.users)),
            excluded_users=json.dumps(sorted(offer.excluded)),
        )
    )  # fmt: skip


# ---- cases -----------------------------------------------------------------------------------------------


def test_a_case_that_one_may_not_see_is_like_one_that_does_not_exist(
    repair: Desk, everybody: Mapping[str, User], case: int
) -> None:
    def answer(number: int, by: str) -> str:
        with pytest.raises(NotFound) as refused, repair.database.reading() as uow:
            visibility.require_case(uow, number, everybody[by])
        return str(refused.value)

    assert answer(case, "gong") == answer(case + 1, "gong") == answer(case + 1, "fang")
    for name in ("fang", "feng", "zhu"):  # who began it, whose task it is, who sees every case
        with repair.database.reading() as uow:
            assert visibility.require_case(uow, case, everybody[name]).id == case


@MANY
@given(viewers=st.sets(st.sampled_from([*(f"u:{name}" for name in PEOPLE), *(f"g:{key}" for key in GROUPS)])))
def test_lists_show_exactly_the_cases_that_can_be_opened(
    repair: Desk, everybody: Mapping[str, User], case: int, viewers: set[str]
) -> None:
    with pytest.raises(Undone), repair.database.unit_of_work() as uow:
        uow.execute(tables.case_viewer.delete())
        uow.execute(update(CASE).values(viewers=json.dumps(sorted(viewers))))
        if viewers:
            rows = [{"holder": holder, "instance_id": case} for holder in sorted(viewers)]
            uow.execute(insert(tables.case_viewer), rows)
        for name, user in everybody.items():
            listed = uow.execute(select(CASE.c.id).where(visibility.visible_cases(user))).scalars().all()
            assert bool(listed) == may_see_case(user, viewers), name
            if not listed:
                with pytest.raises(NotFound):
                    visibility.require_case(uow, case, user)
        raise Undone


# ---- values ----------------------------------------------------------------------------------------------


@MANY
@given(restricted=secrets, made=tasks)
def test_a_value_is_seen_by_whose_task_needs_it_and_who_completed_one_that_did(
    repair: Desk,
    everybody: Mapping[str, User],
    case: int,
    restricted: set[str],
    made: list[tuple[set[str], Offer, str | None]],
) -> None:
    with pytest.raises(Undone), repair.database.unit_of_work() as uow:
        uow.execute(update(CASE).values(restricted=json.dumps(sorted(restricted))))
        for asked, offer, completed_by in made:
            add_task(uow, case, asked, offer, completed_by)
        for name, user in everybody.items():
            needed = {
                each
                for asked, offer, completed_by in made
                if (acts_for(user, offer) is not None if completed_by is None else completed_by == name)
                for each in asked
            }
            assert visibility.hidden_names(uow, row_of(uow, case), user) == restricted - needed, name
        raise Undone


def test_a_task_of_another_case_opens_nothing_here(
    repair: Desk, everybody: Mapping[str, User], case: int
) -> None:
    elsewhere = repair.start(what="水管")
    with repair.database.unit_of_work() as uow:
        uow.execute(update(CASE).values(restricted='["flag"]'))
        add_task(
            uow, elsewhere, {"flag"}, Offer(frozenset({"front_desk"}), frozenset(), None, frozenset()), None
        )
        assert visibility.hidden_names(uow, row_of(uow, case), everybody["feng"]) == {"flag"}
        assert visibility.hidden_names(uow, row_of(uow, elsewhere), everybody["feng"]) == frozenset()


@MANY
@given(offer=offers)
def test_an_offer_is_read_as_it_was_stored(repair: Desk, case: int, offer: Offer) -> None:
    with pytest.raises(Undone), repair.database.unit_of_work() as uow:
        add_task(uow, case, set(), offer, None)
        row = uow.execute(select(TASK).where(TASK.c.element_id == "X")).one()
        assert visibility.offer_of(row) == offer
        raise Undone


# ---- what a process says of its own variables ------------------------------------------------------------

COPYING = (start(), task("Note", "front_desk", form="note"), script("Copy", "card = id_number"),
           task("Do", "area_manager"), end())  # fmt: skip
FLOWS = ["Begin Note", "Note Copy", "Copy Do", "Do Done"]
NOTE = {"note.form": form("note", text("id_number", restricted=True))}


def test_a_copy_that_everybody_would_see_cannot_be_deployed(desk: Desk, deploy: Deploy) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        deploy({"copy.bpmn": process("copy", *COPYING, flows=FLOWS), **NOTE})

    errors = [one for one in refused.value.findings if one.severity == "error"]
    assert [(one.code, one.element_id) for one in errors] == [("restricted-copied", "Copy")]
    assert "“card”" in errors[0].hint.zh and "restricted" in errors[0].hint.en


def test_a_form_that_restricts_what_a_process_in_force_copies_is_refused(desk: Desk, deploy: Deploy) -> None:
    deploy(
        {"copy.bpmn": process("copy", *COPYING, flows=FLOWS), "note.form": form("note", text("id_number"))}
    )

    with pytest.raises(InvalidDefinition) as refused:
        deploy(NOTE)

    (error,) = [one for one in refused.value.findings if one.severity == "error"]
    assert (error.code, error.element_id, error.file) == ("restricted-copied", "Copy", "copy.bpmn")
    deploy({"copy.bpmn": process("copy", *COPYING, flows=FLOWS, restricted="card"), **NOTE})
    deploy({"note.form": form("note", text("id_number", restricted=True), text("remark", restricted=True))})


def test_a_process_restricts_further_variables(desk: Desk, deploy: Deploy) -> None:
    restricting = process(
        "copy", *COPYING, flows=FLOWS, restricted=" card ", caseTitle="${card}", searchable="card"
    )
    deploy({"copy.bpmn": restricting, **NOTE})
    case = desk.start("copy")
    desk.complete("Note", by="fang", id_number="310101199001011234")

    for name in ("qian", "zhu", "feng"):
        page = desk.look(queries.case, case, by=name)
        assert "310101199001011234" not in repr((page.case, page.variables, page.history)), name
        told = [answer.is_hidden for answer in page.variables if answer.name == "card"]
        assert all(told), "what nobody has a word for is of use to process owners only"
    assert desk.variables(case)["card"] == "310101199001011234"
    assert "310101199001011234" not in repr(desk.rows(tables.case_value))
