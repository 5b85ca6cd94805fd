"""What goes wrong on the wire, and what happens just while a request is on its way."""

import fnmatch
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from defender_emulator.faults import Fault, Faults
from tests.lab import ALERTS, GET, LIST, TOKEN

ROUTES = (LIST, ALERTS, GET, TOKEN, "graph.*")

THROTTLED = 90
"""Seconds of silence after a 429, unless `Retry-After` asks for more."""
SLACK = 0.01

GARBAGE: tuple[list[Any], ...] = (
    [],
    [None, 5],
    [{"id": "800001", "alerts": 5}],
    [{"id": "800002", "lastUpdateDateTime": None, "alerts": [None, "x"]}],
    [{"lastUpdateDateTime": "2026-11-24T12:00:00Z"}],
)


@dataclass
class Happening:
    """Something that is done when a route has been asked for so many times more."""

    route: str
    after: int
    do: Callable[[], None]


class Troubles(Faults):
    """The emulator's faults, and happenings before a request is answered."""

    def __init__(self, now: Callable[[], float] = lambda: 0.0) -> None:
        super().__init__()
        self._now = now
        self.silent_until = 0.0
        """Until when nothing may be sent, by the tenant's clock: 90 s after a 429, or longer."""
        self.happenings: list[Happening] = []
        self.errors: list[Exception] = []
        """What a happening raised, or was asked too early, in the server's thread."""

    def happen(self, route: str, after: int, do: Callable[[], None]) -> None:
        """Do something when the route is asked for, after so many requests."""
        self.happenings.append(Happening(route, after, do))

    def strike(self, route: str, heaviest: int) -> Fault | None:
        """Let happen what is due, then strike as told; nothing is asked too early after a 429."""
        early = self.silent_until - self._now()
        if early > SLACK:
            self.errors.append(AssertionError(f"{route} was asked {early:.0f} s too early"))
        self._happen(route)
        fault = super().strike(route, heaviest)
        if fault is not None and fault.kind == "throttle":
            wait = max(THROTTLED, fault.retry_after or 0)
            self.silent_until = max(self.silent_until, self._now() + wait)
        return fault

    def _happen(self, route: str) -> None:
        for happening in list(self.happenings):
            if not fnmatch.fnmatch(route, happening.route):
                continue
            happening.after -= 1
            if happening.after < 0:
                self.happenings.remove(happening)
                self._do(happening)

    def _do(self, happening: Happening) -> None:
        try:
            happening.do()
        except Exception as error:  # noqa: BLE001  told to the test by its own thread
            self.errors.append(error)

    @property
    def lying(self) -> bool:
        """True while a list may be answered with what is no list of incidents."""
        return any(fault.body is not None for fault in self.active)

    def clear(self) -> None:
        """No more faults, and nothing that waits to happen."""
        super().clear()
        self.happenings.clear()
