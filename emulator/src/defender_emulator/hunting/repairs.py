"""Calls that the translator would answer wrongly, written as calls it answers rightly.

- `make_set(x, n)` and `make_list(x, n)` hold at most n values.
"""

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

from duckdb_kql import ir
from duckdb_kql.translate import naming, print_column_name, summarize_names

from defender_emulator.hunting.refusals import not_supported
from defender_emulator.hunting.stages import Several, kept

_PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def repaired(operator: ir.Operator, columns: list[str]) -> ir.Operator:
    """The operator with repaired calls; columns keep the names they had."""
    repair = _Repair()
    if isinstance(operator, ir.Summarize):
        keys, made = summarize_names(operator, columns)
        several = [names[0] if len(names) == 1 else None for names in made]
        aggregates = repair.each(operator.aggregates, several)
        return ir.Summarize(aggregates, repair.each(operator.by, keys))
    if isinstance(operator, ir.Project | ir.Distinct | ir.Extend):
        names = _names(operator, columns)
        return dataclasses.replace(operator, expressions=repair.each(operator.expressions, names))
    made_operator: ir.Operator = repair.of(operator)
    return made_operator


def repaired_source(source: ir.Source) -> ir.Source:
    """A source with repaired calls."""
    if isinstance(source, ir.PrintSource):
        names = [print_column_name(e, n) for n, e in enumerate(source.expressions)]
        return ir.PrintSource(_Repair().each(source.expressions, names))
    made: ir.Source = _Repair().of(source)
    return made


def _names(operator: ir.Project | ir.Distinct | ir.Extend, columns: list[str]) -> list[str]:
    if isinstance(operator, ir.Project):
        return naming.project_names(operator.expressions)
    if isinstance(operator, ir.Distinct):
        return naming.distinct_names(operator.expressions)
    return naming.extend_names(operator.expressions, columns)


def plainly_parsed(operator: ir.Parse, columns: list[str]) -> list[ir.Operator]:
    """`parse` with names that a pattern can hold, and the names that were meant afterwards."""
    odd = [s.name for s in operator.segments if s.name and not _PLAIN.fullmatch(s.name)]
    if not odd:
        return [operator]
    plain = {name: f"parsed_{n}_" for n, name in enumerate(odd)}
    segments = tuple(
        dataclasses.replace(s, name=plain.get(s.name or "", s.name)) for s in operator.segments
    )
    meant = [ir.NamedExpr(ir.ColumnRef(plain[name]), name) for name in odd]
    after = dict.fromkeys([*columns, *(s.name for s in operator.segments if s.name)])
    return [
        dataclasses.replace(operator, segments=segments),
        ir.Extend(tuple(meant)),
        kept(list(after)),
    ]


def named_as_written(operator: ir.Operator, columns: list[str]) -> ir.Operator:
    """The operator with each value named as it would be, whatever becomes of the value."""
    if not isinstance(operator, ir.Project | ir.Distinct | ir.Extend):
        return operator
    if any(isinstance(named, Several) for named in operator.expressions):
        raise not_supported("several names for one expression, outside of 'summarize',")
    found = tuple(
        ir.NamedExpr(e.expr, e.name or _existing(e.expr, columns)) for e in operator.expressions
    )
    named = zip(
        found, _names(dataclasses.replace(operator, expressions=found), columns), strict=True
    )
    expressions = tuple(ir.NamedExpr(e.expr, e.name or name) for e, name in named)
    return dataclasses.replace(operator, expressions=expressions)


def _existing(node: ir.Expr, columns: list[str]) -> str | None:
    """`column_ifexists` is named after the column that it finds."""
    if isinstance(node, ir.FunctionCall) and node.name in ("column_ifexists", "columnifexists"):
        value = node.args[0].value if isinstance(node.args[0], ir.Literal) else None
        return str(value) if value in columns else None
    return None


class _Repair:
    """Repairs calls; shared nodes stay shared, and what needs no repair stays the same object."""

    def __init__(self) -> None:
        self._done: dict[int, tuple[Any, Any]] = {}

    def each(
        self, expressions: tuple[ir.NamedExpr, ...], names: Sequence[str | None]
    ) -> tuple[ir.NamedExpr, ...]:
        """Named expressions; a repaired one gets the name that it had unrepaired."""
        return tuple(self._named(e, name) for e, name in zip(expressions, names, strict=True))

    def _named(self, named: ir.NamedExpr, name: str | None) -> ir.NamedExpr:
        made = self.of(named.expr)
        return named if made is named.expr else ir.NamedExpr(made, named.name or name)

    def of(self, node: Any) -> Any:
        """A node and all below it."""
        if isinstance(node, tuple):
            items = tuple(self.of(item) for item in node)
            return node if all(a is b for a, b in zip(items, node, strict=True)) else items
        if not _to_look_into(node):
            return node
        if id(node) not in self._done:
            self._done[id(node)] = (node, self._made(node))
        return self._done[id(node)][1]

    def _made(self, node: Any) -> Any:
        fields = {f.name: getattr(node, f.name) for f in dataclasses.fields(node)}
        fresh = {name: self.of(value) for name, value in fields.items()}
        if any(fresh[name] is not fields[name] for name in fields):
            node = dataclasses.replace(node, **fresh)
        return _call(node) if isinstance(node, ir.FunctionCall) else node


def _to_look_into(node: Any) -> bool:
    return isinstance(node, ir.Node) and not isinstance(node, ir.Query)


def _call(call: ir.FunctionCall) -> ir.FunctionCall:
    if call.name in ("make_list", "make_set", "*set_plain*") and len(call.args) == 2:
        most = call.args[1]
        if isinstance(most, ir.Literal) and isinstance(most.value, int):
            whole = ir.FunctionCall(call.name, call.args[:1])
            first, last = ir.Literal(0, "long"), ir.Literal(most.value - 1, "long")
            return ir.FunctionCall("array_slice", (whole, first, last))
    return call
