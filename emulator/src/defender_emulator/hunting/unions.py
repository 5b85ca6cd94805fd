"""Unions as KQL means them, written with what the translator has.

Columns of one name and different types stay apart under names with the type; wildcards stand for
the tables that match; and `withsource` names each arm by its table.
"""

import dataclasses
import fnmatch
from collections.abc import Callable, Container
from dataclasses import dataclass

from duckdb_kql import ir

from defender_emulator.hunting.filling import filled, missing_texts
from defender_emulator.hunting.refusals import no_table

Columns = list[str]
Types = dict[str, str]


@dataclass(frozen=True)
class Arm:
    """One side of a union: its query, its columns and its name."""

    query: ir.Query
    columns: Columns
    label: str


@dataclass(frozen=True)
class Wildcard(ir.WildcardTableRef):
    """A wildcard of `union`, and the views that it may stand for, each with its binding."""

    views: tuple[tuple[str, str], ...] = ()


def expanded(query: ir.Query, tables: dict[str, Columns], lets: Container[str]) -> ir.Query:
    """A union that begins with a wildcard begins with the first table it stands for."""
    if not isinstance(query.source, ir.WildcardTableRef):
        return query
    first, *others = _matching(query.source, tables, lets)
    union, *rest = query.operators
    assert isinstance(union, ir.Union)  # noqa: S101 - the grammar has wildcards in unions only
    more = tuple(ir.Query(ir.TableRef(name)) for name in others)
    wider = dataclasses.replace(union, branches=(*more, *union.branches))
    return dataclasses.replace(query, source=ir.TableRef(first), operators=[wider, *rest])


def branches(union: ir.Union, tables: dict[str, Columns], lets: Container[str]) -> list[ir.Query]:
    """The branches with wildcards spelled out; of a fuzzy union, only those that exist."""
    found: list[ir.Query] = []
    for branch in union.branches:
        if isinstance(branch.source, ir.WildcardTableRef):
            names = _matching(branch.source, tables, lets)
            found.extend(dataclasses.replace(branch, source=ir.TableRef(name)) for name in names)
        elif not union.isfuzzy or exists(branch, tables):
            found.append(branch)
    return found


def exists(branch: ir.Query, tables: dict[str, Columns]) -> bool:
    """Whether a branch reads a table that is there."""
    return not isinstance(branch.source, ir.TableRef) or branch.source.name in tables


def joined(
    union: ir.Union, arms: list[Arm], types_of: Callable[[ir.Query], Types]
) -> list[ir.Operator]:
    """The operators that unite the first arm, which is the query so far, with the others."""
    kinds = [types_of(arm.query) for arm in arms]
    shared = {c for n, arm in enumerate(arms) for c in arm.columns if _elsewhere(c, n, arms)}
    torn = {c for c in shared if len({kind[c] for kind in kinds if c in kind}) > 1}
    named = [{f"{c}_{k}" if c in torn else c: k for c, k in kind.items()} for kind in kinds]
    added = [
        _additions(arm, {c: kinds[n][c] for c in arm.columns if c in torn}, union.with_source)
        for n, arm in enumerate(arms)
    ]
    others = tuple(
        dataclasses.replace(arm.query, operators=[*arm.query.operators, *more])
        for arm, more in zip(arms[1:], added[1:], strict=True)
    )
    made = dataclasses.replace(union, branches=others, with_source=None, isfuzzy=False)
    if union.kind == "inner":
        return [*added[0], made]
    source = [union.with_source] if union.with_source else []
    after = list(dict.fromkeys([*source, *(c for kind in named for c in kind)]))
    return [*added[0], made, *filled(after, missing_texts(named))]


def _elsewhere(column: str, own: int, arms: list[Arm]) -> bool:
    return any(column in arm.columns for n, arm in enumerate(arms) if n != own)


def _additions(arm: Arm, torn: Types, source_column: str | None) -> list[ir.Operator]:
    made: list[ir.Operator] = []
    if torn:
        made.append(ir.ProjectRename(tuple((c, f"{c}_{kind}") for c, kind in torn.items())))
    if source_column:
        named = [ir.NamedExpr(ir.Literal(arm.label, "string"), source_column)]
        columns = [f"{c}_{torn[c]}" if c in torn else c for c in arm.columns]
        kept = [ir.NamedExpr(ir.ColumnRef(c)) for c in columns]
        made.append(ir.Project((*named, *kept)))
    return made


def _matching(
    source: ir.WildcardTableRef, tables: dict[str, Columns], lets: Container[str]
) -> list[str]:
    """The tables and views that a wildcard stands for; what a `let` is, it does not."""
    views = dict(getattr(source, "views", ()))
    named = [*(name for name in tables if name not in lets), *views]
    matching = [name for name in named if fnmatch.fnmatchcase(name, source.pattern)]
    found = [views.get(name, name) for name in sorted(matching)]
    if not found or source.database:
        raise no_table("union", source.pattern)
    return found
