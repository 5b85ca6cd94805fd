"""Reading scenarios in tests, and checking records against the schema's facts."""

import json
import re
from collections.abc import Callable
from typing import Any

from defender_emulator.scenario import (
    AlertRaised,
    IncidentOpened,
    IncidentsMerged,
    Json,
    Scenario,
)
from defender_emulator.scenarios import facts
from defender_emulator.scenarios.evidence import PREFIX

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,6}[1-9])?Z")
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def incidents(scenario: Scenario) -> list[Json]:
    return [c.incident for c in scenario.changes if isinstance(c, IncidentOpened)]


def alerts(scenario: Scenario) -> list[Json]:
    return [c.alert for c in scenario.changes if isinstance(c, AlertRaised)]


def evidences(scenario: Scenario) -> list[Json]:
    return [e for alert in alerts(scenario) for e in alert.get("evidence") or ()]


def types(scenario: Scenario) -> set[str]:
    return {str(e.get("@odata.type")).removeprefix(PREFIX) for e in evidences(scenario)}


def merges(scenario: Scenario) -> list[tuple[str, str]]:
    merged = [c for c in scenario.changes if isinstance(c, IncidentsMerged)]
    return [(c.source_id, c.target_id) for c in merged]


def as_bytes(scenario: Scenario) -> bytes:
    changes = [
        (type(c).__name__, {f: str(getattr(c, f)) for f in c.__slots__}) for c in scenario.changes
    ]
    rows = [(str(row.at), row.table, dict(row.row)) for row in scenario.rows]
    return json.dumps([changes, rows]).encode()


def faults(value: Any, written: str, path: str = "") -> list[str]:
    """What of a value does not fit its written type."""
    kind = written.removesuffix("!")
    if value is None:
        return [f"{path} is null"] if written.endswith("!") else []
    if kind.startswith("[") and isinstance(value, list):
        return [f for n, item in enumerate(value) for f in faults(item, kind[1:-1], f"{path}[{n}]")]
    if facts.is_complex(kind) and kind != "dictionary":
        return record_faults(value, kind, path)
    return [] if _fits(value, kind) else [f"{path} is {value!r}, no {kind}"]


def _fits(value: Any, kind: str) -> bool:
    if facts.is_enum(kind):
        return value in (*facts.enum_members(kind), *facts.later_members(kind))
    return kind in _SIMPLE and _SIMPLE[kind](value)


def record_faults(record: Any, type_name: str, path: str = "") -> list[str]:
    """What of an object does not fit a type: missing, surplus and wrong properties."""
    written = dict(facts.properties(type_name))
    if type_name.endswith("Evidence"):
        real = record.get("@odata.type", "").removeprefix(PREFIX)
        written = {**facts.properties(facts.EVIDENCE_BASE), **facts.properties(real)}
        record = {k: v for k, v in record.items() if k != "@odata.type"}
    if type_name in ("incident", "alert"):
        written["id"] = "string!"
    found = [f"{path} has {name} too much" for name in sorted(set(record) - set(written))]
    found += [f"{path} lacks {name}" for name in sorted(set(written) - set(record))]
    for name in set(written) & set(record):
        found += faults(record[name], written[name], f"{path}.{name}")
    return found


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_SIMPLE: dict[str, Callable[[Any], bool]] = {
    "dictionary": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
    "guid": lambda value: isinstance(value, str) and bool(GUID.fullmatch(value)),
    "datetime": lambda value: isinstance(value, str) and bool(TIME.fullmatch(value)),
    "int": _whole,
    "long": _whole,
    "bool": lambda value: isinstance(value, bool),
    "double": lambda value: isinstance(value, float),
}
