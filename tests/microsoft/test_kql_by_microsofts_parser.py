"""The queries we build, read by Microsoft's own parser: no value changes what a query is."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from defender365.actions.hunting import plan_custom_query, plan_entity_query, plan_query
from defender365.actions.hunting_params import ExecuteCustomQuery, ExecuteEntityQuery, ExecuteQuery
from defender365.actions.outcome import Scope
from defender365.core import kql
from defender365.core.entities import HOST, IP, Entity
from defender365.core.errors import BadInput
from defender365.core.kql_check import check
from defender365.core.kql_text import OPERATORS, limited, tokens
from defender365.core.query_params import bound
from defender365.stores.hunts import builtin_schema, named_hunts
from tests.core.test_kql_check import GOOD
from tests.fakes import START
from tests.microsoft.parser import Parser, missing

pytestmark = pytest.mark.skipif(
    bool(missing()), reason=f"Microsoft's KQL parser was NOT asked: {missing()}."
)
MANY = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
HOSTILE = [
    '"', "\\", '\\"', "'", '" or 1 == 1 //', '") | take 1 //', "\n| take 1", "\r", "\u2028", "\u0085",
    "\x00", "```", "~~~", '@"', 'h"x"', "{}", "\u202e", "\ufeff", "\U0001f600", "%", "$left", "//",
]  # fmt: skip
VALUES = st.text() | st.sampled_from(HOSTILE) | st.text(alphabet="\"'\\|;()/\n\r`~@h ", max_size=12)


KNOWN = [text for text in GOOD if "FileProfile" not in text]
"""FileProfile is advanced hunting's own, and not the language's."""


@pytest.fixture(scope="module")
def parser():
    running = Parser(builtin_schema())
    yield running
    running.close()


def character(value: str) -> str:
    """A value as text can hold it: half a surrogate pair is none."""
    return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in value)


def shape(found) -> list[tuple[str, str]]:
    """Kinds of all tokens, and the text of all but string literals."""
    return [
        (t["kind"], "" if t["kind"] == "StringLiteralToken" else t["text"]) for t in found["tokens"]
    ]


def planned(value: str, **more: object) -> str:
    params = ExecuteEntityQuery(
        table_names="DeviceNetworkEvents", ip_entity_key="RemoteIP",
        hostname_entity_key="DeviceName", time_frame="Last Hour", **more,
    )  # fmt: skip
    scope = Scope(START, (Entity(HOST, value), Entity(IP, "10.0.0.1")))
    plan = plan_entity_query(params, scope)
    assert plan is not None
    return plan.query


@MANY
@given(VALUES, st.sampled_from(["AND", "OR"]))
@example("\ud800", "OR")
def test_any_value_is_exactly_one_literal_and_changes_no_token(parser, value, join):
    found = parser.ask(planned(value, cross_entity_operator=join))
    assert found["errors"] == []
    assert shape(found) == shape(parser.ask(planned("plain", cross_entity_operator=join)))
    assert sorted(found["literals"]) == sorted([character(value), "10.0.0.1"])


@MANY
@given(VALUES)
def test_any_parameter_is_exactly_one_literal(parser, value):
    found = parser.ask(bound("AlertInfo | where Title == a", [f"a={value}"]))
    assert found["errors"] == []
    assert found["literals"] == [character(value)]


WRONG = {
    "unescaped": lambda v: f'"{v}"',
    "quotes only": lambda v: '"' + v.replace('"', '\\"') + '"',
    "doubled": lambda v: '"' + v.replace('"', '""') + '"',
    "verbatim": lambda v: '@"' + v.replace('"', '""') + '"',
}


@pytest.mark.parametrize("way", WRONG)
def test_the_oracle_catches_quoting_that_is_wrong(parser, way):
    broken = WRONG[way]
    caught = 0
    for value in HOSTILE:
        found = parser.ask(f"AlertInfo | where Title == {broken(value)} | take 5")
        plain = parser.ask(f"AlertInfo | where Title == {broken('plain')} | take 5")
        wrong = found["literals"] != [value]
        caught += bool(found["errors"]) or wrong or shape(found) != shape(plain)
    assert caught


@pytest.mark.parametrize("frame", ["Last Hour", "Last Week", "Last Month"])
@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_a_query_of_tables_is_one_microsoft_accepts(parser, frame, order):
    for table in builtin_schema():
        params = ExecuteQuery(table_names=table, time_frame=frame, sort_order=order)
        assert parser.ask(plan_query(params, Scope(START)).query)["errors"] == [], table


@pytest.mark.parametrize("text", [*KNOWN, "AlertInfo | take 9 ;", "AlertInfo | count |"])
def test_a_limit_keeps_a_query_good(parser, text):
    query = plan_custom_query(ExecuteCustomQuery(query=text), Scope(START)).query
    assert parser.ask(query)["errors"] == []


@pytest.mark.parametrize("text", KNOWN)
def test_what_we_find_good_microsoft_accepts(parser, text):
    assert parser.ask(text)["errors"] == []


@pytest.mark.parametrize(
    "text",
    ["DeviceProcesEvents | take 1", "AlertInfo | where severity == 'x'", "AlertInfo | take 1 | foo",
     "AlertInfo | extend t = toloweer(Title)", "AlertInfo | where Title == 'x"],
)  # fmt: skip
def test_what_microsoft_refuses_we_tell_of_too(parser, text):
    assert parser.ask(text)["errors"]
    told = check(text, builtin_schema(), now=START)
    assert told or "| foo" in text


def test_the_hunts_of_the_library_are_ones_microsoft_accepts(parser, tmp_path):
    given_ = {"sender": "a@b.example", "file_hash": "00", "device": "x", "around": "2026-11-01"}
    for name, hunt in named_hunts(tmp_path, print).items():
        params = [f"{p.name}={given_[p.name]}" for p in hunt.params if p.default is None]
        assert parser.ask(bound(hunt.query, params, hunt.params))["errors"] == [], name


PIECES = st.sampled_from([
    '"a"', "'b'", '@"c\\"', "h'd'", "```e\n```", "// f\n", "name", "['x y']", "1", "1.5", "2d", "0x1f", "|", ";",
    "==", "=~", "!=", "!~", "..", "(", ")", "[", "]", "{", "}", ",", ":", "datetime(2026-01-01)", "time(1d)",
    "guid(x)", "long(1)", "in~", "!in~", "has", "mv-expand", "project-away", "<|", "=>", "$left", "\t", "\n", "-",
    "1e5", "1e+5", "10ms", "a-b", "_x", "@'y'", ".", "*", "%",
])  # fmt: skip


@MANY
@given(st.lists(PIECES, max_size=14).map(" ".join))
def test_our_tokens_are_microsofts(parser, text):
    try:
        ours = [token.text for token in tokens(text)]
    except BadInput:
        return
    theirs = [t["text"] for t in parser.ask(text)["tokens"] if t["text"]]
    assert "".join(ours) == "".join(theirs)
    assert _bounds(ours) >= _bounds(theirs) - _inside_words(theirs)


def _bounds(parts: list[str]) -> set[int]:
    found, at = set(), 0
    for part in parts:
        at += len(part)
        found.add(at)
    return found


def _inside_words(parts: list[str]) -> set[int]:
    """The places inside what we take as one token and Microsoft as several: `mv-expand`, `2d`."""
    joined, inside = "".join(parts), set()
    for word in (*OPERATORS, "in~", "!in~"):
        start = joined.find(word)
        while start >= 0:
            inside |= set(range(start, start + len(word)))
            start = joined.find(word, start + 1)
    return inside


@given(st.text(min_size=1, max_size=20))
def test_only_names_are_taken_as_names(value):
    try:
        kql.column(value)
    except kql.NotAName:
        return
    assert value.isidentifier()


def test_the_limit_is_put_where_microsoft_sees_it(parser):
    found = parser.ask(limited("let a = 'x | y; z'; AlertInfo | where Title == a // | take 1", 7))
    assert found["errors"] == []
    assert [t["text"] for t in found["tokens"] if t["text"]][-3:] == ["|", "take", "7"]
