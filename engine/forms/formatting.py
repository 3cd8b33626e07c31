"""Values as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from engine.texts import Text, same

NONE = same("—")
YES_NO = {True: Text("是", "yes"), False: Text("否", "no")}


def value_text(value: Any, zone: ZoneInfo) -> Text:
    """Return any variable as a short text: 36,000.50, 2026-03-02 14:30, 是."""
    match value:
        case None:
            return NONE
        case bool():
            return YES_NO[value]
        case Decimal() | float():
            return same(f"{value:,f}" if Decimal(value).is_finite() else "NaN")
        case datetime():
            return same(value.astimezone(zone).strftime("%Y-%m-%d %H:%M"))
        case date():
            return same(value.isoformat())
        case time():
            return same(value.strftime("%H:%M"))
        case Mapping():
            texts = (
                [value_text(value.get("name", value.get("label")), zone)]
                if _has_name(value)
                else [value_text(item, zone) for item in value.values()]
            )
        case list() | tuple():
            texts = [value_text(item, zone) for item in value]
        case _:
            return same(str(value))
    if not texts:
        return NONE
    return Text("、".join(text.zh for text in texts), ", ".join(text.en for text in texts))


def as_text(suffix: Text, value: Any, zone: ZoneInfo) -> str:
    """Return a limit with its unit, in a spelling that needs no language."""
    text = value_text(value, zone).zh
    return f"{text} {suffix.zh}".strip() if suffix.zh == suffix.en else text


def _has_name(value: Mapping[str, Any]) -> bool:
    return "name" in value or "label" in value
