"""Playing journeys, each on a database of its own in memory and on a moved clock."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
import time as stopwatch
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select

from engine import (
    clock,
    definitions,
    files,
    history,
    identity,
    journey_checks,
    journey_files,
    journey_records,
    runtime,
    tables,
    timers,
)
from engine.database import Database, UnitOfWork
from engine.errors import BanjieError, Conflict, InvalidForm, NotFound, NotPermitted, SamePerson
from engine.forms import Form
from engine.forms.components import Field, FileField, RowsField, fields_of
from engine.journey_checks import Sight, Surprise, written
from engine.journey_files import InvalidJourney, Journey, Step
from engine.placeholders import placeholder
from engine.settings import Centre
from engine.stage import GUESTS, Stage, enrol_groups, enrol_users
from engine.texts import Text, same

#: More timers than this in one wait mean a cycle that never ends.
MOST_TIMERS_IN_A_WAIT = 20_000
SEVERAL = "+"  #: between the groups of somebody who is in several of them


@dataclass(frozen=True)
class Failure:
    """The first step that did not go as the file says."""

    line: int
    step: int  # from 1; 0 is the start
    what: Text  # what was done or looked at
    expected: Text
    found: Text


@dataclass(frozen=True)
class Result:
    """How one journey went."""

    journey: Journey
    failure: Failure | None
    seconds: float
    flows: frozenset[tuple[str, str]] = frozenset()  # process and sequence flow: those that were taken


def play(journeys: Iterable[Journey], sources: Mapping[str, bytes]) -> Iterator[Result]:
    """
    Play journeys, one by one, against these files: ``stage.folder_files``, perhaps with others over them.

    Raises:
        InvalidDefinition: the files cannot be deployed.
        InvalidJourney: a journey names a process or an element that the files do not have.
    """
    return play_on(_stage(tuple(sorted(sources.items()))), journeys)


def play_on(stage: Stage, journeys: Iterable[Journey]) -> Iterator[Result]:
    """Play journeys, one by one, each on a copy of the stage. Raises InvalidJourney as ``play`` does."""
    journeys = list(journeys)
    for journey in journeys:
        _check_names(journey, stage)
    for journey in journeys:
        began = stopwatch.perf_counter()
        failure, flows = _play(journey, stage)
        yield Result(journey, failure, stopwatch.perf_counter() - began, flows)


@lru_cache(maxsize=2)
def _stage(sources: tuple[tuple[str, bytes], ...]) -> Stage:
    return Stage(dict(sources))


def _check_names(journey: Journey, stage: Stage) -> None:
    """See that somebody begins a journey and the diagrams have what it names. Raises InvalidJourney."""
    if journey.start is None and not any(step.action in ("start", "message") for step in journey.steps):
        what = Text("没有写由谁发起（start）。", "It does not say who starts it (start).")
        raise InvalidJourney(journey.file_name, journey.line, what)
    cases = [_elements(journey.process, journey, journey.line, stage)]
    elements = cases[0]
    for step in journey.steps:
        if step.action == "start":
            elements = _elements(step.keys["start"], journey, step.line, stage)
            cases.append(elements)
        if step.action == "case":
            number = step.keys["case"]
            if number > len(cases):
                what = Text("到这里只有 {n} 个案件。", "There are only {n} cases so far.")
                raise InvalidJourney(journey.file_name, step.line, what.format(n=len(cases)))
            elements = cases[number - 1]
        for element_id in step.element_ids:
            if element_id not in elements:
                what = Text("流程图里没有元素“{id}”。", "The diagram has no element “{id}”.")
                raise InvalidJourney(journey.file_name, step.line, what.format(id=element_id))
        if step.action == "message" and step.keys["message"] not in stage.messages:
            what = Text("没有流程图等待消息“{name}”。", "No diagram waits for a message “{name}”.")
            raise InvalidJourney(journey.file_name, step.line, what.format(name=step.keys["message"]))


def _elements(process: str, journey: Journey, line: int, stage: Stage) -> Collection[str]:
    try:
        return stage.elements(process)
    except NotFound as error:
        raise InvalidJourney(journey.file_name, line, error.message) from error


def _play(journey: Journey, stage: Stage) -> tuple[Failure | None, frozenset[tuple[str, str]]]:
    """Return where it failed, if it did, and the flows that were taken."""
    with tempfile.TemporaryDirectory(prefix="banjie-journey-") as folder:
        database = stage.database.copy_in_memory(Centre(files=Path(folder)))
        moved_clock = clock.MovedClock(journey.at)
        try:
            with clock.moved(moved_clock):
                _enrol(journey, database)
                try:
                    with database.unit_of_work() as uow:
                        journey_records.prepare(uow, journey)
                except BanjieError as error:
                    what, expected = same("records, ledger"), Text("可以登记", "they are taken")
                    return Failure(journey.line, 0, what, expected, _told(error)), frozenset()
                failure = Run(database, moved_clock, journey).play()
                with database.reading() as uow:
                    return failure, history.flows_taken(uow)
        finally:
            database.close()


def _enrol(journey: Journey, database: Database) -> None:
    """See that everybody whom a journey names is there."""
    groups = {who.removeprefix("group:") for who in journey.people if who.startswith("group:")}
    with database.unit_of_work() as uow:
        enrol_groups(uow, {key for each in groups for key in each.split(SEVERAL)})
        for several in groups:
            if SEVERAL in several:
                enrol_users(uow, [f"{several}.1"], several.split(SEVERAL))
        enrol_users(uow, {who for who in journey.people if not who.startswith("group:")}, [GUESTS])


class Run:
    """One journey on its way through a database."""

    def __init__(self, database: Database, moved_clock: clock.MovedClock, journey: Journey) -> None:
        self._database, self._clock, self._journey = database, moved_clock, journey
        self._zone = database.centre.zone
        #: the process instance that the steps are about, once there is one
        self.instance_id: int | None = None
        self._begun: list[int] = []  # the instances that its steps, or its first message, began
        self._seen_notification = 0

    def play(self) -> Failure | None:
        """Play every step until one fails; return how, or None."""
        failure = self.begin()
        for step in self._journey.steps:
            failure = failure or self.do(step)
        return failure

    def begin(self) -> Failure | None:
        """Start the journey's case, unless a message will; return what refused it, or None."""
        if self._journey.start is not None:
            try:
                self._start(self._journey.process, self._journey.start)
            except BanjieError as error:
                what = Text("由 {by} 发起", "started by {by}").format(by=self._journey.start.by)
                return Failure(self._journey.line, 0, what, Text("可以发起", "it starts"), _told(error))
        return None

    def do(self, step: Step) -> Failure | None:
        """Do a step, or look; return what came otherwise than it says, or None."""
        action = step.action
        if action is None:
            return self._look(step)
        try:
            surprise = _ACTIONS[action](self, step)
        except BanjieError as error:
            surprise = Surprise(Text("可以做", "it can be done"), _told(error))
        if surprise is None:
            return None
        by = Text("，由 {by}", ", by {by}").format(by=step.keys["by"]) if "by" in step.keys else same("")
        what = same("{action} {target}{by}").format(action=action, target=step.keys[action], by=by)
        return Failure(step.line, step.number, what, surprise.expected, surprise.found)

    def _look(self, step: Step) -> Failure | None:
        with self._database.reading() as uow:
            sight = Sight(uow, self._instance(uow), self._seen_notification)
            for key, expected in step.keys.items():
                surprise = sight.look(key, expected)
                if surprise is not None:
                    what = same(f"{key} = {written(expected)}")
                    return Failure(step.line, step.number, what, surprise.expected, surprise.found)
            if "notified" in step.keys:
                self._seen_notification = sight.newest_notification
        return None

    def _instance(self, uow: UnitOfWork) -> int | None:
        """Return the journey's instance: the one its start began, else the first that a message began."""
        if self.instance_id is None:
            self.instance_id = uow.execute(select(tables.process_instance.c.id)).scalar()
            self._begun += [self.instance_id] if self.instance_id is not None else []
        return self.instance_id

    # -- what steps do: each returns what came otherwise than expected, or None

    def _start(self, process: str, start: journey_files.Start) -> None:
        def attempt(uow: UnitOfWork, by: identity.User) -> None:
            form = definitions.start_form(uow, process)
            known = runtime.variables(uow, self.instance_id) if self.instance_id is not None else {}
            submitted, beside = submission(uow, computed(uow, start.values, known), form, by)
            started = runtime.start_as_called(uow, process, submitted, by, variables=beside)
            self.instance_id = started.instance_id

        self._as_any_of(start.by, attempt)
        self._begun += [self.instance_id] if self.instance_id is not None else []

    def _start_another(self, step: Step) -> None:
        """Start another case; the steps that follow are about it."""
        start = journey_files.Start(step.keys["by"], step.keys.get("values", {}))
        with self._database.reading() as uow:
            self._instance(uow)
        self._start(step.keys["start"], start)

    def _go_on_with(self, step: Step) -> None:
        """Go on with the case that the journey began first, second …; others may have begun in between."""
        with self._database.reading() as uow:
            self._instance(uow)
        self.instance_id = dict(enumerate(self._begun, 1)).get(step.keys["case"])

    def _task(self, step: Step) -> Surprise | None:
        """Complete the task meant; among several of one id the oldest that is for whoever does it."""
        nth = step.keys.get("nth")
        found = self._find(step.keys["task"], nth or 1, ("open",))
        if isinstance(found, Surprise):
            return found
        refused: BanjieError | None = None
        for task in found if nth is None else found[nth - 1 : nth]:
            try:
                self._complete(task, step)
            except (NotPermitted, Conflict) as error:
                refused = refused or error
            else:
                return None
        assert refused is not None
        raise refused

    def _refuse(self, step: Step) -> Surprise | None:
        nth = step.keys.get("nth", 1)
        found = self._find(step.keys["refuse"], nth, ("open", "completed", "cancelled"))
        if isinstance(found, Surprise):
            return found
        because = step.keys["because"]
        expected = Text("被拒绝，原因：{because}", "refused because of: {because}").format(because=because)
        try:
            self._complete(found[nth - 1], step)
        except BanjieError as error:
            return None if because in _reasons(error) else Surprise(expected, _told(error))
        return Surprise(expected, Text("没有被拒绝", "it was not refused"))

    def _find(self, element_id: str, nth: int, states: Sequence[str]) -> list[Row[Any]] | Surprise:
        """Return the tasks of this element in the first of these states that has any: n or more, by age."""
        with self._database.reading() as uow:
            tasks = journey_checks.tasks(uow, self._instance(uow))
        found: list[Row[Any]] = []
        for state in states:
            found = found or [
                each for each in tasks if each.element_id == element_id and each.status == state
            ]
        if len(found) >= nth:
            return found
        open_ids = sorted(each.element_id for each in tasks if each.status == "open")
        return Surprise(
            Text("任务“{id}”开着", "the task “{id}” is open").format(id=element_id),
            Text("开着的是 {open}", "open are {open}").format(open=written(open_ids)),
        )

    def _complete(self, task: Row[Any], step: Step) -> None:
        def attempt(uow: UnitOfWork, by: identity.User) -> None:
            form = definitions.form(uow, task.form_id) if task.form_id is not None else None
            values = step.keys.get("values", {})
            if is_to_be_computed(values):
                values = computed(uow, values, runtime.seen_by_task(uow, task.id))
            submitted, beside = submission(uow, values, form, by)
            if task.assignee is None and task.status == "open":
                runtime.claim_task(uow, task.id, by)
            runtime.complete_task(uow, task.id, submitted, by, variables=beside)

        try:
            self._as_any_of(step.keys["by"], attempt, first=task.assignee, last=task.completed_by)
        except SamePerson:
            raise
        except (NotPermitted, NotFound) as error:
            offered = json.loads(task.candidate_groups) + json.loads(task.candidate_users) or [task.assignee]
            raise NotPermitted(_NOT_THEIRS, who=step.keys["by"], offered=written(offered)) from error

    def _as_any_of(
        self,
        who: str,
        attempt: Callable[[UnitOfWork, identity.User], None],
        first: str | None = None,
        last: str | None = None,
    ) -> None:
        """Let a user, or the first permitted member of a group, do something; raise what refused the last."""
        refused: BanjieError = NotFound(Text("“{who}”没有成员。", "“{who}” has no members."), who=who)
        with self._database.reading() as uow:
            names = members(uow, who)
        for name in sorted(names, key=lambda each: (each == last, each != first)):
            try:
                with self._database.unit_of_work() as uow:
                    by = identity.user(uow, name)
                    if by is not None:
                        attempt(uow, by)
                        return
            except (NotPermitted, NotFound) as error:
                refused = error
        raise refused

    def _wait(self, step: Step) -> Surprise | None:
        months, span = journey_files.duration(step.keys["wait"]) or (0, timedelta())
        local = self._clock().astimezone(self._zone)
        return pass_time(self._database, self._clock, journey_files.add_months(local, months) + span)

    def _until(self, step: Step) -> Surprise | None:
        target = journey_files.instant(step.keys["until"], self._zone)
        if target is None or target < self._clock():
            return Surprise(
                Text("一个以后的时间", "a time to come"),
                Text("已经是 {now}", "it is {now} already").format(now=written(self._clock(), self._zone)),
            )
        return pass_time(self._database, self._clock, target)

    def _message(self, step: Step) -> None:
        """Let a message arrive; where no case waits for it, or none under its key, it is lost."""
        name, key = step.keys["message"], str(step.keys.get("key", ""))
        values = typed(step.keys.get("values", {}), self._zone)
        with contextlib.suppress(NotFound), self._database.unit_of_work() as uow:
            runtime.send_message(uow, name, values, key, None)


