"""Parameters of a hunt become literals."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from defender365.core.errors import BadInput
from defender365.core.kql_text import tokens
from defender365.core.named_hunts import read_hunt
from defender365.core.query_params import KINDS, QueryParam, bound


@pytest.mark.parametrize(
    ("given_", "line"),
    [
        ("a=x", 'let a = "x";'),
        ('a=x" or 1 == 1 //', 'let a = "x\\" or 1 == 1 //";'),
        ("a=", 'let a = "";'),
        ("a=b=c", 'let a = "b=c";'),
        ("a:long=-7", "let a = long(-7);"),
        ("a:real=1.5e3", "let a = real(1.5e3);"),
        ("a:bool=TRUE", "let a = true;"),
        ("a:timespan=15m", "let a = 15m;"),
        ("a:datetime=2026-01-02T03:04:05+02:00", "let a = datetime(2026-01-02T01:04:05Z);"),
        ("a:list=x, y", 'let a = dynamic(["x", "y"]);'),
        ('a:list=["x, y", 3]', 'let a = dynamic(["x, y", 3]);'),
        ("a:long=9223372036854775807", "let a = long(9223372036854775807);"),
        ("a:timespan=-1.02:30:00", "let a = timespan(-1.02:30:00);"),
        ("a:timespan=-7d", "let a = -7d;"),
        ("where=x", 'let ["where"] = "x";'),
    ],
)
def test_a_parameter_is_bound_before_the_query(given_, line):
    assert bound("T | take 1", [given_]) == f"{line}\nT | take 1"


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        ("a", "written name=value"),
        ("=x", "written name=value"),
        ("a b=x", "not a column name"),
        ("a:colour=x", "a type is one of string, long"),
        ("a:long=1 or 1", '"a" must be a long, not "1 or 1"'),
        ("a:long=" + "9" * 40, "must be a long"),
        ("a:real=nan", "must be a real"),
        ("a:bool=1", "must be a bool"),
        ("a:timespan=7d) or (1", "must be a timespan"),
        ("a:datetime=soon", "must be a datetime"),
        ('a:list=[{"x": 1}]', "must be a list"),
        ("a:list=[half", "must be a list"),
        ("a:list=[NaN]", "must be a list"),
        ("a:long=9223372036854775808", "must be a long"),
        ("a:long=\u0661", "must be a long"),
    ],
)
def test_what_is_no_value_of_its_type_is_told(given_, words):
    with pytest.raises(BadInput, match=words.replace("(", "\\(")):
        bound("T", [given_])


@given(st.sampled_from(sorted(KINDS)), st.text(max_size=40))
@example("long", "0\x1f")
def test_no_value_leaves_its_literal(kind, value):
    try:
        text = bound("T | take 1", [f"a:{kind}={value}"])
    except BadInput:
        return
    plain = bound("T | take 1", ["a=x"])
    found, expected = tokens(text), tokens(plain)
    assert [t.text for t in found[:3]] == ["let", "a", "="]
    assert [t.text for t in found[-4:]] == [t.text for t in expected[-4:]]
    statement = [t for t in found if t.start < text.index("\nT | take 1")]
    assert sum(t.is_sign(";") for t in statement) == 1
    if kind == "string":
        assert len(statement) == 5
        assert json.loads(statement[3].text) == value.encode("utf-8", "replace").decode()


def test_declared_parameters_have_types_and_defaults():
    declared = [QueryParam("name"), QueryParam("since", "timespan", "7d")]
    assert bound("T", ["name=x"], declared) == 'let since = 7d;\nlet name = "x";\nT'
    assert "let since = 1h;" in bound("T", ["name=x", "since=1h"], declared)
    with pytest.raises(BadInput, match="The hunt needs name: give --param name=VALUE"):
        bound("T", [], declared)
    with pytest.raises(BadInput, match='There is no parameter "nam"; there are name, since'):
        bound("T", ["nam=x"], declared)


HUNT = """// title: A title
// technique: T1059.001, T1027
// description: What it
// description: finds.
// param: name  whose
// param: since:timespan = 7d  how far back
T | where Name == name
"""


def test_a_hunts_first_lines_say_what_it_is():
    hunt = read_hunt("h", HUNT)
    assert (hunt.title, hunt.techniques) == ("A title", ("T1059.001", "T1027"))
    assert hunt.description == "What it finds."
    assert hunt.params == (
        QueryParam("name", description="whose"),
        QueryParam("since", "timespan", "7d", "how far back"),
    )
    assert hunt.query == HUNT


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("T | take 1", 'has no line "// title: …"'),
        ("// title: x\n// technique: Phishing", '"Phishing" is no MITRE ATT&CK technique'),
        ("// title: x\n// param: a:colour", "with a type of string"),
        ("// title: x\n// param: two words = x", 'is not "name:type = default  words"'),
    ],
)
def test_a_bad_hunt_is_told(text, words):
    with pytest.raises(BadInput, match=words):
        read_hunt("h", text)
