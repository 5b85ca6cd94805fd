"""What the control API takes: the shape of each body, checked before anything is changed."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.x509 import load_pem_x509_certificate


class BadControl(Exception):
    """A control request that makes no sense; the text says why."""


@dataclass(frozen=True)
class Kind:
    """A kind of value: its words, and whether a value is one."""

    words: str
    fits: Callable[[Any], bool]


def number(low: float = 0, high: float = math.inf, *, whole: bool = False) -> Kind:
    """A number between two others."""
    noun = "a whole number" if whole else "a number"
    span = f"{low:,} or more" if high == math.inf else f"from {low:,} to {high:,}"
    kinds = int if whole else (int, float)

    def fits(value: Any) -> bool:
        return isinstance(value, kinds) and not isinstance(value, bool) and low <= value <= high

    return Kind(f"{noun}, {span}", fits)


def of(words: str, kind: type) -> Kind:
    """Any value of a type."""
    return Kind(words, lambda value: isinstance(value, kind))


TEXT = of("a text", str)
FLAG = of("true or false", bool)
OBJECT = of("an object", dict)
TEXTS = Kind(
    "a list of texts",
    lambda value: isinstance(value, (list, tuple)) and all(isinstance(v, str) for v in value),
)
OBJECTS = Kind(
    "a list of objects",
    lambda value: isinstance(value, list) and all(isinstance(v, dict) for v in value),
)
LISTS = of("a list of lists, each a row", list)
ANY = Kind("anything", lambda _value: True)
YEAR = 366 * 24 * 3600


def _is_certificate(text: Any) -> bool:
    try:
        load_pem_x509_certificate(str(text).encode())
    except ValueError:
        return False
    return True


CERTIFICATES = Kind(
    "a list of certificates in PEM",
    lambda value: isinstance(value, list) and all(map(_is_certificate, value)),
)


def nullable(kind: Kind) -> Kind:
    """The same, or null."""
    return Kind(f"{kind.words}, or null", lambda value: value is None or kind.fits(value))


FAULT: Mapping[str, Kind] = {
    "kind": TEXT, "route": TEXT, "times": nullable(number(0, whole=True)),
    "after": number(0, whole=True), "probability": number(0, 1),
    "status": number(200, 599, whole=True), "body": ANY, "headers": OBJECT,
    "seconds": number(0, 3600), "above": number(0, whole=True),
    "retry_after": nullable(number(0)),
}  # fmt: skip
APP: Mapping[str, Kind] = {
    "client_id": TEXT, "name": TEXT, "secret": TEXT, "roles": TEXTS, "secret_expired": FLAG,
    "certificates": CERTIFICATES, "federated": OBJECTS,
}  # fmt: skip
SCENARIO: Mapping[str, Kind] = {
    "name": TEXT, "seed": number(0, whole=True), "start": TEXT, "speed": ANY,
    "options": nullable(OBJECT),
}  # fmt: skip
CLOCK: Mapping[str, Kind] = {"speed": ANY, "now": TEXT}
STEP: Mapping[str, Kind] = {"seconds": number(0, 100 * YEAR), "to": TEXT}
LIMITS: Mapping[str, Kind] = {"limits": OBJECT, "retry_after": FLAG}
TABLE: Mapping[str, Kind] = {"name": TEXT, "columns": OBJECTS, "rows": LISTS}
TABLES: Mapping[str, Kind] = {"rows": of("true or false", str)}
SETTINGS: Mapping[str, Kind] = {"masking": FLAG}


def checked(body: Mapping[str, Any], shape: Mapping[str, Kind], *needed: str) -> None:
    """Raise `BadControl` for a field that is unknown, missing, or of another kind."""
    for name in needed:
        if name not in body:
            raise BadControl(f'"{name}" is missing; it is {shape[name].words}.')
    for name, value in body.items():
        if name not in shape:
            raise BadControl(f'There is no field "{name}"; there are {", ".join(shape)}.')
        if not shape[name].fits(value):
            raise BadControl(f'"{name}" must be {shape[name].words}.')
