"""What the hunting actions can be told, in the specification's words."""

from dataclasses import dataclass, replace

from defender365.core.hunting_tables import TIMESTAMP
from defender365.core.spec import Kind, Param, declared, param
from defender365.core.timeframe import TIME_FRAMES

MAX_ROWS = 100_000
"""The most rows Microsoft gives for one query."""

TABLE_NAMES = Param(
    "Table Names", "Specify what tables should be queried.", mandatory=True, sample="AlertInfo"
)
TIME_FRAME = Param(
    "Time Frame",
    'Specify a time frame for the results. If "Custom" is selected, you also need to provide'
    ' "Start Time".',
    kind=Kind.CHOICE, default="Last Hour", choices=TIME_FRAMES,
)  # fmt: skip
START_TIME = Param(
    "Start Time",
    'Specify the start time for the results. This parameter is mandatory, if "Custom" is selected'
    ' for the "Time Frame" parameter. Format: ISO 8601',
)
END_TIME = Param(
    "End Time",
    "Specify the end time for the results. Format: ISO 8601. If nothing is provided and"
    ' "Custom" is selected for the "Time Frame" parameter then this parameter will use current'
    " time.",
)
FIELDS = Param("Fields To Return", "Specify what fields to return.")
SORT_FIELD = Param(
    "Sort Field", "Specify what parameter should be used for sorting.", default=TIMESTAMP
)
SORT_ORDER = Param(
    "Sort Order", "Specify the order of sorting.",
    kind=Kind.CHOICE, default="ASC", choices=("ASC", "DESC"),
)  # fmt: skip
MAX_RESULTS = Param(
    "Max Results To Return", "Specify how many results to return. Default: 50.",
    kind=Kind.INTEGER, default=50, minimum=1, maximum=MAX_ROWS,
)  # fmt: skip


@dataclass(frozen=True)
class ExecuteQuery:
    """Parameters of Execute Query."""

    table_names: str = declared(TABLE_NAMES)
    query: str = param(
        "Query",
        "Specify the query that needs to be executed. Use this parameter to provide |where clauses."
        " Note: you don't need to provide time filter, limiting and sorting.",
        sample='| where Severity == "High"',
    )
    time_frame: str = declared(replace(TIME_FRAME, sample="Last 24 Hours"))
    start_time: str = declared(START_TIME)
    end_time: str = declared(END_TIME)
    fields_to_return: str = declared(FIELDS)
    sort_field: str = declared(SORT_FIELD)
    sort_order: str = declared(SORT_ORDER)
    max_results_to_return: int = declared(MAX_RESULTS)


def _key(name: str, entities: str) -> Param:
    return Param(
        f"{name} Entity Key",
        f"Specify what key should be used with {entities} entities. Please refer to the action"
        " documentation for details.",
    )


@dataclass(frozen=True)
class ExecuteEntityQuery:
    """Parameters of Execute Entity Query."""

    table_names: str = declared(replace(TABLE_NAMES, sample="DeviceProcessEvents"))
    time_frame: str = declared(replace(TIME_FRAME, sample="Last 24 Hours"))
    start_time: str = declared(START_TIME)
    end_time: str = declared(END_TIME)
    fields_to_return: str = declared(FIELDS)
    sort_field: str = declared(SORT_FIELD)
    sort_order: str = declared(SORT_ORDER)
    max_results_to_return: int = declared(MAX_RESULTS)
    ip_entity_key: str = declared(_key("IP", "IP"))
    hostname_entity_key: str = declared(replace(_key("Hostname", "Hostname"), sample="DeviceName"))
    file_hash_entity_key: str = declared(_key("File Hash", "File Hash"))
    user_entity_key: str = declared(_key("User", "User"))
    url_entity_key: str = declared(_key("URL", "URL"))
    email_address_entity_key: str = declared(
        _key("Email Address", "Email Address (User entity with email regex)")
    )
    stop_if_not_enough_entities: bool = param(
        "Stop If Not Enough Entities",
        "If enabled, action will not start execution, unless all of the entity types are available"
        ' for the specified ".. Entity Keys". Example: if "IP Entity Key" and "File Hash Entity'
        ' Key" are specified, but in the scope there are no file hashes then if this parameter is'
        " enabled, action will not execute the query.",
        kind=Kind.CHECKBOX, default=True, mandatory=True,
    )  # fmt: skip
    cross_entity_operator: str = param(
        "Cross Entity Operator",
        "Specify what should be the logical operator used between different entity types.",
        kind=Kind.CHOICE, default="OR", choices=("OR", "AND"), mandatory=True,
    )  # fmt: skip


@dataclass(frozen=True)
class ExecuteCustomQuery:
    """Parameters of Execute Custom Query."""

    query: str = param(
        "Query",
        'Specify the query that needs to be executed. Use this parameter to provide "where" clauses.'
        ' Note: You don\'t need to provide a limit ("limit" keyword).',
        mandatory=True, sample="AlertInfo | summarize Alerts = count() by Severity",
    )  # fmt: skip
    max_results_to_return: int = param(
        "Max Results To Return", "Specify the number of results to return.",
        kind=Kind.INTEGER, default=50, minimum=1, maximum=MAX_ROWS,
    )  # fmt: skip
