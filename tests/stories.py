"""Small tenants for tests: incidents and alerts in Graph's shape, told as changes in time."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from defender_emulator.scenario import AlertRaised, Change, IncidentOpened, Scenario

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TENANT = "5ecdefe2-0000-4000-8000-000000000001"
USER = {
    "@odata.type": "#microsoft.graph.security.userEvidence",
    "createdDateTime": "2026-11-24T11:00:00Z",
    "verdict": "suspicious",
    "remediationStatus": "none",
    "roles": [],
    "tags": [],
    "userAccount": {"accountName": "pat", "domainName": "contoso", "userPrincipalName": None},
}


def at(minutes: float) -> datetime:
    """So many minutes after the start; negative before."""
    return START + timedelta(minutes=minutes)


def stamp(minutes: float, digits: str = "") -> str:
    """The same as Microsoft writes it; `digits` are the fraction's."""
    text = at(minutes).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{digits}Z" if digits else f"{text}Z"


def incident(
    number: int, minutes: float, *, updated: str | None = None, **more: Any
) -> dict[str, Any]:
    return {
        "id": str(number),
        "tenantId": TENANT,
        "status": "active",
        "severity": "medium",
        "displayName": f"Incident number {number}",
        "createdDateTime": stamp(minutes),
        "lastUpdateDateTime": updated or stamp(minutes),
        "classification": "unknown",
        "determination": "unknown",
        "assignedTo": None,
        "redirectIncidentId": None,
        "customTags": [],
        "systemTags": [],
        "comments": [],
        **more,
    }


def alert(number: int, letter: str, minutes: float, **more: Any) -> dict[str, Any]:
    return {
        "id": f"da{number}-{letter}",
        "incidentId": str(number),
        "tenantId": TENANT,
        "title": f"Alert {letter} of {number}",
        "severity": "medium",
        "status": "new",
        "classification": "unknown",
        "determination": "unknown",
        "serviceSource": "microsoftDefenderForEndpoint",
        "detectionSource": "antivirus",
        "createdDateTime": stamp(minutes),
        "lastUpdateDateTime": stamp(minutes),
        "firstActivityDateTime": stamp(minutes - 1),
        "lastActivityDateTime": stamp(minutes),
        "evidence": [USER],
        "comments": [],
        **more,
    }


def alerts(*numbers: int, letters: str = "abc") -> Counter[str]:
    """Alerts by their ids, each once: of these incidents, with these letters."""
    return Counter(f"da{number}-{letter}" for number in numbers for letter in letters)


def opened(number: int, minutes: float, letters: str = "abc", **more: Any) -> list[Change]:
    """An incident with its alerts, visible from its own time on."""
    changes: list[Change] = [IncidentOpened(at(minutes), incident(number, minutes, **more))]
    changes += [
        AlertRaised(at(minutes), alert(number, letter, minutes), touch=False) for letter in letters
    ]
    return changes


def many(count: int, letters: str = "abc", *, first: int = 1, since: float = -50) -> list[Change]:
    """So many incidents, evenly spread from then to the start."""
    step = -since / (count + 1)
    return [
        change
        for position in range(count)
        for change in opened(first + position, since + step * (position + 1), letters)
    ]


def story(changes: Iterable[Change] | Sequence[Change], *, start: datetime = START) -> Scenario:
    ordered = tuple(sorted(changes, key=lambda change: change.at))
    end = ordered[-1].at if ordered else start
    return Scenario("story", "A small tenant", TENANT, start, max(end, start), ordered)
