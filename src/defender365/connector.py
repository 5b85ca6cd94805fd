"""The incidents connector: load, plan, fetch, map, deliver, commit.

The promise: at least once to the platform, exactly once to the analyst; late rather than lost;
and always able to say why. State moves only after delivery; a process killed anywhere repeats
work and never skips it. The decisions are in `core/planning.py`; here they are carried out.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from defender365.api.client import Client
from defender365.core.clock import Clock, utc
from defender365.core.errors import (
    BadRecord,
    BudgetSpent,
    Defender365Error,
    NotFound,
    NotJson,
    OutOfTime,
    ServiceFailed,
    Throttled,
    TimedOut,
)
from defender365.core.filters import Filters
from defender365.core.ledger import ASIDE, DELIVERED, FILTERED, REDIRECTED, alert_key
from defender365.core.mapping import CaseAlert, EnvironmentRule, case_alerts
from defender365.core.model import Alert, Incident, identity_of, read_incident
from defender365.core.odata import incident_list
from defender365.core.planning import PAGE, SECOND, Pass, may_expand, page_size
from defender365.core.state import Aside, State
from defender365.core.summary import Summary
from defender365.core.timeframe import graph_ticks

log = logging.getLogger(__name__)

THROTTLE_SECONDS = 90
"""After a 429 the next request waits this long, or `Retry-After` if that is longer."""

FOLLOWED_PER_POLL = 20
RETRIED_PER_POLL = 5

_SMALLER = (ServiceFailed, NotJson, TimedOut)
"""Failures that a smaller page may avoid."""


@dataclass(frozen=True)
class Delivery:
    """What the host gives a poll: where case alerts go, and how progress is made to last."""

    deliver: Callable[[CaseAlert], None]
    commit: Callable[[State], None]
    """Called after delivery, at the end of each page and of the poll."""
    progress: Callable[[Summary], None] = lambda _summary: None


@dataclass(frozen=True)
class Rules:
    """What the connector's parameters ask for, read and checked."""

    filters: Filters
    environment: EnvironmentRule
    max_incidents: int
    hours_backwards: int


