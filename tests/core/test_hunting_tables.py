import pytest

from defender365.core.hunting_tables import KNOWN_TABLES, TIME_COLUMN, suggest, time_column


def test_every_documented_table_is_known():
    assert len(KNOWN_TABLES) == 65
    assert set(TIME_COLUMN.values()) == {"Timestamp", "ActivityTimestamp", None}


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("AlertInfo", "Timestamp"),
        ("DeviceProcessEvents", "Timestamp"),
        ("CallActivityEvents", "ActivityTimestamp"),
        ("DeviceTvmSoftwareInventory", None),
        ("ExposureGraphNodes", None),
        ("TableOfTomorrow", "Timestamp"),
    ],
)
def test_each_table_has_its_time_column_and_an_unknown_one_the_usual(table, column):
    assert time_column(table) == column


def test_the_mapping_cannot_be_changed():
    with pytest.raises(TypeError):
        TIME_COLUMN["AlertInfo"] = None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("alertinfo", ("AlertInfo",)),
        ("GraphAPIAuditEvents", ("GraphApiAuditEvents",)),
        ("AlertInfo", ()),
        ("Zebra", ()),
    ],
)
def test_a_name_in_another_case_means_that_table_alone(typed, meant):
    assert suggest(typed) == meant


def test_a_misspelt_table_is_recognised():
    assert suggest("DeviceProcesEvents")[0] == "DeviceProcessEvents"
    assert len(suggest("DeviceEvent")) <= 3
