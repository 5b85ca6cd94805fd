"""Checking a parsed query against the tables, and finishing what `rewriting.py` began.

DuckDB folds the case of names where Defender does not, and reads files when a table has a file's
name. So every table and column a query mentions is looked up here, exactly as spelled; what is
not found is refused in Microsoft's words and never reaches DuckDB.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from duckdb_kql import ir
from duckdb_kql import schema as columns_of

from defender_emulator.hunting import unions
from defender_emulator.hunting.refusals import no_column, no_table, not_supported
from defender_emulator.hunting.repairs import repaired, repaired_source
from defender_emulator.hunting.rewriting import ALL, KEEP, REORDER

Columns = list[str]
Scope = dict[str, Columns]
TypesOf = Callable[[ir.Query], dict[str, str]]
LONGEST_RANGE = 1_000_000

_NAMES: dict[type, str] = {
    ir.Where: "where",
    ir.Project: "project",
    ir.Extend: "extend",
    ir.Summarize: "summarize",
    ir.Sort: "sort",
    ir.Top: "top",
    ir.Take: "take",
    ir.Count: "count",
    ir.Distinct: "distinct",
    ir.Join: "join",
    ir.Lookup: "lookup",
    ir.Union: "union",
    ir.ProjectAway: "project-away",
    ir.ProjectRename: "project-rename",
    ir.MvExpand: "mv-expand",
    ir.Parse: "parse",
    ir.GetSchema: "getschema",
}


@dataclass(frozen=True)
class _Around:
    """What a query can see: tables and lets with their columns, and the lets themselves."""

    scope: Scope
    lets: tuple[tuple[str, ir.Query], ...]
    operator: str


def bound(query: ir.Query, tables: Scope, types_of: TypesOf) -> ir.Query:
    """The query with every name checked and every marked operator resolved."""
    return _Binder(types_of).query(query, _Around(tables, (), ""))[0]


class _Binder:
    """Follows a query from its source on, knowing the columns at each step."""

    def __init__(self, types_of: TypesOf) -> None:
        self._types_of = types_of

    def query(self, query: ir.Query, around: _Around) -> tuple[ir.Query, Columns]:
        """A query within others: what it becomes, and its columns."""
        inner, lets = dict(around.scope), list(around.lets)
        for name, value in query.lets:
            assert isinstance(value, ir.Query)  # noqa: S101 - scalars are substituted before
            made, inner[name] = self.query(value, _Around(inner, tuple(lets), around.operator))
            lets.append((name, made))
        query = _first_found(unions.expanded(query, inner), inner)
        first = next((_NAMES.get(type(op), "") for op in query.operators), around.operator)
        columns = _source(query.source, inner, first)
        here = _Around(inner, tuple(lets), _SOURCES.get(type(query.source), ""))
        source = repaired_source(_Checker(self, here, []).rebuilt(query.source))
        so_far = dataclasses.replace(query, source=source, operators=[], lets=list(lets))
        for operator in query.operators:
            for step in self._steps(operator, so_far, columns, here):
                columns = _after(step, columns, inner)
                so_far.operators.append(step)
        own = lets[len(around.lets) :]
        return dataclasses.replace(so_far, lets=list(own)), columns

    def _steps(
        self, operator: ir.Operator, so_far: ir.Query, columns: Columns, around: _Around
    ) -> list[ir.Operator]:
        name = _NAMES.get(type(operator), type(operator).__name__)
        within = dataclasses.replace(around, operator=name)
        if isinstance(operator, ir.Union):
            return self._union(operator, so_far, columns, within)
        if isinstance(operator, ir.Join | ir.Lookup):
            right, right_columns = self.query(operator.right, within)
            for key in operator.keys:
                _known(key.left, columns, name)
                _known(key.right, right_columns, name)
            return [dataclasses.replace(operator, right=right)]
        operator = _unmarked(operator, columns, name)
        for column in _plain_names(operator):
            _known(column, columns, name)
        checked = _Checker(self, within, columns).rebuilt(operator)
        return [repaired(columns_of.resolve_let_refs(checked, columns), columns)]

    def _union(
        self, union: ir.Union, so_far: ir.Query, columns: Columns, around: _Around
    ) -> list[ir.Operator]:
        copy = dataclasses.replace(so_far, operators=list(so_far.operators))
        arms = [unions.Arm(copy, columns, _label(copy, 0, around))]
        for n, branch in enumerate(unions.branches(union, around.scope), 1):
            made, made_columns = self.query(branch, around)
            arms.append(unions.Arm(made, made_columns, _label(branch, n, around)))
        seen = dict(around.lets)

        def types_of(query: ir.Query) -> dict[str, str]:
            merged = {**seen, **dict(query.lets)}
            return self._types_of(dataclasses.replace(query, lets=list(merged.items())))

        return unions.joined(union, arms, types_of)


def _label(query: ir.Query, n: int, around: _Around) -> str:
    """The table an arm is, through lets that are nothing but another name, or its number."""
    lets = dict(around.lets)
    while not query.operators and isinstance(query.source, ir.TableRef):
        if query.source.name not in lets:
            return query.source.name
        query = lets.pop(query.source.name)
    return f"union_arg{n}"


_SOURCES: dict[type, str] = {ir.PrintSource: "print", ir.RangeSource: "range"}


def _first_found(query: ir.Query, scope: Scope) -> ir.Query:
    """A fuzzy union whose first table is missing begins with the first that exists."""
    if not isinstance(query.source, ir.TableRef) or query.source.name in scope:
        return query
    for at, operator in enumerate(query.operators):
        if isinstance(operator, ir.Union) and operator.isfuzzy:
            alive = unions.branches(operator, scope)
            if alive:
                rest = dataclasses.replace(operator, branches=tuple(alive[1:]))
                following = [*alive[0].operators, rest, *query.operators[at + 1 :]]
                return dataclasses.replace(query, source=alive[0].source, operators=following)
    return query


def _source(source: ir.Source, scope: Scope, operator: str) -> Columns:
    if isinstance(source, ir.TableRef):
        if source.database or source.cluster:
            raise not_supported("other databases and clusters are out of reach")
        if source.name not in scope:
            raise no_table(operator, source.name)
    elif isinstance(source, ir.RangeSource):
        _short_range(source)
    elif not isinstance(source, ir.DataTable | ir.PrintSource):
        raise not_supported(f"{type(source).__name__} is no source of rows here")
    found: Columns = columns_of._source_columns(source, scope)  # noqa: SLF001 - no public name
    return found


def _short_range(source: ir.RangeSource) -> None:
    ends = (source.start, source.stop, source.step)
    numbers = [end.value for end in ends if isinstance(end, ir.Literal)]
    whole = [number for number in numbers if isinstance(number, int)]
    if len(numbers) != 3:
        raise not_supported("a range must have constant ends")
    if len(whole) == 3 and abs(whole[1] - whole[0]) > LONGEST_RANGE * max(abs(whole[2]), 1):
        raise not_supported(f"a range has at most {LONGEST_RANGE} rows")


def _unmarked(operator: ir.Operator, columns: Columns, name: str) -> ir.Operator:
    if isinstance(operator, ir.Distinct):
        first = operator.expressions[0].expr
        if isinstance(first, ir.ColumnRef) and first.name == ALL:
            return ir.Distinct(_as_expressions(columns))
    if isinstance(operator, ir.ProjectAway) and operator.columns[0] in (KEEP, REORDER):
        mark, *wanted = operator.columns
        for column in wanted:
            _known(column, columns, name)
        if mark == KEEP:
            return ir.Project(_as_expressions([c for c in columns if c in wanted]))
        return ir.Project(_as_expressions([*wanted, *(c for c in columns if c not in wanted)]))
    return operator


def _as_expressions(columns: Columns) -> tuple[ir.NamedExpr, ...]:
    return tuple(ir.NamedExpr(ir.ColumnRef(column)) for column in columns)


def _plain_names(operator: ir.Operator) -> Columns:
    if isinstance(operator, ir.ProjectAway):
        return list(operator.columns)
    if isinstance(operator, ir.ProjectRename):
        return [old for old, _ in operator.renames]
    if isinstance(operator, ir.MvExpand):
        return [target.column for target in operator.targets]
    return []


def _after(operator: ir.Operator, columns: Columns, scope: Scope) -> Columns:
    after: Columns = columns_of._operator_columns(operator, columns, scope)  # noqa: SLF001
    return after


def _known(column: str, columns: Columns, operator: str) -> None:
    if column not in columns:
        raise no_column(operator, column)


class _Checker:
    """Walks the expressions of one operator and checks the columns they name."""

    def __init__(self, binder: _Binder, around: _Around, columns: Columns) -> None:
        self._binder = binder
        self._around = around
        self._columns = columns
        self._done: dict[int, tuple[Any, Any]] = {}

    def rebuilt(self, node: Any) -> Any:
        """The node with the queries in it bound; shared nodes stay shared."""
        if isinstance(node, tuple):
            return tuple(self.rebuilt(item) for item in node)
        if not dataclasses.is_dataclass(node) or isinstance(node, type):
            return node
        if id(node) not in self._done:
            self._done[id(node)] = (node, self._made(node))
        return self._done[id(node)][1]

    def _made(self, node: Any) -> Any:
        if isinstance(node, ir.ColumnRef):
            _known(node.name, self._columns, self._around.operator)
            return node
        if isinstance(node, ir.LetRef) and node.name in self._columns:
            return node
        if isinstance(node, ir.Query):
            return self._binder.query(node, self._around)[0]
        fields = {f.name: getattr(node, f.name) for f in dataclasses.fields(node)}
        return dataclasses.replace(node, **{n: self.rebuilt(v) for n, v in fields.items()})
