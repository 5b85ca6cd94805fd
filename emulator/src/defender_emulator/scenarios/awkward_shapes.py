"""Records that are hard to read: nothing where something is expected, and the reverse."""

from typing import Any

from defender_emulator.scenario import Json
from defender_emulator.scenarios import facts
from defender_emulator.scenarios.evidence import PREFIX, evidence

TEXTS: tuple[tuple[str, str], ...] = (
    ("quotes", "It's \"quoted\" and `ticked` \u201ccurled\u201d"),
    ("braces", "{0} {{name}} %s %(x)s ${HOME} #{y} [brackets] <b>bold</b> & &amp;"),
    ("backslashes", "C:\\new\\table\\x41 \\\\server\\share\\ \\u0041 \\"),
    ("lines", "first line\nsecond line\r\nthird\ttabbed\u2028separated\u2029paragraph"),
    ("right-to-left", "\u202egnp.exe\u202c \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627"),
    ("zero-width", "pay\u200bload\u200d\u2060\ufeff.e\u00adxe"),
    ("emoji", "\U0001f4a5 boom \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1f3\U0001f1f4 e\u0301"),
    ("query", '" or 1==1 | union * // ; DROP TABLE x; --'),
    ("formula", "=HYPERLINK(\"https://files.invoices.example\",\"x\")"),
    ("blank", "   "),
    ("empty", ""),
)  # fmt: skip

DATES: tuple[str, ...] = (
    "2026-01-02T03:04:05",
    "2026-01-02T03:04:05.1234567+02:00",
    "2026-01-02T03:04:05-0530",
    "2026-01-02T03:04:05.123456789Z",
    "2026-01-02 03:04:05Z",
    "2026-01-02",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.9999999Z",
)
"""Ways to write a time that are not the documented one, yet possible."""

UNKNOWN_ENUMS: Json = {
    "severity": "critical",
    "status": "escalated",
    "classification": "probablyPositive",
    "determination": "quantumTunnelling",
    "serviceSource": "microsoftDefenderForSpace",
    "detectionSource": "crystalBall",
    "investigationState": "dreaming",
}
LATER_ENUMS: Json = {
    "serviceSource": "microsoftSentinel",
    "detectionSource": "nrtAlerts",
}


def nulled(type_name: str, *kept: str) -> Json:
    """Every property of a type that may be null, as null, except those named."""
    written = facts.properties(type_name)
    may = [name for name, kind in written.items() if not kind.endswith("!")]
    return {name: None for name in may if name not in kept}


def bare(record: Json, type_name: str, *kept: str) -> Json:
    """A record without the properties that may be null, except those named."""
    gone = set(nulled(type_name)) - set(kept)
    return {name: value for name, value in record.items() if name not in gone}


def null_evidence(created: str) -> list[Json]:
    """One evidence of each type in which all that may be null is null."""
    never: dict[str, Any] = {
        name: facts.absent(kind) if kind.startswith("[") else False
        for type_name in facts.evidence_names()
        for name, kind in facts.properties(type_name).items()
        if kind.endswith("!")
    }
    made = []
    for type_name in facts.evidence_names():
        must = {n: never[n] for n in facts.properties(type_name) if n in never}
        for name, kind in facts.properties(type_name).items():
            if name in must and facts.is_enum(kind.removesuffix("!")):
                must[name] = facts.enum_members(kind.removesuffix("!"))[0]
        made.append(evidence(type_name, created, **nulled(type_name), **must))
    return made


def strange_evidence(created: str) -> list[Json]:
    """Evidence of unknown type, without a type, with surplus and with too little."""
    base = {"createdDateTime": created, "verdict": "suspicious", "remediationStatus": "none",
            "roles": []}  # fmt: skip
    odd_verdict = {"verdict": "undecided", "remediationStatus": "vaporised", "roles": ["bystander"]}
    return [
        {
            "@odata.type": f"{PREFIX}quantumDeviceEvidence",
            **base,
            "qubits": 127,
            "host": {"a": [1]},
        },
        {**base, "note": "this evidence names no type"},
        {"@odata.type": "microsoft.graph.security.ipEvidence", **base, "ipAddress": "203.0.113.9"},
        {"@odata.type": f"{PREFIX}IPEVIDENCE", **base, "ipAddress": "203.0.113.10"},
        {"@odata.type": f"{PREFIX}userEvidence"},
        evidence("urlEvidence", created, url="https://files.invoices.example", **odd_verdict),
        {**evidence("fileEvidence", created), "fileDetails": {"fileName": None}, "novelty": [1, 2]},
        evidence("ipEvidence", created, ipAddress="2001:db8::dead:beef"),
        evidence("ipEvidence", created, ipAddress="not an address"),
    ]


def later_evidence(created: str) -> list[Json]:
    """Evidence with every member that needs the Prefer header."""
    return [
        evidence(
            "urlEvidence", created, url=f"https://{word.lower()}.example", remediationStatus=word
        )
        for word in facts.later_members("evidenceRemediationStatus")
    ]
