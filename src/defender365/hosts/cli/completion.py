"""Prints the shell's completion script."""

import click
from click.shell_completion import get_completion_class


@click.command(help="Print a completion script: source it from your shell's start-up file.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """The script that teaches the shell our commands and options."""
    from defender365.hosts.cli.main import program  # noqa: PLC0415  the program holds this command

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    click.echo(found(program, {}, "defender365", "_DEFENDER365_COMPLETE").source())
