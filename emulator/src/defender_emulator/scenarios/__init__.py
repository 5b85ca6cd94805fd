"""The stories a tenant can live through, by name."""

from datetime import datetime
from typing import Any

from defender_emulator.scenario import Scenario
from defender_emulator.scenarios import attack, awkward, noisy, recorded
from defender_emulator.scenarios.options import Options

_STORIES = {
    "attack": (attack.TITLE, attack.build),
    "noisy": (noisy.TITLE, noisy.build),
    "awkward": (awkward.TITLE, awkward.build),
    "recorded": (recorded.TITLE, recorded.build),
}

NAMES: tuple[tuple[str, str], ...] = tuple((name, title) for name, (title, _) in _STORIES.items())
"""The scenarios that `build` knows, each with its title; the first is the default."""


def build(name: str, *, seed: int = 0, start: datetime, **options: Any) -> Scenario:
    """Build a scenario; the same name, seed, start and options give the same bytes."""
    if name not in _STORIES:
        raise ValueError(f"There is no scenario {name!r}. Choose one of {', '.join(_STORIES)}.")
    _, tell = _STORIES[name]
    return tell(seed=seed, start=start, options=Options(name, options))
