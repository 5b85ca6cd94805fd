"""Regular expressions of KQL as the database reads them.

Kusto's classes are those of Unicode, the database's are those of ASCII. Source: "Regular
expressions" of the Kusto documentation: `\\w` is a letter, a mark, a decimal number or a
connector, `\\d` a decimal number, `\\s` a white space.
"""

import re

from duckdb_kql import ir, translate

from defender_emulator.hunting.refusals import not_supported
from defender_emulator.hunting.stages import raw

_CLASSES = {"w": r"\p{L}\p{M}\p{Nd}\p{Pc}", "d": r"\p{Nd}", "s": r"\s\v\x{85}\p{Z}"}
_PIECE = re.compile(r"\\Q.*?\\E|\\.|\[\^?\]?|\]|&&|--|~~|.", re.DOTALL)
_OPERATIONS = ("&&", "--", "~~")


_PLACES = {
    "extract": (0, 2), "extract_all": (0, -1), "replace_regex": (1, 0), "trim": (0, 1),
    "trim_start": (0, 1), "trim_end": (0, 1), "indexof_regex": (1, 0),
}  # fmt: skip
"""Which argument of a function is its pattern, and which the text it is looked for in."""


def guarded(node: ir.Expr) -> ir.Expr:
    """A search for a pattern, kept from texts over which it would find something else.

    Raises `QueryRefused` for a pattern that is not a constant: it cannot be read before it is used.
    """
    if isinstance(node, ir.BinaryOp) and node.op == "matches regex":
        return ir.BinaryOp(node.op, _guarded(node.right, node.left), node.right)
    if not isinstance(node, ir.FunctionCall):
        return node
    places = (1, 0) if _counts_matches(node) else _PLACES.get(node.name)
    if places is None or len(node.args) <= max(places):
        return node
    arguments = list(node.args)
    arguments[places[1]] = _guarded(arguments[places[0]], arguments[places[1]])
    return ir.FunctionCall(node.name, tuple(arguments))


def _counts_matches(node: ir.FunctionCall) -> bool:
    kind = node.args[2] if node.name == "countof" and len(node.args) == 3 else None
    return isinstance(kind, ir.Literal) and str(kind.value).lower() == "regex"


def _guarded(pattern: ir.Expr, text: ir.Expr) -> ir.Expr:
    known = pattern.value if isinstance(pattern, ir.LetRef) else pattern
    constant = translate.constant_string(known)
    if constant is None:
        raise not_supported("a regular expression that is not a constant is not supported")
    return raw("kql_words(", text, ")") if _bounds_words(constant) else text


def _bounds_words(pattern: str) -> bool:
    """Whether the pattern holds a word boundary; within a class `\\b` is another thing."""
    inside = False
    for piece in _PIECE.findall(pattern):
        if piece in (r"\b", r"\B") and not inside:
            return True
        inside = piece != "]" and (inside or piece.startswith("["))
    return False


def unicode_classes(pattern: str) -> str:
    """The pattern with its short classes written out. Raises `QueryRefused` for `[a&&b]`."""
    made: list[str] = []
    inside = False
    for piece in _PIECE.findall(pattern):
        if inside and piece in _OPERATIONS:
            raise not_supported(f"'{piece}' in a class of a regular expression is not supported")
        if inside and piece.startswith("["):
            made.append(piece if piece != "[" else r"\[")
            continue
        if piece.startswith("["):
            inside = True
        elif piece == "]":
            inside = False
        made.append(_written(piece, inside=inside))
    return "".join(made)


def _written(piece: str, *, inside: bool) -> str:
    short = piece[1:] if len(piece) == 2 and piece[0] == "\\" else ""
    wide = _CLASSES.get(short.lower())
    if wide is None:
        return piece
    if short.islower():
        return wide if inside else f"[{wide}]"
    if not inside:
        return f"[^{wide}]"
    return r"\P{Nd}" if short == "D" else piece
