"""The translator's functions of time, for times held in ticks (see `moments.py`).

Sources: the pages of these functions in the Kusto documentation.
"""

import re
from collections.abc import Callable
from typing import Any

from duckdb_kql import ir, translate
from duckdb_kql.params import normalize_type
from duckdb_kql.timespans import ticks
from duckdb_kql.translate import functions as known
from duckdb_kql.translate import quote_string

from defender_emulator.hunting.moments import DAY, EPOCH, SECOND
from defender_emulator.hunting.refusals import not_supported, semantic_error

_ELEMENT = re.compile(r"yyyy|yy|y|MM|M|dd|d|HH|H|hh|h|mm|m|ss|s|tt|f{1,7}|F{1,7}|[ /\-:,._\[\]]")
_TOO_LONG = re.compile(r"(?<!y)yyy(?!y)|y{5}|([MdHhmst])\1\1|f{8}|F{8}")
_STRFTIME = {
    "d": "%-d", "dd": "%d", "h": "%-I", "hh": "%I", "H": "%-H", "HH": "%H", "m": "%-M", "mm": "%M",
    "M": "%-m", "MM": "%m", "s": "%-S", "ss": "%S", "y": "%-y", "yy": "%y", "yyyy": "%Y", "tt": "%p",
}  # fmt: skip
_CALENDAR = ("year", "quarter", "month", "week", "day", "hour", "minute", "second")
_FRACTIONS = {"millisecond": 10_000, "microsecond": 10}
_FIELDS = {
    **{part: part for part in _CALENDAR if part != "week"}, "week_of_year": "week",
    "weekofyear": "week", "dayofyear": "dayofyear",
}  # fmt: skip

FUNCTIONS = {
    **{
        name: ((1,), f"CAST({part}(kql_plain({{0}})) AS INTEGER)")
        for name, part in (
            ("getyear", "year"), ("getmonth", "month"), ("monthofyear", "month"),
            ("dayofmonth", "day"), ("dayofyear", "dayofyear"), ("hourofday", "hour"),
            ("weekofyear", "weekofyear"), ("week_of_year", "weekofyear"),
        )
    },
    "dayofweek": ((1,), f"to_microseconds(dayofweek(kql_plain({{0}})) * {DAY})"),
    "todatetime": ((1,), "kql_to_moment({0})"),
    "unixtime_seconds_todatetime": ((1,), f"kql_at(CAST({{0}} AS DOUBLE) * {SECOND})"),
    "unixtime_milliseconds_todatetime": ((1,), "kql_at(CAST({0} AS DOUBLE) * 10000)"),
    "unixtime_microseconds_todatetime": ((1,), "kql_at(CAST({0} AS DOUBLE) * 10)"),
    "unixtime_nanoseconds_todatetime": ((1,), "kql_at(CAST({0} AS HUGEINT) // 100)"),
    "*bin_at_length*": (
        (3,),
        "to_microseconds(epoch_us({2}) + kql_below(epoch_us({0}) - epoch_us({2}), epoch_us({1})))",
    ),
    "*bin_at_span*": (
        (3,),
        "make_timestamp(epoch_us({2}) + kql_below(epoch_us({0}) - epoch_us({2}), epoch_us({1})))",
    ),
}  # fmt: skip
"""Functions that are a text of SQL, by their number of arguments."""


def _rendered(node: Any) -> str:
    return str(translate.render_expr(node))


def literal_span(text: str) -> str:
    """A timespan literal."""
    try:
        count = ticks(text)
    except ValueError as error:
        raise not_supported(f"the timespan literal '{text}' is not supported: {error}") from None
    return f"to_microseconds(CAST({count} AS BIGINT))"


def clock() -> str:
    """What `now()` is; the value bound is a count of ticks."""
    active = translate._ACTIVE_CLOCK_STATE.get()  # noqa: SLF001 - no public name
    assert active is not None  # noqa: S101 - pinned for each translation
    active.used = True
    return f"make_timestamp(CAST(${translate.CLOCK_SLOT} AS BIGINT))"


def binned(known_bin: Callable[..., str]) -> Callable[..., str]:
    """`bin` by a literal span, of a datetime or of a timespan."""

    def rendered(node: ir.FunctionCall, name: str = "bin") -> str:
        size = node.args[1] if len(node.args) == 2 else None
        if not isinstance(size, ir.Literal) or size.kind != "timespan":
            return known_bin(node, name)
        span = translate._is_timespan_expr(node.args[0])  # noqa: SLF001 - no public name
        made = "to_microseconds" if span else "make_timestamp"
        value = f"epoch_us({_rendered(node.args[0])})"
        return f"{made}(kql_below({value}, epoch_us({_rendered(size)})))"

    return rendered


