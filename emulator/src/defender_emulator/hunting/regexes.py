"""Regular expressions of KQL as the database reads them.

Kusto's classes are those of Unicode, the database's are those of ASCII. Source: "Regular
expressions" of the Kusto documentation: `\\w` is a letter, a mark, a decimal number or a
connector, `\\d` a decimal number, `\\s` a white space.
"""

import re

from defender_emulator.hunting.refusals import not_supported

_CLASSES = {"w": r"\p{L}\p{M}\p{Nd}\p{Pc}", "d": r"\p{Nd}", "s": r"\s\v\x{85}\p{Z}"}
_PIECE = re.compile(r"\\Q.*?\\E|\\.|\[\^?\]?|\]|&&|--|~~|.", re.DOTALL)
_OPERATIONS = ("&&", "--", "~~")


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
