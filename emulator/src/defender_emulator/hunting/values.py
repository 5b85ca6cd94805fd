"""Results as hunting answers show them: type names of KQL, and values as JSON."""

import json
import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

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
    "DATE": "datetime",
    "TIMESTAMP": "datetime",
    "TIMESTAMP WITH TIME ZONE": "datetime",
    "INTERVAL": "timespan",
    "JSON": "dynamic",
}
_STRUCTURED = ("STRUCT", "MAP", "UNION", "LIST")


def kql_type(stored: str) -> str:
    """The KQL type of a column of DuckDB."""
    if stored.startswith("DECIMAL"):
        return "decimal"
    if stored.endswith("]") or stored.startswith(_STRUCTURED):
        return "dynamic"
    return _TYPES.get(stored, "string")


def row_text(columns: Sequence[tuple[str, str]], row: Sequence[Any]) -> str:
    """One row as a JSON object; a dynamic value is the text of its JSON."""
    shown = {name: shown_as(kind, value) for (name, kind), value in zip(columns, row, strict=True)}
    return json.dumps(shown, ensure_ascii=False)


def shown_as(kind: str, value: Any) -> Any:
    """A value of a type, as JSON can carry it."""
    if isinstance(value, datetime):
        fraction = f".{value.microsecond:06d}".rstrip("0").rstrip(".")
        return f"{value:%Y-%m-%dT%H:%M:%S}{fraction}Z"
    if isinstance(value, timedelta):
        return timespan_text(value)
    if isinstance(value, Decimal | float):
        return _number(float(value))
    if kind == "dynamic" and value is not None:
        return _dynamic_text(value)
    return str(value) if isinstance(value, UUID) else value


def _dynamic_text(value: Any) -> str:
    """A dynamic value as text: JSON, but a string is itself."""
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, default=str, separators=(",", ":"))
    return str(json.loads(value)) if value.startswith('"') else value


def timespan_text(span: timedelta) -> str:
    """A time span as .NET writes it: `-1.02:03:04.5000000`."""
    micros = abs(span) // timedelta(microseconds=1)
    days, rest = divmod(micros, 86_400_000_000)
    seconds, part = divmod(rest, 1_000_000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    sign = "-" if span < timedelta(0) else ""
    day = f"{days}." if days else ""
    fraction = f".{part:06d}0" if part else ""
    return f"{sign}{day}{hour:02d}:{minute:02d}:{second:02d}{fraction}"


def _number(value: float) -> float | str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value
