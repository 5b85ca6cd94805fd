"""A short search with the machine; `make model` makes a long one."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.lab import Lab
from tests.machine.search import machine_for

pytestmark = pytest.mark.wire

settings.register_profile(
    "model", max_examples=25, stateful_step_count=25, deadline=None, derandomize=True,
    database=None, suppress_health_check=list(HealthCheck),
)  # fmt: skip


def test_whatever_happens_nothing_is_lost_and_nothing_comes_twice(lab: Lab):
    run_state_machine_as_test(machine_for(lab), settings=settings.get_profile("model"))
