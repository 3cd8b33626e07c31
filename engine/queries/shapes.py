"""What pages show: plain values that nothing can change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from engine.comparing import Difference
from engine.forms import Form
from engine.forms.loading import Evaluate, LabelsOf
from engine.forms.view import FormView
from engine.texts import Text

DueFilter = Literal["overdue", "today", "week"]

# ---- small things that several pages show ----------------------------------------------------------------


@dataclass(frozen=True)
class Person:
    """Somebody's login name, and the name that people know."""

    name: str
    full_name: str


@dataclass(frozen=True)
class Group:
    """A group of people: a role of the organisation."""

    key: str
    name: Text


@dataclass(frozen=True)
class Count:
    """How many, counted up to a limit: ``str(count)`` is "7" or "1000+"."""

    number: int
    is_capped: bool = False

    def __str__(self) -> str:
        return f"{self.number}+" if self.is_capped else str(self.number)


@dataclass(frozen=True)
class Picture:
    """A diagram to draw, with what happened on it. ``xml`` is for the viewer; ids are element ids."""

    definition_id: int
    process_key: str
    name: Text
    version: int
    xml: str
    tokens: tuple[str, ...] = ()  # where a token stands; an id twice: two tokens
    passed: tuple[str, ...] = ()  # elements completed, each once
    flows: tuple[str, ...] = ()  # sequence flows taken, each once
    incidents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Quantity:
    """A number as its field shows it, with its unit: 36,000.00 元, 24 小时."""

    text: Text


@dataclass(frozen=True)
class Answer:
    """One value of a case, readable: ``label`` from its form, else the variable's name.

    ``value`` is a plain value (str, bool, int, Decimal, date, time, aware datetime, list, dict, None);
    for a select field its option's Text, for a number of a form a Quantity, for a file field a tuple of
    FileLine. ``is_hidden``: the viewer may not see it, and ``value`` is None.
    """

    name: str
    label: Text
    value: Any
    is_hidden: bool = False
    is_asked: bool = False  # by a form; else the process worked it out


@dataclass(frozen=True)
class StepAnswers:
    """What one step of a case answered; without a step, what the process itself has worked out."""

    step: Text | None
    by: Person | None
    on_behalf_of: Person | None  # whom a substitute stood in for
    at: datetime | None
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Change:
    """A value before and after one completion."""

    name: str
    label: Text
    old: Any
    new: Any
    is_hidden: bool = False


@dataclass(frozen=True)
class DecisionShown:
    """One decision of a case: which table, which version, what it looked at and what it said."""

    key: str
    name: Text
    definition_id: int
    version: int
    inputs: tuple[Answer, ...]
    result: Any
    rules: tuple[Text, ...]  # those that fitted: the row and its annotation
    is_hidden: bool = False  # result and rules, which would give something hidden away


@dataclass(frozen=True)
class HistoryLine:
    """One line of a case's timeline; ``text`` reads as a sentence without the person and the time."""

    id: int
    at: datetime
    kind: str  # a history.Kind
    text: Text
    element_id: str | None
    element_name: Text | None
    by: Person | None  # None: the program itself
    on_behalf_of: Person | None  # whom a substitute stood in for
    version: int | None  # of the definition concerned
    note: str = ""  # a reason, comment or hand-over note
    changes: tuple[Change, ...] = ()
    decision: DecisionShown | None = None


@dataclass(frozen=True)
class CommentLine:
    """A remark that somebody left with a case."""

    id: int
    by: Person
    at: datetime
    text: str
    task_name: Text | None


@dataclass(frozen=True)
class FileLine:
    """A file of a case: opened under its id, through ``files.open_file``."""

    id: UUID
    file_name: str
    content_type: str
    size: int  # bytes
    uploaded_by: Person
    uploaded_at: datetime
    variable: str | None
    label: Text | None


@dataclass(frozen=True)
class FormSheet:
    """A form with what is known, ready to be drawn: ``sheet.view(language, typed, errors)``."""

    form: Form
    known: Mapping[str, Any]
    draft: Mapping[str, Any] | None
    zone: ZoneInfo
    evaluate: Evaluate
    files: Mapping[str, Mapping[str, Any]]  # by id: those of the case, and those that the viewer has uploaded
    labels: LabelsOf  # of registers: "key.kind" → value → label

    def view(
        self,
        language: str,
        typed: Mapping[str, Any] | None = None,
        errors: Mapping[str, Sequence[Text]] | None = None,
    ) -> FormView:
        """Return what to draw; without ``typed``, the draft is taken where there is one."""
        return self.form.view(
            self.known,
            self.draft if typed is None else typed,
            errors,
            language=language,
            zone=self.zone,
            evaluate=self.evaluate,
            attachment=self.files.get,
            labels=self.labels,
        )


