"""`search`, `find`, and terms in any column (`where * has "x"`).

Sources: "search operator", "find operator" and "where operator" of the Kusto documentation. A term
alone is looked for in the columns of text and of dynamic values; `*` at its ends widens it.
"""

import dataclasses
import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Any, ClassVar

from duckdb_kql import ir

from defender_emulator.hunting import calling, tree
from defender_emulator.hunting.refusals import no_table
from defender_emulator.hunting.spelling import nodes
from defender_emulator.hunting.stages import Columns, Input, Pending, Piece, Types, raw, replaced

TABLE = "$table"
SOURCE = "source_"
PACK = "pack_"
_FALSE = ir.Literal(value=False, kind="bool")


@dataclass(frozen=True)
class Anywhere(ir.Expr):
    """Whether any column fits, as an operator and a value say."""

    op: str
    value: ir.Expr

    def within(self, types: Types) -> ir.Expr:
        """The same over columns that are known."""
        if self.op == "==" and not self._is_text():
            kind = getattr(self.value, "kind", "")
            alike = ("int", "long", "real") if kind in ("int", "long", "real") else (kind,)
            columns = [c for c, of in types.items() if of in alike]
        else:
            columns = [c for c, of in types.items() if of in ("string", "dynamic")]
        if self.op in _JOINABLE and columns:
            return ir.BinaryOp(
                self.op, _joined([_as_text(c, types[c]) for c in columns]), self.value
            )
        found = [ir.BinaryOp(self.op, _as_text(c, types[c]), self.value) for c in columns]
        return any_of(found)

    def _is_text(self) -> bool:
        return isinstance(self.value, ir.Literal) and self.value.kind == "string"


def _as_text(column: str, kind: str) -> ir.Expr:
    found = ir.ColumnRef(column)
    return ir.FunctionCall("tostring", (found,)) if kind == "dynamic" else found


_JOINABLE = frozenset(
    f"{word}{end}" for word in ("has", "hasprefix", "hassuffix", "contains") for end in ("", "_cs")
)
"""What holds for some of several texts if and only if it holds for all of them in one."""


def _joined(texts: list[ir.Expr]) -> ir.Expr:
    pieces: list[Piece] = ["concat_ws(chr(31)"]
    for text in texts:
        pieces += [", ", text]
    return raw(*pieces, ")")


def any_of(tests: Iterable[ir.Expr]) -> ir.Expr:
    """Whether any of some tests holds."""
    made = list(tests)
    return reduce(lambda a, b: ir.BinaryOp("or", a, b), made) if made else _FALSE


def _term(text: str, *, cased: bool) -> tuple[str, str]:
    """The operator and the text that a term of `search` stands for."""
    end = "_cs" if cased else ""
    if text == "*":
        return "contains" + end, ""
    body = text.strip("*")
    if "*" in body:
        parts = ".*".join(_escaped(part) for part in text.split("*"))
        return "matches regex", ("" if cased else "(?i)") + parts
    if text.startswith("*"):
        return ("contains" if text.endswith("*") else "hassuffix") + end, body
    return ("hasprefix" if text.endswith("*") else "has") + end, body


def _escaped(text: str) -> str:
    return "".join(c if c.isalnum() or c == "_" else f"\\{c}" for c in text)


class _Predicate:
    """Reads a predicate of `search`, where texts alone are terms."""

    def __init__(self, *, cased: bool) -> None:
        self._cased = cased

    def of(self, node: Any) -> ir.Expr:
        """The predicate at a node."""
        node = tree.unwrapped(node)
        kind, rules = tree.kind_of(node), tree.rules_in(node)
        if kind in ("LogicalAndExpression", "LogicalOrExpression"):
            word = "and" if kind == "LogicalAndExpression" else "or"
            parts = [rules[0], *(tree.rules_in(rest)[-1] for rest in rules[1:])]
            return reduce(lambda a, b: ir.BinaryOp(word, a, b), [self.of(p) for p in parts])
        if kind == "StringLiteralExpression":
            value = tree.expression(node)
            return self._anywhere(str(getattr(value, "value", "")))
        if kind == "NamedFunctionCallExpression" and tree.name_at(rules[0]) == "not":
            return ir.UnaryOp("not", self.of(rules[1]))
        if kind == "StringBinaryOperatorExpression" and _word(rules[1]) == ":":
            return self._in_column(tree.expression(rules[0]), tree.rules_in(rules[1])[-1])
        return tree.expression(node)

    def _anywhere(self, text: str) -> ir.Expr:
        op, body = _term(text, cased=self._cased)
        return Anywhere(op, ir.Literal(body, "string"))

    def _in_column(self, column: ir.Expr, node: Any) -> ir.Expr:
        value = tree.expression(node)
        if isinstance(value, ir.Literal) and value.kind == "string":
            op, body = _term(str(value.value), cased=self._cased)
            return ir.BinaryOp(op, column, ir.Literal(body, "string"))
        return ir.BinaryOp("==", column, value)


