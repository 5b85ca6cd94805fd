"""Situations in which data is late, equal, moved, merged, gone, huge or malformed."""

from collections.abc import Sequence
from typing import Any

from defender_emulator.scenario import (
    AlertRaised,
    Change,
    IncidentChanged,
    IncidentOpened,
    IncidentsMerged,
)
from tests.lab import delete as delete_from
from tests.loops.stage import Stage
from tests.matrix.requests_that_fail import merged_away
from tests.matrix.situation import (
    CREATED,
    EVERYBODY,
    FLOWS,
    PER_INCIDENT,
    STOP,
    Happening,
    Situation,
    fault,
    few,
    flow,
    paged,
)
from tests.stories import alert, at, incident, many, opened, stamp

MANY_ALERTS = 5_000


def late_incident(told: float, seen: float) -> list[Change]:
    """An incident of one time that can be seen only at another."""
    return [
        IncidentOpened(at(seen), incident(700, told)),
        AlertRaised(at(seen), alert(700, "a", told), touch=False),
    ]


def equal(*, later: bool) -> list[Change]:
    """120 incidents of one instant; some of them may be seen only five minutes later."""
    same = stamp(-10, "9234567")
    changes: list[Change] = []
    for number in range(1, 121):
        seen = 5.2 if later and number % 10 == 0 else -10
        told = incident(number, -10, updated=same, createdDateTime=same)
        changes += [
            IncidentOpened(at(seen), told),
            AlertRaised(at(seen), alert(number, "a", -10), touch=False),
        ]
    return [*changes, *opened(201, 7.5, "a")]


def delete(*numbers: int) -> Any:
    """Incidents vanish between the first page and the second."""

    def gone(stage: Stage) -> None:
        delete_from(stage.world.tenant, *map(str, numbers))

    def armed(stage: Stage) -> None:
        stage.before_page[2] = lambda: gone(stage)

    return armed


def reorder(stage: Stage) -> None:
    """Two incidents are updated between the first page and the second."""

    def moved() -> None:
        for number in ("5", "105"):
            stage.world.tenant.update_incident(number, {"assignedTo": "pat"}, "somebody")

    stage.before_page[2] = moved


def huge() -> list[Change]:
    """Ten incidents, and one with thousands of alerts."""
    changes = [*many(10, "a"), IncidentOpened(at(-9), incident(800, -9))]
    changes += [
        AlertRaised(at(-9), alert(800, str(n), -9, evidence=[]), touch=False)
        for n in range(MANY_ALERTS)
    ]
    return [*changes, *opened(201, 7.5, "a")]


def with_records(*records: Change) -> list[Change]:
    """A few incidents with these among them."""
    return [*few(), *records]


def bad_alert(**fields: Any) -> Sequence[Change]:
    """An incident with one sound alert and one with such fields."""
    return [
        *opened(750, -20.5, "a"),
        AlertRaised(at(-20.5), alert(750, "b", -20.5, **fields), touch=False),
    ]


