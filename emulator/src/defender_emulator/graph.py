"""Microsoft Graph security: incidents, alerts, comments, merges."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from defender_emulator import enums
from defender_emulator.answers import Refused
from defender_emulator.odata import BadQuery, Field, parse_filter, parse_order
from defender_emulator.scenario import Json
from defender_emulator.tenant import NotThere, Tenant
from defender_emulator.ticks import ticks_of

INCIDENT_FIELDS = {
    "assignedTo": Field("assignedTo"), "classification": Field("classification", "enum"),
    "createdDateTime": Field("createdDateTime", "time"),
    "determination": Field("determination", "enum"),
    "lastUpdateDateTime": Field("lastUpdateDateTime", "time"),
    "severity": Field("severity", "enum"), "status": Field("status", "enum"),
}  # fmt: skip
ALERT_FIELDS = {**INCIDENT_FIELDS, "serviceSource": Field("serviceSource", "enum")}
MAX_INCIDENTS = 50
MAX_ALERTS = 1000
DEEPEST_ALERT = 6000
PATCHABLE = {
    "status": enums.STATUSES, "classification": enums.CLASSIFICATIONS,
    "determination": enums.DETERMINATIONS, "severity": enums.SEVERITIES,
}  # fmt: skip
PATCH_TEXTS = {"assignedTo", "displayName", "description", "summary", "resolvingComment"}


class Options:
    """The query options of a list, checked."""

    def __init__(self, params: Mapping[str, str], fields: dict[str, Field]) -> None:
        self.params = dict(params)
        known = {"$filter", "$orderby", "$top", "$skip", "$count", "$select", "$expand", "$search"}
        for name in self.params:
            if name.startswith("$") and name not in known:
                raise Refused(400, "BadRequest", f"The query option '{name}' is not supported.")
        self.top = self._number("$top")
        self.skip = self._number("$skip") or 0
        self.count = self.params.get("$count", "").lower() == "true"
        self.select = [p.strip() for p in self.params.get("$select", "").split(",") if p.strip()]
        self.expand = self.params.get("$expand", "")
        if self.expand not in {"", "alerts"}:
            raise Refused(400, "BadRequest", f"Could not find a property named '{self.expand}'.")
        try:
            text = self.params.get("$filter", "")
            self.keep = parse_filter(text, fields) if text.strip() else None
            order = self.params.get("$orderby", "")
            self.order = parse_order(order, fields) if order.strip() else []
        except BadQuery as error:
            raise Refused(400, "BadRequest", f"Invalid filter clause: {error}") from None

    def _number(self, name: str) -> int | None:
        text = self.params.get(name)
        if text is None:
            return None
        if not text.isdecimal():
            raise Refused(400, "BadRequest", f"Invalid value '{text[:50]}' for {name}.")
        return int(text)

    def pick(self, records: list[Json], fields: dict[str, Field]) -> list[Json]:
        """The records that the filter keeps, in the order asked for (newest first by default)."""
        if self.order == [("lastUpdateDateTime", False)]:
            records = [*reversed(records)]
        elif self.order and self.order != [("lastUpdateDateTime", True)]:
            for name, descending in reversed(self.order):
                key = _sort_key(fields[name])
                records = sorted(records, key=key, reverse=descending)
        return records if self.keep is None else [r for r in records if self.keep(r)]

    def next_link(self, address: str, taken: int) -> str:
        """The address of the next page."""
        following = {**self.params, "$skip": str(self.skip + taken)}
        return f"{address}?{urlencode(following, safe='$')}"


def _sort_key(field: Field) -> Callable[[Json], Any]:
    if field.kind == "time":
        return lambda record: ticks_of(record.get(field.name)) or 0
    return lambda record: str(record.get(field.name) or "")


def list_incidents(tenant: Tenant, request: Request) -> Json:
    """A page of incidents."""
    options = Options(request.query_params, INCIDENT_FIELDS)
    if options.top is not None and options.top > MAX_INCIDENTS:
        raise Refused(
            400, "",
            "The query specified in the URI is not valid. The limit of '50' for Top query has been"
            f" exceeded. The value from the incoming request is '{options.top}'.",
            details=True,
        )  # fmt: skip
    with tenant.lock:
        found = options.pick(tenant.all_incidents(), INCIDENT_FIELDS)
        size = MAX_INCIDENTS if options.top is None else options.top
        page = found[options.skip : options.skip + size]
        shown = [show_incident(tenant, request, item, expand=bool(options.expand)) for item in page]
    tail = "(alerts())" if options.expand else ""
    return _collection(request, f"security/incidents{tail}", options, found, shown)


def heaviest(tenant: Tenant, request: Request) -> int:
    """The most alerts of one incident that this list or get would expand; 0 without $expand."""
    if "alerts" not in request.query_params.get("$expand", ""):
        return 0
    key = request.path_params.get("id")
    if key is not None:
        return tenant.count_alerts(key)
    try:
        options = Options(request.query_params, INCIDENT_FIELDS)
    except Refused:
        return 0
    with tenant.lock:
        found = options.pick(tenant.all_incidents(), INCIDENT_FIELDS)
        page = found[options.skip : options.skip + (options.top or MAX_INCIDENTS)]
        return max((tenant.count_alerts(str(item.get("id"))) for item in page), default=0)


def get_incident(tenant: Tenant, request: Request) -> Json:
    """One incident."""
    incident = _there(lambda: tenant.incident(request.path_params["id"]))
    expand = "alerts" in request.query_params.get("$expand", "")
    context = f"{_base(request)}/$metadata#security/incidents/$entity"
    return {
        "@odata.context": context,
        **show_incident(tenant, request, incident, expand=expand),
    }


def list_incident_alerts(tenant: Tenant, request: Request) -> Json:
    """The alerts of one incident, in pages."""
    key = request.path_params["id"]
    with tenant.lock:
        _there(lambda: tenant.incident(key))
        return _alerts_page(request, f"security/incidents('{key}')/alerts", tenant.alerts_of(key))


def list_alerts(tenant: Tenant, request: Request) -> Json:
    """A page of alerts."""
    if request.query_params.get("$skip", "0").isdecimal() and (
        int(request.query_params.get("$skip", "0")) > DEEPEST_ALERT
    ):
        raise Refused(400, "BadRequest", f"$skip may be at most {DEEPEST_ALERT}.")
    return _alerts_page(request, "security/alerts_v2", tenant.all_alerts())


def _alerts_page(request: Request, name: str, alerts: list[Json]) -> Json:
    options = Options(request.query_params, ALERT_FIELDS)
    found = options.pick(alerts, ALERT_FIELDS)
    size = min(options.top or (MAX_ALERTS if options.top is None else 0), MAX_ALERTS)
    page = found[options.skip : options.skip + size]
    shown = [_seen(request, item) for item in page]
    return _collection(request, name, options, found, shown)


def get_alert(tenant: Tenant, request: Request) -> Json:
    """One alert."""
    alert = _there(lambda: tenant.alert(request.path_params["id"]))
    context = f"{_base(request)}/$metadata#security/alerts_v2/$entity"
    return {"@odata.context": context, **_seen(request, alert)}


def patch_incident(tenant: Tenant, request: Request, body: Json, author: str) -> Json:
    """Change an incident; the whole incident comes back."""
    current = _there(lambda: tenant.incident(request.path_params["id"]))
    changes = checked_changes(body, current, PATCHABLE, {*PATCH_TEXTS})
    changed = tenant.update_incident(request.path_params["id"], changes, f"API-App:{author}")
    context = f"{_base(request)}/$metadata#security/incidents/$entity"
    return {"@odata.context": context, **_seen(request, changed, "incident")}


def patch_alert(tenant: Tenant, request: Request, body: Json, _author: str) -> Json:
    """Change an alert."""
    current = _there(lambda: tenant.alert(request.path_params["id"]))
    enumerated = {**PATCHABLE, "status": enums.ALERT_STATUSES}
    del enumerated["severity"]
    changes = checked_changes(body, current, enumerated, {"assignedTo"})
    changed = tenant.update_alert(request.path_params["id"], changes)
    return {"@odata.context": f"{_base(request)}/$metadata#security/alerts_v2/$entity",
            **_seen(request, changed)}  # fmt: skip


def checked_changes(
    body: Json, current: Json, enumerated: Mapping[str, tuple[str, ...]], texts: set[str]
) -> Json:
    """The changes of a PATCH in Graph's words. Raises `Refused` naming the property."""
    changes: Json = {}
    for name, value in body.items():
        if name.startswith("@odata"):
            continue
        if name in enumerated:
            word = enums.member(value, enumerated[name])
            if word is None:
                raise Refused(400, "BadRequest", f"Invalid value '{value}' for property '{name}'.")
            changes[name] = word
        elif name in texts and (value is None or isinstance(value, str)):
            changes[name] = value or None
        elif name == "customTags" and isinstance(value, list):
            changes[name] = [str(tag) for tag in value]
        else:
            raise Refused(
                400, "BadRequest", f"The property '{name}' cannot be updated or is invalid."
            )
    after = {**current, **changes}
    kind, why = after.get("classification"), after.get("determination")
    touched = {"classification", "determination"} & changes.keys()
    if touched and kind in enums.FITTING and why not in {None, "unknown", *enums.FITTING[kind]}:
        raise Refused(
            400, "BadRequest", f"Determination '{why}' is not valid for classification '{kind}'."
        )
    return changes


