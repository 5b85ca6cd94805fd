"""The declaration language: a parameter, setting or action is written once, here is how.

A dataclass field made with `param()` is at once the default in code, the row in the platform's
definition, the command-line option, the environment variable and the line in the reference.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from enum import Enum
from typing import Any, TypeVar

from defender365.core.errors import BadInput

T = TypeVar("T")


class Kind(Enum):
    """What a parameter holds; the values are the specification's names."""

    TEXT = "String"
    SECRET = "Password"  # noqa: S105  the kind's name
    INTEGER = "Integer"
    CHECKBOX = "Checkbox"
    CHOICE = "DDL"
    LIST = "CSV"


@dataclass(frozen=True)
class Param:
    """One declared parameter: its name and words are what people see everywhere."""

    name: str
    description: str
    kind: Kind = Kind.TEXT
    default: str | int | bool | None = None
    mandatory: bool = False
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    advanced: bool = False
    """Not in the specification: an addition of ours, with a default that changes nothing."""
    sample: str | None = None
    """A value that works against the emulator, for examples."""

    @property
    def option(self) -> str:
        """The command-line spelling, such as `incident-id`."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")

    @property
    def variable(self) -> str:
        """The environment variable's ending, such as `INCIDENT_ID`."""
        return self.option.replace("-", "_").upper()

    @property
    def secret(self) -> bool:
        """True where the value must never be shown."""
        return self.kind is Kind.SECRET


def param(
    name: str, description: str, *, kind: Kind = Kind.TEXT, default: Any = None, **more: Any
) -> Any:
    """Declare a parameter as a dataclass field; `more` are the other fields of `Param`."""
    return declared(Param(name, description, kind, default, **more))


def declared(declaration: Param) -> Any:
    """A dataclass field for a declaration that several dataclasses share."""
    empty: Any = {Kind.LIST: (), Kind.CHECKBOX: False, Kind.INTEGER: None}.get(declaration.kind, "")
    default = declaration.default
    if declaration.kind is Kind.LIST and isinstance(default, str):
        default = split_list(default)  # type: ignore[assignment]
    return field(default=empty if default is None else default, metadata={"param": declaration})


def params_of(cls: type) -> dict[str, Param]:
    """The declared parameters of a dataclass: field name to declaration, in order."""
    found: dict[str, Param] = {}
    for item in fields(cls):
        declaration = item.metadata.get("param")
        if isinstance(declaration, Param):
            found[item.name] = declaration
    return found


def parse(cls: type[T], values: Mapping[str, object]) -> T:
    """Read what a person typed (by parameter name) into the dataclass.

    Absent, None and blank values take the default. Raises `BadInput` that tells every bad
    parameter at once, and is raised before anything is sent.
    """
    problems: list[str] = []
    read: dict[str, Any] = {}
    for attribute, declaration in params_of(cls).items():
        try:
            read[attribute] = read_value(declaration, values.get(declaration.name))
        except BadInput as error:
            problems.extend(error.problems)
    unknown = sorted(set(values) - {p.name for p in params_of(cls).values()})
    problems.extend(f'There is no parameter "{name}".' for name in unknown)
    if problems:
        raise BadInput(problems)
    return cls(**{k: v for k, v in read.items() if v is not MISSING})


def read_value(declaration: Param, raw: object) -> Any:
    """One value, checked against its declaration; `MISSING` where the default applies."""
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        if declaration.mandatory and declaration.default is None:
            raise BadInput(f'"{declaration.name}" is mandatory and was not provided.')
        return MISSING
    return _READERS[declaration.kind](declaration, raw)


def split_list(text: str) -> tuple[str, ...]:
    """A comma-separated list: trimmed, empties dropped, in order, each once."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _text(declaration: Param, raw: object) -> str:
    text = str(raw)
    return text if declaration.kind is Kind.SECRET else text.strip()


def _integer(declaration: Param, raw: object) -> int:
    text = str(raw).strip()
    shown = text if len(text) <= 60 else text[:57] + "..."
    if re.fullmatch(r"[+-]?[0-9]{19,}", text):
        raise BadInput(f'"{declaration.name}" is too large a number: {shown}.')
    if isinstance(raw, bool) or not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        raise BadInput(f'"{declaration.name}" must be a whole number, not "{shown}".')
    number = int(text)
    low, high = declaration.minimum, declaration.maximum
    if low is not None and number < low:
        raise BadInput(f'"{declaration.name}" must be {low} or more, not {number}.')
    if high is not None and number > high:
        raise BadInput(f'"{declaration.name}" must be {high} or less, not {number}.')
    return number


def _checkbox(declaration: Param, raw: object) -> bool:
    word = str(raw).strip().lower()
    if word in {"true", "yes", "on", "1", "checked"}:
        return True
    if word in {"false", "no", "off", "0", "unchecked"}:
        return False
    raise BadInput(f'"{declaration.name}" must be true or false, not "{word[:60]}".')


def _choice(declaration: Param, raw: object) -> str:
    word = str(raw).strip()
    for choice in declaration.choices:
        if folded(choice) == folded(word):
            return choice
    offered = ", ".join(declaration.choices)
    raise BadInput(f'"{declaration.name}" must be one of {offered}; not "{word[:60]}".')


def _list(declaration: Param, raw: object) -> tuple[str, ...]:
    found = split_list(str(raw))
    if not declaration.choices:
        return found
    return tuple(_choice(declaration, word) for word in found)


def folded(word: str) -> str:
    """A word without case, blanks, hyphens and underscores: `In Progress` is `inProgress`."""
    return re.sub(r"[\s_-]+", "", word).casefold()


_READERS: dict[Kind, Callable[[Param, object], Any]] = {
    Kind.TEXT: _text,
    Kind.SECRET: _text,
    Kind.INTEGER: _integer,
    Kind.CHECKBOX: _checkbox,
    Kind.CHOICE: _choice,
    Kind.LIST: _list,
}


@dataclass(frozen=True)
class Table:
    """Rows to show to a person; cells are as the service sent them."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Result:
    """What an action leaves: for the analyst (message, tables) and for programs (the rest)."""

    message: str
    is_success: bool = True
    json_result: Any = None
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Action:
    """One action of the integration: its words, its parameters and the function that does it."""

    name: str
    description: str
    params: type
    run: Callable[..., Result]
    entities: tuple[str, ...] = ()
    """The entity types it runs on, as people write them; none means it has no scope."""
    preview: Callable[..., Result] | None = None
    """Gives, as its message, the query that `run` would send, without sending it."""
    failure: str = 'Error executing action "{name}". Reason: {reason}'
    changes: str = ""
    """What it changes in Microsoft 365 Defender; empty for actions that only read."""

    @property
    def command(self) -> str:
        """The command-line spelling, such as `update-incident`."""
        return self.name.lower().replace(" ", "-")

    @property
    def identifier(self) -> str:
        """The name in files, such as `update_incident`."""
        return self.name.lower().replace(" ", "_")
