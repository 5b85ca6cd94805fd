"""Gives the machine its emulator and its client."""

import socket

from tests.lab import Lab
from tests.machine.model import Machine


def machine_for(lab: Lab, banned: frozenset[str] = frozenset()) -> type[Machine]:
    """A machine that works on this lab."""
    # Small answers would wait 40 ms each for the other side's acknowledgement.
    lab.emulator._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return type("Bound", (Machine,), {"lab": lab, "banned": banned})
