"""Operators over values of types that do not fit, refused in Microsoft's words.

The pairs that fit were read off Microsoft's own language service; `==` between a text and a number
passes it, and is refused by the service itself. Only types that are known without asking the
tables are looked at; others are left to the database.
"""

from collections.abc import Iterable

from duckdb_kql import ir

from defender_emulator.hunting import takes
from defender_emulator.hunting.kinds_known import TIMES, chosen_places, type_of
from defender_emulator.hunting.refusals import (
    QueryRefused,
    already_declared,
    not_supported,
    semantic_error,
)

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
    if node.op in _ARITHMETIC and "decimal" in (left, right):
        _check_decimals(node.op, left, right)
    fits = next((fit for ops, fit in _FITTING if node.op in ops), None)
    text = is_of_text(node.op) and not {left, right} <= {"string", "dynamic"}
    if text or (fits is not None and not fits(left, right)):
        raise _undefined(node.op, left, right)


def _ordered(left: str, right: str) -> bool:
    """A guid has no order, and a dynamic value none beside a time or another one."""
    if "guid" in (left, right) or left == right == "dynamic":
        return False
    if "dynamic" in (left, right):
        return {left, right}.isdisjoint(TIMES)
    return "string" not in (left, right) and _comparable(left, right)


def _calculable(left: str, right: str) -> bool:
    mixed = "dynamic" in (left, right) and not {left, right} & set(TIMES)
    return not mixed and {left, right}.isdisjoint({"string", "bool", "guid"})


def _multipliable(left: str, right: str) -> bool:
    return _calculable(left, right) and not left == right == "timespan"


def _logical(left: str, right: str) -> bool:
    return {left, right}.isdisjoint(_NUMBERS - {"bool"})


_FITTING = (
    (_ORDERED, _ordered),
    (("*",), _multipliable),
    (_ARITHMETIC, _calculable),
    (("and", "or"), _logical),
)


def _check_decimals(op: str, left: str, right: str) -> None:
    """Raise `QueryRefused` for what would be calculated with reals."""
    if op == "/" or "real" in (left, right):
        raise not_supported(f"the operator '{op}' of a {left} and a {right} is not supported")


def check_between(node: ir.Between, types: Types) -> None:
    """Raise `QueryRefused` for a range of what has none, or of another type than the value."""
    kinds = [type_of(part, types) for part in (node.value, node.low, node.high)]
    moment = kinds[0] == "dynamic" and not {*kinds}.isdisjoint(TIMES)
    if moment or not {*kinds}.isdisjoint({"string", "bool", "guid"}) or kinds[1] == "dynamic":
        told = ", ".join(str(kind) for kind in kinds[:2])
        raise semantic_error(
            f"The operator 'between' is not defined for the operand types {told} and {kinds[2]}"
        )


def check_names(names: Iterable[str]) -> None:
    """Raise `QueryRefused` where two columns have one name."""
    seen = set()
    for name in names:
        if name in seen:
            raise already_declared(name)
        seen.add(name)


def check_list(node: ir.InList | ir.HasList, types: Types) -> None:
    """Raise `QueryRefused` for a time among texts, which the database would read as it likes."""
    kind = type_of(node.value, types)
    items = {type_of(item, types) for item in node.items} - {None, "dynamic"}
    other = next((item for item in items if kind and not _comparable(kind, str(item))), None)
    if other and isinstance(node, ir.InList):
        raise semantic_error(
            f"Cannot compare values of types {kind} and {other}. Try adding explicit casts"
        )
    if kind in TIMES and isinstance(node, ir.HasList):
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
    own = (getattr(key.expr, "name", "").startswith("*") for key in keys)
    kinds = (type_of(key.expr, types) for key in keys)
    if any(kind == "dynamic" and not ours for kind, ours in zip(kinds, own, strict=True)):
        raise semantic_error(
            "The expression to sort by is of type dynamic, which has no order. Try adding explicit casts"
        )


