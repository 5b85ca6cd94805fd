"""From KQL to the SQL that DuckDB runs."""

from datetime import datetime
from typing import Any

from duckdb_kql import errors, translate
from duckdb_kql.lower import lower

from defender_emulator.hunting.binding import bound
from defender_emulator.hunting.refusals import (
    QueryRefused,
    not_supported,
    semantic_error,
    syntax_error,
)
from defender_emulator.hunting.rewriting import rewritten
from defender_emulator.hunting.schema import column_names

DEEPEST = "The query is nested too deeply"


def translated(query: str, now: datetime) -> tuple[str, dict[str, Any]]:
    """SQL for a query and the values for its placeholders; `now()` is `now`."""
    try:
        with translate.clock(now.replace(tzinfo=None)) as clock:
            parsed = bound(lower(rewritten(query)), column_names())
            if parsed.parameters:
                raise not_supported("query parameters cannot be given")
            sql = str(translate.to_sql(parsed, column_names()))
            return sql, {translate.CLOCK_SLOT: clock.moment} if clock.used else {}
    except errors.KqlSyntaxError as error:
        raise syntax_error(_first_line(error)) from None
    except errors.KqlUnsupportedError as error:
        raise _unsupported(error) from None
    except errors.KqlError as error:
        raise semantic_error(str(error)) from None
    except RecursionError:
        raise syntax_error(DEEPEST) from None


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
