"""The ten scalar types of Kusto: what JSON may hold for each, and how the engine is told.

Sources: the "Scalar data types" pages of the Kusto documentation. A null is right for every type;
what a string column cannot hold (null) becomes the empty string in the engine.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII
)
_PLAIN = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,7})?Z?", re.ASCII)
_SPAN = re.compile(r"(-)?(?:(\d{1,8})\.)?(\d\d):(\d\d):(\d\d)(?:\.(\d{1,7}))?", re.ASCII)
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DECIMAL = re.compile(r"[+-]?\d{1,29}(\.\d+)?", re.ASCII)
_ENDLESS = ("NaN", "Infinity", "-Infinity")


class WrongValue(Exception):
    """A value that its column cannot hold: which of the values it is, and why."""

    def __init__(self, at: int, why: str) -> None:
        super().__init__(why)
        self.at = at


@dataclass(frozen=True)
class Kind:
    """A type: how the engine holds it, its words, and how a value is prepared for it.

    `prepared` raises ValueError for a value that is none. Where all values are of the `plain`
    Python types and `all_fit`, they are taken as they are.
    """

    storage: str
    words: str
    prepared: Callable[[Any], Any]
    plain: tuple[type, ...] = ()
    all_fit: Callable[[Iterable[Any]], bool] = lambda _values: True


def _bool(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    raise ValueError


def _whole(bits: int) -> Callable[[Any], Any]:
    most = 2 ** (bits - 1)

    def prepared(value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool) and -most <= value < most:
            return value
        raise ValueError

    return prepared


def _within(bits: int) -> Callable[[Iterable[Any]], bool]:
    most = 2 ** (bits - 1)
    return lambda values: all(-most <= value < most for value in values)


def _real(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)  # OverflowError is told by the caller
        return number if math.isfinite(number) else _ENDLESS[_which(number)]
    if value in _ENDLESS:
        return value
    raise ValueError


def _which(number: float) -> int:
    return 0 if math.isnan(number) else 1 if number > 0 else 2


def _text(value: Any) -> Any:
    if isinstance(value, str):
        value.encode()  # half a character is no text
        return value
    raise ValueError


def _datetime(value: Any) -> Any:
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        datetime.fromisoformat(value)
        return value
    match = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError
    date, minute, second, fraction, zone = match.groups()
    text = f"{date}T{minute or '00:00'}{second or ':00'}"
    moment = datetime.fromisoformat(text + (zone or "Z")).astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + (fraction or "")[:8]


def _timespan(value: Any) -> Any:
    match = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError
    sign, days, *parts, fraction = match.groups()
    hours, minutes, seconds = (int(part) for part in parts)
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError
    whole = ((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + seconds
    ticks = whole * 10_000_000 + int((fraction or "").ljust(7, "0"))
    return -ticks if sign else ticks


def _guid(value: Any) -> Any:
    if isinstance(value, str) and _GUID.fullmatch(value):
        return value.lower()
    raise ValueError


def _decimal(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = format(Decimal(repr(value)), "f")
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return value
    raise ValueError


def _dynamic(value: Any) -> Any:
    json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    return value


KINDS: Mapping[str, Kind] = {
    "bool": Kind("BOOLEAN", "true or false", _bool, (bool,)),
    "datetime": Kind("TIMESTAMP", "a time such as 2026-11-24T12:00:00.1234567Z", _datetime),
    "dynamic": Kind("JSON", "any JSON", _dynamic),
    "guid": Kind("UUID", "a GUID such as 5f0c2d3e-0000-4000-8000-000000000001", _guid),
    "int": Kind("INTEGER", "a whole number of 32 bits", _whole(32), (int,), _within(32)),
    "long": Kind("BIGINT", "a whole number of 64 bits", _whole(64), (int,), _within(64)),
    "real": Kind("DOUBLE", 'a number, "NaN", "Infinity" or "-Infinity"', _real),
    "string": Kind("VARCHAR", "a text", _text),
    "timespan": Kind("INTERVAL", "a time span such as 1.02:03:04.5000000", _timespan),
    "decimal": Kind("DECIMAL(38,9)", 'a number, best as a text such as "1.50"', _decimal),
}
"""Name to type; how they are stored is how the translator of KQL casts to them."""


def column_type(kind: str) -> str:
    """What a column of a type is declared as."""
    return KINDS[kind].storage + (" DEFAULT ''" if kind == "string" else "")


def prepared(kind: str, values: Sequence[Any]) -> list[Any]:
    """The values of a column as the engine takes them. Raises `WrongValue` for the first wrong one."""
    made = KINDS[kind]
    plain = made.plain and {type(value) for value in values} <= {*made.plain, type(None)}
    if plain and made.all_fit(value for value in values if value is not None):
        return list(values)
    return [None if v is None else _one(made, n, v) for n, v in enumerate(values)]


def _one(kind: Kind, at: int, value: Any) -> Any:
    try:
        return kind.prepared(value)
    except (ValueError, OverflowError, RecursionError):
        shown = json.dumps(value)
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        raise WrongValue(at, f"{shown} is not {kind.words}") from None
