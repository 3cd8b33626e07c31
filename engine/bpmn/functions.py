"""The functions that expressions may call."""

from __future__ import annotations

import calendar as months_of_the_year
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DecimalException,
    InvalidOperation,
)
from typing import Any, cast
from zoneinfo import ZoneInfo

from engine.business_calendar import BusinessCalendar
from engine.errors import ExpressionFailed
from engine.texts import Text

# Sums of money stay exact far beyond any amount that a form accepts.
EXACT = Context(prec=60, Emax=999, Emin=-999)
LARGEST = 60  # digits before the point
LONGEST_TEXT = 100_000  # characters of a text put together by an expression
LONGEST_LIST = 10_000
MOST_PARTS = 200_000  # of a list or record with all that is in it; twenty characters of a text count as one
LONGEST_SPAN = timedelta(days=36_525)  # a hundred years


@dataclass(frozen=True)
class Function(Text):
    """What a function does, in both languages; how it is written; how many arguments it takes."""

    usage: str = ""
    fewest: int = 1
    most: int = 1


FUNCTIONS: Mapping[str, Function] = {
    "now": Function("当前时刻", "the present instant", "now()", 0, 0),
    "today": Function("今天的日期", "today's date", "today()", 0, 0),
    "minutes": Function(
        "n 分钟之后的时刻；默认从现在起算",
        "the instant n minutes later, counted from now unless a start is given",
        "minutes(5), minutes(5, first_report)",
        1,
        2,
    ),
    "hours": Function(
        "n 小时之后的时刻（含夜间和节假日）；默认从现在起算",
        "the instant n hours later, through nights and holidays, counted from now unless a start is given",
        "hours(12), hours(24, first_report)",
        1,
        2,
    ),
    "days": Function(
        "n × 24 小时之后的时刻（自然日）；默认从现在起算",
        "the instant n times 24 hours later (calendar days), counted from now unless a start is given",
        "days(2), days(2, first_report)",
        1,
        2,
    ),
    "workdays": Function(
        "第 n 个工作日结束的时刻；起始日为第 0 天，默认今天",
        "the end of the nth working day; the start (today unless given) is day 0",
        "workdays(5), workdays(3, received_on)",
        1,
        2,
    ),
    "months": Function(
        "n 个月之后的日期或时刻；没有这一天时取月末",
        "n months later; the last day of the month where there is no such day",
        "months(1), months(12, issued_on)",
        1,
        2,
    ),
    "at_time": Function("下一个该钟点的时刻", "the next time the clock shows this", 'at_time("17:00")', 1, 1),
    "daily": Function(
        "循环定时器用：每天该钟点", "for a repeating timer: every day at this time", 'daily("17:00")'
    ),
    "every_workday": Function(
        "循环定时器用：每个工作日该钟点",
        "for a repeating timer: every working day at this time",
        'every_workday("17:00")',
    ),
    "date": Function(
        "日期：由文字、时刻或年月日得出",
        "a date, from a text, an instant, or year, month and day",
        'date("2026-03-01"), date(2026, 3, 1)',
        1,
        3,
    ),
    "instant": Function(
        "时刻：由文字得出，没有时区时为本中心时区；或由日期和钟点得出",
        "an instant from a text (in the centre's zone unless it names one), or a date and a time",
        'instant("2026-03-01T09:00"), instant(day, "09:00")',
        1,
        2,
    ),
    "time": Function("钟点", "a time of day", 'time("17:00")'),
    "duration": Function("时长（ISO 8601）", "a span of time (ISO 8601)", 'duration("PT12H")'),
    "end_of_day": Function("该日结束的时刻", "the end of the day", "end_of_day(today())"),
    "is_workday": Function("该日是否工作日", "whether the day is a working day", "is_workday(today())"),
    "office_hours": Function(
        "该时刻是否办公时间（工作日的办公钟点）；给两个时刻时，其间是否有办公时间",
        "whether the office is open at the instant; with two, whether it is open at any time between them",
        "office_hours(begins), office_hours(begins, ends)",
        1,
        2,
    ),
    "days_between": Function(
        "两个日期相差的天数",
        "the number of days from one date to the other",
        "days_between(first_day, last_day)",
        2,
        2,
    ),
    "year": Function("年份", "the year of a date", "year(today())"),
    "month": Function("月份（1–12）", "the month of a date, 1 to 12", "month(today())"),
    "day": Function("日（1–31）", "the day of the month, 1 to 31", "day(today())"),
    "weekday": Function("星期（1 = 星期一）", "the day of the week, 1 is Monday", "weekday(today())"),
    "min": Function("最小值", "the smallest", "min(a, b), min(list)", 1, 50),
    "max": Function("最大值", "the largest", "max(a, b), max(list)", 1, 50),
    "sum": Function("总和", "the total", "sum(a, b), sum(list)", 1, 50),
    "average": Function(
        "平均值；空列表为空值", "the average; empty for an empty list", "average(list)", 1, 50
    ),
    "len": Function("文字或列表的长度", "the length of a text or list", "len(list)"),
    "count": Function(
        "列表中等于该值的个数", "how many in the list equal the value", 'count(votes, "agree")', 2, 2
    ),
    "round": Function(
        "四舍五入到 n 位小数（默认 0）",
        "rounded half up to n decimal places (0 unless given)",
        "round(amount, 2)",
        1,
        2,
    ),
    "floor": Function("向下取整", "rounded down to a whole number", "floor(x)"),
    "ceiling": Function("向上取整", "rounded up to a whole number", "ceiling(x)"),
    "abs": Function("绝对值", "without its sign", "abs(x)"),
    "number": Function(
        "由文字得出数字，可带千位逗号", "a number from a text; thousands commas are allowed", 'number("12.5")'
    ),
    "str": Function("变成文字", "as a text", "str(x)"),
    "money": Function("金额写法，如 36,000.00", "written as an amount, such as 36,000.00", "money(amount)"),
    "lower": Function("变成小写", "in small letters", "lower(text)"),
    "upper": Function("变成大写", "in capital letters", "upper(text)"),
    "trim": Function("去掉首尾空白", "without blanks around it", "trim(text)"),
    "starts_with": Function("文字是否以此开头", "whether a text begins so", 'starts_with(text, "TS-")', 2, 2),
    "ends_with": Function("文字是否以此结尾", "whether a text ends so", 'ends_with(text, "0007")', 2, 2),
    "contains": Function(
        "文字或列表中是否有此项", "whether a text or list contains it", 'contains(advisors, "lawyer")', 2, 2
    ),
    "join": Function("用分隔符连成文字", "a list put together as one text", 'join(list, ", ")', 1, 2),
    "append": Function("列表加上一项之后的新列表", "the list with one more item", "append(list, x)", 2, 2),
    "pluck": Function(
        "取列表每一项的同名值", "the values of one key in a list of records", 'pluck(opinions, "vote")', 2, 2
    ),
    "any": Function("是否有一项成立", "whether one of them is true", "any(list), any(a, b)", 1, 50),
    "all": Function("是否每一项都成立", "whether all of them are true", "all(list), all(a, b)", 1, 50),
    "get": Function(
        "变量的值；没有或为空时用后一个值",
        "the variable's value, or the other where it has none",
        "get(amount, 0)",
        2,
        2,
    ),
    "defined": Function("变量是否已有值", "whether the variable has a value", "defined(amount)"),
}


