"""An emulator and a connector beside it, with one clock in the test's hand."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from defender365.api.client import Client
from defender365.api.kept_tokens import EncryptedTokens
from defender365.connector import Delivery, Rules, poll
from defender365.core.connector_params import ConnectorParams
from defender365.core.explain import Explanation
from defender365.core.explain import explain as explained
from defender365.core.mapping import CaseAlert
from defender365.core.settings import Settings, read_settings
from defender365.core.spec import parse
from defender365.core.state import State, dump_state, load_state
from defender365.core.summary import Summary
from defender365.runtime import Host, connect
from defender_emulator.scenario import Scenario
from defender_emulator.server import Emulator
from tests.fakes import START, FakeTime, MemoryBox

LIST = "graph.incidents.list"
ALERTS = "graph.incidents.alerts"
GET = "graph.incidents.get"
TOKEN = "identity.token"
REQUIRED = {"Tenant ID": "-", "Client ID": "-", "Client Secret": "-"}


def delete(tenant: Any, *incident_ids: str) -> None:
    """Incidents vanish from an emulator's tenant, with their alerts."""
    with tenant.lock:
        for incident_id in incident_ids:
            tenant.incidents.pop(incident_id)
            tenant._alerts_of.pop(incident_id, None)
        tenant.version += 1


def ids(lab: "Lab") -> Counter[str]:
    """How often each alert was delivered."""
    return Counter(case.display_id for case in lab.cases)


class Killed(Exception):
    """The process is gone."""


class Lab:
    """One tenant, one connector; what it delivered, and what it asked for."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.world = emulator.world
        self.time = FakeTime(START)
        self.time.wait = self._sleep  # type: ignore[method-assign]
        self.cases: list[CaseAlert] = []
        self.state_text = ""
        self.box = MemoryBox()
        self._hooks: dict[str, Callable[[], Any]] = {}

    # The tenant.

    def load(self, scenario: Scenario) -> None:
        self.world.load(scenario, factor=0.0)

    def load_named(self, name: str, **options: str) -> None:
        self.world.build(name, 3, START, options)

    def advance(self, *, minutes: float) -> None:
        """Both clocks move on."""
        self.wait(minutes * 60)

    def wait(self, seconds: float) -> None:
        self._sleep(seconds)

    def _sleep(self, seconds: float) -> None:
        self.time.waits.append(seconds)
        self.time.advance(seconds)
        self.world.clock.advance(seconds)

    def delete(self, *incident_ids: str) -> None:
        """Incidents vanish, with their alerts."""
        delete(self.world.tenant, *incident_ids)

    def patch(self, incident_id: str, changes: dict[str, Any]) -> None:
        """Somebody else updates an incident, a second later."""
        self.world.clock.advance(1)
        self.world.tenant.update_incident(incident_id, changes, "somebody")

    def visible_alert_ids(self, statuses: str) -> set[str]:
        tenant = self.world.tenant
        return {
            str(alert["id"])
            for _, incident, alert in tenant.seen_alerts()
            if alert.get("id") and incident.get("id") and str(incident.get("status")) in statuses
        }

    def fault(self, route: str, *, kind: str = "status", **more: Any) -> None:
        if route == "expand":
            self.world.faults.add(kind="expand_above", times=None, **more)
        elif more.get("status") == 429:
            del more["status"]
            self.world.faults.add(kind="throttle", route=route, **more)
        else:
            self.world.faults.add(kind=kind, route=route, **more)

    def clear_faults(self) -> None:
        self.world.faults.clear()

    # What was asked.

    def requests(self) -> dict[str, int]:
        """API requests by route; sign-ins are not counted."""
        return dict(
            Counter(e["route"] for e in self.world.journal.entries() if e["route"] != TOKEN)
        )

    def statuses(self) -> Counter[int]:
        return Counter(entry["status"] for entry in self.world.journal.entries())

    def clear_journal(self) -> None:
        self.world.journal.clear()

    # The connector.

    @property
    def now(self) -> float:
        return self.time.clock.seconds()

    def settings(self, **more: Any) -> Settings:
        ready = self.emulator.ready
        return read_settings(
            {
                "API Root": ready["url"], "Graph API Root": ready["url"],
                "Login API Root": ready["url"], "CA Bundle": ready["ca_bundle"],
                "Tenant ID": ready["tenant_id"], "Client ID": ready["client_id"],
                "Client Secret": ready["client_secret"], **more,
            }
        )  # fmt: skip

    @contextmanager
    def client(
        self, *, seconds: float | None = None, spent: dict[str, list[float]] | None = None,
        **settings: Any,
    ) -> Iterator[Client]:  # fmt: skip
        """A fresh client, as a fresh process has; tokens are kept between them."""
        told = self.settings(**settings)
        client = connect(
            told, host=Host({"HOME": "/nonexistent"}), clock=self.time.clock, seconds=seconds,
            spent=spent, keeper=EncryptedTokens(self.box, told, random.Random(5).randbytes),
        )  # fmt: skip
        try:
            yield client
        finally:
            client.close()

    def rules(self, max_incidents: int = 10, hours: int = 1, **values: Any) -> Rules:
        dynamic = values.pop("dynamic_list", ())
        params = parse(ConnectorParams, {**REQUIRED, **values})
        return Rules(params.filters(dynamic), params.environment_rule(), max_incidents, hours)

    def poll(
        self, *, max_incidents: int = 10, hours: int = 1, seconds: float = 150,
        test_run: bool = False, **values: Any,
    ) -> Summary:  # fmt: skip
        """One run as a host does it: load, poll, deliver, commit."""
        state = load_state("" if test_run else self.state_text)
        rules = self.rules(max_incidents, hours, **values)
        if test_run:
            rules = replace(rules, max_incidents=1)

        def commit(changed: State) -> None:
            if not test_run:
                self.state_text = dump_state(changed)

        with self.client(seconds=seconds, spent=state.spent) as client:
            return poll(client, state, rules, self.time.clock, Delivery(self._deliver, commit))

    def _deliver(self, case: CaseAlert) -> None:
        self.cases.append(case)
        hook = self._hooks.pop(case.display_id, None)
        if hook is not None:
            hook()

    def poll_until_quiet(self, *, max_incidents: int = 10, **values: Any) -> Counter[str]:
        """Poll until nothing waits any more; the totals."""
        totals: Counter[str] = Counter()
        for _ in range(60):
            summary = self.poll(max_incidents=max_incidents, **values)
            totals["set_aside"] += summary.set_aside
            totals["incidents"] += summary.incidents_processed
            if summary.throttled_until:
                self.wait(max(1, summary.throttled_until - self.now))
            elif not summary.backlog:
                return totals
        raise AssertionError("the connector does not come to rest")

    def when_delivered(self, display_id: str, do: Callable[[], Any]) -> None:
        self._hooks[display_id] = do

    def killed_after(self, deliveries: int) -> None:
        """A run whose process is killed after so many case alerts; its state is what was written."""
        wanted = len(self.cases) + deliveries

        def deliver(case: CaseAlert) -> None:
            if len(self.cases) >= wanted:
                raise Killed
            self.cases.append(case)

        def commit(changed: State) -> None:
            self.state_text = dump_state(changed)

        state = load_state(self.state_text)
        with self.client(spent=state.spent) as client:
            try:
                poll(client, state, self.rules(100), self.time.clock, Delivery(deliver, commit))
            except Killed:
                return

    def explain(self, incident_id: str) -> Explanation:
        return explained(load_state(self.state_text), incident_id, self.now)
