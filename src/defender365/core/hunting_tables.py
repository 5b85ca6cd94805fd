"""The advanced hunting tables, and the column in which each keeps its time.

Which of them answer depends on the tenant's licences, and Microsoft adds tables: a name that is
not here is no mistake by itself.
"""

from collections.abc import Mapping
from types import MappingProxyType

from defender365.core.near_names import near_names

TIMESTAMP = "Timestamp"

_WITH_TIMESTAMP = """
AADSignInEventsBeta AADSpnSignInEventsBeta AgentsInfo AIAgentsInfo AlertEvidence AlertInfo
BehaviorEntities BehaviorInfo CampaignInfo CloudAppEvents CloudAuditEvents CloudDnsEvents
CloudPolicyEnforcementEvents CloudProcessEvents CloudStorageAggregatedEvents
DataSecurityBehaviors DataSecurityEvents DeviceEvents DeviceFileCertificateInfo
DeviceFileEvents DeviceImageLoadEvents DeviceInfo DeviceLogonEvents DeviceNetworkEvents
DeviceNetworkInfo DeviceProcessEvents DeviceRegistryEvents DeviceTvmInfoGathering
DeviceTvmSecureConfigurationAssessment DisruptionAndResponseEvents EmailAttachmentInfo
EmailEvents EmailPostDeliveryEvents EmailUrlInfo EntraIdSignInEvents
EntraIdSpnSignInEvents FileMaliciousContentInfo GraphApiAuditEvents IdentityAccountInfo
IdentityDirectoryEvents IdentityEvents IdentityInfo IdentityLogonEvents
IdentityQueryEvents MessageEvents MessagePostDeliveryEvents MessageUrlInfo OAuthAppInfo
UrlClickEvents
"""

_WITHOUT_TIME = """
DeviceBaselineComplianceAssessment DeviceBaselineComplianceAssessmentKB
DeviceBaselineComplianceProfiles DeviceTvmBrowserExtensions DeviceTvmBrowserExtensionsKB
DeviceTvmCertificateInfo DeviceTvmHardwareFirmware DeviceTvmInfoGatheringKB
DeviceTvmSecureConfigurationAssessmentKB DeviceTvmSoftwareEvidenceBeta
DeviceTvmSoftwareInventory DeviceTvmSoftwareVulnerabilities
DeviceTvmSoftwareVulnerabilitiesKB ExposureGraphEdges ExposureGraphNodes
"""

TIME_COLUMN: Mapping[str, str | None] = MappingProxyType(
    {
        **dict.fromkeys(_WITH_TIMESTAMP.split(), TIMESTAMP),
        "CallActivityEvents": "ActivityTimestamp",
        **dict.fromkeys(_WITHOUT_TIME.split()),
    }
)
"""Every known table with its time column; None where rows have no time to filter by."""

KNOWN_TABLES = frozenset(TIME_COLUMN)


def time_column(table: str) -> str | None:
    """The column to filter a table's time by, `Timestamp` for an unknown table, or None."""
    return TIME_COLUMN.get(table, TIMESTAMP)


def suggest(name: str) -> tuple[str, ...]:
    """Known tables that an unknown name may have meant, likeliest first; at most three.

    A name that differs only in case gives that one table, for names are case-sensitive.
    """
    return () if name in TIME_COLUMN else near_names(name, TIME_COLUMN, most=3)
