"""Definitions: what is deployed, in which versions; uploading, rehearsing and deploying new ones."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from uuid import UUID

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from engine import definitions, forms, queries, uploads
from engine.errors import BanjieError, InvalidDefinition, NotFound
from engine.identity import Capability
from engine.queries import DefinitionPage
from engine.texts import Language
from engine.uploads import Rehearsal, Upload
from web.context import current_user, is_fragment, language, reading, settings, unit_of_work
from web.errors import status_of
from web.security import allow_style_attributes

blueprint = Blueprint("definitions", __name__, url_prefix="/definitions")


@blueprint.get("/")
def overview() -> str:
    """Show everything that is deployed."""
    return _overview()


@blueprint.get("/<int:definition_id>")
def show(definition_id: int) -> str:
    """Show one version: the diagram, the table or the form."""
    page, asked = _definition(definition_id), _form_language()
    view = page.sheet and page.sheet.view(asked)
    if page.version.kind == "decision":
        allow_style_attributes()
    return render_template("definitions/show.html", page=page, view=view, form_language=asked)


@blueprint.post("/<int:definition_id>/form")
def refresh(definition_id: int) -> str:
    """Draw the form for what is typed into its preview: other fields may apply, or a row more."""
    page, asked = _definition(definition_id), _form_language()
    sheet = page.sheet or abort(404)
    typed = forms.submitted(request.form.items(multi=True))
    changed = sheet.form.with_row(typed, add=request.form.get("_add"), remove=request.form.get("_remove"))
    view = sheet.view(asked, changed)
    if is_fragment():
        return render_template("definitions/fields.html", page=page, view=view, form_language=asked)
    return render_template("definitions/show.html", page=page, view=view, form_language=asked)


@blueprint.get("/<int:definition_id>/compared/<int:other_id>")
def compared(definition_id: int, other_id: int) -> str:
    """Show what differs between two versions."""
    with reading() as uow:
        comparison = queries.compared(uow, definition_id, other_id, by=current_user())
    return render_template("definitions/compared.html", comparison=comparison)


@blueprint.get("/<int:definition_id>/source")
def source(definition_id: int) -> Response:
    """Send a version's source: to the viewer in the page, or to be saved."""
    with reading() as uow:
        file_name, text = queries.diagram_source(uow, definition_id, by=current_user())
    return _text(text.encode(), file_name)


# ---- uploads -----------------------------------------------------------------------------------------------


@blueprint.post("/uploads")
def upload() -> AnyResponse | tuple[str, int]:
    """Keep what a modeller saved and show all that is wrong with it; nothing is in force yet."""
    try:
        with unit_of_work() as uow:
            kept = uploads.keep(uow, _uploaded(), by=current_user())
    except BanjieError as error:
        return _overview(error), status_of(error)
    looked = _look(kept)
    if any(finding.severity == "error" for finding in looked.findings):
        return _upload_page(looked), 422
    return redirect(url_for("definitions.review", upload_id=kept), code=303)


def _uploaded() -> Iterator[tuple[str, bytes]]:
    """Return the files sent; more than an upload may hold is not even read."""
    room = definitions.LARGEST_UPLOAD
    for file in request.files.getlist("files"):
        content = file.stream.read(room + 1)
        room -= len(content)
        if room < 0:
            abort(413)
        if file.filename:
            yield file.filename, content


@blueprint.get("/uploads/<uuid:upload_id>")
def review(upload_id: UUID) -> str:
    """Show an upload with its findings and, where nothing forbids it, the way to deploy it."""
    return _upload_page(_look(upload_id))


@blueprint.get("/uploads/<uuid:upload_id>/files/<path:file_name>")
def uploaded_file(upload_id: UUID, file_name: str) -> Response:
    """Send one file of an upload to the viewer in the page."""
    with reading() as uow:
        files = uploads.files_of(uow, upload_id, by=current_user())
    return _text(files.get(file_name) or abort(404), file_name)


