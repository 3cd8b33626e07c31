"""Gathering what is wrong with a file."""

from __future__ import annotations

from engine.bpmn.check_messages import FAULTS
from engine.bpmn.safe_xml import Element, attribute, line_of
from engine.errors import Finding


def printable(text: str) -> str:
    """Return a text of a file as it can be shown: without what turns it round or cannot be seen."""
    return "".join(each if each.isprintable() or each in "\n\u3000" else "\ufffd" for each in text)


class Findings:
    """A growing list of findings about one file."""

    def __init__(self, file_name: str) -> None:
        self.file_name = file_name
        self.found: list[Finding] = []

    def add(self, code: str, element: Element | None, /, **values: object) -> None:
        """Note a mistake at an element."""
        line = line_of(element) if element is not None else None
        name = attribute(element, "name") or attribute(element, "label")
        self.note(code, attribute(element, "id"), name, line, **values)

    def note(
        self, code: str, element_id: str, element_name: str, line: int | None, /, **values: object
    ) -> None:
        """Note a mistake of the catalogue, somewhere."""
        fault = FAULTS[code]
        values = {name: printable(each) if isinstance(each, str) else each for name, each in values.items()}
        self.found.append(
            Finding(
                fault.severity,
                code,
                fault.message.format(**values),
                fault.hint.format(**values),
                file=self.file_name,
                element_id=printable(element_id) or None,
                element_name=printable(element_name) or None,
                line=line,
            )
        )
