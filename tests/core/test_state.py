import contextlib
import json
from base64 import b64encode
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from defender365.core.errors import ShelfFull, StateUnreadable
from defender365.core.ledger import DELIVERED, FILTERED
from defender365.core.planning import Pass
from defender365.core.state import MAX_ASIDE, MAX_CHARACTERS, Aside, State, dump_state, load_state


def full_state() -> State:
    state = State(walk=Pass.first(5, now=1), follow={"2": "1"})
    state.ledger.delivered("1", 7, ["a", "b"], at=3)
    state.heavy.seen["1"] = 7
    state.set_aside("3", "no id", now=4)
    state.spent = {"alerts": [1.0, 2.0]}
    state.carried = {"later": [1]}
    return state


def test_a_state_survives_its_text():
    state = full_state()
    found = load_state(dump_state(state))
    assert found.ledger.entries == state.ledger.entries
    assert found.ledger.knows("a")
    found.ledger = state.ledger
    assert found == state


def test_an_empty_text_is_a_fresh_start():
    assert load_state("  ").walk is None


@pytest.mark.parametrize(
    "text",
    ["nonsense", "[]", "{}", '{"kind": "other"}',
     '{"kind": "defender365 connector state", "version": 3}',
     '{"kind": "defender365 connector state", "version": 1}',
     '{"kind": "defender365 connector state", "version": 1, "walk": 5, "incidents": {}}'],
)  # fmt: skip
def test_a_text_that_is_no_state_is_an_error_and_not_a_fresh_start(text):
    with pytest.raises(StateUnreadable, match="Nothing was changed"):
        load_state(text)


@given(st.sampled_from(["walk", "heavy", "aside", "follow", "spent", "incidents"]),
       st.recursive(st.none() | st.booleans() | st.integers() | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_a_damaged_part_is_an_error_or_harmless_and_nothing_else(key, value):
    found = json.loads(dump_state(full_state()))
    found[key] = value
    with contextlib.suppress(StateUnreadable):
        load_state(json.dumps(found))


def test_the_text_stays_within_the_platforms_limit():
    state = State(walk=Pass.first(5, now=1))
    for number in range(3_000):
        state.ledger.delivered(str(number), number, [f"{number}-{n}" for n in range(10)], at=1)
    text = dump_state(state, limit=100_000)
    assert 90_000 < len(text) <= 100_000
    assert text.isascii()
    kept = load_state(text)
    assert 0 < len(kept.ledger.entries) < 3_000
    assert kept.forgotten > 0
    assert kept.ledger.entries["2999"].status == DELIVERED


DAY = 86_400
NOW = 1_790_000_000


def at_the_bound(extra: int = 0) -> State:
    """200,000 alerts delivered for 50,000 incidents in 30 days, and some before."""
    random = Random(7)
    state = State(walk=Pass.first(5, now=1))
    for number in range(-extra, 50_000):
        age = random.randrange(30 * DAY) if number >= 0 else 31 * DAY + random.randrange(30 * DAY)
        moment = NOW - age
        ids = [f"da{number}-{letter}" for letter in "abcd"]
        state.ledger.delivered(str(number + 90_000), moment * 10**7 + number, ids, at=moment + 40)
    return state


def test_200_000_alerts_of_50_000_incidents_fit_and_are_known_afterwards():
    text = dump_state(at_the_bound())
    assert len(text) <= MAX_CHARACTERS < 3_000_000
    found = load_state(text)
    assert found.forgotten == 0
    assert len(found.ledger.entries) == 50_000
    assert all(found.ledger.knows(f"da{n}-{letter}") for n in range(50_000) for letter in "abcd")
    assert not any(found.ledger.knows(f"db{n}") for n in range(50_000))


def test_at_the_bound_the_quiet_ones_of_before_go_and_nothing_of_the_last_30_days():
    state = at_the_bound(extra=15_000)
    for number in range(5_000):
        state.ledger.note(f"f{number}", NOW * 10**7, FILTERED, NOW, "lowest_severity_to_fetch")
    found = load_state(dump_state(state))
    assert len(found.ledger.entries) < 65_000
    assert not any(key.startswith("f") for key in found.ledger.entries)
    assert all(found.ledger.knows(f"da{n}-{letter}") for n in range(50_000) for letter in "abcd")
    assert 0 < found.forgotten < (NOW - 30 * DAY) * 10**7


def test_when_it_was_delivered_survives_a_clock_that_was_set_back():
    state = full_state()
    for ahead in (-1, 0, 1, 2):
        state.ledger.entries["1"].delivered_at = state.ledger.entries["1"].at + ahead
        assert load_state(dump_state(state)).ledger.entries == state.ledger.entries


def test_a_state_of_the_first_version_is_read():
    state = full_state()
    old = json.loads(dump_state(state))
    digests = [b64encode(key + b"\0\0")[:10].decode().translate(str.maketrans("+/", "-_"))
               for key in state.ledger.entries["1"].keys]  # fmt: skip
    old |= {"version": 1, "incidents": {"1": [7, "d", 3, "", 3, "".join(digests)]}}
    assert load_state(json.dumps(old)).ledger.entries == state.ledger.entries


def test_a_record_set_aside_is_retried_ever_more_rarely_and_never_given_up():
    aside = Aside("why", retry_at=60)
    assert not aside.due(59)
    waits = []
    now = 60
    for _ in range(8):
        assert aside.due(now)
        aside.tried("why", now)
        waits.append(aside.retry_at - now)
        now = aside.retry_at
    assert waits == [120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_a_record_without_an_id_is_never_due():
    state = State()
    state.set_aside("?", "no id", 5, hopeless=True)
    assert state.aside["?"].hopeless
    assert not state.aside["?"].due(10**12)


def test_a_wait_is_kept_but_not_for_ever_and_not_by_a_clock_that_was_wrong():
    state = State()
    state.throttle(1000, 90)
    assert state.throttled(1089)
    assert not state.throttled(1090)
    assert not state.throttled(500)
    state.throttle(1000, 1e12)
    assert state.throttled_until == 1000 + 24 * 3600


def test_the_shelf_forgets_what_cannot_be_asked_for_and_nothing_else():
    state = State()
    state.set_aside("hopeless", "why", now=0, hopeless=True)
    for number in range(MAX_ASIDE):
        state.set_aside(str(number), "why", now=0)
    assert len(state.aside) == MAX_ASIDE
    assert "hopeless" not in state.aside
    with pytest.raises(ShelfFull, match="set aside"):
        state.set_aside("one more", "why", now=0)
    state.set_aside("5", "again", now=0)
    assert state.aside["5"].tries == 2
