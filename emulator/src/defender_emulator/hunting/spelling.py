"""Names that differ only in case, kept apart.

KQL tells `DeviceName` from `deviceName`; DuckDB does not. A name that the tables spell another
way, or that one query spells twice, gets a mark, which is taken off again from results and
messages.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

from duckdb_kql import ir

from defender_emulator.hunting.schema import FIRST_SPELLING, OTHER_SPELLINGS, marked

_NAMED: dict[type, tuple[str, ...]] = {
    ir.ColumnRef: ("name",),
    ir.LetRef: ("name",),
    ir.NamedExpr: ("name",),
    ir.MvExpandTarget: ("column", "name"),
    ir.MvExpand: ("item_index",),
    ir.ParseSegment: ("name",),
    ir.JoinKey: ("left", "right"),
    ir.Count: ("name",),
    ir.Union: ("with_source",),
    ir.RangeSource: ("name",),
}


def spelled(query: ir.Query) -> ir.Query:
    """The query with marked names where spellings collide."""
    first, marks = dict(FIRST_SPELLING), dict(OTHER_SPELLINGS)
    for name in _mentioned(query):
        if first.setdefault(name.casefold(), name) != name and name not in marks:
            marks[name] = marked(name, len(marks))
    made: ir.Query = _Renaming(marks).of(query)
    return made


def nodes(node: Any) -> Iterator[Any]:
    """A node and all below it, each once."""
    waiting, seen = [node], set()
    while waiting:
        current = waiting.pop()
        if isinstance(current, tuple | list):
            waiting.extend(reversed(current))
        elif dataclasses.is_dataclass(current) and id(current) not in seen:
            seen.add(id(current))
            waiting.extend(getattr(current, f.name) for f in dataclasses.fields(current))
            yield current


def _mentioned(query: ir.Query) -> Iterator[str]:
    for node in nodes(query):
        for field in _NAMED.get(type(node), ()):
            name = getattr(node, field)
            if name:
                yield name
        yield from _listed(node)


def _listed(node: Any) -> Iterable[str]:
    if isinstance(node, ir.ProjectAway):
        return node.columns
    if isinstance(node, ir.ProjectRename):
        return [name for pair in node.renames for name in pair]
    if isinstance(node, ir.DataTable):
        return [name for name, _ in node.columns]
    return ()


class _Renaming:
    def __init__(self, marks: dict[str, str]) -> None:
        self._marks = marks
        self._done: dict[int, tuple[Any, Any]] = {}

    def of(self, node: Any) -> Any:
        """The node with marked names; shared nodes stay shared."""
        if isinstance(node, tuple | list):
            return type(node)(self.of(item) for item in node)
        if not dataclasses.is_dataclass(node) or isinstance(node, type):
            return node
        if id(node) not in self._done:
            self._done[id(node)] = (node, self._made(node))
        return self._done[id(node)][1]

    def _name(self, name: str | None) -> str | None:
        return self._marks.get(name, name) if name else name

    def _made(self, node: Any) -> Any:
        fields = {f.name: self.of(getattr(node, f.name)) for f in dataclasses.fields(node)}
        for field in _NAMED.get(type(node), ()):
            fields[field] = self._name(fields[field])
        if isinstance(node, ir.ProjectAway):
            fields["columns"] = tuple(self._name(name) for name in node.columns)
        if isinstance(node, ir.ProjectRename):
            fields["renames"] = tuple((self._name(a), self._name(b)) for a, b in node.renames)
        if isinstance(node, ir.DataTable):
            fields["columns"] = tuple((self._name(name), kind) for name, kind in node.columns)
        return dataclasses.replace(node, **fields)
