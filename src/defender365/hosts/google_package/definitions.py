"""From the declarations to the definitions of the integration, in Google's source form.

Everything here is read from `ACTIONS`, `ConnectorParams` and `Settings`; nothing is written twice.
"""

from typing import Any

from defender365.actions import ACTIONS
from defender365.core import connector_params, settings
from defender365.core.connector_params import ConnectorParams
from defender365.core.spec import Action, Kind, Param, params_of
from defender365.hosts.google_package.identity import (
    CATEGORIES,
    DESCRIPTION,
    DOCUMENTATION,
    RELEASED,
    VERSION,
    Identity,
)
from defender365.hosts.google_shapes import PLATFORM_NAMES

Definition = dict[str, Any]

CONNECTOR = connector_params.NAME
CONNECTOR_DESCRIPTION = connector_params.DESCRIPTION

SHARED = (
    settings.LOGIN_API_ROOT,
    settings.GRAPH_API_ROOT,
    settings.CERTIFICATE,
    settings.CERTIFICATE_PASSWORD,
    settings.CA_BUNDLE,
)
"""Our own connection parameters that make sense on the platform; the connector has them too."""

CONFIGURATION = (
    settings.API_ROOT,
    settings.TENANT_ID,
    settings.CLIENT_ID,
    settings.CLIENT_SECRET,
    settings.VERIFY_SSL,
    *SHARED,
)
"""The integration's parameters: the specification's, in its order, then ours."""

SCRIPT_TYPES = {
    Kind.TEXT: "string",
    Kind.SECRET: "password",
    Kind.INTEGER: "integer",
    Kind.CHECKBOX: "boolean",
    Kind.LIST: "string",
}
ACTION_TYPES = {
    Kind.TEXT: "string",
    Kind.SECRET: "password",
    Kind.INTEGER: "string",  # the platform has no integer for actions; we read it ourselves
    Kind.CHECKBOX: "boolean",
    Kind.CHOICE: "ddl",
    Kind.LIST: "string",
}

REGULAR = {"Environment Field Name", "Environment Regex Pattern", *PLATFORM_NAMES}
"""The connector's parameters that the platform shows first, as of every connector."""

SHOWN_FIRST = {
    "API Root", "Tenant ID", "Client ID", "Client Secret", "Verify SSL", "Lowest Severity To Fetch",
    "Max Hours Backwards", "Max Incidents To Fetch", "Product Field Name", "Event Field Name",
}  # fmt: skip
"""The connector's parameters that are not behind "advanced"."""

HUNTING = tuple(action for action in ACTIONS if action.name.startswith("Execute"))
"""The actions whose rows a widget shows."""


def integration(identity: Identity) -> Definition:
    """`definition.yaml`."""
    return {
        "identifier": identity.identifier,
        "name": identity.display_name,
        "parameters": [_configuration(declaration, identity) for declaration in CONFIGURATION],
        "documentation_link": DOCUMENTATION,
        "categories": list(CATEGORIES),
        "svg_logo_path": "resources/logo.svg",
        "image_path": "resources/image.png",
    }


def _configuration(declaration: Param, identity: Identity) -> Definition:
    return {
        "name": declaration.name,
        "default_value": _default(declaration),
        "type": SCRIPT_TYPES[declaration.kind],
        "description": declaration.description,
        "is_mandatory": declaration.mandatory,
        "integration_identifier": identity.identifier,
    }


def _default(declaration: Param) -> Any:
    return "" if declaration.default is None else declaration.default


def action(declared: Action, identity: Identity) -> Definition:
    """`actions/<name>.yaml`."""
    return {
        "name": declared.name,
        "description": declared.description,
        "integration_identifier": identity.identifier,
        "documentation_link": DOCUMENTATION,
        "parameters": [_parameter(d) for d in params_of(declared.params).values()],
        "dynamic_results_metadata": [
            {
                "result_name": "JsonResult",
                "result_example_path": f"resources/{example_name(declared)}",
                "show_result": True,
            }
        ],
        "creator": "admin",
        "script_result_name": "is_success",
    }


def example_name(declared: Action) -> str:
    """The file of an action's example result."""
    return f"{declared.identifier}_JsonResult_example.json"


def _parameter(declaration: Param) -> Definition:
    found = {
        "name": declaration.name,
        "type": ACTION_TYPES[declaration.kind],
        "description": declaration.description,
        "is_mandatory": declaration.mandatory,
    }
    if declaration.kind is Kind.CHECKBOX:
        found["default_value"] = bool(declaration.default)
    elif declaration.default is not None:
        found["default_value"] = str(declaration.default)
    if declaration.choices:
        found["optional_values"] = list(declaration.choices)
    return found


def connector(identity: Identity) -> Definition:
    """`connectors/incidents_connector.yaml`."""
    declared = [*params_of(ConnectorParams).values(), *SHARED]
    return {
        "name": CONNECTOR,
        "description": CONNECTOR_DESCRIPTION,
        "integration": identity.identifier,
        "creator": "admin",
        "documentation_link": DOCUMENTATION,
        "is_connector_rules_supported": True,
        "parameters": [_connector_parameter(declaration) for declaration in declared],
        "rules": [],
    }


def _connector_parameter(declaration: Param) -> Definition:
    return {
        "name": PLATFORM_NAMES.get(declaration.name, declaration.name),
        "default_value": _default(declaration),
        "type": SCRIPT_TYPES[declaration.kind],
        "description": declaration.description,
        "is_mandatory": declaration.mandatory,
        "is_advanced": declaration.name not in SHOWN_FIRST,
        "mode": "regular" if declaration.name in REGULAR else "script",
    }


def widget(declared: Action, identity: Identity) -> Definition:
    """`widgets/<action>.yaml`: shown when the step has rows."""
    result = "[{stepInstanceName}.JsonResult]"
    conditions = (
        ("not_contains", "{stepInstanceName}"),
        ("is_not_empty", ""),
        ("not_equal", "{}"),
        ("not_equal", "[]"),
    )
    return {
        "title": f"{identity.display_name} - {declared.name}",
        "type": "html",
        "scope": "alert",
        "action_identifier": declared.name,
        "description": f"The rows that {declared.name} found: sort, search, copy.",
        "data_definition": {
            "html_height": 400,
            "safe_rendering": False,
            "widget_definition_scope": "both",
            "type": "html",
        },
        "condition_group": {
            "conditions": [
                {"field_name": result, "value": value, "match_type": match}
                for match, value in conditions
            ],
            "logical_operator": "and",
        },
        "default_size": "full_width",
    }


def release_notes(identity: Identity) -> list[Definition]:
    """`release_notes.yaml`, oldest first."""
    return [
        {
            "description": f"New Integration Added - {identity.display_name}.",
            "integration_version": float(VERSION),
            "item_name": identity.display_name,
            "item_type": "Integration",
            "publish_time": RELEASED,
            "ticket_number": "",
            "new": True,
            "regressive": False,
            "deprecated": False,
            "removed": False,
        }
    ]


def about() -> str:
    """The integration's description, for `pyproject.toml` and the built form."""
    return DESCRIPTION
