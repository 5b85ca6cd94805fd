"""Rows in a JSON Lines file: read one by one, checked against columns, or their columns inferred."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from defender_emulator.hunting.kinds import WrongValue, prepared

Columns = dict[str, str]
Row = dict[str, Any]
MOST_TOLD = 10
_BLOCK = 5_000


class BadRows(Exception):
    """Lines that cannot be loaded; each is told with its number."""


def lines(path: Path) -> Iterator[tuple[int, Row | str]]:
    """Each line that is not blank: its number, from 1, and its object or what is wrong with it."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, _object(line.removeprefix(b"\xef\xbb\xbf"))


def _object(line: bytes) -> Row | str:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        return f"no JSON: {error}"
    return row if isinstance(row, dict) else "a row is an object, such as {...}"


@dataclass
class Survey:
    """What a file holds: its columns and how many rows. Made by one pass over it."""

    given: Columns
    """The columns whose types are known before."""
    closed: bool
    """Whether there may be no others."""
    rows: int = 0
    found: dict[str, set[str]] = field(default_factory=dict)
    """Every other column with the types that its values have."""
    wrong: list[str] = field(default_factory=list)

    def columns(self) -> Columns:
        """All columns, the given ones first, then the others as the file has them."""
        return self.given if self.closed else self.given | self.inferred()

    def inferred(self) -> Columns:
        """The columns whose types were inferred."""
        return {name: _joint(kinds) for name, kinds in self.found.items()}


def surveyed(path: Path, given: Mapping[str, str], *, closed: bool) -> Survey:
    """Read a file through. Raises `BadRows` if any line is wrong, `OSError` if it cannot be read."""
    survey = Survey(dict(given), closed)
    waiting = lines(path)
    while not survey.wrong and (block := list(islice(waiting, _BLOCK))):
        survey.wrong += [f"line {number}: {row}" for number, row in block if isinstance(row, str)]
        rows = [(number, row) for number, row in block if isinstance(row, dict)]
        survey.rows += len(rows)
        _take(survey, rows)
    if survey.wrong:
        more = survey.wrong[MOST_TOLD:]
        told = survey.wrong[:MOST_TOLD] + ([f"and {len(more)} more"] if more else [])
        raise BadRows("\n".join(told))
    return survey


def batches(path: Path, columns: Columns, size: int) -> Iterator[list[list[Any]]]:
    """The rows of a surveyed file as lists in the order of the columns, `size` at a time."""
    rows = ([row.get(name) for name in columns] for _, row in lines(path) if isinstance(row, dict))
    while batch := list(islice(rows, size)):
        yield batch


def _take(survey: Survey, rows: list[tuple[int, Row]]) -> None:
    """Take a block of rows into account, column by column."""
    names = dict.fromkeys(name for _, row in rows for name in row)
    for name in names:
        held = [(number, row[name]) for number, row in rows if name in row]
        if name not in survey.given and survey.closed:
            known = ", ".join(survey.given)
            survey.wrong.append(
                f'line {held[0][0]}: there is no column "{name}"; there are {known}'
            )
            continue
        kind = survey.given[name] if name in survey.given else _widened(survey, name, held)
        survey.wrong += _misfit(name, kind, held)


def _widened(survey: Survey, name: str, held: list[tuple[int, Any]]) -> str:
    """What a column is with some more values."""
    kinds = survey.found.setdefault(name, set())
    texts = kinds >= {"string"}
    for value in (value for _, value in held if value is not None):
        kind = "string" if texts and isinstance(value, str) else kind_of(value)
        texts = texts or kind == "string"
        kinds.add(kind)
    return _joint(kinds)


def _misfit(name: str, kind: str, held: list[tuple[int, Any]]) -> list[str]:
    """The first value of a column that does not fit, with its line."""
    try:
        prepared(kind, [value for _, value in held])
    except WrongValue as wrong:
        return [f'line {held[wrong.at][0]}, column "{name}": {wrong}']
    return []


def kind_of(value: Any) -> str:
    """The type that one value, not null, speaks for."""
    plain = _PLAIN.get(type(value), "dynamic")
    if plain == "string" and len(value) > 15 and value[:4].isdigit() and _fits("datetime", value):
        return "datetime"
    return "real" if plain == "long" and not _fits("long", value) else plain


_PLAIN = {bool: "bool", int: "long", float: "real", str: "string"}


def _fits(kind: str, value: Any) -> bool:
    try:
        prepared(kind, [value])
    except WrongValue:
        return False
    return True


def _joint(kinds: set[str]) -> str:
    """The type that holds values of all these types; nothing but nulls are texts."""
    if len(kinds) < 2:
        return next(iter(kinds), "string")
    if kinds == {"long", "real"}:
        return "real"
    return "string" if kinds == {"datetime", "string"} else "dynamic"
