"""Hunting: by tables, by the entities of the case, or freely."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from defender365.actions.hunting_params import (
    END_TIME,
    FIELDS,
    MAX_ROWS,
    SORT_FIELD,
    START_TIME,
    TABLE_NAMES,
    TIME_FRAME,
    ExecuteCustomQuery,
    ExecuteEntityQuery,
    ExecuteQuery,
)
from defender365.actions.outcome import Scope
from defender365.api.client import Client
from defender365.api.hunting_rows import Rows
from defender365.core import kql, many_entities
from defender365.core.entities import HASH, HOST, IP, TYPES, URL, USER, Entity, values_of
from defender365.core.errors import BadInput, BudgetSpent, Refused, Throttled
from defender365.core.hunting_tables import KNOWN_TABLES, TIMESTAMP, suggest, time_column
from defender365.core.kql_shape import keeps_column
from defender365.core.kql_text import limited
from defender365.core.spec import Action, Result, Table
from defender365.core.timeframe import CUSTOM, Frame, resolve

PRODUCT = "Microsoft 365 Defender"
TOO_MANY = "Too many queries were executed. Rate limit is reached. Wait for a minute and try again"
NOT_ENOUGH = (
    "Action wasn't able to build the query, because not enough entity types were supplied for the"
    ' specified ".. Entity Keys". Please disable "Stop If Not Enough Entities" parameter or provide'
    ' at least one entity for each specified ".. Entity Key".'
)


@dataclass(frozen=True)
class Plan:
    """The query to send, and what the analyst should know about it."""

    query: str
    notes: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    """Further queries, where the entities are too many for one; their rows are merged."""
    sort: tuple[str, str] | None = None
    hidden: str = ""
    """A column asked for only to merge by, which was not wanted."""
    limit: int = MAX_ROWS
    apart: bool = False
    """No row can answer two of the queries."""

    @property
    def queries(self) -> tuple[str, ...]:
        """Everything to send."""
        return (self.query, *self.more)


def run_query(connect: Callable[[], Client], params: ExecuteQuery, scope: Scope) -> Result:
    """Hunt in tables."""
    return _hunt(connect, plan_query(params, scope))


def run_entity_query(
    connect: Callable[[], Client], params: ExecuteEntityQuery, scope: Scope
) -> Result:
    """Hunt in tables for the entities of the case; says so where they are not enough."""
    plan = plan_entity_query(params, scope)
    if plan is None:
        return Result(NOT_ENOUGH, is_success=False)
    return _hunt(connect, plan)


def run_custom_query(
    connect: Callable[[], Client], params: ExecuteCustomQuery, scope: Scope
) -> Result:
    """Hunt with a query of the analyst's own."""
    return _hunt(connect, plan_custom_query(params, scope))


def plan_query(params: ExecuteQuery, scope: Scope) -> Plan:
    """The query for tables and the analyst's pipe. Raises `BadInput`."""
    return _plan(params, params.query, kql.NO_CONDITION, scope)


def plan_custom_query(params: ExecuteCustomQuery, _scope: Scope) -> Plan:
    """The analyst's query with its limit. Raises `BadInput`."""
    return Plan(limited(params.query, params.max_results_to_return))


def plan_entity_query(params: ExecuteEntityQuery, scope: Scope) -> Plan | None:
    """The query for tables and entities, or None when there are not enough entities.

    Not enough is: a key without entities while the parameter says to stop, or none at all, for
    a query without its entities would hunt for everything.
    """
    wanted = _wanted(params, scope.entities)
    found = [(key, values) for key, values in wanted if values]
    if not found or (params.stop_if_not_enough_entities and len(found) < len(wanted)):
        _plan(params, "", kql.NO_CONDITION, scope)  # bad parameters are told all the same
        return None
    every = params.cross_entity_operator == "AND"
    join = kql.all_of if every else kql.any_of

    def planned(some: many_entities.Wanted, *, merging: bool = False) -> Plan:
        matching = join(kql.AnyOf(key, values) for key, values in some)
        return _plan(params, "", matching, scope, merging=merging)

    whole = planned(found)
    if len(whole.query) <= many_entities.MAX_CHARACTERS:
        return whole
    texts = many_entities.queries(
        found, lambda some: planned(some, merging=True).query, every=every
    )
    note = (
        f"The entities are too many for one query: {len(texts)} were sent, each with some of them,"
        " and their rows are shown as one result."
    )
    whole = planned(found, merging=True)
    notes = (note, *whole.notes) if len(texts) > 1 else whole.notes
    return replace(
        whole, query=texts[0], more=tuple(texts[1:]), notes=notes, apart=every or len(found) == 1
    )


