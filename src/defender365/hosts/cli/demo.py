"""`defender365 demo`: the whole product in under a minute, against the emulator, over real HTTPS.

An attack of 24 hours unfolds on the emulator's clock while the connector polls; then a hunt by
entity, a comment, a resolution, and what it all cost. Works without a terminal too.
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import click

from defender365.actions.connectivity import PING
from defender365.actions.hunting import ENTITY_QUERY
from defender365.actions.incidents import ADD_COMMENT, UPDATE_INCIDENT
from defender365.actions.outcome import Outcome, Scope, perform
from defender365.api.client import Client
from defender365.api.limits import RATES
from defender365.connector import Delivery, Rules, poll
from defender365.core.clock import Clock
from defender365.core.connector_params import ConnectorParams
from defender365.core.entities import HOST, Entity
from defender365.core.mapping import CaseAlert
from defender365.core.settings import Settings, read_settings
from defender365.core.spec import Table
from defender365.core.state import State, dump_state, load_state
from defender365.hosts.cli import show
from defender365.runtime import Host, connect, machine_clock

HOURS = 24
POLLS = 16
PAUSE = 1.25
"""Seconds between polls, so that a person can follow."""
SPEED = round(HOURS * 3600 / (POLLS * PAUSE))
"""How much faster than ours the emulator's clock runs: the attack fits the polls."""


@dataclass
class Story:
    """What the demo has seen so far."""

    settings: Settings
    host: Host
    clock: Clock
    state_text: str = ""
    cases: list[CaseAlert] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def client(self, spent: dict[str, list[float]] | None = None) -> Iterator[Client]:
        """A fresh client, as each run of the connector has; its requests are counted."""
        client = connect(self.settings, host=self.host, clock=self.clock, seconds=60, spent=spent)
        try:
            yield client
        finally:
            self.requests.update(client.transport.counts)
            client.close()


@click.command(short_help="See it all in a minute: an attack unfolds on the emulator.")
@click.option("--seed", default=7, show_default=True, help="Another seed is another attack.")
def demo(seed: int) -> None:
    """Start the emulator, follow an attack, hunt, triage, and show what it cost."""
    folder = tempfile.TemporaryDirectory(prefix="defender365-demo-")
    with folder as home, emulator(seed) as ready:
        _tell(Story(_settings(ready), Host({"HOME": home}), machine_clock()))


