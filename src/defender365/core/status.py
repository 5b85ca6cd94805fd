"""How the connector is doing, from its own memory; nothing is sent."""

from dataclasses import dataclass
from typing import Any

from defender365.core.clock import utc
from defender365.core.runs import exposition
from defender365.core.state import State, gauges, waits
from defender365.core.summary import many
from defender365.core.timeframe import from_ticks


@dataclass(frozen=True)
class Status:
    """One word (`ok`, `behind`, `throttled`, `failing` or `never run`) and sentences."""

    word: str
    sentences: list[str]
    values: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """The status as one JSON object."""
        return {"status": self.word, **self.values}


def status(state: State, characters: int, now: float) -> Status:
    """What the connector's memory says of it; `characters` is the size of its text."""
    last, held = state.runs.last, gauges(state, characters)
    values = {
        "last_run": last or None,
        "last_success": utc(state.runs.last_success) if state.runs.last_success else None,
        "position": from_ticks(held.position) if held.position else None,
        "backlog": held.backlog,
        "throttled_until": utc(state.throttled_until) if state.throttled(now) else None,
        "set_aside": {key: aside.reason for key, aside in state.aside.items()},
        "remembered_incidents": held.remembered_incidents,
        "remembered_alerts": held.remembered_alerts,
        "state_characters": characters,
        "totals": {name: dict(counts) for name, counts in state.runs.totals.items()},
    }
    return Status(_word(state, now), list(_sentences(state, values, now)), values)


def metrics(state: State, characters: int) -> str:
    """The same for Prometheus, in its text format."""
    return exposition(state.runs, gauges(state, characters))


def _word(state: State, now: float) -> str:
    if not state.runs.last:
        return "never run"
    if state.throttled(now):
        return "throttled"
    if state.runs.last.get("error"):
        return "failing"
    return "behind" if waits(state) else "ok"


def _sentences(state: State, values: dict[str, Any], now: float) -> list[str]:
    last = state.runs.last
    if not last:
        return ["The connector has not run with this memory yet."]
    ended = float(last.get("ended_at", 0))
    said = [
        f"The last run ended {_ago(now - ended)}, at {utc(ended)}:"
        f" {many(last.get('incidents_processed', 0), 'incident')} processed,"
        f" {many(last.get('alerts_delivered', 0), 'alert')} delivered,"
        f" {many(sum(last['requests'].values()), 'request')}."
    ]
    if last.get("error"):
        good = values["last_success"]
        since = f"The last good run ended at {good}." if good else "No run has been good yet."
        said.append(f"It ended early: {last['error']} {since}")
    if values["throttled_until"]:
        said.append(
            f"A rate limit was reached: nothing is asked for until {utc(state.throttled_until)}."
        )
    if values["backlog"]:
        beside = ", and what is new is read beside it" if state.fresh else ""
        said.append(f"A backlog is being read and has reached {values['position']}{beside}.")
    if state.aside:
        said.append(f"Set aside: {', '.join(list(state.aside)[:5])}"
                    f"{' and more' if len(state.aside) > 5 else ''}; connector explain says why.")  # fmt: skip
    said.append(
        f"It remembers {many(values['remembered_alerts'], 'alert')} of"
        f" {many(values['remembered_incidents'], 'incident')} in {values['state_characters']} characters."
    )
    return said


def _ago(seconds: float) -> str:
    if seconds < 120:
        return f"{max(0, round(seconds))} seconds ago"
    if seconds < 2 * 3600:
        return f"{round(seconds / 60)} minutes ago"
    return f"{round(seconds / 3600)} hours ago"
