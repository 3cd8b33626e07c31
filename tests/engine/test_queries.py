"""What people look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert

from engine import clock, files, notifications, office_calendar, people, queries, runtime, tables
from engine.errors import Conflict, NotFound, NotPermitted
from engine.queries import CaseFilter
from engine.texts import Text, same
from tests.desk import MONDAY, Desk
from tests.engine.diagrams import (
    amount,
    boundary_timer,
    decision_task,
    end,
    form,
    process,
    start,
    table,
    task,
    text,
)

Deploy = Callable[[Mapping[str, str]], None]

TIMED = process(
    "timed", start("timed"), task("Do", "front_desk", attributes='camunda:dueDate="${hours(number(within))}"'), end(),
    flows=["Begin Do", "Do Done"], caseTitle="${within}",
)  # fmt: skip
TIMED_FILES = {"timed.bpmn": TIMED, "timed.form": form("timed", text("within"))}


@pytest.fixture
def timed(deploy: Deploy, desk: Desk) -> Desk:
    """The desk, with a process whose task is due within the hours that its start form says."""
    deploy(TIMED_FILES)
    return desk


def titles(page: queries.InboxPage) -> list[str]:
    """Return the titles of an inbox page's cases."""
    return [item.title.zh for item in page.items]


# ---- inbox -----------------------------------------------------------------------------------------------


def test_the_soonest_due_comes_first_and_pages_follow_without_gaps(timed: Desk) -> None:
    for within in ["30", "4", "100", "1", "50", "2"]:
        timed.start("timed", within=within)

    found, after = [], None
    for _ in range(3):
        page = timed.look(queries.inbox, by="fang", which="groups", limit=2, after=after)
        found += titles(page)
        after = page.next_after

    assert found == ["1", "2", "4", "30", "50", "100"]
    assert after is None


def test_a_task_in_two_of_ones_groups_is_shown_once(desk: Desk, deploy: Deploy) -> None:
    deploy({"two.bpmn": process("two", start(), task("Do", "front_desk,area_manager"), end(),
                                flows=["Begin Do", "Do Done"])})  # fmt: skip
    desk.start("two")

    assert len(desk.look(queries.inbox, by="qin", which="groups").items) == 1
    counts = desk.look(queries.inbox_counts, by="qin")
    assert (str(counts.all_groups), {key: str(n) for key, n in counts.groups.items()}) == (
        "1", {"front_desk": "1", "area_manager": "1"},
    )  # fmt: skip


def test_due_filters_and_marks(timed: Desk, moved_clock: clock.MovedClock) -> None:
    for within in ["1", "2", "10", "100", "200"]:
        timed.start("timed", within=within)
    moved_clock.move_to(MONDAY + timedelta(hours=1, minutes=1))

    def shown(due: queries.DueFilter) -> list[str]:
        return titles(timed.look(queries.inbox, by="fang", which="groups", due=due))

    assert shown("overdue") == ["1"]
    assert shown("today") == ["1", "2", "10"]
    assert shown("week") == ["1", "2", "10", "100"]
    items = timed.look(queries.inbox, by="fang", which="groups").items
    assert [item.is_overdue for item in items] == [True, False, False, False, False]
    assert [item.is_due_soon for item in items] == [False, True, False, False, False]
    assert str(timed.look(queries.inbox_counts, by="fang").overdue) == "1"


def test_search_and_filters_by_process_and_group(repair: Desk, deploy: Deploy) -> None:
    deploy(TIMED_FILES)
    repair.start(what="灯坏了", customer="王女士", unit="3-502")
    repair.start(what="100%漏水", customer="李先生")
    repair.start("timed", within="5")

    def found(**filters: Any) -> list[str]:
        return titles(repair.look(queries.inbox, by="qin", which="groups", **filters))

    assert found(text="王女") == found(text="3-502") == found(text="bx-20260302-0001") == ["灯坏了"]
    assert found(text="100%") == ["100%漏水"]
    assert found(text="_") == []
    assert (
        found(text="Receive", process="repair") == ["灯坏了", "100%漏水"] or len(found(text="Receive")) == 2
    )
    assert found(process="timed") == ["5"]
    assert len(found(group="front_desk")) == 3
    assert found(group="area_manager") == found(group="cs_manager") == []


