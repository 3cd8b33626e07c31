"""Papers: their templates, filling them, keeping them as issued, checking their codes."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DatabaseError

from engine import (
    definitions,
    money_words,
    organisation,
    papers,
    queries,
    registers,
    runtime,
    tables,
)
from engine.errors import ExpressionFailed, InvalidDefinition, NotFound, NotPermitted
from tests.engine import housing

HEAD = "{#\nname_zh: 单\nname_en: Slip\nseries: D-{n:03}\n#}\n"
VALUES = {"customer_name": "<b>李雷</b>", "amount": Decimal("1234.50")}


def findings(text: str) -> list[tuple[str, int | None]]:
    return [(finding.code, finding.line) for finding in papers.examine(text, "slip.html")[1]]


@pytest.fixture
def shop(deploy, desk):
    """The desk, with registers and papers deployed."""
    deploy({"registers.toml": housing.REGISTERS, "receipt.html": housing.RECEIPT, "pass.html": housing.PASS})
    return desk


def issue(desk, key, values, instance_id=None, by="fang", **more):
    with desk.database.unit_of_work() as uow:
        return papers.issue(uow, key, values, instance_id, by, **more)


# ---- templates -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code", "line"),
    [
        ("{% if x %}", "template-syntax", 6),
        ("{{ x", "template-syntax", 6),
        ("\n{{ x|frobnicate }}", "template-construct", 7),
        ("{{ frobnicate(x) }}", "template-construct", 6),
        ("{{ x.split(',') }}", "template-construct", 6),
        ("{{ x.__class__ }}", "template-construct", 6),
        ("{% macro m() %}{% endmacro %}", "template-construct", 6),
        ("{% include 'other.html' %}", "template-construct", 6),
        ("{% extends 'other.html' %}", "template-construct", 6),
        ("{{ x ** 9 }}", "template-construct", 6),
        ("{{ x is odd }}", "template-construct", 6),
        (
            "{% for a in x %}{% for b in x %}{% for c in x %}{% endfor %}{% endfor %}{% endfor %}",
            "template-construct",
            None,
        ),
        ("{% set a = x ~ x %}", "template-construct", 6),
        ("{% set a = [x, x] %}", "template-construct", 6),
        ("<p>\n<script>alert(1)</script>", "paper-active-content", 7),
        ("<p onclick='x()'>", "paper-active-content", 6),
        ("<a href=' javascript:x'>", "paper-active-content", 6),
        ("<img src='https://example.com/x.png'>", "paper-active-content", 6),
        ("<p style='x'>", "paper-active-content", 6),
    ],
)
def test_a_template_s_mistakes_are_found_with_their_line(body, code, line):
    assert (code, line) in findings(HEAD + body)


def test_a_template_needs_a_head():
    assert [code for code, _ in findings("<p>")] == ["paper-head"] * 3
    assert [code for code, _ in findings(HEAD.replace("{n:03}", "{m}"))] == ["number-pattern"]
    assert [code for code, _ in findings(HEAD.replace("series", "serial"))] == ["paper-head"] * 2
    assert findings(HEAD + "<p>{{ x|default('') }}{% if a and not b %}{{ loop }}{% endif %}") == []


def test_a_wrong_template_is_not_deployed(deploy, people, database):
    with pytest.raises(InvalidDefinition):
        deploy({"slip.html": HEAD + "{{ x|frobnicate }}"})
    with database.reading() as uow:
        assert definitions.all_latest(uow, "paper") == []


# ---- amounts in words ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "零元整"),
        ("0.01", "壹分"),
        ("0.10", "壹角整"),
        ("0.56", "伍角陆分"),
        ("1", "壹元整"),
        ("10.05", "壹拾元零伍分"),
        ("325.04", "叁佰贰拾伍元零肆分"),
        ("1234.50", "壹仟贰佰叁拾肆元伍角整"),
        ("1001", "壹仟零壹元整"),
        ("6007.14", "陆仟零柒元壹角肆分"),
        ("10000", "壹万元整"),
        ("10010", "壹万零壹拾元整"),
        ("100100", "壹拾万零壹佰元整"),
        ("110000", "壹拾壹万元整"),
        ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
        ("100000001", "壹亿零壹元整"),
        ("100010000", "壹亿零壹万元整"),
        ("1000000000000", "壹万亿元整"),
        ("1000200000000", "壹万零贰亿元整"),
        ("1234567890123.45", "壹万贰仟叁佰肆拾伍亿陆仟柒佰捌拾玖万零壹佰贰拾叁元肆角伍分"),
        ("-3.20", "负叁元贰角整"),
    ],
)
def test_amounts_in_words(amount, words):
    assert money_words.in_words(Decimal(amount)) == words


@pytest.mark.parametrize("amount", ["0.001", "1e16"])
def test_an_amount_without_words_is_refused(amount):
    with pytest.raises(ValueError, match="no words"):
        money_words.in_words(Decimal(amount))


def test_amounts_in_words_can_be_read_back():
    digits = {digit: value for value, digit in enumerate("零壹贰叁肆伍陆柒捌玖")}
    for number in [
        *range(3000),
        *range(9_990, 10_120),
        *range(99_990, 100_130),
        10**8 + 10**4 * 20 + 3,
        10**12,
    ]:
        total = section = wan = digit = 0
        for sign in money_words.in_words(Decimal(number)).removesuffix("元整"):
            if sign in digits:
                digit = digits[sign]
            elif sign in "拾佰仟":
                section, digit = section + digit * 10 ** (" 拾佰仟".index(sign)), 0
            else:
                section, digit = section + digit, 0
                if sign == "万":
                    wan, section = section * 10_000, 0
                else:  # 亿
                    total, wan, section = (wan + section) * 10**8, 0, 0
        assert total + wan + section + digit == number


# ---- issuing ---------------------------------------------------------------------------------------------


def test_a_paper_is_filled_escaped_numbered_and_kept(shop):
    made = issue(shop, "receipt", {**VALUES, "lines": [{"item": "租金", "amount": Decimal("0.1")}]})

    paper = shop.look(papers.open_paper, made.id, by="fang")

    assert (made.number, made.name.en) == ("ZJ-2026-0001", "Receipt")
    assert "&lt;b&gt;李雷&lt;/b&gt; 1,234.50 壹仟贰佰叁拾肆元伍角整 2026年3月2日" in paper.html
    assert "<li>1 租金 0.20</li>" in paper.html
    assert (paper.issued_by, paper.issued_at) == ("方敏", datetime.fromisoformat("2026-03-02T10:00+08:00"))


def test_a_paper_names_the_centre(shop, deploy):
    deploy({"letter.html": HEAD + '<p>{{ centre | default("物业服务中心") }}</p>'})
    before = issue(shop, "letter", {})
    with shop.database.unit_of_work() as uow:
        organisation.load(uow, {"centre": {"name_zh": "锦园客服中心"}})
    after = issue(shop, "letter", {})

    by = shop.people("fang")
    with shop.database.reading() as uow:
        html = [papers.open_paper(uow, paper.id, by).html for paper in (before, after)]
    assert html == ["<p>物业服务中心</p>", "<p>锦园客服中心</p>"]


def test_a_paper_stays_as_it_was_issued(shop, deploy):
    made = issue(shop, "receipt", VALUES)
    deploy({"receipt.html": housing.RECEIPT.replace("<h1>收据", "<h1>新收据")})

    assert "<h1>收据" in shop.look(papers.open_paper, made.id, by="fang").html
    assert "<h1>新收据" in shop.look(papers.open_paper, issue(shop, "receipt", VALUES).id, by="fang").html
    for change in (update(tables.paper).values(html=""), delete(tables.paper)):
        with pytest.raises(DatabaseError), shop.database.unit_of_work() as uow:
            uow.execute(change)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"customer_name": "x", "amount": "abc"},
        {"customer_name": "x", "amount": Decimal("0.001")},
        {**VALUES, "lines": [{"item": "x", "amount": "12"}]},  # a text times two
        {**VALUES, "lines": [{"item": "x", "amount": 1}] * 1001},
        {"customer_name": "x" * 1_000_001, "amount": 1},
    ],
)
def test_a_paper_that_cannot_be_filled_is_told_and_takes_no_number(shop, values):
    with pytest.raises(ExpressionFailed):
        issue(shop, "receipt", values)

    assert shop.rows(tables.paper) == []
    assert issue(shop, "receipt", VALUES).number == "ZJ-2026-0001"


def test_a_missing_value_is_named(shop):
    with pytest.raises(ExpressionFailed) as failed:
        issue(shop, "receipt", {"amount": 1})

    assert "customer_name" in failed.value.message.zh


def test_an_unknown_paper_or_record_is_told(shop):
    with pytest.raises(ExpressionFailed):
        issue(shop, "invoice", {})
    with pytest.raises(ExpressionFailed):
        issue(shop, "receipt", VALUES, record="pass:ZHZ-1")


# ---- cases -----------------------------------------------------------------------------------------------


def ask(desk, deploy, inputs, by="fang", **values):
    deploy(housing.service("issue_paper", inputs))
    starter = desk.people(by)
    with desk.database.unit_of_work() as uow:
        return runtime.start_process(uow, "ask", {}, starter, variables=values).instance_id


def test_a_case_issues_a_paper_that_those_who_see_it_may_open(shop, deploy):
    case = ask(
        shop, deploy, {"paper": "receipt", "values": "${ {amount: 5} }"}, customer_name="李雷", amount=9
    )

    seen = shop.variables(case)
    (line,) = shop.look(queries.papers_of_case, case, by="fang")

    assert (line.id, line.number, line.issued_by.name) == (seen["paper_id"], seen["paper_number"], "fang")
    assert "李雷 5.00" in shop.look(papers.open_paper, line.id, by="feng").html
    assert any(
        each.text.zh == f"出具单据：收据 {line.number}"
        for each in shop.look(queries.case, case, by="fang").history
    )
    with pytest.raises(NotFound):
        shop.look(papers.open_paper, line.id, by="qian")
    with pytest.raises(NotFound):
        shop.look(queries.papers_of_case, case, by="qian")
    with pytest.raises(NotFound):
        shop.look(papers.open_paper, 999, by="fang")


def test_a_paper_with_restricted_values_is_shut_for_those_who_may_not_see_them(shop, deploy):
    case = ask(shop, deploy, {"paper": "pass"}, holder="王小明", picture=[])
    (line,) = shop.look(queries.papers_of_case, case, by="feng")
    assert "王小明" in shop.look(papers.open_paper, line.id, by="feng").html
    with shop.database.unit_of_work() as uow:
        instance = tables.process_instance
        uow.execute(update(instance).where(instance.c.id == case).values(restricted='["holder"]'))

    with pytest.raises(NotPermitted):
        shop.look(papers.open_paper, line.id, by="feng")
    assert shop.look(papers.open_paper, line.id, by="fang").number == line.number  # who issued it


def test_a_missing_value_in_a_case_is_an_incident(shop, deploy):
    ask(shop, deploy, {"paper": "receipt"}, amount=1)

    assert "customer_name" in shop.row(tables.incident).message_zh


# ---- codes -----------------------------------------------------------------------------------------------


def verified(desk, paper_id):
    token = desk.row(tables.paper, id=paper_id).token
    with desk.database.reading() as uow:
        return queries.check_paper(uow, token)


@pytest.mark.parametrize(
    ("first", "last", "status", "state"),
    [
        ("2026-03-02", "2026-03-02", "valid", "valid"),
        ("2025-03-02", "2026-03-01", "valid", "expired"),
        ("2026-03-03", "2026-12-01", "valid", "not_yet"),
        ("2026-01-01", "2026-12-31", "lost", "blocked"),
        ("2026-01-01", "", "valid", "valid"),
    ],
)
def test_security_learns_from_a_code_whether_a_pass_is_good_and_little_else(shop, first, last, status, state):
    values = {"holder": "王小明", "first": first, "last": last, "status": status}
    number = shop.do(registers.add_by_hand, "pass", values, by="fang")
    made = issue(shop, "pass", {"holder": "王小明", "picture": [{"file": "abc"}]}, record=f"pass:{number}")

    found = verified(shop, made.id)

    assert (found.state, found.holder, found.number) == (state, "王**", "PZ-00001")
    assert found.first == date.fromisoformat(first)
    html = shop.row(tables.paper, id=made.id).html
    assert '<img class="photo" src="/files/abc" alt="">' in html
    assert re.search(r'<svg[^>]*class="qr"', html)


def test_a_pass_that_is_changed_later_is_checked_as_it_is_now(shop):
    number = shop.do(registers.add_by_hand, "pass", {"holder": "王小明", "status": "valid"}, by="fang")
    made = issue(shop, "pass", {"holder": "王小明", "picture": None}, record=f"pass:{number}")
    shop.do(registers.change_by_hand, "pass", number, {"status": "lost"}, 1, by="fang")

    found = verified(shop, made.id)

    assert (found.state, found.words.zh) == ("blocked", "lost")


def test_the_code_of_another_paper_says_only_that_it_is_genuine(shop):
    made = issue(shop, "receipt", VALUES)

    found = verified(shop, made.id)

    assert (found.state, found.holder, found.shown, found.name.zh) == ("genuine", "", (), "收据")


def test_a_code_that_nobody_issued_says_nothing(shop):
    with shop.database.reading() as uow:
        assert queries.check_paper(uow, "guess") is None


# ---- papers that hold for a time -------------------------------------------------------------------------

GATE = """{#
name_zh: 放行条
name_en: Release slip
series: F-{n:03}
shows: unit | 房号 | Unit
shows: customer_name | 客户 | Customer | masked
valid_from: begins
valid_until: ends
latest_only: yes
void_if: get(result, null) = "left" | 已使用 | Used | 不要再放行。 | Let nothing out again.
#}
<p>{{ unit }} {{ customer_name }}</p>{{ check_qr() }}
"""
SLOT = {
    "unit": "A-1201",
    "customer_name": "李雷雷",
    "begins": datetime.fromisoformat("2026-03-02T10:00+08:00"),
    "ends": datetime.fromisoformat("2026-03-02T14:00+08:00"),
}


@pytest.fixture
def slip(shop, deploy):
    """The id of a slip for ten to two on Monday, issued in a case at ten."""
    deploy({"gate.html": GATE})
    ask(shop, deploy, {"paper": "gate"}, **SLOT)
    return shop.row(tables.paper).id


def test_the_gate_learns_from_a_slip_whose_it_is_and_for_when_with_the_name_masked(shop, slip):
    found = verified(shop, slip)

    assert found.state == "valid"
    assert [(one.label.en, one.value) for one in found.shown] == [("Unit", "A-1201"), ("Customer", "李**")]
    assert (found.first, found.last) == (SLOT["begins"], SLOT["ends"])
    assert "李雷雷" not in shop.row(tables.paper, id=slip).facts


@pytest.mark.parametrize(
    ("hours", "state"), [(-1, "not_yet"), (0, "valid"), (4, "valid"), (4.001, "expired")]
)
def test_a_slip_is_good_in_its_slot_only(shop, slip, moved_clock, hours, state):
    moved_clock.move_to(SLOT["begins"] + timedelta(hours=hours))

    assert verified(shop, slip).state == state


def test_a_slip_that_was_used_is_told_so_with_what_to_do(shop, deploy):
    deploy({"gate.html": GATE})
    ask(shop, deploy, {"paper": "gate"}, **SLOT, result="left")

    found = verified(shop, shop.row(tables.paper).id)

    assert (found.state, found.words.en, found.advice.zh) == ("void", "Used", "不要再放行。")


def test_a_later_slip_of_the_case_takes_the_place_of_the_first(shop, slip):
    case = shop.row(tables.paper, id=slip).instance_id
    other = issue(shop, "gate", SLOT)  # of no case
    assert verified(shop, slip).state == "valid"

    later = issue(shop, "gate", SLOT, case)

    assert [verified(shop, each).state for each in (slip, other.id, later.id)] == [
        "superseded",
        "valid",
        "valid",
    ]


def test_the_slip_of_a_cancelled_case_is_void(shop, slip):
    case = shop.row(tables.paper, id=slip).instance_id
    with shop.database.unit_of_work() as uow:
        instance = tables.process_instance
        uow.execute(update(instance).where(instance.c.id == case).values(status="cancelled"))

    assert verified(shop, slip).state == "withdrawn"


def test_a_slip_whose_condition_cannot_be_computed_is_never_good(shop, deploy):
    deploy({"gate.html": GATE.replace("get(result, null)", "result")})
    ask(shop, deploy, {"paper": "gate"}, **SLOT)

    assert verified(shop, shop.row(tables.paper).id).state == "unclear"


def test_what_a_slip_should_tell_has_to_be_there(shop, deploy):
    deploy({"gate.html": GATE.replace("valid_from: begins", "valid_from: unit")})
    with pytest.raises(ExpressionFailed) as no_day:
        issue(shop, "gate", SLOT)
    deploy({"gate.html": GATE.replace("shows: unit", "shows: unit.code")})
    with pytest.raises(ExpressionFailed) as missing:
        issue(shop, "gate", SLOT)

    assert "unit" in no_day.value.message.zh
    assert "unit.code" in missing.value.message.en


@pytest.mark.parametrize(
    "line",
    [
        "shows: unit | 房号",
        "shows: unit | 房号 | Unit | hidden",
        "shows: money(unit) | 房号 | Unit",
        "valid_until: today()",
        "latest_only: maybe",
        "void_if: used | 已使用 | Used",
        "void_if: result = | 已使用 | Used | 不放行 | No",
        "void_if: __class__ | 已使用 | Used | 不放行 | No",
    ],
)
def test_a_head_that_says_it_wrongly_is_told(line):
    found = papers.examine(HEAD.replace("#}", f"{line}\n#}}"), "slip.html")[1]

    assert [finding.code for finding in found] in (["paper-head"], ["bad-expression"])
    assert all(finding.message.zh and finding.message.en for finding in found)
