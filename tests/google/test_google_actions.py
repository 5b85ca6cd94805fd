"""The actions as the platform runs them: built scripts as processes, against the emulator."""

import json
import re

import pytest

from defender_emulator.clock import machine_seconds
from tests.google.platform import GOOGLES_OWN, Soar, entity

pytestmark = pytest.mark.wire


def test_ping_asks_the_platform_once_and_microsoft_once_more_than_to_sign_in(soar: Soar):
    ran = soar.action("Ping")
    assert ran.code == 0
    assert ran.parsed["Message"] == (
        "Successfully connected to the Microsoft 365 Defender server with the provided connection"
        " parameters!"
    )
    assert (ran.parsed["ExecutionState"], ran.parsed["ResultValue"]) == (0, True)
    assert soar.platform.asked == ["configuration"]
    soar.lab.clear_journal()
    soar.action("Ping")
    assert sum(soar.lab.statuses().values()) == 1  # the token was kept


def test_a_hunt_leaves_rows_a_table_and_a_message(soar: Soar):
    ran = soar.action("Execute Query", {"Table Names": "AlertInfo", "Time Frame": "Last 24 Hours"})
    rows = ran.json_result["Results"]
    assert len(rows) == 24
    assert ran.parsed["ResultValue"] is True
    table = ran.result["Results_None"]
    assert table["Title"] == "Results"
    assert table["CSVLines"][0].split(",")[:2] == ["Timestamp", "AlertId"]
    assert len(table["CSVLines"]) == 25
    assert ran.parsed["Message"].startswith('Successfully executed query "')


def test_entities_are_matched_by_their_original_spelling(soar: Soar):
    soar.platform.entities = [
        entity("USERUNIQNAME", "Pat"), entity("HOSTNAME", "WS-1.contoso.example"),
        entity("CVE", "cve-2026-1"),
    ]  # fmt: skip
    values = {"Table Names": "DeviceInfo", "Hostname Entity Key": "DeviceName"}
    ran = soar.action("Execute Entity Query", values)
    assert '"WS-1.contoso.example"' in ran.parsed["Message"]
    assert "Pat" not in ran.parsed["Message"]
    assert ran.parsed["ExecutionState"] == 0
    assert soar.platform.asked.count("AlertFullDetails") == 1


def test_too_few_entities_is_told_and_stops_no_playbook(soar: Soar):
    values = {"Table Names": "DeviceInfo", "IP Entity Key": "PublicIP"}
    ran = soar.action("Execute Entity Query", values)
    assert ran.parsed["Message"].startswith("Action wasn't able to build the query, because not")
    assert (ran.parsed["ExecutionState"], ran.parsed["ResultValue"]) == (0, False)


def test_an_update_and_a_comment_reach_the_incident(soar: Soar):
    ran = soar.action("Update Incident", {"Incident ID": "3", "Status": "Resolved"})
    assert ran.parsed["Message"] == "Successfully updated incident 3 in Microsoft 365 Defender."
    assert ran.json_result["status"] == "resolved"
    ran = soar.action("Add Comment To Incident", {"Incident ID": "3", "Comment": "seen"})
    assert ran.parsed["ResultValue"] is True
    assert ran.json_result["comments"][0]["comment"] == "seen"


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("Update Incident", {"Incident ID": "x", "Status": "Resolved"},
         'Error executing action "Update Incident". Reason: "Incident ID" must be a whole number'),
        ("Update Incident", {"Incident ID": "99", "Status": "Resolved"},
         'Error executing action "Update Incident". Reason: incident "99" wasn\'t found in'),
        ("Execute Query", {}, '"Table Names" is mandatory and was not provided'),
        ("Execute Query", {"Table Names": "AlertInfo", "Time Frame": "Yesterday"},
         '"Time Frame" must be one of Last Hour, Last 6 Hours'),
        ("Execute Query", {"Table Names": "AlertInfo", "Max Results To Return": "0"},
         '"Max Results To Return" must be 1 or more, not 0'),
    ],
)  # fmt: skip
def test_a_bad_parameter_is_told_and_fails_the_action(soar: Soar, name, values, message):
    ran = soar.action(name, values)
    assert message in ran.parsed["Message"]
    assert (ran.parsed["ExecutionState"], ran.parsed["ResultValue"]) == (2, False)
    assert ran.code == 0


def test_parameters_of_an_older_playbook_are_no_matter(soar: Soar):
    ran = soar.action("Ping", {"Gone Since Version 5": "x"})
    assert ran.parsed["ExecutionState"] == 0


def test_a_wrong_secret_is_told_and_shown_nowhere(soar: Soar):
    soar.platform.configuration["Client Secret"] = "wrong-secret-value"
    ran = soar.action("Ping")
    assert (
        "Failed to connect to the Microsoft 365 Defender server! Error is" in ran.parsed["Message"]
    )
    assert "AADSTS7000215" in ran.parsed["Message"]
    assert ran.parsed["ExecutionState"] == 2
    assert "wrong-secret-value" not in ran.stdout + ran.stderr


