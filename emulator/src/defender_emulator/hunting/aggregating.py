"""`summarize` with aggregates of several columns, written as aggregates of one column each."""

import dataclasses
from collections.abc import Iterator

from duckdb_kql import ir
from duckdb_kql.translate import summarize_names

from defender_emulator.hunting.calls import RENAMED
from defender_emulator.hunting.refusals import semantic_error
from defender_emulator.hunting.spelling import nodes
from defender_emulator.hunting.stages import Columns, Several

Renames = tuple[tuple[str, str], ...]


def expanded(operator: ir.Summarize, columns: Columns) -> tuple[ir.Summarize, Renames]:
    """The operator with one column for each aggregate, named as the language names it.

    And the columns that are called otherwise: as the query says of an aggregate of several columns, or
    as `argmax`, the old name of `arg_max`, calls them.
    """
    keys = {key.expr.name for key in operator.by if isinstance(key.expr, ir.ColumnRef)}
    rest = [column for column in columns if column not in keys]
    groups = [(agg, list(_spread(agg, rest))) for agg in operator.aggregates]
    spread = tuple(_renamed(agg) for _, made in groups for agg in made)
    named = _named(ir.Summarize(spread, operator.by), columns)
    return named, tuple(_renames(named, groups, columns))


def _renames(
    made: ir.Summarize, groups: list[tuple[ir.NamedExpr, list[ir.NamedExpr]]], columns: Columns
) -> Iterator[tuple[str, str]]:
    if not any(isinstance(agg, Several) or _is_old(agg) for agg, _ in groups):
        return
    each = iter(summarize_names(made, columns)[1])
    for agg, spread in groups:
        names = [name for _ in spread for name in next(each)]
        wanted = agg.names if isinstance(agg, Several) else _old_names(agg, spread)
        yield from (pair for pair in zip(names, wanted, strict=False) if pair[0] != pair[1])


_FINDING_WORDS = "min max take_any any minif maxif take_anyif anyif arg_max arg_min argmax argmin"
_FINDING = frozenset(_FINDING_WORDS.split())


def may_find_none(agg: ir.NamedExpr) -> bool:
    """Whether an aggregate picks a value, and may find none."""
    return any(
        isinstance(node, ir.FunctionCall) and node.name in _FINDING for node in nodes(agg.expr)
    )


def _is_old(agg: ir.NamedExpr) -> bool:
    old = isinstance(agg.expr, ir.FunctionCall) and agg.expr.name in ("argmax", "argmin")
    return old and agg.name is None


def _old_names(agg: ir.NamedExpr, made: list[ir.NamedExpr]) -> Iterator[str]:
    """`max_x`, `max_x_y`, ... of `argmax(x, y, ...)`."""
    call = made[0].expr
    if not _is_old(agg) or not isinstance(call, ir.FunctionCall):
        return
    columns = [getattr(argument, "name", "") for argument in call.args]
    first = f"{getattr(agg.expr, 'name', '').removeprefix('arg')}_{columns[0]}"
    yield first
    yield from (f"{first}_{column}" for column in columns[1:])


def _renamed(agg: ir.NamedExpr) -> ir.NamedExpr:
    made = agg.expr
    if isinstance(made, ir.FunctionCall) and made.name in RENAMED:
        return ir.NamedExpr(dataclasses.replace(made, name=RENAMED[made.name]), agg.name)
    return agg


def _spread(agg: ir.NamedExpr, columns: Columns) -> Iterator[ir.NamedExpr]:
    made = agg.expr
    if not isinstance(made, ir.FunctionCall):
        yield agg
    elif made.args and isinstance(made.args[-1], ir.Wildcard):
        yield from _of_star(agg, made, columns)
    elif made.name == "take_any" and len(made.args) > 1:
        for n, argument in enumerate(made.args):
            yield ir.NamedExpr(ir.FunctionCall("take_any", (argument,)), None if n else agg.name)
    elif made.name == "percentiles":
        yield from _percentiles(agg, made)
    elif made.name == "percentiles_array":
        yield ir.NamedExpr(_percentile_list(made), agg.name or _array_name(made))
    else:
        yield agg


def _of_star(agg: ir.NamedExpr, made: ir.FunctionCall, columns: Columns) -> Iterator[ir.NamedExpr]:
    if made.name in ("take_any", "any") and len(made.args) == 1:
        for column in columns:
            yield ir.NamedExpr(ir.FunctionCall("take_any", (ir.ColumnRef(column),)), column)
    elif made.name in _ARG_MAX and len(made.args) == 2:
        yield _of_all(agg, made, columns)
    else:
        yield agg


_ARG_MAX = ("arg_max", "arg_min", "argmax", "argmin")


def _of_all(agg: ir.NamedExpr, made: ir.FunctionCall, columns: Columns) -> ir.NamedExpr:
    """`arg_max(x, *)`: all columns but x and the keys that are columns themselves."""
    value = made.args[0]
    itself = value.name if isinstance(value, ir.ColumnRef) else None
    others = tuple(ir.ColumnRef(column) for column in columns if column != itself)
    if others or itself is None:
        return dataclasses.replace(agg, expr=dataclasses.replace(made, args=(value, *others)))
    name = made.name.removeprefix("arg_").removeprefix("arg")
    return ir.NamedExpr(ir.FunctionCall(name, (value,)), agg.name or itself)


def _percentiles(agg: ir.NamedExpr, made: ir.FunctionCall) -> Iterator[ir.NamedExpr]:
    value, *which = made.args
    if not which:
        raise semantic_error("percentiles(): function expects at least 2 argument(s)")
    for n, percent in enumerate(which):
        single = ir.FunctionCall("percentile", (value, percent))
        yield ir.NamedExpr(single, agg.name if n == 0 else None)


def _percentile_list(made: ir.FunctionCall) -> ir.Expr:
    value, *which = made.args
    return ir.FunctionCall(
        "pack_array", tuple(ir.FunctionCall("percentile", (value, percent)) for percent in which)
    )


def _array_name(made: ir.FunctionCall) -> str:
    value = made.args[0] if made.args else None
    return f"percentiles_{value.name if isinstance(value, ir.ColumnRef) else ''}"


def _named(operator: ir.Summarize, columns: Columns) -> ir.Summarize:
    """The names that aggregates and keys have as written, whatever they are written as later."""
    keys, several = summarize_names(operator, columns)
    aggregates = [
        ir.NamedExpr(agg.expr, _counted(agg) or names[0]) if len(names) == 1 else agg
        for agg, names in zip(operator.aggregates, several, strict=True)
    ]
    by = [ir.NamedExpr(key.expr, name) for key, name in zip(operator.by, keys, strict=True)]
    return ir.Summarize(tuple(aggregates), tuple(by))


def _counted(agg: ir.NamedExpr) -> str | None:
    """`countif(b)` of a column is named after it, which the translator does not know."""
    call = agg.expr
    if agg.name or not isinstance(call, ir.FunctionCall) or call.name != "countif":
        return None
    column = call.args[0] if call.args else None
    return f"countif_{column.name}" if isinstance(column, ir.ColumnRef) else None
