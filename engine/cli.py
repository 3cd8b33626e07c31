"""Commands: check, deploy, play, decide, migrate, worker, create-user, bench."""

from __future__ import annotations

import json
import locale
import logging
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

import click

from engine import (
    bench,
    clock,
    definitions,
    demo,
    identity,
    journey_files,
    journeys,
    logs,
    migrations,
    organisation,
    people,
    printing,
    scheduler,
    settings,
    stage,
)
from engine.bpmn import decision_files, expressions
from engine.bpmn.decisions import DecisionTable
from engine.business_calendar import BusinessCalendar
from engine.database import Database
from engine.errors import BanjieError, Finding, InvalidDefinition, SettingsError, Unavailable
from engine.journeys import Result
from engine.settings import Centre, Settings
from engine.texts import Text

FAILED, USAGE = 1, 2

_UNWRITABLE = Text("无法写入 {path}：{reason}", "{path} cannot be written: {reason}")

DEFINITION_FILES = (".bpmn", ".dmn", ".form", ".html", "registers.toml", "figures.toml")
FOLDERS = ("forms", "papers")  # of files that belong to what lies in the folder above


@dataclass(frozen=True)
class Console:
    """How this call of the program speaks, and where its settings come from."""

    language: str
    demo: bool

    def say(self, text: Text, **values: object) -> None:
        """Print a line."""
        click.echo((text.format(**values) if values else text).in_language(self.language))

    def warn(self, text: Text) -> None:
        """Print a line to the error stream."""
        click.echo(text.in_language(self.language), err=True)

    def fail(self, text: Text, code: int = FAILED) -> NoReturn:
        """Print a line to the error stream and end the program."""
        click.echo(text.in_language(self.language), err=True)
        sys.exit(code)

    def settings(self) -> Settings:
        """Return the settings of the environment, or of the demo."""
        try:
            return demo.settings(Path("var"), Path("processes")) if self.demo else settings.read(os.environ)
        except BanjieError as error:
            self.fail(error.message, USAGE)
        except OSError as error:  # the demo keeps its secret key under var/
            self.fail(_UNWRITABLE.format(path=error.filename, reason=error.strerror), USAGE)

    def database(self) -> Database:
        """Return the database of the settings, which answers and has this version's tables."""
        database = self.reachable_database()
        migrations.require_tables(database)
        return database

    def reachable_database(self) -> Database:
        """Return the database of the settings, which answers."""
        found = self.settings()
        return migrations.reachable(found.database_url, found.centre)


def _language_of_environment() -> str:
    said = os.environ.get("BANJIE_LANG") or (locale.getlocale()[0] or "")
    return "en" if said.lower().startswith("en") else "zh"


_NOT_UTF8 = Text("参数里有不是 UTF-8 的字符。", "An argument holds what is no UTF-8.")


