"""Serving: the demo in one process, production in Gunicorn's; both end when they are told to."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.engine.test_journeys import BPMN

PROGRAM = [sys.executable, "-c", "from web.cli import main; main()", "--lang", "en"]
ROOT = Path(__file__).parent.parent.parent
PEOPLE = '[[person]]\nname = "ada"\nfull_name = "Ada"\ngroups = ["front_desk"]\n'
CASES = """\
process = "loan"
[[journey]]
name = "handed out yesterday"
start_ago = "PT26H"
start = { by = "ada" }
steps = []
"""
GROUPS = """\
[[group]]
key = "front_desk"
name_zh = "前台"
name_en = "Front desk"
[[group]]
key = "butler"
name_zh = "管家"
name_en = "Butlers"
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    processes = tmp_path / "processes"
    (processes / "demo").mkdir(parents=True)
    (processes / "loan.bpmn").write_text(BPMN, encoding="utf-8")
    (processes / "organisation.toml").write_text(GROUPS, encoding="utf-8")
    (processes / "demo" / "people.toml").write_text(PEOPLE, encoding="utf-8")
    (processes / "demo" / "cases.toml").write_text(CASES, encoding="utf-8")
    return tmp_path


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def running(folder: Path, *arguments: object, **settings: str) -> Iterator[subprocess.Popen[str]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BANJIE_")}
    with subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT), **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def answer(port: int) -> str:
    for _ in range(150):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/login", timeout=20) as response:
                return str(response.read().decode())
        except urllib.error.HTTPError as error:
            if error.code != 503:
                raise
        except (urllib.error.URLError, ConnectionError):
            pass
        time.sleep(0.1)
    raise AssertionError("nothing answers")


def ended(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGTERM)
    told, _ = process.communicate(timeout=20)
    assert process.returncode == 0, told
    return told


def test_the_demo_prepares_itself_and_says_who_can_log_in(folder, port):
    with running(folder, "--demo", "serve", "--port", port) as process:
        assert "Banjie" in answer(port) or "办结" in answer(port)
        told = ended(process)

    assert "1 diagrams, tables and forms deployed." in told
    assert "ada" in told
    assert "(password: banjie-demo)" in told
    assert f"http://127.0.0.1:{port}" in told
    assert "Traceback" not in told


@pytest.mark.parametrize("demo", [True, False])
def test_a_port_that_is_taken_is_said_at_once(folder, port, demo):
    settings = {
        "BANJIE_DATABASE_URL": f"sqlite:///{folder / 'banjie.sqlite'}",
        "BANJIE_SECRET_KEY": "0123456789abcdef",
    }
    with running(folder, "migrate", **settings) as process:
        assert process.wait(30) == 0
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        way = ["--demo"] if demo else []
        with running(folder, *way, "serve", "--port", port, **({} if demo else settings)) as process:
            told, _ = process.communicate(timeout=20)

    assert process.returncode == 1
    assert told == f"Port {port} is taken; choose another by --port or PORT=….\n"


def test_production_serves_through_gunicorn(folder, port):
    settings = {
        "BANJIE_DATABASE_URL": f"sqlite:///{folder / 'banjie.sqlite'}",
        "BANJIE_SECRET_KEY": "0123456789abcdef",
    }
    with running(folder, "migrate", **settings) as process:
        assert process.wait(30) == 0

    with running(folder, "serve", "--port", port, "--workers", 1, **settings) as process:
        assert "办结" in answer(port)
        told = ended(process)

    assert "gthread" in told
    assert "info request method=GET path=/login status=200" in told


def test_without_settings_nothing_is_served(folder, port):
    with running(folder, "serve", "--port", port) as process:
        told, _ = process.communicate(timeout=20)

    assert process.returncode == 2
    assert told.count("\n") == 1
    assert "BANJIE_" in told
