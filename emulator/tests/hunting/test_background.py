"""The background: there, plausible, the same for a seed, and silent under hunts for attacks."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from emulator.tests.hunting.hunts import HUNTS

from defender_emulator.background import fleet
from defender_emulator.hunting import HuntingEngine
from defender_emulator.hunting.child import Answering
from defender_emulator.hunting.store import Caps, Store
from defender_emulator.scenario import AlertRaised
from defender_emulator.scenarios import background, build
from defender_emulator.scenarios.company import Company

Seen = list[tuple[datetime, dict[str, object], dict[str, object]]]
START = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
"""A Tuesday."""
END = START + timedelta(hours=24)
SIZE = 100_000
USED = [
    "AADSignInEventsBeta",
    "AADSpnSignInEventsBeta",
    "CloudAppEvents",
    "DeviceEvents",
    "DeviceFileCertificateInfo",
    "DeviceFileEvents",
    "DeviceImageLoadEvents",
    "DeviceInfo",
    "DeviceLogonEvents",
    "DeviceNetworkEvents",
    "DeviceNetworkInfo",
    "DeviceProcessEvents",
    "DeviceRegistryEvents",
    "DeviceTvmBrowserExtensions",
    "DeviceTvmInfoGathering",
    "DeviceTvmSecureConfigurationAssessment",
    "DeviceTvmSecureConfigurationAssessmentKB",
    "DeviceTvmSoftwareInventory",
    "DeviceTvmSoftwareVulnerabilities",
    "DeviceTvmSoftwareVulnerabilitiesKB",
    "EmailAttachmentInfo",
    "EmailEvents",
    "EmailPostDeliveryEvents",
    "EmailUrlInfo",
    "EntraIdSignInEvents",
    "EntraIdSpnSignInEvents",
    "ExposureGraphEdges",
    "ExposureGraphNodes",
    "IdentityDirectoryEvents",
    "IdentityInfo",
    "IdentityLogonEvents",
    "IdentityQueryEvents",
    "OAuthAppInfo",
    "UrlClickEvents",
]
"""Tables that published hunting queries use most, AlertInfo and AlertEvidence apart: those hold alerts."""


class Quiet:
    """A company to which nothing happens."""

    def __init__(self, size: int, seed: int = 0) -> None:
        self._company = Company(seed)
        self.noise = fleet.noise(self._company, START, size) if size else None

    def __iter__(self):
        return iter(sorted(background.rows(self._company, START), key=lambda row: row.at))


def engine_of(size: int):
    scenario = build("attack", start=START, background=size)
    seen: Seen = [(c.at, {}, c.alert) for c in scenario.changes if isinstance(c, AlertRaised)]
    return HuntingEngine(scenario.rows), seen


@pytest.fixture(scope="module")
def quiet():
    engine = HuntingEngine(Quiet(SIZE))
    yield lambda query, now=END: engine.run(query, now=now, alerts=[]).rows
    engine.close()


@pytest.fixture(scope="module")
def both():
    """The attack amid noise, and the attack alone."""
    engines = [engine_of(size) for size in (20_000, 0)]
    yield [
        lambda query, engine=engine, seen=seen: engine.run(query, now=END, alerts=seen).rows
        for engine, seen in engines
    ]
    for engine, _ in engines:
        engine.close()


def counted(quiet, query, **more):
    (row,) = quiet(query, **more)
    return next(iter(row.values()))


def test_there_are_enough_hunts_for_enough_techniques():
    assert len(HUNTS) >= 50
    assert len({technique for technique, _ in HUNTS}) >= 25


@pytest.mark.parametrize("hunt", range(len(HUNTS)))
def test_a_hunt_finds_the_attack_and_only_the_attack(both, quiet, hunt):
    _, query = HUNTS[hunt]
    amid, alone = (sorted(json.dumps(row, sort_keys=True) for row in ask(query)) for ask in both)
    assert amid
    assert amid == alone
    assert quiet(query) == []


def test_the_size_is_what_was_asked_for(quiet):
    tables = ", ".join(USED)
    total = counted(quiet, f"union {tables} | count", now=START)
    plain = HuntingEngine(Quiet(0))
    total -= plain.run(f"union {tables} | count", now=START, alerts=[]).rows[0]["Count"]
    plain.close()
    assert 0.97 * SIZE < total < 1.03 * SIZE


def test_every_table_that_hunts_use_most_is_filled(quiet):
    assert len(USED) >= 30
    query = " ".join(f"| union (print Table = '{t}', Rows = toscalar({t} | count))" for t in USED)
    rows = quiet(f"print Table = '', Rows = 0 {query}")
    found = {row["Table"]: row["Rows"] for row in rows if row["Table"]}
    assert set(found) == set(USED)
    assert {table for table, count in found.items() if count < 4} == set()


def test_people_work_in_their_office_hours(quiet):
    where = "DeviceProcessEvents | where AccountUpn != ''"
    assert (
        counted(
            quiet, f"{where} | summarize countif(dayofweek(Timestamp) in (0d, 6d)) * 1.0 / count()"
        )
        < 0.1
    )
    zones = quiet(
        "EntraIdSignInEvents | summarize Hour = avg(hourofday(Timestamp)) by Country | order by Country asc"
    )
    hours = {row["Country"]: row["Hour"] for row in zones}
    assert hours["KR"] + 5 < hours["NO"] < hours["CA"] - 3


def test_processes_have_the_parents_that_started_before(quiet):
    query = (
        "let started = DeviceProcessEvents | project DeviceId, InitiatingProcessId = ProcessId,"
        " InitiatingProcessCreationTime = ProcessCreationTime, Parent = FileName;"
        " DeviceProcessEvents | where InitiatingProcessFileName in ('explorer.exe', 'services.exe')"
        " | join kind=inner started on DeviceId, InitiatingProcessId, InitiatingProcessCreationTime"
        " | summarize Whole = countif(Parent =~ InitiatingProcessFileName), All = count()"
    )
    (row,) = quiet(query)
    assert row["Whole"] == row["All"] > 1_000
    assert (
        counted(
            quiet,
            "DeviceProcessEvents | where InitiatingProcessCreationTime > ProcessCreationTime | count",
        )
        == 0
    )


@pytest.mark.parametrize(
    "table", ["DeviceNetworkEvents", "DeviceFileEvents", "DeviceRegistryEvents"]
)
def test_what_is_done_is_done_by_a_process_that_runs(quiet, table):
    query = (
        f"{table} | where InitiatingProcessId > 0 | join kind=leftanti (DeviceProcessEvents | project DeviceId,"
        " InitiatingProcessId = ProcessId, InitiatingProcessCreationTime = ProcessCreationTime)"
        " on DeviceId, InitiatingProcessId, InitiatingProcessCreationTime"
        " | where InitiatingProcessCreationTime > ago(29d) | count"
    )
    assert counted(quiet, query) == 0


def test_names_and_addresses_agree_across_tables(quiet):
    devices = "DeviceInfo | distinct DeviceId, DeviceName"
    for table in (
        "DeviceProcessEvents",
        "DeviceNetworkEvents",
        "DeviceLogonEvents",
        "DeviceTvmSoftwareInventory",
    ):
        stray = f"{table} | where DeviceId != '' | join kind=leftanti ({devices}) on DeviceId, DeviceName | count"
        assert counted(quiet, stray) == 0, table
    people = "IdentityInfo | distinct AccountUpn, AccountObjectId"
    for table in ("EntraIdSignInEvents", "IdentityLogonEvents"):
        stray = f"{table} | join kind=leftanti ({people}) on AccountUpn, AccountObjectId | count"
        assert counted(quiet, stray) == 0, table
    links = "EmailUrlInfo | join kind=leftanti EmailEvents on NetworkMessageId | count"
    assert counted(quiet, links) == 0
    assert (
        counted(
            quiet,
            "DeviceNetworkEvents | where RemoteUrl != '' and RemoteIP !startswith '192.0.2.' | summarize n = dcount(RemoteIP) by RemoteUrl | summarize max(n)",
        )
        == 1
    )


def test_the_same_seed_and_start_give_the_same_rows():
    query = "DeviceProcessEvents | where Timestamp > ago(3d) | order by Timestamp asc, ReportId asc | take 200"
    mail = "EmailEvents | order by NetworkMessageId asc | take 100"
    answers = []
    for seed in (0, 0, 1):
        engine = HuntingEngine(Quiet(5_000, seed))
        answers.append([engine.run(q, now=START, alerts=[]).rows for q in (query, mail)])
        engine.close()
    assert answers[0] == answers[1]
    assert answers[0] != answers[2]


def test_the_noise_goes_on_after_the_start_as_the_clock_does(quiet):
    days = [
        counted(
            quiet,
            "DeviceNetworkEvents | where Timestamp > ago(1d) | count",
            now=START + timedelta(days=n),
        )
        for n in (0, 1, 3)
    ]
    assert all(count > 100 for count in days)


def test_a_scenario_may_have_no_noise():
    assert build("attack", start=START, background=0).rows.noise is None
    assert build("noisy", start=START).rows.noise is None
    assert build("awkward", start=START, background=1_000).rows.noise["rows"] == 1_000


def filled(seed: int) -> tuple[dict[str, list[tuple[object, ...]]], list[str]]:
    """Rows of every table that an engine's process fills, here in this process; and what is left over."""
    store = Store(Caps(megabytes=500))
    try:
        answer = Answering(store, 60).answer({"background": Quiet(5_000, seed).noise})
        assert answer == {"done": True}
        found = {
            table: sorted(store._db.execute(f'SELECT * FROM kept."{table}"').fetchall(), key=repr)
            for table in USED
        }
        left = store._db.execute("SELECT table_name FROM duckdb_tables() WHERE temporary")
        return found, [name for (name,) in left.fetchall()]
    finally:
        store.close()


def test_the_process_fills_every_table_alike_and_leaves_nothing_else():
    found, left = filled(0)
    assert left == []
    assert [table for table, rows in found.items() if not rows] == []
    assert sum(map(len, found.values())) > 5_000
    assert filled(0)[0] == found
    assert filled(1)[0] != found
