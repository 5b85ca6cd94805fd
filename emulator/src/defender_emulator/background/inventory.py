"""What stands in tables that say how things are: software, weaknesses, settings, exposure, apps."""

from defender_emulator.background.canvas import Canvas
from defender_emulator.background.processes import DEVICE
from defender_emulator.scenario import Json

_SOFTWARE = """
microsoft|edge_chromium-based|141.0.3537.71
microsoft|office|16.0.18227.20162
microsoft|teams|25241.203.3947
mozilla|firefox|143.0.4
adobe|acrobat_reader_dc|25.1.20693
microsoft|onedrive|25.174.907
halden|dock_planner|4.2.0
halden|hull_viewer|2.9.1
videolan|vlc_media_player|3.0.21
notepad-plus-plus|notepad++|8.8.5
"""
_CVES = """
mozilla|firefox|CVE-2025-11708|Low|Firefox 144
adobe|acrobat_reader_dc|CVE-2025-54257|Medium|Acrobat 25.001.20756
videolan|vlc_media_player|CVE-2025-51602|Medium|VLC 3.0.22
microsoft|edge_chromium-based|CVE-2025-11756|Medium|Edge 141.0.3537.85
notepad-plus-plus|notepad++|CVE-2025-49144|Medium|Notepad++ 8.8.2
"""
_CHECKS = (
    ("scid-91", "Security controls", "Firewall"), ("scid-2010", "Security controls", "Antivirus"),
    ("scid-2011", "Security controls", "Antivirus"), ("scid-61", "Accounts", "Password policy"),
    ("scid-27", "OS", "Bitlocker"), ("scid-35", "OS", "SMB"), ("scid-39", "Accounts", "Guest account"),
    ("scid-66", "Application", "Office"),
)  # fmt: skip
_EXTENSIONS = (
    ("uBlock Origin", "odfafepnkmbhccpbejgmiehpchacaeak"), ("Read Aloud", "pnfonnnmfjnpfgagnklfaccicnnjcdkm"),
    ("Grammar Check", "cnlefmmeadmemmdciolhbnfeacpdfbkd"), ("Meeting Timer", "meetmmeadmemmdciolhbnfeacpdfbkda"),
)  # fmt: skip


def _rows(text: str, *names: str) -> list[Json]:
    split = [line.split("|") for line in text.strip().splitlines()]
    return [{"n": n, **dict(zip(names, row, strict=True))} for n, row in enumerate(split)]


def prepare(canvas: Canvas) -> None:
    """Keep the lists that the tables are crossed from."""
    canvas.listed("bg_software", _rows(_SOFTWARE, "vendor", "soft", "release"))
    canvas.listed("bg_cves", _rows(_CVES, "vendor", "soft", "cve", "grade", "update_name"))
    canvas.listed("bg_checks", [
        {"n": n, "check_id": c, "category": k, "sub": s} for n, (c, k, s) in enumerate(_CHECKS)
    ])  # fmt: skip
    canvas.listed("bg_extensions", [
        {"n": n, "title": t, "code": c} for n, (t, c) in enumerate(_EXTENSIONS)
    ])  # fmt: skip


def _crossed(canvas: Canvas, count: int, table: str, most: int) -> str:
    """Every device with every row of a list, up to a count; no pair comes twice."""
    size = len(canvas.noise["devices"])
    return (
        f"SELECT i, b.*, t.* EXCLUDE (n) FROM ({canvas.numbers(min(count, size * most))}) "  # noqa: S608
        f"JOIN bg_devices b ON b.d = i % {size} JOIN {table} t ON t.n = i // {size}"
    )


_OS = {"OSPlatform": "platform", "OSVersion": "version", "OSArchitecture": "'x64'"}


