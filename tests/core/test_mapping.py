import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from defender365.core.errors import BadInput
from defender365.core.mapping import EnvironmentRule, case_alerts, flat, priority
from defender365.core.model import read_incident

RAW = {
    "id": "29", "displayName": "Storm", "severity": "high", "status": "active",
    "createdDateTime": "2026-01-02T03:04:05.1234567Z",
    "lastUpdateDateTime": "2026-01-02T04:04:05Z", "customTags": ["a", None],
    "futureField": {"kept": True},
    "alerts": [
        {
            "id": "da1", "title": "Bad thing", "description": "It is bad", "severity": "medium",
            "firstActivityDateTime": "2026-01-02T03:00:00Z",
            "lastActivityDateTime": "2026-01-02T03:30:00Z", "mitreTechniques": ["T1566"],
            "evidence": [
                {"@odata.type": "#microsoft.graph.security.userEvidence", "verdict": "malicious",
                 "userAccount": {"accountName": "pat", "domainName": None}},
                "not an object",
            ],
        },
    ],
}  # fmt: skip


def cases(raw, rule=EnvironmentRule()):  # noqa: B008  frozen
    incident = read_incident(copy.deepcopy(raw))
    return list(case_alerts(incident, incident.alerts, rule))


def test_an_alert_becomes_a_case_alert_with_the_platforms_names():
    (case,) = cases(RAW)
    fields = case.as_dict()
    events = fields.pop("events")
    assert fields == {
        "ticket_id": "29", "display_id": "da1", "name": "Bad thing", "description": "It is bad",
        "device_vendor": "Microsoft", "device_product": "Microsoft 365 Defender",
        "environment": "Default Environment", "priority": 60, "rule_generator": "Bad thing",
        "source_grouping_identifier": "29", "start_time": 1767322800000,
        "end_time": 1767324600000,
    }  # fmt: skip
    assert [event["event_type"] for event in events] == ["Incident", "Evidence"]


def test_the_first_event_is_the_incident_with_everything_it_holds():
    event = cases(RAW)[0].events[0]
    assert event["displayName"] == "Storm"
    assert event["customTags_1"] == "a"
    assert event["customTags_2"] == ""
    assert event["futureField_kept"] == "True"
    assert event["@odata.type"] == "#microsoft.graph.security.incident"
    assert not any(key.startswith("alerts") for key in event)


def test_an_evidence_event_carries_its_type_and_the_alert_under_a_prefix():
    event = cases(RAW)[0].events[1]
    assert event["@odata.type"] == "#microsoft.graph.security.userEvidence"
    assert event["userAccount_accountName"] == "pat"
    assert event["userAccount_domainName"] == ""
    assert event["alert_metadata_title"] == "Bad thing"
    assert event["alert_metadata_mitreTechniques_1"] == "T1566"
    assert not any("evidence" in key for key in event)


def test_an_alert_without_evidence_leaves_its_fields_on_the_incident_event():
    raw = {**RAW, "alerts": [{"id": "da2", "evidence": None}]}
    (case,) = cases(raw)
    (event,) = case.events
    assert event["event_type"] == "Incident"
    assert event["alert_metadata_id"] == "da2"
    assert case.name == "Alert da2"
    assert case.start_time == 1767323045123


def test_an_incident_without_alerts_makes_a_case_alert_of_its_own():
    (case,) = cases({**RAW, "alerts": []})
    assert (case.ticket_id, case.display_id, case.name, case.priority) == ("29", "29", "Storm", 80)
    assert len(case.events) == 1
    assert case.end_time - case.start_time == 3_599_877


def test_an_incident_that_says_nothing_still_makes_a_case_alert():
    (case,) = cases({"id": "7", "alerts": None})
    assert (case.name, case.start_time, case.end_time, case.priority) == ("Incident 7", 0, 0, -1)


def test_a_long_title_is_cut_for_the_rule_generator_only():
    raw = {**RAW, "alerts": [{"id": "x", "title": "t" * 400}]}
    (case,) = cases(raw)
    assert len(case.rule_generator) == 250
    assert len(case.name) == 400


@pytest.mark.parametrize(
    ("severity", "number"),
    [("informational", -1), ("low", 40), ("medium", 60), ("High", 80), ("unknown", -1), (None, -1)],
)
def test_severity_gives_the_platforms_priority(severity, number):
    assert priority(severity) == number


@pytest.mark.parametrize(
    ("field", "pattern", "environment"),
    [
        ("", ".*", "Own"),
        ("displayName", ".*", "Storm"),
        ("displayName", "^[A-Z].", "St"),
        ("displayName", "[0-9]+", "Storm"),
        ("displayName", "", "Own"),
        ("displayName", "x*", "Own"),
        ("nothing", ".*", "Own"),
        ("title", ".*", "Bad thing"),
        ("alert_metadata_severity", ".*", "medium"),
    ],
)
def test_the_environment_comes_from_a_field_and_a_pattern(field, pattern, environment):
    assert cases(RAW, EnvironmentRule(field, pattern, "Own"))[0].environment == environment


def test_a_bad_pattern_is_named():
    with pytest.raises(BadInput, match='"Environment Regex Pattern" is not a regular expression'):
        EnvironmentRule("a", "(").checked()


def platform_flat(target):
    """An independent reading of the platform's rule, straight from its description."""
    out = {}

    def walk(key, value):
        if isinstance(value, dict):
            for name, item in value.items():
                walk(f"{key}_{name}" if key else name, item)
        elif isinstance(value, list):
            for count, item in enumerate(value, 1):
                walk(f"{key}_{count}", item)
        else:
            out[key] = "" if value is None else str(value)

    walk("", target)
    return out


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=1), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(min_size=1), json_values))
def test_flattening_is_the_platforms(value):
    assert flat(value) == platform_flat(value)


@given(st.dictionaries(st.text(), json_values))
def test_any_incident_with_an_id_gives_case_alerts_of_text(value):
    raw = {**value, "id": "1"}
    raw["alerts"] = [{**value, "id": "a"}]
    for case in cases(raw):
        assert isinstance(case.start_time, int)
        assert all(isinstance(v, str) for event in case.events for v in event.values())
