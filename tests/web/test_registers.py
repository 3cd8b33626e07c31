from __future__ import annotations

import csv
import html
import io
import re
import zipfile
from decimal import Decimal

import pytest

from engine import ledger
from tests.web.records_room import CUSTOMER, furnish, register


@pytest.fixture(autouse=True)
def registers(database):
    furnish(database)


@pytest.fixture
def unit(database) -> str:
    return register(database, "unit", {"code": "A-1201", "area": "88.5", "status": "occupied"})


@pytest.fixture
def customer(database) -> str:
    return register(database, "customer", CUSTOMER)


@pytest.fixture
def charged(database, unit, customer) -> None:
    """The customer owes rent, and has paid a deposit."""
    party, author = ledger.Party(unit, customer), ledger.Author("ada", None)
    with database.unit_of_work() as uow:
        ledger.charge(uow, party, [ledger.Charge("rent", Decimal("1200"), "2026-03")], author)
        ledger.deposit(uow, party, "key_deposit", Decimal("50"), "deposit:1", author)


# ---- looking up ----------------------------------------------------------------------------------------------


def test_the_registers_are_in_the_bar_for_those_who_may_see_one(ada, browser_of):
    assert 'href="/registers/"' in ada.get("/inbox").text
    assert 'href="/registers/"' not in browser_of("gus").get("/inbox").text


def test_the_overview_counts_what_one_may_see(ada, mei, unit, browser_of):
    page = ada.get("/registers/").text
    assert "单元" in page
    assert "租约" in page
    assert "没有您可以查看的登记簿" in browser_of("gus").get("/registers/").text


def test_one_search_box_finds_units_and_customers(ada, unit, customer):
    assert "A-1201" in ada.get("/registers/?text=1201").text
    page = ada.get("/registers/?text=王五").text
    assert f"/registers/customer/records/{customer}" in page
    assert "A-1201" not in page


def test_a_list_is_filtered_by_its_address(ada, database, unit):
    register(database, "unit", {"code": "A-1202", "status": "vacant"})
    page = ada.get("/registers/unit?by_status=vacant").text
    assert "A-1202" in page
    assert "A-1201" not in page


def test_a_long_list_goes_on_on_the_next_page(ada, database):
    for number in range(55):
        register(database, "unit", {"code": f"B-{number:04}"})
    first = ada.get("/registers/unit?text=B-").text
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following
    second = ada.get(following[1].replace("&amp;", "&")).text
    assert "B-0049" in first
    assert "B-0050" not in first
    assert "B-0050" in second
    assert "B-0054" in second


def test_a_record_shows_what_names_it(ada, database, unit, customer):
    days = {"first_day": "2026-03-01", "last_day": "2027-02-28"}
    lease = register(database, "lease", {"unit": unit, "customer": customer, **days})
    page = ada.get(f"/registers/unit/records/{unit}").text
    assert f"/registers/lease/records/{lease}" in page
    assert "王五" in page


def test_restricted_values_are_shown_only_to_those_who_may_see_them(ada, mei, customer):
    address = f"/registers/customer/records/{customer}"
    assert CUSTOMER["id_number"] in ada.get(address).text
    hidden = mei.get(address)
    assert hidden.status_code == 200
    assert CUSTOMER["id_number"] not in hidden.text
    assert "不公开" in hidden.text
    assert CUSTOMER["id_number"] not in mei.get(f"/registers/customer/edit/{customer}").text


def test_nobody_sees_a_register_that_is_not_for_them(browser_of, unit):
    gus = browser_of("gus")
    for page in ("/registers/unit", f"/registers/unit/records/{unit}", "/registers/unit/export.csv"):
        assert gus.get(page).status_code == 404, page
    assert gus.get("/registers/nothing").status_code == 404


def test_a_unit_without_a_lease_offers_to_add_one_with_itself_filled_in(ada, mei, unit):
    page = ada.get(f"/registers/unit/records/{unit}").text
    address = re.search(r'href="(/registers/lease/new[^"]*)"', page)
    assert address
    assert f'name="unit" value="{unit}"' in ada.get(address[1]).text
    assert "/registers/lease/new" not in mei.get(f"/registers/unit/records/{unit}").text


