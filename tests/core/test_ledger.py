from base64 import urlsafe_b64encode
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from defender365.core.ledger import (
    DELIVERED,
    FILTERED,
    KEY_BYTES,
    MOST_WORDS,
    Entry,
    Ledger,
    alert_key,
)


def test_a_delivered_alert_is_known_wherever_it_moves():
    ledger = Ledger()
    ledger.delivered("1", 10, ["a", "b"], at=5)
    assert ledger.knows("a")
    assert not ledger.knows("c")
    assert ledger.entries["1"].status == DELIVERED
    assert ledger.entries["1"].delivered_at == 5


def test_a_note_is_news_only_when_something_changed():
    ledger = Ledger()
    assert ledger.note("1", 10, FILTERED, 5, "severity")
    assert not ledger.note("1", 10, FILTERED, 6, "severity")
    assert ledger.note("1", 11, FILTERED, 7, "severity")
    assert ledger.get("1") == Entry(11, FILTERED, 7, "severity")


def test_later_deliveries_add_to_the_earlier_ones():
    ledger = Ledger()
    ledger.delivered("1", 10, ["a"], at=5)
    ledger.delivered("1", 11, ["b"], at=6)
    assert len(ledger.entries["1"].keys) == 2


@given(st.text())
def test_a_key_is_short_and_stable(alert_id):
    key = alert_key(alert_id)
    assert len(key) == KEY_BYTES
    assert key == alert_key(alert_id)


def test_a_lone_surrogate_has_a_key_too():
    assert len(alert_key("\ud800")) == KEY_BYTES


def test_a_row_of_the_first_version_is_read_and_knows_the_same_alerts():
    digests = (
        urlsafe_b64encode(blake2b(text, digest_size=8).digest())[:10] for text in (b"a", b"b")
    )
    row = [10, "d", 5, "détail", 4, b"".join(digests).decode()]
    keys = [alert_key("a"), alert_key("b")]
    assert Entry.from_version_1(row) == Entry(10, DELIVERED, 5, "détail", 4, keys)


@pytest.mark.parametrize("row", [[], [1, "x", 1, "", 0, ""], [1, "d", 1, "", 0, "short"]])
def test_a_damaged_row_is_refused(row):
    with pytest.raises(ValueError, match=r".+"):
        Entry.from_version_1(row)


def test_a_long_reason_is_cut_and_no_news_twice():
    ledger = Ledger()
    assert ledger.note("1", 10, FILTERED, 5, "x" * 100_000)
    assert not ledger.note("1", 10, FILTERED, 6, "x" * 100_000)
    assert len(ledger.entries["1"].detail) == MOST_WORDS


def one(_entry: Entry) -> float:
    return 1.0


def test_what_was_never_delivered_is_forgotten_first_and_then_the_oldest_quiet():
    ledger = Ledger()
    for number in range(100):
        ledger.delivered(f"d{number}", number * 10**7, [f"a{number}"], at=number)
        ledger.note(f"f{number}", 10**12, FILTERED, 5, "severity")
    # "d3" was updated long ago, and delivered from just now: it is not quiet.
    ledger.delivered("d3", 3 * 10**7, ["late"], at=1_000)
    assert ledger.forget(100, one) == 0
    assert all(key.startswith("d") for key in ledger.entries)
    assert ledger.forget(10, one) == 10 * 10**7
    assert ledger.knows("a3")
    assert ledger.knows("late")
    assert not ledger.knows("a10")
    assert len(ledger.entries) == 90


def test_nothing_is_forgotten_without_need():
    ledger = Ledger()
    ledger.delivered("1", 10, ["a"], at=5)
    assert ledger.forget(0, one) == 0
    assert ledger.knows("a")
