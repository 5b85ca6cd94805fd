"""Parameters of a hunt: values from outside, bound as literals in front of the query.

A parameter becomes a `let` statement with a literal of its type, so that no value can change what
the query does. Values come as text; the type comes from the hunt's declaration or from the name
(`since:datetime=…`), and is text where nothing says otherwise.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from defender365.core import kql
from defender365.core.errors import BadInput
from defender365.core.timeframe import BadInstant, parse_instant

NUMBER = re.compile(r"[+-]?[0-9]{1,19}").fullmatch
REAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?").fullmatch
SPAN = re.compile(r"-?[0-9]+(\.[0-9]+)?(d|h|m|s|ms|microsecond|tick)").fullmatch

CLOCK = re.compile(r"-?([0-9]{1,7}\.)?[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,7})?)?").fullmatch


@dataclass(frozen=True)
class QueryParam:
    """One declared parameter of a hunt; without a default it must be given."""

    name: str
    kind: str = "string"
    default: str | None = None
    description: str = ""


def read_param(text: str) -> tuple[str, str | None, str]:
    """Name, type (None when not said) and value of `name=value` or `name:type=value`."""
    before, equals, value = text.partition("=")
    name, colon, kind = before.strip().partition(":")
    if not equals or not name:
        raise BadInput(f'A parameter is written name=value, not "{text[:80]}".')
    if colon and kind not in KINDS:
        raise BadInput(f'"{name}": a type is one of {", ".join(KINDS)}; not "{kind[:40]}".')
    return name, kind or None, value


def bound(query: str, given: Iterable[str], declared: Iterable[QueryParam] = ()) -> str:
    """The query with its parameters before it, as `let` statements. Raises `BadInput`."""
    wanted = {param.name: param for param in declared}
    values: dict[str, tuple[str, str]] = {
        p.name: (p.kind, p.default) for p in wanted.values() if p.default is not None
    }
    for text in given:
        name, kind, value = read_param(text)
        if wanted and name not in wanted:
            raise BadInput(f'There is no parameter "{name}"; there are {", ".join(wanted)}.')
        values[name] = (kind or (wanted[name].kind if name in wanted else "string"), value)
    missing = [name for name in wanted if name not in values]
    if missing:
        raise BadInput(f"The hunt needs {', '.join(missing)}: give --param {missing[0]}=VALUE.")
    lines = [f"let {_name(n)} = {literal(n, kind, text)};" for n, (kind, text) in values.items()]
    return "\n".join([*lines, query])


def _name(name: str) -> str:
    try:
        return kql.column(name)
    except kql.NotAName as error:
        raise BadInput(f"A parameter: {error}") from None


def literal(name: str, kind: str, text: str) -> str:
    """A KQL literal of a type that stands for this text. Raises `BadInput` where it is none."""
    made = KINDS[kind](text)
    if made is None:
        raise BadInput(f'"{name}" must be a {kind}, not "{text[:60]}".')
    return made


def _string(text: str) -> str | None:
    return kql.string(text)


def _long(text: str) -> str | None:
    text = text.strip()
    number = int(text) if NUMBER(text) else None
    fits = number is not None and -(2**63) <= number < 2**63
    return f"long({number})" if fits else None


def _real(text: str) -> str | None:
    return f"real({text.strip()})" if REAL(text.strip()) else None


def _bool(text: str) -> str | None:
    word = text.strip().lower()
    return word if word in {"true", "false"} else None


def _datetime(text: str) -> str | None:
    try:
        return kql.instant(parse_instant(text, "value"))
    except BadInstant:
        return None


def _timespan(text: str) -> str | None:
    span = text.strip()
    return span if SPAN(span) else f"timespan({span})" if CLOCK(span) else None


def _list(text: str) -> str | None:
    """Values by commas, or a JSON list of texts and numbers."""
    if text.lstrip().startswith("["):
        try:
            items = json.loads(text)
        except ValueError:
            return None
        if not all(isinstance(i, (str, int, float)) and _is_json(i) for i in items):
            return None
    else:
        items = [part.strip() for part in text.split(",") if part.strip()]
    shown = (kql.string(i) if isinstance(i, str) else json.dumps(i) for i in items)
    return f"dynamic([{', '.join(shown)}])"


def _is_json(item: object) -> bool:
    return not isinstance(item, float) or math.isfinite(item)


KINDS: Mapping[str, Callable[[str], str | None]] = {
    "string": _string,
    "long": _long,
    "real": _real,
    "bool": _bool,
    "datetime": _datetime,
    "timespan": _timespan,
    "list": _list,
}
"""The types of parameters, and how a text becomes a literal of each."""
