import pytest

from defender_emulator.defender import ENTITY_KEYS, entity
from defender_emulator.scenario import AlertRaised
from tests.stories import alert, at, many, opened, stamp

pytestmark = pytest.mark.wire
EVIDENCE = {
    "deviceEvidence": {"deviceDnsName": "ws-1.contoso.example", "healthStatus": "active"},
    "userEvidence": {"userAccount": {"accountName": "pat"}},
    "ipEvidence": {"ipAddress": "192.0.2.1"},
    "urlEvidence": {"url": "http://x.example"},
    "fileEvidence": {"fileDetails": {"sha1": "aa", "fileName": "a.exe"}},
    "processEvidence": {"imageFile": {"sha1": "bb"}, "processCommandLine": "a.exe -x"},
    "mailboxEvidence": {"primaryAddress": "pat@contoso.example"},
    "analyzedMessageEvidence": {"subject": "Hello", "p1Sender": {"emailAddress": "x@y.example"}},
    "mailClusterEvidence": {"clusterBy": "Subject"},
    "registryKeyEvidence": {"registryKey": "HKLM"},
    "registryValueEvidence": {"registryValue": "1"},
    "securityGroupEvidence": {"displayName": "Admins"},
    "aiAgentEvidence": {"agentId": "1"},
}


def test_incidents_have_this_apis_names_and_words(api):
    items = [{"@odata.type": f"#microsoft.graph.security.{k}", **v} for k, v in EVIDENCE.items()]
    whole = alert(9, "a", -1, evidence=[*items, None])
    api.load([*opened(9, -1, "", determination="unknown"), AlertRaised(at(-1), whole, touch=False)])
    api.post("/v1.0/security/incidents/9/comments", json={"comment": "x"})
    found = api.get("/api/incidents/9").json()
    assert found["@odata.context"].endswith("/api/$metadata#Incidents/$entity")
    assert (found["incidentId"], found["status"], found["severity"], found["determination"]) == (
        9, "Active", "Medium", "NotAvailable",
    )  # fmt: skip
    assert found["comments"][0]["createdBy"] == "API-App:Everything"
    (seen,) = found["alerts"]
    assert (seen["alertId"], seen["serviceSource"]) == ("da9-a", "MicrosoftDefenderForEndpoint")
    assert seen["devices"][0]["healthStatus"] == "Active"
    assert [e["entityType"] for e in seen["entities"]] == [
        "User", "Ip", "Url", "File", "Process", "MailBox", "MailMessage", "MailCluster", "Registry",
        "Registry", "SecurityGroup",
    ]  # fmt: skip
    assert all(sorted(e) == sorted(ENTITY_KEYS) for e in seen["entities"])
    assert entity({}) is None


def test_a_list_has_pages_of_a_hundred_and_filters(api):
    api.load(many(130))
    first = api.get("/api/incidents").json()
    assert len(first["value"]) == 100
    assert len(api.session.get(first["@odata.nextLink"]).json()["value"]) == 30
    told = f"lastUpdateTime ge {stamp(-5)} and status eq 'Active'"
    assert len(api.get("/api/incidents", filter=told).json()["value"]) == 13


@pytest.mark.parametrize(
    ("params", "code"),
    [({"top": "101"}, "BadRequest"), ({"skip": "x"}, "BadRequest"),
     ({"filter": "severity eq 'High'"}, "ODataError")],
)  # fmt: skip
def test_options_it_cannot_serve_are_refused(api, params, code):
    error = api.get("/api/incidents", **params).json()["error"]
    assert error["code"] == code
    assert error["target"]


def test_a_patch_takes_this_apis_words_and_a_comment(api):
    answer = api.patch(
        "/api/incidents/1", status="Resolved", classification="FalsePositive", determination="Clean",
        assignedTo="pat", tags=["t"], comment="done",
    ).json()  # fmt: skip
    assert (answer["status"], answer["determination"], answer["tags"]) == (
        "Resolved",
        "Clean",
        ["t"],
    )
    assert answer["comments"][0]["comment"] == "done"
    only = api.patch("/api/incidents/2", comment="just this").json()
    assert only["comments"][0]["comment"] == "just this"


@pytest.mark.parametrize(
    ("path", "changes", "status"),
    [
        ("1", {"status": "Gone"}, 400),
        ("1", {"severity": "High"}, 400),
        ("1", {"classification": "FalsePositive", "determination": "Malware"}, 400),
        ("77", {"status": "Resolved"}, 404),
    ],
)
def test_a_patch_that_makes_no_sense_is_refused(api, path, changes, status):
    assert api.patch(f"/api/incidents/{path}", **changes).status_code == status


def test_hunting_has_statistics_schema_and_results(api):
    found = api.post("/api/advancedhunting/run", json={"Query": "print A = 1"}).json()
    assert sorted(found) == ["Results", "Schema", "Stats"]
    assert found["Results"] == [{"A": 1}]
    assert found["Schema"] == [{"Name": "A", "Type": "Int64"}]
    assert api.post("/api/advancedhunting/run", json={"query": "x"}).status_code == 400
    twin = api.post("/api/advancedqueries/run", json={"Query": "print A = 1"})
    assert twin.status_code == 200
