"""Every rule of the language that we rest on, asked of the engine."""

import json

import pytest
from emulator.tests.hunting import rules_scalar as scalar
from emulator.tests.hunting import rules_tabular as tabular
from emulator.tests.hunting.answers import NOW
from emulator.tests.hunting.test_answers import Inside

from defender_emulator.hunting import HuntingEngine

RULES = [
    *scalar.TEXTS, *scalar.NUMBERS, *scalar.TIMES, *scalar.DYNAMICS, *scalar.ADDRESSES,
    *tabular.SHAPING, *tabular.SUMMARIES, *tabular.JOINS,
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


def _value(value, kind):
    """A dynamic value comes as the text of its JSON."""
    if kind != "dynamic" or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
