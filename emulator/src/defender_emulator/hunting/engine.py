"""The hunting engine: what is visible now, in tables, asked in KQL."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Protocol, runtime_checkable

from defender_emulator.hunting.child import FAILURES
from defender_emulator.hunting.loading import alert_messages, row_messages
from defender_emulator.hunting.own_tables import OwnTable, OwnTables
from defender_emulator.hunting.refusals import QueryPreempted, QueryTimedOut
from defender_emulator.hunting.store import Caps
from defender_emulator.hunting.worker import Worker, WorkerGone
from defender_emulator.scenario import Json, RowLogged

HISTORY = timedelta(days=30)
PROMPT = 5.0
"""Within so many seconds an idle process answers, or it is started anew."""

Visible = tuple[datetime, Json, Json]
"""When an alert became visible, its incident, and the alert."""


@dataclass(frozen=True)
class HuntingResult:
    """The columns, each with its KQL type, and the rows by column name."""

    schema: list[tuple[str, str]]
    rows: list[dict[str, Any]]


@dataclass(frozen=True)
class Limits:
    """What one query may cost."""

    seconds: float = 20.0
    """After this a query is interrupted."""
    grace: float = 3.0
    """If it has not ended this much later, its process is ended."""
    loading: float = 300.0
    """How long loading a batch of rows may take."""
    address_space: int = 4_096
    """Megabytes the process may map."""
    caps: Caps = field(default_factory=Caps)


class Answerer(Protocol):
    """What runs the queries: a process, or in tests something simpler."""

    def tell(self, message: Json) -> None:
        """Take a message, or raise `WorkerGone`."""

    def hear(self, patience: float) -> Json:
        """The next answer within some seconds, or raise `WorkerGone`."""

    def end(self) -> None:
        """Let go of everything."""


@runtime_checkable
class Noisy(Protocol):
    """Rows that come with background noise, which the engine's process makes itself."""

    @property
    def noise(self) -> Json | None:
        """What `background.filling` makes the noise from, or None for none."""


class HuntingEngine:
    """Runs KQL over the rows of a scenario and its alerts, in a process of its own.

    The process starts with the first query. Rows and alerts that it does not have yet are sent
    before each query, so only what is new costs time. Alerts are told apart by identity: a
    changed alert must be another object.
    """

    def __init__(
        self,
        rows: Iterable[RowLogged],
        *,
        own: OwnTables | None = None,
        limits: Limits | None = None,
        start: Callable[[Json, float], Answerer] = Worker,
    ) -> None:
        self._rows = tuple(rows) if iter(rows) is rows else rows
        self._noise = rows.noise if isinstance(rows, Noisy) else None
        self._limits = limits or Limits()
        self._lock = Lock()
        self._start = start
        self._worker: Answerer | None = None
        self._latest: datetime | None = None
        self._coming: Iterator[RowLogged] = iter(())
        self._next: RowLogged | None = None
        self._known: dict[str, Json] = {}
        self._own = own or OwnTables()
        self._sent: dict[OwnTable, int] = {}
        self._quiet = True

    def run(
        self,
        query: str,
        *,
        now: datetime,
        alerts: Iterable[Visible],
        timespan: tuple[datetime, datetime] | None = None,
    ) -> HuntingResult:
        """Answer a query as of `now`, over at most 30 days and no more than `timespan`."""
        first, last = now - HISTORY, now
        if timespan is not None:
            first, last = max(first, timespan[0]), min(last, timespan[1])
        with self._lock:
            worker = self._ready(now)
            self._load(worker, now, alerts)
            message = {"query": query, "times": _texts(now, first, last)}
            if timespan is not None:
                message["span"] = _texts(*timespan)
            return self._answer(worker, message)

    def count(self, tables: list[str], *, now: datetime, alerts: Iterable[Visible]) -> list[int]:
        """How many rows some tables show as of `now`."""
        with self._lock:
            worker = self._ready(now)
            self._load(worker, now, alerts)
            answer = self._asked(worker, {"count": tables, "times": _texts(now - HISTORY, now)})
            return list(answer["counts"])

    def close(self) -> None:
        """End the process; a later query would start another."""
        with self._lock:
            self._stop()

    def _asked(self, worker: Answerer, message: Json) -> Json:
        try:
            worker.tell(message)
            answer = worker.hear(self._limits.seconds + self._limits.grace)
        except WorkerGone:
            self._worker = None
            raise QueryTimedOut from None
        if "failed" in answer:
            raise FAILURES[answer["failed"]](answer["text"])
        return answer

    def _answer(self, worker: Answerer, message: Json) -> HuntingResult:
        answer = self._asked(worker, message)
        schema = [(name, kind) for name, kind in answer["columns"]]
        return HuntingResult(schema, json.loads(answer["rows"]))

    def _ready(self, now: datetime) -> Answerer:
        if self._latest is not None and now < self._latest:
            self._stop()
        self._latest = now
        if self._worker is not None and not self._there(self._worker):
            self._worker = None
        if self._worker is None:
            settings = {
                "seconds": self._limits.seconds,
                "address_space": self._limits.address_space,
                "caps": asdict(self._limits.caps),
            }
            self._worker = self._start(settings, self._limits.loading)
            self._coming, self._known, self._sent = iter(self._rows), {}, {}
            self._next = next(self._coming, None)
            self._quiet = True
        return self._worker

    @staticmethod
    def _there(worker: Answerer) -> bool:
        """Whether the process, which has nothing to do, still answers."""
        try:
            worker.tell({})
            worker.hear(PROMPT)
        except WorkerGone:
            return False
        return True

    def _stop(self) -> None:
        if self._worker is not None:
            self._worker.end()
            self._worker = None

    def _load(self, worker: Answerer, now: datetime, alerts: Iterable[Visible]) -> None:
        """Send what is new; while one batch is loaded, the next is made."""
        try:
            waiting = 0
            for message in self._messages(now, alerts):
                if waiting:
                    self._heard(worker)
                worker.tell(message)
                waiting = 1
            if waiting:
                self._heard(worker)
        except WorkerGone:
            self._worker = None
            raise QueryPreempted from None

    def _heard(self, worker: Answerer) -> None:
        answer = worker.hear(self._limits.loading)
        if "failed" in answer:
            self._stop()
            raise FAILURES[answer["failed"]](answer["text"])

    def _messages(self, now: datetime, alerts: Iterable[Visible]) -> Iterator[Json]:
        fresh = [
            (at, alert)
            for at, _, alert in alerts
            if at <= now and self._known.get(alert["id"]) is not alert
        ]
        changed = [alert["id"] for _, alert in fresh if alert["id"] in self._known]
        if self._noise and self._quiet:
            self._quiet = False
            yield {"background": self._noise}
        if changed:
            yield {"forget": changed}
        self._known.update((alert["id"], alert) for _, alert in fresh)
        yield from row_messages(self._logged(now))
        yield from alert_messages(fresh)
        yield from self._own.news(self._sent)

    def _logged(self, now: datetime) -> Iterator[RowLogged]:
        while self._next is not None and self._next.at <= now:
            yield self._next
            self._next = next(self._coming, None)


def _texts(*moments: datetime) -> list[str]:
    return [moment.isoformat() for moment in moments]
