"""What the parts of the noise are made with: counts, dice, moments, and rows put into tables."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from defender_emulator.hunting.schema import TABLES, held_as
from defender_emulator.scenario import Json
from defender_emulator.scenarios.identifiers import sha1
from defender_emulator.ticks import ticks_at

Execute = Callable[..., Any]
Chosen = Mapping[str, str]
"""Column to the SQL of its value."""
HISTORY, AFTER = 30, 5
"""Days before the start that the size is for, and days after it that go on in the same way."""
DAYS = HISTORY + AFTER
_DAY = 86_400_000_000
_HOUR = 3_600_000_000


_NUMBERS = re.compile(r"range\(0, (\d+)\)")
_BLOCK = 100_000


def _blocks(source: str) -> Iterator[str]:
    found = _NUMBERS.search(source)
    count = int(found[1]) if found else 0
    for start in range(0, max(count, 1), _BLOCK):
        end = min(count, start + _BLOCK)
        yield _NUMBERS.sub(f"range({start}, {end})", source, count=1)


def quoted(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def _held(sql: str, kind: str) -> str:
    return f"kql_held({sql})" if kind == "datetime" else sql


class Canvas:
    """One size of noise for one company, being put into the tables of one database."""

    def __init__(self, execute: Execute, noise: Json) -> None:
        self.execute = execute
        self.noise = noise
        self._first = datetime.fromisoformat(noise["start"]).astimezone(UTC) - timedelta(HISTORY)
        self._midnight = self._first.replace(hour=0, minute=0, second=0, microsecond=0)

    def dice(self, name: str, sides: int, key: str = "i") -> str:
        """A whole number from 0 to `sides` - 1; the same for the same name, seed and key columns."""
        salt = int(sha1(self.noise["seed"], "noise", name)[:12], 16)
        return f"(hash({key}, {salt}) % {sides})::BIGINT"

    def pick(self, name: str, values: Sequence[str], key: str = "i") -> str:
        """One of some texts, by dice."""
        listed = ", ".join(map(quoted, values))
        return f"[{listed}][1 + {self.dice(name, len(values), key)}]"

    def guid(self, name: str, key: str = "i") -> str:
        """A guid, the same for the same name and keys."""
        return f"md5(concat_ws('/', {quoted(name)}, {self.noise['seed']}, {key}))::UUID::VARCHAR"

    def anytime(self, inner: str, name: str) -> str:
        """`inner` with `us`, microseconds since 1970 at any time of the days."""
        return f"SELECT *, {self.moment(name)} AS us FROM ({inner})"  # noqa: S608

    def moment(self, name: str) -> str:
        """Microseconds since 1970 at any time of the days."""
        return f"({self._us(self._first)} + {self.dice(f'{name} time', DAYS * _DAY)})"

    def at_work(self, inner: str, name: str) -> str:
        """`inner`, which has `zone`, with `us` in the office hours there: few evenings and weekends."""
        day, weekend, back = (
            self.dice(f"{name} {n}", s) for n, s in (("day", DAYS), ("we", 10), ("back", 4))
        )
        halves = [self.dice(f"{name} half {n}", 5 * _HOUR + _HOUR // 4) for n in (1, 2)]
        late = f"CASE WHEN {self.dice(f'{name} late', 100)} < 5 THEN {4 * _HOUR} ELSE 0 END"
        local = f"{7 * _HOUR + _HOUR // 2} + {halves[0]} + {halves[1]} + {late}"
        weekday = f"(day + {self._midnight.weekday()}) % 7"
        shifted = f"day - CASE WHEN {weekday} > 4 AND {weekend} < 9 THEN {weekday} - 4 + {back} ELSE 0 END"
        raw = f"{self._us(self._midnight)} + ({shifted}) * {_DAY} + {local} - zone * {_HOUR}"
        inner = f"SELECT *, {day} AS day FROM ({inner})"  # noqa: S608 - all of it is written here
        inner = f"SELECT * EXCLUDE (day), {raw} AS us FROM ({inner})"  # noqa: S608
        return f"SELECT * REPLACE ({self.wrapped('us', DAYS)} AS us) FROM ({inner})"  # noqa: S608

    def wrapped(self, us: str, days: int) -> str:
        """A moment moved by whole spans of days until it lies within so many of the first."""
        first, span = self._us(self._first), days * _DAY
        return f"{first} + (({us} - {first}) % {span} + {span}) % {span}"

    def weeks(self, us: str) -> str:
        """How many weeks after the first moment."""
        return f"(({us} - {self._us(self._first)}) // {7 * _DAY})"

    def week_start(self, week: str) -> str:
        """When a week begins."""
        return f"({self._us(self._first)} + {week} * {7 * _DAY})"

    def put(self, table: str, source: str, *shared: Chosen, **own: str) -> None:
        """Insert rows from a SELECT; of the shared columns, those that the table has.

        The numbers that the SELECT begins from are taken in blocks, so that memory stays small.
        """
        kinds = dict(TABLES[table])
        columns = {n: sql for part in shared for n, sql in part.items() if n in kinds} | own
        chosen = ", ".join(
            f'{_held(sql, kinds[name])} AS "{held_as(name)}"' for name, sql in columns.items()
        )
        for block in _blocks(source):
            self.execute(f'INSERT INTO kept."{table}" BY NAME SELECT {chosen} FROM ({block})')  # noqa: S608

    def temporary(self, name: str, source: str) -> None:
        """Keep a SELECT's rows until the noise is made."""
        self.execute(f"CREATE TEMP TABLE {name} AS {source}")

    def listed(self, name: str, rows: list[Json]) -> None:
        """Keep rows of Python's until the noise is made: numbers, flags and texts."""
        kinds = {bool: "BOOLEAN", int: "BIGINT", str: "VARCHAR"}
        shape = {column: kinds[type(value)] for column, value in rows[0].items()}
        written = ", ".join(f"{column} {kind}" for column, kind in shape.items())
        self.execute(f"CREATE TEMP TABLE {name} ({written})")
        self.execute(
            f"INSERT INTO {name} SELECT unnest(from_json($rows::JSON, "
            f"'{json.dumps([shape])}'), recursive := true)",
            {"rows": json.dumps(rows)},
        )

    @staticmethod
    def numbers(count: int) -> str:
        """`i` from 0 on, so many."""
        return f"SELECT range AS i FROM range(0, {count})"  # noqa: S608

    @staticmethod
    def _us(moment: datetime) -> int:
        return ticks_at(moment) // 10
