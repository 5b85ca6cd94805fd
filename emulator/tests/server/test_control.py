"""Limits, faults, the clock, the journal, apps: over the control API."""

import pytest
import requests

from defender_emulator.clock import VirtualClock
from defender_emulator.faults import Faults
from defender_emulator.journal import Journal
from tests.stories import at, many

pytestmark = pytest.mark.wire
INCIDENTS = "/v1.0/security/incidents"


def test_a_quota_is_kept_and_says_how_long_to_wait(api):
    for _ in range(20):
        assert api.get(f"{INCIDENTS}/1/alerts").status_code == 200
    refused = api.get(f"{INCIDENTS}/1/alerts")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    assert refused.json()["error"]["code"] == "TooManyRequests"
    api.control("clock/advance", seconds=61)
    assert api.get(f"{INCIDENTS}/1/alerts").status_code == 200


def test_the_defender_api_words_its_429_by_itself(api):
    api.control("limits", limits={"defender_hunting": 0}, retry_after=False)
    refused = api.post("/api/advancedhunting/run", json={"Query": "print 1"})
    assert refused.json()["error"]["message"] == (
        "API calls quota exceeded! maximum allowed 0 per 00:01:00"
    )
    assert "Retry-After" not in refused.headers


def test_quotas_can_be_seen_and_only_known_ones_set(api):
    found = api.get("/_emulator/limits").json()["limits"]
    assert found["graph_alerts"][0]["limit"] == 20
    assert api.control("limits", limits={"nothing": 5}).status_code == 400


def test_quotas_go_by_real_time_when_the_clock_runs_fast(api):
    api.control("clock", speed="1000")
    assert api.get("/_emulator/clock").json()["mode"] == "accelerated"
    assert api.world.quota_seconds() < api.world.clock.now().timestamp() + 1e9


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        ({"kind": "status", "status": 503}, 503, "ServiceUnavailable"),
        ({"kind": "status", "status": 418}, 418, "Fault"),
        ({"kind": "status", "status": 400, "body": {"x": 1}, "headers": {"A": "b"}}, 400, '"x":1'),
        ({"kind": "html"}, 200, "<html>"),
        ({"kind": "html", "status": 502}, 502, "<html>"),
        ({"kind": "expired_token"}, 401, "token is expired"),
        ({"kind": "unknown_error"}, 504, "UnknownError"),
        ({"kind": "throttle", "retry_after": 7}, 429, "TooManyRequests"),
        ({"kind": "expand_above", "above": 2, "status": 500}, 500, "InternalServerError"),
    ],
)
def test_a_fault_strikes_once(api, fault, status, said):
    assert api.control("faults", route="graph.incidents.list", **fault).status_code == 200
    struck = api.get(INCIDENTS, expand="alerts")
    assert struck.status_code == status
    assert said in struck.text
    assert api.get(INCIDENTS, expand="alerts").status_code == 200


def test_a_heavy_expand_fails_only_above_its_size(api):
    api.control("faults", kind="expand_above", above=3, times=None)
    assert api.get(INCIDENTS, expand="alerts").status_code == 200
    api.control("faults", kind="expand_above", above=2, times=None)
    assert api.get(INCIDENTS, expand="alerts").status_code == 500
    assert api.get(f"{INCIDENTS}/1", expand="alerts").status_code == 500
    assert api.get(INCIDENTS).status_code == 200
    assert api.get(INCIDENTS, expand="alerts", filter="((").status_code == 400


def test_an_answer_can_be_cut_or_truncated_or_slow(api):
    api.load(many(40))
    api.control("faults", kind="truncated", route="graph.*")
    with pytest.raises(requests.exceptions.JSONDecodeError):
        api.get(INCIDENTS).json()
    api.control("faults", kind="cut", route="graph.*")
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        api.get(INCIDENTS)
    api.control("faults", kind="slow", seconds=0.01)
    assert api.get(INCIDENTS).status_code == 200


def test_sign_in_can_fail_too(wire):
    wire.control("faults", kind="status", status=503, route="identity.token")
    assert wire.sign_in().status_code == 503


def test_faults_can_be_seen_and_cleared_and_must_make_sense(api):
    api.control("faults", kind="html", times=None)
    assert api.get("/_emulator/faults").json()["faults"][0]["kind"] == "html"
    api.call("DELETE", "/_emulator/faults")
    assert api.get("/_emulator/faults").json()["faults"] == []
    assert api.control("faults", kind="nonsense").status_code == 400
    assert api.control("faults", kind="html", nonsense=1).status_code == 400


def test_a_probability_is_seeded():
    def strikes(seed):
        faults = Faults(seed)
        faults.add(kind="html", times=None, probability=0.5)
        return [faults.strike("any", 0) is not None for _ in range(50)]

    assert strikes(1) == strikes(1)
    assert 10 < sum(strikes(1)) < 40
    faults = Faults()
    faults.add(kind="html", after=2)
    assert [faults.strike("a", 0) is not None for _ in range(4)] == [False, False, True, False]


def test_the_journal_holds_every_request_and_no_secret(api):
    api.get(INCIDENTS, top="1")
    api.post("/v1.0/security/runHuntingQuery", json={"Query": "print 1"})
    found = api.get("/_emulator/journal?route=graph.hunting").json()["requests"]
    assert [entry["query"] for entry in found] == ["print 1"]
    everything = api.get("/_emulator/journal").text
    assert "Bearer" not in everything
    assert api.session.headers["Authorization"][7:] not in everything
    api.call("DELETE", "/_emulator/journal")
    assert api.get("/_emulator/journal").json()["requests"] == []


