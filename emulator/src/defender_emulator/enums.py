"""Graph's enums: their members, and those hidden without `Prefer: include-unknown-enum-members`."""

from typing import Any

UNKNOWN = "unknownFutureValue"

CLASSIFICATIONS = ("unknown", "falsePositive", "truePositive", "informationalExpectedActivity")
DETERMINATIONS = (
    "unknown", "apt", "malware", "securityPersonnel", "securityTesting", "unwantedSoftware",
    "other", "multiStagedAttack", "compromisedAccount", "phishing", "maliciousUserActivity",
    "notMalicious", "notEnoughDataToValidate", "confirmedActivity", "lineOfBusinessApplication",
)  # fmt: skip
STATUSES = ("active", "resolved", "inProgress", "redirected")
ALERT_STATUSES = ("new", "inProgress", "resolved")
SEVERITIES = ("unknown", "informational", "low", "medium", "high")

FITTING = {
    "truePositive": {
        "multiStagedAttack", "maliciousUserActivity", "compromisedAccount", "malware", "phishing",
        "unwantedSoftware", "apt", "other",
    },
    "informationalExpectedActivity": {
        "securityTesting", "lineOfBusinessApplication", "confirmedActivity", "securityPersonnel",
        "other",
    },
    "falsePositive": {"notMalicious", "notEnoughDataToValidate", "other"},
}  # fmt: skip
"""Determinations that go with a classification (the Defender API's page; inference for Graph)."""

HIDDEN = {
    "detectionSource": {
        "microsoftDefenderForCloud", "microsoftDefenderForIoT", "microsoftDefenderForServers",
        "microsoftDefenderForStorage", "microsoftDefenderForDNS", "microsoftDefenderForDatabases",
        "microsoftDefenderForContainers", "microsoftDefenderForNetwork",
        "microsoftDefenderForAppService", "microsoftDefenderForKeyVault",
        "microsoftDefenderForResourceManager", "microsoftDefenderForApiManagement", "nrtAlerts",
        "scheduledAlerts", "microsoftDefenderThreatIntelligenceAnalytics", "builtInMl",
        "microsoftInsiderRiskManagement", "microsoftThreatIntelligence",
        "microsoftDefenderForAIServices", "securityCopilot", "microsoftSentinel",
    },
    "serviceSource": {
        "microsoftDefenderForCloud", "microsoftSentinel", "microsoftInsiderRiskManagement",
        "microsoftThreatIntelligence", "microsoftSecurityForAI",
    },
    "status": {"awaitingAction"},
    "remediationStatus": {
        "active", "pendingApproval", "declined", "unremediated", "running", "partiallyRemediated",
    },
}  # fmt: skip
"""Members declared after `unknownFutureValue`, by the property that holds them."""


def masked(value: Any, top: str = "") -> Any:
    """A record as a client without the Prefer header sees it; what needs no mask is not copied."""
    if isinstance(value, list):
        items = [masked(item, top) for item in value]
        return items if any(a is not b for a, b in zip(items, value, strict=True)) else value
    if not isinstance(value, dict):
        return value
    changed = {}
    for key, item in value.items():
        if isinstance(item, str):
            if (
                key in HIDDEN
                and item in HIDDEN[key]
                and not (key == "status" and top != "incident")
            ):
                changed[key] = UNKNOWN
        elif isinstance(item, (dict, list)):
            inner = masked(item, "nested")
            if inner is not item:
                changed[key] = inner
    return {**value, **changed} if changed else value


def member(word: object, members: tuple[str, ...]) -> str | None:
    """The member that a word means, in any case; None for what is none."""
    if not isinstance(word, str):
        return None
    return next((name for name in members if name.casefold() == word.casefold()), None)
