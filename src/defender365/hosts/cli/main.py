"""The `defender365` program: a sub-command per action, and those around them.

Exit codes: 0 completed, 1 failed, 2 usage. Results go to stdout, logs to stderr.
"""

import sys
from typing import Any

import click

from defender365.actions import ACTIONS
from defender365.hosts.cli.act import action_command
from defender365.hosts.cli.options import VERBOSE

_LATER = {
    "hunt": ("defender365.hosts.cli.hunt", "hunt"),
    "connector": ("defender365.hosts.cli.ingest", "connector"),
    "package": ("defender365.hosts.cli.package", "package"),
    "configure": ("defender365.hosts.cli.configure", "configure"),
    "emulator": ("defender365.hosts.cli.emulator", "emulator"),
    "demo": ("defender365.hosts.cli.demo", "demo"),
    "completion": ("defender365.hosts.cli.completion", "completion"),
}


class Program(click.Group):
    """Makes each sub-command when it is asked for: starting a ping should not load the demo."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Actions first, as declared, then the rest."""
        return [*(action.command for action in ACTIONS), *_LATER]

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        """The command of this name."""
        for action in ACTIONS:
            if action.command == name:
                return action_command(action)
        if name not in _LATER:
            return None
        from importlib import import_module  # noqa: PLC0415  see the class

        module, attribute = _LATER[name]
        command: click.Command = getattr(import_module(module), attribute)
        return command


@click.pass_context
def _program(ctx: click.Context, /, verbose: int) -> None:
    ctx.obj = verbose


program = Program(
    "defender365",
    callback=_program,
    params=[VERBOSE],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    help=(
        "Microsoft 365 Defender from the command line: hunt with KQL, follow incidents, triage"
        " them.\n\nSettings come from DEFENDER365_… variables or from a profile that"
        " 'defender365 configure' writes. To try everything without a tenant: defender365 demo"
    ),
)


def main(arguments: list[str] | None = None) -> None:
    """Run the program and exit; an output that cannot be written is one sentence and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
    code: Any = 0
    try:
        try:
            program(args=arguments, prog_name="defender365")
        except SystemExit as ended:
            code = ended.code
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            sys.stderr.write(f"defender365: the output cannot be written: {error.strerror}.\n")
        code = code or 1
        sys.stdout = None  # nothing is left to flush at exit
    sys.exit(code)
