"""The actions against the emulator, over the wire: the specification's messages."""

import subprocess
import sys

import pytest

from defender365.actions import ACTIONS, action_called
from defender365.actions.outcome import Outcome, Scope, perform
from defender365.core.entities import Entity
from defender365.core.spec import Action
from defender_emulator.identity import NO_CONSENT, READ_ONLY, SPECIFICATION
from tests.fakes import START
from tests.lab import Lab
from tests.stories import many, story

pytestmark = pytest.mark.wire
BY_NAME = {action.name: action for action in ACTIONS}
LONGEST = "The client secret in full"


def act(lab: Lab, name: str, settings=None, entities=(), **values: object) -> Outcome:
    action: Action = BY_NAME[name]
    with lab.client(**(settings or {})) as client:
        return perform(action, lambda: client, values, Scope(START, entities))


def update(lab: Lab, incident_id: str = "1", **values: object) -> Outcome:
    chosen = values or ({} if incident_id == "1" else {"Status": "Resolved"})
    return act(lab, "Update Incident", **{"Incident ID": incident_id, **chosen})


def comment(lab: Lab, incident_id: str = "1", text: str = "looked at") -> Outcome:
    return act(lab, "Add Comment To Incident", **{"Incident ID": incident_id, "Comment": text})


@pytest.fixture
def tenant(lab: Lab) -> Lab:
    lab.load(story(many(3)))
    return lab


# Ping


def test_ping_says_that_it_connected_and_what_is_granted(tenant: Lab):
    found = act(tenant, "Ping")
    assert found.message == (
        "Successfully connected to the Microsoft 365 Defender server with the provided connection"
        " parameters!"
    )
    assert found.is_success
    assert [row[1] for row in found.tables[0].rows] == ["granted"] * 4
    assert tenant.requests() == {"graph.incidents.list": 1}


def test_ping_says_per_capability_which_permission_is_missing(tenant: Lab):
    found = act(tenant, "Ping", settings={"Client ID": READ_ONLY})
    assert found.is_success
    assert "Update and comment on incidents: grant SecurityIncident.ReadWrite.All." in found.message
    assert "Run hunting queries: grant ThreatHunting.Read.All or" in found.message


def test_ping_of_an_app_without_consent_fails_and_says_what_to_grant(tenant: Lab):
    found = act(tenant, "Ping", settings={"Client ID": NO_CONSENT})
    assert found.execution_state == "failed"
    assert found.message.startswith(
        "Failed to connect to the Microsoft 365 Defender server! Error is"
    )
    assert "SecurityIncident.ReadWrite.All" in found.message


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"Client Secret": LONGEST}, '"Client Secret" is wrong'),
        ({"Tenant ID": "00000000-0000-4000-8000-000000000000"}, '"Tenant ID" names no tenant'),
        ({"Tenant ID": "nonsense"}, '"Tenant ID" is neither a GUID nor a domain'),
        (
            {"Client ID": "00000000-0000-4000-8000-00000000dead"},
            '"Client ID" is not an application',
        ),
        ({"Login API Root": "https://127.0.0.1:1"}, "could not be reached"),
        ({"Graph API Root": "https://127.0.0.1:1"}, "could not be reached"),
        ({"CA Bundle": ""}, "certificate of 127.0.0.1"),
        ({"Proxy Server Address": "127.0.0.1:1"}, '"Proxy Server Address"'),
    ],
)
def test_ping_names_what_is_wrong(tenant: Lab, settings, said):
    found = act(tenant, "Ping", settings=settings)
    assert found.execution_state == "failed"
    assert said in found.message
    assert LONGEST not in found.message


