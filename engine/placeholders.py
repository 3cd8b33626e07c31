"""Small files that stand for the photos and documents of journeys and demo cases."""

from __future__ import annotations

import base64
import io
import struct
import zipfile
import zlib
from functools import cache
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


@cache
def _portrait() -> bytes:
    """Return the picture (PNG) of nobody: head and shoulders, as on a pass."""
    width, height = 150, 200

    def shade(x: int, y: int) -> int:
        is_head = ((x - 75) / 34) ** 2 + ((y - 75) / 43) ** 2 < 1
        is_body = ((x - 75) / 66) ** 2 + ((y - 200) / 72) ** 2 < 1
        return 120 if is_head else 150 if is_body else 226

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    lines = b"".join(b"\0" + bytes(shade(x, y) for x in range(width)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)  # eight bits of grey
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def placeholder(file_name: str) -> bytes:
    """
    Return a small file of the kind that the name's ending promises; text where it is not known.

    A ``….png`` of a 证件照, a photo for a pass, shows a face.
    """
    if "证件照" in file_name and file_name.endswith(".png"):
        return _portrait()
    return _BY_ENDING.get(PurePath(file_name).suffix.lower(), b"placeholder\n")
