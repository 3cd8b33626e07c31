"""A tenant's stay in the browser: he moves in, and moves out a year later with the right refund to the fen."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from engine import tables
from tests.browser.house import PHONE, House, Step

pytestmark = pytest.mark.browser

AT_THE_DESK = ("liu_min", "chen_xue", "song_jie")
UNIT, TENANT = "A-1203", "晨光科技有限公司"
APPLICATION_IN = {
    "unit": UNIT, "planned_day": "2026-03-05", "customer_kind": "company", "customer_name": TENANT,
    "customer_phone": "13800138000", "contact": "周明",
}  # fmt: skip
PAPERS = {
    "papers_state": "complete", "licence_copy": ["执照.pdf"], "licence_sealed": True,
    "power_of_attorney": ["委托书.pdf"], "attorney_original": True, "agent_name": "周明",
    "agent_phone": "13800138000", "agent_id_number": "11010519491231002X", "agent_id_copy": ["身份证.png"],
    "agent_original_seen": True,
}  # fmt: skip

CONTRACT = [
    Step("登记合同", "liu_min", {
        "contract_number": "HT-2026-018", "area": "126.5", "first_day": "2026-03-15", "last_day": "2027-03-14",
        "monthly_rent": "18888.88", "fee_price": "24.90", "payment_months": "3"}),
    Step("送达入伙通知书", "liu_min", {
        "notice_way": "in_person", "notice_on": "2026-03-02", "notice_receiver": "周明"}),
]  # fmt: skip
TO_THE_KEYS = [
    Step("收款", "shi_lei", {"payment_method": "bank_transfer", "paid_in_full": True}),
    Step("签署确认书与责任书", "chen_xue", {
        "handbook_signed": True, "safety_signed": True, "signed_papers": ["签署件.pdf"], "signer": "周明"}),
    Step("陪同验房", "zhu_hong", {
        "inspected_on": "2026-03-02",
        "meter_readings": [
            {"meter_kind": "electricity", "meter_number": "D-1203", "reading": "1024.50"},
            {"meter_kind": "water", "meter_number": "S-1203", "reading": "88"}],
        "items_inspected": "门窗、墙地面、水电、空调、消防", "inspection_result": "faultless",
        "inspector": "朱红", "inspection_customer": "周明"}),
    Step("交付钥匙", "liu_min", {
        "given_keys": ["YS-000008"],
        "new_keys": [{"label": "A-1203 门禁卡", "kind": "access_card", "how_many": "10"}],
        "key_receiver": "周明", "key_signature": "周明"}),
]  # fmt: skip
TO_THE_MOVING = [
    Step("客户名牌申请", "liu_min", {
        "nameplates_wanted": "true", "nameplate_zh": "晨光科技", "nameplate_en": "Morninglight",
        "nameplate_places": ["lobby", "floor"]}),
    Step("收款", "shi_lei", {"payment_method": "wechat", "paid_in_full": True}),
    Step("制作安装名牌", "wang_li", {"nameplate_on": "2026-03-02"}),
    Step("是否装修", "liu_min", {"decorated": "false"}),
    Step("消防意见书归档", "liu_min", {
        "fire_number": "消验 2026-77", "fire_on": "2026-03-02", "fire_authority": "住建局",
        "fire_scan": ["意见书.pdf"]}),
]  # fmt: skip
MOVED_IN = [
    Step("确认迁入", "zhu_hong", {"moved": "true", "moved_on": "2026-03-07"}),
    Step("入驻资料归档", "li_na", {
        "filed": ["papers", "contract", "charge_notice", "agreements", "inspection", "keys", "fire"],
        "file_place": "档案柜 12", "file_signature": "李娜"}),
    Step("乔迁恭贺", "zhu_hong", {
        "greeting_way": "visit", "greeted_on": "2026-03-07", "new_phone": "13800138000",
        "customer_needs": "需要加时空调。", "card_left": True}),
]  # fmt: skip

APPLICATION_OUT = {
    "unit": UNIT, "wished_date": "2027-03-13", "move_out_reason": "lease_end", "contact_name": "周明",
    "contact_phone": "13800138000", "application_scan": ["迁出申请.pdf"],
}  # fmt: skip
FOUR_ITEMS = {
    "removal_begins": "2027-03-13T10:00", "removal_route": "goods_lift_loading", "cut_off": "2027-03-14",
    "services": [{"service": "electricity", "end_date": "2027-03-14"}],
    "forwarding_address": "上海市杨浦区国定路 88 号", "customer_signature": "周明", "office_signature": "刘敏",
}  # fmt: skip
HANDED_BACK = [
    Step("联合交房验收", "zhu_hong", {
        "damages": [{"place": "地毯", "what": "烧痕", "price": "888.88"}], "customer_agrees": "true",
        "customer_signature": "周明", "office_signature": "朱红"}),
    Step("逐件清点收回", "chen_xue", {
        "items_back": [{"outcome": "returned"}, {"outcome": "returned"}, {"outcome": "returned"}],
        "customer_signature": "周明"}),
]  # fmt: skip
STATEMENT = [
    Step("抄表", "zhu_hong", {
        "electricity_final": "3000.00", "water_final": "120", "readings_signature": "周明"}),
    Step("结算到截止日", "shi_lei"),
]  # fmt: skip
REFUND = [
    Step("终止服务", "ma_chao", {"ended_on": "2027-03-14"}),
    Step("编制押金退还单", "shi_lei", {
        "receipts_collected": True, "payee": TENANT, "payee_bank": "工商银行", "payee_account": "6222000011112222"}),
    Step("批准退还", "zhang_wei", {"refund_approved": "true", "approver_signature": "张伟"}),
]  # fmt: skip
FILE_CLOSED = Step("迁出资料归档", "li_na", {"file_complete": True, "file_place": "档案柜 12"})
SLIP = "FXT-2027-00001"
#: Three months of rent and fee as deposits, and the same again as the first payment.
FIRST_PAYMENT, FIRST_PAYMENT_IN_WORDS = "132,232.38", "壹拾叁万贰仟贰佰叁拾贰元叁角捌分"
ARREARS = "12036.16"
#: 3 × 18,888.88 + 3 × 3,149.85 - 888.88 for the burnt carpet.
REFUND_PAID = "65227.31"
#: As the unit's ledger tells it: the guarantee bears the damage, the rent deposit is paid back whole.
REFUND_LINES = ("−888.88", "−8,560.67", "−56,666.64")


def at(text: str) -> datetime:
    """Return a time in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def begin(house: House, process: str, values: dict[str, Any], number: str) -> None:
    """Let the front desk begin a case."""
    page = house.page_of("liu_min")
    page.goto(f"/start/{process}")
    house.look(page, process)
    house.fill(page, values)
    assert house.submit(page) == 303, page.locator("#form-mistakes").all_inner_texts()
    expect(page.locator("#messages")).to_contain_text(f"已新建案件 {number}")
    house.number = number
    house.time_passes()


