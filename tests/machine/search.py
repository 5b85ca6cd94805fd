"""Gives the machine its emulator and its client."""

from tests.lab import Lab
from tests.machine.model import Machine


def machine_for(lab: Lab, banned: frozenset[str] = frozenset()) -> type[Machine]:
    """A machine that works on this lab."""
    return type("Bound", (Machine,), {"lab": lab, "banned": banned})
