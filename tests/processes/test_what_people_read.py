"""What people read at their tasks and pages: labels in their language, no codes of the files."""

from __future__ import annotations

import pytest

from engine import clock, journey_records, queries, tables
from engine.forms.view import FieldView, RowsView, TableView
from tests.desk import Desk
from tests.processes import played

KEYS = played.journey("move_in.toml", "在柜钥匙交付后出柜")


@pytest.mark.parametrize(("language", "kind"), [("zh", "户门钥匙"), ("en", "Entrance door")])
def test_the_form_of_the_keys_says_what_is_in_the_cabinet_and_asks_for_no_others(
    office: Desk, language: str, kind: str
) -> None:
    reached = played.until("HandOverKeys", KEYS)
    with clock.moved(clock.MovedClock(KEYS.at)):
        with office.database.unit_of_work() as uow:
            journey_records.prepare(uow, reached)
        played.play(office.database, reached, KEYS.at)
        page = office.look(queries.task, office.task("HandOverKeys"), by="front_desk")

    assert page.sheet is not None
    nodes = list(page.sheet.view(language).nodes())

    (cabinet,) = [node for node in nodes if isinstance(node, TableView)]
    assert kind in cabinet.rows[0]
    (given,) = [node for node in nodes if isinstance(node, FieldView) and node.key == "given_keys"]
    assert [option.label for option in given.options] == ["A-1201 空置 (YS-000001)"]
    (others,) = [node for node in nodes if isinstance(node, RowsView)]
    assert others.rows == () and not others.required


@pytest.mark.parametrize(("language", "words"), [("zh", "银行转账"), ("en", "Bank transfer")])
def test_the_ledger_says_how_was_paid_and_what_for(office: Desk, language: str, words: str) -> None:
    reached = played.until("HandOverKeys", KEYS)
    with clock.moved(clock.MovedClock(KEYS.at)):
        with office.database.unit_of_work() as uow:
            journey_records.prepare(uow, reached)
        played.play(office.database, reached, KEYS.at)
        lines = office.look(queries.ledger_lines, by="finance", unit="A-1201").items

    paid = [line for line in lines if line.kind == "payment"]
    assert {line.method.in_language(language) for line in paid if line.method} == {words}
    assert not any(line.note for line in paid)
    receipt = next(row for row in office.rows(tables.paper) if row.number.startswith("PJ-"))
    assert "银行转账" in receipt.html and "bank_transfer" not in receipt.html