def test_a_secret_comes_out_of_the_vault(soar: Soar):
    secret = soar.platform.configuration["Client Secret"]
    soar.platform.configuration["Client Secret"] = "[vault:defender]"
    if GOOGLES_OWN:
        pytest.skip("the real SDK's vault is a service of its own")
    ran = soar.action("Ping", vault_settings={"[vault:defender]": secret})
    assert ran.parsed["ExecutionState"] == 0


def test_missing_settings_are_named_all_at_once(soar: Soar):
    soar.platform.configuration = {"Verify SSL": "true"}
    message = soar.action("Ping").parsed["Message"]
    assert '"Tenant ID" is mandatory' in message
    assert '"Client ID" is mandatory' in message
    assert '"Client Secret" is mandatory' in message


def test_a_platform_that_fails_gives_a_message_and_no_traceback(soar: Soar):
    soar.platform.broken = {"configuration"}
    ran = soar.action("Ping")
    assert "the platform did not give the integration's configuration" in ran.parsed["Message"]
    assert ran.parsed["ExecutionState"] == 2
    assert "Traceback" not in ran.stdout + ran.parsed["Message"]


def test_a_context_that_is_no_json_gives_a_result_all_the_same(soar: Soar):
    ran = soar.action("Ping", raw="{not json")
    assert ran.code == 0
    assert ran.parsed["ExecutionState"] == 2
    assert "Failed to connect to the Microsoft 365 Defender server!" in ran.parsed["Message"]


def test_the_platforms_deadline_ends_the_action_in_time_to_report(soar: Soar):
    soar.lab.world.faults.add(kind="slow", route="graph.hunting", times=None, seconds=30)
    deadline = int((machine_seconds() + 4) * 1000)
    ran = soar.action(
        "Execute Query", {"Table Names": "AlertInfo"}, execution_deadline_unix_time_ms=deadline
    )
    assert machine_seconds() * 1000 < deadline
    assert ran.parsed["ExecutionState"] == 2
    assert re.search(r"Reason: .*(time|Time)", ran.parsed["Message"])


def test_a_deadline_that_is_over_sends_nothing(soar: Soar):
    ran = soar.action("Ping", execution_deadline_unix_time_ms=1)
    assert "time limit" in ran.parsed["Message"]
    assert not soar.lab.statuses()


def test_a_result_too_large_is_cut_and_says_how_many_rows_were_kept(soar: Soar):
    values = {
        "Query": 'range n from 1 to 4000 step 1 | extend Text = strcat(n, " ", "<x>, and", n)',
        "Max Results To Return": "4000",
    }
    whole = soar.action("Execute Custom Query", values)
    assert len(whole.json_result["Results"]) == 4000
    ran = soar.action("Execute Custom Query", values, max_json_result_size=0.2)
    kept = len(ran.json_result["Results"])
    assert 0 < kept < 4000
    assert f"the first {kept:,} of 4,000 rows were kept" in ran.parsed["Message"]
    assert (ran.parsed["ExecutionState"], ran.parsed["ResultValue"]) == (0, True)
    assert len(ran.result["Results_None"]["CSVLines"]) == kept + 1
    assert 0.8 < len(ran.parsed["ResultObjectJson"]) / (0.2 * 1024 * 1024) <= 1


def test_cells_keep_to_their_column_and_json_opens_no_markup(soar: Soar):
    query = 'print a = "x,y\\nz", b = "</script><b>&amp;", c = dynamic({"k": [1, 2]}), d = 1.5'
    ran = soar.action("Execute Custom Query", {"Query": query})
    head, line = ran.result["Results_None"]["CSVLines"]
    assert head == "a,b,c,d"
    assert line == 'x y z,</script><b>&amp;,{"k":[1 2]},1.5'
    assert not set("<>&") & set(ran.result["JsonResult"]["RawJson"])
    assert ran.json_result["Results"][0]["b"] == "</script><b>&amp;"


def test_nothing_but_the_result_is_on_stdout_and_the_log_is_in_it(soar: Soar):
    ran = soar.action("Ping")
    assert sorted(ran.parsed) == [
        "DebugOutput", "ExecutionState", "Message", "ResultObjectJson", "ResultValue",
    ]  # fmt: skip
    assert json.loads(ran.parsed["ResultObjectJson"])
    assert soar.settings["Client Secret"] not in ran.stdout + ran.stderr


@pytest.mark.parametrize("limit", [0, None, "15", -1, "much"])
def test_an_odd_limit_of_the_platform_is_the_usual_one(soar: Soar, limit):
    ran = soar.action("Update Incident", {"Incident ID": "3", "Status": "Resolved"},
                      max_json_result_size=limit)  # fmt: skip
    assert ran.parsed["Message"] == "Successfully updated incident 3 in Microsoft 365 Defender."
    assert ran.json_result["status"] == "resolved"


def test_a_configuration_that_is_no_object_is_told(soar: Soar):
    soar.platform.configuration = ["not", "an", "object"]
    assert "a configuration that is no list of parameters" in soar.action("Ping").parsed["Message"]


def test_a_deadline_may_be_a_text(soar: Soar):
    soon = str(int((machine_seconds() + 60) * 1000))
    assert soar.action("Ping", execution_deadline_unix_time_ms=soon).parsed["ExecutionState"] == 0
