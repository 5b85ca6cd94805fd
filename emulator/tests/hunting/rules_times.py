"""Times to the tick: each query with the rule it rests on, and the answer by hand."""

from emulator.tests.hunting.rules_scalar import Rule

_TICKS = (
    "datatable(t: datetime)[datetime(2026-01-01 00:00:00.0000001), datetime(2026-01-01 00:00:00.0000002),"
    " datetime(2026-01-01)]"
)

TICKS: list[Rule] = [
    (
        f"{_TICKS} | summarize dcount(t), min(t), max(t)",
        "datetime: ticks of 100 ns are told apart",
        [(3, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.0000002Z")],
    ),
    (
        f"{_TICKS} | where t > datetime(2026-01-01 00:00:00.0000001)",
        "datetime: compared by ticks",
        [("2026-01-01T00:00:00.0000002Z",)],
    ),
    (
        f"{_TICKS} | where t == datetime(2026-01-01) | count",
        "datetime: equal only when the ticks are",
        [(1,)],
    ),
    (
        f"{_TICKS} | sort by t asc | project n = tolong(t) % 10",
        "tolong(datetime): ticks since the year 1",
        [(0,), (1,), (2,)],
    ),
    (
        "print datetime(2026-01-01 00:00:00.0000001) - datetime(2026-01-01), 1tick, 150tick",
        "timespan literals: a tick is 100 ns",
        [("00:00:00.0000001", "00:00:00.0000001", "00:00:00.0000150")],
    ),
    (
        "print datetime(2026-01-01) + 1tick, datetime(2026-01-01) - 1tick",
        "datetime arithmetic: to the tick",
        [("2026-01-01T00:00:00.0000001Z", "2025-12-31T23:59:59.9999999Z")],
    ),
    (
        "print todatetime('2026-01-01T02:00:00.1234567+02:00'), totimespan('-1.02:03:04.1234567')",
        "todatetime, totimespan: seven digits",
        [("2026-01-01T00:00:00.1234567Z", "-1.02:03:04.1234567")],
    ),
    (
        "print tostring(datetime(2026-01-01 00:00:00.1234567)), tostring(12345678tick), strcat('', 1d + 1tick)",
        "tostring: seven digits",
        [("2026-01-01T00:00:00.1234567Z", "00:00:01.2345678", "1.00:00:00.0000001")],
    ),
    (
        "print datetime(0001-01-01), datetime(9999-12-31 23:59:59.9999999)",
        "datetime: the first and the last tick",
        [("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z")],
    ),
    (
        "print endofday(datetime(2026-01-01)), endofmonth(datetime(2024-02-10)), endofweek(datetime(2026-01-01)), endofyear(datetime(2026-01-01), -1)",
        "endofday: the last tick of the period",
        [
            (
                "2026-01-01T23:59:59.9999999Z",
                "2024-02-29T23:59:59.9999999Z",
                "2026-01-03T23:59:59.9999999Z",
                "2025-12-31T23:59:59.9999999Z",
            )
        ],
    ),
    (
        "print bin(datetime(2026-01-01 00:00:00.0000019), 1microsecond), bin(15tick, 4tick), bin(datetime(1969-12-31 23:59:59.9999999), 1h)",
        "bin: down to a multiple, to the tick, before 1970 too",
        [("2026-01-01T00:00:00.000001Z", "00:00:00.0000012", "1969-12-31T23:00:00Z")],
    ),
    (
        "print datetime_part('millisecond', t), datetime_part('microsecond', t), datetime_part('nanosecond', t), datetime_part('second', t) | take 1".replace(
            "print ", "print t = datetime(2017-10-30 01:02:03.7654321) | project "
        ),
        "datetime_part: fractions are those of the second",
        [(765, 765432, 765432100, 3)],
    ),
    (
        "print datetime_diff('week', datetime(2017-10-29 00:00), datetime(2017-09-30 23:59)), datetime_diff('millisecond', datetime(2017-10-30 23:00:10.200100), datetime(2017-10-30 23:00:10.100900)), datetime_diff('nanosecond', datetime(2017-10-30 23:00:10), datetime(2017-10-30 23:00:10.0000007))",
        "datetime_diff: boundaries passed; weeks begin on Sunday",
        [(5, 100, -700)],
    ),
    (
        "print datetime_add('month', 1, datetime(2026-01-31 00:00:00.0000001)), datetime_add('nanosecond', 250, datetime(2026-01-01)), datetime_add('millisecond', -1, datetime(2026-01-01))",
        "datetime_add: by the calendar, the tick stays",
        [
            (
                "2026-02-28T00:00:00.0000001Z",
                "2026-01-01T00:00:00.0000002Z",
                "2025-12-31T23:59:59.999Z",
            )
        ],
    ),
    (
        "print make_datetime(2017, 10, 1, 12, 11, 10.1234567), make_timespan(1, 12, 30, 55.123), make_timespan(1, 12)",
        "make_datetime, make_timespan: to the tick",
        [("2017-10-01T12:11:10.1234567Z", "1.12:30:55.1230000", "01:12:00")],
    ),
    (
        "print format_datetime(datetime(2026-01-02 15:04:05.1234567), 'yyyy-MM-dd HH:mm:ss.fffffff'), format_timespan(time(29.09:00:05.12345), 'ddd.h:mm:ss [fffffff]')",
        "format_datetime, format_timespan: up to seven digits",
        [("2026-01-02 15:04:05.1234567", "029.9:00:05 [1234500]")],
    ),
    (
        "print unixtime_seconds_todatetime(1546300899), unixtime_milliseconds_todatetime(1546300899123), unixtime_microseconds_todatetime(1546300899123456), unixtime_nanoseconds_todatetime(1546300899123456789)",
        "unixtime_*_todatetime",
        [
            (
                "2019-01-01T00:01:39Z",
                "2019-01-01T00:01:39.123Z",
                "2019-01-01T00:01:39.123456Z",
                "2019-01-01T00:01:39.1234567Z",
            )
        ],
    ),
    (
        "print unixtime_seconds_todatetime(1700000000000), todatetime('infinity'), todatetime('epoch'), todatetime('12345-01-01')",
        "datetime: none outside the years 1 to 9999",
        [(None, None, None, None)],
    ),
    (
        "datatable(t: timespan)[1h, 2h] | summarize sum(t), avg(t), max(t)",
        "sum, avg: of timespans",
        [("03:00:00", "01:30:00", "02:00:00")],
    ),
    (
        "datatable(t: datetime)[datetime(2026-01-01), datetime(2026-01-03)] | summarize avg(t)",
        "avg: of datetimes",
        [("2026-01-02T00:00:00Z",)],
    ),
    (
        "datatable(a: timespan)[1h] | project a / 2, a * 1.5, 2 * a, a / 30m, a % 7m",
        "timespan arithmetic: scaled, divided, the rest",
        [("00:30:00", "01:30:00", "02:00:00", 2.0, "00:04:00")],
    ),
    (
        "datatable(t: datetime, s: timespan)[datetime(2026-01-01), 1h] | summarize make_list(t), make_set(s), make_list_if(t, true)",
        "make_list: a time is text in a dynamic value",
        [(["2026-01-01T00:00:00.0000000Z"], ["01:00:00"], ["2026-01-01T00:00:00.0000000Z"])],
    ),
    (
        "print range(datetime(2026-01-01), datetime(2026-01-02), 12h)",
        "range(): of datetimes",
        [
            (
                [
                    "2026-01-01T00:00:00.0000000Z",
                    "2026-01-01T12:00:00.0000000Z",
                    "2026-01-02T00:00:00.0000000Z",
                ],
            )
        ],
    ),
    (
        "datatable(t: datetime, d: dynamic)[datetime(2026-01-01), dynamic('2026-01-01T00:00:00.0000001Z')] | summarize t = max(t), d = take_any(d) | project d - t, t - d",
        "a dynamic value beside a datetime is read as one",
        [("00:00:00.0000001", "-00:00:00.0000001")],
    ),
    (
        "print bin_at(time(1h), 1d, 12h), bin_at(datetime(2026-01-01 05:00), 1d, datetime(2025-12-31 12:00))",
        "bin_at: of a timespan or a datetime",
        [("-12:00:00", "2025-12-31T12:00:00Z")],
    ),
    (
        "datatable(t: datetime)['2026-01-01 00:00:00.1234567'] | project t",
        "datatable: a text in a column of datetimes",
        [("2026-01-01T00:00:00.1234567Z",)],
    ),
    (
        "datatable(t: datetime, v: long)[datetime(2026-01-01 00:00:00.0000005), 1, datetime(2026-01-01 00:00:00.0000015), 2] | make-series sum(v) on t from datetime(2026-01-01) to datetime(2026-01-01 00:00:00.0000020) step 10tick",
        "make-series: steps of ticks",
        [([1, 2], ["2026-01-01T00:00:00.0000000Z", "2026-01-01T00:00:00.0000010Z"])],
    ),
    (
        "print now() - ago(1tick), now(1tick) > now()",
        "now, ago: to the tick",
        [("00:00:00.0000001", True)],
    ),
]
