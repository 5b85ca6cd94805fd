"""Whatever happens, ours loses nothing; and the matrix can fail, for the reference loops do lose."""

import pytest

from tests.matrix.rows import SITUATIONS
from tests.matrix.run import measure

pytestmark = pytest.mark.wire

LOSERS = [(each, name) for each in SITUATIONS for name in sorted(each.losers)]


def name_of(value: object) -> str:
    return str(getattr(value, "name", value))


@pytest.mark.parametrize("situation", SITUATIONS, ids=name_of)
def test_ours_loses_nothing_and_repeats_only_where_it_may(tenant, situation):
    cell = measure(tenant, situation, "ours")
    assert cell.lost == 0
    assert situation.repeats or cell.twice == 0


@pytest.mark.parametrize(("situation", "name"), LOSERS, ids=name_of)
def test_a_loop_that_is_known_to_lose_here_loses(tenant, situation, name):
    assert measure(tenant, situation, name).lost > 0


def test_every_situation_has_its_own_name():
    assert len({each.name for each in SITUATIONS}) == len(SITUATIONS)