_NOT_THEIRS = Text(
    "“{who}”不能做这项任务，它给的是 {offered}。", "“{who}” may not do this task, which is for {offered}."
)
_ACTIONS: Mapping[str, Callable[[Run, Step], Surprise | None]] = {
    "task": Run._task,
    "refuse": Run._refuse,
    "wait": Run._wait,
    "until": Run._until,
    "message": Run._message,
    "start": Run._start_another,
    "case": Run._go_on_with,
}


def pass_time(database: Database, moved_clock: clock.MovedClock, target: datetime) -> Surprise | None:
    """
    Move the clock; each timer that falls due before then fires in order, at its own time.

    Return None, or that there is no end of timers.
    """
    for _ in range(MOST_TIMERS_IN_A_WAIT):
        with database.reading() as uow:
            due = timers.next_due(uow)
        if due is None or due >= target:
            moved_clock.move_to(target)
            return None
        moved_clock.move_to(max(due, moved_clock()))
        timers.fire_next(database)
    return Surprise(
        Text("定时器有尽头", "the timers come to an end"),
        Text("触发了 {n} 次还没完", "{n} fired, and more are due").format(n=MOST_TIMERS_IN_A_WAIT),
    )


def _told(error: BanjieError) -> Text:
    """Return what an error says; of a form, each field with its messages."""
    if not isinstance(error, InvalidForm):
        return error.message
    told = [(key or "–", message) for key, messages in error.errors.items() for message in messages]
    return Text(
        "; ".join(f"{key}:{message.zh}" for key, message in told),
        "; ".join(f"{key}: {message.en}" for key, message in told),
    )