def failed(zh: str, en: str, **values: object) -> ExpressionFailed:
    """Return the error of an expression that cannot be computed with the present values."""
    return ExpressionFailed(Text(zh, en), **values)


def shown(value: object) -> str:
    """Return a value as a message may quote it."""
    text = repr(value) if isinstance(value, str) else text_of(value)
    return text if len(text) <= 40 else text[:40] + "…"


def exact(value: Any) -> Any:
    """
    Return a number as int or Decimal; anything else unchanged.

    Raises:
        ExpressionFailed: it is not a number that can be counted with (NaN, infinite, too large).
    """
    if type(value) is float:
        value = Decimal(str(value))
    if type(value) is Decimal and (not value.is_finite() or (value and abs(value.adjusted()) > LARGEST)):
        raise failed("数字“{value}”不能计算。", "the number “{value}” cannot be counted with.", value=value)
    if type(value) is int and value.bit_length() > 200:
        raise failed("数字太大。", "the number is too large.")
    return value


def number(value: Any) -> int | Decimal:
    """
    Return a number for a number or its text; thousands commas are allowed, words are not.

    Raises:
        ExpressionFailed: it is not a number.
    """
    value = exact(value)
    if type(value) is int or type(value) is Decimal:
        return value
    if isinstance(value, str) and re.fullmatch(
        r"\s*[-+]?(\d{1,40}|\d{1,3}(,\d{3}){1,12})(\.\d{1,40})?\s*", value, re.ASCII
    ):
        digits = value.strip().replace(",", "")
        return Decimal(digits) if "." in digits else int(digits)
    raise failed("“{value}”不是数字。", "“{value}” is not a number.", value=shown(value))


