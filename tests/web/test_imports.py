from __future__ import annotations

import io
import re
import time
import zipfile

import pytest

from tests.web.records_room import CUSTOMER, furnish, register

RIGHT = "房号,面积,状态\nA-1,80,空置\nA-2,90.5,已入驻\n"
WRONG = "房号,面积,状态\nA-1,80,空置\n,90,空置\nA-3,很大,空置\nA-4,-1,烧了\n"


@pytest.fixture(autouse=True)
def registers(database):
    furnish(database)


def send(browser, content: str | bytes, name: str = "units.csv", into: str = "unit"):
    """Upload a file."""
    data = content.encode() if isinstance(content, str) else content
    browser.get(f"/imports/into/{into}")
    return browser.post(
        f"/imports/into/{into}", {"file": (io.BytesIO(data), name)}, content_type="multipart/form-data"
    )


def chosen(page: str) -> dict[str, str]:
    """Return the columns as the page proposes them."""
    return {
        name: field[1]
        for name, options in re.findall(r'name="(column-\d+)">(.*?)</select>', page, re.DOTALL)
        if (field := re.search(r'value="([^"]+)" selected', options))
    }


def wait(browser, address: str) -> str:
    """Ask as the page does, until the work has ended; return what it says then."""
    for _ in range(200):
        page = browser.get(address, headers={"HX-Request": "true"}).text
        if "hx-get" not in page:
            return page
        time.sleep(0.02)
    raise AssertionError("the import does not end")


def check(browser, columns_page: str, **more: str) -> str:
    """Check every row as the columns are proposed."""
    answer = browser.post(f"{columns_page}/check", {**chosen(browser.get(columns_page).text), **more})
    assert answer.status_code == 303
    return wait(browser, answer.location)


def confirm(browser, columns_page: str, report: str):
    """Confirm what a report offers."""
    kept = dict(re.findall(r'name="(column-\d+|update)" value="([^"]*)"', report))
    answer = browser.post(f"{columns_page}/store", kept)
    assert answer.status_code == 303
    return wait(browser, answer.location)


def test_a_file_is_previewed_checked_and_stored_once_confirmed(ada):
    columns = send(ada, RIGHT).location
    page = ada.get(columns).text
    assert "90.5" in page
    assert chosen(page) == {"column-0": "code", "column-1": "area", "column-2": "status"}

    report = check(ada, columns)
    assert "每一行都正确" in report
    assert "A-2" not in ada.get("/registers/unit").text

    assert "已全部写入" in confirm(ada, columns, report)
    assert "A-2" in ada.get("/registers/unit").text


def test_every_mistake_is_told_with_its_row_and_nothing_is_stored(ada):
    columns = send(ada, WRONG).location
    report = check(ada, columns)
    for row in ("第 3 行", "第 4 行", "第 5 行"):
        assert row in report
    assert "第 2 行" not in report
    assert "很大" in report
    assert "确认写入" not in report
    stored = ada.post(f"{columns}/store", chosen(ada.get(columns).text))
    assert "没有写入任何内容" in wait(ada, stored.location)
    assert "A-1" not in ada.get("/registers/unit").text


def test_a_column_may_be_chosen_by_hand_or_left_out(ada):
    columns = send(ada, "door,size,colour\nA-7,70,red\n").location
    page = ada.get(columns).text
    assert "还没有哪一列对应这些必填内容" in page
    assert chosen(page) == {}
    report = check(ada, columns, **{"column-0": "code", "column-1": "area"})
    confirm(ada, columns, report)
    assert "A-7" in ada.get("/registers/unit").text


def test_a_field_chosen_twice_is_refused(ada):
    columns = send(ada, RIGHT).location
    assert "选了两次" in check(ada, columns, **{"column-1": "code"})


def test_numbers_that_are_taken_are_mistakes_unless_an_update_is_asked_for(ada, database):
    register(database, "unit", {"code": "A-1", "area": "10"})
    columns = send(ada, RIGHT).location
    assert "编号已有登记" in check(ada, columns)
    report = check(ada, columns, update="1")
    assert "已全部写入" in confirm(ada, columns, report)
    assert "80" in ada.get("/registers/unit/records/A-1").text


