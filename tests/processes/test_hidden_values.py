"""ID numbers are seen by those whose work needs them, and by nobody else: on no page, paper or export."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from functools import partial

import pytest

from engine import clock, journey_records, papers, queries, registers, tables
from engine.errors import NotFound, NotPermitted
from engine.identity import User
from engine.journey_files import Journey
from engine.registers import records
from tests.desk import Desk
from tests.processes import played

TENANT = played.journey("tenant_pass.toml", "")
RESIDENT = played.journey("resident_pass.toml", "")
OWNER_ID = "310101198001010018"  # of the customer, in the register


def walked(office: Desk, journey: Journey) -> tuple[int, str]:
    """Play a journey to its end; return its case and the ID number that somebody typed in it."""
    assert journey.start is not None
    typed = str(journey.start.values["holder_id"])
    with clock.moved(clock.MovedClock(journey.at)):
        with office.database.unit_of_work() as uow:
            journey_records.prepare(uow, journey)
            customer = registers.register(uow, "customer")
            person = {"name": "有证客户", "kind": "person", "phone": "13800138000", "id_number": OWNER_ID}
            records.add(uow, customer, person, by=None)
        return played.play(office.database, journey, journey.at), typed


def exports(office: Desk, register: str, by: User) -> bytes:
    """Return the CSV file and all that is in the workbook of a register."""
    with office.database.reading() as uow:
        book = io.BytesIO()
        registers.export_xlsx(uow, register, by, book)
        text = b"".join(registers.export_csv(uow, register, by))
    with zipfile.ZipFile(book) as parts:
        return text + b"".join(parts.read(name) for name in parts.namelist())


@pytest.mark.parametrize(
    ("register", "group", "sees"),
    [
        ("pass", "front_desk", True),
        ("pass", "security", False),
        ("pass", "finance", False),
        ("customer", "cs_manager", True),
        ("customer", "finance", False),
        ("customer", "butler", False),
    ],
)
def test_an_export_has_id_numbers_for_those_only_who_may_see_them(
    office: Desk, register: str, group: str, sees: bool
) -> None:
    _, holder = walked(office, TENANT)
    number = {"pass": holder, "customer": OWNER_ID}[register].encode()

    content = exports(office, register, office.people(group))

    assert (number in content) == sees
    assert (b"***" in content) != sees


def said(look: Callable[[], object]) -> str:
    """Return all that a page would have to show; nothing where it is not for them."""
    try:
        return repr(look())
    except (NotFound, NotPermitted):
        return ""


@pytest.mark.parametrize(
    "group", ["front_desk", "finance", "security", "butler", "cs_manager", "process_owner"]
)
@pytest.mark.parametrize("journey", [TENANT, RESIDENT], ids=["tenant", "resident"])
def test_whose_work_does_not_need_an_id_number_meets_it_on_no_page_and_no_paper(
    office: Desk, journey: Journey, group: str
) -> None:
    case, number = walked(office, journey)
    by = office.people(group)

    kept, issued = office.rows(tables.record), office.rows(tables.paper)
    with clock.moved(clock.MovedClock(journey.at)), office.database.reading() as uow:
        looks: list[Callable[[], object]] = [
            lambda: queries.case(uow, case, by),
            lambda: queries.search_records(uow, number, by).items,
            lambda: queries.cases(uow, by, queries.CaseFilter(text=number)).items,
            *(partial(queries.record, uow, row.register, row.number, by) for row in kept),
            *(partial(papers.open_paper, uow, row.id, by) for row in issued),
            *(partial(queries.check_paper, uow, row.token) for row in issued),
        ]
        seen = [told for look in looks if (told := said(look))]

    assert len(seen) > len(issued)
    assert any(number in page for page in seen) == (group == "front_desk")


CRIME = played.journey("complaint_money.toml", "BND-08")


@pytest.mark.parametrize("group", ["front_desk", "engineering", "quality_manager", "cs_manager"])
def test_whom_the_advisors_are_tells_nobody_of_a_crime_whose_work_does_not_need_it(
    office: Desk, group: str
) -> None:
    case, by = played.play(office.database, CRIME, CRIME.at), office.people(group)

    with clock.moved(clock.MovedClock(CRIME.at)), office.database.reading() as uow:
        shown = {each.name: each for each in queries.case(uow, case, by).variables}

    needs_it = group == "cs_manager"
    for name in ("organised_crime", "irrational", "advisors"):
        assert shown[name].is_hidden != needs_it
    assert any(word in str(each.value) for each in shown.values() for word in ("police", "公安")) == needs_it
