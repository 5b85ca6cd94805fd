"""What Microsoft's schema says about incidents, alerts and evidence, as data.

`graph-types.json` lists each type's own properties in the order of the schema. A type is written
`[x]` for a collection and ends in `!` when it is never null; an enum member that ends in `+` is
only served to callers who ask for the members that Microsoft added later.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from defender_emulator.scenario import Json

EVIDENCE_BASE = "alertEvidence"
"""The type whose properties every evidence has."""


def packaged(name: str) -> str:
    """The text of one of the data files of this package."""
    return (files("defender_emulator.scenarios") / "data" / name).read_text("utf-8")


@cache
def _graph() -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = json.loads(packaged("graph-types.json"))
    return loaded


def properties(type_name: str) -> dict[str, str]:
    """The own properties of a type, name to written type."""
    found: dict[str, str] = _graph()["types"][type_name]
    return found


def evidence_names() -> tuple[str, ...]:
    """The names of all evidence types, as `@odata.type` spells them."""
    return tuple(n for n in _graph()["types"] if n.endswith("Evidence") and n != EVIDENCE_BASE)


def enum_members(enum: str) -> tuple[str, ...]:
    """The members that every caller sees."""
    return tuple(m for m in _graph()["enums"][enum] if not m.endswith("+"))


def later_members(enum: str) -> tuple[str, ...]:
    """The members that are served only with `Prefer: include-unknown-enum-members`."""
    return tuple(m[:-1] for m in _graph()["enums"][enum] if m.endswith("+"))


def is_enum(type_name: str) -> bool:
    """Whether a bare type name is an enum of the schema."""
    return type_name in _graph()["enums"]


def is_complex(type_name: str) -> bool:
    """Whether a bare type name is a complex type of the schema."""
    return type_name in _graph()["types"]


def absent(written: str) -> Any:
    """What the API sends for a property that holds nothing: an empty list, an empty bag or null."""
    if written.startswith("["):
        return []
    return {} if written.startswith("dictionary") else None


def blank(type_name: str) -> Json:
    """Every own property of a type, each holding nothing."""
    return {name: absent(written) for name, written in properties(type_name).items()}
