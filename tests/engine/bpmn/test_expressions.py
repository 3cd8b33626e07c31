"""Expressions compute, say what is wrong, and reach nothing."""

from __future__ import annotations

import time as stopwatch
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bpmn import expressions
from engine.bpmn.expressions import InvalidExpression, compile_script, compile_template
from engine.business_calendar import BusinessCalendar
from engine.errors import BanjieError, ExpressionFailed

SHANGHAI = ZoneInfo("Asia/Shanghai")
CALENDAR = BusinessCalendar(SHANGHAI, time(8, 30), time(17, 30), {}, set())
NOW = datetime(2026, 3, 6, 2, 0, tzinfo=UTC)  # Friday 10:00 in Shanghai
FUNCTIONS = expressions.functions(NOW, SHANGHAI, CALENDAR)
VARIABLES: dict[str, Any] = {
    "amount": Decimal("35000.01"), "count_": 3, "rate": 0.1, "approved": True, "refused": False,
    "name": "王芳", "nothing": None, "items": [1, 2, 3], "day": date(2026, 1, 31), "at": NOW,
    "customer": {"phone": "13800000000", "age": 40, "rate": 0.5}, "变量": 1,
    "votes": [{"vote": "agree"}, {"vote": "reject"}, {}],
}  # fmt: skip


def value(text: str, **more: Any) -> Any:
    return expressions.compile(text).evaluate({**VARIABLES, **more}, FUNCTIONS)


