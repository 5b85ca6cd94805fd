"""What a scenario is: a story told as changes in time, and the telemetry around it.

A scenario is plain data. The tenant (`tenant.py`) applies each change when the virtual clock
reaches its `at`; the hunting engine (`hunting/`) shows each row from its `at` on.
Everything here is deterministic: the same name, seed and start give the same bytes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Json = dict[str, Any]
"""One JSON object, as Microsoft's API would send it."""


@dataclass(frozen=True, slots=True)
class IncidentOpened:
    """A new incident becomes visible.

    `incident` is the whole Graph incident without `alerts`. Its own times are served verbatim
    (0 to 7 fraction digits), so a late arrival is an `at` behind its `lastUpdateDateTime`.
    """

    at: datetime
    incident: Json


@dataclass(frozen=True, slots=True)
class AlertRaised:
    """A new alert becomes visible in the incident that its `incidentId` names.

    `alert` is the whole Graph alert with its evidence; evidence objects may be shared between
    alerts and are never changed in place. With `touch`, the incident's `lastUpdateDateTime`
    moves to `at`; without, it stays as it is (data that shows up late, or a first alert).
    """

    at: datetime
    alert: Json
    touch: bool = True


@dataclass(frozen=True, slots=True)
class IncidentChanged:
    """Properties of an incident change; `lastUpdateDateTime` becomes `at` unless it is given."""

    at: datetime
    incident_id: str
    changes: Json


@dataclass(frozen=True, slots=True)
class AlertChanged:
    """Properties of an alert change; its `lastUpdateDateTime` and its incident's move to `at`."""

    at: datetime
    alert_id: str
    changes: Json


@dataclass(frozen=True, slots=True)
class IncidentsMerged:
    """The source's alerts move to the target; the source becomes a redirect without alerts."""

    at: datetime
    source_id: str
    target_id: str


Change = IncidentOpened | AlertRaised | IncidentChanged | AlertChanged | IncidentsMerged


@dataclass(frozen=True, slots=True)
class RowLogged:
    """One row of a hunting table appears; absent columns are empty (strings) or null (the rest)."""

    at: datetime
    table: str
    row: Mapping[str, Any]


@dataclass(frozen=True)
class Scenario:
    """A story: where the clock starts, what changes when, and what the hunting tables hold.

    `changes` and `rows` are in order of `at`. What lies at or before `start` is history and is
    there from the first request on; `end` is when the last change happens.
    Rows of AlertInfo and AlertEvidence are not listed: the engine derives them from the alerts.
    """

    name: str
    title: str
    tenant_id: str
    start: datetime
    end: datetime
    changes: tuple[Change, ...]
    rows: Iterable[RowLogged] = field(default_factory=tuple)
