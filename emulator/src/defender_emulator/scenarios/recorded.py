"""Recorded data of real tenants: an incident with 12 alerts, and hunting rows.

Its times are moved into the 30 days before the start, unless asked to stay as they were.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from defender_emulator.scenario import (
    AlertRaised,
    Change,
    IncidentOpened,
    Json,
    RowLogged,
    Scenario,
)
from defender_emulator.scenarios import facts, records
from defender_emulator.scenarios.company import Company
from defender_emulator.scenarios.evidence import complex_value, evidence
from defender_emulator.scenarios.identifiers import alert_id, guid, sha1
from defender_emulator.scenarios.options import Options
from defender_emulator.scenarios.times import moment

TITLE = "Recorded data: an incident with 12 alerts and 273 hunting rows"
KNOWN = ("shift",)
_STILL = timedelta(0)
_TABLES = {
    "LdapSearch": "DeviceEvents",
    "Directory Services replication": "IdentityDirectoryEvents",
}
_COLUMNS = {
    "ReportId_long": "ReportId",
    "AdditionalFields_string": "AdditionalFields",
    "UserAgent_string": "UserAgent",
}
_NO_COLUMNS = ("rawData", "AppId", "UserId", "Permissions", "PermissionsAddedTo")


def build(*, seed: int, start: datetime, options: Options) -> Scenario:
    """Replay the recordings."""
    options.only(*KNOWN)
    shift = options.switch("shift", default=True)
    tenant = Company(seed).tenant_id
    target = start if shift else None
    changes = tuple(_incident(tenant, target))
    rows = sorted([*_alert_rows(target), *_device_rows(target)], key=lambda row: row.at)
    return Scenario(
        name="recorded",
        title=TITLE,
        tenant_id=tenant,
        start=start,
        end=start,
        changes=changes,
        rows=tuple(rows),
    )


def moved(text: str, by: timedelta) -> str:
    """A time later or earlier by whole seconds; its fraction stays as written."""
    head, dot, fraction = text.removesuffix("Z").partition(".")
    later = moment(f"{head}Z") + by
    return f"{later:%Y-%m-%dT%H:%M:%S}{dot}{fraction}Z"


def _distance(times: Iterable[str], target: datetime | None, before: timedelta) -> timedelta:
    """How far to move so that the last of the times lies shortly before the target."""
    if target is None:
        return _STILL
    gap = target - before - moment(max(times))
    return timedelta(seconds=gap // timedelta(seconds=1))


def _incident(tenant: str, target: datetime | None) -> Iterator[Change]:
    recorded: Json = json.loads(facts.packaged("recorded/defender-api-incident.json"))
    alerts: list[Json] = recorded["alerts"]
    made = _distance([a["creationTime"] for a in alerts], target, timedelta(days=9))
    touched = _distance([a["lastUpdatedTime"] for a in alerts], target, timedelta(hours=1))
    number = str(recorded["incidentId"])
    updated = moved(recorded["lastUpdateTime"], touched)
    at = moment(updated)
    yield IncidentOpened(
        at,
        records.incident(
            number,
            tenant,
            moved(recorded["createdTime"], made),
            displayName=recorded["incidentName"],
            lastUpdateDateTime=updated,
            assignedTo="analyst@recorded.example",
            severity=_camel(recorded["severity"]),
            status=_camel(recorded["status"]),
            customTags=recorded["tags"],
        ),
    )
    for n, alert in enumerate(alerts):
        yield AlertRaised(at, _alert(alert, n, number, tenant, (made, touched)), touch=False)


def _alert(
    recorded: Json, n: int, incident_id: str, tenant: str, shifts: tuple[timedelta, timedelta]
) -> Json:
    made, touched = shifts
    created = moved(recorded["creationTime"], made)
    return records.alert(
        alert_id("da", "recorded", n),
        incident_id,
        tenant,
        created,
        title=recorded["title"],
        description=recorded["description"],
        category=recorded["category"],
        severity=_camel(recorded["severity"]),
        status=_camel(recorded["status"]),
        serviceSource=_camel(recorded["serviceSource"]),
        detectionSource=_camel(recorded["detectionSource"]),
        detectorId=guid("recorded detector"),
        investigationState=_camel(recorded["investigationState"]),
        assignedTo="analyst@recorded.example",
        mitreTechniques=recorded["mitreTechniques"],
        lastUpdateDateTime=moved(recorded["lastUpdatedTime"], touched),
        resolvedDateTime=moved(recorded["resolvedTime"], made),
        firstActivityDateTime=moved(recorded["firstActivity"], made),
        lastActivityDateTime=moved(recorded["lastActivity"], made),
        evidence=[_device(device, created) for device in recorded["devices"]],
    )


def _device(recorded: Json, created: str) -> Json:
    return evidence(
        "deviceEvidence",
        created,
        mdeDeviceId=sha1("recorded device"),
        azureAdDeviceId=recorded["aadDeviceId"],
        deviceDnsName="desktop-01.recorded.example",
        hostName="desktop-01",
        osPlatform=recorded["osPlatform"],
        osBuild=recorded["osBuild"],
        version=recorded["version"],
        healthStatus=_camel(recorded["healthStatus"]),
        riskScore=_camel(recorded["riskScore"]),
        rbacGroupName=recorded["rbacGroupName"],
        firstSeenDateTime=recorded["firstSeen"],
        tags=recorded["tags"],
        defenderAvStatus=_camel(recorded["defenderAvStatus"]),
        onboardingStatus=_camel(recorded["onboardingStatus"]),
        loggedOnUsers=[complex_value("loggedOnUser", accountName="user01", domainName="RECORDED")],
    )


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]


def _alert_rows(target: datetime | None) -> Iterator[RowLogged]:
    recorded: Json = json.loads(facts.packaged("recorded/hunting-alertinfo-response.json"))
    rows: list[dict[str, Any]] = recorded["Results"]
    by = _distance([row["Timestamp"] for row in rows], target, timedelta(hours=1))
    for n, row in enumerate(rows):
        time = moved(row["Timestamp"], by)
        own = {"Timestamp": time, "AlertId": alert_id("fa", "recorded", n)}
        yield RowLogged(moment(time), "AlertInfo", {**row, **own})


def _device_rows(target: datetime | None) -> Iterator[RowLogged]:
    text = facts.packaged("recorded/hunting-device-rows.jsonl")
    rows: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    by = _distance([row["Timestamp"] for row in rows], target, timedelta(hours=2))
    for row in rows:
        table = _TABLES.get(row["ActionType"], "CloudAppEvents")
        time = moved(row["Timestamp"], by)
        own = {_COLUMNS.get(name, name): value for name, value in row.items() if _kept(name, value)}
        if table == "CloudAppEvents" and "ISP" in own:
            own["Isp"] = own.pop("ISP")
        yield RowLogged(moment(time), table, {**own, "Timestamp": time})


def _kept(name: str, value: Any) -> bool:
    return value not in ("", None) and name not in _NO_COLUMNS