CHANGING = (
    Situation(
        "Equal times across pages", "120 incidents of one instant, to the seventh digit.",
        lambda: equal(later=False),
    ),
    Situation(
        "Equal times, some seen later",
        "Every tenth of 120 incidents of one instant is seen five minutes after the others.",
        lambda: equal(later=True), marks=(5,), losers=EVERYBODY,
    ),
    Situation(
        "An incident is 5 minutes late",
        "An incident of minute 3 is listed from minute 8 on; others open all the time.",
        lambda: [*flow(), *late_incident(3.2, 8.2)], marks=(8,), steady=FLOWS, losers=EVERYBODY,
    ),
    Situation(
        "An incident is 60 minutes late",
        "An incident of minute 3 is listed from minute 63 on; others open all the time.",
        lambda: [*flow(), *late_incident(3.2, 63.2)], marks=(63,), steady=FLOWS, losers=EVERYBODY,

    ),
    Situation(
        "An alert is 5 minutes late",
        "It shows up in a known incident whose own time does not move.",
        lambda: [*flow(), AlertRaised(at(8.2), alert(300, "z", 3.2), touch=False)], marks=(8,), steady=FLOWS,
        losers=EVERYBODY,
    ),
    Situation(
        "An alert is 60 minutes late, its incident's time moves",
        "It shows up in a known incident, which counts as an update.",
        lambda: [*flow(), AlertRaised(at(63.2), alert(300, "z", 3.2))], marks=(63,), steady=FLOWS, losers=CREATED,
    ),
    Situation(
        "An alert is 60 minutes late",
        "It shows up in a known incident whose own time does not move.",
        lambda: [*flow(), AlertRaised(at(63.2), alert(300, "z", 3.2), touch=False)], marks=(63,), steady=FLOWS,
        losers=EVERYBODY,
    ),
    Situation(
        "A late alert makes an incident too heavy",
        "Five alerts come with the list; a sixth, five minutes late, is more than $expand brings (500, always).",
        lambda: [*flow(), *opened(700, 3.2, "abcde"), AlertRaised(at(8.2), alert(700, "z", 3.2), touch=False)],
        (fault(0, kind="expand_above", above=5, times=None),), marks=(8,), steady=FLOWS, losers=EVERYBODY,
    ),
    Situation(
        "An alert of a heavy incident is 60 minutes late",
        "$expand fails for it, always; the alert shows up while its incident's time does not move.",
        lambda: [*flow(), *opened(700, 3.2, "abcdefgh"), AlertRaised(at(63.2), alert(700, "z", 3.2), touch=False)],
        (fault(0, kind="expand_above", above=5, times=None),), marks=(63,), steady=FLOWS, losers=EVERYBODY,
    ),
    Situation(
        "An alert joins an old incident", "At minute 5, in an incident of 50 minutes before.",
        lambda: [*few(), *opened(710, -50.5, "a"), AlertRaised(at(5.2), alert(710, "b", 5.2))],
        marks=(5,), losers=CREATED,
    ),
    Situation(
        "Promoted from Low to High", "Only High is wanted; at minute 5 an incident becomes it.",
        lambda: [*opened(710, -20.5, "abc", severity="low"), *opened(711, -19.5, "a", severity="high"),
                 IncidentChanged(at(5.2), "710", {"severity": "high"})],
        marks=(5,), lowest="high", losers=CREATED,
    ),
    Situation(
        "Merged, in a chain", "A is merged into B, B gets an alert and is merged into C.",
        lambda: [*few(), *opened(720, -30.5, "a"), *opened(721, -29.5, "b"),
                 *opened(722, -28.5, "c"), IncidentsMerged(at(5.2), "720", "721"),
                 AlertRaised(at(5.4), alert(721, "x", 5.4)), IncidentsMerged(at(5.6), "721", "722")],
        marks=(5,), losers=CREATED,
    ),
    Situation(
        "Merged into an old one, in a chain",
        "Opened and merged within a minute, over another, into one of ten hours before whose time"
        " stays.",
        lambda: [*merged_away(), *opened(902, 5.5, "a"), IncidentsMerged(at(5.6), "902", "901"),
                 IncidentsMerged(at(5.7), "901", "900"),
                 IncidentChanged(at(5.7), "900", {"lastUpdateDateTime": stamp(-600)})],
        marks=(5,), losers=EVERYBODY,
    ),
    Situation(
        "Incidents deleted between pages", "One of each end of the list, before page 2 is read.",
        paged, (Happening(0, delete(5, 105)),), losers=EVERYBODY,
    ),
    Situation(
        "List reordered between pages", "One of each end is updated before page 2 is read.",
        paged, (Happening(0, reorder),), losers=PER_INCIDENT | CREATED,
    ),
    Situation(
        "5,000 alerts in one incident", "Ten incidents stand around it.", huge,
    ),
    Situation(
        "Null dates in an alert", "No first, last or creation time.",
        lambda: with_records(*bad_alert(firstActivityDateTime=None, lastActivityDateTime=None,
                                        createdDateTime=None)), losers=CREATED,
    ),
    Situation(
        "Null title and evidence in an alert", "The rest is as usual.",
        lambda: with_records(*bad_alert(title=None, evidence=None)), losers=CREATED,
    ),
    Situation(
        "A severity of tomorrow", "One alert has a word that nobody knows yet.",
        lambda: with_records(*bad_alert(severity="catastrophic")), losers=STOP,
    ),
    Situation(
        "An incident without an id", "Null times, no id, no name.",
        lambda: with_records(
            IncidentOpened(at(-20.5), {"id": None, "status": "active", "severity": "high",
                                       "createdDateTime": None, "lastUpdateDateTime": stamp(-20.5)})
        ),
    ),
)  # fmt: skip
