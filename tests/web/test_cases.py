from __future__ import annotations

import re
from datetime import timedelta

import pytest

from engine import definitions, identity, runtime
from engine.identity import SYSTEM

#: The front desk divides by what it is told; nought stops the case.
STOPPING = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="d" targetNamespace="share">
  <process id="share" name="分钥匙" isExecutable="true" camunda:candidateStarterGroups="front_desk">
    <extensionElements><camunda:properties><camunda:property name="labelEn" value="Share keys" />
      <camunda:property name="caseNumberPrefix" value="FY" /></camunda:properties></extensionElements>
    <startEvent id="begin" camunda:formKey="asked"><outgoing>f1</outgoing></startEvent>
    <sequenceFlow id="f1" sourceRef="begin" targetRef="divide" />
    <businessRuleTask id="divide" name="查分法" camunda:decisionRef="shares" camunda:resultVariable="shares"
        camunda:mapDecisionResult="singleEntry"><incoming>f1</incoming><outgoing>f2</outgoing></businessRuleTask>
    <sequenceFlow id="f2" sourceRef="divide" targetRef="wait" />
    <userTask id="wait" name="发出" camunda:candidateGroups="manager"><incoming>f2</incoming><outgoing>f3</outgoing></userTask>
    <boundaryEvent id="late" name="太久" attachedToRef="wait" cancelActivity="false"><outgoing>f4</outgoing>
      <timerEventDefinition><timeDuration>P30D</timeDuration></timerEventDefinition></boundaryEvent>
    <sequenceFlow id="f3" sourceRef="wait" targetRef="end" />
    <sequenceFlow id="f4" sourceRef="late" targetRef="end_late" />
    <endEvent id="end"><incoming>f3</incoming></endEvent>
    <endEvent id="end_late"><incoming>f4</incoming></endEvent>
  </process>
</definitions>
"""
TABLE = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="t" name="t" namespace="share">
  <decision id="shares" name="分法"><decisionTable id="dt" hitPolicy="{policy}">
    <input id="i" label="借用人"><inputExpression id="ie" typeRef="string"><text>borrower</text></inputExpression></input>
    <output id="o" name="shares" label="几把" typeRef="number" />
    <rule id="rule_for_ada"><inputEntry id="a1"><text>"Ada"</text></inputEntry><outputEntry id="b1"><text>1</text></outputEntry></rule>
    <rule id="rule_for_all"><inputEntry id="a2"><text>-</text></inputEntry><outputEntry id="b2"><text>2</text></outputEntry></rule>
  </decisionTable></decision>
</definitions>
"""


def _start(database, process: str, **values: object) -> str:
    with database.unit_of_work() as uow:
        ada = identity.user(uow, "ada")
        return f"/cases/{runtime.start_process(uow, process, values, by=ada).instance_id}"


@pytest.fixture
def case(database) -> str:
    """The address of a case that the front desk has begun."""
    return _start(database, "lend_key", borrower="王 <b>五</b>")


@pytest.fixture
def sharing(database) -> None:
    """A process with a table that allows one rule only, so that it stops where two apply."""
    files = {"share.bpmn": STOPPING.encode(), "shares.dmn": TABLE.replace("{policy}", "UNIQUE").encode()}
    with database.unit_of_work() as uow:
        definitions.deploy(uow, files, by=SYSTEM, reason="for the tests")


def _mend(database) -> None:
    with database.unit_of_work() as uow:
        mended = {"shares.dmn": TABLE.replace("{policy}", "FIRST").encode()}
        definitions.deploy(uow, mended, by=SYSTEM, reason="one rule is enough")


# ---- finding ----


def test_a_case_is_found_by_what_is_known_of_it(olga, case):
    for found in (
        "", "text=YS-2026", "number=ys-2026", "customer=王", "process=lend_key", "status=running",
        "element=hand_out", "person=ada", "started_from=2026-03-02&started_to=2026-03-02",
        "text=王 <b>五 ys", "text=ＹＳ－2026", "number=0302-0001", "customer=王<b>",
    ):  # fmt: skip
        page = olga.get(f"/cases/?{found}")
        assert "YS-20260302-0001" in page.text, found
    for missed in (
        "text=nothing", "text=王 六", "number=TS", "customer=李", "unit=9", "process=other", "status=completed",
        "element=take_back", "person=mei", "started_from=2026-03-03", "started_to=2026-03-01", "overdue=1", "incident=1",
    ):  # fmt: skip
        page = olga.get(f"/cases/?{missed}")
        assert page.status_code == 200
        assert "YS-20260302-0001" not in page.text, missed
        assert "没有符合条件的案件" in page.text


