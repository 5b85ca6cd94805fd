from collections.abc import Iterator
from datetime import timedelta

import pytest
from emulator.tests.hunting import answers, answers_parts, answers_tables, answers_values
from emulator.tests.hunting.answers import NOW, ROWS

from defender_emulator.hunting import Caps, HuntingEngine, QueryRefused
from defender_emulator.hunting.child import Answering
from defender_emulator.hunting.store import Store
from defender_emulator.hunting.worker import Worker


class Inside:
    """Answers in this process, where coverage sees it."""

    def __init__(self, settings, _patience):
        self._store = Store(Caps(**settings["caps"]))
        self._answering = Answering(self._store, settings["seconds"])

    def tell(self, message):
        self._answer = self._answering.answer(message)

    def hear(self, _patience):
        return self._answer

    def end(self):
        self._store.close()


@pytest.fixture(scope="module", params=[Worker, Inside], ids=["process", "inside"])
def engine(request) -> Iterator[HuntingEngine]:
    engine = HuntingEngine(ROWS, start=request.param)
    yield engine
    engine.close()


def refusal(engine: HuntingEngine, query: str) -> str:
    """What is said of a query that must be refused."""
    with pytest.raises(QueryRefused) as refused:
        engine.run(query, now=NOW, alerts=[])
    return str(refused.value)


HAND = [
    (query, rows)
    for source in (answers, answers_tables, answers_parts, answers_values)
    for found in source.RULES.values()
    for query, rows in found
]


def test_there_are_many_answers_and_each_rests_on_a_rule():
    assert len({query for query, _ in HAND}) == len(HAND) >= 250


@pytest.mark.parametrize(
    ("query", "rows"), HAND, ids=[f"{n} {hand[0][-50:]}" for n, hand in enumerate(HAND)]
)
def test_a_query_gives_the_answer_worked_out_by_hand(engine, query, rows):
    found = engine.run(query, now=NOW, alerts=[])
    assert [tuple(row.values()) for row in found.rows] == rows


def test_a_result_names_its_columns_and_their_types_even_without_rows(engine):
    query = (
        "DeviceEvents | where FileSize == 12345 | project Timestamp, DeviceName, FileSize, "
        "b = true, r = 1.5, d = dynamic([]), g = guid(null), s = 1h, RemotePort"
    )
    found = engine.run(query, now=NOW, alerts=[])
    kinds = ["datetime", "string", "long", "bool", "real", "dynamic", "guid", "timespan", "int"]
    assert [kind for _, kind in found.schema] == kinds
    assert [name for name, _ in found.schema][:3] == ["Timestamp", "DeviceName", "FileSize"]
    assert found.rows == []


def test_a_time_span_narrows_the_rows(engine):
    span = (NOW - timedelta(hours=6), NOW - timedelta(hours=2))
    found = engine.run("DeviceEvents | count", now=NOW, alerts=[], timespan=span)
    assert found.rows == [{"Count": 2}]


def test_a_time_span_cannot_widen_the_thirty_days(engine):
    span = (NOW - timedelta(days=60), NOW + timedelta(days=60))
    found = engine.run("DeviceEvents | count", now=NOW, alerts=[], timespan=span)
    assert found.rows == [{"Count": 5}]


