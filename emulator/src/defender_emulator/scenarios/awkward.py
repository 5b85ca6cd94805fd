"""A tenant of unlikely but possible things, each in an incident of its own."""

from datetime import datetime, timedelta
from typing import Any

from defender_emulator.scenario import (
    AlertRaised,
    Change,
    IncidentChanged,
    IncidentOpened,
    IncidentsMerged,
    Json,
    Scenario,
)
from defender_emulator.scenarios import awkward_shapes as shapes
from defender_emulator.scenarios import records
from defender_emulator.scenarios.company import Company
from defender_emulator.scenarios.evidence import complex_value, evidence, examples
from defender_emulator.scenarios.identifiers import alert_id
from defender_emulator.scenarios.options import Options
from defender_emulator.scenarios.props import Props, system_file
from defender_emulator.scenarios.telemetry import Telemetry
from defender_emulator.scenarios.times import stamp

TITLE = "Unlikely but possible records, times and orders of events"
KNOWN = ("big", "equal", "background")


def build(*, seed: int, start: datetime, options: Options) -> Scenario:
    """Make the tenant; `big` alerts in one incident, `equal` incidents with one and the same time."""
    options.only(*KNOWN)
    company = Company(seed)
    cases = _Cases(company, start)
    cases.equal_times(options.number("equal", 60, most=5_000))
    cases.last_digits()
    cases.big(options.number("big", 3_000, most=100_000))
    cases.without_alerts()
    cases.nulls()
    cases.strangers()
    cases.texts()
    cases.dates()
    cases.every_evidence()
    cases.late_arrivals()
    cases.alert_after_incident()
    cases.promotion()
    cases.redirects()
    changes = tuple(sorted(cases.changes, key=lambda change: change.at))
    return Scenario(
        name="awkward",
        title=TITLE,
        tenant_id=company.tenant_id,
        start=start,
        end=changes[-1].at,
        changes=changes,
        rows=Telemetry(changes, company, start, rows=options.background(default=0)),
    )


