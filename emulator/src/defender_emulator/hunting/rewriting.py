"""Changing a query's text before it is parsed: literals, and operators the translator lacks.

`project-keep`, `project-reorder` and `distinct *` become operators it has, with a marked column
name that `binding.py` understands once the columns are known.
"""

from defender_emulator.hunting.literals import Token, plain, tokens
from defender_emulator.hunting.refusals import control_command, syntax_error

KEEP = "*keep*"
REORDER = "*reorder*"
ALL = "*all*"

_OPERATORS = {
    "project-keep": f'project-away ["{KEEP}"],',
    "project-reorder": f'project-away ["{REORDER}"],',
}
_OLD_NAMES = {"makeset": "make_set", "makelist": "make_list"}


def rewritten(query: str) -> str:
    """The query in words that the translator knows."""
    found = list(tokens(query))
    words = [token for token in found if token.kind not in ("space", "comment")]
    if not words:
        raise syntax_error("The query is empty")
    if words[0].text == ".":
        raise control_command()
    return "".join(_text(token, found, n) for n, token in enumerate(found))


def _text(token: Token, found: list[Token], at: int) -> str:
    if token.kind == "string":
        return plain(token.text)
    if token.kind == "comment":
        return " "
    if token.text == "*" and _before(found, at) == "distinct":
        return f'["{ALL}"]'
    if token.text in _OLD_NAMES and _next(found, at) == "(":
        return _OLD_NAMES[token.text]
    return _OPERATORS.get(token.text, token.text)


def _next(found: list[Token], at: int) -> str:
    return next((t.text for t in found[at + 1 :] if t.kind not in ("space", "comment")), "")


def _before(found: list[Token], at: int) -> str:
    return next((t.text for t in reversed(found[:at]) if t.kind not in ("space", "comment")), "")
