"""`$filter` and `$orderby`: a small parser of the grammar that clients use, and its evaluation."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from defender_emulator.scenario import Json
from defender_emulator.ticks import ticks_of

Predicate = Callable[[Json], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<date>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?)"
    r"|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_@][\w.]*(?:/[A-Za-z_][\w.]*)*)"
    r"|(?P<sign>[(),:]))"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: bool(a == b),
    "ne": lambda a, b: bool(a != b),
    "gt": lambda a, b: a is not None and b is not None and bool(a > b),
    "ge": lambda a, b: a is not None and b is not None and bool(a >= b),
    "lt": lambda a, b: a is not None and b is not None and bool(a < b),
    "le": lambda a, b: a is not None and b is not None and bool(a <= b),
}
_MAX_DEPTH = 50


class BadQuery(Exception):
    """A query option that the service refuses; the text says where."""


@dataclass(frozen=True)
class Field:
    """A filterable property: how it is named here, and what it holds."""

    name: str
    kind: str = "text"
    """text, enum (any case), or time (compared to the tick)."""


@dataclass
class _Token:
    kind: str
    text: str
    at: int


def parse_filter(text: str, fields: dict[str, Field]) -> Predicate:
    """The predicate behind a `$filter`. Raises `BadQuery` for anything it cannot be."""
    parser = _Parser(_tokens(text), fields)
    predicate = parser.either(0)
    parser.end()
    return predicate


def parse_order(text: str, names: Collection[str]) -> list[tuple[str, bool]]:
    """The keys of an `$orderby` and whether each descends. Raises `BadQuery`."""
    keys = []
    for part in text.split(","):
        words = part.split()
        if not words or len(words) > 2 or words[0] not in names:
            raise BadQuery(f"Invalid $orderby '{part.strip()}'.")
        direction = words[1].lower() if len(words) == 2 else "asc"
        if direction not in {"asc", "desc"}:
            raise BadQuery(f"Invalid $orderby direction '{words[1]}'.")
        keys.append((words[0], direction == "desc"))
    return keys


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise BadQuery(f"Syntax error at position {at} in '{text[:200]}'.")
        found.append(_Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        at = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[_Token], fields: dict[str, Field]) -> None:
        self._tokens = tokens
        self._fields = fields
        self._at = 0

    def end(self) -> None:
        if self._at < len(self._tokens):
            token = self._tokens[self._at]
            raise BadQuery(f"Syntax error at position {token.at}: unexpected '{token.text}'.")

    def either(self, depth: int) -> Predicate:
        left = self._both(depth)
        while self._word("or"):
            left = _either(left, self._both(depth))
        return left

    def _both(self, depth: int) -> Predicate:
        left = self._term(depth)
        while self._word("and"):
            left = _both(left, self._term(depth))
        return left

    def _term(self, depth: int) -> Predicate:
        if depth > _MAX_DEPTH:
            raise BadQuery("The filter is nested too deeply.")
        if self._word("not"):
            inner = self._term(depth + 1)
            return lambda record: not inner(record)
        if self._sign("("):
            inner = self.either(depth + 1)
            self._need(")")
            return inner
        return self._comparison(depth)

    def _comparison(self, depth: int) -> Predicate:
        token = self._next("word")
        if token.text == "evidence/any":
            return self._any(depth)
        field = self._fields.get(token.text)
        if field is None:
            raise BadQuery(f"Could not find a filterable property named '{token.text}'.")
        operator = self._next("word").text.lower()
        if operator == "in":
            values = self._list(field)
            return lambda record: _value(record, field) in values
        compare = _COMPARE.get(operator)
        if compare is None:
            raise BadQuery(f"Unknown operator '{operator}' at position {token.at}.")
        wanted = self._literal(field)
        return lambda record: compare(_value(record, field), wanted)

    def _any(self, depth: int) -> Predicate:
        self._need("(")
        name = self._next("word").text
        self._need(":")
        path = self._next("word").text
        if not path.startswith(name + "/"):
            raise BadQuery(f"Unknown range variable in '{path}'.")
        kind, *steps = path.split("/")[1:]
        operator, wanted = self._next("word").text.lower(), self._literal(Field("", "enum"))
        self._need(")")
        if operator != "eq" or not steps or depth > _MAX_DEPTH:
            raise BadQuery("Only eq on a property is supported inside any().")
        return lambda record: any(
            str(item.get("@odata.type", "")).endswith(kind) and _walk(item, steps) == wanted
            for item in record.get("evidence") or ()
            if isinstance(item, dict)
        )

    def _list(self, field: Field) -> list[Any]:
        self._need("(")
        values = [self._literal(field)]
        while self._sign(","):
            values.append(self._literal(field))
        self._need(")")
        return values

    def _literal(self, field: Field) -> Any:
        token = self._next("string", "date", "number", "word")
        if token.kind == "word":
            if token.text != "null":
                raise BadQuery(f"Syntax error at position {token.at}: '{token.text}'.")
            return None
        if field.kind == "time":
            ticks = ticks_of(token.text)
            if ticks is None or token.kind != "date":
                raise BadQuery(f"A date is expected at position {token.at}.")
            return ticks
        if token.kind != "string":
            raise BadQuery(f"A quoted value is expected at position {token.at}.")
        value = token.text[1:-1].replace("''", "'")
        return value.casefold() if field.kind == "enum" else value

    def _next(self, *kinds: str) -> _Token:
        if self._at >= len(self._tokens):
            raise BadQuery("The filter ends too early.")
        token = self._tokens[self._at]
        if token.kind not in kinds:
            raise BadQuery(f"Syntax error at position {token.at}: unexpected '{token.text}'.")
        self._at += 1
        return token

    def _word(self, word: str) -> bool:
        return self._take("word", word)

    def _sign(self, sign: str) -> bool:
        return self._take("sign", sign)

    def _take(self, kind: str, text: str) -> bool:
        if self._at < len(self._tokens):
            token = self._tokens[self._at]
            if token.kind == kind and token.text.lower() == text:
                self._at += 1
                return True
        return False

    def _need(self, sign: str) -> None:
        if not self._sign(sign):
            raise BadQuery(f"'{sign}' is expected.")


def _both(left: Predicate, right: Predicate) -> Predicate:
    return lambda record: left(record) and right(record)


def _either(left: Predicate, right: Predicate) -> Predicate:
    return lambda record: left(record) or right(record)


def _value(record: Json, field: Field) -> Any:
    value = record.get(field.name)
    if field.kind == "time":
        return ticks_of(value)
    return value.casefold() if field.kind == "enum" and isinstance(value, str) else value


def _walk(value: Any, steps: list[str]) -> Any:
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return value.casefold() if isinstance(value, str) else value
