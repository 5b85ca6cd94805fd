"""A busy tenant of any size: many incidents, plain alerts, evidence shared between them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from defender_emulator.scenario import AlertRaised, Change, IncidentOpened, Json, Scenario
from defender_emulator.scenarios import records
from defender_emulator.scenarios.company import Company
from defender_emulator.scenarios.identifiers import dice
from defender_emulator.scenarios.noisy_pool import Handful, Pool, fill
from defender_emulator.scenarios.options import Options
from defender_emulator.scenarios.telemetry import Telemetry
from defender_emulator.scenarios.times import stamp

TITLE = "A busy tenant of any size"
KNOWN = (
    "incidents",
    "alerts_per_incident",
    "alerts",
    "days",
    "hours",
    "unfold",
    "history",
    "background",
)
_FIRST_ID = 20_001
_STEPS = (
    "1. Inspect the evidence and its timeline.\n2. Check whether the activity was expected by the "
    "owner of the device or of the mailbox.\n3. Look for the same file, address or sender elsewhere "
    "in the organisation.\n4. If it is malicious, isolate the device, remove the messages, reset the "
    "credentials of the account and block the indicators.\n5. Classify the alert so that similar "
    "ones are handled faster the next time."
)


@dataclass(frozen=True)
class _Kind:
    title: str
    service: str
    source: str
    category: str
    technique: str
    seen: str
    prefix: str


_MDE, _MDO = "microsoftDefenderForEndpoint", "microsoftDefenderForOffice365"
_MDA, _AAD = "microsoftDefenderForCloudApps", "azureAdIdentityProtection"
_KINDS = (
    _Kind("Suspicious script interpreter use", _MDE, _MDE, "Execution", "T1059.001", "endpoint", "da"),
    _Kind("Malware was detected and blocked", _MDE, "antivirus", "Malware", "T1204.002", "endpoint", "da"),
    _Kind("Suspicious scheduled task", _MDE, _MDE, "Persistence", "T1053.005", "endpoint", "da"),
    _Kind("Custom detection: rare child process", _MDE, "customDetection", "SuspiciousActivity", "T1036", "endpoint", "ed"),
    _Kind("Phishing message delivered and removed", _MDO, _MDO, "InitialAccess", "T1566.002", "mail", "fa"),
    _Kind("Message reported by user", _MDO, _MDO, "InitialAccess", "T1566", "mail", "fa"),
    _Kind("Activity from an infrequent country", _MDA, "cloudAppSecurity", "DefenseEvasion", "T1078", "cloud", "ca"),
    _Kind("Anonymous address", _AAD, _AAD, "InitialAccess", "T1078.004", "cloud", "ad"),
)  # fmt: skip
_SEVERITIES = ("informational", "low", "low", "low", "medium", "medium", "high")


@dataclass(frozen=True)
class _Plan:
    incidents: int
    alerts: int
    first: datetime
    last: datetime
    trickle: bool
    """Whether some alerts come later than their incident and move its time."""

    def moment(self, n: int) -> datetime:
        return self.first + (self.last - self.first) * ((n + 1) / (self.incidents + 1))

    def share(self, n: int) -> int:
        return (n + 1) * self.alerts // self.incidents - n * self.alerts // self.incidents


def build(*, seed: int, start: datetime, options: Options) -> Scenario:
    """Make a tenant of the asked size; see `KNOWN` for what can be asked."""
    plan = _planned(start, options)
    company = Company(seed)
    tenant = company.tenant_id
    pool = fill(seed, stamp(plan.first))
    changes = tuple(sorted(_told(plan, pool, seed, tenant), key=lambda change: change.at))
    return Scenario(
        name="noisy",
        title=TITLE,
        tenant_id=tenant,
        start=start,
        end=max(start, plan.last),
        changes=changes,
        rows=Telemetry(changes, company, start, rows=options.background(default=0)),
    )


def _planned(start: datetime, options: Options) -> _Plan:
    options.only(*KNOWN)
    each = options.number("alerts_per_incident", 3, most=10_000)
    total = options.number("alerts", 0, most=100_000)
    most = 100_000
    default = max(1, total // max(each, 1)) if total else 200
    incidents = options.number("incidents", default, least=1, most=most)
    history = options.choice("history", "half", "half", "all")
    unfold = options.switch("unfold", default=False)
    if unfold and history == "all":
        raise ValueError("Options 'unfold' and 'history' contradict each other.")
    hours = options.number("hours", 1 if history == "all" else 24, least=1, most=24 * 180)
    span = timedelta(hours=24 * options.number("days", 0, most=180) or hours)
    return _Plan(
        incidents=incidents,
        alerts=total or incidents * each,
        first=start if unfold else start - span,
        last=start if history == "all" else start + span,
        trickle=history != "all",
    )


def _told(plan: _Plan, pool: Pool, seed: int, tenant: str) -> Iterator[Change]:
    chance = dice("noisy", seed)
    pools = {"endpoint": pool.endpoint, "mail": pool.mail, "cloud": pool.cloud}
    number = 0
    for n in range(plan.incidents):
        at, incident_id = plan.moment(n), str(_FIRST_ID + n)
        kind = _KINDS[chance.randrange(len(_KINDS))]
        severity = _SEVERITIES[chance.randrange(len(_SEVERITIES))]
        written = stamp(at, chance.randrange(10))
        name = f"{kind.title} involving one user"
        yield IncidentOpened(
            at, records.incident(incident_id, tenant, written, displayName=name, severity=severity)
        )
        share = plan.share(n)
        for k in range(share):
            number += 1
            seen: Handful = pools[kind.seen][chance.randrange(len(pools[kind.seen]))]
            if number % 4 == 0:
                seen = (*seen[:3], pool.rare[number // 4 % len(pool.rare)])
            late = plan.trickle and k == share - 1 and n % 5 == 4
            moment = at + timedelta(minutes=chance.randrange(1, 20)) if late else at
            base = _alert_base(kind, severity, chance, moment)
            made = records.alert(
                base.pop("id"), incident_id, tenant, stamp(moment) if late else written, **base
            )
            made["evidence"] = list(seen)
            yield AlertRaised(moment, made, touch=late)


def _alert_base(kind: _Kind, severity: str, chance: random.Random, at: datetime) -> Json:
    number = chance.getrandbits(120)
    begun = at - timedelta(seconds=number % 3000 + 60)
    return {
        "id": _alert_id(kind.prefix, number),
        "title": kind.title,
        "severity": severity,
        "serviceSource": kind.service,
        "detectionSource": kind.source,
        "category": kind.category,
        "categories": _CATEGORIES[kind.category],
        "mitreTechniques": _TECHNIQUES[kind.technique],
        "description": _DESCRIPTIONS[kind.title],
        "recommendedActions": _STEPS,
        "detectorId": _DETECTORS[kind.title],
        "firstActivityDateTime": stamp(begun, number % 10),
        "lastActivityDateTime": stamp(begun + timedelta(seconds=40), number % 7),
    }


def _alert_id(prefix: str, number: int) -> str:
    if prefix == "da":
        return f"da{637 * 10**15 + number % 10**15}_{number % 2**32 - 2**31}"
    text = f"{number:032x}"
    return f"{prefix}{text[:8]}-{text[8:12]}-5{text[13:16]}-9{text[17:20]}-{text[20:]}"


_CATEGORIES = {kind.category: [kind.category] for kind in _KINDS}
_TECHNIQUES = {kind.technique: [kind.technique] for kind in _KINDS}
_DETECTORS = {kind.title: _alert_id("", n + 7**40) for n, kind in enumerate(_KINDS)}
_DESCRIPTIONS = {
    kind.title: f"{kind.title}. Activity of this kind is seen in attacks and, less often, in "
    "ordinary administration. The evidence lists what was involved: look at who did it, on which "
    "device, and whether it began with a message, a download or a sign-in from an unusual place."
    for kind in _KINDS
}