class _Commands(click.Group):
    """Tells our own errors in one line; any other is a defect and keeps its traceback."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except InvalidDefinition as error:
            console = context.obj
            for line in printing.findings(error.findings, console.language):
                click.echo(line, err=True)
            console.fail(error.message)
        except SettingsError as error:
            context.obj.fail(error.message, USAGE)
        except UnicodeEncodeError:
            context.obj.fail(_NOT_UTF8, USAGE)
        except Unavailable as error:
            context.obj.fail(
                Text(f"{error.message.zh}（{error.reason}）", f"{error.message.en} ({error.reason})")
            )
        except BanjieError as error:
            context.obj.fail(error.message)


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option(
    "--lang", type=click.Choice(["zh", "en"]), help="输出的语言 Language of what is printed (BANJIE_LANG)"
)
@click.option("--demo", is_flag=True, help="用 make run 的演示数据 Use the demo's data under var/")
@click.version_option(package_name="banjie")
@click.pass_context
def commands(context: click.Context, lang: str | None, demo: bool) -> None:
    """
    办结：把业主服务流程办到底。 Banjie carries service processes through to their end.

    设置取自环境变量 BANJIE_…（见 README）。 Settings come from the environment, BANJIE_… (see the README).

    退出码：0 完成；1 文件、数据或请求有问题；2 用法或设置不对。 Exit codes: 0 done; 1 something is wrong with
    the files, the data or the request; 2 wrong usage or settings.
    """
    console = context.obj = Console(lang or _language_of_environment(), demo)
    if demo and "BANJIE_DATABASE_URL" in os.environ:
        console.warn(_DEMO_HAS_ITS_OWN)


#: The demo's people share a password that everybody knows: they must not get into somebody's database.
_DEMO_HAS_ITS_OWN = Text(
    "--demo 用自己的数据和设置（在 var/ 里），不用 BANJIE_DATABASE_URL。",
    "--demo has data and settings of its own, under var/; it does not use BANJIE_DATABASE_URL.",
)


# ---- files of process owners -------------------------------------------------------------------------------


@commands.command()
@click.argument(
    "paths", metavar="FILES…", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option("--json", "as_json", is_flag=True, help="JSON 列表 Print a JSON list of findings")
@click.pass_obj
def check(console: Console, paths: Sequence[Path], as_json: bool) -> None:
    """
    检查流程图、决策表、表单、单据和登记簿。 Say all that is wrong with diagrams, tables, forms, papers
    and registers.

    同一文件夹里的文件一并参照。 What lies in the same folder is known to the check: called processes, tables,
    forms, groups of organisation.toml.

    退出码 Exit codes: 0 没有错误 no errors (perhaps warnings); 1 有错误 errors; 2 用法不对 wrong usage.
    """
    for path in paths:
        if not _definitions_at(path):
            nothing = Text(
                "{path} 里没有可检查的文件（{kinds}）。",
                "{path}: nothing to check there, that is, no {kinds}.",
            )
            console.fail(nothing.format(path=path, kinds=", ".join(DEFINITION_FILES)), USAGE)
    findings = sorted(_check(paths), key=lambda finding: (finding.file, finding.line or 0))
    if as_json:
        told = [printing.finding_as_json(finding, console.language) for finding in findings]
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        for line in printing.findings(findings, console.language):
            click.echo(line)
        errors = sum(finding.severity == "error" for finding in findings)
        console.say(
            Text("{errors} 处错误，{warnings} 处警告。", "Errors: {errors}, warnings: {warnings}."),
            errors=errors,
            warnings=len(findings) - errors,
        )
    if any(finding.severity == "error" for finding in findings):
        sys.exit(FAILED)


def _definitions_at(path: Path) -> list[Path]:
    """Return the file, or those of a folder, that the check is made for."""
    files = [path / name for name in stage.folder_files(path)] if path.is_dir() else [path]
    return [file for file in files if file.name.endswith(DEFINITION_FILES)]


def _check(paths: Iterable[Path]) -> list[Finding]:
    """Check files folder by folder, each with what lies beside it."""
    found: list[Finding] = []
    by_folder: dict[Path, set[str]] = {}
    for path in paths:
        folder = path if path.is_dir() else path.parent.parent if path.parent.name in FOLDERS else path.parent
        wanted = (file.relative_to(folder).as_posix() for file in _definitions_at(path))
        by_folder.setdefault(folder, set()).update(wanted)
    for folder, names in by_folder.items():
        beside = stage.folder_files(folder)
        beside.update({name: (folder / name).read_bytes() for name in names})
        shown = {Path(name).name: (folder / name).as_posix() for name in sorted(names)}
        findings = stage.check(beside, shown)
        found += [replace(each, file=shown[each.file]) for each in findings if each.file in shown]
    return found


@commands.command()
@click.argument(
    "paths", metavar="[FILES…]", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--reason", default="", help="部署的原因 Why, for the history")
@click.pass_obj
def deploy(console: Console, paths: Sequence[Path], reason: str) -> None:
    """
    部署文件；不给文件时部署整个流程文件夹。 Deploy files, or the whole folder (BANJIE_PROCESSES).

    文件夹里部署过的文件不会覆盖页面上改过的新版本。 A file of the folder that was deployed before never
    overwrites a newer version made in the page.
    """
    folder = console.settings().processes
    if not paths and not folder.is_dir():
        missing = Text("没有流程文件夹 {path}。", "There is no folder of processes {path}.")
        console.fail(missing.format(path=folder), USAGE)
    with console.database().unit_of_work() as uow:
        if paths:
            files = {path.name: path.read_bytes() for path in paths}
            made = definitions.deploy(uow, files, by=identity.SYSTEM, reason=reason)
        else:
            if (folder / "organisation.toml").exists():
                organisation.load(uow, folder / "organisation.toml")
            made = definitions.deploy_folder(uow, folder, identity.SYSTEM)
    if not any(each.is_new for each in made):
        console.say(Text("都已部署过，没有变化。", "Everything was deployed before."))
        return
    for each in made:
        state = Text("新版本", "new") if each.is_new else Text("未变", "unchanged")
        console.say(
            Text("{state} {kind} {key} 第 {n} 版", "{state}: {kind} {key}, version {n}"),
            state=state,
            kind=each.version.kind,
            key=each.version.key,
            n=each.version.version,
        )


@commands.command()
@click.argument(
    "paths", metavar="FILES…", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option(
    "--processes",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path("processes"),
    help="流程文件夹 The folder of diagrams, tables and forms",
    show_default=True,
)
@click.option(
    "--junit", type=click.Path(dir_okay=False, path_type=Path), help="另存 JUnit XML Write JUnit XML too"
)
@click.pass_obj
def play(console: Console, paths: Sequence[Path], folder: Path, junit: Path | None) -> None:
    """
    试走案例文件（.toml）。 Play journeys: example runs of processes, on a moved clock; nothing is left over.

    退出码 Exit codes: 0 全部通过 all went as written; 1 有不符 some did not; 2 文件有误 a file is wrong,
    or there is nothing to play.
    """
    results: list[Result] = []
    unplayable: Text | None = None
    try:
        found = [journey for path in _toml_files(paths) for journey in journey_files.read(path)]
        for result in journeys.play(found, stage.folder_files(folder)):
            results.append(result)
            click.echo(printing.result(result, console.language))
        if not found:
            unplayable = Text("没有可试走的案例文件（.toml）。", "There is no journey file (.toml) to play.")
    except journey_files.InvalidJourney as error:
        unplayable = error.message
    except InvalidDefinition as error:
        for line in printing.findings(error.findings, console.language):
            click.echo(line, err=True)
        unplayable = error.message
    if junit is not None:
        _write(console, junit, printing.junit(results, console.language, unplayable))
    if unplayable is not None:
        console.fail(unplayable, USAGE)
    failed = sum(result.failure is not None for result in results)
    console.say(
        Text("{n} 段通过，{failed} 段不符。", "{n} passed, {failed} failed."),
        n=len(results) - failed,
        failed=failed,
    )
    if failed:
        sys.exit(FAILED)


def _write(console: Console, path: Path, text: str) -> None:
    """Write a file, in a folder that need not be there; or end the program with what stands against it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        console.fail(_UNWRITABLE.format(path=path, reason=error.strerror), USAGE)