def check_path(node: ir.PathAccess, types: Types) -> None:
    """Raise `QueryRefused` for a path into what holds nothing, such as a text that is not parsed."""
    kind = type_of(node.base, types)
    if kind not in ("dynamic", None):
        raise semantic_error(
            f"A path expression must be of type dynamic, not {kind}. Try parse_json() for a text"
        )


def check_groups(keys: Iterable[ir.NamedExpr], types: Types) -> None:
    """Raise `QueryRefused` for rows grouped by a dynamic value."""
    for key in keys:
        name = str(key.name or getattr(key.expr, "name", ""))
        if type_of(key.expr, types) == "dynamic" and not name.startswith("*"):
            raise semantic_error(
                f"Summarize group key '{name}' is of a 'dynamic' type. Please use an explicit cast"
            )


def check_join(keys: Iterable[ir.JoinKey], left: Types, right: Types) -> None:
    """Raise `QueryRefused` for keys of a join whose types differ, or that are dynamic."""
    for key in keys:
        kinds = left.get(key.left), right.get(key.right)
        if "dynamic" in kinds:
            raise semantic_error("Join keys cannot be dynamic. Please use an explicit cast")
        whole = key.left != key.right and {*kinds} == {"int", "long"}
        if None not in kinds and kinds[0] != kinds[1] and not whole:
            raise semantic_error(f"Inconsistent data types for join keys: ({kinds[0]}, {kinds[1]})")


def check_call(node: ir.FunctionCall, types: Types) -> None:
    """Raise `QueryRefused` for an argument of a type that the function does not take."""
    kinds = [type_of(argument, types) for argument in node.args]
    _check_taken(node.name, kinds)
    if node.name in _TAKE_TIMES or node.name.startswith(("startof", "endof", "row_", "*")):
        return
    for n, kind in enumerate(kinds, 1):
        if kind in TIMES:
            raise _not_taken(node.name, n, str(kind))


def _check_taken(name: str, kinds: list[str | None]) -> None:
    never, first = takes.ANY.get(name, _NOTHING), takes.FIRST.get(name, _NOTHING)
    for n, kind in enumerate(kinds, 1):
        if kind in never or (n == 1 and kind in first):
            raise _not_taken(name, n, str(kind))
    if "decimal" in kinds and (name in takes.NO_DECIMALS or (name in _CHOICES and "real" in kinds)):
        raise not_supported(f"'{name}' of a decimal is not supported")
    chosen = {kinds[at] for at in chosen_places(name, len(kinds))}
    if name not in _ALIKE and "bool" in chosen and chosen & (_NUMBERS - {"bool"}):
        raise not_supported(f"'{name}' between a bool and a number is not supported")
    told = {kind for kind in kinds if kind}
    if name in _ALIKE and len(told) > 1 and not told <= _NUMBERS - {"bool"}:
        raise semantic_error(
            f"{name}(): arguments of the types {', '.join(sorted(told))} do not fit"
        )


_ALIKE = ("coalesce", "max_of", "min_of")
_CHOICES = ("iff", "iif", "case", "coalesce", "max_of", "min_of")
_NOTHING: frozenset[str] = frozenset()


def _not_taken(name: str, n: int, kind: str) -> QueryRefused:
    why = "which it does not take"
    if kind == "dynamic":
        why = "which it does not take. Try adding explicit casts"
    return semantic_error(f"{name}(): argument #{n} is of type {kind}, {why}")


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


def is_of_text(op: str) -> bool:
    """Whether an operator compares texts."""
    word = op.removeprefix("!").removesuffix("_cs")
    return word in (
        "has", "contains", "startswith", "endswith", "hasprefix", "hassuffix", "matches regex",
        "=~", "~",
    )  # fmt: skip


def _undefined(op: str, left: str, right: str) -> QueryRefused:
    return semantic_error(
        f"The operator '{op}' is not defined for the operand types {left} and {right}"
    )
