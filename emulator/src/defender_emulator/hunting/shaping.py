"""Operators that choose or order columns and rows: `project-reorder`, `project-keep`, `sample`, ..."""

import fnmatch
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from duckdb_kql import ir

from defender_emulator.hunting import tree
from defender_emulator.hunting.refusals import no_column, semantic_error
from defender_emulator.hunting.schema import unmarked
from defender_emulator.hunting.stages import (
    BEFORE,
    Columns,
    Input,
    Pending,
    fresh,
    kept,
    listed,
    select,
)

Lowered = ir.Operator | list[ir.Operator] | None
Lowering = Callable[[Any, list[Any]], Lowered]
ASCENDING = ("asc", "granny-asc")
DESCENDING = ("desc", "granny-desc")


@dataclass(frozen=True)
class Wanted:
    """A column, or a pattern of columns with an order among them."""

    column: ir.ColumnRef
    pattern: bool = False
    order: str = ""


def _matches(wanted: Wanted, columns: Columns, operator: str) -> Columns:
    name = wanted.column.name
    if not wanted.pattern:
        if name not in columns:
            raise no_column(operator, name)
        return [name]
    found = [c for c in columns if fnmatch.fnmatchcase(unmarked(c), name)]
    key = _granny if wanted.order.startswith("granny") else _caseless
    if wanted.order in ASCENDING + DESCENDING:
        found.sort(key=key, reverse=wanted.order in DESCENDING)
    return found


def _caseless(name: str) -> str:
    return unmarked(name).casefold()


def _granny(name: str) -> Any:
    """`a2` before `a10`: the numbers in names count as numbers."""
    name = _caseless(name)
    return [(0, int(p), "") if p.isdecimal() else (1, 0, p) for p in re.split(r"(\d+)", name)]


@dataclass(frozen=True)
class Chosen(Pending):
    """`project-reorder`, `project-keep` and `project-away`."""

    word: str
    wanted: tuple[Wanted, ...]

    def steps(self, before: Input) -> list[ir.Operator]:
        """A projection of the columns in their new order."""
        found: Columns = []
        for wanted in self.wanted:
            found += [c for c in _matches(wanted, before.columns, self.word) if c not in found]
        others = [c for c in before.columns if c not in found]
        if self.word == "project-reorder":
            return [kept([*found, *others])]
        left = found if self.word == "project-keep" else others
        if not left:
            raise semantic_error(f"'{self.word}' operator: the resulting table has no columns")
        return [kept([c for c in before.columns if c in left])]


def _chosen(word: str) -> Lowering:
    def lowered(_node: Any, kids: list[Any]) -> Lowered:
        return Chosen(word, tuple(_wanted(kid) for kid in kids))

    return lowered


def _wanted(node: Any) -> Wanted:
    node = tree.collapsed(node)
    order = ""
    if tree.kind_of(node) == "ProjectReorderExpression":
        order = node.getText()[len(tree.rules_in(node)[0].getText()) :]
        node = tree.collapsed(tree.rules_in(node)[0])
    if tree.kind_of(node).startswith("Wildcard") or node.getText() == "*":
        return Wanted(ir.ColumnRef(node.getText()), pattern=True, order=order)
    return Wanted(ir.ColumnRef(tree.name_at(node)), order=order)


@dataclass(frozen=True)
class DistinctAll(Pending):
    """`distinct *`."""

    keyword: ClassVar[str] = "distinct"

    def steps(self, before: Input) -> list[ir.Operator]:
        """`distinct` of all the columns."""
        return [ir.Distinct(kept(before.columns).expressions)]


def _distinct(_node: Any, kids: list[Any]) -> Lowered:
    if any(tree.all_of_kind(kid, "DistinctOperatorStarTarget") for kid in kids):
        return DistinctAll()
    return NotImplemented  # type: ignore[no-any-return]  # the translator knows the rest


@dataclass(frozen=True)
class Cut(Pending):
    """`take`, `top` and `sample`, with a number that is an expression."""

    word: str
    count: ir.Expr
    keys: tuple[ir.SortKey, ...] = ()

    def steps(self, before: Input) -> list[ir.Operator]:  # noqa: ARG002 - whatever is before
        """The same with a number."""
        count = whole_number(self.count, self.word)
        return [ir.Top(count, self.keys) if self.keys else ir.Take(max(count, 0))]


def whole_number(node: ir.Expr, operator: str) -> int:
    """A constant number of rows."""
    if isinstance(node, ir.FunctionCall) and node.name in ("toint", "tolong") and node.args:
        node = node.args[0]
    if isinstance(node, ir.Literal) and isinstance(node.value, int):
        return node.value
    raise semantic_error(f"'{operator}' operator: expression must be a constant whole number")


def _take(_node: Any, kids: list[Any]) -> Lowered:
    return Cut("take", tree.expression(kids[-1]))


def _top(node: Any, kids: list[Any]) -> Lowered:
    kids = tree.without(kids, *tree.PARAMETERS)
    if len(kids) != 2:
        raise tree.refused(node, "operator 'top' of this form")
    return Cut("top", tree.expression(kids[0]), (tree.sort_key(kids[1]),))


def _sample(_node: Any, kids: list[Any]) -> Lowered:
    return Cut("sample", tree.expression(kids[-1]))


def _sample_distinct(_node: Any, kids: list[Any]) -> Lowered:
    value = tree.named(kids[1])
    return [ir.Distinct((value,)), Cut("sample-distinct", tree.expression(kids[0]))]


@dataclass(frozen=True)
class Numbered(Pending):
    """`serialize`: rows keep the order that they have."""

    keyword: ClassVar[str] = "serialize"
    values: tuple[ir.NamedExpr, ...] = ()

    def steps(self, before: Input) -> list[ir.Operator]:
        """The rows numbered and in that order, then the values."""
        made: list[ir.Operator] = [in_order(before.columns)]
        return [*made, ir.Extend(self.values)] if self.values else made


def in_order(columns: Columns) -> ir.Operator:
    """The rows in the order they have, which then counts."""
    number = fresh("serial", columns)
    return select(
        f'SELECT {listed(columns)} FROM (SELECT *, row_number() OVER () AS "{number}" FROM ',  # noqa: S608 - quoted names
        BEFORE, f') ORDER BY "{number}"', columns=columns, orders=True,
    )  # fmt: skip


SERIALIZE_MARK = "*serialize*"


def _serialize(_node: Any, kids: list[Any]) -> Lowered:
    values = [tree.named(kid) for kid in kids]
    return Numbered(tuple(value for value in values if value.name != SERIALIZE_MARK))


def _nothing(_node: Any, _kids: list[Any]) -> Lowered:
    return None


LOWERED: dict[str, Lowering] = {
    "ProjectReorderOperator": _chosen("project-reorder"),
    "ProjectKeepOperator": _chosen("project-keep"),
    "ProjectAwayOperator": _chosen("project-away"),
    "DistinctOperator": _distinct,
    "TakeOperator": _take,
    "TopOperator": _top,
    "SampleOperator": _sample,
    "SampleDistinctOperator": _sample_distinct,
    "SerializeOperator": _serialize,
    "RenderOperator": _nothing,
}
