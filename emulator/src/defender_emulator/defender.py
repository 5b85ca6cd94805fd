"""The Defender API: its own field names, enums, limits and errors, over the same tenant."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from defender_emulator import enums
from defender_emulator.answers import Refused
from defender_emulator.odata import BadQuery, Field, parse_filter
from defender_emulator.scenario import Json
from defender_emulator.tenant import NotThere, Tenant

FIELDS = {
    "lastUpdateTime": Field("lastUpdateDateTime", "time"),
    "createdTime": Field("createdDateTime", "time"),
    "status": Field("status", "enum"),
    "assignedTo": Field("assignedTo"),
}
PAGE = 100
SPECIAL = {
    "determination": {
        "unknown": "NotAvailable", "notMalicious": "Clean",
        "notEnoughDataToValidate": "NoEnoughDataToValidate",
    },
    "severity": {"unknown": "UnSpecified"},
}  # fmt: skip
ENTITY_KEYS = (
    "entityType", "sha1", "sha256", "fileName", "filePath", "processId", "processCommandLine",
    "processCreationTime", "parentProcessId", "parentProcessCreationTime", "ipAddress", "url",
    "accountName", "domainName", "userSid", "aadUserId", "userPrincipalName",
    "mailboxDisplayName", "mailboxAddress", "clusterBy", "sender", "recipient", "subject",
    "deliveryAction", "securityGroupId", "securityGroupName", "registryHive", "registryKey",
    "registryValueType", "registryValue", "deviceId",
)  # fmt: skip


def list_incidents(tenant: Tenant, request: Request) -> Json:
    """A page of incidents, newest first."""
    params = request.query_params
    top, skip = _number(params, "$top", PAGE), _number(params, "$skip", 0)
    if top > PAGE:
        raise Refused(400, "BadRequest", f"The limit of '{PAGE}' for Top query has been exceeded.")
    try:
        text = params.get("$filter", "")
        keep = parse_filter(text, FIELDS) if text.strip() else None
    except BadQuery as error:
        raise Refused(400, "ODataError", f"Invalid filter: {error}") from None
    with tenant.lock:
        found = [i for i in tenant.all_incidents() if keep is None or keep(i)]
        page = [show_incident(tenant, incident) for incident in found[skip : skip + top]]
    answer: Json = {"@odata.context": f"{request.state.base}/api/$metadata#Incidents"}
    if skip + top < len(found) and page:
        link = request.url.include_query_params(**{"$skip": skip + top})
        answer["@odata.nextLink"] = f"{request.state.base}{link.path}?{link.query}"
    return {**answer, "value": page}


def get_incident(tenant: Tenant, request: Request) -> Json:
    """One incident."""
    return _entity(tenant, request, _incident(tenant, request))


def patch_incident(tenant: Tenant, request: Request, body: Json, author: str) -> Json:
    """Change an incident; `comment` adds a comment."""
    current = _incident(tenant, request)
    changes = _changes(body, current)
    key = request.path_params["id"]
    comment = body.get("comment")
    if comment:
        tenant.comment("incidents", key, str(comment), author)
    changed = tenant.update_incident(key, changes, author) if changes else tenant.incident(key)
    return _entity(tenant, request, changed)


def _changes(body: Json, current: Json) -> Json:
    members = {
        "status": enums.STATUSES, "classification": enums.CLASSIFICATIONS,
        "determination": enums.DETERMINATIONS,
    }  # fmt: skip
    changes: Json = {}
    for name, value in body.items():
        if name in members:
            back = {v: k for k, v in SPECIAL.get(name, {}).items()}
            word = enums.member(back.get(str(value), value), members[name])
            if word is None:
                raise Refused(400, "InvalidInput", f"Invalid value '{value}' for '{name}'.")
            changes[name] = word
        elif name == "assignedTo":
            changes[name] = value or None
        elif name == "tags" and isinstance(value, list):
            changes["customTags"] = [str(tag) for tag in value]
        elif name != "comment":
            raise Refused(400, "InvalidRequestBody", f"The property '{name}' cannot be updated.")
    after = {**current, **changes}
    fitting = enums.FITTING.get(str(after.get("classification")))
    if fitting and "determination" in changes and changes["determination"] not in fitting:
        raise Refused(400, "InvalidInput", "The determination does not fit the classification.")
    return changes


def show_incident(tenant: Tenant, incident: Json) -> Json:
    """An incident in the Defender API's words."""
    number = int(incident["id"]) if str(incident.get("id", "")).isdecimal() else 0
    redirect = incident.get("redirectIncidentId")
    return {
        "incidentId": number,
        "redirectIncidentId": int(str(redirect)) if str(redirect).isdecimal() else None,
        "incidentName": incident.get("displayName"),
        "createdTime": incident.get("createdDateTime"),
        "lastUpdateTime": incident.get("lastUpdateDateTime"),
        "assignedTo": incident.get("assignedTo"),
        "classification": pascal("classification", incident.get("classification")),
        "determination": pascal("determination", incident.get("determination")),
        "status": pascal("status", incident.get("status")),
        "severity": pascal("severity", incident.get("severity")),
        "tags": incident.get("customTags") or [],
        "comments": [
            {
                "comment": c.get("comment"),
                "createdBy": c.get("createdByDisplayName"),
                "createdTime": c.get("createdDateTime"),
            }
            for c in incident.get("comments") or ()
        ],
        "alerts": [show_alert(a, number) for a in tenant.alerts_of(str(incident.get("id")))],
    }