def test_a_file_without_anything_new_offers_nothing_to_store(ada, database):
    register(database, "unit", {"code": "A-1", "area": "80", "status": "空置"})
    report = check(ada, send(ada, "房号,面积,状态\nA-1,80,空置\n").location, update="1")
    assert "不用写入" in report
    assert "确认写入" not in report


def test_the_columns_chosen_are_still_there_when_one_goes_back(ada):
    columns = send(ada, "door,size\nA-7,70\n").location
    report = check(ada, columns, **{"column-0": "code"})
    back = re.search(rf'href="({columns}\?[^"]+)"', report)
    assert back
    assert chosen(ada.get(back[1].replace("&amp;", "&")).text) == {"column-0": "code"}


def test_a_workbook_that_was_exported_can_be_imported(ada, database):
    register(database, "customer", CUSTOMER)
    exported = ada.get("/registers/customer/export.xlsx").data
    columns = send(ada, exported, "customers.xlsx", into="customer").location
    report = check(ada, columns, update="1")
    assert re.search(r"无变化</dt><dd[^>]*>1</dd>", report)
    assert "每一行都正确" in report


def test_the_template_fits_the_register(ada):
    sent = ada.get("/imports/into/unit/template.csv")
    assert sent.data.decode("utf-8-sig").strip() == "房号,面积,状态"
    sent.headers["Content-Disposition"].encode("latin-1")  # as servers send it


def test_somebody_elses_upload_does_not_exist(ada, ben):
    columns = send(ada, RIGHT).location
    ben.get("/inbox")
    assert ben.get(columns).status_code == 404
    assert ben.get(f"{columns}/progress").status_code == 404
    assert ben.post(f"{columns}/store", {"column-0": "code"}).status_code == 404
    assert ben.post(f"{columns}/check", {"column-0": "code"}).status_code == 404


# ---- hostile files -------------------------------------------------------------------------------------------


def zip_bomb() -> bytes:
    """A workbook of a few kilobytes that unpacks to two gigabytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    content = packed.getvalue()
    # The directory promises two gigabytes; what is really in there does not matter.
    size = len("<workbook/>").to_bytes(4, "little")
    place = content.rindex(size)
    return content[:place] + (2 << 30).to_bytes(4, "little") + content[place + 4 :]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "empty.csv"),
        (b"%PDF-1.7 a picture", "units.csv"),
        (b"\xd0\xcf\x11\xe0 an old workbook", "units.xls"),
        (b"\x89PNG\r\n\x1a\n\0\0", "units.png"),
        (b"x" * 100_001, "large.csv"),
    ],
)
def test_a_file_of_another_kind_is_refused_at_once(ada, content, name):
    answer = send(ada, content, name)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize("content", [b"PK\x03\x04 not really", zip_bomb(), "房号,面积\n".encode()])
def test_a_broken_file_is_refused_beside_the_field_for_another(ada, content):
    answer = send(ada, content, "units.xlsx")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text and 'type="file"' in answer.text


def test_an_enormous_file_is_not_even_read(ada):  # more than five of the largest files
    assert send(ada, b"x" * 505_000, "enormous.csv").status_code == 413


def test_no_file_at_all_is_refused(ada):
    ada.get("/imports/into/unit")
    assert ada.post("/imports/into/unit", {}).status_code == 422


def test_a_script_in_a_cell_stays_text(ada):
    columns = send(ada, "房号,面积\n<script>1</script>,x\n").location
    page = ada.get(columns).text + check(ada, columns)
    assert "<script>1" not in page
    assert "&lt;script&gt;1" in page


def test_an_import_that_was_interrupted_is_checked_again_at_a_press(ada, database, tmp_path):
    columns = send(ada, RIGHT).location
    check(ada, columns)
    (note,) = database.centre.files.glob("imports/*/progress.json")
    note.write_text(note.read_text().replace('"checked"', '"checking"'))  # as the program that ended left it

    page = ada.get(f"{columns}/progress?column-0=code").text

    assert "导入中断了" in page and "hx-get" not in page
    again = re.search(rf'action="({columns}/check)"', page)
    assert again and 'name="column-0" value="code"' in page
    assert "每一行都正确" in wait(ada, ada.post(again[1], {"column-0": "code"}).location)
