"""Whole Graph incidents and alerts, every property present, as one page of the API shows them."""

from datetime import datetime
from functools import cache
from typing import Any

from defender_emulator.scenario import Json
from defender_emulator.scenarios import facts
from defender_emulator.scenarios.times import stamp

PORTAL = "https://security.microsoft.com"

PRODUCTS = {
    "microsoftDefenderForEndpoint": "Microsoft Defender for Endpoint",
    "microsoftDefenderForIdentity": "Microsoft Defender for Identity",
    "microsoftDefenderForCloudApps": "Microsoft Defender for Cloud Apps",
    "microsoftDefenderForOffice365": "Microsoft Defender for Office 365",
    "microsoft365Defender": "Microsoft Defender XDR",
    "azureAdIdentityProtection": "Microsoft Entra ID Protection",
    "microsoftAppGovernance": "App Governance",
    "dataLossPrevention": "Microsoft Data Loss Prevention",
    "microsoftDefenderForCloud": "Microsoft Defender for Cloud",
    "microsoftSentinel": "Microsoft Sentinel",
}


def incident_url(incident_id: str, tenant_id: str) -> str:
    """Where the portal shows an incident."""
    return f"{PORTAL}/incident2/{incident_id}/overview?tid={tenant_id}"


def alert_url(alert_id: str, tenant_id: str) -> str:
    """Where the portal shows an alert."""
    return f"{PORTAL}/alerts/{alert_id}?tid={tenant_id}"


@cache
def _incident_defaults() -> Json:
    return {
        "id": None,
        **facts.blank("incident"),
        "severity": "low",
        "status": "active",
        "classification": "unknown",
        "determination": "unknown",
        "lastModifiedBy": "Microsoft 365 Defender-AlertCorrelation",
    }


@cache
def _alert_defaults() -> Json:
    return {
        "id": None,
        **facts.blank("alert"),
        "severity": "low",
        "status": "new",
        "classification": "unknown",
        "determination": "unknown",
        "detectionSource": "unknown",
        "serviceSource": "microsoft365Defender",
        "investigationState": "unknown",
    }


def incident(incident_id: str, tenant_id: str, created: str, **fields: Any) -> Json:
    """An incident without its alerts; what is not given is what a fresh incident has."""
    return {
        **_incident_defaults(),
        "id": incident_id,
        "tenantId": tenant_id,
        "incidentWebUrl": incident_url(incident_id, tenant_id),
        "createdDateTime": created,
        "lastUpdateDateTime": created,
        **fields,
    }


def alert(alert_id: str, incident_id: str, tenant_id: str, created: str, **fields: Any) -> Json:
    """An alert; its product name follows from its `serviceSource`."""
    made = {
        **_alert_defaults(),
        "id": alert_id,
        "providerAlertId": alert_id,
        "incidentId": incident_id,
        "tenantId": tenant_id,
        "alertWebUrl": alert_url(alert_id, tenant_id),
        "incidentWebUrl": incident_url(incident_id, tenant_id),
        "createdDateTime": created,
        "lastUpdateDateTime": created,
        "firstActivityDateTime": created,
        "lastActivityDateTime": created,
        **fields,
    }
    if made["productName"] is None:
        made["productName"] = PRODUCTS.get(made["serviceSource"])
    if made["category"] is not None and not made["categories"]:
        made["categories"] = [made["category"]]
    return made


def comment(text: str, author: str, at: datetime) -> Json:
    """A comment on an incident or an alert."""
    return {"comment": text, "createdByDisplayName": author, "createdDateTime": stamp(at)}
