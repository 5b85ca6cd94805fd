"""Says what became of one incident, and why: from the connector's own memory, without a request."""

from dataclasses import dataclass
from typing import Any

from defender365.core.clock import utc
from defender365.core.filters import SENTENCES
from defender365.core.ledger import ASIDE, DELIVERED, FILTERED, REDIRECTED, Entry
from defender365.core.model import UNKNOWN_TIME
from defender365.core.state import Aside, State, waits
from defender365.core.summary import many
from defender365.core.timeframe import from_ticks

UNKNOWN = "unknown"
WAITING = "waiting"


@dataclass(frozen=True)
class Explanation:
    """A status (one word or two) and the reason as sentences."""

    incident: str
    status: str
    reason: str
    alerts_delivered: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The explanation as one JSON object."""
        return {
            "incident": self.incident,
            "status": self.status,
            "reason": self.reason,
            "alerts_delivered": self.alerts_delivered,
        }


def explain(state: State, incident_id: str, now: float) -> Explanation:
    """What the connector knows of an incident; `now` in seconds since 1970 UTC."""
    entry, aside = state.ledger.get(incident_id), state.aside.get(incident_id)
    delivered = len(entry.keys) if entry else 0
    if aside is not None:
        status = DELIVERED if delivered else ASIDE
        return Explanation(incident_id, status, _aside_words(aside, delivered), delivered)
    if entry is None:
        if incident_id in state.follow:
            source = state.follow[incident_id]
            reason = f"Incident {source} was merged into it; it is fetched when the list is read."
            return Explanation(incident_id, WAITING, reason)
        return Explanation(incident_id, *_unseen_words(state, now))
    return Explanation(incident_id, *_entry_words(entry), delivered)


def _entry_words(entry: Entry) -> tuple[str, str]:
    version = "" if entry.updated == UNKNOWN_TIME else f" (updated {from_ticks(entry.updated)})"
    before = ""
    if entry.keys:
        before = f" {many(len(entry.keys), 'alert')} delivered before, last at {utc(entry.delivered_at)}."
    if entry.status == DELIVERED:
        return DELIVERED, (
            f"{many(len(entry.keys), 'alert')} delivered, last at {utc(entry.delivered_at)}."
            if entry.keys
            else _elsewhere_words(entry, version)
        )
    if entry.status == FILTERED:
        why = SENTENCES.get(entry.detail, entry.detail)
        return FILTERED, f"Kept out by the rule {entry.detail}: {why}{version}.{before}"
    if entry.status == REDIRECTED:
        return (
            REDIRECTED,
            f"Merged into incident {entry.detail}{version}; ask for that one.{before}",
        )
    return ASIDE, f"Set aside: {entry.detail}{before}"


def _elsewhere_words(entry: Entry, version: str) -> str:
    if not entry.detail:
        return f"All its alerts were delivered earlier, under an incident merged into it{version}."
    return (
        f"Alerts of it were delivered earlier, under an incident merged into it{version}; others are"
        f" kept out by the rule {entry.detail}: {SENTENCES.get(entry.detail, entry.detail)}."
    )


def _aside_words(aside: Aside, delivered: int) -> str:
    again = (
        "it has no id to ask for it by"
        if aside.hopeless
        else f"it is tried again after {utc(aside.retry_at)}"
    )
    kept = f" {many(delivered, 'alert')} of it delivered." if delivered else ""
    return f"Set aside after {aside.tries} tries: {aside.reason.rstrip('.')}; {again}.{kept}"


def _unseen_words(state: State, now: float) -> tuple[str, str]:
    if state.walk is None:
        return UNKNOWN, "The connector has not run yet."
    if state.throttled(now):
        until = utc(state.throttled_until)
        return (
            WAITING,
            f"Not seen yet; a rate limit was reached, the connector waits until {until}.",
        )
    if state.walk.complete and state.walk.recheck:
        since = from_ticks(state.walk.recheck)
        return WAITING, f"Not seen yet; the next run reads again from {since} on."
    if waits(state):
        reached = from_ticks(state.walk.position)
        beside = (
            f" What is new since {from_ticks(state.fresh.origin)} is read beside it."
            if state.fresh
            else ""
        )
        return (
            WAITING,
            f"Not seen yet; a backlog is being read and has reached {reached}.{beside}{_trouble(state)}",
        )
    since = from_ticks(max(state.walk.origin, state.forgotten))
    return UNKNOWN, (
        f"Not seen: Defender listed no update of it since {since}, or it does not exist. An"
        f" incident is taken at its next update.{_trouble(state)}"
    )


def _trouble(state: State) -> str:
    error = state.runs.last.get("error")
    if not error:
        return ""
    return f" The last run, at {utc(state.runs.last['ended_at'])}, ended early: {error}"
