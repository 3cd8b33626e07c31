"""A complaint of 36,000 yuan from intake to closed, each step by the person whose inbox it is in."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import House, Step

pytestmark = pytest.mark.browser

NUMBER = "TS-20260302-0001"

INTAKE = {
    "channel": "staff", "first_contact": "保安部 宋杰", "customer_name": "李梅", "customer_phone": "13812345678",
    "unit": "3 栋 2 单元 501", "complaint_object": "management", "fact_time": "昨晚 22 点起", "fact_place": "3 栋楼下",
    "facts": "楼上空调外机支架松动，噪音大，并把雨棚砸坏，业主称影响休息已三晚。",
    "demand": "尽快整改，赔偿雨棚和误工损失。", "claim_amount": "60000",
    "evidence_kind": "attached", "evidence": ["雨棚.png"],
    "evidence.new.source": "业主李梅", "evidence.new.taken_on": "2026-03-01", "points_confirmed": True,
}  # fmt: skip

STEPS = [
    Step("分类并派单", "liu_min", {
        "nature": "complaint", "statistic_item": "engineering_repair", "department": "engineering"}),
    Step("调查核实", "ma_chao", {
        "handler": "马超", "survey_needed": True, "survey_observations": "两颗膨胀螺栓脱落。",
        "survey_photos": ["支架.png"], "records_checked": ["repair", "inspection"], "persons_heard": "业主李梅、安装单位。",
        "finding": "valid",
        "investigation_result": "外机支架松动，确有噪音，雨棚系支架坠落砸坏。", "responsibility_degree": "main",
        "cause": "facility", "investigation_signatures": "李梅、马超"}),
    Step("制定方案并与业主协商", "ma_chao", {
        "proposed_plan": "加固支架并加装减震垫，赔偿雨棚和误工损失。", "plan_deadline": "2026-03-02T20:00",
        "plan_responsible": "工程部 马超", "plan_resources": "减震垫 4 个", "handling_cost": "36000",
        "cost_nature": "cash", "agreement": "reached", "negotiation": "业主接受 36,000 元。", "plan_author": "马超"}),
    Step("业主登记表", "chen_xue", {
        "filled_by": "owner", "owner_id_number": "11010519491231002X", "registration_content": "外机噪音，雨棚损坏。",
        "registration_demand": "整改并赔偿。", "registration_scan": ["登记表.pdf"], "routes_acknowledged": True,
        "registration_signature": "李梅", "registration_date": "2026-03-02"}),
    Step("投诉处理评审", "li_na", {
        "responsibility": "公司负主要责任。", "irrational": True, "criteria_reason": "业主扬言拉横幅、找媒体。",
        "evaluation_decision": "同意方案，送顾问审议。", "evaluator": "李娜"}),
    Step("经理确认风险", "zhang_wei", {"criteria_confirmed": "属实，按紧急审议。", "urgent": True}),
    Step("分管领导接待", "huang_ying", {
        "received_at": "2026-03-02T10:15", "received_by": "黄颖", "reception_record": "当面致歉，答复三日内给方案。"}),
    Step("整理卷宗", "cheng_yan", {
        "case_summary": "外机支架坠落致损，业主索赔 60,000 元。",
        "file_contents": ["registration", "record", "investigation", "evidence", "evaluation"],
        "specialists": ["engineering", "legal"], "file_documents": ["卷宗.pdf"]}),
    Step("安排审议", "li_na", {"scheduling": "urgent"}),
    Step("召集会议", "zhang_wei", {
        "consumer_advisors": ["周秀兰"], "police_advisors": ["韩卫东"],
        "attendees": ["deputy_gm", "cs_manager", "case_owner"], "meeting_place": "客户中心 301"}),
    Step("消协提出意见", "zhou_xiulan", {
        "conflict": "false", "agrees": "agree", "opinion": "方案公平，金额与损失相当。", "advisor_signature": "周秀兰"}),
    Step("公安提出意见", "han_weidong", {
        "conflict": "false", "agrees": "agree", "opinion": "同意，注意防止聚集。", "advisor_signature": "韩卫东"}),
    Step("记录审议会议", "zhang_wei", {
        "meeting_held_at": "2026-03-02T10:30", "convener": "张伟",
        "participants": [
            {"participant": "白哲", "participant_role": "deputy_gm", "participant_agrees": "agree"},
            {"participant": "周秀兰", "participant_role": "advisor", "participant_agrees": "advises"}],
        "meeting_result": "proposal", "unanimous": "true", "preliminary_proposal": "按方案赔偿 36,000 元。",
        "recommended_cost": "36000", "record_signature": "张伟"}),
    Step("写处理报告", "cheng_yan", {
        "report_responsibility": "公司负主要责任。", "recommended_plan": "加固支架，按损失补偿。",
        "recommended_cost": "36000", "handling_report": "经审议，建议按方案处理。", "report_author": "程燕"}),
    Step("审批处理报告", "bai_zhe", {"report_decision": "approve", "report_signature": "白哲"}),
    Step("填投诉处理表", "cheng_yan", {"request_reason": "公司负主要责任，金额按实际损失。", "applicant": "程燕"}),
    Step("财务审核", "qian_jin", {
        "finance_decision": "approve", "finance_opinion": "预算内。", "finance_signature": "钱进"}),
    Step("经理审批", "zhang_wei", {
        "manager_decision": "approve", "manager_opinion": "同意。", "manager_signature": "张伟"}),
    Step("主管副总审批", "lu_zheng", {
        "deputy_decision": "approve", "deputy_opinion": "同意。", "deputy_signature": "陆正"}),
    Step("责任部门处理", "luo_yi", {
        "handling_state": "done", "handling_note": "已加固支架，加装减震垫。", "handling_result": "噪音降到标准以内。",
        "handling_photos": ["完工.png"], "handled_by": "罗毅"}),
    Step("部门负责人核查", "gao_peng", {"head_check": "pass", "head_signature": "高鹏"}),
    Step("签署和解协议", "cheng_yan", {
        "agreement_signed": "true", "settlement_amount": "36000", "signed_on": "2026-03-02",
        "agreement_scan": ["协议.pdf"], "payee": "李梅", "payee_account": "6222 0000 1111 2222"}),
    Step("开具付款单", "shi_lei", {
        "payment_order_number": "FK-0001", "payment_due": "2026-03-03", "payment_order_signature": "石磊"}),
    Step("付款并上传凭证", "qian_jin", {"paid_on": "2026-03-02", "payment_proof": ["回单.pdf"]}),
    Step("反馈结果给客户", "chen_xue", {
        "feedback_way": "telephone", "feedback_how": "已上门检修并赔付。", "feedback_measures": "加固并加装减震垫。",
        "feedback_result": "噪音合格，赔款到账。", "demand_met": "true"}),
    Step("回访", "guo_feng", {
        "reached": "true", "satisfied": "true", "visit_record": "电话回访，客户满意。", "visitor": "郭峰"}),
    Step("主管审核归档", "li_na", {
        "review_opinion": "记录完整，归档。", "measures_needed": "false", "review_signature": "李娜"}),
    Step("召开专题会议", "huang_ying", {
        "meeting_on": "2026-03-02T11:30", "meeting_chair": "黄颖", "meeting_attendees": "各部门负责人",
        "company_leaders_attended": True, "root_cause": "巡检不到位。",
        "measures": [
            {"measure": "每月检查外机支架", "kind": "preventive", "owner": "engineering", "due": "2026-03-20"}],
        "meeting_signature": "黄颖"}),
    Step("落实措施", "ma_chao", {"measure_done": "已列入月检。", "measure_signature": "马超"}),
    Step("检查效果", "kong_pin", {"effective": "true", "recurred": "false", "check_signature": "孔品"}),
]  # fmt: skip


def record(house: House) -> None:
    """Let a guard record the complaint: with a mistake, which loses nothing, not even the photo."""
    page = house.page_of("song_jie")
    page.goto("/start/complaint")
    house.look(page, "start")
    house.fill(page, {**INTAKE, "customer_phone": "12345"})
    assert house.submit(page) == 422
    house.look(page, "mistake")
    expect(page.locator("#form-mistakes")).to_contain_text("联系电话")
    expect(page.locator("[name=facts]")).to_have_value(str(INTAKE["facts"]))
    expect(page.locator("[name=claim_amount]")).to_have_value("60000")
    expect(page.locator(".bj-file")).to_contain_text("雨棚.png")
    house.fill(page, {"customer_phone": INTAKE["customer_phone"]})
    assert house.submit(page) == 303
    house.number = NUMBER
    expect(page.locator("#messages")).to_contain_text(f"已新建案件 {NUMBER}")
    house.time_passes()


def see_it_closed(house: House, name: str) -> None:
    """Let somebody find the closed case and read what happened, and the way it took."""
    page = house.page_of(name)
    page.goto(f"/cases/?text={NUMBER}")
    house.look(page, "cases")
    house.press(page.locator("[data-row] a, .task-opens").first)
    page.wait_for_url(re.compile(r"/cases/\d+$"))
    expect(page.locator(".page-header")).to_contain_text("已办结")
    story = page.locator(".timeline").all_text_contents()
    for step in STEPS:
        assert f"完成“{step.task}”" in "".join(story)
    drawn = page.locator("[data-diagram][data-drawn]")
    expect(drawn).to_be_visible()
    expect(drawn.locator(".passed[data-element-id=Review]")).to_have_count(1)
    expect(drawn.locator(".token")).to_have_count(0)
    house.look(page, "case")
    house.press(page.locator(".btn-language"))
    expect(page.locator("html")).to_have_attribute("lang", "en")
    house.look(page, "case in English")


def addresses(page: Page) -> list[str]:
    """Return what a task page leads to: the task, its diagram, its case, a file."""
    links = [
        page.locator(f'main a[href^="{start}"]').first.get_attribute("href")
        for start in ("/cases/", "/files/")
    ]
    return [page.url, page.url + "/diagram", *filter(None, links)]


def test_a_complaint_of_36000_yuan_is_carried_from_intake_to_closed(house: House) -> None:
    record(house)
    assert house.waiting("song_jie") == []
    assert house.waiting("ma_chao") == []
    assert house.waiting("liu_min") == ["分类并派单"]

    for step in STEPS:
        if step.task == "制定方案并与业主协商":
            colleague = house.open_from_inbox(step.task, "luo_yi", claim=False)
            guessed = addresses(colleague)
            house.do(step)
            house.find_it_done(colleague, by="马超")
            house.keep_out("wei_lai", guessed)
        elif step.task == "责任部门处理":
            house.see_on_diagram(house.open_from_inbox(step.task, "gao_peng", claim=False), "Handle")
            house.do(step)
        elif step.task == "主管副总审批":
            house.do(step, language="en")
        else:
            house.do(step)

    assert house.waiting("kong_pin") == []
    see_it_closed(house, "guo_feng")
    assert not house.complaints
