from __future__ import annotations

import io
import re
from uuid import uuid4

import pytest

PICTURE = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
                        "0000000d49444154789c63fccff0bf1e00050b0280a4a4b5fa0000000049454e44ae426082")  # fmt: skip


@pytest.fixture
def mine(ada, task) -> str:
    """A task that ada has claimed."""
    ada.post(f"{task}/claim")
    return task


def test_the_page_shows_what_to_do_and_what_happened(ada, mine):
    page = ada.get(mine).text
    for text in (
        "发放钥匙",
        "先核对身份证",
        "<li>登记钥匙编号</li>",
        "钥匙编号",
        "借用人",
        "YS-20260302-0001",
    ):
        assert text in page
    assert "王 &lt;b&gt;五&lt;/b&gt;" in page
    assert "<b>五</b>" not in page


def test_completing_leads_on(ada, mine):
    answer = ada.post(f"{mine}/complete", {"key_number": "12"})
    assert (answer.status_code, answer.location) == (303, "/inbox")
    assert "已完成" in ada.get("/inbox").text


def test_completing_leads_on_to_the_next_task_that_waits(ada, mine):
    waiting = ada.post("/start/lend_key", {"borrower": "李四"}).location
    answer = ada.post(f"{mine}/complete", {"key_number": "12"})
    assert (answer.status_code, answer.location) == (303, waiting)
    assert "下一个任务" in ada.get(waiting).text


def test_a_mistake_shows_the_form_with_all_that_was_typed(ada, mine):
    answer = ada.post(f"{mine}/complete", {"key_number": "", "remark": "晚上 <来> 还"})
    assert answer.status_code == 422
    assert "请填写" in answer.text
    assert "晚上 &lt;来&gt; 还" in answer.text


