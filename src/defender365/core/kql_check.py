"""What is wrong with a query, told before it is sent: where, and what may have been meant.

Errors are what cannot be sent (a string that does not end, a control command). All else is a
warning, for the tenant may know more than we do: its own functions, tables and columns that are new.
Names are judged by their place in the tokens and not by a whole grammar: a column is unknown when
no table of the query has it and nothing in the query makes it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from defender365.core.hunting_tables import TIMESTAMP
from defender365.core.kql_functions import FUNCTIONS
from defender365.core.kql_text import (
    OPERATORS,
    QueryNotUnderstood,
    Token,
    balanced_tokens,
    split,
)
from defender365.core.near_names import near_names
from defender365.core.timeframe import HISTORY_DAYS, BadInstant, parse_instant

Schema = Mapping[str, Mapping[str, str]]
"""Columns and their KQL types by table."""

MAX_FINDINGS = 100
"""As many as are told of one query; a text with more is no query."""

ERROR = "error"
WARNING = "warning"

_OUTSIDE = frozenset({"externaldata", "external_data", "cluster", "adx", "arg", "external_table"})
_PREAMBLES = frozenset({"let", "declare", "set", "alias", "restrict"})
_JOINS = frozenset({"join", "lookup", "union"})
_LOOSE = frozenset({
    "evaluate", "externaldata", "external_data", "invoke", "find", "search", "parse-kv", "scan", "fork", "facet",
    "make-graph", "graph-match", "graph-to-table", "macro-expand", "reduce", "getschema",
})  # fmt: skip
"""Operators after which the columns cannot be told from the tokens."""

_WORDS_TEXT = """
and or not in has has_any has_all has_cs hasprefix hassuffix hasprefix_cs hassuffix_cs contains
contains_cs startswith startswith_cs endswith endswith_cs matches regex between by asc desc
nulls first last on kind with from to step default of true false null typeof string long int
bool real double decimal datetime timespan guid dynamic inner outer innerunique leftouter
rightouter fullouter leftanti leftsemi rightanti rightsemi leftantisemi rightantisemi anti semi
withsource with_source isfuzzy hint strategy shufflekey num_partitions remote shuffle broadcast
relaxed simple limit flags pack_ view bagexpansion array expandoutput itemindex with_itemindex
bin title xtitle ytitle xaxis yaxis legend series accumulate ymin ymax ysplit xcolumn ycolumns
anomalycolumns timechart barchart columnchart piechart linechart scatterchart areachart table
card stackedareachart pivotchart date time int64 int32 boolean case_sensitive case_insensitive
_ match_ sum
"""
_WORDS = frozenset(_WORDS_TEXT.split())
"""What has a meaning of its own where a name may stand."""

_TOO_OLD = f"Advanced hunting keeps {HISTORY_DAYS} days: older rows are not there."

_STARTING = frozenset({*OPERATORS, "view", "let", "print", "range", "find"})
"""Words that start a query and are no table."""


@dataclass(frozen=True)
class Finding:
    """One thing to tell: its weight, words, and where (offsets in the text; from 0, end excluded)."""

    severity: str
    message: str
    start: int
    end: int


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, both from 1."""
    before = re.split(r"\r\n|\r|\n", text[:offset])
    return len(before), len(before[-1]) + 1


def check(text: str, schema: Schema, *, now: datetime) -> list[Finding]:
    """Everything to tell about a query, in the order of the text; nothing for a good one.

    At most `MAX_FINDINGS`.
    """
    try:
        found = balanced_tokens(text)
    except QueryNotUnderstood as error:
        return [_at(text, error)]
    if all(token.is_sign(";") for token in found):
        return [Finding(ERROR, "There is no query.", 0, 0)]
    for run in split(found, ";"):
        if run and run[0].is_sign("."):
            words = "Control commands are refused. A query starts with a table, not with a dot."
            return [Finding(ERROR, words, run[0].start, run[0].end)]
    reader = _Reader(text, found, schema, now)
    told = islice(reader.findings(), MAX_FINDINGS)
    return sorted(told, key=lambda finding: (finding.start, finding.message))