def _toml_files(paths: Iterable[Path]) -> list[Path]:
    return [file for path in paths for file in (sorted(path.glob("*.toml")) if path.is_dir() else [path])]


@commands.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--decision", "key", required=True, metavar="ID", help="决策的 id The decision's id")
@click.option(
    "--input",
    "given",
    required=True,
    metavar="JSON",
    help="例如 e.g. '{\"handling_cost\": 36000.01}'; - 读标准输入 reads standard input",
)
@click.pass_obj
def decide(console: Console, file: Path, key: str, given: str) -> None:
    """
    用决策表算一次。 Ask a decision table (.dmn), and print its outputs as one JSON object.

    金额可写成数或字符串，不失精度。 Amounts may be numbers or strings; none loses a digit. Outputs of a table
    that collects are lists; where no rule fits, they are null.

    退出码 Exit codes: 0 已得出 answered; 1 表或输入不对 the table or the input is wrong;
    2 用法不对 wrong usage.
    """
    try:
        inputs = json.loads(
            sys.stdin.read() if given == "-" else given, parse_float=Decimal, parse_constant=_no_number
        )
    except (ValueError, RecursionError) as error:
        console.fail(
            Text("--input 不是正确的 JSON：{error}", "--input is not JSON: {error}").format(error=error)
        )
    if not isinstance(inputs, dict):
        console.fail(Text("--input 应为一个 JSON 对象。", "--input must be one JSON object."))
    tables = {table.key: table for table in decision_files.read(file.read_bytes(), file.name)}
    if key not in tables:
        told = Text("{file} 里没有决策“{key}”，有：{keys}", "{file} has no decision “{key}”; it has {keys}.")
        console.fail(told.format(file=file.name, key=key, keys=", ".join(tables)))
    centre = Centre()
    days = BusinessCalendar(centre.zone, centre.office_opens, centre.office_closes, {}, frozenset())
    functions = expressions.functions(clock.now(), centre.zone, days)
    value = tables[key].evaluate(inputs, functions).value
    click.echo(printing.exact_json(_outputs(tables[key], value)))