def test_a_mistake_does_not_lose_the_files(ada, mine):
    photo = {"photo": (io.BytesIO(PICTURE), "door.png")}
    answer = ada.post(f"{mine}/complete", {"key_number": "", **photo}, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert "door.png" in answer.text


def test_a_file_of_the_wrong_kind_is_refused_beside_its_field(ada, mine):
    page = {"key_number": "12", "photo": (io.BytesIO(b"<html><script>1</script>"), "x.png")}
    answer = ada.post(f"{mine}/complete", page, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert "不能上传" in answer.text
    assert "发放钥匙" in ada.get(mine).text


def test_an_unknown_field_is_refused(ada, mine):
    answer = ada.post(f"{mine}/complete", {"key_number": "12", "approved": "true"})
    assert answer.status_code == 422


def test_an_unknown_field_with_a_file_stores_nothing(ada, mine, settings):
    page = {"key_number": "12", "virus": (io.BytesIO(PICTURE), "x.png")}
    answer = ada.post(f"{mine}/complete", page, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert not settings.files.exists() or not any(settings.files.iterdir())


def test_somebody_who_comes_second_is_told_who_was_first(ada, ben, mine):
    ada.post(f"{mine}/complete", {"key_number": "12"})
    for answer in (ben.post(f"{mine}/complete", {"key_number": "13"}), ben.get(mine)):
        assert answer.status_code == 409
        assert "安达" in answer.text
        assert "回到我的任务" in answer.text
        case = re.search(r'href="(/cases/\d+)"', answer.text)
        assert case, "the page leads to the case"
        assert ben.get(case[1]).status_code == 200


def test_somebody_who_comes_back_to_what_they_have_done_is_told_so(ada, mine):
    ada.post(f"{mine}/complete", {"key_number": "12"})
    looked, sent = ada.get(mine), ada.post(f"{mine}/complete", {"key_number": "13"})
    assert looked.status_code == sent.status_code == 409
    assert "您自己已于" in looked.text and "这一步已经过去" in looked.text
    assert "您自己已于" in sent.text and "没有保存" in sent.text


def test_pressing_twice_is_no_conflict(ada, mine):
    ada.post(f"{mine}/complete", {"key_number": "12"})
    assert ada.post(f"{mine}/complete", {"key_number": "12"}).status_code == 303


def test_a_draft_is_kept_and_shown_again(ada, mine):
    answer = ada.post(f"{mine}/draft", {"remark": "半句话"}, headers={"X-Requested-With": "draft"})
    assert answer.status_code == 204
    page = ada.get(mine).text
    assert "半句话" in page
    assert "已载入您的草稿" in page


def test_a_draft_kept_with_the_button_shows_the_page(ada, mine):
    answer = ada.post(f"{mine}/draft", {"remark": "半句话"})
    assert (answer.status_code, answer.location) == (303, mine)


def test_a_form_is_begun_anew_without_touching_what_others_typed(ada, ben, task):
    ada.post(f"{task}/draft", {"remark": "半句话"})
    ben.post(f"{task}/draft", {"remark": "另一句"})
    answer = ada.post(f"{task}/draft/discard", {"remark": "半句话"})
    assert (answer.status_code, answer.location) == (303, task)
    assert "半句话" not in ada.get(task).text
    assert "另一句" in ben.get(task).text


def test_the_form_is_drawn_anew_for_what_is_typed(ada, mine):
    answer = ada.post(f"{mine}/form", {"remark": "半句话"}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "半句话" in answer.text
    assert "<html" not in answer.text


def test_a_task_can_be_given_back(ada, ben, mine):
    assert ada.post(f"{mine}/give-back").location == "/inbox"
    assert "发放钥匙" in ben.get("/inbox?which=groups").text


def test_a_task_can_be_handed_over_with_a_note(ada, ben, mine):
    assert "本 (ben)" in ada.get(mine).text
    assert ada.post(f"{mine}/hand-over", {"to": "ben", "note": "我去巡楼"}).location == "/inbox"
    assert "我去巡楼" in ben.get(mine).text
    assert "YS-20260302-0001" in ben.get("/account/messages").text


def test_a_task_is_not_handed_over_to_somebody_who_may_not_do_it(ada, mine):
    answer = ada.post(f"{mine}/hand-over", {"to": "mei", "note": "请看"})
    assert answer.status_code == 422


def test_a_comment_stays_with_the_case(ada, mine):
    assert ada.post(f"{mine}/comment", {"text": "业主 <很> 急"}).status_code == 303
    assert "业主 &lt;很&gt; 急" in ada.get(mine).text


def test_the_diagram_is_sent_to_those_who_see_the_task(ada, mei, task):
    answer = ada.get(f"{task}/diagram")
    assert answer.mimetype == "application/xml"
    assert "lend_key" in answer.text


def test_nobody_reaches_a_task_by_its_address(mei, browser_of, task, database):
    from engine import identity, people

    with database.unit_of_work() as uow:
        people.create_user(uow, "outsider", "外人", "a key in the drawer", [], by=identity.SYSTEM)
    outsider = browser_of("outsider")
    assert outsider.get(task).status_code == 404
    assert outsider.get(f"{task}/diagram").status_code == 404
    for action in (
        "claim",
        "give-back",
        "hand-over",
        "complete",
        "draft",
        "draft/discard",
        "comment",
        "form",
    ):
        assert outsider.post(f"{task}/{action}", {"text": "x"}).status_code in (403, 404), action
        assert mei.post(f"{task}/{action}", {"text": "x"}).status_code == 403, action
    answer = mei.get(task)
    assert (answer.status_code, answer.location[:7]) == (303, "/cases/")
    assert "这项任务不归您的岗位" in mei.get(answer.location).text


def test_whoever_opens_what_a_colleague_works_on_is_told_on_the_page_of_the_case(ada, ben, mine):
    answer = ben.get(mine)
    assert answer.status_code == 303
    page = ben.get(answer.location).text
    assert "安达正在处理这项任务" in page and "YS-20260302-0001" in page


@pytest.mark.parametrize(
    "number", ["c6a46a8a-6160-4378-b61a-4357658ddea3", "1", "..%2f..%2fetc", "' or 1=1--", "x" * 3000]
)
def test_a_task_that_does_not_exist_is_not_found(ada, number):
    answer = ada.get(f"/tasks/{number}")
    assert answer.status_code == 404
    assert "找不到这个页面" in answer.text


def test_a_file_is_seen_by_those_who_may_see_the_case_only(ada, ben, stranger, mine, database):
    import re

    photo = {"key_number": "12", "photo": (io.BytesIO(PICTURE), "门.png")}
    shown = ada.post(f"{mine}/complete", {**photo, "key_number": ""}, content_type="multipart/form-data")
    address = re.search(r"/files/[0-9a-f-]{36}", shown.text)[0]

    answer = ada.get(address)
    assert (answer.status_code, answer.mimetype) == (200, "image/png")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "attachment" in ada.get(f"{address}?download=1").headers["Content-Disposition"]
    assert ben.get(address).status_code == 404
    assert stranger.get(address).status_code == 303
    assert ada.get(f"/files/{uuid4()}").status_code == 404
