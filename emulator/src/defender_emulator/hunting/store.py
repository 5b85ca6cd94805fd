"""The tables in DuckDB: filled in bulk, limited in time by views, and locked.

Queries see only the views; the rows lie behind them. Once the tables stand, the connection can
reach no file, no network and no setting any more.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb

from defender_emulator.hunting import values
from defender_emulator.hunting.refusals import (
    QueryPreempted,
    QueryTimedOut,
    QueryTooBig,
    semantic_error,
)
from defender_emulator.hunting.schema import STORAGE, TABLES, held_as, time_column

_BATCH = 500
_LOCKS = (
    ("python_enable_replacements", "false"),
    ("enable_external_access", "false"),
    ("autoinstall_known_extensions", "false"),
    ("autoload_known_extensions", "false"),
    ("allow_community_extensions", "false"),
    ("max_temp_directory_size", "'0MB'"),
    ("lock_configuration", "true"),
)


@dataclass(frozen=True)
class Caps:
    """How large a result may be, and what a query may use."""

    rows: int = 100_000
    characters: int = 50_000_000
    megabytes: int = 1_500
    threads: int = 2


class Store:
    """All hunting tables of one tenant."""

    def __init__(self, caps: Caps) -> None:
        self._caps = caps
        self._db = duckdb.connect()
        self._db.execute("SET TimeZone = 'UTC'")
        self._db.execute(f"SET memory_limit = '{caps.megabytes}MB'")
        self._db.execute(f"SET threads = {caps.threads}")
        self._db.execute(";".join(_definitions()))
        for name, value in _LOCKS:
            self._db.execute(f"SET {name} = {value}")

    def interrupt(self) -> None:
        """End the running query, from another thread."""
        self._db.interrupt()

    def close(self) -> None:
        """Let go of the memory."""
        self._db.close()

    def insert(self, table: str, columns: list[str], rows: str) -> None:
        """Add rows, given as the text of a JSON list of objects with some of the columns."""
        chosen = _all_taken(table, columns, "r")
        self._db.execute(
            f'INSERT INTO kept."{table}" BY NAME SELECT {chosen} '  # noqa: S608 - names of TABLES
            f"FROM ({_read(table, columns, '$rows')}) AS t(r)",
            {"rows": rows},
        )

    def insert_evidence(
        self, heads: tuple[list[str], str], entities: tuple[list[str], str], links: str
    ) -> None:
        """Add rows of AlertEvidence: each link joins a head and an entity by their numbers."""
        table = "AlertEvidence"
        named = (("h", heads), ("e", entities))
        chosen = ", ".join(part for r, (cs, _) in named if (part := _all_taken(table, cs, r)))
        read = {r: _read(table, [*columns, "n"], f"${r}") for r, (columns, _) in named}
        self._db.execute(
            f"INSERT INTO kept.{table} BY NAME SELECT {chosen} "  # noqa: S608 - names of TABLES
            "FROM (SELECT unnest(from_json($l::JSON, '[[\"INTEGER\"]]'))) AS a(l) "
            f"JOIN ({read['h']}) AS b(h) ON h.n::INTEGER = l[1] "
            f"JOIN ({read['e']}) AS c(e) ON e.n::INTEGER = l[2]",
            {"h": heads[1], "e": entities[1], "l": links},
        )

    def forget(self, alert_ids: list[str]) -> None:
        """Remove what the tables say about some alerts, because it changed."""
        for table in ("AlertInfo", "AlertEvidence"):
            self._db.execute(
                f'DELETE FROM kept."{table}" WHERE list_contains($ids, "AlertId")',  # noqa: S608
                {"ids": alert_ids},
            )

    def types_of(self, sql: str, bound: dict[str, Any]) -> dict[str, str]:
        """The KQL types of the columns that a query would give."""
        described = self._db.execute(f"DESCRIBE {sql}", bound).fetchall()
        return {name: values.kql_type(kind) for name, kind, *_ in described}

    def run(
        self, sql: str, bound: dict[str, Any], window: tuple[datetime, datetime]
    ) -> tuple[list[tuple[str, str]], str]:
        """Run a query over the rows of a window of time: its columns, and its rows as JSON."""
        try:
            return self._run(sql, bound, window)
        except duckdb.InterruptException:
            raise QueryTimedOut from None
        except duckdb.OutOfMemoryException:
            raise QueryPreempted from None
        except duckdb.Error as error:
            raise semantic_error(_in_short(error)) from None

    def _run(
        self, sql: str, bound: dict[str, Any], window: tuple[datetime, datetime]
    ) -> tuple[list[tuple[str, str]], str]:
        for name, moment in zip(("first", "last"), window, strict=True):
            naive = moment.astimezone(UTC).replace(tzinfo=None)
            self._db.execute(f"SET VARIABLE {name}_moment = TIMESTAMP '{naive}'")
        answer = self._db.execute(sql, bound)
        columns = [(name, values.kql_type(str(kind))) for name, kind, *_ in answer.description]
        found: list[str] = []
        size = 0
        while batch := answer.fetchmany(_BATCH):
            for row in batch:
                found.append(values.row_text(columns, row))
                size += len(found[-1])
            if len(found) > self._caps.rows or size > self._caps.characters:
                raise QueryTooBig
        return columns, f"[{','.join(found)}]"


def _definitions() -> Iterator[str]:
    yield "CREATE SCHEMA kept"
    for table, columns in TABLES.items():
        written = ", ".join(
            f'"{held_as(name)}" {STORAGE[kind]}' + (" DEFAULT ''" if kind == "string" else "")
            for name, kind in columns
        )
        yield f'CREATE TABLE kept."{table}" ({written})'
        column = time_column(table)
        limit = (
            f" WHERE \"{column}\" BETWEEN getvariable('first_moment') AND getvariable('last_moment')"
            if column
            else ""
        )
        yield f'CREATE VIEW "{table}" AS SELECT * FROM kept."{table}"{limit}'  # noqa: S608


def _read(table: str, columns: list[str], parameter: str) -> str:
    kinds = dict(TABLES[table])
    shape = {c: "JSON" if kinds.get(c) == "dynamic" else "VARCHAR" for c in columns}
    return f"SELECT unnest(from_json({parameter}::JSON, '{json.dumps([shape])}'))"


def _all_taken(table: str, columns: list[str], row: str) -> str:
    kinds = dict(TABLES[table])
    return ", ".join(_taken(column, kinds[column], row) for column in columns)


def _taken(column: str, kind: str, row: str) -> str:
    held = held_as(column)
    if kind == "string":
        return f'coalesce({row}."{column}", \'\') AS "{held}"'
    if kind == "dynamic":
        return f'{row}."{column}" AS "{held}"'
    return f'TRY_CAST({row}."{column}" AS {STORAGE[kind]}) AS "{held}"'


def _in_short(error: duckdb.Error) -> str:
    return str(error).partition("\n")[0]
