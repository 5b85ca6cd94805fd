"""Entity lists too long for one query: several queries, and their rows as one result.

Microsoft documents no limit for a query's text, only that there is one; we stay below
`MAX_CHARACTERS`. Each list of values is halved until its query is short enough. Rows that several
queries find are one row; the whole is then sorted and limited as one.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from defender365.core.model import Json
from defender365.core.timeframe import graph_ticks

MAX_CHARACTERS = 10_000

Wanted = Sequence[tuple[str, tuple[str, ...]]]
"""For each column, the values it should have one of."""


def queries(
    wanted: Wanted, build: Callable[[Wanted], str], *, every: bool, limit: int = MAX_CHARACTERS
) -> list[str]:
    """The queries that together find what one would; one, where that is short enough.

    `build` makes the query for some of the values; `every` tells that a row must match each
    column (AND). A single value that is too long by itself stays as it is.
    """
    text = build(wanted)
    longest = max(range(len(wanted)), key=lambda at: _weight(wanted[at][1]), default=0)
    if len(text) <= limit or not wanted or len(wanted[longest][1]) < 2:
        return [text]
    column, values = wanted[longest]
    half = len(values) // 2
    first = [*wanted[:longest], (column, values[:half]), *wanted[longest + 1 :]]
    # For OR the other columns are asked for once: their rows are in the first half's.
    others = [*wanted[:longest], *wanted[longest + 1 :]] if every else []
    second = [*others, (column, values[half:])]
    return [
        *queries(first, build, every=every, limit=limit),
        *queries(second, build, every=every, limit=limit),
    ]


def _weight(values: tuple[str, ...]) -> int:
    return sum(map(len, values)) if len(values) > 1 else 0


def merged(
    answers: Iterable[Iterable[Json]],
    *,
    sort: tuple[str, str, str] | None,
    limit: int,
    apart: bool,
) -> list[Json]:
    """The rows of several answers as one: sorted, at most `limit`.

    `apart` tells that no row can be in two answers. Otherwise rows that look alike are as many as
    the answer with the most of them has: what one query found twice stays twice. `sort` is the
    column, its type as the service names it, and asc or desc; nulls come last.
    """
    rows = [row for answer in answers for row in answer] if apart else _each_once(answers)
    if sort is not None:
        column, kind, order = sort
        full = [row for row in rows if row.get(column) is not None]
        empty = [row for row in rows if row.get(column) is None]
        key = _keys(kind)
        full.sort(key=lambda row: key(row[column]), reverse=order.lower() == "desc")
        rows = [*full, *empty]
    return rows[:limit]


def _each_once(answers: Iterable[Iterable[Json]]) -> list[Json]:
    rows: list[Json] = []
    kept: Counter[str] = Counter()
    for answer in answers:
        here: Counter[str] = Counter()
        for row in answer:
            look = json.dumps(row, sort_keys=True, default=str)
            here[look] += 1
            if here[look] > kept[look]:
                kept[look] += 1
                rows.append(row)
    return rows


def _keys(kind: str) -> Callable[[Any], Any]:
    if kind.lower() == "datetime":
        return graph_ticks
    return _comparable


def _comparable(value: Any) -> tuple[int, Any]:
    """Numbers before texts before the rest, each among its own."""
    if isinstance(value, (bool, int, float)):
        return (0, value)
    return (1, value) if isinstance(value, str) else (2, json.dumps(value, default=str))
