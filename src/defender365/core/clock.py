"""Time as a value that is handed in: nothing below the runtime reads a machine's clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from defender365.core.errors import OutOfTime


@dataclass(frozen=True)
class Clock:
    """The wall clock (aware, UTC), a steady one for durations, and a way to wait, in seconds."""

    now: Callable[[], datetime]
    steady: Callable[[], float]
    sleep: Callable[[float], None]

    def seconds(self) -> float:
        """The wall clock as seconds since 1970 UTC."""
        return self.now().timestamp()


class Deadline:
    """When we must be done, on the steady clock; None means whenever."""

    def __init__(self, clock: Clock, seconds: float | None = None) -> None:
        self._clock = clock
        self._end = None if seconds is None else clock.steady() + seconds

    def left(self) -> float:
        """Seconds left, never below zero; infinite when there is no deadline."""
        if self._end is None:
            return float("inf")
        return max(0.0, self._end - self._clock.steady())

    def check(self, what: str = "the run") -> None:
        """Raise `OutOfTime` when nothing is left."""
        if self.left() <= 0:
            raise OutOfTime(f"Time ran out before {what} was done; what is complete was kept.")


def utc(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 text in UTC, to the second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
