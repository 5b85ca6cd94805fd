"""The connector as a host runs it: state as text between runs, a process that may be killed."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from defender365.api.client import Client
from defender365.api.limits import Budgets
from defender365.connector import Delivery, poll
from defender365.core.clock import Deadline
from defender365.core.mapping import CaseAlert
from defender365.core.state import MAX_CHARACTERS, State, dump_state, load_state
from defender365.core.summary import Summary
from tests.lab import Killed, Lab
from tests.machine.oracle import Oracle
from tests.machine.tenancy import ticks
from tests.machine.troubles import Troubles

HOURS = 1


@dataclass
class Death:
    """When the process is killed: before or after a delivery, or instead of a commit."""

    deliveries: int | None = None
    commits: int | None = None
    received: bool = True
    """Whether the host still got the case alert at which the process ended."""


class Hosted:
    """Runs the connector, checks each delivery against the oracle, and counts."""

    def __init__(self, lab: Lab, client: Client, oracle: Oracle, troubles: Troubles) -> None:
        self.lab = lab
        self.client = client
        self.oracle = oracle
        self.troubles = troubles
        self.got: Counter[str] = Counter()
        self.by_incident: dict[str, set[str]] = defaultdict(set)
        self.repeatable: Counter[str] = Counter()
        """How often each may come again: it was delivered and a kill kept it from memory."""
        self.kills = 0
        self.meanwhile: list[tuple[int, Callable[[], None]]] = []
        """What is done after so many deliveries of a run."""
        self.last = ""
        """The incident of the last delivery: where the walk stands."""
        self._uncommitted: list[str] = []
        self._deliveries = 0
        self._commits = 0

    def run(
        self, most: int = 100, seconds: float = 150, death: Death | None = None
    ) -> Summary | None:
        """One run, judged; None when its process was killed."""
        began, newest = ticks(self.oracle.tenancy.now), self.oracle.newest
        silent = self.troubles.silent_until
        summary = self._run(most, seconds, death or Death())
        assert not self.troubles.errors, self.troubles.errors
        if summary is None:
            self.troubles.silent_until = silent  # a 429 of a run that was killed may be forgotten
        whole = summary is not None and self._whole(summary, newest, began)
        self.oracle.ran(began, whole=whole, newest=newest)
        return summary

    def _whole(self, summary: Summary, newest: int, began: int) -> bool:
        """Whether a run read the list to its end, for all that is known; then nothing may wait."""
        ended = not (summary.failure or summary.throttled_until or summary.backlog)
        if not ended or self.troubles.lying:
            return False
        self._check_nothing_waits(newest, began)
        return True

    def _check_nothing_waits(self, newest: int, began: int) -> None:
        """What a run that says so has delivered: all that came in order, or it has set it aside."""
        waiting = [
            (key, home) for key, home in self.oracle.listed_since(newest, began).items()
            if not self.got[key] and not self._is_aside(home)
        ]  # fmt: skip
        assert not waiting, f"a run leaves without a word: {waiting}"

    def _is_aside(self, incident_id: str) -> bool:
        told = self.lab.explain(incident_id)  # of one that was delivered in part the reason says it
        return told.status == "set aside" or told.reason.startswith("Set aside")

    def _run(self, most: int, seconds: float, fatal: Death) -> Summary | None:
        state = load_state(self.lab.state_text)
        if not self.lab.state_text:
            self.oracle.origin = (int(self.lab.now) - HOURS * 3600) * 10_000_000
        rules = self.lab.rules(most, HOURS, **self.oracle.wanted.values())
        self.client.transport.deadline = Deadline(self.lab.time.clock, seconds)
        self.client.budgets = Budgets(self.lab.time.clock, state.spent)
        self._deliveries = self._commits = 0
        delivery = Delivery(
            lambda case: self._deliver(case, fatal), lambda s: self._commit(s, fatal)
        )
        try:
            summary = poll(self.client, state, rules, self.lab.time.clock, delivery)
        except Killed:
            self.kills += 1
            self.repeatable.update(self._uncommitted)
            self._uncommitted.clear()
            return None
        assert summary.alerts_delivered == self._deliveries
        assert summary.incidents_processed <= most
        return summary

    def requests(self, part: str = "security") -> int:
        """API requests sent so far whose route holds this; sign-ins are not counted."""
        return sum(n for route, n in self.client.transport.counts.items() if part in route)

    def _deliver(self, case: CaseAlert, death: Death) -> None:
        fatal = death.deliveries == self._deliveries
        if fatal and not death.received:
            raise Killed
        self._deliveries += 1
        self._check(case)
        self._uncommitted.append(case.display_id)
        for position, (count, do) in enumerate(self.meanwhile):
            if count <= self._deliveries:
                del self.meanwhile[position]
                do()
                break
        if fatal:
            raise Killed

    def _check(self, case: CaseAlert) -> None:
        key, home = case.display_id, case.ticket_id
        assert case.source_grouping_identifier == home, f"{key} is not grouped by its incident"
        self.oracle.observe()
        assert home in self.oracle.homes.get(key, ()), f"{key} never passed in incident {home}"
        self.got[key] += 1
        self.by_incident[home].add(key)
        self.last = home
        again = self.got[key] - 1
        assert again <= self.repeatable[key], f"{key} was delivered {again + 1} times"

    def _commit(self, state: State, death: Death) -> None:
        if death.commits == self._commits:
            raise Killed
        self._commits += 1
        text = dump_state(state)
        assert len(text) <= MAX_CHARACTERS
        if self._commits % 4 == 1:
            again = dump_state(load_state(text))
            assert json.loads(again) == json.loads(text), "the state changes when it is read back"
        self.lab.state_text = text
        self._uncommitted.clear()
