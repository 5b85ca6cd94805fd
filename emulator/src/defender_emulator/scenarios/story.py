"""Writing a story down: incidents and alerts at minutes after the start, in order."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from defender_emulator.scenario import (
    AlertChanged,
    AlertRaised,
    Change,
    IncidentChanged,
    IncidentOpened,
    IncidentsMerged,
    Json,
)
from defender_emulator.scenarios import records
from defender_emulator.scenarios.company import Company
from defender_emulator.scenarios.identifiers import alert_id
from defender_emulator.scenarios.props import Props
from defender_emulator.scenarios.times import stamp


@dataclass(frozen=True)
class Told:
    """How one alert of a story reads."""

    title: str
    severity: str
    service: str
    source: str
    category: str
    techniques: tuple[str, ...]
    text: str
    steps: str = (
        "A. Validate the alert.\n1. Look at the timeline of the device and of the user.\n"
        "2. Ask the user whether the activity was expected.\n"
        "B. Scope the incident. Find related devices, mails, files and accounts.\n"
        "C. Contain and mitigate. Isolate the device, reset the credentials, remove the mail.\n"
        "D. Contact your incident response team if credentials or data were taken."
    )
    more: Json = field(default_factory=dict)
    """Further properties of the alert, by their Graph name."""


_PREFIXES = {
    "microsoftDefenderForEndpoint": "da",
    "microsoftDefenderForOffice365": "fa",
    "microsoftDefenderForIdentity": "aa",
    "microsoftDefenderForCloudApps": "ca",
    "azureAdIdentityProtection": "ad",
    "microsoft365Defender": "ed",
}


class Story:
    """Collects the changes of a scenario; minutes count from the start and may be negative."""

    def __init__(self, company: Company, start: datetime) -> None:
        self.company = company
        self.start = start
        self._changes: list[Change] = []

    def at(self, minutes: float) -> datetime:
        """The moment some minutes after the start."""
        return self.start + timedelta(minutes=minutes)

    def props(self, minutes: float) -> Props:
        """Things to be seen at that moment."""
        return Props(self.company, stamp(self.at(minutes)))

    def opened(self, minutes: float, incident_id: str, name: str, **fields: Any) -> None:
        """An incident appears."""
        at = self.at(minutes)
        made = records.incident(
            incident_id, self.company.tenant_id, stamp(at), displayName=name, **fields
        )
        self._changes.append(IncidentOpened(at, made))

    def raised(
        self, minutes: float, incident_id: str, told: Told, seen: list[Json], *, touch: bool = True
    ) -> str:
        """An alert appears in an incident; returns its id."""
        at = self.at(minutes)
        name = alert_id(
            _PREFIXES.get(told.service, "ed"), self.company.seed, incident_id, minutes, told.title
        )
        fields: Json = {
            "title": told.title,
            "severity": told.severity,
            "serviceSource": told.service,
            "detectionSource": told.source,
            "category": told.category,
            "mitreTechniques": list(told.techniques),
            "description": told.text,
            "recommendedActions": told.steps,
            "detectorId": alert_id("", "detector", told.title),
            "firstActivityDateTime": stamp(self.at(minutes - 4), 3),
            "lastActivityDateTime": stamp(self.at(minutes - 1), 7),
            "evidence": seen,
            **told.more,
        }
        made = records.alert(name, incident_id, self.company.tenant_id, stamp(at), **fields)
        self._changes.append(AlertRaised(at, made, touch))
        return name

    def changed(self, minutes: float, incident_id: str, **changes: Any) -> None:
        """Some properties of an incident change."""
        self._changes.append(IncidentChanged(self.at(minutes), incident_id, changes))

    def alert_changed(self, minutes: float, alert: str, **changes: Any) -> None:
        """Some properties of an alert change."""
        self._changes.append(AlertChanged(self.at(minutes), alert, changes))

    def merged(self, minutes: float, source_id: str, target_id: str) -> None:
        """One incident is folded into another."""
        self._changes.append(IncidentsMerged(self.at(minutes), source_id, target_id))

    def changes(self) -> tuple[Change, ...]:
        """Everything so far in order of time; what happens at the same moment keeps its order."""
        return tuple(sorted(self._changes, key=lambda change: change.at))
