"""Window functions: `row_number`, `prev`, `next`, `row_cumsum`, `row_rank_dense`, `row_rank_min`.

Each call becomes a column that is computed before the operator, over rows numbered in their order.
Source: "Window functions overview" of the Kusto documentation: the rows must be serialized, and an
operator keeps them so or not.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from duckdb_kql import ir
from duckdb_kql.translate import quote_ident

from defender_emulator.hunting.kinds_known import type_of
from defender_emulator.hunting.refusals import semantic_error
from defender_emulator.hunting.repairs import named_as_written
from defender_emulator.hunting.spelling import nodes
from defender_emulator.hunting.stages import (
    BEFORE,
    Columns,
    Input,
    Pending,
    Piece,
    Stage,
    Types,
    fresh,
    listed,
    replaced,
    select,
)

Build = list[tuple[str, tuple[Piece, ...]]]
"""Columns to add, each with its SQL."""
_ORDERED = (ir.Sort, ir.Top, ir.GetSchema)
_KEEPING = (
    ir.Extend, ir.MvExpand, ir.Parse, ir.Project, ir.ProjectAway, ir.ProjectRename, ir.Take,
    ir.Where,
)  # fmt: skip
NAMES = ("row_number", "prev", "next", "row_cumsum", "row_rank_dense", "row_rank_min")
LOWERED: dict[str, Any] = {}


def serial_after(operator: ir.Operator, *, serial: bool) -> bool:
    """Whether the rows after an operator have an order that counts."""
    if isinstance(operator, Stage):
        return operator.orders
    return isinstance(operator, _ORDERED) or (serial and isinstance(operator, _KEEPING))


def calls_in(node: Any) -> list[ir.FunctionCall]:
    """The calls of window functions in a node that have no other such call in them."""
    calls = [n for n in nodes(node) if isinstance(n, ir.FunctionCall) and n.name in NAMES]
    known = {id(call) for call in calls}
    return [c for c in calls if not any(id(inner) in known for inner in nodes(c.args))]


@dataclass(frozen=True)
class Parted(Pending):
    """An operator with window functions within the parts that a column tells."""

    keyword: ClassVar[str] = "partition"
    operator: ir.Operator
    part: str

    def steps(self, before: Input) -> list[ir.Operator]:
        """The operator, with each part's rows by themselves."""
        made = windowed(self.operator, before, self.part)
        assert made is not None  # noqa: S101 - it has window functions
        return made


def windowed(
    operator: ir.Operator, before: Input, part: str | None = None
) -> list[ir.Operator] | None:
    """The operator with the columns that its window functions need; None where it has none.

    With a `part`, the functions see the rows of one value of that column only.
    """
    if isinstance(operator, Pending | Stage | ir.Join | ir.Lookup | ir.Union):
        return None
    calls = calls_in(operator)
    if not calls:
        return None
    if not before.serial:
        raise semantic_error(
            f"Function '{calls[0].name}' cannot be invoked in current context. "
            "Details: the row set must be serialized"
        )
    columns = list(before.columns)
    operator = named_as_written(operator, columns)
    number = fresh("row", columns)
    steps: list[ir.Operator] = [_numbering(columns, number)]
    columns.append(number)
    while calls := calls_in(operator):
        made = {id(call): fresh(f"w{len(columns)}_{n}", columns) for n, call in enumerate(calls)}
        window = _Window(number, before, part)
        builds = [window.of(call, made[id(call)]) for call in calls]
        for level in range(max(len(build) for build in builds)):
            added = [c for build in builds if level < len(build) for c in build[level]]
            steps.append(_adding(added, columns))
            columns += [name for name, _ in added]
        operator = replaced(operator, partial(_column, made))
    return [*steps, operator, *_cleared(operator, before.columns, columns, number)]


def _numbering(columns: Columns, number: str) -> Stage:
    return select(
        f"SELECT {listed(columns)}, row_number() OVER () AS {quote_ident(number)} FROM ", BEFORE,  # noqa: S608 - quoted names
        columns=[*columns, number], orders=True,
    )  # fmt: skip


def _adding(added: Build, columns: Columns) -> Stage:
    pieces: list[Piece] = [f"SELECT {listed(columns)}"]
    for name, sql in added:
        pieces += [", ", *sql, f" AS {quote_ident(name)}"]
    names = [name for name, _ in added]
    return select(*pieces, " FROM ", BEFORE, columns=[*columns, *names], orders=True)


