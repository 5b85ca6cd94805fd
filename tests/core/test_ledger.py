import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from defender365.core.ledger import (
    DELIVERED,
    FILTERED,
    KEY_LENGTH,
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
def test_a_key_is_short_ascii_and_stable(alert_id):
    key = alert_key(alert_id)
    assert len(key) == KEY_LENGTH
    assert key.isascii()
    assert key == alert_key(alert_id)


def test_a_lone_surrogate_has_a_key_too():
    assert len(alert_key("\ud800")) == KEY_LENGTH


def test_a_row_survives_json():
    entry = Entry(10, DELIVERED, 5, "détail", 4, [alert_key("a"), alert_key("b")])
    assert Entry.from_json(json.loads(json.dumps(entry.as_json()))) == entry


@pytest.mark.parametrize("row", [[], [1, "x", 1, "", 0, ""], [1, "d", 1, "", 0, "short"]])
def test_a_damaged_row_is_refused(row):
    with pytest.raises(ValueError, match=r".+"):
        Entry.from_json(row)


def test_trimming_forgets_the_incidents_updated_longest_ago():
    ledger = Ledger()
    for number in range(100):
        ledger.delivered(str(number), number, [f"a{number}"], at=1)
    newest_forgotten = ledger.trim(50 * 100)
    kept = sorted(entry.updated for entry in ledger.entries.values())
    assert kept == list(range(newest_forgotten + 1, 100))
    assert not ledger.knows("a0")
    assert ledger.knows("a99")
    assert len(json.dumps({k: e.as_json() for k, e in ledger.entries.items()})) <= 50 * 100


def test_trimming_what_fits_forgets_nothing():
    ledger = Ledger()
    ledger.delivered("1", 10, ["a"], at=5)
    assert ledger.trim(10_000) == 0
    assert ledger.knows("a")
