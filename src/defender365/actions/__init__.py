"""The actions, in the specification's order."""

from defender365.actions.connectivity import PING
from defender365.actions.hunting import CUSTOM_QUERY, ENTITY_QUERY, QUERY
from defender365.actions.incidents import ADD_COMMENT, UPDATE_INCIDENT
from defender365.core.spec import Action

ACTIONS: tuple[Action, ...] = (
    ADD_COMMENT,
    CUSTOM_QUERY,
    ENTITY_QUERY,
    QUERY,
    PING,
    UPDATE_INCIDENT,
)
