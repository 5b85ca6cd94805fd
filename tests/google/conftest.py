"""Fixtures: the package on a platform, beside an emulator whose story is told as of now."""

import pytest

from defender_emulator.clock import machine_now
from tests.google.platform import Platform, Soar
from tests.shifted import shifted
from tests.stories import at, many, story


@pytest.fixture
def soar(lab, tmp_path):
    scenario = story(many(12, "ab"), start=at(0))
    lab.load(shifted(scenario, machine_now() - at(0)))
    platform = Platform()
    yield Soar(lab, platform, tmp_path)
    platform.close()
