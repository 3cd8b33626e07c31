"""How values are shown: instants in the centre's zone, amounts, sizes, texts in the reader's language."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.dates import format_timedelta
from flask import Flask, url_for
from flask_babel import gettext as _
from markupsafe import Markup, escape

from engine import clock
from engine.queries import FileLine, Quantity
from engine.texts import Text
from web.context import in_language, is_fragment, language, settings

DUE_SOON = timedelta(hours=2)
LANGUAGES = {"zh": "中文", "en": "English"}  # each by its own name
FINGERPRINTS = Path(__file__).parent / "static" / "build" / "fingerprints.json"


def present(app: Flask) -> None:
    """Make the filters and functions known to every template."""
    app.jinja_env.filters.update(
        text=in_language,
        instant=instant,
        deadline=deadline,
        clock_time=clock_time,
        day=day,
        relative=relative,
        lasting=lasting,
        span=span,
        iso=iso,
        prose=prose,
        value=value,
        money=money,
        file_size=file_size,
        urgency=urgency,
    )
    fingerprints = _fingerprints()
    app.jinja_env.globals["asset"] = lambda name: _asset(name, fingerprints)
    app.jinja_env.globals["icon"] = lambda name: _icon(name, fingerprints)
    app.jinja_env.globals["language"] = language
    app.jinja_env.globals["LANGUAGES"] = LANGUAGES
    app.jinja_env.globals["is_fragment"] = is_fragment
    app.jinja_env.globals["now"] = clock.now
    app.jinja_env.globals["file_address"] = _file_address
    app.jinja_env.globals["has_page"] = lambda endpoint: endpoint in app.view_functions
    app.jinja_env.globals["demo"] = lambda: settings().demo
    app.jinja_env.globals["largest_file"] = lambda: settings().largest_file


def local(at: datetime) -> datetime:
    """Return the instant as the centre's clocks show it."""
    return at.astimezone(settings().zone)


def instant(at: datetime | None) -> str:
    """Return day and time in the centre's zone; the year only where it is another one."""
    if at is None:
        return "—"
    shown = local(at)
    return f"{day(shown.date())} {shown:%H:%M}"


def deadline(at: datetime) -> str:
    """Return a limit as people say it: the end of a day is that day's 24:00, not the next one's 00:00."""
    shown = local(at)
    return instant(at) if shown.time() != time() else f"{day(shown.date() - timedelta(days=1))} 24:00"


def clock_time(at: datetime) -> str:
    """Return the time of day in the centre's zone."""
    return f"{local(at):%H:%M}"


ENGLISH_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day(of: date | datetime | None) -> str:
    """Return a day: 3月5日 or 5 Mar; with its year where it is not this one."""
    if of is None:
        return "—"
    shown = local(of).date() if isinstance(of, datetime) else of
    this_year = shown.year == local(clock.now()).year
    if language() == "en":
        return f"{shown.day} {ENGLISH_MONTHS[shown.month - 1]}" + ("" if this_year else f" {shown.year}")
    return ("" if this_year else f"{shown.year}年") + f"{shown.month}月{shown.day}日"


def iso(at: datetime) -> str:
    """Return the instant for a machine."""
    return local(at).isoformat(timespec="seconds")


def relative(at: datetime) -> str:
    """Return how far away the instant is: “3小时后”，“2 days ago”."""
    return format_timedelta(
        at - clock.now(),
        granularity="minute",
        add_direction=True,
        threshold=1.2,
        locale="en" if language() == "en" else "zh_Hans_CN",
    )


def lasting(since: datetime) -> str:
    """Return how long something has lasted: “3小时”，“2 days”."""
    return span(clock.now() - since)


def span(of: timedelta) -> str:
    """Return a span of time: “3小时”，“2 days”."""
    return format_timedelta(
        of,
        granularity="minute",
        threshold=1.2,
        locale="en" if language() == "en" else "zh_Hans_CN",
    )


def urgency(due: datetime | None) -> str:
    """Return ``overdue``, ``soon`` or nothing."""
    if due is None or due - clock.now() > DUE_SOON:
        return ""
    return "soon" if due >= clock.now() else "overdue"


