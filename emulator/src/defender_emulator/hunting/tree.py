"""Reading the parser's tree: what is used of the translator's own reading of it.

`duckdb_kql` is pinned to one version and these are its private functions; they are named here and
nowhere else.
"""

import importlib
from typing import Any

from duckdb_kql import ir
from duckdb_kql.errors import KqlUnsupportedError, SourceSpan

lowering = importlib.import_module("duckdb_kql.lower")

kind_of = lowering._cls  # noqa: SLF001
rules_in = lowering._rule_children  # noqa: SLF001
all_of_kind = lowering._find_all  # noqa: SLF001
names_in = lowering._find_names  # noqa: SLF001
collapsed = lowering._collapse  # noqa: SLF001
unwrapped = lowering._unparenthesize  # noqa: SLF001


def expression(node: Any) -> ir.Expr:
    """A scalar expression."""
    made: ir.Expr = lowering._lower_expr(node)  # noqa: SLF001
    return made


def named(node: Any) -> ir.NamedExpr:
    """An expression with the name it is given, if any."""
    made: ir.NamedExpr = lowering._lower_named(node)  # noqa: SLF001
    return made


def query_at(node: Any) -> ir.Query:
    """A tabular expression."""
    made: ir.Query = lowering._lower_query_node(node)  # noqa: SLF001
    return made


def operators(nodes: list[Any]) -> list[ir.Operator]:
    """A run of piped operators."""
    made: list[ir.Operator] = lowering._lower_operators(nodes)  # noqa: SLF001
    return made


def sort_key(node: Any) -> ir.SortKey:
    """`expression [asc|desc] [nulls first|last]`."""
    made: ir.SortKey = lowering._lower_sort_key(node)  # noqa: SLF001
    return made


def piped(node: Any) -> Any:
    """The operator behind a pipe."""
    while kind_of(node) in ("PipedOperator", "AfterPipeOperator"):
        node = rules_in(node)[0]
    return collapsed(node)


def name_at(node: Any) -> str:
    """The name that a node spells."""
    found = names_in(node)
    return str(found[0] if found else node.getText())


def argument_name(node: Any) -> str:
    """The name that an argument is given by, or nothing."""
    node = collapsed(node)
    if kind_of(node) in ("NamedExpression", "ArgumentExpression"):
        clause = first(rules_in(node), "NamedExpressionNameClause")
        return name_at(clause) if clause is not None else ""
    return ""


def in_order(call: Any, arguments: list[Any], parameters: list[str]) -> list[Any]:
    """The arguments of a call in the order of the parameters, where some are given by name.

    Raises `KqlUnsupportedError` for an unknown name, and where one is left out before another.
    """
    if not any(map(argument_name, arguments)):
        return arguments
    made: dict[str, Any] = {}
    free = iter(parameters)
    for argument in arguments:
        name = argument_name(argument)
        if name and name not in parameters:
            raise refused(argument, f"the argument '{name}', which is no parameter,")
        made[name or next(free, "")] = rules_in(collapsed(argument))[-1] if name else argument
    given = [made.get(name) for name in parameters]
    while given and given[-1] is None:
        given.pop()
    if None in given:
        raise refused(call, "a call that leaves out an argument before a named one")
    return given


def first(nodes: list[Any], *kinds: str) -> Any:
    """The first node of some kinds, or None."""
    return next((node for node in nodes if kind_of(node) in kinds), None)


def without(nodes: list[Any], *kinds: str) -> list[Any]:
    """The nodes of other kinds."""
    return [node for node in nodes if kind_of(node) not in kinds]


PARAMETERS = (
    "RelaxedQueryOperatorParameter", "StrictQueryOperatorParameter", "QueryOperatorParameter",
)  # fmt: skip


def parameters(nodes: list[Any]) -> dict[str, str]:
    """`name=value` parameters of an operator, without hints."""
    found = (node.getText().partition("=") for node in nodes if kind_of(node) in PARAMETERS)
    return {
        name.strip().lower(): value.strip()
        for name, _, value in found
        if not name.strip().lower().startswith("hint.")
    }


def refused(node: Any, what: str) -> KqlUnsupportedError:
    """A construct that cannot be run, and where it stands."""
    token = getattr(node, "start", None)
    span = SourceSpan(token.line, token.column) if token is not None else None
    return KqlUnsupportedError(what, span=span)