def test_what_one_may_not_do_is_not_in_ones_inbox(desk: Desk, deploy: Deploy) -> None:
    deploy({"pay.bpmn": process("pay", start(), task("Ask", "front_desk"), task("Approve", "front_desk", notBy="Ask"),
                                end(), flows=["Begin Ask", "Ask Approve", "Approve Done"])})  # fmt: skip
    desk.start("pay")
    desk.complete("Ask", by="fang")

    assert desk.look(queries.inbox, by="fang", which="groups").items == ()
    assert str(desk.look(queries.inbox_counts, by="fang").all_groups) == "0"
    assert len(desk.look(queries.inbox, by="feng", which="groups").items) == 1


def test_a_claimed_task_is_mine_and_a_substitute_sees_it_as_somebody_elses(repair: Desk) -> None:
    repair.start(what="灯坏了")
    repair.do(runtime.claim_task, repair.task("Receive"), by="fang")
    repair.do(people.name_substitute, "fang", "zhu", date(2026, 3, 2), date(2026, 3, 2), by="fang")

    assert titles(repair.look(queries.inbox, by="fang")) == ["灯坏了"]
    (item,) = repair.look(queries.inbox, by="zhu").items
    assert item.on_behalf_of == queries.Person("fang", "方敏")
    assert repair.look(queries.inbox, by="feng", which="groups").items == ()


def test_counts_stop_at_a_thousand(timed: Desk) -> None:
    case = timed.start("timed", within="1")
    model = timed.row(tables.user_task)._asdict()
    rows = [model | {"id": UUID(int=number), "element_id": "Do"} for number in range(1, 1102)]
    with timed.database.unit_of_work() as uow:
        uow.execute(insert(tables.user_task), rows)
        uow.execute(
            insert(tables.inbox),
            [{"holder": "g:front_desk", "due_at": MONDAY, "task_id": row["id"], "instance_id": case,
              "process_key": "timed"} for row in rows],
        )  # fmt: skip

    counts = timed.look(queries.inbox_counts, by="fang")

    assert str(counts.groups["front_desk"]) == str(counts.all_groups) == "1000+"


def test_the_mark_for_polling_changes_when_a_task_comes_or_goes(repair: Desk) -> None:
    def mark() -> str:
        found: str = repair.look(queries.inbox_counts, by="fang").newest
        return found

    marks = [mark()]
    repair.start(what="灯坏了")
    marks.append(mark())
    assert mark() == marks[-1]
    repair.complete("Receive", by="feng")
    marks.append(mark())

    assert marks[0] == marks[2] != marks[1]


# ---- task and start --------------------------------------------------------------------------------------


def test_the_task_page_shows_what_was_answered_before(repair: Desk) -> None:
    repair.start(what="灯坏了", customer="王女士")
    repair.complete("Receive", by="fang", urgency="high", id_copy="310101")

    page = repair.look(queries.task, repair.task("Handle"), by="qian")

    answers = [answer for step in page.answers for answer in step.answers]
    assert {answer.name: answer.value for answer in answers} == {
        "what": "灯坏了", "customer": "王女士", "urgency": "high", "id_copy": None,
    }  # fmt: skip
    assert [answer.name for answer in answers if answer.is_hidden] == ["id_copy"]
    assert (page.picture.tokens, page.picture.passed) == (("Handle",), ("Begin", "Receive"))
    assert (page.may_claim, page.may_complete, page.is_mine) == (True, True, False)
    assert [person.name for person in page.hand_over_to] == ["qin"]
    assert page.sheet is not None and page.sheet.view("zh").key == "repair_handle"


