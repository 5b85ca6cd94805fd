"""The rows of a hunting answer, whole or as they arrive.

Graph says `schema` and `results`, the Defender API `Stats`, `Schema` and `Results`; both may carry
annotations beside a row's columns, and neither promises an order of its members.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from defender365.api.records import Collection
from defender365.core.errors import NotJson
from defender365.core.model import Json

Columns = tuple[tuple[str, str], ...]
"""Each column's name and type, in order."""


@dataclass(frozen=True)
class Rows:
    """A hunting result: columns as `(name, type)` and the rows by column name."""

    columns: Columns
    rows: list[Json]


class RowStream:
    """Rows one at a time: iterate them; `columns` are known from the first row on.

    Only as much of the answer is held as the row in hand needs, where the columns come before the
    rows, as both APIs send them. Raises `NotJson` where the answer is not JSON, breaks off, or has
    no results; the rows before were whole.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._answer = Collection(chunks, "results", small=True)
        self.columns: Columns = ()
        self.taken = 0
        """How many rows were read so far."""

    def __iter__(self) -> Iterator[Json]:
        names: frozenset[str] = frozenset()
        waiting: list[Json] = []
        for record in self._answer:
            if not isinstance(record, dict):
                continue
            if not self.columns:
                self.columns = _columns(self._answer.fields)
                names = frozenset(name for name, _ in self.columns)
            row = record if record.keys() == names else plain(record)
            if not self.columns:  # the schema may come behind the rows
                waiting.append(row)
                continue
            self.taken += 1
            yield row
        if not self._answer.met:
            raise NotJson("The hunting query: the answer has no results.")
        self.columns = self.columns or _columns(self._answer.fields) or _from_rows(waiting)
        for row in waiting:
            self.taken += 1
            yield row

    def close(self) -> None:
        """Stop reading; the connection is let go."""
        self._answer.close()


def plain(record: Json) -> Json:
    """A row without annotations."""
    if not any(key.endswith("@odata.type") for key in record):
        return record
    return {key: value for key, value in record.items() if not key.endswith("@odata.type")}


def read_rows(answer: Json) -> Rows:
    """The result of either API: `schema/results` or `Schema/Results`, without annotations."""
    found = _folded(answer).get("results")
    if not isinstance(found, list):
        raise NotJson("The hunting query: the answer has no results.")
    rows = [plain(row) for row in found if isinstance(row, dict)]
    columns = _columns(answer)
    if rows and not any(name in rows[0] for name, _ in columns):
        columns = _from_rows(rows[:1])
    return Rows(columns, rows)


def _columns(answer: Json) -> Columns:
    listed = [
        _folded(item) for item in _folded(answer).get("schema") or () if isinstance(item, dict)
    ]
    return tuple((str(item.get("name", "")), str(item.get("type", ""))) for item in listed)


def _from_rows(rows: list[Json]) -> Columns:
    return tuple((name, "") for name in dict.fromkeys(name for row in rows for name in row))


def _folded(found: Json) -> dict[str, Any]:
    return {str(key).lower(): value for key, value in found.items()}