def _at(text: str, error: QueryNotUnderstood) -> Finding:
    lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", text)
    start = sum(map(len, lines[: error.line - 1])) + error.column - 1
    words = re.sub(r"^Query, line \d+, column \d+: ", "", str(error))
    return Finding(ERROR, words[:1].upper() + words[1:], start, start + 1)


class _Reader:
    """Reads one query's tokens; its methods read top-down."""

    def __init__(self, text: str, found: Sequence[Token], schema: Schema, now: datetime) -> None:
        self.text = text
        self.found = found
        self.schema = schema
        self.now = now
        self.statements = [run for run in split(found, ";") if run]
        self.made = frozenset(_made(found))
        """Names that the query itself makes: let names, new columns, parameters, quoted names."""

    def findings(self) -> Iterator[Finding]:
        yield from self._statements()
        yield from self._outside()
        tables = list(self._tables())
        for token in tables:
            if token.text not in self.schema and token.text not in self.made:
                yield _unknown("table", token, [*self.schema, *self.made])
        yield from self._functions()
        yield from self._columns([token.text for token in tables])
        yield from self._times()

    def _statements(self) -> Iterator[Finding]:
        tabular = [run for run in self.statements if run[0].text not in _PREAMBLES]
        for run in tabular[1:]:
            words = "A second query starts here: only one result comes back. Send it by itself."
            yield Finding(WARNING, words, run[0].start, run[0].end)
        if not tabular:
            words = "Nothing is asked for: write the query that uses the let statements."
            yield Finding(ERROR, words, self.statements[-1][0].start, len(self.text))

    def _outside(self) -> Iterator[Finding]:
        for token, following in _pairs(self.found):
            if token.kind == "name" and token.text in _OUTSIDE and _opens(following):
                words = f"{token.text} reads data from outside advanced hunting."
                yield Finding(WARNING, words, token.start, token.end)

    def _tables(self) -> Iterator[Token]:
        """The names that stand where a table stands."""
        for run in self.statements:
            body: Sequence[Token] = run
            if run[0].text in _PREAMBLES:
                body = _tabular_body(run)
            yield from _sources(body)

    def _functions(self) -> Iterator[Finding]:
        known = FUNCTIONS | self.made | OPERATORS | _WORDS | _OUTSIDE
        for token, following in _pairs(self.found):
            if (
                token.kind == "name"
                and following is not None
                and following.text == "("
                and following.start == token.end
                and token.text.lstrip("!").rstrip("~") not in known
            ):
                yield _unknown("function", token, FUNCTIONS)

    def _columns(self, tables: list[str]) -> Iterator[Finding]:
        """Names that no table of the query has; silent where the columns cannot be told."""
        if not all(name in self.schema or name in self.made for name in tables):
            return
        names = {token.text for token in self.found if token.kind == "name"}
        if names & _LOOSE or not names & set(self.schema):
            return
        columns = {column for name in names for column in self.schema.get(name, ())}
        known = columns | self.made | set(self.schema) | _WORDS | _PREAMBLES | OPERATORS | FUNCTIONS
        timeless = without_time(names, self.schema)
        for before, token, following in _triples(self.found):
            if not _is_plain(before, token, following) or _known(token.text, known):
                continue
            if token.text == TIMESTAMP and timeless:
                words = f"{timeless[0]} has no {TIMESTAMP}: its rows cannot be told by time."
                yield Finding(WARNING, words, token.start, token.end)
            else:
                yield _unknown("column", token, columns | self.made)

    def _times(self) -> Iterator[Finding]:
        """Times before the history, where a table's rows are asked for."""
        if not any(token.text in self.schema for token in self.found):
            return
        for at, token in enumerate(self.found):
            before = [each.text for each in self.found[max(0, at - 3) : at]]
            if _is_long_ago(token, before) or self._is_long_past(token, before):
                yield Finding(WARNING, _TOO_OLD, token.start, token.end)

    def _is_long_past(self, token: Token, before: list[str]) -> bool:
        """True for a date before the history that `Timestamp` is compared with."""
        if token.kind != "literal" or not token.text.startswith("datetime("):
            return False
        compared = before[-2:-1] == [TIMESTAMP] and before[-1] in {">", ">=", "=="}
        if not compared and before != [TIMESTAMP, "between", "("]:
            return False
        try:
            moment = parse_instant(token.text[9:-1], "")
        except BadInstant:
            return False
        return moment.moment < self.now - timedelta(days=HISTORY_DAYS)