def test_earlier_answers_say_which_step_gave_them_the_newest_first(repair: Desk) -> None:
    repair.start(what="灯坏了", by="feng")
    repair.complete("Receive", by="fang", urgency="high")

    page = repair.look(queries.task, repair.task("Handle"), by="qian")

    assert [
        (step.step.en, step.by.name, [answer.name for answer in step.answers]) for step in page.answers
    ] == [("Receive", "fang", ["urgency"]), ("Start", "feng", ["what"])]


def test_rows_are_read_with_the_labels_and_options_of_their_form(desk: Desk, deploy: Deploy) -> None:
    kind = {"type": "select", "key": "kind", "label": "类别", "properties": {"labelEn": "Kind"},
            "values": [{"value": "lasting", "label": "长期", "properties": {"labelEn": "lasting"}}]}  # fmt: skip
    plan = {"type": "dynamiclist", "path": "measures", "label": "措施", "components": [text("what"), kind]}
    deploy({
        "plan.bpmn": process("plan", start("plan"), task("Do", "front_desk"), end(), flows=["Begin Do", "Do Done"]),
        "plan.form": form("plan", plan),
    })  # fmt: skip
    case = desk.start("plan", measures=[{"what": "换灯", "kind": "lasting"}])

    page = desk.look(queries.case, case, by="fang")

    (measures,) = [answer.value for answer in page.variables if answer.is_asked]
    ((what, said), (label, option)) = measures[0].items()
    assert (str(what), said, label.zh, label.en, option.zh) == ("what", "换灯", "类别", "Kind", "长期")


def test_a_draft_comes_back_with_the_page(repair: Desk) -> None:
    repair.start(what="灯坏了")
    repair.do(runtime.save_draft, repair.task("Receive"), {"urgency": "hi"}, by="fang")
    repair.do(runtime.save_start_draft, "repair", {"what": "门"}, by="fang")

    assert repair.look(queries.task, repair.task("Receive"), by="fang").sheet.draft == {"urgency": "hi"}
    assert repair.look(queries.task, repair.task("Receive"), by="feng").sheet.draft is None
    assert repair.look(queries.start_form, "repair", by="fang").sheet.draft == {"what": "门"}
    assert [one.has_draft for one in repair.look(queries.startable, by="fang")] == [True]
    repair.start(what="门")
    assert repair.look(queries.start_form, "repair", by="fang").sheet.draft is None


def test_a_task_page_is_for_those_who_may_do_the_task(repair: Desk) -> None:
    repair.start(what="灯坏了")
    task_id = repair.task("Receive")

    with pytest.raises(NotFound):
        repair.look(queries.task, task_id, by="guan")
    with pytest.raises(NotPermitted):
        repair.look(queries.task, task_id, by="zhu")
    repair.complete("Receive", by="fang")
    with pytest.raises(Conflict, match="completed by 方敏"):
        repair.look(queries.task, task_id, by="feng")
    with pytest.raises(NotFound):
        repair.look(queries.start_form, "repair", by="zhu")
    assert repair.look(queries.startable, by="zhu") == ()


# ---- cases -----------------------------------------------------------------------------------------------


def test_a_case_is_seen_by_those_who_have_to_do_with_it_and_by_nobody_else(repair: Desk) -> None:
    case = repair.start(what="灯坏了", by="fang")

    def sees(name: str) -> bool:
        listed = bool(repair.look(queries.cases, by=name).items)
        try:
            repair.look(queries.case, case, by=name)
        except NotFound:
            assert not listed
            return False
        assert listed
        return True

    assert {name: sees(name) for name in ("fang", "feng", "qian", "zhu", "guan")} == {
        "fang": True, "feng": True, "qian": False, "zhu": True, "guan": False,
    }  # fmt: skip
    repair.complete("Receive", by="fang")
    assert sees("qian")
    repair.complete("Handle", by="qian")
    assert sees("qian")  # past tasks count