def _word(node: Any) -> str:
    return str(node.children[0].getText()) if node.children else ""


@dataclass(frozen=True)
class Searched(ir.Source):
    """`search` or `find` over tables, before it is known which there are."""

    patterns: tuple[str, ...]
    predicate: ir.Expr
    label: str
    columns: tuple[str, ...] | None = None
    """For `find`: the columns to show, beside those in the predicate."""
    pack: bool = False
    views: tuple[tuple[str, str], ...] = ()
    """The views that are declared, each with the binding that holds its rows."""

    def opened(self, query: ir.Query, tables: dict[str, Columns], own: Iterable[str]) -> ir.Query:
        """A union of the tables, each filtered by itself."""
        names = self._tables(tables, [t for t in tables if t not in set(own)])
        held = [(name, dict(self.views).get(name, name)) for name in names]
        shown = self._shown([tables[table] for _, table in held])
        pack = self.pack
        if self.columns is None and shown is not None:
            pack = any(c not in shown for _, table in held for c in tables[table])
        found = dataclasses.replace(self, pack=pack)
        arms = [ir.Query(ir.TableRef(table), [Found(found, n, shown)]) for n, table in held]
        first, *others = arms
        operators = [*first.operators]
        if others:
            operators.append(ir.Union(tuple(others)))
        return dataclasses.replace(
            query, source=first.source, operators=[*operators, *query.operators]
        )

    def _tables(self, tables: dict[str, Columns], all_tables: list[str]) -> list[str]:
        views = dict(self.views)
        all_tables = sorted([*all_tables, *views])
        if not self.patterns:
            return all_tables
        found: list[str] = []
        for pattern in self.patterns:
            if "*" in pattern:
                names = [t for t in all_tables if fnmatch.fnmatchcase(t, pattern)]
            else:
                names = [pattern] if pattern in tables or pattern in views else []
            if not names:
                raise no_table("search" if self.label == TABLE else "find", pattern)
            found += [name for name in names if name not in found]
        return found

    def _shown(self, tables: list[Columns]) -> tuple[str, ...] | None:
        """The columns that `find` shows: common ones, and those that the predicate names."""
        if self.columns is not None:
            return self.columns
        if self.label == TABLE:
            return None
        common = [c for c in tables[0] if all(c in columns for columns in tables[1:])]
        used = [c for c in columns_in(self.predicate) if any(c in columns for columns in tables)]
        return (*common, *(c for c in used if c not in common))


def columns_in(node: Any) -> list[str]:
    """The columns that an expression names, in order."""
    return [found.name for found in nodes(node) if isinstance(found, ir.ColumnRef)]


@dataclass(frozen=True)
class Found(Pending):
    """The rows of one table that fit, with the table's name first."""

    keyword: ClassVar[str] = "search"
    searched: Searched
    label: str
    shown: tuple[str, ...] | None

    def steps(self, before: Input) -> list[ir.Operator]:
        """A filter, where columns that the table lacks are null, and a projection."""
        test = replaced(self.searched.predicate, lambda node: _nulled(node, before.columns))
        named = [ir.NamedExpr(ir.Literal(self.label, "string"), self.searched.label)]
        columns = before.columns if self.shown is None else self.shown
        named += [ir.NamedExpr(ir.ColumnRef(c)) for c in columns if c in before.columns]
        if self.searched.pack:
            rest = [c for c in before.columns if c not in columns]
            pairs = [p for c in rest for p in (ir.Literal(c, "string"), ir.ColumnRef(c))]
            named.append(ir.NamedExpr(ir.FunctionCall("bag_pack", tuple(pairs)), PACK))
        return [ir.Where(test), ir.Project(tuple(named))]