RESOLVE = "Failed to resolve table or column expression named"
SCALAR = "Failed to resolve scalar expression named"
REFUSED = [
    ("deviceevents | take 1", f"'take' operator: {RESOLVE} 'deviceevents'"),
    ("NoTable", f"{RESOLVE} 'NoTable'"),
    ("NoTable | where x == 1", f"'where' operator: {RESOLVE} 'NoTable'"),
    ("union DeviceEvents, NoTable", f"'union' operator: {RESOLVE} 'NoTable'"),
    ("union No*", f"'union' operator: {RESOLVE} 'No*'"),
    ("union isfuzzy=true NoTable, NorThis", f"'union' operator: {RESOLVE} 'NoTable'"),
    ("DeviceEvents | join NoTable on DeviceName", f"'join' operator: {RESOLVE} 'NoTable'"),
    ("DeviceEvents | where filename == 'x'", f"'where' operator: {SCALAR} 'filename'"),
    ("DeviceEvents | project Filename", f"'project' operator: {SCALAR} 'Filename'"),
    ("DeviceEvents | extend x = y + 1", f"'extend' operator: {SCALAR} 'y'"),
    ("DeviceEvents | summarize sum(x)", f"'summarize' operator: {SCALAR} 'x'"),
    ("DeviceEvents | summarize count() by x", f"'summarize' operator: {SCALAR} 'x'"),
    ("DeviceEvents | sort by x", f"'sort' operator: {SCALAR} 'x'"),
    ("DeviceEvents | top 2 by x", f"'top' operator: {SCALAR} 'x'"),
    ("DeviceEvents | distinct x", f"'distinct' operator: {SCALAR} 'x'"),
    ("DeviceEvents | project-away x", f"'project-away' operator: {SCALAR} 'x'"),
    ("DeviceEvents | project-keep x", f"'project-keep' operator: {SCALAR} 'x'"),
    ("DeviceEvents | project-reorder x", f"'project-reorder' operator: {SCALAR} 'x'"),
    ("DeviceEvents | invoke FileProfile(x)", f"'invoke' operator: {SCALAR} 'x'"),
    ("DeviceEvents | evaluate pivot(x)", f"'evaluate' operator: {SCALAR} 'x'"),
    ("DeviceEvents | top-nested 1 of x by count()", f"'top-nested' operator: {SCALAR} 'x'"),
    ("DeviceEvents | make-series count() on x step 1h", f"'make-series' operator: {SCALAR} 'x'"),
    ("DeviceEvents | partition by x (take 1)", f"'partition' operator: {SCALAR} 'x'"),
    ("DeviceEvents | mv-apply x on (take 1)", f"'mv-apply' operator: {SCALAR} 'x'"),
    ("search in (NoTable) 'x'", f"'search' operator: {RESOLVE} 'NoTable'"),
    ("DeviceEvents | project-rename a = x", f"'project-rename' operator: {SCALAR} 'x'"),
    ("DeviceEvents | mv-expand x", f"'mv-expand' operator: {SCALAR} 'x'"),
    ("DeviceEvents | join DeviceInfo on x", f"'join' operator: {SCALAR} 'x'"),
    ("DeviceEvents | where x in ((DeviceInfo | project y))", f"'where' operator: {SCALAR} 'x'"),
    ("DeviceEvents | where 'a' in ((DeviceInfo | project y))", f"'project' operator: {SCALAR} 'y'"),
    ("print x", f"'print' operator: {SCALAR} 'x'"),
    ("let a = NoTable; DeviceEvents | count", f"{RESOLVE} 'NoTable'"),
    ("DeviceEvents | project FileName | where FileSize > 1", f"'where' operator: {SCALAR} 'FileSize'"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "text"), REFUSED, ids=[query for query, _ in REFUSED])
def test_a_name_is_refused_unless_spelled_exactly(engine, query, text):
    said = refusal(engine, query)
    assert said == f"{text}. Fix semantic errors in your query."


SYNTAX = [
    "DeviceEvents | where",
    "DeviceEvents | whrere x == 1",
    "DeviceEvents | where FileName == 'open",
    "DeviceEvents | where FileName == 'C:\\Windows'",
    "DeviceEvents | where FileName == 'a\nb'",
    "DeviceEvents | where (FileName == 'a'",
    "DeviceEvents; DeviceInfo",
    "let a = 1;",
    "  // nothing here\n",
    "print '\\ud800'",
    "print '\\U00110000'",
    "where x",
]


@pytest.mark.parametrize("query", SYNTAX)
def test_what_is_no_query_is_a_syntax_error(engine, query):
    with pytest.raises(QueryRefused, match=r"\. Fix syntax errors in your query\.$"):
        engine.run(query, now=NOW, alerts=[])


@pytest.mark.parametrize("command", [".show tables", "// hm\n .drop table DeviceEvents", ".set x <| print 1"])  # fmt: skip
def test_a_control_command_is_a_fragment(engine, command):
    said = refusal(engine, command)
    text = "The incomplete fragment is unexpected.. Fix syntax errors in your query."
    assert said == text


UNSUPPORTED = [
    "DeviceEvents | project x = 1, x = 2",
    "DeviceEvents | extend x = 1 | extend x, X = x, x = 2",
    "cluster('x').database('y').DeviceEvents",
    "database('system').main",
    "externaldata(a: string) ['https://files.invoices.example/x.csv']",
    "['/etc/hosts'] | take 1",
    "['secrets.parquet']",
    "sqlite_master",
    "duckdb_settings",
    "information_schema.tables",
    "kept.DeviceEvents",
    "print read_text('/etc/hosts')",
    "DeviceEvents | extend x = getenv('HOME')",
    "DeviceEvents | extend x = getvariable('first_moment')",
    "DeviceEvents | make-graph DeviceName --> FileName | graph-match (a)-->(b) project a",
    "range x from 1 to 100000000 step 1",
    "range x from 1 to toscalar(DeviceEvents | count) step 1",
    "declare query_parameters(a: string = 'x'); print a",
    "DeviceEvents | where Timestamp == 'x' + 5",
    "print nosuchfunction(1)",
    "datatable(a: long) ['x'] | extend a = b",
    "range x from datetime(2026-01-01) to datetime(2026-01-02) step 1h | join kind=inner DeviceEvents on x",
]  # fmt: skip


