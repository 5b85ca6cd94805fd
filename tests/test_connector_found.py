"""Losses, costs and wrong words that a search by the model machine and a review found, over the wire."""

from collections import Counter
from functools import partial

import pytest

from defender365.core.state import load_state
from defender_emulator.scenario import (
    AlertRaised,
    IncidentChanged,
    IncidentOpened,
    IncidentsMerged,
)
from tests.lab import ALERTS, GET, LIST, TOKEN, Lab, ids
from tests.machine.troubles import Troubles
from tests.stories import alert, alerts, at, incident, many, opened, stamp, story

pytestmark = pytest.mark.wire


def run_each_minute(lab: Lab, minutes: int, **more) -> None:
    for _ in range(minutes):
        lab.poll(max_incidents=100, **more)
        lab.advance(minutes=1)


# Late alerts of incidents that Graph cannot expand.


def test_a_late_alert_that_makes_a_known_incident_too_heavy_is_found(lab: Lab):
    lab.load(story([*opened(1, -5, "abcde"), AlertRaised(at(2), alert(1, "z", -5), touch=False)]))
    lab.fault("expand", above=5)
    run_each_minute(lab, 10)
    assert ids(lab) == alerts(1, letters="abcdez")


def test_a_late_alert_after_an_update_of_a_heavy_incident_is_found(lab: Lab):
    late = AlertRaised(at(40), alert(1, "z", 20), touch=False)
    lab.load(story([*opened(1, -5, "abcdefgh"), AlertRaised(at(20), alert(1, "i", 20)), late]))
    lab.fault("expand", above=5)
    run_each_minute(lab, 50)
    assert ids(lab) == alerts(1, letters="abcdefghiz")


def test_an_alert_of_a_heavy_incident_that_is_two_hours_late_is_found(lab: Lab):
    late = AlertRaised(at(115), alert(1, "z", -5), touch=False)
    lab.load(story([*opened(1, -5, "abcdefgh"), late]))
    lab.fault("expand", above=5)
    run_each_minute(lab, 160)
    assert ids(lab) == alerts(1, letters="abcdefghz")
    lab.clear_journal()
    run_each_minute(lab, 30)
    assert set(lab.requests()) == {LIST}


def test_a_look_at_a_heavy_incident_costs_two_requests(lab: Lab):
    lab.load(story(opened(1, -5, "abcdefgh")))
    lab.fault("expand", above=5)
    run_each_minute(lab, 24)
    lab.clear_journal()
    run_each_minute(lab, 3)
    assert (lab.requests()[GET], lab.requests()[ALERTS]) == (1, 1)


def test_a_heavy_incident_is_asked_for_alone_once_for_each_update(lab: Lab):
    lab.load(story([*opened(1, -5, "abcdefgh"), AlertRaised(at(9), alert(1, "i", 9))]))
    lab.fault("expand", above=5)
    run_each_minute(lab, 20)
    assert lab.requests()[ALERTS] == 2
    assert ids(lab) == alerts(1, letters="abcdefghi")


def test_hundreds_of_heavy_incidents_are_each_asked_for_alone_once(lab: Lab):
    lab.load(story(many(300, "ab", since=-20)))
    lab.fault("expand", above=1)
    lab.poll_until_quiet(max_incidents=100)
    assert ids(lab) == alerts(*range(1, 301), letters="ab")
    assert lab.requests()[ALERTS] == 300


def test_a_heavy_incident_keeps_no_pass_from_ending_while_others_open_in_each_run(lab: Lab):
    late = AlertRaised(at(20), alert(2, "z", -4), touch=False)
    changes = [*opened(1, -5, "abcdefgh"), *opened(2, -4, "a"), late]
    for minute in range(40):
        changes += opened(1000 + minute, minute + 0.5, "a")
    lab.load(story(changes))
    lab.fault("expand", above=5)
    run_each_minute(lab, 25)
    assert ids(lab)["da2-z"] == 1
    walk = load_state(lab.state_text).walk
    assert walk is not None
    assert lab.now - walk.began < 120


@pytest.mark.parametrize("gone", [["3"], ["1", "2", "3"]])
def test_an_incident_that_is_deleted_at_the_edge_of_a_page_hides_no_neighbour(lab: Lab, gone):
    lab.load(story(many(30, "a", since=-360)))
    lab.poll(max_incidents=3, hours=7)
    lab.delete(*gone)
    for _ in range(20):
        lab.poll(max_incidents=3, hours=7)
        lab.advance(minutes=1)
    assert ids(lab) == alerts(*range(1, 31), letters="a")


def test_equal_times_at_the_edge_of_a_page_of_which_some_are_deleted_hide_no_neighbour(lab: Lab):
    same = stamp(-300, "1234567")
    changes = [c for n in range(1, 9) for c in opened(n, -300, "a", updated=same)]
    lab.load(story([*changes, *(c for n in range(9, 20) for c in opened(n, -300 + n, "a"))]))
    lab.poll(max_incidents=5, hours=7)
    walk = load_state(lab.state_text).walk
    assert walk is not None
    assert len(walk.boundary) == 5
    lab.delete(*sorted(walk.boundary)[1:4:2])
    for _ in range(30):
        lab.poll(max_incidents=5, hours=7)
        lab.advance(minutes=1)
    assert ids(lab) == alerts(*range(1, 20), letters="a")


def test_an_incident_deleted_beside_a_heavy_one_hides_no_neighbour(lab: Lab):
    heavy = opened(500, -358, "abcdefgh")
    lab.load(story([*many(30, "a", since=-360), *heavy]))
    lab.fault("expand", above=5)
    for number in range(30):
        lab.poll(max_incidents=3, hours=7)
        if number in {1, 3, 5}:
            walk = load_state(lab.state_text).walk
            assert walk is not None
            lab.delete(*walk.boundary)
        lab.advance(minutes=1)
    assert ids(lab) == alerts(*range(1, 31), letters="a") + alerts(500, letters="abcdefgh")


