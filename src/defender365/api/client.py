"""A method for each call we make to Microsoft Graph security and the Defender API."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit

from defender365.api.auth import Tokens
from defender365.api.limits import Budgets
from defender365.api.records import Collection
from defender365.api.transport import Request, Transport
from defender365.core.errors import (
    BadInput,
    NotFound,
    NotJson,
    NotSignedIn,
    PermissionMissing,
    Refused,
)
from defender365.core.model import Json
from defender365.core.settings import Settings

if TYPE_CHECKING:
    from defender365.api.hunting_rows import Rows, RowStream

T = TypeVar("T")

GRAPH_HUNTING = "ThreatHunting.Read.All"
DEFENDER_HUNTING = "AdvancedHunting.Read.All"
GRAPH_HUNT = "/v1.0/security/runHuntingQuery"
HUNTING_SECONDS = 190.0
"""Microsoft stops a query after 3 minutes; we wait a little longer for its word."""

ALERTS_PER_PAGE = 1000
"""Graph's cap for alerts; a service with a lower one is asked again with its own."""

_PREFER = {"Prefer": "include-unknown-enum-members"}

READING = ("SecurityIncident.Read.All", "SecurityIncident.ReadWrite.All")
WRITING = ("SecurityIncident.ReadWrite.All",)
ALERTS = ("SecurityAlert.Read.All", "SecurityAlert.ReadWrite.All", *READING)
HUNTING = (GRAPH_HUNTING, DEFENDER_HUNTING)

CAPABILITIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Read incidents (connector)", READING),
    ("Read alerts of incidents (connector)", ALERTS),
    ("Update and comment on incidents", WRITING),
    ("Run hunting queries", HUNTING),
)
"""What the integration does, and the permissions of which one is enough."""


