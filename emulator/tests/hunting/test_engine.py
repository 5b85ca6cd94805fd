import json
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import gettempdir

import pytest

from defender_emulator.hunting import (
    Caps,
    HuntingEngine,
    Limits,
    QueryPreempted,
    QueryRefused,
    QueryTimedOut,
    QueryTooBig,
)
from defender_emulator.hunting.loading import BATCH
from defender_emulator.hunting.worker import Worker, WorkerGone
from defender_emulator.scenario import AlertRaised, RowLogged
from defender_emulator.scenarios import build, evidence, records

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
ENDLESS = (
    "range x from 1 to 1000000 step 1 | extend k = 1"
    " | join kind=inner (range y from 1 to 1000000 step 1 | extend k = 1) on k | summarize sum(x + y)"
)


def logged(minutes: float, device: str) -> RowLogged:
    return RowLogged(NOW + timedelta(minutes=minutes), "DeviceInfo", {
        "Timestamp": (NOW + timedelta(minutes=minutes)).isoformat(), "DeviceName": device,
    })  # fmt: skip


def alert(name: str, **fields):
    return records.alert(name, "1", "t", "2026-03-10T11:00:00Z", title=name, **fields)


@pytest.fixture
def engine():
    engine = HuntingEngine([logged(-5, "a"), logged(5, "b"), logged(15, "c")])
    yield engine
    engine.close()


def names(engine, minutes, alerts=()):
    now = NOW + timedelta(minutes=minutes)
    query = "DeviceInfo | project DeviceName | sort by DeviceName asc"
    return [row["DeviceName"] for row in engine.run(query, now=now, alerts=alerts).rows]


def test_rows_appear_when_their_time_comes(engine):
    assert [names(engine, m) for m in (0, 0, 6, 20)] == [["a"], ["a"], ["a", "b"], ["a", "b", "c"]]


def test_time_that_turns_back_hides_rows_again(engine):
    assert names(engine, 20) == ["a", "b", "c"]
    assert names(engine, 0) == ["a"]


def test_rows_of_a_one_time_iterator_survive_a_restart():
    engine = HuntingEngine(iter([logged(-5, "a")]))
    assert names(engine, 0) == ["a"]
    engine.close()
    assert names(engine, 0) == ["a"]
    engine.close()


def test_alerts_become_rows_once_they_are_visible(engine):
    alerts = [(NOW, {}, alert("one")), (NOW + timedelta(minutes=9), {}, alert("two"))]
    query = "AlertInfo | project Title | sort by Title asc"
    titles = [
        [
            row["Title"]
            for row in engine.run(query, now=NOW + timedelta(minutes=m), alerts=alerts).rows
        ]
        for m in (1, 10)
    ]
    assert titles == [["one"], ["one", "two"]]


def test_more_rows_than_fit_one_message_arrive():
    alerts = [(NOW, {}, alert(str(n))) for n in range(BATCH + 1)]
    engine = HuntingEngine([logged(-5, "a")] * (BATCH + 1))
    for table in ("AlertInfo", "DeviceInfo"):
        found = engine.run(f"{table} | count", now=NOW, alerts=alerts)
        assert found.rows == [{"Count": BATCH + 1}]
    engine.close()


def test_shared_evidence_has_a_row_for_each_alert():
    ip = evidence.evidence("ipEvidence", "2026-03-10T11:00:00Z", ipAddress="203.0.113.9")
    device = evidence.examples()["deviceEvidence"]
    alerts = [
        (NOW, {}, alert("one", severity="high", evidence=[ip, device])),
        (NOW, {}, alert("two", severity="low", evidence=[device, ip])),
        (NOW, {}, alert("three", evidence=None)),
    ]
    engine = HuntingEngine([])
    query = "AlertEvidence | project AlertId, Severity, EntityType, RemoteIP | sort by AlertId asc, EntityType asc"
    found = engine.run(query, now=NOW, alerts=alerts)
    engine.close()
    assert [tuple(row.values()) for row in found.rows] == [
        ("one", "High", "Ip", "203.0.113.9"),
        ("one", "High", "Machine", ""),
        ("two", "Low", "Ip", "203.0.113.9"),
        ("two", "Low", "Machine", ""),
    ]


def test_a_changed_alert_replaces_its_rows(engine):
    first, second = alert("one", severity="low"), alert("one", severity="high")
    query = "AlertInfo | project AlertId, Severity"
    for record, shown in ((first, "Low"), (first, "Low"), (second, "High")):
        found = engine.run(query, now=NOW, alerts=[(NOW, {}, record)])
        assert found.rows == [{"AlertId": "one", "Severity": shown}]


