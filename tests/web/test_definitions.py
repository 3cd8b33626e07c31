from __future__ import annotations

import io
import re
import zipfile
from datetime import timedelta

import pytest

from engine import definitions, identity, people, queries
from engine.identity import SYSTEM
from tests.web.conftest import DIAGRAM, FILES, FULL_OF_MISTAKES, PASSWORD, TABLE_OF_KEYS

BETTER = DIAGRAM.replace("${hours(2)}", "${hours(3)}")
JOURNEYS = """
process = "lend_key"

[[journey]]
name = "a key is lent and given back"
start = {by = "group:front_desk", values = {borrower = "Ada"}}
steps = [
  {due = {hand_out = "2026-03-02T11:00"}},
  {task = "hand_out", by = "group:front_desk", values = {key_number = "12"}},
  {task = "take_back", by = "group:manager"},
  {ended = "returned"},
]
"""


def _upload(browser, files: dict[str, bytes | str]):
    """Send files as a browser does; the test client would leave a large body behind in a file of its own."""
    parts = [f'Content-Disposition: form-data; name="csrf_token"\r\n\r\n{browser.token}'.encode()]
    for name, data in files.items():
        head = f'Content-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
        parts.append(head.encode() + (data if isinstance(data, bytes) else data.encode()))
    body = b"".join(b"--part\r\n" + part + b"\r\n" for part in parts) + b"--part--\r\n"
    return browser._seen(
        browser.client.post(
            "/definitions/uploads", input_stream=io.BytesIO(body), content_length=len(body),
            content_type="multipart/form-data; boundary=part",
        )
    )  # fmt: skip


