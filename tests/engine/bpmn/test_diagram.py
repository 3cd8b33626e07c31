"""Reading diagrams: what is kept of them, and what is refused."""

from __future__ import annotations

import pytest

from engine.bpmn import diagram
from engine.errors import InvalidDefinition
from tests.engine.bpmn.bpmn_text import (
    HEAD,
    MESSAGE,
    ROOTS,
    SHORT,
    boundary,
    catch,
    element,
    end,
    flows,
    gateway,
    many,
    process,
    properties,
    start,
    sub,
    throw,
    timer,
    user,
)

LINK = '<bpmn:linkEventDefinition name="away"/>'


def codes(text):
    with pytest.raises(InvalidDefinition) as refused:
        diagram.load(text, "some.bpmn")
    return [(finding.code, finding.element_id) for finding in refused.value.findings]


def test_everything_that_pages_need_is_kept():
    lanes = (
        '<bpmn:laneSet id="lanes"><bpmn:lane id="L1" name="前台"><bpmn:flowNodeRef>a</bpmn:flowNodeRef>'
        "<bpmn:flowNodeRef>sp</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>"
    )
    task = element(
        "userTask",
        "a",
        "<bpmn:documentation>问候客户</bpmn:documentation>"
        + properties(labelEn="Register", documentationEn="Greet the customer", rules="CMP-01"),
        name="登记",
        camunda__formKey="register",
    )
    rule = element("businessRuleTask", "r", camunda__decisionRef="tier", camunda__resultVariable="tier")
    inside = start("ss") + user("inner") + end("se") + flows("ss > inner > se")
    call = element("callActivity", "c", calledElement="other")
    begin = element("startEvent", "s", camunda__formRef="begin")
    text = process(
        lanes + begin + start("m", MESSAGE) + task + rule + sub("sp", inside) + call + end("e"),
        "s > a > r > sp > c > e; m > a",
        id="complaint",
    )
    text = text.replace(
        'isExecutable="true"', 'isExecutable="true" name="投诉" camunda:candidateStarterGroups="desk, *"'
    )

    read = diagram.load(text, "complaint.bpmn")

    a = read.elements["a"]
    assert (a.kind, a.name.zh, a.name.en, a.form_key, a.lane) == (
        "userTask",
        "登记",
        "Register",
        "register",
        "前台",
    )
    assert (a.documentation.zh, a.documentation.en) == ("问候客户", "Greet the customer")
    assert (a.properties["rules"], a.process_id, a.line) == ("CMP-01", "complaint", 1)
    assert read.elements["inner"].lane == "前台"
    assert read.elements["a_r"].kind == "sequenceFlow"
    assert (read.called, read.decisions, read.starter_groups) == (("other",), ("tier",), ("desk", "*"))
    assert (read.start_form_key, dict(read.start_messages)) == ("begin", {"paid": "m"})
    assert (read.name.zh, read.source) == ("投诉", text)


def test_the_english_text_falls_back_to_the_chinese_one():
    read = diagram.load(process(start() + user("a", name="登记") + end("e"), "s > a > e"))

    assert read.elements["a"].name.en == "登记"


def test_elements_may_bear_the_names_of_the_librarys_own():
    read = diagram.load(process(start("Start") + user("Root") + end("End"), "Start > Root > End"))

    assert set(read.elements) >= {"Start", "Root", "End"}


@pytest.mark.parametrize(
    "hostile",
    [
        '<!DOCTYPE x [<!ENTITY a "b">]>' + HEAD + "</bpmn:definitions>",
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">' + HEAD + "</bpmn:definitions>",
        HEAD,
        "",
        "no xml",
        HEAD + "<!--" + "x" * 5_000_000 + "--></bpmn:definitions>",
    ],
)
def test_hostile_or_broken_xml_is_refused(hostile):
    for source in (hostile, hostile.encode()):
        with pytest.raises(InvalidDefinition):
            diagram.load(source)


def test_a_declared_encoding_is_understood_as_bytes_and_as_text():
    body = process(start() + user("a", name="登记") + end("e"), "s > a > e")

    for source in (
        '<?xml version="1.0" encoding="UTF-8"?>' + body,
        ('<?xml version="1.0" encoding="UTF-8"?>' + body).encode(),
        ('<?xml version="1.0" encoding="GB18030"?>' + body).encode("gb18030"),
    ):
        assert diagram.load(source).elements["a"].name.zh == "登记"


