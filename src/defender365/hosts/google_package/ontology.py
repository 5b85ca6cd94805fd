"""Which field of an event becomes which entity of Google SecOps, for every kind of evidence.

The platform matches a rule by the source (the integration), the product (an event's `event_type`)
and the event name (its `@odata.type`); the lower level inherits from the higher and overrides
it. A row names the platform's field and up to three raw fields, of which the first that holds
something counts. A raw field that ends in `*` means every field that begins so: the items of a
list of texts, each an entity of its own.

Source is who or what acts, or the one thing there is; destination is what it reaches. Left out
on purpose, because they would tie unrelated cases together: a company's own domain on each of
its devices, loopback and other further addresses of a device, links to a vendor's portal, and
the analyst an incident is assigned to. The mapping writes `start_time_ms` and `end_time_ms`.
"""

from typing import NamedTuple

from defender365.core.mapping import INCIDENT_TYPE

INCIDENT = "Incident"
EVIDENCE = "Evidence"
"""The products: what an event's `event_type` says."""

ODATA_PREFIX = "#microsoft.graph.security."

ARTIFACTS = frozenset(
    {
        "CVE", "Deployment", "DestinationDomain", "DestinationProcessName", "DestinationURL",
        "EmailSubject", "FileHash", "FileName", "SourceDomain", "SourceProcessName",
        "ThreatActor", "ThreatCampaign", "ThreatSignature",
    }
)  # fmt: skip
"""The fields whose entities are traces rather than participants, as the content hub has it."""


class Transformation(NamedTuple):
    """What the platform does to the raw value, in its words."""

    function: str
    parameter: str = ""


AS_IT_IS = Transformation("to_string")
UNIX_TIME = Transformation("from_unix_time_string_or_long")
DOMAIN_OF_URL = Transformation("extract_domain_from_uri")
CVE_IN_TEXT = Transformation("extract_regexp", r"(CVE-\d{4}-\d{4,7})")


class Row(NamedTuple):
    """One field of the platform and the raw fields it is filled from, best first."""

    field: str
    raw: tuple[str, ...]
    by: Transformation = AS_IT_IS


def _row(field: str, *raw: str, by: Transformation = AS_IT_IS) -> Row:
    return Row(field, raw, by)


def _account(prefix: str) -> Row:
    names = ("accountName", "userPrincipalName", "userSid")
    return Row("SourceUserName", tuple(f"{prefix}_{name}" for name in names))


def _name_of_file(prefix: str) -> Row:
    return _row("FileName", f"{prefix}_fileName")


def _hash_of_file(prefix: str) -> Row:
    return Row("FileHash", tuple(f"{prefix}_{name}" for name in ("sha256", "sha1", "md5")))


def _listed(field: str, before: str, after: str) -> Row:
    """The first object of a list that has this property."""
    return Row(field, tuple(f"{before}_{number}_{after}" for number in (1, 2, 3)))


ALWAYS = (
    _row("StartTime", "start_time_ms", by=UNIX_TIME),
    _row("EndTime", "end_time_ms", by=UNIX_TIME),
    _row("Name", "alert_metadata_title", "displayName"),
    _row("Message", "alert_metadata_description", "alert_metadata_title"),
    _row("Severity", "alert_metadata_severity", "severity"),
    _row("CategoryOutcome", "remediationStatus"),
    _row("ThreatSignature", "alert_metadata_threatFamilyName", "alert_metadata_threatDisplayName"),
    _row("ThreatActor", "alert_metadata_actorDisplayName"),
    _row("CVE", "alert_metadata_title", by=CVE_IN_TEXT),
)
"""The source's rules: they hold for every event that has no row of its own for the field."""

OF_INCIDENT = (
    _row("Name", "displayName", "alert_metadata_title"),
    _row("Message", "description", "summary", "displayName"),
    _row("CategoryOutcome", "status"),
)
"""The rules of the event that opens a case alert."""

