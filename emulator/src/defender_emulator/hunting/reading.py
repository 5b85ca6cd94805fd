"""Expressions, names and keys as this engine reads them, before it is known what they stand for.

Each function here is given the translator's own and returns the one that takes its place.
"""

import re
from typing import Any

from duckdb_kql import ir
from duckdb_kql.errors import KqlUnsupportedError
from duckdb_kql.translate import naming

from defender_emulator.hunting import literals, searching, tree
from defender_emulator.hunting.refusals import QueryRefused, not_supported
from defender_emulator.hunting.stages import Several, raw


def outside() -> QueryRefused:
    """What is said of `externaldata`."""
    return not_supported("'externaldata' reads data from outside, which is out of reach")


def expression(known: Any) -> Any:
    """Literals that the translator misreads, and what `search` and `find` add."""

    def lowered(node: Any) -> Any:
        inner = tree.collapsed(node)
        kind = tree.kind_of(inner)
        if kind == "TypeLiteralExpression":
            text = inner.getText().partition("(")[2].rstrip(")").strip()
            return ir.FunctionCall("typeof", (ir.Literal(text, "string"),))
        if kind in literals.CHECKED:
            literals.CHECKED[kind](inner.getText())
        if kind == "BooleanLiteralExpression" and inner.getText().lower() == "bool(1)":
            return ir.Literal(value=True, kind="bool")
        if kind == "DecimalLiteralExpression":
            return _decimal(inner.getText().partition("(")[2].rstrip(")").strip())
        if kind in searching.EXPRESSIONS:
            return searching.EXPRESSIONS[kind](inner)
        if kind == "ExternalDataExpression":
            raise outside()
        return known(node)

    return lowered


def _decimal(text: str) -> ir.Expr:
    """A decimal literal; the engine holds 29 digits before the point and nine behind it."""
    if text.lower() == "null":
        return raw("CAST(NULL AS DECIMAL(38,9))", kind="decimal")
    if not re.fullmatch(r"[+-]?\d{1,29}(\.\d{0,9})?", text, re.ASCII):
        raise not_supported(f"the decimal literal '{text}' is not supported")
    return ir.FunctionCall("todecimal", (ir.Literal(text, "string"),))


def named(known: Any) -> Any:
    """`(a, b) = call(...)`."""

    def lowered(node: Any) -> Any:
        found = tree.first(tree.rules_in(node), "NamedExpressionNameClause")
        several = found is not None and tree.all_of_kind(found, "NamedExpressionNameList")
        if not several or len(tree.names_in(found)) < 2:
            return known(node)
        value = tree.expression(tree.rules_in(node)[-1])
        names = tuple(tree.names_in(found))
        return Several(value, names[0], names)

    return lowered


def join_key(known: Any) -> Any:
    """`on a == b and c == d`."""

    def lowered(node: Any) -> Any:
        inner = tree.collapsed(node)
        if tree.kind_of(inner) == "LogicalAndExpression":
            first, *others = tree.rules_in(inner)
            keys = [first, *(tree.rules_in(other)[-1] for other in others)]
            return tuple(lowered(key) for key in keys)
        return known(node)

    return lowered


def join(known: Any) -> Any:
    """A join by keys that stand together."""

    def lowered(node: Any, kids: list[Any]) -> Any:
        made = known(node, kids)
        keys: list[ir.JoinKey] = []
        for key in made.keys:
            keys.extend(key if isinstance(key, tuple) else (key,))
        return rebuilt_with(made, tuple(keys))

    return lowered


def rebuilt_with(join: Any, keys: tuple[ir.JoinKey, ...]) -> Any:
    """A join with other keys."""
    return type(join)(join.right, keys, join.kind)


def expanded_column(known: Any) -> Any:
    """`mv-expand parse_json(a)` makes the column that `extend parse_json(a)` would make."""

    def lowered(node: Any) -> Any:
        try:
            return known(node)
        except KqlUnsupportedError as error:
            if "unnamed" not in error.construct:
                raise
        value = tree.first([node, *tree.rules_in(node)], "NamedExpression") or node
        clause = tree.first(tree.rules_in(node), "MvapplyOperatorExpressionToClause")
        if clause is not None:
            value = tree.rules_in(node)[0]
        made = tree.named(value)
        name = naming.expression_name(made.expr) or "Column1"
        kind = clause.getText().lower().partition("typeof(")[2].rstrip(")") if clause else None
        return ir.MvExpandTarget(name, None, kind), ir.NamedExpr(made.expr, name)

    return lowered
