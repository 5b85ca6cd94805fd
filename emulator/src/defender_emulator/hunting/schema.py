"""The hunting tables: their columns in Microsoft's order and spelling, and their types.

The engine cannot hold names that differ only in case, as `LogonId` and `LogonID` in one table do; so
all spellings of a name but the first carry a mark there, which is taken off results and messages.
"""

import json
import re
from collections.abc import Iterable, Sequence
from importlib.resources import files

_TEXT = (files("defender_emulator.hunting") / "data" / "tables.json").read_text("utf-8")

TABLES: dict[str, tuple[tuple[str, str], ...]] = {
    table: tuple((name, kind) for name, kind in columns)
    for table, columns in json.loads(_TEXT).items()
}
"""Table name to its columns, each with its KQL type."""

_TIMES = ("Timestamp", "ActivityTimestamp")
_EDGE = "\ue365"
_MARK = re.compile(f"{_EDGE}\\d+{_EDGE}")


def marked(name: str, number: int) -> str:
    """A name that differs from its other spellings in more than case."""
    return f"{name}{_EDGE}{number}{_EDGE}"


def unmarked(text: str) -> str:
    """Names or messages as the asker would spell them."""
    return _MARK.sub("", text)


def _collisions() -> tuple[dict[str, str], dict[str, str]]:
    first: dict[str, str] = {}
    others: dict[str, str] = {}
    for columns in TABLES.values():
        for name, _ in columns:
            if first.setdefault(name.casefold(), name) != name and name not in others:
                others[name] = marked(name, len(others))
    return first, others


FIRST_SPELLING, OTHER_SPELLINGS = _collisions()
"""How each name is spelled first, and how the engine writes its other spellings (`ISP`, `Isp`)."""


def add_table(name: str, columns: Iterable[Sequence[str]]) -> None:
    """Add a table to `TABLES`, in this process."""
    TABLES[name] = tuple((column, kind) for column, kind in columns)
    for column, _ in TABLES[name]:
        if FIRST_SPELLING.setdefault(column.casefold(), column) != column:
            OTHER_SPELLINGS.setdefault(column, marked(column, len(OTHER_SPELLINGS)))


def remove_table(name: str) -> None:
    """Take a table that was added out of `TABLES` again; spellings stay known."""
    del TABLES[name]


def held_as(name: str) -> str:
    """How the engine writes a column of a table."""
    return OTHER_SPELLINGS.get(name, name)


def time_column(table: str) -> str | None:
    """The column by which a table's history is limited, if it has history."""
    return next((name for name, _ in TABLES[table] if name in _TIMES), None)


def held_columns() -> dict[str, list[str]]:
    """Table name to column names, as the engine writes them."""
    return {table: [held_as(name) for name, _ in columns] for table, columns in TABLES.items()}


def held_types(table: str) -> dict[str, str]:
    """The KQL types of a table's columns, by the name that the engine writes."""
    return {held_as(name): kind for name, kind in TABLES[table]}
