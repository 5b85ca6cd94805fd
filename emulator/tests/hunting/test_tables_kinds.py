"""What each type of Kusto takes from JSON, and how rows of a file are read."""

import json
import math
from pathlib import Path

import pytest

from defender_emulator.hunting.kinds import KINDS, WrongValue, prepared
from defender_emulator.row_lines import BadRows, batches, kind_of, surveyed

GUID = "5f0c2d3e-0000-4000-8000-00000000000a"


@pytest.mark.parametrize(
    ("kind", "value", "taken"),
    [
        ("bool", True, True),
        ("bool", 0, False),
        ("int", -(2**31), -(2**31)),
        ("long", 2**63 - 1, 2**63 - 1),
        ("real", 1, 1.0),
        ("real", -0.5, -0.5),
        ("real", math.nan, "NaN"),
        ("real", -math.inf, "-Infinity"),
        ("real", "Infinity", "Infinity"),
        ("string", "é\u2028\0", "é\u2028\0"),
        ("guid", GUID.upper(), GUID),
        ("dynamic", {"a": [1, None]}, {"a": [1, None]}),
        ("dynamic", "[1]", "[1]"),
        ("decimal", "12.50", "12.50"),
        ("decimal", 7, "7"),
        ("decimal", 1e-7, "0.0000001"),
        ("timespan", "1.02:03:04.5000000", 937845000000),
        ("timespan", "-00:00:01", -10_000_000),
        ("datetime", "2026-11-24T12:34:56.1234567Z", "2026-11-24T12:34:56.1234567Z"),
        ("datetime", "2026-11-24 12:34:56", "2026-11-24 12:34:56"),
        ("datetime", "2026-11-24", "2026-11-24T00:00:00"),
        ("datetime", "2026-11-24T01:30+02:00", "2026-11-23T23:30:00"),
        ("datetime", "2026-11-24T01:30:00.123456789-01:00", "2026-11-24T02:30:00.1234567"),
        ("datetime", "0001-01-01T00:00:00+00:00", "0001-01-01T00:00:00"),
    ],
)
def test_a_value_that_fits_is_made_ready_for_the_engine(kind, value, taken):
    assert prepared(kind, [value, None]) == [taken, None]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("bool", 2), ("bool", "true"), ("int", 2**31), ("int", True), ("long", 1.0),
        ("long", 2**63), ("long", "1"), ("real", "1"), ("real", False), ("real", 10**400),
        ("string", 1), ("string", "\ud800"), ("guid", "x" + GUID), ("guid", 1),
        ("dynamic", math.nan), ("dynamic", {"a": "\udfff"}), ("decimal", "1e5"), ("decimal", []),
        ("timespan", "24:00:00"), ("timespan", "1d"), ("timespan", 5), ("datetime", "2026-02-30"),
        ("datetime", "20261124T000000"), ("datetime", "2026-11-24T12:34:61Z"), ("datetime", 1),
        ("datetime", "0001-01-01T00:00:00+14:00"), ("datetime", "now"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_told_with_its_place(kind, value):
    with pytest.raises(WrongValue, match="is not") as caught:
        prepared(kind, [None, value])
    assert caught.value.at == 1


def test_a_long_value_is_told_in_short():
    with pytest.raises(WrongValue) as caught:
        prepared("long", ["x" * 500])
    assert len(str(caught.value)) < 100


def written(tmp_path: Path, *rows) -> Path:
    path = tmp_path / "rows.jsonl"
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_types_are_inferred_from_all_rows(tmp_path):
    path = written(
        tmp_path,
        "\ufeff" + json.dumps({"t": "2026-11-24T12:00:00.1234567Z", "n": 1, "r": 1, "s": "a"}),
        "",
        {"t": None, "r": 1.5, "s": "2026-11-24T12:00:00Z", "b": True, "d": {"x": 1}, "e": None},
        {"big": 2**70, "m": 1, "n": None},
        {"m": "one", "date": "2026-11-24"},
    )
    survey = surveyed(path, {"n": "int"}, closed=False)
    assert survey.rows == 4
    assert survey.columns() == {
        "n": "int", "t": "datetime", "r": "real", "s": "string", "b": "bool", "d": "dynamic",
        "e": "string", "big": "real", "m": "dynamic", "date": "string",
    }  # fmt: skip
    assert "n" not in survey.inferred()
    rows = list(batches(path, {"n": "int", "m": "dynamic"}, 3))
    assert rows == [[[1, None], [None, None], [None, 1]], [[None, "one"]]]


def test_every_bad_line_of_a_block_is_told(tmp_path):
    path = written(tmp_path, {"n": 1}, "{oops", "[1]", {"n": "x"}, {"m": 1})
    with pytest.raises(BadRows) as caught:
        surveyed(path, {"n": "long"}, closed=True)
    told = str(caught.value)
    assert "line 2: no JSON" in told
    assert "line 3: a row is an object" in told
    assert 'line 4, column "n": "x" is not a whole number of 64 bits' in told
    assert 'line 5: there is no column "m"; there are n' in told


def test_very_many_bad_lines_are_counted(tmp_path):
    path = written(tmp_path, *["x"] * 25)
    with pytest.raises(BadRows, match="and 15 more"):
        surveyed(path, {}, closed=False)


def test_a_value_speaks_for_one_type():
    assert {kind_of(v) for v in (True, 1, 1.5, "x", [], {})} <= set(KINDS)
    assert kind_of("2026-11-24T12:00:00Z") == "datetime"
