from __future__ import annotations

from io import BytesIO

import openpyxl
import pytest

from engine import definitions
from engine.identity import SYSTEM
from tests.web.conftest import DIAGRAM

COUNTED = DIAGRAM.replace(
    'name="caseNumberPrefix" value="YS" />',
    'name="caseNumberPrefix" value="YS" /><camunda:property name="searchable" value="borrower, key_number" />',
)
SHEET = """
[[sheet]]
process = "lend_key"
count_by = ["borrower"]
columns = ["key_number"]

  [[sheet.rate]]
  key = "handed_out"
  name_zh = "发放率"
  name_en = "Handed out"
  share = { key_number = "*" }
  target = 100
"""


@pytest.fixture
def lent(database, ada):
    """Two keys were asked for since keys are counted, one by somebody with a strange name."""
    with database.unit_of_work() as uow:
        files = {"lend_key.bpmn": COUNTED.encode(), "figures.toml": SHEET.encode()}
        definitions.deploy(uow, files, by=SYSTEM, reason="count keys")
    for borrower in ("王芳", "<b>&"):
        assert ada.post("/start/lend_key", {"borrower": borrower}).status_code == 303


def test_who_audits_finds_the_figures_in_the_bar_and_a_number_leads_to_its_cases(lent, mei):
    page = mei.get("/figures/", follow_redirects=True).text
    assert "借钥匙" in page and "发放率" in page and "未达标" in page
    assert '<a class="nav-link' in page and "/figures/" in page
    assert "&lt;b&gt;&amp;" in page and "<b>&" not in page
    link = page.split("by=borrower")[1].split('"')[0].replace("&amp;", "&")
    cases = mei.get(f"/figures/lend_key/cases?by=borrower{link}").text
    assert cases.count("/cases/") >= 1 and "YS-" in cases
    assert "王芳" in mei.get("/figures/lend_key/cases?by=borrower&value=王芳").text


def test_in_english_there_is_no_chinese_but_that_of_the_cases(lent, mei):
    mei.post("/language", {"language": "en", "back": "/"})
    page = mei.get("/figures/lend_key").text
    assert "Lend a key" in page and "Handed out" in page and "not reached" in page
    assert "统计" not in page and "发放率" not in page


def test_others_find_neither_the_bar_nor_the_page(lent, ada):
    assert "/figures/" not in ada.get("/").text
    for address in (
        "/figures/",
        "/figures/lend_key",
        "/figures/lend_key/cases",
        "/figures/lend_key/figures.xlsx",
    ):
        assert ada.get(address).status_code == 404


@pytest.mark.parametrize(
    "days", ["first=2026-03-02&last=2026-03-01", "first=yesterday", "first=0001-01-01", "last=9999-12-31"]
)
def test_impossible_days_are_told_on_the_page(lent, mei, days):
    answer = mei.get(f"/figures/lend_key?{days}")
    assert answer.status_code == 422 and "data-refused" in answer.text and "发放率" in answer.text
    assert mei.get(f"/figures/lend_key/cases?{days}").status_code == 422
    assert mei.get(f"/figures/lend_key/figures.xlsx?{days}").status_code == 422


def test_strange_addresses_do_no_harm(lent, mei):
    assert mei.get("/figures/nothing").status_code == 404
    assert mei.get("/figures/lend_key/cases?by=password&value=x").status_code == 404
    assert mei.get("/figures/lend_key/cases?after=x").status_code == 422


def test_the_report_is_a_workbook_in_the_readers_language(lent, mei):
    mei.post("/language", {"language": "en", "back": "/"})
    answer = mei.get("/figures/lend_key/figures.xlsx")
    book = openpyxl.load_workbook(BytesIO(answer.data))
    assert book.sheetnames == ["Overview", "Counts", "Steps", "Months", "Cases"]
    assert [cell.value for cell in book["Cases"][2]][3] == "王芳"
    assert "attachment" in answer.headers["Content-Disposition"]
