"""Quotas per endpoint: sliding windows, adjustable, answering 429 with or without Retry-After."""

import threading
from collections import deque
from dataclasses import dataclass, field

MINUTE = 60.0
HOUR = 3600.0


@dataclass
class Quota:
    """So many requests in a window of seconds."""

    limit: int
    window: float = MINUTE
    taken: deque[float] = field(default_factory=deque)

    def wait(self, now: float) -> float:
        """Seconds until a request fits; 0 when it does."""
        while self.taken and self.taken[0] <= now - self.window:
            self.taken.popleft()
        if len(self.taken) < self.limit:
            return 0.0
        return self.taken[0] + self.window - now if self.taken else self.window

    @property
    def span(self) -> str:
        """The window as the Defender API writes it."""
        return "00:01:00" if self.window == MINUTE else "01:00:00"


def documented() -> dict[str, list[Quota]]:
    """The quotas of Microsoft's pages; `graph_alerts` is the specification's 20 a minute."""
    return {
        "graph_security": [Quota(150)],
        "graph_alerts": [Quota(20)],
        "graph_hunting": [Quota(45)],
        "defender_incidents": [Quota(50), Quota(1500, HOUR)],
        "defender_incident": [Quota(100), Quota(1500, HOUR)],
        "defender_update": [Quota(50), Quota(1500, HOUR)],
        "defender_hunting": [Quota(45), Quota(1500, HOUR)],
    }


class Limits:
    """All quotas of one app and tenant."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.quotas = documented()
        self.retry_after = True
        """Whether a 429 says how long to wait."""

    def take(self, name: str, now: float) -> tuple[float, Quota] | None:
        """Count one request; the wait and the quota that refuses it, or None."""
        with self._lock:
            quotas = self.quotas.get(name, [])
            for quota in quotas:
                wait = quota.wait(now)
                if wait > 0:
                    return wait, quota
            for quota in quotas:
                quota.taken.append(now)
            return None

    def state(self, now: float) -> dict[str, list[dict[str, float]]]:
        """What is used and allowed, per quota."""
        with self._lock:
            return {
                name: [
                    {
                        "limit": q.limit,
                        "window": q.window,
                        "wait": q.wait(now),
                        "used": len(q.taken),
                    }
                    for q in quotas
                ]
                for name, quotas in self.quotas.items()
            }

    def set(self, name: str, limit: int) -> None:
        """Change the first limit of a quota. Raises KeyError for an unknown one."""
        with self._lock:
            self.quotas[name][0].limit = limit
