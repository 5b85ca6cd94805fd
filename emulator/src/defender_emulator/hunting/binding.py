"""Checking a parsed query against the tables, and finishing what `rewriting.py` began.

DuckDB folds the case of names where Defender does not, and reads files when a table has a file's
name. So every table and column a query mentions is looked up here, exactly as spelled; what is
not found is refused in Microsoft's words and never reaches DuckDB.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, Protocol

from duckdb_kql import ir
from duckdb_kql import schema as columns_of

from defender_emulator.hunting import filling, unions
from defender_emulator.hunting.aggregating import expanded, may_find_none
from defender_emulator.hunting.calling import CALL_MARK, label_of
from defender_emulator.hunting.checking import check_join, check_names
from defender_emulator.hunting.expressions import (
    Around,
    Checker,
    Columns,
    Scope,
    Told,
    Types,
    known,
)
from defender_emulator.hunting.kinds_known import known_types, types_after
from defender_emulator.hunting.refusals import no_table, not_supported
from defender_emulator.hunting.repairs import (
    named_as_written,
    plainly_parsed,
    repaired,
    repaired_source,
)
from defender_emulator.hunting.searching import Searched
from defender_emulator.hunting.stages import Input, Pending, Stage
from defender_emulator.hunting.windows import serial_after, windowed

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


class Asked(Protocol):
    """What can be asked of the tables while a query is translated."""

    def types_of(self, query: ir.Query) -> Types:
        """The types of the columns that a query would give."""

    def rows_of(self, query: ir.Query) -> list[tuple[Any, ...]]:
        """The rows that a query gives."""


def bound(query: ir.Query, tables: Scope, asked: Asked) -> ir.Query:
    """The query with every name checked and every pending operator resolved."""
    return _Binder(asked).query(query, Around(tables, (), ""))[0]


@dataclass
class _Flow:
    """A query as far as it is bound: what comes of it, and whether its rows have an order."""

    query: ir.Query
    columns: Columns
    serial: bool
    told: Told


class _Binder:
    """Follows a query from its source on, knowing the columns at each step."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def query(self, query: ir.Query, around: Around) -> tuple[ir.Query, Columns]:
        """A query within others: what it becomes, and its columns."""
        flow = self._flow(query, around)
        return flow.query, flow.columns

    def _flow(self, query: ir.Query, around: Around) -> _Flow:
        inner, lets, serial = dict(around.scope), list(around.lets), set(around.serial)
        for name, value in query.lets:
            assert isinstance(value, ir.Query)  # noqa: S101 - scalars are substituted before
            here = Around(inner, tuple(lets), around.operator, frozenset(serial))
            flow = self._flow(value, here)
            made, inner[name] = flow.query, flow.columns
            lets.append((name, made))
            serial = serial | {name} if flow.serial else serial - {name}
        if isinstance(query.source, Searched):
            query = query.source.opened(query, inner, dict(lets))
        query = _first_found(unions.expanded(query, inner, dict(lets)), inner)
        first = next((word_of(op) for op in query.operators), around.operator)
        columns = _source(columns_of.resolve_source_let_refs(query.source), inner, first)
        word = _SOURCES.get(type(query.source), "")
        here = Around(inner, tuple(lets), word, frozenset(serial))
        checker = Checker(self, here, [], Told({}, dict))
        source = repaired_source(checker.rebuilt(query.source))
        so_far = dataclasses.replace(query, source=source, operators=[], lets=list(lets))
        ordered = isinstance(source, ir.RangeSource)
        if isinstance(source, ir.TableRef):
            ordered = source.name in serial
        flow = _Flow(so_far, columns, ordered, self._told(known_types(so_far), so_far))
        for operator in query.operators:
            self._follow(operator, flow, here, word_of(operator))
        flow.query = dataclasses.replace(flow.query, lets=list(lets[len(around.lets) :]))
        return flow

    def _follow(self, operator: ir.Operator, flow: _Flow, around: Around, word: str) -> None:
        """Bind one operator, or those that it stands for."""
        within = dataclasses.replace(around, operator=word)
        if isinstance(operator, Pending):
            resolved: Any = columns_of.resolve_let_refs(operator, flow.columns)
            for step in resolved.steps(self._input(flow, around)):
                self._follow(step, flow, around, word)
            return
        parts = windowed(operator, self._input(flow, around))
        for part in [operator] if parts is None else parts:
            for step in self._steps(part, flow, within):
                flow.serial = serial_after(step, serial=flow.serial)
                flow.columns = _after(step, flow.columns, around.scope)
                flow.query.operators.append(step)
                types = None if flow.told.known is None else types_after(step, flow.told.known)
                flow.told = self._told(types, flow.query)

    def _told(self, types: Types | None, query: ir.Query) -> Told:
        return Told(types, lambda: self._asked.types_of(query))

    def _input(self, flow: _Flow, around: Around) -> Input:
        def whole(more: list[ir.Operator]) -> ir.Query:
            query = dataclasses.replace(flow.query, operators=list(flow.query.operators))
            made = _Flow(query, list(flow.columns), flow.serial, self._told(flow.told.known, query))
            for operator in more:
                self._follow(operator, made, around, word_of(operator))
            return made.query

        return Input(
            list(flow.columns),
            flow.told.all,
            lambda more: self._asked.rows_of(whole(more)),
            list(around.scope),
            flow.serial,
        )

    def _steps(self, operator: ir.Operator, flow: _Flow, within: Around) -> list[ir.Operator]:
        columns, name = flow.columns, within.operator
        if isinstance(operator, ir.Union):
            return self._union(operator, flow.query, columns, within)
        if isinstance(operator, ir.Join | ir.Lookup):
            return self._join(operator, flow, within)
        for column in _plain_names(operator):
            known(column, columns, name)
        if isinstance(operator, ir.ProjectRename):
            old = [name for name, _ in operator.renames]
            kept = [column for column in columns if column not in old]
            check_names([*kept, *(name for _, name in operator.renames)])
        resolved = columns_of.resolve_let_refs(operator, columns)
        resolved = named_as_written(resolved, columns)
        renames: tuple[tuple[str, str], ...] = ()
        if isinstance(resolved, ir.Summarize):
            resolved, renames = expanded(resolved, columns)
        checker = Checker(self, within, columns, flow.told)
        checked = checker.operator(checker.rebuilt(resolved))
        if isinstance(checked, Stage):
            return [checked]
        if isinstance(checked, ir.Parse):
            return plainly_parsed(checked, columns)
        made = repaired(checked, columns)
        steps = [made, *self._filled(made, flow, within)]
        return [*steps, ir.ProjectRename(renames)] if renames else steps

    def _filled(self, made: ir.Operator, flow: _Flow, within: Around) -> list[ir.Operator]:
        """Aggregates of texts that found none are empty, not null."""
        if not isinstance(made, ir.Summarize) or not any(map(may_find_none, made.aggregates)):
            return []
        query = dataclasses.replace(flow.query, operators=[*flow.query.operators, made])
        types = self._in_scope(query, within)
        keys = set(list(types)[: len(made.by)])
        return filling.filled(
            list(types), [c for c, k in types.items() if k == "string" and c not in keys]
        )

    def _join(self, join: ir.Join | ir.Lookup, flow: _Flow, within: Around) -> list[ir.Operator]:
        right, right_columns = self.query(join.right, within)
        for key in join.keys:
            known(key.left, flow.columns, within.operator)
            known(key.right, right_columns, within.operator)
        told = known_types(right)
        check_join(join.keys, flow.told.all(), told or self._in_scope(right, within))
        join = dataclasses.replace(join, right=right)
        if join.kind not in filling.OUTER:
            return [join]
        after = _after(join, flow.columns, within.scope)
        types = self._in_scope(flow.query, within), self._in_scope(right, within)
        return [join, *filling.after_join(join, after, *types)]

    def _in_scope(self, query: ir.Query, around: Around) -> Types:
        lets = {**dict(around.lets), **dict(query.lets)}
        return self._asked.types_of(dataclasses.replace(query, lets=list(lets.items())))

    def spread(self, query: ir.Query, columns: Columns, around: Around) -> ir.Query:
        """A query of lists as one of their values."""
        if not columns or self._in_scope(query, around).get(columns[0]) != "dynamic":
            return query
        value = ir.FunctionCall("tostring", (ir.ColumnRef(columns[0]),))
        more = [
            ir.Project((ir.NamedExpr(ir.ColumnRef(columns[0])),)),
            ir.MvExpand((ir.MvExpandTarget(columns[0]),)),
            ir.Project((ir.NamedExpr(value, columns[0]),)),
        ]
        return dataclasses.replace(query, operators=[*query.operators, *more])

    def _union(
        self, union: ir.Union, so_far: ir.Query, columns: Columns, around: Around
    ) -> list[ir.Operator]:
        copy = dataclasses.replace(so_far, operators=list(so_far.operators))
        arms = [unions.Arm(copy, columns, _label(copy, 0, around))]
        for n, branch in enumerate(unions.branches(union, around.scope, dict(around.lets)), 1):
            made, made_columns = self.query(branch, around)
            arms.append(unions.Arm(made, made_columns, _label(branch, n, around)))
        return unions.joined(union, arms, lambda query: self._in_scope(query, around))


