"""Texts are never null: what an outer join or a union leaves out of a text column is empty.

Source: "The string data type" of the Kusto documentation: a string has no null value.
"""

from duckdb_kql import ir
from duckdb_kql.translate import quote_ident

from defender_emulator.hunting.stages import BEFORE, Columns, select

Types = dict[str, str]
OUTER = ("leftouter", "rightouter", "fullouter")


def filled(columns: Columns, texts: Columns) -> list[ir.Operator]:
    """An operator that makes nulls of some columns of text empty, if there are such columns."""
    if not texts:
        return []
    made = ", ".join(f"coalesce({quote_ident(c)}, '') AS {quote_ident(c)}" for c in texts)
    return [select("SELECT * REPLACE (", made, ") FROM ", BEFORE, columns=columns)]


def after_join(
    join: ir.Join | ir.Lookup, after: Columns, left: Types, right: Types
) -> list[ir.Operator]:
    """The same for a join, whose columns are those of the left and then those of the right."""
    keys = {key.right for key in join.keys} if isinstance(join, ir.Lookup) else set()
    count = len(left)
    kinds = [*left.values(), *(kind for name, kind in right.items() if name not in keys)]
    missing = {
        "leftouter": range(count, len(after)),
        "rightouter": range(count),
        "fullouter": range(len(after)),
    }[join.kind]
    return filled(after, [after[n] for n in missing if kinds[n] == "string"])


def missing_texts(arms: list[Types]) -> Columns:
    """Columns of text that some arms of a union have and others lack."""
    kinds = {name: kind for types in arms for name, kind in types.items()}
    return [
        name
        for name, kind in kinds.items()
        if kind == "string" and any(name not in types for types in arms)
    ]
