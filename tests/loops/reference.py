"""What the reference loops share: signing in, asking, a state of JSON, and the filters."""

import json
from datetime import UTC, datetime
from typing import Any

import requests

from tests.loops.stage import LISTING, Loop, Stage

Json = dict[str, Any]

SEVERITIES = ("informational", "low", "medium", "high")
STATUSES = ("active", "inProgress")


class Throttled(Exception):
    """The service answered 429."""

    def __init__(self, retry_after: str | None) -> None:
        super().__init__("429")
        self.retry_after = retry_after


class Graph:
    """A session with a token; asks as plainly as a script does."""

    def __init__(self, stage: Stage, timeout: float | None) -> None:
        self.stage = stage
        self.timeout = timeout
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = stage.emulator.ca_bundle
        self._wire = stage.wire(self.session)

    def close(self) -> None:
        """Close the connections."""
        self.session.close()

    def sign_in(self) -> str:
        """A new token. Raises what `requests` raises."""
        ready = self.stage.emulator.ready
        form = {
            "client_id": ready["client_id"], "client_secret": ready["client_secret"],
            "grant_type": "client_credentials", "scope": f"{ready['url']}/.default",
        }  # fmt: skip
        address = f"{ready['url']}/{ready['tenant_id']}/oauth2/v2.0/token"
        answer = self.session.post(address, data=form, timeout=self.timeout)
        answer.raise_for_status()
        token = str(answer.json()["access_token"])
        self.use(token)
        return token

    def use(self, token: str) -> None:
        """Ask with this token from now on."""
        self.session.headers["Authorization"] = f"Bearer {token}"

    def get(self, where: str, params: dict[str, str] | None = None) -> Json:
        """The answer's JSON. Raises `Throttled`, or what `requests` raises."""
        address = where if where.startswith("https:") else f"{self.stage.emulator.url}{where}"
        answer = self.session.get(address, params=params, timeout=self.timeout)
        if answer.status_code == 429:
            raise Throttled(answer.headers.get("Retry-After"))
        answer.raise_for_status()
        found: Json = answer.json()
        return found

    def incidents(self, params: dict[str, str]) -> Json:
        """A page of incidents."""
        return self.get(LISTING, params)


class Reference(Loop):
    """What every reference loop is made with; `timeout` is that of its requests, in seconds."""

    timeout: float | None = 60

    def __init__(self, stage: Stage, lowest: str = "") -> None:
        self.stage = stage
        self.lowest = lowest
        self.graph = Graph(stage, self.timeout)

    def close(self) -> None:
        """Close the connections."""
        self.graph.close()


def stamp(moment: datetime) -> str:
    """A time to the second, as an OData filter wants it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_of(text: str) -> float:
    """A time of Microsoft's in seconds since 1970 UTC. Raises for what is none."""
    return datetime.fromisoformat(text).timestamp()


def remembered(stage: Stage, fresh: Json) -> Json:
    """The state that was written, or a fresh one. Raises ValueError for a damaged text."""
    return json.loads(stage.text) if stage.text else fresh


def wanted(incident: Json, lowest: str) -> bool:
    """Whether an incident passes the filters, which all loops have alike."""
    severity = incident.get("severity")
    rank = SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)
    enough = not lowest or rank >= SEVERITIES.index(lowest)
    return incident.get("status") in STATUSES and enough