@contextmanager
def emulator(seed: int) -> Iterator[dict[str, Any]]:
    """The emulator with the attack, its clock starting 24 hours back and running fast."""
    start = machine_clock().now() - timedelta(hours=HOURS)
    command = [
        sys.executable, "-m", "defender_emulator", "--port", "0", "--scenario", "attack",
        "--seed", str(seed), "--speed", str(SPEED), "--start", start.isoformat(timespec="seconds"),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  ours
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise click.ClickException("The emulator did not start; see its message above.")
            yield json.loads(line)
        finally:
            process.terminate()


def _settings(ready: dict[str, Any]) -> Settings:
    url = ready["url"]
    return read_settings(
        {
            "API Root": url, "Graph API Root": url, "Login API Root": url,
            "CA Bundle": ready["ca_bundle"], "Tenant ID": ready["tenant_id"],
            "Client ID": ready["client_id"], "Client Secret": ready["client_secret"],
        }
    )  # fmt: skip


def _tell(story: Story) -> None:
    _heading("Microsoft 365 Defender (the emulator) is ready; can we sign in, and what may we do?")
    _act(story, PING, {})
    _heading(f"An attack unfolds over {HOURS} hours; the connector polls {POLLS} times.")
    for number in range(1, POLLS + 1):
        story.clock.sleep(PAUSE)
        _poll(story, number)
    main, count = Counter(case.ticket_id for case in story.cases).most_common(1)[0]
    device = _device(story, main)
    _heading(f"Incident {main} has {count} alerts. What ran on {device}?")
    _hunt(story, device)
    _heading(f"Triage: comment on incident {main}, and resolve it.")
    _act(story, ADD_COMMENT, {"Incident ID": main, "Comment": f"Contained {device}. Closing."})
    _act(
        story, UPDATE_INCIDENT,
        {
            "Incident ID": main, "Status": "Resolved", "Classification": "True Positive",
            "Determination": "Multi Staged Attack", "Assign To": "analyst@contoso.example",
        },
    )  # fmt: skip
    _close(story)


def _poll(story: Story, number: int) -> None:
    state = load_state(story.state_text)
    params = ConnectorParams()
    rules = Rules(params.filters(()), params.environment_rule(), 100, HOURS + 6)

    def deliver(case: CaseAlert) -> None:
        story.cases.append(case)
        colour = {80: "red", 60: "yellow", 40: "cyan"}.get(case.priority, "white")
        words = {80: "high", 60: "medium", 40: "low"}.get(case.priority, "info")
        name = show.cell_text(case.name)
        click.echo(
            f"      incident {case.ticket_id:<4} {click.style(f'{words:<6}', fg=colour)} {name}"
        )

    def commit(changed: State) -> None:
        story.state_text = dump_state(changed)

    with story.client(state.spent) as client:
        summary = poll(client, state, rules, story.clock, Delivery(deliver, commit))
        requests = sum(client.transport.counts.values())
    if summary.failure:
        raise click.ClickException(str(summary.failure))
    kept_out = sum(summary.filtered.values())
    click.secho(
        f"  {number * HOURS / POLLS:4.1f} h  {summary.incidents_seen} incidents new or changed,"
        f" {summary.alerts_delivered} alerts delivered, {kept_out} kept out, {requests} requests",
        dim=True,
    )


def _device(story: Story, incident: str) -> str:
    names = Counter(
        event["deviceDnsName"]
        for case in story.cases
        if case.ticket_id == incident
        for event in case.evidence
        if event.get("deviceDnsName")
    )
    return names.most_common(1)[0][0]


def _hunt(story: Story, device: str) -> None:
    _act(
        story, ENTITY_QUERY,
        {
            "Table Names": "DeviceProcessEvents", "Time Frame": "Custom",
            "Start Time": (story.clock.now() - timedelta(hours=HOURS + 1)).isoformat(),
            "Hostname Entity Key": "DeviceName", "Max Results To Return": "8",
            "Fields To Return": "Timestamp, AccountName, FileName, ProcessCommandLine",
        },
        Entity(HOST, device.upper()),
    )  # fmt: skip


def _act(story: Story, action: Any, values: dict[str, object], *entities: Entity) -> Outcome:
    with story.client() as client:
        scope = Scope(story.clock.now(), entities)
        outcome = perform(action, lambda: client, values, scope)
    show.show_outcome(outcome)
    if not outcome.is_success:
        raise click.ClickException(f"{action.name} did not succeed.")
    return outcome


def _close(story: Story) -> None:
    _heading("What it cost")
    quota = {"incidents": "/security/incidents", "hunting": "runHuntingQuery", "alerts": "/alerts"}
    rows = [
        (
            route,
            count,
            next((f"{RATES[b]} a minute" for b, part in quota.items() if part in route), ""),
        )
        for route, count in sorted(story.requests.items())
    ]
    show.show_table(Table("Requests", ("Request", "Sent", "Limit"), tuple(rows)))
    incidents = len({case.ticket_id for case in story.cases})
    listed = story.requests["GET /security/incidents"]
    click.echo(
        f"{len(story.cases)} alerts of {incidents} incidents became case alerts, each once, in"
        f" {listed} incident requests and none per alert."
    )
    click.secho(
        "Try it yourself: defender365 emulator --port 8443, then docs/quickstart.md.", dim=True
    )


def _heading(words: str) -> None:
    click.echo()
    click.secho(words, bold=True)
