"""The ledger as text: small enough for 200,000 alerts of 50,000 incidents in the platform's limit.

The lines are columns of JSON, deflated; digests of alerts cannot be made smaller and stand beside
them. Both are Base64, so the text is ASCII that JSON need not escape.
"""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from itertools import accumulate, pairwise
from typing import Any

from defender365.core.ledger import CODES, KEY_BYTES, STATUSES, Entry

LEVEL = 1
"""The quickest: a tenth larger than the smallest, in half the time; it is done for each page."""

ROW_CHARACTERS = 14
"""What a line takes about, beside its digests and its detail: measured, benchmarks/state.py."""

MOST_DEFLATED = 200_000_000
"""A text that claims to hold more than this is damaged."""


def packed(entries: Mapping[str, Entry]) -> dict[str, str]:
    """The lines, oldest update first."""
    ordered = sorted(entries.items(), key=lambda item: item[1].updated)
    lines = [entry for _, entry in ordered]
    columns = [
        [incident_id for incident_id, _ in ordered],
        _steps(entry.updated for entry in lines),
        "".join(CODES[entry.status] for entry in lines),
        _steps(entry.at for entry in lines),
        [entry.at - entry.delivered_at if entry.delivered_at else None for entry in lines],
        [len(entry.keys) for entry in lines],
        {str(n): entry.detail for n, entry in enumerate(lines) if entry.detail},
    ]
    text = json.dumps(columns, separators=(",", ":")).encode()
    digests = b"".join(key for entry in lines for key in entry.keys)
    return {
        "rows": b64encode(zlib.compress(text, LEVEL)).decode(),
        "keys": b64encode(digests).decode(),
    }


def unpacked(found: Mapping[str, Any]) -> dict[str, Entry]:
    """The lines behind a text. Raises ValueError, TypeError or KeyError for anything else."""
    columns = json.loads(_inflated(b64decode(found["rows"], validate=True)))
    ids, updated, codes, at, delivered, counts, details = columns
    digests = b64decode(found["keys"], validate=True)
    if len(digests) != KEY_BYTES * sum(counts) or min(counts, default=0) < 0:
        raise ValueError("the digests are not those of the lines")
    starts = accumulate((KEY_BYTES * count for count in counts), initial=0)
    entries: dict[str, Entry] = {}
    rows = zip(
        ids, accumulate(updated), codes, accumulate(at), delivered, pairwise(starts), strict=True
    )
    for n, (incident_id, moment, code, reached, age, (start, end)) in enumerate(rows):
        keys = [digests[i : i + KEY_BYTES] for i in range(start, end, KEY_BYTES)]
        entries[str(incident_id)] = Entry(
            int(moment), STATUSES[code], int(reached), str(details.get(str(n), "")),
            int(reached) - int(age) if age is not None else 0, keys,
        )  # fmt: skip
    return entries


def size_of(entry: Entry) -> float:
    """About how many characters a line takes."""
    return ROW_CHARACTERS + len(entry.detail) + len(entry.keys) * KEY_BYTES * 4 / 3


def _steps(values: Iterable[int]) -> list[int]:
    before, steps = 0, []
    for value in values:
        steps.append(value - before)
        before = value
    return steps


def _inflated(data: bytes) -> bytes:
    inflating = zlib.decompressobj()
    try:
        text = inflating.decompress(data, MOST_DEFLATED)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if not inflating.eof or inflating.unused_data:
        raise ValueError("the lines are cut")
    return text
