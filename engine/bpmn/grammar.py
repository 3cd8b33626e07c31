"""The grammar of expressions: from text to a tree of plain nodes, with the place of every mistake."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Literal, NoReturn

from engine.errors import BanjieError
from engine.texts import Text

LONGEST_TEXT = 4000  # characters of one expression
DEEPEST_NESTING = 40  # brackets, signs and choices inside each other
MOST_DIGITS = 40  # of one written number


class InvalidExpression(BanjieError):
    """An expression cannot be understood; ``offset`` is the place of the mistake, counted from 0."""

    def __init__(self, message: Text, offset: int = 0, **values: object) -> None:
        super().__init__(message, **values)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Node:
    """A part of an expression, and where it stands."""

    offset: int


@dataclass(frozen=True, slots=True)
class Constant(Node):
    """A written value."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A variable."""

    name: str


@dataclass(frozen=True, slots=True)
class Input(Node):
    """The ``?`` of a decision table: the value of the column."""


@dataclass(frozen=True, slots=True)
class Key(Node):
    """``of.key``: a key of a record, never an attribute."""

    of: Node
    key: str


@dataclass(frozen=True, slots=True)
class Item(Node):
    """``of[index]``."""

    of: Node
    index: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function with its arguments."""

    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Sign(Node):
    """``-x``, ``+x`` or ``not x``."""

    operator: Literal["-", "+", "not"]
    operand: Node


@dataclass(frozen=True, slots=True)
class Sum(Node):
    """Two values and one of ``+ - * / // % **``."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """``a < b <= c``: each value with the one before it."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Logic(Node):
    """Values joined by ``and`` or ``or``."""

    operator: Literal["and", "or"]
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice(Node):
    """``if condition then yes else no``."""

    condition: Node
    yes: Node
    no: Node


@dataclass(frozen=True, slots=True)
class ListOf(Node):
    """``[a, b]``."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Record(Node):
    """``{a: 1, "b": 2}``."""

    entries: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Range(Node):
    """``[low..high]``; a round or outward bracket leaves the bound out."""

    low: Node
    high: Node
    low_included: bool
    high_included: bool


@dataclass(frozen=True, slots=True)
class Test(Node):
    """One test of a decision table's cell: the column's value compared with ``value``.

    ``operator`` is one of ``== != < <= > >=``, ``in`` (a range or list), ``equals or in`` (a plain value) or
    ``true`` (a condition that holds a ``?``).
    """

    operator: str
    value: Node


@dataclass(frozen=True, slots=True)
class Tests(Node):
    """A cell of a decision table: any test holds or, with ``negated``, none does. No tests: anything fits."""

    tests: tuple[Test, ...]
    negated: bool = False


def walk(node: Node) -> Iterator[Node]:
    """Give the node and all that is inside it."""
    yield node
    for child in children(node):
        yield from walk(child)


def children(node: Node) -> Iterator[Node]:
    """Give the nodes directly inside a node."""
    for field in fields(node):
        yield from _nodes_in(getattr(node, field.name))


def _nodes_in(value: object) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from _nodes_in(each)


CONSTANTS = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None}
WORDS = frozenset(
    {*CONSTANTS, "and", "or", "not", "if", "then", "else", "in", "is", "between", "for", "lambda"}
)

#: Words for which modellers of the Camunda 7 kind have symbols, too, and how they are written here.
JUEL = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "div": "/", "mod": "%"}

# FEEL writes some names with spaces.
SPACED_FUNCTIONS = {
    "date and time": "instant",
    "starts with": "starts_with",
    "ends with": "ends_with",
    "string length": "len",
    "upper case": "upper",
    "lower case": "lower",
    "list contains": "contains",
}
FEEL_FUNCTIONS = {"ceil": "ceiling", "string": "str", "size": "len", "mean": "average"}

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<number>\d[\d_]*(?:\.\d+)?)
      | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<name>[^\W\d]\w*)
      | (?P<operator>&&|\|\||==|!=|<=|>=|\*\*|//|\.\.|[-+*/%^<>=!()\[\]{},:.?])""",
    re.VERBOSE | re.DOTALL,
)
_SPACED = re.compile("(?:" + "|".join(name.replace(" ", r"\s+") for name in SPACED_FUNCTIONS) + r")(?=\s*\()")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
_SAME_AS = {"&&": "and", "||": "or", "=": "==", "^": "**"}
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
_FULL_WIDTH = {chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)} | {
    "\u201c": '"',
    "\u201d": '"',
    "\u2018": "'",
    "\u2019": "'",
    "\u3001": ",",
    "\u3002": ".",
    "\u3010": "[",
    "\u3011": "]",
    "\u300c": '"',
    "\u300d": '"',
}