def step_of(house: House, step: Step) -> None:
    """Let somebody do a step: on the phone, only the desk and the gate are looked at."""
    if house.device is PHONE and step.by not in AT_THE_DESK:
        house.done_elsewhere(step)
    else:
        house.do(step)


def see_paper(house: House, page: Page, name: str, *words: str) -> Page:
    """Open a paper of the case beside the page that lists it: it is filled in, and printed without its tools."""
    link = page.locator("#papers a", has_text=name).first
    paper = page.context.new_page()
    paper.goto(link.get_attribute("href") or "")
    for each in words:
        expect(paper.locator("main.sheet")).to_contain_text(each)
    house.look(paper, name)
    paper.emulate_media(media="print")
    expect(paper.locator("header.tools")).to_be_hidden()
    paper.emulate_media(media="screen")
    return paper


# ---- moving in -------------------------------------------------------------------------------------------


def move_in(house: House) -> None:
    """Carry the tenant from the notice to his goods in the unit, with a paper forgotten on the way."""
    begin(house, "move_in", APPLICATION_IN, "RZ-20260302-0001")
    for step in CONTRACT:
        step_of(house, step)
    check_papers(house)
    page = house.open_from_inbox("核算收费", "shi_lei")
    expect(page.locator("#form")).to_contain_text(FIRST_PAYMENT)
    house.fill(page, {"charges_decision": "confirm"})
    house.finish(page)
    for step in TO_THE_KEYS:
        step_of(house, step)
    page = house.open_from_inbox("客户名牌申请", "liu_min", claim=False)
    see_paper(house, page, "收费通知单", UNIT, TENANT, FIRST_PAYMENT).close()
    see_paper(house, page, "收据", TENANT, FIRST_PAYMENT_IN_WORDS).close()
    for step in TO_THE_MOVING:
        step_of(house, step)
    book_moving(house)
    house.wait_until(at("2026-03-07T12:30"))
    for step in MOVED_IN:
        step_of(house, step)


def check_papers(house: House) -> None:
    """Let the front desk forget the licence: nothing that was handed in is lost."""
    page = house.open_from_inbox("核验入驻资料", "liu_min")
    given = {name: value for name, value in PAPERS.items() if name != "licence_copy"}
    house.refuse(page, given, "licence_copy", "请上传文件")
    expect(page.locator(".bj-file", has_text="委托书.pdf")).to_be_visible()
    expect(page.locator("[name=agent_name]")).to_have_value("周明")
    house.fill(page, {"licence_copy": PAPERS["licence_copy"]})
    house.finish(page)


