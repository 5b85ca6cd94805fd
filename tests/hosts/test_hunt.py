"""`defender365 hunt`, as people and programs use it, against the emulator."""

import csv
import json
from pathlib import Path

import duckdb
import pytest

from defender365.api.hunting_rows import RowStream
from defender365.core.errors import NotJson
from defender365.hosts.cli import rows as writers
from defender365.stores.hunts import named_hunts
from tests.hosts.cli_runner import Cli

pytestmark = pytest.mark.wire

SIGMA = """title: Encoded command
status: test
logsource: {category: process_creation, product: windows}
detection:
  sel: {Image|endswith: '\\powershell.exe', CommandLine|contains: [' -enc ', "it's"]}
  condition: sel
"""


def test_a_query_is_csv_for_a_pipe_and_says_what_it_cost(cli: Cli):
    found = cli("hunt", "AlertInfo | sort by AlertId asc | project AlertId, Title")
    lines = list(csv.reader(found.stdout.splitlines()))
    assert lines[0] == ["AlertId", "Title"]
    assert len(lines) == 25
    assert found.stderr.startswith("24 rows in ")
    assert "1 of 45 queries of this minute are used" in found.stderr
    assert "2 of 45" in cli("hunt", "AlertInfo | count").stderr  # other processes count


def test_a_table_for_people_is_cut_and_says_so(cli: Cli):
    found = cli("hunt", "AlertInfo", "--format", "table", "--limit", "5")
    assert found.stdout.count("Alert ") == 5
    assert "5 rows in" in found.stderr
    assert "cut at --limit 5: there are more" in found.stderr
    assert "cut" not in cli("hunt", "AlertInfo", "--limit", "24").stderr


def test_the_query_may_come_from_a_file_or_stdin(cli: Cli, tmp_path):
    file = tmp_path / "q.kql"
    file.write_text("AlertInfo\n| count\n")
    assert cli("hunt", "--file", str(file)).stdout == "Count\n24\n"
    assert cli("hunt", text="AlertInfo | count").stdout == "Count\n24\n"
    assert cli("hunt", "-", text="AlertInfo | count").stdout == "Count\n24\n"


def test_parameters_are_literals(cli: Cli):
    query = "AlertInfo | where AlertId == which | project Title"
    assert cli("hunt", query, "--param", "which=da3-a").stdout == "Title\nAlert a of 3\n"
    hostile = 'x" or AlertId != "'
    assert cli("hunt", query, "--param", f"which={hostile}").stdout == "Title\n"


def test_a_time_frame_is_applied_by_the_service(cli: Cli):
    counted = int(cli("hunt", "AlertInfo | count", "--time-frame", "Last Hour").stdout.split()[1])
    assert counted == 24
    none = cli(
        "hunt", "AlertInfo | count", "--start-time", "2026-01-01", "--end-time", "2026-01-02"
    )
    assert none.stdout.split()[1] == "0"
    assert "Microsoft keeps 30 days" in none.stderr


def test_json_is_one_object(cli: Cli):
    found = json.loads(cli("hunt", "AlertInfo | project AlertId", "--json", "--limit", "2").stdout)
    assert found["columns"] == [{"name": "AlertId", "type": "String"}]
    assert (found["count"], found["cut"], len(found["rows"])) == (2, True, 2)


def test_json_lines_and_parquet_go_to_files(cli: Cli, tmp_path):
    query = "AlertInfo | extend n = 7, d = dynamic({'k': [1]}), b = true, t = datetime(null)"
    cli("hunt", query, "--output", str(tmp_path / "a.jsonl"))
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert len(lines) == 24
    cli("hunt", query, "--output", str(tmp_path / "a.parquet"))
    found = duckdb.sql(f"SELECT * FROM '{tmp_path / 'a.parquet'}'")
    kinds = dict(zip(found.columns, map(str, found.types), strict=True))
    assert (kinds["Timestamp"], kinds["n"], kinds["b"]) == ("TIMESTAMP_NS", "BIGINT", "BOOLEAN")
    assert len(found.fetchall()) == 24
    assert sorted(p.name for p in tmp_path.glob("a.*")) == ["a.jsonl", "a.parquet"]


