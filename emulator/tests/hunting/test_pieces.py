import io
import math
import resource
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from defender_emulator.hunting import (
    QueryPreempted,
    QueryRefused,
    QueryTimedOut,
    QueryTooBig,
    child,
    values,
)
from defender_emulator.hunting.alert_rows import alert_info, devices_of, entity_row
from defender_emulator.hunting.pipes import receive, send
from defender_emulator.hunting.schema import (
    FIRST_SPELLING,
    TABLES,
    held_as,
    held_columns,
    marked,
    time_column,
    unmarked,
)
from defender_emulator.hunting.store import Caps, Store
from defender_emulator.scenarios import evidence

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
WINDOW = (NOW - timedelta(days=30), NOW)


@pytest.fixture(scope="module")
def store():
    store = Store(Caps(megabytes=100))
    yield store
    store.close()


def test_there_are_65_tables_and_every_type_can_be_held():
    assert len(TABLES) == 65
    assert {kind for columns in TABLES.values() for _, kind in columns} == {
        "string", "datetime", "long", "int", "bool", "real", "guid", "dynamic",
    }  # fmt: skip


def test_no_table_has_two_columns_that_differ_in_case_only():
    for columns in held_columns().values():
        assert len({name.casefold() for name in columns}) == len(columns)


def test_another_spelling_is_marked_and_the_mark_comes_off_again():
    assert held_as("DeviceName") == "DeviceName"
    other = {"ResourceId", "ResourceID"} - {FIRST_SPELLING["resourceid"]}
    name = other.pop()
    assert held_as(name) != name
    assert unmarked(f"a {held_as(name)} b {marked('x', 12)}") == f"a {name} b x"


def test_tables_with_history_have_a_time_column():
    assert time_column("AlertInfo") == "Timestamp"
    assert time_column("CallActivityEvents") == "ActivityTimestamp"
    assert time_column("ExposureGraphNodes") is None


@pytest.mark.parametrize(
    ("stored", "kind"),
    [
        ("VARCHAR", "string"),
        ("HUGEINT", "long"),
        ("DECIMAL(18,3)", "decimal"),
        ("VARCHAR[]", "dynamic"),
        ("STRUCT(a INTEGER)", "dynamic"),
        ("TIMESTAMP", "datetime"),
        ("INTERVAL", "timespan"),
        ("BLOB", "string"),
    ],
)
def test_types_are_named_as_in_kql(stored, kind):
    assert values.kql_type(stored) == kind


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("string", None, ""),
        ("long", None, None),
        ("long", 5, 5),
        ("bool", True, True),
        ("datetime", 17_673_231_451_200_000, "2026-01-02T03:05:45.12Z"),
        ("datetime", -1, "1969-12-31T23:59:59.9999999Z"),
        ("datetime", -621_355_968_000_000_000, "0001-01-01T00:00:00Z"),
        ("datetime", 4_000_000_000_000_000_000, None),
        ("real", math.nan, "NaN"),
        ("real", math.inf, "Infinity"),
        ("real", -math.inf, "-Infinity"),
        ("decimal", Decimal("1.5"), 1.5),
        ("guid", UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ("dynamic", ["a", 1], '["a",1]'),
        ("dynamic", '{"a":1}', '{"a":1}'),
        ("dynamic", '"text"', "text"),
        ("timespan", 0, "00:00:00"),
        ("timespan", -936_005_000_001, "-1.02:00:00.5000001"),
    ],
)
def test_values_are_shown_as_json_carries_them(kind, value, shown):
    assert values.shown_as(kind, value) == shown


@given(st.lists(st.dictionaries(st.text(), st.integers() | st.text()), max_size=4))
def test_messages_arrive_as_they_were_sent(messages):
    pipe = io.BytesIO()
    for message in messages:
        send(pipe, message)
    pipe.seek(0)
    assert [receive(pipe) for _ in messages] == messages
    assert receive(pipe) is None


def test_a_message_that_is_cut_off_is_none():
    pipe = io.BytesIO()
    send(pipe, {"a": "b"})
    assert receive(io.BytesIO(pipe.getvalue()[:-1])) is None


def test_the_store_reaches_no_file_and_no_setting(store):
    for sql in (
        "SELECT * FROM '/etc/hosts'",
        "SELECT * FROM read_text('/etc/hosts')",
        "COPY (SELECT 1) TO '/tmp/out.csv'",
        "ATTACH '/tmp/other.db'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "LOAD httpfs",
    ):
        with pytest.raises(duckdb.Error):
            store._db.execute(sql)


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("SELECT nothing", "The emulator cannot run this query: an expression in it cannot be"),
        (
            "SELECT CASE WHEN true THEN 1::DATE ELSE INTERVAL 1 HOUR END",
            "The expression mixes types",
        ),
        ("SELECT uuid() < 1::BIGINT", "Cannot compare values of types guid and long. Try adding"),
        ("SELECT abs(INTERVAL 1 HOUR)", "'abs' does not take arguments of the types timespan"),
        ("SELECT 'x'::BIGINT", "A value cannot be converted to the type it is compared"),
        ("SELECT regexp_matches('a', '(')", "The regular expression is not valid"),
    ],
)
def test_what_the_database_refuses_is_said_in_words_of_the_language(store, sql, text):
    with pytest.raises(QueryRefused) as refused:
        store.run(sql, {})
    assert str(refused.value).startswith(text)
    assert str(refused.value).endswith(". Fix semantic errors in your query.")
    assert "Error" not in str(refused.value)


