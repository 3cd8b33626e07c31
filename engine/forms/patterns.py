"""Patterns that a form may check a text against, and what they may cost."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass

#: as many ways of matching as a pattern may have for the longest text of its field
MOST_WAYS = 1_000_000
LONGEST_PATTERN = 300


class PatternRefused(ValueError):
    """The pattern is malformed, or could take for ever; the message says which part."""


def compile_pattern(pattern: str, longest_text: int) -> re.Pattern[str]:
    """
    Compile a pattern for the whole value, with the ASCII meaning of ``\\d`` and ``\\w``.

    Python's matcher tries every way in which repeats can share a text between them. Their number is
    bounded here, before the pattern is used, so that no input can make it slow.

    Raises:
        PatternRefused: it is malformed, or has too many ways to match.
    """
    if len(pattern) > LONGEST_PATTERN:
        raise PatternRefused(f"more than {LONGEST_PATTERN} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # “possible nested set” is a mistake here too
            compiled = re.compile(pattern, re.ASCII)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        raise PatternRefused(str(error)) from None
    if _Cost(pattern, longest_text).of_pattern() > MOST_WAYS:
        raise PatternRefused("too many repeats")
    return compiled


@dataclass
class _Cost:
    """Counts the ways in which a pattern can match: sums over alternatives, products over sequences."""

    pattern: str
    longest_text: int
    position: int = 0

    def of_pattern(self) -> int:
        ways = self._alternatives()
        if self.position < len(self.pattern):
            raise PatternRefused(self.pattern[self.position :])
        return ways

    def _alternatives(self) -> int:
        total = self._sequence()
        while self._next() == "|":
            self.position += 1
            total += self._sequence()
        return total

    def _sequence(self) -> int:
        ways = 1
        while self._next() not in ("", "|", ")"):
            ways *= self._repeated(self._atom())
            if ways > MOST_WAYS:
                raise PatternRefused("too many repeats")
        return ways

    def _atom(self) -> int:
        character = self._next()
        self.position += 1
        if character == "(":
            return self._group()
        if character == "[":
            self._character_class()
        elif character == "\\":
            if self._next().isdigit() and self._next() != "0":
                raise PatternRefused("a reference to a group")
            self.position += 1
        return 1

    def _group(self) -> int:
        if self._next() == "?":
            if not self.pattern.startswith("?:", self.position):
                raise PatternRefused(self.pattern[self.position - 1 : self.position + 3])
            self.position += 2
        ways = self._alternatives()
        self.position += 1  # the closing parenthesis: re.compile saw it
        return ways

    def _character_class(self) -> None:
        if self._next() == "^":
            self.position += 1
        if self._next() == "]":
            self.position += 1
        while self._next() != "]":
            self.position += 2 if self._next() == "\\" else 1
        self.position += 1

    def _repeated(self, ways: int) -> int:
        repeat = re.compile(r"[*+?]|\{(\d*)(,?)(\d*)\}").match(self.pattern, self.position)
        if repeat is None or repeat.group() in ("{}", "{,}"):
            return ways
        self.position = repeat.end()
        if self._next() in ("?", "+"):  # lazy or possessive: never more ways
            self.position += 1
        least, most = self._bounds(repeat)
        if ways == 1:
            return most - least + 1
        if most <= 1:
            return 1 + ways
        if least == most and most <= 20:
            return int(ways**most)
        raise PatternRefused(f"a repeat inside a repeat, before “{self.pattern[self.position :]}”")

    def _bounds(self, repeat: re.Match[str]) -> tuple[int, int]:
        match repeat.group()[0]:
            case "*":
                return 0, self.longest_text
            case "+":
                return 1, self.longest_text
            case "?":
                return 0, 1
        least = int(repeat[1] or 0)
        if not repeat[2]:
            return least, least
        return least, int(repeat[3]) if repeat[3] else max(self.longest_text, least)

    def _next(self) -> str:
        return self.pattern[self.position : self.position + 1]
