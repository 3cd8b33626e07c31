"""What people read at their tasks and pages: labels in their language, no codes of the files."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from engine import clock, journey_records, queries, tables
from engine.forms.view import FieldView, RowsView, TableView, TextView
from tests.desk import Desk
from tests.processes import played
from tests.processes.conftest import PROCESSES

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


TAKEN = played.journey("move_in.toml", "同一收据号用第二次被拒绝")


@pytest.mark.parametrize(("language", "words"), [("zh", "收据号"), ("en", "receipt number")])
def test_why_a_payment_was_refused_is_told_in_the_readers_language(
    office: Desk, language: str, words: str
) -> None:
    refused = next(i for i, step in enumerate(TAKEN.steps) if step.keys.get("open") == ["ReceivePayment"])
    reached = replace(TAKEN, steps=TAKEN.steps[:refused])
    with clock.moved(clock.MovedClock(TAKEN.at)):
        with office.database.unit_of_work() as uow:
            journey_records.prepare(uow, reached)
        played.play(office.database, reached, TAKEN.at)
        page = office.look(queries.task, office.task("ReceivePayment"), by="finance")

    assert page.sheet is not None
    told = str([node for node in page.sheet.view(language).nodes() if isinstance(node, TextView)])

    assert words in told


def test_every_form_that_tells_of_a_refusal_tells_it_in_english() -> None:
    for path in sorted((PROCESSES / "forms").glob("*.form")):
        text = path.read_text(encoding="utf-8")
        for english in re.findall(r'"textEn": "(.*)"', text):
            assert "{{get(refusal," not in english, path.name