def _zip(files: dict[str, bytes | str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def _page_of(browser, name: str) -> str:
    return re.search(rf'href="(/definitions/\d+)">{name}', browser.get("/definitions/").text)[1]


def _versions(browser) -> int:
    """How often anything was deployed."""
    return sum(int(number) for number in re.findall(r"第 (\d+) 版", browser.get("/definitions/").text))


@pytest.fixture
def journeys(tmp_path):
    (tmp_path / "journeys").mkdir()
    (tmp_path / "journeys" / "lend_key.toml").write_text(JOURNEYS, encoding="utf-8")


# ---- looking ----


def test_everything_deployed_is_listed(olga):
    page = olga.get("/definitions/").text
    for text in ("借钥匙", "lend_key.bpmn", "来借", "hand_out.form", "for the tests", "第 1 版"):
        assert text in page


def test_a_diagram_is_shown_and_downloaded(olga):
    page = olga.get(_page_of(olga, "借钥匙")).text
    address = re.search(r'data-diagram="([^"]+)"', page)[1]
    shown = olga.get(address)
    assert (shown.mimetype, shown.text) == ("text/plain", DIAGRAM)
    saved = olga.get(f"{address}?download=1")
    assert "attachment" in saved.headers["Content-Disposition"]
    assert "lend_key.bpmn" in saved.headers["Content-Disposition"]


def test_a_form_is_previewed_in_both_languages(olga):
    address = _page_of(olga, "发放")
    assert "钥匙编号" in olga.get(f"{address}?form_language=zh").text
    english = olga.get(f"{address}?form_language=en").text
    assert "key_number</label>" in re.sub(r"\s*<span.*?</span>|\s+(?=</label>)", "", english)
    typed = olga.post(f"{address}/form", {"key_number": "<12>"}, headers={"HX-Request": "true"})
    assert "&lt;12&gt;" in typed.text
    assert "<html" not in typed.text


def test_a_table_is_shown(olga):
    _deploy(olga, {"keys.dmn": TABLE_OF_KEYS})
    page = olga.get(_page_of(olga, "哪把钥匙")).text
    assert 'data-decision-id="which_key"' in page


def test_a_diagram_has_no_form_to_fill_in(olga):
    assert olga.post(f"{_page_of(olga, '借钥匙')}/form").status_code == 404
    assert olga.get("/definitions/999").status_code == 404


# ---- who may ----


def test_only_owners_upload_and_auditors_look(ada, mei, olga):
    kept = _upload(olga, {"lend_key.bpmn": BETTER}).location
    for address in ("/definitions/", "/definitions/1", "/definitions/1/source", kept, f"{kept}/journeys"):
        assert ada.get(address).status_code == 403, address
    assert mei.get("/definitions/").status_code == 200
    assert "uploads" not in mei.get("/definitions/").text
    assert _upload(mei, {"lend_key.bpmn": BETTER}).status_code == 403
    assert mei.post(f"{kept}/deploy", {"reason": "x"}).status_code == 403
    assert mei.get(f"{kept}/files/lend_key.bpmn").status_code == 403


def test_an_upload_is_its_owners_alone(olga, database, browser_of):
    kept = _upload(olga, {"lend_key.bpmn": BETTER}).location
    with database.unit_of_work() as uow:
        people.create_user(uow, "otto", "奥托", PASSWORD, ["of_olga"], by=identity.SYSTEM)
    otto = browser_of("otto")
    assert otto.get(kept).status_code == 404
    assert otto.get(f"{kept}/files/lend_key.bpmn").status_code == 404
    assert otto.post(f"{kept}/deploy", {"reason": "mine now"}).status_code == 404
    otto.post(f"{kept}/forget")
    assert olga.get(kept).status_code == 200


# ---- uploading and deploying ----


def _deploy(browser, files: dict[str, bytes | str], reason: str = "better"):
    answer = _upload(browser, files)
    assert answer.status_code == 303, answer.text
    return browser.post(f"{answer.location}/deploy", {"reason": reason})


def test_an_upload_is_in_force_only_after_a_reason_was_given(olga):
    before = _page_of(olga, "借钥匙")
    answer = _upload(olga, {"lend_key.bpmn": BETTER})
    assert answer.status_code == 303
    page = olga.get(answer.location).text
    assert "第 1 版 → 第 2 版" in page and "用户任务没有表单" in page, "a warning forbids nothing"
    assert _versions(olga) == 3

    refused = olga.post(f"{answer.location}/deploy", {"reason": " "})
    assert refused.status_code == 422
    assert "请写明部署的原因" in refused.text
    assert _versions(olga) == 3

    done = olga.post(f"{answer.location}/deploy", {"reason": "三小时<够>了"})
    assert done.status_code == 303
    page = olga.get(done.location).text
    assert "三小时&lt;够&gt;了" in page and "奥加" in page and "现行" in page
    assert "hours(3)" in olga.get(f"{done.location}/source").text
    assert "hours(2)" in olga.get(f"{before}/source").text, "the old version stays"
    assert olga.get(answer.location).status_code == 404, "what was deployed no longer waits"


def test_a_zip_of_all_kinds_is_taken_apart(olga):
    packed = _zip({"lend/lend_key.bpmn": BETTER, "lend/keys.dmn": TABLE_OF_KEYS, "__MACOSX/x": b"1"})
    page = olga.get(_upload(olga, {"all.ZIP": packed}).location).text
    assert "lend_key.bpmn" in page and "which_key" in page and "__MACOSX" not in page


def test_what_did_not_change_needs_no_deployment(olga):
    page = olga.get(_upload(olga, FILES).location).text
    assert "没有变化" in page and "没有要部署的内容" in page
    assert "/deploy" not in page


def test_findings_name_their_element_and_are_marked_on_it(olga):
    wrong = DIAGRAM.replace('camunda:formKey="hand_out"', 'camunda:formKey="no_such_form"').replace(
        "${hours(2)}", "${hours(}"
    )
    answer = _upload(olga, {"lend_key.bpmn": wrong})
    assert answer.status_code == 422
    assert 'data-show-element="hand_out"' in answer.text and 'data-in-diagram="lend_key.bpmn"' in answer.text
    assert re.search(r'data-errors="[^"]*hand_out', answer.text)
    assert "no_such_form" in answer.text and "hours(" in answer.text and "行" in answer.text
    assert "/deploy" not in answer.text
    address = re.search(r'data-diagram="([^"]+)"', answer.text)[1]
    assert olga.get(address).text == wrong
    kept = address.rpartition("/files/")[0]
    assert olga.post(f"{kept}/deploy", {"reason": "all the same"}).status_code == 422
    assert _versions(olga) == 3


def test_a_page_lists_no_thousand_findings_but_says_how_many_there_are(olga):
    answer = _upload(olga, {"lend_key.bpmn": FULL_OF_MISTAKES})

    assert answer.status_code == 422
    assert answer.text.count('class="list-group-item text-break">\n    <span') == 200
    assert answer.text.count("没有表单“gone”") == 150, "errors come first"
    assert "150 处错误" in answer.text and "还有 101 处没有列出" in answer.text
    olga.post("/language", {"language": "en"})
    assert "101 more are not listed" in _upload(olga, {"lend_key.bpmn": FULL_OF_MISTAKES}).text


def test_an_upload_is_forgotten_after_a_day_or_when_asked(olga, moment):
    kept = _upload(olga, {"lend_key.bpmn": BETTER}).location
    assert olga.post(f"{kept}/forget").location == "/definitions/"
    assert olga.get(kept).status_code == 404
    kept = _upload(olga, {"lend_key.bpmn": BETTER}).location
    moment.move_to(moment() + timedelta(days=1, minutes=1))
    olga.log_in("olga")
    assert olga.get(kept).status_code == 404
    assert "请重新上传" in olga.post(f"{kept}/deploy", {"reason": "x"}).text


# ---- rehearsing ----


def test_journeys_are_played_with_the_upload_over_what_is_in_force(olga, journeys):
    kept = _upload(olga, {"lend_key.bpmn": DIAGRAM.replace("发放钥匙", "交出钥匙")}).location
    assert f"{kept}/journeys" in olga.get(kept).text
    assert f"{kept}/journeys/lend_key.toml" in olga.get(f"{kept}/journeys").text
    assert "1 个顺利" in olga.get(f"{kept}/journeys/lend_key.toml").text
    assert _versions(olga) == 3, "a rehearsal leaves no trace"
    assert "YS-" not in olga.get("/cases/").text


def test_a_journey_that_fails_is_told_and_does_not_forbid_the_deployment(olga, journeys):
    kept = _upload(olga, {"lend_key.bpmn": BETTER}).location
    played = olga.get(f"{kept}/journeys/lend_key.toml").text
    assert "1 个失败" in played and "a key is lent and given back" in played
    assert "2026-03-02T11:00" in played and "2026-03-02T12:00" in played
    assert olga.post(f"{kept}/deploy", {"reason": "three hours it is"}).status_code == 303


def test_a_form_concerns_the_journeys_of_the_process_that_uses_it(olga, journeys):
    form = FILES["hand_out.form"].replace("发放".encode(), "发钥匙".encode())
    kept = _upload(olga, {"hand_out.form": form}).location
    assert "lend_key.toml" in olga.get(f"{kept}/journeys").text
    kept = _upload(olga, {"keys.dmn": TABLE_OF_KEYS}).location
    page = olga.get(f"{kept}/journeys").text
    assert "lend_key.toml" not in page and "没有案例用到这些文件" in page
    assert olga.get(f"{kept}/journeys/lend_key.toml").status_code == 404
    assert olga.get(f"{kept}/journeys/..%2f..%2fetc%2fpasswd").status_code == 404


def test_a_journey_about_an_element_that_is_gone_is_told(olga, journeys):
    kept = _upload(olga, {"lend_key.bpmn": DIAGRAM.replace("take_back", "count_back")}).location
    played = olga.get(f"{kept}/journeys/lend_key.toml").text
    assert "take_back" in played and "1 个没有试走" in played


# ---- hostile uploads ----

BOMB = _zip({"bomb.bpmn": b"\0" * (60 * 1024 * 1024)})
ENTITY = '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><definitions>&a;</definitions>'
SCRIPT = DIAGRAM.replace('name="发放钥匙"', 'name="&lt;script&gt;alert(1)&lt;/script&gt;"').replace(
    'camunda:formKey="hand_out"', 'camunda:formKey="gone"'
)


@pytest.mark.parametrize(
    ("files", "status", "told"),
    [
        ({"bomb.zip": BOMB}, 422, "解开后太大"),
        ({"evil.bpmn": ENTITY}, 422, "DOCTYPE"),
        ({"evil.dmn": ENTITY}, 422, "DOCTYPE"),
        ({"many.zip": _zip({f"{number}.form": b"{}" for number in range(300)})}, 422, "解开后太大"),
        ({"page.html": "<html>"}, 422, "page.html"),
        ({"run.exe": b"MZ"}, 422, "run.exe"),
        ({"inner.zip": _zip({"a.zip": BOMB})}, 422, "a.zip"),
        ({"broken.zip": b"PK\3\4 nothing"}, 422, "无法打开"),
        ({"empty.zip": _zip({})}, 422, "请选择要上传的文件"),
        ({"twice.zip": _zip({"a/x.form": b"{}", "b/x.form": b"{}"})}, 422, "出现了两次"),
        ({"cut.bpmn": DIAGRAM[:500]}, 422, "cut.bpmn"),
        ({"empty.bpmn": b""}, 422, "empty.bpmn"),
        ({"latin.bpmn": "näme".encode("latin-1")}, 422, "UTF-8"),
        ({"list.form": "[" * 100_000}, 422, "list.form"),
        ({"script.bpmn": SCRIPT}, 422, "&lt;script&gt;"),
        ({"up.zip": _zip({"../../lend_key.bpmn": BETTER})}, 303, ""),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_hostile_upload_is_told_so_and_nothing_is_deployed(olga, files, status, told):
    answer = _upload(olga, files)
    assert answer.status_code == status
    assert told in answer.text
    assert (
        "<script>alert" not in answer.text and "Traceback" not in answer.text and "root:" not in answer.text
    )
    assert _versions(olga) == 3


def test_a_huge_upload_is_not_read_to_its_end(olga, settings):
    assert _upload(olga, {"huge.bpmn": b" " * (50 * 1024 * 1024)}).status_code == 413
    assert olga.post("/definitions/uploads", {}).status_code == 422


def test_a_large_file_that_could_be_read_is_refused(olga, app):
    app.config["MAX_CONTENT_LENGTH"] = 100 * 1024 * 1024
    assert _upload(olga, {"huge.bpmn": b" " * (50 * 1024 * 1024)}).status_code == 413
    answer = _upload(olga, {"large.bpmn": b" " * (6 * 1024 * 1024)})
    assert answer.status_code == 422
    assert "5 MB" in answer.text


def test_an_upload_needs_the_page_it_came_from(olga):
    olga.token = "stolen"
    assert _upload(olga, {"lend_key.bpmn": BETTER}).status_code == 400


def test_an_upload_and_two_versions_tell_what_changed(olga, mei, ada, database):
    changed = (
        DIAGRAM.replace("${hours(2)}", "${hours(3)}")
        .replace("发放钥匙", "发放<钥匙>", 1)
        .replace("<钥匙>", "&lt;钥匙&gt;")
    )
    answer = _upload(olga, {"lend_key.bpmn": changed})
    page = olga.get(answer.location).text
    assert "改了什么" in page and "<del" in page and "${hours(2)}" in page and "${hours(3)}" in page
    assert "发放&lt;钥匙&gt;" in page
    assert olga.post(f"{answer.location}/deploy", {"reason": "three hours"}).status_code == 303
    with database.reading() as uow:
        newest = definitions.latest(uow, "process", "lend_key")
        first = min(one.definition_id for one in queries.definition(uow, newest.id, SYSTEM).versions)
        form = definitions.latest(uow, "form", "asked")
    assert f"/definitions/{newest.id}/compared/{first}" in olga.get(f"/definitions/{newest.id}").text
    for one, other in ((newest.id, first), (first, newest.id)):
        compared = mei.get(f"/definitions/{one}/compared/{other}").text
        assert "第 1 版 → 第 2 版" in compared and "${hours(3)}" in compared
    assert ada.get(f"/definitions/{newest.id}/compared/{first}").status_code == 403
    assert olga.get(f"/definitions/{newest.id}/compared/{form.id}").status_code == 404
    assert olga.get(f"/definitions/{newest.id}/compared/99999").status_code == 404


def test_a_colleague_who_deployed_meanwhile_is_told_of_before_his_version_is_replaced(olga):
    def seen(address: str) -> list[str]:
        return re.findall(r'name="over" value="(\d+)"', olga.get(address).text)

    mine, his = (_upload(olga, {"lend_key.bpmn": DIAGRAM.replace("hours(2)", hours)}).location
                 for hours in ("hours(3)", "hours(4)"))  # fmt: skip
    looked_at = seen(mine)
    assert olga.post(f"{his}/deploy", {"reason": "four", "over": seen(his)}).status_code == 303
    told = olga.post(f"{mine}/deploy", {"reason": "three it is", "over": looked_at})
    assert told.status_code == 409 and "第 2 版" in told.text and "three it is" in told.text
    again = re.findall(r'name="over" value="(\d+)"', told.text)
    assert olga.post(f"{mine}/deploy", {"reason": "three it is", "over": again}).status_code == 303


def test_a_definition_is_found_by_its_name_its_file_or_its_kind(olga):
    whole = olga.get("/definitions/").text.count("definition-row")
    assert 0 < olga.get("/definitions/?kind=process").text.count("definition-row") < whole
    for words in ("HAND_OUT.FORM", "hand_out"):
        found = olga.get(f"/definitions/?text={words}").text
        assert 0 < found.count("definition-row") < whole
        assert "hand_out.form" in found
    assert "没有符合条件的定义" in olga.get("/definitions/?text=nothing").text
