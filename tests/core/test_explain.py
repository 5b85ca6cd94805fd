from defender365.core.explain import explain
from defender365.core.ledger import ASIDE, DELIVERED, FILTERED, REDIRECTED
from defender365.core.planning import SECOND, Pass
from defender365.core.state import State

NOW = 1_800_000_000


def state_with(status=None, detail="", keys=()):
    state = State(walk=Pass.first(NOW * SECOND, NOW))
    state.walk.finish(NOW)
    if keys:
        state.ledger.delivered("5", NOW * SECOND, keys, at=NOW)
    if status:
        state.ledger.note("5", NOW * SECOND + 1, status, NOW, detail)
    return state


def told(state, now=NOW):
    found = explain(state, "5", now)
    return found.status, found.reason


def test_a_delivered_incident_says_when_and_how_many():
    status, reason = told(state_with(keys=("a", "b")))
    assert status == "delivered"
    assert reason == "2 alerts delivered, last at 2027-01-15T08:00:00Z."


def test_a_filtered_incident_names_the_rule_and_what_was_delivered_before():
    status, reason = told(state_with(FILTERED, "lowest_severity_to_fetch", keys=("a",)))
    assert status == "filtered"
    assert 'its severity is below "Lowest Severity To Fetch"' in reason
    assert "1 alert delivered before" in reason


def test_a_merged_incident_names_the_one_it_went_into():
    status, reason = told(state_with(REDIRECTED, "9"))
    assert status == "redirected"
    assert "Merged into incident 9" in reason


def test_alerts_delivered_under_a_merged_incident_are_told_so():
    assert "under an incident merged into it" in told(state_with(DELIVERED))[1]


def test_a_record_set_aside_says_why_and_what_comes_next():
    state = state_with(ASIDE, "no id")
    assert told(state) == ("set aside", "Set aside: no id")
    state.set_aside("5", "no id.", NOW)
    assert told(state)[1] == (
        "Set aside after 1 tries: no id; it is tried again after 2027-01-15T08:01:00Z."
    )
    state.aside["5"].retry_at = 0
    state.ledger.delivered("5", 1, ["a"], NOW)
    status, reason = told(state)
    assert status == "delivered"
    assert "it has no id to ask for it by. 1 alert of it delivered." in reason


def test_an_incident_that_waits_says_for_what():
    state = State()
    assert told(state) == ("unknown", "The connector has not run yet.")
    state.walk = Pass.first(NOW * SECOND, NOW)
    assert told(state)[0] == "waiting"
    assert "has reached 2027-01-15T08:00:00Z" in told(state)[1]
    state.throttle(NOW, 90)
    assert "rate limit" in told(state)[1]
    state.throttled_until = 0
    state.walk.finish(NOW)
    state.walk.recheck = NOW * SECOND
    assert told(state)[0] == "waiting"
    assert "reads again from 2027-01-15T08:00:00Z on" in told(state)[1]
    state.walk.recheck = 0
    assert told(state)[0] == "unknown"
    state.follow["5"] = "4"
    assert told(state) == (
        "waiting",
        "Incident 4 was merged into it; it is fetched when the list is read.",
    )
