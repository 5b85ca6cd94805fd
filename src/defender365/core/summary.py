"""What one poll of the connector did, for people and programs."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from defender365.core.clock import utc
from defender365.core.errors import Defender365Error, RetryLater


def many(count: int, what: str) -> str:
    """A count and what is counted: `1 alert`, `2 alerts`."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


@dataclass
class Summary:
    """What one poll did; what a program reads after `connector run`."""

    incidents_seen: int = 0
    """New or changed since the poll before."""
    incidents_processed: int = 0
    """Those of them that gave the platform at least one case alert."""
    alerts_delivered: int = 0
    filtered: Counter[str] = field(default_factory=Counter)
    """By rule: incidents for an incident's rule, alerts for an alert's."""
    set_aside: int = 0
    throttled_until: float = 0
    """Seconds since 1970 UTC; 0 when no limit was reached."""
    failure: Defender365Error | None = None
    """Why the poll ended early; what was complete before is delivered and remembered."""
    backlog: bool = False
    """True when more incidents wait than this poll could take."""

    requests: Counter[str] = field(default_factory=Counter)
    """By endpoint."""
    budget_left: dict[str, int] = field(default_factory=dict)
    """Requests that the last minute still allowed at the end, by budget."""
    started: float = 0
    ended: float = 0
    """When the run began and ended, in seconds since 1970 UTC."""

    @property
    def next_poll(self) -> float:
        """When the next run can do something, in seconds since 1970 UTC; 0: when the host likes."""
        return self.throttled_until or (self.ended if self.backlog else 0)

    def as_dict(self) -> dict[str, Any]:
        """The summary as one JSON object; moments with `_at` in seconds since 1970 UTC."""
        return {
            "incidents_seen": self.incidents_seen,
            "incidents_processed": self.incidents_processed,
            "alerts_delivered": self.alerts_delivered,
            "filtered": dict(self.filtered),
            "set_aside": self.set_aside,
            "requests": dict(self.requests),
            "budget_left": self.budget_left,
            "throttled_until": utc(self.throttled_until) if self.throttled_until else None,
            "backlog": self.backlog,
            "error": str(self.failure) if self.failure else None,
            "started_at": round(self.started, 3),
            "ended_at": round(self.ended, 3),
            "next_poll": utc(self.next_poll) if self.next_poll else None,
        }

    def words(self) -> list[str]:
        """The summary for a person, a sentence or two a line; what failed is not among them."""
        lines = [
            f"{self.incidents_processed} incidents processed ({self.incidents_seen} new or"
            f" changed), {self.alerts_delivered} alerts delivered,"
            f" {sum(self.requests.values())} requests."
        ]
        if self.filtered:
            kept_out = ", ".join(f"{rule} {count}" for rule, count in self.filtered.items())
            lines.append(f"Kept out: {kept_out}.")
        if self.set_aside:
            lines.append(f"Set aside: {self.set_aside} records that could not be read.")
        if self.backlog and not self.failure and not self.throttled_until:
            lines.append("More incidents wait; the next run takes them.")
        if self.throttled_until:
            until = utc(self.throttled_until)
            lines.append(f"A rate limit was reached: nothing is asked for until {until}.")
        return lines

    def line(self) -> str:
        """The summary as one line of a log: every number, and what comes next."""
        kept_out = ", ".join(f"{rule} {count}" for rule, count in self.filtered.items()) or "none"
        sent = ", ".join(f"{route} {count}" for route, count in self.requests.items()) or "none"
        left = ", ".join(f"{name} {count}" for name, count in self.budget_left.items())
        following = utc(self.next_poll) if self.next_poll else "as scheduled"
        return (
            f"run ended after {self.ended - self.started:.1f} s: {self.incidents_seen} incidents seen,"
            f" {self.incidents_processed} processed, {self.alerts_delivered} alerts delivered; kept out:"
            f" {kept_out}; set aside: {self.set_aside}; requests: {sent}; budget left: {left};"
            f" backlog: {'yes' if self.backlog else 'no'}; next poll: {following}"
            + (f"; failed: {self.failure}" if self.failure else "")
        )

    def failure_words(self) -> str:
        """Why the run ended early, for a person; empty when it did not."""
        if self.failure is None:
            return ""
        kept = " What was complete is delivered." if isinstance(self.failure, RetryLater) else ""
        return f"{self.failure}{kept}"
