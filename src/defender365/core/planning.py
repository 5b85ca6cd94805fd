"""The connector's brain: where to ask next, what a pass has seen, what to ask again.

A *pass* walks the incidents in order of `lastUpdateDateTime`, from its start to the end of the
list, over as many polls as that takes. Its position is Microsoft's time of the last incident
fully handled; the next page is asked from there by key (`ge`), passing over the incidents
already seen at exactly that time. A new pass starts an overlap before the newest time seen, so
late arrivals are found; what was delivered before is recognised by the ledger.

Passing over k incidents at a time is exact unless one of them moved or was deleted between two
requests, or the service orders equal times differently from page to page. Each shows: the moved one
comes again with a newer time, the other as a repeat, and the last of the k, which is not passed over,
does not come first. Then the pass marks that time to be asked again.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from typing import Any

from defender365.core.model import UNKNOWN_TIME, Incident

SECOND = 10_000_000
"""Ticks in a second."""

DAY = 24 * 60 * 60

OVERLAP = 30 * 60 * SECOND
"""How far before the newest time a pass starts: alerts were seen to arrive 10 minutes late and
more (Azure/Azure-Sentinel#9111, wazuh/wazuh#24323)."""

DEEP = 3 * 60 * 60 * SECOND
DEEP_EVERY = 30 * 60
"""Every half hour a pass starts three hours before the newest time: what arrives later than the
overlap, up to two and a half hours late, is found by it (wazuh/wazuh#35661 waits two hours)."""

PAGE = 50
"""The most incidents Graph gives in one page (wazuh/wazuh#28070)."""

LAG = 2 * 60 * 60
"""A backlog that reaches further back, in seconds, is read in a lane of its own, beside the lane of
what is new: after an outage the newest incidents do not wait for the oldest."""

LOOKS = (25 * 60, 150 * 60)
"""When an incident that was fetched alone, or others were merged into, is looked at again, in seconds:
alerts that arrive late show in no list of it. As late as with the two overlaps."""

MAX_ANCHORS = 2_000
MAX_HEAVY = 5_000
"""More than can be fetched alone, at 20 alert requests a minute, while a pass of three hours and what it
takes still meets them. With fewer, each would be forgotten just before it is met again."""


@dataclass
class Pass:
    """Where the walk stands; all times are Microsoft's, in 100 ns ticks."""

    origin: int
    """Where the very first pass started; nothing older is ever asked for."""
    start: int
    position: int
    boundary: set[str] = field(default_factory=set)
    """Incidents handled in this pass at exactly `position`."""
    newest: int = 0
    began: int = 0
    """When this pass began, in seconds by the host's clock; only differences are used."""
    complete: bool = False
    resting: bool = False
    """True where the last page was full and ended the list: it may go on, the next run sees."""
    took: int = 0
    """How long this pass lasted when it was complete, in seconds."""
    deep: int = 0
    """When the last pass that looked further back began, in seconds by the host's clock."""
    recheck: int = 0
    """A time that the next pass must ask again from; 0 for none."""
    anchors: dict[str, int] = field(default_factory=dict)
    """Incidents that were passed over at a page's edge, and at which time."""

    def lags(self, now: int) -> bool:
        """True when so much lies ahead that what is new should not wait for it."""
        return not self.complete and self.position < (now - LAG) * SECOND

    def ahead(self, now: int) -> "Pass":
        """A pass of what is new, beside this one: it never asks for what lies before its start."""
        start = now * SECOND - OVERLAP
        return Pass(origin=start, start=start, position=start, began=now, deep=now)

    def reached(self, fresh: "Pass") -> bool:
        """True when this pass has come to where the pass of what is new began."""
        return self.complete or self.position >= fresh.origin

    def joined(self, fresh: "Pass", now: int) -> "Pass":
        """One pass of this one and of the one it has reached: it stands where that one stands.

        It lasted as long as this one, so the next begins that much earlier.
        """
        if self.complete:
            return self
        rechecks = [ticks for ticks in (self.recheck, fresh.recheck) if ticks]
        made = Pass(
            self.origin, fresh.start, fresh.position, set(fresh.boundary),
            newest=max(self.newest, fresh.newest), began=self.began, deep=self.deep,
            recheck=min(rechecks, default=0), anchors={**self.anchors, **fresh.anchors},
        )  # fmt: skip
        if fresh.complete:
            made.finish(now)
        return made

    @classmethod
    def first(cls, ticks: int, now: int) -> "Pass":
        """The first pass of all, from this time on."""
        return cls(origin=ticks, start=ticks, position=ticks, began=now, deep=now)

    def resumed(self, now: int, forgotten: int = 0) -> "Pass":
        """This pass if it has not reached the end, else a new one that starts an overlap earlier.

        Every half hour the overlap is a long one. A pass that lasted long lets data arrive behind it
        for as long: its duration is added. A time ahead of the host's clock is nobody's newest (a
        clock that is slow only makes the overlap longer). What was `forgotten` cannot be recognised
        any more and is not asked for again.
        """
        if not self.complete:
            self.resting = False
            return self
        newest = min(self.newest, now * SECOND)
        deep = abs(now - self.deep) >= DEEP_EVERY
        overlap = DEEP if deep else OVERLAP
        start = max(newest, self.origin) - overlap - self.took * SECOND
        if self.recheck:
            start = min(start, self.recheck)
        start = max(self.origin, start, forgotten + 1 if forgotten else 0)
        looked = now if deep else self.deep
        return Pass(self.origin, start, start, newest=newest, began=now, deep=looked)

    def finish(self, now: int) -> None:
        """The walk has reached the end of the list."""
        self.complete = True
        self.took = min(max(0, now - self.began), DAY)

    def handled(self, incident: Incident) -> None:
        """Move over an incident that is fully handled."""
        updated = incident.updated
        self.watch(incident)
        if updated == UNKNOWN_TIME:
            self.boundary.add(incident.id)
            return
        if updated > self.position:
            self.position, self.boundary = updated, {incident.id}
        elif updated == self.position:
            self.boundary.add(incident.id)
        self.newest = max(self.newest, updated)

    def watch(self, incident: Incident) -> None:
        """See whether this record shows that a page may have passed over something unseen."""
        updated = incident.updated
        if updated == UNKNOWN_TIME:
            return
        self.noticed(incident)
        if updated < self.position:
            self._ask_again(self.start)
        elif updated == self.position and incident.id in self.boundary and self.start != updated:
            self._ask_again(updated)

    def noticed(self, incident: Incident) -> None:
        """See whether an incident that this pass passed over has moved; another lane may meet it."""
        anchored = self.anchors.get(incident.id)
        if anchored is not None and incident.updated > anchored:
            self._ask_again(anchored)
        if incident.id in self.boundary and incident.updated > self.position:
            self._ask_again(self.position)

    def pass_over(self, *, whole: bool = False) -> int:
        """How many incidents at `position` the page asked for now passes over; they are watched.

        All but one, which must come first: if it does not, one of them may be gone, and what is
        passed over in its place was never seen. `whole` is for a page whose first is known anyway.
        """
        for incident_id in self.boundary:
            self.anchors[incident_id] = self.position
        while len(self.anchors) > MAX_ANCHORS:  # no longer watched: asked again to be sure
            self._ask_again(self.anchors.pop(next(iter(self.anchors))))
        return len(self.boundary) if whole else max(0, len(self.boundary) - 1)

    def doubt(self) -> None:
        """A page did not begin with what it must begin with: the next pass asks again from here.

        One that began here begins a tick earlier, so that what is doubted twice is asked for twice.
        """
        self._ask_again(self.position - (self.start == self.position))

    def _ask_again(self, ticks: int) -> None:
        self.recheck = min(self.recheck or ticks, ticks)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values, for the state."""
        return {
            "origin": self.origin, "start": self.start, "position": self.position,
            "boundary": sorted(self.boundary), "newest": self.newest, "began": self.began,
            "complete": self.complete, "resting": self.resting, "took": self.took, "deep": self.deep, "recheck": self.recheck,
            "anchors": self.anchors,
        }  # fmt: skip

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> "Pass":
        """The pass behind `as_json`. Raises KeyError, TypeError or ValueError for anything else."""
        numbers = {
            name: int(found[name])
            for name in ("origin", "start", "position", "newest", "began", "took", "recheck")
        }
        return cls(
            **numbers,
            deep=int(found.get("deep", 0)),
            boundary={str(item) for item in found["boundary"]},
            complete=bool(found["complete"]),
            resting=bool(found.get("resting")),
            anchors={str(k): int(v) for k, v in dict(found["anchors"]).items()},
        )


@dataclass
class Heavy:
    """The incidents whose alerts Graph cannot send with the list.

    It answers 500 for a page whose alerts are too many (elastic/integrations#18144), for as long
    as the incident is in it. Such an incident is remembered, and its alerts are fetched alone.
    """

    seen: dict[str, int] = field(default_factory=dict)
    """Incident ids, and the update times for which their alerts were last fetched alone, in ticks; one
    tick less than the time that was seen for those whose alerts were not."""
    suspects: list[str] = field(default_factory=list)
    """Incidents of a page that failed: at least one of them is too heavy. Kept between polls, for
    a page that fails slowly may take more than one poll to halve."""
    failed: int = 0
    """How often a page with alerts failed since the last incident that was handled."""
    failed_size: int = 0

    def page_failed(self, asked: int) -> None:
        """A page of so many incidents failed; once may be chance, twice and one is heavy."""
        self.failed += 1
        self.failed_size = asked
        self.suspects = self.suspects[:asked]

    def narrowed(self, ahead: Sequence[str]) -> Sequence[str]:
        """The suspects among the incidents ahead; those of the failed page, if it failed twice."""
        if self.failed > 1 and not self.suspects:
            self.suspects = list(ahead[: self.failed_size])
        self.suspects = [key for key in self.suspects if key in set(ahead)]
        return self.suspects

    def found(self) -> None:
        """The one that made the page fail was taken alone."""
        self.failed, self.suspects = 0, []

    def as_json(self) -> list[Any]:
        """Plain JSON values, for the state."""
        return [self.seen, self.suspects, self.failed, self.failed_size]

    @classmethod
    def from_json(cls, found: list[Any]) -> "Heavy":
        """What `as_json` gave. Raises TypeError, ValueError or AttributeError for anything else."""
        seen, suspects, failed, size = found
        return cls(
            {str(k): int(v) for k, v in seen.items()},
            [str(key) for key in suspects],
            int(failed),
            int(size),
        )

    def remember(self, incident: Incident) -> None:
        """Keep in mind that this incident is heavy; its alerts are still to be fetched."""
        self._keep(incident.id, max(self.seen.get(incident.id, 0), incident.updated - 1))

    def fetched(self, incident: Incident) -> None:
        """The alerts of this version of the incident were fetched alone."""
        self._keep(incident.id, incident.updated)

    def knows(self, incident: Incident) -> bool:
        """True when the alerts of this version were fetched alone."""
        return self.seen.get(incident.id) == incident.updated

    def _keep(self, incident_id: str, updated: int) -> None:
        self.seen.pop(incident_id, None)
        self.seen[incident_id] = updated
        while len(self.seen) > MAX_HEAVY:
            del self.seen[next(iter(self.seen))]

    def near(self, newest: int) -> bool:
        """True when one was updated within a day of the newest time: it may well come again.

        Then a page is listed without alerts first, so that it can be passed around.
        """
        return any(updated + 1 >= newest - DAY * SECOND for updated in self.seen.values())


def page_size(remaining: int, known_ahead: int, pages: int) -> int:
    """How many incidents to ask for.

    What the poll may still take (doubled with each page before, which the filters emptied) and
    what it will recognise, within a full page.
    """
    return max(1, min(PAGE, (remaining << min(pages, 6)) + known_ahead))


def may_expand(heads: Sequence[str], heavy: Container[str], suspects: Sequence[str]) -> int:
    """How many incidents of a list may be asked for with their alerts; 0: take the first alone.

    `heads` are the ids ahead in order. A page that failed made its incidents `suspects`: at least
    one of them is heavy, so half of them are asked for next, and the last one left is taken alone.
    """
    light = next((n for n, head in enumerate(heads) if head in heavy), len(heads))
    left = [head for head in heads if head in set(suspects)]
    if not left:
        return light
    return min(light, len(left) // 2)
