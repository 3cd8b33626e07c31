"""The program in a browser: everybody at a page of their own, and a clock that is moved."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, TimeoutError, expect
from sqlalchemy import select

from engine import clock, definitions, identity, journeys, runtime, tables, timers
from engine.clock import MovedClock
from engine.database import Database
from tests import chromium

_log = logging.getLogger(__name__)

DESK = {"viewport": {"width": 1280, "height": 900}, "locale": "zh-CN", "reduced_motion": "reduce"}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
    "locale": "zh-CN",
    "reduced_motion": "reduce",
}
A_STEP = timedelta(minutes=4)

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)

# On a busy machine, once in some hundred runs, a press of Chromium's mouse has no effect; why was not found. A person
# presses again. What the page heard of the first press is logged, for whoever meets it next.
WATCHED = """() => {
    window.heard = [];
    for (const kind of ["pointerdown", "mousedown", "mouseup", "click", "submit", "scroll", "htmx:afterSwap"])
        addEventListener(kind, event => heard.push(kind + " " + event.target.nodeName + " " + event.timeStamp), true);
}"""
TAKEN = "() => window.heard === undefined || document.querySelector('#form')?.dataset.sent !== undefined"


def _taken(page: Page) -> bool:
    """Return whether a form has been sent: the page says so, or is another one already."""
    try:
        page.wait_for_function(TAKEN, timeout=5_000)
    except TimeoutError:
        _log.warning("A press had no effect: %s %s", page.url, page.evaluate("window.heard"))
        return False
    return True


@dataclass(frozen=True)
class Step:
    """What somebody does with the task of this name."""

    task: str
    by: str
    values: Mapping[str, Any] = field(default_factory=dict)


class House:
    """The program, its time, and everybody at a browser of their own."""

    def __init__(
        self, browser: Browser, address: str, device: Mapping[str, Any], database: Database, moved: MovedClock
    ) -> None:
        self.browser, self.address, self.device = browser, address, device
        self.database, self.moved = database, moved
        self.contexts: dict[str, BrowserContext] = {}
        self.complaints: list[str] = []
        self.seen: set[str] = set()
        self.number = ""  # of the case that everybody works on

    def page_of(self, name: str) -> Page:
        """Return the page of somebody, who logs in the first time."""
        if name not in self.contexts:
            context = self.browser.new_context(base_url=self.address, **self.device)
            self.contexts[name] = context
            page = context.new_page()
            page.set_default_timeout(15_000)
            page.on("pageerror", lambda error: self.complaints.append(f"{name}: {error}"))
            page.on("console", lambda line: self._heard(name, line.type, line.text))
            page.goto("/login")
            page.fill("#name", name)
            page.fill("#password", "banjie-demo")
            page.keyboard.press("Enter")
            page.wait_for_url("**/inbox")
        return self.contexts[name].pages[0]

    def _heard(self, name: str, kind: str, text: str) -> None:
        told_by_status = "the server responded with a status of" in text  # 404, 409 and 422 are meant
        if kind in ("error", "warning") and not told_by_status:
            self.complaints.append(f"{name}: {text}")

    def look(self, page: Page, what: str) -> None:
        """Look at a page: the first time at what everybody must be able to read and to reach."""
        width = self.device["viewport"]["width"]
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{what}: sideways scrolling"
        if what not in self.seen:
            self.seen.add(what)
            assert "{{" not in page.locator("main").inner_text(), f"{what}: a text is not filled in"
            assert not chromium.serious(page), what

    def press(self, button: Locator) -> None:
        """Click at the desk, tap on the phone."""
        if self.device.get("has_touch"):
            button.tap()
        else:
            button.click()

    def open_from_inbox(self, task: str, by: str, *, claim: bool = True) -> Page:
        """Let somebody find a task in the list, look at it, and claim it."""
        page = self.page_of(by)
        page.goto("/inbox?which=groups")
        line = page.locator("[data-row]", has_text=self.number).filter(
            has=page.get_by_role("link", name=task, exact=True)
        )
        expect(line).to_have_count(1)
        self.look(page, "inbox")
        self.press(line.locator("[data-opens]"))
        page.wait_for_url("**/tasks/**")
        expect(page.locator("h1")).to_contain_text(task)
        button = page.locator(".page-header [data-claims]")
        if claim and button.count():
            self.press(button)
            expect(page.locator("#messages")).to_contain_text("已认领")
        return page

    def fill(self, page: Page, values: Mapping[str, Any], prefix: str = "") -> None:
        """Fill in what is shown, as each kind of field wants it; the form may be drawn anew in between."""
        for key, value in values.items():
            self._fill(page, prefix + key, value)

    def _fill(self, page: Page, name: str, value: Any) -> None:
        if isinstance(value, list) and value and isinstance(value[0], dict):
            for index, row in enumerate(value):
                if not page.locator(f'[name^="{name}.{index}."]').count():
                    self.press(page.locator(f'button[name=_add][value="{name}"]'))
                    self._settled(page)
                self.fill(page, row, f"{name}.{index}.")
            return
        field = page.locator(f'[name="{name}"]:not([type=hidden])')
        kind = field.first.evaluate("field => field.type")
        if kind == "file":
            field.set_input_files([_file(each) for each in value])
        elif kind in ("radio", "checkbox"):
            for each in value if isinstance(value, list) else [value]:
                box = field if isinstance(each, bool) else page.locator(f'[name="{name}"][value="{each}"]')
                box.check()
                self._settled(page)
        elif kind == "select-one":
            field.select_option(value)
        else:
            field.fill(value)
            field.blur()
        self._settled(page)

    @staticmethod
    def _settled(page: Page) -> None:
        busy = ".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added"
        expect(page.locator(busy)).to_have_count(0)

    def submit(self, page: Page) -> int:
        """Press the form's button; return the status of the answer, wherever that leads."""
        button = page.locator("#form .act-bar button.btn-primary")
        with page.expect_navigation() as went:
            page.evaluate(WATCHED)
            self.press(button)
            if not _taken(page):
                self.press(button)
        sent = went.value.request.redirected_from
        answer = sent.response() if sent else went.value
        assert answer is not None
        return answer.status

    def see_on_diagram(self, page: Page, element_id: str) -> None:
        """Unfold the diagram of a task: it must show where the case stands, large enough to be read."""
        self.press(page.locator("#diagram summary"))
        diagram = page.locator("#diagram [data-diagram]")
        diagram.scroll_into_view_if_needed()
        expect(page.locator("#diagram [data-drawn]")).to_be_visible()
        token = diagram.locator(f".token[data-element-id={element_id}] .djs-visual")
        expect(token).to_be_in_viewport(ratio=0.9)
        box, shape = diagram.bounding_box(), token.bounding_box()
        assert box is not None
        assert shape is not None
        assert box["x"] <= shape["x"] <= box["x"] + box["width"] - shape["width"]
        assert shape["width"] >= 60  # pixels, of the 100 that the diagram gives a task
        self.look(page, "diagram")

    def do(self, step: Step, language: str = "zh") -> None:
        """Let somebody do one step of the case."""
        page = self.open_from_inbox(step.task, step.by)
        if language == "en":
            self.press(page.locator(".btn-language"))
            expect(page.locator("html")).to_have_attribute("lang", "en")
            expect(page.locator("h1")).not_to_contain_text(step.task)
        self.look(page, step.task)
        self.fill(page, step.values)
        self.finish(page, language)

    def time_passes(self) -> None:
        """Let some minutes go by; what falls due on the way happens."""
        self.wait_until(self.moved() + A_STEP)

    def wait_until(self, moment: datetime) -> None:
        """Let time go by; every timer that falls due on the way fires at its own time."""
        with clock.moved(self.moved):
            while True:
                with self.database.reading() as uow:
                    due = timers.next_due(uow)
                if due is None or due >= moment:
                    break
                self.moved.move_to(max(due, self.moved()))
                assert timers.fire_next(self.database)
        self.moved.move_to(moment)

    def waiting(self, name: str) -> list[str]:
        """Return the tasks of the case in somebody's inbox, their own and their groups'."""
        page = self.page_of(name)
        found = []
        for which in ("mine", "groups"):
            page.goto(f"/inbox?which={which}")
            found += (
                page.locator("[data-row]", has_text=self.number).locator("[data-opens]").all_inner_texts()
            )
        return found

    def done_elsewhere(self, step: Step) -> None:
        """Let somebody do a step of the case at a desk that nobody looks at."""
        task, case = tables.user_task, tables.process_instance
        wanted = (
            select(task.c.id, task.c.form_id)
            .join(case, case.c.id == task.c.instance_id)
            .where(task.c.status == "open", task.c.name_zh == step.task, case.c.case_number == self.number)
        )
        with clock.moved(self.moved), self.database.unit_of_work() as uow:
            found, by = uow.execute(wanted).one(), identity.user(uow, step.by)
            assert by is not None
            form = definitions.form(uow, found.form_id)
            submitted, _ = journeys.submission(uow, step.values, form, by)
            runtime.claim_task(uow, found.id, by)
            runtime.complete_task(uow, found.id, submitted, by)
        self.time_passes()

    def refuse(self, page: Page, values: Mapping[str, Any], field: str, words: str) -> None:
        """Submit a mistake: it is listed at the top and told beside its field."""
        self.fill(page, values)
        assert self.submit(page) == 422
        expect(page.locator("#form-mistakes")).to_be_visible()
        expect(page.locator(f"#f-{field}-error")).to_contain_text(words)
        self.look(page, f"mistake in {field}")

    def finish(self, page: Page, language: str = "zh") -> None:
        """Submit a task that is filled in."""
        assert self.submit(page) == 303, page.locator("#form-mistakes").all_inner_texts()
        expect(page.locator("#messages")).to_contain_text("已完成" if language == "zh" else "Done.")
        self.time_passes()

    def find_it_done(self, page: Page, by: str) -> None:
        """Let somebody who still sees an open task claim it, and be told who was first."""
        with page.expect_navigation() as went:
            self.press(page.locator(".page-header [data-claims]"))
        assert went.value.status == 409
        expect(page.locator("main")).to_contain_text(by)
        self.look(page, "done already")

    def keep_out(self, name: str, addresses: list[str]) -> None:
        """Let somebody without rights guess addresses."""
        page = self.page_of(name)
        for address in addresses:
            answer = page.goto(address)
            assert answer is not None
            assert answer.status == 404, address
        self.look(page, "not found")
        assert self.waiting(name) == []


def _file(name: str) -> dict[str, Any]:
    image = name.endswith(".png")
    return {
        "name": name,
        "mimeType": "image/png" if image else "application/pdf",
        "buffer": PNG if image else PDF,
    }
