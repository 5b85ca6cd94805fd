"""The built form: what the platform imports, file by file as Google's `mp build` writes it.

The tables below are the platform's enumerations; `mp build` of our source form gives the same
files, which is checked before a release.
"""

import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

from defender365.actions import ACTIONS
from defender365.core.spec import Action
from defender365.hosts.google_package import definitions
from defender365.hosts.google_package.descriptions import (
    ACHIEVES,
    ENTITY_FLAGS,
    action_description,
)
from defender365.hosts.google_package.identity import DOCUMENTATION, VERSION, Identity
from defender365.hosts.google_package.ontology import mapping_rules
from defender365.hosts.google_package.source import (
    Files,
    action_script,
    ai_files,
    connector_script,
    example_json,
    picture,
    widget_page,
)

Built = dict[str, Any]

SCRIPT_TYPE = {"boolean": 0, "integer": 1, "string": 2, "password": 3}
ACTION_TYPE = {"string": 0, "boolean": 1, "password": 12, "ddl": 15}
MODE = {"regular": 0, "script": 2}
MATCH = {"not_equal": 5, "not_contains": 6, "is_not_empty": 8}
COMPARISON = {"equal": 0, "contains": 1, "starts_with": 2, "ends_with": 3}
EXTRACTION = {"none": 0, "regex": 1, "delimiter": 2}
TRANSFORMATION = {
    "to_string": 0, "to_integer": 1, "to_double": 2, "from_unix_time_string_or_long": 3,
    "from_custom_date": 4, "to_boolean": 5, "extract_regexp": 7, "extract_by_regex_with_group": 15,
    "to_is_correlation": 100, "to_ip_address": 101, "to_list_of_longs_seperated_comma": 102,
    "substr_by_length": 103, "substr_by_end_text": 105, "first_lines": 106,
    "join_raw_fields": 107, "static_value": 108, "extract_domain_from_uri": 109, "clean_url": 110,
}  # fmt: skip
ENTITY_NAMES = {
    "address": "ADDRESS", "host_name": "HOSTNAME", "user": "USERUNIQNAME",
    "file_hash": "FILEHASH", "url": "DestinationURL",
}  # fmt: skip
OUTCOME_NAMES = {
    "update_ticket": "Update Ticket",
    "search_events": "Search Events",
    "enrich_ioc": "Enrich IOC (Indicator of Compromise)",
    "enrich_asset": "Enrich Asset",
}
ENRICHING = {"search_events", "enrich_ioc", "enrich_asset"}


def built_form(identity: Identity) -> Files:
    """The files of the ZIP, but for the wheels; `IsCustom` is set, as for every import."""
    name = identity.identifier
    found: Files = {
        f"Integration-{name}.def": _json(integration(identity) | {"IsCustom": True}),
        f"{name}.fulldetails": _json(full_details(identity) | {"IsCustom": True}),
        "RN.json": _json(release_notes(identity)),
        ".python-version": b"3.11\n",
        "DefaultMappingRules/integration_mapping_rules.json": _json(
            [_rule(rule) for rule in mapping_rules(name)]
        ),
        "Connectors/incidents_connector.connectordef": _json(connector(identity)),
        "ConnectorsScripts/incidents_connector.py": connector_script(identity).encode(),
    }
    for declared in ACTIONS:
        stem = declared.identifier
        found[f"ActionsDefinitions/{stem}.actiondef"] = _json(action(declared, identity))
        found[f"ActionsScripts/{stem}.py"] = action_script(declared, identity).encode()
    for declared in definitions.HUNTING:
        stem = declared.identifier
        found[f"Widgets/{stem}.json"] = _json(widget(declared, identity))
        found[f"WidgetsScripts/{stem}.html"] = widget_page(declared).encode()
    return found | {f"resources/ai/{name}": content for name, content in ai_files().items()}


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=4, sort_keys=True).encode()


