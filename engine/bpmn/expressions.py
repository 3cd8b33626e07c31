"""What expressions in a diagram may say: safe by construction."""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from engine.bpmn import grammar
from engine.bpmn.functions import (
    EXACT,
    FUNCTIONS,
    LARGEST,
    LONGEST_SPAN,
    MISHAPS,
    PURE,
    Function,
    Recurrence,
    contains,
    counted,
    exact,
    failed,
    functions,
    limited,
    same,
    short,
    shown,
    text_of,
    times,
)
from engine.bpmn.grammar import InvalidExpression, Node
from engine.errors import ExpressionFailed
from engine.texts import Text

__all__ = [
    "FUNCTIONS",
    "Expression",
    "Function",
    "InvalidExpression",
    "Recurrence",
    "Scope",
    "Script",
    "Template",
    "bind",
    "compile",
    "compile_script",
    "compile_template",
    "functions",
    "is_expression",
    "names_in",
    "quiet_comparisons",
]

Variables = Mapping[str, Any]
Functions = Mapping[str, Callable[..., Any]]


@dataclass(slots=True)
class Scope:
    """What an expression sees while it is computed; ``input`` is the ``?`` of a decision table's cell."""

    variables: Variables
    functions: Functions
    input: Any = None


Run = Callable[[Scope], Any]


class Expression:
    """A compiled expression; it can be shared and never changes."""

    __slots__ = ("_run", "asked", "names", "node", "text")

    def __init__(self, text: str, node: Node) -> None:
        self.text = text
        self.node = node
        self.names, self.asked = names_in(node)  # asked: in get(…) and defined(…), may be missing
        self._run = bind(node)

    def evaluate(self, variables: Variables, functions: Functions) -> Any:
        """
        Compute the value; a number is an int or a Decimal, an instant is aware.

        Raises:
            ExpressionFailed: a variable has no value, or values do not fit together; the message names both.
        """
        try:
            return exact(self._run(Scope(variables, functions)))
        except ExpressionFailed as error:
            raise _told(self.text, error.message) from error
        except MISHAPS as error:
            raise _told(self.text, Text("值的类型不合适", "the values do not fit")) from error


def _told(text: str, reason: Text) -> ExpressionFailed:
    excerpt = text if len(text) <= 120 else text[:120] + "…"
    return ExpressionFailed(
        Text("表达式“{text}”无法计算：{reason}", "“{text}” could not be computed: {reason}"),
        text=excerpt,
        reason=reason,
    )


def is_expression(text: str) -> bool:
    """Whether a text marks itself as an expression: ``${…}``, ``#{…}`` or ``= …``."""
    stripped = text.strip()
    return stripped.startswith(("${", "#{")) or (stripped.startswith("=") and not stripped.startswith("=="))


def _bare(text: str) -> tuple[str, int]:
    """Return the expression inside ``${…}``, ``#{…}`` or after ``=``, and where it begins."""
    start = len(text) - len(text.lstrip())
    body = text.strip()
    if body.startswith(("${", "#{")):
        end = _closing_brace(body, 2)
        if end == len(body) - 1:
            return body[2:end], start + 2
        raise InvalidExpression(
            Text(
                "“{mark}”应该包住整个表达式，并以 }} 结束。",
                "“{mark}” should enclose the whole expression and end with }}.",
            ),
            start,
            mark=body[:2] + "…",
        )
    if body.startswith("=") and not body.startswith("=="):
        return body[1:], start + 1
    return body, start


def _closing_brace(text: str, at: int) -> int:
    """Return the place of the ``}`` that ends the part beginning at ``at``, or -1."""
    depth = 0
    quote = ""
    while at < len(text):
        character = text[at]
        if quote:
            if character == "\\":
                at += 1
            elif character == quote:
                quote = ""
        elif character in "\"'":
            quote = character
        elif character == "{":
            depth += 1
        elif character == "}":
            if depth == 0:
                return at
            depth -= 1
        at += 1
    return -1