def test_whom_the_process_names_sees_every_case_of_it(desk: Desk, deploy: Deploy) -> None:
    deploy({"open.bpmn": process("open", start(), task("Do", "front_desk"), end(), flows=["Begin Do", "Do Done"],
                                 visibleTo="cs_manager, area_manager")})  # fmt: skip
    desk.start("open")

    assert len(desk.look(queries.cases, by="jing").items) == 1
    assert [group.key for group in desk.look(queries.case, 1, by="jing").viewers] == [
        "area_manager", "cs_manager", "front_desk",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("which", "found"),
    [
        (CaseFilter(), ["门", "灯"]),
        (CaseFilter(text="王"), ["灯"]),
        (CaseFilter(number="bx-20260302-0002"), ["门"]),
        (CaseFilter(number="BX-2026"), ["门", "灯"]),
        (CaseFilter(customer="王"), ["灯"]),
        (CaseFilter(unit="3-5"), ["灯"]),
        (CaseFilter(process="repair"), ["门", "灯"]),
        (CaseFilter(process="other"), []),
        (CaseFilter(status="running"), ["门", "灯"]),
        (CaseFilter(status="completed"), []),
        (CaseFilter(element="Handle"), ["灯"]),
        (CaseFilter(person="feng"), ["灯"]),
        (CaseFilter(person="fang"), ["门", "灯"]),
        (CaseFilter(started_from=date(2026, 3, 2), started_to=date(2026, 3, 2)), ["门", "灯"]),
        (CaseFilter(started_from=date(2026, 3, 3)), []),
        (CaseFilter(started_to=date(2026, 3, 1)), []),
        (CaseFilter(overdue=True), []),
        (CaseFilter(incident=True), []),
    ],
)
def test_cases_are_found(repair: Desk, which: CaseFilter, found: list[str]) -> None:
    repair.start(what="灯", customer="王女士", unit="3-502")
    repair.complete("Receive", by="feng")
    repair.start(what="门", customer="李先生")

    page = repair.look(queries.cases, which=which, by="zhu")

    assert [line.title.zh for line in page.items] == found
    assert str(page.count) == str(len(found))


def test_overdue_cases_are_found(timed: Desk, moved_clock: clock.MovedClock) -> None:
    timed.start("timed", within="1")
    timed.start("timed", within="9")
    moved_clock.move_to(MONDAY + timedelta(hours=2))

    (line,) = timed.look(queries.cases, which=CaseFilter(overdue=True), by="fang").items

    assert (line.title.zh, line.is_overdue, line.next_due_at) == ("1", True, MONDAY + timedelta(hours=1))


def test_cases_come_in_pages_newest_first(repair: Desk) -> None:
    for number in range(5):
        repair.start(what=str(number))

    first = repair.look(queries.cases, by="fang", limit=3)
    second = repair.look(queries.cases, by="fang", limit=3, after=first.next_after)

    assert [line.title.zh for line in first.items + second.items] == ["4", "3", "2", "1", "0"]
    assert second.next_after is None


def test_the_case_page_tells_the_whole_story(desk: Desk, deploy: Deploy) -> None:
    deploy(
        {
            "told.bpmn": process(
                "told", start("told"), task("Do", "front_desk"), decision_task("Ask", "tier", "tier"),
                task("Then", "area_manager"), boundary_timer("Late", "Then", "PT1H"), end(), end("TooLate"),
                flows=["Begin Do", "Do Ask", "Ask Then", "Then Done", "Late TooLate"],
            ),
            "told.form": form("told", {"type": "number", "id": "c", "key": "cost", "label": "费用"}),
            "tier.dmn": table("tier", "cost", [("< 100", '"none"'), ("-", '"major"')]),
        }
    )  # fmt: skip
    case = desk.start("told", cost="150")
    desk.complete("Do", by="fang")
    desk.do(runtime.comment, case, "注意", by="fang")

    page = desk.look(queries.case, case, by="fang")

    assert [line.kind for line in page.history] == ["started", "completed", "decided", "commented"]
    decision = page.history[2].decision
    assert decision is not None and (decision.version, decision.result, decision.rules) == (
        1,
        {same("answer"): "major"},
        (Text("第 2 行", "Row 2"),),
    )
    assert [(one.label.zh, one.value) for one in decision.inputs] == [("费用", queries.Quantity(same("150")))]
    assert page.history[0].changes[0].label.zh == "费用"
    assert [timer.element_id for timer in page.timers] == ["Late"]
    assert [line.status for line in page.tasks] == ["open", "completed"]
    assert page.pictures[0].passed == ("Begin", "Do", "Ask")
    assert (page.may_cancel, page.may_retry) == (False, False)
    assert page.comments[0].text == "注意"


