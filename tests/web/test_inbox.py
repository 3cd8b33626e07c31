from __future__ import annotations

import re

FRAGMENT = {"HX-Request": "true", "X-Polls": "1"}


def _seen(answer) -> str:
    return re.search(r'"seen": "([0-9a-f]+)"', answer.text)[1]


def test_the_first_page_is_the_inbox(ada):
    assert ada.get("/").location == "/inbox"
    assert "我的任务" in ada.get("/inbox").text


def test_a_task_of_the_group_waits_to_be_claimed(ada, task):
    assert "您手上没有任务" in ada.get("/inbox").text
    page = ada.get("/inbox?which=groups").text
    assert "发放钥匙" in page
    assert f'href="{task}"' in page
    assert "YS-20260302-0001" in page
    assert "王 &lt;b&gt;五&lt;/b&gt;" in page


def test_the_tab_counts_what_waits_claimed_or_not(ada, ben, task):
    ben.post("/start/lend_key", {"borrower": "李四"})
    ada.post(f"{task}/claim")
    assert 'data-title-count="2"' in ada.get("/inbox").text
    assert 'data-title-count="1"' in ben.get("/inbox").text


def test_another_group_does_not_see_it(mei, task):
    assert "发放钥匙" not in mei.get("/inbox?which=groups").text


def test_claiming_in_the_list_keeps_the_page(ada, task):
    answer = ada.post(f"{task}/claim", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (204, "tasks-changed")
    assert "发放钥匙" in ada.get("/inbox").text
    assert "发放钥匙" not in ada.get("/inbox?which=groups").text


def test_a_claim_that_comes_second_says_who_was_first(ada, ben, task):
    ada.post(f"{task}/claim")
    answer = ben.post(f"{task}/claim", headers={"HX-Request": "true"})
    assert answer.status_code == 409
    assert "安达" in answer.text
    assert "<html" not in answer.text
    assert answer.headers["HX-Retarget"] == "#messages"


def test_a_list_that_has_not_changed_is_not_sent_again(ada, task):
    seen = _seen(ada.get("/inbox?which=groups"))
    assert ada.get(f"/inbox?which=groups&seen={seen}", headers=FRAGMENT).status_code == 204


def test_a_new_task_appears_in_the_list(ada, database):
    seen = _seen(ada.get("/inbox?which=groups"))
    ada.post("/start/lend_key", {"borrower": "李四"})
    answer = ada.get(f"/inbox?which=groups&seen={seen}", headers=FRAGMENT)
    assert answer.status_code == 200
    assert "发放钥匙" in answer.text
    assert "<html" not in answer.text
    assert 'id="count-groups"' in answer.text


def test_filters_live_in_the_address(ada, task):
    for found in (
        "text=YS-2026",
        "text=钥匙 王 ys",
        "text=王<b>",
        "due=today",
        "process=lend_key",
        "group=front_desk",
    ):
        assert "发放钥匙" in ada.get(f"/inbox?which=groups&{found}").text, found
    for missed in ("text=nothing", "text=钥匙 六", "due=overdue", "process=move_in"):
        assert "没有符合条件的任务" in ada.get(f"/inbox?which=groups&{missed}").text, missed


def test_nonsense_in_the_address_does_no_harm(ada, task):
    for address in ("which=%00", "due=yesterday", "after=nonsense", "after=%00%ff", "group='--", "text=%25_%5C",
                    f"text={'x' * 5000}"):  # fmt: skip
        assert ada.get(f"/inbox?which=groups&{address}").status_code in (200, 400, 422), address
