"""Journeys play as their files say, and say what they found where it is otherwise."""

from __future__ import annotations

import pytest

from engine import journey_files, journeys
from engine.errors import InvalidDefinition
from engine.journey_files import InvalidJourney
from tests.engine.housing import REGISTERS

BPMN = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    targetNamespace="keys" id="defs">
  <message id="Msg" name="key returned" />
  <process id="loan" name="借钥匙" isExecutable="true" camunda:candidateStarterGroups="front_desk">
    <startEvent id="Begin" name="开始"><outgoing>f1</outgoing></startEvent>
    <sequenceFlow id="f1" sourceRef="Begin" targetRef="HandOut" />
    <userTask id="HandOut" name="交出钥匙" camunda:candidateGroups="front_desk"
        camunda:dueDate="${hours(12)}"><incoming>f1</incoming><outgoing>f2</outgoing></userTask>
    <sequenceFlow id="f2" sourceRef="HandOut" targetRef="Return" />
    <userTask id="Return" name="收回钥匙" camunda:candidateGroups="front_desk,butler">
      <extensionElements><camunda:properties>
        <camunda:property name="notBy" value="HandOut" />
      </camunda:properties></extensionElements>
      <incoming>f2</incoming><outgoing>f3</outgoing></userTask>
    <boundaryEvent id="Late" name="逾期" attachedToRef="Return" cancelActivity="false"><outgoing>f4</outgoing>
      <timerEventDefinition><timeDuration xsi:type="tFormalExpression">PT24H</timeDuration></timerEventDefinition>
    </boundaryEvent>
    <sequenceFlow id="f4" sourceRef="Late" targetRef="Chase" />
    <userTask id="Chase" name="催还" camunda:candidateGroups="butler"><incoming>f4</incoming><outgoing>f5</outgoing></userTask>
    <sequenceFlow id="f5" sourceRef="Chase" targetRef="Chased" />
    <endEvent id="Chased" name="已催"><incoming>f5</incoming></endEvent>
    <sequenceFlow id="f3" sourceRef="Return" targetRef="Wait" />
    <intermediateCatchEvent id="Wait" name="等登记"><incoming>f3</incoming><outgoing>f6</outgoing>
      <messageEventDefinition messageRef="Msg" /></intermediateCatchEvent>
    <sequenceFlow id="f6" sourceRef="Wait" targetRef="Done" />
    <endEvent id="Done" name="完成"><incoming>f6</incoming></endEvent>
  </process>
