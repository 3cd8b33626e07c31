"""Registers: their file, their records, imports and exports."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import threading
import time as stopwatch
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import openpyxl
import pytest
from sqlalchemy import func, select, text, update

from engine import definitions, queries, registers, runtime, tables
from engine.database import Database
from engine.errors import Conflict, InvalidDefinition, InvalidForm, InvalidInput, NotFound, NotPermitted
from engine.registers import records, tabular
from tests import desk as desks
from tests.engine import housing

ID_CARD = "11010519491231002X"


@pytest.fixture
def estate(deploy, desk):
    """The desk, with the registers deployed, a building and a unit."""
    deploy({"registers.toml": housing.REGISTERS})
    desk.do(registers.add_by_hand, "building", {"code": "A", "name": "锦园A座"}, by="fang")
    desk.do(
        registers.add_by_hand,
        "unit",
        {"code": "A-101", "building": "A", "area": "88.5", "use": "住宅"},
        by="fang",
    )
    return desk


def lease(desk, first, last=None, unit="A-101", **more):
    return desk.do(
        registers.add_by_hand,
        "lease",
        {"unit": unit, "first_day": first, "last_day": last or "", **more},
        by="fang",
    )


# ---- the file --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('type = "phone"', 'type = "telephone"', "unknown-type"),
        ('reference = "building"', 'reference = "tower"', "unknown-register"),
        ('may_change = ["front_desk"]', 'may_change = ["frontdesk"]', "unknown-group"),
        ('number = "code"', 'number = "nummer"', "register-number"),
        ('number_series = "KH-{n:05}"', 'number_series = "KH"', "number-pattern"),
        ('number_series = "KH-{n:05}"', 'number_series = "KH/{n:05}"', "number-pattern"),
        ('first = "first_day"', 'first = "begin"', "unknown-field"),
        ('key = "phone"', 'key = "Phone"', "bad-key"),
        ('key = "phone"', 'key = "name"', "defined-twice"),
        ("restricted = true", "restricted = true\nindexed = true", "restricted-index"),
        ("required = true", "requird = true", "unknown-entry"),
        ('name_en = "Phone"', "", "missing-name"),
        ('choices = ["running", "cancelled"]', "", "choices"),
        ("[ledger]", "[ledger", "toml-syntax"),
        ('title = "{name}"', 'title = "{nam}"', "unknown-field"),
    ],
)
def test_a_mistake_in_the_file_is_found_with_its_line(people, database, old, new, code):
    source = housing.REGISTERS.replace(old, new, 1)

    with database.reading() as uow:
        found = definitions.check_files(uow, {"registers.toml": source.encode()})

    assert code in [finding.code for finding in found]
    assert all(
        finding.line for finding in found if finding.code in (code, "toml-syntax") and code != "choices"
    )


@pytest.mark.parametrize("hostile", ["a = " + "[" * 5000, "a = " + "9" * 5000])
def test_what_no_reader_of_toml_survives_is_a_finding(people, database, hostile):
    with database.unit_of_work() as uow:
        found = definitions.check_files(uow, {"registers.toml": hostile.encode()})

    assert [finding.code for finding in found] == ["toml-syntax"]


def test_a_wrong_file_is_not_deployed(deploy):
    with pytest.raises(InvalidDefinition):
        deploy({"registers.toml": "[[register]]\nkey = 'x'\n"})


def test_a_new_field_needs_a_new_file_only(estate, deploy):
    deploy({"registers.toml": housing.REGISTERS.replace('key = "phone"', 'key = "mobile"')})

    number = estate.do(
        registers.add_by_hand, "customer", {"name": "王芳", "mobile": "138 0013 8000"}, by="fang"
    )

    page = estate.look(queries.record, "customer", number, by="fang")
    assert page.values["mobile"] == "13800138000"


# ---- records ---------------------------------------------------------------------------------------------


def test_values_keep_their_types_and_exactness(estate):
    page = estate.look(queries.record, "unit", "A-101", by="fang")

    assert page.values == {"code": "A-101", "building": "A", "area": Decimal("88.5"), "use": "flat"}
    shown = {each.key: each for each in page.fields}
    assert shown["use"].value.zh == "住宅"
    assert shown["building"].link.title == "锦园A座"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"code": "A-101"}, "code"),
        ({"code": ""}, "code"),
        ({"code": "A-102", "building": "Z"}, "building"),
        ({"code": "A-102", "area": "0.5"}, "area"),
        ({"code": "A-102", "area": "1e400"}, "area"),
        ({"code": "A-102", "use": "shop"}, "use"),
        ({"code": "A-102", "colour": "red"}, "colour"),
        ({"code": "x" * 101}, "code"),
        ({"code": "A\u202e"}, "code"),
    ],
)
def test_a_wrong_value_is_refused_with_its_field(estate, values, field):
    with pytest.raises(InvalidForm) as refused:
        estate.do(registers.add_by_hand, "unit", values, by="fang")

    assert list(refused.value.errors) == [field]
    assert len(estate.rows(tables.record, register="unit")) == 1


@pytest.mark.parametrize(
    ("first", "last", "overlaps"),
    [
        ("2025-01-01", "2025-12-31", False),
        ("2025-06-01", "2026-01-01", True),
        ("2026-12-31", "2027-12-30", True),
        ("2027-01-01", "", False),
        ("2026-03-01", "2026-03-01", True),
        ("2020-01-01", "", True),
        ("2027-02-01", "2027-01-31", True),
    ],
)
def test_a_lease_never_overlaps_another_of_its_unit(estate, first, last, overlaps):
    lease(estate, "2026-01-01", "2026-12-31")

    if overlaps:
        with pytest.raises(InvalidForm) as refused:
            lease(estate, first, last)
        assert list(refused.value.errors) == ["first_day"]
    else:
        lease(estate, first, last)


def test_a_cancelled_lease_leaves_its_days_free(estate):
    lease(estate, "2026-01-01", "2026-12-31", status="cancelled")

    assert lease(estate, "2026-01-01") == "ZL-2026-0002"


def test_a_lease_may_be_prolonged_over_its_own_days(estate):
    number = lease(estate, "2026-01-01", "2026-12-31")

    estate.do(registers.change_by_hand, "lease", number, {"last_day": "2027-12-31"}, 1, by="fang")

    assert estate.look(queries.record, "lease", number, by="fang").values["last_day"] == date(2027, 12, 31)


HOSTILE_NUMBERS = [
    "..", ".", "../x", "a/../b", "A/101", "/A-101", "A-101/", "A\\101", "...", "A-101\t2", "A\x01101",
    "\u202eA-101", "A\u200b-101", "A\u2060-101", "A\u00a0101", "A\u2003101", "\ufeffA-101", "A  101", "A\u2028101",
]  # fmt: skip


@pytest.mark.parametrize("number", HOSTILE_NUMBERS, ids=ascii)
def test_a_number_that_no_address_can_hold_is_refused_by_form_service_and_import(estate, deploy, number):
    with pytest.raises(InvalidForm) as refused:
        estate.do(registers.add_by_hand, "unit", {"code": number, "use": "office"}, by="fang")
    (message,) = refused.value.errors["code"]
    assert message.zh and message.en

    asked = {"register": "unit", "v_code": "${number}", "v_use": "office"}
    case = ask(estate, deploy, "register_add", asked, catches=False, number=number)
    assert [row.status for row in estate.rows(tables.process_instance, id=case)] == ["stopped"]

    upload, mapping, _ = uploaded(estate, "unit", csv_file(["房号", "面积"], [number, "60"]))
    assert [error.row for error in run(estate, upload, mapping).errors] == [2]
    assert [row.number for row in estate.rows(tables.record, register="unit")] == ["A-101"]


@pytest.mark.parametrize(
    "number", ["1 栋 1 单元 1203", "A-1203", "D-A-0803", "A-0801 户门", "B1-101", "1.2.3", "No. 7 (新)", "é"]
)
def test_a_number_as_people_write_it_is_taken_and_trimmed(estate, number):
    estate.do(registers.add_by_hand, "unit", {"code": f" {number} ", "use": "office"}, by="fang")

    assert estate.look(queries.record, "unit", number, by="fang").number == number


def test_a_record_with_such_a_number_from_earlier_can_still_be_changed(estate):
    record = tables.record
    with estate.database.unit_of_work() as uow:
        data = func.replace(record.c.data, "A-101", "A/101")
        uow.execute(update(record).where(record.c.number == "A-101").values(number="A/101", data=data))

    estate.do(registers.change_by_hand, "unit", "A/101", {"area": "90"}, 1, by="fang")

    assert estate.look(queries.record, "unit", "A/101", by="fang").values["area"] == 90


def test_a_number_is_never_changed(estate):
    with pytest.raises(InvalidForm):
        estate.do(registers.change_by_hand, "unit", "A-101", {"code": "A-999"}, 1, by="fang")


def test_the_second_of_two_who_change_a_record_is_told(estate):
    estate.do(registers.change_by_hand, "unit", "A-101", {"area": "90"}, 1, by="fang")

    with pytest.raises(Conflict):
        estate.do(registers.change_by_hand, "unit", "A-101", {"area": "95"}, 1, by="feng")


def test_every_change_is_in_the_history_with_old_and_new(estate):
    estate.do(registers.change_by_hand, "unit", "A-101", {"area": "90"}, 1, by="feng")

    changed, added = estate.look(queries.record, "unit", "A-101", by="fang").history

    assert (added.kind, added.by.name) == ("record_added", "fang")
    assert [(each.name, each.old, each.new) for each in changed.changes] == [("area", Decimal("88.5"), 90)]
    assert changed.by.name == "feng"


def test_nothing_is_noted_where_nothing_changed(estate):
    estate.do(registers.change_by_hand, "unit", "A-101", {"area": "88.50"}, 1, by="feng")

    page = estate.look(queries.record, "unit", "A-101", by="fang")
    assert (page.revision, len(page.history)) == (1, 1)


def test_who_may_not_see_a_register_does_not_learn_of_it(estate):
    with pytest.raises(NotFound):
        estate.look(queries.records, "customer", by="qian")
    with pytest.raises(NotPermitted):
        estate.do(registers.add_by_hand, "unit", {"code": "B"}, by="qian")
    with pytest.raises(NotFound):
        estate.look(queries.records, "unit", by="gong")  # an advisor from outside is no employee
    assert [each.key for each in estate.look(queries.registers, by="qian")] == ["building", "unit", "pass"]


def test_restricted_values_are_hidden_found_by_nobody_and_kept_on_change(estate):
    number = estate.do(registers.add_by_hand, "customer", {"name": "王芳", "id_card": ID_CARD}, by="fang")

    page = estate.look(queries.record, "customer", number, by="fang")
    estate.do(registers.change_by_hand, "customer", number, {"name": "王方", "id_card": "***"}, 1, by="fang")

    assert "id_card" not in page.values
    assert page.fields[2].is_hidden and page.history[0].changes[-1].is_hidden
    assert ID_CARD not in repr(page)
    assert estate.look(queries.search_records, ID_CARD, by="fang").items == ()
    with pytest.raises(InvalidInput):
        estate.look(queries.records, "customer", by="fang", where={"id_card": ID_CARD})
    assert estate.look(queries.record, "customer", number, by="jing").values["id_card"] == ID_CARD


def test_lists_go_on_behind_the_last_number(estate):
    for number in range(2, 8):
        estate.do(registers.add_by_hand, "unit", {"code": f"A-10{number}", "use": "office"}, by="fang")

    first = estate.look(queries.records, "unit", by="fang", limit=4)
    second = estate.look(queries.records, "unit", by="fang", limit=4, after=first.next_after)

    assert [each.number for each in (*first.items, *second.items)] == [f"A-10{n}" for n in range(1, 8)]
    assert (second.next_after, str(first.count)) == (None, "7")
    assert estate.look(queries.records, "unit", by="fang", where={"use": "flat"}).items[0].number == "A-101"
    assert len(estate.look(queries.records, "unit", by="fang", text="a-103").items) == 1


def test_a_record_shows_what_names_it(estate):
    number = lease(estate, "2026-01-01")

    page = estate.look(queries.record, "unit", "A-101", by="fang")

    assert [(each.register.key, each.field.key, each.items[0].number) for each in page.linked] == [
        ("lease", "unit", number)
    ]


def test_a_record_offers_to_add_what_there_is_none_of_to_those_who_may(estate):
    def offered(by, register, number):
        page = estate.look(queries.record, register, number, by=by)
        return [(each.register.key, each.field.key) for each in page.additions]

    assert offered("fang", "unit", "A-101") == [("lease", "unit")]
    assert offered("qian", "unit", "A-101") == []
    lease(estate, "2026-01-01")
    assert offered("fang", "unit", "A-101") == []


@pytest.mark.slow
def test_of_two_who_let_one_unit_the_second_is_refused(shared_database: Database, moved_clock):
    people = desks.enrol(shared_database)
    fang = people("fang")
    with shared_database.unit_of_work() as uow:
        desks.deploy_texts(uow, {"registers.toml": housing.REGISTERS}, people("pan"))
        registers.add_by_hand(uow, "unit", {"code": "A-1"}, fang)
    first_is_in, results = threading.Event(), []

    def second() -> None:
        first_is_in.wait(10)
        try:
            with shared_database.unit_of_work() as uow:
                registers.add_by_hand(uow, "lease", {"unit": "A-1", "first_day": "2026-05-01"}, fang)
            results.append("let")
        except InvalidForm:
            results.append("refused")

    thread = threading.Thread(target=second)
    thread.start()
    with shared_database.unit_of_work() as uow:
        registers.add_by_hand(uow, "lease", {"unit": "A-1", "first_day": "2026-01-01"}, fang)
        first_is_in.set()
        thread.join(0.5)  # it has to wait for us
    thread.join(10)

    assert results == ["refused"]


# ---- services --------------------------------------------------------------------------------------------


def ask(desk, deploy, topic, inputs, outputs=None, *, catches=True, **values):
    deploy(housing.service(topic, inputs, outputs, catches=catches))
    fang = desk.people("fang")
    with desk.database.unit_of_work() as uow:
        return runtime.start_process(uow, "ask", {}, fang, variables=values).instance_id


def test_a_case_adds_a_record_with_its_name_in_the_history(estate, deploy):
    case = ask(
        estate, deploy, "register_add", {"register": "customer", "v_name": "${name}", "v_phone": "13800138000"},
        {"customer_number": "${number}"}, name="李雷",
    )  # fmt: skip

    assert estate.variables(case)["customer_number"] == "KH-00001"
    line = estate.look(queries.record, "customer", "KH-00001", by="fang").history[0]
    assert (line.by.name, line.instance_id) == ("fang", case)
    assert "record_added" in estate.history(case)
    assert any(
        line.text.zh == "登记：客户 李雷" for line in estate.look(queries.case, case, by="fang").history
    )


def test_a_case_finds_lists_and_changes_records(estate, deploy):
    case = ask(estate, deploy, "register_find", {"register": "unit", "number": "A-101"})
    assert estate.variables(case)["record"]["area"] == Decimal("88.5")

    case = ask(estate, deploy, "register_find", {"register": "unit", "where": '${ {use: "office"} }'})
    assert estate.variables(case)["record"] is None

    case = ask(estate, deploy, "register_list", {"register": "unit", "where": '${ {building: "A"} }'})
    assert [each["number"] for each in estate.variables(case)["records"]] == ["A-101"]

    case = ask(
        estate,
        deploy,
        "register_change",
        {"register": "unit", "number": "A-101", "values": "${ {area: 99} }"},
    )
    assert estate.variables(case)["record"]["area"] == 99


def test_a_refusal_goes_to_the_error_event_with_its_reason(estate, deploy):
    lease(estate, "2026-01-01")

    case = ask(
        estate, deploy, "register_add",
        {"register": "lease", "values": '${ {unit: "A-101", first_day: date("2026-06-01")} }'},
    )  # fmt: skip

    assert estate.open() == ["Explain"]
    assert "日期重叠" in estate.variables(case)["refusal"]
    assert "overlap" in estate.variables(case)["refusal_en"]
    assert len(estate.rows(tables.record, register="lease")) == 1


def test_a_refusal_that_nothing_catches_is_an_incident(estate, deploy):
    ask(estate, deploy, "register_add", {"register": "unit", "values": '${ {code: "A-101"} }'}, catches=False)

    assert "已有登记" in estate.row(tables.incident).message_zh


@pytest.mark.parametrize(
    ("topic", "inputs"),
    [
        ("register_find", {"register": "${flat}", "number": "1"}),
        ("register_find", {"register": "unit", "where": "${area}"}),
        ("register_add", {"register": "unit", "values": "${colour}"}),
        ("register_add", {"register": "unit", "values": "red"}),
        ("register_list", {"register": "unit", "limit": "0"}),
        ("register_find", {"register": "unit", "nummer": "1"}),
        ("register_change", {"register": "unit", "number": "${null}"}),
        ("next_number", {"series": "X"}),
    ],
)
def test_wrong_use_is_an_incident_even_where_refusals_are_caught(estate, deploy, topic, inputs):
    ask(estate, deploy, topic, inputs, flat="flat", area={"area": 3}, colour={"colour": "red"})

    assert "Explain" not in estate.open()
    assert "无法执行" in estate.row(tables.incident).message_zh


def test_numbers_of_a_series_count_up_and_begin_anew(estate, deploy, moved_clock):
    for expected in ("X-2026-001", "X-2026-002"):
        case = ask(estate, deploy, "next_number", {"series": "X-{year}-{n:03}"})
        assert estate.variables(case)["number"] == expected
    moved_clock.move_to(moved_clock() + timedelta(days=365))
    case = ask(estate, deploy, "next_number", {"series": "X-{year}-{n:03}"})
    assert estate.variables(case)["number"] == "X-2027-001"


# ---- imports ---------------------------------------------------------------------------------------------


def csv_file(*rows):
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return io.BytesIO(text.getvalue().encode("utf-8-sig"))


def xlsx_file(*rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    content.seek(0)
    return content


def uploaded(desk, register, file, name="units.csv"):
    upload = desk.do(registers.keep_upload, register, file, name, by="fang")
    preview = desk.look(registers.preview, upload, by="fang")
    return upload, {column.index: column.field for column in preview.columns if column.field}, preview


def run(desk, upload, mapping, **more):
    return registers.run_import(desk.database, upload, mapping, desk.people("fang"), **more)


@pytest.mark.parametrize("heading", ["房号", "（房号）", "(房号):", "（房　号）：", "CODE", "Ｃｏｄｅ"])
def test_a_column_is_known_however_its_marks_are_written(estate, heading):
    _, mapping, _ = uploaded(estate, "unit", csv_file([heading], ["A-201"]))

    assert mapping == {0: "code"}


@pytest.mark.parametrize("make", [csv_file, xlsx_file])
def test_a_file_is_imported_with_its_columns_known_by_name(estate, make):
    file = make(
        ["房号*", "Area", "用途", "remark"], ["A-201", 100.5, "写字楼", "x"], ["A-202", "1,200", "flat", ""]
    )
    upload, mapping, preview = uploaded(estate, "unit", file)

    report = run(estate, upload, mapping)

    assert mapping == {0: "code", 1: "area", 2: "use"}
    assert preview.rows[0][0] == "A-201" and preview.missing == ()
    assert (report.rows, report.added, report.error_count) == (2, 2, 0)
    assert estate.look(queries.record, "unit", "A-202", by="fang").values["area"] == 1200
    assert estate.look(queries.record, "unit", "A-201", by="fang").history[0].by.name == "fang"
    progress = estate.look(registers.import_progress, upload, by="fang")
    assert (progress.stage, progress.report.added) == ("done", 2)


@pytest.mark.parametrize("database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_after_a_large_import_the_database_knows_how_many_records_there_are(estate):
    rows = [[f"B-{number:04}"] for number in range(1000)]
    upload, mapping, _ = uploaded(estate, "unit", csv_file(["房号"], *rows))

    run(estate, upload, mapping)

    with estate.database.reading() as uow:
        planned = uow.execute(text("SELECT reltuples FROM pg_class WHERE relname = 'record'")).scalar_one()
        there = uow.execute(select(func.count()).select_from(tables.record)).scalar_one()
    assert planned == there >= 1000


def test_headings_may_stand_below_a_title(estate):
    upload, mapping, preview = uploaded(
        estate, "unit", xlsx_file(["单元台账"], [], ["房号", "面积"], [], ["A-201", 100.5], ["A-202", "much"])
    )

    report = run(estate, upload, mapping)

    assert [column.heading for column in preview.columns] == ["房号", "面积"]
    assert preview.rows == (("A-201", "100.5"), ("A-202", "much"))
    assert (report.rows, [error.row for error in report.errors]) == (2, [6])


def test_a_number_of_a_workbook_is_read_as_it_is_shown(estate):
    upload, mapping, _ = uploaded(estate, "unit", xlsx_file(["房号", "面积"], ["A-201", 90.1 + 0.2]))

    assert run(estate, upload, mapping).error_count == 0
    area = estate.look(queries.record, "unit", "A-201", by="fang").values["area"]
    assert area == Decimal("90.3")


def test_rows_are_counted_as_a_spreadsheet_shows_them(estate):
    file = csv_file(["房号", "面积", "说明"], ["A-201", "100", "两\n行"], ["A-202", "much", ""])
    upload, mapping, _ = uploaded(estate, "unit", file)

    assert [error.row for error in run(estate, upload, mapping).errors] == [3]


@pytest.mark.parametrize("make", [csv_file, xlsx_file])
def test_what_a_spreadsheet_has_spoiled_is_told_and_not_stored(estate, make):
    file = make(["姓名", "电话"], ["#N/A", "13800138000"], ["王芳", "1.38E+10"], ["6.21226E+18", ""])
    upload, mapping, _ = uploaded(estate, "customer", file)

    report = run(estate, upload, mapping)

    told = [(error.row, error.column.en, error.message.en[:20]) for error in report.errors]
    assert told == [
        (2, "Name", "It is a formula with"),
        (3, "Phone", "The spreadsheet has "),
        (4, "Name", "The spreadsheet has "),
    ]


def test_a_formula_without_a_result_is_told_and_not_taken_for_nothing(estate):
    with pytest.raises(InvalidInput, match="formula in B2"):
        uploaded(estate, "unit", xlsx_file(["房号", "面积"], ["A-201", "=80+1"]))


def test_a_formula_whose_result_is_an_empty_text_is_an_empty_cell(tmp_path):
    path = tmp_path / "x.xlsx"
    path.write_bytes(xlsx_file(["code", "area"], ["A-201", 80]).getvalue())
    computed = b'<c r="B2" t="str"><f>IF(1,&quot;&quot;,2)</f><v></v></c>'
    _replace_in_sheet(path, {b'<c r="B2" t="n"><v>80</v></c>': computed})

    assert list(tabular.rows(path)) == [(1, ["code", "area"]), (2, ["A-201"])]


def test_a_day_that_a_spreadsheet_shows_as_a_number_is_a_day(estate):
    rows = [["A-101", 46000, "46364"], ["A-101", "99999", ""]]
    upload, mapping, _ = uploaded(estate, "lease", xlsx_file(["单元", "起租日", "到期日"], *rows))

    assert [error.row for error in run(estate, upload, mapping).errors] == [3]
    upload, mapping, _ = uploaded(estate, "lease", xlsx_file(["单元", "起租日", "到期日"], rows[0]))
    run(estate, upload, mapping)
    values = estate.look(queries.record, "lease", "ZL-2026-0001", by="fang").values
    assert (values["first_day"], values["last_day"]) == (date(2025, 12, 9), date(2026, 12, 8))


def test_a_hidden_field_can_be_given_but_not_changed_by_an_import(estate):
    upload, mapping, _ = uploaded(
        estate, "customer", csv_file(["姓名", "身份证号"], ["王芳", ID_CARD], ["李娜", "***"])
    )
    assert run(estate, upload, mapping).added == 2
    rows = [["KH-00001", "王芳芳", "***"], ["KH-00002", "李娜", ID_CARD]]
    upload, mapping, _ = uploaded(estate, "customer", csv_file(["编号", "姓名", "身份证号"], *rows))

    report = run(estate, upload, mapping, update=True)
    assert [(error.row, error.column.en, error.value) for error in report.errors] == [(3, "ID number", "")]

    upload, mapping, _ = uploaded(estate, "customer", csv_file(["编号", "姓名", "身份证号"], rows[0]))
    assert run(estate, upload, mapping, update=True).changed == 1
    values = estate.look(queries.record, "customer", "KH-00001", by="jing").values
    assert (values["name"], values["id_card"]) == ("王芳芳", ID_CARD)


def test_every_wrong_row_is_told_and_nothing_is_imported(estate):
    rows = [[f"B-{n}", "A", "50", "flat"] for n in range(600)]
    rows[3][1], rows[100][2], rows[599][0], rows[20][0] = "Z", "-5", "B-7", ""
    upload, mapping, _ = uploaded(estate, "unit", csv_file(["code", "building", "area", "use"], *rows))

    report = run(estate, upload, mapping)

    told = sorted((error.row, error.column.en, error.value) for error in report.errors)
    assert told == [(5, "Building", "Z"), (22, "Code", ""), (102, "Area", "-5"), (601, "Code", "B-7")]
    assert len(estate.rows(tables.record, register="unit")) == 1
    assert estate.look(registers.import_progress, upload, by="fang").stage == "failed"


def test_all_that_is_wrong_with_a_row_is_told_at_once(estate):
    lease(estate, "2026-01-01", "2026-12-31")
    rows = [
        ["A-101", "KH-9", "2026-06-01", "2026-05-01", "much", "gone"],
        ["A-999", "KH-9", "", "soon", "-1", "running"],
        ["A-101", "", "2026-06-01", "2026-07-01", "-1", "running"],
    ]
    heads = ["unit", "customer", "first_day", "last_day", "rent", "status"]
    upload, mapping, _ = uploaded(estate, "lease", csv_file(heads, *rows))

    report = run(estate, upload, mapping)

    told = {row: {error.column.en for error in report.errors if error.row == row} for row in (2, 3, 4)}
    assert told == {
        2: {"Customer", "First day", "Rent", "Status"},
        3: {"Unit", "Customer", "First day", "Last day", "Rent"},
        4: {"First day", "Rent"},
    }
    assert report.error_count == len(report.errors) == 11
    assert [error.row for error in report.errors] == sorted(error.row for error in report.errors)


def test_a_row_may_name_what_it_refers_to_where_the_name_is_there_once(estate):
    for name in ("王芳", "李娜", "李娜"):
        estate.do(registers.add_by_hand, "customer", {"name": name}, by="fang")
    days = ["2026-01-01", "2026-12-31"]
    rows = [
        ["A-101", "王芳", *days],
        ["A-101", "李娜", "2027-01-01", ""],
        ["A-101", "张伟", "2028-01-01", ""],
    ]
    heads = ["unit", "customer", "first_day", "last_day"]
    upload, mapping, _ = uploaded(estate, "lease", csv_file(heads, *rows))

    report = run(estate, upload, mapping)

    told = [
        (error.row, error.value, error.message.en) for error in report.errors if error.column.en == "Customer"
    ]
    assert told == [
        (3, "李娜", "Several records are called so; give the number."),
        (4, "张伟", "“Customer” has no such number."),
    ]
    upload, mapping, _ = uploaded(estate, "lease", csv_file(heads, rows[0]))
    assert run(estate, upload, mapping).added == 1
    assert estate.look(queries.record, "customer", "KH-00001", by="fang").linked[0].register.key == "lease"


def test_a_row_that_refers_to_a_wrong_row_is_not_blamed_for_it(estate, deploy):
    nested = housing.REGISTERS.replace(
        'key = "building"\nname_zh = "楼宇"\nname_en = "Building"\ntype',
        'key = "next_to"\nname_zh = "旁边"\nname_en = "Next to"\ntype = "reference"\nreference = "unit"\n[[register.field]]\nkey = "building"\nname_zh = "楼宇"\nname_en = "Building"\ntype',
    )
    deploy({"registers.toml": nested})
    rows = [["E-1", "", "-5"], ["E-2", "E-1", "5"], ["E-3", "E-9", "5"]]
    upload, mapping, _ = uploaded(estate, "unit", csv_file(["code", "next_to", "area"], *rows))

    report = run(estate, upload, mapping)

    assert [(error.row, error.column.en) for error in report.errors] == [(2, "Area"), (4, "Next to")]


def test_an_import_whose_program_has_ended_is_told_so_and_can_begin_again(estate):
    upload, mapping, _ = uploaded(estate, "unit", csv_file(["code"], ["E-1"]))
    folder = estate.database.centre.files / "imports" / str(upload)
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(upload), str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )  # fmt: skip
    assert child.stdin and child.stdout and child.stdout.readline() == b"begun\n"

    def stage():
        return estate.look(registers.import_progress, upload, by="fang").stage

    assert stage() == "checking"
    assert estate.look(registers.await_import, upload, by="fang") is False
    with pytest.raises(Conflict):
        run(estate, upload, mapping)
    child.kill()
    child.communicate()
    assert stage() == "interrupted"

    assert estate.look(registers.await_import, upload, by="fang") is True
    assert stage() == "waiting"
    assert run(estate, upload, mapping).added == 1
    assert stage() == "done"


HOLDS = """
import sys
from pathlib import Path
from uuid import UUID
from engine.registers import importing
upload = importing._Upload(UUID(sys.argv[1]), Path(sys.argv[2]), "unit", "x.csv", "fang")
assert importing._begin(upload)
importing._Noted(upload.progress).at("checking")(500, None)
print("begun", flush=True)
sys.stdin.read()
"""


def test_a_number_that_is_there_is_an_error_unless_records_are_updated(estate):
    file = [["房号", "面积"], ["A-101", "91"], ["A-102", "60"]]
    upload, mapping, _ = uploaded(estate, "unit", csv_file(*file))

    assert [error.row for error in run(estate, upload, mapping).errors] == [2]
    report = run(estate, upload, mapping, update=True)

    assert (report.added, report.changed) == (1, 1)
    page = estate.look(queries.record, "unit", "A-101", by="fang")
    assert (page.values["area"], page.values["use"], page.revision) == (91, "flat", 2)
    assert run(estate, uploaded(estate, "unit", csv_file(*file))[0], mapping, update=True).unchanged == 2


def test_leases_of_a_file_do_not_overlap_either(estate):
    rows = [["A-101", "2026-01-01", "2026-12-31"], ["A-101", "2027-01-01", ""], ["A-101", "2028-01-01", ""]]
    upload, mapping, _ = uploaded(estate, "lease", csv_file(["单元", "起租日", "到期日"], *rows))

    report = run(estate, upload, mapping)

    assert [(error.row, "第 3 行" in error.message.zh) for error in report.errors] == [(4, True)]


def test_what_changed_since_the_check_is_not_overwritten(estate):
    upload, mapping, _ = uploaded(
        estate, "unit", csv_file(["房号", "面积"], ["A-101", "91"], ["A-102", "60"])
    )
    checked = estate.look(registers.check_import, upload, mapping, by="fang", update=True)
    estate.do(registers.change_by_hand, "unit", "A-101", {"area": "95"}, 1, by="feng")

    with pytest.raises(Conflict):
        estate.do(registers.store_import, checked, by="fang")

    assert len(estate.rows(tables.record, register="unit")) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n\0\0",
        b"PK\x03\x04garbage",
        b"\xd0\xcf\x11\xe0old excel",
        b"code\n",
    ],
)
def test_a_file_that_is_no_table_is_refused(estate, content):
    with pytest.raises(InvalidInput):
        uploaded(estate, "unit", io.BytesIO(content))
    assert not list(estate.database.centre.files.glob("imports/*"))


def test_a_quotation_mark_without_its_partner_is_told_with_its_row(estate):
    with pytest.raises(InvalidInput, match="row 3"):
        uploaded(estate, "unit", io.BytesIO(b'code\nA-1\n"A-2\nA-3\n'))


def test_a_gb18030_file_with_semicolons_is_read(estate):
    upload, mapping, preview = uploaded(
        estate, "unit", io.BytesIO("房号;用途\r\nC-1;住宅\r\n".encode("gb18030"))
    )

    assert preview.rows == (("C-1", "住宅"),)
    assert run(estate, upload, mapping).added == 1


def test_an_upload_is_its_owners_only(estate):
    upload, _, _ = uploaded(estate, "unit", csv_file(["code"], ["C-1"]))

    with pytest.raises(NotFound):
        estate.look(registers.preview, upload, by="feng")


@pytest.mark.parametrize(
    "mapping", [{0: "colour"}, {0: "code", 1: "code"}, {1: "area"}, {0: "code", 1: "id_card"}]
)
def test_a_wrong_choice_of_columns_is_refused(estate, mapping):
    upload, _, _ = uploaded(estate, "unit", csv_file(["code", "area"], ["C-1", "5"]))

    with pytest.raises(InvalidInput):
        run(estate, upload, mapping)


def test_what_a_spreadsheet_would_compute_is_guarded_and_comes_back(estate):
    estate.do(registers.add_by_hand, "customer", {"name": "=1+1", "id_card": ID_CARD}, by="fang")
    fang = estate.people("fang")
    with estate.database.reading() as uow:
        text = b"".join(registers.export_csv(uow, "customer", fang)).decode("utf-8-sig")
        book = io.BytesIO()
        registers.export_xlsx(uow, "customer", fang, book)

    rows = list(csv.reader(io.StringIO(text)))
    sheet = openpyxl.load_workbook(book).active

    assert rows == [["编号", "姓名", "电话", "身份证号"], ["KH-00001", "'=1+1", "", "***"]]
    assert (sheet["B2"].value, sheet["B2"].data_type) == ("=1+1", "s")
    upload, mapping, _ = uploaded(estate, "customer", io.BytesIO(text.encode("utf-8-sig")))
    assert run(estate, upload, mapping, update=True).unchanged == 1


def test_an_export_of_units_can_be_imported_again(estate):
    fang = estate.people("fang")
    with estate.database.reading() as uow:
        book = io.BytesIO()
        registers.export_xlsx(uow, "unit", fang, book)
    book.seek(0)

    upload, mapping, _ = uploaded(estate, "unit", book, "units.xlsx")

    assert run(estate, upload, mapping, update=True).unchanged == 1


@pytest.mark.parametrize(("language", "use"), [("zh", "住宅"), ("en", "Flat")])
def test_an_export_says_what_codes_mean_in_the_readers_language(estate, language, use):
    fang = replace(estate.people("fang"), language=language)
    with estate.database.reading() as uow:
        text = b"".join(registers.export_csv(uow, "unit", fang)).decode("utf-8-sig")

    assert use in text.splitlines()[1] and "flat" not in text
    upload, mapping, _ = uploaded(estate, "unit", io.BytesIO(text.encode("utf-8-sig")))
    assert run(estate, upload, mapping, update=True).unchanged == 1


def test_an_export_says_beside_a_number_what_it_stands_for(estate):
    estate.do(registers.add_by_hand, "customer", {"name": "王芳"}, by="fang")
    lease(estate, "2026-01-01", customer="KH-00001")
    fang = estate.people("fang")
    with estate.database.reading() as uow:
        text = b"".join(registers.export_csv(uow, "lease", fang)).decode("utf-8-sig")

    rows = list(csv.reader(io.StringIO(text)))

    assert [row[1:4] for row in rows] == [["单元", "客户", "客户（名称）"], ["A-101", "KH-00001", "王芳"]]
    upload, mapping, _ = uploaded(estate, "lease", io.BytesIO(text.encode()))
    assert run(estate, upload, mapping, update=True).unchanged == 1


def test_choices_that_are_called_the_same_are_exported_by_their_codes(estate, deploy):
    deploy({"registers.toml": housing.REGISTERS.replace('name_zh = "写字楼"', 'name_zh = "住宅"')})
    fang = estate.people("fang")
    with estate.database.reading() as uow:
        text = b"".join(registers.export_csv(uow, "unit", fang)).decode("utf-8-sig")

    assert text.splitlines()[1].endswith(",flat")


@pytest.mark.parametrize("head", [b"", b"<!DOCTYPE worksheet [<!ENTITY a 'b'>]>"])
def test_an_xlsx_with_a_doctype_is_refused(tmp_path, head):
    path = tmp_path / "x.xlsx"
    with zipfile.ZipFile(xlsx_file(["code"], ["A"])) as good, zipfile.ZipFile(path, "w") as bad:
        for name in good.namelist():
            content = good.read(name)
            bad.writestr(
                name, content.replace(b"<worksheet", head + b"<worksheet") if "sheet1" in name else content
            )

    if head:
        with pytest.raises(InvalidInput):
            list(tabular.rows(path))
    else:
        assert list(tabular.rows(path)) == [(1, ["code"]), (2, ["A"])]


def test_a_stray_cell_far_below_costs_nothing_and_one_beyond_any_sheet_is_refused(tmp_path):
    for last, found in ((1_048_576, [(1, ["code"]), (1_048_576, ["A"])]), (999_999_999, None)):
        book, path = openpyxl.Workbook(), tmp_path / f"{last}.xlsx"
        book.active.append(["code"])
        book.active.append(["A"])
        book.save(path)
        _replace_in_sheet(path, {b'r="2"': f'r="{last}"'.encode(), b'r="A2"': f'r="A{last}"'.encode()})
        began = stopwatch.process_time()

        if found:
            assert list(tabular.rows(path)) == found
        else:
            with pytest.raises(InvalidInput, match="too large"):
                list(tabular.rows(path))

        assert stopwatch.process_time() - began < 20


def _replace_in_sheet(path, replacements):
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    for old, new in replacements.items():
        assert old in parts[sheet]
        parts[sheet] = parts[sheet].replace(old, new)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


@pytest.mark.parametrize("limit", ["LARGEST_UNPACKED", "LARGEST_IN_MEMORY"])
def test_an_xlsx_that_unpacks_too_large_is_refused(tmp_path, monkeypatch, limit):
    path = tmp_path / "x.xlsx"
    path.write_bytes(xlsx_file(["code"], ["A"]).getvalue())
    monkeypatch.setattr(tabular, limit, 1000)

    with pytest.raises(InvalidInput, match="unpacked"):
        list(tabular.rows(path))


def test_a_row_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "x.xlsx"
    path.write_bytes(xlsx_file(["code"], ["A" * 5000], *(["A"] for _ in range(200))).getvalue())
    monkeypatch.setattr(tabular, "_CHUNK", 2000)
    assert len(list(tabular.rows(path))) == 202
    _replace_in_sheet(path, {b"</sheetData>": b" " * 100_000 + b"</sheetData>"})
    monkeypatch.setattr(tabular, "LARGEST_IN_MEMORY", 50_000)

    with pytest.raises(InvalidInput, match="unpacked"):
        list(tabular.rows(path))


def test_records_of_a_file_are_found_like_others(estate):
    upload, mapping, _ = uploaded(
        estate, "unit", csv_file(["code", "use"], ["D-1", "flat"], ["D-2", "office"])
    )
    run(estate, upload, mapping)

    with estate.database.reading() as uow:
        unit = registers.register(uow, "unit")
        found = records.matching(uow, unit, {"use": "office"}, 10)
        count = uow.execute(
            select(func.count()).select_from(tables.history).where(tables.history.c.record_id.is_not(None))
        ).scalar()
    assert [each.number for each in found] == ["D-2"]
    assert count == 4
