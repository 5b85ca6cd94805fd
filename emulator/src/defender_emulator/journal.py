"""What was asked: every request received, without secrets, bounded."""

import threading
from collections import deque
from typing import Any

LIMIT = 20_000


class Journal:
    """The newest requests. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[dict[str, Any]] = deque(maxlen=LIMIT)
        self.cleared = 0
        """How often it was cleared."""

    def note(self, entry: dict[str, Any], cleared: int | None = None) -> None:
        """Write one request down; not if it came before the journal was `cleared` the last time."""
        with self._lock:
            if cleared is None or cleared == self.cleared:
                self._entries.append(entry)

    def entries(self, **wanted: str) -> list[dict[str, Any]]:
        """The requests whose fields have these values."""
        with self._lock:
            return [
                entry
                for entry in self._entries
                if all(str(entry.get(name)) == value for name, value in wanted.items())
            ]

    def clear(self) -> None:
        """Forget them."""
        with self._lock:
            self._entries.clear()
            self.cleared += 1
