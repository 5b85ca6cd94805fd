"""The rows of AlertInfo and AlertEvidence that an alert stands for."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from defender_emulator.hunting.display_names import (
    DETECTIONS,
    SERVICES,
    SEVERITIES,
    techniques_text,
)
from defender_emulator.scenario import Json

Row = dict[str, Any]
Devices = dict[str, Row]
_PREFIX = "#microsoft.graph.security."


def alert_info(alert: Json, seen: datetime) -> Row:
    """The header row of an alert; what the alert does not say is left out."""
    return {
        **_common(alert, seen),
        "Category": alert.get("category") or "",
        "AttackTechniques": techniques_text(alert.get("mitreTechniques")),
    }


def evidence_head(alert: Json, seen: datetime) -> Row:
    """What all evidence rows of an alert say about the alert."""
    categories = [name for name in alert.get("categories") or [alert.get("category")] if name]
    return {
        **_common(alert, seen),
        "Categories": json.dumps(categories) if categories else "",
        "AttackTechniques": techniques_text(alert.get("mitreTechniques")),
    }


def entity_row(evidence: Json, devices: Devices) -> Row:
    """What a row says about one evidence, among the devices of its alert."""
    entity, own = _entity(evidence)
    place = devices.get(own.get("DeviceId", ""), {}) if entity in _ON_DEVICE else {}
    return {**place, "EntityType": entity, "EvidenceRole": _role(evidence, entity), **own}


def devices_of(alert: Json) -> Devices:
    """The alert's devices by id; things that name no device are on the first."""
    found = [_device(evidence) for evidence in alert.get("evidence") or () if is_device(evidence)]
    return {**{row["DeviceId"]: row for row in found}, **({"": found[0]} if found else {})}


def is_device(evidence: Json) -> bool:
    """Whether an evidence is a device."""
    return evidence.get("@odata.type") == f"{_PREFIX}deviceEvidence"


def _common(alert: Json, seen: datetime) -> Row:
    return {
        "Timestamp": alert.get("createdDateTime") or seen.isoformat(),
        "AlertId": alert["id"],
        "Title": alert.get("title") or "",
        "Severity": SEVERITIES.get(alert.get("severity") or "", alert.get("severity") or ""),
        "ServiceSource": _display(SERVICES, alert.get("serviceSource")),
        "DetectionSource": _display(DETECTIONS, alert.get("detectionSource")),
    }


def _display(names: dict[str, str], value: str | None) -> str:
    return names.get(value, value) if value and value != "unknown" else ""


def _role(evidence: Json, entity: str) -> str:
    roles = evidence.get("roles") or ()
    if {"attacker", "commandAndControl", "source", "contextual"} & set(roles):
        return "Related"
    return "Impacted" if entity in ("Machine", "User", "Mailbox") else "Related"


def _entity(evidence: Json) -> tuple[str, Row]:
    name = str(evidence.get("@odata.type") or "").removeprefix(_PREFIX)
    entity, fill = _ENTITIES.get(name, (None, None))
    if entity is None or fill is None:
        bare = name.removesuffix("Evidence")
        return bare[:1].upper() + bare[1:], {"AdditionalFields": _short(evidence)}
    return entity, {key: value for key, value in fill(evidence).items() if value is not None}


def _short(evidence: Json) -> str:
    plain = {
        k: v for k, v in evidence.items() if isinstance(v, str | int) and not k.startswith("@")
    }
    return json.dumps(plain)


def _part(value: Json, name: str) -> Json:
    part = value.get(name)
    return part if isinstance(part, dict) else {}


def account_columns(account: Json) -> Row:
    """The columns that name an account."""
    return {
        "AccountName": account.get("accountName"),
        "AccountDomain": account.get("domainName"),
        "AccountSid": account.get("userSid"),
        "AccountObjectId": account.get("azureAdUserId"),
        "AccountUpn": account.get("userPrincipalName"),
    }


def _file_columns(details: Json) -> Row:
    return {
        "FileName": details.get("fileName"),
        "FolderPath": details.get("filePath"),
        "SHA1": details.get("sha1"),
        "SHA256": details.get("sha256"),
        "FileSize": details.get("fileSize"),
    }


