"""Fixtures: the emulator, in a thread, over real HTTPS; one a process, fresh for each test."""

import hypothesis
import pytest

from defender_emulator.identity import predefined
from defender_emulator.server import Emulator
from tests.lab import Lab
from tests.stories import story

# Speed is measured in benchmarks/: a busy machine makes no test fail.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session")
def emulator():
    with Emulator(story([]), factor=0.0) as running:
        yield running


@pytest.fixture
def lab(emulator):
    world = emulator.world
    world.masking = True
    world.identity.apps = predefined()
    world.identity.revoked_before = 0.0
    world.load(story([]), factor=0.0)
    return Lab(emulator)