def test_a_file_is_whole_or_as_it_was(cli: Cli, tmp_path):
    kept = tmp_path / "a.csv"
    kept.write_text("before")
    cli.lab.world.faults.add(kind="truncated", route="graph.hunting", times=None)
    cli("hunt", "AlertInfo", "--output", str(kept), code=1)
    assert kept.read_text() == "before"
    assert list(tmp_path.glob("*.part")) == []


def test_an_error_of_the_service_is_one_line(cli: Cli):
    found = cli("hunt", "AlertInfo | where Title ==", code=1)
    assert found.stderr.count("✗") == 1
    assert "Traceback" not in found.stderr


def test_a_warning_does_not_stop_a_hunt_and_an_error_does(cli: Cli):
    found = cli("hunt", "AlertInfo | extend x = Titel", code=1)
    assert 'query:1:24: warning: Unknown column "Titel". Did you mean Title?' in found.stderr
    cli.lab.clear_journal()
    refused = cli("hunt", ".show tables", code=2)
    assert "Control commands are refused" in refused.stderr
    assert not cli.lab.statuses()


def test_check_shows_line_column_and_caret_and_sends_nothing(cli: Cli):
    cli.lab.clear_journal()
    found = cli("hunt", "check", text="AlertInfo\n| where Severty == 'High'")
    assert found.stdout.splitlines() == [
        'query:2:9: warning: Unknown column "Severty". Did you mean Severity?',
        "    | where Severty == 'High'",
        "            ^~~~~~~",
    ]
    assert "Nothing to say against it" in cli("hunt", "check", "AlertInfo | take 1").stdout
    bad = cli("hunt", "check", "AlertInfo | where (", "--json", code=1)
    assert json.loads(bad.stdout)["findings"][0]["severity"] == "error"
    assert not cli.lab.statuses()


def test_the_library_is_listed_shown_and_run_by_name(cli: Cli, tmp_path):
    listed = json.loads(cli("hunt", "list", "--json").stdout)["hunts"]
    assert len(listed) >= 12
    assert all(hunt["techniques"] for hunt in listed)
    assert "encoded-powershell" in cli("hunt", "list").stdout
    assert "// title:" in cli("hunt", "show", "encoded-powershell").stdout
    cli("hunt", "run", "encoded-powershell")
    missing = cli("hunt", "run", "hash-everywhere", code=2)
    assert "The hunt needs file_hash: give --param file_hash=VALUE" in missing.stderr
    close = cli("hunt", "run", "encoded-powershel", code=2)
    assert "Did you mean encoded-powershell?" in close.stderr


def test_a_users_own_hunts_are_in_a_folder(cli: Cli, tmp_path):
    folder = tmp_path / ".config" / "defender365" / "hunts"
    folder.mkdir(parents=True)
    (folder / "mine.kql").write_text("// title: Mine\nAlertInfo | count\n")
    assert "mine" in cli("hunt", "list").stdout
    assert cli("hunt", "run", "mine").stdout == "Count\n24\n"
    (folder / "bad.kql").write_text("AlertInfo")
    found = cli("hunt", "list")
    assert 'bad.kql is left out: The hunt "bad" has no line "// title' in found.stderr
    assert "mine" in found.stdout


def test_every_hunt_of_the_library_checks_and_runs(cli: Cli, tmp_path):
    given = {"sender": "a@b.example", "file_hash": "00", "device": "x", "around": "2026-11-01"}
    for name, hunt in named_hunts(tmp_path, print).items():
        assert hunt.description, name
        params = [f"--param={p.name}={given[p.name]}" for p in hunt.params if p.default is None]
        found = cli("hunt", "run", name, *params)
        assert "warning" not in found.stderr, name


