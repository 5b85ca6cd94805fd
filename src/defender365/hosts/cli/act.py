"""A sub-command for each action, made from its declaration."""

import functools
from typing import Any

import click

from defender365.actions.outcome import COMPLETED, FAILED, Outcome, Scope, failed, perform
from defender365.core.entities import TYPES, Entity, read_entity
from defender365.core.errors import BadInput, Defender365Error, Worded
from defender365.core.spec import Action, params_of, parse
from defender365.hosts.cli import show
from defender365.hosts.cli.options import JSON, VERBOSE, option_for, typed_values, usage
from defender365.runtime import Host, connect, machine_clock

ACTION_SECONDS = 600.0
"""An action gives up after ten minutes: a hunting query may take three, its quota a minute."""


def action_command(action: Action) -> click.Command:
    """The command of an action: its parameters as options."""
    declarations = tuple(params_of(action.params).values())
    options: list[click.Parameter] = [option_for(declaration) for declaration in declarations]
    if action.entities:
        options.append(
            click.Option(
                ["--entity", "entities"],
                multiple=True,
                metavar="TYPE=VALUE",
                help=f"An entity in scope; TYPE is one of {', '.join(TYPES)}. May be repeated.",
            )
        )
    if action.preview is not None:
        options.append(
            click.Option(
                ["--dry-run"], is_flag=True, help="Print the query that would be sent, and stop."
            )
        )
    return click.Command(
        action.command,
        callback=functools.partial(_run, action),
        params=[*options, JSON, VERBOSE],
        help=action.description,
        short_help=action.description.split(". ")[0],
    )


@click.pass_context
def _run(
    ctx: click.Context, action: Action, /, *, as_json: bool, verbose: int, **options: Any
) -> None:
    values = typed_values(params_of(action.params).values(), options)
    try:
        entities = tuple(read_entity(text) for text in options.get("entities") or ())
    except BadInput as error:
        raise usage(error) from None
    with show.logging_to_stderr(verbose or ctx.obj or 0):
        if options.get("dry_run"):
            outcome, code = preview(action, values, entities), None
        else:
            outcome, code = act(action, values, entities)
    if as_json:
        show.print_json(outcome.as_dict())
    elif options.get("dry_run") and outcome.is_success:
        click.echo(outcome.message)
    else:
        show.show_outcome(outcome)
    ctx.exit(code or (0 if outcome.execution_state == COMPLETED else 1))


def act(
    action: Action,
    values: dict[str, object],
    entities: tuple[Entity, ...],
    settings: dict[str, object] | None = None,
) -> tuple[Outcome, int | None]:
    """Run the action against the configured tenant; 2 where the configuration is no use.

    `settings` by name win over what is configured.
    """
    host, clock = Host.this(), machine_clock()
    clients: list[Any] = []
    codes: list[int] = []

    def reach() -> Any:
        try:
            client = connect(
                host.settings(settings), host=host, clock=clock, seconds=ACTION_SECONDS
            )
        except BadInput:
            codes.append(2)
            raise
        clients.append(client)
        return client

    try:
        with show.Progress(f"{action.name} …"):
            outcome = perform(action, reach, values, Scope(clock.now(), entities))
            return outcome, next(iter(codes), None)
    finally:
        for client in clients:
            client.close()


def preview(action: Action, values: dict[str, object], entities: tuple[Entity, ...]) -> Outcome:
    """The query that the action would send; nothing is sent and no setting is needed."""
    if action.preview is None:
        raise ValueError(f"{action.name} has nothing to preview")
    try:
        params: Any = parse(action.params, values)
        found = action.preview(params, Scope(machine_clock().now(), entities))
    except Worded as error:
        return Outcome(action.name, str(error), is_success=False, execution_state=FAILED)
    except Defender365Error as error:
        return failed(action, str(error))
    return Outcome(action.name, found.message, found.is_success, COMPLETED, found.json_result)
