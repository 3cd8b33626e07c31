"""A key cabinet: two people of the front desk, a small process, and a browser for each of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser as RealBrowser
from playwright.sync_api import Page
from werkzeug.test import TestResponse

from engine import clock, definitions, identity, organisation, passwords, people, runtime
from engine.clock import MovedClock
from engine.database import Database
from engine.identity import SYSTEM
from engine.migrations import migrate
from engine.settings import Settings
from tests import chromium
from tests.chromium import DESK
from web import create_app

PASSWORD = "a key in the drawer"

ORGANISATION = """
[[group]]
key = "front_desk"
name_zh = "前台"
name_en = "Front desk"

[[group]]
key = "manager"
name_zh = "经理"
name_en = "Manager"
capabilities = ["audit"]
"""

DIAGRAM = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:di="http://www.omg.org/spec/DD/20100524/DI"
    xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" id="d" targetNamespace="keys">
  <process id="lend_key" name="借钥匙" isExecutable="true" camunda:candidateStarterGroups="front_desk">
    <documentation>业主借用公共钥匙。</documentation>
    <extensionElements><camunda:properties>
      <camunda:property name="labelEn" value="Lend a key" />
      <camunda:property name="documentationEn" value="An owner borrows a key." />
      <camunda:property name="caseNumberPrefix" value="YS" />
      <camunda:property name="caseCustomer" value="${borrower}" />
    </camunda:properties></extensionElements>
    <startEvent id="asked" name="来借" camunda:formKey="asked"><outgoing>f1</outgoing></startEvent>
    <sequenceFlow id="f1" sourceRef="asked" targetRef="hand_out" />
    <userTask id="hand_out" name="发放钥匙" camunda:candidateGroups="front_desk" camunda:formKey="hand_out"
        camunda:dueDate="${hours(2)}">
      <documentation>先核对身份证。

- 登记钥匙编号</documentation>
      <extensionElements><camunda:properties>
        <camunda:property name="labelEn" value="Hand out the key" />
        <camunda:property name="documentationEn" value="Check the identity card first." />
      </camunda:properties></extensionElements>
      <incoming>f1</incoming><outgoing>f2</outgoing>
    </userTask>
    <sequenceFlow id="f2" sourceRef="hand_out" targetRef="take_back" />
    <userTask id="take_back" name="收回钥匙" camunda:candidateGroups="manager">
      <documentation>清点。</documentation>
      <extensionElements><camunda:properties>
        <camunda:property name="labelEn" value="Take the key back" />
        <camunda:property name="documentationEn" value="Count them." />
      </camunda:properties></extensionElements>
      <incoming>f2</incoming><outgoing>f3</outgoing>
    </userTask>
    <sequenceFlow id="f3" sourceRef="take_back" targetRef="returned" />
    <endEvent id="returned" name="已还"><incoming>f3</incoming></endEvent>
  </process>
  <bpmndi:BPMNDiagram id="diagram">
    <bpmndi:BPMNPlane id="plane" bpmnElement="lend_key">
      <bpmndi:BPMNShape id="asked_di" bpmnElement="asked">
        <dc:Bounds x="50" y="82" width="36" height="36" /></bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="hand_out_di" bpmnElement="hand_out">
        <dc:Bounds x="150" y="60" width="100" height="80" /></bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="take_back_di" bpmnElement="take_back">
        <dc:Bounds x="320" y="60" width="100" height="80" /></bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="returned_di" bpmnElement="returned">
        <dc:Bounds x="490" y="82" width="36" height="36" /></bpmndi:BPMNShape>
      <bpmndi:BPMNEdge id="f1_di" bpmnElement="f1">
        <di:waypoint x="86" y="100" /><di:waypoint x="150" y="100" /></bpmndi:BPMNEdge>
      <bpmndi:BPMNEdge id="f2_di" bpmnElement="f2">
        <di:waypoint x="250" y="100" /><di:waypoint x="320" y="100" /></bpmndi:BPMNEdge>
      <bpmndi:BPMNEdge id="f3_di" bpmnElement="f3">
        <di:waypoint x="420" y="100" /><di:waypoint x="490" y="100" /></bpmndi:BPMNEdge>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</definitions>
"""