def expanded(known_conversion: Callable[[str, str], str]) -> Callable[[str, str], str]:
    """`mv-expand ... to typeof(datetime)`: a text becomes a datetime, anything else null."""

    def converted(value: str, to_type: str) -> str:
        if to_type == "datetime":
            return f"CASE WHEN json_type({value}) = 'VARCHAR' THEN kql_moment({value} ->> '$') END"
        return known_conversion(value, to_type)

    return converted


def typed_rows(known_rows: Callable[[Any], str]) -> Callable[[Any], str]:
    """`datatable`: a text in a column of times is read as one."""
    made = {"datetime": "todatetime", "date": "todatetime", "timespan": "totimespan", "time": "totimespan"}  # fmt: skip

    def rendered(table: ir.DataTable) -> str:
        if not table.values or len(table.values) % table.arity:
            return known_rows(table)
        values = []
        for n, value in enumerate(table.values):
            name, kind = table.columns[n % table.arity]
            given = value.kind if isinstance(value, ir.Literal) and value.value is not None else ""
            if not _fits(given, normalize_type(kind)):
                raise semantic_error(f"datatable: a {given} is no value of the column '{name}'")
            reading = made.get(kind) if given == "string" else None
            values.append(ir.FunctionCall(reading, (value,)) if reading else value)
        return known_rows(ir.DataTable(table.columns, tuple(values)))

    return rendered


def _fits(given: str, kind: str) -> bool:
    """Whether a literal may stand in a column of a type: a time among times, a whole number among such."""
    if given in ("datetime", "timespan"):
        return given == kind
    return not (given == "real" and kind in ("int", "long"))


def counted_rows(known_range: Callable[[Any], str]) -> Callable[[Any], str]:
    """`range` of reals or of timespans: so many steps from the start."""

    def rendered(source: ir.RangeSource) -> str:
        ends = (source.start, source.stop, source.step)
        kinds = {end.kind for end in ends if isinstance(end, ir.Literal)}
        if kinds == {"timespan"}:
            start, stop, step = (f"epoch_us({_rendered(end)})" for end in ends)
            value = f"to_microseconds({start} + _n * {step})"
        elif kinds & {"real", "decimal"} and kinds <= {"real", "decimal", "long", "int"}:
            start, stop, step = (f"CAST({_rendered(end)} AS DOUBLE)" for end in ends)
            value = f"{start} + _n * {step}"
        else:
            return known_range(source)
        count = f"CAST(floor(({stop} - {start}) / {step} + 1e-9) AS BIGINT)"
        steps = f"list_transform(generate_series(0::BIGINT, {count}), lambda _n: {value})"
        return f"SELECT unnest({steps}) AS {translate.quote_ident(source.name)}"

    return rendered


_TICKS = (
    ("(epoch_us(CAST(_v AS INTERVAL)) * 10)", "epoch_us(CAST(_v AS INTERVAL))"),
    (f"(epoch_us(CAST(_v AS TIMESTAMP)) * 10 + {EPOCH})", f"(epoch_us(CAST(_v AS TIMESTAMP)) + {EPOCH})"),
)  # fmt: skip


