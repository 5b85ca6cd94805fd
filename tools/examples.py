"""Example results of the actions, recorded from runs against the emulator at a fixed time."""

import json
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from defender365.actions import ACTIONS
from defender365.actions.outcome import Scope, perform
from defender365.api.client import Client
from defender365.core.clock import Clock
from defender365.core.entities import HOST, Entity
from defender365.core.settings import PUBLIC_GRAPH_ROOT, read_settings
from defender365.runtime import Host, connect
from defender_emulator.scenarios import build
from defender_emulator.server import Emulator

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NOW = START + timedelta(hours=24)
"""When the attack has unfolded."""

HUNT = {"Table Names": "AlertInfo", "Time Frame": "Last 24 Hours", "Max Results To Return": 3}
VALUES: dict[str, dict[str, object]] = {
    "Add Comment To Incident": {"Comment": "Known test, no action needed."},
    "Update Incident": {"Status": "Resolved", "Classification": "True Positive"},
    "Execute Query": HUNT,
    "Execute Custom Query": {
        "Query": "AlertInfo | where Severity == 'High' | project Timestamp, AlertId, Title",
        "Max Results To Return": 3,
    },
    "Execute Entity Query": {
        **HUNT, "Table Names": "DeviceProcessEvents", "Hostname Entity Key": "DeviceName",
        "Fields To Return": "Timestamp, DeviceName, FileName, ProcessCommandLine, AccountName",
    },
}  # fmt: skip


def recorded() -> dict[str, str]:
    """The example result of each action, as JSON text by the action's identifier."""
    with (
        Emulator(build("attack", seed=3, start=START), factor=0.0) as emulator,
        tempfile.TemporaryDirectory() as home,
    ):
        emulator.world.clock.advance((NOW - START).total_seconds())
        return {action.identifier: _text(action.name, emulator, home) + "\n" for action in ACTIONS}


def _text(name: str, emulator: Emulator, home: str) -> str:
    action = next(a for a in ACTIONS if a.name == name)
    incident, host = _subjects(emulator)
    values = dict(VALUES.get(name, {}))
    if "Incident" in name:
        values["Incident ID"] = incident
    scope = Scope(NOW, (Entity(HOST, host),) if action.entities else ())
    with_client = _connector(emulator, home)
    outcome = perform(action, with_client, values, scope)
    if not outcome.is_success:
        raise SystemExit(f"{name}: {outcome.message}")
    text = json.dumps(outcome.json_result, indent=4, ensure_ascii=False)
    return text.replace(emulator.ready["url"], PUBLIC_GRAPH_ROOT)


def _connector(emulator: Emulator, home: str) -> Callable[[], Client]:
    ready: dict[str, Any] = emulator.ready
    settings = read_settings(
        {
            **dict.fromkeys(("API Root", "Graph API Root", "Login API Root"), ready["url"]),
            "CA Bundle": ready["ca_bundle"], "Tenant ID": ready["tenant_id"],
            "Client ID": ready["client_id"], "Client Secret": ready["client_secret"],
        }
    )  # fmt: skip
    clock = Clock(lambda: NOW, lambda: 0.0, lambda _seconds: None)
    return lambda: connect(settings, host=Host({"HOME": home}), clock=clock)


def _subjects(emulator: Emulator) -> tuple[str, str]:
    """The first incident of the attack, and the device that its alerts name most often."""
    names: dict[str, int] = {}
    for _, _, alert in emulator.world.tenant.seen_alerts():
        for evidence in alert.get("evidence", []):
            device = evidence.get("deviceDnsName")
            if device:
                names[device] = names.get(device, 0) + 1
    _, incident, _ = next(iter(emulator.world.tenant.seen_alerts()))
    return str(incident["id"]), max(names, key=lambda name: names[name])
