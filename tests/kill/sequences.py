"""Kills in a row, at points of chance, with faults and news in between; from a seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from defender_emulator.clock import machine_now
from defender_emulator.scenario import AlertRaised, IncidentOpened
from defender_emulator.server import Emulator
from defender_emulator.ticks import stamp
from tests.kill.runs import Nursery
from tests.kill.tenants import any_tenant
from tests.kill.trial import Trial
from tests.lab import LIST
from tests.stories import alert, incident

FAULTS = (
    {"kind": "status", "status": 500}, {"kind": "throttle"}, {"kind": "cut"},
    {"kind": "truncated"}, {"kind": "html"}, {"kind": "expired_token"},
)  # fmt: skip
SHARES = (0.0, 0.5, 1.0)
"""How much of a write is done: one byte, half of it, all but one byte."""

A_RUN_COSTS = 2
"""Requests at most that a run more takes, killed or not. State moves with each page, so a kill
loses the one request of its page; and the run after it asks the list once more for its end."""


@dataclass
class Outcome:
    """What became of one sequence."""

    seed: int
    kills: int
    points: int
    lost: int
    second_ids: int
    extra_requests: int
    repeats: int
    leftovers: int
    findings: list[str] = field(default_factory=list)


def sequence(
    emulator: Emulator, nursery: Nursery, folder: Path, seed: int, *, kills: int = 8
) -> Outcome:
    """One connector over a tenant of chance, killed so many times at most.

    With an even seed nothing else happens, and the requests are counted against a connector that
    lives; with an odd one there are faults and news as well. A third of the tenants has a past of
    eight hours, of which the connector first reads what is new.
    """
    chance = random.Random(seed)
    lively = seed % 2 == 1
    hours = chance.choice([1, 1, 8])
    options = (
        "--max-incidents-to-fetch", str(chance.choice([2, 3, 5, 10, 40])),
        "--max-hours-backwards", str(hours),
    )  # fmt: skip
    tenant = any_tenant(chance, hours)
    extra = more_runs = 0
    if not lively:
        calm = Trial(emulator, nursery, folder / "calm", tenant, *options)
        calm.until_quiet()
        extra, more_runs = -calm.requests(), -calm.runs
    trial = Trial(emulator, nursery, folder / "killed", tenant, *options)
    stops = _stops(trial, chance, kills, lively=lively)
    trial.until_quiet(stops, quiet_runs=2 if lively else 1)
    if not lively:
        extra, more_runs = extra + trial.requests(), more_runs + trial.runs
    if extra > A_RUN_COSTS * max(trial.kills, more_runs):
        trial.findings.append(f"{extra} requests more than a connector that lives")
    repeats = len(trial.lines()[0]) - len(trial.wanted())
    return Outcome(
        seed, trial.kills, trial.points, len(trial.lost), len(trial.second_ids), extra, repeats,
        trial.leftovers(), trial.findings,
    )  # fmt: skip


def _stops(
    trial: Trial, chance: random.Random, kills: int, *, lively: bool
) -> Iterator[dict[str, Any]]:
    """Where each run is killed; and what happens before it."""
    while trial.kills < kills and trial.runs < 3 * kills:
        if lively and chance.random() < 0.4:
            times, after = chance.randint(1, 3), chance.randint(0, 2)
            trial.world.faults.add(**chance.choice(FAULTS), route=LIST, times=times, after=after)
        if lively and chance.random() < 0.4:
            _news(trial, chance)
        yield {"stop_at": chance.randrange(95), "share": chance.choice(SHARES)}


def _news(trial: Trial, chance: random.Random) -> None:
    """A new incident, or a new alert of one that is known."""
    now, number = machine_now(), 1000 + trial.runs
    times = {"createdDateTime": stamp(now), "lastUpdateDateTime": stamp(now)}
    tenant = trial.world.tenant
    known = [key for key, found in tenant.incidents.items() if found["status"] == "active"]
    if known and chance.random() < 0.5:
        owner = chance.choice(known)
        raised = {**alert(number, "n", 0, **times), "incidentId": owner}
        tenant.add([AlertRaised(now, raised)])
        return
    tenant.add(
        [
            IncidentOpened(now, incident(number, 0, **times)),
            AlertRaised(now, alert(number, "a", 0, **times), touch=False),
        ]
    )
