"""What an instance tells of itself, and what it asks of the world: plain values without the library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Protocol
from uuid import UUID

from engine.texts import Text

Variables = Mapping[str, Any]


@dataclass(frozen=True)
class DecisionOutcome:
    """What a decision table answered, and which version of it was asked."""

    value: Any  # a dict of outputs (single hit), a list (collected), a number or None
    inputs: Variables  # what the table looked at
    definition_id: int
    version: int
    rule_ids: tuple[str, ...]  # the rules that matched


Service = Callable[["ServiceCall"], Variables]


@dataclass(frozen=True)
class ServiceCall:
    """What a service task asks for: its evaluated camunda:inputParameters, and the scope's variables."""

    topic: str
    element_id: str
    inputs: Variables
    variables: Variables


class Surroundings(Protocol):
    """What an instance may ask of the world while it advances; everything else is closed to it."""

    now: datetime
    zone: tzinfo  # where days begin and times without an offset are meant
    functions: Mapping[str, Callable[..., Any]]  # for expressions: workdays(), hours(), at_time() …
    services: Mapping[str, Service]  # by topic

    def decide(self, decision_key: str, variables: Variables) -> DecisionOutcome: ...


@dataclass(frozen=True)
class OpenTask:
    """A user task that waits for a person."""

    id: UUID
    process_id: str  # of the diagram that holds the element
    element_id: str
    name: Text
    form_key: str | None
    candidate_groups: tuple[str, ...]
    candidate_users: tuple[str, ...]
    assignee: str | None
    due_at: datetime | None
    follow_up_at: datetime | None
    priority: int
    not_by: tuple[str, ...]  # element ids; "start" is the one who started the instance


@dataclass(frozen=True)
class ArmedTimer:
    """A timer event that waits. ``token_id`` is unique in the instance and stays until it fires or goes."""

    token_id: str
    element_id: str
    due_at: datetime
    process_id: str = ""  # of the diagram that holds the element


@dataclass(frozen=True)
class AwaitedEvent:
    """A message or signal that some element waits for."""

    kind: str  # "message" or "signal"
    name: str
    element_id: str
    correlation_key: str  # "" where the element does not ask for one
    process_id: str = ""


@dataclass(frozen=True)
class SentEvent:
    """A message or signal that an element sent to other instances."""

    kind: str
    name: str
    element_id: str
    values: Variables
    correlation_key: str


@dataclass(frozen=True)
class Incident:
    """An element that could not be carried out; the token waits there for a retry."""

    token_id: str
    element_id: str
    message: Text
    process_id: str = ""


@dataclass(frozen=True)
class Standing:
    """Where an instance stands: all that it waits for, oldest first."""

    tasks: list[OpenTask] = field(default_factory=list)
    timers: list[ArmedTimer] = field(default_factory=list)
    awaited: list[AwaitedEvent] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)


@dataclass(frozen=True)
class Decided:
    """A decision that was made on the way."""

    element_id: str
    decision_key: str
    outcome: DecisionOutcome
    process_id: str = ""
    variable: str = ""  # what the answer becomes; "": variables of the outputs' names


@dataclass
class Advance:
    """What happened during one call: for the history, in order."""

    passed: list[str] = field(default_factory=list)  # elements completed, with repeats, in order
    processes: list[str] = field(default_factory=list)  # the process of each of them
    flows: list[str] = field(default_factory=list)  # sequence flows taken
    flow_processes: list[str] = field(default_factory=list)  # the process of each of them
    decisions: list[Decided] = field(default_factory=list)
    sent: list[SentEvent] = field(default_factory=list)
