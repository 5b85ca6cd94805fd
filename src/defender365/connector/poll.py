"""One run of the connector: the walk through the list, page by page, and what follows it.

The decisions are in `core/planning.py`; here they are carried out.
"""

import logging
from collections.abc import Sequence

from defender365.api.client import Client
from defender365.api.limits import RATES
from defender365.connector.intake import SMALLER, Delivery, Intake, Rules
from defender365.core.clock import Clock, utc
from defender365.core.errors import (
    BadRecord,
    BudgetSpent,
    Defender365Error,
    OutOfTime,
    Throttled,
)
from defender365.core.model import Incident, identity_of, read_incident
from defender365.core.odata import incident_list
from defender365.core.planning import PAGE, SECOND, Heavy, Pass, may_expand, page_size
from defender365.core.state import State, waits
from defender365.core.summary import Summary

log = logging.getLogger(__name__)

THROTTLE_SECONDS = 90
"""After a 429 the next request waits this long, or `Retry-After` if that is longer."""

LAST_SECOND = 1.0
"""With no more seconds left nothing more is begun."""

FEW = 4
"""So few that were left over by known incidents in a run's pages are no reason for one page more."""

FOLLOWED_PER_POLL = 20
RETRIED_PER_POLL = 5
LOOKED_AT_PER_POLL = 20


def poll(client: Client, state: State, rules: Rules, clock: Clock, delivery: Delivery) -> Summary:
    """One run of the connector; `state` is changed and committed as deliveries succeed.

    Never raises one of our errors: the summary holds it. Errors of `delivery` pass through,
    and what they interrupted is not committed.
    """
    run = _Poll(client, state, rules, clock, delivery)
    run.summary.started = clock.seconds()
    run.everything()
    run.ended()
    delivery.commit(state)
    return run.summary


