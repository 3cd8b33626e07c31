"""Forms as a browser gets them: labels, messages beside the fields, nothing a strict policy refuses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from lxml import html

import web
from engine import forms
from engine.bpmn import expressions
from engine.errors import InvalidForm
from engine.forms.loading import REQUIRED
from engine.forms.view import FieldView
from tests.engine.test_forms import AMOUNT, CHOICES, FILES, ROWS, field, form_of
from web.presentation import file_size

FOLDER = Path(web.__file__).parent
FORMS = sorted((FOLDER.parent / "processes" / "forms").glob("*.form"))
ZONE = ZoneInfo("Asia/Shanghai")

EVERYTHING = form_of(
    {
        "type": "text",
        "text": "# Guide\n\nSay **hello**, *please*\n\n- one\n- `two`\n\n1. [three](https://example.cn/a)",
    },
    field("textfield", "name", label="Name", description="As on the card", validate={"required": True}),
    field("textarea", "facts", label="Facts"),
    AMOUNT,
    {"type": "separator"},
    {"type": "spacer"},
    field("checkbox", "has_claim", label="Claim", layout={"row": "r1", "columns": 8}),
    field("radio", "channel", label="Channel", values=CHOICES, layout={"row": "r1", "columns": 8}),
    field("select", "room", label="Room", values=CHOICES, conditional={"hide": "=not has_claim"}),
    field("checklist", "goods", label="Goods", values=CHOICES, validate={"required": True}),
    field("taglist", "tags", label="Tags", values=CHOICES),
    field("datetime", "on_day", label="Day"),
    field("datetime", "at_instant", label="Time", subtype="datetime"),
    field(
        "filepicker",
        "papers",
        label="Papers",
        multiple=True,
        accept=".jpg,.pdf",
        properties={"evidence": "true"},
    ),
    field("textfield", "earlier", label="Earlier", readonly=True),
    {
        "type": "table",
        "label": "Grants",
        "dataSource": "=grants",
        "columns": [{"key": "sum", "label": "Sum"}],
    },
    {
        "type": "group",
        "label": "More",
        "properties": {"collapsed": "true"},
        "components": [
            field("textfield", "more", id="more", label="More", properties={"restricted": "true"})
        ],
    },
    ROWS,
)


def evaluate(text: str, variables: Mapping[str, Any]) -> Any:
    return expressions.compile(text).evaluate(variables, {})


def draw(
    form: forms.Form, known: Any = None, typed: Any = None, errors: Any = None, language: str = "en"
) -> str:
    view = form.view(
        known or {}, typed, errors, language=language, zone=ZONE, evaluate=evaluate, attachment=FILES.get
    )
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["file_size"] = file_size
    page = environment.from_string(
        '{% import "forms/form.html" as forms %}'
        "{% call forms.render_form(view, '/tasks/1/complete', 'token', '/tasks/1/form', file_url) %}"
        '<button type="submit">Complete</button>{% endcall %}'
    )
    return page.render(view=view, file_url="/files/{}".format)


def tree(text: str) -> Any:
    return html.fromstring(f"<main>{text}</main>")


def sent_by(page: Any) -> dict[str, list[str]]:
    """What a browser sends for the form."""
    return forms.submitted(
        (str(name), str(value)) for name, value in page.forms[0].form_values() if name != "papers"
    )


KNOWN = {"earlier": "<b>old</b>", "grants": [{"sum": Decimal("12.00")}]}
FILLED = {
    "name": "“王” <script>alert(1)</script>",
    "facts": "\nfirst line\n</textarea>",
    "answer": "36,000.5",
    "has_claim": ["off", "on"],
    "channel": "a",
    "room": "b",
    "goods": ["a", "b"],
    "on_day": "2026-03-02",
    "at_instant": "2026-03-02T14:30",
    "papers": [{"file": "photo-1", "source": "owner", "taken_on": "2026-01-02"}],
    "defects": [{"place": "kitchen", "count_of": "2"}],
}


def test_a_page_sent_as_it_was_drawn_means_what_was_typed() -> None:
    def load(sent: Any) -> dict[str, Any]:
        return EVERYTHING.load(sent, KNOWN, zone=ZONE, evaluate=evaluate, attachment=FILES.get)

    again = load(sent_by(tree(draw(EVERYTHING, KNOWN, FILLED))))

    assert again == load(FILLED)
    assert again["answer"] == Decimal("36000.50")
    assert again["papers"][0]["taken_on"] == date(2026, 1, 2)
    assert again["defects"] == [{"place": "kitchen", "count_of": 2}]
    assert load(sent_by(tree(draw(EVERYTHING, {**KNOWN, **again})))) == again


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_input_has_a_label_and_every_id_is_unique(language: str) -> None:
    page = tree(draw(EVERYTHING, KNOWN, FILLED, language=language))

    ids = [str(found) for found in page.xpath("//@id")]
    assert len(ids) == len(set(ids))
    for control in page.xpath('//input[not(@type="hidden")] | //select | //textarea'):
        labels = [*page.xpath("//label[@for=$id]", id=control.get("id")), *control.iterancestors("label")]
        assert len(labels) == 1 or control.get("aria-label"), html.tostring(control)
    for described in page.xpath("//@aria-describedby | //@aria-labelledby"):
        assert set(str(described).split()) <= set(ids)


def test_mistakes_stand_beside_their_fields_and_in_a_summary_that_leads_there() -> None:
    typed = {"answer": "3万", "goods": [""], "on_day": "someday", "defects.0.count_of": "x", "stranger": "1"}
    with pytest.raises(InvalidForm) as caught:
        EVERYTHING.load(typed, KNOWN, zone=ZONE, evaluate=evaluate)

    page = tree(draw(EVERYTHING, KNOWN, typed, caught.value.errors))

    links = [str(link) for link in page.xpath('//*[@id="form-mistakes"]//a/@href')]
    assert links == [
        "#f-name", "#f-answer", "#f-goods-0", "#f-on_day", "#f-defects-0-place", "#f-defects-0-count_of",
    ]  # fmt: skip
    assert "stranger" in page.xpath('string(//*[@id="form-mistakes"])')
    for link in links:
        [target] = page.xpath("//*[@id=$id]", id=link[1:])
        assert target.get("aria-invalid") == "true"
    for name, value in (("answer", "3万"), ("on_day", "someday"), ("defects.0.count_of", "x")):
        [control] = page.xpath("//input[@name=$name]", name=name)
        assert control.get("value") == value
        [message] = page.xpath("//*[@id=$id]", id=control.get("aria-describedby"))
        assert message.text_content().strip()


def test_nothing_typed_becomes_markup() -> None:
    drawn = draw(EVERYTHING, KNOWN, FILLED)

    assert "<script" not in drawn
    assert "<b>old" not in drawn
    page = tree(drawn)
    assert page.xpath("//textarea")[0].text.lstrip("\n") == "first line\n</textarea>"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_strict_policy_has_nothing_to_refuse(language: str) -> None:
    drawn = draw(EVERYTHING, KNOWN, FILLED, {"name": ()}, language)

    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=|javascript:|hx-on|hx-vals", drawn)


def test_a_field_that_a_condition_looks_at_asks_for_the_form_again() -> None:
    page = tree(draw(EVERYTHING, KNOWN, FILLED))

    assert {str(name) for name in page.xpath("//*[@hx-trigger]/@name")} == {"has_claim"}
    [box] = page.xpath('//input[@type="checkbox"][@name="has_claim"]')
    assert box.get("hx-post") == "/tasks/1/form"
    assert box.get("hx-params") == "not papers"
    assert page.xpath("//*[@id=$id]", id=box.get("hx-target")[1:])


def test_a_form_whose_files_are_still_hidden_can_send_them_once_they_are_shown() -> None:
    form = form_of(
        field("checkbox", "has_photo"), field("filepicker", conditional={"hide": "=has_photo != true"})
    )

    page = tree(draw(form))

    assert page.find(".//input[@type='file']") is None
    assert page.find("form").get("enctype") == "multipart/form-data"


def test_which_files_may_be_chosen_is_said_in_words() -> None:
    page = tree(draw(form_of(field("filepicker", "photos", accept="image/*,.pdf")), language="zh"))

    assert page.find(".//input[@type='file']").get("accept") == "image/*,.pdf"
    assert [hint.text for hint in page.xpath('//*[contains(text(), "可上传")]')] == ["可上传：图片, .pdf"]


def test_a_browser_neither_cuts_off_a_long_text_nor_offers_the_camera_alone() -> None:
    photo = field("filepicker", "photo", accept="image/*", properties={"capture": "environment"})
    page = tree(draw(form_of(field("textfield", "name"), field("textarea", "facts"), photo, AMOUNT)))

    assert page.xpath("//input[@name='photo'] | //textarea")
    assert not page.xpath("//@maxlength | //@capture")


def test_neighbours_of_one_row_share_a_line_and_keep_their_widths() -> None:
    page = tree(draw(EVERYTHING, KNOWN))

    line = page.xpath('//input[@name="has_claim"]/ancestor::div[contains(@class, "bj-line")]')[0]
    assert [cell.get("class") for cell in line] == ["bj-cell bj-col-8"] * 2


def test_a_field_that_names_a_register_offers_its_records() -> None:
    page = tree(draw(form_of(field("textfield", "tenant", properties={"register": "customer"}))))

    (typed,), (offers,) = page.xpath("//input[@name='tenant']"), page.xpath("//datalist")

    assert (typed.get("list"), typed.get("placeholder")) == (
        offers.get("id"),
        "Type a few letters to find it",
    )
    assert offers.get("hx-get") == "/registers/customer/offers"


def test_amounts_and_dates_bring_the_right_keyboard() -> None:
    page = tree(draw(EVERYTHING, KNOWN))

    def attribute(name: str, wanted: str) -> str:
        return str(page.xpath("//input[@name=$name]", name=name)[-1].get(wanted))

    assert attribute("answer", "inputmode") == "decimal"
    assert attribute("on_day", "type") == "date"
    assert attribute("at_instant", "type") == "datetime-local"
    assert attribute("papers", "accept") == ".jpg,.pdf"


def test_a_collapsed_group_opens_where_there_is_a_mistake_in_it() -> None:
    assert tree(draw(EVERYTHING, KNOWN)).xpath("//details")
    assert not tree(draw(EVERYTHING, KNOWN, {}, {"more": [REQUIRED]})).xpath("//details")


def test_enter_completes_and_never_removes_a_row() -> None:
    page = tree(draw(EVERYTHING, KNOWN, FILLED))

    first = page.xpath('//form//button[@type="submit"]')[0]
    assert (first.get("name"), first.get("formaction")) == (None, None)
    assert page.xpath('//button[@name="_remove"]/@value') == ["defects.0"]
    assert page.xpath('//button[@name="_add"]/@value') == ["defects"]


def test_the_form_is_one_language_throughout() -> None:
    assert not re.search("[一-鿿]", draw(EVERYTHING, {"grants": []}, language="en"))
    assert "必填" in draw(EVERYTHING, KNOWN, language="zh-CN")


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_form_of_the_processes_can_be_drawn(path: Path, language: str) -> None:
    form = forms.read(path.read_bytes(), path.name)

    page = tree(draw(form, language=language))

    for node in form.view({}, language=language, zone=ZONE, evaluate=evaluate).nodes():
        if isinstance(node, FieldView) and node.kind != "readonly":
            assert page.xpath("//*[@name=$name]", name=node.name)
