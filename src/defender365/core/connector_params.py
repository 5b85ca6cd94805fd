"""The connector's parameters, declared once, in the specification's order and words."""

from dataclasses import dataclass

from defender365.core import settings
from defender365.core.filters import Filters, read_filters
from defender365.core.mapping import DEFAULT_ENVIRONMENT, EnvironmentRule
from defender365.core.spec import Kind, declared, param

NAME = "Microsoft 365 Defender - Incidents Connector"
DESCRIPTION = "Pull information about incidents and related alerts from Microsoft 365 Defender."
MAX_INCIDENTS = 100


@dataclass(frozen=True)
class ConnectorParams:
    """What the incidents connector can be told; the connection parameters are `Settings`'."""

    product_field_name: str = param(
        "Product Field Name",
        "Enter the source field name in order to retrieve the Product Field name.",
        default="event_type", mandatory=True,
    )  # fmt: skip
    event_field_name: str = param(
        "Event Field Name",
        "Enter the source field name in order to retrieve the Event Field name.",
        default="@odata.type", mandatory=True,
    )  # fmt: skip
    environment_field_name: str = param(
        "Environment Field Name",
        "Describes the name of the field where the environment name is stored. If the environment"
        " field isn't found, the environment is the default environment.",
        default="",
    )  # fmt: skip
    environment_regex_pattern: str = param(
        "Environment Regex Pattern",
        'A regex pattern to run on the value found in the "Environment Field Name" field. Default'
        " is .* to catch all and return the value unchanged. Used to allow the user to manipulate"
        " the environment field via regex logic. If the regex pattern is null or empty, or the"
        " environment value is null, the final environment result is the default environment.",
        default=".*",
    )  # fmt: skip
    script_timeout: int = param(
        "Script Timeout (Seconds)",
        "Timeout limit for the python process running the current script.",
        kind=Kind.INTEGER, default=180, mandatory=True, minimum=10,
    )  # fmt: skip
    api_root: str = declared(settings.API_ROOT)
    tenant_id: str = declared(settings.TENANT_ID)
    client_id: str = declared(settings.CLIENT_ID)
    client_secret: str = declared(settings.CLIENT_SECRET)
    lowest_severity_to_fetch: str = param(
        "Lowest Severity To Fetch",
        "Lowest severity that will be used to fetch incidents. Possible values: Informational,"
        " Low, Medium, High. If nothing is provided, incidents of every severity are fetched.",
    )
    max_hours_backwards: int = param(
        "Max Hours Backwards", "Amount of hours from where to fetch incidents.",
        kind=Kind.INTEGER, default=1, minimum=0, maximum=24 * 180,
    )  # fmt: skip
    dynamic_list_field: str = param(
        "Dynamic List Field",
        "Field that can be used in the dynamic list for filtering. Possible values: Incident Name,"
        " Alert Name. If nothing is provided, connector works with the incident name.",
        default="Incident name",
    )  # fmt: skip
    disable_overflow: bool = param(
        "Disable Overflow",
        "If enabled, the connector will ignore the overflow mechanism.",
        kind=Kind.CHECKBOX, mandatory=True, default=False,
    )  # fmt: skip
    max_incidents_to_fetch: int = param(
        "Max Incidents To Fetch",
        "How many incidents to process per one connector iteration. Maximum is 100.",
        kind=Kind.INTEGER, default=10, minimum=1, maximum=MAX_INCIDENTS,
    )  # fmt: skip
    incident_status_filter: tuple[str, ...] = param(
        "Incident Status Filter",
        "A comma-separated list of incident statuses that need to be ingested. If nothing is"
        " provided, the connector ingests incidents with the active and inProgress status."
        " Possible values: active, inProgress, resolved, redirected. It's not recommended to"
        " ingest redirected incidents because in most situations they will be empty.",
        kind=Kind.LIST, default="Active, In Progress",
    )  # fmt: skip
    alert_detection_source_filter: tuple[str, ...] = param(
        "Alert Detection Source Filter",
        "A comma-separated list of detection sources of alerts that need to be ingested. This is a"
        " case sensitive parameter. Example: antivirus, microsoftDefenderForEndpoint",
        kind=Kind.LIST,
    )  # fmt: skip
    alert_service_source_filter: tuple[str, ...] = param(
        "Alert Service Source Filter",
        "A comma-separated list of service sources of alerts that need to be ingested. This is a"
        " case sensitive parameter. Example: antivirus, microsoftDefenderForEndpoint",
        kind=Kind.LIST,
    )  # fmt: skip
    use_whitelist_as_a_blacklist: bool = param(
        "Use whitelist as a blacklist",
        "If enabled, dynamic list will be used as a blocklist.",
        kind=Kind.CHECKBOX, default=True, mandatory=True,
    )  # fmt: skip
    verify_ssl: bool = declared(settings.VERIFY_SSL)
    proxy_server_address: str = declared(settings.PROXY_ADDRESS)
    proxy_username: str = declared(settings.PROXY_USERNAME)
    proxy_password: str = declared(settings.PROXY_PASSWORD)

    def filters(self, dynamic_list: tuple[str, ...] = ()) -> Filters:
        """The filters these parameters ask for. Raises `BadInput`."""
        return read_filters(
            lowest_severity=self.lowest_severity_to_fetch,
            statuses=self.incident_status_filter,
            detection_sources=self.alert_detection_source_filter,
            service_sources=self.alert_service_source_filter,
            list_field=self.dynamic_list_field,
            dynamic_list=dynamic_list,
            names_are_blocked=self.use_whitelist_as_a_blacklist,
        )

    def environment_rule(self, default: str = DEFAULT_ENVIRONMENT) -> EnvironmentRule:
        """The environment rule these parameters ask for. Raises `BadInput` for a bad pattern."""
        return EnvironmentRule(
            self.environment_field_name, self.environment_regex_pattern, default
        ).checked()

    @property
    def working_seconds(self) -> float:
        """What a run may use: the script's timeout less what it takes to hand over and end."""
        return self.script_timeout - max(3.0, min(30.0, 0.15 * self.script_timeout))