def _wanted(
    params: ExecuteEntityQuery, entities: tuple[Entity, ...]
) -> list[tuple[str, tuple[str, ...]]]:
    """For each key that was given, the values it should match."""
    by_email = bool(params.email_address_entity_key)
    users = [e for e in entities if e.type == USER and not (by_email and e.is_email)]

    def of(kind: str) -> list[Entity]:
        return [entity for entity in entities if entity.type == kind]

    scopes = (
        ("IP Entity Key", params.ip_entity_key, of(IP)),
        ("Hostname Entity Key", params.hostname_entity_key, of(HOST)),
        ("File Hash Entity Key", params.file_hash_entity_key, of(HASH)),
        ("User Entity Key", params.user_entity_key, users),
        ("URL Entity Key", params.url_entity_key, of(URL)),
        (
            "Email Address Entity Key",
            params.email_address_entity_key,
            [entity for entity in entities if entity.is_email],
        ),
    )
    return [(_one_name(key, name), values_of(found)) for name, key, found in scopes if key]


def _plan(
    params: ExecuteQuery | ExecuteEntityQuery, pipe: str, scoped: kql.Condition, scope: Scope,
    *, merging: bool = False,
) -> Plan:  # fmt: skip
    tables = _names(params.table_names, TABLE_NAMES.name, "table")
    if not tables:
        raise BadInput(f'"{TABLE_NAMES.name}" is mandatory and was not provided.')
    fields = _names(params.fields_to_return, FIELDS.name, "field")
    frame = resolve(params.time_frame, params.start_time, params.end_time, scope.now)
    sort, unsorted = _sort(params, tables, pipe)
    hidden = sort[0] if merging and sort and fields and sort[0] not in fields else ""
    query = kql.query(
        [kql.Source(table, _within(frame, table)) for table in tables],
        where=[scoped],
        user_pipe=pipe,
        fields=(*fields, hidden) if hidden else fields,
        sort=sort,
        limit=params.max_results_to_return,
    )
    notes = (*_unused(params), *_notes(frame, tables, scope), *unsorted)
    limit = params.max_results_to_return
    return Plan(query, notes, tables, sort=sort, hidden=hidden, limit=limit)


def _within(frame: Frame, table: str) -> kql.Condition:
    column = time_column(table)
    if column is None:
        return kql.NO_CONDITION
    return kql.Between(column, frame.start, frame.end, includes_end=frame.includes_end)


def _sort(
    params: ExecuteQuery | ExecuteEntityQuery, tables: tuple[str, ...], pipe: str
) -> tuple[tuple[str, str] | None, tuple[str, ...]]:
    """The order to ask for; the default order is left out where its column is not there."""
    field = _one_name(params.sort_field or TIMESTAMP, SORT_FIELD.name)
    if field != TIMESTAMP:
        return (field, params.sort_order), ()
    clocks = {time_column(table) for table in tables}
    column = clocks.pop() if len(clocks) == 1 else None
    if column is None:
        return None, (f"The rows are not sorted: not every table has a {TIMESTAMP} column.",)
    if not keeps_column(pipe, column):
        return None, (f"The rows are not sorted: the query leaves no {column} column.",)
    return (column, params.sort_order), ()


def _unused(params: ExecuteQuery | ExecuteEntityQuery) -> list[str]:
    """What was given and has no effect."""
    if params.time_frame == CUSTOM or not (params.start_time or params.end_time):
        return []
    return [
        f'"{START_TIME.name}" and "{END_TIME.name}" were not used: "{TIME_FRAME.name}" is'
        f' "{params.time_frame}", not "{CUSTOM}".'
    ]


