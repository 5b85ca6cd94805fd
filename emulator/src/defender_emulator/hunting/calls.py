"""Calls of functions written as calls that the translator has, or refused.

Here are forms with more arguments than usual, old names, functions over all columns, and those
whose answer depends on the columns there are. A name that is no function is refused as the service
does; one that is, but cannot be run here, is refused by its name.
"""

from collections.abc import Callable
from functools import cache, reduce

from duckdb_kql import ir, translate
from duckdb_kql.translate import functions as known

from defender_emulator.hunting.kinds_known import AS_TYPE
from defender_emulator.hunting.known import NOT_HERE
from defender_emulator.hunting.networks import ipv6_alike, ipv6_prefix
from defender_emulator.hunting.refusals import QueryRefused, not_supported, semantic_error
from defender_emulator.hunting.stages import Columns, raw
from defender_emulator.hunting.windows import NAMES as _WINDOWS

Rewriting = Callable[[ir.FunctionCall, Columns], ir.Expr]

RENAMED = {
    "parsejson": "parse_json", "toobject": "todynamic", "parseurl": "parse_url",
    "parseurlquery": "parse_urlquery", "notempty": "isnotempty", "arraylength": "array_length",
    "pack_dictionary": "bag_pack", "array_iif": "array_iff", "totime": "totimespan",
    "datepart": "datetime_part", "extractall": "extract_all", "extract_json": "extractjson",
    "columnifexists": "column_ifexists", "hash_sha2_256": "hash_sha256", "argmax": "arg_max",
    "argmin": "arg_min", "array_strcat": "strcat_array", "dcount_if": "dcountif",
}  # fmt: skip


def call(name: str, *arguments: ir.Expr) -> ir.FunctionCall:
    """A call."""
    return ir.FunctionCall(name, arguments)


def _counted(node: ir.FunctionCall, least: int, most: int | None = None) -> tuple[ir.Expr, ...]:
    most = least if most is None else most
    if not least <= len(node.args) <= most:
        wanted = f"{least}" if least == most else f"{least}..{most}"
        raise semantic_error(f"{node.name}(): function expects {wanted} argument(s)")
    return node.args


def _split(node: ir.FunctionCall, _columns: Columns) -> ir.Expr:
    arguments = _counted(node, 2, 3)
    return call("*split_at*", *arguments) if len(arguments) == 3 else node


def _typed(value: ir.Expr, kind: ir.Expr) -> ir.Expr:
    if isinstance(kind, ir.FunctionCall) and kind.name == "typeof":
        (text,) = kind.args
        made = AS_TYPE.get(str(getattr(text, "value", "")).lower())
        if made is not None:
            return call(made, value)
    raise semantic_error("typeof(): a type is expected here")


def _extract(node: ir.FunctionCall, _columns: Columns) -> ir.Expr:
    arguments = _counted(node, 3, 4)
    if len(arguments) == 3:
        return node
    return _typed(call("extract", *arguments[:3]), arguments[3])


def _extract_json(node: ir.FunctionCall, _columns: Columns) -> ir.Expr:
    path, text, *kind = _counted(node, 2, 3)
    steps = str(getattr(path, "value", ""))
    if ".." in steps or "*" in steps:
        raise not_supported("'extract_json' of a path to several values is not supported")
    made = call("extractjson", path, call("tostring", text))
    return _typed(made, kind[0]) if kind else made


def _folded(step: str) -> Rewriting:
    def rewritten(node: ir.FunctionCall, _columns: Columns) -> ir.Expr:
        first, *others = _counted(node, 2, 64)
        return reduce(lambda a, b: call(step, a, b), others, first)

    return rewritten


def _over_list(step: str) -> Rewriting:
    def rewritten(node: ir.FunctionCall, _columns: Columns) -> ir.Expr:
        text, *others = _counted(node, 2, 64)
        single = len(others) == 1 and not isinstance(others[0], ir.Literal)
        literal = len(others) == 1 and getattr(others[0], "kind", "") == "dynamic"
        return call(step, text, others[0] if single or literal else call("pack_array", *others))

    return rewritten


def _ipv4_with_prefix(node: ir.FunctionCall, _columns: Columns) -> ir.Expr:
    arguments = _counted(node, 2, 3)
    return call(f"*{node.name}_3*", *arguments) if len(arguments) == 3 else node


