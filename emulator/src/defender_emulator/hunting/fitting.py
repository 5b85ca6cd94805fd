"""What an expression means where that depends on the types of columns.

The translator has no types of columns; where they are known, it is told here what it cannot see.
"""

import dataclasses
from typing import Any

from duckdb_kql import ir

from defender_emulator.hunting.arithmetic import beside
from defender_emulator.hunting.kinds_known import AS_TYPE, CHOOSING, TIMES, chosen_places, type_of
from defender_emulator.hunting.stages import raw

Types = dict[str, str]
_OF_TIMES = {
    ("sum", "timespan"): "*sum_span*", ("sumif", "timespan"): "*sumif_span*",
    ("avg", "timespan"): "*avg_span*", ("avgif", "timespan"): "*avgif_span*",
    ("avg", "datetime"): "*avg_moment*", ("avgif", "datetime"): "*avgif_moment*",
}  # fmt: skip
_SUMS = frozenset(name for name, _ in _OF_TIMES)
GATHERING = frozenset(
    {
        *_SUMS,
        "make_list",
        "make_set",
        "make_list_if",
        "make_set_if",
        "make_list_with_nulls",
        "range",
    }
)
"""Functions that gather values, which must know whether these are times."""
NAMES = frozenset(
    {
        *CHOOSING,
        *GATHERING,
        "abs",
        "bin",
        "bin_at",
        "ceiling",
        "floor",
        "percentile",
        "round",
        "tohex",
    }
)
"""Functions that `fitted` has something to say about."""


def sorted_by(key: ir.SortKey, types: Types) -> list[ir.SortKey]:
    """The keys that a key stands for: what is no number stands with the nulls, inside of them."""
    if type_of(key.expr, types) != "real":
        return [key]
    first = key.ascending if key.nulls_first is None else key.nulls_first
    place = raw(
        "CASE WHEN ", key.expr, " IS NULL THEN 0 WHEN isnan(", key.expr, ") THEN 1 ELSE 2 END"
    )
    return [ir.SortKey(place, ascending=first), key]


def _ticks(node: ir.Expr, kind: str | None) -> ir.Expr:
    return raw("epoch_us(", node, ")") if kind == "timespan" else node


def fitted(node: Any, types: Types) -> Any:
    """A node as the types of columns make it."""
    if isinstance(node, ir.Between):
        return _between(node, types)
    if node.name in CHOOSING:
        return _choice(node, types)
    if node.name in GATHERING:
        return _gathered(node, types)
    return _of_numbers(node, types)


def _of_numbers(node: ir.FunctionCall, types: Types) -> ir.Expr:
    kind = type_of(node.args[0], types) if node.args else None
    two = len(node.args) == 2
    if node.name == "round" and two:
        return dataclasses.replace(node, name="*round*")
    if node.name in ("bin", "floor") and two and _is_negative(node.args[1]):
        return raw(f"CAST(NULL AS {'BIGINT' if kind in ('int', 'long') else 'DOUBLE'})")
    if kind in ("int", "long"):
        return _of_whole(node, str(kind), types)
    return _of_span(node) if kind == "timespan" else node


def _is_negative(node: ir.Expr) -> bool:
    """Whether a constant number is below nought."""
    minus = isinstance(node, ir.UnaryOp) and node.op == "-"
    value = getattr(node.operand if isinstance(node, ir.UnaryOp) else node, "value", None)
    return isinstance(value, int | float) and (value > 0 if minus else value < 0)


def _of_whole(node: ir.FunctionCall, kind: str, types: Types) -> ir.Expr:
    """A whole number stays one."""
    if node.name in ("ceiling", "bin_at"):
        return _whole(node, kind, types)
    if node.name == "percentile" and kind == "int":
        return dataclasses.replace(node, name="*percentile_long*")
    if node.name == "tohex" and kind == "int":
        return dataclasses.replace(node, name="*tohex_int*")
    return node.args[0] if node.name == "round" and len(node.args) == 1 else node


