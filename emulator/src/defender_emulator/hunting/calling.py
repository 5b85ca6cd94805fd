"""Tabular functions of a query (`let f = (t: (*), x: string) { ... }`), called or invoked, and `as`.

A call is written out: the body, with the arguments for its parameters, becomes a binding of its
own, and the call reads that binding.
"""

import contextlib
import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from duckdb_kql import ir
from duckdb_kql.params import normalize_type
from duckdb_kql.parser import parse

from defender_emulator.hunting import tree
from defender_emulator.hunting.enrichment import PRELUDE, PRELUDE_NAMES, FileProfile
from defender_emulator.hunting.refusals import QueryRefused, semantic_error
from defender_emulator.hunting.rewriting import views_in
from defender_emulator.hunting.tree import lowering

CALL_MARK = "()#"
VIEW_MARK = " view#"


@dataclass
class TabularFunction:
    """A function whose body is a table; `declaration` and `name` are what the translator reads."""

    name: str
    declaration: Any
    scalars: dict[str, ir.Expr]
    database: str | None = None
    command: str = ""
    tabular: tuple[str, ...] = ()
    parameters: list[tuple[str, ir.Expr | None]] = field(default_factory=list)


_declared: dict[str, TabularFunction] = {}
_calls: list[str] = []
_views: set[str] = set()
_parameters: dict[str, dict[str, str]] = {}
"""The types of the parameters of scalar functions, by the function's name."""
_aliases: set[str] = set()
"""Names that `as` gave."""


@contextlib.contextmanager
def declarations(query: str) -> Iterator[None]:
    """No functions but those of Microsoft's that a query may name, and what it will declare."""
    for known in (_declared, _calls, _aliases, _views, _parameters):
        known.clear()
    _views.update(views_in(query))
    if any(name in query for name in PRELUDE_NAMES):
        for declaration in _prelude():
            declare(declaration, {})
    yield
    _declared.clear()


@functools.cache
def _prelude() -> list[Any]:
    return list(tree.all_of_kind(parse(PRELUDE).tree, "LetFunctionDeclaration"))


def as_parameters(types: dict[str, str], given: dict[str, ir.Expr], of: str) -> dict[str, ir.Expr]:
    """Arguments as the parameters of a function take them: a whole number may stand for a real one.

    Raises `QueryRefused` for a literal of another type.
    """
    return {name: _as_parameter(types.get(name, ""), value, of) for name, value in given.items()}


def _as_parameter(kind: str, value: ir.Expr, of: str) -> ir.Expr:
    literal = isinstance(value, ir.Literal) and value.value is not None
    given = value.kind if isinstance(value, ir.Literal) and literal else kind
    if kind in _SCALARS and given != kind and given not in _TAKEN_FOR.get(kind, ()):
        raise semantic_error(f"{of}(): an argument is of type {given}, not {kind}")
    exact = kind != "real" or (literal and given == "real")
    return value if exact else ir.FunctionCall("toreal", (value,))


_SCALARS = ("string", "long", "int", "real", "bool", "datetime", "timespan", "guid", "decimal")
_TAKEN_FOR = {
    "real": ("long", "int"),
    "long": ("int",),
    "int": ("long",),
    "decimal": ("long", "int", "real"),
}


def remember_types(declaration: Any) -> None:
    """Keep the types of a scalar function's parameters for its calls."""
    _parameters[tree.name_at(tree.rules_in(declaration)[0])] = parameter_types(declaration)


def typed(name: str, given: dict[str, ir.Expr]) -> dict[str, ir.Expr]:
    """The arguments of a scalar function as its parameters take them."""
    return as_parameters(_parameters.get(name, {}), given, name)


def parameter_types(declaration: Any) -> dict[str, str]:
    """The types of a function's scalar parameters, as its declaration says them."""
    listed = tree.first(tree.rules_in(declaration), "LetFunctionParameterList")
    parameters = tree.rules_in(listed) if listed is not None else []
    return {
        tree.name_at(parameter): normalize_type(tree.rules_in(parameter)[1].getText())
        for parameter in parameters
        if tree.kind_of(parameter) == "ScalarParameter" and len(tree.rules_in(parameter)) > 1
    }


def found(name: str, database: str | None) -> Any:
    """The tabular function of a name, if there is one."""
    if database is not None:
        return None
    return _declared.get(name)


