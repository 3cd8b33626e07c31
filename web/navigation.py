"""The way around: which pages the bar at the top leads to, and for whom."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, request
from flask_babel import lazy_gettext as _

from engine import notifications, queries, registers
from engine.identity import Capability, User
from web.context import current_user, is_logged_in, reading, this_page

MOST_MESSAGES = 100  # what is counted for the bell


def _sees_registers(user: User) -> bool:
    with reading() as uow:
        return registers.sees_any(uow, user)


def _sees_figures(user: User) -> bool:
    with reading() as uow:
        return bool(queries.figures_offered(uow, user))


@dataclass(frozen=True)
class Entry:
    """One entry of the bar, for those with one of the capabilities (none: for all), if its page exists."""

    endpoint: str
    label: Any
    icon: str
    capabilities: frozenset[Capability] = frozenset()
    concerns: Callable[[User], bool] | None = None  # None: everybody; asked once a page
    blueprints: frozenset[str] = frozenset()  # whose pages belong to it, beside its own

    def is_for(self, user: User) -> bool:
        """Say whether this user finds the entry in the bar."""
        if self.concerns is not None and not self.concerns(user):
            return False
        return not self.capabilities or any(user.may(capability) for capability in self.capabilities)

    @property
    def is_current(self) -> bool:
        """Say whether the page shown belongs to this entry."""
        own = self.endpoint.partition(".")[0]
        return request.blueprint == own or request.blueprint in self.blueprints


ENTRIES = (
    Entry("inbox.show", _("我的任务"), "inbox"),
    Entry("start.choose", _("新建"), "circle-plus"),
    Entry("cases.search", _("案件"), "folders"),
    Entry(
        "registers.overview",
        _("登记簿"),
        "books",
        concerns=_sees_registers,
        blueprints=frozenset({"ledger", "imports"}),
    ),
    Entry("figures.overview", _("统计"), "chart-bar", concerns=_sees_figures),
    Entry(
        "definitions.overview",
        _("流程定义"),
        "sitemap",
        frozenset({Capability.DEPLOY, Capability.AUDIT}),
        blueprints=frozenset({"modeller"}),
    ),
    Entry("people.overview", _("人员"), "users", frozenset({Capability.ADMINISTER})),
    Entry("calendar.year", _("日历"), "calendar", frozenset({Capability.ADMINISTER})),
)


def guide(app: Flask) -> None:
    """Give every template the bar."""
    app.jinja_env.globals["navigation"] = navigation
    app.jinja_env.globals["waiting_messages"] = waiting_messages
    app.jinja_env.globals["me"] = lambda: current_user() if is_logged_in() else None
    app.jinja_env.globals["reader_mark"] = reader_mark
    app.jinja_env.globals["this_page"] = this_page


def reader_mark(user: User) -> str:
    """Return a mark that tells people apart who use the same browser, without naming them."""
    return hashlib.sha256(user.name.encode()).hexdigest()[:12]


def navigation() -> Iterator[Entry]:
    """Return the entries for the user."""
    return (
        entry
        for entry in ENTRIES
        if entry.endpoint in current_app.view_functions and entry.is_for(current_user())
    )


def waiting_messages() -> queries.Count:
    """Return how many messages the user has not looked at."""
    with reading() as uow:
        number = notifications.unseen(uow, current_user(), most=MOST_MESSAGES)
    return queries.Count(number, is_capped=number == MOST_MESSAGES)