def _device(e: Json) -> Row:
    return {
        "DeviceId": e.get("mdeDeviceId") or "",
        "DeviceName": e.get("deviceDnsName") or e.get("hostName") or "",
        "LocalIP": e.get("lastIpAddress") or "",
    }


def _user(e: Json) -> Row:
    return account_columns(_part(e, "userAccount"))


def _process(e: Json) -> Row:
    return {
        **_file_columns(_part(e, "imageFile")),
        **account_columns(_part(e, "userAccount")),
        "ProcessCommandLine": e.get("processCommandLine"),
        "DeviceId": e.get("mdeDeviceId"),
    }


def _file(e: Json) -> Row:
    return {**_file_columns(_part(e, "fileDetails")), "DeviceId": e.get("mdeDeviceId")}


def _mail(e: Json) -> Row:
    return {
        "NetworkMessageId": e.get("networkMessageId"),
        "EmailSubject": e.get("subject"),
        "RemoteIP": e.get("senderIp"),
        "AccountUpn": e.get("recipientEmailAddress") or e.get("recipient"),
    }


def _mailbox(e: Json) -> Row:
    return {**_user(e), "AccountUpn": e.get("upn") or e.get("primaryAddress")}


def _application(e: Json) -> Row:
    return {"Application": e.get("displayName"), "ApplicationId": e.get("appId")}


def _oauth(e: Json) -> Row:
    return {"Application": e.get("displayName"), "OAuthApplicationId": e.get("appId")}


def _registry(e: Json) -> Row:
    hive, key = e.get("registryHive") or "", e.get("registryKey") or ""
    return {
        "RegistryKey": f"{hive}\\{key}" if hive else key,
        "RegistryValueName": e.get("registryValueName"),
        "RegistryValueData": e.get("registryValue"),
        "DeviceId": e.get("mdeDeviceId"),
    }


def _cloud(platform: str, key: str) -> Callable[[Json], Row]:
    def fill(e: Json) -> Row:
        return {
            "CloudPlatform": platform,
            "CloudResource": e.get("resourceName"),
            "ResourceType": e.get("resourceType"),
            "ResourceID": e.get(key),
        }

    return fill


def _connection(e: Json) -> Row:
    return {
        "RemoteIP": _part(e, "destinationAddress").get("ipAddress"),
        "LocalIP": _part(e, "sourceAddress").get("ipAddress"),
    }


_ENTITIES: dict[str, tuple[str, Callable[[Json], Row]]] = {
    "deviceEvidence": ("Machine", _device),
    "userEvidence": ("User", _user),
    "processEvidence": ("Process", _process),
    "fileEvidence": ("File", _file),
    "fileHashEvidence": ("FileHash", lambda e: {str(e.get("algorithm")).upper(): e.get("value")}),
    "ipEvidence": ("Ip", lambda e: {"RemoteIP": e.get("ipAddress")}),
    "urlEvidence": ("Url", lambda e: {"RemoteUrl": e.get("url")}),
    "dnsEvidence": ("DnsResolution", lambda e: {"RemoteUrl": e.get("domainName")}),
    "networkConnectionEvidence": ("NetworkConnection", _connection),
    "analyzedMessageEvidence": ("MailMessage", _mail),
    "submissionMailEvidence": ("SubmissionMail", _mail),
    "mailboxEvidence": ("Mailbox", _mailbox),
    "mailClusterEvidence": ("MailCluster", lambda e: {"AdditionalFields": _short(e)}),
    "malwareEvidence": ("Malware", lambda e: {"ThreatFamily": e.get("name")}),
    "cloudApplicationEvidence": ("CloudApplication", _application),
    "oauthApplicationEvidence": ("OAuthApplication", _oauth),
    "registryKeyEvidence": ("RegistryKey", _registry),
    "registryValueEvidence": ("RegistryValue", _registry),
    "azureResourceEvidence": ("CloudResource", _cloud("Azure", "resourceId")),
    "amazonResourceEvidence": ("CloudResource", _cloud("AWS", "amazonResourceId")),
    "googleCloudResourceEvidence": ("CloudResource", _cloud("GCP", "fullResourceName")),
}
_ON_DEVICE = ("File", "Process", "RegistryKey", "RegistryValue")
