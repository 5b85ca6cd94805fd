from datetime import UTC, datetime, timedelta

import pytest

from defender_emulator.answers import Refused
from defender_emulator.hunt import duration, timespan

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("", None),
        ("P1D", (NOW - DAY, NOW)),
        ("PT36H", (NOW - 1.5 * DAY, NOW)),
        ("2026-11-20", (datetime(2026, 11, 20, tzinfo=UTC), NOW)),
        ("2026-11-20T00:00:00Z/2026-11-21T00:00:00Z",
         (datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))),
        ("P1D/2026-11-21T00:00:00Z",
         (datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))),
        ("2026-11-20T00:00:00Z/P1D",
         (datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))),
    ],
)  # fmt: skip
def test_a_time_span_has_every_documented_form(text, expected):
    assert timespan(text, NOW) == expected


@pytest.mark.parametrize("text", ["soon", "a/b", "P1D/x", "P99999999999D"])
def test_what_is_no_time_span_is_refused(text):
    with pytest.raises(Refused, match="Invalid Timespan"):
        timespan(text, NOW)


@pytest.mark.parametrize("text", ["P", "PT", "", "1D"])
def test_what_is_no_duration_is_none(text):
    assert duration(text) is None


@pytest.mark.wire
@pytest.mark.parametrize("version", ["v1.0", "beta"])
@pytest.mark.parametrize(
    "spelling", ["runHuntingQuery", "microsoft.graph.security.runHuntingQuery"]
)
def test_hunting_answers_in_every_spelling(api, version, spelling):
    body = {"query": "AlertInfo | count", "TIMESPAN": "P1D", "workspaceId": "any"}
    found = api.post(f"/{version}/security/{spelling}", json=body).json()
    assert found["results"] == [{"Count": 15}]
    assert found["schema"] == [{"name": "Count", "type": "Int64"}]


@pytest.mark.wire
def test_a_query_that_cannot_be_is_refused_in_the_engines_words(api):
    answer = api.post("/v1.0/security/runHuntingQuery", json={"Query": "NoSuchTable | take 1"})
    assert answer.status_code == 400
    assert "Failed to resolve table or column expression named 'NoSuchTable'" in answer.text
