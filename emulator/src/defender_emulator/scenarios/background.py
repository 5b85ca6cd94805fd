"""An ordinary company's days: a modest amount of rows in which nothing is wrong."""

import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from defender_emulator.background import fleet
from defender_emulator.scenario import RowLogged
from defender_emulator.scenarios import facts
from defender_emulator.scenarios.company import DOMAIN, NETBIOS, Company, Machine, Person
from defender_emulator.scenarios.identifiers import dice, guid
from defender_emulator.scenarios.props import file_details
from defender_emulator.scenarios.telemetry_device import file_columns
from defender_emulator.scenarios.times import stamp

DAYS = 29
_OFFICE = "C:\\Program Files\\Microsoft Office\\root\\Office16"
_PROGRAMS = {
    name: file_columns(file_details(path, size=size, signer="Microsoft Corporation"))
    for name, path, size in (
        ("outlook", f"{_OFFICE}\\OUTLOOK.EXE", 44_110_000),
        ("excel", f"{_OFFICE}\\EXCEL.EXE", 64_021_872),
        ("edge", "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe", 4_200_328),
        ("teams", "C:\\Program Files\\WindowsApps\\MSTeams\\ms-teams.exe", 2_450_112),
        ("svchost", "C:\\Windows\\System32\\svchost.exe", 79_920),
    )
}
_SITES = ("intranet.halden.example", "weather.example", "ports.example", "news.example")
_TOPICS = ("Weekly dock schedule", "Minutes", "Hull 314 drawings", "Lunch on Friday", "Offer 8812")


def rows(company: Company, start: datetime) -> Iterator[RowLogged]:
    """The days before `start` and the one after it, and what stands in tables without time."""
    first = start - timedelta(days=DAYS)
    yield from standing(company, first, start)
    for day in range(DAYS + 1):
        morning = first + timedelta(days=day)
        for machine in company.machines.values():
            yield from _machine_day(company, machine, morning)
        for person in company.people.values():
            yield from _person_day(company, person, morning)
            if day % 7 == 0:
                yield _identity(company, person, morning)


def standing(company: Company, at: datetime, start: datetime) -> Iterator[RowLogged]:
    """Rows of tables that say how things are, not when they happened."""
    ids = {machine.dns_name: machine.mde_id for machine in company.machines.values()}
    tables: dict[str, list[dict[str, Any]]] = json.loads(facts.packaged("standing-rows.json"))
    for table, found in tables.items():
        for row in found:
            found_id = {"DeviceId": ids[name]} if (name := row.get("DeviceName")) in ids else {}
            times = {key: stamp(start) for key, value in row.items() if value == "$start"}
            yield RowLogged(at, table, {**row, **found_id, **times})


def _logged(at: datetime, table: str, row: dict[str, Any]) -> RowLogged:
    return RowLogged(at, table, {"Timestamp": stamp(at), **row})


def _machine_day(company: Company, machine: Machine, morning: datetime) -> Iterator[RowLogged]:
    chance = dice(company.seed, "day", machine.host, stamp(morning))
    place = {"DeviceId": machine.mde_id, "DeviceName": machine.dns_name}
    owner = company.people[machine.owner]
    report = chance.randrange(10**6)
    info = {
        **place,
        "OSPlatform": machine.platform,
        "OSBuild": machine.build,
        "OSVersion": machine.version,
        "MachineGroup": machine.group,
        "OnboardingStatus": "Onboarded",
        "SensorHealthState": "Active",
        "PublicIP": "192.0.2.10",
        "DeviceCategory": "Endpoint",
        "DeviceType": "Server" if "Server" in machine.platform else "Workstation",
        "JoinType": "Hybrid Azure AD Join",
        "IsAzureADJoined": True,
        "LoggedOnUsers": json.dumps([{"UserName": owner.account, "DomainName": NETBIOS}]),
        "ReportId": report,
    }
    yield _logged(morning + _within(chance, 600), "DeviceInfo", info)
    account = {"AccountDomain": NETBIOS.lower(), "AccountName": owner.account}
    at = morning + _within(chance, 3_600)
    logon = {
        **place,
        **account,
        "AccountSid": owner.sid,
        "ActionType": "LogonSuccess",
        "LogonType": "Interactive",
        "ReportId": report + 1,
    }
    yield _logged(at, "DeviceLogonEvents", logon)
    started = at + _within(chance, 20_000)
    program = _PROGRAMS[chance.choice(sorted(_PROGRAMS))]
    process = {
        **place,
        **account,
        **program,
        "AccountUpn": owner.upn,
        "AccountSid": owner.sid,
        "ActionType": "ProcessCreated",
        "ProcessId": 4 * chance.randrange(300, 9000),
        "ProcessCommandLine": f'"{program["FileName"]}"',
        "ProcessCreationTime": stamp(started),
        "InitiatingProcessFileName": "explorer.exe",
        "ReportId": report + 2,
    }
    yield _logged(started, "DeviceProcessEvents", process)
    visit = {
        **place,
        "ActionType": "ConnectionSuccess",
        "LocalIP": machine.ip,
        "RemoteUrl": chance.choice(_SITES),
        "RemoteIP": f"192.0.2.{chance.randrange(100, 120)}",
        "RemotePort": 443,
        "Protocol": "Tcp",
        "InitiatingProcessFileName": "msedge.exe",
        "InitiatingProcessAccountName": owner.account,
        "ReportId": report + 3,
    }
    yield _logged(started + _within(chance, 900), "DeviceNetworkEvents", visit)


