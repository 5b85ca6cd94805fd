"""Triage: update an incident, comment on it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from defender365.actions.outcome import Scope
from defender365.api.client import Client
from defender365.core.errors import NotFound, Refused, Worded
from defender365.core.model import Json, text
from defender365.core.spec import Action, Kind, Result, param

SELECT_ONE = "Select One"
PRODUCT = "Microsoft 365 Defender"

PAIRS: Mapping[str, tuple[str, ...]] = {
    "True Positive": (
        "Multi Staged Attack", "Malicious User Activity", "Compromised Account", "Malware",
        "Phishing", "Unwanted Software", "Other",
    ),
    "Informational Expected Activity": (
        "Security Testing", "Line Of Business Application", "Confirmed Activity", "Other",
    ),
    "False Positive": ("Not Malicious", "Not Enough Data To Validate", "Other"),
}  # fmt: skip
"""Which determinations Microsoft documents for which classification (api-update-incidents)."""


@dataclass(frozen=True)
class AddComment:
    """Parameters of Add Comment To Incident."""

    incident_id: int = param(
        "Incident ID", "Specify the ID of the incident that needs to be updated.",
        kind=Kind.INTEGER, mandatory=True, minimum=1, sample="3",
    )  # fmt: skip
    comment: str = param(
        "Comment", "Specify the comment that needs to be added to the incident.",
        mandatory=True, sample="Looked at by the night shift.",
    )  # fmt: skip


@dataclass(frozen=True)
class UpdateIncident:
    """Parameters of Update Incident; the specification's choices first, then Graph's newer ones."""

    incident_id: int = param(
        "Incident ID", "Specify the id of the incident that needs to be updated.",
        kind=Kind.INTEGER, mandatory=True, minimum=1, sample="3",
    )  # fmt: skip
    status: str = param(
        "Status", "Specify what status to set for the incident.",
        kind=Kind.CHOICE, default=SELECT_ONE, sample="Resolved",
        choices=(SELECT_ONE, "Active", "Resolved", "In Progress"),
    )  # fmt: skip
    classification: str = param(
        "Classification", "Specify what classification to set for the incident.",
        kind=Kind.CHOICE, default=SELECT_ONE, sample="True Positive",
        choices=(
            SELECT_ONE, "False Positive", "True Positive", "Informational Expected Activity",
        ),
    )  # fmt: skip
    determination: str = param(
        "Determination", "Specify what determination to set for the incident.",
        kind=Kind.CHOICE, default=SELECT_ONE, sample="Multi Staged Attack",
        choices=(
            SELECT_ONE, "Not Available", "Apt", "Malware", "Security Personnel",
            "Security Testing", "Unwanted Software", "Other", "Multi Staged Attack",
            "Compromised Account", "Phishing", "Malicious User Activity", "Not Malicious",
            "Not Enough Data To Validate", "Confirmed Activity", "Line Of Business Application",
        ),
    )  # fmt: skip
    assign_to: str = param("Assign To", "Specify to whom to assign this incident.")


def add_comment(connect: Callable[[], Client], params: AddComment, _scope: Scope) -> Result:
    """Add the comment; the incident's comments come back as JSON."""
    try:
        comments = connect().add_comment(str(params.incident_id), params.comment)
    except NotFound:
        raise _not_found(params.incident_id) from None
    return Result(
        f"Successfully added comment to incident {params.incident_id} in {PRODUCT}.",
        json_result={"comments": comments},
    )


def update_incident(connect: Callable[[], Client], params: UpdateIncident, _scope: Scope) -> Result:
    """Send what was chosen; the incident as it is then comes back as JSON."""
    changes = changes_of(params)
    try:
        incident = connect().update_incident(str(params.incident_id), changes)
    except NotFound:
        raise _not_found(params.incident_id) from None
    except Refused as refused:
        raise _with_pairs(refused, changes) from None
    message = f"Successfully updated incident {params.incident_id} in {PRODUCT}."
    if target := text(incident.get("redirectIncidentId")):
        message += f" It was merged into incident {target}, where its alerts are now."
    return Result(message, json_result=incident)


def changes_of(params: UpdateIncident) -> Json:
    """The properties to send, in Graph's words. Raises `Worded` when nothing was chosen."""
    chosen = {
        "status": params.status,
        "classification": params.classification,
        "determination": params.determination,
    }
    changes: Json = {name: graph_word(word) for name, word in chosen.items() if word != SELECT_ONE}
    if params.assign_to:
        changes["assignedTo"] = params.assign_to
    if not changes:
        raise Worded(
            'Error executing action: "Update Incident". Reason: at least one of the parameters'
            " should have a value provided."
        )
    return changes


def graph_word(choice: str) -> str:
    """Graph's spelling of a choice: `False Positive` is `falsePositive`, `Not Available` unknown."""
    if choice == "Not Available":
        return "unknown"
    first, *rest = re.split(r"\s+", choice)
    return first.lower() + "".join(rest)


def _not_found(incident_id: int) -> NotFound:
    return NotFound(f'incident "{incident_id}" wasn\'t found in {PRODUCT}.')


def _with_pairs(refused: Refused, changes: Json) -> Refused:
    if not {"classification", "determination"} & changes.keys():
        return refused
    pairs = "; ".join(f"{name}: {', '.join(words)}" for name, words in PAIRS.items())
    reason = refused.reason.rstrip(". ")
    return Refused(f"{reason}. Determinations that fit a classification: {pairs}.")


ADD_COMMENT = Action(
    "Add Comment To Incident",
    f"Add comment to incident in {PRODUCT}.",
    AddComment,
    add_comment,
    changes="Adds a comment to the incident.",
)

UPDATE_INCIDENT = Action(
    "Update Incident",
    f"Update incident in {PRODUCT}.",
    UpdateIncident,
    update_incident,
    changes="Changes the incident's status, classification, determination and owner.",
)
