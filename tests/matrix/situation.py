"""What a situation is: a tenant, what happens when, and what is promised then."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from defender_emulator.scenario import Change
from tests.lab import LIST
from tests.loops.stage import Killed, PlatformRefused, Stage
from tests.stories import many, opened

Do = Callable[[Stage], object]

EVERYBODY = frozenset({"per incident", "created time", "page and stop"})
PER_INCIDENT = frozenset({"per incident"})
CREATED = frozenset({"created time"})
STOP = frozenset({"page and stop"})


@dataclass(frozen=True)
class Happening:
    """Something that happens at a minute after the start."""

    minute: float
    do: Do


@dataclass(frozen=True)
class Situation:
    """One row of the matrix."""

    name: str
    sentence: str
    """What the tenant is, and what happens when."""
    changes: Callable[[], Sequence[Change]]
    happenings: tuple[Happening, ...] = ()
    marks: tuple[float, ...] = ()
    """Minutes at which the story itself does something: polls are frequent after them."""
    losers: frozenset[str] = frozenset()
    """The reference loops that must lose here, or else the matrix proves nothing."""
    repeats: bool = False
    """Whether docs/connector.md allows our connector to hand an alert over again here."""
    lowest: str = ""
    clock_hours: float = 0.0
    steady: float = 0.0
    """Until when something happens at any minute, so that the loop runs each minute."""


def paged() -> list[Change]:
    """Three pages of incidents in the hour before the start, and two more after it."""
    return [*many(110, "a", since=-55), *opened(201, 7.5, "a"), *opened(202, 30.5, "a")]


def few() -> list[Change]:
    """Twelve incidents before the start, and two more after it."""
    return [*many(12, "ab"), *opened(201, 7.5, "a"), *opened(202, 30.5, "a")]


def flow(minutes: int = 80, step: int = 4) -> list[Change]:
    """An incident every few minutes, for as long as this."""
    return [c for n in range(0, minutes, step) for c in opened(300 + n, n + 0.5, "a")]


FLOWS = 86.0
"""Until when a flow is watched each minute."""


def fault(minute: float, **told: Any) -> Happening:
    """A fault of the emulator's, from this minute on."""
    return Happening(minute, lambda stage: stage.world.faults.add(**told))


def cleared(minute: float) -> Happening:
    """The end of all faults."""
    return Happening(minute, lambda stage: stage.world.faults.clear())


def on_page(page: int, kind: str, **more: Any) -> Happening:
    """A fault that strikes one page of the first listing."""
    return fault(0, kind=kind, route=LIST, after=page - 1, **more)


def killed(_stage: Stage | None = None) -> None:
    """The process dies."""
    raise Killed


def refused() -> None:
    """The platform says no, this once."""
    raise PlatformRefused("The platform refused a case alert.")
