"""Why a query gives no rows, in Microsoft's words where they are known."""

import re


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


def already_declared(name: str) -> QueryRefused:
    """Two columns would have one name."""
    return semantic_error(f"A column with the name '{name}' is already declared")


def not_supported(what: str) -> QueryRefused:
    """Real KQL that this engine cannot run; better said than answered wrongly."""
    return QueryRefused(f"The emulator cannot run this query: {what.rstrip('.')}. {SEMANTIC}")


def semantic_error(detail: str) -> QueryRefused:
    """The query is KQL, but does not fit the tables."""
    return QueryRefused(f"{detail.rstrip('.')}. {SEMANTIC}")


def _semantic(operator: str, detail: str) -> QueryRefused:
    place = f"'{operator}' operator: " if operator else ""
    return QueryRefused(f"{place}{detail}. {SEMANTIC}")


def engine_error(text: str) -> QueryRefused:
    """What the database says against a query, in the words of the language."""
    if ours := _OURS.search(text):
        return not_supported(f"{ours[1]} is not supported")
    kinds = [_KIND_NAMES[name] for name in _KIND.findall(text)]
    called = _CALLED.search(text)
    if len(kinds) >= 2 and "compare" in text:
        said = (
            f"Cannot compare values of types {kinds[0]} and {kinds[1]}. Try adding explicit casts"
        )
    elif called:
        said = f"'{called[1]}' does not take arguments of the types {', '.join(kinds) or 'given'}"
    elif text.startswith("Conversion Error"):
        said = "A value cannot be converted to the type it is compared or used with"
    elif "Malformed JSON" in text:
        said = "A text is no JSON where a dynamic value is expected. Try parse_json()"
    elif text.startswith("Invalid Input Error") or "pattern" in text.lower():
        said = "The regular expression is not valid"
    elif kinds:
        said = f"The expression mixes types that do not fit: {', '.join(kinds)}"
    else:
        return not_supported("an expression in it cannot be evaluated here")
    return semantic_error(said)


_KIND_NAMES = {
    "VARCHAR": "string", "TIMESTAMP": "datetime", "INTERVAL": "timespan", "BIGINT": "long",
    "INTEGER": "int", "DOUBLE": "real", "BOOLEAN": "bool", "JSON": "dynamic", "UUID": "guid",
    "DECIMAL": "decimal", "HUGEINT": "long", "INTEGER_LITERAL": "long",
}  # fmt: skip
_KIND = re.compile(rf"\b({'|'.join(_KIND_NAMES)})\b")
_OURS = re.compile(r"kql: (.*)")
"""What a macro of ours raised."""
_CALLED = re.compile(r"argument types '([^'(]+)\(")
