"""The ontology mapping: judged by Microsoft's types, and applied to events as the platform would."""

import re
from functools import cache
from urllib.parse import urlsplit

import pytest

from defender365.core.mapping import INCIDENT_TYPE, EnvironmentRule, case_alerts
from defender365.core.model import read_incident
from defender365.hosts.google_package.ontology import mapping_rules
from defender_emulator.scenario import AlertRaised
from defender_emulator.scenarios import build, facts
from defender_emulator.scenarios.attack_intrusion import C2, C2_NAME, LURE, PAYLOAD, SENDER, SUBJECT
from defender_emulator.scenarios.evidence import PREFIX, evidence, examples
from tests.fakes import START

RULES = mapping_rules("Microsoft365Defender")
NAMES = facts.evidence_names()

ENTITY_TYPES = {
    "SourceHostName": "HOSTNAME", "DestinationHostName": "HOSTNAME",
    "SourceUserName": "USER", "DestinationUserName": "USER",
    "SourceAddress": "ADDRESS", "DestinationAddress": "ADDRESS",
    "SourceMacAddress": "MAC", "DestinationURL": "URL",
    "SourceDomain": "DOMAIN", "DestinationDomain": "DOMAIN",
    "SourceProcessName": "PROCESS", "DestinationProcessName": "PROCESS",
    "FileName": "FILENAME", "FileHash": "FILEHASH", "EmailSubject": "SUBJECT",
    "ThreatSignature": "SIGNATURE", "ThreatActor": "ACTOR", "ThreatCampaign": "CAMPAIGN",
    "CVE": "CVE", "Deployment": "DEPLOYMENT", "GenericEntity": "GENERIC",
}  # fmt: skip
"""The platform's fields that make an entity, with the type it gets."""

SYSTEM_FIELDS = {"StartTime", "EndTime", "Name", "Message"}
SYSTEM_FIELDS |= {"Severity", "CategoryOutcome", "DestinationPort"}

PARTICIPANTS = {"HOSTNAME", "USER", "ADDRESS", "MAC", "GENERIC"}
"""The entity types that the content hub does not call artifacts."""

WITHOUT_ENTITY: dict[str, str] = {}
"""Kinds of evidence that make no entity, each with the reason; there are none."""

TRANSFORMATIONS = {
    "to_string", "to_integer", "to_double", "from_unix_time_string_or_long", "from_custom_date",
    "to_boolean", "extract_regexp", "extract_by_regex_with_group", "to_is_correlation",
    "to_ip_address", "to_list_of_longs_seperated_comma", "substr_by_length",
    "substr_by_end_text", "first_lines", "join_raw_fields", "static_value",
    "extract_domain_from_uri", "clean_url",
}  # fmt: skip
COMPARISONS = {"equal", "contains", "starts_with", "ends_with"}
RAW = [f"raw_data_{place}_field" for place in ("primary", "secondary", "third")]
KEYS = {
    "source", "product", "event_name", "security_event_file_name", "transformation_function",
    "transformation_function_param", "is_artifact", "extract_function", "extract_function_param",
    *(f"{raw}_{part}" for raw in RAW for part in ("match_term", "comparison_type")),
}  # fmt: skip


# What the platform does, in small.


def level(rule):
    return rule.get("product"), rule.get("event_name")


def terms(rule):
    """The match terms that are filled, each with its comparison."""
    for raw in RAW:
        if rule[f"{raw}_match_term"]:
            yield rule[f"{raw}_match_term"], rule[f"{raw}_comparison_type"]


def transformed(rule, value):
    function, parameter = rule["transformation_function"], rule["transformation_function_param"]
    if function == "extract_regexp":
        found = re.search(parameter, value)
        return found.group() if found else ""
    if function == "extract_domain_from_uri":
        return urlsplit(value).hostname or ""
    if function == "from_unix_time_string_or_long":
        return str(int(value))
    assert function == "to_string"
    return value


def picked(rule, event):
    for term, comparison in terms(rule):
        same = str.startswith if comparison == "starts_with" else str.__eq__
        values = [value for name, value in event.items() if same(name, term) and value]
        if values:
            return [made for value in values if (made := transformed(rule, value))]
    return []


def rules_for(event):
    """The rules that hold for an event, by field; the special ones override the general."""
    special = (event["event_type"], event.get("@odata.type"))
    general = {r["security_event_file_name"]: r for r in RULES if level(r) == (None, None)}
    return general | {r["security_event_file_name"]: r for r in RULES if level(r) == special}


def mapped(event):
    return {field: values for field, r in rules_for(event).items() if (values := picked(r, event))}


