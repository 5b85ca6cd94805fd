"""What a second independent reading found: each query with its rule and its answer or refusal."""

from emulator.tests.hunting.rules_scalar import Rule

_K = "print k = dynamic({'a': 'abc'})"
_PARTS = "datatable(g: string, v: long)['a', 1, 'a', 5, 'b', 2, 'b', 9] | partition by g"
_DAY = "datetime(2020-01-01)"

DYNAMIC: list[Rule] = [
    (
        f"{_K} | project replace_string(k.a, 'b', 'z'), trim('a', k.a), extract('^a(.)', 1, k.a), string_size(k.a)",
        "dynamic: a text is without its quotes where a text stands",
        [("azc", "bc", "b", 3)],
    ),
    (
        f"{_K} | project 'abc' in~ (k.a), 'abc' has_any (k.a), 'abc' hasprefix k.a, split('1abc2', k.a)",
        "dynamic: also as what is looked for",
        [(True, True, True, ["1", "2"])],
    ),
    (
        "print k = dynamic(['10.0.0.1']) | mv-expand k | project ipv4_is_private(k), parse_ipv4(k), ipv4_is_in_range(k, '10.0.0.0/8')",
        "dynamic: an address",
        [(True, 167772161, True)],
    ),
    (
        "print k = dynamic({'a': 'x=1;y=2'}) | parse k.a with 'x=' p: long ';y=' q: long | project p, q",
        "parse: of a dynamic text",
        [(1, 2)],
    ),
    (
        "datatable(d: dynamic)[dynamic({'u': 'Bob'})] | project coalesce(d.user, d.u) =~ 'bob', toupper(iff(true, d.u, d.x)), iff(true, d.u, d.x) startswith 'bo', coalesce(d.user, d.u) in~ ('bob')",
        "dynamic: what is chosen of dynamic values is one",
        [(True, "BOB", True, True)],
    ),
    (
        "datatable(a: string, l: dynamic)['x w', dynamic(['x', 'y']), 'q', dynamic(['Q'])] | project a has_any (l), a in~ (l), a !in~ (l), a has_all (l), a in (l)",
        "has_any, in: the values of a list in a column",
        [(True, False, True, False, False), (True, True, False, True, False)],
    ),
    (
        f"{_K} | extend z = k.a | project z in ((print q = 'abc')), z in~ ((print q = 'ABC')), z in ('abc')",
        "in: a dynamic text on the left",
        [(True, True, True)],
    ),
    (
        "datatable(d: dynamic)[dynamic([3, 1, 2])] | mv-apply d to typeof(long) on (order by d asc | summarize make_list(d))",
        "mv-apply: sorted within",
        [([1, 2, 3],)],
    ),
    (
        "datatable(d: dynamic)[dynamic({'a': 1, 't': '2020-01-01'})] | evaluate bag_unpack(d) : (a: string, t: datetime, z: long)",
        "bag_unpack: the types that are declared",
        [("1", "2020-01-01T00:00:00Z", None)],
    ),
    (
        "print array_iff(dynamic([1, 0, 50]), dynamic([1, 2, 3]), dynamic([4, 5, 6])), array_iff(dynamic([true, false, 'x', null]), dynamic([1, 2, 3, 4]), dynamic([5, 6, 7, 8]))",
        "array_iff: numbers are conditions, texts are none",
        [([1, 5, 3], [1, 6, None, None])],
    ),
    (
        "print array_concat(dynamic([1]), dynamic([2, null]), dynamic(['a'])), array_concat(dynamic([]), dynamic([1]))",
        "array_concat: of any values",
        [([1, 2, None, "a"], [1])],
    ),
    (
        'print parse_url(\'https://u:p@h.com:8080/a?x=1\').Host, parse_csv(\'a,"b,""c""",d\')',
        "parse_url, parse_csv: as their pages say",
        [("h.com", ["a", 'b,"c"', "d"])],
    ),
    (
        "print ipv4_is_in_any_range('1.2.3.4', dynamic(['x'])), ipv4_is_in_any_range('1.2.3.4', 'x', '1.2.3.0/24')",
        "ipv4_is_in_any_range: null where no range can be read",
        [(None, True)],
    ),
    (
        "print array_sum(dynamic(['1', 2])), array_sum(dynamic([true, 2])), array_sum(dynamic([1, 2.5]))",
        "array_sum: null if an element is no number",
        [(None, None, 3.5)],
    ),
    ("print x = range(1, 200, 1) | mvexpand x | count", "mvexpand: 128 values", [(128,)]),
    (
        "print a = range(1, 200, 1), limit = 5 | mvexpand limit = a | count",
        "mvexpand: a column may be called limit",
        [(128,)],
    ),
    (
        "let a = dynamic(['x']); let b = dynamic(['y']); let c = array_concat(a, b); print 'X q' has_any (c), 'Y' in~ (set_union(a, b)), 'y' in (c), 'q' in (c), 'x' has_any (bag_keys(dynamic({'x': 1})))",
        "has_any, in: lists that functions make",
        [(True, True, True, False, True)],
    ),
    (
        "let a = dynamic({'k': ['x'], 'm': 'y'}); print s = 'x' | project s in (a.k), s in (a['k']), s has_any (a.k), 'y' in (a.m), 'K' in~ (a.m)",
        "in: a list in a bag, and a value that is none",
        [(True, True, True, True, False)],
    ),
    (
        "print strcat(strcat(strcat(strcat(strcat('a', 1h), 1.5), true), dynamic([1])), int(null), 'z')",
        "strcat: each value as tostring writes it",
        [("a01:00:001.5True[1]z",)],
    ),
    (
        "datatable(n: long, s: string)[1, 'a', 200, 'b'] | project x = iff(n > 100, dynamic(null), s)",
        "iff: of a dynamic null and a text",
        [("a",), ("",)],
    ),
    ("print x = range(1, 200, 1) | mv-expand x | count", "mv-expand: all values", [(200,)]),
    (
        "print x = range(1, 200, 1) | mvexpand x limit 150 | count",
        "mvexpand: its limit",
        [(150,)],
    ),
]
TIMES: list[Rule] = [
    (
        f"datatable(u: timespan, t: datetime)[1h, {_DAY}] | summarize make_list(u * 2), make_set(u / 2), make_list(bin(u, 1h)), make_list(bin_at(t, 1d, {_DAY})), make_list_with_nulls(bin(u, 1h))",
        "make_list: of times that are calculated",
        [
            (
                ["02:00:00"],
                ["00:30:00"],
                ["01:00:00"],
                ["2020-01-01T00:00:00.0000000Z"],
                ["01:00:00"],
            )
        ],
    ),
    (
        "let f = (x: timespan) { x * 2 }; datatable(u: timespan)[1h] | summarize make_list(f(u))",
        "make_list: of what a function gives",
        [(["02:00:00"],)],
    ),
    (
        "datatable(u: timespan)[1h, timespan(null)] | summarize make_list_with_nulls(u), make_list(u)",
        "make_list_with_nulls: nulls are null",
        [(["01:00:00", None], ["01:00:00"])],
    ),
    (
        f"datatable(a: datetime, v: timespan)[{_DAY}, 1h] | make-series s = max(v) default=0s, m = max(a) default={_DAY} on a step 1d | project s, m",
        "make-series: of times",
        [(["01:00:00"], ["2020-01-01T00:00:00.0000000Z"])],
    ),
    (
        "datatable(a: timespan)[1h, 2h, 2h] | make-series n = count() on a from 0h to 3h step 1h",
        "make-series: on an axis of timespans",
        [([0, 1, 2], ["00:00:00", "01:00:00", "02:00:00"])],
    ),
    (
        "print todatetime('Sat, 8 Nov 14 15:05:02 GMT'), todatetime('8 Nov 14 15:05:02'), todatetime('08-Nov-14 15:05'), todatetime('Saturday, 08-Nov-14 15:05:02 GMT')",
        "datetime: the formats of RFC 822 and 850",
        [("2014-11-08T15:05:02Z",) * 2 + ("2014-11-08T15:05:00Z", "2014-11-08T15:05:02Z")],
    ),
    (
        "print format_datetime(datetime(2009-06-15 13:45:30.0001150), 'FFFFFFF'), format_datetime(datetime(2009-06-15 13:45:30.5), 'ss.FFF')",
        "format_datetime: F leaves noughts at the end away",
        [("000115", "30.5")],
    ),
    (
        "print isempty(format_datetime(datetime(null), 'yyyy')), format_timespan(time(null), 'hh') == ''",
        "string: never null, of a null time",
        [(True, True)],
    ),
    (
        "print -10s % 3s, 10s % -3s, make_datetime(2020, 2, 30), bin(1h, -1m)",
        "modulo is not negative; what is no date, and no size of a bin, is null",
        [("00:00:02", "00:00:01", None, None)],
    ),
]
SCALAR: list[Rule] = [
    (
        "print parse_version('10.0.19041.1') < parse_version('10.0.19041.2'), parse_version('1.2.3.4') == parse_version('1.2.3.5'), parse_version('1.2') > parse_version('1.1.9'), parse_version('x')",
        "parse_version: exact",
        [(True, False, True, None)],
    ),
    (
        "print has_ipv4_prefix('10.0.0.1,192.168.1.1', '192.168.'), has_any_ipv4_prefix('10.0.0.1 192.168.1.1', '1.', '192.168.'), has_ipv4_prefix('11.2.3.4', '1.2')",
        "has_ipv4_prefix: the second of two addresses",
        [(True, True, False)],
    ),
    (
        "print indexof_regex('abc', 'x'), indexof_regex('abab', 'b$'), indexof_regex('ab\\ncb', 'c'), indexof('abcdefg', 'cde', -5)",
        "indexof_regex: where the match begins; indexof: a start from the end",
        [(-1, 3, 3, 2)],
    ),
    (
        "print bin(5, -2), bin(7.5, -1.0), sqrt(-1), log(-1), log10(100), isnan(real(null)), isfinite(real(null))",
        "numbers: null where there is none; what is null is not NaN",
        [(None, None, None, None, 2.0, False, False)],
    ),
    (
        "print round(2.15, 1), round(0.15, 1), round(1.005, 2), round(1234.5, -2)",
        "round: the page's example",
        [(2.2, 0.2, 1.0, 1200.0)],
    ),
    (
        "print binary_shift_right(8, 64), binary_shift_right(8, 65), binary_shift_right(8, -1), bool(1), bool(0)",
        "shifts: by 64 is none, by less than none is null",
        [(8, 4, None, True, False)],
    ),
    (
        "print tohex(int(-1)), tohex(-1), format_ipv4(-1), format_ipv4('bad'), base64_encode_tostring('é')",
        "tohex: as wide as its number; format_ipv4: empty for no address",
        [("ffffffff", "ffffffffffffffff", "", "", "w6k=")],
    ),
    (
        "print toguid('74be27de-1e4e-49d9-b579-fe0b331d3642xyz'), ipv6_compare('bad', '::1'), ipv6_compare('::2', '::1')",
        "toguid: what follows is left away; ipv6_compare: null for no address",
        [("74be27de-1e4e-49d9-b579-fe0b331d3642", None, 1)],
    ),
    (
        "let f = (t: real) { t / 2 }; let g = (t: real = 1) { t / 2 }; print f(1), g(), f(3)",
        "let: a parameter has its type",
        [(0.5, 0.5, 1.5)],
    ),
    (
        "datatable(s: string, n: long)['hello', -2] | project substring(s, 1, 3), substring(s, n), substring(s, -3, 2), substring(s, -10), substring(s, 1, n), strcat(s, n, 'x')",
        "substring: from the end, and nothing before the beginning",
        [("ell", "lo", "ll", "", "", "hello-2x")],
    ),
]
TABULAR: list[Rule] = [
    (
        f"{_PARTS} (sort by v asc | extend r = row_number(), p = prev(v), c = row_cumsum(v)) | sort by g asc, v asc",
        "partition: window functions see one part",
        [("a", 1, 1, None, 1), ("a", 5, 2, 1, 6), ("b", 2, 1, None, 2), ("b", 9, 2, 2, 11)],
    ),
    (
        f"{_PARTS} (sort by v desc | extend r = row_number() | where r == 1 | project g, v) | sort by g asc",
        "partition: the first of each part",
        [("a", 5), ("b", 9)],
    ),
    (
        "datatable(k: long, s: string)[1, 'x'] | summarize b = maxif(s, k > 5), t = take_anyif(s, k > 5) by k | where b == '' and t == ''",
        "string: an aggregate that finds none is empty",
        [(1, "", "")],
    ),
    (
        "datatable(k: long, s: string)[] | summarize b = max(s), arg_max(k, s) | where b == '' and s == ''",
        "string: of no rows too",
        [("", None, "")],
    ),
    (
        "datatable(v: long, k: long, g: string)[1, 2, 'x', 3, 4, 'x'] | summarize (a, b) = arg_max(v, k), n = count() by g",
        "arg_max: names for its columns",
        [("x", 3, 4, 2)],
    ),
    (
        "datatable(v: long)[1, 2, 3] | summarize (low, high) = percentiles(v, 10, 90)",
        "percentiles: names for its columns",
        [(1, 3)],
    ),
    (
        "datatable(k: int)[1] | join (datatable(j: long)[1]) on $left.k == $right.j",
        "join: an int and a long",
        [(1, 1)],
    ),
]
REFUSED = [
    (
        f"let L = toscalar(print x = dynamic([1])); print x = {_DAY} | where x in (L)",
        "dynamic list",
    ),
    ("print 'B' in~ ('a', dynamic(['b']))", "list beside single values"),
    ("print 1.0 in (dynamic([1, 2]))", "real and a dynamic list"),
    ("print 5 in ('5')", "long and string"),
    (f"datatable(a: string)[{_DAY}]", "datetime"),
    ("datatable(a: dynamic)[1h]", "timespan"),
    ("datatable(a: long)[1.5]", "real"),
    ("let f = (a: string) { a }; print f(5)", "long, not string"),
    ("let f = (a: datetime) { a }; print f('2020')", "string, not datetime"),
    ("let f = (a: long) { range x from 1 to a step 1 }; f('x')", "string, not long"),
    ("print bool(2)", "bool(2)"),
    ("print datetime()", "datetime()"),
    ("print datetime(abc)", "datetime(abc)"),
    ("print datetime(2015-02-30)", "datetime(2015-02-30)"),
    ("datatable(d: dynamic)[dynamic({'a': 1})] | summarize count() by d", "group key 'd'"),
    ("datatable(d: dynamic)[dynamic({'a': 1})] | distinct d", "group key 'd'"),
    ("datatable(k: int)[1] | join (datatable(k: long)[1]) on k", "(int, long)"),
    ("datatable(k: guid)[] | lookup (datatable(k: string)[]) on k", "(guid, string)"),
    ("datatable(k: dynamic)[] | join (datatable(k: dynamic)[]) on k", "dynamic"),
    ("print parse_command_line('a', 'linux')", "windows"),
    ("print parse_command_line(@'a \"b \\\" c\"', 'windows')", "escaped quote"),
    ("print 1h * 1h", "timespan and timespan"),
    ("print extract_json('$..b', '{}')", "extract_json"),
    ("print extract_all('(a)(b)', dynamic([2]), 'ab')", "extract_all"),
    ("print a = 1 | extend (x, y) = a", "several names"),
    ("print bag_pack('a', 1, 'a', 2)", "a key twice"),
    ("print datetime(2026)", "datetime(2026)"),
    ("print datetime(2026-03-10 15)", "datetime(2026-03-10 15)"),
    ("print s = 'a' | project s.x", "not string"),
    ("datatable(d: dynamic)[dynamic(1)] | summarize sum(d)", "sum()"),
    ("print 2 in (dynamic([1, [2, 3]]))", "list within a list"),
    ("print parse_url('ftp://u@h/p')", "parse_url"),
    ("print parse_csv('a\"b,c')", "parse_csv"),
]
