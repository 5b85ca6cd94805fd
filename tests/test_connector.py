"""The connector's promise, shown over the emulator's wire, part by part (docs/connector.md)."""

import json
from collections import Counter

import pytest

from defender365.core.state import load_state
from defender_emulator.scenario import (
    AlertRaised,
    IncidentChanged,
    IncidentOpened,
    IncidentsMerged,
)
from tests.lab import LIST, Lab
from tests.stories import alert, at, incident, many, opened, stamp, story

pytestmark = pytest.mark.wire


def ids(cases) -> Counter[str]:
    return Counter(case.display_id for case in cases)


def expected(*numbers: int, letters: str = "abc") -> Counter[str]:
    return Counter(f"da{number}-{letter}" for number in numbers for letter in letters)


# Requests: one for fifty incidents with all their alerts, none per alert.


def test_fifty_incidents_with_their_alerts_cost_one_request(lab: Lab):
    lab.load(story(many(50)))
    summary = lab.poll(max_incidents=100)
    assert summary.alerts_delivered == 150
    assert lab.requests() == {LIST: 1}


def test_a_thousand_incidents_cost_twenty_requests(lab: Lab):
    lab.load(story(many(1000)))
    lab.poll_until_quiet(max_incidents=100)
    assert ids(lab.cases) == expected(*range(1, 1001))
    assert lab.requests() == {LIST: 20}


def test_hours_behind_a_page_has_a_place_for_the_last_of_the_page_before(lab: Lab):
    lab.load(story(many(1300, "a", since=-600)))
    assert lab.poll(max_incidents=1000, hours=11).incidents_processed == 1000
    assert lab.requests() == {LIST: 21}
    lab.state_text = ""
    lab.clear_journal()
    assert lab.poll(max_incidents=100, hours=11).incidents_processed == 99
    assert lab.requests() == {LIST: 2}


def test_an_idle_poll_costs_one_request_and_delivers_nothing(lab: Lab):
    lab.load(story(many(20)))
    lab.poll(max_incidents=100)
    lab.clear_journal()
    summary = lab.poll()
    assert (summary.incidents_seen, summary.alerts_delivered) == (0, 0)
    assert lab.requests() == {LIST: 1}


def test_a_poll_takes_no_more_incidents_than_it_may(lab: Lab):
    lab.load(story(many(25)))
    taken = [lab.poll(max_incidents=10).incidents_processed for _ in range(4)]
    assert taken == [10, 10, 5, 0]
    assert ids(lab.cases) == expected(*range(1, 26))


# Late rather than lost.


def test_data_that_arrives_late_is_found(lab: Lab):
    late = incident(99, -20)
    lab.load(
        story([*many(10, since=-10), IncidentOpened(at(5), late),
               AlertRaised(at(5), alert(99, "a", -20), touch=False)])
    )  # fmt: skip
    lab.poll_until_quiet()
    assert "da99-a" not in ids(lab.cases)
    lab.advance(minutes=6)
    lab.poll_until_quiet()
    assert ids(lab.cases) == expected(*range(1, 11)) + expected(99, letters="a")


def test_an_alert_that_shows_up_late_in_a_known_incident_is_found(lab: Lab):
    changes = [*opened(1, -10), AlertRaised(at(5), alert(1, "z", -10), touch=False)]
    lab.load(story(changes))
    lab.poll()
    lab.advance(minutes=6)
    lab.poll()
    assert ids(lab.cases) == expected(1, letters="abcz")


