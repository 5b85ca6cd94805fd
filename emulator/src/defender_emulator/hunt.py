"""Hunting on both APIs: bodies, time spans, shapes; the engine answers."""

import re
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from defender_emulator.answers import Refused
from defender_emulator.clock import machine_seconds
from defender_emulator.scenario import Json
from defender_emulator.tenant import Tenant
from defender_emulator.ticks import moment_of

if TYPE_CHECKING:
    from defender_emulator.hunting import HuntingEngine, HuntingResult
    from defender_emulator.hunting.own_tables import OwnTables

Answer = TypeVar("Answer")

TOO_BIG = (
    "Query execution has exceeded the allowed result size. Optimize your query by limiting the"
    " number of results and try again."
)
PREEMPTED = (
    "Query execution has exceeded the allowed limits. The query execution was preempted. This could"
    " possibly be due to high CPU and/or memory resource consumption. Optimize your query by"
    " following best practices and try again."
)
TYPES = {
    "datetime": "DateTime", "string": "String", "long": "Int64", "int": "Int32", "real": "Double",
    "bool": "SByte", "dynamic": "Object", "guid": "Guid", "timespan": "TimeSpan",
    "decimal": "SqlDecimal",
}  # fmt: skip
_DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


class Hunting:
    """Runs queries over one tenant; the engine starts with the first."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._engine: HuntingEngine | None = None
        self._own: OwnTables | None = None
        self._starting = threading.RLock()

    def graph(self, body: Json) -> Json:
        """`runHuntingQuery`: names in any case, results under lower-case keys."""
        fold = {str(key).lower(): value for key, value in body.items()}
        query = _text(fold.get("query"), "Query")
        found = self._run(query, timespan(fold.get("timespan"), self._tenant.clock.now()))
        return {
            "@odata.context": "https://graph.microsoft.com/v1.0/$metadata"
            "#microsoft.graph.security.huntingQueryResults",
            "schema": [{"name": n, "type": TYPES.get(t, "String")} for n, t in found.schema],
            "results": found.rows,
        }

    def defender(self, body: Json) -> Json:
        """`advancedhunting/run`: the name is case-sensitive, results come with statistics."""
        began = machine_seconds()
        found = self._run(_text(body.get("Query"), "Query"), None)
        stats = {
            "ExecutionTime": round(machine_seconds() - began, 4),
            "resource_usage": {"cpu": {"total cpu": "00:00:00"}, "memory": {"peak_per_node": 0}},
            "dataset_statistics": [{"table_row_count": len(found.rows), "table_size": 0}],
        }
        schema = [{"Name": n, "Type": TYPES.get(t, "String")} for n, t in found.schema]
        return {"Stats": stats, "Schema": schema, "Results": found.rows}

    @property
    def own(self) -> "OwnTables":
        """The tables and rows that users brought; they last as long as this does."""
        from defender_emulator.hunting.own_tables import OwnTables  # noqa: PLC0415  as below

        with self._starting:
            self._own = self._own or OwnTables()
            return self._own

    def counts(self, tables: list[str]) -> list[int]:
        """How many rows some tables show now, as the engine counts them. Raises `Refused`."""
        return self._asked(lambda engine, seen: engine.count(tables, **seen))

    def close(self) -> None:
        """End the engine's process, and forget the users' tables."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None
        if self._own is not None:
            self._own.clear()
            self._own = None

    def _run(self, query: str, span: tuple[datetime, datetime] | None) -> "HuntingResult":
        return self._asked(lambda engine, seen: engine.run(query, timespan=span, **seen))

    def _asked(self, ask: "Callable[[HuntingEngine, dict[str, Any]], Answer]") -> "Answer":
        from defender_emulator import hunting  # noqa: PLC0415  slow to import, needed late

        with self._starting:
            if self._engine is None:
                self._engine = hunting.HuntingEngine(self._tenant.scenario.rows, own=self.own)
            engine = self._engine
        seen = {"now": self._tenant.clock.now(), "alerts": self._tenant.seen_alerts()}
        try:
            return ask(engine, seen)
        except hunting.QueryRefused as error:
            raise Refused(400, "BadRequest", str(error)) from None
        except hunting.QueryTooBig:
            raise Refused(400, "BadRequest", TOO_BIG) from None
        except hunting.QueryPreempted:
            raise Refused(400, "BadRequest", PREEMPTED) from None
        except hunting.QueryTimedOut:
            raise Refused(504, "UnknownError", "") from None


def timespan(text: Any, now: datetime) -> tuple[datetime, datetime] | None:
    """Start and end of an ISO 8601 time span in any of the documented forms."""
    if text in (None, ""):
        return None
    left, slash, right = str(text).partition("/")
    try:
        if not slash:
            length = duration(left)
            return (now - length, now) if length else (_moment(left), now)
        before, after = duration(left), duration(right)
        end = now if after else _moment(right)
        start = end - before if before else _moment(left)
        return start, (start + after if after else end)
    except (ValueError, OverflowError):
        raise Refused(400, "BadRequest", f"Invalid Timespan '{str(text)[:80]}'.") from None


def duration(text: str) -> timedelta | None:
    """An ISO 8601 duration, or None for what is none."""
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    weeks, days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def _moment(text: str) -> datetime:
    moment = moment_of(text)
    if moment is None:
        raise ValueError(text)
    return moment


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Refused(400, "BadRequest", f"The required parameter '{name}' is missing.")
    return value