# Merges.


def test_a_merge_into_an_incident_whose_time_stays_is_followed_once(lab: Lab):
    changes = [*opened(2, -600, "a"), *opened(1, -10), IncidentsMerged(at(5), "1", "2"),
               IncidentChanged(at(5), "2", {"lastUpdateDateTime": stamp(-600)})]  # fmt: skip
    lab.load(story(changes))
    run_each_minute(lab, 30)
    assert ids(lab) == alerts(1) + alerts(2, letters="a")
    assert lab.requests()[GET] == 1


def test_a_redirect_that_points_elsewhere_without_an_update_is_followed(lab: Lab):
    changes = [*opened(2, -600, "a"), *opened(3, -500, "b"), *opened(1, -10)]
    changes += [IncidentChanged(at(5), "1", {"status": "redirected", "redirectIncidentId": "2"}),
                IncidentChanged(at(8), "1", {"redirectIncidentId": "3"}),
                IncidentChanged(at(8), "1", {"lastUpdateDateTime": stamp(5)})]  # fmt: skip
    lab.load(story(changes))
    run_each_minute(lab, 15)
    assert ids(lab) == alerts(1) + alerts(2, letters="a") + alerts(3, letters="b")


# Rate limits.


@pytest.mark.parametrize("route", [LIST, TOKEN])
def test_a_429_whose_text_comes_after_the_run_is_remembered(lab: Lab, route):
    lab.load(story(many(3)))
    lab.fault(route, status=429, times=1, retry_after=600)
    _slow(lab, route)
    summary = lab.poll(seconds=20)
    assert summary.throttled_until == pytest.approx(lab.now + 600, abs=1)
    lab.clear_journal()
    lab.advance(minutes=5)
    lab.poll()
    assert lab.statuses() == Counter()


def _slow(lab: Lab, route: str, times: int = 1) -> None:
    """The next answers of this route take half a minute each; faults that are there stay."""
    there = lab.world.faults.active
    lab.world.faults = troubles = Troubles()
    troubles.active = there
    for number in range(times):
        troubles.happen(route, number, partial(lab.wait, 30))


def test_a_429_for_a_heavy_incident_hours_behind_leaves_the_walk_before_it(lab: Lab):
    lab.load(story([*many(60, "a", since=-400), *opened(500, -390, "abcdefgh")]))
    lab.fault("expand", above=5)
    lab.fault(ALERTS, status=429, times=2)
    for _ in range(30):
        lab.poll(max_incidents=100, hours=8)
        lab.advance(minutes=2)
    assert ids(lab) == alerts(*range(1, 61), letters="a") + alerts(500, letters="abcdefgh")


# What is said of an incident.


def test_an_incident_of_which_one_alert_is_kept_out_is_delivered_if_another_was_elsewhere(lab: Lab):
    lab.load(story(opened(1, -5, "a")))
    only = {"Alert Service Source Filter": "microsoftDefenderForEndpoint"}
    lab.poll(**only)
    other = alert(2, "b", 0, serviceSource="microsoftSentinel")
    lab.world.tenant.add(
        [IncidentOpened(at(0), incident(2, 0)), AlertRaised(at(0), other, touch=False)]
    )
    lab.world.tenant.merge(["1"], "2")
    lab.poll(**only)
    assert ids(lab) == alerts(1, letters="a")
    told = lab.explain("2")
    assert told.status == "delivered"
    assert "others are kept out by the rule alert_service_source_filter" in told.reason


@pytest.mark.parametrize("count", [5, 50, 100])
def test_an_unseen_incident_waits_for_no_backlog_where_pages_were_exactly_full(lab: Lab, count):
    lab.load(story(many(count, "a", since=-20)))
    lab.poll_until_quiet(max_incidents=min(count, 100))
    assert lab.explain("no such incident").status == "unknown"
    assert "backlog" not in str(lab.explain("no such incident"))


def test_an_unseen_incident_waits_for_a_backlog_after_a_kill(lab: Lab):
    lab.load(story(many(100, "a", since=-20)))
    lab.killed_after(60)
    assert lab.explain("no such incident").status == "waiting"
    lab.fault(LIST, status=429, times=1)
    lab.poll(max_incidents=100)
    assert lab.poll(max_incidents=100).backlog


# The end of a run, and of a lane's part of it.


def test_a_page_that_comes_in_the_last_second_of_a_run_ends_no_pass(lab: Lab):
    lab.load(story(many(120, "a", since=-50)))
    lab.poll(max_incidents=60)
    before = load_state(lab.state_text).walk
    _slow(lab, LIST)
    lab.poll(max_incidents=60, seconds=31)  # one second is left when the page is there
    after = load_state(lab.state_text).walk
    assert before is not None
    assert after is not None
    assert (after.start, after.position) == (before.start, before.position)
    assert len(lab.cases) == 60
    lab.poll_until_quiet(max_incidents=60)
    assert ids(lab) == alerts(*range(1, 121), letters="a")


def test_what_is_new_takes_half_of_a_runs_time_at_most(lab: Lab):
    lab.load(story([*many(200, "a", since=-23 * 60), *many(400, "a", first=900, since=-20)]))
    for _ in range(2):
        lab.poll(max_incidents=20, hours=24)
    assert load_state(lab.state_text).fresh is not None
    before = len(lab.cases)
    _slow(lab, LIST, times=9)
    lab.poll(max_incidents=1000, hours=24, seconds=150)
    numbers = [int(case.ticket_id) for case in lab.cases[before:]]
    assert min(numbers) < 100  # of the backlog
    assert max(numbers) > 900
