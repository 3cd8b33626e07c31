"""Every finding has a small diagram that shows it, and right drawings have none."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

import pytest

from engine.bpmn import diagram as diagrams
from engine.bpmn.check_messages import FAULTS
from engine.bpmn.checks import Known, check
from engine.bpmn.service_checks import CODES
from engine.errors import Finding

START, END = '<bpmn:startEvent id="s"/>', '<bpmn:endEvent id="e"/>'
TIMER = "<bpmn:timerEventDefinition><bpmn:{0}>{1}</bpmn:{0}></bpmn:timerEventDefinition>"
EVERYTHING_KNOWN = Known(
    processes={"other"},
    decisions={"tier": (("amount",), ("level",)), "several": ((), ("level",))},
    lists={"several"},
    forms={"report": {"amount", "approved"}},
    groups={"specialist"},
    topics={"notify": ("to", "text")},
    messages={"paid"},
    elements={"elsewhere"},
    calls={"other": ("P",)},
    restricted={"P": {"id_number": frozenset()}},
)


def user(element_id: str, inside: str = "", **attributes: str) -> str:
    given = {"candidateGroups": "specialist", "formRef": "report", **attributes}
    written = "".join(f" camunda:{name}={quoteattr(text)}" for name, text in given.items() if text)
    return f'<bpmn:userTask id="{element_id}" name="任务 {element_id}"{written}>{inside}</bpmn:userTask>'


def element(kind: str, element_id: str, inside: str = "", attributes: str = "") -> str:
    return f'<bpmn:{kind} id="{element_id}" {attributes}>{inside}</bpmn:{kind}>'


def flows(*written: str) -> str:
    """``a>b`` is a flow, ``a>b?x > 1`` one with a condition, ``name:a>b`` one with this id."""
    found = ""
    for one in written:
        ends, _, condition = one.partition("?")
        name, colon, pair = ends.rpartition(":")
        source, target = pair.split(">")
        inside = (
            f"<bpmn:conditionExpression>{escape(condition)}</bpmn:conditionExpression>" if condition else ""
        )
        flow_id = name if colon else f"f_{source}_{target}"
        found += element("sequenceFlow", flow_id, inside, f'sourceRef="{source}" targetRef="{target}"')
    return found


def diagram(*parts: str, attributes: str = 'isExecutable="true"', beside: str = "") -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
 xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="D" targetNamespace="http://bpmn.io/schema/bpmn">
{beside}<bpmn:process id="P" {attributes}>
{"".join(parts)}</bpmn:process></bpmn:definitions>""".encode()


def around(middle: str, *more: str, beside: str = "", attributes: str = 'isExecutable="true"') -> bytes:
    """Return a diagram in which one element ``x`` stands between start and end."""
    return diagram(START, middle, END, flows("s>x", "x>e", *more), beside=beside, attributes=attributes)


def boundary(inside: str, attributes: str = 'attachedToRef="x"') -> bytes:
    return around(user("x") + element("boundaryEvent", "b", inside, attributes), "b>e")


def catching(inside: str, beside: str = "") -> bytes:
    return around(element("intermediateCatchEvent", "x", inside), beside=beside)


def gateway(kind: str, *ways: str, default: str = "") -> bytes:
    return diagram(START, element(kind, "g", "", default and f'default="{default}"'), user("a"), user("b"), END,
                   flows("s>g", *ways, "a>e", "b>e"))  # fmt: skip


def extension(inside: str) -> str:
    return f"<bpmn:extensionElements>{inside}</bpmn:extensionElements>"


def prop(name: str, value: str) -> str:
    written = f"<camunda:property name={quoteattr(name)} value={quoteattr(value)}/>"
    return extension(f"<camunda:properties>{written}</camunda:properties>")


def inputs(*pairs: str) -> str:
    return extension(f"<camunda:inputOutput>{''.join(pairs)}</camunda:inputOutput>")


def parameter(name: str, text: str, direction: str = "input") -> str:
    return f'<camunda:{direction}Parameter name="{name}">{text}</camunda:{direction}Parameter>'


def script(text: str, attributes: str = "") -> bytes:
    return around(element("scriptTask", "x", f"<bpmn:script>{escape(text)}</bpmn:script>", attributes))


