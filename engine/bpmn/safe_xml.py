"""Reading XML that somebody uploaded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

from lxml import etree

from engine.errors import Finding, InvalidDefinition
from engine.texts import Text

LARGEST_FILE = 5_000_000  # bytes; a diagram of 300 elements has 200,000

_DOCTYPE = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_PLAIN_ID = re.compile(r"[^\W\d][\w.-]{0,199}")
_DECLARATION = re.compile(r"^\ufeff?\s*<\?xml[^>]*\?>")

Element = etree._Element


def refused(
    code: str, message: Text, hint: Text, file_name: str = "", line: int | None = None
) -> InvalidDefinition:
    """Return the error for a file that cannot be read at all."""
    return InvalidDefinition([Finding("error", code, message, hint, file=file_name, line=line)])


def read(source: bytes | str, file_name: str = "") -> Element:
    """
    Return the root of an XML file, without comments and processing instructions.

    Raises:
        InvalidDefinition: it is too large, not well-formed, or declares a document type or entities.
    """
    raw = _DECLARATION.sub("", source).encode("utf-8", "replace") if isinstance(source, str) else source
    if len(raw) > LARGEST_FILE:
        raise refused(
            "too-large",
            Text("文件太大（超过 {most} MB）。", "The file is too large (over {most} MB).").format(
                most=LARGEST_FILE // 1_000_000
            ),
            Text(
                "请确认上传的是流程图、决策表或表单文件。", "Check that it is a diagram, a table or a form."
            ),
            file_name,
        )
    doctype = Text("文件声明了 DOCTYPE 或实体，不被接受。", "The file declares a DOCTYPE or entities.")
    without = Text(
        "请从建模工具重新保存，或删去这段声明。", "Save it again in the modeller, or remove the declaration."
    )
    prolog = re.match(rb".*?<[A-Za-z_]", raw.replace(b"\0", b"")[:100_000], re.DOTALL)
    if prolog and _DOCTYPE.search(prolog[0]):
        raise refused("doctype", doctype, without, file_name)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        line = getattr(error, "lineno", None) or None
        raise refused(
            "malformed-xml",
            Text("文件不是完好的 XML。", "The file is not well-formed XML: {reason}").format(
                reason=(getattr(error, "msg", None) or str(error))[:200]
            ),
            Text("请从建模工具重新导出文件。", "Export the file from the modeller again."),
            file_name,
            line,
        ) from error
    if root is None or _has_doctype(root):
        raise refused("doctype", doctype, without, file_name)
    return root


def _has_doctype(root: Element) -> bool:
    return bool(getattr(root.getroottree().docinfo, "doctype", ""))


def is_plain_id(text: str) -> bool:
    """Whether an id can stand in an address, a list and a column of the database (an NCName, as XML says)."""
    return _PLAIN_ID.fullmatch(text) is not None


def line_of(element: Element) -> int | None:
    """Return the line where an element begins, counted from 1."""
    return cast("int | None", element.sourceline)


def attribute(element: Element | None, name: str) -> str:
    """Return an attribute without blanks around it; "" where it is missing."""
    return str(element.get(name) or "").strip() if element is not None else ""


def local_name(element: Element) -> str:
    """Return the name of an XML element without its namespace."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def children(element: Element, *names: str) -> Iterator[Element]:
    """Give the direct children with one of these local names; all of them where none is given."""
    for child in element:
        if isinstance(child.tag, str) and (not names or local_name(child) in names):
            yield child


def child(element: Element, name: str) -> Element | None:
    """Return the first direct child with this local name."""
    return next(children(element, name), None)


def text_in(element: Element | None) -> str:
    """Return the text inside an element, without blanks around it; "" where there is none."""
    return "".join(str(part) for part in element.itertext()).strip() if element is not None else ""