def test_a_title_follows_its_readers_language(desk: Desk, deploy: Deploy) -> None:
    deploy({
        "lend.bpmn": process("lend", start("asks"), task("Do", "front_desk"), end(), flows=["Begin Do", "Do Done"],
                             caseTitle="借出 ${what}", caseTitleEn="Loan of ${what}"),
        "asks.form": form("asks", text("what")),
    })  # fmt: skip
    desk.start("lend", what="梯子")

    (line,) = desk.look(queries.cases, which=CaseFilter(text="loan of"), by="fang").items
    (item,) = desk.look(queries.inbox, by="fang", which="groups").items

    assert line.title == item.title == Text("借出 梯子", "Loan of 梯子")


def test_a_decision_is_told_in_the_words_of_its_table(desk: Desk, deploy: Deploy) -> None:
    source = table("whom", "cost", [("> 5", '["front_desk", "major"]')], output="who", type="Any")
    for before, after in {
        "<definitions ": '<definitions xmlns:c="http://camunda.org/schema/1.0/dmn" ',
        '<input id="Input">': '<input id="Input" label="费用">' + _said(labelEn="Cost"),
        'typeRef="Any"/>': f'typeRef="Any" label="谁办">{_said(labelEn="Who", labels="groups")}</output>',
        '<rule id="Rule0">': '<rule id="Rule0"><description>贵</description>' + _said(documentationEn="Dear"),
    }.items():
        assert before in source
        source = source.replace(before, after)
    deploy({
        "asked.bpmn": process("asked", start(), task("Do", "front_desk"), decision_task("Ask", "whom", "whom"),
                              task("Then", "area_manager"), end(),
                              flows=["Begin Do", "Do Ask", "Ask Then", "Then Done"]),
        "whom.dmn": source,
    })  # fmt: skip
    case = desk.do(runtime.start_process, "asked", {}, variables={"cost": 9}, by="fang").instance_id
    desk.complete("Do", by="fang")

    page = desk.look(queries.case, case, by="fang")

    told = next(line.decision for line in page.history if line.decision is not None)
    assert [(one.label, one.value) for one in told.inputs] == [(Text("费用", "Cost"), 9)]
    assert told.result == {Text("谁办", "Who"): [Text("前台接待员", "Front desk"), "major"]}
    assert told.rules == (Text("第 1 行：贵", "Row 1: Dear"),)
    assert {one.label.en for one in page.variables} >= {"Cost"}
    assert not any(one.is_asked for one in page.variables), "the table names it, but no form has asked for it"


def _said(**properties: str) -> str:
    """Return extension properties as a modeller writes them."""
    said = "".join(f'<c:property name="{name}" value="{value}"/>' for name, value in properties.items())
    return f"<extensionElements><c:properties>{said}</c:properties></extensionElements>"


def test_a_called_process_has_a_picture_of_its_own(desk: Desk, deploy: Deploy) -> None:
    deploy({
        "outer.bpmn": process("outer", start(), '<bpmn:callActivity id="Call" name="Call" calledElement="inner"/>',
                              end(), flows=["Begin Call", "Call Done"]),
        "inner.bpmn": process("inner", start(), task("Do", "front_desk"), task("More", "front_desk"), end(),
                              flows=["Begin Do", "Do More", "More Done"]),
    })  # fmt: skip
    case = desk.start("outer")
    desk.complete("Do", by="fang")

    outer, inner = desk.look(queries.case, case, by="fang").pictures

    assert (outer.process_key, outer.tokens, outer.passed) == ("outer", ("Call",), ("Begin",))
    assert (inner.process_key, inner.tokens, inner.passed) == ("inner", ("More",), ("Begin", "Do"))


