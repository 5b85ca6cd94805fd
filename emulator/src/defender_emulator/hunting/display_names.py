"""How the hunting tables write what Graph writes in camel case."""

import json

SEVERITIES = {
    "informational": "Informational",
    "low": "Low",
    "medium": "Medium",
    "high": "High",
    "unknown": "Unspecified",
}

SERVICES = {
    "microsoftDefenderForEndpoint": "Microsoft Defender for Endpoint",
    "microsoftDefenderForIdentity": "Microsoft Defender for Identity",
    "microsoftDefenderForCloudApps": "Microsoft Defender for Cloud Apps",
    "microsoftDefenderForOffice365": "Microsoft Defender for Office 365",
    "microsoft365Defender": "Microsoft 365 Defender",
    "azureAdIdentityProtection": "AAD Identity Protection",
    "microsoftAppGovernance": "App Governance",
    "dataLossPrevention": "Microsoft Data Loss Prevention",
    "microsoftDefenderForCloud": "Microsoft Defender for Cloud",
    "microsoftSentinel": "Microsoft Sentinel",
    "microsoftInsiderRiskManagement": "Microsoft Insider Risk Management",
    "microsoftThreatIntelligence": "Microsoft Threat Intelligence",
    "microsoftSecurityForAI": "Microsoft Security for AI",
}

DETECTIONS = {
    **SERVICES,
    "microsoftDefenderForEndpoint": "EDR",
    "antivirus": "Antivirus",
    "smartScreen": "SmartScreen",
    "customTi": "Custom TI",
    "automatedInvestigation": "Automated investigation",
    "microsoftThreatExperts": "Microsoft Threat Experts",
    "customDetection": "Custom detection",
    "cloudAppSecurity": "Cloud App Security",
    "manual": "Manual",
    "microsoftDataLossPrevention": "Microsoft Data Loss Prevention",
    "appGovernancePolicy": "App Governance Policy",
    "appGovernanceDetection": "App Governance Detection",
    "scheduledAlerts": "Scheduled alerts",
    "nrtAlerts": "NRT alerts",
    "builtInMl": "Built-in ML",
}

TECHNIQUES = {
    "T1003.001": "LSASS Memory",
    "T1003.006": "DCSync",
    "T1021.002": "SMB/Windows Admin Shares",
    "T1036": "Masquerading",
    "T1039": "Data from Network Shared Drive",
    "T1047": "Windows Management Instrumentation",
    "T1052.001": "Exfiltration over USB",
    "T1053.005": "Scheduled Task",
    "T1059.001": "PowerShell",
    "T1071.001": "Web Protocols",
    "T1078": "Valid Accounts",
    "T1078.004": "Cloud Accounts",
    "T1098.003": "Additional Cloud Roles",
    "T1105": "Ingress Tool Transfer",
    "T1110.001": "Password Guessing",
    "T1110.003": "Password Spraying",
    "T1114.003": "Email Forwarding Rule",
    "T1204.001": "Malicious Link",
    "T1204.002": "Malicious File",
    "T1218.011": "Rundll32",
    "T1486": "Data Encrypted for Impact",
    "T1490": "Inhibit System Recovery",
    "T1528": "Steal Application Access Token",
    "T1530": "Data from Cloud Storage",
    "T1547.001": "Registry Run Keys / Startup Folder",
    "T1550.003": "Pass the Ticket",
    "T1558.003": "Kerberoasting",
    "T1560.001": "Archive via Utility",
    "T1564.008": "Email Hiding Rules",
    "T1566": "Phishing",
    "T1566.002": "Spearphishing Link",
    "T1567.002": "Exfiltration to Cloud Storage",
    "T1569.002": "Service Execution",
    "T1573": "Encrypted Channel",
}


def techniques_text(techniques: list[str] | None) -> str:
    """MITRE techniques as the tables hold them: a JSON list of names, or nothing."""
    if not techniques:
        return ""
    known = [f"{TECHNIQUES[t]} ({t})" if t in TECHNIQUES else t for t in techniques]
    return json.dumps(known)
