"""What people read at their tasks and pages: labels in their language, no codes of the files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine import clock, journey_records, queries, tables
from engine.bpmn import decision_files
from engine.forms.view import FieldView, RowsView, TableView, TextView
from engine.texts import Text
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


CHINESE = re.compile(r"[\u3400-\u9fff]")


@pytest.mark.parametrize("path", sorted(PROCESSES.glob("*.dmn")), ids=lambda path: path.name)
def test_heads_annotations_and_codes_of_a_table_have_their_english(path: Path) -> None:
    read = decision_files.read(path.read_bytes(), path.name)
    told = [
        text
        for table in read
        for text in (
            table.name,
            table.documentation,
            *(column.label for column in table.columns),
            *(rule.documentation for rule in table.rules),
            *(naming.label for naming in table.namings.values()),
            *(word for naming in table.namings.values() for word in naming.codes.values()),
        )
    ]

    assert len(told) > 4
    assert not [text for text in told if CHINESE.search(text.en)]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_tables_decided_is_told_in_words(office: Desk, language: str) -> None:
    played_through = played.journey("complaint.toml", "")
    case = played.play(office.database, played_through, played_through.at)
    page = office.look(queries.case, case, by="quality_manager")
    decisions = [line.decision for line in page.history if line.decision is not None]

    assert len(decisions) > 3
    for decision in decisions:
        said = [str(word) for word in _words(decision.result, language)]
        labels = [one.label.in_language(language) for one in decision.inputs]
        assert not [word for word in said + labels if re.fullmatch(r"[a-z]+(_[a-z]+)+", word)], decision.key
        assert language == "zh" or not CHINESE.search("".join(said + labels)), decision.key


def _words(value: Any, language: str) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from (name.in_language(language), *_words(one, language))
    elif isinstance(value, list):
        for one in value:
            yield from _words(one, language)
    else:
        yield value.in_language(language) if isinstance(value, Text) else value
