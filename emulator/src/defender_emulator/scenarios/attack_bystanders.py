"""What else happens at the company: history, false alarms and unrelated trifles."""

from defender_emulator.scenarios.attack_impact import AAD, MDA
from defender_emulator.scenarios.attack_intrusion import MDE, MDO
from defender_emulator.scenarios.props import file_details, system_file
from defender_emulator.scenarios.records import comment
from defender_emulator.scenarios.story import Story, Told

_BUNDLER = file_details("C:\\Users\\k.strand\\Downloads\\pdf-joiner-setup.exe", size=3_201_024)
_TEST_FILE = file_details("C:\\Users\\e.berg\\Desktop\\eicar.com", size=68)


def tell(story: Story) -> None:
    """Three small incidents before the start, four beside the attack."""
    _history(story)
    _unwanted(story)
    _benign(story)
    _download(story)
    _travel(story)


def _history(story: Story) -> None:
    p = story.props(-1190)
    story.opened(-1190, "1041", "'Unwanted' software was prevented on one endpoint")
    blocked = Told(
        "'Presenoker' unwanted software was prevented",
        "low",
        MDE,
        "antivirus",
        "UnwantedSoftware",
        (),
        "Unwanted software was stopped before it could run.",
        more={"threatFamilyName": "Presenoker", "status": "resolved"},
    )
    seen = [p.device("hm-ws-0131"), p.file(_BUNDLER, "hm-ws-0131", remediationStatus="blocked")]
    story.raised(-1190, "1041", blocked, seen, touch=False)
    story.changed(
        -1020,
        "1041",
        status="resolved",
        classification="truePositive",
        determination="unwantedSoftware",
        assignedTo="j.eide@halden.example",
    )
    p = story.props(-548)
    story.opened(-548, "1043", "Password spray involving multiple users", severity="medium")
    spray = Told(
        "Password spray",
        "medium",
        AAD,
        AAD,
        "CredentialAccess",
        ("T1110.003", "T1110.001"),
        "Many accounts were tried with a few common passwords from one address.",
    )
    people = [p.user(who) for who in ("c.rossi", "i.moreau", "l.tanaka")]
    story.raised(-548, "1043", spray, [*people, p.ip("198.51.100.90")], touch=False)
    p = story.props(-241)
    story.opened(-241, "1046", "Email reported by user as junk", severity="informational")
    junk = Told(
        "Email reported by user as junk",
        "informational",
        MDO,
        MDO,
        "InitialAccess",
        ("T1566",),
        "A user reported a message as junk.",
    )
    letter = p.mail("news@newsletter.example", "g.lindqvist", "Ten tips for better meetings")
    story.raised(-241, "1046", junk, [letter, p.mailbox("g.lindqvist")], touch=False)
    story.changed(
        -200,
        "1046",
        status="resolved",
        classification="falsePositive",
        determination="notMalicious",
    )


def _unwanted(story: Story) -> None:
    p = story.props(74)
    story.opened(74, "1055", "'InstallCore' unwanted software on one endpoint")
    bundle = Told(
        "'InstallCore' unwanted software was detected",
        "low",
        MDE,
        "antivirus",
        "UnwantedSoftware",
        (),
        "A software bundler was found on this device.",
        more={"threatFamilyName": "InstallCore"},
    )
    seen = [p.device("hm-ws-0131"), p.user("k.strand"), p.file(_BUNDLER, "hm-ws-0131")]
    story.raised(74, "1055", bundle, seen, touch=False)


def _benign(story: Story) -> None:
    p = story.props(121)
    story.opened(
        121,
        "1056",
        "Automated investigation started manually on one endpoint",
        severity="informational",
    )
    manual = Told(
        "Automated investigation started manually",
        "informational",
        MDE,
        "automatedInvestigation",
        "SuspiciousActivity",
        (),
        "An analyst started an automated investigation of this device.",
        more={"investigationState": "running"},
    )
    seen = [p.device("hm-ws-0144"), p.file(_TEST_FILE, "hm-ws-0144", verdict="noThreatsFound")]
    alert = story.raised(121, "1056", manual, seen, touch=False)
    story.alert_changed(
        138,
        alert,
        status="resolved",
        investigationState="benign",
        resolvedDateTime=story.props(138).created,
        assignedTo="Automation",
        classification="falsePositive",
        determination="notMalicious",
    )
    note = comment("No threats found by the investigation.", "Automation", story.at(138))
    story.changed(
        138,
        "1056",
        status="resolved",
        classification="falsePositive",
        determination="notMalicious",
        comments=[note],
        lastModifiedBy="Microsoft 365 Defender-AutomatedInvestigation",
        resolvingComment="No threats found.",
    )


def _download(story: Story) -> None:
    p = story.props(512)
    story.opened(512, "1059", "Mass download by a single user", severity="medium")
    many = Told(
        "Mass download by a single user",
        "medium",
        MDA,
        "cloudAppSecurity",
        "Exfiltration",
        ("T1530",),
        "Carla Rossi downloaded 312 unique files in less than five minutes.",
    )
    seen = [p.user("c.rossi"), p.cloud_app, p.ip("192.0.2.10")]
    story.raised(512, "1059", many, seen, touch=False)
    p = story.props(530)
    copy = Told(
        "Copy of many files to a removable drive",
        "low",
        MDE,
        MDE,
        "Exfiltration",
        ("T1052.001",),
        "Many files were copied to a removable drive within a short time.",
    )
    robocopy = p.process(
        system_file("Robocopy.exe"), "robocopy C:\\Offers E:\\Offers /MIR", "hm-lt-0203", "c.rossi"
    )
    story.raised(530, "1059", copy, [p.device("hm-lt-0203"), p.user("c.rossi"), robocopy])
    story.changed(
        780,
        "1059",
        status="resolved",
        assignedTo="j.eide@halden.example",
        classification="informationalExpectedActivity",
        determination="confirmedActivity",
        resolvingComment="Trade fair in Genoa.",
    )


def _travel(story: Story) -> None:
    p = story.props(1120)
    story.opened(1120, "1066", "Impossible travel activity involving one user")
    travel = Told(
        "Impossible travel activity",
        "low",
        MDA,
        "cloudAppSecurity",
        "InitialAccess",
        ("T1078",),
        "Ines Moreau was active from two countries within 41 minutes.",
    )
    seen = [p.user("i.moreau"), p.ip("192.0.2.44"), p.ip("198.51.100.201"), p.cloud_app]
    story.raised(1120, "1066", travel, seen, touch=False)
