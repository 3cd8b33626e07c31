"""Every rule of the handbook has its line, and whatever the lines name is there."""

import ast
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from lxml import etree

ROOT = Path(__file__).parent.parent
PROCESSES = ROOT / "processes"
PAGE = ROOT / "docs" / "handbook-coverage.md"
#: How many rules the handbook has in each of its sections.
RULES = {
    "GEN": 7, "CHN": 23, "CMP": 17, "FIR": 5, "CLS": 11, "DSP": 8, "INV": 8, "PLN": 7, "HDL": 14, "FBK": 7, "RTV": 11,
    "DIS": 6, "ESC": 7, "MAJ": 4, "ADV": 18, "APR": 9, "REV": 15, "KPI": 11, "CPA": 6, "FDR": 16, "OSS": 7, "RPR": 12,
    "WAR": 13, "RFD": 4, "EMG": 6, "MVI": 16, "DEC": 7, "MVO": 5, "PAS": 16, "ACC": 7, "KEY": 8, "FEE": 23, "DTY": 14,
    "SHO": 5, "SPS": 9, "MAI": 9, "PRE": 6, "SAT": 6, "COM": 8, "PTL": 5, "ARC": 5, "CNF": 3, "TRN": 4, "RGT": 4,
}  # fmt: skip
OTHERS = {"BND": 25, "TMR": 39, "CON": 33, "AMB": 15, "GAP": 34}
FORMS = 60  # only those that are built have a line
_ID = re.compile(r"\b[A-Z]{3}-\d\d\b")
_BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
_CAMUNDA = "{http://camunda.org/schema/1.0/bpmn}"


def numbered(counts: dict[str, int]) -> list[str]:
    return [f"{section}-{number:02}" for section, count in counts.items() for number in range(1, count + 1)]


@cache
def lines() -> dict[str, list[str]]:
    """The cells of each id's line."""
    rows = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.read_text(encoding="utf-8").splitlines()
    )
    return {row[0]: row[1:] for row in rows if _ID.fullmatch(row[0])}


# ---- what there is -----------------------------------------------------------------------------------------


@cache
def elements(process: str) -> frozenset[str]:
    tree = etree.parse(PROCESSES / f"{process}.bpmn")
    return frozenset(each.get("id") for each in tree.iter(f"{_BPMN}*") if each.get("id"))


@cache
def decisions(table: str) -> frozenset[str]:
    return frozenset(each.get("id") for each in etree.parse(PROCESSES / f"{table}.dmn").iter("{*}decision"))


@cache
def form(key: str) -> dict:
    return json.loads((PROCESSES / "forms" / f"{key}.form").read_text(encoding="utf-8"))


def components(parts: list[dict]) -> Iterator[dict]:
    for each in parts:
        yield each
        yield from components(each.get("components", []))


def fields(key: str) -> set[str | None]:
    return {each.get("key") or each.get("path") for each in components(form(key)["components"])}


@cache
def journeys(file: str) -> tuple[str, ...]:
    with (PROCESSES / "journeys" / f"{file}.toml").open("rb") as source:
        return tuple(each["name"] for each in tomllib.load(source)["journey"])


@cache
def functions_of(path: str) -> frozenset[str]:
    module = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(each.name for each in module.body if isinstance(each, ast.FunctionDef))


def missing(reference: str) -> str | None:
    """Return what a reference of the page names and is not there; None if all of it is."""
    kind, _, rest = reference.partition(":")
    try:
        if kind == "journey":
            file, beginning = rest.split("#", 1)
            return None if any(name.startswith(beginning) for name in journeys(file)) else beginning
        if kind == "test":
            path, name = rest.split("::")
            return None if name in functions_of(path) else name
        if kind == "module":
            return None if (ROOT / rest).exists() else rest
        if kind == "form":
            key, _, named = rest.partition(".")
            lost = {each for each in named.split(",") if each} - fields(key)
        elif "#" in reference:
            process, named = reference.removeprefix("guidance:").split("#")
            lost = set(named.split(",")) - elements(process)
        else:
            lost = set(rest.split(",")) - decisions(kind)
        return ", ".join(sorted(map(str, lost))) or None
    except (OSError, ValueError) as error:
        return str(error)


