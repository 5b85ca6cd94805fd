"""The functions that Microsoft adds to the language for hunting.

Those that look up what the tables know are written in the language itself. `FileProfile` asks a
service of Microsoft's, which is not here: its columns say that there is no profile.
Source: the "Enrichment functions" pages of the advanced hunting documentation.
"""

from dataclasses import dataclass
from typing import ClassVar

from duckdb_kql import ir

from defender_emulator.hunting.refusals import no_column, semantic_error
from defender_emulator.hunting.stages import Input, Pending

PRELUDE = """
let AssignedIPAddresses = (x: string, y: datetime = datetime(null)) {
    DeviceNetworkInfo
    | where DeviceId == x or DeviceName =~ x
    | where isnull(y) or Timestamp <= y
    | mv-expand address = IPAddresses
    | extend IPAddress = tostring(address.IPAddress)
    | where isnotempty(IPAddress)
    | summarize arg_max(Timestamp, NetworkAdapterType, ConnectedNetworks) by IPAddress
    | project Timestamp, IPAddress, IPType = iff(ipv4_is_private(IPAddress), 'Private', 'Public'),
        NetworkAdapterType, ConnectedNetworks
};
let DeviceFromIP = (T: (IP: string), y: datetime = datetime(null)) {
    let latest = DeviceNetworkInfo
    | where isnull(y) or Timestamp <= y
    | mv-expand address = IPAddresses
    | extend IP = tostring(address.IPAddress)
    | summarize arg_max(Timestamp, DeviceId) by IP
    | project IP, DeviceId;
    T | distinct IP | join kind=inner latest on IP | project IP, DeviceId
};
let SeenBy = (T: (*)) {
    T | where false | project DeviceId, SeenBy = dynamic(null)
};
"""
PRELUDE_NAMES = ("AssignedIPAddresses", "DeviceFromIP", "SeenBy")

_COLUMNS = (
    ("SHA1", "string"), ("SHA256", "string"), ("MD5", "string"), ("FileSize", "int"),
    ("GlobalPrevalence", "int"), ("GlobalFirstSeen", "datetime"), ("GlobalLastSeen", "datetime"),
    ("Signer", "string"), ("Issuer", "string"), ("SignerHash", "string"),
    ("IsCertificateValid", "bool"), ("IsRootSignerMicrosoft", "bool"),
    ("SignatureState", "string"), ("IsExecutable", "bool"), ("ThreatName", "string"),
    ("Publisher", "string"), ("SoftwareName", "string"), ("ProfileAvailability", "string"),
)  # fmt: skip
_FILES = ("SHA1", "SHA256", "InitiatingProcessSHA1", "InitiatingProcessSHA256", "MD5")


@dataclass(frozen=True)
class FileProfile(Pending):
    """`invoke FileProfile(SHA1, 1000)`: the columns it adds, without a profile."""

    keyword: ClassVar[str] = "invoke"
    arguments: tuple[ir.Expr, ...]

    def steps(self, before: Input) -> list[ir.Operator]:
        """The columns that are not there yet."""
        name = self._column()
        if name not in before.columns:
            raise no_column(self.keyword, name)
        file = ir.ColumnRef(name)
        added = [
            ir.NamedExpr(_absent(column, kind, file), column)
            for column, kind in _COLUMNS
            if column not in before.columns
        ]
        return [ir.Extend(tuple(added))] if added else []

    def _column(self) -> str:
        if not self.arguments:
            return "SHA1"
        given = self.arguments[0]
        if isinstance(given, ir.ColumnRef):
            return given.name
        if isinstance(given, ir.Literal) and given.value in _FILES:
            return str(given.value)
        raise semantic_error("FileProfile(): argument #1 must be a column that identifies a file")


def _absent(column: str, kind: str, file: ir.ColumnRef) -> ir.Expr:
    if column == "ProfileAvailability":
        known = ir.FunctionCall("isnotempty", (file,))
        texts = ir.Literal("Missing", "string"), ir.Literal("", "string")
        return ir.FunctionCall("iff", (known, *texts))
    if column == "SignatureState":
        return ir.Literal("Unknown", "string")
    return ir.Literal("" if kind == "string" else None, kind)
