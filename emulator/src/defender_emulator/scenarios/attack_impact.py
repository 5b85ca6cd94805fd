"""The attack, second half: moving sideways, into the cloud, out with the data, ransom."""

from defender_emulator.scenarios.attack_intrusion import C2, MAIN, MDE, MDI
from defender_emulator.scenarios.company import DOMAIN
from defender_emulator.scenarios.identifiers import guid
from defender_emulator.scenarios.props import file_details, system_file
from defender_emulator.scenarios.story import Story, Told

MDA = "microsoftDefenderForCloudApps"
AAD = "azureAdIdentityProtection"
XDR = "microsoft365Defender"
CLOUD = "1060"
APP_NAME = "Mail Sorter Pro"
DROP = "https://drop.storage-mirror.example/u/7f31"
PROXY = "198.51.100.23"
LOCKER = file_details("C:\\ProgramData\\mslock\\lk64.exe", size=711_168)
ARCHIVER = file_details("C:\\ProgramData\\mslock\\7z.exe", size=467_456, signer="Igor Pavlov")
WIPE = "vssadmin.exe delete shadows /all /quiet"


def tell(story: Story) -> None:
    """What the attacker does with the stolen credentials."""
    _sideways(story)
    _cloud(story)
    _exfiltration(story)
    _ransom(story)


def _sideways(story: Story) -> None:
    p = story.props(402)
    remote = Told(
        "Suspicious remote activity",
        "medium",
        MDE,
        MDE,
        "LateralMovement",
        ("T1021.002", "T1569.002"),
        "A service was installed and started from another device over SMB. Attackers use this to "
        "run programs on further devices with stolen credentials.",
    )
    service = p.process(
        system_file("cmd.exe"),
        'cmd.exe /c "\\\\hm-ws-0107\\c$\\ProgramData\\s.bat" 1> \\\\127.0.0.1\\ADMIN$\\__1771 2>&1',
        "hm-file01",
        "d.okafor",
        parent=system_file("services.exe"),
    )
    link = p.connection("10.20.4.17", "10.20.1.21", 445, roles=["source"])
    seen = [p.device("hm-file01"), p.device("hm-ws-0107"), service, link, p.user("d.okafor")]
    story.raised(402, MAIN, remote, seen)
    p = story.props(447)
    wmi = Told(
        "Suspicious WMI process creation",
        "medium",
        MDE,
        MDE,
        "LateralMovement",
        ("T1047",),
        "A process was started through Windows Management Instrumentation from another device.",
    )
    child = p.process(
        system_file("powershell.exe"),
        'powershell.exe -c "Get-ADUser -Filter * | Export-Csv C:\\ProgramData\\u.csv"',
        "hm-sql01",
        "svc-sql",
        parent=system_file("WmiPrvSE.exe"),
    )
    story.raised(447, MAIN, wmi, [p.device("hm-sql01"), p.user("svc-sql"), child])
    p = story.props(498)
    replication = Told(
        "Suspected DCSync attack (replication of directory services)",
        "high",
        MDI,
        MDI,
        "CredentialAccess",
        ("T1003.006",),
        "Daniel Okafor on hm-sql01 sent replication requests to hm-dc01.",
    )
    domain = p.other("activeDirectoryDomainEvidence", activeDirectoryDomainName=DOMAIN)
    seen = [p.user("d.okafor"), p.device("hm-sql01"), p.device("hm-dc01"), domain]
    story.raised(498, MAIN, replication, seen)


def _cloud(story: Story) -> None:
    story.opened(610, CLOUD, "Suspicious sign-in and app consent involving one user")
    p = story.props(610)
    session = p.other(
        "cloudLogonSessionEvidence",
        account=p.user("h.solberg"),
        browser="Chrome 131",
        operatingSystem="Windows 10",
        protocol="OAuth2",
        sessionId=guid(story.company.seed, "session"),
        startUtcDateTime=p.created,
        userAgent="Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36",
    )
    sign_in = Told(
        "Unfamiliar sign-in properties",
        "medium",
        AAD,
        AAD,
        "InitialAccess",
        ("T1078", "T1078.004"),
        "The following properties of this sign-in are unfamiliar for the given user: ASN, "
        "Browser, Device, IP, Location, EASId, TenantIPsubnet",
    )
    attempt = p.other("cloudLogonRequestEvidence", requestId=guid(story.company.seed, "request"))
    seen = [p.user("h.solberg"), p.ip(PROXY, verdict="suspicious"), session, attempt]
    story.raised(610, CLOUD, sign_in, seen, touch=False)
    p = story.props(634)
    app = p.other(
        "oauthApplicationEvidence",
        appId=guid(story.company.seed, APP_NAME),
        displayName=APP_NAME,
        objectId=guid(story.company.seed, APP_NAME, "object"),
        publisher="Sorter Example Ltd",
        verdict="suspicious",
    )
    consent = Told(
        "Suspicious OAuth app consent: high privilege Graph permissions",
        "medium",
        MDA,
        "cloudAppSecurity",
        "Persistence",
        ("T1098.003", "T1528"),
        "A user granted an application of low reputation permission to read all mail and files.",
    )
    principal = p.other(
        "servicePrincipalEvidence",
        appId=app["appId"],
        appOwnerTenantId=guid("elsewhere"),
        servicePrincipalName=APP_NAME,
        servicePrincipalObjectId=app["objectId"],
        servicePrincipalType="application",
        tenantId=story.company.tenant_id,
    )
    seen = [p.user("h.solberg"), app, principal, p.cloud_app, p.ip(PROXY)]
    story.raised(634, CLOUD, consent, seen)
    p = story.props(671)
    rule = Told(
        "Suspicious inbox manipulation rule",
        "medium",
        MDA,
        "cloudAppSecurity",
        "DefenseEvasion",
        ("T1564.008", "T1114.003"),
        "A rule that hides and forwards messages about payments was created in the mailbox of "
        "Henrik Solberg.",
    )
    settings = p.other(
        "mailboxConfigurationEvidence",
        configurationId="a3c1f0d2",
        configurationType="userInboxRule",
        displayName=".",
        externalDirectoryObjectId=story.company.people["h.solberg"].object_id,
        mailboxPrimaryAddress="h.solberg@halden.example",
        upn="h.solberg@halden.example",
    )
    seen = [p.user("h.solberg"), p.mailbox("h.solberg"), settings, p.cloud_app, p.ip(PROXY)]
    story.raised(671, CLOUD, rule, seen)
    story.changed(700, CLOUD, severity="high")
    story.merged(842, CLOUD, MAIN)
    story.changed(843, MAIN, priorityScore=88, customTags=["IR-2026-07", "Finance"])