def _label(query: ir.Query, n: int, around: Around) -> str:
    """The table an arm is, through lets that are nothing but another name, or its number."""
    lets = {**dict(around.lets), **dict(query.lets)}
    while not query.operators and isinstance(query.source, ir.TableRef):
        if label := label_of(query.source.name):
            return label
        if query.source.name not in lets:
            return query.source.name if CALL_MARK not in query.source.name else f"union_arg{n}"
        bound_to = lets.pop(query.source.name)
        assert isinstance(bound_to, ir.Query)  # noqa: S101 - scalars are substituted before
        query = bound_to
    return f"union_arg{n}"


_SOURCES: dict[type, str] = {ir.PrintSource: "print", ir.RangeSource: "range"}


def _first_found(query: ir.Query, scope: Scope) -> ir.Query:
    """A fuzzy union whose first table is missing begins with the first that exists."""
    if not isinstance(query.source, ir.TableRef) or query.source.name in scope:
        return query
    for at, operator in enumerate(query.operators):
        if isinstance(operator, ir.Union) and operator.isfuzzy:
            alive = unions.branches(operator, scope, ())
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
    if isinstance(source, ir.PrintSource):
        check_names(found)
    if isinstance(source, ir.DataTable):
        check_names(name for name, _ in source.columns)
    return found


def _short_range(source: ir.RangeSource) -> None:
    ends = (source.start, source.stop, source.step)
    numbers = [end.value for end in ends if isinstance(end, ir.Literal)]
    whole = [number for number in numbers if isinstance(number, int)]
    if len(numbers) != 3:
        raise not_supported("a range must have constant ends")
    if len(whole) == 3 and abs(whole[1] - whole[0]) > LONGEST_RANGE * max(abs(whole[2]), 1):
        raise not_supported(f"a range has at most {LONGEST_RANGE} rows")


def word_of(operator: ir.Operator) -> str:
    """What an operator is called."""
    if isinstance(operator, Pending):
        return str(getattr(operator, "word", operator.keyword))
    return _NAMES.get(type(operator), "")


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
