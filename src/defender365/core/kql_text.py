"""Reading the KQL a person typed: tokens, statements and pipes, and where a limit belongs.

The rules are those of Microsoft's own lexer. Nothing here is recursive, and a text is read once
from left to right, so that its length is all that its reading costs.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from defender365.core.errors import BadInput
from defender365.core.hunting_tables import KNOWN_TABLES

_OPERATOR_WORDS = """
as assert-schema consume count distinct evaluate extend facet filter fork getschema
graph-mark-components graph-match graph-shortest-paths graph-to-table graph-where-edges
graph-where-nodes invoke join limit lookup macro-expand make-graph make-series mv-apply
mv-expand mvapply mvexpand order parse parse-kv parse-where partition project project-away
project-by-names project-keep project-rename project-reorder reduce render sample
sample-distinct scan search serialize sort summarize take top top-hitters top-nested union where
"""
OPERATORS = frozenset(_OPERATOR_WORDS.split())
"""The words that may follow a `|`."""

_PREAMBLES = frozenset({"alias", "declare", "let", "restrict", "set"})
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_HYPHENATED = "|".join(sorted((word for word in OPERATORS if "-" in word), key=len, reverse=True))
_TYPES = "long|int64|int32|int|real|double|decimal|bool|datetime|date|timespan|time|guid"
_ESCAPES = r"[\\'\"abfnrtv0-7]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}"

_TOKEN = re.compile(
    rf"""
    (?P<space>[\t\n\f\r \u00a0\u1680\u180e\u2000-\u200b\u202f\u205f\u3000\ufeff]++
             |(?://|\#)[^\r\n\u2028\u2029]*+(?:\r\n|[\r\n\u2028\u2029])?)
    |(?P<string>[hH]?(?:"(?:[^"\\\r\n]++|\\(?:{_ESCAPES}))*+"
                       |'(?:[^'\\\r\n]++|\\(?:{_ESCAPES}))*+'
                       |@"(?:[^"\r\n]++|"")*+"
                       |@'(?:[^'\r\n]++|'')*+'
                       |@?```[\s\S]*?```
                       |@?~~~[\s\S]*?~~~))
    |(?P<unclosed>[hH]?@?(?:```|~~~|["']))
    |(?P<literal>(?:{_TYPES})\([^)\r\n\u2028\u2029]*+\))
    |(?P<halfway>(?:{_TYPES})\()
    |(?P<name>(?:{_HYPHENATED}|!?in~)(?![A-Za-z0-9_])|[A-Za-z_$][A-Za-z0-9_]*+)
    |(?P<number>[0-9]++(?:\.[0-9]*+)?+[eE][+-][0-9]++(?![A-Za-z0-9_])
              |[0-9][A-Za-z0-9_]*+(?:\.(?!\.)(?:[0-9][A-Za-z0-9_]*+)?+)?+)
    |(?P<open>[(\[{{])
    |(?P<close>[)\]}}])
    |(?P<sign><\||<=|<>|>=|==|=>|=~|!=|!~|\.\.|[|;,:=<>+\-*/%.@?!])
    |(?P<other>[\s\S])
    """,
    re.VERBOSE,
)


class QueryNotUnderstood(BadInput, ValueError):
    """KQL that cannot be used as it stands: where (line and column, from 1), and what to do."""

    def __init__(self, text: str, at: int, problem: str) -> None:
        before = re.split(r"\r\n|\r|\n", text[:at])
        self.line = len(before)
        self.column = len(before[-1]) + 1
        super().__init__(f"Query, line {self.line}, column {self.column}: {problem}")


class Token(NamedTuple):
    """A piece of KQL that means something; spaces and comments are none.

    `kind` is name, string, number, literal (such as `datetime(...)`), open, close, sign or other.
    A quoted name such as `['a b']` is three tokens, as it is for Microsoft's lexer.
    """

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """Where it ends in the text."""
        return self.start + len(self.text)

    def is_sign(self, text: str) -> bool:
        """Whether this is the sign `text`, and not a string that looks like it."""
        return self.kind == "sign" and self.text == text


def tokens(text: str) -> list[Token]:
    """The tokens of a text, in order; joined with what lies between them they are the text.

    Raises `QueryNotUnderstood` for a string or a literal that does not end. Brackets are not
    matched here.
    """
    found = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "other"
        if kind == "space":
            continue
        if kind == "unclosed":
            raise QueryNotUnderstood(text, match.start(), _string_problem(match.group()))
        if kind == "halfway":
            problem = f'"{match.group()}" is not closed on its line. Close it with ")".'
            raise QueryNotUnderstood(text, match.start(), problem)
        found.append(Token(kind, match.group(), match.start()))
    return found


def _string_problem(mark: str) -> str:
    quote = mark.lstrip("hH@")
    if len(quote) > 1:
        return f"the text that starts here is not closed. Close it with {quote}."
    return (
        f"the text that starts here is not closed on its line, or has an unknown escape in it."
        f" Close it with {quote}, and write each backslash twice, or put @ before the first quote."
    )


def balanced_tokens(text: str) -> list[Token]:
    """`tokens`, when every bracket has its partner; raises `QueryNotUnderstood` otherwise."""
    found = tokens(text)
    waiting: list[Token] = []
    for token in found:
        if token.kind == "open":
            waiting.append(token)
        elif token.kind == "close":
            opened = waiting.pop() if waiting else None
            if opened is None or _CLOSING[opened.text] != token.text:
                problem = f'this "{token.text}" closes nothing. Remove it, or open it before.'
                raise QueryNotUnderstood(text, token.start, problem)
    if waiting:
        opened = waiting[-1]
        problem = f'this "{opened.text}" is not closed. Close it with "{_CLOSING[opened.text]}".'
        raise QueryNotUnderstood(text, opened.start, problem)
    return found


def split(found: Iterable[Token], sign: str) -> list[list[Token]]:
    """The runs of tokens between the signs that stand outside all brackets."""
    runs: list[list[Token]] = [[]]
    depth = 0
    for token in found:
        depth += (token.kind == "open") - (token.kind == "close")
        if depth == 0 and token.is_sign(sign):
            runs.append([])
        else:
            runs[-1].append(token)
    return runs


def limited(query_text: str, limit: int) -> str:
    """A free query with `| take` after its last tabular statement and before its `render`.

    The user's own limits stay, and so do comments. A `|` or `;` that nothing follows is dropped.
    Raises `QueryNotUnderstood` for a text that has no tabular statement, is a control command,
    or has a string or bracket that does not end; ValueError for a limit below 1.
    """
    found = _query_tokens(query_text)
    statements = [run for run in split(found, ";") if run]
    last = _last_tabular(query_text, statements)
    body = last[: len(last) - len(_trailing(last, "|"))]
    if not body or body[0].is_sign("|"):
        problem = "a query starts with a table. Write its name before the first |."
        raise QueryNotUnderstood(query_text, last[0].start, problem)
    dropped = {*_trailing(last, "|"), *_trailing(found, "|;")}
    following = (t.start for t in found if t.start >= last[-1].end and t not in dropped)
    at = _render_bar(body, next(following, len(query_text)))
    head = _without(query_text, dropped, 0, at).rstrip()
    tail = _without(query_text, dropped, at, len(query_text)).rstrip()
    return f"{head}\n| take {counted(limit)}" + (f"\n{tail}" if tail else "")


def counted(limit: int) -> int:
    """A number of rows to ask for; ValueError below 1."""
    if limit < 1:
        raise ValueError(f"A limit is 1 or more, not {limit}.")
    return limit


def as_pipe(text: str) -> str:
    """The "Query" of a query on tables as a pipe that starts with `|`; empty for no query.

    With or without its first `|`; a bare condition gets `where`. A `|` or `;` that nothing
    follows, and comments around the pipe, are dropped. Raises `QueryNotUnderstood` for a second
    statement, a whole query, and a string or bracket that does not end.
    """
    if not tokens(text):
        return ""
    found = _query_tokens(text)
    statements = [run for run in split(found, ";") if run] or [[]]
    pipe = statements[0]
    while pipe and pipe[0].is_sign("|"):
        pipe = pipe[1:]
    pipe = pipe[: len(pipe) - len(_trailing(pipe, "|"))]
    if len(statements) > 1 or (pipe and pipe[0].text in _PREAMBLES):
        wrong = statements[1][0] if len(statements) > 1 else pipe[0]
        problem = (
            "a second statement starts here, but only one pipe goes behind the tables."
            ' Use "Execute Custom Query" for let statements and whole queries.'
        )
        raise QueryNotUnderstood(text, wrong.start, problem)
    if not pipe:
        return ""
    _check_pipe(text, pipe)
    opening = "| " if pipe[0].text in OPERATORS else "| where "
    return opening + text[pipe[0].start : pipe[-1].end]


def without_render(pipe: str) -> tuple[str, str]:
    """A pipe without its final `render` stage, and that stage (empty if there is none)."""
    at = _render_bar(balanced_tokens(pipe), len(pipe))
    return pipe[:at].rstrip(), pipe[at:]


def _query_tokens(text: str) -> list[Token]:
    found = balanced_tokens(text)
    if not found:
        problem = 'there is no query. Write one, such as: AlertInfo | where Severity == "High".'
        raise QueryNotUnderstood(text, 0, problem)
    if found[0].is_sign("."):
        problem = "control commands are not available here. Start with a table, not with a dot."
        raise QueryNotUnderstood(text, found[0].start, problem)
    return found


def _last_tabular(text: str, statements: list[list[Token]]) -> list[Token]:
    for statement in reversed(statements):
        if statement[0].text not in _PREAMBLES:
            return statement
    problem = "nothing is asked for. After the let statements, write the query that uses them."
    raise QueryNotUnderstood(text, len(text), problem)


def _trailing(found: Sequence[Token], signs: str) -> list[Token]:
    kept = len(found)
    while kept and found[kept - 1].kind == "sign" and found[kept - 1].text in signs:
        kept -= 1
    return list(found[kept:])


def _render_bar(statement: Sequence[Token], otherwise: int) -> int:
    stages = split(statement, "|")
    if len(stages) > 1 and stages[-1] and stages[-1][0].text == "render":
        return statement[len(statement) - len(stages[-1]) - 1].start
    return otherwise


def _without(text: str, dropped: Iterable[Token], start: int, end: int) -> str:
    pieces = []
    for token in sorted(dropped, key=lambda token: token.start):
        if start <= token.start < end:
            pieces.append(text[start : token.start])
            start = token.end
    return "".join([*pieces, text[start:end]])


def _check_pipe(text: str, pipe: Sequence[Token]) -> None:
    first, *others = split(pipe, "|")
    if len(first) == 1 and first[0].text in KNOWN_TABLES:
        problem = (
            f'{first[0].text} is a table. Name it in "Table Names" and start here with the pipe,'
            ' or use "Execute Custom Query".'
        )
        raise QueryNotUnderstood(text, first[0].start, problem)
    heads = [stage[0] for stage in others if stage]
    if first[0].text.lower() == "where":
        heads.append(first[0])
    for head in heads:
        if head.text not in OPERATORS and head.text.lower() in OPERATORS:
            problem = f"operators are written in small letters: {head.text.lower()}."
            raise QueryNotUnderstood(text, head.start, problem)
