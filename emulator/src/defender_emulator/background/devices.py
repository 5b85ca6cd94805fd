"""What devices report: connections, files, modules, registry, sign-ins, and themselves."""

from defender_emulator.background.canvas import Canvas
from defender_emulator.background.processes import DEVICE, INITIATING, lines

SLOTS = 12
"""So many deeds of one kind a program has; one with fewer repeats them."""
_SECONDS = 1_000_000
_FIELDS = {
    "network": ("action", "url", "port"), "file": ("action", "folder", "leaf", "bytes"),
    "image": ("folder", "leaf", "bytes"), "registry": ("key", "value", "data", "kind"),
    "event": ("action", "url", "more"),
}  # fmt: skip


def prepare(canvas: Canvas) -> None:
    """Make a table of deeds for each kind, and of the processes that can do them."""
    told = lines("deeds.txt")
    for kind, fields in _FIELDS.items():
        rows = [row[1:] for row in told if row[0] == kind]
        by_program: dict[str, list[list[str]]] = {}
        for file, *deed in rows:
            by_program.setdefault(file, []).append(deed)
        canvas.listed(f"bg_{kind}", [
            {"does": file, "slot": n, **dict(zip(fields, deeds[n % len(deeds)], strict=True))}
            for file, deeds in by_program.items() for n in range(SLOTS)
        ])  # fmt: skip
        canvas.temporary(f"bg_able_{kind}", (
            "SELECT row_number() OVER () - 1 AS n, k FROM bg_procs WHERE g IN "  # noqa: S608
            f"(SELECT g FROM bg_programs WHERE file IN (SELECT does FROM bg_{kind}))"
        ))  # fmt: skip


def _done(canvas: Canvas, kind: str, count: int) -> str:
    """So many deeds of a kind: `i`, the process, what it does, and `moment`, some time after its start."""
    able = canvas.execute(f"SELECT count(*) FROM bg_able_{kind}").fetchone()[0]  # noqa: S608
    later = canvas.dice(f"{kind} later", 1_500 * _SECONDS)
    return (
        f"SELECT i, s.*, t.*, us + {later} AS moment, "  # noqa: S608 - all of it is written here
        f"{canvas.dice(f'{kind} number', 9_000)} + 1000 AS nr "
        f"FROM ({canvas.numbers(count if able else 0)}) "
        f"JOIN bg_able_{kind} a ON a.n = {canvas.dice(f'{kind} process', max(able, 1))} "
        "JOIN bg_started s USING (k) "
        f"JOIN bg_{kind} t ON t.does = s.file AND t.slot = {canvas.dice(f'{kind} deed', SLOTS)}"
    )


_AT = {"Timestamp": "make_timestamp(moment)", "ReportId": "i + 1000"}
_LEAF = "replace(leaf, '{n}', nr::VARCHAR)"
_PATH = (
    "replace(folder, '{u}', owner) || CASE WHEN folder LIKE '/%' THEN '/' ELSE '\\' END || " + _LEAF
)


def network(canvas: Canvas, count: int) -> None:
    """DeviceNetworkEvents; an address belongs to one name."""
    inside = "url LIKE '%.halden.example'"
    number = "hash(url) % 60000"
    public = f"concat_ws('.', 198, 18, ({number}) // 240, ({number}) % 240 + 10)"
    remote = (
        "CASE url WHEN 'hm-dc01.halden.example' THEN '10.20.1.10' WHEN 'intranet.halden.example' "
        "THEN '10.20.2.11' WHEN 'printer-2.halden.example' THEN '10.20.8.2' WHEN '' THEN "
        f"concat_ws('.', 198, 19, 200 + nr % 50, nr // 250 + 10) ELSE {public} END"
    )
    canvas.put(
        "DeviceNetworkEvents", _done(canvas, "network", count), DEVICE, INITIATING, _AT,
        ActionType="action", RemoteIP=remote, RemotePort="port::INTEGER", RemoteUrl="url",
        LocalIP="ip", LocalPort="49152 + nr", Protocol="'Tcp'", LocalIPType="'Private'",
        RemoteIPType=f"CASE WHEN {inside} THEN 'Private' ELSE 'Public' END",
    )  # fmt: skip


def files(canvas: Canvas, count: int) -> None:
    """DeviceFileEvents."""
    canvas.put(
        "DeviceFileEvents", _done(canvas, "file", count), DEVICE, INITIATING, _AT,
        ActionType="action", FileName=_LEAF, FolderPath=_PATH, FileSize="bytes::BIGINT + nr",
        SHA1=f"sha1({_LEAF})", SHA256=f"sha256({_LEAF})", MD5=f"md5({_LEAF})",
        PreviousFileName=f"CASE WHEN action = 'FileRenamed' THEN 'Draft ' || {_LEAF} ELSE '' END",
        RequestProtocol="'Local'",
    )  # fmt: skip


def modules(canvas: Canvas, count: int) -> None:
    """DeviceImageLoadEvents."""
    canvas.put(
        "DeviceImageLoadEvents", _done(canvas, "image", count), DEVICE, INITIATING, _AT,
        ActionType="'ImageLoaded'", FileName="leaf", FolderPath="folder || '\\' || leaf",
        SHA1="sha1(leaf)", SHA256="sha256(leaf)", MD5="md5(leaf)", FileSize="bytes::BIGINT",
    )  # fmt: skip


