"""The one place that reads the time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime


def _system_time() -> datetime:
    return datetime.now(UTC)


_time: ContextVar[Callable[[], datetime]] = ContextVar("time", default=_system_time)


def now() -> datetime:
    """Return the present instant, aware and in UTC."""
    return _time.get()()


class MovedClock:
    """A clock that stands still until it is moved: for tests, journeys and demo cases."""

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        self._at = at.astimezone(UTC)

    def __call__(self) -> datetime:
        return self._at

    def move_to(self, at: datetime) -> None:
        """Set the clock to an aware instant."""
        self._at = at.astimezone(UTC)


@contextmanager
def moved(clock: Callable[[], datetime]) -> Iterator[None]:
    """Let this thread of execution read ``clock`` instead of the system's time; others are untouched."""
    token = _time.set(clock)
    try:
        yield
    finally:
        _time.reset(token)
