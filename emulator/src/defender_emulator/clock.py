"""One virtual clock drives everything; the only reader of the machine's clock."""

import threading
import time
from datetime import UTC, datetime, timedelta

REAL = "real"
ACCELERATED = "accelerated"
STEPPED = "stepped"


def machine_seconds() -> float:
    """Seconds since 1970 UTC by the machine's clock."""
    return time.time()


def machine_now() -> datetime:
    """The machine's time, aware, UTC."""
    return datetime.now(UTC)


def wait(seconds: float) -> None:
    """Wait in real time; only the slow fault does."""
    time.sleep(seconds)


class VirtualClock:
    """Runs in real time, faster by a factor, or only when stepped. Thread-safe; aware UTC."""

    def __init__(self, start: datetime | None = None, factor: float = 1.0) -> None:
        self._lock = threading.Lock()
        self._base = start or machine_now()
        self._anchor = time.monotonic()
        self._factor = factor

    @property
    def factor(self) -> float:
        """How fast it runs: 1 is real time, 0 stands still until it is stepped."""
        return self._factor

    @property
    def mode(self) -> str:
        """`real`, `accelerated` or `stepped`."""
        return {0.0: STEPPED, 1.0: REAL}.get(self._factor, ACCELERATED)

    def now(self) -> datetime:
        """The virtual time."""
        with self._lock:
            return self._at(time.monotonic())

    def set_factor(self, factor: float) -> None:
        """Go on from now at another speed."""
        with self._lock:
            moment = time.monotonic()
            self._base, self._anchor, self._factor = self._at(moment), moment, factor

    def advance(self, seconds: float) -> datetime:
        """Step forward."""
        with self._lock:
            self._base += timedelta(seconds=seconds)
            return self._at(time.monotonic())

    def set(self, moment: datetime) -> None:
        """Go to a moment."""
        with self._lock:
            self._base, self._anchor = moment, time.monotonic()

    def _at(self, moment: float) -> datetime:
        return self._base + timedelta(seconds=(moment - self._anchor) * self._factor)
