"""Programs that people and systems start: the process trees that everything else hangs on.

A device restarts once a week; what it starts then (services, the desktop) are the parents of what
follows in that week, under the same process ids and creation times.
"""

from importlib.resources import files

from defender_emulator.background.canvas import Canvas, Chosen
from defender_emulator.scenario import Json
from defender_emulator.scenarios.identifiers import md5, sha1, sha256

COMMANDS = 8
"""So many slots for command lines; a program with fewer repeats them."""
_HASHES = {"sha1": sha1, "sha256": sha256, "md5": md5}


def lines(name: str) -> list[list[str]]:
    """The lines of a packaged table, split at `|`."""
    text = (files("defender_emulator.background") / "data" / name).read_text("utf-8")
    return [line.split("|") for line in text.splitlines() if line and not line.startswith("#")]


def programs() -> list[Json]:
    """Every program with its file; `g` is its number and `pg` its parent's, or -1."""
    made: list[Json] = []
    for g, (family, weight, account, parent, folder, file, size, company, commands) in enumerate(
        lines("programs.txt")
    ):
        bar = "/" if folder.startswith("/") else "\\"
        hashes = {name: make(file, int(size)) for name, make in _HASHES.items()}
        made.append({
            "g": g, "family": family, "weight": int(weight), "own": account == "user", "above": parent,
            "file": file, "path": f"{folder}{bar}{file}", "size": int(size), "company": company,
            "commands": commands, **hashes,
        })  # fmt: skip
    known = {(program["family"], program["file"]): program["g"] for program in made}
    return [
        {**program, "pg": known.get((program["family"], program["above"]), -1)} for program in made
    ]


def prepare(canvas: Canvas, processes: int) -> None:
    """Make `bg_procs`, every process of the month, and `bg_started`, all that is known of each."""
    known = programs()
    canvas.listed("bg_programs", known)
    canvas.listed("bg_commands", [
        {"g": p["g"], "slot": n, "command": told[n % len(told)]}
        for p in known for told in (p["commands"].split("~"),) for n in range(COMMANDS)
    ])  # fmt: skip
    canvas.listed("bg_slots", _slots(known))
    canvas.temporary("bg_boots", _boots(canvas))
    roots = canvas.execute("SELECT count(*) FROM bg_boots").fetchone()[0]
    canvas.temporary("bg_procs", _processes(canvas, roots, max(0, processes - roots)))
    canvas.execute(f"CREATE TEMP VIEW bg_started AS {_STARTED}")


def put(canvas: Canvas) -> None:
    """The rows of DeviceProcessEvents."""
    count = canvas.execute("SELECT count(*) FROM bg_procs").fetchone()[0]
    source = f"SELECT s.* FROM ({canvas.numbers(count)}) JOIN bg_started s ON k = i"  # noqa: S608
    canvas.put(
        "DeviceProcessEvents", source, DEVICE, _file_of(""), PARENT,
        ActionType="'ProcessCreated'", ProcessId="pid", ProcessCommandLine="command",
        ProcessIntegrityLevel="integrity", ProcessTokenElevation=_ELEVATION,
        ProcessCreationTime="make_timestamp(us)", AccountDomain="domain", AccountName="account",
        AccountSid="sid", AccountUpn="upn", AccountObjectId="oid", LogonId="logon",
        ProcessVersionInfoCompanyName="company", ProcessVersionInfoOriginalFileName="file",
        ReportId="k + 100000", Timestamp="make_timestamp(us)",
    )  # fmt: skip