def test_with_verify_ssl_off_any_certificate_will_do(tenant: Lab, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ssl/certs/ca-certificates.crt")
    assert act(tenant, "Ping", settings={"CA Bundle": "", "Verify SSL": "false"}).is_success


# Comments and updates


def test_a_comment_is_added(tenant: Lab):
    found = comment(tenant)
    assert found.message == ("Successfully added comment to incident 1 in Microsoft 365 Defender.")
    assert tenant.world.tenant.incident("1")["comments"][-1]["comment"] == "looked at"


@pytest.mark.parametrize("send", [comment, update], ids=["comment", "update"])
def test_an_unknown_incident_is_told_in_the_specifications_words(tenant: Lab, send):
    found = send(tenant, "77")
    assert found.message.startswith(f'Error executing action "{found.action}". Reason: ')
    assert found.message.endswith('Reason: incident "77" wasn\'t found in Microsoft 365 Defender.')
    assert found.execution_state == "failed"


def test_an_incident_is_updated(tenant: Lab):
    found = update(
        tenant, **{"Status": "In Progress", "Classification": "True Positive",
                   "Determination": "Multi Staged Attack", "Assign To": "pat@contoso.example"},
    )  # fmt: skip
    assert found.message == "Successfully updated incident 1 in Microsoft 365 Defender."
    now = tenant.world.tenant.incident("1")
    assert (now["status"], now["classification"], now["determination"], now["assignedTo"]) == (
        "inProgress", "truePositive", "multiStagedAttack", "pat@contoso.example",
    )  # fmt: skip


@pytest.mark.parametrize(
    "determination", [c for c in BY_NAME["Update Incident"].params.__dataclass_fields__[
        "determination"].metadata["param"].choices if c != "Select One"],
)  # fmt: skip
def test_every_determination_is_one_that_the_service_knows(tenant: Lab, determination):
    assert update(tenant, Determination=determination).is_success


def test_a_pair_that_the_service_refuses_lists_those_that_fit(tenant: Lab):
    found = update(tenant, Classification="False Positive", Determination="Malware")
    assert found.execution_state == "failed"
    assert "is not valid for classification 'falsePositive'" in found.message
    assert "False Positive: Not Malicious, Not Enough Data To Validate, Other" in found.message


def test_nothing_chosen_sends_nothing(tenant: Lab):
    found = update(tenant)
    assert found.message == (
        'Error executing action: "Update Incident". Reason: at least one of the parameters should'
        " have a value provided."
    )
    assert tenant.requests() == {}


def test_an_update_of_a_merged_incident_says_where_its_alerts_are(tenant: Lab):
    tenant.world.tenant.merge(["1"], "2")
    assert update(tenant, Status="Resolved").message.endswith(
        "It was merged into incident 2, where its alerts are now."
    )


def test_a_missing_permission_is_named(tenant: Lab):
    with tenant.client(**{"Client ID": READ_ONLY}) as client:
        values = {"Incident ID": "1", "Comment": "x"}
        found = perform(BY_NAME["Add Comment To Incident"], lambda: client, values, Scope(START))
    assert "Grant it one of SecurityIncident.ReadWrite.All" in found.message
    assert "it has SecurityAlert.Read.All, SecurityIncident.Read.All." in found.message


def test_a_comment_is_sent_once_even_if_its_answer_breaks(tenant: Lab):
    tenant.fault("graph.incidents.comment", kind="cut")
    assert comment(tenant).execution_state == "failed"
    assert len(tenant.world.tenant.incident("1")["comments"]) == 1


# Hunting


def hunt(lab: Lab, settings=None, **values: object) -> Outcome:
    told = {"Query": "print Answer = 42", **values}
    return act(lab, "Execute Custom Query", settings=settings, **told)


def test_a_query_gives_rows_a_table_and_the_query_that_was_sent(tenant: Lab):
    found = hunt(tenant)
    assert found.message == (
        'Successfully executed query "print Answer = 42\n| take 50" in Microsoft 365 Defender.'
    )
    assert found.json_result == {"Results": [{"Answer": 42}]}
    assert (found.tables[0].name, found.tables[0].rows) == ("Results", ((42,),))
    (asked,) = tenant.world.journal.entries(route="graph.hunting")
    assert asked["query"] == "print Answer = 42\n| take 50"


def test_no_rows_is_no_failure(tenant: Lab):
    found = hunt(tenant, Query='AlertInfo | where Title == "none such"')
    assert found.message == (
        'No data was found for the query "AlertInfo | where Title == "none such"\n| take 50" in'
        " Microsoft 365 Defender."
    )
    assert (found.is_success, found.execution_state) == (False, "completed")


def test_the_tokens_roles_choose_the_api(tenant: Lab):
    assert hunt(tenant, settings={"Client ID": SPECIFICATION}).json_result == {
        "Results": [{"Answer": 42}]
    }
    assert tenant.requests() == {"defender.hunting": 1}


def test_without_either_permission_both_are_named_and_nothing_is_sent(tenant: Lab):
    found = hunt(tenant, settings={"Client ID": READ_ONLY})
    assert "ThreatHunting.Read.All (Microsoft Graph)" in found.message
    assert "AdvancedHunting.Read.All (Microsoft Threat Protection)" in found.message
    assert tenant.requests() == {}


def test_a_429_is_told_in_the_specifications_words(tenant: Lab):
    tenant.fault("graph.hunting", status=429)
    assert hunt(tenant).message == (
        'Error executing action "Execute Custom Query". Reason: Too many queries were executed.'
        " Rate limit is reached. Wait for a minute and try again"
    )


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"kind": "unknown_error"}, "gave up after its time limit"),
        ({"status": 500}, "failed (HTTP 500)"),
        ({"kind": "html"}, "is not the JSON of Microsoft's API"),
        ({"kind": "truncated"}, "is not the JSON of Microsoft's API"),
        ({"kind": "cut"}, "breaks off"),
        (
            {"status": 400, "body": {"error": {"code": "BadRequest", "message": "No such."}}},
            "No such.",
        ),
    ],
)
def test_trouble_is_told(tenant: Lab, fault, said):
    tenant.fault("graph.hunting", **fault)
    found = hunt(tenant)
    assert found.message.startswith('Error executing action "Execute Custom Query". Reason: ')
    assert said in found.message