def views(node: Any) -> tuple[tuple[str, str], ...]:
    """The views that are declared here, each with the binding that holds its rows."""
    made = []
    for name in sorted(_views & _declared.keys()):
        function = _declared[name]
        if not function.tabular and not function.parameters and name not in _calls:
            source = _expanded(node, function, [], [])
            assert isinstance(source, ir.TableRef)  # noqa: S101 - made by `bind`
            made.append((name, source.name))
    return tuple(made)


def label_of(name: str) -> str:
    """What `withsource` calls a binding: its view or its `as` name; nothing for others."""
    if VIEW_MARK in name:
        return name.partition(VIEW_MARK)[0]
    return name if name in _aliases else ""


def is_tabular(node: Any) -> bool:
    """Whether a node begins a table in a way that only this engine knows."""
    return tree.kind_of(tree.unwrapped(node)) in ("SearchOperator", "FindOperator")


def declare(declaration: Any, scalars: dict[str, ir.Expr]) -> bool:
    """Remember a function if its body is a table."""
    kids = tree.rules_in(declaration)
    body = tree.first(kids, "LetFunctionBody")
    parameters = tree.all_of_kind(declaration, "ScalarParameter")
    tables = [tree.name_at(p) for p in tree.all_of_kind(declaration, "TabularParameter")]
    if body is None:
        return False
    scope = {**scalars, **{tree.name_at(p): ir.ColumnRef("") for p in parameters}}
    if not tables and not _ends_in_table(body, scope):
        return False
    name = tree.name_at(kids[0])
    given = [p for p in parameters if not _inside(p, body)]
    signature = [lowering._lower_let_parameter(p) for p in given]  # noqa: SLF001
    _declared[name] = TabularFunction(
        name, declaration, dict(scalars), tabular=tuple(tables), parameters=signature
    )
    return True


def _inside(node: Any, body: Any) -> bool:
    return bool(node.start.start > body.start.start)


def _ends_in_table(body: Any, scope: dict[str, ir.Expr]) -> bool:
    scope = dict(scope)
    for kid in tree.rules_in(body)[:-1]:
        for local in tree.all_of_kind(kid, "LetVariableDeclaration"):
            name, *_, value = tree.rules_in(local)
            if not lowering._is_tabular_value(value, scope):  # noqa: SLF001
                scope[tree.name_at(name)] = ir.ColumnRef("")
    return bool(lowering._is_tabular_value(tree.rules_in(body)[-1], scope))  # noqa: SLF001


def written_out(node: Any, function: TabularFunction, arguments: list[Any]) -> ir.Source:
    """The binding that a call stands for."""
    parts = tree.rules_in(function.declaration)
    listed = tree.first(parts, "LetFunctionParameterList")
    order = [tree.name_at(p) for p in (tree.rules_in(listed) if listed is not None else [])]
    if not order:
        order = [*function.tabular, *(name for name, _ in function.parameters)]
    arguments = tree.in_order(node, arguments, order)
    tables: list[tuple[str, ir.Query]] = []
    values: list[Any] = []
    for name, argument in zip(order, arguments, strict=False):
        if name in function.tabular:
            tables.append((name, closed(tree.query_at(argument))))
        else:
            values.append(argument)
    if len(arguments) > len(order):
        raise _wrong_count(function.name, len(order))
    return _expanded(node, function, tables, [_scoped(value) for value in values])


def _scoped(node: Any) -> ir.Expr:
    around = lowering._FN_STATE.get()  # noqa: SLF001
    made: ir.Expr = lowering._substitute(tree.expression(node), around.scalars)  # noqa: SLF001
    return made


def _wrong_count(name: str, wanted: int) -> QueryRefused:
    return semantic_error(f"{name}(): function expects {wanted} argument(s)")


def _bound(function: TabularFunction, values: list[ir.Expr]) -> dict[str, ir.Expr]:
    if len(values) > len(function.parameters):
        raise _wrong_count(function.name, len(function.parameters))
    made: dict[str, ir.Expr] = {}
    for n, (name, default) in enumerate(function.parameters):
        value = values[n] if n < len(values) else default
        if value is None:
            raise _wrong_count(function.name, len(function.parameters))
        made[name] = value
    return as_parameters(parameter_types(function.declaration), made, function.name)


