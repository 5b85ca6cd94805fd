"""Changing a query's text before it is parsed: literals, and words that the parser lacks."""

from defender_emulator.hunting.literals import Token, decode, plain, tokens
from defender_emulator.hunting.refusals import control_command, not_supported, syntax_error
from defender_emulator.hunting.shaping import SERIALIZE_MARK

_OLD_NAMES = {
    "makeset": "make_set", "makelist": "make_list", "mvexpand": "mv-expand", "mvapply": "mv-apply",
}  # fmt: skip
_UNKNOWN_TO_THE_PARSER = ("parse-kv", "graph-where-nodes", "graph-where-edges", "top-hitters")
_ENDS = ("", "|", ";", ")")
_PARAMETERS = ("kind", "with_itemindex", "bagexpansion")
_NAMING = ("make-series", "serialize", "mv-apply")
"""After these the parser takes `name = call(...)` for a parameter, unless the name is in brackets."""


_OLD_LIMIT = " limit 128 "
"""How many values `mvexpand`, the old name, takes where no limit is given; `mv-expand` takes all."""


def rewritten(query: str) -> str:
    """The query in words that the parser knows."""
    found = list(tokens(query))
    words = [token for token in found if token.kind not in ("space", "comment")]
    if not words:
        raise syntax_error("The query is empty")
    if words[0].text == ".":
        raise control_command()
    limited = _old_expansions(found)
    return "".join(
        _OLD_LIMIT * (n in limited) + _text(token, found, n) for n, token in enumerate(found)
    ) + _OLD_LIMIT * (len(found) in limited)


def _old_expansions(found: list[Token]) -> set[int]:
    """Where each `mvexpand` without a limit ends."""
    ends = set()
    for at, token in enumerate(found):
        if token.text == "mvexpand" and _before(found, at) == "|":
            end = _end(found, at)
            if not any(_limits(found, n) for n in range(at, end)):
                ends.add(end)
    return ends


def _limits(found: list[Token], at: int) -> bool:
    """Whether the clause `limit 5` begins here."""
    return found[at].text == "limit" and _next(found, at)[:1].isdigit()


def _end(found: list[Token], at: int) -> int:
    """Where the operator that begins here ends."""
    depth = 0
    for n, token in enumerate(found[at:], at):
        depth += token.text in ("(", "[", "{")
        if token.text in ("|", ";") and depth == 0:
            return n
        depth -= token.text in (")", "]", "}")
        if depth < 0:
            return n
    return len(found)


def views_in(query: str) -> set[str]:
    """The names of the views that a query declares: `let V = view () { ... }`."""
    found = [t for t in tokens(query) if t.kind not in ("space", "comment")]
    texts = [token.text for token in found]
    return {
        _declared_name(texts[at - 2], texts[at - 3 : at - 2])
        for at in range(3, len(texts) - 1)
        if texts[at] == "view" and texts[at - 1] == "=" and texts[at + 1] == "("
    }


def _declared_name(last: str, before: list[str]) -> str:
    if last != "]":
        return last
    return decode(before[0]) if before and before[0][-1:] in ("'", '"') else ""


def _text(token: Token, found: list[Token], at: int) -> str:
    if token.kind == "string":
        return plain(token.text)
    if token.kind == "comment":
        return " "
    if token.kind == "word":
        return _word(token.text, _before(found, at), _next(found, at))
    return token.text


def _word(word: str, before: str, after: str) -> str:
    if before == "|" and word in _UNKNOWN_TO_THE_PARSER:
        raise not_supported(f"the operator '{word}' is not supported")
    if before == "|" and word == "serialize" and after in _ENDS:
        return f'serialize ["{SERIALIZE_MARK}"] = 1'
    if word in ("materialize", "view") and after == "(" and before != ".":
        return "" if word == "materialize" or before == "=" else word
    if before in _NAMING and after == "=" and word not in _PARAMETERS:
        return f'["{word}"]'
    if word in _OLD_NAMES and (after == "(" or before == "|"):
        return _OLD_NAMES[word]
    return word


def _next(found: list[Token], at: int) -> str:
    return next((t.text for t in found[at + 1 :] if t.kind not in ("space", "comment")), "")


def _before(found: list[Token], at: int) -> str:
    return next((t.text for t in reversed(found[:at]) if t.kind not in ("space", "comment")), "")
