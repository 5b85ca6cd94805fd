"""What we build and limit, read back by the published ANTLR grammar of KQL."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from antlr4 import InputStream  # type: ignore[import-untyped]
from duckdb_kql._antlr.KqlLexer import KqlLexer
from duckdb_kql.parser import parse
from hypothesis import example, given, settings
from hypothesis import strategies as st

from defender365.core import kql
from defender365.core.kql import AnyOf, Between, Source
from defender365.core.kql_text import limited, tokens

HOSTILE = st.text(st.characters(codec=None)) | st.lists(
    st.sampled_from(
        ['"', "'", "\\", "\n", "\r", "\u2028", "\0", "//", ";", "|", "| take 1", '"; T //', "```",
         "~~~", '@"', "h'", "(", ")", "{", "]", "\\u0022", "\\042", "\ud800", "\u202e", "é", "😀"]
    )
).map("".join)  # fmt: skip
RECENT = Between("Timestamp", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
TEMPLATES = {
    "one value": lambda value: kql.query(
        [Source("AlertInfo", RECENT)],
        where=[AnyOf("Title", [value])],
        fields=["title", "Title"],
        sort=("Timestamp", "asc"),
        limit=50,
    ),
    "several values and tables": lambda value: kql.query(
        [Source("AlertInfo", RECENT), "ExposureGraphNodes"],
        where=[AnyOf("A", ["fixed", f"{value}."]) | AnyOf("title", [f"{value}!"]) & RECENT],
        user_pipe='Title has "q" // comment\n| extend X = 1 // more',
        limit=50,
    ),
}


def shape(text: str) -> list[tuple[int, str]]:
    """The kinds of all tokens, and the texts of all but string literals."""
    lexer = KqlLexer(InputStream(text))
    literal = lexer.symbolicNames.index("STRINGLITERAL")
    return [
        (token.type, "" if token.type == literal else token.text) for token in lexer.getAllTokens()
    ]


def statements(text: str) -> list[tuple[str, list[str]]]:
    """Each statement's text, and the operators that follow its first."""
    query = parse(text).tree.query()
    return [(node.getText(), operators(node)) for node in query.statement()]


def operators(node: Any) -> list[str]:
    while type(node).__name__ != "PipeExpressionContext":
        if node.getChildCount() == 0 or type(node).__name__ == "LetStatementContext":
            return []
        node = node.getChild(0)
    return [piped.getText() for piped in node.pipedOperator()]


@pytest.mark.parametrize("template", TEMPLATES)
@settings(deadline=None)  # the grammar warms up on its first text
@given(value=HOSTILE)
def test_no_value_changes_what_a_query_does(template, value):
    build = TEMPLATES[template]
    text = build(value)
    parse(text)
    assert shape(text) == shape(build("benign"))
    ours = [(token.kind, token.text) for token in tokens(text) if token.kind != "string"]
    benign = tokens(build("benign"))
    assert ours == [(token.kind, token.text) for token in benign if token.kind != "string"]


@pytest.mark.parametrize("word", sorted(kql._RESERVED))
def test_a_reserved_word_is_a_name_wherever_we_write_one(word):
    text = kql.query(
        [Source(word, AnyOf(word, ["a", "b"])), Source("T", AnyOf(word, ["c"]))],
        where=[RECENT, AnyOf(word, ["d"])],
        fields=[word, "A"],
        sort=(word, "asc"),
        limit=5,
    )
    parse(text)
    parse(kql.query([word], limit=5))


STRINGS = st.sampled_from(
    ['"a | take 5"', "'x; y'", '@"C:\\dir\\"', "@'it''s; | render'", 'h"pw;|"', '"//no"', '"[({"',
     "```\n| take 1; // no\n```", "~~~ render ; ~~~", '"a" "b;"', '"\\"|"']
)  # fmt: skip
GAPS = st.sampled_from([" ", "\n", "\t", "// c\n", "// | take 3; render\n", '//"\n', " // '\r\n"])
OPERATORS = st.one_of(
    st.sampled_from(
        ["take 5", "count", "summarize count() by A", "where t > datetime(2020-01-01)",
         "mv-apply A on (take 1)", "where not(B)", "sort by A asc", "limit 7",
         'extend D = dynamic({"a": [1, "; |"]})']
    ),
    STRINGS.map("where A has {}".format),
    st.builds("join kind=inner ({}U | where x == {} | take 2{}) on A".format, GAPS, STRINGS, GAPS),
)  # fmt: skip
SOURCES = st.sampled_from(
    ["T", "union T, U", "union (T | take 3), U", "print a = 'x'", "(T | take 3)", "f(1)",
     "range x from 1 to 3 step 1", 'datatable(a:string)["|;"]', "['quoted|name']"]
)  # fmt: skip
LETS = st.one_of(
    st.sampled_from(
        ["let a = 5", "let T2 = U | take 5", "let f = (x:int) { T | take 3; }", "set notruncation",
         "let v = view () { T | take 1 }", 'let d = dynamic({"k": ";|"})']
    ),
    STRINGS.map("let s = {}".format),
)  # fmt: skip
RENDERS = st.sampled_from(["", "render timechart", "render barchart with (title='a | b; c')"])
ENDINGS = st.sampled_from(["", ";", "|", " | // end\n;", "// end", ";\n// end\n", "\n\n"])


@st.composite
def texts(draw) -> tuple[str, str]:
    """A clean query, and the same as people leave it."""
    gap = partial(draw, GAPS)
    parts = [gap() + let + gap() + ";" for let in draw(st.lists(LETS, max_size=2))]
    parts.append(gap() + draw(SOURCES))
    parts.extend(f"{gap()}|{gap()}{each}" for each in draw(st.lists(OPERATORS, max_size=3)))
    render = draw(RENDERS)
    if render:
        parts.append(f"{gap()}|{gap()}{render}")
    clean = "".join(parts)
    return clean, clean + draw(ENDINGS)


@settings(deadline=None)
@given(texts())
@example(("T | where A == 'x' // newest", "T | where A == 'x' // newest"))
def test_the_limit_is_in_the_last_statement_and_nothing_else_changes(pair):
    clean, typed = pair
    *before, (_, last) = statements(clean)
    *before_now, (_, last_now) = statements(limited(typed, 77))
    rendered = bool(last) and last[-1].startswith("|render")
    last.insert(len(last) - rendered, "|take77")
    assert before_now == before
    assert last_now == last
