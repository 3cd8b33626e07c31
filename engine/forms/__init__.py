"""Forms of user tasks: read from a file, checked on submit (marshmallow)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from engine.errors import Finding, InvalidForm
from engine.forms import loading
from engine.forms.answers import Answer, answers_of
from engine.forms.components import (
    Component,
    Field,
    FileField,
    FormDefinition,
    FormExpression,
    RowsField,
    fields_of,
)
from engine.forms.loading import Attachment, Evaluate, LabelsOf, Surroundings, no_attachment, no_labels
from engine.forms.reading import RESERVED, read_definition
from engine.forms.values import WRONG_TYPE
from engine.forms.view import FormView, show
from engine.texts import Text

#: names that a page sends beside its fields
CONTROL_NAMES = frozenset({"csrf_token", "_add", "_remove", "_action"})


def read(source: bytes | str, file_name: str = "", reserved: frozenset[str] = RESERVED) -> Form:
    """
    Read a form file (form-js JSON); ``Form.findings`` are its warnings.

    Raises:
        InvalidDefinition: it cannot be deployed; its findings say all that is wrong with it.
    """
    definition, findings = read_definition(source, file_name, reserved)
    return Form(definition, findings)


def submitted(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Gather the names and texts of a posted page; what steers the page itself is left out."""
    result: dict[str, list[str]] = {}
    for name, value in pairs:
        if name not in CONTROL_NAMES:
            result.setdefault(name, []).append(value)
    return result


@dataclass(frozen=True)
class Form:
    """One version of a form: draws itself for a case, turns a submission into variables."""

    definition: FormDefinition
    findings: tuple[Finding, ...] = ()

    @property
    def key(self) -> str:
        return self.definition.key

    @property
    def name(self) -> Text:
        return self.definition.name

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields, in order; those of repeated rows are in their ``RowsField.components``."""
        return self.definition.fields

    @property
    def keys(self) -> frozenset[str]:
        """The variables that a submission may set."""
        return self.definition.keys

    @property
    def restricted(self) -> frozenset[str]:
        """The variables that are seen only by those whose task needs them."""
        return self.definition.restricted

    @property
    def restricted_keys(self) -> Mapping[str, frozenset[str]]:
        """The same, with the restricted keys of a list of rows; none where all of a value is meant."""
        return self.definition.restricted_keys

    @property
    def file_keys(self) -> frozenset[str]:
        """The fields that take files; ``takes_file`` knows those in rows too."""
        return self.definition.file_keys

    @property
    def expressions(self) -> tuple[FormExpression, ...]:
        """Every expression in the form, for checks."""
        return self.definition.expressions

    def takes_file(self, name: str) -> bool:
        """Whether a page may upload a file under this name: ``photos``, or ``defects.0.photos`` in a row."""
        components: Sequence[Component] = self.definition.components
        parts = name.split(".")
        while len(parts) > 2 and parts[1].isdigit():
            components = next(
                (
                    spec.components
                    for spec, _ in fields_of(components)
                    if isinstance(spec, RowsField) and spec.key == parts[0]
                ),
                (),
            )
            parts = parts[2:]
        return len(parts) == 1 and any(
            isinstance(spec, FileField) and spec.key == parts[0] and not spec.read_only
            for spec, _ in fields_of(components)
        )

    def load(
        self,
        submitted: Mapping[str, Any],
        known: Mapping[str, Any],
        *,
        zone: ZoneInfo,
        evaluate: Evaluate,
        attachment: Attachment = no_attachment,
    ) -> dict[str, Any]:
        """
        Turn a submission, typed in a page or sent by a program, into the variables that it sets.

        ``known`` are the variables of the case. A field that was not sent has its present or default value;
        one that its condition hides is left out, or has its ``whenHidden`` value.

        Raises:
            InvalidForm: its errors name each field by key (``defects.0.place`` in a row).
        """
        if not isinstance(submitted, Mapping):
            raise InvalidForm({"": (WRONG_TYPE,)})
        level = self.level(submitted, known, Surroundings(zone, evaluate, attachment))
        values, errors = loading.finished(level)
        if errors:
            raise InvalidForm(errors)
        return values

    def view(
        self,
        known: Mapping[str, Any],
        typed: Mapping[str, Any] | None = None,
        errors: Mapping[str, Sequence[Text]] | None = None,
        *,
        language: str,
        zone: ZoneInfo,
        evaluate: Evaluate,
        attachment: Attachment = no_attachment,
        labels: LabelsOf = no_labels,
    ) -> FormView:
        """
        Return the form as it is shown: with the case's variables, what was typed so far, and what is wrong.

        ``typed`` is a draft, or a submission that was refused; ``errors`` are those of its ``InvalidForm``.
        """
        world = Surroundings(zone, evaluate, attachment, labels)
        level = self.level(typed or {}, known, world)
        return show(self.definition, level, self.draft(typed or {}), errors or {}, language)

    def answers(self, values: Mapping[str, Any], zone: ZoneInfo) -> tuple[Answer, ...]:
        """Return what a submission said, to be read again; the caller leaves out what is restricted."""
        return answers_of(self.definition, values, zone)

    def draft(self, submitted: Mapping[str, Any]) -> dict[str, Any]:
        """Return what was typed in plain JSON, right or wrong, to be kept and shown again."""
        return loading.as_typed(self._layout, _without_control(submitted))

    def with_row(
        self, typed: Mapping[str, Any], add: str | None = None, remove: str | None = None
    ) -> dict[str, Any]:
        """Return the typed values with a row more (``add="defects"``) or less (``remove="defects.2"``)."""
        changed = self.draft(typed)
        if add:
            loading.change_rows(changed, self.definition.components, add, add=True)
        if remove:
            loading.change_rows(changed, self.definition.components, remove, add=False)
        return changed

    def level(self, sent: Mapping[str, Any], known: Mapping[str, Any], world: Surroundings) -> loading.Level:
        """Read a submission without asking whether it is finished."""
        return loading.read_level(self._layout, _without_control(sent), known, world, present=known)

    @cached_property
    def _layout(self) -> loading.Layout:
        return loading.Layout(self.definition.components)


def _without_control(sent: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in sent.items() if name not in CONTROL_NAMES}


__all__ = ["CONTROL_NAMES", "RESERVED", "Answer", "Form", "FormExpression", "FormView", "read", "submitted"]