def test_the_list_tells_who_has_what_a_case_waits_for(olga, ada, case):
    assert "发放钥匙（" not in olga.get("/cases/").text
    ada.post(re.search(r"/tasks/[0-9a-f-]+", ada.get(case).text)[0] + "/claim")
    assert "发放钥匙（安达）" in olga.get("/cases/").text


def test_an_overdue_case_is_found(olga, case, moment):
    moment.move_to(moment() + timedelta(hours=3))
    olga.log_in("olga")
    assert "YS-20260302-0001" in olga.get("/cases/?overdue=1").text


def test_the_filter_stays_in_the_form_and_in_the_way_on(olga, database, monkeypatch):
    for _ in range(3):
        _start(database, "lend_key", borrower="王")
    monkeypatch.setattr("web.cases.AT_ONCE", 2)
    page = olga.get("/cases/?customer=王&process=lend_key").text
    assert 'value="王"' in page
    assert '<option value="lend_key" selected>' in page
    onward = re.search(r'href="([^"]*after=[^"]*)"', page)[1].replace("&amp;", "&")
    assert "customer=" in onward and "process=lend_key" in onward
    assert olga.get(onward).text.count("data-opens") == 1


def test_nonsense_in_the_address_does_no_harm(olga, case):
    for address in (
        "started_to=9999-12-31", "started_from=0001-01-01", "started_from=x", "after=nonsense", "after=9e99",
        "text=%25_%5C'--", f"customer={'x' * 5000}", "status=%3Cscript%3E", "element=%3Cb%3E",
    ):  # fmt: skip
        page = olga.get(f"/cases/?{address}")
        assert page.status_code in (200, 422), address
        assert "<script>" not in page.text


def test_nobody_finds_or_opens_a_case_that_is_not_theirs(mei, iris, ada, case):
    assert "YS-20260302-0001" in ada.get("/cases/").text
    assert "YS-20260302-0001" not in iris.get("/cases/").text
    for address in (case, f"{case}/diagrams/1", "/cases/999", "/cases/0"):
        assert iris.get(address).status_code == 404, address
    for address in (f"{case}/cancel", f"{case}/comments", f"{case}/incidents/1/retry"):
        assert iris.post(address, {"reason": "x", "text": "x"}).status_code == 404, address


# ---- the page ----


def test_the_page_tells_the_whole_case(ada, case):
    page = ada.get(case).text
    for text in (
        "YS-20260302-0001",
        "借钥匙",
        "办理中",
        "发放钥匙",
        "借用人",
        "王 &lt;b&gt;五&lt;/b&gt;",
        'data-tokens="hand_out"',
    ):
        assert text in page, text
    assert "<b>五</b>" not in page
    assert re.search(r'href="/tasks/[0-9a-f-]+"', page), "whoever may do the task gets there"


def test_who_only_looks_gets_no_way_to_the_task_or_to_ending_it(mei, case):
    page = mei.get(case).text
    assert "发放钥匙" in page
    assert 'href="/tasks/' not in page
    assert f"{case}/cancel" not in page


def test_whoever_may_end_cases_hands_over_what_somebody_else_has(olga, ada, ben, case):
    task = re.search(r"/tasks/[0-9a-f-]+", ada.get(case).text)[0]
    ada.post(f"{task}/claim")
    page = olga.get(case).text
    assert f'href="{task}"' in page and "转交" in page and ">办理</span>" not in page
    page = olga.get(task).text
    assert "这项任务不由您办理" in page and "本 (ben)" in page
    assert f"{task}/complete" not in page
    assert olga.post(f"{task}/hand-over", {"to": "ben", "note": "安达病了"}).status_code == 303
    assert "发放钥匙" in ben.get("/inbox").text


def test_the_page_speaks_english(ada, case):
    ada.post("/language", {"language": "en", "back": "/"})
    page = ada.get(case).text
    assert "Lend a key" in page and "Hand out the key" in page and "started the case" in page
    assert not re.findall(r"[\u4e00-\u9fff]+", re.sub(r"安达|王|五|借用人|来借|中文|办", "", page))


