"""Whether what came late had to be found, told from when the connector ran and what it could see.

Each pass starts half an hour before the newest time seen when it begins, each half hour one starts
three hours before it: not before *now*. So what shows up later than `UNASKED` after its incident's
update time is owed only if a pass began once it was there, and the newest time that the connector
could have seen by then was near enough. Of runs that fail, wait or leave a backlog nothing is said
here; neither of what shows up more than two and a half hours late, for an incident that is too heavy
for the list is looked at for so long and no longer.

A page that is full by chance hides the end of the list, so not every good run begins a pass: one of
three in a row does.
"""

from dataclasses import dataclass
from itertools import pairwise

SECOND = 10_000_000
MINUTE = 60 * SECOND
UNASKED = 25 * MINUTE
"""So late a thing must be found however the connector ran: the overlap is half an hour."""
LATEST = 149 * MINUTE
OVERLAP = 30 * MINUTE
DEEP = 180 * MINUTE
DEEP_EVERY = 30 * MINUTE + SECOND
ROW = 3


@dataclass(frozen=True)
class Ran:
    """One run; all times are the tenant's, in ticks."""

    began: int
    whole: bool
    """It ended well and said that nothing waits."""
    newest: int
    """The newest update time that any run before it could have seen."""


class Promise:
    """The runs so far, and what they had to find."""

    def __init__(self) -> None:
        self.runs: list[Ran] = []

    def holds(self, updated: int, shown: int) -> bool:
        """Whether what was there at `shown`, under this update time, must have been found."""
        late = shown - updated
        return late <= UNASKED or (late <= LATEST and self._passed(updated, shown))

    def _passed(self, updated: int, shown: int) -> bool:
        """Whether a pass over this update time began, and ended, when it was there."""
        row: list[int] = []
        for before, run in pairwise(self.runs):
            if not (before.whole and run.whole and run.began >= shown):
                row = []
                continue
            row.append(run.began)
            if len(row) >= ROW and run.newest <= updated + _reach(row):
                return True
        return False


def _reach(row: list[int]) -> int:
    """How far before the newest time one of these good runs, in a row, has surely looked."""
    return DEEP if row[-ROW] - row[0] >= DEEP_EVERY else OVERLAP