def test_only_processes_that_have_cases_of_their_own_are_to_be_chosen_from(
    desk: Desk, deploy: Deploy
) -> None:
    deploy({
        "outer.bpmn": process("outer", start(), '<bpmn:callActivity id="Call" name="Call" calledElement="inner"/>',
                              end(), flows=["Begin Call", "Call Done"]),
        "inner.bpmn": process("inner", start(), task("Do", "front_desk"), end(), flows=["Begin Do", "Do Done"],
                              starters=""),
    })  # fmt: skip

    assert set(desk.look(queries.case_choices, by="fang").processes) == {"outer"}
    assert set(desk.look(queries.inbox_counts, by="fang").processes) == {"outer"}


# ---- what not everybody may see --------------------------------------------------------------------------


def test_restricted_values_are_seen_only_by_those_whose_task_needs_them(repair: Desk) -> None:
    case = repair.start(what="灯坏了")
    paper = repair.do(files.store, BytesIO(b"%PDF-1.4 copy"), "id.pdf", by="fang")
    repair.complete("Receive", by="fang", id_copy="310101199001011234", photos=[str(paper)])

    def shown(name: str) -> bool:
        page = repair.look(queries.case, case, by=name)
        told = repr((page.variables, page.history, page.case))
        return "310101199001011234" in told

    assert shown("fang")  # who filled it in
    assert not shown("feng")  # who might have, but has no task now
    assert not shown("qian")
    assert not shown("zhu")
    assert "310101199001011234" not in repr(repair.rows(tables.case_value))
    assert "310101199001011234" not in repair.row(tables.process_instance).search_text


@pytest.mark.parametrize(("asks", "becomes"), [("suspicion", "advisor"), ("cost", "suspicion")])
def test_a_decision_gives_nothing_restricted_away(
    desk: Desk, deploy: Deploy, asks: str, becomes: str
) -> None:
    restricted = amount("suspicion") | {"properties": {"restricted": "true"}}
    deploy({
        "watch.bpmn": process("watch", start(), task("Note", "front_desk", form="note"), decision_task("Ask", "whom", becomes),
                              task("Do", "area_manager"), end(),
                              flows=["Begin Note", "Note Ask", "Ask Do", "Do Done"]),
        "whom.dmn": table("whom", asks, [("> 5", '"police"'), ("-", '"nobody"')], output="who"),
        "note.form": form("note", restricted, amount("cost")),
    })  # fmt: skip
    case = desk.start("watch")
    desk.complete("Note", by="fang", suspicion="9", cost="9")

    def decision(by: str) -> queries.DecisionShown:
        page = desk.look(queries.case, case, by=by)
        return next(line.decision for line in page.history if line.decision is not None)

    seen, masked = decision("fang"), decision("qian")
    assert (seen.result, len(seen.rules), seen.is_hidden) == ({same("who"): "police"}, 1, False)
    assert (masked.result, masked.rules, masked.is_hidden) == (None, (), True)
    assert "police" not in repr(masked) and [one.is_hidden for one in masked.inputs] == [asks == "suspicion"]


def test_a_restricted_file_is_kept_from_those_who_do_not_need_it(desk: Desk, deploy: Deploy) -> None:
    deploy({
        "id.bpmn": process("id", start(), task("Take", "front_desk", form="take"), task("Use", "area_manager"), end(),
                           flows=["Begin Take", "Take Use", "Use Done"]),
        "take.form": form("take", {"type": "filepicker", "id": "p", "key": "paper", "label": "paper",
                                   "properties": {"restricted": "true"}}),
    })  # fmt: skip
    case = desk.start("id")
    paper = desk.do(files.store, BytesIO(b"%PDF-1.4 copy"), "id.pdf", by="fang")
    desk.complete("Take", by="fang", paper=[str(paper)])

    assert desk.look(files.open_file, paper, by="fang").size == 13
    with pytest.raises(NotFound):
        desk.look(files.open_file, paper, by="qian")
    assert desk.look(queries.case, case, by="qian").files == ()
    assert [line.file_name for line in desk.look(queries.case, case, by="fang").files] == ["id.pdf"]