def test_the_store_says_when_memory_is_short(store):
    sql = "SELECT list(repeat('x', 100) || r) FROM range(5000000) t(r)"
    with pytest.raises(QueryPreempted):
        store.run(sql, {})


def test_the_store_hands_out_no_more_than_its_caps():
    store = Store(Caps(rows=3, megabytes=100))
    with pytest.raises(QueryTooBig):
        store.run("SELECT * FROM range(4)", {})
    store.close()


def test_an_interrupted_query_timed_out(store):
    answering = child.Answering(store, 0.05)
    endless = (
        "range x from 1 to 1000000 step 1 | extend k = 1 | join kind=inner"
        " (range y from 1 to 1000000 step 1 | extend k = 1) on k | summarize sum(x + y)"
    )
    times = [NOW.isoformat()] * 3
    assert answering.answer({"query": endless, "times": times}) == {
        "failed": QueryTimedOut.__name__, "text": "",
    }  # fmt: skip


def test_rows_are_inserted_forgotten_and_asked_for(store):
    answering = child.Answering(store, 10)
    rows = (
        '[{"AlertId": "a", "Timestamp": "2026-03-10T11:00:00Z", "Title": null}, {"AlertId": "b"}]'
    )
    columns = ["Timestamp", "AlertId", "Title"]
    assert answering.answer({"insert": [["AlertInfo", columns, rows]]}) == {"done": True}
    times = [moment.isoformat() for moment in (NOW, *WINDOW)]
    query = {"query": "AlertInfo | project AlertId, Title, Category", "times": times}
    assert answering.answer(query)["rows"] == '[{"AlertId": "a", "Title": "", "Category": ""}]'
    assert answering.answer({"forget": ["a"]}) == {"done": True}
    assert answering.answer(query)["rows"] == "[]"


def test_evidence_rows_are_joined_from_heads_and_entities(store):
    answering = child.Answering(store, 10)
    heads = (
        ["Timestamp", "AlertId"],
        '[{"n": 0, "AlertId": "h", "Timestamp": "2026-03-10T11:00:00Z"}]',
    )
    entities = ["EntityType", "FileSize"], '[{"n": 0, "EntityType": "File", "FileSize": 9}]'
    assert answering.answer({"evidence": [heads, entities, "[[0, 0]]"]}) == {"done": True}
    times = [moment.isoformat() for moment in (NOW, *WINDOW)]
    query = "AlertEvidence | project AlertId, EntityType, FileSize"
    rows = answering.answer({"query": query, "times": times})["rows"]
    assert rows == '[{"AlertId": "h", "EntityType": "File", "FileSize": 9}]'


def test_running_out_of_memory_in_python_is_a_preemption(store, monkeypatch):
    def exhausted(*_):
        raise MemoryError

    monkeypatch.setattr(store, "forget", exhausted)
    assert child.Answering(store, 1).answer({"forget": []})["failed"] == "QueryPreempted"


def test_serving_answers_until_the_pipe_ends(store):
    inward, outward = io.BytesIO(), io.BytesIO()
    times = [moment.isoformat() for moment in (NOW, *WINDOW)]
    for query in ("print 1", "oops"):
        send(inward, {"query": query, "times": times})
    inward.seek(0)
    child.serve(inward, outward, child.Answering(store, 10))
    outward.seek(0)
    assert receive(outward) == {"columns": [["print_0", "long"]], "rows": '[{"print_0": 1}]'}
    failed = receive(outward)
    assert failed is not None
    assert failed["failed"] == "QueryRefused"


@pytest.mark.parametrize("refusal", [ValueError, OSError, None])
def test_memory_is_limited_where_the_system_takes_the_limit(monkeypatch, refusal):
    asked = []

    def setrlimit(what, limits):
        asked.append((what, limits))
        if refusal:
            raise refusal

    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    child.limit_memory(64)
    assert asked == [(resource.RLIMIT_AS, (64 * 2**20, 64 * 2**20))]


def rows_of(alert):
    return [entity_row(e, devices_of(alert)) for e in alert["evidence"] or ()]


def test_an_alert_of_nulls_still_has_rows():
    alert = {"id": "x", "severity": None, "evidence": None, "mitreTechniques": None}
    assert alert_info(alert, NOW)["Severity"] == ""
    assert alert_info(alert, NOW)["Timestamp"] == NOW.isoformat()
    assert rows_of(alert) == []


def test_every_evidence_type_becomes_a_row_of_known_columns():
    alert = {"id": "x", "severity": "low", "evidence": list(evidence.examples().values())}
    rows = rows_of(alert)
    assert len(rows) == 48
    assert {name for row in rows for name in row} <= {name for name, _ in TABLES["AlertEvidence"]}
    assert all(row["EntityType"] for row in rows)


def test_things_on_a_device_name_it():
    device = {**evidence.examples()["deviceEvidence"], "mdeDeviceId": "d1", "deviceDnsName": "host"}
    on, off = ({**evidence.examples()["fileEvidence"], "mdeDeviceId": i} for i in ("d1", "d2"))
    loose = {**evidence.examples()["fileEvidence"], "mdeDeviceId": None}
    rows = rows_of({"id": "x", "evidence": [device, on, off, loose]})
    assert [row.get("DeviceName") for row in rows] == ["host", "host", None, "host"]


def test_an_attacker_is_related_and_a_victim_impacted():
    user = evidence.examples()["userEvidence"]
    both = [{**user, "roles": ["attacker"]}, {**user, "roles": []}]
    rows = rows_of({"id": "x", "evidence": both})
    assert [row["EvidenceRole"] for row in rows] == ["Related", "Impacted"]
