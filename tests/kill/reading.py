"""Another process that reads a state file again and again."""

from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Protocol

from defender365.core.errors import StateUnreadable
from defender365.core.state import load_state
from defender365.stores.files import StateFile


class Told(Protocol):
    """Where the reader puts what it found."""

    def put(self, found: tuple[int, list[str]]) -> None:
        """Tell it."""


def read_on_and_on(path: Path, begun: Event, enough: Event, told: Told) -> None:
    """Read until it is enough; how many texts were whole, and what was wrong with others."""
    whole, broken = 0, []
    while not enough.is_set():
        try:
            load_state(StateFile(path).read())
            whole += 1
        except StateUnreadable as error:
            broken.append(str(error))
        begun.set()
    told.put((whole, broken))
