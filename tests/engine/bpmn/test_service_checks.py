"""What service tasks name has to be there: registers, fields, choices, charge items, papers."""

from __future__ import annotations

import json

import pytest

from engine import definitions
from engine.errors import InvalidDefinition
from engine.services import NEEDED
from tests.engine import housing

METHODS = """
[[ledger.method]]
key = "wechat"
name_zh = "微信支付"
name_en = "WeChat Pay"
"""
ESTATE = {"registers.toml": housing.REGISTERS + METHODS, "receipt.html": housing.RECEIPT}


@pytest.fixture
def findings(desk, deploy):
    """``findings("register_find", {…})``: what is wrong with a task that asks so, in the estate."""
    deploy(ESTATE)

    def findings(topic, inputs):
        inputs = dict.fromkeys(NEEDED[topic], "${given}") | inputs
        files = {name: text.encode() for name, text in housing.service(topic, inputs).items()}
        with desk.database.reading() as uow:
            return [found for found in definitions.check_files(uow, files) if found.severity == "error"]

    return findings


@pytest.mark.parametrize(
    ("topic", "inputs", "code", "near"),
    [
        ("register_find", {"register": "custmer", "number": "1"}, "unknown-register", "customer"),
        ("register_find", {"register": '${if big then "units" else "unit"}'}, "unknown-register", "unit"),
        ("register_list", {"register": "lease", "where": "${ {untit: 1} }"}, "unknown-register-field", "unit"),
        ("register_list", {"register": "lease", "where": "${ {rent: 1} }"}, "field-not-indexed", "customer"),
        ("register_add", {"register": "unit", "v_aera": "3"}, "unknown-register-field", "area"),
        ("register_change", {"register": "unit", "number": "1", "values": "${ {aera: 3} }"}, "unknown-register-field", "area"),
        ("register_change", {"register": "lease", "number": "1", "values": '${ {status: "canceled"} }'}, "unknown-choice", "cancelled"),
        ("register_list", {"register": "unit", "where": '${ {use: "flats"} }'}, "unknown-choice", "flat"),
        ("issue_paper", {"paper": "reciept"}, "unknown-paper", "receipt"),
        ("issue_paper", {"paper": "receipt", "record": '${"passs:" + number}'}, "unknown-register", "pass"),
        ("ledger_charge", {"item": "rents"}, "unknown-charge-item", "rent"),
        ("ledger_charge", {"charges": '${ [{item: "rent"}, {item: "damages"}] }'}, "unknown-charge-item", "damage"),
        ("ledger_receive", {"method": "wechart", "amount": "1"}, "unknown-method", "wechat"),
        ("ledger_refund", {"item": "rent"}, "no-deposit-item", "rent_deposit"),
        ("ledger_deduct", {"item": "rent_deposit", "charge_item": "demage"}, "unknown-charge-item", "damage"),
    ],
)  # fmt: skip
def test_a_name_that_is_not_there_is_told_with_its_element_and_what_is_near(
    findings, topic, inputs, code, near
):
    (found,) = findings(topic, inputs)

    assert (found.code, found.element_id, found.element_name) == (code, "Ask", "办")
    assert near in found.hint.zh and near in found.hint.en


@pytest.mark.parametrize(
    ("topic", "inputs"),
    [
        ("register_find", {"register": "${which}", "number": "1"}),
        ("register_list", {"register": "unit", "where": '${ {code: "A-101", use: "住宅"} }'}),
        ("register_list", {"register": "lease", "where": '${ {number: "ZL-1"} }'}),
        ("register_add", {"register": "unit", "values": "${anything}", "v_area": "${area}"}),
        ("issue_paper", {"paper": "receipt", "record": "${record}"}),
        ("ledger_charge", {"charges": "${charges}"}),
        ("ledger_receive", {"items": '${ [{item: "rent", amount: 1}] }', "method": "${method}"}),
        ("ledger_deposit", {"item": "rent_deposit"}),
    ],
)
def test_what_is_there_or_is_worked_out_later_is_no_finding(findings, topic, inputs):
    assert findings(topic, inputs) == []


def test_what_is_deployed_together_counts(desk, deploy):
    asking = housing.service("issue_paper", {"paper": "receipt", "record": '${"pass:" + number}'})

    with pytest.raises(InvalidDefinition):
        deploy(asking)
    deploy({**asking, **ESTATE})


def test_registers_cannot_lose_what_a_process_in_force_names(desk, deploy):
    asking = housing.service("register_list", {"register": "unit", "where": '${ {use: "flat"} }'})
    deploy({**asking, **ESTATE})
    without = {"registers.toml": housing.REGISTERS.replace('value = "flat"', 'value = "home"')}

    with pytest.raises(InvalidDefinition) as refused:
        deploy(without)

    (found,) = refused.value.findings
    assert (found.code, found.file, found.element_id) == ("still-used", "registers.toml", "unit.use.flat")
    assert "办理" in found.message.zh
    deploy({**without, **{name: text.replace('"flat"', '"home"') for name, text in asking.items()}})


def test_registers_that_cannot_be_read_are_one_finding_and_not_hundreds(desk, deploy):
    asking = housing.service("register_find", {"register": "unit", "number": "1"})
    deploy({**asking, **ESTATE})

    with pytest.raises(InvalidDefinition) as refused:
        deploy({"registers.toml": "[[register]", **asking})

    wrong = [found.code for found in refused.value.findings if found.severity == "error"]
    assert wrong == ["toml-syntax"]


def test_a_table_whose_labels_are_nowhere_is_told(desk, deploy):
    deploy(ESTATE)
    form = {
        "type": "default", "id": "f", "schemaVersion": 18, "name": "表", "properties": {"nameEn": "Form"},
        "components": [{
            "type": "table", "id": "t", "label": "表", "dataSource": "=keys",
            "columns": [{"key": "use", "label": "用途"}, {"key": "area", "label": "面积"}],
            "properties": {"labelEn": "T", "column.use": "Use", "column.area": "Area",
                           "labels.use": "unit.use", "labels.area": "unit.area"},
        }],
    }  # fmt: skip

    with desk.database.reading() as uow:
        found = definitions.check_files(uow, {"f.form": json.dumps(form).encode()})

    assert [(one.code, one.severity) for one in found] == [("unknown-labels", "warning")]
    assert "unit.area" in found[0].message.en


@pytest.mark.parametrize(("register", "codes"), [("unit", []), ("untis", ["unknown-register"])])
def test_a_field_that_offers_the_numbers_of_no_register_is_told(desk, deploy, register, codes):
    deploy(ESTATE)
    form = {
        "type": "default", "id": "f", "schemaVersion": 18, "name": "表", "properties": {"nameEn": "Form"},
        "components": [{"type": "textfield", "id": "t", "key": "home", "label": "单元",
                        "properties": {"labelEn": "Unit", "register": register}}],
    }  # fmt: skip

    with desk.database.reading() as uow:
        found = definitions.check_files(uow, {"f.form": json.dumps(form).encode()})

    assert [one.code for one in found] == codes
    assert not found or "unit" in found[0].hint.en
