"""Measures speed and cost side by side in one run, as ratios; `make bench` prints them.

`--write` also writes docs/measures.md. Nothing here is a test: a figure is read, not asserted.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import connector_loops, hunting
from benchmarks.google_ping import google_ping
from benchmarks.kql_engine import engine_ratio
from benchmarks.least_client import ASKED, PAGED

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = Path(sys.executable).with_name("defender365")

FLOOR = (
    ASKED
    + """
answer.raise_for_status()
"""
)


@dataclass
class Tenant:
    """A running emulator and the environment that reaches it."""

    ready: dict[str, str]
    home: str

    @property
    def env(self) -> dict[str, str]:
        """Variables for the program; bytecode may be written, so that the second run is warm."""
        url = self.ready["url"]
        return {
            "HOME": self.home,
            "PATH": os.environ.get("PATH", ""),
            **{f"DEFENDER365_{root}_ROOT": url for root in ("API", "GRAPH_API", "LOGIN_API")},
            "DEFENDER365_CA_BUNDLE": self.ready["ca_bundle"],
            "DEFENDER365_TENANT_ID": self.ready["tenant_id"],
            "DEFENDER365_CLIENT_ID": self.ready["client_id"],
            "DEFENDER365_CLIENT_SECRET": self.ready["client_secret"],
        }

    @property
    def arguments(self) -> list[str]:
        """What the plain scripts are told."""
        names = ("url", "ca_bundle", "client_id", "client_secret", "tenant_id")
        return [self.ready[name] for name in names]


@contextmanager
def tenant(incidents: int, alerts: int) -> Iterator[Tenant]:
    """An emulator with so many incidents, all of the last hour."""
    command = [
        sys.executable, "-m", "defender_emulator", "--port", "0", "--scenario", "noisy",
        "--option", f"incidents={incidents}", "--option", f"alerts_per_incident={alerts}",
        "--option", "history=all",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline() if process.stdout else ""
        with tempfile.TemporaryDirectory() as home:
            yield Tenant(json.loads(line), home)
    finally:
        process.terminate()
        process.wait(timeout=10)


@dataclass
class Run:
    """One finished process: its output, seconds, CPU seconds, and peak memory in bytes."""

    output: str
    wall: float
    cpu: float
    peak: int


LAUNCH = """
import os, sys, time
pipe, command = int(sys.argv[1]), sys.argv[2:]
began = time.perf_counter()
child = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_CLOSE, pipe)])
_, status, used = os.wait4(child, 0)
said = time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss
os.write(pipe, " ".join(map(str, (os.waitstatus_to_exitcode(status), *said))).encode())
"""
"""Starts a process from a small one: a peak begins at what the starter of the process had."""


def run(command: list[str], env: dict[str, str]) -> Run:
    """Run a process to its end and measure it by itself."""
    told, pipe = os.pipe()
    launch = [sys.executable, "-I", "-S", "-c", LAUNCH, str(pipe), *command]
    with os.fdopen(told) as measured:
        process = subprocess.Popen(
            launch, env=env, stdout=subprocess.PIPE, text=True, pass_fds=(pipe,)
        )
        os.close(pipe)
        output, _ = process.communicate()
        code, wall, cpu, peak = map(float, measured.read().split())
    if code:
        raise SystemExit(f"{command[:3]} failed: {output}")
    scale = 1 if sys.platform == "darwin" else 1024
    return Run(output, wall, cpu, int(peak) * scale)


def polls(place: Tenant, times: int, folder: Path) -> tuple[list[dict[str, Any]], list[Run]]:
    """So many polls of 100 incidents each, as fresh processes."""
    command = [
        str(PROGRAM), "connector", "run", "--json", "--max-incidents-to-fetch", "100",
        "--max-hours-backwards", "2", "--state", str(folder / "state.json"),
        "--output", str(folder / "alerts.jsonl"),
    ]  # fmt: skip
    runs = [run(command, place.env) for _ in range(times)]
    return [json.loads(each.output) for each in runs], runs


def listed(summaries: list[dict[str, Any]]) -> tuple[int, int, int]:
    """Incident requests, other API requests, and alerts delivered."""
    incidents = sum(s["requests"].get("GET /security/incidents", 0) for s in summaries)
    every = sum(c for s in summaries for r, c in s["requests"].items() if "token" not in r)
    return incidents, every - incidents, sum(s["alerts_delivered"] for s in summaries)


def requests_for(incidents: int, alerts: int) -> str:
    """How many requests it takes to deliver so many incidents."""
    with tenant(incidents, alerts) as place, tempfile.TemporaryDirectory() as folder:
        summaries, _ = polls(place, max(1, incidents // 100), Path(folder))
        asked, others, delivered = listed(summaries)
        return (
            f"{incidents} incidents x {alerts} alerts: {asked} incident requests, {others} others,"
            f" {delivered} alerts delivered"
        )


def ping_ratio() -> str:
    """A whole ping process against a process that imports requests and sends one POST."""
    with tenant(1, 1) as place:
        ours = [str(PROGRAM), "ping", "--json"]
        floor = [sys.executable, "-c", FLOOR, *place.arguments]
        for command in (ours, ours, floor):
            run(command, place.env)
        pairs = [(run(ours, place.env).wall, run(floor, place.env).wall) for _ in range(11)]
        mine, plain = (statistics.median(column) for column in zip(*pairs, strict=True))
        return f"ping {mine * 1000:.0f} ms, floor {plain * 1000:.0f} ms: ratio {mine / plain:.2f}"


def google_ratio() -> str:
    """A Ping of the Google package against the SDK, requests and the same HTTP."""
    with tenant(1, 1) as place, tempfile.TemporaryDirectory() as folder:
        return google_ping(place.ready, Path(folder))


def hunt_ratio() -> str:
    """100,000 rows to CSV against receiving and parsing them."""
    with tenant(1, 1) as place:
        return hunting.csv_ratio(place, run, str(PROGRAM), sys.executable)


def hunt_memory() -> str:
    """Whether a hunt's memory grows with its rows."""
    with tenant(1, 1) as place:
        return hunting.memory_growth(place, run, str(PROGRAM))