def _expanded(
    node: Any,
    function: TabularFunction,
    tables: list[tuple[str, ir.Query]],
    values: list[ir.Expr],
) -> ir.Source:
    if function.name in _calls:
        raise tree.refused(node, f"recursive call to '{function.name}'")
    around = lowering._FN_STATE.get()  # noqa: SLF001
    scalars = {**function.scalars, **_bound(function, values)}
    body = tree.first(tree.rules_in(function.declaration), "LetFunctionBody")
    functions, declared = dict(lowering._LET_FUNCTIONS_STATE.get()), dict(_declared)  # noqa: SLF001
    _calls.append(function.name)
    try:
        with lowering._nested_scope():  # noqa: SLF001
            around.visible |= {name for name, _ in tables}
            query = _body(body, scalars, tables)
    finally:
        _calls.pop()
        restored = lowering._LET_FUNCTIONS_STATE.get()  # noqa: SLF001
        restored.clear()
        restored.update(functions)
        _declared.clear()
        _declared.update(declared)
    return bind(function.name, query)


def _body(body: Any, scalars: dict[str, ir.Expr], tables: list[tuple[str, ir.Query]]) -> ir.Query:
    scope, bindings = lowering._lower_lets(body, scalars)  # noqa: SLF001
    query = tree.query_at(tree.rules_in(body)[-1])
    reads = lowering._pipeline_scope(scope)  # noqa: SLF001
    query = lowering._substitute_query(query, reads)  # noqa: SLF001
    bindings.extend(lowering._drain_pending())  # noqa: SLF001
    made: ir.Query = query
    made.lets[:0] = [*tables, *bindings]
    return made


def bind(name: str, query: ir.Query) -> ir.Source:
    """A binding for a query, placed before the one that is being read; and what reads it."""
    around = lowering._FN_STATE.get()  # noqa: SLF001
    made = f"{name}{VIEW_MARK if name in _views else CALL_MARK}{around.counter}"
    around.counter += 1
    around.pending[-1].append((made, query))
    return ir.TableRef(made)


def closed(query: ir.Query) -> ir.Query:
    """A query with the scalars that are in scope here."""
    around = lowering._FN_STATE.get()  # noqa: SLF001
    reads = lowering._pipeline_scope(around.scalars)  # noqa: SLF001
    made: ir.Query = lowering._substitute_query(query, reads)  # noqa: SLF001
    return made


def split_at(rest: list[Any]) -> int | None:
    """Where the first operator stands that needs all before it as one table."""
    for n, node in enumerate(rest):
        inner = tree.piped(node)
        if tree.kind_of(inner) == "AsOperator":
            return n
        if tree.kind_of(inner) == "InvokeOperator" and _call_name(inner) in _declared:
            return n
    return None


def _call_name(node: Any) -> str:
    calls = tree.all_of_kind(node, "NamedFunctionCallExpression")
    return tree.name_at(tree.rules_in(calls[0])[0]) if calls else ""


def joined(left: ir.Query, node: Any) -> ir.Source:
    """What `as` or `invoke` makes of all before it."""
    node = tree.piped(node)
    left = closed(left)
    if tree.kind_of(node) == "AsOperator":
        name = tree.name_at(tree.rules_in(node)[-1])
        around = lowering._FN_STATE.get()  # noqa: SLF001
        around.pending[-1].append((name, left))
        _aliases.add(name)
        return ir.TableRef(name)
    function = _declared[_call_name(node)]
    call = tree.all_of_kind(node, "NamedFunctionCallExpression")[0]
    if not function.tabular:
        raise tree.refused(node, f"invoke: '{function.name}' takes no table")
    parameters = [name for name, _ in function.parameters]
    given = tree.in_order(node, tree.rules_in(call)[1:], parameters)
    return _expanded(
        node, function, [(function.tabular[0], left)], [_scoped(value) for value in given]
    )


def lowered_invoke(node: Any, _kids: list[Any]) -> Any:
    """`invoke` of `FileProfile`; functions of tables are invoked before this."""
    call = tree.all_of_kind(node, "NamedFunctionCallExpression")[0]
    if _call_name(node) != "FileProfile":
        raise semantic_error(f"Unknown function: '{_call_name(node)}'")
    return FileProfile(tuple(tree.expression(a) for a in tree.rules_in(call)[1:]))


LOWERED = {"InvokeOperator": lowered_invoke}
