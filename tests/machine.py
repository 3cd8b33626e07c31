"""What this machine has for the tests; a missing Chromium or PostgreSQL is said last, with its remedy."""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

# Without a screen the headless shell is the same engine at about two thirds of the processor time.
CHROMIUM_NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
CHROMIUM_ON_MACOS = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
LOCAL_POSTGRES = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"

REMEDIES = {
    "browser": (
        "Chromium was not found, so the browser tests did not run. Install it (Debian: apt-get install "
        "chromium-headless-shell fonts-noto-cjk), or name it in BANJIE_CHROMIUM."
    ),
    "postgres": (
        "No PostgreSQL answers, so its tests did not run. Install and start it (Debian: apt-get install "
        "postgresql), and name it in BANJIE_TEST_POSTGRES, such as "
        "postgresql+psycopg://user:password@127.0.0.1/postgres; the user must be allowed to create databases."
    ),
}


@cache
def chromium() -> Path | None:
    """Return the browser for the browser tests, or None where there is none."""
    named = os.environ.get("BANJIE_CHROMIUM")
    found = [named] if named else [*map(shutil.which, CHROMIUM_NAMES), CHROMIUM_ON_MACOS]
    return next((Path(path) for path in found if path and Path(path).exists()), None)


@cache
def postgres() -> str | None:
    """Return the address of a server on which databases may be created, or None where none answers."""
    address = os.environ.get("BANJIE_TEST_POSTGRES", LOCAL_POSTGRES)
    plain = make_url(address).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(plain, connect_timeout=3):
            return address
    except psycopg.Error:
        return None


def missing() -> list[str]:
    """Return the markers whose tests cannot run here."""
    return [marker for marker, found in (("browser", chromium()), ("postgres", postgres())) if found is None]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that cannot run here, unless BANJIE_TEST_ALL asks for every one."""
    if os.environ.get("BANJIE_TEST_ALL") == "1":
        return
    for marker in missing():
        for item in items:
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=f"{marker}: not on this machine"))


def pytest_sessionstart(session: pytest.Session) -> None:
    """With BANJIE_TEST_ALL, a missing browser or server is a failure."""
    if os.environ.get("BANJIE_TEST_ALL") == "1" and missing():
        pytest.exit("\n".join(REMEDIES[marker] for marker in missing()), returncode=1)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say last of all what is missing, and how to get it."""
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        for marker in missing():
            print(REMEDIES[marker])  # noqa: T201
