"""The machine: tenant, wire, clocks and connector, driven together in virtual time."""

import sys
from datetime import timedelta
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.fakes import START
from tests.lab import LIST
from tests.machine.hosted import Death, Hosted
from tests.machine.oracle import SEVERITIES, Oracle, Wanted
from tests.machine.rest import come_to_rest
from tests.machine.sequences import Sequences
from tests.machine.tenancy import STRANGE, Tenancy
from tests.machine.troubles import GARBAGE, ROUTES, Troubles
from tests.stories import story

ANY = st.integers(0, 999)
DELAY = st.sampled_from([0, 0, 0, 2, 10, 20, 25, 60, 140])
LATE = (0, 2, 10, 20, 25, 45, 90, 140)
MOST = st.sampled_from([100, 10, 3, 1])
SECONDS = st.sampled_from([150.0, 150.0, 20.0, 3.0])
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "status", "status": 500}, {"kind": "status", "status": 502},
    {"kind": "status", "status": 504}, {"kind": "unknown_error"}, {"kind": "cut"},
    {"kind": "truncated"}, {"kind": "html"}, {"kind": "expired_token"},
)  # fmt: skip
CHANGES: tuple[dict[str, Any], ...] = (
    {"severity": "high"}, {"severity": "low"}, {"status": "resolved"}, {"status": "active"},
    {"assignedTo": "pat"},
)  # fmt: skip
DOINGS = ("change", "raise", "late alert", "merge", "quiet merge", "open", "tie", "delete")


