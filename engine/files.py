"""Files that belong to cases: photos, recordings and documents, kept by their SHA-256."""

from __future__ import annotations

import hashlib
import os
import tempfile
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import UUID, uuid4

import filetype
from sqlalchemy import insert, select

from engine import tables, visibility
from engine.database import UnitOfWork
from engine.errors import InvalidInput, NotFound, Unavailable
from engine.identity import User
from engine.texts import Text

#: What a file's content may be, and the endings that go with it; the first is added where none fits.
KINDS: dict[str, tuple[str, ...]] = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    "image/bmp": (".bmp",),
    "image/tiff": (".tif", ".tiff"),
    "image/heic": (".heic", ".heif"),
    "application/pdf": (".pdf",),
    "application/msword": (".doc", ".wps"),
    "application/vnd.ms-excel": (".xls", ".et"),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": (".docx",),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": (".xlsx",),
    "audio/mpeg": (".mp3",),
    "audio/x-wav": (".wav",),
    "audio/amr": (".amr",),
    "audio/ogg": (".ogg",),
    "audio/mp4": (".m4a",),
    "audio/aac": (".aac",),
    "video/mp4": (".mp4",),
    "video/quicktime": (".mov",),
    "video/3gpp": (".3gp",),
    "video/webm": (".webm",),
    "text/plain": (".txt", ".csv"),
}
#: A browser may show these; everything else is downloaded.
SHOWN = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "application/pdf"})

_CHUNK = 1 << 20  # bytes
_MARKUP = (b"<!doctype", b"<html", b"<svg", b"<?xml", b"<script", b"<head", b"<body", b"<iframe")

_NOT_TAKEN = Text(
    "“{name}”的文件类型不能上传。可以上传图片、录音、录像、PDF、Word、Excel 和文本文件。",
    "“{name}” is of no kind that is taken: pictures, sound, video, PDF, Word, Excel and plain text are.",
)
_NOT_STORED = Text("文件暂时无法保存。", "The file cannot be stored at the moment.")

_attachment = tables.attachment


@dataclass(frozen=True)
class StoredFile:
    """A file that somebody may open."""

    path: Path
    file_name: str
    content_type: str
    size: int  # bytes
    sha256: str

    @property
    def may_be_shown(self) -> bool:
        """Whether a browser may show it in the page, instead of downloading it."""
        return self.content_type in SHOWN


def store(uow: UnitOfWork, stream: BinaryIO, file_name: str, by: User) -> UUID:
    """
    Keep a file that somebody uploads, and return its id; only they see it until its form is submitted.

    Raises:
        InvalidInput: too large, empty, or of a kind that is not taken (judged by its content).
        Unavailable: there is no room for it, or the folder cannot be written.
    """
    try:
        sha256, size, content_type = _keep(uow, stream, file_name)
    except OSError as error:
        raise Unavailable(_NOT_STORED, str(error)) from error
    attachment_id = uuid4()
    uow.execute(
        insert(_attachment).values(
            id=attachment_id,
            sha256=sha256,
            file_name=_safe_name(file_name, content_type),
            content_type=content_type,
            size=size,
            uploaded_by=by.name,
            uploaded_at=uow.now,
        )
    )
    return attachment_id


def _keep(uow: UnitOfWork, stream: BinaryIO, file_name: str) -> tuple[str, int, str]:
    uow.centre.files.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=uow.centre.files, prefix="upload-")
    try:
        with os.fdopen(handle, "wb") as target:
            sha256, size = _copy(stream, target, uow.centre.largest_file, file_name[:100])
        content_type = _content_type(Path(draft), file_name)
        final = _path(uow, sha256)
        final.parent.mkdir(exist_ok=True)
        Path(draft).replace(final)
    finally:
        Path(draft).unlink(missing_ok=True)
    return sha256, size, content_type


def open_file(uow: UnitOfWork, attachment_id: UUID, by: User) -> StoredFile:
    """
    Return a file that the user may see.

    Raises:
        NotFound: no such file, or it belongs to a case or a field that the user may not see.
    """
    row = uow.execute(select(_attachment).where(_attachment.c.id == attachment_id)).first()
    missing = NotFound(Text("没有这个文件。", "There is no such file."))
    if row is None:
        raise missing
    if row.instance_id is None:
        if row.uploaded_by != by.name:
            raise missing
    else:
        case = visibility.require_case(uow, row.instance_id, by)
        if row.variable in visibility.hidden_names(uow, case, by) and row.uploaded_by != by.name:
            raise missing
    path = _path(uow, row.sha256)
    if not path.is_file():
        raise NotFound(Text("文件“{name}”已不在存储中。", "“{name}” is missing from the file store."),
                       name=row.file_name)  # fmt: skip
    return StoredFile(path, row.file_name, row.content_type, row.size, row.sha256)


def _copy(stream: BinaryIO, target: BinaryIO, most: int, name: str) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        if size > most:
            raise InvalidInput(
                Text("“{name}”太大，最多 {most} MB。", "“{name}” is too large; at most {most} MB."),
                name=name,
                most=most // (1024 * 1024),
            )
        digest.update(chunk)
        target.write(chunk)
    if not size:
        raise InvalidInput(Text("“{name}”是空的。", "“{name}” is empty."), name=name)
    target.flush()
    os.fsync(target.fileno())
    return digest.hexdigest(), size


def _path(uow: UnitOfWork, sha256: str) -> Path:
    return uow.centre.files / sha256[:2] / sha256


def _content_type(path: Path, file_name: str) -> str:
    guessed: str | None = filetype.guess_mime(str(path))
    content_type = {"audio/x-m4a": "audio/mp4", "audio/wav": "audio/x-wav"}.get(guessed or "", guessed)
    if content_type is None and _is_text(path):
        content_type = "text/plain"
    if content_type is None or content_type not in KINDS:
        raise InvalidInput(_NOT_TAKEN, name=file_name[:100])
    return content_type


def _is_text(path: Path) -> bool:
    with path.open("rb") as stream:
        content = stream.read()
    start = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if b"\0" in content or start.startswith((b"#!", b"mz", *_MARKUP)) or b"<script" in content.lower():
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return True
    return False


def _safe_name(file_name: str, content_type: str) -> str:
    """Return the last part of the name without anything that a shell, header or folder could misread."""
    last = unicodedata.normalize("NFC", file_name).replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c for c in last if unicodedata.category(c)[0] != "C" and c not in '<>:"|?*').strip(" .")
    endings = KINDS[content_type]
    stem, dot, ending = kept.rpartition(".")
    if not dot or f".{ending.lower()}" not in endings:
        stem, ending = kept, endings[0][1:]
    return f"{stem[:150] or 'file'}.{ending}"
