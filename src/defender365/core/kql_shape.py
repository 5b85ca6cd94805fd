"""Which columns a person's pipe leaves, as far as its tokens tell.

Sorting by a column that the pipe has dropped is refused by the service, so the default order is
asked for only where the column is certain to be there.
"""

from collections.abc import Callable, Sequence

from defender365.core.kql_text import Token, as_pipe, balanced_tokens, split

_KEEPING_WORDS = """
as extend filter limit lookup mv-apply mv-expand mvapply mvexpand order project-reorder
render sample scan search serialize sort take top where
"""
_KEEPING = frozenset(_KEEPING_WORDS.split())
_NAMING = frozenset({"arg_max", "arg_min", "bin", "floor", "startofday", "take_any"})
"""Functions whose result takes the name of their first argument."""


def keeps_column(pipe: str, column: str) -> bool:
    """Whether the rows behind the pipe still have the column that the tables had.

    `pipe` is the "Query" as typed. True means certainly; an operator whose columns cannot be told
    from its words (`evaluate`, `getschema`, `facet`, wildcards and so on) gives False. Raises
    `QueryNotUnderstood` as `as_pipe` does.
    """
    stages = split(balanced_tokens(as_pipe(pipe)), "|")
    return all(_stage_keeps(stage, column) for stage in stages if stage)


def _stage_keeps(stage: Sequence[Token], column: str) -> bool:
    operator, rest = stage[0].text, stage[1:]
    if operator in _KEEPING:
        return True
    judge = _JUDGES.get(operator)
    return judge is not None and judge(rest, column)


def _joined(rest: Sequence[Token], _column: str) -> bool:
    return {token.text for token in rest}.isdisjoint({"rightsemi", "rightanti", "rightantisemi"})


def _parsed(rest: Sequence[Token], column: str) -> bool:
    return all(token.text != column for token in rest)


def _united(rest: Sequence[Token], _column: str) -> bool:
    return all(token.text != "inner" for token in rest)


def _enriched(rest: Sequence[Token], _column: str) -> bool:
    return bool(rest) and rest[0].text == "FileProfile"


def _listed(rest: Sequence[Token], column: str) -> bool:
    return any(
        _made_name(item) in {column, "*"} or _result_name(item) == column
        for item in split(rest, ",")
    )


def _not_listed(rest: Sequence[Token], column: str) -> bool:
    return all(
        _made_name(item) not in {column, ""} and not any(token.is_sign("*") for token in item)
        for item in split(rest, ",")
    )


def _not_renamed(rest: Sequence[Token], column: str) -> bool:
    return all(
        _made_name(item) == column or not any(token.text.strip("\"'") == column for token in item)
        for item in split(rest, ",")
    )


def _grouped(rest: Sequence[Token], column: str) -> bool:
    return any(_listed(part, column) for part in _around_by(rest))


def _around_by(rest: Sequence[Token]) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in rest:
        depth += (token.kind == "open") - (token.kind == "close")
        if depth == 0 and token.kind == "name" and token.text == "by":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _made_name(item: Sequence[Token]) -> str:
    """The column an item makes: `Name`, `["Name"]` or `Name = ...`; "" where that is not plain."""
    quoted = len(item) >= 3 and item[0].text == "["
    length = 3 if quoted else 1
    if len(item) < length or (len(item) > length and not item[length].is_sign("=")):
        return ""
    if quoted:
        return item[1].text.strip("\"'")
    return "" if item[0].kind == "string" else item[0].text


def _result_name(item: Sequence[Token]) -> str:
    if len(item) < 4 or item[0].text not in _NAMING or item[1].text != "(":
        return ""
    return item[2].text if item[3].text in {",", ")"} else ""


_JUDGES: dict[str, Callable[[Sequence[Token], str], bool]] = {
    "distinct": _listed,
    "invoke": _enriched,
    "join": _joined,
    "parse": _parsed,
    "parse-kv": _parsed,
    "parse-where": _parsed,
    "project": _listed,
    "project-keep": _listed,
    "project-away": _not_listed,
    "project-rename": _not_renamed,
    "summarize": _grouped,
    "union": _united,
}
