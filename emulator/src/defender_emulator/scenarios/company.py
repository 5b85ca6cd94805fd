"""The company that the stories happen to: Halden Marine, its people and its machines.

Names use the reserved `.example` domain, private networks and the documentation address ranges.
"""

from dataclasses import dataclass
from functools import cached_property

from defender_emulator.scenario import Json
from defender_emulator.scenarios.evidence import complex_value, evidence
from defender_emulator.scenarios.identifiers import guid, sha1

DOMAIN = "halden.example"
NETBIOS = "HALDEN"
_SID = "S-1-5-21-1004336348-1177238915-682003330"

_PEOPLE = """
Astrid Holm|a.holm|Finance|Accounts payable clerk|Tromso
Bjarne Nilsen|b.nilsen|Finance|Controller|Tromso
Carla Rossi|c.rossi|Sales|Regional sales manager|Genoa
Daniel Okafor|d.okafor|IT|Systems administrator|Tromso
Elin Berg|e.berg|Engineering|Naval architect|Bergen
Farid Haddad|f.haddad|Engineering|Hydrodynamics engineer|Bergen
Greta Lindqvist|g.lindqvist|Human resources|HR partner|Gothenburg
Henrik Solberg|h.solberg|Executive|Chief financial officer|Tromso
Ines Moreau|i.moreau|Legal|Counsel|Brest
Jonas Eide|j.eide|IT|Help desk technician|Tromso
Kaja Strand|k.strand|Sales|Sales assistant|Genoa
Leo Tanaka|l.tanaka|Engineering|Simulation engineer|Bergen
svc backup|svc-backup|IT|Service account|Tromso
svc sql|svc-sql|IT|Service account|Tromso
"""

_MACHINES = """
hm-ws-0107|Windows11|23H2|22631|10.20.4.17|a.holm|Workstations
hm-ws-0112|Windows11|23H2|22631|10.20.4.22|b.nilsen|Workstations
hm-ws-0131|Windows10|22H2|19045|10.20.5.31|k.strand|Workstations
hm-ws-0144|Windows11|24H2|26100|10.20.6.44|e.berg|Workstations
hm-ws-0150|macOS|15.1|24|10.20.6.50|l.tanaka|Workstations
hm-lt-0203|Windows11|24H2|26100|10.20.7.3|c.rossi|Laptops
hm-lt-0208|Windows11|23H2|22631|10.20.7.8|h.solberg|Laptops
hm-ad-0001|Windows11|24H2|26100|10.20.9.5|d.okafor|Admin workstations
hm-dc01|WindowsServer2022|21H2|20348|10.20.1.10|d.okafor|Domain controllers
hm-file01|WindowsServer2019|1809|17763|10.20.1.21|svc-backup|Servers
hm-sql01|WindowsServer2019|1809|17763|10.20.1.31|svc-sql|Servers
hm-app01|WindowsServer2022|21H2|20348|10.20.1.41|svc-sql|Servers
hm-web01|Linux|Ubuntu 24.04|6|10.20.2.11|d.okafor|Servers
"""


@dataclass(frozen=True)
class Person:
    """One account of the company."""

    name: str
    account: str
    department: str
    job: str
    city: str
    number: int
    seed: int

    @property
    def upn(self) -> str:
        """The sign-in name, which is also the mail address."""
        return f"{self.account}@{DOMAIN}"

    @property
    def sid(self) -> str:
        """The on-premises security identifier."""
        return f"{_SID}-{self.number}"

    @property
    def object_id(self) -> str:
        """The Entra object id."""
        return guid(self.seed, "person", self.account)

    def user_account(self, tenant_id: str) -> Json:
        """The person as the `userAccount` of an evidence."""
        return complex_value(
            "userAccount",
            accountName=self.account,
            activeDirectoryObjectGuid=guid(self.seed, "on-premises", self.account),
            azureAdUserId=self.object_id,
            displayName=self.name,
            domainName=NETBIOS,
            tenantId=tenant_id,
            userPrincipalName=self.upn,
            userSid=self.sid,
        )


@dataclass(frozen=True)
class Machine:
    """One device of the company."""

    host: str
    platform: str
    version: str
    build: int
    ip: str
    owner: str
    group: str
    seed: int

    @property
    def dns_name(self) -> str:
        """The full name, as `deviceDnsName` and the hunting tables spell it."""
        return f"{self.host}.{DOMAIN}"

    @property
    def mde_id(self) -> str:
        """The Defender for Endpoint device id."""
        return sha1(self.seed, "device", self.host)

    def evidence(self, created: str, **fields: object) -> Json:
        """The device as an evidence."""
        return evidence(
            "deviceEvidence",
            created,
            **{
                "azureAdDeviceId": guid(self.seed, "device", self.host),
                "defenderAvStatus": "updated",
                "deviceDnsName": self.dns_name,
                "dnsDomain": DOMAIN,
                "firstSeenDateTime": "2025-03-14T08:12:44.9Z",
                "healthStatus": "active",
                "hostName": self.host,
                "ipInterfaces": [self.ip, "fe80::1c2d:3e4f:5a6b:7c8d", "127.0.0.1", "::1"],
                "lastExternalIpAddress": "192.0.2.10",
                "lastIpAddress": self.ip,
                "loggedOnUsers": [
                    complex_value("loggedOnUser", accountName=self.owner, domainName=NETBIOS)
                ],
                "mdeDeviceId": self.mde_id,
                "ntDomain": NETBIOS,
                "onboardingStatus": "onboarded",
                "osBuild": self.build,
                "osPlatform": self.platform,
                "rbacGroupId": 75,
                "rbacGroupName": self.group,
                "riskScore": "medium",
                "version": self.version,
                **fields,
            },
        )


@dataclass(frozen=True)
class Company:
    """The whole cast; another seed gives the same people other ids."""

    seed: int

    @cached_property
    def tenant_id(self) -> str:
        """The Entra tenant."""
        return guid(self.seed, "tenant")

    @cached_property
    def people(self) -> dict[str, Person]:
        """Everyone by account name."""
        rows = [line.split("|") for line in _PEOPLE.strip().splitlines()]
        made = [
            Person(r[0], r[1], r[2], r[3], r[4], 1101 + n, self.seed) for n, r in enumerate(rows)
        ]
        return {person.account: person for person in made}

    @cached_property
    def machines(self) -> dict[str, Machine]:
        """Every device by host name."""
        rows = [line.split("|") for line in _MACHINES.strip().splitlines()]
        made = [Machine(r[0], r[1], r[2], int(r[3]), r[4], r[5], r[6], self.seed) for r in rows]
        return {machine.host: machine for machine in made}