def _ipv6(node: ir.FunctionCall, _columns: Columns) -> ir.Expr:
    left, right, *given = _counted(node, 2, 3)
    texts = [call("strcat", text) for text in (left, right)]
    prefixes = [raw(*_halves(ipv6_prefix("{}"), text)) for text in texts]
    smallest = call("min_of", *prefixes, *given)
    whole = [call("parse_ipv6", raw("split_part(", text, ", '/', 1)")) for text in texts]
    if node.name == "ipv6_compare":
        bits = [
            raw("left(", raw(*_halves(_BITS, address)), ", ", smallest, ")") for address in whole
        ]
        return call("strcmp", *bits)
    pattern = ipv6_alike("{0}", "{1}", "{2}")
    return raw(*_filled(pattern, [*whole, smallest]))


_BITS = ipv6_alike("{}", "", "1").partition("left(")[2].partition(", 1)")[0]


def _halves(pattern: str, value: ir.Expr) -> list[str | ir.Expr]:
    parts = pattern.split("{}")
    made: list[str | ir.Expr] = [parts[0]]
    for part in parts[1:]:
        made += [value, part]
    return made


def _filled(pattern: str, values: list[ir.Expr]) -> list[str | ir.Expr]:
    made: list[str | ir.Expr] = [pattern]
    for n, value in enumerate(values):
        mark = "{" + str(n) + "}"
        spread: list[str | ir.Expr] = []
        for piece in made:
            spread += (
                _halves(piece.replace(mark, "{}"), value) if isinstance(piece, str) else [piece]
            )
        made = spread
    return made


def _index_of(node: ir.FunctionCall, _columns: Columns) -> ir.Expr:
    arguments = [call("tostring", a) for a in _counted(node, 2, 5)[:2]]
    if len(node.args) == 2:
        return call("indexof", *arguments)
    if len(node.args) == 3:
        return call("*indexof_from*", *arguments, node.args[2])
    raise not_supported("'indexof' with a length or an occurrence is not supported")


def _make_string(node: ir.FunctionCall, _columns: Columns) -> ir.Expr:
    parts = [
        call("*from_codepoints*", a if _is_list(a) else call("pack_array", a))
        for a in _counted(node, 1, 64)
    ]
    return call("strcat", *parts)


def _is_list(node: ir.Expr) -> bool:
    numbers = ("long", "int")
    if isinstance(node, ir.Literal):
        return node.kind not in numbers
    return not isinstance(node, ir.FunctionCall) or node.name not in ("tolong", "toint")


def _rand(node: ir.FunctionCall, _columns: Columns) -> ir.Expr:
    arguments = _counted(node, 0, 1)
    return call("*rand_below*", *arguments) if arguments else call("*rand*")


def _bin_at(node: ir.FunctionCall, _columns: Columns) -> ir.Expr:
    arguments = _counted(node, 3)
    span = isinstance(arguments[1], ir.Literal) and arguments[1].kind == "timespan"
    return call(_bin_at_form(arguments[2]) if span else "*bin_at*", *arguments)


def _bin_at_form(fixed: ir.Expr) -> str:
    kind = fixed.kind if isinstance(fixed, ir.Literal) else ""
    return "*bin_at_length*" if kind == "timespan" else "*bin_at_span*"


def _if_exists(node: ir.FunctionCall, columns: Columns) -> ir.Expr:
    name, otherwise = _counted(node, 2)
    if isinstance(name, ir.Literal) and str(name.value) in columns:
        return ir.ColumnRef(str(name.value))
    return otherwise


def _ingestion_time(node: ir.FunctionCall, columns: Columns) -> ir.Expr:
    _counted(node, 0)
    if "Timestamp" in columns:
        return ir.ColumnRef("Timestamp")
    return ir.Literal(None, "datetime")


def _geo_info(node: ir.FunctionCall, _columns: Columns) -> ir.Expr:
    _counted(node, 1)
    return ir.Literal("{}", "dynamic")


def _pack_all(node: ir.FunctionCall, columns: Columns) -> ir.Expr:
    pairs = [part for c in columns for part in (ir.Literal(c, "string"), ir.ColumnRef(c))]
    if node.args:
        raise not_supported("'pack_all' with an argument is not supported")
    return call("bag_pack", *pairs)


def _pack_columns(node: ir.FunctionCall, _columns: Columns) -> ir.Expr:
    pairs: list[ir.Expr] = []
    for column in node.args:
        if not isinstance(column, ir.ColumnRef):
            raise semantic_error("bag_pack_columns(): a column is expected")
        pairs += [ir.Literal(column.name, "string"), column]
    return call("bag_pack", *pairs)


def _bag_pack(node: ir.FunctionCall, _columns: Columns) -> ir.Expr:
    keys = [a.value for a in node.args[::2] if isinstance(a, ir.Literal)]
    if len({*keys}) < len(keys):
        raise not_supported(f"'{node.name}' with a key twice is not supported")
    made = [
        a if n % 2 or isinstance(a, ir.Literal) else call("tostring", a)
        for n, a in enumerate(node.args)
    ]
    return call("bag_pack", *made)