def codes(found: Sequence[Finding]) -> list[str]:
    return [finding.code for finding in found]


def looked_at(source: bytes, known: Known = EVERYTHING_KNOWN) -> list[Finding]:
    return check(source, "a.bpmn", known)


LINK = '<bpmn:linkEventDefinition name="{}"/>'
MANY = "<bpmn:multiInstanceLoopCharacteristics {}>{}</bpmn:multiInstanceLoopCharacteristics>"
MESSAGE = '<bpmn:message id="m" name="paid"/>'
SUB = START.replace('"s"', '"s2"') + END.replace('"e"', '"e2"') + flows("s2>e2")

WRONG: dict[str, bytes] = {
    "not-bpmn": b"<definitions/>",
    "no-process": diagram().replace(b"bpmn:process", b"bpmn:import"),
    "not-executable": around(user("x"), attributes='isExecutable="false"'),
    "several-processes": around(user("x"), beside=f'<bpmn:process id="Q">{START.replace("s", "q", 1)}</bpmn:process>'),
    "too-many-shapes": around("".join(user(f"x{number}") for number in range(1000))),
    "missing-id": around(user("x") + "<bpmn:userTask/>"),
    "duplicate-id": around(user("x") + user("x")),
    "bad-id": around(user("x") + user("a b"), "x>a b", "a b>e"),
    "reserved-id": around(user("x") + user("End"), "x>End", "End>e"),
    "unsupported-element": around(element("complexGateway", "x")),
    "unknown-element": around(user("x") + element("fooTask", "y")),
    "unsupported-event": catching("<bpmn:conditionalEventDefinition><bpmn:condition/></bpmn:conditionalEventDefinition>"),
    "compensation": around(element("intermediateThrowEvent", "x", "<bpmn:compensateEventDefinition/>")),
    "quantity": around(user("x").replace("<bpmn:userTask", '<bpmn:userTask completionQuantity="2"')),
    "multi-instance-behavior": around(user("x", MANY.format('behavior="One" camunda:collection="${[1]}"', ""))),
    "instantiating": around(element("receiveTask", "x", "", 'messageRef="m" instantiate="true"'), beside=MESSAGE),
    "several-events": catching(TIMER.format("timeDuration", "PT1H") * 2),
    "no-event": catching(""),
    "no-start": diagram(user("x"), END, flows("x>e")),
    "several-starts": around(user("x") + START.replace('"s"', '"s2"'), "s2>x"),
    "bad-start": around(user("x") + element("startEvent", "s2", TIMER.format("timeDuration", "PT1H")), "s2>x"),
    "sub-process-start": around(element("subProcess", "x")),
    "event-sub-process-start": around(user("x") + element("subProcess", "y", SUB, 'triggeredByEvent="true"')),
    "event-sub-process-flow": around(element("subProcess", "x", SUB, 'triggeredByEvent="true"')),
    "no-end": diagram(START, user("x"), element("exclusiveGateway", "g"), flows("s>g", "g>x", "x>g")),
    "dangling": diagram(START, user("x"), END, user("y"), element("parallelGateway", "g"),
                        flows("s>g", "g>x", "g>y", "y>e")),
    "dead-gateway": around(user("x") + element("exclusiveGateway", "g"), "x>g"),
    "unreachable": around(user("x") + user("y"), "y>e"),
    "loose-flow": around(user("x"), "x>nowhere"),
    "flow-across": around(user("x") + element("subProcess", "y", SUB), "x>y", "x>s2", "y>e"),
    "flow-into-start": around(user("x"), "x>s"),
    "flow-out-of-end": around(user("x"), "e>x"),
    "boundary-host": boundary(TIMER.format("timeDuration", "PT1H"), 'attachedToRef="nowhere"'),
    "boundary-no-way-out": around(user("x") + element("boundaryEvent", "b", TIMER.format("timeDuration", "PT1H"),
                                                      'attachedToRef="x"')),
    "boundary-always-interrupts": boundary("<bpmn:errorEventDefinition/>", 'attachedToRef="x" cancelActivity="false"'),
    "cancel-outside-transaction": boundary("<bpmn:cancelEventDefinition/>"),
    "no-condition": gateway("exclusiveGateway", "g>a?amount > 1", "g>b"),
    "no-conditions": gateway("exclusiveGateway", "g>a", "g>b"),
    "no-default": gateway("exclusiveGateway", "g>a?amount > 1", "g>b?amount < 1"),
    "bad-default": gateway("exclusiveGateway", "g>a?amount > 1", "g>b?amount < 1", default="nowhere"),
    "default-with-condition": gateway("exclusiveGateway", "g>a?amount > 1", "d:g>b?amount < 1", default="d"),
    "condition-ignored": gateway("parallelGateway", "g>a?amount > 1", "g>b"),
    "join-after-choice": diagram(
        START, element("exclusiveGateway", "g", "", 'default="d"'), user("a"), user("b"),
        element("parallelGateway", "j"), END, flows("s>g", "g>a?approved", "d:g>b", "a>j", "b>j", "j>e")),
    "parallel-loop": diagram(
        START, element("parallelGateway", "j"), user("a"), element("exclusiveGateway", "g", "", 'default="d"'), END,
        flows("s>j", "j>a", "a>g", "g>j?approved", "d:g>e")),
    "event-gateway-target": gateway("eventBasedGateway", "g>a", "g>b"),
    "event-gateway-few": diagram(START, element("eventBasedGateway", "g"), END, element(
        "intermediateCatchEvent", "t", TIMER.format("timeDuration", "PT1H")), flows("s>g", "g>t", "t>e")),
    "link-without-catch": diagram(START, END, element("intermediateThrowEvent", "l", LINK.format("A")), flows("s>l")),
    "link-without-throw": around(user("x") + element("intermediateCatchEvent", "l", LINK.format("A")), "l>e"),
    "link-twice": around(element("intermediateThrowEvent", "x", LINK.format("A")), "l>e", "k>e").replace(
        b"<bpmn:endEvent", (element("intermediateCatchEvent", "l", LINK.format("A")) + element(
            "intermediateCatchEvent", "k", LINK.format("A")) + "<bpmn:endEvent").encode()),
    "no-reference": catching("<bpmn:messageEventDefinition/>"),
    "unknown-reference": catching('<bpmn:messageEventDefinition messageRef="nowhere"/>'),
    "unknown-message": catching('<bpmn:messageEventDefinition messageRef="m"/>', MESSAGE.replace("paid", "pa id")),
    "uncaught-error": diagram(START, element("endEvent", "x", '<bpmn:errorEventDefinition errorRef="r"/>'),
                              flows("s>x"), beside='<bpmn:error id="r" errorCode="late"/>'),
    "timer-empty": catching("<bpmn:timerEventDefinition/>"),
    "timer-several": catching(TIMER.format("timeDuration", "PT1H").replace(
        "</bpmn:timerEvent", "<bpmn:timeDate>2026-03-01</bpmn:timeDate></bpmn:timerEvent")),
    "timer-malformed": catching(TIMER.format("timeDuration", "1 hour")),
    "timer-cron": boundary(TIMER.format("timeCycle", "0 0 9 * * ?")),
    "bad-expression": gateway("exclusiveGateway", "g>a?amount >", "d:g>b", default="d"),
    "bad-script": script("import os"),
    "script-language": script("x = 1", 'camunda:resource="a.groovy"'),
    "bad-variable-name": around(element("businessRuleTask", "x", "", 'camunda:decisionRef="tier" '
                                        'camunda:resultVariable="the level"')),
    "unknown-variable": gateway("exclusiveGateway", "g>a?amuont > 1", "d:g>b", default="d"),
    "restricted-copied": script("shown = id_number"),
    "restricted-computed": script('is_known = id_number == "1"'),
    "no-form": around(user("x", formRef="")),
    "unknown-form": around(user("x", formRef="nowhere")),
    "generated-form": around(user("x", extension("<camunda:formData/>"))),
    "nobody": around(user("x", candidateGroups="")),
    "nobody-starts": around(user("x")).replace(b'"P"', b'"Q"'),
    "unknown-group": around(user("x", candidateGroups="specialist, specialists")),
    "bad-not-by": around(user("x", prop("notBy", "start, elsewhere, nowhere"))),
    "bad-priority": around(user("x", priority="high")),
    "bad-date": around(user("x", dueDate="workdays(2)")),
    "nothing-done": around(element("task", "x")),
    "no-topic": around(element("serviceTask", "x")),
    "unknown-topic": around(element("serviceTask", "x", "", 'camunda:type="external" camunda:topic="nowhere"')),
    "missing-input": around(element("serviceTask", "x", inputs(parameter("to", "specialist")),
                                    'camunda:type="external" camunda:topic="notify"')),
    "java-service": around(element("serviceTask", "x", "", 'camunda:class="com.example.A"')),
    "listener": around(user("x", extension('<camunda:taskListener class="A" event="create"/>'))),
    "ignored-mapping": around(user("x", inputs(parameter("a", "1")))),
    "event-implementation": around(element("intermediateThrowEvent", "x",
                                           '<bpmn:messageEventDefinition messageRef="m" camunda:class="A"/>'), beside=MESSAGE),
    "extension-ignored": around(user("x", extension("<camunda:potentialStarter/>"))),
    "camunda-8": around(user("x", extension('<zeebe:userTask xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"/>'))),
    "correlation-ignored": around(user("x"), beside=(
        '<bpmn:collaboration id="c"><bpmn:correlationKey id="k"/></bpmn:collaboration>')),
    "unsupported-parameter": around(element("serviceTask", "x", inputs(parameter("a", "<camunda:map/>")),
                                            'camunda:topic="notify"')),
    "no-decision-ref": around(element("businessRuleTask", "x")),
    "unknown-decision": around(element("businessRuleTask", "x", "", 'camunda:decisionRef="nowhere"')),
    "bad-decision-mapping": around(element("businessRuleTask", "x", "", 'camunda:decisionRef="tier" '
                                           'camunda:mapDecisionResult="all"')),
    "decision-needs-variable": around(element("businessRuleTask", "x", "", 'camunda:decisionRef="tier" '
                                              'camunda:mapDecisionResult="singleEntry"')),
    "no-called-process": around(element("callActivity", "x")),
    "unknown-process": around(element("callActivity", "x", "", 'calledElement="nowhere"')),
    "recursive-call": around(element("callActivity", "x", "", 'calledElement="other"')),
    "everything-mapped": around(element("callActivity", "x", "", 'calledElement="other"')),
    "bad-mapping": around(element("callActivity", "x", extension('<camunda:in source="a"/>'), 'calledElement="other"')),
    "binding-ignored": around(user("x", formRefBinding="version")),
    "no-collection": around(user("x", MANY.format("", ""))),
    "no-loop-end": around(user("x", "<bpmn:standardLoopCharacteristics/>")),
    "property-misspelt": around(user("x", prop("notby", "start"))),
    "io-ignored": around(element("callActivity", "x", "<bpmn:ioSpecification/>", 'calledElement="other"')),
}  # fmt: skip


