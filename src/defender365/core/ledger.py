"""What the connector remembers of each incident: what became of it, which alerts it delivered.

Alerts are remembered by a 56-bit digest of their id, wherever they move, so that an alert that
changes its incident in a merge is not delivered twice. The memory is bounded by `forget`.
"""

from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

MOST_WORDS = 200
"""So many characters of a reason are kept; the service may say anything."""

KEY_BYTES = 7
_KEY_CHARACTERS = 10
"""As version 1 of the state wrote a digest: 60 bits in Base64."""

DELIVERED = "delivered"
FILTERED = "filtered"
ASIDE = "set aside"
REDIRECTED = "redirected"
CODES = {DELIVERED: "d", FILTERED: "f", ASIDE: "a", REDIRECTED: "r"}
STATUSES = {code: status for status, code in CODES.items()}


def alert_key(alert_id: str) -> bytes:
    """A short digest that stands for an alert id.

    Among 200,000 remembered alerts a new one is taken for a known one once in 360,000,000,000.
    """
    return blake2b(alert_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()[:KEY_BYTES]


@dataclass(slots=True)
class Entry:
    """One incident's line in the ledger."""

    updated: int
    """`lastUpdateDateTime` of the newest version handled, in 100 ns ticks."""
    status: str
    at: int
    """When this status was reached, in seconds since 1970 UTC, by the host's clock."""
    detail: str = ""
    """The rule that filtered it, the reason it is set aside, or the incident it went into."""
    delivered_at: int = 0
    keys: list[bytes] = field(default_factory=list)
    """Digests of the alerts delivered for it."""

    def quiet_since(self) -> int:
        """The later of its last update and its last delivery, in seconds since 1970 UTC."""
        return max(self.updated // 10_000_000, self.delivered_at)

    @classmethod
    def from_version_1(cls, row: list[Any]) -> "Entry":
        """The entry behind a row of the state's first version. Raises ValueError or TypeError."""
        updated, code, at, detail, delivered_at, digests = row
        if code not in STATUSES or len(digests) % _KEY_CHARACTERS:
            raise ValueError("not a ledger row")
        texts = (digests[i : i + _KEY_CHARACTERS] for i in range(0, len(digests), _KEY_CHARACTERS))
        keys = [urlsafe_b64decode(text + "AA")[:KEY_BYTES] for text in texts]
        return cls(int(updated), STATUSES[code], int(at), str(detail), int(delivered_at), keys)


class Ledger:
    """The entries by incident id, and which alerts are known in any of them."""

    def __init__(self, entries: dict[str, Entry] | None = None) -> None:
        self.entries = entries or {}
        self._known = {key for entry in self.entries.values() for key in entry.keys}

    def knows(self, alert_id: str) -> bool:
        """True when an alert (or an incident that stood for itself) was delivered before."""
        return alert_key(alert_id) in self._known

    def get(self, incident_id: str) -> Entry | None:
        """The line of an incident, if it has one."""
        return self.entries.get(incident_id)

    def note(self, incident_id: str, updated: int, status: str, at: int, detail: str = "") -> bool:
        """Write what became of an incident's version; True when that is news."""
        detail = detail[:MOST_WORDS]
        entry = self.entries.get(incident_id)
        if entry is None:
            self.entries[incident_id] = Entry(updated, status, at, detail)
            return True
        news = (entry.updated, entry.status, entry.detail) != (updated, status, detail)
        if news:
            entry.updated, entry.status, entry.at, entry.detail = updated, status, at, detail
        return news

    def delivered(self, incident_id: str, updated: int, alert_ids: Iterable[str], at: int) -> None:
        """Write that these alerts of an incident were handed over."""
        self.note(incident_id, updated, DELIVERED, at)
        entry = self.entries[incident_id]
        for key in map(alert_key, alert_ids):
            entry.delivered_at = at
            entry.keys.append(key)
            self._known.add(key)

    def forget(self, excess: float, size_of: Callable[[Entry], float]) -> int:
        """Forget lines until `excess` characters are free; those without deliveries go first.

        Then the oldest quiet incidents go: those last updated or delivered from longest ago.
        Returns the newest update of an incident whose deliveries were forgotten, in ticks, or 0.
        """
        newest = 0
        for key in sorted(self.entries, key=self._worth):
            if excess <= 0:
                break
            entry = self.entries.pop(key)
            excess -= size_of(entry)
            self._known.difference_update(entry.keys)
            if entry.keys:
                newest = max(newest, entry.updated)
        return newest

    def _worth(self, incident_id: str) -> tuple[bool, int]:
        entry = self.entries[incident_id]
        return bool(entry.keys), entry.quiet_since()
