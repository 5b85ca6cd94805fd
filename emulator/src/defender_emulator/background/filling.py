"""How many rows each table gets, and in which order the parts are made."""

from defender_emulator.background import devices, inventory, office, processes
from defender_emulator.background.canvas import DAYS, HISTORY, Canvas, Execute
from defender_emulator.scenario import Json

SHARES = {
    "processes": 210, "network": 200, "files": 120, "modules": 60, "registry": 50, "events": 60,
    "logons": 40, "reports": 20, "adapters": 10, "mails": 50, "sign_ins": 20, "apps": 4, "cloud": 40,
    "directory": 20, "queries": 10, "changes": 4, "certificates": 5, "inventory": 8,
}  # fmt: skip
"""In thousandths of the size; mails bring their links and files, sign-ins are in two tables."""


def fill(execute: Execute, noise: Json) -> None:
    """Put the noise that `fleet.noise` describes into the tables behind `kept`."""
    canvas = Canvas(execute, noise)
    standing = noise["rows"] * SHARES["inventory"] // 1000
    count = {
        name: noise["rows"] * share * DAYS // HISTORY // 1000 for name, share in SHARES.items()
    }
    canvas.listed("bg_devices", noise["devices"])
    canvas.listed("bg_people", noise["people"])
    processes.prepare(canvas, count["processes"])
    processes.put(canvas)
    devices.prepare(canvas)
    for name in (
        "network",
        "files",
        "modules",
        "registry",
        "events",
        "logons",
        "reports",
        "adapters",
    ):
        getattr(devices, name)(canvas, count[name])
    office.prepare(canvas, count["mails"])
    office.mails(canvas)
    for name in ("sign_ins", "apps", "cloud"):
        getattr(office, name)(canvas, count[name])
    office.directory(canvas, count["directory"], count["queries"], count["changes"])
    office.people(canvas)
    inventory.prepare(canvas)
    inventory.put(canvas, standing)
    inventory.certificates(canvas, count["certificates"])
    inventory.exposure(canvas)
    inventory.oauth(canvas)
    _clear(execute)


def _clear(execute: Execute) -> None:
    """Let go of what the rows were made from."""
    execute("DROP VIEW bg_started")
    names = execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()
    for (name,) in names:
        execute(f'DROP TABLE "{name}"')
