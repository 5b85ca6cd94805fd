"""What the attack leaves in the tables beside its alerts' evidence: the many small rows of each step.

Evidence names what matters once; a hunter also looks for numbers (failed sign-ins, calls home, files
renamed) and for events that no evidence carries. Minutes count from the story's start.
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from defender_emulator.scenario import RowLogged
from defender_emulator.scenarios.attack_intrusion import C2, DUMPER, PAYLOAD, STAGER
from defender_emulator.scenarios.company import NETBIOS, Company
from defender_emulator.scenarios.identifiers import guid, sha1
from defender_emulator.scenarios.props import system_file
from defender_emulator.scenarios.telemetry_device import file_columns
from defender_emulator.scenarios.times import stamp

SPRAYER = "198.51.100.90"
LOCKER = "C:\\ProgramData\\mslock\\lk64.exe"
Row = dict[str, Any]


def rows(company: Company, start: datetime) -> Iterator[RowLogged]:
    """The rows, in no order."""
    traces = Traces(company, start)
    yield from traces.spray()
    yield from traces.foothold()
    yield from traces.credentials()
    yield from traces.spreading()
    yield from traces.taking()
    yield from traces.locking()


class Traces:
    """The steps of the attack on one company."""

    def __init__(self, company: Company, start: datetime) -> None:
        self._company = company
        self._start = start

    def spray(self) -> Iterator[RowLogged]:
        """T1110.003: one password, tried on everyone, three times over."""
        for turn in range(3):
            for n, person in enumerate(self._company.people.values()):
                row = {
                    "AccountUpn": person.upn, "AccountObjectId": person.object_id,
                    "AccountDisplayName": person.name, "ErrorCode": 50126, "IPAddress": SPRAYER,
                    "Country": "SG", "City": "Singapore", "LogonType": '["interactiveUser"]',
                    "Application": "Office 365 Exchange Online", "ClientAppUsed": "Authenticated SMTP",
                    "ReportId": guid(self._company.seed, "spray", person.account, turn),
                }  # fmt: skip
                yield self._logged(-590 + turn * 13 + n * 0.2, "EntraIdSignInEvents", row)

    def foothold(self) -> Iterator[RowLogged]:
        """T1105, T1071.001: the stager fetches the payload, which then calls home every minute."""
        host = "hm-ws-0107"
        stager = self._by(
            file_columns(system_file("powershell.exe"), "InitiatingProcess"), STAGER, "a.holm"
        )
        yield self._on(20.5, "DeviceNetworkEvents", host, {**stager, **self._call(host)})
        payload = self._by(
            file_columns(PAYLOAD, "InitiatingProcess"), '"updater.exe" /q /i 60', "a.holm"
        )
        for minute in range(60):
            yield self._on(
                42 + minute, "DeviceNetworkEvents", host, {**payload, **self._call(host)}
            )

    def credentials(self) -> Iterator[RowLogged]:
        """T1003.001, T1558.003, T1003.006: memory, tickets and the directory itself."""
        host = "hm-ad-0001"
        dumper = self._by(
            file_columns(system_file("rundll32.exe"), "InitiatingProcess"), DUMPER, "d.okafor"
        )
        opened = {
            **dumper,
            "ActionType": "OpenProcessApiCall",
            **file_columns(system_file("lsass.exe")),
        }
        yield self._on(201, "DeviceEvents", host, opened)
        module = {**dumper, "ActionType": "ImageLoaded", **file_columns(system_file("comsvcs.dll"))}
        yield self._on(201, "DeviceImageLoadEvents", host, module)
        asked = {
            "ActionType": "LDAP query", "Application": "Active Directory", "Protocol": "Ldap",
            "QueryType": "AllServicePrincipalNames", "QueryTarget": "Service accounts",
            "Query": "(&(samAccountType=805306368)(servicePrincipalName=*))",
        }  # fmt: skip
        yield self._directory(227, "IdentityQueryEvents", "hm-ws-0107", "a.holm", asked)
        copied = {
            "ActionType": "Directory Services replication", "Application": "Active Directory",
            "Protocol": "Drsr", "TargetDeviceName": "hm-dc01.halden.example",
        }  # fmt: skip
        yield self._directory(494, "IdentityDirectoryEvents", "hm-sql01", "d.okafor", copied)

    def spreading(self) -> Iterator[RowLogged]:
        """T1021.002, T1569.002: signed in over the network, a service for one command."""
        host, machine = "hm-file01", self._company.machines["hm-ws-0107"]
        person = self._company.people["d.okafor"]
        logon = {
            "ActionType": "LogonSuccess", "LogonType": "Network", "Protocol": "NTLM",
            "AccountDomain": NETBIOS.lower(), "AccountName": person.account, "AccountSid": person.sid,
            "RemoteIP": machine.ip, "RemoteDeviceName": machine.dns_name, "IsLocalAdmin": True,
        }  # fmt: skip
        yield self._on(397.5, "DeviceLogonEvents", host, logon)
        service = {
            "ActionType": "ServiceInstalled", "FileName": "cmd.exe", "AccountName": person.account,
            "FolderPath": "C:\\Windows\\System32\\cmd.exe", "InitiatingProcessFileName": "services.exe",
            "AdditionalFields": json.dumps({"ServiceName": "BTOBTO", "ServiceStartType": 3}),
        }  # fmt: skip
        yield self._on(397.8, "DeviceEvents", host, service)

    def taking(self) -> Iterator[RowLogged]:
        """T1530, T1052.001: very many downloads, and offers copied to a drive."""
        person = self._company.people["c.rossi"]
        for n in range(120):
            row = {
                "ActionType": "FileDownloaded", "Application": "Microsoft SharePoint Online",
                "AccountObjectId": person.object_id, "AccountId": person.upn,
                "AccountDisplayName": person.name, "IPAddress": "192.0.2.10", "CountryCode": "NO",
                "ObjectName": f"Offer {8_700 + n}.docx", "ObjectType": "File", "ActivityType": "Download",
                "ReportId": guid(self._company.seed, "download", n),
            }  # fmt: skip
            yield self._logged(503 + n * 0.07, "CloudAppEvents", row)
        host = "hm-lt-0203"
        drive = {"DriveLetter": "E:", "BusType": "USB", "SerialNumber": "0123456789AB"}
        mounted = {"ActionType": "UsbDriveMounted", "AdditionalFields": json.dumps(drive)}
        yield self._on(522, "DeviceEvents", host, mounted)
        copier = self._by(
            file_columns(system_file("Robocopy.exe"), "InitiatingProcess"),
            "robocopy C:\\Offers E:\\Offers /MIR", "c.rossi",
        )  # fmt: skip
        for n in range(40):
            name = f"Offer {8_700 + n}.docx"
            copied = {
                "ActionType": "FileCreated",
                "FileName": name,
                "FolderPath": f"E:\\Offers\\{name}",
            }
            yield self._on(526 + n * 0.02, "DeviceFileEvents", host, {**copier, **copied})

    def locking(self) -> Iterator[RowLogged]:
        """T1486: files renamed by the hundred, and a note beside them."""
        for host, minute in (("hm-file01", 1266.0), ("hm-sql01", 1270.5)):
            locker = self._by(
                {"InitiatingProcessFileName": "lk64.exe", "InitiatingProcessFolderPath": LOCKER},
                f'"{LOCKER}" --path D:\\ --skip-hidden', "d.okafor",
            )  # fmt: skip
            for n in range(150):
                old = f"Drawing {n}.pdf"
                renamed = {
                    "ActionType": "FileRenamed", "FileName": f"{old}.mslock", "PreviousFileName": old,
                    "FolderPath": f"D:\\Shares\\{old}.mslock", "PreviousFolderPath": "D:\\Shares",
                }  # fmt: skip
                yield self._on(minute + n * 0.01, "DeviceFileEvents", host, {**locker, **renamed})
            note = {
                "ActionType": "FileCreated", "FileName": "RESTORE-FILES.txt",
                "FolderPath": "D:\\Shares\\RESTORE-FILES.txt",
            }  # fmt: skip
            yield self._on(minute + 1.6, "DeviceFileEvents", host, {**locker, **note})

    def _by(self, image: Row, command: str, account: str) -> Row:
        person = self._company.people[account]
        return {
            **{name: value for name, value in image.items() if value is not None},
            "InitiatingProcessCommandLine": command, "InitiatingProcessAccountName": account,
            "InitiatingProcessAccountUpn": person.upn, "InitiatingProcessAccountSid": person.sid,
            "InitiatingProcessAccountDomain": NETBIOS.lower(),
        }  # fmt: skip

    def _call(self, host: str) -> Row:
        return {
            "ActionType": "ConnectionSuccess", "RemoteIP": C2, "RemotePort": 443, "Protocol": "Tcp",
            "RemoteIPType": "Public", "LocalIP": self._company.machines[host].ip,
        }  # fmt: skip

    def _on(self, minutes: float, table: str, host: str, row: Row) -> RowLogged:
        machine = self._company.machines[host]
        number = int(sha1(self._company.seed, table, host, minutes)[:7], 16)
        place = {"DeviceId": machine.mde_id, "DeviceName": machine.dns_name, "ReportId": number}
        kept = {name: value for name, value in row.items() if value is not None}
        return self._logged(minutes, table, {**place, **kept})

    def _directory(
        self, minutes: float, table: str, host: str, account: str, row: Row
    ) -> RowLogged:
        person, machine = self._company.people[account], self._company.machines[host]
        who = {
            "AccountName": account, "AccountDomain": NETBIOS, "AccountUpn": person.upn,
            "AccountSid": person.sid, "AccountObjectId": person.object_id,
            "AccountDisplayName": person.name, "DeviceName": machine.dns_name, "IPAddress": machine.ip,
            "DestinationDeviceName": "hm-dc01.halden.example", "DestinationIPAddress": "10.20.1.10",
            "ReportId": guid(self._company.seed, table, minutes),
        }  # fmt: skip
        return self._logged(minutes, table, {**who, **row})

    def _logged(self, minutes: float, table: str, row: Row) -> RowLogged:
        at = self._start + timedelta(minutes=minutes)
        return RowLogged(at, table, {"Timestamp": stamp(at), **row})
