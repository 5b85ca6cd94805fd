"""The types of a query's columns where they can be told without asking the tables."""

from duckdb_kql import ir
from duckdb_kql.params import normalize_type

from defender_emulator.hunting.schema import TABLES, held_types

Types = dict[str, str]
_DEEPEST = 5
_SAME = (ir.Where, ir.Take, ir.Sort, ir.Top)


def known_types(query: ir.Query) -> Types | None:
    """The types by column, in order, or None where only the tables can tell."""
    types = _of_source(query)
    for operator in query.operators:
        if types is None:
            return None
        types = _after(operator, types)
    return types


def _of_source(query: ir.Query) -> Types | None:
    source = query.source
    if isinstance(source, ir.DataTable):
        return {name: normalize_type(kind) for name, kind in source.columns}
    if isinstance(source, ir.PrintSource):
        return _projected(source.expressions, {})
    return _of_table(source.name, query) if isinstance(source, ir.TableRef) else None


def _of_table(name: str, query: ir.Query) -> Types | None:
    names = [name for name, _ in query.lets]
    if name not in names:
        return held_types(name) if name in TABLES else None
    at = names.index(name)
    bound = query.lets[at][1]
    if not isinstance(bound, ir.Query):
        return None
    return known_types(ir.Query(bound.source, bound.operators, [*query.lets[:at], *bound.lets]))


def _after(operator: ir.Operator, types: Types) -> Types | None:
    if isinstance(operator, _SAME):
        return types
    if isinstance(operator, ir.ProjectAway):
        return {name: kind for name, kind in types.items() if name not in operator.columns}
    if isinstance(operator, ir.ProjectRename):
        renamed = dict(operator.renames)
        return {renamed.get(name, name): kind for name, kind in types.items()}
    if isinstance(operator, ir.Project | ir.Distinct | ir.Extend):
        made = _projected(operator.expressions, types)
        return {**types, **made} if made and isinstance(operator, ir.Extend) else made
    return None


def _projected(expressions: tuple[ir.NamedExpr, ...], types: Types) -> Types | None:
    made: Types = {}
    for named in expressions:
        kind = type_of(named.expr, types)
        name = named.name or (named.expr.name if isinstance(named.expr, ir.ColumnRef) else None)
        if kind is None or name is None:
            return None
        made[name] = kind
    return made


_RETURNED = {
    "tostring": "string", "tolower": "string", "toupper": "string", "strcat": "string",
    "tolong": "long", "toint": "int", "todouble": "real", "toreal": "real", "tobool": "bool",
    "todatetime": "datetime", "now": "datetime", "ago": "datetime", "strlen": "long",
    "parse_json": "dynamic", "todynamic": "dynamic", "bag_pack": "dynamic", "pack": "dynamic",
    "pack_array": "dynamic", "split": "dynamic", "isempty": "bool", "isnotempty": "bool",
    "isnull": "bool", "isnotnull": "bool", "not": "bool", "replace_string": "string",
    "substring": "string", "trim": "string", "extract": "string", "totimespan": "timespan",
}  # fmt: skip
AS_TYPE = {
    "string": "tostring", "long": "tolong", "int": "toint", "real": "toreal", "double": "toreal",
    "bool": "tobool", "boolean": "tobool", "datetime": "todatetime", "date": "todatetime",
    "timespan": "totimespan", "time": "totimespan", "guid": "toguid", "dynamic": "todynamic",
    "decimal": "todecimal",
}  # fmt: skip
"""The function that makes a value of a type."""
_LOGICAL = (
    "==", "!=", "<>", "=~", "!~", "<", "<=", ">", ">=", "and", "or", "has", "!has", "contains",
    "!contains", "startswith", "!startswith", "endswith", "!endswith", "matches regex",
)  # fmt: skip


def type_of(node: ir.Expr, types: Types, depth: int = 0) -> str | None:
    """The type of an expression over columns of some types, where it is plain.

    Values of `let` are shared, so a short chain of them can be a huge expression; it is followed
    only some steps down.
    """
    if isinstance(node, ir.Literal):
        return node.kind if node.kind != "null" else None
    if isinstance(node, ir.ColumnRef | ir.FunctionCall):
        return (types if isinstance(node, ir.ColumnRef) else _RETURNED).get(node.name)
    if isinstance(node, ir.UnaryOp) and node.op == "-":
        return type_of(node.operand, types, depth + 1)
    if isinstance(node, ir.BinaryOp) and node.op not in _LOGICAL:
        return _of_moments(node, types, depth + 1) if depth < _DEEPEST else None
    return "dynamic" if isinstance(node, ir.PathAccess) else _truth(node)


def _truth(node: ir.Expr) -> str | None:
    true = (ir.InList, ir.HasList, ir.Between, ir.UnaryOp, ir.BinaryOp)
    return "bool" if isinstance(node, true) else None


def _of_moments(node: ir.BinaryOp, types: Types, depth: int) -> str | None:
    pair = (type_of(node.left, types, depth), type_of(node.right, types, depth))
    if pair == ("datetime", "datetime") and node.op == "-":
        return "timespan"
    if pair == ("datetime", "timespan") and node.op in ("+", "-"):
        return "datetime"
    return "timespan" if pair == ("timespan", "timespan") and node.op in ("+", "-") else None