def _form(key: str, name: str, *components: dict[str, Any]) -> bytes:
    document = {
        "type": "default", "id": key, "schemaVersion": 18, "name": name,
        "properties": {"nameEn": name}, "components": list(components),
    }  # fmt: skip
    return json.dumps(document, ensure_ascii=False).encode()


def _text(key: str, label: str, **more: Any) -> dict[str, Any]:
    return {"type": "textfield", "id": f"Field_{key}", "key": key, "label": label,
            "properties": {"labelEn": key}, **more}  # fmt: skip


FILES = {
    "lend_key.bpmn": DIAGRAM.encode(),
    "asked.form": _form("asked", "来借", _text("borrower", "借用人", validate={"required": True})),
    "hand_out.form": _form(
        "hand_out",
        "发放",
        _text("key_number", "钥匙编号", validate={"required": True}),
        _text("remark", "备注说明"),
        {"type": "filepicker", "id": "Field_photo", "key": "photo", "label": "照片",
         "properties": {"labelEn": "Photo"}},
    ),
}  # fmt: skip


#: So much is wrong with it that no page lists all: 150 forms are not there, and nothing follows 150 tasks.
FULL_OF_MISTAKES = DIAGRAM.replace(
    "  </process>",
    "".join(
        f'<userTask id="t{number}" camunda:candidateGroups="front_desk" camunda:formKey="gone" />'
        f'<sequenceFlow id="f_t{number}" sourceRef="hand_out" targetRef="t{number}" />'
        for number in range(150)
    )
    + "  </process>",
)

#: Not one of the files: for those who deploy a table.
TABLE_OF_KEYS = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="t" name="keys" namespace="keys">
  <decision id="which_key" name="哪把钥匙"><decisionTable id="dt" hitPolicy="FIRST">
    <input id="i" label="借用人"><inputExpression id="ie" typeRef="string"><text>borrower</text></inputExpression></input>
    <output id="o" name="key_number" typeRef="string" />
    <rule id="r"><inputEntry id="ae"><text>-</text></inputEntry><outputEntry id="oe"><text>"12"</text></outputEntry></rule>
  </decisionTable></decision>
