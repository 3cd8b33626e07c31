"""Chinese texts have full-width punctuation, also beside Latin words and numbers; English texts have their own."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from babel.messages import pofile

ROOT = Path(__file__).parents[1]
CHINESE = re.compile(r"[\u3400-\u9fff]")
CODE = re.compile(
    r"\$\{(?:[^{}]|\{[^{}]*\})*\}|\{\{.*?\}\}|%\(\w+\)[sd]"  # places that are filled in
    r"|https?://[^\s(（\u3400-\u9fff]+|\{host\}:\{port\}|“[^”\u3400-\u9fff]*”|`[^`]*`|\"[^\"]*\""  # quoted as written
    r"|(?:[\w.]+|\{\w+\})\([^()\u3400-\u9fff]*\)"  # functions
    r"|\{\w*(?::[^{}]*)?\}",
    re.DOTALL,
)
HALF_WIDTH = re.compile(
    r"[\u3400-\u9fff●”》）]\s?[(:,?!)]|[(:,?!)]\s?[\u3400-\u9fff●“《（]|[A-Za-z0-9●][:,?!](?:\s|$)|;"
)


def half_width(text: str) -> list[str]:
    """Return the places of a Chinese text where its punctuation is half as wide as it should be."""
    if not CHINESE.search(text):
        return []
    return HALF_WIDTH.findall(CODE.sub("●", text))


@pytest.mark.parametrize(
    "text",
    [
        "选项: 甲",
        "演示人员(密码都是 {password}):",
        "见 README:第一节",
        "按 Ctrl-C 结束)",
        "{name}:{reason}",
        "需要 key、name_en,可有 side",
        "DMN;BND-04 条",
    ],
)
def test_half_width_punctuation_is_seen(text: str) -> None:
    assert half_width(text + "。中文")


@pytest.mark.parametrize(
    "text",
    ["日期写 date(\"2026-03-01\")。", "每天 17:00 检查", "BANJIE_…（见 README）。", "${a if b(c): d}：好", "1,000.00 元", "GAP-01：写 get(amount, 0)"],
)  # fmt: skip
def test_code_times_and_amounts_keep_their_own_signs(text: str) -> None:
    assert not half_width(text)


def _python(path: Path) -> Iterator[str]:
    """Return all strings; of docstrings the Chinese of those that commands show as their help."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    documented = [node for node in nodes if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)]
    docstrings = {id(node.body[0].value) for node in documented if isinstance(node.body[0], ast.Expr)}
    pieces = {id(piece) for node in nodes if isinstance(node, ast.JoinedStr) for piece in node.values}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) in docstrings:
            if path.name == "cli.py":
                yield from re.findall(r"^.*。", node.value, re.MULTILINE)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in pieces:
            yield _before_english(node.value) if path.name == "cli.py" else node.value


def _before_english(text: str) -> str:
    """Return the Chinese of a text of the command line, which says the same in English after it."""
    return re.split(r" (?=[A-Z][a-z]*[,;]? |e\.g\.)", text)[0]


def _plain(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _plain(one)


def _drawn(path: Path) -> Iterator[str]:
    for element in ElementTree.parse(path).iter():
        if not element.tag.endswith(("script", "conditionExpression", "}text")):
            yield from (element.text or "", *element.attrib.values())


def _catalogue(path: Path) -> Iterator[str]:
    with path.open("rb") as stream:
        yield from (str(message.id) for message in pofile.read_po(stream) if message.id)


def _paper(path: Path) -> Iterator[str]:
    words = re.sub(
        r"\{%.*?%\}|\{#.*?#\}|<style>.*?</style>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    yield from re.split(r"<[^>]*>", words)


KINDS = {
    ".py": _python,
    ".po": _catalogue,
    ".bpmn": _drawn,
    ".dmn": _drawn,
    ".form": lambda path: _plain(json.loads(path.read_text(encoding="utf-8"))),
    ".toml": lambda path: _plain(tomllib.loads(path.read_text(encoding="utf-8"))),
    ".html": _paper,
}
LEFT_OUT = {
    "engine/forms/values.py",  # what people's typing is compared with
    "engine/modelling.py",  # files that a modeller begins with
}
SOURCES = sorted(
    path
    for pattern in ("engine/**/*.py", "web/*.py", "web/translations/**/*.po", "processes/*", "processes/forms/*",
                    "processes/papers/*")
    for path in ROOT.glob(pattern)
    if path.suffix in KINDS and path.relative_to(ROOT).as_posix() not in LEFT_OUT
)  # fmt: skip


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_chinese_texts_have_full_width_punctuation(path: Path) -> None:
    wrong = [text.strip() for text in KINDS[path.suffix](path) if half_width(text)]

    assert not wrong