def _is_long_ago(token: Token, before: list[str]) -> bool:
    span = re.fullmatch(r"([0-9]{1,5})d", token.text) if token.kind == "number" else None
    return span is not None and before[-2:] == ["ago", "("] and int(span[1]) > HISTORY_DAYS


def _made(found: Sequence[Token]) -> Iterator[str]:
    """Every name the query makes itself."""
    yield from ("$left", "$right", "$table", "count_", "Count", "source_", "query_parameters")
    for at, (before, token, following) in enumerate(_triples(found)):
        if token.kind == "name" and following is not None:
            yield from _made_by_name(at, found)
        if token.kind == "string" and before is not None and before.text in {"[", "("}:
            yield token.text.strip("\"'")
        if token.text == ")" and following is not None and following.is_sign("="):
            yield from _tuple_before(at, found)
    yield from _parsed(found)


def _made_by_name(at: int, found: Sequence[Token]) -> Iterator[str]:
    token, following = found[at], found[at + 1]
    before = found[at - 1].text if at else ""
    if before in {"let", "as", "hint", "alias", "set"} or following.text in {"=", ":"}:
        yield token.text
    elif following.text == "(":
        yield from _default_names(at, found)
    of_hint = at > 1 and before == "." and found[at - 2].text == "hint"
    if (of_hint or token.text in {"withsource", "with_source"}) and following.is_sign("="):
        yield from (each.text for each in found[at + 2 : at + 3])


def _tuple_before(at: int, found: Sequence[Token]) -> Iterator[str]:
    """The names of `(a, b) = …`, whose closing parenthesis is at this place."""
    while at and found[at - 1].text != "(":
        at -= 1
        if found[at].kind == "name":
            yield found[at].text


def _default_names(at: int, found: Sequence[Token]) -> Iterator[str]:
    """The names of columns that nobody named: `count_`, `dcount_DeviceId`, `set_FileName`."""
    function = found[at].text
    inside = found[at + 2] if at + 2 < len(found) else None
    yield f"{function}_"
    if inside is not None and inside.kind == "name":
        yield f"{function}_{inside.text}"
        short = {"makeset": "set", "make_set": "set", "makelist": "list", "make_list": "list"}
        if function in short:
            yield f"{short[function]}_{inside.text}"


def _parsed(found: Sequence[Token]) -> Iterator[str]:
    """The columns that `parse` captures: names between its strings."""
    for number, token in enumerate(found):
        if token.text in {"parse", "parse-where"} and number and found[number - 1].is_sign("|"):
            for captured in found[number + 1 :]:
                if captured.is_sign("|") or captured.is_sign(";"):
                    break
                if captured.kind == "name":
                    yield captured.text


def _tabular_body(run: Sequence[Token]) -> Sequence[Token]:
    """What a `let` names, where that is a query or a function's body; nothing for a value."""
    for number, token in enumerate(run):
        if token.is_sign("="):
            body = run[number + 1 :]
            return body if any(each.is_sign("|") for each in body) else ()
    return ()


