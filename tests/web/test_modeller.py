from __future__ import annotations

import io
import json
import re
from html import unescape

import pytest

from engine import definitions, people
from engine.identity import SYSTEM
from tests.web.conftest import DIAGRAM, FILES, FULL_OF_MISTAKES, TABLE_OF_KEYS

BETTER = DIAGRAM.replace("${hours(2)}", "${hours(3)}")
WRONG = DIAGRAM.replace('camunda:formKey="hand_out"', 'camunda:formKey="no_such_form"')
ENTITY = '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><definitions>&a;</definitions>'


def _check(browser, text: str | bytes, file_name: str = "lend_key.bpmn", **sent):
    content = text if isinstance(text, bytes) else text.encode()
    told = {"kind": "process", "key": "lend_key", "base": "", "upload": "", **sent}
    return browser.post("/definitions/check", {"files": (io.BytesIO(content), file_name), **told})


def _goes_on(answer) -> str:
    return re.search(r'data-goes-on="([^"]*)"', answer.text)[1]


@pytest.fixture
def latest(database):
    """The id of the newest version of something."""

    def latest(kind: str, key: str) -> int:
        with database.reading() as uow:
            return definitions.latest(uow, kind, key).id

    return latest


def _deploy(database, files):
    with database.unit_of_work() as uow:
        definitions.deploy(uow, files, by=SYSTEM, reason="meanwhile")


# ---- who may ----


def test_only_process_owners_model(ada, mei, olga, latest):
    number = latest("process", "lend_key")
    for browser in (ada, mei):
        for address in (
            f"/definitions/{number}/edit",
            "/definitions/new/form",
            "/definitions/new/form?key=x&name=y&name_en=z",
        ):
            assert browser.get(address).status_code == 403, address
        assert _check(browser, BETTER, base=number).status_code == 403
    assert "/edit" not in mei.get(f"/definitions/{number}").text
    assert "/new/" not in mei.get("/definitions/").text
    assert f"/definitions/{number}/edit" in olga.get(f"/definitions/{number}").text
    assert "/definitions/new/process" in olga.get("/definitions/").text


def test_a_check_needs_the_page_it_came_from(olga):
    olga.token = "stolen"
    assert _check(olga, BETTER).status_code == 400


def test_a_check_is_its_owners_alone(olga, database, browser_of, latest):
    with database.unit_of_work() as uow:
        people.create_user(uow, "otto", "奥托", "a key in the drawer", ["of_olga"], by=SYSTEM)
    address = _goes_on(_check(olga, BETTER, base=latest("process", "lend_key")))
    otto = browser_of("otto")
    assert otto.get(address).status_code == 404
    _check(otto, BETTER, upload=address.rpartition("/")[2])
    assert olga.get(address).status_code == 200, "nobody throws away what somebody else has checked"


# ---- opening ----


def test_the_newest_version_is_opened(olga, database, latest):
    old = latest("process", "lend_key")
    _deploy(database, {"lend_key.bpmn": BETTER.encode()})
    page = olga.get(f"/definitions/{old}/edit").text
    new = latest("process", "lend_key")
    assert f'data-source="/definitions/{new}/source"' in page and f'data-base="{new}"' in page
    assert "第 2 版" in page


def test_only_these_pages_may_set_styles(olga, latest):
    page = olga.get(f"/definitions/{latest('process', 'lend_key')}/edit")
    assert "style-src-attr 'unsafe-inline'" in page.headers["Content-Security-Policy"]
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]
    shown = olga.get(f"/definitions/{latest('process', 'lend_key')}")
    assert "unsafe-inline" not in shown.headers["Content-Security-Policy"]
    assert "modeller-" not in shown.text


def test_each_kind_has_its_modeller(olga, database, latest):
    _deploy(database, {"keys.dmn": TABLE_OF_KEYS.encode()})
    for kind, key in (("process", "lend_key"), ("decision", "which_key"), ("form", "hand_out")):
        assert f"modeller-{kind}.js" in olga.get(f"/definitions/{latest(kind, key)}/edit").text
    assert olga.get("/definitions/999/edit").status_code == 404


# ---- beginning something new ----


@pytest.mark.parametrize(("kind", "ending"), [("process", "bpmn"), ("decision", "dmn"), ("form", "form")])
def test_something_new_begins_with_what_could_be_deployed(olga, kind, ending):
    assert 'name="key"' in olga.get(f"/definitions/new/{kind}").text
    page = olga.get(f'/definitions/new/{kind}?key=parking&name=车位 <1>&name_en=Parking "1" %26')
    assert page.status_code == 200
    begun = json.loads(unescape(re.search(r'data-template="([^"]*)"', page.text)[1]))
    answer = _check(olga, begun, f"parking.{ending}", kind=kind, key="parking")
    assert answer.status_code == 200, answer.text
    done = olga.post(f"{_goes_on(answer)}/deploy", {"reason": "new"})
    page = olga.get(done.location).text
    assert "车位 &lt;1&gt;" in page and "第 1 版" in page


@pytest.mark.parametrize(
    ("query", "status", "told"),
    [
        ("key=Parking&name=车位&name_en=Parking", 422, "小写字母"),
        ("key=../x&name=车位&name_en=Parking", 422, "小写字母"),
        ("key=parking&name=&name_en=Parking", 422, "中文和英文名称"),
        ("key=lend_key&name=车位&name_en=Parking", 409, "已经有了"),
    ],
)
def test_a_key_that_cannot_be_used_is_told(olga, query, status, told):
    answer = olga.get(f"/definitions/new/process?{query}")
    assert answer.status_code == status
    assert told in answer.text and "data-modeller" not in answer.text


