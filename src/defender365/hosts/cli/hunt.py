"""`defender365 hunt`: run KQL from words, a file, stdin, the library or a Sigma rule; check it."""

import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import click

from defender365.actions.hunting_params import END_TIME, MAX_ROWS, START_TIME
from defender365.api.client import Client
from defender365.api.hunting_rows import RowStream
from defender365.core.errors import BadInput, Defender365Error
from defender365.core.kql_check import ERROR
from defender365.core.kql_text import limited
from defender365.core.near_names import near_names
from defender365.core.spec import Kind, Param
from defender365.core.timeframe import CUSTOM, TIME_FRAMES, resolve
from defender365.hosts.cli import rows, show
from defender365.hosts.cli.act import ACTION_SECONDS
from defender365.hosts.cli.hunt_text import checked, hunt_called, hunts, text_of
from defender365.hosts.cli.options import JSON, VERBOSE, destination, option_for, usage
from defender365.runtime import Host, connect, machine_clock
from defender365.stores.hunts import SchemaFile

SHOWN = 100
"""Rows that a terminal shows unless told otherwise."""

TIME_FRAME = Param(
    "Time Frame", "Only rows of this time, as Microsoft Graph applies it beside the query's own.",
    kind=Kind.CHOICE, choices=TIME_FRAMES,
)  # fmt: skip


class Hunts(click.Group):
    """`hunt QUERY` is `hunt query QUERY`: what is no sub-command is a query."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Options before a query are the query's, but for help."""
        if not args or (args[0] not in self.commands and args[0] not in {"-h", "--help"}):
            if len(args) == 1 and args[0].isalpha() and args[0].islower():
                for close in near_names(args[0], self.commands, most=1):
                    ctx.fail(f'"{args[0]}" is no query. Did you mean: defender365 hunt {close}')
            args = ["query", *args]
        return super().parse_args(ctx, args)


@click.group(cls=Hunts, short_help="Hunt with KQL: run, check, and keep queries.")
def hunt() -> None:
    """Hunt with KQL.

    defender365 hunt "AlertInfo | take 5" runs a query; so do --file FILE, a query on stdin, a
    hunt of the library by name (hunt run NAME), and a Sigma rule (--sigma RULE).
    """


def _options() -> list[click.Parameter]:
    times = [option_for(declaration) for declaration in (TIME_FRAME, START_TIME, END_TIME)]
    return [
        click.Option(["--param", "params"], multiple=True, metavar="NAME=VALUE",
                     help="A value for the query, bound as a literal. NAME:TYPE=VALUE says what it is:"
                     " string, long, real, bool, datetime, timespan or list. May be repeated."),
        *times,
        click.Option(["--limit"], type=click.IntRange(1, MAX_ROWS), metavar="N",
                     help=f"At most so many rows [default: {SHOWN} on a terminal, else all]."),
        click.Option(["--format", "form"], type=click.Choice(rows.FORMATS),
                     help="[default: a table on a terminal and for people, else CSV]"),
        click.Option(["--output"], metavar="FILE|-", help="Where the rows go [default: stdout]."),
        click.Option(["--dry-run"], is_flag=True, help="Print the query that would be sent."),
        JSON,
        VERBOSE,
    ]  # fmt: skip


def _hunting(name: str, help_text: str, own: list[click.Parameter]) -> click.Command:
    return click.Command(name, callback=_run, params=[*own, *_options()], help=help_text)


@click.pass_context
def _run(ctx: click.Context, /, **options: Any) -> None:
    clock = machine_clock()
    try:
        text, added = text_of(options)
        most = options["limit"] or (SHOWN if _form(options) == "table" else None)
        sent = text if most is None else limited(text, min(most + 1, MAX_ROWS))
        span = _timespan(options, clock.now())
        findings, lines = checked(text, _name(options), added)
    except BadInput as error:
        raise usage(error) from None
    for line in lines:
        rows.say(line)
    if any(finding.severity == ERROR for finding in findings):
        ctx.exit(2)
    if options["dry_run"]:
        click.echo(sent)
        return
    with show.logging_to_stderr(options["verbose"] or ctx.obj or 0):
        ctx.exit(_send(sent, span, most, options))


def _form(options: dict[str, Any]) -> str:
    if options["output"] == "":
        raise BadInput("--output needs a file's name, or - for stdout.")
    if options["form"]:
        return str(options["form"])
    if options["as_json"]:
        return "json"
    path = options["output"]
    if path not in (None, "-"):
        return rows.form_of(str(path))
    return "table" if sys.stdout.isatty() else "csv"


def _name(options: dict[str, Any]) -> str:
    return str(options.get("file") or options.get("sigma") or options.get("name") or "query")


def _timespan(options: dict[str, Any], now: Any) -> str:
    """The ISO 8601 interval for Graph; empty when no frame was asked for."""
    start, end = options[destination(START_TIME)], options[destination(END_TIME)]
    choice = options[destination(TIME_FRAME)] or (CUSTOM if start or end else "")
    if not choice:
        return ""
    if choice != CUSTOM and (start or end):
        raise BadInput(f"Start Time and End Time go with Time Frame {CUSTOM}, not {choice}.")
    frame = resolve(choice, start, end, now)
    if note := frame.note(now):
        rows.say(note)
    return f"{frame.start.isoformat()}/{frame.end.isoformat()}"