def integration(identity: Identity) -> Built:
    """`Integration-<Id>.def`."""
    defined = definitions.integration(identity)
    return {
        "Categories": defined["categories"],
        "Description": definitions.about(),
        "DisplayName": identity.display_name,
        "DocumentationLink": DOCUMENTATION,
        "GoogleSecOpsProduct": False,
        "Identifier": identity.identifier,
        "ImageBase64": b64encode(picture("image.png")).decode(),
        "IntegrationProperties": _properties(defined),
        "IsAvailableForCommunity": True,
        "IsCertified": False,
        "IsCustom": False,
        "IsPowerUp": False,
        "MarketingDisplayName": identity.display_name,
        "MinimumSystemVersion": 5.3,
        "PythonVersion": 3,
        "SVGImage": picture("logo.svg").decode(),
        "ShouldInstalledInSystem": False,
        "Version": float(VERSION),
    }


def _properties(defined: Built) -> list[Built]:
    return [
        {
            "IntegrationIdentifier": row["integration_identifier"],
            "IsMandatory": row["is_mandatory"],
            "PropertyDescription": row["description"],
            "PropertyDisplayName": row["name"],
            "PropertyName": row["name"],
            "PropertyType": SCRIPT_TYPE[row["type"]],
            "Value": row["default_value"],
        }
        for row in defined["parameters"]
    ]


def full_details(identity: Identity) -> Built:
    """`<Id>.fulldetails`: what the package holds."""
    return {
        "Actions": [declared.name for declared in ACTIONS],
        "Connectors": [definitions.CONNECTOR],
        "CustomFamilies": [],
        "Description": definitions.about(),
        "DisplayName": identity.display_name,
        "DocumentationLink": DOCUMENTATION,
        "ExampleUseCases": [],
        "Identifier": identity.identifier,
        "IntegrationProperties": _properties(definitions.integration(identity)),
        "IsCustom": False,
        "Jobs": [],
        "Managers": [],
        "MappingRules": ["Default mapping rules"],
        "MinimumSystemVersion": 5.3,
        "PackageName": identity.display_name,
        "ReleaseNotes": [
            {
                "Items": [note["description"]],
                "PublishTimeUnixTime": _unix(note["publish_time"]) * 1000,
                "Version": note["integration_version"],
            }
            for note in definitions.release_notes(identity)
        ],
        "Version": float(VERSION),
        "Widgets": [declared.name for declared in definitions.HUNTING],
    }


