"""The connector as the platform runs it: a built script as a process, against the emulator."""

import json
from collections import Counter

import pytest

from defender365.core.state import load_state
from defender_emulator.clock import machine_now
from defender_emulator.scenario import AlertRaised
from tests.google.platform import GOOGLES_OWN, Soar
from tests.shifted import shifted
from tests.stories import at, many, story

pytestmark = pytest.mark.wire

KEY = "defender365_state"


def ids(*runs) -> Counter[str]:
    return Counter(case["display_id"] for run in runs for case in run.cases)


def test_runs_deliver_each_alert_once_and_keep_the_state_in_the_context(soar: Soar):
    first = soar.connector()
    assert first.code == 0, first.stderr
    assert len(first.cases) == 20
    assert first.errors == []
    second, third = soar.connector(), soar.connector()
    assert (len(second.cases), len(third.cases)) == (4, 0)
    assert set(ids(first, second, third).values()) == {1}
    state = load_state(soar.platform.context[KEY])
    assert len(state.ledger.entries) == 12
    case = first.cases[0]
    assert case["ticket_id"] == case["source_grouping_identifier"]
    assert (case["device_vendor"], case["environment"]) == ("Microsoft", "Tenant A")
    head, evidence = case["events"]
    assert (head["event_type"], evidence["event_type"]) == ("Incident", "Evidence")
    assert evidence["@odata.type"] == "#microsoft.graph.security.userEvidence"
    assert all(isinstance(value, str) for event in case["events"] for value in event.values())
    assert int(evidence["start_time_ms"]) == case["start_time"]
    assert int(evidence["end_time_ms"]) == case["end_time"]


def test_a_test_run_handles_one_incident_and_leaves_the_state_alone(soar: Soar):
    ran = soar.connector(test=True)
    assert ran.code == 0
    assert {case["ticket_id"] for case in ran.cases} == {"1"}
    assert KEY not in soar.platform.context
    assert len(soar.connector().cases) == 20


def test_the_state_is_committed_after_the_alerts_are_handed_over(soar: Soar):
    soar.platform.broken = {"SetContextProperty"}
    ran = soar.connector({"Disable Overflow": "true"})
    assert ran.code == 1
    assert "could not be saved" in ran.stderr
    assert len(ran.cases) == 20  # they were on stdout before
    soar.platform.broken = set()
    assert ids(soar.connector({"Disable Overflow": "true"})) == ids(ran)


@pytest.mark.parametrize(
    "text", ["{half", '{"kind": "other"}', '{"kind": "defender365 connector state", "version": 99}']
)
def test_a_state_that_cannot_be_read_is_an_error_and_changes_nothing(soar: Soar, text):
    soar.platform.context[KEY] = text
    ran = soar.connector()
    assert (ran.code, ran.cases) == (0, [])
    assert "state cannot be read" in ran.errors[0]
    assert soar.platform.context == {KEY: text}
    assert not soar.lab.statuses()


def test_a_context_that_does_not_answer_is_an_error_and_no_fresh_start(soar: Soar):
    soar.connector()
    kept = soar.platform.context[KEY]
    soar.platform.broken = {f"GetContextProperty {KEY}"}
    ran = soar.connector()
    assert ran.cases == []
    assert "the platform did not give the connector's state" in ran.errors[0]
    assert soar.platform.context[KEY] == kept


def test_an_agents_damaged_context_file_is_no_fresh_start(soar: Soar, tmp_path):
    if GOOGLES_OWN:
        pytest.skip("the real SDK decides by its own configuration file that it is an agent")
    (tmp_path / "context_file.json").write_text('{"half')
    soar.env = {"FAKE_AGENT_FOLDER": str(tmp_path)}
    ran = soar.connector({"Disable Overflow": "true"})
    assert ran.cases == []
    assert "context file" in ran.errors[0]
    assert "is damaged" in ran.errors[0]


def test_wrong_credentials_are_an_error_row_and_a_failing_test_run(soar: Soar):
    wrong = {"Client Secret": "wrong-secret-value"}
    ran = soar.connector(wrong)
    assert (ran.code, ran.cases) == (0, [])
    assert "AADSTS7000215" in ran.errors[0]
    tested = soar.connector(wrong, test=True)
    assert (tested.code, tested.stdout) == (1, "")
    assert "AADSTS7000215" in tested.stderr
    everything = ran.stdout + ran.stderr + tested.stderr
    assert "wrong-secret-value" not in everything


