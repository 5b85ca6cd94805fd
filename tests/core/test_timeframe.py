import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from defender365.core import timeframe
from defender365.core.errors import BadInput
from defender365.core.timeframe import (
    NO_TIME,
    BadInstant,
    BadTimeFrame,
    Frame,
    Instant,
    StartTimeMissing,
    from_ticks,
    graph_ticks,
    parse_graph,
    parse_instant,
    resolve,
    ticks_to_ms,
)

NOW = datetime(2026, 11, 24, 13, 45, 30, 123456, tzinfo=UTC)  # a Tuesday
TICKS = st.integers(timeframe._FIRST_TICK, timeframe._LAST_TICK)


def at(text: str) -> Instant:
    return parse_instant(text, "Start Time")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-01-02", "2026-01-02T00:00:00Z"),
        ("2026-01-02T03:04", "2026-01-02T03:04:00Z"),
        ("2026-01-02T03:04:05", "2026-01-02T03:04:05Z"),
        ("2026-01-02 03:04:05", "2026-01-02T03:04:05Z"),
        ("2026-01-02t03:04:05z", "2026-01-02T03:04:05Z"),
        ("  2026-01-02T03:04:05Z\n", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05Z"),
        ("2026-01-02T03:04:05 +0200", "2026-01-02T01:04:05Z"),
        ("2026-01-02T03:04:05-02", "2026-01-02T05:04:05Z"),
        ("2026-01-02T03:04+05:30", "2026-01-01T21:34:00Z"),
        ("2026-01-02T03:04:05.1Z", "2026-01-02T03:04:05.1Z"),
        ("2026-01-02T03:04:05,5Z", "2026-01-02T03:04:05.5Z"),
        ("2026-01-02T03:04:05.1234567Z", "2026-01-02T03:04:05.1234567Z"),
        ("2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.1234567Z"),
        ("2026-01-02T03:04:05.0000000Z", "2026-01-02T03:04:05Z"),
        ("2024-02-29T23:59:59.9999999-00:00", "2024-02-29T23:59:59.9999999Z"),
        ("0001-01-01", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999Z"),
    ],
)
def test_a_time_is_read_in_every_form_of_iso_8601_that_people_type(typed, meant):
    assert at(typed).isoformat() == meant


@pytest.mark.parametrize(
    "typed",
    [
        "", "yesterday", "24.11.2026", "2026-13-01", "2026-02-30", "2025-02-29", "2026-01-02T24:00",
        "2026-01-02T03:60", "2026-01-02T03:04:60Z", "2026-01-02T03:04:05+24:00",
        "2026-01-02T03:04:05+02:60", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05.1234567890Z",
        "2026-01-02Z", "0000-01-01", "0001-01-01T00:00+01:00", "9999-12-31T23:59-01:00",
        "٢٠٢٦-01-02", "2026-01-02T03:04:05 UTC", "2026-W15-1", "x" * 10_000,
    ],
)  # fmt: skip
def test_what_is_no_time_is_told_with_the_parameter_the_value_and_an_example(typed):
    with pytest.raises(BadInstant) as caught:
        at(typed)
    message = str(caught.value)
    assert message.startswith('"Start Time" is not a date and time in ISO 8601: "')
    assert typed[:40] in message
    assert len(message) < 200
    assert "2026-01-31T08:00:00Z" in message


@given(st.text())
@example("2026-01-02T03:04:05+99")
def test_any_text_is_an_instant_or_a_bad_instant(text):
    with suppress(BadInstant):
        assert isinstance(at(text), Instant)


def test_a_bad_instant_is_bad_input_and_a_bad_value():
    assert issubclass(BadInstant, BadInput)
    assert issubclass(BadInstant, ValueError)


@given(
    st.from_regex(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?[+-][0-9]{2}", fullmatch=True
    )
)
def test_numbers_that_are_out_of_range_give_no_other_error(text):
    with suppress(BadInstant):
        at(text)


