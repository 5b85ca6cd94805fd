"""`defender365 connector`: poll incidents into a file of case alerts, and explain what happened."""

import json
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from defender365.connector import Delivery, Rules, poll
from defender365.core import settings as connection
from defender365.core.clock import Clock
from defender365.core.connector_params import DESCRIPTION, ConnectorParams
from defender365.core.errors import BadInput, Defender365Error
from defender365.core.explain import explain as explained
from defender365.core.mapping import DEFAULT_ENVIRONMENT
from defender365.core.settings import Settings
from defender365.core.spec import params_of, parse
from defender365.core.state import State, dump_state, load_state
from defender365.core.status import metrics as metrics_of
from defender365.core.status import status as status_of
from defender365.core.summary import Summary
from defender365.hosts.cli import show
from defender365.hosts.cli.options import JSON, VERBOSE, option_for, typed_values, usage
from defender365.hosts.cli.output import Output, output_of, settled_name
from defender365.runtime import Host, connect, machine_clock
from defender365.stores.files import StateFile, TextFile

SHARED = frozenset(declaration.name for declaration in params_of(Settings).values())
"""Parameters of the connector that are connection settings: they come from the profile too."""

STATE_OPTION = click.Option(
    ["--state", "state_path"], type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Where the connector keeps its memory [default: a file of this tenant and app].",
)  # fmt: skip


@dataclass(frozen=True)
class Task:
    """What one `connector run` was asked to do."""

    rules: Rules
    seconds: float
    state_path: Path | None
    output: str | None
    test_run: bool
    as_json: bool
    metrics: Path | None = None


@click.group(help=DESCRIPTION, short_help="Follow incidents: run the connector, or explain it.")
def connector() -> None:
    """The incidents connector."""


def _options() -> list[click.Parameter]:
    own = [
        option_for(d, required=False if d.name in SHARED else None)
        for d in params_of(ConnectorParams).values()
    ]
    return [
        *own,
        click.Option(["--dynamic-list"], multiple=True, metavar="ENTRY",
                     help="An entry of the dynamic list. May be repeated."),
        click.Option(["--environment"], default=DEFAULT_ENVIRONMENT, show_default=True,
                     help="The default environment."),
        click.Option(["--once"], is_flag=True, help="Poll once and end (the default)."),
        click.Option(["--interval"], type=click.FloatRange(min=1), metavar="SECONDS",
                     help="Poll again and again, this many seconds apart, until interrupted."),
        STATE_OPTION,
        click.Option(["--output"], metavar="FILE|-",
                     help="Append case alerts here, one JSON object a line; - is stdout. Without it they"
                     " are shown, and with --json only counted."),
        click.Option(["--metrics"], type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
                     help="After each run, write counts and gauges here for Prometheus (node exporter's"
                     " textfile collector)."),
        click.Option(["--test-run"], is_flag=True,
                     help="Process one incident and leave the state alone."),
        JSON,
        VERBOSE,
    ]  # fmt: skip


@click.pass_context
def _run(ctx: click.Context, /, *, once: bool, interval: float | None, **options: Any) -> None:
    if once and interval:
        raise click.UsageError("--once and --interval exclude each other.")
    host, clock = Host.this(), machine_clock()
    given = typed_values(params_of(ConnectorParams).values(), options)
    try:
        task = _task(given, options)
        settings = host.settings({k: v for k, v in given.items() if k in SHARED})
    except BadInput as error:
        raise usage(error) from None
    with show.logging_to_stderr(options["verbose"] or ctx.obj or 0):
        if interval:
            ctx.exit(_again_and_again(task, settings, host, clock, interval))
        ctx.exit(1 if _one_poll(task, settings, host, clock) else 0)


