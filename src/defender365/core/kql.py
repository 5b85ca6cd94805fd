"""Building KQL: literals, names, conditions and whole queries.

The only place that quotes. Values become literals and names are checked, so that nothing from
outside can change what a query does; only the pipe a person typed is taken as it is.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from defender365.core.errors import BadInput
from defender365.core.kql_text import as_pipe, counted, without_render
from defender365.core.timeframe import Instant

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,1023}").fullmatch

# Words that are no bare name in the grammar of Microsoft's parser, or in its published ANTLR twin.
_RESERVED_WORDS = """
FALSE False TRUE True __contextual_datatable __crossCluster __crossDB __executeAndCache __id
__isFuzzy __noWithSource __packedColumn __projectAway __sourceColumnIndex accumulate and
anomalychart anomalycolumns areachart as asc bagexpansion barchart between bin_legacy
boolean by byte cachingpolicy callout cancel card char columnchart consume contains
contains_cs containscs count cycles dataexport datascope datatable date datetime decimal
decodeblocks desc distinct double dynamic earliest encodingpolicy endswith endswith_cs
entity_group expandoutput extend extent_tags_retention external_data externaldata false
filter find first flags float force_remote getschema harddelete hardretention has has_all
has_any has_cs hasprefix hasprefix_cs hassuffix hassuffix_cs hotcache in int int16 int32
int64 int8 invoke isfuzzy join journal kind ladderchart last latest like likecs limit
linechart long materialize mdm missing mvapply mvexpand nooptimization notcontains
notcontainscs notlike notlikecs of or order others panels parse pathformat piechart
pivotchart print project queries query_results real regex relaxed restricted_view_access
row_level_security rowstore rowstore_references rowstore_sealinfo rowstorepolicy rowstores
sample scan scatterchart seal seals search serialize set shards simple softdelete
softretention sort sql stackedareachart startswith startswith_cs statistics
storedqueryresultcontainers string summarize table tablepurge take time timechart timeline
timepivot timespan title to top toscalar totable treemap true uint uint16 uint32 uint64
uint8 ulong union uniqueid unrestrictedviewers verbose viewers views where with_itemindex
with_match_id with_node_id with_source with_step_name withsource writeaheadlog
"""
_RESERVED = frozenset(_RESERVED_WORDS.split())

# What cannot stand in a literal as it is, and what an eye would not see: controls, line ends,
# marks that turn the writing direction, and halves of surrogate pairs.
_ESCAPED = re.compile(
    r'["\\\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]'
)
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class NotAName(BadInput, ValueError):
    """A text that is no table or column name."""

    def __init__(self, value: str, what: str = "table or column") -> None:
        self.value = value
        shown = value if len(value) <= 60 else value[:57] + "..."
        super().__init__(
            f'"{shown}" is not a {what} name. A name has letters, digits and underscores and does'
            " not start with a digit, such as DeviceName."
        )


def string(value: str) -> str:
    """A KQL string literal in double quotes that stands for exactly this value.

    Half a surrogate pair, which is no character, becomes U+FFFD.
    """
    return f'"{_ESCAPED.sub(_escape, value)}"'


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    if "\ud800" <= character <= "\udfff":
        return "\ufffd"
    return _SHORT.get(character) or f"\\u{ord(character):04x}"


def instant(value: datetime | Instant) -> str:
    """A KQL datetime literal in UTC, to the tick; ValueError for a naive datetime."""
    return (value if isinstance(value, Instant) else Instant(value)).to_kql()


def column(name: str) -> str:
    """A column name, quoted if KQL reserves the word; raises `NotAName`."""
    return _name(name, "column")


def table(name: str) -> str:
    """A table name, quoted if KQL reserves the word; raises `NotAName`."""
    return _name(name, "table")


def names(text: str, what: str = "table or column") -> tuple[str, ...]:
    """A list separated by commas or line ends: trimmed, each once, in order, and checked.

    They come as typed, not quoted. Raises `NotAName` for the first that is none.
    """
    parts = (part.strip() for part in re.split(r"[,\r\n]", text))
    found = tuple(dict.fromkeys(part for part in parts if part))
    for part in found:
        _name(part, what)
    return found


def _name(name: str, what: str) -> str:
    if _NAME(name) is None:
        raise NotAName(name, what)
    return f'["{name}"]' if name in _RESERVED else name


@dataclass(frozen=True)
class Condition:
    """What rows must fulfil; `&` and `|` combine, equal structure is equal.

    Itself it is the neutral element `NO_CONDITION`, which leaves the other side as it is.
    """

    binds: ClassVar[int] = 3

    def __and__(self, other: "Condition") -> "Condition":
        return all_of((self, other))

    def __or__(self, other: "Condition") -> "Condition":
        return any_of((self, other))

    def kql(self) -> str:
        """The predicate as KQL, without `where`; empty for `NO_CONDITION`."""
        return ""


NO_CONDITION = Condition()


@dataclass(frozen=True)
class AnyOf(Condition):
    """The column is one of these values, in any case; ValueError for no values."""

    column: str
    values: Sequence[str]

    def __post_init__(self) -> None:
        if isinstance(self.values, str) or not self.values:
            raise ValueError("A column is compared with one or more values.")
        object.__setattr__(self, "values", tuple(dict.fromkeys(self.values)))

    def kql(self) -> str:
        """`Column =~ "a"` for one value, `Column in~ ("a", "b")` for more."""
        if len(self.values) == 1:
            return f"{column(self.column)} =~ {string(self.values[0])}"
        return f"{column(self.column)} in~ ({', '.join(map(string, self.values))})"


@dataclass(frozen=True)
class Between(Condition):
    """The column's time is `start` or later, and before `end` or, if so told, at `end`.

    Written as two comparisons, for KQL's `between` always includes its end.
    """

    binds: ClassVar[int] = 2
    column: str
    start: datetime | Instant
    end: datetime | Instant
    includes_end: bool = False

    def kql(self) -> str:
        """`Column >= datetime(...) and Column < datetime(...)`."""
        name = column(self.column)
        until = "<=" if self.includes_end else "<"
        return f"{name} >= {instant(self.start)} and {name} {until} {instant(self.end)}"


@dataclass(frozen=True)
class And(Condition):
    """Rows that fulfil every part; made by `all_of`, which keeps it flat."""

    binds: ClassVar[int] = 2
    parts: tuple[Condition, ...]

    def kql(self) -> str:
        """The parts joined by `and`, with parentheses around each `or`."""
        return " and ".join(_inside(part, self.binds) for part in self.parts)


@dataclass(frozen=True)
class Or(Condition):
    """Rows that fulfil at least one part; made by `any_of`, which keeps it flat."""

    binds: ClassVar[int] = 1
    parts: tuple[Condition, ...]

    def kql(self) -> str:
        """The parts joined by `or`; `and` binds tighter, so no parentheses."""
        return " or ".join(_inside(part, self.binds) for part in self.parts)


def _inside(part: Condition, binds: int) -> str:
    return part.kql() if part.binds >= binds else f"({part.kql()})"


def all_of(conditions: Iterable[Condition]) -> Condition:
    """One condition for all; `NO_CONDITION` if there are none."""
    parts = _flat(conditions, And)
    return And(parts) if len(parts) > 1 else next(iter(parts), NO_CONDITION)


def any_of(conditions: Iterable[Condition]) -> Condition:
    """One condition for at least one; `NO_CONDITION` if there are none, and not "no rows"."""
    parts = _flat(conditions, Or)
    return Or(parts) if len(parts) > 1 else next(iter(parts), NO_CONDITION)


def _flat(conditions: Iterable[Condition], kind: type[And] | type[Or]) -> tuple[Condition, ...]:
    found: dict[Condition, None] = {}
    for condition in conditions:
        parts = condition.parts if isinstance(condition, kind) else (condition,)
        found.update(dict.fromkeys(parts))
    found.pop(NO_CONDITION, None)
    return tuple(found)


@dataclass(frozen=True)
class Source:
    """A table, and a condition that only its own rows must fulfil."""

    table: str
    where: Condition = NO_CONDITION


def query(
    tables: Sequence[str | Source],
    *,
    where: Iterable[Condition] = (),
    user_pipe: str | None = None,
    fields: Sequence[str] = (),
    sort: tuple[str, str] | None = None,
    limit: int,
) -> str:
    """A whole query, one operator a line: tables, conditions, the user's pipe, order and limit.

    Sorted rows are taken with `top`, nulls last, before the fields are chosen, so the sort column
    need not be among them. A `render` that ends the user's pipe moves to the end of the query.
    Raises `NotAName`, `QueryNotUnderstood` (for the user's pipe), and ValueError for no tables,
    a limit below 1, or an order that is neither asc nor desc.
    """
    pipe, render = without_render(as_pipe(user_pipe or ""))
    lines = [_sources(tables)]
    lines += [f"| where {each.kql()}" for each in where if each != NO_CONDITION]
    lines += [pipe, f"| {_top(sort, limit)}"]
    if fields:
        lines.append(f"| project {', '.join(dict.fromkeys(map(column, fields)))}")
    return "\n".join(line for line in [*lines, render] if line)


def _sources(tables: Sequence[str | Source]) -> str:
    sources = dict.fromkeys(each if isinstance(each, Source) else Source(each) for each in tables)
    shared = {source.where for source in sources}
    if not sources:
        raise ValueError("A query needs one table or more.")
    if len(shared) > 1:
        return "union\n    " + ",\n    ".join(map(_source, sources))
    union = "union " if len(sources) > 1 else ""
    lines = [union + ", ".join(table(source.table) for source in sources)]
    lines += [f"| where {each.kql()}" for each in shared if each != NO_CONDITION]
    return "\n".join(lines)


def _source(source: Source) -> str:
    if source.where == NO_CONDITION:
        return table(source.table)
    return f"({table(source.table)} | where {source.where.kql()})"


def _top(sort: tuple[str, str] | None, limit: int) -> str:
    if sort is None:
        return f"take {counted(limit)}"
    name, order = column(sort[0]), sort[1].lower()
    if order not in {"asc", "desc"}:
        raise ValueError(f'Rows are sorted asc or desc, not "{sort[1]}".')
    return f"top {counted(limit)} by {name} {order} nulls last"