class _Poll:
    """One run; its methods read top-down."""

    def __init__(
        self, client: Client, state: State, rules: Rules, clock: Clock, delivery: Delivery
    ) -> None:
        self.client = client
        self.state = state
        self.rules = rules
        self.clock = clock
        self.delivery = delivery
        self.intake = Intake(client, state, rules, clock, delivery)
        self.summary = self.intake.summary
        self.most = rules.max_incidents
        """After so many incidents of this run the lane being read must stop."""
        self.edges = 0
        """How many places of this run's pages were taken by incidents handled before."""
        self.until = LAST_SECOND
        """And when no more than so many seconds are left."""

    def everything(self) -> None:
        """Walk, follow merged incidents, try the shelf again; end early where that must be."""
        if self.state.throttled(self.clock.seconds()):
            log.info("still throttled until %s: nothing is sent", utc(self.state.throttled_until))
            self.summary.throttled_until = self.state.throttled_until
            self.summary.backlog = waits(self.state)
            return
        self.state.throttled_until = 0
        before = self.state.walk
        carried = before is not None and not before.complete
        self._enter(self._resume(), self.state.heavy)
        fresh = self._fresh(carried=carried)
        try:
            self._lanes(fresh, carried=carried)
            self._follow_merged()
            self._look_again()
        except Throttled as error:
            self._throttled(error)
        except OutOfTime:
            pass
        except Defender365Error as error:
            self.summary.failure = error
        self.summary.backlog = waits(self.state)
        self._settle(commit=False)

    def ended(self) -> None:
        """Write down what this run did, for the log, the memory and those who ask it."""
        summary, budgets = self.summary, self.client.budgets
        summary.ended = self.clock.seconds()
        summary.requests.update(self.client.transport.counts)
        for name in RATES:
            used, most = budgets.used(name)
            summary.budget_left[name] = max(0, most - used)
        self.state.runs.ended(summary)
        log.info("%s", summary.line())

    def _enter(self, walk: Pass, heavy: Heavy) -> None:
        """Begin to read a lane."""
        self.walk, self.heavy = walk, heavy
        self.pages = 0
        self.records = 0
        self.heads: list[Incident] = []
        """Incidents seen ahead, without their alerts."""
        self.no_more = False
        """True where the list ended with the last of them."""

    def _lanes(self, fresh: Pass | None, *, carried: bool) -> None:
        """What is new first, with half of the run's incidents at most; then the backlog."""
        if fresh is not None:
            self._enter(fresh, self.state.fresh_heavy)
            self.most = (self.rules.max_incidents + 1) // 2
            self.until = self.client.transport.deadline.left() / 2
            self._walk_on()
            self.most, self.until = self.rules.max_incidents, LAST_SECOND
            self._enter(self._main(), self.state.heavy)
        self._walk_on()
        if carried and self.walk.complete and self.records == 0:
            self._enter(self._resume(), self.state.heavy)  # the last pass had ended unseen
            self._walk_on()

    def _main(self) -> Pass:
        assert self.state.walk is not None  # noqa: S101  it was resumed
        return self.state.walk

    def _fresh(self, *, carried: bool) -> Pass | None:
        """The pass of what is new, while the walk is far behind; begun when a run left it so."""
        now = self.intake.now
        if self.state.fresh is not None:
            self.state.fresh = self.state.fresh.resumed(now, self.state.forgotten)
        elif carried and self.state.runs.last.get("backlog") and self._main().lags(now):
            self.state.fresh = self._main().ahead(now)
            self.state.fresh_heavy = Heavy(self.state.heavy.seen)
            log.info("far behind: what is new is read beside the backlog from now on")
        return self.state.fresh

    def _walk_on(self) -> None:
        while self._wants_a_page() and not self.walk.complete and not self.walk.resting:
            self._step()
            self._join()

    def _join(self) -> None:
        """Where the backlog has come to what is new, one pass goes on."""
        fresh, walk = self.state.fresh, self.walk
        if fresh is None or walk is not self.state.walk or not walk.reached(fresh):
            return
        log.info("the backlog is read: one walk again")
        self.walk = self.state.walk = walk.joined(fresh, self.intake.now)
        self.heads = []
        self.state.fresh = None

    def _resume(self) -> Pass:
        now = self.intake.now
        if self.state.walk is None:
            start = (now - self.rules.hours_backwards * 3600) * SECOND
            self.state.walk = Pass.first(start, now)
            self.delivery.commit(self.state)  # a run killed in its first page starts here again
        else:
            self.state.walk = self.state.walk.resumed(now, self.state.forgotten)
        return self.state.walk

    def _room(self) -> bool:
        left = self.client.transport.deadline.left()
        return self.summary.incidents_processed < self.most and left > self.until

    def _wants_a_page(self) -> bool:
        """True while there is room for more than the few that did not fit in this run's pages."""
        left = self.most - self.summary.incidents_processed
        few = min(self.edges, FEW) if self.summary.incidents_processed else 0
        return self._room() and left > few

    def _step(self) -> None:
        """One page; a page that moved nothing ends the pass, which then asks again from there."""
        before = self._standing()
        self._page()
        if self._standing() == before and not self.walk.complete and self._room():
            self.walk.finish(self.intake.now)
        self._settle()

    def _standing(self) -> tuple[object, ...]:
        walk, heavy = self.walk, self.heavy
        return walk.position, len(walk.boundary), heavy.failed, tuple(heavy.suspects)

    def _settle(self, *, commit: bool = True) -> None:
        self.state.spent = self.client.budgets.snapshot()
        if commit:
            self.delivery.commit(self.state)
        self.delivery.progress(self.summary)

    def _throttled(self, error: Throttled) -> None:
        wait = error.retry_after or 0
        if not isinstance(error, BudgetSpent):
            wait = max(THROTTLE_SECONDS, wait)
        self.state.throttle(self.clock.seconds(), wait)
        self.summary.throttled_until = self.state.throttled_until
        log.warning(
            "throttled: %s Nothing is sent until %s", error, utc(self.state.throttled_until)
        )

    # Pages: with alerts where that works, looking ahead where it did not.

    def _page(self) -> None:
        left = self.most - self.summary.incidents_processed
        known = self.state.known_ahead(self.walk.position) + self._sees_the_edge()
        asked = page_size(left, known, self.pages)
        heavy = self.heavy
        if not (heavy.suspects or heavy.failed > 1 or heavy.near(self.walk.newest)):
            self._expanded_page(asked, [])
            return
        asked = min(asked, self._look_ahead())
        if asked:
            self._expanded_page(asked, self.heads[:asked])

    def _expanded_page(self, asked: int, heads: Sequence[Incident]) -> None:
        """Ask for so many; `heads` are those that must come, where they were seen."""
        edge = not heads and self._sees_the_edge()
        last = self.no_more and len(heads) == len(self.heads) > 0
        options = incident_list(
            self.walk.position, top=asked, skip=self.walk.pass_over(whole=not edge)
        )
        count = edges = 0
        try:
            page = self.client.incidents(options)
            for count, record in enumerate(page, start=1):
                if not self._room():
                    page.close()
                    return
                if count == 1:
                    edges = self._begins(record, edge=edge, heads=heads)
                if count > edges:
                    self.intake.record(record, self.walk)
                    self.heavy.failed = 0
        except SMALLER as error:
            log.warning("a page of %d incidents with their alerts failed: %s", asked, error)
            self.heavy.page_failed(asked)
            return
        log.info("a page of %d incidents was read from %s on", asked, options["$filter"])
        self.pages += 1
        self.records += count - edges
        self._page_ended(more=bool(page.next_link), full=count >= asked and not last)

    def _sees_the_edge(self) -> bool:
        """Whether the next page begins with the last incident of the one before.

        Only where no later pass reads that part again; elsewhere the longer look finds what is hidden.
        """
        return self.walk.lags(self.intake.now) and bool(self.walk.boundary)

    def _begins(self, record: object, *, edge: bool, heads: Sequence[Incident] = ()) -> int:
        """How many records at the beginning were handled before: one at the edge, where it was asked for.

        If the first is neither that nor the head that must come, the pass doubts.
        """
        if edge and self.intake.is_edge(record, self.walk):
            self.edges += 1
            return 1
        if edge or (heads and identity_of(record) != heads[0].id):
            self.walk.doubt()
        return 0

    def _page_ended(self, *, more: bool, full: bool) -> None:
        """Without a link the list has ended, unless the page was full: then the next run sees."""
        if more:
            return
        if full:
            self.walk.resting = True
        else:
            self.walk.finish(self.intake.now)

    def _look_ahead(self) -> int:
        """List incidents without alerts; take one alone, or say how many to ask for with theirs."""
        self.heads = [head for head in self.heads if self._ahead(head)]
        if not self.heads and not self._see_heads():
            return 0
        ids = [head.id for head in self.heads]
        suspects = self.heavy.narrowed(ids)
        asked = may_expand(ids, self.heavy.seen, suspects)
        if asked == 0:
            self._alone(self.heads.pop(0))
        return asked

    def _see_heads(self) -> bool:
        """Fill the heads, up to the first record that cannot be read; False when there are none."""
        edge = self._sees_the_edge()
        skip = self.walk.pass_over(whole=not edge)
        options = incident_list(self.walk.position, top=PAGE, skip=skip, expand=False)
        page = self.client.incidents(options)
        records = list(page)
        self.no_more = not page.next_link and len(records) < PAGE
        if records:
            del records[: self._begins(records[0], edge=edge)]
        for record in records:
            try:
                head = read_incident(record)
            except BadRecord:
                self.no_more = False
                break
            self.walk.watch(head)
            if self._ahead(head):
                self.heads.append(head)
        if self.heads:
            return True
        if records:  # the first cannot be read, or nothing in it is new
            self.intake.record(records[0], self.walk)
        else:
            self._page_ended(more=False, full=False)
        return False

    def _ahead(self, head: Incident) -> bool:
        if head.updated > self.walk.position:
            return True
        return head.updated in {self.walk.position, -1} and head.id not in self.walk.boundary

    def _alone(self, incident: Incident) -> None:
        self.state.heavy.remember(incident)
        self.heavy.found()
        self.intake.take(incident, self.walk)

    # After the walk: incidents that others were merged into, and those to look at again.

    def _follow_merged(self) -> None:
        if not self.walk.complete and not self.walk.resting and self.state.fresh is None:
            return
        for _ in range(FOLLOWED_PER_POLL):
            target = next(iter(self.state.follow), None)
            if target is None or not self._room():
                return
            source = self.state.follow[target]
            if not self._seen_since_merge(target, source):
                self.intake.fetch(target)
                self.state.look_again(target, self.intake.now)
            self.state.follow.pop(target, None)

    def _seen_since_merge(self, target: str, source: str) -> bool:
        merged, seen = self.state.ledger.get(source), self.state.ledger.get(target)
        return merged is not None and seen is not None and seen.updated >= merged.updated

    def _look_again(self) -> None:
        now = self.intake.now
        due = [key for key, aside in self.state.aside.items() if aside.due(now)]
        late = self.state.to_look_at(now)
        for incident_id in [*due[:RETRIED_PER_POLL], *late[:LOOKED_AT_PER_POLL]]:
            if self._room():
                self._fetch_again(incident_id, now)

    def _fetch_again(self, incident_id: str, now: int) -> None:
        """Look at one incident; one that outlasts the run waits on the shelf, behind the others."""
        try:
            self.intake.fetch(incident_id)
        except OutOfTime:
            self.state.looked(incident_id, now)
            self.state.set_aside(incident_id, "it could not be fetched within one run", now)
            raise
        self.state.looked(incident_id, now)
