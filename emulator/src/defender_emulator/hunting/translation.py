"""From KQL to the SQL that DuckDB runs."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from duckdb_kql import errors, ir, translate
from duckdb_kql.lower import lower

from defender_emulator.hunting.binding import bound
from defender_emulator.hunting.refusals import (
    QueryRefused,
    not_supported,
    semantic_error,
    syntax_error,
)
from defender_emulator.hunting.rewriting import rewritten
from defender_emulator.hunting.schema import TABLES, held_columns, held_types
from defender_emulator.hunting.spelling import spelled

Bound = dict[str, Any]
DEEPEST = "The query is nested too deeply"


Describe = Callable[[str, Bound], dict[str, str]]
"""Tells the types of the columns that some SQL would give."""


def translated(query: str, now: datetime, describe: Describe) -> tuple[str, Bound]:
    """SQL for a query and the values for its placeholders; `now()` is `now`."""
    tables = held_columns()

    def written(parsed: ir.Query, clock: translate.Clock) -> tuple[str, Bound]:
        sql = str(translate.to_sql(parsed, tables))
        return sql, {translate.CLOCK_SLOT: clock.moment} if clock.used else {}

    try:
        with translate.clock(now.replace(tzinfo=None)) as clock:
            parsed = lower(rewritten(query))
            if parsed.parameters:
                raise not_supported("query parameters cannot be given")
            types_of = partial(_types, written=written, clock=clock, describe=describe)
            return written(bound(spelled(parsed), tables, types_of), clock)
    except errors.KqlSyntaxError as error:
        raise syntax_error(_first_line(error)) from None
    except errors.KqlUnsupportedError as error:
        raise _unsupported(error) from None
    except errors.KqlError as error:
        raise semantic_error(str(error)) from None
    except RecursionError:
        raise syntax_error(DEEPEST) from None


def _types(
    query: ir.Query,
    *,
    written: Callable[[ir.Query, translate.Clock], tuple[str, Bound]],
    clock: translate.Clock,
    describe: Describe,
) -> dict[str, str]:
    table = query.source.name if isinstance(query.source, ir.TableRef) else ""
    if table in TABLES and table not in dict(query.lets) and not query.operators:
        return held_types(table)
    return describe(*written(query, clock))


def _first_line(error: errors.KqlSyntaxError) -> str:
    where = error.diagnostics[0]
    text = where.message.split(" expecting ")[0]
    return (
        f"A recognition error occurred. Line {where.span.line}, column {where.span.column}: {text}"
    )


def _unsupported(error: errors.KqlUnsupportedError) -> QueryRefused:
    if error.construct == "multi-statement":
        return syntax_error("Only one query statement is expected")
    if error.construct == "statement":
        return syntax_error("No tabular expression statement found")
    place = f" at line {error.span.line}, column {error.span.column}" if error.span else ""
    return not_supported(f"{error.construct} is not supported{place}")
