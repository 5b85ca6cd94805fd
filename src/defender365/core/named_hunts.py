"""Hunts kept in files: KQL with a few lines of comment that say what it is for.

    // title: Logons with a clear-text password
    // technique: T1078
    // description: What it finds, in a sentence.
    // param: since:timespan = 7d   how far back
    DeviceLogonEvents | where …

The lines come first; all but the title may be left out, and `param` may be repeated.
"""

import re
from dataclasses import dataclass

from defender365.core.errors import BadInput
from defender365.core.query_params import KINDS, QueryParam

_LINE = re.compile(r"//\s*(title|technique|description|param)\s*:\s*(.*?)\s*")
_PARAM = re.compile(r"(\w+)(?::(\w+))?(?:\s*=\s*(\S+))?(?:\s{2,}(.*))?")
_TECHNIQUE = re.compile(r"T\d{4}(\.\d{3})?").fullmatch


@dataclass(frozen=True)
class NamedHunt:
    """One hunt of the library."""

    name: str
    title: str
    query: str
    """The whole text, comments included."""
    techniques: tuple[str, ...] = ()
    """MITRE ATT&CK ids, such as T1078.004."""
    description: str = ""
    params: tuple[QueryParam, ...] = ()


def read_hunt(name: str, text: str) -> NamedHunt:
    """The hunt behind a file's text; `name` is the file's, without its ending.

    Raises `BadInput` that says which line is wrong.
    """
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        match = _LINE.fullmatch(line.strip())
        if match is None:
            break
        found.setdefault(match[1], []).append(match[2])
    if "title" not in found:
        raise BadInput(f'The hunt "{name}" has no line "// title: …" at its beginning.')
    techniques = tuple(" ".join(found.get("technique", [])).replace(",", " ").split())
    for technique in techniques:
        if not _TECHNIQUE(technique):
            raise BadInput(f'The hunt "{name}": "{technique}" is no MITRE ATT&CK technique.')
    return NamedHunt(
        name, found["title"][0], text, techniques, " ".join(found.get("description", [])),
        tuple(_param(name, line) for line in found.get("param", [])),
    )  # fmt: skip


def _param(hunt: str, line: str) -> QueryParam:
    match = _PARAM.fullmatch(line)
    kind = (match[2] or "string") if match else ""
    if match is None or kind not in KINDS:
        raise BadInput(
            f'The hunt "{hunt}": "param: {line[:80]}" is not "name:type = default  words", with a'
            f" type of {', '.join(KINDS)}."
        )
    return QueryParam(match[1], kind, match[3], match[4] or "")