@pytest.mark.parametrize(
    "text",
    [
        "${amount > 35000}",
        "#{amount > 35000}",
        "= amount > 35000",
        "amount > 35000",
        "  ${ amount > 35000 }  ",
    ],
)
def test_the_four_ways_to_write_an_expression_mean_the_same(text: str) -> None:
    assert value(text) is True


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("amount > 35000 && approved", True),
        ("amount > 35000 and not approved", False),
        ("refused || !refused", True),
        ("= count_ = 3", True),
        ("count_ == 3 and count_ != 4", True),
        ("not(refused)", True),
        ("1 < count_ <= 3", True),
        ("if approved then 'a' else 'b'", "a"),
        ('"a" if refused else "b"', "b"),
        ("approved ? 1 : 2", 1),
        ("true and null == None", True),
        ("count_ in [1..3]", True),
        ("count_ in (3..5)", False),
        ("count_ in ]2..3]", True),
        ("count_ between 3 and 5", True),
        ("'x' not in ['y', 'z']", True),
        ("2 in items", True),
        ("nothing is None", True),
        ("name is not null", True),
        ("true == 1", False),
        ("items[0] + items[-1]", 4),
        ("customer.phone", "13800000000"),
        ('customer["age"]', 40),
        ("customer.missing", None),
        ("nothing.anything", None),
        ("nothing[0]", None),
        ("{level: 1, \"who\": name}.who", "王芳"),
        ("变量 + 1", 2),
        ("get(missing, 5)", 5),
        ('get("count_", 5)', 3),
        ("get(nothing, 7)", 7),
        ("defined(missing) or defined(nothing)", False),
        ("defined(amount)", True),
        ("- 2 ** 2", -4),
        ("2 ** -1", Decimal("0.5")),
        ("7 // 2 + 7 % 2", 4),
        ("-7 // 2", -4),
        ("-7.5 % 2", Decimal("0.5")),
        ("'a' + 'b'", "ab"),
        ("[1] + [2]", [1, 2]),
        ("0.1 + 0.2", Decimal("0.3")),
        ("rate * 3", Decimal("0.3")),
        ("customer.rate * 2", Decimal("1.0")),
        ("1 / 4", Decimal("0.25")),
        ("1_000", 1000),
        ("99999999999999999999999999999999999999.99 + 0.01", Decimal("1E38")),
        ("round(2.675, 2)", Decimal("2.68")),
        ("round(-2.5)", -3),
        ("round(2.5)", 3),
        ("floor(2.9) + ceiling(2.1)", 5),
        ('number("12.5") + number("1,000")', Decimal("1012.5")),
        ("money(36000)", "36,000.00"),
        ("str(amount) + '!'", "35000.01!"),
        ("str(at)", "2026-03-06 10:00"),
        ("min(3, 1, 2) + max(items)", 4),
        ("sum(items) + sum(1, 2)", 9),
        ("average(items)", Decimal(2)),
        ("average([])", None),
        ("len(items) + len(name)", 5),
        ("count(pluck(votes, 'vote'), 'agree')", 1),
        ("contains(pluck(votes, 'vote'), 'reject')", True),
        ("any([false, true]) and all(true, true)", True),
        ("all([])", True),
        ("join(items)", "1, 2, 3"),
        ("append(items, 4)", [1, 2, 3, 4]),
        ("append(nothing, 4)", [4]),
        ("upper('a') + lower('B') + trim(' c ')", "Abc"),
        ("starts with('TS-1', 'TS') and ends_with('TS-1', '1')", True),
        ("abs(-2) + abs(2)", 4),
        ("date('2026-03-01') + duration('P1D')", date(2026, 3, 2)),
        ("day - date('2026-01-01')", timedelta(days=30)),
        ("days_between('2026-01-01', day)", 30),
        ("year(at) + month(at) + day(at)", 2026 + 3 + 6),
        ("weekday(today())", 5),
        ("today()", date(2026, 3, 6)),
        ("now()", NOW),
        ("hours(12)", NOW + timedelta(hours=12)),
        ("minutes(0.5)", NOW + timedelta(seconds=30)),
        ("days(2)", NOW + timedelta(days=2)),
        ("workdays(5)", datetime(2026, 3, 14, tzinfo=SHANGHAI)),
        ("workdays(3, date('2026-04-30'))", datetime(2026, 5, 9, tzinfo=SHANGHAI)),
        ("workdays(1, instant('2026-03-05T20:00Z'))", datetime(2026, 3, 10, tzinfo=SHANGHAI)),
        ("at_time('17:00')", datetime(2026, 3, 6, 17, tzinfo=SHANGHAI)),
        ("at_time('10:00')", datetime(2026, 3, 7, 10, tzinfo=SHANGHAI)),
        ("months(1, day)", date(2026, 2, 28)),
        ("months(12, date('2024-02-29'))", date(2025, 2, 28)),
        ("months(1)", datetime(2026, 4, 6, 10, tzinfo=SHANGHAI)),
        ("instant('2026-03-01T09:00')", datetime(2026, 3, 1, 9, tzinfo=SHANGHAI)),
        ("instant('2026-03-01T09:00+00:00')", datetime(2026, 3, 1, 9, tzinfo=UTC)),
        ("instant(day, '09:00')", datetime(2026, 1, 31, 9, tzinfo=SHANGHAI)),
        ("date and time('2026-03-01T09:00') > now()", False),
        ("end_of_day(today())", datetime(2026, 3, 7, tzinfo=SHANGHAI)),
        ("is_workday('2026-02-14')", True),
        ("office_hours(instant('2026-03-06T08:30'))", True),
        ("office_hours(instant('2026-03-06T17:30'))", False),
        ("office_hours(instant('2026-03-07T10:00'))", False),
        ("office_hours(instant('2026-03-06T17:30'), instant('2026-03-06T19:30'))", False),
        ("office_hours(instant('2026-03-06T06:30'), instant('2026-03-06T08:30'))", False),
        ("office_hours(instant('2026-03-06T06:30'), instant('2026-03-06T08:31'))", True),
        ("office_hours(instant('2026-03-06T17:29'), instant('2026-03-06T19:30'))", True),
        ("office_hours(instant('2026-03-06T18:00'), instant('2026-03-09T08:30'))", False),
        ("at + duration('PT1H30M')", NOW + timedelta(minutes=90)),
        ("duration('PT12H') * 2 > duration('PT23H')", True),
        ("time('17:00') > time('09:30')", True),
    ],
)  # fmt: skip
def test_what_expressions_compute(text: str, expected: Any) -> None:
    found = value(text)

    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    "text",
    [
        "import os", "lambda: 1", "().__class__", "x.__class__", "items.__class__", "len.__self__", "_mul",
        "__import__('os')", "[i for i in items]", 'f"{amount}"', "items.append(1)", "open('/etc/passwd')",
        "eval('1')", "exec('1')", "getattr(customer, 'x')", "x := 1", "x = = 1", "print(1)", "x; y", "x\\y",
        "amount >", "", "   ", "${}", "${amount", "${a}b", "(1", "1)", "[1", "{a 1}", "{'a': 1, 'a': 2}",
        "{typename: 1}", "'open", "1 2", "1a", "a b", "a..b", "[1..3]", "x + [1..3]", "()", "and", "not",
        "“x”", "a,b", "workdays()", "workdays(1, 2, 3)", "wrokdays(1)", "get(1 + 1, 2)", "defined(1)",
        "if a then b", "a ? b", "a if b", "1" * 41, "x" * 5000, "(" * 50 + "1" + ")" * 50, "-" * 60 + "1",
        "not " * 60 + "true", "[" * 60 + "]" * 60, "+".join(["1"] * 300), "1e400", "0x10", "a @ b", "a & b",
        "a | b", "~a", "a << 1", "?", "while True: pass", "customer?.phone", "$", "a$b", "\u2028",
        "'\\", "if", "x.", "x[", "x[]", ".x", "a.1", "`ls`", "#", "yield 1", "await x", "*items", "**customer",
    ],
)  # fmt: skip
def test_what_is_no_expression_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(InvalidExpression) as refused:
        expressions.compile(text)

    assert 0 <= refused.value.offset <= len(text)
    assert refused.value.message.zh
    assert refused.value.message.en


