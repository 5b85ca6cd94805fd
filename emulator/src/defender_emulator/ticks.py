"""Microsoft's times: text with 0 to 7 fraction digits, compared in ticks of 100 ns."""

import re
from datetime import UTC, datetime, timedelta

_SHAPE = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,7})\d*)?)?(Z|[+-]\d\d:?\d\d)?"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ticks_of(text: object) -> int | None:
    """The tick count of a time, or None for what is none; no zone means UTC."""
    match = _SHAPE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    day, clock, fraction, zone = match.groups()
    clock = clock or "00:00:00"
    clock += ":00" if clock.count(":") == 1 else ""
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{(zone or 'Z').replace('Z', '+00:00')}")
    except ValueError:
        return None
    seconds = (moment - _EPOCH) // timedelta(seconds=1)
    return seconds * 10_000_000 + int((fraction or "").ljust(7, "0"))


def ticks_at(moment: datetime) -> int:
    """The ticks from 1970 to an aware moment."""
    return (moment - _EPOCH) // timedelta(microseconds=1) * 10


def stamp(moment: datetime) -> str:
    """A moment as Microsoft writes it: UTC, trailing zeros trimmed, Z."""
    text = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0").rstrip(".")
    return text + "Z"


def moment_of(text: str) -> datetime | None:
    """A time as an aware datetime, to the microsecond."""
    ticks = ticks_of(text)
    return None if ticks is None else _EPOCH + timedelta(microseconds=ticks // 10)