def _whole(node: ir.FunctionCall, kind: str, types: Types) -> ir.Expr:
    """What stays a whole number if all of it are."""
    if any(type_of(argument, types) not in ("int", "long") for argument in node.args):
        return node
    if node.name == "bin_at":
        return ir.FunctionCall("tolong", (dataclasses.replace(node, name="*bin_at*"),))
    return ir.FunctionCall("toint" if kind == "int" else "tolong", (node,))


def _between(node: ir.Between, types: Types) -> ir.Between:
    low, high = type_of(node.low, types), type_of(node.high, types)
    node = dataclasses.replace(node, value=beside(node.value, type_of(node.value, types), low))
    if (low, high) == ("datetime", "timespan"):
        return dataclasses.replace(node, high=ir.BinaryOp("+", node.low, node.high))
    return node


def _gathered(node: ir.FunctionCall, types: Types) -> ir.Expr:
    """Times become the texts that they are in a dynamic value; sums are of ticks."""
    kind = type_of(node.args[0], types) if node.args else None
    if kind is None:
        return _untold(node)
    if kind not in TIMES:
        return dataclasses.replace(node, name=_plain_name(node.name, kind))
    if node.name in _SUMS:
        return dataclasses.replace(node, name=_OF_TIMES.get((node.name, kind), node.name))
    if node.name == "range":
        series: list[ir.Expr | str] = ["to_json(list_transform(generate_series("]
        return raw(*series, *_listed(node.args), "), lambda _x: kql_cell(_x)))")
    return dataclasses.replace(node, args=(_as_text(node), *node.args[1:]))


def _untold(node: ir.FunctionCall) -> ir.Expr:
    """Values of a type that is not known: the database finds the times among them."""
    if node.name in _SUMS or node.name == "range" or not node.args:
        return node
    value = node.args[0]
    cell = raw("CASE WHEN ", value, " IS NOT NULL THEN kql_cell(", value, ") END", kind="dynamic")
    return dataclasses.replace(node, args=(cell, *node.args[1:]))


def _plain_name(name: str, kind: str) -> str:
    if name == "make_set" and kind != "dynamic":
        return "*set_plain*"
    return "*sum_long*" if name == "sum" and kind in ("int", "long") else name


def _as_text(node: ir.FunctionCall) -> ir.Expr:
    text = ir.FunctionCall("tostring", node.args[:1])
    if node.name == "make_list_with_nulls":
        return raw("kql_cell(", node.args[0], ")", kind="dynamic")
    return ir.FunctionCall("iff", (ir.FunctionCall("isnull", node.args[:1]), raw("NULL"), text))


def _listed(arguments: tuple[ir.Expr, ...]) -> list[ir.Expr | str]:
    made: list[ir.Expr | str] = []
    for argument in arguments:
        made += [", ", argument] if made else [argument]
    return made


def _of_span(node: ir.FunctionCall) -> ir.Expr:
    if node.name != "abs":
        return _binned_span(node)
    negative = ir.BinaryOp("<", node.args[0], ir.Literal("0s", "timespan"))
    return ir.FunctionCall("iff", (negative, ir.UnaryOp("-", node.args[0]), node.args[0]))


def _binned_span(node: ir.FunctionCall) -> ir.Expr:
    if len(node.args) != 2:
        return node
    value, size = node.args
    return raw("to_microseconds(kql_below(epoch_us(", value, "), epoch_us(", size, ")))")


def _choice(node: ir.FunctionCall, types: Types) -> ir.FunctionCall:
    """Between a dynamic value and one of a type, the type counts."""
    arguments = list(node.args)
    places = chosen_places(node.name, len(arguments))
    kinds = {n: type_of(arguments[n], types) for n in places}
    wanted = {kind for kind in kinds.values() if kind not in ("dynamic", None)}
    if len(wanted) != 1 or "dynamic" not in kinds.values():
        return node
    made = AS_TYPE[str(wanted.pop())]
    for n, kind in kinds.items():
        if kind == "dynamic":
            arguments[n] = ir.FunctionCall(made, (arguments[n],))
    return dataclasses.replace(node, args=tuple(arguments))
