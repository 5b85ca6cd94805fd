"""Reading KQL text one token at a time, to rewrite what the translator misreads.

The translator knows few of KQL's string escapes, and takes the marks of hidden (`h"..."`) and
fenced literals for text. Such literals are decoded here and written again as plain ones; all
else stays as it is. A literal with an escape that KQL does not have is refused, as KQL does.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from defender_emulator.hunting.refusals import not_supported, syntax_error

_TOKEN = re.compile(
    r"""
    (?P<string>
        [hH]?(?:```.*?```|~~~.*?~~~)
      | [hH]?@"(?:[^"\r\n]|"")*" | [hH]?@'(?:[^'\r\n]|'')*'
      | [hH]?"(?:\\[^\r\n]|[^"\\\r\n])*" | [hH]?'(?:\\[^\r\n]|[^'\\\r\n])*'
    )
  | (?P<comment>//[^\r\n\u2028\u2029]*)
  | (?P<space>\s+)
  | (?P<word>[A-Za-z_$][\w$]*(?:-[a-z]+)*)
  | (?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(
    r"\\(?:u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})|x(?P<x>[0-9a-fA-F]{2})"
    r"|(?P<o>[0-3]?[0-7]{1,2})|(?P<c>.))",
    re.DOTALL,
)
_DATE = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ t]\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?\s*(?:z|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)
_OTHER_DATES = re.compile(
    r"\d{8}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}( .*)?|.*\d.*[a-z]{3}.*|.*[a-z]{3}.*\d.*", re.ASCII
)


def _check_bool(text: str) -> None:
    """Raise `QueryRefused` for a literal that is neither true nor false."""
    body = text.lower().removeprefix("bool").removeprefix("boolean").strip("() ")
    if body not in ("true", "false", "0", "1", "null"):
        raise syntax_error(f"'{text}' is no value of the type bool")


def _check_datetime(text: str) -> None:
    """Raise `QueryRefused` for a literal of no time: without a digit, or of a day that is none."""
    body = text.partition("(")[2].rstrip(")").strip().lower()
    day = _DATE.fullmatch(body)
    if day is None and any(c.isdigit() for c in body) and not _OTHER_DATES.fullmatch(body):
        raise not_supported(f"the datetime literal '{text}' is not supported")
    if not (_is_day(day) if day else body == "null" or _OTHER_DATES.fullmatch(body)):
        raise syntax_error(f"'{text}' is no value of the type datetime")


def _is_day(found: re.Match[str]) -> bool:
    try:
        return bool(date(*map(int, found.groups()[:3])))
    except ValueError:
        return False


CHECKED = {"BooleanLiteralExpression": _check_bool, "DateTimeLiteralExpression": _check_datetime}
"""Kinds of literals that the translator reads as null where they cannot be read."""
_SIMPLE = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "'": "'", '"': '"',
}  # fmt: skip
_WRITTEN = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_KNOWN_ESCAPES = re.compile(r"(?:[^\\]|\\[nrt\\'\"])*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a query: a string, comment, space, word or mark."""

    kind: str
    text: str


def tokens(query: str) -> Iterator[Token]:
    """All of a query's text, in pieces."""
    for match in _TOKEN.finditer(query):
        kind = match.lastgroup or ""
        text = match.group()
        if kind == "mark" and text in "\"'":
            raise syntax_error("A recognition error occurred")
        yield Token(kind, text)


def decode(literal: str) -> str:
    """The value that a string literal stands for."""
    body = literal.removeprefix("h").removeprefix("H")
    if body.startswith(("```", "~~~")):
        return body[3:-3]
    if body.startswith("@"):
        return body[2:-1].replace(body[1] * 2, body[1])
    value = _ESCAPE.sub(_unescaped, body[1:-1])
    try:
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        raise syntax_error("A recognition error occurred") from None


def encode(value: str) -> str:
    """A literal for a value, with only those escapes that the translator knows."""
    return '"' + "".join(_WRITTEN.get(char, char) for char in value) + '"'


def plain(literal: str) -> str:
    """The literal itself if the translator reads it rightly, or another for the same value."""
    quoted = literal[0] in "\"'"
    if literal[0] == "@" or (quoted and _KNOWN_ESCAPES.fullmatch(literal)):
        return literal
    return encode(decode(literal))


def _unescaped(match: re.Match[str]) -> str:
    code = match["u"] or match["U"] or match["x"]
    if code or match["o"]:
        number = int(code, 16) if code else int(match["o"], 8)
        if number > 0x10FFFF:
            raise syntax_error("A recognition error occurred")
        return chr(number)
    simple = _SIMPLE.get(match["c"])
    if simple is None:
        raise syntax_error("A recognition error occurred")
    return simple
