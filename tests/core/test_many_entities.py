"""Long lists of entities: several queries, one result."""

from hypothesis import given
from hypothesis import strategies as st

from defender365.core.many_entities import merged, queries


def written(wanted):
    return ";".join(f"{column}:{','.join(values)}" for column, values in wanted)


def read(text):
    return {c: set(v.split(",")) for c, _, v in (part.partition(":") for part in text.split(";"))}


VALUES = st.lists(st.sampled_from([f"v{n}" for n in range(40)]), min_size=1, unique=True)


@given(VALUES, VALUES, st.integers(12, 200), st.booleans())
def test_several_queries_find_what_one_would(first, second, limit, every):
    wanted = [("A", tuple(first)), ("B", tuple(second))]
    texts = queries(wanted, written, every=every, limit=limit)
    join = all if every else any
    for a in [*first, "other"]:
        for b in [*second, "other"]:
            whole = join((a in first, b in second))
            parts = (read(text) for text in texts)
            row = {"A": a, "B": b}
            hit = any(join(row[c] in some for c, some in part.items()) for part in parts)
            assert hit is whole
    assert all(len(text) <= limit or "," not in text for text in texts)


def test_a_short_list_is_one_query():
    assert queries([("A", ("x", "y"))], written, every=False) == ["A:x,y"]


def test_a_value_too_long_by_itself_stays_as_it_is():
    assert queries([("A", ("x" * 50,))], written, every=True, limit=10) == ["A:" + "x" * 50]


def test_rows_found_twice_are_one_and_the_whole_is_sorted_and_limited():
    one = [{"Timestamp": "2026-01-01T00:00:03Z", "n": 3}, {"Timestamp": None, "n": 0}]
    two = [{"Timestamp": "2026-01-01T00:00:01.5Z", "n": 1}, {"n": 3, "Timestamp": one[0]["Timestamp"]},
           {"Timestamp": "2026-01-01T00:00:01.4999999Z", "n": 2}]  # fmt: skip
    rows = merged([one, two], sort=("Timestamp", "DateTime", "asc"), limit=10, apart=False)
    assert [row["n"] for row in rows] == [2, 1, 3, 0]
    rows = merged([one, two], sort=("Timestamp", "DateTime", "desc"), limit=2, apart=False)
    assert [row["n"] for row in rows] == [3, 1]
    assert [row["n"] for row in merged([one, two], sort=None, limit=2, apart=False)] == [3, 0]


def test_values_of_any_kind_can_be_sorted():
    rows = [{"x": "b"}, {"x": 2}, {"x": {"k": 1}}, {"x": "a"}, {"x": True}, {}]
    found = merged([rows], sort=("x", "Object", "asc"), limit=10, apart=True)
    assert [row.get("x") for row in found] == [True, 2, "a", "b", {"k": 1}, None]


def test_equal_rows_stay_as_many_as_one_query_found():
    one, two = [{"n": 1}, {"n": 1}, {"n": 2}], [{"n": 1}, {"n": 3}, {"n": 3}]
    found = merged([one, two], sort=("n", "Int64", "asc"), limit=10, apart=False)
    assert [row["n"] for row in found] == [1, 1, 2, 3, 3]
    found = merged([one, two], sort=("n", "Int64", "asc"), limit=10, apart=True)
    assert [row["n"] for row in found] == [1, 1, 1, 2, 3, 3]