def test_a_sigma_rule_is_hunted(cli: Cli, tmp_path):
    rule = tmp_path / "rule.yml"
    rule.write_text(SIGMA)
    shown = cli("hunt", "--sigma", str(rule), "--dry-run").stdout
    assert shown.startswith("DeviceProcessEvents")
    assert "powershell.exe" in shown
    cli("hunt", "--sigma", str(rule))
    rule.write_text("title: x")
    assert "cannot be hunted" in cli("hunt", "--sigma", str(rule), code=2).stderr


def test_the_schema_is_refreshed_from_the_tenant(cli: Cli, tmp_path):
    assert "AlertInfo" in cli("hunt", "schema").stdout
    cli("hunt", "schema", "--refresh", code=2)
    cli("hunt", "schema", "Unheard", code=2)
    kept = tmp_path / ".config" / "defender365" / "hunting-schema.json"
    kept.parent.mkdir(parents=True)
    kept.write_text('{"Own_CL": {"Colour": "string"}}')
    assert "Colour" in cli("hunt", "schema", "Own_CL").stdout
    checked = cli("hunt", "check", "Own_CL | where Colour == 'x'")
    assert "Nothing to say" in checked.stdout
    kept.write_text("{half")
    found = cli("hunt", "check", "AlertInfo")
    assert "hunt schema TABLE --refresh" in found.stderr
    assert "Nothing to say" in found.stdout
    cli("hunt", "schema", "AlertInfo", "--refresh")
    assert "cannot be read" not in cli("hunt", "schema", "AlertInfo").stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("AlertInfo", "--file", "x.kql"), "Give one query"),
        (("--file", "/nonexistent/x.kql"), "cannot be read: No such file"),
        (("AlertInfo", "--format", "parquet"), "Parquet needs a file"),
        (("lst",), "Did you mean: defender365 hunt list"),
        (
            ("AlertInfo", "--time-frame", "Last Hour", "--start-time", "2026-01-01"),
            "go with Time Frame Custom",
        ),
        (("AlertInfo", "--param", "x"), "written name=value"),
        (("AlertInfo", "--time-frame", "Custom"), '"Start Time" should be provided'),
        (("AlertInfo", "--limit", "0"), "0 is not in the range"),
    ],
)
def test_bad_use_is_told(cli: Cli, arguments, words):
    found = cli("hunt", *arguments, code=2)
    assert words in found.stderr


def test_without_graphs_permission_a_time_frame_is_refused_in_words(cli: Cli):
    cli.env["DEFENDER365_CLIENT_ID"] = "11111111-0000-4000-8000-000000000002"
    assert cli("hunt", "AlertInfo | count").stdout == "Count\n24\n"
    found = cli("hunt", "AlertInfo | count", "--time-frame", "Last Hour", code=2)
    assert "needs Microsoft Graph: grant the app ThreatHunting.Read.All" in found.stderr


def test_odd_cells_keep_their_value():
    assert writers._cell({"a": [1]}) == '{"a": [1]}'
    assert writers._cell(value=True) == "true"
    assert writers._cell(None) is None
    assert writers._cell(1.5) == 1.5


def test_parameters_of_a_text_with_a_header_are_its_own(cli: Cli, tmp_path):
    file = tmp_path / "q.kql"
    file.write_text(
        "// title: One alert\n// param: which\n// param: most:long = 1\n"
        "AlertInfo | where AlertId == which | project Title | take most\n"
    )
    assert "needs which" in cli("hunt", "--file", str(file), code=2).stderr
    found = cli("hunt", "--file", str(file), "--param", "which=da3-a")
    assert found.stdout == "Title\nAlert a of 3\n"
    assert "Nothing to say" in cli("hunt", "check", "--file", str(file)).stdout
    file.write_text(file.read_text().replace("project Title", "project Titel"))
    shown = cli("hunt", "check", "--file", str(file), "--param", "which=x").stdout
    assert ":4:46: warning: " in shown  # the line of the file, not of what is sent


