"""Views, lists in order, decimals and types: each query with its rule and its answer or refusal."""

from emulator.tests.hunting.rules_scalar import Rule

_VIEWS = "let V1 = view () { print x = 1 }; let V2 = view () { print x = 2 }; let Vn = print x = 3;"
_PATHS = (
    r"datatable(p: string)[@'C:\temp\file.txt', @'temp\file.txt', 'file://C:/temp/file.txt:some.exe',"
    r" @'\\shared\users\temp\file.txt.gz', '/usr/lib/temp/file.txt']"
)

NAMED: list[Rule] = [
    (
        "let V = view () { print x = 'needle' }; search 'needle' | project x, ['$table']",
        "search: looks into views",
        [("needle", "V")],
    ),
    (
        "let ['my view'] = view () { print x = 'a b' }; search in (['my view']) 'b'",
        "search: a view of any name",
        [("my view", "a b")],
    ),
    (
        f"{_VIEWS} find withsource=S in (V*) where x > 1 project x",
        "find: a wildcard finds views, and no other let",
        [("V2", 2)],
    ),
    (
        f"{_VIEWS} union withsource=S V* | sort by x asc",
        "union: a wildcard finds views, and no other let",
        [("V1", 1), ("V2", 2)],
    ),
    (
        f"{_VIEWS} V1 | union withsource=S V2, Vn | sort by x asc",
        "union withsource: names views, and numbers what has no name",
        [("V1", 1), ("V2", 2), ("union_arg2", 3)],
    ),
    (
        "print x = 1 | as T1 | union withsource=S (print x = 2 | as T2) | sort by x asc",
        "as operator: withsource takes its name",
        [("T1", 1), ("T2", 2)],
    ),
    (
        "datatable(s: string, n: int)['a', 1] | summarize x = take_any(s, n) | project x, n",
        "take_any: the first of several takes the name",
        [("a", 1)],
    ),
]
VALUES: list[Rule] = [
    (
        "print array_sort_asc(dynamic([10, 9, 1, 2.5])), array_sort_desc(dynamic([9, 10, 1]))",
        "array_sort: numbers in the order of numbers",
        [([1, 2.5, 9, 10], [10, 9, 1])],
    ),
    (
        "print array_sort_asc(dynamic([null, 'd', 'a', 'c', 'c'])), array_sort_desc(dynamic([null, 1, 2]))",
        "array_sort: nulls stand last",
        [(["a", "c", "c", "d", None], [2, 1, None])],
    ),
    (
        "print array_sort_asc(dynamic([9007199254740993, 9007199254740992])), isnull(array_sort_asc(dynamic('x')))",
        "array_sort: longs to their last digit; of what is no array it is null",
        [([9007199254740992, 9007199254740993], True)],
    ),
    (
        "print parse_json('[1,]'), gettype(parse_json('{\"a\":NaN}')), parse_json('[1, [2, ]]'), parse_json('[\"a,]\", \"inf\"]')",
        "parse_json: what is no JSON is a text; a comma before a bracket is none, within a text it is",
        [("[1,]", "string", "[1, [2, ]]", ["a,]", "inf"])],
    ),
    (
        f"{_PATHS} | extend q = parse_path(p) | project q.Scheme, q.RootPath, q.DirectoryPath, q.Filename, q.AlternateDataStreamName",
        "parse_path: the page's examples",
        [
            ("", "C:", r"C:\temp", "file.txt", ""),
            ("", "", "temp", "file.txt", ""),
            ("file", "C:", "C:/temp", "file.txt", "some.exe"),
            ("", "", r"\\shared\users\temp", "file.txt.gz", ""),
            ("", "", "/usr/lib/temp", "file.txt", ""),
        ],
    ),
    (
        "print parse_urlquery('k1=v1&k2=v2&k1=v3')",
        "parse_urlquery: a bag has a key once",
        [({"Query Parameters": {"k1": "v1", "k2": "v2"}},)],
    ),
    (
        "print bag_remove_keys(dynamic({'a': {'b': 1, 'c': 2}, 'd': 3, 'e': null}), dynamic(['$.a.b', 'd', '$.x.y', '$.d.z']))",
        "bag_remove_keys: a path takes away what lies within; one that is not there changes nothing",
        [({"a": {"c": 2}, "e": None},)],
    ),
    (
        "print bag_remove_keys(dynamic({'a.b': 1, 'c/d': 2, 'e f': 3, 'g': 4}), dynamic(['a.b', 'c/d', \"$['e f']\"])), bag_remove_keys(dynamic([1]), dynamic(['a']))",
        "bag_remove_keys: keys of any letters, and no bag",
        [({"g": 4}, None)],
    ),
    (
        "print ipv6_is_match('::192.168.1.1/30', '192.168.1.255/24'), ipv6_is_match('192.168.1.1/24', '192.168.1.255'), ipv6_is_match('192.168.1.1', '192.168.2.1/24')",
        "ipv6_is_match: the prefix of an address of version 6 counts from its beginning",
        [(True, True, False)],
    ),
    (
        "print decimal(0.1) + decimal(0.2), decimal(10) * decimal(2.5), decimal(7) % 4, decimal(1.5) > 1, gettype(decimal(1))",
        "decimal: exact",
        [(0.3, 25.0, 3.0, True, "decimal")],
    ),
    (
        "datatable(d: decimal)[decimal(1.5), decimal(2.5)] | summarize sum(d), max(d), gettype(min(d))",
        "decimal: sums and extremes stay decimals",
        [(4.0, 2.5, "decimal")],
    ),
    (
        "print 'a b' matches regex @'a\\b', extract(@'\\b(\\w+)$', 1, 'x yz'), replace_regex('a b', @'\\bb', 'c')",
        "regular expressions: a word ends where no letter follows",
        [(True, "yz", "a c")],
    ),
    (
        "let p = strcat('^', @'\\w$'); print 'é' matches regex p",
        "regular expressions: a pattern put together is a constant",
        [(True,)],
    ),
]
COLUMNS = [
    (
        "datatable(b: int, A: int, c2: int, C10: int)[1, 2, 3, 4] | project-reorder * asc",
        "project-reorder: whatever the case",
        ["A", "b", "C10", "c2"],
    ),
    (
        "datatable(b: int, A: int, c2: int, C10: int)[1, 2, 3, 4] | project-reorder * granny-asc",
        "project-reorder granny: whatever the case, numbers as numbers",
        ["A", "b", "c2", "C10"],
    ),
    (
        "print a = 1, b = 'x' | summarize argmax(a, b), argmin(a, *)",
        "argmax: the old name has old columns",
        ["max_a", "max_a_b", "min_a", "min_a_b"],
    ),
    (
        "print a = 1 | project column_ifexists('a', 0), column_ifexists('zz', 'none')",
        "column_ifexists: named after what it finds",
        ["a", "Column1"],
    ),
    ("print a = 1, b = 2 | project-rename b = a, a = b", "project-rename: exchanged", ["b", "a"]),
]
TYPES = [
    (
        "datatable(i: int, l: long)[1, 2] | project ceiling(i), ceiling(l), bin_at(l, 2, 1), rand(5), array_index_of(dynamic([1]), 1)",
        ["int", "long", "long", "real", "long"],
    ),
    ("datatable(i: int)[1] | serialize x = row_cumsum(i)", ["int", "int"]),
    ("datatable(i: int)[1] | summarize percentile(i, 50), percentiles(i, 5, 95)", ["long"] * 3),
]
"""Queries, and the types of their columns."""
REFUSED = [
    ("print a = 1, b = 2 | project-rename b = a", "'b' is already declared"),
    ("print a = 1, b = 2 | project-rename c = a, c = b", "'c' is already declared"),
    ("print a = 1, a = 2", "'a' is already declared"),
    ("datatable(a: int, a: int)[1, 2]", "'a' is already declared"),
    ("print dynamic_to_json(dynamic({'b': 1, 'a': 2}))", "dynamic_to_json"),
    ("print d = dynamic({'a': 10, 'b': 9}) | project d.a < d.b", "dynamic and dynamic"),
    (
        "print d = dynamic({'a': '2020-01-01'}) | where d.a > datetime(2019-01-01)",
        "dynamic and datetime",
    ),
    ("print d = dynamic(5), t = now() | project d between (t .. 1d)", "between"),
    ("print 'b' between ('a' .. 'c')", "between"),
    ("print new_guid() < new_guid()", "guid and guid"),
    ("print 'aé b' matches regex @'a\\b'", "\\b"),
    ("print extract(@'(\\w+)\\b', 1, 'né x')", "\\b"),
    ("print countof('né n', @'\\bn', 'regex')", "\\b"),
    ("datatable(s: string, p: string)['é', @'\\w'] | project s matches regex p", "constant"),
    ("datatable(s: string, p: string)['é', @'\\w'] | project extract(p, 0, s)", "constant"),
    (
        "range t from datetime(2020-01-01) to datetime(2020-01-02) step 1h | make-series count() on t from datetime(1900-01-01) to datetime(2020-01-02) step 1m",
        "1048576",
    ),
    ("print decimal(1) / 3", "'/' of a decimal"),
    ("print decimal(1) + 0.5", "'+' of a decimal"),
    ("print decimal(1.0000000001)", "1.0000000001"),
    ("datatable(d: decimal)[decimal(1)] | summarize avg(d)", "avg"),
    ("print iff(true, decimal(1), 2.5)", "iff"),
    ("print 1 and true", "'and'"),
    ("print strlen(5)", "strlen"),
    ("print sqrt('4')", "sqrt"),
    ("print bin('5', 1)", "bin"),
    ("datatable(n: int)[1] | summarize countif(n)", "countif"),
    ("print coalesce(dynamic(1), 2)", "coalesce"),
    ("print max_of(true, 2)", "max_of"),
    ("print iff(true, true, 2)", "iff"),
    ("print case(true, 2, false, 3, true)", "case"),
    ("print dayofweek(1h)", "dayofweek"),
    ("print set_union('a', dynamic(['b']))", "set_union"),
    ("print a = 1 | summarize argmax(a + 1, a)", "arg_max"),
]
