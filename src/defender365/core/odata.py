"""OData query options; the only place that writes `$filter`."""

from collections.abc import Mapping

from defender365.core.timeframe import from_ticks

UPDATED = "lastUpdateDateTime"


def updated_since(ticks: int) -> str:
    """The filter for incidents last updated at this instant (in 100 ns ticks) or later."""
    return f"{UPDATED} ge {from_ticks(ticks)}"


def incident_list(since: int, *, top: int, skip: int = 0, expand: bool = True) -> Mapping[str, str]:
    """The options of one page of incidents, oldest update first.

    `top` is at most 50 (Graph's cap for incidents, wazuh/wazuh#28070). `skip` passes over
    incidents already seen at exactly `since`; it is never used to walk a list.
    """
    options = {"$filter": updated_since(since), "$orderby": f"{UPDATED} asc", "$top": str(top)}
    if skip:
        options["$skip"] = str(skip)
    if expand:
        options["$expand"] = "alerts"
    return options
