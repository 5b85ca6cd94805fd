"""Corners of the connector that a hostile reader found, over the wire."""

from collections import Counter

import pytest

from defender_emulator.scenario import AlertRaised, IncidentOpened
from tests.lab import ALERTS, GET, LIST, Lab, ids
from tests.stories import alert, alerts, at, incident, many, opened, stamp, story

pytestmark = pytest.mark.wire


def settle(lab: Lab, polls: int = 8, minutes: float = 2, **more) -> None:
    for _ in range(polls):
        lab.poll(max_incidents=100, **more)
        lab.advance(minutes=minutes)


def test_an_empty_tenant_costs_one_request_a_poll(lab: Lab):
    lab.poll()
    lab.clear_journal()
    lab.poll()
    assert lab.requests() == {LIST: 1}


def test_a_heavy_incident_whose_alerts_fail_is_delivered_when_they_work_again(lab: Lab):
    lab.load(story([*many(5), *opened(50, -5, "abcdefgh")]))
    lab.fault("expand", above=5)
    lab.fault(ALERTS, status=500, times=9)
    lab.poll(max_incidents=100)
    assert ids(lab) == alerts(1, 2, 3, 4, 5)
    assert lab.explain("50").status == "set aside"
    settle(lab, polls=25)
    assert ids(lab) == alerts(1, 2, 3, 4, 5) + alerts(50, letters="abcdefgh")
    assert lab.explain("50").status == "delivered"


@pytest.mark.parametrize("status", [400, 403, 404])
def test_an_incident_whose_alerts_are_refused_stops_nobody(lab: Lab, status):
    lab.load(story([*opened(50, -20, "abcdefgh"), *many(5, since=-10)]))
    lab.fault("expand", above=5)
    lab.fault(ALERTS, status=status, times=None)
    settle(lab, polls=4)
    assert ids(lab) == alerts(1, 2, 3, 4, 5)


def test_an_incident_that_moves_at_the_edge_of_a_poll_hides_no_other(lab: Lab):
    lab.load(story([*opened(1, -50), *opened(2, -49)]))
    lab.poll(max_incidents=1)
    lab.patch("1", {"assignedTo": "pat"})
    settle(lab)
    assert ids(lab) == alerts(1, 2)


def test_a_bad_record_among_heavy_ones_hides_nothing(lab: Lab):
    changes = [*opened(50, -55, "abcdefgh"), *opened(1, -50), *opened(2, -49), *opened(3, -5)]
    changes += [IncidentOpened(at(-20), {**incident(77, -20), "id": ""})]
    lab.load(story(changes))
    lab.fault("expand", above=5)
    settle(lab)
    assert ids(lab) == alerts(1, 2, 3) + alerts(50, letters="abcdefgh")


def test_a_tie_that_appears_behind_a_heavy_one_ends_and_is_found(lab: Lab):
    lab.load(story([*opened(50, -20, "abcdefgh"), *opened(1, -1)]))
    lab.fault("expand", above=5)
    lab.poll(max_incidents=1)
    lab.world.tenant.add(opened(60, -20, "a", updated=stamp(-20)))
    settle(lab)
    assert ids(lab) == alerts(1) + alerts(50, letters="abcdefgh") + alerts(60, letters="a")


def test_an_alert_that_comes_twice_in_one_list_is_delivered_once(lab: Lab):
    lab.load(story(opened(1, -5, "a")))
    lab.world.tenant._alerts_of["1"].append("da1-a")
    lab.poll()
    assert ids(lab) == alerts(1, letters="a")


def test_a_late_alert_of_a_heavy_incident_is_found(lab: Lab):
    late = AlertRaised(at(2), alert(50, "z", -5), touch=False)
    lab.load(story([*opened(50, -5, "abcdefgh"), late]))
    lab.fault("expand", above=5)
    settle(lab, polls=20)
    assert ids(lab) == alerts(50, letters="abcdefghz")


