"""Who makes the noise: the story's people and machines, and as many colleagues as the size asks for."""

from datetime import datetime
from typing import Any

from defender_emulator.scenario import Json
from defender_emulator.scenarios.company import DOMAIN, NETBIOS, Company, Machine, Person
from defender_emulator.scenarios.identifiers import guid, sha1

OFFICES = (
    ("Tromso", "NO", 1, "192.0.2.10"),
    ("Bergen", "NO", 1, "192.0.2.11"),
    ("Genoa", "IT", 1, "192.0.2.40"),
    ("Brest", "FR", 1, "192.0.2.50"),
    ("Gothenburg", "SE", 1, "192.0.2.60"),
    ("Halifax", "CA", -4, "192.0.2.70"),
    ("Busan", "KR", 9, "192.0.2.80"),
)
"""City, country, hours from UTC, and the address by which the office reaches the internet."""
QUIET = "hm-file01"
"""This server starts no noisy process after the story's start: published examples show it."""

_FIRST = (
    "Anna Bo Clara David Eva Finn Gina Hugo Ida Jon Karin Lars Mia Nils Olga Per Rosa Sven Tina Ulf"
)
_LAST = "Aas Bakke Conti Dahl Ek Foss Gallo Hagen Iversen Jung Kim Lund Moen Noel Olsen Park Ricci Sand Thoren Vik"
_JOBS = (
    ("Engineering", "Naval architect"), ("Engineering", "Welding engineer"),
    ("Production", "Dock planner"), ("Sales", "Sales representative"),
    ("Finance", "Accountant"), ("Human resources", "HR adviser"), ("Legal", "Contract manager"),
    ("Purchasing", "Buyer"), ("IT", "Application manager"), ("Quality", "Inspector"),
)  # fmt: skip
_KINDS = (
    ("mac", "macOS", "15.1", 24, "hm-mb", "Laptops"),
    ("srv", "WindowsServer2022", "21H2", 20348, "hm-srv", "Servers"),
    ("lin", "Linux", "Ubuntu 24.04", 6, "hm-lx", "Servers"),
    ("win", "Windows10", "22H2", 19045, "hm-ws", "Workstations"),
    ("win", "Windows11", "24H2", 26100, "hm-lt", "Laptops"),
    ("win", "Windows11", "23H2", 22631, "hm-ws", "Workstations"),
)
"""Of twenty generated machines one is of each of the first three kinds; the rest are Windows clients."""


def noise(company: Company, start: datetime, rows: int) -> Json:
    """What `filling.fill` needs, as plain JSON; the same company, start and size give the same."""
    size = max(40, min(2_000, rows // 500))
    people = [_cast_person(person) for person in company.people.values()]
    numbers = {person["account"]: person["p"] for person in people}
    devices = [_cast_device(machine, numbers) for machine in company.machines.values()]
    for number in range(size - len(devices)):
        people.append(_person(company.seed, number))
        devices.append(_device(company.seed, number, people[-1]["p"]))
    for d, device in enumerate(devices):
        device["d"] = d
    return {
        "rows": rows, "seed": company.seed, "start": start.isoformat(), "domain": DOMAIN,
        "netbios": NETBIOS.lower(), "tenant": company.tenant_id, "devices": devices, "people": people,
    }  # fmt: skip


def office(city: str) -> tuple[str, str]:
    """The country of an office and the address by which it reaches the internet."""
    return next((country, egress) for name, country, _, egress in OFFICES if name == city)


def _office(number: int) -> dict[str, Any]:
    city, country, zone, address = OFFICES[number % len(OFFICES)]
    return {"city": city, "country": country, "zone": zone, "egress": address}


def _home(number: int) -> str:
    return f"198.19.{number // 200}.{number % 200 + 20}"


def _cast_person(person: Person) -> Json:
    number = person.number - 1101
    cities = [office[0] for office in OFFICES]
    return {
        "p": number, "account": person.account, "name": person.name, "upn": person.upn,
        "sid": person.sid, "oid": person.object_id, "department": person.department,
        "job": person.job, **_office(cities.index(person.city)), "home": _home(number),
        "human": not person.account.startswith("svc"),
    }  # fmt: skip


def _person(seed: int, number: int) -> Json:
    firsts, lasts = _FIRST.split(), _LAST.split()
    first, last = firsts[number % 20], lasts[number // 20 % 20]
    again = number // 400
    account = f"{first[0]}{first[1]}.{last}{again or ''}".lower()
    department, job = _JOBS[number % len(_JOBS)]
    return {
        "p": 14 + number, "account": account, "name": f"{first} {last}", "upn": f"{account}@{DOMAIN}",
        "sid": f"S-1-5-21-1004336348-1177238915-682003330-{2000 + number}",
        "oid": guid(seed, "person", account), "department": department, "job": job,
        **_office(number), "home": _home(14 + number), "human": True,
    }  # fmt: skip


def _shown(host: str, seed: int, ip: str) -> Json:
    key = sha1(seed, "device", host)
    return {
        "id": key, "name": f"{host}.{DOMAIN}", "host": host, "ip": ip,
        "aad": guid(seed, "device", host), "quiet": host == QUIET,
        "mac": "-".join(("00", "00", "5E", "00", key[:2].upper(), key[2:4].upper())),
    }  # fmt: skip


def _cast_device(machine: Machine, numbers: dict[str, int]) -> Json:
    families = {"WindowsServer": "srv", "Windows": "win", "macOS": "mac", "Linux": "lin"}
    family = next(kind for start, kind in families.items() if machine.platform.startswith(start))
    return {
        **_shown(machine.host, machine.seed, machine.ip), "p": numbers[machine.owner],
        "family": family, "platform": machine.platform, "version": machine.version,
        "build": machine.build, "team": machine.group, **_office(0),
    }  # fmt: skip


def _device(seed: int, number: int, owner: int) -> Json:
    family, platform, version, build, start, team = _KINDS[min(number % 20, 5)]
    ip = f"10.{30 + number % len(OFFICES)}.{number // 200 + 1}.{number % 200 + 20}"
    return {
        **_shown(f"{start}-{1000 + number}", seed, ip), "p": owner, "family": family,
        "platform": platform, "version": version, "build": build, "team": team, **_office(number),
    }  # fmt: skip