class Client:
    """Calls the APIs of one tenant; raises the families of `core/errors.py`."""

    def __init__(
        self, settings: Settings, transport: Transport, tokens: Tokens, budgets: Budgets
    ) -> None:
        self.settings = settings
        self.transport = transport
        self.tokens = tokens
        self.budgets = budgets
        self._graph = settings.graph_api_root
        self._security = f"{self._graph}/v1.0/security"

    def close(self) -> None:
        """Close the connections."""
        self.transport.close()

    def incidents(self, options: Mapping[str, str]) -> Collection:
        """One page of incidents, read as it arrives; see `core.odata.incident_list`."""
        self.budgets.take("incidents", self.transport.deadline)
        request = Request(
            "GET", f"{self._security}/incidents", "GET /security/incidents", "Listing incidents",
            params=options, headers=_PREFER, attempts=1 if "$expand" in options else 3,
        )  # fmt: skip
        return Collection(self._as(self._graph, request, self.transport.stream))

    def probe_incidents(self) -> None:
        """One small call that shows whether incidents can be read."""
        page = self.incidents({"$top": "1"})
        for _ in page:
            pass

    def incident(self, incident_id: str, *, expand: bool = False) -> Json:
        """One incident. Raises `NotFound`."""
        self.budgets.take("incidents", self.transport.deadline)
        request = Request(
            "GET", f"{self._security}/incidents/{quote(incident_id, safe='')}",
            "GET /security/incidents/{id}", f"Reading incident {incident_id}",
            params={"$expand": "alerts"} if expand else {}, headers=_PREFER,
        )  # fmt: skip
        return self._object(request)

    def incident_alerts(self, incident_id: str) -> Iterator[Any]:
        """The alerts of one incident, over all pages, for an incident too heavy to expand."""
        options = {"$top": str(ALERTS_PER_PAGE)}
        while True:
            page = self._alerts_page(incident_id, options)
            yield from page
            if not page.next_link:
                return
            following = dict(parse_qsl(urlsplit(page.next_link).query))
            if following == options or not following:
                raise NotJson(f"Alerts of incident {incident_id}: the pages do not advance.")
            options = following

    def _alerts_page(self, incident_id: str, options: dict[str, str]) -> Collection:
        try:
            return self._alerts(incident_id, options)
        except Refused as refused:
            cap = re.search(r"limit of '(\d+)' for Top", refused.reason)
            if cap is None or cap[1] == options.get("$top"):
                raise
            options["$top"] = cap[1]
            return self._alerts(incident_id, options)

    def _alerts(self, incident_id: str, options: Mapping[str, str]) -> Collection:
        self.budgets.take("alerts", self.transport.deadline)
        request = Request(
            "GET", f"{self._security}/incidents/{quote(incident_id, safe='')}/alerts",
            "GET /security/incidents/{id}/alerts", f"Reading the alerts of incident {incident_id}",
            params=options, headers=_PREFER,
        )  # fmt: skip
        return Collection(self._as(self._graph, request, self.transport.stream))

    def update_incident(self, incident_id: str, changes: Json) -> Json:
        """Change properties of an incident; gives the incident as it is then.

        Raises `NotFound`, or `Refused` with the service's reason.
        """
        request = Request(
            "PATCH", f"{self._security}/incidents/{quote(incident_id, safe='')}",
            "PATCH /security/incidents/{id}", f"Updating incident {incident_id}",
            body=changes, headers=_PREFER, attempts=2,
        )  # fmt: skip
        return self._object(request)

    def add_comment(self, incident_id: str, comment: str) -> list[Json]:
        """Comment on an incident; gives all its comments. Sent once: a repeat would double it."""
        request = Request(
            "POST", f"{self._security}/incidents/{quote(incident_id, safe='')}/comments",
            "POST /security/incidents/{id}/comments", f"Commenting on incident {incident_id}",
            body={"@odata.type": "microsoft.graph.security.alertComment", "comment": comment},
            attempts=1,
        )  # fmt: skip
        found = self._object(request).get("value")
        return [c for c in found if isinstance(c, dict)] if isinstance(found, list) else []

    def hunt(self, query: str) -> "Rows":
        """Run a KQL query, through Graph or the Defender API as the token allows.

        Raises `Refused` with the engine's message, `Throttled`, `TimedOut`, or
        `PermissionMissing` naming both permissions when the token holds neither.
        """
        from defender365.api.hunting_rows import read_rows  # noqa: PLC0415  only who hunts

        root, request = self._hunting_request(query)
        answer = self._as(root, request, self.transport.json)
        if not isinstance(answer, dict):
            raise NotJson("The hunting query: the answer is not a JSON object.")
        return read_rows(answer)

    def hunt_rows(self, query: str, timespan: str = "") -> "RowStream":
        """Run a KQL query like `hunt`, and give its rows as they arrive.

        `timespan` is an ISO 8601 interval that Graph applies on top of the query's own times;
        the Defender API has none, so there it is a `BadInput`.
        """
        from defender365.api.hunting_rows import RowStream  # noqa: PLC0415  as above

        root, request = self._hunting_request(query, timespan)
        return RowStream(self._as(root, request, self.transport.stream))

    def _hunting_request(self, query: str, timespan: str = "") -> tuple[str, Request]:
        root, path, route = self._hunting_route()
        body = {"Query": query}
        if timespan and path != GRAPH_HUNT:
            raise BadInput(
                "A time frame for a free query needs Microsoft Graph: grant the app"
                f" {GRAPH_HUNTING}, or write the times in the query."
            )
        if timespan:
            body["Timespan"] = timespan
        self.budgets.take("hunting", self.transport.deadline)
        request = Request(
            "POST", root + path, route, "The hunting query", body=body, attempts=1,
            read_seconds=HUNTING_SECONDS,
        )  # fmt: skip
        return root, request

    def held_permissions(self) -> frozenset[str] | None:
        """The permissions in the tokens; None when they cannot be read.

        The Defender API is asked for a token only when Graph's does not already allow hunting.
        """
        graph = self.tokens.get(self._graph).roles
        if graph is None:
            return None
        held = frozenset(graph)
        if held & set(HUNTING):
            return held
        return held | frozenset(self._defender_roles() or ())

    def _hunting_route(self) -> tuple[str, str, str]:
        roles = self.tokens.get(self._graph).roles
        graph = (self._graph, GRAPH_HUNT, "POST /security/runHuntingQuery")
        if roles is None or GRAPH_HUNTING in roles:
            return graph
        defender = self._defender_roles()
        if defender is not None and DEFENDER_HUNTING not in defender:
            raise PermissionMissing(
                f"The app may not run hunting queries: grant it {GRAPH_HUNTING} (Microsoft Graph)"
                f" or {DEFENDER_HUNTING} (Microsoft Threat Protection) as an application"
                " permission, and give admin consent."
            )
        root = self.settings.api_root
        return root, "/api/advancedhunting/run", "POST /api/advancedhunting/run"

    def _defender_roles(self) -> tuple[str, ...] | None:
        try:
            return self.tokens.get(self.settings.api_root).roles
        except NotSignedIn:
            return ()

    def _object(self, request: Request) -> Json:
        answer = self._as(self._graph, request, self.transport.json)
        if not isinstance(answer, dict):
            raise NotJson(f"{request.what}: the answer is not a JSON object.")
        return answer

    def _as(self, root: str, request: Request, send: Callable[[Request], T]) -> T:
        """Send with a token; one that the service refuses is replaced once."""
        try:
            return send(self._signed(root, request))
        except NotSignedIn:
            self.tokens.forget(root)
            return send(self._signed(root, request))
        except NotFound as error:
            raise NotFound(f"{request.what}: {error}") from None

    def _signed(self, root: str, request: Request) -> Request:
        token = self.tokens.get(root).value
        headers = {**request.headers, "Authorization": f"Bearer {token}"}
        return Request(**{**request.__dict__, "headers": headers})