def test_an_unknown_table_is_told_with_the_one_that_was_meant(tenant: Lab):
    found = act(tenant, "Execute Query", **{"Table Names": "alertinfo"})
    assert "Failed to resolve table" in found.message
    assert "Did you mean AlertInfo instead of alertinfo?" in found.message


def test_a_long_list_of_entities_is_several_queries_and_one_result(lab: Lab):
    lab.load(story(many(6, "ab")))
    users = tuple(Entity("User", f"someone-{n:05}@contoso.example") for n in range(900))
    known = (*users, Entity("User", "pat"))
    values = {
        "Table Names": "AlertEvidence", "User Entity Key": "AccountName",
        "Time Frame": "Last 24 Hours", "Fields To Return": "AlertId", "Sort Order": "DESC",
        "Max Results To Return": "5",
    }  # fmt: skip
    found = act(lab, "Execute Entity Query", entities=known, **values)
    assert found.is_success
    sent = [e for e in lab.world.journal.entries() if "hunting" in e["route"]]
    assert len(sent) == 4
    assert all(len(e["query"]) <= 10_000 for e in sent)
    assert "4 were sent, each with some of them" in found.message
    rows = found.json_result["Results"]
    assert [list(row) for row in rows] == [["AlertId"]] * 5  # the sort column was not wanted
    one = act(lab, "Execute Entity Query", entities=(Entity("User", "pat"),), **values)
    assert rows == one.json_result["Results"]


def test_each_action_is_found_by_its_name_and_no_other():
    assert [action_called(action.name) is action for action in ACTIONS] == [True] * 6
    with pytest.raises(KeyError):
        action_called("Pin")


def test_a_ping_loads_no_hunting():
    code = (
        "import sys; from defender365.actions import action_called; action_called('Ping');"
        "print([m for m in sys.modules if 'hunting' in m and 'actions' in m or 'kql' in m])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
