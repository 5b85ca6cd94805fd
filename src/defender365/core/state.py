"""The connector's whole memory: bounded, versioned, small enough for the platform.

Written as ASCII JSON below `MAX_CHARACTERS`. A text that is not ours, is damaged or comes from
a newer version raises `StateUnreadable`: an error a person sees, never a silent fresh start.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from defender365.core.errors import StateUnreadable
from defender365.core.ledger import Entry, Ledger
from defender365.core.planning import Heavy, Pass

VERSION = 1
KIND = "defender365 connector state"

MAX_CHARACTERS = 2_500_000
"""Below the platform's 3,000,000 characters for one context value, with room to spare."""

MAX_ASIDE = 500


@dataclass
class Aside:
    """A record that could not be read: why, how often it was tried, and when next."""

    reason: str
    tries: int = 1
    retry_at: int = 0

    RETRIES = 5
    """Tries before a record waits for its next update; each wait is twice the one before."""

    def tried(self, reason: str, now: int) -> None:
        """It failed again."""
        self.reason = reason
        self.tries += 1
        self.retry_at = now + 60 * 2 ** min(self.tries, 10)

    def due(self, now: int) -> bool:
        """True when it should be tried again."""
        return self.tries < self.RETRIES and now >= self.retry_at


@dataclass
class State:
    """Everything a poll needs to know of the polls before it; times in seconds since 1970 UTC."""

    walk: Pass | None = None
    ledger: Ledger = field(default_factory=Ledger)
    heavy: Heavy = field(default_factory=Heavy)
    aside: dict[str, Aside] = field(default_factory=dict)
    follow: dict[str, str] = field(default_factory=dict)
    """Incidents that others were merged into and that must be looked at: target to source."""
    throttled_until: float = 0
    spent: dict[str, list[float]] = field(default_factory=dict)
    """When recent requests were made, per budget."""
    forgotten: int = 0
    """The newest update time that was trimmed from the ledger, in ticks."""
    carried: dict[str, Any] = field(default_factory=dict)
    """Keys of a later minor version, kept as they are."""

    def set_aside(self, incident_id: str, reason: str, now: int) -> None:
        """Put an incident on the shelf, or note that it failed again."""
        if incident_id in self.aside:
            self.aside[incident_id].tried(reason, now)
            return
        while len(self.aside) >= MAX_ASIDE:
            del self.aside[next(iter(self.aside))]
        self.aside[incident_id] = Aside(reason, retry_at=now + 60)

    def known_ahead(self, position: int) -> int:
        """How many incidents the walk will meet again from this position on."""
        return sum(entry.updated >= position for entry in self.ledger.entries.values())


def dump_state(state: State, limit: int = MAX_CHARACTERS) -> str:
    """The state as text of at most `limit` characters; the oldest incidents are forgotten first."""
    rest = {
        **state.carried,
        "kind": KIND,
        "version": VERSION,
        "walk": state.walk.as_json() if state.walk else None,
        "heavy": state.heavy.seen,
        "aside": {k: [a.reason[:500], a.tries, a.retry_at] for k, a in state.aside.items()},
        "follow": state.follow,
        "throttled_until": state.throttled_until,
        "spent": state.spent,
    }
    room = limit - len(json.dumps(rest)) - 100
    state.forgotten = max(state.forgotten, state.ledger.trim(room))
    rest["forgotten"] = state.forgotten
    rest["incidents"] = {k: entry.as_json() for k, entry in state.ledger.entries.items()}
    return json.dumps(rest, separators=(",", ":"))


def load_state(text: str) -> State:
    """The state behind a text; an empty text is a fresh start.

    Raises `StateUnreadable` for anything that is not a state of this version.
    """
    if not text.strip():
        return State()
    try:
        found = json.loads(text)
    except ValueError:
        raise StateUnreadable(_unreadable("it is not JSON")) from None
    if not isinstance(found, dict) or found.get("kind") != KIND:
        raise StateUnreadable(_unreadable("it was not written by Defender365"))
    if found.get("version") != VERSION:
        raise StateUnreadable(
            _unreadable(f"its version is {found.get('version')!r}, not {VERSION}")
        )
    try:
        return _state_from(found)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise StateUnreadable(_unreadable("parts of it are missing or damaged")) from None


def _state_from(found: dict[str, Any]) -> State:
    taken = {
        "kind", "version", "walk", "heavy", "aside", "follow", "throttled_until",
        "spent", "forgotten", "incidents",
    }  # fmt: skip
    entries = {str(k): Entry.from_json(row) for k, row in found["incidents"].items()}
    return State(
        walk=Pass.from_json(found["walk"]) if found["walk"] else None,
        ledger=Ledger(entries),
        heavy=Heavy({str(k): int(v) for k, v in found["heavy"].items()}),
        aside={str(k): Aside(str(r), int(n), int(at)) for k, (r, n, at) in found["aside"].items()},
        follow={str(k): str(v) for k, v in found["follow"].items()},
        throttled_until=float(found["throttled_until"]),
        spent={str(k): [float(t) for t in times] for k, times in found["spent"].items()},
        forgotten=int(found["forgotten"]),
        carried={k: v for k, v in found.items() if k not in taken},
    )


def _unreadable(why: str) -> str:
    return (
        f"The connector's state cannot be read: {why}. Nothing was changed. Restore it from a"
        " backup, or remove it to start afresh (incidents of the last hours are delivered again)."
    )