# ---- definitions, messages, people, calendar -------------------------------------------------------------


def test_process_owners_see_versions_and_what_runs_on_them(repair: Desk, deploy: Deploy) -> None:
    repair.start(what="灯坏了")
    deploy({"repair_start.form": form("repair_start", text("what"))})

    with pytest.raises(NotPermitted):
        repair.look(queries.definitions_list, by="fang")
    listed = repair.look(queries.definitions_list, by="pan")
    page = repair.look(queries.definition, listed[0].definition_id, by="pan")

    assert [(one.kind, one.key, one.version) for one in listed] == [
        ("process", "repair", 1), ("form", "repair_handle", 1), ("form", "repair_receive", 1),
        ("form", "repair_start", 2),
    ]  # fmt: skip
    assert listed[0].running == 1
    assert [one.key for one in page.uses] == ["repair_handle", "repair_receive", "repair_start"]
    assert repair.look(queries.diagram_source, listed[0].definition_id, by="pan") == (
        "repair.bpmn",
        page.source,
    )


def test_messages_are_new_until_they_were_looked_at(repair: Desk) -> None:
    repair.start(what="灯坏了")

    (line,) = repair.look(queries.notifications, by="feng")
    assert (line.is_new, line.task_id) == (True, repair.task("Receive"))
    assert line.text.zh == "待办“Receive”：BX-20260302-0001"
    assert str(repair.look(queries.unseen_notifications, by="feng")) == "1"

    repair.do(notifications.mark_seen, by="feng")
    repair.complete("Receive", by="fang")

    (line,) = repair.look(queries.notifications, by="feng")
    assert (line.is_new, line.task_id) == (False, None)
    assert repair.look(queries.notifications, by="qian")[0].is_new


def test_administrators_see_people_and_everybody_themselves(desk: Desk) -> None:
    desk.do(people.name_substitute, "qian", "fang", date(2026, 3, 2), date(2026, 3, 3), by="qian")

    with pytest.raises(NotPermitted):
        desk.look(queries.people, by="fang")
    page = desk.look(queries.people, by="guan")
    assert [group.key for line in page.people if line.name == "qin" for group in line.groups] == [
        "area_manager", "front_desk",
    ]  # fmt: skip
    me = desk.look(queries.profile, by="fang")
    assert me.person.full_name == "方敏"
    assert [one.user.name for one in me.substitutions] == ["qian"]
    assert "fang" not in [person.name for person in me.colleagues]


def test_the_calendar_shows_exceptions_and_years_not_announced(desk: Desk) -> None:
    with pytest.raises(NotPermitted):
        desk.do(office_calendar.set_day, date(2030, 5, 1), True, by="fang")
    assert desk.look(queries.calendar, 2030, by="fang").is_provisional
    desk.do(office_calendar.set_day, date(2030, 1, 5), True, "补班", by="guan")
    desk.do(office_calendar.announce_year, 2030, by="guan")

    page = desk.look(queries.calendar, 2030, by="fang")

    assert not page.is_provisional and page.was_entered_by == queries.Person("guan", "管洁")
    assert [(day.day, day.is_working, day.note) for day in page.days if day.is_exception] == [
        (date(2030, 1, 5), True, "补班")
    ]
    assert len(page.days) == 365


def test_a_new_exception_counts_from_the_next_step_on(desk: Desk, deploy: Deploy) -> None:
    deploy({"days.bpmn": process("days", start(), task("Do", "front_desk", attributes='camunda:dueDate="${workdays(1)}"'),
                                 end(), flows=["Begin Do", "Do Done"])})  # fmt: skip
    desk.start("days")
    desk.do(office_calendar.set_day, date(2026, 3, 3), False, "停电", by="guan")
    desk.start("days")

    due = [row.due_at.astimezone(UTC) for row in desk.rows(tables.user_task)]

    assert sorted(due) == [datetime(2026, 3, 3, 16, tzinfo=UTC), datetime(2026, 3, 4, 16, tzinfo=UTC)]
