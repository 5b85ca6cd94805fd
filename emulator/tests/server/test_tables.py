"""Own tables over the wire: made, extended, hunted in through both APIs, loaded from files, removed."""

import json
import os
import subprocess
import sys

import pytest

from defender_emulator.__main__ import main

pytestmark = pytest.mark.wire
COLUMNS = [
    {"name": "T", "type": "datetime"}, {"name": "b", "type": "bool"},
    {"name": "d", "type": "dynamic"}, {"name": "g", "type": "guid"}, {"name": "i", "type": "int"},
    {"name": "l", "type": "long"}, {"name": "r", "type": "real"}, {"name": "s", "type": "string"},
    {"name": "t", "type": "timespan"}, {"name": "m", "type": "decimal"},
]  # fmt: skip
GUID = "5f0c2d3e-0000-4000-8000-00000000000a"
FULL = [
    "2019-03-01T12:34:56.1234567Z", True, {"a": [1, "é"]}, GUID, -5, 2**53 + 1, 0.25,
    'a "quote"\n', "1.02:03:04.5000000", "12.5",
]  # fmt: skip
NAMES = [{"name": "n", "type": "long"}]


def graph(api, query, **more):
    answer = api.post("/v1.0/security/runHuntingQuery", json={"Query": query, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def numbers(api, query, **more):
    return [row["n"] for row in graph(api, query, **more)["results"]]


def refusal(answer):
    assert answer.status_code == 400
    return answer.json()["error"]


def test_values_of_every_type_come_back_through_both_apis(api):
    answer = api.control("tables/Mine_CL", columns=COLUMNS, rows=[FULL, [None] * 10])
    assert answer.json()["added"] == 2
    found = graph(api, "Mine_CL")
    first, second = found["results"]
    assert first["T"].startswith("2019-03-01T12:34:56.123456")
    assert {**first, "T": None} == {
        "T": None,
        "b": True, "d": '{"a":[1,"é"]}', "g": GUID, "i": -5, "l": 2**53 + 1, "r": 0.25,
        "s": 'a "quote"\n', "t": "1.02:03:04.5000000", "m": 12.5,
    }  # fmt: skip
    assert second == dict.fromkeys("Tbdgilrtm") | {"s": ""}
    types = {c["name"]: c["type"] for c in found["schema"]}
    assert types == {
        "T": "DateTime", "b": "SByte", "d": "Object", "g": "Guid", "i": "Int32", "l": "Int64",
        "r": "Double", "s": "String", "t": "TimeSpan", "m": "SqlDecimal",
    }  # fmt: skip
    defender = api.post("/api/advancedhunting/run", json={"Query": "Mine_CL"}).json()
    assert defender["Results"] == found["results"] == graph(api, "Mine_CL")["results"]


def test_the_schema_is_what_was_given(api):
    api.control("tables/Mine_CL", columns=COLUMNS)
    rows = graph(api, "Mine_CL | getschema | project ColumnName, ColumnType")["results"]
    assert [(r["ColumnName"], r["ColumnType"]) for r in rows] == [
        (c["name"], c["type"]) for c in COLUMNS
    ]


def test_rows_keep_their_order_over_requests_and_batches(api):
    for start in (0, 25_000):
        rows = [[n] for n in range(start, start + 25_000)]
        assert api.control("tables/Long", columns=NAMES, rows=rows).status_code == 200
    assert numbers(api, "Long") == list(range(50_000))


def test_an_own_table_joins_with_the_rest_and_keeps_its_spelling(api):
    columns = [{"name": "alertid", "type": "string"}, {"name": "AlertId", "type": "string"}]
    one = graph(api, "AlertInfo | take 1 | project AlertId")["results"][0]["AlertId"]
    api.control("tables/Watched", columns=columns, rows=[["x", one], ["y", "none"]])
    found = graph(api, "Watched | join kind=inner AlertInfo on AlertId | project alertid, AlertId")
    assert found["results"] == [{"alertid": "x", "AlertId": one}]


def test_all_rows_are_in_sight_unless_a_time_span_is_asked_for(api):
    columns = [{"name": "Timestamp", "type": "datetime"}, *NAMES]
    now = api.world.clock.now().isoformat()
    rows = [["2001-01-01T00:00:00Z", 1], [now, 2], ["2199-01-01T00:00:00Z", 3], [None, 4]]
    api.control("tables/Timed", columns=columns, rows=rows)
    assert numbers(api, "Timed") == [1, 2, 3, 4]
    assert numbers(api, "Timed", Timespan="P1D") == [2]
    assert numbers(api, "Timed") == [1, 2, 3, 4]


def test_one_of_microsofts_tables_takes_rows_of_its_schema(api):
    columns = [{"name": "Timestamp", "type": "datetime"}, {"name": "DeviceName"}]
    now = api.world.clock.now().isoformat()
    answer = api.control("tables/DeviceInfo", columns=columns, rows=[[now, "mine"]])
    assert answer.status_code == 200
    query = "DeviceInfo | project DeviceName, OSBuild, OSPlatform"
    assert graph(api, query)["results"] == [
        {"DeviceName": "mine", "OSBuild": None, "OSPlatform": ""}
    ]
    api.control("tables/DeviceInfo", columns=[{"name": "OSBuild"}, columns[0]], rows=[[7, now]])
    assert len(graph(api, query)["results"]) == 2
    assert "a reset takes added rows away" in refusal(
        api.call("DELETE", "/_emulator/tables/DeviceInfo")
    )


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("X", {"columns": NAMES, "rows": [[1], [1, 2]]}, "Row 2 has 2 values; a row is a list of 1"),
        ("X", {"columns": NAMES, "rows": [[1], {"n": 1}]}, "Row 2 has no list"),
        ("X", {"columns": NAMES, "rows": [[1], ["x"]]}, 'Row 2, column "n": "x" is not a whole'),
        ("X", {"columns": NAMES, "rows": 5}, '"rows" must be a list'),
        ("X", {"columns": [{"name": "n", "type": "text"}]}, '"n" must have a "type", one of bool'),
        ("X", {"columns": [{"name": 'n"', "type": "long"}]}, "is no name for a column"),
        ("X", {"columns": [{"type": "long"}]}, "null is no name for a column"),
        ("X", {"columns": NAMES * 2}, 'The column "n" is given twice'),
        ("X", {"rows": [[1]]}, 'There is no table "X" yet; a new one needs "columns"'),
        ("X", {"colums": NAMES}, 'There is no field "colums"'),
        ("deviceinfo", {"columns": NAMES}, 'differs from the table "DeviceInfo" in case only'),
        ("a b", {"columns": NAMES}, '"a b" is no name for a table'),
        ("DeviceInfo", {"columns": NAMES}, 'DeviceInfo has no column "n"; it has Timestamp'),
        ("DeviceInfo", {"columns": [{"name": "OSBuild", "type": "int"}]}, "is long, not int"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_and_nothing_is_changed(api, name, body, said):
    assert said in refusal(api.control(f"tables/{name}", **body))
    assert "X" not in {t["name"] for t in api.get("/_emulator/tables?rows=false").json()["tables"]}


def test_a_wrong_value_deep_in_a_request_names_its_row(api):
    rows = [[n] for n in range(30_000)] + [[0.5]]
    assert "Row 30001, " in refusal(api.control("tables/Deep", columns=NAMES, rows=rows))
    assert api.post("/v1.0/security/runHuntingQuery", json={"Query": "Deep"}).status_code == 400


def test_tables_are_listed_with_their_columns_and_rows(api):
    api.control("tables/Mine", columns=NAMES, rows=[[1], [2]])
    tables = {t["name"]: t for t in api.get("/_emulator/tables").json()["tables"]}
    assert tables["Mine"] == {"name": "Mine", "own": True, "columns": NAMES, "rows": 2}
    assert (tables["AlertInfo"]["rows"], tables["AlertInfo"]["own"]) == (15, False)
    assert "rows" not in api.get("/_emulator/tables?rows=false").json()["tables"][0]
    assert "There is no field" in refusal(api.get("/_emulator/tables?x=1"))


def test_a_table_that_is_removed_may_come_again_with_other_columns(api):
    api.control("tables/Mine", columns=[{"name": "N", "type": "string"}], rows=[["a"]])
    assert len(graph(api, "Mine")["results"]) == 1
    assert api.call("DELETE", "/_emulator/tables/Mine").json() == {"dropped": "Mine"}
    api.control("tables/Mine", columns=NAMES, rows=[[3]])
    assert numbers(api, "Mine") == [3]
    api.call("DELETE", "/_emulator/tables/Mine")
    gone = api.post("/v1.0/security/runHuntingQuery", json={"Query": "Mine"})
    assert "Failed to resolve table or column expression named 'Mine'" in gone.text
    assert '"Mine" is none' in refusal(api.call("DELETE", "/_emulator/tables/Mine"))


def test_own_rows_outlive_the_engines_process_but_no_reset(api):
    api.control("tables/Mine", columns=NAMES, rows=[[1]])
    assert numbers(api, "Mine") == [1]
    api.control("tables/Mine", rows=[[2]])
    os.kill(api.world.hunting._engine._worker._process.pid, 9)
    assert numbers(api, "Mine") == [1, 2]
    api.control("clock", now="2020-01-01T00:00:00Z")
    assert numbers(api, "Mine") == [1, 2]
    api.control("reset")
    assert api.post("/v1.0/security/runHuntingQuery", json={"Query": "Mine"}).status_code == 400


def loaded(api, tmp_path, table, rows, *more):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    trust = ["--url", api.emulator.url, "--ca-bundle", api.emulator.ca_bundle]
    return main(["load", table, str(path), *trust, *more])


def test_a_file_is_loaded_and_its_inferred_types_are_told(api, tmp_path, capsys):
    rows = [{"n": n, "t": "2026-11-24T12:00:00.1234567Z", "s": "x"} for n in range(12_000)]
    assert loaded(api, tmp_path, "Filed", rows, "--column", "n:long") == 0
    said = capsys.readouterr().err
    assert "Types inferred: t:datetime, s:string\n" in said
    assert "Loaded 12,000 rows into Filed.\n" in said
    assert numbers(api, "Filed") == list(range(12_000))
    assert loaded(api, tmp_path, "Filed", [{"s": "y", "n": -1}]) == 0
    assert "inferred" not in capsys.readouterr().err
    assert numbers(api, "Filed | where isnull(t)") == [-1]


def test_a_file_without_rows_makes_the_table_it_is_told(api, tmp_path, capsys):
    assert loaded(api, tmp_path, "Empty", [], "--column", "n:long") == 0
    assert numbers(api, "Empty") == []
    assert loaded(api, tmp_path, "Nothing", []) == 1
    assert "no rows, and no --column" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("X", [{"n": 1}, ["n"]]), "line 2: a row is an object"),
        (("X", [{"n": 1}, {"n": "x"}], "--column", "n:long"), 'line 2, column "n": "x" is not'),
        (("DeviceInfo", [{"OSBuild": 1, "Mine": 2}]), 'line 1: there is no column "Mine"'),
        (("DeviceInfo", [{"OSBuild": 1}], "--column", "OSBuild:int"), "no column OSBuild:int"),
        (("X", [{"n": 1}], "--column", "n"), "is no NAME:TYPE"),
        (("a-b", [{"n": 1}]), "is no name for a table"),
        (("X", [{"n": 1}], "--url", "http://127.0.0.1"), "is no https address"),
        (("X", [{"n": 1}], "--url", "https://127.0.0.1:1"), "does not answer"),
        (("X", [{"n": 1}], "--ca-bundle", "/nowhere"), "cannot be reached"),
    ],
)
def test_what_cannot_be_loaded_is_told_and_nothing_is(api, tmp_path, capsys, asked, said):
    assert loaded(api, tmp_path, *asked) == 1
    assert said in capsys.readouterr().err
    tables = api.get("/_emulator/tables").json()["tables"]
    assert {t["name"]: t["rows"] for t in tables}["DeviceInfo"] == 0
    assert not [t for t in tables if t["own"]]


def test_a_file_that_is_not_there_is_told(api, tmp_path, capsys):
    trust = ["--url", api.emulator.url, "--ca-bundle", api.emulator.ca_bundle]
    assert main(["load", "X", str(tmp_path / "none.jsonl"), *trust]) == 1
    assert "cannot be read: No such file" in capsys.readouterr().err


def test_the_program_serves_and_loads_by_its_sub_commands(tmp_path):
    command = [sys.executable, "-m", "defender_emulator"]
    serving = subprocess.Popen(
        [*command, "serve", "--scenario", "noisy", "--option", "incidents=1"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert serving.stdout is not None
    ready = json.loads(serving.stdout.readline())
    path = tmp_path / "rows.jsonl"
    path.write_text('{"n": 1}')
    trust = ["--url", ready["url"], "--ca-bundle", ready["ca_bundle"]]
    done = subprocess.run(
        [*command, "load", "X", str(path), *trust], capture_output=True, text=True, check=False
    )
    serving.terminate()
    serving.stdout.close()
    assert (done.returncode, serving.wait(20)) == (0, 0)
    assert done.stderr == "Types inferred: n:long\nLoaded 1 rows into X.\n"
