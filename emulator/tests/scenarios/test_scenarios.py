import json
from datetime import UTC, datetime, timedelta

import pytest
from emulator.tests.scenarios.reading import (
    alerts,
    as_bytes,
    evidences,
    incidents,
    merges,
    record_faults,
    types,
)

from defender_emulator.hunting.schema import TABLES
from defender_emulator.scenario import AlertChanged, AlertRaised, IncidentChanged, IncidentOpened
from defender_emulator.scenarios import NAMES, build, facts
from defender_emulator.scenarios.times import moment

START = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
ALL = [name for name, _ in NAMES]
WELL_FORMED = ["attack", "noisy", "recorded"]


def test_every_scenario_has_a_name_and_a_title():
    assert ALL == ["attack", "noisy", "awkward", "recorded"]
    assert all(title for _, title in NAMES)


def test_an_unknown_scenario_is_named_with_those_there_are():
    with pytest.raises(ValueError, match=r"no scenario 'peace'\. Choose one of attack, noisy"):
        build("peace", start=START)


@pytest.mark.parametrize("name", ALL)
def test_the_same_seed_and_start_give_the_same_bytes(name):
    assert as_bytes(build(name, start=START)) == as_bytes(build(name, start=START))


@pytest.mark.parametrize("name", ["attack", "noisy", "awkward"])
def test_another_seed_gives_another_tenant(name):
    one, other = (build(name, seed=seed, start=START) for seed in (1, 2))
    assert one.tenant_id != other.tenant_id
    assert {a["id"] for a in alerts(one)} & {a["id"] for a in alerts(other)} == set()


@pytest.mark.parametrize("name", ALL)
def test_changes_and_rows_are_in_order_and_end_at_the_end(name):
    scenario = build(name, start=START)
    times = [change.at for change in scenario.changes]
    assert times == sorted(times)
    assert times[-1] <= scenario.end
    assert scenario.end >= START
    logged = [row.at for row in scenario.rows]
    assert logged == sorted(logged)


