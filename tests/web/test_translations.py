from __future__ import annotations

import json
import re
from pathlib import Path

from babel.messages import pofile
from babel.messages.extract import extract_from_dir

WEB = Path(__file__).parents[2] / "web"
METHODS = [("frontend/**", "ignore"), ("**.py", "python"), ("templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None}
PLACE = re.compile(r"%\((\w+)\)s")


def _texts() -> set[str]:
    found = extract_from_dir(
        WEB, METHODS, keywords=KEYWORDS, directory_filter=lambda path: Path(path).name != "node_modules"
    )
    return {text for _, _, text, _, _ in found if isinstance(text, str)}


def _english() -> dict[str, str]:
    with (WEB / "translations/en/LC_MESSAGES/messages.po").open("rb") as stream:
        catalogue = pofile.read_po(stream)
    assert not [message.id for message in catalogue if message.id and message.fuzzy]
    return {message.id: message.string for message in catalogue if message.id}


def test_every_text_of_the_pages_has_its_english():
    texts = _texts()
    english = _english()
    assert len(texts) > 100
    assert not sorted(text for text in texts if not english.get(text))


def test_no_english_text_is_left_over():
    assert not _english().keys() - _texts()


def test_a_translation_fills_the_same_places():
    for chinese, english in _english().items():
        assert set(PLACE.findall(chinese)) == set(PLACE.findall(english)), chinese


def test_no_template_speaks_chinese_past_the_catalogue():
    marked = re.compile(r"_\('[^']*'|lang=\"zh-CN\"|\{#.*?#\}", re.DOTALL)
    allowed = {
        "plain.html",
        "_parts/bar.html",
        "_parts/language.html",
    }  # the sign 办，the name of the language
    for path in (WEB / "templates").rglob("*.html"):
        name = path.relative_to(WEB / "templates").as_posix()
        rest = marked.sub("", path.read_text(encoding="utf-8"))
        if name not in allowed and not name.startswith("forms/"):
            assert not re.findall(r"[\u4e00-\u9fff]+", rest), name


def test_every_icon_that_a_template_names_is_built():
    built = set(json.loads((WEB / "frontend/icons.json").read_text(encoding="utf-8")))
    sources = [*(WEB / "templates").rglob("*.html"), *WEB.glob("*.py")]
    named = {
        name
        for path in sources
        for name in re.findall(
            r"""(?:icon|empty)\(\s*["']([a-z0-9-]+)["']""", path.read_text(encoding="utf-8")
        )
    }
    assert len(named) > 20
    assert not named - built