</definitions>
"""

FILE = """\
process = "loan"
[[journey]]
name = "chased after a day"
at = "2026-03-02T10:00"
start = { by = "group:front_desk" }
steps = [
  { open = ["HandOut"], group = { HandOut = "front_desk" }, due = { HandOut = "2026-03-02T22:00" } },
  { notified = ["group:front_desk"] },
  { refuse = "HandOut", by = "group:butler", because = "not permitted" },
  { task = "HandOut", by = "group:front_desk", values = { borrower = "Ada", deposit = 35000.01, day = 2026-03-02 } },
  { refuse = "HandOut", by = "group:front_desk", because = "conflict" },
  { variables = { borrower = "Ada", deposit = 35000.010, day = "2026-03-02" }, passed = ["HandOut"], not_passed = ["Late"] },
  { notified = ["group:butler", "group:front_desk"] },
  { wait = "PT24H" },
  { open = ["Return"], notified = [] },
  { wait = "PT1S" },
  { open = ["Return", "Chase"], notified = ["group:butler"] },
  { task = "Chase", by = "group:butler" },
  { task = "Return", by = "group:butler" },
  { open = [] },
  { message = "key returned", values = { shelf = 3 } },
  { ended = "Done", variables = { shelf = 3 } },
]
"""


def play(text: str = FILE, **files: str) -> list[journeys.Result]:
    sources = {"loan.bpmn": BPMN.encode()} | {name: content.encode() for name, content in files.items()}
    return list(journeys.play(journey_files.read(text, "loan.toml"), sources))


COMPUTED = """\
process = "loan"
[[journey]]
name = "what the case knows"
start = { by = "group:front_desk", values = { key = "K-17" } }
steps = [
  { task = "HandOut", by = "group:front_desk", values = { label = '${"key " + key}', rooms = ["${key}", "A"] } },
  { variables = { label = "key K-17", rooms = ["K-17", "A"] } },
  { start = "loan", by = "group:front_desk", values = { before = "${label}" } },
  { variables = { before = "key K-17" } },
]
"""


def test_a_value_may_be_computed_from_the_case():
    (result,) = play(COMPUTED)

    assert result.failure is None, result.failure


ESTATE = {"registers.toml": REGISTERS.replace("cs_manager", "front_desk").replace("finance", "front_desk")}
MONEY = """\
process = "loan"
[[journey]]
name = "what the tenant owes"
records = { unit = [{ code = "A-1" }], customer = [{ name = "Ada" }] }
ledger = [
  { unit = "A-1", customer = "KH-00001", item = "rent_deposit", amount = "300.00", paid = true },
  { unit = "A-1", customer = "KH-00001", item = "rent", amount = "100.10", period = "2026-03" },
]
start = { by = "group:front_desk", values = { unit = "A-1", customer = "KH-00001" } }
steps = [
  { owed = { rent = "100.1" }, held = { rent_deposit = "300.00" } },
]
"""


@pytest.mark.parametrize(
    ("told", "wrong"),
    [("100.1", "100.11"), ('rent = "100.1"', ""), ("300.00", "299.99"), ("rent_deposit =", "rent =")],
)
def test_a_journey_looks_at_what_is_owed_and_held_to_the_fen(told: str, wrong: str):
    head, look = MONEY.split("steps")

    (right,) = play(MONEY, **ESTATE)
    (surprised,) = play(f"{head}steps{look.replace(told, wrong)}", **ESTATE)

    assert right.failure is None, right.failure
    assert surprised.failure is not None
    assert surprised.failure.line == 11


def test_a_value_that_cannot_be_computed_fails_its_step():
    (result,) = play(COMPUTED.replace('"${key}"', '"${kye}"'))

    assert result.failure is not None
    assert result.failure.line == 6
    assert "kye" in result.failure.found.en


def test_a_journey_that_goes_as_written_is_ok():
    (result,) = play()

    assert result.failure is None


@pytest.mark.parametrize(
    ("right", "wrong", "step", "expected", "found"),
    [
        ('open = ["HandOut"]', 'open = ["Return"]', 1, '["Return"]', '["HandOut"]'),
        ('open = ["HandOut"]', 'open = ["HandOut", "HandOut"]', 1, '["HandOut", "HandOut"]', '["HandOut"]'),
        ('HandOut = "front_desk"', 'HandOut = "butler"', 1, "butler", "front_desk"),
        ("2026-03-02T22:00", "2026-03-02T21:59", 1, "21:59", "2026-03-02T22:00"),
        ('notified = ["group:front_desk"]', 'notified = ["group:butler"]', 2, "group:butler", "group:front_desk"),
        ('notified = ["group:front_desk"]', "notified = []", 2, "[]", "group:front_desk"),
        ('by = "group:butler", because', 'by = "group:front_desk", because', 3, "not permitted", "not refused"),
        ('because = "conflict"', 'because = "borrower"', 5, "borrower", "already completed"),
        ('task = "HandOut", by = "group:front_desk"', 'task = "HandOut", by = "group:butler"', 4, "done", 'which is for ["front_desk"]'),
        ('task = "HandOut"', 'task = "Return"', 4, "Return", "HandOut"),
        ("35000.010", "35000.02", 6, "35000.02", "35000.01"),
        ('passed = ["HandOut"]', 'passed = ["Return"]', 6, "completed", "Return"),
        ('not_passed = ["Late"]', 'not_passed = ["HandOut"]', 6, "not completed", "HandOut"),
        ('wait = "PT24H"', 'wait = "PT25H"', 9, '["Return"]', "Chase"),
        ('wait = "PT24H"', 'until = "2026-03-01T00:00"', 8, "to come", "2026-03-02T10:00"),
        ("{ open = [] }", '{ incident = "Wait" }', 14, "Wait", "no incident"),
        ("{ open = [] }", "{ ended = true }", 14, "ended", "has not"),
        ('ended = "Done"', 'ended = "Chased"', 16, "Chased", "Done"),
        ('by = "group:front_desk" }\n', 'by = "group:butler" }\n', 0, "starts", "may not start"),
    ],
)  # fmt: skip
def test_the_first_step_that_goes_otherwise_says_what_was_expected_and_found(
    right, wrong, step, expected, found
):
    assert right in FILE
    text = FILE.replace(right, wrong, 1)
    (result,) = play(text)

    assert result.failure is not None
    assert result.failure.step == step
    assert expected in result.failure.expected.en
    assert found in result.failure.found.en


def test_an_element_that_is_not_there_is_an_error_of_the_file():
    with pytest.raises(InvalidJourney, match="Donne") as error:
        play(FILE.replace('ended = "Done"', 'ended = "Donne"'))

    assert error.value.line == 22


def test_a_process_that_is_not_there_is_an_error_of_the_file():
    with pytest.raises(InvalidJourney, match="lone") as error:
        play(FILE.replace('"loan"', '"lone"', 1))

    assert error.value.line == 2


def test_a_diagram_that_cannot_be_deployed_is_said_before_any_journey_plays():
    with pytest.raises(InvalidDefinition):
        play(FILE, **{"loan.bpmn": BPMN.replace('targetRef="HandOut"', 'targetRef="Nowhere"')})


ORDER = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    targetNamespace="x" id="d">
  <process id="order" isExecutable="true">
    <startEvent id="Begin" />
    <sequenceFlow id="a" sourceRef="Begin" targetRef="Take" />
    <userTask id="Take" name="接单" />
    <sequenceFlow id="b" sourceRef="Take" targetRef="Pay" />
    <userTask id="Pay" name="付款" camunda:assignee="${who}" />
    <sequenceFlow id="c" sourceRef="Pay" targetRef="Done" />
    <endEvent id="Done" />
  </process>
</definitions>
"""


