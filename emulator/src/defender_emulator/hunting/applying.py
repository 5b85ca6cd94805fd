"""`mv-apply` and `partition`: a pipeline for each part of the rows.

The rows carry the number or the key of their part, and each operator of the inner pipeline works
within the parts. Operators that have no such form are refused by name.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

from duckdb_kql import ir
from duckdb_kql.translate import quote_ident

from defender_emulator.hunting import tree
from defender_emulator.hunting.refusals import not_supported
from defender_emulator.hunting.shaping import Cut, whole_number
from defender_emulator.hunting.stages import (
    BEFORE,
    Columns,
    Input,
    Pending,
    Piece,
    fresh,
    kept,
    listed,
    select,
)
from defender_emulator.hunting.windows import Parted, calls_in

_ROWWISE = (ir.Where, ir.Extend, ir.Parse, ir.MvExpand, ir.ProjectRename)


@dataclass(frozen=True)
class Within(Pending):
    """One operator of an inner pipeline, within the parts that a column tells."""

    keyword: ClassVar[str] = "partition"
    operator: ir.Operator
    part: str
    word: str

    def steps(self, before: Input) -> list[ir.Operator]:
        """The operator with the part's column carried on."""
        inner = self._carrying()
        if inner is None:
            return self._others(self.operator, before)
        return [Parted(inner, self.part)] if calls_in(inner) else [inner]

    def _carrying(self) -> ir.Operator | None:
        inner, part = self.operator, ir.NamedExpr(ir.ColumnRef(self.part))
        if isinstance(inner, _ROWWISE):
            return inner
        if isinstance(inner, ir.Project | ir.Distinct):
            return dataclasses.replace(inner, expressions=(part, *inner.expressions))
        if isinstance(inner, ir.Summarize):
            return ir.Summarize(inner.aggregates, (part, *inner.by))
        if isinstance(inner, ir.Count):
            counted = ir.NamedExpr(ir.FunctionCall("count"), inner.name)
            return ir.Summarize((counted,), (part,))
        return None

    def _others(self, inner: ir.Operator, before: Input) -> list[ir.Operator]:
        if isinstance(inner, ir.Sort):
            keys = (ir.SortKey(ir.ColumnRef(self.part), ascending=True), *inner.keys)
            return [ir.Sort(keys)]
        if isinstance(inner, Cut):
            return [_cut(inner, self.part, before.columns)]
        if isinstance(inner, Pending) and not isinstance(inner, Apply | Partition):
            hidden = dataclasses.replace(
                before, columns=[c for c in before.columns if c != self.part]
            )
            steps = inner.steps(hidden)
            return [Within(step, self.part, self.word) for step in steps]
        raise not_supported(f"an operator of this kind within '{self.word}'")


def _cut(cut: Cut, part: str, columns: Columns) -> ir.Operator:
    count = whole_number(cut.count, cut.word)
    order: list[Piece] = []
    for key in cut.keys:
        nulls = key.nulls_first if key.nulls_first is not None else key.ascending
        direction = "ASC" if key.ascending else "DESC"
        order += [" ORDER BY ", key.expr, f" {direction} NULLS {'FIRST' if nulls else 'LAST'}"]
    return select(
        f"SELECT {listed(columns)} FROM ", BEFORE,  # noqa: S608 - quoted names
        f" QUALIFY row_number() OVER (PARTITION BY {quote_ident(part)}", *order, f") <= {count}",
        columns=columns, orders=bool(cut.keys),
    )  # fmt: skip


@dataclass(frozen=True)
class Apply(Pending):
    """`mv-apply column on ( pipeline )`."""

    keyword: ClassVar[str] = "mv-apply"
    computed: tuple[ir.NamedExpr, ...]
    expansion: ir.MvExpand
    inner: tuple[ir.Operator, ...]

    def steps(self, before: Input) -> list[ir.Operator]:
        """The rows numbered, expanded, put through the pipeline, and joined to what they were."""
        columns = list(before.columns)
        made = [e.name for e in self.computed if e.name]
        extended = [*columns, *(name for name in made if name not in columns)]
        part = fresh("part", extended)
        numbered = select(
            f"SELECT *, row_number() OVER () AS {quote_ident(part)} FROM ", BEFORE,  # noqa: S608 - quoted names
            columns=[*extended, part],
        )  # fmt: skip
        first: list[ir.Operator] = [ir.Extend(self.computed)] if self.computed else []
        targets = [t.name or t.column for t in self.expansion.targets]
        inner = [Within(operator, part, self.keyword) for operator in self.inner]
        return [*first, numbered, _Joined(part, tuple(targets), self.expansion, tuple(inner))]


