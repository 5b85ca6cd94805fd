"""Fixtures: the program, beside an emulator whose story is told as of now."""

import pytest

from defender_emulator.clock import machine_now
from tests.hosts.cli_runner import Cli
from tests.lab import Lab
from tests.shifted import shifted
from tests.stories import at, many, story


@pytest.fixture
def cli(lab: Lab, tmp_path) -> Cli:
    lab.load(story(many(12, "ab"), start=at(0)))
    # The program reads the machine's clock: the story is told as of now.
    lab.load(shifted(lab.world.tenant.scenario, machine_now() - at(0)))
    return Cli(lab, tmp_path)
