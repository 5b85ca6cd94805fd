"""Operators that the translator lacks, in two steps.

`Pending` is an operator as it was written. When the columns before it are known, it says which
operators it stands for: ones that the translator has, further pending ones, or a `Stage`, which is
SQL with holes for expressions.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from duckdb_kql import ir, translate
from duckdb_kql.translate import quote_ident

Columns = list[str]
Types = dict[str, str]


@dataclass(frozen=True)
class Input:
    """What comes before an operator: its columns, and on demand their types or some of its rows."""

    columns: Columns
    types: Callable[[], Types]
    values: Callable[[list[ir.Operator]], list[tuple[Any, ...]]]
    """The rows that this would give with some operators more, at once."""
    tables: Columns
    """The names of all tables that there are."""
    serial: bool
    """Whether the rows have an order that counts."""


class Pending(ir.Operator):
    """An operator that becomes others once the columns before it are known."""

    keyword: ClassVar[str] = ""

    def steps(self, before: Input) -> list[ir.Operator]:
        """The operators that this one stands for."""
        raise NotImplementedError


@dataclass(frozen=True)
class Several(ir.NamedExpr):
    """An aggregate of several columns with names for them: `(a, b) = arg_max(x, y)`."""

    names: tuple[str, ...] = ()


Piece = str | ir.Expr | ir.Query
BEFORE = "\0before\0"
"""In a stage, the name of the rows before it."""


@dataclass(frozen=True)
class Stage(ir.Operator):
    """A SELECT over the rows before it, with expressions and queries in its text."""

    pieces: tuple[Piece, ...]
    columns: tuple[str, ...]
    orders: bool = False
    """Whether its rows have an order that counts."""

    def sql(self, before: str) -> str:
        """The text, with the expressions rendered."""
        return "".join(_rendered(piece, before) for piece in self.pieces)


@dataclass(frozen=True)
class Raw(ir.Expr):
    """SQL with expressions in it, where an expression may stand, and its type where it is known."""

    pieces: tuple[Piece, ...]
    kind: str | None = None


def _rendered(piece: Piece, before: str) -> str:
    if isinstance(piece, str):
        return before if piece == BEFORE else piece
    if isinstance(piece, ir.Query):
        return f"({translate.to_sql(piece, translate._nested_schema())})"  # noqa: SLF001
    return str(translate.render_expr(piece))


def raw_sql(node: Raw) -> str:
    """The SQL of an expression that is SQL already."""
    return f"({''.join(_rendered(piece, '') for piece in node.pieces)})"


def raw(*pieces: Piece, kind: str | None = None) -> Raw:
    """An expression from SQL and expressions."""
    return Raw(tuple(pieces), kind)


def select(*pieces: Piece, columns: Sequence[str], orders: bool = False) -> Stage:
    """A stage from SQL and expressions."""
    return Stage(tuple(pieces), tuple(columns), orders)


def listed(columns: Sequence[str], prefix: str = "") -> str:
    """Columns as SQL names them, with commas."""
    return ", ".join(prefix + quote_ident(column) for column in columns)


def kept(columns: Sequence[str]) -> ir.Project:
    """`project` of some columns as they are."""
    return ir.Project(tuple(ir.NamedExpr(ir.ColumnRef(column)) for column in columns))


def fresh(name: str, taken: Sequence[str]) -> str:
    """A column that no query can name."""
    made = f"*{name}*"
    while made in taken:
        made = f"*{made}"
    return made


def replaced(node: Any, change: Callable[[Any], Any]) -> Any:
    """A node with those below it that `change` gives another for; queries in it stay."""
    if isinstance(node, tuple | list):
        return type(node)(replaced(item, change) for item in node)
    made = change(node)
    if made is not None:
        return made
    if isinstance(node, ir.Query) or not dataclasses.is_dataclass(node) or isinstance(node, type):
        return node
    return rebuilt(node, lambda part: replaced(part, change))


def rebuilt(node: Any, change: Callable[[Any], Any]) -> Any:
    """A node with `change` applied to the nodes and tuples in its fields."""
    if isinstance(node, tuple | list):
        return type(node)(change(item) for item in node)
    fields = {f.name: change(getattr(node, f.name)) for f in dataclasses.fields(node)}
    return dataclasses.replace(node, **fields)
