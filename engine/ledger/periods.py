"""Periods of charges: which days one names, so that no day of a unit is charged twice."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

_SPAN = re.compile(r"(\d{4}-\d{2}(?:-\d{2})?)(?:/([\d-]+))?")


@dataclass(frozen=True)
class Days:
    """Days one after the other, both included."""

    first: date
    last: date

    def meet(self, other: Days) -> bool:
        """Whether the two have a day in common."""
        return self.first <= other.last and other.first <= self.last


def days_of(period: str) -> Days | None:
    """
    Return the days that a period names; None where it names none, such as the number of a lease.

    As ISO 8601 writes them: ``2026-11``, ``2026-11-12/2026-11-30``, ``2026-11-12/30``, ``2026-11/2027-01``.
    """
    match = _SPAN.fullmatch(period)
    if match is None:
        return None
    begins, ends = match[1], match[2] or match[1]
    ends = begins[: -len(ends)] + ends if len(ends) < len(begins) else ends
    try:
        days = Days(_bound(begins, last=False), _bound(ends, last=True))
    except ValueError:
        return None
    return days if days.first <= days.last else None


def _bound(text: str, *, last: bool) -> date:
    """Return a day, or the first or last day of a month. Raises ValueError."""
    if len(text) != len("2026-11"):
        return date.fromisoformat(text)
    year, month = int(text[:4]), int(text[5:])
    return date(year, month, monthrange(year, month)[1] if last else 1)