def post_comment(tenant: Tenant, request: Request, body: Any, author: str) -> Json:
    """Add a comment; every comment so far comes back."""
    kind = "incidents" if "/incidents/" in request.url.path else "alerts_v2"
    said = body[0] if isinstance(body, list) and body else body
    text = said.get("comment") if isinstance(said, dict) else None
    if not isinstance(text, str) or not text.strip():
        raise Refused(400, "BadRequest", "The property 'comment' is missing or empty.")
    key = request.path_params["id"]
    comments = _there(lambda: tenant.comment(kind, key, text, f"API-App:{author}"))
    return {
        "@odata.context": f"{_base(request)}/$metadata#security/{kind}('{key}')/comments",
        "value": comments,
    }


def merge_incidents(tenant: Tenant, request: Request, body: Json, _author: str) -> Json:
    """Merge two to five incidents into the first."""
    keys = body.get("incidentIds")
    if not isinstance(keys, list) or not 2 <= len(keys) <= 5:
        raise Refused(400, "BadRequest", "incidentIds must hold two to five incidents.")
    for key in keys:
        _there(partial(tenant.incident, str(key)))
    target = str(keys[0])
    tenant.merge([str(key) for key in keys[1:]], target)
    return {
        "@odata.context": f"{_base(request)}/$metadata#mergeResponse",
        "targetIncidentId": target,
    }