def counted(known_form: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
    """`tolong` and the like: their ticks are what is held, not ten times it."""

    def rendered(node: ir.FunctionCall) -> str | None:
        sql = known_form(node)
        if sql is None:
            return None
        head = f"list_transform([{_rendered(node.args[0])}], lambda _v: "
        body = sql.removeprefix(head)
        for theirs, ours in _TICKS:
            assert theirs in body, "the translator is another one than this was written for"  # noqa: S101
            body = body.replace(theirs, ours)
        return head + body

    return rendered


def _argument(node: ir.FunctionCall, least: int, most: int) -> list[ir.Expr]:
    if not least <= len(node.args) <= most:
        raise semantic_error(f"{node.name}(): function expects {least}..{most} argument(s)")
    return list(node.args)


def _part(node: ir.Expr, name: str, parts: Any) -> str:
    text = str(node.value).lower() if isinstance(node, ir.Literal) else ""
    if not isinstance(node, ir.Literal) or node.kind != "string" or text not in parts:
        raise semantic_error(f"{name}(): the part must be one of {', '.join(parts)}")
    return text


_PERIODS = (*_CALENDAR, *_FRACTIONS, "nanosecond")


def datetime_add(node: ir.FunctionCall) -> str:
    """Calendar periods are added to what has a calendar, and the tick stays."""
    part, amount, moment = _argument(node, 3, 3)
    period, value, count = (
        _part(part, node.name, _PERIODS), _rendered(moment), f"CAST({_rendered(amount)} AS BIGINT)",
    )  # fmt: skip
    if period in _FRACTIONS:
        return f"({value} + to_microseconds({count} * {_FRACTIONS[period]}))"
    if period == "nanosecond":
        return f"({value} + to_microseconds({count} // 100))"
    moved = f"kql_held(kql_plain({value}) + to_{period}s({count}))"
    return f"({moved} + to_microseconds(kql_digit({value})))"


def datetime_diff(node: ir.FunctionCall) -> str:
    """How many boundaries of a period lie between two moments."""
    part, first, second = _argument(node, 3, 3)
    period, later, earlier = _part(part, node.name, _PERIODS), _rendered(first), _rendered(second)
    if period == "nanosecond":
        return f"((epoch_us({later}) - epoch_us({earlier})) * 100)"
    if period == "week":  # weeks begin on Sunday
        first_day, last_day = (
            f"kql_below(epoch_us({moment}) + {4 * DAY}, {7 * DAY})" for moment in (earlier, later)
        )
        return f"(({last_day} - {first_day}) // {7 * DAY})"
    return f"date_diff('{period}', kql_plain({earlier}), kql_plain({later}))"


def datetime_part(node: ir.FunctionCall) -> str:
    """A field of a moment; the fractions are those of its second."""
    part, moment = _argument(node, 2, 2)
    field = _part(part, node.name, (*_FIELDS, *_FRACTIONS, "nanosecond"))
    value = _rendered(moment)
    if field in _FIELDS:
        return f"CAST(date_part('{_FIELDS[field]}', kql_plain({value})) AS INTEGER)"
    ticks_in_second = f"((epoch_us({value}) % {SECOND} + {SECOND}) % {SECOND})"
    if field == "nanosecond":
        return f"CAST({ticks_in_second} * 100 AS INTEGER)"
    return f"CAST({ticks_in_second} // {_FRACTIONS[field]} AS INTEGER)"


def make_datetime(node: ir.FunctionCall) -> str:
    """`make_datetime(y, m, d [, h, mi [, s]])`, to the tick."""
    values = [f"CAST({_rendered(a)} AS BIGINT)" for a in _argument(node, 1, 6)[:5]]
    if len(node.args) not in (3, 5, 6):
        raise semantic_error(f"{node.name}(): function expects 3, 5 or 6 argument(s)")
    values += ["0::BIGINT"] * (5 - len(values))
    seconds = _rendered(node.args[5]) if len(node.args) == 6 else "0"
    year, month, day, hour, minute = values
    clock_read = f"TRY(make_timestamp({year}, {month}, {day}, {hour}, {minute}, 0.0))"
    return f"(kql_held({clock_read}) + {_seconds(seconds)})"


def _seconds(seconds: str) -> str:
    exact = f"floor(round(CAST({seconds} AS DOUBLE) * {SECOND}, 3))"
    return f"to_microseconds(CAST({exact} AS BIGINT))"


def make_timespan(node: ir.FunctionCall) -> str:
    """`make_timespan(h, m)`, with seconds, or with days before and seconds after."""
    values = [_rendered(a) for a in _argument(node, 2, 4)]
    days = values.pop(0) if len(values) == 4 else "0"
    hours, minutes, *seconds = values
    whole = f"CAST({days} AS BIGINT) * {DAY} + CAST({hours} AS BIGINT) * {3600 * SECOND}"
    whole += f" + CAST({minutes} AS BIGINT) * {60 * SECOND}"
    return f"(to_microseconds({whole}) + {_seconds(seconds[0] if seconds else '0')})"


def period(node: ir.FunctionCall) -> str:
    """`startofweek` and its like; a period ends one tick before the next begins."""
    moment, *given = _argument(node, 1, 2)
    unit = node.name.lower().removeprefix("startof").removeprefix("endof")
    plain = f"kql_plain({_rendered(moment)})"
    start = f"date_trunc('{unit}', {plain})"
    if unit == "week":
        start = f"(date_trunc('day', {plain}) - to_days(CAST(dayofweek({plain}) AS INTEGER)))"
    ends = node.name.lower().startswith("endof")
    offset = f"CAST({_rendered(given[0])} AS BIGINT)" if given else "0"
    step = "7 DAY" if unit == "week" else f"1 {unit.upper()}"
    moved = f"kql_held({start} + ({offset} + {int(ends)}) * INTERVAL {step})"
    return f"({moved} - to_microseconds(1))" if ends else moved


def format_datetime(node: ir.FunctionCall) -> str:
    """A moment in a format."""
    moment, form = _argument(node, 2, 2)
    text = translate.constant_string(form)
    if not text:
        raise semantic_error(
            f"{node.name}(): the format must be a string literal that is not empty"
        )
    elements = _ELEMENT.findall(text)
    if "".join(elements) != text or _TOO_LONG.search(text):
        raise semantic_error(f"{node.name}(): invalid format '{text}'")
    pieces = [_element(element) for element in elements]
    return (
        f"coalesce(list_transform([{_rendered(moment)}], lambda _t: {' || '.join(pieces)})[1], '')"
    )


def _element(element: str) -> str:
    if element[0] not in "fF":
        return f"strftime(kql_plain(_t), {quote_string(_STRFTIME.get(element, element))})"
    digits = f"substr(kql_text(_t), 21, {len(element)})"
    if element[0] == "f":
        return digits
    return f"rtrim({digits}, '0')"


def format_timespan(node: ir.FunctionCall) -> str:
    """A timespan in a format; the part that no element shows is left out."""
    span, form = _argument(node, 2, 2)
    text = translate.constant_string(form)
    elements = _SPAN_ELEMENT.findall(text or "")
    if not text or "".join(elements) != text:
        raise semantic_error(f"{node.name}(): invalid format '{text or ''}'")
    pieces = [_span_element(element) for element in elements]
    held = f"abs(epoch_us({_rendered(span)}))"
    return f"coalesce(list_transform([{held}], lambda _s: {' || '.join(pieces)})[1], '')"


_SPAN_ELEMENT = re.compile(r"d{1,8}|h{1,2}|H{1,2}|m{1,2}|s{1,2}|f{1,7}|F{1,7}|[ /\-:,._\[\]]")
_SPAN_PARTS = {
    "d": f"_s // {DAY}", "h": f"_s // {3600 * SECOND} % 24", "H": f"_s // {3600 * SECOND} % 24",
    "m": f"_s // {60 * SECOND} % 60", "s": f"_s // {SECOND} % 60",
}  # fmt: skip


def _span_element(element: str) -> str:
    kind, width = element[0], len(element)
    if kind in _SPAN_PARTS:
        shown = f"CAST({_SPAN_PARTS[kind]} AS VARCHAR)"
        return f"lpad({shown}, CAST(greatest({width}, length({shown})) AS INTEGER), '0')"
    if kind in "fF":
        digits = f"left(lpad(CAST(_s % {SECOND} AS VARCHAR), 7, '0'), {width})"
        return digits if kind == "f" else f"rtrim({digits}, '0')"
    return quote_string(element)


FORMS: dict[str, Callable[[ir.FunctionCall], str]] = {
    "datetime_add": datetime_add, "datetime_diff": datetime_diff, "datetime_part": datetime_part,
    "make_datetime": make_datetime, "make_timespan": make_timespan,
    "format_datetime": format_datetime, "format_timespan": format_timespan,
    "totimespan": lambda node: f"kql_to_span({_rendered(_argument(node, 1, 1)[0])})",
    "timespan": lambda node: f"kql_to_span({_rendered(_argument(node, 1, 1)[0])})",
    **{f"{end}of{unit}": period for end in ("start", "end") for unit in ("day", "week", "month", "year")},
}  # fmt: skip
"""Functions that are rendered by a function of Python."""

WRAPPED = ("tolong", "toint", "todouble", "toreal")
"""Functions of the translator whose SQL counts ticks."""


def install(replaced: Callable[[Any, str, Callable[[Any], Any]], None]) -> None:
    """Teach the translator; `replaced` puts a function in another's place."""
    replaced(translate, "_render_timespan_literal", lambda _known: literal_span)
    replaced(translate, "render_clock", lambda _known: clock)
    replaced(translate, "render_bin", binned)
    replaced(translate, "_mv_expand_convert", expanded)
    replaced(translate, "render_datatable", typed_rows)
    replaced(translate, "render_range", counted_rows)
    replaced(translate, "_kql_datetime_text", lambda _known: lambda sql: f"kql_text({sql})")
    replaced(translate, "_kql_timespan_text", lambda _known: lambda sql: f"kql_span_text({sql})")
    replaced(translate, "_TODATETIME", lambda _known: "kql_moment({0})")
    replaced(translate, "_TOTIMESPAN", lambda _known: "kql_span({0})")
    forms = translate._SPECIAL_FORMS  # noqa: SLF001 - no public name
    forms.update(FORMS)
    for name in WRAPPED:
        forms[name] = counted(forms[name])
    for name, (arities, sql) in FUNCTIONS.items():
        known.SCALAR_FUNCTIONS[name] = known.FunctionSpec(name, "template", sql, arities)
