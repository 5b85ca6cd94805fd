"""What becomes of one incident: filtered, delivered and remembered, or set aside with its reason."""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from defender365.api.client import Client
from defender365.core.clock import Clock
from defender365.core.errors import (
    BadRecord,
    BudgetSpent,
    Defender365Error,
    NotFound,
    NotJson,
    OutOfTime,
    PermissionMissing,
    Refused,
    ServiceFailed,
    TimedOut,
    Unreachable,
)
from defender365.core.filters import Filters
from defender365.core.ledger import (
    ASIDE,
    DELIVERED,
    FILTERED,
    REDIRECTED,
    Entry,
    alert_key,
)
from defender365.core.mapping import CaseAlert, EnvironmentRule, case_alerts
from defender365.core.model import (
    UNKNOWN_TIME,
    Alert,
    Incident,
    identity_of,
    read_incident,
)
from defender365.core.planning import Pass
from defender365.core.state import State
from defender365.core.summary import Summary
from defender365.core.timeframe import graph_ticks

log = logging.getLogger(__name__)

SMALLER = (ServiceFailed, NotJson, TimedOut, Unreachable)
"""Failures that a smaller request may avoid."""

ITS_OWN = (*SMALLER, NotFound, Refused, PermissionMissing, BadRecord, RecursionError)
"""Failures of one incident, while the list that named it works."""


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


