"""The tables in DuckDB: filled in bulk, limited in time by views, and locked.

Queries see only the views; the rows lie behind them. Once the tables stand, the connection can
reach no file, no network and no setting any more.
"""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from defender_emulator.hunting import moments, own_sql, values
from defender_emulator.hunting.kinds import column_type
from defender_emulator.hunting.refusals import (
    QueryPreempted,
    QueryTimedOut,
    QueryTooBig,
    engine_error,
)
from defender_emulator.hunting.schema import (
    TABLES,
    add_table,
    held_as,
    remove_table,
    time_column,
)
from defender_emulator.ticks import ticks_at

Window = tuple[datetime, datetime]
_BATCH = 500
_LOCKS = (
    ("enable_progress_bar", "false"),
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
        self._own: list[str] = []
        self._db = duckdb.connect()
        self._db.execute("SET TimeZone = 'UTC'")
        self._db.execute(f"SET memory_limit = '{caps.megabytes}MB'")
        self._db.execute(f"SET threads = {caps.threads}")
        self._db.execute(";".join([*moments.definitions(), *_definitions()]))
        for name, value in _LOCKS:
            self._db.execute(f"SET {name} = {value}")

    def interrupt(self) -> None:
        """End the running query, from another thread."""
        self._db.interrupt()

    def close(self) -> None:
        """Let go of the memory, and of what the user's tables are called."""
        self._db.close()
        for table in self._own:
            remove_table(table)
        self._own.clear()

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

    def background(self, noise: dict[str, Any]) -> None:
        """Fill the tables with the noise described. Raises `QueryPreempted` for want of memory."""
        from defender_emulator.background.filling import fill  # noqa: PLC0415  seldom needed

        with _failures_told():
            fill(self._db.execute, noise)

    def declare(self, table: str, columns: list[list[str]]) -> None:
        """Make a table of the user's."""
        add_table(table, columns)
        self._own.append(table)
        self._db.execute(own_sql.definition(table))

    def drop(self, table: str) -> None:
        """Remove a table of the user's."""
        self._db.execute(own_sql.removal(table))
        self._own.remove(table)
        remove_table(table)

    def extend(self, table: str, columns: list[str], rows: str) -> None:
        """Add rows of the user's, given as the text of a JSON object of lists.

        Raises `QueryPreempted` where there is no memory for them.
        """
        with _failures_told():
            self._db.execute(own_sql.filling(table, columns), {"rows": rows})

    def count(self, tables: list[str], window: Window) -> list[int]:
        """How many rows some tables show of a window of time."""
        self.look_at(window, None)
        each = " UNION ALL ".join(f'SELECT count(*) FROM "{table}"' for table in tables)  # noqa: S608 - quoted names
        return [count for (count,) in self._db.execute(each).fetchall()]

    def forget(self, alert_ids: list[str]) -> None:
        """Remove what the tables say about some alerts, because it changed."""
        for table in ("AlertInfo", "AlertEvidence"):
            self._db.execute(
                f'DELETE FROM kept."{table}" WHERE list_contains($ids, "AlertId")',  # noqa: S608 - quoted names
                {"ids": alert_ids},
            )

    def types_of(self, sql: str, bound: dict[str, Any]) -> dict[str, str]:
        """The KQL types of the columns that a query would give."""
        with _failures_told():
            described = self._db.execute(f"DESCRIBE {sql}", bound).fetchall()
        return {name: values.kql_type(kind) for name, kind, *_ in described}

    def rows_of(self, sql: str, bound: dict[str, Any]) -> list[tuple[Any, ...]]:
        """The rows of a query that a translation needs to know."""
        with _failures_told():
            return self._db.execute(sql, bound).fetchall()

    def run(self, sql: str, bound: dict[str, Any]) -> tuple[list[tuple[str, str]], str]:
        """Run a query over the rows of the window looked at: its columns, its rows as JSON."""
        with _failures_told():
            return self._run(sql, bound)

    def look_at(self, window: Window, span: Window | None) -> None:
        """Show the rows of a window of time.

        `span` limits the user's tables, which show all their rows without one.
        """
        edges = (*window, *(span or (None, None)))
        names = ("first_moment", "last_moment", "span_first", "span_last")
        for name, moment in zip(names, edges, strict=True):
            ticks = ticks_at(moment) if moment else "NULL"
            self._db.execute(f"SET VARIABLE {name} = make_timestamp({ticks}::BIGINT)")

    def _run(self, sql: str, bound: dict[str, Any]) -> tuple[list[tuple[str, str]], str]:
        described = self._db.execute(f"DESCRIBE {sql}", bound).fetchall()
        columns = [(name, values.kql_type(kind)) for name, kind, *_ in described]
        answer = self._db.execute(values.with_ticks(sql, columns), bound)
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
    yield "ATTACH ':memory:' AS kept (COMPRESS)"
    for table, columns in TABLES.items():
        written = ", ".join(f'"{held_as(name)}" {column_type(kind)}' for name, kind in columns)
        yield f'CREATE TABLE kept."{table}" ({written})'
        column = time_column(table)
        limit = (
            f" WHERE \"{column}\" BETWEEN getvariable('first_moment') AND getvariable('last_moment')"
            if column
            else ""
        )
        yield f'CREATE VIEW "{table}" AS SELECT * FROM kept."{table}"{limit}'  # noqa: S608 - quoted names


def _read(table: str, columns: list[str], parameter: str) -> str:
    kinds = dict(TABLES[table])
    shape = {c: "JSON" if kinds.get(c) == "dynamic" else "VARCHAR" for c in columns}
    return f"SELECT unnest(from_json({parameter}::JSON, '{json.dumps([shape])}'))"


def _all_taken(table: str, columns: list[str], row: str) -> str:
    kinds = dict(TABLES[table])
    return ", ".join(
        own_sql.taken(column, kinds[column], f'{row}."{column}"', "TRY_CAST") for column in columns
    )


@contextlib.contextmanager
def _failures_told() -> Iterator[None]:
    try:
        yield
    except duckdb.InterruptException:
        raise QueryTimedOut from None
    except duckdb.OutOfMemoryException:
        raise QueryPreempted from None
    except duckdb.Error as error:
        raise engine_error(str(error)) from None