@pytest.mark.parametrize("name", ALL)
def test_every_alert_has_an_incident_and_ids_are_unique(name) -> None:
    scenario = build(name, start=START)
    opened: set[str] = set()
    for change in scenario.changes:
        if isinstance(change, IncidentOpened):
            assert change.incident["id"].isdecimal()
            assert change.incident["id"] not in opened
            opened.add(change.incident["id"])
        elif isinstance(change, AlertRaised):
            assert change.alert["incidentId"] in opened
        elif isinstance(change, IncidentChanged):
            assert change.incident_id in opened
    names = [alert["id"] for alert in alerts(scenario)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", ALL)
def test_no_alert_comes_before_its_incident_is_visible(name) -> None:
    visible: dict[str, datetime] = {}
    for change in build(name, start=START).changes:
        if isinstance(change, IncidentOpened):
            visible[change.incident["id"]] = change.at
        if isinstance(change, AlertRaised):
            assert change.at >= visible[change.alert["incidentId"]]


@pytest.mark.parametrize("name", WELL_FORMED)
def test_records_fit_the_schema(name):
    scenario = build(name, start=START)
    for record in incidents(scenario):
        assert record_faults(record, "incident", record["id"]) == []
        assert "@odata.type" not in record
    for record in alerts(scenario):
        assert record_faults(record, "alert", record["id"]) == []
        assert "@odata.type" not in record


@pytest.mark.parametrize("name", WELL_FORMED)
def test_alerts_point_to_the_portal_of_their_tenant(name):
    scenario = build(name, start=START)
    for record in [*incidents(scenario), *alerts(scenario)]:
        assert record["tenantId"] == scenario.tenant_id
        assert record["incidentWebUrl"].endswith(f"?tid={scenario.tenant_id}")


@pytest.mark.parametrize("name", ALL)
def test_rows_have_only_columns_of_their_table(name):
    for row in build(name, start=START).rows:
        assert set(row.row) <= {column for column, _ in TABLES[row.table]}, row.table


@pytest.mark.parametrize("name", ["attack", "noisy", "awkward"])
def test_names_are_reserved_ones(name):
    text = json.dumps([alerts(build(name, start=START)), incidents(build(name, start=START))])
    for real in ("contoso", "microsoft.com/v1", "gmail", "8.8.8.8", ".onmicrosoft"):
        assert real not in text


# the attack


def attack():
    return build("attack", start=START)


def test_the_attack_is_of_believable_size():
    scenario = attack()
    assert len(alerts(scenario)) == 31
    assert len(incidents(scenario)) == 11
    assert scenario.end == START + timedelta(hours=24)
    assert len(types(scenario)) >= 12
    size = len(json.dumps(alerts(scenario))) / 31
    assert 4_000 < size < 7_000


def test_the_attack_has_a_history_and_unfolds_after_the_start():
    opened = [c.at for c in attack().changes if isinstance(c, IncidentOpened)]
    assert sum(at < START for at in opened) == 3
    assert sum(at > START for at in opened) == 8


def test_incidents_of_the_attack_merge_into_one():
    assert merges(attack()) == [("1053", "1052"), ("1058", "1052"), ("1060", "1052")]


def test_the_main_incident_rises_to_high():
    scenario = attack()
    (main,) = [i for i in incidents(scenario) if i["id"] == "1052"]
    changes = [
        c.changes
        for c in scenario.changes
        if isinstance(c, IncidentChanged) and c.incident_id == "1052"
    ]
    severities = [main["severity"], *(c["severity"] for c in changes if "severity" in c)]
    assert severities == ["low", "medium", "high"]


def test_automation_closes_one_incident_as_benign():
    changed = [c for c in attack().changes if isinstance(c, AlertChanged)]
    assert [c.changes["investigationState"] for c in changed] == ["benign"]


def test_the_traces_of_an_alert_are_in_the_tables_under_the_same_names():
    scenario = attack()
    logged = json.dumps([dict(row.row) for row in scenario.rows])
    for evidence in evidences(scenario):
        for key in ("mdeDeviceId", "deviceDnsName", "networkMessageId", "processCommandLine"):
            if evidence.get(key) and "submission" not in evidence["@odata.type"]:
                assert json.dumps(evidence[key]) in logged


def test_a_message_is_logged_once_however_often_it_is_mentioned():
    mails = [r.row for r in attack().rows if r.table == "EmailEvents"]
    keys = [(m["NetworkMessageId"], m["RecipientEmailAddress"]) for m in mails]
    assert len(set(keys)) == len(keys)


def test_the_attack_takes_no_option_but_its_background():
    known = r"Scenario 'attack' has no option 'speed'\. It has background"
    with pytest.raises(ValueError, match=known):
        build("attack", start=START, speed=2)
    with pytest.raises(ValueError, match="'background' must be between 0 and 3000000"):
        build("attack", start=START, background=3_000_001)


# the noisy tenant


def test_the_noisy_tenant_is_as_big_as_asked():
    for options, sizes in (
        ({}, (200, 600)),
        ({"incidents": "10"}, (10, 30)),
        ({"incidents": 4, "alerts_per_incident": "0"}, (4, 0)),
        ({"alerts": "50"}, (16, 50)),
        ({"alerts": 7, "incidents": 3}, (3, 7)),
        ({"alerts": 5, "alerts_per_incident": 0}, (5, 5)),
    ):
        scenario = build("noisy", start=START, **options)
        assert (len(incidents(scenario)), len(alerts(scenario))) == sizes


def test_noise_lies_before_and_after_the_start():
    times = [c.at for c in build("noisy", start=START).changes if isinstance(c, IncidentOpened)]
    before = sum(at <= START for at in times)
    assert 90 <= before <= 110
    assert times[0] >= START - timedelta(hours=24)


def test_noise_may_be_all_history_or_all_to_come():
    history = build("noisy", start=START, history="all", hours="2")
    assert all(START - timedelta(hours=2) < c.at <= START for c in history.changes)
    assert {moment(i["lastUpdateDateTime"]) for i in incidents(history)} == {
        c.at for c in history.changes
    }
    coming = build("noisy", start=START, unfold="true", days=2)
    assert all(START < c.at <= coming.end for c in coming.changes)
    assert coming.end == START + timedelta(days=2)


def test_a_big_noisy_tenant_has_every_evidence_and_shares_it():
    scenario = build("noisy", start=START)
    assert types(scenario) == set(facts.evidence_names())
    assert len({id(e) for e in evidences(scenario)}) < 1_000
    size = len(json.dumps(alerts(scenario))) / 600
    assert 4_800 < size < 6_500
    assert all(3 <= len(a["evidence"]) <= 4 for a in alerts(scenario))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"incidents": "many"}, "'incidents' must be a whole number, not 'many'"),
        ({"incidents": 0}, "'incidents' must be between 1 and 100000, not 0"),
        ({"history": "some"}, "'history' must be one of half, all, not 'some'"),
        ({"unfold": "perhaps"}, "'unfold' must be true or false, not 'perhaps'"),
        ({"unfold": "yes", "history": "all"}, "contradict each other"),
        ({"size": 3}, "Scenario 'noisy' has no option 'size'. It has incidents, "),
    ],
)
def test_a_wrong_option_is_explained(options, text):
    with pytest.raises(ValueError, match=text):
        build("noisy", start=START, **options)


# recorded data


def test_recorded_data_lies_in_the_thirty_days_before_the_start():
    scenario = build("recorded", start=START)
    first = START - timedelta(days=30)
    rows = list(scenario.rows)
    assert [sum(r.table == t for r in rows) for t in ("AlertInfo", "DeviceEvents")] == [264, 5]
    assert len(rows) == 273
    assert all(first < moment(row.row["Timestamp"]) <= START for row in rows)
    assert len({row.row["AlertId"] for row in rows if row.table == "AlertInfo"}) == 264
    for alert in alerts(scenario):
        assert (
            first < moment(alert["createdDateTime"]) < moment(alert["lastUpdateDateTime"]) < START
        )
    assert len(alerts(scenario)) == 12


def test_recorded_data_can_stay_in_its_own_time():
    scenario = build("recorded", start=START, shift="false")
    (incident,) = incidents(scenario)
    assert incident["lastUpdateDateTime"] == "2021-04-27T07:13:11.0833333Z"
    assert {a["lastUpdateDateTime"] for a in alerts(scenario)} == {"2021-04-27T07:13:11.0866667Z"}
    assert {row.row["Timestamp"][:4] for row in scenario.rows} == {"2021"}
