import pytest
from hypothesis import given
from hypothesis import strategies as st

from defender_emulator.graph import ALERT_FIELDS
from defender_emulator.odata import BadQuery, parse_filter, parse_order
from defender_emulator.ticks import moment_of, stamp, ticks_of

RECORD = {
    "status": "inProgress", "severity": "high", "assignedTo": None, "classification": "unknown",
    "lastUpdateDateTime": "2026-01-02T03:04:05.1234567Z",
    "evidence": [{"@odata.type": "#microsoft.graph.security.userEvidence",
                  "userAccount": {"userPrincipalName": "pat@contoso.example"}}, None],
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("status eq 'InProgress'", True),
        ("status ne 'inprogress'", False),
        ("assignedTo eq null", True),
        ("assignedTo ne null", False),
        ("assignedTo gt 'a'", False),
        ("lastUpdateDateTime ge 2026-01-02T03:04:05.1234567Z", True),
        ("lastUpdateDateTime gt 2026-01-02T03:04:05.1234567Z", False),
        ("lastUpdateDateTime gt 2026-01-02T03:04:05.1234566Z", True),
        ("lastUpdateDateTime lt 2026-01-02T05:04:05.1234568+02:00", True),
        ("lastUpdateDateTime le 2026-01-01", False),
        ("severity eq 'low' or severity eq 'high' and status eq 'resolved'", False),
        ("(severity eq 'low' or severity eq 'high') and not (status eq 'resolved')", True),
        ("not status eq 'resolved'", True),
        ("severity in ('low', 'HIGH')", True),
        ("assignedTo eq 'it''s'", False),
        ("evidence/any(e: e/microsoft.graph.security.userEvidence/userAccount/userPrincipalName eq"
         " 'PAT@contoso.example')", True),
        ("evidence/any(e:e/microsoft.graph.security.ipEvidence/ipAddress eq '192.0.2.1')", False),
    ],
)  # fmt: skip
def test_the_grammar_that_clients_use(text, kept):
    assert parse_filter(text, ALERT_FIELDS)(RECORD) is kept


@pytest.mark.parametrize(
    "text",
    ["incidentId eq '1'", "status", "status eq", "status like 'x'", "status eq 5", "(status eq 'a'",
     "status eq 'a' garbage", "status eq 'a", "lastUpdateDateTime ge 'x'", "severity in 'x'",
     "lastUpdateDateTime ge 2026-13-01", "status eq x", "§", "evidence/any(e: x/y eq 'z')",
     "evidence/any(e: e/t/a ne 'z')", "(" * 60 + "status eq 'a'" + ")" * 60, "not " * 60],
)  # fmt: skip
def test_what_cannot_be_is_refused(text):
    with pytest.raises(BadQuery):
        parse_filter(text, ALERT_FIELDS)


words = st.sampled_from(
    ["status", "eq", "and", "or", "not", "(", ")", "'x'", "null", "2026-01-01", "in", ",", "5",
     "evidence/any", ":", "e", "lastUpdateDateTime", "ge", "'"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=40), st.lists(words, max_size=12).map(" ".join)))
def test_any_text_is_a_filter_or_refused(text):
    try:
        kept = parse_filter(text, ALERT_FIELDS)(RECORD)
    except BadQuery:
        return
    assert kept in {True, False}


@pytest.mark.parametrize("text", ["", "status up", "nothing", "status asc desc", ","])
def test_a_bad_order_is_refused(text):
    with pytest.raises(BadQuery):
        parse_order(text, ALERT_FIELDS)


def test_an_order_has_keys_and_directions():
    assert parse_order("severity desc, status", ALERT_FIELDS) == [
        ("severity", True),
        ("status", False),
    ]


@pytest.mark.parametrize(
    "text", [None, 5, "", "soon", "2026-02-30T00:00:00Z", "2026-01-01T25:00:00Z"]
)
def test_what_is_no_time_has_no_ticks(text):
    assert ticks_of(text) is None


def test_times_come_and_go():
    moment = moment_of("2026-01-02T03:04:05.100000Z")
    assert stamp(moment) == "2026-01-02T03:04:05.1Z"
    assert moment_of("x") is None
    assert ticks_of("2026-01-02T03:04Z") == ticks_of("2026-01-02 03:04:00")