def _sources(run: Sequence[Token]) -> Iterator[Token]:
    """The table names of a tabular expression: its start, and what it joins or unites."""
    opening = True
    for number, (token, following) in enumerate(_pairs(run)):
        if opening and token.kind == "name" and token.text not in _STARTING:
            if not _opens(following) and not (following and following.is_sign("=")):
                yield token
            opening = False
        elif token.kind == "name" and token.text in _JOINS:
            yield from _united(run, number + 1, many=token.text == "union")
            opening = False
        elif token.text == "{" or (token.text == "(" and number == 0):
            opening = True
        elif token.kind != "open":
            opening = False


def _united(run: Sequence[Token], at: int, *, many: bool) -> Iterator[Token]:
    """The table names behind `union`, `join` or `lookup`, past their options."""
    while at + 2 < len(run) and run[at].kind == "name" and _is_option(run, at):
        at += 5 if run[at + 1].is_sign(".") else 3
    while at < len(run):
        token = run[at]
        following = run[at + 1] if at + 1 < len(run) else None
        if token.kind == "open":
            yield from _inner(run, at)
            return
        if token.kind == "name" and not _opens(following) and not _wild(token, following):
            yield token
        if not many or not (token.is_sign(",") or (following and following.is_sign(","))):
            return
        at += 1


def _wild(token: Token, following: Token | None) -> bool:
    """True for a name that goes on with `*`, such as `Device*`."""
    return following is not None and following.is_sign("*") and following.start == token.end


def _inner(run: Sequence[Token], at: int) -> Iterator[Token]:
    """The table at the start of what stands in parentheses."""
    inner = run[at + 1 : at + 3]
    named = len(inner) == 2 and inner[0].kind == "name" and not _opens(inner[1])
    if named and inner[0].text not in _STARTING:
        yield inner[0]


def _is_option(rest: Sequence[Token], at: int) -> bool:
    return rest[at + 1].is_sign("=") or (rest[at + 1].is_sign(".") and rest[at].text == "hint")


def _is_plain(before: Token | None, token: Token, following: Token | None) -> bool:
    """True for a name that can only be a column."""
    if token.kind != "name" or token.text.startswith(("$", "!")):
        return False
    if before is not None and (before.is_sign(".") or before.text in {"let", "as", "render"}):
        return False
    if _wild(token, following) or (before and before.is_sign("*") and before.end == token.start):
        return False
    return not (_opens(following) or (following is not None and following.is_sign("=")))


def _known(name: str, known: frozenset[str] | set[str]) -> bool:
    """True for a known name, one that a join has numbered, and one that `top-nested` made."""
    if name.startswith("percentile_"):
        return True
    bare = name.removeprefix("aggregated_")
    numbered = re.fullmatch(r"(.*?)\d{1,3}", bare)
    return bare in known or (numbered is not None and _numbered(bare, known))


def _numbered(name: str, known: frozenset[str] | set[str]) -> bool:
    ends = len(name) - len(name.rstrip("0123456789"))
    return any(name[:-cut] in known for cut in range(1, ends + 1))


def _opens(token: Token | None) -> bool:
    return token is not None and token.text == "("


def _pairs(found: Sequence[Token]) -> Iterator[tuple[Token, Token | None]]:
    following: Iterable[Token | None] = [*found[1:], None]
    return zip(found, following, strict=False)


def _triples(found: Sequence[Token]) -> Iterator[tuple[Token | None, Token, Token | None]]:
    return zip([None, *found[:-1]], found, [*found[1:], None], strict=False)


def _unknown(what: str, token: Token, known: Iterable[str]) -> Finding:
    close = near_names(token.text, known, most=2, cutoff=0.7, within=0.05)
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    return Finding(WARNING, f'Unknown {what} "{token.text}".{hint}', token.start, token.end)


def without_time(tables: Iterable[str], schema: Schema) -> list[str]:
    """The tables, of those that are known, that have no Timestamp to filter by."""
    return [name for name in tables if name in schema and TIMESTAMP not in schema[name]]
