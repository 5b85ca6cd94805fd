"""The entities of a case that a hunting query can be scoped to."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from defender365.core.errors import BadInput

IP = "IP"
HOST = "Host"
USER = "User"
HASH = "Hash"
URL = "URL"
TYPES = (IP, HOST, USER, HASH, URL)
"""The entity types, as the specification names them."""

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


@dataclass(frozen=True)
class Entity:
    """One entity: its type (one of `TYPES`) and its value in its original spelling."""

    type: str
    value: str

    @property
    def is_email(self) -> bool:
        """True for a user whose name has the shape of an e-mail address."""
        return self.type == USER and _EMAIL.fullmatch(self.value) is not None


def read_entity(text: str) -> Entity:
    """An entity from `TYPE=VALUE`. Raises `BadInput`."""
    name, equals, value = text.partition("=")
    kind = next((t for t in TYPES if t.casefold() == name.strip().casefold()), None)
    if not equals or kind is None or not value.strip():
        raise BadInput(
            f'An entity is written TYPE=VALUE with a type of {", ".join(TYPES)}; not "{text[:80]}".'
        )
    return Entity(kind, value.strip())


def values_of(entities: Iterable[Entity]) -> tuple[str, ...]:
    """The values, each once without regard to case, in order."""
    seen: dict[str, str] = {}
    for entity in entities:
        seen.setdefault(entity.value.casefold(), entity.value)
    return tuple(seen.values())