def _format_ipv4(node: ir.FunctionCall, _columns: Columns) -> ir.Expr:
    address, *prefix = _counted(node, 1, 2)
    if prefix:
        raise not_supported("'format_ipv4' with a prefix is not supported")
    numbers = isinstance(address, ir.Literal) and address.kind in ("long", "int")
    return call("*dotted*", address if numbers else call("parse_ipv4", address))


def _one_text(node: ir.FunctionCall, _columns: Columns) -> ir.Expr:
    (text,) = _counted(node, 1)
    return call(node.name, call("tostring", text))


def _extract_all(node: ir.FunctionCall, _columns: Columns) -> ir.Expr:
    if len(_counted(node, 2, 3)) == 3:
        raise not_supported("'extract_all' with chosen groups is not supported")
    return node


def _command_line(node: ir.FunctionCall, _columns: Columns) -> ir.Expr:
    kind = _counted(node, 2)[1]
    if not isinstance(kind, ir.Literal) or str(kind.value).lower() != "windows":
        raise semantic_error("parse_command_line(): argument #2 must be 'windows'")
    return node


def _kept_from(macro: str) -> Rewriting:
    """A function that refuses some texts when it meets them."""

    def rewritten(node: ir.FunctionCall, _columns: Columns) -> ir.Expr:
        (text,) = _counted(node, 1)
        return call(node.name, raw(f"{macro}(", text, ")", kind="string"))

    return rewritten


def _replace(node: ir.FunctionCall, _columns: Columns) -> ir.Expr:
    pattern, rewrite, source = _counted(node, 3)
    return call("replace_regex", source, pattern, rewrite)


REWRITTEN: dict[str, Rewriting] = {
    "replace": _replace,
    "split": _split,
    "extract": _extract,
    "extractjson": _extract_json,
    "extract_all": _extract_all,
    "array_concat": _folded("*array_concat*"),
    "parse_url": _kept_from("kql_no_user"),
    "parse_csv": _kept_from("kql_no_quotes"),
    "parse_command_line": _command_line,
    "set_union": _folded("*set_union*"),
    "set_intersect": _folded("*set_intersect*"),
    "set_difference": _folded("*set_difference*"),
    "bag_merge": _folded("*bag_merge*"),
    "ipv4_is_in_any_range": _over_list("*ipv4_is_in_any*"),
    "has_any_ipv4": _over_list("*has_any_ipv4*"),
    "has_any_ipv4_prefix": _over_list("*has_any_ipv4_prefix*"),
    "ipv4_is_match": _ipv4_with_prefix,
    "ipv4_compare": _ipv4_with_prefix,
    "ipv6_is_match": _ipv6,
    "ipv6_is_in_range": _ipv6,
    "ipv6_compare": _ipv6,
    "indexof": _index_of,
    "make_string": _make_string,
    "unicode_codepoints_to_string": _make_string,
    "rand": _rand,
    "bin_at": _bin_at,
    "column_ifexists": _if_exists,
    "ingestion_time": _ingestion_time,
    "geo_info_from_ip_address": _geo_info,
    "pack_all": _pack_all,
    "bag_pack_columns": _pack_columns,
    "bag_pack": _bag_pack,
    "pack": _bag_pack,
    "format_ipv4": _format_ipv4,
    "url_encode": _one_text,
    "url_decode": _one_text,
}


def rewritten(node: ir.FunctionCall, columns: Columns) -> ir.Expr:
    """A call as the translator has it. Raises `QueryRefused` for what is none."""
    name = RENAMED.get(node.name, node.name)
    if name != node.name:
        node = ir.FunctionCall(name, node.args)
    made = REWRITTEN[name](node, columns) if name in REWRITTEN else node
    if isinstance(made, ir.FunctionCall):
        _check(made.name)
    return made


def _check(name: str) -> None:
    if name.startswith("*") or name == "typeof" or name in _WINDOWS or name in _here():
        return
    raise _no_function(name)


@cache
def _here() -> set[str]:
    forms = translate._SPECIAL_FORMS  # noqa: SLF001 - no public name
    return {*known.SCALAR_FUNCTIONS, *known.AGGREGATE_FUNCTIONS, *forms}


def _no_function(name: str) -> QueryRefused:
    if name in NOT_HERE or name.startswith(("series_", "geo_")):
        return not_supported(f"the function '{name}' is not supported")
    return semantic_error(f"Unknown function: '{name}'")
