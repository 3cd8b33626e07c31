"""The architecture page is true: its room plan, its links, and what may import what."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]


def room_plan() -> str:
    """Return the plan of the packages as the architecture page should have it."""
    lines: list[str] = []
    for package in ("engine", "web"):
        lines += _rooms(ROOT / package, 0)
    return "\n".join(lines)


def _rooms(folder: Path, depth: int) -> Iterator[str]:
    yield _line(f"{folder.name}/", folder / "__init__.py", depth)
    for path in sorted(folder.iterdir(), key=lambda each: (each.is_dir(), each.name)):
        if path.is_dir() and (path / "__init__.py").exists() and path.name != "versions":
            yield from _rooms(path, depth + 1)
        elif path.suffix == ".py" and path.name != "__init__.py":
            yield _line(path.name, path, depth + 1)


def _line(name: str, path: Path, depth: int) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return f"{'  ' * depth}{name:<{26 - 2 * depth}}{docstring.splitlines()[0] if docstring else ''}".rstrip()


def test_the_room_plan_is_what_the_modules_say():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")

    plan = re.search(r"```room-plan\n(.*?)```", page, re.DOTALL)

    assert plan is not None
    assert plan.group(1).strip() == room_plan(), "run: python tests/test_architecture.py"


def test_every_module_says_what_it_is():
    assert [line for line in room_plan().splitlines() if len(line.split(maxsplit=1)) < 2] == []


def test_modules_import_only_what_they_may():
    program = Path(sys.executable).with_name("lint-imports")

    result = subprocess.run([program, "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stdout + result.stderr


def test_links_between_the_pages_lead_somewhere():
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]

    assert broken == []


def test_decision_records_are_numbered_without_a_gap():
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))]

    assert numbers == list(range(1, len(numbers) + 1))


if __name__ == "__main__":
    page = ROOT / "docs" / "architecture.md"
    text = page.read_text(encoding="utf-8")
    plan = f"```room-plan\n{room_plan()}\n```"
    page.write_text(re.sub(r"```room-plan\n.*?```", lambda _: plan, text, flags=re.DOTALL), encoding="utf-8")
