"""What a reviewer of the connector found, over the wire: losses, requests without end, wrong words."""

import pytest

from defender365.api.client import Client
from defender365.core.state import State, StateUnreadable, dump_state, load_state
from defender_emulator.scenario import AlertRaised, IncidentChanged
from tests.lab import ALERTS, GET, Lab, ids
from tests.stories import alert, alerts, at, many, opened, stamp, story
from tests.test_connector_found import run_each_minute

pytestmark = pytest.mark.wire


# The edge of a page.


@pytest.mark.parametrize("hours", [1, 48])
def test_an_incident_at_a_pages_edge_that_was_updated_is_taken(lab: Lab, hours):
    lab.load(
        story([*opened(1, -5, "a"), AlertRaised(at(10), alert(1, "b", 10)),
               *opened(2, hours * 60 - 5, "a")])
    )  # fmt: skip
    lab.poll(max_incidents=1)
    lab.advance(minutes=hours * 60)
    run_each_minute(lab, 10)
    assert ids(lab) == alerts(1, letters="ab") + alerts(2, letters="a")


def test_several_at_a_pages_edge_that_were_all_updated_are_taken(lab: Lab):
    same = stamp(-50)
    changes = [c for n in (1, 2, 3) for c in opened(n, -50, "a", updated=same)]
    changes += [AlertRaised(at(n), alert(n, "b", n)) for n in (1, 2, 3)]
    lab.load(story([*changes, *opened(9, 48 * 60 - 5, "a")]))
    lab.poll(max_incidents=3)
    lab.advance(minutes=48 * 60)
    run_each_minute(lab, 10)
    assert ids(lab) == alerts(1, 2, 3, letters="ab") + alerts(9, letters="a")


def test_filtered_incidents_do_not_slow_a_run_of_one(lab: Lab):
    low = [c for n in range(1, 200) for c in opened(n, n / 4, "a", severity="low")]
    lab.load(story([*low, *opened(9000, 20.1, "a")]))
    for _ in range(30):
        lab.poll(max_incidents=1, **{"Lowest Severity To Fetch": "Medium"})
        if lab.cases:
            break
        lab.advance(minutes=1)
    assert lab.time.passed / 60 < 23


def test_a_second_deletion_where_a_pass_starts_hides_no_neighbour(lab: Lab, monkeypatch):
    same = stamp(-300, "1234567")
    changes = [*opened(1, -303, "a"), *opened(50, -300, "abcdefgh", updated=same),
               *opened(51, -300, "abcdefgh", updated=same)]  # fmt: skip
    changes += [c for n in range(2, 9) for c in opened(n, -301 + n, "a")]
    lab.load(story([*changes, *many(3, "a", first=100, since=-20)]))
    lab.fault("expand", above=5)
    real = Client.incidents
    gone: list[str] = []

    def incidents(self, options):
        if "$expand" in options and len(gone) < 2 and options.get("$skip") == "21"[len(gone)]:
            gone.append("51" if gone else "50")
            lab.delete(gone[-1])
        return real(self, options)

    monkeypatch.setattr(Client, "incidents", incidents)
    for _ in range(60):
        lab.poll(max_incidents=100, hours=7)
        lab.advance(minutes=1)
    assert len(gone) == 2
    assert ids(lab)["da2-a"] == 1


def test_ids_that_are_numbers_leave_no_backlog(lab: Lab):
    lab.load(story(many(120, "a", since=-20)))
    for record in lab.world.tenant.incidents.values():
        record["id"] = int(record["id"])
    for _ in range(10):
        lab.poll(max_incidents=60)
        lab.advance(minutes=1)
    assert not any(lab.poll(max_incidents=60).backlog for _ in range(3))
    assert ids(lab) == alerts(*range(1, 121), letters="a")


# Heavy incidents.


def test_a_look_that_outlasts_a_run_blocks_no_other(lab: Lab, monkeypatch):
    late = AlertRaised(at(20), alert(2, "z", -4), touch=False)
    lab.load(story([*opened(1, -5, "abcdefgh"), *opened(2, -4, "abcdefgh"), late]))
    lab.fault("expand", above=5)
    lab.poll(max_incidents=100)
    real = Client.incident_alerts

    def slow(self, key):
        if key == "1":
            for _ in range(40):
                lab.wait(5)
                self.transport.deadline.check("reading its alerts")
        return real(self, key)

    monkeypatch.setattr(Client, "incident_alerts", slow)
    lab.advance(minutes=22)
    run_each_minute(lab, 20)
    assert ids(lab)["da2-z"] == 1
    assert "within one run" in lab.explain("1").reason


def test_a_429_at_a_look_leaves_the_look_to_be_done(lab: Lab):
    lab.load(
        story([*opened(1, -5, "abcdefgh"), AlertRaised(at(20), alert(1, "z", -5), touch=False)])
    )
    lab.fault("expand", above=5)
    run_each_minute(lab, 24)
    lab.fault(GET, status=429, times=1)
    run_each_minute(lab, 10)
    assert ids(lab)["da1-z"] == 1


def test_a_heavy_incident_that_is_resolved_a_day_later_makes_no_page_fail(lab: Lab):
    resolved = IncidentChanged(at(25 * 60), "1", {"status": "resolved"})
    lab.load(story([*opened(1, -5, "abcdefgh"), *many(20, "a", first=100, since=-50), resolved]))
    lab.fault("expand", above=5)
    run_each_minute(lab, 5)
    lab.advance(minutes=25 * 60)
    run_each_minute(lab, 10)
    lab.clear_journal()
    run_each_minute(lab, 10)
    assert lab.statuses()[500] == 0


def test_a_heavy_incident_that_is_set_aside_is_left_to_the_shelf(lab: Lab):
    lab.load(story(opened(1, -5, "abcdefgh")))
    lab.fault("expand", above=5)
    lab.fault(ALERTS, status=500, times=None)
    run_each_minute(lab, 120)
    lab.clear_journal()
    run_each_minute(lab, 30)
    assert lab.requests().get(ALERTS, 0) <= 6


# Merges, and the memory.


def test_a_redirect_of_an_incident_that_passes_the_filters_is_followed_once(lab: Lab):
    moved = IncidentChanged(at(5), "1", {"redirectIncidentId": "2"})
    lab.load(story([*opened(2, -600, "a"), *opened(1, -5), moved]))
    run_each_minute(lab, 20)
    assert ids(lab) == alerts(1) + alerts(2, letters="a")
    assert lab.requests()[GET] == 1


def test_a_memory_with_a_look_at_no_time_is_told():
    text = dump_state(State(revisit={"1": []}))
    with pytest.raises(StateUnreadable):
        load_state(text)
