"""`top-nested`: the top values of a column, within each of them those of another, and so on.

Source: "top-nested operator" of the Kusto documentation: for each level the column and its
aggregate, `aggregated_` and the column's name unless it is named.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from duckdb_kql import ir
from duckdb_kql.translate import quote_ident

from defender_emulator.hunting import tree
from defender_emulator.hunting.stages import (
    BEFORE,
    Columns,
    Input,
    Pending,
    Piece,
    listed,
    select,
)


@dataclass(frozen=True)
class Level:
    """One `top-nested N of column by aggregate`."""

    count: ir.Expr | None
    column: ir.NamedExpr
    aggregate: ir.NamedExpr
    ascending: bool


@dataclass(frozen=True)
class TopNested(Pending):
    """All levels."""

    keyword: ClassVar[str] = "top-nested"
    levels: tuple[Level, ...]

    def steps(self, before: Input) -> list[ir.Operator]:
        """Each row with its values' aggregates; the rows of the top ones; then one of each."""
        steps: list[ir.Operator] = []
        columns, keys, shown = list(before.columns), [], []
        for n, level in enumerate(self.levels):
            key, total, rank = (f"*{word}{n}*" for word in ("key", "total", "rank"))
            steps.append(ir.Extend((ir.NamedExpr(level.column.expr, key),)))
            columns.append(key)
            keys.append(key)
            steps.append(_Totals(level.aggregate, (*keys,), total, (*columns,)))
            columns.append(total)
            if level.count is not None:
                steps.append(_ranked(keys, total, rank, columns, ascending=level.ascending))
                steps.append(_best(rank, level.count, columns))
            name = level.column.name or _column_name(level.column.expr, n)
            shown += [(key, name), (total, level.aggregate.name or f"aggregated_{name}")]
        named = tuple(ir.NamedExpr(ir.ColumnRef(held), name) for held, name in shown)
        return [*steps, ir.Distinct(named)]


def _column_name(column: ir.Expr, n: int) -> str:
    return column.name if isinstance(column, ir.ColumnRef) else f"Column{n + 1}"


@dataclass(frozen=True)
class _Totals(Pending):
    """The aggregate of all rows with the same keys, beside each row."""

    keyword: ClassVar[str] = "top-nested"
    aggregate: ir.NamedExpr
    keys: tuple[str, ...]
    total: str
    columns: tuple[str, ...]

    def steps(self, before: Input) -> list[ir.Operator]:
        """A join of the rows with their sums."""
        on = " AND ".join(
            f"t.{quote_ident(k)} IS NOT DISTINCT FROM r.{quote_ident(k)}" for k in self.keys
        )
        value = ir.FunctionCall("*aggregate*", (self.aggregate.expr,))
        pieces: list[Piece] = [
            f"SELECT {listed(before.columns, 'r.')}, t.{quote_ident(self.total)} FROM ", BEFORE,  # noqa: S608 - quoted names
            f" AS r JOIN (SELECT {listed(self.keys)}, ", value, f" AS {quote_ident(self.total)} FROM ",
            BEFORE, f" GROUP BY {listed(self.keys)}) AS t ON {on}",
        ]  # fmt: skip
        return [select(*pieces, columns=[*before.columns, self.total])]


def _ranked(
    keys: Columns, total: str, rank: str, columns: Columns, *, ascending: bool
) -> ir.Operator:
    *around, _ = keys
    partition = f"PARTITION BY {listed(around)} " if around else ""
    order = (
        f"{quote_ident(total)} {'ASC' if ascending else 'DESC'} NULLS LAST, {quote_ident(keys[-1])}"
    )
    return select(
        f"SELECT {listed(columns)}, dense_rank() OVER ({partition}ORDER BY {order}) AS ",
        f"{quote_ident(rank)} FROM ", BEFORE, columns=[*columns, rank],
    )  # fmt: skip


def _best(rank: str, count: ir.Expr, columns: Columns) -> ir.Operator:
    return select(
        f"SELECT {listed(columns)} FROM ", BEFORE, f" WHERE {quote_ident(rank)} <= ", count,  # noqa: S608 - quoted names
        columns=columns,
    )  # fmt: skip


def _top_nested(_node: Any, kids: list[Any]) -> Any:
    parts = [kid for kid in kids if tree.kind_of(kid) == "TopNestedOperatorPart"]
    return TopNested(tuple(_level(part) for part in parts))


def _one_level(node: Any, _kids: list[Any]) -> Any:
    return TopNested((_level(node),))


def _level(part: Any) -> Level:
    rules = tree.rules_in(part)
    if tree.first(rules, "TopNestedOperatorWithOthersClause") is not None:
        raise tree.refused(part, "'top-nested' with others")
    ordered = tree.collapsed(rules[-1])
    value = tree.rules_in(ordered)[0] if tree.kind_of(ordered) == "OrderedExpression" else ordered
    count = tree.expression(rules[0]) if len(rules) == 3 else None
    ascending = ordered.getText().lower().endswith(("asc", "ascending"))
    return Level(count, tree.named(rules[-2]), tree.named(value), ascending)


LOWERED = {"TopNestedOperator": _top_nested, "TopNestedOperatorPart": _one_level}
