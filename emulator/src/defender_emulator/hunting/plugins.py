"""`evaluate`: the plugins `bag_unpack`, `pivot` and `narrow`.

Sources: the pages of these plugins in the Kusto documentation. What columns they make depends on
the rows, so the rows are asked while the query is translated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from duckdb_kql import ir
from duckdb_kql.params import normalize_type
from duckdb_kql.translate import quote_ident, quote_string

from defender_emulator.hunting import tree
from defender_emulator.hunting.kinds_known import AS_TYPE
from defender_emulator.hunting.refusals import no_column, not_supported, semantic_error
from defender_emulator.hunting.stages import (
    BEFORE,
    Columns,
    Input,
    Pending,
    Piece,
    Types,
    kept,
    listed,
    raw,
    select,
)

_KINDS = {
    "BOOLEAN": "bool", "BIGINT": "long", "UBIGINT": "long", "HUGEINT": "long", "DOUBLE": "real",
    "VARCHAR": "string",
}  # fmt: skip
_READ = {
    "bool": "TRY_CAST({} AS BOOLEAN)", "long": "TRY_CAST({} AS BIGINT)",
    "real": "TRY_CAST({} AS DOUBLE)", "string": "coalesce(json_extract_string({}, '$'), '')",
    "dynamic": "{}",
}  # fmt: skip
MOST_COLUMNS = 500


@dataclass(frozen=True)
class Plugin(Pending):
    """`evaluate name(arguments)`."""

    keyword: ClassVar[str] = "evaluate"
    name: str
    arguments: tuple[ir.NamedExpr, ...]
    declared: tuple[tuple[ir.ColumnRef, str], ...] = ()

    def steps(self, before: Input) -> list[ir.Operator]:
        """What the plugin makes of the rows."""
        made = _PLUGINS.get(self.name)
        if made is None:
            raise not_supported(f"the plugin '{self.name}' is not supported")
        steps = made([_positional(self.name, a) for a in self.arguments], before)
        return [*steps, Declared(self.declared)] if self.declared else steps


@dataclass(frozen=True)
class Declared(Pending):
    """The columns that a query says a plugin gives."""

    keyword: ClassVar[str] = "evaluate"
    declared: tuple[tuple[ir.ColumnRef, str], ...]

    def steps(self, before: Input) -> list[ir.Operator]:
        """Those columns; nulls where there are none."""
        types = before.types()
        named = [
            ir.NamedExpr(self._as_declared(column, kind, types), column.name)
            for column, kind in self.declared
        ]
        return [ir.Project(tuple(named))]

    def _as_declared(self, column: ir.ColumnRef, kind: str, types: Types) -> ir.Expr:
        if column.name not in types:
            return ir.Literal(None, kind)
        same = types[column.name] == kind
        return column if same else ir.FunctionCall(AS_TYPE[kind], (column,))


def _positional(plugin: str, argument: ir.NamedExpr) -> ir.Expr:
    if argument.name:
        raise not_supported(f"'{plugin}' with the named argument '{argument.name}'")
    return argument.expr


def _column(arguments: list[ir.Expr], plugin: str, columns: Columns) -> str:
    if not arguments or not isinstance(arguments[0], ir.ColumnRef):
        raise semantic_error(f"evaluate {plugin}(): argument #1 must be a column")
    if arguments[0].name not in columns:
        raise no_column("evaluate", arguments[0].name)
    return arguments[0].name


def _text(arguments: list[ir.Expr], at: int) -> str | None:
    if len(arguments) <= at:
        return None
    given = arguments[at]
    if isinstance(given, ir.Literal) and isinstance(given.value, str):
        return given.value
    raise semantic_error(f"evaluate: argument #{at + 1} must be a constant text")


def _bag_unpack(arguments: list[ir.Expr], before: Input) -> list[ir.Operator]:
    column = _column(arguments, "bag_unpack", before.columns)
    prefix = _text(arguments, 1) or ""
    if len(arguments) > 2:
        raise not_supported("'bag_unpack' with more than two arguments")
    held = quote_ident(column)
    keys = select(
        f"SELECT k, json_type(json_extract({held}, {_path('k')})) AS t FROM (SELECT {held}, "  # noqa: S608 - quoted names
        f"unnest(json_keys({held})) AS k FROM ", BEFORE, f" WHERE json_type({held}) = 'OBJECT')"
        " GROUP BY ALL ORDER BY k", columns=["k", "t"],
    )  # fmt: skip
    types: dict[str, set[str]] = {}
    for key, kind in before.values([keys]):
        types.setdefault(key, set()).update({kind} - {"NULL", None})
    rest = [c for c in before.columns if c != column]
    clash = next((prefix + key for key in types if prefix + key in rest), None)
    if clash:
        raise semantic_error(f"evaluate bag_unpack(): column '{clash}' already exists in the input")
    named = [ir.NamedExpr(ir.ColumnRef(c)) for c in rest]
    for key, kinds in types.items():
        value = f"json_extract({held}, '$.\"' || {quote_string(key)} || '\"')"
        sql = _READ[_kind(kinds)].format(value)
        named.append(ir.NamedExpr(raw(sql), prefix + key))
    if not named:
        raise semantic_error("evaluate bag_unpack(): the result has no columns")
    return [ir.Project(tuple(named))]


def _path(key: str) -> str:
    return f"'$.\"' || {key} || '\"'"


def _kind(kinds: set[str]) -> str:
    found = {_KINDS.get(kind, "dynamic") for kind in kinds}
    return found.pop() if len(found) == 1 else "dynamic" if found else "string"


def _pivot(arguments: list[ir.Expr], before: Input) -> list[ir.Operator]:
    column = _column(arguments, "pivot", before.columns)
    aggregate = arguments[1] if len(arguments) > 1 else ir.FunctionCall("count")
    if not isinstance(aggregate, ir.FunctionCall):
        raise semantic_error("evaluate pivot(): argument #2 must be an aggregate")
    used = {a.name for a in aggregate.args if isinstance(a, ir.ColumnRef)}
    keys = [c for c in before.columns if c != column and c not in used]
    if len(arguments) > 2:
        keys = [_column([given], "pivot", before.columns) for given in arguments[2:]]
    text = ir.FunctionCall("tostring", (ir.ColumnRef(column),))
    asked = [
        ir.Distinct((ir.NamedExpr(text, "v"),)),
        ir.Sort((ir.SortKey(ir.ColumnRef("v"), ascending=True),)),
    ]
    found = [str(value or "") for (value,) in before.values(list(asked))]
    if len(found) > MOST_COLUMNS:
        raise not_supported(f"'pivot' into more than {MOST_COLUMNS} columns")
    total = "*total*"
    grouped = ir.Summarize(
        (ir.NamedExpr(aggregate, total),),
        (*kept(keys).expressions, ir.NamedExpr(text, "*value*")),
    )
    none = "0" if aggregate.name in ("count", "countif", "sum", "sumif", "dcount") else "NULL"
    pieces: list[Piece] = [f"SELECT {listed(keys)}"]
    for n, value in enumerate(found):
        comma = ", " if keys or n else ""
        pieces.append(
            f'{comma}coalesce(max({quote_ident(total)}) FILTER (WHERE "*value*" = '
            f"{quote_string(value)}), {none}) AS {quote_ident(value)}"
        )
    group = f" GROUP BY {listed(keys)}" if keys else ""
    return [grouped, select(*pieces, " FROM ", BEFORE, group, columns=[*keys, *found])]


def _narrow(_arguments: list[ir.Expr], before: Input) -> list[ir.Operator]:
    number = select(
        f"SELECT row_number() OVER () - 1 AS \"*row*\", {listed(before.columns)} FROM ", BEFORE,  # noqa: S608 - quoted names
        columns=["*row*", *before.columns],
    )  # fmt: skip
    texts = tuple(
        ir.NamedExpr(ir.FunctionCall("tostring", (ir.ColumnRef(c),)), c) for c in before.columns
    )
    rows = ", ".join(
        f"({n}, {quote_string(c)}, {quote_ident(c)})" for n, c in enumerate(before.columns)
    )
    unrolled = select(
        'SELECT "*row*" AS "Row", t.c AS "Column", t.v AS "Value" FROM ', BEFORE,
        f' AS b, LATERAL (VALUES {rows}) AS t(n, c, v) ORDER BY "*row*", t.n',
        columns=["Row", "Column", "Value"],
    )  # fmt: skip
    return [number, ir.Project((ir.NamedExpr(ir.ColumnRef("*row*")), *texts)), unrolled]


_PLUGINS: dict[str, Callable[[list[ir.Expr], Input], list[ir.Operator]]] = {
    "bag_unpack": _bag_unpack,
    "pivot": _pivot,
    "narrow": _narrow,
}


def _evaluate(node: Any, _kids: list[Any]) -> Any:
    calls = tree.all_of_kind(node, "NamedFunctionCallExpression")
    if not calls:
        raise tree.refused(node, "'evaluate' of this form")
    name, *arguments = tree.rules_in(calls[0])
    declared = [
        (ir.ColumnRef(tree.name_at(parts[0])), normalize_type(parts[-1].getText()))
        for column in tree.all_of_kind(node, "RowSchemaColumnDeclaration")
        if (parts := tree.rules_in(column))
    ]
    given = tuple(tree.named(a) for a in arguments)
    return Plugin(tree.name_at(name), given, tuple(declared))


LOWERED = {"EvaluateOperator": _evaluate}
