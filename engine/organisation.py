"""The organisation: its groups, what they may do, the centre's name (``organisation.toml``, or by hand)."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update

from engine import history, tables
from engine.database import UnitOfWork
from engine.editions import changed
from engine.errors import InvalidInput, NotFound
from engine.identity import Capability, User, require
from engine.texts import Text

_KEY = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
SIDES = ("property", "developer", "external")
LONGEST_NAME = 100


def load(uow: UnitOfWork, source: Path | Mapping[str, Any]) -> int:
    """
    Take the groups from ``organisation.toml`` (or what it holds); return how many are new or changed.

    Each ``[[group]]`` has ``key``, ``name_zh``, ``name_en``, and may have ``side`` (property, developer,
    external) and ``capabilities``. ``[centre]`` has the name that stands on papers.

    Raises:
        InvalidInput: the file is malformed; the message says where.
    """
    wanted = _groups_in(source)
    _load_centre(uow, source)
    present = {row.key: dict(row._mapping) for row in uow.execute(select(tables.user_group))}
    new = [group for group in wanted if group["key"] not in present]
    different = [group for group in wanted if present.get(group["key"], group) != group]
    if new:
        uow.execute(insert(tables.user_group), new)
    for group in different:
        uow.execute(update(tables.user_group).where(tables.user_group.c.key == group["key"]).values(**group))
    if new or different:
        changed(uow, "people")
        keys = [group["key"] for group in new + different]
        history.write(uow, [history.Line(history.Kind.ORGANISATION_LOADED, detail={"groups": keys})])
    return len(new) + len(different)


def add_group(uow: UnitOfWork, key: str, name: Text, side: str, *, by: User) -> None:
    """
    Add a group of people, which diagrams may name from now on; it may do nothing beyond its tasks.

    Raises:
        InvalidInput: the key or a name is missing or malformed, or there is such a group.
    """
    require(by, Capability.ADMINISTER)
    if not _KEY.match(key):
        raise InvalidInput(
            Text(
                "组的标识“{key}”不能使用：小写字母开头，只含小写字母、数字和下划线。",
                "“{key}” cannot be a group's key: small letters, digits and underscores, a letter first.",
            ),
            key=key[:64],
        )
    if side not in SIDES:
        raise InvalidInput(Text("请选择属于哪一方。", "Please choose the side."))
    if uow.execute(select(tables.user_group.c.key).where(tables.user_group.c.key == key)).first():
        raise InvalidInput(Text("已有岗位组“{key}”。", "There is a group “{key}” already."), key=key)
    named = _group_name(name)
    uow.execute(insert(tables.user_group).values(key=key, side=side, capabilities="[]", **named))
    _record(
        uow, history.Kind.GROUP_ADDED, by, key, name={field: ["", value] for field, value in named.items()}
    )


def rename_group(uow: UnitOfWork, key: str, name: Text, *, by: User, fixed: Collection[str] = ()) -> None:
    """
    Call a group something else; its key stays, which diagrams name.

    ``fixed`` are the groups that ``organisation.toml`` has: it would take the change back.

    Raises:
        NotFound: there is no such group.
        InvalidInput: a name is missing, or the group is fixed.
    """
    require(by, Capability.ADMINISTER)
    row = uow.execute(select(tables.user_group).where(tables.user_group.c.key == key)).first()
    if row is None:
        raise NotFound(Text("没有岗位组“{key}”。", "There is no group “{key}”."), key=key[:64])
    if key in fixed:
        raise InvalidInput(
            Text(
                "这个组写在 organisation.toml 里，请改那个文件。",
                "This group stands in organisation.toml: change that file.",
            )
        )
    named = _group_name(name)
    different = {
        field: [getattr(row, field), value] for field, value in named.items() if getattr(row, field) != value
    }
    if different:
        uow.execute(update(tables.user_group).where(tables.user_group.c.key == key).values(**named))
        _record(uow, history.Kind.GROUP_RENAMED, by, key, name=different)


def _group_name(name: Text) -> dict[str, str]:
    zh, en = (" ".join(text.split()) for text in (name.zh, name.en))
    if not zh or not en or max(len(zh), len(en)) > LONGEST_NAME:
        raise InvalidInput(
            Text(
                "请填写中文和英文名称，各不超过 {most} 个字符。",
                "Please give the name in Chinese and English, {most} characters each at most.",
            ),
            most=LONGEST_NAME,
        )
    return {"name_zh": zh, "name_en": en}


def _record(uow: UnitOfWork, kind: history.Kind, by: User, key: str, name: Mapping[str, list[str]]) -> None:
    changed(uow, "people")
    line = history.Line(kind, user_name=by.name, detail={"group": key, "changes": name})
    history.write(uow, [line])


def keys_in(path: Path) -> frozenset[str]:
    """Return the groups that a file has; none where there is no file."""
    return frozenset(group["key"] for group in _groups_in(path)) if path.is_file() else frozenset()


def _load_centre(uow: UnitOfWork, source: Path | Mapping[str, Any]) -> None:
    centre = (_document(source) if isinstance(source, Path) else source).get("centre", {})
    if not isinstance(centre, dict) or not centre.get("name_zh"):
        return
    name = Text(str(centre["name_zh"])[:100], str(centre.get("name_en") or centre["name_zh"])[:100])
    present = centre_name(uow)
    if present is None:
        uow.execute(insert(tables.organisation).values(id=1, name_zh=name.zh, name_en=name.en))
    elif present != name:
        uow.execute(update(tables.organisation).values(name_zh=name.zh, name_en=name.en))


def centre_name(uow: UnitOfWork) -> Text | None:
    """Return what the centre is called on papers, None where ``organisation.toml`` does not say."""
    row = uow.execute(select(tables.organisation)).first()
    return None if row is None else Text(row.name_zh, row.name_en)


def _groups_in(source: Path | Mapping[str, Any]) -> list[dict[str, Any]]:
    path = source if isinstance(source, Path) else Path("organisation.toml")
    document = _document(source) if isinstance(source, Path) else source
    entries = document.get("group", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InvalidInput(
            Text("{path} 中的岗位组要写成 [[group]]。", "Groups in {path} are written as [[group]]."),
            path=path,
        )
    return [_group_from(entry, path) for entry in entries]


def _document(path: Path) -> dict[str, Any]:
    try:
        return read_toml(path.read_bytes(), str(path))
    except OSError as error:
        raise InvalidInput(_NOT_READ, path=path, error=error) from error


def read_toml(content: bytes, name: str) -> dict[str, Any]:
    """Return what a file of this name holds. Raises InvalidInput, which names it."""
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(_NOT_READ, path=name, error=error) from error


_NOT_READ = Text("{path} 无法读取：{error}", "{path} cannot be read: {error}")


def _group_from(entry: dict[str, Any], path: Path) -> dict[str, Any]:
    capabilities = entry.get("capabilities", [])
    group = {
        "key": entry.get("key", ""),
        "name_zh": entry.get("name_zh", ""),
        "name_en": entry.get("name_en", ""),
        "side": entry.get("side", "property"),
        "capabilities": json.dumps(capabilities, default=str),
    }
    sound = (
        all(isinstance(value, str) and value for value in group.values())
        and _KEY.match(group["key"])
        and group["side"] in SIDES
        and isinstance(capabilities, list)
        and all(name in set(Capability) for name in capabilities)
        and not entry.keys() - group.keys()
    )
    if not sound:
        raise InvalidInput(
            Text(
                "{path} 中的岗位组“{key}”不对：需要 key、name_zh、name_en，"
                "可有 side（{sides}）和 capabilities（{names}）。",
                "The group “{key}” in {path} is wrong: it needs key, name_zh, name_en,"
                " and may have side ({sides}) and capabilities ({names}).",
            ),
            path=path,
            key=group["key"],
            sides=", ".join(SIDES),
            names=", ".join(Capability),
        )
    return group
