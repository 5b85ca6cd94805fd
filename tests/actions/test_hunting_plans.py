"""What query comes of which parameters; nothing is sent."""

import pytest

from defender365.actions.hunting import (
    ExecuteCustomQuery,
    ExecuteEntityQuery,
    ExecuteQuery,
    plan_custom_query,
    plan_entity_query,
    plan_query,
)
from defender365.actions.outcome import Scope
from defender365.core.entities import Entity, read_entity, values_of
from defender365.core.errors import BadInput
from tests.fakes import START

HOUR = (
    "| where Timestamp >= datetime(2026-11-24T11:00:00Z)"
    " and Timestamp <= datetime(2026-11-24T12:00:00Z)"
)


def scope(*entities: str) -> Scope:
    return Scope(START, tuple(map(read_entity, entities)))


def planned(**params) -> str:
    return plan_query(ExecuteQuery(**params), scope()).query


def test_a_table_alone_gets_the_last_hour_an_order_and_a_limit():
    assert (
        planned(table_names="AlertInfo")
        == f"AlertInfo\n{HOUR}\n| top 50 by Timestamp asc nulls last"
    )


def test_everything_a_query_can_have():
    found = planned(
        table_names="AlertInfo, AlertEvidence",
        query='| where Severity == "High" // now\n| where Category has "x" |',
        time_frame="Custom",
        start_time="2026-11-01T02:00:00+02:00",
        end_time="2026-11-02 00:00:00.1234567",
        fields_to_return="AlertId, Title",
        sort_field="Severity",
        sort_order="DESC",
        max_results_to_return=7,
    )
    assert found == (
        "union AlertInfo, AlertEvidence\n"
        "| where Timestamp >= datetime(2026-11-01T00:00:00Z)"
        " and Timestamp <= datetime(2026-11-02T00:00:00.1234567Z)\n"
        '| where Severity == "High" // now\n| where Category has "x"\n'
        "| top 7 by Severity desc nulls last\n"
        "| project AlertId, Title"
    )


@pytest.mark.parametrize(
    ("frame", "start", "end"),
    [
        ("Last 6 Hours", "2026-11-24T06:00:00Z", "<= datetime(2026-11-24T12:00:00Z)"),
        ("Last 24 Hours", "2026-11-23T12:00:00Z", "<= datetime(2026-11-24T12:00:00Z)"),
        ("Last Week", "2026-11-16T00:00:00Z", "< datetime(2026-11-23T00:00:00Z)"),
        ("Last Month", "2026-10-01T00:00:00Z", "< datetime(2026-11-01T00:00:00Z)"),
    ],
)
def test_a_time_frame_is_as_the_specification_says(frame, start, end):
    assert f">= datetime({start}) and Timestamp {end}" in planned(
        table_names="AlertInfo", time_frame=frame
    )


def test_tables_without_a_time_column_are_told_and_get_no_filter():
    plan = plan_query(ExecuteQuery(table_names="DeviceTvmSoftwareInventory"), scope())
    assert plan.query == "DeviceTvmSoftwareInventory\n| take 50"
    assert plan.notes == (
        "No time filter was applied to DeviceTvmSoftwareInventory, which has no time column.",
        "The rows are not sorted: not every table has a Timestamp column.",
    )


def test_each_table_gets_the_filter_that_fits_it():
    tables = "AlertInfo,DeviceTvmSoftwareInventory,CallActivityEvents"
    plan = plan_query(ExecuteQuery(table_names=tables), scope())
    assert "(AlertInfo | where Timestamp >= " in plan.query
    assert "    DeviceTvmSoftwareInventory,\n" in plan.query
    assert "(CallActivityEvents | where ActivityTimestamp >= " in plan.query


def test_a_table_with_another_clock_is_sorted_by_it():
    assert "top 50 by ActivityTimestamp asc" in planned(table_names="CallActivityEvents")


def test_a_pipe_that_drops_the_time_is_not_sorted_by_it():
    plan = plan_query(
        ExecuteQuery(table_names="AlertInfo", query="summarize count() by Severity"), scope()
    )
    assert plan.query.endswith("| summarize count() by Severity\n| take 50")
    assert "The rows are not sorted" in plan.notes[0]


