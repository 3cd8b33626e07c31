"""What administrators and process owners changed: people, groups, the calendar, definitions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from engine import tables
from engine.database import UnitOfWork
from engine.errors import NotPermitted
from engine.history import Kind, Record, read
from engine.identity import Capability, User
from engine.queries.reading import Names
from engine.queries.shapes import HouseLine
from engine.texts import Text, same

_history = tables.history

PEOPLE = (Kind.PERSON_CREATED, Kind.PERSON_CHANGED, Kind.SUBSTITUTE_NAMED, Kind.SUBSTITUTE_REVOKED)
GROUPS = (Kind.GROUP_ADDED, Kind.GROUP_RENAMED, Kind.ORGANISATION_LOADED)
MOST_LINES = 200

_SENTENCES: Mapping[Kind, Text] = {
    Kind.DEPLOYED: Text("部署“{key}”第 {version} 版", "deployed “{key}”, version {version}"),
    Kind.PERSON_CREATED: Text("新建人员{person}", "added {person}"),
    Kind.SUBSTITUTE_NAMED: Text(
        "指定{substitute}代理{person}（{first_day} – {last_day}）",
        "named {substitute} to stand in for {person} ({first_day} – {last_day})",
    ),
    Kind.SUBSTITUTE_REVOKED: Text(
        "撤销{substitute}对{person}的代理", "ended {substitute} standing in for {person}"
    ),
    Kind.ORGANISATION_LOADED: Text("载入岗位组：{groups}", "loaded the groups {groups}"),
}
_ASPECTS: Mapping[str, Text] = {
    "groups": Text("岗位组", "groups"),
    "active": Text("可以登录", "may log in"),
    "full_name": Text("姓名", "name"),
    "email": Text("邮箱", "mail address"),
    "language": Text("语言", "language"),
}
_GROUP_ADDED = Text("新建岗位组“{name}”（{group}）", "added the group “{name}” ({group})")
_GROUP_RENAMED = Text("岗位组{group}改名：{old} → {new}", "renamed the group {group}: {old} → {new}")
_YES, _NO, _NONE = Text("是", "yes"), Text("否", "no"), same("—")
_CHANGED = Text("修改{person}的{aspect}：{old} → {new}", "changed {person}, {aspect}: {old} → {new}")
_PASSWORD = Text("重设{person}的密码", "changed the password of {person}")
_DAY_SET = {
    True: Text("{day} 定为工作日", "made {day} a working day"),
    False: Text("{day} 定为休息日", "made {day} a day off"),
    None: Text("取消 {day} 的例外", "took the exception of {day} away"),
}
_ANNOUNCED = {
    True: Text("{year} 年的官方通知已录入", "entered the official notice of {year}"),
    False: Text("{year} 年的官方通知改为未录入", "took back the official notice of {year}"),
}


def house_history(
    uow: UnitOfWork, by: User, kinds: Collection[Kind], *, person: str | None = None, limit: int = 50
) -> tuple[HouseLine, ...]:
    """
    Return the newest changes of these kinds (that concern one person), newest first.

    Raises:
        NotPermitted: the user neither administers nor audits.
    """
    if not (by.may(Capability.ADMINISTER) or by.may(Capability.AUDIT)):
        raise NotPermitted(Text("您不能查看这些记录。", "These records are not for you."))
    wanted = select(_history).where(
        _history.c.instance_id.is_(None), _history.c.kind.in_([str(kind) for kind in kinds])
    )
    if person is not None:
        # Nobody's name holds a quotation mark, so that this finds exactly the lines about them.
        wanted = wanted.where(_history.c.detail.contains(f'"person":"{person}"', autoescape=True))
    rows = uow.execute(wanted.order_by(_history.c.id.desc()).limit(max(1, min(limit, MOST_LINES))))
    records = [read(row) for row in rows]
    names = Names(uow, {name for record in records for name in _people_in(record)})
    return tuple(
        HouseLine(record.id, record.at, str(record.kind), text, names.person(record.user_name), _note(record))
        for record in records
        for text in _texts(record, names)
    )


def _people_in(record: Record) -> set[str | None]:
    return {record.user_name, record.detail.get("person"), record.detail.get("substitute")}


def _note(record: Record) -> str:
    return str(record.detail.get("note") or "")


def _texts(record: Record, names: Names) -> list[Text]:
    """Return the sentences of one record: one for each thing that it changed."""
    detail = {key: _shown(key, value, names) for key, value in record.detail.items()}
    if record.kind == Kind.CALENDAR_CHANGED:
        if "year" in detail:
            return [_ANNOUNCED[bool(record.detail["announced"])].format(year=record.detail["year"])]
        return [_DAY_SET[record.detail["changes"]["is_working"][1]].format(day=detail["day"])]
    if record.kind in (Kind.GROUP_ADDED, Kind.GROUP_RENAMED):
        changes, group = record.detail["changes"], record.detail["group"]
        if record.kind == Kind.GROUP_ADDED:
            return [_GROUP_ADDED.format(name=Text(changes["name_zh"][1], changes["name_en"][1]), group=group)]
        return [_GROUP_RENAMED.format(group=group, old=old, new=new) for old, new in changes.values()]
    if record.kind == Kind.PERSON_CHANGED:
        if "password" in detail:
            return [_PASSWORD.format(**detail)]
        return [
            _CHANGED.format(
                person=detail["person"],
                aspect=_ASPECTS.get(key, same(key)),
                old=_shown(key, old, names),
                new=_shown(key, new, names),
            )
            for key, (old, new) in record.detail.get("changes", {}).items()
        ]
    return [_SENTENCES.get(record.kind, same(str(record.kind))).format(**detail)]


def _shown(key: str, value: Any, names: Names) -> Text:
    match value:
        case None | "" | []:
            return _NONE
        case bool():
            return _YES if value else _NO
        case date():
            return same(value.isoformat())
        case list() if key == "groups":
            of = names.groups(value)
            return Text("、".join(one.name.zh for one in of), ", ".join(one.name.en for one in of))
    if key in ("person", "substitute"):
        return same(names.somebody(str(value)).full_name)
    return same(str(value))
