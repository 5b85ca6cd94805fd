"""Which incidents and alerts become cases: severity, status, sources and the dynamic list.

Every filter is applied again at each update, so an incident that is promoted later is taken
then. A verdict is the name of the rule that kept something out, or None.
"""

from dataclasses import dataclass

from defender365.core.errors import BadInput
from defender365.core.model import Alert, Incident, text
from defender365.core.spec import folded

SEVERITIES = ("Informational", "Low", "Medium", "High")
STATUSES = ("active", "inProgress", "resolved", "redirected", "awaitingAction")
"""The specification's, and the one Graph added since (set by Defender Experts)."""

DEFAULT_STATUSES = ("active", "inProgress")
LIST_FIELDS = ("Incident Name", "Alert Name")

STATUS_RULE = "incident_status_filter"
SEVERITY_RULE = "lowest_severity_to_fetch"
LIST_RULE = "dynamic_list"
DETECTION_RULE = "alert_detection_source_filter"
SERVICE_RULE = "alert_service_source_filter"

SENTENCES = {
    STATUS_RULE: 'its status is not in "Incident Status Filter"',
    SEVERITY_RULE: 'its severity is below "Lowest Severity To Fetch"',
    LIST_RULE: "the dynamic list keeps its name out",
    DETECTION_RULE: 'none of its alerts has a source in "Alert Detection Source Filter"',
    SERVICE_RULE: 'none of its alerts has a source in "Alert Service Source Filter"',
}


@dataclass(frozen=True)
class Filters:
    """The connector's filters, read and checked by `read_filters`."""

    lowest_severity: str = ""
    statuses: frozenset[str] = frozenset(map(folded, DEFAULT_STATUSES))
    detection_sources: frozenset[str] = frozenset()
    service_sources: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    names_are_blocked: bool = True
    by_alert_name: bool = False

    def incident_verdict(self, incident: Incident) -> str | None:
        """The rule that keeps the whole incident out, or None."""
        if folded(incident.status) not in self.statuses:
            return STATUS_RULE
        if not self._severe_enough(incident.severity):
            return SEVERITY_RULE
        if not self.by_alert_name and not self._listed_well(incident.name):
            return LIST_RULE
        return None

    def lone_verdict(self, incident: Incident) -> str | None:
        """The rule that keeps out the case alert of an incident without alerts, or None.

        It has no source, and the incident's name.
        """
        if self.detection_sources:
            return DETECTION_RULE
        if self.service_sources:
            return SERVICE_RULE
        if self.by_alert_name and not self._listed_well(incident.name):
            return LIST_RULE
        return None

    def alert_verdict(self, alert: Alert) -> str | None:
        """The rule that keeps this alert out, or None. Sources are case-sensitive."""
        if self.detection_sources and text(alert.raw.get("detectionSource")) not in (
            self.detection_sources
        ):
            return DETECTION_RULE
        if self.service_sources and text(alert.raw.get("serviceSource")) not in (
            self.service_sources
        ):
            return SERVICE_RULE
        if self.by_alert_name and not self._listed_well(alert.title):
            return LIST_RULE
        return None

    def _severe_enough(self, severity: str) -> bool:
        if not self.lowest_severity:
            return True
        order = {folded(word): rank for rank, word in enumerate(SEVERITIES)}
        # "unknown" ranks lowest; a severity Microsoft adds tomorrow is let in, not lost.
        rank = order.get(folded(severity), 0 if folded(severity) in {"", "unknown"} else 99)
        return rank >= order[self.lowest_severity]

    def _listed_well(self, name: str) -> bool:
        if not self.names:
            return True
        return (name in self.names) != self.names_are_blocked


def read_filters(  # noqa: PLR0913  one argument a parameter, by name only
    *,
    lowest_severity: str,
    statuses: tuple[str, ...],
    detection_sources: tuple[str, ...],
    service_sources: tuple[str, ...],
    list_field: str,
    dynamic_list: tuple[str, ...],
    names_are_blocked: bool,
) -> Filters:
    """Check and read the filter parameters. Raises `BadInput` naming each bad parameter."""
    problems = []
    if lowest_severity and folded(lowest_severity) not in map(folded, SEVERITIES):
        problems.append(_not_one_of("Lowest Severity To Fetch", lowest_severity, SEVERITIES))
    problems.extend(
        _not_one_of("Incident Status Filter", word, STATUSES)
        for word in statuses
        if folded(word) not in map(folded, STATUSES)
    )
    if list_field and folded(list_field) not in map(folded, LIST_FIELDS):
        problems.append(_not_one_of("Dynamic List Field", list_field, LIST_FIELDS))
    if problems:
        raise BadInput(problems)
    return Filters(
        lowest_severity=folded(lowest_severity),
        statuses=frozenset(map(folded, statuses or DEFAULT_STATUSES)),
        detection_sources=frozenset(detection_sources),
        service_sources=frozenset(service_sources),
        names=frozenset(name.strip() for name in dynamic_list if name.strip()),
        names_are_blocked=names_are_blocked,
        by_alert_name=folded(list_field) == folded("Alert Name"),
    )


def _not_one_of(parameter: str, word: str, choices: tuple[str, ...]) -> str:
    return f'"{parameter}" must be one of {", ".join(choices)}; not "{word[:60]}".'