def counted(value: Any) -> int | Decimal:
    """Return a number that is one already; a text is not."""
    value = exact(value)
    if type(value) is int or type(value) is Decimal:
        return value
    raise failed(
        "“{value}”不是数字（文字请先用 number(…) 转换）。",
        "“{value}” is not a number (turn a text into one with number(…)).",
        value=shown(value),
    )


def whole(value: Any, least: int, most: int) -> int:
    """Return a whole number between two bounds."""
    found = counted(value)
    if found != int(found) or not least <= found <= most:
        raise failed(
            "“{value}”应是 {least} 到 {most} 的整数。",
            "“{value}” should be a whole number from {least} to {most}.",
            value=shown(value),
            least=least,
            most=most,
        )
    return int(found)


def text_of(value: Any) -> str:
    """Return a value as a person reads it: no exponents, instants to the minute, nothing for null."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() and abs(value.adjusted()) < 200 else str(value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, list | tuple):
        return ", ".join(text_of(item) for item in value[:LONGEST_LIST])
    return str(value)


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal; true is not 1, and a list equals a list item by item."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, float) or isinstance(right, float):
        return bool(exact(left) == exact(right))
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    return bool(left == right)


def _several(values: Sequence[Any]) -> Sequence[Any]:
    """Let ``min(list)`` and ``min(a, b)`` mean the same."""
    if len(values) == 1:
        return _list(values[0])
    return values


def _list(value: Any) -> Sequence[Any]:
    if isinstance(value, list | tuple):
        return value
    raise failed("“{value}”不是列表。", "“{value}” is not a list.", value=shown(value))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise failed("“{value}”不是文字。", "“{value}” is not a text.", value=shown(value))


def _comparable(values: Sequence[Any]) -> Sequence[Any]:
    found = [exact(value) for value in _several(values)]
    kinds = {Decimal if type(value) is int else type(value) for value in found}
    if not found:
        raise failed("空列表没有最大值或最小值。", "An empty list has no largest or smallest.")
    if len(kinds) > 1 or not kinds <= {Decimal, str, date, datetime, time, timedelta}:
        raise failed("这些值不能互相比较。", "These values cannot be compared with each other.")
    return found


def _min(*values: Any) -> Any:
    return min(_comparable(values))


def _max(*values: Any) -> Any:
    return max(_comparable(values))


def total(values: Sequence[Any]) -> int | Decimal:
    """Return the exact total of numbers."""
    result: int | Decimal = 0
    for value in values:
        item = counted(value)
        both_whole = type(result) is int and type(item) is int
        result = result + item if both_whole else EXACT.add(Decimal(result), Decimal(item))
    return exact(result)  # type: ignore[no-any-return]


def _sum(*values: Any) -> int | Decimal:
    return total(_several(values))


def _average(*values: Any) -> Decimal | None:
    found = _several(values)
    return EXACT.divide(Decimal(total(found)), Decimal(len(found))) if found else None


def _len(value: Any) -> int:
    if isinstance(value, str | list | tuple | dict):
        return len(value)
    raise failed("“{value}”没有长度。", "“{value}” has no length.", value=shown(value))


def _count(values: Any, wanted: Any) -> int:
    return sum(1 for value in _list(values) if same(value, wanted))


def _rounded(value: Any, places: Any, how: str) -> int | Decimal:
    places = whole(places, 0, 20)
    result = Decimal(counted(value)).quantize(Decimal(1).scaleb(-places), rounding=how, context=EXACT)
    return int(result) if places == 0 else result


def _round(value: Any, places: Any = 0) -> int | Decimal:
    return _rounded(value, places, ROUND_HALF_UP)


def _floor(value: Any) -> int | Decimal:
    return _rounded(value, 0, ROUND_FLOOR)


def _ceiling(value: Any) -> int | Decimal:
    return _rounded(value, 0, ROUND_CEILING)


def _abs(value: Any) -> Any:
    return abs(value) if isinstance(value, timedelta) else abs(counted(value))


def _money(value: Any) -> str:
    return f"{Decimal(counted(value)).quantize(Decimal('0.01'), ROUND_HALF_UP, EXACT):,f}"


def contains(whole_: Any, part: Any) -> bool:
    """Whether a text holds a text, a list an equal item, or a record a key."""
    if whole_ is None:
        return False
    if isinstance(whole_, str):
        return _text(part) in whole_
    if isinstance(whole_, dict):
        return isinstance(part, str) and part in whole_
    return any(same(item, part) for item in _list(whole_))


def _join(values: Any, between: Any = ", ") -> str:
    joined: str = short(_text(between).join(text_of(value) for value in _list(values)))
    return joined


def short(value: Any) -> Any:
    """
    Return a text or list unchanged.

    Raises:
        ExpressionFailed: it has grown too long.
    """
    if len(value) > (LONGEST_TEXT if isinstance(value, str) else LONGEST_LIST):
        raise failed("结果太长。", "the result is too long.")
    return value


def limited(value: Any) -> Any:
    """
    Return a list or record unchanged. ``[x, x]`` costs nothing to build, and a few more such lines cost
    everything to store.

    Raises:
        ExpressionFailed: with all that is in it, it is too large.
    """
    room, waiting = MOST_PARTS, [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            room -= len(part) // 20
        elif isinstance(part, dict | list | tuple):
            room -= len(part)
            waiting.extend(part.values() if isinstance(part, dict) else part)
        if room < 0:
            raise failed("结果太大。", "the result is too large.")
    return value


def _append(values: Any, value: Any) -> list[Any]:
    return cast(list[Any], limited([*short(_list([] if values is None else values)), value]))


def _pluck(values: Any, key: Any) -> list[Any]:
    name = _text(key)
    return [item.get(name) if isinstance(item, dict) else None for item in _list(values)]


def _truths(values: Sequence[Any]) -> Sequence[Any]:
    return values if isinstance(values[0], bool) or values[0] is None else _several(values)


def _any(*values: Any) -> bool:
    return any(value is True for value in _truths(values))


def _all(*values: Any) -> bool:
    return all(value is True for value in _truths(values))


def _date(value: Any, month: Any = None, day: Any = None) -> date:
    if month is not None:
        return date(whole(value, 1, 9998), whole(month, 1, 12), whole(1 if day is None else day, 1, 31))
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        return date.fromisoformat(value)
    raise failed(
        "“{value}”不是日期，应类似 2026-03-01。",
        "“{value}” is not a date such as 2026-03-01.",
        value=shown(value),
    )


def clock_time(value: Any) -> time:
    """Return a time of day for a text such as ``17:00``."""
    if isinstance(value, time):
        return value
    if isinstance(value, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?", value, re.ASCII):
        return time.fromisoformat(value)
    raise failed(
        "“{value}”不是钟点，应类似 17:00。", "“{value}” is not a time such as 17:00.", value=shown(value)
    )


_DURATION = re.compile(
    r"(-)?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d{1,6}))?S)?)?", re.ASCII
)


def duration(value: Any) -> timedelta:
    """
    Return the span of an ISO 8601 text: weeks, days, hours, minutes, seconds.

    Months and years have no fixed length: ``months(n)`` counts them from a day.

    Raises:
        ExpressionFailed: it is no such text.
    """
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) and len(value) < 60 else None
    if match is None or not any(match.groups()[1:]) or value.strip().endswith("T"):
        raise failed(
            "“{value}”不是时长，应类似 PT12H、P2D（月请用 months(n)）。",
            "“{value}” is not a span of time such as PT12H or P2D (for months use months(n)).",
            value=shown(value),
        )
    sign, weeks, days, hours, minutes, seconds, fraction = match.groups()
    span = timedelta(
        weeks=int(weeks or 0),
        days=int(days or 0),
        hours=int(hours or 0),
        minutes=int(minutes or 0),
        seconds=int(seconds or 0),
        microseconds=int((fraction or "").ljust(6, "0")),
    )
    if span > LONGEST_SPAN:
        raise failed("时长太长。", "the span of time is too long.")
    return -span if sign else span


def times(span: timedelta, factor: int | Decimal) -> timedelta:
    """
    Return a span so many times, exact to the microsecond.

    Raises:
        ExpressionFailed: it would be longer than a hundred years.
    """
    tick = timedelta(microseconds=1)
    ticks = EXACT.multiply(Decimal(span // tick), Decimal(factor))
    if abs(ticks) > LONGEST_SPAN // tick:
        raise failed("时长太长。", "the span of time is too long.")
    return timedelta(microseconds=int(ticks))


def _days_between(first: Any, last: Any) -> int:
    return (_date(last) - _date(first)).days


PURE: Mapping[str, Callable[..., Any]] = {
    "date": _date,
    "time": clock_time,
    "duration": duration,
    "days_between": _days_between,
    "year": lambda value: _date(value).year,
    "month": lambda value: _date(value).month,
    "day": lambda value: _date(value).day,
    "weekday": lambda value: _date(value).isoweekday(),
    "min": _min,
    "max": _max,
    "sum": _sum,
    "average": _average,
    "len": _len,
    "count": _count,
    "round": _round,
    "floor": _floor,
    "ceiling": _ceiling,
    "abs": _abs,
    "number": number,
    "str": text_of,
    "money": _money,
    "lower": lambda text: _text(text).lower(),
    "upper": lambda text: _text(text).upper(),
    "trim": lambda text: _text(text).strip(),
    "starts_with": lambda text, part: _text(text).startswith(_text(part)),
    "ends_with": lambda text, part: _text(text).endswith(_text(part)),
    "contains": contains,
    "join": _join,
    "append": _append,
    "pluck": _pluck,
    "any": _any,
    "all": _all,
}


@dataclass(frozen=True)
class Recurrence:
    """Every day, or every working day, at one time of the centre's zone."""

    at: time
    calendar: BusinessCalendar
    working_days_only: bool = False

    def next(self, after: datetime) -> datetime | None:
        """Return the first instant strictly after ``after``, in UTC; None where none follows in a year."""
        day = after.astimezone(self.calendar.zone).date()
        for _ in range(368):
            found = datetime.combine(day, self.at, self.calendar.zone).astimezone(UTC)
            if found > after and (not self.working_days_only or self.calendar.is_working(day)):
                return found
            day += timedelta(days=1)
        return None


