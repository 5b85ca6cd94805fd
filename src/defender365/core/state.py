"""The connector's whole memory: bounded, versioned, small enough for the platform.

Written as ASCII JSON below `MAX_CHARACTERS`. A text that is not ours, is damaged or comes from
a newer version raises `StateUnreadable`: an error a person sees, never a silent fresh start.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from defender365.core.errors import ShelfFull, StateUnreadable
from defender365.core.ledger import MOST_WORDS, Entry, Ledger
from defender365.core.packing import packed, size_of, unpacked
from defender365.core.planning import LOOKS, Heavy, Pass
from defender365.core.runs import Gauges, Runs

VERSION = 2
"""Version 1, which wrote the ledger line by line, is read too."""
KIND = "defender365 connector state"

MAX_CHARACTERS = 2_900_000
"""Below the platform's 3,000,000 characters for one context value. 200,000 alerts delivered for
50,000 incidents take 2,550,000 (benchmarks/state.py)."""

MAX_ASIDE = 500
MAX_FOLLOW = 5_000
MAX_REVISIT = 3_000
"""As many as can be fetched alone, at 20 alert requests a minute, until the last look at the first."""


@dataclass
class Aside:
    """A record that could not be read: why, how often it was tried, and when next."""

    reason: str
    tries: int = 1
    retry_at: int = 0

    def tried(self, reason: str, now: int) -> None:
        """It failed again: each wait is twice the one before, up to an hour; never given up."""
        self.reason = reason
        self.tries += 1
        self.retry_at = now + min(3600, 60 * 2 ** min(self.tries - 1, 10))

    def due(self, now: int) -> bool:
        """True when it should be tried again."""
        return 0 < self.retry_at <= now

    @property
    def hopeless(self) -> bool:
        """True for a record without an id, which cannot be asked for."""
        return self.retry_at == 0


@dataclass
class State:
    """Everything a poll needs to know of the polls before it; times in seconds since 1970 UTC."""

    walk: Pass | None = None
    fresh: Pass | None = None
    """While the walk is far behind: the pass of what is new, beside it."""
    ledger: Ledger = field(default_factory=Ledger)
    heavy: Heavy = field(default_factory=Heavy)
    fresh_heavy: Heavy = field(default_factory=Heavy)
    """The same for the pass of what is new; what was seen is kept in `heavy` for both."""
    aside: dict[str, Aside] = field(default_factory=dict)
    follow: dict[str, str] = field(default_factory=dict)
    """Incidents that others were merged into and that must be looked at: target to source."""
    revisit: dict[str, list[int]] = field(default_factory=dict)
    """Incidents that are looked at again, for alerts that arrive late: when."""
    throttled_since: float = 0
    throttled_until: float = 0
    spent: dict[str, list[float]] = field(default_factory=dict)
    """When recent requests were made, per budget."""
    forgotten: int = 0
    """The newest update time that was trimmed from the ledger, in ticks."""
    runs: Runs = field(default_factory=Runs)
    """What the runs before did, for those who ask."""
    carried: dict[str, Any] = field(default_factory=dict)
    """Keys of a later minor version, kept as they are."""

    def __post_init__(self) -> None:
        self.fresh_heavy.seen = self.heavy.seen

    def set_aside(self, incident_id: str, reason: str, now: int, *, hopeless: bool = False) -> None:
        """Put an incident on the shelf, or note that it failed again.

        Raises `ShelfFull` rather than forget an incident that could still be delivered.
        """
        if incident_id in self.aside:
            self.aside[incident_id].tried(reason, now)
            return
        if len(self.aside) >= MAX_ASIDE:
            self._make_room()
        self.aside[incident_id] = Aside(reason, retry_at=0 if hopeless else now + 60)

    def _make_room(self) -> None:
        lost = next((key for key, aside in self.aside.items() if aside.hopeless), None)
        if lost is None:
            raise ShelfFull(
                f"{MAX_ASIDE} incidents could not be read and are set aside; no more are taken"
                " until some can be. See what connector explain says of them."
            )
        del self.aside[lost]

    def look_again(self, incident_id: str, now: int) -> None:
        """Look at this incident once more after 25 minutes, and after 2.5 hours."""
        self.revisit.pop(incident_id, None)
        self.revisit[incident_id] = [now + wait for wait in LOOKS]

    def to_look_at(self, now: int) -> list[str]:
        """The incidents that are due to be looked at again, those that wait longest first."""
        due = [(moments[0], key) for key, moments in self.revisit.items() if moments[0] <= now]
        return [key for _, key in sorted(due)]

    def looked(self, incident_id: str, now: int) -> None:
        """What was due of this incident is done."""
        left = [moment for moment in self.revisit.pop(incident_id, ()) if moment > now]
        if left:
            self.revisit[incident_id] = left

    def for_test_run(self) -> "State":
        """A fresh memory that knows only which requests were made, and a limit in force."""
        return State(
            throttled_since=self.throttled_since,
            throttled_until=self.throttled_until,
            spent=self.spent,
        )

    def throttle(self, now: float, wait: float) -> None:
        """Nothing may be sent for so many seconds (a day at most)."""
        self.throttled_since = now
        self.throttled_until = now + min(wait, 24 * 3600)

    def throttled(self, now: float) -> bool:
        """True while nothing may be sent; a clock that was set back ends the wait."""
        return self.throttled_since - 60 <= now < self.throttled_until

    def known_ahead(self, position: int) -> int:
        """How many incidents the walk will meet again from this position on."""
        return sum(entry.updated >= position for entry in self.ledger.entries.values())


def waits(state: State) -> bool:
    """True while incidents are known to wait: the list was not read to its end, or a part is read again."""
    walk = state.walk
    return walk is not None and (walk.recheck > 0 or not (walk.complete or walk.resting))


def gauges(state: State, characters: int) -> Gauges:
    """What the memory holds now; `characters` is the size of its text."""
    entries = state.ledger.entries.values()
    return Gauges(
        position=state.walk.position if state.walk else 0,
        backlog=waits(state),
        remembered_alerts=sum(len(entry.keys) for entry in entries),
        remembered_incidents=len(entries),
        set_aside=len(state.aside),
        throttled_until=state.throttled_until,
        characters=characters,
    )


def dump_state(state: State, limit: int = MAX_CHARACTERS) -> str:
    """The state as text of at most `limit` characters; the oldest quiet incidents are forgotten first.

    A fiftieth is freed at once, so that the next of many texts need not forget again.
    """
    rest = {
        **state.carried,
        "kind": KIND,
        "version": VERSION,
        "walk": state.walk.as_json() if state.walk else None,
        "fresh": state.fresh.as_json() if state.fresh else None,
        "heavy": state.heavy.as_json(),
        "fresh_heavy": state.fresh_heavy.as_json()[1:] if state.fresh else None,
        "aside": {k: [a.reason[:MOST_WORDS], a.tries, a.retry_at] for k, a in state.aside.items()},
        "follow": dict(list(state.follow.items())[-MAX_FOLLOW:]),
        "revisit": dict(list(state.revisit.items())[-MAX_REVISIT:]),
        "throttled": [state.throttled_since, state.throttled_until],
        "spent": state.spent,
        "runs": state.runs.as_json(),
    }
    while True:
        ledger = packed(state.ledger.entries)
        text = json.dumps(
            {**rest, "forgotten": state.forgotten, "incidents": ledger}, separators=(",", ":")
        )
        excess = len(text) - limit
        if excess <= 0 or not state.ledger.entries:
            return text
        newest = state.ledger.forget(excess + limit // 50, size_of)
        state.forgotten = max(state.forgotten, newest)


def load_state(text: str) -> State:
    """The state behind a text; an empty text is a fresh start.

    Raises `StateUnreadable` for anything that is not a state of this version.
    """
    if not text.strip():
        return State()
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise StateUnreadable(_unreadable("it is not JSON")) from None
    if not isinstance(found, dict) or found.get("kind") != KIND:
        raise StateUnreadable(_unreadable("it was not written by Defender365"))
    version = found.get("version")
    if version not in (1, VERSION) or isinstance(version, bool):
        raise StateUnreadable(_unreadable(f"its version is {version!r}, not {VERSION}"))
    try:
        return _state_from(found)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, RecursionError):
        raise StateUnreadable(_unreadable("parts of it are missing or damaged")) from None


def _state_from(found: dict[str, Any]) -> State:
    taken = {
        "kind", "version", "walk", "fresh", "heavy", "fresh_heavy", "aside", "follow", "revisit", "throttled",
        "spent", "forgotten", "incidents", "runs",
    }  # fmt: skip
    fresh = found.get("fresh")
    return State(
        walk=Pass.from_json(found["walk"]) if found["walk"] else None,
        fresh=Pass.from_json(fresh) if fresh else None,
        ledger=Ledger(_entries_from(found)),
        heavy=Heavy.from_json(found["heavy"]),
        fresh_heavy=Heavy.from_json([{}, *(found.get("fresh_heavy") or ([], 0, 0))]),
        aside={str(k): Aside(str(r), int(n), int(at)) for k, (r, n, at) in found["aside"].items()},
        follow={str(k): str(v) for k, v in found["follow"].items()},
        revisit={str(k): _moments(v) for k, v in found["revisit"].items()},
        throttled_since=float(found["throttled"][0]),
        throttled_until=float(found["throttled"][1]),
        spent={str(k): [float(t) for t in times] for k, times in found["spent"].items()},
        forgotten=int(found["forgotten"]),
        runs=Runs.from_json(found["runs"]) if found.get("runs") else Runs(),
        carried={k: v for k, v in found.items() if k not in taken},
    )


def _moments(found: int | list[int]) -> list[int]:
    """Older memories hold one moment, not a list of them. Raises ValueError for none at all."""
    if found == []:
        raise ValueError("an incident to look at without a time")
    return [int(found)] if isinstance(found, int) else [int(moment) for moment in found]


def _entries_from(found: dict[str, Any]) -> dict[str, Entry]:
    rows = found["incidents"]
    if found["version"] == 1:
        return {str(key): Entry.from_version_1(row) for key, row in rows.items()}
    return unpacked(rows)


def _unreadable(why: str) -> str:
    return (
        f"The connector's state cannot be read: {why}. Nothing was changed. Restore it from a"
        " backup, or remove it to start afresh (incidents of the last hours are delivered again)."
    )
