from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from flask import Flask

from engine import identity, logs, people
from engine.clock import MovedClock
from engine.database import Database
from tests.web.conftest import Browser
from web import create_app
from web.context import local_address


def test_nobody_gets_in_without_a_login(stranger, task):
    for page in ("/inbox", "/start/", task, "/account/messages", f"/files/{uuid4()}"):
        answer = stranger.get(page)
        assert answer.status_code == 303
        assert answer.location.startswith("/login?next=")


def test_a_login_leads_on_to_the_page_that_was_asked_for(stranger):
    stranger.get("/login")
    answer = stranger.post("/login?next=/start/", {"name": "ada", "password": "a key in the drawer"})
    assert (answer.status_code, answer.location) == (303, "/start/")


@pytest.mark.parametrize(
    "address", ["//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil", "javascript:alert(1)",
                "/\t/evil.example", "", None, "/a\r\nSet-Cookie: x"]
)  # fmt: skip
def test_a_login_leads_nowhere_else(app: Flask, address):
    with app.test_request_context():
        assert local_address(address) == "/inbox"


def test_a_wrong_password_says_so_and_names_nobody(stranger):
    for name in ("ada", "nobody"):
        answer = stranger.log_in(name, "wrong password")
        assert answer.status_code == 401
        assert "登录名或密码不对" in answer.text


def test_guessing_a_password_is_slowed_down_for_that_name(stranger):
    answers = [stranger.log_in("ada", f"guess {number}").status_code for number in range(11)]
    assert answers == [401] * 10 + [429]
    assert "尝试次数过多" in stranger.post("/login", {"name": "ADA ", "password": "x"}).text
    assert stranger.log_in("ben").status_code == 303


def test_guessing_names_is_slowed_down_for_that_address(stranger):
    answers = [stranger.log_in(f"name{number}", "guess").status_code for number in range(31)]
    assert answers[-2:] == [401, 429]


def test_all_web_processes_count_together(settings, database, stranger):
    other = Browser(create_app(settings, database).test_client())
    for number in range(5):
        assert stranger.log_in("ada", f"guess {number}").status_code == 401
        assert other.log_in("ada", f"more {number}").status_code == 401
    assert stranger.log_in("ada", "guess").status_code == other.log_in("ada", "guess").status_code == 429


def test_nobody_is_kept_out_who_sits_at_the_usual_desk(ada, stranger, browser_of, moment: MovedClock):
    ada.post("/logout")
    for number in range(12):
        stranger.log_in("ada", f"guess {number}")
    assert stranger.log_in("ada").status_code == 429, "not even with the right password"
    assert ada.log_in("ada").status_code == 303
    ada.post("/logout")

    assert [ada.log_in("ada", f"slip {number}").status_code for number in range(11)] == [401] * 10 + [429]
    assert ada.log_in("ben").status_code == 303, "somebody else at the same desk"
    ada.post("/logout")
    moment.move_to(moment() + timedelta(minutes=10, seconds=1))
    assert ada.log_in("ada").status_code == 303


def test_a_browser_is_known_only_by_what_we_signed(ada, stranger):
    ours = ada.client.get_cookie("banjie_device").value
    # Not the last sign: of that a signature uses only some bits.
    signed_otherwise = ours[:-5] + ("A" if ours[-5] != "A" else "B") + ours[-4:]
    for forged in (signed_otherwise, '{"id":"x","names":["ada"]}', "", "."):
        stranger.client.set_cookie("banjie_device", forged)
        assert stranger.log_in("ada", "guess").status_code == 401
    for _ in range(6):
        stranger.log_in("ada", "guess")
    assert stranger.log_in("ada").status_code == 429


def test_guessing_the_present_password_is_slowed_down(ada, moment: MovedClock):
    def change(old: str) -> int:
        new = {"old": old, "new": "another key in it", "again": "another key in it"}
        return ada.post("/account/password", new).status_code

    assert [change(f"guess {number}") for number in range(11)] == [422] * 10 + [429]
    assert change("a key in the drawer") == 429
    moment.move_to(moment() + timedelta(minutes=10, seconds=1))
    assert change("a key in the drawer") == 303


