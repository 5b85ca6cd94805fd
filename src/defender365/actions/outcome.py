"""Runs an action for a host: whatever happens, there is one outcome with a message for a person."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from defender365.api.client import Client
from defender365.core.entities import Entity
from defender365.core.errors import Defender365Error, Worded
from defender365.core.spec import Action, Table, parse

COMPLETED = "completed"
FAILED = "failed"


@dataclass(frozen=True)
class Scope:
    """What an action works on besides its parameters: the entities of the case, and the time."""

    now: datetime
    """Aware, UTC."""
    entities: tuple[Entity, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What every host shows: `execution_state` failed stops a playbook, completed does not."""

    action: str
    message: str
    is_success: bool
    execution_state: str
    json_result: Any = None
    tables: tuple[Table, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """The outcome as one JSON object, for programs."""
        return {
            "action": self.action,
            "message": self.message,
            "is_success": self.is_success,
            "execution_state": self.execution_state,
            "json_result": self.json_result,
            "tables": [
                {"name": t.name, "columns": list(t.columns), "rows": [list(r) for r in t.rows]}
                for t in self.tables
            ],
        }


def perform(
    action: Action, connect: Callable[[], Client], values: Mapping[str, object], scope: Scope
) -> Outcome:
    """Check the parameters, then connect and run. Never raises one of our errors."""
    try:
        params: Any = parse(action.params, values)
        result = action.run(connect, params, scope)
    except Worded as error:
        return Outcome(action.name, str(error), is_success=False, execution_state=FAILED)
    except Defender365Error as error:
        return failed(action, str(error))
    return Outcome(
        action.name, result.message, result.is_success, COMPLETED, result.json_result, result.tables
    )


def failed(action: Action, reason: str) -> Outcome:
    """The outcome of an action that could not be done, in the specification's words."""
    message = action.failure.format(name=action.name, reason=reason)
    return Outcome(action.name, message, is_success=False, execution_state=FAILED)