@pytest.mark.parametrize(
    ("text", "symbol"),
    [("x gt 1", ">"), ("(x eq 1)", "=="), ("x mod 2", "%"), ("not empty xs", "xs == null")],
)
def test_words_of_other_modellers_are_told_with_what_to_write_instead(text: str, symbol: str) -> None:
    with pytest.raises(InvalidExpression) as refused:
        expressions.compile(text)

    assert f"write {symbol} instead" in refused.value.message.en


@pytest.mark.parametrize(
    "text",
    [
        "missing > 1", "9**9**9", "10**100", "'a' * 1000000000", "items * 3", "'%s' % name", "name > 1",
        "nothing > 1", "nothing + 1", "1 + 'a'", "'a' + 1", "approved + 1", "approved > refused", "1 / 0",
        "1 // 0", "1 % 0", "0 ** -1", "2 ** 0.5", "items[9]", "items['a']", "amount.cents", "amount[0]",
        "number('NaN')", "number('Infinity')", "number('1e5')", "number('')", "number('12a')", "number(true)",
        "number('1,00')", "number(' ')", "sum(name)", "sum(['1'])", "len(1)", "min([])", "min(1, 'a')",
        "max(approved, 1)", "date('2026-02-30')", "date('1.3.2026')", "date(2026, 13, 1)", "time('25:00')",
        "instant('soon')", "duration('P1H')", "duration('PT')", "duration('P1M')", "duration('P999999999D')",
        "workdays(-1)", "workdays(1.5)", "workdays(1000000)", "hours(99999999999)", "months(99999)",
        "hours('a')", "round(1, -1)", "round(1, 1.5)", "daily('17')", "at < day", "day < '2026-01-01'",
        "at + day", "day + 1", "day + duration('P36525D') * 99", "day - duration('P36525D') * 30",
        "date(9998, 12, 31) + duration('P999D')", "date(1, 1, 1) - duration('P1D')", "-name", "abs(name)",
        "9999999999 ** 10", "pluck(name, 'a')", "lower(1)", "join(1)", "not_a_variable",
    ],
)  # fmt: skip
def test_what_cannot_be_computed_fails_with_a_message(text: str) -> None:
    with pytest.raises(ExpressionFailed) as error:
        value(text)

    assert text[:10] in error.value.message.zh
    assert text[:10] in error.value.message.en


def test_a_variable_without_value_is_named() -> None:
    with pytest.raises(ExpressionFailed, match="agreed_time"):
        value("agreed_time > now()")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), Decimal("NaN"), Decimal("1E+200"), 10**100])
def test_numbers_that_cannot_be_counted_with_fail(number: Any) -> None:
    for text in ("x + 1", "x > 1", "x", "x == 1 or sum([x]) > 1"):
        with pytest.raises(ExpressionFailed):
            value(text, x=number)


def test_texts_and_lists_cannot_grow_without_end() -> None:
    with pytest.raises(ExpressionFailed):
        value("x + x", x="a" * 60_000)
    with pytest.raises(ExpressionFailed):
        value("x + x", x=[1] * 6_000)


@pytest.mark.parametrize("line", ["x = [x, x]", "x = {a: x, b: x}", "x = append(x, x)", "x = x + [x]"])
def test_a_value_that_holds_itself_many_times_is_refused_before_it_is_stored(line: str) -> None:
    script = expressions.compile_script("x = ['a']\n" + f"{line}\n" * 60)

    with pytest.raises(ExpressionFailed, match="too large"):
        script.run({}, {})


def test_long_texts_count_where_a_list_holds_them() -> None:
    with pytest.raises(ExpressionFailed):
        value(f"[{', '.join(['x'] * 100)}]", x="a" * 60_000)


def test_nothing_hostile_takes_long() -> None:
    began = stopwatch.process_time()
    for text in ("9**99**99", "(" * 2000, "'" * 3999, "-" * 3999, "a." * 1900, "1," * 1900, "[" * 3999, "!" * 3999,
                 "if " * 1000, "{a:" * 1000, "date and time " * 280, "1" * 3999, "''" * 1900):  # fmt: skip
        with pytest.raises(BanjieError):
            value(text)

    assert stopwatch.process_time() - began < 2


WORDS = st.sampled_from(
    [*"()[]{}.,:?+-*/%<>=!'\"&|#$_ \n", "**", "//", "..", "==", "and", "or", "not", "in", "if", "then", "else",
     "between", "is", "null", "true", "1", "0", "2.5", "amount", "items", "customer", "name", "nothing", "'x'",
     "len(", "workdays(", "date(", "get(", "__class__", "date and time", "\\", "“", "9" * 30]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(WORDS, max_size=14).map("".join) | st.text(max_size=30))