class _Cases:
    """Adds one kind of awkwardness after another; minutes count from the start."""

    def __init__(self, company: Company, start: datetime) -> None:
        self.changes: list[Change] = []
        self._company = company
        self._start = start
        self._next = 3000

    def equal_times(self, count: int) -> None:
        """More than one page of incidents with the same last update, to the seventh digit."""
        at = self._at(-120)
        for n in range(count):
            self._incident(-120, f"Equal time {n + 1}", written=stamp(at, 7))

    def last_digits(self) -> None:
        """Ten incidents whose times differ in the seventh digit only."""
        at = self._at(-110)
        for digit in (3, 1, 4, 0, 5, 9, 2, 6, 8, 7):
            self._incident(-110, f"Seventh digit {digit}", written=stamp(at, digit))

    def big(self, count: int) -> None:
        """Thousands of alerts in one incident."""
        props = self._props(-100)
        seen = [props.device("hm-web01"), props.ip("198.51.100.66")]
        self._incident(-100, f"Incident with {count} alerts", alerts=0, severity="high")
        for n in range(count):
            self._alert(-100, title=f"Repeated alert {n + 1}", severity="medium", evidence=seen)

    def without_alerts(self) -> None:
        """An incident that has no alert."""
        self._incident(-90, "Incident without alerts", alerts=0, severity="high")

    def nulls(self) -> None:
        """Null, or nothing at all, wherever the schema allows it."""
        created = stamp(self._at(-80))
        self._incident(-80, "", alerts=0, **shapes.nulled("incident"))
        self._alert(-80, **shapes.nulled("alert", "incidentId"))
        full = self._incident(-79, "kept", alerts=0)
        self.changes[-1] = IncidentOpened(self._at(-79), shapes.bare(full, "incident"))
        self._alert(-79)
        raised = self.changes[-1]
        assert isinstance(raised, AlertRaised)  # noqa: S101 - just added
        bare = shapes.bare(raised.alert, "alert", "incidentId", "lastUpdateDateTime")
        self.changes[-1] = AlertRaised(raised.at, bare, touch=False)
        self._incident(-78, "Evidence of nulls", alerts=0, systemTags=[], customTags=[])
        self._alert(-78, title="Evidence of nulls", evidence=shapes.null_evidence(created))
        self._alert(-78, title=None, evidence=[], categories=[], mitreTechniques=[])

    def strangers(self) -> None:
        """Values and types that nobody has documented yet, or that need the Prefer header."""
        created = stamp(self._at(-70))
        of_incident = {
            k: v for k, v in shapes.UNKNOWN_ENUMS.items() if not k.endswith(("e", "Source"))
        }
        self._incident(-70, "Unknown enum members", alerts=0, **of_incident)
        self._alert(-70, title="Unknown enum members", **shapes.UNKNOWN_ENUMS)
        self._incident(-69, "Unknown evidence", alerts=0)
        self._alert(-69, title="Unknown evidence", evidence=shapes.strange_evidence(created))
        self._incident(-68, "Members that came later", alerts=0, status="awaitingAction")
        more = {"evidence": shapes.later_evidence(created), **shapes.LATER_ENUMS}
        self._alert(-68, title="Members that came later", **more)
        self._alert(-68, title="Open objects", additionalData={
            "Intent@odata.type": "#Collection(String)", "Intent": ["Execution"], "Score": 0.5,
            "Nested": {"a": {"b": [None, True]}},
        }, customDetails={"Host Name": "hm-ws-0107", "Attempts": "17"})  # fmt: skip

    def texts(self) -> None:
        """Names that break careless quoting, in every place a name can stand."""
        for name, text in shapes.TEXTS:
            self._incident(-60, text, alerts=0, customTags=[text], description=f"{name}: {text}")
            self._alert(-60, title=text, description=text, evidence=self._text_evidence(text))
        self._incident(-59, "Very long " + "title " * 700, alerts=0, description="long " * 12_000)
        self._alert(-59, title="Very long " + "title " * 700, description="long " * 12_000)

    def _text_evidence(self, text: str) -> list[Json]:
        props = self._props(-60)
        account = complex_value("userAccount", accountName=text, displayName=text,
                                userPrincipalName=f"{text}@halden.example")  # fmt: skip
        file = {**system_file("cmd.exe"), "fileName": text, "filePath": f"C:\\{text}"}
        return [
            props.device("hm-lt-0208", hostName=text, tags=[text]),
            props.other("userEvidence", userAccount=account),
            props.file(file, "hm-lt-0208"),
            props.process(file, f'cmd.exe /c "{text}"', "hm-lt-0208", "h.solberg"),
            props.mail("a@invoices.example", "h.solberg", text),
            props.url(f"https://files.invoices.example/?q={text}"),
        ]

    def dates(self) -> None:
        """Times written in other ways than documented."""
        for n, text in enumerate(shapes.DATES):
            self._incident(-50, f"Time written {text}", alerts=0, createdDateTime=text)
            self._alert(-50, title=f"Time {n}", createdDateTime=text, firstActivityDateTime=text,
                        lastActivityDateTime=text, lastUpdateDateTime=text,
                        evidence=[evidence("ipEvidence", text, ipAddress="203.0.113.5")])  # fmt: skip

    def every_evidence(self) -> None:
        """All evidence types, every field filled, eight to an alert."""
        created = stamp(self._at(-40))
        made = [{**example, "createdDateTime": created} for example in examples().values()]
        self._incident(-40, "Every type of evidence", alerts=0, severity="medium")
        for n in range(0, len(made), 8):
            self._alert(-40, title=f"Evidence {n + 1} to {n + 8}", evidence=made[n : n + 8])

    def late_arrivals(self) -> None:
        """Incidents that become visible minutes after the time they carry, behind newer ones."""
        for n in range(5):
            self._incident(10 + n, f"On time {n + 1}")
            written = stamp(self._at(9.5 + n), 4)
            self._incident(19 + 2 * n, f"Late by {9 + n} minutes", written=written)

    def alert_after_incident(self) -> None:
        """An alert with a later update than its incident's."""
        at = self._at(25)
        self._incident(25, "Alert newer than its incident", alerts=0, written=stamp(at))
        newer = stamp(at + timedelta(milliseconds=73), 3)
        self._alert(25, title="Newer than its incident", lastUpdateDateTime=newer)

    def promotion(self) -> None:
        """A low incident that turns high later, without and with a new alert."""
        for n in range(2):
            made = self._incident(5, f"Low that becomes high {n + 1}")
            at = self._at(45 + n)
            self.changes.append(IncidentChanged(at, made["id"], {"severity": "high"}))
        self._alert(46, touch=True, title="The alert that changed it", severity="high")

    def redirects(self) -> None:
        """A chain of two redirects, each with its alerts."""
        chain = [self._incident(8 + n, f"Link {n + 1} of a chain")["id"] for n in range(3)]
        self.changes.append(IncidentsMerged(self._at(30), chain[0], chain[1]))
        self.changes.append(IncidentsMerged(self._at(40), chain[1], chain[2]))

    def _at(self, minutes: float) -> datetime:
        return self._start + timedelta(minutes=minutes)

    def _props(self, minutes: float) -> Props:
        return Props(self._company, stamp(self._at(minutes)))

    def _incident(
        self, minutes: float, name: str, *, alerts: int = 1, written: str = "", **fields: Any
    ) -> Json:
        """Open the next incident, with a plain alert unless `alerts` is 0."""
        self._next += 1
        moment = written or stamp(self._at(minutes))
        base = {"displayName": name, **fields}
        made = records.incident(str(self._next), self._company.tenant_id, moment, **base)
        self.changes.append(IncidentOpened(self._at(minutes), made))
        if alerts:
            self._alert(minutes, title=name, lastUpdateDateTime=moment)
        return made

    def _alert(self, minutes: float, *, touch: bool = False, **fields: Any) -> None:
        """Raise an alert in the last incident."""
        props = self._props(minutes)
        base: Json = {
            "title": "Awkward alert",
            "category": "SuspiciousActivity",
            "serviceSource": "microsoftDefenderForEndpoint",
            "detectionSource": "customDetection",
            "description": "An alert of the awkward tenant.",
            "evidence": [props.device("hm-lt-0208"), props.user("h.solberg")],
            **fields,
        }
        name = alert_id("ed", self._company.seed, "awkward", len(self.changes))
        made = records.alert(name, str(self._next), self._company.tenant_id, props.created, **base)
        self.changes.append(AlertRaised(self._at(minutes), made, touch))