def test_guessing_codes_of_papers_is_slowed_down(stranger, moment: MovedClock):
    answers = [stranger.get(f"/check/{number}").status_code for number in range(31)]
    assert answers == [404] * 30 + [429]
    refused = stranger.get("/check/1")
    assert "尝试次数过多" in refused.text and "10 分钟" in refused.text
    moment.move_to(moment() + timedelta(minutes=10, seconds=1))
    assert stranger.get("/check/1").status_code == 404


@pytest.mark.parametrize(("proxies", "last"), [(0, 429), (1, 404)])
def test_visitors_behind_a_web_server_count_apart_where_it_is_trusted(settings, database, proxies, last):
    client = create_app(replace(settings, proxies=proxies), database).test_client()

    def asks(visitor: str) -> int:
        return client.get("/check/x", headers={"X-Forwarded-For": f"10.9.9.9, {visitor}"}).status_code

    assert [asks("10.0.0.1") for _ in range(31)] == [404] * 30 + [429]
    assert asks("10.0.0.2") == last


def test_logging_in_often_is_no_guessing(stranger):
    for _ in range(15):
        assert stranger.log_in("ada").status_code == 303
        stranger.post("/logout")


@pytest.mark.parametrize("page", ["/login", "/logout", "/language", "/start/lend_key", "/account/password"])
def test_a_change_without_the_token_of_a_page_is_refused(ada, page):
    answer = ada.client.post(page, data={"borrower": "x"})
    assert answer.status_code == 400
    assert "重新载入" in answer.text


def test_every_page_has_its_protection(stranger, ada):
    for answer in (stranger.get("/login"), ada.get("/account/password"), stranger.get("/nowhere")):
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cache-Control"] == "no-store"


def test_no_page_holds_scripts_or_styles_of_its_own(ada, task):
    for page in ("/inbox", task, "/start/lend_key", "/account/substitutes"):
        text = ada.get(page).text
        assert "<style" not in text
        assert " style=" not in text
        assert text.count("<script") == text.count('<script src="/static/')


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(stranger):
    cookie = stranger.get("/login").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_a_session_ends_when_nothing_is_done_for_long(ada, moment: MovedClock):
    moment.move_to(moment() + timedelta(hours=7, minutes=59))
    assert ada.get("/account/password").status_code == 200
    moment.move_to(moment() + timedelta(hours=7, minutes=59))
    assert ada.get("/account/password").status_code == 200
    moment.move_to(moment() + timedelta(hours=8, minutes=2))
    assert ada.get("/account/password").status_code == 303