@lru_cache(maxsize=4096)
def compile(text: str) -> Expression:
    """
    Compile ``${x > 1}``, ``#{x > 1}``, ``= x > 1`` or ``x > 1``, which mean the same. Cached.

    Raises:
        InvalidExpression: a mistake, something that is not allowed, or an unknown function; with its place.
    """
    if len(text) > grammar.LONGEST_TEXT:
        raise InvalidExpression(Text("表达式太长。", "The expression is too long."))
    body, start = _bare(text)
    if not body.strip():
        raise InvalidExpression(Text("表达式是空的。", "The expression is empty."), start)
    try:
        node = grammar.parse(body)
        require_known_functions(node)
    except InvalidExpression as error:
        error.offset += start
        raise
    return Expression(text.strip(), node)


def require_known_functions(node: Node) -> None:
    """
    Check every call against the table of functions.

    Raises:
        InvalidExpression: there is no such function, or it takes another number of arguments.
    """
    for part in grammar.walk(node):
        if not isinstance(part, grammar.Call):
            continue
        function = FUNCTIONS.get(part.function)
        if function is None:
            near = difflib.get_close_matches(part.function, FUNCTIONS, n=1)
            hint = Text(f"是不是 {near[0]}？", f" Is {near[0]} meant?") if near else Text("", "")
            raise InvalidExpression(
                Text("没有函数“{name}”。{hint}", "There is no function “{name}”.{hint}"),
                part.offset,
                name=part.function,
                hint=hint,
            )
        if not function.fewest <= len(part.arguments) <= function.most:
            raise InvalidExpression(
                Text(
                    "函数 {name} 的参数个数不对，应写成 {usage}。",
                    "{name} takes another number of arguments: {usage}.",
                ),
                part.offset,
                name=part.function,
                usage=function.usage,
            )
        if part.function in ("get", "defined"):
            asked_name(part)


def asked_name(call: grammar.Call) -> str:
    """Return the variable that ``get`` or ``defined`` asks for: a bare name, or its text in quotes."""
    first = call.arguments[0]
    if isinstance(first, grammar.Name):
        return first.name
    if isinstance(first, grammar.Constant) and isinstance(first.value, str):
        return first.value
    raise InvalidExpression(
        Text("{name}(…) 的第一个参数应是变量名。", "{name}(…) asks for the name of a variable."),
        call.offset,
        name=call.function,
    )


def names_in(node: Node) -> tuple[frozenset[str], frozenset[str]]:
    """Return the variables that a node needs, and those that it only asks for with ``get`` or ``defined``."""
    needed: set[str] = set()
    asked: set[str] = set()

    def look(part: Node) -> None:
        if isinstance(part, grammar.Name):
            needed.add(part.name)
        elif isinstance(part, grammar.Call) and part.function in ("get", "defined"):
            asked.add(asked_name(part))
            for argument in part.arguments[1:]:
                look(argument)
        else:
            for inner in grammar.children(part):
                look(inner)

    look(node)
    return frozenset(needed), frozenset(asked)


# -- from nodes to closures


def bind(node: Node, comparisons: Mapping[str, Callable[[Any, Any], bool]] | None = None) -> Run:
    """Turn a node into a function of a scope; nothing in it reaches beyond the scope."""
    return _Binder(comparisons or _COMPARISONS).run(node)


