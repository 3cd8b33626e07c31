from __future__ import annotations

import re

import pytest

from engine import definitions, identity
from tests.web.conftest import DIAGRAM

NEW = {"name": "nora", "full_name": "诺<b>拉</b>", "email": "nora@example.org", "language": "en", "password": "quiet-winter-42",
       "groups": ["front_desk", "manager"]}  # fmt: skip


@pytest.fixture
def nora(iris) -> str:
    """The address of somebody whom the administrator has added."""
    answer = iris.post("/people/new", NEW)
    assert answer.status_code == 303, answer.text
    return answer.location


def test_people_are_found_by_name_and_group(iris):
    page = iris.get("/people/").text
    assert "安达" in page and "梅" in page and "前台" in page
    of_the_desk = iris.get("/people/?group=front_desk").text
    assert "/people/person/ada" in of_the_desk and "/people/person/mei" not in of_the_desk
    assert "安达" in iris.get("/people/?text=ADA").text
    assert "没有符合条件的人员" in iris.get("/people/?text=nobody").text


def test_only_administrators_get_to_people(ada, mei, olga):
    for browser in (ada, mei, olga):
        for address in ("/people/", "/people/new", "/people/person/ada"):
            assert browser.get(address).status_code == 403, address
        for address, data in (
            ("/people/new", NEW), ("/people/person/ada/groups", {"groups": "of_iris"}),
            ("/people/person/ben/password", {"password": "mine from now on"}),
            ("/people/person/ben/active", {"active": "0"}), ("/people/person/ben/details", {"full_name": "x"}),
        ):  # fmt: skip
            assert browser.post(address, data).status_code == 403, address
    assert "/people/" not in ada.get("/inbox").text


def test_a_new_person_logs_in_with_the_first_password(iris, nora, stranger):
    page = iris.get(nora).text
    assert "诺&lt;b&gt;拉&lt;/b&gt;" in page and "<b>拉</b>" not in page
    assert "nora@example.org" in page and "新建人员" in page
    assert stranger.log_in("nora", NEW["password"]).status_code == 303
    assert "My tasks" in stranger.get("/inbox").text


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"name": "Nora!"}, "登录名"),
        ({"name": "ada"}, "已被使用"),
        ({"name": "system"}, "登录名"),
        ({"full_name": " "}, "请填写姓名"),
        ({"password": "short"}, "密码至少要"),
        ({"groups": ["no_such_group"]}, "没有岗位组"),
        ({"email": "nobody\r\nBcc: all@example.org"}, "邮箱"),
        ({"email": "x" * 300 + "@example.org"}, "邮箱"),
    ],
)
def test_a_mistake_is_told_and_nothing_typed_is_lost(iris, wrong, told):
    answer = iris.post("/people/new", NEW | wrong)
    assert answer.status_code in (409, 422)
    assert told in answer.text
    if "full_name" not in wrong:
        assert "诺&lt;b&gt;拉" in answer.text
    if "groups" not in wrong:
        assert re.search(r'value="front_desk" checked', answer.text)
    assert iris.get("/people/person/nora").status_code == 404


def test_groups_are_exactly_those_that_are_ticked(iris, nora):
    iris.post(f"{nora}/groups", {"groups": ["manager"]})
    page = iris.get(nora).text
    assert re.search(r'value="manager" checked', page)
    assert not re.search(r'value="front_desk" checked', page)
    assert "岗位组：前台、经理 → 经理" in page
    assert iris.post(f"{nora}/groups", {"groups": ["nonsense"]}).status_code == 422


def test_an_administrator_cannot_lock_himself_out(iris):
    answer = iris.post("/people/person/iris/groups", {"groups": ["manager"]})
    assert answer.status_code == 422
    assert "自己的管理权限" in answer.text
    assert iris.post("/people/person/iris/active", {"active": "0"}).status_code == 422
    assert iris.get("/people/").status_code == 200


def test_a_new_password_ends_the_old_sessions(iris, ada, stranger):
    assert iris.post("/people/person/ada/password", {"password": "a new one for ada"}).status_code == 303
    assert ada.get("/inbox").location.startswith("/login")
    assert stranger.log_in("ada").status_code != 303
    assert stranger.log_in("ada", "a new one for ada").status_code == 303
    page = iris.get("/people/person/ada").text
    assert "重设安达的密码" in page and "a new one for ada" not in page
    assert iris.post("/people/person/ada/password", {"password": "short"}).status_code == 422


def test_who_left_no_longer_gets_in_and_stays_in_the_history(iris, ada, stranger):
    iris.post("/people/person/ada/active", {"active": "0"})
    assert ada.get("/inbox").location.startswith("/login")
    assert stranger.log_in("ada").status_code != 303
    page = iris.get("/people/person/ada").text
    assert "已停用" in page and "可以登录：是 → 否" in page
    iris.post("/people/person/ada/active", {"active": "1"})
    assert stranger.log_in("ada").status_code == 303


