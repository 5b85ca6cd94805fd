"""What an independent reading found answered wrongly: each query with its rule and its answer."""

from emulator.tests.hunting.rules_scalar import Rule

_AB = "datatable(a: string)['x', \"it's\"]"

DYNAMIC: list[Rule] = [
    (
        f"{_AB} | summarize l = make_list(a) | extend s = tostring(l)",
        "tostring: of a dynamic value is its JSON",
        [(["x", "it's"], '["x","it\'s"]')],
    ),
    (
        "print s = 'a,b' | extend p = split(s, ',') | project t = tostring(p)",
        "tostring: of split is its JSON",
        [('["a","b"]',)],
    ),
    (
        "datatable(n: string, v: long)['a', 1, 'b', 2] | summarize make_list(bag_pack('n', n, 'v', v))",
        "make_list: of bags holds bags",
        [([{"n": "a", "v": 1}, {"n": "b", "v": 2}],)],
    ),
    (
        "print d = dynamic({'a': 'x'}) | summarize make_list(d.a)",
        "make_list: of dynamic texts",
        [(["x"],)],
    ),
    (
        "datatable(s: string)['', '{}'] | extend x = parse_json(s) | project isnull(x)",
        "isnull: parse_json of an empty text is null",
        [(True,), (False,)],
    ),
    (
        "print d = parse_json('{\"a\": null}') | project isnull(d.a), isnotnull(d.a)",
        "null: a null in JSON is null",
        [(True, False)],
    ),
    (
        "datatable(a: string)['[]', 'x'] | summarize make_set(a) | mv-expand s = set_a to typeof(string) | project s | sort by s asc",
        "make_set: texts are texts, whatever they look like",
        [("[]",), ("x",)],
    ),
    (
        "print l = split('a x', ' ') | where l has 'x' | project n = array_length(l)",
        "has: over a dynamic value",
        [(2,)],
    ),
    (
        "datatable(d: dynamic)[dynamic({'a': 'x'}), dynamic({'a': 6})] | where d.a == 6 | count",
        "==: a dynamic text is no number",
        [(1,)],
    ),
    (
        "print bag_keys(dynamic([1])), bag_has_key(dynamic({'a': {'b': 1}}), '$.a.b')",
        "bag_keys, bag_has_key: a path, and no bag",
        [(None, True)],
    ),
]
TEXTS: list[Rule] = [
    (
        "print base64_decode_tostring('w6k='), base64_decode_tostring('/w=='), base64_decode_tostring('no!')",
        "base64_decode_tostring: UTF-8; empty for what is none",
        [("é", "", "")],
    ),
    (
        "print replace_string(base64_decode_tostring('SABpAA=='), '\\0', '')",
        "base64_decode_tostring: of UTF-16 keeps the nulls",
        [("Hi",)],
    ),
    (
        "print replace(@'\\s+', '_', 'a b  c')",
        "replace: a regular expression, its text, the source",
        [("a_b_c",)],
    ),
    (
        "print 'aé1' matches regex @'^\\w+$', extract(@'(\\w+)', 1, 'naïve x'), replace_regex('aéb', @'[^\\w]', '_')",
        "regular expressions: \\w is of Unicode",
        [(True, "naïve", "aéb")],
    ),
    (
        "print extract_all(@'(\\w+)', 'Jürgen Müller'), '٣' matches regex @'\\d'",
        "regular expressions: \\d is of Unicode",
        [(["Jürgen", "Müller"], True)],
    ),
    (
        "print has_ipv4('a 127.0.0.256 b', '127.0.0.256'), has_ipv4_prefix('a 127.0.0.1 b', '127.0'), has_ipv4_prefix('a 127.0.0.256 b', '127.0.'), has_ipv4_prefix('a 127.0.0.1 b', '127.0.')",
        "has_ipv4: an address is valid, a prefix ends in a dot",
        [(False, False, False, True)],
    ),
    (
        "print url_encode('a b:c'), url_encode_component('a b:c')",
        "url_encode: + for a space, small hexadecimals",
        [("a+b%3ac", "a%20b%3ac")],
    ),
    (
        "print parse_csv('a,b\\nc,d'), parse_csv('\"a,1\",b')",
        "parse_csv: the first record alone",
        [(["a", "b"], ["a,1", "b"])],
    ),
]
NUMBERS: list[Rule] = [
    (
        "datatable(x: real, y: real)[1, 0, 0, 0, -1, 0] | project x / y",
        "division: of reals by nought",
        [("Infinity",), ("NaN",), ("-Infinity",)],
    ),
    (
        "datatable(x: real, y: real)[0, 0, 1, 2, 1, 0] | project r = x / y | sort by r desc",
        "sort: what is no number stands with the nulls",
        [("Infinity",), (0.5,), ("NaN",)],
    ),
    (
        "datatable(x: real, y: real)[0, 0, 1, 2] | project r = x / y | top 1 by r",
        "top: what is no number stands with the nulls",
        [(0.5,)],
    ),
    (
        "datatable(x: real, y: real)[0, 0, 1, 2] | project r = x / y | where r > 0.4 or r < 0.4",
        "comparing: what is no number is neither above nor below",
        [(0.5,)],
    ),
    (
        "datatable(i: int)[2147483647] | project i * 2, i + i",
        "numbers: int is calculated as long",
        [(4294967294, 4294967294)],
    ),
    (
        "let f = (a: long, b: long = 2) { a - b }; print f(b = 1, a = 10), f(5), f(a = 7)",
        "user-defined functions: arguments by name",
        [(9, 3, 5)],
    ),
    (
        "let f = (T: (x: long), a: long, b: long) { T | where x == a - b }; datatable(x: long)[9, -9] | invoke f(b = 1, a = 10)",
        "invoke: arguments by name",
        [(9,)],
    ),
    (
        "let f = (a: string, b: string) { print r = strcat(a, b) }; f(b = '2', a = '1')",
        "tabular functions: arguments by name",
        [("12",)],
    ),
]
COLUMNS: list[tuple[str, str, list[str]]] = [
    (
        "print ev = '(resourceName=P, totalSlices=27)' | parse ev with * 'resourceName=' resourceName ', totalSlices=' totalSlices: long ')'",
        "parse: columns in the order of the pattern",
        ["ev", "resourceName", "totalSlices"],
    ),
    (
        "datatable(b: bool)[true] | summarize countif(b)",
        "countif: named after its column",
        ["countif_b"],
    ),
]
STAR: list[Rule] = [
    (
        "datatable(x: long, k: string)[1, 'A', 2, 'a'] | summarize arg_max(x, *) by k = tolower(k)",
        "arg_max: * leaves out keys that are columns, and no others",
        [("a", 2, "a")],
    ),
    (
        "datatable(x: long, k: string)[1, 'A', 2, 'A'] | summarize arg_max(x, *) by k2 = k",
        "arg_max: a key by another name is left out too",
        [("A", 2)],
    ),
    (
        "datatable(x: long, t: datetime)[1, datetime(2026-01-01 10:00)] | summarize arg_max(x, *) by bin(t, 1d)",
        "arg_max: the exact time beside its bin",
        [("2026-01-01T00:00:00Z", 1, "2026-01-01T10:00:00Z")],
    ),
    ("range x from 1.0 to 2.0 step 0.5", "range: of reals", [(1.0,), (1.5,), (2.0,)]),
    (
        "range x from 1h to 2h step 30m",
        "range: of timespans",
        [("01:00:00",), ("01:30:00",), ("02:00:00",)],
    ),
    (
        "datatable(i: int)[2] | project gettype(round(i)), round(i)",
        "round: a whole number stays what it is",
        [("int", 2)],
    ),
]
REFUSED = [
    ("print d = dynamic({'a': 1}) | summarize max(d.a)", "dynamic"),
    ("datatable(d: dynamic)[dynamic(1)] | sort by d", "dynamic"),
    ("datatable(i: int)[1] | where i", "condition"),
    (
        "datatable(t: datetime)[datetime(2026-01-01)] | summarize t = max(t) | where t > '2026'",
        "datetime and string",
    ),
    (
        "datatable(t: datetime)[datetime(2026-01-01)] | where t in ('2026-01-01')",
        "datetime and string",
    ),
    ("datatable(t: datetime)[datetime(2026-01-01)] | extend y = substring(t, 0, 4)", "substring"),
    ("print format_datetime(datetime(2026-01-01), 'MMM')", "MMM"),
    ("print 'b' matches regex '[a-c&&[^b]]'", "&&"),
    (
        "datatable(d: dynamic)[dynamic({'a': 1})] | evaluate bag_unpack(d, columnsConflict='replace_source')",
        "columnsConflict",
    ),
    ("let f = (a: long) { a }; print f(x = 1)", "'x'"),
    ("print d = dynamic({'a': 1}) | project d.a + 1", "dynamic"),
]
"""Queries that are refused, and a word that their refusal has."""
