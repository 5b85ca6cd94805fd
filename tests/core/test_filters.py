import pytest

from defender365.core.errors import BadInput
from defender365.core.filters import Filters, read_filters
from defender365.core.model import Alert, Incident

PLAIN = {
    "lowest_severity": "", "statuses": (), "detection_sources": (), "service_sources": (),
    "list_field": "", "dynamic_list": (), "names_are_blocked": True,
}  # fmt: skip


def filters(**changes) -> Filters:
    return read_filters(**{**PLAIN, **changes})


def incident(**raw) -> Incident:
    return Incident("1", 0, {"status": "active", "severity": "low", "displayName": "A", **raw})


@pytest.mark.parametrize(
    ("status", "taken"),
    [("active", True), ("inProgress", True), ("resolved", False), ("redirected", False),
     ("awaitingAction", False), (None, False)],
)  # fmt: skip
def test_without_a_status_filter_active_and_in_progress_are_taken(status, taken):
    assert (filters().incident_verdict(incident(status=status)) is None) is taken


def test_a_status_is_known_by_any_spelling():
    chosen = filters(statuses=("In Progress", "RESOLVED"))
    assert chosen.incident_verdict(incident(status="inProgress")) is None
    assert chosen.incident_verdict(incident(status="resolved")) is None
    assert chosen.incident_verdict(incident(status="active")) == "incident_status_filter"


@pytest.mark.parametrize(
    ("severity", "verdict"),
    [("high", None), ("medium", None), ("low", "lowest_severity_to_fetch"),
     ("informational", "lowest_severity_to_fetch"), ("unknown", "lowest_severity_to_fetch"),
     (None, "lowest_severity_to_fetch"), ("catastrophic", None)],
)  # fmt: skip
def test_severity_is_taken_from_the_lowest_up_and_new_words_are_not_lost(severity, verdict):
    chosen = filters(lowest_severity="Medium")
    assert chosen.incident_verdict(incident(severity=severity)) == verdict


def test_without_a_lowest_severity_every_severity_is_taken():
    assert filters().incident_verdict(incident(severity="unknown")) is None


def test_sources_are_case_sensitive():
    chosen = filters(detection_sources=("antivirus",), service_sources=("microsoftDefender",))
    good = Alert("a", {"detectionSource": "antivirus", "serviceSource": "microsoftDefender"})
    assert chosen.alert_verdict(good) is None
    assert (
        chosen.alert_verdict(Alert("a", {**good.raw, "detectionSource": "Antivirus"}))
        == "alert_detection_source_filter"
    )
    assert (
        chosen.alert_verdict(Alert("a", {**good.raw, "serviceSource": "microsoftdefender"}))
        == "alert_service_source_filter"
    )


@pytest.mark.parametrize(
    ("blocked", "name", "taken"),
    [(True, "Noise", False), (True, "Real", True), (False, "Noise", True), (False, "Real", False)],
)
def test_the_dynamic_list_blocks_or_allows_by_incident_name(blocked, name, taken):
    chosen = filters(dynamic_list=(" Noise ", ""), names_are_blocked=blocked)
    assert (chosen.incident_verdict(incident(displayName=name)) is None) is taken
    assert chosen.alert_verdict(Alert("a", {"title": "Noise"})) is None


@pytest.mark.parametrize("blocked", [True, False])
def test_the_dynamic_list_can_go_by_alert_name(blocked):
    chosen = filters(list_field="alert name", dynamic_list=("Noise",), names_are_blocked=blocked)
    assert chosen.incident_verdict(incident(displayName="Noise")) is None
    assert (chosen.alert_verdict(Alert("a", {"title": "Noise"})) == "dynamic_list") is blocked
    assert (chosen.lone_verdict(incident(displayName="Noise")) == "dynamic_list") is blocked


def test_an_empty_dynamic_list_keeps_nothing_out():
    assert filters(names_are_blocked=False).incident_verdict(incident()) is None


def test_an_incident_without_alerts_has_no_source():
    assert filters().lone_verdict(incident()) is None
    assert filters(detection_sources=("x",)).lone_verdict(incident()) is not None
    assert filters(service_sources=("x",)).lone_verdict(incident()) is not None


def test_every_bad_filter_is_named():
    with pytest.raises(BadInput) as caught:
        filters(lowest_severity="Severe", statuses=("open",), list_field="Title")
    told = str(caught.value)
    assert all(
        f'"{name}" must be one of' in told
        for name in ("Lowest Severity To Fetch", "Incident Status Filter", "Dynamic List Field")
    )
