"""Queries over a handful of rows, with the answers worked out by hand from the documentation."""

from datetime import UTC, datetime, timedelta
from typing import Any

from defender_emulator.scenario import RowLogged
from defender_emulator.scenarios.times import stamp

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def _logged(hours: float, table: str, **row: Any) -> RowLogged:
    at = NOW - timedelta(hours=hours)
    return RowLogged(at, table, {"Timestamp": stamp(at), **row})


def _event(hours: float, device: str, action: str, file: str, size: int | None) -> RowLogged:
    return _logged(
        hours, "DeviceEvents", DeviceName=device, ActionType=action, FileName=file, FileSize=size
    )


ROWS = sorted(
    [
        _event(24 * 31, "old", "Open", "gone.txt", 1),
        _event(50, "alpha", "Open", "Report.docx", 100),
        _event(26, "alpha", "Write", "report.docx", 300),
        _event(5, "beta", "Open", "tool.exe", None),
        _event(3, "beta", "Run", "tool.exe", 50),
        _event(1, "Gamma", "Run", 'a "b" \\c.exe', 700),
        _logged(4, "DeviceInfo", DeviceName="alpha", OSPlatform="Windows11", IsAzureADJoined=True),
        _logged(2, "DeviceInfo", DeviceName="alpha", OSPlatform="Windows11", IsAzureADJoined=False),
        _logged(2, "DeviceInfo", DeviceName="beta", OSPlatform="Linux", OSBuild=6),
        _logged(
            6,
            "CloudAppEvents",
            ActionType="Send",
            RawEventData={"Folder": "Inbox", "Count": 3, "Tags": ["x", "y"], "Who": {"Id": "u1"}},
        ),
        _logged(
            7, "CloudAppEvents", ActionType="Read", RawEventData={"Folder": "Sent", "Count": 5}
        ),
        _logged(8, "EmailEvents", Subject="Hello, wörld", ReportId="r-1", UrlCount=2),
    ],
    key=lambda row: row.at,
)

