"""Known names that a wrong one may have meant."""

from collections.abc import Iterable


def near_names(
    name: str, known: Iterable[str], *, most: int, cutoff: float = 0.6, within: float = 1.0
) -> tuple[str, ...]:
    """The known names that are like this one, likeliest first; `most` at most.

    A name that differs only in case gives that one. `cutoff` is the least likeness (0 to 1), and
    `within` how far behind the likeliest another may be.
    """
    by_folded = {each.casefold(): each for each in known}
    folded = name.casefold()
    if folded in by_folded:
        return (by_folded[folded],)
    from difflib import SequenceMatcher, get_close_matches  # noqa: PLC0415  slow to import, rarely needed

    close = get_close_matches(folded, by_folded, n=most, cutoff=cutoff)
    likeness = [SequenceMatcher(None, folded, each).ratio() for each in close]
    return tuple(
        by_folded[each]
        for each, like in zip(close, likeness, strict=True)
        if like > max(likeness) - within
    )
