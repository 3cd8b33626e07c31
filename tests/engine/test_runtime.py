"""What can happen to an instance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import event

from engine import clock, files, identity, people, queries, runtime, tables
from engine.database import Database
from engine.errors import Conflict, InvalidForm, InvalidInput, NotFound, NotPermitted
from tests.desk import PEOPLE, Desk
from tests.engine.diagrams import (
    boundary_timer,
    decision_task,
    end,
    form,
    gateway,
    process,
    script,
    start,
    table,
    task,
    text,
)

Deploy = Callable[[Mapping[str, str]], None]


def statements(database: Database) -> list[str]:
    """Return a list that fills with every statement from here on."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    event.listen(database.connections, "before_cursor_execute", note)
    return seen


# ---- start -----------------------------------------------------------------------------------------------


def test_a_case_gets_a_number_of_its_day_and_opens_its_first_task(repair: Desk) -> None:
    repair.start(what="灯坏了", customer="王女士", unit="3-502")

    case = repair.row(tables.process_instance)

    assert (case.case_number, case.title, case.customer, case.unit) == (
        "BX-20260302-0001",
        "灯坏了",
        "王女士",
        "3-502",
    )
    assert repair.open() == ["Receive"]


def test_numbers_count_on_within_the_day_and_begin_again_at_midnight_in_shanghai(
    repair: Desk, moved_clock: clock.MovedClock
) -> None:
    for _ in range(2):
        repair.start(what="a")
    moved_clock.move_to(moved_clock() + timedelta(hours=14))
    repair.start(what="b")

    numbers = [row.case_number for row in repair.rows(tables.process_instance)]

    assert numbers == ["BX-20260302-0001", "BX-20260302-0002", "BX-20260303-0001"]


def test_a_start_that_fails_leaves_no_gap_in_the_numbers(repair: Desk) -> None:
    with pytest.raises(RuntimeError), repair.database.unit_of_work() as uow:
        runtime.start_process(uow, "repair", {"what": "a"}, uow_user(repair, "fang", uow))
        raise RuntimeError
    repair.start(what="b")

    assert repair.row(tables.process_instance).case_number == "BX-20260302-0001"


def uow_user(desk: Desk, name: str, uow: Any) -> identity.User:
    """Return somebody, asked within a transaction."""
    found = identity.user(uow, name)
    assert found is not None
    return found


def test_only_those_whom_the_diagram_names_may_start_it(repair: Desk) -> None:
    with pytest.raises(NotPermitted):
        repair.start(by="zhu", what="a")

    assert repair.rows(tables.process_instance) == []


def test_nobody_starts_what_only_other_processes_call(desk: Desk, deploy: Deploy) -> None:
    text = process(
        "part", start(), task("Look", "front_desk"), end(), flows=["Begin Look", "Look Done"], starters=""
    )
    deploy({"part.bpmn": text})

    for name in PEOPLE:
        with pytest.raises(NotPermitted):
            desk.start("part", by=name)
        assert [each.process_key for each in desk.look(queries.startable, by=name)] == []
        with pytest.raises(NotFound):
            desk.look(queries.start_form, "part", by=name)

    assert desk.rows(tables.process_instance) == []


def test_a_journey_begins_what_is_called_and_nothing_else_without_permission(
    desk: Desk, deploy: Deploy
) -> None:
    parts = [start(), task("Look", "front_desk"), end()]
    flows = ["Begin Look", "Look Done"]
    deploy(
        {
            "part.bpmn": process("part", *parts, flows=flows, starters=""),
            "whole.bpmn": process("whole", *parts, flows=flows),
        }
    )

    zhu = desk.people("zhu")
    with desk.database.unit_of_work() as uow:
        begun = runtime.start_as_called(uow, "part", {}, zhu, variables={"amount": 3})
    assert desk.variables(begun.instance_id)["amount"] == 3
    with pytest.raises(NotPermitted), desk.database.unit_of_work() as uow:
        runtime.start_as_called(uow, "whole", {}, zhu)


def test_any_employee_may_start_what_is_open_to_all_and_an_outside_advisor_may_not(
    desk: Desk, deploy: Deploy
) -> None:
    deploy({"hint.bpmn": process("hint", start(), task("Look", "front_desk"), end(),
                                 flows=["Begin Look", "Look Done"], starters="*")})  # fmt: skip
    desk.start("hint", by="zhu")

    with pytest.raises(NotPermitted):
        desk.start("hint", by="gong")