def book_moving(house: House) -> None:
    """Agree on a slot: a working day has none within office hours."""
    page = house.open_from_inbox("预约迁入时段", "liu_min")
    slots = page.locator("[name=moving_slot] option:not([value=''])")
    house.fill(page, {"moving_day": "2026-03-09"})
    expect(slots).to_have_text(["06:30–08:30", "17:30–19:30", "19:30–21:30"])
    house.fill(page, {"moving_day": "2026-03-07", "moving_slot": "10:00", "moving_route": "货梯 2 号，东门"})
    house.finish(page)


# ---- moving out ------------------------------------------------------------------------------------------


def move_out(house: House) -> None:
    """Carry the tenant from his application to the refund, with a slot in office hours on the way."""
    house.wait_until(at("2027-02-08T10:00"))
    begin(house, "move_out", APPLICATION_OUT, "TZ-20270208-0001")
    page = house.open_from_inbox("与客户确认四项", "liu_min")
    in_office_hours = {**FOUR_ITEMS, "removal_begins": "2027-03-12T14:00"}
    house.refuse(page, in_office_hours, "removal_begins", "在办公时间内")
    expect(page.locator("[name=forwarding_address]")).to_have_value(str(FOUR_ITEMS["forwarding_address"]))
    house.fill(page, {"removal_begins": FOUR_ITEMS["removal_begins"]})
    house.finish(page)
    house.wait_until(at("2027-03-12T10:00"))
    for step in STATEMENT:
        step_of(house, step)
    assert house.waiting("song_jie") == []  # no goods leave before the arrears are paid
    house.do(Step("收清欠费", "shi_lei", {"arrears_received": ARREARS, "payment_method": "bank_transfer"}))
    house.wait_until(at("2027-03-13T11:00"))
    check_at_the_gate(house)
    for step in HANDED_BACK:
        step_of(house, step)
    house.wait_until(at("2027-03-15T10:00"))
    for step in REFUND:
        step_of(house, step)
    page = house.open_from_inbox("付退款", "qian_jin")
    a_fen_too_much = {"refund_paid": "65227.32", "refund_proof": ["回单.pdf"]}
    house.refuse(page, a_fen_too_much, "refund_paid", "须与批准的金额一致")
    house.fill(page, {"refund_paid": REFUND_PAID})
    house.finish(page)
    step_of(house, FILE_CLOSED)


def check_at_the_gate(house: House) -> None:
    """Let security look at the slip, check its code, and let the goods pass."""
    page = house.open_from_inbox("门岗核对放行", "song_jie")
    slip = see_paper(house, page, "物品放行条", UNIT, TENANT, "已交清")
    token = tables.paper.c.token
    with house.database.reading() as uow:
        code = uow.execute(select(token).where(tables.paper.c.number == SLIP)).scalar_one()
    slip.goto(f"/check/{code}")
    expect(slip.locator("[role=status]")).to_contain_text("有效")
    for word in (SLIP, UNIT):
        expect(slip.locator("main")).to_contain_text(word)
    house.look(slip, "check")
    slip.goto("/check/another")
    expect(slip.locator("[role=alert]")).to_contain_text("查无此件")
    left = {"gate_result": "left", "presented_slip": "FXT-2027-00009", "moved_out_at": "2027-03-13T11:00"}
    house.refuse(page, left, "presented_slip", "不是本次的放行条")
    house.fill(page, {"presented_slip": SLIP})
    house.finish(page)
    slip.goto(f"/check/{code}")
    expect(slip.locator("main")).to_contain_text("已使用")
    slip.close()


# ---- what the unit's page tells --------------------------------------------------------------------------


def see_unit(house: House, *words: str) -> Page:
    """Let the front desk look the unit up."""
    page = house.page_of("liu_min")
    page.goto(f"/registers/unit/records/{UNIT}")
    for each in words:
        expect(page.locator("main")).to_contain_text(each)
    house.look(page, "unit " + words[-1])
    return page


def test_a_tenant_moves_in_and_a_year_later_out_with_the_right_refund(house: House) -> None:
    move_in(house)
    see_unit(house, "RZ-20260302-0001", TENANT, "A-1203 门禁卡", "晨光科技", "66,116.19", "已入驻")

    move_out(house)
    page = see_unit(house, "RZ-20260302-0001", "TZ-20270208-0001", *REFUND_LINES, "已结束", "空置")
    house.press(page.locator(".btn-language"))
    expect(page.locator("html")).to_have_attribute("lang", "en")
    house.look(page, "unit in English")
    house.press(page.locator("#cases a", has_text="TZ-20270208-0001"))
    expect(page.locator(".page-header")).to_contain_text("Closed")
    house.look(page, "case in English")
    assert not house.complaints