def test_only_what_has_a_modeller_is_begun(olga):
    assert olga.get("/definitions/new/paper").status_code == 404


# ---- checking ----


def test_findings_name_the_elements_to_be_marked(olga, latest):
    answer = _check(olga, WRONG, base=latest("process", "lend_key"))
    assert answer.status_code == 422
    assert re.search(r'data-errors="hand_out"', answer.text)
    assert 'data-show-element="hand_out"' in answer.text and "no_such_form" in answer.text
    assert _goes_on(answer) == ""
    assert "<html" not in answer.text


def test_good_work_leads_on_to_the_upload_that_is_deployed_with_a_reason(olga, latest):
    answer = _check(olga, BETTER, base=latest("process", "lend_key"))
    assert answer.status_code == 200
    page = olga.get(_goes_on(answer)).text
    assert "第 1 版 → 第 2 版" in page and 'name="reason"' in page
    assert olga.post(f"{_goes_on(answer)}/deploy", {"reason": "三小时"}).status_code == 303
    assert "hours(3)" in olga.get(f"/definitions/{latest('process', 'lend_key')}/source").text


def test_one_check_takes_the_place_of_the_one_before(olga, latest):
    base = latest("process", "lend_key")
    first = _goes_on(_check(olga, BETTER, base=base))
    later = BETTER.replace("发放钥匙", "交出钥匙")
    second = _goes_on(_check(olga, later, base=base, upload=first.rpartition("/")[2]))
    assert olga.get(first).status_code == 404
    assert olga.get(second).status_code == 200


def test_work_that_changes_nothing_is_not_deployed(olga, latest):
    answer = _check(olga, DIAGRAM, base=latest("process", "lend_key"))
    assert answer.status_code == 200
    assert "没有要部署的内容" in answer.text and _goes_on(answer) == ""


def test_a_newer_version_is_told_and_the_owner_may_go_on(olga, database, latest):
    base = latest("process", "lend_key")
    _deploy(database, {"lend_key.bpmn": DIAGRAM.replace("收回钥匙", "取回钥匙").encode()})
    answer = _check(olga, BETTER, base=base)
    assert answer.status_code == 200
    assert "部署了第 2 版" in answer.text and f"/definitions/{latest('process', 'lend_key')}" in answer.text
    assert _goes_on(answer) == "", "not past the newer version unseen"
    assert 'data-act="deploy-over"' in answer.text
    answer = _check(olga, BETTER, base=base, newer_known="1")
    assert olga.get(_goes_on(answer)).status_code == 200


def test_something_new_whose_key_was_taken_meanwhile_is_told(olga):
    assert "部署了第 1 版" in _check(olga, BETTER, base="").text


def test_a_form_and_a_table_are_checked_too(olga):
    form = FILES["hand_out.form"].replace(b'"key": "remark"', b'"key": "key_number"')
    answer = _check(olga, form, "hand_out.form", kind="form", key="hand_out")
    assert answer.status_code == 422 and 'data-errors="key_number"' in answer.text
    table = TABLE_OF_KEYS.replace("<text>-</text>", "<text>__import__</text>")
    answer = _check(olga, table, "keys.dmn", kind="decision", key="which_key")
    assert answer.status_code == 422 and re.search(r'data-errors="\w+"', answer.text)


@pytest.mark.parametrize(
    ("text", "file_name", "status", "told"),
    [
        (ENTITY, "lend_key.bpmn", 422, "DOCTYPE"),
        (DIAGRAM[:500], "lend_key.bpmn", 422, "data-report"),
        ("", "lend_key.bpmn", 422, "data-report"),
        ("näme".encode("latin-1"), "lend_key.bpmn", 422, "UTF-8"),
        (
            WRONG.replace('name="发放钥匙"', 'name="&lt;script&gt;alert(1)&lt;/script&gt;"'),
            "a.bpmn",
            422,
            "&lt;script&gt;",
        ),
        (BETTER, "a<b>.bpmn", 422, "不能使用"),
        (BETTER, "run.exe", 422, "run.exe"),
        (b"PK\3\4 nothing", "broken.zip", 422, "无法打开"),
    ],
    ids=["entity", "cut", "empty", "latin", "script", "name", "ending", "zip"],
)
def test_hostile_work_is_told_so(olga, latest, text, file_name, status, told):
    answer = _check(olga, text, file_name)
    assert answer.status_code == status
    assert told in answer.text
    assert "<script>" not in answer.text and "Traceback" not in answer.text and "root:" not in answer.text
    with pytest.raises(AttributeError):
        latest("process", "a")


def test_a_check_of_nothing_is_refused(olga):
    assert olga.post("/definitions/check", {"kind": "process", "key": "lend_key"}).status_code == 400
    assert _check(olga, BETTER, kind="paper").status_code == 400
    assert _check(olga, b" " * 500_000).status_code == 413, "more than a request may bring"


def test_the_panel_lists_no_thousand_findings_but_says_how_many_there_are(olga):
    answer = _check(olga, FULL_OF_MISTAKES)

    assert answer.status_code == 422
    assert answer.text.count('class="list-group-item text-break"') == 200
    assert answer.text.count("没有表单“gone”") == 150, "errors come first"
    assert "有 150 处错误" in answer.text and "还有 101 处没有列出" in answer.text
    marked = re.search(r'data-errors="([^"]*)"\s+data-warnings="([^"]*)"', answer.text)
    assert len(f"{marked[1]} {marked[2]}".split()) == 200