def test_a_start_form_with_a_mistake_stores_nothing(repair: Desk) -> None:
    with pytest.raises(InvalidForm) as refused:
        repair.start(customer="王")

    assert set(refused.value.errors) == {"what"}
    assert repair.rows(tables.process_instance) == repair.rows(tables.case_number) == []


# ---- complete --------------------------------------------------------------------------------------------


def test_completing_opens_the_next_task_for_its_group(repair: Desk) -> None:
    case = repair.start(what="灯坏了")

    completed = repair.complete("Receive", by="fang", urgency="high")

    assert repair.open() == ["Handle"]
    assert completed.next_task_id is None
    assert [row.holder for row in repair.rows(tables.inbox)] == ["g:area_manager"]
    assert repair.variables(case)["urgency"] == "high"


def test_whoever_may_do_the_next_task_is_led_to_it(repair: Desk) -> None:
    repair.start(what="灯坏了")

    completed = repair.complete("Receive", by="qin")

    assert completed.next_task_id == repair.task("Handle")


def test_a_case_ends_and_keeps_exact_amounts(repair: Desk) -> None:
    case = repair.start(what="灯坏了")
    repair.complete("Receive", by="fang")
    repair.complete("Handle", by="qian", cost="35,000.10")

    ended = repair.row(tables.process_instance)

    assert (ended.status, ended.end_element_id) == ("completed", "Done")
    assert repair.variables(case)["cost"] == Decimal("35000.10")
    assert repair.rows(tables.inbox) == []
    assert repair.history(case) == ["started", "completed", "completed", "ended"]


def test_the_history_keeps_what_each_field_was_and_became(repair: Desk) -> None:
    repair.start(what="灯坏了")
    repair.complete("Receive", by="fang", urgency="high")

    line = repair.row(tables.history, kind="completed")

    assert '"urgency":[null,"high"]' in line.detail
    assert (line.user_name, line.element_id) == ("fang", "Receive")


def test_a_second_person_is_told_who_was_faster_and_nothing_of_his_is_stored(repair: Desk) -> None:
    case = repair.start(what="灯坏了")
    task_id = repair.task("Receive")
    repair.complete("Receive", by="fang", urgency="high")

    with pytest.raises(Conflict, match="already completed by 方敏 at 2026-03-02 10:00"):
        repair.do(runtime.complete_task, task_id, {"urgency": "low"}, by="feng")

    assert repair.variables(case)["urgency"] == "high"
    assert repair.history(case) == ["started", "completed"]


def test_a_double_click_is_one_completion(repair: Desk) -> None:
    case = repair.start(what="灯坏了")
    task_id = repair.task("Receive")
    first = repair.do(runtime.complete_task, task_id, {"urgency": "high"}, by="qin")

    again = repair.do(runtime.complete_task, task_id, {"urgency": "high"}, by="qin")

    assert again == first
    assert repair.history(case) == ["started", "completed"]
    with pytest.raises(Conflict):
        repair.do(runtime.complete_task, task_id, {"urgency": "something else"}, by="qin")


def test_unknown_fields_and_somebody_elses_tasks_are_refused(repair: Desk) -> None:
    repair.start(what="灯坏了")

    with pytest.raises(InvalidForm):
        repair.complete("Receive", by="fang", approved=True)
    with pytest.raises(NotFound):
        repair.complete("Receive", by="guan")
    with pytest.raises(NotPermitted):
        repair.complete("Receive", by="zhu")  # an auditor sees every case, but does not do its tasks

    assert repair.open() == ["Receive"]


def test_a_task_without_a_form_takes_no_values(desk: Desk, deploy: Deploy) -> None:
    deploy({"hint.bpmn": process("hint", start(), task("Look", "front_desk"), end(),
                                 flows=["Begin Look", "Look Done"])})  # fmt: skip
    desk.start("hint")

    with pytest.raises(InvalidForm):
        desk.complete("Look", by="fang", approved=True)


def test_a_form_stays_as_it_was_when_the_task_opened(repair: Desk, deploy: Deploy) -> None:
    repair.start(what="灯坏了")
    deploy({"repair_receive.form": form("repair_receive", text("priority", required=True))})

    repair.complete("Receive", by="fang", urgency="high")
    repair.start(what="门坏了")

    with pytest.raises(InvalidForm):
        repair.complete("Receive", by="fang", urgency="high")


