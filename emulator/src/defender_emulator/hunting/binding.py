"""Checking a parsed query against the tables, and finishing what `rewriting.py` began.

DuckDB folds the case of names where Defender does not, and reads files when a table has a file's
name. So every table and column a query mentions is looked up here, exactly as spelled; what is
not found is refused in Microsoft's words and never reaches DuckDB.
"""

import dataclasses
from typing import Any

from duckdb_kql import ir
from duckdb_kql import schema as columns_of
from duckdb_kql.errors import KqlSchemaError

from defender_emulator.hunting.refusals import no_column, no_table, not_supported, semantic_error
from defender_emulator.hunting.rewriting import ALL, KEEP, REORDER

Columns = list[str]
Scope = dict[str, Columns]
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


def bound(query: ir.Query, tables: Scope) -> ir.Query:
    """The query with every name checked and every marked operator resolved."""
    return _query(query, tables, "")[0]


def _query(query: ir.Query, scope: Scope, around: str) -> tuple[ir.Query, Columns]:
    inner = dict(scope)
    lets: list[tuple[str, ir.Query | ir.Expr]] = []
    for name, value in query.lets:
        if isinstance(value, ir.Query):
            made, inner[name] = _query(value, inner, around)
            lets.append((name, made))
    query = _first_found(query, inner)
    first = next((_NAMES.get(type(op), "") for op in query.operators), around)
    columns = _source(query.source, inner, first)
    source = _Checker(inner, [], _SOURCES.get(type(query.source), "")).rebuilt(query.source)
    operators = []
    for operator in query.operators:
        made_operator = _operator(operator, columns, inner)
        columns = _after(made_operator, columns, inner)
        operators.append(made_operator)
    made = dataclasses.replace(query, source=source, operators=operators, lets=lets)
    return made, columns


_SOURCES: dict[type, str] = {ir.PrintSource: "print", ir.RangeSource: "range"}


def _first_found(query: ir.Query, scope: Scope) -> ir.Query:
    """A fuzzy union whose first table is missing begins with the first that exists."""
    if not isinstance(query.source, ir.TableRef) or query.source.name in scope:
        return query
    for at, operator in enumerate(query.operators):
        if isinstance(operator, ir.Union) and operator.isfuzzy:
            alive = [b for b in operator.branches if _exists(b, scope)]
            if alive:
                rest = dataclasses.replace(operator, branches=tuple(alive[1:]))
                following = [*alive[0].operators, rest, *query.operators[at + 1 :]]
                return dataclasses.replace(query, source=alive[0].source, operators=following)
    return query


def _exists(branch: ir.Query, scope: Scope) -> bool:
    return not isinstance(branch.source, ir.TableRef) or branch.source.name in scope


def _source(source: ir.Source, scope: Scope, operator: str) -> Columns:
    if isinstance(source, ir.TableRef):
        if source.database or source.cluster:
            raise not_supported("other databases and clusters are out of reach")
        if source.name not in scope:
            raise no_table(operator, source.name)
    elif isinstance(source, ir.RangeSource):
        _short_range(source)
    elif not isinstance(source, ir.WildcardTableRef | ir.DataTable | ir.PrintSource):
        raise not_supported(f"{type(source).__name__} is no source of rows here")
    try:
        found: Columns = columns_of._source_columns(source, scope)  # noqa: SLF001 - no public name
    except KqlSchemaError as error:
        raise semantic_error(str(error.hint or error)) from None
    return found


def _short_range(source: ir.RangeSource) -> None:
    ends = (source.start, source.stop, source.step)
    numbers = [end.value for end in ends if isinstance(end, ir.Literal)]
    whole = [number for number in numbers if isinstance(number, int)]
    if len(numbers) != 3:
        raise not_supported("a range must have constant ends")
    if len(whole) == 3 and abs(whole[1] - whole[0]) > LONGEST_RANGE * max(abs(whole[2]), 1):
        raise not_supported(f"a range has at most {LONGEST_RANGE} rows")


def _operator(operator: ir.Operator, columns: Columns, scope: Scope) -> ir.Operator:
    name = _NAMES.get(type(operator), type(operator).__name__)
    operator = _unmarked(operator, columns, name)
    if isinstance(operator, ir.Union):
        alive = [b for b in operator.branches if not operator.isfuzzy or _exists(b, scope)]
        branches = tuple(_query(branch, scope, name)[0] for branch in alive)
        return dataclasses.replace(operator, branches=branches)
    if isinstance(operator, ir.Join | ir.Lookup):
        right, right_columns = _query(operator.right, scope, name)
        for key in operator.keys:
            _known(key.left, columns, name)
            _known(key.right, right_columns, name)
        return dataclasses.replace(operator, right=right)
    checker = _Checker(scope, columns, name)
    for column in _plain_names(operator):
        checker.known(column)
    rebuilt: ir.Operator = checker.rebuilt(operator)
    return rebuilt


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
    try:
        after: Columns = columns_of._operator_columns(operator, columns, scope)  # noqa: SLF001
    except KqlSchemaError as error:
        raise not_supported(str(error.hint or error)) from None
    return after


def _known(column: str, columns: Columns, operator: str) -> None:
    if column not in columns:
        raise no_column(operator, column)


class _Checker:
    """Walks the expressions of one operator, checking columns and repairing calls."""

    def __init__(self, scope: Scope, columns: Columns, operator: str) -> None:
        self._scope = scope
        self._columns = columns
        self._operator = operator
        self._done: dict[int, tuple[Any, Any]] = {}

    def known(self, column: str) -> None:
        """Refuse a column that the operator's input does not have."""
        _known(column, self._columns, self._operator)

    def rebuilt(self, node: Any) -> Any:
        """The node, with what it holds checked and repaired; shared nodes stay shared."""
        if isinstance(node, tuple):
            return tuple(self.rebuilt(item) for item in node)
        if not dataclasses.is_dataclass(node) or isinstance(node, type):
            return node
        if id(node) not in self._done:
            self._done[id(node)] = (node, self._made(node))
        return self._done[id(node)][1]

    def _made(self, node: Any) -> Any:
        if isinstance(node, ir.ColumnRef):
            self.known(node.name)
            return node
        if isinstance(node, ir.LetRef) and node.name in self._columns:
            return node
        if isinstance(node, ir.Query):
            return _query(node, self._scope, self._operator)[0]
        fields = {f.name: getattr(node, f.name) for f in dataclasses.fields(node)}
        fresh = {name: self.rebuilt(value) for name, value in fields.items()}
        changed = {name: value for name, value in fresh.items() if value is not fields[name]}
        return dataclasses.replace(node, **changed) if changed else node
