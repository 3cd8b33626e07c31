from __future__ import annotations

from engine import definitions
from engine.identity import SYSTEM
from tests.web.conftest import DIAGRAM


def test_those_who_may_start_find_the_process(ada, mei):
    page = ada.get("/start/").text
    assert "借钥匙" in page
    assert "业主借用公共钥匙" in page
    assert "没有您可以新建的案件" in mei.get("/start/").text


def test_a_case_is_started_and_its_first_task_shown(ada):
    answer = ada.post("/start/lend_key", {"borrower": "李四"})
    assert answer.status_code == 303
    assert answer.location.startswith("/tasks/")
    assert "YS-20260302-0001" in ada.get(answer.location).text


def test_a_mistake_starts_nothing(ada):
    answer = ada.post("/start/lend_key", {"borrower": " "})
    assert answer.status_code == 422
    assert "请填写" in answer.text
    assert "发放钥匙" not in ada.get("/inbox?which=groups").text


def test_a_half_filled_start_is_kept(ada):
    assert ada.post("/start/lend_key/draft", {"borrower": "李"}).location == "/start/lend_key"
    assert 'value="李"' in ada.get("/start/lend_key").text
    assert "有草稿" in ada.get("/start/").text


def test_a_half_filled_start_can_be_begun_anew(ada):
    ada.post("/start/lend_key/draft", {"borrower": "李四"})
    answer = ada.post("/start/lend_key/draft/discard", {"borrower": "李四"})
    assert (answer.status_code, answer.location) == (303, "/start/lend_key")
    assert "李四" not in ada.get("/start/lend_key").text
    assert "有草稿" not in ada.get("/start/").text


def test_nobody_starts_what_is_not_theirs(mei, ada):
    for answer in (mei.get("/start/lend_key"), mei.post("/start/lend_key", {"borrower": "x"})):
        assert answer.status_code in (403, 404)
    for answer in (ada.get("/start/unknown"), ada.post("/start/unknown", {"borrower": "x"})):
        assert answer.status_code == 404


def test_of_a_long_documentation_the_first_paragraph_is_for_those_who_start(ada, database):
    longer = DIAGRAM.replace("业主借用公共钥匙。", "业主借用公共钥匙。\n\n时限在 limits 表里。")
    with database.unit_of_work() as uow:
        definitions.deploy(uow, {"lend_key.bpmn": longer.encode()}, by=SYSTEM, reason="more to say")
    page = ada.get("/start/").text
    assert "业主借用公共钥匙" in page
    assert "limits" not in page