@pytest.mark.parametrize("query", UNSUPPORTED)
def test_what_the_engine_must_not_or_cannot_do_is_refused(engine, query):
    with pytest.raises(QueryRefused):
        engine.run(query, now=NOW, alerts=[])


NAMED = [
    ("DeviceEvents | reduce by FileName", "the operator 'reduce'"),
    ("DeviceEvents | scan with (step s: true;)", "the operator 'scan'"),
    ("DeviceEvents | fork (take 1) (take 2)", "the operator 'fork'"),
    ("DeviceEvents | facet by FileName", "the operator 'facet'"),
    ("DeviceEvents | parse-kv FileName as (a: string)", "the operator 'parse-kv'"),
    ("DeviceEvents | evaluate autocluster()", "the plugin 'autocluster'"),
    ("print series_fir(dynamic([1]), dynamic([1]))", "the function 'series_fir'"),
    ("print hash('a')", "the function 'hash'"),
    ("print parse_user_agent('a', 'os')", "the function 'parse_user_agent'"),
    ("DeviceEvents | summarize hll(FileSize)", "hll"),
    ("externaldata(a: string) ['https://x.example'] | count", "'externaldata' reads data"),
    ("let x = externaldata(a: string) ['https://x.example']; x | count", "'externaldata' reads data"),
    ("DeviceEvents | where FileName in (externaldata(a: string) ['https://x.example'])", "'externaldata' reads data"),
    ("DeviceEvents | top-nested 1 of FileName with others = 'o' by count()", "'top-nested' with others"),
    ("DeviceEvents | partition by FileName {DeviceInfo}", "'partition' with a query in braces"),
    ("DeviceEvents | partition by FileName (join DeviceInfo on DeviceName)", "within 'partition'"),
    ("print indexof('abc', 'b', 0, 2)", "'indexof' with a length"),
    ("print format_ipv4('10.0.0.1', 24)", "'format_ipv4' with a prefix"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "what"), NAMED, ids=[query for query, _ in NAMED])
def test_what_the_engine_lacks_is_named(engine, query, what):
    said = refusal(engine, query)
    assert said.startswith("The emulator cannot run this query: ")
    assert what in said


SAID = [
    ("print foo(1)", "Unknown function: 'foo'"),
    ("DeviceEvents | extend x = ToUpper(FileName)", "Unknown function: 'ToUpper'"),
    ("DeviceEvents | invoke foo()", "Unknown function: 'foo'"),
    ("DeviceEvents | where FileSize == 'a'", "Cannot compare values of types long and string. Try adding explicit casts"),
    ("DeviceEvents | where Timestamp == 1h", "Cannot compare values of types datetime and timespan. Try adding explicit casts"),
    ("DeviceEvents | where DeviceName > 5", "The operator '>' is not defined for the operand types string and long"),
    ("DeviceEvents | where Timestamp < 5", "The operator '<' is not defined for the operand types datetime and long"),
    ("DeviceEvents | where FileSize has 'a'", "The operator 'has' is not defined for the operand types long and string"),
    ("print 'a' + 'b'", "The operator '+' is not defined for the operand types string and string"),
    ("DeviceEvents | extend p = prev(FileName)",
     "Function 'prev' cannot be invoked in current context. Details: the row set must be serialized"),
    ("print set_union(dynamic([1]))", "set_union(): function expects 2..64 argument(s)"),
    ("print extract('a', 1, 'a', 'long')", "typeof(): a type is expected here"),
    ("let f = (x: string) { DeviceEvents | where FileName == x }; f('a', 'b')", "f(): function expects 1 argument(s)"),
    ("let f = (x: string) { DeviceEvents | where FileName == x }; f()", "f(): function expects 1 argument(s)"),
    ("DeviceEvents | take FileSize", "'take' operator: expression must be a constant whole number"),
    ("DeviceEvents | where FileName matches regex '('", "The regular expression is not valid"),
    ("print d = dynamic({'a': 1}), a = 2 | evaluate bag_unpack(d)",
     "evaluate bag_unpack(): column 'a' already exists in the input"),
    ("print a = 1 | project-away a", "'project-away' operator: the resulting table has no columns"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "text"), SAID, ids=[query for query, _ in SAID])
def test_what_is_wrong_with_a_query_is_said(engine, query, text):
    said = refusal(engine, query)
    assert said == f"{text}. Fix semantic errors in your query."


def test_deep_nesting_is_answered_or_refused_but_never_fatal(engine):
    for depth in (60, 800):
        nested = "(" * depth + "1 == 1" + ")" * depth
        try:
            engine.run(f"DeviceEvents | where {nested} | count", now=NOW, alerts=[])
        except QueryRefused as refused:
            assert "Fix" in str(refused)  # noqa: PT017 - either is right
    assert engine.run("DeviceEvents | count", now=NOW, alerts=[]).rows == [{"Count": 5}]
