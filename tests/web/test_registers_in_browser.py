"""Registers, imports and papers in a real browser: suggestions, the progress bar, readability."""

from __future__ import annotations

from decimal import Decimal

import pytest
from playwright.sync_api import expect

from engine import definitions, ledger, papers
from engine.identity import SYSTEM
from tests import chromium
from tests.chromium import DESK, PHONE
from tests.web.records_room import CUSTOMER, furnish, register

pytestmark = pytest.mark.browser

RECEIPT = "{#\nname_zh: 收据\nname_en: Receipt\nseries: SJ-{n:05}\n#}\n<h1>收据</h1><p>{{ number }}</p>{{ check_qr() }}"


@pytest.fixture(autouse=True)
def house(database):
    """A unit with a lease, a debt, a deposit and a paper."""
    furnish(database)
    unit = register(database, "unit", {"code": "A-1201", "area": "88.5", "status": "occupied"})
    customer = register(database, "customer", CUSTOMER)
    days = {"first_day": "2026-03-01", "last_day": "2027-02-28"}
    register(database, "lease", {"unit": unit, "customer": customer, **days})
    party, author = ledger.Party(unit, customer), ledger.Author("ada", None)
    with database.unit_of_work() as uow:
        definitions.deploy(uow, {"receipt.html": RECEIPT.encode()}, by=SYSTEM, reason="for the tests")
        ledger.charge(uow, party, [ledger.Charge("rent", Decimal("1200"), "2026-03")], author)
        ledger.deposit(uow, party, "key_deposit", Decimal("50"), "deposit:1", author)
        papers.issue(uow, "receipt", {}, None, "ada")


def test_a_reference_is_found_by_a_few_characters(open_page):
    page = open_page("ada")
    page.goto("/registers/lease/new")
    page.locator("#field-customer").press_sequentially("王")
    expect(page.locator("#field-customer-list option")).to_have_attribute("value", "KH-00001")


def test_an_import_goes_on_by_itself_to_its_report_and_its_end(open_page):
    page = open_page("ada")
    page.goto("/imports/into/unit")
    rows = "".join(f"B-{number},{number}\n" for number in range(600))
    sheet = {"name": "units.csv", "mimeType": "text/csv", "buffer": f"房号,面积\n{rows}".encode()}
    page.set_input_files("#file", files=[sheet])
    page.click("main form button[type=submit]")
    page.click("main .card-footer button[type=submit]")
    expect(page.locator("#import-state")).to_contain_text("每一行都正确")
    page.click("text=确认写入 600 条")
    expect(page.locator("#import-state")).to_contain_text("已全部写入")
    assert not chromium.serious(page)


def test_a_line_of_the_ledger_is_corrected_with_the_keyboard(open_page):
    page = open_page("mei")
    page.goto("/ledger/?unit=A-1201")
    page.locator(".ledger summary").last.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("多收了")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#messages")).to_contain_text("已冲正")
    expect(page.locator(".ledger")).to_contain_text("−1,200.00")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_of_registers_can_be_read_by_everybody(open_page, size, language):
    page = open_page("mei" if size == DESK else "ada", size)
    if language == "en":
        page.click(".btn-language")
        expect(page.locator("html")).to_have_attribute("lang", "en")
    for place in ("/registers/", "/registers/?text=1201", "/registers/unit", "/registers/unit?by_status=vacant",
                  "/registers/unit/records/A-1201", "/registers/customer/records/KH-00001", "/registers/customer/new",
                  "/registers/customer/edit/KH-00001", "/ledger/?unit=A-1201", "/imports/into/customer", "/papers/1",
                  "/check/nothing"):  # fmt: skip
        page.goto(place)
        assert not chromium.serious(page), place
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), place