class _Binder:
    def __init__(self, comparisons: Mapping[str, Callable[[Any, Any], bool]]) -> None:
        self.comparisons = comparisons

    def run(self, node: Node) -> Run:
        return _BINDERS[type(node)](self, node)

    def constant(self, node: grammar.Constant) -> Run:
        value = node.value
        return lambda scope: value

    def name(self, node: grammar.Name) -> Run:
        name = node.name

        def read(scope: Scope) -> Any:
            try:
                value = scope.variables[name]
            except KeyError:
                raise failed(
                    "变量“{name}”还没有值。", "the variable “{name}” has no value yet.", name=name
                ) from None
            return exact(value) if type(value) is float else value

        return read

    def input(self, node: grammar.Input) -> Run:
        return lambda scope: scope.input

    def key(self, node: grammar.Key) -> Run:
        of, key = self.run(node.of), node.key

        def read(scope: Scope) -> Any:
            record = of(scope)
            if record is None:
                return None
            if not isinstance(record, dict):
                raise failed(
                    "“{value}”没有“.{key}”。", "“{value}” has no “.{key}”.", value=shown(record), key=key
                )
            return exact(record.get(key))

        return read

    def item(self, node: grammar.Item) -> Run:
        of, index = self.run(node.of), self.run(node.index)

        def read(scope: Scope) -> Any:
            whole, at = of(scope), index(scope)
            if whole is None:
                return None
            if isinstance(whole, dict) and isinstance(at, str):
                return exact(whole.get(at))
            if isinstance(whole, list | tuple | str) and type(at) is int:
                try:
                    return exact(whole[at])
                except IndexError:
                    raise failed(
                        "列表没有第 {at} 项（从 0 数起）。",
                        "the list has no item {at} (counted from 0).",
                        at=at,
                    ) from None
            raise failed(
                "“{value}”没有“[{at}]”。", "“{value}” has no “[{at}]”.", value=shown(whole), at=shown(at)
            )

        return read

    def call(self, node: grammar.Call) -> Run:
        name = node.function
        if name in ("get", "defined"):
            return self.asked(node)
        arguments = [self.run(argument) for argument in node.arguments]

        def answer(scope: Scope) -> Any:
            function = scope.functions.get(name) or PURE.get(name)
            if function is None:
                raise failed(
                    "这里不能用函数“{name}”。", "the function “{name}” is not available here.", name=name
                )
            values = [argument(scope) for argument in arguments]
            try:
                return function(*values)
            except MISHAPS as error:
                raise failed(
                    "函数 {name} 不能用于这些值。", "{name} cannot be used with these values.", name=name
                ) from error

        return answer

    def asked(self, node: grammar.Call) -> Run:
        wanted = asked_name(node)
        if node.function == "defined":
            return lambda scope: scope.variables.get(wanted) is not None
        otherwise = self.run(node.arguments[1])

        def answer(scope: Scope) -> Any:
            value = scope.variables.get(wanted)
            return otherwise(scope) if value is None else exact(value)

        return answer

    def sign(self, node: grammar.Sign) -> Run:
        operand = self.run(node.operand)
        if node.operator == "not":
            return lambda scope: not operand(scope)
        negative = node.operator == "-"

        def signed(scope: Scope) -> Any:
            value = operand(scope)
            if not isinstance(value, timedelta):
                value = counted(value)
            return value.__neg__() if negative else value

        return signed

    def sum(self, node: grammar.Sum) -> Run:
        left, right, compute = self.run(node.left), self.run(node.right), _SUMS[node.operator]
        return lambda scope: compute(left(scope), right(scope))

    def comparison(self, node: grammar.Comparison) -> Run:
        first = self.run(node.first)
        steps = [(self.comparisons[symbol], self.operand(symbol, value)) for symbol, value in node.rest]
        if len(steps) == 1:
            compare, second = steps[0]
            return lambda scope: compare(first(scope), second(scope))

        def holds(scope: Scope) -> bool:
            left = first(scope)
            for compare, value in steps:
                right = value(scope)
                if not compare(left, right):
                    return False
                left = right
            return True

        return holds

    def operand(self, symbol: str, node: Node) -> Run:
        return self.range(node) if isinstance(node, grammar.Range) else self.run(node)

    def range(self, node: grammar.Range) -> Run:
        low, high = self.run(node.low), self.run(node.high)
        above = self.comparisons[">=" if node.low_included else ">"]
        below = self.comparisons["<=" if node.high_included else "<"]
        return lambda scope: Between(low(scope), high(scope), above, below)

    def logic(self, node: grammar.Logic) -> Run:
        operands = [self.run(operand) for operand in node.operands]
        until = node.operator == "or"

        def joined(scope: Scope) -> Any:
            value: Any = None
            for operand in operands:
                value = operand(scope)
                if bool(value) is until:
                    break
            return value

        return joined

    def choice(self, node: grammar.Choice) -> Run:
        condition, yes, no = self.run(node.condition), self.run(node.yes), self.run(node.no)
        return lambda scope: yes(scope) if condition(scope) else no(scope)

    def list_of(self, node: grammar.ListOf) -> Run:
        items = [self.run(item) for item in node.items]
        return lambda scope: limited([item(scope) for item in items])

    def record(self, node: grammar.Record) -> Run:
        entries = [(key, self.run(value)) for key, value in node.entries]
        return lambda scope: limited({key: value(scope) for key, value in entries})