@pytest.mark.parametrize("code", WRONG)
def test_each_mistake_is_found_where_it_is(code: str) -> None:
    found = [finding for finding in looked_at(WRONG[code]) if finding.code == code]

    assert found, codes(looked_at(WRONG[code]))
    assert found[0].severity == FAULTS[code].severity
    assert found[0].line
    assert found[0].file == "a.bpmn"
    for text in (found[0].message, found[0].hint):
        assert text.zh and text.en and "{" not in text.en.replace("${", "")
        assert "  " not in text.en


def test_every_finding_of_the_catalogue_has_its_diagram() -> None:
    elsewhere = {"unknown-labels", *CODES.values()}  # in test_service_checks.py
    assert set(FAULTS) - set(WRONG) - elsewhere == {
        "wrong-ending",
        "overlapping-rules",
        "never-reached",
        "bare-word",
    }


THROWN = '<bpmn:signalEventDefinition signalRef="g">{}</bpmn:signalEventDefinition>'
MORE_WRONG: list[tuple[str, bytes]] = [
    *(("timer-malformed", catching(TIMER.format("timeDuration", text))) for text in ("-PT1H", "+PT1H", "60", "P")),
    *(("timer-malformed", catching(TIMER.format("timeCycle", text))) for text in ("R-1/PT1H", "R3/", "R/PT0S")),
    ("boundary-always-interrupts", around(user("x") + element("subProcess", "y", element(
        "startEvent", "s2", "<bpmn:errorEventDefinition/>", 'isInterrupting="false"')
        + element("endEvent", "e2") + flows("s2>e2"), 'triggeredByEvent="true"'))),
    ("ignored-mapping", catching(f'{inputs(parameter("a", "1"))}<bpmn:messageEventDefinition messageRef="m"/>', MESSAGE)),
    ("ignored-mapping", around(element("intermediateThrowEvent", "x", inputs(parameter("a", "1", "output"))
                                       + THROWN.format("")), beside='<bpmn:signal id="g" name="closed"/>')),
    ("ignored-mapping", around(element("intermediateThrowEvent", "x", THROWN.format(
        extension('<camunda:in source="a" target="b"/>'))), beside='<bpmn:signal id="g" name="closed"/>')),
    ("ignored-mapping", around(element("callActivity", "x", "", 'calledElement="other" camunda:variableMappingClass="A"'))),
    ("event-implementation", around(element("intermediateThrowEvent", "x",
     '<bpmn:messageEventDefinition messageRef="m" camunda:type="external" camunda:topic="t"/>'), beside=MESSAGE)),
    ("listener", around(user("x")).replace(b'"x" targetRef="e">', b'"x" targetRef="e">' + extension(
        '<camunda:executionListener class="A" event="take"/>').encode())),
    ("listener", diagram(extension('<camunda:executionListener class="A" event="start"/>'), START, user("x"), END,
                         flows("s>x", "x>e"))),
    ("correlation-ignored", diagram(START, user("x"), END, flows("s>x", "x>e"),
                                    '<bpmn:correlationSubscription id="k"/>')),
    ("decision-needs-variable", around(element("businessRuleTask", "x", "", 'camunda:decisionRef="several"'))),
]  # fmt: skip


