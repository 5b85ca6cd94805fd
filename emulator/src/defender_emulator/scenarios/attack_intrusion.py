"""The attack, first half: from the phishing mail to stolen credentials."""

from defender_emulator.scenario import Json
from defender_emulator.scenarios.props import Props, file_details, system_file
from defender_emulator.scenarios.story import Story, Told
from defender_emulator.scenarios.times import stamp

MDE = "microsoftDefenderForEndpoint"
MDO = "microsoftDefenderForOffice365"
MDI = "microsoftDefenderForIdentity"

SENDER = "billing@invoices.example"
SUBJECT = "Overdue invoice 20419"
LURE = "https://files.invoices.example/view?id=20419"
C2 = "203.0.113.77"
C2_NAME = "cdn.update-check.example"

LURE_FILE = file_details("C:\\Users\\a.holm\\Downloads\\Invoice_20419.xlsm", size=88_214)
PAYLOAD = file_details("C:\\Users\\a.holm\\AppData\\Local\\Temp\\updater.exe", size=482_816)
DUMP = file_details("C:\\Windows\\Temp\\~df4e.tmp", size=51_380_224)
EXCEL = file_details(
    "C:\\Program Files\\Microsoft Office\\root\\Office16\\EXCEL.EXE",
    size=64_021_872,
    signer="Microsoft Corporation",
)
_ENCODED = "SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAIABOAGUAdAAuAFcAZQBiAEMAbABpAGUAbgB0ACkA"
STAGER = f"powershell.exe -NoProfile -W Hidden -Enc {_ENCODED}"
DUMPER = "rundll32.exe C:\\Windows\\System32\\comsvcs.dll, MiniDump 712 C:\\Windows\\Temp\\~df4e.tmp full"

MAIN, FOOTHOLD, CREDENTIALS = "1052", "1053", "1058"


def tell(story: Story) -> None:
    """Three incidents that turn out to be one."""
    _phishing(story)
    _foothold(story)
    _credentials(story)


def _lure_mail(story: Story, p: Props, account: str) -> Json:
    return p.mail(
        SENDER,
        account,
        SUBJECT,
        receivedDateTime=stamp(story.at(8)),
        urls=[LURE],
        threats=["ZapPhish", "MaliciousUrl"],
        threatDetectionMethods=["URL detonation", "Domain reputation"],
        verdict="malicious",
    )


def _phishing(story: Story) -> None:
    story.opened(
        12,
        MAIN,
        "Email messages containing malicious URL removed after delivery involving multiple users",
        severity="low",
        customTags=[],
    )
    p = story.props(12)
    cluster = p.other(
        "mailClusterEvidence",
        clusterBy="Subject;P2SenderDomain;ContentType",
        clusterByValue=f"{SUBJECT};invoices.example;1",
        emailCount=3,
        networkMessageIds=[
            _lure_mail(story, p, who)["networkMessageId"]
            for who in ("a.holm", "b.nilsen", "k.strand")
        ],
        query='( (( (Subject:"Overdue invoice 20419") ) AND ( (P2SenderDomain:"invoices.example") )) )',
        urn="urn:MailClusterEntity:5f4dcc3b5aa765d61d8327deb882cf99",
    )
    removed = Told(
        "Email messages containing malicious URL removed after delivery",
        "informational",
        MDO,
        MDO,
        "InitialAccess",
        ("T1566.002",),
        "Emails with malicious URL that were delivered and later removed -V1.0.0.3",
    )
    mails = [_lure_mail(story, p, who) for who in ("a.holm", "b.nilsen", "k.strand")]
    boxes = [p.mailbox(who) for who in ("a.holm", "b.nilsen")]
    story.raised(12, MAIN, removed, [cluster, *mails, *boxes, p.url(LURE)], touch=False)
    p = story.props(19)
    clicked = Told(
        "A potentially malicious URL click was detected",
        "high",
        MDO,
        MDO,
        "InitialAccess",
        ("T1566.002", "T1204.001"),
        "We have detected that one of your users has recently clicked on a link that was found to "
        "be malicious. -V1.0.0.5",
    )
    seen = [p.user("a.holm"), p.url(LURE, verdict="malicious"), _lure_mail(story, p, "a.holm")]
    story.raised(19, MAIN, clicked, seen)
    story.changed(19.5, MAIN, severity="medium")
    p = story.props(33)
    reported = Told(
        "Email reported by user as malware or phish",
        "low",
        MDO,
        MDO,
        "InitialAccess",
        ("T1566",),
        "This alert is triggered when any email message is reported as malware or phish by users "
        "-V1.0.0.3",
    )
    report = p.other(
        "submissionMailEvidence",
        networkMessageId=_lure_mail(story, p, "b.nilsen")["networkMessageId"],
        recipient="b.nilsen@halden.example",
        reportType="Phish",
        sender=SENDER,
        senderIp="203.0.113.25",
        subject=SUBJECT,
        submissionDateTime=p.created,
        submissionId="f1d2d2f9-24e9-46ac-86fd-f7b36c94bcdf",
        submitter="b.nilsen@halden.example",
    )
    story.raised(
        33, MAIN, reported, [report, _lure_mail(story, p, "b.nilsen"), p.mailbox("b.nilsen")]
    )


