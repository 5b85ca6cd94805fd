"""The tenant: incidents and alerts with a memory, changed by the scenario and by clients."""

import threading
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from defender_emulator.clock import VirtualClock
from defender_emulator.scenario import (
    AlertChanged,
    AlertRaised,
    Change,
    IncidentChanged,
    IncidentOpened,
    IncidentsMerged,
    Json,
    Scenario,
)
from defender_emulator.ticks import stamp, ticks_of

MIRRORED = ("classification", "determination", "assignedTo")
"""What an update of an incident sets on its alerts too."""


class NotThere(Exception):
    """There is no such incident or alert."""


class Tenant:
    """What the APIs show; every method first lets the due changes happen. Thread-safe."""

    def __init__(self, scenario: Scenario, clock: VirtualClock) -> None:
        self.scenario = scenario
        self.clock = clock
        self.lock = threading.RLock()
        self.incidents: dict[str, Json] = {}
        self.alerts: dict[str, Json] = {}
        self.visible_at: dict[str, datetime] = {}
        self.version = 0
        self._alerts_of: dict[str, list[str]] = {}
        self._pending = deque(scenario.changes)
        self._sorted: dict[str, tuple[int, list[Json]]] = {}
        self.settle()

    def settle(self) -> None:
        """Apply every change whose time has come."""
        with self.lock:
            now = self.clock.now()
            while self._pending and self._pending[0].at <= now:
                self._apply(self._pending.popleft())

    def add(self, changes: Iterable[Change]) -> None:
        """Add to the story; changes whose time is over happen at once."""
        with self.lock:
            self._pending = deque(sorted([*self._pending, *changes], key=lambda change: change.at))
            self.settle()

    def incident(self, incident_id: str) -> Json:
        """One incident. Raises `NotThere`."""
        self.settle()
        if incident_id not in self.incidents:
            raise NotThere(incident_id)
        return self.incidents[incident_id]

    def alert(self, alert_id: str) -> Json:
        """One alert. Raises `NotThere`."""
        self.settle()
        if alert_id not in self.alerts:
            raise NotThere(alert_id)
        return self.alerts[alert_id]

    def alerts_of(self, incident_id: str) -> list[Json]:
        """The alerts of an incident, newest first."""
        return [self.alerts[key] for key in reversed(self._alerts_of.get(incident_id, ()))]

    def count_alerts(self, incident_id: str) -> int:
        """How many alerts an incident has."""
        return len(self._alerts_of.get(incident_id, ()))

    def all_incidents(self) -> list[Json]:
        """Every incident, the last updated first."""
        return self._ordered("incidents", self.incidents)

    def all_alerts(self) -> list[Json]:
        """Every alert, the last updated first."""
        return self._ordered("alerts", self.alerts)

    def seen_alerts(self) -> list[tuple[datetime, Json, Json]]:
        """Every alert with its incident and the moment it became visible, for hunting."""
        with self.lock:
            self.settle()
            return [
                (self.visible_at[key], self.incidents.get(alert.get("incidentId", ""), {}), alert)
                for key, alert in self.alerts.items()
            ]

    def update_incident(self, incident_id: str, changes: Json, by: str) -> Json:
        """A client's change; it moves the update time and is mirrored to the alerts."""
        with self.lock:
            self.incident(incident_id)
            now = stamp(self.clock.now())
            self._change_incident(incident_id, {**changes, "lastModifiedBy": by}, now)
            mirrored: Json = {name: changes[name] for name in MIRRORED if name in changes}
            if changes.get("status") == "resolved":
                mirrored |= {"status": "resolved", "resolvedDateTime": now}
            for alert_id in self._alerts_of.get(incident_id, ()) if mirrored else ():
                alert = self.alerts[alert_id]
                self.alerts[alert_id] = {**alert, **mirrored, "lastUpdateDateTime": now}
            return self.incidents[incident_id]

    def update_alert(self, alert_id: str, changes: Json) -> Json:
        """A client's change of one alert."""
        with self.lock:
            self.alert(alert_id)
            self._change_alert(alert_id, changes, stamp(self.clock.now()))
            return self.alerts[alert_id]

    def comment(self, kind: str, key: str, text: str, by: str) -> list[Json]:
        """Add a comment to an incident or alert; gives all of them."""
        with self.lock:
            record = self.incident(key) if kind == "incidents" else self.alert(key)
            now = stamp(self.clock.now())
            new = {"comment": text, "createdByDisplayName": by, "createdDateTime": now}
            comments = [*(record.get("comments") or ()), new]
            if kind == "incidents":
                self._change_incident(key, {"comments": comments}, now)
            else:
                self._change_alert(key, {"comments": comments}, now)
            return comments

    def merge(self, source_ids: Iterable[str], target_id: str) -> None:
        """Merge incidents into the target, now."""
        with self.lock:
            for source_id in source_ids:
                self._merge(source_id, target_id, self.clock.now())

    def move_alerts(self, alert_ids: Iterable[str], target_id: str) -> None:
        """Move alerts to another incident, now."""
        with self.lock:
            now = stamp(self.clock.now())
            for alert_id in alert_ids:
                source = self.alert(alert_id).get("incidentId", "")
                self._alerts_of.get(source, [alert_id]).remove(alert_id)
                self._place(alert_id, target_id)
                self._change_incident(source, {}, now)
            self._change_incident(target_id, {}, now)

    def _apply(self, change: Change) -> None:
        now = stamp(change.at)
        match change:
            case IncidentOpened(incident=incident):
                self.incidents[str(incident.get("id"))] = dict(incident)
                self.version += 1
            case AlertRaised(alert=alert, touch=touch):
                self._raise(alert, change.at, touch=touch)
            case IncidentChanged(incident_id=key, changes=changes):
                self._change_incident(key, changes, now)
            case AlertChanged(alert_id=key, changes=changes):
                self._change_alert(key, changes, now)
            case IncidentsMerged(source_id=source, target_id=target):
                self._merge(source, target, change.at)

    def _raise(self, alert: Json, at: datetime, *, touch: bool) -> None:
        key = str(alert.get("id"))
        self.alerts[key] = dict(alert)
        self.visible_at[key] = at
        incident_id = str(alert.get("incidentId"))
        self._alerts_of.setdefault(incident_id, []).append(key)
        self.version += 1
        if touch:
            self._change_incident(incident_id, {}, stamp(at))

    def _change_incident(self, key: str, changes: Json, now: str) -> None:
        if key in self.incidents:
            moved: Json = {"lastUpdateDateTime": now, **changes}
            self.incidents[key] = {**self.incidents[key], **moved}
            self.version += 1

    def _change_alert(self, key: str, changes: Json, now: str) -> None:
        if key in self.alerts:
            self.alerts[key] = {**self.alerts[key], "lastUpdateDateTime": now, **changes}
            self._change_incident(str(self.alerts[key].get("incidentId")), {}, now)

    def _merge(self, source_id: str, target_id: str, at: datetime) -> None:
        source, target = self.incidents[source_id], self.incidents[target_id]
        for alert_id in list(self._alerts_of.pop(source_id, ())):
            self._place(alert_id, target_id)
        tags = list(
            dict.fromkeys([*(target.get("customTags") or ()), *(source.get("customTags") or ())])
        )
        gone = {
            "status": "redirected",
            "redirectIncidentId": target_id,
            "customTags": [*(source.get("customTags") or ()), "Redirected"],
        }
        self._change_incident(source_id, gone, stamp(at))
        self._change_incident(target_id, {"customTags": tags}, stamp(at))

    def _place(self, alert_id: str, incident_id: str) -> None:
        self.alerts[alert_id] = {**self.alerts[alert_id], "incidentId": incident_id}
        self._alerts_of.setdefault(incident_id, []).append(alert_id)

    def _ordered(self, name: str, records: dict[str, Json]) -> list[Json]:
        with self.lock:
            self.settle()
            version, found = self._sorted.get(name, (-1, []))
            if version != self.version:
                found = sorted(records.values(), key=_updated, reverse=True)
                self._sorted[name] = (self.version, found)
            return found


def _updated(record: Json) -> Any:
    return ticks_of(record.get("lastUpdateDateTime")) or 0