def test_evidence_is_found_by_joining_on_the_alert():
    scenario = build("attack", start=NOW)
    engine = HuntingEngine(scenario.rows)
    alerts = [(c.at, {}, c.alert) for c in scenario.changes if isinstance(c, AlertRaised)]
    query = (
        "AlertInfo | where Title has 'LSASS' or Title has 'credential memory'"
        " | join kind=inner AlertEvidence on AlertId | where EntityType == 'Process'"
        " | join kind=inner DeviceProcessEvents on SHA1, DeviceName"
        " | project DeviceName, FileName1, ProcessCommandLine1, AccountUpn1"
    )
    rows = engine.run(query, now=scenario.end, alerts=alerts).rows
    engine.close()
    assert len(rows) == 1
    assert rows[0]["DeviceName"] == "hm-ad-0001.halden.example"
    assert "MiniDump" in rows[0]["ProcessCommandLine1"]


def test_a_result_over_the_caps_is_too_big():
    for caps in (Caps(rows=1), Caps(characters=20)):
        engine = HuntingEngine([logged(-5, "a"), logged(-4, "b")], limits=Limits(caps=caps))
        with pytest.raises(QueryTooBig):
            engine.run("DeviceInfo", now=NOW, alerts=[])
        assert engine.run("print 1", now=NOW, alerts=[]).rows == [{"print_0": 1}]
        engine.close()


def test_a_long_query_is_interrupted_and_the_process_lives_on():
    engine = HuntingEngine([logged(-5, "a")], limits=Limits(seconds=0.2, grace=30))
    with pytest.raises(QueryTimedOut):
        engine.run(ENDLESS, now=NOW, alerts=[])
    assert names(engine, 0) == ["a"]
    engine.close()


def test_a_query_that_cannot_be_interrupted_loses_its_process_and_the_next_gets_another():
    engine = HuntingEngine([logged(-5, "a")], limits=Limits(seconds=0.4, grace=0.1))
    names(engine, 0)
    slow = " or ".join(f"DeviceName == '{n}'" for n in range(8_000))
    with pytest.raises(QueryTimedOut):
        engine.run(f"DeviceInfo | where {slow}", now=NOW, alerts=[])
    assert names(engine, 0) == ["a"]
    engine.close()


def test_a_greedy_query_is_preempted():
    engine = HuntingEngine([], limits=Limits(caps=Caps(megabytes=60)))
    query = "range x from 1 to 1000000 step 1 | extend s = strcat('some text ', x) | summarize make_list(s)"
    with pytest.raises(QueryPreempted):
        engine.run(query, now=NOW, alerts=[])
    engine.close()


def test_rows_that_cannot_be_loaded_in_time_preempt_the_query(monkeypatch):
    engine = HuntingEngine([logged(-5, "a")], limits=Limits(loading=60))
    names(engine, -10)
    engine._limits = Limits(loading=0.0)
    process, tell = engine._worker._process, engine._worker.tell

    def to_one_that_stands_still(message):
        if message:  # an empty one only asks whether it is there
            process.send_signal(signal.SIGSTOP)
        tell(message)

    monkeypatch.setattr(engine._worker, "tell", to_one_that_stands_still)
    with pytest.raises(QueryPreempted):
        names(engine, 0)
    engine.close()


def test_a_row_the_store_refuses_is_no_silent_loss(monkeypatch):
    engine = HuntingEngine([logged(-5, "a")])
    names(engine, -10)
    monkeypatch.setattr(engine._worker, "hear", lambda _: {"failed": "QueryRefused", "text": "no"})
    with pytest.raises(QueryRefused, match="no"):
        names(engine, 0)
    engine.close()


def test_closing_ends_the_process_and_leaves_nothing(engine):
    before = set(Path(gettempdir()).iterdir())
    names(engine, 0)
    process = engine._worker._process
    engine.close()
    engine.close()
    assert process.poll() is not None
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)
    assert {
        p for p in set(Path(gettempdir()).iterdir()) - before if "duck" in p.name.lower()
    } == set()


def test_the_process_inherits_no_environment(engine):
    names(engine, 0)
    environment = Path(f"/proc/{engine._worker._process.pid}/environ")
    if environment.exists():
        assert b"PATH=" not in environment.read_bytes()


def test_asking_a_process_that_has_ended_says_so():
    settings = json.loads('{"seconds": 1, "address_space": 4096, "caps": {}}')
    worker = Worker(settings, 60)
    worker._process.kill()
    worker._process.wait()
    with pytest.raises(WorkerGone):
        worker.tell({"query": "print 1", "filler": "x" * 200_000})


def test_an_answer_may_be_late():
    settings = json.loads('{"seconds": 1, "address_space": 4096, "caps": {}}')
    with pytest.raises(WorkerGone):
        Worker(settings, 0.0)
