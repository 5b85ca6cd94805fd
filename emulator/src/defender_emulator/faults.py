"""Faults that can be put on a route: once, n times, always, or with a seeded probability."""

import fnmatch
import random
import threading
from dataclasses import asdict, dataclass, field
from typing import Any

KINDS = (
    "status", "slow", "cut", "truncated", "html", "expired_token", "expand_above", "unknown_error",
    "throttle",
)  # fmt: skip


@dataclass
class Fault:
    """One fault: which requests it strikes, how often, and what it does."""

    kind: str
    route: str = "*"
    """A route's name or a pattern of names, such as `graph.incidents.list` or `graph.*`."""
    times: int | None = 1
    """How often it strikes; None is always."""
    after: int = 0
    """How many matching requests pass first."""
    probability: float = 1.0
    status: int = 500
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    above: int = 0
    retry_after: float | None = None
    id: int = 0
    struck: int = 0


class Faults:
    """The faults in force. Thread-safe."""

    def __init__(self, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self._random = random.Random(seed)  # noqa: S311  a seeded test fault, no secret
        self._count = 0
        self.active: list[Fault] = []

    def add(self, **told: Any) -> Fault:
        """Put a fault in force. Raises ValueError or TypeError for what is none."""
        if told.get("kind") not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        with self._lock:
            self._count += 1
            fault = Fault(**told, id=self._count)
            self.active.append(fault)
            return fault

    def clear(self) -> None:
        """No more faults."""
        with self._lock:
            self.active.clear()

    def strike(self, route: str, heaviest: int) -> Fault | None:
        """The fault that strikes this request, if any; `heaviest` alerts would be expanded."""
        with self._lock:
            for fault in self.active:
                if fnmatch.fnmatch(route, fault.route) and self._strikes(fault, heaviest):
                    fault.struck += 1
                    return fault
            return None

    def _strikes(self, fault: Fault, heaviest: int) -> bool:
        if fault.kind == "expand_above" and heaviest <= fault.above:
            return False
        if fault.times is not None and fault.struck >= fault.times:
            return False
        if fault.after > 0:
            fault.after -= 1
            return False
        return self._random.random() < fault.probability

    def state(self) -> list[dict[str, Any]]:
        """The faults, as JSON."""
        with self._lock:
            return [asdict(fault) for fault in self.active]