class Intake:
    """Takes incidents one at a time; changes the state's ledger and shelf, and the summary."""

    def __init__(
        self, client: Client, state: State, rules: Rules, clock: Clock, delivery: Delivery
    ) -> None:
        self._client = client
        self._state = state
        self._rules = rules
        self._clock = clock
        self._deliver = delivery.deliver
        self.summary = Summary()

    @property
    def now(self) -> int:
        """The host's time, in seconds since 1970 UTC."""
        return int(self._clock.seconds())

    def record(self, record: object, walk: Pass) -> None:
        """Take a record of the list, and let the walk move over it."""
        try:
            incident = read_incident(record)
        except BadRecord as error:
            self._bad(record, str(error), walk)
            return
        self.take(incident, walk)

    def is_edge(self, record: object, walk: Pass) -> bool:
        """True for a record at the edge of a page, which the pass has handled before as it is."""
        known = (identity_of(record) or _name_of(record)) in walk.boundary
        return known and _updated(record) in {walk.position, UNKNOWN_TIME}

    def take(self, incident: Incident, walk: Pass) -> None:
        """Take an incident, and let the walk move over it; what fails for it alone sets it aside."""
        self._tell_the_others(incident, walk)
        try:
            self._process(incident)
        except ITS_OWN as error:
            self._aside(incident, _words(error))
        except (BudgetSpent, OutOfTime):  # it may need more than a whole run: let others pass
            self._aside(incident, "its alerts could not be fetched within one run")
            walk.handled(incident)
            raise
        walk.handled(incident)

    def _tell_the_others(self, incident: Incident, walk: Pass) -> None:
        """An incident that one lane passed over may come again in the other."""
        for lane in (self._state.walk, self._state.fresh):
            if lane is not None and lane is not walk:
                lane.noticed(incident)

    def fetch(self, incident_id: str) -> None:
        """Read one incident by its id and take it again; note on the shelf what still fails."""
        try:
            incident = read_incident(self._whole(incident_id))
            self._process(incident, force=True)
        except NotFound:
            self._state.aside.pop(incident_id, None)
        except ITS_OWN as error:
            self._state.set_aside(incident_id, _words(error), self.now)

    def _whole(self, incident_id: str) -> Any:
        if incident_id not in self._state.heavy.seen:
            with suppress(*SMALLER):
                return self._client.incident(incident_id, expand=True)
        return self._client.incident(incident_id)

    def _bad(self, record: object, reason: str, walk: Pass) -> None:
        found = identity_of(record)
        incident_id = found or _name_of(record)
        updated = _updated(record)
        if self._state.ledger.note(incident_id, updated, ASIDE, self.now, reason):
            log.warning("incident %s is set aside: %s", incident_id, reason)
            self.summary.incidents_seen += 1
            self.summary.set_aside += 1
            self._state.set_aside(incident_id, reason, self.now, hopeless=not found)
        if found:
            self._tell_the_others(Incident(found, updated, {}), walk)
        while incident_id in walk.boundary:  # a second one that is alike counts for itself
            incident_id += "'"
        walk.handled(Incident(incident_id, max(updated, walk.position), {}))

    def _aside(self, incident: Incident, reason: str) -> None:
        log.warning("incident %s is set aside: %s", incident.id, reason)
        if self._noted(incident, ASIDE, reason):
            self.summary.incidents_seen += 1
            self.summary.set_aside += 1
        self._state.set_aside(incident.id, reason, self.now)

    def _process(self, incident: Incident, *, force: bool = False) -> None:
        entry = self._state.ledger.get(incident.id)
        changed = entry is None or entry.updated != incident.updated
        if incident.redirect and (changed or not self._followed(incident, entry)):
            self._state.follow[incident.redirect] = incident.id
        verdict = self._rules.filters.incident_verdict(incident)
        if verdict is not None:
            self._filtered(incident, verdict)
            # Whatever cannot be read of it is kept out too.
            self._state.aside.pop(incident.id, None)
            return
        if incident.cut or not incident.expanded:
            if not (changed or force) and self._needs_no_look(incident):
                return
            incident = self._with_all_alerts(incident)
        self._sort_out(incident, count=changed)
        if not incident.bad_alerts:
            self._state.aside.pop(incident.id, None)
        elif changed or force:
            self.summary.set_aside += changed
            self._state.set_aside(incident.id, incident.complaint, self.now)

    def _followed(self, incident: Incident, entry: Entry | None) -> bool:
        """True when the merge of a known incident was followed: noted so, or its target is looked at."""
        noted = entry.detail if entry else ""
        return noted == incident.redirect or incident.redirect in self._state.revisit

    def _needs_no_look(self, incident: Incident) -> bool:
        """True for one whose alerts were fetched alone as it is, or that the shelf tries again."""
        return self._state.heavy.knows(incident) or incident.id in self._state.aside

    def _with_all_alerts(self, incident: Incident) -> Incident:
        whole = Incident(incident.id, incident.updated, incident.raw, expanded=True)
        whole.add_alerts(self._client.incident_alerts(incident.id))
        if not self._state.heavy.knows(incident):
            self._state.look_again(incident.id, self.now)
        self._state.heavy.fetched(incident)
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

    def _sort_out(self, incident: Incident, *, count: bool) -> None:
        if incident.alerts or incident.bad_alerts:
            self._deliver_new(incident, count=count)
        else:
            self._lone(incident)

    def _lone(self, incident: Incident) -> None:
        """An incident without alerts stands for itself, once."""
        verdict = self._rules.filters.lone_verdict(incident)
        if verdict is not None:
            self._filtered(incident, verdict)
        elif self._state.ledger.knows(incident.id):
            self._noted(incident, DELIVERED)
        else:
            self.summary.incidents_seen += 1
            self._hand_over(incident, [])

    def _deliver_new(self, incident: Incident, *, count: bool) -> None:
        new, rules = self._new_alerts(incident)
        if count:
            self.summary.incidents_seen += 1
            self.summary.filtered.update(rules)
        entry = self._state.ledger.get(incident.id)
        if new:
            self._hand_over(incident, new)
        elif entry is not None and entry.keys:
            self._noted(incident, DELIVERED)
        elif rules and len(rules) == len(incident.alerts):
            self._noted(incident, FILTERED, rules[0])
        elif incident.bad_alerts and not incident.alerts:
            self._noted(incident, ASIDE, incident.complaint)
        else:  # its alerts were delivered under an incident that was merged into it, or kept out
            self._noted(incident, DELIVERED, rules[0] if rules else "")

    def _new_alerts(self, incident: Incident) -> tuple[list[Alert], list[str]]:
        """Alerts not delivered before that pass the filters, oldest first, and what kept others out."""
        new: dict[str, Alert] = {}
        rules = []
        for alert in incident.alerts:
            if self._state.ledger.knows(alert.id) or alert.id in new:
                continue
            rule = self._rules.filters.alert_verdict(alert)
            if rule is None:
                new[alert.id] = alert
            else:
                rules.append(rule)
        by_age = sorted(new.values(), key=lambda a: graph_ticks(a.raw.get("createdDateTime")))
        return by_age, rules

    def _hand_over(self, incident: Incident, new: list[Alert]) -> None:
        for case in case_alerts(incident, new, self._rules.environment):
            self._deliver(case)
            self.summary.alerts_delivered += 1
        log.info("incident %s: %d alerts delivered", incident.id, len(new))
        ids = [alert.id for alert in new] or [incident.id]
        self._state.ledger.delivered(incident.id, incident.updated, ids, self.now)
        self.summary.incidents_processed += 1

    def _noted(self, incident: Incident, status: str, detail: str = "") -> bool:
        ledger = self._state.ledger
        return ledger.note(incident.id, incident.updated, status, self.now, detail)


def _updated(record: object) -> int:
    """The update time of a record that may be bad in other ways."""
    if not isinstance(record, dict):
        return UNKNOWN_TIME
    return graph_ticks(record.get("lastUpdateDateTime"))


def _name_of(record: object) -> str:
    """What a record without an id is known by."""
    return f"(no id) {alert_key(repr(record)).hex()}"


def _words(error: Exception) -> str:
    if isinstance(error, Defender365Error):
        return str(error)
    return "it is nested too deeply to be read."
