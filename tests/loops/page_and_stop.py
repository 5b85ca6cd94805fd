"""A loop that follows pages until they end or anything fails, and moves on all the same."""

import json
from datetime import UTC, datetime

from tests.loops.reference import Json, Reference, Throttled, remembered, seconds_of, stamp, wanted
from tests.loops.stage import HOURS_BACK, LISTING

TRIES = 5
LEVELS = {"informational": 1, "low": 2, "medium": 3, "high": 4, "unknown": 0}


class PageAndStop(Reference):
    """`lastUpdateDateTime gt` a cursor in whole seconds, pages until done or any error.

    An error ends the paging without a word. The list comes newest first, is walked backwards, and
    the cursor becomes the rounded time of what was walked last. A 429 is tried five times. It
    signs in at each run, has no timeout, hands over all alerts of a changed incident (the
    platform is to sort them out by id), and a severity that it does not know ends the run.
    """

    name = "page and stop"
    timeout = None

    def poll(self) -> None:
        """One run."""
        start = round(self.stage.clock_seconds() - HOURS_BACK * 3600)
        memory = remembered(self.stage, {"cursor": start})
        self.graph.sign_in()
        for incident in reversed(self._pages(memory["cursor"])):
            self._take(incident)
            memory["cursor"] = round(seconds_of(incident["lastUpdateDateTime"]))
        self.stage.text = json.dumps(memory)

    def _pages(self, cursor: int) -> list[Json]:
        since = stamp(datetime.fromtimestamp(cursor, UTC))
        options = {"$filter": f"lastUpdateDateTime gt {since}", "$expand": "alerts"}
        found: list[Json] = []
        where, params = LISTING, options
        while where:
            try:
                page = self._patiently(where, params)
                found += page["value"]
            except Exception as error:  # noqa: BLE001  this is its strategy: what came is all
                self.stage.failures.append(repr(error))
                break
            where, params = page.get("@odata.nextLink", ""), {}
        return found

    def _patiently(self, where: str, params: dict[str, str]) -> Json:
        for attempt in range(TRIES):
            try:
                return self.graph.get(where, params)
            except Throttled as error:
                wait = float(error.retry_after or 2**attempt)
                self.stage.pass_time(wait)
        raise Throttled(None)

    def _take(self, incident: Json) -> None:
        if not wanted(incident, self.lowest):
            return
        LEVELS[incident["severity"]]
        for alert in incident["alerts"]:
            LEVELS[alert["severity"]]
            self.stage.take(incident["id"], alert["id"])