def test_the_diagram_is_sent_as_text_that_no_browser_runs(ada, case):
    address = re.search(r'data-diagram="([^"]+)"', ada.get(case).text)[1]
    answer = ada.get(address)
    assert answer.mimetype == "text/plain"
    assert "lend_key" in answer.text
    assert ada.get(f"{case}/diagrams/99").status_code == 404


def test_a_remark_stays_with_the_case(ada, case):
    ada.post(f"{case}/comments", {"text": "钥匙在<抽屉>"})
    assert "钥匙在&lt;抽屉&gt;" in ada.get(case).text
    assert ada.post(f"{case}/comments", {"text": " "}).status_code == 422


def test_a_timer_and_a_decision_are_told(ada, olga, database, sharing):
    _mend(database)
    case = _start(database, "share", borrower="Ada")
    page = ada.get(case).text
    assert "太久" in page
    assert "第 2 版" in page
    assert "几把" in page, "the result is called as the table calls it"
    assert "打开决策表" not in page, "the front desk may not look at definitions"
    assert "第 1 行" not in page
    assert "第 1 行" in olga.get(case).text


def test_restricted_values_are_masked(ada, olga, database):
    form = (
        '{"type":"default","id":"asked","schemaVersion":18,"name":"来借","components":[{"type":"textfield","id":"F1",'
        '"key":"borrower","label":"借用人"},{"type":"textfield","id":"F2","key":"id_number","label":"证件号",'
        '"properties":{"restricted":"yes"}}]}'
    )
    with database.unit_of_work() as uow:
        definitions.deploy(uow, {"asked.form": form.encode()}, by=SYSTEM, reason="ask for the card")
    case = _start(database, "lend_key", borrower="王", id_number="110101-secret")
    page = olga.get(case).text
    assert "证件号" in page and "不公开" in page
    assert "110101-secret" not in page


# ---- ending, trying again ----


def test_a_case_is_ended_with_a_reason(olga, case):
    assert f"{case}/cancel" in olga.get(case).text
    answer = olga.post(f"{case}/cancel", {"reason": "  "})
    assert answer.status_code == 422
    assert "请写明终止的原因" in answer.text
    assert "办理中" in olga.get(case).text
    assert olga.post(f"{case}/cancel", {"reason": "登记了两次"}).status_code == 303
    page = olga.get(case).text
    assert "已终止" in page and "登记了两次" in page
    again = olga.post(f"{case}/cancel", {"reason": "once more"})
    assert again.status_code == 409
    assert "已经结束" in again.text


def test_only_those_who_may_end_a_case(ada, case):
    assert ada.post(f"{case}/cancel", {"reason": "x"}).status_code == 403
    assert "办理中" in ada.get(case).text


def test_a_stopped_case_goes_on_after_its_cause_is_mended(olga, ada, database, sharing):
    case = _start(database, "share", borrower="Ada")
    page = olga.get(case).text
    assert "已停住" in page and "查分法" in page
    assert case.split("/")[-1] in olga.get("/cases/?incident=1").text
    retry = re.search(r'action="([^"]+/retry)"', page)[1]
    assert ada.post(retry).status_code == 403

    failed = olga.post(retry)
    page = olga.get(failed.location).text
    assert "又停在同一步" in page
    assert olga.post(retry).status_code == 409, "that one was tried already"

    _mend(database)
    retry = re.search(r'action="([^"]+/retry)"', page)[1]
    page = olga.get(olga.post(retry).location).text
    assert "案件继续办理" in page
    assert "发出" in page and "办理中" in page


def test_an_incident_of_another_case_is_not_retried_here(olga, database, sharing, case):
    stopped = _start(database, "share", borrower="Ada")
    retry = re.search(r'action="([^"]+/retry)"', olga.get(stopped).text)[1]
    assert olga.post(retry.replace(stopped, case)).status_code == 404
    assert "已停住" in olga.get(stopped).text


def test_a_text_with_a_nul_is_refused_before_any_database_sees_it(olga, case):
    assert olga.get("/cases/?text=a%00b").status_code == 400
    assert olga.post(f"{case}/comments", {"text": "a\0b"}).status_code == 400