def show_alert(alert: Json, incident_id: int) -> Json:
    """An alert in the Defender API's words."""
    evidence = [e for e in alert.get("evidence") or () if isinstance(e, dict)]
    return {
        "alertId": alert.get("id"), "incidentId": incident_id,
        "serviceSource": pascal("serviceSource", alert.get("serviceSource")),
        "creationTime": alert.get("createdDateTime"),
        "lastUpdatedTime": alert.get("lastUpdateDateTime"),
        "resolvedTime": alert.get("resolvedDateTime"),
        "firstActivity": alert.get("firstActivityDateTime"),
        "lastActivity": alert.get("lastActivityDateTime"),
        "title": alert.get("title"), "description": alert.get("description"),
        "category": alert.get("category"), "status": pascal("status", alert.get("status")),
        "severity": pascal("severity", alert.get("severity")), "investigationId": None,
        "investigationState": pascal("investigationState", alert.get("investigationState")),
        "classification": pascal("classification", alert.get("classification")),
        "determination": pascal("determination", alert.get("determination")),
        "detectionSource": pascal("detectionSource", alert.get("detectionSource")),
        "detectorId": alert.get("detectorId"), "assignedTo": alert.get("assignedTo"),
        "actorName": alert.get("actorDisplayName"),
        "threatFamilyName": alert.get("threatFamilyName"),
        "mitreTechniques": alert.get("mitreTechniques") or [],
        "devices": [_device(e) for e in evidence if _kind(e) == "deviceEvidence"],
        "entities": [found for e in evidence if (found := entity(e)) is not None],
    }  # fmt: skip


def pascal(name: str, word: object) -> object:
    """An enum word in Pascal case, with the names that differ."""
    if not isinstance(word, str):
        return word
    return SPECIAL.get(name, {}).get(word) or word[:1].upper() + word[1:]


def _device(item: Json) -> Json:
    return {
        "mdatpDeviceId": item.get("mdeDeviceId"), "aadDeviceId": item.get("azureAdDeviceId"),
        "deviceDnsName": item.get("deviceDnsName"), "osPlatform": item.get("osPlatform"),
        "version": item.get("version"), "osProcessor": None, "osBuild": item.get("osBuild"),
        "healthStatus": pascal("", item.get("healthStatus")),
        "riskScore": pascal("", item.get("riskScore")),
        "rbacGroupName": item.get("rbacGroupName"), "rbacGroupId": item.get("rbacGroupId"),
        "firstSeen": item.get("firstSeenDateTime"), "tags": item.get("tags") or [],
        "defenderAvStatus": pascal("", item.get("defenderAvStatus")),
        "onboardingStatus": pascal("", item.get("onboardingStatus")),
        "vmMetadata": item.get("vmMetadata"),
    }  # fmt: skip


