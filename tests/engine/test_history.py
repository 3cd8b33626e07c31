"""The audit trail."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DBAPIError

from engine import history, tables
from engine.history import Kind, Record
from tests.desk import Desk


@pytest.mark.parametrize(
    "change",
    [update(tables.history).values(user_name="somebody else"), delete(tables.history)],
    ids=["update", "delete"],
)
def test_nothing_changes_what_was_recorded(repair: Desk, change: object) -> None:
    case = repair.start(what="灯坏了")
    with pytest.raises(DBAPIError, match="never changed"), repair.database.unit_of_work() as uow:
        uow.execute(change)  # type: ignore[arg-type]

    assert repair.history(case) == ["started"]


def test_the_history_cannot_be_emptied(repair: Desk) -> None:
    repair.start(what="灯坏了")
    words = "DELETE FROM history" if repair.database.is_sqlite else "TRUNCATE history"
    with pytest.raises(DBAPIError, match="never changed"), repair.database.unit_of_work() as uow:
        uow.execute(text(words))


def test_lines_are_numbered_in_the_order_in_which_things_happened(repair: Desk) -> None:
    case = repair.start(what="灯坏了")
    repair.complete("Receive", by="fang")
    with repair.database.reading() as uow:
        records = history.of_case(uow, case)

    assert [record.id for record in records] == sorted(record.id for record in records)
    assert history.passed(records) == ["Begin", "Receive"]


def test_the_way_through_each_diagram_is_kept_apart() -> None:
    records = [
        Record(Kind.STARTED, detail={"passed": ["Begin"], "flows": ["F1"]}),
        Record(Kind.COMPLETED, detail={"passed": ["Begin", "Do"], "processes": ["inner", "inner"],
                                       "flows": ["F1"], "flow_processes": ["inner"]}),
        Record(Kind.COMPLETED, detail={"passed": ["Begin"]}),
    ]  # fmt: skip

    assert history.way_in(records, "outer", "outer") == (["Begin"], ["F1"])
    assert history.way_in(records, "inner", "outer") == (["Begin", "Do"], ["F1"])