def test_a_folder_without_groups_people_or_forms_can_be_played():
    """Where a diagram names nobody, anybody may start and do it; without a form, any value may be given."""
    file = """\
process = "order"
[[journey]]
name = "a lone diagram"
start = { by = "ada", values = { who = "Bob", when = 2026-03-02T10:00:00 } }
steps = [
  { task = "Take", by = "group:clerks", values = { amount = 100.01, paid = false, items = [1, { a = "b" }] } },
  { open = ["Pay"], assignee = { Pay = "Bob" } },
  { variables = { amount = "100.010", paid = false, items = [1, { a = "b" }], when = "2026-03-02T10:00" } },
  { refuse = "Pay", by = "ada", because = "not permitted" },
  { task = "Pay", by = "Bob" },
  { ended = "Done" },
]
"""

    (result,) = journeys.play(journey_files.read(file, "order.toml"), {"order.bpmn": ORDER.encode()})

    assert result.failure is None


SECOND = """\
process = "order"
[[journey]]
name = "two orders"
start = { by = "ada", values = { who = "Bob" } }
steps = [
  { task = "Take", by = "ada" },
  { start = "loan", by = "ada" },
  { task = "Pay", by = "Bob" },
]
"""


def test_a_journey_can_start_another_case_that_the_steps_after_it_are_about():
    file = SECOND.replace('"loan", by = "ada"', '"order", by = "eve", values = { who = "Eve" }')
    file = file.replace(
        '{ task = "Pay", by = "Bob" }', '{ open = ["Take"] },\n  { variables = { who = "Eve" } }'
    )

    (result,) = journeys.play(journey_files.read(file, "order.toml"), {"order.bpmn": ORDER.encode()})

    assert result.failure is None


def test_a_journey_can_go_back_to_its_first_case():
    file = SECOND.replace('"loan", by = "ada"', '"order", by = "eve", values = { who = "Eve" }')
    file = file.replace(
        '{ task = "Pay", by = "Bob" }',
        '{ case = 1 },\n  { open = ["Pay"], variables = { who = "Bob" } },\n  { case = 2 },\n  { open = ["Take"] }',
    )

    (result,) = journeys.play(journey_files.read(file, "order.toml"), {"order.bpmn": ORDER.encode()})

    assert result.failure is None


def test_a_journey_cannot_go_on_with_a_case_that_has_not_begun():
    file = SECOND.replace('{ start = "loan", by = "ada" }', "{ case = 2 }")

    with pytest.raises(InvalidJourney, match="only 1 cases") as error:
        list(journeys.play(journey_files.read(file, "order.toml"), {"order.bpmn": ORDER.encode()}))

    assert error.value.line == 7


@pytest.mark.parametrize(
    ("taken_by", "paid_by", "plays"),
    [
        ("group:clerks+cashiers", "group:clerks+cashiers", True),
        ("group:clerks", "group:clerks", False),  # nobody of them may pay anyway
        ("group:clerks", "group:cashiers", False),  # may pay
        ("group:clerks+cashiers", "ada", False),
    ],
)
def test_a_refusal_because_of_an_earlier_step_needs_somebody_of_both_groups(taken_by, paid_by, plays):
    diagram = (
        ORDER.replace('<userTask id="Take"', '<userTask id="Take" camunda:candidateGroups="clerks"')
        .replace('camunda:assignee="${who}" />', 'camunda:candidateGroups="cashiers">NOT_BY</userTask>')
        .replace(
            "NOT_BY",
            '<extensionElements><camunda:properties><camunda:property name="notBy" value="Take" />'
            "</camunda:properties></extensionElements>",
        )
    )
    file = f"""\
process = "order"
[[journey]]
name = "not both"
start = {{ by = "ada" }}
steps = [
  {{ task = "Take", by = "{taken_by}" }},
  {{ refuse = "Pay", by = "{paid_by}", because = "same person" }},
]
"""

    (result,) = journeys.play(journey_files.read(file, "order.toml"), {"order.bpmn": diagram.encode()})

    assert (result.failure is None) is plays