OF_EVIDENCE: dict[str, tuple[Row, ...]] = {
    # Devices and what runs on them.
    "deviceEvidence": (
        _row("SourceHostName", "deviceDnsName", "hostName"),
        _row("SourceAddress", "lastIpAddress", "lastExternalIpAddress", "ipInterfaces_1"),
        _listed("SourceUserName", "loggedOnUsers", "accountName"),
    ),
    "ioTDeviceEvidence": (
        _row("SourceHostName", "deviceName", "deviceId"),
        _row("SourceAddress", "ipAddress_ipAddress", "nics_1_ipAddress_ipAddress"),
        _row("SourceMacAddress", "macAddress", "nics_1_macAddress"),
    ),
    "nicEvidence": (
        _row("SourceMacAddress", "macAddress"),
        _row("SourceAddress", "ipAddress_ipAddress"),
    ),
    "hostLogonSessionEvidence": (
        _account("account_userAccount"),
        _row("DestinationHostName", "host_deviceDnsName", "host_hostName"),
        _row("DestinationAddress", "host_lastIpAddress", "host_lastExternalIpAddress"),
    ),
    "processEvidence": (
        _account("userAccount"),
        _row("DestinationProcessName", "imageFile_fileName"),
        _row("SourceProcessName", "parentProcessImageFile_fileName"),
        _name_of_file("imageFile"),
        _hash_of_file("imageFile"),
    ),
    "fileEvidence": (_name_of_file("fileDetails"), _hash_of_file("fileDetails")),
    "fileHashEvidence": (_row("FileHash", "value"),),
    "malwareEvidence": (
        _row("ThreatSignature", "name"),
        _row("CVE", "name", by=CVE_IN_TEXT),
        _name_of_file("files_1_fileDetails"),
        _hash_of_file("files_1_fileDetails"),
        _listed("DestinationProcessName", "processes", "imageFile_fileName"),
        _account("processes_1_userAccount"),
    ),
    "registryKeyEvidence": (_row("GenericEntity", "registryKey", "registryHive"),),
    "registryValueEvidence": (_row("GenericEntity", "registryKey", "registryValueName"),),
    # The network.
    "ipEvidence": (_row("SourceAddress", "ipAddress"),),
    "networkConnectionEvidence": (
        _row("SourceAddress", "sourceAddress_ipAddress"),
        _row("DestinationAddress", "destinationAddress_ipAddress"),
        _row("DestinationPort", "destinationPort"),
    ),
    "dnsEvidence": (
        _row("DestinationDomain", "domainName"),
        _row("SourceAddress", "hostIpAddress_ipAddress"),
        _listed("DestinationAddress", "ipAddresses", "ipAddress"),
    ),
    "urlEvidence": (
        _row("DestinationURL", "url"),
        _row("DestinationDomain", "url", by=DOMAIN_OF_URL),
    ),
    # Identities.
    "userEvidence": (_account("userAccount"),),
    "securityGroupEvidence": (_row("GenericEntity", "displayName", "friendlyName", "sid"),),
    "activeDirectoryDomainEvidence": (
        _row("SourceDomain", "activeDirectoryDomainName"),
        _listed("DestinationDomain", "trustedDomains", "activeDirectoryDomainName"),
    ),
    "servicePrincipalEvidence": (
        _row("GenericEntity", "servicePrincipalName", "appId", "servicePrincipalObjectId"),
    ),
    "oauthApplicationEvidence": (_row("GenericEntity", "displayName", "appId", "objectId"),),
    "cloudApplicationEvidence": (_row("GenericEntity", "displayName", "instanceName", "appId"),),
    "cloudLogonRequestEvidence": (_row("GenericEntity", "requestId"),),
    "cloudLogonSessionEvidence": (
        _account("account_userAccount"),
        _row("SourceHostName", "deviceName"),
        _row("GenericEntity", "sessionId"),
    ),
    "aiAgentEvidence": (_row("GenericEntity", "agentName", "agentId"),),
    "gitHubUserEvidence": (_row("SourceUserName", "login", "email", "name"),),
    "gitHubOrganizationEvidence": (
        _row("GenericEntity", "displayName", "login", "orgId"),
        _row("SourceUserName", "email"),
    ),
    "gitHubRepoEvidence": (
        _row("GenericEntity", "login", "owner", "repoId"),
        _row("DestinationURL", "baseUrl"),
    ),
    # Mail and messages; an address is a user.
    "analyzedMessageEvidence": (
        _row("EmailSubject", "subject"),
        _row("SourceUserName", "p2Sender_emailAddress", "p1Sender_emailAddress"),
        _row("DestinationUserName", "recipientEmailAddress"),
        _row("SourceAddress", "senderIp"),
        _row("SourceDomain", "p2Sender_domainName", "p1Sender_domainName"),
        _row("DestinationURL", "urls_*"),
        _row("GenericEntity", "networkMessageId", "internetMessageId"),
        _row("CategoryOutcome", "deliveryAction", "remediationStatus"),
    ),
    "submissionMailEvidence": (
        _row("EmailSubject", "subject"),
        _row("SourceUserName", "sender"),
        _row("DestinationUserName", "recipient", "submitter"),
        _row("SourceAddress", "senderIp"),
        _row("GenericEntity", "networkMessageId", "submissionId"),
    ),
    "teamsMessageEvidence": (
        _row("EmailSubject", "subject"),
        _row("SourceUserName", "senderFromAddress"),
        _row("DestinationUserName", "recipients_*"),
        _row("SourceAddress", "senderIP"),
        _listed("DestinationURL", "urls", "url"),
        _name_of_file("files_1_fileDetails"),
        _hash_of_file("files_1_fileDetails"),
        _row("ThreatCampaign", "campaignId"),
        _row("CategoryOutcome", "deliveryAction", "remediationStatus"),
    ),
    "mailClusterEvidence": (_row("GenericEntity", "urn", "clusterByValue", "networkMessageIds_1"),),
    "mailboxEvidence": (
        _row("SourceUserName", "primaryAddress", "upn", "userAccount_accountName"),
    ),
    "mailboxConfigurationEvidence": (
        _row("SourceUserName", "mailboxPrimaryAddress", "upn"),
        _row("GenericEntity", "displayName", "configurationId"),
    ),
    # Clouds.
    "azureResourceEvidence": (_row("GenericEntity", "resourceName", "resourceId"),),
    "amazonResourceEvidence": (_row("GenericEntity", "resourceName", "amazonResourceId"),),
    "googleCloudResourceEvidence": (_row("GenericEntity", "resourceName", "fullResourceName"),),
    "blobContainerEvidence": (
        _row("GenericEntity", "name", "storageResource_resourceName"),
        _row("DestinationURL", "url"),
    ),
    "blobEvidence": (
        _row("FileName", "name"),
        _listed("FileHash", "fileHashes", "value"),
        _row("DestinationURL", "url"),
        _row("GenericEntity", "blobContainer_name", "blobContainer_storageResource_resourceName"),
    ),
    "sasTokenEvidence": (_row("GenericEntity", "signatureHash", "storageResource_resourceName"),),
    # Containers; of their parts only a deployment has a field that is known to exist.
    "containerEvidence": (
        _row("GenericEntity", "name", "containerId"),
        _row("SourceAddress", "pod_podIp_ipAddress"),
        _row("Deployment", "pod_controller_name"),
    ),
    "containerImageEvidence": (_row("GenericEntity", "imageId", "digestImage_imageId"),),
    "containerRegistryEvidence": (_row("GenericEntity", "registry"),),
    "kubernetesClusterEvidence": (_row("GenericEntity", "name", "cloudResource_resourceName"),),
    "kubernetesControllerEvidence": (_row("Deployment", "name"),),
    "kubernetesNamespaceEvidence": (_row("GenericEntity", "name", "cluster_name"),),
    "kubernetesPodEvidence": (
        _row("GenericEntity", "name"),
        _row("SourceAddress", "podIp_ipAddress"),
        _row("Deployment", "controller_name"),
    ),
    "kubernetesSecretEvidence": (_row("GenericEntity", "name"),),
    "kubernetesServiceEvidence": (
        _row("GenericEntity", "name"),
        _row("DestinationAddress", "externalIPs_1_ipAddress", "clusterIP_ipAddress"),
    ),
    "kubernetesServiceAccountEvidence": (_row("GenericEntity", "name"),),
}
"""The rules of each kind of evidence, by its type's name."""


