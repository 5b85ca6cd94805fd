"""Every route of the emulated APIs, in one readable place: dispatch and COVERAGE.md come from it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from defender_emulator import defender, graph

INCIDENT_READ = ("SecurityIncident.Read.All", "SecurityIncident.ReadWrite.All")
INCIDENT_WRITE = ("SecurityIncident.ReadWrite.All",)
ALERT_READ = ("SecurityAlert.Read.All", "SecurityAlert.ReadWrite.All", *INCIDENT_READ)
ALERT_WRITE = ("SecurityAlert.ReadWrite.All",)
MERGE = ("SecurityData.Manage.All",)
GRAPH_HUNT = ("ThreatHunting.Read.All",)
DEFENDER_READ = ("Incident.Read.All", "Incident.ReadWrite.All")
DEFENDER_WRITE = ("Incident.ReadWrite.All",)
DEFENDER_HUNT = ("AdvancedHunting.Read.All",)
ENDPOINT_HUNT = ("AdvancedQuery.Read.All",)


@dataclass(frozen=True)
class Route:
    """One route: its name for faults and journal, who may call it, what it counts against."""

    name: str
    method: str
    path: str
    api: str
    roles: tuple[str, ...]
    quota: str
    handle: Callable[..., Any] | None
    """`(tenant, request)` or `(tenant, request, body, author)`; None for hunting."""
    note: str = ""


def _both(name: str, path: str, roles: tuple[str, ...], handle: Any) -> tuple[Route, ...]:
    qualified = path.rsplit("/", 1)[0] + "/microsoft.graph.security." + path.rsplit("/", 1)[1]
    quota = "graph_hunting" if handle is None else "graph_security"
    return tuple(
        Route(name, "POST", f"/{version}{spelling}", "graph", roles, quota, handle)
        for version in ("v1.0", "beta")
        for spelling in (path, qualified)
    )


ROUTES: tuple[Route, ...] = (
    Route("graph.incidents.list", "GET", "/v1.0/security/incidents", "graph", INCIDENT_READ,
          "graph_security", graph.list_incidents,
          "$filter $orderby $top (50) $skip $count $select $expand=alerts"),
    *_both("graph.incidents.merge", "/security/incidents/mergeIncidents", MERGE,
           graph.merge_incidents),
    Route("graph.incidents.get", "GET", "/v1.0/security/incidents/{id}", "graph", INCIDENT_READ,
          "graph_security", graph.get_incident, "$expand=alerts"),
    Route("graph.incidents.patch", "PATCH", "/v1.0/security/incidents/{id}", "graph",
          INCIDENT_WRITE, "graph_security", graph.patch_incident),
    Route("graph.incidents.alerts", "GET", "/v1.0/security/incidents/{id}/alerts", "graph",
          ALERT_READ, "graph_alerts", graph.list_incident_alerts, "$top (1000) $skip"),
    Route("graph.incidents.comment", "POST", "/v1.0/security/incidents/{id}/comments", "graph",
          INCIDENT_WRITE, "graph_security", graph.post_comment),
    Route("graph.alerts.list", "GET", "/v1.0/security/alerts_v2", "graph", ALERT_READ,
          "graph_alerts", graph.list_alerts, "$filter $orderby $top (1000) $skip $count"),
    *_both("graph.alerts.move", "/security/alerts_v2/moveAlerts", MERGE, graph.move_alerts),
    Route("graph.alerts.get", "GET", "/v1.0/security/alerts_v2/{id}", "graph", ALERT_READ,
          "graph_alerts", graph.get_alert),
    Route("graph.alerts.patch", "PATCH", "/v1.0/security/alerts_v2/{id}", "graph", ALERT_WRITE,
          "graph_alerts", graph.patch_alert),
    Route("graph.alerts.comment", "POST", "/v1.0/security/alerts_v2/{id}/comments", "graph",
          ALERT_WRITE, "graph_alerts", graph.post_comment),
    *_both("graph.hunting", "/security/runHuntingQuery", GRAPH_HUNT, None),
    Route("defender.incidents.list", "GET", "/api/incidents", "defender", DEFENDER_READ,
          "defender_incidents", defender.list_incidents, "$filter $top (100) $skip"),
    Route("defender.incidents.get", "GET", "/api/incidents/{id}", "defender", DEFENDER_READ,
          "defender_incident", defender.get_incident),
    Route("defender.incidents.patch", "PATCH", "/api/incidents/{id}", "defender", DEFENDER_WRITE,
          "defender_update", defender.patch_incident, "comment, tags"),
    Route("defender.hunting", "POST", "/api/advancedhunting/run", "defender", DEFENDER_HUNT,
          "defender_hunting", None, "retired by Microsoft on 2027-02-01"),
    Route("defender.endpoint.hunting", "POST", "/api/advancedqueries/run", "defender",
          ENDPOINT_HUNT, "defender_hunting", None, "the twin of Defender for Endpoint"),
)  # fmt: skip
