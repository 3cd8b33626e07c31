"""Values as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from engine.forms.components import NumberField
from engine.texts import Text, days_in_words, same

NONE = same("—")
YES_NO = {True: Text("是", "yes"), False: Text("否", "no")}


def day_text(day: date) -> Text:
    """Return a day: 2026年3月2日, 2 Mar 2026."""
    return days_in_words(same(day.isoformat()))


def amount_text(value: Decimal | int) -> Text:
    """Return an amount to the fen: 36,000.00."""
    return same(f"{value:,.2f}".replace("-", "−"))


def value_text(value: Any, zone: ZoneInfo) -> Text:
    """Return any variable as a short text: 36,000.50, 2026年3月2日 14:30, 是."""
    match value:
        case None:
            return NONE
        case bool():
            return YES_NO[value]
        case Decimal() | float():
            return same(f"{value:,f}" if Decimal(value).is_finite() else "NaN")
        case datetime():
            here = value.astimezone(zone)
            return Text("{day} {time}", "{day} {time}").format(day=day_text(here), time=f"{here:%H:%M}")
        case date():
            return day_text(value)
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


def in_both(row: Mapping[str, Any], key: str) -> Any:
    """Return a value of a record; with its English where that stands beside it: ``step``, ``stepEn``."""
    value, english = row.get(key), row.get(f"{key}En")
    return Text(value, english) if isinstance(value, str) and isinstance(english, str) else value


def number_text(spec: NumberField, value: Decimal | int) -> Text:
    """Return a number as its field shows it: an amount to the fen, each with its unit."""
    text = (
        amount_text(value)
        if spec.is_amount
        else same(f"{value:,}" if isinstance(value, int) else f"{value:,f}")
    )
    return Text(
        f"{spec.prefix.zh} {text.zh} {spec.suffix.zh}".strip(),
        f"{spec.prefix.en} {text.en} {spec.suffix.en}".strip(),
    )


def as_entered(value: Any, zone: ZoneInfo) -> str:
    """Return a value as somebody would type it, in a spelling that needs no language."""
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    return value_text(value, zone).zh


def _has_name(value: Mapping[str, Any]) -> bool:
    return "name" in value or "label" in value