@dataclass(frozen=True)
class _Joined(Pending):
    """Expanded rows put through a pipeline, beside the columns that they had."""

    keyword: ClassVar[str] = "mv-apply"
    part: str
    targets: tuple[str, ...]
    expansion: ir.MvExpand
    inner: tuple[ir.Operator, ...]

    def steps(self, before: Input) -> list[ir.Operator]:
        """All columns of the source ride along as one, and come back after the pipeline."""
        source = [c for c in before.columns if c != self.part and c not in self.targets]
        whole = fresh("whole", before.columns)
        packed = ", ".join(
            f"{quote_ident(f'c{n}')} := {quote_ident(c)}" for n, c in enumerate(source)
        )
        rows = select(
            f"SELECT *, struct_pack({packed or 'c0 := 1'}) AS {quote_ident(whole)} FROM ", BEFORE,  # noqa: S608 - quoted names
            columns=[*before.columns, whole],
        )  # fmt: skip
        table = _Remembered((*source,), self.part, whole)
        return [rows, table, self.expansion, *self.inner, _Returned((*source,), self.part, whole)]


@dataclass(frozen=True)
class _Remembered(Pending):
    """The rows before an expansion, which `_Returned` finds again."""

    source: tuple[str, ...]
    part: str
    whole: str

    def steps(self, before: Input) -> list[ir.Operator]:
        """The number of the part carries the columns of the source."""
        columns = [c for c in before.columns if c != self.whole]
        number, whole = quote_ident(self.part), quote_ident(self.whole)
        others = [c for c in columns if c != self.part]
        return [
            select(
                f"SELECT {listed(others)}, struct_pack(n := {number}, s := {whole}) AS {number} FROM ",  # noqa: S608 - quoted names
                BEFORE, columns=[*others, self.part],
            )
        ]  # fmt: skip


@dataclass(frozen=True)
class _Returned(Pending):
    """The columns of the source taken out of the part's column again."""

    source: tuple[str, ...]
    part: str
    whole: str

    def steps(self, before: Input) -> list[ir.Operator]:
        """The source's columns first, then what the pipeline made."""
        made = [c for c in before.columns if c != self.part]
        number = quote_ident(self.part)
        first = [
            f"{number}['s']['c{n}'] AS {quote_ident(c)}"
            for n, c in enumerate(self.source)
            if c not in made
        ]
        names = [c for c in self.source if c not in made] + made
        text = ", ".join([*first, *(quote_ident(c) for c in made)])
        order = f" ORDER BY {number}['n']"
        return [select(f"SELECT {text} FROM ", BEFORE, order, columns=names)]  # noqa: S608 - quoted names


@dataclass(frozen=True)
class Partition(Pending):
    """`partition by key ( pipeline )`."""

    keyword: ClassVar[str] = "partition"
    key: ir.Expr
    inner: tuple[ir.Operator, ...]

    def steps(self, before: Input) -> list[ir.Operator]:
        """The pipeline within the parts that the key makes, without the key."""
        part = fresh("part", before.columns)
        marked = ir.Extend((ir.NamedExpr(self.key, part),))
        inner = [Within(operator, part, self.keyword) for operator in self.inner]
        return [marked, *inner, _Without(part)]


@dataclass(frozen=True)
class _Without(Pending):
    part: str

    def steps(self, before: Input) -> list[ir.Operator]:
        """The other columns."""
        return [kept([c for c in before.columns if c != self.part])]


def _inner(node: Any) -> tuple[ir.Operator, ...]:
    rules = tree.rules_in(node)
    if tree.kind_of(node) == "PipeSubExpression" and len(rules) > 1:
        return tuple(tree.operators(rules))
    return tuple(tree.operators([node]))


def _apply(node: Any, kids: list[Any]) -> Any:
    *targets, inner = kids
    given = [k for k in targets if tree.kind_of(k) != "MvapplyOperatorContextIdClause"]
    made = tree.lowering._lower_mv_expand(node, given)  # noqa: SLF001
    first, expansion = made if isinstance(made, list) else (ir.Extend(()), made)
    return Apply(first.expressions, expansion, _inner(tree.collapsed(inner)))


def _partition(node: Any, kids: list[Any]) -> Any:
    kids = tree.without(kids, *tree.PARAMETERS)
    key, body = kids[0], kids[-1]
    if tree.kind_of(body) != "PartitionOperatorSubExpressionBody":
        raise tree.refused(node, "'partition' with a query in braces")
    return Partition(tree.expression(key), _inner(tree.collapsed(tree.rules_in(body)[0])))


LOWERED = {"MvapplyOperator": _apply, "PartitionOperator": _partition}
