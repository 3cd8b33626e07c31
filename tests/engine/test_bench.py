"""The bench runs on both databases, and compares what it says it compares."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine import bench
from tests import machine

PROCESSES = Path(__file__).parent.parent.parent / "processes"
TINY = replace(
    bench.SMALL, rounds=1, last_round=7, timers=4, tasks=200, few_open=20, many_open=60, per_client=2,
    import_rows=100, ledger_lines=50,
)  # fmt: skip


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr(bench, "SMALL", TINY)


def ratios(report: dict[str, dict[str, dict[str, dict[str, float]]]]) -> dict[str, float]:
    return {label: each["reached"] for part in report.values() for label, each in part["ratios"].items()}


@pytest.mark.slow
def test_on_sqlite(tmp_path):
    report = bench.run(PROCESSES, small=True, postgres=None, quiet=True)

    reached = ratios(report["sqlite"])
    assert reached["timers fired of each due, 1 worker(s)"] == 1
    assert reached["round 7 / round 5, bytes"] <= 1.3
    assert 0 < reached["statements per completion"] <= 12
    assert all(value > 0 for value in reached.values())
    assert "PostgreSQL was not measured" in bench.told(report, "en")


@pytest.mark.slow
@pytest.mark.postgres
def test_on_postgresql_with_several_clients():
    report = bench.run(PROCESSES, small=True, postgres=machine.postgres(), quiet=True)

    reached = ratios(report["postgresql"])
    assert reached["timers fired of each due, 4 worker(s)"] == 1
    assert reached["4 clients / 1"] > 0
    assert "c / (a + d)" in bench.told(report, "zh")
