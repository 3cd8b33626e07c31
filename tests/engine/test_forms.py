"""Form files are read strictly; what is submitted becomes variables, or messages beside the fields."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import clock, forms
from engine.bpmn import expressions
from engine.bpmn.functions import FUNCTIONS
from engine.errors import InvalidDefinition, InvalidForm
from engine.forms import markdown
from engine.forms.patterns import PatternRefused, compile_pattern
from engine.forms.values import phone
from engine.forms.view import FieldView, RowsView
from engine.texts import Text

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=ZONE)
PHOTO = {"id": "photo-1", "name": "漏水.JPG", "size": 1234, "type": "image/jpeg"}
PAPER = {"id": "paper-1", "name": "证明.pdf", "size": 99, "type": "application/pdf"}
NAIVE = (datetime.fromisoformat("1971-01-01"), datetime.fromisoformat("2090-01-01"))
FILES = {file["id"]: file for file in (PHOTO, PAPER)}


def evaluate(text: str, variables: Mapping[str, Any]) -> Any:
    functions = {"now": lambda: NOW, "today": lambda: NOW.date(), "sum": sum, "len": len}
    return expressions.compile(text).evaluate(variables, functions)


def source(*components: dict[str, Any], **top: Any) -> str:
    unlabelled = ("text", "separator", "spacer")
    numbered = [
        {
            "id": f"Field_{number}",
            **({} if component["type"] in unlabelled else {"label": "Label"}),
            **component,
        }
        for number, component in enumerate(components)
    ]
    form = {"type": "default", "id": "test_form", "schemaVersion": 18, "name": "Test", **top}
    return json.dumps({**form, "components": numbered}, ensure_ascii=False)


def form_of(*components: dict[str, Any]) -> forms.Form:
    return forms.read(source(*components))


def field(kind: str, key: str = "answer", **attributes: Any) -> dict[str, Any]:
    return {"type": kind, "key": key, **attributes}


def load(form: forms.Form, sent: Any, known: Mapping[str, Any] | None = None) -> dict[str, Any]:
    with clock.moved(clock.MovedClock(NOW)):
        return form.load(sent, known or {}, zone=ZONE, evaluate=evaluate, attachment=FILES.get)


def view(
    form: forms.Form, known: Any = None, typed: Any = None, errors: Any = None, language: str = "zh"
) -> Any:
    return form.view(
        known or {}, typed, errors, language=language, zone=ZONE, evaluate=evaluate, attachment=FILES.get
    )


def refused(form: forms.Form, sent: Any, known: Mapping[str, Any] | None = None) -> dict[str, str]:
    with pytest.raises(InvalidForm) as caught:
        load(form, sent, known)
    return {key: " ".join(text.en for text in texts) for key, texts in caught.value.errors.items()}


def findings(text: bytes | str, file_name: str = "") -> set[str]:
    with pytest.raises(InvalidDefinition) as caught:
        forms.read(text, file_name)
    return {finding.code for finding in caught.value.findings if finding.severity == "error"}


AMOUNT = field("number", properties={"kind": "amount"})
ROWS = {
    "type": "dynamiclist",
    "path": "defects",
    "label": "Defects",
    "components": [
        field("textfield", "place", id="place", label="Place", validate={"required": True}),
        field("number", "count_of", id="count_of", label="Count", decimalDigits=0),
    ],
}
CHOICES = [{"label": "A", "value": "a"}, {"label": "B", "value": "b"}]


# reading -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "not-json"),
        (b"\xff\xfe", "not-utf8"),
        ("[]", "not-a-form"),
        ('{"id": "a", "id": "b"}', "twice-in-object"),
        ('{"id": NaN}', "bad-json-value"),
        ("[" * 100_000, "bad-json-value"),
        ('{"a": ' + "9" * 5000 + "}", "bad-json-value"),
        ('{"type": "default", "components": []}', "form-id"),
        (source(id="no spaces"), "form-id"),
        (source(schemaVersion=3), "schema-version"),
        (source(type="process"), "form-type"),
        ('{"id": "a", "components": 7}', "no-components"),
        (" " * 1_100_000, "too-large"),
        (source({"type": "html", "content": "<b>"}), "unknown-type"),
        (source({"type": "iframe"}), "unknown-type"),
        (source({"label": "no type", "type": 3}), "no-type"),
        (source(field("textfield", "two words")), "key"),
        (source(field("textfield", "typename")), "reserved-key"),
        (source(field("textfield", "today")), "reserved-key"),
        (source(field("textfield", "class")), "reserved-key"),
        (source(field("textfield"), field("number")), "duplicate-key"),
        (source(field("textfield", id="x"), field("number", "b", id="x")), "duplicate-id"),
        (source(field("textfield", label="")), "no-label"),
        (source(field("select")), "no-options"),
        (source(field("radio", values=[{"label": "x"}])), "option"),
        (source(field("radio", values=CHOICES + CHOICES)), "duplicate-option"),
        (source(field("radio", values=CHOICES, properties={"kind": "boolean"})), "boolean-options"),
        (source(field("textfield", properties={"restricted": True})), "properties"),
        (source(field("textfield", properties={"check": "passport"})), "not-one-of"),
        (source(field("textfield", validate={"pattern": "(a+)+"})), "pattern"),
        (source(field("textfield", validate={"maxLength": "many"})), "wrong-value"),
        (source(field("textfield", readonly="=x")), "expression-here"),
        (source(field("number", defaultValue="much")), "default"),
        (source(field("checkbox", properties={"whenHidden": "maybe"})), "default"),
        (source({"type": "text", "text": "<script>alert(1)</script>"}), "html"),
        (source({"type": "group", "path": "p", "components": []}), "group-path"),
        (source({"type": "table", "columns": []}), "table-columns"),
        (source({"type": "table", "columns": [{"key": "a"}]}), "table-source"),
        (source(*[field("textfield", f"k{n}") for n in range(401)]), "too-many"),
        (r'{"id": "f", "name": "half \ud800", "components": []}', "bad-json-value"),
        (source(field("textfield", label="nothing \0")), "bad-json-value"),
    ],
)
def test_a_mistake_in_a_form_file_is_found(text: bytes | str, code: str) -> None:
    assert code in findings(text)


def test_a_finding_names_the_component_and_its_line() -> None:
    text = json.dumps(
        json.loads(source(field("textfield", "phone"), field("html", "logo", label="Logo"))), indent=1
    )

    with pytest.raises(InvalidDefinition) as caught:
        forms.read(text, "test_form.form")

    [finding] = caught.value.findings
    assert (finding.element_id, finding.element_name, finding.file) == ("logo", "Logo", "test_form.form")
    assert '"Field_1"' in text.splitlines()[(finding.line or 0) - 1]


def test_missing_english_and_settings_without_effect_are_warnings() -> None:
    form = forms.read(
        source(field("textfield", label="电话", colour="red"), {"type": "button", "label": "OK"}), "x.form"
    )

    assert [finding.code for finding in form.findings] == [
        "file-name",
        "attribute-ignored",
        "no-english",
        "button",
    ]


def test_every_function_of_expressions_is_a_reserved_key() -> None:
    assert set(FUNCTIONS) <= forms.RESERVED


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+",
        "(a|b)*c",
        "(.*)*",
        r"(\w+,)+\w+",
        "a*a*a*a*",
        r"(a)\1",
        "(?=a)a",
        "[",
        "a" * 400,
        "(a{1,9}){1,9}",
        "[[a]",
        "(?P<n>a)",
    ],
)
def test_a_pattern_that_could_take_for_ever_is_refused(pattern: str) -> None:
    with pytest.raises(PatternRefused):
        compile_pattern(pattern, 200)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"^\d{1,3}-\d+$", "12-3456"),
        (r"(?:\d{3}-)?\d{8}", "12345678"),
        ("[一-龥A-Z]{2,20}", "办结AB"),
        (r"[^\]\d]+(\.\d{1,2})?", "ab.12"),
        (r"(A|B)\d", "B1"),
        (r"(\d{2}){3}", "123456"),
        ("(ab)*c", "ababc"),
    ],
)
def test_ordinary_patterns_work(pattern: str, text: str) -> None:
    assert compile_pattern(pattern, 200).fullmatch(text)


# values --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("component", "sent", "value"),
    [
        (field("textfield"), ["  张三 "], "张三"),
        (field("textfield"), "<script>alert(1)</script>", "<script>alert(1)</script>"),
        (field("textfield"), "   ", None),
        (field("textarea"), "a\r\nb", "a\nb"),
        (field("textfield", validate={"validationType": "email"}), "a.b@c.com", "a.b@c.com"),
        (field("textfield", properties={"check": "id_number"}), "11010519491231002x", "11010519491231002X"),
        (AMOUNT, "¥36,000.5", Decimal("36000.50")),
        (AMOUNT, "36000元", Decimal("36000.00")),
        (AMOUNT, 50000, Decimal("50000.00")),
        (AMOUNT, 0.1, Decimal("0.10")),
        (AMOUNT, Decimal("1E+2"), Decimal("100.00")),
        (AMOUNT, "-0", Decimal("0.00")),
        (field("number", decimalDigits=0), "12", 12),
        (field("number", decimalDigits=0), Decimal("12.0"), 12),
        (field("number"), "1.50", Decimal("1.5")),
        (field("number"), 2.0, 2),
        (field("number", decimalDigits=1), "-3", Decimal("-3.0")),
        (field("checkbox"), ["off", "on"], True),
        (field("checkbox"), ["off"], False),
        (field("checkbox"), True, True),
        (field("checkbox"), None, False),
        (field("radio", values=CHOICES), ["a"], "a"),
        (field("select", values=CHOICES), "", None),
        (field("checklist", values=CHOICES), ["", "a", "b", "a"], ["a", "b"]),
        (field("taglist", values=CHOICES), "b", ["b"]),
        (field("select", valuesExpression='=["x", "y"]'), "y", "y"),
        (field("datetime"), "2026-03-02", date(2026, 3, 2)),
        (field("datetime"), "2026年3月2日", date(2026, 3, 2)),
        (field("datetime"), date(2026, 3, 2), date(2026, 3, 2)),
        (field("datetime", subtype="time"), "14:05", time(14, 5)),
        (
            field("datetime", subtype="datetime"),
            "2026-03-02T14:30",
            datetime(2026, 3, 2, 14, 30, tzinfo=ZONE),
        ),
        (
            field("datetime", subtype="datetime"),
            "2026-03-02T06:30:00Z",
            datetime(2026, 3, 2, 14, 30, tzinfo=ZONE),
        ),
        (
            field("datetime", subtype="datetime"),
            datetime(2026, 3, 2, 6, 30, tzinfo=UTC),
            datetime(2026, 3, 2, 14, 30, tzinfo=ZONE),
        ),
        (
            field(
                "radio",
                values=[{"label": "Y", "value": "true"}, {"label": "N", "value": "false"}],
                properties={"kind": "boolean"},
            ),
            "false",
            False,
        ),
        (
            field(
                "radio",
                values=[{"label": "Y", "value": "true"}, {"label": "N", "value": "false"}],
                properties={"kind": "boolean"},
            ),
            True,
            True,
        ),
    ],
)
def test_typed_texts_and_typed_values_are_understood_alike(component: Any, sent: Any, value: Any) -> None:
    loaded = load(form_of(component), {"answer": sent})["answer"]

    assert loaded == value
    assert type(loaded) is type(value)


@pytest.mark.parametrize(
    ("component", "sent"),
    [
        (field("textfield"), 5),
        (field("textfield"), {"a": 1}),
        (field("textfield"), ["a", "b"]),
        (field("textfield"), "a\x00b"),
        (field("textfield"), "two\nlines"),
        (field("textfield"), "\u202egpj.exe"),
        (field("textfield"), "\ud800"),
        (field("textfield"), "x" * 201),
        (field("textarea"), "x" * 1_000_000),
        (field("textfield", validate={"minLength": 3}), "ab"),
        (field("textfield", validate={"pattern": r"\d+"}), "12a"),
        (field("textfield", validate={"validationType": "email"}), "a@b"),
        (field("textfield", properties={"check": "id_number"}), "110105194912310021"),
        (field("textfield", properties={"check": "id_number"}), "110105194913310027"),
        (AMOUNT, "NaN"),
        (AMOUNT, float("nan")),
        (AMOUNT, float("inf")),
        (AMOUNT, Decimal("Infinity")),
        (AMOUNT, -1),
        (AMOUNT, "-0.01"),
        (AMOUNT, "9" * 40),
        (AMOUNT, 10**40),
        (AMOUNT, Decimal("1E+1000000")),
        (AMOUNT, Decimal("1E-1000000")),
        (AMOUNT, "1e5"),
        (AMOUNT, "36,00"),
        (AMOUNT, "0.001"),
        (AMOUNT, True),
        (AMOUNT, "3万5"),
        (AMOUNT, 10**12),
        (field("number", decimalDigits=0), "1.5"),
        (field("number", validate={"min": 1, "max": "5"}), 6),
        (field("number", validate={"min": 1, "max": "=2 + 3"}), 6),
        (field("checkbox"), "maybe"),
        (field("checkbox"), 1),
        (field("radio", values=CHOICES), "c"),
        (field("radio", values=CHOICES), ["a", "b"]),
        (field("checklist", values=CHOICES), ["a", "c"]),
        (field("checklist", values=CHOICES), [1]),
        (field("select", valuesExpression='=["x", "y"]'), "z"),
        (field("select", valuesKey="nothing_there"), "z"),
        (field("datetime"), "2026-02-30"),
        (field("datetime"), "0001-01-01"),
        (field("datetime"), 20260302),
        (field("datetime"), datetime(2026, 3, 2, tzinfo=UTC)),
        (field("datetime", subtype="time"), "25:00"),
        (field("datetime", subtype="datetime"), "2026-03-02"),
        (field("datetime", disallowPassedDates=True), "2026-03-01"),
        (field("datetime", properties={"max": "=today()"}), "2026-03-03"),
        (field("datetime", subtype="datetime", properties={"max": "=now()"}), "2026-03-02T10:01"),
        (field("datetime", properties={"min": "2026-01-01"}), "2025-12-31"),
        (field("filepicker"), "unknown"),
        (field("filepicker"), ["photo-1", "paper-1"]),
        (field("filepicker", multiple=True), ["photo-1", "photo-1"]),
        (field("filepicker", multiple=True, accept="image/*,.docx"), ["paper-1"]),
        (field("filepicker"), {"file": "photo-1", "owner": "x"}),
        (field("filepicker"), 7),
        (field("filepicker"), {"0": None, "new": None}),
        (field("filepicker"), {"": False, "new": {}}),
    ],
)
def test_a_value_that_does_not_fit_is_refused_beside_its_field(component: Any, sent: Any) -> None:
    assert set(refused(form_of(component), {"answer": sent})) == {"answer"}


def test_a_text_that_is_too_long_is_told_how_long_it_is() -> None:
    told = refused(form_of(field("textarea")), {"answer": "字" * 4321})["answer"]
    assert "4000" in told and "4321" in told


@pytest.mark.parametrize(
    "component",
    [
        field("textfield"),
        field("textarea"),
        AMOUNT,
        field("checkbox"),
        field("radio", values=CHOICES),
        field("checklist", values=CHOICES),
        field("datetime"),
        field("filepicker"),
    ],
)
def test_a_required_field_must_be_filled_in(component: dict[str, Any]) -> None:
    form = form_of({**component, "validate": {"required": True}})

    for sent in (
        {},
        {"answer": ""},
        {"answer": None},
        {"answer": [""]} if component["type"] == "checklist" else {},
    ):
        assert set(refused(form, sent)) == {"answer"}


def test_a_form_refuses_what_it_does_not_have() -> None:
    form = form_of(field("textfield"), field("textfield", "shown_only", readonly=True), dict(ROWS))

    sent = {
        "answer": "a",
        "shown_only": "b",
        "approved": True,
        "defects.0.price": ["1"],
        "defects.x.place": ["1"],
    }

    assert set(refused(form, sent)) == {
        "shown_only",
        "approved",
        "defects.0.price",
        "defects.0.place",
        "defects.x.place",
    }
    assert set(refused(form, {"__proto__": "a", "answer.0.a": "b"})) == {"__proto__", "answer.0.a"}
    assert refused(form, ["no", "mapping"]) == {"": "The value has the wrong type."}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("13800138000", "13800138000"),
        ("+86 138 0013 8000", "13800138000"),
        ("138-0013-8000", "13800138000"),
        ("8613800138000", "13800138000"),
        ("13800138000", "13800138000"),
        ("010-62345678", "010-62345678"),
        ("(010) 6234 5678", "010-62345678"),
        ("+86 10 6234 5678", "010-62345678"),
        ("0755-87654321-123", "0755-87654321-123"),
        ("0755 87654321 转 8", "0755-87654321-8"),
        ("0371-6543210", "0371-6543210"),
        ("400-810-1234", "400-810-1234"),
        ("8008101234", "800-810-1234"),
        ("4008101234转12", "400-810-1234-12"),
    ],
)
def test_chinese_telephone_numbers_are_accepted(typed: str, kept: str) -> None:
    assert phone(typed) == kept
    assert phone(kept) == kept


@pytest.mark.parametrize(
    "typed",
    ["12345", "12800138000", "1380013800", "138001380001", "62345678", "555-1234", "电话", "1" * 5000],
)
def test_other_numbers_are_no_telephone_numbers(typed: str) -> None:
    assert refused(form_of(field("textfield", properties={"check": "phone"})), {"answer": typed})


# conditions ----------------------------------------------------------------------------------------------


def test_a_hidden_field_is_neither_asked_for_nor_taken() -> None:
    form = form_of(
        field("checkbox", "has_claim"),
        {**AMOUNT, "key": "claim", "validate": {"required": True}, "conditional": {"hide": "=not has_claim"}},
    )

    assert load(form, {"claim": "nonsense"}) == {"has_claim": False}
    assert set(refused(form, {"has_claim": "on"})) == {"claim"}
    assert load(form, {"has_claim": True, "claim": 5}) == {"has_claim": True, "claim": Decimal("5.00")}


def test_a_hidden_group_hides_its_fields_and_a_hidden_field_counts_as_empty() -> None:
    form = form_of(
        field("textfield", "channel"),
        {
            "type": "group",
            "components": [field("textfield", "city", id="c", label="City")],
            "conditional": {"hide": '=channel != "letter"'},
        },
        field(
            "textfield", "street", conditional={"hide": "=city == null"}, properties={"whenHidden": "null"}
        ),
    )

    assert load(form, {"channel": "phone", "city": "深圳", "street": "x"}) == {
        "channel": "phone",
        "street": None,
    }
    assert load(form, {"channel": "letter", "city": "深圳", "street": "x"}) == {
        "channel": "letter",
        "city": "深圳",
        "street": "x",
    }


def test_a_hidden_field_can_have_a_value_of_its_own() -> None:
    form = form_of(
        {**AMOUNT, "conditional": {"hide": "=true"}, "properties": {"kind": "amount", "whenHidden": "0"}}
    )

    assert load(form, {"answer": "7"}) == {"answer": Decimal("0.00")}


def test_a_condition_that_fails_shows_the_field() -> None:
    form = form_of(
        field("textfield", conditional={"hide": "=missing.thing > 3"}, validate={"required": True})
    )

    assert set(refused(form, {})) == {"answer"}
    assert [node.key for node in view(form).nodes()] == ["answer"]


def test_a_field_can_be_required_on_a_condition() -> None:
    form = form_of(
        field("radio", "result", values=CHOICES),
        field("textfield", properties={"requiredIf": '=result == "b"'}),
    )

    assert load(form, {"result": "a"})["answer"] is None
    assert set(refused(form, {"result": "b"})) == {"answer"}


def test_a_value_can_be_refused_on_a_condition_with_a_reason() -> None:
    late = {"refusedIf": "=answer > latest", "refusal": "太晚了", "refusalEn": "Too late"}
    form = form_of(field("number", properties=late))

    assert load(form, {"answer": 5}, {"latest": 5}) == {"answer": 5}
    assert refused(form, {"answer": 6}, {"latest": 5}) == {"answer": "Too late"}
    assert load(form, {"answer": ""}, {"latest": 5}) == {"answer": None}


def test_conditions_see_the_variables_of_the_case() -> None:
    form = form_of(
        field("textfield", conditional={"hide": "=handling_cost <= 35000"}, validate={"required": True})
    )

    assert load(form, {}, {"handling_cost": Decimal(35000)}) == {}
    assert refused(form, {}, {"handling_cost": Decimal("35000.01")})


def test_an_expression_field_is_computed_from_what_was_typed() -> None:
    form = form_of(
        {**AMOUNT, "key": "price"},
        {**AMOUNT, "key": "fee"},
        {"type": "expression", "key": "total_price", "expression": "=price + fee"},
        {"type": "text", "text": "Together **{{total_price}}**"},
    )

    assert load(form, {"price": "1.10", "fee": "2"})["total_price"] == Decimal("3.10")
    assert load(form, {"price": "1.10"})["total_price"] is None
    assert refused(form, {"price": 1, "fee": 1, "total_price": 5}) == {
        "total_price": "The form has no such field."
    }
    texts = [node for node in view(form, typed={"price": "1", "fee": "1000"}).nodes() if node.kind == "text"]
    assert [span.text for span in texts[0].blocks[0].items[0]] == ["Together ", "1,001.00"]


def test_an_expression_field_may_leave_what_the_case_has_as_it_is() -> None:
    form = form_of(
        field("checkbox", "pass_on"),
        {
            "type": "expression",
            "key": "department",
            "expression": '=if pass_on then "security" else department',
        },
    )

    known = {"department": "engineering"}
    assert load(form, {"pass_on": False}, known)["department"] == "engineering"
    assert load(form, {"pass_on": True}, known)["department"] == "security"


# what the case knows -------------------------------------------------------------------------------------


def test_a_field_that_was_not_sent_keeps_what_the_form_showed() -> None:
    form = form_of(
        field("textfield", "unit"),
        field("textfield", "result", properties={"prefill": "no"}),
        field("textfield", "channel", defaultValue="phone"),
        field("datetime", "on_day", properties={"default": "=today()"}),
    )

    loaded = load(form, {}, {"unit": "3-1201", "result": "done"})

    assert loaded == {"unit": "3-1201", "result": None, "channel": "phone", "on_day": date(2026, 3, 2)}
    assert load(form, {"unit": "", "channel": ""}, {"unit": "3-1201"})["unit"] is None


def test_evidence_needs_its_source_and_date() -> None:
    form = form_of(field("filepicker", multiple=True, properties={"evidence": "true"}))

    assert "漏水.JPG" in refused(form, {"answer": ["photo-1"]})["answer"]
    assert refused(form, {"answer": [{"file": "photo-1", "source": "owner", "taken_on": "2026-03-03"}]})
    sent = {
        "answer": ["paper-1"],
        "answer.new.source": ["owner"],
        "answer.new.taken_on": ["2026-02-28"],
        "answer.0.file": ["photo-1"],
        "answer.0.source": ["guard"],
        "answer.0.taken_on": ["2026-03-01"],
        "answer.1.file": ["gone"],
        "answer.1.remove": ["on"],
    }
    assert load(form, sent)["answer"] == [
        {
            "file": "photo-1",
            "name": "漏水.JPG",
            "size": 1234,
            "type": "image/jpeg",
            "source": "guard",
            "taken_on": date(2026, 3, 1),
        },
        {
            "file": "paper-1",
            "name": "证明.pdf",
            "size": 99,
            "type": "application/pdf",
            "source": "owner",
            "taken_on": date(2026, 2, 28),
        },
    ]


def test_a_files_field_shows_what_was_uploaded_before() -> None:
    form = form_of(field("filepicker", multiple=True, validate={"required": True}))
    [node] = view(form, {"answer": [{"file": "photo-1"}]}).nodes()

    assert [(file.name, file.file_name) for file in node.files] == [("answer.0", "漏水.JPG")]
    assert not node.required
    assert form.takes_file("answer")
    assert not form.takes_file("other")


def test_rows_are_loaded_from_a_page_and_from_a_program() -> None:
    form = form_of(dict(ROWS))
    page = {
        "defects": [""],
        "defects.0.place": ["kitchen"],
        "defects.0.count_of": ["2"],
        "defects.1.place": [""],
        "defects.7.place": ["bath"],
    }

    rows = [{"place": "kitchen", "count_of": 2}, {"place": "bath", "count_of": None}]
    assert load(form, page) == {"defects": rows}
    assert load(form, {"defects": rows}) == {"defects": rows}
    assert load(form, {}) == {"defects": []}


def test_mistakes_in_rows_name_their_row() -> None:
    form = form_of({**ROWS, "properties": {"maxRows": "3", "minRows": "1"}})

    assert set(refused(form, {"defects": [{"place": "a"}, {"count_of": "x", "colour": "red"}]})) == {
        "defects.1.count_of",
        "defects.1.colour",
        "defects.1.place",
    }
    assert set(refused(form, {"defects": [{"place": "a"}] * 4})) == {"defects"}
    assert set(refused(form, {"defects": []})) == {"defects"}
    for wrong in ("x", 5, ["x"], {"a": {}}):
        assert set(refused(form, {"defects": wrong})) == {"defects"}


def test_rows_are_added_and_removed_with_everything_typed_still_there() -> None:
    form = form_of(field("textfield"), dict(ROWS))
    typed = {"answer": ["x"], "defects.0.place": ["a"], "defects.1.count_of": ["wrong"], "other": ["gone"]}

    more = form.with_row(typed, add="defects")
    less = form.with_row(more, remove="defects.0")

    assert more == {"answer": "x", "defects": [{"place": "a"}, {"count_of": "wrong"}, {}]}
    assert less["defects"] == [{"count_of": "wrong"}, {}]
    assert form.with_row(more, remove="defects.99") == form.with_row(more, add="nothing") == more


# showing -------------------------------------------------------------------------------------------------


def test_a_mistake_is_shown_beside_its_field_with_everything_typed() -> None:
    form = form_of(AMOUNT, field("textfield", "name"), field("datetime", "on_day"), dict(ROWS))
    typed = {"answer": "3万", "name": " 张 ", "on_day": "tomorrow", "defects.0.count_of": "x"}
    with pytest.raises(InvalidForm) as caught:
        load(form, typed)

    shown = view(form, typed=typed, errors=caught.value.errors)

    fields = {node.name: node for node in shown.nodes() if isinstance(node, FieldView)}
    assert {name: node.value for name, node in fields.items()} == {
        "answer": "3万",
        "name": " 张 ",
        "on_day": "tomorrow",
        "defects.0.place": "",
        "defects.0.count_of": "x",
    }
    assert {name for name, node in fields.items() if node.errors} == set(caught.value.errors)
    assert [mistake.target for mistake in shown.mistakes] == [
        "f-answer",
        "f-on_day",
        "f-defects-0-place",
        "f-defects-0-count_of",
    ]


def test_labels_are_in_the_language_asked_for() -> None:
    form = form_of(
        field(
            "radio",
            label="渠道",
            description="怎样来的",
            values=[{"label": "电话", "value": "phone"}],
            properties={"labelEn": "Channel", "descriptionEn": "How it came", "option.phone": "Telephone"},
        )
    )

    [chinese], [english] = view(form).nodes(), view(form, language="en").nodes()

    assert (chinese.label, chinese.options[0].label) == ("渠道", "电话")
    assert (english.label, english.description, english.options[0].label) == (
        "Channel",
        "How it came",
        "Telephone",
    )


def test_templates_show_variables_and_never_their_markup() -> None:
    form = form_of(
        {"type": "text", "text": "{{name}} **owes** {{debt}} [x](javascript:alert(1)) [y](https://a.cn)"},
        field("textfield", label="Call {{name}} {{nothing}}"),
    )

    text, name = view(form, {"name": "**[a](https://evil)**", "debt": Decimal("36000.50")}).nodes()

    assert [(span.kind, span.text) for span in text.blocks[0].items[0]] == [
        ("plain", "**[a](https://evil)**"),
        ("plain", " "),
        ("strong", "owes"),
        ("plain", " "),
        ("plain", "36,000.50"),
        ("plain", " [x](javascript:alert(1)) "),
        ("link", "y"),
    ]
    assert name.label == "Call **[a](https://evil)** —"


def test_an_expression_is_filled_in_where_it_is_emphasised() -> None:
    form = form_of(
        {"type": "text", "text": "**Owed {{debt * 2}} yuan**, *{{name}}* [{{name}}](https://a.cn)"}
    )

    [text] = view(form, {"name": "**Ann**", "debt": Decimal("18000.25")}).nodes()

    assert [(span.kind, span.text) for span in text.blocks[0].items[0]] == [
        ("strong", "Owed 36,000.50 yuan"),
        ("plain", ", "),
        ("em", "**Ann**"),
        ("plain", " "),
        ("link", "**Ann**"),
    ]


def test_a_variable_that_is_no_number_is_shown_as_such() -> None:
    [node] = view(form_of(field("textfield")), {"answer": Decimal("sNaN")}).nodes()

    assert node.value == "NaN"


def test_what_was_typed_into_a_hidden_field_is_kept_for_later() -> None:
    form = form_of(field("checkbox", "more"), field("textfield", conditional={"hide": "=not more"}))

    shown = view(form, typed={"more": "off", "answer": "typed"})

    assert [node.key for node in shown.nodes()] == ["more"]
    assert shown.kept == (("answer", "typed"),)


def test_fields_that_conditions_look_at_refresh_the_form() -> None:
    form = form_of(field("checkbox", "more"), field("textfield", conditional={"hide": "=not more"}))

    assert [node.refreshes for node in view(form, typed={"more": "on"}).nodes()] == [True, False]


def test_read_only_fields_show_options_by_their_labels_and_amounts_with_their_unit() -> None:
    form = form_of(field("select", "channel", values=CHOICES, readonly=True), {**AMOUNT, "disabled": True})

    shown = [
        node.value
        for node in view(form, {"channel": "b", "answer": Decimal("1234.50")}, language="en").nodes()
    ]

    assert shown == ["B", "1,234.50 yuan"]


def test_a_table_shows_a_list_of_the_case() -> None:
    form = form_of(
        {
            "type": "table",
            "dataSource": "=grants",
            "columns": [{"key": key, "label": key} for key in ("day", "amount", "rounds", "step")],
            "properties": {"kind.amount": "amount"},
        }
    )
    grants = [
        {
            "day": date(2026, 1, 2),
            "amount": Decimal("6831.5"),
            "rounds": 2,
            "step": "受理",
            "stepEn": "Intake",
        },
        {"day": None, "amount": 0, "rounds": None},
        "no row",
    ]

    [table] = view(form, {"grants": grants}).nodes()

    assert table.rows == (("2026年1月2日", "6,831.50", "2", "受理"), ("—", "0.00", "—", "—"))
    assert table.numeric == (False, True, True, False)
    [english] = view(form, {"grants": grants}, language="en").nodes()
    assert english.rows[0] == ("2 Jan 2026", "6,831.50", "2", "Intake")


def test_a_table_says_what_its_codes_mean_in_the_readers_language() -> None:
    form = form_of(
        {
            "type": "table",
            "dataSource": "=keys",
            "columns": [{"key": "kind", "label": "Kind"}, {"key": "place", "label": "Place"}],
            "properties": {"labels.kind": "key.kind"},
        }
    )
    known = {"keys": [{"kind": "entrance", "place": "entrance"}, {"kind": "new", "place": None}]}
    labels = {"key.kind": {"entrance": Text("户门", "Entrance door")}}

    def rows(language: str) -> Any:
        shown = form.view(
            known,
            language=language,
            zone=ZONE,
            evaluate=evaluate,
            labels=lambda source: labels.get(source, {}),
        )
        [table] = shown.nodes()
        return table.rows

    assert rows("zh") == (("户门", "entrance"), ("new", "—"))
    assert rows("en")[0] == ("Entrance door", "entrance")


def test_records_of_a_register_are_offered_by_their_titles() -> None:
    form = form_of(field("checklist", valuesExpression="=keys"))
    known = {
        "keys": [{"number": "YS-1", "title": "A 户门", "kind": "entrance"}, {"number": "B2", "title": "B2"}]
    }

    [asked] = view(form, known).nodes()

    assert [(each.value, each.label) for each in asked.options] == [("YS-1", "A 户门 (YS-1)"), ("B2", "B2")]
    assert load(form, {"answer": ["YS-1"]}, known)["answer"] == ["YS-1"]


KEYS = {
    "type": "dynamiclist",
    "path": "keys",
    "defaultRepetitions": 0,
    "properties": {"requiredIf": "=asked"},
    "components": [
        field("textfield", "label", id="l", label="Label", validate={"required": True}),
        field(
            "number",
            "how_many",
            id="n",
            label="Number",
            defaultValue="1",
            decimalDigits=0,
            validate={"required": True},
        ),
    ],
}


@pytest.mark.parametrize(("asked", "rows"), [(False, 0), (True, 1)])
def test_a_list_begins_with_a_row_where_one_is_needed(asked: bool, rows: int) -> None:
    [shown] = [node for node in view(form_of(KEYS), {"asked": asked}).nodes() if isinstance(node, RowsView)]

    assert len(shown.rows) == rows


def test_a_row_that_holds_only_what_it_began_with_does_not_count() -> None:
    form = form_of({**KEYS, "defaultRepetitions": 2})

    assert load(form, {"keys.0.how_many": "1", "keys.1.how_many": "1"}, {"asked": False})["keys"] == []
    assert refused(form, {"keys.0.how_many": "1"}, {"asked": True}).keys() == {"keys"}
    assert refused(form, {"keys.0.how_many": "2"}, {"asked": False}).keys() == {"keys.0.label"}


def test_a_row_that_needs_no_more_than_it_began_with_counts() -> None:
    rows = {
        **KEYS,
        "components": [
            field("number", "how_many", id="n", label="Number", defaultValue="1", validate={"required": True})
        ],
    }

    assert load(form_of(rows), {"keys.0.how_many": "1"}, {"asked": False})["keys"] == [{"how_many": 1}]


def test_earlier_answers_read_like_the_form() -> None:
    form = form_of(
        field("select", "channel", values=CHOICES),
        field("textfield", properties={"restricted": "true"}),
        dict(ROWS),
    )

    answers = form.answers(
        {"channel": "a", "answer": "secret", "defects": [{"place": "x", "count_of": None}]}, ZONE
    )

    assert [(answer.key, answer.value.en, answer.restricted) for answer in answers] == [
        ("channel", "A", False),
        ("answer", "secret", True),
        ("defects", "1 entries", False),
    ]
    assert [answer.value.zh for answer in answers[2].rows[0]] == ["x"]
    assert form.restricted == {"answer"}


# any form, any submission --------------------------------------------------------------------------------

KINDS: list[dict[str, Any]] = [
    field("textfield"),
    field("textarea", validate={"minLength": 2}),
    AMOUNT,
    field("number", decimalDigits=2),
    field("number"),
    field("checkbox"),
    field("radio", values=CHOICES),
    field("select", values=CHOICES),
    field("checklist", values=CHOICES),
    field("taglist", valuesExpression='=["a", "b"]'),
    field("datetime"),
    field("datetime", subtype="time"),
    field("datetime", subtype="datetime"),
    field("filepicker", multiple=True),
    field("textfield", properties={"check": "phone"}),
    {"type": "expression", "expression": "=len(get_it)"},
    field("filepicker", properties={"evidence": "true"}),
    field("textfield", readonly=True),
]


@st.composite
def random_components(draw: st.DrawFn, depth: int = 0, start: int = 0) -> list[dict[str, Any]]:
    components = []
    for number in range(draw(st.integers(1, 4))):
        key = f"k{depth}_{start}_{number}"
        kind = draw(st.integers(0, len(KINDS) + (2 if depth < 2 else 0)))
        if kind < len(KINDS):
            component = {**KINDS[kind], "key": key}
            if draw(st.booleans()):
                component["validate"] = {**component.get("validate", {}), "required": True}
        elif kind == len(KINDS):
            component = {"type": "separator"}
        else:
            inner = draw(random_components(depth + 1, start * 10 + number))
            component = {"type": "group" if kind == len(KINDS) + 1 else "dynamiclist", "components": inner}
            if component["type"] == "dynamiclist":
                component["path"] = key
        if draw(st.integers(0, 3)) == 0:
            component["conditional"] = {
                "hide": draw(
                    st.sampled_from(
                        [
                            "=k0_0_0 == null",
                            "=not k0_0_1",
                            "=nowhere",
                            "=k0_0_0 > k0_0_1",
                            '=k0_0_2 == "a"',
                            "=true",
                        ]
                    )
                )
            }
        component.update({"id": f"id_{key}", "label": "L"})
        components.append(component)
    return components


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.decimals(),
    st.dates(),
    st.times(),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
    st.sampled_from(
        [
            "a",
            "b",
            "on",
            "12",
            "36,000.50",
            "2026-03-02",
            "14:30",
            "2026-03-02T14:30",
            "13800138000",
            "photo-1",
            "paper-1",
            "",
            "\x00",
        ]
    ),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["0", "1", "file", "source", "taken_on", "new", "", "x", "k1_0_0", "k1_1_0", "k1_0_1"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


def every_key(components: list[dict[str, Any]]) -> list[str]:
    return [
        key
        for c in components
        for key in (every_key(c["components"]) if c["type"] == "group" else [c.get("key") or c.get("path")])
        if key
    ]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_form_and_no_submission_can_break_the_reading(data: st.DataObject) -> None:
    components = data.draw(random_components())
    form = forms.read(source(*components))
    names = st.sampled_from([*every_key(components), "stranger"]) | st.builds(
        "{}.{}.{}".format,
        st.sampled_from([*every_key(components), "s"]),
        st.sampled_from(["0", "1", "new", "x"]),
        st.sampled_from(["file", "source", "k1_0_0", "k1_1_1"]),
    )
    sent = data.draw(st.dictionaries(names, VALUES, max_size=6))
    known = data.draw(st.dictionaries(names, VALUES, max_size=2))
    errors: Mapping[str, Any] = {}

    try:
        loaded = load(form, sent, known)
        assert set(loaded) <= form.keys | {f.key for f in form.fields if not f.read_only}
        assert "stranger" not in sent
    except InvalidForm as error:
        errors = error.errors
        assert errors
    with clock.moved(clock.MovedClock(NOW)):
        shown = view(form, known, sent, errors)
        assert len(shown.mistakes) == sum(len(texts) for texts in errors.values())
        json.dumps(form.draft(sent))
        view(form, known, form.draft(sent))


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_what_was_accepted_comes_back_the_same_from_the_page(data: st.DataObject) -> None:
    form = form_of(
        field("textfield", "text_1"),
        field("textarea", "text_2"),
        {**AMOUNT, "key": "amount"},
        field("number", "figure"),
        field("checkbox", "tick"),
        field("radio", "one", values=CHOICES),
        field("checklist", "many", values=CHOICES),
        field("datetime", "on_day"),
        field("datetime", "hour", subtype="time"),
        field("datetime", "instant_1", subtype="datetime"),
        dict(ROWS),
        field("filepicker", "papers", multiple=True, properties={"evidence": "true"}),
    )
    letters = st.text(st.characters(blacklist_categories=["Cc", "Cs", "Cf", "Zl", "Zp"]), max_size=40)
    minutes = st.datetimes(*NAIVE).map(lambda at: at.replace(microsecond=0))
    sent = data.draw(
        st.fixed_dictionaries(
            {},
            optional={
                "text_1": letters,
                "text_2": letters,
                "amount": st.decimals(0, 10**11, places=2),
                "tick": st.booleans(),
                "figure": st.decimals(-(10**9), 10**9, places=3),
                "one": st.sampled_from(["a", "b", None]),
                "many": st.lists(st.sampled_from(["a", "b"])),
                "on_day": st.dates(date(1950, 1, 1), date(2090, 1, 1)),
                "hour": st.times().map(lambda at: at.replace(microsecond=0)),
                "instant_1": minutes,
                "defects": st.lists(
                    st.fixed_dictionaries(
                        {"place": st.sampled_from(["x", "厨房"]), "count_of": st.integers(0, 9)}
                    ),
                    max_size=3,
                ),
                "papers": st.lists(st.sampled_from(["photo-1", "paper-1"]), unique=True).map(
                    lambda ids: [{"file": i, "source": "s", "taken_on": date(2026, 1, 1)} for i in ids]
                ),
            },
        )
    )

    loaded = load(form, sent)

    assert load(form, page_of(view(form, loaded))) == loaded
    assert load(form, {}, loaded) == loaded
    assert load(form, page_of(view(form, {}, form.draft(sent)))) == loaded


def page_of(shown: Any) -> dict[str, list[str]]:
    """What a browser would send for the form as it is shown."""
    sent: dict[str, list[str]] = {}
    for node in shown.nodes():
        if isinstance(node, RowsView):
            sent[node.name] = [""]
        elif node.kind == "checkbox":
            sent[node.name] = ["off", "on"] if node.checked else ["off"]
        elif node.kind == "files":
            for file in node.files:
                sent |= {
                    f"{file.name}.file": [file.file],
                    f"{file.name}.source": [file.source],
                    f"{file.name}.taken_on": [file.taken_on],
                }
        elif node.options:
            sent[node.name] = [""] if node.multiple else []
            sent[node.name] += [option.value for option in node.options if option.selected]
        else:
            sent[node.name] = [node.value]
    return sent


def test_many_expressions_within_unfinished_bold_words_are_read_at_once():
    """Two ways to read each of them would be 2 to the power of 400 ways to read them all."""
    text = "**" + "{{a}}" * 400 + " and no end"

    [block] = markdown.blocks(text)

    assert [span.kind for span in block.items[0]].count("value") == 400