def _foothold(story: Story) -> None:
    story.opened(
        24, FOOTHOLD, "Suspicious process executed by an Office application on one endpoint"
    )
    host, who = "hm-ws-0107", "a.holm"
    p = story.props(24)
    stager = p.process(system_file("powershell.exe"), STAGER, host, who, parent=EXCEL)
    macro = Told(
        "Suspicious process executed by an Office application",
        "medium",
        MDE,
        MDE,
        "Execution",
        ("T1204.002", "T1059.001"),
        "An Office application started a script interpreter with an encoded command. A document "
        "with a macro may have been used to run malicious code on this device.",
    )
    files = [p.file(LURE_FILE, host, verdict="malicious")]
    office = p.process(
        EXCEL, f'"EXCEL.EXE" "{LURE_FILE["filePath"]}\\Invoice_20419.xlsm"', host, who
    )
    story.raised(
        24, FOOTHOLD, macro, [p.device(host), p.user(who), office, stager, *files], touch=False
    )
    p = story.props(27)
    dropped = Told(
        "'Leafdrop' malware was detected",
        "low",
        MDE,
        "antivirus",
        "Malware",
        ("T1105",),
        "Malware and unwanted software are undesirable applications that perform annoying, "
        "disruptive, or harmful actions. This detection might indicate that the malware was "
        "stopped from delivering its payload; check the machine for signs of failure.",
        more={"threatFamilyName": "Leafdrop", "threatDisplayName": "Trojan:Win32/Leafdrop.B!dha"},
    )
    malware = p.other(
        "malwareEvidence",
        name="Trojan:Win32/Leafdrop.B!dha",
        category="Trojan",
        files=[p.file(PAYLOAD, host)],
        verdict="malicious",
    )
    seen = [p.device(host), p.file(PAYLOAD, host, verdict="malicious"), malware, p.user(who)]
    story.raised(27, FOOTHOLD, dropped, seen)
    p = story.props(41)
    beacon = Told(
        "Connection to a suspicious command and control address",
        "medium",
        MDE,
        MDE,
        "CommandAndControl",
        ("T1071.001", "T1573"),
        "A process on this device contacted an address that is known from attacks, at regular "
        "intervals and over an encrypted channel.",
    )
    seen = [
        p.device(host),
        p.process(
            PAYLOAD, '"updater.exe" /q /i 60', host, who, parent=system_file("powershell.exe")
        ),
        p.ip(C2, roles=["commandAndControl"], verdict="malicious"),
        p.connection("10.20.4.17", C2, 443, roles=["commandAndControl"]),
        p.other("dnsEvidence", domainName=C2_NAME, ipAddresses=[p.ip(C2)]),
    ]
    story.raised(41, FOOTHOLD, beacon, seen)
    p = story.props(48)
    run_key = Told(
        "Anomaly detected in ASEP registry",
        "medium",
        MDE,
        MDE,
        "Persistence",
        ("T1547.001",),
        "A process registered a suspicious command or file in an autostart extensibility point. "
        "Attackers often place malicious programs there so that they survive a restart.",
    )
    value = p.other(
        "registryValueEvidence",
        mdeDeviceId=story.company.machines[host].mde_id,
        registryHive="HKEY_CURRENT_USER",
        registryKey="SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run",
        registryValueName="Updater",
        registryValue='"C:\\Users\\a.holm\\AppData\\Local\\Temp\\updater.exe" /q',
        registryValueType="String",
    )
    story.raised(48, FOOTHOLD, run_key, [p.device(host), value, p.file(PAYLOAD, host)])
    story.changed(50, FOOTHOLD, severity="high")
    story.merged(92, FOOTHOLD, MAIN)
    story.changed(
        92.5,
        MAIN,
        displayName="Multi-stage incident involving Initial access & Command and control "
        "on one endpoint",
        severity="high",
    )


