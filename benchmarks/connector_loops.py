"""Four fetch loops side by side: requests an alert, CPU and memory, as ratios to the floor.

Each runs in a process of its own against an emulator in another. The floor fetches the pages, parses
them and counts the alerts. The reference loops of `tests/loops` hand over two ids an alert; ours
maps each alert to its case alert with all its events. Quotas are lifted, for they are no cost.

`python -m benchmarks.connector_loops` prints all sizes, with `--quick` the two small ones.
"""

import json
import resource
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import requests

from benchmarks.least_client import PAGED
from tests.loops.created_time import CreatedTime
from tests.loops.page_and_stop import PageAndStop
from tests.loops.per_incident import PerIncident
from tests.loops.reference import Reference
from tests.loops.stage import Loop, Stage

SIZES = ((50, 3), (1_000, 3), (50, 400), (5_000, 10))
QUICK = SIZES[:2]
NAMES = ("ours", "per incident", "created time", "page and stop")
REFERENCES: tuple[type[Reference], ...] = (PerIncident, CreatedTime, PageAndStop)
UNLIMITED = {"graph_security": 1_000_000, "graph_alerts": 1_000_000}
MAX_INCIDENTS = 100
MIB = 1024 * 1024


class Elsewhere(Stage):
    """A stage whose emulator is in another process; its clock is half an hour slow.

    So all of the last hour, which is what the tenant holds, lies in every loop's first window.
    """

    def __init__(self, ready: dict[str, str], now: datetime, wanted: int) -> None:
        clock = SimpleNamespace(advance=lambda _seconds: None, now=lambda: now)
        far: Any = SimpleNamespace(
            ready=ready, url=ready["url"], ca_bundle=ready["ca_bundle"],
            world=SimpleNamespace(clock=clock),
        )  # fmt: skip
        super().__init__(far, start=now - timedelta(minutes=30))
        self.count = 0
        self.wanted = wanted
        self._before = -1

    def goes_on(self) -> bool:
        """True until everything came, or a run brought nothing."""
        news, self._before = self.count > self._before, self.count
        return news and self.count < self.wanted

    def take(self, incident_id: str, alert_id: str) -> None:  # noqa: ARG002  only counted
        """Count it."""
        self.count += 1

    def sending(self, path: str) -> None:
        """Count it; here requests take the time that they take."""
        self.requests[path] += 1


def reference(name: str, stage: Elsewhere) -> None:
    """Poll a reference loop until everything came."""
    loop: Loop = next(kind for kind in REFERENCES if kind.name == name)(stage)
    while stage.goes_on():
        loop.poll()
        stage.pass_time(60)
    loop.close()


def ours(stage: Elsewhere) -> None:
    """Poll our connector until everything came; each run reads and writes its state."""
    from defender365.connector import Delivery, Rules, poll  # noqa: PLC0415  only ours pays
    from defender365.core.filters import Filters  # noqa: PLC0415
    from defender365.core.mapping import EnvironmentRule  # noqa: PLC0415
    from defender365.core.settings import read_settings  # noqa: PLC0415
    from defender365.core.state import dump_state, load_state  # noqa: PLC0415
    from defender365.runtime import Host, connect  # noqa: PLC0415

    ready = stage.emulator.ready
    roots = dict.fromkeys(("API Root", "Graph API Root", "Login API Root"), ready["url"])
    names = {"CA Bundle": "ca_bundle", "Tenant ID": "tenant_id", "Client ID": "client_id"}
    told = read_settings(
        {**roots, "Client Secret": ready["client_secret"]}
        | {name: ready[key] for name, key in names.items()}
    )
    rules = Rules(Filters(), EnvironmentRule("", ".*", ""), MAX_INCIDENTS, 1)
    delivery = Delivery(
        lambda case: stage.take(case.ticket_id, case.display_id),
        lambda state: setattr(stage, "text", dump_state(state)),
    )
    while stage.goes_on():
        state = load_state(stage.text)
        client = connect(
            told, host=Host({"HOME": "/nonexistent"}), clock=stage.time.clock, seconds=150,
            spent=state.spent,
        )  # fmt: skip
        stage.wire(client.transport.session)
        summary = poll(client, state, rules, stage.time.clock, delivery)
        client.close()
        if summary.failure:
            raise summary.failure
        stage.pass_time(60)


def child(name: str, ready: dict[str, str]) -> None:
    """One loop in this process; prints what it cost."""
    stage = Elsewhere(ready, datetime.fromisoformat(ready["now"]), int(ready["alerts"]))
    before = resource.getrusage(resource.RUSAGE_SELF)
    if name == "ours":
        ours(stage)
    else:
        reference(name, stage)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    found = {
        "requests": sum(stage.requests.values()), "alerts": stage.count, "cpu": cpu,
    }  # fmt: skip
    print(json.dumps(found))


def side_by_side(place: Any, run: Callable[..., Any], python: str, size: tuple[int, int]) -> str:
    """Every loop against one tenant; `run` measures a process, as in benchmarks/run.py."""
    now = _unlimited(place.ready)
    floor = run([python, "-c", PAGED, *place.arguments], place.env)
    least = json.loads(floor.output)
    parts = [f"{size[0]:,} x {size[1]}: floor {least['cpu']:.2f} s CPU, {floor.peak / MIB:.0f} MiB"]
    env = {**place.env, "PYTHONPATH": ":".join([str(Path(__file__).parent.parent), *sys.path])}
    for name in NAMES:
        told = json.dumps({**place.ready, "now": now, "alerts": str(least["alerts"])})
        done = run([python, "-m", "benchmarks.connector_loops", "--child", name, told], env)
        found = json.loads(done.output)
        short = "" if found["alerts"] == least["alerts"] else f" of {found['alerts']:,} alerts"
        each = found["requests"] / max(1, found["alerts"])
        parts.append(
            f"{name} {each:.4f} requests an alert, CPU {found['cpu'] / least['cpu']:.1f}, memory"
            f" {done.peak / floor.peak:.1f}{short}"
        )
    return "; ".join(parts)


def _unlimited(ready: dict[str, str]) -> str:
    """Lift the quotas; gives the tenant's time."""
    control, verify = f"{ready['url']}/_emulator", ready["ca_bundle"]
    with requests.Session() as session:
        session.trust_env, session.verify = False, verify
        session.post(f"{control}/limits", json={"limits": UNLIMITED}, timeout=10).raise_for_status()
        found = session.get(f"{control}/clock", timeout=10).json()
    return str(found["now"])


def main() -> None:
    """Print the sizes, or be a loop."""
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], json.loads(sys.argv[3]))
        return
    from benchmarks.run import run, tenant  # noqa: PLC0415  it wires this module

    for size in QUICK if "--quick" in sys.argv[1:] else SIZES:
        with tenant(*size) as place:
            print(side_by_side(place, run, sys.executable, size), flush=True)


if __name__ == "__main__":
    main()