def test_asking_for_news_does_not_keep_a_session_alive(ada, moment: MovedClock):
    moment.move_to(moment() + timedelta(hours=5))
    assert ada.get("/inbox", headers={"HX-Request": "true", "X-Polls": "1"}).status_code == 200
    moment.move_to(moment() + timedelta(hours=5))
    answer = ada.get("/inbox", headers={"HX-Request": "true", "X-Polls": "1"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/login"


@pytest.mark.parametrize(
    ("around", "login"),
    [("http://localhost/cases/?text=x", "/login?next=/cases/?text%3Dx"), ("http://[", "/login"), ("//evil", "/login"),
     ("https://evil.example//evil.example", "/login"), ("javascript:alert(1)", "/login")],
)  # fmt: skip
def test_a_piece_of_a_page_leads_to_the_login_and_back(stranger, around, login):
    answer = stranger.get("/inbox", headers={"HX-Request": "true", "HX-Current-URL": around})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, login)


def test_a_new_password_ends_the_other_sessions(browser_of):
    here, elsewhere = browser_of("ada"), browser_of("ada")
    new = {"old": "a key in the drawer", "new": "another key in it", "again": "another key in it"}
    assert here.post("/account/password", new).status_code == 303
    assert here.get("/account/password").status_code == 200
    assert elsewhere.get("/account/password").status_code == 303


def test_somebody_who_left_is_out_at_once(ada, database: Database):
    with database.unit_of_work() as uow:
        people.set_active(uow, "ada", False, by=identity.SYSTEM)
    assert ada.get("/account/password").status_code == 303


def test_logging_out_ends_the_session(ada):
    assert ada.post("/logout").location == "/login"
    assert ada.get("/account/password").status_code == 303


def test_an_upload_that_is_far_too_large_is_refused(ada, task):
    answer = ada.post(f"{task}/complete", {"key_number": "x" * 600_000})
    assert answer.status_code == 413
    assert "文件太大" in answer.text


def test_a_number_larger_than_any_row_is_no_page(ada):
    for page in (
        f"/cases/{2**63}",
        f"/cases/{'9' * 30}",
        f"/papers/{10**40}",
        f"/definitions/{2**63}/source",
    ):
        assert ada.get(page).status_code == 404
    for page in (f"/account/messages?before={10**30}", f"/account/messages?before=-{10**30}"):
        assert ada.get(page).status_code == 200


def test_no_address_and_no_form_may_hold_a_nul(ada):
    for page in ("/inbox?text=a%00", "/registers/unit/records/%00", "/check/%00", "/start/a%00"):
        assert ada.get(page).status_code == 400
    assert ada.post("/account/substitutes", {"substitute": "ben\0"}).status_code == 400


def test_a_failure_shows_no_traceback(app: Flask, stranger, monkeypatch):
    def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(identity, "authenticate", fail)
    answer = stranger.log_in("ada")
    assert answer.status_code == 500
    assert "系统出了问题" in answer.text
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_only_where_there_is_tls_browsers_are_told_to_insist_on_it(settings, database):
    for secure in (True, False):
        client = create_app(replace(settings, secure_cookies=secure), database).test_client()
        answer = client.get("/login")
        assert ("Strict-Transport-Security" in answer.headers) == secure
        assert ("Secure" in answer.headers["Set-Cookie"]) == secure


# ---- a database that is away ---------------------------------------------------------------------------------


@pytest.fixture
def away(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on nobody reaches the database."""
    gone = Database("postgresql+psycopg://banjie@127.0.0.1:1/banjie")
    monkeypatch.setitem(app.extensions, "banjie", replace(app.extensions["banjie"], database=gone))


def test_a_page_says_that_the_database_is_away(ada, away):
    answers = [ada.get("/inbox"), ada.get("/inbox", headers={"HX-Request": "true"}),
               ada.post("/account/substitutes", {"substitute": "ben"}), ada.get("/health")]  # fmt: skip

    for answer in answers:
        assert answer.status_code == 503
        assert "数据库暂时无法使用" in answer.text
        assert "Traceback" not in answer.text and "127.0.0.1" not in answer.text
        assert answer.headers["Retry-After"] == "10"
    assert "先看看是否已经保存" in answers[2].text


def test_somebody_is_still_logged_in_when_the_database_is_back(ada, app: Flask):
    with pytest.MonkeyPatch.context() as patched:
        gone = Database("postgresql+psycopg://banjie@127.0.0.1:1/banjie")
        patched.setitem(app.extensions, "banjie", replace(app.extensions["banjie"], database=gone))
        assert ada.get("/inbox").status_code == 503

    assert ada.get("/inbox").status_code == 200


# ---- what operators see --------------------------------------------------------------------------------------


def test_whoever_watches_the_program_needs_no_login(stranger, ada, task, moment: MovedClock):
    answer = stranger.get("/health")

    assert (answer.status_code, answer.text) == (200, "database ok\ntimers in time\n")
    assert "Set-Cookie" not in answer.headers


def test_each_request_is_a_line_without_what_was_typed(ada, caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO", logger="web.request_lines")

    answer = ada.post("/account/password?text=wanted", {"old": "hush", "new": "hush hush", "again": "other"})

    (line,) = [record for record in caplog.records if record.message == "request"]
    told = (line.method, line.path, line.status, line.user, line.address)
    assert told == ("POST", "/account/password", 422, "ada", "127.0.0.1")
    assert "hush" not in str(vars(line)) and "wanted" not in str(vars(line))
    assert answer.headers["X-Request-Id"]


def test_a_failure_shows_the_number_under_which_it_is_found(app: Flask, stranger, monkeypatch, caplog):
    caplog.handler.setFormatter(logs.Lines())
    monkeypatch.setattr(identity, "authenticate", lambda *_: 1 / 0)

    answer = stranger.log_in("ada")

    number = answer.headers["X-Request-Id"]
    assert answer.status_code == 500 and number in answer.text
    assert f"error request failed request={number}\nTraceback" in caplog.text