def test_a_frame_before_the_history_is_told():
    plan = plan_query(
        ExecuteQuery(table_names="AlertInfo", time_frame="Custom", start_time="2026-01-01"), scope()
    )
    assert "30 days" in plan.notes[0]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"table_names": " , "}, '"Table Names" is mandatory'),
        ({"table_names": "Alert Info"}, '"Table Names": "Alert Info" is not a table name'),
        ({"table_names": "A;B"}, '"Table Names"'),
        ({"table_names": "A", "fields_to_return": "x y"}, '"Fields To Return"'),
        ({"table_names": "A", "sort_field": "a desc"}, '"Sort Field"'),
        ({"table_names": "A", "query": "where a == 1; B"}, "second statement"),
        ({"table_names": "A", "query": 'where a == "'}, "line 1"),
        (
            {"table_names": "A", "time_frame": "Custom"},
            '"Start Time" should be provided, when "Custom" is selected in "Time Frame" parameter.',
        ),
        ({"table_names": "A", "time_frame": "Custom", "start_time": "soon"}, '"Start Time"'),
        (
            {"table_names": "A", "time_frame": "Custom", "start_time": "2026-11-01",
             "end_time": "never"},
            '"End Time"',
        ),
    ],
)  # fmt: skip
def test_bad_input_is_told_by_name_before_anything_is_sent(params, said):
    with pytest.raises(BadInput) as caught:
        planned(**params)
    assert said in str(caught.value)


def entity_plan(*entities: str, **params):
    keys = {"table_names": "DeviceEvents", **params}
    return plan_entity_query(ExecuteEntityQuery(**keys), scope(*entities))


def condition(*entities: str, **params):
    plan = entity_plan(*entities, **params)
    assert plan is not None
    return next(line for line in plan.query.splitlines()[2:] if line.startswith("| where"))


def test_values_match_without_regard_to_case_and_each_once():
    found = condition("Host=WS-1", "host=ws-1", "Host=WS-2", hostname_entity_key="DeviceName")
    assert found == '| where DeviceName in~ ("WS-1", "WS-2")'


def test_a_value_cannot_leave_its_literal():
    found = condition('Host=x" or true //\\', hostname_entity_key="DeviceName")
    assert found == '| where DeviceName =~ "x\\" or true //\\\\"'


@pytest.mark.parametrize("operator", ["OR", "AND"])
def test_the_operator_stands_between_entity_types(operator):
    found = condition(
        "IP=192.0.2.1", "User=pat", "User=sam", "Hash=aa", "URL=http://x.example",
        ip_entity_key="RemoteIP", user_entity_key="AccountName", file_hash_entity_key="SHA1",
        url_entity_key="RemoteUrl", cross_entity_operator=operator,
    )  # fmt: skip
    between = f" {operator.lower()} "
    assert found == "| where " + between.join(
        [
            'RemoteIP =~ "192.0.2.1"',
            'SHA1 =~ "aa"',
            'AccountName in~ ("pat", "sam")',
            'RemoteUrl =~ "http://x.example"',
        ]
    )


def test_a_user_with_the_shape_of_an_address_goes_to_the_email_key():
    users = ("User=PAT@CONTOSO.EXAMPLE", "User=pat")
    found = condition(*users, user_entity_key="AccountName", email_address_entity_key="AccountUpn")
    assert found == '| where AccountName =~ "pat" or AccountUpn =~ "PAT@CONTOSO.EXAMPLE"'


def test_without_an_email_key_an_address_is_a_user_like_others():
    found = condition("User=pat@contoso.example", user_entity_key="AccountUpn")
    assert found == '| where AccountUpn =~ "pat@contoso.example"'


def test_without_enough_entities_there_is_no_query():
    keys = {"ip_entity_key": "RemoteIP", "file_hash_entity_key": "SHA1"}
    assert entity_plan("IP=192.0.2.1", **keys) is None
    assert entity_plan("IP=192.0.2.1", **keys, stop_if_not_enough_entities=False) is not None
    assert entity_plan(**keys, stop_if_not_enough_entities=False) is None
    assert entity_plan("IP=192.0.2.1") is None


def test_a_key_is_checked_as_a_name():
    with pytest.raises(BadInput, match='"IP Entity Key"'):
        entity_plan("IP=192.0.2.1", ip_entity_key="Remote IP")


def test_a_custom_query_gets_its_limit_wherever_that_belongs():
    found = plan_custom_query(
        ExecuteCustomQuery("let a = AlertInfo | take 5; a | summarize count() | render piechart;"),
        scope(),
    )
    assert found.query == (
        "let a = AlertInfo | take 5; a | summarize count()\n| take 50\n| render piechart"
    )


@pytest.mark.parametrize("text", ["nonsense", "Host", "Host=", "=x", "Planet=Mars"])
def test_an_entity_is_written_type_equals_value(text):
    with pytest.raises(BadInput, match="TYPE=VALUE"):
        read_entity(text)


def test_an_entity_keeps_its_spelling_and_the_first_one_counts():
    assert read_entity("url= http://x/?a=b ") == Entity("URL", "http://x/?a=b")
    assert values_of([Entity("Host", "Ä"), Entity("Host", "ä")]) == ("Ä",)