def test_the_clock_is_real_accelerated_or_stepped(api):
    assert api.get("/_emulator/clock").json()["mode"] == "stepped"
    assert api.control("clock", now="2030-01-01T00:00:00Z").json()["now"] == "2030-01-01T00:00:00Z"
    assert api.control("clock/advance", to="2031-01-01T00:00:00Z").json()["now"].startswith("2031")
    assert api.control("clock", speed="real").json()["mode"] == "real"
    for body in ({"speed": "fast"}, {"speed": "-1"}, {"now": "soon"}):
        assert api.control("clock", **body).status_code == 400
    assert api.control("clock/advance", seconds=-5).status_code == 400
    clock = VirtualClock(at(0), factor=3600)
    assert clock.now() >= at(0)


def test_scenarios_are_listed_loaded_and_reset(api):
    assert "attack" in str(api.get("/_emulator/scenarios").json())
    told = {"name": "noisy", "seed": 1, "start": "2026-11-24T12:00:00Z", "speed": "stepped"}
    found = api.control("scenario", **told, options={"incidents": "4", "history": "all"}).json()
    assert (found["scenario"], found["incidents"]) == ("noisy", 4)
    api.control("clock/advance", seconds=5)
    assert api.control("reset").json()["now"] == "2026-11-24T12:00:00Z"
    assert api.control("scenario", name="nothing").status_code == 400
    assert api.post("/_emulator/scenario", data="[1]").status_code == 400


def test_apps_can_be_added(api):
    app = {"client_id": "new", "name": "New", "secret": "s", "roles": ["SecurityIncident.Read.All"]}
    assert "new" in api.control("apps", **app).text
    assert api.use("new", "s").get(INCIDENTS).status_code == 200
    assert api.control("apps", nonsense=1).status_code == 400


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("faults", {"kind": "nothing"}, "kind must be one of status, slow"),
        ("faults", {}, '"kind" is missing'),
        ("faults", {"kind": "status", "status": "503"}, '"status" must be a whole number, from 200'),
        ("faults", {"kind": "status", "probability": 1.5}, '"probability" must be a number, from 0 to 1'),
        ("faults", {"kind": "status", "times": -1}, '"times" must be a whole number, 0 or more, or null'),
        ("faults", {"kind": "status", "route": "graph.incident"}, 'No route is called "graph.incident"'),
        ("faults", {"kind": "status", "colour": 1}, 'There is no field "colour"; there are kind'),
        ("clock/advance", {"seconds": 1e30}, '"seconds" must be a number, from 0 to'),
        ("clock/advance", {"seconds": True}, '"seconds" must be a number'),
        ("clock/advance", {}, '"seconds" is missing'),
        ("clock/advance", {"to": 5}, '"to" must be a text'),
        ("clock", {"now": "soon"}, "no ISO 8601 time"),
        ("clock", {"speed": "fast"}, "A speed is real, stepped or a factor"),
        ("apps", {"client_id": "x"}, '"name" is missing'),
        ("apps", {"client_id": 5, "name": "n"}, '"client_id" must be a text'),
        ("apps", {"client_id": "x", "name": "n", "certificates": ["junk"]}, "certificates in PEM"),
        ("apps", {"client_id": "x", "name": "n", "roles": "all"}, '"roles" must be a list of texts'),
        ("scenario", {}, '"name" is missing'),
        ("scenario", {"name": "attack", "seed": "three"}, '"seed" must be a whole number'),
        ("scenario", {"name": "attack", "options": ["x"]}, '"options" must be an object, or null'),
        ("scenario", {"name": "attack", "options": {"nothing": 1}}, "nothing"),
        ("scenario", {"name": "heist"}, "There is no scenario 'heist'"),
        ("settings", {"masking": "no"}, '"masking" must be true or false'),
        ("limits", {"retry_after": 60}, '"retry_after" must be true or false'),
        ("limits", {"limits": {"graph_alerts": "many"}}, 'limit of "graph_alerts" must be a whole'),
        ("limits", {"limits": {"x": 1}}, 'There is no quota "x"; there are graph_'),
    ],
)  # fmt: skip
def test_a_body_that_makes_no_sense_is_told_in_words(api, path, body, said):
    refused = api.post(f"/_emulator/{path}", json=body)
    assert refused.status_code == 400
    assert said in refused.json()["error"]


def test_a_clock_at_the_end_of_time_goes_no_further(api):
    api.control("clock", now="9990-01-01T00:00:00Z")
    assert "beyond the year 9999" in api.control("clock/advance", seconds=3e9).json()["error"]


def test_a_body_that_is_no_utf8_is_told(api):
    for path in ("/_emulator/faults", f"{INCIDENTS}/1/comments"):
        assert api.post(path, data=b'{"comment": "\xff\xfe"}').status_code == 400


def test_a_lone_surrogate_in_a_query_is_in_the_journal_as_it_came(api):
    found = api.post(
        "/v1.0/security/runHuntingQuery",
        data='{"Query": "print x = \'\\ud800\'"}',
        headers={"Content-Type": "application/json"},
    )
    assert found.status_code < 500
    noted = api.get("/_emulator/journal?route=graph.hunting")
    assert noted.status_code == 200
    assert "\\ud800" in noted.text


def test_what_was_asked_before_the_journal_was_cleared_is_not_noted_after():
    journal = Journal()
    asked = journal.cleared
    journal.note({"route": "in time"}, asked)
    journal.clear()
    journal.note({"route": "late"}, asked)
    journal.note({"route": "new"}, journal.cleared)
    assert [entry["route"] for entry in journal.entries()] == ["new"]
