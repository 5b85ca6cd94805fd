"""Reading the options of a scenario, which arrive as values or as text."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True)
class Options:
    """The options somebody gave to one scenario."""

    scenario: str
    given: Mapping[str, Any]

    def only(self, *known: str) -> None:
        """Refuse options that the scenario does not have."""
        unknown = sorted(set(self.given) - set(known))
        if unknown:
            offer = f"It has {', '.join(known)}." if known else "It has none."
            raise ValueError(f"Scenario {self.scenario!r} has no option {unknown[0]!r}. {offer}")

    def number(self, name: str, default: int, *, least: int = 0, most: int = 1_000_000) -> int:
        """A whole number within bounds."""
        value = self.given.get(name, default)
        try:
            number = int(value)
        except (TypeError, ValueError):
            raise ValueError(f"Option {name!r} must be a whole number, not {value!r}.") from None
        if not least <= number <= most:
            raise ValueError(f"Option {name!r} must be between {least} and {most}, not {number}.")
        return number

    def background(self, *, default: int) -> int:
        """`background`: how many rows of noise there are in the 30 days before the start, about."""
        return self.number("background", default, most=3_000_000)

    def switch(self, name: str, *, default: bool) -> bool:
        """A yes or a no."""
        value = self.given.get(name, default)
        word = _WORDS.get(str(value).strip().lower())
        if word is None:
            raise ValueError(f"Option {name!r} must be true or false, not {value!r}.")
        return word

    def choice(self, name: str, default: str, *known: str) -> str:
        """One of some words."""
        value = str(self.given.get(name, default)).strip().lower()
        if value not in known:
            raise ValueError(f"Option {name!r} must be one of {', '.join(known)}, not {value!r}.")
        return value