def test_a_completion_takes_at_most_twelve_statements(desk: Desk, deploy: Deploy) -> None:
    """Two tasks open with timers, another is cancelled, a decision is made, values are indexed."""
    deploy(
        {
            "busy.bpmn": process(
                "busy",
                start(),
                gateway("Split", "parallel"),
                task("A", "front_desk", form="a"),
                boundary_timer("LateA", "A", "PT1H"),
                task("Other", "area_manager"),
                decision_task("Ask", "urgency", "how"),
                gateway("Fork", "parallel"),
                task("B", "area_manager", notBy="A"),
                task("C", "cs_manager"),
                boundary_timer("LateB", "B", "PT2H"),
                boundary_timer("LateC", "C", "PT3H"),
                end(),
                end("DoneB"),
                end("DoneC"),
                end("Late1"),
                end("Late2"),
                end("Late3"),
                flows=["Begin Split", "Split A", "Split Other", "Other Done", "A Ask", "Ask Fork", "Fork B",
                       "Fork C", "B DoneB", "C DoneC", "LateA Late1", "LateB Late2", "LateC Late3"],
                searchable="size,how",
            ),
            "a.form": form("a", text("size")),
            "urgency.dmn": table("urgency", "size", [("-", '"soon"')]),
        }
    )  # fmt: skip
    for _ in range(2):  # the first round fills the memory of the process: diagrams, forms, tables
        desk.start("busy")
        desk.complete("Other", by="qian")
        task_id = desk.task("A")
        desk.do(runtime.save_draft, task_id, {"size": "9"}, by="fang")
        someone = desk.people("qin")
        seen = statements(desk.database)
        with desk.database.unit_of_work() as uow:
            runtime.complete_task(uow, task_id, {"size": "10"}, someone)

    counted = list(seen)
    assert desk.open() == ["B", "B", "C", "C"]
    assert len(counted) <= 12, "\n".join(counted)


# ---- claim, give back, hand over -------------------------------------------------------------------------


def test_a_claimed_task_leaves_the_groups_inbox_until_it_is_given_back(repair: Desk) -> None:
    repair.start(what="灯坏了")
    task_id = repair.task("Receive")

    repair.do(runtime.claim_task, task_id, by="fang")
    assert [row.holder for row in repair.rows(tables.inbox)] == ["a:fang"]
    with pytest.raises(Conflict, match="方敏 is working on this task"):
        repair.do(runtime.claim_task, task_id, by="feng")
    with pytest.raises(Conflict):
        repair.complete("Receive", by="feng")

    repair.do(runtime.give_back, task_id, by="fang")
    assert [row.holder for row in repair.rows(tables.inbox)] == ["g:front_desk"]


def test_a_task_is_handed_over_with_a_note_to_somebody_who_may_do_it(repair: Desk) -> None:
    case = repair.start(what="灯坏了")
    task_id = repair.task("Receive")
    repair.do(runtime.claim_task, task_id, by="fang")

    with pytest.raises(InvalidInput):
        repair.do(runtime.hand_over, task_id, "qian", "please", by="fang")
    repair.do(runtime.hand_over, task_id, "feng", "我下班了", by="fang")

    assert repair.row(tables.user_task).assignee == "feng"
    assert "我下班了" in repair.row(tables.history, kind="handed_over").detail
    assert [row.holder for row in repair.rows(tables.inbox)] == ["a:feng"]
    assert repair.row(tables.notification).recipient == "u:feng"
    assert repair.history(case) == ["started", "claimed", "handed_over"]


def test_a_draft_is_kept_for_its_writer_and_goes_with_the_completion(repair: Desk) -> None:
    repair.start(what="灯坏了")
    task_id = repair.task("Receive")
    repair.do(runtime.save_draft, task_id, {"urgency": "hi"}, by="fang")

    def kept(name: str) -> Any:
        return repair.look(runtime.draft, task_id, by=name)

    assert kept("fang") == {"urgency": "hi"}
    assert kept("feng") is None
    repair.complete("Receive", by="fang")
    assert kept("fang") is None
    assert repair.row(tables.user_task, element_id="Receive").drafts == "{}"


# ---- who did one thing may not do another ----------------------------------------------------------------