_BINDERS: dict[type[Node], Callable[[_Binder, Any], Run]] = {
    grammar.Constant: _Binder.constant,
    grammar.Name: _Binder.name,
    grammar.Input: _Binder.input,
    grammar.Key: _Binder.key,
    grammar.Item: _Binder.item,
    grammar.Call: _Binder.call,
    grammar.Sign: _Binder.sign,
    grammar.Sum: _Binder.sum,
    grammar.Comparison: _Binder.comparison,
    grammar.Range: _Binder.range,
    grammar.Logic: _Binder.logic,
    grammar.Choice: _Binder.choice,
    grammar.ListOf: _Binder.list_of,
    grammar.Record: _Binder.record,
}


@dataclass(frozen=True, slots=True)
class Between:
    """A range with its bounds computed."""

    low: Any
    high: Any
    above: Callable[[Any, Any], bool]
    below: Callable[[Any, Any], bool]

    def holds(self, value: Any) -> bool:
        """Whether the value lies inside."""
        return self.above(value, self.low) and self.below(value, self.high)


# -- comparing

_NUMBERS = (int, Decimal)
_ORDERED: dict[type, type] = {
    int: Decimal,
    Decimal: Decimal,
    str: str,
    date: date,
    datetime: datetime,
    time: time,
    timedelta: timedelta,
}


def _ordering(compare: Callable[[Any, Any], bool], *, quiet: bool) -> Callable[[Any, Any], bool]:
    def ordered(left: Any, right: Any) -> bool:
        if type(left) in _NUMBERS and type(right) in _NUMBERS:
            return compare(exact(left), exact(right))
        if quiet and (left is None or right is None):
            return False
        left, right = exact(left), exact(right)
        kind = _ORDERED.get(type(left))
        if kind is None or kind is not _ORDERED.get(type(right)):
            if left is None or right is None:
                raise failed("空值不能比较大小。", "an empty value cannot be compared.")
            raise failed(
                "“{left}”与“{right}”不能比较大小（类型不同）。",
                "“{left}” cannot be compared with “{right}”: they are of different kinds.",
                left=shown(left),
                right=shown(right),
            )
        return compare(left, right)

    return ordered


def _inside(part: Any, whole: Any) -> bool:
    return whole.holds(part) if isinstance(whole, Between) else contains(whole, part)


def _comparisons(*, quiet: bool) -> dict[str, Callable[[Any, Any], bool]]:
    return {
        "==": same,
        "!=": lambda left, right: not same(left, right),
        "<": _ordering(operator.lt, quiet=quiet),
        "<=": _ordering(operator.le, quiet=quiet),
        ">": _ordering(operator.gt, quiet=quiet),
        ">=": _ordering(operator.ge, quiet=quiet),
        "in": _inside,
        "not in": lambda part, whole: not _inside(part, whole),
    }


_COMPARISONS = _comparisons(quiet=False)
# In decision tables nothing is smaller or larger than null.
quiet_comparisons: Mapping[str, Callable[[Any, Any], bool]] = _comparisons(quiet=True)


# -- counting


def _both_whole(left: Any, right: Any) -> bool:
    return type(left) is int and type(right) is int


def _misfit(symbol: str, left: Any, right: Any) -> ExpressionFailed:
    return failed(
        "“{left}”与“{right}”不能用 {symbol} 计算。",
        "“{left}” {symbol} “{right}” cannot be computed.",
        left=shown(left),
        right=shown(right),
        symbol=symbol,
    )


def _add(left: Any, right: Any) -> Any:
    if _both_whole(left, right):
        return exact(left + right)
    if isinstance(left, str) and isinstance(right, str):
        return short(left + right)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return limited(short([*left, *right]))
    if isinstance(left, date) and isinstance(right, timedelta):
        return left + right
    if isinstance(left, timedelta) and isinstance(right, date):
        return right + left
    if isinstance(left, timedelta) and isinstance(right, timedelta):
        return _span(left + right)
    if isinstance(left, str) or isinstance(right, str) or left is None or right is None:
        raise _misfit("+", left, right)
    return exact(EXACT.add(Decimal(counted(left)), Decimal(counted(right))))


def _span(value: timedelta) -> timedelta:
    if abs(value) > LONGEST_SPAN:
        raise failed("时长太长。", "the span of time is too long.")
    return value


