"""What this engine adds to the translator: operators, sources and functions.

The translator (`duckdb_kql`, pinned to one version) reads the parser's tree with functions that
call each other by name. Some of them are replaced here by ones that know more, and leave the rest
to the function replaced. All that is replaced is listed in `install`.
"""

import importlib
from collections.abc import Callable
from typing import Any

from duckdb_kql import ir, translate
from duckdb_kql.translate import functions as known

from defender_emulator.hunting import (
    applying,
    calling,
    dates,
    functions,
    plugins,
    reading,
    searching,
    series,
    shaping,
    toplists,
    tree,
    unions,
    windows,
)
from defender_emulator.hunting.regexes import unicode_classes
from defender_emulator.hunting.stages import Pending, Raw, Stage, raw_sql, rebuilt

_lower: Any = tree.lowering
_taught: list[bool] = []
_schema = importlib.import_module("duckdb_kql.schema")
_OPERATORS = {
    **shaping.LOWERED, **windows.LOWERED, **series.LOWERED, **applying.LOWERED,
    **toplists.LOWERED, **searching.LOWERED, **plugins.LOWERED, **calling.LOWERED,
}  # fmt: skip
_WORDS = {
    "ReduceByOperator": "reduce", "ScanOperator": "scan", "ForkOperator": "fork",
    "FacetByOperator": "facet", "ConsumeOperator": "consume", "AssertSchemaOperator": "assert-schema",
    "ExecuteAndCacheOperator": "execute_and_cache", "MacroExpandOperator": "macro-expand",
    "GraphMatchOperator": "graph-match", "MakeGraphOperator": "make-graph",
}  # fmt: skip


def _replaced(module: Any, name: str, made: Callable[[Any], Any]) -> None:
    setattr(module, name, made(getattr(module, name)))


def _operator(known: Any) -> Any:
    def lowered(node: Any) -> Any:
        inner = tree.piped(node)
        kind = tree.kind_of(inner)
        if kind in _WORDS:
            raise tree.refused(inner, f"the operator '{_WORDS[kind]}'")
        if kind in _OPERATORS:
            made = _OPERATORS[kind](inner, tree.rules_in(inner))
            if made is not NotImplemented:
                return made
        return known(node)

    return lowered


def _head(known: Any) -> Any:
    def lowered(head: Any, rest: list[Any]) -> ir.Query:
        at = calling.split_at(rest)
        if at is not None:
            source = calling.joined(lowered(head, rest[:at]), rest[at])
            return _continued(ir.Query(source), rest[at + 1 :])
        inner = tree.collapsed(head)
        kind = tree.kind_of(inner)
        if kind == "ExternalDataExpression":
            raise reading.outside()
        if kind == "ParenthesizedExpression":
            return _continued(tree.query_at(inner), rest)
        if kind in searching.SOURCES:
            return _continued(searching.SOURCES[kind](inner), rest)
        made: ir.Query = known(head, rest)
        return made

    return lowered


def _continued(query: ir.Query, rest: list[Any]) -> ir.Query:
    at = calling.split_at(rest)
    if at is not None:
        source = calling.joined(_continued(query, rest[:at]), rest[at])
        return _continued(ir.Query(source), rest[at + 1 :])
    if query.lets and rest:
        query = ir.Query(calling.bind("", calling.closed(query)))
    return ir.Query(query.source, [*query.operators, *tree.operators(rest)], list(query.lets))


def _joined_columns(left: list[str], right: list[str]) -> list[str]:
    """The right side's names that the left has too get the first number that neither has."""
    taken, made = {*left, *right}, list(left)
    for name in right:
        unique, n = name, 0
        while unique in left or (n and unique in taken):
            n += 1
            unique = f"{name}{n}"
        taken.add(unique)
        made.append(unique)
    return made


def _join_columns(known: Any) -> Any:
    def columns(left: list[str], right: list[str], kind: str) -> Any:
        if kind in ("leftsemi", "leftanti", "rightsemi", "rightanti"):
            return known(left, right, kind)
        return _joined_columns(left, right)

    return columns


def _lookup_columns(_known: Any) -> Any:
    def columns(left: list[str], right: list[str], keys: list[str]) -> list[str]:
        return _joined_columns(left, [name for name in right if name not in keys])

    return columns


def _typed_arguments(known: Any) -> Any:
    def bound(node: Any, declared: Any, arguments: Any) -> dict[str, ir.Expr]:
        return calling.typed(declared.name, known(node, declared, arguments))

    return bound


def _declared(known: Any) -> Any:
    def declare(declaration: Any, scalars: dict[str, ir.Expr]) -> None:
        if not calling.declare(declaration, scalars):
            calling.remember_types(declaration)
            known(declaration, scalars)

    return declare


def _tabular(known: Any) -> Any:
    def tabular(node: Any, scalars: dict[str, ir.Expr]) -> Any:
        return calling.is_tabular(node) or known(node, scalars)

    return tabular


def _wildcard(known: Any) -> Any:
    def lowered(node: Any, whole: Any) -> ir.WildcardTableRef:
        made = known(node, whole)
        return unions.Wildcard(made.pattern, made.database, calling.views(node))

    return lowered


def _substituted_operator(known: Any) -> Any:
    def substituted(operator: ir.Operator, scalars: dict[str, ir.Expr]) -> Any:
        if isinstance(operator, Pending | ir.Parse | ir.MvExpand | ir.Top):
            return rebuilt(operator, lambda part: _substituted(part, scalars))
        return known(operator, scalars)

    return substituted


