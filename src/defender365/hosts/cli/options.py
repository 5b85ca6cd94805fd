"""Command-line options made from declared parameters."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from defender365.core.errors import BadInput
from defender365.core.spec import Kind, Param
from defender365.runtime import Host


class SecretSource(click.ParamType[str]):
    """Where a secret is: `env:NAME`, `file:PATH`, or `-` to read a line of standard input.

    A secret itself is refused: a command line shows in the process list and in histories.
    """

    name = "env:NAME|file:PATH|-"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The secret behind the source."""
        kind, colon, rest = value.partition(":")
        if value == "-":
            return sys.stdin.readline().rstrip("\r\n")
        if kind == "env" and colon:
            return Host.this().variables.get(rest, "")
        if kind == "file" and colon:
            try:
                return Path(rest).read_text(encoding="utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError):
                return self.fail("the file cannot be read.", param, ctx)
        return self.fail(
            "a secret does not belong on a command line, where the process list shows it. Give"
            " env:NAME, file:PATH or - (standard input).",
            param,
            ctx,
        )


def option_for(declaration: Param, *, required: bool | None = None) -> click.Option:
    """The option of one parameter; its destination is the parameter's place in the declaration."""
    names = [f"--{declaration.option}", destination(declaration)]
    must = declaration.mandatory and declaration.default is None if required is None else required
    help_text = declaration.description
    more: dict[str, Any] = {"required": must, "help": help_text}
    if declaration.kind is Kind.CHECKBOX:
        names[0] = f"--{declaration.option}/--no-{declaration.option}"
        more |= {"required": False, "default": None}  # None: not given, the declaration's default
    elif declaration.kind is Kind.CHOICE:
        more["type"] = click.Choice(declaration.choices, case_sensitive=False)
        more["metavar"] = "[" + "|".join(declaration.choices) + "]"
    elif declaration.secret:
        more["type"] = SecretSource()
    else:
        more["metavar"] = {Kind.INTEGER: "N", Kind.LIST: "A,B,…"}.get(declaration.kind, "TEXT")
    if declaration.default not in (None, ""):
        shown = declaration.default
        if declaration.kind is Kind.CHECKBOX:
            shown = "on" if shown else "off"
        more["help"] = f"{help_text} [default: {shown}]"
    return click.Option(names, **more)


def destination(declaration: Param) -> str:
    """The keyword under which click hands the option over."""
    return "p_" + declaration.option.replace("-", "_")


def typed_values(declarations: Iterable[Param], options: Mapping[str, Any]) -> dict[str, object]:
    """What was typed, by parameter name; options that were not given are left out."""
    return {
        declaration.name: options[destination(declaration)]
        for declaration in declarations
        if options.get(destination(declaration)) is not None
    }


def usage(error: BadInput) -> click.UsageError:
    """Bad input as a usage error: exit code 2, one problem a line."""
    return click.UsageError("\n       ".join(error.problems))


JSON = click.Option(
    ["--json", "as_json"], is_flag=True, help="Print one JSON object, for programs."
)
VERBOSE = click.Option(
    ["-v", "--verbose"], count=True, help="Log to stderr what is done; -vv logs every request."
)