def test_a_number_may_hold_signs_of_addresses(ada, database):
    odd = "3 栋 1 单元 #5?&<b>%2F..;x"
    register(database, "unit", {"code": odd})
    link = re.search(r'href="(/registers/unit/records/[^"]+)"', ada.get("/registers/unit").text)
    assert link
    page = ada.get(html.unescape(link[1]))
    assert page.status_code == 200
    assert "3 栋 1 单元 #5?&amp;&lt;b&gt;%2F..;x" in page.text


# ---- adding and changing -------------------------------------------------------------------------------------


def test_adding_a_record_leads_to_it(ada):
    answer = ada.post("/registers/customer/new", {"name": "赵六", "phone": "13900139000"})
    assert (answer.status_code, answer.location) == (303, "/registers/customer/records/KH-00001")
    assert "赵六" in ada.get(answer.location).text


def test_mistakes_stand_beside_their_fields_with_all_that_was_typed(ada):
    answer = ada.post("/registers/unit/new", {"code": "A-<1>", "area": "-3", "status": "burnt"})
    assert answer.status_code == 422
    assert 'value="A-&lt;1&gt;"' in answer.text
    assert 'value="-3"' in answer.text
    assert "不能小于 0" in answer.text
    assert "没有这一项" in answer.text


def test_a_field_that_the_register_does_not_have_is_refused(ada):
    answer = ada.post("/registers/unit/new", {"code": "A-1", "owner": "me"})
    assert answer.status_code == 422
    assert "A-1" not in ada.get("/registers/unit").text


def test_a_lease_that_overlaps_another_is_refused(ada, database, unit, customer):
    lease = {"unit": unit, "customer": customer, "first_day": "2026-03-01", "last_day": "2027-02-28"}
    register(database, "lease", lease)
    answer = ada.post("/registers/lease/new", {**lease, "first_day": "2027-02-28", "last_day": "2027-03-01"})
    assert answer.status_code == 422
    assert "重叠" in answer.text
    free = ada.post("/registers/lease/new", {**lease, "first_day": "2027-03-01", "last_day": "2028-02-29"})
    assert free.status_code == 303


def test_a_form_opened_from_a_unit_has_it_filled_in(ada, unit):
    assert 'value="A-1201"' in ada.get(f"/registers/lease/new?unit={unit}").text


def test_typing_a_few_characters_suggests_records(ada, customer):
    assert "王五" in ada.get("/registers/lease/suggestions/customer?customer=王").text
    assert ada.get("/registers/lease/suggestions/customer?customer=").text.strip() == ""
    assert ada.get("/registers/lease/suggestions/nothing?nothing=王").text.strip() == ""


def test_a_form_offers_records_of_a_register_by_what_is_typed_to_those_who_may_see_them(
    ada, customer, browser_of
):
    address = "/registers/customer/offers?parties.0.customer=王"
    assert f'value="{customer}"' in ada.get(address).text
    assert customer not in ada.get("/registers/customer/offers?customer=").text
    nobody = browser_of("gus").get(address)
    assert (nobody.status_code, "option" in nobody.text) == (200, False)


def test_changing_a_record_keeps_what_is_hidden_from_the_one_who_changes_it(ada, mei, customer):
    page = mei.get(f"/registers/customer/edit/{customer}").text
    revision = re.search(r'name="_revision" value="(\d+)"', page)
    assert revision
    changed = {"name": "王小五", "phone": "13800138000", "key_customer": "false", "_revision": revision[1]}
    assert mei.post(f"/registers/customer/edit/{customer}", changed).status_code == 303
    page = ada.get(f"/registers/customer/records/{customer}").text
    assert "王小五" in page
    assert CUSTOMER["id_number"] in page


def test_who_changes_a_record_second_sees_what_the_first_has_done(ada, ben, unit):
    address = f"/registers/unit/edit/{unit}"
    revision = re.search(r'name="_revision" value="(\d+)"', ada.get(address).text)
    assert revision
    ben.get(address)
    ada.post(address, {"area": "90", "status": "occupied", "_revision": revision[1]})
    late = ben.post(address, {"area": "95", "status": "occupied", "_revision": revision[1]})
    assert late.status_code == 409
    assert 'value="95"' in late.text
    assert "现在登记的是：90" in late.text
    again = re.search(r'name="_revision" value="(\d+)"', late.text)
    assert again
    saved = ben.post(address, {"area": "95", "status": "occupied", "_revision": again[1]})
    assert saved.status_code == 303
    assert "95" in ada.get(f"/registers/unit/records/{unit}").text


