"""What happens to money: charged, received, held, given back, deducted, corrected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import func, select

from engine import history, numbers, tables
from engine.database import UnitOfWork
from engine.errors import Conflict, InvalidInput, NotFound, NotPermitted
from engine.history import Kind, Line
from engine.identity import User
from engine.ledger.looking import standing, standing_of
from engine.ledger.periods import Days, days_of
from engine.ledger.posting import (
    LONGEST_NOTE,
    LONGEST_PERIOD,
    LONGEST_RECEIPT,
    Asked,
    HappenedBefore,
    amount_of,
    item_of,
    method_of,
    more_than_owed,
    post,
    reference_of,
    rules_of,
    short,
    today_of,
)
from engine.ledger.shapes import (
    DEPOSIT,
    KIND_NAMES,
    RECEIVABLE,
    Author,
    Charge,
    EntryKind,
    LateFee,
    Movement,
    Party,
    Receipt,
    Standing,
)
from engine.registers import access, records
from engine.registers.shapes import ChargeItem
from engine.texts import Text

_entry, _once, _balance = tables.ledger_entry, tables.ledger_once, tables.ledger_balance
_FEN = Decimal("0.01")


def charge(uow: UnitOfWork, party: Party, charges: Sequence[Charge], author: Author) -> Decimal:
    """
    Charge items, all or none; return the total.

    Raises:
        Conflict: a unit's item was charged for that period already, or for a day of it, whoever had to pay;
            without a period, the customer's.
        InvalidInput: a wrong amount, an unknown unit or customer.
        ExpressionFailed: there is no such item.
    """
    made, once = [], {}
    spans: dict[str, list[Days]] = {}
    for each in charges:
        item, amount = item_of(uow, each.item), amount_of(uow, each.amount)
        period = short(each.period, LONGEST_PERIOD)
        key = _charge_key(uow, party, item.key, period)
        days = days_of(period)
        if key in once or (days is not None and any(days.meet(other) for other in spans.get(item.key, ()))):
            raise _charged_already(item, period, party.customer)
        if days is not None:
            _require_uncharged(uow, party, item, days)
            spans.setdefault(item.key, []).append(days)
        once[key] = ""
        note = short(each.note, LONGEST_NOTE)
        made.append(Movement(RECEIVABLE, item.key, EntryKind.CHARGE, amount, period, note))
    try:
        post(uow, party, made, author, once)
    except HappenedBefore as error:
        item_key, period = error.key.split("\n")[2:4]
        raise _charged_already(item_of(uow, item_key), period, "") from None
    return sum((line.amount for line in made), Decimal("0.00"))


def _charge_key(uow: UnitOfWork, party: Party, item: str, period: str) -> str:
    """
    Return the key of the next charge of a unit's item and period: the same one, until it is corrected.

    A period is charged once for a unit: owner and user do not both pay it. What bears no period is the
    customer's own, so that it does not bar the next customer of the unit.
    """
    corrected = 0
    while True:
        key = f"charge\n{party.unit}\n{item}\n{period}\n{corrected}"
        if not period:
            key += f"\n{party.customer}"
        posting = uow.execute(select(_once.c.posting).where(_once.c.key == key)).scalar()
        if posting is None:
            return key
        correction = _entry.alias()
        of_item = (_entry.c.posting == posting, _entry.c.item == item, _entry.c.period == period)
        taken_back = uow.execute(
            select(correction.c.id)
            .join(_entry, correction.c.corrects_id == _entry.c.id)
            .where(*of_item)
            .limit(1)
        ).first()
        if taken_back is None:
            customer = uow.execute(select(_entry.c.customer).where(*of_item).limit(1)).scalar()
            raise _charged_already(item_of(uow, item), period, customer or "")
        corrected += 1


def _require_uncharged(uow: UnitOfWork, party: Party, item: ChargeItem, days: Days) -> None:
    """
    Raise Conflict where one of the days was charged for the unit's item, unless that was corrected.

    The unit stays locked until the transaction ends: of two who charge its days, the second sees what the
    first did.
    """
    unit_register = rules_of(uow).unit_register
    if unit_register is not None:
        records.lock_records(uow, unit_register, [party.unit])
    correction = _entry.alias()
    charged = uow.execute(
        select(_entry.c.period, _entry.c.customer)
        .outerjoin(correction, correction.c.corrects_id == _entry.c.id)
        .where(
            _entry.c.unit == party.unit,
            _entry.c.item == item.key,
            _entry.c.kind == EntryKind.CHARGE,
            correction.c.id.is_(None),
        )
    )
    for row in charged:
        other = days_of(row.period)
        if other is not None and other.meet(days):
            raise _charged_already(item, row.period, row.customer)


def _charged_already(item: ChargeItem, period: str, customer: str) -> Conflict:
    return Conflict(
        Text(
            "“{item}”{period}已经收过{customer}，不能重复计费。",
            "“{item}” {period} has been charged for this unit already{customer}.",
        ),
        item=item.name,
        period=Text(f"（{period}）", f"({period})") if period else Text("", ""),
        customer=Text(f"（客户 {customer}）", f" (customer {customer})") if customer else Text("", ""),
    )


def receive(
    uow: UnitOfWork,
    party: Party,
    author: Author,
    *,
    amount: Any = None,
    items: Mapping[str, Any] | None = None,
    receipt_number: str = "",
    method: str = "",
    note: str = "",
) -> Receipt:
    """
    Receive money: for these items, or an amount that pays what is owed in the order of the charge items.

    What is paid for a deposit is held from then on. ``method``: how it was paid, a key of registers.toml.

    Raises:
        Conflict: the receipt's number was used before; more than is owed.
        InvalidInput: a wrong amount.
        ExpressionFailed: there is no such item, or way of paying.
    """
    if items is None:
        parts = _shared_out(uow, party, amount_of(uow, amount))
    else:
        parts = {item_of(uow, key).key: amount_of(uow, value) for key, value in items.items()}
    note, method = short(note, LONGEST_NOTE), method_of(uow, method)
    made: list[Movement] = []
    for key, part in parts.items():
        made.append(Movement(RECEIVABLE, key, EntryKind.PAYMENT, -part, note=note))
        if item_of(uow, key).deposit:
            made.append(Movement(DEPOSIT, key, EntryKind.DEPOSIT_RECEIVED, part, note=note))
    number = _receipt_number(uow, receipt_number)
    _post_receipt(uow, party, made, author, number, {}, method)
    return Receipt(number, sum(parts.values(), Decimal("0.00")), standing(uow, party))


def _shared_out(uow: UnitOfWork, party: Party, amount: Decimal) -> dict[str, Decimal]:
    """Return how an amount pays what is owed, in the order of the charge items. Raises Conflict."""
    owed = _locked_owed(uow, party)
    left, parts = amount, {}
    for key in rules_of(uow).items:
        part = min(left, owed.get(key, Decimal()))
        if part > 0:
            parts[key] = part
            left -= part
    if left:
        raise more_than_owed(amount - left)
    return parts


def _locked_owed(uow: UnitOfWork, party: Party) -> Mapping[str, Decimal]:
    rows = uow.execute(
        select(_balance)
        .where(
            _balance.c.unit == party.unit,
            _balance.c.customer == party.customer,
            _balance.c.account == RECEIVABLE,
        )
        .order_by(_balance.c.item)
        .with_for_update()
    )
    return standing_of(rows).owed


def _receipt_number(uow: UnitOfWork, given: str) -> str:
    given = short(given, LONGEST_RECEIPT)
    return given or numbers.next_number(uow, rules_of(uow).receipt_series)


def _post_receipt(
    uow: UnitOfWork,
    party: Party,
    made: list[Movement],
    author: Author,
    number: str,
    once: Mapping[str, str],
    method: str = "",
) -> None:
    try:
        once = {**once, f"receipt\n{number}": ""}
        post(uow, party, made, author, once, receipt_number=number, method=method)
    except HappenedBefore as error:
        if not error.key.startswith("receipt\n"):
            raise
        message = Text("收据号“{number}”已经用过。", "The receipt number “{number}” was used before.")
        raise Conflict(message, number=number) from None


def deposit(
    uow: UnitOfWork,
    party: Party,
    item_key: str,
    amount: Any,
    reference: str,
    author: Author,
    *,
    receipt_number: str = "",
    note: str = "",
) -> tuple[Decimal, str]:
    """
    Take a deposit that was not charged before; return what is held for the item, and the receipt's number.

    The same reference with the same content takes nothing a second time.

    Raises:
        Conflict: the reference stands for something else; the receipt's number was used before.
        InvalidInput: a wrong amount.
    """
    item, sum_ = item_of(uow, item_key), amount_of(uow, amount)
    reference = reference_of(reference)
    note = short(note, LONGEST_NOTE)
    line = Movement(DEPOSIT, item.key, EntryKind.DEPOSIT_RECEIVED, sum_, note=note)
    asked = Asked(EntryKind.DEPOSIT_RECEIVED, party, item.key, sum_, reference)
    before = asked.posting(uow)
    if before is None:
        number = _receipt_number(uow, receipt_number)
        try:
            _post_receipt(uow, party, [line], author, number, asked.once)
        except HappenedBefore:
            before = asked.posting(uow)
    if before is not None:
        wanted = select(_entry.c.receipt_number).where(_entry.c.posting == before).limit(1)
        number = str(uow.execute(wanted).scalar_one())
    return standing(uow, party).deposits.get(item.key, Decimal("0.00")), number


def refund(
    uow: UnitOfWork, party: Party, item_key: str, amount: Any, reference: str, author: Author, note: str = ""
) -> Decimal:
    """
    Give back a deposit, or part of it; return what is still held for the item.

    The same reference with the same content gives nothing back a second time.

    Raises:
        Conflict: more than is held; the reference stands for something else.
        InvalidInput: a wrong amount.
    """
    item, sum_ = item_of(uow, item_key), amount_of(uow, amount)
    reference = reference_of(reference)
    asked = Asked(EntryKind.DEPOSIT_REFUNDED, party, item.key, sum_, reference)
    line = Movement(DEPOSIT, item.key, EntryKind.DEPOSIT_REFUNDED, -sum_, note=short(note, LONGEST_NOTE))
    asked.post(uow, [line], author)
    return standing(uow, party).deposits.get(item.key, Decimal("0.00"))


def refund_credit(
    uow: UnitOfWork, party: Party, amount: Any, reference: str, author: Author, note: str = ""
) -> Decimal:
    """
    Give back what was paid too much; return what is owed then (below zero: a credit that is left).

    What is owed for other items is set off first. The same reference with the same content gives nothing back
    a second time.

    Raises:
        Conflict: more than was paid too much; the reference stands for something else.
        InvalidInput: a wrong amount.
    """
    sum_, reference = amount_of(uow, amount), reference_of(reference)
    asked = Asked(EntryKind.CREDIT_REFUNDED, party, "", sum_, reference)
    if asked.posting(uow) is None:
        made = _paid_back(uow, party, sum_, short(note, LONGEST_NOTE))
        asked.post(uow, made, author)
    return standing(uow, party).receivable


def _paid_back(uow: UnitOfWork, party: Party, amount: Decimal, note: str) -> list[Movement]:
    """Return the lines that set off what is owed and pay back the rest, in the order of the charge items."""
    owed = _locked_owed(uow, party)
    credit = -sum(owed.values(), Decimal())
    if amount > credit:
        raise Conflict(
            Text(
                "只多收 {credit} 元，不能退 {amount} 元。",
                "Only {credit} yuan were paid too much; {amount} yuan cannot be given back.",
            ),
            credit=f"{max(credit, Decimal()):,.2f}",
            amount=f"{amount:,.2f}",
        )
    items = [key for key in rules_of(uow).items if key in owed]
    made = [
        Movement(RECEIVABLE, key, EntryKind.OFFSET, -owed[key], note=note) for key in items if owed[key] > 0
    ]
    to_set_off, to_pay = -sum((line.amount for line in made), Decimal()), amount
    for key in items:
        left = -owed[key]
        for kind, wanted in ((EntryKind.OFFSET, to_set_off), (EntryKind.CREDIT_REFUNDED, to_pay)):
            part = min(left, wanted)
            if part > 0:
                made.append(Movement(RECEIVABLE, key, kind, part, note=note))
                left -= part
                if kind == EntryKind.OFFSET:
                    to_set_off -= part
                else:
                    to_pay -= part
    return made


def deduct(
    uow: UnitOfWork,
    party: Party,
    item_key: str,
    amount: Any,
    reference: str,
    author: Author,
    *,
    charge_item: str = "",
    note: str = "",
) -> Standing:
    """
    Pay what is owed out of a deposit; with ``charge_item`` that is charged first, for this very amount.

    The same reference with the same content deducts nothing a second time.

    Raises:
        Conflict: more than is held or owed; the reference stands for something else.
        InvalidInput: a wrong amount.
    """
    item, sum_ = item_of(uow, item_key), amount_of(uow, amount)
    note, reference = short(note, LONGEST_NOTE), reference_of(reference)
    asked = Asked(EntryKind.DEDUCTION, party, item.key, sum_, reference)
    if asked.posting(uow) is not None:
        return standing(uow, party)
    made = [Movement(DEPOSIT, item.key, EntryKind.DEDUCTION, -sum_, note=note)]
    if charge_item:
        charged = item_of(uow, charge_item).key
        period = reference[-LONGEST_PERIOD:]
        made.append(Movement(RECEIVABLE, charged, EntryKind.CHARGE, sum_, period, note))
        parts = {charged: sum_}
    else:
        parts = _shared_out(uow, party, sum_)
    made += [Movement(RECEIVABLE, key, EntryKind.DEDUCTION, -part, note=note) for key, part in parts.items()]
    asked.post(uow, made, author)
    return standing(uow, party)


def late_fee(
    uow: UnitOfWork,
    party: Party,
    author: Author,
    *,
    rate: Decimal,
    from_day: date,
    item_key: str = "late_fee",
    period: str = "",
    principal: Decimal | None = None,
    cap: Decimal = Decimal(1),
) -> LateFee:
    """
    Charge the late fee that has grown until today, less what was charged of it before.

    It is principal × rate × days, from ``from_day`` on (that day included), and at most ``cap`` times the
    principal: what is owed now without late fees, unless it is given. ``period`` names the debt.

    Raises:
        InvalidInput: a rate or cap below zero or above one.
    """
    item, period = item_of(uow, item_key), short(period, LONGEST_PERIOD)
    if not 0 <= rate <= 1 or not 0 <= cap <= 1:
        raise InvalidInput(
            Text("滞纳金的比率应在 0 到 1 之间。", "The rate and the cap of a late fee lie between 0 and 1.")
        )
    days = max((today_of(uow) - from_day).days + 1, 0)
    if principal is None:
        owed = _locked_owed(uow, party)
        principal = sum((amount for key, amount in owed.items() if key != item.key), Decimal())
    fee = (max(principal, Decimal()) * min(rate * days, cap)).quantize(_FEN, ROUND_HALF_UP)
    charged = _late_fees(uow, party, item.key, period)
    new = fee - charged
    if new <= 0:
        return LateFee(charged, Decimal("0.00"), days)
    post(uow, party, [Movement(RECEIVABLE, item.key, EntryKind.LATE_FEE, new, period)], author, {})
    return LateFee(fee, new, days)


def _late_fees(uow: UnitOfWork, party: Party, item: str, period: str) -> Decimal:
    found = uow.execute(
        select(func.sum(_entry.c.amount)).where(
            _entry.c.unit == party.unit,
            _entry.c.item == item,
            _entry.c.period == period,
            _entry.c.customer == party.customer,
            _entry.c.kind.in_([EntryKind.LATE_FEE, EntryKind.CORRECTION]),
        )
    ).scalar()
    return found or Decimal("0.00")


def correct(uow: UnitOfWork, entry_id: int, reason: str, by: User) -> None:
    """
    Take back a line, and those that were written together with it, by counter-entries.

    Raises:
        NotPermitted: the user may not.
        NotFound: there is no such line.
        InvalidInput: no reason is given.
        Conflict: it was corrected before, is a correction itself, or the deposit has been given back.
    """
    if not access.is_one_of(by, rules_of(uow).may_correct):
        raise NotPermitted(Text("您不能冲正账目。", "You may not correct the ledger."))
    if not reason.strip():
        raise InvalidInput(Text("请写明冲正的原因。", "Please give the reason of the correction."))
    of_entry = select(_entry.c.posting).where(_entry.c.id == entry_id).scalar_subquery()
    rows = uow.execute(select(_entry).where(_entry.c.posting == of_entry).order_by(_entry.c.id)).all()
    if not rows:
        raise NotFound(Text("没有这笔账目。", "There is no such line of the ledger."))
    if rows[0].kind == EntryKind.CORRECTION:
        raise Conflict(Text("冲正不能再冲正。", "A correction cannot be corrected."))
    note = short(reason, LONGEST_NOTE)
    made = [
        Movement(row.account, row.item, EntryKind.CORRECTION, -row.amount, row.period, note, row.id)
        for row in rows
    ]
    party = Party(rows[0].unit, rows[0].customer)
    try:
        post(uow, party, made, Author(by.name, rows[0].instance_id), {}, may_be_credit=True)
    except HappenedBefore:
        raise Conflict(Text("这笔账目已经冲正过。", "This line has been corrected already.")) from None
    line = posted(by.name, KIND_NAMES[EntryKind.CORRECTION], party, made[0].amount, note)
    history.write(uow, [line], rows[0].instance_id)


def posted(user_name: str | None, what: Text, party: Party, amount: Decimal, note: str = "") -> Line:
    """Return the history line of a posting; whoever reads it looks the customer's name up."""
    detail = {
        "zh": f"{what.zh} {amount:,.2f} 元",
        "en": f"{what.en}, {amount:,.2f} yuan",
        "unit": party.unit,
        "customer": party.customer,
        "note": note,
    }
    return Line(Kind.POSTED, user_name=user_name, detail=detail)
