"""A loop that asks for each incident's alerts, and keeps its own clock as the cursor."""

import json
from datetime import UTC, datetime

from tests.loops.reference import Json, Reference, Throttled, remembered, stamp, wanted
from tests.loops.stage import HOURS_BACK, LISTING

WAIT_SECONDS = 90


class PerIncident(Reference):
    """List what was updated since the last run, one alerts request per incident, cursor = now.

    A 429 for alerts ends the run and makes the next ones wait; an incident that fails is logged
    and left behind; the cursor then is the time at which the run ended, whatever it took.
    """

    name = "per incident"

    def poll(self) -> None:
        """One run."""
        began = self.stage.clock_seconds()
        fresh = {"cursor": began - HOURS_BACK * 3600, "wait": 0, "seen": []}
        memory = remembered(self.stage, fresh)
        if began < memory["wait"]:
            return
        self.graph.sign_in()
        seen = dict.fromkeys(memory["seen"])
        for incident in self._listed(memory["cursor"]):
            try:
                self._take(incident, seen)
            except Throttled:
                memory["wait"] = self.stage.clock_seconds() + WAIT_SECONDS
                break
            except Exception as error:  # noqa: BLE001  this is its strategy: log it and go on
                self.stage.failures.append(f"{incident}: {error!r}"[:200])
        memory |= {"cursor": self.stage.clock_seconds(), "seen": list(seen)[-20_000:]}
        self.stage.text = json.dumps(memory)

    def _listed(self, cursor: float) -> list[Json]:
        since = stamp(datetime.fromtimestamp(cursor, UTC))
        options = {
            "$filter": f"lastUpdateDateTime ge {since}", "$orderby": "lastUpdateDateTime asc",
            "$top": "50",
        }  # fmt: skip
        return self._every(self.graph.incidents(options))

    def _every(self, page: Json) -> list[Json]:
        """What stands on a page and on those after it."""
        found: list[Json] = page["value"]
        while "@odata.nextLink" in page:
            page = self.graph.get(page["@odata.nextLink"])
            found += page["value"]
        return found

    def _take(self, incident: Json, seen: dict[str, None]) -> None:
        if not wanted(incident, self.lowest):
            return
        for alert in self._every(self.graph.get(f"{LISTING}/{incident['id']}/alerts")):
            if alert["id"] not in seen:
                self.stage.take(incident["id"], alert["id"])
                seen[alert["id"]] = None
