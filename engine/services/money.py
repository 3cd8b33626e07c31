"""Services that read and write the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine import ledger
from engine.bpmn.execution import ServiceCall, Variables
from engine.ledger import Author, Charge, EntryKind, Party, Standing
from engine.services.asking import (
    Requests,
    Topic,
    all_or_nothing,
    date_of,
    list_of,
    number_of,
    only,
    text_of,
    wrong,
)
from engine.texts import Text


@all_or_nothing
def ledger_charge(requests: Requests, call: ServiceCall) -> Variables:
    """
    Charge a customer for a unit.

    ``unit``, ``customer``; ``item``, ``amount``, ``period``, ``note``, or ``charges``: a list of such dicts
    (an amount of 0 is left out). Gives ``charged`` (total) and ``receivable``. Refused: an item that was
    charged for the unit and period before; a wrong amount.
    """
    only(call, "unit", "customer", "item", "amount", "period", "note", "charges")
    party = _party(call)
    if "charges" in call.inputs:
        charges = [_charge(call, each) for each in list_of(call, "charges")]
        charges = [each for each in charges if each.amount not in (None, "", 0)]
    else:
        charges = [_charge(call, call.inputs)]
    total = ledger.charge(requests.uow, party, charges, _author(requests))
    if charges:
        _told(requests, call, EntryKind.CHARGE, party, total)
    return {"charged": total, "receivable": ledger.standing(requests.uow, party).receivable}


def _charge(call: ServiceCall, given: Mapping[str, Any]) -> Charge:
    item = given.get("item")
    if not isinstance(item, str) or not item:
        raise wrong(call, Text("缺少 item（收费项目）", "a charge lacks its “item”"))
    return Charge(item, given.get("amount"), str(given.get("period") or ""), str(given.get("note") or ""))


@all_or_nothing
def ledger_receive(requests: Requests, call: ServiceCall) -> Variables:
    """
    Receive money for what was charged; what is paid for a deposit is held from then on.

    ``unit``, ``customer``; ``items``: a list of {item, amount}, or ``amount``, which pays what is owed in the
    order of the charge items. ``receipt_number`` (else the next of the series), ``method`` (a key of
    registers.toml), ``note``. Gives
    ``receipt_number``, ``received``, ``receivable``, ``deposits``. Refused: a receipt's number that was used
    before, more than is owed, a wrong amount.
    """
    only(call, "unit", "customer", "items", "amount", "receipt_number", "method", "note")
    party, items = _party(call), None
    if "items" in call.inputs:
        items = {}
        for each in list_of(call, "items"):
            charge = _charge(call, each)
            if charge.item in items:
                raise wrong(call, Text("items 里有重复的项目", "“items” names one item twice"))
            items[charge.item] = charge.amount
    made = ledger.receive(
        requests.uow,
        party,
        _author(requests),
        amount=call.inputs.get("amount"),
        items=items,
        receipt_number=text_of(call, "receipt_number", ""),
        method=text_of(call, "method", ""),
        note=text_of(call, "note", ""),
    )
    _told(requests, call, EntryKind.PAYMENT, party, made.received, made.number)
    return {
        "receipt_number": made.number,
        "received": made.received,
        "receivable": made.standing.receivable,
        "deposits": dict(made.standing.deposits),
    }


@all_or_nothing
def ledger_deposit(requests: Requests, call: ServiceCall) -> Variables:
    """
    Take a deposit that was not charged before.

    ``unit``, ``customer``, ``item``, ``amount``, ``reference``; ``receipt_number``, ``note``. Gives ``held``,
    ``receipt_number``. The same reference with the same content takes nothing a second time; with another
    content it is refused.
    """
    only(call, "unit", "customer", "item", "amount", "reference", "receipt_number", "note")
    party = _party(call)
    held, number = ledger.deposit(
        requests.uow,
        party,
        text_of(call, "item"),
        call.inputs.get("amount"),
        text_of(call, "reference"),
        _author(requests),
        receipt_number=text_of(call, "receipt_number", ""),
        note=text_of(call, "note", ""),
    )
    _told(requests, call, EntryKind.DEPOSIT_RECEIVED, party, number_of(call, "amount"), number)
    return {"held": held, "receipt_number": number}


@all_or_nothing
def ledger_refund(requests: Requests, call: ServiceCall) -> Variables:
    """
    Give back a deposit, or part of it.

    ``unit``, ``customer``, ``item``, ``amount``, ``reference`` (else the case and the item), ``note``. Gives
    ``refunded``, ``held``. Refused: more than is held. The same reference is never paid twice.
    """
    only(call, "unit", "customer", "item", "amount", "reference", "note")
    party, item = _party(call), text_of(call, "item")
    held = ledger.refund(
        requests.uow,
        party,
        item,
        call.inputs.get("amount"),
        text_of(call, "reference", f"refund:{requests.instance_id}:{item}"),
        _author(requests),
        text_of(call, "note", ""),
    )
    refunded = number_of(call, "amount")
    _told(requests, call, EntryKind.DEPOSIT_REFUNDED, party, refunded)
    return {"refunded": refunded, "held": held}


@all_or_nothing
def ledger_refund_credit(requests: Requests, call: ServiceCall) -> Variables:
    """
    Give back what a customer paid too much; what is owed for other items is set off first.

    ``unit``, ``customer``, ``amount``, ``reference`` (else the case), ``note``. Gives ``refunded``,
    ``receivable``. Refused: more than was paid too much. The same reference is never paid twice.
    """
    only(call, "unit", "customer", "amount", "reference", "note")
    party = _party(call)
    receivable = ledger.refund_credit(
        requests.uow,
        party,
        call.inputs.get("amount"),
        text_of(call, "reference", f"credit:{requests.instance_id}"),
        _author(requests),
        text_of(call, "note", ""),
    )
    refunded = number_of(call, "amount")
    _told(requests, call, EntryKind.CREDIT_REFUNDED, party, refunded)
    return {"refunded": refunded, "receivable": receivable}


@all_or_nothing
def ledger_deduct(requests: Requests, call: ServiceCall) -> Variables:
    """
    Pay what is owed out of a deposit.

    ``unit``, ``customer``, ``item`` (the deposit), ``amount``, ``reference`` (else the case and the item),
    ``note``; ``charge_item``: what is charged first, for this very amount. Gives ``deducted``, ``held``,
    ``receivable``. Refused: more than is held or owed.
    """
    only(call, "unit", "customer", "item", "amount", "reference", "charge_item", "note")
    party, item = _party(call), text_of(call, "item")
    charge_item = text_of(call, "charge_item", "")
    stands = ledger.deduct(
        requests.uow,
        party,
        item,
        call.inputs.get("amount"),
        text_of(call, "reference", f"deduct:{requests.instance_id}:{item}:{charge_item}".rstrip(":")),
        _author(requests),
        charge_item=charge_item,
        note=text_of(call, "note", ""),
    )
    deducted = number_of(call, "amount")
    _told(requests, call, EntryKind.DEDUCTION, party, deducted)
    held = stands.deposits.get(item, Decimal("0.00"))
    return {"deducted": deducted, "held": held, "receivable": stands.receivable}


def ledger_balance(requests: Requests, call: ServiceCall) -> Variables:
    """
    Tell where a customer stands for a unit.

    ``unit``, ``customer``. Gives ``receivable`` (below zero: a credit), ``owed`` (item → amount),
    ``deposits`` (item → amount held), ``deposits_total``.
    """
    only(call, "unit", "customer")
    return _shown(ledger.standing(requests.uow, _party(call)))


def _shown(stands: Standing) -> Variables:
    return {
        "receivable": stands.receivable,
        "owed": dict(stands.owed),
        "deposits": dict(stands.deposits),
        "deposits_total": stands.held,
    }


@all_or_nothing
def ledger_require_settled(requests: Requests, call: ServiceCall) -> Variables:
    """Refuse to go on while anything is owed: ``unit``, ``customer``. Gives ``receivable``."""
    only(call, "unit", "customer")
    return {"receivable": ledger.require_settled(requests.uow, _party(call))}


@all_or_nothing
def ledger_late_fee(requests: Requests, call: ServiceCall) -> Variables:
    """
    Charge the late fee that has grown until today, less what was charged of it before.

    ``unit``, ``customer``, ``rate`` (a day's), ``from_day`` (the first day that bears it); ``item``
    (late_fee), ``period`` (which debt), ``principal`` (else what is owed now without late fees), ``cap`` (1,
    times the principal). Gives ``late_fee`` (in all), ``charged`` (new), ``days``, ``receivable``.
    """
    only(call, "unit", "customer", "rate", "from_day", "item", "period", "principal", "cap")
    party = _party(call)
    fee = ledger.late_fee(
        requests.uow,
        party,
        _author(requests),
        rate=number_of(call, "rate"),
        from_day=date_of(call, "from_day", requests.uow),
        item_key=text_of(call, "item", "late_fee"),
        period=text_of(call, "period", ""),
        principal=None if call.inputs.get("principal") is None else number_of(call, "principal"),
        cap=number_of(call, "cap", Decimal(1)),
    )
    if fee.charged:
        _told(requests, call, EntryKind.LATE_FEE, party, fee.charged)
    receivable = ledger.standing(requests.uow, party).receivable
    return {"late_fee": fee.total, "charged": fee.charged, "days": fee.days, "receivable": receivable}


def _party(call: ServiceCall) -> Party:
    return Party(text_of(call, "unit")[:100], text_of(call, "customer")[:100])


def _author(requests: Requests) -> Author:
    return Author(requests.user_name, requests.instance_id)


def _told(
    requests: Requests, call: ServiceCall, kind: EntryKind, party: Party, amount: Decimal, note: str = ""
) -> None:
    requests.lines.append(ledger.posted(requests.user_name, ledger.KIND_NAMES[kind], party, amount, note))


MONEY_TOPICS: Mapping[str, Topic] = {
    "ledger_charge": ledger_charge,
    "ledger_receive": ledger_receive,
    "ledger_deposit": ledger_deposit,
    "ledger_refund": ledger_refund,
    "ledger_refund_credit": ledger_refund_credit,
    "ledger_deduct": ledger_deduct,
    "ledger_balance": ledger_balance,
    "ledger_require_settled": ledger_require_settled,
    "ledger_late_fee": ledger_late_fee,
}
