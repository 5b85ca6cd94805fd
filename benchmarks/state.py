"""How large the connector's memory gets at its bound, and what reading and writing it costs."""

import time
from random import Random

from defender365.core.packing import packed, size_of
from defender365.core.planning import Pass
from defender365.core.state import MAX_CHARACTERS, State, dump_state, load_state

NOW = 1_790_000_000
INCIDENTS, ALERTS = 50_000, 4


def full() -> State:
    """A memory of 200,000 alerts delivered for 50,000 incidents over 30 days."""
    random = Random(7)  # noqa: S311  a measure, not a secret
    state = State(walk=Pass.first(5, now=1))
    for number in range(INCIDENTS):
        moment = NOW - random.randrange(30 * 86_400)
        ids = [f"da{number}-{letter}" for letter in range(ALERTS)]
        updated = moment * 10_000_000 + random.randrange(10_000_000)
        state.ledger.delivered(
            str(90_000 + number), updated, ids, at=moment + random.randrange(120)
        )
    return state


def measured() -> dict[str, float]:
    """Characters of the whole and of a line, and seconds to write and to read."""
    state = full()
    begun = time.process_time()
    text = dump_state(state)
    written = time.process_time()
    load_state(text)
    read = time.process_time()
    digests = sum(size_of(entry) for entry in state.ledger.entries.values())
    rows = len(packed(state.ledger.entries)["rows"])
    return {
        "characters": len(text), "limit": MAX_CHARACTERS, "characters a line": rows / INCIDENTS,
        "estimated": digests, "seconds to write": written - begun, "seconds to read": read - written,
    }  # fmt: skip


if __name__ == "__main__":
    for name, value in measured().items():
        print(f"{name}: {value:,.2f}")