FOUR_EYES = process(
    "pay",
    start(),
    task("Ask", "area_manager"),
    task("Approve", "front_desk", notBy="Ask,start"),
    end(),
    flows=["Begin Ask", "Ask Approve", "Approve Done"],
    starters="front_desk,area_manager",
)


def test_nobody_approves_what_they_asked_for(desk: Desk, deploy: Deploy) -> None:
    deploy({"pay.bpmn": FOUR_EYES})
    desk.start("pay", by="fang")
    desk.complete("Ask", by="qin")

    for name in ("qin", "fang"):  # who asked, who started
        with pytest.raises(NotPermitted):
            desk.complete("Approve", by=name)
    desk.complete("Approve", by="feng")

    assert desk.open() == []


def test_who_acted_in_an_earlier_round_may_act_in_the_next_one(desk: Desk, deploy: Deploy) -> None:
    rounds = process(
        "rounds", start(), task("Advise", "front_desk"), task("Second", "front_desk", notBy="Advise"),
        task("Convene", "area_manager", newRound="Advise"), task("Again", "front_desk", notBy="Advise,Second"), end(),
        flows=["Begin Advise", "Advise Second", "Second Convene", "Convene Again", "Again Done"],
    )  # fmt: skip
    deploy({"rounds.bpmn": rounds})
    desk.start("rounds")
    desk.complete("Advise", by="fang")
    with pytest.raises(NotPermitted):
        desk.complete("Second", by="fang")
    desk.complete("Second", by="feng")
    desk.complete("Convene", by="qin")

    with pytest.raises(NotPermitted):
        desk.complete("Again", by="feng")  # what is not named belongs to the whole case
    desk.complete("Again", by="fang")

    assert desk.open() == []


def test_a_task_that_is_open_already_is_closed_to_whoever_does_the_other_one_first(
    desk: Desk, deploy: Deploy
) -> None:
    deploy(
        {
            "both.bpmn": process(
                "both", start(), gateway("Split", "parallel"), task("One", "front_desk", notBy="Two"),
                task("Two", "front_desk", notBy="One"), end(), end("Done2"),
                flows=["Begin Split", "Split One", "Split Two", "One Done", "Two Done2"],
            )
        }
    )  # fmt: skip
    desk.start("both")
    desk.do(runtime.claim_task, desk.task("Two"), by="fang")

    desk.complete("One", by="fang")

    assert desk.row(tables.user_task, element_id="Two").assignee is None
    with pytest.raises(NotPermitted):
        desk.complete("Two", by="fang")
    desk.complete("Two", by="feng")


# ---- substitutes -----------------------------------------------------------------------------------------


def test_a_substitute_acts_while_named_and_the_history_keeps_both_names(
    repair: Desk, moved_clock: clock.MovedClock
) -> None:
    repair.do(people.name_substitute, "qian", "zhu", date(2026, 3, 2), date(2026, 3, 3), by="qian")
    repair.start(what="灯坏了")
    repair.complete("Receive", by="fang")
    repair.do(runtime.claim_task, repair.task("Handle"), by="zhu")
    repair.complete("Handle", by="zhu")

    done = repair.row(tables.user_task, element_id="Handle")
    line = repair.row(tables.history, kind="completed")

    assert (done.assignee, done.completed_by, done.completed_for) == ("qian", "zhu", "qian")
    assert (line.user_name, line.for_user) == ("zhu", "qian")

    moved_clock.move_to(moved_clock() + timedelta(days=2))
    repair.start(what="门坏了")
    repair.complete("Receive", by="fang")
    with pytest.raises(NotPermitted):
        repair.complete("Handle", by="zhu")


def test_a_substitute_is_excluded_with_whom_they_stand_in_for(desk: Desk, deploy: Deploy) -> None:
    deploy({"pay.bpmn": FOUR_EYES})
    desk.do(people.name_substitute, "qin", "zhu", date(2026, 3, 2), date(2026, 3, 9), by="qin")
    desk.start("pay", by="fang")
    desk.complete("Ask", by="qin")

    with pytest.raises(NotPermitted):
        desk.complete("Approve", by="zhu")


# ---- decisions -------------------------------------------------------------------------------------------


