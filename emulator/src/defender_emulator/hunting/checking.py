"""Operators over values of types that do not fit, refused in Microsoft's words.

The pairs that fit were read off Microsoft's own language service; `==` between a text and a number
passes it, and is refused by the service itself. Only types that are known without asking the
tables are looked at; others are left to the database.
"""

from duckdb_kql import ir

from defender_emulator.hunting.kinds_known import type_of
from defender_emulator.hunting.refusals import QueryRefused, semantic_error

Types = dict[str, str]
_NUMBERS = frozenset({"int", "long", "real", "decimal", "bool"})
_ORDERED = ("<", "<=", ">", ">=")
_EQUAL = ("==", "!=", "<>")
_ARITHMETIC = ("+", "-", "*", "/", "%")
_FREE = ("dynamic", "guid")


def check(node: ir.BinaryOp, types: Types) -> None:
    """Raise `QueryRefused` for an operator that is not defined for its operands."""
    left, right = type_of(node.left, types), type_of(node.right, types)
    if left is None or right is None:
        return
    if node.op in _EQUAL and left != right and not _comparable(left, right):
        raise semantic_error(
            f"Cannot compare values of types {left} and {right}. Try adding explicit casts"
        )
    if node.op in _ORDERED and "string" in (left, right) and "dynamic" not in (left, right):
        raise _undefined(node.op, left, right)
    if node.op in _ORDERED and not _comparable(left, right):
        raise _undefined(node.op, left, right)
    if node.op in _ARITHMETIC and not {left, right}.isdisjoint({"string", "bool", "guid"}):
        raise _undefined(node.op, left, right)
    if _is_of_text(node.op) and not {left, right} <= {"string", "dynamic"}:
        raise _undefined(node.op, left, right)


def _comparable(left: str, right: str) -> bool:
    if left in _FREE or right in _FREE:
        return True
    return left == right or {left, right} <= _NUMBERS


def _is_of_text(op: str) -> bool:
    word = op.removeprefix("!").removesuffix("_cs")
    return word in (
        "has", "contains", "startswith", "endswith", "hasprefix", "hassuffix", "matches regex",
        "=~", "~",
    )  # fmt: skip


def _undefined(op: str, left: str, right: str) -> QueryRefused:
    return semantic_error(
        f"The operator '{op}' is not defined for the operand types {left} and {right}"
    )
