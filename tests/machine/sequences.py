"""Sequences aimed at one weakness each, told plainly: chance alone hits upon them too seldom."""

from functools import partial
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.lab import ALERTS, GET, LIST, Lab
from tests.machine.hosted import Death, Hosted
from tests.machine.oracle import Oracle
from tests.machine.rest import calm, idle, until_quiet
from tests.machine.tenancy import Tenancy
from tests.machine.troubles import Troubles

EDGES = ("change", "change", "raise", "merge", "quiet merge", "tie", "kill")
HOURS = st.sampled_from([1, 4, 6])


class Sequences(RuleBasedStateMachine):
    """Rules of several steps; the machine mixes them with its single ones."""

    lab: ClassVar[Lab]
    banned: ClassVar[frozenset[str]] = frozenset()
    """What is left out of a search: rules and doings by name."""
    troubles: Troubles
    tenancy: Tenancy
    oracle: Oracle
    hosted: Hosted

    def _act(self, doing: str, key: str, second: str, other: int) -> None:
        raise NotImplementedError

    @precondition(lambda self: "late" not in self.banned)
    @rule(
        updated=st.sampled_from([0, 0, 20, 100, 140]), late=st.sampled_from([5, 20, 40, 80, 120, 144]),
        heavy=st.sampled_from(["none", "this", "another"]), busy=st.booleans(),
        every=st.sampled_from([5, 10]),
    )  # fmt: skip
    def late_alert_while_time_goes_on(
        self, updated: int, late: int, heavy: str, busy: bool, every: int
    ) -> None:
        """An incident is delivered, perhaps its update too; then an alert of it arrives late."""
        calm(self.hosted, self.troubles)
        if heavy != "none":
            self.troubles.add(kind="expand_above", times=None, above=5)
            self.tenancy.open(alerts=6)
        key = self.tenancy.open(alerts=6 if heavy == "this" else 1)
        self._minutes(updated or 1, every, busy=busy)
        if updated:
            self.tenancy.raise_alert(key)
        self.tenancy.raise_alert(key, delay=late, touch=False)
        self._minutes(late + 2 * every, every, busy=busy)

    @precondition(lambda self: "grows" not in self.banned)
    @rule(above=st.integers(1, 3), late=st.integers(0, 24))
    def grows_too_heavy(self, above: int, late: int) -> None:
        """A late alert makes a known incident, whose time stays, too heavy for the list."""
        calm(self.hosted, self.troubles)
        key = self.tenancy.open(alerts=above)
        until_quiet(self.hosted)
        self.troubles.add(kind="expand_above", times=None, above=above)
        self.tenancy.raise_alert(key, delay=late, touch=False)
        self._minutes(late + 3, 3, busy=False)

    @precondition(lambda self: "outage" not in self.banned and len(self.tenancy.keys) < 200)
    @rule(
        hours=HOURS, most=st.sampled_from([1, 3, 10]), runs=st.integers(1, 3),
        edge=st.sampled_from(EDGES), other=st.integers(0, 999),
    )  # fmt: skip
    def outage(self, hours: int, most: int, runs: int, edge: str, other: int) -> None:
        """Hours without a run; then something happens where the catching-up just stands."""
        self._hours_without_a_run(hours)
        self._minutes(runs, 1, busy=False, most=most)
        self._at_the_edge(edge, other)
        self._minutes(5, 1, busy=False, most=most)

    @precondition(lambda self: "outage" not in self.banned and len(self.tenancy.keys) < 200)
    @rule(most=st.sampled_from([3, 10]), after=st.integers(0, 2))
    def throttled_after_an_outage(self, most: int, after: int) -> None:
        """Hours without a run; then a 429 is all that is known of one of the oldest's alerts."""
        self._hours_without_a_run(5)
        self.troubles.add(kind="expand_above", times=None, above=0)
        self.troubles.add(kind="throttle", route=ALERTS, after=after)
        self._minutes(6, 1, busy=False, most=most)
        calm(self.hosted, self.troubles)

    @precondition(lambda self: "lanes" not in self.banned and len(self.tenancy.keys) < 200)
    @rule(
        most=st.sampled_from([1, 3]), runs=st.integers(1, 3),
        edge=st.sampled_from(["change", "raise", "merge"]), other=st.integers(0, 999),
    )  # fmt: skip
    def moved_between_two_lanes(self, most: int, runs: int, edge: str, other: int) -> None:
        """What the backlog's lane just passed over moves, behind a page's worth of what is new."""
        self._hours_without_a_run(5)
        self._minutes(runs, 1, busy=False, most=most)
        self.tenancy.burst(60, 0.001)
        self._at_the_edge(edge, other)
        self._minutes(3, 1, busy=False, most=200)

    def _hours_without_a_run(self, hours: int) -> None:
        calm(self.hosted, self.troubles)
        until_quiet(self.hosted)
        for _ in range(hours * 5):
            self.lab.wait(12 * 60)
            self.tenancy.open()

    def _at_the_edge(self, edge: str, other: int) -> None:
        if edge == "kill":
            self.hosted.run(death=Death(other % 8))
        elif self.hosted.last in self.tenancy.tenant.incidents:
            second = self.tenancy.pick(other)
            assert second is not None
            self._act(edge, self.hosted.last, second, other)

    @precondition(lambda self: "stalled" not in self.banned)
    @rule(delay=st.integers(1, 25), hours=HOURS, waiting=st.integers(1, 4))
    def stalled_pass(self, delay: int, hours: int, waiting: int) -> None:
        """A pass stands still for hours after it passed over the time of one that shows up late."""
        calm(self.hosted, self.troubles)
        until_quiet(self.hosted)
        self.tenancy.open(delay=delay)
        for _ in range(waiting + 1):
            self.tenancy.open()
        self.hosted.run(1)
        for _ in range(hours):
            self.lab.wait(3600)
            self.tenancy.open()
        self._minutes(4, 1, busy=True, most=2)

    @precondition(lambda self: "last second" not in self.banned)
    @rule(
        waiting=st.integers(1, 60), after=st.integers(0, 1), left=st.sampled_from([0.5, 0.5, 9.5]),
        most=st.sampled_from([100, 3]),
    )  # fmt: skip
    def page_comes_in_the_last_seconds(
        self, waiting: int, after: int, left: float, most: int
    ) -> None:
        """A page is there when its run, or its lane's part of it, has no time left to take it."""
        calm(self.hosted, self.troubles)
        self.tenancy.burst(waiting, 1)
        self.troubles.happen(LIST, after, partial(self.lab.wait, 20 - left))
        self.hosted.run(most, 20)

    @precondition(lambda self: "aside" not in self.banned)
    @rule(
        hours=HOURS,
        route=st.sampled_from([ALERTS, "graph.incidents.[ag]*"]),
        count=st.integers(1, 3),
    )
    def set_aside_for_hours(self, hours: int, route: str, count: int) -> None:
        """Nothing of some heavy incidents can be read for hours, while others open."""
        calm(self.hosted, self.troubles)
        self.troubles.add(kind="expand_above", times=None, above=1)
        self.troubles.add(kind="status", status=500, route=route, times=None)
        for _ in range(count):
            self.tenancy.open(alerts=2)
        self._minutes(hours * 60, 20, busy=True)

    @precondition(lambda self: "old target" not in self.banned)
    @rule(late=st.sampled_from([5, 40, 120]), hours=HOURS, seen=st.booleans())
    def merged_into_an_old_one(self, late: int, hours: int, seen: bool) -> None:
        """An incident goes, seen or unseen, into one of hours before, which gets an alert late."""
        calm(self.hosted, self.troubles)
        target = self.tenancy.open()
        self._minutes(hours * 60, 30, busy=True)
        source = self.tenancy.open()
        if seen:
            self.hosted.run()
        self._act("quiet merge", source, target, 0)
        self.tenancy.raise_alert(target, delay=late, touch=False)
        self._minutes(late + 10, 5, busy=True)

    @precondition(lambda self: "429 text" not in self.banned)
    @rule(
        route=st.sampled_from([LIST, ALERTS, GET, "*"]), retry_after=st.sampled_from([None, 5, 600]),
        seconds=st.sampled_from([15, 19, 20, 30]),
    )  # fmt: skip
    def text_of_a_429_comes_late(self, route: str, retry_after: float | None, seconds: int) -> None:
        """A 429 is answered, but its text only when the run should be over."""
        self.troubles.happen(route, 0, partial(self.lab.wait, seconds))
        self.troubles.add(kind="throttle", route=route, retry_after=retry_after)
        self._minutes(3, 1, busy=False, seconds=20)

    @precondition(lambda self: "idle" not in self.banned and len(self.tenancy.keys) > 1)
    @rule(which=st.integers(0, 999), other=st.integers(0, 999), quiet=st.booleans())
    def merged_and_then_nothing(self, which: int, other: int, quiet: bool) -> None:
        """After a merge nothing happens: then nothing is asked for but the list."""
        calm(self.hosted, self.troubles)
        source, target = self.tenancy.pick(which), self.tenancy.pick(other)
        if source is not None and target is not None:
            self._act("quiet merge" if quiet else "merge", source, target, other)
        until_quiet(self.hosted)
        idle(self.hosted)

    def _minutes(self, minutes: int, every: int, *, busy: bool, **how: Any) -> None:
        """So many minutes with a run each few; in busy times an incident opens before each."""
        for _ in range(0, minutes, every):
            self.lab.wait(every * 60)
            if busy:
                self.tenancy.open()
            self.hosted.run(**how)
