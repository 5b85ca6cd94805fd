"""Tables and rows that users bring: checked, kept in files, and sent to the engine's process.

Kept rows are never in memory as a whole: each table has a nameless temporary file of batches, from
which an engine that starts again is filled again.
"""

import json
import re
import tempfile
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from defender_emulator.hunting.kinds import KINDS, WrongValue, prepared
from defender_emulator.hunting.schema import TABLES
from defender_emulator.scenario import Json

Columns = tuple[tuple[str, str], ...]
BATCH = 10_000
"""How many rows are kept, and sent, together."""
_TABLE = re.compile(r"[A-Za-z_]\w{0,127}", re.ASCII)
_COLUMN = re.compile(r"[\w][\w .-]{0,255}")


class WrongTable(Exception):
    """A table, a column or a value that cannot be taken; the text says which and why."""


class OwnTable:
    """One table's own rows: a table of the user's, or rows added to one of Microsoft's."""

    def __init__(self, name: str, columns: Columns) -> None:
        self.name = name
        self.columns = columns
        self.builtin = name in TABLES
        self.rows = 0
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the table
        self._kept: list[tuple[int, int, list[str]]] = []
        self._end = 0

    def keep(self, columns: Columns, batch: str, rows: int) -> None:
        """Append a batch of rows that have these of the columns."""
        body = batch.encode()
        self._file.seek(self._end)
        self._file.write(body)
        self._kept.append((self._end, len(body), [name for name, _ in columns]))
        self._end += len(body)
        self.rows += rows

    def batch(self, number: int) -> tuple[list[str], str] | None:
        """A batch with its columns; None if there are not that many or the table is gone."""
        if self._file.closed or number >= len(self._kept):
            return None
        start, length, columns = self._kept[number]
        self._file.seek(start)
        return columns, self._file.read(length).decode()

    def close(self) -> None:
        """Forget the rows."""
        self._file.close()


class OwnTables:
    """All own tables of one tenant. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tables: dict[str, OwnTable] = {}

    def listed(self) -> list[OwnTable]:
        """Every table that has been made or extended, in that order."""
        with self._lock:
            return list(self._tables.values())

    def columns(self, name: str) -> Columns | None:
        """The columns of an own table or of one of Microsoft's; None where there is none."""
        table = self._tables.get(name)
        return table.columns if table else TABLES.get(name)

    def add(self, name: str, columns: Sequence[Json], rows: Sequence[Sequence[Any]]) -> OwnTable:
        """Make a table or extend one. Raises `WrongTable`, and has then changed nothing.

        `columns` say what the values of a row are; for a table that exists they may be some of its
        columns, without types, or none at all for all of them.
        """
        with self._lock:
            there = self.columns(name)
            taken = _fitting(name, there, columns) if there else _new(name, columns)
            _check_lengths(rows, len(taken))
            batches = [
                (_batch(taken, rows[at : at + BATCH], at), len(rows[at : at + BATCH]))
                for at in range(0, len(rows), BATCH)
            ]
            if not there:
                self._check_name(name)
            if name not in self._tables:
                self._tables[name] = OwnTable(name, there or taken)
            for batch, count in batches:
                self._tables[name].keep(taken, batch, count)
            return self._tables[name]

    def drop(self, name: str) -> None:
        """Remove an own table. Raises `WrongTable` where there is none."""
        with self._lock:
            table = self._tables.get(name)
            if table is None or table.builtin:
                why = (
                    "is Microsoft's; a reset takes added rows away" if name in TABLES else "is none"
                )
                raise WrongTable(f'Only own tables can be removed; "{name}" {why}.')
            self._tables.pop(name).close()

    def clear(self) -> None:
        """Remove everything."""
        with self._lock:
            for table in self._tables.values():
                table.close()
            self._tables.clear()

    def news(self, sent: dict[OwnTable, int]) -> Iterator[Json]:
        """Messages that tell an engine what it was not sent yet; `sent` is kept up to date."""
        for table in [table for table in sent if table not in self.listed()]:
            del sent[table]
            yield {"drop": [table.name]}
        for table in self.listed():
            if table not in sent and not table.builtin:
                yield {"declare": [table.name, table.columns]}
            sent.setdefault(table, 0)
            while (batch := self._read(table, sent[table])) is not None:
                sent[table] += 1
                yield {"extend": [table.name, *batch]}

    def _read(self, table: OwnTable, number: int) -> tuple[list[str], str] | None:
        with self._lock:
            return table.batch(number)

    def _check_name(self, name: str) -> None:
        if not _TABLE.fullmatch(name):
            raise WrongTable(
                f'"{name}" is no name for a table: letters, digits and _, and no digit first.'
            )
        for other in (*TABLES, *self._tables):
            if other.casefold() == name.casefold():
                raise WrongTable(f'"{name}" differs from the table "{other}" in case only.')


def _fitting(name: str, there: Columns, given: Sequence[Json]) -> Columns:
    kinds = dict(there)
    for column in given:
        named = column.get("name")
        if named not in kinds:
            raise WrongTable(f'{name} has no column "{named}"; it has {", ".join(kinds)}.')
        if column.get("type", kinds[named]) != kinds[named]:
            raise WrongTable(
                f'The column "{named}" of {name} is {kinds[named]}, not {column["type"]}.'
            )
    _check_twice(given)
    return tuple((column["name"], kinds[column["name"]]) for column in given) or there


def _new(name: str, given: Sequence[Json]) -> Columns:
    if not given:
        raise WrongTable(f'There is no table "{name}" yet; a new one needs "columns".')
    for column in given:
        named, kind = column.get("name"), column.get("type")
        if not isinstance(named, str) or not _COLUMN.fullmatch(named):
            shown = json.dumps(named)
            raise WrongTable(
                f"{shown} is no name for a column: letters, digits, _, space, . and -."
            )
        if kind not in KINDS:
            raise WrongTable(
                f'The column "{named}" must have a "type", one of {", ".join(KINDS)}; not {json.dumps(kind)}.'
            )
    _check_twice(given)
    return tuple((column["name"], column["type"]) for column in given)


def _check_twice(given: Sequence[Json]) -> None:
    names = [column["name"] for column in given]
    for name in names:
        if names.count(name) > 1:
            raise WrongTable(f'The column "{name}" is given twice.')


def _check_lengths(rows: Sequence[Sequence[Any]], width: int) -> None:
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list) or len(row) != width:
            found = f"{len(row)} values" if isinstance(row, list) else "no list"
            raise WrongTable(f"Row {number} has {found}; a row is a list of {width} values.")


def _batch(columns: Columns, rows: Sequence[Sequence[Any]], before: int) -> str:
    """Rows column by column, as the text of a JSON object that the engine reads."""
    made: dict[str, list[Any]] = {}  # by number, because names may differ in case only
    for at, (name, kind) in enumerate(columns):
        try:
            made[f"c{at}"] = prepared(kind, [row[at] for row in rows])
        except WrongValue as wrong:
            raise WrongTable(f'Row {before + wrong.at + 1}, column "{name}": {wrong}.') from None
    return json.dumps(made, ensure_ascii=False)