def _unix(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def release_notes(identity: Identity) -> list[Built]:
    """`RN.json`."""
    return [
        {
            "ChangeDescription": note["description"],
            "Deprecated": note["deprecated"],
            "IntroducedInIntegrationVersion": note["integration_version"],
            "ItemName": note["item_name"],
            "ItemType": note["item_type"],
            "New": note["new"],
            "PublishTime": _unix(note["publish_time"]),
            "Regressive": note["regressive"],
            "Removed": note["removed"],
            "TicketNumber": note["ticket_number"],
        }
        for note in definitions.release_notes(identity)
    ]


def action(declared: Action, identity: Identity) -> Built:
    """`ActionsDefinitions/<name>.actiondef`."""
    defined = definitions.action(declared, identity)
    told = action_description(declared)
    achieved = ACHIEVES.get(declared.name, ())
    found = {
        "AiDescription": f"{told['ai_description']}\n {told['parameters_description']}",
        "AiShortDescription": told["ai_short_description"],
        "Creator": defined["creator"],
        "Description": defined["description"],
        "DocumentationLink": DOCUMENTATION,
        "DynamicResultsMetadata": [
            {
                "ResultExample": json.dumps(example_json(declared)),
                "ResultName": "JsonResult",
                "ShowResult": True,
            }
        ],
        "IntegrationIdentifier": identity.identifier,
        "IsAsync": False,
        "IsCustom": False,
        "IsEnabled": True,
        "Name": declared.name,
        "Parameters": [_parameter(row) for row in defined["parameters"]],
        "ParametersDescription": told["parameters_description"],
        "ScriptResultName": defined["script_result_name"],
        "SimulationDataJson": '{"Entities": []}',
        "Version": 1.0,
    }
    lists = {
        "AiCategories": _categories(achieved),
        "EntityTypes": [
            ENTITY_NAMES[flag] for flag in sorted(ENTITY_FLAGS[e] for e in declared.entities)
        ],
        "OutcomeCategories": [
            OUTCOME_NAMES[name] for name in told["outcome_categories"] if name in achieved
        ],
    }
    return found | {name: value for name, value in lists.items() if value}


def _categories(achieved: tuple[str, ...]) -> list[str]:
    found = []
    if "update_ticket" in achieved:
        found.append("Remediation")
    if ENRICHING.intersection(achieved):
        found.append("Enrichment")
    return found


def _parameter(row: Built) -> Built:
    return {
        "DefaultValue": row.get("default_value"),
        "Description": row["description"],
        "IsMandatory": row["is_mandatory"],
        "Name": row["name"],
        "OptionalValues": row.get("optional_values"),
        "Type": ACTION_TYPE[row["type"]],
        "Value": row.get("default_value"),
    }


def connector(identity: Identity) -> Built:
    """`Connectors/incidents_connector.connectordef`."""
    defined = definitions.connector(identity)
    return {
        "Creator": defined["creator"],
        "Description": defined["description"],
        "DocumentationLink": DOCUMENTATION,
        "Integration": identity.identifier,
        "IsConnectorRulesSupported": True,
        "IsCustom": False,
        "IsEnabled": True,
        "Name": defined["name"],
        "Parameters": [
            {
                "DefaultValue": row["default_value"],
                "Description": row["description"],
                "IsAdvanced": row["is_advanced"],
                "IsMandatory": row["is_mandatory"],
                "Mode": MODE[row["mode"]],
                "Name": row["name"],
                "Type": SCRIPT_TYPE[row["type"]],
            }
            for row in defined["parameters"]
        ],
        "Rules": [],
        "Version": 1.0,
    }


def widget(declared: Action, identity: Identity) -> Built:
    """`Widgets/<name>.json`; the page is a file of its own."""
    defined = definitions.widget(declared, identity)
    return {
        "ActionIdentifier": declared.name,
        "ConditionsGroup": {
            "Conditions": [
                {
                    "CustomOperatorName": None,
                    "FieldName": row["field_name"],
                    "MatchType": MATCH[row["match_type"]],
                    "Value": row["value"],
                }
                for row in defined["condition_group"]["conditions"]
            ],
            "LogicalOperator": 0,
        },
        "DataDefinition": {
            "htmlContent": "",
            "htmlHeight": defined["data_definition"]["html_height"],
            "safeRendering": False,
            "type": 3,
            "widgetDefinitionScope": 2,
        },
        "DefaultSize": 2,
        "Description": defined["description"],
        "Scope": 0,
        "Title": defined["title"],
        "Type": 3,
    }


def _rule(rule: dict[str, Any]) -> Built:
    built = {
        "Source": rule["source"],
        "Product": rule.get("product"),
        "EventName": rule.get("event_name"),
        "SecurityEventFieldName": rule["security_event_file_name"],
        "TransformationFunction": TRANSFORMATION[rule["transformation_function"]],
        "TransformationFunctionParam": rule.get("transformation_function_param"),
        "IsArtifact": rule["is_artifact"],
        "ExtractionFunctionParam": rule.get("extract_function_param"),
        "ExtractionFunction": EXTRACTION[rule.get("extract_function", "none")],
    }
    for place in ("Primary", "Secondary", "Third"):
        key = f"raw_data_{place.lower()}_field"
        built[f"RawData{place}FieldMatchTerm"] = rule.get(f"{key}_match_term")
        how = rule.get(f"{key}_comparison_type", "equal")
        built[f"RawData{place}FieldComparisonType"] = COMPARISON[how]
    return built
