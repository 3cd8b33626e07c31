"""Changing a diagram, a table and a form in the page, as a process owner does it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree
from playwright.sync_api import Page, expect

from engine import definitions, organisation
from engine.identity import SYSTEM
from tests import chromium
from tests.chromium import PHONE
from tests.web.conftest import DIAGRAM, TABLE_OF_KEYS

pytestmark = pytest.mark.browser

PROCESSES = Path(__file__).parents[2] / "processes"
MODELER = "document.querySelector('[data-canvas]').modeler"
#: What the modeller leaves out, since it is what the engine assumes.
ASSUMED = {("decisionRefBinding", "latest"), ("calledElementBinding", "latest"), ("hitPolicy", "UNIQUE")}


def _open(page: Page, database, kind: str, key: str) -> None:
    with database.reading() as uow:
        number = definitions.latest(uow, kind, key).id
    page.goto(f"/definitions/{number}/edit")
    page.wait_for_selector("[data-modeller][data-drawn]")


def _check(page: Page) -> None:
    page.evaluate("document.querySelector('[data-findings]').textContent = ''")
    page.click("[data-act=check]")
    expect(page.locator("[data-report]")).to_be_visible()


def _said(source: str) -> set[tuple[str, str, str]]:
    """Everything that a diagram says of its elements; where they are drawn does not matter."""
    said = set()
    for element in etree.fromstring(source.encode()).iter():
        tag = etree.QName(element)
        if "/DD/" in tag.namespace or tag.namespace.endswith("/DI"):
            continue
        owner = next(each.get("id") for each in (element, *element.iterancestors()) if each.get("id"))
        told = {(etree.QName(name).localname, value) for name, value in element.attrib.items()} - ASSUMED
        said |= {(owner, f"{tag.localname} {name}", value) for name, value in told}
        said.add((owner, tag.localname, (element.text or "").strip()))
    return said


@pytest.fixture
def all_processes(database, olga) -> None:
    """Everything of processes/ is in force."""
    with database.unit_of_work() as uow:
        organisation.load(uow, PROCESSES / "organisation.toml")
        definitions.deploy_folder(uow, PROCESSES, SYSTEM)


def test_a_diagram_is_broken_mended_and_deployed(open_page, database, all_processes):
    page = open_page("olga")
    _open(page, database, "process", "complaint")
    expect(page.locator("[data-canvas] .bjs-powered-by")).to_be_visible()
    page.evaluate(f"{MODELER}.get('selection').select({MODELER}.get('elementRegistry').get('OnSite'))")
    page.click(".bio-properties-panel-group-header:has-text('基本')")
    page.fill("#bio-properties-panel-name", "管理员到现场")
    page.click(".bio-properties-panel-group-header:has-text('表单')")
    page.fill("#bio-properties-panel-formRef", "no_such_form")
    expect(page.locator("[data-state]")).to_have_text("有改动，还没有检查")

    _check(page)
    expect(page.locator("[data-report]")).to_contain_text("no_such_form")
    expect(page.locator("[data-canvas] .finding-error[data-element-id=OnSite]")).to_be_visible()
    expect(page.locator("[data-canvas] .finding-flag")).to_have_count(1)
    page.evaluate(f"{MODELER}.get('selection').select(null)")
    page.click("[data-findings] [data-show-element=OnSite]")
    expect(page.locator("[data-canvas] .selected[data-element-id=OnSite]")).to_be_visible()

    page.click("[data-act=deploy]")
    expect(page.locator("[data-report] .alert-danger")).to_be_focused()

    page.locator("#bio-properties-panel-formRef").fill("on_site")
    _check(page)
    expect(page.locator("[data-canvas] .finding-error")).to_have_count(0)
    expect(page.locator("[data-report]")).to_contain_text("没有发现问题")

    page.click("[data-act=deploy]")
    page.wait_for_url("**/definitions/uploads/**")
    page.fill("#reason", "名称更清楚")
    page.click("button:has-text('部署')")
    expect(page.locator(".page-title")).to_contain_text("第 2 版")

    with database.reading() as uow:
        newest = definitions.latest(uow, "process", "complaint")
        before, after = (
            _said((PROCESSES / "complaint.bpmn").read_text()),
            _said(definitions.source(uow, newest.id)),
        )
    assert len([line for line in before if "candidateGroups" in line[1]]) > 10
    assert before - after == {("OnSite", "userTask name", "片区管理员到场")}
    assert after - before == {("OnSite", "userTask name", "管理员到现场")}

    _open(page, database, "process", "complaint")
    expect(page.locator("[data-kept-offer]")).to_be_hidden()


def test_every_attribute_of_every_diagram_survives(open_page, database, olga):
    page = open_page("olga")
    _open(page, database, "process", "lend_key")
    for path in sorted(PROCESSES.glob("*.bpmn")):
        saved = page.evaluate(
            "async (text) => { const { editor } = document.querySelector('[data-modeller]');"
            " await editor.load(text); return editor.text(); }",
            path.read_text(),
        )
        assert _said(saved) == _said(path.read_text()), path.name


def test_every_attribute_of_every_table_survives(open_page, database, olga):
    with database.unit_of_work() as uow:
        definitions.deploy(uow, {"keys.dmn": TABLE_OF_KEYS.encode()}, by=SYSTEM, reason="x")
    page = open_page("olga")
    _open(page, database, "decision", "which_key")
    for path in sorted(PROCESSES.glob("*.dmn")):
        saved = page.evaluate(
            "async (text) => { const { editor } = document.querySelector('[data-modeller]');"
            " await editor.load(text); return editor.text(); }",
            path.read_text(),
        )
        assert _said(saved) == _said(path.read_text()), path.name


def test_unsaved_work_is_kept_and_a_newer_version_is_told(open_page, database, olga):
    page = open_page("olga")
    page.on("dialog", lambda dialog: dialog.accept())
    _open(page, database, "process", "lend_key")
    page.evaluate(
        f"{MODELER}.get('modeling').updateProperties({MODELER}.get('elementRegistry').get('hand_out'), {{name: '交出钥匙'}})"
    )
    with database.unit_of_work() as uow:
        definitions.deploy(
            uow, {"lend_key.bpmn": DIAGRAM.replace("收回钥匙", "取回钥匙").encode()}, by=SYSTEM, reason="x"
        )

    page.reload()
    page.wait_for_selector("[data-modeller][data-drawn]")
    expect(page.locator("[data-kept-offer]")).to_be_visible()
    page.click("[data-answer=take]")
    expect(page.locator("[data-canvas] [data-element-id=hand_out]")).to_contain_text("交出钥匙")
    page.click("[data-act=deploy]")
    expect(page.locator("[data-report]")).to_contain_text("别人部署了第 2 版")
    page.click("[data-act=deploy-over]")
    page.wait_for_url("**/definitions/uploads/**")
    expect(page.locator("main")).to_contain_text("第 2 版 → 第 3 版")


def test_a_mistake_in_a_form_is_marked_on_its_field(open_page, database, olga):
    page = open_page("olga")
    _open(page, database, "form", "hand_out")
    page.evaluate(
        f"(() => {{ const field = {MODELER}.get('formFieldRegistry').getAll().find(one => one.key === 'remark');"
        f" {MODELER}.get('modeling').editFormField(field, 'label', ''); }})()"
    )
    _check(page)
    expect(page.locator("[data-report] [data-show-element=remark]").first).to_be_visible()
    field = page.locator("[data-canvas] [data-id=Field_remark]").first
    assert field.evaluate("element => getComputedStyle(element).boxShadow") != "none"
    page.click("[data-act=undo]")
    _check(page)
    expect(page.locator("[data-report] .alert-danger")).to_have_count(0)


def test_a_mistake_in_a_table_is_marked_on_its_cell(open_page, database, olga):
    with database.unit_of_work() as uow:
        definitions.deploy(uow, {"keys.dmn": TABLE_OF_KEYS.encode()}, by=SYSTEM, reason="x")
    page = open_page("olga")
    _open(page, database, "decision", "which_key")
    cell = page.locator("[data-canvas] td[data-element-id=oe]")
    cell.click()
    page.keyboard.press("Control+A")
    page.keyboard.type("12 +")
    page.keyboard.press("Control+S")
    expect(page.locator("[data-report]")).to_contain_text("12 +")
    marked = page.locator("[data-canvas] [data-element-id]").evaluate_all(
        "cells => cells.filter(cell => getComputedStyle(cell).boxShadow.includes('185, 37, 37'))"
        ".map(cell => cell.dataset.elementId)"
    )
    assert marked


def test_on_a_phone_the_diagram_is_only_shown(open_page, database, olga):
    page = open_page("olga", PHONE)
    with database.reading() as uow:
        number = definitions.latest(uow, "process", "lend_key").id
    page.goto(f"/definitions/{number}/edit")
    expect(page.locator("main")).to_contain_text("编辑需要宽屏幕")
    expect(page.locator("[data-diagram][data-drawn]")).to_be_visible()
    expect(page.locator("[data-modeller]")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_modellers_can_be_used_by_everybody(open_page, database, olga, language):
    with database.unit_of_work() as uow:
        definitions.deploy(uow, {"keys.dmn": TABLE_OF_KEYS.encode()}, by=SYSTEM, reason="x")
    page = open_page("olga")
    if language == "en":
        page.click(".btn-language")
        expect(page.locator("html")).to_have_attribute("lang", "en")
    for kind, key in (("process", "lend_key"), ("decision", "which_key"), ("form", "hand_out")):
        _open(page, database, kind, key)
        assert not chromium.serious(page), kind
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), kind
        if kind != "decision":
            expect(page.locator("[data-panel]")).to_contain_text("基本" if language == "zh" else "General")


VISIBLE_WORDS = """() => {
  const said = [];
  for (const root of document.querySelectorAll("[data-canvas], [data-panel], .djs-popup")) {
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const place = texts.currentNode.parentElement;
      if (!place.closest("style, textarea, .djs-label, td, .view-drd")) said.push(texts.currentNode.data.trim());
    }
    for (const element of root.querySelectorAll("[title], [placeholder], [aria-label]")) {
      for (const name of ["title", "placeholder", "aria-label"]) said.push(element.getAttribute(name) ?? "");
    }
  }
  return said;
}"""
UNFOLD = """() => {
  for (const head of document.querySelectorAll("[data-panel] .bio-properties-panel-group-header:not(.open)")) head.click();
  for (const more of document.querySelectorAll("[data-panel] .bio-properties-panel-add-entry")) more.click();
}"""
#: Names that are the same in every language: of the files, of types, of the maker of the editors.
SAME_EVERYWHERE = re.compile(
    r"ID|BPMN|CMMN|Powered by bpmn\.io|[a-z_]+|[A-Za-z]+_\w+|labelEn|documentationEn"
    r"|caseNumberPrefix|caseCustomer|key\d+|dateTime"
)


def _english(page) -> set[str]:
    page.wait_for_timeout(300)
    words = {word for word in page.evaluate(VISIBLE_WORDS) if re.search("[A-Za-z]{2}", word)}
    return {
        word
        for word in words
        if not re.search("[\u4e00-\u9fff]", word) and not SAME_EVERYWHERE.fullmatch(word)
    }


def test_in_chinese_the_modeller_of_processes_speaks_chinese(open_page, database, olga):
    page = open_page("olga")
    _open(page, database, "process", "lend_key")
    assert not _english(page)
    for element in ("hand_out", "asked", "f1", "returned"):
        page.evaluate(
            """(id) => {
              const modeler = document.querySelector("[data-canvas]").modeler;
              const element = modeler.get("elementRegistry").get(id);
              modeler.get("selection").select(element);
              modeler.get("popupMenu").open(element, "bpmn-replace", { x: 100, y: 100 });
            }""",
            element,
        )
        page.wait_for_timeout(200)
        page.evaluate(UNFOLD)
        assert not _english(page), element
    expect(page.locator("[data-panel]")).to_contain_text("结束事件")


def test_in_chinese_the_modeller_of_forms_speaks_chinese(open_page, database, olga):
    page = open_page("olga")
    _open(page, database, "form", "hand_out")
    assert not _english(page)
    for key in ("key_number", "photo"):
        page.evaluate(
            """(key) => {
              const modeler = document.querySelector("[data-canvas]").modeler;
              const field = modeler.get("formFieldRegistry").getAll().find((field) => field.key === key);
              modeler.get("selection").set(field);
            }""",
            key,
        )
        page.wait_for_timeout(200)
        page.evaluate(UNFOLD)
        assert not _english(page), key


def test_in_chinese_the_modeller_of_tables_speaks_chinese(open_page, database, olga):
    with database.unit_of_work() as uow:
        definitions.deploy(uow, {"keys.dmn": TABLE_OF_KEYS.encode()}, by=SYSTEM, reason="x")
    page = open_page("olga")
    _open(page, database, "decision", "which_key")
    expect(page.locator("[data-canvas]")).to_contain_text("第一条（FIRST）")
    assert not _english(page)
    page.locator("[data-canvas] td.input-cell").first.click(button="right")
    expect(page.locator("[data-canvas]")).to_contain_text("在上方加规则")
    assert not _english(page)
