"""What must have been delivered, told from the tenant alone.

The oracle knows nothing of the connector's code: it looks at the emulator's records.

An alert is **owed** when, now that all is at rest,

- it has an id, its incident is visible, has an id and a time, and was not deleted or redirected;
- the incident passes the filters of status and severity, and the alert the one of its source;
- it came *in reach*: the incident's update time is not before the first run's start, and alert
  and incident were both visible soon enough after that time (`promise.py`). Or it came by a
  redirect that was itself in reach: its incident was the target of a merge that did not touch the
  target's own time, and it came with that merge or within two and a half hours.

An incident without any alert is owed itself, under its own id, by the same rules.

This is asked at rest only: an incident that passed the filters for a while between two rests
and no longer does may be missed. Whatever was owed must have been delivered, and what was
delivered must have passed the filters at some moment, in the incident it was delivered for.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from defender_emulator.ticks import ticks_of
from tests.machine.promise import SECOND, Promise, Ran
from tests.machine.tenancy import SOURCES, Tenancy, ticks

SEVERITIES = ("informational", "low", "medium", "high")
TAKEN = ("active", "inProgress")


@dataclass(frozen=True)
class Wanted:
    """The filters in force."""

    severity: int = 0
    """The lowest severity's rank; 0 for no filter."""
    source: int | None = None
    """The one service source that is taken."""

    def incident(self, record: dict[str, Any]) -> bool:
        """Whether the filters take this incident."""
        enough = SEVERITIES.index(record["severity"]) >= self.severity
        return record["status"] in TAKEN and enough

    def alert(self, record: dict[str, Any]) -> bool:
        """Whether the filters take this alert of an incident they take."""
        return self.source is None or record.get("serviceSource") == SOURCES[self.source]

    def values(self) -> dict[str, Any]:
        """The same as the connector is told."""
        told: dict[str, Any] = {}
        if self.severity:
            told["Lowest Severity To Fetch"] = SEVERITIES[self.severity].title()
        if self.source is not None:
            told["Alert Service Source Filter"] = SOURCES[self.source]
        return told


class Oracle:
    """Watches a tenant; says what is owed, what was ever right, and what `explain` may say."""

    def __init__(self, tenancy: Tenancy, wanted: Wanted) -> None:
        self.tenancy = tenancy
        self.wanted = wanted
        self.origin = 0
        """Where the connector's first run started, in ticks."""
        self.homes: dict[str, set[str]] = defaultdict(set)
        """For each alert that ever passed, the incidents it passed in."""
        self.promise = Promise()
        self.newest = 0
        """The newest update time that was there so far, in ticks."""

    def observe(self) -> None:
        """Note what passes at this moment; to be called before and after each change."""
        for key, record in self._records():
            self.newest = max(self.newest, ticks_of(record["lastUpdateDateTime"]) or 0)
            if self.wanted.incident(record):
                for alert_id in self._passing(key):
                    self.homes[alert_id].add(key)

    def ran(self, began: int, *, whole: bool, newest: int) -> None:
        """Note a run: when it began, whether it read the list to its end, what was newest before."""
        self.promise.runs.append(Ran(began, whole, newest))
        self.observe()

    def listed_since(self, newest: int, began: int) -> dict[str, str]:
        """What a run that says that nothing waits has delivered: what was new when it began."""
        found = {}
        for key, record in self._records():
            updated = ticks_of(record["lastUpdateDateTime"]) or 0
            if max(newest, self.origin) < updated < began + SECOND and self.wanted.incident(record):
                for alert_id in self._passing(key):
                    if self._there(key, alert_id) <= began:
                        found[alert_id] = key
        return found

    def owed(self) -> dict[str, str]:
        """The ids that must have been delivered by now, each with its incident."""
        found = {}
        for key, record in self._records():
            if self.wanted.incident(record):
                for alert_id in self._passing(key):
                    if self.in_reach(key, record, alert_id):
                        found[alert_id] = key
        return found

    def in_reach(self, key: str, record: dict[str, Any], alert_id: str) -> bool:
        """Whether an alert (or, by its own id, an incident) came where it must be found."""
        updated = ticks_of(record["lastUpdateDateTime"])
        if updated is None:
            return False
        source = self.tenancy.followed.get((key, updated, alert_id), None)
        merged = self.tenancy.tenant.incidents.get(source, {}).get("lastUpdateDateTime")
        if (ticks_of(merged) or 0) >= max(self.origin, 1):
            return True
        shown = self._there(key, alert_id)
        return updated >= self.origin and self.promise.holds(updated, shown)

    def statuses(self, key: str, delivered: set[str]) -> set[str]:
        """What `explain` may say of an incident at rest; empty where it may say anything.

        `delivered` are the ids delivered for this incident.
        """
        record = self.tenancy.tenant.incidents.get(key)
        if record is None or not self.in_reach(key, record, key):
            return set()
        if record["redirectIncidentId"]:  # unless somebody gave it another status since
            return {"redirected"} if record["status"] == "redirected" else set()
        if not self.wanted.incident(record):
            return {"filtered"}
        passing = set(self._passing(key))
        if any(self.in_reach(key, record, one) for one in passing):
            return {"delivered"}
        return set() if passing else self._kept_out(key, delivered)

    def _kept_out(self, key: str, delivered: set[str]) -> set[str]:
        """Of an incident that passes, none of whose alerts does."""
        alerts = self.tenancy.tenant.alerts_of(key)
        allowed = {"set aside"} if len(alerts) != len(list(_good(alerts))) else {"filtered"}
        return allowed | ({"delivered"} if delivered else set())

    def _records(self) -> Iterator[tuple[str, dict[str, Any]]]:
        tenant = self.tenancy.tenant
        tenant.settle()
        for key in self.tenancy.keys:
            if key in tenant.incidents:
                yield key, tenant.incidents[key]

    def _passing(self, key: str) -> list[str]:
        alerts = self.tenancy.tenant.alerts_of(key)
        if not alerts:
            return [key] if self.wanted.source is None else []
        return [alert["id"] for alert in _good(alerts) if self.wanted.alert(alert)]

    def _there(self, key: str, alert_id: str) -> int:
        """Since when an alert can be seen in an incident whose time may not tell of it."""
        moment = self.tenancy.tenant.visible_at.get(alert_id)
        shown = 0 if moment is None else ticks(moment)
        return max(shown, self.tenancy.shown_at[key], self.tenancy.moved_at.get(alert_id, 0))


def _good(alerts: list[Any]) -> Iterator[dict[str, Any]]:
    return (alert for alert in alerts if isinstance(alert, dict) and alert.get("id"))