def money(of: Decimal | None) -> str:
    """Return an amount in yuan, to the fen."""
    return "—" if of is None else f"{of:,.2f}".replace("-", "−")


def file_size(size: int) -> str:
    """Return a number of bytes as people say it."""
    if size < 1000:
        return f"{size} B"
    return f"{size / 1000:.0f} KB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


def prose(text: Text | str | None) -> Markup:
    """Return plain text with its paragraphs and its lists of “- …” lines; everything else is escaped."""
    blocks = [block for block in in_language(text).replace("\r", "").split("\n\n") if block.strip()]
    return Markup("").join(Markup("").join(_block(block.strip().split("\n"))) for block in blocks)


def _block(lines: list[str]) -> Iterable[Markup]:
    plain: list[str] = []
    listed: list[str] = []
    for line in (line.strip() for line in lines):
        if line.startswith(("- ", "• ", "* ")):
            listed.append(line[2:])
        elif listed:
            listed[-1] += " " + line
        else:
            plain.append(line)
    if plain:
        yield Markup("<p>") + Markup("<br>").join(escape(line) for line in plain) + Markup("</p>")
    if listed:
        items = Markup("").join(Markup("<li>") + escape(item) + Markup("</li>") for item in listed)
        yield Markup("<ul>") + items + Markup("</ul>")


def value(of: Any) -> str | Markup:
    """Return a variable's value in words."""
    match of:
        case None | "":
            return "—"
        case bool():
            return str(_("是") if of else _("否"))
        case Decimal():
            return f"{of:,f}"
        case int():
            return str(of)
        case datetime():
            return instant(of)
        case date():
            return day(of)
        case time():
            return f"{of:%H:%M}"
        case Text():
            return in_language(of)
        case Quantity():
            return Markup('<span class="nowrap">{}</span>').format(in_language(of.text))
        case Mapping():
            return _mapping(of)
        case FileLine():
            return _file_link(of.id, of.file_name)
        case list() | tuple():
            return Markup("<br>").join(escape(value(one)) for one in of) if of else "—"
    return str(of)


def _mapping(of: Mapping[str | Text, Any]) -> str | Markup:
    """Return a file as a link, anything else as “key: value” pairs."""
    if {"file", "name", "size"} <= set(of):
        return _file_link(of["file"], of["name"])
    separator, colon = ("; ", ": ") if language() == "en" else ("；", "：")
    pairs = (Markup("{}{}{}").format(in_language(key), colon, _in_line(one)) for key, one in of.items())
    return escape(separator).join(pairs)


def _in_line(of: Any) -> str | Markup:
    """Return a value of a pair: a list goes on in its line."""
    if not isinstance(of, list | tuple) or not of:
        return value(of)
    return escape(", " if language() == "en" else "、").join(escape(value(one)) for one in of)


def _file_link(attachment_id: object, file_name: str) -> Markup:
    address = _file_address(attachment_id)
    return Markup('<a href="{}" target="_blank" rel="noopener">{}</a>').format(address, file_name)


def _file_address(attachment_id: object) -> str:
    return url_for("files.show", attachment_id=str(attachment_id))


def _asset(name: str, fingerprints: Mapping[str, str]) -> str:
    """Return the address of a built file, which changes with its content."""
    return url_for("static", filename=f"build/{name}", v=fingerprints.get(name))


def _icon(name: str, fingerprints: Mapping[str, str]) -> Markup:
    """Return one of the drawings of web/frontend/icons.json; the words beside it say what it means."""
    return Markup('<svg class="icon icon-tabler" aria-hidden="true"><use href="{}#{}"/></svg>').format(
        _asset("icons.svg", fingerprints), name
    )


@lru_cache(maxsize=1)
def _fingerprints() -> Mapping[str, str]:
    if not FINGERPRINTS.is_file():
        return {}
    found: dict[str, str] = json.loads(FINGERPRINTS.read_text(encoding="utf-8"))
    return found
