"""The program: the engine's commands, with serve."""

from __future__ import annotations

import errno
import logging
import signal
import socket
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import click
from click.termui import progressbar
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from engine import demo, demo_past, logs, migrations, scheduler
from engine.cli import USAGE, Console, commands
from engine.database import Database
from engine.settings import Settings
from engine.texts import Text
from web import create_app

AT_LEAST_ONE = click.IntRange(min=1)


@commands.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="地址 Address to listen on")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, envvar="PORT", help="端口 Port"
)
@click.option("--workers", type=AT_LEAST_ONE, default=2, show_default=True, help="进程数 Processes")
@click.option(
    "--threads", type=AT_LEAST_ONE, default=32, show_default=True,
    help="每个进程的线程数 Threads of each process",
)  # fmt: skip
@click.pass_obj
def serve(console: Console, host: str, port: int, workers: int, threads: int) -> None:
    """
    运行网页。 Serve the pages; timers need `banjie worker` beside it.

    加 --demo 时：准备好演示数据，网页和定时器在同一个进程里。 As `banjie --demo serve` it prepares the demo,
    and runs pages and timers in this one process.
    """
    settings = console.settings()
    if console.demo:
        _serve_demo(console, settings, host, port)
    else:
        console.database().close()  # looked at before the workers are; each of them opens its own
        _require_port(console, host, port)
        logs.to_stderr(logging.INFO)
        _Gunicorn(settings, {"bind": f"{host}:{port}", "workers": workers, "threads": threads}).run()


class _Gunicorn(BaseApplication):  # type: ignore[misc]
    """Gunicorn with its settings in Python; every worker connects to the database by itself."""

    def __init__(self, settings: Settings, options: Mapping[str, Any]) -> None:
        self._settings, self._options = settings, options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)
        self.cfg.set("worker_class", "gthread")
        self.cfg.set("logger_class", _GunicornLines)
        self.cfg.set("control_socket_disable", True)  # nobody steers it but by signals

    def load(self) -> Any:
        return create_app(self._settings, Database(self._settings.database_url, self._settings.centre))


class _GunicornLines(Logger):  # type: ignore[misc]
    """Writes what Gunicorn tells among the program's own lines."""

    def setup(self, cfg: Any) -> None:
        """Leave the lines to the handler of all lines."""
        self.error_log.propagate = True


def _require_port(console: Console, host: str, port: int) -> None:
    """End the program with a clear line where it cannot listen, before anything slow happens."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            console.fail(_TAKEN.format(port=port))
        reason = error.strerror or error
        console.fail(_NOT_LISTENED.format(host=host, port=port, reason=reason), USAGE)


_TAKEN = Text(
    "端口 {port} 已被占用，请用 --port 或 PORT=… 换一个。",
    "Port {port} is taken; choose another by --port or PORT=….",
)
_NOT_LISTENED = Text("无法监听 {host}:{port}：{reason}", "Cannot listen on {host}:{port}: {reason}")


# ---- the demo: one process ---------------------------------------------------------------------------------


def _serve_demo(console: Console, settings: Settings, host: str, port: int) -> None:
    _require_port(console, host, port)
    logs.to_stderr(logging.WARNING)
    server = ThreadedWSGIServer(host, port, _not_ready, _QuietHandler)
    settings = replace(settings, address=settings.address or f"http://{host}:{port}")  # for codes on papers
    database = migrations.reachable(settings.database_url, settings.centre)
    demo.prepare(database, settings.processes, console.say)
    people = demo.missing_people(database, settings.processes)
    _show(console, Text("演示人员", "Demo people"), demo.add_people(database, people), len(people))
    files = demo.missing_registers(database, settings.processes)
    loading = demo.load_registers(database, settings.processes, files)
    _show(console, Text("演示登记簿", "Demo registers"), loading, len(files))
    past = demo_past.events(database, settings.processes)
    _show(console, Text("演示案件", "Demo cases"), demo_past.happen(database, past), len(past))
    server.app = create_app(settings, database)
    background = scheduler.Clock(database, settings)
    background.start()
    for number in (signal.SIGINT, signal.SIGTERM):
        # From a thread of its own: shutdown() waits for the loop that the signal has interrupted.
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    _greet(console, settings, host, port)
    server.serve_forever()
    background.stop()
    database.close()


def _show(console: Console, label: Text, steps: Iterable[None], count: int) -> None:
    """Do something slow with a progress bar."""
    if count:
        with progressbar(steps, length=count, label=label.in_language(console.language)) as bar:
            for _ in bar:
                pass


class _QuietHandler(WSGIRequestHandler):
    """Keeps the address and the logins on the screen: no line per request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Leave it out."""


def _not_ready(environ: Mapping[str, Any], start_response: Any) -> list[bytes]:
    start_response("503 Service Unavailable", [("Retry-After", "5")])
    return [b""]


def _greet(console: Console, settings: Settings, host: str, port: int) -> None:
    people = demo.demo_people(settings.processes)
    console.say(Text("\n演示人员（密码都是 {password}）：", "\nDemo people (password: {password}):"),
                password=people[0].password if people else "–")  # fmt: skip
    for person in people:
        click.echo(f"  {person.name:<22} {person.full_name}  {', '.join(person.groups)}")
    console.say(
        Text(
            "\n办结：http://{host}:{port}（按 Ctrl-C 结束）",
            "\nBanjie: http://{host}:{port} (Ctrl-C ends it)",
        ),
        host=host,
        port=port,
    )


def main() -> None:
    """Run the program."""
    commands(prog_name="banjie")
