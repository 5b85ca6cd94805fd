"""Situations in which the machine, its state or the platform lets the loop down."""

import json

from tests.loops.stage import Stage
from tests.matrix.situation import (
    CREATED,
    FLOWS,
    PER_INCIDENT,
    Happening,
    Situation,
    few,
    flow,
    killed,
    paged,
    refused,
)


def corrected(hours: float) -> Happening:
    """Somebody sets the clock right."""
    return Happening(40, lambda stage: stage.time.advance(-hours * 3600))


class Damage:
    """The state is changed at one minute, and put back by a person at another."""

    def __init__(self, change: str) -> None:
        self._change = change
        self._before = ""

    def happenings(self) -> tuple[Happening, ...]:
        """What happens, in this order."""
        return Happening(10, self._harm), Happening(20, self._restore)

    def _harm(self, stage: Stage) -> None:
        self._before = stage.damage(getattr(self, f"_{self._change}"))

    def _restore(self, stage: Stage) -> None:
        stage.damage(lambda _now: self._before)

    @staticmethod
    def _truncated(text: str) -> str:
        return text[: len(text) // 2]

    @staticmethod
    def _newer(text: str) -> str:
        return json.dumps({**json.loads(text), "version": 99})


def lose(stage: Stage) -> None:
    """The state is gone."""
    stage.damage(lambda _text: "")


def later(position: int, act: str) -> Happening:
    """At minute 0: the platform's n-th alert is refused, or kills the process."""
    does = {"refused": refused, "killed": killed}[act]
    return Happening(0, lambda stage: stage.arm(position, does))


def kill_at_save(stage: Stage) -> None:
    """The process dies when it is about to write its state."""
    stage.on_save = killed


ACCIDENTS = (
    Situation(
        "Clock an hour fast", "Until minute 40; incidents open all the time.", flow,
        (corrected(1),), clock_hours=1, steady=FLOWS, losers=PER_INCIDENT,
    ),
    Situation(
        "Clock an hour slow", "Until minute 40; incidents open all the time.", flow,
        (corrected(-1),), clock_hours=-1, steady=FLOWS,
    ),
    Situation("State lost", "At minute 10.", few, (Happening(10, lose),), repeats=True),
    Situation(
        "State cut in half", "At minute 10; a person restores it at minute 20.", flow,
        Damage("truncated").happenings(), steady=FLOWS,
    ),
    Situation(
        "State of a newer version", "At minute 10; a person goes back at minute 20.", flow,
        Damage("newer").happenings(), steady=FLOWS,
    ),
    Situation(
        "The platform refuses an alert once", "The 30th of 110 that wait.", paged,
        (later(30, "refused"),), repeats=True, losers=PER_INCIDENT | CREATED,
    ),
    Situation(
        "Killed while delivering", "At the 30th of 110 that wait.", paged, (later(30, "killed"),),
        repeats=True, losers=CREATED,
    ),
    Situation(
        "Killed while delivering, second page", "At the 80th of 110 that wait.", paged,
        (later(80, "killed"),), repeats=True, losers=CREATED,
    ),
    Situation(
        "Killed between delivery and commit", "When state is about to be written, minute 8.", few,
        (Happening(8, kill_at_save),), repeats=True,
    ),
)  # fmt: skip
