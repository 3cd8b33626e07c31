"""What the record of a complaint must contain before it is taken."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest

from engine import clock, files, runtime, tables
from engine.errors import InvalidForm
from engine.placeholders import placeholder
from tests.desk import MONDAY, Desk

RECORD = {
    "channel": "hotline", "customer_name": "李梅", "customer_phone": "13812345678", "unit": "3 栋 2 单元 501",
    "complaint_object": "management", "fact_time": "昨晚 22 点起", "fact_place": "3 栋楼下",
    "facts": "楼下空调外机噪音大，影响休息。", "demand": "尽快整改，不再扰民。", "evidence_kind": "none",
}  # fmt: skip
CHANNELS = (
    "on_site", "hotline", "telephone", "property_hotline", "centre_hotline", "wechat", "app", "email", "web",
    "letter_box", "visit", "third_party_lawyer", "third_party_consumer", "third_party_court", "monitoring", "staff",
)  # fmt: skip


@pytest.fixture
def reception(office: Desk) -> Iterator[Desk]:
    """The front desk, on a Monday morning."""
    with clock.moved(clock.MovedClock(MONDAY)):
        yield office


def record(reception: Desk, **values: Any) -> int:
    """Record a complaint with these values changed; return its case."""
    given = {key: value for key, value in (RECORD | values).items() if value is not None}
    return reception.start("complaint", by="front_desk", **given)


def upload(reception: Desk, name: str, **particulars: str) -> list[dict[str, str]]:
    """Upload a file as the front desk; return it as a form takes it."""
    user = reception.people("front_desk")
    with reception.database.unit_of_work() as uow:
        stored = files.store(uow, io.BytesIO(placeholder(name)), name, user)
    return [{"file": str(stored), **particulars}]


def refused(reception: Desk, **values: Any) -> set[str]:
    """Return the fields on whose account the record is refused."""
    with pytest.raises(InvalidForm) as caught:
        record(reception, **values)
    return set(caught.value.errors)


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_complaint_is_taken_by_every_channel(reception: Desk, channel: str) -> None:
    """CHN-01, CHN-02, CHN-03."""
    case = record(reception, channel=channel)

    assert reception.variables(case)["channel"] == channel


@pytest.mark.parametrize("missing", sorted(RECORD))
def test_what_the_record_must_contain_is_asked_for(reception: Desk, missing: str) -> None:
    """CMP-03, CMP-05, CHN-14: customer, telephone, unit, object, facts, demand, evidence."""
    assert refused(reception, **{missing: None}) == {missing}


def test_an_unlikely_telephone_number_is_not_taken(reception: Desk) -> None:
    """CMP-05."""
    assert refused(reception, customer_phone="12345") == {"customer_phone"}


def test_an_anonymous_complaint_needs_nobodys_name(reception: Desk) -> None:
    """GAP-14."""
    unnamed = dict.fromkeys(("customer_name", "customer_phone", "unit"))

    case = record(reception, anonymous=True, **unnamed)

    assert reception.open() == ["Dispatch"]
    assert reception.variables(case)["customer_name"] is None


@pytest.mark.parametrize("missing", ["notarial_certificate", "agent_id_copy"])
def test_an_agent_needs_both_papers(reception: Desk, missing: str) -> None:
    """CMP-07: without the notarial certificate or the copy of the ID the form is not accepted."""
    papers: dict[str, Any] = {
        "notarial_certificate": upload(reception, "公证书.pdf"), "agent_id_copy": upload(reception, "身份证.jpg")
    }  # fmt: skip

    assert refused(reception, filled_by="agent", agent_name="赵律", **papers | {missing: None}) == {missing}


def test_evidence_carries_its_source_and_date(reception: Desk) -> None:
    """CMP-04."""
    bare = upload(reception, "照片.jpg")

    assert refused(reception, evidence_kind="attached", evidence=bare) == {"evidence"}
    record(
        reception,
        evidence_kind="attached",
        evidence=upload(reception, "照片.jpg", source="业主拍摄", taken_on="2026-03-01"),
    )


def test_a_letter_is_copied_before_it_goes_on(reception: Desk) -> None:
    """CMP-11: the copy is filed, the original goes to the leader, who instructs."""
    assert refused(reception, channel="letter") == {"letter_copied"}
    record(reception, channel="letter", letter_copied=True)

    assert reception.open() == ["Dispatch", "LetterInstruct"]


def test_no_two_complaints_share_a_number(reception: Desk) -> None:
    """CMP-09."""
    numbers = []
    for _ in range(3):
        case = record(reception)
        numbers.append(reception.variables(case)["case_number"])

    assert numbers == ["TS-20260302-0001", "TS-20260302-0002", "TS-20260302-0003"]


def test_the_case_keeps_who_received_it_first(reception: Desk) -> None:
    """FIR-01."""
    first = reception.people("security")

    case = reception.do(runtime.start_process, "complaint", dict(RECORD), by="security").instance_id

    assert reception.row(tables.process_instance, id=case).started_by == first.name
