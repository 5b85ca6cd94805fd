"""A short search with the machine; `make model` makes a long one."""

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.lab import Lab
from tests.machine.search import machine_for

pytestmark = pytest.mark.wire

SHORT = settings(
    max_examples=9, stateful_step_count=25, deadline=None, database=None,
    phases=[Phase.generate], suppress_health_check=list(HealthCheck),
)  # fmt: skip


def test_whatever_happens_nothing_is_lost_and_nothing_comes_twice(lab: Lab):
    """The same examples everywhere; what it finds is made small by `make model`."""
    run_state_machine_as_test(seed(5)(machine_for(lab)), settings=SHORT)
