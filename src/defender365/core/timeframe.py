"""Instants to the 100 ns tick, and the time frames an analyst chooses from.

Microsoft counts time in ticks of 100 ns, one digit more than a `datetime` holds. Everything here
is UTC, and `now` is always handed in.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from defender365.core.errors import BadInput

TIME_FRAMES = ("Last Hour", "Last 6 Hours", "Last 24 Hours", "Last Week", "Last Month", "Custom")
CUSTOM = "Custom"
HISTORY_DAYS = 30
"""How far back Microsoft keeps advanced hunting data."""
NO_TIME = -1
"""What `graph_ticks` gives for no time at all."""

_HOURS = {"Last Hour": 1, "Last 6 Hours": 6, "Last 24 Hours": 24}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST_TICK = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND * 10
_LAST_TICK = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND * 10 + 9

_ISO = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:[.,]([0-9]{1,9}))?"
    r" ?(?:([Zz])|([+-])([0-9]{2})(?::?([0-9]{2}))?)?)?"
)
_GRAPH = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
    r"(?:\.([0-9]{0,7}))?(Z|[+-][0-9]{2}:[0-9]{2})?"
).fullmatch


class BadInstant(BadInput, ValueError):
    """A text that is no ISO 8601 time; the message names the parameter, the value, an example."""


class StartTimeMissing(BadInput, ValueError):
    """ "Custom" was chosen without a start time."""


class BadTimeFrame(BadInput, ValueError):
    """Times that make no frame: no such choice, start after end, or start in the future."""


@dataclass(frozen=True, order=True)
class Instant:
    """A point in time in UTC, to the 100 ns tick.

    `moment` is any aware datetime (kept as UTC), `tick` the seventh fraction digit. Raises
    ValueError for a naive datetime or a tick that is not 0 to 9.
    """

    moment: datetime
    tick: int = 0

    def __post_init__(self) -> None:
        if self.moment.utcoffset() is None:
            raise ValueError("An instant needs a time zone; this datetime has none.")
        if not 0 <= self.tick <= 9:
            raise ValueError(f"The seventh digit of a second is 0 to 9, not {self.tick}.")
        object.__setattr__(self, "moment", self.moment.astimezone(UTC))

    @classmethod
    def of_ticks(cls, ticks: int) -> "Instant":
        """The instant this many 100 ns ticks after 1970; ValueError outside the years 1 to 9999."""
        if not _FIRST_TICK <= ticks <= _LAST_TICK:
            raise ValueError("An instant is in the years 1 to 9999.")
        microseconds, tick = divmod(ticks, 10)
        return cls(_EPOCH + timedelta(microseconds=microseconds), tick)

    @property
    def ticks(self) -> int:
        """100 ns ticks since 1970, negative before."""
        return (self.moment - _EPOCH) // _MICROSECOND * 10 + self.tick

    def isoformat(self) -> str:
        """ISO 8601 in UTC ending in `Z`, with as many fraction digits as are needed (0 to 7)."""
        whole = self.moment.replace(microsecond=0, tzinfo=None).isoformat()
        fraction = f"{self.moment.microsecond:06}{self.tick}".rstrip("0")
        return f"{whole}.{fraction}Z" if fraction else f"{whole}Z"

    def to_kql(self) -> str:
        """The KQL literal, such as `datetime(2026-01-02T03:04:05.1234567Z)`."""
        return f"datetime({self.isoformat()})"


@dataclass(frozen=True)
class Frame:
    """A span of time; `start` belongs to it, `end` only if `includes_end`."""

    start: Instant
    end: Instant
    includes_end: bool = True

    def note(self, now: datetime) -> str | None:
        """What to tell the analyst when the frame begins before Microsoft's history, else None."""
        kept = Instant(now - timedelta(days=HISTORY_DAYS))
        if self.start >= kept:
            return None
        since = f"{kept.moment:%Y-%m-%d %H:%M} UTC"
        history = f"Microsoft keeps {HISTORY_DAYS} days of advanced hunting data"
        if self.end <= kept:
            return (
                f"{history}: the whole time frame lies before {since}, so no events can be found."
            )
        return f"{history}: the time frame begins before {since}, and nothing older can be found."