def _nulled(node: Any, columns: Columns) -> ir.Literal | None:
    absent = isinstance(node, ir.ColumnRef) and node.name not in columns
    return ir.Literal(None, "null") if absent else None


def _patterns(node: Any) -> tuple[str, ...]:
    if node is None:
        return ()
    return tuple(
        kid.getText() if tree.kind_of(kid).startswith("Wildcard") else tree.name_at(kid)
        for kid in (tree.collapsed(k) for k in tree.rules_in(node))
    )


def _search_parts(node: Any) -> tuple[tuple[str, ...], ir.Expr]:
    kids = tree.rules_in(node)
    cased = tree.parameters(kids).get("kind", "").lower() == "case_sensitive"
    tables = tree.first(kids, "SearchOperatorInClause")
    (predicate,) = tree.without(kids, *tree.PARAMETERS, "SearchOperatorInClause")
    return _patterns(tables), _Predicate(cased=cased).of(predicate)


def _search(node: Any) -> ir.Query:
    patterns, predicate = _search_parts(node)
    return ir.Query(Searched(patterns, predicate, TABLE, views=calling.views(node)))


def _find(node: Any) -> ir.Query:
    kids = tree.rules_in(node)
    clause = tree.first(kids, "FindOperatorParametersWhereClause")
    parts = tree.rules_in(clause) if clause is not None else []
    tables = tree.first([*parts, *kids], "FindOperatorInClause")
    label = tree.parameters([*parts, *kids]).get("withsource", SOURCE)
    skipped = (
        *tree.PARAMETERS, "FindOperatorInClause", "FindOperatorParametersWhereClause",
        "FindOperatorProjectClause", "FindOperatorProjectSmartClause",
    )  # fmt: skip
    (predicate,) = tree.without(kids, *skipped)
    test = _Predicate(cased=False).of(predicate)
    shown = tree.first(kids, "FindOperatorProjectClause")
    views = calling.views(node)
    if shown is None:
        return ir.Query(
            Searched(_patterns(tables), test, label.strip("'\""), None, pack=True, views=views)
        )
    items = [tree.collapsed(item) for item in tree.rules_in(shown)]
    packs = [item for item in items if tree.kind_of(item) == "FindOperatorPackExpression"]
    columns = tuple(tree.name_at(item) for item in items if item not in packs)
    return ir.Query(
        Searched(_patterns(tables), test, label.strip("'\""), columns, bool(packs), views)
    )


@dataclass(frozen=True)
class Piped(Pending):
    """`search` over the rows before it."""

    keyword: ClassVar[str] = "search"
    predicate: ir.Expr

    def steps(self, before: Input) -> list[ir.Operator]:
        """The rows that fit, with a name of no table."""
        named = [ir.NamedExpr(ir.Literal("union_arg0", "string"), TABLE)]
        named += [ir.NamedExpr(ir.ColumnRef(c)) for c in before.columns if c != TABLE]
        return [ir.Where(self.predicate), ir.Project(tuple(named))]


def _piped(node: Any, _kids: list[Any]) -> Any:
    return Piped(_search_parts(node)[1])


def _star_equals(node: Any) -> ir.Expr:
    return Anywhere("==", tree.expression(tree.rules_in(node)[-1]))


def _star_operator(node: Any) -> ir.Expr:
    operator, value = tree.rules_in(node)
    text = operator.getText().lower()
    return Anywhere("matches regex" if text == "matchesregex" else text, tree.expression(value))


SOURCES = {"SearchOperator": _search, "FindOperator": _find}
EXPRESSIONS = {
    "StarEqualityExpression": _star_equals,
    "StringStarOperatorExpression": _star_operator,
}
LOWERED = {"SearchOperator": _piped}