@pytest.mark.parametrize(("code", "source"), MORE_WRONG)
def test_a_mistake_is_found_wherever_it_can_be_drawn(code: str, source: bytes) -> None:
    assert code in codes(looked_at(source))


CALL = '<camunda:in source="amount" target="amount"/><camunda:out source="done" target="done"/>'
RIGHT: dict[str, bytes] = {
    "a plain task": around(user("x")),
    "executable as XML has it": around(user("x"), attributes='isExecutable="1"'),
    "a default flow": gateway("exclusiveGateway", "g>a?${amount > 1}", "d:g>b", default="d"),
    "two conditions of which one denies the other": gateway("exclusiveGateway", "g>a?approved", "g>b?${!approved}"),
    "an event gateway": diagram(
        START, element("eventBasedGateway", "g"),
        element("intermediateCatchEvent", "m1", '<bpmn:messageEventDefinition messageRef="m"/>'),
        element("intermediateCatchEvent", "t1", TIMER.format("timeDate", "${workdays(2)}")), END,
        flows("s>g", "g>m1", "g>t1", "m1>e", "t1>e"), beside=MESSAGE),
    "several flows out of a task": diagram(START, user("a"), user("b"), user("c"), END,
                                           flows("s>a", "a>b", "a>c", "b>e", "c>e")),
    "a condition on a flow that leaves a task": diagram(
        START, user("a").replace("<bpmn:userTask", '<bpmn:userTask default="d"'), user("b"), user("c"), END,
        flows("s>a", "a>b?approved", "d:a>c", "b>e", "c>e")),
    "links": diagram(START, element("intermediateThrowEvent", "l", LINK.format("A")),
                     element("intermediateCatchEvent", "k", LINK.format("A")), END, flows("s>l", "k>e")),
    "a signal end": diagram(START, element("endEvent", "x", '<bpmn:signalEventDefinition signalRef="g"/>'),
                            flows("s>x"), beside='<bpmn:signal id="g" name="closed"/>'),
    "eventDefinitionRef": catching("<bpmn:eventDefinitionRef>t</bpmn:eventDefinitionRef>",
                                   TIMER.format("timeDuration", "PT1H").replace("tion>", 'tion id="t">', 1)),
    "an event sub-process": around(user("x") + element("subProcess", "y", element(
        "startEvent", "s2", TIMER.format("timeDuration", "PT24H"), 'isInterrupting="false"')
        + element("endEvent", "e2") + flows("s2>e2"), 'triggeredByEvent="true"')),
    "a boundary flow back to its host": around(user("x") + element(
        "boundaryEvent", "b", TIMER.format("timeDuration", "PT1H"), 'attachedToRef="x"'), "b>x"),
    "a daily reminder": boundary(TIMER.format("timeCycle", '${daily("17:00")}'), 'attachedToRef="x"'),
    "a repeated timer": boundary(TIMER.format("timeCycle", "R3/PT1H"), 'attachedToRef="x" cancelActivity="false"'),
    "a caught error": diagram(START, element("subProcess", "x", START.replace('"s"', '"s2"') + element(
        "endEvent", "e2", '<bpmn:errorEventDefinition errorRef="r"/>') + flows("s2>e2")), element(
        "boundaryEvent", "b", '<bpmn:errorEventDefinition errorRef="r"/>', 'attachedToRef="x"'), END,
        flows("s>x", "x>e", "b>e"), beside='<bpmn:error id="r" errorCode="late"/>'),
    "a join after a split, with a loop in one branch": diagram(
        START, element("parallelGateway", "p"), user("a"), user("b"),
        element("exclusiveGateway", "g", "", 'default="d"'), element("parallelGateway", "j"), END,
        flows("s>p", "p>a", "p>b", "a>g", "g>a?approved", "d:g>j", "b>j", "j>e")),
    "a call with mappings": around(element("callActivity", "x", extension(CALL), 'calledElement="other"')),
    "a decision whose output is used": diagram(
        START, user("u"), element("businessRuleTask", "x", "", 'camunda:decisionRef="tier"'),
        element("exclusiveGateway", "g", "", 'default="d"'), user("a"), user("b"), END,
        flows("s>u", "u>x", "x>g", 'g>a?level == "high"', "d:g>b", "a>e", "b>e")),
    "a task per advisor": around(user("x", MANY.format(
        'isSequential="false" camunda:collection="${[1, 2]}" camunda:elementVariable="advisor"', ""),
        candidateGroups="", assignee="${advisor}")),
    "who started it": diagram(START.replace("/>", ' camunda:initiator="starter"/>'), user("x", assignee="${starter}"), END,
                              flows("s>x", "x>e")),
    "what a signal carries": around(element("intermediateThrowEvent", "x", inputs(parameter("amount", "1"))
                                            + THROWN.format("")), beside='<bpmn:signal id="g" name="closed"/>'),
    "several rows in a variable": around(element("businessRuleTask", "x", "", 'camunda:decisionRef="several" '
                                                 'camunda:resultVariable="rows"')),
    "a missing variable that is asked for": around(user("x", dueDate="${get(agreed_time, hours(12))}")),
    "a notification": around(element("serviceTask", "x", inputs(parameter("to", "specialist"), parameter(
        "text", "Case ${case_number}")), 'camunda:type="external" camunda:topic="notify"')),
    "lanes, pools and a data store": around(
        user("x") + '<bpmn:laneSet id="ls"><bpmn:lane id="l"/></bpmn:laneSet><bpmn:dataStoreReference id="ds"/>',
        beside='<bpmn:collaboration id="c"><bpmn:participant id="p" processRef="P"/></bpmn:collaboration>'
        '<bpmn:process id="Q" isExecutable="false"><bpmn:task id="qt"/></bpmn:process>'),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_drawing_has_no_findings(name: str) -> None:
    known = Known(**{**EVERYTHING_KNOWN.__dict__, "calls": {"caller": ("P",)}})

    assert looked_at(RIGHT[name], known) == []


@pytest.mark.parametrize("named_in", ["notBy", "newRound"])
def test_a_step_that_another_names_is_there(named_in: str) -> None:
    drawn = around(user("x", prop(named_in, "x, nowhere")))

    said = [finding.message.en for finding in looked_at(drawn) if finding.code == "bad-not-by"]

    assert said == [f"“nowhere” in {named_in} is no user task."]


@pytest.mark.parametrize("name", [*RIGHT, *(code for code in WRONG if FAULTS[code].severity == "warning")])
def test_what_checks_let_pass_can_be_read(name: str) -> None:
    source = RIGHT.get(name) or WRONG[name]

    assert [one.code for one in looked_at(source) if one.severity == "error"] in ([], ["recursive-call"])
    assert diagrams.read(source, "a.bpmn").process_id in ("P", "Q")


def test_what_is_not_known_is_not_reported() -> None:
    source = around(user("x", prop("notBy", "nowhere"), formRef="nowhere", candidateGroups="nobody"))

    assert looked_at(source, Known()) == []


HOSTILE = {
    "malformed-xml": b"<bpmn:definitions",
    "doctype": b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    "too-large": b"<a>" + b" " * 5_000_001 + b"</a>",
}


@pytest.mark.parametrize("code", HOSTILE)
@pytest.mark.parametrize("ending", ["bpmn", "dmn"])
def test_hostile_files_are_refused(code: str, ending: str) -> None:
    assert codes(check(HOSTILE[code], f"a.{ending}", Known())) == [code]


@pytest.mark.parametrize("prolog", [
    b'<?xml version="1.0"?>\n<!-- <a> -->\n<!DOCTYPE a SYSTEM "file:///etc/passwd">',
    b'<!doctype a>',
    b'<!-- x --><!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x"> %p;]>',
])  # fmt: skip
def test_a_document_type_is_refused_wherever_it_hides(prolog: bytes) -> None:
    found = check(prolog + b"<a/>", "a.bpmn", Known())

    assert codes(found) in (["doctype"], ["malformed-xml"])


def test_the_line_of_broken_xml_is_told() -> None:
    (finding,) = check(b"<a>\n<b>\n</a>", "a.bpmn", Known())

    assert finding.line == 3


def test_nothing_but_the_three_kinds_of_files_is_taken() -> None:
    assert codes(check(b"", "a.exe", Known())) == ["wrong-ending"]


def test_a_form_is_checked() -> None:
    assert codes(check(b"[]", "a.form", Known()))
    assert codes(check(b"{", "a.form", Known()))


def test_a_large_drawing_is_checked_in_reasonable_time() -> None:
    names = [f"t{number}" for number in range(60)]
    joins = "".join(element("parallelGateway", f"j{number}") for number in range(10))
    chain = [f"{one}>{other}" for one, other in zip(["s", *names], [*names, "e"], strict=True)]
    branches = [f"t{number * 5}>j{number}" for number in range(10)] + [
        f"t{number * 5 + 2}>j{number}" for number in range(10)
    ]
    ends = [f"j{number}>e" for number in range(10)]
    source = diagram(START, *(user(name) for name in names), joins, END, flows(*chain, *branches, *ends))

    assert "unreachable" not in codes(looked_at(source))


def test_only_the_first_of_a_lost_chain_is_told() -> None:
    source = around(user("x") + user("y") + user("z"), "y>z", "z>e")

    assert [one.element_id for one in looked_at(source) if one.code == "unreachable"] == ["y"]


@pytest.mark.parametrize(
    "kind", ["exclusiveGateway", "inclusiveGateway", "parallelGateway", "eventBasedGateway"]
)
@pytest.mark.parametrize("condition", ["", "?amount > 1"])
def test_one_cause_is_told_once_however_many_flows_there_are(kind: str, condition: str) -> None:
    names = [f"g{number}" for number in range(60)]
    dense = [f"{one}>{other}{condition}" for place, one in enumerate(names) for other in names[place + 1 :]]
    source = diagram(START, *(element(kind, name) for name in names), END, flows("s>g0", *dense, "g59>e"))

    found = looked_at(source)

    assert len(found) <= 3 * len(names)
    assert len({(one.code, one.element_id) for one in found}) == len(found)


def test_flows_without_a_condition_are_named_at_their_gateway() -> None:
    (found,) = looked_at(gateway("exclusiveGateway", "g>a", "g>b"))
    assert (found.code, found.element_id) == ("no-conditions", "g")
    assert "任务 a, 任务 b" in found.message.en and "任务 a、任务 b" in found.message.zh

    (found,) = looked_at(gateway("exclusiveGateway", "g>a?amount > 1", "g>b"))
    assert (found.code, found.element_id) == ("no-condition", "f_g_b")


HOSTILE_IDS = [
    "a b", " x1", "../x", "a/b", "1a", "a:b", "a,b", "&lt;script&gt;", "&quot;&gt;", "a&#x202e;b", "a&#x200b;b",
    "a&#xa0;b", "..", "a?b", "a#b", "x" * 201,
]  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE_IDS)
def test_ids_that_no_address_and_no_list_can_hold_are_refused(hostile: str) -> None:
    process = around(user("x")).replace(b'process id="P"', f'process id="{hostile}"'.encode())
    shape = around(user(hostile)).replace(b'"x"', f'"{hostile}"'.encode())
    flow = around(user("x")).replace(b"f_s_x", hostile.encode())

    for source in (process, shape, flow):
        told = [one for one in looked_at(source) if one.code == "bad-id"]
        assert [one.severity for one in told] == ["error"]
        assert told[0].line and "200" in told[0].hint.en
        for text in (told[0].message.zh, told[0].element_id or ""):
            assert text.isprintable() and len(text) < 300
    table = TABLE.replace(b'decision id="tier"', f'decision id="{hostile}"'.encode())
    rule = TABLE.replace(b'rule id="r"', f'rule id="{hostile}"'.encode())
    for source in (table, rule) if hostile == hostile.strip() else (rule,):  # of a decision it is trimmed
        assert "bad-id" in codes(check(source, "a.dmn", Known()))


