"""Times in the engine: one tick of Kusto, 100 ns, is held as one microsecond of DuckDB.

Kusto counts ticks, DuckDB no finer than microseconds. So every datetime and timespan in the tables
and in translated queries is ten times as far from 1970, or from nought, as it says. Comparing,
adding, binning and ordering do not mind; reading and writing text, and all that knows a calendar,
go through the macros below. `held` is such a value, `plain` one as DuckDB understands it, which
has no seventh digit.

Sources: "The datetime data type" and "The timespan data type" of the Kusto documentation: years 1
to 9999, ticks of 100 ns.
"""

from datetime import date, timedelta

SECOND = 10_000_000
DAY = 86_400 * SECOND
EPOCH = 621_355_968_000_000_000
"""Ticks from the year 1, from which Kusto counts, to 1970."""
FIRST = -EPOCH
LAST = 2_534_023_007_999_999_999
"""The first and the last tick of the years 1 to 9999."""
_FORMATS = (
    "%m-%d-%Y", "%m/%d/%Y", "%m.%d.%Y", "%m-%d-%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S",
    *(
        f"{day} %H:%M{second}{zone}"
        for day in ("%a, %d %b %y", "%d %b %y", "%A, %d-%b-%y", "%d-%b-%y")
        for second in (":%S", "")
        for zone in ("", " GMT")
    ),
    "%-d %b %Y", "%b %-d, %Y", "%a, %d %b %Y %H:%M:%S GMT", "%Y%m%d",
)  # fmt: skip
"""Beside those of ISO 8601: of a date alone, of RFC 822 and of RFC 850."""
_SPAN = r"^\s*(-?)(?:(\d+)\.)?(\d+):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7})\d*)?)?\s*$"


def _number(part: str) -> str:
    return f"coalesce(TRY_CAST(nullif(_p.{part}, '') AS BIGINT), 0)"


_SPAN_TICKS = (
    f"(CASE WHEN _p.sign = '-' THEN -1 ELSE 1 END) * ({_number('day')} * {DAY}"
    f" + {_number('hour')} * {3600 * SECOND} + {_number('minute')} * {60 * SECOND}"
    f" + {_number('second')} * {SECOND}"
    " + coalesce(TRY_CAST(rpad(nullif(_p.part, ''), 7, '0') AS BIGINT), 0))"
)
_SPAN_TEXT = (
    "CASE WHEN _s < 0 THEN '-' ELSE '' END"
    f" || CASE WHEN abs(_s) >= {DAY} THEN (abs(_s) // {DAY}) || '.' ELSE '' END"
    f" || lpad(CAST(abs(_s) // {3600 * SECOND} % 24 AS VARCHAR), 2, '0')"
    f" || ':' || lpad(CAST(abs(_s) // {60 * SECOND} % 60 AS VARCHAR), 2, '0')"
    f" || ':' || lpad(CAST(abs(_s) // {SECOND} % 60 AS VARCHAR), 2, '0')"
    f" || CASE WHEN _s % {SECOND} <> 0"
    f" THEN '.' || lpad(CAST(abs(_s) % {SECOND} AS VARCHAR), 7, '0') ELSE '' END"
)
_WHOLE = "typeof(v) LIKE '%INT%' OR typeof(v) = 'BOOLEAN'"
_REAL = "typeof(v) IN ('DOUBLE', 'FLOAT') OR typeof(v) LIKE 'DECIMAL%'"