def _reasons(error: BanjieError) -> set[str]:
    """Return what a journey may call this refusal."""
    if isinstance(error, InvalidForm):
        return set(error.errors)
    if isinstance(error, SamePerson):
        return {"same person", "not permitted"}
    if isinstance(error, NotPermitted | NotFound):
        return {"not permitted"}
    return {"conflict"} if isinstance(error, Conflict) else set()


# ---- what is handed in -------------------------------------------------------------------------------------


def submission(
    uow: UnitOfWork, values: Mapping[str, Any], form: Form | None, by: identity.User
) -> tuple[dict[str, Any], dict[str, Any]]:
    """
    Return a step's values as a person would hand them in, and those that go past the form.

    Where there is no form, any value may be given. A file's name becomes a small stored file.
    """
    given: dict[str, Any] = typed(values, uow.centre.zone)
    return (_with_files(uow, given, form.fields, by), {}) if form else ({}, given)


def is_to_be_computed(value: Any) -> bool:
    """Whether a value, or one inside it, is an expression such as ``${slip_number}``."""
    if isinstance(value, Mapping):
        return any(map(is_to_be_computed, value.values()))
    if isinstance(value, list):
        return any(map(is_to_be_computed, value))
    return isinstance(value, str) and value.startswith("${")


def computed(uow: UnitOfWork, value: Any, known: Mapping[str, Any]) -> Any:
    """Return values with their expressions worked out from a case’s variables. Raises ExpressionFailed."""
    if not is_to_be_computed(value):
        return value
    if isinstance(value, Mapping):
        return {key: computed(uow, each, known) for key, each in value.items()}
    if isinstance(value, list):
        return [computed(uow, each, known) for each in value]
    return runtime.evaluation(uow)(value, known)


