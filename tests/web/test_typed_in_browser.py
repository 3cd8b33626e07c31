"""What somebody has typed is not lost: other language, ended session, slow network, second tab, the way back."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import func, select

from engine import identity, tables
from engine.database import Database
from tests.web.conftest import PASSWORD
from tests.web.records_room import furnish, register

pytestmark = pytest.mark.browser

SLOWNESS = 1.5  # seconds
PHOTO = {
    "name": "door.png",
    "mimeType": "image/png",
    "buffer": bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
        "0000000d49444154789c63fccff0bf1e00050b0280a4a4b5fa0000000049454e44ae426082"
    ),
}


def _claimed(page: Page, task: str) -> None:
    page.goto(task)
    page.click(".page-header [data-claims]")
    expect(page.locator("[name=remark]")).to_be_enabled()


def _switch(page: Page, language: str) -> None:
    page.click(".btn-language")
    expect(page.locator("html")).to_have_attribute("lang", language)


def _log_in(page: Page, name: str = "ada") -> None:
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")


def _slowly(route: Route) -> None:
    time.sleep(SLOWNESS)
    route.continue_()


def _completions(database: Database) -> int:
    with database.reading() as uow:
        done = select(func.count()).where(tables.user_task.c.status == "completed")
        return int(uow.execute(done).scalar_one())


# ---- the other language ----------------------------------------------------------------------------------------


def test_a_half_filled_task_is_there_in_the_other_language(open_page, task):
    page = open_page("ada")
    _claimed(page, task)
    page.fill("[name=remark]", "半句话")
    page.set_input_files("[name=photo]", files=[PHOTO])
    _switch(page, "en")
    expect(page.locator("[name=remark]")).to_have_value("半句话")
    expect(page.locator(".bj-file")).to_contain_text("door.png")


def test_a_half_filled_start_is_there_in_the_other_language(open_page):
    page = open_page("ada")
    page.goto("/start/lend_key")
    page.fill("[name=borrower]", "王五")
    _switch(page, "en")
    expect(page.locator("[name=borrower]")).to_have_value("王五")


def test_what_was_refused_is_there_in_the_other_language(open_page, task):
    page = open_page("ada")
    _claimed(page, task)
    page.fill("[name=remark]", "半句话")
    page.click("#form .act-bar .btn-primary")
    expect(page.locator("#form-mistakes")).to_be_visible()
    _switch(page, "en")
    expect(page.locator("[name=remark]")).to_have_value("半句话")


def test_a_half_filled_record_and_a_half_written_remark_are_there_in_the_other_language(
    open_page, task, database
):
    furnish(database)
    number = register(database, "unit", {"code": "A-1201", "area": "88.5", "status": "vacant"})
    page = open_page("ada")
    page.goto(f"/registers/unit/edit/{number}")
    page.fill("[name=area]", "90")
    page.select_option("[name=status]", "occupied")
    _switch(page, "en")
    expect(page.locator("[name=area]")).to_have_value("90")
    expect(page.locator("[name=status]")).to_have_value("occupied")
    expect(page.locator("main")).to_contain_text("filled in again")
    page.click("[data-forgets]")
    expect(page.locator("[name=area]")).to_have_value("88.5")
    page.goto(task)
    page.fill("#comment", "业主很急")
    _switch(page, "zh-CN")
    expect(page.locator("#comment")).to_have_value("业主很急")
    page.click("#comments button[type=submit]")
    expect(page.locator("#comments")).to_contain_text("业主很急")
    expect(page.locator("#comment")).to_have_value("")


# ---- a session that has ended ----------------------------------------------------------------------------------


def test_a_task_sent_after_the_session_has_ended_is_filled_in_again_after_the_login(open_page, task):
    page = open_page("ada")
    _claimed(page, task)
    page.fill("[name=key_number]", "12")
    page.fill("[name=remark]", "晚上还")
    page.context.clear_cookies(name="banjie_session")
    page.click("#form .act-bar .btn-primary")
    page.wait_for_url("**/login?**")
    expect(page.locator("main")).to_contain_text("登录已过期")
    expect(page.locator("[data-typed]")).to_be_visible()
    _log_in(page)
    page.wait_for_url(f"**{task}")
    expect(page.locator("[name=remark]")).to_have_value("晚上还")
    expect(page.locator("[name=key_number]")).to_have_value("12")
    page.click("#form .act-bar .btn-primary")
    page.wait_for_url("**/inbox")


def test_a_record_sent_after_the_session_has_ended_is_filled_in_again_after_the_login(open_page, database):
    furnish(database)
    page = open_page("ada")
    page.goto("/registers/unit/new")
    page.fill("[name=code]", "A-1202")
    page.context.clear_cookies(name="banjie_session")
    page.click("main form button[type=submit]")
    page.wait_for_url("**/login?**")
    _log_in(page)
    page.wait_for_url("**/registers/unit/new")
    expect(page.locator("[name=code]")).to_have_value("A-1202")


def test_nobody_else_finds_what_was_typed(open_page):
    page = open_page("ada")
    page.goto("/start/lend_key")
    page.fill("[name=borrower]", "王五")
    page.context.clear_cookies(name="banjie_session")
    page.click("#form .act-bar .btn-primary")
    page.wait_for_url("**/login?**")
    _log_in(page, "ben")
    page.wait_for_url("**/start/lend_key")
    expect(page.locator("[name=borrower]")).to_have_value("")
    assert "王五" not in str(page.evaluate("JSON.stringify(sessionStorage)"))


def test_logging_out_leaves_nothing_behind(open_page, task):
    page = open_page("ada")
    page.goto(task)
    page.fill("#comment", "业主很急")
    page.click(".navbar .dropdown button")
    page.click("[data-ends-session] button")
    page.wait_for_url("**/login")
    assert "业主" not in str(page.evaluate("JSON.stringify(sessionStorage)"))


def test_a_draft_says_that_the_session_has_ended_and_goes_on_after_a_login_in_another_window(
    open_page, task, database
):
    page = open_page("ada")
    _claimed(page, task)
    page.context.clear_cookies(name="banjie_session")
    page.fill("[name=remark]", "半句话")
    expect(page.locator("[data-draft-state]")).to_contain_text("登录已过期")
    with page.context.expect_page() as opened:
        page.click("[data-draft-login]")
    _log_in(opened.value)
    opened.value.wait_for_url("**/inbox")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("[data-draft-state]")).to_have_text("草稿已保存")
    page.fill("[name=key_number]", "12")
    page.click("#form .act-bar .btn-primary")
    page.wait_for_url("**/inbox")
    assert _completions(database) == 1


# ---- twice, late, again ----------------------------------------------------------------------------------------


def test_a_form_sent_while_its_draft_is_on_its_way_leaves_no_draft_behind(open_page, database):
    page = open_page("ada")
    page.goto("/start/lend_key")
    page.route("**/start/lend_key/draft", _slowly)
    page.fill("[name=borrower]", "王五")
    with page.expect_request("**/start/lend_key/draft"):
        pass
    page.click("#form .act-bar .btn-primary")
    page.wait_for_url("**/tasks/**")
    page.wait_for_timeout(SLOWNESS * 1000)
    page.goto("/start/lend_key")
    expect(page.locator("[name=borrower]")).to_have_value("")


def test_pressing_again_and_again_on_a_slow_line_completes_once(open_page, task, database):
    page = open_page("ada")
    _claimed(page, task)
    page.fill("[name=key_number]", "12")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.route("**/complete", _slowly)
    page.locator("#form .act-bar .btn-primary").click(click_count=3, no_wait_after=True)
    page.wait_for_url("**/inbox")
    assert [address.rpartition("/")[2] for address in sent] == ["complete"]
    assert _completions(database) == 1


def test_the_way_back_to_a_task_that_is_done_says_so(open_page, task, database):
    page = open_page("ada")
    _claimed(page, task)
    page.fill("[name=key_number]", "12")
    page.click("#form .act-bar .btn-primary")
    page.wait_for_url("**/inbox")
    page.go_back()
    expect(page.locator("main")).to_contain_text("这一步已经过去")
    page.get_by_role("link", name="打开案件").click()
    expect(page.locator("h1")).to_contain_text("YS-")
    assert _completions(database) == 1


def test_the_second_of_two_tabs_is_told_and_keeps_the_words_typed_there(open_page, task, database):
    page = open_page("ada")
    _claimed(page, task)
    second = page.context.new_page()
    second.goto(task)
    page.fill("[name=key_number]", "12")
    page.click("#form .act-bar .btn-primary")
    page.wait_for_url("**/inbox")
    second.fill("[name=key_number]", "13")
    second.fill("[name=remark]", "晚上还，要押金")
    second.click("#form .act-bar .btn-primary")
    expect(second.locator("main")).to_contain_text("没有保存")
    second.click("[data-typed] summary")
    expect(second.locator("[data-typed]")).to_contain_text("晚上还，要押金")
    assert _completions(database) == 1


def test_a_form_is_cleared_for_good(open_page):
    page = open_page("ada")
    page.goto("/start/lend_key")
    expect(page.locator("[data-draft-discards]")).to_be_hidden()
    page.fill("[name=borrower]", "王五")
    page.click("[data-draft-discards]")
    page.click("#discard .btn-danger")
    expect(page.locator("#messages")).to_contain_text("草稿已放弃")
    expect(page.locator("[name=borrower]")).to_have_value("")
    page.reload()
    expect(page.locator("[name=borrower]")).to_have_value("")


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(open_page, task):
    page = open_page("ada")
    _claimed(page, task)
    enormous = {"name": "video.mp4", "mimeType": "video/mp4", "buffer": b"0" * 100_001}
    page.set_input_files("[name=photo]", files=[enormous])
    expect(page.locator("[data-refused-files]")).to_contain_text("video.mp4")
    assert page.evaluate("document.querySelector('[name=photo]').files.length") == 0
    page.set_input_files("[name=photo]", files=[PHOTO])
    expect(page.locator("[data-refused-files]")).to_have_count(0)
    assert page.evaluate("document.querySelector('[name=photo]').files.length") == 1


def test_a_password_is_kept_nowhere(open_page, iris: object, database: Database):
    page = open_page("iris")
    page.goto("/people/new")
    page.fill("[name=full_name]", "新来的")
    page.fill("[name=password]", "first password of his")
    page.goto("/people/")
    kept = str(page.evaluate("JSON.stringify(sessionStorage)"))
    assert "新来的" in kept
    assert "first password" not in kept
    with database.reading() as uow:
        assert identity.user(uow, "iris") is not None
