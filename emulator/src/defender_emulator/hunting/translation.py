"""From KQL to the SQL that DuckDB runs."""

from datetime import UTC, datetime
from typing import Any, Protocol

from duckdb_kql import errors, ir, translate
from duckdb_kql.lower import lower

from defender_emulator.hunting import dialect
from defender_emulator.hunting.binding import bound
from defender_emulator.hunting.calling import declarations
from defender_emulator.hunting.kinds_known import known_types
from defender_emulator.hunting.refusals import (
    QueryRefused,
    not_supported,
    semantic_error,
    syntax_error,
)
from defender_emulator.hunting.rewriting import rewritten
from defender_emulator.hunting.schema import held_columns
from defender_emulator.hunting.spelling import spelled
from defender_emulator.ticks import ticks_at

Bound = dict[str, Any]
DEEPEST = "The query is nested too deeply"

dialect.install()


class Store(Protocol):
    """What a translation asks the tables."""

    def types_of(self, sql: str, bound: Bound) -> dict[str, str]:
        """The types of the columns that some SQL would give."""

    def rows_of(self, sql: str, bound: Bound) -> list[tuple[Any, ...]]:
        """The rows that some SQL gives."""


class _Asked:
    """Queries put to the tables as SQL."""

    def __init__(self, store: Store, clock: translate.Clock, tables: dict[str, list[str]]) -> None:
        self._store = store
        self._clock = clock
        self._tables = tables

    def written(self, query: ir.Query) -> tuple[str, Bound]:
        """The SQL of a query that is bound."""
        sql = str(translate.to_sql(query, self._tables))
        return sql, {translate.CLOCK_SLOT: self._now()} if _reads_clock(sql) else {}

    def _now(self) -> int:
        moment = self._clock.moment
        assert moment is not None  # noqa: S101 - pinned below
        return ticks_at(moment.replace(tzinfo=UTC))

    def types_of(self, query: ir.Query) -> dict[str, str]:
        """The types of a query's columns."""
        known = known_types(query)
        return known if known is not None else self._store.types_of(*self.written(query))

    def rows_of(self, query: ir.Query) -> list[tuple[Any, ...]]:
        """A query's rows."""
        return self._store.rows_of(*self.written(query))


def _reads_clock(sql: str) -> bool:
    return f"${translate.CLOCK_SLOT}" in sql


def translated(query: str, now: datetime, store: Store) -> tuple[str, Bound]:
    """SQL for a query and the values for its placeholders; `now()` is `now`."""
    tables = held_columns()
    try:
        with translate.clock(now.replace(tzinfo=None)) as clock, declarations(query):
            parsed = lower(rewritten(query))
            if parsed.parameters:
                raise not_supported("query parameters cannot be given")
            asked = _Asked(store, clock, tables)
            return asked.written(bound(spelled(parsed), tables, asked))
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
