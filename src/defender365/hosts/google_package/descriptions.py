"""What the platform's assistant is told of the actions: flow, effects, entities, outcomes."""

from typing import Any

from defender365.core.entities import HASH, HOST, IP, URL, USER
from defender365.core.spec import Action, Param, params_of

ENTITY_FLAGS = {IP: "address", HOST: "host_name", USER: "user", HASH: "file_hash", URL: "url"}

ENTITY_TYPES = (
    "address", "alert", "application", "child_hash", "child_process", "cluster", "container",
    "credit_card", "cve", "cve_id", "database", "deployment", "destination_domain", "domain",
    "email_message", "event", "file_hash", "file_name", "generic", "host_name", "ip_set",
    "mac_address", "parent_hash", "parent_process", "phone_number", "pod", "process", "service",
    "source_domain", "threat_actor", "threat_campaign", "threat_signature", "url", "usb", "user",
)  # fmt: skip
FILTERS = (
    "identifier", "creation_time", "modification_time", "additional_properties",
    "case_identifier", "alert_identifier", "entity_type", "is_internal", "is_suspicious",
    "is_artifact", "is_vulnerable", "is_enriched", "is_pivot",
)  # fmt: skip
OUTCOMES = (
    "enrich_ioc", "enrich_asset", "update_alert", "add_alert_comment", "create_ticket",
    "update_ticket", "add_ioc_to_blocklist", "remove_ioc_from_blocklist", "add_ioc_to_allowlist",
    "remove_ioc_from_allowlist", "disable_identity", "enable_identity", "contain_host",
    "uncontain_host", "reset_identity_password", "update_identity", "search_events",
    "execute_command_on_the_host", "download_file", "send_email", "search_email", "delete_email",
    "update_email", "submit_file", "send_message", "search_asset", "get_alert_information",
)  # fmt: skip
CATEGORIES = (
    "siem", "edr", "network_security", "threat_intelligence", "email_security",
    "iam_and_identity_management", "cloud_security", "itsm", "vulnerability_management",
    "asset_inventory", "collaboration",
)  # fmt: skip

FLOW = {
    "Ping": (
        "Signs in to Microsoft Entra ID with the integration's configuration.",
        "Asks Microsoft Graph for one incident (GET /v1.0/security/incidents) or, without that"
        " permission, runs a trivial hunting query.",
        "Reports, for each capability, whether a permission for it is granted.",
    ),
    "Add Comment To Incident": (
        "Checks the incident's id and the comment.",
        "Adds the comment to the incident (POST /v1.0/security/incidents/{id}/comments).",
    ),
    "Update Incident": (
        "Checks the parameters; at least one change is needed.",
        "Changes status, classification, determination or owner of the incident"
        " (PATCH /v1.0/security/incidents/{id}).",
    ),
    "Execute Query": (
        "Builds a KQL query from tables, where clauses, time frame, fields, sorting and limit.",
        "Runs it (POST /v1.0/security/runHuntingQuery, or the Defender API where only its"
        " permission is granted).",
        "Returns the rows as JSON and as a table.",
    ),
    "Execute Custom Query": (
        "Takes the KQL query and adds a limit after its last tabular statement.",
        "Runs it (POST /v1.0/security/runHuntingQuery, or the Defender API where only its"
        " permission is granted).",
        "Returns the rows as JSON and as a table.",
    ),
    "Execute Entity Query": (
        "Takes the entities in scope, by their original spelling, as values to match without"
        " regard to case.",
        "Builds a KQL query that matches them against the given entity keys.",
        "Runs it (POST /v1.0/security/runHuntingQuery, or the Defender API where only its"
        " permission is granted).",
        "Returns the rows as JSON and as a table.",
    ),
}
"""The steps of each action."""

ACHIEVES = {
    "Add Comment To Incident": ("update_ticket",),
    "Update Incident": ("update_ticket",),
    "Execute Query": ("search_events",),
    "Execute Custom Query": ("search_events",),
    "Execute Entity Query": ("search_events", "enrich_ioc", "enrich_asset"),
}


def action_description(action: Action) -> dict[str, Any]:
    """One entry of `actions_ai_description.yaml`."""
    achieved = ACHIEVES.get(action.name, ())
    flags = {ENTITY_FLAGS[entity] for entity in action.entities}
    return {
        "ai_description": _long(action),
        "ai_short_description": action.description,
        "parameters_description": _parameters(list(params_of(action.params).values())),
        "capabilities": _capabilities(action),
        "entity_usage": {
            "reasoning": "Entities of these types are matched by value."
            if flags
            else "The action does not run on entities.",
            "entity_types": {name: name in flags for name in ENTITY_TYPES},
            **{f"filters_by_{name}": bool(flags) and name == "entity_type" for name in FILTERS},
        },
        "outcome_categories": {
            "reasoning": f"{action.name}: {action.description}",
            **{name: name in achieved for name in OUTCOMES},
        },
    }


def _capabilities(action: Action) -> dict[str, Any]:
    return {
        "reasoning": action.changes or "It only reads from Microsoft 365 Defender.",
        "fetches_data": action.name.startswith("Execute"),
        "can_mutate_external_data": bool(action.changes),
        "external_data_mutation_explanation": action.changes or None,
        "can_mutate_internal_data": False,
        "internal_data_mutation_explanation": None,
        "can_update_entities": False,
        "can_create_insight": False,
        "can_modify_alert_data": False,
        "can_create_case_comments": False,
    }


def _long(action: Action) -> str:
    steps = "\n".join(f"{n}. {step}" for n, step in enumerate(FLOW[action.name], start=1))
    return (
        f"### General Description\n{action.description}\n\n### Flow Description\n{steps}\n\n"
        "### Additional Notes\nBad parameters are told before anything is sent. A failed action"
        " says what happened, to which parameter or incident, and what to do next."
    )


def _parameters(declarations: list[Param]) -> str:
    if not declarations:
        return "There are no parameters for this action"
    rows = [
        f"| {d.name} | {d.kind.value} | {'Yes' if d.mandatory else 'No'} | {_in_table(d)} |"
        for d in declarations
    ]
    return "\n".join(
        ["| Parameter | Type | Mandatory | Description |", "| --- | --- | --- | --- |", *rows]
    )


def _in_table(declaration: Param) -> str:
    return declaration.description.replace("|", "\\|")


def integration_description() -> dict[str, Any]:
    """`integration_ai_description.yaml`."""
    fits = {"edr", "email_security"}
    return {
        "product_categories": {
            "reasoning": "Incidents and hunting over endpoints, identities, mail and cloud apps.",
            **{name: name in fits for name in CATEGORIES},
        }
    }
