import pytest

from defender365.core.kql_shape import keeps_column
from defender365.core.kql_text import QueryNotUnderstood


@pytest.mark.parametrize(
    "pipe",
    [
        "",
        'DeviceName has "x"',
        "| where A | extend B = 1 | take 5 | sort by A | top 5 by B | serialize | as X",
        "| project Timestamp, Title",
        "| project Title, ['Timestamp']",
        "| project Timestamp = now(), Title",
        "| project bin(Timestamp, 1h), Title",
        "| project-keep Title, Timestamp",
        "| project-away Title, X",
        "| project-reorder Title",
        "| project-rename X = Title",
        '| project-rename ["Timestamp"] = Title',
        "| distinct *",
        "| distinct Timestamp, Title",
        "| summarize count() by Timestamp",
        "| summarize count() by bin(Timestamp, 1h), Title",
        "| summarize count() by Timestamp = startofday(Timestamp)",
        "| summarize arg_max(Timestamp, *) by DeviceId",
        "| summarize take_any(Timestamp) by DeviceId",
        "| summarize Timestamp = max(Timestamp) by DeviceId",
        "| join kind=leftanti (B | summarize count() by Title) on Title",
        "| lookup B on Title",
        "| union B",
        "| invoke FileProfile(SHA1)",
        "| parse Title with * 'x' Rest",
        "| mv-expand X | mv-apply Y on (summarize count()) | render timechart",
        "| where A | | where B",
    ],
)
def test_a_pipe_that_certainly_keeps_the_column(pipe):
    assert keeps_column(pipe, "Timestamp")


@pytest.mark.parametrize(
    "pipe",
    [
        "| count",
        "| getschema",
        "| evaluate bag_unpack(A)",
        "| make-series count() on Timestamp step 1h",
        "| project Title",
        "| project timestamp",
        '| project "Timestamp"',
        "| project X = Timestamp",
        "| project X = bin(Timestamp, 1h)",
        "| project-keep Title, Time*",
        "| project-away Timestamp",
        '| project-away Title, ["Timestamp"]',
        "| project-away Time*",
        "| project-rename X = Timestamp",
        "| project-rename X = ['Timestamp']",
        "| distinct Title",
        "| summarize count() by Title",
        "| summarize by X = bin(Timestamp, 1h)",
        "| summarize max(Timestamp), make_set(bin(Timestamp, 1h)) by Title",
        "| summarize bin(1h, Timestamp), bin(-Timestamp, 1h), f(Timestamp)",
        "| summarize (Timestamp, X) = arg_max(Timestamp, Title)",
        "| join kind=rightsemi B on Title",
        "| union kind=inner B",
        "| invoke f()",
        "| invoke",
        "| parse Title with 'a' Timestamp 'b'",
        "| where A | project Title | extend B = Timestamp",
        "| project Title | project Timestamp",
        "| where A | frobnicate",
    ],
)
def test_a_pipe_that_drops_the_column_or_may_do_so(pipe):
    assert not keeps_column(pipe, "Timestamp")


def test_a_pipe_that_cannot_be_read_is_told():
    with pytest.raises(QueryNotUnderstood):
        keeps_column("where (A", "Timestamp")
