"""From an alert and its incident to a case alert with flat events.

One case alert per Defender alert, grouped by incident; an incident without alerts makes one of
its own. Field names and ids are those of the published integration, so mappings and playbooks
made for it keep working. Flattening follows the platform's `dict_to_flat`: keys joined by `_`,
lists counted from 1, every value text, null an empty text, empty lists and objects nothing.
Each event also has `start_time_ms` and `end_time_ms` (ms since 1970 UTC, as text): Microsoft's
times have none to seven digits of fraction, which no date format of the platform covers.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from defender365.core.errors import BadInput
from defender365.core.model import Alert, Incident, Json, text
from defender365.core.spec import folded
from defender365.core.timeframe import graph_ticks, ticks_to_ms

VENDOR = "Microsoft"
PRODUCT = "Microsoft 365 Defender"
DEFAULT_ENVIRONMENT = "Default Environment"
INCIDENT_TYPE = "#microsoft.graph.security.incident"

PRIORITIES = {"informational": -1, "low": 40, "medium": 60, "high": 80}
"""Defender severity to the platform's priority; anything else is informational."""

MAX_RULE_GENERATOR = 250
"""The platform's limit for `rule_generator`, in characters."""

Event = dict[str, str]


@dataclass(frozen=True, slots=True)
class CaseAlert:
    """What a SOAR makes a case from, with the platform's names; times in ms since 1970 UTC."""

    ticket_id: str
    display_id: str
    name: str
    description: str
    device_vendor: str
    device_product: str
    environment: str
    priority: int
    rule_generator: str
    source_grouping_identifier: str
    start_time: int
    end_time: int
    head: Event
    """The incident's event; the case alerts of one incident share it."""
    metadata: Event
    """The alert's own fields, prefixed; every evidence event carries them."""
    evidence: tuple[Event, ...]

    @property
    def events(self) -> list[Event]:
        """The events: the incident, then one per evidence with the alert's fields.

        An alert without evidence leaves its fields on the incident's event.
        """
        if not self.evidence:
            return [{**self.head, **self.metadata}]
        return [dict(self.head), *({**event, **self.metadata} for event in self.evidence)]

    def fields(self) -> dict[str, Any]:
        """Everything but the events, by name."""
        return {name: getattr(self, name) for name in _FIELDS}

    def as_dict(self) -> dict[str, Any]:
        """Everything by the platform's names, ready for JSON."""
        return {**self.fields(), "events": self.events}


_FIELDS = tuple(
    name for name in CaseAlert.__slots__ if name not in {"head", "metadata", "evidence"}
)


@dataclass(frozen=True)
class EnvironmentRule:
    """Where a case belongs, by a field of the incident or alert and a regular expression."""

    field_name: str = ""
    pattern: str = ".*"
    default: str = DEFAULT_ENVIRONMENT

    def checked(self) -> "EnvironmentRule":
        """This rule. Raises `BadInput` when its pattern is no regular expression."""
        try:
            re.compile(self.pattern)
        except (re.error, RecursionError, OverflowError) as error:
            raise BadInput(
                f'"Environment Regex Pattern" is not a regular expression: {error}.'
            ) from None
        return self

    def environment(self, *sources: Event) -> str:
        """The environment for the first source that has the field.

        No field name, no such field, an empty value or an empty pattern give the default; a
        pattern that does not match leaves the value as it is, as the platform does.
        """
        if not self.field_name or not self.pattern:
            return self.default
        value = next((s[self.field_name] for s in sources if s.get(self.field_name)), "")
        match = re.search(self.pattern, value)
        return (match.group() if match else value) or self.default


def case_alerts(
    incident: Incident, alerts: list[Alert], rule: EnvironmentRule
) -> Iterator[CaseAlert]:
    """One case alert for each of these alerts; one for the incident itself if it has none."""
    head = incident_event(incident)
    for alert in alerts:
        yield _from_alert(incident, head, alert, rule)
    if not incident.alerts:
        yield _from_incident(incident, head, rule)


