import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from defender365.core.errors import BadInput
from defender365.core.kql_text import (
    QueryNotUnderstood,
    as_pipe,
    limited,
    tokens,
    without_render,
)


def kinds(text: str) -> list[tuple[str, str]]:
    return [(token.kind, token.text) for token in tokens(text)]


@pytest.mark.parametrize(
    "literal",
    [
        '"a | b"', "'a; b'", '""', "''", r'"\\ \" \' \a\b\f\n\r\t\v \0 \377 \x41 \u0041 \U00000041"',
        r"'it\'s'", '"it\'s"', r'@"C:\dir\"', '@"say ""hi"""', "@'it''s'", 'h"secret"', "H@'x\\'",
        "```a\n| take 1; // \"```", "~~~`\n~~~", "h```x```", "@~~~x~~~", '"\u2028\x0b"',
    ],
)  # fmt: skip
def test_every_kind_of_string_is_one_token(literal):
    assert kinds(f"a {literal}|b") == [
        ("name", "a"), ("string", literal), ("sign", "|"), ("name", "b"),
    ]  # fmt: skip


def test_strings_side_by_side_are_tokens_of_their_own():
    assert kinds("'a''b'\"c\"") == [("string", "'a'"), ("string", "'b'"), ("string", '"c"')]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a // b | c\nd", ["a", "d"]),
        ("a // b\rd", ["a", "d"]),
        ("a // b\u2028d//\u2029e", ["a", "d", "e"]),
        ("#directive\na", ["a"]),
        ("a/b", ["a", "/", "b"]),
        ("\ufeffa\u00a0b\u200b\t\f", ["a", "b"]),
        ("project-away a-b", ["project-away", "a", "-", "b"]),
        ("project-awayx", ["project", "-", "awayx"]),
        ("a in~ (b) !in~ c", ["a", "in~", "(", "b", ")", "!in~", "c"]),
        ("in~b", ["in", "~", "b"]),
        ("$left.a==$right.b", ["$left", ".", "a", "==", "$right", ".", "b"]),
        ("1.5 1e5 1e-5 1.e+5 0x1F 1.5h 1d", ["1.5", "1e5", "1e-5", "1.e+5", "0x1F", "1.5h", "1d"]),
        ("datetime(2026-01-01 | ;'), time (1)", ["datetime(2026-01-01 | ;')", ",", "time", "(", "1",
         ")"]),
        ("['a b']", ["[", "'a b'", "]"]),
        ("a<|b<=c<>d=>e=~f!~g!=h", ["a", "<|", "b", "<=", "c", "<>", "d", "=>", "e", "=~", "f", "!~",
         "g", "!=", "h"]),
        ("“x” & é", ["“", "x", "”", "&", "é"]),
        ("", []),
    ],
)  # fmt: skip
def test_a_text_is_read_as_microsofts_lexer_reads_it(text, found):
    assert [token.text for token in tokens(text)] == found


@given(st.text(alphabet="ab1 |;'\"`~@h\\/\n\u2028()[]{}.-=!<>") | st.text())
def test_tokens_are_the_text_without_what_means_nothing(text):
    found = []
    with contextlib.suppress(QueryNotUnderstood):
        found = tokens(text)
    end = 0
    for token in found:
        assert token.start >= end
        assert text[token.start : token.end] == token.text
        end = token.end


@pytest.mark.parametrize(
    ("text", "line", "column", "advice"),
    [
        ('T | where a == "x', 1, 16, 'Close it with "'),
        ("T\n| where a == 'x\n'", 2, 14, "Close it with '"),
        ('a\r\nb\r"C:\\dir"', 3, 1, "write each backslash twice, or put @"),
        ('@"a\\"" b', 1, 1, 'Close it with "'),
        ("T | where a == h@'x", 1, 16, "Close it with '"),
        ("x ```a", 1, 3, "Close it with ```"),
        ("x ~~~a~~", 1, 3, "Close it with ~~~"),
        ("T | where t > datetime(2026\n)", 1, 15, 'Close it with ")"'),
        ("T | where (a", 1, 11, 'Close it with ")"'),
        ("T | where a[0", 1, 12, 'Close it with "]"'),
        ("T | where a)", 1, 12, 'this ")" closes nothing'),
        ("T | where (a]", 1, 13, 'this "]" closes nothing'),
        ("let f = () { T", 1, 12, 'Close it with "}"'),
        ("", 1, 1, "there is no query"),
        (" // only a comment", 1, 1, "there is no query"),
        ("// c\n.show tables", 2, 1, "control commands are not available"),
        ("let a = 1;\nlet b = 2;\n", 3, 1, "nothing is asked for"),
        ("set notruncation", 1, 17, "nothing is asked for"),
        (";", 1, 2, "nothing is asked for"),
        (" | where a", 1, 2, "a query starts with a table"),
        ("let a = 1; |", 1, 12, "a query starts with a table"),
    ],
)
def test_what_cannot_be_limited_is_told_with_its_place_and_what_to_do(text, line, column, advice):
    with pytest.raises(QueryNotUnderstood) as caught:
        limited(text, 10)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert str(caught.value).startswith(f"Query, line {line}, column {column}: ")
    assert advice in str(caught.value)
    assert isinstance(caught.value, BadInput)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("T", "T\n| take 10"),
        ("T | take 500", "T | take 500\n| take 10"),
        ('T | where A has "a | take b"', 'T | where A has "a | take b"\n| take 10'),
        ('T | where A == "x" // newest first', 'T | where A == "x" // newest first\n| take 10'),
        ("let a = D | take 5; a | summarize count()",
         "let a = D | take 5; a | summarize count()\n| take 10"),
        ("D |", "D\n| take 10"),
        ("D | | // c\n|;", "D   // c\n| take 10"),
        ("T; // done\n", "T // done\n| take 10"),
        ("// first\nT", "// first\nT\n| take 10"),
        ("T | render timechart", "T\n| take 10\n| render timechart"),
        ("T // c\n| render piechart with (title='|')\n;", "T // c\n| take 10\n| render piechart with"
         " (title='|')"),
        ("T | where render == 1", "T | where render == 1\n| take 10"),
        ("T | where a has 'x| render y'", "T | where a has 'x| render y'\n| take 10"),
        ("T | mv-apply x on (take 1 | render table)",
         "T | mv-apply x on (take 1 | render table)\n| take 10"),
        ("let f = () { T | take 1; }; f()", "let f = () { T | take 1; }; f()\n| take 10"),
        ("A | take 1; B", "A | take 1; B\n| take 10"),
        ("T | take 3 |; let b = 1;", "T | take 3\n| take 10\n; let b = 1"),
        ("set a; declare query_parameters(p:int=1); T", "set a; declare query_parameters(p:int=1); T"
         "\n| take 10"),
        ("print x = 1", "print x = 1\n| take 10"),
        ("T | where a == 1 //\u2028", "T | where a == 1 //\n| take 10"),
        ('["print"]', '["print"]\n| take 10'),
    ],
)  # fmt: skip
def test_the_limit_goes_behind_the_last_tabular_statement_and_before_its_render(text, sent):
    assert limited(text, 10) == sent


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_is_one_or_more(limit):
    with pytest.raises(ValueError, match="1 or more"):
        limited("T", limit)


