"""Definitions: what is deployed, in which versions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from engine import definitions, instances, tables
from engine.database import UnitOfWork
from engine.errors import NotFound, NotPermitted
from engine.identity import Capability, User
from engine.queries.reading import Names, sheet
from engine.queries.shapes import Comparison, DefinitionPage, DefinitionVersion, Picture
from engine.texts import Text

_definition = tables.definition
_COLUMNS = [column for column in _definition.c if column.name != "source"]
_ORDER = {"process": 0, "decision": 1, "form": 2, "paper": 3, "registers": 4, "figures": 5}


def definitions_list(uow: UnitOfWork, by: User) -> tuple[DefinitionVersion, ...]:
    """
    Return the latest version of everything deployed: processes, then tables, then forms, by name.

    Raises:
        NotPermitted: the user neither deploys nor audits.
    """
    _require_reader(by)
    newest = [version.id for version in definitions.all_latest(uow)]
    rows = uow.execute(select(*_COLUMNS).where(_definition.c.id.in_(newest))).all()
    ordered = sorted(rows, key=lambda row: (_ORDER[row.kind], row.name_zh, row.key))
    return _versions(uow, ordered)


def definition(uow: UnitOfWork, definition_id: int, by: User) -> DefinitionPage:
    """Return what the page of one version shows. Raises NotFound, NotPermitted as the list does."""
    _require_reader(by)
    wanted = definitions.version(uow, definition_id)
    rows = uow.execute(
        select(*_COLUMNS)
        .where(_definition.c.kind == wanted.kind, _definition.c.key == wanted.key)
        .order_by(_definition.c.version.desc())
    ).all()
    versions = _versions(uow, rows)
    used = _used(uow, wanted)
    form = definitions.form(uow, definition_id) if wanted.kind == "form" else None
    return DefinitionPage(
        version=next(one for one in versions if one.definition_id == definition_id),
        versions=versions,
        source=definitions.source(uow, definition_id),
        picture=_picture(uow, wanted) if wanted.kind == "process" else None,
        uses=_versions(uow, uow.execute(select(*_COLUMNS).where(_definition.c.id.in_(used))).all()),
        sheet=sheet(uow, form, {}, by) if form else None,
    )


def compared(uow: UnitOfWork, one_id: int, other_id: int, by: User) -> Comparison:
    """
    Return what differs between two versions, the older first.

    Raises:
        NotFound: there is no such version, or they are not of the same thing.
    """
    _require_reader(by)
    older, newer = sorted(
        (definitions.version(uow, id_) for id_ in (one_id, other_id)), key=lambda v: v.version
    )
    if (older.kind, older.key) != (newer.kind, newer.key):
        raise NotFound(Text("没有这个版本。", "There is no such version."))
    rows = uow.execute(select(*_COLUMNS).where(_definition.c.id.in_([older.id, newer.id]))).all()
    shown = {one.definition_id: one for one in _versions(uow, rows)}
    differences = definitions.differences(uow, older, definitions.source(uow, newer.id))
    return Comparison(shown[older.id], shown[newer.id], differences)


def diagram_source(uow: UnitOfWork, definition_id: int, by: User) -> tuple[str, str]:
    """
    Return a version's file name and its source, as it was deployed, for downloading.

    Raises:
        NotFound, NotPermitted: as the page of that version.
    """
    _require_reader(by)
    return definitions.version(uow, definition_id).file_name, definitions.source(uow, definition_id)


def _require_reader(by: User) -> None:
    if not (by.may(Capability.DEPLOY) or by.may(Capability.AUDIT)):
        raise NotPermitted(
            Text("只有流程负责人可以查看流程定义。", "Only process owners may look at definitions.")
        )


def _versions(uow: UnitOfWork, rows: Any) -> tuple[DefinitionVersion, ...]:
    names = Names(uow, {row.deployed_by for row in rows})
    latest = {version.id for version in definitions.all_latest(uow)}
    return tuple(
        DefinitionVersion(
            definition_id=row.id,
            kind=row.kind,
            key=row.key,
            version=row.version,
            name=Text(row.name_zh, row.name_en),
            file_name=row.file_name,
            origin=row.origin,
            reason=row.reason,
            deployed_by=names.somebody(row.deployed_by),
            deployed_at=row.deployed_at,
            is_latest=row.id in latest,
            running=instances.count_open(uow, row.id) if row.kind == "process" else 0,
        )
        for row in rows
    )


def _used(uow: UnitOfWork, wanted: definitions.Version) -> list[int]:
    if wanted.kind != "process":
        return []
    diagram = definitions.read_diagram(uow, wanted.id)
    forms = [element.form_key for element in diagram.elements.values()] + [diagram.start_form_key]
    found = [definitions.latest(uow, "process", key) for key in diagram.called]
    found += [definitions.latest(uow, "decision", key) for key in diagram.decisions]
    found += [definitions.latest(uow, "form", key) for key in forms if key]
    return sorted({version.id for version in found if version is not None})


def _picture(uow: UnitOfWork, wanted: definitions.Version) -> Picture:
    diagram = definitions.read_diagram(uow, wanted.id)
    return Picture(wanted.id, wanted.key, wanted.name, wanted.version, diagram.source)