@dataclass(frozen=True, slots=True)
class Token:
    """A word of an expression."""

    kind: Literal["number", "string", "name", "operator", "end"]
    text: str
    offset: int
    end: int


def tokens(text: str) -> list[Token]:
    """
    Cut a text into words.

    Raises:
        InvalidExpression: it is too long, or holds a character that means nothing here.
    """
    if len(text) > LONGEST_TEXT:
        raise InvalidExpression(
            Text(
                "表达式太长（最多 {most} 个字符）。",
                "The expression is too long (at most {most} characters).",
            ),
            most=LONGEST_TEXT,
        )
    found: list[Token] = []
    at = 0
    while at < len(text):
        spaced = _SPACED.match(text, at)
        if spaced and (not found or found[-1].text != "."):
            found.append(Token("name", SPACED_FUNCTIONS[" ".join(spaced[0].split())], at, spaced.end()))
            at = spaced.end()
            continue
        match = _TOKEN.match(text, at)
        if match is None:
            _refuse_character(text, at)
        kind = match.lastgroup
        if kind != "space":
            word = match[0]
            found.append(Token(kind, _SAME_AS.get(word, word), at, match.end()))  # type: ignore[arg-type]
        at = match.end()
    found.append(Token("end", "", len(text), len(text)))
    return found


def _refuse_character(text: str, at: int) -> NoReturn:
    character = text[at]
    if character in _FULL_WIDTH:
        raise InvalidExpression(
            Text(
                "第 {place} 个字符“{full}”是全角符号，请改用半角的 {half} 。",
                "Character {place}, “{full}”, is full-width; write {half} instead.",
            ),
            at,
            place=at + 1,
            full=character,
            half=_FULL_WIDTH[character],
        )
    if character in "\"'":
        raise InvalidExpression(
            Text(
                "第 {place} 个字符开始的引号没有结束。",
                "The quotation that begins at character {place} does not end.",
            ),
            at,
            place=at + 1,
        )
    raise InvalidExpression(
        Text(
            "第 {place} 个字符“{character}”不能用在表达式里。",
            "Character {place}, “{character}”, means nothing in an expression.",
        ),
        at,
        place=at + 1,
        character=character,
    )


def parse(text: str, *, with_input: bool = False) -> Node:
    """
    Read one expression; ``with_input`` lets ``?`` stand for the value of a decision table's column.

    Raises:
        InvalidExpression: with the place of the mistake.
    """
    parser = _Parser(text, with_input=with_input)
    node = parser.expression()
    parser.expect_end()
    return node


def parse_tests(text: str) -> Tests:
    """
    Read a cell of a decision table (FEEL unary tests).

    Raises:
        InvalidExpression: with the place of the mistake.
    """
    if text.strip() in ("", "-"):
        return Tests(0, ())
    parser = _Parser(text, with_input=True)
    tests = parser.tests_or_negation()
    parser.expect_end()
    return tests


