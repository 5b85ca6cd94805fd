"""Tells a story at another time, for programs that read the machine's clock."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

from defender_emulator.scenario import AlertRaised, IncidentOpened, Scenario
from defender_emulator.ticks import moment_of, stamp

_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


def shifted(scenario: Scenario, by: timedelta) -> Scenario:
    """The same scenario, later by so much; only whole incidents and alerts are moved."""
    changes = []
    for change in scenario.changes:
        if isinstance(change, IncidentOpened):
            moved = replace(change, at=change.at + by, incident=_moved(change.incident, by))
            changes.append(moved)
        elif isinstance(change, AlertRaised):
            changes.append(replace(change, at=change.at + by, alert=_moved(change.alert, by)))
    return replace(
        scenario, start=scenario.start + by, end=scenario.end + by, changes=tuple(changes)
    )


def _moved(record: dict[str, Any], by: timedelta) -> dict[str, Any]:
    return {
        key: stamp(moment + by)
        if isinstance(value, str) and _TIME.fullmatch(value) and (moment := moment_of(value))
        else value
        for key, value in record.items()
    }
