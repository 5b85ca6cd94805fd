"""Incidents and alerts as Graph sends them: read what we need, keep everything.

Nothing is dropped: `raw` is the record itself, so fields Microsoft adds tomorrow reach the case.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from defender365.core.errors import BadRecord
from defender365.core.timeframe import NO_TIME, graph_ticks

Json = dict[str, Any]

UNKNOWN_TIME = NO_TIME
"""The tick count of a time that is missing or cannot be read."""


@dataclass(slots=True)
class Alert:
    """One alert; `id` and an object are all it must have."""

    id: str
    raw: Json

    @property
    def title(self) -> str:
        """The alert's title, or a name made from its id where Microsoft sent none."""
        return text(self.raw.get("title")) or f"Alert {self.id}"

    @property
    def evidence(self) -> list[Json]:
        """The evidence objects; anything else in the list is left out of events."""
        found = self.raw.get("evidence")
        return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


@dataclass(slots=True)
class Incident:
    """One incident and the alerts that came with it."""

    id: str
    updated: int
    """`lastUpdateDateTime` in 100 ns ticks, or `UNKNOWN_TIME`."""
    raw: Json
    alerts: list[Alert] = field(default_factory=list)
    bad_alerts: list[str] = field(default_factory=list)
    """Why alerts of this incident could not be read, one sentence each."""
    cut: bool = False
    """True when the service says that more alerts follow than it sent."""
    expanded: bool = False
    """True when the alerts came with the incident."""

    @property
    def name(self) -> str:
        """The incident's display name, or one made from its id."""
        return text(self.raw.get("displayName")) or f"Incident {self.id}"

    @property
    def status(self) -> str:
        """Graph's status word, such as `inProgress`; empty when missing."""
        return text(self.raw.get("status"))

    @property
    def severity(self) -> str:
        """Graph's severity word; empty when missing."""
        return text(self.raw.get("severity"))

    @property
    def redirect(self) -> str:
        """The incident this one was merged into; empty when it was not."""
        return text(self.raw.get("redirectIncidentId"))

    @property
    def complaint(self) -> str:
        """What is wrong with its alerts: the first few sentences."""
        return "; ".join(self.bad_alerts[:3])

    def add_alerts(self, records: Iterable[object]) -> None:
        """Read alert records into this incident; bad ones are noted, the rest flow."""
        for position, record in enumerate(records, start=1):
            try:
                self.alerts.append(read_alert(record))
            except BadRecord as error:
                self.bad_alerts.append(f"alert {position} of incident {self.id}: {error}")


def read_incident(record: object) -> Incident:
    """An incident from Graph's JSON, with its alerts if they were expanded.

    Raises `BadRecord` when it is no object, has no id, or its alerts are no list.
    """
    if not isinstance(record, dict):
        raise BadRecord(f"an incident should be a JSON object, not {kind_of(record)}.")
    raw = dict(record)
    alerts = raw.pop("alerts", None)
    cut = raw.pop("alerts@odata.nextLink", None) is not None
    raw.pop("alerts@odata.context", None)
    incident = Incident(
        _identity(raw, "incident"),
        graph_ticks(raw.get("lastUpdateDateTime")),
        raw,
        cut=cut,
        expanded=alerts is not None,
    )
    if alerts is not None and not isinstance(alerts, list):
        raise BadRecord(
            f"the alerts of incident {incident.id} should be a list, not {kind_of(alerts)}."
        )
    incident.add_alerts(alerts or ())
    return incident


def read_alert(record: object) -> Alert:
    """An alert from Graph's JSON. Raises `BadRecord` when it is no object or has no id."""
    if not isinstance(record, dict):
        raise BadRecord(f"an alert should be a JSON object, not {kind_of(record)}.")
    return Alert(_identity(record, "alert"), record)


def identity_of(record: object) -> str:
    """The id of a record that may be bad in other ways; empty when it has none."""
    value = record.get("id") if isinstance(record, dict) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def text(value: object) -> str:
    """A string as it is, nothing for null, and other JSON values spelt out."""
    if isinstance(value, str):
        return value
    return "" if value is None else str(value)


def kind_of(value: object) -> str:
    """What a JSON value is, for messages."""
    names: dict[type, str] = {
        type(None): "null", bool: "true or false", int: "a number", float: "a number",
        str: "text", list: "a list", dict: "an object",
    }  # fmt: skip
    return names.get(type(value), type(value).__name__)


def _identity(raw: Json, what: str) -> str:
    value = raw.get("id")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value:
        raise BadRecord(f"an {what} came without an id.")
    return value