def _column(made: dict[int, str], node: Any) -> ir.ColumnRef | None:
    return ir.ColumnRef(made[id(node)]) if id(node) in made else None


def _cleared(
    operator: ir.Operator, first: Columns, columns: Columns, number: str
) -> list[ir.Operator]:
    if isinstance(operator, ir.Project | ir.Summarize | ir.Distinct):
        return []
    temporary = set(columns) - set(first)
    added = operator.expressions if isinstance(operator, ir.Extend) else ()
    names = [e.name for e in added if e.name and e.name not in first]
    shown = [*first, *names]
    return [
        select(
            f"SELECT {listed([c for c in shown if c not in temporary])} FROM ", BEFORE,  # noqa: S608 - quoted names
            f" ORDER BY {quote_ident(number)}", columns=shown, orders=True,
        )
    ]  # fmt: skip


class _Window:
    """The SQL of window functions, in levels: later ones read columns of earlier ones."""

    def __init__(self, number: str, before: Input, part: str | None) -> None:
        self._order = f"ORDER BY {quote_ident(number)}"
        self._parts = [quote_ident(part)] if part else []
        self._before = before

    def _over(self, *groups: str) -> str:
        parts = ", ".join([*self._parts, *map(quote_ident, groups)])
        return f"PARTITION BY {parts} {self._order}" if parts else self._order

    def of(self, call: ir.FunctionCall, name: str) -> list[Build]:
        """The columns that a call needs, the last of them its value."""
        if call.name in ("prev", "next"):
            return [[(name, self._neighbour(call))]]
        wanted = {"row_number": 0}.get(call.name, 1)
        restart = call.args[wanted + 1 :] if call.name == "row_number" else call.args[1:]
        group = f"{name}g"
        one, over = self._running(restart, group)
        builds: list[Build] = [[one]] if one else []
        if call.name == "row_number":
            start = call.args[0] if call.args else ir.Literal(1, "long")
            return [*builds, [(name, (f"(row_number() OVER ({over}) - 1 + ", start, ")"))]]
        if not call.args:
            raise semantic_error(f"{call.name}(): function expects at least 1 argument(s)")
        if call.name == "row_cumsum":
            kind = "INTEGER" if type_of(call.args[0], self._types()) == "int" else ""
            made = f") OVER ({over}), 0)"
            if kind:
                return [
                    *builds,
                    [(name, ("CAST(coalesce(sum(", call.args[0], f"{made} AS {kind})"))],
                ]
            return [*builds, [(name, ("coalesce(sum(", call.args[0], made))]]
        return [*builds, *_ranks(call, name, over)]

    def _running(
        self, restart: tuple[ir.Expr, ...], group: str
    ) -> tuple[tuple[str, tuple[Piece, ...]] | None, str]:
        if not restart:
            return None, self._over()
        flag: tuple[Piece, ...] = ("sum(CASE WHEN ", restart[0], " THEN 1 ELSE 0 END)")
        return (group, (*flag, f" OVER ({self._over()})")), self._over(group)

    def _types(self) -> Types:
        return self._before.types()

    def _neighbour(self, call: ir.FunctionCall) -> tuple[Piece, ...]:
        if not 1 <= len(call.args) <= 3:
            raise semantic_error(f"{call.name}(): function expects 1 to 3 argument(s)")
        value, *others = call.args
        offset = others[0] if others else ir.Literal(1, "long")
        pieces: list[Piece] = ["lag(" if call.name == "prev" else "lead(", value, ", ", offset]
        if len(others) > 1:
            pieces += [", ", others[1]]
        elif type_of(value, self._types()) == "string":
            pieces += [", ''"]
        return (*pieces, f") OVER ({self._over()})")


def _ranks(call: ir.FunctionCall, name: str, over: str) -> list[Build]:
    term = call.args[0]
    new, row = f"{name}n", f"{name}r"
    change: tuple[Piece, ...] = (
        "CASE WHEN row_number() OVER (", over, ") = 1 OR ", term, " IS DISTINCT FROM lag(", term,
        f") OVER ({over}) THEN 1 ELSE 0 END",
    )  # fmt: skip
    rows: tuple[Piece, ...] = (f"row_number() OVER ({over})",)
    first: Build = [(new, change), (row, rows)]
    if call.name == "row_rank_dense":
        return [first, [(name, (f"CAST(sum({quote_ident(new)}) OVER ({over}) AS BIGINT)",))]]
    run = f"max(CASE WHEN {quote_ident(new)} = 1 THEN {quote_ident(row)} END) OVER ({over})"
    return [first, [(name, (run,))]]