def test_a_bad_parameter_is_an_error_row_and_sends_nothing(soar: Soar):
    ran = soar.connector({"Max Hours Backwards": "soon", "Lowest Severity To Fetch": "Huge"})
    assert '"Max Hours Backwards" must be a whole number, not "soon"' in ran.errors[0]
    assert not soar.lab.statuses()
    ran = soar.connector({"Lowest Severity To Fetch": "Huge"})
    assert '"Lowest Severity To Fetch" must be one of' in ran.errors[0]


def test_a_429_delivers_what_was_complete_and_is_remembered(soar: Soar):
    soar.lab.world.faults.add(kind="throttle", route="graph.incidents.list", times=1)
    ran = soar.connector()
    assert (ran.code, ran.cases) == (0, [])
    assert soar.platform.context[KEY]
    soar.lab.clear_journal()
    assert soar.connector().cases == []
    sent = [(e["route"], e["status"]) for e in soar.lab.world.journal.entries()]
    assert sent == []  # 90 seconds are not over


def test_the_dynamic_list_blocks_or_allows(soar: Soar):
    blocked = soar.connector(allow_list=["Incident number 1"])
    assert "1" not in {case["ticket_id"] for case in blocked.cases}
    soar.platform.context.clear()
    allowed = soar.connector(
        {"Use whitelist as a blacklist": "false"}, allow_list=["Incident number 1"]
    )
    assert {case["ticket_id"] for case in allowed.cases} == {"1"}


def test_the_environment_comes_from_a_field(soar: Soar):
    ran = soar.connector(
        {"Environment Field Name": "displayName", "Environment Regex Pattern": "number \\d+"}
    )
    assert ran.cases[0]["environment"] == "number 1"


def test_a_burst_of_one_rule_goes_to_the_overflow_unless_it_is_disabled(soar: Soar):
    same = many(30, "ab")
    for change in same:
        if isinstance(change, AlertRaised):
            change.alert["title"] = "the same rule"
    soar.lab.load(shifted(story(same, start=at(0)), machine_now() - at(0)))
    values = {"Max Incidents To Fetch": "100"}
    ran = soar.connector(values)
    assert len(ran.cases) == 50
    assert len(ran.result["overflow_cases"]) == 10
    soar.platform.context.clear()
    ran = soar.connector({**values, "Disable Overflow": "true"})
    assert (len(ran.cases), ran.result["overflow_cases"]) == (60, [])


def test_a_secret_of_the_vault_is_fetched(soar: Soar):
    if GOOGLES_OWN:
        pytest.skip("the real SDK's vault is a service of its own")
    secret = soar.settings["Client Secret"]
    ran = soar.connector({"Client Secret": "[vault:x]"}, vault={"[vault:x]": secret})
    assert len(ran.cases) == 20


# Taking over from the published integration.


def now_ms(soar: Soar) -> int:
    return int(soar.lab.world.clock.now().timestamp() * 1000)


@pytest.mark.parametrize("shape", ["list", "by id", "by incident"])
def test_the_published_integrations_state_is_taken_over_once(soar: Soar, shape):
    known = [f"da{n}-{letter}" for n in range(1, 7) for letter in "ab"]
    shapes = {
        "list": known,
        "by id": dict.fromkeys(known, now_ms(soar)),
        "by incident": {"1": {"alerts": known[:2]}, "2": known[2:]},
    }
    # It had come to the middle: 50 minutes ago and on, the sixth of twelve incidents.
    cursor = now_ms(soar) - 27 * 60 * 1000
    soar.platform.context = {"timestamp": str(cursor), "ids": json.dumps(shapes[shape])}
    ran = soar.connector()
    assert ids(ran) == Counter(f"da{n}-{letter}" for n in range(7, 13) for letter in "ab")
    soar.platform.context["ids"] = "no longer read"
    assert soar.connector().cases == []


def test_ids_that_cannot_be_read_change_nothing(soar: Soar):
    left = {"timestamp": "1700000000000", "ids": "[half"}
    soar.platform.context = dict(left)
    ran = soar.connector()
    assert ran.cases == []
    assert "published integration left cannot be read" in ran.errors[0]
    assert soar.platform.context == left


def test_a_timestamp_far_back_is_where_it_goes_on(soar: Soar):
    cursor = now_ms(soar) - 40 * 60 * 1000
    soar.platform.context = {"timestamp": cursor}
    ran = soar.connector({"Max Hours Backwards": "0"})
    assert min(int(case["ticket_id"]) for case in ran.cases) == 3