def kql_ratio() -> str:
    """The emulator's hunting against plain DuckDB SQL."""
    with tenant(1, 1) as place:
        return engine_ratio(place.ready)


def cpu_ratio() -> str:
    """Delivering 1,000 x 3 in ten polls against fetching and parsing the same pages."""
    with tenant(1000, 3) as place, tempfile.TemporaryDirectory() as folder:
        plain = json.loads(run([sys.executable, "-c", PAGED, *place.arguments], place.env).output)
        nothing = [
            str(PROGRAM), "connector", "run", "--json", "--max-hours-backwards", "0",
            "--state", str(Path(folder) / "nothing.json"),
        ]  # fmt: skip
        idle = statistics.median(run(nothing, place.env).cpu for _ in range(5))
        _, runs = polls(place, 10, Path(folder))
        whole = sum(each.cpu for each in runs)
        ours = whole - 10 * idle
        return (
            f"deliver {ours:.2f} s CPU, fetch and parse {plain['cpu']:.2f} s: ratio"
            f" {ours / plain['cpu']:.2f} (ten processes whole {whole:.2f} s, of which starting and"
            f" signing in {10 * idle:.2f} s)"
        )


def memory_ratio() -> str:
    """Peak memory for 50 x 400 against the largest page's text plus the idle process."""
    with tenant(50, 400) as place, tempfile.TemporaryDirectory() as folder:
        plain = json.loads(run([sys.executable, "-c", PAGED, *place.arguments], place.env).output)
        idle = run([str(PROGRAM), "connector", "run", "--help"], place.env).peak
        _, runs = polls(place, 1, Path(folder))
        allowed = plain["largest"] + idle
        mib = 1024 * 1024
        return (
            f"peak {runs[0].peak / mib:.0f} MiB, page {plain['largest'] / mib:.0f} MiB + idle"
            f" {idle / mib:.0f} MiB: ratio {runs[0].peak / allowed:.2f}"
        )


def loops(size: tuple[int, int]) -> str:
    """Our connector beside the reference loops, each a process, against the floor."""
    with tenant(*size) as place:
        return connector_loops.side_by_side(place, run, sys.executable, size)


def emulator_speed() -> str:
    """How long the emulator takes to list 1,000 x 3 in pages of 50."""
    with tenant(1000, 3) as place:
        fetch = [sys.executable, "-c", PAGED, *place.arguments]
        idle = run([sys.executable, "-c", FLOOR, *place.arguments], place.env).wall
        whole = statistics.median(run(fetch, place.env).wall for _ in range(3))
        return f"1,000 incidents x 3 listed in 20 pages in {whole - idle:.2f} s"


MEASURES: tuple[tuple[str, str, Callable[[], str]], ...] = (
    ("Requests, 50 x 3", "1 incident request, none per alert", partial(requests_for, 50, 3)),
    ("Requests, 1,000 x 3", "20 incident requests, none per alert", partial(requests_for, 1000, 3)),
    ("A ping process, token kept", "within 2 times the floor", ping_ratio),
    ("A Ping of the Google package, token kept", "within 1.3 times the least", google_ratio),
    ("CPU of delivering 1,000 x 3", "within 4 times fetch and parse", cpu_ratio),
    ("Peak memory, 50 x 400", "within 2 times page and idle process", memory_ratio),
    *(
        (f"Four loops, {size[0]:,} x {size[1]}", "as ratios to the floor", partial(loops, size))
        for size in connector_loops.SIZES
    ),
    ("A hunt of 100,000 rows to CSV", "within 1.5 times receiving and parsing", hunt_ratio),
    ("A hunt's memory", "flat", hunt_memory),
    ("The emulator", "within a second", emulator_speed),
    ("Hunting in the emulator, times plain SQL", "as a ratio", kql_ratio),
)


def main() -> None:
    """Print each measure beside its aim; with `--write`, write the page too."""
    lines = ["| measure | aim | measured |", "|---|---|---|"]
    for name, aim, measure in MEASURES:
        found = measure()
        print(f"{name} ({aim}): {found}", flush=True)
        lines.append(f"| {name} | {aim} | {found} |")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"(the benchmark itself: {peak // 1024} MiB)")
    if "--write" in sys.argv[1:]:
        page = ROOT / "docs" / "measures.md"
        text = page.read_text(encoding="utf-8")
        head = text[: text.index("<!-- table -->") + len("<!-- table -->")]
        page.write_text(head + "\n\n" + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
