import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from defender_emulator.hunting.literals import decode, encode, plain, tokens
from defender_emulator.hunting.refusals import QueryRefused
from defender_emulator.hunting.rewriting import rewritten

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT)
def test_a_literal_of_any_value_decodes_to_it(value):
    assert decode(encode(value)) == value


@given(TEXT)
def test_json_is_a_correct_literal_too(value):
    assert decode(json.dumps(value)) == value


@given(TEXT)
def test_rewriting_a_literal_keeps_its_value(value):
    literal = json.dumps(value)
    assert decode(plain(literal)) == value
    assert rewritten(f"print {literal} // done") == f"print {plain(literal)}  "


@given(st.text())
def test_tokens_are_all_of_the_text_or_a_refusal(text):
    try:
        assert "".join(token.text for token in tokens(text)) == text
    except QueryRefused:
        assert any(quote in text for quote in "\"'")


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        (r"'it\'s'", "it's"),
        (r'"a\tb\\c"', "a\tb\\c"),
        (r"'\a\b\f\n\r\v'", "\a\b\f\n\r\v"),
        (r"'\0\7\101\x41\u0041\U00000041'", "\0\x07AAAA"),
        (r"@'C:\new''s'", "C:\\new's"),
        (r'@"C:\new""s"', 'C:\\new"s'),
        (r'h"hidden\n"', "hidden\n"),
        (r"H@'c:\x'", "c:\\x"),
        ("```a\\n\n'b```", "a\\n\n'b"),
        ("~~~a```b~~~", "a```b"),
    ],
)
def test_each_form_of_literal(literal, value):
    assert decode(literal) == value
    assert [token.kind for token in tokens(literal)] == ["string"]


def test_known_escapes_and_verbatim_text_stay_as_written():
    for literal in (r"'a\n\t\\'", r'"\""', r"@'C:\Users'", "'plain'"):
        assert plain(literal) == literal


def test_words_are_rewritten_outside_of_text_only():
    query = "T | serialize | where b == '| serialize' // | serialize\n| mvexpand a"
    expected = (
        "T | serialize [\"*serialize*\"] = 1 | where b == '| serialize'  \n| mv-expand a limit 128 "
    )
    assert rewritten(query) == expected


def test_names_after_an_operator_are_kept_from_being_parameters():
    assert rewritten("T | make-series n = f(a) on b step 1") == (
        'T | make-series ["n"] = f(a) on b step 1'
    )
    assert rewritten("T | make-series kind = nonempty x") == "T | make-series kind = nonempty x"
    assert rewritten("let m = materialize(T); m") == "let m = (T); m"
    assert rewritten("let v = view () { T }; v") == "let v =  () { T }; v"


def test_old_aggregate_names_are_rewritten_where_they_are_called():
    assert (
        rewritten("T | summarize makeset = makeset (a)") == "T | summarize makeset = make_set (a)"
    )
    assert rewritten("T | project makelist") == "T | project makelist"
