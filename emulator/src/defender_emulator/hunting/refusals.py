"""Why a query gives no rows, in Microsoft's words where they are known."""


class HuntingFailed(Exception):
    """A query gave no result."""


class QueryRefused(HuntingFailed):
    """The query is wrong, or uses what this engine does not have; the message says which."""


class QueryTooBig(HuntingFailed):
    """The result is larger than the service hands out."""


class QueryPreempted(HuntingFailed):
    """The query needed more memory or processor time than one query may."""


class QueryTimedOut(HuntingFailed):
    """The query ran longer than one query may."""


SYNTAX = "Fix syntax errors in your query."
SEMANTIC = "Fix semantic errors in your query."


def syntax_error(detail: str) -> QueryRefused:
    """The query is no KQL."""
    return QueryRefused(f"{detail.rstrip('.')}. {SYNTAX}")


def control_command() -> QueryRefused:
    """The text begins with a dot, which is for administrators of a cluster."""
    return QueryRefused(f"The incomplete fragment is unexpected.. {SYNTAX}")


def no_table(operator: str, name: str) -> QueryRefused:
    """A name that should be a table is none."""
    return _semantic(operator, f"Failed to resolve table or column expression named '{name}'")


def no_column(operator: str, name: str) -> QueryRefused:
    """A name that should be a column is none."""
    return _semantic(operator, f"Failed to resolve scalar expression named '{name}'")


def not_supported(what: str) -> QueryRefused:
    """Real KQL that this engine cannot run; better said than answered wrongly."""
    return QueryRefused(f"The emulator cannot run this query: {what.rstrip('.')}. {SEMANTIC}")


def semantic_error(detail: str) -> QueryRefused:
    """The query is KQL, but does not fit the tables."""
    return QueryRefused(f"{detail.rstrip('.')}. {SEMANTIC}")


def _semantic(operator: str, detail: str) -> QueryRefused:
    place = f"'{operator}' operator: " if operator else ""
    return QueryRefused(f"{place}{detail}. {SEMANTIC}")