class _Time:
    """The functions that know what time it is, and the centre's calendar."""

    def __init__(self, now: datetime, zone: ZoneInfo, calendar: BusinessCalendar) -> None:
        self.present = now.astimezone(UTC)
        self.zone = zone
        self.calendar = calendar

    def now(self) -> datetime:
        return self.present

    def today(self) -> date:
        return self.present.astimezone(self.zone).date()

    def _later(self, amount: Any, unit: timedelta, start: Any) -> datetime:
        first = self.present if start is None else self.instant(start)
        return first + times(unit, counted(amount))

    def minutes(self, amount: Any, start: Any = None) -> datetime:
        return self._later(amount, timedelta(minutes=1), start)

    def hours(self, amount: Any, start: Any = None) -> datetime:
        return self._later(amount, timedelta(hours=1), start)

    def days(self, amount: Any, start: Any = None) -> datetime:
        return self._later(amount, timedelta(days=1), start)

    def workdays(self, amount: Any, start: Any = None) -> datetime:
        first = self.today() if start is None else self.day_of(start)
        return self.calendar.end_of(self.calendar.add_working_days(first, whole(amount, 0, 1000))).astimezone(
            UTC
        )

    def months(self, amount: Any, start: Any = None) -> date:
        count = whole(amount, -1200, 1200)
        begin = (
            self.present if start is None else start if isinstance(start, datetime) else self.day_of(start)
        )
        local = begin.astimezone(self.zone) if isinstance(begin, datetime) else begin
        index = local.year * 12 + local.month - 1 + count
        year, month = index // 12, index % 12 + 1
        day = min(local.day, months_of_the_year.monthrange(year, month)[1])
        moved = local.replace(year=year, month=month, day=day)
        return moved.astimezone(UTC) if isinstance(moved, datetime) else moved

    def at_time(self, at: Any) -> datetime:
        found = Recurrence(clock_time(at), self.calendar).next(self.present)
        assert found is not None
        return found

    def daily(self, at: Any) -> Recurrence:
        return Recurrence(clock_time(at), self.calendar)

    def every_workday(self, at: Any) -> Recurrence:
        return Recurrence(clock_time(at), self.calendar, working_days_only=True)

    def day_of(self, value: Any, month: Any = None, day: Any = None) -> date:
        return _date(
            value.astimezone(self.zone) if isinstance(value, datetime) and value.tzinfo else value, month, day
        )

    def instant(self, value: Any, at: Any = None) -> datetime:
        if at is not None:
            return datetime.combine(self.day_of(value), clock_time(at), self.zone).astimezone(UTC)
        if (
            isinstance(value, str)
            and re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", value, re.ASCII)
            and len(value) < 40
        ):
            value = datetime.fromisoformat(value)
        elif isinstance(value, str | date) and not isinstance(value, datetime):
            value = datetime.combine(_date(value), time(), self.zone)
        if not isinstance(value, datetime):
            raise failed(
                "“{value}”不是时刻，应类似 2026-03-01T09:00。",
                "“{value}” is not an instant such as 2026-03-01T09:00.",
                value=shown(value),
            )
        return (value if value.tzinfo else value.replace(tzinfo=self.zone)).astimezone(UTC)

    def end_of_day(self, value: Any) -> datetime:
        return self.calendar.end_of(self.day_of(value)).astimezone(UTC)

    def is_workday(self, value: Any) -> bool:
        return self.calendar.is_working(self.day_of(value))

    def office_hours(self, begins: Any, ends: Any = None) -> bool:
        first = self.instant(begins)
        if ends is None:
            return self.calendar.is_office_hours(first)
        return self.calendar.has_office_hours(first, self.instant(ends))

    def text(self, value: Any) -> str:
        return text_of(value.astimezone(self.zone) if isinstance(value, datetime) and value.tzinfo else value)


def functions(now: datetime, zone: ZoneInfo, calendar: BusinessCalendar) -> dict[str, Callable[..., Any]]:
    """Return every function as of ``now``, but ``get`` and ``defined``: those are the language's own."""
    at = _Time(now, zone, calendar)
    return {
        **PURE,
        "now": at.now,
        "today": at.today,
        "minutes": at.minutes,
        "hours": at.hours,
        "days": at.days,
        "workdays": at.workdays,
        "months": at.months,
        "at_time": at.at_time,
        "daily": at.daily,
        "every_workday": at.every_workday,
        "date": at.day_of,
        "instant": at.instant,
        "end_of_day": at.end_of_day,
        "is_workday": at.is_workday,
        "office_hours": at.office_hours,
        "str": at.text,
        "days_between": lambda first, last: (at.day_of(last) - at.day_of(first)).days,
        "year": lambda value: at.day_of(value).year,
        "month": lambda value: at.day_of(value).month,
        "day": lambda value: at.day_of(value).day,
        "weekday": lambda value: at.day_of(value).isoweekday(),
    }


# What a function may stumble over with values of the wrong kind.
MISHAPS = (
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    DecimalException,
    InvalidOperation,
    RecursionError,
)
