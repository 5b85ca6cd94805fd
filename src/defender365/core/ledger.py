"""What the connector remembers of each incident: what became of it, which alerts it delivered.

Alerts are remembered by a 60-bit digest of their id, wherever they move, so that an alert that
changes its incident in a merge is not delivered twice. The memory is bounded by `trim`.
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

KEY_LENGTH = 10

DELIVERED = "delivered"
FILTERED = "filtered"
ASIDE = "set aside"
REDIRECTED = "redirected"
_CODES = {DELIVERED: "d", FILTERED: "f", ASIDE: "a", REDIRECTED: "r"}
_STATUSES = {code: status for status, code in _CODES.items()}


def alert_key(alert_id: str) -> str:
    """A short digest that stands for an alert id (two ids share one once in 10^18 pairs)."""
    digest = blake2b(alert_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return urlsafe_b64encode(digest)[:KEY_LENGTH].decode()


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
    keys: list[str] = field(default_factory=list)
    """Digests of the alerts delivered for it."""

    def as_json(self) -> list[Any]:
        """A compact row: five columns and the digests run together."""
        code = _CODES[self.status]
        return [self.updated, code, self.at, self.detail, self.delivered_at, "".join(self.keys)]

    @classmethod
    def from_json(cls, row: list[Any]) -> "Entry":
        """The entry behind a row. Raises ValueError or TypeError for anything else."""
        updated, code, at, detail, delivered_at, keys = row
        if code not in _STATUSES or len(keys) % KEY_LENGTH:
            raise ValueError("not a ledger row")
        parts = [keys[i : i + KEY_LENGTH] for i in range(0, len(keys), KEY_LENGTH)]
        return cls(int(updated), _STATUSES[code], int(at), str(detail), int(delivered_at), parts)


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

    def trim(self, limit: int) -> int:
        """Forget the incidents updated longest ago until the rows fit `limit` characters.

        Returns the newest update forgotten, in ticks (0 when nothing was).
        """
        sizes = {key: _row_size(key, entry) for key, entry in self.entries.items()}
        excess = sum(sizes.values()) - limit
        newest = 0
        for key in sorted(self.entries, key=lambda k: self.entries[k].updated):
            if excess <= 0:
                break
            entry = self.entries.pop(key)
            self._known.difference_update(entry.keys)
            newest = max(newest, entry.updated)
            excess -= sizes[key]
        return newest


def _row_size(incident_id: str, entry: Entry) -> int:
    # Digits of three numbers, quotes and commas stay below 64; non-ASCII text may be escaped.
    return 64 + 6 * len(entry.detail) + 6 * len(incident_id) + KEY_LENGTH * len(entry.keys)