@given(TICKS)
def test_an_instant_is_written_and_read_without_loss(ticks):
    text = from_ticks(ticks)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,6}[1-9])?Z", text)
    assert at(text).ticks == ticks
    assert Instant.of_ticks(ticks).to_kql() == f"datetime({text})"
    assert graph_ticks(text) == (ticks if ticks >= 0 else NO_TIME)


@given(TICKS, TICKS)
def test_instants_are_ordered_as_their_ticks(one, other):
    assert (Instant.of_ticks(one) < Instant.of_ticks(other)) is (one < other)
    assert (Instant.of_ticks(one) == Instant.of_ticks(other)) is (one == other)


def test_an_instant_is_kept_in_utc():
    berlin = timezone(timedelta(hours=2))
    assert Instant(datetime(2026, 1, 2, 3, tzinfo=berlin)).isoformat() == "2026-01-02T01:00:00Z"


def test_an_instant_needs_a_zone():
    with pytest.raises(ValueError, match="needs a time zone"):
        Instant(datetime(2026, 1, 1))  # noqa: DTZ001 - a naive one is the point


@pytest.mark.parametrize("tick", [-1, 10])
def test_a_tick_is_one_digit(tick):
    with pytest.raises(ValueError, match="seventh digit"):
        Instant(NOW, tick)


@pytest.mark.parametrize("ticks", [timeframe._FIRST_TICK - 1, timeframe._LAST_TICK + 1, 10**30])
def test_ticks_outside_the_calendar_are_refused(ticks):
    with pytest.raises(ValueError, match="years 1 to 9999"):
        from_ticks(ticks)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("2021-04-12T07:25:00Z", "2021-04-12T07:25:00Z"),
        ("2021-04-12T07:25:00", "2021-04-12T07:25:00Z"),
        ("2021-04-12T07:25:00.Z", "2021-04-12T07:25:00Z"),
        ("2021-04-12T07:25:00.1", "2021-04-12T07:25:00.1Z"),
        ("2021-04-12T07:25:00.123Z", "2021-04-12T07:25:00.123Z"),
        ("2021-04-12T07:25:00.0333333Z", "2021-04-12T07:25:00.0333333Z"),
        ("2021-04-12T07:25:00.1234567+02:00", "2021-04-12T05:25:00.1234567Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
    ],
)
def test_microsofts_timestamps_are_read_to_the_tick(sent, read):
    assert from_ticks(graph_ticks(sent)) == read
    instant = parse_graph(sent)
    assert instant is not None
    assert instant.isoformat() == read


@pytest.mark.parametrize(
    "sent",
    [
        None, 17, "", "soon", "2021-04-12", "2021-04-12 07:25:00Z", "2021-04-32T07:25:00Z",
        "2021-04-12T07:25:00.12345678Z", "0001-01-01T00:00:00Z", "1969-12-31T23:59:59.9999999Z",
        "0001-01-01T00:00:00+05:00", "2021-04-12T07:25:00+99:00", "2021-04-12T07:25:00Z\n", {},
    ],
)  # fmt: skip
def test_what_is_no_timestamp_or_stands_for_none_is_no_time(sent):
    assert graph_ticks(sent) == NO_TIME
    assert parse_graph(sent) is None


@given(st.text() | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]*)?[Z+0-9:]*"))
def test_reading_a_timestamp_never_raises(text):
    assert graph_ticks(text) >= NO_TIME


def test_milliseconds_are_rounded_down():
    assert ticks_to_ms(graph_ticks("1970-01-01T00:00:01.0019999Z")) == 1001


@pytest.mark.parametrize(
    ("choice", "hours"), [("Last Hour", 1), ("Last 6 Hours", 6), ("Last 24 Hours", 24)]
)
def test_hours_roll_back_from_now(choice, hours):
    frame = resolve(choice, None, None, NOW)
    assert frame == Frame(Instant(NOW - timedelta(hours=hours)), Instant(NOW), includes_end=True)


