"""What is told of a query before it is sent."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from defender365.core.kql_check import check, position, without_time
from defender365.core.near_names import near_names
from defender365.stores.hunts import builtin_schema

SCHEMA = builtin_schema()
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def told(text: str) -> list[tuple[str, str, str]]:
    """Weight, words and the text it is about."""
    return [(f.severity, f.message, text[f.start : f.end]) for f in check(text, SCHEMA, now=NOW)]


GOOD = [
    "AlertInfo | where Severity == 'High' | project Timestamp, Title",
    "DeviceProcessEvents | summarize dcount(DeviceId), make_set(FileName) by AccountName"
    " | where dcount_DeviceId > 1 | project set_FileName",
    "let since = 7d; let T = DeviceEvents | where Timestamp > ago(since); T | count",
    "let f = (name:string) { DeviceInfo | where DeviceName == name }; f('x') | take 1",
    "EmailEvents | join kind=inner (EmailUrlInfo | project NetworkMessageId, Url) on"
    " NetworkMessageId | extend At = Timestamp, Other = NetworkMessageId1",
    "union withsource = T DeviceFileEvents, DeviceProcessEvents | summarize count() by T",
    "DeviceNetworkEvents | extend (a, b) = series_fit_line(dynamic([1, 2])) | where a < b",
    "DeviceEvents | parse AdditionalFields with * 'x' Found:string 'y' * | project Found",
    "print x = 1 | extend y = x + 1",
    "range n from 1 to 3 step 1 | where n > 1",
    "DeviceInfo | extend bag = parse_json(AdditionalFields) | evaluate bag_unpack(bag) | where Whatever == 1",
    "DeviceInfo | invoke FileProfile('SHA1', 100) | where GlobalPrevalence < 5",
    "IdentityInfo | mv-expand x = Tags to typeof(string) | distinct x",
    "AlertInfo | extend d = parse_json(AttackTechniques) | where d.Whatever.deep[0] == 'x'",
    "AlertInfo | top-nested 3 of Category by n = count() | where n > 1",
    "AlertInfo // comment with DeviceProcesEvents\n| take 5",
    "AlertInfo | where Title has 'externaldata(x)' and Title !in~ ('a', 'b')",
    "AlertInfo | render piechart with (title = 'x')",
    "['AlertInfo'] | take 1",
    "AlertInfo | where Timestamp >= datetime(2026-11-20) and Timestamp < datetime(2027-01-01)",
    "AlertInfo | extend d = datetime_diff('day', now(), datetime(2020-01-01))",
    "datatable(a:long, b:string)[1, 'x'] | where a == 1 and b == 'x'",
]


@pytest.mark.parametrize("text", GOOD)
def test_there_is_nothing_to_say_against_a_good_query(text):
    assert told(text) == []


@pytest.mark.parametrize(
    ("text", "severity", "words", "about"),
    [
        ("DeviceProcesEvents | take 1", "warning",
         'Unknown table "DeviceProcesEvents". Did you mean DeviceProcessEvents?',
         "DeviceProcesEvents"),
        ("alertinfo | take 1", "warning", 'Unknown table "alertinfo". Did you mean AlertInfo?',
         "alertinfo"),
        ("AlertInfo | join (AlertEvidenc | take 1) on AlertId", "warning",
         'Unknown table "AlertEvidenc". Did you mean AlertEvidence?', "AlertEvidenc"),
        ("union AlertInfo, DeviceInf", "warning",
         'Unknown table "DeviceInf". Did you mean DeviceInfo?', "DeviceInf"),
        ("AlertInfo | where severity == 'High'", "warning",
         'Unknown column "severity". Did you mean Severity?', "severity"),
        ("DeviceInfo | project DeviceNam", "warning",
         'Unknown column "DeviceNam". Did you mean DeviceName?', "DeviceNam"),
        ("AlertInfo | extend t = toloweer(Title)", "warning",
         'Unknown function "toloweer". Did you mean tolower?', "toloweer"),
        ("DeviceTvmSoftwareInventory | where Timestamp > ago(1d)", "warning",
         "DeviceTvmSoftwareInventory has no Timestamp: its rows cannot be told by time.",
         "Timestamp"),
        ("AlertInfo | where Timestamp >= datetime(2026-01-01)", "warning",
         "Advanced hunting keeps 30 days: older rows are not there.", "datetime(2026-01-01)"),
        ("AlertInfo | where Timestamp > ago(60d)", "warning",
         "Advanced hunting keeps 30 days: older rows are not there.", "60d"),
        ("AlertInfo | take 1; DeviceInfo | take 1", "warning",
         "A second query starts here: only one result comes back. Send it by itself.",
         "DeviceInfo"),
        ("externaldata(a:string)['https://x.example/y'] | take 1", "warning",
         "externaldata reads data from outside advanced hunting.", "externaldata"),
        (".show tables", "error",
         "Control commands are refused. A query starts with a table, not with a dot.", "."),
        ("AlertInfo | where Title == 'x", "error",
         "The text that starts here is not closed on its line, or has an unknown escape in it."
         " Close it with ', and write each backslash twice, or put @ before the first quote.", "'"),
        ("AlertInfo | where (Title == 'x'", "error",
         'This "(" is not closed. Close it with ")".', "("),
        ("let a = 1;", "error", "Nothing is asked for: write the query that uses the let statements.",
         "let a = 1;"),
        ("", "error", "There is no query.", ""),
        ("// only a comment", "error", "There is no query.", ""),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(text, severity, words, about):
    found = told(text)
    assert (severity, words, about) in found
    assert len(found) == 1


def test_the_place_is_a_line_and_a_column():
    text = "AlertInfo\r\n| where\n  Severty == 'High'"
    (finding,) = check(text, SCHEMA, now=NOW)
    assert position(text, finding.start) == (3, 3)


def test_findings_come_in_the_order_of_the_text():
    text = "DeviceInfo | extend a = foo(1), b = bar(2) | where Timestamp > ago(90d)"
    starts = [finding.start for finding in check(text, SCHEMA, now=NOW)]
    assert starts == sorted(starts)
    assert len(starts) == 3


def test_a_tables_own_columns_of_a_tenant_are_no_error():
    text = "DeviceInfo | where Fresh == 1"
    assert told(text)
    schema = {**SCHEMA, "DeviceInfo": {**SCHEMA["DeviceInfo"], "Fresh": "long"}}
    assert check(text, schema, now=NOW) == []


@given(st.text() | st.text(alphabet="AlertInfo|(){}[]\"'`~=.;, \n\\//!@#$letwhr0123", max_size=60))
def test_nothing_typed_makes_it_fail(text):
    for finding in check(text, SCHEMA, now=NOW):
        assert 0 <= finding.start <= finding.end <= max(len(text), finding.start + 1)
        position(text, finding.start)


def test_tables_without_a_time_are_known():
    assert without_time(["AlertInfo", "DeviceTvmSoftwareInventory", "X"], SCHEMA) == [
        "DeviceTvmSoftwareInventory"
    ]


def test_the_nearest_name_may_be_none():
    assert near_names("Zebra", SCHEMA, most=2, cutoff=0.7) == ()