def test_a_file_holds_one_executable_process_and_may_hold_others_that_are_not():
    two = process(start() + end("e"), "s > e").replace(
        ROOTS, '<bpmn:process id="Q" isExecutable="{}"><bpmn:startEvent id="qs"/></bpmn:process>'
    )

    assert diagram.load(two.format("false")).process_id == "P"
    assert codes(two.format("true")) == [("processes", None)]


@pytest.mark.parametrize(
    ("elements", "chains", "expected"),
    [
        (user("a"), "", ("no-start", "P")),
        (start() + element("adHocSubProcess", "x"), "s > x", ("unsupported", "x")),
        (start() + element("complexGateway", "x"), "s > x", ("unsupported", "x")),
        (
            start() + user("a") + boundary("b", "a", "<bpmn:compensateEventDefinition/>"),
            "s > a",
            ("unsupported", "b"),
        ),
        (start() + catch("c", "<bpmn:conditionalEventDefinition/>"), "s > c", ("unsupported", "c")),
        (start() + catch("c", MESSAGE + timer("PT1H")), "s > c", ("multiple-events", "c")),
        (start() + boundary("b", "nobody", SHORT), "", ("boundary-host", "b")),
        (start() + throw("t", LINK), "s > t", ("link-event", "t")),
        (
            start() + catch("c", '<bpmn:messageEventDefinition messageRef="M_x"/>'),
            "s > c",
            ("unknown-reference", "c"),
        ),
        (start() + catch("c", "<bpmn:messageEventDefinition/>"), "s > c", ("no-reference", "c")),
        (start("s", timer("PT1H")) + end("e"), "s > e", ("start-event", "s")),
        (
            start() + sub("h", start("hs") + end("he") + flows("hs > he"), triggeredByEvent="true"),
            "",
            ("event-sub-process-start", "h"),
        ),
        (start() + sub("sp", user("x")), "s > sp", ("sub-process-start", "sp")),
        (start() + user("a", inside=many()), "s > a", ("multi-instance", "a")),
        (start() + user("a", inside="<bpmn:standardLoopCharacteristics/>"), "s > a", ("loop", "a")),
        (start() + element("serviceTask", "t"), "s > t", ("service-topic", "t")),
        (start() + element("callActivity", "c"), "s > c", ("called-process", "c")),
        (start() + element("callActivity", "c", calledElement="${x}"), "s > c", ("called-process", "c")),
        (start() + catch("c", timer("PT5X")), "s > c", ("timer", "c")),
        (start() + catch("c", timer("R3/P", "timeCycle")), "s > c", ("timer", "c")),
        (start() + catch("c", "<bpmn:timerEventDefinition/>"), "s > c", ("timer", "c")),
        (
            start() + element("scriptTask", "t", "<bpmn:script>import os</bpmn:script>"),
            "s > t",
            ("expression", "t"),
        ),
        (start() + user("a", camunda__dueDate="${open('x')}"), "s > a", ("expression", "a")),
        (
            start() + gateway("exclusive", "x") + user("a", "b"),
            "s > x > a : ().__class__; x > b",
            ("expression", "x_a"),
        ),
        (
            start() + user("a") + '<bpmn:sequenceFlow id="f" sourceRef="a" targetRef="gone"/>',
            "s > a",
            ("loose-flow", "f"),
        ),
        (start() + user("a") + user("a"), "s > a", ("id", "a")),
    ],
)
def test_what_cannot_be_run_is_refused_with_its_element(elements, chains, expected):
    assert expected in codes(process(elements, chains))


def test_a_finding_says_where_it_is_and_what_to_do_instead():
    text = process(start() + "\n\n" + element("adHocSubProcess", "x", name="乱"), "s > x")

    with pytest.raises(InvalidDefinition) as refused:
        diagram.load(text, "some.bpmn")

    finding = refused.value.findings[0]
    assert (finding.element_id, finding.element_name, finding.line, finding.file) == (
        "x",
        "乱",
        3,
        "some.bpmn",
    )
    assert finding.hint.en
    assert finding.hint.zh


def test_deploying_asks_more_of_a_diagram_than_running_it():
    dangling = process(start() + user("a") + end("e"), "s > a")

    assert diagram.load(dangling).process_id == "P"
    with pytest.raises(InvalidDefinition):
        diagram.read(dangling)


def test_a_called_process_must_be_there():
    caller = diagram.load(process(start() + element("callActivity", "c", calledElement="Q"), "s > c"))

    with pytest.raises(InvalidDefinition):
        diagram.assemble(caller, [])
