"""What mail, identity and cloud services log about an evidence."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from defender_emulator.scenario import Json
from defender_emulator.scenarios.identifiers import guid
from defender_emulator.scenarios.scene import Logged, Scene, part
from defender_emulator.scenarios.telemetry_device import logon


def _report(scene: Scene, *words: object) -> str:
    return guid(scene.alert.get("id"), *words)


def mail(evidence: Json, scene: Scene) -> Iterator[Logged]:
    """A message arrives, with its links, and may be taken away again."""
    sender = part(evidence, "p2Sender")
    message = {
        "NetworkMessageId": evidence.get("networkMessageId"),
        "ReportId": _report(scene, evidence.get("networkMessageId")),
    }
    threats = "Phish" if evidence.get("threats") else ""
    yield Logged(
        "EmailEvents",
        {
            **message,
            "InternetMessageId": evidence.get("internetMessageId"),
            "SenderMailFromAddress": part(evidence, "p1Sender").get("emailAddress"),
            "SenderFromAddress": sender.get("emailAddress"),
            "SenderDisplayName": sender.get("displayName"),
            "SenderMailFromDomain": part(evidence, "p1Sender").get("domainName"),
            "SenderFromDomain": sender.get("domainName"),
            "SenderIPv4": evidence.get("senderIp"),
            "RecipientEmailAddress": evidence.get("recipientEmailAddress"),
            "Subject": evidence.get("subject"),
            "EmailDirection": evidence.get("antiSpamDirection"),
            "DeliveryAction": evidence.get("deliveryAction"),
            "DeliveryLocation": evidence.get("deliveryLocation"),
            "LatestDeliveryAction": evidence.get("deliveryAction"),
            "LatestDeliveryLocation": "Quarantine" if threats else evidence.get("deliveryLocation"),
            "ThreatTypes": threats,
            "DetectionMethods": json.dumps({"Phish": evidence.get("threatDetectionMethods")}),
            "AttachmentCount": evidence.get("attachmentsCount"),
            "UrlCount": evidence.get("urlCount"),
            "EmailLanguage": evidence.get("language"),
        },
        -300,
    )
    for url in evidence.get("urls") or ():
        link = {**message, "Url": url, "UrlDomain": urlsplit(url).hostname, "UrlLocation": "Body"}
        yield Logged("EmailUrlInfo", link, -300)
    if threats:
        removed = {
            **message,
            "InternetMessageId": evidence.get("internetMessageId"),
            "Action": "Moved to quarantine",
            "ActionType": "Phish ZAP",
            "ActionTrigger": "SpecialAction",
            "ActionResult": "Success",
            "RecipientEmailAddress": evidence.get("recipientEmailAddress"),
            "DeliveryLocation": "Quarantine",
            "ThreatTypes": threats,
        }
        yield Logged("EmailPostDeliveryEvents", removed, 30)
    yield from _attachments(evidence, scene, message)


def _attachments(evidence: Json, scene: Scene, message: Json) -> Iterator[Logged]:
    if not evidence.get("attachmentsCount"):
        return
    details = part(scene.first("fileEvidence"), "fileDetails")
    row = {
        **message,
        "SenderFromAddress": part(evidence, "p2Sender").get("emailAddress"),
        "RecipientEmailAddress": evidence.get("recipientEmailAddress"),
        "FileName": details.get("fileName") or "attachment.bin",
        "FileType": "File",
        "SHA256": details.get("sha256"),
        "FileSize": details.get("fileSize"),
    }
    yield Logged("EmailAttachmentInfo", row, -300)


def click(evidence: Json, scene: Scene) -> Iterator[Logged]:
    """Somebody follows a link."""
    if scene.account:
        yield Logged(
            "UrlClickEvents",
            {
                "Url": evidence.get("url"),
                "ActionType": "ClickAllowed",
                "AccountUpn": scene.account.get("userPrincipalName"),
                "Workload": "Email",
                "NetworkMessageId": scene.first("analyzedMessageEvidence").get("networkMessageId"),
                "ThreatTypes": "Phish",
                "IPAddress": scene.device.get("lastExternalIpAddress") or "192.0.2.10",
                "IsClickedThrough": True,
                "UrlChain": json.dumps([evidence.get("url")]),
                "ReportId": _report(scene, evidence.get("url")),
                "TenantId": scene.tenant_id,
            },
            0,
        )


def user(evidence: Json, scene: Scene) -> Iterator[Logged]:
    """The directory knows the user, who signs in."""
    account = part(evidence, "userAccount")
    names: dict[str, Any] = {
        "AccountName": account.get("accountName"),
        "AccountDomain": account.get("domainName"),
        "AccountUpn": account.get("userPrincipalName"),
        "AccountObjectId": account.get("azureAdUserId"),
        "AccountDisplayName": account.get("displayName"),
    }
    report = {"ReportId": _report(scene, account.get("userPrincipalName"))}
    identity = {
        **names,
        **report,
        "OnPremSid": account.get("userSid"),
        "EmailAddress": account.get("userPrincipalName"),
        "IsAccountEnabled": True,
        "Type": "User",
        "TenantId": scene.tenant_id,
    }
    yield Logged("IdentityInfo", identity, 0)
    sign_in = {
        **names,
        **report,
        "AccountSid": account.get("userSid"),
        "ActionType": "LogonSuccess",
        "Application": "Active Directory" if scene.device else "Microsoft 365",
        "LogonType": "Interactive",
        "Protocol": "Kerberos" if scene.device else None,
        "DeviceName": scene.device.get("deviceDnsName"),
        "IPAddress": scene.address.get("ipAddress") or scene.device.get("lastIpAddress"),
    }
    yield Logged("IdentityLogonEvents", sign_in, -20)
    if scene.device:
        yield logon(scene, account, scene.on_device(None))
    if scene.address:
        yield Logged("EntraIdSignInEvents", _entra(names, report, scene), -15)


def _entra(names: Json, report: Json, scene: Scene) -> dict[str, Any]:
    place = part(scene.address, "location")
    kept = ("AccountUpn", "AccountObjectId", "AccountDisplayName")
    return {
        **{name: names[name] for name in kept},
        **report,
        "Application": "Office 365 Exchange Online",
        "LogonType": '["interactiveUser"]',
        "ErrorCode": 0,
        "IPAddress": scene.address.get("ipAddress"),
        "Country": scene.address.get("countryLetterCode"),
        "City": place.get("city"),
        "State": place.get("state"),
        "RiskLevelAggregated": 50,
        "UserAgent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
        "SessionId": scene.first("cloudLogonSessionEvidence").get("sessionId"),
    }


def cloud_app(evidence: Json, scene: Scene) -> Iterator[Logged]:
    """Something is done in an application."""
    yield _cloud_event(scene, "FileDownloaded", evidence.get("displayName"), "Download", None)


def mailbox_rule(evidence: Json, scene: Scene) -> Iterator[Logged]:
    """A mailbox gets another setting."""
    name = evidence.get("displayName")
    yield _cloud_event(scene, "New-InboxRule", "Microsoft Exchange Online", "Create", name)


def oauth_app(evidence: Json, scene: Scene) -> Iterator[Logged]:
    """An application is known to the tenant, and somebody consents to it."""
    yield Logged(
        "OAuthAppInfo",
        {
            "OAuthAppId": evidence.get("appId"),
            "ServicePrincipalId": evidence.get("objectId"),
            "AppName": evidence.get("displayName"),
            "AppStatus": "Enabled",
            "PrivilegeLevel": "High",
            "VerifiedPublisher": {"displayName": evidence.get("publisher")},
            "Permissions": [{"PermissionValue": "Mail.Read", "PermissionType": "Delegated"}],
            "ConsentedUsersCount": 1,
            "IsAdminConsented": False,
            "AppOrigin": "External",
            "ReportId": _report(scene, evidence.get("appId")),
        },
        2,
    )
    logged = _cloud_event(
        scene, "Consent to application.", "Microsoft 365", "Add", evidence.get("displayName")
    )
    yield logged._replace(row={**logged.row, "OAuthAppId": evidence.get("appId")})


def _cloud_event(
    scene: Scene, action: str, application: str | None, activity: str, target: str | None
) -> Logged:
    row = {
        "ActionType": action,
        "Application": application,
        "ApplicationId": 11161,
        "AccountObjectId": scene.account.get("azureAdUserId"),
        "AccountId": scene.account.get("userPrincipalName"),
        "AccountDisplayName": scene.account.get("displayName"),
        "AccountType": "Regular",
        "IPAddress": scene.address.get("ipAddress"),
        "CountryCode": scene.address.get("countryLetterCode"),
        "City": part(scene.address, "location").get("city"),
        "ActivityType": activity,
        "ObjectName": target,
        "IsAdminOperation": False,
        "RawEventData": {"Operation": action, "Workload": application, "ObjectId": target},
        "ReportId": _report(scene, action, target),
    }
    return Logged("CloudAppEvents", row, 0)


def principal(evidence: Json, scene: Scene) -> Iterator[Logged]:
    """An application signs in by itself."""
    row = {
        "Application": evidence.get("servicePrincipalName"),
        "ApplicationId": evidence.get("appId"),
        "ServicePrincipalName": evidence.get("servicePrincipalName"),
        "ServicePrincipalId": evidence.get("servicePrincipalObjectId"),
        "IsManagedIdentity": False,
        "ErrorCode": 0,
        "ResourceDisplayName": "Microsoft Graph",
        "ResourceTenantId": scene.tenant_id,
        "IPAddress": scene.address.get("ipAddress"),
        "ReportId": _report(scene, evidence.get("appId")),
    }
    yield Logged("EntraIdSpnSignInEvents", row, 20)


def resource(evidence: Json, scene: Scene) -> Iterator[Logged]:
    """A cloud resource is read."""
    row = {
        "DataSource": "Azure",
        "ActionType": "StorageRead",
        "OperationName": "GetBlob",
        "ResourceId": evidence.get("resourceId"),
        "IPAddress": scene.address.get("ipAddress"),
        "ReportId": _report(scene, evidence.get("resourceId")),
    }
    yield Logged("CloudAuditEvents", row, 0)


def chat_message(evidence: Json, scene: Scene) -> Iterator[Logged]:
    """A message in Teams, with its links."""
    message = {
        "TeamsMessageId": evidence.get("messageId"),
        "ReportId": _report(scene, evidence.get("messageId")),
    }
    row = {
        **message,
        "SenderEmailAddress": evidence.get("senderFromAddress"),
        "SenderType": "ExternalUser",
        "ThreadId": evidence.get("threadId"),
        "IsExternalThread": evidence.get("isExternal"),
        "IsOwnedThread": evidence.get("isOwned"),
        "MessageSubject": evidence.get("subject"),
        "DeliveryAction": "Delivered",
        "DeliveryLocation": "Teams",
        "RecipientDetails": [{"Recipient": r} for r in evidence.get("recipients") or ()],
    }
    yield Logged("MessageEvents", row, -60)
    for url in evidence.get("urls") or ():
        link = {"Url": url.get("url"), "UrlDomain": urlsplit(url.get("url") or "").hostname}
        yield Logged("MessageUrlInfo", {**message, **link}, -60)


def agent(evidence: Json, scene: Scene) -> Iterator[Logged]:
    """An AI agent is known to the tenant."""
    row = {
        "AgentId": evidence.get("agentId"),
        "AgentName": evidence.get("agentName"),
        "Platform": evidence.get("hostingPlatformType"),
        "Instructions": evidence.get("instructions"),
        "LifecycleStatus": "Active",
    }
    yield Logged("AgentsInfo", row, 0)
    yield Logged("AIAgentsInfo", _copilot(evidence, scene), 0)


def _copilot(evidence: Json, scene: Scene) -> dict[str, Any]:
    return {
        "AIAgentId": evidence.get("agentId"),
        "AIAgentName": evidence.get("agentName"),
        "OwnerAccountUpns": scene.account.get("userPrincipalName"),
        "AgentStatus": "Published",
        "Platform": "Copilot Studio",
    }
