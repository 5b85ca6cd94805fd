"""What devices log about an evidence: rows of the Device tables."""

import json
from collections.abc import Iterator
from typing import Any

from defender_emulator.scenario import Json
from defender_emulator.scenarios.identifiers import sha1
from defender_emulator.scenarios.scene import Logged, Scene, part

_WORKSTATIONS = ("Windows10", "Windows11", "macOS")


def file_columns(details: Json, prefix: str = "") -> dict[str, Any]:
    """The columns that describe a file."""
    name, folder = details.get("fileName"), details.get("filePath")
    path = None
    if name and folder:
        path = f"{folder}{'/' if folder.startswith('/') else chr(92)}{name}"
    return {
        f"{prefix}FileName": name,
        f"{prefix}FolderPath": path,
        f"{prefix}SHA1": details.get("sha1"),
        f"{prefix}SHA256": details.get("sha256"),
        f"{prefix}MD5": details.get("md5"),
        f"{prefix}FileSize": details.get("fileSize"),
    }


def account_columns(account: Json, prefix: str = "") -> dict[str, Any]:
    """The columns that describe an account on a device."""
    return {
        f"{prefix}AccountDomain": (account.get("domainName") or "").lower(),
        f"{prefix}AccountName": account.get("accountName"),
        f"{prefix}AccountSid": account.get("userSid"),
        f"{prefix}AccountUpn": account.get("userPrincipalName"),
        f"{prefix}AccountObjectId": account.get("azureAdUserId"),
    }


def _report(scene: Scene, evidence: Json) -> int:
    return int(sha1(scene.alert.get("id"), json.dumps(evidence, sort_keys=True))[:6], 16)


def device(evidence: Json, scene: Scene) -> Iterator[Logged]:
    """A device reports itself and its network."""
    base = scene.on_device(evidence.get("mdeDeviceId"))
    users = [
        {"UserName": user.get("accountName"), "DomainName": user.get("domainName")}
        for user in evidence.get("loggedOnUsers") or ()
    ]
    platform = evidence.get("osPlatform") or ""
    kind = "Workstation" if platform in _WORKSTATIONS else "Server"
    yield Logged(
        "DeviceInfo",
        {
            **base,
            "ClientVersion": "10.8760.26100.1",
            "PublicIP": evidence.get("lastExternalIpAddress"),
            "OSArchitecture": "64-bit",
            "OSPlatform": platform,
            "OSBuild": evidence.get("osBuild"),
            "OSVersion": evidence.get("version"),
            "OSVersionInfo": evidence.get("version"),
            "AadDeviceId": evidence.get("azureAdDeviceId"),
            "IsAzureADJoined": True,
            "JoinType": "Hybrid Azure AD Join",
            "LoggedOnUsers": json.dumps(users),
            "MachineGroup": evidence.get("rbacGroupName"),
            "OnboardingStatus": "Onboarded",
            "SensorHealthState": "Active",
            "DeviceCategory": "Endpoint",
            "DeviceType": kind,
            "ExposureLevel": "Medium",
            "AssetValue": "Normal",
            "ReportId": _report(scene, evidence),
        },
        0,
    )
    addresses = [{"IPAddress": ip} for ip in evidence.get("ipInterfaces") or ()]
    number = sha1(evidence.get("mdeDeviceId"))[:4]
    yield Logged(
        "DeviceNetworkInfo",
        {
            **base,
            "NetworkAdapterName": "Ethernet0",
            "NetworkAdapterType": "Ethernet",
            "NetworkAdapterStatus": "Up",
            "MacAddress": f"00-00-5E-00-{number[:2]}-{number[2:]}".upper(),
            "IPAddresses": json.dumps(addresses),
            "ConnectedNetworks": json.dumps(
                [{"Name": "halden.example", "IsConnectedToInternet": True}]
            ),
            "DnsAddresses": json.dumps(["10.20.1.10"]),
            "ReportId": _report(scene, evidence),
        },
        1,
    )


def process(evidence: Json, scene: Scene) -> Iterator[Logged]:
    """A process starts."""
    account = part(evidence, "userAccount")
    parent = part(evidence, "parentProcessImageFile")
    yield Logged(
        "DeviceProcessEvents",
        {
            **scene.on_device(evidence.get("mdeDeviceId")),
            "ActionType": "ProcessCreated",
            **file_columns(part(evidence, "imageFile")),
            **account_columns(account),
            "ProcessId": evidence.get("processId"),
            "ProcessCommandLine": evidence.get("processCommandLine"),
            "ProcessCreationTime": evidence.get("processCreationDateTime"),
            "ProcessIntegrityLevel": "Medium",
            "ProcessTokenElevation": "TokenElevationTypeLimited",
            "InitiatingProcessId": evidence.get("parentProcessId"),
            "InitiatingProcessCreationTime": evidence.get("parentProcessCreationDateTime"),
            **file_columns(parent, "InitiatingProcess"),
            **account_columns(account, "InitiatingProcess"),
            "InitiatingProcessCommandLine": parent.get("fileName"),
            "ReportId": _report(scene, evidence),
        },
        0,
    )


