from datetime import timedelta

import pytest

from defender_emulator.scenario import (
    AlertChanged,
    AlertRaised,
    IncidentChanged,
    IncidentOpened,
    IncidentsMerged,
)
from tests.stories import alert, at, incident, many, opened, stamp

pytestmark = pytest.mark.wire
INCIDENTS = "/v1.0/security/incidents"
ALERTS = "/v1.0/security/alerts_v2"


def ids(answer) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [record["id"] for record in answer.json()["value"]]


def error_of(answer) -> tuple[int, str, str]:
    error = answer.json()["error"]
    assert sorted(error["innerError"])[:1]
    return answer.status_code, error["code"], error["message"]


def test_a_list_is_newest_first_in_pages_of_fifty(api):
    api.load(many(120))
    first = api.get(INCIDENTS)
    assert ids(first)[:2] == ["120", "119"]
    assert len(ids(first)) == 50
    link = first.json()["@odata.nextLink"]
    assert link == f"{api.emulator.url}{INCIDENTS}?$skip=50"
    third = api.session.get(api.session.get(link).json()["@odata.nextLink"])
    assert ids(third)[-1] == "1"
    assert "@odata.nextLink" not in third.json()


def test_a_page_above_fifty_is_the_odd_400(api):
    error = api.get(INCIDENTS, top="100").json()["error"]
    assert error["code"] == ""
    assert error["details"] == []
    assert error["message"] == (
        "The query specified in the URI is not valid. The limit of '50' for Top query has been"
        " exceeded. The value from the incoming request is '100'."
    )


def test_filter_order_skip_count_and_select(api):
    answer = api.get(
        INCIDENTS, filter=f"lastUpdateDateTime ge {stamp(-40)} and status eq 'Active'",
        orderby="lastUpdateDateTime asc", skip="1", top="2", count="true", select="displayName",
    )  # fmt: skip
    found = answer.json()
    assert found["@odata.count"] == 4
    assert [sorted(record) for record in found["value"]] == [["displayName", "id"]] * 2
    assert ids(answer) == ["3", "4"]
    assert ids(api.get(INCIDENTS, orderby="severity asc, createdDateTime desc"))[0] == "5"
    assert ids(api.get(INCIDENTS, orderby="lastUpdateDateTime desc"))[0] == "5"


@pytest.mark.parametrize(
    "params",
    [{"filter": "incidentId eq '1'"}, {"filter": "((("}, {"orderby": "up"}, {"top": "x"},
     {"skip": "-1"}, {"expand": "things"}, {"apply": "x"}],
)  # fmt: skip
def test_options_it_cannot_serve_are_refused(api, params):
    assert error_of(api.get(INCIDENTS, **params))[:2] == (400, "BadRequest")


def test_expand_brings_the_alerts(api):
    found = api.get(INCIDENTS, expand="alerts", top="1").json()
    assert found["@odata.context"].endswith("/v1.0/$metadata#security/incidents(alerts())")
    assert [a["id"] for a in found["value"][0]["alerts"]] == ["da5-c", "da5-b", "da5-a"]
    one = api.get(f"{INCIDENTS}/5", expand="alerts").json()
    assert len(one["alerts"]) == 3
    assert "alerts" not in api.get(f"{INCIDENTS}/5").json()


def test_the_alerts_of_one_incident_come_in_pages(api):
    first = api.get(f"{INCIDENTS}/1/alerts", top="2")
    assert ids(first) == ["da1-c", "da1-b"]
    assert ids(api.session.get(first.json()["@odata.nextLink"])) == ["da1-a"]
    assert error_of(api.get(f"{INCIDENTS}/77/alerts"))[1] == "ResourceNotFound"


def test_alerts_are_listed_and_clamped(api):
    assert len(ids(api.get(ALERTS, top="5000"))) == 15
    assert ids(api.get(ALERTS, top="0")) == []
    assert error_of(api.get(ALERTS, skip="7000"))[0] == 400
    assert error_of(api.get(f"{ALERTS}/none"))[:2] == (404, "ResourceNotFound")
    assert api.get(f"{ALERTS}/da1-a").json()["incidentId"] == "1"


def test_a_patch_sticks_moves_the_time_and_reaches_the_alerts(api):
    api.world.clock.advance(60)
    answer = api.patch(
        f"{INCIDENTS}/1", status="Resolved", classification="TruePositive", determination="phishing",
        assignedTo="pat@contoso.example", customTags=["a"], displayName="New",
    ).json()  # fmt: skip
    assert (answer["status"], answer["determination"]) == ("resolved", "phishing")
    assert answer["lastUpdateDateTime"] == "2026-11-24T12:01:00Z"
    assert answer["lastModifiedBy"] == "API-App:Everything"
    seen = api.get(f"{ALERTS}/da1-a").json()
    assert (seen["status"], seen["classification"]) == ("resolved", "truePositive")
    assert ids(api.get(INCIDENTS, top="1")) == ["1"]
    assert api.patch(f"{INCIDENTS}/1", assignedTo="").json()["assignedTo"] is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": "gone"}, "'status'"),
        ({"status": 5}, "'status'"),
        ({"nonsense": "x"}, "'nonsense'"),
        ({"assignedTo": 5}, "'assignedTo'"),
        ({"classification": "falsePositive", "determination": "malware"}, "'malware' is not valid"),
    ],
)
def test_a_patch_that_makes_no_sense_is_refused_by_name(api, changes, said):
    status, code, message = error_of(api.patch(f"{INCIDENTS}/1", **changes))
    assert (status, code) == (400, "BadRequest")
    assert said in message


