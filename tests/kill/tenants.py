"""The tenants that connectors are killed over."""

import random

from defender_emulator.scenario import Change, Scenario
from tests.stories import many, opened, story


def small_tenant() -> Scenario:
    """Twelve incidents of two alerts, and four that are kept out: one run needs several pages."""
    kept_out = [change for n in range(4) for change in _resolved(101 + n, -48 + 7 * n)]
    return story([*many(12, "ab"), *kept_out])


def any_tenant(chance: random.Random, hours: int = 1) -> Scenario:
    """A tenant of chance: 3 to 20 incidents of 1 to 4 alerts, some kept out, some at equal times."""
    changes: list[Change] = []
    for number in range(1, chance.randint(3, 20) + 1):
        minutes: float = hours * chance.choice([-50, -40, -30, -20, -10])
        minutes += chance.choice([0, 0, chance.random()])
        if chance.random() < 0.2:
            changes += _resolved(number, minutes)
        else:
            changes += opened(number, minutes, "abcd"[: chance.randint(1, 4)])
    return story(changes)


def _resolved(number: int, minutes: float) -> list[Change]:
    return opened(number, minutes, "ab", status="resolved")