MACROS = {
    "kql_below(a, n)": "CASE WHEN n > 0 THEN a - ((a % n) + n) % n END",
    "kql_ticks(x)": "to_microseconds(CAST(x AS BIGINT))",
    "kql_at(n)": f"CASE WHEN n BETWEEN {FIRST} AND {LAST} THEN make_timestamp(CAST(n AS BIGINT)) END",
    "kql_digit(t)": "(epoch_us(t) % 10 + 10) % 10",
    "kql_plain(t)": "make_timestamp((epoch_us(t) - kql_digit(t)) // 10)",
    "kql_held(p)": "make_timestamp(epoch_us(p) * 10)",
    "kql_text(t)": "strftime(kql_plain(t), '%Y-%m-%dT%H:%M:%S.%f') || kql_digit(t) || 'Z'",
    "kql_span_text(s)": f"list_transform([epoch_us(s)], lambda _s: {_SPAN_TEXT})[1]",
    # A text of another calendar's year, of "infinity" or of "epoch" is no datetime.
    "kql_checked(p)": "CASE WHEN isfinite(p) AND year(p) BETWEEN 1 AND 9999 THEN p END",
    "kql_moment(x)": (
        "list_transform([CAST(x AS VARCHAR)], lambda _m: CASE WHEN regexp_matches(_m, '[0-9]') THEN coalesce("
        "kql_held(kql_checked(TRY_CAST(_m AS TIMESTAMPTZ) AT TIME ZONE 'UTC'))"
        " + to_microseconds(coalesce(TRY_CAST(nullif(regexp_extract(_m, ':\\d\\d\\.\\d{6}(\\d)', 1), '')"
        " AS BIGINT), 0)),"
        f" kql_held(kql_checked(try_strptime(_m, [{', '.join(repr(f) for f in _FORMATS)}]))))"
        " END)[1]"
    ),
    "kql_span(x)": (
        f"list_transform([regexp_extract(CAST(x AS VARCHAR), '{_SPAN}',"
        " ['sign', 'day', 'hour', 'minute', 'second', 'part'])], lambda _p:"
        f" CASE WHEN _p.hour <> '' THEN to_microseconds({_SPAN_TICKS}) END)[1]"
    ),
    "kql_from_real(r)": (
        "CASE WHEN isnan(r) OR isinf(r) OR abs(r) >= 9.2e18 THEN NULL"
        " ELSE to_microseconds(CAST(trunc(r) AS BIGINT)) END"
    ),
    "kql_from_json(j)": (
        "CASE json_type(j) WHEN 'VARCHAR' THEN kql_span(j ->> '$')"
        " WHEN 'DOUBLE' THEN kql_from_real(TRY_CAST(j AS DOUBLE))"
        " WHEN 'BOOLEAN' THEN to_microseconds(CAST(TRY_CAST(j AS BOOLEAN) AS BIGINT))"
        " ELSE to_microseconds(TRY_CAST(j AS BIGINT)) END"
    ),
    "kql_to_moment(v)": (
        "CASE typeof(v) WHEN 'TIMESTAMP' THEN TRY_CAST(v AS TIMESTAMP)"
        " WHEN 'JSON' THEN kql_moment(v ->> '$') ELSE kql_moment(v) END"
    ),
    "kql_to_span(v)": (
        "CASE WHEN typeof(v) = 'INTERVAL' THEN TRY_CAST(v AS INTERVAL)"
        " WHEN typeof(v) = 'JSON' THEN kql_from_json(TRY_CAST(v AS JSON))"
        f" WHEN typeof(v) = 'TIMESTAMP' THEN to_microseconds(epoch_us(TRY_CAST(v AS TIMESTAMP)) + {EPOCH})"
        f" WHEN {_REAL} THEN kql_from_real(TRY_CAST(v AS DOUBLE))"
        f" WHEN {_WHOLE} THEN to_microseconds(TRY_CAST(v AS BIGINT)) ELSE kql_span(v) END"
    ),
    # The database takes a comma before a bracket, and nan and inf for numbers; JSON has neither.
    "kql_loose(t)": (
        "CASE WHEN regexp_matches(t, ',\\s*[\\]}]|[nN][aA][nN]|[iI][nN][fF]') THEN regexp_matches("
        "regexp_replace(t, '\"(\\\\.|[^\"\\\\])*\"', '\"\"', 'g'), '(?i),\\s*[\\]}]|nan|inf')"
        " ELSE false END"
    ),
    # The database's word boundaries are those of ASCII, the language's those of Unicode.
    "kql_words(t)": (
        "CASE WHEN regexp_matches(regexp_replace(t, '[\\x00-\\x7F]+', '', 'g'), '[\\p{L}\\p{M}\\p{Nd}\\p{Pc}]')"
        " THEN error('kql: ''\\b'' in a regular expression, over a text with letters that are not ASCII')"
        " ELSE t END"
    ),
    "kql_no_user(t)": (
        "CASE WHEN regexp_matches(t, '^[A-Za-z][A-Za-z0-9+.-]*://[^/?#:@]*@')"
        " THEN error('kql: ''parse_url'' of an address with a user and no password') ELSE t END"
    ),
    "kql_no_quotes(t)": (
        "CASE WHEN regexp_matches(regexp_replace(t, '\"([^\"]|\"\")*\"(,|$|[\\r\\n])', '', 'g'), '\"')"
        " THEN error('kql: ''parse_csv'' of a quote within a field') ELSE t END"
    ),
    "kql_steps(a, b)": (
        "CASE WHEN b - a < 1048576 THEN b ELSE error('kql: ''make-series'' of more than 1048576 steps') END"
    ),
    "kql_json(x)": (
        "CASE WHEN NOT kql_loose(CAST(x AS VARCHAR)) THEN json(TRY_CAST(x AS JSON)) END"
    ),
    "kql_as_text(v)": (
        "CASE typeof(v) WHEN 'JSON' THEN coalesce(TRY_CAST(v AS JSON) ->> '$', '')"
        " WHEN 'TIMESTAMP' THEN kql_text(TRY_CAST(v AS TIMESTAMP))"
        " WHEN 'INTERVAL' THEN kql_span_text(TRY_CAST(v AS INTERVAL)) ELSE CAST(v AS VARCHAR) END"
    ),
    "kql_list(v)": (
        "CASE WHEN typeof(v) <> 'JSON' THEN to_json([CAST(v AS VARCHAR)])"
        " WHEN json_type(TRY_CAST(v AS JSON)) = 'ARRAY' THEN TRY_CAST(v AS JSON)"
        " ELSE to_json([TRY_CAST(v AS JSON) ->> '$']) END"
    ),
    "kql_cell(v)": (
        "CASE typeof(v) WHEN 'TIMESTAMP' THEN to_json(kql_text(TRY_CAST(v AS TIMESTAMP)))"
        " WHEN 'INTERVAL' THEN to_json(kql_span_text(TRY_CAST(v AS INTERVAL))) ELSE to_json(v) END"
    ),
}
"""What each macro is, by its name and parameters.

`kql_below` is the next multiple of n at or below a; `kql_cell` a value as a dynamic one holds it.
"""


def definitions() -> list[str]:
    """The statements that make the macros."""
    return [f"CREATE MACRO {head} AS ({body})" for head, body in MACROS.items()]


def moment_text(ticks: int) -> str | None:
    """Ticks since 1970 as hunting answers write a datetime: UTC, zeros at the end trimmed.

    None for a moment outside the years 1 to 9999, which is no datetime.
    """
    if not FIRST <= ticks <= LAST:
        return None
    days, rest = divmod(ticks, DAY)
    seconds, part = divmod(rest, SECOND)
    fraction = f".{part:07d}".rstrip("0").rstrip(".")
    return f"{_day(days)}T{_clock(seconds)}{fraction}Z"


def span_text(ticks: int) -> str:
    """Ticks as .NET writes a time span: `-1.02:03:04.5000000`."""
    days, rest = divmod(abs(ticks), DAY)
    seconds, part = divmod(rest, SECOND)
    sign, day = "-" if ticks < 0 else "", f"{days}." if days else ""
    return f"{sign}{day}{_clock(seconds)}" + (f".{part:07d}" if part else "")


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _day(days: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=days)).isoformat()
