"""Which columns a person's pipe leaves, as far as its tokens tell.

Sorting by a column that the pipe has dropped is refused by the service, so the default order is
asked for only where the column is certain to be there.
"""

from collections.abc import Callable, Sequence

from defender365.core.kql_text import Token, as_pipe, balanced_tokens, split

_KEEPING = frozenset(
    {
        *("as", "consume", "extend", "filter", "invoke", "join", "limit", "lookup", "mv-apply"),
        *("mv-expand", "mvapply", "mvexpand", "order", "parse", "parse-kv", "parse-where"),
        *("project-reorder", "render", "sample", "scan", "search", "serialize", "sort", "take"),
        *("top", "union", "where"),
    }
)
_LEFT_OUT = frozenset({"rightsemi", "rightanti", "rightantisemi"})
_NAMING = frozenset({"arg_max", "arg_min", "bin", "floor", "startofday", "startofhour"})
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
        return not any(token.kind == "name" and token.text in _LEFT_OUT for token in rest)
    judge = _JUDGES.get(operator)
    return judge is not None and judge(rest, column)


def _listed(rest: Sequence[Token], column: str) -> bool:
    return any(_made_name(item) in {column, "*"} for item in split(rest, ","))


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
    for part in _around_by(rest):
        for item in split(part, ","):
            if _made_name(item) == column or _result_name(item) == column:
                return True
    return False


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
    length = 3 if item and item[0].text == "[" else 1
    if len(item) < length or (len(item) > length and not item[length].is_sign("=")):
        return ""
    return item[length // 2].text.strip("\"'")


def _result_name(item: Sequence[Token]) -> str:
    if len(item) < 4 or item[0].text not in _NAMING or item[1].text != "(":
        return ""
    return item[2].text if item[3].text in {",", ")"} else ""


_JUDGES: dict[str, Callable[[Sequence[Token], str], bool]] = {
    "distinct": _listed,
    "project": _listed,
    "project-keep": _listed,
    "project-away": _not_listed,
    "project-rename": _not_renamed,
    "summarize": _grouped,
}