@dataclass(frozen=True)
class OpenStep:
    """A step that a case waits for, and who has it; nobody yet: any of its groups."""

    name: Text
    assignee: Person | None


@dataclass(frozen=True)
class CaseLine:
    """One case, on one line."""

    instance_id: int
    case_number: str
    process_key: str
    process_name: Text
    title: Text
    customer: str
    unit: str
    status: str  # running, completed, cancelled, stopped
    started_at: datetime
    started_by: Person | None
    changed_at: datetime
    ended_at: datetime | None
    steps: tuple[OpenStep, ...]
    next_due_at: datetime | None  # of the open tasks
    is_overdue: bool
    has_incident: bool


@dataclass(frozen=True)
class TaskLine:
    """One task of a case, open or done."""

    task_id: UUID
    element_id: str
    name: Text
    status: str  # open, completed, cancelled
    groups: tuple[Group, ...]
    assignee: Person | None
    created_at: datetime
    due_at: datetime | None
    is_overdue: bool
    priority: int
    completed_at: datetime | None
    completed_by: Person | None
    may_do: bool  # the viewer may do it, or may claim it
    may_hand_over: bool  # the viewer may give it to somebody, whoever has it


# ---- inbox -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class InboxItem:
    """One line of somebody's inbox."""

    task_id: UUID
    instance_id: int
    case_number: str
    process_key: str  # of the case
    process_name: Text
    element_id: str
    name: Text
    title: Text
    customer: str
    unit: str
    groups: tuple[Group, ...]
    assignee: Person | None
    on_behalf_of: Person | None  # it is here because the viewer stands in for this person
    created_at: datetime
    due_at: datetime | None
    is_overdue: bool
    is_due_soon: bool  # within the next two hours
    priority: int  # 0 to 100; 50 is usual


@dataclass(frozen=True)
class InboxPage:
    """Part of an inbox, soonest due first; ``next_after`` is asked for to go on, None at the end."""

    items: tuple[InboxItem, ...]
    next_after: str | None


@dataclass(frozen=True)
class Counts:
    """How much waits: each counted up to 1000."""

    mine: Count
    all_groups: Count
    overdue: Count  # among mine and my groups'
    groups: Mapping[str, Count]  # by group key, own groups and those stood in for
    group_names: Mapping[str, Text]
    processes: Mapping[str, Text]  # every process with a deployed version: key -> name, for the filter
    newest: str  # changes when a task arrives or leaves: for polling
    notifications: Count  # messages not looked at yet

    @property
    def waiting(self) -> Count:
        """Return what waits for the user, claimed or not."""
        both = (self.mine, self.all_groups)
        return Count(sum(one.number for one in both), any(one.is_capped for one in both))


@dataclass(frozen=True)
class Startable:
    """A process that the user may start."""

    process_key: str
    name: Text
    documentation: Text
    version: int
    has_draft: bool


@dataclass(frozen=True)
class StartPage:
    """What the page that starts a case shows."""

    process_key: str
    name: Text
    guidance: Text  # the documentation of the start event, or of the process
    sheet: FormSheet | None  # None: the process asks nothing at its start


@dataclass(frozen=True)
class TaskPage:
    """What the page of one task shows."""

    task: TaskLine
    case: CaseLine
    guidance: Text  # the element's documentation: Markdown-free plain text with line breaks
    rules: tuple[str, ...]  # handbook ids from the property "rules"
    sheet: FormSheet | None
    is_mine: bool
    may_claim: bool
    may_complete: bool
    may_give_back: bool
    on_behalf_of: Person | None  # the user may do it as this person's substitute
    answers: tuple[StepAnswers, ...]  # given earlier in this case, newest first
    files: tuple[FileLine, ...]
    comments: tuple[CommentLine, ...]
    history: tuple[HistoryLine, ...]  # newest first
    picture: Picture
    hand_over_to: tuple[Person, ...]  # whoever sees the page may hand the task over


# ---- cases -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CaseFilter:
    """Which cases to look for; what is empty does not matter."""

    text: str = ""  # anywhere in number, title, customer, unit and searchable values
    number: str = ""  # beginning of the case number
    customer: str = ""
    unit: str = ""
    process: str = ""
    status: str = ""  # running, completed, cancelled, stopped
    element: str = ""  # an open task with this element id
    person: str = ""  # user name: started it, or did or has one of its tasks
    started_from: date | None = None
    started_to: date | None = None  # inclusive, in the centre's zone
    overdue: bool = False
    incident: bool = False


@dataclass(frozen=True)
class Step:
    """A user task of a process, to look for cases that stand there."""

    element_id: str
    name: Text
    process_name: Text