def _exfiltration(story: Story) -> None:
    p = story.props(905)
    staged = Told(
        "Suspicious archive of sensitive files",
        "medium",
        MDE,
        MDE,
        "Collection",
        ("T1560.001", "T1039"),
        "An archiving tool packed many files from a share with a password.",
    )
    pack = p.process(
        ARCHIVER,
        '7z.exe a -p"Halden{2026}" -v500m C:\\ProgramData\\mslock\\a.7z \\\\hm-file01\\Finance\\*',
        "hm-file01",
        "d.okafor",
        parent=system_file("cmd.exe"),
    )
    archive = file_details("C:\\ProgramData\\mslock\\a.7z.001", size=524_288_000)
    seen = [
        p.device("hm-file01"),
        pack,
        p.file(archive, "hm-file01"),
        p.file(ARCHIVER, "hm-file01"),
    ]
    story.raised(905, MAIN, staged, seen)
    p = story.props(948)
    upload = Told(
        "Data exfiltration to an unsanctioned app",
        "high",
        MDA,
        "cloudAppSecurity",
        "Exfiltration",
        ("T1567.002",),
        "4.1 GB were uploaded from hm-file01 to a file storage service that is not sanctioned.",
    )
    link = p.connection("10.20.1.21", PROXY, 443)
    seen = [p.device("hm-file01"), p.user("d.okafor"), p.url(DROP), p.ip(PROXY), link]
    story.raised(948, MAIN, upload, seen)
    p = story.props(1010)
    blob = p.other(
        "blobEvidence",
        name="exports/customers-2026.csv",
        url="https://haldenfiles.blob.example/exports/customers-2026.csv",
        etag="0x8DA1F0C3E2B9A10",
        blobContainer=p.other("blobContainerEvidence", name="exports"),
    )
    vault = "/subscriptions/0f8fad5b-d9cb-469f-a165-70867728950e/resourceGroups/rg-prod"
    account = p.other(
        "azureResourceEvidence",
        resourceId=f"{vault}/providers/Microsoft.Storage/storageAccounts/haldenfiles",
        resourceName="haldenfiles",
        resourceType="Storage account",
    )
    storage = Told(
        "Unusual amount of data extracted from a storage account",
        "medium",
        XDR,
        "microsoft365Defender",
        "Exfiltration",
        ("T1530",),
        "An application read an unusual amount of data from a storage account.",
    )
    story.raised(1010, MAIN, storage, [account, blob, p.ip(PROXY), p.user("h.solberg")])


def _ransom(story: Story) -> None:
    p = story.props(1262)
    shadow = Told(
        "File backups were deleted",
        "medium",
        MDE,
        MDE,
        "Impact",
        ("T1490",),
        "Attackers delete the system's snapshots before they encrypt files.",
    )
    wipe = p.process(
        system_file("vssadmin.exe"), WIPE, "hm-file01", "d.okafor", parent=system_file("cmd.exe")
    )
    story.raised(1262, MAIN, shadow, [p.device("hm-file01"), wipe, p.user("d.okafor")])
    for minutes, host in ((1270, "hm-file01"), (1274.5, "hm-sql01")):
        p = story.props(minutes)
        locked = Told(
            "Ransomware behavior detected in the file system",
            "high",
            MDE,
            MDE,
            "Ransomware",
            ("T1486",),
            "A process renamed and rewrote many files in the way ransomware does. It was stopped.",
            more={"investigationState": "running"},
        )
        run = p.process(
            LOCKER,
            '"C:\\ProgramData\\mslock\\lk64.exe" --path D:\\ --skip-hidden',
            host,
            "d.okafor",
            detectionStatus="prevented",
        )
        file = p.file(LOCKER, host, verdict="malicious", remediationStatus="prevented")
        story.raised(minutes, MAIN, locked, [p.device(host, riskScore="high"), run, file])
    story.changed(
        1275,
        MAIN,
        displayName="Multi-stage incident involving Initial access & Ransomware "
        "on multiple endpoints reported by multiple sources",
    )
    p = story.props(1281)
    contained = Told(
        "Ransomware attack disrupted: compromised account contained",
        "high",
        XDR,
        "microsoft365Defender",
        "Impact",
        ("T1486", "T1078"),
        "Automatic attack disruption disabled the account of Daniel Okafor on all devices.",
    )
    seen = [
        p.user("d.okafor", roles=["compromised"], remediationStatus="remediated"),
        p.device("hm-file01"),
        p.device("hm-sql01"),
        p.ip(C2, roles=["commandAndControl"]),
    ]
    story.raised(1281, MAIN, contained, seen)
    story.changed(1440, MAIN, systemTags=["Attack Disruption", "Ransomware"], priorityScore=100)
