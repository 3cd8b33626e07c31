"""A session that has ended, and addresses of forms: everybody gets back to the page they were at."""

from __future__ import annotations

from datetime import timedelta

from engine.clock import MovedClock


def test_a_form_sent_after_the_session_has_ended_leads_back_to_its_page_after_the_login(
    ada, task, moment: MovedClock
):
    for page, sent_to in (
        (task, f"{task}/complete"),
        ("/start/lend_key", "/start/lend_key"),
        ("/account/substitutes", "/account/substitutes"),
    ):
        moment.move_to(moment() + timedelta(hours=9))
        answer = ada.post(sent_to, {"remark": "半句话"})
        assert answer.status_code == 303
        assert "登录已过期" in ada.get(answer.location).text
        answer = ada.post(answer.location, {"name": "ada", "password": "a key in the drawer"})
        assert (answer.status_code, answer.location) == (303, page)
        ada.get(page)


def test_the_same_where_the_browser_has_thrown_the_cookie_away(ada, task):
    ada.client.delete_cookie("banjie_session")
    answer = ada.post(f"{task}/complete", {"remark": "半句话"})
    assert answer.status_code == 303
    assert answer.location == f"/login?next={task}"


def test_a_draft_that_comes_too_late_is_not_taken_for_kept(ada, task, moment: MovedClock):
    ada.post(f"{task}/claim")
    moment.move_to(moment() + timedelta(hours=9))
    by_the_page = {"X-Requested-With": "draft"}
    assert ada.post(f"{task}/draft", {"remark": "x"}, headers=by_the_page).status_code == 401
    ada.client.delete_cookie("banjie_session")
    assert ada.post(f"{task}/draft", {"remark": "x"}, headers=by_the_page).status_code == 401


def test_a_piece_of_a_page_asked_for_too_late_leads_back_to_that_page(ada, task, moment: MovedClock):
    moment.move_to(moment() + timedelta(hours=9))
    asked = {"HX-Request": "true", "HX-Current-URL": f"http://localhost{task}?a=1"}
    answer = ada.post(f"{task}/form", {"remark": "x"}, headers=asked)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == f"/login?next={task}?a%3D1"


def test_a_login_page_that_was_open_for_long_is_shown_anew(stranger):
    stranger.get("/login")
    stranger.client.delete_cookie("banjie_session")
    known = {"name": "ada", "password": "a key in the drawer"}
    answer = stranger.post("/login", known)
    assert answer.status_code == 400
    assert "请再登录一次" in answer.text
    assert 'value="ada"' in answer.text
    assert stranger.post("/login", known).status_code == 303


def test_an_address_that_forms_are_sent_to_opens_their_page(ada, task):
    for address, page in (
        (f"{task}/complete", task),
        ("/account/substitutes/7/revoke", "/account/substitutes"),
    ):
        assert ada.get(address).location == page
    assert ada.get("/logout").status_code == 405


def test_after_a_mistake_the_language_is_changed_on_the_same_page(ada, task):
    shown = ada.post(f"{task}/complete", {"key_number": ""})
    assert shown.status_code == 422
    assert f'name="back" value="{task}"' in shown.text


def test_a_refusal_leads_back_to_the_page_whose_form_was_sent(ada, task):
    answer = ada.post(f"{task}/hand-over", {"to": "mei", "note": "请看"})
    assert answer.status_code == 422
    assert f'href="{task}"' in answer.text
