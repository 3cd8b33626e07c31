"""What investigation, plan, feedback and return visit of a complaint must say."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from engine import clock, files
from engine.errors import InvalidForm
from engine.placeholders import placeholder
from tests.desk import MONDAY, Desk
from tests.processes.played import journey, play, until, values

#: A complaint that is handled without money or trouble.
COMPLAINT = journey("complaint.toml", "从受理到满意办结")

At = Callable[[str], None]


@pytest.fixture
def at(office: Desk) -> Iterator[At]:
    """``at("Plan")``: there is a complaint whose task Plan is open, on a Monday morning."""

    def at(element_id: str) -> None:
        play(office.database, until(element_id, COMPLAINT), MONDAY)

    with clock.moved(clock.MovedClock(MONDAY)):
        yield at


def say(office: Desk, element_id: str, by: str, **other: Any) -> dict[str, Any]:
    """Complete the task as the journey does, with some values other or (None) left out; return what is known."""
    given = {
        key: each for key, each in {**values(element_id, COMPLAINT), **other}.items() if each is not None
    }
    done = office.complete(element_id, by, **given)
    return office.variables(done.instance_id)


def refused(office: Desk, element_id: str, by: str, **other: Any) -> set[str]:
    """Return the fields on whose account it is refused."""
    with pytest.raises(InvalidForm) as caught:
        say(office, element_id, by, **other)
    return set(caught.value.errors)


def photo(office: Desk, by: str) -> list[dict[str, str]]:
    user = office.people(by)
    with office.database.unit_of_work() as uow:
        stored = files.store(uow, io.BytesIO(placeholder("现场.jpg")), "现场.jpg", user)
    return [{"file": str(stored)}]


# ---- investigation -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "missing",
    [
        "investigation_result",
        "responsibility_degree",
        "cause",
        "investigation_signatures",
        "handler",
        "records_checked",
        "persons_heard",
    ],
)
def test_a_finding_needs_result_responsibility_cause_and_signatures(
    office: Desk, at: At, missing: str
) -> None:
    """INV-04, INV-05, INV-08, DSP-05."""
    at("Investigate")

    assert refused(office, "Investigate", "engineering", **{missing: None}) == {missing}


def test_a_survey_is_kept_with_what_was_seen_and_photos(office: Desk, at: At) -> None:
    """INV-02."""
    at("Investigate")

    assert refused(office, "Investigate", "engineering", survey_needed=True) == {
        "survey_observations", "survey_photos"
    }  # fmt: skip
    known = say(
        office, "Investigate", "engineering", survey_needed=True, survey_observations="支架松动。",
        survey_photos=photo(office, "engineering"),
    )  # fmt: skip
    assert known["survey_observations"] == "支架松动。"


def test_a_finding_says_what_was_checked_and_who_was_heard(office: Desk, at: At) -> None:
    """INV-04."""
    at("Investigate")

    known = say(
        office,
        "Investigate",
        "engineering",
        records_checked=["repair", "law", "contract"],
        persons_heard="楼下住户",
    )

    assert (known["records_checked"], known["persons_heard"]) == (["repair", "law", "contract"], "楼下住户")


# ---- plan --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["proposed_plan", "plan_deadline", "plan_responsible", "plan_resources"])
def test_a_plan_says_what_until_when_by_whom_and_with_what(office: Desk, at: At, missing: str) -> None:
    """PLN-01."""
    at("Plan")

    assert refused(office, "Plan", "engineering", **{missing: None}) == {missing}


def test_what_is_outside_the_service_comes_with_guidance(office: Desk, at: At) -> None:
    """PLN-03."""
    at("Plan")

    assert refused(office, "Plan", "engineering", outside_service=True) == {"guidance"}
    assert say(office, "Plan", "engineering", outside_service=True, guidance="请向城管部门反映。")["guidance"]


def test_a_plan_may_have_stages(office: Desk, at: At) -> None:
    """HDL-12."""
    at("Plan")

    known = say(
        office, "Plan", "engineering",
        milestones=[{"stage": "备料", "stage_due": "2026-03-04", "stage_feedback": "电话告知"}],
    )  # fmt: skip

    assert [each["stage"] for each in known["milestones"]] == ["备料"]


# ---- feedback and return visit -----------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["feedback_how", "feedback_measures", "feedback_result", "demand_met"])
def test_feedback_says_how_what_result_and_whether_the_demand_is_met(
    office: Desk, at: At, missing: str
) -> None:
    """FBK-03."""
    at("Feedback")

    assert refused(office, "Feedback", "front_desk", **{missing: None}) == {missing}


def test_an_unmet_demand_comes_with_the_reason_and_the_next_step(office: Desk, at: At) -> None:
    """FBK-04."""
    at("Feedback")

    assert refused(office, "Feedback", "front_desk", demand_met=False) == {"feedback_next"}


@pytest.mark.parametrize("way", ["telephone", "sms", "visit", "wechat", "app", "letter"])
def test_feedback_goes_by_a_listed_way(office: Desk, at: At, way: str) -> None:
    """FBK-02."""
    at("Feedback")

    assert refused(office, "Feedback", "front_desk", feedback_way="pigeon") == {"feedback_way"}
    assert say(office, "Feedback", "front_desk", feedback_way=way)["feedback_way"] == way


@pytest.mark.parametrize("missing", ["satisfied", "visit_record", "visitor"])
def test_a_return_visit_leaves_a_record(office: Desk, at: At, missing: str) -> None:
    """RTV-06, RTV-08."""
    at("ReturnVisit")

    assert refused(office, "ReturnVisit", "front_desk", **{missing: None}) == {missing}


def test_who_is_not_satisfied_is_asked_what_remains(office: Desk, at: At) -> None:
    """RTV-08."""
    at("ReturnVisit")

    assert refused(office, "ReturnVisit", "front_desk", satisfied=False) == {"remaining_problems"}