def test_a_long_text_is_read_in_one_go():
    deep = "(" * 100_000 + ")" * 100_000
    assert limited(f"T | where {deep}", 1).endswith("\n| take 1")
    assert limited("T" + " | where a == 'x'" * 10_000, 1).endswith("\n| take 1")
    for ending in ('"' + "a" * 500_000, "```" + "`` " * 150_000, "h@'" + "''" * 250_000):
        with pytest.raises(QueryNotUnderstood):
            limited(ending, 1)


@pytest.mark.parametrize(
    ("text", "pipe"),
    [
        ("", ""),
        (" // nothing\n", ""),
        (" | ", ""),
        (";", ""),
        ("| where A == 1", "| where A == 1"),
        ("|where A == 1\n| project A", "| where A == 1\n| project A"),
        ("where A == 1", "| where A == 1"),
        ("project-away A", "| project-away A"),
        ("count", "| count"),
        (
            'DeviceName == "x" | project DeviceName',
            '| where DeviceName == "x" | project DeviceName',
        ),
        ("not(A) and (B)", "| where not(A) and (B)"),
        ("IsActive | take 1", "| where IsActive | take 1"),
        ("Where == 1", None),
        ("// why\n| where A // because\n| where B // done", "| where A // because\n| where B"),
        ("where A |", "| where A"),
        ("| where A; // end", "| where A"),
        ("|| where A | ;", "| where A"),
        ('["title"] == "x"', '| where ["title"] == "x"'),
        ("where A | | where B", "| where A | | where B"),
    ],
)
def test_a_pipe_is_completed(text, pipe):
    if pipe is None:
        with pytest.raises(QueryNotUnderstood, match="small letters: where"):
            as_pipe(text)
    else:
        assert as_pipe(text) == pipe


@pytest.mark.parametrize(
    ("text", "line", "column", "advice"),
    [
        ("where A; B", 1, 10, "a second statement starts here"),
        ("where A;\nT | take 1", 2, 1, 'Use "Execute Custom Query"'),
        ("let a = 1; where A == a", 1, 12, "a second statement starts here"),
        ("let a = 1", 1, 1, "a second statement starts here"),
        ("where (A", 1, 7, 'Close it with ")"'),
        ("where A) | take 1", 1, 8, "closes nothing"),
        ('where A == "x', 1, 12, "not closed"),
        (".drop table T", 1, 1, "control commands"),
        ("AlertInfo", 1, 1, 'AlertInfo is a table. Name it in "Table Names"'),
        ("AlertInfo | where A", 1, 1, 'AlertInfo is a table. Name it in "Table Names"'),
        ("WHERE A", 1, 1, "operators are written in small letters: where."),
        ("where A | Project B", 1, 11, "operators are written in small letters: project."),
    ],
)
def test_what_is_no_pipe_is_told_with_its_place_and_what_to_do(text, line, column, advice):
    with pytest.raises(QueryNotUnderstood) as caught:
        as_pipe(text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert advice in str(caught.value)


@pytest.mark.parametrize(
    ("pipe", "parts"),
    [
        ("", ("", "")),
        ("| where A", ("| where A", "")),
        ("| where A\n| render table", ("| where A", "| render table")),
        ("| render table", ("", "| render table")),
        (
            "| mv-apply x on (take 1 | render table)",
            ("| mv-apply x on (take 1 | render table)", ""),
        ),
    ],
)
def test_a_render_is_taken_from_the_end_of_a_pipe(pipe, parts):
    assert without_render(pipe) == parts


@given(st.text(alphabet="aT |;'\"`~@\\/\n\u2028()[]{}.where"))
def test_any_text_is_a_pipe_or_is_not_understood(text):
    try:
        pipe = as_pipe(text)
    except QueryNotUnderstood:
        return
    assert pipe == "" or pipe.startswith("| ")
    if "| |" not in pipe and "||" not in pipe:
        assert as_pipe(pipe) == pipe