def _subtract(left: Any, right: Any) -> Any:
    if _both_whole(left, right):
        return exact(left - right)
    if isinstance(left, date) and isinstance(right, timedelta):
        return left - right
    if isinstance(left, datetime) and isinstance(right, datetime):
        return left - right
    if type(left) is date and type(right) is date:
        return left - right
    if isinstance(left, timedelta) and isinstance(right, timedelta):
        return _span(left - right)
    if not isinstance(left, int | Decimal | float) or not isinstance(right, int | Decimal | float):
        raise _misfit("-", left, right)
    return exact(EXACT.subtract(Decimal(counted(left)), Decimal(counted(right))))


def _multiply(left: Any, right: Any) -> Any:
    if isinstance(right, timedelta):
        left, right = right, left
    if isinstance(left, timedelta):
        return times(left, counted(right))
    left, right = counted(left), counted(right)
    if _both_whole(left, right):
        return exact(left * right)
    return exact(EXACT.multiply(Decimal(left), Decimal(right)))


def _divide(left: Any, right: Any) -> Any:
    left, right = counted(left), counted(right)
    if right == 0:
        raise failed("不能除以零。", "division by zero.")
    return exact(EXACT.divide(Decimal(left), Decimal(right)))


def _floor_divide(left: Any, right: Any) -> Any:
    left, right = counted(left), counted(right)
    if right == 0:
        raise failed("不能除以零。", "division by zero.")
    if _both_whole(left, right):
        return left // right
    return int(EXACT.divide(Decimal(left), Decimal(right)).to_integral_value("ROUND_FLOOR", EXACT))


def _remainder(left: Any, right: Any) -> Any:
    quotient = _floor_divide(left, right)
    return _subtract(left, _multiply(quotient, right))


def _power(base: Any, exponent: Any) -> Any:
    base, exponent = counted(base), counted(exponent)
    if type(exponent) is not int or abs(exponent) > 100:
        raise failed("指数只能是 -100 到 100 的整数。", "an exponent is a whole number from -100 to 100.")
    if base == 0:
        if exponent < 0:
            raise failed("不能除以零。", "division by zero.")
        return 1 if exponent == 0 else 0
    if abs(Decimal(base).adjusted() + 1) * abs(exponent) > LARGEST:
        raise failed("数字太大。", "the number is too large.")
    if type(base) is int and exponent >= 0:
        return exact(base**exponent)
    return exact(EXACT.power(Decimal(base), Decimal(exponent)))


_SUMS: dict[str, Callable[[Any, Any], Any]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "//": _floor_divide,
    "%": _remainder,
    "**": _power,
}


# -- texts with expressions inside


class Template:
    """A text with ``${…}`` parts; or one single expression, which keeps the kind of its value."""

    __slots__ = ("_whole", "asked", "names", "parts", "source")

    def __init__(self, source: str, parts: tuple[str | Expression, ...]) -> None:
        self.source = source
        self.parts = parts
        expressions = [part for part in parts if isinstance(part, Expression)]
        self._whole = expressions[0] if len(parts) == 1 and expressions else None
        self.names = frozenset[str]().union(*(part.names for part in expressions))
        self.asked = frozenset[str]().union(*(part.asked for part in expressions))

    def evaluate(self, variables: Variables, functions: Functions) -> Any:
        """Return the single expression's value, or else the text put together."""
        if self._whole is not None:
            return self._whole.evaluate(variables, functions)
        return self.text(variables, functions)

    def text(self, variables: Variables, functions: Functions) -> str:
        """Return the text put together; an empty value leaves its place empty."""
        write = functions.get("str", text_of)
        return "".join(
            part if isinstance(part, str) else write(part.evaluate(variables, functions))
            for part in self.parts
        )


@lru_cache(maxsize=4096)
def compile_template(text: str) -> Template:
    """
    Compile a text such as ``Case ${case_number}: …``; ``= …`` is one expression, other text is itself.

    Raises:
        InvalidExpression: a part is wrong.
    """
    if is_expression(text) and text.strip().startswith("="):
        return Template(text, (compile(text),))
    parts: list[str | Expression] = []
    at = 0
    body = text.strip() if is_expression(text) else text
    while True:
        begin = min((place for place in (body.find("${", at), body.find("#{", at)) if place >= 0), default=-1)
        if begin < 0:
            break
        end = _closing_brace(body, begin + 2)
        if end < 0:
            raise InvalidExpression(
                Text("“{mark}”没有以 }} 结束。", "“{mark}” does not end with }}."),
                begin,
                mark=body[begin : begin + 20],
            )
        if begin > at:
            parts.append(body[at:begin])
        try:
            parts.append(compile(body[begin : end + 1]))
        except InvalidExpression as error:
            error.offset += begin
            raise
        at = end + 1
    if at < len(body) or not parts:
        parts.append(body[at:])
    return Template(text, tuple(parts))


