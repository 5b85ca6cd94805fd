"""Budgets that keep us below Microsoft's documented rates, so that a 429 is the exception.

Each budget is so many requests in a sliding minute. The times of recent requests can be kept in
the connector's state, so that a fresh process knows what the last one spent.
"""

from collections import deque
from collections.abc import Mapping

from defender365.core.clock import Clock, Deadline
from defender365.core.errors import BudgetSpent

MINUTE = 60.0

RATES: Mapping[str, int] = {
    "alerts": 20,  # the specification: "only allows 20 requests per minute"
    "incidents": 150,  # Graph security: 150 a minute per app and tenant
    "hunting": 45,  # at least 45 a minute per tenant
}
"""Requests a minute, per budget."""

QUOTAS: Mapping[str, str] = {
    "alerts": "20 alert requests a minute",
    "incidents": "150 security requests a minute",
    "hunting": "45 hunting queries a minute",
}


class Budgets:
    """Counts requests per budget and makes a caller wait, within its deadline, when one is spent."""

    def __init__(self, clock: Clock, spent: Mapping[str, list[float]] | None = None) -> None:
        self._clock = clock
        now = clock.seconds()
        self._spent = {
            name: deque(t for t in (spent or {}).get(name, ()) if now - MINUTE < t <= now)
            for name in RATES
        }

    def take(self, name: str, deadline: Deadline) -> None:
        """Count one request, waiting until it fits.

        Raises `BudgetSpent` when the wait would outlast the deadline; `retry_after` says how long.
        """
        while (wait := self.wait(name)) > 0:
            if wait >= deadline.left():
                raise BudgetSpent(
                    f"The budget of {QUOTAS[name]} is spent; the next is free in {wait:.0f} s.",
                    retry_after=wait,
                )
            self._clock.sleep(wait)
        self._spent[name].append(self._clock.seconds())

    def wait(self, name: str) -> float:
        """Seconds until a request of this budget fits; 0 when it does now."""
        spent, now = self._spent[name], self._clock.seconds()
        while spent and spent[0] <= now - MINUTE:
            spent.popleft()
        if len(spent) < RATES[name]:
            return 0.0
        return max(0.01, spent[len(spent) - RATES[name]] + MINUTE - now)

    def used(self, name: str) -> tuple[int, int]:
        """How many requests the last minute saw, and how many it allows."""
        self.wait(name)
        return len(self._spent[name]), RATES[name]

    def snapshot(self) -> dict[str, list[float]]:
        """The times of the last minute's requests, for the state."""
        return {name: [round(t, 1) for t in spent] for name, spent in self._spent.items() if spent}