def poll(client: Client, state: State, rules: Rules, clock: Clock, delivery: Delivery) -> Summary:
    """One run of the connector; `state` is changed and committed as deliveries succeed.

    Never raises one of our errors: the summary holds it. Errors of `delivery` pass through,
    and what they interrupted is not committed.
    """
    run = _Poll(client, state, rules, clock, delivery)
    run.everything()
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
        self.summary = Summary()
        self.pages = 0
        self.failed = 0
        """How often a page with alerts failed since the last incident that was handled."""
        self.failed_size = 0
        self.suspects: list[str] = []
        """Incidents of a page that failed: at least one of them is too heavy."""
        self.heads: list[Incident] = []
        """Incidents seen ahead, without their alerts."""

    def everything(self) -> None:
        """Walk, follow merged incidents, try the shelf again; end early where that must be."""
        if self.state.throttled_until > self.clock.seconds():
            log.info("still throttled until %s: nothing is sent", utc(self.state.throttled_until))
            self.summary.throttled_until = self.state.throttled_until
            return
        self.state.throttled_until = 0
        self.walk = self._resume()
        try:
            while self._room() and not self.walk.complete:
                self._page()
                self._settle()
            self._follow_merged()
            self._retry_aside()
        except Throttled as error:
            self._throttled(error)
        except OutOfTime:
            pass
        except Defender365Error as error:
            self.summary.failure = error
        self.summary.backlog = not self.walk.complete
        self._settle(commit=False)

    def _resume(self) -> Pass:
        now = int(self.clock.seconds())
        if self.state.walk is None:
            start = (now - self.rules.hours_backwards * 3600) * SECOND
            self.state.walk = Pass.first(start, now)
        else:
            self.state.walk = self.state.walk.resumed(now)
        return self.state.walk

    def _room(self) -> bool:
        left = self.client.transport.deadline.left()
        return self.summary.incidents_processed < self.rules.max_incidents and left > 1

    def _settle(self, *, commit: bool = True) -> None:
        self.state.spent = self.client.budgets.snapshot()
        if commit:
            self.delivery.commit(self.state)
        self.delivery.progress(self.summary)

    def _throttled(self, error: Throttled) -> None:
        wait = error.retry_after or 0
        if not isinstance(error, BudgetSpent):
            wait = max(THROTTLE_SECONDS, wait)
        self.state.throttled_until = self.clock.seconds() + wait
        self.summary.throttled_until = self.state.throttled_until
        log.warning(
            "throttled: %s Nothing is sent until %s", error, utc(self.state.throttled_until)
        )

    # Pages: with alerts where that works, looking ahead where it did not.

    def _page(self) -> None:
        left = self.rules.max_incidents - self.summary.incidents_processed
        asked = page_size(left, self.state.known_ahead(self.walk.position), self.pages)
        if self.suspects or self.failed > 1 or self.state.heavy.near(self.walk.newest):
            asked = min(asked, self._look_ahead())
        if asked:
            self._expanded_page(asked)

    def _expanded_page(self, asked: int) -> None:
        options = incident_list(self.walk.position, top=asked, skip=self.walk.skip)
        try:
            page = self.client.incidents(options)
            for record in page:
                if not self._room():
                    page.close()
                    return
                self._record(record)
        except _SMALLER as error:
            log.warning("a page of %d incidents with their alerts failed: %s", asked, error)
            self.failed += 1  # once may be chance; twice, and one of these incidents is heavy
            self.failed_size = asked
            self.suspects = self.suspects[:asked]
            return
        log.info("a page of %d incidents was read from %s on", asked, options["$filter"])
        self.pages += 1
        if not page.next_link:
            self.walk.finish(int(self.clock.seconds()))

    def _look_ahead(self) -> int:
        """List incidents without alerts; take one alone, or say how many to ask for with theirs."""
        self.heads = [h for h in self.heads if self._ahead(h)]
        if not self.heads:
            self.heads = self._light_page()
        if not self.heads:
            self.walk.finish(int(self.clock.seconds()))
            return 0
        ids = [head.id for head in self.heads]
        if self.failed > 1 and not self.suspects:
            self.suspects = ids[: self.failed_size]
        self.suspects = [key for key in self.suspects if key in set(ids)]
        asked = may_expand(ids, self.state.heavy.seen, self.suspects)
        if asked == 0:
            self._alone(self.heads.pop(0))
        return asked

    def _light_page(self) -> list[Incident]:
        options = incident_list(self.walk.position, top=PAGE, skip=self.walk.skip, expand=False)
        found = [self._readable(record) for record in self.client.incidents(options)]
        return [head for head in found if head is not None]

    def _ahead(self, head: Incident) -> bool:
        if head.updated != self.walk.position:
            return head.updated > self.walk.position
        return head.id not in self.walk.boundary

    def _readable(self, record: object) -> Incident | None:
        try:
            return read_incident(record)
        except BadRecord:
            self._bad(record, "it could not be read")
            return None

    def _alone(self, incident: Incident) -> None:
        self.state.heavy.remember(incident)
        try:
            self._process(incident)
        except _SMALLER as error:  # the list works, this incident's alerts do not: the rest flows
            if self._noted(incident, ASIDE, str(error)):
                self.summary.incidents_seen += 1
                self.summary.set_aside += 1
            self.state.set_aside(incident.id, str(error), int(self.clock.seconds()))
        self.walk.handled(incident)
        self.failed, self.suspects = 0, []

    # Records: each is filtered, delivered and remembered, or set aside.

    def _record(self, record: object) -> None:
        try:
            incident = read_incident(record)
        except BadRecord as error:
            self._bad(record, str(error))
            return
        self._process(incident)
        self.walk.handled(incident)
        self.failed = 0

    def _bad(self, record: object, reason: str) -> None:
        found = identity_of(record)
        incident_id = found or f"(no id) {alert_key(repr(record))}"
        updated = graph_ticks(record.get("lastUpdateDateTime")) if isinstance(record, dict) else -1
        now = int(self.clock.seconds())
        if self.state.ledger.note(incident_id, updated, ASIDE, now, reason):
            log.warning("incident %s is set aside: %s", incident_id, reason)
            self.summary.incidents_seen += 1
            self.summary.set_aside += 1
            self.state.set_aside(incident_id, reason, now)
            if not found:
                self.state.aside[incident_id].tries = Aside.RETRIES
        self.walk.handled(Incident(incident_id, max(updated, self.walk.position), {}))

    def _process(self, incident: Incident) -> None:
        entry = self.state.ledger.get(incident.id)
        changed = entry is None or entry.updated != incident.updated
        if incident.redirect:
            self.state.follow[incident.redirect] = incident.id
        verdict = self.rules.filters.incident_verdict(incident)
        if verdict is not None:
            self._filtered(incident, verdict)
            return
        if incident.cut or not incident.expanded:
            if not changed:
                return
            incident = self._with_all_alerts(incident)
        if not incident.alerts and not incident.bad_alerts:
            self._lone(incident)
        else:
            self._deliver(incident, count=changed)
        if incident.bad_alerts and changed:
            self.summary.set_aside += 1
            self.state.set_aside(incident.id, incident.complaint, int(self.clock.seconds()))

    def _with_all_alerts(self, incident: Incident) -> Incident:
        whole = Incident(incident.id, incident.updated, incident.raw, expanded=True)
        whole.add_alerts(self.client.incident_alerts(incident.id))
        self.state.heavy.remember(incident)
        return whole

    def _filtered(self, incident: Incident, rule: str) -> None:
        if incident.redirect:
            news = self._noted(incident, REDIRECTED, incident.redirect)
        else:
            news = self._noted(incident, FILTERED, rule)
        if news:
            log.info("incident %s is kept out by %s", incident.id, rule)
            self.summary.incidents_seen += 1
            self.summary.filtered[rule] += 1

    def _lone(self, incident: Incident) -> None:
        """An incident without alerts stands for itself, once."""
        verdict = self.rules.filters.lone_verdict(incident)
        if verdict is not None:
            self._filtered(incident, verdict)
            return
        if self.state.ledger.knows(incident.id):
            self._noted(incident, DELIVERED)
            return
        self.summary.incidents_seen += 1
        self._hand_over(incident, [])

    def _deliver(self, incident: Incident, *, count: bool) -> None:
        new, rules = self._new_alerts(incident)
        if count:
            self.summary.incidents_seen += 1
            self.summary.filtered.update(rules)
        entry = self.state.ledger.get(incident.id)
        if new:
            self._hand_over(incident, new)
        elif entry is not None and entry.keys:
            self._noted(incident, DELIVERED)
        elif rules:
            self._noted(incident, FILTERED, rules[0])
        elif incident.bad_alerts and not incident.alerts:
            self._noted(incident, ASIDE, incident.complaint)
        else:  # all its alerts were delivered under an incident that was merged into it
            self._noted(incident, DELIVERED)

    def _hand_over(self, incident: Incident, new: list[Alert]) -> None:
        for case in case_alerts(incident, new, self.rules.environment):
            self.delivery.deliver(case)
            self.summary.alerts_delivered += 1
        log.info("incident %s: %d alerts delivered", incident.id, len(new))
        ids = [alert.id for alert in new] or [incident.id]
        self.state.ledger.delivered(incident.id, incident.updated, ids, int(self.clock.seconds()))
        self.summary.incidents_processed += 1

    def _noted(self, incident: Incident, status: str, detail: str = "") -> bool:
        now = int(self.clock.seconds())
        return self.state.ledger.note(incident.id, incident.updated, status, now, detail)

    def _new_alerts(self, incident: Incident) -> tuple[list[Alert], list[str]]:
        new, rules = [], []
        for alert in incident.alerts:
            if self.state.ledger.knows(alert.id):
                continue
            rule = self.rules.filters.alert_verdict(alert)
            if rule is None:
                new.append(alert)
            else:
                rules.append(rule)
        new.sort(key=lambda alert: graph_ticks(alert.raw.get("createdDateTime")))
        return new, rules

    # After the walk: incidents that others were merged into, and the shelf.

    def _follow_merged(self) -> None:
        if not self.walk.complete:
            return
        for _ in range(FOLLOWED_PER_POLL):
            target = next(iter(self.state.follow), None)
            if target is None or not self._room():
                return
            source = self.state.follow[target]
            if not self._seen_since_merge(target, source):
                self._fetch(target)
            self.state.follow.pop(target, None)

    def _seen_since_merge(self, target: str, source: str) -> bool:
        merged, seen = self.state.ledger.get(source), self.state.ledger.get(target)
        return merged is not None and seen is not None and seen.updated >= merged.updated

    def _retry_aside(self) -> None:
        now = int(self.clock.seconds())
        due = [key for key, aside in self.state.aside.items() if aside.due(now)]
        for incident_id in due[:RETRIED_PER_POLL]:
            if self._room():
                self._fetch(incident_id)

    def _fetch(self, incident_id: str) -> None:
        """Read one incident by its id and process it; note on the shelf what still fails."""
        now = int(self.clock.seconds())
        try:
            incident = read_incident(self._whole(incident_id))
            self._process(incident)
        except NotFound:
            self.state.aside.pop(incident_id, None)
            return
        except (BadRecord, *_SMALLER) as error:
            self.state.set_aside(incident_id, str(error), now)
            return
        if incident.bad_alerts:
            self.state.set_aside(incident_id, incident.complaint, now)
        else:
            self.state.aside.pop(incident_id, None)

    def _whole(self, incident_id: str) -> Any:
        try:
            return self.client.incident(incident_id, expand=True)
        except _SMALLER:
            return self.client.incident(incident_id)
