"""Runs one situation with one loop in virtual time, and measures what came of it."""

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from defender_emulator.identity import predefined
from defender_emulator.server import Emulator
from tests.fakes import START
from tests.loops.created_time import CreatedTime
from tests.loops.ours import Ours
from tests.loops.page_and_stop import PageAndStop
from tests.loops.per_incident import PerIncident
from tests.loops.reference import wanted
from tests.loops.stage import HOURS_BACK, Loop, Stage
from tests.matrix.situation import Situation
from tests.stories import story

LOOPS: tuple[type[Loop], ...] = (Ours, PerIncident, CreatedTime, PageAndStop)

UNLIMITED = 1_000_000


@dataclass(frozen=True)
class Cell:
    """What came of it."""

    lost: int
    twice: int
    requests: int
    minutes: int
    """The longest that an alert waited, from visible to delivered."""

    def words(self) -> str:
        """As it stands in the table."""
        text = (
            f"{self.lost} lost · {self.twice} twice · {self.requests} requests · {self.minutes} min"
        )
        return f"**{text}**" if self.lost else text


@contextmanager
def serving() -> Iterator[Emulator]:
    """An emulator for the situations."""
    with Emulator(story([]), factor=0.0) as running:
        yield running


class Watch:
    """Knows which alerts pass the filters, and since when."""

    def __init__(self, stage: Stage, lowest: str) -> None:
        self._stage = stage
        self._lowest = lowest
        self._checked = START
        self.since: dict[str, float] = {}

    def look(self) -> set[str]:
        """The alerts that pass now; since when is noted."""
        oldest = START - timedelta(hours=HOURS_BACK)
        passing = set()
        for visible, incident, alert in self._stage.world.tenant.seen_alerts():
            key = str(alert.get("id") or "")
            if not key or not incident.get("id") or visible < oldest:
                continue
            if wanted(incident, self._lowest):
                passing.add(key)
                self.since.setdefault(key, max(visible, self._checked).timestamp())
        self._checked = self._stage.world.clock.now()
        return passing


def measure(emulator: Emulator, situation: Situation, name: str) -> Cell:
    """Run a situation with the loop of this name."""
    stage = fresh(emulator, situation)
    kind = next(kind for kind in LOOPS if kind.name == name)
    loop: Loop = kind(stage, situation.lowest)
    watch = Watch(stage, situation.lowest)
    pending = sorted(situation.happenings, key=lambda happening: happening.minute)
    for minute in polled(situation):
        behind = START.timestamp() + minute * 60 - stage.now
        if behind > 0:
            stage.pass_time(behind)
        while pending and pending[0].minute <= minute:
            pending.pop(0).do(stage)
        watch.look()
        if behind > -30:  # a run that takes long is not started again meanwhile
            stage.run(loop)
    loop.close()
    return counted(stage, watch)


def fresh(emulator: Emulator, situation: Situation) -> Stage:
    """A stage with the situation's tenant at its start; quotas do not bind."""
    world = emulator.world
    world.identity.apps = predefined()
    world.identity.revoked_before = 0.0
    world.load(story(situation.changes()), factor=0.0)
    for name in world.limits.quotas:
        world.limits.set(name, UNLIMITED)
    return Stage(emulator, clock_hours=situation.clock_hours)


def counted(stage: Stage, watch: Watch) -> Cell:
    """What was lost, repeated and asked, and the longest wait."""
    expected = watch.look()
    times = Counter(one.alert_id for one in stage.delivered)
    first = {one.alert_id: one.at for one in reversed(stage.delivered)}
    waits = [first[key] - watch.since[key] for key in expected if key in first]
    return Cell(
        lost=len(expected - times.keys()),
        twice=sum(1 for count in times.values() if count > 1),
        requests=sum(stage.requests.values()),
        minutes=round(max(waits, default=0) / 60),
    )


def polled(situation: Situation) -> list[float]:
    """When the loop runs: each minute while things happen, less often when they are over."""
    marks = {0.0, 7.0, 30.0, *situation.marks, *(each.minute for each in situation.happenings)}
    minutes: set[float] = set()
    for mark in marks:
        minutes |= {float(math.ceil(mark) + step) for step in range(6)}
    minutes |= {float(minute) for minute in range(round(situation.steady))}
    last = max(minutes)
    minutes |= {float(minute) for minute in range(0, int(last), 15)}
    minutes |= {last + step for step in (10, 20, 40, 60, 90, 120)}
    return sorted(minutes)
