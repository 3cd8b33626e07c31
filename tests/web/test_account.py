from __future__ import annotations

import re


def _language(answer) -> str:
    return re.search(r'<html lang="([^"]+)"', answer.text)[1]


def test_chinese_comes_first(stranger):
    assert _language(stranger.get("/login", headers={"Accept-Language": "en"})) == "zh-CN"


def test_the_language_is_remembered_by_the_browser_and_by_the_account(stranger, ada, browser_of):
    stranger.get("/login")
    stranger.post("/language", {"language": "en", "back": "/login"})
    assert _language(stranger.get("/login")) == "en"

    assert ada.post("/language", {"language": "en", "back": "/start/"}).location == "/start/"
    assert _language(browser_of("ada").get("/account/password")) == "en"
    assert "Lend a key" in ada.get("/start/").text


def test_a_language_chosen_before_the_login_stays_after_it(stranger, browser_of):
    stranger.get("/login")
    stranger.post("/language", {"language": "en", "back": "/login"})
    stranger.log_in("ada")
    assert _language(stranger.get("/account/password")) == "en"
    assert _language(browser_of("ada").get("/account/password")) == "en"
    assert _language(browser_of("ben").get("/account/password")) == "zh-CN"


def test_the_language_switch_leads_nowhere_else(ada):
    assert ada.post("/language", {"language": "en", "back": "https://evil.example"}).location == "/inbox"


def test_errors_are_told_in_the_readers_language(ada):
    ada.post("/language", {"language": "en"})
    assert "This page does not exist" in ada.get("/tasks/none").text
    assert (
        "you may not" in ada.get("/start/unknown").text.lower()
        or "no such" in ada.get("/start/unknown").text.lower()
    )


def test_a_new_message_is_new_until_it_is_looked_at(ada, task):
    assert "条未读" in ada.get("/inbox").text
    assert "YS-20260302-0001" in ada.get("/account/messages").text
    assert "条未读" not in ada.get("/inbox").text


def test_a_substitute_is_named_and_revoked(ada, mei, task):
    ask = {"substitute": "mei", "first_day": "2026-03-02", "last_day": "2026-03-06"}
    assert ada.post("/account/substitutes", ask).status_code == 303
    page = ada.get("/account/substitutes").text
    assert "梅 代理 安达" in page
    assert "您今天代理" in mei.get("/account/substitutes").text
    assert mei.get(task).status_code == 200

    number = re.search(r"/account/substitutes/(\d+)/revoke", page)[1]
    assert mei.post(f"/account/substitutes/{number}/revoke").status_code == 404
    assert ada.post(f"/account/substitutes/{number}/revoke").status_code == 303
    assert "/cases/" in mei.get(task).headers["Location"]  # the task is not hers: she sees the case


def test_a_substitution_that_cannot_be_is_explained(ada):
    ask = {"substitute": "mei", "first_day": "2026-03-06", "last_day": "2026-03-02"}
    answer = ada.post("/account/substitutes", ask)
    assert answer.status_code == 422
    assert "早于" in answer.text
    assert 'value="2026-03-06"' in answer.text
    assert ada.post("/account/substitutes", {"substitute": "mei", "first_day": "soon"}).status_code == 422


def test_a_password_is_changed_only_with_the_present_one(ada):
    wrong = {"old": "not this", "new": "another key in it", "again": "another key in it"}
    assert ada.post("/account/password", wrong).status_code == 422
    differing = {"old": "a key in the drawer", "new": "another key in it", "again": "different"}
    assert "不一样" in ada.post("/account/password", differing).text
    short = {"old": "a key in the drawer", "new": "short", "again": "short"}
    assert "至少" in ada.post("/account/password", short).text
