from __future__ import annotations

import re
from datetime import timedelta

import pytest

from engine import definitions, identity, papers, runtime, tables
from engine.identity import SYSTEM
from tests.web.conftest import Browser
from tests.web.records_room import furnish, register

RECEIPT = """{#
name_zh: 收据
name_en: Receipt
series: SJ-{n:05}
#}
<h1>收据</h1><p>编号：{{ number }}</p><p>{{ borrower }}</p>
"""
PASS = """{#
name_zh: 临时证
name_en: Temporary pass
series: LS-{n:05}
#}
<h1>临时证</h1><div class="pass">{{ holder }}{{ check_qr() }}</div>
"""


@pytest.fixture(autouse=True)
def registers(database):
    furnish(database)
    with database.unit_of_work() as uow:
        files = {"receipt.html": RECEIPT.encode(), "pass.html": PASS.encode()}
        definitions.deploy(uow, files, by=SYSTEM, reason="for the tests")


@pytest.fixture
def case(database) -> int:
    with database.unit_of_work() as uow:
        ada = identity.user(uow, "ada")
        assert ada is not None
        return runtime.start_process(uow, "lend_key", {"borrower": "王五"}, by=ada).instance_id


@pytest.fixture
def receipt(database, case) -> int:
    """The id of a receipt that was issued in the case."""
    with database.unit_of_work() as uow:
        return papers.issue(uow, "receipt", {"borrower": "王 <b>五</b>"}, case, "ada").id


@pytest.fixture
def token(database) -> str:
    """What the code on a pass for 欧阳明月 says, which is valid for a month."""
    until = database_day(database) + timedelta(days=30)
    values = {"code": "P-1", "holder": "欧阳明月", "valid_until": until.isoformat()}
    number = register(database, "pass", values)
    with database.unit_of_work() as uow:
        papers.issue(uow, "pass", {"holder": "欧阳明月"}, None, "ada", record=f"pass:{number}")
        return token_of(uow)


def database_day(database):
    with database.reading() as uow:
        return uow.now.date()


def token_of(uow) -> str:
    """What the code on the newest paper says."""
    return uow.execute(tables.paper.select().order_by(tables.paper.c.id.desc())).first().token


def test_a_paper_stands_on_a_page_of_its_own(ada, receipt):
    answer = ada.get(f"/papers/{receipt}")
    assert answer.status_code == 200
    assert "SJ-00001" in answer.text
    assert "王 &lt;b&gt;五&lt;/b&gt;" in answer.text
    assert "<nav" not in answer.text
    assert "data-prints" in answer.text


def test_a_case_and_its_task_list_their_papers(ada, database, case, receipt):
    page = ada.get(f"/cases/{case}").text
    assert f'href="/papers/{receipt}"' in page
    task = re.search(r'href="(/tasks/[^"]+)"', page)
    assert task
    assert f'href="/papers/{receipt}"' in ada.get(task[1]).text


def test_a_case_without_papers_does_not_speak_of_them(ada, case):
    assert 'id="papers"' not in ada.get(f"/cases/{case}").text


def test_a_paper_is_seen_by_those_only_who_see_its_case(browser_of, receipt):
    assert browser_of("gus").get(f"/papers/{receipt}").status_code == 404
    assert browser_of("gus").get("/papers/999").status_code == 404


def test_a_paper_asks_for_a_login(stranger, receipt):
    answer = stranger.get(f"/papers/{receipt}")
    assert answer.status_code == 303
    assert "/login" in answer.location


def test_anybody_can_check_a_pass_and_learns_little(stranger, token):
    answer = stranger.get(f"/check/{token}")
    assert answer.status_code == 200
    assert "有效" in answer.text
    assert "欧***" in answer.text
    assert "欧阳明月" not in answer.text


def test_an_expired_pass_is_told_on_the_day_after_its_last(stranger, token, moment):
    moment.move_to(moment() + timedelta(days=30))
    assert "verdict-green" in stranger.get(f"/check/{token}").text
    moment.move_to(moment() + timedelta(days=1))
    answer = stranger.get(f"/check/{token}").text
    assert "已过期" in answer
    assert "verdict-red" in answer


def test_a_receipt_is_told_to_be_genuine_and_no_permission(stranger, database, receipt):
    with database.reading() as uow:
        token = token_of(uow)
    answer = stranger.get(f"/check/{token}").text
    assert "由本中心签发" in answer
    assert "verdict-blue" in answer and "verdict-green" not in answer


SLIP = """{#
name_zh: 放行条
name_en: Release slip
series: FX-{n:05}
shows: unit | 房号 | Unit
shows: customer_name | 客户 | Customer | masked
valid_from: begins
valid_until: ends
latest_only: yes
void_if: borrower = "搬完了" | 已使用 | Used | 不要再次放行。 | Let nothing out again.
#}
<p>{{ unit }}{{ check_qr() }}</p>
"""


@pytest.fixture
def english(app):
    """A stranger's browser that reads English."""
    browser = Browser(app.test_client())
    browser.get("/login")
    browser.post("/language", {"language": "en", "back": "/login"})
    return browser


@pytest.fixture
def slip(database, moment):
    """Issues a slip that is good from now for four hours, in a case; gives what its code says."""
    values = {
        "unit": "A-1201",
        "customer_name": "<b>李雷</b>",
        "begins": moment(),
        "ends": moment() + timedelta(hours=4),
    }

    def issued(instance_id: int | None) -> str:
        with database.unit_of_work() as uow:
            definitions.deploy(uow, {"slip.html": SLIP.encode()}, by=SYSTEM, reason="for the tests")
            papers.issue(uow, "slip", values, instance_id, "ada")
            return token_of(uow)

    return issued


def test_the_gate_sees_unit_slot_and_a_masked_name_in_green(stranger, slip, case, english):
    token = slip(case)

    page, text = stranger.get(f"/check/{token}").text, english.get(f"/check/{token}").text

    for answer in (page, text):
        assert "verdict-green" in answer
        assert "A-1201" in answer and "李雷" not in answer
    assert "10:00" in page and "14:00" in page
    assert "房号" in page and "Unit" in text


def test_after_its_slot_the_slip_is_red_and_says_what_to_do(stranger, slip, case, moment):
    token = slip(case)
    moment.move_to(moment() + timedelta(hours=4, minutes=1))

    answer = stranger.get(f"/check/{token}").text

    assert "verdict-red" in answer and "verdict-green" not in answer
    assert "不要放行，请持有人到前台重新办理。" in answer


def test_a_used_slip_says_so_in_the_words_of_its_template(stranger, database, slip, english):
    with database.unit_of_work() as uow:
        ada = identity.user(uow, "ada")
        used = runtime.start_process(uow, "lend_key", {"borrower": "搬完了"}, by=ada).instance_id
    token = slip(used)

    page, text = stranger.get(f"/check/{token}").text, english.get(f"/check/{token}").text

    assert "已使用" in page and "不要再次放行。" in page and "verdict-red" in page
    assert "Used" in text and "Let nothing out again." in text


def test_an_old_slip_is_red_once_there_is_a_new_one(stranger, slip, case):
    old, new = slip(case), slip(case)

    assert "已经另开新的" in stranger.get(f"/check/{old}").text
    assert "verdict-green" in stranger.get(f"/check/{new}").text


def test_a_code_that_was_made_up_is_told_so(stranger):
    answer = stranger.get("/check/made-up")
    assert answer.status_code == 404
    assert "查无此件" in answer.text
