"""How commands print: findings, results of journeys, JSON with exact amounts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import quoteattr

from engine.errors import Finding, foremost
from engine.journeys import Failure, Result
from engine.texts import Text

_SEVERITIES = {"error": Text("错误", "error"), "warning": Text("警告", "warning")}


_MORE = Text(
    "……还有 {count} 处没有列出；先改正上面的，再检查一次（--json 列出全部）。",
    "… and {count} more, not listed: mend these, then check again (--json lists all).",
)


def findings(found: Sequence[Finding], language: str) -> Iterator[str]:
    """Give findings as lines; of very many the foremost, and a line that says how many there are besides."""
    shown = foremost(found)
    for each in shown:
        yield finding(each, language)
    if len(found) > len(shown):
        yield _MORE.format(count=len(found) - len(shown)).in_language(language)


def finding(found: Finding, language: str) -> str:
    """Return a finding as a line, with what to do instead on a second one."""
    place = f"{found.file}:{found.line}" if found.line else found.file
    parts = [f"{place}: {_SEVERITIES[found.severity].in_language(language)} [{found.code}]"]
    if found.element_name:
        parts.append(f"“{found.element_name}”")
    if found.element_id:
        parts.append(f"({found.element_id})")
    parts.append(found.message.in_language(language))
    hint = found.hint.in_language(language)
    return " ".join(parts) + (f"\n    → {hint}" if hint else "")


def finding_as_json(found: Finding, language: str) -> dict[str, Any]:
    """Return a finding's fields, its texts in one language."""
    return {
        name: value.in_language(language) if isinstance(value, Text) else value
        for name, value in vars(found).items()
    }


def result(played: Result, language: str) -> str:
    """Return a line for a journey; of one that failed also the step, what was expected and what was found."""
    journey, failure = played.journey, played.failure
    if failure is None:
        return f"ok      {journey.file_name}: {journey.name}"
    told = Text(
        "  第 {line} 行，第 {step} 步：{what}\n    应当：{expected}\n    实际：{found}",
        "  line {line}, step {step}: {what}\n    expected: {expected}\n    found:    {found}",
    )
    return f"FAILED  {journey.file_name}: {journey.name}\n{_filled(told, failure, language)}"


def _filled(told: Text, failure: Failure, language: str) -> str:
    return told.format(**vars(failure)).in_language(language)


def junit(results: Sequence[Result], language: str, unplayable: Text | None = None) -> str:
    """
    Return results as JUnit XML, as build servers read it: a suite per file.

    ``unplayable`` is what kept journeys from being played: a suite of its own, with an error.
    """
    suites = [
        _suite(name, [each for each in results if each.journey.file_name == name], language)
        for name in dict.fromkeys(each.journey.file_name for each in results)
    ]
    if unplayable is not None:
        told = _attribute(unplayable.in_language(language))
        case = f'<testcase classname="play" name="play"><error message={told}/></testcase>'
        suites.append(f'<testsuite name="play" {_numbers((), errors=1)}>\n{case}\n</testsuite>')
    numbers = _numbers(results, errors=int(unplayable is not None))
    return "\n".join(
        ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites {numbers}>", *suites, "</testsuites>", ""]
    )


def _suite(file_name: str, results: Sequence[Result], language: str) -> str:
    cases = [_case(each, language) for each in results]
    return "\n".join(
        [f"<testsuite name={_attribute(file_name)} {_numbers(results)}>", *cases, "</testsuite>"]
    )


def _numbers(results: Sequence[Result], errors: int = 0) -> str:
    tests = len(results) + errors
    failures = sum(each.failure is not None for each in results)
    seconds = sum(each.seconds for each in results)
    return f'tests="{tests}" failures="{failures}" errors="{errors}" skipped="0" time="{seconds:.3f}"'


def _case(played: Result, language: str) -> str:
    journey = played.journey
    names = f"classname={_attribute(journey.file_name)} name={_attribute(journey.name)}"
    opened = f'<testcase {names} time="{played.seconds:.3f}"'
    if played.failure is None:
        return f"{opened}/>"
    told = Text(
        "第 {line} 行，{what}：应当 {expected}，实际 {found}",
        "line {line}, {what}: expected {expected}, found {found}",
    )
    return f"{opened}><failure message={_attribute(_filled(told, played.failure, language))}/></testcase>"


def _attribute(text: str) -> str:
    """Return a quoted attribute; XML has no place for control characters."""
    return quoteattr("".join(each for each in text if each in "\t\n" or each >= " "))


def exact_json(value: Any) -> str:
    """Return a value as JSON; a Decimal is a number with every digit that it has."""
    if isinstance(value, Mapping):
        members = (f"{exact_json(str(key))}: {exact_json(each)}" for key, each in value.items())
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list | tuple | set | frozenset):
        return "[" + ", ".join(exact_json(each) for each in value) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date | time | datetime):
        return json.dumps(value.isoformat())
    if isinstance(value, timedelta):
        return json.dumps(f"PT{int(value.total_seconds())}S")
    return json.dumps(value, ensure_ascii=False)