def incident_event(incident: Incident) -> Event:
    """The event that opens every case alert: the incident without its alerts."""
    event = flat(incident.raw)
    event["event_type"] = "Incident"
    event.setdefault("@odata.type", INCIDENT_TYPE)
    start = _first_ms(incident.raw, "createdDateTime", "lastUpdateDateTime")
    return event | _times(start, _first_ms(incident.raw, "lastUpdateDateTime"))


def _times(start: int, end: int) -> Event:
    return {"start_time_ms": str(start), "end_time_ms": str(max(start, end))}


def flat(value: Json, prefix: str = "") -> Event:
    """A nested object as the platform flattens it."""
    out: Event = {}
    _flatten(value, prefix, out)
    return out


def _flatten(value: Json, prefix: str, out: Event) -> None:
    for key, item in value.items():
        if item.__class__ is str:
            out[prefix + key] = item
        elif item is None:
            out[prefix + key] = ""
        elif item.__class__ is dict:
            _flatten(item, f"{prefix}{key}_", out)
        elif item.__class__ is list:
            _flatten_list(item, f"{prefix}{key}_", out)
        else:
            out[prefix + key] = str(item)


def _flatten_list(items: list[Any], prefix: str, out: Event) -> None:
    for count, item in enumerate(items, start=1):
        if isinstance(item, dict):
            _flatten(item, f"{prefix}{count}_", out)
        elif isinstance(item, list):
            _flatten_list(item, f"{prefix}{count}_", out)
        else:
            out[f"{prefix}{count}"] = text(item)


def _from_alert(incident: Incident, head: Event, alert: Alert, rule: EnvironmentRule) -> CaseAlert:
    own = {key: value for key, value in alert.raw.items() if key != "evidence"}
    metadata = flat(own, "alert_metadata_")
    start = _first_ms(alert.raw, "firstActivityDateTime", "createdDateTime") or _first_ms(
        incident.raw, "createdDateTime", "lastUpdateDateTime"
    )
    end = _first_ms(alert.raw, "lastActivityDateTime", "lastUpdateDateTime") or start
    metadata |= _times(start, end)
    return CaseAlert(
        ticket_id=incident.id,
        display_id=alert.id,
        name=alert.title,
        description=text(alert.raw.get("description")),
        device_vendor=VENDOR,
        device_product=PRODUCT,
        environment=rule.environment(head, flat(own) if rule.field_name else {}, metadata),
        priority=priority(alert.raw.get("severity")),
        rule_generator=alert.title[:MAX_RULE_GENERATOR],
        source_grouping_identifier=incident.id,
        start_time=start,
        end_time=max(start, end),
        head=head,
        metadata=metadata,
        evidence=tuple(map(_evidence_event, alert.evidence)),
    )


def _evidence_event(evidence: Json) -> Event:
    event = flat(evidence)
    event["event_type"] = "Evidence"
    return event


def _from_incident(incident: Incident, head: Event, rule: EnvironmentRule) -> CaseAlert:
    start = _first_ms(incident.raw, "createdDateTime", "lastUpdateDateTime")
    end = _first_ms(incident.raw, "lastUpdateDateTime")
    return CaseAlert(
        ticket_id=incident.id,
        display_id=incident.id,
        name=incident.name,
        description=text(incident.raw.get("description") or incident.raw.get("summary")),
        device_vendor=VENDOR,
        device_product=PRODUCT,
        environment=rule.environment(head),
        priority=priority(incident.severity),
        rule_generator=incident.name[:MAX_RULE_GENERATOR],
        source_grouping_identifier=incident.id,
        start_time=start,
        end_time=max(start, end),
        head=head,
        metadata={},
        evidence=(),
    )


def priority(severity: object) -> int:
    """The platform's priority for a Defender severity."""
    return PRIORITIES.get(folded(text(severity)), -1)


def _first_ms(record: Json, *names: str) -> int:
    for name in names:
        ticks = graph_ticks(record.get(name))
        if ticks > 0:
            return ticks_to_ms(ticks)
    return 0
