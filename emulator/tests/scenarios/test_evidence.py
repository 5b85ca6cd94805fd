import pytest
from emulator.tests.scenarios.reading import record_faults

from defender_emulator.scenarios import facts
from defender_emulator.scenarios.evidence import PREFIX, complex_value, evidence, examples

NAMES = facts.evidence_names()


def test_there_are_48_types_of_evidence():
    assert len(NAMES) == 48
    assert tuple(examples()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_an_example_fits_the_schema_and_fills_every_field(name):
    example = examples()[name]
    assert example["@odata.type"] == PREFIX + name
    assert record_faults(example, name) == []
    assert all(
        value not in (None, [], {}, "") for key, value in example.items() if not _own(name, key)
    )


def _own(name: str, key: str) -> bool:
    """A type that holds itself ends there."""
    kind = facts.properties(name).get(key, "").strip("[]!")
    return kind == name


@pytest.mark.parametrize("name", NAMES)
def test_nested_evidence_carries_its_own_type(name):
    for path, value in walk(examples()[name]):
        if "verdict" in value:
            assert value["@odata.type"].startswith(PREFIX), path


def walk(value, path=""):
    if isinstance(value, dict):
        yield path, value
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in items:
        yield from walk(inner, f"{path}/{key}")


def test_examples_are_made_anew_each_time():
    examples()["ipEvidence"]["ipAddress"] = "changed"
    assert examples()["ipEvidence"]["ipAddress"] != "changed"


def test_evidence_made_without_fields_holds_nothing():
    made = evidence("ipEvidence", "2026-01-02T03:04:05Z")
    assert record_faults(made, "ipEvidence") == []
    assert (made["ipAddress"], made["roles"], made["verdict"]) == (None, [], "unknown")


def test_a_field_of_another_type_is_refused():
    with pytest.raises(ValueError, match="ipEvidence has no property"):
        evidence("ipEvidence", "2026-01-02T03:04:05Z", url="https://a.example")
    with pytest.raises(ValueError, match="stream has no property"):
        complex_value("stream", title="x")


def test_enums_tell_the_members_that_came_later():
    assert "awaitingAction" in facts.later_members("incidentStatus")
    assert "active" in facts.enum_members("incidentStatus")
    assert "awaitingAction" not in facts.enum_members("incidentStatus")
