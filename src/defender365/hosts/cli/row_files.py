"""The file that a hunt's rows go to, and Parquet, which is made from a file of JSON Lines."""

import os
import secrets
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from defender365.core.errors import BadInput

DUCK_TYPES = {
    "datetime": "TIMESTAMP_NS", "int64": "BIGINT", "int32": "INTEGER", "double": "DOUBLE",
    "sbyte": "BOOLEAN", "boolean": "BOOLEAN", "long": "BIGINT", "int": "INTEGER",
    "real": "DOUBLE", "bool": "BOOLEAN", "guid": "VARCHAR",
}  # fmt: skip
"""The Parquet column for each type of an answer; everything else is text."""


@contextmanager
def opened(path: Path) -> Iterator[IO[str]]:
    """A new file that takes its place when it is whole; a pipe or device is written straight through.

    Raises `BadInput` when the file cannot be written.
    """
    with (
        placed(path) as part,
        part.open("w", encoding="utf-8", errors="replace", newline="") as out,
    ):
        yield out


@contextmanager
def placed(path: Path) -> Iterator[Path]:
    """Where to write what shall be at `path`; it is put there at the end, unless that failed.

    A link stays one, and a file that is replaced keeps its mode. Raises `BadInput` for OSError.
    """
    try:
        path = path.resolve()
        found = path.stat() if path.exists() else None
        if found is not None and stat.S_ISDIR(found.st_mode):
            raise BadInput(f"{path} is a folder: give --output a file.")
        if found is not None and not stat.S_ISREG(found.st_mode):
            yield path
            return
        part = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        try:
            if found is not None:
                part.chmod(stat.S_IMODE(found.st_mode))
            yield part
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror or error}.") from None


@contextmanager
def parquet_lines(path: Path) -> Iterator[tuple[IO[str], Callable[[Mapping[str, str]], None]]]:
    """A stream for the rows as JSON Lines, and what then makes the Parquet file of them.

    DuckDB does that without holding the rows. Raises `BadInput` where DuckDB is not installed or
    the rows cannot be Parquet.
    """
    try:
        import duckdb  # noqa: PLC0415  large, and only for this format
    except ImportError:
        raise BadInput('Parquet needs DuckDB: pip install "defender365[parquet]".') from None
    with placed(path) as part, tempfile.TemporaryDirectory(prefix="defender365-") as folder:
        lines = Path(folder) / "rows.jsonl"
        with lines.open("w", encoding="utf-8") as stream:

            def finish(columns: Mapping[str, str]) -> None:
                stream.flush()
                try:
                    _copy(duckdb, lines, part, columns)
                except duckdb.Error as error:
                    words = str(error).partition("\n")[0][:200]
                    raise BadInput(f"The rows cannot be written as Parquet: {words}") from None

            yield stream, finish


def position(number: int) -> str:
    """The name that a column has in the lines: names of an answer may differ in case alone."""
    return f"c{number}"


def _copy(duckdb: Any, lines: Path, path: Path, columns: Mapping[str, str]) -> None:
    if not columns:
        raise BadInput("The answer has no columns, so there is nothing to write as Parquet.")
    names = _distinct(columns)
    positions = [position(number) for number in range(len(names))]
    as_text = ", ".join(f"{at}: 'VARCHAR'" for at in positions)
    source = (
        f"read_json({_text(str(lines))}, columns = {{{as_text}}},"
        " format = 'newline_delimited', maximum_object_size = 134217728)"
    )
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'; SET threads = 2")
        wanted = [DUCK_TYPES.get(kind.lower(), "VARCHAR") for kind in columns.values()]
        tests = ", ".join(_lost(at, kind) for at, kind in zip(positions, wanted, strict=True))
        (lost,) = database.execute(f"SELECT {tests} FROM {source}").fetchall()  # noqa: S608  quoted
        shown = ", ".join(
            f"{_cast(at, 'VARCHAR' if bad else kind)} AS {_name(name)}"
            for at, kind, bad, name in zip(positions, wanted, lost, names, strict=True)
        )
        database.sql(f"SELECT {shown} FROM {source}").write_parquet(str(path))  # noqa: S608  quoted


def _lost(at: str, kind: str) -> str:
    """SQL that tells whether a value of the column would be lost as its type; text then keeps it."""
    return f"coalesce(bool_or({at} IS NOT NULL AND {_cast(at, kind)} IS NULL), false)"


def _cast(at: str, kind: str) -> str:
    return at if kind == "VARCHAR" else f"TRY_CAST({at} AS {kind})"


def _distinct(names: Mapping[str, str]) -> list[str]:
    """The names; one that differs from an earlier one in case alone gets a number."""
    taken: set[str] = set()
    found: list[str] = []
    for name in names:
        shown, number = name, 1
        while shown.casefold() in taken:
            number += 1
            shown = f"{name}_{number}"
        taken.add(shown.casefold())
        found.append(shown)
    return found


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
