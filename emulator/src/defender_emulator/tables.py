"""The control API's tables: what there is to hunt in, and rows that users bring."""

from typing import Any

from defender_emulator.answers import Refused
from defender_emulator.wanted import TABLE, TABLES, BadControl, checked
from defender_emulator.world import World

Body = dict[str, Any]


def list_tables(world: World, body: Body) -> Body:
    """Every table to hunt in: columns and, unless `rows=false`, rows in sight now."""
    from defender_emulator.hunting.schema import TABLES as MICROSOFTS  # noqa: PLC0415  as in hunt.py

    checked(body, TABLES)
    own = {table.name: table.columns for table in world.hunting.own.listed()}
    found = {**MICROSOFTS, **own}
    listed: list[Body] = [
        {"name": name, "own": name not in MICROSOFTS, "columns": _shown(columns)}
        for name, columns in found.items()
    ]
    if body.get("rows") != "false":
        for table, count in zip(listed, _counts(world, list(found)), strict=True):
            table["rows"] = count
    return {"tables": listed}


def put_table(world: World, body: Body) -> Body:
    """Make or extend a table: `columns` (`name`, `type`) and `rows`, lists of values."""
    from defender_emulator.hunting.own_tables import WrongTable  # noqa: PLC0415  as in hunt.py

    checked(body, TABLE)
    try:
        table = world.hunting.own.add(body["name"], body.get("columns", []), body.get("rows", []))
    except WrongTable as error:
        raise BadControl(str(error)) from None
    added = len(body.get("rows", []))
    return {
        "name": table.name,
        "columns": _shown(table.columns),
        "added": added,
        "own_rows": table.rows,
    }


def drop_table(world: World, body: Body) -> Body:
    """Remove a table that was made here."""
    from defender_emulator.hunting.own_tables import WrongTable  # noqa: PLC0415  as in hunt.py

    try:
        world.hunting.own.drop(body["name"])
    except WrongTable as error:
        raise BadControl(str(error)) from None
    return {"dropped": body["name"]}


def _shown(columns: tuple[tuple[str, str], ...]) -> list[Body]:
    return [{"name": name, "type": kind} for name, kind in columns]


def _counts(world: World, names: list[str]) -> list[int]:
    try:
        return world.hunting.counts(names)
    except Refused as refused:
        raise BadControl(f"The rows cannot be counted: {refused.message}") from None
