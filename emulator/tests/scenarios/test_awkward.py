import json
from collections import Counter
from datetime import UTC, datetime, timedelta

from emulator.tests.scenarios.reading import alerts, evidences, incidents, merges, types

from defender_emulator.scenario import AlertRaised, IncidentChanged, IncidentOpened
from defender_emulator.scenarios import build, facts
from defender_emulator.scenarios.awkward_shapes import DATES, TEXTS
from defender_emulator.scenarios.evidence import PREFIX
from defender_emulator.scenarios.times import moment, stamp

START = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
SCENARIO = build("awkward", start=START, big=20)


def opened():
    return [c for c in SCENARIO.changes if isinstance(c, IncidentOpened)]


def of(incident_name):
    (incident,) = [i for i in incidents(SCENARIO) if i.get("displayName") == incident_name]
    return incident, [a for a in alerts(SCENARIO) if a["incidentId"] == incident["id"]]


def test_more_than_a_page_of_incidents_has_one_and_the_same_time():
    times = Counter(i["lastUpdateDateTime"] for i in incidents(SCENARIO))
    text, count = times.most_common(1)[0]
    assert count == 60
    assert len(text.partition(".")[2]) == 8


def test_ten_incidents_differ_in_the_seventh_digit_only():
    times = {i["lastUpdateDateTime"] for i in incidents(SCENARIO) if "Seventh digit" in (i.get("displayName") or "")}  # fmt: skip
    assert len(times) == 10
    assert {moment(text) for text in times} == {START - timedelta(minutes=110)}


def test_some_incidents_come_late_behind_newer_ones():
    late = [
        c
        for c in opened()
        if c.at - moment(c.incident["lastUpdateDateTime"]) > timedelta(minutes=5)
    ]
    assert len(late) == 5
    for change in late:
        before = [c for c in opened() if c.at < change.at]
        assert max(moment(c.incident["lastUpdateDateTime"]) for c in before) > moment(
            change.incident["lastUpdateDateTime"]
        )


def test_the_big_incident_is_as_big_as_asked():
    _, found = of("Incident with 20 alerts")
    assert len(found) == 20
    assert len({id(a["evidence"]) for a in found}) == 1


def test_one_incident_has_no_alert():
    assert of("Incident without alerts")[1] == []


def test_low_incidents_turn_high_later():
    promoted = [c for c in SCENARIO.changes if isinstance(c, IncidentChanged)]
    assert [c.changes for c in promoted] == [{"severity": "high"}] * 2
    touching = [c for c in SCENARIO.changes if isinstance(c, AlertRaised) and c.touch]
    assert [c.alert["severity"] for c in touching] == ["high"]


def test_redirects_form_a_chain():
    (first, second), (third, last) = merges(SCENARIO)
    assert second == third
    assert len({first, second, last}) == 3


def test_whatever_may_be_null_is_null_somewhere_and_missing_elsewhere():
    for records, name in ((incidents(SCENARIO), "incident"), (alerts(SCENARIO), "alert")):
        may = {n for n, kind in facts.properties(name).items() if not kind.endswith("!")}
        null = {n for record in records for n in may if n in record and record[n] is None}
        gone = {n for record in records for n in may if n not in record}
        kept = {"incidentId", "lastUpdateDateTime"} if name == "alert" else set()
        assert may - null == kept & may - null
        assert may - gone == kept & may


def test_every_evidence_appears_full_and_empty():
    assert types(SCENARIO) >= set(facts.evidence_names())
    for name in facts.evidence_names():
        found = [e for e in evidences(SCENARIO) if e.get("@odata.type") == PREFIX + name]
        own = [n for n, kind in facts.properties(name).items() if not kind.endswith("!")]
        assert any(all(e.get(n) is None for n in own) for e in found), name
        assert any(all(e.get(n) not in (None, "", []) for n in own) for e in found), name


def test_unknown_types_and_members_appear():
    names = {e.get("@odata.type") for e in evidences(SCENARIO)}
    assert None in names
    assert f"{PREFIX}quantumDeviceEvidence" in names
    severities = {a.get("severity") for a in alerts(SCENARIO)}
    assert "critical" in severities
    assert {"awaitingAction", "escalated"} <= {i["status"] for i in incidents(SCENARIO)}
    assert "microsoftSentinel" in {a["serviceSource"] for a in alerts(SCENARIO)}
    states = {e.get("remediationStatus") for e in evidences(SCENARIO)}
    assert states >= set(facts.later_members("evidenceRemediationStatus"))


def test_texts_that_break_quoting_stand_in_every_place():
    for _, text in TEXTS:
        assert any(i.get("displayName") == text for i in incidents(SCENARIO))
        found = [a for a in alerts(SCENARIO) if a.get("title") == text]
        assert found
        assert json.dumps(text)[1:-1] in json.dumps(found[0]["evidence"])
    assert max(len(i.get("displayName") or "") for i in incidents(SCENARIO)) > 4_000


def test_times_are_written_in_every_odd_way():
    written = {a.get("lastUpdateDateTime") for a in alerts(SCENARIO)}
    assert written >= set(DATES)


def test_an_alert_is_newer_than_its_incident():
    incident, (alert,) = of("Alert newer than its incident")
    assert moment(alert["lastUpdateDateTime"]) > moment(incident["lastUpdateDateTime"])


def test_a_moment_is_written_without_trailing_zeros():
    assert stamp(START) == "2026-03-10T08:00:00Z"
    assert stamp(START + timedelta(microseconds=120), 0) == "2026-03-10T08:00:00.00012Z"
    assert stamp(START, 7) == "2026-03-10T08:00:00.0000007Z"
    assert moment("2026-03-10T08:00:00.0000007Z") == START
