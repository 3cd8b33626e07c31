"""Checks of what modellers add to BPMN: settings that have no effect here must not be lost without a word."""

from __future__ import annotations

from collections.abc import Iterator

from engine.bpmn.drawing import CAMUNDA, Drawing, Shape
from engine.bpmn.findings import Findings
from engine.bpmn.safe_xml import Element, attribute, children, local_name

LISTENERS = frozenset({"executionListener", "taskListener"})
#: What is carried out, told elsewhere, or of no consequence for what happens.
KNOWN = frozenset(
    {"properties", "inputOutput", "in", "out", "formData", "failedJobRetryTimeCycle", *LISTENERS}
)
CODE = ("class", "delegateExpression", "expression")  # attributes that name Java code
_CAMUNDA_8 = "{http://camunda.org/schema/zeebe/"


def check_extensions(drawing: Drawing, root: Element, findings: Findings) -> None:
    """Look at everything in a file that modellers may have added to."""
    zeebe = next((one for one in root.iter() if str(one.tag).startswith(_CAMUNDA_8)), None)
    if zeebe is not None:
        findings.add("camunda-8", _identified(zeebe))
    for element in (drawing.process, *drawing.process.iter("{*}sequenceFlow")):
        _added(element, findings)
    for shape in drawing.shapes.values():
        for element in (shape.element, *shape.definitions):
            _added(element, findings, at=shape.element)
        _mappings(shape, findings)
        _code(shape, findings)


def _identified(element: Element) -> Element:
    """Return the element itself, or the nearest around it that has an id."""
    around = (one for one in (element, *element.iterancestors()) if attribute(one, "id"))
    return next(around, element)


def _extensions(element: Element) -> Iterator[Element]:
    for holder in children(element, "extensionElements"):
        yield from (one for one in children(holder) if str(one.tag).startswith(CAMUNDA))


def _added(element: Element, findings: Findings, at: Element | None = None) -> None:
    kinds = {local_name(one) for one in _extensions(element)}
    at = element if at is None else at
    if kinds & LISTENERS:
        findings.add("listener", at)
    for kind in sorted(kinds - KNOWN):
        findings.add("extension-ignored", at, what=f"camunda:{kind}")


def _mappings(shape: Shape, findings: Findings) -> None:
    """Inputs go to services and with what is sent, outputs come from services; calls map in and out."""
    takes = {"in", "out"} if shape.kind == "callActivity" else set()
    if _is_service(shape):
        takes = {"inputParameter", "outputParameter"}
    elif shape.kind in ("endEvent", "intermediateThrowEvent") and shape.event in ("message", "signal"):
        takes = {"inputParameter"}
    for element in (shape.element, *shape.definitions):
        for one in _extensions(element):
            inside = list(children(one)) if local_name(one) == "inputOutput" else [one]
            for kind in sorted({local_name(each) for each in inside}):
                if kind in ("in", "out", "inputParameter", "outputParameter") and kind not in takes:
                    findings.add("ignored-mapping", shape.element, what=f"camunda:{kind}")


def _is_service(shape: Shape) -> bool:
    decides = shape.kind == "businessRuleTask" and not attribute(shape.element, f"{CAMUNDA}decisionRef")
    return decides or shape.kind in ("serviceTask", "sendTask")


def _code(shape: Shape, findings: Findings) -> None:
    for definition in shape.definitions:
        for name in (*CODE, "topic"):
            if attribute(definition, CAMUNDA + name):
                findings.add("event-implementation", shape.element, what=f"camunda:{name}")
    for name in ("variableMappingClass", "variableMappingDelegateExpression"):
        if attribute(shape.element, CAMUNDA + name):
            findings.add("ignored-mapping", shape.element, what=f"camunda:{name}")
