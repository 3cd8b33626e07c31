"""What only a browser shows: the keyboard, drafts that keep themselves, news without reloading, readability."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from engine import definitions, identity, runtime
from engine.database import Database
from tests import chromium
from tests.chromium import DESK, PHONE
from tests.web.conftest import DIAGRAM

pytestmark = pytest.mark.browser


def test_a_case_is_carried_through_with_the_keyboard_alone(open_page):
    page = open_page("ada")
    page.goto("/start/lend_key")
    page.focus("[name=borrower]")
    page.keyboard.type("王五")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tasks/**")

    page.goto("/inbox?which=groups")
    page.keyboard.press("j")
    page.keyboard.press("c")
    expect(page.locator("#inbox")).to_contain_text("本组没有等待认领的任务")
    expect(page.locator("#messages")).to_contain_text("已认领")
    expect(page.locator("#count-mine")).to_have_text("1")

    page.goto("/inbox")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tasks/**")
    page.focus("[name=key_number]")
    page.keyboard.press("Enter")
    expect(page.locator("#form-mistakes")).to_be_focused()
    page.focus("[name=key_number]")
    page.keyboard.type("12")
    page.keyboard.press("Enter")
    page.wait_for_url("**/inbox")
    expect(page.locator("#inbox")).to_contain_text("都办完了")


def test_keys_do_nothing_while_somebody_types(open_page, task):
    page = open_page("ada")
    page.goto("/inbox?which=groups")
    page.keyboard.press("/")
    page.keyboard.type("jc?")
    expect(page.locator("[data-searches]")).to_have_value("jc?")
    expect(page.locator("#keys")).to_be_hidden()


def test_no_key_claims_a_task_that_nobody_has_chosen(open_page, task):
    page = open_page("ada")
    page.goto("/inbox?which=groups")
    claimed = []
    page.on("request", lambda request: claimed.append(request.url) if request.method == "POST" else None)
    page.keyboard.press("c")
    page.keyboard.press("j")
    assert not claimed
    page.keyboard.press("c")
    expect(page.locator("#messages")).to_contain_text("已认领")
    assert len(claimed) == 1


def test_the_keys_are_explained(open_page):
    page = open_page("ada")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()


def test_a_draft_keeps_itself(open_page, task):
    page = open_page("ada")
    page.goto(task)
    page.click("[data-claims] >> visible=true")
    page.fill("[name=remark]", "半句话")
    expect(page.locator("[data-draft-state]")).to_have_text("草稿已保存")
    page.reload()
    expect(page.locator("[name=remark]")).to_have_value("半句话")


def test_a_new_task_appears_without_reloading(open_page, database: Database, moment):
    page = open_page("ada")
    page.goto("/inbox?which=groups")
    page.focus("[data-searches]")
    with database.unit_of_work() as uow:
        ben = identity.user(uow, "ben")
        assert ben is not None
        runtime.start_process(uow, "lend_key", {"borrower": "新来的"}, by=ben)
    page.evaluate("htmx.trigger('#inbox', 'looked-at')")
    expect(page.locator("#inbox")).to_contain_text("新来的")
    expect(page.locator("#count-groups")).to_have_text("1")
    expect(page.locator("[data-searches]")).to_be_focused()


def test_whoever_claims_or_reads_in_a_list_keeps_their_place_when_it_is_drawn_anew(
    open_page, database: Database
):
    with database.unit_of_work() as uow:
        ada = identity.user(uow, "ada")
        assert ada is not None
        for borrower in ("一号", "二号", "三号"):
            runtime.start_process(uow, "lend_key", {"borrower": borrower}, by=ada)
    page = open_page("ada")
    page.goto("/inbox?which=groups")
    second, third = page.locator("[data-row]").nth(1), page.locator("[data-row]").nth(2)
    next_one = third.locator("[data-opens]").get_attribute("id")
    second.locator("[data-claims]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-row]")).to_have_count(2)
    expect(page.locator(f"#{next_one}")).to_be_focused()


def test_the_way_back_shows_a_list_with_its_own_filter(open_page, task):
    page = open_page("ada")
    page.goto("/inbox?which=groups")
    for due in ("today", "overdue"):
        page.select_option("[name=due]", due)
        page.wait_for_url(f"**due={due}")
    page.go_back()
    page.wait_for_url("**due=today")
    expect(page.locator("[name=due]")).to_have_value("today")


def test_a_press_that_gets_no_answer_is_told(open_page, task):
    page = open_page("ada")
    page.goto("/inbox?which=groups")
    page.context.set_offline(True)
    page.click("[data-row] [data-claims]")
    expect(page.locator("#messages [role=alert]")).to_contain_text("没有连上系统")
    page.click("[data-row] [data-claims]")
    expect(page.locator("#messages [role=alert]")).to_have_count(1)
    page.context.set_offline(False)
    page.click("#messages [data-closes-message]")
    page.click("[data-row] [data-claims]")
    expect(page.locator("#messages")).to_contain_text("已认领")


FINGER = """([kind, x]) => document.querySelector("[data-drawn]").dispatchEvent(
    new PointerEvent(kind, { pointerType: "touch", pointerId: 7, clientX: x, clientY: 50, bubbles: true }))"""


def test_wheel_and_finger_move_the_page_until_somebody_presses_into_the_diagram(open_page, task):
    page = open_page("ada")
    page.goto(task)
    page.click("#diagram summary")
    diagram = page.locator("#diagram [data-drawn]")
    picture = diagram.locator(".viewport")
    shown = picture.get_attribute("transform") or ""
    diagram.scroll_into_view_if_needed()
    diagram.hover()
    before = page.evaluate("scrollY")
    page.mouse.wheel(0, -100)
    page.wait_for_function("before => scrollY < before", arg=before)
    for kind, x in (("pointerdown", 50), ("pointermove", 20)):
        page.evaluate(FINGER, [kind, x])
    expect(picture).to_have_attribute("transform", shown)

    diagram.click(position={"x": 5, "y": 5})
    expect(page.locator(".diagram.held")).to_have_count(1)
    here = page.evaluate("scrollY")
    page.mouse.wheel(0, -100)
    expect(picture).not_to_have_attribute("transform", shown)
    shown = picture.get_attribute("transform") or ""
    for kind, x in (("pointerdown", 50), ("pointermove", 20)):
        page.evaluate(FINGER, [kind, x])
    expect(picture).not_to_have_attribute("transform", shown)
    assert page.evaluate("scrollY") == here
    page.click("h1")
    expect(page.locator(".diagram.held")).to_have_count(0)


def test_a_case_on_paper_says_which_it_is_and_shows_no_buttons(open_page, task):
    page = open_page("ada")
    page.goto(task)
    page.get_by_role("link", name="打开案件").click()
    page.emulate_media(media="print")
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator(".page-pretitle")).to_contain_text("YS-")
    expect(page.locator("button:visible, .btn:visible, textarea:visible")).to_have_count(0)


def test_the_diagram_is_drawn_with_its_token_when_it_is_opened(open_page, task):
    page = open_page("ada")
    page.goto(task)
    assert not page.locator("[data-diagram][data-drawn]").count()
    page.click("#diagram summary")
    expect(page.locator("[data-diagram][data-drawn]")).to_be_in_viewport(ratio=0.9)
    expect(page.locator("[data-diagram] .token[data-element-id=hand_out]")).to_be_visible()
    expect(page.locator("[data-diagram] .passed[data-element-id=f1]")).to_have_count(1)
    expect(page.locator("[data-diagram] .bjs-powered-by")).to_be_visible()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_can_be_read_by_everybody(open_page, task, size, language):
    page = open_page("ada", size)
    if language == "en":
        page.click(".btn-language")
        expect(page.locator("html")).to_have_attribute("lang", "en")
    for place in ("/inbox", "/inbox?which=groups", "/inbox?text=nothing", "/start/", "/start/lend_key", task,
                  "/account/messages", "/account/substitutes", "/account/password", "/nowhere"):  # fmt: skip
        page.goto(place)
        assert not chromium.serious(page), place
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), place


LIST_OF_KEYS = {
    "type": "default", "id": "asked", "schemaVersion": 18, "name": "来借", "components": [
        {"type": "textfield", "id": "F1", "key": "borrower", "label": "借用人"},
        {"type": "dynamiclist", "id": "F2", "path": "keys", "label": "钥匙", "defaultRepetitions": 0,
         "allowAddRemove": True, "properties": {"labelEn": "Keys"},
         "components": [{"type": "textfield", "id": "F3", "key": "engraved", "label": "编号"}]},
    ],
}  # fmt: skip


def test_rows_are_added_and_removed_with_the_keyboard_alone(open_page, database: Database):
    with database.unit_of_work() as uow:
        form = {"asked.form": json.dumps(LIST_OF_KEYS).encode()}
        definitions.deploy(uow, form, by=identity.SYSTEM, reason="several keys")
    page = open_page("ada")
    page.goto("/start/lend_key")
    for number in range(3):
        page.focus("button[name=_add]")
        page.keyboard.press("Enter")
        expect(page.locator(f'[name="keys.{number}.engraved"]')).to_be_focused()
        page.keyboard.type(f"K{number}")
    page.focus('button[name=_remove][value="keys.1"]')
    page.keyboard.press("Enter")
    expect(page.locator(".bj-row")).to_have_count(2)
    expect(page.locator('[name="keys.1.engraved"]')).to_be_focused()
    expect(page.locator('[name="keys.1.engraved"]')).to_have_value("K2")
    for left in (1, 0):
        page.focus('button[name=_remove][value="keys.0"]')
        page.keyboard.press("Enter")
        expect(page.locator(".bj-row")).to_have_count(left)
    expect(page.locator("button[name=_add]")).to_be_focused()


def test_in_english_no_word_of_a_diagram_is_broken(open_page, database: Database, task):
    label = '<bpmndi:BPMNLabel><dc:Bounds x="57" y="125" width="22" height="14" /></bpmndi:BPMNLabel>'
    asked = '<dc:Bounds x="50" y="82" width="36" height="36" />'
    english = '<extensionElements><camunda:properties><camunda:property name="labelEn" value="Complaint received" /></camunda:properties></extensionElements>'
    start = 'camunda:formKey="asked"><outgoing>'
    assert asked in DIAGRAM and start in DIAGRAM
    drawn = DIAGRAM.replace(asked, asked + label)
    drawn = drawn.replace(start, start.replace("<outgoing>", f"{english}<outgoing>"))
    with database.unit_of_work() as uow:
        definitions.deploy(uow, {"lend_key.bpmn": drawn.encode()}, by=identity.SYSTEM, reason="a label")
        ada = identity.user(uow, "ada")
        assert ada is not None
        case = runtime.start_process(uow, "lend_key", {"borrower": "王五"}, by=ada).instance_id
    page = open_page("ada")
    page.goto(f"/cases/{case}")
    page.click(".btn-language")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("[data-diagram][data-drawn]")).to_be_visible()
    lines = page.locator("[data-element-id=asked_label] tspan").all_text_contents()
    assert {word for line in lines for word in line.split()} == {"Complaint", "received"}
