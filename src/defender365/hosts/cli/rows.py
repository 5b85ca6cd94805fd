"""How the rows of a hunt are written: a table, CSV, JSON, JSON Lines or Parquet, as they come."""

import csv
import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import IO, Any

import click

from defender365.actions.hunting_params import MAX_ROWS
from defender365.api.hunting_rows import Columns, RowStream
from defender365.core.errors import BadInput
from defender365.core.model import Json
from defender365.core.spec import Table
from defender365.hosts.cli import show
from defender365.hosts.cli.row_files import opened, parquet_lines, position

FORMATS = ("table", "csv", "json", "jsonl", "parquet")

ENDINGS = {"csv": "csv", "json": "json", "jsonl": "jsonl", "ndjson": "jsonl", "parquet": "parquet",
           "txt": "table"}  # fmt: skip

Write = Callable[[RowStream, int | None], int]
"""Takes the rows, at most so many; gives how many it wrote."""

AS_THEY_ARE = frozenset(
    {"string", "datetime", "int64", "int32", "long", "int", "guid", "double", "real"}
)
"""The types whose values the CSV writer takes itself."""


@contextmanager
def writer(form: str, path: str | None) -> Iterator[Write]:
    """A writer for one hunt; `path` None or `-` is stdout. Raises `BadInput` where that cannot be."""
    to_stdout = path in (None, "-")
    if form == "parquet":
        if to_stdout:
            raise BadInput("Parquet needs a file: give --output FILE.")
        with parquet_lines(Path(str(path))) as (lines, finish):
            yield _parquet(lines, finish)
        return
    with ExitStack() as stack:
        stream = sys.stdout if to_stdout else stack.enter_context(opened(Path(str(path))))
        yield {"csv": _csv, "jsonl": _jsonl, "json": _json, "table": _table}[form](stream)


def form_of(path: str) -> str:
    """The format that a file's ending asks for. Raises `BadInput` for an ending that is none."""
    ending = Path(path).suffix.lower().removeprefix(".")
    if not ending:
        return "csv"
    if ending not in ENDINGS:
        known = ", ".join(f".{each}" for each in ENDINGS)
        raise BadInput(f'"{path}" ends in none of {known}: say which --format it shall have.')
    return ENDINGS[ending]


def _table(stream: IO[str]) -> Write:
    def write(rows: RowStream, most: int | None) -> int:
        kept = list(_first(rows, most))
        names = tuple(name for name, _ in rows.columns)
        table = Table("Results", names, tuple(tuple(row.get(n) for n in names) for row in kept))
        if kept:
            show.show_table(table, stream)
        return len(kept)

    return write


def _csv(stream: IO[str]) -> Write:
    def write(rows: RowStream, most: int | None) -> int:
        out = csv.writer(_Lines(stream), lineterminator=_QUOTED_END)
        coming = _first(rows, most)
        first = next(coming, None)
        if rows.columns:
            out.writerow([name for name, _ in rows.columns])
        if first is None:
            return 0
        count = 0
        cells = _cells(rows.columns)
        for row in chain([first], coming):
            out.writerow(cells(row))
            count += 1
        return count

    return write


_QUOTED_END = "\r\n"
"""The CSV writer quotes a cell for the characters of its line end: both must be quoted."""


class _Lines:
    """Takes the CSV writer's lines and ends them as text files do."""

    def __init__(self, stream: IO[str]) -> None:
        self._write = stream.write

    def write(self, line: str) -> object:
        return self._write(line[: -len(_QUOTED_END)] + "\n")


def _cells(columns: Columns) -> Callable[[Json], Sequence[Any]]:
    """What makes a row's cells: only columns whose type asks for it are looked at by value."""
    names = [name for name, _ in columns]
    odd = [at for at, (_, kind) in enumerate(columns) if kind.lower() not in AS_THEY_ARE]
    plain = itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],)

    def cells(row: Json) -> Sequence[Any]:
        try:
            found: Sequence[Any] = plain(row)
        except KeyError:  # a row may leave out what it has no value for
            found = [row.get(name) for name in names]
        if not odd:
            return found
        made = list(found)
        for at in odd:
            made[at] = _cell(made[at])
        return made

    return cells


def _cell(value: Any) -> Any:
    """A CSV cell: text as it is, truth in words, lists and objects as JSON."""
    if value.__class__ is str or value is None:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return value


def _jsonl(stream: IO[str]) -> Write:
    def write(rows: RowStream, most: int | None) -> int:
        count = 0
        for row in _first(rows, most):
            count += 1
            stream.write(_line(row) + "\n")
        return count

    return write


def _line(row: Json) -> str:
    try:
        return json.dumps(row, ensure_ascii=True, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(row), ensure_ascii=True)


def _first(rows: RowStream, most: int | None) -> Iterator[Json]:
    for count, row in enumerate(rows, start=1):
        if most is not None and count > most:
            return
        yield row


def _parquet(lines: IO[str], finish: Callable[[Mapping[str, str]], None]) -> Write:
    def write(rows: RowStream, most: int | None) -> int:
        count = 0
        for row in _first(rows, most):
            count += 1
            cells = {position(at): row.get(name) for at, (name, _) in enumerate(rows.columns)}
            lines.write(_line(cells) + "\n")
        finish(dict(rows.columns))
        return count

    return write


def _json(stream: IO[str]) -> Write:
    def write(rows: RowStream, most: int | None) -> int:
        kept = list(_first(rows, most))
        found = {
            "columns": [{"name": name, "type": kind} for name, kind in rows.columns],
            "rows": kept,
            "count": len(kept),
            "cut": rows.taken > len(kept) or len(kept) >= MAX_ROWS,
        }
        stream.write(json.dumps(_finite(found)) + "\n")
        return len(kept)

    return write


def _finite(value: Any) -> Any:
    """The value with numbers that JSON has no words for as text, as Microsoft writes them."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, list) else value


def told(count: int, seconds: float) -> str:
    """How many rows there were, for a person."""
    return f"{count:,} {'row' if count == 1 else 'rows'} in {seconds:.1f} s"


def say(words: str) -> None:
    """A line beside the rows."""
    click.echo(words, err=True)
