"""Uploads of process owners: kept, checked and rehearsed before they are deployed."""

from __future__ import annotations

import io
import time as stopwatch
import zipfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, select

from engine import definitions, journey_files, journeys, registers, stage, tables
from engine.bpmn.diagram import Diagram
from engine.comparing import Difference
from engine.database import UnitOfWork
from engine.definitions import Candidate, Deployed, Standing
from engine.editions import changed
from engine.errors import Conflict, Finding, InvalidInput, NotFound, foremost
from engine.identity import Capability, User, require
from engine.journey_files import InvalidJourney, Journey
from engine.journeys import Result
from engine.services import USES_REGISTERS
from engine.stage import Stage
from engine.texts import Text

KEPT = timedelta(days=1)
LONGEST_REHEARSAL = 60.0  # seconds, of one file of journeys

_upload = tables.upload


@dataclass(frozen=True)
class Upload:
    """What somebody uploaded, with all that is wrong with it."""

    id: UUID
    files: Mapping[str, bytes]
    findings: tuple[Finding, ...]
    candidates: tuple[Candidate, ...]
    differences: Mapping[Candidate, tuple[Difference, ...]]  # from the version in force; of what is not new

    @property
    def shown(self) -> tuple[Finding, ...]:
        """The findings that a page shows: not thousands of them."""
        return foremost(self.findings)

    @property
    def may_be_deployed(self) -> bool:
        """Whether nothing forbids its deployment, and something of it is new."""
        return not any(finding.severity == "error" for finding in self.findings) and not all(
            candidate.is_same for candidate in self.candidates
        )


def keep(uow: UnitOfWork, uploaded: Iterable[tuple[str, bytes]], *, by: User) -> UUID:
    """
    Keep files, and zip archives of files, until they are deployed; return the upload's id.

    Nothing is in force before it is deployed. Only who uploaded it sees it, for a day.

    Raises:
        InvalidInput: there are none, a malformed or too large archive, another kind of file, a name twice.
    """
    require(by, Capability.DEPLOY)
    files = definitions.unpack(uploaded)
    if not files:
        raise InvalidInput(Text("请选择要上传的文件。", "Please choose the files to upload."))
    uow.execute(delete(_upload).where(_upload.c.uploaded_at < uow.now - KEPT))
    upload_id = uuid4()
    uow.execute(
        insert(_upload).values(id=upload_id, user_name=by.name, archive=_packed(files), uploaded_at=uow.now)
    )
    return upload_id