@dataclass(frozen=True)
class CaseChoices:
    """What cases may be looked for by."""

    processes: Mapping[str, Text]  # by process key
    steps: tuple[Step, ...]
    people: tuple[Person, ...]


@dataclass(frozen=True)
class CaseList:
    """Part of the cases found, newest first."""

    items: tuple[CaseLine, ...]
    next_after: str | None
    count: Count


@dataclass(frozen=True)
class TimerLine:
    """A timer that is armed."""

    element_id: str
    name: Text
    due_at: datetime
    has_failed: bool


@dataclass(frozen=True)
class IncidentLine:
    """A problem that stopped a case at one element."""

    id: int
    element_id: str
    element_name: Text
    message: Text
    raised_at: datetime
    resolved_at: datetime | None
    resolved_by: Person | None


@dataclass(frozen=True)
class CasePage:
    """What the page of one case shows."""

    case: CaseLine
    end_element_id: str | None
    end_element: Text | None
    pictures: tuple[Picture, ...]  # the case's own process first, then those it calls
    history: tuple[HistoryLine, ...]  # oldest first
    tasks: tuple[TaskLine, ...]  # open ones first
    timers: tuple[TimerLine, ...]
    waiting_for: tuple[Text, ...]  # messages and signals
    variables: tuple[Answer, ...]
    files: tuple[FileLine, ...]
    comments: tuple[CommentLine, ...]
    incidents: tuple[IncidentLine, ...]  # open ones first
    viewers: tuple[Group, ...]  # groups whose members see this case
    may_cancel: bool
    may_retry: bool


# ---- definitions -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DefinitionVersion:
    """One deployed version of a diagram, table or form."""

    definition_id: int
    kind: str  # process, decision, form
    key: str
    version: int
    name: Text
    file_name: str
    origin: str  # file, page
    reason: str
    deployed_by: Person
    deployed_at: datetime
    is_latest: bool
    running: int  # cases that run on it; processes only


@dataclass(frozen=True)
class DefinitionPage:
    """What the page of one version shows."""

    version: DefinitionVersion
    versions: tuple[DefinitionVersion, ...]  # newest first
    source: str
    picture: Picture | None  # processes only
    uses: tuple[DefinitionVersion, ...]  # latest versions of what it names: processes, tables, forms
    sheet: FormSheet | None  # forms only: to show it


@dataclass(frozen=True)
class Comparison:
    """What differs between two versions of the same thing."""

    older: DefinitionVersion
    newer: DefinitionVersion
    differences: tuple[Difference, ...]


# ---- messages, people, calendar --------------------------------------------------------------------------


@dataclass(frozen=True)
class NotificationLine:
    """One message to the user."""

    id: int
    text: Text
    created_at: datetime
    instance_id: int
    case_number: str
    task_id: UUID | None  # while that task is open
    is_new: bool


@dataclass(frozen=True)
class Substitution:
    """Somebody stands in for somebody, from the first to the last day, both included."""

    id: int
    user: Person
    substitute: Person
    first_day: date
    last_day: date
    named_by: Person
    is_revoked: bool


@dataclass(frozen=True)
class PersonLine:
    """One person, as an administrator sees them."""

    name: str
    full_name: str
    email: str | None
    language: str
    active: bool
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class GroupLine:
    """One group of people, as an administrator sees it."""

    key: str
    name: Text
    side: str  # property, developer, external
    capabilities: tuple[Text, ...]
    members: int  # who may log in


@dataclass(frozen=True)
class PeoplePage:
    """What the page about people shows."""

    people: tuple[PersonLine, ...]
    groups: tuple[Group, ...]
    substitutions: tuple[Substitution, ...]


@dataclass(frozen=True)
class ProfilePage:
    """What somebody sees about themselves."""

    person: PersonLine
    substitutions: tuple[Substitution, ...]  # for them, and by them; not yet over
    colleagues: tuple[Person, ...]  # whom they may name


@dataclass(frozen=True)
class HouseLine:
    """One change that concerns no single case; ``text`` is a sentence without the person and the time."""

    id: int
    at: datetime
    kind: str  # a history.Kind
    text: Text
    by: Person | None
    note: str = ""


@dataclass(frozen=True)
class CalendarDay:
    """One day of the centre's calendar."""

    day: date
    is_working: bool
    is_exception: bool  # entered by an administrator
    note: str


@dataclass(frozen=True)
class CalendarPage:
    """One year of the centre's calendar."""

    year: int
    days: tuple[CalendarDay, ...]
    is_provisional: bool  # the official notice is not known
    was_entered_by: Person | None  # who said that it has been entered
