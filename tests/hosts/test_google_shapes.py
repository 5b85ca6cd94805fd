"""What of an outcome fits on the platform."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from defender365.actions.outcome import Outcome
from defender365.core.spec import Table
from defender365.hosts.google_shapes import (
    MARGIN,
    csv_lines,
    json_text,
    original_spelling,
    shown,
    working_seconds,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def hunted(rows):
    table = Table("Results", ("a", "b"), tuple((r["a"], r["b"]) for r in rows))
    return Outcome("Hunt", "m", True, "completed", {"Results": rows}, (table,))


def platform_size(found) -> int:
    """What the SDK measures: its whole result object as JSON."""
    frame: dict[str, object] = {"Title": "Results", "Type": None, "IsForEntity": False, "Content": "", "RawJson": "",
             "CSVLines": "", "Attachments": {}, "Htmls": {}, "Markdowns": {}}  # fmt: skip
    parts = {f"{name}_None": {**frame, "CSVLines": lines} for name, lines in found.tables}
    parts["JsonResult"] = {**frame, "RawJson": found.json_text}
    return len(json.dumps(parts))


@given(st.lists(st.fixed_dictionaries({"a": JSON, "b": JSON}), max_size=60), st.integers(0, 20_000))
def test_what_is_shown_fits_and_keeps_the_first_rows(rows, room):
    limit = MARGIN + room
    found = shown(hunted(rows), limit)
    assert platform_size(found) <= limit
    kept = json.loads(found.json_text)["Results"]
    assert kept == rows[: len(kept)]
    assert [len(lines) for _, lines in found.tables] == [len(kept) + 1]
    assert bool(found.note) is (len(kept) < len(rows)) or not kept


def test_a_cut_result_uses_most_of_the_room():
    rows = [{"a": f"value {n}", "b": n} for n in range(5000)]
    found = shown(hunted(rows), 200_000)
    assert 200_000 - MARGIN - 200 < platform_size(found) <= 200_000
    kept = len(json.loads(found.json_text)["Results"])
    assert f"the first {kept:,} of 5,000 rows" in found.note


def test_a_result_without_rows_is_left_out_when_it_is_too_large():
    found = shown(Outcome("A", "m", True, "completed", {"x": "y" * 50_000}), 40_000)
    assert (found.json_text, found.tables) == (None, ())
    assert "was left out" in found.note


@given(JSON)
def test_json_stays_json_and_opens_no_markup(value):
    text = json_text(value)
    assert json.loads(text) == value
    assert not set("<>&") & set(text)


@given(st.lists(st.text(), min_size=2, max_size=2))
def test_a_line_has_a_cell_for_each_column_and_no_break(cells):
    head, line = csv_lines(Table("T", ("a", "b"), (tuple(cells),)))
    assert head == "a,b"
    assert line.count(",") == 1
    assert len(line.splitlines()) <= 1


@pytest.mark.parametrize(
    ("deadline", "seconds"), [(None, 600), (0, 600), (160_000, 55), (104_000, 3), (90_000, -7.5)]
)
def test_an_action_keeps_time_to_report(deadline, seconds):
    assert working_seconds(deadline, 100.0) == seconds


def test_an_entity_without_its_original_spelling_keeps_the_one_it_has():
    class Bare:
        identifier = "HOST-1"
        additional_properties = None

    assert original_spelling(Bare()) == "HOST-1"