def test_any_text_gives_a_plain_value_or_a_plain_error(text: str) -> None:
    try:
        found = value(text)
    except BanjieError:
        return
    plain = (str, bool, int, Decimal, date, time, timedelta, list, dict, type(None), expressions.Recurrence)
    assert isinstance(found, plain)


@given(st.integers(-(10**12), 10**12), st.integers(-(10**12), 10**12))
def test_money_is_exact(cents: int, others: int) -> None:
    one, other = Decimal(cents).scaleb(-2), Decimal(others).scaleb(-2)

    assert value("x + y - y", x=one, y=other) == one
    assert value("x * 3", x=one) == one + one + one
    assert value("x > y", x=one, y=other) is (cents > others)


def test_a_compiled_expression_is_kept() -> None:
    assert expressions.compile("${amount > 1}") is expressions.compile("${amount > 1}")


def test_the_names_of_an_expression_are_told() -> None:
    found = expressions.compile("a.b + len(c[d]) + get(e, f) + (if defined('g') then 1 else 2)")

    assert found.names == {"a", "c", "d", "f"}
    assert found.asked == {"e", "g"}


def test_the_place_of_a_mistake_counts_in_the_text_as_written() -> None:
    with pytest.raises(InvalidExpression) as refused:
        expressions.compile("  ${a +* b}")

    assert refused.value.offset == 7


def test_a_recurrence_gives_one_instant_after_the_other() -> None:
    daily, workday = value('daily("17:00")'), value('every_workday("17:00")')
    first = daily.next(NOW)

    assert first == datetime(2026, 3, 6, 17, tzinfo=SHANGHAI)
    assert daily.next(first) == datetime(2026, 3, 7, 17, tzinfo=SHANGHAI)
    assert workday.next(first) == datetime(2026, 3, 9, 17, tzinfo=SHANGHAI)


def test_every_function_of_the_table_can_be_called() -> None:
    there = {*FUNCTIONS, "get", "defined"}

    assert there == set(expressions.FUNCTIONS)
    for name, function in expressions.FUNCTIONS.items():
        assert function.zh
        assert function.en
        assert function.usage.startswith(f"{name}(")


# -- texts with expressions inside


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Case ${count_}: ${name}", "Case 3: 王芳"),
        ("#{amount} yuan", "35000.01 yuan"),
        ("${nothing}!", "!"),
        ("until ${at}", "until 2026-03-06 10:00"),
        ("${items}", [1, 2, 3]),
        ("= count_ + 1", 4),
        ("specialist, manager", "specialist, manager"),
        ("${'}'}${\"{\"}", "}{"),
        ("${{a: 1}.a} and }", "1 and }"),
        ("", ""),
    ],
)
def test_a_text_takes_values_in(text: str, expected: Any) -> None:
    assert compile_template(text).evaluate(VARIABLES, FUNCTIONS) == expected


def test_a_text_with_a_wrong_part_is_refused() -> None:
    for text in ("a ${b", "a ${b +} c", "${__class__}", "a ${import os}"):
        with pytest.raises(InvalidExpression):
            compile_template(text)


def test_the_text_of_a_single_value_is_a_text() -> None:
    assert compile_template("${items}").text(VARIABLES, FUNCTIONS) == "1, 2, 3"
    assert compile_template("${a} ${b}").names == {"a", "b"}


# -- scripts


def test_a_script_assigns_line_by_line() -> None:
    script = compile_script("# who\na = count_ + 1  # next\n\nb = [a,\n  '#']\na = a * 2\n")

    assert script.run(VARIABLES, FUNCTIONS) == {"a": 8, "b": [4, "#"]}
    assert script.assigned == ("a", "b")
    assert script.names == {"count_"}


@pytest.mark.parametrize(
    "text",
    ["import os", "x += 1", "x == 1", "_x = 1", "typename = 1", "true = 1", "x.y = 1", "x = = 1", "x =", "",
     "# nothing", "while True: pass", "x = open('f')", "x, y = 1, 2", "x = (1", "del x", "x = 1; y = 2",
     "def f(): pass", "x = 1\nprint(x)", "x[0] = 1", "x = y = 1 = 2 =", "a=1\n" * 10_001],
)  # fmt: skip
def test_a_script_is_nothing_but_assignments(text: str) -> None:
    with pytest.raises(InvalidExpression):
        compile_script(text)


def test_a_mistake_in_a_script_names_its_line() -> None:
    with pytest.raises(InvalidExpression, match="Line 3"):
        compile_script("a = 1\n\nb = = 2")


def test_a_script_that_fails_leaves_the_variables_alone() -> None:
    variables = dict(VARIABLES)
    with pytest.raises(ExpressionFailed):
        compile_script("a = 1\nb = missing").run(variables, FUNCTIONS)

    assert variables == VARIABLES