def test_a_context_that_is_no_json_is_one_line_and_no_traceback(soar: Soar):
    ran = soar._run("ConnectorsScripts/incidents_connector.py", ["False", "key"], "{half")
    assert (ran.code, ran.stdout) == (1, "")
    assert "The connector could not start" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_test_run_says_when_the_state_is_of_no_use(soar: Soar):
    soar.platform.context[KEY] = "{half"
    ran = soar.connector(test=True)
    assert ran.code == 1
    assert "state cannot be read" in ran.stderr


def test_more_than_a_run_can_take_is_spread_over_runs_within_the_script_timeout(soar: Soar):
    soar.lab.world.faults.add(kind="slow", route="graph.incidents.list", times=None, seconds=8)
    ran = soar.connector({"PythonProcessTimeout": "10"})
    assert ran.code == 0
    assert ran.cases == []
    soar.lab.clear_faults()
    assert len(soar.connector().cases) == 20


def test_a_slow_platforms_overflow_checks_do_not_outlast_the_script(soar: Soar):
    soar.lab.load(shifted(story(many(40, "abcde"), start=at(0)), machine_now() - at(0)))
    soar.platform.slow = 0.2  # 200 alerts, each two questions where the SDK is Google's
    ran = soar.connector({"PythonProcessTimeout": "10", "Max Incidents To Fetch": "100"})
    assert ran.seconds < 11
    assert len(ran.cases) == 200
    assert "No time is left for the platform's overflow check" in ran.stdout
    assert KEY in soar.platform.context


def test_a_state_that_was_kept_though_the_answer_was_an_error_counts_as_kept(soar: Soar):
    soar.platform.forgetful = {"SetContextProperty"}
    first = soar.connector({"Disable Overflow": "true"})
    assert (first.code, first.stderr.count("could not be saved")) == (0, 0)
    soar.platform.forgetful = set()
    assert set(ids(first, soar.connector({"Disable Overflow": "true"})).values()) == {1}


def test_alerts_of_a_run_that_failed_do_not_count_towards_the_overflow(soar: Soar):
    soar.lab.world.faults.add(kind="status", status=500, route="graph.*", times=None)
    soar.connector()
    assert "overflow_data" not in soar.platform.context


def test_who_removes_the_state_after_a_takeover_gets_a_fresh_start(soar: Soar):
    long_ago = now_ms(soar) - 5 * 24 * 3600 * 1000
    soar.platform.context = {"timestamp": str(long_ago), "ids": "[]"}
    assert len(soar.connector().cases) == 20
    del soar.platform.context[KEY]
    assert soar.connector({"Max Hours Backwards": "0"}).cases == []


def test_a_map_of_ids_to_times_counts_its_ids_only(soar: Soar):
    late = {f"old-{n}": now_ms(soar) - n for n in range(600)}
    soar.platform.context = {"timestamp": str(now_ms(soar)), "ids": json.dumps(late)}
    ran = soar.connector({"Max Incidents To Fetch": "100"})
    assert min(int(case["ticket_id"]) for case in ran.cases) <= 6  # an overlap of 30 minutes


def test_a_test_run_that_could_not_look_fails_with_the_reason(soar: Soar):
    soar.lab.world.faults.add(kind="throttle", route="graph.incidents.list", times=1)
    met = soar.connector(test=True)
    assert (met.code, met.stdout) == (1, "")
    assert "A rate limit is in force" in met.stderr
    soar.lab.world.faults.add(kind="throttle", route="graph.incidents.list", times=1)
    soar.connector()  # remembers it
    remembered = soar.connector(test=True)
    assert remembered.code == 1
    assert "try again after" in remembered.stderr


def test_a_list_slower_than_the_run_is_an_error_row(soar: Soar):
    soar.lab.world.faults.add(kind="slow", route="graph.incidents.list", times=None, seconds=20)
    ran = soar.connector({"PythonProcessTimeout": "10"})
    assert (ran.code, ran.cases) == (0, [])
    assert ran.errors


def test_an_sdk_that_cannot_start_has_an_error_row_all_the_same(soar: Soar):
    ran = soar._run("ConnectorsScripts/incidents_connector.py", ["True", "key"], "{half")
    assert (ran.code, ran.cases) == (0, [])
    assert "The connector could not start" in ran.errors[0]
    assert "proxy" in ran.errors[0]
