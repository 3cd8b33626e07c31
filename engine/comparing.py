"""Comparing two versions of a diagram, a table, a form or a text: what is new, gone or different."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.bpmn import safe_xml
from engine.bpmn.safe_xml import Element, local_name
from engine.errors import InvalidDefinition

Change = Literal["added", "removed", "changed"]
MOST = 200  # differences that are told
LONGEST = 300  # characters of a value that is shown

#: What is said twice in a file, or says only where something is drawn.
_LEFT_OUT = {"incoming", "outgoing", "flowNodeRef", "BPMNDiagram", "DMNDI", "extensionElements"}
_DRAWN = {"width", "annotationsWidth", "exporter", "exporterVersion"}
_CELLS = {"inputEntry": "input", "outputEntry": "output"}


@dataclass(frozen=True)
class Difference:
    """One thing that differs; ``what`` is the attribute, the property, the column or nothing."""

    change: Change
    element_id: str
    name: str  # of the element, as the newer version has it; may be empty
    what: str
    old: str
    new: str


@dataclass
class _Part:
    """An element of a file, with what is said of it."""

    name: str = ""
    whole: str = ""  # all of it in short, where it is told as a whole
    said: dict[str, str] = field(default_factory=dict)


def compare(file_name: str, old: str, new: str, decision: str | None = None) -> tuple[Difference, ...]:
    """
    Return what differs, in the order of the newer version, then what is gone; not where things are drawn.

    ``decision`` narrows the comparison to one decision of a file. What cannot be read is compared by lines.
    """
    try:
        before, after = (_parts(file_name, text, decision) for text in (old, new))
    except (InvalidDefinition, ValueError, RecursionError):
        return tuple(_lines(old, new))[:MOST]
    return tuple(_differences(before, after))[:MOST]


def _parts(file_name: str, text: str, decision: str | None) -> Mapping[str, _Part]:
    ending = file_name.lower().rpartition(".")[2]
    if ending == "form":
        return _parts_of_form(text)
    if ending not in ("bpmn", "dmn"):
        raise ValueError(ending)
    root = safe_xml.read(text, file_name)
    wanted = [one for one in root if decision is None or one.get("id") == decision]
    parts: dict[str, _Part] = {}
    for element in wanted or [root]:
        _gather(element, parts, str(root.get("id") or ""), "")
    return parts


def _differences(before: Mapping[str, _Part], after: Mapping[str, _Part]) -> Iterator[Difference]:
    for id_, part in after.items():
        present = before.get(id_)
        if present is None:
            yield Difference("added", id_, part.name, "", "", _short(part.whole))
            continue
        for what in dict.fromkeys([*part.said, *present.said]):
            old, new = present.said.get(what, ""), part.said.get(what, "")
            if old != new:
                yield Difference("changed", id_, part.name, what, _short(old), _short(new))
    for id_, part in before.items():
        if id_ not in after:
            yield Difference("removed", id_, part.name, "", _short(part.whole), "")


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


# ---- diagrams and tables -----------------------------------------------------------------------------------


def _gather(element: Element, parts: dict[str, _Part], owner: str, path: str) -> None:
    """Note what an element says: of itself where it has an id, else of the element that holds it."""
    tag = local_name(element)
    if not tag or tag in _LEFT_OUT - {"extensionElements"}:
        return
    own = element.get("id")
    if own and tag in ("decisionTable", "inputExpression", "text"):
        own = None  # a decision is its table, a column its expression
    if own:
        owner, path = own, ""
        parts[owner] = _Part(_name(element))
    elif tag == "property":
        path = element.get("name") or path
    elif tag != "extensionElements":
        path = "/".join(filter(None, (path, element.get("name") or tag)))
    part = parts.setdefault(owner, _Part())
    for name, value in element.attrib.items():
        plain = str(name).rpartition("}")[2]
        if plain not in {"id", "name"} | _DRAWN or (own and plain == "name"):
            key = path if plain == "value" and path else "/".join(filter(None, (path, plain)))
            part.said[key] = str(value)
    text = (element.text or "").strip()
    if text:
        part.said["" if path == "text" else path] = text
    if tag == "rule":
        _gather_rule(element, parts)
        return
    for child in element:
        _gather(child, parts, owner, path)


def _name(element: Element) -> str:
    return str(element.get("label") or element.get("name") or "")


def _gather_rule(rule: Element, parts: dict[str, _Part]) -> None:
    """Note the cells of a rule, each under its column: they stand in the order of the columns."""
    table = next(rule.iterancestors())
    number = [one for one in table if local_name(one) == "rule"].index(rule) + 1
    part = parts[str(rule.get("id"))]
    part.name = f"#{number}"
    cells = [one for one in rule if local_name(one) in _CELLS]
    columns = [one for one in table if local_name(one) in _CELLS.values()]
    for column, cell in zip(columns, cells, strict=False):
        text = next((one.text or "" for one in cell if local_name(one) == "text"), "")
        part.said[_name(column) or str(column.get("id"))] = text.strip() or "-"
    part.whole = "; ".join(f"{column}: {cell}" for column, cell in part.said.items() if cell)
    said = next((one.text or "" for one in rule if local_name(one) == "description"), "")
    part.said["description"] = said.strip()


# ---- forms and texts ---------------------------------------------------------------------------------------


def _parts_of_form(text: str) -> Mapping[str, _Part]:
    content = json.loads(text)
    if not isinstance(content, dict):
        raise ValueError("no form")
    parts = {str(content.get("id", "")): _Part(str(content.get("name", "")), said=dict(_flat(content, "")))}
    _gather_components(content.get("components"), parts)
    return parts


def _gather_components(components: Any, parts: dict[str, _Part]) -> None:
    for number, one in enumerate(components if isinstance(components, list) else []):
        if isinstance(one, dict):
            id_ = str(one.get("key") or one.get("id") or f"{one.get('type')} {number + 1}")
            parts[id_] = _Part(str(one.get("label") or ""), said=dict(_flat(one, "")))
            _gather_components(one.get("components"), parts)


def _flat(value: Any, path: str) -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for key, inner in value.items():
                if key not in ("components", "layout", "id", "exporter", "schemaVersion") or path:
                    yield from _flat(inner, f"{path}.{key}" if path else str(key))
        case list() if all(isinstance(one, dict) and "value" in one for one in value):
            for one in value:
                yield f"{path}.{one['value']}", str(one.get("label", ""))
        case _:
            yield path, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _lines(old: str, new: str) -> Iterator[Difference]:
    before, after = old.splitlines(), new.splitlines()
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=len(before) > 5000)
    kinds: Mapping[str, Change] = {"insert": "added", "delete": "removed", "replace": "changed"}
    for kind, first, last, begin, end in matcher.get_opcodes():
        if kind != "equal":
            told: Sequence[str] = ["\n".join(before[first:last]), "\n".join(after[begin:end])]
            yield Difference(kinds[kind], str(begin + 1), "", "", _short(told[0]), _short(told[1]))
