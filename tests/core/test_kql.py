import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from defender365.core import kql
from defender365.core.errors import BadInput
from defender365.core.kql import NO_CONDITION, AnyOf, Between, NotAName, Source
from defender365.core.kql_text import QueryNotUnderstood
from defender365.core.timeframe import Instant

START = datetime(2026, 1, 1, tzinfo=UTC)
WITHIN = Between("Timestamp", START, START + timedelta(days=1))
WITHIN_KQL = (
    "Timestamp >= datetime(2026-01-01T00:00:00Z) and Timestamp < datetime(2026-01-02T00:00:00Z)"
)
A, B, C = AnyOf("A", ["1"]), AnyOf("B", ["2"]), AnyOf("C", ["3"])
CONDITIONS = st.recursive(
    st.sampled_from([A, B, C, WITHIN, NO_CONDITION]),
    lambda inner: st.tuples(inner, inner, st.booleans()).map(
        lambda pair: pair[0] & pair[1] if pair[2] else pair[0] | pair[1]
    ),
)


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ("", '""'),
        ("plain", '"plain"'),
        ('say "hi"', r'"say \"hi\""'),
        (r"C:\Windows\n", r'"C:\\Windows\\n"'),
        ("it's // not ; a | comment", '"it\'s // not ; a | comment"'),
        ("a\r\n\tb", r'"a\r\n\tb"'),
        ("\0\x07\x7f\x85", r'"\u0000\u0007\u007f\u0085"'),
        ("\u2028\u2029", r'"\u2028\u2029"'),
        ("abc\u202egpj.exe\ufeff", r'"abc\u202egpj.exe\ufeff"'),
        ("Größe 😀", '"Größe 😀"'),
        ("\ud800x\udfff", '"\ufffdx\ufffd"'),
    ],
)
def test_a_value_becomes_one_literal(value, literal):
    assert kql.string(value) == literal


@given(st.text(st.characters(codec=None)))
def test_a_literal_stands_for_its_value_and_can_be_sent(value):
    literal = kql.string(value)
    literal.encode()
    assert not set(literal) & set("\0\r\n\x85\u2028\u2029\u202e\ufeff")
    assert json.loads(literal) == "".join(
        "\ufffd" if "\ud800" <= char <= "\udfff" else char for char in value
    )


def test_an_instant_is_a_literal_in_utc_to_the_tick():
    berlin = timezone(timedelta(hours=1))
    moment = datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=berlin)
    assert kql.instant(moment) == "datetime(2026-01-02T02:04:05.123456Z)"
    assert kql.instant(Instant(moment, 7)) == "datetime(2026-01-02T02:04:05.1234567Z)"


def test_a_naive_datetime_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        kql.instant(datetime(2026, 1, 1))  # noqa: DTZ001 - a naive one is the point


@pytest.mark.parametrize("name", ["Timestamp", "_x1", "Title", "SHA256", "In", "x" * 1024])
def test_a_name_is_bare_where_it_can_be(name):
    assert kql.column(name) == kql.table(name) == name


@pytest.mark.parametrize("name", ["title", "in", "and", "count", "true", "where", "print", "set"])
def test_a_word_that_kql_reserves_is_quoted(name):
    assert kql.column(name) == kql.table(name) == f'["{name}"]'


@pytest.mark.parametrize(
    "name", ["", "1a", "a b", "a-b", "a.b", 'a"', "a|b", "a\n", "é", "$left", "['a']", "x" * 1025]
)
def test_what_is_no_name_is_refused_with_the_name_in_the_message(name):
    with pytest.raises(NotAName) as caught:
        kql.column(name)
    assert str(caught.value).startswith(f'"{name[:40]}')
    assert "is not a column name. A name has letters, digits and underscores" in str(caught.value)
    assert caught.value.value == name
    assert isinstance(caught.value, BadInput)
    with pytest.raises(NotAName, match="is not a table name"):
        kql.table(name)


def test_names_are_split_trimmed_and_each_told_once():
    assert kql.names(" AlertInfo,,AlertEvidence\r\nAlertInfo , title\n") == (
        "AlertInfo",
        "AlertEvidence",
        "title",
    )
    assert kql.names(" , \n") == ()


def test_names_are_checked():
    with pytest.raises(NotAName, match='"Alert Info" is not a table name'):
        kql.names("AlertEvidence, Alert Info", "table")


def test_one_value_is_compared_and_several_are_looked_up_in_any_case():
    assert AnyOf("DeviceName", ["h1"]).kql() == 'DeviceName =~ "h1"'
    assert AnyOf("DeviceName", ["h1", "h2", "h1"]).kql() == 'DeviceName in~ ("h1", "h2")'
    assert AnyOf("title", ['"']).kql() == r'["title"] =~ "\""'


@pytest.mark.parametrize("values", [[], (), "h1"])
def test_a_column_needs_a_list_of_values(values):
    with pytest.raises(ValueError, match="one or more values"):
        AnyOf("DeviceName", values)