def named_in_files() -> Iterator[tuple[str, str]]:
    """Yield each id that a diagram, table or form names as a rule, with how the page writes that file."""
    for path in sorted(PROCESSES.glob("*.bpmn")):
        for each in etree.parse(path).iter(f"{_CAMUNDA}property"):
            if each.get("name") in ("rules", "guidance"):
                yield from ((found, f"{path.stem}#") for found in _ID.findall(each.get("value")))
    for path in sorted(PROCESSES.glob("*.dmn")):
        for each in etree.parse(path).iter("{*}property"):
            if each.get("name") == "rules":
                yield from ((found, f"{path.stem}:") for found in _ID.findall(each.get("value")))
    for path in sorted((PROCESSES / "forms").glob("*.form")):
        for part in (form(path.stem), *components(form(path.stem)["components"])):
            for found in _ID.findall((part.get("properties") or {}).get("rules", "")):
                yield found, f"form:{path.stem}"


def references(cells: list[str]) -> list[str]:
    return [each for cell in cells for each in re.findall(r"`([^`]+)`", cell)]


def file_of(reference: str) -> str:
    """Return how a reference begins, which tells the diagram, table or form."""
    if reference.startswith("form:"):
        return reference.partition(".")[0]
    begin = re.match(r"(?:guidance:)?(\w+[#:])", reference)
    return begin.group(1) if begin else reference


# ---- tests -------------------------------------------------------------------------------------------------


def test_every_id_has_exactly_one_line():
    page = PAGE.read_text(encoding="utf-8")
    found = Counter(re.findall(r"^\| ([A-Z]{3}-\d\d) \|", page, re.MULTILINE))
    found = Counter({key: count for key, count in found.items() if not key.startswith("FRM-")})

    assert found == Counter(numbered(RULES | OTHERS))


def test_every_rule_says_where_it_lives():
    unsaid = [
        key
        for key in numbered(RULES)
        if not (references(lines()[key][2:3]) or re.search(r"later: |out of scope: ", lines()[key][2]))
    ]

    assert unsaid == []


def test_every_enforced_rule_is_proved_or_says_what_is_missing():
    unproved = [
        key
        for key in numbered(RULES)
        if lines()[key][0] == "E"
        and not re.search(r"`(journey|test):|not yet: ", lines()[key][3])
        and not re.search(r"later: |out of scope: ", lines()[key][2])
    ]

    assert unproved == []


def test_what_a_line_names_is_there():
    lost = {
        (key, each): missing(each) for key, cells in lines().items() for each in references(cells)
    }  # fmt: skip

    assert {where: what for where, what in lost.items() if what is not None} == {}


def test_a_later_process_is_one_of_the_list():
    page = PAGE.read_text(encoding="utf-8")
    listed = set(re.findall(r"^- (\w+) — ", page, re.MULTILINE))
    named = {
        each for cells in lines().values() for cell in cells for each in re.findall(r"later: (\w+)", cell)
    }

    assert named <= listed


def test_what_is_shown_as_guidance_says_so_in_the_diagram():
    unsaid = []
    for key, cells in lines().items():
        for reference in references(cells):
            if not reference.startswith("guidance:"):
                continue
            process, named = reference.removeprefix("guidance:").split("#")
            for element in etree.parse(PROCESSES / f"{process}.bpmn").iter(f"{_BPMN}*"):
                if element.get("id") in named.split(",") and not element.findtext(f"{_BPMN}documentation"):
                    unsaid.append((key, element.get("id")))

    assert unsaid == []


def test_whatever_a_file_calls_a_rule_stands_in_its_line():
    known = {*numbered(RULES | OTHERS | {"FRM": FORMS})}
    said = {key: {file_of(each) for each in references(cells)} for key, cells in lines().items()}
    named = set(named_in_files())

    assert {(key, file) for key, file in named if key not in known} == set()
    unsaid = sorted((key, file) for key, file in named if file not in said.get(key, set()))
    assert unsaid == [], "write the element, table or form into the rule's line of the page"