@pytest.mark.parametrize("late", [60, 120])
def test_data_that_arrives_hours_late_is_found_by_the_longer_look(lab: Lab, late):
    incident_late = incident(99, 3)
    changes = [*opened(1, 2), *many(60, "a", first=200, since=-50)]
    changes += [c for n in range(10, 10 + late // 2) for c in opened(n, 5 + 2 * (n - 10), "a")]
    changes += [IncidentOpened(at(3 + late), incident_late),
                AlertRaised(at(3 + late), alert(99, "a", 3), touch=False),
                AlertRaised(at(2 + late), alert(1, "z", 2), touch=False)]  # fmt: skip
    lab.load(story(changes))
    for _ in range(late + 40):
        lab.advance(minutes=1)
        lab.poll(max_incidents=100)
    seen = ids(lab.cases)
    assert (seen["da99-a"], seen["da1-z"]) == (1, 1)
    assert max(seen.values()) == 1
    lab.clear_journal()
    for _ in range(60):
        lab.advance(minutes=1)
        lab.poll(max_incidents=100)
    assert lab.requests()[LIST] <= 60 + 2 * 3


def test_incidents_equal_to_the_seventh_digit_are_all_found(lab: Lab):
    same = stamp(-10, "1234567")
    changes = [c for n in range(1, 131) for c in opened(n, -10, "a", updated=same)]
    changes += opened(131, -10, "a", updated=stamp(-10, "1234568"))
    lab.load(story(changes))
    lab.poll_until_quiet(max_incidents=30)
    lab.poll_until_quiet(max_incidents=30)
    assert ids(lab.cases) == expected(*range(1, 132), letters="a")


def test_an_incident_that_moves_while_pages_are_read_hides_no_other(lab: Lab):
    lab.load(story(many(200)))
    # The last incident of the first page is updated just when the second page is asked for.
    lab.when_delivered("da50-c", lambda: lab.patch("50", {"assignedTo": "pat@contoso.example"}))
    for _ in range(12):
        lab.poll(max_incidents=100)
        lab.advance(minutes=1)
    assert ids(lab.cases) == expected(*range(1, 201))


# Updates, filters, merges.


def test_new_alerts_of_a_known_incident_are_delivered_and_only_those(lab: Lab):
    lab.load(story([*opened(1, -10), AlertRaised(at(5), alert(1, "d", 5))]))
    lab.poll()
    lab.advance(minutes=6)
    summary = lab.poll()
    assert summary.alerts_delivered == 1
    assert ids(lab.cases) == expected(1, letters="abcd")
    assert {case.source_grouping_identifier for case in lab.cases} == {"1"}


def test_a_promoted_incident_is_taken_with_all_its_alerts(lab: Lab):
    changes = [*opened(1, -10, severity="low"), IncidentChanged(at(5), "1", {"severity": "high"})]
    lab.load(story(changes))
    summary = lab.poll(**{"Lowest Severity To Fetch": "High"})
    assert summary.filtered == {"lowest_severity_to_fetch": 1}
    assert lab.explain("1").status == "filtered"
    lab.advance(minutes=6)
    lab.poll(**{"Lowest Severity To Fetch": "High"})
    assert ids(lab.cases) == expected(1)


def test_a_filter_that_is_loosened_takes_what_lies_in_the_overlap(lab: Lab):
    lab.load(story(opened(1, -10, severity="low")))
    lab.poll(**{"Lowest Severity To Fetch": "High"})
    lab.poll(**{"Lowest Severity To Fetch": "Low"})
    assert ids(lab.cases) == expected(1)


def test_alerts_are_filtered_by_their_sources(lab: Lab):
    other = alert(1, "z", -10, detectionSource="smartScreen", serviceSource="microsoftSentinel")
    lab.load(story([*opened(1, -10, "a"), AlertRaised(at(-10), other, touch=False)]))
    summary = lab.poll(**{"Alert Service Source Filter": "microsoftSentinel"})
    assert ids(lab.cases) == expected(1, letters="z")
    assert summary.filtered == {"alert_service_source_filter": 1}


def test_a_merged_incident_is_followed_and_no_alert_comes_twice(lab: Lab):
    changes = [
        *opened(1, -30, "ab"),
        *opened(2, -29, "c", severity="low"),
        IncidentsMerged(at(5), "1", "2"),
        AlertRaised(at(8), alert(2, "d", 8)),
        IncidentChanged(at(9), "2", {"severity": "high"}),
    ]
    lab.load(story(changes))
    high = {"Lowest Severity To Fetch": "Medium"}
    lab.poll(**high)
    lab.advance(minutes=6)
    lab.poll(**high)
    assert lab.explain("1").status == "redirected"
    lab.advance(minutes=6)
    lab.poll(**high)
    assert ids(lab.cases) == expected(1, letters="ab") + expected(2, letters="cd")


def test_a_merge_target_that_was_never_seen_is_fetched(lab: Lab):
    old = incident(2, -600)
    changes = [
        IncidentOpened(at(-600), old),
        AlertRaised(at(-600), alert(2, "a", -600), touch=False),
    ]
    changes += [*opened(1, -10), IncidentsMerged(at(5), "1", "2"),
                IncidentChanged(at(5), "2", {"lastUpdateDateTime": stamp(-600)})]  # fmt: skip
    lab.load(story(changes))
    lab.poll()
    lab.advance(minutes=6)
    lab.poll()
    assert ids(lab.cases) == expected(1) + expected(2, letters="a")


def test_an_incident_without_alerts_stands_for_itself_until_it_has_some(lab: Lab):
    lab.load(story([*opened(1, -10, ""), AlertRaised(at(5), alert(1, "a", 5))]))
    lab.poll()
    assert ids(lab.cases) == Counter({"1": 1})
    lab.advance(minutes=6)
    lab.poll()
    assert ids(lab.cases) == Counter({"1": 1, "da1-a": 1})


# After an outage.


def test_what_is_new_does_not_wait_for_a_backlog(lab: Lab):
    late = [opened(9000 + n, 5 * n + 1, "a") for n in range(20)]
    lab.load(story([*many(400, "ab", since=-23 * 60), *(c for changes in late for c in changes)]))
    waited = {}
    for _ in range(100):
        before = len(lab.cases)
        lab.poll(max_incidents=20, hours=24)
        for case in lab.cases[before:]:
            waited[case.ticket_id] = lab.now - case.start_time / 1000 - 60
        lab.advance(minutes=1)
    new = {ticket: seconds for ticket, seconds in waited.items() if int(ticket) >= 9000}
    assert len(new) == 20
    assert max(new.values()) <= 120
    assert ids(lab.cases) == expected(*range(1, 401), letters="ab") + expected(
        *range(9000, 9020), letters="a"
    )
    state = load_state(lab.state_text)
    assert state.fresh is None
    lab.clear_journal()
    lab.poll(max_incidents=20)
    assert lab.requests() == {LIST: 1}


def test_a_429_or_a_kill_while_two_lanes_are_read_loses_nothing(lab: Lab):
    lab.load(story([*many(200, "a", since=-23 * 60), *many(60, "a", first=900, since=-20)]))
    lab.poll(max_incidents=20, hours=24)
    assert load_state(lab.state_text).fresh is None
    for number in range(40):
        if number in {3, 4, 9}:
            lab.fault(LIST, status=429, after=number % 2, times=1)
        if number in {2, 6}:
            lab.killed_after(7)
        lab.poll(max_incidents=20, hours=24)
        if number == 1:
            assert load_state(lab.state_text).fresh is not None
        lab.wait(100)
    seen = ids(lab.cases)
    assert set(seen) == set(expected(*range(1, 201), *range(900, 960), letters="a"))
    assert load_state(lab.state_text).fresh is None


def test_a_heavy_incident_in_the_backlog_does_not_hold_up_what_is_new(lab: Lab):
    heavy = opened(500, -20 * 60, "abcdefghij")
    lab.load(story([*many(200, "a", since=-23 * 60), *heavy, *opened(900, 3, "a")]))
    lab.fault("expand", above=5)
    for _ in range(30):
        lab.poll(max_incidents=20, hours=24)
        lab.advance(minutes=1)
    assert ids(lab.cases) == expected(*range(1, 201), 900, letters="a") + expected(
        500, letters="abcdefghij"
    )


def test_an_incident_that_moves_from_one_lane_into_the_other_hides_no_neighbour(lab: Lab):
    new = [c for n in range(300) for c in opened(1000 + n, n / 3, "a")]
    lab.load(story([*many(400, "a", since=-1000), *new]))
    for number in range(60):
        lab.advance(minutes=1)
        lab.poll(max_incidents=20, hours=24)
        if number == 15:  # the one that the backlog's lane stopped at is triaged
            state = load_state(lab.state_text)
            assert state.walk is not None
            assert state.fresh is not None
            lab.patch(min(state.walk.boundary), {"status": "inProgress"})
    for _ in range(4):
        lab.advance(minutes=20)
        lab.poll_until_quiet(max_incidents=20, hours=24)
    assert ids(lab.cases) == expected(*range(1, 401), *range(1000, 1300), letters="a")


def test_an_error_of_any_length_costs_no_memory(lab: Lab):
    lab.load(story(many(10, "a")))
    lab.poll(hours=24)
    lab.fault(LIST, status=400, body={"error": {"code": "x", "message": "y" * 4_000_000}})
    assert lab.poll(hours=24).failure is not None
    assert len(lab.state_text) < 10_000
    assert len(load_state(lab.state_text).ledger.entries) == 10


# Limits.


@pytest.mark.parametrize("header", [True, False])
def test_a_429_ends_the_poll_after_what_is_complete_and_the_next_requests_wait(lab: Lab, header):
    lab.load(story(many(120)))
    lab.fault(LIST, status=429, after=1, times=1, retry_after=30 if header else None)
    first = lab.poll(max_incidents=100)
    assert first.incidents_processed == 50
    assert first.throttled_until == pytest.approx(lab.now + 90, abs=1)
    assert lab.requests()[LIST] == 2
    lab.wait(60)
    assert lab.poll(max_incidents=100).throttled_until == first.throttled_until
    assert lab.requests()[LIST] == 2
    lab.wait(31)
    lab.poll_until_quiet(max_incidents=100)
    assert ids(lab.cases) == expected(*range(1, 121))


def test_a_longer_retry_after_counts(lab: Lab):
    lab.load(story(many(1)))
    lab.fault(LIST, status=429, times=1, retry_after=600)
    assert lab.poll().throttled_until == pytest.approx(lab.now + 600, abs=1)


def test_the_alerts_budget_is_kept_without_a_429(lab: Lab):
    lab.load(story(many(30, "a")))
    lab.fault("expand", above=0)
    lab.poll_until_quiet(max_incidents=100)
    assert ids(lab.cases) == expected(*range(1, 31), letters="a")
    assert lab.statuses()[429] == 0


# Pages that fail.


def test_an_incident_too_heavy_to_expand_is_taken_alone_and_remembered(lab: Lab):
    changes = [*many(60), *opened(500, -25, "abcdefghij")]
    changes += [AlertRaised(at(5), alert(500, "k", 5))]
    lab.load(story(changes))
    lab.fault("expand", above=5)
    lab.poll_until_quiet(max_incidents=100)
    assert ids(lab.cases) == expected(*range(1, 61)) + expected(500, letters="abcdefghij")
    lab.clear_journal()
    lab.advance(minutes=6)
    lab.poll_until_quiet()
    assert lab.statuses()[500] <= 1
    assert ids(lab.cases)["da500-k"] == 1


FAULTS = {
    "500": {"status": 500},
    "502": {"status": 502},
    "504": {"status": 504},
    "429": {"status": 429},
    "429 with a header": {"status": 429, "retry_after": 5},
    "cut": {"kind": "cut"},
    "truncated": {"kind": "truncated"},
    "html": {"kind": "html"},
    "expired token": {"kind": "expired_token"},
}


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_fails_each_alert_arrives_once(lab: Lab, fault, after, times):
    lab.load(story(many(130)))
    lab.fault(LIST, after=after, times=times, **FAULTS[fault])
    for _ in range(12):
        lab.poll(max_incidents=40)
        lab.wait(100)
    assert ids(lab.cases) == expected(*range(1, 131))


def test_a_service_that_is_down_is_told_and_nothing_is_lost(lab: Lab):
    lab.load(story(many(3)))
    lab.fault(LIST, status=503, times=100)
    summary = lab.poll()
    assert "HTTP 503" in str(summary.failure)
    lab.clear_faults()
    lab.poll_until_quiet()
    assert ids(lab.cases) == expected(1, 2, 3)


# Bad records.


def test_a_bad_record_is_set_aside_and_the_rest_flows(lab: Lab):
    changes = many(5)
    changes += [IncidentOpened(at(-3), {**incident(77, -3), "id": ""})]
    changes += [IncidentOpened(at(-2), incident(88, -2)),
                AlertRaised(at(-2), {**alert(88, "a", -2), "id": ""}, touch=False),
                AlertRaised(at(-2), alert(88, "b", -2), touch=False)]  # fmt: skip
    lab.load(story(changes))
    summary = lab.poll_until_quiet()
    assert ids(lab.cases) == expected(*range(1, 6)) + expected(88, letters="b")
    assert summary["set_aside"] == 2
    told = lab.explain("88")
    assert told.status == "delivered"
    assert "without an id" in told.reason


def test_what_cannot_be_read_of_an_incident_that_is_kept_out_is_set_aside_no_more(lab: Lab):
    changes = [
        *opened(1, -10, ""),
        AlertRaised(at(-10), {**alert(1, "a", -10), "id": ""}, touch=False),
    ]
    lab.load(story([*changes, IncidentChanged(at(5), "1", {"status": "resolved"})]))
    lab.poll()
    assert lab.explain("1").status == "set aside"
    lab.advance(minutes=6)
    lab.poll()
    assert lab.explain("1").status == "filtered"
    assert load_state(lab.state_text).aside == {}


def test_a_quiet_tenant_that_was_read_to_its_end_gets_no_second_lane(lab: Lab):
    lab.load(story(many(5, "a", since=-50)))
    lab.poll(max_incidents=5)  # exactly full: whether the list goes on is not known yet
    lab.advance(minutes=200)
    for _ in range(3):
        lab.clear_journal()
        lab.poll(max_incidents=5)
        assert load_state(lab.state_text).fresh is None
        assert lab.requests()[LIST] <= 2


# State.


def test_a_process_killed_anywhere_repeats_work_and_skips_nothing(lab: Lab):
    lab.load(story(many(60)))
    for position in range(0, 180, 17):
        lab.killed_after(position)
    lab.poll_until_quiet(max_incidents=100)
    assert set(ids(lab.cases)) == set(expected(*range(1, 61)))


def test_a_test_run_handles_one_incident_and_leaves_the_state_alone(lab: Lab):
    lab.load(story(many(3)))
    before = lab.state_text
    summary = lab.poll(test_run=True)
    assert summary.incidents_processed == 1
    assert lab.state_text == before


def test_a_run_that_runs_out_of_time_delivers_what_is_complete(lab: Lab):
    lab.load(story(many(120)))
    lab.when_delivered("da60-c", lambda: lab.wait(500))
    summary = lab.poll(max_incidents=100, seconds=150)
    assert summary.incidents_processed == 60
    assert summary.failure is None
    lab.poll_until_quiet(max_incidents=100)
    assert ids(lab.cases) == expected(*range(1, 121))


# The awkward tenant.


def test_the_awkward_tenant_is_delivered_whole(lab: Lab):
    lab.load_named("awkward", big="300")
    statuses = "active,inProgress,resolved,redirected,awaitingAction"
    for _ in range(30):
        lab.poll(max_incidents=100, hours=48, **{"Incident Status Filter": statuses})
        lab.advance(minutes=3)
    seen = ids(lab.cases)
    assert max(seen.values()) == 1
    wanted = lab.visible_alert_ids(statuses)
    assert len(wanted) > 300
    assert wanted <= set(seen)
    for case in lab.cases:
        json.dumps(case.as_dict())