def _slots(known: list[Json]) -> list[Json]:
    made: list[Json] = []
    for family in ("win", "srv", "mac", "lin"):
        numbers = [p["g"] for p in known if p["family"] == family for _ in range(p["weight"])]
        made += [
            {"family": family, "slot": n, "g": numbers[n * len(numbers) // 100]} for n in range(100)
        ]
    return made


def _boot(canvas: Canvas, week: str) -> str:
    late = canvas.dice("boot", 5 * 3_600_000_000, f"d, {week}")
    return f"({canvas.week_start(week)} + {late})"


def _pid(canvas: Canvas, week: str, program: str) -> str:
    return f"(4 * (120 + {canvas.dice('pid', 7_000, f'd, {week}, {program}')}))"


def _boots(canvas: Canvas) -> str:
    """What starts with each Windows device, week by week."""
    return (
        f"SELECT row_number() OVER (ORDER BY w, d, g) - 1 AS k, d, p, g, w, {_boot(canvas, 'w')} AS us "  # noqa: S608
        "FROM bg_devices JOIN bg_programs USING (family), (SELECT range AS w FROM range(5)) "
        "WHERE file IN ('services.exe', 'svchost.exe', 'explorer.exe')"
    )


def _processes(canvas: Canvas, roots: int, count: int) -> str:
    numbers = canvas.numbers(count)
    devices = canvas.dice("process device", len(canvas.noise["devices"]))
    chosen = (
        f"SELECT i, b.d, b.p, b.zone, b.quiet, s.g, g.own FROM ({numbers}) "  # noqa: S608
        f"JOIN bg_devices b ON b.d = {devices} "
        f"JOIN bg_slots s ON s.family = b.family AND s.slot = {canvas.dice('program', 100)} "
        "JOIN bg_programs g USING (g)"
    )
    timed = canvas.at_work(chosen, "process")
    always = canvas.moment("process")
    timed = f"SELECT * REPLACE (CASE WHEN own THEN us ELSE {always} END AS us) FROM ({timed})"  # noqa: S608
    timed = f"SELECT * REPLACE (CASE WHEN quiet THEN {canvas.wrapped('us', 30)} ELSE us END AS us) FROM ({timed})"  # noqa: S608
    started = f"SELECT {roots} + i AS k, d, p, g, us, {canvas.weeks('us')} AS week FROM ({timed})"  # noqa: S608
    week = f"week - (CASE WHEN us < {_boot(canvas, 'week')} THEN 1 ELSE 0 END)"
    children = (
        f"SELECT k, d, p, g, us, {week} AS w, "  # noqa: S608
        f"4 * (8000 + {canvas.dice('child pid', 9_000, 'd, us')}) AS pid, false AS boot FROM ({started})"
    )
    first = f"SELECT k, d, p, g, us, w, {_pid(canvas, 'w', 'g')} AS pid, true AS boot FROM bg_boots"  # noqa: S608
    both = f"SELECT * FROM ({first}) UNION ALL SELECT * FROM ({children})"  # noqa: S608
    return (
        f"SELECT *, {_pid(canvas, 'w', 'pg')} AS parent_pid, "  # noqa: S608
        f" {_boot(canvas, 'w')} - CASE WHEN us = {_boot(canvas, 'w')} THEN 2000000 ELSE 0 END "
        f"AS parent_us FROM ({both}) JOIN (SELECT g, pg FROM bg_programs) USING (g)"
    )


_STARTED = """
SELECT k, s.d, s.p, us, pid, parent_pid, parent_us, w, g.file, g.path, g.size, g.company,
  g.sha1, g.sha256, g.md5, c.command, b.id, b.name, b.ip, b.family, b.platform, q.account AS owner,
  CASE WHEN g.own THEN q.account WHEN b.family IN ('win', 'srv') THEN 'system' ELSE 'root' END AS account,
  CASE WHEN g.own THEN 'halden' WHEN b.family IN ('win', 'srv') THEN 'nt authority' ELSE b.host END AS domain,
  CASE WHEN g.own THEN q.sid WHEN b.family IN ('win', 'srv') THEN 'S-1-5-18' ELSE '' END AS sid,
  CASE WHEN g.own THEN q.upn ELSE '' END AS upn, CASE WHEN g.own THEN q.oid ELSE '' END AS oid,
  CASE WHEN g.own THEN 'Medium' ELSE 'System' END AS integrity,
  CASE WHEN g.own THEN 400000 + s.d * 7 + s.w ELSE 999 END AS logon,
  g.above, coalesce(h.path, '') AS above_path, coalesce(h.sha1, '') AS above_sha1,
  coalesce(h.sha256, '') AS above_sha256, coalesce(h.md5, '') AS above_md5, h.size AS above_size,
  coalesce(h.company, '') AS above_company, coalesce(e.command, g.above) AS above_command,
  coalesce(h.above, '') AS above_above
FROM bg_procs s JOIN bg_programs g USING (g)
JOIN bg_commands c ON c.g = s.g AND c.slot = CASE WHEN s.boot THEN 0 ELSE hash(s.k) % 8 END
JOIN bg_devices b ON b.d = s.d JOIN bg_people q ON q.p = s.p
LEFT JOIN bg_programs h ON h.g = g.pg LEFT JOIN bg_commands e ON e.g = g.pg AND e.slot = 0
"""

_ELEVATION = "CASE WHEN integrity = 'System' THEN 'TokenElevationTypeDefault' ELSE 'TokenElevationTypeLimited' END"
DEVICE: Chosen = {"DeviceId": "id", "DeviceName": "name"}


def _file_of(prefix: str) -> Chosen:
    return {
        f"{prefix}FileName": "file", f"{prefix}FolderPath": "path", f"{prefix}SHA1": "sha1",
        f"{prefix}SHA256": "sha256", f"{prefix}MD5": "md5", f"{prefix}FileSize": "size",
    }  # fmt: skip


_I = "InitiatingProcess"
_WHO: Chosen = {
    f"{_I}AccountDomain": "domain", f"{_I}AccountName": "account", f"{_I}AccountSid": "sid",
    f"{_I}AccountUpn": "upn", f"{_I}AccountObjectId": "oid", f"{_I}IntegrityLevel": "integrity",
    f"{_I}TokenElevation": _ELEVATION, f"{_I}LogonId": "logon",
}  # fmt: skip
INITIATING: Chosen = {
    **_file_of(_I), **_WHO, f"{_I}Id": "pid", f"{_I}CommandLine": "command",
    f"{_I}CreationTime": "make_timestamp(us)", f"{_I}ParentFileName": "above",
    f"{_I}ParentId": "parent_pid", f"{_I}ParentCreationTime": "make_timestamp(parent_us)",
    f"{_I}VersionInfoCompanyName": "company", f"{_I}VersionInfoOriginalFileName": "file",
}  # fmt: skip
"""The columns of the process that did something, of `bg_started`."""
PARENT: Chosen = {
    **_WHO, f"{_I}FileName": "above", f"{_I}FolderPath": "above_path", f"{_I}SHA1": "above_sha1",
    f"{_I}SHA256": "above_sha256", f"{_I}MD5": "above_md5", f"{_I}FileSize": "above_size",
    f"{_I}VersionInfoCompanyName": "above_company", f"{_I}Id": "parent_pid",
    f"{_I}CommandLine": "above_command", f"{_I}CreationTime": "make_timestamp(parent_us)",
    f"{_I}ParentFileName": "above_above", f"{_I}SignerType": "'OsVendor'",
    f"{_I}SignatureStatus": "'Valid'",
}  # fmt: skip
"""The columns of a new process's parent."""