def parse_instant(text: str, name: str) -> Instant:
    """Read ISO 8601 as typed: a date, or date and time with `T` or a space between.

    Up to 9 fraction digits are read and cut to 7. The zone may be `Z`, `+02:00`, `+0200` or
    `+02`; none means UTC. Raises `BadInstant`, which names the parameter `name`.
    """
    found = _ISO.fullmatch(text.strip())
    if found is None:
        raise _bad_instant(text, name)
    day, time, digits, _, sign, hours, minutes = found.groups()
    try:
        local = datetime.fromisoformat(f"{day}T{time or '00:00'}").replace(
            tzinfo=_zone(sign or "+", int(hours or 0), int(minutes or 0))
        )
        ticks = (local - _EPOCH) // _MICROSECOND * 10
        return Instant.of_ticks(ticks + int((digits or "0").ljust(7, "0")[:7]))
    except ValueError:
        raise _bad_instant(text, name) from None


def _zone(sign: str, hours: int, minutes: int) -> timezone:
    if minutes > 59:
        raise ValueError("An offset has fewer than 60 minutes.")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if sign == "-" else offset)


def _bad_instant(text: str, name: str) -> BadInstant:
    shown = text if len(text) <= 60 else text[:57] + "..."
    return BadInstant(
        f'"{name}" is not a date and time in ISO 8601: "{shown}". An example: 2026-01-31T08:00:00Z.'
    )


def resolve(choice: str, start_text: str | None, end_text: str | None, now: datetime) -> Frame:
    """The frame an analyst chose, as of `now` (aware).

    Hours roll back from now. "Last Week" is the previous calendar week, Monday to Monday, and
    "Last Month" the previous calendar month, both in UTC and without their end. "Custom" needs a
    start time (`StartTimeMissing`), and ends now unless an end time is given; the other choices
    ignore both texts. Raises `BadInstant` and `BadTimeFrame` as well.
    """
    present = Instant(now)
    moment = present.moment
    if choice in _HOURS:
        return Frame(Instant(moment - timedelta(hours=_HOURS[choice])), present)
    if choice == "Last Week":
        monday = _midnight(moment) - timedelta(days=moment.weekday())
        return Frame(Instant(monday - timedelta(days=7)), Instant(monday), includes_end=False)
    if choice == "Last Month":
        first = _midnight(moment).replace(day=1)
        before = (first - timedelta(days=1)).replace(day=1)
        return Frame(Instant(before), Instant(first), includes_end=False)
    if choice == CUSTOM:
        return _custom(start_text, end_text, present)
    raise BadTimeFrame(
        f'"Time Frame" must be one of {", ".join(TIME_FRAMES)}; not "{choice[:60]}".'
    )


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _custom(start_text: str | None, end_text: str | None, present: Instant) -> Frame:
    if not (start_text or "").strip():
        raise StartTimeMissing(
            '"Start Time" should be provided, when "Custom" is selected in "Time Frame" parameter.'
        )
    start = parse_instant(start_text or "", "Start Time")
    given_end = (end_text or "").strip()
    end = parse_instant(given_end, "End Time") if given_end else present
    if start > present:
        raise BadTimeFrame(
            f'"Start Time" {start.isoformat()} is in the future; it is {present.isoformat()} now.'
        )
    if start > end:
        raise BadTimeFrame(
            f'"Start Time" {start.isoformat()} is after "End Time" {end.isoformat()}.'
        )
    return Frame(start, end)


def graph_ticks(value: object) -> int:
    """Read a timestamp as Microsoft sends it, in 100 ns ticks since 1970.

    0 to 7 fraction digits; `Z`, an offset, or no zone at all (UTC). Anything else, and times
    before 1970 such as the year 1 that stands for "no time", give `NO_TIME`. Never raises.
    """
    if not isinstance(value, str):
        return NO_TIME
    found = _GRAPH(value)
    if found is None:
        return NO_TIME
    digits, zone = found.groups()
    try:
        moment = datetime.fromisoformat(value[:19] + (zone or "Z"))
    except ValueError:
        return NO_TIME
    passed = moment - _EPOCH
    ticks = (passed.days * 86400 + passed.seconds) * 10_000_000
    if digits:
        ticks += int(digits.ljust(7, "0"))
    return max(ticks, NO_TIME)


def parse_graph(value: object) -> Instant | None:
    """`graph_ticks` as an `Instant`; None where there is no time."""
    ticks = graph_ticks(value)
    return None if ticks == NO_TIME else Instant.of_ticks(ticks)


def from_ticks(ticks: int) -> str:
    """Ticks since 1970 as ISO 8601 in UTC with `Z`; ValueError outside the years 1 to 9999."""
    return Instant.of_ticks(ticks).isoformat()


def ticks_to_ms(ticks: int) -> int:
    """Ticks since 1970 as whole milliseconds since 1970, rounded down."""
    return ticks // 10_000
