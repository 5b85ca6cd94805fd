"""The emulator's hunting against plain DuckDB SQL over the same rows: five queries, two sizes."""

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import requests

COLUMNS = {
    "n": "long", "Timestamp": "datetime", "Device": "string", "Port": "int", "Words": "string",
    "Bytes": "long",
}  # fmt: skip
WORDS = ("alpha beta", "gamma delta", "epsilon", "zeta eta theta", "iota", "kappa mu", "nu xi")
BATCH = 50_000
RUNS = 5

QUERIES: dict[str, tuple[str, str]] = {
    "filter and top": (
        "Bench | where Port == 443 | top 10 by Timestamp desc",
        "SELECT * FROM bench WHERE port = 443 ORDER BY timestamp DESC LIMIT 10",
    ),
    "summarize by bin": (
        "Bench | summarize count() by bin(Timestamp, 1h)",
        "SELECT time_bucket(INTERVAL 1 HOUR, timestamp), count(*) FROM bench GROUP BY 1",
    ),
    "has_any": (
        'Bench | where Words has_any ("beta", "theta", "xi") | count',
        r"SELECT count(*) FROM bench WHERE regexp_matches(words, '(?i)\b(beta|theta|xi)\b')",
    ),
    "join": (
        "Bench | where n < 2000 | join kind=inner (Bench | where Port == 401 | project Device,"
        " Other = n) on Device | count",
        "SELECT count(*) FROM bench a JOIN (SELECT device FROM bench WHERE port = 401) b"
        " USING (device) WHERE a.n < 2000",
    ),
    "arg_max(*)": (
        "Bench | summarize arg_max(Timestamp, *) by Device | count",
        "SELECT count(*) FROM (SELECT arg_max(bench, timestamp) FROM bench GROUP BY device)",
    ),
}


def engine_ratio(ready: dict[str, str], sizes: tuple[int, ...] = (10_000, 1_000_000)) -> str:
    """The ratios, a query and size each; a whole request over HTTPS against SQL in the process."""
    session = requests.Session()
    session.trust_env = False
    session.verify = ready["ca_bundle"]
    found = []
    for size in sizes:
        ratios = _at_size(session, ready, size)
        told = ", ".join(
            f"{name} {ratio:.0f} ({ms:.0f} ms)" for name, (ratio, ms) in ratios.items()
        )
        found.append(f"{size:,} rows: {told}")
    return "; ".join(found)


def _at_size(
    session: requests.Session, ready: dict[str, str], size: int
) -> dict[str, tuple[float, float]]:
    ask = _asker(session, ready)
    session.delete(f"{ready['url']}/_emulator/tables/Bench", timeout=60)
    columns = [{"name": name, "type": kind} for name, kind in COLUMNS.items()]
    for rows in _batches(size):
        body = {"columns": columns, "rows": rows}
        address = f"{ready['url']}/_emulator/tables/Bench"
        session.post(address, json=body, timeout=300).raise_for_status()
    database = _database(size)
    ratios = {}
    for name, (kql, sql) in QUERIES.items():
        ours = _median(lambda kql=kql: ask(kql))  # type: ignore[misc]
        plain = _median(lambda sql=sql: database.execute(sql).fetchall())  # type: ignore[misc]
        ratios[name] = ours / plain, ours * 1000
    return ratios


def _asker(session: requests.Session, ready: dict[str, str]) -> Callable[[str], Any]:
    form = {
        "client_id": ready["client_id"], "client_secret": ready["client_secret"],
        "grant_type": "client_credentials", "scope": "https://graph.microsoft.com/.default",
    }  # fmt: skip
    address = f"{ready['url']}/{ready['tenant_id']}/oauth2/v2.0/token"
    token = session.post(address, data=form, timeout=30).json()["access_token"]
    hunting = f"{ready['url']}/v1.0/security/runHuntingQuery"
    session.post(f"{ready['url']}/_emulator/limits", json={"limits": {"graph_hunting": 100_000}})

    def ask(query: str) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        answer = session.post(hunting, json={"Query": query}, headers=headers, timeout=200)
        answer.raise_for_status()
        return answer.json()["results"]

    return ask


def _median(do: Callable[[], Any]) -> float:
    do()
    took = []
    for _ in range(RUNS):
        began = time.perf_counter()
        do()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def _batches(size: int) -> Iterator[list[list[Any]]]:
    for first in range(0, size, BATCH):
        yield [_row(n) for n in range(first, min(first + BATCH, size))]


def _row(n: int) -> list[Any]:
    day, second = 1 + n // 86_400 % 27, n % 86_400
    clock = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    return [n, f"2026-11-{day:02}T{clock}Z", f"ws-{n % 5000}", 400 + n % 50, WORDS[n % 7], n * 7]


def _database(size: int) -> duckdb.DuckDBPyConnection:
    database = duckdb.connect()
    database.execute("SET threads = 2")
    database.execute(
        "CREATE TABLE words AS SELECT unnest($1) AS words, unnest(range(7)) AS place", [list(WORDS)]
    )
    database.execute(
        "CREATE TABLE bench AS SELECT n, TIMESTAMP '2026-11-01' + (n // 86400 % 27) * INTERVAL 1 DAY"
        " + (n % 86400) * INTERVAL 1 SECOND AS timestamp, 'ws-' || n % 5000 AS device,"
        " (400 + n % 50)::INTEGER AS port, words, n * 7 AS bytes"
        " FROM range($1) t(n) JOIN words ON words.place = n % 7",
        [size],
    )
    return database
