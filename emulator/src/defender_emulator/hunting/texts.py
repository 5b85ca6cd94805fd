"""Values where a text is expected: a dynamic value counts as the text it holds.

The translator knows few expressions to be dynamic, and writes the JSON of the others with its quotes.
Where a type is not known before the rows are read, the database decides by what it finds.
"""

import dataclasses
import json

from duckdb_kql import ir

from defender_emulator.hunting.kinds_known import type_of
from defender_emulator.hunting.refusals import not_supported
from defender_emulator.hunting.stages import raw

Types = dict[str, str]
_FIRST = """
base64_decode_tostring base64_decodestring base64_encode_tostring base64_encodestring extract_json
has_any_ipv4 has_any_ipv4_prefix indexof_regex ipv4_is_in_any_range ipv4_is_private ipv4_netmask_suffix
isascii parse_command_line parse_csv parse_ipv4 parse_ipv6 parse_path parse_url parse_urlquery
parse_version toguid regex_quote replace_regex reverse string_size strlen substring tolower toupper
unicode_codepoints_from_string url_encode_component base64_decode_toarray strrep
"""
_FIRST_TWO = """
countof has_ipv4 has_ipv4_prefix ipv4_compare ipv4_is_in_range ipv4_is_match split strcmp trim trim_end
trim_start
"""
_PLACES: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(_FIRST.split(), (0,)),
    **dict.fromkeys(_FIRST_TWO.split(), (0, 1)),
    "replace_string": (0, 1, 2), "translate": (0, 1, 2), "extract": (2,), "extract_all": (1, 2),
}  # fmt: skip


def read_as_texts(node: ir.FunctionCall, types: Types) -> ir.FunctionCall:
    """The call with what stands for a text written as one."""
    places = _PLACES.get(node.name)
    if places is None:
        return node
    if node.name == "extract_all":
        places = (len(node.args) - 1,)
    arguments = [
        as_text(argument, types) if n in places else argument
        for n, argument in enumerate(node.args)
    ]
    return dataclasses.replace(node, args=tuple(arguments))


def shortened(node: ir.FunctionCall, types: Types) -> ir.Expr:
    """`substring` and `strcat` in fewer words, where the translator would repeat what is in them."""
    if node.name == "substring" and len(node.args) in (2, 3):
        return _part(node)
    constant = all(isinstance(argument, ir.Literal) for argument in node.args)
    if node.name != "strcat" or constant:
        return node
    pieces: list[ir.Expr | str] = []
    for argument in node.args:
        pieces += [", ", _shown(argument, types)]
    return raw("concat(", *pieces[1:], ")", kind="string")


def _shown(node: ir.Expr, types: Types) -> ir.Expr:
    """A value as `tostring` writes it, named once however often that looks at it."""
    if type_of(node, types) in ("string", "long", "int"):
        return node
    if isinstance(node, ir.Literal | ir.ColumnRef):
        return ir.FunctionCall("tostring", (node,))
    shown = ir.FunctionCall("tostring", (raw("_v"),))
    return raw("list_transform([", node, "], lambda _v: ", shown, ")[1]", kind="string")


def _part(node: ir.FunctionCall) -> ir.Expr:
    """A part of a text: from the end where the start is negative, nothing before the beginning."""
    text, start, *length = node.args
    numbers = [start, *length]
    if all(
        isinstance(n, ir.Literal) and isinstance(n.value, int) and n.value >= 0 for n in numbers
    ):
        more: list[ir.Expr | str] = [", ", *length] if length else []
        return raw("substring(", text, ", 1 + ", start, *more, ")", kind="string")
    held: list[ir.Expr | str] = ["list_transform([{'t': ", text, ", 'a': ", start]
    if length:
        held += [", 'n': ", *length]
    begun = "CASE WHEN _q.a < 0 THEN length(_q.t) + _q.a ELSE _q.a END"
    taken = f"substring(_q.t, 1 + {begun}{', greatest(_q.n, 0)' if length else ''})"
    wanted = f"CASE WHEN _q.n IS NULL THEN NULL ELSE {taken} END" if length else taken
    held += [f"}}], lambda _q: CASE WHEN {begun} < 0 THEN '' ELSE {wanted} END)[1]"]
    return raw(*held, kind="string")


def as_text(node: ir.Expr, types: Types) -> ir.Expr:
    """A value as the text it is; a literal is one."""
    kind = type_of(node, types)
    if kind not in ("dynamic", None) or (isinstance(node, ir.Literal) and kind is None):
        return node
    if kind == "dynamic":
        return ir.FunctionCall("tostring", (node,))
    return raw("kql_as_text(", node, ")", kind="string")


def compared(node: ir.BinaryOp, types: Types) -> ir.BinaryOp:
    """An operator of texts over two texts."""
    if node.op == "matches regex":  # its pattern is a constant
        return dataclasses.replace(node, left=as_text(node.left, types))
    return dataclasses.replace(
        node, left=as_text(node.left, types), right=as_text(node.right, types)
    )


def listed(node: ir.InList | ir.HasList, types: Types) -> ir.InList | ir.HasList:
    """`in`, `has_any` and their kin with what is dynamic in them told.

    Raises `QueryRefused` for lists beside single values, and for lists within a list.
    """
    value = node.value
    kind = type_of(value, types)
    caseless = isinstance(node, ir.HasList) or node.case_insensitive
    if caseless or (node.subquery is not None and kind == "dynamic"):
        value = as_text(value, types)
    alone = len(node.items) == 1 and (caseless or kind in ("string", "dynamic", None))
    items = tuple(_told(item, types, alone=alone) for item in node.items)
    lists = [item for item in items if _holds_values(item)]
    if any(isinstance(item, ir.Literal) and _is_nested(str(item.value)) for item in lists):
        raise not_supported("a list within a list, after 'in' or 'has_any', is not supported")
    if lists and len(items) > 1:
        raise not_supported(
            "a list beside single values, after 'in' or 'has_any', is not supported"
        )
    lists += [item for item in items if isinstance(item, ir.ToScalar)]
    if lists and not caseless and kind in ("real", "decimal", "datetime", "timespan"):
        raise not_supported(f"'in' of a {kind} and a dynamic list is not supported")
    return dataclasses.replace(node, value=value, items=items)


def _is_nested(text: str) -> bool:
    """Whether a literal list holds lists."""
    try:
        found = json.loads(text)
    except ValueError:
        return False
    return isinstance(found, list) and any(isinstance(value, list) for value in found)


def _told(item: ir.Expr, types: Types, *, alone: bool) -> ir.Expr:
    """An item that holds a list is marked as one; what may be one is one, of itself if need be."""
    if isinstance(item, ir.LetRef) and item.name not in types:
        item = item.value
    kind = type_of(item, types)
    if kind not in ("dynamic", None) or isinstance(item, ir.Literal | ir.ToScalar):
        return item
    if kind is None and not alone:
        return item
    if isinstance(item, ir.FunctionCall) and item.name == "pack_array":
        return item
    if alone:
        return ir.FunctionCall("todynamic", (raw("kql_list(", item, ")", kind="dynamic"),))
    made = "tostring" if isinstance(item, ir.PathAccess) else "todynamic"
    return ir.FunctionCall(made, (item,))


def _holds_values(item: ir.Expr) -> bool:
    if isinstance(item, ir.Literal):
        return item.kind == "dynamic"
    return isinstance(item, ir.FunctionCall) and item.name in (
        "parse_json",
        "todynamic",
        "pack_array",
    )