def test_an_incident_in_the_future_does_not_blind_the_connector(lab: Lab):
    lab.load(story([*opened(1, -5), *opened(2, -4, updated="2031-01-01T00:00:00Z"), *opened(3, 5)]))
    settle(lab)
    assert ids(lab) == alerts(1, 2, 3)


def test_a_service_that_does_not_expand_is_asked_for_the_alerts(lab: Lab):
    lab.load(story(opened(1, -5)))
    bare = {"value": [incident(1, -5)]}
    lab.fault(LIST, status=200, body=bare)
    lab.poll()
    assert ids(lab) == alerts(1)
    assert lab.requests() == {LIST: 1, ALERTS: 1}


def test_a_list_that_looks_cut_is_fetched_whole(lab: Lab):
    lab.load(story(opened(1, -5)))
    cut = {**incident(1, -5), "alerts": [alert(1, "a", -5)], "alerts@odata.nextLink": "more"}
    lab.fault(LIST, status=200, body={"value": [cut]})
    lab.poll()
    assert ids(lab) == alerts(1)


def test_a_service_with_a_lower_cap_for_alerts_is_asked_again_with_its_own(lab: Lab):
    lab.load(story(opened(1, -5, "abcdefgh")))
    lab.fault("expand", above=5)
    text = "The limit of '3' for Top query has been exceeded. The value is '1000'."
    lab.fault(ALERTS, status=400, body={"error": {"code": "", "message": text}})
    settle(lab, polls=2)
    assert ids(lab) == alerts(1, letters="abcdefgh")
    assert lab.requests()[ALERTS] >= 4


@pytest.mark.parametrize("records", [[None, None], [5], [{"id": "9", "alerts": 5}, "x"]])
def test_records_that_are_no_incidents_are_set_aside_once(lab: Lab, records):
    lab.load(story(opened(1, -5)))
    lab.fault(LIST, status=200, body={"value": records})
    first = lab.poll()
    assert first.set_aside == len({repr(r) for r in records})
    settle(lab, polls=3)
    assert ids(lab) == alerts(1)


def test_an_incident_that_is_gone_leaves_the_shelf(lab: Lab):
    lab.load(story(opened(1, -5)))
    lab.fault(LIST, status=200, body={"value": [{"id": "9", "alerts": 5}]})
    lab.poll()
    assert lab.explain("9").status == "set aside"
    settle(lab, polls=3)
    assert lab.requests()[GET] == 1
    assert "9" not in lab.state_text.split('"incidents"')[0].split('"aside"')[1][:20]


def test_an_alert_nested_beyond_reason_stops_nobody(lab: Lab):
    deep: dict[str, object] = {}
    for _ in range(900):
        deep = {"a": deep}
    lab.load(story([*opened(1, -5, ""), *opened(2, -4)]))
    lab.world.tenant.add([AlertRaised(at(-5), alert(1, "a", -5, customDetails=deep), touch=False)])
    settle(lab, polls=2)
    assert alerts(2) <= ids(lab)


def test_sources_that_an_incident_without_alerts_cannot_have_keep_it_out(lab: Lab):
    lab.load(story(opened(1, -5, "")))
    summary = lab.poll(**{"Alert Detection Source Filter": "antivirus"})
    assert summary.filtered == {"alert_detection_source_filter": 1}
    assert ids(lab) == Counter()
    lab.poll()
    lab.poll()
    assert ids(lab) == Counter({"1": 1})


def test_an_incident_whose_alerts_were_delivered_under_another_is_quiet(lab: Lab):
    lab.load(story(opened(1, -5)))
    lab.poll()
    lab.world.tenant.add([IncidentOpened(at(0), incident(2, 0))])
    lab.world.tenant.merge(["1"], "2")
    lab.poll()
    assert ids(lab) == alerts(1)
    assert "under an incident merged into it" in lab.explain("2").reason