@pytest.mark.parametrize("body", ["nonsense", "[]", "5"])
def test_a_body_that_is_no_object_is_refused(api, body):
    assert error_of(api.call("PATCH", f"{INCIDENTS}/1", data=body))[0] == 400
    assert error_of(api.post("/v1.0/security/runHuntingQuery", data=body))[0] == 400


def test_an_alert_is_patched_by_itself(api):
    answer = api.patch(f"{ALERTS}/da1-a", status="inProgress", assignedTo="pat").json()
    assert (answer["status"], answer["assignedTo"]) == ("inProgress", "pat")
    assert error_of(api.patch(f"{ALERTS}/da1-a", severity="high"))[0] == 400
    assert error_of(api.patch(f"{ALERTS}/none", status="new"))[0] == 404


@pytest.mark.parametrize("path", [f"{INCIDENTS}/1", f"{ALERTS}/da1-a"])
def test_comments_come_back_all(api, path):
    api.post(f"{path}/comments", json={"comment": "one"})
    answer = api.post(f"{path}/comments", json=[{"comment": "two"}]).json()
    assert [c["comment"] for c in answer["value"]] == ["one", "two"]
    assert answer["value"][0]["createdByDisplayName"] == "API-App:Everything"
    assert error_of(api.post(f"{path}/comments", json={"comment": " "}))[0] == 400
    assert error_of(api.post(f"{INCIDENTS}/77/comments", json={"comment": "x"}))[0] == 404


@pytest.mark.parametrize("spelling", ["mergeIncidents", "microsoft.graph.security.mergeIncidents"])
def test_incidents_merge_into_the_first(api, spelling):
    answer = api.post(f"{INCIDENTS}/{spelling}", json={"incidentIds": ["1", "2"]})
    assert answer.json()["targetIncidentId"] == "1"
    gone = api.get(f"{INCIDENTS}/2", expand="alerts").json()
    assert (gone["status"], gone["redirectIncidentId"], gone["alerts"]) == ("redirected", "1", [])
    assert gone["customTags"] == ["Redirected"]
    assert len(api.get(f"{INCIDENTS}/1/alerts").json()["value"]) == 6
    assert error_of(api.post(f"{INCIDENTS}/mergeIncidents", json={"incidentIds": ["1"]}))[0] == 400


def test_alerts_move(api):
    api.post(f"{ALERTS}/moveAlerts", json={"alertIds": ["da1-a"], "incidentId": "2"})
    assert api.get(f"{ALERTS}/da1-a").json()["incidentId"] == "2"
    assert len(ids(api.get(f"{INCIDENTS}/1/alerts"))) == 2
    assert error_of(api.post(f"{ALERTS}/moveAlerts", json={"incidentId": "2"}))[0] == 400
    bad = {"alertIds": ["none"], "incidentId": "2"}
    assert error_of(api.post(f"{ALERTS}/moveAlerts", json=bad))[0] == 404


def test_members_of_evolving_enums_are_hidden_without_the_header(api):
    new = {"serviceSource": "microsoftSentinel", "evidence": [{"remediationStatus": "active"}]}
    changes = [IncidentOpened(at(-1), incident(1, -1, status="awaitingAction"))]
    api.load([*changes, AlertRaised(at(-1), alert(1, "a", -1, **new), touch=False)])

    def seen(**headers):
        url = f"{INCIDENTS}/1?$expand=alerts"
        found = api.call("GET", url, headers=headers).json()
        one = found["alerts"][0]
        return found["status"], one["serviceSource"], one["evidence"][0]["remediationStatus"]

    whole = ("awaitingAction", "microsoftSentinel", "active")
    assert seen() == ("unknownFutureValue",) * 3
    assert seen(Prefer="include-unknown-enum-members") == whole
    api.control("settings", masking=False)
    assert seen() == whole


def test_the_story_happens_as_the_clock_moves(api):
    api.load(
        [*opened(1, -10, "a"), AlertRaised(at(1), alert(1, "b", 1)),
         IncidentChanged(at(2), "1", {"severity": "high"}), AlertChanged(at(3), "da1-a", {"title": "T"}),
         *opened(2, 4, "c"), IncidentsMerged(at(5), "1", "2"), IncidentChanged(at(6), "99", {}),
         AlertChanged(at(6), "none", {})]
    )  # fmt: skip
    seen = []
    for _ in range(7):
        found = api.get(f"{INCIDENTS}/1", expand="alerts").json()
        seen.append((found["severity"], len(found["alerts"]), found["lastUpdateDateTime"][14:16]))
        api.control("clock/advance", seconds=60)
    assert seen == [("medium", 1, "50"), ("medium", 2, "01"), ("high", 2, "02"), ("high", 2, "03"),
                    ("high", 2, "03"), ("high", 0, "05"), ("high", 0, "05")]  # fmt: skip
    assert api.get(f"{ALERTS}/da1-a").json()["title"] == "T"


def test_ids_and_dates_of_a_request_come_back(api):
    answer = api.call("GET", INCIDENTS, headers={"client-request-id": "mine"})
    assert answer.headers["client-request-id"] == "mine"
    assert answer.headers["request-id"]
    assert "date" in answer.headers


def test_an_unknown_route_names_itself(api):
    answer = api.get("/v1.0/security/secureScores")
    assert answer.status_code == 501
    assert "GET /v1.0/security/secureScores" in answer.json()["error"]["message"]


def test_late_changes_can_be_added(api):
    api.world.tenant.add(opened(50, 1, "a"))
    assert api.get(f"{INCIDENTS}/50").status_code == 404
    api.world.clock.set(at(1) + timedelta(seconds=1))
    assert api.get(f"{INCIDENTS}/50").status_code == 200