def test_the_output_file_may_be_a_link_a_pipe_or_json(cli: Cli, tmp_path):
    query = "AlertInfo | sort by AlertId asc | project AlertId | take 2"
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    cli("hunt", query, "--output", str(link))
    assert link.is_symlink()
    assert target.read_text().startswith("AlertId\n")
    assert target.stat().st_mode & 0o777 == 0o640
    cli("hunt", query, "--output", "/dev/null", "--format", "csv")
    assert not Path("/dev/null").is_file()
    cli("hunt", query, "--output", str(tmp_path / "a.json"))
    found = json.loads((tmp_path / "a.json").read_text())
    assert found["count"] == len(found["rows"]) == 2
    out = cli("hunt", query, "--json", "--output", str(tmp_path / "b"))
    assert out.stdout == ""
    assert json.loads((tmp_path / "b").read_text()) == found
    cli("hunt", query, "--format", "table", "--output", str(tmp_path / "t"))
    assert found["rows"][0]["AlertId"] in (tmp_path / "t").read_text()


def test_a_file_that_cannot_be_is_told_before_anything_is_sent(cli: Cli, tmp_path):
    for path, words in [
        (str(tmp_path), "is a folder"),
        (str(tmp_path / "none" / "a.csv"), "cannot be written: No such file"),
        (str(tmp_path / "a.xlsx"), "say which --format"),
        ("", "--output needs a file's name"),
    ]:
        form = () if path.endswith("xlsx") else ("--format", "csv")
        assert words in cli("hunt", "AlertInfo", "--output", path, *form, code=2).stderr
    assert "1 of 45" in cli("hunt", "AlertInfo | count").stderr


def test_parquet_keeps_what_its_types_cannot_hold(tmp_path):
    columns = [("Timestamp", "DateTime"), ("N", "Int64"), ("n", "String"), ("Far", "DateTime")]
    answer = {
        "schema": [{"name": name, "type": kind} for name, kind in columns],
        "results": [
            {"Timestamp": "2026-01-01T00:00:00.1234567Z", "N": 1, "n": "a", "Far": "9999-12-31T23:59:59Z"},
            {"Timestamp": "2026-01-02T00:00:00Z", "N": 18446744073709551615, "n": "b", "Far": None},
        ],
    }  # fmt: skip
    with writers.writer("parquet", str(tmp_path / "a.parquet")) as write:
        assert write(RowStream([json.dumps(answer).encode()]), None) == 2
    found = duckdb.sql(f"SELECT * FROM '{tmp_path / 'a.parquet'}'")
    assert found.columns == ["Timestamp", "N", "n_2", "Far"]
    assert str(found.types[0]) == "TIMESTAMP_NS"
    rows = found.fetchall()
    assert [row[1] for row in rows] == ["1", "18446744073709551615"]
    assert [row[3] for row in rows] == ["9999-12-31T23:59:59Z", None]


def test_csv_and_json_lines_hold_every_value(tmp_path):
    answer = b'{"schema":[{"name":"A","type":"String"},{"name":"B","type":"Double"}],"results":[{"A":"x\\ry","B":Infinity}]}'
    for form in ("csv", "jsonl"):
        with writers.writer(form, str(tmp_path / f"a.{form}")) as write:
            assert write(RowStream([answer]), None) == 1
    assert (tmp_path / "a.csv").read_bytes() == b'A,B\n"x\ry",inf\n'
    assert json.loads((tmp_path / "a.jsonl").read_text()) == {"A": "x\ry", "B": "Infinity"}


def test_columns_may_come_behind_the_rows_and_results_must_come():
    stream = RowStream(
        [b'{"results":[{"B":1},{"A":2,"B":1}],"schema":[{"name":"A"},{"name":"B"}]}']
    )
    assert list(stream) == [{"B": 1}, {"A": 2, "B": 1}]
    assert [name for name, _ in stream.columns] == ["A", "B"]
    stream = RowStream([b'{"results":[{"B":1},{"A":2}]}'])
    assert len(list(stream)) == stream.taken == 2
    assert [name for name, _ in stream.columns] == ["B", "A"]
    with pytest.raises(NotJson, match="no results"):
        list(RowStream([b'{"error":"x"}']))
