"""Ping: can we sign in, is the API there, and what may the app do?"""

from collections.abc import Callable
from dataclasses import dataclass

from defender365.actions.outcome import Scope
from defender365.api.client import CAPABILITIES, READING, Client
from defender365.core.errors import PermissionMissing
from defender365.core.spec import Action, Result, Table

CONNECTED = (
    "Successfully connected to the Microsoft 365 Defender server with the provided connection"
    " parameters!"
)


@dataclass(frozen=True)
class Ping:
    """Ping has no parameters of its own."""


def ping(connect: Callable[[], Client], _params: Ping, _scope: Scope) -> Result:
    """Sign in and make one call; then say, per capability, which permission is missing."""
    client = connect()
    held = client.held_permissions()
    granted = {name: held is None or bool(held & set(any_of)) for name, any_of in CAPABILITIES}
    if not any(granted.values()):
        raise PermissionMissing(
            "the app is signed in but has no permission. Grant it, as application permissions with"
            " admin consent: SecurityIncident.ReadWrite.All and SecurityAlert.Read.All (Microsoft"
            " Graph), and ThreatHunting.Read.All (Microsoft Graph) or AdvancedHunting.Read.All"
            " (Microsoft Threat Protection)."
        )
    if held is None or held & set(READING):
        client.probe_incidents()
    else:
        client.hunt("print Connected = true")
    return _result(granted)


def _result(granted: dict[str, bool]) -> Result:
    rows, missing = [], []
    for name, any_of in CAPABILITIES:
        rows.append((name, "granted" if granted[name] else "missing", " or ".join(any_of)))
        if not granted[name]:
            missing.append(f"{name}: grant {' or '.join(any_of)}.")
    message = CONNECTED
    if missing:
        message += " Some permissions are missing. " + " ".join(missing)
    columns = ("Capability", "Permission", "Any one of")
    return Result(
        message,
        json_result=[
            {"capability": n, "granted": s == "granted", "any_of": a.split(" or ")}
            for n, s, a in rows
        ],
        tables=(Table("Permissions", columns, tuple(rows)),),
    )


PING = Action(
    "Ping",
    "Test connectivity to Microsoft 365 Defender with the provided connection parameters.",
    Ping,
    ping,
    failure="Failed to connect to the Microsoft 365 Defender server! Error is {reason}",
)
