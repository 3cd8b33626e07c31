"""Random walks through the organisation's diagrams: a restart after every step changes nothing."""

from __future__ import annotations

import json
import os
import random
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.bpmn import decision_files, diagram, expressions, functions
from engine.bpmn.decisions import DecisionTable
from engine.bpmn.execution import DecisionOutcome, Execution, OpenTask
from engine.business_calendar import BusinessCalendar
from engine.errors import ExpressionFailed

PROCESSES = Path(__file__).parents[3] / "processes"
ZONE = ZoneInfo("Asia/Shanghai")
WALKS = int(os.environ.get("BANJIE_RANDOM_ROUNDS", "320")) // 16
MOST_STEPS = 60
AMOUNTS = (0, 300, 799, 3_000, 35_000, 36_000, 50_000, 120_000)


class Services(dict[str, Any]):
    """Every service there can be, with an answer for whatever is asked of it."""

    def get(self, topic: str, default: Any = None) -> Any:
        return lambda call: answer_of(topic, call.inputs)


def answer_of(topic: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Answer as if every record that is asked for were there, nobody owed anything, and all went well."""
    if topic.startswith("register_"):
        record = a_record(str(inputs.get("register")), inputs)
        return {"record": record, "records": [record], "count": 1, "number": record["number"]}
    nothing = Decimal(0)
    amounts = ("charged", "receivable", "held", "refunded", "deducted", "owed", "deposits_total", "late_fee")
    return {
        **dict.fromkeys(amounts, nothing),
        "count": 0,
        "days": 0,
        "total": nothing,
        "cases": [],
        "deposits": {},
        "received": nothing,
        "number": "N-1",
        "receipt_number": "SJ-1",
        "paper_number": "P-1",
        "paper_id": 1,
    }


def a_record(register: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with a value in each of its fields, of that field's kind."""
    record: dict[str, Any] = {"number": str(inputs.get("number") or "N-1"), "title": "title"}
    for one in registers().get(register, {}).get("field", ()):
        record[one["key"]] = {
            "decimal": Decimal(100),
            "amount": Decimal(100),
            "integer": 1,
            "boolean": False,
            "date": date(2026, 3, 1),
            "choice": next(iter(_choices(one)), "text"),
        }.get(one["type"], "text")
    return record


def _choices(field: Mapping[str, Any]) -> list[str]:
    return [each if isinstance(each, str) else str(each.get("value")) for each in field.get("choices", ())]


@cache
def registers() -> Mapping[str, Any]:
    document = tomllib.loads((PROCESSES / "registers.toml").read_text(encoding="utf-8"))
    return {each["key"]: each for each in document["register"]}


class World:
    """The decision tables of the folder, services that say nothing, and a clock that the walk moves."""

    zone = ZONE

    def __init__(self) -> None:
        self.services = Services()
        self.calendar = a_calendar()
        self.move_to(datetime(2026, 3, 2, 1, tzinfo=UTC))

    def move_to(self, now: datetime) -> None:
        self.now = now
        self.functions = functions.functions(now, ZONE, self.calendar)

    def decide(self, decision_key: str, variables: Mapping[str, Any]) -> DecisionOutcome:
        result = tables()[decision_key].evaluate(variables, self.functions)
        return DecisionOutcome(result.value, result.inputs, 1, 1, tuple(result.rule_ids))


@cache
def a_calendar() -> BusinessCalendar:
    return BusinessCalendar(ZONE, time(9), time(18), {}, {2026})


@cache
def tables() -> Mapping[str, DecisionTable]:
    return {
        table.key: table
        for path in PROCESSES.glob("*.dmn")
        for table in decision_files.read(path.read_bytes(), path.name)
    }


@cache
def diagrams() -> Mapping[str, diagram.Diagram]:
    found = (diagram.read(path.read_bytes(), path.name) for path in PROCESSES.glob("*.bpmn"))
    return {each.process_id: each for each in found}


@cache
def forms() -> Mapping[str, Any]:
    return {form["id"]: form for form in map(_json, (PROCESSES / "forms").glob("*.form"))}


def _json(path: Path) -> Any:
    return json.loads(path.read_text())


def answers(form_key: str | None, dice: random.Random) -> dict[str, Any]:
    """Fill a form at random, whatever its conditions say."""
    filled: dict[str, Any] = {}
    _fill(forms().get(form_key, {}).get("components", ()), filled, dice)
    return filled


def _fill(parts: Sequence[Mapping[str, Any]], filled: dict[str, Any], dice: random.Random) -> None:
    for part in parts:
        if part["type"] == "group":
            _fill(part.get("components", ()), filled, dice)
        elif part["type"] == "dynamiclist":
            row: dict[str, Any] = {}
            _fill(part.get("components", ()), row, dice)
            filled[part.get("path") or part["key"]] = [row]
        elif part["type"] == "expression":
            with suppress(ExpressionFailed):
                filled[part["key"]] = expressions.compile(part["expression"]).evaluate(filled, {})
        elif "key" in part:
            filled[part["key"]] = _answer(part, dice)


def _answer(part: Mapping[str, Any], dice: random.Random) -> Any:
    kind = part["type"]
    chosen = [each["value"] for each in part.get("values", ())]
    if kind in ("radio", "select"):
        return dice.choice(chosen) if chosen else None
    if kind in ("checklist", "taglist"):
        return dice.sample(chosen, min(len(chosen), 2))
    if kind == "number":
        return Decimal(dice.choice(AMOUNTS))
    if kind == "checkbox":
        return dice.random() < 0.5
    if kind == "datetime":
        at = datetime(2026, 3, dice.randint(1, 28), 10, tzinfo=ZONE)
        return at.date() if part.get("subtype") == "date" else at
    return [] if kind == "filepicker" else "text"


class Side:
    """One of the two executions of a walk."""

    def __init__(self, key: str, restarts: bool, filled: Mapping[str, Any]) -> None:
        top = diagrams()[key]
        self.program = diagram.assemble(top, [each for each in diagrams().values() if each is not top])
        self.restarts = restarts
        self.world = World()
        given = {"case_number": "TS-20260302-0001", "started_by": "li", "unit": "3-1201"}
        self.now = Execution.start(self.program, {**filled, **given}, self.world)
        self.after()

    def after(self) -> None:
        if self.restarts:
            self.now = Execution.restore(self.program, self.now.dump(), self.world)

    def complete(self, number: int, filled: Mapping[str, Any]) -> None:
        self.now.complete_task(self.now.open_tasks[number].id, filled)
        self.after()

    def fire_earliest(self) -> None:
        timer = min(self.now.timers, key=lambda each: each.due_at)
        self.world.move_to(max(self.world.now, timer.due_at + timedelta(seconds=1)))
        self.now = Execution.restore(self.program, self.now.dump(), self.world) if self.restarts else self.now
        self.now.fire_timer(timer.token_id)
        self.after()

    def seen(self) -> Any:
        now = self.now
        return (
            [_without_id(task) for task in now.open_tasks],
            [(timer.element_id, timer.due_at) for timer in now.timers],
            now.awaited,
            [(incident.element_id, incident.message) for incident in now.incidents],
            now.tokens,
            now.ended_at,
            now.variables,
        )


def _without_id(task: OpenTask) -> Any:
    return {**vars(task), "id": None}


def _started_with_a_form() -> list[str]:
    """Return the processes that people start; those that only others call are walked through with their callers."""
    return sorted(key for key, each in diagrams().items() if each.start_form_key and each.starter_groups)


@pytest.mark.parametrize("key", _started_with_a_form())
def test_a_restart_after_every_step_changes_nothing(key):
    steps = 0
    for seed in range(WALKS):
        dice = random.Random(f"{key} {seed}")
        filled = answers(diagrams()[key].start_form_key, dice)
        restarted, unbroken = Side(key, True, filled), Side(key, False, filled)
        for step in range(MOST_STEPS):
            assert restarted.seen() == unbroken.seen(), f"{key}, seed {seed}, step {step}"
            tasks, timers = restarted.now.open_tasks, restarted.now.timers
            if not (tasks or timers):
                break
            steps += 1
            if timers and (not tasks or dice.random() < 0.2):
                restarted.fire_earliest()
                unbroken.fire_earliest()
            else:
                number = dice.randrange(len(tasks))
                filled = answers(tasks[number].form_key, dice)
                restarted.complete(number, filled)
                unbroken.complete(number, filled)

    assert steps >= WALKS
