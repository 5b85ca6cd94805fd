"""Every table has exactly the columns of Microsoft's reference, and the engine shows them so."""

import hashlib
import json
from datetime import UTC, datetime

import pytest

from defender_emulator.hunting import HuntingEngine
from defender_emulator.hunting.schema import TABLES
from defender_emulator.hunting.store import Caps, Store

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
REFERENCE = "98b3d8100d869e658b3e7ccf3bd0a2cb5009df438e8004217cdfaec7ad097438"
"""SHA-256 over hunting-schema.json, made from Microsoft's pages and a tenant's `getschema` in 2026:
the JSON, keys sorted, of table name to pairs of column name and type."""


@pytest.fixture(scope="module")
def engine():
    engine = HuntingEngine([])
    yield engine
    engine.close()


def test_the_columns_are_those_of_the_reference():
    plain = {table: [list(column) for column in columns] for table, columns in TABLES.items()}
    assert len(plain) == 65
    assert sum(map(len, plain.values())) == 1618
    assert hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest() == REFERENCE


@pytest.mark.parametrize("table", sorted(TABLES))
def test_the_engine_shows_names_order_and_types(engine, table):
    query = f"{table} | getschema | sort by ColumnOrdinal asc | project ColumnName, ColumnType"
    rows = engine.run(query, now=NOW, alerts=[]).rows
    assert [(row["ColumnName"], row["ColumnType"]) for row in rows] == list(TABLES[table])
    assert engine.run(table, now=NOW, alerts=[]).schema == list(TABLES[table])


def test_two_spellings_in_one_table_are_two_columns(engine):
    query = "DeviceProcessEvents | where LogonId == 1 or LogonID == 2 | project LogonID, LogonId"
    assert engine.run(query, now=NOW, alerts=[]).schema == [
        ("LogonID", "long"),
        ("LogonId", "long"),
    ]


def test_the_database_prints_nothing_between_the_answers():
    store = Store(Caps(megabytes=100))
    (shown,) = store._db.execute("SELECT current_setting('enable_progress_bar')").fetchone() or ()
    store.close()
    assert shown is False
