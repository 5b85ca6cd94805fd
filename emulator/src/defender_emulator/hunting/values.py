"""Results as hunting answers show them: type names of KQL, and values as JSON."""

import json
import math
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

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
    """A value of a type, as JSON can carry it; a string is never null."""
    if value is None:
        return "" if kind == "string" else None
    show = _SHOWN.get(kind)
    return show(value) if show else value


_SPACES = (", ", ": ", "\n", "\t", " ]", " }", "[ ", "{ ")


def _moment_text(value: date) -> str:
    fraction = f".{getattr(value, 'microsecond', 0):06d}".rstrip("0").rstrip(".")
    return f"{value:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def _dynamic_text(value: Any) -> str:
    """A dynamic value as text: JSON, but a string is itself."""
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, default=str, separators=(",", ":"))
    if value.startswith('"'):
        return str(json.loads(value))
    if value.startswith(("{", "[")) and any(space in value for space in _SPACES):
        return json.dumps(json.loads(value), ensure_ascii=False, separators=(",", ":"))
    return value


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


def _number(value: Decimal | float) -> float | str:
    number = float(value)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return number


_SHOWN: dict[str, Callable[[Any], Any]] = {
    "datetime": _moment_text,
    "timespan": timespan_text,
    "real": _number,
    "decimal": _number,
    "dynamic": _dynamic_text,
    "guid": str,
    "string": str,
}
