"""What service tasks of diagrams can ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal

import pytest

from engine import clock, runtime, tables
from engine.bpmn.execution import BusinessError, ServiceCall
from engine.errors import BanjieError
from engine.services import NEEDED, TOPICS, Requests, searchable_text
from tests.desk import MONDAY, Desk
from tests.engine.diagrams import amount, end, form, process, service, start, task, text

Deploy = Callable[[Mapping[str, str]], None]

GRANTS = {
    "grant.bpmn": process(
        "grant", start("grant"),
        service("Sum", "sum_values", {"name": "granted", "where": "${{&quot;customer&quot;: customer}}", "months": "${12}"},
                {"granted_before": "${sum}", "grants_before": "${count}"}),
        task("Approve", "front_desk"), end(),
        flows=["Begin Sum", "Sum Approve", "Approve Done"], searchable="granted,customer",
    ),
    "grant.form": form("grant", text("customer"), amount("granted")),
}  # fmt: skip


BY_DAYS = GRANTS | {"grant.bpmn": GRANTS["grant.bpmn"].replace('"months">${12}', '"days">${DAYS}')}


def test_what_the_same_customer_was_granted_before_is_added_up_exactly(
    desk: Desk, deploy: Deploy, moved_clock: clock.MovedClock
) -> None:
    deploy(GRANTS)
    moved_clock.move_to(MONDAY - timedelta(days=366))
    desk.start("grant", customer="王", granted="5000")  # too long ago
    moved_clock.move_to(MONDAY)
    desk.start("grant", customer="王", granted="0.10")
    desk.start("grant", customer="王", granted="0.20")
    desk.start("grant", customer="李", granted="900")

    case = desk.start("grant", customer="王", granted="35000")

    found = desk.variables(case)
    assert (found["granted_before"], found["grants_before"]) == (Decimal("0.30"), 2)


@pytest.mark.parametrize(("days", "ago", "found"), [("90", 90, 1), ("90", 91, 0)])
def test_how_far_back_may_be_said_in_days(
    desk: Desk, deploy: Deploy, moved_clock: clock.MovedClock, days: str, ago: int, found: int
) -> None:
    deploy(BY_DAYS | {"grant.bpmn": BY_DAYS["grant.bpmn"].replace("DAYS", days)})
    moved_clock.move_to(MONDAY - timedelta(days=ago))
    desk.start("grant", customer="王", granted="5000")
    moved_clock.move_to(MONDAY)

    case = desk.start("grant", customer="王", granted="1")

    assert desk.variables(case)["grants_before"] == found


@pytest.mark.parametrize("days", ["0", "36501", "&quot;x&quot;"])
def test_days_that_are_no_span_are_an_incident(desk: Desk, deploy: Deploy, days: str) -> None:
    deploy(BY_DAYS | {"grant.bpmn": BY_DAYS["grant.bpmn"].replace("DAYS", days)})

    case = desk.start("grant", customer="王", granted="1")

    assert "incident" in desk.history(case)


def test_ended_cases_and_other_processes_may_be_left_out(desk: Desk, deploy: Deploy) -> None:
    def grant(key: str, **inputs: str) -> str:
        return process(
            key, start("grant"),
            service("Sum", "count_values", {"name": "granted", "where": "${{&quot;customer&quot;: customer}}", **inputs},
                    {"others": "${count}"}),
            task("Approve", "front_desk"), end(),
            flows=["Begin Sum", "Sum Approve", "Approve Done"], searchable="granted,customer",
        )  # fmt: skip

    deploy({
        "grant.form": GRANTS["grant.form"],
        "all.bpmn": grant("all"),
        "same.bpmn": grant("same", process="same"),
        "open.bpmn": grant("open", running="${true}"),
    })  # fmt: skip
    ended = desk.start("same", customer="王", granted="1")
    desk.do(runtime.complete_task, desk.task("Approve", ended), {}, by="fang")

    found = [
        desk.variables(desk.start(key, customer="王", granted="1"))["others"]
        for key in ("open", "all", "same", "open")
    ]

    assert found == [0, 2, 1, 3]


def test_nothing_is_added_up_for_an_unknown_customer(desk: Desk, deploy: Deploy) -> None:
    deploy(GRANTS)
    desk.start("grant", granted="10")

    case = desk.start("grant", granted="10")

    assert desk.variables(case)["granted_before"] == 0


def test_a_diagram_tells_groups_and_people(desk: Desk, deploy: Deploy) -> None:
    told = service(
        "Tell", "notify", {"to": "cs_manager,user:fang", "text": "请注意", "textEn": "Please note"}
    )
    deploy({"tell.bpmn": process("tell", start(), told, task("Do", "front_desk", notify="no"), end(),
                                 flows=["Begin Tell", "Tell Do", "Do Done"])})  # fmt: skip
    case = desk.start("tell")

    assert [(row.recipient, row.text_zh, row.text_en) for row in desk.rows(tables.notification)] == [
        ("g:cs_manager", "请注意", "Please note"), ("u:fang", "请注意", "Please note"),
    ]  # fmt: skip
    assert desk.history(case) == ["started", "notified", "notified"]


def test_a_message_to_nobody_is_an_incident(desk: Desk, deploy: Deploy) -> None:
    told = service("Tell", "notify", {"to": "${get(nobody, &quot;&quot;)}", "text": "?"})
    deploy({"tell.bpmn": process("tell", start(), told, end(), flows=["Begin Tell", "Tell Done"])})
    desk.start("tell")

    assert "names nobody" in desk.row(tables.incident).message_en


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, None), ("", None), (" 王 ", "王"), (True, "true"), (Decimal("35000.00"), "35000"), (Decimal("0.00"), "0"),
        (Decimal("1E+3"), "1000"), (7, "7"), (["a", None, "b"], "a、b"), ([], None), ({"a": 1}, None),
        (MONDAY.date(), "2026-03-02"), ("x" * 600, "x" * 500),
    ],
)  # fmt: skip
def test_values_are_found_by_their_text(value: object, written: str | None) -> None:
    assert searchable_text(value) == written


@pytest.mark.parametrize(
    ("topic", "name"), [(topic, name) for topic, names in NEEDED.items() for name in names]
)
def test_a_service_cannot_do_without_what_it_is_said_to_need(desk: Desk, topic: str, name: str) -> None:
    inputs = dict.fromkeys(NEEDED[topic], "1") | {"where": {"a": 1}, "from_day": "2026-03-02"}
    given = {each: value for each, value in inputs.items() if each in NEEDED[topic] and each != name}

    with desk.database.unit_of_work() as uow, pytest.raises((BanjieError, BusinessError)) as refused:
        TOPICS[topic](Requests(uow, None), ServiceCall(topic, "x", given, {}))

    # These two are asked for after the register, or by the ledger in words of its own.
    assert name in ("amount", "number") or name in refused.value.message.en


def test_every_service_says_what_it_needs() -> None:
    assert NEEDED.keys() == TOPICS.keys()