def test_who_may_only_look_changes_nothing(mei, unit):
    assert "/registers/unit/new" not in mei.get("/registers/unit").text
    assert mei.get("/registers/unit/new").status_code == 403
    assert mei.get(f"/registers/unit/edit/{unit}").status_code == 403
    assert mei.post("/registers/unit/new", {"code": "A-9"}).status_code == 403
    assert mei.post(f"/registers/unit/edit/{unit}", {"area": "1", "_revision": "1"}).status_code == 403
    assert mei.get("/imports/into/unit").status_code == 403


def test_the_changes_of_a_record_are_told(ada, unit):
    page = ada.get(f"/registers/unit/edit/{unit}").text
    revision = re.search(r'name="_revision" value="(\d+)"', page)
    assert revision
    ada.post(f"/registers/unit/edit/{unit}", {"area": "91.25", "status": "vacant", "_revision": revision[1]})
    page = ada.get(f"/registers/unit/records/{unit}").text
    assert "更改记录" in page
    assert '<del class="text-secondary">88.5</del> → 91.25' in page


# ---- money ---------------------------------------------------------------------------------------------------


def test_a_unit_shows_what_is_owed_and_what_is_held(ada, unit, customer, charged):
    for page in (f"/registers/unit/records/{unit}", f"/registers/customer/records/{customer}"):
        text = ada.get(page).text
        assert "1,200.00" in text
        assert "50.00" in text
        assert "冲正" not in text


def test_a_line_is_taken_back_by_a_counter_entry(mei, unit, charged):
    address = re.search(
        r'action="(/ledger/\d+/correct[^"]*)"', mei.get(f"/registers/unit/records/{unit}").text
    )
    assert address
    refused = mei.post(address[1], {"reason": " "})
    assert refused.status_code == 422
    assert "请写明冲正的原因" in refused.text
    answer = mei.post(address[1], {"reason": "多收了", "back": f"/registers/unit/records/{unit}#ledger"})
    assert (answer.status_code, answer.location) == (303, f"/registers/unit/records/{unit}#ledger")
    page = mei.get(f"/ledger/?unit={unit}").text
    assert "多收了" in page and page.count(">已冲正</span>") == 1
    assert mei.post(address[1], {"reason": "再来一次"}).status_code == 409


def test_who_may_not_correct_the_ledger_cannot(ada, mei, unit, charged):
    address = re.search(r'action="(/ledger/\d+/correct[^"]*)"', mei.get(f"/ledger/?unit={unit}").text)
    assert address
    assert ada.post(address[1], {"reason": "因为"}).status_code == 403
    assert "/correct" not in ada.get(f"/ledger/?unit={unit}").text


def test_the_ledger_is_not_for_everybody(browser_of, unit, charged):
    assert browser_of("gus").get(f"/ledger/?unit={unit}").status_code == 403


# ---- taking along --------------------------------------------------------------------------------------------


def test_an_export_has_what_the_address_asks_for_and_the_viewer_may_see(ada, mei, customer, database):
    register(database, "customer", {"name": "=HYPERLINK(1)", "phone": "13900139000"})
    found = ada.get("/registers/customer/export.csv?text=王五")
    rows = list(csv.reader(io.StringIO(found.data.decode("utf-8-sig"))))
    assert [len(rows), "王五" in rows[1], CUSTOMER["id_number"] in rows[1]] == [2, True, True]
    assert "attachment" in found.headers["Content-Disposition"]
    everything = mei.get("/registers/customer/export.csv").data.decode("utf-8-sig")
    assert CUSTOMER["id_number"] not in everything
    assert "\n=HYPERLINK" not in everything
    assert ",=HYPERLINK" not in everything


def test_an_export_may_be_a_workbook(ada, customer):
    found = ada.get("/registers/customer/export.xlsx")
    assert found.status_code == 200
    assert "xl/workbook.xml" in zipfile.ZipFile(io.BytesIO(found.data)).namelist()
