"""Files that belong to cases."""

from __future__ import annotations

import errno
import os
from io import BytesIO
from pathlib import Path

import pytest

from engine import files, forms, tables
from engine.database import Database
from engine.errors import InvalidInput, NotFound, Unavailable
from engine.settings import Centre
from tests.desk import Desk

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 50
FORMS = sorted((Path(__file__).parents[2] / "processes" / "forms").glob("*.form"))
EXE = b"MZ\x90\0" + b"\0" * 100


@pytest.mark.parametrize(
    ("name", "content", "stored"),
    [
        ("灯.png", PNG, ("灯.png", "image/png")),
        ("photo", PNG, ("photo.png", "image/png")),
        ("photo.txt", PNG, ("photo.txt.png", "image/png")),
        ("../../etc/passwd.png", PNG, ("passwd.png", "image/png")),
        ('C:\\a<b>"c.PNG', PNG, ("abc.PNG", "image/png")),
        ("说明.txt", "客户来电".encode("gb18030"), ("说明.txt", "text/plain")),
        ("evidence.pdf", b"%PDF-1.7 x", ("evidence.pdf", "application/pdf")),
    ],
)
def test_a_file_is_known_by_its_content(
    desk: Desk, name: str, content: bytes, stored: tuple[str, str]
) -> None:
    made = desk.do(files.store, BytesIO(content), name, by="fang")

    found = desk.look(files.open_file, made, by="fang")

    assert (found.file_name, found.content_type) == stored
    assert found.path.read_bytes() == content
    assert found.path.name == found.sha256


def test_no_form_asks_for_a_kind_of_file_that_is_not_taken() -> None:
    taken = {ending for endings in files.KINDS.values() for ending in endings}
    asked = {
        (path.name, ending)
        for path in FORMS
        for field in forms.read(path.read_bytes(), path.name).fields
        for ending in getattr(field, "accept", ())
        if ending.startswith(".")
    }
    assert len(asked) > 20
    assert not {(name, ending) for name, ending in asked if ending not in taken}


@pytest.mark.parametrize(
    "content",
    [b"", EXE, b"<html><script>", b"\xef\xbb\xbf  <!DOCTYPE html>", b"<svg xmlns='x'/>", b"<?xml version='1.0'?><a/>",
     b"#!/bin/sh", b"\0\1\2\3", b"text with <SCRIPT>alert(1)</SCRIPT>", b"PK\x03\x04" + b"\0" * 100],
    ids=["empty", "exe", "html", "doctype", "svg", "xml", "script", "binary", "script in text", "zip"],
)  # fmt: skip
def test_a_file_of_no_kind_that_is_taken_is_refused(desk: Desk, content: bytes) -> None:
    with pytest.raises(InvalidInput):
        desk.do(files.store, BytesIO(content), "photo.png", by="fang")

    assert desk.rows(tables.attachment) == []
    folder = desk.database.centre.files
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_a_file_that_is_too_large_is_refused(desk: Desk) -> None:
    small = Database("sqlite://", Centre(files=desk.database.centre.files, largest_file=100))
    with pytest.raises(InvalidInput), small.unit_of_work() as uow:
        files.store(uow, BytesIO(PNG * 2), "a.png", desk.people("fang"))
    small.close()


def test_an_upload_belongs_to_its_uploader_until_it_is_submitted(desk: Desk) -> None:
    made = desk.do(files.store, BytesIO(PNG), "a.png", by="fang")

    with pytest.raises(NotFound):
        desk.look(files.open_file, made, by="zhu")


def test_the_same_content_is_kept_once(desk: Desk) -> None:
    for name in ("a.png", "b.png"):
        desk.do(files.store, BytesIO(PNG), name, by="fang")

    assert len([path for path in desk.database.centre.files.rglob("*") if path.is_file()]) == 1
    assert len(desk.rows(tables.attachment)) == 2


def test_where_there_is_no_room_for_a_file_that_is_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable) as told:
        desk.do(files.store, BytesIO(PNG), "photo.png", by="fang")

    assert "No space left" in told.value.reason
    assert desk.rows(tables.attachment) == []
    assert list(desk.database.centre.files.rglob("*")) == []