def test_a_running_case_asks_the_newest_table_and_the_history_says_which(desk: Desk, deploy: Deploy) -> None:
    deploy(
        {
            "tier.bpmn": process(
                "tier", start("ask"), task("Wait", "front_desk"), decision_task("Decide", "tier", "tier"),
                task("Then", "front_desk"), end(),
                flows=["Begin Wait", "Wait Decide", "Decide Then", "Then Done"],
            ),
            "ask.form": form("ask", {"type": "number", "id": "f", "key": "cost", "label": "cost"}),
            "tier.dmn": table("tier", "cost", [("< 100", '"none"'), ("-", '"major"')]),
        }
    )  # fmt: skip
    case = desk.start("tier", cost="150")
    deploy({"tier.dmn": table("tier", "cost", [("< 200", '"none"'), ("-", '"major"')])})

    desk.complete("Wait", by="fang")

    assert desk.variables(case)["tier"] == "none"
    assert '"version":2' in desk.row(tables.history, kind="decided").detail


# ---- incidents -------------------------------------------------------------------------------------------

FRAGILE = {
    "fragile.bpmn": process(
        "fragile", start(), task("Ask", "front_desk", form="ask"), script("Compute", "half = 100 / number(size)"),
        task("Then", "front_desk"), end(),
        flows=["Begin Ask", "Ask Compute", "Compute Then", "Then Done"],
    ),
    "ask.form": form("ask", text("size")),
}  # fmt: skip


def test_an_expression_that_fails_stops_the_case_there_and_loses_nothing(desk: Desk, deploy: Deploy) -> None:
    deploy(FRAGILE)
    case = desk.start("fragile")

    desk.complete("Ask", by="fang", size="0")

    assert desk.row(tables.process_instance).status == "stopped"
    assert desk.row(tables.incident).element_id == "Compute"
    assert desk.variables(case)["size"] == "0"
    assert desk.history(case) == ["started", "completed", "incident"]


def test_a_retry_that_fails_again_is_a_new_incident(desk: Desk, deploy: Deploy) -> None:
    deploy(FRAGILE)
    desk.start("fragile")
    desk.complete("Ask", by="fang", size="0")

    def attempt() -> None:
        desk.do(runtime.retry_incident, desk.row(tables.incident, resolved_at=None).id, by="jing")

    with pytest.raises(NotFound):
        attempt()  # a manager who has nothing to do with the case does not see it
    with desk.database.unit_of_work() as uow:
        uow.execute(tables.membership.insert().values(user_name="jing", group_key="cs_supervisor"))
    attempt()

    assert [row.resolved_by for row in desk.rows(tables.incident)] == ["jing", None]
    assert desk.row(tables.process_instance).status == "stopped"


# ---- cancel, comment -------------------------------------------------------------------------------------


def test_a_case_is_cancelled_with_a_reason_by_those_who_may(repair: Desk) -> None:
    case = repair.start(what="灯坏了")
    with repair.database.unit_of_work() as uow:
        uow.execute(tables.membership.insert().values(user_name="jing", group_key="front_desk"))

    with pytest.raises(NotPermitted):
        repair.do(runtime.cancel_instance, case, "twice", by="fang")
    with pytest.raises(InvalidInput):
        repair.do(runtime.cancel_instance, case, " ", by="jing")
    repair.do(runtime.cancel_instance, case, "重复登记", by="jing")

    assert repair.row(tables.process_instance).status == "cancelled"
    assert repair.row(tables.user_task).status == "cancelled"
    assert repair.rows(tables.inbox) == []
    with pytest.raises(Conflict):
        repair.do(runtime.cancel_instance, case, "again", by="jing")


def test_a_remark_is_left_by_those_who_see_the_case(repair: Desk) -> None:
    case = repair.start(what="灯坏了")

    repair.do(runtime.comment, case, "客户来电催促", by="feng")
    with pytest.raises(NotFound):
        repair.do(runtime.comment, case, "?", by="qian")

    assert repair.row(tables.comment).text == "客户来电催促"


# ---- messages --------------------------------------------------------------------------------------------

KEY_RETURNED = '<bpmn:message id="Key" name="key returned"/>'
LOAN = process(
    "loan",
    start("loan"),
    '<bpmn:intermediateCatchEvent id="Back" name="Back"><bpmn:extensionElements><camunda:properties>'
    '<camunda:property name="correlationKey" value="${key_number}"/></camunda:properties></bpmn:extensionElements>'
    '<bpmn:messageEventDefinition id="BackMessage" messageRef="Key"/></bpmn:intermediateCatchEvent>',
    task("Check", "front_desk"),
    end(),
    flows=["Begin Back", "Back Check", "Check Done"],
    more=KEY_RETURNED,
)