</definitions>
"""


@pytest.fixture
def moment() -> Iterator[MovedClock]:
    """The clock of the test, which stands at ten in the morning of a Monday."""
    moved = MovedClock(datetime(2026, 3, 2, 2, 0, tzinfo=UTC))
    with clock.moved(moved):
        yield moved


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        database_url="sqlite://", secret_key="a secret of the tests", processes=tmp_path, files=tmp_path / "files",
        zone=ZoneInfo("Asia/Shanghai"), office_opens=time(8, 30), office_closes=time(17, 30),
        session_lifetime=timedelta(hours=8), largest_file=100_000, secure_cookies=False, demo=True,
    )  # fmt: skip


@pytest.fixture
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed with little effort, for dozens of logins a second."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def database(
    settings: Settings, moment: MovedClock, quick_hashes: None, tmp_path: Path
) -> Iterator[Database]:
    """A centre with ada and ben at the front desk, and mei, their manager."""
    database = Database(settings.database_url, settings.centre)
    migrate(database)
    (tmp_path / "organisation.toml").write_text(ORGANISATION, encoding="utf-8")
    with database.unit_of_work() as uow:
        organisation.load(uow, tmp_path / "organisation.toml")
        for name, full_name, group in (
            ("ada", "安达", "front_desk"),
            ("ben", "本", "front_desk"),
            ("mei", "梅", "manager"),
        ):
            people.create_user(uow, name, full_name, PASSWORD, [group], by=SYSTEM)
        definitions.deploy(uow, FILES, by=SYSTEM, reason="for the tests")
    yield database
    database.close()


@pytest.fixture
def app(settings: Settings, database: Database) -> Flask:
    app = create_app(settings, database)
    app.testing = False  # errors become pages, as they do for people
    return app


class Browser:
    """Somebody's browser: keeps cookies, and sends the token of the page it saw last."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.token = ""

    def get(self, address: str, **options: Any) -> TestResponse:
        return self._seen(self.client.get(address, buffered=True, **options))

    def post(self, address: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        return self._seen(
            self.client.post(address, data={"csrf_token": self.token, **(data or {})}, **options)
        )

    def log_in(self, name: str, password: str = PASSWORD, **options: Any) -> TestResponse:
        self.get("/login")
        answer = self.post("/login", {"name": name, "password": password}, **options)
        self.get("/account/password")
        return answer

    def _seen(self, answer: TestResponse) -> TestResponse:
        if answer.mimetype == "text/html":
            found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
            self.token = found[1] if found else self.token
        return answer


@pytest.fixture
def stranger(app: Flask) -> Browser:
    return Browser(app.test_client())


@pytest.fixture
def browser_of(app: Flask) -> Callable[[str], Browser]:
    """The browser of somebody who has logged in."""

    def browser_of(name: str) -> Browser:
        browser = Browser(app.test_client())
        browser.log_in(name)
        return browser

    return browser_of


@pytest.fixture
def ada(browser_of: Callable[[str], Browser]) -> Browser:
    return browser_of("ada")


@pytest.fixture
def ben(browser_of: Callable[[str], Browser]) -> Browser:
    return browser_of("ben")


@pytest.fixture
def mei(browser_of: Callable[[str], Browser]) -> Browser:
    return browser_of("mei")


@pytest.fixture
def olga(database: Database, browser_of: Callable[[str], Browser]) -> Browser:
    """The process owner, who may also end cases and try stopped steps again."""
    return _with_capabilities(database, browser_of, "olga", "奥加", ["deploy", "audit", "cancel", "retry"])


@pytest.fixture
def iris(database: Database, browser_of: Callable[[str], Browser]) -> Browser:
    """The administrator."""
    return _with_capabilities(database, browser_of, "iris", "依兰", ["administer"])


def _with_capabilities(
    database: Database,
    browser_of: Callable[[str], Browser],
    name: str,
    full_name: str,
    capabilities: list[str],
) -> Browser:
    group = {"key": f"of_{name}", "name_zh": f"{full_name}组", "name_en": name, "capabilities": capabilities}
    with database.unit_of_work() as uow:
        organisation.load(uow, {"group": [group]})
        people.create_user(uow, name, full_name, PASSWORD, [group["key"]], by=SYSTEM)
    return browser_of(name)


@pytest.fixture
def task(database: Database) -> str:
    """The address of the task that waits at the front desk."""
    with database.unit_of_work() as uow:
        ada = identity.user(uow, "ada")
        assert ada is not None
        started = runtime.start_process(uow, "lend_key", {"borrower": "王 <b>五</b>"}, by=ada)
    return f"/tasks/{started.open_task_ids[0]}"


# ---- a real browser ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[RealBrowser]:
    with chromium.started() as browser:
        yield browser


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """The program, served to a real browser."""
    with chromium.served(app) as address:
        yield address


@pytest.fixture
def open_page(browser: RealBrowser, address: str) -> Iterator[Callable[..., Page]]:
    """``open_page("ada", DESK)``: a page of somebody who has logged in; it may complain of nothing."""
    contexts, complaints = [], []

    def open_page(name: str, size: dict[str, int] = DESK) -> Page:
        context = browser.new_context(viewport=size, base_url=address)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda line: complaints.append(line.text) if "Content Security" in line.text else None
        )
        page.goto("/login")
        page.fill("#name", name)
        page.fill("#password", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/inbox")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints
