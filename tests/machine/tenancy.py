"""What happens in the tenant: incidents open, change, merge and go, with times of all kinds."""

from datetime import datetime, timedelta
from typing import Any

from defender_emulator.scenario import AlertRaised, Change, IncidentChanged, IncidentOpened
from defender_emulator.ticks import stamp, ticks_of
from tests.lab import Lab, delete
from tests.stories import START, alert, incident

SOURCES = ("microsoftDefenderForEndpoint", "microsoftSentinel")
LOOKED_AT = 145
"""Minutes after a merge in which the incident that others went into is looked at, and some less."""
STRANGE = ("no time", "no id", "alert without id", "alert without times", "alert no object")


def ticks(moment: datetime) -> int:
    """A moment in 100 ns since 1970."""
    return ticks_of(stamp(moment)) or 0


class Tenancy:
    """Changes the emulator's tenant, and keeps what the tenant itself does not say.

    Each change happens a second after what was before it, so that no record changes without
    its update time; equal times of two incidents are made on purpose.
    """

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.keys: list[str] = []
        """The incidents that can be named, in the order they were opened."""
        self.shown_at: dict[str, int] = {}
        """When an incident becomes visible, in ticks."""
        self.followed: dict[tuple[str, int, str], str] = {}
        """Alerts that only a redirect leads to: incident, its update time, alert; the source."""
        self.moved_at: dict[str, int] = {}
        """When an alert came into its incident by a merge that did not touch that one's time."""
        self._quiet: dict[str, tuple[int, str, datetime]] = {}
        """The last merge into an incident that did not touch its time: that time, source, moment."""
        self._fixed: set[str] = set()
        self._alerts = 0

    @property
    def tenant(self) -> Any:
        """The emulator's, with its inner parts."""
        return self.lab.world.tenant

    @property
    def now(self) -> datetime:
        """The tenant's time."""
        return self.lab.world.clock.now()

    def pick(self, which: int) -> str | None:
        """A visible incident by number, the same for the same number; None when there is none."""
        self.tenant.settle()
        there = [key for key in self.keys if key in self.tenant.incidents]
        return there[which % len(there)] if there else None

    def open(
        self, *, alerts: int = 1, severity: str = "medium", tie: bool = False, delay: int = 0,
        digits: str = "", source: int = 0,
    ) -> str:  # fmt: skip
        """An incident opens: visible after `delay` minutes, perhaps with the last one's time."""
        self.lab.wait(1)
        key = str(len(self.keys) + 1)
        updated = self._updated(tie=tie, digits=digits)
        at = self.now + timedelta(minutes=delay)
        record = {**incident(int(key), self._minutes, updated=updated), "severity": severity}
        self._show(key, [IncidentOpened(at, record), *self._raised(key, at, alerts, source)], at)
        return key

    def burst(self, count: int, seconds: float) -> None:
        """Many incidents of one alert, so many seconds apart; 0: all with one update time."""
        self.lab.wait(1)
        for position in range(count):
            if seconds >= 1:
                self.lab.wait(seconds)
            key = str(len(self.keys) + 1)
            at = self.now
            updated = stamp(at + timedelta(seconds=position * seconds if seconds < 1 else 0))
            record = incident(int(key), self._minutes, updated=updated)
            self._show(key, [IncidentOpened(at, record), *self._raised(key, at, 1, 0)], at)

    def raise_alert(self, key: str, *, delay: int = 0, touch: bool = True, source: int = 0) -> None:
        """An alert more; without `touch`, or late, its incident's time does not tell of it now."""
        self.lab.wait(1)
        at = self.now + timedelta(minutes=delay)
        raised = self._raised(key, at, 1, source, touch=touch)
        self.tenant.add(raised)
        updated, merged, moment = self._quiet.get(key, (0, "", self.now))
        if merged and not touch and at - moment <= timedelta(minutes=LOOKED_AT):
            self.followed[key, updated, f"da{key}-{self._alerts}"] = merged

    def change(self, key: str, **changes: Any) -> None:
        """Somebody changes an incident."""
        self.lab.wait(1)
        self.tenant.add([IncidentChanged(self.now, key, changes)])

    def merge(self, source: str, target: str, *, touch: bool = True) -> None:
        """The source goes into the target; without `touch` the target's time stays as it was."""
        records = self.tenant.incidents
        gone = any(records[key]["status"] == "redirected" for key in (source, target))
        if source == target or gone or source in self._fixed:
            return
        self.lab.wait(1)
        before = records[target]["lastUpdateDateTime"]
        moved = self.tenant.alerts_of(source)
        self.tenant.merge([source], target)
        if not touch:
            back = {"lastUpdateDateTime": before}
            self.tenant.add([IncidentChanged(self.now, target, back)])
            self._quiet[target] = ticks_of(before) or 0, source, self.now
            self._follow(source, target, ticks_of(before) or 0, moved)

    def _follow(self, source: str, target: str, updated: int, moved: list[Any]) -> None:
        for found in moved:
            if isinstance(found, dict):
                self.moved_at[str(found.get("id"))] = ticks(self.now)
        for found in self.tenant.alerts_of(target):
            if isinstance(found, dict):
                self.followed[target, updated, str(found.get("id"))] = source

    def delete(self, key: str) -> None:
        """An incident is gone, with its alerts."""
        delete(self.tenant, key)

    def strange(self, kind: str) -> None:
        """A record that is not as it should be."""
        if kind in {"no time", "no id"}:
            self._strange_incident(kind)
            return
        key = self.open(alerts=1)
        self._fixed.add(key)
        bad: dict[str, Any] = alert(key, "bad", self._minutes)
        if kind == "alert without id":
            bad["id"] = ""
        nulls = (
            "createdDateTime",
            "lastUpdateDateTime",
            "firstActivityDateTime",
            "title",
            "evidence",
        )
        bad |= dict.fromkeys(nulls)
        self.tenant.add([AlertRaised(self.now, bad, touch=False)])
        if kind == "alert no object":
            with self.tenant.lock:
                self.tenant.alerts[str(bad["id"])] = "no object"
                self.tenant.version += 1

    def _strange_incident(self, kind: str) -> None:
        self.lab.wait(1)
        number = 900_000 + len(self.shown_at)
        record = incident(number, self._minutes)
        record |= {"lastUpdateDateTime": None} if kind == "no time" else {"id": ""}
        key = str(record["id"])
        self.shown_at[key] = ticks(self.now)
        self.tenant.add([IncidentOpened(self.now, record), *self._raised(key, self.now, 1, 0)])

    @property
    def _minutes(self) -> float:
        return (self.now - START) / timedelta(minutes=1)

    def _updated(self, *, tie: bool, digits: str) -> str:
        last = self.tenant.incidents.get(self.keys[-1]) if self.keys else None
        if tie and last is not None:
            return str(last["lastUpdateDateTime"])
        whole = stamp(self.now.replace(microsecond=0)).removesuffix("Z")
        return f"{whole}.{digits}Z" if digits else f"{whole}Z"

    def _show(self, key: str, changes: list[Change], at: datetime) -> None:
        self.keys.append(key)
        self.shown_at[key] = ticks(at)
        self.tenant.add(changes)

    def _raised(
        self, key: str, at: datetime, count: int, source: int, *, touch: bool = False
    ) -> list[Change]:
        found: list[Change] = []
        for _ in range(count):
            self._alerts += 1
            record = alert(key, str(self._alerts), self._minutes, serviceSource=SOURCES[source % 2])
            found.append(AlertRaised(at, record, touch=touch))
        return found