def _again_and_again(
    task: Task, settings: Settings, host: Host, clock: Clock, interval: float
) -> int:
    """Poll until interrupted, which is how this ends well, or until the state is no use."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while not isinstance(_one_poll(task, settings, host, clock), BadInput):
            clock.sleep(interval)
    except KeyboardInterrupt:
        click.echo("Interrupted; what was delivered is remembered.", err=True)
        return 0
    finally:
        signal.signal(signal.SIGTERM, before)
    return 1


def _task(given: dict[str, object], options: dict[str, Any]) -> Task:
    own = {k: v for k, v in given.items() if k not in SHARED}
    placeholders = {d.name: "-" for d in (connection.TENANT_ID, connection.CLIENT_ID)}
    params = parse(ConnectorParams, {**placeholders, connection.CLIENT_SECRET.name: "-", **own})
    rules = Rules(
        params.filters(tuple(options["dynamic_list"])),
        params.environment_rule(options["environment"]),
        1 if options["test_run"] else params.max_incidents_to_fetch,
        params.max_hours_backwards,
    )
    return Task(
        rules,
        params.working_seconds,
        options["state_path"],
        settled_name(options["output"]),
        options["test_run"],
        options["as_json"],
        options["metrics"],
    )


def _one_poll(task: Task, settings: Settings, host: Host, clock: Clock) -> Defender365Error | None:
    file = StateFile(task.state_path or host.state_path(settings))
    silent = task.as_json
    try:
        with (
            file.locked(),
            output_of(task.output, quiet=silent) as out,
            show.Progress("Polling …") as progress,
        ):
            return _poll_into(task, settings, host, clock, file, out, progress)
    except Defender365Error as error:
        _report(task, Summary(failure=error))
        return error
    except BrokenPipeError:  # our reader has seen enough; what it did not see is not committed
        raise
    except OSError as error:
        failure = BadInput(f"{error.filename or file.path} cannot be written: {error.strerror}.")
        _report(task, Summary(failure=failure))
        return failure


def _poll_into(  # noqa: PLR0913, PLR0917  the parts of one run
    task: Task, settings: Settings, host: Host, clock: Clock, file: StateFile,
    out: Output, progress: show.Progress,
) -> Defender365Error | None:  # fmt: skip
    before = file.read()
    state = load_state(before)
    if task.test_run:
        state = state.for_test_run()
    else:
        file.try_to_write(before)  # a full disk is told before anything is delivered

    written = ""

    def commit(changed: State) -> None:
        nonlocal written
        out.flush()
        if not task.test_run:
            written = dump_state(changed)
            file.write(written)

    def tell(summary: Summary) -> None:
        progress.say(
            f"Polling … {summary.incidents_processed} incidents, {summary.alerts_delivered} alerts"
        )

    client = connect(settings, host=host, clock=clock, seconds=task.seconds, spent=state.spent)
    try:
        summary = poll(client, state, task.rules, clock, Delivery(out.deliver, commit, tell))
        _report(task, summary)
        _write_metrics(task, state, len(written))
    finally:
        client.close()
    return summary.failure


def _write_metrics(task: Task, state: State, characters: int) -> None:
    if task.metrics is not None and not task.test_run:
        file = TextFile(task.metrics, mode=0o644)  # its reader is another user
        try:
            file.write(metrics_of(state, characters))
        except OSError as error:  # nothing that was delivered is less delivered for it
            click.echo(f"{task.metrics} cannot be written: {error.strerror}.", err=True)


def _report(task: Task, summary: Summary) -> None:
    if task.as_json:
        text = json.dumps(summary.as_dict())
        click.echo(text, err=task.output == "-")
        return
    click.echo(summary_words(summary), err=task.output == "-")


def summary_words(summary: Summary) -> str:
    """The summary in a few lines for a person."""
    lines = summary.words()
    if summary.failure:
        lines.append(click.style(f"✗ {summary.failure_words()}", fg="red"))
    return "\n".join(lines)


connector.add_command(
    click.Command(
        "run",
        callback=_run,
        params=_options(),
        help=DESCRIPTION + " Each Defender alert becomes one case alert, grouped by incident.",
    )
)


def _remembered(ctx: click.Context, state_path: Path | None) -> tuple[State, int]:
    """The connector's memory and the size of its text."""
    host = Host.this()
    try:
        text = StateFile(state_path or host.state_path(host.settings())).read()
        return load_state(text), len(text)
    except BadInput as error:
        raise usage(error) from None
    except Defender365Error as error:
        click.echo(str(error), err=True)
        ctx.exit(1)


@connector.command(
    "status", params=[
        STATE_OPTION, JSON,
        click.Option(["--metrics"], is_flag=True, help="In Prometheus' text format."),
    ], help="Say how the connector is doing: its last run, what waits, what it remembers.",
)  # fmt: skip
@click.pass_context
def status_command(
    ctx: click.Context,
    state_path: Path | None,
    as_json: bool,  # noqa: FBT001  click's call
    metrics: bool,  # noqa: FBT001
) -> None:
    """From the connector's memory; nothing is sent."""
    state, characters = _remembered(ctx, state_path)
    if metrics:
        click.echo(metrics_of(state, characters), nl=False)
        return
    found = status_of(state, characters, machine_clock().seconds())
    if as_json:
        show.print_json(found.as_dict())
    else:
        click.echo("\n".join([click.style(found.word, bold=True), *found.sentences]))


@connector.command(params=[STATE_OPTION, JSON], help="Say what became of an incident, and why.")
@click.argument("incident")
@click.pass_context
def explain(ctx: click.Context, incident: str, state_path: Path | None, as_json: bool) -> None:  # noqa: FBT001  click's call
    """From the connector's memory; nothing is sent."""
    state, _ = _remembered(ctx, state_path)
    found = explained(state, incident.strip(), machine_clock().seconds())
    if as_json:
        show.print_json(found.as_dict())
    else:
        click.echo(
            f"Incident {found.incident}: {click.style(found.status, bold=True)}. {found.reason}"
        )
