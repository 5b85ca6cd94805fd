from emulator.tests.scenarios.reading import record_faults

from defender_emulator.scenarios import records

CREATED = "2026-03-10T08:00:00Z"


def test_an_incident_and_an_alert_have_every_property():
    assert record_faults(records.incident("7", "t", CREATED), "incident") == []
    assert record_faults(records.alert("da1", "7", "t", CREATED), "alert") == []


def test_the_product_follows_from_the_service_unless_it_is_given():
    assert records.alert("a", "7", "t", CREATED)["productName"] == "Microsoft Defender XDR"
    named = records.alert("a", "7", "t", CREATED, productName="Own rules")
    assert named["productName"] == "Own rules"


def test_categories_follow_from_the_category_unless_they_are_given():
    assert records.alert("a", "7", "t", CREATED, category="Malware")["categories"] == ["Malware"]
    both = records.alert("a", "7", "t", CREATED, category="Malware", categories=["Impact"])
    assert both["categories"] == ["Impact"]
    assert records.alert("a", "7", "t", CREATED)["categories"] == []