def test_details_are_changed_with_old_and_new_in_the_history(iris):
    address = "/people/person/ada"
    assert (
        iris.post(f"{address}/details", {"full_name": "安达明", "email": "", "language": "zh"}).status_code
        == 303
    )
    assert "姓名：安达 → 安达明" in iris.get(address).text
    answer = iris.post(f"{address}/details", {"full_name": "安达明", "email": "no address", "language": "zh"})
    assert answer.status_code == 422
    assert 'value="no address"' in answer.text


def test_an_administrator_names_a_substitute_for_somebody_ill(iris):
    address = "/people/person/ada"
    days = {"first_day": "2026-03-02", "last_day": "2026-03-06"}
    assert iris.post(f"{address}/substitutes", {"substitute": "ben", **days}).status_code == 303
    page = iris.get(address).text
    assert "指定本代理安达" in page
    revoke = re.search(r'action="([^"]+/revoke)"', page)[1]
    iris.post(revoke)
    assert "已撤销" in iris.get(address).text
    assert iris.post(f"{address}/substitutes", {"substitute": "ben"}).status_code == 422
    assert iris.post(f"{address}/substitutes", {"substitute": "nobody", **days}).status_code == 404


def test_nobody_of_that_name(iris):
    for address in ("/people/person/nobody", "/people/person/<b>x"):
        answer = iris.get(address)
        assert answer.status_code == 404
        assert "<b>x" not in answer.text
    assert iris.post("/people/person/nobody/active", {"active": "0"}).status_code == 404


def test_the_history_of_people_speaks_english(iris, nora):
    iris.post("/language", {"language": "en", "back": "/"})
    assert "added 诺" in iris.get(nora).text
    assert "Latest changes" in iris.get("/people/").text


# ---- groups --------------------------------------------------------------------------------------------------

GARDENERS = {"key": "gardeners", "name_zh": "园林组", "name_en": "Gardeners", "side": "property"}


def test_a_new_group_can_be_given_to_people_and_named_by_diagrams(iris, database):
    assert iris.post("/people/groups", GARDENERS).status_code == 303
    page = iris.get("/people/groups").text
    assert "园林组" in page and "新建岗位组“园林组”（gardeners）" in page and "组里没有人" in page
    assert iris.post("/people/person/ada/groups", {"groups": ["front_desk", "gardeners"]}).status_code == 303
    with database.reading() as uow:
        source = DIAGRAM.replace('camunda:candidateGroups="manager"', 'camunda:candidateGroups="gardeners"')
        findings = definitions.check_files(uow, {"lend_key.bpmn": source.encode()})
        assert not [one for one in findings if one.severity == "error"]
        ada = identity.user(uow, "ada")
        assert ada is not None and "gardeners" in ada.groups and not ada.capabilities


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"key": "Gardeners"}, "组的标识"),
        ({"key": ""}, "组的标识"),
        ({"key": "front_desk"}, "已有岗位组"),
        ({"name_en": " "}, "中文和英文名称"),
        ({"name_zh": "园" * 101}, "中文和英文名称"),
        ({"side": "moon"}, "属于哪一方"),
    ],
)
def test_a_wrong_group_is_refused_and_what_was_typed_stays(iris, wrong, told):
    answer = iris.post("/people/groups", GARDENERS | wrong)
    assert answer.status_code == 422 and told in answer.text
    typed = (GARDENERS | wrong)["name_zh"]
    assert f'value="{typed}"' in answer.text


def test_a_group_is_renamed_unless_it_stands_in_the_file(iris, settings):
    iris.post("/people/groups", GARDENERS)
    names = {"name_zh": "绿化组", "name_en": "Gardeners"}
    assert iris.post("/people/groups/gardeners", names).status_code == 303
    assert "岗位组gardeners改名：园林组 → 绿化组" in iris.get("/people/groups").text
    assert iris.post("/people/groups/nobody", names).status_code == 404
    settings.processes.mkdir(parents=True, exist_ok=True)
    file = '[[group]]\nkey = "gardeners"\nname_zh = "绿化组"\nname_en = "Gardeners"\n'
    (settings.processes / "organisation.toml").write_text(file, encoding="utf-8")
    refused = iris.post("/people/groups/gardeners", names | {"name_zh": "花匠"})
    assert refused.status_code == 422 and "organisation.toml" in refused.text


def test_only_administrators_change_groups(ada, mei, olga):
    for browser in (ada, mei, olga):
        assert browser.get("/people/groups").status_code == 403
        assert browser.post("/people/groups", GARDENERS).status_code == 403
        assert browser.post("/people/groups/front_desk", GARDENERS).status_code == 403