def _substituted(node: Any, scalars: dict[str, ir.Expr]) -> Any:
    if isinstance(node, ir.Query):
        return _lower._substitute_query(node, scalars)  # noqa: SLF001
    if isinstance(node, ir.Operator):
        return _lower._substitute_operator(node, scalars)  # noqa: SLF001
    if isinstance(node, ir.Expr | ir.NamedExpr | ir.SortKey):
        return _lower._substitute(node, scalars)  # noqa: SLF001
    if isinstance(node, ir.Node | tuple | list) or hasattr(node, "__dataclass_fields__"):
        return rebuilt(node, lambda part: _substituted(part, scalars))
    return node


def _substituted_query(known: Any) -> Any:
    def substituted(query: Any, scalars: dict[str, ir.Expr]) -> ir.Query:
        made: ir.Query = known(query, scalars)
        inner = dict(scalars)
        lets = []
        for name, bound in query.lets:
            whole = isinstance(bound, ir.Query) and inner
            lets.append((name, substituted(bound, inner) if whole else bound))
            inner.pop(name, None)
        made.lets[:] = lets
        return made

    return substituted


def _rendered_operator(known: Any) -> Any:
    def rendered(operator: ir.Operator, before: str, columns: Any = None) -> str:
        if isinstance(operator, Stage):
            return operator.sql(before)
        sql: str = known(operator, before, columns)
        return sql

    return rendered


def _columns(known: Any) -> Any:
    def columns(operator: ir.Operator, before: list[str], schema: Any) -> Any:
        if isinstance(operator, Stage):
            return list(operator.columns)
        return known(operator, before, schema)

    return columns


def _rendered_expression(known: Any) -> Any:
    def rendered(node: ir.Expr) -> str:
        sql: str = raw_sql(node) if isinstance(node, Raw) else known(node)
        return sql

    return rendered


def _term_test(known_test: Any) -> Any:
    """A term that is only known row by row: a cheap test first, then the pattern."""

    def test(haystack: str, needle: str, **how: Any) -> str:
        sql = str(known_test(haystack, needle, **how))
        if how.get("needle_text") is not None:
            return sql
        held = f"contains(lower({haystack}), lower({needle}))"
        return f"(CASE WHEN {held} THEN {sql} ELSE {held} END)"

    return test


def _aggregate(call: ir.FunctionCall) -> str:
    """An aggregate where a stage needs one."""
    return str(translate.render_aggregate(ir.NamedExpr(call.args[0])))


def _named_groups(known_groups: Any) -> Any:
    def written(pattern: str) -> str:
        return str(known_groups(unicode_classes(pattern)))

    return written


def _path(known_path: Any) -> Any:
    """What is null in JSON is null."""

    def rendered(node: ir.PathAccess) -> str:
        return f"nullif({known_path(node)}, 'null'::JSON)"

    return rendered


def _unnamed_arguments(known_call: Any) -> Any:
    """A scalar function of the query is called by position; its translator forgets names."""

    def lowered(node: Any) -> Any:
        kids = tree.rules_in(node)
        declared = tree.lowering._LET_FUNCTIONS_STATE.get()  # noqa: SLF001
        function = declared.get(kids[0].getText()) if kids else None
        if function is None:
            return known_call(node)
        given = tree.in_order(node, kids[1:], [name for name, _ in function.parameters])
        return _lower._inline_let_function(  # noqa: SLF001
            node, function, tuple(map(tree.expression, given))
        )

    return lowered


def install() -> None:
    """Teach the translator, once in a process."""
    if _taught:
        return
    _taught.append(True)
    for name, made in (
        ("_lower_operator", _operator),
        ("_lower_head", _head),
        ("_lower_expr", reading.expression),
        ("_lower_join_key", reading.join_key),
        ("_lower_function_call", _unnamed_arguments),
        ("_lower_join", reading.join),
        ("_lower_lookup", reading.join),
        ("_lower_mv_expand_target", reading.expanded_column),
        ("_declare_let_function", _declared),
        ("_is_tabular_value", _tabular),
        ("_substitute_operator", _substituted_operator),
        ("_substitute_query", _substituted_query),
        ("_lower_wildcard", _wildcard),
        ("_lower_named", reading.named),
        ("_bind_let_arguments", _typed_arguments),
    ):
        _replaced(_lower, name, made)
    _lower._stored = calling.found  # noqa: SLF001
    _lower._expand = calling.written_out  # noqa: SLF001
    dates.install(_replaced)
    for name, (arities, sql) in functions.FUNCTIONS.items():
        known.SCALAR_FUNCTIONS[name] = known.FunctionSpec(name, "template", sql, arities)
    for name, (arities, sql, named_by) in functions.AGGREGATES.items():
        known.AGGREGATE_FUNCTIONS[name] = known.AggregateSpec(name, sql, arities, **named_by)
    translate._SPECIAL_FORMS["*aggregate*"] = _aggregate  # noqa: SLF001
    _replaced(translate, "term_match_sql", _term_test)
    _replaced(translate, "to_re2_named_groups", _named_groups)
    _replaced(translate, "render_path", _path)
    _replaced(translate, "render_operator", _rendered_operator)
    _replaced(translate, "render_expr", _rendered_expression)
    _replaced(_schema, "_operator_columns_unchecked", _columns)
    _replaced(_schema, "join_output_columns", _join_columns)
    _replaced(_schema, "lookup_output_columns", _lookup_columns)