def entities(event, *, own=False):
    """The entities of an event; only those of its own kind's rules with `own`."""
    return {
        (ENTITY_TYPES[field], value)
        for field, rule in rules_for(event).items()
        if field in ENTITY_TYPES and (rule.get("event_name") or not own)
        for value in picked(rule, event)
    }


def events_of(alerts, **incident):
    raw = {"id": "29", "displayName": "Storm", "severity": "high", "alerts": alerts, **incident}
    read = read_incident(raw)
    return [e for c in case_alerts(read, read.alerts, EnvironmentRule()) for e in c.events]


def event_of(evidence_record, **alert):
    """The event of one evidence."""
    events = events_of([{"id": "da1", "title": "Bad", **alert, "evidence": [evidence_record]}])
    return events[1]


@cache
def scenario_events(name):
    changes = build(name, start=START).changes
    return events_of([change.alert for change in changes if isinstance(change, AlertRaised)])


def kind(event):
    return str(event.get("@odata.type")).removeprefix(PREFIX)


# What the types allow.


def can_have(type_name, raw, comparison="equal"):
    """Whether a flattened record of a type can hold this field, by Microsoft's schema."""
    if type_name == "dictionary":
        return bool(raw)
    tables = NAMES if type_name == facts.EVIDENCE_BASE else (type_name,)
    if type_name.endswith("Evidence"):
        tables = (facts.EVIDENCE_BASE, *tables)
    return any(
        _fits(name, written.removesuffix("!"), raw, comparison)
        for table in tables
        for name, written in facts.properties(table).items()
    )


def _fits(name, written, raw, comparison):
    if written.startswith("["):
        item = written[1:-1]
        if comparison == "starts_with":
            return raw == f"{name}_" and not facts.is_complex(item)
        found = re.fullmatch(rf"{name}_[1-9]\d*(?:_(.+))?", raw)
        return found is not None and _ends(item, found.group(1))
    if comparison == "starts_with":
        return False
    if raw == name:
        return not facts.is_complex(written)
    return raw.startswith(f"{name}_") and _ends(written, raw.removeprefix(f"{name}_"))


def _ends(written, rest):
    if not facts.is_complex(written):
        return rest is None
    return rest is not None and can_have(written, rest)


def known(rule, raw, comparison):
    alert = raw.removeprefix("alert_metadata_")
    if alert != raw:
        return can_have("alert", alert, comparison)
    if rule.get("product") == "Evidence":
        return can_have(rule["event_name"].removeprefix(PREFIX), raw, comparison)
    general = {"start_time_ms", "end_time_ms", *facts.properties(facts.EVIDENCE_BASE)}
    return can_have("incident", raw, comparison) or (level(rule) == (None, None) and raw in general)


POSSIBLE = """
urlEvidence.url urlEvidence.verdict fileEvidence.fileDetails_sha256
analyzedMessageEvidence.urls_1 analyzedMessageEvidence.urls_* teamsMessageEvidence.urls_1_url
kubernetesPodEvidence.labels_app kubernetesClusterEvidence.cloudResource_amazonResourceId
kubernetesPodEvidence.containers_2_pod_podIp_ipAddress
"""
IMPOSSIBLE = """
urlEvidence.urls urlEvidence.url_1 fileEvidence.fileDetails fileEvidence.fileDetails_1_sha256
analyzedMessageEvidence.urls analyzedMessageEvidence.urls_0 analyzedMessageEvidence.urls_1_url
analyzedMessageEvidence.url* teamsMessageEvidence.urls_*
"""


@pytest.mark.parametrize(("fields", "expected"), [(POSSIBLE, True), (IMPOSSIBLE, False)])
def test_the_judge_of_field_names_knows_the_types(fields, expected):
    for field in fields.split():
        type_name, _, raw = field.partition(".")
        comparison = "starts_with" if raw.endswith("*") else "equal"
        assert can_have(type_name, raw.removesuffix("*"), comparison) is expected, field


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_one_the_platform_reads(rule):
    field = rule["security_event_file_name"]
    assert field in ENTITY_TYPES or field in SYSTEM_FIELDS
    assert rule["source"] == "Microsoft365Defender"
    assert set(rule) == KEYS - (set() if "product" in rule else {"product", "event_name"})
    assert rule["transformation_function"] in TRANSFORMATIONS
    assert rule["extract_function"] == "none"
    filled = list(terms(rule))
    assert filled[0][0] == rule["raw_data_primary_field_match_term"]
    assert len(dict(filled)) == len(filled)
    assert all(rule[key] in COMPARISONS for key in rule if key.endswith("comparison_type"))
    assert [raw for raw, comparison in filled if not known(rule, raw, comparison)] == []


def test_only_traces_are_artifacts():
    for rule in RULES:
        made = ENTITY_TYPES.get(rule["security_event_file_name"])
        assert rule["is_artifact"] is (made is not None and made not in PARTICIPANTS)


