import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from defender365.api.records import Collection
from defender365.core.errors import NotJson

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def cut(data: bytes, size: int):
    return (data[i : i + size] for i in range(0, len(data), size))


@given(
    st.lists(json_values, max_size=6), st.integers(1, 50), st.booleans(), st.sampled_from([None, 1])
)
def test_records_are_those_of_a_whole_parse_however_the_bytes_are_cut(
    records, size, ascii_only, indent
):
    page = {"@odata.context": "c", "value": records, "@odata.nextLink": "next", "n": 12}
    data = json.dumps(page, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "replace")
    found = Collection(cut(data, size))
    assert list(found) == json.loads(data)["value"]
    assert found.next_link == "next"
    assert found.fields["n"] == 12


def test_a_record_larger_than_the_window_is_read():
    page = json.dumps({"value": [{"x": "y" * 1_000_000}, 2]}).encode()
    assert [type(r) for r in Collection(cut(page, 65536))] == [dict, int]


def test_whole_records_before_a_break_are_given_and_then_the_break_is_told():
    data = json.dumps({"value": [{"a": 1}, {"b": 2}]}).encode()
    found = iter(Collection([data[:-6]]))
    assert next(found) == {"a": 1}
    with pytest.raises(NotJson, match="breaks off"):
        next(found)


@given(st.integers(0, 60))
def test_an_answer_cut_anywhere_is_never_taken_for_a_whole_one(end):
    data = json.dumps({"value": [{"a": 1}, {"b": [2, 3]}], "@odata.nextLink": "n"}).encode()
    with pytest.raises(NotJson):
        list(Collection([data[: min(end, len(data) - 1)]]))


@pytest.mark.parametrize("text", ["<html>", "[1]", '{"value": [1 2]}', '{"value"; 1}', "[" * 9])
def test_what_is_no_list_of_records_is_told(text):
    with pytest.raises(NotJson):
        list(Collection([text.encode()]))


def test_json_nested_beyond_reason_is_told():
    with pytest.raises(NotJson, match="cannot be read"):
        list(Collection([b'{"value": [' + b"[" * 200_000]))
    with pytest.raises(NotJson, match="cannot be read"):
        list(Collection([b'{"value": [' + b"1" * 9_000 + b"]}"]))


def test_a_page_without_records_is_empty():
    assert list(Collection([b"{}"])) == []
    assert list(Collection([b' {"value": []} '])) == []
    found = Collection([b'{"value": null, "@odata.nextLink": 5}'])
    assert list(found) == []
    assert found.next_link == ""


def test_a_byte_order_mark_and_broken_bytes_do_not_stop_the_reading():
    assert list(Collection([b'\xef\xbb\xbf{"value": ["a\xff"]}'])) == ["a\ufffd"]


def test_closing_lets_the_source_go():
    closed = []

    def chunks():
        try:
            yield b'{"value": [1, '
            yield b"2]}"
        finally:
            closed.append(True)

    found = Collection(chunks())
    assert next(iter(found)) == 1
    found.close()
    assert closed == [True]
    Collection([b"{}"]).close()


ROW = st.fixed_dictionaries(
    {"a": st.text() | st.just("},{") | st.just('"},{"'), "b": st.integers() | st.none()},
    optional={"c": st.lists(st.fixed_dictionaries({"d": st.text(max_size=3)}), max_size=2)},
)


@given(st.lists(ROW, max_size=30), st.integers(1, 400), st.booleans(), st.booleans())
def test_small_records_are_read_the_same_a_window_at_a_time(rows, size, spaced, last):
    separators = (", ", ": ") if spaced else (",", ":")
    body = {"schema": [{"Name": "a"}], "Results": rows} | ({"more": 1} if last else {})
    text = json.dumps(body, ensure_ascii=False, separators=separators).encode()
    chunks = [text[at : at + size] for at in range(0, len(text), size)]
    found = Collection(iter(chunks), "results", small=True)
    assert list(found) == rows
    assert found.fields == {k: v for k, v in body.items() if k != "Results"}


def test_many_small_records_come_a_window_at_a_time():
    rows = [{"n": n, "text": "x" * 50} for n in range(20_000)]
    text = json.dumps({"results": rows}, separators=(",", ":")).encode()
    chunks = [text[at : at + 65_536] for at in range(0, len(text), 65_536)]
    assert list(Collection(iter(chunks), "results", small=True)) == rows
    with pytest.raises(NotJson):
        list(Collection(iter(chunks[:-1]), "results", small=True))
