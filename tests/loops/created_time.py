"""A loop whose cursor is the newest creation time, and that reads all pages before it saves."""

import json
from datetime import UTC, datetime

from tests.loops.reference import Json, Reference, remembered, seconds_of, stamp, wanted
from tests.loops.stage import HOURS_BACK

FETCH_SECONDS = 30
MAX_FETCH = 100
PAGE = 50
TOKEN_SECONDS = 3600 - 5


class TookTooLong(Exception):
    """The backlog could not be read in time."""


class CreatedTime(Reference):
    """`createdDateTime gt` the newest seen, `$skip` paging, everything read before anything is kept.

    What is more than a run may hand over waits in a queue in its state, which is written before
    the platform is given anything. A token is kept until it should expire. It raises when the
    pages take longer than its timeout.
    """

    name = "created time"

    def poll(self) -> None:
        """One run."""
        now = self.stage.clock_now()
        start = datetime.fromtimestamp(now.timestamp() - HOURS_BACK * 3600, UTC)
        memory = remembered(
            self.stage, {"cursor": stamp(start), "queue": [], "token": "", "until": 0}
        )
        self._signed_in(memory)
        if len(memory["queue"]) < MAX_FETCH:
            self._refill(memory)
        batch, memory["queue"] = memory["queue"][:MAX_FETCH], memory["queue"][MAX_FETCH:]
        self.stage.text = json.dumps(memory)
        for incident_id, alert_ids in batch:
            for alert_id in alert_ids:
                self.stage.take(incident_id, alert_id)

    def _signed_in(self, memory: Json) -> None:
        if self.stage.clock_seconds() >= memory["until"]:
            memory["token"] = self.graph.sign_in()
            memory["until"] = self.stage.clock_seconds() + TOKEN_SECONDS
            text = {**remembered(self.stage, memory), "token": memory["token"]}
            self.stage.text = json.dumps({**text, "until": memory["until"]})
        self.graph.use(memory["token"])

    def _refill(self, memory: Json) -> None:
        incidents = self._all_pages(memory["cursor"])
        found = [(self._created(incident), incident) for incident in incidents]
        found.sort(key=lambda pair: pair[0])
        for _, incident in found:
            if wanted(incident, self.lowest):
                ids = [alert["id"] for alert in incident["alerts"]]
                memory["queue"].append([incident["id"], ids])
        if found:
            memory["cursor"] = found[-1][1]["createdDateTime"]

    def _created(self, incident: Json) -> float:
        """Its creation; what it derives on the way stumbles over a null."""
        for alert in incident["alerts"]:
            seconds_of(alert["firstActivityDateTime"])
            len(alert["evidence"])
        return seconds_of(incident["createdDateTime"])

    def _all_pages(self, cursor: str) -> list[Json]:
        began = self.stage.clock_seconds()
        found: list[Json] = []
        while True:
            if self.stage.clock_seconds() - began > FETCH_SECONDS:
                raise TookTooLong(f"{len(found)} incidents were read, and are given up")
            page = self.graph.incidents(
                {
                    "$filter": f"createdDateTime gt {cursor}", "$expand": "alerts",
                    "$top": str(PAGE), "$skip": str(len(found)),
                }
            )["value"]  # fmt: skip
            found += page
            if len(page) < PAGE:
                return found
