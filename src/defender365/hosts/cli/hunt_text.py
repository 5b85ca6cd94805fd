"""The query of a hunt, from wherever it comes: words, a file, stdin, the library, a Sigma rule."""

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from defender365.core.errors import BadInput
from defender365.core.kql_check import ERROR, Finding, check, position
from defender365.core.named_hunts import NamedHunt, read_hunt
from defender365.core.near_names import near_names
from defender365.core.query_params import QueryParam, bound
from defender365.hosts.cli import rows
from defender365.runtime import Host, machine_clock
from defender365.stores.hunts import SchemaFile, named_hunts

STDIN = "-"

_PARAM_LINE = re.compile(r"^\s*//\s*param\s*:", re.MULTILINE).search

EXAMPLES = {
    "string": "", "long": "0", "real": "0", "bool": "true", "datetime": "2026-01-01",
    "timespan": "1d", "list": "",
}  # fmt: skip
"""Stand for parameters without a value while a query is only checked."""


def hunts() -> dict[str, NamedHunt]:
    """The library by name, with the user's own."""
    return named_hunts(Host.this().hunts_folder, rows.say)


def hunt_called(name: str) -> NamedHunt:
    """One of the library. Raises `BadInput` with names like it."""
    library = hunts()
    if name not in library:
        close = near_names(name, library, most=2)
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        raise BadInput(f'There is no hunt "{name}".{hint} List them with: defender365 hunt list')
    return library[name]


def text_of(options: dict[str, Any], *, checking: bool = False) -> tuple[str, int]:
    """The query that the options ask for, its parameters bound, and how many lines bind them.

    `checking` lets parameters be without a value. Raises `BadInput`.
    """
    text, declared = _source(options)
    if checking:
        declared = tuple(
            replace(each, default=EXAMPLES[each.kind] if each.default is None else each.default)
            for each in declared
        )
    whole = bound(text, options.get("params") or (), declared)
    return whole, whole.count("\n", 0, len(whole) - len(text))


def _source(options: dict[str, Any]) -> tuple[str, tuple[QueryParam, ...]]:
    given = [key for key in ("query", "file", "name", "sigma") if options.get(key)]
    if len(given) > 1:
        raise BadInput("Give one query: as words, with --file, by name, or with --sigma.")
    if options.get("name"):
        found = hunt_called(options["name"])
        return found.query, found.params
    if options.get("sigma"):
        return sigma_query(Path(options["sigma"])), ()
    if options.get("file") and options["file"] != STDIN:
        return _with_header(_read(Path(options["file"])))
    if options.get("query") and options["query"] != STDIN:
        return str(options["query"]), ()
    if sys.stdin is None or (sys.stdin.isatty() and not given):
        raise BadInput('There is no query. Give one: defender365 hunt "AlertInfo | take 5"')
    try:
        return _with_header(sys.stdin.buffer.read().decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadInput("What came on stdin is no UTF-8 text.") from None


def _with_header(text: str) -> tuple[str, tuple[QueryParam, ...]]:
    """A text's parameters are its own where it begins as the hunts of the library do."""
    if not text.lstrip().startswith("// title:") or not _PARAM_LINE(text):
        return text, ()
    found = read_hunt("query", text)
    return found.query, found.params


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise BadInput(f"{path} cannot be read: {why}.") from None


def sigma_query(path: Path) -> str:
    """The KQL of a Sigma rule, by pySigma's backend for Microsoft XDR. Raises `BadInput`."""
    try:
        from sigma.backends.kusto import KustoBackend  # noqa: PLC0415  only for this
        from sigma.collection import SigmaCollection  # noqa: PLC0415  as above
        from sigma.pipelines.microsoftxdr import microsoft_xdr_pipeline  # noqa: PLC0415  as above
    except ImportError:
        raise BadInput('Sigma rules need pySigma: pip install "defender365[sigma]".') from None
    try:
        rules = SigmaCollection.from_yaml(_read(path))
        queries = KustoBackend(processing_pipeline=microsoft_xdr_pipeline()).convert(rules)
    except BadInput:
        raise
    except Exception as error:  # noqa: BLE001  whatever a rule makes pySigma or its YAML raise
        raise BadInput(f"The Sigma rule {path} cannot be hunted: {str(error)[:300]}") from None
    if len(queries) != 1:
        raise BadInput(f"{path} holds {len(queries)} rules; a hunt takes one.")
    return str(queries[0])


def checked(text: str, name: str, added: int = 0) -> tuple[list[Finding], list[str]]:
    """What is to be told of a query, and the lines that tell it, each with its place and a caret.

    The first `added` lines are not the user's own, and are not counted.
    """
    schema = SchemaFile(Host.this().schema_path, rows.say).known()
    try:
        found = check(text, schema, now=machine_clock().now())
    except Exception as error:  # noqa: BLE001  our own fault here must not stop a hunt
        rows.say(f"The query could not be checked ({type(error).__name__}).")
        return [], []
    return found, [line for finding in found for line in shown(text, finding, name, added)]


def shown(text: str, finding: Finding, name: str, added: int = 0) -> list[str]:
    """One finding as a person reads it: place, words, the line, and a caret under it."""
    line, column = position(text, finding.start)
    colour = "red" if finding.severity == ERROR else "yellow"
    head = click.style(f"{finding.severity}:", fg=colour, bold=True)
    source = re.split(r"\r\n|\r|\n", text)[line - 1]
    width = max(1, min(finding.end - finding.start, len(source) - column + 1))
    before = "".join("\t" if c == "\t" else " " for c in source[: column - 1])
    return [
        f"{name}:{max(1, line - added)}:{column}: {head} {finding.message}",
        f"    {source}",
        f"    {before}{click.style('^' + '~' * (width - 1), fg=colour)}",
    ]