@blueprint.get("/uploads/<uuid:upload_id>/journeys")
def journeys(upload_id: UUID) -> str:
    """Show which journeys the upload concerns; each file of them plays itself by a request of its own."""
    with reading() as uow:
        scene = uploads.scene(uow, upload_id, settings().processes, by=current_user())
    return render_template("definitions/journeys.html", upload_id=upload_id, scene=scene)


@blueprint.get("/uploads/<uuid:upload_id>/journeys/<file_name>")
def play(upload_id: UUID, file_name: str) -> str:
    """Play the journeys of one file with the upload over what is in force."""
    with reading() as uow:
        scene = uploads.scene(uow, upload_id, settings().processes, by=current_user())
    played: Rehearsal = uploads.rehearse(scene, file_name)
    return render_template("definitions/played.html", file_name=file_name, played=played)


@blueprint.post("/uploads/<uuid:upload_id>/deploy")
def deploy(upload_id: UUID) -> AnyResponse | tuple[str, int]:
    """Give everything in the upload a new version, for the reason given."""
    try:
        with unit_of_work() as uow:
            deployed = uploads.deploy(
                uow,
                upload_id,
                request.form.get("reason", ""),
                by=current_user(),
                over=request.form.getlist("over", type=int) or None,
            )
    except (NotFound, InvalidDefinition) as error:
        return _overview(error), status_of(error)
    except BanjieError as error:
        return _upload_page(_look(upload_id), error), status_of(error)
    new = [one.version for one in deployed if one.is_new]
    flash(_("已部署 %(count)s 项，现在生效。", count=len(new)))
    if len(new) == 1:
        return redirect(url_for("definitions.show", definition_id=new[0].id), code=303)
    return redirect(url_for("definitions.overview"), code=303)


@blueprint.post("/uploads/<uuid:upload_id>/forget")
def forget(upload_id: UUID) -> AnyResponse:
    """Throw the upload away."""
    with unit_of_work() as uow:
        uploads.forget(uow, upload_id, by=current_user())
    return redirect(url_for("definitions.overview"), code=303)


def _definition(definition_id: int) -> DefinitionPage:
    with reading() as uow:
        return queries.definition(uow, definition_id, by=current_user())


def _look(upload_id: UUID) -> Upload:
    with reading() as uow:
        return uploads.look(uow, upload_id, by=current_user())


def _overview(error: BanjieError | None = None) -> str:
    """Show what is deployed, or what of it the address asks for."""
    text, kind = request.args.get("text", "").strip().lower(), request.args.get("kind", "")
    with reading() as uow:
        everything = queries.definitions_list(uow, by=current_user())
    found = [
        one
        for one in everything
        if kind in ("", one.kind)
        and any(text in name.lower() for name in (one.name.zh, one.name.en, one.key, one.file_name))
    ]
    return render_template(
        "definitions/overview.html",
        found=sorted(found, key=lambda one: one.name.in_language(language())),
        may_deploy=current_user().may(Capability.DEPLOY),
        error=error,
        text=text,
        kind=kind,
    )


def _upload_page(looked: Upload, error: BanjieError | None = None) -> str:
    if any(one.kind == "decision" for one in looked.candidates):
        allow_style_attributes()
    return render_template(
        "definitions/upload.html", upload=looked, error=error, reason=request.form.get("reason", "")
    )


def _form_language() -> Language:
    """Return the language in which a form is previewed: the one asked for, else the reader's."""
    asked = request.args.get("form_language")
    return "en" if asked == "en" else "zh" if asked == "zh" else language()


def _text(content: bytes, file_name: str) -> Response:
    """Return a source as plain text, which no browser runs; saved under its name where that is asked for."""
    return send_file(
        BytesIO(content),
        mimetype="text/plain",
        as_attachment="download" in request.args,
        download_name=file_name,
    )
