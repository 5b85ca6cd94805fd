"""Our columns, and what we refuse, held against Microsoft's own language service.

Every query with an answer by hand has the columns, types and order that it says; what it refuses is
refused here. Where they differ, the reason is written down. It is asked where Node is, and skipped
loudly where not.
"""

import pytest
from emulator.tests.hunting.answers import NOW, ROWS
from emulator.tests.hunting.test_answers import HAND, Inside
from emulator.tests.hunting.test_rules import RULES

from defender_emulator.hunting import HuntingEngine, QueryRefused
from defender_emulator.hunting.schema import TABLES
from tests.microsoft.parser import Parser, missing

pytestmark = pytest.mark.skipif(
    bool(missing()), reason=f"Microsoft's KQL parser was NOT asked: {missing()}."
)
OWN_TO_DEFENDER = ("FileProfile", "AssignedIPAddresses", "DeviceFromIP", "SeenBy")
"""Functions of advanced hunting, which the language service does not know."""
UNKNOWN_TO_IT = ("bag_unpack", "pivot")
"""Plugins whose columns depend on the rows."""
DIFFERS = {
    "d.a[-1]": "a service was seen to name it d_a__1, the language service d_a_",
    "array_sort_asc(make_set(s))": "a service was seen to name it array0_sorted",
    "jaccard_index": "its page says real",
    "prev(toupper(a))": "where p is read as a word of `partition` by the parser only",
    "(r: (*)": "columns of a table parameter are known when it is called",
    "in ((materialize": "a service takes the brackets",
    "bag_keys(dynamic([1]))": "a literal of another kind: null, not an error",
    "array_length(dynamic({'a': 1}))": "the same",
    "array_sort_asc(dynamic('x'))": "the same",
    "bag_remove_keys(dynamic([1])": "the same",
    "print k = dynamic(": "of a literal it knows that it is a bag; of a column it takes all of these",
    "limit = 5 | mvexpand": "a column called limit, which its parser takes for the word",
    "V*": "the page of `let` says that a wildcard finds views",
    "search in (U) 'x' and not('q')": "a term alone stands for a test",
    "find in (T, U) where b == 5": "the page of `find` says what pack_ holds",
    "make_datetime(2017, 10, 1, 12, 11, 10.1234567)": "the page's own example",
    "make_timespan(1, 12, 30, 55.123)": "the page's own example",
}
QUERIES = list(dict.fromkeys([query for query, _ in HAND] + [query for query, *_ in RULES]))
COLUMNS = {
    "b": "bool", "dt": "datetime", "d": "dynamic", "g": "guid", "i": "int", "l": "long", "r": "real",
    "s": "string", "ts": "timespan", "de": "decimal",
}  # fmt: skip
_ONE = (
    f"let T = datatable({', '.join(f'{n}: {k}' for n, k in COLUMNS.items())})[true, datetime(2026-01-01),"
    " dynamic({'a': 1}), guid(5f0c2d3e-0000-4000-8000-000000000001), 1, 2, 2.5, 'x', 1h, decimal(1.5)]; T"
)
OPERATORS = ("<", ">=", "+", "/", "and", "has", "=~", "matches regex", "between")


@pytest.fixture(scope="module")
def microsoft():
    running = Parser({table: dict(columns) for table, columns in TABLES.items()})
    yield running
    running.close()


@pytest.fixture(scope="module")
def engine():
    running = HuntingEngine(ROWS, start=Inside)
    yield running
    running.close()


def answered(engine: HuntingEngine, query: str) -> list[list[str]] | None:
    """The columns and their types, or None for a query that is refused."""
    try:
        return [list(column) for column in engine.run(query, now=NOW, alerts=[]).schema]
    except QueryRefused:
        return None


def differs(query: str) -> bool:
    words = (*OWN_TO_DEFENDER, *UNKNOWN_TO_IT, *DIFFERS)
    return any(word in query for word in words)


def test_the_columns_are_those_of_the_language_service(microsoft, engine):
    asked = [query for query in QUERIES if not differs(query)]
    wrong = []
    for query in asked:
        told, ours = microsoft.ask(query), answered(engine, query)
        if told["errors"] or ours != told["columns"]:
            wrong.append((query, told["errors"] or told["columns"], ours))
    assert wrong == []
    assert len(asked) >= 640


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_operator_that_is_not_defined_is_refused(microsoft, engine, operator):
    refused = 0
    for left in COLUMNS:
        for right in COLUMNS:
            value = f"({right} .. {right})" if operator == "between" else right
            query = f"{_ONE} | project x = {left} {operator} {value}"
            if microsoft.ask(query)["errors"]:
                refused += 1
                assert answered(engine, query) is None, query
    assert refused > 0


FUNCTIONS = """
abs array_index_of array_length array_sort_asc bag_has_key bag_keys bag_remove_keys base64_encode_tostring
binary_and binary_not bin ceiling coalesce cos dayofmonth dayofweek dayofyear endofday endofmonth
format_datetime getmonth getyear hash_md5 hash_sha256 hourofday isfinite isinf isnan ipv6_is_match
jaccard_index log max_of min_of monthofyear not parse_json parse_path parse_url round set_difference
set_intersect set_union sign sqrt startofday startofweek strlen substring tan todynamic toguid tohex
tolower trim unixtime_seconds_todatetime url_decode url_encode week_of_year
"""
AGGREGATES = (
    "avg count_distinct countif dcount make_bag max min percentile stdev sum arg_max make_list"
)
MORE = {
    "array_index_of": ", 1", "bag_has_key": ", 'a'", "bag_remove_keys": ", dynamic(['a'])", "binary_and": ", 1",
    "bin": ", 1", "format_datetime": ", 'yyyy'", "ipv6_is_match": ", '::1'", "jaccard_index": ", d",
    "set_difference": ", d", "set_intersect": ", d", "set_union": ", d", "substring": ", 1", "percentile": ", 50",
    "arg_max": ", s",
}  # fmt: skip


@pytest.mark.parametrize("name", [*FUNCTIONS.split(), *AGGREGATES.split()])
def test_an_argument_of_a_type_that_a_function_does_not_take_is_refused(microsoft, engine, name):
    verb = "summarize" if name in AGGREGATES.split() else "project"
    for column in COLUMNS:
        call = f"{name}({column}{MORE.get(name, '')})"
        if name in ("coalesce", "max_of", "min_of"):
            call = f"{name}({column}, l)"
        if name == "trim":
            call = f"trim('x', {column})"
        query = f"{_ONE} | {verb} x = {call}"
        if microsoft.ask(query)["errors"]:
            assert answered(engine, query) is None, query
