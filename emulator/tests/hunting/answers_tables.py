"""Operators on tables, with the answers worked out by hand from the documentation's rules."""

from typing import Any

_T = "let T = datatable(a: string, b: long)['x', 1, 'x', 3, 'y', 5, 'y', 2]; "
_U = "let U = datatable(a: string, c: string)['x', 'p', 'z', 'x q']; "
_W = "let W = datatable(b2: long, a10: long, a2: long, c: string)[1, 2, 3, 'v']; "

RULES: dict[str, list[tuple[str, list[tuple[Any, ...]]]]] = {
    "project-reorder: named columns first, the others behind in their order; asc, desc by name, granny by number": [
        (f"{_W} W | project-reorder c", [("v", 1, 2, 3)]),
        (f"{_W} W | project-reorder a* asc", [(2, 3, 1, "v")]),
        (f"{_W} W | project-reorder a* desc, c", [(3, 2, "v", 1)]),
        (f"{_W} W | project-reorder a* granny-asc", [(3, 2, 1, "v")]),
        (f"{_W} W | project-reorder a* granny-desc", [(2, 3, 1, "v")]),
        (f"{_W} W | project-reorder *2, b2", [(1, 3, 2, "v")]),
        (f"{_W} W | project-reorder c, * asc", [("v", 2, 3, 1)]),
        (f"{_W} W | where c == 'v' | project-reorder a2 | extend d = a2 | project-reorder d", [(3, 3, 1, 2, "v")]),
    ],
    "project-keep and project-away: patterns; what stays keeps its order": [
        (f"{_W} W | project-keep a*", [(2, 3)]),
        (f"{_W} W | project-keep c, b*", [(1, "v")]),
        (f"{_W} W | project-away a*", [(1, "v")]),
        (f"{_W} W | project-away *2, c", [(2,)]),
    ],
    "distinct: * is all columns; a value may be computed": [
        (f"{_T} T | project a | distinct * | sort by a asc", [("x",), ("y",)]),
        (f"{_T} T | distinct u = toupper(a) | sort by u asc", [("X",), ("Y",)]),
    ],
    "take, top, sample: the number may be a name": [
        (f"{_T} let n = 2; T | top n by b | project b", [(5,), (3,)]),
        (f"{_T} let n = 3; T | take n | count", [(3,)]),
        (f"{_T} T | sample 3 | count", [(3,)]),
        (f"{_T} T | sample-distinct 5 of a | sort by a asc", [("x",), ("y",)]),
        (f"{_T} T | top 2 by b asc | project b", [(1,), (2,)]),
        (f"{_T} T | limit 0", []),
    ],
    "parentheses around a table change nothing": [
        (f"{_T} (T | where a == 'x') | count", [(2,)]),
        (f"{_T} (union T, T) | count", [(8,)]),
        (f"{_T} ((T)) | where b > 2 | count", [(2,)]),
        (f"{_T} (union (T | where b == 1), (T | where b == 2)) | summarize sum(b)", [(3,)]),
    ],
    "as operator: a name for the rows so far": [
        (f"{_T} T | where b > 1 | as Big | summarize n = count() by a | join kind=inner Big on a"
         " | project a, n, b | sort by b asc", [("y", 2, 2), ("x", 1, 3), ("y", 2, 5)]),
        (f"{_T} T | as V | count", [(4,)]),
    ],
    "user-defined functions: scalar and tabular parameters, defaults, bodies with let; invoke": [
        (f"{_T} let f = (x: string) {{ T | where a == x }}; f('x') | count", [(2,)]),
        (f"{_T} let f = (x: string = 'y') {{ T | where a == x }}; f() | summarize sum(b)", [(7,)]),
        (f"{_T} let f = (r: (b: long), m: long) {{ r | where b > m }}; T | invoke f(2) | count", [(2,)]),
        (f"{_T} let f = (r: (*)) {{ let big = r | where b > 2; big | count }}; f(T)", [(2,)]),
        (f"{_T} let f = (r: (*), k: string) {{ r | where a == k }}; f((T | where b > 1), 'x') | project b", [(3,)]),
        (f"{_T} let low = 2; let f = () {{ T | where b > low }}; f | count", [(2,)]),
        (f"{_T} let f = (x: string) {{ T | where a == x }}; union f('x'), f('y') | count", [(4,)]),
        (f"{_T} let f = (x: string) {{ T | where a == x | project b }}; T | where b in (f('y')) | count", [(2,)]),
        (f"{_T} let f = (x: string) {{ T | where a == x }}; let g = (y: string) {{ f(y) | summarize s = sum(b) }}; g('x')", [(4,)]),
        (f"{_T} let n = toscalar(T | summarize max(b)); let f = () {{ T | where b == n }}; f() | project a", [("y",)]),
        (f"{_T} let v = view () {{ T | where a == 'x' }}; v | count", [(2,)]),
        ("let f = (n: long) { range i from 1 to n step 1 }; f(3) | summarize sum(i)", [(6,)]),
        (f"{_T} let half = (x: long) {{ x / 2 }}; T | summarize s = sum(half(b))", [(4,)]),
    ],
    "materialize: the rows as they are": [
        (f"{_T} let m = materialize(T | where b > 1); m | count", [(3,)]),
        (f"{_T} T | where a in ((materialize(T | where b == 5 | project a))) | count", [(2,)]),
    ],
    "join: of two equal names the right one gets the first number that is free on both sides": [
        (f"{_T} T | where b == 1 | join kind=inner (T | where b == 3) on a | project a, b, a1, b1", [("x", 1, "x", 3)]),
        (f"{_T} let X = T | where b == 1; X | join X on a | join X on a | project a, a1, a2, b2", [("x", "x", "x", 1)]),
        ("let L = datatable(k: long, k1: long)[1, 7]; let R = datatable(k: long, k1: long)[1, 8]; L | join R on k"
         " | project k, k1, k2, k11", [(1, 7, 1, 8)]),
        (f"{_T} let X = T | where b == 1; X | join (X | join X on a) on a | getschema | summarize make_list(ColumnName)",
         [('["a","b","a2","b2","a1","b1"]',)]),
        (f"{_T} {_U} T | join kind=inner U on a, $left.a == $right.a | count", [(2,)]),
        (f"{_T} {_U} T | join kind=inner U on $left.a == $right.a and $left.a == $right.a | count", [(2,)]),
        (f"{_T} {_U} T | join kind=leftouter U on a | where a == 'y' | project b, c | sort by b asc", [(2, ""), (5, "")]),
        (f"{_T} {_U} T | join kind=rightouter U on a | where isempty(a) | project a1, c", [("z", "x q")]),
        (f"{_T} {_U} T | join kind=fullouter U on a | count", [(5,)]),
        (f"{_T} {_U} T | join kind=rightsemi U on a | project c", [("p",)]),
        (f"{_T} {_U} T | lookup U on a | where b == 1 | project a, b, c", [("x", 1, "p")]),
        (f"{_T} {_U} T | lookup kind=inner U on a | count", [(2,)]),
    ],
    "string data type: a text is never null, so what an outer join or a union lacks is empty": [
        (f"{_T} {_U} T | join kind=leftouter U on a | where c == '' | count", [(2,)]),
        (f"{_T} {_U} T | join kind=leftouter U on a | where isnull(c) | count", [(0,)]),
        (f"{_T} {_U} T | join kind=rightouter U on a | where a == '' | project a1, b", [("z", None)]),
        (f"{_T} {_U} T | join kind=fullouter U on a | where a == '' or c == '' | count", [(3,)]),
        (f"{_T} {_U} T | lookup U on a | where c == '' | count", [(2,)]),
        (f"{_T} {_U} union T, U | where c == '' | count", [(4,)]),
        (f"{_T} {_U} union T, U | where isnull(b) | count", [(2,)]),
        (f"{_T} {_U} union kind=inner T, U | count", [(6,)]),
        (f"{_T} {_U} union withsource=S U, T | where S == 'union_arg1' and c == '' | count", [(4,)]),
    ],
    "in and has_any: a table's first column; its lists count value by value": [
        (f"{_T} let xs = T | where b > 4 | project a; T | where a in (xs) | count", [(2,)]),
        (f"{_T} let xs = T | where b > 4 | summarize make_list(a); T | where a in (xs) | count", [(2,)]),
        (f"{_T} {_U} let ts = T | distinct a; U | where c has_any (ts) | project a", [("z",)]),
        (f"{_T} T | where a !in ((T | where b == 5 | project a)) | summarize sum(b)", [(4,)]),
        (f"{_T} let xs = pack_array('q', 'y'); T | where a has_any (xs) | count", [(2,)]),
    ],
    "search: a term in any text; * at its ends; column:term; $table names the table; tables may be named": [
        (f"{_T} {_U} search in (T, U) 'x' | project $table, a, b, c | sort by $table asc, b asc, a asc",
         [("T", "x", 1, ""), ("T", "x", 3, ""), ("U", "x", None, "p"), ("U", "z", None, "x q")]),
        (f"{_T} {_U} search in (U) c:'x' | project a", [("z",)]),
        (f"{_T} {_U} search in (U) 'x*' | count", [(2,)]),
        (f"{_T} {_U} search in (U) 'X' | count", [(2,)]),
        (f"{_T} {_U} search kind=case_sensitive in (U) 'X' | count", [(0,)]),
        (f"{_T} {_U} search in (U) 'x' and not('q') | project a", [("x",)]),
        (f"{_T} {_U} search in (T, U) b == 5 or c == 'p' | project $table | sort by $table asc", [("T",), ("U",)]),
        (f"{_U} search in (U) '*q' | project a", [("z",)]),
        (f"{_U} search in (U) 'x*q' | project a", [("z",)]),
        (f"{_U} U | search 'q' | project c", [("x q",)]),
        ("search 'Gamma' | summarize n = count() by $table", [("DeviceEvents", 1)]),
        ("search in (Device*) 'beta' | summarize n = count() by $table | sort by $table asc", [("DeviceEvents", 2), ("DeviceInfo", 1)]),
        ("search in (DeviceInfo) DeviceName:'alph*' | count", [(2,)]),
    ],
    "find: source_, the common columns and those named, the rest in pack_": [
        (f"{_T} {_U} find in (T, U) where a == 'x' | sort by source_ asc, tostring(pack_) asc",
         [("T", "x", '{"b":1}'), ("T", "x", '{"b":3}'), ("U", "x", '{"c":"p"}')]),
        (f"{_T} {_U} find withsource=S in (T, U) where a == 'z' project a, c", [("U", "z", "x q")]),
        (f"{_T} {_U} find in (T, U) where b == 5", [("T", "y", 5, "{}")]),
        (f"{_T} {_U} find in (T, U) where b == 5 or c == 'p' | sort by source_ asc", [("T", "y", 5, ""), ("U", "x", None, "p")]),
        (f"{_U} find in (U) where c has 'q' project a, pack(*)", [("U", "z", '{"c":"x q"}')]),
    ],
    "where *: any column of text": [
        (f"{_U} U | where * has 'x' | count", [(2,)]),
        (f"{_U} U | where * == 'p' | project a", [("x",)]),
        (f"{_U} U | where * contains 'Q' | project a", [("z",)]),
    ],
    "evaluate bag_unpack: a column for each key by name; prefix; a type if all values have it": [
        ("datatable(d: dynamic)[dynamic({'n': 'J', 'age': 2}), dynamic({'n': 'D', 'age': 4})] | evaluate bag_unpack(d)"
         " | sort by age asc | project age, n", [(2, "J"), (4, "D")]),
        ("datatable(i: long, d: dynamic)[1, dynamic({'k': 1.5})] | evaluate bag_unpack(d, 'p_')", [(1, 1.5)]),
        ("datatable(d: dynamic)[dynamic({'a': 1}), dynamic({'b': 'z'})] | evaluate bag_unpack(d) | where b == 'z' | project a, b",
         [(None, "z")]),
        ("datatable(i: long, d: dynamic)[1, dynamic({'k': 1, 'm': 2})] | evaluate bag_unpack(d) : (i: long, m: long)", [(1, 2)]),
        ("datatable(d: dynamic)[dynamic({'a': [1, 2]})] | evaluate bag_unpack(d)", [("[1,2]",)]),
    ],
    "evaluate pivot: a column for each value; counts unless told": [
        ("datatable(u: string, r: string)['p', 'x', 'q', 'x', 'p', 'x', 'p', 'y'] | evaluate pivot(r) | sort by u asc",
         [("p", 2, 1), ("q", 1, 0)]),
        ("datatable(u: string, r: string, n: long)['p', 'x', 5, 'q', 'y', 7] | evaluate pivot(r, sum(n)) | sort by u asc",
         [("p", 5, 0), ("q", 0, 7)]),
        ("datatable(u: string, r: string, n: long)['p', 'x', 5, 'q', 'y', 7] | evaluate pivot(r, max(n), u) | sort by u asc"
         " | project u, x, y", [("p", 5, None), ("q", None, 7)]),
    ],
    "evaluate narrow: a row for each cell": [
        ("print a = 'v', b = 2 | evaluate narrow()", [(0, "a", "v"), (0, "b", "2")]),
    ],
    "getschema: a row for each column": [
        (f"{_T} T | getschema | project ColumnName, ColumnType", [("a", "string"), ("b", "long")]),
        (f"{_T} T | summarize arg_max(b, *) by a | getschema | project ColumnName", [("a",), ("b",)]),
    ],
    "hunting functions: FileProfile adds columns, without a profile here; addresses come from DeviceNetworkInfo": [
        ("DeviceEvents | take 1 | extend SHA1 = 'ab' | invoke FileProfile(SHA1, 1000)"
         " | project GlobalPrevalence, SignatureState, ProfileAvailability", [(None, "Unknown", "Missing")]),
        ("DeviceEvents | take 1 | invoke FileProfile('SHA256') | project ThreatName, ProfileAvailability", [("", "")]),
        ("AssignedIPAddresses('alpha', now()) | count", [(0,)]),
        ("DeviceEvents | project IP = RemoteIP | invoke DeviceFromIP() | count", [(0,)]),
        ("DeviceInfo | invoke SeenBy() | count", [(0,)]),
    ],
    "mv-expand: an unnamed call replaces the column it reads; with_itemindex; to typeof": [
        ("print a = '[1,2]' | mv-expand parse_json(a) | project tolong(a)", [(1,), (2,)]),
        ("print a = '[1,2]' | mv-expand parse_json(a) to typeof(long) | project a", [(1,), (2,)]),
        ("print d = dynamic([5, 6]) | mv-expand with_itemindex=i d to typeof(long) | project i, d", [(0, 5), (1, 6)]),
        ("print d = dynamic([1, 2, 3]) | mv-expand d limit 2 | count", [(2,)]),
        ("print d = dynamic({'k': 1}) | mv-expand kind=array d | project d[0], d[1]", [("k", "1")]),
        ("print a = dynamic([1, 2]), b = dynamic(['x']) | mv-expand a, b | project tolong(a), tostring(b)", [(1, "x"), (2, "")]),
        ("print d = dynamic([1, 2]) | mvexpand e = d | count", [(2,)]),
    ],
    "parse: columns from a text between literals; parse-where drops what does not fit": [
        ("print s = 'user=ann;port=80' | parse s with 'user=' u: string ';port=' p: long | project u, p", [("ann", 80)]),
        ("print s = 'k=1' | parse s with * 'k=' K: long | project K", [(1,)]),
        ("print s = 'none' | parse-where s with 'k=' k: long | count", [(0,)]),
        ("print s = 'a=1;b=xy' | parse s with 'a=' A: long ';b=' a: string | project A, a", [(1, "xy")]),
    ],
}  # fmt: skip
"""For each rule of the language: queries, and the rows worked out by hand from it."""
