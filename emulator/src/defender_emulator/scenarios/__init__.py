"""The stories a tenant can live through, by name."""

from datetime import datetime
from typing import Any

from defender_emulator.scenario import Scenario
from defender_emulator.scenarios import attack, noisy
from defender_emulator.scenarios.options import Options

NAMES: tuple[tuple[str, str], ...] = (("attack", attack.TITLE), ("noisy", noisy.TITLE))
"""The scenarios that `build` knows, each with its title; the first is the default."""

_BUILDERS = {"attack": attack.build, "noisy": noisy.build}


def build(name: str, *, seed: int = 0, start: datetime, **options: Any) -> Scenario:
    """Build a scenario; the same name, seed, start and options give the same bytes."""
    if name not in _BUILDERS:
        raise ValueError(f"There is no scenario {name!r}. Choose one of {', '.join(_BUILDERS)}.")
    return _BUILDERS[name](seed=seed, start=start, options=Options(name, options))
