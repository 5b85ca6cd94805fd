"""Results as hunting answers show them: type names of KQL, and values as JSON."""

import json
import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from duckdb_kql.translate import quote_ident

from defender_emulator.hunting.moments import moment_text, span_text

_TYPES = {
    "BOOLEAN": "bool",
    "TINYINT": "int",
    "SMALLINT": "int",
    "INTEGER": "int",
    "BIGINT": "long",
    "UBIGINT": "long",
    "HUGEINT": "long",
    "FLOAT": "real",
    "DOUBLE": "real",
    "UUID": "guid",
    "TIMESTAMP": "datetime",
    "INTERVAL": "timespan",
    "JSON": "dynamic",
}
_STRUCTURED = ("STRUCT", "MAP", "UNION", "LIST")


def kql_type(stored: str) -> str:
    """The KQL type of a column of DuckDB."""
    if stored.startswith("DECIMAL") and not stored.endswith("]"):
        return "decimal"
    if stored.endswith("]") or stored.startswith(_STRUCTURED):
        return "dynamic"
    return _TYPES.get(stored, "string")


def with_ticks(sql: str, columns: Sequence[tuple[str, str]]) -> str:
    """A query whose times come as counts of ticks."""
    times = [quote_ident(name) for name, kind in columns if kind in ("datetime", "timespan")]
    if not times:
        return sql
    counted = ", ".join(f"epoch_us({name}) AS {name}" for name in times)
    return f"SELECT * REPLACE ({counted}) FROM ({sql})"  # noqa: S608 - a translation and its own names


def row_text(columns: Sequence[tuple[str, str]], row: Sequence[Any]) -> str:
    """One row as a JSON object; a dynamic value is the text of its JSON."""
    shown = {name: shown_as(kind, value) for (name, kind), value in zip(columns, row, strict=True)}
    return json.dumps(shown, ensure_ascii=False)


def shown_as(kind: str, value: Any) -> Any:
    """A value of a type, as JSON can carry it; a string is never null."""
    if value is None:
        return "" if kind == "string" else None
    show = _SHOWN.get(kind)
    return show(value) if show else value


_SPACES = (", ", ": ", "\n", "\t", " ]", " }", "[ ", "{ ")


def _dynamic_text(value: Any) -> str:
    """A dynamic value as text: JSON, but a string is itself."""
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, default=str, separators=(",", ":"))
    if value.startswith('"'):
        return str(json.loads(value))
    if value.startswith(("{", "[")) and any(space in value for space in _SPACES):
        return json.dumps(json.loads(value), ensure_ascii=False, separators=(",", ":"))
    return value


def _number(value: Decimal | float) -> float | str:
    if isinstance(value, Decimal) and value == int(value) and abs(value) > 2**53:
        return int(value)
    number = float(value)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return number


_SHOWN: dict[str, Callable[[Any], Any]] = {
    "datetime": moment_text,
    "timespan": span_text,
    "real": _number,
    "decimal": _number,
    "dynamic": _dynamic_text,
    "guid": str,
    "string": str,
}
