"""Operators over values of types that do not fit, refused in Microsoft's words.

The pairs that fit were read off Microsoft's own language service; `==` between a text and a number
passes it, and is refused by the service itself. Only types that are known without asking the
tables are looked at; others are left to the database.
"""

from duckdb_kql import ir

from defender_emulator.hunting.kinds_known import TIMES, type_of
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
    mixed = "dynamic" in (left, right) and not {left, right} & set(TIMES)
    if node.op in _ARITHMETIC and mixed:
        raise _undefined(node.op, left, right)
    if node.op in _ARITHMETIC and not {left, right}.isdisjoint({"string", "bool", "guid"}):
        raise _undefined(node.op, left, right)
    if _is_of_text(node.op) and not {left, right} <= {"string", "dynamic"}:
        raise _undefined(node.op, left, right)


def check_list(node: ir.InList | ir.HasList, types: Types) -> None:
    """Raise `QueryRefused` for a time among texts, which the database would read as it likes."""
    kind = type_of(node.value, types)
    texts = {type_of(item, types) for item in node.items} & {"string"}
    if kind in TIMES and (isinstance(node, ir.HasList) or texts):
        raise semantic_error(
            f"Cannot compare values of types {kind} and string. Try adding explicit casts"
        )


def check_condition(node: ir.Expr, types: Types) -> None:
    """Raise `QueryRefused` for a condition that is a number or a text."""
    kind = type_of(node, types)
    if kind not in (None, "bool", "dynamic"):
        raise semantic_error(f"'where' operator: a condition is of type bool, not {kind}")


def check_keys(keys: tuple[ir.SortKey, ...], types: Types) -> None:
    """Raise `QueryRefused` for sorting by what has no order."""
    if any(type_of(key.expr, types) == "dynamic" for key in keys):
        raise semantic_error(
            "The expression to sort by is of type dynamic, which has no order. Try adding explicit casts"
        )


def check_call(node: ir.FunctionCall, types: Types) -> None:
    """Raise `QueryRefused` for a time given to a function that takes none."""
    ordering = node.name in ("max", "min", "maxif", "minif", "arg_max", "arg_min")
    if ordering and node.args and type_of(node.args[0], types) == "dynamic":
        raise semantic_error(
            f"{node.name}(): argument #1 is of type dynamic, which has no order. Try adding explicit casts"
        )
    if node.name in _TAKE_TIMES or node.name.startswith(("startof", "endof", "row_", "*")):
        return
    for n, argument in enumerate(node.args, 1):
        kind = type_of(argument, types)
        if kind in TIMES:
            raise semantic_error(
                f"{node.name}(): argument #{n} is of type {kind}, which it does not take"
            )


_TAKE_TIMES_TEXT = """
tostring isnull isnotnull isempty isnotempty notempty coalesce iff iif case pack pack_array
bag_pack pack_dictionary pack_all bag_pack_columns max_of min_of bin floor bin_at abs sign ago
now getyear getmonth monthofyear dayofmonth dayofyear dayofweek hourofday weekofyear
week_of_year datetime_add datetime_diff datetime_part datepart format_datetime format_timespan
tolong toint todouble toreal todecimal todatetime totimespan totime timespan strcat strcat_delim
hash_md5 hash_sha1 hash_sha256 hash_sha2_256 prev next range gettype around column_ifexists
columnifexists typeof min max avg sum count countif dcount dcountif dcount_if count_distinct
count_distinctif take_any any arg_max arg_min argmax argmin percentile percentiles
percentiles_array make_list make_set make_list_if make_set_if make_list_with_nulls minif maxif
sumif avgif take_anyif anyif make_timespan
"""
_TAKE_TIMES = frozenset(_TAKE_TIMES_TEXT.split())


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
