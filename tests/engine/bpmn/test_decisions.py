"""Decision tables decide right, or say why they cannot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

import pytest

from engine.bpmn import checks, decision_files, decision_overlaps, expressions
from engine.bpmn.decisions import DecisionTable, Result
from engine.business_calendar import BusinessCalendar
from engine.errors import ExpressionFailed, InvalidDefinition

SHANGHAI = ZoneInfo("Asia/Shanghai")
CALENDAR = BusinessCalendar(SHANGHAI, time(8, 30), time(17, 30), {}, set())
FUNCTIONS = expressions.functions(datetime(2026, 3, 6, 2, tzinfo=UTC), SHANGHAI, CALENDAR)
DMN_13 = "https://www.omg.org/spec/DMN/20191111/MODEL/"
Column = tuple[str, str]  # expression or name, type


def table(
    rules: Sequence[tuple[Sequence[str], Sequence[str]]],
    inputs: Sequence[Column] = (("amount", ""),),
    outputs: Sequence[Column] = (("tier", ""),),
    policy: str = "FIRST",
    *,
    key: str = "tier",
    more: str = "",
    requires: Sequence[str] = (),
    column: str = "",
) -> str:
    """Return the XML of one decision with a table."""
    needs = "".join(
        f'<informationRequirement><requiredDecision href="#{one}"/></informationRequirement>'
        for one in requires
    )
    ins = "".join(
        f'<input label="{escape(text)}"><inputExpression typeRef="{kind}"><text>{escape(text)}</text>'
        f"</inputExpression></input>"
        for text, kind in inputs
    )
    outs = "".join(f'<output name="{name}" typeRef="{kind}">{column}</output>' for name, kind in outputs)
    rows = "".join(
        f'<rule id="{key}_r{number}">'
        + "".join(f"<inputEntry><text>{escape(cell)}</text></inputEntry>" for cell in tests)
        + "".join(f"<outputEntry><text>{escape(cell)}</text></outputEntry>" for cell in answers)
        + "</rule>"
        for number, (tests, answers) in enumerate(rules, 1)
    )
    return (
        f'<decision id="{key}" name="层级">{needs}<decisionTable hitPolicy="{policy}" {more}>{ins}{outs}{rows}'
        "</decisionTable></decision>"
    )


def literal(key: str, text: str, kind: str = "", requires: Sequence[str] = ()) -> str:
    needs = "".join(
        f'<informationRequirement><requiredDecision href="#{one}"/></informationRequirement>'
        for one in requires
    )
    return (
        f'<decision id="{key}" name="{key}"><variable name="{key}" typeRef="{kind}"/>{needs}'
        f"<literalExpression><text>{escape(text)}</text></literalExpression></decision>"
    )


def file(*parts: str, namespace: str = DMN_13) -> bytes:
    return f'<definitions xmlns="{namespace}" id="D" name="d">{"".join(parts)}</definitions>'.encode()


def read(*parts: str) -> DecisionTable:
    return decision_files.read(file(*parts), "t.dmn")[0]


def decide(*parts: str, **variables: Any) -> Result:
    return read(*parts).evaluate(variables, FUNCTIONS)


def fits(cell: str, value: Any, kind: str = "", **variables: Any) -> bool:
    found = decide(table([((cell,), ('"HIT"',))], ((("amount", kind)),)), amount=value, **variables)
    return bool(found.value == {"tier": "HIT"})


@pytest.mark.parametrize(
    ("cell", "value", "expected"),
    [
        ("<= 35000", 35000, True), ("<= 35000", 35001, False), ("<= 35000", Decimal("35000.00"), True),
        ("<= 35000", Decimal("35000.01"), False), ("< 50000", Decimal("49999.99"), True),
        (">= 50000", 50000, True), ("> 35000.00", Decimal("35000.01"), True), ("]35000..50000[", 40000, True),
        ("]35000..50000[", 35000, False), ("]35000..50000[", 50000, False), ("(1..5)", 1, False),
        ("(1..5)", 3, True), ("[1..5]", 5, True), ("[1..5]", 1, True), ("[1..5)", 5, False), ("(1..5]", 5, True),
        ("[-5..-1]", -3, True), ("-5", -5, True), ("< -5", -6, True), ("-", 1, True), ("", 1, True),
        ('"a","b"', "a", True), ('"a","b"', "z", False), ('"a"', "a", True), ('"a, b"', "a, b", True),
        ('"a, b"', "a", False), ("1,2,3", 2, True), ("1, 2, 3", 4, False), ('not("x")', "y", True),
        ('not("x")', "x", False), ('not("x","y")', "y", False), ("not(5)", 4, True), ("not(< 5)", 4, False),
        ("not(< 5)", 6, True), ("not([1..5])", 3, False), ("not([1..5], 9)", 9, False), ("true", True, True),
        ("true", False, False), ("false", False, True), ("false", None, False), ("true", None, False),
        ("null", None, True), ("null", 0, False), ("not(null)", 0, True), ("not(null)", None, False),
        ('date("2026-01-01")', date(2026, 1, 1), True), ('> date("2026-01-01")', date(2026, 2, 1), True),
        ('[date("2026-01-01")..date("2026-12-31")]', date(2026, 12, 31), True),
        ('> date and time("2026-01-01T00:00:00")', datetime(2026, 2, 1, tzinfo=UTC), True),
        ('duration("P1D")', timedelta(days=1), True), ('<= duration("PT12H")', timedelta(hours=13), False),
        ("< 5, > 10", 11, True), ("< 5, > 10", 7, False), ("[1..5], 9", 9, True), ("? > 5 and ? < 8", 6, True),
        ("5 < ? < 8", 6, True), ("5 < ? < 8", 8, False), ('contains(?, "x")', "axb", True),
        ('contains(?, "x")', ["x"], True), ('contains(?, "x")', None, False), ("in [1,2]", 2, True),
        ("in [1..2]", 3, False), ("in (1, 2)", 2, True), ("[1,2]", 2, True), ("!= 3", 4, True), ("!= 3", 3, False),
        ("= 3", 3, True), ('starts with(?, "x")', "xa", True), ('"it\'s ? ok"', "it's ? ok", True),
        ("50_000", 50000, True), ("<= 35000", None, False), ("> 35000", None, False), ("[1..5]", None, False),
        ("not(< 5)", None, False), ('not("x")', None, True), ("other", 7, True), ("other", 8, False),
        ("< other", 6, True), (">= 2 * other", 14, True), ("[other - 1..other + 1]", 8, True),
        ("<= missing", 5, False), ("other > 5", "anything", True), ("if other > 5 then 1 else 2", 1, True),
        ('["a", "b"]', "b", True), ("1", True, False), ("true", 1, False), ("abs(?) > 5", -6, True),
        ("others", 2, True), ("0.1", 0.1, True), ("> 0.3", 0.1 + 0.2, True),
    ],
)  # fmt: skip
def test_a_cell_fits_what_it_says(cell: str, value: Any, expected: bool) -> None:
    assert fits(cell, value, other=7, others=[1, 2]) is expected


@pytest.mark.parametrize(
    "cell",
    ["<= 50,000", "50,000", "100,200", "1,234.50", "“a”", '"a"\uff0c"b"', "< ", "[1..", "1..5", "not(1", "not(1), 2",
     "a b", '"a', "import os", "?.__class__", "wrokdays(1)", "1 2", "=> 5", "[1..5", "a.b(1)", "- -"],
)  # fmt: skip
def test_a_cell_that_may_mean_two_things_or_nothing_is_refused(cell: str) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        read(table([((cell,), ("1",))]))

    (finding,) = refused.value.findings
    assert finding.code == "bad-expression"
    assert "1" in finding.message.zh
    assert finding.line == 1


@pytest.mark.parametrize(
    ("kind", "cell", "value", "expected"),
    [
        ("number", "> 35000", "35000.01", True), ("double", "> 35000", "35000.00", False),
        ("number", "> 35000", "35,000.01", True), ("integer", "5", "5", True), ("long", "5", Decimal("5.0"), True),
        ("boolean", "true", "true", True), ("boolean", "true", "false", False), ("boolean", "false", None, False),
        ("date", '>= date("2026-03-01")', "2026-03-01", True),
        ("date", 'date("2026-03-06")', datetime(2026, 3, 5, 20, tzinfo=UTC), True),
        ("dateTime", '>= date and time("2026-03-01T09:00:00")', "2026-03-01T09:00:00", True),
        ("string", '"a"', "a", True), ("feel:number", "5", "5", True), ("Any", '"5"', "5", True),
        ("number", "null", None, True), ("dayTimeDuration", '> duration("PT1H")', "PT2H", True),
    ],
)  # fmt: skip
def test_an_input_is_taken_as_its_column_says(kind: str, cell: str, value: Any, expected: bool) -> None:
    assert fits(cell, value, kind) is expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [("number", "NaN"), ("number", "Infinity"), ("number", float("nan")), ("number", float("inf")), ("number", ""),
     ("number", "12a"), ("number", True), ("number", Decimal("NaN")), ("number", "1e5"), ("number", "9" * 41),
     ("number", [None, "x"]), ("integer", "1.5"), ("boolean", 1), ("boolean", "yes"), ("string", 5),
     ("date", "1.3.2026"), ("date", 5), ("dateTime", "soon"), ("number", {"a": 1}), ("number", b"1")],
)  # fmt: skip
def test_an_input_of_another_kind_is_refused_by_name(kind: str, value: Any) -> None:
    with pytest.raises(ExpressionFailed, match="amount"):
        fits("-", value, kind)


@pytest.mark.parametrize(("kind", "cell"), [("number", '"5"'), ("string", "5"), ("boolean", '"true"'),
                                            ("date", '"2026-03-01"'), ("integer", "1.5"), ("number", "true")])  # fmt: skip
def test_a_cell_that_can_never_fit_its_column_is_refused(kind: str, cell: str) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        read(table([((cell,), ("1",))], (("amount", kind),)))

    assert [finding.code for finding in refused.value.findings] == ["cell-of-another-kind"]


TIER = table(
    [((">= 50000",), ('"major"',)), (("> 0",), ('"general"',)), (("-",), ('"none"',))],
    (("amount", "number"),),
)


@pytest.mark.parametrize(
    ("amount", "tier"),
    [("0", "none"), ("0.00", "none"), ("0.01", "general"), ("35000.01", "general"), ("49999.99", "general"),
     ("50000", "major"), ("50000.00", "major"), (Decimal("49999.99"), "general"), (50000, "major"),
     (49999.99, "general"), (None, "none"), ("9" * 40, "major")],
)  # fmt: skip
def test_amounts_are_exact(amount: Any, tier: str) -> None:
    assert decide(TIER, amount=amount).value == {"tier": tier}


@pytest.mark.parametrize(
    ("cost", "claim", "excess"), [("10000", "19999.99", False), (10000, 20000, True), ("0.01", "0.02", True),
                                  ("33333.33", "66666.65", False), ("33333.33", "66666.66", True)]
)  # fmt: skip
def test_the_claim_exceeds_the_solution_once_over(cost: Any, claim: Any, excess: bool) -> None:
    found = decide(
        table(
            [((">= 2 * cost",), ("true",)), (("-",), ("false",))],
            (("claim", "number"),),
            (("yes", "boolean"),),
        ),
        '<inputData id="i"><variable name="cost" typeRef="number"/></inputData>',
        cost=cost,
        claim=claim,
    )

    assert found.value == {"yes": excess}


TWO = [(("<= 10",), ('"A"',)), (("<= 20",), ('"B"',)), (("<= 30",), ('"A"',))]


def letters(policy: str, amount: int, column: str = "") -> Any:
    return decide(table(TWO, policy=policy, column=column), amount=amount).value


RANKED = '<outputValues><text>"B","A"</text></outputValues>'


def test_hit_policies_that_give_one_result() -> None:
    assert letters("FIRST", 5) == {"tier": "A"}
    assert letters("UNIQUE", 25) == {"tier": "A"}
    assert letters("ANY", 25) == {"tier": "A"}
    assert letters("PRIORITY", 5, RANKED) == {"tier": "B"}
    for policy in ("FIRST", "UNIQUE", "ANY"):
        assert letters(policy, 99) is None
    assert letters("PRIORITY", 99, RANKED) is None


def test_hit_policies_that_give_several_results() -> None:
    a, b = {"tier": "A"}, {"tier": "B"}

    assert letters("COLLECT", 5) == [a, b, a]
    assert letters("RULE ORDER", 15) == [b, a]
    assert letters("OUTPUT ORDER", 5, RANKED) == [b, a, a]
    assert letters("COLLECT", 99) == []


def test_unique_and_any_say_which_rules_contradict() -> None:
    with pytest.raises(ExpressionFailed, match="1, 2, 3"):
        letters("UNIQUE", 5)
    with pytest.raises(ExpressionFailed, match="1, 2, 3"):
        letters("ANY", 5)


def test_any_accepts_rules_that_agree() -> None:
    same = table([(("<= 10",), ("1",)), (("<= 20",), ("1.0",))], policy="ANY")

    assert decide(same, amount=5).value == {"tier": 1}


@pytest.mark.parametrize(
    ("how", "amount", "expected"),
    [("SUM", 5, Decimal("6.3")), ("MIN", 5, Decimal("1.1")), ("MAX", 5, Decimal("3.1")), ("COUNT", 5, 3),
     ("SUM", 99, None), ("COUNT", 99, 0), ("MIN", 99, None)],
)  # fmt: skip
def test_collected_numbers_are_added_up(how: str, amount: int, expected: Any) -> None:
    rules = [(("<= 10",), ("1.1",)), (("<= 20",), ("2.1",)), (("<= 30",), ("3.1",))]

    found = decide(table(rules, policy="COLLECT", more=f'aggregation="{how}"'), amount=amount)

    assert found.value == expected


def test_several_outputs_are_collected_together() -> None:
    rules = [(("-",), ('"a"', "1")), (("< 5",), ('"b"', "2"))]
    outputs = (("name", "string"), ("number", "integer"))

    found = decide(table(rules, outputs=outputs, policy="COLLECT"), amount=3)

    assert found.value == [{"name": "a", "number": 1}, {"name": "b", "number": 2}]
    assert found.rule_ids == ("tier_r1", "tier_r2")
    assert found.inputs == {"amount": 3}


@pytest.mark.parametrize(
    ("kind", "entry", "expected"),
    [("string", '"A"', "A"), ("number", "5", 5), ("number", "12.50", Decimal("12.50")), ("boolean", "true", True),
     ("string", '["a","b"]', ["a", "b"]), ("", "amount * 2", 8), ("", "{a: 1}", {"a": 1}), ("", "", None),
     ("date", 'date("2026-01-01")', date(2026, 1, 1)), ("", 'if amount > 1 then "x" else "y"', "x"),
     ("number", "amount / 8", Decimal("0.5")), ("integer", "amount / 2", 2), ("number", "number(text)", Decimal("7.5")),
     ("", "-1", -1), ("", "[]", []), ("", "null", None)],
)  # fmt: skip
def test_outputs_are_computed_and_have_their_kind(kind: str, entry: str, expected: Any) -> None:
    found = decide(table([(("-",), (entry,))], outputs=(("tier", kind),)), amount=4, text="7.5")

    assert found.value == {"tier": expected}
    assert type(found.value["tier"]) is type(expected)


@pytest.mark.parametrize(
    ("code", "xml"),
    [
        ("output-of-another-kind", table([(("-",), ("5",))], outputs=(("tier", "string"),))),
        ("unsupported-hit-policy", table(TWO, policy="COMPLETE")),
        ("unsupported-aggregation", table(TWO, more='aggregation="SUM"')),
        ("unsupported-aggregation", table(TWO, policy="COLLECT", more='aggregation="MEDIAN"')),
        ("sum-of-another-kind", table(TWO, policy="COLLECT", more='aggregation="SUM"', outputs=(("r", "string"),))),
        ("aggregation-of-several", table([(("-",), ("1", "2"))], outputs=(("a", ""), ("b", "")),
                                         policy="COLLECT", more='aggregation="SUM"')),
        ("no-priorities", table(TWO, policy="PRIORITY")),
        ("empty-table", table([])),
        ("too-many-rules", table([((f"< {number}",), ("1",)) for number in range(2001)])),
        ("no-output", table([(("-",), ())], outputs=())),
        ("duplicate-output", table([(("-",), ("1", "2"))], outputs=(("a", ""), ("a", "")))),
        ("bad-output-name", table([(("-",), ("1",))], outputs=(("the tier", ""),))),
        ("bad-output-name", table([(("-",), ("1",))], outputs=(("_tier", ""),))),
        ("wrong-number-of-cells", table([(("-", "-"), ("1",))])),
        ("bad-expression", table([(("-",), ("import os",))])),
        ("bad-expression", table([(("-",), ('"A","B"',))])),
        ("bad-expression", table([(("-",), ("1",))], (("the amount", ""),))),
        ("no-decision-logic", '<decision id="x"/>'),
        ("no-decision", ""),
        ("missing-id", table(TWO).replace('id="tier"', "", 1)),
        ("duplicate-id", table(TWO) + table(TWO)),
        ("circular-decision", table(TWO, requires=["other"]) + table(TWO, key="other", requires=["tier"])),
        ("unknown-decision", table(TWO, requires=["nowhere"])),
        ("unsupported-dmn", table(TWO) + '<businessKnowledgeModel id="b"/>'),
        ("unsupported-language", table(TWO).replace("<inputExpression", '<inputExpression expressionLanguage="groovy"')),
        ("no-input-expression", table(TWO).replace("inputExpression", "nothing")),
        ("not-dmn", table(TWO) + "</definitions><!--"),
    ],
)  # fmt: skip
def test_what_cannot_be_decided_is_refused(code: str, xml: str) -> None:
    source = file(xml)
    if code == "not-dmn":
        source = file(table(TWO), namespace="https://example.com/")

    with pytest.raises(InvalidDefinition) as refused:
        decision_files.read(source, "t.dmn")

    assert code in [finding.code for finding in refused.value.findings]
    for finding in refused.value.findings:
        assert finding.file == "t.dmn"
        assert finding.message.zh and finding.hint.zh and finding.message.en and finding.hint.en


@pytest.mark.parametrize("namespace", decision_files.NAMESPACES)
def test_the_three_versions_of_the_format_are_read(namespace: str) -> None:
    (found,) = decision_files.read(file(TIER, namespace=namespace))

    assert found.key == "tier"
    assert found.name.zh == "层级"
    assert (found.inputs, found.outputs) == (("amount",), ("tier",))


def test_a_prefix_comments_and_annotations_do_not_matter() -> None:
    source = (
        f'<?xml version="1.0" encoding="UTF-8"?><d:definitions xmlns:d="{DMN_13}" id="D"><!-- c --><d:decision id="t">'
        "<d:extensionElements/><d:decisionTable><!-- c --><d:input><d:inputExpression><d:text>a</d:text>"
        '</d:inputExpression></d:input><d:output name="o"/><d:annotation name="x"/><d:rule><!-- c --><d:description>'
        "x</d:description><d:inputEntry><d:text>&lt;= 10</d:text></d:inputEntry><d:outputEntry><d:text>1</d:text>"
        "</d:outputEntry><d:annotationEntry><d:text>x</d:text></d:annotationEntry></d:rule></d:decisionTable>"
        "</d:decision></d:definitions>"
    )

    (found,) = decision_files.read(source)

    assert found.evaluate({"a": 5}, FUNCTIONS).value == {"o": 1}


def test_the_only_output_without_name_is_called_like_the_decision() -> None:
    assert decide(table([(("-",), ("1",))], outputs=(("", ""),)), amount=1).value == {"tier": 1}


def test_a_default_output_stands_in_where_no_rule_fits() -> None:
    default = '<defaultOutputEntry><text>"none"</text></defaultOutputEntry>'

    assert letters("FIRST", 99, default) == {"tier": "none"}
    assert letters("FIRST", 5, default) == {"tier": "A"}


def test_required_decisions_come_first_and_their_results_are_variables() -> None:
    decision = decision_files.read(file(
        table([(("> limit",), ('"high"',)), (("-",), ('"low"',))], requires=["limits", "excess"]),
        table([(("-",), ("100", "5"))], (("kind", ""),), (("limit", "number"), ("days", "number")), key="limits"),
        literal("excess", "get(amount, 0) - limits.limit", "number", ["limits"]),
    ))[0]  # fmt: skip

    found = decision.evaluate({"amount": 101, "kind": None}, FUNCTIONS)

    assert decision.inputs == ("kind", "amount")
    assert found.value == {"tier": "high"}


def test_a_single_output_is_seen_as_a_plain_value_by_other_decisions() -> None:
    found = decide(
        literal("both", "join(names) + str(level)", requires=["names", "level"]),
        table(
            [(("-",), ('"a"',)), (("-",), ('"b"',))], outputs=(("who", ""),), policy="COLLECT", key="names"
        ),
        table([(("-",), ("7",))], outputs=(("x", ""),), key="level"),
    )

    assert found.value == {"both": "a, b7"}


def test_amounts_as_text_are_numbers_for_every_expression_of_the_file() -> None:
    found = decide(
        literal("excess", "claim - cost", "number"),
        '<inputData id="i"><variable name="cost" typeRef="number"/></inputData>',
        '<inputData id="j"><variable name="claim" typeRef="number"/></inputData>',
        claim="10.10",
        cost="0.05",
    )

    assert found.value == {"excess": Decimal("10.05")}
    assert found.inputs == {"claim": Decimal("10.10"), "cost": Decimal("0.05")}


def test_decisions_that_require_each_other_in_many_ways_are_read_at_once() -> None:
    def level(number: int) -> str:
        below = [f"a{number - 1}", f"b{number - 1}"] if number else []
        text = " + ".join(below) or "1"
        return literal(f"a{number}", text, requires=below) + literal(f"b{number}", text, requires=below)

    found = decision_files.read(file(*(level(number) for number in range(25))))[-1]

    assert found.evaluate({}, FUNCTIONS).value == {"b24": 2**24}
    with pytest.raises(InvalidDefinition, match="cannot be deployed"):
        decision_files.read(file(*(level(number) for number in range(60, -1, -1))))


def test_a_missing_variable_counts_as_null() -> None:
    found = decide(table([(("> 5",), ("1",)), (("null",), ("2",))]))

    assert found.value == {"tier": 2}
    assert found.inputs == {"amount": None}


def test_a_mistake_at_run_time_names_decision_rule_and_column() -> None:
    with pytest.raises(ExpressionFailed) as error:
        decide(table([(("< 5",), ("1",))]), amount="text")

    assert "层级" in error.value.message.zh
    assert "rule 1" in error.value.message.en
    assert "amount" in error.value.message.en


def test_deciding_leaves_the_variables_alone() -> None:
    variables = {"amount": "5"}
    read(TIER).evaluate(variables, FUNCTIONS)

    assert variables == {"amount": "5"}


# -- rules that overlap


@pytest.mark.parametrize(
    ("first", "second", "meet"),
    [("<= 10", ">= 10", True), ("< 10", ">= 10", False), ("< 10", "> 10", False), ("[1..5]", "]5..9]", False),
     ("[1..5]", "[5..9]", True), ("< 10", "[3..4]", True), ('"a"', '"b"', False), ('"a"', 'not("a")', False),
     ('not("a")', 'not("b")', True), ('"a","b"', '"b","c"', True), ("true", "false", False), ("-", "5", True),
     ("]1..2[", "1.5", True), ('date("2026-01-01")', '> date("2026-01-01")', False),
     ('[date("2026-01-01")..date("2026-01-31")]', '> date("2026-01-30")', True), ("< other", "> other", False),
     ("? > 5", "6", False)],
)  # fmt: skip
def test_overlapping_rules_are_found_where_they_are_certain(first: str, second: str, meet: bool) -> None:
    decision = read(table([((first,), ("1",)), ((second,), ("2",))], policy="UNIQUE"))

    assert [(one.row, other.row) for one, other in decision_overlaps.overlaps(decision)] == (
        [(1, 2)] if meet else []
    )


def test_checks_warn_of_a_text_without_quotes() -> None:
    rows = [(("gold", '"a"'), ("1",)), (("level", "-"), ("level",)), (("not(level)", "-"), ("2",))]
    source = file(table(rows, inputs=(("kind", "string"), ("level", "string"))))

    found = checks.check(source, "t.dmn", checks.Known())

    assert [one.code for one in found] == ["bare-word"]
    assert "“gold” in rule 1" in found[0].message.en


def test_checks_warn_of_overlaps_and_of_rules_never_reached() -> None:
    known = checks.Known()
    overlapping = checks.check(
        file(table([(("<= 10",), ("1",)), ((">= 10",), ("2",))], policy="UNIQUE")), "t.dmn", known
    )
    hidden = checks.check(file(table([(("-",), ("1",)), (("> 10",), ("2",))])), "t.dmn", known)

    assert [(one.code, one.severity) for one in overlapping] == [("overlapping-rules", "warning")]
    assert [(one.code, one.severity) for one in hidden] == [("never-reached", "warning")]
    assert checks.check(file(TIER), "t.dmn", known) == []
