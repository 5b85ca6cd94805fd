"""Every rule of the language that we rest on, asked of the engine."""

import json

import pytest
from emulator.tests.hunting import rules_audited as audited
from emulator.tests.hunting import rules_found as found_wrong
from emulator.tests.hunting import rules_scalar as scalar
from emulator.tests.hunting import rules_tabular as tabular
from emulator.tests.hunting import rules_times as times
from emulator.tests.hunting import rules_types as typed
from emulator.tests.hunting.answers import NOW
from emulator.tests.hunting.test_answers import Inside

from defender_emulator.hunting import HuntingEngine, QueryRefused

RULES = [
    *scalar.TEXTS, *scalar.NUMBERS, *scalar.TIMES, *scalar.DYNAMICS, *scalar.ADDRESSES,
    *tabular.SHAPING, *tabular.SUMMARIES, *tabular.JOINS, *times.TICKS,
    *found_wrong.DYNAMIC, *found_wrong.TEXTS, *found_wrong.NUMBERS, *found_wrong.STAR,
    *typed.NAMED, *typed.VALUES, *audited.DYNAMIC, *audited.TIMES, *audited.SCALAR, *audited.TABULAR,
]  # fmt: skip


@pytest.fixture(scope="module")
def engine():
    running = HuntingEngine([], start=Inside)
    yield running
    running.close()


@pytest.mark.parametrize(
    ("query", "rule", "rows"), RULES, ids=[f"{n} {r[1][:50]}" for n, r in enumerate(RULES)]
)
def test_the_engine_keeps_the_rule(engine, query, rule, rows):
    found = engine.run(query, now=NOW, alerts=[])
    kinds = [kind for _, kind in found.schema]
    answered = [tuple(map(_value, row.values(), kinds)) for row in found.rows]
    assert answered == rows, rule


@pytest.mark.parametrize(("query", "rule", "columns"), [*found_wrong.COLUMNS, *typed.COLUMNS])
def test_the_columns_are_named_and_ordered_by_the_rule(engine, query, rule, columns):
    assert [name for name, _ in engine.run(query, now=NOW, alerts=[]).schema] == columns, rule


@pytest.mark.parametrize(("query", "types"), typed.TYPES)
def test_the_columns_have_the_types_of_the_language(engine, query, types):
    assert [kind for _, kind in engine.run(query, now=NOW, alerts=[]).schema] == types


@pytest.mark.parametrize(
    ("query", "word"), [*found_wrong.REFUSED, *typed.REFUSED, *audited.REFUSED]
)
def test_what_could_mislead_is_refused_by_name(engine, query, word):
    with pytest.raises(QueryRefused) as refusal:
        engine.run(query, now=NOW, alerts=[])
    assert word in str(refusal.value)


def _value(value, kind):
    """A dynamic value comes as the text of its JSON."""
    if kind != "dynamic" or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