def test_no_field_is_mapped_twice_on_a_level():
    keys = [(*level(rule), rule["security_event_file_name"]) for rule in RULES]
    assert len(keys) == len(set(keys))


def test_the_rules_come_in_the_same_order_each_time_general_ones_first():
    levels = [level(rule) for rule in mapping_rules("Other")]
    assert levels == [level(rule) for rule in RULES]
    order = list(dict.fromkeys(levels))
    assert order[:2] == [(None, None), ("Incident", INCIDENT_TYPE)]
    assert levels == sorted(levels, key=order.index)


def test_every_type_of_evidence_makes_an_entity_and_no_unknown_type_has_rules():
    of_evidence = [rule for rule in RULES if rule.get("product") == "Evidence"]
    making = [r for r in of_evidence if r["security_event_file_name"] in ENTITY_TYPES]
    assert {rule["event_name"] for rule in of_evidence} <= {PREFIX + name for name in NAMES}
    types = {rule["event_name"].removeprefix(PREFIX) for rule in making}
    assert len(NAMES) == 48
    assert set(NAMES) - types == set(WITHOUT_ENTITY)


TIMES = [("StartTime", "start_time_ms"), ("EndTime", "end_time_ms")]


@pytest.mark.parametrize(("field", "raw"), TIMES)
def test_every_event_has_its_times_from_one_rule(field, raw):
    (rule,) = [rule for rule in RULES if rule["security_event_file_name"] == field]
    assert level(rule) == (None, None)
    assert list(terms(rule)) == [(raw, "equal")]
    assert rule["transformation_function"] == "from_unix_time_string_or_long"
    assert all(mapped(event)[field] == [event[raw]] for event in scenario_events("attack"))


# Events of the emulator.


@pytest.mark.parametrize("name", NAMES)
def test_a_full_evidence_fills_every_field_of_its_rules(name):
    event = event_of(examples()[name])
    own = {r["security_event_file_name"] for r in RULES if r.get("event_name") == PREFIX + name}
    assert own - set(mapped(event)) <= {"CVE"}  # the example's malware exploits none
    assert entities(event, own=True)


@pytest.mark.parametrize("name", NAMES)
def test_an_evidence_without_values_makes_no_entity(name):
    assert entities(event_of(evidence(name, "2026-01-02T03:04:05Z")), own=True) == set()