def _person_day(company: Company, person: Person, morning: datetime) -> Iterator[RowLogged]:
    chance = dice(company.seed, "day", person.account, stamp(morning))
    key = guid(company.seed, person.account, stamp(morning))
    country, egress = fleet.office(person.city)
    at = morning + _within(chance, 4_000)
    who = {
        "AccountUpn": person.upn,
        "AccountObjectId": person.object_id,
        "AccountDisplayName": person.name,
    }
    sign_in = {
        **who,
        "Application": "Office 365 Exchange Online",
        "LogonType": '["interactiveUser"]',
        "ErrorCode": 0 if chance.random() < 0.95 else 50126,
        "IPAddress": egress,
        "Country": country,
        "City": person.city,
        "ReportId": key,
    }
    yield _logged(at, "EntraIdSignInEvents", sign_in)
    sender = chance.choice(sorted(company.people))
    topic = chance.choice(_TOPICS)
    letter = {
        "NetworkMessageId": key,
        "InternetMessageId": f"<{key[:12]}@{DOMAIN}>",
        "SenderFromAddress": f"{sender}@{DOMAIN}",
        "SenderMailFromAddress": f"{sender}@{DOMAIN}",
        "SenderFromDomain": DOMAIN,
        "RecipientEmailAddress": person.upn,
        "Subject": topic,
        "EmailDirection": "Intra-org",
        "DeliveryAction": "Delivered",
        "DeliveryLocation": "Inbox/folder",
        "ReportId": key,
    }
    yield _logged(at + _within(chance, 9_000), "EmailEvents", letter)
    if chance.random() < 0.5:
        opened = {
            "ActionType": "FileAccessed",
            "Application": "Microsoft SharePoint Online",
            "AccountObjectId": person.object_id,
            "AccountId": person.upn,
            "AccountDisplayName": person.name,
            "IPAddress": egress,
            "CountryCode": country,
            "ObjectName": f"{topic}.docx",
            "ReportId": key,
        }
        yield _logged(at + _within(chance, 9_000), "CloudAppEvents", opened)


def _identity(company: Company, person: Person, morning: datetime) -> RowLogged:
    first, _, last = person.name.partition(" ")
    row = {
        "AccountUpn": person.upn,
        "AccountObjectId": person.object_id,
        "AccountDisplayName": person.name,
        "AccountName": person.account,
        "AccountDomain": NETBIOS,
        "GivenName": first,
        "Surname": last,
        "OnPremSid": person.sid,
        "Department": person.department,
        "JobTitle": person.job,
        "City": person.city,
        "EmailAddress": person.upn,
        "IsAccountEnabled": True,
        "Type": "ServiceAccount" if person.account.startswith("svc") else "User",
        "TenantId": company.tenant_id,
        "ReportId": guid(company.seed, "identity", person.account, stamp(morning)),
    }
    return _logged(morning, "IdentityInfo", row)


def _within(chance: random.Random, seconds: int) -> timedelta:
    return timedelta(seconds=chance.randrange(seconds), microseconds=chance.randrange(10**6))
