"""Checks of what is copied: a value that not everybody may see stays so under its other name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce

from engine.bpmn import expressions, grammar
from engine.bpmn.drawing import CAMUNDA, Drawing, Shape, properties
from engine.bpmn.expressions import Expression, InvalidExpression, Template
from engine.bpmn.findings import Findings
from engine.bpmn.safe_xml import Element, attribute, child, children, text_in
from engine.texts import Text

#: Variables not everybody may see; of a list of rows the keys that are meant, of any other value none.
Names = Mapping[str, frozenset[str]]
_NOTHING: Names = {}

#: What they answer tells at most that there is a value.
_TELL_NOTHING = frozenset({"defined", "len"})
#: What they answer is computed from a value, and holds none of it.
_COMPUTE = frozenset({"count", "contains", "starts_with", "ends_with", "any", "all"})


@dataclass(frozen=True)
class Carried:
    """What of restricted variables gets into the value of an expression."""

    whole: frozenset[str] = frozenset()
    rows: Names = field(default_factory=dict)  # lists whose rows have restricted keys among others
    computed: frozenset[str] = frozenset()  # only something that was computed from them

    def __or__(self, other: Carried) -> Carried:
        return Carried(self.whole | other.whole, {**self.rows, **other.rows}, self.computed | other.computed)

    @property
    def names(self) -> frozenset[str]:
        """The variables of which something is carried."""
        return self.whole | frozenset(self.rows)

    def key(self, name: str | None) -> Carried:
        """Return what one key of the rows carries; None: a key that is not known here."""
        told = {
            f"{row}.{name}" if name else row for row, keys in self.rows.items() if name in keys or not name
        }
        return Carried(self.whole | told, {}, self.computed)


class CopyCheck:
    """Looks at what one drawing copies; the findings tell."""

    def __init__(
        self,
        drawing: Drawing,
        findings: Findings,
        restricted: Mapping[str, Names],  # by process
        calls: Mapping[str, Iterable[str]],
    ) -> None:
        self.drawing = drawing
        self.add = findings.add
        self.cases = {root: _together(restricted, calls, root) for root in _roots(drawing.id, calls)}
        self.anywhere = reduce(_joined, restricted.values(), _NOTHING)
        self.told: set[tuple[Element, str, str]] = set()

    def run(self) -> None:
        """Look at everything."""
        # A variable is restricted by its name throughout a case, in the processes that call and are called.
        for root, names in self.cases.items():
            if names:
                for shape in self.drawing.shapes.values():
                    self.shape(shape, _Case(root, names))

    def shape(self, shape: Shape, case: _Case) -> None:
        case = self.within(shape, case)
        for target, node in self.copies(shape):
            self.copied(shape, case, target, case.carried(node))
        many = child(shape.element, "multiInstanceLoopCharacteristics")
        if many is not None:
            for item, into in _collected(shape.element, many):
                self.copied(shape, case, into, case.carried(grammar.Name(0, item)))
        for target, node in _sent(shape):
            self.copied(shape, case, target, case.carried(node), self.anywhere)

    def within(self, shape: Shape, case: _Case) -> _Case:
        """Return the case as a shape sees it: with the items of the collections around it."""
        for holder in (*reversed(list(self.drawing.enclosing(shape))), shape):
            many = child(holder.element, "multiInstanceLoopCharacteristics")
            if many is not None:
                text = attribute(many, f"{CAMUNDA}collection") or text_in(child(many, "loopDataInputRef"))
                item = child(many, "inputDataItem")
                name = attribute(many, f"{CAMUNDA}elementVariable") or attribute(item, "name")
                carried = case.all(_expression(text))
                case = replace(case, local={**case.local, name or attribute(item, "id"): carried})
        return case

    def copied(
        self, shape: Shape, case: _Case, target: str, carried: Carried, safe: Names | None = None
    ) -> None:
        if target in (case.names if safe is None else safe):
            return
        for code, names in (("restricted-copied", carried.names), ("restricted-computed", carried.computed)):
            for name in sorted(names):
                if (shape.element, name, target) not in self.told:
                    self.told.add((shape.element, name, target))
                    self.add(code, shape.element, name=name, target=target, where=self.where(case))

    def where(self, case: _Case) -> Text:
        if case.root == self.drawing.id:
            return Text("", "")
        return Text("（在“{root}”的案件里）", " (in cases of “{root}”)").format(root=case.root)

    def copies(self, shape: Shape) -> Iterator[tuple[str, grammar.Node]]:
        """Give every name that a shape sets, with what it is set to."""
        element = shape.element
        if shape.kind == "scriptTask":
            try:
                script = expressions.compile_script(text_in(child(element, "script")))
            except InvalidExpression:
                return
            yield from ((name, expression.node) for name, expression in script.lines)
        for extensions in children(element, "extensionElements"):
            for one in extensions.iter(f"{CAMUNDA}outputParameter"):
                for node in _written(one):
                    yield attribute(one, "name"), node
            for one in children(extensions, "in", "out") if shape.kind == "callActivity" else ():
                source, target = attribute(one, "source"), attribute(one, "target")
                if source:
                    yield target, grammar.Name(0, source)
                else:
                    yield from ((target, node) for node in _expression(attribute(one, "sourceExpression")))


@dataclass(frozen=True)
class _Case:
    """A case in which the drawing has a part: the process it began with, what is restricted in it."""

    root: str
    names: Names
    local: Mapping[str, Carried] = field(default_factory=dict)

    def carried(self, node: grammar.Node) -> Carried:
        """Return what of restricted variables gets into a value."""
        match node:
            case grammar.Name(name=name):
                return self.variable(name)
            case grammar.Key(of=of, key=key):
                return self.carried(of).key(key)
            case grammar.Record(entries=entries):
                # Pages leave out a restricted key within a record too.
                return self.all(value for key, value in entries if key not in self.names)
            case grammar.Choice(condition=condition, yes=yes, no=no):
                return self.computed(condition) | self.all((yes, no))
            case grammar.Comparison(first=first, rest=rest):
                values = [first, *(value for _, value in rest)]
                asks_whether = any(isinstance(one, grammar.Constant) and one.value is None for one in values)
                return Carried() if asks_whether else reduce(Carried.__or__, map(self.computed, values))
            case grammar.Call():
                return self.call(node)
            case _:
                return self.all(grammar.children(node))

    def variable(self, name: str) -> Carried:
        if name in self.local:
            return self.local[name]
        keys = self.names.get(name)
        if keys is None:
            return Carried()
        return Carried(rows={name: keys}) if keys else Carried(frozenset({name}))

    def call(self, call: grammar.Call) -> Carried:
        if call.function in _TELL_NOTHING:
            return Carried()
        if call.function in _COMPUTE:
            return self.computed(*call.arguments)
        first, *others = call.arguments or (grammar.Constant(0, None),)
        if call.function == "get":
            return self.variable(expressions.asked_name(call)) | self.all(others)
        if call.function == "pluck":
            key = others[0] if others else None
            known = key.value if isinstance(key, grammar.Constant) and isinstance(key.value, str) else None
            return self.carried(first).key(known)
        return self.all(call.arguments)

    def all(self, nodes: Iterable[grammar.Node]) -> Carried:
        return reduce(Carried.__or__, map(self.carried, nodes), Carried())

    def computed(self, *nodes: grammar.Node) -> Carried:
        found = self.all(nodes)
        return Carried(computed=found.whole | found.computed)


# ---- what is restricted where ----------------------------------------------------------------------------


def _joined(one: Names, other: Names) -> Names:
    both = one.keys() & other.keys()
    # A list that one form restricts as a whole is restricted as a whole.
    return {**one, **other} | {
        name: one[name] | other[name] if one[name] and other[name] else frozenset() for name in both
    }


def _together(restricted: Mapping[str, Names], calls: Mapping[str, Iterable[str]], root: str) -> Names:
    """Return what is restricted in cases that begin with a process."""
    return reduce(_joined, (restricted.get(key, {}) for key in _reached(root, calls)), _NOTHING)


def _reached(start: str, steps: Mapping[str, Iterable[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            waiting += steps.get(key, ())
    return found


def _roots(process: str, calls: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the process itself, then all that call it, directly or not."""
    callers = {
        called: {key for key, those in calls.items() if called in those} for called in {process, *calls}
    }
    return [process, *sorted(_reached(process, callers) - {process})]


