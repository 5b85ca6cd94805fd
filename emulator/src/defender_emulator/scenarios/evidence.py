"""Evidence as Graph sends it: one builder for all types, and one full example of each."""

import json
from functools import cache
from typing import Any

from defender_emulator.scenario import Json
from defender_emulator.scenarios import facts

PREFIX = "#microsoft.graph.security."
_NEVER_NULL: Json = {"verdict": "unknown", "remediationStatus": "none"}


@cache
def _blank(type_name: str) -> Json:
    base = {**facts.blank(facts.EVIDENCE_BASE), **_NEVER_NULL}
    return {"@odata.type": PREFIX + type_name, **base, **facts.blank(type_name)}


def evidence(type_name: str, created: str, /, **fields: Any) -> Json:
    """One evidence with every property of its type; those not given hold nothing."""
    made = {**_blank(type_name), "createdDateTime": created, **fields}
    if len(made) != len(_blank(type_name)):
        raise ValueError(
            f"{type_name} has no property {sorted(set(made) - set(_blank(type_name)))}."
        )
    return made


def complex_value(type_name: str, /, **fields: Any) -> Json:
    """A nested value such as `fileDetails`; it carries no `@odata.type` of its own."""
    made = {**facts.blank(type_name), **fields}
    if len(made) != len(facts.properties(type_name)):
        raise ValueError(f"{type_name} has no property of that name: {sorted(fields)}.")
    return made


@cache
def _table() -> dict[str, Json]:
    loaded: dict[str, Json] = json.loads(facts.packaged("evidence-examples.json"))
    return loaded


def examples() -> dict[str, Json]:
    """One fully filled example of each evidence type, by the name of the type.

    Nested evidence is filled too and carries its own `@odata.type`; where types contain each
    other (a pod its containers, a container its pod) the inner mention holds nothing.
    """
    return {name: _example(name, ()) for name in facts.evidence_names()}


def _example(type_name: str, around: tuple[str, ...]) -> Json:
    inside = (*around, type_name)
    own = {name: _filled(value, inside) for name, value in _table()[type_name].items()}
    if type_name not in facts.evidence_names():
        return own
    base = {"@odata.type": PREFIX + type_name, **_table()[facts.EVIDENCE_BASE]}
    return {**json.loads(json.dumps(base)), **own}


def _filled(value: Any, around: tuple[str, ...]) -> Any:
    if isinstance(value, list):
        return [made for item in value if (made := _filled(item, around)) is not None]
    if isinstance(value, str) and value.startswith("$"):
        return None if _enough(value[1:], around) else _example(value[1:], around)
    return value


def _enough(type_name: str, around: tuple[str, ...]) -> bool:
    """Whether a type was met before: right around itself it may stand once more."""
    allowed = 2 if around[-1] == type_name else 1
    return around.count(type_name) >= allowed