def _notes(frame: Frame, tables: tuple[str, ...], scope: Scope) -> list[str]:
    notes = []
    without = [table for table in tables if time_column(table) is None]
    if len(without) < len(tables) and (old := frame.note(scope.now)):
        notes.append(old)
    if without:
        has = "has" if len(without) == 1 else "have"
        notes.append(
            f"No time filter was applied to {', '.join(without)}, which {has} no time column."
        )
    return notes


def _names(text: str, parameter: str, what: str) -> tuple[str, ...]:
    try:
        return kql.names(text, what)
    except kql.NotAName as error:
        raise BadInput(f'"{parameter}": {error}') from None


def _one_name(text: str, parameter: str) -> str:
    try:
        kql.column(text)
    except kql.NotAName as error:
        raise BadInput(f'"{parameter}": {error}') from None
    return text


def _hunt(connect: Callable[[], Client], plan: Plan) -> Result:
    try:
        rows = _asked(connect(), plan)
    except BudgetSpent:
        raise
    except Throttled:
        raise Throttled(TOO_MANY) from None
    except Refused as refused:
        raise Refused(refused.reason + _did_you_mean(plan)) from None
    notes = "".join(f" {note}" for note in plan.notes)
    if not rows.rows:
        message = f'No data was found for the query "{plan.query}" in {PRODUCT}.{notes}'
        return Result(message, is_success=False, json_result={"Results": []})
    message = f'Successfully executed query "{plan.query}" in {PRODUCT}.{notes}'
    return Result(message, json_result={"Results": rows.rows}, tables=(_table(rows),))


def _asked(client: Client, plan: Plan) -> Rows:
    if not plan.more:
        return client.hunt(plan.query)
    answers = [client.hunt(query) for query in plan.queries]
    columns = next((answer.columns for answer in answers if answer.columns), ())
    sort = (plan.sort[0], dict(columns).get(plan.sort[0], ""), plan.sort[1]) if plan.sort else None
    rows = many_entities.merged(
        (a.rows for a in answers), sort=sort, limit=plan.limit, apart=plan.apart
    )
    if not plan.hidden:
        return Rows(columns, rows)
    shown = tuple(column for column in columns if column[0] != plan.hidden)
    return Rows(shown, [{k: v for k, v in row.items() if k != plan.hidden} for row in rows])


def _did_you_mean(plan: Plan) -> str:
    hints = [
        f" Did you mean {' or '.join(close)} instead of {name}?"
        for name in plan.tables
        if name not in KNOWN_TABLES and (close := suggest(name))
    ]
    return "".join(hints)


def _table(rows: Rows) -> Table:
    columns = tuple(name for name, _ in rows.columns)
    return Table("Results", columns, tuple(tuple(r.get(c) for c in columns) for r in rows.rows))


def _preview_query(params: ExecuteQuery, scope: Scope) -> Result:
    return _previewed(plan_query(params, scope))


def _preview_custom_query(params: ExecuteCustomQuery, scope: Scope) -> Result:
    return _previewed(plan_custom_query(params, scope))


def _preview_entity_query(params: ExecuteEntityQuery, scope: Scope) -> Result:
    plan = plan_entity_query(params, scope)
    return Result(NOT_ENOUGH, is_success=False) if plan is None else _previewed(plan)


def _previewed(plan: Plan) -> Result:
    found = {"query": plan.query, "queries": list(plan.queries), "notes": list(plan.notes)}
    return Result("\n\n".join(plan.queries), json_result=found)


QUERY = Action(
    "Execute Query",
    f"Execute hunting query in {PRODUCT}.",
    ExecuteQuery,
    run_query,
    preview=_preview_query,
)

ENTITY_QUERY = Action(
    "Execute Entity Query",
    f"Execute a hunting query based on entities in {PRODUCT}. Note: this action prepares a where"
    " filter based on entities. Please refer to the documentation for more details. Supported"
    " entities: IP, Host, User, Hash, URL.",
    ExecuteEntityQuery,
    run_entity_query,
    entities=TYPES,
    preview=_preview_entity_query,
)

CUSTOM_QUERY = Action(
    "Execute Custom Query",
    f"Execute a custom hunting query in {PRODUCT}.",
    ExecuteCustomQuery,
    run_custom_query,
    preview=_preview_custom_query,
)
