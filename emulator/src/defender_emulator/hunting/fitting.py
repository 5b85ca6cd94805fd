"""What an expression means where that depends on the types of columns.

The translator has no types of columns; where they are known, it is told here what it cannot see.
"""

import dataclasses
from typing import Any

from duckdb_kql import ir

from defender_emulator.hunting.kinds_known import AS_TYPE, type_of
from defender_emulator.hunting.stages import raw

Types = dict[str, str]
_CHOICES = {"iff": (1, False), "iif": (1, False), "case": (1, True), "coalesce": (0, False)}
NAMES = frozenset({*_CHOICES, "abs", "bin", "floor"})
"""Functions that `fitted` has something to say about."""


def fitted(node: Any, types: Types) -> Any:
    """A node as the types of columns make it."""
    if isinstance(node, ir.Between):
        low, high = type_of(node.low, types), type_of(node.high, types)
        if (low, high) == ("datetime", "timespan"):
            return dataclasses.replace(node, high=ir.BinaryOp("+", node.low, node.high))
        return node
    if node.name in _CHOICES:
        return _choice(node, types)
    span = node.args and type_of(node.args[0], types) == "timespan"
    return _of_span(node) if span else node


def _of_span(node: ir.FunctionCall) -> ir.Expr:
    if node.name != "abs":
        return _binned_span(node)
    negative = ir.BinaryOp("<", node.args[0], ir.Literal("0s", "timespan"))
    return ir.FunctionCall("iff", (negative, ir.UnaryOp("-", node.args[0]), node.args[0]))


def _binned_span(node: ir.FunctionCall) -> ir.Expr:
    if len(node.args) != 2:
        return node
    value, size = node.args
    return raw(
        "to_microseconds(CAST(floor(epoch_us(", value, ") / epoch_us(", size, ")) * epoch_us(", size,
        ") AS BIGINT))",
    )  # fmt: skip


def _choice(node: ir.FunctionCall, types: Types) -> ir.FunctionCall:
    """Between a dynamic value and one of a type, the type counts."""
    first, cases = _CHOICES[node.name]
    arguments = list(node.args)
    last = len(arguments) - 1
    at = [n for n in range(first, last + 1) if not cases or n % 2 or n == last]
    kinds = {n: type_of(arguments[n], types) for n in at}
    wanted = {kind for kind in kinds.values() if kind not in ("dynamic", None)}
    if len(wanted) != 1 or "dynamic" not in kinds.values():
        return node
    made = AS_TYPE[str(wanted.pop())]
    for n, kind in kinds.items():
        if kind == "dynamic":
            arguments[n] = ir.FunctionCall(made, (arguments[n],))
    return dataclasses.replace(node, args=tuple(arguments))
