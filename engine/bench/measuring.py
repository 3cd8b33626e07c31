"""Medians, percentiles and counted statements."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.synchronize import Barrier
from typing import Any

from sqlalchemy import Connection, event

from engine.database import Database


@dataclass(frozen=True)
class Statement:
    """A statement as it was executed, to be executed once more."""

    statement: Any
    values: Any
    is_together: bool  # sent with its neighbours, without waiting for each answer


@dataclass
class Times:
    """How long something took, again and again; in milliseconds."""

    each: list[float] = field(default_factory=list)
    #: Of it the processor time of this process: what others do on the machine hardly changes it.
    processor: list[float] = field(default_factory=list)

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Time what happens in the block."""
        began, used = time.perf_counter(), time.process_time()
        yield
        self.processor.append((time.process_time() - used) * 1000)
        self.each.append((time.perf_counter() - began) * 1000)

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.each)

    @property
    def processor_median(self) -> float:
        """The middle one of the processor times."""
        return statistics.median(self.processor)

    @property
    def p99(self) -> float:
        """What one in a hundred exceeds."""
        return sorted(self.each)[min(len(self.each) - 1, round(0.99 * len(self.each)))]

    def summary(self) -> dict[str, float]:
        """Return median and 99th percentile."""
        return {"median_ms": round(self.median, 3), "p99_ms": round(self.p99, 3), "count": len(self.each)}


def median_of(work: Callable[[], object], times: int) -> float:
    """Return the median of some runs, in milliseconds."""
    taken = Times()
    for _ in range(times):
        with taken.measured():
            work()
    return taken.median


@contextmanager
def recorded(database: Database) -> Iterator[list[Statement]]:
    """Collect the statements of the block, with their values, as they could be executed once more."""
    found: list[Statement] = []

    def note(connection: Connection, statement: Any, several: Sequence[Any], one: Any, _: Any) -> None:
        driver: Any = connection.connection.driver_connection
        is_together = not database.is_sqlite and driver.pgconn.pipeline_status != 0
        found.append(Statement(statement, several or one or None, is_together))

    event.listen(database.connections, "before_execute", note)
    try:
        yield found
    finally:
        event.remove(database.connections, "before_execute", note)


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """Collect the text of every statement of the block, but for BEGIN and COMMIT."""
    found: list[str] = []

    def note(_: Any, __: Any, statement: str, *more: Any) -> None:
        if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK")):
            found.append(statement)

    event.listen(database.connections, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(database.connections, "before_cursor_execute", note)


def ratio(one: float, other: float) -> float:
    """Return how many times as much one is as the other."""
    return round(one / other, 2) if other else 0.0


@contextmanager
def unless_broken(barrier: Barrier) -> Iterator[None]:
    """Let nobody wait for a process that failed."""
    try:
        yield
    except BaseException:
        barrier.abort()
        raise
