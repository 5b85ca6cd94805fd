"""The hunting tables: their columns in Microsoft's order and spelling, and their types.

One repair: `LogonID`, which two of the tables have beside or instead of `LogonId`, is spelled
`LogonId` everywhere, because the engine cannot hold names that differ only in case.
"""

import json
from importlib.resources import files

_TEXT = (files("defender_emulator.hunting") / "data" / "tables.json").read_text("utf-8")

TABLES: dict[str, tuple[tuple[str, str], ...]] = {
    table: tuple((name, kind) for name, kind in columns)
    for table, columns in json.loads(_TEXT).items()
}
"""Table name to its columns, each with its KQL type."""

STORAGE = {
    "string": "VARCHAR",
    "datetime": "TIMESTAMP",
    "long": "BIGINT",
    "int": "INTEGER",
    "bool": "BOOLEAN",
    "real": "DOUBLE",
    "guid": "UUID",
    "dynamic": "JSON",
}
"""How a KQL type is held by the engine."""

_TIMES = ("Timestamp", "ActivityTimestamp")


def time_column(table: str) -> str | None:
    """The column by which a table's history is limited, if it has history."""
    return next((name for name, _ in TABLES[table] if name in _TIMES), None)


def column_names() -> dict[str, list[str]]:
    """Table name to column names, as the translator wants it."""
    return {table: [name for name, _ in columns] for table, columns in TABLES.items()}
