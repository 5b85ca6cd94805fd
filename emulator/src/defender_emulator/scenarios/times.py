"""Microsoft's way to write a moment: UTC, up to seven fraction digits, trailing zeros trimmed."""

from datetime import UTC, datetime, timedelta


def stamp(moment: datetime, tick: int = 0) -> str:
    """Write a moment; `tick` (0 to 9) is the seventh digit, which `datetime` cannot hold."""
    moment = moment.astimezone(UTC)
    fraction = f"{moment.microsecond:06d}{tick}".rstrip("0")
    text = f"{moment:%Y-%m-%dT%H:%M:%S}"
    return f"{text}.{fraction}Z" if fraction else f"{text}Z"


def moment(text: str) -> datetime:
    """Read a moment back, losing the seventh digit."""
    head, _, fraction = text.removesuffix("Z").partition(".")
    read = datetime.fromisoformat(head).replace(tzinfo=UTC)
    return read + timedelta(microseconds=int(fraction[:6].ljust(6, "0")))
