"""Situations in which the service throttles, fails, breaks off or is slow."""

from functools import partial

from defender_emulator.scenario import Change, IncidentChanged, IncidentsMerged
from tests.lab import ALERTS, GET, LIST, TOKEN
from tests.loops.stage import Stage
from tests.matrix.situation import (
    CREATED,
    EVERYBODY,
    STOP,
    Happening,
    Situation,
    cleared,
    fault,
    few,
    on_page,
    paged,
)
from tests.stories import at, opened, stamp

PAGES = (1, 2, 3)


def heavy() -> list[Change]:
    """A few incidents, and one with eight alerts."""
    return [*few(), *opened(500, -20.5, "abcdefgh")]


def merged_away() -> list[Change]:
    """An incident merged into an old one whose time does not move: only its id leads there."""
    return [
        *few(),
        *opened(900, -600, "z"),
        *opened(901, 5.2, "a"),
        IncidentsMerged(at(5.4), "901", "900"),
        IncidentChanged(at(5.4), "900", {"lastUpdateDateTime": stamp(-600)}),
    ]


def revoke(stage: Stage) -> None:
    """Every token issued so far is refused from now on."""
    from defender_emulator.control import expire_tokens  # noqa: PLC0415  control imports routes

    expire_tokens(stage.world, {})


def late_page(page: int, stage: Stage) -> None:
    """One page of the first listing takes two minutes."""
    stage.slow(LIST, 120, after=page - 1)


def _throttles() -> list[Situation]:
    found = []
    for words, after in (("with Retry-After", 120), ("without Retry-After", None)):
        told = {"retry_after": after}
        found.append(
            Situation(
                f"429 {words}, token", "The first sign-in is throttled.", few,
                (fault(0, kind="throttle", route=TOKEN, **told),),
            )
        )  # fmt: skip
        found += [
            Situation(
                f"429 {words}, list page {page}", f"Page {page} of three is throttled once.",
                paged, (on_page(page, "throttle", **told),),
            )
            for page in PAGES
        ]  # fmt: skip
        found.append(
            Situation(
                f"429 {words}, an incident's alerts",
                "One incident is too heavy for $expand (500, always); the first request for an"
                " incident's alerts is throttled.", heavy,
                (fault(0, kind="expand_above", above=5, times=None),
                 fault(0, kind="throttle", route=ALERTS, **told)),
                losers=EVERYBODY,
            )
        )  # fmt: skip
        found.append(
            Situation(
                f"429 {words}, one incident",
                "An incident is merged into an old one whose time stays; reading that by its id is"
                " throttled.", merged_away, (fault(0, kind="throttle", route=GET, **told),),
                marks=(5,), losers=EVERYBODY,
            )
        )  # fmt: skip
    return found


def _pages(name: str, kind: str, losers: frozenset[str], **more: object) -> list[Situation]:
    return [
        Situation(
            f"{name}, list page {page}", f"Page {page} of three fails once.", paged,
            (on_page(page, kind, **more),), losers=losers if page > 1 else frozenset(),
        )
        for page in PAGES
    ]  # fmt: skip


THROTTLED = (
    *_throttles(),
    Situation(
        "429 on every list for ten minutes", "Nothing is listed from minute 5 to 15.", few,
        (fault(5, kind="throttle", route=LIST, times=None), cleared(15)),
    ),
)  # fmt: skip

FAILING = (
    *_pages("500 once", "status", STOP, status=500),
    Situation(
        "500 always, for an hour", "The list fails from minute 5 to 65; 40 incidents open in it.",
        lambda: [*few(), *(c for n in range(40) for c in opened(600 + n, 6 + n, "a"))],
        (fault(5, kind="status", route=LIST, status=500, times=None), cleared(65)),
    ),
    Situation(
        "500 always with $expand", "No page with alerts is ever answered.", few,
        (fault(0, kind="expand_above", above=0, times=None),), losers=CREATED | STOP,
    ),
    Situation(
        "500 for one incident", "A page with one heavy incident's alerts is never answered.", heavy,
        (fault(0, kind="expand_above", above=5, times=None),), losers=CREATED | STOP,
    ),
    Situation(
        "500 for one incident, its alerts too",
        "The same, and requests for an incident's alerts fail three times.", heavy,
        (fault(0, kind="expand_above", above=5, times=None),
         fault(0, kind="status", route=ALERTS, status=500, times=3)), losers=EVERYBODY,
    ),
    Situation(
        "504 once, list page 2", "UnknownError with an empty message.", paged,
        (on_page(2, "unknown_error"),), losers=STOP,
    ),
    Situation(
        "504 on every list for ten minutes", "Nothing is listed from minute 5 to 15.", few,
        (fault(5, kind="unknown_error", route=LIST, times=None), cleared(15)),
    ),
    *_pages("Connection cut", "cut", STOP),
    *_pages("JSON cut short", "truncated", STOP),
    *(
        Situation(
            f"No answer in two minutes, list page {page}", "The answer is slower than the timeout.",
            paged, (Happening(0, partial(late_page, page)),),
        )
        for page in PAGES
    ),
    Situation(
        "Token expired between pages", "Page 2 is answered with 401 once.", paged,
        (on_page(2, "expired_token"),), losers=STOP,
    ),
    Situation(
        "Tokens revoked", "At minute 6 every token issued so far is refused.", few,
        (Happening(6, revoke),),
    ),
)  # fmt: skip
