"""One tenant and one connector's files: runs that are killed, runs until quiet, what must hold."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from defender365.core.state import State, dump_state, load_state
from defender365.stores.files import StateFile
from defender_emulator.clock import machine_now
from defender_emulator.scenario import Scenario
from defender_emulator.server import Emulator
from tests.kill.runs import Ending, Nursery, environment
from tests.lab import TOKEN
from tests.shifted import shifted
from tests.stories import START

HANDED_OVER = ("active", "inProgress")
WAIT_SECONDS = 100
MOST_RUNS = 60


class Trial:
    """Runs `connector run` on one tenant, in a folder of its own, and notes what must not be."""

    def __init__(
        self, emulator: Emulator, nursery: Nursery, folder: Path, scenario: Scenario,
        *options: str,
    ) -> None:  # fmt: skip
        self._nursery = nursery
        self.world = emulator.world
        self.world.load(shifted(scenario, machine_now() - START), factor=1.0)
        self.memory, self.home = folder / "memory", folder / "home"
        for needed in (folder, self.home):
            needed.mkdir(parents=True, exist_ok=True)
        self.output, self.state_path = folder / "alerts.jsonl", self.memory / "state.json"
        self.environment = environment(emulator, str(self.home))
        self.options = options
        self.kills = self.runs = self.points = 0
        self.lost: set[str] = set()
        self.second_ids: list[str] = []
        self.findings: list[str] = []

    # Runs.

    def order(self, **more: Any) -> dict[str, Any]:
        """What the nursery is told for one run."""
        return {
            "arguments": [
                "connector", "run", "--json", "--state", str(self.state_path), "--output",
                str(self.output), *self.options,
            ],
            "environment": self.environment, **more,
        }  # fmt: skip

    def run(self, stop_at: int | str | None = None, **more: Any) -> Ending:
        """One run, killed at a point if it comes so far; then the files must hold what they say."""
        ending = self.ask(stop_at=stop_at, **more)
        self.runs += 1
        self.kills += ending.killed
        self.points += len(ending.points)
        if ending.status not in {0, 1} and not ending.killed:
            self._found(f"exit code {ending.status}", ending)
        if "Another run is using" in ending.stdout:
            self._found("the lock outlives its holder", ending)
        self.check_memory(ending)
        return ending

    def ask(self, **more: Any) -> Ending:
        """One run, and no look at the files after it."""
        return self._nursery.run(self.order(**more))

    def until_quiet(self, stops: Iterable[dict[str, Any]] = (), *, quiet_runs: int = 1) -> None:
        """Run, killed where the stops say, until nothing waits; then everything must be there.

        A tenant that changes while its list is read needs two quiet runs: what a pass missed is
        found by the next, which starts 30 minutes earlier.
        """
        pending, quiet = iter(stops), 0
        for _ in range(MOST_RUNS):
            stop = next(pending, None)
            ending = self.run(**(stop or {}))
            at_rest = not ending.killed and self._at_rest(ending)
            quiet = quiet + 1 if at_rest and stop is None else 0
            if quiet >= quiet_runs:
                self._check_all()
                return
        self.findings.append("the connector does not come to rest")

    def _at_rest(self, ending: Ending) -> bool:
        summary = ending.summary
        if summary["throttled_until"]:
            self.wait(WAIT_SECONDS)
            return False
        walk = self.state().walk
        finished = walk is not None and not walk.recheck
        return finished and not summary["backlog"] and not summary["error"]

    def wait(self, seconds: float) -> None:
        """Time passes: here by making what the state remembers older."""
        self.world.clock.advance(seconds)
        state = self.state()
        state.throttled_since -= seconds
        state.throttled_until -= seconds
        spent = {name: [t - seconds for t in times] for name, times in state.spent.items()}
        StateFile(self.state_path).write(dump_state(replace(state, spent=spent)))

    # What there is.

    def state(self) -> State:
        """What the connector remembers. Raises `StateUnreadable`."""
        return load_state(StateFile(self.state_path).read())

    def lines(self) -> tuple[list[dict[str, Any]], bytes]:
        """The case alerts in the output's whole lines, and what stands behind the last of them."""
        text = self.output.read_bytes() if self.output.exists() else b""
        *whole, torn = text.split(b"\n")
        return [json.loads(line) for line in whole], torn

    def wanted(self) -> set[str]:
        """The ids of the alerts that must arrive."""
        return {
            str(alert["id"])
            for _, incident, alert in self.world.tenant.seen_alerts()
            if incident["status"] in HANDED_OVER
        }

    def requests(self) -> int:
        """Requests to the API so far; sign-ins are not counted."""
        return sum(entry["route"] != TOKEN for entry in self.world.journal.entries())

    def leftovers(self) -> int:
        """How many temporary files of the kept tokens killed runs left behind."""
        return len(list((self.home / ".cache/defender365").glob(".*")))

    # What must hold.

    def check_memory(self, ending: Ending) -> None:
        """After any kill: the state is absent or whole, and what it calls delivered is there."""
        try:
            state = self.state()
            there = {line["display_id"] for line in self.lines()[0]}
        except Exception as error:  # noqa: BLE001  whatever it is, it is a finding
            self._found(f"{type(error).__name__}: {error}", ending)
            return
        promised = {alert for alert in self.wanted() if state.ledger.knows(alert)}
        if promised - there:
            self._found(f"remembered and not delivered: {sorted(promised - there)}", ending)

    def _check_all(self) -> None:
        """After the last run: nothing is lost, and nothing has a second id."""
        found, torn = self.lines()
        if torn:
            self.findings.append(f"a torn line is left: {torn[:60]!r}")
        if any(self.memory.glob(".*")):
            self.findings.append("temporary files pile up beside the state")
        self.lost = self.wanted() - {line["display_id"] for line in found}
        ids = defaultdict(set)
        for line in found:
            ids[line["name"]].add((line["display_id"], line["ticket_id"]))
        self.second_ids = [name for name, known in ids.items() if len(known) > 1]
        if self.lost:
            self.findings.append(f"lost: {sorted(self.lost)}")
        if self.second_ids:
            self.findings.append(f"under a second id: {self.second_ids}")

    def _found(self, what: str, ending: Ending) -> None:
        where = ending.points[-1] if ending.points else "the start"
        self.findings.append(f"{what} (run {self.runs}, at {where}, {ending.stderr[-300:]})")
