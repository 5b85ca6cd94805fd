"""Where the rows of a hunt go: a terminal's table, CSV, JSON Lines or Parquet, as they come."""

import csv
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import IO, Any

import click

from defender365.api.hunting_rows import Columns, RowStream
from defender365.core.errors import BadInput
from defender365.core.model import Json
from defender365.core.spec import Table
from defender365.hosts.cli import show

FORMATS = ("table", "csv", "jsonl", "parquet")

Write = Callable[[RowStream, int | None], int]
"""Takes the rows, at most so many; gives how many it wrote."""

AS_THEY_ARE = frozenset(
    {"string", "datetime", "int64", "int32", "long", "int", "guid", "double", "real"}
)
"""The types whose values the CSV writer takes itself."""

DUCK_TYPES = {
    "datetime": "TIMESTAMP_NS", "int64": "BIGINT", "int32": "INTEGER", "double": "DOUBLE",
    "sbyte": "BOOLEAN", "boolean": "BOOLEAN", "long": "BIGINT", "int": "INTEGER",
    "real": "DOUBLE", "bool": "BOOLEAN",
}  # fmt: skip
"""The Parquet column for each type of an answer; everything else is text."""


@contextmanager
def writer(form: str, path: str | None) -> Iterator[Write]:
    """A writer for one hunt; `path` None or `-` is stdout. Raises `BadInput` where that cannot be."""
    to_stdout = path in (None, "-")
    if form == "parquet":
        if to_stdout:
            raise BadInput("Parquet needs a file: give --output FILE.")
        with _parquet(Path(str(path))) as write:
            yield write
        return
    with ExitStack() as stack:
        stream = sys.stdout if to_stdout else stack.enter_context(_opened(Path(str(path))))
        yield {"csv": _csv, "jsonl": _jsonl, "table": _table}[form](stream)


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    """A new file that takes its place when it is whole."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w", encoding="utf-8", newline="") as stream:
            yield stream
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _table(_stream: IO[str]) -> Write:
    def write(rows: RowStream, most: int | None) -> int:
        kept = list(_first(rows, most))
        names = tuple(name for name, _ in rows.columns)
        table = Table("Results", names, tuple(tuple(row.get(n) for n in names) for row in kept))
        if kept:
            show.show_table(table)
        return len(kept)

    return write


def _csv(stream: IO[str]) -> Write:
    def write(rows: RowStream, most: int | None) -> int:
        out = csv.writer(stream, lineterminator="\n")
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
            stream.write(json.dumps(row, ensure_ascii=True) + "\n")
        return count

    return write


def _first(rows: RowStream, most: int | None) -> Iterator[Json]:
    for count, row in enumerate(rows, start=1):
        if most is not None and count > most:
            return
        yield row


@contextmanager
def _parquet(path: Path) -> Iterator[Write]:
    """JSON Lines first, which DuckDB then turns into Parquet without holding them."""
    try:
        import duckdb  # noqa: PLC0415  large, and only for this format
    except ImportError:
        raise BadInput('Parquet needs DuckDB: pip install "defender365[parquet]".') from None
    with tempfile.TemporaryDirectory(prefix="defender365-") as folder:
        lines = Path(folder) / "rows.jsonl"

        def write(rows: RowStream, most: int | None) -> int:
            with lines.open("w", encoding="utf-8") as stream:
                count = _jsonl(stream)(rows, most)
            part = path.with_name(path.name + ".part")
            try:
                _copy(duckdb, lines, part, dict(rows.columns))
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
            return count

        yield write


def _copy(duckdb: Any, lines: Path, path: Path, columns: Mapping[str, str]) -> None:
    if not columns:
        raise BadInput("The answer has no columns, so there is nothing to write as Parquet.")
    types = {name: DUCK_TYPES.get(kind.lower(), "VARCHAR") for name, kind in columns.items()}
    reading = (
        f"SELECT * FROM read_json({_quoted(str(lines))}, columns = {_struct(types)},"  # noqa: S608  both quoted
        " format = 'newline_delimited', maximum_object_size = 134217728)"
    )
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'; SET threads = 2")
        database.sql(reading).write_parquet(str(path))


def _struct(types: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{_quoted(n)}: {_quoted(t)}" for n, t in types.items()) + "}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def told(count: int, seconds: float) -> str:
    """How many rows there were, for a person."""
    return f"{count:,} {'row' if count == 1 else 'rows'} in {seconds:.1f} s"


def say(words: str) -> None:
    """A line beside the rows."""
    click.echo(words, err=True)
