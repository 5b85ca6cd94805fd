"""A pool of evidence that many alerts share, so that a huge tenant stays small in memory.

Nothing in the pool is ever changed; an alert holds references into it.
"""

from dataclasses import dataclass

from defender_emulator.scenario import Json
from defender_emulator.scenarios.company import DOMAIN, Company, Machine, Person
from defender_emulator.scenarios.evidence import complex_value, evidence, examples
from defender_emulator.scenarios.identifiers import dice, guid
from defender_emulator.scenarios.props import Props, file_details, system_file

_FIRST = ("Aina", "Bo", "Cem", "Dina", "Eskil", "Fay", "Gil", "Hana", "Ivo", "Jun", "Kim", "Lars")
_LAST = ("Aas", "Bakke", "Costa", "Dahl", "Eng", "Fos", "Garcia", "Hay", "Ito", "Juel", "Kolb")
_TOOLS = ("powershell.exe", "cmd.exe", "rundll32.exe", "regsvr32.exe", "mshta.exe", "certutil.exe")
_SUBJECTS = (
    "Your parcel could not be delivered",
    "Payroll: please confirm your account",
    "Document shared with you",
    "Password expires today",
)

Handful = tuple[Json, ...]


@dataclass(frozen=True)
class Pool:
    """Handfuls of evidence by kind of alert, and one of each rare type."""

    endpoint: tuple[Handful, ...]
    mail: tuple[Handful, ...]
    cloud: tuple[Handful, ...]
    rare: Handful


def fill(seed: int, created: str, size: int = 60) -> Pool:
    """Make the pool of a tenant; `size` handfuls of each kind."""
    company = Company(seed)
    people = [_person(n, seed) for n in range(size)]
    machines = [_machine(n, seed, people[n]) for n in range(size)]
    accounts = [
        evidence("userEvidence", created, userAccount=p.user_account(company.tenant_id))
        for p in people
    ]
    props = Props(company, created)
    return Pool(
        endpoint=tuple(_endpoint(props, machines[n], accounts[n], n) for n in range(size)),
        mail=tuple(_mail(props, people[n], accounts[n], n) for n in range(size)),
        cloud=tuple(_cloud(props, accounts[n], n) for n in range(size)),
        rare=tuple({**made, "createdDateTime": created} for made in examples().values()),
    )


def _person(n: int, seed: int) -> Person:
    first, last = _FIRST[n % len(_FIRST)], _LAST[(n // 3) % len(_LAST)]
    account = f"{first[0].lower()}.{last.lower()}{n}"
    return Person(f"{first} {last}", account, "Operations", "Operator", "Oslo", 5000 + n, seed)


def _machine(n: int, seed: int, owner: Person) -> Machine:
    ip = f"10.30.{n // 200}.{n % 200 + 10}"
    return Machine(
        f"hm-nx-{n:04d}", "Windows11", "23H2", 22631, ip, owner.account, "Workstations", seed
    )


def _endpoint(props: Props, machine: Machine, account: Json, n: int) -> Handful:
    chance = dice(machine.seed, "endpoint", n)
    name = f"{chance.choice(('setup', 'helper', 'sync', 'driver', 'report'))}{n}.exe"
    details = file_details(f"C:\\Users\\Public\\{name}", size=40_000 + chance.randrange(900_000))
    tool = chance.choice(_TOOLS)
    number = 4 * chance.randrange(300, 6000)
    process = evidence(
        "processEvidence",
        props.created,
        detectionStatus="detected",
        imageFile=system_file(tool),
        mdeDeviceId=machine.mde_id,
        parentProcessCreationDateTime=props.created,
        parentProcessId=number + 40,
        parentProcessImageFile=system_file("explorer.exe"),
        processCommandLine=f'{tool} /c "C:\\Users\\Public\\{name}" --job {chance.randrange(10**6)}',
        processCreationDateTime=props.created,
        processId=number,
        userAccount=account["userAccount"],
    )
    file = evidence(
        "fileEvidence",
        props.created,
        detectionStatus="detected",
        fileDetails=details,
        mdeDeviceId=machine.mde_id,
        verdict="suspicious",
    )
    return machine.evidence(props.created), process, file, account


def _mail(props: Props, person: Person, account: Json, n: int) -> Handful:
    url = f"https://www.landing-{n}.example/login?u={guid('landing', n)[:8]}"
    sender = f"notice{n}@sender-{n % 12}.example"
    mail = props.mail(
        sender,
        person.account,
        f"{_SUBJECTS[n % len(_SUBJECTS)]} ({n})",
        urls=[url],
        senderIp=f"203.0.113.{n % 250 + 1}",
        threats=["ZapPhish"],
        threatDetectionMethods=["URL detonation"],
        verdict="malicious",
    )
    box = evidence(
        "mailboxEvidence",
        props.created,
        displayName=person.name,
        primaryAddress=person.upn,
        upn=person.upn,
        userAccount=account["userAccount"],
    )
    return mail, box, props.url(url, verdict="malicious"), account


def _cloud(props: Props, account: Json, n: int) -> Handful:
    app = evidence(
        "oauthApplicationEvidence",
        props.created,
        appId=guid("app", n),
        displayName=f"Connector {n}",
        objectId=guid("app object", n),
        publisher=f"Publisher {n % 7}",
    )
    named = complex_value("stream", name=DOMAIN)
    return account, props.ip(f"198.51.100.{n % 250 + 1}", stream=named), props.cloud_app, app
