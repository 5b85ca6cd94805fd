"""Fixtures: the nursery, one a process, and trials in a folder of their own."""

import pytest

from tests.kill.runs import Nursery
from tests.kill.system_calls import HERE
from tests.kill.tenants import small_tenant
from tests.kill.trial import Trial

pytestmark = pytest.mark.wire


@pytest.fixture(scope="session")
def nursery():
    if not HERE:
        pytest.skip("Processes are stopped at their system calls: 64-bit x86 Linux only.")
    with Nursery() as running:
        yield running


@pytest.fixture
def new_trial(emulator, nursery, tmp_path):
    """Makes a trial of a small tenant; each call is a fresh one."""
    count = 0

    def make(*options: str, scenario=None) -> Trial:
        nonlocal count
        count += 1
        folder = tmp_path / str(count)
        told = options or ("--max-incidents-to-fetch", "8")
        return Trial(emulator, nursery, folder, scenario or small_tenant(), *told)

    return make


@pytest.fixture
def trial(new_trial):
    return new_trial()
