"""The types of a query's columns where they can be told without asking the tables."""

from duckdb_kql import ir
from duckdb_kql.params import normalize_type

from defender_emulator.hunting.schema import TABLES, held_types
from defender_emulator.hunting.stages import Raw

Types = dict[str, str]
_DEEPEST = 5
_SAME = (ir.Where, ir.Take, ir.Sort, ir.Top)


def known_types(query: ir.Query) -> Types | None:
    """The types by column, in order, or None where only the tables can tell."""
    types = _of_source(query)
    for operator in query.operators:
        if types is None:
            return None
        types = types_after(operator, types)
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


def types_after(operator: ir.Operator, types: Types) -> Types | None:
    """The types after one operator, or None where only the tables can tell."""
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
_MOMENTS = (
    "make_datetime", "datetime_add", "bin_at", "ingestion_time",
    *(f"{end}of{unit}" for end in ("start", "end") for unit in ("day", "week", "month", "year")),
    *(f"unixtime_{unit}seconds_todatetime" for unit in ("", "milli", "micro", "nano")),
)  # fmt: skip
_RETURNED |= dict.fromkeys(_MOMENTS, "datetime")
_RETURNED |= {
    "make_timespan": "timespan", "dayofweek": "timespan", "timespan": "timespan",
    "format_datetime": "string", "format_timespan": "string", "getyear": "int", "hourofday": "int",
    "monthofyear": "int", "dayofmonth": "int", "dayofyear": "int", "datetime_part": "int",
    "datetime_diff": "long", "todecimal": "decimal", "toguid": "guid",
    "new_guid": "guid",
}  # fmt: skip
_TEXTS = """
replace_regex trim_start trim_end strcat_delim strcat_array url_decode url_encode url_encode_component
base64_decode_tostring base64_encode_tostring reverse hash_md5 hash_sha1 hash_sha256 format_ipv4 tohex
strrep translate regex_quote replace parse_ipv6 gettype make_string dynamic_to_json
"""
_DYNAMICS = """
array_concat *array_concat* array_slice array_reverse array_sort_asc array_sort_desc array_iff *set_union*
*set_intersect* *set_difference* set_union set_intersect set_difference bag_keys bag_merge *bag_merge*
bag_remove_keys bag_pack_columns pack_all extract_all range zip parse_url parse_csv parse_path
parse_urlquery parse_command_line *split_at* make_list make_set *set_plain* make_list_if make_set_if
make_list_with_nulls make_bag make_bag_if unicode_codepoints_from_string base64_decode_toarray
"""
_RETURNED |= dict.fromkeys(_TEXTS.split(), "string")
_RETURNED |= dict.fromkeys(_DYNAMICS.split(), "dynamic")
CHOOSING = ("iff", "iif", "case", "coalesce")
_AS_ARGUMENT = {
    "max_of": 0, "min_of": 0, "bin": 0, "floor": 0,
    "bin_at": 0, "prev": 0, "next": 0, "abs": 0, "row_cumsum": 0, "min": 0, "max": 0, "take_any": 0,
    "minif": 0, "maxif": 0, "any": 0, "sum": 0, "sumif": 0, "percentile": 0, "avg": 0, "avgif": 0,
}  # fmt: skip
"""Functions that return a time where one of their arguments is one; of numbers it says nothing."""
AS_TYPE = {
    "string": "tostring", "long": "tolong", "int": "toint", "real": "toreal", "double": "toreal",
    "bool": "tobool", "boolean": "tobool", "datetime": "todatetime", "date": "todatetime",
    "timespan": "totimespan", "time": "totimespan", "guid": "toguid", "dynamic": "todynamic",
    "decimal": "todecimal",
}  # fmt: skip
"""The function that makes a value of a type."""
TIMES = ("datetime", "timespan")
NUMBERS = ("int", "long", "real", "decimal")
_LOGICAL = (
    "==", "!=", "<>", "=~", "!~", "<", "<=", ">", ">=", "and", "or", "has", "!has", "contains",
    "!contains", "startswith", "!startswith", "endswith", "!endswith", "matches regex",
)  # fmt: skip


def type_of(node: ir.Expr, types: Types, depth: int = 0) -> str | None:
    """The type of an expression over columns of some types, where it is plain.

    Values of `let` are shared, so a short chain of them can be a huge expression; it is followed
    only some steps down.
    """
    if isinstance(node, ir.Literal | Raw):
        return node.kind if node.kind != "null" else None
    if isinstance(node, ir.LetRef):
        return types.get(node.name) or type_of(node.value, types, depth + 1)
    if isinstance(node, ir.ColumnRef):
        return types.get(node.name)
    if isinstance(node, ir.FunctionCall):
        return _of_call(node, types, depth)
    return _of_operation(node, types, depth)


def _of_operation(node: ir.Expr, types: Types, depth: int) -> str | None:
    if isinstance(node, ir.UnaryOp) and node.op == "-":
        return type_of(node.operand, types, depth + 1)
    if isinstance(node, ir.BinaryOp) and node.op not in _LOGICAL:
        return _of_moments(node, types, depth + 1) if depth < _DEEPEST else None
    return "dynamic" if isinstance(node, ir.PathAccess) else _truth(node)


def _of_call(node: ir.FunctionCall, types: Types, depth: int) -> str | None:
    if node.name in CHOOSING:
        return _of_choice(node, types, depth)
    at = _AS_ARGUMENT.get(node.name)
    if at is not None and at < len(node.args) and depth < _DEEPEST:
        kind = type_of(node.args[at], types, depth + 1)
        if kind in TIMES:
            return kind
    return _RETURNED.get(node.name)


def chosen_places(name: str, count: int) -> list[int]:
    """Which of so many arguments `iff`, `case` or `coalesce` may choose; of another function, none."""
    if name == "case":
        return [at for at in range(1, count) if at % 2 or at == count - 1]
    first = {"iff": 1, "iif": 1, "coalesce": 0}.get(name, count)
    return list(range(first, count))


def _of_choice(node: ir.FunctionCall, types: Types, depth: int) -> str | None:
    """The type of `iff`, `case` and `coalesce`: that of all it may choose, or the one beside dynamic."""
    if depth >= _DEEPEST:
        return None
    places = chosen_places(node.name, len(node.args))
    kinds = {type_of(node.args[at], types, depth + 1) for at in places}
    if len(kinds) > 1:
        kinds.discard("dynamic")
    return kinds.pop() if len(kinds) == 1 else None


def _truth(node: ir.Expr) -> str | None:
    true = (ir.InList, ir.HasList, ir.Between, ir.UnaryOp, ir.BinaryOp)
    return "bool" if isinstance(node, true) else None


def _of_moments(node: ir.BinaryOp, types: Types, depth: int) -> str | None:
    pair = (type_of(node.left, types, depth), type_of(node.right, types, depth))
    if pair == ("datetime", "datetime") and node.op == "-":
        return "timespan"
    if pair in (("datetime", "timespan"), ("timespan", "datetime")) and node.op in ("+", "-"):
        return "datetime"
    if pair == ("timespan", "timespan"):
        return {"/": "real", "+": "timespan", "-": "timespan", "%": "timespan"}.get(node.op)
    scaled = pair[0] == "timespan" and pair[1] in NUMBERS and node.op in ("*", "/")
    scaled = scaled or (pair[1] == "timespan" and pair[0] in NUMBERS and node.op == "*")
    return "timespan" if scaled else None