def _packed(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def files_of(uow: UnitOfWork, upload_id: UUID, *, by: User) -> Mapping[str, bytes]:
    """Return the files of an upload. Raises NotFound where it is not there, or somebody else's."""
    require(by, Capability.DEPLOY)
    packed = uow.execute(
        select(_upload.c.archive).where(
            _upload.c.id == upload_id,
            _upload.c.user_name == by.name,
            _upload.c.uploaded_at >= uow.now - KEPT,
        )
    ).scalar()
    if packed is None:
        raise NotFound(
            Text(
                "没有这次上传，或已过了一天。请重新上传。",
                "There is no such upload, or a day has passed. Please upload it again.",
            )
        )
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def look(uow: UnitOfWork, upload_id: UUID, *, by: User) -> Upload:
    """Return an upload with all findings, as it would stand beside what is in force. Raises NotFound."""
    files = files_of(uow, upload_id, by=by)
    findings, candidates = definitions.check_files(uow, files), definitions.candidates(uow, files)
    differences = {
        one: definitions.differences(uow, one.in_force, files[one.file_name].decode("utf-8-sig", "replace"))
        for one in candidates
        if one.in_force and not one.is_same
    }
    return Upload(upload_id, files, tuple(findings), tuple(candidates), differences)


def deploy(
    uow: UnitOfWork, upload_id: UUID, reason: str, *, by: User, over: Collection[int] | None = None
) -> list[Deployed]:
    """
    Give everything in an upload a new version, or nothing; raises as ``definitions.deploy`` does.

    ``over`` are the versions that were in force when whoever deploys looked at it.

    Raises:
        Conflict: another version is in force by now: somebody else was faster.
    """
    files = files_of(uow, upload_id, by=by)
    changed(uow, "definitions")  # from here on, nobody else deploys until this transaction ends
    newer = [one.in_force for one in definitions.candidates(uow, files) if one.in_force]
    for version in newer:
        if over is not None and version.id not in over:
            raise Conflict(_NEWER, name=version.name, number=version.version)
    deployed = definitions.deploy(uow, files, by=by, reason=reason)
    forget(uow, upload_id, by=by)
    return deployed


_NEWER = Text(
    "您查看期间，别人部署了“{name}”第 {number} 版。请先看一看；再点“部署”就用您的内容取代它。",
    "While you were looking, somebody deployed version {number} of “{name}”. Look at it first; "
    "“Deploy” once more replaces it by yours.",
)


def forget(uow: UnitOfWork, upload_id: UUID, *, by: User) -> None:
    """Throw an upload away, if it is still there."""
    uow.execute(delete(_upload).where(_upload.c.id == upload_id, _upload.c.user_name == by.name))


# ---- rehearsing ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scene:
    """What an upload is rehearsed with: the files over those in force, and the journeys that it concerns."""

    standing: tuple[Standing, ...]
    sources: tuple[tuple[str, bytes], ...]
    journeys: Mapping[str, tuple[Journey, ...]]  # by the name of their file
    unreadable: Mapping[str, Text]


@dataclass(frozen=True)
class Rehearsal:
    """How the journeys of one file went."""

    results: tuple[Result, ...]
    not_played: int  # there was no time for them
    refused: Text | None = None  # why none could be played

    @property
    def failed(self) -> tuple[Result, ...]:
        """The journeys that did not go as their file says."""
        return tuple(result for result in self.results if result.failure is not None)


def scene(uow: UnitOfWork, upload_id: UUID, folder: Path, *, by: User) -> Scene:
    """
    Return what the upload is rehearsed with, if it has no errors; ``folder`` holds ``journeys/``.

    A journey is concerned if its process, or one that it calls, is in the upload or uses a table, form, paper
    or the registers of it.
    """
    files = files_of(uow, upload_id, by=by)
    beside = {
        name: content
        for name, content in stage.folder_files(folder).items()
        if name.endswith(".toml") and definitions.kind_of(name) is None
    }
    standing, sources = definitions.standing(uow), tuple(sorted({**beside, **files}.items()))
    found: dict[str, tuple[Journey, ...]] = {}
    unreadable: dict[str, Text] = {}
    for path in sorted((folder / "journeys").glob("*.toml")):
        try:
            found[path.name] = tuple(journey_files.read(path, zone=uow.centre.zone))
        except InvalidJourney as error:
            unreadable[path.name] = error.message
    wanted = {(each.kind, each.key) for each in definitions.candidates(uow, files) if not each.is_same}
    concerned = _concerned(_stage(standing, sources), wanted) if found and wanted else frozenset()
    chosen = {
        name: tuple(journey for journey in those if journey.process in concerned)
        for name, those in found.items()
    }
    return Scene(standing, sources, {name: those for name, those in chosen.items() if those}, unreadable)


def _concerned(prepared: Stage, wanted: set[tuple[definitions.Kind, str]]) -> frozenset[str]:
    concerned = set()
    with prepared.database.reading() as uow:
        for version in definitions.all_latest(uow, "process"):
            used: set[tuple[definitions.Kind, str]] = set()
            for diagram in definitions.latest_program(uow, version.key).diagrams.values():
                forms = {element.form_key for element in diagram.elements.values()} | {diagram.start_form_key}
                used.add(("process", diagram.process_id))
                used |= {("decision", key) for key in diagram.decisions}
                used |= {("form", key) for key in forms if key}
                used |= _asked(diagram, wanted)
            if not used.isdisjoint(wanted):
                concerned.add(version.key)
    return frozenset(concerned)


def _asked(diagram: Diagram, wanted: set[tuple[definitions.Kind, str]]) -> set[tuple[definitions.Kind, str]]:
    """Return the registers and papers that a process uses; a paper that is not named may be any."""
    used: set[tuple[definitions.Kind, str]] = set()
    for element_id, topic in diagram.topics.items():
        if topic == "issue_paper":
            named = {use.name for use in diagram.uses[element_id] if use.kind == "paper"}
            used |= {(kind, key) for kind, key in wanted if kind == "paper" and (key in named or not named)}
        if topic in USES_REGISTERS:
            used.add(("registers", registers.KEY))
    return used


def rehearse(scene: Scene, journey_file: str) -> Rehearsal:
    """
    Play the journeys of one file on a copy of what would be in force; no database of ours is touched.

    Raises:
        NotFound: the upload does not concern this file.
    """
    chosen = scene.journeys.get(journey_file)
    if chosen is None:
        raise NotFound(Text("没有这个案例文件。", "There is no such file of journeys."))
    results: list[Result] = []
    began = stopwatch.monotonic()
    try:
        for result in journeys.play_on(_stage(scene.standing, scene.sources), chosen):
            results.append(result)
            if stopwatch.monotonic() - began > LONGEST_REHEARSAL:
                break
    except InvalidJourney as error:
        return Rehearsal(tuple(results), len(chosen) - len(results), error.message)
    return Rehearsal(tuple(results), len(chosen) - len(results))


@lru_cache(maxsize=2)
def _stage(standing: Sequence[Standing], sources: Sequence[tuple[str, bytes]]) -> Stage:
    """Return the stage of a rehearsal; each file of journeys is asked for by itself, and needs the same."""
    return Stage(dict(sources), standing)
