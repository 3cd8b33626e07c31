"""Each construct of BPMN, with the instance stored and taken up again after every step."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from engine.bpmn.execution import BusinessError, Execution
from engine.errors import BanjieError, Conflict, InvalidInput
from tests.engine.bpmn.bpmn_text import (
    ANY_ERROR,
    BEGIN,
    LATE,
    MESSAGE,
    MORE,
    OTHER,
    SHORT,
    STORM,
    TERMINATE,
    Story,
    World,
    boundary,
    catch,
    element,
    end,
    flows,
    gateway,
    many,
    process,
    properties,
    script,
    start,
    sub,
    throw,
    timer,
    user,
)

SUB = start("ss") + user("inner") + end("se") + flows("ss > inner > se")


def raising(event):
    """A sub-process whose task is followed by this end event."""
    return sub("sp", start("ss") + user("inner") + end("se", event=event) + flows("ss > inner > se"))


# -- flows and gateways


def test_several_flows_out_of_a_task_are_several_tokens():
    story = Story(process(start() + user("a", "b", "c") + end("e"), "s > a > b > e; a > c > e"))

    story.do("a")

    assert story.tasks == ["b", "c"]


def test_a_condition_on_a_flow_that_leaves_a_task_counts():
    elements = start() + user("a", "b", "d") + element("userTask", "c", default="c_d") + end("e")
    chains = "s > a > b : wanted == 'b'; a > c : wanted == 'c'; b > e; c > d; c > e : done; d > e"
    story = Story(process(elements, chains))

    story.do("a", wanted="c")
    assert story.tasks == ["c"]

    story.do("c", done=False)
    assert story.tasks == ["d"]


def test_several_flows_into_a_task_make_it_anew_for_each_token():
    story = Story(
        process(
            start() + gateway("parallel", "g") + user("a", "b", "c") + end("e"),
            "s > g > a > c; g > b > c; c > e",
        )
    )

    story.do("a").do("b")

    assert story.tasks == ["c", "c"]


def test_an_exclusive_gateway_takes_the_first_flow_whose_condition_holds_else_the_default():
    text = process(
        start() + gateway("exclusive", "x", default="x_c") + user("a", "b", "c"),
        "s > x > a : n > 10; x > b : n > 5; x > c",
    )

    assert [Story(text, n=n).tasks for n in (20, 7, 1)] == [["a"], ["b"], ["c"]]


@pytest.mark.parametrize("answer", ["false", "no", 0, [], {}])
def test_a_condition_that_gives_neither_true_nor_false_is_an_incident_there(answer):
    story = Story(
        process(
            start() + gateway("exclusive", "x", default="x_b") + user("a", "b"), "s > x > a : asked; x > b"
        ),
        asked=answer,
    )

    assert (story.incidents, story.tasks) == (["x"], [])
    assert "neither true nor false" in story.now.incidents[0].message.en


def test_a_condition_on_an_empty_value_does_not_hold():
    text = process(
        start() + gateway("exclusive", "x", default="x_b") + user("a", "b"), "s > x > a : asked; x > b"
    )

    assert Story(text, asked=None).tasks == ["b"]


def test_a_gateway_without_a_true_condition_is_an_incident_and_can_be_retried():
    story = Story(
        process(
            start() + user("u") + gateway("exclusive", "x") + user("a", "b"),
            "s > u > x > a : n > 10; x > b : n > 5",
        ),
        n=1,
    )

    story.do("u")
    assert (story.incidents, story.tasks, list(story.now.tokens)) == (["x"], [], ["x"])

    story.now._instance.data["n"] = 7  # as an administrator would mend it
    story._restart()
    story.retry()
    assert (story.incidents, story.tasks) == ([], ["b"])


def test_a_parallel_join_in_a_loop_waits_in_every_round():
    elements = start() + gateway("exclusive", "m") + gateway("parallel", "g", "j") + user("a", "b")
    elements += gateway("exclusive", "x", default="x_e") + end("e")
    story = Story(process(elements, "s > m > g > a > j; g > b > j > x > m : again; x > e"), again=True)

    story.do("a").do("b")
    assert story.tasks == ["a", "b"]

    story.do("b")
    assert story.tasks == ["a"]

    story.do("a", again=False)
    assert story.now.ended_at == "e"


def test_an_inclusive_join_waits_for_what_can_still_arrive_in_every_round():
    elements = start() + gateway("exclusive", "m") + gateway("inclusive", "g", default="g_c") + end("e")
    elements += (
        user("a", "b", "c", "u") + gateway("inclusive", "j") + gateway("exclusive", "x", default="x_e")
    )
    chains = "s > m > g > a : p; a > j; g > b : q; b > j; g > c > j; j > u > x > m : again; x > e"
    story = Story(process(elements, chains), p=True, q=True)

    for again in (True, True, False):
        assert story.do("b").tasks == ["a"]
        assert story.do("a").tasks == ["u"]
        story.do("u", again=again)

    assert story.now.is_ended


def test_an_inclusive_join_does_not_wait_for_a_token_that_can_also_reach_a_filled_flow():
    elements = start() + gateway("parallel", "g") + user("a", "u", "q", "after") + gateway("inclusive", "j")
    elements += gateway("exclusive", "m") + gateway("exclusive", "x", default="x_q") + end("e")
    story = Story(process(elements, "s > g > m > a > j; g > u > x > m : back; x > q > j; j > after > e"))

    assert story.do("a").tasks == ["after", "u"]


def test_link_events_are_a_flow():
    link = '<bpmn:linkEventDefinition name="L"/>'
    story = Story(
        process(
            start() + throw("out", link) + catch("in", link) + user("a") + end("e"), "s > out; in > a > e"
        )
    )

    assert story.tasks == ["a"]
    assert (story.last.passed, story.last.flows) == (["s", "out", "in"], ["s_out", "in_a"])


# -- timers


def test_a_timer_fires_once_after_its_time_and_interrupts_the_task():
    story = Story(
        process(
            start() + user("a", "late") + boundary("t", "a", timer("PT5M")) + end("e"),
            "s > a > e; t > late > e",
        )
    )

    story.wait(minutes=5)
    assert story.tasks == ["a"]

    story.wait(seconds=1)
    assert (story.tasks, story.timers) == (["late"], [])


def test_a_timer_that_does_not_interrupt_leaves_the_task_and_what_it_started_outlives_it():
    story = Story(
        process(
            start()
            + user("a", "r")
            + boundary("t", "a", timer("R3/PT1H", "timeCycle"), False)
            + end("e", "e2"),
            "s > a > e; t > r > e2",
        )
    )

    story.wait(hours=1, seconds=1).wait(hours=1)
    assert story.tasks == ["a", "r", "r"]

    story.do("a")
    assert (story.tasks, story.timers) == (["r", "r"], [])

    assert story.do("r").do("r").now.ended_at == "e2"


def test_a_cycle_counts_from_its_due_time_ends_after_its_repeats_and_makes_up_for_nothing():
    story = Story(
        process(
            start()
            + user("a")
            + boundary("t", "a", timer("R3/PT1H", "timeCycle"), False)
            + script("n", "fired = fired + 1")
            + end("e", "e2"),
            "s > a > e; t > n > e2",
        ),
        fired=0,
    )

    story.wait(hours=1, minutes=40)
    assert story.now.timers[0].due_at == BEGIN + timedelta(hours=2)

    story.wait(hours=8)
    assert (story.variables["fired"], story.now.timers[0].due_at) == (2, BEGIN + timedelta(hours=10))

    story.wait(hours=24)
    assert (story.variables["fired"], story.timers) == (3, [])


def test_a_cycle_that_interrupts_does_so_at_its_first_firing():
    story = Story(
        process(
            start() + user("a", "b") + boundary("t", "a", timer("R/P1D", "timeCycle")) + end("e"),
            "s > a > e; t > b > e",
        )
    )

    assert story.wait(days=3).tasks == ["b"]
    assert story.timers == []


def test_a_daily_cycle_fires_at_its_hour():
    class Daily:
        def next(self, after):
            at = after.replace(hour=9, minute=0, second=0, microsecond=0)
            return at if at > after else at + timedelta(days=1)

    world = World(functions={"daily": lambda at: Daily()})
    story = Story(
        process(
            start()
            + user("a")
            + boundary("t", "a", timer('${daily("17:00")}', "timeCycle"), False)
            + script("n", "fired = fired + 1")
            + end("e"),
            "s > a; t > n > e",
        ),
        world,
        fired=0,
    )

    story.wait(hours=9)
    assert (story.variables["fired"], story.now.timers[0].due_at) == (1, datetime(2026, 3, 3, 9, tzinfo=UTC))

    story.wait(days=2)
    assert story.variables["fired"] == 2


@pytest.mark.parametrize(
    ("text", "kind", "due"),
    [
        ("${wait}", "timeDuration", BEGIN + timedelta(hours=2)),
        ("${agreed}", "timeDuration", datetime(2026, 3, 9, 4, tzinfo=UTC)),
        ("${agreed}", "timeDate", datetime(2026, 3, 9, 4, tzinfo=UTC)),
        ("2026-03-03T09:00", "timeDate", datetime(2026, 3, 3, 1, tzinfo=UTC)),
        ("${visit}", "timeDate", datetime(2026, 3, 19, 16, tzinfo=UTC)),
        ("P1M", "timeDuration", BEGIN.replace(month=4)),
    ],
)
def test_a_timers_value_is_an_iso_text_an_instant_a_day_or_a_span(text, kind, due):
    story = Story(
        process(start() + catch("t", timer(text, kind)) + end("e"), "s > t > e"),
        wait="PT2H",
        agreed=datetime(2026, 3, 9, 12, tzinfo=World.zone),
        visit=date(2026, 3, 20),
    )

    assert story.now.timers[0].due_at == due


def test_a_timer_without_a_value_never_fires():
    story = Story(process(start() + user("a") + boundary("t", "a", timer("${agreed}")), "s > a"), agreed=None)

    assert story.wait(days=400).tasks == ["a"]
    assert story.timers == []


def test_a_timer_that_cannot_be_computed_is_an_incident_beside_its_task():
    story = Story(
        process(start() + user("a") + boundary("t", "a", timer("${missing}")) + end("e"), "s > a > e; t > e")
    )

    assert (story.tasks, story.incidents) == (["a"], ["t"])

    assert story.do("a").now.is_ended


# -- messages and signals


def test_a_message_is_caught_with_its_values_and_a_second_one_finds_nobody():
    story = Story(process(start() + catch("m", MESSAGE) + user("a"), "s > m > a"))

    story.send("paid", amount=Decimal("12.50"))
    assert (story.tasks, story.variables) == (["a"], {"amount": Decimal("12.50")})

    with pytest.raises(Conflict):
        story.send("paid")


def test_a_message_reaches_only_the_element_that_asked_for_its_key():
    receive = element("receiveTask", "r", properties(correlationKey="${phone}"), messageRef="M_paid")
    story = Story(process(start() + receive + user("a"), "s > r > a"), phone="138")

    assert story.now.awaited[0].correlation_key == "138"
    with pytest.raises(Conflict):
        story.send("paid", key="139")
    assert story.send("paid", key="138").tasks == ["a"]


def test_a_message_on_a_boundary_that_does_not_interrupt_may_come_again():
    story = Story(
        process(
            start() + user("a", "n") + boundary("m", "a", MESSAGE, False) + end("e", "e2"),
            "s > a > e; m > n > e2",
        )
    )

    assert story.send("paid").send("paid").tasks == ["a", "n", "n"]


def test_the_first_event_behind_an_event_gateway_wins_also_among_two_timers():
    text = process(
        start()
        + gateway("eventBased", "g")
        + catch("t1", timer("PT2H"))
        + catch("t2", timer("PT1H"))
        + catch("m", MESSAGE)
        + user("a", "b", "c"),
        "s > g > t1 > a; g > t2 > b; g > m > c",
    )

    assert Story(text).wait(hours=9).tasks == ["b"]
    story = Story(text).send("paid")
    assert (story.tasks, story.timers, story.last.flows) == (["c"], [], ["g_m", "m_c"])


def test_a_signal_end_reaches_all_that_wait_here_and_is_sent_to_the_others():
    story = Story(
        process(
            start()
            + gateway("parallel", "g")
            + user("a", "b", "c")
            + catch("w", STORM)
            + boundary("x", "b", STORM)
            + end("e", event=STORM)
            + end("e2"),
            "s > g > a > e; g > w > c > e2; g > b > e2; x > e2",
        )
    )

    story.do("a")

    assert (story.tasks, [sent.name for sent in story.last.sent]) == (["c"], ["storm"])


def test_a_message_that_nobody_here_waits_for_is_sent_with_its_values():
    value = (
        '<bpmn:extensionElements><camunda:inputOutput><camunda:inputParameter name="sum">${n * 2}'
        "</camunda:inputParameter></camunda:inputOutput></bpmn:extensionElements>"
    )
    story = Story(process(start() + throw("t", value + MESSAGE) + end("e"), "s > t > e"), n=4)

    assert [(sent.kind, sent.name, sent.values) for sent in story.last.sent] == [
        ("message", "paid", {"sum": 8})
    ]


def test_an_event_definition_may_be_referred_to():
    elements = start() + catch("t", "<bpmn:eventDefinitionRef>soon</bpmn:eventDefinitionRef>") + user("a")
    soon = (
        '<bpmn:timerEventDefinition id="soon"><bpmn:timeDuration>PT1H</bpmn:timeDuration>'
        "</bpmn:timerEventDefinition>"
    )
    story = Story(process(elements, "s > t > a", roots=soon))

    assert (story.tasks, story.timers) == ([], ["t"])
    assert story.wait(hours=2).tasks == ["a"]


def test_a_message_can_start_an_instance():
    story = Story(
        process(start() + start("m", MESSAGE) + user("a", "b"), "s > a; m > b"), start_at="m", sum=1
    )

    assert (story.tasks, dict(story.program.root.start_messages)) == (["b"], {"paid": "m"})
    with pytest.raises(InvalidInput):
        Story(process(start() + user("a"), "s > a"), start_at="a")


# -- boundary events


def test_a_boundary_event_may_lead_straight_back_to_its_own_task():
    story = Story(
        process(start() + user("a") + boundary("t", "a", timer("PT1H")) + end("e"), "s > a > e; t > a")
    )

    story.wait(hours=3)
    assert (story.tasks, story.timers) == (["a"], ["t"])

    assert story.do("a").now.is_ended


def test_a_boundary_event_interrupts_a_whole_multi_instance_sub_process():
    story = Story(
        process(
            start()
            + sub("sp", many(collection="items", elementVariable="item") + SUB)
            + boundary("t", "sp", timer("PT1H"))
            + user("late")
            + end("e"),
            "s > sp > e; t > late > e",
        ),
        items=[1, 2, 3],
    )

    story.do("inner", 1)
    assert story.tasks == ["inner", "inner"]

    assert story.wait(hours=2).tasks == ["late"]
    assert story.do("late").now.is_ended


# -- errors, escalations, terminate


@pytest.mark.parametrize(("caught", "expected"), [(SHORT, ["fix"]), (ANY_ERROR, ["fix"])])
def test_an_error_end_goes_to_the_boundary_event_of_its_code(caught, expected):
    story = Story(
        process(
            start() + raising(SHORT) + boundary("b", "sp", caught) + user("fix", "on") + end("e"),
            "s > sp > on > e; b > fix > e",
        )
    )

    assert story.do("inner").tasks == expected


def test_an_error_that_nothing_catches_is_an_incident_and_the_case_goes_on_elsewhere():
    story = Story(
        process(
            start()
            + gateway("parallel", "g")
            + raising(SHORT)
            + boundary("b", "sp", OTHER)
            + user("fix", "other")
            + end("e"),
            "s > g > sp > e; g > other > e; b > fix > e",
        )
    )

    story.do("inner")

    assert (story.incidents, story.tasks, story.now.is_ended) == (["se"], ["other"], False)


def test_an_error_leaves_a_called_process_for_the_boundary_event_of_its_call():
    called = process(start() + user("inner") + end("e", event=SHORT), "s > inner > e", id="Q")
    story = Story(
        [
            process(
                start()
                + element("callActivity", "c", calledElement="Q")
                + boundary("b", "c", SHORT)
                + user("fix")
                + end("e"),
                "s > c > e; b > fix > e",
            ),
            called,
        ],
        n=1,
    )

    story.do("inner", n=2)

    assert (story.tasks, story.variables) == (["fix"], {"n": 1})


def test_a_service_can_raise_an_error_of_the_diagram():
    def pay(call):
        raise BusinessError("short")

    service = element("serviceTask", "pay", camunda__type="external", camunda__topic="pay")
    story = Story(
        process(
            start() + service + boundary("b", "pay", SHORT) + user("fix") + end("e"),
            "s > pay > e; b > fix > e",
        ),
        World(services={"pay": pay}),
    )

    assert (story.tasks, story.incidents) == (["fix"], [])


def test_any_other_failure_of_a_service_is_an_incident_that_can_be_retried():
    answers = iter([ValueError("no line"), {"paid": Decimal("3.10")}])

    def pay(call):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    service = element("serviceTask", "pay", camunda__topic="pay")
    story = Story(
        process(
            start() + service + boundary("b", "pay", SHORT) + user("a") + end("e"), "s > pay > a > e; b > e"
        ),
        World(services={"pay": pay}),
    )
    assert story.incidents == ["pay"]
    assert "no line" in story.now.incidents[0].message.en

    story.retry()
    assert (story.tasks, story.variables) == (["a"], {"paid": Decimal("3.10")})


@pytest.mark.parametrize(("interrupting", "expected"), [(True, ["boss"]), (False, ["after", "boss"])])
def test_an_escalation_may_interrupt_or_not(interrupting, expected):
    inside = start("ss") + throw("th", LATE) + user("after") + end("se") + flows("ss > th > after > se")
    story = Story(
        process(
            start() + sub("sp", inside) + boundary("b", "sp", LATE, interrupting) + user("boss") + end("e"),
            "s > sp > e; b > boss > e",
        )
    )

    assert story.tasks == expected


def test_terminate_ends_its_sub_process_only_and_at_the_top_everything():
    inside = (
        start("ss") + gateway("parallel", "g") + user("x", "y") + end("se") + end("stop", event=TERMINATE)
    )
    story = Story(
        process(
            start()
            + sub("sp", inside + flows("ss > g > x > se; g > y > stop"))
            + boundary("t", "sp", timer("PT1H"))
            + user("after", "late")
            + end("e"),
            "s > sp > after > e; t > late > e",
        )
    )
    assert (story.do("y").tasks, story.timers) == (["after"], [])

    story = Story(
        process(
            start() + gateway("parallel", "g") + user("x", "y") + end("e") + end("stop", event=TERMINATE),
            "s > g > x > e; g > y > stop",
        )
    )
    assert (story.do("y").tasks, story.now.ended_at, story.now.is_ended) == ([], "stop", True)


def test_a_cancelled_transaction_goes_on_behind_its_cancel_event():
    inside = start("ss") + user("x") + end("se", event="<bpmn:cancelEventDefinition/>") + flows("ss > x > se")
    story = Story(
        process(
            start()
            + element("transaction", "tx", inside)
            + boundary("b", "tx", "<bpmn:cancelEventDefinition/>")
            + user("undo", "on")
            + end("e"),
            "s > tx > on > e; b > undo > e",
        )
    )

    assert story.do("x").tasks == ["undo"]


# -- event sub-processes


def handler(event, interrupting, task="h"):
    inside = start("hs", event, interrupting) + user(task) + end("he") + flows(f"hs > {task} > he")
    return sub("handler", inside, triggeredByEvent="true")


@pytest.mark.parametrize(("interrupting", "expected"), [(True, ["h"]), (False, ["a", "h"])])
def test_an_event_sub_process_starts_when_its_message_comes_and_not_before(interrupting, expected):
    text = process(start() + user("a") + end("e") + handler(MESSAGE, interrupting), "s > a > e")
    story, other = Story(text), Story(text)
    assert (story.tasks, story.awaited) == (["a"], ["hs"])

    story.send("paid", n=1)

    assert (story.tasks, other.tasks, story.variables) == (expected, ["a"], {"n": 1})


def test_a_waiting_event_sub_process_does_not_keep_the_instance_open():
    story = Story(process(start() + user("a") + end("e") + handler(timer("PT1H"), True), "s > a > e"))

    story.do("a")

    assert (story.now.is_ended, story.timers) == (True, [])


def test_an_instance_ends_at_the_end_event_that_was_reached_last():
    text = process(start() + user("a") + end("e") + handler(MESSAGE, True), "s > a > e")

    assert Story(text).do("a").now.ended_at == "e"
    assert Story(text).send("paid").do("h").now.ended_at == "he"


def test_a_repeating_event_sub_process_runs_beside_and_again_after():
    story = Story(
        process(start() + user("a") + end("e") + handler(timer("R2/PT1H", "timeCycle"), False), "s > a > e")
    )

    story.wait(hours=1, minutes=1).wait(hours=1)
    assert (story.tasks, story.timers) == (["a", "h", "h"], [])

    assert not story.do("a").now.is_ended
    assert story.do("h").do("h").now.is_ended


@pytest.mark.parametrize("event", [SHORT, ANY_ERROR])
def test_an_error_sub_process_catches_what_is_raised_in_its_scope(event):
    story = Story(
        process(start() + raising(SHORT) + user("a") + end("e") + handler(event, True), "s > sp > a > e")
    )
    assert story.tasks == ["inner"]

    assert story.do("inner").tasks == ["h"]
    assert story.do("h").now.is_ended


def test_an_error_raised_while_an_error_is_handled_goes_outwards():
    handling = sub(
        "handler",
        start("hs", SHORT) + user("h") + end("he", event=SHORT) + flows("hs > h > he"),
        triggeredByEvent="true",
    )
    inside = start("ss") + user("x") + end("se", event=SHORT) + flows("ss > x > se") + handling
    story = Story(
        process(
            start() + sub("sp", inside) + boundary("b", "sp", SHORT) + user("fix") + end("e"),
            "s > sp > e; b > fix > e",
        )
    )

    assert story.do("x").tasks == ["h"]
    assert story.do("h").tasks == ["fix"]


def test_while_an_error_is_handled_no_other_handler_of_the_same_scope_catches():
    handling = sub(
        "handler",
        start("hs", SHORT) + user("h") + end("he", event=OTHER) + flows("hs > h > he"),
        triggeredByEvent="true",
    )
    any_other = sub(
        "second",
        start("ts", ANY_ERROR) + user("t") + end("te") + flows("ts > t > te"),
        triggeredByEvent="true",
    )
    inside = start("ss") + user("x") + end("se", event=SHORT) + flows("ss > x > se") + handling + any_other
    story = Story(
        process(
            start() + sub("sp", inside) + boundary("b", "sp", ANY_ERROR) + user("fix") + end("e"),
            "s > sp > e; b > fix > e",
        )
    )

    assert story.do("x").do("h").tasks == ["fix"]


def test_an_error_sub_process_takes_away_what_else_runs_in_its_scope():
    elements = (
        start() + gateway("parallel", "g") + raising(SHORT) + user("other") + end("e") + handler(SHORT, True)
    )
    story = Story(process(elements, "s > g > sp > e; g > other > e"))

    assert story.do("inner").tasks == ["h"]


def test_an_event_sub_process_in_a_sub_process_listens_only_while_that_runs():
    inside = SUB + handler(MESSAGE, True)
    story = Story(
        process(
            start() + user("before", "after") + sub("sp", inside) + end("e"), "s > before > sp > after > e"
        )
    )
    assert story.awaited == []

    assert story.do("before").awaited == ["hs"]
    assert story.send("paid").tasks == ["h"]
    assert story.do("h").tasks == ["after"]


# -- variables


def test_a_branch_cannot_overwrite_what_it_did_not_touch():
    story = Story(
        process(
            start() + gateway("parallel", "g", "j") + user("a", "b", "c"), "s > g > a > j; g > b > j > c"
        ),
        v="old",
    )

    story.do("a", v="new").do("b", w=2)

    assert story.variables == {"v": "new", "w": 2}


def test_values_keep_their_types_and_floats_become_exact():
    values = {
        "sum": Decimal("0.10"),
        "day": date(2026, 3, 1),
        "at": time(17, 0),
        "when": BEGIN,
        "n": 3,
        "yes": True,
        "none": None,
        "list": [Decimal("1.0"), {"day": date(2026, 3, 1)}],
        "text": "三",
    }
    story = Story(process(start() + user("a", "b"), "s > a > b"), share=0.1)

    story.do("a", **values)

    assert story.variables == {**values, "share": Decimal("0.1")}
    assert type(story.variables["yes"]) is bool
    assert str(story.variables["sum"]) == "0.10"


@pytest.mark.parametrize(
    "value",
    [
        {"typename": "x"},
        float("nan"),
        datetime(2026, 3, 1),  # noqa: DTZ001 -- without a zone on purpose
        object(),
        [{"a": {"typename": 1}}],
    ],
)
def test_a_value_that_cannot_be_stored_is_refused_and_the_task_stays_open(value):
    story = Story(process(start() + user("a") + end("e"), "s > a > e"))

    with pytest.raises(InvalidInput):
        story.do("a", v=value)

    assert (story.tasks, story.variables) == (["a"], {})


def test_what_a_person_enters_in_one_child_stays_there_unless_it_is_collected():
    task = user(
        "u", inside=properties(collect="opinion -> opinions") + many(collection="who", elementVariable="one")
    )
    story = Story(process(start() + task + user("z"), "s > u > z"), who=["a", "b", "c"], opinion="mine")
    second = story.now.task_variables(story.task("u", 1).id)
    assert (second["one"], second["loopCounter"], second["opinion"]) == ("b", 1, "mine")

    story.do("u", 2, opinion="C", note="secret")
    assert "note" not in story.now.task_variables(story.task("u").id)
    assert story.variables["opinions"] == ["C"]

    story.do("u", 1, opinion="B").do("u", opinion="A")
    assert story.tasks == ["z"]
    assert story.variables == {"who": ["a", "b", "c"], "opinion": "mine", "opinions": ["A", "B", "C"]}


def test_sequential_children_come_one_after_the_other_and_a_second_pass_begins_anew():
    references = (
        "<bpmn:loopDataInputRef>items</bpmn:loopDataInputRef><bpmn:loopDataOutputRef>out</bpmn:loopDataOutputRef>"
        '<bpmn:inputDataItem id="item"/><bpmn:outputDataItem id="r"/>'
    )
    elements = start() + gateway("exclusive", "m") + user("u", inside=many(references, sequential=True))
    elements += user("n") + gateway("exclusive", "x", default="x_e") + end("e")
    story = Story(process(elements, "s > m > u > n > x > m : again; x > e"), items=["a", "b"])

    for again in (True, False):
        for item in ("a", "b"):
            assert story.tasks == ["u"]
            assert story.now.task_variables(story.task("u").id)["item"] == item
            story.do("u", r=item * 2)
        assert story.variables["out"] == ["aa", "bb"]
        story.do("n", again=again)

    assert story.now.is_ended


def test_a_completion_condition_sees_the_last_childs_values_and_ends_the_others():
    condition = "<bpmn:completionCondition>refused or nrOfCompletedInstances >= 2</bpmn:completionCondition>"
    text = process(
        start()
        + user("u", inside=many("<bpmn:loopCardinality>4</bpmn:loopCardinality>" + condition))
        + user("z"),
        "s > u > z",
    )

    assert Story(text).do("u", refused=False).tasks == ["u", "u", "u"]
    assert Story(text).do("u", refused=True).tasks == ["z"]
    assert Story(text).do("u", refused=False).do("u", refused=False).tasks == ["z"]


def test_a_completion_condition_that_fails_is_an_incident_and_nothing_is_lost():
    condition = "<bpmn:completionCondition>missing</bpmn:completionCondition>"
    story = Story(
        process(
            start()
            + user("u", inside=many("<bpmn:loopCardinality>2</bpmn:loopCardinality>" + condition))
            + user("z"),
            "s > u > z",
        )
    )

    story.do("u")
    assert (story.incidents, story.tasks) == (["u"], ["u"])

    story.now._instance.data["missing"] = True
    story._restart()
    assert story.retry().tasks == ["z"]


def test_the_other_children_are_gone_also_where_the_way_on_fails():
    condition = "<bpmn:completionCondition>true</bpmn:completionCondition>"
    many_users = user("u", inside=many("<bpmn:loopCardinality>3</bpmn:loopCardinality>" + condition))
    story = Story(process(start() + many_users + user("y", "z"), "s > u > y : missing; u > z : n > 1"), n=2)

    story.do("u")

    assert (story.tasks, story.incidents) == ([], ["u"])


def test_an_empty_collection_passes_at_once():
    story = Story(process(start() + user("u", inside=many(collection="[]")) + user("z"), "s > u > z"))

    assert story.tasks == ["z"]


def test_a_standard_loop_repeats_while_its_condition_holds_and_shares_the_variables():
    loop = (
        '<bpmn:standardLoopCharacteristics loopMaximum="5"><bpmn:loopCondition>n &lt; 2</bpmn:loopCondition>'
        "</bpmn:standardLoopCharacteristics>"
    )
    story = Story(process(start() + user("u", inside=loop) + user("z"), "s > u > z"), n=0)

    story.do("u", n=1)
    assert story.tasks == ["u"]
    assert story.do("u", n=2).tasks == ["z"]
    assert story.variables == {"n": 2}


def test_a_called_process_has_its_own_variables_mapped_in_and_out():
    mapping = (
        '<bpmn:extensionElements><camunda:in source="a" target="x"/>'
        '<camunda:in sourceExpression="${a * 10}" target="y"/><camunda:out source="r" target="result"/>'
        '<camunda:out sourceExpression="${x + y}" target="sum"/></bpmn:extensionElements>'
    )
    called = process(
        start() + user("q") + script("sc", "r = x + y\nother = 1") + end("e"), "s > q > sc > e", id="Q"
    )
    story = Story(
        [
            process(
                start() + element("callActivity", "c", mapping, calledElement="Q") + user("z"), "s > c > z"
            ),
            called,
        ],
        a=2,
        secret="s",
    )
    assert story.now.task_variables(story.task("q").id) == {"x": 2, "y": 20}
    assert (story.task("q").process_id, list(story.now.tokens)) == ("Q", ["c"])

    story.do("q", note="n")
    assert story.variables == {"a": 2, "secret": "s", "result": 22, "sum": 22}


def test_a_called_process_knows_its_case_whatever_is_mapped():
    mapping = "<bpmn:extensionElements><camunda:in source='n' target='n'/></bpmn:extensionElements>"
    called = process(start() + script("t", "told = case_number + str(n)") + user("q"), "s > t > q", id="Q")
    story = Story(
        [process(start() + element("callActivity", "c", mapping, calledElement="Q"), "s > c"), called],
        case_number="TS-1",
        n=5,
    )

    assert story.incidents == []
    assert story.task("q") and story.now.task_variables(story.task("q").id)["told"] == "TS-15"


def test_the_start_event_says_which_variable_names_who_started_the_case():
    started = element("startEvent", "s", camunda__initiator="starter").replace("camunda__", "camunda:")
    story = Story(process(started + user("u"), "s > u"), started_by="ada")

    assert story.variables["starter"] == "ada"


def test_without_mappings_all_goes_into_a_called_process_and_all_comes_back():
    called = process(start() + user("q") + end("e"), "s > q > e", id="Q")
    story = Story(
        [process(start() + element("callActivity", "c", calledElement="Q") + user("z"), "s > c > z"), called],
        a=2,
    )

    assert story.do("q", b=3).variables == {"a": 2, "b": 3}


def test_nested_multi_instance_sees_both_items():
    lines = user(
        "l", inside=properties(collect="q -> qs") + many(collection="order.lines", elementVariable="line")
    )
    inside = properties(collect="total -> totals") + many(collection="orders", elementVariable="order")
    inside += start("ss") + lines + script("sc", "total = sum(qs)") + end("se") + flows("ss > l > sc > se")
    story = Story(
        process(start() + sub("sp", inside) + user("z"), "s > sp > z"),
        orders=[{"lines": ["a", "b"]}, {"lines": ["c"]}],
    )
    seen = story.now.task_variables(story.task("l", 2).id)
    assert (seen["line"], seen["order"]) == ("c", {"lines": ["c"]})

    story.do("l", 2, q=5).do("l", q=1).do("l", q=2)

    assert (story.tasks, story.variables["totals"]) == (["z"], [3, 5])


# -- tasks


def test_a_user_task_keeps_who_and_until_when_as_it_opened():
    task = user(
        "a",
        camunda__candidateGroups="desk, ${team}",
        camunda__candidateUsers="${people}",
        camunda__assignee="${boss}",
        camunda__dueDate="${limit}",
        camunda__followUpDate="PT30M",
        camunda__priority="${80}",
        camunda__formKey="form",
    )
    story = Story(
        process(start() + task, "s > a"), team="night", people=["li", "wu"], boss=None, limit=date(2026, 3, 4)
    )
    story.now._instance.data["team"] = "day"
    story.world.now += timedelta(days=1)
    story._restart()
    opened = story.task("a")

    assert (opened.candidate_groups, opened.candidate_users) == (("desk", "night"), ("li", "wu"))
    assert (opened.assignee, opened.priority, opened.form_key) == (None, 80, "form")
    assert opened.due_at == datetime(2026, 3, 4, 16, tzinfo=UTC)  # the end of that day in the centre
    assert opened.follow_up_at == BEGIN + timedelta(minutes=30)


@pytest.mark.parametrize("attribute", ["assignee", "candidateGroups", "candidateUsers"])
@pytest.mark.parametrize("value", [None, "", []])
def test_a_task_that_its_expressions_give_to_nobody_is_an_incident_and_not_a_task_that_nobody_sees(
    attribute, value
):
    story = Story(process(start() + user("u", **{f"camunda__{attribute}": "${who}"}), "s > u"), who=value)

    assert (story.tasks, story.incidents) == ([], ["u"])
    assert "Nobody may do this task" in story.now.incidents[0].message.en


def test_a_user_task_whose_attribute_cannot_be_computed_is_an_incident():
    story = Story(process(start() + user("a", camunda__assignee="${boss}"), "s > a"))
    assert (story.incidents, story.tasks) == (["a"], [])

    story.now._instance.data["boss"] = "li"
    story._restart()
    assert (story.retry().tasks, story.task("a").assignee) == (["a"], "li")


def test_a_failure_behind_a_completed_task_does_not_open_the_task_again():
    story = Story(process(start() + user("a", "b", "c"), "s > a > b : missing > 1; a > c : n > 1"), n=2)

    story.do("a", answer=1)
    assert (story.tasks, story.incidents, story.variables["answer"]) == ([], ["a"], 1)

    story.now._instance.data["missing"] = 0
    story._restart()
    assert story.retry().tasks == ["c"]


@pytest.mark.parametrize(
    ("value", "mapping", "expected"),
    [
        ({"tier": "major"}, "singleEntry", "major"),
        ({"tier": "major", "n": 2}, "singleResult", {"tier": "major", "n": 2}),
        ([{"a": 1}, {"a": 2}], "collectEntries", [1, 2]),
        ([{"a": 1}, {"a": 2}], "resultList", [{"a": 1}, {"a": 2}]),
        (["police", "lawyer"], "", ["police", "lawyer"]),
        (None, "singleEntry", None),
    ],
)
def test_a_decisions_answer_is_mapped_and_recorded(value, mapping, expected):
    rule = element(
        "businessRuleTask",
        "r",
        camunda__decisionRef="tier",
        camunda__resultVariable="out",
        camunda__mapDecisionResult=mapping,
    )
    story = Story(
        process(start() + rule + user("a"), "s > r > a"), World(decisions={"tier": lambda _: value})
    )

    assert story.variables == {"out": expected}
    assert [(made.element_id, made.outcome.version) for made in story.last.decisions] == [("r", 3)]


def test_without_a_result_variable_each_output_is_a_variable_and_no_rule_is_an_incident():
    rule = element("businessRuleTask", "r", camunda__decisionRef="tier")
    text = process(start() + rule + user("a"), "s > r > a")

    assert Story(text, World(decisions={"tier": lambda _: {"x": 1, "y": 2}})).variables == {"x": 1, "y": 2}
    assert Story(text, World(decisions={"tier": lambda _: None})).incidents == ["r"]


def test_a_service_gets_its_inputs_and_gives_what_the_outputs_ask_for():
    calls = []

    def notify(call):
        calls.append((call.topic, call.element_id, call.inputs))
        return {"number": 7, "noise": 1}

    parameters = (
        "<bpmn:extensionElements><camunda:inputOutput>"
        '<camunda:inputParameter name="to">desk</camunda:inputParameter>'
        '<camunda:inputParameter name="text">Case ${n}</camunda:inputParameter>'
        '<camunda:inputParameter name="sum">${n * 2}</camunda:inputParameter>'
        '<camunda:outputParameter name="sent">${number + n}</camunda:outputParameter>'
        "</camunda:inputOutput></bpmn:extensionElements>"
    )
    service = element("sendTask", "t", parameters, camunda__topic="notify")
    world = World(services={"notify": notify}, functions={"str": str})
    story = Story(process(start() + service + user("a"), "s > t > a"), world, n=3)

    assert calls == [("notify", "t", {"to": "desk", "text": "Case 3", "sum": 6})]
    assert story.variables == {"n": 3, "sent": 10}


# -- the instance


def test_a_task_that_is_not_open_cannot_be_completed():
    story = Story(process(start() + user("a", "b"), "s > a > b"))
    done = story.task("a").id
    story.do("a")

    for task_id in (done, uuid4()):
        with pytest.raises(Conflict):
            story.now.complete_task(task_id, {})
    with pytest.raises(Conflict):
        story.now.fire_timer(str(done))
    with pytest.raises(Conflict):
        story.now.retry("nonsense")


def test_what_was_passed_is_told_in_order():
    story = Story(
        process(
            start() + user("a") + gateway("parallel", "g") + script("x", "n = 1") + end("e"),
            "s > a > g > x > e",
        )
    )
    assert (story.last.passed, story.last.flows) == (["s"], ["s_a"])

    story.do("a")
    assert story.last.passed == ["a", "g", "x", "e"]
    assert story.last.flows == ["a_g", "g_x", "x_e"]


def test_cancelling_takes_every_token_away():
    called = process(start() + user("q") + end("e"), "s > q > e", id="Q")
    story = Story(
        [
            process(
                start()
                + gateway("parallel", "g")
                + element("callActivity", "c", calledElement="Q")
                + user("a")
                + boundary("t", "a", timer("PT1H"))
                + end("e"),
                "s > g > c > e; g > a > e; t > e",
            ),
            called,
        ]
    )

    story.now.cancel()
    story._restart()

    assert (story.tasks, story.timers, story.now.is_ended, story.now.ended_at) == ([], [], True, None)


def test_a_loop_without_a_wait_state_is_an_incident():
    story = Story(
        process(start() + gateway("exclusive", "m") + script("x", "n = n + 1"), "s > m > x > m"), n=0
    )

    assert len(story.incidents) == 1
    assert story.variables["n"] < 5000


def test_a_fork_in_a_loop_without_a_wait_state_stops_the_step():
    gateways = gateway("exclusive", "m", "x") + gateway("parallel", "g")

    with pytest.raises(BanjieError):
        Story(process(start() + gateways, "s > m > g > m; g > x > m"))


def test_processes_that_call_one_another_for_ever_are_an_incident():
    text = process(start() + element("callActivity", "c", calledElement="P") + end("e"), "s > c > e")

    assert Story(text).incidents == ["c"]


def test_the_state_holds_nothing_of_the_diagram_and_variables_once():
    story = Story(
        process(start() + user("a", "b", name="Registration desk") + end("e"), "s > a > b > e"),
        big="x" * 1000,
    )

    stored = story.now.dump()

    assert stored.count("x" * 1000) == 1
    assert "Registration desk" not in stored
    assert len(json.loads(stored)["processes"][0]["tokens"]) == 2


def test_an_old_instance_is_as_small_as_a_young_one():
    elements = start() + gateway("exclusive", "m") + gateway("parallel", "g", "j") + user("a", "b")
    elements += boundary("t", "a", timer("PT12H"), False) + user("late") + end("e2")
    elements += gateway("exclusive", "x", default="x_e") + end("e")
    story = Story(
        process(elements, "s > m > g > a > j; g > b > j > x; x > m : again; x > e; t > late > e2"), again=True
    )
    sizes = []
    for _ in range(60):
        story.wait(hours=13).do("late").do("b").do("a")
        sizes.append(len(story.now.dump()))

    assert max(sizes[5:]) <= min(sizes[5:]) * 1.01


def test_a_thousand_rounds_do_not_stall():
    story = Story(
        process(
            start()
            + gateway("exclusive", "m")
            + user("a")
            + gateway("exclusive", "x", default="x_e")
            + end("e"),
            "s > m > a > x; x > m : again; x > e",
        )
    )
    for _ in range(1200):
        story.now.complete_task(story.now.open_tasks[0].id, {"again": True})

    assert story.do("a", again=False).now.is_ended


def test_instances_of_one_program_know_nothing_of_one_another():
    text = process(start() + user("a") + end("e"), "s > a > e")
    first = Story(text, n=1)
    second = Execution.start(first.program, {"n": 2}, World())

    first.do("a")

    assert (first.now.is_ended, second.is_ended, second.variables) == (True, False, {"n": 2})


def test_a_message_may_wake_a_called_process():
    called = process(start() + catch("m", MORE) + user("q") + end("e"), "s > m > q > e", id="Q")
    story = Story(
        [process(start() + element("callActivity", "c", calledElement="Q") + end("e"), "s > c > e"), called]
    )

    story.send("more", n=1)

    assert story.now.task_variables(story.task("q").id) == {"n": 1}
    assert story.do("q").now.ended_at == "e"