def test_a_message_reaches_the_case_that_waits_under_its_key(desk: Desk, deploy: Deploy) -> None:
    deploy({"loan.bpmn": LOAN, "loan.form": form("loan", text("key_number"))})
    first, second = desk.start("loan", key_number="12"), desk.start("loan", key_number="13")

    with desk.database.unit_of_work() as uow:
        assert runtime.send_message(uow, "key returned", {"state": "fine"}, "13", None) == [second]
    with pytest.raises(NotFound), desk.database.unit_of_work() as uow:
        runtime.send_message(uow, "key returned", {}, "14", None)

    assert [row.instance_id for row in desk.rows(tables.message_wait)] == [first]
    assert desk.variables(second)["state"] == "fine"
    assert desk.history(second) == ["started", "message_caught"]


ALARM = process(
    "alarm",
    start(),
    gateway("Fork", "parallel"),
    task("Guard", "front_desk"),
    '<bpmn:boundaryEvent id="Heard" name="Heard" attachedToRef="Guard" cancelActivity="false">'
    '<bpmn:signalEventDefinition id="HeardSignal" signalRef="Bell"/></bpmn:boundaryEvent>',
    task("Run", "front_desk"),
    task("Watch", "front_desk"),
    '<bpmn:intermediateThrowEvent id="Ring" name="Ring">'
    '<bpmn:signalEventDefinition id="RingSignal" signalRef="Bell"/></bpmn:intermediateThrowEvent>',
    end(),
    flows=[
        "Begin Fork",
        "Fork Guard",
        "Fork Watch",
        "Watch Ring",
        "Ring Done",
        "Heard Run",
        "Run Done",
        "Guard Done",
    ],
    more='<bpmn:signal id="Bell" name="bell"/>',
)


def test_a_signal_is_heard_once_by_every_case_and_by_the_one_that_throws_it(
    desk: Desk, deploy: Deploy
) -> None:
    deploy({"alarm.bpmn": ALARM})
    other, own = desk.start("alarm"), desk.start("alarm")

    desk.do(runtime.complete_task, desk.task("Watch", own), {}, by="fang")

    heard = [
        (row.instance_id, row.element_id) for row in desk.rows(tables.user_task) if row.element_id == "Run"
    ]
    assert sorted(heard) == [(other, "Run"), (own, "Run")]


# ---- files -----------------------------------------------------------------------------------------------

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 50


def test_a_file_becomes_part_of_the_case_with_its_form(repair: Desk) -> None:
    repair.start(what="灯坏了")
    photo = repair.do(files.store, BytesIO(PNG), "灯.png", by="fang")

    with pytest.raises(InvalidForm):  # somebody else's upload
        repair.complete("Receive", by="feng", photos=[str(photo)])
    case = repair.complete("Receive", by="fang", photos=[str(photo)]).instance_id

    kept = repair.row(tables.attachment)
    assert (kept.instance_id, kept.variable) == (case, "photos")
    assert repair.variables(case)["photos"][0]["name"] == "灯.png"
    assert repair.look(files.open_file, photo, by="qian").content_type == "image/png"
    with pytest.raises(NotFound):
        repair.look(files.open_file, photo, by="guan")


def test_what_somebody_had_claimed_goes_back_to_its_group_when_they_leave(repair: Desk) -> None:
    case = repair.start(what="灯坏了")
    task = repair.task("Receive")
    repair.do(runtime.claim_task, task, by="fang")

    assert repair.do(runtime.deactivate, "fang", by="guan") == 0

    assert str(repair.look(queries.inbox_counts, by="feng").all_groups) == "1"
    repair.do(runtime.claim_task, task, by="feng")
    assert repair.history(case)[-2:] == ["given_back", "claimed"]


def test_a_task_that_only_they_were_offered_stays_with_who_leaves_and_is_counted(
    desk: Desk, deploy: Callable[[Mapping[str, str]], None]
) -> None:
    only = process("only", start(), task("Do", attributes='camunda:assignee="feng"'), end(),
                   flows=["Begin Do", "Do Done"])  # fmt: skip
    deploy({"only.bpmn": only})
    desk.start("only")

    assert desk.do(runtime.deactivate, "feng", by="guan") == 1
    with pytest.raises(NotPermitted):
        desk.do(runtime.deactivate, "qin", by="fang")
