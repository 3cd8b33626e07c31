"""Messages to people, and sums over other cases; all topics."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import Select, bindparam, exists, select

from engine import tables
from engine.bpmn.execution import ServiceCall, Variables
from engine.database import UnitOfWork
from engine.notifications import Message
from engine.registers.values import searchable_text
from engine.services.asking import Requests, wrong
from engine.services.money import MONEY_TOPICS
from engine.services.registers import REGISTER_TOPICS
from engine.texts import Text, days_in_words


def notify(requests: Requests, call: ServiceCall) -> Variables:
    """
    Send a message to people.

    ``to``: a group's key, ``user:NAME``, or a list of these. ``text``, ``textEn``: what to say.
    """
    told = call.inputs.get("text")
    if not told:
        raise wrong(call, Text("缺少 text", "the input “text” is missing"))
    text = days_in_words(Text(str(told), str(call.inputs.get("textEn") or told)))
    for recipient in recipients(call.inputs.get("to"), call):
        requests.messages.append(Message(recipient, text))
    return {}


def recipients(to: Any, call: ServiceCall) -> list[str]:
    """Return ``g:GROUP`` and ``u:USER`` for what a diagram calls a group's key, ``user:NAME`` or a list."""
    several = to if isinstance(to, list | tuple) else str(to or "").split(",")
    names = [str(name).strip() for name in several if name and str(name).strip()]
    if not names:
        raise wrong(call, Text("缺少 to（收件人）", "the input “to” names nobody"))
    return list(
        dict.fromkeys(
            f"u:{name[5:]}" if name.startswith("user:") else f"g:{name.removeprefix('group:')}"
            for name in names
        )
    )


def sum_values(requests: Requests, call: ServiceCall) -> Variables:
    """
    Add up a searchable value over other cases.

    ``name``: the value's variable. ``where``: variable → the value it must have there. ``months`` or
    ``days``: how far back (12 months). ``process``: only cases of this process. ``running``: whether only
    cases that have not ended. Gives ``sum`` (exact) and ``count``; with output parameters, these are
    available to them.
    """
    values = _values_elsewhere(requests, call)
    try:
        total = sum((Decimal(value) for value in values), Decimal())
    except InvalidOperation:
        raise wrong(call, Text("有的值不是数字", "one of the values is not a number")) from None
    return {"sum": total, "count": len(values)}


def count_values(requests: Requests, call: ServiceCall) -> Variables:
    """Count the other cases that have a searchable value; the inputs are those of ``sum_values``."""
    return {"count": len(_values_elsewhere(requests, call))}


#: Every topic that a diagram may name, with what it does.
TOPICS: Mapping[str, Callable[[Requests, ServiceCall], Variables]] = {
    "notify": notify,
    "sum_values": sum_values,
    "count_values": count_values,
    **REGISTER_TOPICS,
    **MONEY_TOPICS,
}


_PARTY = ("unit", "customer")
#: Every topic with the inputs that it cannot do without: a diagram that leaves one out is refused.
NEEDED: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(TOPICS, ()),
    **dict.fromkeys(MONEY_TOPICS, _PARTY),
    **dict.fromkeys(("register_find", "register_list", "register_add"), ("register",)),
    "register_change": ("register", "number"),
    "issue_paper": ("paper",),
    "next_number": ("series",),
    "notify": ("to", "text"),
    **dict.fromkeys(("sum_values", "count_values"), ("name", "where")),
    "ledger_deposit": (*_PARTY, "item", "amount", "reference"),
    **dict.fromkeys(("ledger_refund", "ledger_deduct"), (*_PARTY, "item", "amount")),
    "ledger_refund_credit": (*_PARTY, "amount"),
    "ledger_late_fee": (*_PARTY, "rate", "from_day"),
}


def _values_elsewhere(requests: Requests, call: ServiceCall) -> list[str]:
    name, where, months = call.inputs.get("name"), call.inputs.get("where"), call.inputs.get("months", 12)
    if not isinstance(name, str) or not isinstance(where, Mapping) or not where:
        raise wrong(call, Text("需要 name 和 where", "the inputs “name” and “where” are needed"))
    if not isinstance(months, int | Decimal) or not 0 < months <= 1200:
        raise wrong(call, Text("months 应为 1 到 1200", "“months” should be from 1 to 1200"))
    days = call.inputs.get("days")
    if days is not None and (not isinstance(days, int | Decimal) or not 0 < days <= 36_500):
        raise wrong(call, Text("days 应为 1 到 36500", "“days” should be from 1 to 36500"))
    texts = {str(variable): searchable_text(expected) for variable, expected in where.items()}
    if None in texts.values():
        return []  # nothing is known of the complainant: no other case can be theirs
    of_process = call.inputs.get("process")
    given = {
        "of_name": name,
        "of_process": None if of_process is None else str(of_process),
        "since": _days_before(requests.uow, int(days)) if days else _months_before(requests.uow, int(months)),
        "but": requests.instance_id or 0,
        **{f"value_{number}": text for number, text in enumerate(texts.values())},
    }
    wanted = _elsewhere(
        tuple(texts), of_one_process=of_process is not None, running=call.inputs.get("running") is True
    )
    return list(requests.uow.execute(wanted, given).scalars())


@functools.lru_cache(maxsize=200)
def _elsewhere(variables: tuple[str, ...], *, of_one_process: bool, running: bool) -> Select[tuple[str]]:
    """Select a value of the other cases in which some variables have certain values."""
    value, case = tables.case_value, tables.process_instance
    wanted = select(value.c.value).where(
        value.c.name == bindparam("of_name"),
        value.c.changed_at >= bindparam("since"),
        value.c.instance_id != bindparam("but"),
    )
    if of_one_process or running:
        wanted = wanted.join(case, case.c.id == value.c.instance_id)
    if of_one_process:
        wanted = wanted.where(case.c.process_key == bindparam("of_process"))
    if running:
        wanted = wanted.where(case.c.status.in_(("running", "stopped")))
    for number, variable in enumerate(variables):
        other = tables.case_value.alias()
        wanted = wanted.where(
            exists().where(
                other.c.instance_id == value.c.instance_id,
                other.c.name == variable,
                other.c.value == bindparam(f"value_{number}"),
            )
        )
    return wanted


def _days_before(uow: UnitOfWork, days: int) -> datetime:
    local = uow.now.astimezone(uow.centre.zone)
    return local.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)


def _months_before(uow: UnitOfWork, months: int) -> datetime:
    local = uow.now.astimezone(uow.centre.zone)
    year, month = divmod(local.year * 12 + local.month - 1 - months, 12)
    for day in range(local.day, 0, -1):
        try:
            return local.replace(year=max(year, 1), month=month + 1, day=day)
        except ValueError:
            continue
    raise AssertionError("every month has a first day")