def move_alerts(tenant: Tenant, request: Request, body: Json, _author: str) -> Json:
    """Move alerts to another incident."""
    keys, target = body.get("alertIds"), str(body.get("incidentId") or "")
    if not isinstance(keys, list) or not keys:
        raise Refused(400, "BadRequest", "alertIds must hold at least one alert.")
    _there(lambda: tenant.incident(target))
    for key in keys:
        _there(partial(tenant.alert, str(key)))
    tenant.move_alerts([str(key) for key in keys], target)
    return {
        "@odata.context": f"{_base(request)}/$metadata#mergeResponse",
        "targetIncidentId": target,
    }


def show_incident(tenant: Tenant, request: Request, incident: Json, *, expand: bool) -> Json:
    """An incident as this client sees it, with its alerts if asked for."""
    shown = _seen(request, incident, "incident")
    select = [p.strip() for p in request.query_params.get("$select", "").split(",") if p.strip()]
    if select:
        shown = {name: shown[name] for name in ("id", *select) if name in shown}
    if expand:
        alerts = [_seen(request, alert) for alert in tenant.alerts_of(str(incident.get("id")))]
        shown = {**shown, "alerts": alerts}
    return shown


def _collection(
    request: Request, name: str, options: Options, found: list[Json], shown: list[Json]
) -> Json:
    answer: Json = {"@odata.context": f"{_base(request)}/$metadata#{name}"}
    if options.count:
        answer["@odata.count"] = len(found)
    if options.skip + len(shown) < len(found) and shown:
        address = f"{request.state.base}{request.url.path}"
        answer["@odata.nextLink"] = options.next_link(address, len(shown))
    answer["value"] = shown
    return answer


def _seen(request: Request, record: Json, top: str = "alert") -> Json:
    return record if request.state.unmasked else enums.masked(record, top)


def _base(request: Request) -> str:
    return f"{request.state.base}/{request.url.path.split('/')[1]}"


def _there(get: Callable[[], Any]) -> Any:
    try:
        return get()
    except NotThere as error:
        raise Refused(404, "ResourceNotFound", f"Resource '{error}' was not found.") from None
