"""Starts the emulator, a program of its own that this one never imports."""

import importlib.util
import os
import subprocess
import sys

import click


@click.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    short_help="Start the emulator of Microsoft's APIs (--help lists its options).",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def emulator(ctx: click.Context, arguments: tuple[str, ...]) -> None:
    """Become it, so that signals reach it; it prints one JSON line when it is ready."""
    if importlib.util.find_spec("defender_emulator") is None:
        raise click.UsageError("The emulator is not installed: install defender-emulator beside.")
    command = [sys.executable, "-m", "defender_emulator", *arguments]
    if os.name == "posix":
        sys.stdout.flush()
        os.execv(sys.executable, command)  # noqa: S606  our own program, no shell
    ctx.exit(subprocess.call(command))  # noqa: S603  the same, where a process cannot be replaced
