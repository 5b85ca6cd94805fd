"""The expressions of one operator: their columns checked, and each as the types of columns make it."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from duckdb_kql import ir

from defender_emulator.hunting import calls, fitting
from defender_emulator.hunting.arithmetic import calculated
from defender_emulator.hunting.checking import (
    check,
    check_between,
    check_call,
    check_condition,
    check_groups,
    check_keys,
    check_list,
    check_path,
    is_of_text,
)
from defender_emulator.hunting.kinds_known import type_of
from defender_emulator.hunting.refusals import no_column
from defender_emulator.hunting.regexes import guarded
from defender_emulator.hunting.searching import Anywhere
from defender_emulator.hunting.stages import Raw, raw, rebuilt
from defender_emulator.hunting.texts import as_text, compared, listed, read_as_texts, shortened

Columns = list[str]
Scope = dict[str, Columns]
Types = dict[str, str]


class Binder(Protocol):
    """What binds the queries inside of expressions."""

    def query(self, query: ir.Query, around: "Around") -> tuple[ir.Query, Columns]:
        """What a query within others becomes, and its columns."""

    def spread(self, query: ir.Query, columns: Columns, around: "Around") -> ir.Query:
        """A query of lists as one of their values."""


class Told:
    """The types of the columns at one step: as far as they are known, or asked for, once."""

    def __init__(self, known: Types | None, ask: Callable[[], Types]) -> None:
        self.known = known
        self._ask = ask

    def all(self) -> Types:
        """The types of all columns."""
        if self.known is None:
            self.known = self._ask()
        return self.known


@dataclass(frozen=True)
class Around:
    """What a query can see: tables and lets with their columns, and the lets themselves."""

    scope: Scope
    lets: tuple[tuple[str, ir.Query], ...]
    operator: str
    serial: frozenset[str] = frozenset()
    """The lets whose rows have an order that counts."""


def known(column: str, columns: Columns, operator: str) -> None:
    """Raise `QueryRefused` for a column that is none."""
    if column not in columns:
        raise no_column(operator, column)


class Checker:
    """Walks the expressions of one operator and checks the columns they name."""

    def __init__(self, binder: Binder, around: Around, columns: Columns, told: Told) -> None:
        self._binder = binder
        self._around = around
        self._columns = columns
        self._told = told
        self._done: dict[int, tuple[Any, Any]] = {}

    def types_for(self, *nodes: ir.Expr) -> Types:
        """The types of the columns, asked for where the nodes' types cannot be told without."""
        if self._told.known is not None:
            return self._told.known
        untold = any(type_of(node, {}) is None for node in nodes)
        return self._told.all() if untold and self._columns else {}

    def operator(self, operator: ir.Operator) -> ir.Operator:
        """An operator as the types of its condition or of its keys make it."""
        if isinstance(operator, ir.Where):
            check_condition(operator.predicate, self.types_for(operator.predicate))
        if isinstance(operator, ir.Summarize | ir.Distinct):
            groups = operator.by if isinstance(operator, ir.Summarize) else operator.expressions
            check_groups(groups, self.types_for(*(group.expr for group in groups)))
        if isinstance(operator, ir.Parse):
            text = as_text(operator.expression, self.types_for(operator.expression))
            return dataclasses.replace(operator, expression=text)
        if not isinstance(operator, ir.Sort | ir.Top):
            return operator
        types = self.types_for(*(key.expr for key in operator.keys))
        check_keys(operator.keys, types)
        keys = [made for key in operator.keys for made in fitting.sorted_by(key, types)]
        return dataclasses.replace(operator, keys=tuple(keys))

    def rebuilt(self, node: Any) -> Any:
        """The node with the queries in it bound; shared nodes stay shared."""
        if isinstance(node, tuple):
            return tuple(self.rebuilt(item) for item in node)
        if not dataclasses.is_dataclass(node) or isinstance(node, type):
            return node
        if id(node) not in self._done:
            self._done[id(node)] = (node, self._made(node))
        return self._done[id(node)][1]

    def _made(self, node: Any) -> Any:
        if isinstance(node, ir.ColumnRef):
            known(node.name, self._columns, self._around.operator)
        if isinstance(node, ir.ColumnRef) or (
            isinstance(node, ir.LetRef) and node.name in self._columns
        ):
            return node
        if isinstance(node, ir.Query):
            return self._binder.query(node, self._around)[0]
        if isinstance(node, Anywhere):
            return self.rebuilt(node.within(self._told.all()))
        if isinstance(node, ir.InList | ir.HasList):
            return self._listed(self._with_table(node))
        return self._fitted(rebuilt(node, self.rebuilt))

    def _fitted(self, node: Any) -> Any:
        """A node as its types make it, and its call as the translator has it."""
        if isinstance(node, ir.PathAccess):
            check_path(node, self.types_for(node.base))
        if isinstance(node, ir.Literal) and (node.kind, node.value) == ("dynamic", None):
            return raw("CAST(NULL AS JSON)", kind="dynamic")
        kind = type_of(node, self._told.known or {}) if isinstance(node, ir.Expr) else None
        made = self._made_to_fit(node)
        untold = isinstance(made, Raw) and made.kind is None
        return dataclasses.replace(made, kind=kind) if untold else made

    def _made_to_fit(self, node: Any) -> Any:
        if isinstance(node, ir.BinaryOp):
            types = self.types_for(node.left, node.right)
            check(node, types)
            node = calculated(compared(node, types) if is_of_text(node.op) else node, types)
        call = isinstance(node, ir.FunctionCall)
        if call:
            check_call(node, self.types_for(*node.args))
        if isinstance(node, ir.Between):
            check_between(node, self.types_for(node.value, node.low, node.high))
        if isinstance(node, ir.Between) or (call and node.name in fitting.NAMES):
            parts = node.args if call else (node.value, node.low, node.high)
            node = fitting.fitted(node, self.types_for(*parts))
        if isinstance(node, ir.FunctionCall):
            node = calls.rewritten(node, self._columns)
        if isinstance(node, ir.FunctionCall):
            types = self.types_for(*node.args)
            node = shortened(read_as_texts(node, types), types)
        return guarded(node)

    def _with_table(self, node: Any) -> Any:
        """`x in (T)` with a table that is not a column."""
        (item,) = node.items if len(node.items) == 1 else (None,)
        if isinstance(item, ir.FunctionCall) and item.name == "pack_array":
            return dataclasses.replace(node, items=item.args)
        if not isinstance(item, ir.ColumnRef) or item.name in self._columns:
            return node
        if item.name not in self._around.scope:
            return node
        return dataclasses.replace(node, items=(), subquery=ir.Query(ir.TableRef(item.name)))

    def _listed(self, node: Any) -> Any:
        """`x in (T)`: where the table's column is dynamic, the values in its lists count."""
        value = self.rebuilt(node.value)
        types = self.types_for(node.value, *node.items)
        check_list(node, types)
        if node.subquery is None:
            return listed(
                dataclasses.replace(node, value=value, items=self.rebuilt(node.items)), types
            )
        query, columns = self._binder.query(node.subquery, self._around)
        query = self._binder.spread(query, columns, self._around)
        return listed(dataclasses.replace(node, value=value, subquery=query), types)
