"""Files of cases, shown or downloaded by those who may see them."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, request, send_file

from engine import files
from web.context import current_user, reading

blueprint = Blueprint("files", __name__, url_prefix="/files")

#: A file is somebody else's content: it may run nothing and load nothing. A browser's viewer of PDF files
#: does not work in a sandbox; that the content is one was found when it was stored.
ALONE = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; object-src 'self'; frame-ancestors 'none'"
)
SANDBOX = f"sandbox; {ALONE}"


@blueprint.get("/<uuid:attachment_id>")
def show(attachment_id: UUID) -> Response:
    """Send a file: pictures and PDF to be looked at, everything else (and if asked for) to be saved."""
    with reading() as uow:
        file = files.open_file(uow, attachment_id, by=current_user())
    as_attachment = not file.may_be_shown or "download" in request.args
    response = send_file(
        file.path.absolute(),
        mimetype=file.content_type,
        as_attachment=as_attachment,
        download_name=file.file_name,
        etag=file.sha256,
        conditional=True,
    )
    response.headers["Content-Security-Policy"] = ALONE if file.content_type == "application/pdf" else SANDBOX
    response.headers["Cache-Control"] = "private, no-cache"
    return response