E = "DeviceEvents"
RULES: dict[str, list[tuple[str, list[tuple[Any, ...]]]]] = {
    "count operator; between operator: both ends count; bin(): down to a multiple; ago(), now()": [
    (f"{E} | count", [(5,)]),
    (f"{E} | where Timestamp > ago(4h) | count", [(2,)]),
    (f"{E} | where Timestamp between (ago(30h) .. ago(2h)) | count", [(3,)]),
    (f"{E} | where Timestamp !between (ago(30h) .. ago(2h)) | count", [(2,)]),
    (f"{E} | where Timestamp < datetime(2026-03-09) | count", [(1,)]),
    (f"{E} | where Timestamp == datetime(2026-03-10T11:00:00Z) | count", [(1,)]),
    (f"{E} | summarize n=count() by bin(Timestamp, 1d) | sort by Timestamp asc | project n", [(1,), (1,), (3,)]),
    ("print now()", [("2026-03-10T12:00:00Z",)]),
    ("print now(-1h), ago(1d)", [("2026-03-10T11:00:00Z", "2026-03-09T12:00:00Z")]),
    ("print datetime(2026-01-02T03:04:05.123456Z)", [("2026-01-02T03:04:05.123456Z",)]),
    ("print startofday(now()), now() - ago(90m)", [("2026-03-10T00:00:00Z", "01:30:00")]),
    ("print format_datetime(datetime(2026-01-02), 'yyyy/MM/dd')", [("2026/01/02",)]),
    ],
    "string operators: == and *_cs tell case, =~ has contains do not; has looks for whole terms": [
    (f"{E} | where DeviceName == 'gamma' | count", [(0,)]),
    (f"{E} | where DeviceName =~ 'gamma' | count", [(1,)]),
    (f"{E} | where DeviceName != 'beta' | count", [(3,)]),
    (f"{E} | where DeviceName !~ 'GAMMA' | count", [(4,)]),
    (f"{E} | where FileName == 'a \"b\" \\\\c.exe' | count", [(1,)]),
    (f"{E} | where FileName == @'a \"b\" \\c.exe' | count", [(1,)]),
    (f"{E} | where FileName == 'a \\u0022b\\x22 \\134c.exe' | count", [(1,)]),
    (f"{E} | where FileName has 'report' | count", [(2,)]),
    (f"{E} | where FileName has 'repor' | count", [(0,)]),
    (f"{E} | where FileName has_cs 'report' | count", [(1,)]),
    (f"{E} | where FileName !has 'report' | count", [(3,)]),
    (f"{E} | where FileName has_any ('docx', 'b') | count", [(3,)]),
    (f"{E} | where FileName has_all ('tool', 'exe') | count", [(2,)]),
    (f"{E} | where FileName contains 'EPOR' | count", [(2,)]),
    (f"{E} | where FileName contains_cs 'EPOR' | count", [(0,)]),
    (f"{E} | where FileName !contains 'exe' | count", [(2,)]),
    (f"{E} | where FileName startswith 'r' | count", [(2,)]),
    (f"{E} | where FileName startswith_cs 'r' | count", [(1,)]),
    (f"{E} | where FileName endswith '.EXE' | count", [(3,)]),
    (f"{E} | where FileName matches regex '^[rR]ep.*x$' | count", [(2,)]),
    (f"{E} | where isempty(SHA1) and isnotempty(FileName) | count", [(5,)]),
    ("EmailEvents | where Subject has 'WÖRLD' | project Subject", [("Hello, wörld",)]),
    ],
    "in operator: in tells case, in~ does not; a table's first column is the set": [
    (f"{E} | where DeviceName in ('alpha', 'gamma') | count", [(2,)]),
    (f"{E} | where DeviceName in~ ('alpha', 'gamma') | count", [(3,)]),
    (f"{E} | where DeviceName !in ('alpha') | count", [(3,)]),
    (f"{E} | where DeviceName !in~ ('ALPHA') | count", [(3,)]),
    (f"{E} | where DeviceName in ((DeviceInfo | where OSPlatform == 'Linux' | project DeviceName)) | count", [(2,)]),
    ("let names = dynamic(['alpha', 'beta']); DeviceEvents | where DeviceName in (names) | count", [(4,)]),
    ],
    "logical operators: and before or; null data type: != holds for null, > does not": [
    (f"{E} | where not(ActionType == 'Open') and (DeviceName == 'beta' or FileSize > 500) | count", [(2,)]),
    (f"{E} | where ActionType == 'Run' or ActionType == 'Write' and DeviceName == 'beta' | count", [(2,)]),
    (f"{E} | where FileSize != 50 | count", [(4,)]),
    (f"{E} | where isnull(FileSize) | project FileName", [("tool.exe",)]),
    (f"{E} | where FileSize > 0 | count", [(4,)]),
    ],
    "project, extend, top, sort: null is the smallest, descending is the default; project-keep keeps the order": [
    (f"{E} | project Size = FileSize, DeviceName | top 2 by Size", [(700, "Gamma"), (300, "alpha")]),
    (f"{E} | top 1 by FileSize asc nulls last | project FileSize", [(50,)]),
    (f"{E} | top 2 by FileSize asc | project FileSize", [(None,), (50,)]),
    (f"{E} | sort by FileSize | project FileSize", [(700,), (300,), (100,), (50,), (None,)]),
    (f"{E} | order by DeviceName asc, FileSize desc | project DeviceName, FileSize",
     [("Gamma", 700), ("alpha", 300), ("alpha", 100), ("beta", 50), ("beta", None)]),
    (f"{E} | take 2 | count", [(2,)]),
    (f"{E} | limit 3 | count", [(3,)]),
    (f"{E} | extend Kb = FileSize / 1000.0 | where Kb > 0.5 | project Kb", [(0.7,)]),
    (f"{E} | extend DeviceName = toupper(DeviceName) | distinct DeviceName | sort by DeviceName asc",
     [("ALPHA",), ("BETA",), ("GAMMA",)]),
    (f"{E} | project DeviceName, ActionType | distinct * | count", [(5,)]),
    (f"{E} | project DeviceName | distinct * | count", [(3,)]),
    (f"{E} | project DeviceName, FileName, FileSize | project-away FileName | top 1 by FileSize", [("Gamma", 700)]),
    (f"{E} | project-rename Device = DeviceName | where Device == 'Gamma' | project Device", [("Gamma",)]),
    (f"{E} | where FileSize == 700 | project DeviceName, FileSize | project-reorder FileSize", [(700, "Gamma")]),
    (f"{E} | where FileSize == 700 | project-keep DeviceName", [("Gamma",)]),
    (f"{E} | where FileSize == 700 | extend deviceName = tolower(DeviceName) | project DeviceName, deviceName",
     [("Gamma", "gamma")]),
    ],
    "summarize operator: one row per group, one row in all without keys; aggregates skip nulls": [
    (f"{E} | summarize count() by DeviceName | sort by count_ desc, DeviceName asc",
     [("alpha", 2), ("beta", 2), ("Gamma", 1)]),
    (f"{E} | summarize dcount(DeviceName), sum(FileSize), min(FileSize), max(FileSize), avg(FileSize)",
     [(3, 1150, 50, 700, 287.5)]),
    (f"{E} | summarize countif(ActionType == 'Run'), sumif(FileSize, ActionType == 'Run')", [(2, 750)]),
    (f"{E} | summarize arg_max(Timestamp, FileName) by DeviceName | sort by DeviceName asc | project FileName",
     [('a "b" \\c.exe',), ("report.docx",), ("tool.exe",)]),
    (f"{E} | summarize arg_max(Timestamp, *) by DeviceName | where DeviceName == 'beta' | project ActionType", [("Run",)]),
    (f"{E} | summarize arg_min(FileSize, FileName)", [(50, "tool.exe")]),
    (f"{E} | where DeviceName == 'alpha' | sort by Timestamp asc | summarize make_list(ActionType)", [('["Open","Write"]',)]),
    (f"{E} | where DeviceName == 'beta' | summarize make_set(FileName)", [('["tool.exe"]',)]),
    (f"{E} | where DeviceName == 'beta' | summarize makeset(FileName)", [('["tool.exe"]',)]),
    (f"{E} | summarize n = array_length(make_set(FileName, 2))", [(2,)]),
    (f"{E} | where FileSize == 700 | summarize make_list(FileSize, 5 - 4)", [("[700]",)]),
    (f"{E} | where DeviceName == 'beta' | summarize s = tostring(make_set(FileName))", [('["tool.exe"]',)]),
    (f"{E} | where DeviceName == 'none' | summarize count()", [(0,)]),
    (f"{E} | where DeviceName == 'none' | summarize count() by DeviceName", []),
    ],
    "join operator: innerunique by default; union operator: torn types, withsource, isfuzzy": [
    ("DeviceEvents | join kind=inner DeviceInfo on DeviceName | count", [(6,)]),
    ("DeviceEvents | join DeviceInfo on DeviceName | count", [(3,)]),
    ("DeviceEvents | join kind=leftouter (DeviceInfo | summarize any_os = take_any(OSPlatform) by DeviceName) on DeviceName"
     " | where DeviceName == 'Gamma' | project FileSize, any_os", [(700, "")]),
    ("DeviceEvents | join kind=leftanti DeviceInfo on DeviceName | project DeviceName", [("Gamma",)]),
    ("DeviceEvents | join kind=leftsemi DeviceInfo on DeviceName | count", [(4,)]),
    ("DeviceInfo | join kind=rightanti DeviceEvents on DeviceName | project DeviceName", [("Gamma",)]),
    ("DeviceInfo | where OSBuild == 6 | join kind=inner DeviceEvents on $left.DeviceName == $right.DeviceName"
     " | project DeviceName1, FileSize | sort by FileSize asc nulls last", [("beta", 50), ("beta", None)]),
    ("union DeviceEvents, DeviceInfo | count", [(8,)]),
    ("DeviceEvents | union DeviceInfo | where DeviceName == 'alpha' | count", [(4,)]),
    ("union withsource=T DeviceEvents, DeviceInfo, EmailEvents | summarize n = count() by T | sort by T asc",
     [("DeviceEvents", 5), ("DeviceInfo", 3), ("EmailEvents", 1)]),
    ("union withsource=T isfuzzy=true NoSuchTable, DeviceInfo, Nor | summarize n = count() by T", [("DeviceInfo", 3)]),
    ("union Device* | count", [(8,)]),
    ("union withsource=T DeviceI*, Email* | distinct T | sort by T asc", [("DeviceInfo",), ("EmailEvents",)]),
    ("union DeviceInfo, (EmailEvents | project ReportId) | where isnotempty(ReportId_string) | project ReportId_string",
     [("r-1",)]),
    ("union kind=inner DeviceEvents, DeviceInfo | where DeviceName == 'Gamma' | project DeviceName", [("Gamma",)]),
    ("let A = DeviceEvents; let B = A; let Device = DeviceInfo | take 1; union withsource=T B, Device | distinct T"
     " | sort by T asc", [("DeviceEvents",), ("union_arg1",)]),
    ("let DeviceInfo = DeviceInfo; union withsource=T DeviceInfo, EmailEvents | distinct T | sort by T asc",
     [("DeviceInfo",), ("EmailEvents",)]),
    ("union (EmailEvents | project x = 1), (EmailEvents | project x = 'a') | project x_long, x_string"
     " | sort by x_long asc nulls last", [(1, ""), (None, "a")]),
    ],
    "let statement: names of values, tables and functions; a column of the name comes first": [
    ("let v = 2; let w = v + v; DeviceEvents | take 1 | extend k = w + w | project k", [(8,)]),
    ("let x = 1; let xs = datatable(x: long) [7]; xs | project x", [(7,)]),
    ("let big = 200; DeviceEvents | where FileSize > big | count", [(2,)]),
    ("let runs = DeviceEvents | where ActionType == 'Run'; runs | join kind=inner runs on DeviceName | count", [(2,)]),
    ("let since = ago(4h); let f = (n: string) { toupper(n) }; DeviceEvents | where Timestamp > since"
     " | project DeviceName = f(DeviceName) | sort by DeviceName asc", [("BETA",), ("GAMMA",)]),
    ("let n = toscalar(DeviceEvents | count); print n", [(5,)]),
    ],
    "dynamic data type: paths, missing is null; mv-expand: a row for each value; parse_json: no JSON is text": [
    ("CloudAppEvents | where RawEventData.Folder == 'Inbox' | project tostring(RawEventData.Who.Id)", [("u1",)]),
    ("CloudAppEvents | where toint(RawEventData['Count']) > 4 | project ActionType", [("Read",)]),
    ("CloudAppEvents | where ActionType == 'Send' | mv-expand t = RawEventData.Tags | project tostring(t)", [("x",), ("y",)]),
    ("CloudAppEvents | where ActionType == 'Send' | project RawEventData.Tags", [('["x","y"]',)]),
    ("CloudAppEvents | where ActionType == 'Send' | project RawEventData.Folder", [("Inbox",)]),
    ('print tostring(parse_json(\'{"a": {"b": 7}}\').a.b)', [("7",)]),
    ("print d = parse_json('no json')", [("no json",)]),
    ("print dynamic({'a': [1, 2]})", [('{"a":[1,2]}',)]),
    ],
    "scalar functions, each as its page says": [
    ("print 1 + 2 * 3, 7 / 2, 7.0 / 2, 7 % 4", [(7, 3, 3.5, 3)]),
    ("print strcat('a', '-', 1), strlen('abc'), substring('abcdef', 1, 3), reverse('abc')", [("a-1", 3, "bcd", "cba")]),
    ("print iff(1 > 2, 'x', 'y'), case(false, 1, true, 2, 3)", [("y", 2)]),
    ("print replace_string('aXbX', 'X', '-'), extract('(\\\\d+)', 1, 'ab12'), trim(' ', ' a ')", [("a-b-", "12", "a")]),
    ("print split('a,b', ',')[1], toupper('x'), indexof('abc', 'c')", [("b", "X", 2)]),
    ("print tolong('5'), toint('x'), todouble('1.5'), tobool('true')", [(5, None, 1.5, True)]),
    ("print bin(17, 5), round(2.567, 1), abs(-3), floor(2.7, 1)", [(15, 2.6, 3, 2.0)]),
    ("print coalesce('', 'b'), isempty(''), isnull(int(null))", [("b", True, True)]),
    ("print h'secret', 'a' 'b', ```raw \\n text```", [("secret", "ab", "raw \\n text")]),
    ("print '\\U0001F600', '\\ud83d\\ude00'", [("\U0001f600", "\U0001f600")]),
    ("range x from 1 to 5 step 2", [(1,), (3,), (5,)]),
    ("datatable(a: string, b: long) ['x', 1, 'y', 2] | where b > 1", [("y", 2)]),
    ],
    "comments; render changes no rows; getschema operator": [
    (f"// what is here\n{E} // the events\n| count // done", [(5,)]),
    (f"{E} | where FileName != '// no comment' | count", [(5,)]),
    (f"\n\n  {E}\n | where ActionType == 'Run' | render timechart | count", [(2,)]),
    (f"{E} | count;", [(5,)]),
    (f"{E} | where ActionType == 'Run' | getschema | where ColumnName == 'FileSize' | project ColumnType", [("long",)]),
    ],
}  # fmt: skip
"""For each rule of the language: queries, and the rows worked out by hand from it."""
