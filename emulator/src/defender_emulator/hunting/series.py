"""`make-series`: aggregates over even steps of an axis, gathered into arrays.

Source: "make-series operator" of the Kusto documentation. The columns are the keys, the arrays of
the aggregates, and the array of the axis. A step begins at `from`; without it, at the first value
of the series rounded down to a whole step. `to` is outside, the end of `in range` inside.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

from duckdb_kql import ir
from duckdb_kql.translate import quote_ident, summarize_names

from defender_emulator.hunting import tree
from defender_emulator.hunting.kinds_known import type_of
from defender_emulator.hunting.refusals import semantic_error
from defender_emulator.hunting.stages import (
    BEFORE,
    Columns,
    Input,
    Pending,
    Piece,
    fresh,
    listed,
    raw,
    select,
)


@dataclass(frozen=True)
class Axis:
    """The column, where it begins and ends, and the step."""

    column: ir.NamedExpr
    step: ir.Expr
    first: ir.Expr | None
    last: ir.Expr | None
    last_inside: bool = False
    of_spans: bool = False
    """Whether the axis is one of timespans."""


@dataclass(frozen=True)
class MakeSeries(Pending):
    """`make-series n = count() default = 0 on Timestamp from a to b step 1h by Key`."""

    keyword: ClassVar[str] = "make-series"
    aggregates: tuple[ir.NamedExpr, ...]
    defaults: tuple[ir.Expr | None, ...]
    axis: Axis
    by: tuple[ir.NamedExpr, ...]
    nonempty: bool

    def steps(self, before: Input) -> list[ir.Operator]:
        """The rows in range, summed up by key and step, then the steps gathered."""
        if type_of(self.axis.column.expr, before.types()) == "timespan" and not self.axis.of_spans:
            of_spans = dataclasses.replace(self.axis, of_spans=True)
            return dataclasses.replace(self, axis=of_spans).steps(before)
        taken = list(before.columns)
        value, step = fresh("axis", taken), fresh("step", taken)
        axis = ir.ColumnRef(value)
        made: list[ir.Operator] = [ir.Extend((ir.NamedExpr(self._place(), value),))]
        if self.axis.last_inside:
            made.append(ir.Where(self._on_a_step(axis)))
        if self.axis.first is not None:
            made.append(ir.Where(ir.BinaryOp(">=", axis, self.axis.first)))
        if self.axis.last is not None:
            compare = "<=" if self.axis.last_inside else "<"
            made.append(ir.Where(ir.BinaryOp(compare, axis, self.axis.last)))
        number = ir.NamedExpr(self._number(axis), step)
        plain = ir.Summarize(self.aggregates, self.by)
        keys, several = summarize_names(plain, before.columns)
        names = [name for made_names in several for name in made_names]
        if len(names) != len(self.aggregates):
            raise semantic_error("'make-series' operator: this aggregate gives several columns")
        named_keys = tuple(ir.NamedExpr(k.expr, n) for k, n in zip(self.by, keys, strict=True))
        aggregates = tuple(
            ir.NamedExpr(a.expr, n) for a, n in zip(self.aggregates, names, strict=True)
        )
        return [
            *made,
            ir.Summarize(aggregates, (*named_keys, number)),
            self._gather(keys, names, step),
        ]

    def _place(self) -> ir.Expr:
        """The value on the axis; `in range` counts it where `bin` puts it."""
        value, step = self.axis.column.expr, self.axis.step
        if not self.axis.last_inside:
            return value
        if not _is_span(step):
            return ir.FunctionCall("bin", (value, step))
        made = "to_microseconds" if self.axis.of_spans else "make_timestamp"
        return raw(f"{made}(kql_below(epoch_us(", value, "), epoch_us(", step, ")))")

    def _on_a_step(self, axis: ir.Expr) -> ir.Expr:
        span = _is_span(self.axis.step)
        first, size = _count(_origin(self.axis), span=span), _count(self.axis.step, span=span)
        return raw("(", _count(axis, span=span), " - ", first, ") % ", size, " = 0")

    def _number(self, axis: ir.Expr) -> ir.Expr:
        """How many steps a value is from the start, or from nought."""
        origin = _origin(self.axis)
        span = _is_span(self.axis.step)
        count, start = _count(axis, span=span), _count(origin, span=span)
        size = _count(self.axis.step, span=span)
        if span:
            from_start = raw(count, " - ", start)
            return raw("kql_below(", from_start, ", ", size, ") // ", size)
        return raw("CAST(floor((", count, " - ", start, ") / ", size, ") AS BIGINT)")

    def _gather(self, keys: Columns, names: Columns, step: str) -> ir.Operator:
        grouped, number = listed(keys), quote_ident(step)
        first: list[Piece] = (
            ["CAST(0 AS BIGINT)"] if self.axis.first is not None else [f"min({number})"]
        )
        last: list[Piece] = [f"max({number})"]
        if self.axis.last is not None:
            last = ["CAST(", *self._last_number(), " AS BIGINT)"]
        group = f" GROUP BY {grouped}" if keys else ""
        on = " AND ".join(
            [f"a.{quote_ident(k)} IS NOT DISTINCT FROM s.{quote_ident(k)}" for k in keys]
            + [f"a.{number} = s.n"]
        )
        pieces: list[Piece] = [f"SELECT {listed(keys, 's.')}{', ' if keys else ''}"]
        for name, default in zip(names, self.defaults, strict=True):
            column = f"a.{quote_ident(name)}"
            pieces += [
                "to_json(list(CASE WHEN a.", number, " IS NULL THEN kql_cell(", default or ir.Literal(0, "long"),
                f") ELSE kql_cell({column}) END ORDER BY s.n)) AS {quote_ident(name)}, ",
            ]  # fmt: skip
        pieces += [
            *self._axis_list(),
            f" FROM (SELECT {grouped}{', ' if keys else ''}unnest(range(",
        ]
        pieces += [*first, ", kql_steps(", *first, ", ", *last, ") + 1)) AS n FROM "]
        empty = self.nonempty and not keys and self.axis.first is not None
        pieces += ["(SELECT 1)" if empty and self.axis.last is not None else BEFORE]
        pieces += ["" if empty and self.axis.last is not None else group or " HAVING count(*) > 0"]
        pieces += [") AS s LEFT JOIN ", BEFORE, f" AS a ON {on}"]
        pieces += [f" GROUP BY {listed(keys, 's.')}" if keys else " HAVING count(*) > 0"]
        return select(*pieces, columns=[*keys, *names, self._axis_name()])

    def _axis_name(self) -> str:
        column = self.axis.column
        if column.name:
            return column.name
        return column.expr.name if isinstance(column.expr, ir.ColumnRef) else "Column1"

    def _last_number(self) -> list[Piece]:
        assert self.axis.last is not None  # noqa: S101 - asked for only then
        span = _is_span(self.axis.step)
        last, first = _count(self.axis.last, span=span), _count(_origin(self.axis), span=span)
        steps: list[Piece] = ["(", last, " - ", first, ") / ", _count(self.axis.step, span=span)]
        return ["floor(", *steps, ")"] if self.axis.last_inside else ["ceil(", *steps, ") - 1"]

    def _axis_list(self) -> list[Piece]:
        step, origin = self.axis.step, _origin(self.axis)
        if _is_span(step):
            first, size = _count(origin, span=True), _count(step, span=True)
            made, shown = ("make_timestamp", "kql_text")
            if self.axis.of_spans:
                made, shown = ("to_microseconds", "kql_span_text")
            text: list[Piece] = [f"{shown}({made}(CAST(", first, " + s.n * ", size, " AS BIGINT)))"]
        else:
            text = ["(", origin, " + s.n * ", step, ")"]
        return ["to_json(list(", *text, f" ORDER BY s.n)) AS {quote_ident(self._axis_name())}"]


def _is_span(step: ir.Expr) -> bool:
    if isinstance(step, ir.Literal):
        return step.kind == "timespan"
    if isinstance(step, ir.BinaryOp):
        return _is_span(step.left) or _is_span(step.right)
    return isinstance(step, ir.FunctionCall) and step.name in ("totimespan", "timespan", "time")


def _origin(axis: Axis) -> ir.Expr:
    if axis.first is not None:
        return axis.first
    if _is_span(axis.step):
        return (
            ir.Literal("0s", "timespan") if axis.of_spans else ir.Literal("1970-01-01", "datetime")
        )
    return ir.Literal(0, "long")


def _count(value: ir.Expr, *, span: bool) -> ir.Expr:
    """A moment or a span as ticks, a number as itself."""
    return raw("epoch_us(", value, ")") if span else value


def _series(node: Any, kids: list[Any]) -> Any:
    kinds = {tree.kind_of(k): k for k in kids}
    given = tree.parameters(kids)
    skipped = (
        *tree.PARAMETERS, "MakeSeriesOperatorOnClause", "MakeSeriesOperatorFromToStepClause",
        "MakeSeriesOperatorInRangeClause", "MakeSeriesOperatorByClause",
    )  # fmt: skip
    aggregates: list[ir.NamedExpr] = []
    defaults: list[ir.Expr | None] = []
    for kid in tree.without(kids, *skipped):
        aggregate, default = _aggregate(kid)
        aggregates.append(aggregate)
        defaults.append(default)
    by = kinds.get("MakeSeriesOperatorByClause")
    keys = tuple(tree.named(k) for k in tree.rules_in(by)) if by is not None else ()
    axis = _axis(node, kinds)
    nonempty = given.get("kind", "").lower() == "nonempty"
    return MakeSeries(tuple(aggregates), tuple(defaults), axis, keys, nonempty)


def _aggregate(node: Any) -> tuple[ir.NamedExpr, ir.Expr | None]:
    node = tree.collapsed(node)
    if tree.kind_of(node) != "MakeSeriesOperatorAggregation":
        return tree.named(node), None
    value, *clauses = tree.rules_in(node)
    default = tree.first(clauses, "MakeSeriesOperatorExpressionDefaultClause")
    found = tree.expression(tree.rules_in(default)[-1]) if default is not None else None
    return tree.named(value), found


def _axis(node: Any, kinds: dict[str, Any]) -> Axis:
    column = tree.named(tree.rules_in(kinds["MakeSeriesOperatorOnClause"])[0])
    between = kinds.get("MakeSeriesOperatorInRangeClause")
    if between is not None:
        first, last, step = (tree.expression(k) for k in tree.rules_in(between))
        return Axis(column, step, first, last, last_inside=True)
    clause = kinds.get("MakeSeriesOperatorFromToStepClause")
    if clause is None:
        raise tree.refused(node, "'make-series' without a step")
    words = [c.getText().lower() for c in clause.children if not hasattr(c, "children")]
    parts = dict(zip(words, [tree.expression(k) for k in tree.rules_in(clause)], strict=False))
    return Axis(column, parts["step"], parts.get("from"), parts.get("to"))


LOWERED = {"MakeSeriesOperator": _series}
