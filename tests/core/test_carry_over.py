"""What the published integration left behind."""

import json

import pytest

from defender365.core.carry_over import MANY, TAKEN_OVER, carried_over
from defender365.core.errors import StateUnreadable
from defender365.core.planning import OVERLAP, SECOND
from defender365.core.state import dump_state, load_state

NOW = 1_800_000_000
MS = (NOW - 600) * 1000


def test_nothing_left_is_a_fresh_start():
    assert carried_over(0, "", NOW) is None
    assert carried_over(0, '["a"]', NOW) is None
    assert carried_over(-5, "", NOW) is None


def test_the_walk_starts_at_the_timestamp_exactly_where_deliveries_are_not_known():
    for ids in ("", "[]", json.dumps([f"a{n}" for n in range(MANY)])):
        state = carried_over(MS, ids, NOW)
        assert state.walk.start == MS * SECOND // 1000


def test_where_all_deliveries_are_known_it_starts_an_overlap_before():
    state = carried_over(MS, '["a", "b"]', NOW)
    assert state.walk.start == MS * SECOND // 1000 - OVERLAP
    assert state.ledger.knows("a")
    assert state.ledger.knows("b")
    assert not state.ledger.knows("c")


@pytest.mark.parametrize(
    "ids", [["x1", "x2"], {"x1": 1, "x2": None}, {"9": {"alerts": ["x1", ["x2"]]}}, [["x1"], "x2"]]
)
def test_ids_are_found_in_every_shape(ids):
    state = carried_over(MS, json.dumps(ids), NOW)
    assert state.ledger.knows("x1")
    assert state.ledger.knows("x2")


def test_numbers_are_ids_too_and_truths_are_not():
    state = carried_over(MS, "[12, true, null, 1.5]", NOW)
    assert state.ledger.knows("12")
    assert len(state.ledger.entries[TAKEN_OVER].keys) == 1


def test_a_timestamp_ahead_of_us_counts_as_now():
    assert carried_over((NOW + 9999) * 1000, "", NOW).walk.start == NOW * SECOND


def test_ids_that_are_no_json_are_told():
    with pytest.raises(StateUnreadable, match="Nothing was changed"):
        carried_over(MS, "[half", NOW)


def test_it_is_kept_in_our_own_state():
    state = carried_over(MS, '["a"]', NOW)
    again = load_state(dump_state(state))
    assert again.ledger.knows("a")
    assert again.walk == state.walk
