"""What the connector's runs did, kept in its memory: the last one whole, all of them as counts.

From here `connector status` speaks, and Prometheus reads. Names and units follow its conventions
("Metric and label naming", "Exposition formats"): seconds, `_total` for counts, `_timestamp_seconds`
for moments.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from defender365.core.planning import SECOND
from defender365.core.summary import Summary

PREFIX = "defender365_connector"
MOST_WORDS = 500
"""So many characters of an error are kept; the service may say anything."""
MOST_LABELS = 50
"""So many labels of one count are kept; what comes later is counted as `other`."""

COUNTS: Mapping[str, tuple[str, str]] = {
    "runs": ("result", "Runs of the connector by result: ok, throttled, failed."),
    "incidents_seen": ("", "Incidents that were new or had changed."),
    "incidents_processed": ("", "Incidents that gave the platform at least one case alert."),
    "alerts_delivered": ("", "Case alerts handed to the platform."),
    "filtered": ("rule", "Incidents and alerts kept out, by the rule that did."),
    "set_aside": ("", "Times that a record was set aside because it could not be read."),
    "requests": ("endpoint", "Requests sent to Microsoft's APIs by endpoint, sign-ins included."),
    "failures": ("kind", "Runs that ended early, by the kind of failure."),
}
"""Each count: the name of its label, if it has one, and what it counts."""


@dataclass
class Runs:
    """The last run and the counts of all; bounded."""

    last: dict[str, Any] = field(default_factory=dict)
    totals: dict[str, Counter[str]] = field(default_factory=dict)
    last_success: float = 0
    """When the last run that did not fail and was not throttled ended, in seconds since 1970 UTC."""

    def ended(self, summary: Summary) -> None:
        """Count a run in."""
        self.last = summary.as_dict()
        self.last["error"] = (self.last["error"] or "")[:MOST_WORDS] or None
        result = "failed" if summary.failure else "throttled" if summary.throttled_until else "ok"
        if result == "ok":
            self.last_success = summary.ended
        self._count("runs", {result: 1})
        for name in ("incidents_seen", "incidents_processed", "alerts_delivered", "set_aside"):
            self._count(name, {"": getattr(summary, name)})
        self._count("filtered", summary.filtered)
        self._count("requests", summary.requests)
        if summary.failure:
            self._count("failures", {type(summary.failure).__name__: 1})

    def _count(self, name: str, found: Mapping[str, int]) -> None:
        counts = self.totals.setdefault(name, Counter())
        for label, count in found.items():
            known = label in counts or len(counts) < MOST_LABELS
            counts[label if known else "other"] += count

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values, for the state."""
        totals = {name: dict(counts) for name, counts in self.totals.items()}
        return {"last": self.last, "totals": totals, "last_success": self.last_success}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "Runs":
        """What `as_json` gave. Raises KeyError, TypeError, ValueError or AttributeError otherwise."""
        totals = {
            str(name): Counter({str(label): int(n) for label, n in counts.items()})
            for name, counts in found["totals"].items()
        }
        last = dict(found["last"])
        whole = isinstance(last.get("ended_at"), int | float) and isinstance(
            last.get("requests"), dict
        )
        return cls(last if whole else {}, totals, float(found["last_success"]))


@dataclass(frozen=True)
class Gauges:
    """What the memory holds now, for a graph; moments in seconds since 1970 UTC, 0 for none."""

    position: int
    """Microsoft's time of the last incident handled, in 100 ns ticks."""
    backlog: bool
    """Whether more incidents wait than the last run could take."""
    remembered_alerts: int
    remembered_incidents: int
    set_aside: int
    throttled_until: float
    characters: int


def exposition(runs: Runs, gauges: Gauges) -> str:
    """All of it as Prometheus' text format, version 0.0.4."""
    lines: list[str] = []
    for name, (label, words) in COUNTS.items():
        counts = runs.totals.get(name, Counter())
        samples = [(_labels(label, value), count) for value, count in sorted(counts.items())]
        lines += _family(f"{name}_total", "counter", words, samples or ([] if label else [("", 0)]))
    for name, words, value in _gauges(runs, gauges):
        lines += _family(name, "gauge", words, [("", value)])
    left = runs.last.get("budget_left") or {}
    budgets = [(_labels("budget", name), count) for name, count in sorted(left.items())]
    lines += _family(
        "budget_left_requests", "gauge", "Requests that the minute still allowed when the last run ended.", budgets
    )  # fmt: skip
    return "\n".join(lines) + "\n"


def _gauges(runs: Runs, gauges: Gauges) -> Iterator[tuple[str, str, float]]:
    ended, began = runs.last.get("ended_at", 0), runs.last.get("started_at", 0)
    yield "last_run_timestamp_seconds", "When the last run ended.", ended
    yield "last_run_duration_seconds", "How long the last run took.", round(ended - began, 3)
    yield (
        "last_success_timestamp_seconds",
        "When the last run that neither failed nor was throttled ended.",
        runs.last_success,
    )
    yield (
        "position_timestamp_seconds", "Microsoft's update time of the last incident handled.",
        gauges.position / SECOND,
    )  # fmt: skip
    yield "backlog", "1 while more incidents wait than a run could take.", int(gauges.backlog)
    yield (
        "set_aside_incidents",
        "Incidents that wait on the shelf to be tried again.",
        gauges.set_aside,
    )
    yield "remembered_alerts", "Delivered alerts that the memory knows.", gauges.remembered_alerts
    yield "remembered_incidents", "Incidents that the memory knows.", gauges.remembered_incidents
    yield "state_characters", "Size of the memory.", gauges.characters
    yield (
        "throttled_until_timestamp_seconds", "Until when nothing is sent after a 429; 0 for no wait.",
        gauges.throttled_until,
    )  # fmt: skip


def _family(name: str, kind: str, words: str, samples: Sequence[tuple[str, float]]) -> list[str]:
    full = f"{PREFIX}_{name}"
    head = [f"# HELP {full} {words}", f"# TYPE {full} {kind}"]
    return [*head, *(f"{full}{labels} {_number(value)}" for labels, value in samples)]


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))


def _labels(name: str, value: str) -> str:
    if not name:
        return ""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{{{name}="{escaped}"}}'
