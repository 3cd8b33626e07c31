"""Text blocks of a form: paragraphs, headings, lists, emphasis, links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

SpanKind = Literal["plain", "strong", "em", "code", "link", "value"]
BlockKind = Literal["paragraph", "heading", "bullets", "numbers"]

#: ``{{ expression }}`` inside a label, a description or a text block
TEMPLATE = re.compile(r"\{\{([^{}]+)\}\}")

_WHOLE = r"\{\{[^{}]+\}\}"
_SPAN = re.compile(
    r"\{\{(?P<value>[^{}]+)\}\}"
    # An expression is taken whole or not at all: with two ways to read one, a hostile text takes for ever.
    rf"|\*\*(?P<strong>(?:{_WHOLE}|(?!{_WHOLE})[^*])+)\*\*|__(?P<strong2>(?:{_WHOLE}|(?!{_WHOLE})[^_])+)__"
    r"|\*(?P<em>[^*\s][^*]*)\*"
    r"|`(?P<code>[^`]+)`"
    r"|\[(?P<link>[^\[\]]+)\]\((?P<address>[^()\s]+)\)"
)
_SAFE_ADDRESS = re.compile(r"(https?://|/(?!/)|tel:|mailto:)[^\s\"'<>\\]*\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Span:
    """
    A run of text. Of kind ``value``, its text is an expression until the form is shown.

    A run of another kind may hold ``{{ expression }}`` until then.
    """

    kind: SpanKind
    text: str
    address: str = ""


@dataclass(frozen=True)
class Block:
    """A paragraph, a heading (``level`` 1–6) or a list; every item is a row of spans."""

    kind: BlockKind
    items: tuple[tuple[Span, ...], ...]
    level: int = 0


def spans(text: str) -> tuple[Span, ...]:
    """Split one line into its runs. An address that is not http(s), tel, mailto or local stays plain text."""
    result: list[Span] = []
    position = 0
    for match in _SPAN.finditer(text):
        if match.start() > position:
            result.append(Span("plain", text[position : match.start()]))
        result.append(_span(match))
        position = match.end()
    if position < len(text):
        result.append(Span("plain", text[position:]))
    return tuple(result)


def _span(match: re.Match[str]) -> Span:
    found = match.groupdict()
    if found["value"] is not None:
        return Span("value", found["value"].strip())
    if found["link"] is not None:
        if _SAFE_ADDRESS.match(found["address"]):
            return Span("link", found["link"], found["address"])
        return Span("plain", found["link"])
    if found["code"] is not None:
        return Span("code", found["code"])
    if found["em"] is not None:
        return Span("em", found["em"])
    return Span("strong", found["strong"] or found["strong2"])


def blocks(text: str) -> tuple[Block, ...]:
    """Read the blocks of a text. HTML in it stays what it is: characters."""
    result: list[Block] = []
    paragraph: list[str] = []

    def close_paragraph() -> None:
        if paragraph:
            result.append(Block("paragraph", (spans(" ".join(paragraph)),)))
            paragraph.clear()

    for line in (raw.strip() for raw in text.splitlines()):
        heading = re.match(r"(#{1,6})\s+(.+)", line)
        item = re.match(r"([-*+]|\d{1,3}[.)、])\s+(.+)", line)
        if heading:
            close_paragraph()
            result.append(Block("heading", (spans(heading[2]),), len(heading[1])))
        elif item:
            close_paragraph()
            kind: BlockKind = "numbers" if item[1][0].isdigit() else "bullets"
            if result and result[-1].kind == kind:
                result[-1] = Block(kind, (*result[-1].items, spans(item[2])))
            else:
                result.append(Block(kind, (spans(item[2]),)))
        elif line:
            paragraph.append(line)
        else:
            close_paragraph()
    close_paragraph()
    return tuple(result)
