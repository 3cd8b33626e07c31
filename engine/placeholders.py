"""Small files that stand for the photos and documents of journeys and demo cases."""

from __future__ import annotations

import base64
import io
import zipfile
from pathlib import PurePath

#: A white picture of one point.
_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
_JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0"
    "Hyc5PTgyPC4zNDL/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8A"
    "KwD/2Q=="
)
_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
_SOUND = (
    b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"
    b"\x40\x1f\x00\x00\x40\x1f\x00\x00\x01\x00\x08\x00data\x00\x00\x00\x00"
)
_FILM = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"


def _office(main_part: str) -> bytes:
    """Return the least that passes for a document of Word or a sheet of Excel."""
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("_rels/.rels", "<Relationships/>")
        archive.writestr(main_part, "<document/>")
    return result.getvalue()


_BY_ENDING = {
    ".png": _PNG,
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".pdf": _PDF,
    ".wav": _SOUND,
    ".mp3": b"ID3\x03\x00\x00\x00\x00\x00\x00",
    ".mp4": _FILM,
    ".docx": _office("word/document.xml"),
    ".xlsx": _office("xl/workbook.xml"),
}


def placeholder(file_name: str) -> bytes:
    """Return a small file of the kind that the name's ending promises; text where it is not known."""
    return _BY_ENDING.get(PurePath(file_name).suffix.lower(), b"placeholder\n")
