"""After an outage of a day: how long each loop takes to be up to date, and what waits meanwhile."""

import string
from collections import Counter
from dataclasses import dataclass

from defender_emulator.identity import predefined
from defender_emulator.scenario import Change
from defender_emulator.server import Emulator
from tests.loops.stage import Loop, Stage
from tests.matrix.run import LOOPS
from tests.stories import at, opened, story

DAY = 24 * 60
LETTERS = string.ascii_lowercase
NEW = 100_000
"""Incidents from this number on appear after the outage."""

PATIENCE = 10
"""Runs without any delivery after which a loop is stuck, or has all that it will ever have."""


@dataclass(frozen=True)
class Backlog:
    """What waits when the outage is over, and for how long an incident a minute is new."""

    incidents: int
    alerts: int
    new_minutes: int

    def changes(self) -> list[Change]:
        """The tenant's day, and what follows."""
        letters = LETTERS[: self.alerts]
        step = (DAY - 2) / self.incidents
        found = [
            change
            for number in range(self.incidents)
            for change in opened(number + 1, step * (number + 1) - DAY, letters)
        ]
        for minute in range(self.new_minutes):
            found += opened(NEW + minute, minute + 0.5, letters)
        return found


FULL = Backlog(5_000, 10, 120)
SMALL = Backlog(500, 10, 30)


@dataclass(frozen=True)
class CaughtUp:
    """What came of it."""

    lost: int
    twice: int
    requests: int
    """Until the last alert of the backlog that ever came."""
    drained: int | None
    """Minutes until every alert of the backlog was delivered; None for never."""
    newest_wait: int
    """Minutes that a new incident's alerts waited at most, of those that came."""

    def words(self) -> str:
        """As it stands in the table."""
        drained = "never" if self.drained is None else f"{self.drained} min"
        lost = f"**{self.lost}**" if self.lost else "0"
        return f"{lost} | {self.twice} | {self.requests} | {drained} | {self.newest_wait} min"


class Watch:
    """Counts deliveries as they come."""

    def __init__(self, stage: Stage, backlog: Backlog) -> None:
        self._stage = stage
        self._size = backlog.incidents * backlog.alerts
        self._backlog = backlog
        self._read = 0
        self.times: Counter[str] = Counter()
        self.old = 0
        self.newest_wait = 0.0
        self.requests = 0
        self.last_old = 0.0

    def read(self) -> None:
        """Count what came since the last time."""
        before = self.old
        for one in self._stage.delivered[self._read :]:
            self.times[one.alert_id] += 1
            number = int(one.incident_id)
            if self.times[one.alert_id] > 1:
                continue
            if number < NEW:
                self.old += 1
                self.last_old = one.at
            else:
                visible = at(number - NEW + 0.5).timestamp()
                self.newest_wait = max(self.newest_wait, one.at - visible)
        self._read = len(self._stage.delivered)
        if self.old > before:
            self.requests = sum(self._stage.requests.values())

    def drained(self) -> bool:
        """Whether the whole backlog has come."""
        return self.old == self._size

    def _visible(self) -> int:
        minutes = (self._stage.now - at(0.5).timestamp()) // 60 + 1
        return self._size + min(int(minutes), self._backlog.new_minutes) * self._backlog.alerts

    def found(self) -> CaughtUp:
        """What came of it."""
        minutes = round((self.last_old - at(0).timestamp()) / 60)
        return CaughtUp(
            lost=self._visible() - len(self.times),
            twice=sum(1 for count in self.times.values() if count > 1),
            requests=self.requests,
            drained=minutes if self.drained() else None,
            newest_wait=round(self.newest_wait / 60),
        )


def catch_up(emulator: Emulator, backlog: Backlog, name: str) -> CaughtUp:
    """One run before the outage, then one a minute, within the documented quotas."""
    world = emulator.world
    world.identity.apps = predefined()
    world.identity.revoked_before = 0.0
    world.load(story(backlog.changes(), start=at(-DAY)), factor=0.0)
    stage = Stage(emulator, start=at(-DAY))
    loop: Loop = next(kind for kind in LOOPS if kind.name == name)(stage)
    stage.run(loop)
    watch = Watch(stage, backlog)
    minute, quiet = 0, 0
    while quiet < PATIENCE:
        behind = at(minute).timestamp() - stage.now
        stage.pass_time(max(0.0, behind))
        if behind > -30:  # a run that takes long is not started again meanwhile
            before = len(stage.delivered)
            stage.run(loop)
            watch.read()
            quiet = 0 if len(stage.delivered) > before else quiet + 1
        minute += 1
    loop.close()
    return watch.found()