def _outputs(table: DecisionTable, value: Any) -> Mapping[str, Any]:
    """Return what a table answered by the names of its outputs."""
    if table.gives_list:
        return {name: [each.get(name) for each in value or []] for name in table.outputs}
    return value if isinstance(value, Mapping) else dict.fromkeys(table.outputs, value)


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


# ---- running -----------------------------------------------------------------------------------------------


@commands.command()
@click.pass_obj
def migrate(console: Console) -> None:
    """更新数据库结构。 Bring the database to the tables of this version; safe to repeat."""
    migrations.migrate(console.reachable_database())
    console.say(Text("数据库已是最新结构。", "The database is up to date."))


@commands.command()
@click.option("--once", is_flag=True, help="办完到期的就结束 Do what is due now, then end")
@click.pass_obj
def worker(console: Console, once: bool) -> None:
    """运行定时器并发出消息。 Fire due timers and send messages; several workers may share one PostgreSQL."""
    found = console.settings()
    database = console.database()
    if once:
        fired, sent = scheduler.run_once(database, found)
        console.say(
            Text(
                "触发了 {fired} 个定时器，邮件发出 {sent} 条消息。",
                "{fired} timers fired, {sent} messages mailed.",
            ),
            fired=fired,
            sent=sent,
        )
        return
    logs.to_stderr(logging.INFO)
    console.say(Text("工作进程已启动，按 Ctrl-C 结束。", "The worker runs; Ctrl-C ends it."))
    scheduler.run(database, found)
    database.close()


@commands.command("create-user")
@click.argument("name")
@click.option("--full-name", required=True, help="姓名 The person's name")
@click.option(
    "--group", "groups", multiple=True, metavar="KEY", help="岗位组，可多次 A group; may be repeated"
)
@click.option("--email", help="电子邮箱 E-mail address")
@click.option(
    "--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="界面语言 Language"
)
@click.password_option(help="密码；不写则询问 Password; asked for where it is left out")
@click.pass_obj
def create_user(
    console: Console,
    name: str,
    full_name: str,
    groups: Sequence[str],
    email: str | None,
    language: str,
    password: str,
) -> None:
    """添加一位可登录的人员。 Add a person who may log in as NAME (a-z, 0-9, dot, dash)."""
    with console.database().unit_of_work() as uow:
        people.create_user(
            uow, name, full_name, password, groups, by=identity.SYSTEM, email=email, language=language
        )
    console.say(Text("已添加“{name}”。", "“{name}” was added."), name=name)


@commands.command("bench")
@click.option(
    "--small/--full",
    default=True,
    help="几秒的小规模（默认），或完整规模 Seconds (the default), or everything",
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 Print JSON")
@click.option(
    "--postgres",
    metavar="URL",
    envvar="BANJIE_TEST_POSTGRES",
    help="PostgreSQL 服务器 A server to measure on",
)
@click.option(
    "--processes",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path("processes"),
    show_default=True,
)
@click.pass_obj
def bench_(console: Console, small: bool, as_json: bool, postgres: str | None, folder: Path) -> None:
    """测速度。 Measure what a completed task, a timer and the inbox cost, beside the goals."""
    report = bench.run(folder, small=small, postgres=postgres, quiet=as_json)
    click.echo(
        json.dumps(report, ensure_ascii=False, indent=2) if as_json else bench.told(report, console.language)
    )


def main() -> None:
    """Run the engine's commands; ``web.cli`` adds serve."""
    commands()