# -- scripts


class Script:
    """Lines ``name = expression``, carried out in order."""

    __slots__ = ("asked", "assigned", "lines", "names")

    def __init__(self, lines: tuple[tuple[str, Expression], ...]) -> None:
        self.lines = lines
        self.assigned = tuple(dict.fromkeys(name for name, _ in lines))
        needed: set[str] = set()
        asked: set[str] = set()
        known: set[str] = set()
        for name, expression in lines:
            needed |= expression.names - known
            asked |= expression.asked - known
            known.add(name)
        self.names = frozenset(needed)
        self.asked = frozenset(asked)

    def run(self, variables: Variables, functions: Functions) -> dict[str, Any]:
        """
        Return the values of the assigned variables; a later line sees the earlier ones.

        Raises:
            ExpressionFailed: a line could not be computed; nothing is assigned.
        """
        seen = dict(variables)
        for name, expression in self.lines:
            seen[name] = expression.evaluate(seen, functions)
        return {name: seen[name] for name in self.assigned}


_ASSIGNMENT = re.compile(r"\s*([^\W\d]\w*)\s*=(?!\s*=)")


@lru_cache(maxsize=1024)
def compile_script(text: str) -> Script:
    """
    Compile lines ``name = expression``; ``#`` begins a comment, an open bracket continues on the next line.

    Raises:
        InvalidExpression: a line is something else; its message names the line.
    """
    lines: list[tuple[str, Expression]] = []
    if len(text) > 10 * grammar.LONGEST_TEXT:
        raise InvalidExpression(Text("脚本太长。", "The script is too long."))
    for number, offset, line in _logical_lines(text):
        match = _ASSIGNMENT.match(line)
        name = match[1] if match else ""
        try:
            if match is None:
                raise InvalidExpression(
                    Text(
                        "脚本的每一行只能是“变量 = 表达式”。",
                        "A script line can only be “name = expression”.",
                    )
                )
            if name in grammar.WORDS or name.startswith("_") or name == "typename":
                raise InvalidExpression(
                    Text("“{name}”不能作变量名。", "“{name}” cannot be the name of a variable."), name=name
                )
            lines.append((name, compile(line[match.end() :])))
        except InvalidExpression as error:
            raise InvalidExpression(
                Text("第 {number} 行：{reason}", "Line {number}: {reason}"),
                offset + error.offset + (match.end() if match else 0),
                number=number,
                reason=error.message,
            ) from error
    if not lines:
        raise InvalidExpression(Text("脚本是空的。", "The script is empty."))
    return Script(tuple(lines))


def _logical_lines(text: str) -> list[tuple[int, int, str]]:
    """Return line number, offset and text of each statement, without comments."""
    found: list[tuple[int, int, str]] = []
    pending, first, start, offset = "", 0, 0, 0
    for number, line in enumerate(text.split("\n"), 1):
        kept, depth = _without_comment(pending + "\n" + line if pending else line)
        if not pending:
            first, start = number, offset
        offset += len(line) + 1
        if depth > 0:
            pending = kept
            continue
        pending = ""
        if kept.strip():
            found.append((first, start, kept))
    if pending.strip():
        found.append((first, start, pending))
    return found


def _without_comment(line: str) -> tuple[str, int]:
    """Return the line up to a ``#`` outside quotes, and how many brackets are open at its end."""
    depth, quote, at = 0, "", 0
    while at < len(line):
        character = line[at]
        if quote:
            if character == "\\":
                at += 1
            elif character == quote:
                quote = ""
        elif character in "\"'":
            quote = character
        elif character == "#":
            end = line.find("\n", at)
            line = line[:at] + (line[end:] if end >= 0 else "")
            continue
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        at += 1
    return line, depth