@pytest.mark.parametrize(
    ("now", "start", "end"),
    [
        (NOW, "2026-11-16", "2026-11-23"),
        (datetime(2026, 11, 23, tzinfo=UTC), "2026-11-16", "2026-11-23"),
        (datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC), "2026-11-09", "2026-11-16"),
        (datetime(2026, 1, 1, tzinfo=UTC), "2025-12-22", "2025-12-29"),
        (
            datetime(2026, 11, 23, 1, tzinfo=timezone(timedelta(hours=2))),
            "2026-11-09",
            "2026-11-16",
        ),
    ],
)
def test_last_week_is_the_calendar_week_before_monday_to_monday_in_utc(now, start, end):
    assert resolve("Last Week", None, None, now) == Frame(at(start), at(end), includes_end=False)


@pytest.mark.parametrize(
    ("now", "start", "end"),
    [
        (NOW, "2026-10-01", "2026-11-01"),
        (datetime(2026, 1, 31, 5, tzinfo=UTC), "2025-12-01", "2026-01-01"),
        (datetime(2024, 3, 1, tzinfo=UTC), "2024-02-01", "2024-03-01"),
    ],
)
def test_last_month_is_the_calendar_month_before(now, start, end):
    assert resolve("Last Month", "x", "y", now) == Frame(at(start), at(end), includes_end=False)


def test_only_a_custom_frame_looks_at_the_times():
    assert resolve("Last Hour", "nonsense", "2001-01-01", NOW).end == Instant(NOW)


def test_a_custom_frame_keeps_both_its_ends():
    frame = resolve("Custom", "2026-11-01T00:00:00.0000001Z", " 2026-11-02 ", NOW)
    assert frame == Frame(at("2026-11-01T00:00:00.0000001Z"), at("2026-11-02"), includes_end=True)


@pytest.mark.parametrize("end", [None, "", "  "])
def test_a_custom_frame_ends_now_unless_told(end):
    assert resolve("Custom", "2026-11-01", end, NOW).end == Instant(NOW)


def test_a_custom_frame_may_be_one_instant_or_end_in_the_future():
    assert resolve("Custom", "2026-11-01", "2026-11-01", NOW).start == at("2026-11-01")
    assert resolve("Custom", "2026-11-01", "2027-01-01", NOW).end == at("2027-01-01")


@pytest.mark.parametrize("start", [None, "", " \t"])
def test_a_custom_frame_needs_a_start_in_the_words_of_the_specification(start):
    with pytest.raises(StartTimeMissing) as caught:
        resolve("Custom", start, "2026-11-01", NOW)
    assert str(caught.value) == (
        '"Start Time" should be provided, when "Custom" is selected in "Time Frame" parameter.'
    )


def test_a_start_after_the_end_is_told_with_both():
    with pytest.raises(BadTimeFrame, match=r'2026-11-03T00:00:00Z is after "End Time" 2026-11-02'):
        resolve("Custom", "2026-11-03", "2026-11-02", NOW)


def test_a_start_in_the_future_is_told_with_the_time_it_is():
    with pytest.raises(BadTimeFrame, match=r"is in the future; it is 2026-11-24T13:45:30.123456Z"):
        resolve("Custom", "2026-11-25", None, NOW)


def test_a_bad_end_names_the_end():
    with pytest.raises(BadInstant, match='"End Time"'):
        resolve("Custom", "2026-11-03", "later", NOW)


def test_there_are_no_other_choices():
    with pytest.raises(BadTimeFrame, match=r'one of Last Hour, .*Custom; not "Last Year"'):
        resolve("Last Year", None, None, NOW)


def test_a_frame_within_microsofts_history_needs_no_note():
    assert resolve("Last Week", None, None, NOW).note(NOW) is None
    assert resolve("Custom", "2026-10-25T13:45:30.123456Z", None, NOW).note(NOW) is None


def test_a_frame_that_begins_before_microsofts_history_has_a_note():
    note = resolve("Last Month", None, None, NOW).note(NOW)
    assert note == (
        "Microsoft keeps 30 days of advanced hunting data: the time frame begins before"
        " 2026-10-25 13:45 UTC, and nothing older can be found."
    )


def test_a_frame_that_ends_before_microsofts_history_finds_nothing():
    note = resolve("Custom", "2026-01-01", "2026-02-01", NOW).note(NOW)
    assert note is not None
    assert note.endswith("lies before 2026-10-25 13:45 UTC, so no events can be found.")