def _credentials(story: Story) -> None:
    story.opened(205, CREDENTIALS, "Credential access activity on one endpoint", severity="medium")
    host, who = "hm-ad-0001", "d.okafor"
    p = story.props(205)
    dump = p.process(system_file("rundll32.exe"), DUMPER, host, who, parent=system_file("cmd.exe"))
    lsass = Told(
        "Sensitive credential memory read",
        "high",
        MDE,
        MDE,
        "CredentialAccess",
        ("T1003.001", "T1218.011"),
        "A process read the memory of the local security authority, where Windows keeps "
        "credentials. The memory was written to a file.",
    )
    seen = [p.device(host, riskScore="high"), p.user(who), dump, p.file(DUMP, host)]
    story.raised(205, CREDENTIALS, lsass, seen, touch=False)
    p = story.props(231)
    roast = Told(
        "Suspected Kerberos SPN exposure",
        "medium",
        MDI,
        MDI,
        "CredentialAccess",
        ("T1558.003",),
        "An actor on hm-ws-0107 asked hm-dc01 for service tickets of several accounts whose "
        "passwords can be guessed from them.",
    )
    seen = [p.user("a.holm", roles=["attacker"]), p.user("svc-sql", roles=["attacked"])]
    seen += [p.device("hm-ws-0107", roles=["source"]), p.device("hm-dc01", roles=["destination"])]
    story.raised(231, CREDENTIALS, roast, seen)
    p = story.props(262)
    ticket = Told(
        "Suspected identity theft (pass-the-ticket)",
        "high",
        MDI,
        MDI,
        "LateralMovement",
        ("T1550.003",),
        "The Kerberos ticket of Daniel Okafor was taken from hm-ad-0001 to hm-ws-0107 and used "
        "to access hm-file01.",
    )
    session = p.other(
        "hostLogonSessionEvidence",
        account=p.user("d.okafor"),
        host=p.device("hm-ws-0107"),
        sessionId="0x3e7a41",
        startUtcDateTime=p.created,
    )
    group = p.other(
        "securityGroupEvidence",
        displayName="Backup Operators",
        friendlyName="Backup operators",
        distinguishedName="CN=Backup Operators,CN=Builtin,DC=halden,DC=example",
        sid="S-1-5-32-551",
    )
    seen = [p.user("d.okafor", roles=["compromised"]), session, group, p.device("hm-file01")]
    story.raised(262, CREDENTIALS, ticket, seen)
    story.changed(265, CREDENTIALS, severity="high")
    story.merged(330, CREDENTIALS, MAIN)
    story.changed(
        331,
        MAIN,
        displayName="Multi-stage incident involving Initial access & Lateral movement "
        "on multiple endpoints",
        assignedTo="j.eide@halden.example",
        status="inProgress",
    )
