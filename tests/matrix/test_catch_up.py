"""After a day's outage ours drains the backlog within the quotas; two of the others never do."""

import pytest

from tests.matrix.catch_up import SMALL, catch_up

pytestmark = pytest.mark.wire


def test_ours_drains_a_day_within_the_quotas(tenant):
    found = catch_up(tenant, SMALL, "ours")
    assert (found.lost, found.twice) == (0, 0)
    assert found.drained is not None
    assert found.drained <= SMALL.incidents / 50
    assert found.requests <= SMALL.incidents / 10


def test_a_request_for_each_incident_loses_most_of_a_backlog(tenant):
    found = catch_up(tenant, SMALL, "per incident")
    assert found.drained is None
    assert found.lost > SMALL.incidents * SMALL.alerts / 2