EXPECTED = {
    "deviceEvidence": {
        ("HOSTNAME", "hm-ws-0107.halden.example"), ("ADDRESS", "10.20.4.17"), ("USER", "a.holm"),
    },
    "urlEvidence": {("URL", LURE), ("DOMAIN", "files.invoices.example")},
    "analyzedMessageEvidence": {
        ("SUBJECT", "Overdue invoice 20419"), ("USER", "billing@invoices.example"),
        ("USER", "a.holm@halden.example"), ("ADDRESS", "203.0.113.25"),
        ("DOMAIN", "invoices.example"), ("URL", LURE),
        ("GENERIC", "b6589fc6-ab0d-4c82-8f12-7d9a08de1c11"),
    },
    "teamsMessageEvidence": {
        ("SUBJECT", "Your mailbox is full"), ("USER", "helpdesk@support-desk.example"),
        ("USER", "a.holm@halden.example"), ("ADDRESS", "203.0.113.80"),
        ("URL", LURE), ("FILENAME", "updater.exe"),
        ("FILEHASH", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
        ("CAMPAIGN", "5e884898-da28-4047-9151-d0e56f8dc629"),
    },
    "hostLogonSessionEvidence": {
        ("USER", "a.holm"), ("HOSTNAME", "hm-ws-0107.halden.example"), ("ADDRESS", "10.20.4.17"),
    },
    "dnsEvidence": {("DOMAIN", C2_NAME), ("ADDRESS", C2)},
    "ioTDeviceEvidence": {
        ("HOSTNAME", "Ballast pump PLC 7"), ("ADDRESS", C2), ("MAC", "00:00:5E:00:53:07"),
    },
    "kubernetesPodEvidence": {
        ("GENERIC", "web-7d4b9c6f5-x2x9q"), ("ADDRESS", C2), ("DEPLOYMENT", "web"),
    },
    "azureResourceEvidence": {("GENERIC", "haldenfiles")},
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_the_entities_of_an_evidence_are_what_an_analyst_would_name(name):
    assert entities(event_of(examples()[name])) == EXPECTED[name]


def hashed(**hashes):
    details = {**examples()["fileEvidence"]["fileDetails"], **hashes}
    return set(mapped(event_of({**examples()["fileEvidence"], "fileDetails": details}))["FileHash"])


def test_the_strongest_hash_that_is_known_is_taken():
    assert hashed(sha256="a" * 64, sha1="b" * 40, md5="c" * 32) == {"a" * 64}
    assert hashed(sha256=None, sha1="b" * 40, md5="c" * 32) == {"b" * 40}
    assert hashed(sha256=None, sha1=None, md5="c" * 32) == {"c" * 32}


def user(**account):
    record = {"@odata.type": PREFIX + "userEvidence", "userAccount": account}
    return {value for _, value in entities(event_of(record))}


def test_a_user_is_named_by_account_then_sign_in_name_then_sid():
    names = {"userPrincipalName": "pat@halden.example", "userSid": "S-1-5-21-1"}
    assert user(accountName="pat", **names) == {"pat"}
    assert user(accountName=None, **names) == {"pat@halden.example"}
    assert user(accountName="", userPrincipalName=None, userSid="S-1-5-21-1") == {"S-1-5-21-1"}


def test_each_item_of_a_list_of_texts_is_an_entity():
    urls, people = ["https://a.example/1,2", "https://b.example"], ["x@a.example", "y@b.example"]
    mail = event_of({**examples()["analyzedMessageEvidence"], "urls": urls, "urlCount": 2})
    chat = event_of({**examples()["teamsMessageEvidence"], "recipients": people})
    assert mapped(mail)["DestinationURL"] == urls
    assert mapped(chat)["DestinationUserName"] == people


def test_a_cve_is_found_in_the_title_and_in_the_name_of_malware():
    titled = event_of(
        examples()["ipEvidence"], title="Possible exploitation of CVE-2021-44228 seen"
    )
    assert ("CVE", "CVE-2021-44228") in entities(titled)
    named = {**examples()["malwareEvidence"], "name": "Exploit:O97M/CVE-2017-11882.A"}
    assert ("CVE", "CVE-2017-11882") in entities(event_of(named))
    assert "CVE" not in mapped(event_of(examples()["ipEvidence"], title="Nothing of the kind"))


def test_what_the_alert_says_of_its_threat_is_on_each_evidence():
    alert = {"severity": "medium", "description": "It is bad", "actorDisplayName": "Storm-0001"}
    event = event_of(examples()["userEvidence"], **alert, threatFamilyName="Leafdrop")
    found = mapped(event)
    assert (found["Name"], found["Message"]) == (["Bad"], ["It is bad"])
    assert (found["Severity"], found["CategoryOutcome"]) == (["medium"], ["prevented"])
    assert {("SIGNATURE", "Leafdrop"), ("ACTOR", "Storm-0001")} <= entities(event)


def test_the_incident_has_its_name_and_makes_no_entity():
    event, *_ = events_of(
        [], status="active", description="Much", assignedTo="j.eide@halden.example"
    )
    fields = ("Name", "Message", "Severity", "CategoryOutcome")
    assert [*map(mapped(event).get, fields)] == [["Storm"], ["Much"], ["high"], ["active"]]
    assert entities(event) == set()


LEFT_BY_THE_ATTACK = [
    ("HOSTNAME", "hm-ws-0107.halden.example"), ("ADDRESS", "10.20.4.17"), ("ADDRESS", C2),
    ("USER", "a.holm"), ("USER", SENDER), ("USER", "b.nilsen@halden.example"),
    ("FILEHASH", PAYLOAD["sha256"]), ("FILENAME", "updater.exe"), ("PROCESS", "powershell.exe"),
    ("PROCESS", "EXCEL.EXE"), ("DOMAIN", C2_NAME), ("URL", LURE), ("SUBJECT", SUBJECT),
    ("SIGNATURE", "Trojan:Win32/Leafdrop.B!dha"), ("GENERIC", "Backup Operators"),
]  # fmt: skip


@pytest.mark.parametrize("entity", LEFT_BY_THE_ATTACK)
def test_the_attack_leaves_its_entities(entity):
    assert entity in {found for event in scenario_events("attack") for found in entities(event)}


def test_no_loopback_address_and_no_own_domain_of_a_device_is_an_entity():
    devices = [event for event in scenario_events("attack") if kind(event) == "deviceEvidence"]
    assert any(event["ipInterfaces_3"] == "127.0.0.1" for event in devices)
    found = {value for event in devices for _, value in entities(event)}
    assert not found & {"127.0.0.1", "::1", "halden.example", "HALDEN"}


def test_every_type_that_the_scenarios_show_makes_entities():
    events = [e for name in ("attack", "noisy", "awkward") for e in scenario_events(name)]
    seen = {kind(event) for event in events if event["event_type"] == "Evidence"}
    making = {kind(event) for event in events if entities(event, own=True)}
    assert set(NAMES) <= seen
    assert set(NAMES) - making == set(WITHOUT_ENTITY)
