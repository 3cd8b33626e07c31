"""Amounts in Chinese words, as receipts have them: 壹仟贰佰叁拾肆元伍角整."""

from __future__ import annotations

from decimal import Decimal

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "万亿", "亿亿")
LARGEST = Decimal(10) ** 16


def in_words(amount: Decimal) -> str:
    """
    Return an amount in yuan with two decimals in words.

    Raises:
        ValueError: more than two decimals, or ten quadrillion yuan and more.
    """
    fen = amount * 100
    if fen != fen.to_integral_value() or abs(amount) >= LARGEST:
        raise ValueError(f"{amount} has no words")
    whole, rest = divmod(abs(int(fen)), 100)
    jiao, cents = divmod(rest, 10)
    words = f"{_whole(whole)}元" if whole else ""
    if jiao:
        words += f"{_DIGITS[jiao]}角"
    elif whole and cents:
        words += "零"
    words += f"{_DIGITS[cents]}分" if cents else "整"
    if not whole and not rest:
        words = "零元整"
    return f"负{words}" if amount < 0 else words


def _whole(number: int) -> str:
    groups = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    words = ""
    for place in range(len(groups) - 1, -1, -1):
        group = groups[place]
        if not group:
            continue
        # One 零 stands for whatever is left out before this group.
        skipped = bool(words) and (group < 1000 or groups[place + 1] == 0)
        words += ("零" if skipped else "") + _group(group) + _unit(groups, place)
    return words


def _unit(groups: list[int], place: int) -> str:
    """万亿 is said once, unless the group of 亿 is empty: 壹万亿，壹万零贰亿."""
    if place == 3:
        return "万" if groups[2] else "万亿"
    return _GROUPS[place]


def _group(number: int) -> str:
    words, pending = "", False
    for place in range(3, -1, -1):
        digit = number // 10**place % 10
        if digit:
            words += ("零" if pending and words else "") + _DIGITS[digit] + _PLACES[place]
            pending = False
        else:
            pending = True
    return words