def entity(item: Json) -> Json | None:
    """A flat entity with every key, or None for evidence that this API has no entity for."""
    make = _ENTITIES.get(_kind(item))
    if make is None:
        return None
    return {**dict.fromkeys(ENTITY_KEYS), **make(item)}


def _account(item: Json) -> Json:
    account = item.get("userAccount") or {}
    return {
        "accountName": account.get("accountName"), "domainName": account.get("domainName"),
        "userSid": account.get("userSid"), "aadUserId": account.get("azureAdUserId"),
        "userPrincipalName": account.get("userPrincipalName"),
    }  # fmt: skip


def _file(details: Any) -> Json:
    found = details or {}
    return {
        "sha1": found.get("sha1"), "sha256": found.get("sha256"),
        "fileName": found.get("fileName"), "filePath": found.get("filePath"),
    }  # fmt: skip


_ENTITIES: Mapping[str, Any] = {
    "userEvidence": lambda e: {"entityType": "User", **_account(e)},
    "ipEvidence": lambda e: {"entityType": "Ip", "ipAddress": e.get("ipAddress")},
    "urlEvidence": lambda e: {"entityType": "Url", "url": e.get("url")},
    "fileEvidence": lambda e: {
        "entityType": "File", **_file(e.get("fileDetails")), "deviceId": e.get("mdeDeviceId"),
    },
    "processEvidence": lambda e: {
        "entityType": "Process", **_file(e.get("imageFile")), **_account(e),
        "processId": e.get("processId"), "processCommandLine": e.get("processCommandLine"),
        "processCreationTime": e.get("processCreationDateTime"),
        "parentProcessId": e.get("parentProcessId"),
        "parentProcessCreationTime": e.get("parentProcessCreationDateTime"),
        "deviceId": e.get("mdeDeviceId"),
    },
    "mailboxEvidence": lambda e: {
        "entityType": "MailBox", "mailboxDisplayName": e.get("displayName"),
        "mailboxAddress": e.get("primaryAddress"), "userPrincipalName": e.get("upn"),
    },
    "analyzedMessageEvidence": lambda e: {
        "entityType": "MailMessage", "sender": (e.get("p1Sender") or {}).get("emailAddress"),
        "recipient": e.get("recipientEmailAddress"), "subject": e.get("subject"),
        "deliveryAction": e.get("deliveryAction"),
    },
    "mailClusterEvidence": lambda e: {"entityType": "MailCluster", "clusterBy": e.get("clusterBy")},
    "registryKeyEvidence": lambda e: {
        "entityType": "Registry", "registryHive": e.get("registryHive"),
        "registryKey": e.get("registryKey"),
    },
    "registryValueEvidence": lambda e: {
        "entityType": "Registry", "registryHive": e.get("registryHive"),
        "registryKey": e.get("registryKey"), "registryValueType": e.get("registryValueType"),
        "registryValue": e.get("registryValue"), "deviceId": e.get("mdeDeviceId"),
    },
    "securityGroupEvidence": lambda e: {
        "entityType": "SecurityGroup", "securityGroupId": e.get("securityGroupId"),
        "securityGroupName": e.get("displayName"),
    },
}  # fmt: skip


def _kind(item: Json) -> str:
    return str(item.get("@odata.type", "")).rpartition(".")[2]


def _incident(tenant: Tenant, request: Request) -> Json:
    try:
        return tenant.incident(request.path_params["id"])
    except NotThere as error:
        raise Refused(404, "NotFound", f"Incident {error} was not found.") from None


def _entity(tenant: Tenant, request: Request, incident: Json) -> Json:
    context = f"{request.state.base}/api/$metadata#Incidents/$entity"
    return {"@odata.context": context, **show_incident(tenant, incident)}


def _number(params: Mapping[str, str], name: str, default: int) -> int:
    text = params.get(name)
    if text is None:
        return default
    if not text.isdecimal():
        raise Refused(400, "BadRequest", f"Invalid value '{text[:50]}' for {name}.")
    return int(text)
