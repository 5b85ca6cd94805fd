"""The SQL behind own tables: how one is made, seen and filled."""

import json

from defender_emulator.hunting.kinds import KINDS, column_type
from defender_emulator.hunting.schema import TABLES, held_as

OWN_TIMES = ("Timestamp", "TimeGenerated")
"""By these columns an own table is limited when a time span is given with the query."""


_TIMES = {"datetime": "kql_moment", "timespan": "kql_ticks"}


def definition(table: str) -> str:
    """Statements that make an own table and the view on it."""
    written = ", ".join(f'"{held_as(name)}" {column_type(kind)}' for name, kind in TABLES[table])
    times = (
        held_as(name) for name, kind in TABLES[table] if kind == "datetime" and name in OWN_TIMES
    )
    column = next(times, None)
    limit = (
        f" WHERE coalesce(\"{column}\" BETWEEN getvariable('span_first') AND getvariable('span_last'),"
        " getvariable('span_first') IS NULL)"
        if column
        else ""
    )
    seen = f'SELECT * FROM kept."{table}"{limit}'  # noqa: S608 - a checked name
    return f'CREATE TABLE kept."{table}" ({written}); CREATE VIEW "{table}" AS {seen}'


def removal(table: str) -> str:
    """Statements that remove an own table."""
    return f'DROP VIEW "{table}"; DROP TABLE kept."{table}"'


def filling(table: str, columns: list[str]) -> str:
    """A statement that adds rows from `$rows`, a JSON object with a list for each column.

    Values are cast strictly: they were checked before they were kept.
    """
    kinds = dict(TABLES[table])
    shape = {
        f"c{n}": ["JSON" if kinds[c] == "dynamic" else "VARCHAR"] for n, c in enumerate(columns)
    }
    lists = ", ".join(f"unnest(j.c{n}) AS c{n}" for n in range(len(columns)))
    chosen = ", ".join(taken(c, kinds[c], f"c{n}", "CAST") for n, c in enumerate(columns))
    return (
        f'INSERT INTO kept."{table}" BY NAME SELECT {chosen} FROM (SELECT {lists} FROM '  # noqa: S608 - quoted names
        f"(SELECT from_json($rows::JSON, '{json.dumps(shape)}') AS j))"
    )


def taken(column: str, kind: str, value: str, cast: str) -> str:
    """A value as a column of a table holds it; `cast` says what becomes of one that does not fit."""
    if kind == "string":
        value = f"coalesce({value}, '')"
    elif kind in _TIMES:
        value = f"{_TIMES[kind]}({value})"
    elif kind != "dynamic":
        value = f"{cast}({value} AS {KINDS[kind].storage})"
    return f'{value} AS "{held_as(column)}"'
