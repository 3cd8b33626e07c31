"""What service tasks name: registers, fields, charge items, papers; whether each is there."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field

from engine.bpmn import expressions, grammar
from engine.bpmn.drawing import CAMUNDA
from engine.bpmn.grammar import Constant, InvalidExpression, ListOf, Node, Record
from engine.bpmn.safe_xml import Element, attribute, child, children, text_in

MOST_NAMED = 20  # of what there is, where nothing is near


@dataclass(frozen=True)
class KnownRegister:
    """A register as far as service tasks name parts of it."""

    fields: Mapping[str, Set[str]]  # → its choices; none: any value
    found_by: Set[str]  # fields that records are found by


@dataclass(frozen=True)
class KnownNames:
    """What service tasks may name."""

    registers: Mapping[str, KnownRegister] = field(default_factory=dict)
    items: Mapping[str, bool] = field(default_factory=dict)  # charge items → whether it is a deposit
    methods: Set[str] = frozenset()  # of payment; none: any
    papers: Set[str] = frozenset()


@dataclass(frozen=True)
class Use:
    """Something that a service task names in so many words."""

    kind: str  # register, field, found_by, choice, item, deposit, method, paper
    name: str
    within: tuple[str, ...] = ()  # the register of a field; the register and field of a choice


#: kind → the code of the finding where there is no such thing
CODES = {
    "register": "unknown-register",
    "field": "unknown-register-field",
    "found_by": "field-not-indexed",
    "choice": "unknown-choice",
    "item": "unknown-charge-item",
    "deposit": "no-deposit-item",
    "method": "unknown-method",
    "paper": "unknown-paper",
}


def labels_are_there(source: str, known: KnownNames) -> bool:
    """Say whether there are labels for the values of ``key.kind``, ``ledger.item`` or ``ledger.method``."""
    register, _, key = source.partition(".")
    if register == "ledger":
        return key in ("item", "method")
    return register in known.registers and bool(known.registers[register].fields.get(key))


def is_there(use: Use, known: KnownNames) -> bool:
    """Say whether there is such a thing; what belongs to something that is missing is not asked."""
    register = known.registers.get(use.within[0]) if use.within else None
    if use.within and register is None:
        return True
    match use.kind:
        case "register":
            return use.name in known.registers
        case "field":
            return register is None or use.name in register.fields
        case "found_by":
            return register is None or use.name not in register.fields or use.name in register.found_by
        case "choice":
            offered = register.fields.get(use.within[1], frozenset()) if register else frozenset()
            return not offered or use.name in offered
        case "item":
            return use.name in known.items
        case "deposit":
            return known.items.get(use.name, True)
        case "method":
            return not known.methods or use.name in known.methods
    return use.name in known.papers


def near_to(use: Use, known: KnownNames) -> str:
    """Return what is probably meant, else all that there is; as a list of names."""
    register = known.registers.get(use.within[0]) if use.within else None
    offered: Iterable[str] = {
        "register": known.registers,
        "field": register.fields if register else (),
        "found_by": register.found_by if register else (),
        "choice": register.fields.get(use.within[-1], ()) if register and use.within else (),
        "item": known.items,
        "deposit": [key for key, is_deposit in known.items.items() if is_deposit],
        "method": known.methods,
        "paper": known.papers,
    }[use.kind]
    return near(use.name, offered)


def near(name: str, offered: Iterable[str]) -> str:
    """Return what is probably meant by a name, else what there is; as a list of names."""
    known = sorted(offered)
    return ", ".join(difflib.get_close_matches(name, known, n=3, cutoff=0.6) or known[:MOST_NAMED]) or "–"


# ---- what a task names -----------------------------------------------------------------------------------


def uses(task: Element) -> list[Use]:
    """Return what a service task names in so many words; what is worked out as the case runs is not known."""
    look = _TOPICS.get(attribute(task, f"{CAMUNDA}topic"))
    return [] if look is None else list(dict.fromkeys(look(_inputs(task))))


def _inputs(task: Element) -> dict[str, Node | None]:
    """Return the input parameters; None for one that is no single value."""
    found: dict[str, Node | None] = {}
    for extensions in children(task, "extensionElements"):
        for one in extensions.iter(f"{CAMUNDA}inputParameter"):
            found[attribute(one, "name")] = None if child(one, "list") is not None else _value(text_in(one))
    return found


def _value(text: str) -> Node | None:
    try:
        parts = expressions.compile_template(text).parts
    except InvalidExpression:
        return None  # told elsewhere
    if len(parts) == 1:
        return Constant(0, parts[0].strip()) if isinstance(parts[0], str) else parts[0].node
    return None


def _texts(node: Node | None) -> Iterator[str]:
    """Return the texts that a value may be, as far as they are written."""
    if isinstance(node, Constant) and isinstance(node.value, str) and node.value:
        yield node.value
    elif isinstance(node, grammar.Choice):
        yield from _texts(node.yes)
        yield from _texts(node.no)


def _entries(node: Node | None) -> Iterator[tuple[str, Node]]:
    if isinstance(node, Record):
        yield from node.entries
    elif isinstance(node, grammar.Choice):
        yield from _entries(node.yes)
        yield from _entries(node.no)


def _named(kind: str, node: Node | None) -> Iterator[Use]:
    return (Use(kind, text) for text in _texts(node))


def _register(inputs: Mapping[str, Node | None]) -> Iterator[tuple[str, Use]]:
    for text in _texts(inputs.get("register")):
        yield text, Use("register", text)


def _finds(inputs: Mapping[str, Node | None]) -> Iterator[Use]:
    for register, use in _register(inputs):
        yield use
        for key, value in _entries(inputs.get("where")):
            if key != "number":
                yield Use("field", key, (register,))
                yield Use("found_by", key, (register,))
                yield from _choices(register, key, value)


def _writes(inputs: Mapping[str, Node | None]) -> Iterator[Use]:
    given = [(name[2:], value) for name, value in inputs.items() if name.startswith("v_")]
    for register, use in _register(inputs):
        yield use
        for key, value in (*_entries(inputs.get("values")), *given):
            yield Use("field", key, (register,))
            yield from _choices(register, key, value)


def _choices(register: str, key: str, value: Node | None) -> Iterator[Use]:
    return (Use("choice", text, (register, key)) for text in _texts(value))


def _issues(inputs: Mapping[str, Node | None]) -> Iterator[Use]:
    yield from _named("paper", inputs.get("paper"))
    record = inputs.get("record")
    while isinstance(record, grammar.Sum):  # "pass:" + pass_number
        record = record.left
    for text in _texts(record):
        if ":" in text:
            yield Use("register", text.partition(":")[0])


def _charges(inputs: Mapping[str, Node | None]) -> Iterator[Use]:
    yield from _items("item", inputs.get("item"))
    for name in ("charges", "items"):
        listed = inputs.get(name)
        for each in listed.items if isinstance(listed, ListOf) else ():
            for key, value in _entries(each):
                if key == "item":
                    yield from _items("item", value)
    yield from _named("method", inputs.get("method"))


def _holds(inputs: Mapping[str, Node | None]) -> Iterator[Use]:
    yield from _items("deposit", inputs.get("item"))
    yield from _items("item", inputs.get("charge_item"))


def _items(kind: str, node: Node | None) -> Iterator[Use]:
    for text in _texts(node):
        yield Use("item", text)
        if kind == "deposit":
            yield Use("deposit", text)


_TOPICS: Mapping[str, Callable[[Mapping[str, Node | None]], Iterator[Use]]] = {
    "register_find": _finds,
    "register_list": _finds,
    "register_add": _writes,
    "register_change": _writes,
    "issue_paper": _issues,
    "ledger_charge": _charges,
    "ledger_receive": _charges,
    "ledger_late_fee": _charges,
    "ledger_deposit": _holds,
    "ledger_refund": _holds,
    "ledger_deduct": _holds,
}