def test_another_case_has_its_own_elements():
    found = journey_files.read(SECOND, "order.toml")

    with pytest.raises(journey_files.InvalidJourney) as error:
        list(journeys.play(found, {"order.bpmn": ORDER.encode(), "loan.bpmn": BPMN.encode()}))

    assert (error.value.line, "Pay" in error.value.message.en) == (8, True)


def test_journeys_leave_nothing_to_each_other():
    twice = FILE + FILE.split("\n", 1)[1]

    assert [result.failure for result in play(twice)] == [None, None]


REVIEW = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    targetNamespace="keys" id="defs">
  <process id="review" name="审议" isExecutable="true" camunda:candidateStarterGroups="front_desk">
    <startEvent id="Begin" name="开始" />
    <sequenceFlow id="f1" sourceRef="Begin" targetRef="Opinion" />
    <userTask id="Opinion" name="意见" camunda:candidateGroups="${adviser}">
      <multiInstanceLoopCharacteristics camunda:collection="advisers" camunda:elementVariable="adviser" /></userTask>
    <sequenceFlow id="f2" sourceRef="Opinion" targetRef="Done" />
    <endEvent id="Done" name="完成" />
  </process>
</definitions>
"""
OPINIONS = """\
process = "review"
[[journey]]
name = "each gives theirs"
start = { by = "group:front_desk", values = { advisers = ["police", "lawyer"] } }
steps = [
  { refuse = "Opinion", by = "group:lawyer", because = "not permitted" },
  { task = "Opinion", by = "group:lawyer" },
  { open = ["Opinion"], group = { Opinion = "police" } },
  { task = "Opinion", by = "group:police" },
  { ended = "Done" },
]
"""


def test_of_several_tasks_of_one_id_everybody_completes_the_oldest_that_is_theirs():
    (result,) = play(OPINIONS, **{"review.bpmn": REVIEW})

    assert result.failure is None, result.failure


def test_the_nth_task_is_that_one_even_where_another_could_be_done():
    (result,) = play(
        OPINIONS.replace('task = "Opinion", ', 'task = "Opinion", nth = 1, ', 1), **{"review.bpmn": REVIEW}
    )

    assert result.failure is not None
    assert result.failure.found.en == '“group:lawyer” may not do this task, which is for ["police"].'


def test_a_message_that_nobody_waits_for_yet_is_lost():
    (result,) = play(
        FILE.replace("steps = [", 'steps = [\n  { message = "key returned", values = { shelf = 9 } },')
    )

    assert result.failure is None, result.failure


def test_a_message_under_another_key_leaves_the_case_as_it_was():
    keyed = BPMN.replace(
        "<outgoing>f6</outgoing>\n",
        "<outgoing>f6</outgoing><extensionElements><camunda:properties>"
        '<camunda:property name="correlationKey" value="${borrower}" /></camunda:properties></extensionElements>\n',
    )
    text = FILE.replace(
        '{ message = "key returned", values = { shelf = 3 } }',
        '{ message = "key returned", key = "Bob" },\n  { not_passed = ["Wait"] },\n'
        '  { message = "key returned", key = "Ada", values = { shelf = 3 } }',
    )

    (result,) = play(text, **{"loan.bpmn": keyed})

    assert result.failure is None, result.failure


def test_a_message_that_no_diagram_knows_is_an_error_of_the_file():
    with pytest.raises(InvalidJourney) as error:
        play(FILE.replace("key returned", "key given back"))

    assert error.value.message.en == "loan.toml, line 21: No diagram waits for a message “key given back”."


def test_a_journey_that_nobody_starts_is_an_error_of_the_file():
    with pytest.raises(InvalidJourney) as error:
        play(FILE.replace('start = { by = "group:front_desk" }\n', "").replace("{ message", "#"))

    assert error.value.message.en == "loan.toml, line 2: It does not say who starts it (start)."