# ---- what is written in a shape --------------------------------------------------------------------------


def _expression(text: str) -> list[grammar.Node]:
    try:
        return [expressions.compile(text).node]
    except InvalidExpression:
        return []  # the checks of contents say so


def _template(text: str) -> list[grammar.Node]:
    try:
        found: Template = expressions.compile_template(text)
    except InvalidExpression:
        return []
    return [part.node for part in found.parts if isinstance(part, Expression)]


def _written(parameter: Element) -> list[grammar.Node]:
    """Return the expressions of a parameter: a text, or a list of texts."""
    listed = child(parameter, "list")
    texts = [text_in(one) for one in children(listed)] if listed is not None else [text_in(parameter)]
    return [node for text in texts for node in _template(text)]


def _collected(element: Element, many: Element) -> Iterator[tuple[str, str]]:
    for each in properties(element).get("collect", "").split(","):
        item, arrow, into = each.partition("->")
        if arrow:
            yield item.strip(), into.strip()
    item, into = attribute(child(many, "outputDataItem"), "name"), text_in(child(many, "loopDataOutputRef"))
    if item and into:
        yield item, into


def _sent(shape: Shape) -> Iterator[tuple[str, grammar.Node]]:
    """Give what a message takes to other cases, where each name becomes a variable."""
    is_sent = shape.kind == "sendTask" and attribute(shape.element, "messageRef")
    holders = [shape.element] if is_sent else []
    if shape.event == "message" and shape.kind in ("intermediateThrowEvent", "endEvent"):
        holders = [shape.element, *shape.definitions]
    for holder in holders:
        for extensions in children(holder, "extensionElements"):
            for one in extensions.iter(f"{CAMUNDA}inputParameter"):
                yield from ((attribute(one, "name"), node) for node in _written(one))