def test_a_span_of_time_includes_its_start_and_its_end_only_if_told():
    assert WITHIN.kql() == WITHIN_KQL
    inclusive = Between("Timestamp", Instant(START, 1), START, includes_end=True)
    assert inclusive.kql() == (
        "Timestamp >= datetime(2026-01-01T00:00:00.0000001Z)"
        " and Timestamp <= datetime(2026-01-01T00:00:00Z)"
    )


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (A & B, 'A =~ "1" and B =~ "2"'),
        (A | B, 'A =~ "1" or B =~ "2"'),
        ((A | B) & C, '(A =~ "1" or B =~ "2") and C =~ "3"'),
        (A & (B | C), 'A =~ "1" and (B =~ "2" or C =~ "3")'),
        ((A & B) | C, 'A =~ "1" and B =~ "2" or C =~ "3"'),
        (A & B & C, 'A =~ "1" and B =~ "2" and C =~ "3"'),
        (A | WITHIN, f'A =~ "1" or {WITHIN_KQL}'),
        (WITHIN & A, f'{WITHIN_KQL} and A =~ "1"'),
        (NO_CONDITION, ""),
    ],
)
def test_conditions_combine_with_the_parentheses_they_need(condition, text):
    assert condition.kql() == text


@given(CONDITIONS, CONDITIONS, CONDITIONS)
def test_conditions_combine_by_structure(x, y, z):
    assert (x & y) & z == x & (y & z)
    assert (x | y) | z == x | (y | z)
    assert x & NO_CONDITION == NO_CONDITION & x == x == x | NO_CONDITION == x & x == x | x
    assert kql.all_of([x, y, z]) == x & y & z
    assert kql.any_of([x, y, z]) == x | y | z
    assert hash(x & y) == hash(x & y)


def test_no_conditions_are_no_condition():
    assert kql.all_of([]) == kql.any_of([]) == kql.all_of([NO_CONDITION]) == NO_CONDITION


def test_a_query_is_readable_one_operator_a_line():
    text = kql.query(
        [Source("AlertInfo", WITHIN)],
        where=[A | B, NO_CONDITION, C],
        user_pipe='Severity == "High" // only those\n| extend X = 1 ;',
        fields=["Title", "X", "Title", "title"],
        sort=("Timestamp", "ASC"),
        limit=50,
    )
    assert text.splitlines() == [
        "AlertInfo",
        f"| where {WITHIN_KQL}",
        '| where A =~ "1" or B =~ "2"',
        '| where C =~ "3"',
        '| where Severity == "High" // only those',
        "| extend X = 1",
        "| top 50 by Timestamp asc nulls last",
        '| project Title, X, ["title"]',
    ]


def test_without_an_order_rows_are_only_counted():
    assert kql.query(["AlertInfo"], limit=1) == "AlertInfo\n| take 1"


def test_several_tables_are_a_union_and_share_what_holds_for_all():
    assert kql.query(["A1", "B1", "A1"], limit=5) == "union A1, B1\n| take 5"
    assert kql.query([Source("A1", WITHIN), Source("B1", WITHIN)], limit=5) == (
        f"union A1, B1\n| where {WITHIN_KQL}\n| take 5"
    )


def test_each_table_of_a_union_can_have_its_own_condition():
    call = Between("ActivityTimestamp", START, START)
    text = kql.query(
        [Source("A1", WITHIN), Source("CallActivityEvents", call), "Timeless"], limit=5
    )
    assert text.splitlines() == [
        "union",
        f"    (A1 | where {WITHIN_KQL}),",
        f"    (CallActivityEvents | where {call.kql()}),",
        "    Timeless",
        "| take 5",
    ]


def test_a_render_moves_behind_order_limit_and_fields():
    text = kql.query(
        ["AlertInfo"],
        user_pipe="| where A | render timechart",
        fields=["A"],
        sort=("B", "desc"),
        limit=5,
    )
    assert text.splitlines() == [
        "AlertInfo",
        "| where A",
        "| top 5 by B desc nulls last",
        "| project A",
        "| render timechart",
    ]


def test_a_pipe_that_cannot_be_used_is_told():
    with pytest.raises(QueryNotUnderstood):
        kql.query(["AlertInfo"], user_pipe="where (A", limit=5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tables": []}, "one table or more"),
        ({"limit": 0}, "1 or more, not 0"),
        ({"limit": -5, "sort": ("A", "asc")}, "1 or more, not -5"),
        ({"sort": ("A", "up")}, 'asc or desc, not "up"'),
        ({"tables": ["A;B"]}, '"A;B" is not a table name'),
        ({"fields": ["A", "B | take 1"]}, '"B | take 1" is not a column name'),
        ({"sort": ("A desc", "asc")}, '"A desc" is not a column name'),
    ],
)
def test_what_makes_no_query_is_refused(changes, message):
    arguments = {"tables": ["AlertInfo"], "limit": 5, **changes}
    with pytest.raises(ValueError, match=message.replace("|", r"\|")):
        kql.query(arguments.pop("tables"), **arguments)