@pytest.mark.parametrize("name", ["审批_1", "Activity_0k3x1", "_1", "a-b.c", "é"])
def test_ids_as_modellers_make_them_are_right(name: str) -> None:
    source = around(user(name)).replace(b'"x"', f'"{name}"'.encode())

    known = Known(**{**EVERYTHING_KNOWN.__dict__, "calls": {"caller": ("投诉",)}})
    assert looked_at(source.replace(b'process id="P"', "process id='投诉'".encode()), known) == []
    assert check(TABLE.replace(b'"tier"', f'"{name}"'.encode()), "a.dmn", Known()) == []


TABLE = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="x">
<decision id="tier" name="t"><decisionTable id="dt" hitPolicy="UNIQUE"><input id="i"><inputExpression id="ie" typeRef="number">
<text>cost</text></inputExpression></input><output id="o" name="level" typeRef="string"/><rule id="r"><inputEntry id="a">
<text>-</text></inputEntry><outputEntry id="b"><text>"x"</text></outputEntry></rule></decisionTable></decision></definitions>"""


@pytest.mark.parametrize("begins", ["starters", "a call", "a message"])
def test_a_process_that_something_begins_is_right(begins: str) -> None:
    starters = (
        'isExecutable="true" camunda:candidateStarterGroups="*"'
        if begins == "starters"
        else 'isExecutable="true"'
    )
    start = '<bpmn:startEvent id="m1"><bpmn:messageEventDefinition messageRef="m"/></bpmn:startEvent>'
    more = start + flows("m1>x") if begins == "a message" else ""
    source = around(user("x") + more, beside=MESSAGE, attributes=starters)
    calls = {"caller": ("P",)} if begins == "a call" else {}

    assert looked_at(source, Known(**{**EVERYTHING_KNOWN.__dict__, "calls": calls})) == []


@pytest.mark.parametrize(
    ("attributes", "meant"),
    [({"candidateGroups": "specialists"}, "specialist"), ({"formRef": "repport"}, "report")],
)
def test_a_name_that_is_not_there_is_told_with_what_is_near(attributes: dict[str, str], meant: str) -> None:
    found = [one for one in looked_at(around(user("x", **attributes))) if one.severity == "error"]

    assert len(found) == 1
    assert f"是不是：{meant}。" in found[0].hint.zh
    assert f"Is one of these meant: {meant}?" in found[0].hint.en
