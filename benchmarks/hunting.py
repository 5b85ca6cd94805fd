"""What a hunt costs: rows to CSV against receiving and parsing them, and memory as rows grow."""

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.least_client import SIGNED_IN

RANGE = (
    "range n from 1 to {rows} step 1"
    " | extend Timestamp = datetime(2026-01-01) + n * 1s, DeviceName = strcat('ws-', n % 5000,"
    " '.contoso.example'), FileName = 'powershell.exe', ProcessCommandLine = strcat('powershell -c ',"
    " n, ' \"quoted, with a comma\"'), AccountName = strcat('user', n % 300), ReportId = n * 7,"
    " IsAdmin = n % 2 == 0, Score = n / 3.0"
)

RECEIVE = (
    SIGNED_IN
    + """
import json
answer = session.post(sys.argv[1] + "/v1.0/security/runHuntingQuery", json={"Query": sys.argv[6]})
rows = json.loads(answer.content)["results"]
print(len(rows))
"""
)

RUNS = 3


def csv_ratio(place: Any, run: Callable[..., Any], program: str, python: str) -> str:
    """100,000 rows of nine columns: a whole hunt to a file against receiving and parsing."""
    query = RANGE.format(rows=100_000)
    path = Path(place.home) / "rows.csv"
    ours = [program, "hunt", query, "--output", str(path)]
    plain = [python, "-c", RECEIVE, *place.arguments, query]
    run(ours, place.env)
    run(plain, place.env)
    pairs = [(run(ours, place.env), run(plain, place.env)) for _ in range(RUNS)]
    walls = (
        statistics.median(mine.wall for mine, _ in pairs),
        statistics.median(least.wall for _, least in pairs),
    )
    cpus = statistics.median(mine.cpu / least.cpu for mine, least in pairs)
    lines = sum(1 for _ in path.open(encoding="utf-8")) - 1
    return (
        f"{lines:,} rows to CSV in {walls[0]:.1f} s, received and parsed in {walls[1]:.1f} s: ratio"
        f" {walls[0] / walls[1]:.2f} (of the client's CPU alone {cpus:.2f})"
    )


def memory_growth(place: Any, run: Callable[..., Any], program: str) -> str:
    """The peak memory of a hunt to CSV, at 10,000 and at 100,000 rows."""
    peaks = []
    for rows in (10_000, 100_000):
        path = str(Path(place.home) / f"{rows}.csv")
        command = [program, "hunt", RANGE.format(rows=rows), "--output", path]
        peaks.append(min(run(command, place.env).peak for _ in range(2)) / 2**20)
    return (
        f"{peaks[0]:.0f} MiB for 10,000 rows, {peaks[1]:.0f} MiB for 100,000:"
        f" ratio {peaks[1] / peaks[0]:.2f}"
    )
