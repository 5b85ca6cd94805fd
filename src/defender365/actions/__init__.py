"""The actions, in the specification's order.

A process that runs one action loads that one's module and no other (`action_called`); `ACTIONS`
loads them all.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from defender365.core.spec import Action

if TYPE_CHECKING:
    ACTIONS: tuple[Action, ...]

_MODULES = ("connectivity", "incidents", "hunting")
"""The lightest first."""


def action_called(name: str) -> Action:
    """The action of this name. Raises `KeyError` where there is none."""
    for module in _MODULES:
        found = vars(import_module(f"{__name__}.{module}")).values()
        for value in found:
            if isinstance(value, Action) and value.name == name:
                return value
    raise KeyError(name)


def __getattr__(name: str) -> object:
    if name != "ACTIONS":
        raise AttributeError(name)
    from defender365.actions.connectivity import PING  # noqa: PLC0415  see above
    from defender365.actions.hunting import CUSTOM_QUERY, ENTITY_QUERY, QUERY  # noqa: PLC0415
    from defender365.actions.incidents import ADD_COMMENT, UPDATE_INCIDENT  # noqa: PLC0415

    return (ADD_COMMENT, CUSTOM_QUERY, ENTITY_QUERY, QUERY, PING, UPDATE_INCIDENT)
