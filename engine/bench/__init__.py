"""Measuring what a completed task, a timer, the inbox, an import and the ledger cost."""

from __future__ import annotations

import functools
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.termui import progressbar

from engine import clock
from engine.bench import clients, completion, due_timers, inbox, loop, registers, workload
from engine.database import Database
from engine.texts import Text


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    rounds: int
    loop_cases: int
    last_round: int
    timers: int
    tasks: int
    few_open: int
    many_open: int
    per_client: int
    import_rows: int
    ledger_lines: int


SMALL = Scale(
    rounds=5,
    loop_cases=1,
    last_round=30,
    timers=50,
    tasks=3_000,
    few_open=100,
    many_open=2_000,
    per_client=40,
    import_rows=500,
    ledger_lines=2_000,
)
FULL = Scale(rounds=60, loop_cases=5, last_round=200, timers=10_000, tasks=1_000_000, few_open=100,
             many_open=100_000, per_client=500, import_rows=50_000, ledger_lines=500_000)  # fmt: skip
CLIENTS = 4


def run(folder: Path, *, small: bool, postgres: str | None, quiet: bool) -> dict[str, Any]:
    """
    Measure on SQLite, and on PostgreSQL where a server is named; return all, ratios with their goals.

    Raises:
        InvalidInput: the folder has no ``demo/bench.toml``.
    """
    scale = SMALL if small else FULL
    work = workload.read(folder)
    report: dict[str, Any] = {"scale": "small" if small else "full"}
    # The journeys name days; their clock stands still, so that no timer comes between.
    with (
        tempfile.TemporaryDirectory(prefix="banjie-bench-") as place,
        clock.moved(clock.MovedClock(work.path.at)),
    ):
        on_sqlite = functools.partial(workload.sqlite_database, Path(place))
        report["sqlite"] = _measured(on_sqlite, work, scale, "SQLite", quiet)
        if postgres:
            on_postgres = functools.partial(workload.postgres_database, postgres)
            report["postgresql"] = _measured(on_postgres, work, scale, "PostgreSQL", quiet)
    return report


def _measured(
    fresh: Callable[[], AbstractContextManager[Database]],
    work: workload.Workload,
    scale: Scale,
    name: str,
    quiet: bool,
) -> dict[str, Any]:
    """Measure the cases in one database, the registers in another: theirs would not fit the diagrams."""
    with fresh() as database:
        result = _cases(database, work, scale, name, quiet)
    with fresh() as database, _progress(4, f"{name}: registers", quiet) as tick:
        result["registers"] = registers.measure(database, scale.import_rows, scale.ledger_lines, tick)
    return result


def _cases(
    database: Database, work: workload.Workload, scale: Scale, name: str, quiet: bool
) -> dict[str, Any]:
    workload.prepare(database, work)
    batches = scale.tasks // 2_000 + 3
    with _progress(scale.rounds, f"{name}: completion", quiet) as tick:
        result = {"completion": completion.measure(database, work, scale.rounds, tick)}
    with _progress(scale.loop_cases, f"{name}: loop", quiet) as tick:
        result["loop"] = loop.measure(database, work, scale.loop_cases, scale.last_round, tick)
    for workers in (1,) if database.is_sqlite else (1, CLIENTS):
        with _progress(2, f"{name}: timers, {workers} worker(s)", quiet) as tick:
            result[f"timers_{workers}"] = due_timers.measure(database, work, scale.timers, workers, tick)
    if not database.is_sqlite:
        with _progress(2, f"{name}: clients", quiet) as tick:
            result["clients"] = clients.measure(database, work, scale.per_client, CLIENTS, tick)
    with _progress(batches, f"{name}: inbox", quiet) as tick:
        result["inbox"] = inbox.measure(database, work, scale.tasks, scale.few_open, scale.many_open, tick)
    return result


@contextmanager
def _progress(length: int, label: str, quiet: bool) -> Iterator[Callable[[], object]]:
    """Show how far it is on the error stream, or nothing."""
    if quiet:
        yield dict  # does nothing
        return
    bar: Any = progressbar(length=length, label=label, file=sys.stderr)
    with bar:
        yield functools.partial(bar.update, 1)


def told(report: Mapping[str, Any], language: str) -> str:
    """Return the report for a terminal: the four times of a completion, then every ratio beside its goal."""
    lines = []
    for name, title in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL")):
        if name not in report:
            missing = Text("未测 PostgreSQL(--postgres URL)", "PostgreSQL was not measured (--postgres URL)")
            lines += ["", missing.in_language(language)]
            continue
        lines += ["", title]
        for label, each in report[name]["completion"].items():
            if label != "ratios":
                lines.append(f"  {label:<40} {each['median_ms']:>9.3f} ms   p99 {each['p99_ms']:>9.3f} ms")
        goal = Text("目标", "goal").in_language(language)
        for part in report[name].values():
            for label, each in part["ratios"].items():
                lines.append(f"  {label:<52} {each['reached']:>8}   {goal} {each['goal']}")
    return "\n".join(lines[1:])
