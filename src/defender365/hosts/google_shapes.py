"""How things look on Google SecOps: names, results as JSON text and case wall tables, what fits.

Pure: the SDK's shapes without the SDK. The limit is the platform's `max_json_result_size` (15 MB
unless it says otherwise); over it the SDK throws the whole result away and fails the action.
"""

import json
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from defender365.actions.outcome import Outcome
from defender365.core.entities import HASH, HOST, IP, URL, USER
from defender365.core.spec import Table

MARGIN = 4_096
"""Characters kept free for the frame that the SDK puts around the parts."""

PLATFORM_NAMES = {
    "Product Field Name": "DeviceProductField",
    "Event Field Name": "EventClassId",
    "Script Timeout (Seconds)": "PythonProcessTimeout",
}
"""The connector's parameters that the platform itself reads, under its own names."""

ENTITY_TYPES = {
    "ADDRESS": IP,
    "HOSTNAME": HOST,
    "USERUNIQNAME": USER,
    "FILEHASH": HASH,
    "DestinationURL": URL,
}
"""The platform's entity types that our queries can be scoped to."""

ACTION_SECONDS = 600.0
"""How long an action may work when the platform sets no deadline."""

REPORT_SECONDS = 5.0
"""Kept before the platform's deadline, to report in."""

RESULT_MEGABYTES = 15.0
"""The platform's limit for a result when it does not say another."""

_HARMLESS = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


@dataclass(frozen=True)
class Shown:
    """What is handed to the platform: the JSON result, and tables as lines of CSV by title."""

    json_text: str | None
    tables: tuple[tuple[str, list[str]], ...] = ()
    note: str = ""
    """What was cut, for the message; empty when nothing was."""


def shown(outcome: Outcome, limit: int) -> Shown:
    """The outcome's result in at most `limit` characters: as many rows as fit, from the first."""
    tables = tuple((table.name, csv_lines(table)) for table in outcome.tables)
    text = None if outcome.json_result is None else json_text(outcome.json_result)
    if _size(text) + sum(_lines_size(lines) for _, lines in tables) <= limit - MARGIN:
        return Shown(text, tables)
    rows = _rows(outcome.json_result)
    if rows is None:
        return Shown(None, (), "The result was too large for the platform and was left out.")
    return _cut(rows, tables, limit - MARGIN)


def _rows(result: Any) -> list[Any] | None:
    rows = result.get("Results") if isinstance(result, dict) else None
    return rows if isinstance(rows, list) else None


def _cut(rows: list[Any], tables: tuple[tuple[str, list[str]], ...], room: int) -> Shown:
    cost = [_size(json_text(row)) for row in rows]
    for _, (head, *lines) in tables:
        room -= _size(head)
        cost = [c + _size(line) + 2 for c, line in zip(cost, lines, strict=True)]
    kept = sum(total <= room for total in accumulate(cost))
    if kept == len(rows):
        return Shown(json_text({"Results": rows}), tables)
    note = (
        f"The result was too large for the platform: the first {kept:,} of {len(rows):,} rows were"
        " kept. Ask for fewer rows or fields."
    )
    cut = tuple((name, lines[: kept + 1]) for name, lines in tables)
    return Shown(json_text({"Results": rows[:kept]}), cut, note)


def _size(text: str | None) -> int:
    """Characters of a text inside the JSON that the SDK writes, with its quotes."""
    return len(json.dumps(text))


def _lines_size(lines: list[str]) -> int:
    return sum(_size(line) + 2 for line in lines)


def json_text(value: Any) -> str:
    """JSON that stays text wherever a widget's page puts it: no character that opens markup."""
    return json.dumps(value, default=str).translate(_HARMLESS)


def csv_lines(table: Table) -> list[str]:
    """A table as the case wall reads it: split at each comma, without quoting.

    So commas and line breaks in cells become blanks; the JSON result keeps them.
    """
    return [_line(table.columns), *map(_line, table.rows)]


def _line(cells: tuple[Any, ...]) -> str:
    return ",".join(" ".join(_cell(cell).replace(",", " ").split()) for cell in cells)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def working_seconds(deadline_ms: object, now: float) -> float:
    """The seconds that an action may use: to its deadline, less what it takes to report."""
    deadline = _number(deadline_ms)
    if deadline <= 0:
        return ACTION_SECONDS
    left = deadline / 1000 - now
    return left - min(REPORT_SECONDS, left / 4)


def result_limit(megabytes: object) -> float:
    """The platform's limit for a result in megabytes; 15 where it says nothing of use."""
    limit = _number(megabytes)
    return limit if 0 < limit < 1_000_000 else RESULT_MEGABYTES


def _number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return 0.0


def original_spelling(entity: Any) -> str:
    """The entity's name before the platform upper-cased it."""
    properties = entity.additional_properties or {}
    return str(properties.get("OriginalIdentifier") or entity.identifier)