def file(evidence: Json, scene: Scene) -> Iterator[Logged]:
    """A file is written, and its signature is looked at."""
    details = part(evidence, "fileDetails")
    base = scene.on_device(evidence.get("mdeDeviceId"))
    yield Logged(
        "DeviceFileEvents",
        {
            **base,
            "ActionType": "FileCreated",
            **file_columns(details),
            **scene.initiating(),
            "ReportId": _report(scene, evidence),
        },
        5,
    )
    yield Logged(
        "DeviceFileCertificateInfo",
        {
            **base,
            "SHA1": details.get("sha1"),
            "IsSigned": bool(details.get("signer")),
            "IsTrusted": details.get("signer") == "Microsoft Windows",
            "IsRootSignerMicrosoft": details.get("signer") == "Microsoft Windows",
            "SignatureType": "Embedded",
            "Signer": details.get("signer"),
            "Issuer": details.get("issuer"),
            "ReportId": _report(scene, evidence),
        },
        6,
    )


def address(evidence: Json, scene: Scene) -> Iterator[Logged]:
    """A device talks to an address."""
    if scene.device:
        yield _talk(scene, evidence, {"RemoteIP": evidence.get("ipAddress"), "RemotePort": 443})


def connection(evidence: Json, scene: Scene) -> Iterator[Logged]:
    """A device opens a connection."""
    ends = {
        "LocalIP": part(evidence, "sourceAddress").get("ipAddress"),
        "LocalPort": evidence.get("sourcePort"),
        "RemoteIP": part(evidence, "destinationAddress").get("ipAddress"),
        "RemotePort": evidence.get("destinationPort"),
    }
    yield _talk(scene, evidence, ends)


def name_lookup(evidence: Json, scene: Scene) -> Iterator[Logged]:
    """A device asks for the address of a name."""
    found = [ip.get("ipAddress") for ip in evidence.get("ipAddresses") or () if ip]
    ends = {
        "RemoteUrl": evidence.get("domainName"),
        "RemoteIP": found[0] if found else None,
        "RemotePort": 443,
    }
    yield _talk(scene, evidence, ends)


def _talk(scene: Scene, evidence: Json, ends: dict[str, Any]) -> Logged:
    row = {
        **scene.on_device(None),
        "ActionType": "ConnectionSuccess",
        "Protocol": "Tcp",
        "RemoteIPType": "Public",
        "LocalIP": scene.device.get("lastIpAddress"),
        **scene.initiating(),
        **ends,
        "ReportId": _report(scene, evidence),
    }
    return Logged("DeviceNetworkEvents", row, 10)


def registry(evidence: Json, scene: Scene) -> Iterator[Logged]:
    """A value or key of the registry is set."""
    key = f"{evidence.get('registryHive')}\\{evidence.get('registryKey')}"
    named = "registryValue" in evidence
    yield Logged(
        "DeviceRegistryEvents",
        {
            **scene.on_device(evidence.get("mdeDeviceId")),
            "ActionType": "RegistryValueSet" if named else "RegistryKeyCreated",
            "RegistryKey": key,
            "RegistryValueName": evidence.get("registryValueName"),
            "RegistryValueData": evidence.get("registryValue"),
            "RegistryValueType": evidence.get("registryValueType"),
            **scene.initiating(),
            "ReportId": _report(scene, evidence),
        },
        7,
    )


def malware(evidence: Json, scene: Scene) -> Iterator[Logged]:
    """Antivirus finds something."""
    files = evidence.get("files") or ()
    details = part(files[0], "fileDetails") if files else {}
    yield Logged(
        "DeviceEvents",
        {
            **scene.on_device(None),
            "ActionType": "AntivirusDetection",
            **file_columns(details),
            "AdditionalFields": json.dumps({"ThreatName": evidence.get("name")}),
            "ReportId": _report(scene, evidence),
        },
        8,
    )


def host_session(evidence: Json, scene: Scene) -> Iterator[Logged]:
    """Somebody signs in to a device."""
    host = part(evidence, "host")
    account = part(part(evidence, "account"), "userAccount")
    yield logon(
        scene,
        account,
        {"DeviceId": host.get("mdeDeviceId"), "DeviceName": host.get("deviceDnsName")},
    )


def logon(scene: Scene, account: Json, place: dict[str, Any]) -> Logged:
    """A sign-in to a device."""
    columns = account_columns(account)
    columns = {k: v for k, v in columns.items() if k not in ("AccountUpn", "AccountObjectId")}
    row = {
        **place,
        **columns,
        "ActionType": "LogonSuccess",
        "LogonType": "Interactive",
        "Protocol": "Kerberos",
        "IsLocalAdmin": False,
        "ReportId": _report(scene, account),
    }
    return Logged("DeviceLogonEvents", row, -30)
