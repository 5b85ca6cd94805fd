"""What the published integration left behind, read once, so that switching loses nothing.

It kept, under the connector's own keys, a timestamp in ms (how far it had come) and the ids of
the alerts it delivered, as a list or as an object by id (the conventions of Google's TIPCommon:
`timestamp` and `ids`, the last 1,000 of them).
"""

import json
from collections.abc import Iterator

from defender365.core.errors import StateUnreadable
from defender365.core.ledger import DELIVERED, Entry, Ledger, alert_key
from defender365.core.planning import OVERLAP, SECOND, Pass
from defender365.core.state import State

MANY = 1_000
"""With so many ids the list may have been cut: older deliveries can no longer be told."""

TAKEN_OVER = "(taken over)"
"""The ledger's line that holds the alerts delivered before the switch."""


def carried_over(timestamp_ms: int, ids: str, now: int) -> State | None:
    """The state to go on from, or None when nothing was left; `now` in seconds since 1970 UTC.

    The walk starts at the timestamp, and an overlap before it where every delivery is known.
    Raises `StateUnreadable` when the ids are not JSON.
    """
    known = list(dict.fromkeys(_ids_in(ids)))
    if timestamp_ms <= 0:
        return None
    cursor = min(timestamp_ms * SECOND // 1000, now * SECOND)
    complete = 0 < len(known) < MANY
    state = State(walk=Pass.first(cursor - (OVERLAP if complete else 0), now))
    if known:
        keys = [alert_key(alert_id) for alert_id in known]
        state.ledger = Ledger({TAKEN_OVER: Entry(cursor, DELIVERED, now, "", now, keys)})
    return state


def _ids_in(text: str) -> Iterator[str]:
    if not text.strip():
        return
    try:
        found = json.loads(text)
    except ValueError:
        raise StateUnreadable(
            "The alert ids that the published integration left cannot be read: they are not JSON."
            ' Nothing was changed. Repair or remove the connector\'s context value "ids".'
        ) from None
    yield from _texts(found)


def _texts(found: object) -> Iterator[str]:
    """Every text inside, keys included: whichever are alert ids will be recognised."""
    if isinstance(found, str):
        yield found
    elif isinstance(found, int) and not isinstance(found, bool):
        yield str(found)
    elif isinstance(found, list):
        for item in found:
            yield from _texts(item)
    elif isinstance(found, dict):
        yield from found
        for item in found.values():
            if isinstance(item, (dict, list)):  # what else stands behind an id is a time
                yield from _texts(item)
