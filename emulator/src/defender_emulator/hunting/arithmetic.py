"""Operators between values of types that the translator does not know.

Sources: "Numerical operators", "Datetime / timespan arithmetic" and "Scalar data types" of the Kusto
documentation: whole numbers of 32 bits are calculated as ones of 64, a real divided by nought is
infinite, what is no number is neither below nor above another, and a timespan can be scaled and
divided.
"""

import dataclasses

from duckdb_kql import ir

from defender_emulator.hunting.kinds_known import AS_TYPE, NUMBERS, TIMES, type_of
from defender_emulator.hunting.stages import raw

Types = dict[str, str]
_ORDERED = ("<", "<=", ">", ">=")
_COMPARING = (*_ORDERED, "==", "!=", "<>")
_ARITHMETIC = ("+", "-", "*", "/", "%")


def calculated(node: ir.BinaryOp, types: Types) -> ir.Expr:
    """The operator as its operands' types make it."""
    left, right = type_of(node.left, types), type_of(node.right, types)
    if "timespan" in (left, right) and node.op in ("*", "/", "%"):
        return _of_spans(node, left, right)
    if node.op == "/" and "real" in (left, right) and {left, right} <= set(NUMBERS):
        return raw("(CAST(", node.left, " AS DOUBLE) / CAST(", node.right, " AS DOUBLE))")
    if (left, right) == ("int", "int") and node.op in _ARITHMETIC:
        return dataclasses.replace(node, left=raw("CAST(", node.left, " AS BIGINT)"))
    if node.op in _COMPARING or node.op in ("+", "-"):
        return _of_sides(node, left, right)
    return node


def _of_sides(node: ir.BinaryOp, left: str | None, right: str | None) -> ir.Expr:
    sides = beside(node.left, left, right), beside(node.right, right, left)
    if node.op in _ORDERED:
        sides = _orderly(sides[0], left), _orderly(sides[1], right)
    return dataclasses.replace(node, left=sides[0], right=sides[1])


def _of_spans(node: ir.BinaryOp, left: str | None, right: str | None) -> ir.Expr:
    """Timespans multiplied, divided, or what is left of them, counted in ticks."""
    parts = _ticks(node.left, left), _ticks(node.right, right)
    if left == right:
        if node.op == "/":
            return raw("(CAST(", parts[0], " AS DOUBLE) / ", parts[1], ")")
        size = raw("nullif(", parts[1], ", 0)")
        return raw("to_microseconds((", parts[0], " % ", size, " + abs(", size, ")) % ", size, ")")
    scaled = {left, right} & set(NUMBERS)
    if scaled and (node.op == "*" or (node.op == "/" and left == "timespan")):
        value = raw(parts[0], f" {node.op} ", parts[1])
        return raw("to_microseconds(CAST(trunc(", value, ") AS BIGINT))")
    return node


def _ticks(node: ir.Expr, kind: str | None) -> ir.Expr:
    return raw("epoch_us(", node, ")") if kind == "timespan" else node


def beside(node: ir.Expr, kind: str | None, other: str | None) -> ir.Expr:
    """A dynamic value beside a time or a number, as one; null where it holds none."""
    if kind == "dynamic" and other in TIMES:
        return ir.FunctionCall(AS_TYPE[str(other)], (node,))
    if kind == "dynamic" and other in NUMBERS:
        number = "DOUBLE" if other == "real" else "DECIMAL(38,9)"
        return raw("TRY_CAST((", node, f" ->> '$') AS {number})")
    return node


def _orderly(node: ir.Expr, kind: str | None) -> ir.Expr:
    if kind == "real" and not isinstance(node, ir.Literal):
        return raw("nullif(", node, ", 'NaN'::DOUBLE)")
    return node