def registry(canvas: Canvas, count: int) -> None:
    """DeviceRegistryEvents."""
    canvas.put(
        "DeviceRegistryEvents", _done(canvas, "registry", count), DEVICE, INITIATING, _AT,
        ActionType="'RegistryValueSet'", RegistryKey="key", RegistryValueName="value",
        RegistryValueType="kind", RegistryValueData="replace(data, '{n}', nr::VARCHAR)",
    )  # fmt: skip


def events(canvas: Canvas, count: int) -> None:
    """DeviceEvents."""
    canvas.put(
        "DeviceEvents", _done(canvas, "event", count), DEVICE, INITIATING, _AT,
        ActionType="action", RemoteUrl="url", AdditionalFields="more", LocalIP="ip",
    )  # fmt: skip


def logons(canvas: Canvas, count: int) -> None:
    """DeviceLogonEvents: people at their machines, on the file server, and services."""
    machines = canvas.dice("logon device", len(canvas.noise["devices"]))
    inner = (
        f"SELECT i, b.*, q.account, q.sid, q.human, {canvas.dice('logon kind', 100)} AS way "  # noqa: S608
        f"FROM ({canvas.numbers(count)}) JOIN bg_devices b ON b.d = {machines} JOIN bg_people q USING (p)"
    )
    failed = "(way < 2 AND human)"
    kinds = "CASE WHEN NOT human THEN 'Service' WHEN way < 40 THEN 'Interactive' WHEN way < 70 THEN 'Unlock' ELSE 'Network' END"
    far = "(human AND way >= 70 AND family = 'win')"
    server = f"(SELECT {{}} FROM bg_devices WHERE host = '{_SERVER}')"  # noqa: S608
    canvas.put(
        "DeviceLogonEvents", canvas.at_work(inner, "logon"),
        Timestamp="make_timestamp(us)", ReportId="i + 1000", AccountDomain="'halden'",
        DeviceId=f"CASE WHEN {far} THEN {server.format('id')} ELSE id END",
        DeviceName=f"CASE WHEN {far} THEN {server.format('name')} ELSE name END",
        ActionType=f"CASE WHEN {failed} THEN 'LogonFailed' ELSE 'LogonSuccess' END",
        FailureReason=f"CASE WHEN {failed} THEN 'InvalidUserNameOrPassword' ELSE '' END",
        LogonType=kinds, AccountName="account", AccountSid="sid", IsLocalAdmin="false",
        Protocol=f"CASE WHEN {far} THEN 'Kerberos' ELSE 'Negotiate' END", LogonId="400000 + d * 7",
        RemoteIP=f"CASE WHEN {far} THEN ip ELSE '' END",
        RemoteDeviceName=f"CASE WHEN {far} THEN name ELSE '' END",
        RemoteIPType=f"CASE WHEN {far} THEN 'Private' ELSE '' END",
    )  # fmt: skip


_SERVER = "hm-app01"


def _turns(canvas: Canvas, count: int, name: str) -> str:
    size = len(canvas.noise["devices"])
    inner = f"SELECT i, b.*, q.account FROM ({canvas.numbers(count)}) JOIN bg_devices b ON b.d = i % {size} JOIN bg_people q USING (p)"  # noqa: S608
    return canvas.anytime(inner, name)


def reports(canvas: Canvas, count: int) -> None:
    """DeviceInfo."""
    canvas.put(
        "DeviceInfo", _turns(canvas, count, "report"), DEVICE,
        Timestamp="make_timestamp(us)", ReportId="i + 1000", ClientVersion="'10.8760.26100.1'",
        PublicIP="egress", OSArchitecture="'64-bit'", OSPlatform="platform", OSBuild="build",
        OSVersion="version", OSVersionInfo="version", IsAzureADJoined="family = 'win'",
        JoinType="CASE WHEN family = 'win' THEN 'Hybrid Azure AD Join' ELSE '' END",
        AadDeviceId="aad", MachineGroup="team", OnboardingStatus="'Onboarded'",
        LoggedOnUsers="json_array(json_object('UserName', account, 'DomainName', 'HALDEN'))::VARCHAR",
        DeviceCategory="'Endpoint'", SensorHealthState="'Active'", ExposureLevel="'Low'",
        DeviceType="CASE WHEN family IN ('srv', 'lin') THEN 'Server' ELSE 'Workstation' END",
        AssetValue="'Normal'", IsInternetFacing="false", IsExcluded="false",
    )  # fmt: skip


def adapters(canvas: Canvas, count: int) -> None:
    """DeviceNetworkInfo."""
    canvas.put(
        "DeviceNetworkInfo", _turns(canvas, count, "adapter"), DEVICE,
        Timestamp="make_timestamp(us)", ReportId="i + 1000", NetworkAdapterName="'Ethernet0'",
        MacAddress="mac", NetworkAdapterType="'Ethernet'", NetworkAdapterStatus="'Up'",
        IPAddresses="json_array(json_object('IPAddress', ip))::VARCHAR",
        DnsAddresses="'[\"10.20.1.10\"]'", OnboardingStatus="'Onboarded'",
        ConnectedNetworks='\'[{"Name":"halden.example","IsConnectedToInternet":true}]\'',
    )  # fmt: skip