class Machine(Sequences):
    """One tenant and one connector; what is owed is asked for when all is at rest."""

    @initialize(
        severity=st.sampled_from([0, 2]), source=st.sampled_from([None, None, 0]),
        skew=st.sampled_from([0, 0, -3600, 3600, 1234]), alone=st.booleans(),
    )  # fmt: skip
    def begin(self, severity: int, source: int | None, skew: int, alone: bool) -> None:
        """A fresh tenant and a fresh connector, whose own clock may be wrong."""
        lab = self.lab
        lab.load(story([]))
        clock = lab.world.clock
        lab.world.faults = self.troubles = Troubles(lambda: clock.now().timestamp())
        self.alone = alone
        lab.time.passed, lab.time.start = 0.0, START + timedelta(seconds=skew)
        lab.time.waits.clear()
        lab.state_text = lab.box.text = ""
        self.open_client = lab.client(
            seconds=150
        )  # one for all runs of an example: four times faster
        self.tenancy = Tenancy(lab)
        self.oracle = Oracle(self.tenancy, Wanted(severity, source))
        self.hosted = Hosted(lab, self.open_client.__enter__(), self.oracle, self.troubles)

    # The tenant.

    @rule(
        alerts=st.integers(0, 5), severity=st.sampled_from(SEVERITIES), tie=st.booleans(),
        delay=DELAY, digits=st.sampled_from(["", "1", "1234567", "9999999"]), source=ANY,
    )  # fmt: skip
    def open(self, **how: Any) -> None:
        """An incident opens."""
        self.tenancy.open(**how)

    @precondition(lambda self: len(self.tenancy.keys) < 200)
    @rule(seconds=st.sampled_from([0, 0.001, 120]))
    def burst(self, seconds: float) -> None:
        """Sixty incidents with no run between them, at once or over two hours."""
        self.tenancy.burst(60, seconds)

    @precondition(lambda self: self.tenancy.keys)
    @rule(which=ANY, changes=st.sampled_from(CHANGES))
    def change(self, which: int, changes: dict[str, Any]) -> None:
        """Somebody promotes, demotes, resolves, opens again or takes an incident."""
        self._do("change", which, CHANGES.index(changes))

    @rule(doing=st.sampled_from(DOINGS), which=ANY, other=ANY)
    def do(self, doing: str, which: int, other: int) -> None:
        """Something happens to an incident."""
        self._do(doing, which, other)

    @precondition(lambda self: len(self.tenancy.keys) > 1)
    @rule(which=ANY, other=ANY, doing=st.sampled_from(["merge", "merge", "quiet merge"]))
    def merge(self, which: int, other: int, doing: str) -> None:
        """One incident goes into another."""
        self._do(doing, which, other)

    @precondition(lambda self: self.tenancy.keys)
    @rule(which=ANY, other=ANY, doing=st.sampled_from(["raise", "late alert"]))
    def raise_alert(self, which: int, other: int, doing: str) -> None:
        """An alert more, at once or late."""
        self._do(doing, which, other)

    @rule(kind=st.sampled_from(STRANGE))
    def strange(self, kind: str) -> None:
        """A record that is not as it should be."""
        if kind not in self.banned:
            self.tenancy.strange(kind)

    @rule(
        doing=st.sampled_from(DOINGS), which=ANY, other=ANY, after=st.integers(0, 60),
        asked=st.booleans(),
    )  # fmt: skip
    def meanwhile(self, doing: str, which: int, other: int, after: int, asked: bool) -> None:
        """Something will happen in the middle of a run: at a page, or at a delivery."""
        if "meanwhile" in self.banned:
            return
        do = partial(self._do, doing, which, other)
        if asked:
            self.troubles.happen(LIST, after % 4, do)
        else:
            self.hosted.meanwhile.append((after, do))

    # The wire.

    @rule(
        fault=st.sampled_from(FAULTS), route=st.sampled_from(ROUTES), times=st.integers(1, 6),
        after=st.integers(0, 2),
    )  # fmt: skip
    def fault(self, fault: dict[str, Any], **where: Any) -> None:
        """A route fails, once or several times."""
        self.troubles.add(**fault, **where)

    @rule(
        route=st.sampled_from(ROUTES), retry_after=st.sampled_from([None, 5, 600]),
        after=st.integers(0, 2), times=st.integers(1, 2),
    )  # fmt: skip
    def throttle(self, **how: Any) -> None:
        """A route answers 429."""
        self.troubles.add(kind="throttle", **how)

    @rule(above=st.integers(0, 3))
    def heavy(self, above: int) -> None:
        """Graph cannot expand incidents of more alerts than this, from now on."""
        if "heavy" not in self.banned:
            self.troubles.add(kind="expand_above", times=None, above=above)

    @rule(records=st.sampled_from(GARBAGE), after=st.integers(0, 1))
    def garbage(self, records: list[Any], after: int) -> None:
        """A list holds what is no incident."""
        if "garbage" not in self.banned:
            self.troubles.add(
                kind="status", route=LIST, status=200, body={"value": records}, after=after
            )

    @rule(seconds=st.sampled_from([20, 70, 400]), route=st.sampled_from(ROUTES), after=ANY)
    def slow(self, seconds: int, route: str, after: int) -> None:
        """An answer takes its time."""
        self.troubles.happen(route, after % 4, partial(self.lab.wait, seconds))

    @rule()
    def mend(self) -> None:
        """All faults are over."""
        self.troubles.clear()

    # The connector, and time.

    @rule(most=MOST, seconds=SECONDS)
    def poll(self, most: int, seconds: float) -> None:
        """One run."""
        self.hosted.run(most, seconds)

    @rule(
        times=st.integers(2, 30), most=MOST, seconds=SECONDS, busy=st.booleans(),
        every=st.sampled_from([1, 1, 7]),
    )  # fmt: skip
    def poll_each_minute(
        self, times: int, most: int, seconds: float, busy: bool, every: int
    ) -> None:
        """Time goes by, with a run each few minutes; in busy times incidents open meanwhile."""
        for number in range(times):
            self.lab.wait(every * 60)
            if busy and number * every % 3 == 0:
                self.tenancy.open()
            self.hosted.run(most, seconds)

    @rule(
        deliveries=st.none() | st.integers(0, 70), commits=st.none() | st.integers(0, 3),
        received=st.booleans(), most=MOST,
    )  # fmt: skip
    def kill(self, deliveries: int | None, commits: int | None, received: bool, most: int) -> None:
        """A run is killed, in the middle of delivery or before it commits."""
        self.hosted.run(most, death=Death(deliveries, commits, received))

    @rule(seconds=st.sampled_from([1, 30, 100, 600, 1500, 3600, 5 * 3600]))
    def time_passes(self, seconds: int) -> None:
        """Nothing runs for a while."""
        self.lab.wait(seconds)

    @precondition(lambda self: "rest" not in self.banned)
    @rule()
    def rest(self) -> None:
        """Faults end, time goes by: what is owed must be there."""
        come_to_rest(self.hosted, self.troubles, alone=self.alone)

    def teardown(self) -> None:
        """The same at the end, unless the example has failed already."""
        if not hasattr(self, "hosted"):
            return
        try:
            if sys.exc_info()[0] is None:
                come_to_rest(self.hosted, self.troubles, alone=self.alone)
        finally:
            self.open_client.__exit__(None, None, None)

    def _do(self, doing: str, which: int, other: int) -> None:
        if doing in self.banned:
            return
        key, second = self.tenancy.pick(which), self.tenancy.pick(other)
        if key is not None and second is not None:
            self._act(doing, key, second, other)

    def _act(self, doing: str, key: str, second: str, other: int) -> None:
        self.oracle.observe()
        self._acts(key, second, other)[doing]()
        self.oracle.observe()

    def _acts(self, key: str, second: str, other: int) -> dict[str, Any]:
        tenancy = self.tenancy
        return {
            "change": partial(tenancy.change, key, **CHANGES[other % len(CHANGES)]),
            "raise": partial(tenancy.raise_alert, key, source=other),
            "late alert": partial(
                tenancy.raise_alert, key, delay=LATE[other % 8], touch=other % 9 == 1, source=other
            ),
            "merge": partial(tenancy.merge, key, second),
            "quiet merge": partial(tenancy.merge, key, second, touch=False),
            "open": partial(tenancy.open, severity=SEVERITIES[other % 4]),
            "tie": partial(tenancy.open, tie=True),
            "delete": partial(tenancy.delete, key),
        }