def mapping_rules(source: str) -> list[dict[str, object]]:
    """All rules of the integration `source`, as `ontology_mapping.yaml` lists them.

    From the general to the special: the source's, the incident's, then each evidence's.
    """
    rules = [_rule({"source": source}, row) for row in ALWAYS]
    for product, event_name, rows in _events():
        level = {"source": source, "product": product, "event_name": event_name}
        rules.extend(_rule(level, row) for row in rows)
    return rules


def _events() -> list[tuple[str, str, tuple[Row, ...]]]:
    evidence = [(EVIDENCE, ODATA_PREFIX + name, rows) for name, rows in OF_EVIDENCE.items()]
    return [(INCIDENT, INCIDENT_TYPE, OF_INCIDENT), *evidence]


def _rule(level: dict[str, str], row: Row) -> dict[str, object]:
    return {
        **level,
        "security_event_file_name": row.field,
        "transformation_function": row.by.function,
        "transformation_function_param": row.by.parameter,
        **_match_terms(row.raw),
        "is_artifact": row.field in ARTIFACTS,
        "extract_function_param": "",
        "extract_function": "none",
    }


def _match_terms(raw: tuple[str, ...]) -> dict[str, str]:
    terms: dict[str, str] = {}
    for number, place in enumerate(("primary", "secondary", "third")):
        name = raw[number] if number < len(raw) else ""
        key = f"raw_data_{place}_field"
        terms[f"{key}_match_term"] = name.removesuffix("*")
        terms[f"{key}_comparison_type"] = "starts_with" if name.endswith("*") else "equal"
    return terms
