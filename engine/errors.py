"""Errors that callers of the engine may handle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.texts import Text


class BanjieError(Exception):
    """Something that the caller can be told; ``message`` may be shown as it is, in either language."""

    def __init__(self, message: Text, **values: object) -> None:
        self.message = message.format(**values) if values else message
        super().__init__(self.message.en)


class NotFound(BanjieError):
    """There is no such thing, or the person may not know that there is."""


class NotPermitted(BanjieError):
    """The person may not do this."""


class SamePerson(NotPermitted):
    """The person did something in this case that forbids this step."""


class Conflict(BanjieError):
    """Somebody else was faster, or the thing has ended; nothing was stored."""


class InvalidInput(BanjieError):
    """The request itself is wrong: a missing reason, an impossible date, an unknown option."""


class TooManyAttempts(BanjieError):
    """Somebody tried too often, and has to wait; the attempt was not looked at."""


class Unavailable(BanjieError):
    """
    The database or the store of files cannot be used at the moment; ``reason`` tells operators why.

    Whether what was being stored is stored may be unknown: the connection may have been lost at the very end.
    """

    def __init__(self, message: Text, reason: str) -> None:
        self.reason = reason
        super().__init__(message)


class InvalidForm(BanjieError):
    """A form was filled in wrongly; nothing was stored.

    ``errors`` maps a field's key to its messages; the key "" stands for the form as a whole.
    """

    def __init__(self, errors: Mapping[str, Sequence[Text]]) -> None:
        self.errors = {key: tuple(messages) for key, messages in errors.items()}
        super().__init__(
            Text("有 {count} 处需要更正。", "{count} entries need correcting."), count=len(errors)
        )


Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a diagram, table, form or journey, in a process owner's words.

    ``code`` is a short stable name such as ``link-event``. ``line`` counts from 1. ``hint`` says what to do
    instead.
    """

    severity: Severity
    code: str
    message: Text
    hint: Text
    file: str = ""
    element_id: str | None = None
    element_name: str | None = None
    line: int | None = None


#: So many findings are shown at once: nobody reads more, and one cause may give thousands.
MOST_SHOWN = 200


def foremost(findings: Sequence[Finding], most: int = MOST_SHOWN) -> tuple[Finding, ...]:
    """Return the findings to be shown, in their order: where there are too many, errors before warnings."""
    if len(findings) <= most:
        return tuple(findings)
    places = sorted(range(len(findings)), key=lambda place: findings[place].severity != "error")
    return tuple(findings[place] for place in sorted(places[:most]))


class InvalidDefinition(BanjieError):
    """A diagram, table or form cannot be deployed; ``findings`` says all that is wrong with it."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        errors = sum(1 for finding in findings if finding.severity == "error")
        super().__init__(
            Text("有 {count} 处错误，无法部署。", "It cannot be deployed: {count} errors."), count=errors
        )


class ExpressionFailed(BanjieError):
    """An expression, decision or service of a diagram failed while an instance ran."""


class SettingsError(BanjieError):
    """A setting is missing or malformed; the program does not start."""