def put(canvas: Canvas, count: int) -> None:
    """All tables of vulnerability management; `count` is for the largest of them."""
    now = f"TIMESTAMP '{canvas.noise['start'][:19]}'"
    canvas.put(
        "DeviceTvmSoftwareInventory", _crossed(canvas, count, "bg_software", 10), DEVICE, _OS,
        SoftwareVendor="vendor", SoftwareName="soft", SoftwareVersion="release",
    )  # fmt: skip
    canvas.put(
        "DeviceTvmSoftwareVulnerabilities", _crossed(canvas, count // 2, "bg_cves", 5), DEVICE, _OS,
        SoftwareVendor="vendor", SoftwareName="soft", SoftwareVersion="''", CveId="cve",
        VulnerabilitySeverityLevel="grade", RecommendedSecurityUpdate="update_name",
    )  # fmt: skip
    canvas.put(
        "DeviceTvmSoftwareVulnerabilitiesKB", "SELECT * FROM bg_cves", CveId="cve", CvssScore="'5.1'",
        IsExploitAvailable="false", VulnerabilitySeverityLevel="grade",
        VulnerabilityDescription="'A weakness of ' || soft",
        AffectedSoftware="json_array(vendor || ':' || soft)", PublishedDate=f"{now} - INTERVAL 90 DAY",
        LastModifiedTime=f"{now} - INTERVAL 60 DAY",
    )  # fmt: skip
    canvas.put(
        "DeviceTvmSecureConfigurationAssessment", _crossed(canvas, count, "bg_checks", 8), DEVICE,
        Timestamp=f"{now} - INTERVAL 6 HOUR", OSPlatform="platform", ConfigurationId="check_id",
        ConfigurationCategory="category", ConfigurationSubcategory="sub", ConfigurationImpact="5.0",
        IsCompliant="true", IsApplicable="true", IsExpectedUserImpact="false",
    )  # fmt: skip
    canvas.put(
        "DeviceTvmSecureConfigurationAssessmentKB", "SELECT * FROM bg_checks", ConfigurationId="check_id",
        ConfigurationName="sub || ' is set as recommended'", ConfigurationCategory="category",
        ConfigurationSubcategory="sub", ConfigurationImpact="5.0",
    )  # fmt: skip
    canvas.put(
        "DeviceTvmBrowserExtensions", _crossed(canvas, count // 3, "bg_extensions", 4),
        {"DeviceId": "id"}, BrowserName="'edge'", ExtensionId="code", ExtensionName="title",
        ExtensionVersion="'1.4.0'", ExtensionRisk="'Low'", ExtensionVendor="'Store'",
        IsActivated="'true'", InstallationTime=f"{now} - INTERVAL 200 DAY",
    )  # fmt: skip
    canvas.put(
        "DeviceTvmInfoGathering", _crossed(canvas, count // 5, "(SELECT 0 AS n)", 1), DEVICE,
        Timestamp=f"{now} - INTERVAL 5 HOUR", LastSeenTime=f"{now} - INTERVAL 5 HOUR",
        OSPlatform="platform", AdditionalFields="json_object('AvMode', 'Active', 'TamperProtection', 'On')",
    )  # fmt: skip


def certificates(canvas: Canvas, count: int) -> None:
    """DeviceFileCertificateInfo: the signatures of the programs that devices run."""
    canvas.put(
        "DeviceFileCertificateInfo", canvas.anytime(
            f"SELECT i, b.id, b.name, g.sha1, g.company FROM ({canvas.numbers(count)}) "  # noqa: S608
            f"JOIN bg_devices b ON b.d = {canvas.dice('certificate device', len(canvas.noise['devices']))} "
            "JOIN (SELECT *, row_number() OVER (PARTITION BY family ORDER BY g) - 1 AS n FROM bg_programs)"
            " g ON g.family = b.family AND g.n = i % 5", "certificate",
        ), DEVICE,
        Timestamp="make_timestamp(us)", ReportId="i + 1000", SHA1="sha1", IsSigned="true",
        SignatureType="'Embedded'", Signer="company", Issuer="company || ' Code Signing PCA'",
        IsTrusted="true", IsRootSignerMicrosoft="company = 'Microsoft Corporation'",
    )  # fmt: skip


def exposure(canvas: Canvas) -> None:
    """ExposureGraphNodes and ExposureGraphEdges: machines, people, and who signs in where."""
    canvas.put(
        "ExposureGraphNodes", "SELECT * FROM bg_devices", NodeId="id", NodeName="name",
        NodeLabel="'device'", Categories="json_array('compute', 'device')",
        EntityIds="json_array(json_object('type', 'DeviceInventoryId', 'id', id))",
        NodeProperties="json_object('rawData', json_object('deviceType', team))",
    )  # fmt: skip
    canvas.put(
        "ExposureGraphEdges", "SELECT b.*, q.oid, q.name AS person FROM bg_devices b JOIN bg_people q USING (p)",
        EdgeId="md5(id || oid)", EdgeLabel="'frequently logged in by'", SourceNodeId="id",
        SourceNodeName="name", SourceNodeLabel="'device'", SourceNodeCategories="json_array('device')",
        TargetNodeId="oid", TargetNodeName="person", TargetNodeLabel="'user'",
        TargetNodeCategories="json_array('identity')", EdgeProperties="json_object()",
    )  # fmt: skip


def oauth(canvas: Canvas) -> None:
    """OAuthAppInfo: the company's own apps, of low privilege and consented to by an administrator."""
    canvas.listed("bg_oauth", [
        {"i": n, "app": name}
        for n, name in enumerate(("Drawing archive", "Payroll export", "Backup to cloud", "Ticket sync"))
    ])  # fmt: skip
    now = f"TIMESTAMP '{canvas.noise['start'][:19]}'"
    canvas.put(
        "OAuthAppInfo", "SELECT * FROM bg_oauth", Timestamp=f"{now} - INTERVAL 4 HOUR",
        OAuthAppId="md5(app)::UUID::VARCHAR", ServicePrincipalId="md5(app || 'sp')::UUID::VARCHAR",
        AppName="app", AppStatus="'Enabled'", PrivilegeLevel="'Low'", IsAdminConsented="true",
        ConsentedUsersCount="0", AppOrigin="'Internal'", AppOwnerTenantId=f"'{canvas.noise['tenant']}'",
        VerifiedPublisher="json_object()", AddedOnTime=f"{now} - INTERVAL 400 DAY",
        Permissions="json_array(json_object('PermissionValue', 'User.Read', 'PermissionType', 'Delegated'))",
        LastUsedTime=f"{now} - INTERVAL 5 HOUR", ReportId=canvas.guid("oauth"),
    )  # fmt: skip