def _with_files(
    uow: UnitOfWork, values: Mapping[str, Any], fields: Sequence[Field], by: identity.User
) -> dict[str, Any]:
    result = dict(values)
    for field in fields:
        value = result.get(field.key)
        if isinstance(field, FileField) and isinstance(value, str | list):
            names = [value] if isinstance(value, str) else value
            result[field.key] = [_stored(uow, each, by) for each in names]
        elif isinstance(field, RowsField) and isinstance(value, list):
            inner = [each for each, _ in fields_of(field.components)]
            result[field.key] = [
                _with_files(uow, row, inner, by) if isinstance(row, Mapping) else row for row in value
            ]
    return result


def _stored(uow: UnitOfWork, entry: Any, by: identity.User) -> Any:
    """Return the entry of one file, which a journey writes as its name or as { file = NAME, source = … }."""
    if isinstance(entry, str):
        today = uow.now.astimezone(uow.centre.zone).date()
        entry = {"file": entry, "source": entry, "taken_on": today.isoformat()}
    if not isinstance(entry, Mapping) or not isinstance(entry.get("file"), str):
        return entry
    stored = files.store(uow, io.BytesIO(placeholder(entry["file"])), entry["file"], by)
    return {**entry, "file": str(stored)}


def typed(value: Any, zone: ZoneInfo) -> Any:
    """Return a value of a journey file as a variable holds it; an instant has a zone."""
    if isinstance(value, Mapping):
        return {key: typed(each, zone) for key, each in value.items()}
    if isinstance(value, list):
        return [typed(each, zone) for each in value]
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=zone)
    return value


# ---- who is there ------------------------------------------------------------------------------------------


def members(uow: UnitOfWork, who: str) -> list[str]:
    """
    Return the user of that name, or the members of ``group:NAME``: those made for journeys first.

    ``group:ONE+OTHER`` is somebody who is in both.
    """
    if not who.startswith("group:"):
        return [who]
    group = who.removeprefix("group:")
    if SEVERAL in group:
        return [f"{group}.1"]
    names = identity.members(uow, [group])
    return sorted(names, key=lambda name: (not name.startswith(f"{group}."), name))