class _Parser:
    def __init__(self, text: str, *, with_input: bool) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.at = 0
        self.depth = 0
        self.with_input = with_input

    # -- words

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def following(self, count: int = 1) -> Token:
        return self.tokens[min(self.at + count, len(self.tokens) - 1)]

    def take(self) -> Token:
        token = self.token
        self.at += 1
        return token

    def comes(self, *texts: str) -> bool:
        return self.token.kind in ("operator", "name") and self.token.text in texts

    def accept(self, *texts: str) -> Token | None:
        return self.take() if self.comes(*texts) else None

    def expect(self, text: str) -> Token:
        if not self.comes(text):
            self.refuse_token(Text("这里应该是 {text}", "{text} is expected here").format(text=text))
        return self.take()

    def expect_end(self) -> None:
        if self.token.kind != "end":
            self.refuse_token(Text("多出的内容", "this does not belong here"))

    def refuse_token(self, why: Text) -> NoReturn:
        token = self.token
        symbol = JUEL.get(token.text)
        if self.at and self.tokens[self.at - 1].text == "empty" and token.kind == "name":
            symbol = f"{token.text} == null"
        if symbol is not None:
            why = Text("请写成 {symbol}", "write {symbol} instead").format(symbol=symbol)
        if token.kind == "end":
            raise InvalidExpression(
                Text("表达式没有写完：{why}。", "The expression is unfinished: {why}."), token.offset, why=why
            )
        raise InvalidExpression(
            Text("第 {place} 个字符“{word}”处：{why}。", "At character {place}, “{word}”: {why}."),
            token.offset,
            place=token.offset + 1,
            word=self.text[token.offset : token.end][:30],
            why=why,
        )

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST_NESTING:
            raise InvalidExpression(
                Text("表达式嵌套太深。", "The expression is nested too deeply."), self.token.offset
            )

    # -- expressions, the loosest first

    def expression(self) -> Node:
        self.deeper()
        offset = self.token.offset
        if self.accept("if"):
            condition = self.expression()
            self.expect("then")
            yes = self.expression()
            self.expect("else")
            node: Node = Choice(offset, condition, yes, self.expression())
        else:
            node = self.any_of()
            if self.accept("if"):
                condition = self.any_of()
                self.expect("else")
                node = Choice(offset, condition, node, self.expression())
            elif not self.with_input and self.accept("?"):
                yes = self.expression()
                self.expect(":")
                node = Choice(offset, node, yes, self.expression())
        self.depth -= 1
        return node

    def any_of(self) -> Node:
        offset = self.token.offset
        operands = [self.all_of()]
        while self.accept("or"):
            operands.append(self.all_of())
        return operands[0] if len(operands) == 1 else Logic(offset, "or", tuple(operands))

    def all_of(self) -> Node:
        offset = self.token.offset
        operands = [self.negation()]
        while self.accept("and"):
            operands.append(self.negation())
        return operands[0] if len(operands) == 1 else Logic(offset, "and", tuple(operands))

    def negation(self) -> Node:
        offset = self.token.offset
        if self.accept("not", "!"):
            self.deeper()
            node = Sign(offset, "not", self.negation())
            self.depth -= 1
            return node
        return self.comparison()

    def comparison(self) -> Node:
        offset = self.token.offset
        first = self.sum()
        rest: list[tuple[str, Node]] = []
        while True:
            if self.token.text in _COMPARISONS and self.token.kind == "operator":
                rest.append((self.take().text, self.sum()))
            elif self.comes("in"):
                self.take()
                rest.append(("in", self.sum(range_allowed=True)))
            elif self.comes("not") and self.following().text == "in":
                self.take()
                self.take()
                rest.append(("not in", self.sum(range_allowed=True)))
            elif self.accept("is"):
                rest.append(("!=" if self.accept("not") else "==", self.sum()))
            elif self.accept("between"):
                low = self.sum()
                self.expect("and")
                rest.append(("in", Range(low.offset, low, self.sum(), True, True)))
            else:
                break
        return Comparison(offset, first, tuple(rest)) if rest else first

    def sum(self, *, range_allowed: bool = False) -> Node:
        node = self.product(range_allowed=range_allowed)
        while self.comes("+", "-"):
            operator = self.take()
            node = Sum(operator.offset, operator.text, node, self.product())
            self.limit_chain(node)
        return node

    def product(self, *, range_allowed: bool = False) -> Node:
        node = self.signed(range_allowed=range_allowed)
        while self.comes("*", "/", "//", "%"):
            operator = self.take()
            node = Sum(operator.offset, operator.text, node, self.signed())
            self.limit_chain(node)
        return node

    def limit_chain(self, node: Node) -> None:
        """A long row of sums is a deep tree on its left side."""
        length = 0
        while isinstance(node, Sum | Key | Item):
            node = node.left if isinstance(node, Sum) else node.of
            length += 1
        if length > 200:
            raise InvalidExpression(Text("表达式太长。", "The expression is too long."), self.token.offset)

    def signed(self, *, range_allowed: bool = False) -> Node:
        if self.comes("-", "+"):
            sign = self.take()
            self.deeper()
            operand = self.signed()
            self.depth -= 1
            if isinstance(operand, Constant) and type(operand.value) in (int, Decimal):
                return Constant(sign.offset, -operand.value if sign.text == "-" else operand.value)
            return Sign(sign.offset, "-" if sign.text == "-" else "+", operand)
        node = self.with_parts(range_allowed=range_allowed)
        if self.comes("**"):
            operator = self.take()
            self.deeper()
            node = Sum(operator.offset, "**", node, self.signed())
            self.depth -= 1
        return node

    def with_parts(self, *, range_allowed: bool) -> Node:
        node = self.single(range_allowed=range_allowed)
        while not isinstance(node, Range):
            if self.accept("."):
                token = self.token
                if token.kind != "name":
                    self.refuse_token(Text("点号后应该是名称", "a name is expected after the dot"))
                self.refuse_private(token)
                self.take()
                if self.comes("("):
                    raise InvalidExpression(
                        Text(
                            "不能调用“.{name}(…)”；请用函数，例如 len(x)、contains(x, y)。",
                            "“.{name}(…)” cannot be called; use a function such as len(x) or contains(x, y).",
                        ),
                        token.offset,
                        name=token.text,
                    )
                node = Key(token.offset, node, token.text)
            elif self.comes("[") and self.following().text not in ("", ",", ")"):  # else it ends a range
                token = self.take()
                index = self.expression()
                self.expect("]")
                node = Item(token.offset, node, index)
            else:
                break
            self.limit_chain(node)
        return node

    def refuse_private(self, token: Token) -> None:
        if token.text.startswith("_"):
            raise InvalidExpression(
                Text("名称“{name}”不能以下划线开头。", "The name “{name}” may not begin with an underscore."),
                token.offset,
                name=token.text,
            )

    def single(self, *, range_allowed: bool) -> Node:
        token = self.token
        if token.kind == "number":
            return self.number()
        if token.kind == "string":
            self.take()
            return Constant(token.offset, _ESCAPE.sub(_unescape, token.text[1:-1]))
        if token.kind == "name" and (token.text in CONSTANTS or token.text not in WORDS):
            return self.named()
        if self.comes("?") and self.with_input:
            self.take()
            return Input(token.offset)
        if self.comes("(", "[", "]"):
            return self.bracketed(range_allowed=range_allowed)
        if self.comes("{"):
            return self.record()
        return self.refuse_token(Text("这里应该是一个值", "a value is expected here"))

    def number(self) -> Node:
        token = self.take()
        after = self.token
        if after.offset == token.end and after.kind in ("name", "number"):
            self.refuse_token(Text("数字后面缺少运算符", "an operator is missing after the number"))
        digits = token.text.replace("_", "")
        if len(digits.replace(".", "")) > MOST_DIGITS:
            raise InvalidExpression(
                Text("数字太长（最多 {most} 位）。", "The number is too long (at most {most} digits)."),
                token.offset,
                most=MOST_DIGITS,
            )
        return Constant(token.offset, Decimal(digits) if "." in digits else int(digits))

    def named(self) -> Node:
        token = self.take()
        if token.text in CONSTANTS:
            return Constant(token.offset, CONSTANTS[token.text])
        self.refuse_private(token)
        if not self.accept("("):
            return Name(token.offset, token.text)
        arguments = self.items(")")
        return Call(token.offset, FEEL_FUNCTIONS.get(token.text, token.text), tuple(arguments))

    def items(self, closing: str) -> list[Node]:
        """Read expressions up to the closing bracket, and the bracket."""
        found: list[Node] = []
        while not self.accept(closing):
            if found:
                self.expect(",")
                if self.accept(closing):
                    break
            found.append(self.expression())
        return found

    def bracketed(self, *, range_allowed: bool) -> Node:
        opening = self.take()
        if opening.text == "[" and self.accept("]"):
            return ListOf(opening.offset, ())
        if opening.text == "(" and self.comes(")"):
            self.refuse_token(Text("括号里没有内容", "there is nothing in the brackets"))
        first = self.sum() if opening.text == "]" else self.expression()
        if opening.text == "]" or self.comes(".."):
            return self.range(opening, first, allowed=range_allowed)
        if opening.text == "(" and self.accept(")"):
            return first
        found = [first]
        closing = ")" if opening.text == "(" else "]"
        if not self.accept(closing):
            self.expect(",")
            found += self.items(closing)
        return ListOf(opening.offset, tuple(found))

    def range(self, opening: Token, low: Node, *, allowed: bool) -> Node:
        self.expect("..")
        if not allowed:
            raise InvalidExpression(
                Text(
                    "范围 [a..b] 只能写在 in 后面，或单独写在决策表的格子里。",
                    "A range [a..b] may only follow “in”, or stand alone in a cell of a decision table.",
                ),
                opening.offset,
            )
        high = self.sum()
        closing = self.accept("]", "[", ")")
        if closing is None:
            self.refuse_token(Text("范围应以“]”或“)”结束", "a range ends with ] or )"))
        return Range(opening.offset, low, high, opening.text == "[", closing.text == "]")

    def record(self) -> Node:
        opening = self.take()
        entries: list[tuple[str, Node]] = []
        while not self.accept("}"):
            if entries:
                self.expect(",")
            token = self.take()
            if token.kind == "string":
                key = _ESCAPE.sub(_unescape, token.text[1:-1])
            elif token.kind == "name":
                key = token.text
            else:
                self.at -= 1
                self.refuse_token(Text("这里应该是名称", "a name is expected here"))
            if key == "typename" or key.startswith("_") or any(key == other for other, _ in entries):
                raise InvalidExpression(
                    Text("名称“{name}”不能用在这里。", "The name “{name}” cannot be used here."),
                    token.offset,
                    name=key,
                )
            self.expect(":")
            entries.append((key, self.expression()))
        return Record(opening.offset, tuple(entries))

    # -- cells of decision tables

    def tests_or_negation(self) -> Tests:
        offset = self.token.offset
        if self.comes("not") and self.following().text == "(":
            self.take()
            self.take()
            tests = self.tests()
            self.expect(")")
            return Tests(offset, tests, negated=True)
        return Tests(offset, self.tests())

    def tests(self) -> tuple[Test, ...]:
        found = [self.test()]
        while True:
            comma = self.token
            if not self.accept(","):
                return tuple(found)
            self.refuse_thousands(comma)
            found.append(self.test())

    def refuse_thousands(self, comma: Token) -> None:
        """“50,000” would be read as “50 or 0”."""
        before, after = self.tokens[self.at - 2], self.token
        if (
            before.kind == after.kind == "number"
            and before.end == comma.offset
            and after.offset == comma.end
            and re.fullmatch(r"\d{1,3}", before.text)
            and re.fullmatch(r"\d{3}(\.\d+)?", after.text)
        ):
            raise InvalidExpression(
                Text(
                    "“{first},{second}”有两种读法：数字请不写千位逗号（{first}{second}），列举请在逗号后空一格。",
                    "“{first},{second}” may mean two things: write a number without comma ({first}{second}),"
                    " and a list with a space after the comma.",
                ),
                before.offset,
                first=before.text,
                second=after.text,
            )

    def test(self) -> Test:
        token = self.token
        if token.kind == "operator" and token.text in _COMPARISONS:
            self.take()
            return Test(token.offset, token.text, self.sum())
        if self.accept("in"):
            return Test(token.offset, "in", self.sum(range_allowed=True))
        if self.comes("[", "(", "]"):
            start = self.at
            value = self.sum(range_allowed=True)
            if isinstance(value, Range):
                return Test(token.offset, "in", value)
            self.at = start
        value = self.expression()
        if any(isinstance(part, Input) for part in walk(value)):
            return Test(token.offset, "true", value)
        return Test(token.offset, "equals or in", value)


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) == 5:
        character = chr(int(code[1:], 16))
        return "\ufffd" if "\ud800" <= character <= "\udfff" else character
    return _ESCAPED.get(code, code)
