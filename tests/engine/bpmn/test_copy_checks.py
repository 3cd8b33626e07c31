"""What not everybody may see is not copied to where everybody sees it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.bpmn.checks import check
from engine.bpmn.copy_checks import Names
from tests.engine.bpmn.test_checks import (
    END,
    EVERYTHING_KNOWN,
    MANY,
    MESSAGE,
    START,
    around,
    diagram,
    element,
    extension,
    flows,
    inputs,
    parameter,
    prop,
    script,
    user,
)

#: Of a person the ID number; of workers, a list of rows, their ID numbers.
RESTRICTED: Names = {"id_number": frozenset(), "flag": frozenset(), "workers": frozenset({"id_number"})}
OTHER = {"calls": {}, "processes": {"other"}}


def found(source: bytes, restricted: dict[str, Names] | None = None, **more: object) -> list[tuple[str, str]]:
    """Return what is said about copies: error or warning, and the names in the message."""
    known = replace(
        EVERYTHING_KNOWN,
        restricted=restricted or {"P": RESTRICTED},
        **{**OTHER, **more},  # type: ignore[arg-type]
    )
    told = [one for one in check(source, "a.bpmn", known) if one.code.startswith("restricted-")]
    return [
        (one.severity, " ".join(one.message.en.split("“")[number].split("”")[0] for number in (1, 2)))
        for one in told
    ]


def call(mappings: str) -> bytes:
    return around(element("callActivity", "x", extension(mappings), 'calledElement="other"'))


def service(*pairs: str) -> bytes:
    return around(element("serviceTask", "x", inputs(*pairs), 'camunda:topic="notify"'))


def for_each(
    inside: str, many: str = 'camunda:collection="${workers}" camunda:elementVariable="worker"'
) -> bytes:
    """Return a diagram in which something stands in a sub-process for each of the workers."""
    inner = START.replace('"s"', '"s2"') + inside + END.replace('"e"', '"e2"') + flows("s2>i", "i>e2")
    return around(element("subProcess", "x", MANY.format(many, "") + inner))


COPIED = {
    "a script": (script("shown = id_number"), "id_number shown"),
    "a script that asks whether there is one": (script("shown = get(id_number, 0)"), "id_number shown"),
    "a text": (script('shown = "ID " + id_number'), "id_number shown"),
    "a list": (script("shown = [1, id_number]"), "id_number shown"),
    "a record": (script("shown = {number: id_number}"), "id_number shown"),
    "a choice": (script("shown = id_number if amount > 1 else 0"), "id_number shown"),
    "a flag": (script("shown = flag or amount > 1"), "flag shown"),
    "a flag turned round": (script("shown = not flag"), "flag shown"),
    "all rows": (script("shown = workers"), "workers shown"),
    "a key of a row": (script("shown = workers[0].id_number"), "workers.id_number shown"),
    "a column": (script('shown = pluck(workers, "id_number")'), "workers.id_number shown"),
    "a mapping in": (call('<camunda:in source="id_number" target="shown"/>'), "id_number shown"),
    "an expression in": (call('<camunda:in sourceExpression="${upper(id_number)}" target="shown"/>'), "id_number shown"),
    "a mapping out": (call('<camunda:out source="id_number" target="shown"/>'), "id_number shown"),
    "an output of a service": (service(parameter("shown", "No. ${id_number}", "output")), "id_number shown"),
    "a listed output": (
        service(parameter("shown", "<camunda:list><camunda:value>${id_number}</camunda:value></camunda:list>", "output")),
        "id_number shown",
    ),
    "a message": (
        around(element("intermediateThrowEvent", "x", '<bpmn:messageEventDefinition messageRef="m">' + inputs(
            parameter("shown", "${id_number}")) + "</bpmn:messageEventDefinition>"), beside=MESSAGE),
        "id_number shown",
    ),
    "what is collected": (
        around(user("x", prop("collect", "id_number -> shown") + MANY.format('camunda:collection="${[1]}"', ""))),
        "id_number shown",
    ),
    "an item of a list": (for_each(element("scriptTask", "i", "<bpmn:script>shown = worker</bpmn:script>")), "workers shown"),
    "a key of an item": (
        for_each(element("scriptTask", "i", "<bpmn:script>shown = worker.id_number</bpmn:script>")),
        "workers.id_number shown",
    ),
    "a collected item": (
        around(user("x", prop("collect", "worker -> shown") + MANY.format(
            'camunda:collection="${workers}" camunda:elementVariable="worker"', ""))),
        "workers shown",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", COPIED)
def test_a_copy_that_all_would_see_is_an_error(name: str) -> None:
    source, told = COPIED[name]

    assert found(source) == [("error", told)]
    assert found(source, {"P": {}}) == []
    assert found(source, {"P": {**RESTRICTED, "shown": frozenset()}}) == []


@pytest.mark.parametrize(
    "text", ["flag == true", 'contains(id_number, "9")', "1 if flag else 2", "id_number in [1, 2]"]
)
def test_what_is_computed_from_it_is_a_warning(text: str) -> None:
    name = "flag" if "flag" in text else "id_number"

    assert found(script(f"shown = {text}")) == [("warning", f"shown {name}")]


@pytest.mark.parametrize("source", [
    script("shown = defined(id_number)"), script("shown = id_number != null"), script("shown = len(workers)"),
    script("shown = workers[0].name"), script('shown = pluck(workers, "name")'), script("workers = workers"),
    script("shown = {id_number: id_number}"), script("shown = amount"),
    call('<camunda:in source="id_number" target="id_number"/>'),
    for_each(element("scriptTask", "i", "<bpmn:script>shown = worker.name</bpmn:script>")),
    for_each(element("scriptTask", "i", "<bpmn:script>id_number = worker.id_number</bpmn:script>")),
    service(parameter("text", "${id_number}")),
])  # fmt: skip
def test_what_gives_nothing_away_is_right(source: bytes) -> None:
    assert found(source) == []


def test_a_name_is_restricted_in_the_whole_case() -> None:
    source, called = script("shown = id_number"), {"P": ["other"], "above": ["P"]}

    for process in ("P", "other", "above"):
        assert found(source, {process: RESTRICTED}, calls=called) == [("error", "id_number shown")], process
        assert found(source, {process: {**RESTRICTED, "shown": frozenset()}}, calls=called) == []
    assert found(source, {"above": RESTRICTED, "P": {"shown": frozenset()}}, calls=called) == []
    assert found(source, {"elsewhere": RESTRICTED}, calls=called) == []


def test_the_case_is_named_where_another_process_restricts() -> None:
    known = replace(EVERYTHING_KNOWN, restricted={"above": RESTRICTED}, calls={"above": ["P"]})

    told = check(script("shown = id_number"), "a.bpmn", known)

    (finding,) = [one for one in told if one.code == "restricted-copied"]
    assert "in cases of “above”" in finding.message.en and "“above”的案件" in finding.message.zh


def test_processes_that_call_one_another_are_looked_at_to_an_end() -> None:
    assert (
        found(diagram(START, END, flows("s>e")), {"P": RESTRICTED}, calls={"P": ["other"], "other": ["P"]})
        == []
    )