def _send(query: str, span: str, most: int | None, options: dict[str, Any]) -> int:
    began = time.perf_counter()
    try:
        with rows.writer(_form(options), options["output"]) as write, connected() as client:
            with show.Progress("Hunting …"):
                found = client.hunt_rows(query, span)
            with closing(found):
                count = write(found, most)
            used, allowed = client.budgets.used("hunting")
    except BadInput as error:
        raise usage(error) from None
    except Defender365Error as error:
        click.echo(click.style(f"✗ {error}", fg="red"), err=True)
        return 1
    rows.say(
        f"{rows.told(count, time.perf_counter() - began)}{_cut(found, most)}."
        f" {used} of {allowed} queries of this minute are used."
    )
    return 0


@contextmanager
def connected() -> Iterator[Client]:
    """A client of the tenant; what it sent counts for every later hunt of this user."""
    host = Host.this()
    settings = host.settings()
    spent = host.spent(settings)
    client = connect(
        settings, host=host, clock=machine_clock(), seconds=ACTION_SECONDS, spent=spent.read()
    )
    try:
        yield client
    finally:
        spent.add(client.budgets.snapshot())
        client.close()


def _cut(found: RowStream, most: int | None) -> str:
    """Words for what was cut off."""
    if most is not None and found.taken > most:
        return f", cut at --limit {most:,}: there are more"
    if found.taken >= MAX_ROWS:
        return ", which is all that Microsoft gives for one query: there may be more"
    return ""


hunt.add_command(
    _hunting(
        "query",
        "Run a query from words, a file, stdin or a Sigma rule.",
        [
            click.Argument(["query"], required=False),
            click.Option(["--file"], metavar="FILE|-", help="The query is in this file."),
            click.Option(["--sigma"], metavar="RULE", help="Hunt what this Sigma rule detects."),
        ],
    )
)
hunt.add_command(
    _hunting("run", "Run a hunt of the library.", [click.Argument(["name"], required=True)])
)


@hunt.command("check", short_help="Say what is wrong with a query, without sending it.")
@click.argument("query", required=False)
@click.option("--file", metavar="FILE|-", help="The query is in this file.")
@click.option("--sigma", metavar="RULE", help="Check the query of this Sigma rule.")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="As for a hunt.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def check_command(ctx: click.Context, /, as_json: bool, **options: Any) -> None:  # noqa: FBT001  click's call
    """Tell unknown tables, columns and functions, and what cannot be sent; with place and caret.

    Exit code 1 when something is an error. A warning never stops a hunt: the tenant may know more
    than is documented (see hunt schema).
    """
    try:
        text, added = text_of(options, checking=True)
        findings, lines = checked(text, _name(options), added)
    except BadInput as error:
        raise usage(error) from None
    if as_json:
        show.print_json({"findings": [finding.__dict__ for finding in findings]})
    else:
        for line in lines:
            click.echo(line)
        if not findings:
            click.echo(click.style("✓", fg="green") + " Nothing to say against it.")
    ctx.exit(1 if any(finding.severity == ERROR for finding in findings) else 0)


@hunt.command("list", short_help="The hunts of the library.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def list_command(as_json: bool) -> None:  # noqa: FBT001  click's call
    """Name, technique and title of each; your own are in the folder that the last line names."""
    library = hunts()
    if as_json:
        found = [
            {"name": h.name, "title": h.title, "techniques": list(h.techniques)}
            for h in library.values()
        ]
        show.print_json({"hunts": found})
        return
    wide = max(map(len, library))
    for each in library.values():
        click.echo(
            f"{each.name:<{wide}}  {', '.join(each.techniques):<22}  {show.cell_text(each.title)}"
        )
    click.echo(f"\nYour own hunts: {Host.this().hunts_folder}/NAME.kql")


@hunt.command("show", short_help="A hunt of the library, whole.")
@click.argument("name")
def show_command(name: str) -> None:
    """Its text, with title, technique and parameters on top."""
    try:
        click.echo(hunt_called(name).query.rstrip())
    except BadInput as error:
        raise usage(error) from None


@hunt.command("schema", short_help="The tables that are known; refresh them from the tenant.")
@click.argument("table", required=False)
@click.option(
    "--refresh", is_flag=True, help="Ask the tenant for this table's columns, and keep them."
)
@click.pass_context
def schema_command(ctx: click.Context, table: str | None, refresh: bool) -> None:  # noqa: FBT001  click's call
    """List tables, or one table's columns. --refresh asks with getschema: one query a table."""
    try:
        found = _schema_of(table, refresh=refresh)
    except BadInput as error:
        raise usage(error) from None
    except Defender365Error as error:
        click.echo(click.style(f"✗ {error}", fg="red"), err=True)
        ctx.exit(1)
    for name, kind in found.items():
        click.echo(f"{show.cell_text(name):<50} {show.cell_text(kind)}")


def _schema_of(table: str | None, *, refresh: bool) -> dict[str, str]:
    """A table's columns with their types, or every table with how many it has."""
    file = SchemaFile(Host.this().schema_path, rows.say)
    if refresh and not table:
        raise BadInput("Name the table to refresh: defender365 hunt schema TABLE --refresh")
    if refresh and table:
        file.add({table: _asked_for(table)})
    schema = file.known()
    if not table:
        return {name: f"{len(columns)} columns" for name, columns in schema.items()}
    if table not in schema:
        raise BadInput(f'"{table}" is not known. Ask the tenant: hunt schema {table} --refresh')
    return schema[table]


def _asked_for(table: str) -> dict[str, str]:
    from defender365.core import kql  # noqa: PLC0415  only here

    with connected() as client:
        found = client.hunt(f"{kql.table(table)} | getschema")
    return {str(row["ColumnName"]): str(row["ColumnType"]) for row in found.rows}
