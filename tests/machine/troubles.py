"""What goes wrong on the wire, and what happens just while a request is on its way."""

import fnmatch
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from defender_emulator.faults import Fault, Faults
from tests.lab import ALERTS, GET, LIST, TOKEN

ROUTES = (LIST, ALERTS, GET, TOKEN, "graph.*")

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

    def __init__(self) -> None:
        super().__init__()
        self.happenings: list[Happening] = []
        self.errors: list[Exception] = []
        """What a happening raised, in the server's thread."""

    def happen(self, route: str, after: int, do: Callable[[], None]) -> None:
        """Do something when the route is asked for, after so many requests."""
        self.happenings.append(Happening(route, after, do))

    def strike(self, route: str, heaviest: int) -> Fault | None:
        """Let happen what is due, then strike as told."""
        for happening in list(self.happenings):
            if not fnmatch.fnmatch(route, happening.route):
                continue
            happening.after -= 1
            if happening.after < 0:
                self.happenings.remove(happening)
                self._do(happening)
        return super().strike(route, heaviest)

    def _do(self, happening: Happening) -> None:
        try:
            happening.do()
        except Exception as error:  # noqa: BLE001  told to the test by its own thread
            self.errors.append(error)

    def clear(self) -> None:
        """No more faults, and nothing that waits to happen."""
        super().clear()
        self.happenings.clear()
