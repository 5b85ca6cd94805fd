"""The telemetry around a story: what the alerts' evidence did, and an ordinary company's days.

Rows use the same names, hashes, addresses and message ids as the evidence, so that a hunter who
starts from an alert finds its traces. An evidence that many alerts share is logged once.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from defender_emulator.background import fleet
from defender_emulator.scenario import AlertRaised, Change, Json, RowLogged
from defender_emulator.scenarios import background
from defender_emulator.scenarios import telemetry_cloud as cloud
from defender_emulator.scenarios import telemetry_device as endpoint
from defender_emulator.scenarios.company import Company
from defender_emulator.scenarios.evidence import PREFIX
from defender_emulator.scenarios.scene import Logged, Scene
from defender_emulator.scenarios.times import moment, stamp

_LOGS: dict[str, Callable[[Json, Scene], Iterator[Logged]]] = {
    "deviceEvidence": endpoint.device,
    "processEvidence": endpoint.process,
    "fileEvidence": endpoint.file,
    "ipEvidence": endpoint.address,
    "networkConnectionEvidence": endpoint.connection,
    "dnsEvidence": endpoint.name_lookup,
    "registryKeyEvidence": endpoint.registry,
    "registryValueEvidence": endpoint.registry,
    "malwareEvidence": endpoint.malware,
    "hostLogonSessionEvidence": endpoint.host_session,
    "analyzedMessageEvidence": cloud.mail,
    "urlEvidence": cloud.click,
    "userEvidence": cloud.user,
    "cloudApplicationEvidence": cloud.cloud_app,
    "mailboxConfigurationEvidence": cloud.mailbox_rule,
    "oauthApplicationEvidence": cloud.oauth_app,
    "servicePrincipalEvidence": cloud.principal,
    "azureResourceEvidence": cloud.resource,
    "teamsMessageEvidence": cloud.chat_message,
    "aiAgentEvidence": cloud.agent,
}


class Telemetry:
    """The rows of a scenario in order of time, made when they are first asked for."""

    def __init__(
        self, changes: Iterable[Change], company: Company, start: datetime, *, rows: int = 0,
        more: Callable[[Company, datetime], Iterable[RowLogged]] = lambda _company, _start: (),
    ) -> None:  # fmt: skip
        """Around the traces come a few rows of the story's own people, and `rows` of noise.

        `more` tells traces that no evidence carries.
        """
        self._changes = changes
        self._company = company
        self._start = start
        self._size = rows
        self._more = more

    @cached_property
    def noise(self) -> Json | None:
        """What the engine makes the noise from, whose rows are not among these."""
        return fleet.noise(self._company, self._start, self._size) if self._size else None

    def __iter__(self) -> Iterator[RowLogged]:
        return iter(self._rows)

    @cached_property
    def _rows(self) -> tuple[RowLogged, ...]:
        known = {person.upn for person in self._company.people.values()}
        left = (
            row
            for row in traces(self._changes, self._company.tenant_id)
            if row.table != "IdentityInfo" or row.row.get("AccountUpn") not in known
        )
        more = self._more(self._company, self._start)
        told = [*left, *more, *background.rows(self._company, self._start)]
        rows = [*told, *(older for row in told if (older := _older(row)))]
        return tuple(sorted(rows, key=lambda row: row.at))


def traces(changes: Iterable[Change], tenant_id: str) -> Iterator[RowLogged]:
    """What the evidence of all alerts left in the tables."""
    logged: set[Any] = set()
    for change in changes:
        if isinstance(change, AlertRaised):
            yield from _of_alert(change, tenant_id, logged)


def _of_alert(change: AlertRaised, tenant_id: str, logged: set[Any]) -> Iterator[RowLogged]:
    began = min(_moment(change.alert.get("firstActivityDateTime"), change.at), change.at)
    scene = Scene(change.alert, began, tenant_id)
    for evidence in change.alert.get("evidence") or ():
        log = _LOGS.get(str(evidence.get("@odata.type")).removeprefix(PREFIX))
        if log is None or _key(evidence) in logged:
            continue
        logged.add(_key(evidence))
        for table, row, seconds in log(evidence, scene):
            at = min(began + timedelta(seconds=seconds), change.at)
            yield RowLogged(at, table, {"Timestamp": stamp(at), **_filled(row)})


def _older(row: RowLogged) -> RowLogged | None:
    """The same sign-in in the table that held sign-ins before, and still does."""
    if row.table not in _OLDER:
        return None
    kept = {name: value for name, value in row.row.items() if name != "IsConfidentialClient"}
    return RowLogged(row.at, _OLDER[row.table], kept)


_OLDER = {
    "EntraIdSignInEvents": "AADSignInEventsBeta",
    "EntraIdSpnSignInEvents": "AADSpnSignInEventsBeta",
}


def _key(evidence: Json) -> Any:
    """What tells an event from another: a message is one however often it is mentioned."""
    message = evidence.get("networkMessageId"), evidence.get("recipientEmailAddress")
    return message if all(message) else id(evidence)


def _moment(text: str | None, otherwise: datetime) -> datetime:
    try:
        return moment(text or "")
    except ValueError:
        return otherwise


def _filled(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}
